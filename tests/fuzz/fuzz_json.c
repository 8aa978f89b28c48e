/* JSON in both readings. What holds for every input:
 *  - a text the strict reading takes, the lenient one takes too, with the same output;
 *  - what either puts out, the strict reading takes unchanged;
 *  - an error lies inside the text;
 *  - a ceiling of the output does not change what is an error;
 *  - the members of an object, written one after the other, are the object again. */
#include "base/json.h"
#include "base/utf8.h"
#include "base/value.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEPTH_MAX = 20 };

static bool compact(struct str text, enum json_reading reading, struct buf *out)
{
    struct json_error error = {0};
    bool good = json_compact(text, reading, DEPTH_MAX, out, &error);
    assert(good || (error.reason && error.offset <= text.len));
    assert(!out->failed);
    return good;
}

static void check_unchanged(struct str json)
{
    struct buf again;
    buf_init(&again, json.len);
    assert(compact(json, JSON_STRICT, &again));
    assert(str_eq(buf_str(&again), json));
    buf_deinit(&again);
}

static void check_ceiling(struct str text, enum json_reading reading, bool good, size_t len)
{
    struct json_error error;
    struct buf out;
    buf_init(&out, len / 2);
    assert(json_compact(text, reading, DEPTH_MAX, &out, &error) == good);
    assert(!good || out.failed);
    buf_deinit(&out);
}

static void check_key(struct str object, struct str key, struct arena *arena)
{
    struct str name;
    struct str token = {key.ptr - 1, key.len + 2};
    if (!value_decode_string(token, arena, &name))
        return;
    assert(utf8_is_valid(name));
    struct str found = value_get(object, name);
    assert(found.ptr > object.ptr && found.ptr + found.len < object.ptr + object.len);
}

static void check_members(struct str object)
{
    struct value_members members;
    struct str key, value;
    struct arena arena;
    struct buf again;
    arena_init(&arena);
    buf_init(&again, object.len);
    buf_add_char(&again, '{');
    value_members_init(&members, object);
    while (value_members_next(&members, &key, &value)) {
        if (again.len > 1)
            buf_add_char(&again, ',');
        buf_add(&again, (struct str){key.ptr - 1, key.len + 2});
        buf_add_char(&again, ':');
        buf_add(&again, value);
        check_key(object, key, &arena);
    }
    buf_add_char(&again, '}');
    assert(str_eq(buf_str(&again), object));
    buf_deinit(&again);
    arena_deinit(&arena);
}

static void check_output(struct str json)
{
    check_unchanged(json);
    if (json.ptr[0] == '{')
        check_members(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct buf strict, lenient;
    buf_init(&strict, size);
    buf_init(&lenient, 4 * size + 16);
    bool is_strict = compact(text, JSON_STRICT, &strict);
    bool is_lenient = compact(text, JSON_LENIENT, &lenient);
    assert(!is_strict || (is_lenient && str_eq(buf_str(&strict), buf_str(&lenient))));
    if (is_lenient) {
        check_output(buf_str(&lenient));
        check_ceiling(text, JSON_LENIENT, true, lenient.len);
    }
    check_ceiling(text, JSON_STRICT, is_strict, strict.len);
    buf_deinit(&strict);
    buf_deinit(&lenient);
    return 0;
}
