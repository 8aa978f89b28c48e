/* The one table that turns an error into an HTTP status, a five-digit code and a sentence, and
 * the pages that explain each code. */
#ifndef DIALECT_PROBLEM_H
#define DIALECT_PROBLEM_H

#include "base/buf.h"
#include "base/err.h"
#include "store/change.h"

struct problem {
    enum err err;
    enum kind kind; /* 0: whatever the kind */
    unsigned status;
    unsigned code;
    const char *message;
    const char *advice; /* what it means and what to do, for a person */
};

/* The row for an error about an object of that kind. There always is one. */
const struct problem *problem_find(enum err err, enum kind kind);

/* The first row with that code; NULL: none. */
const struct problem *problem_by_code(unsigned code);

/* The JSON body: code, message (with `detail`, as far as it is UTF-8, behind a colon when it is
 * not empty), more_info, status and details.advice; a lost race has no details: programs read it,
 * many times a second, and it is the one body that the public documentation prints whole. `details`
 * is an object because some of the official helper libraries fail at a string. `base` is the start
 * of our own URLs. */
void problem_write(const struct problem *problem, const char *detail, struct str base,
                   struct buf *out);

/* /docs/errors/CODE as HTML: what all rows with that code say. */
void problem_write_page(unsigned code, struct buf *out);

#endif
