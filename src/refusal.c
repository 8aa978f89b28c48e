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

static void send_problem(struct http_request *request, const struct problem *problem,
                         struct http_header *header, const struct rest_options *options)
{
    struct buf body;
    buf_init(&body, BODY_SIZE_MAX);
    problem_write(problem, "",
                  base_url_of(options->public_url, options->address,
                              http_request_header(request, STR("Host")), &request->arena),
                  &body);
    struct http_reply reply = {
        .status = problem->status,
        .content_type = "application/json; charset=utf-8",
        .headers = header,
        .body = &body,
    };
    http_reply(request, &reply);
    buf_deinit(&body);
}

void refusal_send(struct http_request *request, const struct rest_options *options)
{
    enum err err = request->place == PLACE_EXCESSIVE ? ERR_RATE : ERR_BUSY;
    struct http_header later = {.name = "Retry-After", .value = "1"};
    send_problem(request, problem_find(err, 0), &later, options);
}

void refusal_send_fault(struct http_request *request, enum http_fault fault,
                        const struct rest_options *options)
{
    static const enum err errors[] = {
        [FAULT_NONE] = ERR_HTTP,
        [FAULT_SYNTAX] = ERR_HTTP,
        [FAULT_HOST] = ERR_HTTP_HOST,
        [FAULT_TARGET] = ERR_HTTP_TARGET,
        [FAULT_HEADERS] = ERR_HTTP_HEADERS,
        [FAULT_CODING] = ERR_HTTP_CODING,
        [FAULT_VERSION] = ERR_HTTP_VERSION,
    };
    send_problem(request, problem_find(errors[fault], 0), NULL, options);
}
