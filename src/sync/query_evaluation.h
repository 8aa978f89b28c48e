/* Queries evaluated on one item after the other.
 *
 * The price of that is given in bytes, for budgets: query_evaluation_begin costs the size of the
 * data and of the program's paths, whatever is asked then; each comparison costs something for each
 * of its values, and `contains` the size of what it searches. Strings with escapes and numbers are
 * read once an item, for all comparisons. So to evaluate a query costs at most as many times the
 * item's size as it has comparisons with `contains`, and once more; and depth costs nothing. */
#ifndef SYNC_QUERY_EVALUATION_H
#define SYNC_QUERY_EVALUATION_H

#include "base/str.h"

enum { QUERY_VALUE_COST = 32 }; /* of comparing one value, in bytes */

struct query_evaluation;
struct query_program;

/* `program` is to outlive it. */
struct query_evaluation *query_evaluation_new(const struct query_program *program);
void query_evaluation_free(struct query_evaluation *evaluation); /* NULL is fine */

/* Look at an item. `data`, a compact JSON object of less than 4 GiB, and `key` stay where they are
 * until the next one, or the end. What it costs is added to `cost`, here and below. */
void query_evaluation_begin(struct query_evaluation *evaluation, struct str key, struct str data,
                            size_t *cost);

/* Does the item match that query of the program? */
bool query_evaluation_matches(struct query_evaluation *evaluation, size_t query, size_t *cost);

#endif
