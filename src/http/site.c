#include "http/site.h"

static bool is_friend(struct str origin, struct str friends)
{
    while (friends.ptr) {
        struct str one = str_trim(str_split(&friends, ','));
        if (str_eq(one, STR("*")) || (one.len && str_eq_nocase(one, origin)))
            return true;
    }
    return false;
}

/* Behind a proxy that ends TLS the scheme is another one here. */
static bool is_own_origin(struct str origin, struct str host)
{
    static const struct str schemes[] = {STR_INIT("http://"), STR_INIT("https://")};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        struct str tail = {origin.ptr + schemes[i].len, origin.len - schemes[i].len};
        if (str_starts(origin, schemes[i]) && str_eq_nocase(tail, host))
            return true;
    }
    return false;
}

bool site_is_foreign(const struct site_request *request, struct str friends)
{
    if (request->origin.ptr && is_friend(request->origin, friends))
        return false;
    if (request->fetch_site.ptr)
        return !str_eq(request->fetch_site, STR("same-origin")) &&
               !str_eq(request->fetch_site, STR("none"));
    return request->origin.ptr && !is_own_origin(request->origin, request->host);
}
