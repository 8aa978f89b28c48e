#include "sync/precondition.h"

/* `"1a"` or `1a`, as buf_add_hex writes it: 01 is another string, and no revision. */
static bool parse_revision(struct str tag, uint64_t *revision)
{
    bool quoted = tag.len >= 2 && tag.ptr[0] == '"' && tag.ptr[tag.len - 1] == '"';
    if (quoted)
        tag = (struct str){tag.ptr + 1, tag.len - 2};
    bool padded = tag.len > 1 && tag.ptr[0] == '0';
    return !padded && str_hex_to_u64(tag, revision);
}

enum err precondition_parse(struct str header, struct precondition *precondition)
{
    *precondition = (struct precondition){.given = header.ptr != NULL};
    if (!header.ptr)
        return OK;
    if (str_eq(str_trim(header), STR("*"))) {
        precondition->any = true;
        return OK;
    }
    while (header.ptr) {
        struct str tag = str_trim(str_split(&header, ','));
        if (precondition->count == PRECONDITION_REVISIONS_MAX ||
            !parse_revision(tag, &precondition->revisions[precondition->count]))
            return ERR_IF_MATCH;
        precondition->count++;
    }
    return OK;
}

bool precondition_holds(const struct precondition *precondition, uint64_t revision)
{
    if (!precondition->given || precondition->any)
        return true;
    for (size_t i = 0; i < precondition->count; i++)
        if (precondition->revisions[i] == revision)
            return true;
    return false;
}
