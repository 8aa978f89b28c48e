/* The access log: a line for each request. */
#ifndef HTTP_RECORD_H
#define HTTP_RECORD_H

#include "base/log.h"
#include "http/server.h"

/* Of a request that has ended, `took_ns` after its headers were here. `user`: whose credentials it
 * had; absent: none, or wrong ones. */
void record_request(struct log *log, const struct http_request *request, struct str user,
                    uint64_t took_ns);

#endif
