/* A service: the room that documents (and, later, lists, maps and streams) live in, and its
 * settings. They are kept as the JSON of its head. */
#ifndef SYNC_SERVICE_H
#define SYNC_SERVICE_H

#include "base/arena.h"
#include "sync/command.h"

struct batch;
struct view;

struct service_settings {
    struct str friendly_name; /* absent: null */
    struct str webhook_url;   /* absent: null */
    bool webhooks_from_rest_enabled;
    bool reachability_webhooks_enabled;
    bool acl_enabled;
    bool reachability_debouncing_enabled;
    unsigned reachability_debouncing_window; /* ms */
};

/* The name of the service that exists from the first start. */
#define SERVICE_DEFAULT STR("default")

/* Read what service_create and service_update wrote; strings are in `arena`. */
void service_settings_read(const struct change *head, struct arena *arena,
                           struct service_settings *settings);

/* The service of a command, by SID or name, with a reference in command->service.
 * ERR_SERVICE_MISSING. */
must_check enum err service_resolve(const struct view *view, struct command *command);

must_check enum err service_create(struct batch *batch, struct command *command);
must_check enum err service_fetch(struct batch *batch, struct command *command);
must_check enum err service_update(struct batch *batch, struct command *command);

/* From here on the service and all in it are unreachable; purge.h removes what is left. */
must_check enum err service_remove(struct batch *batch, struct command *command);

/* Make the default service when there is none. */
must_check enum err service_make_default(struct batch *batch);

#endif
