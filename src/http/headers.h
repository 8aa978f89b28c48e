/* The headers of a request. Names are compared without regard to case; several of one name are one
 * list, joined by ", " (RFC 9110, 5.1 and 5.2). */
#ifndef HTTP_HEADERS_H
#define HTTP_HEADERS_H

#include "base/arena.h"

struct header {
    struct header *next;
    struct str name;
    struct str value;
};

/* In the order of their coming, last one first. */
struct headers {
    struct header *last;
};

/* `name` and `value` live as long as `arena`. */
const struct header *headers_add(struct headers *headers, struct arena *arena, struct str name,
                                 struct str value);

/* The value of the headers of that name, absent if there are none. Joined in `arena`. */
struct str headers_find(const struct headers *headers, struct arena *arena, struct str name);

#endif
