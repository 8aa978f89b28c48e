/* The values at several paths in a JSON object, found in one walk over it.
 *
 * A path is the names of members, from the outermost inwards, joined by dots; it leads into
 * objects, not into arrays. The paths form a tree, each part a node; paths that begin alike share
 * nodes. The walk goes into a member only if a path does, and passes over all others: so it looks
 * at each byte once, however many paths there are and however deep they lead.
 *
 * Of members with the same name the last counts, as for JSON.parse. */
#ifndef BASE_JSON_PATHS_H
#define BASE_JSON_PATHS_H

#include "base/str.h"

struct json_paths;

/* `nodes`: gets the node of each path, by which its value is found. Nothing of `paths` is kept; all
 * of them together have less than 4 GiB. */
struct json_paths *json_paths_new(const struct str *paths, size_t count, uint32_t *nodes);
void json_paths_free(struct json_paths *paths); /* NULL is fine */

/* How many nodes there are, and bytes of memory. */
size_t json_paths_count(const struct json_paths *paths);
size_t json_paths_size(const struct json_paths *paths);

/* Where a value begins and ends in the object; 0: there is none. */
struct json_span {
    uint32_t begin, end;
};

/* Walk over `object`, a compact one of less than 4 GiB. `spans`: one for each node. */
void json_paths_walk(const struct json_paths *paths, struct str object, struct json_span *spans);

/* The value of a node after the walk over `object`; absent when there is none. */
struct str json_paths_value(const struct json_paths *paths, uint32_t node, struct str object,
                            const struct json_span *spans);

#endif
