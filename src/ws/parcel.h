/* An outgoing message, encoded once for however many sockets: a server's frames are not masked
 * (RFC 6455 section 5.1), so the same bytes serve all. Belongs to one thread. */
#ifndef WS_PARCEL_H
#define WS_PARCEL_H

#include "base/str.h"

#include <stdint.h>

struct websockets;

struct parcel;

/* A binary message with these bytes (copied), with one reference. A message of at least
 * PARCEL_DEFLATE_MIN bytes is also kept deflated, from the first time that a socket wants it so. */
enum { PARCEL_DEFLATE_MIN = 512 };
struct parcel *parcel_new(struct websockets *sockets, struct str bytes);

struct parcel *parcel_ref(struct parcel *parcel);
void parcel_unref(struct parcel *parcel); /* NULL is fine */

/* The frame as it goes over the wire. */
struct str parcel_frame(struct parcel *parcel, bool deflate);

#endif
