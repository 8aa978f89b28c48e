/* An event as clients get it: rendered once, sent to however many sessions. Belongs to one thread.
 */
#ifndef SESSION_EVENT_H
#define SESSION_EVENT_H

#include "base/buf.h"
#include "ws/parcel.h"

#include <stdint.h>

struct packet_ids;

/* What stands in a packet's payload beside the events. */
enum correlation {
    CORRELATION_NONE,
    CORRELATION_NULL, /* JSON null: of a subscription that was established already */
    CORRELATION_GIVEN,
};

struct event {
    uint32_t refs;
    const char *type; /* event_type, static */
    enum correlation correlated;
    int64_t correlation;
    bool strictly_ordered;   /* live queries say so */
    struct parcel *alone[2]; /* the packet that has it alone; protocol 3 and 4 */
    size_t len;
    char text[]; /* the event's JSON object */
};

struct event *event_new(const char *type, struct str text);
struct event *event_ref(struct event *event);
void event_unref(struct event *event);

/* May these two go in one packet, one behind the other? */
bool event_fits(const struct event *a, const struct event *b);

/* The packet with these events, which fit; in protocol 3 there is one. `ids` gives the packet its
 * id, if it was not packed before. A reference. */
struct parcel *event_pack(struct event *const *events, size_t count, unsigned protocol,
                          struct packet_ids *ids, struct websockets *sockets);

#endif
