#include "http/exchange.h"

#include "base/clock.h"
#include "base/mem.h"
#include "http/channel.h"
#include "http/response.h"
#include "http/target.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

enum {
    SPARE_MAX = 256,
    SPARE_BODY_MAX = 32 * 1024, /* a larger buffer of a body is not kept for the next request */
    TOP_SIZE_MAX = 64 * 1024,
    BODY_CUT_FACTOR = 8, /* so many times the limit of a body are read and thrown away */
};

static struct exchange *exchange_of(struct http_request *request)
{
    return ring_of(request, struct exchange, request);
}

static void move(struct exchange *exchange, enum exchange_state state)
{
    assert(state > exchange->state);
    exchange->state = state;
}

void exchanges_init(struct exchanges *exchanges, const struct http_handler *handler,
                    size_t body_size_max)
{
    *exchanges = (struct exchanges){.handler = *handler, .body_size_max = body_size_max};
    ring_init(&exchanges->spare);
    ring_init(&exchanges->lost);
}

/* --- memory --- */

static void discard(struct exchange *exchange)
{
    arena_deinit(&exchange->request.arena);
    buf_deinit(&exchange->body);
    buf_deinit(&exchange->top);
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
}

static struct exchange *make(struct exchanges *exchanges)
{
    struct exchange *exchange = mem_zalloc(1, sizeof *exchange);
    exchange->exchanges = exchanges;
    arena_init(&exchange->request.arena);
    buf_init(&exchange->body, exchanges->body_size_max);
    buf_init(&exchange->top, TOP_SIZE_MAX);
    exchange->class = CLASS_ALONE;
    ring_init(&exchange->node);
    return exchange;
}

static struct exchange *take_spare(struct exchanges *exchanges)
{
    if (ring_is_empty(&exchanges->spare))
        return make(exchanges);
    struct exchange *spare = ring_of(exchanges->spare.prev, struct exchange, node);
    ring_remove(&spare->node);
    exchanges->spare_count--;
    return spare;
}

static void clear_buf(struct buf *buf)
{
    if (buf->capacity > SPARE_BODY_MAX) {
        struct buf large = buf_move(buf);
        buf_deinit(&large);
    }
    buf_clear(buf);
}

/* What the next request may use again stays; all else is as new. */
static void reset(struct exchange *exchange)
{
    arena_clear(&exchange->request.arena);
    clear_buf(&exchange->body);
    clear_buf(&exchange->top);
    clear_buf(&exchange->reply);
    exchange->request = (struct http_request){.arena = exchange->request.arena};
    exchange->channel = NULL;
    exchange->lane = NULL;
    exchange->head = (struct head){0};
    exchange->chunks = (struct chunks){0};
    exchange->body_size = 0;
    exchange->state = EXCHANGE_ARRIVED;
    exchange->class = CLASS_ALONE;
    exchange->begun = exchange->last = false;
}

static void recycle(struct exchange *exchange)
{
    struct exchanges *exchanges = exchange->exchanges;
    if (exchanges->spare_count == SPARE_MAX) {
        discard(exchange);
        return;
    }
    reset(exchange);
    ring_append(&exchanges->spare, &exchange->node);
    exchanges->spare_count++;
}

struct exchange *exchange_new(struct exchanges *exchanges, struct channel *channel)
{
    struct exchange *exchange = take_spare(exchanges);
    exchange->channel = channel;
    exchange->body.size_max = exchanges->body_size_max;
    ring_append(&channel->exchanges, &exchange->node);
    return exchange;
}

/* --- the request --- */

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
    request->method_name = name;
}

static enum exchange_class class_of(struct exchange *exchange)
{
    const struct head *head = &exchange->head;
    struct http_request *request = &exchange->request;
    if (head->wants_upgrade || head->expects_continue || request->method == HTTP_OTHER)
        return CLASS_ALONE;
    if (request->method == HTTP_GET || request->method == HTTP_HEAD)
        return CLASS_READ;
    return http_request_header(request, STR("If-Match")).ptr ? CLASS_ALONE : CLASS_WRITE;
}

enum http_fault exchange_understand(struct exchange *exchange, struct str bytes)
{
    struct http_request *request = &exchange->request;
    const struct framing *framing = &exchange->head.framing;
    enum http_fault fault =
        head_parse(arena_dup(&request->arena, bytes), &request->arena, &exchange->head);
    if (!fault && !target_split(exchange->head.target, &request->path, &request->query))
        fault = FAULT_SYNTAX;
    if (fault)
        return fault;
    name_method(request, exchange->head.method);
    request->is_http_1_0 = exchange->head.is_http_1_0;
    request->content_length = framing->content_length;
    request->has_body = framing->chunked || framing->content_length > 0;
    request->body_too_large = framing->content_length > exchange->exchanges->body_size_max;
    exchange->class = class_of(exchange);
    return FAULT_NONE;
}

static void call(struct exchange *exchange,
                 void (*callback)(void *context, struct http_request *request))
{
    struct exchanges *exchanges = exchange->exchanges;
    exchanges->current = exchange;
    callback(exchanges->handler.context, &exchange->request);
    exchanges->current = NULL;
}

void exchange_begin(struct exchange *exchange)
{
    struct http_request *request = &exchange->request;
    move(exchange, EXCHANGE_READING);
    exchange->begun = true;
    exchange->exchanges->open++;
    request->started_ns = clock_monotonic_ns();
    request->address = exchange->channel->connection.address;
    request->place = exchange->channel->connection.place.kind;
    exchange->last = exchange->head.wants_close || request->place != PLACE_ORDINARY;
    call(exchange, exchange->exchanges->handler.begin);
    if (request->wants_large)
        exchange->class = CLASS_ALONE; /* what comes behind it could not be sent, and waits */
}

static void keep(struct exchange *exchange, struct str data)
{
    exchange->body_size += data.len;
    if (exchange->body_size <= exchange->exchanges->body_size_max) {
        buf_add(&exchange->body, data);
        return;
    }
    exchange->request.body_too_large = true;
    buf_clear(&exchange->body);
}

static enum body_state read_chunks(struct exchange *exchange, struct str *bytes)
{
    struct chunks *chunks = &exchange->chunks;
    struct str data;
    while (bytes->len && chunks->state != CHUNK_END) {
        chunks_next(chunks, bytes, &data);
        if (chunks->state == CHUNK_BROKEN)
            return BODY_BROKEN;
        keep(exchange, data);
    }
    return chunks->state == CHUNK_END ? BODY_DONE : BODY_MORE;
}

static enum body_state read_length(struct exchange *exchange, struct str *bytes)
{
    uint64_t left = exchange->request.content_length - exchange->body_size;
    keep(exchange, str_shift(bytes, bytes->len < left ? bytes->len : (size_t)left));
    return exchange->body_size == exchange->request.content_length ? BODY_DONE : BODY_MORE;
}

enum body_state exchange_read_body(struct exchange *exchange, struct str *bytes)
{
    enum body_state state = exchange->head.framing.chunked ? read_chunks(exchange, bytes)
                                                           : read_length(exchange, bytes);
    bool bearable = exchange->body_size / BODY_CUT_FACTOR <= exchange->exchanges->body_size_max;
    return state == BODY_BROKEN || bearable ? state : BODY_ENDLESS;
}

void exchange_handle(struct exchange *exchange)
{
    exchange->request.body = buf_str(&exchange->body);
    move(exchange, EXCHANGE_WAITING);
    exchange->exchanges->unanswered++;
    exchange->channel->unanswered++;
    call(exchange, exchange->exchanges->handler.handle);
}

void exchange_refuse(struct exchange *exchange, enum http_fault fault)
{
    struct exchanges *exchanges = exchange->exchanges;
    exchange->last = true;
    exchanges->current = exchange;
    exchanges->handler.refuse(exchanges->handler.context, &exchange->request, fault);
    exchanges->current = NULL;
}

/* --- the end --- */

void exchange_hand_over(struct exchange *exchange, int fd, struct str early)
{
    void (*taken)(void *context, int fd, struct str early) = exchange->taken;
    exchange->taken = NULL;
    taken(exchange->taken_context, fd, early);
}

void exchange_end(struct exchange *exchange)
{
    struct exchanges *exchanges = exchange->exchanges;
    ring_remove(&exchange->node);
    if (exchange->lane && exchange->request.wants_large)
        lane_large_sent(exchange->lane);
    lane_put(exchange->lane);
    if (exchange->taken)
        exchange_hand_over(exchange, -1, STR(""));
    if (exchange->begun) {
        exchanges->open--;
        exchanges->handler.end(exchanges->handler.context, &exchange->request);
    }
    recycle(exchange);
}

/* The address goes before the request does. */
void exchange_lose(struct exchange *exchange)
{
    struct http_request *request = &exchange->request;
    if (exchange->state != EXCHANGE_WAITING) {
        exchange_end(exchange);
        return;
    }
    struct str address = str_from(request->address);
    request->address = arena_dup(&request->arena, (struct str){address.ptr, address.len + 1}).ptr;
    exchange->channel = NULL;
    ring_remove(&exchange->node);
}

void exchanges_end_lost(struct exchanges *exchanges)
{
    while (!ring_is_empty(&exchanges->lost))
        exchange_end(ring_of(exchanges->lost.next, struct exchange, node));
}

/* --- what the handler asks --- */

struct str http_request_header(struct http_request *request, struct str name)
{
    return headers_find(&exchange_of(request)->head.headers, &request->arena, name);
}

static const struct connection *connection_of(const struct http_request *request)
{
    const struct exchange *exchange = ring_of(request, const struct exchange, request);
    return exchange->channel ? &exchange->channel->connection : NULL;
}

bool http_request_is_local(const struct http_request *request)
{
    const struct connection *connection = connection_of(request);
    return connection && peer_is_loopback(connection->fd);
}

bool http_request_is_own_user(const struct http_request *request)
{
    const struct connection *connection = connection_of(request);
    return connection && peer_is_own_user(connection->fd);
}

uint64_t http_request_network(const struct http_request *request)
{
    const struct connection *connection = connection_of(request);
    return connection ? connection->place.network : 0;
}

struct work_lane *http_request_lane(const struct http_request *request)
{
    return ring_of(request, const struct exchange, request)->lane->work;
}

void http_request_know(struct http_request *request)
{
    struct exchange *exchange = exchange_of(request);
    if (exchange->channel)
        exchange->exchanges->owner.known(exchange->channel);
}

/* --- the reply --- */

struct buf http_reply_buffer(struct http_request *request, size_t size_max)
{
    struct exchange *exchange = exchange_of(request);
    struct buf buf = buf_move(&exchange->reply);
    buf.size_max = size_max;
    return buf;
}

static const char *date_of(struct exchanges *exchanges)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != exchanges->date_s || !exchanges->date[0]) {
        exchanges->date_s = now.tv_sec;
        response_date(now.tv_sec, exchanges->date);
    }
    return exchanges->date;
}

/* A reply to a request whose body has not come is the connection's last. So is one in a drain,
 * unless others are to follow it. */
static void write_top(struct exchange *exchange, struct response *response)
{
    const struct channel *channel = exchange->channel;
    bool unread = exchange->state == EXCHANGE_READING && exchange->request.has_body;
    bool newest = channel && exchange->node.next == &channel->exchanges;
    exchange->last |= unread || (exchange->exchanges->draining && newest);
    response->date = date_of(exchange->exchanges);
    response->closes = exchange->last;
    response->keeps_alive = exchange->head.wants_keep_alive;
    response_write(response, &exchange->top);
}

static void give(struct exchange *exchange, struct response *response)
{
    struct exchanges *exchanges = exchange->exchanges;
    bool waiting = exchange->state == EXCHANGE_WAITING;
    assert(waiting || exchanges->current == exchange);
    write_top(exchange, response);
    move(exchange, EXCHANGE_REPLIED);
    exchange->request.status = response->status;
    exchanges->unanswered -= waiting;
    if (exchange->lane)
        lane_replied(exchange->lane, exchange->request.wants_large);
    if (exchange->channel)
        exchanges->owner.replied(exchange->channel, exchange, waiting);
    else
        ring_append(&exchanges->lost, &exchange->node);
}

void http_reply(struct http_request *request, const struct http_reply *reply)
{
    struct exchange *exchange = exchange_of(request);
    if (reply->body) {
        buf_deinit(&exchange->reply);
        exchange->reply = buf_move(reply->body);
    }
    request->reply_size = reply->body ? exchange->reply.len : 0;
    struct response response = {
        .status = reply->status,
        .content_type = reply->content_type,
        .headers = reply->headers,
        .length = exchange->reply.len,
    };
    if (request->method == HTTP_HEAD || !response_may_have_body(reply->status))
        buf_clear(&exchange->reply);
    give(exchange, &response);
}

/* RFC 9110, section 7.8: not with HTTP/1.0; and behind a body there is no telling what is early. */
void http_upgrade(struct http_request *request, struct http_header *headers,
                  void (*taken)(void *context, int fd, struct str early), void *context)
{
    struct exchange *exchange = exchange_of(request);
    bool possible = !request->has_body && !request->is_http_1_0;
    exchange->taken = taken;
    exchange->taken_context = context;
    exchange->last = !possible;
    struct response response = {
        .status = possible ? 101 : 400,
        .headers = possible ? headers : NULL,
        .upgrades = possible,
    };
    give(exchange, &response);
}
