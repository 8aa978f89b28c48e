#include "session/event.h"

#include "base/mem.h"
#include "session/packet.h"
#include "subscription/topics.h"

#include <stdlib.h>

enum { PACKET_SIZE_MAX = 256 << 20, PROTOCOL_OLDEST = 3 };

struct occasion *occasion_new(const char *type, struct str text)
{
    struct occasion *occasion = mem_alloc(sizeof *occasion + text.len);
    *occasion = (struct occasion){.refs = 1, .type = type, .len = text.len};
    memcpy(occasion->text, text.ptr, text.len);
    return occasion;
}

struct occasion *occasion_ref(struct occasion *occasion)
{
    occasion->refs++;
    return occasion;
}

void occasion_unref(struct occasion *occasion)
{
    if (!occasion || --occasion->refs)
        return;
    parcel_unref(occasion->alone[0]);
    parcel_unref(occasion->alone[1]);
    free(occasion);
}

bool occasion_fits(const struct occasion *a, const struct occasion *b)
{
    return strcmp(a->type, b->type) == 0 && a->correlated == b->correlated &&
           a->correlation == b->correlation && a->strictly_ordered == b->strictly_ordered;
}

static void write_correlation(const struct occasion *occasion, struct buf *out)
{
    if (occasion->correlated == CORRELATION_NULL)
        buf_add_lit(out, ",\"correlation_id\":null");
    else if (occasion->correlated == CORRELATION_GIVEN)
        buf_addf(out, ",\"correlation_id\":%lld", (long long)occasion->correlation);
    if (occasion->strictly_ordered)
        buf_add_lit(out, ",\"strictly_ordered\":true");
}

static void write_events(struct occasion *const *occasions, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_add_char(out, ',');
        buf_add(out, (struct str){occasions[i]->text, occasions[i]->len});
    }
}

static void write_payload(struct occasion *const *occasions, size_t count, unsigned protocol,
                          struct buf *out)
{
    buf_addf(out, "{\"event_type\":\"%s\",\"event_protocol_version\":%u", occasions[0]->type,
             protocol);
    write_correlation(occasions[0], out);
    buf_add(out, protocol == PROTOCOL_OLDEST ? STR(",\"event\":") : STR(",\"events\":["));
    write_events(occasions, count, out);
    buf_add(out, protocol == PROTOCOL_OLDEST ? STR("}") : STR("]}"));
}

static struct parcel *pack(struct hub *hub, struct occasion *const *occasions, size_t count,
                           unsigned protocol)
{
    struct buf payload, packet;
    char id[SID_LENGTH + 1], header[160];
    hub_packet_id(hub, id);
    int len = snprintf(header, sizeof header,
                       "{\"method\":\"notification\",\"id\":\"%s\","
                       "\"message_type\":\"twilio.sync.event\"}",
                       id);
    buf_init(&payload, PACKET_SIZE_MAX);
    buf_init(&packet, PACKET_SIZE_MAX);
    write_payload(occasions, count, protocol, &payload);
    packet_write((struct str){header, (size_t)len}, buf_str(&payload), &packet);
    struct parcel *parcel = parcel_new(hub->sockets, buf_str(&packet));
    buf_deinit(&payload);
    buf_deinit(&packet);
    return parcel;
}

struct parcel *occasion_pack(struct hub *hub, struct occasion *const *occasions, size_t count,
                             unsigned protocol)
{
    struct parcel **alone = &occasions[0]->alone[protocol > PROTOCOL_OLDEST];
    if (count > 1)
        return pack(hub, occasions, count, protocol);
    if (!*alone)
        *alone = pack(hub, occasions, 1, protocol);
    return parcel_ref(*alone);
}
