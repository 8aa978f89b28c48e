#include "rest/permissions.h"

#include "fake/fake_operation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SERVICE_SID "IS000000000000000100000000000000a1"
#define IN_SERVICE  "http://h:1/v1/Services/" SERVICE_SID
#define CONTAINER   "000000000000000200000000000000a2"

static void assert_shown(enum kind container, const char *expected)
{
    struct fake_operation fake;
    struct change head = {
        .kind = KIND_PERMISSION,
        .name = STR("al/ice"),
        .data = STR("{\"read\":true,\"write\":false,\"manage\":true}"),
    };
    fake_operation_init(&fake, VERB_FETCH, KIND_PERMISSION, container);
    fake.op.command.head = &head;
    assert_string_equal(fake_operation_render(&fake, permissions_render_one), expected);
    assert_null(fake_operation_reply_header(&fake, "ETag"));
    fake_operation_deinit(&fake);
}

#define SHOWN(sid_name, sid, folder)                                                                 \
    "{\"account_sid\":\"AC0\",\"service_sid\":\"" SERVICE_SID "\",\"" sid_name "\":\"" sid           \
    "\",\"identity\":\"al/ice\",\"read\":true,\"write\":false,\"manage\":true,\"url\":\"" IN_SERVICE \
    "/" folder "/" sid "/Permissions/al%2Fice\"}"

static void a_permission_names_what_it_is_about(void **state)
{
    (void)state;
    assert_shown(KIND_DOCUMENT, SHOWN("document_sid", "ET" CONTAINER, "Documents"));
    assert_shown(KIND_LIST, SHOWN("list_sid", "ES" CONTAINER, "Lists"));
    assert_shown(KIND_MAP, SHOWN("map_sid", "MP" CONTAINER, "Maps"));
}

static enum err put(struct fake_operation *fake, const char *form)
{
    fake_operation_deinit(fake);
    fake_operation_init(fake, VERB_PUT, KIND_PERMISSION, KIND_MAP);
    fake->op.captures[2] = STR("alice");
    fake_operation_form(fake, form);
    return permissions_prepare_put(&fake->op);
}

static void a_right_that_is_not_named_is_not_given(void **state)
{
    (void)state;
    struct fake_operation fake = {0};
    const struct permission_fields *fields = &fake.op.command.permission_fields;
    assert_int_equal(put(&fake, "Write=TRUE"), OK);
    assert_true(fields->given && !fields->read && fields->write && !fields->manage);
    assert_int_equal(put(&fake, "Read=true&Manage=true&Write=false"), OK);
    assert_true(fields->given && fields->read && !fields->write && fields->manage);
    assert_true(str_eq(fake.op.command.object, STR("alice")));
    assert_int_equal(put(&fake, "Read=false"), OK);
    assert_true(fields->given && !fields->read);
    assert_int_equal(put(&fake, ""), OK);
    assert_false(fields->given);
    fake_operation_deinit(&fake);
}

static void a_right_is_true_or_false(void **state)
{
    (void)state;
    struct fake_operation fake = {0};
    assert_int_equal(put(&fake, "Read=true&Manage=1"), ERR_PARAMETER);
    assert_string_equal(fake.op.why.text, "Manage is true or false");
    assert_int_equal(put(&fake, "Read="), ERR_PARAMETER);
    fake_operation_deinit(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_permission_names_what_it_is_about),
        cmocka_unit_test(a_right_that_is_not_named_is_not_given),
        cmocka_unit_test(a_right_is_true_or_false),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
