/* An API key: a name for a secret that may stand in for the account's own.
 *
 * Only its SID and friendly name are kept; the secret is derived (auth/credentials.h). */
#ifndef SYNC_KEY_H
#define SYNC_KEY_H

#include "base/arena.h"
#include "sync/command.h"

struct batch;
struct view;

struct str key_friendly_name(const struct change *head, struct arena *arena);

/* May the key that signed this command still do so? ERR_AUTH: it was removed. ERR_KEY_MANAGES: the
 * command, or what was to be one, is about keys, which are the account's business: a key that could
 * make or read keys would outlive its own removal. */
must_check enum err key_check(const struct view *view, struct command *command);

must_check enum err key_create(struct batch *batch, struct command *command);
must_check enum err key_fetch(struct batch *batch, struct command *command);
must_check enum err key_update(struct batch *batch, struct command *command);
must_check enum err key_remove(struct batch *batch, struct command *command);

#endif
