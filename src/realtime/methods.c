#include "realtime/methods.h"

#include "realtime/dispatch.h"
#include "realtime/login.h"
#include "session/packet_header.h"
#include "session/session_send.h"
#include "session/session_table.h"

enum { UNREADABLE = 51214 }; /* the protocol's own code */

static void agree(struct session *session, const struct packet *packet)
{
    session_send_reply(session, packet->id, 200, NULL, 0, STR(""));
}

static void ignore(struct session *session, const struct packet *packet)
{
    (void)session;
    (void)packet;
}

static void leave(struct session *session, const struct packet *packet)
{
    (void)packet;
    session_end_because(session, "left");
}

/* Unknown methods are agreed to, as clients do with ours. */
static const struct {
    bool any_time; /* also before the client was let in */
    void (*handle)(struct session *session, const struct packet *packet);
} methods[] = {
    [PACKET_OTHER] = {false, agree},
    [PACKET_INIT] = {true, login_init},
    [PACKET_UPDATE] = {false, login_update},
    [PACKET_MESSAGE] = {false, dispatch_start},
    [PACKET_PUT_NOTIFICATION_CTX] = {false, agree},
    [PACKET_DELETE_NOTIFICATION_CTX] = {false, agree},
    [PACKET_TELEMETRY] = {true, ignore},
    [PACKET_CLOSE] = {true, leave},
    [PACKET_PING] = {true, agree},
    [PACKET_REPLY] = {true, ignore},
};

void methods_handle(struct session *session, const struct packet *packet)
{
    if (session->state == SESSION_READY || methods[packet->method].any_time)
        methods[packet->method].handle(session, packet);
    else
        session_send_refusal(session, packet->id, ERR_TOKEN);
}

void methods_refuse_broken(struct session *session, const char *reason)
{
    struct packet_status status = {.code = 406, .error_code = UNREADABLE, .description = reason};
    struct buf header;
    char id[PACKET_ID_LENGTH + 1];
    packet_id_next(&session->table->outboxes.ids, id);
    buf_init(&header, PACKET_HEADER_SIZE_MAX);
    packet_header_close(str_from(id), &status, &header);
    session_send_packet(session, buf_str(&header), STR(""));
    buf_deinit(&header);
    session_end_because(session, "unreadable packet");
}
