/* The feed: all that happens, in the order in which it happens, for whoever wants to know.
 *
 * A port follows objects: documents, lists, maps and streams by their id, and FEED_ACCOUNT for
 * services and keys. It is told of each change of them once it is committed, and of each message
 * of a stream. Permissions are told to whoever follows their object. What follows FEED_ALL is told
 * of everything. */
#ifndef SYNC_FEED_H
#define SYNC_FEED_H

#include "base/dict.h"
#include "store/change.h"
#include "sync/letter.h"

struct port;

#define FEED_ACCOUNT UINT64_C(0)
#define FEED_ALL     UINT64_MAX

/* What happened. */
struct notice {
    struct change *change; /* of the object, or its new message, or its permission */
    struct change *item;   /* with CHANGE_ITEM: the item's; else NULL */
    struct change *before; /* with the update of a map's item: its state before; NULL: unknown */
    uint64_t origin;       /* command.origin of whoever caused it; 0: none */
};

/* A notice on its way, with references of its own. Whom it reaches frees it. */
struct delivery {
    struct letter letter;
    struct port *port;
    struct notice notice;
};

/* All that a notice points to. */
void notice_ref(const struct notice *notice);
void notice_unref(const struct notice *notice);

void delivery_free(struct delivery *delivery);

struct feed {
    struct dict objects;
    void (*tell)(void *context, struct port *port, const struct notice *notice);
    void *context;
};

void feed_init(struct feed *feed,
               void (*tell)(void *context, struct port *port, const struct notice *notice),
               void *context);
void feed_deinit(struct feed *feed);

/* Following twice is following once. */
void feed_follow(struct feed *feed, uint64_t object, struct port *port);
void feed_leave(struct feed *feed, uint64_t object, struct port *port);

/* `notice` is borrowed. */
void feed_publish(const struct feed *feed, const struct notice *notice);

#endif
