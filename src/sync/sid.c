#include "sync/sid.h"

#include "base/hex.h"

static const char *prefix_of(enum kind kind)
{
    switch (kind) {
    case KIND_SERVICE:
        return "IS";
    case KIND_KEY:
        return "SK";
    case KIND_DOCUMENT:
        return "ET";
    case KIND_LIST:
        return "ES";
    case KIND_MAP:
        return "MP";
    case KIND_STREAM:
        return "TO";
    case KIND_MESSAGE:
        return "TZ";
    case KIND_LIST_ITEM:
    case KIND_MAP_ITEM:
    case KIND_PERMISSION:
    case KIND_PURGE:
        break;
    }
    return "??"; /* never shown */
}

struct sid sid_of(const struct change *change)
{
    struct sid sid;
    const char *prefix = prefix_of(change->kind);
    sid.text[0] = prefix[0];
    sid.text[1] = prefix[1];
    hex_put(sid.text + 2, change->id);
    hex_put(sid.text + 18, change->salt);
    sid.text[SID_LENGTH] = 0;
    return sid;
}

static bool upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool parse_digits(struct str s, uint64_t *id, uint64_t *salt)
{
    return hex_get(s.ptr + 2, id) && hex_get(s.ptr + 2 + HEX_LENGTH, salt);
}

bool sid_is_shaped(struct str s)
{
    uint64_t id, salt;
    return s.len == SID_LENGTH && upper(s.ptr[0]) && upper(s.ptr[1]) && parse_digits(s, &id, &salt);
}

bool sid_parse(struct str s, enum kind kind, uint64_t *id, uint64_t *salt)
{
    return s.len == SID_LENGTH && memcmp(s.ptr, prefix_of(kind), 2) == 0 &&
           parse_digits(s, id, salt);
}
