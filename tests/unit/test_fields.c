#include "base/buf.h"
#include "http/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

struct fixture {
    struct arena arena;
    struct fields fields;
    struct why why;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){0};
    arena_init(&fixture.arena);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    arena_deinit(&f->arena);
    return 0;
}

static enum err form(struct fixture *f, struct str text)
{
    return fields_parse_form(text, &f->arena, &f->fields, &f->why);
}

static enum err json(struct fixture *f, struct str text)
{
    return fields_parse_json(text, 20, &f->arena, &f->fields, &f->why);
}

static void assert_field(struct fixture *f, size_t at, struct str name, struct str value)
{
    assert_true(at < f->fields.count);
    const struct field *field = &f->fields.items[at];
    assert_true(str_eq(field->name, name));
    assert_true(str_eq(field->value, value));
    assert_non_null(field->value.ptr);
    assert_false(field->is_null);
}

static void form_fields_come_decoded_and_in_order(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(form(f, STR("UniqueName=My+Doc%21&Data=%7B%22a%22%3A+%22%C3%A9%22%7D&Ttl=60")),
                     OK);
    assert_int_equal(f->fields.count, 3);
    assert_field(f, 0, STR("UniqueName"), STR("My Doc!"));
    assert_field(f, 1, STR("Data"), STR("{\"a\": \"\xc3\xa9\"}"));
    assert_field(f, 2, STR("Ttl"), STR("60"));
}

static void a_pair_has_an_empty_part_when_one_is_missing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(form(f, STR("&&a&b=&=c&d=e=f&")), OK);
    assert_int_equal(f->fields.count, 4);
    assert_field(f, 0, STR("a"), STR(""));
    assert_field(f, 1, STR("b"), STR(""));
    assert_field(f, 2, STR(""), STR("c"));
    assert_field(f, 3, STR("d"), STR("e=f"));
}

static void separators_belong_to_the_value_when_they_are_coded(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(form(f, STR("a%3Db=c%26d")), OK);
    assert_int_equal(f->fields.count, 1);
    assert_field(f, 0, STR("a=b"), STR("c&d"));
}

static void there_are_no_fields_when_the_form_is_empty(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(form(f, STR("")), OK);
    assert_int_equal(f->fields.count, 0);
    assert_int_equal(form(f, (struct str){0}), OK);
    assert_int_equal(f->fields.count, 0);
    assert_null(fields_find(&f->fields, STR("a")));
}

static void a_form_is_refused_when_it_is_not_utf8(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(form(f, STR("a=b&c=%ff")), ERR_BODY);
    assert_string_equal(f->why.text, "the value of field 2 is not valid UTF-8");
    assert_int_equal(form(f, STR("%C3=b")), ERR_BODY);
    assert_string_equal(f->why.text, "the name of field 1 is not valid UTF-8");
}

static struct str many(struct buf *buf, size_t count, const char *format, const char *last)
{
    for (size_t i = 0; i < count; i++)
        buf_addf(buf, format, (int)i, (int)i);
    buf->len--;
    buf_add(buf, str_from(last));
    return buf_str(buf);
}

static void as_many_fields_as_the_limit_are_taken(void **state)
{
    struct fixture *f = *state;
    struct buf buf;
    buf_init(&buf, 10000);
    assert_int_equal(form(f, many(&buf, FIELDS_MAX, "k%d=v%d&", "")), OK);
    assert_int_equal(f->fields.count, FIELDS_MAX);
    for (size_t i = 0; i < FIELDS_MAX; i++) {
        char name[8], value[8];
        snprintf(name, sizeof name, "k%zu", i);
        snprintf(value, sizeof value, "v%zu", i);
        assert_field(f, i, str_from(name), str_from(value));
    }
    buf_clear(&buf);
    buf_add_char(&buf, '{');
    assert_int_equal(json(f, many(&buf, FIELDS_MAX, "\"%d\":%d,", "}")), OK);
    assert_int_equal(f->fields.count, FIELDS_MAX);
    assert_field(f, 127, STR("127"), STR("127"));
    buf_deinit(&buf);
}

static void a_body_is_refused_when_it_has_too_many_fields(void **state)
{
    struct fixture *f = *state;
    struct buf buf;
    buf_init(&buf, 10000);
    assert_int_equal(form(f, many(&buf, FIELDS_MAX + 1, "k%d=v%d&", "")), ERR_BODY);
    assert_string_equal(f->why.text, "the request has more than 128 fields");
    buf_clear(&buf);
    buf_add_char(&buf, '{');
    assert_int_equal(json(f, many(&buf, FIELDS_MAX + 1, "\"%d\":%d,", "}")), ERR_BODY);
    buf_deinit(&buf);
}

static void json_members_become_fields(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(json(f, STR(" { \"Data\" : { \"a\" : 1.0 , \"b\":[ ] } , \"Ttl\" : 60,"
                                 "\"Unique\\u004eame\":\"x\\n\\u00e9\", \"Flag\":true,"
                                 "\"List\":[1, \"\\ud800\"],\"Empty\":\"\" }")),
                     OK);
    assert_int_equal(f->fields.count, 6);
    assert_field(f, 0, STR("Data"), STR("{\"a\":1.0,\"b\":[]}"));
    assert_field(f, 1, STR("Ttl"), STR("60"));
    assert_field(f, 2, STR("UniqueName"), STR("x\n\xc3\xa9"));
    assert_field(f, 3, STR("Flag"), STR("true"));
    assert_field(f, 4, STR("List"), STR("[1,\"\\ud800\"]"));
    assert_field(f, 5, STR("Empty"), STR(""));
}

static void a_json_null_is_a_field_without_a_value(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(json(f, STR("{\"Data\":null,\"Text\":\"null\"}")), OK);
    const struct field *data = fields_find(&f->fields, STR("Data"));
    assert_non_null(data);
    assert_true(data->is_null);
    assert_int_equal(data->value.len, 0);
    assert_field(f, 1, STR("Text"), STR("null"));
}

static void a_json_body_is_refused_when_it_is_no_object(void **state)
{
    struct fixture *f = *state;
    static const struct {
        struct str text;
        const char *why;
    } cases[] = {
        {STR_INIT("[1]"), "the body is JSON, but not an object"},
        {STR_INIT("null"), "the body is JSON, but not an object"},
        {STR_INIT(""), "the body is not valid JSON: unexpected end of the text at byte 0"},
        {STR_INIT("{a:1}"),
         "the body is not valid JSON: expected a key in double quotes at byte 1"},
        {STR_INIT("{\"a\":\"\xff\"}"), "the body is not valid JSON: invalid UTF-8 at byte 6"},
        {STR_INIT("{\"a\":\"\\ud800\"}"), "member 1 of the body has half a surrogate pair"},
        {STR_INIT("{\"a\":1,\"\\udc00\":2}"), "member 2 of the body has half a surrogate pair"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(json(f, cases[i].text), ERR_BODY);
        assert_string_equal(f->why.text, cases[i].why);
    }
    assert_int_equal(json(f, (struct str){0}), ERR_BODY);
}

static void a_json_body_is_refused_when_it_is_nested_too_deep(void **state)
{
    struct fixture *f = *state;
    enum err e = fields_parse_json(STR("{\"a\":[[]]}"), 2, &f->arena, &f->fields, &f->why);
    assert_int_equal(e, ERR_BODY);
    assert_string_equal(f->why.text, "the body is not valid JSON: nested too deep at byte 6");
    e = fields_parse_json(STR("{\"a\":[[]]}"), 3, &f->arena, &f->fields, &f->why);
    assert_int_equal(e, OK);
}

static void the_last_value_counts_when_a_field_is_repeated(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(form(f, STR("a=1&b=2&a=3&A=4")), OK);
    assert_true(str_eq(fields_find(&f->fields, STR("a"))->value, STR("3")));
    assert_true(str_eq(fields_find(&f->fields, STR("b"))->value, STR("2")));
    assert_null(fields_find(&f->fields, STR("c")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(form_fields_come_decoded_and_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pair_has_an_empty_part_when_one_is_missing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(separators_belong_to_the_value_when_they_are_coded, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(there_are_no_fields_when_the_form_is_empty, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_form_is_refused_when_it_is_not_utf8, set_up, tear_down),
        cmocka_unit_test_setup_teardown(as_many_fields_as_the_limit_are_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_body_is_refused_when_it_has_too_many_fields, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(json_members_become_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_json_null_is_a_field_without_a_value, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_json_body_is_refused_when_it_is_no_object, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_json_body_is_refused_when_it_is_nested_too_deep, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_last_value_counts_when_a_field_is_repeated, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
