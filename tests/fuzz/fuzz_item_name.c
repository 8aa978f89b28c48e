/* Names of items. The input is two texts, with a byte FF between them. What holds for every one:
 *  - it is a key, or refused; its name is as long, and gives it back;
 *  - the names of two keys are in the order of their UTF-16 code units;
 *  - it is an index, or refused; the name gives back its number, and names are in numeric order. */
#include "sync/item_name.h"

#include "base/hex.h"
#include "base/utf8.h"
#include "sync/limits.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As the store compares names. */
static int compare(struct str a, struct str b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    if (order)
        return order < 0 ? -1 : 1;
    return (a.len > b.len) - (a.len < b.len);
}

/* --- keys --- */

struct units {
    uint16_t all[2 * NAME_LENGTH_MAX];
    size_t count;
};

/* The code point that begins at `at`, and how many bytes it has. */
static uint32_t decode(const unsigned char *at, size_t *len)
{
    *len = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    uint32_t point = *len == 1 ? at[0] : at[0] & (0x7fu >> *len);
    for (size_t i = 1; i < *len; i++)
        point = point << 6 | (at[i] & 0x3f);
    return point;
}

static void to_utf16(struct str key, struct units *units)
{
    size_t len;
    units->count = 0;
    for (size_t i = 0; i < key.len; i += len) {
        uint32_t point = decode((const unsigned char *)key.ptr + i, &len);
        if (point >= 0x10000) {
            units->all[units->count++] = (uint16_t)(0xd800 + ((point - 0x10000) >> 10));
            point = 0xdc00 + ((point - 0x10000) & 0x3ff);
        }
        units->all[units->count++] = (uint16_t)point;
    }
}

static int compare_utf16(struct str a, struct str b)
{
    struct units x, y;
    to_utf16(a, &x);
    to_utf16(b, &y);
    for (size_t i = 0; i < x.count && i < y.count; i++)
        if (x.all[i] != y.all[i])
            return x.all[i] < y.all[i] ? -1 : 1;
    return (x.count > y.count) - (x.count < y.count);
}

static bool parse_key(struct str text, struct arena *arena, struct str *name)
{
    enum err e = item_name_parse(KIND_MAP_ITEM, text, arena, name);
    bool fits = text.len && utf8_is_valid(text) && utf8_length(text) <= NAME_LENGTH_MAX;
    assert(e == (fits ? OK : ERR_KEY));
    if (e)
        return false;
    struct change item = {.kind = KIND_MAP_ITEM, .name = *name};
    assert(name->len == text.len);
    assert(str_eq(item_name_key(&item, arena), text));
    return true;
}

static void check_keys(struct str a, struct str b, struct arena *arena)
{
    struct str name_a, name_b;
    bool both = parse_key(a, arena, &name_a);
    both = parse_key(b, arena, &name_b) && both;
    assert(!both || compare(name_a, name_b) == compare_utf16(a, b));
}

/* --- indexes --- */

static bool parse_index(struct str text, struct arena *arena, struct str *name, uint64_t *index)
{
    enum err e = item_name_parse(KIND_LIST_ITEM, text, arena, name);
    assert(e == (str_to_u64(text, INT64_MAX, index) ? OK : ERR_INDEX));
    if (e)
        return false;
    struct change item = {.kind = KIND_LIST_ITEM, .name = *name};
    assert(name->len == HEX_LENGTH);
    assert(item_name_index(&item) == *index);
    return true;
}

static void check_indexes(struct str a, struct str b, struct arena *arena)
{
    struct str name_a, name_b;
    uint64_t x, y;
    bool both = parse_index(a, arena, &name_a, &x);
    both = parse_index(b, arena, &name_b, &y) && both;
    assert(!both || compare(name_a, name_b) == (x > y) - (x < y));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct str rest = {(const char *)data, size};
    struct str first = str_split(&rest, '\xff');
    arena_init(&arena);
    check_keys(first, rest, &arena);
    check_indexes(first, rest, &arena);
    arena_deinit(&arena);
    return 0;
}
