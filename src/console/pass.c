#include "console/pass.h"

#include "base/clock.h"
#include "base/date.h"
#include "sync/sid.h"

#include <stdio.h>

enum { LOOKING_TTL_MAX_S = 3600, VISITOR_SIZE = 16, BODY_SIZE_MAX = 4 * JWT_SIZE_MAX };

/* A field that is missing or null is as good as `fallback`. */
static struct str field(const struct visit *visit, struct str name, struct str fallback)
{
    const struct field *field = fields_find(&visit->fields, name);
    return field && !field->is_null ? field->value : fallback;
}

/* The core is to find the service. A key's token is signed by that key, so that it ends with it. */
static enum err ask(struct visit *visit)
{
    enum err e = issue_check(&visit->issue, &visit->why);
    if (e)
        return e;
    visit->command.verb = VERB_FETCH;
    visit->command.kind = KIND_SERVICE;
    visit->command.object = visit->issue.service;
    return OK;
}

enum err pass_prepare(struct visit *visit)
{
    visit->issue = (struct issue){
        .identity = field(visit, STR("identity"), STR("")),
        .service = field(visit, STR("service"), STR("default")),
        .ttl = field(visit, STR("ttl"), STR("3600")),
        .key = visit->command.key,
        .algorithm = STR("HS256"),
    };
    enum err e = ask(visit);
    bool looks =
        str_eq(visit->issue.identity, STR("console")) && visit->issue.ttl_s <= LOOKING_TTL_MAX_S;
    return !e && visit->options->read_only && !looks ? ERR_READ_ONLY : e;
}

enum err pass_prepare_visitor(struct visit *visit)
{
    struct random random = random_system();
    char *name = arena_alloc(&visit->request->arena, VISITOR_SIZE);
    if (visit->options->read_only)
        return ERR_READ_ONLY;
    snprintf(name, VISITOR_SIZE, "visitor-%04x", (unsigned)(random_u64(&random) & 0xffff));
    visit->issue = (struct issue){
        .identity = str_from(name),
        .service = STR("default"),
        .ttl = STR("3600"),
        .algorithm = STR("HS256"),
    };
    return ask(visit);
}

void pass_respond(struct visit *visit)
{
    struct clock clock = clock_system();
    struct sid service = sid_of(visit->command.head);
    struct buf token, body;
    buf_init(&token, JWT_SIZE_MAX);
    buf_init(&body, BODY_SIZE_MAX);
    int64_t expires_ms = issue_token(visit->options->credentials, &visit->issue,
                                     clock.now_ms(clock.context), &token);
    buf_add_lit(&body, "{\"token\":");
    buf_add_json(&body, buf_str(&token));
    buf_add_lit(&body, ",\"identity\":");
    buf_add_json(&body, visit->issue.identity);
    buf_addf(&body, ",\"service_sid\":\"%s\",\"expires\":", service.text);
    date_add_iso(&body, expires_ms);
    buf_add_char(&body, '}');
    visit_reply_json(visit, 201, &body);
    buf_deinit(&body);
    buf_deinit(&token);
}
