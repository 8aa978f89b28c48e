#include "session/event.h"

#include "base/mem.h"
#include "session/packet.h"
#include "session/packet_id.h"

#include <stdio.h>
#include <stdlib.h>

enum { PACKET_SIZE_MAX = 256 << 20, PROTOCOL_OLDEST = 3 };

struct event *event_new(const char *type, struct str text)
{
    struct event *event = mem_alloc(sizeof *event + text.len);
    *event = (struct event){.refs = 1, .type = type, .len = text.len};
    memcpy(event->text, text.ptr, text.len);
    return event;
}

struct event *event_ref(struct event *event)
{
    event->refs++;
    return event;
}

void event_unref(struct event *event)
{
    if (!event || --event->refs)
        return;
    parcel_unref(event->alone[0]);
    parcel_unref(event->alone[1]);
    free(event);
}

bool event_fits(const struct event *a, const struct event *b)
{
    return strcmp(a->type, b->type) == 0 && a->correlated == b->correlated &&
           a->correlation == b->correlation && a->strictly_ordered == b->strictly_ordered;
}

static void write_correlation(const struct event *event, struct buf *out)
{
    if (event->correlated == CORRELATION_NULL)
        buf_add_lit(out, ",\"correlation_id\":null");
    else if (event->correlated == CORRELATION_GIVEN)
        buf_addf(out, ",\"correlation_id\":%lld", (long long)event->correlation);
    if (event->strictly_ordered)
        buf_add_lit(out, ",\"strictly_ordered\":true");
}

static void write_events(struct event *const *events, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_add_char(out, ',');
        buf_add(out, (struct str){events[i]->text, events[i]->len});
    }
}

static void write_payload(struct event *const *events, size_t count, unsigned protocol,
                          struct buf *out)
{
    buf_addf(out, "{\"event_type\":\"%s\",\"event_protocol_version\":%u", events[0]->type,
             protocol);
    write_correlation(events[0], out);
    buf_add(out, protocol == PROTOCOL_OLDEST ? STR(",\"event\":") : STR(",\"events\":["));
    write_events(events, count, out);
    buf_add(out, protocol == PROTOCOL_OLDEST ? STR("}") : STR("]}"));
}

static struct parcel *pack(struct event *const *events, size_t count, unsigned protocol,
                           struct packet_ids *ids, struct websockets *sockets)
{
    struct buf payload, packet;
    char id[PACKET_ID_LENGTH + 1], header[160];
    packet_id_next(ids, id);
    int len = snprintf(header, sizeof header,
                       "{\"method\":\"notification\",\"id\":\"%s\","
                       "\"message_type\":\"twilio.sync.event\"}",
                       id);
    buf_init(&payload, PACKET_SIZE_MAX);
    buf_init(&packet, PACKET_SIZE_MAX);
    write_payload(events, count, protocol, &payload);
    packet_write((struct str){header, (size_t)len}, buf_str(&payload), &packet);
    struct parcel *parcel = parcel_new(sockets, buf_str(&packet));
    buf_deinit(&payload);
    buf_deinit(&packet);
    return parcel;
}

struct parcel *event_pack(struct event *const *events, size_t count, unsigned protocol,
                          struct packet_ids *ids, struct websockets *sockets)
{
    struct parcel **alone = &events[0]->alone[protocol > PROTOCOL_OLDEST];
    if (count > 1)
        return pack(events, count, protocol, ids, sockets);
    if (!*alone)
        *alone = pack(events, 1, protocol, ids, sockets);
    return parcel_ref(*alone);
}
