#include "fake/room.h"

#include "base/mem.h"
#include "fake/fake_store.h"
#include "store/sqlite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

enum { COMMIT_MAX = 32, PAGE_MAX = 32, CACHE_SIZE = 1 << 20 };

struct store *room_open_sqlite(const char *folder, const char *vfs, size_t cache_size_max)
{
    struct why why = {0};
    struct store *store = NULL;
    struct sqlite_options options = {
        .folder = folder,
        .vfs = vfs,
        .cache_size_max = cache_size_max,
        .wal_size_max = 100 * 4096,
        .keep_changes = 50,
        .keep_ms = 20000,
    };
    enum err e = sqlite_open(&store, &options, &why);
    if (e)
        print_message("%s\n", why.text);
    assert_int_equal(e, OK);
    return store;
}

int room_sqlite(void **state)
{
    struct room *room = mem_zalloc(1, sizeof *room);
    scratch_init(&room->scratch);
    room->store = room_open_sqlite(room->scratch.path, NULL, CACHE_SIZE);
    room->lasts = true;
    *state = room;
    return 0;
}

int room_fake(void **state)
{
    struct room *room = mem_zalloc(1, sizeof *room);
    scratch_init(&room->scratch);
    room->store = fake_store_new();
    *state = room;
    return 0;
}

int room_leave(void **state)
{
    struct room *room = *state;
    store_close(room->store);
    scratch_deinit(&room->scratch);
    free(room);
    return 0;
}

void room_reopen(struct room *room)
{
    if (!room->lasts)
        return;
    store_close(room->store);
    room->store = room_open_sqlite(room->scratch.path, NULL, CACHE_SIZE);
}

struct change room_draft(const char *name)
{
    return (struct change){
        .type = CHANGE_CREATED,
        .kind = KIND_DOCUMENT,
        .parent = ROOM_PARENT,
        .salt = UINT64_MAX - 5,
        .created_ms = 1000,
        .updated_ms = 1000,
        .name = str_from(name),
        .creator = STR("ann"),
        .author = STR("ann"),
        .data = STR("{\"a\":1}"),
    };
}

struct change room_draft_after(const struct change *head, enum change_type type)
{
    struct change draft = *head;
    draft.type = type;
    draft.prev = head->seq;
    return draft;
}

void room_commit(struct store *store, struct change *drafts, size_t count)
{
    struct change *changes[COMMIT_MAX];
    uint64_t before = store_seq(store);
    assert_true(count <= COMMIT_MAX);
    for (size_t i = 0; i < count; i++) {
        drafts[i].seq = before + 1 + i;
        if (drafts[i].type == CHANGE_CREATED)
            drafts[i].id = drafts[i].seq;
        changes[i] = change_new(&drafts[i]);
    }
    assert_int_equal(store_commit(store, changes, count), OK);
    assert_int_equal(store_seq(store), before + count);
    for (size_t i = 0; i < count; i++)
        change_unref(changes[i]);
}

uint64_t room_create(struct store *store, const char *name)
{
    struct change draft = room_draft(name);
    room_commit(store, &draft, 1);
    return draft.id;
}

struct change *room_get(struct store *store, uint64_t id)
{
    struct change *head;
    assert_int_equal(store_get(store, id, &head), OK);
    return head;
}

void room_follow(struct store *store, uint64_t id, enum change_type type, const char *data)
{
    struct change *head = room_get(store, id);
    struct change draft = room_draft_after(head, type);
    draft.revision++;
    draft.data = str_from(data);
    room_commit(store, &draft, 1);
    change_unref(head);
}

void room_expire_at(struct store *store, uint64_t id, int64_t expires_ms)
{
    struct change *head = room_get(store, id);
    struct change draft = room_draft_after(head, CHANGE_UPDATED);
    draft.expires_ms = expires_ms;
    room_commit(store, &draft, 1);
    change_unref(head);
}

void room_tidy(struct store *store, int64_t now_ms)
{
    bool more = true;
    for (size_t i = 0; more || store_is_pressed(store); i++) {
        store_await(store, more ? 0 : 1);
        assert_true(i < 10000);
        assert_int_equal(store_tidy(store, now_ms, true, &more), OK);
    }
}

void room_assert_page(struct store *store, struct store_range range, size_t max, const char *ids)
{
    struct change *heads[PAGE_MAX];
    char text[20 * PAGE_MAX] = "";
    size_t count, len = 0;
    assert_true(max <= PAGE_MAX);
    if (!range.kind) {
        range.parent = ROOM_PARENT;
        range.kind = KIND_DOCUMENT;
    }
    assert_int_equal(store_page(store, &range, heads, max, &count), OK);
    for (size_t i = 0; i < count; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%d", i ? " " : "",
                                (int)heads[i]->id);
        change_unref(heads[i]);
    }
    assert_string_equal(text, ids);
}
