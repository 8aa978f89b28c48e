/* How many there are of each kind, counted by many threads at once, in a table of fixed size.
 *
 * A place is taken for a key as long as fewer than a limit are, and given back later, on any
 * thread. No locks: each slot is one atomic word, the key's mark and its count. Keys are hashed
 * as in hash.h, so nobody can choose keys that meet in one slot group.
 *
 * Two things are not exact, both in favour of being simple. Threads that take the last place of a
 * key in the same instant may all be refused. And where more keys meet in a group than it has
 * slots, the newest of them is let through uncounted; with at most `keys_max` keys that happens to
 * less than one in a thousand. */
#ifndef BASE_TALLY_H
#define BASE_TALLY_H

#include "base/str.h"

#include <stdatomic.h>

struct tally;

/* A place that was taken. NULL: nothing to give back. */
typedef _Atomic uint64_t tally_slot;

struct tally *tally_new(size_t keys_max);
void tally_free(struct tally *tally); /* all places have been given back, or never will be */

/* Take a place for `key`. False: it has `max` already. `*slot` is what tally_give wants. */
bool tally_take(struct tally *tally, struct str key, uint64_t max, tally_slot **slot);

/* Give a place back; NULL is fine. */
void tally_give(tally_slot *slot);

#endif
