/* The way of a token: split, header, issuer, signature, claims; the first thing wrong ends it. */
#include "auth/jwt.h"

#include "base/base64.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/value.h"
#include "sync/limits.h"

#include <stdlib.h>

#define CONTENT_TYPE "twilio-fpa;v=1"

enum {
    DEPTH_MAX = 32,
    SIGNATURE_LENGTH_MAX = 86,
    CLAIMS_SIZE_MAX = 1 << 20,
    CLOCKS_DIFFER_MS = 300 * 1000, /* by so much that of who makes tokens may be ahead of ours */
};

static const struct str algorithms[] = {
    [MAC_SHA256] = STR_INIT("HS256"),
    [MAC_SHA384] = STR_INIT("HS384"),
    [MAC_SHA512] = STR_INIT("HS512"),
};

bool jwt_algorithm(struct str name, enum mac_hash *hash)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
        *hash = (enum mac_hash)i;
        if (str_eq(algorithms[i], name))
            return true;
    }
    return false;
}

/* The signature of `text`, coded; `at` has room for SIGNATURE_LENGTH_MAX. */
static struct str sign(const struct credentials *credentials, struct str key, enum mac_hash hash,
                       struct str text, char *at)
{
    char secret[KEY_SECRET_LENGTH + 1];
    unsigned char mac[MAC_SIZE_MAX];
    credentials_key_secret(credentials, key, secret);
    size_t size = mac_compute(hash, str_from(secret), text, mac);
    base64_encode((struct str){(const char *)mac, size}, at);
    return (struct str){at, base64_length(size)};
}

/* --- reading --- */

struct parts {
    struct str header;
    struct str claims;
    struct str signed_text; /* both, with the point between them */
    struct str signature;
};

static bool split(struct str token, struct parts *parts)
{
    struct str rest = token;
    parts->header = str_split(&rest, '.');
    parts->claims = str_split(&rest, '.');
    parts->signature = rest;
    parts->signed_text = (struct str){token.ptr, token.len - rest.len - 1};
    return rest.ptr && !memchr(rest.ptr, '.', rest.len);
}

static bool decode_object(struct str coded, struct arena *arena, struct str *object)
{
    struct json_error error;
    size_t size;
    char *text = arena_alloc(arena, coded.len);
    return base64_decode(coded, text, &size) &&
           json_compact_object((struct str){text, size}, DEPTH_MAX, arena, object, &error);
}

/* A member; null is as good as absent. */
static struct str get(struct str object, struct str key)
{
    struct str value = value_get(object, key);
    return str_eq(value, STR("null")) ? (struct str){0} : value;
}

/* A member that is a string; absent when it is none. */
static struct str get_text(struct str object, struct str key, struct arena *arena)
{
    struct str text;
    bool is_text = value_decode_string(get(object, key), arena, &text);
    return is_text ? text : (struct str){0};
}

/* A member that is a number of seconds, with a fraction or without. What no clock will ever
 * show is as good as the year 33658. */
static bool get_time(struct str object, struct str key, struct arena *arena, int64_t *ms)
{
    const double most_s = 1e12;
    struct str value = get(object, key);
    if (!value.ptr || (value.ptr[0] != '-' && (value.ptr[0] < '0' || value.ptr[0] > '9')))
        return false;
    char *text = arena_alloc(arena, value.len + 1);
    memcpy(text, value.ptr, value.len);
    text[value.len] = 0;
    double s = strtod(text, NULL);
    s = s > most_s ? most_s : s < -most_s ? -most_s : s;
    *ms = (int64_t)(s * 1000);
    return true;
}

static enum err read_header(struct str coded, struct arena *arena, enum mac_hash *hash)
{
    struct str header;
    if (!decode_object(coded, arena, &header))
        return ERR_TOKEN;
    bool typed = str_eq(get_text(header, STR("typ"), arena), STR("JWT")) &&
                 (!get(header, STR("cty")).ptr ||
                  str_eq(get_text(header, STR("cty"), arena), STR(CONTENT_TYPE)));
    /* RFC 7515 section 4.1.11: what must be understood and is not. */
    bool critical = value_get(header, STR("crit")).ptr;
    if (typed && !critical && jwt_algorithm(get_text(header, STR("alg"), arena), hash))
        return OK;
    return ERR_TOKEN_HEADER;
}

static enum err judge_times(struct str claims, int64_t now_ms, struct arena *arena,
                            int64_t *expires_ms)
{
    int64_t start_ms = now_ms, not_before_ms = now_ms;
    bool issued = get_time(claims, STR("iat"), arena, &start_ms);
    bool delayed = get_time(claims, STR("nbf"), arena, &not_before_ms);
    if (!issued && get(claims, STR("iat")).ptr)
        return ERR_TOKEN;
    if (!get_time(claims, STR("exp"), arena, expires_ms) || *expires_ms <= now_ms)
        return ERR_TOKEN_EXPIRED;
    if (not_before_ms > now_ms || (!delayed && get(claims, STR("nbf")).ptr))
        return ERR_TOKEN_EARLY;
    /* The later of both: who sets `nbf` back a little, for clocks that differ, may still make
     * tokens for a whole day. */
    if (delayed && (!issued || not_before_ms > start_ms))
        start_ms = not_before_ms;
    if (start_ms > now_ms + CLOCKS_DIFFER_MS) /* or a token could be good for as long as it likes */
        start_ms = now_ms + CLOCKS_DIFFER_MS;
    bool too_long = *expires_ms - start_ms > (int64_t)JWT_LIFETIME_MAX_S * 1000;
    return too_long ? ERR_TOKEN_LONG : OK;
}

static enum err judge_grants(struct str grants, struct arena *arena, struct jwt *jwt)
{
    struct str grant = get(grants, STR("data_sync"));
    jwt->identity = get_text(grants, STR("identity"), arena);
    if (!jwt->identity.len || utf8_length(jwt->identity) > IDENTITY_LENGTH_MAX)
        return ERR_TOKEN_GRANTS;
    jwt->service = STR("default");
    if (get(grant, STR("service_sid")).ptr)
        jwt->service = get_text(grant, STR("service_sid"), arena);
    bool granted = grant.ptr && grant.ptr[0] == '{' && jwt->service.len;
    return granted ? OK : ERR_TOKEN_GRANTS;
}

static enum err judge_claims(const struct credentials *credentials, struct str claims,
                             int64_t now_ms, struct arena *arena, struct jwt *jwt)
{
    struct str account = get_text(claims, STR("sub"), arena);
    if (!str_eq(account, str_from(credentials->account_sid)))
        return ERR_TOKEN_ISSUER;
    enum err e = judge_times(claims, now_ms, arena, &jwt->expires_ms);
    if (e)
        return e;
    return judge_grants(get(claims, STR("grants")), arena, jwt);
}

enum err jwt_verify(const struct credentials *credentials, struct str token, int64_t now_ms,
                    struct arena *arena, struct jwt *jwt)
{
    char own[KEY_SID_LENGTH + 1], signature[SIGNATURE_LENGTH_MAX];
    struct parts parts;
    struct str claims;
    enum mac_hash hash;
    if (token.len > JWT_SIZE_MAX || !split(token, &parts))
        return ERR_TOKEN;
    enum err e = read_header(parts.header, arena, &hash);
    if (e)
        return e;
    if (!decode_object(parts.claims, arena, &claims))
        return ERR_TOKEN;
    jwt->key = get_text(claims, STR("iss"), arena);
    if (!credentials_is_key_sid(jwt->key))
        return ERR_TOKEN_ISSUER;
    struct str right = sign(credentials, jwt->key, hash, parts.signed_text, signature);
    if (!mac_equal(parts.signature, right))
        return ERR_TOKEN_SIGNATURE;
    credentials_own_key(credentials, own);
    if (str_eq(jwt->key, str_from(own)))
        jwt->key = (struct str){0};
    return judge_claims(credentials, claims, now_ms, arena, jwt);
}

/* --- writing --- */

static void add_coded(struct str text, struct buf *out)
{
    size_t len = base64_length(text.len);
    char *at = buf_reserve(out, len);
    if (!at)
        return;
    base64_encode(text, at);
    out->len += len;
}

static void write_claims(const struct credentials *credentials, struct str key,
                         const struct jwt *jwt, int64_t now_s, struct buf *out)
{
    buf_addf(out, "{\"jti\":\"%.*s-%lld\",\"iss\":\"%.*s\",\"sub\":\"%s\"", STR_ARG(key),
             (long long)now_s, STR_ARG(key), credentials->account_sid);
    buf_addf(out, ",\"iat\":%lld,\"exp\":%lld", (long long)now_s,
             (long long)(jwt->expires_ms / 1000));
    buf_add_lit(out, ",\"grants\":{\"identity\":");
    buf_add_json(out, jwt->identity);
    buf_add_lit(out, ",\"data_sync\":{\"service_sid\":");
    buf_add_json(out, jwt->service);
    buf_add_lit(out, "}}}");
}

void jwt_mint(const struct credentials *credentials, enum mac_hash hash, const struct jwt *jwt,
              int64_t now_s, struct buf *out)
{
    char own[KEY_SID_LENGTH + 1], room[SIGNATURE_LENGTH_MAX];
    size_t begin = out->len;
    struct buf json;
    credentials_own_key(credentials, own);
    struct str key = jwt->key.ptr ? jwt->key : str_from(own);
    buf_init(&json, CLAIMS_SIZE_MAX);
    buf_addf(&json, "{\"typ\":\"JWT\",\"alg\":\"%s\",\"cty\":\"" CONTENT_TYPE "\"}",
             algorithms[hash].ptr);
    add_coded(buf_str(&json), out);
    buf_add_char(out, '.');
    buf_clear(&json);
    write_claims(credentials, key, jwt, now_s, &json);
    add_coded(buf_str(&json), out);
    buf_deinit(&json);
    struct str signed_text = {out->ptr + begin, out->len - begin};
    struct str signature = sign(credentials, key, hash, signed_text, room);
    buf_add_char(out, '.');
    buf_add(out, signature);
}
