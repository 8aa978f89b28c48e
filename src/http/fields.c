#include "http/fields.h"

#include "base/json.h"
#include "base/percent.h"
#include "base/value.h"

enum { FIRST_CAPACITY = 8 };

/* Room for one more field; NULL: there are FIELDS_MAX already. The capacity is FIRST_CAPACITY
 * times a power of two, so a full array shows by its count. */
static struct field *add_field(struct fields *fields, struct arena *arena)
{
    size_t count = fields->count;
    if (count == FIELDS_MAX)
        return NULL;
    bool full = count >= FIRST_CAPACITY && (count & (count - 1)) == 0;
    if (count == 0 || full) {
        size_t capacity = count ? count * 2 : FIRST_CAPACITY;
        struct field *items = arena_alloc(arena, capacity * sizeof *items);
        if (count)
            memcpy(items, fields->items, count * sizeof *items);
        fields->items = items;
    }
    struct field *field = &fields->items[fields->count++];
    *field = (struct field){0};
    return field;
}

static enum err too_many(struct why *why)
{
    why_set(why, "the request has more than %d fields", FIELDS_MAX);
    return ERR_BODY;
}

static enum err add_pair(struct fields *fields, struct str pair, struct arena *arena,
                         struct why *why)
{
    struct field *field = add_field(fields, arena);
    if (!field)
        return too_many(why);
    struct str value = pair;
    struct str name = str_split(&value, '=');
    if (!value.ptr)
        value = STR("");
    if (!percent_decode(name, PERCENT_PLUS_IS_SPACE, arena, &field->name)) {
        why_set(why, "the name of field %zu is not valid UTF-8", fields->count);
        return ERR_BODY;
    }
    if (!percent_decode(value, PERCENT_PLUS_IS_SPACE, arena, &field->value)) {
        why_set(why, "the value of field %zu is not valid UTF-8", fields->count);
        return ERR_BODY;
    }
    return OK;
}

enum err fields_parse_form(struct str text, struct arena *arena, struct fields *fields,
                           struct why *why)
{
    *fields = (struct fields){0};
    while (text.len) {
        struct str pair = str_split(&text, '&');
        if (pair.len == 0)
            continue;
        enum err e = add_pair(fields, pair, arena, why);
        if (e)
            return e;
    }
    return OK;
}

/* The compact text of a body, in `arena`. */
static enum err compact(struct str text, unsigned depth_max, struct arena *arena,
                        struct str *object, struct why *why)
{
    struct json_error error;
    struct buf buf;
    enum err e = OK;
    buf_init_in(&buf, arena, text.len);
    if (!json_compact(text, JSON_STRICT, depth_max, &buf, &error)) {
        why_set(why, "the body is not valid JSON: %s at byte %zu", error.reason, error.offset);
        e = ERR_BODY;
    } else if (buf.ptr[0] != '{') {
        why_set(why, "the body is JSON, but not an object");
        e = ERR_BODY;
    } else {
        *object = buf_str(&buf);
    }
    return e;
}

static bool set_value(struct field *field, struct str value, struct arena *arena)
{
    field->is_null = str_eq(value, STR("null"));
    field->value = field->is_null ? STR("") : value;
    return value.ptr[0] != '"' || value_decode_string(value, arena, &field->value);
}

static enum err add_member(struct fields *fields, struct str key, struct str value,
                           struct arena *arena, struct why *why)
{
    struct field *field = add_field(fields, arena);
    if (!field)
        return too_many(why);
    /* The quotes around the key are there: the key points into the object's text. */
    struct str quoted = {key.ptr - 1, key.len + 2};
    if (!value_decode_string(quoted, arena, &field->name) || !set_value(field, value, arena)) {
        why_set(why, "member %zu of the body has half a surrogate pair", fields->count);
        return ERR_BODY;
    }
    return OK;
}

enum err fields_parse_json(struct str text, unsigned depth_max, struct arena *arena,
                           struct fields *fields, struct why *why)
{
    struct str object;
    *fields = (struct fields){0};
    enum err e = compact(text, depth_max, arena, &object, why);
    if (e)
        return e;
    struct value_members members;
    struct str key, value;
    value_members_init(&members, object);
    while (value_members_next(&members, &key, &value)) {
        e = add_member(fields, key, value, arena, why);
        if (e)
            return e;
    }
    return OK;
}

const struct field *fields_find(const struct fields *fields, struct str name)
{
    for (size_t i = fields->count; i > 0; i--)
        if (str_eq(fields->items[i - 1].name, name))
            return &fields->items[i - 1];
    return NULL;
}
