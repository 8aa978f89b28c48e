#include "console/visit.h"

#include "dialect/base_url.h"
#include "dialect/problem.h"

#include <stdio.h>

enum { REFUSAL_SIZE_MAX = 4096 };

void visit_add_header(struct visit *visit, const char *name, const char *value)
{
    struct http_header *header = arena_alloc(&visit->request->arena, sizeof *header);
    *header = (struct http_header){visit->headers, name, value};
    visit->headers = header;
}

void visit_add_guards(struct visit *visit)
{
    visit_add_header(visit, "X-Content-Type-Options", "nosniff");
    visit_add_header(visit, "Referrer-Policy", "no-referrer");
    visit_add_header(visit, "X-Frame-Options", "DENY");
}

void visit_reply_json(struct visit *visit, unsigned status, struct buf *body)
{
    visit_add_guards(visit);
    visit_add_header(visit, "Cache-Control", "no-store");
    struct http_reply reply = {
        .status = status,
        .content_type = "application/json; charset=utf-8",
        .headers = visit->headers,
        .body = body,
    };
    http_reply(visit->request, &reply);
}

void visit_refuse(struct visit *visit, enum err err)
{
    struct http_request *request = visit->request;
    const struct problem *problem = problem_find(err, visit->command.kind);
    struct str base = base_url_of(visit->options->public_url, visit->options->address,
                                  http_request_header(request, STR("Host")), &request->arena);
    struct buf body;
    if (err == ERR_AUTH)
        visit_add_header(visit, "WWW-Authenticate", "Basic realm=\"tutti\", charset=\"UTF-8\"");
    if (err == ERR_BUSY || err == ERR_STORE)
        visit_add_header(visit, "Retry-After", "1");
    if (err == ERR_GUESSES) {
        char *seconds = arena_alloc(&request->arena, 12);
        snprintf(seconds, 12, "%u", visit->pause_s);
        visit_add_header(visit, "Retry-After", seconds);
    }
    buf_init(&body, REFUSAL_SIZE_MAX);
    problem_write(problem, visit->why.text, base, &body);
    visit_reply_json(visit, problem->status, &body);
    buf_deinit(&body);
}
