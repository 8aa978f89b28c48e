/* Permissions: what an identity may do with a document, list or map. They are kept here, and
 * asked by the dialects of clients; REST is not subject to them.
 *
 * The functions evaluate a command whose container (the object they are about) has been resolved
 * and whose `object` is the identity. */
#ifndef SYNC_PERMISSION_H
#define SYNC_PERMISSION_H

#include "sync/command.h"

struct batch;
struct view;

struct permission {
    bool read;
    bool write;
    bool manage;
};

/* The rights in `head`, a permission's. */
struct permission permission_read(const struct change *head);

/* What an identity may do with an object; without a permission nothing. ERR_STORE. */
must_check enum err permission_look_up(const struct view *view, uint64_t object,
                                       struct str identity, struct permission *permission);

/* The seq of the change by which an identity that may read an object got that right, without a
 * break since; of a right that is older than is kept, or was renewed very often, a later one.
 * UINT64_MAX: it may not read. ERR_STORE. */
must_check enum err permission_read_since(const struct view *view, uint64_t object,
                                          struct str identity, uint64_t *seq);

/* All three for whoever makes a new object. */
void permission_grant_all(struct batch *batch, uint64_t object, struct str identity);

/* Set all three, whether or not there was one. ERR_IDENTITY. ERR_NO_PARAMETERS: none was given. */
must_check enum err permission_put(struct batch *batch, struct command *command);

/* ERR_MISSING: also for permission_remove. */
must_check enum err permission_fetch(struct batch *batch, struct command *command);
must_check enum err permission_remove(struct batch *batch, struct command *command);

#endif
