/* Which entry of a table serves a method and a path.
 *
 *   static const struct route routes[] = {
 *       {"GET",  "/v1/Services/{service}/Documents",      &documents_list},
 *       {"POST", "/v1/Services/{service}/Documents",      &document_create},
 *       {"GET",  "/v1/Services/{service}/Documents/{id}", &document_fetch},
 *       {0},
 *   };
 *
 * A pattern is a path whose segments are literal or a name in braces, which captures any one
 * segment that is not empty. Where both fit, the literal one wins.
 *
 * A path is taken as it was sent: it is split at its slashes first and each captured segment
 * is percent-decoded afterwards, so "%2F" is a slash inside a segment. "." and ".." mean
 * nothing, and a slash at the end makes another path. Literal segments match byte for byte.
 *
 * Clients, though, take "." and ".." out of a path before they send it, however the dots are
 * written. So a segment sent as ".;" or "..;", a dot segment with an empty parameter (RFC 3986
 * section 3.3), is captured as "." or ".."; ".;" itself is ".%3B". */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { ROUTE_CAPTURES_MAX = 8 }; /* in one pattern */

struct route {
    const char *method;   /* GET serves HEAD too */
    const char *pattern;  /* "/a/{b}" */
    const void *endpoint; /* the caller's */
};

struct route_match {
    const struct route *route; /* with OK only */
    size_t captures_count;
    struct str captures[ROUTE_CAPTURES_MAX]; /* in the order of the pattern, decoded */
    const char *allow; /* the path's methods: "GET, HEAD, POST, OPTIONS"; lives as the tree */
};

/* A table made ready for matching. */
struct route_tree;

/* `routes` ends with an all-zero entry and outlives the tree. Patterns start with a slash; no
 * method stands twice for the same path. */
struct route_tree *route_tree_new(const struct route *routes);
void route_tree_free(struct route_tree *tree);

/* Decoded captures are in `arena`, others point into `path`. Any method is answered with
 * `allow`, OPTIONS as well when no entry is for it.
 *
 * ERR_ROUTE: no such path, or a captured segment is not UTF-8.
 * ERR_METHOD: there is, but not with this method; `allow` says which. */
must_check enum err route_find(const struct route_tree *tree, struct str method, struct str path,
                               struct arena *arena, struct route_match *match);

/* Write `text`, which is not empty, as the segment that is captured as it. */
void route_add_segment(struct buf *path, struct str text);

#endif
