/* If-Match. What holds for every input:
 *  - it is refused, or has `*` or 1 to PRECONDITION_REVISIONS_MAX revisions;
 *  - the revisions written again, quoted or bare, are read as the same;
 *  - it holds for its revisions and for no other, unless it is `*`. */
#include "base/buf.h"
#include "sync/precondition.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct precondition read_again(const struct precondition *precondition, const char *quote)
{
    struct precondition again;
    struct buf header;
    buf_init(&header, 32 * PRECONDITION_REVISIONS_MAX);
    for (size_t i = 0; i < precondition->count; i++) {
        buf_add(&header, str_from(i ? " , " : ""));
        buf_add(&header, str_from(quote));
        buf_add_hex(&header, precondition->revisions[i]);
        buf_add(&header, str_from(quote));
    }
    assert(!header.failed);
    enum err e = precondition_parse(buf_str(&header), &again);
    assert(e == OK);
    buf_deinit(&header);
    return again;
}

static void check_same(const struct precondition *a, const struct precondition *b)
{
    assert(a->given && b->given && !b->any && a->count == b->count);
    for (size_t i = 0; i < a->count; i++)
        assert(a->revisions[i] == b->revisions[i]);
}

/* No revision above the highest is in the list. */
static void check_holds(const struct precondition *precondition)
{
    uint64_t highest = 0;
    for (size_t i = 0; i < precondition->count; i++) {
        assert(precondition_holds(precondition, precondition->revisions[i]));
        if (precondition->revisions[i] > highest)
            highest = precondition->revisions[i];
    }
    assert(highest == UINT64_MAX || !precondition_holds(precondition, highest + 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct precondition precondition;
    if (precondition_parse((struct str){(const char *)data, size}, &precondition) != OK)
        return 0;
    assert(precondition.given == (data != NULL));
    if (precondition.any || !precondition.given) {
        assert(precondition.count == 0 && precondition_holds(&precondition, 0));
        return 0;
    }
    assert(precondition.count > 0 && precondition.count <= PRECONDITION_REVISIONS_MAX);
    struct precondition quoted = read_again(&precondition, "\"");
    struct precondition bare = read_again(&precondition, "");
    check_same(&precondition, &quoted);
    check_same(&precondition, &bare);
    check_holds(&precondition);
    return 0;
}
