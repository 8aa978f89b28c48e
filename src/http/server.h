/* HTTP/1.1 on one listening socket: connections in, complete requests out.
 *
 * One server belongs to one thread and its libuv loop; every function here is called on that
 * thread. Requests that come behind each other on a connection may be handled before the first is
 * replied to; replies go out in the order of the requests (RFC 9112, section 9.3.2).
 *
 * The life of a request:
 *  1. `begin` runs when the headers are complete, before any of the body is read. It may reply
 *     already; then the body is not read, `handle` does not run, and the connection closes
 *     when a body was announced.
 *  2. `handle` runs when the body is complete. It calls http_reply, at once or later.
 *  3. http_reply is called exactly once a request. A request whose client has gone is replied
 *     to like any other; the reply goes nowhere. http_upgrade may stand in its place.
 *  4. `end` runs exactly once, when the last byte has been handed to the kernel or the
 *     connection is lost after its reply was given, and never from inside http_reply. The
 *     request is gone when it returns.
 *  5. A request whose body does not arrive in full and in time ends without `handle` and
 *     without a reply: its status is 0. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/work.h"
#include "http/fault.h"
#include "http/places.h"

#include <uv.h>

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER
};

struct http_header {
    struct http_header *next;
    const char *name; /* both NUL-terminated, at least until the request's end */
    const char *value;
};

struct http_request {
    struct arena arena;      /* for whatever the request needs until its end */
    enum http_method method; /* HEAD is answered as GET; the front drops the body */
    struct str method_name;
    struct str path;     /* as sent: percent-encoded, starts with '/', without the query; or "*" */
    struct str query;    /* as sent, without '?'; absent when there is none */
    struct str body;     /* complete in `handle` */
    bool is_http_1_0;    /* no browser sends that; proxies do */
    bool has_body;       /* Content-Length above 0, or chunked */
    bool wants_large;    /* set in `begin`: the reply will be large, and few such are made at a time
                            for each network */
    bool body_too_large; /* above the limit: known in `begin` from Content-Length, else in
                            `handle`, and then `body` is empty */
    uint64_t content_length; /* 0 when chunked */
    const char *address;     /* the peer's, numeric, without the port; empty: it has none */
    enum place_kind place;   /* of its connection, which closes after it unless that is ordinary */
    uint64_t started_ns;     /* clock_monotonic_ns() at the end of the headers */
    unsigned status;         /* of the reply, from http_reply on */
    size_t reply_size;       /* bytes of the reply's body, from http_reply on */
    void *user;              /* the handler's */
};

struct http_reply {
    unsigned status;
    const char *content_type;    /* NULL: no body */
    struct http_header *headers; /* linked list, may be NULL */
    struct buf *body;            /* its content is taken over; NULL: none. With status 304: what
                                    200 would have, for its Content-Length */
};

struct http_handler {
    void (*begin)(void *context, struct http_request *request);
    void (*handle)(void *context, struct http_request *request);
    void (*end)(void *context, struct http_request *request);
    /* What came is no request: reply at once, and say why. Its method, path and headers are what
     * could be read of them; `begin`, `handle` and `end` do not run. */
    void (*refuse)(void *context, struct http_request *request, enum http_fault fault);
    void *context;
};

struct http_options {
    struct places_options places; /* of connections */
    size_t head_size_max;         /* bytes of the request line and headers; more: 431 or 414 */
    size_t body_size_max;         /* more: `body_too_large`; 8 times as much: cut off */
    unsigned idle_timeout_ms;     /* a whole request's headers must arrive in this time */
    unsigned request_timeout_ms;  /* a whole body must arrive in this time, a reply be read */
    struct work_queue *work;      /* of the loop's thread: who is served when */
};

struct http_server;

/* Serve `listen_fd`, which is listening and non-blocking and stays the caller's.
 * ERR_CONFIG: it cannot be waited for. */
must_check enum err http_server_new(struct http_server **server, uv_loop_t *loop, int listen_fd,
                                    const struct http_options *options,
                                    const struct http_handler *handler, struct why *why);

/* A request header by name (any case); several of one name are one, with their values in order,
 * separated by commas (RFC 9110 section 5.3). Absent when it was not sent. Valid until the
 * request's end. */
struct str http_request_header(struct http_request *request, struct str name);

/* Does it come from this machine, over the loopback interface? False when the client has gone. */
bool http_request_is_local(const struct http_request *request);

/* ... and of the user that the server runs as? As peer_is_own_user. */
bool http_request_is_own_user(const struct http_request *request);

/* Where work for it waits; while the handler has it. */
struct work_lane *http_request_lane(const struct http_request *request);

/* The client has shown good credentials: its connection is no longer a stranger's (base/work.h). */
void http_request_know(struct http_request *request);

/* The network it comes from; 0: a trusted one, or the client has gone. */
uint64_t http_request_network(const struct http_request *request);

/* An empty buffer for the body of the reply, with the memory that an earlier reply has left, if
 * there is any. Give it to http_reply or deinit it. Any other buffer will do as well. */
struct buf http_reply_buffer(struct http_request *request, size_t size_max);

/* Give the reply; `reply` is read before this returns. */
void http_reply(struct http_request *request, const struct http_reply *reply);

/* Instead of http_reply: let go of HTTP on this connection. The client gets status 101 with these
 * headers, of which one is `Upgrade`; `Connection: Upgrade` comes by itself.
 *
 * `taken` runs exactly once, from the loop, never from inside this call, and before `end`. `fd` is
 * the connection: non-blocking, the callee's from then on, and no longer counted here; `early`
 * (borrowed for the call) came behind the request. `fd` is -1 when there is nothing to take: the
 * connection was lost; or the request could not be upgraded, because it has a body or is
 * HTTP/1.0, and was answered with 400. */
void http_upgrade(struct http_request *request, struct http_header *headers,
                  void (*taken)(void *context, int fd, struct str early), void *context);

/* Send what replies since the last call have made ready. Call it once after a run of
 * http_reply outside `begin` and `handle`. */
void http_server_flush(struct http_server *server);

/* Stop accepting; connections close after their next reply, idle ones now. `drained` runs once,
 * when no request is left, from the loop (never from inside this call). */
void http_server_drain(struct http_server *server, void (*drained)(void *context), void *context);

/* Connections open now, requests begun and not ended. */
size_t http_server_connections(const struct http_server *server);
size_t http_server_requests(const struct http_server *server);
const struct places_metrics *http_server_places(const struct http_server *server);

/* Close everything and give the loop back: after this returns the loop needs one more
 * uv_run to finish closing handles. Every request has been replied to. */
void http_server_free(struct http_server *server);

#endif
