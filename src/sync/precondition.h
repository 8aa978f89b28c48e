/* If-Match (RFC 9110 section 13.1.1): write only if the object still has a known revision. */
#ifndef SYNC_PRECONDITION_H
#define SYNC_PRECONDITION_H

#include "base/err.h"
#include "base/str.h"

enum { PRECONDITION_REVISIONS_MAX = 16 };

struct precondition {
    bool given;
    bool any; /* `*`: whatever the revision, as long as there is the object */
    size_t count;
    uint64_t revisions[PRECONDITION_REVISIONS_MAX];
};

/* `header` may be absent; otherwise `*`, or revisions quoted (`"1a"`) or bare (`1a`), separated
 * by commas. ERR_IF_MATCH: anything else, or too many. */
must_check enum err precondition_parse(struct str header, struct precondition *precondition);

/* One that was not given always holds. */
bool precondition_holds(const struct precondition *precondition, uint64_t revision);

#endif
