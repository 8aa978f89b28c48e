#include "fake/client_world.h"

#include "base/mem.h"
#include "base/value.h"
#include "realtime/dispatch.h"
#include "subscription/event_render.h"
#include "subscription/subscription_request.h"
#include "sync/subscribe.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BODY_SIZE_MAX = 16 << 20, HTTP_REQUEST_SIZE_MAX = 4096, HEARD_MAX = 64 << 20 };

/* --- the core --- */

static void submit(void *context, struct command *command)
{
    struct client_world *world = context;
    bool unsubscribes = command->verb == VERB_UNSUBSCRIBE;
    chain_add(unsubscribes ? &world->unsubscribes : &world->commands, &command->letter.node);
    world->submitted += !unsubscribes;
}

static void arrive(struct chain *chain)
{
    struct letter *letter = (struct letter *)chain_shift(chain);
    letter->arrive(letter);
}

/* --- what the first client hears --- */

static void hear_reply(struct client_world *world, const struct packet *packet)
{
    uint64_t code;
    struct str status = value_get(packet->header, STR("http_status"));
    assert(str_eq(packet->id, STR("RQ1")));
    assert(str_to_u64(value_get(status, STR("code")), 999, &code));
    world->replies++;
    world->status = (unsigned)code;
    buf_clear(&world->body);
    buf_add(&world->body, packet->payload);
    buf_add_char(&world->body, 0);
}

static void hear_packet(struct client_world *world, struct str bytes)
{
    struct arena arena;
    struct packet packet = {0};
    const char *reason;
    arena_init(&arena);
    if (!packet_parse(bytes, &arena, &packet, &reason))
        assert(!"the server sends packets");
    if (packet.method == PACKET_REPLY) {
        hear_reply(world, &packet);
    } else {
        buf_add(&world->events, packet.payload);
        buf_add_char(&world->events, '\n');
    }
    arena_deinit(&arena);
}

/* Where the payload of a frame begins, `*size` bytes (RFC 6455 section 5.2); 0: it is not all there
 * yet. */
static size_t frame_head(const unsigned char *at, size_t len, size_t *size)
{
    if (len < 2)
        return 0;
    size_t more = at[1] == 127 ? 8 : at[1] == 126 ? 2 : 0;
    if (len < 2 + more)
        return 0;
    *size = more ? 0 : at[1];
    for (size_t i = 0; i < more; i++)
        *size = *size << 8 | at[2 + i];
    return len < 2 + more + *size ? 0 : 2 + more;
}

static void hear_frames(struct client_world *world)
{
    const char *bytes = buf_str(&world->heard).ptr;
    size_t at = 0, head, size;
    while ((head = frame_head((const unsigned char *)bytes + at, world->heard.len - at, &size))) {
        if ((bytes[at] & 15) <= 2) /* text or binary */
            hear_packet(world, (struct str){bytes + at + head, size});
        at += head + size;
    }
    size_t rest = world->heard.len - at;
    if (at && rest)
        memmove(world->heard.ptr, world->heard.ptr + at, rest);
    world->heard.len = rest;
}

static bool read_peers(struct client_world *world)
{
    bool any = false;
    char bytes[65536];
    for (size_t i = 0; i < world->peers_count; i++) {
        ssize_t got = read(world->peers[i], bytes, sizeof bytes);
        any |= got > 0;
        if (got > 0 && i == 0)
            buf_add(&world->heard, (struct str){bytes, (size_t)got});
    }
    return any;
}

void client_world_turn(struct client_world *world)
{
    uv_run(&world->loop, UV_RUN_NOWAIT);
    while (!world->deaf && read_peers(world))
        uv_run(&world->loop, UV_RUN_NOWAIT);
    hear_frames(world);
}

/* --- life --- */

static uint64_t now_ns(void *context)
{
    struct client_world *world = context;
    return world->now_ns += world->tick_ns;
}

static struct realtime_options make_options(struct client_world *world)
{
    return (struct realtime_options){
        .session =
            {
                .loop = &world->loop,
                .work = &world->work,
                .submit = submit,
                .context = world,
                .origin_base = 999,
                .sessions = &world->sessions_count,
                .sessions_max = CLIENT_WORLD_CLIENTS_MAX,
                .strangers_max = CLIENT_WORLD_CLIENTS_MAX,
                .queue_max = 1 << 20,
                .requests_max = 1000,
                .event_window_ms = UINT_MAX,
            },
        .subscription =
            {
                .subscriptions_max = 1000,
                .live_size_max = 1 << 20,
                .replay_max = 1000,
            },
        .credentials = &world->credentials,
        .limits = {.data_size_max = 32, .message_size_max = 16, .data_depth_max = 8},
    };
}

void client_world_init(struct client_world *world)
{
    *world = (struct client_world){.now_ns = 1};
    struct work_options work = {2000, now_ns, world};
    struct websocket_options sockets = {.work = &world->work, .message_size_max = 65536};
    work_init(&world->work, &work);
    uv_loop_init(&world->loop);
    world->options = make_options(world);
    world->sockets = websockets_new(&world->loop, &sockets);
    session_table_init(&world->table, &world->options.session, &world->metrics.session,
                       world->sockets, &client_handler, &world->clients);
    client_context_init(&world->clients, &world->options, &world->metrics, &world->table.core);
    buf_init(&world->heard, HEARD_MAX);
    buf_init(&world->events, HEARD_MAX);
    buf_init(&world->shown, HEARD_MAX);
    buf_init(&world->body, BODY_SIZE_MAX);
    buf_add_char(&world->body, 0);
    world->session = client_world_open(world);
}

struct session *client_world_open(struct client_world *world)
{
    int pair[2];
    struct change service = {.kind = KIND_SERVICE, .id = 1, .salt = 0xa1};
    struct session *session = session_new(&world->table, STR("http://h:1"), 0, false);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
        abort();
    assert(world->peers_count < CLIENT_WORLD_CLIENTS_MAX);
    world->peers[world->peers_count++] = pair[1];
    session_attach(session, pair[0], STR(""));
    session->identity = STR("alice");
    session->service = STR("default");
    session->service_sid = sid_of(&service);
    session->service_id = service.id;
    session_move(session, SESSION_STARTING);
    session_move(session, SESSION_READY);
    return session;
}

static void answer_all(struct client_world *world)
{
    while (world->commands.first)
        client_world_answer(world, ERR_STORE, NULL, NULL);
    while (world->unsubscribes.first)
        arrive(&world->unsubscribes);
}

void client_world_deinit(struct client_world *world)
{
    world->deaf = false;
    for (struct ring *at = world->table.all.next; at != &world->table.all; at = at->next)
        session_abort(ring_of(at, struct session, place), "the test is over");
    while (world->table.count || world->commands.first || world->unsubscribes.first) {
        answer_all(world);
        client_world_turn(world);
    }
    client_context_deinit(&world->clients);
    session_table_deinit(&world->table);
    websockets_free(world->sockets);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert(uv_loop_close(&world->loop) == 0);
    work_deinit(&world->work);
    for (size_t i = 0; i < world->peers_count; i++)
        close(world->peers[i]);
    buf_deinit(&world->heard);
    buf_deinit(&world->events);
    buf_deinit(&world->shown);
    buf_deinit(&world->body);
}

/* --- requests and answers --- */

/* From a block of exactly its size, gone before any answer: a sanitizer sees what is kept of it. */
static struct str lend(const char *text)
{
    if (!text)
        return (struct str){0};
    size_t len = strlen(text);
    return (struct str){memcpy(mem_alloc(len + !len), text, len), len};
}

void client_world_start(struct client_world *world, const char *http_request, const char *payload)
{
    struct packet packet = {
        .method = PACKET_MESSAGE,
        .id = lend("RQ1"),
        .http_request = lend(http_request),
        .payload = lend(payload),
    };
    dispatch_start(world->session, &packet);
    session_adjust_reading(world->session); /* as after each packet */
    free((char *)packet.id.ptr);
    free((char *)packet.http_request.ptr);
    free((char *)packet.payload.ptr);
    client_world_turn(world);
}

void client_world_call(struct client_world *world, const char *method, const char *path,
                       const char *payload)
{
    struct buf text;
    buf_init(&text, HTTP_REQUEST_SIZE_MAX);
    buf_addf(&text, "{\"host\":\"h:1\",\"path\":\"%s\",\"method\":\"%s\",\"params\":{}}", path,
             method);
    buf_add_char(&text, 0);
    client_world_start(world, text.ptr, payload);
    buf_deinit(&text);
}

struct command *client_world_command(const struct client_world *world)
{
    assert(world->commands.first);
    return (struct command *)world->commands.first;
}

static void give_back(struct client_world *world)
{
    arrive(&world->commands);
    client_world_turn(world);
}

void client_world_answer(struct client_world *world, enum err err, const struct change *head,
                         const struct change *container)
{
    struct command *command = client_world_command(world);
    command->err = err;
    command->subject = command->kind;
    command->head = head ? change_new(head) : NULL;
    command->container_head = container ? change_new(container) : NULL;
    give_back(world);
}

void client_world_answer_page(struct client_world *world, const struct change *container,
                              const struct change *items, size_t count, bool more_before,
                              bool more_after)
{
    struct command *command = client_world_command(world);
    command->container_head = change_new(container);
    command->heads = mem_alloc((count + 1) * sizeof *command->heads);
    for (size_t i = 0; i < count; i++)
        command->heads[command->heads_count++] = change_new(&items[i]);
    command->more_before = more_before;
    command->more_after = more_after;
    give_back(world);
}

const char *client_world_body(const struct client_world *world)
{
    return world->body.ptr;
}

const char *client_world_events(struct client_world *world)
{
    outbox_flush(&world->session->outbox);
    client_world_turn(world);
    buf_clear(&world->shown);
    buf_add(&world->shown, buf_str(&world->events));
    buf_add_char(&world->shown, 0);
    buf_clear(&world->events);
    return world->shown.ptr;
}

struct subscription *client_world_subscribe(struct client_world *world, struct session *session,
                                            const struct change *object)
{
    struct sid sid = sid_of(object);
    struct subscriber *subscriber = &client_of(session)->subscriber;
    struct subscription_request request = {
        .sid = sid_str(&sid),
        .type = str_from(event_render_type(object->kind)),
    };
    subscription_request_establish(subscriber, &request);
    client_world_command(world)->subscribe->reached = object->seq;
    client_world_answer(world, OK, object, NULL);
    return ring_of(subscriber->subscriptions.prev, struct subscription, in_session);
}
