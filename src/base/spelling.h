/* Was one name meant where another one stands? */
#ifndef BASE_SPELLING_H
#define BASE_SPELLING_H

#include "base/str.h"

#include <stdbool.h>

/* True: the names are the same but for upper and lower case, `_` and `-`, and at most one letter
 * that is missing, too much, another one, or swapped with its neighbour. Both have two letters at
 * least, and 64 characters at most. */
bool spelling_is_near(struct str a, struct str b);

#endif
