/* An event as clients get it: rendered once, sent to however many sessions. Belongs to one thread.
 */
#ifndef SESSION_EVENT_H
#define SESSION_EVENT_H

#include "base/buf.h"
#include "ws/parcel.h"

#include <stdint.h>

struct hub;

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

/* The packet with these, which fit; protocol 3 has only one. A reference. */
struct parcel *event_pack(struct hub *hub, struct event *const *events, size_t count,
                          unsigned protocol);

#endif
