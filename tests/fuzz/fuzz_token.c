/* Page tokens. Nobody can make one without the key, so what comes in:
 *  - does not open, unless it is what sealing its own content gives, byte for byte;
 *  - as the content of a seal comes back as it was, and with any one byte altered does not
 *    open. */
#include "dialect/token.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned char key[TOKEN_KEY_SIZE] = "thirty-two bytes known to nobody";

static void check_as_token(struct str text, struct arena *arena)
{
    struct token token;
    if (token_open(key, text, arena, &token) != OK)
        return;
    assert(token.place.len > 0 && token.place.len <= TOKEN_PLACE_SIZE_MAX);
    assert(str_eq(text, token_seal(key, &token, arena)));
}

static void check_opens(struct str text, const struct token *token, struct arena *arena)
{
    struct token opened;
    enum err e = token_open(key, text, arena, &opened);
    assert(e == OK);
    assert(opened.kind == token->kind && opened.descending == token->descending);
    assert(opened.back == token->back && opened.included == token->included);
    assert(opened.size == token->size);
    assert(str_eq(opened.place, token->place));
}

static void check_altered(struct str text, size_t at, char change, struct arena *arena)
{
    struct token token;
    char *altered = memcpy(arena_alloc(arena, text.len), text.ptr, text.len);
    altered[at % text.len] ^= change;
    enum err e = token_open(key, (struct str){altered, text.len}, arena, &token);
    assert((e == OK) == (change == 0));
}

/* Bytes: flags and kind, place of the alteration and size, the alteration, the place. */
static void check_as_content(const uint8_t *data, size_t size, struct arena *arena)
{
    struct token token = {
        .kind = (enum kind)(KIND_SERVICE + (data[0] >> 3) % KIND_MESSAGE),
        .descending = data[0] & 4,
        .back = data[0] & 1,
        .included = data[0] & 2,
        .size = data[1],
        .place = {(const char *)data + 3, size - 3},
    };
    if (token.place.len > TOKEN_PLACE_SIZE_MAX)
        token.place.len = TOKEN_PLACE_SIZE_MAX;
    struct str text = token_seal(key, &token, arena);
    check_opens(text, &token, arena);
    check_altered(text, data[1], (char)data[2], arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena);
    check_as_token((struct str){(const char *)data, size}, &arena);
    if (size > 3)
        check_as_content(data, size, &arena);
    arena_deinit(&arena);
    return 0;
}
