#include "dialect/base_url.h"

enum { HOST_LENGTH_MAX = 255 };

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
}

static bool host_is_plain(struct str host)
{
    if (!host.len || host.len > HOST_LENGTH_MAX)
        return false;
    for (size_t i = 0; i < host.len; i++)
        if (!is_plain(host.ptr[i]))
            return false;
    return true;
}

struct str base_url_of(const char *public_url, const char *address, struct str host,
                       struct arena *arena)
{
    struct str scheme = STR("http://");
    if (public_url)
        return str_from(public_url);
    if (!host_is_plain(host))
        host = str_from(address);
    char *base = arena_alloc(arena, scheme.len + host.len);
    memcpy(base, scheme.ptr, scheme.len);
    memcpy(base + scheme.len, host.ptr, host.len);
    return (struct str){base, scheme.len + host.len};
}
