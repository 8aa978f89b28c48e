#include "ws/handshake.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

enum { KEY_LENGTH = 24, KEY_DIGITS = 22, WINDOW_BITS_MIN = 8, WINDOW_BITS_MAX = 15 };

/* RFC 6455 section 1.3. */
static const struct str guid = STR_INIT("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");

static bool has_token(struct str list, struct str token)
{
    while (list.ptr)
        if (str_eq_nocase(str_trim(str_split(&list, ',')), token))
            return true;
    return false;
}

/* 16 bytes in base64. */
static bool key_is_sound(struct str key)
{
    if (key.len != KEY_LENGTH)
        return false;
    for (size_t i = 0; i < KEY_DIGITS; i++) {
        char c = key.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '+' && c != '/')
            return false;
    }
    return key.ptr[KEY_DIGITS] == '=' && key.ptr[KEY_DIGITS + 1] == '=';
}

static void write_accept(struct str key, char accept[HANDSHAKE_ACCEPT_LENGTH + 1])
{
    char text[KEY_LENGTH + 36];
    unsigned char hash[SHA_DIGEST_LENGTH];
    memcpy(text, key.ptr, KEY_LENGTH);
    memcpy(text + KEY_LENGTH, guid.ptr, guid.len);
    SHA1((const unsigned char *)text, sizeof text, hash);
    EVP_EncodeBlock((unsigned char *)accept, hash, sizeof hash);
}

/* --- permessage-deflate (RFC 7692 section 7.1) --- */

enum parameter {
    SERVER_NO_TAKEOVER,
    CLIENT_NO_TAKEOVER,
    SERVER_WINDOW,
    CLIENT_WINDOW,
    PARAMETERS,
};

static enum parameter find_parameter(struct str name)
{
    static const struct str names[] = {
        [SERVER_NO_TAKEOVER] = STR_INIT("server_no_context_takeover"),
        [CLIENT_NO_TAKEOVER] = STR_INIT("client_no_context_takeover"),
        [SERVER_WINDOW] = STR_INIT("server_max_window_bits"),
        [CLIENT_WINDOW] = STR_INIT("client_max_window_bits"),
    };
    enum parameter at = SERVER_NO_TAKEOVER;
    while (at < PARAMETERS && !str_eq_nocase(names[at], name))
        at++;
    return at;
}

static struct str without_quotes(struct str value)
{
    if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
        return (struct str){value.ptr + 1, value.len - 2};
    return value;
}

/* Who agrees to server_max_window_bits has to answer it (section 7.1.2.1). Our frames are made for
 * a window of 15 bits, and shared, and our answer is always the same: so it is never agreed to. */
static bool value_is_good(enum parameter parameter, struct str value)
{
    uint64_t bits;
    if (parameter == SERVER_NO_TAKEOVER || parameter == CLIENT_NO_TAKEOVER)
        return !value.ptr;
    if (parameter == SERVER_WINDOW || !value.ptr)
        return parameter == CLIENT_WINDOW;
    if (!str_to_u64(value, WINDOW_BITS_MAX, &bits) || value.ptr[0] == '0')
        return false;
    return bits >= WINDOW_BITS_MIN;
}

static bool offer_is_good(struct str offer)
{
    bool seen[PARAMETERS] = {false};
    if (!str_eq_nocase(str_trim(str_split(&offer, ';')), STR("permessage-deflate")))
        return false;
    while (offer.ptr) {
        struct str value = str_trim(str_split(&offer, ';'));
        struct str name = str_trim(str_split(&value, '='));
        enum parameter parameter = find_parameter(name);
        if (value.ptr)
            value = without_quotes(str_trim(value));
        if (parameter == PARAMETERS || seen[parameter] || !value_is_good(parameter, value))
            return false;
        seen[parameter] = true;
    }
    return true;
}

static bool has_good_offer(struct str extensions)
{
    while (extensions.ptr)
        if (offer_is_good(str_split(&extensions, ',')))
            return true;
    return false;
}

void handshake_answer(const struct handshake_request *request, bool compression,
                      struct handshake *handshake)
{
    *handshake = (struct handshake){.status = 400};
    if (!request->host.ptr || !has_token(request->upgrade, STR("websocket")) ||
        !has_token(request->connection, STR("upgrade")))
        return;
    if (!str_eq(str_trim(request->version), STR("13"))) {
        handshake->status = 426;
        return;
    }
    if (!key_is_sound(str_trim(request->key)))
        return;
    handshake->status = 101;
    handshake->deflate = compression && has_good_offer(request->extensions);
    write_accept(str_trim(request->key), handshake->accept);
}
