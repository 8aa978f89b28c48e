#include "auth/basic.h"

#include "base/mac.h"

#include <openssl/evp.h>

enum { SID_LENGTH_SHOWN = 34 };

void basic_init(struct basic *basic, const struct credentials *credentials, struct guesses *guesses,
                struct log *log)
{
    *basic = (struct basic){.credentials = credentials, .guesses = guesses, .log = log};
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

static bool is_right(const struct credentials *credentials, struct str user, struct str password,
                     struct principal *principal)
{
    *principal = (struct principal){0};
    if (is_account(credentials, user, password))
        return true;
    if (!is_key(credentials, user, password))
        return false;
    memcpy(principal->key, user.ptr, user.len);
    return true;
}

/* A name that is no SID may be anything, a password that went into the wrong field, too. */
static struct str user_to_show(struct str user)
{
    bool is_sid = user.len == SID_LENGTH_SHOWN &&
                  (str_starts(user, STR("AC")) || str_starts(user, STR("SK")));
    return is_sid ? user : (struct str){0};
}

static void log_refusal(const struct basic *basic, struct str user, const char *address,
                        const char *reason)
{
    struct log_line line;
    log_begin_limited(&line, basic->log, LOG_WARN, "credentials refused");
    log_text(&line, "address", address);
    log_str(&line, "user", user_to_show(user));
    log_text(&line, "reason", reason);
    log_end(&line);
}

static enum err check(struct basic *basic, const struct basic_attempt *attempt,
                      struct principal *principal)
{
    char text[BASIC_HEADER_SIZE_MAX];
    struct str header = attempt->header, user = {0}, password = {text, 0};
    struct str scheme = str_split(&header, ' ');
    bool readable = attempt->header.len <= sizeof basic->last &&
                    str_eq_nocase(scheme, STR("Basic")) &&
                    decode(str_trim(header), text, &password.len);
    if (readable)
        user = str_split(&password, ':');
    if (readable && is_right(basic->credentials, user, password, principal))
        return OK;
    guesses_wrong(basic->guesses, attempt->network, attempt->now_ns);
    log_refusal(basic, user, attempt->address, "wrong");
    return ERR_AUTH;
}

/* The pause comes first: during one, that a header is the last right one must not show either. */
enum err basic_check(struct basic *basic, struct basic_attempt *attempt,
                     struct principal *principal)
{
    struct str header = attempt->header;
    if (!header.ptr)
        return ERR_AUTH;
    attempt->pause_s = guesses_pause_s(basic->guesses, attempt->network, attempt->now_ns);
    if (attempt->pause_s)
        return ERR_GUESSES;
    if (basic->last_len && mac_equal(header, (struct str){basic->last, basic->last_len})) {
        *principal = basic->principal;
        return OK;
    }
    enum err e = check(basic, attempt, principal);
    if (e)
        return e;
    memcpy(basic->last, header.ptr, header.len);
    basic->last_len = header.len;
    basic->principal = *principal;
    return OK;
}

void basic_log_gone(const struct basic *basic, const struct principal *principal,
                    const char *address)
{
    log_refusal(basic, str_from(principal->key), address, "the key was removed");
}

struct str basic_user(const struct basic *basic, const struct principal *principal)
{
    return str_from(principal->key[0] ? principal->key : basic->credentials->account_sid);
}
