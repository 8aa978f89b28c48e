/* The head of a request: request line and headers (RFC 9112, sections 2 to 6).
 *
 * Pure: bytes in, a struct out. Strict, because a proxy before this server and this server must see
 * the same boundaries: lines end with CR LF and nothing else; no folded lines, no bare CR, no NUL,
 * no blank before a colon; a method and names of headers are tokens; one Host with HTTP/1.1; how
 * long the body is can be said once only (framing.h). Whatever is not so is refused, and the
 * connection ends.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "http/fault.h"
#include "http/framing.h"
#include "http/headers.h"

enum { HEAD_HEADERS_MAX = 100, HEAD_METHOD_MAX = 32 };

/* Where the head ends in bytes that come in pieces. All zero before the first. */
struct head_search {
    size_t line;    /* where the line begins that is looked through */
    size_t scanned; /* there is no line feed from `line` up to here */
};

/* The size of the head at the start of `bytes`, its empty line included; 0: it has not all come, or
 * `*fault` says why it never will be one. `bytes` are those of the last call and what came since.
 */
size_t head_find_end(struct head_search *search, struct str bytes, size_t size_max,
                     enum http_fault *fault);

struct head {
    struct str method;
    struct str target;
    struct headers headers;
    struct framing framing;
    bool is_http_1_0;
    bool wants_close;      /* Connection: close, or HTTP/1.0 without keep-alive */
    bool wants_keep_alive; /* HTTP/1.0 with keep-alive, which is to be confirmed */
    bool wants_upgrade;    /* Connection: upgrade */
    bool expects_continue; /* Expect: 100-continue */
};

/* Take apart a whole head, which `head` points into. Structs for its headers are made in `arena`.
 */
enum http_fault head_parse(struct str bytes, struct arena *arena, struct head *head);

#endif
