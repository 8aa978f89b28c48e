#include "console/negotiation.h"

/* 0, 0., 0.0, 0.00, 0.000: not at all. */
static bool is_zero(struct str weight)
{
    if (!weight.len || weight.ptr[0] != '0')
        return false;
    for (size_t i = 1; i < weight.len; i++)
        if (weight.ptr[i] != (i == 1 ? '.' : '0'))
            return false;
    return true;
}

static bool is_refused(struct str parameters)
{
    while (parameters.ptr) {
        struct str value = str_trim(str_split(&parameters, ';'));
        struct str name = str_trim(str_split(&value, '='));
        if (str_eq_nocase(name, STR("q")))
            return is_zero(str_trim(value));
    }
    return false;
}

bool negotiation_takes_gzip(struct str accept_encoding)
{
    bool any = false;
    while (accept_encoding.ptr) {
        struct str parameters = str_split(&accept_encoding, ',');
        struct str coding = str_trim(str_split(&parameters, ';'));
        if (str_eq_nocase(coding, STR("gzip")) || str_eq_nocase(coding, STR("x-gzip")))
            return !is_refused(parameters);
        if (str_eq(coding, STR("*")))
            any = !is_refused(parameters);
    }
    return any;
}

/* Our tags have no commas. */
bool negotiation_has(struct str if_none_match, struct str etag)
{
    while (if_none_match.ptr) {
        struct str tag = str_trim(str_split(&if_none_match, ','));
        if (str_starts(tag, STR("W/")))
            tag = (struct str){tag.ptr + 2, tag.len - 2};
        if (str_eq(tag, etag) || str_eq(tag, STR("*")))
            return true;
    }
    return false;
}
