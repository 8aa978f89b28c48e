/* When an object was made, was last changed and expires, and who made it, as both APIs tell it. */
#ifndef DIALECT_DATES_H
#define DIALECT_DATES_H

#include "base/date.h"
#include "store/change.h"

/* ,"date_expires":...,"date_created":...,"date_updated":...,"created_by":...
 * `add_date`: date_add_iso or date_add_iso_ms. */
void dates_add(const struct change *head, void (*add_date)(struct buf *buf, int64_t ms),
               struct buf *out);

#endif
