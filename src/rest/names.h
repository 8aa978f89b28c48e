/* The items that one request asks for by name: the parameters `Indexes` and `Keys`. */
#ifndef REST_NAMES_H
#define REST_NAMES_H

#include "base/arena.h"
#include "base/err.h"
#include "store/change.h"

struct names {
    const struct str *items; /* as sync/item_name.h codes them */
    size_t count;
};

/* Of list items (KIND_LIST_ITEM): a JSON array of numbers, or plainly 0,5,7. Of map items
 * (KIND_MAP_ITEM): a JSON array of strings. Pure; the names are in `arena`, or in `text`.
 *
 * ERR_PARAMETER: something else, more than PAGE_SIZE_MAX, or one that no item can have. */
must_check enum err names_parse(enum kind kind, struct str text, struct arena *arena,
                                struct names *names, struct why *why);

#endif
