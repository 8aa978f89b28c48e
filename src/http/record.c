#include "http/record.h"

void record_request(struct log *log, const struct http_request *request, struct str user,
                    uint64_t took_ns)
{
    struct log_line line;
    log_begin(&line, log, LOG_INFO, "request");
    log_str(&line, "method", request->method_name);
    log_str(&line, "path", request->path);
    log_int(&line, "status", request->status);
    log_int(&line, "bytes", (int64_t)request->reply_size);
    log_int(&line, "us", (int64_t)(took_ns / 1000));
    log_text(&line, "address", request->address);
    log_str(&line, "user", user);
    log_end(&line);
}
