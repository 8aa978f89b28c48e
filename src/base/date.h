/* Dates as the two APIs write them, from milliseconds since 1970 UTC. */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include "base/buf.h"

/* 2015-07-30T20:00:00Z (RFC 3339, whole seconds), in quotes. */
void date_add_iso(struct buf *buf, int64_t ms);

/* 2015-07-30T20:00:00.000Z, in quotes. */
void date_add_iso_ms(struct buf *buf, int64_t ms);

/* Thu, 30 Jul 2015 20:00:00 +0000 (RFC 2822), in quotes. */
void date_add_rfc2822(struct buf *buf, int64_t ms);

#endif
