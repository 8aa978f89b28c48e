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

bool sid_is_shaped(struct str s)
{
    if (s.len != SID_LENGTH || !upper(s.ptr[0]) || !upper(s.ptr[1]))
        return false;
    for (size_t i = 2; i < SID_LENGTH; i++)
        if (!((s.ptr[i] >= '0' && s.ptr[i] <= '9') || (s.ptr[i] >= 'a' && s.ptr[i] <= 'f')))
            return false;
    return true;
}

bool sid_parse(struct str s, enum kind kind, uint64_t *id, uint64_t *salt)
{
    if (s.len != SID_LENGTH || memcmp(s.ptr, prefix_of(kind), 2) != 0)
        return false;
    return str_hex_to_u64((struct str){s.ptr + 2, 16}, id) &&
           str_hex_to_u64((struct str){s.ptr + 18, 16}, salt);
}
