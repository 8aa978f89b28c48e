#include "http/exchange.h"

#include "base/clock.h"
#include "base/mem.h"
#include "http/peer.h"
#include "http/target.h"

#include <assert.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>

enum {
    SPARE_MAX = 256,
    SPARE_BODY_MAX = 32 * 1024, /* a larger buffer of a body is not kept for the next request */
    POLLS_MAX = 64,             /* about what suspending and resuming costs */
    BODY_CUT_FACTOR = 8,        /* so many times the limit of a body are read and thrown away */
};

static char no_bytes[1];
static char refusal_text[] = "The request is not valid HTTP/1.1.\n";

static struct exchange *exchange_of(struct http_request *request)
{
    return ring_of(request, struct exchange, request);
}

static void move(struct exchange *exchange, enum exchange_state state)
{
    static const bool allowed[][EXCHANGE_QUEUED + 1] = {
        [EXCHANGE_ARRIVING] = {[EXCHANGE_READING] = true, [EXCHANGE_QUEUED] = true},
        [EXCHANGE_READING] = {[EXCHANGE_WAITING] = true, [EXCHANGE_REPLIED] = true},
        [EXCHANGE_WAITING] = {[EXCHANGE_REPLIED] = true},
        [EXCHANGE_REPLIED] = {[EXCHANGE_QUEUED] = true},
        [EXCHANGE_QUEUED] = {false},
    };
    assert(allowed[exchange->state][state]);
    exchange->state = state;
}

void exchanges_init(struct exchanges *exchanges, const struct http_handler *handler,
                    size_t body_size_max)
{
    *exchanges = (struct exchanges){.handler = *handler, .body_size_max = body_size_max};
    ring_init(&exchanges->spare);
    ring_init(&exchanges->lost);
    ring_init(&exchanges->given_away);
    exchanges->refusal = MHD_create_response_from_buffer(sizeof refusal_text - 1, refusal_text,
                                                         MHD_RESPMEM_PERSISTENT);
    assert(exchanges->refusal);
    MHD_add_response_header(exchanges->refusal, "Content-Type", "text/plain");
}

static void discard(struct exchange *exchange)
{
    arena_deinit(&exchange->request.arena);
    buf_deinit(&exchange->body);
    buf_deinit(&exchange->reply);
    free(exchange);
}

void exchanges_deinit(struct exchanges *exchanges)
{
    assert(exchanges->open == 0);
    while (!ring_is_empty(&exchanges->spare)) {
        struct exchange *spare = ring_of(exchanges->spare.next, struct exchange, node);
        ring_remove(&spare->node);
        discard(spare);
    }
    MHD_destroy_response(exchanges->refusal);
}

static struct exchange *take_spare(struct exchanges *exchanges)
{
    if (ring_is_empty(&exchanges->spare)) {
        struct exchange *exchange = mem_zalloc(1, sizeof *exchange);
        arena_init(&exchange->request.arena);
        buf_init(&exchange->body, exchanges->body_size_max);
        return exchange;
    }
    struct exchange *spare = ring_of(exchanges->spare.prev, struct exchange, node);
    ring_remove(&spare->node);
    exchanges->spare_count--;
    return spare;
}

static void clear_body(struct buf *body)
{
    if (body->capacity > SPARE_BODY_MAX)
        buf_deinit(body);
    else
        buf_clear(body);
}

static void recycle(struct exchange *exchange)
{
    struct exchanges *exchanges = exchange->exchanges;
    if (exchanges->spare_count == SPARE_MAX) {
        discard(exchange);
        return;
    }
    arena_clear(&exchange->request.arena);
    clear_body(&exchange->body);
    clear_body(&exchange->reply);
    ring_append(&exchanges->spare, &exchange->node);
    exchanges->spare_count++;
}

struct exchange *exchange_new(struct exchanges *exchanges, struct connection *connection,
                              struct MHD_Connection *mhd, const char *target)
{
    struct exchange *exchange = take_spare(exchanges);
    struct arena arena = exchange->request.arena;
    struct buf body = exchange->body, reply = exchange->reply;
    *exchange = (struct exchange){
        .request.arena = arena,
        .body = body,
        .reply = reply,
        .exchanges = exchanges,
        .connection = connection,
        .mhd = mhd,
    };
    exchange->body.size_max = exchanges->body_size_max;
    ring_init(&exchange->node);
    /* libmicrohttpd takes the query apart in place after this. */
    exchange->target = arena_dup(&exchange->request.arena, str_from(target));
    return exchange;
}

static void hand_over(struct exchange *exchange, int fd, struct str early)
{
    void (*taken)(void *context, int fd, struct str early) = exchange->taken;
    exchange->taken = NULL;
    taken(exchange->taken_context, fd, early);
}

static void end(struct exchange *exchange)
{
    struct exchanges *exchanges = exchange->exchanges;
    if (exchange->taken)
        hand_over(exchange, -1, STR(""));
    if (exchange->response)
        MHD_destroy_response(exchange->response);
    if (exchange->begun) {
        exchanges->open--;
        exchanges->handler.end(exchanges->handler.context, &exchange->request);
    }
    recycle(exchange);
}

/* It goes before the request does. */
static void leave_connection(struct exchange *exchange)
{
    struct str address = str_from(exchange->request.address);
    exchange->connection = NULL;
    exchange->request.address =
        arena_dup(&exchange->request.arena, (struct str){address.ptr, address.len + 1}).ptr;
}

void exchange_close(struct exchange *exchange)
{
    exchange->connection->ended_in = exchange->exchanges->run;
    exchange->connection->given_away = NULL;
    connection_await(exchange->connection, AWAIT_HEADERS);
    if (exchange->exchanges->draining)
        connection_shut(exchange->connection);
    exchange->mhd = NULL;
    if (exchange->state != EXCHANGE_WAITING) {
        end(exchange);
        return;
    }
    leave_connection(exchange);
    if (!exchange->suspended)
        exchange->exchanges->polled--;
}

void exchanges_end_lost(struct exchanges *exchanges)
{
    while (!ring_is_empty(&exchanges->lost)) {
        struct exchange *lost = ring_of(exchanges->lost.next, struct exchange, node);
        ring_remove(&lost->node);
        end(lost);
    }
}

bool exchanges_let_go(struct exchanges *exchanges)
{
    bool any = !ring_is_empty(&exchanges->given_away);
    while (!ring_is_empty(&exchanges->given_away)) {
        struct exchange *exchange = ring_of(exchanges->given_away.next, struct exchange, node);
        ring_remove(&exchange->node);
        MHD_upgrade_action(exchange->upgraded, MHD_UPGRADE_ACTION_CLOSE);
    }
    return any;
}

static void name_method(struct http_request *request, struct str name)
{
    static const struct str names[] = {
        [HTTP_GET] = STR_INIT("GET"),       [HTTP_HEAD] = STR_INIT("HEAD"),
        [HTTP_POST] = STR_INIT("POST"),     [HTTP_PUT] = STR_INIT("PUT"),
        [HTTP_DELETE] = STR_INIT("DELETE"), [HTTP_OPTIONS] = STR_INIT("OPTIONS"),
    };
    request->method = HTTP_GET;
    while (request->method < HTTP_OTHER && !str_eq(names[request->method], name))
        request->method++;
    request->method_name =
        request->method < HTTP_OTHER ? names[request->method] : arena_dup(&request->arena, name);
}

static enum MHD_Result add_header(void *context, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    struct exchange *exchange = context;
    (void)kind;
    const struct header *header =
        headers_add(&exchange->headers, &exchange->request.arena, (struct str){name, name_len},
                    (struct str){value, value_len});
    framing_add(&exchange->framing, header->name, str_trim(header->value));
    return MHD_YES;
}

/* Fill the request from what libmicrohttpd has read; false: it is not to be trusted.
 *
 * libmicrohttpd 0.9.75 takes a NUL in the target for its end: then the version does not
 * stand right behind what was taken for the target. */
static bool understand(struct exchange *exchange, const char *method, const char *url,
                       const char *version)
{
    struct http_request *request = &exchange->request;
    const struct framing *framing = &exchange->framing;
    if (url + exchange->target.len + 1 != version)
        return false;
    if (!target_split(exchange->target, &request->path, &request->query))
        return false;
    MHD_get_connection_values_n(exchange->mhd, MHD_HEADER_KIND, add_header, exchange);
    if (!framing_is_sound(framing, str_from(version)))
        return false;
    name_method(request, str_from(method));
    request->is_http_1_0 = str_eq(str_from(version), STR("HTTP/1.0"));
    request->content_length = framing->content_length;
    request->has_body = framing->chunked || framing->content_length > 0;
    request->body_too_large = framing->content_length > exchange->exchanges->body_size_max;
    return true;
}

/* libmicrohttpd does not upgrade HTTP/1.0. */
static enum MHD_Result queue_upgrade(struct exchange *exchange, struct MHD_Response *response)
{
    struct http_request *request = &exchange->request;
    if (!request->has_body &&
        MHD_queue_response(exchange->mhd, request->status, response) == MHD_YES)
        return MHD_YES;
    request->status = MHD_HTTP_BAD_REQUEST;
    return MHD_queue_response(exchange->mhd, request->status, exchange->exchanges->refusal);
}

static enum MHD_Result queue(struct exchange *exchange, unsigned status,
                             struct MHD_Response *response)
{
    struct exchanges *exchanges = exchange->exchanges;
    move(exchange, EXCHANGE_QUEUED);
    connection_await(exchange->connection, AWAIT_SENT);
    /* The second request out of one read: libmicrohttpd sends only the first reply at once. */
    if (exchange->connection->ended_in == exchanges->run)
        exchanges->moved = true;
    if (exchange->taken)
        return queue_upgrade(exchange, response);
    return MHD_queue_response(exchange->mhd, status, response);
}

static enum MHD_Result queue_reply(struct exchange *exchange)
{
    struct MHD_Response *response = exchange->response;
    bool last = exchange->exchanges->draining || exchange->request.place != PLACE_ORDINARY;
    if (last && !exchange->taken)
        MHD_add_response_header(response, "Connection", "close");
    exchange->response = NULL;
    enum MHD_Result result = queue(exchange, exchange->request.status, response);
    MHD_destroy_response(response);
    return result;
}

static void call(struct exchange *exchange,
                 void (*callback)(void *context, struct http_request *request))
{
    struct exchanges *exchanges = exchange->exchanges;
    exchanges->current = exchange;
    callback(exchanges->handler.context, &exchange->request);
    exchanges->current = NULL;
}

/* A reply queued here ends the connection, for libmicrohttpd cannot know how much of a body is
 * still to come. Where there is none, it can wait for the next callback, which follows at
 * once. */
static enum MHD_Result begin(struct exchange *exchange, const char *method, const char *url,
                             const char *version)
{
    struct exchanges *exchanges = exchange->exchanges;
    if (!understand(exchange, method, url, version)) {
        exchange->connection->unread = true;
        return queue(exchange, MHD_HTTP_BAD_REQUEST, exchanges->refusal);
    }
    move(exchange, EXCHANGE_READING);
    exchange->begun = true;
    exchange->request.started_ns = clock_monotonic_ns();
    exchanges->open++;
    exchange->request.address = exchange->connection->address;
    exchange->request.place = exchange->connection->place.kind;
    connection_await(exchange->connection, exchange->request.has_body ? AWAIT_BODY : AWAIT_SERVER);
    call(exchange, exchanges->handler.begin);
    if (exchange->state != EXCHANGE_REPLIED || !exchange->request.has_body)
        return MHD_YES;
    exchange->connection->unread = true;
    return queue_reply(exchange);
}

static enum MHD_Result read_body(struct exchange *exchange, const char *upload, size_t *upload_size)
{
    struct exchanges *exchanges = exchange->exchanges;
    struct str bytes = {upload, *upload_size};
    exchanges->moved = true;
    *upload_size = 0;
    exchange->body_size += bytes.len;
    if (exchange->body_size <= exchanges->body_size_max) {
        buf_add(&exchange->body, bytes);
        return MHD_YES;
    }
    exchange->request.body_too_large = true;
    buf_clear(&exchange->body);
    bool bearable = exchange->body_size / BODY_CUT_FACTOR <= exchanges->body_size_max;
    return bearable ? MHD_YES : MHD_NO;
}

static enum MHD_Result handle(struct exchange *exchange)
{
    struct exchanges *exchanges = exchange->exchanges;
    exchange->request.body = buf_str(&exchange->body);
    connection_await(exchange->connection, AWAIT_SERVER);
    move(exchange, EXCHANGE_WAITING);
    exchanges->unanswered++;
    exchanges->polled++;
    call(exchange, exchanges->handler.handle);
    return exchange->state == EXCHANGE_REPLIED ? queue_reply(exchange) : MHD_YES;
}

static enum MHD_Result keep_waiting(struct exchange *exchange)
{
    if (++exchange->polls < POLLS_MAX)
        return MHD_YES;
    exchange->suspended = true;
    exchange->exchanges->polled--;
    MHD_suspend_connection(exchange->mhd);
    return MHD_YES;
}

enum MHD_Result exchange_advance(struct exchange *exchange, const char *method, const char *url,
                                 const char *version, const char *upload, size_t *upload_size)
{
    switch (exchange->state) {
    case EXCHANGE_ARRIVING:
        return begin(exchange, method, url, version);
    case EXCHANGE_READING:
        return *upload_size ? read_body(exchange, upload, upload_size) : handle(exchange);
    case EXCHANGE_WAITING:
        return keep_waiting(exchange);
    case EXCHANGE_REPLIED:
        exchange->exchanges->moved = true;
        return queue_reply(exchange);
    case EXCHANGE_QUEUED:
        break;
    }
    return MHD_YES;
}

struct str http_request_header(struct http_request *request, struct str name)
{
    return headers_find(&exchange_of(request)->headers, &request->arena, name);
}

bool http_request_is_local(const struct http_request *request)
{
    const struct exchange *exchange = ring_of(request, const struct exchange, request);
    return exchange->connection && peer_is_loopback(exchange->connection->fd);
}

bool http_request_is_own_user(const struct http_request *request)
{
    const struct exchange *exchange = ring_of(request, const struct exchange, request);
    return exchange->connection && peer_is_own_user(exchange->connection->fd);
}

uint64_t http_request_network(const struct http_request *request)
{
    const struct exchange *exchange = ring_of(request, const struct exchange, request);
    return exchange->connection ? exchange->connection->place.network : 0;
}

static void add_headers(struct MHD_Response *response, const struct http_header *header)
{
    for (; header; header = header->next)
        MHD_add_response_header(response, header->name, header->value);
}

struct buf http_reply_buffer(struct http_request *request, size_t size_max)
{
    struct exchange *exchange = exchange_of(request);
    struct buf buf = buf_move(&exchange->reply);
    buf.size_max = size_max;
    return buf;
}

static void take_body(struct exchange *exchange, struct buf *body)
{
    buf_deinit(&exchange->reply);
    exchange->reply = buf_move(body);
}

static struct MHD_Response *response_new(struct exchange *exchange, const struct http_reply *reply)
{
    if (reply->body)
        take_body(exchange, reply->body);
    char *bytes = exchange->reply.ptr ? exchange->reply.ptr : no_bytes;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(exchange->reply.len, bytes, MHD_RESPMEM_PERSISTENT);
    assert(response);
    if (reply->content_type)
        MHD_add_response_header(response, "Content-Type", reply->content_type);
    add_headers(response, reply->headers);
    return response;
}

static void wake(struct exchange *exchange)
{
    struct exchanges *exchanges = exchange->exchanges;
    if (!exchange->mhd) {
        ring_append(&exchanges->lost, &exchange->node);
        return;
    }
    if (!exchange->suspended) {
        exchanges->polled--;
    } else {
        exchange->suspended = false;
        MHD_resume_connection(exchange->mhd);
    }
    if (exchanges->current != exchange)
        exchanges->moved = true;
}

static void give(struct exchange *exchange, unsigned status, struct MHD_Response *response)
{
    bool waiting = exchange->state == EXCHANGE_WAITING;
    assert(waiting || exchange->exchanges->current == exchange);
    move(exchange, EXCHANGE_REPLIED);
    exchange->request.status = status;
    exchange->response = response;
    if (waiting) {
        exchange->exchanges->unanswered--;
        wake(exchange);
    }
}

void http_reply(struct http_request *request, const struct http_reply *reply)
{
    request->reply_size = reply->body ? reply->body->len : 0;
    give(exchange_of(request), reply->status, response_new(exchange_of(request), reply));
}

/* A duplicate of a connection's socket; negative when there can be none. libmicrohttpd has
 * switched TCP_NODELAY off. */
static int duplicate(int fd)
{
    int twin = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    setsockopt(twin, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return twin;
}

/* The 101 is out. */
static void on_upgraded(void *context, struct MHD_Connection *mhd, void *socket_context,
                        const char *extra, size_t extra_size, MHD_socket sock,
                        struct MHD_UpgradeResponseHandle *handle)
{
    struct exchange *exchange = context;
    (void)mhd;
    (void)socket_context;
    exchange->upgraded = handle;
    exchange->connection->given_away = exchange;
    connection_give(exchange->connection);
    ring_append(&exchange->exchanges->given_away, &exchange->node);
    hand_over(exchange, duplicate(sock), (struct str){extra, extra_size});
}

void http_upgrade(struct http_request *request, struct http_header *headers,
                  void (*taken)(void *context, int fd, struct str early), void *context)
{
    struct exchange *exchange = exchange_of(request);
    struct MHD_Response *response = MHD_create_response_for_upgrade(on_upgraded, exchange);
    assert(response);
    add_headers(response, headers);
    exchange->taken = taken;
    exchange->taken_context = context;
    give(exchange, MHD_HTTP_SWITCHING_PROTOCOLS, response);
}
