#include "realtime/connection_list.h"

#include "base/clock.h"
#include "base/date.h"
#include "realtime/client.h"

static void add_text(struct buf *out, const char *key, struct str value)
{
    buf_addf(out, "\"%s\":", key);
    buf_add_json(out, value);
    buf_add_char(out, ',');
}

static void add_session(const struct session *session, int64_t opened_ms, struct buf *out)
{
    buf_add_char(out, '{');
    add_text(out, "identity", session->identity);
    add_text(out, "service_sid", sid_str(&session->service_sid));
    add_text(out, "sdk", str_from(session->sdk[0] ? session->sdk : NULL));
    add_text(out, "sdk_version", str_from(session->sdk_version[0] ? session->sdk_version : NULL));
    add_text(out, "address", str_from(session->address));
    buf_add_lit(out, "\"since\":");
    date_add_iso(out, opened_ms);
    buf_add_lit(out, ",\"subscriptions\":");
    buf_add_u64(out, client_of(session)->subscriber.count);
    buf_add_lit(out, ",\"queued_bytes\":");
    buf_add_u64(out, outbox_waiting(&session->outbox));
    buf_add_char(out, '}');
}

bool connection_list_add(const struct session_table *table, size_t *room, struct buf *out)
{
    struct clock clock = clock_system();
    int64_t began_ms = clock.now_ms(clock.context) - (int64_t)uv_now(table->options->loop);
    for (struct ring *at = table->all.next; at != &table->all; at = at->next) {
        const struct session *session = ring_of(at, struct session, place);
        if (session->state != SESSION_READY || !session->socket)
            continue;
        if (!*room)
            return false;
        --*room;
        if (out->len)
            buf_add_char(out, ',');
        add_session(session, began_ms + (int64_t)session->opened_ms, out);
    }
    return true;
}
