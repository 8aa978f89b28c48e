#include "auth/basic.h"

#include "base/mac.h"

#include <openssl/evp.h>

void basic_init(struct basic *basic, const struct credentials *credentials)
{
    *basic = (struct basic){.credentials = credentials};
}

/* Base64 (RFC 4648) to `text`; false when it is not. */
static bool decode(struct str coded, char *text, size_t *len)
{
    size_t padding = 0;
    if (coded.len == 0 || coded.len % 4 || coded.len >= BASIC_HEADER_SIZE_MAX)
        return false;
    while (padding < 2 && coded.ptr[coded.len - 1 - padding] == '=')
        padding++;
    int decoded =
        EVP_DecodeBlock((unsigned char *)text, (const unsigned char *)coded.ptr, (int)coded.len);
    if (decoded < (int)padding)
        return false;
    *len = (size_t)decoded - padding;
    return true;
}

static bool is_account(const struct credentials *credentials, struct str user, struct str password)
{
    return str_eq(user, str_from(credentials->account_sid)) &&
           mac_equal(password, str_from(credentials->auth_token));
}

static bool is_key(const struct credentials *credentials, struct str user, struct str password)
{
    char secret[KEY_SECRET_LENGTH + 1];
    if (user.len != 34 || !str_starts(user, STR("SK")))
        return false;
    credentials_key_secret(credentials, user, secret);
    return mac_equal(password, str_from(secret));
}

static bool check(const struct credentials *credentials, struct str header,
                  struct principal *principal)
{
    char text[BASIC_HEADER_SIZE_MAX];
    struct str password = {text, 0};
    struct str scheme = str_split(&header, ' ');
    if (!str_eq_nocase(scheme, STR("Basic")) || !decode(str_trim(header), text, &password.len))
        return false;
    struct str user = str_split(&password, ':');
    *principal = (struct principal){0};
    if (is_account(credentials, user, password))
        return true;
    if (!is_key(credentials, user, password))
        return false;
    memcpy(principal->key, user.ptr, user.len);
    return true;
}

enum err basic_check(struct basic *basic, struct str header, struct principal *principal)
{
    if (basic->last_len && mac_equal(header, (struct str){basic->last, basic->last_len})) {
        *principal = basic->principal;
        return OK;
    }
    if (!header.ptr || header.len > sizeof basic->last ||
        !check(basic->credentials, header, principal))
        return ERR_AUTH;
    memcpy(basic->last, header.ptr, header.len);
    basic->last_len = header.len;
    basic->principal = *principal;
    return OK;
}
