#include "sim/desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void fill(void *context, void *bytes, size_t len)
{
    (void)context;
    memset(bytes, 0xab, len);
}

int desk_begin(void **state)
{
    static struct desk desk;
    sim_init(&desk.sim, SIM_FAKE, 1);
    desk.random = (struct random){.fill = fill};
    feed_init(&desk.feed, sim_hear, &desk.sim);
    feed_follow(&desk.feed, FEED_ALL, NULL);
    batch_init(&desk.batch, &desk.sim.store, &desk.random, &desk.feed);
    batch_start(&desk.batch, desk.sim.now_ms);
    desk.heard = desk.sim.heard_count;
    *state = &desk;
    return 0;
}

int desk_end(void **state)
{
    struct desk *desk = *state;
    batch_deinit(&desk->batch);
    feed_deinit(&desk->feed);
    sim_deinit(&desk->sim);
    return 0;
}

struct change *desk_create(struct desk *desk, struct str name, int64_t expires_ms)
{
    struct change draft = {.kind = KIND_DOCUMENT,
                           .parent = DESK_PARENT,
                           .name = name,
                           .expires_ms = expires_ms,
                           .data = STR("{}")};
    return batch_create(&desk->batch, &draft);
}

struct change *desk_alter(struct desk *desk, const struct change *head, enum change_type type)
{
    struct change draft = batch_draft(&desk->batch, head, type, STR("author"));
    draft.revision++;
    return batch_change(&desk->batch, &draft);
}

void desk_commit(struct desk *desk)
{
    assert_int_equal(batch_commit(&desk->batch), OK);
    batch_publish(&desk->batch);
    batch_start(&desk->batch, desk->sim.now_ms);
}

int desk_find(struct desk *desk, struct str name)
{
    struct change *head;
    assert_int_equal(batch_find(&desk->batch, DESK_PARENT, KIND_DOCUMENT, name, &head), OK);
    int revision = head ? (int)head->revision : -1;
    change_unref(head);
    return revision;
}

int desk_get(struct desk *desk, uint64_t id)
{
    struct change *head;
    assert_int_equal(batch_get(&desk->batch, id, &head), OK);
    int revision = head ? (int)head->revision : -1;
    change_unref(head);
    return revision;
}

void desk_seal(struct desk *desk)
{
    assert_int_equal(batch_seal(&desk->batch), OK);
    batch_go_on(&desk->batch, desk->sim.now_ms);
}

void desk_settle(struct desk *desk)
{
    assert_int_equal(batch_settle(&desk->batch, store_sync(&desk->sim.store)), OK);
    batch_publish(&desk->batch);
}
