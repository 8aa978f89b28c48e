/* The fields of a request, from a form and from a JSON body. What holds for every input:
 *  - names and values are valid UTF-8, and not more than FIELDS_MAX;
 *  - a field is found by its name, and it is the last one of that name;
 *  - written as a form again, the fields of a form are read as the same fields;
 *  - a refusal says why. */
#include "base/buf.h"
#include "base/utf8.h"
#include "http/fields.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEPTH_MAX = 20 };

static void check_fields(const struct fields *fields)
{
    assert(fields->count <= FIELDS_MAX);
    for (size_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->items[i];
        assert(field->name.ptr && utf8_is_valid(field->name));
        assert(field->value.ptr && utf8_is_valid(field->value));
        const struct field *found = fields_find(fields, field->name);
        assert(found >= field && str_eq(found->name, field->name));
    }
}

static void write_form(const struct fields *fields, struct buf *out)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (i)
            buf_add_char(out, '&');
        buf_add_percent(out, fields->items[i].name);
        buf_add_char(out, '=');
        buf_add_percent(out, fields->items[i].value);
    }
}

static void check_same(const struct fields *a, const struct fields *b)
{
    assert(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert(str_eq(a->items[i].name, b->items[i].name));
        assert(str_eq(a->items[i].value, b->items[i].value));
    }
}

static void check_round_trip(const struct fields *fields, size_t size, struct arena *arena)
{
    struct fields again;
    struct why why;
    struct buf form;
    buf_init(&form, 3 * size + 2 * FIELDS_MAX);
    write_form(fields, &form);
    assert(!form.failed);
    enum err e = fields_parse_form(buf_str(&form), arena, &again, &why);
    assert(e == OK);
    check_same(fields, &again);
    buf_deinit(&form);
}

static void check_why(enum err e, const struct why *why)
{
    assert(e == ERR_BODY && why->text[0] && strlen(why->text) < sizeof why->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct arena arena;
    struct fields fields;
    struct why why = {{0}};
    arena_init(&arena);
    enum err e = fields_parse_form(text, &arena, &fields, &why);
    if (e)
        check_why(e, &why);
    else {
        check_fields(&fields);
        check_round_trip(&fields, size, &arena);
    }
    arena_clear(&arena);
    why = (struct why){{0}};
    e = fields_parse_json(text, DEPTH_MAX, &arena, &fields, &why);
    if (e)
        check_why(e, &why);
    else
        check_fields(&fields);
    arena_deinit(&arena);
    return 0;
}
