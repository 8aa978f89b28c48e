/* Queries, compiled: one program for those that are asked of the same items.
 *
 * The fields of all of them together are a tree of paths (base/json_paths.h), so that one walk over
 * an item's data finds what every query needs (query_evaluation.h). A program does not change; it
 * may be evaluated at several places in turn, by one thread. */
#ifndef SYNC_QUERY_PROGRAM_H
#define SYNC_QUERY_PROGRAM_H

#include "base/json_paths.h"
#include "sync/query.h"

#define QUERY_FIELD_NONE UINT32_MAX

/* Which of the program's fields a comparison looks at. */
struct query_comparison {
    uint32_t field;   /* NONE: the item's key */
    uint32_t shorter; /* without `data.`, for data that has no member `data`; NONE: it had none */
};

struct query_program {
    const struct query *const *queries; /* borrowed; NULL matches everything */
    size_t *first;                      /* where the comparisons of each begin */
    struct query_comparison *comparisons;
    struct json_paths *paths;
    uint32_t *nodes; /* of `paths`, of each field; the first is the member `data` */
    size_t fields;
};

/* The queries, and the array, are to outlive the program. */
struct query_program *query_program_new(const struct query *const *queries, size_t count);
void query_program_free(struct query_program *program); /* NULL is fine */

/* How many bytes of memory a query takes, at most, as a part of a program that has two evaluations.
 */
size_t query_program_share(const struct query *query);

#endif
