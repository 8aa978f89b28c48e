/* Sessions at one end of a pair of sockets; the test is the client at the other end, and the
 * core. */
#include "realtime/realtime.h"
#include "session/strangers.h"

#include "auth/jwt.h"
#include "session/keepalive.h"
#include "session/session_send.h"
#include "sync/feed.h"
#include "sync/subscribe.h"
#include "work_loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCOUNT "AC00000000000000000000000000000000"
#define KEY     "SK00000000000000010000000000000002"
#define OTHER   "SK00000000000000030000000000000004"

enum {
    SERVICE_ID = 7,
    PING_MS = 25000,
    INIT_MS = 10000,
    STALL_MS = 30000,
    LIFE_MS = 3600000,
    QUEUE_MAX = 1 << 20,
    STRANGERS_MAX = 8,
    INIT_PACKET_MAX = 8192,
    SESSIONS_MAX = 10,
    BYTES_MAX = 100000,
    LIVE_SIZE_MAX = 65536,
};

struct world {
    uv_loop_t loop;
    struct work_loop work;
    struct work_lane *lane; /* of others */
    struct credentials credentials;
    struct realtime *realtime;
    struct session *session; /* as long as it is there */
    int peer;
    struct chain commands; /* the core's */
    struct change *service;
    struct jwt jwt;  /* of the token that init() shows */
    struct buf read; /* what has come, less what said() showed */
    char shown[8192];
    _Atomic size_t sessions;
};

/* --- the core --- */

static void submit(void *context, struct command *command)
{
    chain_add(&((struct world *)context)->commands, &command->letter.node);
}

/* The oldest command comes back. */
static void answer(struct world *world, enum err err)
{
    struct letter *letter = (struct letter *)chain_shift(&world->commands);
    struct command *command = (struct command *)letter;
    assert_non_null(letter);
    command->err = err;
    if (!err && command->kind == KIND_SERVICE)
        command->head = change_ref(world->service);
    letter->arrive(letter);
}

/* --- the client --- */

static void turn(struct world *world)
{
    for (int i = 0; i < 4; i++)
        uv_run(&world->loop, UV_RUN_NOWAIT);
}

/* A masked frame; the mask is zero. */
static void send_bytes(struct world *world, struct str bytes)
{
    bool brief = bytes.len < 126;
    unsigned char size = (unsigned char)bytes.len;
    unsigned char head[8] = {0x82, brief ? 0x80 | size : 0xfe};
    size_t head_size = brief ? 6 : 8;
    if (!brief) {
        head[2] = (unsigned char)(bytes.len >> 8);
        head[3] = size;
    }
    assert_int_equal(write(world->peer, head, head_size), (ssize_t)head_size);
    assert_int_equal(write(world->peer, bytes.ptr, bytes.len), (ssize_t)bytes.len);
    turn(world);
}

static void send_header(struct world *world, struct str header)
{
    struct buf packet;
    buf_init(&packet, 65535);
    packet_write(header, STR(""), &packet);
    send_bytes(world, buf_str(&packet));
    buf_deinit(&packet);
}

static void send_method(struct world *world, const char *method)
{
    struct buf header;
    buf_init(&header, 65535);
    buf_addf(&header, "{\"method\":\"%s\",\"id\":\"TM1\"}", method);
    send_header(world, buf_str(&header));
    buf_deinit(&header);
}

static void send_token(struct world *world, const char *method, struct str token)
{
    struct buf header;
    buf_init(&header, 65535);
    buf_addf(&header, "{\"method\":\"%s\",\"id\":\"TM1\",\"token\":\"%.*s\"}", method,
             STR_ARG(token));
    send_header(world, buf_str(&header));
    buf_deinit(&header);
}

/* A request that is one command. */
static void send_request(struct world *world)
{
    send_header(world,
                STR("{\"method\":\"message\",\"id\":\"RQ1\",\"http_request\":{\"host\":\"here\","
                    "\"path\":\"/v3/Documents/x\",\"method\":\"GET\"}}"));
}

static int64_t clock_ms(void)
{
    struct clock clock = clock_system();
    return clock.now_ms(clock.context);
}

/* init or update with a good token for world->jwt. */
static void show_token(struct world *world, const char *method)
{
    struct buf token;
    buf_init(&token, 65535);
    jwt_mint(&world->credentials, MAC_SHA256, &world->jwt, clock_ms() / 1000, &token);
    send_token(world, method, buf_str(&token));
    buf_deinit(&token);
}

static void read_all(struct world *world)
{
    ssize_t got;
    char *at;
    while ((at = buf_reserve(&world->read, 4096)) && (got = read(world->peer, at, 4096)) > 0)
        world->read.len += (size_t)got;
}

/* What the server has said since the last time: packets as they are, `<close CODE>`, `<ping>`. */
static const char *said(struct world *world)
{
    size_t len = 0;
    turn(world);
    read_all(world);
    const unsigned char *at = (const unsigned char *)buf_str(&world->read).ptr;
    const unsigned char *end = at + world->read.len;
    while (at < end) {
        size_t size = at[1], head = 2;
        if (size == 126) {
            size = (size_t)at[2] << 8 | at[3];
            head = 4;
        }
        if ((at[0] & 15) == 8)
            len += (size_t)snprintf(world->shown + len, sizeof world->shown - len, "<close %d>",
                                    at[head] << 8 | at[head + 1]);
        else if ((at[0] & 15) == 9)
            len += (size_t)snprintf(world->shown + len, sizeof world->shown - len, "<ping>");
        else
            len += (size_t)snprintf(world->shown + len, sizeof world->shown - len, "%.*s",
                                    (int)size, (const char *)at + head);
        at += head + size;
    }
    buf_clear(&world->read);
    world->shown[len] = 0;
    return world->shown;
}

static void says(struct world *world, const char *part)
{
    const char *all = said(world);
    if (!strstr(all, part))
        fail_msg("expected %s in: %s", part, all);
}

static bool peer_is_cut(struct world *world)
{
    char bytes[512];
    ssize_t got;
    turn(world);
    while ((got = read(world->peer, bytes, sizeof bytes)) > 0)
        ;
    return got == 0;
}

/* --- life --- */

static int begin(void **state)
{
    static struct world world;
    world = (struct world){0};
    struct change service = {.type = CHANGE_CREATED,
                             .kind = KIND_SERVICE,
                             .seq = SERVICE_ID,
                             .id = SERVICE_ID,
                             .name = STR("default")};
    int pair[2];
    uv_loop_init(&world.loop);
    work_loop_init(&world.work, &world.loop, &(struct work_options){.budget_us = 1000000},
                   &(struct work_loop_hooks){0});
    snprintf(world.credentials.account_sid, sizeof world.credentials.account_sid, ACCOUNT);
    struct realtime_options options = {
        .session =
            {
                .loop = &world.loop,
                .work = &world.work.queue,
                .origin_base = 1000,
                .submit = submit,
                .context = &world,
                .sessions_max = SESSIONS_MAX,
                .sessions = &world.sessions,
                .strangers_max = STRANGERS_MAX,
                .queue_max = QUEUE_MAX,
                .requests_max = 2,
                .frames_max = 20,
                .bytes_max = BYTES_MAX,
                .init_timeout_ms = INIT_MS,
                .ping_ms = PING_MS,
                .stall_ms = STALL_MS,
            },
        .subscription =
            {
                .subscriptions_max = 10,
                .live_size_max = LIVE_SIZE_MAX,
            },
        .credentials = &world.credentials,
        .boot_id = 0x1a2b,
        .limits = {.data_depth_max = 8},
        .packet_size_max = 65536,
        .init_packet_size_max = INIT_PACKET_MAX,
    };
    world.service = change_new(&service);
    world.jwt = (struct jwt){STR("alice"), STR("default"), STR(KEY), clock_ms() + LIFE_MS};
    world.realtime = realtime_new(&options);
    buf_init(&world.read, 4 << 20);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    world.session = session_new(realtime_sessions(world.realtime), STR("http://here"), 0, false);
    world.peer = pair[1];
    session_attach(world.session, pair[0], STR(""));
    *state = &world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    realtime_drain(world->realtime);
    while (world->commands.first)
        answer(world, ERR_STORE);
    realtime_abort_all(world->realtime);
    turn(world);
    while (world->commands.first) /* that nobody hears of an object any more */
        answer(world, OK);
    assert_true(realtime_is_drained(world->realtime));
    realtime_free(world->realtime);
    work_lane_put(world->lane);
    work_loop_close(&world->work);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world->loop), 0);
    change_unref(world->service);
    buf_deinit(&world->read);
    close(world->peer);
    return 0;
}

static const struct session_metrics *metrics(struct world *world)
{
    return &realtime_metrics(world->realtime)->session;
}

/* A session that is READY, and whose answer was read. */
static void let_in(struct world *world)
{
    show_token(world, "init");
    answer(world, OK);
    says(world, "\"status\":{\"code\":200,\"status\":\"OK\"}");
    assert_int_equal(world->session->state, SESSION_READY);
}

static void tick(struct world *world, uint64_t later_ms)
{
    keepalive_check(world->session, uv_now(&world->loop) + later_ms, clock_ms());
}

static void hear_removal(struct world *world, enum kind kind, uint64_t id, uint64_t salt)
{
    struct change change = {
        .type = CHANGE_REMOVED, .kind = kind, .seq = 99, .id = id, .salt = salt};
    struct notice notice = {.change = &change};
    realtime_hear(world->realtime, &notice);
}

/* --- init --- */

static void a_client_is_let_in_when_the_core_knows_its_key_and_service(void **state)
{
    struct world *world = *state;
    show_token(world, "init");
    const struct command *command = (const struct command *)world->commands.first;
    assert_int_equal(command->verb, VERB_FETCH);
    assert_int_equal(command->kind, KIND_SERVICE);
    assert_true(str_eq(command->key, STR(KEY)));
    assert_true(str_eq(command->object, STR("default")));
    assert_int_equal(world->session->state, SESSION_STARTING);
    assert_string_equal(said(world), "");
    answer(world, OK);
    const char *reply = said(world);
    assert_non_null(strstr(reply, "{\"method\":\"reply\",\"id\":\"TM1\",\"status\":{\"code\":200"));
    assert_non_null(strstr(reply, "\"account_sid\":\"" ACCOUNT "\""));
    assert_non_null(strstr(reply, "{\"data_sync\":\"IS0000000000000007"));
    assert_non_null(strstr(reply, "\"identity\":\"alice\""));
    assert_non_null(strstr(reply, "\"storage_id\":\""));
    assert_non_null(strstr(reply, ",\"boot_id\":\"0000000000001a2b\"}"));
    assert_null(strstr(reply, "telemetry"));
    assert_int_equal(world->session->state, SESSION_READY);
    assert_int_equal(world->session->service_id, SERVICE_ID);
}

static void a_bad_token_is_refused_without_asking_the_core(void **state)
{
    struct world *world = *state;
    send_token(world, "init", STR("garbage"));
    says(world, "\"code\":401,\"status\":\"UNAUTHORIZED\",\"errorCode\":20101");
    assert_null(world->commands.first);
    assert_int_equal(world->session->state, SESSION_OPEN);
    assert_int_equal(metric_get(&realtime_metrics(world->realtime)->logins_refused), 1);
    let_in(world);
}

static void a_token_is_refused_whose_key_or_service_is_gone(void **state)
{
    struct world *world = *state;
    show_token(world, "init");
    answer(world, ERR_AUTH);
    says(world, "\"code\":401,\"status\":\"UNAUTHORIZED\",\"errorCode\":20103");
    show_token(world, "init");
    answer(world, ERR_SERVICE_MISSING);
    says(world, "\"code\":401,\"status\":\"UNAUTHORIZED\",\"errorCode\":20106");
    assert_int_equal(world->session->state, SESSION_OPEN);
}

static void a_client_is_told_to_come_later_when_the_store_fails(void **state)
{
    struct world *world = *state;
    show_token(world, "init");
    answer(world, ERR_STORE);
    const char *reply = said(world);
    assert_non_null(strstr(reply, "\"code\":503,\"status\":\"SERVICE_UNAVAILABLE\""));
    assert_non_null(strstr(reply, "{\"backoff_policy\":{\"reconnect_min_ms\":"));
}

static void a_second_init_does_not_overtake_the_first(void **state)
{
    struct world *world = *state;
    show_token(world, "init");
    show_token(world, "init");
    says(world, "\"code\":429,\"status\":\"TOO_MANY_REQUESTS\",\"errorCode\":51202");
    answer(world, OK);
    says(world, "\"code\":200");
    assert_int_equal(world->session->state, SESSION_READY);
}

static void a_client_that_does_not_show_a_token_in_time_is_cut(void **state)
{
    struct world *world = *state;
    tick(world, INIT_MS - 1);
    assert_false(peer_is_cut(world));
    tick(world, INIT_MS);
    assert_true(peer_is_cut(world));
}

static void a_client_that_goes_while_the_core_is_asked_leaves_nothing(void **state)
{
    struct world *world = *state;
    show_token(world, "init");
    shutdown(world->peer, SHUT_RDWR);
    turn(world);
    assert_int_equal(metric_get(&metrics(world)->sessions), 1);
    answer(world, OK);
    assert_int_equal(metric_get(&metrics(world)->sessions), 0);
}

/* --- strangers --- */

/* A message of so many bytes, of which none but the header comes. */
static void announce(struct world *world, unsigned size)
{
    unsigned char head[8] = {0x82, 0xfe, (unsigned char)(size >> 8), (unsigned char)size};
    assert_int_equal(write(world->peer, head, sizeof head), sizeof head);
}

static void a_stranger_may_send_small_packets_only_and_a_client_large_ones(void **state)
{
    struct world *world = *state;
    let_in(world);
    announce(world, 60000);
    assert_string_equal(said(world), "");
    assert_true(session_is_talking(world->session));
}

static void a_stranger_that_sends_a_large_packet_is_closed_before_it_has_come(void **state)
{
    struct world *world = *state;
    announce(world, INIT_PACKET_MAX + 1);
    assert_string_equal(said(world), "<close 1009>");
}

static void a_stranger_is_borne_so_many_packets(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < STRANGER_PACKETS_MAX; i++)
        send_method(world, "telemetry.v1");
    assert_int_equal(world->session->state, SESSION_OPEN);
    send_method(world, "telemetry.v1");
    assert_int_equal(metric_get(&metrics(world)->cut), 1);
    assert_true(peer_is_cut(world));
}

static void refused_tokens_cost_more_and_more_time_and_then_the_session(void **state)
{
    struct world *world = *state;
    send_token(world, "init", STR("garbage"));
    assert_true(world->session->reading);
    for (unsigned i = 2; i < STRANGER_INITS_MAX; i++) {
        send_token(world, "init", STR("garbage"));
        assert_false(world->session->reading);
        assert_true(world->session->booked_us >=
                    (uv_now(&world->loop) + (i - 1) * 1000 - 100) * 1000);
        world->session->booked_us = 0;
        session_adjust_reading(world->session);
    }
    said(world);
    send_token(world, "init", STR("garbage"));
    says(world, "<close 1001>");
    assert_int_equal(world->session->state, SESSION_ENDED);
}

static struct session *new_stranger(struct world *world, uint64_t network)
{
    return session_new(realtime_sessions(world->realtime), STR("http://here"), network, false);
}

static void lose(struct session *session)
{
    session_attach(session, -1, STR(""));
}

static void the_oldest_stranger_gives_way_to_the_newest(void **state)
{
    struct world *world = *state;
    struct session *others[STRANGERS_MAX];
    for (size_t i = 0; i < STRANGERS_MAX - 1; i++)
        others[i] = new_stranger(world, 0);
    assert_int_equal(world->session->state, SESSION_OPEN);
    assert_int_equal(metric_get(&metrics(world)->strangers), STRANGERS_MAX);
    others[STRANGERS_MAX - 1] = new_stranger(world, 0);
    assert_int_equal(metric_get(&metrics(world)->strangers), STRANGERS_MAX);
    assert_int_equal(metric_get(&metrics(world)->strangers_displaced), 1);
    assert_true(peer_is_cut(world));
    for (size_t i = 0; i < STRANGERS_MAX; i++)
        lose(others[i]);
    assert_int_equal(metric_get(&metrics(world)->strangers), 0);
}

static void who_was_let_in_is_no_stranger_any_more(void **state)
{
    struct world *world = *state;
    let_in(world);
    assert_int_equal(metric_get(&metrics(world)->strangers), 0);
    for (size_t i = 0; i < 2 * STRANGERS_MAX; i++)
        new_stranger(world, 0);
    assert_int_equal(world->session->state, SESSION_READY);
    assert_int_equal(metric_get(&metrics(world)->strangers), STRANGERS_MAX);
    struct session_table *sessions = realtime_sessions(world->realtime);
    while (sessions->count > 1) {
        struct ring *last = sessions->all.prev;
        lose(ring_of(last, struct session, place));
    }
}

static void a_network_with_many_strangers_gives_way_to_itself(void **state)
{
    struct world *world = *state;
    struct session *one = new_stranger(world, 1), *others[2 * STRANGERS_MAX];
    size_t count = sizeof others / sizeof *others;
    for (size_t i = 0; i < count; i++)
        others[i] = new_stranger(world, 2);
    assert_int_equal(one->state, SESSION_OPEN);
    assert_int_equal(world->session->state, SESSION_OPEN);
    assert_int_equal(others[0]->state, SESSION_ENDED);
    assert_int_equal(others[count - 1]->state, SESSION_OPEN);
    lose(one);
    for (size_t i = 0; i < count; i++)
        lose(others[i]);
}

static void a_good_token_is_no_use_when_there_are_sessions_enough(void **state)
{
    struct world *world = *state;
    atomic_store(&world->sessions, SESSIONS_MAX);
    show_token(world, "init");
    answer(world, OK);
    const char *reply = said(world);
    assert_non_null(strstr(reply, "\"code\":503,\"status\":\"SERVICE_UNAVAILABLE\""));
    assert_non_null(strstr(reply, "{\"backoff_policy\":{\"reconnect_min_ms\":"));
    assert_int_equal(world->session->state, SESSION_OPEN);
    assert_int_equal(metric_get(&metrics(world)->full), 1);
    atomic_store(&world->sessions, SESSIONS_MAX - 1);
    let_in(world);
    assert_int_equal(atomic_load(&world->sessions), SESSIONS_MAX);
    session_abort(world->session, "gone");
    turn(world);
    assert_int_equal(atomic_load(&world->sessions), SESSIONS_MAX - 1);
}

/* --- update --- */

static void a_new_token_takes_the_place_of_the_old(void **state)
{
    struct world *world = *state;
    let_in(world);
    world->jwt.expires_ms += LIFE_MS;
    world->jwt.key = STR(OTHER);
    show_token(world, "update");
    answer(world, OK);
    says(world,
         "{\"method\":\"reply\",\"id\":\"TM1\",\"status\":{\"code\":200,\"status\":\"OK\"}}");
    assert_true(str_eq(world->session->key, STR(OTHER)));
    keepalive_check(world->session, uv_now(&world->loop), clock_ms() + LIFE_MS);
    assert_int_equal(world->session->state, SESSION_READY);
}

static void a_token_of_somebody_else_is_no_update(void **state)
{
    struct world *world = *state;
    let_in(world);
    world->jwt.identity = STR("bob");
    show_token(world, "update");
    says(world, "\"code\":401,\"status\":\"UNAUTHORIZED\",\"errorCode\":51215");
    assert_null(world->commands.first);
    assert_int_equal(world->session->state, SESSION_READY);
}

static void a_token_for_another_service_is_no_update(void **state)
{
    struct world *world = *state;
    let_in(world);
    world->session->service_id = SERVICE_ID + 1;
    show_token(world, "update");
    answer(world, OK);
    says(world, "\"code\":401,\"status\":\"UNAUTHORIZED\",\"errorCode\":51215");
}

static void commands_under_way_keep_the_texts_they_began_with(void **state)
{
    struct world *world = *state;
    let_in(world);
    send_request(world);
    const struct command *command = (const struct command *)world->commands.first;
    world->jwt.key = STR(OTHER);
    show_token(world, "update");
    struct node *first = chain_shift(&world->commands);
    answer(world, OK);
    assert_true(str_eq(world->session->key, STR(OTHER)));
    assert_true(str_eq(command->key, STR(KEY)));
    chain_add(&world->commands, first);
    answer(world, ERR_NAME_MISSING);
}

/* --- time --- */

static void a_client_is_told_once_that_its_token_expires(void **state)
{
    struct world *world = *state;
    let_in(world);
    int64_t expires_ms = world->session->expires_ms;
    keepalive_check(world->session, uv_now(&world->loop), expires_ms - 180001);
    assert_string_equal(said(world), "");
    keepalive_check(world->session, uv_now(&world->loop), expires_ms - 180000);
    says(world, "\"client_update_type\":\"token_about_to_expire\"");
    keepalive_check(world->session, uv_now(&world->loop), expires_ms - 1);
    assert_string_equal(said(world), "");
}

static void a_short_token_is_told_of_with_the_answer(void **state)
{
    struct world *world = *state;
    world->jwt.expires_ms = clock_ms() + 60000;
    show_token(world, "init");
    answer(world, OK);
    const char *all = said(world);
    const char *update = strstr(all, "client_update_type");
    assert_non_null(update);
    assert_true(strstr(all, "\"code\":200") < update);
}

static void a_session_ends_without_a_packet_when_its_token_expires(void **state)
{
    struct world *world = *state;
    let_in(world);
    world->session->warned = true;
    keepalive_check(world->session, uv_now(&world->loop), world->session->expires_ms);
    assert_string_equal(said(world), "<close 1001>");
}

static void a_quiet_client_is_asked_for_a_sign_of_life_and_then_cut(void **state)
{
    struct world *world = *state;
    let_in(world);
    tick(world, PING_MS - 1000);
    assert_string_equal(said(world), "");
    tick(world, PING_MS + 1);
    const char *all = said(world);
    assert_ptr_equal(strstr(all, "<ping>TWILSOCK"), all);
    assert_non_null(strstr(all, "{\"method\":\"ping\",\"id\":\"TM"));
    tick(world, PING_MS + 1000);
    assert_string_equal(said(world), "");
    tick(world, 2 * PING_MS + 2);
    assert_true(peer_is_cut(world));
    assert_int_equal(metric_get(&metrics(world)->cut), 1);
}

/* --- packets --- */

static void what_is_no_packet_ends_the_session(void **state)
{
    struct world *world = *state;
    send_bytes(world, STR("hello"));
    const char *all = said(world);
    assert_non_null(strstr(all, "{\"method\":\"close\",\"id\":\"TM"));
    assert_non_null(
        strstr(all, "\"code\":406,\"status\":\"NOT_ACCEPTABLE_MESSAGE\",\"errorCode\":51214"));
    assert_non_null(strstr(all, "<close 1001>"));
}

static void a_request_before_init_is_refused(void **state)
{
    struct world *world = *state;
    send_request(world);
    says(world, "\"code\":401,\"status\":\"UNAUTHORIZED\"");
    assert_null(world->commands.first);
}

static void a_ping_is_answered_at_any_time(void **state)
{
    struct world *world = *state;
    send_method(world, "ping");
    says(world,
         "{\"method\":\"reply\",\"id\":\"TM1\",\"status\":{\"code\":200,\"status\":\"OK\"}}");
}

static void old_registrations_and_unknown_methods_are_agreed_to(void **state)
{
    struct world *world = *state;
    let_in(world);
    send_method(world, "put_notification_ctx");
    says(world, "\"code\":200");
    send_method(world, "brew_coffee");
    says(world, "\"code\":200");
}

static void replies_and_telemetry_are_not_answered(void **state)
{
    struct world *world = *state;
    let_in(world);
    send_method(world, "reply");
    send_method(world, "telemetry.v1");
    assert_string_equal(said(world), "");
}

static void a_client_that_says_so_leaves(void **state)
{
    struct world *world = *state;
    let_in(world);
    send_method(world, "close");
    assert_string_equal(said(world), "<close 1001>");
}

/* --- limits --- */

static void a_client_with_too_much_under_way_is_not_read_from(void **state)
{
    struct world *world = *state;
    let_in(world);
    for (int i = 0; i < 3; i++)
        send_request(world);
    assert_int_equal(world->commands.count, 2);
    answer(world, ERR_NAME_MISSING);
    says(world, "\"http_status\":{\"code\":404,\"status\":\"NOT_FOUND\"}");
    assert_int_equal(world->commands.count, 2);
}

static void a_client_that_sends_too_fast_is_not_read_from(void **state)
{
    struct world *world = *state;
    let_in(world);
    for (int i = 0; i < 41; i++)
        send_method(world, "reply");
    assert_false(world->session->reading);
    world->session->booked_us = 0;
    session_adjust_reading(world->session);
    assert_true(world->session->reading);
}

/* Few messages, for two seconds' worth of bytes. */
static void a_client_that_sends_too_many_bytes_is_not_read_from(void **state)
{
    enum { SIZE = 3 * BYTES_MAX / 5 };
    struct world *world = *state;
    struct buf header;
    char padding[SIZE];
    let_in(world);
    memset(padding, 'x', sizeof padding);
    buf_init(&header, 2 * SIZE);
    buf_addf(&header, "{\"method\":\"reply\",\"id\":\"TM1\",\"x\":\"%.*s\"}", SIZE, padding);
    for (int i = 0; i < 3; i++)
        send_header(world, buf_str(&header));
    assert_true(world->session->reading);
    send_header(world, buf_str(&header));
    assert_false(world->session->reading);
    buf_deinit(&header);
}

/* More than the kernel takes while the client does not read. */
static void send_much(struct world *world)
{
    static char text[65536];
    memset(text, ' ', sizeof text);
    for (int i = 0; i < 16 && !websocket_queued(world->session->socket); i++)
        session_send_packet(world->session, STR("{}"), (struct str){text, sizeof text});
    assert_true(websocket_queued(world->session->socket) > 0);
}

static void a_client_that_takes_nothing_is_cut(void **state)
{
    struct world *world = *state;
    let_in(world);
    tick(world, STALL_MS - 1000); /* asks for a sign of life */
    send_much(world);
    tick(world, STALL_MS - 1);
    assert_int_equal(world->session->state, SESSION_READY);
    tick(world, STALL_MS + 1000);
    assert_int_equal(world->session->state, SESSION_ENDED);
    assert_string_equal(world->session->reason, "stalled");
}

static void a_session_has_room_until_its_queue_is_full(void **state)
{
    struct world *world = *state;
    let_in(world);
    assert_true(outbox_has_room(&world->session->outbox, QUEUE_MAX + 1)); /* nothing else waits */
    send_much(world);
    assert_true(outbox_has_room(&world->session->outbox, 1000));
    assert_false(world->session->outbox.backpressured);
    assert_false(outbox_has_room(&world->session->outbox, QUEUE_MAX));
    assert_true(world->session->outbox.backpressured);
    for (int i = 0; i < 100 && world->session->outbox.backpressured; i++) {
        turn(world);
        read_all(world);
    }
    assert_false(world->session->outbox.backpressured);
    buf_clear(&world->read);
}

/* --- ends --- */

static void sessions_end_when_their_key_is_removed(void **state)
{
    struct world *world = *state;
    let_in(world);
    hear_removal(world, KIND_KEY, 3, 4);
    assert_string_equal(said(world), "");
    hear_removal(world, KIND_KEY, 1, 2);
    assert_string_equal(said(world), "<close 1001>");
}

static void sessions_end_when_their_service_is_removed(void **state)
{
    struct world *world = *state;
    let_in(world);
    hear_removal(world, KIND_SERVICE, SERVICE_ID + 1, 0);
    assert_string_equal(said(world), "");
    hear_removal(world, KIND_SERVICE, SERVICE_ID, 0);
    assert_string_equal(said(world), "<close 1001>");
}

static void a_drain_lets_what_is_under_way_be_answered(void **state)
{
    struct world *world = *state;
    let_in(world);
    send_request(world);
    realtime_drain(world->realtime);
    assert_string_equal(said(world), "");
    assert_false(realtime_is_drained(world->realtime));
    answer(world, ERR_NAME_MISSING);
    const char *all = said(world);
    const char *reply = strstr(all, "\"http_status\"");
    assert_non_null(reply);
    assert_non_null(strstr(reply, "<close 1001>"));
    const char close_1001[] = "\x88\x82\0\0\0\0\x03\xe9";
    assert_int_equal(write(world->peer, close_1001, 8), 8);
    turn(world);
    assert_true(realtime_is_drained(world->realtime));
}

static void a_drain_ends_idle_sessions(void **state)
{
    struct world *world = *state;
    let_in(world);
    realtime_drain(world->realtime);
    assert_string_equal(said(world), "<close 1001>");
    shutdown(world->peer, SHUT_RDWR);
    turn(world);
    assert_true(realtime_is_drained(world->realtime));
}

static void a_connection_that_is_lost_before_it_is_there_leaves_nothing(void **state)
{
    struct world *world = *state;
    struct session *lost =
        session_new(realtime_sessions(world->realtime), STR("http://here"), 0, false);
    assert_int_equal(metric_get(&metrics(world)->sessions), 2);
    session_attach(lost, -1, STR(""));
    assert_int_equal(metric_get(&metrics(world)->sessions), 1);
}

/* --- subscriptions --- */

static void subscribe(struct world *world, const char *action, const char *request)
{
    struct buf payload, packet;
    buf_init(&payload, 65535);
    buf_init(&packet, 65535);
    buf_addf(&payload, "{\"action\":\"%s\",\"correlation_id\":5,\"requests\":[%s]}", action,
             request);
    packet_write(STR("{\"method\":\"message\",\"id\":\"RQ1\",\"http_request\":{"
                     "\"path\":\"/v4/Subscriptions\",\"method\":\"POST\"}}"),
                 buf_str(&payload), &packet);
    send_bytes(world, buf_str(&packet));
    buf_deinit(&payload);
    buf_deinit(&packet);
}

static void what_the_core_looks_up_for_a_live_query_outlives_it(void **state)
{
    struct world *world = *state;
    const char *request = "{\"object_sid\":\"LQ1\",\"object_type\":\"live_query\","
                          "\"index_name\":\"Kings\",\"query_string\":\"\"}";
    let_in(world);
    subscribe(world, "establish", request);
    const struct command *command = (const struct command *)world->commands.first;
    assert_int_equal(command->verb, VERB_FETCH);
    subscribe(world, "cancel", request);
    assert_true(str_eq(command->object, STR("Kings")));
    says(world, "subscription_canceled");
}

static void a_change_of_the_service_loses_no_message_of_a_stream(void **state)
{
    struct world *world = *state;
    struct change stream = {.kind = KIND_STREAM, .id = 5, .salt = 6};
    struct change message = {.type = CHANGE_CREATED,
                             .kind = KIND_MESSAGE,
                             .seq = 50,
                             .id = 50,
                             .parent = stream.id,
                             .data = STR("{\"n\":1}")};
    struct change service = {.type = CHANGE_UPDATED, .kind = KIND_SERVICE, .id = SERVICE_ID};
    struct notice updated = {.change = &service}, published = {.change = &message};
    struct sid sid = sid_of(&stream);
    char request[128];
    let_in(world);
    snprintf(request, sizeof request, "{\"object_sid\":\"%s\",\"object_type\":\"stream\"}",
             sid.text);
    subscribe(world, "establish", request);
    answer(world, OK);
    says(world, "subscription_established");
    realtime_hear(world->realtime, &updated);
    realtime_hear(world->realtime, &published);
    says(world, "\"message_data\":{\"n\":1}");
}

/* The oldest command, a subscription to a document, is answered: it is up to date at `seq`. */
static void answer_subscription(struct world *world, const struct change *document, uint64_t seq)
{
    struct command *command = (struct command *)world->commands.first;
    assert_int_equal(command->verb, VERB_SUBSCRIBE);
    command->head = change_new(document);
    command->subscribe->reached = seq;
    answer(world, OK);
}

static bool be_done(struct worker *worker)
{
    (void)worker;
    return false;
}

/* Others have work. */
static void add_busy(struct world *world, struct worker *busy)
{
    world->lane = work_lane_get(&world->work.queue, WORK_KNOWN, 1, 0);
    worker_init(busy, be_done);
    work_add(world->lane, busy);
}

/* The same with an event before `seq` to tell, while others have work: it waits to be looked at. */
static void answer_behind_others(struct world *world, struct worker *busy,
                                 const struct change *document, uint64_t seq)
{
    struct command *command = (struct command *)world->commands.first;
    struct change before = *document;
    before.seq = seq - 1;
    command->subscribe->count = 1;
    command->subscribe->notices[0] = (struct notice){.change = change_new(&before)};
    add_busy(world, busy);
    answer_subscription(world, document, seq);
}

static const struct change secret = {.type = CHANGE_UPDATED,
                                     .kind = KIND_DOCUMENT,
                                     .seq = 50,
                                     .id = 5,
                                     .salt = 6,
                                     .data = STR_INIT("{\"secret\":1}")};

static void establish(struct world *world, const struct change *object, const char *type)
{
    struct sid sid = sid_of(object);
    char request[160];
    snprintf(request, sizeof request, "{\"object_sid\":\"%s\",\"object_type\":\"%s\"}", sid.text,
             type);
    subscribe(world, "establish", request);
}

/* The answer to a subscription waits behind what others do; meanwhile the object changes. */
static void what_happens_before_an_answer_is_looked_at_is_not_missed(void **state)
{
    struct world *world = *state;
    struct worker busy;
    struct sid sid = sid_of(&secret);
    let_in(world);
    establish(world, &secret, "document");
    answer_behind_others(world, &busy, &secret, 40);
    realtime_hear(world->realtime, &(struct notice){.change = (struct change *)&secret});
    says(world, "subscription_established"); /* as far as the answer knew */
    const struct command *command = (const struct command *)world->commands.first;
    assert_non_null(command);
    assert_true(str_eq(command->object, sid_str(&sid)));
    assert_int_equal(command->subscribe->since, 40);
    answer_subscription(world, &secret, 50);
}

/* The core was asked while reading was allowed, and its answer waits to be looked at. */
static void withdraw_while_an_answer_waits(struct world *world, const struct change *withdrawn)
{
    struct worker busy;
    struct change later = secret;
    let_in(world);
    establish(world, &secret, "document");
    answer_behind_others(world, &busy, &secret, 50);
    realtime_hear(world->realtime, &(struct notice){.change = (struct change *)withdrawn});
    said(world);
    assert_non_null(world->commands.first); /* it asks again before it goes live */
    later.seq = 60;
    later.data = STR("{\"later\":1}");
    realtime_hear(world->realtime, &(struct notice){.change = &later});
    assert_null(strstr(said(world), "later"));
    answer(world, ERR_DENIED);
    says(world, "subscription_failed");
}

static void a_permission_that_goes_while_an_answer_waits_is_looked_at(void **state)
{
    const struct change gone = {.type = CHANGE_REMOVED,
                                .kind = KIND_PERMISSION,
                                .seq = 55,
                                .id = 20,
                                .parent = 5,
                                .name = STR_INIT("alice"),
                                .data = STR_INIT("{\"read\":true}")};
    withdraw_while_an_answer_waits(*state, &gone);
}

static void access_control_turned_on_while_an_answer_waits_is_looked_at(void **state)
{
    const struct change service = {.type = CHANGE_UPDATED,
                                   .kind = KIND_SERVICE,
                                   .seq = 55,
                                   .id = SERVICE_ID};
    withdraw_while_an_answer_waits(*state, &service);
}

static void
a_stream_hears_the_message_right_behind_its_answer_also_when_others_have_work(void **state)
{
    struct world *world = *state;
    struct worker busy;
    struct change stream = {.kind = KIND_STREAM, .id = 5, .salt = 6};
    struct change message = {.type = CHANGE_CREATED,
                             .kind = KIND_MESSAGE,
                             .seq = 50,
                             .id = 50,
                             .parent = 5,
                             .data = STR("{\"n\":1}")};
    let_in(world);
    establish(world, &stream, "stream");
    add_busy(world, &busy);
    answer_subscription(world, &stream, 0);
    realtime_hear(world->realtime, &(struct notice){.change = &message});
    says(world, "message_data");
}

/* Nor does a large page. */
static void a_page_is_written_in_a_later_turn_when_others_have_work(void **state)
{
    struct world *world = *state;
    struct worker busy;
    let_in(world);
    send_header(world,
                STR("{\"method\":\"message\",\"id\":\"RQ1\",\"http_request\":{\"host\":\"here\","
                    "\"path\":\"/v3/Lists/x/Items\",\"method\":\"GET\"}}"));
    assert_int_equal(((struct command *)world->commands.first)->verb, VERB_LIST);
    add_busy(world, &busy);
    answer(world, OK);
    read_all(world);
    assert_int_equal(world->read.len, 0);
    says(world, "\"items\":[]");
}

/* A large event for many clients holds up nobody else. */
static void events_are_sent_in_a_later_turn_when_others_have_work(void **state)
{
    struct world *world = *state;
    struct worker busy;
    struct change stream = {.kind = KIND_STREAM, .id = 5, .salt = 6};
    struct change message = {.type = CHANGE_CREATED,
                             .kind = KIND_MESSAGE,
                             .seq = 50,
                             .id = 50,
                             .parent = 5,
                             .data = STR("{\"n\":1}")};
    let_in(world);
    establish(world, &stream, "stream");
    answer_subscription(world, &stream, 0);
    says(world, "subscription_established");
    add_busy(world, &busy);
    realtime_hear(world->realtime, &(struct notice){.change = &message});
    message.data = STR("{\"n\":2}");
    realtime_hear(world->realtime, &(struct notice){.change = &message});
    read_all(world);
    assert_int_equal(world->read.len, 0);
    const char *all = said(world);
    const char *first = strstr(all, "{\"n\":1}"), *second = strstr(all, "{\"n\":2}");
    assert_true(first && second && first < second);
}

static void nothing_starts_in_a_session_that_has_ended(void **state)
{
    struct world *world = *state;
    let_in(world);
    send_header(world, STR("{\"method\":\"message\",\"id\":\"RQ1\",\"http_request\":{"
                           "\"path\":\"/v3/Lists/x/Items\",\"method\":\"GET\"}}"));
    send_header(world, STR("{\"method\":\"message\",\"id\":\"RQ2\",\"http_request\":{"
                           "\"path\":\"/v3/Documents/x\",\"method\":\"DELETE\"}}"));
    assert_int_equal(world->commands.count, 1);
    world->session->warned = true;
    keepalive_check(world->session, uv_now(&world->loop), world->session->expires_ms);
    assert_int_equal(world->session->state, SESSION_ENDED);
    answer(world, ERR_NAME_MISSING);
    assert_null(world->commands.first);
}

/* What they are compiled to counts, not how many there are. */
static void live_queries_may_take_so_much_memory_and_no_more(void **state)
{
    struct world *world = *state;
    struct buf request;
    let_in(world);
    buf_init(&request, LIVE_SIZE_MAX);
    buf_addf(&request, "{\"object_sid\":\"q\",\"object_type\":\"live_query\",\"index_name\":\"m\","
                       "\"query_string\":\"");
    for (size_t i = 0; i < 1200; i++)
        buf_add_lit(&request, "a.");
    buf_addf(&request, "a == 1\"}%c", 0);
    subscribe(world, "establish", request.ptr);
    assert_int_equal(world->commands.count, 1);
    request.ptr[strlen("{\"object_sid\":\"")] = 'r';
    subscribe(world, "establish", request.ptr);
    says(world, "\"code\":51202");
    assert_int_equal(world->commands.count, 1);
    request.ptr[strlen("{\"object_sid\":\"")] = 'q';
    subscribe(world, "cancel", request.ptr);
    request.ptr[strlen("{\"object_sid\":\"")] = 'r';
    subscribe(world, "establish", request.ptr);
    assert_null(strstr(said(world), "51202"));
    assert_int_equal(world->commands.count, 2);
    buf_deinit(&request);
}

enum { NOTICES = 4, NOTICE_SIZE = 100 };

/* Several changes of a list, each with a large item. */
static void answer_with_changes(struct world *world, const struct change *list)
{
    static char data[NOTICE_SIZE];
    struct command *command = (struct command *)world->commands.first;
    struct change item = {.type = CHANGE_CREATED,
                          .kind = KIND_LIST_ITEM,
                          .id = 9,
                          .name = STR("0000000000000001"),
                          .data = {data, sizeof data}};
    struct change change = *list;
    memset(data, '1', sizeof data);
    command->head = change_new(list);
    command->subscribe->reached = list->seq;
    command->subscribe->count = NOTICES;
    for (size_t i = 0; i < NOTICES; i++) {
        item.seq = 40 + 2 * i;
        change.seq = item.seq + 1;
        command->subscribe->notices[i] =
            (struct notice){.change = change_new(&change), .item = change_new(&item)};
    }
    answer(world, OK);
}

/* A step of the turn's work ends when its time is over: here at once. */
static uint64_t passing_ns(void *context)
{
    uint64_t *now_ns = context;
    return *now_ns += WORK_STEP_NS;
}

static void a_catch_up_is_told_in_steps(void **state)
{
    struct world *world = *state;
    struct change list = {.type = CHANGE_ITEM, .kind = KIND_LIST, .seq = 60, .id = 5, .salt = 6};
    struct sid sid = sid_of(&list);
    uint64_t now_ns = 1;
    char request[128];
    let_in(world);
    snprintf(request, sizeof request,
             "{\"object_sid\":\"%s\",\"object_type\":\"list\",\"last_event_id\":30}", sid.text);
    subscribe(world, "establish", request);
    world->work.queue.options.now_ns = passing_ns;
    world->work.queue.options.context = &now_ns;
    uint64_t told = metric_get(&metrics(world)->events);
    answer_with_changes(world, &list);
    assert_int_equal(metric_get(&metrics(world)->events), told + 1);
    assert_false(work_is_empty(&world->work.queue));
    world->work.queue.options.now_ns = NULL;
    const char *all = said(world);
    for (size_t i = 0; i < NOTICES; i++) {
        char id[32];
        snprintf(id, sizeof id, "\"id\":%zu,", 41 + 2 * i);
        all = strstr(all, id);
        assert_non_null(all);
    }
    assert_non_null(strstr(all, "subscription_established"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_client_is_let_in_when_the_core_knows_its_key_and_service),
        TEST(a_bad_token_is_refused_without_asking_the_core),
        TEST(a_token_is_refused_whose_key_or_service_is_gone),
        TEST(a_client_is_told_to_come_later_when_the_store_fails),
        TEST(a_second_init_does_not_overtake_the_first),
        TEST(a_client_that_does_not_show_a_token_in_time_is_cut),
        TEST(a_client_that_goes_while_the_core_is_asked_leaves_nothing),
        TEST(a_stranger_may_send_small_packets_only_and_a_client_large_ones),
        TEST(a_stranger_that_sends_a_large_packet_is_closed_before_it_has_come),
        TEST(a_stranger_is_borne_so_many_packets),
        TEST(refused_tokens_cost_more_and_more_time_and_then_the_session),
        TEST(the_oldest_stranger_gives_way_to_the_newest),
        TEST(who_was_let_in_is_no_stranger_any_more),
        TEST(a_network_with_many_strangers_gives_way_to_itself),
        TEST(a_good_token_is_no_use_when_there_are_sessions_enough),
        TEST(a_new_token_takes_the_place_of_the_old),
        TEST(a_token_of_somebody_else_is_no_update),
        TEST(a_token_for_another_service_is_no_update),
        TEST(commands_under_way_keep_the_texts_they_began_with),
        TEST(a_client_is_told_once_that_its_token_expires),
        TEST(a_short_token_is_told_of_with_the_answer),
        TEST(a_session_ends_without_a_packet_when_its_token_expires),
        TEST(a_quiet_client_is_asked_for_a_sign_of_life_and_then_cut),
        TEST(what_is_no_packet_ends_the_session),
        TEST(a_request_before_init_is_refused),
        TEST(a_ping_is_answered_at_any_time),
        TEST(old_registrations_and_unknown_methods_are_agreed_to),
        TEST(replies_and_telemetry_are_not_answered),
        TEST(a_client_that_says_so_leaves),
        TEST(a_client_with_too_much_under_way_is_not_read_from),
        TEST(a_client_that_sends_too_fast_is_not_read_from),
        TEST(a_client_that_sends_too_many_bytes_is_not_read_from),
        TEST(a_client_that_takes_nothing_is_cut),
        TEST(a_session_has_room_until_its_queue_is_full),
        TEST(sessions_end_when_their_key_is_removed),
        TEST(sessions_end_when_their_service_is_removed),
        TEST(a_drain_lets_what_is_under_way_be_answered),
        TEST(a_drain_ends_idle_sessions),
        TEST(a_connection_that_is_lost_before_it_is_there_leaves_nothing),
        TEST(what_the_core_looks_up_for_a_live_query_outlives_it),
        TEST(a_change_of_the_service_loses_no_message_of_a_stream),
        TEST(what_happens_before_an_answer_is_looked_at_is_not_missed),
        TEST(a_permission_that_goes_while_an_answer_waits_is_looked_at),
        TEST(access_control_turned_on_while_an_answer_waits_is_looked_at),
        TEST(a_stream_hears_the_message_right_behind_its_answer_also_when_others_have_work),
        TEST(a_page_is_written_in_a_later_turn_when_others_have_work),
        TEST(events_are_sent_in_a_later_turn_when_others_have_work),
        TEST(nothing_starts_in_a_session_that_has_ended),
        TEST(live_queries_may_take_so_much_memory_and_no_more),
        TEST(a_catch_up_is_told_in_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
