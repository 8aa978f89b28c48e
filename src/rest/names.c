#include "rest/names.h"

#include "base/json.h"
#include "base/value.h"
#include "sync/item_name.h"
#include "sync/limits.h"

struct reading {
    enum kind kind;
    struct arena *arena;
    struct str *items;
    size_t count;
};

static bool add(struct reading *reading, struct str text)
{
    if (reading->count == PAGE_SIZE_MAX)
        return false;
    struct str *name = &reading->items[reading->count++];
    return item_name_parse(reading->kind, text, reading->arena, name) == OK;
}

static bool read_plain(struct reading *reading, struct str text)
{
    while (text.ptr)
        if (!add(reading, str_trim(str_split(&text, ','))))
            return false;
    return true;
}

/* The compact text of an array of scalars, in the arena. */
static bool compact(struct reading *reading, struct str text, struct str *array)
{
    struct json_error error;
    struct buf buf;
    buf_init_in(&buf, reading->arena, text.len);
    bool good = json_compact(text, JSON_STRICT, 1, &buf, &error) && buf.ptr[0] == '[';
    if (good)
        *array = buf_str(&buf);
    return good;
}

static bool read_array(struct reading *reading, struct str text)
{
    struct value_elements elements;
    struct str array, value;
    if (!compact(reading, text, &array))
        return false;
    value_elements_init(&elements, array);
    while (value_elements_next(&elements, &value)) {
        if (reading->kind == KIND_MAP_ITEM && !value_decode_string(value, reading->arena, &value))
            return false;
        if (!add(reading, value))
            return false;
    }
    return true;
}

enum err names_parse(enum kind kind, struct str text, struct arena *arena, struct names *names,
                     struct why *why)
{
    struct reading reading = {
        .kind = kind,
        .arena = arena,
        .items = arena_alloc(arena, PAGE_SIZE_MAX * sizeof *reading.items),
    };
    bool plain = kind == KIND_LIST_ITEM && !memchr(text.ptr, '[', text.len);
    if (plain ? read_plain(&reading, text) : read_array(&reading, text)) {
        *names = (struct names){reading.items, reading.count};
        return OK;
    }
    if (kind == KIND_LIST_ITEM)
        why_set(why, "Indexes is a list of at most %d indexes, as [0,5,7] or 0,5,7", PAGE_SIZE_MAX);
    else
        why_set(why, "Keys is a JSON array of at most %d keys, as [\"a\",\"b\"]", PAGE_SIZE_MAX);
    return ERR_PARAMETER;
}
