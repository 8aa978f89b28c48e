#include "sync/subscribe.h"

#include "base/mem.h"
#include "sim/fixture.h"
#include "sync/loop.h"
#include "sync/sid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

/* Of a client that is subject to permissions. */
static struct command by_alice(struct command command)
{
    command.guarded = true;
    command.identity = STR("alice");
    return command;
}

static void control_access(struct sim *sim)
{
    struct command command = sim_about(KIND_SERVICE, VERB_UPDATE, STR("default"));
    command.service_fields.given = SERVICE_ACL;
    command.service_fields.acl_enabled = true;
    assert_int_equal(sim_do(sim, command)->command.err, OK);
}

static struct command grant(enum kind kind, const char *name, bool read, bool write)
{
    return sim_with_rights(sim_permission(VERB_PUT, kind, name, "alice"), read, write, false);
}

/* --- one subscriber, step by step --- */

static struct command subscribe_to(enum kind kind, struct str sid, struct port *port,
                                   struct subscribe *subscribe)
{
    struct command command = sim_on(sim_of(kind, sim_fetch("x")), sid);
    command.verb = VERB_SUBSCRIBE;
    command.port = port;
    command.subscribe = subscribe;
    return command;
}

static struct str make(struct sim *sim, enum kind kind, const char *name)
{
    return sim_sid(sim, sim_do(sim, sim_of(kind, sim_create(name, NULL))));
}

static uint64_t seq_of(struct sim *sim, enum kind kind, const char *name)
{
    return sim_do(sim, sim_of(kind, sim_fetch(name)))->command.head->seq;
}

static void push(struct sim *sim, const char *list)
{
    sim_do(sim, sim_with_data(sim_list_item(VERB_CREATE, list, NULL), "{}"));
}

static void on_delivery(struct letter *letter)
{
    delivery_free((struct delivery *)letter);
}

/* Of the port's letters only the answer counts here. */
static enum err ask_by(struct sim *sim, struct command (*by)(struct command command),
                       enum kind kind, struct str sid, struct subscribe *subscribe)
{
    static struct port port;
    port.hear = on_delivery;
    struct asked *asked = sim_do(sim, by(subscribe_to(kind, sid, &port, subscribe)));
    for (struct node *node; (node = chain_shift(&port.letters));)
        if (node != &asked->command.letter.node)
            on_delivery((struct letter *)node);
    return asked->command.err;
}

static struct command by_the_operator(struct command command)
{
    return command;
}

static enum err ask(struct sim *sim, enum kind kind, struct str sid, struct subscribe *subscribe)
{
    return ask_by(sim, by_the_operator, kind, sid, subscribe);
}

static void from_now_on_there_is_nothing_to_catch_up_with(void **state)
{
    struct sim *sim = *state;
    struct subscribe subscribe = {.far_max = 10};
    struct str sid = make(sim, KIND_LIST, "l");
    push(sim, "l");
    assert_int_equal(ask(sim, KIND_LIST, sid, &subscribe), OK);
    assert_int_equal(subscribe.count, 0);
    assert_false(subscribe.more);
    assert_int_equal(subscribe.reached, seq_of(sim, KIND_LIST, "l"));
}

static void what_followed_the_last_known_event_comes_in_its_order(void **state)
{
    struct sim *sim = *state;
    struct str sid = make(sim, KIND_LIST, "l");
    struct subscribe subscribe = {.since_given = true, .far_max = 10};
    push(sim, "l");
    subscribe.since = seq_of(sim, KIND_LIST, "l");
    push(sim, "l");
    sim_do(sim, sim_with_ttl(sim_of(KIND_LIST, sim_update("l", NULL)), 100)); /* is no event */
    push(sim, "l");
    assert_int_equal(ask(sim, KIND_LIST, sid, &subscribe), OK);
    assert_int_equal(subscribe.count, 2);
    assert_false(subscribe.more);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(subscribe.notices[i].change->type, CHANGE_ITEM);
        assert_int_equal(subscribe.notices[i].change->seq, subscribe.notices[i].item->seq + 1);
    }
    assert_true(subscribe.since < subscribe.notices[0].change->seq);
    assert_true(subscribe.notices[0].change->seq < subscribe.notices[1].change->seq);
    assert_int_equal(subscribe.reached, seq_of(sim, KIND_LIST, "l"));
    subscribe_clear(&subscribe, true);
}

static void set(struct sim *sim, const char *key, const char *data)
{
    sim_do(sim, sim_with_data(sim_map_item(VERB_PUT, "m", key), data));
}

static bool has_before(const struct notice *notice, const char *data)
{
    if (!data)
        return !notice->before;
    return notice->before && str_eq(notice->before->data, str_from(data));
}

/* Also of several changes in one batch; what is created or removed has none. */
static void an_update_comes_with_the_state_before_it_if_that_is_asked_for(void **state)
{
    static const char *const expected[] = {NULL, "{\"n\":1}", "{\"n\":2}", NULL};
    struct sim *sim = *state;
    struct str sid = make(sim, KIND_MAP, "m");
    struct subscribe subscribe = {.since_given = true, .far_max = 10};
    subscribe.since = seq_of(sim, KIND_MAP, "m");
    set(sim, "k", "{\"n\":1}");
    set(sim, "k", "{\"n\":2}");
    set(sim, "k", "{\"n\":3}");
    sim_do(sim, sim_map_item(VERB_REMOVE, "m", "k"));
    for (int with = 0; with < 2; with++) {
        subscribe.with_before = with;
        assert_int_equal(ask(sim, KIND_MAP, sid, &subscribe), OK);
        assert_int_equal(subscribe.count, 4);
        for (size_t i = 0; i < 4; i++)
            assert_true(has_before(&subscribe.notices[i], with ? expected[i] : NULL));
    }
    subscribe_clear(&subscribe, true);
}

static void of_a_document_the_newest_state_is_enough(void **state)
{
    struct sim *sim = *state;
    struct str sid = make(sim, KIND_DOCUMENT, "d");
    struct subscribe subscribe = {.since_given = true, .since = seq_of(sim, KIND_DOCUMENT, "d")};
    assert_int_equal(ask(sim, KIND_DOCUMENT, sid, &subscribe), OK);
    assert_int_equal(subscribe.count, 0);
    for (int i = 0; i < 3; i++)
        sim_do(sim, sim_update("d", "{\"a\":1}"));
    assert_int_equal(ask(sim, KIND_DOCUMENT, sid, &subscribe), OK);
    assert_int_equal(subscribe.count, 1);
    assert_int_equal(subscribe.notices[0].change->revision, 3);
    subscribe_clear(&subscribe, true);
}

static void an_object_that_is_not_there_cannot_be_subscribed_to(void **state)
{
    struct sim *sim = *state;
    struct subscribe subscribe = {0};
    struct str sid = make(sim, KIND_DOCUMENT, "d");
    assert_int_equal(ask(sim, KIND_LIST, sid, &subscribe), ERR_MISSING);
    assert_int_equal(ask(sim, KIND_DOCUMENT, STR("d"), &subscribe), ERR_MISSING);
    sim_do(sim, sim_with_ttl(sim_update("d", NULL), 1));
    assert_int_equal(ask(sim, KIND_DOCUMENT, sid, &subscribe), OK);
    sim->now_ms += 1000;
    assert_int_equal(ask(sim, KIND_DOCUMENT, sid, &subscribe), ERR_MISSING);
}

static void too_far_behind_is_lost(void **state)
{
    struct sim *sim = *state;
    struct str sid = make(sim, KIND_LIST, "l");
    struct subscribe subscribe = {.since_given = true,
                                  .since = seq_of(sim, KIND_LIST, "l"),
                                  .far_max = 3};
    for (int i = 0; i < 3; i++)
        push(sim, "l");
    assert_int_equal(ask(sim, KIND_LIST, sid, &subscribe), OK);
    assert_int_equal(subscribe.count, 3);
    subscribe_clear(&subscribe, true);
    push(sim, "l");
    assert_int_equal(ask(sim, KIND_LIST, sid, &subscribe), ERR_LOST);
    subscribe_clear(&subscribe, true);
}

/* Whoever is near has all with the first answer; else nothing is lost by asking again. */
static void an_answer_looks_at_no_more_changes_than_it_may(void **state)
{
    enum { PUSHED = 10, WALK_MAX = 4 };
    struct sim *sim = *state;
    struct str sid = make(sim, KIND_LIST, "l");
    uint64_t since = seq_of(sim, KIND_LIST, "l");
    struct subscribe subscribe = {.since_given = true,
                                  .since = since,
                                  .far_max = PUSHED,
                                  .walk_max = WALK_MAX};
    for (int i = 0; i < PUSHED; i++)
        push(sim, "l");
    for (int i = 1; i <= PUSHED / WALK_MAX; i++) {
        assert_int_equal(ask(sim, KIND_LIST, sid, &subscribe), OK);
        assert_true(subscribe.more);
        assert_int_equal(subscribe.count, 0);
        assert_int_equal(subscribe.trail_count, i * WALK_MAX);
    }
    assert_int_equal(ask(sim, KIND_LIST, sid, &subscribe), OK);
    assert_false(subscribe.more);
    assert_int_equal(subscribe.count, PUSHED);
    subscribe_clear(&subscribe, true);
}

static void who_knows_what_never_happened_here_is_lost(void **state)
{
    static const enum kind kinds[] = {KIND_DOCUMENT, KIND_LIST, KIND_MAP};
    struct sim *sim = *state;
    for (size_t i = 0; i < 3; i++) {
        struct str sid = make(sim, kinds[i], "x");
        struct subscribe subscribe = {.since_given = true, .far_max = 10};
        subscribe.since = store_seq(&sim->store);
        assert_int_equal(ask(sim, kinds[i], sid, &subscribe), OK);
        subscribe.since++;
        assert_int_equal(ask(sim, kinds[i], sid, &subscribe), ERR_LOST);
        subscribe_clear(&subscribe, true);
    }
}

static void who_is_refused_is_not_told_what_happens(void **state)
{
    struct sim *sim = *state;
    struct port port = {.hear = on_delivery};
    struct str sid = make(sim, KIND_LIST, "l");
    struct subscribe subscribe = {.since_given = true, .since = seq_of(sim, KIND_LIST, "l")};
    push(sim, "l");
    struct asked *asked = sim_do(sim, subscribe_to(KIND_LIST, sid, &port, &subscribe));
    assert_int_equal(asked->command.err, ERR_LOST);
    assert_ptr_equal(chain_shift(&port.letters), &asked->command.letter.node);
    push(sim, "l");
    struct node *node = chain_shift(&port.letters);
    if (node)
        on_delivery((struct letter *)node);
    assert_null(node);
    subscribe_clear(&subscribe, true);
}

/* Else it would come behind the notice of that change, and say "up to date" before it. */
static void the_answer_waits_for_no_commit_also_where_access_is_controlled(void **state)
{
    struct sim *sim = *state;
    struct port port = {.hear = on_delivery};
    struct subscribe subscribe = {.far_max = 10};
    struct str sid = make(sim, KIND_LIST, "l");
    sim_do(sim, grant(KIND_LIST, "l", true, false));
    control_access(sim);
    sim_ask(sim, sim_with_data(sim_list_item(VERB_CREATE, "l", NULL), "{}"));
    struct asked *asked = sim_ask(sim, by_alice(subscribe_to(KIND_LIST, sid, &port, &subscribe)));
    assert_int_equal(sim_run(sim), OK);
    assert_int_equal(asked->command.err, OK);
    assert_ptr_equal(chain_shift(&port.letters), &asked->command.letter.node);
    struct delivery *delivery = (struct delivery *)chain_shift(&port.letters);
    assert_non_null(delivery);
    assert_true(delivery->notice.change->seq > subscribe.reached);
    delivery_free(delivery);
}

/* Alice reads the list from its first item's removal on. */
static struct subscribe begin_reading_late(struct sim *sim, struct str *sid)
{
    *sid = make(sim, KIND_LIST, "l");
    struct subscribe subscribe = {.since_given = true,
                                  .since = seq_of(sim, KIND_LIST, "l"),
                                  .far_max = 10};
    control_access(sim);
    push(sim, "l");
    sim_do(sim, sim_list_item(VERB_REMOVE, "l", sim_index(sim, 0)));
    sim_do(sim, grant(KIND_LIST, "l", true, false));
    push(sim, "l");
    return subscribe;
}

static void what_happened_before_the_right_to_read_is_not_told(void **state)
{
    struct sim *sim = *state;
    struct str sid;
    struct subscribe subscribe = begin_reading_late(sim, &sid);
    assert_int_equal(ask_by(sim, by_alice, KIND_LIST, sid, &subscribe), ERR_LOST);
    assert_int_equal(subscribe.count, 0);
    subscribe_clear(&subscribe, true);
    assert_int_equal(ask(sim, KIND_LIST, sid, &subscribe), OK);
    assert_int_equal(subscribe.count, 3);
    subscribe_clear(&subscribe, true);
}

static void what_happened_since_the_right_to_read_is_told_though_rights_are_renewed(void **state)
{
    struct sim *sim = *state;
    struct str sid;
    begin_reading_late(sim, &sid);
    struct subscribe subscribe = {.since_given = true,
                                  .since = seq_of(sim, KIND_LIST, "l"),
                                  .far_max = 10};
    push(sim, "l");
    sim_do(sim, grant(KIND_LIST, "l", true, true));
    sim_do(sim, grant(KIND_LIST, "l", true, false));
    assert_int_equal(ask_by(sim, by_alice, KIND_LIST, sid, &subscribe), OK);
    assert_int_equal(subscribe.count, 1);
    subscribe_clear(&subscribe, true);
    sim_do(sim, grant(KIND_LIST, "l", false, true));
    sim_do(sim, grant(KIND_LIST, "l", true, true));
    assert_int_equal(ask_by(sim, by_alice, KIND_LIST, sid, &subscribe), ERR_LOST);
    subscribe_clear(&subscribe, true);
}

/* No item came before the right to read: nothing is lost, and nothing told. */
static void who_makes_a_list_may_subscribe_from_its_first_event(void **state)
{
    struct sim *sim = *state;
    control_access(sim);
    struct command create = by_alice(sim_of(KIND_LIST, sim_create("l", NULL)));
    struct str sid = sim_sid(sim, sim_do(sim, create));
    struct subscribe subscribe = {.since_given = true,
                                  .since = seq_of(sim, KIND_LIST, "l"),
                                  .far_max = 10};
    push(sim, "l");
    assert_int_equal(ask_by(sim, by_alice, KIND_LIST, sid, &subscribe), OK);
    assert_int_equal(subscribe.count, 1);
    subscribe_clear(&subscribe, true);
}

static void a_failing_store_is_told_and_asked_again_it_answers(void **state)
{
    struct sim *sim = *state;
    struct str sid = make(sim, KIND_LIST, "l");
    struct subscribe subscribe = {.since_given = true, .far_max = 10};
    push(sim, "l");
    sim_fail(sim, SIM_GET, 1, ERR_STORE); /* the first is of the service */
    enum err e = ask(sim, KIND_LIST, sid, &subscribe);
    sim_fail(sim, SIM_GET, 0, OK);
    if (e)
        assert_int_equal(e, ERR_STORE);
    subscribe_clear(&subscribe, false);
    assert_int_equal(ask(sim, KIND_LIST, sid, &subscribe), OK);
    assert_int_equal(subscribe.count, 1);
    subscribe_clear(&subscribe, true);
}

/* --- many subscribers that drop, lag and resume --- */

enum { SUBSCRIBERS = 6, OBJECTS = 3, TURNS = 400, HEARD_MAX = 20000, SEEDS = 10 };

/* As subscription/subscription.c does it, but for sockets. */
struct subscriber {
    struct port port;
    struct subscribe subscribe;
    struct str sid;
    bool live;
    bool flying;
    bool controlled;
    uint64_t begun;    /* it hears what comes after this */
    uint64_t position; /* of the last that it heard or passed over */
    uint64_t heard[HEARD_MAX];
    size_t count;
};

struct world {
    struct sim *sim;
    bool controlled; /* subscribers are subject to permissions */
    struct str lists[OBJECTS];
    struct subscriber subscribers[SUBSCRIBERS];
};

static void start_again(struct sim *sim, struct subscriber *subscriber)
{
    subscribe_clear(&subscriber->subscribe, true);
    subscriber->subscribe = (struct subscribe){.since_given = true, .far_max = 1000};
    subscriber->begun = subscriber->position = store_seq(&sim->store);
    subscriber->count = 0;
    subscriber->live = false;
}

static void ask_for_more(struct sim *sim, struct subscriber *subscriber)
{
    struct subscribe *subscribe = &subscriber->subscribe;
    subscribe->since = subscriber->position;
    subscriber->flying = true;
    struct command command = subscribe_to(KIND_LIST, subscriber->sid, &subscriber->port, subscribe);
    sim_ask(sim, subscriber->controlled ? by_alice(command) : command);
}

static void hear(struct subscriber *subscriber, const struct notice *notice)
{
    if (notice->change->type == CHANGE_ITEM) {
        assert_int_equal(notice->item->seq + 1, notice->change->seq);
        assert_in_range(subscriber->count, 0, HEARD_MAX - 1);
        subscriber->heard[subscriber->count++] = notice->change->seq;
    }
    subscriber->position = notice->change->seq;
}

/* The answer: take over some of it, as far as there is "room". */
static void take_answer(struct sim *sim, struct subscriber *subscriber,
                        const struct command *command)
{
    struct subscribe *subscribe = &subscriber->subscribe;
    size_t taken = 0;
    subscriber->flying = false;
    if (command->err == ERR_LOST || command->err == ERR_STORE) {
        if (command->err == ERR_LOST)
            start_again(sim, subscriber);
        return;
    }
    assert_int_equal(command->err, OK);
    while (taken < subscribe->count && sim_random(sim) % 10)
        hear(subscriber, &subscribe->notices[taken++]);
    if (taken == subscribe->count && !subscribe->more) {
        if (subscribe->reached > subscriber->position)
            subscriber->position = subscribe->reached;
        subscriber->live = true;
        subscribe_clear(subscribe, true);
    }
    subscribe_clear(subscribe, false);
}

static void take_delivery(struct subscriber *subscriber, struct delivery *delivery)
{
    const struct notice *notice = &delivery->notice;
    if (subscriber->live && notice->change->seq > subscriber->position)
        hear(subscriber, notice);
    delivery_free(delivery);
}

/* Some of the letters that have come, or all. */
static void read_letters(struct sim *sim, struct subscriber *subscriber, bool all)
{
    while (subscriber->port.letters.first && (all || sim_random(sim) % 3)) {
        struct letter *letter = (struct letter *)chain_shift(&subscriber->port.letters);
        if (letter->arrive == on_delivery)
            take_delivery(subscriber, (struct delivery *)letter);
        else
            take_answer(sim, subscriber, (struct command *)letter);
    }
}

static void write_something(struct sim *sim)
{
    const char *list = sim_name(sim, "l%u", (unsigned)(sim_random(sim) % OBJECTS));
    const char *index = sim_index(sim, sim_random(sim) % 20);
    switch (sim_random(sim) % 8) {
    case 0:
        sim_ask(sim, sim_list_item(VERB_REMOVE, list, index));
        break;
    case 1:
    case 2:
        sim_ask(sim, sim_with_data(sim_list_item(VERB_UPDATE, list, index), "{\"a\":1}"));
        break;
    case 3:
        sim_ask(sim, sim_with_ttl(sim_of(KIND_LIST, sim_update(list, NULL)), 1000000));
        break;
    case 4:
        sim_ask(sim, sim_with_ttl(sim_with_data(sim_list_item(VERB_CREATE, list, NULL), "{}"), 1));
        break;
    default:
        sim_ask(sim, sim_with_data(sim_list_item(VERB_CREATE, list, NULL), "{}"));
    }
}

static void move_subscriber(struct sim *sim, struct subscriber *subscriber)
{
    read_letters(sim, subscriber, false);
    if (subscriber->live && sim_random(sim) % 8 == 0)
        subscriber->live = false; /* no room */
    if (!subscriber->live && !subscriber->flying && sim_random(sim) % 3 == 0)
        ask_for_more(sim, subscriber);
}

/* What happened to the list's items after the subscriber began, as it was committed. */
static void assert_heard_all(const struct sim *sim, const struct subscriber *subscriber)
{
    size_t at = 0;
    uint64_t id, salt;
    assert_true(sid_parse(subscriber->sid, KIND_LIST, &id, &salt));
    for (size_t i = 0; i < sim->heard_count; i++) {
        const struct change *change = sim->heard[i];
        if (change->id != id || change->type != CHANGE_ITEM || change->seq <= subscriber->begun)
            continue;
        assert_in_range(at, 0, subscriber->count - (subscriber->count > 0));
        assert_int_equal(subscriber->heard[at++], change->seq);
    }
    assert_int_equal(at, subscriber->count);
}

static void begin_world(struct world *world, struct sim *sim, bool controlled)
{
    *world = (struct world){.sim = sim, .controlled = controlled};
    for (size_t i = 0; i < OBJECTS; i++)
        world->lists[i] = make(sim, KIND_LIST, sim_name(sim, "l%zu", i));
    for (size_t i = 0; controlled && i < OBJECTS; i++)
        sim_do(sim, grant(KIND_LIST, sim_name(sim, "l%zu", i), true, false));
    if (controlled)
        control_access(sim);
    for (size_t i = 0; i < SUBSCRIBERS; i++) {
        struct subscriber *subscriber = &world->subscribers[i];
        *subscriber =
            (struct subscriber){.sid = world->lists[i % OBJECTS], .controlled = world->controlled};
        subscriber->port.hear = on_delivery;
        start_again(sim, subscriber);
    }
}

static void run_world(struct world *world)
{
    struct sim *sim = world->sim;
    for (size_t turn = 0; turn < TURNS; turn++) {
        for (uint64_t n = sim_random(sim) % 6; n; n--)
            write_something(sim);
        for (size_t i = 0; i < SUBSCRIBERS; i++)
            move_subscriber(sim, &world->subscribers[i]);
        if (sim_random(sim) % 20 == 0)
            sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
        assert_int_equal(sim_run(sim), OK);
        sim->now_ms += (int64_t)(sim_random(sim) % 500);
        if (sim_random(sim) % 5 == 0 && sim_tidy(sim) != OK)
            sim->now_ms += 1000;
    }
}

/* Until each is up to date. */
static void settle(struct sim *sim, struct subscriber *subscriber)
{
    for (int i = 0; i < 10000 && !subscriber->live; i++) {
        read_letters(sim, subscriber, true);
        if (!subscriber->live && !subscriber->flying)
            ask_for_more(sim, subscriber);
        assert_int_equal(sim_run(sim), OK);
    }
    read_letters(sim, subscriber, true);
    assert_true(subscriber->live);
}

static void live_through(enum sim_kind kind, uint64_t seed, bool controlled)
{
    static struct world world;
    struct sim sim;
    print_message("seed %llu\n", (unsigned long long)seed);
    sim_init(&sim, kind, seed);
    begin_world(&world, &sim, controlled);
    run_world(&world);
    for (size_t i = 0; i < SUBSCRIBERS; i++) {
        settle(&sim, &world.subscribers[i]);
        assert_heard_all(&sim, &world.subscribers[i]);
        subscribe_clear(&world.subscribers[i].subscribe, true);
    }
    for (size_t i = 0; i < SUBSCRIBERS; i++)
        read_letters(&sim, &world.subscribers[i], true);
    sim_deinit(&sim);
}

static void each_subscriber_hears_its_objects_chain(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        live_through(SIM_FAKE, seed, false);
        live_through(SIM_SQLITE, seed, false);
    }
}

static void also_when_access_is_controlled(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        live_through(SIM_FAKE, seed, true);
}

/* Whoever has been left behind by retention is told so, and begins anew; never a hole. */
static void also_when_old_changes_are_dropped(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        live_through(SIM_FORGETFUL, seed, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH_STORE(from_now_on_there_is_nothing_to_catch_up_with),
        ON_EACH_STORE(what_followed_the_last_known_event_comes_in_its_order),
        ON_EACH_STORE(an_update_comes_with_the_state_before_it_if_that_is_asked_for),
        ON_EACH_STORE(of_a_document_the_newest_state_is_enough),
        ON_EACH_STORE(an_object_that_is_not_there_cannot_be_subscribed_to),
        ON_EACH_STORE(too_far_behind_is_lost),
        ON_EACH_STORE(an_answer_looks_at_no_more_changes_than_it_may),
        ON_EACH_STORE(who_knows_what_never_happened_here_is_lost),
        ON_EACH_STORE(who_is_refused_is_not_told_what_happens),
        ON_EACH_STORE(the_answer_waits_for_no_commit_also_where_access_is_controlled),
        ON_EACH_STORE(what_happened_before_the_right_to_read_is_not_told),
        ON_EACH_STORE(what_happened_since_the_right_to_read_is_told_though_rights_are_renewed),
        ON_EACH_STORE(who_makes_a_list_may_subscribe_from_its_first_event),
        ON_EACH_STORE(a_failing_store_is_told_and_asked_again_it_answers),
        cmocka_unit_test(each_subscriber_hears_its_objects_chain),
        cmocka_unit_test(also_when_access_is_controlled),
        cmocka_unit_test(also_when_old_changes_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
