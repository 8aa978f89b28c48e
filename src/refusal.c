#include "refusal.h"

#include "dialect/base_url.h"
#include "dialect/problem.h"

enum { BODY_SIZE_MAX = 4096 };

static bool is_vital(const struct http_request *request)
{
    static const struct str paths[] = {STR_INIT("/healthz"), STR_INIT("/readyz"),
                                       STR_INIT("/metrics")};
    bool reads = request->method == HTTP_GET || request->method == HTTP_HEAD;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (reads && str_eq(request->path, paths[i]))
            return true;
    return false;
}

bool refusal_is_due(const struct http_request *request)
{
    bool full = request->place == PLACE_CROWDED || request->place == PLACE_EXCESSIVE;
    return full && !is_vital(request);
}

void refusal_send(struct http_request *request, const struct rest_options *options)
{
    enum err err = request->place == PLACE_EXCESSIVE ? ERR_RATE : ERR_BUSY;
    const struct problem *problem = problem_find(err, 0);
    struct http_header later = {.name = "Retry-After", .value = "1"};
    struct buf body;
    buf_init(&body, BODY_SIZE_MAX);
    problem_write(problem, "",
                  base_url_of(options->public_url, options->address,
                              http_request_header(request, STR("Host")), &request->arena),
                  &body);
    struct http_reply reply = {
        .status = problem->status,
        .content_type = "application/json; charset=utf-8",
        .headers = &later,
        .body = &body,
    };
    http_reply(request, &reply);
    buf_deinit(&body);
}
