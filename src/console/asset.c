#include "console/asset.h"

#include "console/negotiation.h"
#include "dialect/base_url.h"

#include <stdio.h>

enum { POLICY_SIZE_MAX = 1024, TAG_SIZE_MAX = 64 };

/* Only what comes from here; no scripts or styles within a page. Where 'self' does not cover
 * WebSockets (Safari before 15.4) the server's own are named. */
static const char *policy(struct visit *visit)
{
    struct http_request *request = visit->request;
    struct str base = base_url_of(NULL, visit->options->address,
                                  http_request_header(request, STR("Host")), &request->arena);
    struct str host = {base.ptr + sizeof "http://" - 1, base.len - (sizeof "http://" - 1)};
    char *text = arena_alloc(&request->arena, POLICY_SIZE_MAX);
    snprintf(text, POLICY_SIZE_MAX,
             "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
             "connect-src 'self' ws://%.*s wss://%.*s; base-uri 'none'; form-action 'none'; "
             "frame-ancestors 'none'",
             STR_ARG(host), STR_ARG(host));
    return text;
}

/* Each form has a tag of its own: they differ byte for byte. */
static struct str tag_of(struct visit *visit, const struct file *file, bool gzip)
{
    char *text = arena_alloc(&visit->request->arena, TAG_SIZE_MAX);
    snprintf(text, TAG_SIZE_MAX, "\"%.*s%s\"", STR_ARG(file->tag), gzip ? "-gz" : "");
    return str_from(text);
}

void asset_reply(struct visit *visit, const struct file *file)
{
    struct http_request *request = visit->request;
    bool gzip = file->gzip.ptr &&
                negotiation_takes_gzip(http_request_header(request, STR("Accept-Encoding")));
    struct str content = gzip ? file->gzip : file->plain, tag = tag_of(visit, file, gzip);
    bool known = negotiation_has(http_request_header(request, STR("If-None-Match")), tag);
    struct buf body;
    visit_add_guards(visit);
    visit_add_header(visit, "Content-Security-Policy", policy(visit));
    visit_add_header(visit, "Cache-Control", "no-cache");
    visit_add_header(visit, "ETag", tag.ptr);
    visit_add_header(visit, "Vary", "Accept-Encoding");
    if (gzip)
        visit_add_header(visit, "Content-Encoding", "gzip");
    if (str_starts(file->path, STR("/sdk/"))) /* a module: pages of other origins may load it */
        visit_add_header(visit, "Access-Control-Allow-Origin", "*");
    buf_init(&body, content.len);
    buf_add(&body, content);
    struct http_reply reply = {
        .status = known ? 304 : 200,
        .content_type = file->type,
        .headers = visit->headers,
        .body = content.len ? &body : NULL,
    };
    http_reply(request, &reply);
    buf_deinit(&body);
}
