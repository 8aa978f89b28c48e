/* SIDs: how an object is called on the wire. Two letters for its kind, then 32 lower-case
 * hexadecimal digits: 16 of its id, 16 of random salt, so that nobody can guess one. */
#ifndef SYNC_SID_H
#define SYNC_SID_H

#include "store/change.h"

enum { SID_LENGTH = 34 };

struct sid {
    char text[SID_LENGTH + 1];
};

/* The SID of the object whose head (or any change) this is. */
struct sid sid_of(const struct change *change);

static inline struct str sid_str(const struct sid *sid)
{
    return (struct str){sid->text, SID_LENGTH};
}

/* Two upper-case letters and 32 hexadecimal digits: what no unique name may look like. */
bool sid_is_shaped(struct str s);

/* Read a SID of that kind; false when it is not one. */
bool sid_parse(struct str s, enum kind kind, uint64_t *id, uint64_t *salt);

#endif
