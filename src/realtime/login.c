#include "realtime/login.h"

#include "auth/jwt.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/mac.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "base/value.h"
#include "dialect/problem.h"
#include "realtime/client.h"
#include "session/keepalive.h"
#include "session/packet_header.h"
#include "session/session_send.h"
#include "session/strangers.h"

#include <stdlib.h>

enum { STORAGE_ID_LENGTH = 2 * HEX_LENGTH, UNDER_WAY_MAX = 4096 };

struct login {
    struct command command; /* first */
    struct session *session;
    struct arena arena;
    struct str id; /* of the packet to answer */
    bool is_init;
    struct jwt jwt;
};

static const struct realtime_options *options_of(const struct login *login)
{
    return client_of(login->session)->context->options;
}

/* --- the token --- */

static enum err verify(struct login *login, const struct packet *packet)
{
    struct clock clock = clock_system();
    struct str token;
    if (!value_decode_string(value_get(packet->header, STR("token")), &login->arena, &token))
        return ERR_TOKEN;
    return jwt_verify(options_of(login)->credentials, token, clock.now_ms(clock.context),
                      &login->arena, &login->jwt);
}

/* Before the core is asked. */
static enum err check(struct login *login, const struct packet *packet)
{
    const struct session *session = login->session;
    const struct session_metrics *metrics = session->table->metrics;
    if (session->state == SESSION_STARTING || metric_get(&metrics->in_core) >= UNDER_WAY_MAX)
        return ERR_RATE;
    enum err e = verify(login, packet);
    if (e)
        return e;
    bool other = session->state == SESSION_READY && !str_eq(session->identity, login->jwt.identity);
    return other ? ERR_TOKEN_OTHER : OK;
}

/* What the core's answer means for the token. */
static enum err check_answer(const struct login *login)
{
    const struct session *session = login->session;
    const struct command *command = &login->command;
    switch (command->err) {
    case OK:
        break;
    case ERR_AUTH:
        return ERR_TOKEN_ISSUER;
    case ERR_SERVICE_MISSING:
        return ERR_TOKEN_GRANTS;
    default:
        return command->err;
    }
    bool other = session->state == SESSION_READY && session->service_id != command->head->id;
    return other ? ERR_TOKEN_OTHER : OK;
}

/* A good token is no use without a place. */
static enum err check_room(const struct login *login)
{
    struct session *session = login->session;
    if (session->state == SESSION_READY)
        return OK;
    return session_table_admit(session->table, session, login->command.head->id,
                               login->jwt.identity);
}

/* --- the answer --- */

/* Where a client may keep what it has read, for the next time that the same user comes. */
static void make_storage_id(const struct credentials *credentials, const struct session *session,
                            char storage_id[STORAGE_ID_LENGTH])
{
    unsigned char key[32], mac[MAC_SIZE];
    struct buf who;
    buf_init(&who, SID_LENGTH + session->identity.len + 16);
    buf_addf(&who, "storage %s ", session->service_sid.text);
    buf_add(&who, session->identity);
    credentials_seal_key(credentials, key);
    mac_sha256((struct str){(const char *)key, sizeof key}, buf_str(&who), mac);
    buf_deinit(&who);
    uint64_t halves[2];
    memcpy(halves, mac, sizeof halves);
    hex_put(storage_id, halves[0]);
    hex_put(storage_id + HEX_LENGTH, halves[1]);
}

static void write_debug_info(const struct realtime_options *options, struct buf *out)
{
    struct clock clock = clock_system();
    buf_addf(out, "\"debug_info\":{\"time_ms\":%lld,\"boot_id\":\"%016llx\"}",
             (long long)clock_server_ms(&options->began, clock.instant(clock.context)),
             (unsigned long long)options->boot_id);
}

/* The continuation token says no more than who continues: subscriptions bring their positions
 * with them. */
static void write_welcome(const struct login *login, struct buf *out)
{
    const struct session *session = login->session;
    const struct credentials *credentials = options_of(login)->credentials;
    struct packet_status good = {.code = 200};
    char storage_id[STORAGE_ID_LENGTH];
    make_storage_id(credentials, session, storage_id);
    packet_header_begin("reply", login->id, &good, out);
    buf_add_lit(out, ",\"capabilities\":[\"client_update\",\"offline_storage\","
                     "\"account_descriptor\"],\"init_registrations\":[]");
    buf_addf(out, ",\"continuation_token\":\"%.*s\"", STORAGE_ID_LENGTH, storage_id);
    buf_addf(out, ",\"offline_storage\":{\"data_sync\":{\"storage_id\":\"%.*s\"}}",
             STORAGE_ID_LENGTH, storage_id);
    buf_addf(out, ",\"account_descriptor\":{\"account_sid\":\"%s\"", credentials->account_sid);
    buf_addf(out,
             ",\"instance_sids\":{\"data_sync\":\"%s\"},\"identity\":", session->service_sid.text);
    buf_add_json(out, session->identity);
    buf_add_lit(out, "},");
    write_debug_info(options_of(login), out);
    buf_add_char(out, '}');
}

static void welcome(const struct login *login)
{
    struct buf header;
    buf_init(&header, PACKET_HEADER_SIZE_MAX);
    write_welcome(login, &header);
    session_send_packet(login->session, buf_str(&header), STR(""));
    buf_deinit(&header);
}

static void log_refusal(const struct login *login, enum err err)
{
    const struct problem *problem = problem_find(err, 0);
    struct log_line line;
    log_begin_limited(&line, options_of(login)->session.log, LOG_WARN, "access token refused");
    log_text(&line, "address", login->session->address);
    log_int(&line, "session", (int64_t)login->session->id);
    log_str(&line, "identity", login->jwt.identity);
    log_int(&line, "code", problem->code);
    log_text(&line, "why", problem->message);
    log_end(&line);
}

/* A refused client leaves by itself, or keepalive aborts it when its time for an init is over. */
static void refuse(struct login *login, enum err err)
{
    struct session *session = login->session;
    log_refusal(login, err);
    if (login->is_init)
        metric_add(&client_of(session)->context->metrics->logins_refused, 1);
    session_send_refusal(session, login->id, err);
    if (problem_find(err, 0)->status == 401 && !strangers_count_refusal(session))
        session_end_because(session, "refused too often");
}

static void let_in(struct login *login)
{
    struct session *session = login->session;
    struct clock clock = clock_system();
    session_grant(session, &login->jwt, login->command.head);
    if (session->state == SESSION_STARTING)
        session_move(session, SESSION_READY);
    if (login->is_init)
        welcome(login);
    else
        session_send_reply(session, login->id, 200, NULL, 0, STR(""));
    keepalive_check(session, uv_now(options_of(login)->session.loop), clock.now_ms(clock.context));
}

/* --- the way --- */

static void free_login(struct login *login)
{
    command_deinit(&login->command);
    arena_deinit(&login->arena);
    free(login);
}

static void on_answer(struct letter *letter)
{
    struct login *login = (struct login *)letter;
    struct session *session = login->session;
    enum err e = check_answer(login);
    if (!e && session->state != SESSION_ENDED)
        e = check_room(login);
    if (session->state == SESSION_ENDED) {
        /* the client has gone, nobody would hear the answer */
    } else if (!e) {
        let_in(login);
    } else {
        if (session->state == SESSION_STARTING)
            session_move(session, SESSION_OPEN);
        refuse(login, e);
    }
    free_login(login);
    session_release(session);
}

static void ask_core(struct login *login)
{
    struct session *session = login->session;
    login->command = (struct command){
        .letter.arrive = on_answer,
        .verb = VERB_FETCH,
        .kind = KIND_SERVICE,
        .key = login->jwt.key,
        .identity = login->jwt.identity,
        .object = login->jwt.service,
    };
    if (session->state == SESSION_OPEN)
        session_move(session, SESSION_STARTING);
    session_forward(session, &login->command);
}

static void note_text(struct str object, struct str key, struct arena *arena,
                      char out[SESSION_SDK_SIZE])
{
    struct str text;
    out[0] = 0;
    if (!value_decode_string(value_get(object, key), arena, &text))
        return;
    text.len = text.len < SESSION_SDK_SIZE ? text.len : SESSION_SDK_SIZE - 1;
    text.len = utf8_valid_prefix(text);
    memcpy(out, text.ptr, text.len);
    out[text.len] = 0;
}

/* Keep what the client says of its SDK: the list of connections shows it. */
static void note_sdk(struct session *session, const struct packet *packet, struct arena *arena)
{
    struct str metadata = value_get(packet->header, STR("metadata"));
    if (!str_starts(metadata, STR("{")))
        return;
    note_text(metadata, STR("sdk"), arena, session->sdk);
    note_text(metadata, STR("sdkv"), arena, session->sdk_version);
}

static void start(struct session *session, const struct packet *packet, bool is_init)
{
    struct login *login = mem_zalloc(1, sizeof *login);
    login->session = session;
    login->is_init = is_init;
    arena_init(&login->arena);
    login->id = arena_dup(&login->arena, packet->id);
    if (is_init)
        note_sdk(session, packet, &login->arena);
    enum err e = check(login, packet);
    if (!e) {
        ask_core(login);
        return;
    }
    refuse(login, e);
    free_login(login);
}

void login_init(struct session *session, const struct packet *packet)
{
    start(session, packet, true);
}

void login_update(struct session *session, const struct packet *packet)
{
    start(session, packet, false);
}
