#include "http/framing.h"

#include "base/swar.h"

static bool all_visible(uint64_t bytes)
{
    return !swar_any(bytes | swar_below(bytes, ' ' + 1) | swar_equal(bytes, 0x7f));
}

static bool is_name(struct str name)
{
    for (size_t i = swar_span(name.ptr, name.len, all_visible); i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (c <= ' ' || c >= 0x7f)
            return false;
    }
    return name.len > 0;
}

static void add_length(struct framing *framing, struct str value)
{
    if (framing->has_length || !str_to_u64(value, UINT64_MAX, &framing->content_length))
        framing->broken = true;
    framing->has_length = true;
}

static void add_encoding(struct framing *framing, struct str value)
{
    if (framing->chunked || !str_eq_nocase(value, STR("chunked")))
        framing->broken = true;
    framing->chunked = true;
}

void framing_add(struct framing *framing, struct str name, struct str value)
{
    if (!is_name(name))
        framing->broken = true;
    else if (str_eq_nocase(name, STR("Content-Length")))
        add_length(framing, value);
    else if (str_eq_nocase(name, STR("Transfer-Encoding")))
        add_encoding(framing, value);
}

bool framing_is_sound(const struct framing *framing, struct str version)
{
    if (framing->chunked && (framing->has_length || str_eq(version, STR("HTTP/1.0"))))
        return false;
    return !framing->broken;
}
