#include "rest/services.h"

#include "base/date.h"
#include "rest/body.h"
#include "rest/page.h"
#include "sync/service.h"

enum { WINDOW_MIN_MS = 1000, WINDOW_MAX_MS = 30000 };

static struct str read_text(struct operation *op, struct str name, unsigned flag)
{
    struct str value = operation_field(op, name);
    if (value.ptr)
        op->command.service_fields.given |= flag;
    return value;
}

static enum err read_window(struct operation *op)
{
    struct service_fields *fields = &op->command.service_fields;
    struct str value = operation_field(op, STR("ReachabilityDebouncingWindow"));
    uint64_t *window = &fields->reachability_debouncing_window;
    if (!value.ptr)
        return OK;
    if (!str_to_u64(value, WINDOW_MAX_MS, window) || *window < WINDOW_MIN_MS) {
        why_set(&op->why, "ReachabilityDebouncingWindow is a whole number of milliseconds from "
                          "1000 to 30000");
        return ERR_PARAMETER;
    }
    fields->given |= SERVICE_DEBOUNCING_WINDOW;
    return OK;
}

enum err services_prepare_create(struct operation *op)
{
    struct service_fields *fields = &op->command.service_fields;
    const struct {
        struct str name;
        unsigned flag;
        bool *value;
    } switches[] = {
        {STR("WebhooksFromRestEnabled"), SERVICE_WEBHOOKS_FROM_REST,
         &fields->webhooks_from_rest_enabled},
        {STR("ReachabilityWebhooksEnabled"), SERVICE_REACHABILITY_WEBHOOKS,
         &fields->reachability_webhooks_enabled},
        {STR("AclEnabled"), SERVICE_ACL, &fields->acl_enabled},
        {STR("ReachabilityDebouncingEnabled"), SERVICE_DEBOUNCING,
         &fields->reachability_debouncing_enabled},
    };
    fields->friendly_name = read_text(op, STR("FriendlyName"), SERVICE_FRIENDLY_NAME);
    fields->webhook_url = read_text(op, STR("WebhookUrl"), SERVICE_WEBHOOK_URL);
    enum err e = OK;
    for (size_t i = 0; !e && i < sizeof switches / sizeof *switches; i++)
        e = operation_bool(op, switches[i].name, switches[i].flag, &fields->given,
                           switches[i].value);
    return e ? e : read_window(op);
}

enum err services_prepare_one(struct operation *op)
{
    op->command.object = op->captures[0];
    return OK;
}

enum err services_prepare_update(struct operation *op)
{
    op->command.object = op->captures[0];
    return services_prepare_create(op);
}

enum err services_prepare_list(struct operation *op)
{
    return page_prepare(op);
}

static void add_links(struct str url, struct buf *out)
{
    buf_addf(out,
             ",\"links\":{\"documents\":\"%.*s/Documents\",\"lists\":\"%.*s/Lists\","
             "\"maps\":\"%.*s/Maps\",\"streams\":\"%.*s/Streams\"}}",
             STR_ARG(url), STR_ARG(url), STR_ARG(url), STR_ARG(url));
}

static void write_one(struct operation *op, const struct change *head, struct buf *out)
{
    struct service_settings settings;
    struct sid sid = sid_of(head);
    struct str url = body_service_url(op, head);
    service_settings_read(head, &op->request->arena, &settings);
    buf_addf(out, "{\"sid\":\"%s\",\"unique_name\":", sid.text);
    buf_add_json(out, head->name);
    buf_addf(out, ",\"account_sid\":\"%.*s\",\"friendly_name\":", STR_ARG(operation_account(op)));
    buf_add_json(out, settings.friendly_name);
    buf_add_lit(out, ",\"date_created\":");
    date_add_iso(out, head->created_ms);
    buf_add_lit(out, ",\"date_updated\":");
    date_add_iso(out, head->updated_ms);
    buf_addf(out, ",\"url\":\"%.*s\",\"webhook_url\":", STR_ARG(url));
    buf_add_json(out, settings.webhook_url);
    body_add_bool(out, "webhooks_from_rest_enabled", settings.webhooks_from_rest_enabled);
    body_add_bool(out, "reachability_webhooks_enabled", settings.reachability_webhooks_enabled);
    body_add_bool(out, "acl_enabled", settings.acl_enabled);
    body_add_bool(out, "reachability_debouncing_enabled", settings.reachability_debouncing_enabled);
    buf_addf(out, ",\"reachability_debouncing_window\":%u",
             settings.reachability_debouncing_window);
    add_links(url, out);
}

void services_render_one(struct operation *op, struct buf *out)
{
    write_one(op, op->command.head, out);
}

void services_render_list(struct operation *op, struct buf *out)
{
    page_render(op, "services", write_one, out);
}
