#include "session/session_send.h"

#include "dialect/problem.h"
#include "session/packet_header.h"
#include "session/session_table.h"

enum { MESSAGE_SIZE_MAX = 256 << 20 };

void session_send_packet(struct session *session, struct str header, struct str payload)
{
    struct buf message;
    if (!session_is_talking(session))
        return;
    buf_init(&message, MESSAGE_SIZE_MAX);
    packet_write(header, payload, &message);
    struct parcel *parcel = parcel_new(session->table->sockets, buf_str(&message));
    buf_deinit(&message);
    outbox_send(&session->outbox, parcel);
    parcel_unref(parcel);
}

static void send_header(struct session *session, struct buf *header, struct str payload)
{
    session_send_packet(session, buf_str(header), payload);
    buf_deinit(header);
}

void session_send_http_reply(struct session *session, struct str id, unsigned http_status,
                             struct str body)
{
    struct buf header;
    outbox_flush(&session->outbox); /* what happened before is told before */
    buf_init(&header, PACKET_HEADER_SIZE_MAX);
    packet_header_reply_http(id, http_status, &header);
    send_header(session, &header, body);
}

static void reply(struct session *session, struct str id, const struct packet_status *status,
                  struct str body)
{
    struct buf header;
    buf_init(&header, PACKET_HEADER_SIZE_MAX);
    packet_header_reply(id, status, &header);
    send_header(session, &header, body);
}

void session_send_reply(struct session *session, struct str id, unsigned status, const char *text,
                        unsigned code, struct str body)
{
    struct packet_status said = {.code = status, .text = text, .error_code = code};
    reply(session, id, &said, body);
}

void session_send_refusal(struct session *session, struct str id, enum err err)
{
    const struct problem *problem = problem_find(err, 0);
    struct packet_status said = {
        .code = problem->status,
        .error_code = problem->code,
        .description = problem->message,
    };
    bool later = problem->status == 429 || problem->status == 503;
    struct str backoff = STR("{\"backoff_policy\":{\"reconnect_min_ms\":2000,"
                             "\"reconnect_max_ms\":20000}}");
    reply(session, id, &said, later ? backoff : STR(""));
}

void session_send_own(struct session *session, void (*write)(struct str id, struct buf *out))
{
    struct buf header;
    char id[PACKET_ID_LENGTH + 1];
    packet_id_next(&session->table->outboxes.ids, id);
    buf_init(&header, PACKET_HEADER_SIZE_MAX);
    write(str_from(id), &header);
    send_header(session, &header, STR(""));
}
