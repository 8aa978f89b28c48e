#include "auth/jwt.h"

#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define ACCOUNT "AC0123456789abcdef0123456789abcdef"
#define KEY     "SK0123456789abcdef0123456789abcdef"
#define SERVICE "IS0123456789abcdef0123456789abcdef"

#define HEADER  "{\"typ\":\"JWT\",\"alg\":\"HS256\",\"cty\":\"twilio-fpa;v=1\"}"
#define ISSUER  "\"iss\":\"" KEY "\",\"sub\":\"" ACCOUNT "\""
#define GRANTS  "\"grants\":{\"identity\":\"alice\",\"data_sync\":{\"service_sid\":\"" SERVICE "\"}}"
#define CLAIMS  "{" ISSUER ",\"exp\":1700003600," GRANTS "}"

#define NOW_MS  INT64_C(1700000000000)

/* Made by the package twilio 5 for the credentials below, at NOW_MS: identity alice, service
 * SERVICE, an hour; one with each algorithm. */
static const char *const official[] = {
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImN0eSI6InR3aWxpby1mcGE7dj0xIn0.eyJqdGkiOiJT"
    "SzAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmLTE3MDAwMDAwMDAiLCJncmFudHMiOnsiaWRl"
    "bnRpdHkiOiJhbGljZSIsImRhdGFfc3luYyI6eyJzZXJ2aWNlX3NpZCI6IklTMDEyMzQ1Njc4OWFiY2Rl"
    "ZjAxMjM0NTY3ODlhYmNkZWYifX0sImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAzNjAwLCJpc3Mi"
    "OiJTSzAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmIiwic3ViIjoiQUMwMTIzNDU2Nzg5YWJj"
    "ZGVmMDEyMzQ1Njc4OWFiY2RlZiJ9.Ab6jv_BGGk9J8gt8M-pQVdzHqiKPfA0GmStMvdEvVtA",
    "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCIsImN0eSI6InR3aWxpby1mcGE7dj0xIn0.eyJqdGkiOiJT"
    "SzAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmLTE3MDAwMDAwMDAiLCJncmFudHMiOnsiaWRl"
    "bnRpdHkiOiJhbGljZSIsImRhdGFfc3luYyI6eyJzZXJ2aWNlX3NpZCI6IklTMDEyMzQ1Njc4OWFiY2Rl"
    "ZjAxMjM0NTY3ODlhYmNkZWYifX0sImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAzNjAwLCJpc3Mi"
    "OiJTSzAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmIiwic3ViIjoiQUMwMTIzNDU2Nzg5YWJj"
    "ZGVmMDEyMzQ1Njc4OWFiY2RlZiJ9.LiUXISLRM4Tpnt3uu-qI14-mu3sIjhrFnUJsjE8FSO8_pxy1IO4"
    "2RvGexkeVW0jw",
    "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCIsImN0eSI6InR3aWxpby1mcGE7dj0xIn0.eyJqdGkiOiJT"
    "SzAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmLTE3MDAwMDAwMDAiLCJncmFudHMiOnsiaWRl"
    "bnRpdHkiOiJhbGljZSIsImRhdGFfc3luYyI6eyJzZXJ2aWNlX3NpZCI6IklTMDEyMzQ1Njc4OWFiY2Rl"
    "ZjAxMjM0NTY3ODlhYmNkZWYifX0sImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAzNjAwLCJpc3Mi"
    "OiJTSzAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmIiwic3ViIjoiQUMwMTIzNDU2Nzg5YWJj"
    "ZGVmMDEyMzQ1Njc4OWFiY2RlZiJ9.TDszCoAkdYsmVGFB3FS2y49OIJrmBDzR4jfT98orMmCkpHTQDzs"
    "Ad_Mc-2xzbK1QeiTytu_tdSPHD3hXCH-pNg",
};

/* The same, with identity 42, a region, a room of video, no service, a day from NOW_MS, `nbf` ten
 * seconds before. */
static const char official_full[] =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImN0eSI6InR3aWxpby1mcGE7dj0xIiwidHdyIjoiaWUx"
    "In0.eyJqdGkiOiJTSzAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmLTE3MDAwMDAwMDAiLCJn"
    "cmFudHMiOnsiaWRlbnRpdHkiOiI0MiIsInZpZGVvIjp7InJvb20iOiJyIn0sImRhdGFfc3luYyI6e319"
    "LCJuYmYiOjE2OTk5OTk5OTAsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDg2NDAwLCJpc3MiOiJT"
    "SzAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmIiwic3ViIjoiQUMwMTIzNDU2Nzg5YWJjZGVm"
    "MDEyMzQ1Njc4OWFiY2RlZiJ9.766Xp44J-NbBWPqIWy8GRITJd1_h70js6Qd6X4QPT9w";

static const struct credentials credentials = {
    .account_sid = ACCOUNT,
    .auth_token = "token",
    .secret = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16,
               17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32},
};

struct bench {
    struct arena arena;
    struct jwt jwt;
    struct buf token;
};

static int begin(void **state)
{
    static struct bench bench;
    bench = (struct bench){0};
    arena_init(&bench.arena);
    buf_init(&bench.token, 1 << 20);
    *state = &bench;
    return 0;
}

static int end(void **state)
{
    struct bench *bench = *state;
    buf_deinit(&bench->token);
    arena_deinit(&bench->arena);
    return 0;
}

/* From a block of exactly its size, so that a sanitizer sees reads beyond it. */
static enum err verify_at(struct bench *bench, struct str token, int64_t now_ms)
{
    char *exact = malloc(token.len + !token.len);
    memcpy(exact, token.ptr, token.len);
    enum err e = jwt_verify(&credentials, (struct str){exact, token.len}, now_ms, &bench->arena,
                            &bench->jwt);
    free(exact);
    return e;
}

static enum err verify(struct bench *bench, const char *token)
{
    return verify_at(bench, str_from(token), NOW_MS);
}

static void add_coded(struct buf *out, struct str text)
{
    base64_encode(text, buf_reserve(out, base64_length(text.len)));
    out->len += base64_length(text.len);
}

/* A token with the right signature of that key, whatever its parts say. */
static struct str sign_with(struct bench *bench, const char *key, enum mac_hash hash,
                            const char *header, const char *claims)
{
    char secret[KEY_SECRET_LENGTH + 1];
    unsigned char mac[MAC_SIZE_MAX];
    struct buf *token = &bench->token;
    buf_clear(token);
    add_coded(token, str_from(header));
    buf_add_char(token, '.');
    add_coded(token, str_from(claims));
    credentials_key_secret(&credentials, str_from(key), secret);
    size_t size = mac_compute(hash, str_from(secret), buf_str(token), mac);
    buf_add_char(token, '.');
    add_coded(token, (struct str){(const char *)mac, size});
    return buf_str(token);
}

static struct str sign(struct bench *bench, const char *header, const char *claims)
{
    return sign_with(bench, KEY, MAC_SHA256, header, claims);
}

static enum err verify_signed(struct bench *bench, const char *header, const char *claims)
{
    return verify_at(bench, sign(bench, header, claims), NOW_MS);
}

/* Claims that are right but for these, which stand where the times do. */
static enum err verify_times(struct bench *bench, const char *times)
{
    char claims[1024];
    snprintf(claims, sizeof claims, "{" ISSUER ",%s" GRANTS "}", times);
    return verify_signed(bench, HEADER, claims);
}

static enum err verify_grants(struct bench *bench, const char *grants)
{
    char claims[4096];
    snprintf(claims, sizeof claims, "{" ISSUER ",\"exp\":1700003600%s}", grants);
    return verify_signed(bench, HEADER, claims);
}

static void assert_str(struct str s, const char *text)
{
    assert_int_equal(s.len, strlen(text));
    assert_memory_equal(s.ptr, text, s.len);
}

static void tokens_of_the_official_library_are_good(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof official / sizeof *official; i++) {
        assert_int_equal(verify(bench, official[i]), OK);
        assert_str(bench->jwt.identity, "alice");
        assert_str(bench->jwt.service, SERVICE);
        assert_str(bench->jwt.key, KEY);
        assert_int_equal(bench->jwt.expires_ms, NOW_MS + 3600 * 1000);
    }
    assert_int_equal(verify(bench, official_full), OK);
    assert_str(bench->jwt.identity, "42");
    assert_str(bench->jwt.service, "default");
}

static void what_is_not_three_parts_of_base64url_is_no_token(void **state)
{
    struct bench *bench = *state;
    const char *const tokens[] = {
        "",
        ".",
        "..",
        "...",
        "a",
        "a.b",
        "garbage",
        "eyJ9.eyJ9.",
        "!.e30.",
        "e30.e30.e30.e30.e30",
        "\xff\xfe.\x80.\x01",
    };
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
        assert_int_equal(verify(bench, tokens[i]), ERR_TOKEN);
}

static void a_token_cut_short_is_refused(void **state)
{
    struct bench *bench = *state;
    struct str token = str_from(official[0]);
    for (size_t len = 0; len < token.len; len++) {
        enum err e = verify_at(bench, (struct str){token.ptr, len}, NOW_MS);
        assert_true(e == ERR_TOKEN || e == ERR_TOKEN_SIGNATURE);
    }
}

static void a_token_with_any_character_changed_is_refused(void **state)
{
    struct bench *bench = *state;
    char token[1024];
    size_t len = strlen(official[0]);
    for (size_t i = 0; i < len; i++) {
        memcpy(token, official[0], len + 1);
        token[i] = token[i] == 'A' ? 'B' : 'A';
        assert_int_not_equal(verify(bench, token), OK);
        token[i] = '=';
        assert_int_not_equal(verify(bench, token), OK);
    }
}

/* The last character of 43 holds two bits of nothing: they must be zeros. */
static void a_signature_has_one_spelling(void **state)
{
    struct bench *bench = *state;
    char token[1024];
    int spellings = 0;
    snprintf(token, sizeof token, "%s", official[0]);
    for (char c = '-'; c <= 'z'; c++) {
        token[strlen(token) - 1] = c;
        spellings += verify(bench, token) == OK;
    }
    assert_int_equal(spellings, 1);
}

static void padding_is_refused(void **state)
{
    struct bench *bench = *state;
    char token[1024];
    struct str rest = sign(bench, HEADER, CLAIMS);
    struct str header = str_split(&rest, '.'), claims = str_split(&rest, '.');
    snprintf(token, sizeof token, "%.*s=.%.*s.%.*s", STR_ARG(header), STR_ARG(claims),
             STR_ARG(rest));
    assert_int_equal(verify(bench, token), ERR_TOKEN);
    snprintf(token, sizeof token, "%.*s.%.*s=.%.*s", STR_ARG(header), STR_ARG(claims),
             STR_ARG(rest));
    assert_int_equal(verify(bench, token), ERR_TOKEN);
    snprintf(token, sizeof token, "%s=", official[0]);
    assert_int_equal(verify(bench, token), ERR_TOKEN_SIGNATURE);
}

static void a_token_that_is_too_large_is_refused_unread(void **state)
{
    struct bench *bench = *state;
    static char claims[JWT_SIZE_MAX];
    int room = 3 * JWT_SIZE_MAX / 4;
    for (int size = room; size > room - 200; size--) {
        snprintf(claims, sizeof claims, "{\"x\":\"%*s\"," ISSUER ",\"exp\":1700003600," GRANTS "}",
                 size - 300, "");
        struct str token = sign(bench, HEADER, claims);
        assert_int_equal(verify_at(bench, token, NOW_MS),
                         token.len > JWT_SIZE_MAX ? ERR_TOKEN : OK);
    }
}

static void a_header_of_another_type_is_refused(void **state)
{
    struct bench *bench = *state;
    const char *const headers[] = {
        "{}",
        "{\"alg\":\"HS256\"}",
        "{\"typ\":\"JWT\"}",
        "{\"typ\":\"JWE\",\"alg\":\"HS256\"}",
        "{\"typ\":1,\"alg\":\"HS256\"}",
        "{\"typ\":\"JWT\",\"alg\":\"HS256\",\"cty\":\"twilio-fpa;v=2\"}",
        "{\"typ\":\"JWT\",\"alg\":\"HS256\",\"cty\":1}",
        "{\"typ\":\"JWT\",\"alg\":\"HS256\",\"cty\":\"\"}",
        "{\"typ\":\"JWT\",\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
        "{\"typ\":\"JWT\",\"alg\":\"HS256\",\"crit\":null}",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        assert_int_equal(verify_signed(bench, headers[i], CLAIMS), ERR_TOKEN_HEADER);
    assert_int_equal(verify_signed(bench, "{\"alg\":\"HS256\",\"typ\":\"JWT\"}", CLAIMS), OK);
    assert_int_equal(verify_signed(bench, "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"cty\":null}",
                                   CLAIMS),
                     OK);
}

static void only_three_algorithms_sign(void **state)
{
    struct bench *bench = *state;
    const char *const names[] = {"\"none\"",  "\"None\"",    "\"\"",      "\"hs256\"",
                                 "\"RS256\"", "\"ES256\"",   "\"HS1\"",   "\"HS256 \"",
                                 "null",      "[\"HS256\"]", "\"PS512\"", "256"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char header[128];
        snprintf(header, sizeof header, "{\"typ\":\"JWT\",\"alg\":%s}", names[i]);
        assert_int_equal(verify_signed(bench, header, CLAIMS), ERR_TOKEN_HEADER);
        struct str token = sign(bench, header, CLAIMS);
        token.len -= 43; /* and without a signature */
        assert_int_equal(verify_at(bench, token, NOW_MS), ERR_TOKEN_HEADER);
    }
}

static void the_algorithm_is_that_of_the_header(void **state)
{
    struct bench *bench = *state;
    const char *const names[] = {"HS256", "HS384", "HS512"};
    for (int named = MAC_SHA256; named <= MAC_SHA512; named++) {
        for (int used = MAC_SHA256; used <= MAC_SHA512; used++) {
            char header[128];
            snprintf(header, sizeof header, "{\"typ\":\"JWT\",\"alg\":\"%s\"}", names[named]);
            struct str token = sign_with(bench, KEY, (enum mac_hash)used, header, CLAIMS);
            assert_int_equal(verify_at(bench, token, NOW_MS),
                             named == used ? OK : ERR_TOKEN_SIGNATURE);
        }
    }
}

static void parts_that_are_no_objects_are_no_token(void **state)
{
    struct bench *bench = *state;
    const char *const texts[] = {"",      "1",     "\"JWT\"",         "[]", "null", "{]",
                                 "{} {}", "{a:1}", "{\"a\":\"\xff\"}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(verify_signed(bench, texts[i], CLAIMS), ERR_TOKEN);
        assert_int_equal(verify_signed(bench, HEADER, texts[i]), ERR_TOKEN);
    }
}

static void the_issuer_is_a_key(void **state)
{
    struct bench *bench = *state;
    const char *const issuers[] = {
        "",
        ",\"iss\":null",
        ",\"iss\":1",
        ",\"iss\":\"\"",
        ",\"iss\":\"" ACCOUNT "\"",
        ",\"iss\":\"" KEY "0\"",
        ",\"iss\":\"SK0123456789abcdef0123456789abcde\"",
        ",\"iss\":\"SK0123456789ABCDEF0123456789ABCDEF\"",
        ",\"iss\":\"SK0123456789abcdef0123456789abcdeg\"",
        ",\"iss\":[\"" KEY "\"]",
    };
    for (size_t i = 0; i < sizeof issuers / sizeof *issuers; i++) {
        char claims[1024];
        snprintf(claims, sizeof claims, "{\"sub\":\"" ACCOUNT "\",\"exp\":1700003600," GRANTS "%s}",
                 issuers[i]);
        assert_int_equal(verify_signed(bench, HEADER, claims), ERR_TOKEN_ISSUER);
    }
}

static void the_subject_is_our_account(void **state)
{
    struct bench *bench = *state;
    const char *const subjects[] = {"", ",\"sub\":null", ",\"sub\":\"\"",
                                    ",\"sub\":\"AC0123456789abcdef0123456789abcdee\"",
                                    ",\"sub\":[\"" ACCOUNT "\"]"};
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        char claims[1024];
        snprintf(claims, sizeof claims, "{\"iss\":\"" KEY "\",\"exp\":1700003600," GRANTS "%s}",
                 subjects[i]);
        assert_int_equal(verify_signed(bench, HEADER, claims), ERR_TOKEN_ISSUER);
    }
}

static void another_keys_signature_is_refused(void **state)
{
    struct bench *bench = *state;
    const char *other = "SK0123456789abcdef0123456789abcdee";
    struct str token = sign_with(bench, other, MAC_SHA256, HEADER, CLAIMS);
    assert_int_equal(verify_at(bench, token, NOW_MS), ERR_TOKEN_SIGNATURE);
}

/* Who cannot sign learns nothing of what would be judged. */
static void the_signature_comes_before_the_claims(void **state)
{
    struct bench *bench = *state;
    const char *other = "SK0123456789abcdef0123456789abcdee";
    const char *const claims[] = {
        "{\"iss\":\"" KEY "\"}",
        "{\"iss\":\"" KEY "\",\"sub\":\"" ACCOUNT "\",\"exp\":1}",
        "{" ISSUER ",\"exp\":1700003600}",
    };
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
        assert_int_equal(verify_at(bench, sign_with(bench, other, MAC_SHA256, HEADER, claims[i]),
                                   NOW_MS),
                         ERR_TOKEN_SIGNATURE);
}

static void a_token_expires(void **state)
{
    struct bench *bench = *state;
    const char *const expired[] = {
        "",
        "\"exp\":null,",
        "\"exp\":\"1700003600\",",
        "\"exp\":true,",
        "\"exp\":{},",
        "\"exp\":0,",
        "\"exp\":-1,",
        "\"exp\":1700000000,",
        "\"exp\":1699999999.999,",
        "\"exp\":-1e300,",
        "\"exp\":-1e9999,",
        "\"exp\":1e-400,",
    };
    for (size_t i = 0; i < sizeof expired / sizeof *expired; i++)
        assert_int_equal(verify_times(bench, expired[i]), ERR_TOKEN_EXPIRED);
    assert_int_equal(verify_times(bench, "\"exp\":1700000000.5,"), OK);
    assert_int_equal(bench->jwt.expires_ms, NOW_MS + 500);
    assert_int_equal(verify_times(bench, "\"exp\":1.7000036e9,"), OK);
    assert_int_equal(bench->jwt.expires_ms, NOW_MS + 3600 * 1000);
    struct str token = str_from(official[0]);
    assert_int_equal(verify_at(bench, token, NOW_MS + 3599 * 1000), OK);
    assert_int_equal(verify_at(bench, token, NOW_MS + 3600 * 1000), ERR_TOKEN_EXPIRED);
}

static void a_token_begins(void **state)
{
    struct bench *bench = *state;
    const char *const early[] = {
        "\"nbf\":1700000001,",     "\"nbf\":1700000000.5,", "\"nbf\":1e300,",
        "\"nbf\":\"1700000000\",", "\"nbf\":{},",           "\"nbf\":false,",
    };
    for (size_t i = 0; i < sizeof early / sizeof *early; i++) {
        char times[128];
        snprintf(times, sizeof times, "%s\"exp\":1700003600,", early[i]);
        assert_int_equal(verify_times(bench, times), ERR_TOKEN_EARLY);
    }
    assert_int_equal(verify_times(bench, "\"nbf\":1700000000,\"exp\":1700003600,"), OK);
    assert_int_equal(verify_times(bench, "\"nbf\":null,\"iat\":null,\"exp\":1700003600,"), OK);
    assert_int_equal(verify_times(bench, "\"iat\":\"x\",\"exp\":1700003600,"), ERR_TOKEN);
    assert_int_equal(verify_times(bench, "\"iat\":[],\"exp\":1700003600,"), ERR_TOKEN);
}

static void a_token_is_good_for_a_day_at_most(void **state)
{
    struct bench *bench = *state;
    const struct {
        const char *times;
        enum err err;
    } rows[] = {
        {"\"exp\":1700086400,", OK},
        {"\"exp\":1700086400.5,", ERR_TOKEN_LONG},
        {"\"exp\":1e300,", ERR_TOKEN_LONG},
        {"\"exp\":1e9999,", ERR_TOKEN_LONG},
        {"\"exp\":9223372036854775807,", ERR_TOKEN_LONG},
        {"\"exp\":18446744073709551616000000000000,", ERR_TOKEN_LONG},
        {"\"iat\":1699999990,\"exp\":1700086390,", OK},
        {"\"iat\":1699999990,\"exp\":1700086391,", ERR_TOKEN_LONG},
        {"\"nbf\":1699999990,\"exp\":1700086391,", ERR_TOKEN_LONG},
        {"\"nbf\":1699999990,\"iat\":1700000000,\"exp\":1700086400,", OK},
        {"\"nbf\":1700000000,\"iat\":1699999990,\"exp\":1700086400,", OK},
        {"\"nbf\":1700000000,\"iat\":1699999990,\"exp\":1700086401,", ERR_TOKEN_LONG},
        {"\"iat\":1700000300,\"exp\":1700086700,", OK}, /* clocks may differ by five minutes */
        {"\"iat\":1700000301,\"exp\":1700086701,", ERR_TOKEN_LONG},
        {"\"iat\":1999999999,\"exp\":2000000000,", ERR_TOKEN_LONG},
        {"\"iat\":-1e300,\"exp\":1700000001,", ERR_TOKEN_LONG},
        {"\"nbf\":-1e9999,\"exp\":1e9999,", ERR_TOKEN_LONG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(verify_times(bench, rows[i].times), rows[i].err);
}

static void grants_are_for_somebody_and_for_sync(void **state)
{
    struct bench *bench = *state;
    const char *const grants[] = {
        "",
        ",\"grants\":null",
        ",\"grants\":[]",
        ",\"grants\":{}",
        ",\"grants\":{\"identity\":\"alice\"}",
        ",\"grants\":{\"identity\":\"alice\",\"data_sync\":null}",
        ",\"grants\":{\"identity\":\"alice\",\"data_sync\":true}",
        ",\"grants\":{\"identity\":\"alice\",\"data_sync\":[]}",
        ",\"grants\":{\"identity\":\"alice\",\"data_sync\":\"{}\"}",
        ",\"grants\":{\"identity\":\"alice\",\"data_sync\":{\"service_sid\":\"\"}}",
        ",\"grants\":{\"identity\":\"alice\",\"data_sync\":{\"service_sid\":1}}",
        ",\"grants\":{\"identity\":\"alice\",\"data_sync\":{\"service_sid\":{}}}",
        ",\"grants\":{\"data_sync\":{}}",
        ",\"grants\":{\"identity\":\"\",\"data_sync\":{}}",
        ",\"grants\":{\"identity\":null,\"data_sync\":{}}",
        ",\"grants\":{\"identity\":42,\"data_sync\":{}}",
        ",\"grants\":{\"identity\":[\"alice\"],\"data_sync\":{}}",
        ",\"grants\":{\"identity\":\"\\ud800\",\"data_sync\":{}}",
        ",\"identity\":\"alice\",\"data_sync\":{}",
    };
    for (size_t i = 0; i < sizeof grants / sizeof *grants; i++)
        assert_int_equal(verify_grants(bench, grants[i]), ERR_TOKEN_GRANTS);
    assert_int_equal(verify_grants(bench, ",\"grants\":{\"chat\":{},\"data_sync\":"
                                          "{\"service_sid\":null},\"identity\":\"\\u00e9\"}"),
                     OK);
    assert_str(bench->jwt.identity, "\xc3\xa9");
    assert_str(bench->jwt.service, "default");
}

static void an_identity_has_at_most_256_characters(void **state)
{
    struct bench *bench = *state;
    char identity[1024] = "", grants[2048];
    for (int i = 0; i < 256; i++)
        strcat(identity, "\xc3\xa9");
    const char *format = ",\"grants\":{\"identity\":\"%s%s\",\"data_sync\":{}}";
    snprintf(grants, sizeof grants, format, identity, "");
    assert_int_equal(verify_grants(bench, grants), OK);
    snprintf(grants, sizeof grants, format, identity, "x");
    assert_int_equal(verify_grants(bench, grants), ERR_TOKEN_GRANTS);
}

static void what_we_mint_is_good(void **state)
{
    struct bench *bench = *state;
    const struct jwt jwt = {STR("a \"b\" \xc3\xa9"), STR("default"), STR(KEY), NOW_MS + 60000};
    for (int hash = MAC_SHA256; hash <= MAC_SHA512; hash++) {
        buf_clear(&bench->token);
        jwt_mint(&credentials, (enum mac_hash)hash, &jwt, NOW_MS / 1000, &bench->token);
        assert_int_equal(verify_at(bench, buf_str(&bench->token), NOW_MS), OK);
        assert_true(str_eq(bench->jwt.identity, jwt.identity));
        assert_str(bench->jwt.service, "default");
        assert_str(bench->jwt.key, KEY);
        assert_int_equal(bench->jwt.expires_ms, NOW_MS + 60000);
    }
}

static void the_servers_own_key_is_no_key_to_look_for(void **state)
{
    struct bench *bench = *state;
    const struct jwt jwt = {STR("alice"), STR(SERVICE), {0}, NOW_MS + 60000};
    struct credentials others = credentials;
    others.secret[0]++;
    jwt_mint(&credentials, MAC_SHA256, &jwt, NOW_MS / 1000, &bench->token);
    assert_int_equal(verify_at(bench, buf_str(&bench->token), NOW_MS), OK);
    assert_null(bench->jwt.key.ptr);
    buf_clear(&bench->token);
    jwt_mint(&others, MAC_SHA256, &jwt, NOW_MS / 1000, &bench->token);
    assert_int_equal(verify_at(bench, buf_str(&bench->token), NOW_MS), ERR_TOKEN_SIGNATURE);
}

static void a_token_is_appended_to_what_is_there(void **state)
{
    struct bench *bench = *state;
    const struct jwt jwt = {STR("alice"), STR(SERVICE), {0}, NOW_MS + 60000};
    buf_add_lit(&bench->token, "token=");
    jwt_mint(&credentials, MAC_SHA256, &jwt, NOW_MS / 1000, &bench->token);
    struct str token = buf_str(&bench->token);
    assert_true(str_starts(token, STR("token=")));
    assert_int_equal(verify_at(bench, (struct str){token.ptr + 6, token.len - 6}, NOW_MS), OK);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(tokens_of_the_official_library_are_good),
        TEST(what_is_not_three_parts_of_base64url_is_no_token),
        TEST(a_token_cut_short_is_refused),
        TEST(a_token_with_any_character_changed_is_refused),
        TEST(a_signature_has_one_spelling),
        TEST(padding_is_refused),
        TEST(a_token_that_is_too_large_is_refused_unread),
        TEST(a_header_of_another_type_is_refused),
        TEST(only_three_algorithms_sign),
        TEST(the_algorithm_is_that_of_the_header),
        TEST(parts_that_are_no_objects_are_no_token),
        TEST(the_issuer_is_a_key),
        TEST(the_subject_is_our_account),
        TEST(another_keys_signature_is_refused),
        TEST(the_signature_comes_before_the_claims),
        TEST(a_token_expires),
        TEST(a_token_begins),
        TEST(a_token_is_good_for_a_day_at_most),
        TEST(grants_are_for_somebody_and_for_sync),
        TEST(an_identity_has_at_most_256_characters),
        TEST(what_we_mint_is_good),
        TEST(the_servers_own_key_is_no_key_to_look_for),
        TEST(a_token_is_appended_to_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
