/* A change: what one write did to one object, and with that the object's state after it.
 *
 * Everything Tutti keeps is a sequence of changes. Each has a sequence number `seq`, and names
 * in `prev` the object's change before it, so that the changes of one object form a chain. The
 * last change of an object is its *head*: there is no other record of the current state.
 *
 * An object's number is the seq of the change that created it. It is never used again.
 *
 * Changes are immutable once committed, and reference-counted: any thread may hold one. */
#ifndef STORE_CHANGE_H
#define STORE_CHANGE_H

#include "base/hash.h"
#include "base/str.h"

#include <stdatomic.h>

/* Stored as numbers: append, never renumber. */
enum kind {
    KIND_SERVICE = 1,
    KIND_KEY = 2,
    KIND_DOCUMENT = 3,
    KIND_PURGE = 4, /* a removed object whose children are still to be removed: sync/purge.h */
    KIND_LIST = 5,
    KIND_LIST_ITEM = 6,
    KIND_MAP = 7,
    KIND_MAP_ITEM = 8,
    KIND_STREAM = 9,
    KIND_PERMISSION = 10,
    KIND_MESSAGE = 11, /* of a stream; never stored: sync/message.h */
};

enum change_type {
    CHANGE_CREATED = 1,
    CHANGE_UPDATED = 2,
    CHANGE_REMOVED = 3, /* by a request */
    CHANGE_EXPIRED = 4, /* by its time to live */
    CHANGE_ITEM = 5,    /* of a list or map: the change just before, seq - 1, was one of an item */
};

struct change {
    _Atomic uint32_t refs;
    enum change_type type;
    enum kind kind;
    uint64_t seq;
    uint64_t prev;   /* 0: the object's first change */
    uint64_t id;     /* of the object: the seq of its first change */
    uint64_t parent; /* what it belongs to (a document's service, an item's list), 0: the account */
    uint64_t salt;   /* the random half of its SID */
    uint64_t revision;
    int64_t created_ms;
    int64_t updated_ms;
    int64_t expires_ms; /* 0: never */
    struct str name;    /* absent: none. Unique among the live objects of (parent, kind) */
    struct str creator; /* identity that created the object */
    struct str author;  /* identity that made this change */
    struct str data;    /* JSON text */
};

/* A copy of `from`, strings included, in one block, with one reference. */
struct change *change_new(const struct change *from);

struct change *change_ref(struct change *change);
void change_unref(struct change *change); /* NULL is fine */

/* Of what must be unique: see `name` above. */
struct hash change_name_hash(uint64_t parent, enum kind kind, struct str name);

/* Is the object gone with this change? */
static inline bool change_is_removal(const struct change *change)
{
    return change->type == CHANGE_REMOVED || change->type == CHANGE_EXPIRED;
}

/* Bytes of memory it holds. */
static inline size_t change_size(const struct change *change)
{
    return sizeof *change + change->name.len + change->creator.len + change->author.len +
           change->data.len;
}

#endif
