/* A store of either make in a folder of its own, and few words for what tests do with it.
 *
 * Unless a draft says otherwise, its objects are documents under parent ROOM_PARENT. */
#ifndef ROOM_H
#define ROOM_H

#include "sim/scratch.h"
#include "store/store.h"

enum { ROOM_PARENT = 7 };

struct room {
    struct scratch scratch;
    struct store *store;
    bool lasts; /* what is committed is there after room_reopen */
};

/* Set-up and tear-down of a test whose state is the room, and its entry in a group's table. */
int room_sqlite(void **state);
int room_fake(void **state);
int room_leave(void **state);

#define ROOM_ON(make, test)                                                                        \
    {                                                                                              \
#test " (" #make ")", test, room_##make, room_leave, NULL                                  \
    }
#define ROOM_BOTH(test) ROOM_ON(sqlite, test), ROOM_ON(fake, test)

/* Close the store and open it again, if it lasts. */
void room_reopen(struct room *room);

/* A store on disk that keeps few changes and has a short log. `vfs`: NULL is the usual one. */
struct store *room_open_sqlite(const char *folder, const char *vfs, size_t cache_size_max);

/* A new object; absent names are NULL. */
struct change room_draft(const char *name);

/* The next change of what `head` is about. */
struct change room_draft_after(const struct change *head, enum change_type type);

/* Commit up to 32 drafts; their seqs and the ids of new objects are filled in. */
void room_commit(struct store *store, struct change *drafts, size_t count);

/* One commit each: create (the object's id), change, give another time to live. */
uint64_t room_create(struct store *store, const char *name);
void room_follow(struct store *store, uint64_t id, enum change_type type, const char *data);
void room_expire_at(struct store *store, uint64_t id, int64_t expires_ms);

/* The head; unref it. */
struct change *room_get(struct store *store, uint64_t id);

/* Tidy until nothing is left to do. */
void room_tidy(struct store *store, int64_t now_ms);

/* A page of up to `max` has these ids. Of the room's documents if `range` names no kind. */
void room_assert_page(struct store *store, struct store_range range, size_t max, const char *ids);

#endif
