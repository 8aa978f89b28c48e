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
#include "session/janitor.h"
#include "session/keepalive.h"
#include "session/packet_header.h"
#include "session/strangers.h"

#include <stdlib.h>

enum { STORAGE_ID_LENGTH = 2 * HEX_LENGTH, UNDER_WAY_MAX = 4096 };

struct admission {
    struct command command; /* first */
    struct session *session;
    struct arena arena;
    struct str id; /* of the packet to answer */
    bool is_init;
    struct jwt jwt;
};

static const struct realtime_options *options_of(const struct admission *admission)
{
    return realtime_sessions(admission->session->realtime)->options;
}

/* --- the token --- */

static enum err verify(struct admission *admission, const struct packet *packet)
{
    struct clock clock = clock_system();
    struct str token;
    if (!value_decode_string(value_get(packet->header, STR("token")), &admission->arena, &token))
        return ERR_TOKEN;
    return jwt_verify(options_of(admission)->credentials, token, clock.now_ms(clock.context),
                      &admission->arena, &admission->jwt);
}

/* Before the core is asked. */
static enum err check(struct admission *admission, const struct packet *packet)
{
    const struct session *session = admission->session;
    const struct realtime_metrics *metrics = realtime_sessions(session->realtime)->metrics;
    if (session->state == SESSION_STARTING || metric_get(&metrics->in_core) >= UNDER_WAY_MAX)
        return ERR_RATE;
    enum err e = verify(admission, packet);
    if (e)
        return e;
    bool other =
        session->state == SESSION_READY && !str_eq(session->identity, admission->jwt.identity);
    return other ? ERR_TOKEN_OTHER : OK;
}

/* What the core's answer means for the token. */
static enum err check_answer(const struct admission *admission)
{
    const struct session *session = admission->session;
    const struct command *command = &admission->command;
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
static enum err check_room(const struct admission *admission)
{
    struct session *session = admission->session;
    if (session->state == SESSION_READY)
        return OK;
    return sessions_admit(realtime_sessions(session->realtime), session,
                          admission->command.head->id, admission->jwt.identity);
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
static void write_welcome(const struct admission *admission, struct buf *out)
{
    const struct session *session = admission->session;
    const struct credentials *credentials = options_of(admission)->credentials;
    struct packet_status good = {.code = 200};
    char storage_id[STORAGE_ID_LENGTH];
    make_storage_id(credentials, session, storage_id);
    packet_header_begin("reply", admission->id, &good, out);
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
    write_debug_info(options_of(admission), out);
    buf_add_char(out, '}');
}

static void welcome(const struct admission *admission)
{
    struct buf header;
    buf_init(&header, PACKET_HEADER_SIZE_MAX);
    write_welcome(admission, &header);
    session_send_packet(admission->session, buf_str(&header), STR(""));
    buf_deinit(&header);
}

static void log_refusal(const struct admission *admission, enum err err)
{
    const struct problem *problem = problem_find(err, 0);
    struct log_line line;
    log_begin_limited(&line, options_of(admission)->log, LOG_WARN, "access token refused");
    log_text(&line, "address", admission->session->address);
    log_int(&line, "session", (int64_t)admission->session->id);
    log_str(&line, "identity", admission->jwt.identity);
    log_int(&line, "code", problem->code);
    log_text(&line, "why", problem->message);
    log_end(&line);
}

/* A client that was refused leaves by itself, or is cut when its time for an init is over. */
static void refuse(struct admission *admission, enum err err)
{
    struct session *session = admission->session;
    log_refusal(admission, err);
    if (admission->is_init)
        metric_add(&realtime_sessions(session->realtime)->metrics->inits_refused, 1);
    session_refuse(session, admission->id, err);
    if (problem_find(err, 0)->status == 401)
        strangers_count_refusal(session);
}

static void let_in(struct admission *admission)
{
    struct session *session = admission->session;
    struct clock clock = clock_system();
    session_grant(session, &admission->jwt, admission->command.head);
    if (session->state == SESSION_STARTING)
        session_move(session, SESSION_READY);
    if (admission->is_init)
        welcome(admission);
    else
        session_reply(session, admission->id, 200, NULL, 0, STR(""));
    keepalive_check(session, uv_now(options_of(admission)->loop), clock.now_ms(clock.context));
}

/* --- the way --- */

static void free_admission(struct admission *admission)
{
    command_deinit(&admission->command);
    arena_deinit(&admission->arena);
    free(admission);
}

static void on_answer(struct letter *letter)
{
    struct admission *admission = (struct admission *)letter;
    struct session *session = admission->session;
    enum err e = check_answer(admission);
    if (!e && session->state != SESSION_ENDED)
        e = check_room(admission);
    if (session->state == SESSION_ENDED) {
        /* nobody is there to hear it */
    } else if (!e) {
        let_in(admission);
    } else {
        if (session->state == SESSION_STARTING)
            session_move(session, SESSION_OPEN);
        refuse(admission, e);
    }
    free_admission(admission);
    session_release(session);
}

static void ask_core(struct admission *admission)
{
    struct session *session = admission->session;
    admission->command = (struct command){
        .letter.arrive = on_answer,
        .verb = VERB_FETCH,
        .kind = KIND_SERVICE,
        .key = admission->jwt.key,
        .identity = admission->jwt.identity,
        .object = admission->jwt.service,
    };
    if (session->state == SESSION_OPEN)
        session_move(session, SESSION_STARTING);
    session_forward(session, &admission->command);
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

/* What the client says of its SDK, for whoever looks at the connections. */
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
    struct admission *admission = mem_zalloc(1, sizeof *admission);
    admission->session = session;
    admission->is_init = is_init;
    arena_init(&admission->arena);
    admission->id = arena_dup(&admission->arena, packet->id);
    if (is_init)
        note_sdk(session, packet, &admission->arena);
    enum err e = check(admission, packet);
    if (!e) {
        ask_core(admission);
        return;
    }
    refuse(admission, e);
    free_admission(admission);
}

void admission_init(struct session *session, const struct packet *packet)
{
    start(session, packet, true);
}

void admission_update(struct session *session, const struct packet *packet)
{
    start(session, packet, false);
}
