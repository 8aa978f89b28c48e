#include "http/target.h"

#include "http/characters.h"

/* Move `target` behind a scheme and its "//"; false when there is none. */
static bool skip_scheme(struct str *target)
{
    static const struct str schemes[] = {STR_INIT("http://"), STR_INIT("https://")};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        struct str head = {target->ptr, schemes[i].len};
        if (target->len < head.len || !str_eq_nocase(head, schemes[i]))
            continue;
        target->ptr += head.len;
        target->len -= head.len;
        return true;
    }
    return false;
}

static void skip_authority(struct str *target)
{
    while (target->len && *target->ptr != '/' && *target->ptr != '?') {
        target->ptr++;
        target->len--;
    }
}

bool target_split(struct str target, struct str *path, struct str *query)
{
    if (!characters_are_target(target))
        return false;
    bool absolute = skip_scheme(&target);
    if (absolute)
        skip_authority(&target);
    *query = target;
    *path = str_split(query, '?');
    if (absolute && path->len == 0)
        *path = STR("/");
    return str_starts(*path, STR("/")) || str_eq(*path, STR("*"));
}
