/* What a query looks like once it is read: query.c makes it, query_program.c compiles it. */
#ifndef SYNC_QUERY_TREE_H
#define SYNC_QUERY_TREE_H

#include "base/decimal.h"

enum query_op {
    QUERY_EQUAL,
    QUERY_NOT_EQUAL,
    QUERY_IN,
    QUERY_NOT_IN,
    QUERY_CONTAINS,
    QUERY_AND,
    QUERY_OR,
    QUERY_OPS
};

/* A value of the query. */
struct query_value {
    bool quoted;            /* a string */
    bool number;            /* then `decimal` is what it is worth */
    struct str text;        /* decoded, or as it stands: a number, true, false, null */
    struct decimal decimal; /* points into `text` */
};

struct query {
    enum query_op op;
    struct query *left, *right; /* of AND and OR */
    size_t number; /* of the others: which comparison of the expression it is, from 0 */
    struct str field;
    struct query_value *values;
    size_t count;
};

static inline bool query_is_comparison(const struct query *query)
{
    return query->op < QUERY_AND;
}

#endif
