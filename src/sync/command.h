/* A command: one request to the core, and its answer.
 *
 * A gateway builds it, hands it to the core, and gets it back with `err` set. In between it
 * belongs to the core. Strings are borrowed from the request, which outlives the command. */
#ifndef SYNC_COMMAND_H
#define SYNC_COMMAND_H

#include "base/err.h"
#include "store/change.h"
#include "sync/letter.h"
#include "sync/limits.h"
#include "sync/precondition.h"

enum verb {
    VERB_CHECK, /* only the credentials */
    VERB_CREATE,
    VERB_FETCH,
    VERB_UPDATE,
    VERB_REMOVE,
    VERB_LIST,
    VERB_FETCH_MANY, /* those of `names` that there are */
    VERB_PUT,        /* create, or write what is there */
    VERB_SUBSCRIBE,  /* hear of an object, from a change on: sync/subscribe.h */
    VERB_UNSUBSCRIBE,
    VERB_COUNT
};

/* A time to live as a request gives it. */
struct ttl {
    bool given;
    int64_t s; /* 0: for ever */
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

struct permission_fields {
    bool given; /* at least one of them */
    bool read;
    bool write;
    bool manage;
};

/* A page of a list. Items are in the order of their names, all others in that of their creation.
 * The objects of a page come in the list's order, whichever way it was reached. */
struct page_request {
    bool descending;     /* items: the list's order */
    struct str from;     /* items: the name where the list begins; absent: at its end */
    bool from_excluded;  /* ... and without that one */
    struct str place;    /* go on from here, a listing_place; absent: from the beginning */
    bool place_included; /* ... and with that one */
    bool back;           /* the page before `place` */
    size_t size;         /* 1..PAGE_SIZE_MAX */
};

struct command {
    struct letter letter; /* `arrive`: the answer is there */
    struct port *port;    /* where the answer goes */

    enum verb verb;
    enum kind kind;
    struct str key;      /* SID of the API key that must still exist; absent: none */
    struct str identity; /* who asks */
    uint64_t origin;     /* the client session that asks; 0: none */
    bool guarded;        /* subject to permissions: sync/access.h */
    struct str service;  /* SID or unique name, for all that is in a service */
    enum kind container_kind;
    struct str container; /* SID or unique name: an item's list or map, a permission's object, a
                           * message's stream; absent: none */
    struct str object;    /* SID or unique name; an item's name; a permission's identity */
    struct precondition if_match;
    bool if_none_match_any;     /* create only what is not there */
    struct str idempotency_key; /* of a write: sync/idempotency.h; absent: none */
    int64_t first_sent_ms; /* of one that is sent again, in the server's time: not before; 0: it is
                            * not, or no matter */

    struct str name; /* to create with: a unique name, a map item's name; absent: none */
    struct str data; /* from data_parse; absent: not given */
    struct ttl ttl;
    struct ttl container_ttl; /* with an item: of its list or map */
    struct str friendly_name; /* of a key; absent: not given */
    struct service_fields service_fields;
    struct permission_fields permission_fields;
    struct page_request page;
    const struct str *names;     /* VERB_FETCH_MANY: items' names */
    size_t names_count;          /* at most PAGE_SIZE_MAX */
    struct subscribe *subscribe; /* VERB_SUBSCRIBE; belongs to whoever asks */

    /* The answer. References are the command's until command_deinit. */
    enum err err;
    enum kind subject;             /* of which kind is what `err` is about */
    struct change *service_head;   /* of `service`, when it was found */
    struct change *container_head; /* of `container`, likewise, as it was before this command */
    struct change *head;           /* of the object read or written; on removal its last */
    struct change **heads;         /* VERB_LIST, VERB_FETCH_MANY */
    size_t heads_count;
    bool more_before; /* VERB_LIST: there are objects before this page, or perhaps */
    bool more_after;

    struct change *passed; /* listing.c's own: where an unfinished page goes on */
};

/* Is it evaluated in the settled view (sync/view.h)? */
static inline bool command_is_settled(const struct command *command)
{
    return command->verb == VERB_LIST || command->verb == VERB_SUBSCRIBE ||
           command->verb == VERB_UNSUBSCRIBE;
}

/* Is it about objects that it names, and no more? Then it takes a few microseconds. To remove what
 * others may belong to is to look for them. */
static inline bool command_is_light(const struct command *command)
{
    if (command->verb == VERB_REMOVE)
        return command->kind == KIND_LIST_ITEM || command->kind == KIND_MAP_ITEM;
    return !command_is_settled(command);
}

static inline bool command_writes(const struct command *command)
{
    return command->verb == VERB_CREATE || command->verb == VERB_UPDATE ||
           command->verb == VERB_PUT || command->verb == VERB_REMOVE;
}

/* The id of what the command's objects belong to: the container, the service, or the account (0).
 */
static inline uint64_t command_parent(const struct command *command)
{
    if (command->container_head)
        return command->container_head->id;
    return command->service_head ? command->service_head->id : 0;
}

/* Drop the answer's references. */
void command_deinit(struct command *command);

/* Forget the answer, to evaluate the command once more. */
void command_reset(struct command *command);

/* The same after ERR_UNFINISHED, to go on. */
void command_continue(struct command *command);

#endif
