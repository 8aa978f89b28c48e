#include "sync/data.h"

#include "base/json.h"

static enum err compact(struct str text, const struct limits *limits, struct buf *out,
                        struct why *why)
{
    struct json_error strict, lenient;
    if (json_compact(text, JSON_STRICT, limits->data_depth_max, out, &strict))
        return OK;
    buf_clear(out);
    if (limits->lenient_json &&
        json_compact(text, JSON_LENIENT, limits->data_depth_max, out, &lenient))
        return OK;
    /* The reading that got further knows better what is wrong. */
    bool further = limits->lenient_json && lenient.offset > strict.offset;
    const struct json_error *error = further ? &lenient : &strict;
    why_set(why, "%s at byte %zu", error->reason, error->offset);
    return ERR_JSON;
}

static enum err check(const struct buf *out, struct why *why)
{
    if (!out->failed && out->ptr[0] != '{') {
        why_set(why, "expected an object at byte 0");
        return ERR_DATA;
    }
    if (out->failed) {
        why_set(why, "at most %zu bytes are kept", out->size_max);
        return ERR_TOO_LARGE;
    }
    return OK;
}

enum err data_parse(struct str text, const struct limits *limits, size_t size_max,
                    struct arena *arena, struct str *data, struct why *why)
{
    struct buf out;
    buf_init_in(&out, arena, size_max);
    enum err e = compact(text, limits, &out, why);
    if (!e)
        e = check(&out, why);
    if (!e)
        *data = buf_str(&out);
    return e;
}
