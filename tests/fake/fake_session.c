#include "fake/fake_session.h"

#include "base/mem.h"
#include "realtime/subscription_route.h"

#include <assert.h>
#include <stdlib.h>

enum { BODY_SIZE_MAX = 16 << 20, HTTP_REQUEST_SIZE_MAX = 4096 };

/* --- what it stands in for --- */

static struct fake_session *fake_of(const struct session *session)
{
    return (struct fake_session *)session->realtime;
}

struct hub *realtime_hub(struct realtime *realtime)
{
    return &((struct fake_session *)realtime)->hub;
}

void session_submit(struct session *session, struct command *command)
{
    struct fake_session *fake = fake_of(session);
    command->origin = session->id;
    chain_add(&fake->commands, &command->letter.node);
    fake->submitted++;
}

void session_adjust_reading(struct session *session)
{
    session->reading = !session->subscriber.subscribing;
}

static bool has_room(struct request_queue *requests)
{
    return !ring_of(requests, struct session, requests)->backpressured;
}

void session_release(struct session *session)
{
    fake_of(session)->released++;
}

void session_reply_http(struct session *session, struct str id, unsigned http_status,
                        struct str body)
{
    struct fake_session *fake = fake_of(session);
    assert(str_eq(id, STR("RQ1")));
    fake->replies++;
    fake->status = http_status;
    buf_clear(&fake->body);
    buf_add(&fake->body, body);
    buf_add_char(&fake->body, 0);
}

void session_send(struct session *session, struct parcel *parcel)
{
    (void)session;
    (void)parcel;
}

bool session_has_room(struct session *session, size_t bytes)
{
    (void)bytes;
    return !session->backpressured;
}

void session_end(struct session *session)
{
    session->state = SESSION_ENDED;
}

/* Of nobody: that a topic is left. */
void realtime_submit(struct realtime *realtime, struct command *command)
{
    chain_add(&((struct fake_session *)realtime)->farewells, &command->letter.node);
}

void realtime_returned(struct realtime *realtime)
{
    (void)realtime;
}

/* --- life --- */

static uint64_t now_ns(void *context)
{
    struct fake_session *fake = context;
    return fake->now_ns += fake->tick_ns;
}

void fake_session_init(struct fake_session *fake)
{
    struct change service = {.kind = KIND_SERVICE, .id = 1, .salt = 0xa1};
    *fake = (struct fake_session){
        .options = {.limits = {.data_size_max = 32, .message_size_max = 16, .data_depth_max = 8}},
    };
    struct work_options work = {2000, now_ns, fake};
    fake->now_ns = 1;
    work_init(&fake->work, &work);
    fake->options.work = &fake->work;
    fake->hub = (struct hub){
        .realtime = (struct realtime *)fake,
        .options = &fake->options,
        .metrics = &fake->metrics,
        .routes = routes_new(),
    };
    fake->session = mem_zalloc(1, sizeof *fake->session);
    fake->session->realtime = fake->hub.realtime;
    fake->session->id = 1000;
    fake->session->lane = work_lane_get(&fake->work, WORK_KNOWN, 0, 1);
    limiter_init(&fake->hub.pages, 1);
    request_queue_init(&fake->session->requests, &fake->hub.pages, has_room, request_submit);
    fake->session->base = STR("http://h:1");
    fake->session->identity = STR("alice");
    fake->session->service = STR("default");
    fake->session->service_sid = sid_of(&service);
    buf_init(&fake->body, BODY_SIZE_MAX);
    buf_add_char(&fake->body, 0);
}

void fake_session_deinit(struct fake_session *fake)
{
    while (fake->commands.first)
        fake_session_answer(fake, ERR_STORE, NULL, NULL);
    assert(fake->released == fake->submitted);
    subscription_route_drop(fake->session);
    for (struct node *node; (node = chain_shift(&fake->farewells));)
        ((struct letter *)node)->arrive((struct letter *)node);
    routes_free(fake->hub.routes);
    buf_deinit(&fake->body);
    work_lane_put(fake->session->lane);
    work_deinit(&fake->work);
    free(fake->session);
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

void fake_session_start(struct fake_session *fake, const char *http_request, const char *payload)
{
    struct packet packet = {
        .method = PACKET_MESSAGE,
        .id = lend("RQ1"),
        .http_request = lend(http_request),
        .payload = lend(payload),
    };
    request_start(fake->session, &packet);
    free((char *)packet.id.ptr);
    free((char *)packet.http_request.ptr);
    free((char *)packet.payload.ptr);
}

void fake_session_call(struct fake_session *fake, const char *method, const char *path,
                       const char *payload)
{
    struct buf text;
    buf_init(&text, HTTP_REQUEST_SIZE_MAX);
    buf_addf(&text, "{\"host\":\"h:1\",\"path\":\"%s\",\"method\":\"%s\",\"params\":{}}", path,
             method);
    buf_add_char(&text, 0);
    fake_session_start(fake, text.ptr, payload);
    buf_deinit(&text);
}

struct command *fake_session_command(const struct fake_session *fake)
{
    assert(fake->commands.first);
    return (struct command *)fake->commands.first;
}

static void arrive(struct fake_session *fake)
{
    struct letter *letter = (struct letter *)chain_shift(&fake->commands);
    letter->arrive(letter);
}

void fake_session_answer(struct fake_session *fake, enum err err, const struct change *head,
                         const struct change *container)
{
    struct command *command = fake_session_command(fake);
    command->err = err;
    command->subject = command->kind;
    command->head = head ? change_new(head) : NULL;
    command->container_head = container ? change_new(container) : NULL;
    arrive(fake);
}

void fake_session_answer_page(struct fake_session *fake, const struct change *container,
                              const struct change *items, size_t count, bool more_before,
                              bool more_after)
{
    struct command *command = fake_session_command(fake);
    command->container_head = change_new(container);
    command->heads = mem_alloc((count + 1) * sizeof *command->heads);
    for (size_t i = 0; i < count; i++)
        command->heads[command->heads_count++] = change_new(&items[i]);
    command->more_before = more_before;
    command->more_after = more_after;
    arrive(fake);
}

const char *fake_session_body(const struct fake_session *fake)
{
    return fake->body.ptr;
}
