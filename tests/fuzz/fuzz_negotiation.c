/* What a browser, or a page that would like to be ours, says in its headers. The first line is an
 * Accept-Encoding, the second an If-None-Match, the third a Host, the fourth an Origin. For
 * every input:
 *  - a list of tags with ours behind it has ours;
 *  - a host that is ours has no comma, no space, and is not longer than a name with a port;
 *  - who is admitted has an origin of the same length as its host's, and none is admitted from
 *    elsewhere. */
#include "console/guard.h"
#include "console/negotiation.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tags(struct str list)
{
    static const char tail[] = ",\"ours\"";
    char *longer = malloc(list.len + sizeof tail);
    assert(longer);
    if (list.len)
        memcpy(longer, list.ptr, list.len);
    memcpy(longer + list.len, tail, sizeof tail);
    (void)negotiation_has(list, STR("\"ours\""));
    assert(negotiation_has(str_from(longer), STR("\"ours\"")) || memchr(longer, 0, list.len));
    free(longer);
}

static void check_guard(struct str host, struct str origin)
{
    struct guard_request request = {.local = true, .host = host, .origin = origin};
    if (guard_is_own_name(host)) {
        assert(host.len <= sizeof "localhost:65535" - 1);
        assert(!memchr(host.ptr, ',', host.len) && !memchr(host.ptr, ' ', host.len));
    }
    if (guard_admits(&request)) {
        assert(guard_is_own_name(host));
        assert(!origin.ptr || origin.len == host.len + sizeof "http://" - 1);
    }
    request.local = false;
    assert(!guard_admits(&request));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    struct str encodings = str_split(&rest, '\n'), tags = str_split(&rest, '\n');
    struct str host = str_split(&rest, '\n'), origin = str_split(&rest, '\n');
    (void)negotiation_takes_gzip(encodings);
    check_tags(tags);
    if (host.ptr)
        check_guard(host, origin);
    return 0;
}
