/* The JSON that a user stores: an object, kept as text. */
#ifndef SYNC_DATA_H
#define SYNC_DATA_H

#include "base/arena.h"
#include "base/err.h"
#include "sync/limits.h"

/* Check `text` and write it compactly into `arena`. Pure; any thread. `size_max` is the one of the
 * limits that holds for it: data_size_max, message_size_max.
 *
 * ERR_JSON: not JSON (nor, where limits allow it, lenient JSON); `why` says what and at which
 * byte. ERR_DATA: JSON, but not an object. ERR_TOO_LARGE: above `size_max`. */
must_check enum err data_parse(struct str text, const struct limits *limits, size_t size_max,
                               struct arena *arena, struct str *data, struct why *why);

#endif
