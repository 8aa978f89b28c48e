#include "dialect/token.h"

#include "base/base64.h"
#include "base/mac.h"
#include "sync/listing.h"

#include <assert.h>

enum {
    VERSION = 3,
    HEAD_SIZE = 4,
    SEAL_SIZE = 16,
    BYTES_MAX = HEAD_SIZE + TOKEN_PLACE_SIZE_MAX + SEAL_SIZE,
};

enum flag { BACK = 1 << 0, INCLUDED = 1 << 1, DESCENDING = 1 << 2, FLAGS_END = 1 << 3 };

static const struct str mark = STR_INIT("PT");

static void add_seal(const unsigned char key[TOKEN_KEY_SIZE], char *bytes, size_t size)
{
    unsigned char mac[MAC_SIZE];
    mac_sha256((struct str){(const char *)key, TOKEN_KEY_SIZE}, (struct str){bytes, size}, mac);
    memcpy(bytes + size, mac, SEAL_SIZE);
}

struct str token_seal(const unsigned char key[TOKEN_KEY_SIZE], const struct token *token,
                      struct arena *arena)
{
    char bytes[BYTES_MAX];
    unsigned flags = (token->back ? BACK : 0) | (token->included ? INCLUDED : 0) |
                     (token->descending ? DESCENDING : 0);
    size_t size = HEAD_SIZE + token->place.len;
    assert(token->place.len && token->place.len <= TOKEN_PLACE_SIZE_MAX);
    bytes[0] = VERSION;
    bytes[1] = (char)token->kind;
    bytes[2] = (char)flags;
    bytes[3] = (char)token->size;
    memcpy(bytes + HEAD_SIZE, token->place.ptr, token->place.len);
    add_seal(key, bytes, size);
    struct str sealed = {bytes, size + SEAL_SIZE};
    size_t len = mark.len + base64_length(sealed.len);
    char *text = arena_alloc(arena, len);
    memcpy(text, mark.ptr, mark.len);
    base64_encode(sealed, text + mark.len);
    return (struct str){text, len};
}

struct str token_seal_neighbour(const unsigned char key[TOKEN_KEY_SIZE],
                                const struct command *answered, bool back, uint8_t size,
                                struct arena *arena)
{
    size_t count = answered->heads_count;
    struct token token = {
        .kind = answered->kind,
        .descending = answered->page.descending,
        .back = back,
        .size = size,
    };
    if (!(back ? answered->more_before : answered->more_after))
        return (struct str){0};
    if (count) {
        token.place = listing_place(answered->heads[back ? 0 : count - 1], arena);
    } else {
        token.place = answered->page.place;
        token.included = !answered->page.place_included;
    }
    return token_seal(key, &token, arena);
}

static bool is_sealed(const unsigned char key[TOKEN_KEY_SIZE], const char *bytes, size_t size)
{
    char again[BYTES_MAX];
    memcpy(again, bytes, size - SEAL_SIZE);
    add_seal(key, again, size - SEAL_SIZE);
    return mac_equal((struct str){again, size}, (struct str){bytes, size});
}

enum err token_open(const unsigned char key[TOKEN_KEY_SIZE], struct str text, struct arena *arena,
                    struct token *token)
{
    char bytes[BYTES_MAX];
    size_t size;
    if (!str_starts(text, mark) || text.len > mark.len + base64_length(BYTES_MAX))
        return ERR_PAGE_TOKEN;
    struct str coded = {text.ptr + mark.len, text.len - mark.len};
    if (!base64_decode(coded, bytes, &size) || size <= HEAD_SIZE + SEAL_SIZE)
        return ERR_PAGE_TOKEN;
    unsigned flags = (unsigned char)bytes[2];
    if (bytes[0] != VERSION || flags >= FLAGS_END || !is_sealed(key, bytes, size))
        return ERR_PAGE_TOKEN;
    *token = (struct token){
        .kind = (enum kind)bytes[1],
        .descending = flags & DESCENDING,
        .back = flags & BACK,
        .included = flags & INCLUDED,
        .size = (uint8_t)bytes[3],
        .place = arena_dup(arena, (struct str){bytes + HEAD_SIZE, size - HEAD_SIZE - SEAL_SIZE}),
    };
    return OK;
}
