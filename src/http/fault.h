/* Why a request is refused before anybody has looked at what it asks for: it is none that HTTP/1.1
 * knows (RFC 9112), or too much of one. */
#ifndef HTTP_FAULT_H
#define HTTP_FAULT_H

enum http_fault {
    FAULT_NONE,
    FAULT_SYNTAX,  /* 400 */
    FAULT_HOST,    /* 400: none, several, or no name */
    FAULT_TARGET,  /* 414: the request line alone is larger than a head may be */
    FAULT_HEADERS, /* 431: the head is too large, or has too many headers */
    FAULT_CODING,  /* 501: a transfer coding other than chunked */
    FAULT_VERSION, /* 505 */
};

#endif
