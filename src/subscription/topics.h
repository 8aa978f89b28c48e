/* The objects that clients of one gateway subscribe to, each with its subscriptions. */
#ifndef SUBSCRIPTION_TOPICS_H
#define SUBSCRIPTION_TOPICS_H

#include "base/dict.h"
#include "session/core_link.h"
#include "subscription/shared_queries.h"
#include "sync/sid.h"

/* An object that somebody subscribes to. */
struct topic {
    uint64_t id;
    struct sid sid;
    enum kind kind;
    struct ring subscriptions;
    size_t count;
    struct shared_queries queries;
    bool proven; /* the core knows it by this SID; at most one of each id is */
};

struct topics {
    struct core_link *core; /* is told when nobody subscribes to an object any more */
    struct dict by_sid;     /* all; clients choose the SIDs */
    struct dict proven;     /* of these, those of objects that there are: by id */
};

void topics_init(struct topics *topics, struct core_link *core);

/* All are dropped. */
void topics_deinit(struct topics *topics);

/* The topic with the SID that a client has named; NULL: none. There need not be such an object. */
struct topic *topics_find(const struct topics *topics, struct str sid);

/* The topic of the object with this id, if the core knows it; NULL: none. */
struct topic *topics_find_proven(const struct topics *topics, uint64_t id);

/* The core has answered that there is such an object. */
void topics_prove(struct topics *topics, struct topic *topic);

/* As topics_find, but makes the topic when there is none. */
struct topic *topics_get(struct topics *topics, const struct sid *sid, enum kind kind, uint64_t id);

/* Nobody subscribes to it any more: tell the core, and forget it. */
void topics_drop(struct topics *topics, struct topic *topic);

#endif
