/* All that a store ever kept, and what must hold of it whatever was done.
 *
 * It is sound when
 *  - the changes of each object form a chain without a hole, from a creation to at most one
 *    removal, and say the same where they must;
 *  - a revision moves as the event of the change has it, and nothing but a removal follows an
 *    expiry;
 *  - each change of an item has its list's or map's right behind it, as long as there is that,
 *    and that has no others: its revision is the number of them;
 *  - a list's items have the indexes 0, 1, 2, ... in the order of their creation;
 *  - an order to purge follows the removal of whatever may have children. */
#ifndef AUDIT_H
#define AUDIT_H

#include "store/store.h"

struct audit {
    struct change **changes; /* references; of seq 1, 2, ... */
    size_t count;
};

/* The store must have kept everything. */
void audit_init(struct audit *audit, struct store *store);
void audit_deinit(struct audit *audit);

/* False, for these: `why` says what is wrong. */
bool audit_is_sound(const struct audit *audit, struct why *why);

/* Nothing is left of what belonged to something removed, nor of orders to purge. */
bool audit_is_swept(const struct audit *audit, struct why *why);

/* What a listener heard, but for messages, is what was kept, in that order. `all`: and nothing
 * was left out. */
bool audit_was_told(const struct audit *audit, struct change *const *heard, size_t heard_count,
                    bool all, struct why *why);

#endif
