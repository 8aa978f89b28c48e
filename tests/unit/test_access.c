#include "sync/access.h"

#include "sim/fixture.h"
#include "sync/loop.h"
#include "sync/subscribe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_refused(answer, error) assert_int_equal((answer)->command.err, error)

/* What has permissions; each is called "x", and has one item. */
static const enum kind kinds[] = {KIND_DOCUMENT, KIND_LIST, KIND_MAP};

enum { KINDS = sizeof kinds / sizeof *kinds };

enum right { NONE, READ, WRITE, MANAGE };

/* What a client may be asked for, and what it needs. */
struct request {
    enum kind kind;
    enum verb verb;
    enum right needs;
};

/* In an order in which all of them succeed. */
static const struct request requests[] = {
    {KIND_DOCUMENT, VERB_FETCH, READ},    {KIND_DOCUMENT, VERB_SUBSCRIBE, READ},
    {KIND_DOCUMENT, VERB_UPDATE, WRITE},  {KIND_DOCUMENT, VERB_UNSUBSCRIBE, NONE},
    {KIND_DOCUMENT, VERB_CREATE, NONE},   {KIND_DOCUMENT, VERB_REMOVE, MANAGE},
    {KIND_LIST_ITEM, VERB_FETCH, READ},   {KIND_LIST_ITEM, VERB_FETCH_MANY, READ},
    {KIND_LIST_ITEM, VERB_LIST, READ},    {KIND_LIST_ITEM, VERB_CREATE, WRITE},
    {KIND_LIST_ITEM, VERB_UPDATE, WRITE}, {KIND_LIST_ITEM, VERB_REMOVE, WRITE},
    {KIND_LIST, VERB_FETCH, READ},        {KIND_LIST, VERB_SUBSCRIBE, READ},
    {KIND_LIST, VERB_UPDATE, WRITE},      {KIND_LIST, VERB_UNSUBSCRIBE, NONE},
    {KIND_LIST, VERB_CREATE, NONE},       {KIND_LIST, VERB_REMOVE, MANAGE},
    {KIND_MAP_ITEM, VERB_FETCH, READ},    {KIND_MAP_ITEM, VERB_FETCH_MANY, READ},
    {KIND_MAP_ITEM, VERB_LIST, READ},     {KIND_MAP_ITEM, VERB_CREATE, WRITE},
    {KIND_MAP_ITEM, VERB_UPDATE, WRITE},  {KIND_MAP_ITEM, VERB_PUT, WRITE},
    {KIND_MAP_ITEM, VERB_REMOVE, WRITE},  {KIND_MAP, VERB_FETCH, READ},
    {KIND_MAP, VERB_SUBSCRIBE, READ},     {KIND_MAP, VERB_UPDATE, WRITE},
    {KIND_MAP, VERB_UNSUBSCRIBE, NONE},   {KIND_MAP, VERB_CREATE, NONE},
    {KIND_MAP, VERB_REMOVE, MANAGE},      {KIND_STREAM, VERB_FETCH, NONE},
    {KIND_STREAM, VERB_SUBSCRIBE, NONE},  {KIND_STREAM, VERB_UPDATE, NONE},
    {KIND_MESSAGE, VERB_CREATE, NONE},    {KIND_STREAM, VERB_UNSUBSCRIBE, NONE},
    {KIND_STREAM, VERB_CREATE, NONE},     {KIND_STREAM, VERB_REMOVE, NONE},
};

enum { REQUESTS = sizeof requests / sizeof *requests };

/* --- the world --- */

static void control(struct sim *sim, bool enabled)
{
    struct command command = sim_about(KIND_SERVICE, VERB_UPDATE, STR("default"));
    command.service_fields.given = SERVICE_ACL;
    command.service_fields.acl_enabled = enabled;
    assert_refused(sim_do(sim, command), OK);
}

static void make_all(struct sim *sim)
{
    for (size_t i = 0; i < KINDS; i++)
        assert_refused(sim_do(sim, sim_of(kinds[i], sim_create("x", NULL))), OK);
    assert_refused(sim_do(sim, sim_of(KIND_STREAM, sim_create("x", NULL))), OK);
    struct command push = sim_list_item(VERB_CREATE, "x", NULL);
    assert_refused(sim_do(sim, sim_with_data(push, "{}")), OK);
    struct command insert = sim_map_item(VERB_CREATE, "x", "k");
    assert_refused(sim_do(sim, sim_with_data(insert, "{}")), OK);
    control(sim, true);
}

static struct command permit(enum kind kind, enum right right)
{
    return sim_with_rights(sim_permission(VERB_PUT, kind, "x", "alice"), right == READ,
                           right == WRITE, right == MANAGE);
}

static struct command by(const char *identity, struct command command)
{
    command.guarded = true;
    command.identity = str_from(identity);
    return command;
}

static void on_delivery(struct letter *letter)
{
    delivery_free((struct delivery *)letter);
}

/* A subscriber's letters are not looked at. */
static struct asked *ask(struct sim *sim, struct command command)
{
    struct asked *asked = sim_do(sim, command);
    struct port *port = command.port;
    for (struct node *node; port && (node = chain_shift(&port->letters));)
        if (node != &asked->command.letter.node)
            on_delivery((struct letter *)node);
    return asked;
}

static struct command item_request(struct sim *sim, const struct request *request)
{
    static struct str name;
    bool list = request->kind == KIND_LIST_ITEM;
    const char *called = list ? sim_index(sim, 0) : "k";
    if (request->verb == VERB_CREATE)
        called = list ? NULL : "k2";
    name = str_from(called);
    struct command command =
        list ? sim_list_item(request->verb, "x", called) : sim_map_item(request->verb, "x", called);
    if (request->verb == VERB_FETCH_MANY) {
        command.names = &name;
        command.names_count = 1;
    }
    return sim_with_data(command, "{}");
}

/* Subscriptions are by SID. */
static struct str sid_of_x(struct sim *sim, enum kind kind)
{
    struct asked *asked = sim_do(sim, sim_of(kind, sim_fetch("x")));
    return asked->command.err ? STR("x") : sim_sid(sim, asked);
}

static struct command object_request(struct sim *sim, const struct request *request)
{
    static struct port port = {.hear = on_delivery};
    static struct subscribe subscribe = {.far_max = 10};
    struct command command = sim_with_ttl(sim_of(request->kind, sim_fetch("x")), 1000);
    command.verb = request->verb;
    if (request->verb == VERB_CREATE)
        command.object = (struct str){0};
    if (request->verb == VERB_SUBSCRIBE || request->verb == VERB_UNSUBSCRIBE) {
        command = sim_on(command, sid_of_x(sim, request->kind));
        command.port = &port;
        command.subscribe = &subscribe;
    }
    return command;
}

static struct command build(struct sim *sim, const struct request *request)
{
    if (request->kind == KIND_MESSAGE)
        return sim_message("x", "{}");
    if (request->kind == KIND_LIST_ITEM || request->kind == KIND_MAP_ITEM)
        return item_request(sim, request);
    return object_request(sim, request);
}

/* Everything that a client may be asked for, as alice, with one right for all there is. */
static void ask_all_with(struct sim *sim, enum right right)
{
    for (size_t i = 0; i < KINDS; i++)
        sim_do(sim, permit(kinds[i], right));
    for (size_t i = 0; i < REQUESTS; i++) {
        bool allowed = requests[i].needs == NONE || requests[i].needs == right;
        struct asked *asked = ask(sim, by("alice", build(sim, &requests[i])));
        assert_refused(asked, allowed ? OK : ERR_DENIED);
        assert_int_equal(asked->command.subject, requests[i].kind);
    }
}

/* --- the tests --- */

static void the_right_to_read_is_good_for_reading_alone(void **state)
{
    make_all(*state);
    ask_all_with(*state, READ);
}

static void the_right_to_write_is_good_for_writing_alone(void **state)
{
    make_all(*state);
    ask_all_with(*state, WRITE);
}

static void the_right_to_manage_is_good_for_removal_alone(void **state)
{
    make_all(*state);
    ask_all_with(*state, MANAGE);
}

static void a_permission_to_nothing_allows_nothing(void **state)
{
    make_all(*state);
    ask_all_with(*state, NONE);
}

static void without_a_permission_nothing_is_allowed_but_streams_and_creation(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    for (size_t i = 0; i < REQUESTS; i++) {
        bool allowed = requests[i].needs == NONE;
        assert_refused(ask(sim, by("alice", build(sim, &requests[i]))), allowed ? OK : ERR_DENIED);
    }
}

static void all_is_allowed_where_there_is_no_control(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    control(sim, false);
    for (size_t i = 0; i < REQUESTS; i++)
        assert_refused(ask(sim, by("alice", build(sim, &requests[i]))), OK);
    assert_int_equal(fixture_count_changes(sim, KIND_PERMISSION, CHANGE_CREATED), 0);
}

static void who_is_not_guarded_may_do_all(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    for (size_t i = 0; i < REQUESTS; i++)
        assert_refused(ask(sim, build(sim, &requests[i])), OK);
    assert_int_equal(fixture_count_changes(sim, KIND_PERMISSION, CHANGE_CREATED), 0);
}

static void lists_of_objects_and_permissions_are_for_no_client(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    for (size_t i = 0; i < KINDS; i++) {
        sim_do(sim, sim_with_rights(permit(kinds[i], NONE), true, true, true));
        assert_refused(sim_do(sim, by("alice", sim_of(kinds[i], sim_list(50)))), ERR_DENIED);
        const enum verb verbs[] = {VERB_FETCH, VERB_PUT, VERB_REMOVE, VERB_LIST};
        for (size_t j = 0; j < 4; j++) {
            struct command command = permit(kinds[i], READ);
            command.verb = verbs[j];
            assert_refused(sim_do(sim, by("alice", command)), ERR_DENIED);
        }
    }
}

static void a_permission_is_for_one_object_and_one_identity(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    sim_do(sim, sim_of(KIND_MAP, sim_create("y", NULL)));
    sim_do(sim, permit(KIND_MAP, READ));
    assert_refused(sim_do(sim, by("alice", sim_of(KIND_MAP, sim_fetch("x")))), OK);
    assert_refused(sim_do(sim, by("bob", sim_of(KIND_MAP, sim_fetch("x")))), ERR_DENIED);
    assert_refused(sim_do(sim, by("Alice", sim_of(KIND_MAP, sim_fetch("x")))), ERR_DENIED);
    assert_refused(sim_do(sim, by("alice", sim_of(KIND_MAP, sim_fetch("y")))), ERR_DENIED);
    assert_refused(sim_do(sim, by("alice", sim_of(KIND_LIST, sim_fetch("x")))), ERR_DENIED);
}

static void an_object_is_the_same_by_sid_and_by_name(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    for (size_t i = 0; i < KINDS; i++) {
        struct command fetch = sim_of(kinds[i], sim_on(sim_fetch("x"), sid_of_x(sim, kinds[i])));
        assert_refused(sim_do(sim, by("alice", fetch)), ERR_DENIED);
        sim_do(sim, permit(kinds[i], READ));
        assert_refused(sim_do(sim, by("alice", fetch)), OK);
    }
}

static void what_is_missing_is_missing_before_it_is_denied(void **state)
{
    struct sim *sim = *state;
    const struct str sids[] = {STR("ET00000000000fffff0123456789abcdef"),
                               STR("ES00000000000fffff0123456789abcdef"),
                               STR("MP00000000000fffff0123456789abcdef")};
    control(sim, true);
    for (size_t i = 0; i < KINDS; i++) {
        const enum verb verbs[] = {VERB_FETCH, VERB_UPDATE, VERB_REMOVE};
        for (size_t j = 0; j < 3; j++) {
            struct command command = sim_with_ttl(sim_of(kinds[i], sim_fetch("x")), 1);
            command.verb = verbs[j];
            assert_refused(sim_do(sim, by("alice", command)), ERR_NAME_MISSING);
            assert_refused(sim_do(sim, by("alice", sim_on(command, sids[i]))), ERR_MISSING);
        }
    }
    struct asked *asked = sim_do(sim, by("alice", sim_map_item(VERB_FETCH, "x", "k")));
    assert_refused(asked, ERR_NAME_MISSING);
    assert_int_equal(asked->command.subject, KIND_MAP);
}

static void a_missing_item_is_denied_to_who_may_not_read(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    struct command fetch = by("alice", sim_map_item(VERB_FETCH, "x", "nothing"));
    assert_refused(sim_do(sim, fetch), ERR_DENIED);
    sim_do(sim, permit(KIND_MAP, READ));
    assert_refused(sim_do(sim, fetch), ERR_MISSING);
}

static void a_refused_write_changes_nothing(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    uint64_t seq = store_seq(&sim->store);
    for (size_t i = 0; i < REQUESTS; i++)
        if (requests[i].needs != NONE)
            ask(sim, by("alice", build(sim, &requests[i])));
    assert_int_equal(store_seq(&sim->store), seq);
}

static void a_permission_ends_when_it_is_removed_or_expires(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    for (size_t i = 0; i < KINDS; i++) {
        struct command fetch = by("alice", sim_of(kinds[i], sim_fetch("x")));
        sim_do(sim, permit(kinds[i], READ));
        assert_refused(sim_do(sim, fetch), OK);
        sim_do(sim, sim_permission(VERB_REMOVE, kinds[i], "x", "alice"));
        assert_refused(sim_do(sim, fetch), ERR_DENIED);
        sim_do(sim, sim_with_ttl(permit(kinds[i], READ), 5));
        assert_refused(sim_do(sim, fetch), OK);
        sim->now_ms += 5000;
        assert_refused(sim_do(sim, fetch), ERR_DENIED);
    }
}

static void commands_of_one_batch_see_each_others_permissions(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    struct command fetch = by("alice", sim_of(KIND_LIST, sim_fetch("x")));
    struct asked *before = sim_ask(sim, fetch);
    sim_ask(sim, permit(KIND_LIST, READ));
    struct asked *granted = sim_ask(sim, fetch);
    struct asked *item =
        sim_ask(sim, by("alice", sim_list_item(VERB_FETCH, "x", sim_index(sim, 0))));
    struct asked *page = sim_ask(sim, by("alice", sim_list_item(VERB_LIST, "x", NULL)));
    sim_ask(sim, permit(KIND_LIST, WRITE));
    struct asked *changed = sim_ask(sim, fetch);
    sim_ask(sim, permit(KIND_LIST, READ));
    sim_ask(sim, sim_permission(VERB_REMOVE, KIND_LIST, "x", "alice"));
    struct asked *removed = sim_ask(sim, fetch);
    assert_int_equal(sim_run(sim), OK);
    assert_refused(before, ERR_DENIED);
    assert_refused(granted, OK);
    assert_refused(item, OK);
    assert_refused(page, ERR_DENIED); /* what is granted counts when it is committed */
    assert_refused(changed, ERR_DENIED);
    assert_refused(removed, ERR_DENIED);
}

static void what_was_not_committed_permits_nothing(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    sim_fail(sim, SIM_COMMIT, 0, ERR_STORE);
    sim_ask(sim, permit(KIND_LIST, READ));
    struct asked *fetched = sim_ask(sim, by("alice", sim_of(KIND_LIST, sim_fetch("x"))));
    assert_int_equal(sim_run(sim), OK);
    assert_refused(fetched, ERR_DENIED);
}

static void a_store_that_fails_allows_nothing(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    sim_do(sim, permit(KIND_MAP, READ));
    struct command commands[] = {by("alice", sim_of(KIND_MAP, sim_fetch("x"))),
                                 by("alice", sim_map_item(VERB_LIST, "x", NULL))};
    for (size_t i = 0; i < 2; i++) /* the service, then the map, then the permission */
        for (unsigned behind = 0; behind < 3; behind++) {
            sim_fail(sim, SIM_FIND, behind, ERR_STORE);
            assert_refused(sim_do(sim, commands[i]), ERR_STORE);
        }
}

static void control_begins_and_ends_with_the_settings(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    struct command fetch = by("alice", sim_fetch("x"));
    assert_refused(sim_do(sim, fetch), ERR_DENIED);
    control(sim, false);
    assert_refused(sim_do(sim, fetch), OK);
    control(sim, true);
    assert_refused(sim_do(sim, fetch), ERR_DENIED);
}

static void whoever_creates_an_object_may_do_all_with_it(void **state)
{
    struct sim *sim = *state;
    control(sim, true);
    for (size_t i = 0; i < KINDS; i++) {
        struct asked *created = sim_do(sim, by("alice", sim_of(kinds[i], sim_create("x", NULL))));
        assert_refused(created, OK);
        assert_int_equal(created->command.head->kind, kinds[i]);
        struct asked *asked = sim_do(sim, sim_permission(VERB_FETCH, kinds[i], "x", "alice"));
        assert_string_equal(sim_shows(sim, asked),
                            "0 {\"read\":true,\"write\":true,\"manage\":true}");
        assert_true(str_eq(asked->command.head->creator, STR("alice")));
        assert_int_equal(asked->command.head->expires_ms, 0);
        assert_refused(sim_do(sim, by("bob", sim_of(kinds[i], sim_fetch("x")))), ERR_DENIED);
        assert_refused(sim_do(sim, by("alice", sim_of(kinds[i], sim_remove("x")))), OK);
    }
}

static void the_creator_may_do_all_at_once(void **state)
{
    struct sim *sim = *state;
    control(sim, true);
    sim_ask(sim, by("alice", sim_of(KIND_MAP, sim_create("x", NULL))));
    struct command put = sim_with_data(sim_map_item(VERB_PUT, "x", "k"), "{}");
    struct asked *own = sim_ask(sim, by("alice", put));
    struct asked *others = sim_ask(sim, by("bob", put));
    assert_int_equal(sim_run(sim), OK);
    assert_refused(own, OK);
    assert_refused(others, ERR_DENIED);
}

static void whoever_fails_to_create_gets_nothing(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    for (size_t i = 0; i < KINDS; i++) {
        struct command create = by("alice", sim_of(kinds[i], sim_create("x", NULL)));
        assert_refused(sim_do(sim, create), ERR_NAME_TAKEN);
        assert_refused(sim_do(sim, by("alice", sim_of(kinds[i], sim_fetch("x")))), ERR_DENIED);
    }
    assert_int_equal(fixture_count_changes(sim, KIND_PERMISSION, CHANGE_CREATED), 0);
}

static void streams_and_items_are_granted_to_nobody(void **state)
{
    struct sim *sim = *state;
    make_all(sim);
    sim_do(sim, permit(KIND_MAP, WRITE));
    struct command insert = sim_with_data(sim_map_item(VERB_CREATE, "x", "new"), "{}");
    assert_refused(sim_do(sim, by("alice", insert)), OK);
    struct command stream = sim_of(KIND_STREAM, sim_create("new", NULL));
    assert_refused(sim_do(sim, by("alice", stream)), OK);
    assert_int_equal(fixture_count_changes(sim, KIND_PERMISSION, CHANGE_CREATED), 1);
}

/* Each removes the map whose name it takes, orders its purge, creates, and grants. */
static void a_batch_has_room_for_the_most_that_creations_change(void **state)
{
    struct sim *sim = *state;
    control(sim, true);
    for (int i = 0; i < BATCH_MAX; i++) {
        struct command create = sim_of(KIND_MAP, sim_create(sim_name(sim, "m%d", i), NULL));
        sim_ask(sim, by("alice", sim_with_ttl(create, 1)));
    }
    assert_int_equal(sim_run(sim), OK);
    sim->now_ms += 1000;
    for (int i = 0; i < BATCH_MAX; i++) {
        struct command create = sim_of(KIND_MAP, sim_create(sim_name(sim, "m%d", i), NULL));
        sim_ask(sim, by("bob", create));
    }
    assert_int_equal(sim_run(sim), OK);
    for (const struct asked *asked = sim->asked; asked; asked = asked->next)
        assert_refused(asked, OK);
    assert_int_equal(fixture_count_changes(sim, KIND_PERMISSION, CHANGE_CREATED), 2 * BATCH_MAX);
    fixture_sweep(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH_STORE(the_right_to_read_is_good_for_reading_alone),
        ON_EACH_STORE(the_right_to_write_is_good_for_writing_alone),
        ON_EACH_STORE(the_right_to_manage_is_good_for_removal_alone),
        ON_EACH_STORE(a_permission_to_nothing_allows_nothing),
        ON_EACH_STORE(without_a_permission_nothing_is_allowed_but_streams_and_creation),
        ON_EACH_STORE(all_is_allowed_where_there_is_no_control),
        ON_EACH_STORE(who_is_not_guarded_may_do_all),
        ON_EACH_STORE(lists_of_objects_and_permissions_are_for_no_client),
        ON_EACH_STORE(a_permission_is_for_one_object_and_one_identity),
        ON_EACH_STORE(an_object_is_the_same_by_sid_and_by_name),
        ON_EACH_STORE(what_is_missing_is_missing_before_it_is_denied),
        ON_EACH_STORE(a_missing_item_is_denied_to_who_may_not_read),
        ON_EACH_STORE(a_refused_write_changes_nothing),
        ON_EACH_STORE(a_permission_ends_when_it_is_removed_or_expires),
        ON_EACH_STORE(commands_of_one_batch_see_each_others_permissions),
        ON_EACH_STORE(what_was_not_committed_permits_nothing),
        ON_EACH_STORE(a_store_that_fails_allows_nothing),
        ON_EACH_STORE(control_begins_and_ends_with_the_settings),
        ON_EACH_STORE(whoever_creates_an_object_may_do_all_with_it),
        ON_EACH_STORE(the_creator_may_do_all_at_once),
        ON_EACH_STORE(whoever_fails_to_create_gets_nothing),
        ON_EACH_STORE(streams_and_items_are_granted_to_nobody),
        ON_EACH_STORE(a_batch_has_room_for_the_most_that_creations_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
