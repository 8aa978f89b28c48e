/* The items asked for by name, by index and by key. What holds for every input:
 *  - it is refused with a reason, or has at most PAGE_SIZE_MAX names that items can have;
 *  - the names written as a JSON array are read as the same names. */
#include "base/buf.h"
#include "base/utf8.h"
#include "rest/names.h"
#include "sync/item_name.h"
#include "sync/limits.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARRAY_SIZE_MAX = PAGE_SIZE_MAX * (6 * NAME_LENGTH_MAX + 3) + 2 };

static void write_name(enum kind kind, struct str name, struct arena *arena, struct buf *out)
{
    struct change item = {.kind = kind, .name = name};
    if (kind == KIND_LIST_ITEM) {
        buf_add_u64(out, item_name_index(&item));
        return;
    }
    struct str text = item_name_key(&item, arena);
    assert(utf8_is_valid(text) && text.len && utf8_length(text) <= NAME_LENGTH_MAX);
    buf_add_json(out, text);
}

static void check_round_trip(enum kind kind, const struct names *names, struct arena *arena)
{
    struct names again;
    struct why why;
    struct buf array;
    buf_init(&array, ARRAY_SIZE_MAX);
    buf_add_char(&array, '[');
    for (size_t i = 0; i < names->count; i++) {
        if (i)
            buf_add_char(&array, ',');
        write_name(kind, names->items[i], arena, &array);
    }
    buf_add_char(&array, ']');
    assert(!array.failed);
    enum err e = names_parse(kind, buf_str(&array), arena, &again, &why);
    assert(e == OK && again.count == names->count);
    for (size_t i = 0; i < names->count; i++)
        assert(str_eq(again.items[i], names->items[i]));
    buf_deinit(&array);
}

static void check(enum kind kind, struct str text)
{
    struct arena arena;
    struct names names;
    struct why why = {{0}};
    arena_init(&arena);
    enum err e = names_parse(kind, text, &arena, &names, &why);
    assert(e == OK || (e == ERR_PARAMETER && why.text[0]));
    if (!e) {
        assert(names.count <= PAGE_SIZE_MAX);
        check_round_trip(kind, &names, &arena);
    }
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {size ? (const char *)data : "", size};
    check(KIND_LIST_ITEM, text);
    check(KIND_MAP_ITEM, text);
    return 0;
}
