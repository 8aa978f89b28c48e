/* A command: one request to the core, and its answer.
 *
 * A gateway builds it, hands it to the core, and gets it back with `err` set. In between it
 * belongs to the core. Strings are borrowed from the request, which outlives the command. */
#ifndef SYNC_COMMAND_H
#define SYNC_COMMAND_H

#include "base/err.h"
#include "base/queue.h"
#include "store/change.h"
#include "sync/limits.h"
#include "sync/precondition.h"

enum verb {
    VERB_CHECK, /* only the credentials */
    VERB_CREATE,
    VERB_FETCH,
    VERB_UPDATE,
    VERB_REMOVE,
    VERB_LIST,
    VERB_COUNT
};

/* Which fields of a service a request sets. */
enum service_field {
    SERVICE_FRIENDLY_NAME = 1 << 0,
    SERVICE_WEBHOOK_URL = 1 << 1,
    SERVICE_WEBHOOKS_FROM_REST = 1 << 2,
    SERVICE_REACHABILITY_WEBHOOKS = 1 << 3,
    SERVICE_ACL = 1 << 4,
    SERVICE_DEBOUNCING = 1 << 5,
    SERVICE_DEBOUNCING_WINDOW = 1 << 6,
};

struct service_fields {
    unsigned given; /* enum service_field */
    struct str friendly_name;
    struct str webhook_url;
    bool webhooks_from_rest_enabled;
    bool reachability_webhooks_enabled;
    bool acl_enabled;
    bool reachability_debouncing_enabled;
    uint64_t reachability_debouncing_window; /* ms */
};

/* A page of a list: up to `size` objects with ids above `beyond`, or below it when going
 * back. They come in ascending order either way. */
struct page_request {
    uint64_t beyond;
    bool back;
    size_t size; /* 1..PAGE_SIZE_MAX */
};

struct command {
    struct node node;
    struct port *port; /* where the answer goes; the core does not look at it */

    enum verb verb;
    enum kind kind;
    struct str key;      /* SID of the API key that must still exist; absent: none */
    struct str identity; /* who asks */
    struct str service;  /* SID or unique name, for objects in a service */
    struct str object;   /* SID or unique name */
    struct precondition if_match;
    bool if_none_match_any; /* create only what is not there */

    struct str name; /* unique name to create with; absent: none */
    struct str data; /* from data_parse; absent: not given */
    bool has_ttl;
    int64_t ttl_s;            /* 0: for ever */
    struct str friendly_name; /* of a key; absent: not given */
    struct service_fields service_fields;
    struct page_request page;

    /* The answer. References are the command's until command_deinit. */
    enum err err;
    struct change *service_head; /* of `service`, when it was found */
    struct change *head;         /* of the object read or written; on removal its last */
    struct change **heads;       /* VERB_LIST */
    size_t heads_count;
    bool more_before; /* VERB_LIST: there are objects before this page */
    bool more_after;
};

/* Does it read one object at most? Then it changes nothing, and needs nothing written first. */
static inline bool command_only_reads(const struct command *command)
{
    return command->verb == VERB_FETCH || command->verb == VERB_CHECK;
}

/* Drop the answer's references. */
void command_deinit(struct command *command);

/* Forget the answer, to evaluate the command once more. */
void command_reset(struct command *command);

#endif
