#include "rest/items.h"

#include "fake/fake_operation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SERVICE_SID "IS000000000000000100000000000000a1"
#define IN_SERVICE  "http://h:1/v1/Services/" SERVICE_SID
#define CONTAINER   "000000000000000200000000000000a2"
#define DATES                                                                                      \
    "\"date_expires\":null,\"date_created\":\"2015-07-30T20:00:00Z\","                             \
    "\"date_updated\":\"2015-07-30T20:00:01Z\",\"created_by\":\"system\"}"

static struct change head_of(enum kind kind, struct str name)
{
    return (struct change){
        .type = CHANGE_UPDATED,
        .kind = kind,
        .revision = 0x1b,
        .created_ms = 1438286400000,
        .updated_ms = 1438286401999,
        .name = name,
        .creator = STR("system"),
        .data = STR("{\"a\":1}"),
    };
}

static const char *render(struct fake_operation *fake, struct change *head,
                          void (*how)(struct operation *op, struct buf *out))
{
    bool in_list = head->kind == KIND_LIST_ITEM;
    fake_operation_init(fake, VERB_FETCH, head->kind, in_list ? KIND_LIST : KIND_MAP);
    fake->op.command.head = head;
    return fake_operation_render(fake, how);
}

static void a_list_item_shows_its_index_as_a_number(void **state)
{
    (void)state;
    struct fake_operation fake;
    struct change head = head_of(KIND_LIST_ITEM, STR("000000000000000c"));
    assert_string_equal(render(&fake, &head, items_render_one),
                        "{\"index\":12,\"account_sid\":\"AC0\",\"service_sid\":\"" SERVICE_SID
                        "\",\"list_sid\":\"ES" CONTAINER "\",\"url\":\"" IN_SERVICE
                        "/Lists/ES" CONTAINER "/Items/12\",\"revision\":\"1b\","
                        "\"data\":{\"a\":1}," DATES);
    assert_string_equal(fake_operation_reply_header(&fake, "ETag"), "\"1b\"");
    fake_operation_deinit(&fake);
}

static void a_map_item_shows_its_key_and_where_to_find_it(void **state)
{
    (void)state;
    struct fake_operation fake;
    struct change head = head_of(KIND_MAP_ITEM, STR("\"/\xfe\x80\x80"));
    assert_string_equal(render(&fake, &head, items_render_one),
                        "{\"key\":\"\\\"/\xee\x80\x80\",\"account_sid\":\"AC0\","
                        "\"service_sid\":\"" SERVICE_SID "\",\"map_sid\":\"MP" CONTAINER
                        "\",\"url\":\"" IN_SERVICE "/Maps/MP" CONTAINER
                        "/Items/%22%2F%EE%80%80\",\"revision\":\"1b\",\"data\":{\"a\":1}," DATES);
    fake_operation_deinit(&fake);
    head.name = STR("..");
    assert_non_null(strstr(render(&fake, &head, items_render_one), "/Items/..;\","));
    fake_operation_deinit(&fake);
}

static void a_put_tells_whether_it_created(void **state)
{
    (void)state;
    struct fake_operation fake;
    struct change head = head_of(KIND_MAP_ITEM, STR("k"));
    render(&fake, &head, items_render_put);
    assert_int_equal(fake.op.status, 200);
    fake_operation_deinit(&fake);
    head.type = CHANGE_CREATED;
    render(&fake, &head, items_render_put);
    assert_int_equal(fake.op.status, 201);
    fake_operation_deinit(&fake);
}

static enum err prepare(struct fake_operation *fake, enum kind kind, const char *form,
                        enum err (*how)(struct operation *op))
{
    fake_operation_deinit(fake);
    fake_operation_init(fake, VERB_CREATE, kind, kind == KIND_LIST_ITEM ? KIND_LIST : KIND_MAP);
    fake_operation_form(fake, form);
    return how(&fake->op);
}

static void a_map_item_is_not_created_without_a_key(void **state)
{
    (void)state;
    struct fake_operation fake = {0};
    const struct command *command = &fake.op.command;
    assert_int_equal(prepare(&fake, KIND_MAP_ITEM, "Data={}", items_prepare_create), ERR_KEY);
    assert_int_equal(prepare(&fake, KIND_MAP_ITEM, "Key=", items_prepare_create), ERR_KEY);
    assert_int_equal(prepare(&fake, KIND_MAP_ITEM, "Key=%00", items_prepare_create), OK);
    assert_true(str_eq(command->name, STR("\0")));
    assert_null(command->data.ptr);
    assert_int_equal(prepare(&fake, KIND_LIST_ITEM, "Key=k", items_prepare_create), OK);
    assert_null(command->name.ptr);
    fake_operation_deinit(&fake);
}

static void times_to_live_are_the_items_and_the_collections(void **state)
{
    (void)state;
    struct fake_operation fake = {0};
    const struct command *command = &fake.op.command;
    assert_int_equal(prepare(&fake, KIND_LIST_ITEM, "Ttl=1&ItemTtl=2&CollectionTtl=3",
                             items_prepare_create),
                     OK);
    assert_int_equal(command->ttl.s, 2);
    assert_int_equal(command->container_ttl.s, 3);
    assert_int_equal(prepare(&fake, KIND_LIST_ITEM, "Ttl=1", items_prepare_create), OK);
    assert_int_equal(command->ttl.s, 1);
    assert_false(command->container_ttl.given);
    assert_int_equal(prepare(&fake, KIND_LIST_ITEM, "CollectionTtl=x", items_prepare_create),
                     ERR_TTL);
    fake_operation_deinit(&fake);
}

static enum err address(struct fake_operation *fake, enum kind kind, struct str name)
{
    fake_operation_deinit(fake);
    fake_operation_init(fake, VERB_FETCH, kind, kind == KIND_LIST_ITEM ? KIND_LIST : KIND_MAP);
    fake->op.captures[0] = STR("s");
    fake->op.captures[1] = STR("c");
    fake->op.captures[2] = name;
    return items_prepare_one(&fake->op);
}

static void a_path_names_an_item_by_index_or_key(void **state)
{
    (void)state;
    struct fake_operation fake = {0};
    const struct command *command = &fake.op.command;
    assert_int_equal(address(&fake, KIND_LIST_ITEM, STR("255")), OK);
    assert_true(str_eq(command->object, STR("00000000000000ff")));
    assert_int_equal(address(&fake, KIND_LIST_ITEM, STR("x")), ERR_INDEX);
    assert_int_equal(address(&fake, KIND_MAP_ITEM, STR("\xef\xbf\xbf")), OK);
    assert_true(str_eq(command->object, STR("\xff\xbf\xbf")));
    assert_true(str_eq(command->container, STR("c")));
    char key[321];
    memset(key, 'k', sizeof key);
    assert_int_equal(address(&fake, KIND_MAP_ITEM, (struct str){key, 320}), OK);
    assert_int_equal(address(&fake, KIND_MAP_ITEM, (struct str){key, 321}), ERR_KEY);
    fake_operation_deinit(&fake);
}

static enum err list(struct fake_operation *fake, enum kind kind, const char *query)
{
    fake_operation_deinit(fake);
    fake_operation_init(fake, VERB_LIST, kind, kind == KIND_LIST_ITEM ? KIND_LIST : KIND_MAP);
    fake_operation_query(fake, query);
    return items_prepare_list(&fake->op);
}

static void items_may_be_asked_for_by_name(void **state)
{
    (void)state;
    struct fake_operation fake = {0};
    const struct command *command = &fake.op.command;
    assert_int_equal(list(&fake, KIND_LIST_ITEM, "Indexes=3,1&PageSize=1&Order=x"), OK);
    assert_int_equal(command->verb, VERB_FETCH_MANY);
    assert_int_equal(command->names_count, 2);
    assert_true(str_eq(command->names[0], STR("0000000000000003")));
    assert_string_equal(fake_operation_render(&fake, items_render_list),
                        "{\"items\":[],\"meta\":{\"page\":0,\"page_size\":100,"
                        "\"first_page_url\":\"http://h:1/path?Indexes=3%2C1&PageSize=100&Page=0\","
                        "\"previous_page_url\":null,"
                        "\"url\":\"http://h:1/path?Indexes=3%2C1&PageSize=100&Page=0\","
                        "\"next_page_url\":null,\"key\":\"items\"}}");
    assert_int_equal(list(&fake, KIND_MAP_ITEM, "Keys=%5B%22a%22%5D"), OK);
    assert_int_equal(command->verb, VERB_FETCH_MANY);
    assert_true(str_eq(command->names[0], STR("a")));
    assert_int_equal(list(&fake, KIND_MAP_ITEM, "Keys=a"), ERR_PARAMETER);
    fake_operation_deinit(&fake);
}

static void the_other_containers_parameter_is_unknown(void **state)
{
    (void)state;
    struct fake_operation fake = {0};
    assert_int_equal(list(&fake, KIND_MAP_ITEM, "Indexes=3,1"), OK);
    assert_int_equal(fake.op.command.verb, VERB_LIST);
    assert_int_equal(list(&fake, KIND_LIST_ITEM, "Keys=x"), OK);
    assert_int_equal(fake.op.command.verb, VERB_LIST);
    fake_operation_deinit(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_item_shows_its_index_as_a_number),
        cmocka_unit_test(a_map_item_shows_its_key_and_where_to_find_it),
        cmocka_unit_test(a_put_tells_whether_it_created),
        cmocka_unit_test(a_map_item_is_not_created_without_a_key),
        cmocka_unit_test(times_to_live_are_the_items_and_the_collections),
        cmocka_unit_test(a_path_names_an_item_by_index_or_key),
        cmocka_unit_test(items_may_be_asked_for_by_name),
        cmocka_unit_test(the_other_containers_parameter_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
