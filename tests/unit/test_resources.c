#include "rest/resources.h"

#include "fake/fake_operation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SERVICE_SID "IS000000000000000100000000000000a1"
#define IN_SERVICE  "http://h:1/v1/Services/" SERVICE_SID
#define ID          "000000000000000700000000000000ff"

static struct change head_of(enum kind kind)
{
    return (struct change){
        .kind = kind,
        .id = 7,
        .salt = 0xff,
        .revision = 0x1b,
        .created_ms = 1438286400000,
        .updated_ms = 1438286401999,
        .creator = STR("system"),
        .data = STR("{\"a\":1}"),
    };
}

static const char *render(struct fake_operation *fake, struct change *head)
{
    fake_operation_init(fake, VERB_FETCH, head->kind, 0);
    fake->op.command.head = head;
    return fake_operation_render(fake, resources_render_one);
}

#define DATES                                                                                      \
    "\"date_expires\":null,\"date_created\":\"2015-07-30T20:00:00Z\","                             \
    "\"date_updated\":\"2015-07-30T20:00:01Z\",\"created_by\":\"system\"}"

static void a_document_shows_revision_and_data(void **state)
{
    (void)state;
    struct fake_operation fake;
    struct change head = head_of(KIND_DOCUMENT);
    head.name = STR("a\"b");
    assert_string_equal(render(&fake, &head),
                        "{\"sid\":\"ET" ID "\",\"unique_name\":\"a\\\"b\",\"account_sid\":\"AC0\","
                        "\"service_sid\":\"" SERVICE_SID "\",\"url\":\"" IN_SERVICE
                        "/Documents/ET" ID "\",\"links\":{\"permissions\":\"" IN_SERVICE
                        "/Documents/ET" ID "/Permissions\"},\"revision\":\"1b\","
                        "\"data\":{\"a\":1}," DATES);
    assert_string_equal(fake_operation_reply_header(&fake, "ETag"), "\"1b\"");
    fake_operation_deinit(&fake);
}

static void a_list_shows_its_revision_and_no_data(void **state)
{
    (void)state;
    struct fake_operation fake;
    struct change head = head_of(KIND_LIST);
    head.expires_ms = 1438286460000;
    assert_string_equal(render(&fake, &head),
                        "{\"sid\":\"ES" ID "\",\"unique_name\":null,\"account_sid\":\"AC0\","
                        "\"service_sid\":\"" SERVICE_SID "\",\"url\":\"" IN_SERVICE "/Lists/ES" ID
                        "\",\"links\":{\"items\":\"" IN_SERVICE "/Lists/ES" ID
                        "/Items\",\"permissions\":\"" IN_SERVICE "/Lists/ES" ID
                        "/Permissions\"},\"revision\":\"1b\","
                        "\"date_expires\":\"2015-07-30T20:01:00Z\","
                        "\"date_created\":\"2015-07-30T20:00:00Z\","
                        "\"date_updated\":\"2015-07-30T20:00:01Z\",\"created_by\":\"system\"}");
    assert_string_equal(fake_operation_reply_header(&fake, "ETag"), "\"1b\"");
    fake_operation_deinit(&fake);
}

static void a_map_is_like_a_list(void **state)
{
    (void)state;
    struct fake_operation fake;
    struct change head = head_of(KIND_MAP);
    assert_string_equal(render(&fake, &head),
                        "{\"sid\":\"MP" ID "\",\"unique_name\":null,\"account_sid\":\"AC0\","
                        "\"service_sid\":\"" SERVICE_SID "\",\"url\":\"" IN_SERVICE "/Maps/MP" ID
                        "\",\"links\":{\"items\":\"" IN_SERVICE "/Maps/MP" ID
                        "/Items\",\"permissions\":\"" IN_SERVICE "/Maps/MP" ID
                        "/Permissions\"},\"revision\":\"1b\"," DATES);
    fake_operation_deinit(&fake);
}

static void a_stream_has_no_revision(void **state)
{
    (void)state;
    struct fake_operation fake;
    struct change head = head_of(KIND_STREAM);
    assert_string_equal(render(&fake, &head),
                        "{\"sid\":\"TO" ID "\",\"unique_name\":null,\"account_sid\":\"AC0\","
                        "\"service_sid\":\"" SERVICE_SID "\",\"url\":\"" IN_SERVICE "/Streams/TO" ID
                        "\",\"links\":{\"messages\":\"" IN_SERVICE "/Streams/TO" ID
                        "/Messages\"}," DATES);
    assert_null(fake_operation_reply_header(&fake, "ETag"));
    fake_operation_deinit(&fake);
}

/* What a creation with this form asks of the core. */
static const struct command *create(struct fake_operation *fake, enum kind kind, const char *form)
{
    fake_operation_deinit(fake);
    fake_operation_init(fake, VERB_CREATE, kind, 0);
    fake_operation_form(fake, form);
    assert_int_equal(resources_prepare_create(&fake->op), OK);
    return &fake->op.command;
}

static void each_kind_has_its_own_fields(void **state)
{
    (void)state;
    struct fake_operation fake = {0};
    const char *form = "UniqueName=n&Data={}&Ttl=1&CollectionTtl=2";
    const struct command *command = create(&fake, KIND_DOCUMENT, form);
    assert_true(str_eq(command->name, STR("n")));
    assert_int_equal(command->ttl.s, 1);
    assert_true(str_eq(command->data, STR("{}")));
    command = create(&fake, KIND_LIST, form);
    assert_int_equal(command->ttl.s, 2);
    assert_null(command->data.ptr);
    command = create(&fake, KIND_MAP, form);
    assert_int_equal(command->ttl.s, 2);
    command = create(&fake, KIND_STREAM, form);
    assert_int_equal(command->ttl.s, 1);
    assert_null(command->data.ptr);
    assert_false(command->container_ttl.given);
    fake_operation_deinit(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_shows_revision_and_data),
        cmocka_unit_test(a_list_shows_its_revision_and_no_data),
        cmocka_unit_test(a_map_is_like_a_list),
        cmocka_unit_test(a_stream_has_no_revision),
        cmocka_unit_test(each_kind_has_its_own_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
