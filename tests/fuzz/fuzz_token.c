/* Page tokens. Nobody can make one without the key, so what comes in:
 *  - does not open, unless it is what sealing its own content gives, byte for byte;
 *  - as the content of a seal, in three numbers, comes back as it was, and with any one byte
 *    altered does not open. */
#include "rest/token.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned char key[TOKEN_KEY_SIZE] = "thirty-two bytes known to nobody";

static void check_as_token(struct str text, enum kind kind)
{
    uint64_t beyond;
    bool back;
    if (token_open(key, text, kind, &beyond, &back) != OK)
        return;
    struct token sealed = token_seal(key, kind, beyond, back);
    assert(str_eq(text, str_from(sealed.text)));
}

static void check_opens(const struct token *token, enum kind kind, uint64_t beyond, bool back)
{
    uint64_t opened_beyond;
    bool opened_back;
    enum err e = token_open(key, str_from(token->text), kind, &opened_beyond, &opened_back);
    assert(e == OK && opened_beyond == beyond && opened_back == back);
}

static void check_altered(const struct token *token, enum kind kind, size_t at, char change)
{
    struct token altered = *token;
    uint64_t beyond;
    bool back;
    altered.text[at % TOKEN_LENGTH] ^= change;
    struct str text = {altered.text, TOKEN_LENGTH};
    enum err e = token_open(key, text, kind, &beyond, &back);
    assert((e == OK) == (change == 0));
}

/* Bytes: kind and direction, place of the alteration, the alteration, eight of `beyond`. */
static void check_as_content(const uint8_t *data)
{
    const enum kind kinds[] = {KIND_SERVICE, KIND_KEY, KIND_DOCUMENT};
    enum kind kind = kinds[(data[0] >> 1) % 3];
    bool back = data[0] & 1;
    uint64_t beyond;
    memcpy(&beyond, data + 3, sizeof beyond);
    struct token token = token_seal(key, kind, beyond, back);
    check_opens(&token, kind, beyond, back);
    check_altered(&token, kind, data[1], (char)data[2]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    check_as_token(text, KIND_DOCUMENT);
    check_as_token(text, KIND_SERVICE);
    check_as_token(text, KIND_KEY);
    if (size >= 3 + sizeof(uint64_t))
        check_as_content(data);
    return 0;
}
