/* Access control of clients: in a service with acl_enabled an identity may do with a document,
 * list or map what its permission says, and without one nothing. Streams have no permissions:
 * all may. Only guarded commands are subject to it; REST is not. */
#ifndef SYNC_ACCESS_H
#define SYNC_ACCESS_H

#include "sync/command.h"

struct batch;
struct view;

/* Is the command subject to access control? Its service is resolved. */
bool access_applies(const struct command *command);

/* Before a command is evaluated, its service and container resolved. Read: to fetch, to subscribe,
 * and to fetch or list items. Write: to change data or a time to live, and all writing of items.
 * Manage: to remove the object. To create one needs none; lists of objects, and permissions, are
 * for nobody. ERR_DENIED; ERR_STORE; whatever resolving the object says (ERR_MISSING,
 * ERR_NAME_MISSING). */
must_check enum err access_check(const struct view *view, struct command *command);

/* After a command created something: its creator may do all three, by one change more. In a service
 * without access control nothing is granted. */
void access_grant_creator(struct batch *batch, const struct command *command);

#endif
