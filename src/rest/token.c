#include "rest/token.h"

#include "base/hex.h"
#include "base/mac.h"

enum { VERSION = 1, HALF = HEX_LENGTH };

static void seal(const unsigned char key[TOKEN_KEY_SIZE], struct token *token)
{
    unsigned char mac[MAC_SIZE];
    mac_sha256((struct str){(const char *)key, TOKEN_KEY_SIZE},
               (struct str){token->text, 2 + 2 * HALF}, mac);
    for (int half = 0; half < 2; half++) {
        uint64_t value = 0;
        for (int i = 0; i < 8; i++)
            value = value << 8 | mac[8 * half + i];
        hex_put(token->text + 2 + (2 + half) * HALF, value);
    }
}

struct token token_seal(const unsigned char key[TOKEN_KEY_SIZE], enum kind kind, uint64_t beyond,
                        bool back)
{
    struct token token = {"PT"};
    hex_put(token.text + 2, (uint64_t)VERSION << 16 | (uint64_t)kind << 1 | back);
    hex_put(token.text + 2 + HALF, beyond);
    seal(key, &token);
    token.text[TOKEN_LENGTH] = 0;
    return token;
}

enum err token_open(const unsigned char key[TOKEN_KEY_SIZE], struct str text, enum kind kind,
                    uint64_t *beyond, bool *back)
{
    uint64_t what;
    if (text.len != TOKEN_LENGTH || !str_starts(text, STR("PT")) ||
        !str_hex_to_u64((struct str){text.ptr + 2, HALF}, &what) ||
        !str_hex_to_u64((struct str){text.ptr + 2 + HALF, HALF}, beyond))
        return ERR_PAGE_TOKEN;
    *back = what & 1;
    struct token ours = token_seal(key, kind, *beyond, *back);
    return mac_equal(text, str_from(ours.text)) ? OK : ERR_PAGE_TOKEN;
}
