/* How an item is called: by its index in a list, by its key in a map.
 *
 * The store orders names by their bytes, so what it keeps is a coding of index or key whose
 * bytes are in the order that users see:
 *
 *   index  16 hexadecimal digits: numeric order
 *   key    UTF-8, but with FE and FF in place of the leading bytes EE and EF: the order in
 *          which JavaScript compares strings (UTF-16 code units). U+E000..U+FFFF begin with EE
 *          and EF, and are greater than the surrogates of all that begins with F0..F4. FE and
 *          FF never stand in UTF-8, so nothing is lost. */
#ifndef SYNC_ITEM_NAME_H
#define SYNC_ITEM_NAME_H

#include "base/arena.h"
#include "base/err.h"
#include "store/change.h"

/* The name of the item of `kind` (KIND_LIST_ITEM, KIND_MAP_ITEM) that `text` calls; in `arena`,
 * or `text` itself. ERR_INDEX: not decimal digits, or too large. ERR_KEY: not 1..320 code
 * points of UTF-8. */
must_check enum err item_name_parse(enum kind kind, struct str text, struct arena *arena,
                                    struct str *name);

/* The name of a list item, HEX_LENGTH bytes at `at`. */
void item_name_from_index(uint64_t index, char *at);

/* Back again. The key is in `arena`, or is the head's name itself. */
uint64_t item_name_index(const struct change *item);
struct str item_name_key(const struct change *item, struct arena *arena);

#endif
