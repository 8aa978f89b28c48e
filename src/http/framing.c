#include "http/framing.h"

static void add_length(struct framing *framing, struct str value)
{
    if (framing->has_length || !str_to_u64(value, UINT64_MAX, &framing->content_length))
        framing->broken = true;
    framing->has_length = true;
}

static void add_coding(struct framing *framing, struct str value)
{
    if (!str_eq_nocase(value, STR("chunked")))
        framing->other_coding = framing->broken = true;
    if (framing->chunked)
        framing->broken = true;
    framing->chunked = true;
}

void framing_add(struct framing *framing, struct str name, struct str value)
{
    if (str_eq_nocase(name, STR("Content-Length")))
        add_length(framing, value);
    else if (str_eq_nocase(name, STR("Transfer-Encoding")))
        add_coding(framing, value);
}

bool framing_is_sound(const struct framing *framing, bool is_http_1_0)
{
    if (framing->chunked && (framing->has_length || is_http_1_0))
        return false;
    return !framing->broken;
}
