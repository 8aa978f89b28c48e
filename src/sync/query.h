/* Queries over the items of a map: which of them match an expression.
 *
 *   expression = comparison | expression ("and" | "or") expression | "(" expression ")"
 *   comparison = field operator value | field ("in" | "not_in") "[" value, ... "]"
 *   operator   = "==" "eq" "!=" "not_eq" "contains"
 *
 * A field is a path into the item's data, its parts separated by dots, or `key`. Values are
 * strings, numbers, true, false or null. The empty expression matches everything. */
#ifndef SYNC_QUERY_H
#define SYNC_QUERY_H

#include "base/arena.h"
#include "base/err.h"

enum { QUERY_OPERATORS_MAX = 29, QUERY_VALUES_MAX = 29, QUERY_SIZE_MAX = 4096 };

struct query;

/* All of it lives in `arena`; `text` need not outlive the call. ERR_QUERY (`why` says where),
 * ERR_QUERY_OPERATORS, ERR_QUERY_ARRAY. */
must_check enum err query_parse(struct str text, struct arena *arena, struct query **query,
                                struct why *why);

/* `data`: compact JSON object. */
bool query_matches(const struct query *query, struct str key, struct str data);

#endif
