#include "sync/item_name.h"

#include "base/hex.h"
#include "base/utf8.h"
#include "sync/limits.h"

#include <stdlib.h>

/* Put `to` for every byte `from`, and `to` + 1 for `from` + 1; in `arena` if there is any. */
static struct str exchange(struct str text, unsigned char from, unsigned char to,
                           struct arena *arena)
{
    char *copy = NULL;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte != from && byte != from + 1)
            continue;
        if (!copy)
            copy = memcpy(arena_alloc(arena, text.len), text.ptr, text.len);
        copy[i] = (char)(byte - from + to);
    }
    return copy ? (struct str){copy, text.len} : text;
}

static enum err parse_key(struct str text, struct arena *arena, struct str *name)
{
    if (!text.len || !utf8_is_valid(text) || utf8_length(text) > NAME_LENGTH_MAX)
        return ERR_KEY;
    *name = exchange(text, 0xee, 0xfe, arena);
    return OK;
}

static enum err parse_index(struct str text, struct arena *arena, struct str *name)
{
    uint64_t index;
    if (!str_to_u64(text, INT64_MAX, &index))
        return ERR_INDEX;
    char *at = arena_alloc(arena, HEX_LENGTH);
    item_name_from_index(index, at);
    *name = (struct str){at, HEX_LENGTH};
    return OK;
}

enum err item_name_parse(enum kind kind, struct str text, struct arena *arena, struct str *name)
{
    return kind == KIND_LIST_ITEM ? parse_index(text, arena, name) : parse_key(text, arena, name);
}

void item_name_from_index(uint64_t index, char *at)
{
    hex_put(at, index);
}

uint64_t item_name_index(const struct change *item)
{
    uint64_t index = 0;
    if (!str_hex_to_u64(item->name, &index))
        abort(); /* we wrote it */
    return index;
}

struct str item_name_key(const struct change *item, struct arena *arena)
{
    return exchange(item->name, 0xfe, 0xee, arena);
}
