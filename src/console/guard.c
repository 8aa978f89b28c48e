#include "console/guard.h"

enum { PORT_LENGTH_MAX = 5 };

static bool is_port(struct str text)
{
    uint64_t port;
    return text.len <= PORT_LENGTH_MAX && str_to_u64(text, UINT16_MAX, &port);
}

bool guard_is_own_name(struct str host)
{
    static const struct str names[] = {
        STR_INIT("localhost"),
        STR_INIT("127.0.0.1"),
        STR_INIT("[::1]"),
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = names[i].len;
        if (host.len < len || !str_eq_nocase((struct str){host.ptr, len}, names[i]))
            continue;
        struct str tail = {host.ptr + len, host.len - len};
        if (!tail.len)
            return true;
        return tail.ptr[0] == ':' && is_port((struct str){tail.ptr + 1, tail.len - 1});
    }
    return false;
}

/* The server speaks plain HTTP only. */
static bool is_own_origin(struct str origin, struct str host)
{
    struct str scheme = STR("http://");
    return str_starts(origin, scheme) &&
           str_eq_nocase((struct str){origin.ptr + scheme.len, origin.len - scheme.len}, host);
}

bool guard_admits(const struct guard_request *request)
{
    struct str site = request->fetch_site;
    if (!request->local || request->forwarded || !guard_is_own_name(request->host))
        return false;
    if (request->origin.ptr && !is_own_origin(request->origin, request->host))
        return false;
    return !site.ptr || str_eq(site, STR("same-origin")) || str_eq(site, STR("none"));
}
