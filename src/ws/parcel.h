/* An outgoing message, encoded once for however many sockets: a server's frames are not masked
 * (RFC 6455 section 5.1), so the same bytes serve all. Belongs to one thread.
 *
 * A message of at least PARCEL_DEFLATE_MIN bytes has a deflated form, too, made when a socket first
 * wants it: at once up to PARCEL_AT_ONCE_MAX, else a piece at a time (parcel_pack), by whoever
 * waits for it. */
#ifndef WS_PARCEL_H
#define WS_PARCEL_H

#include "base/str.h"

#include <stdint.h>

struct websockets;

struct parcel;

/* A piece takes 0.3 to 0.5 ms. At once goes what a batch of events may have: they are deflated for
 * all who hear of them, and none should count as waiting for a client that takes them at once. */
enum { PARCEL_DEFLATE_MIN = 512, PARCEL_AT_ONCE_MAX = 72 * 1024, PARCEL_PIECE = 16 * 1024 };

/* A binary message with these bytes (copied), with one reference. */
struct parcel *parcel_new(struct websockets *sockets, struct str bytes);

struct parcel *parcel_ref(struct parcel *parcel);
void parcel_unref(struct parcel *parcel); /* NULL is fine */

/* A reference to this form only, and the end of it. When nobody has any other reference than to the
 * deflated form, the plain one is freed: so what waits holds as much memory as it has bytes. */
struct parcel *parcel_ref_form(struct parcel *parcel, bool deflate);
void parcel_unref_form(struct parcel *parcel, bool deflate);

/* Can parcel_frame be called for this form? Else parcel_pack is to be called until it can. */
bool parcel_is_ready(const struct parcel *parcel, bool deflate);

/* Deflate one more piece. */
void parcel_pack(struct parcel *parcel);

/* The frame as it goes over the wire. */
struct str parcel_frame(struct parcel *parcel, bool deflate);

/* How long it is, or, while it is not ready, how much memory it holds. */
size_t parcel_size(struct parcel *parcel, bool deflate);

#endif
