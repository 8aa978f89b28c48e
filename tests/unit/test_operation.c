#include "fake/fake_operation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int begin(void **state)
{
    static struct fake_operation fake;
    fake_operation_init(&fake, VERB_UPDATE, KIND_LIST_ITEM, KIND_LIST);
    *state = &fake;
    return 0;
}

static int end(void **state)
{
    fake_operation_deinit(*state);
    return 0;
}

static struct ttl read_ttl(struct fake_operation *fake, const char *form)
{
    static const char *const names[] = {"ItemTtl", "Ttl", NULL};
    struct ttl ttl = {0};
    fake_operation_form(fake, form);
    assert_int_equal(operation_ttl(&fake->op, names, &ttl), OK);
    return ttl;
}

static void assert_ttl(struct fake_operation *fake, const char *form, int64_t s)
{
    struct ttl ttl = read_ttl(fake, form);
    assert_true(ttl.given);
    assert_int_equal(ttl.s, s);
}

static void the_first_name_with_a_value_counts(void **state)
{
    assert_ttl(*state, "Ttl=7", 7);
    assert_ttl(*state, "ItemTtl=8", 8);
    assert_ttl(*state, "Ttl=7&ItemTtl=8", 8);
    assert_ttl(*state, "ItemTtl=0&Ttl=7", 0);
    assert_ttl(*state, "ItemTtl=&Ttl=7", 7);
    assert_ttl(*state, "ItemTtl=31536000&Ttl=", 31536000);
}

static void an_empty_ttl_is_none(void **state)
{
    assert_false(read_ttl(*state, "").given);
    assert_false(read_ttl(*state, "Ttl=").given);
    assert_false(read_ttl(*state, "Ttl=&ItemTtl=").given);
    assert_false(read_ttl(*state, "CollectionTtl=5&ttl=5").given);
}

static void a_bad_ttl_is_refused_even_where_it_does_not_count(void **state)
{
    static const char *const names[] = {"ItemTtl", "Ttl", NULL};
    const char *const forms[] = {"Ttl=x",           "ItemTtl=-1",        "Ttl=31536001",
                                 "ItemTtl=1&Ttl=x", "Ttl=1&ItemTtl=1.5", "Ttl=%201"};
    struct fake_operation *fake = *state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct ttl ttl = {0};
        fake_operation_form(fake, forms[i]);
        assert_int_equal(operation_ttl(&fake->op, names, &ttl), ERR_TTL);
    }
}

static void the_path_names_what_the_endpoint_says(void **state)
{
    struct fake_operation *fake = *state;
    const struct command *command = &fake->op.command;
    fake->op.captures[0] = STR("s");
    fake->op.captures[1] = STR("l");
    operation_address(&fake->op);
    assert_true(str_eq(command->service, STR("s")));
    assert_true(str_eq(command->container, STR("l")));
    assert_null(command->object.ptr);
    fake->op.captures[2] = STR("i");
    operation_address(&fake->op);
    assert_true(str_eq(command->object, STR("i")));
    fake->endpoint.container = 0;
    fake->op.command.container = (struct str){0};
    operation_address(&fake->op);
    assert_null(command->container.ptr);
    assert_true(str_eq(command->object, STR("l")));
}

static enum err read_data(struct fake_operation *fake, enum kind kind, const char *form)
{
    fake->op.command.kind = kind;
    fake->op.command.data = (struct str){0};
    fake_operation_form(fake, form);
    return operation_data(&fake->op);
}

static void data_may_be_absent(void **state)
{
    struct fake_operation *fake = *state;
    assert_int_equal(read_data(fake, KIND_LIST_ITEM, "data={}"), OK);
    assert_null(fake->op.command.data.ptr);
    assert_int_equal(read_data(fake, KIND_LIST_ITEM, "Data={ }"), OK);
    assert_true(str_eq(fake->op.command.data, STR("{}")));
    assert_int_equal(read_data(fake, KIND_LIST_ITEM, "Data="), ERR_JSON);
}

static void data_that_is_null_is_no_object(void **state)
{
    struct fake_operation *fake = *state;
    enum err e = fields_parse_json(STR("{\"Data\":null}"), 2, &fake->exchange.request.arena,
                                   &fake->op.fields, &fake->op.why);
    assert_int_equal(e, OK);
    assert_int_equal(operation_data(&fake->op), ERR_DATA);
}

/* {"a":"xxxxxxxx"} has 16 bytes, the limit of messages here; that of all others is 32. */
static void a_message_has_a_limit_of_its_own(void **state)
{
    struct fake_operation *fake = *state;
    assert_int_equal(read_data(fake, KIND_MESSAGE, "Data={\"a\":\"xxxxxxxx\"}"), OK);
    assert_int_equal(read_data(fake, KIND_MESSAGE, "Data={\"a\":\"xxxxxxxxx\"}"), ERR_TOO_LARGE);
    assert_int_equal(read_data(fake, KIND_MAP_ITEM, "Data={\"a\":\"xxxxxxxxx\"}"), OK);
    assert_int_equal(read_data(fake, KIND_DOCUMENT, "Data={\"a\":\"xxxxxxxxx\"}"), OK);
}

static void a_known_revision_is_not_sent_again(void **state)
{
    (void)state;
    const struct {
        const char *header;
        unsigned status;
    } rows[] = {
        {"\"1a\"", 304},        {"1a", 304},    {"W/\"1a\"", 304}, {"*", 304},
        {"\"0\", \"1a\"", 304}, {"\"1\"", 200}, {"\"1A\"", 200},   {"", 200},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fake_operation fake;
        fake_operation_init(&fake, VERB_FETCH, KIND_LIST_ITEM, KIND_LIST);
        fake.op.if_none_match = str_from(rows[i].header);
        operation_etag(&fake.op, 0x1a);
        assert_string_equal(fake_operation_reply_header(&fake, "ETag"), "\"1a\"");
        assert_int_equal(fake.op.status, rows[i].status);
        fake_operation_deinit(&fake);
    }
}

static void an_etag_is_the_revision_in_quotes(void **state)
{
    (void)state;
    const struct {
        uint64_t revision;
        const char *etag;
    } rows[] = {{0, "\"0\""}, {0xf, "\"f\""}, {UINT64_MAX, "\"ffffffffffffffff\""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fake_operation fake;
        fake_operation_init(&fake, VERB_FETCH, KIND_DOCUMENT, 0);
        operation_etag(&fake.op, rows[i].revision);
        assert_string_equal(fake_operation_reply_header(&fake, "ETag"), rows[i].etag);
        fake_operation_deinit(&fake);
    }
}

static void only_an_asterisk_asks_for_what_is_not_there(void **state)
{
    struct fake_operation *fake = *state;
    const struct str others[] = {{0}, STR(""), STR("\"*\""), STR("\"0\"")};
    fake->op.if_none_match = STR(" * ");
    operation_if_none_match(&fake->op);
    assert_true(fake->op.command.if_none_match_any);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        fake->op.if_none_match = others[i];
        operation_if_none_match(&fake->op);
        assert_false(fake->op.command.if_none_match_any);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_name_with_a_value_counts),
        TEST(an_empty_ttl_is_none),
        TEST(a_bad_ttl_is_refused_even_where_it_does_not_count),
        TEST(the_path_names_what_the_endpoint_says),
        TEST(data_may_be_absent),
        TEST(data_that_is_null_is_no_object),
        TEST(a_message_has_a_limit_of_its_own),
        TEST(a_known_revision_is_not_sent_again),
        TEST(an_etag_is_the_revision_in_quotes),
        TEST(only_an_asterisk_asks_for_what_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
