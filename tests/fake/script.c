#include "fake/script.h"

#include "base/hash.h"
#include "base/mem.h"
#include "fake/fake_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

enum { PARENTS = 3, NAMES = 16, DATA_MAX = 6000, LIST_MAX = 4096, PAGE_MAX = 9 };

/* Names that a careless order or an end by NUL would take for others. */
static const struct str names[NAMES] = {
    STR_INIT("n1"),       STR_INIT(""),     STR_INIT("\0"),       STR_INIT("\0\0"),
    STR_INIT("n"),        STR_INIT("n\0"),  STR_INIT("n\0b"),     STR_INIT("n\1"),
    STR_INIT("n10"),      STR_INIT("N1"),   STR_INIT("\x7f"),     STR_INIT("\xc3\xb1"),
    STR_INIT("\xf0\x9f"), STR_INIT("\xfe"), STR_INIT("\xfe\xff"), STR_INIT("\xff"),
};

void script_init(struct script *script, uint64_t seed)
{
    *script = (struct script){.seed = seed, .now_ms = 1000000, .model = fake_store_new()};
}

void script_deinit(struct script *script)
{
    for (size_t i = 0; i < script->count; i++)
        change_unref(script->accepted[i]);
    free(script->accepted);
    store_close(script->model);
}

uint64_t script_random(struct script *script, uint64_t below)
{
    script->seed += 0x9e3779b97f4a7c15u;
    return hash_mix(script->seed) % below;
}

/* --- drafting --- */

static struct change *put(struct script *script, struct change *draft)
{
    draft->seq = store_seq(script->model) + 1;
    if (draft->type == CHANGE_CREATED)
        draft->id = draft->seq;
    draft->updated_ms = script->now_ms;
    struct change *change = change_new(draft);
    enum err e = store_commit(script->model, &change, 1);
    assert_int_equal(e, OK);
    return change;
}

static struct change *follow(struct script *script, const struct change *head,
                             enum change_type type)
{
    struct change draft = *head;
    draft.type = type;
    draft.prev = head->seq;
    draft.revision++;
    draft.author = type == CHANGE_EXPIRED ? (struct str){0} : STR("an author");
    return put(script, &draft);
}

static struct str some_data(struct script *script, char *space)
{
    uint64_t longest = script_random(script, 8) ? 200 : DATA_MAX;
    struct str data = {space, (size_t)script_random(script, longest)};
    if (!script_random(script, 20))
        return (struct str){0};
    for (size_t i = 0; i < data.len; i++)
        space[i] = (char)('a' + script_random(script, 26));
    return data;
}

static int64_t some_expiry(struct script *script)
{
    return script->now_ms + 1 + (int64_t)script_random(script, 3000);
}

static struct change *create(struct script *script)
{
    char space[DATA_MAX];
    struct change *holder = NULL;
    struct change draft = {
        .type = CHANGE_CREATED,
        .kind = script_random(script, 5) ? KIND_DOCUMENT : KIND_SERVICE,
        .parent = script_random(script, PARENTS),
        .salt = script_random(script, UINT64_MAX),
        .created_ms = script->now_ms,
        .creator = STR(""),
        .data = some_data(script, space),
    };
    if (script_random(script, 3) == 0)
        draft.expires_ms = some_expiry(script);
    if (script_random(script, 3)) {
        draft.name = names[script_random(script, NAMES)];
        assert_int_equal(store_find(script->model, draft.parent, draft.kind, draft.name, &holder),
                         OK);
    }
    struct change *made = holder ? follow(script, holder, CHANGE_REMOVED) : put(script, &draft);
    change_unref(holder);
    return made;
}

static struct change *update(struct script *script, struct change *head)
{
    char space[DATA_MAX];
    struct change draft = *head;
    draft.data = some_data(script, space);
    if (script_random(script, 6) == 0)
        draft.expires_ms = script_random(script, 3) ? some_expiry(script) : 0;
    return follow(script, &draft, CHANGE_UPDATED);
}

/* Some live object, rather a young one; NULL: found none. */
static struct change *some_head(struct script *script)
{
    uint64_t seq = store_seq(script->model), span = script_random(script, 2) && seq > 40 ? 40 : seq;
    struct change *change = NULL, *head = NULL;
    if (!seq)
        return NULL;
    enum err e = store_change(script->model, seq - script_random(script, span), &change);
    assert_int_equal(e, OK);
    e = store_get(script->model, change->id, &head);
    assert_int_equal(e, OK);
    change_unref(change);
    return head;
}

static struct change *expired_head(struct script *script)
{
    struct change *head;
    size_t count;
    int64_t next_ms;
    enum err e = store_due(script->model, script->now_ms, &head, 1, &count, &next_ms);
    assert_int_equal(e, OK);
    return count ? head : NULL;
}

static struct change *next_change(struct script *script)
{
    uint64_t roll = script_random(script, 100);
    struct change *due = roll < 15 ? expired_head(script) : NULL;
    struct change *head = due ? due : some_head(script), *made;
    if (due)
        made = follow(script, due, CHANGE_EXPIRED);
    else if (!head || roll < 40)
        made = create(script);
    else if (roll < 85)
        made = update(script, head);
    else
        made = follow(script, head, CHANGE_REMOVED);
    change_unref(head);
    return made;
}

size_t script_draft(struct script *script, struct change **changes, size_t max)
{
    size_t count = 1 + (size_t)script_random(script, max);
    for (size_t i = 0; i < count; i++)
        changes[i] = next_change(script);
    return count;
}

void script_accept(struct script *script, struct change **changes, size_t count)
{
    if (script->count + count > script->max) {
        script->max = 2 * (script->max + count);
        script->accepted = mem_realloc(script->accepted, script->max * sizeof *script->accepted);
    }
    for (size_t i = 0; i < count; i++)
        script->accepted[script->count++] = changes[i];
}

void script_refuse(struct script *script, struct change **changes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        change_unref(changes[i]);
    store_close(script->model);
    script->model = script_model_at(script, script->count);
}

struct store *script_model_at(const struct script *script, uint64_t seq)
{
    struct store *model = fake_store_new();
    assert_true(seq <= script->count);
    if (seq)
        assert_int_equal(store_commit(model, script->accepted, (size_t)seq), OK);
    return model;
}

/* --- comparing --- */

static void assert_same_str(struct str a, struct str b)
{
    assert_int_equal(a.ptr == NULL, b.ptr == NULL);
    assert_true(str_eq(a, b));
}

static void assert_same(const struct change *a, const struct change *b)
{
    assert_int_equal(a != NULL, b != NULL);
    if (!a)
        return;
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->prev, b->prev);
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->parent, b->parent);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->salt, b->salt);
    assert_int_equal(a->revision, b->revision);
    assert_int_equal(a->created_ms, b->created_ms);
    assert_int_equal(a->updated_ms, b->updated_ms);
    assert_int_equal(a->expires_ms, b->expires_ms);
    assert_same_str(a->name, b->name);
    assert_same_str(a->creator, b->creator);
    assert_same_str(a->author, b->author);
    assert_same_str(a->data, b->data);
}

static void assert_same_lists(struct change **a, size_t a_count, struct change **b, size_t b_count)
{
    assert_int_equal(a_count, b_count);
    for (size_t i = 0; i < a_count; i++) {
        assert_same(a[i], b[i]);
        change_unref(a[i]);
        change_unref(b[i]);
    }
}

static void compare_object(struct store *store, struct store *model, uint64_t id)
{
    struct change *is, *shall, *kept;
    assert_int_equal(store_get(store, id, &is), OK);
    assert_int_equal(store_get(model, id, &shall), OK);
    assert_same(is, shall);
    assert_int_equal(store_change(store, is ? is->seq : id, &kept), OK);
    if (is)
        assert_same(kept, is);
    change_unref(is);
    change_unref(shall);
    change_unref(kept);
}

static void compare_name(struct store *store, struct store *model, uint64_t parent, enum kind kind,
                         struct str name)
{
    struct change *is, *shall;
    assert_int_equal(store_find(store, parent, kind, name, &is), OK);
    assert_int_equal(store_find(model, parent, kind, name, &shall), OK);
    assert_same(is, shall);
    change_unref(is);
    change_unref(shall);
}

void script_compare_heads(struct store *store, struct store *model)
{
    assert_int_equal(store_seq(store), store_seq(model));
    for (uint64_t id = 1; id <= store_seq(model); id++)
        compare_object(store, model, id);
    for (uint64_t parent = 0; parent < PARENTS; parent++)
        for (unsigned i = 0; i < NAMES; i++) {
            compare_name(store, model, parent, KIND_DOCUMENT, names[i]);
            compare_name(store, model, parent, KIND_SERVICE, names[i]);
        }
}

/* All pages of a range, one after the other. */
static size_t read_range(struct store *store, struct store_range range, size_t page_size,
                         struct change **heads)
{
    size_t total = 0, count;
    do {
        assert_true(total + page_size <= LIST_MAX);
        assert_int_equal(store_page(store, &range, heads + total, page_size, &count), OK);
        total += count;
        if (!count)
            break;
        range.bounded = true;
        range.id = heads[total - 1]->id;
        range.name = heads[total - 1]->name;
    } while (count == page_size);
    return total;
}

static void compare_range(struct store *store, struct store *model, struct store_range range)
{
    struct change *is[LIST_MAX], *shall[LIST_MAX];
    size_t shall_count = read_range(model, range, 64, shall);
    size_t is_count = read_range(store, range, 7, is);
    assert_same_lists(is, is_count, shall, shall_count);
}

void script_compare_page(struct script *script, struct store *store)
{
    struct change *is[PAGE_MAX], *shall[PAGE_MAX];
    size_t is_count, shall_count, max = 1 + (size_t)script_random(script, PAGE_MAX);
    struct store_range range = {
        .parent = script_random(script, PARENTS),
        .kind = script_random(script, 2) ? KIND_DOCUMENT : KIND_SERVICE,
        .order = script_random(script, 2) ? STORE_BY_NAME : STORE_BY_ID,
        .descending = script_random(script, 2),
        .bounded = script_random(script, 3),
        .inclusive = script_random(script, 2),
        .id = script_random(script, store_seq(script->model) + 2),
        .name = names[script_random(script, NAMES)],
    };
    assert_int_equal(store_page(store, &range, is, max, &is_count), OK);
    assert_int_equal(store_page(script->model, &range, shall, max, &shall_count), OK);
    assert_same_lists(is, is_count, shall, shall_count);
}

static void compare_due(struct store *store, struct store *model, int64_t now_ms)
{
    struct change *is[LIST_MAX], *shall[LIST_MAX];
    size_t is_count, shall_count;
    int64_t is_ms, shall_ms;
    assert_int_equal(store_due(store, now_ms, is, LIST_MAX, &is_count, &is_ms), OK);
    assert_int_equal(store_due(model, now_ms, shall, LIST_MAX, &shall_count, &shall_ms), OK);
    assert_same_lists(is, is_count, shall, shall_count);
    assert_int_equal(is_ms, shall_ms);
}

static void compare_changes(struct store *store, struct store *model)
{
    struct change *changes[100], *shall;
    uint64_t at = 0;
    size_t count;
    do {
        assert_int_equal(store_tail(store, at, changes, 100, &count), OK);
        for (size_t i = 0; i < count; i++) {
            assert_true(changes[i]->seq > at);
            at = changes[i]->seq;
            assert_int_equal(store_change(model, at, &shall), OK);
            assert_same(changes[i], shall);
            change_unref(changes[i]);
            change_unref(shall);
        }
    } while (count);
}

void script_compare(struct store *store, struct store *model, int64_t now_ms)
{
    compare_changes(store, model);
    for (uint64_t parent = 0; parent < PARENTS; parent++)
        for (unsigned i = 0; i < 8; i++) {
            struct store_range range = {
                .parent = parent,
                .kind = i & 1 ? KIND_DOCUMENT : KIND_SERVICE,
                .order = i & 4 ? STORE_BY_NAME : STORE_BY_ID,
                .descending = i & 2,
            };
            compare_range(store, model, range);
        }
    compare_due(store, model, now_ms);
    script_compare_heads(store, model);
}
