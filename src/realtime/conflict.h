/* The 412 that brings the current state: for clients that ask for it with `Prefer:
 * return=representation` (RFC 7240), and so need no GET before they try again.
 *
 *   write ── core ──> ERR_REVISION ── the same command, to read ── core ──> 412 with `current`
 *
 * The read is the one that the client would have made; so it waits for its turn, too, where many
 * race (sync/contention.h), and what it finds is no older than what made the write fail. */
#ifndef REALTIME_CONFLICT_H
#define REALTIME_CONFLICT_H

#include "dialect/problem.h"
#include "realtime/request.h"

/* The value of a Prefer header, several joined with commas: is it asked for? */
bool conflict_is_preferred(struct str prefer);

/* The write has failed: make its command the read. False: the client does not ask for it, or has
 * it already. */
bool conflict_read(struct request *request);

/* After that read: the 412's body, `problem`, with the member `current`, as a GET has it; null when
 * there is nothing. Who may not read it does not get it. */
void conflict_write(struct request *request, const struct problem *problem, struct buf *out);

#endif
