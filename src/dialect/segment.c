#include "dialect/segment.h"

#include <assert.h>

struct str segment_of(enum kind kind)
{
    static const struct str segments[] = {
        [KIND_DOCUMENT] = STR_INIT("Documents"),
        [KIND_LIST] = STR_INIT("Lists"),
        [KIND_MAP] = STR_INIT("Maps"),
        [KIND_STREAM] = STR_INIT("Streams"),
    };
    assert(kind <= KIND_STREAM && segments[kind].ptr);
    return segments[kind];
}
