/* Queries over the items of a map: which of them match an expression.
 *
 *   expression = comparison | expression ("and" | "or") expression | "(" expression ")"
 *   comparison = field operator value | field ("in" | "not_in") "[" value, ... "]"
 *   operator   = "==" "eq" "!=" "not_eq" "contains"
 *
 * `and` (`&&`) binds stronger than `or` (`||`); words may be in any case. Values are strings as in
 * JSON, numbers, true, false or null. The empty expression matches everything.
 *
 * A field is `key`, or a path into the item's data, its parts separated by dots. It may begin with
 * `data.`, as the SDK's documentation has it; if the data itself has a member `data`, that is
 * meant. There are no paths into arrays. Of members with the same name the last counts, as for
 * JSON.parse, and so for the SDKs.
 *
 *   "x"                equals that string, and a number or boolean written so: "5" is 5, not 5.0
 *   5, true, null      equals what is worth as much: 5 is 5.0, and not the string "5"
 *   contains           a part of a string, or an element of an array; else false
 *   a missing field    equals nothing, not even null; `!=` and `not_in` are true */
#ifndef SYNC_QUERY_H
#define SYNC_QUERY_H

#include "base/arena.h"
#include "base/err.h"

enum { QUERY_OPERATORS_MAX = 29, QUERY_VALUES_MAX = 29, QUERY_SIZE_MAX = 4096 };

struct query;

/* All of it lives in `arena`; `text` need not outlive the call. `query` is NULL for the empty
 * expression. ERR_QUERY (`why` says where), ERR_QUERY_OPERATORS, ERR_QUERY_ARRAY.
 *
 * To be evaluated it is compiled: query_program.h. */
must_check enum err query_parse(struct str text, struct arena *arena, struct query **query,
                                struct why *why);

#endif
