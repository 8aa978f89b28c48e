#include "auth/issue.h"

#include "base/utf8.h"
#include "sync/limits.h"

static enum err refuse(struct why *why, const char *name, const char *expected, struct str value)
{
    why_set(why, "%s must be %s, not \"%.*s\"", name, expected, STR_ARG(value));
    return ERR_PARAMETER;
}

static bool is_text(struct str text, size_t length_max)
{
    return text.len && utf8_is_valid(text) && utf8_length(text) <= length_max;
}

enum err issue_check(struct issue *issue, struct why *why)
{
    if (!is_text(issue->identity, IDENTITY_LENGTH_MAX))
        return refuse(why, "identity", "1 to 256 characters of UTF-8", issue->identity);
    if (!is_text(issue->service, NAME_LENGTH_MAX))
        return refuse(why, "service", "a SID or a unique name", issue->service);
    if (!str_to_u64(issue->ttl, JWT_LIFETIME_MAX_S, &issue->ttl_s) || !issue->ttl_s)
        return refuse(why, "ttl", "a whole number of seconds from 1 to 86400", issue->ttl);
    if (issue->key.ptr && !credentials_is_key_sid(issue->key))
        return refuse(why, "key", "SK and 32 hexadecimal digits in lower case", issue->key);
    if (!jwt_algorithm(issue->algorithm, &issue->hash))
        return refuse(why, "algorithm", "HS256, HS384 or HS512", issue->algorithm);
    return OK;
}

int64_t issue_token(const struct credentials *credentials, const struct issue *issue,
                    int64_t now_ms, struct buf *out)
{
    int64_t now_s = now_ms / 1000;
    struct jwt jwt = {
        .identity = issue->identity,
        .service = issue->service,
        .key = issue->key,
        .expires_ms = (now_s + (int64_t)issue->ttl_s) * 1000,
    };
    jwt_mint(credentials, issue->hash, &jwt, now_s, out);
    return jwt.expires_ms;
}
