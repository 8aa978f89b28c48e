#include "fake/fake_operation.h"

#include <assert.h>

enum { OUT_SIZE_MAX = 1 << 20 };

static struct change head_of(enum kind kind, uint64_t id)
{
    return (struct change){.kind = kind, .id = id, .salt = 0xa0 + id};
}

static uint64_t now_ns(void *context)
{
    struct fake_operation *fake = context;
    return fake->now_ns += fake->tick_ns;
}

void fake_operation_init(struct fake_operation *fake, enum verb verb, enum kind kind,
                         enum kind container)
{
    struct operation *op = &fake->op;
    *fake = (struct fake_operation){
        .endpoint = {.verb = verb, .kind = kind, .container = container, .status = 200},
        .credentials = {.account_sid = "AC0"},
        .options = {.limits = {.data_size_max = 32, .message_size_max = 16, .data_depth_max = 8}},
        .service = head_of(KIND_SERVICE, 1),
        .container = head_of(container, 2),
    };
    work_init(&fake->work, &(struct work_options){.budget_us = 1000, now_ns, fake});
    arena_init(&fake->exchange.request.arena);
    buf_init(&fake->out, OUT_SIZE_MAX);
    fake->options.credentials = &fake->credentials;
    fake->context.options = &fake->options;
    fake->options.work = &fake->work;
    fake->exchange.request.path = STR("/path");
    op->request = &fake->exchange.request;
    op->context = &fake->context;
    op->endpoint = &fake->endpoint;
    op->base = STR("http://h:1");
    op->status = fake->endpoint.status;
    op->command.verb = verb;
    op->command.kind = kind;
    op->command.container_kind = container;
    op->command.service_head = &fake->service;
    op->command.container_head = container ? &fake->container : NULL;
}

void fake_operation_deinit(struct fake_operation *fake)
{
    arena_deinit(&fake->exchange.request.arena);
    buf_deinit(&fake->out);
}

/* Fields borrow from the text, which need not outlive the call. */
static void parse(struct fake_operation *fake, const char *text, struct fields *fields)
{
    struct why why;
    struct arena *arena = &fake->exchange.request.arena;
    enum err e = fields_parse_form(arena_dup(arena, str_from(text)), arena, fields, &why);
    assert(e == OK);
    (void)e;
}

void fake_operation_query(struct fake_operation *fake, const char *query)
{
    parse(fake, query, &fake->op.query);
}

void fake_operation_form(struct fake_operation *fake, const char *form)
{
    parse(fake, form, &fake->op.fields);
}

const char *fake_operation_render(struct fake_operation *fake,
                                  void (*render)(struct operation *op, struct buf *out))
{
    buf_clear(&fake->out);
    fake->op.written = 0;
    fake->steps = 0;
    do {
        render(&fake->op, &fake->out);
        fake->steps++;
    } while (fake->op.unfinished);
    buf_add_char(&fake->out, 0);
    assert(!fake->out.failed);
    return fake->out.ptr;
}

const char *fake_operation_reply_header(const struct fake_operation *fake, const char *name)
{
    for (const struct http_header *at = fake->op.headers; at; at = at->next)
        if (strcmp(at->name, name) == 0)
            return at->value;
    return NULL;
}
