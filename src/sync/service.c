#include "sync/service.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "base/value.h"
#include "sync/batch.h"
#include "sync/removal.h"
#include "sync/revision.h"

enum { DEBOUNCING_WINDOW_DEFAULT_MS = 5000, SETTINGS_SIZE_MAX = 8192 };

static const struct service_settings defaults = {
    .reachability_debouncing_window = DEBOUNCING_WINDOW_DEFAULT_MS,
};

static struct str read_text(struct str data, struct str key, struct arena *arena)
{
    struct str text = {0};
    if (!value_decode_string(value_get(data, key), arena, &text))
        return (struct str){0};
    return text;
}

static bool read_bool(struct str data, struct str key)
{
    return str_eq(value_get(data, key), STR("true"));
}

void service_settings_read(const struct change *head, struct arena *arena,
                           struct service_settings *settings)
{
    struct str data = head->data;
    uint64_t window = DEBOUNCING_WINDOW_DEFAULT_MS;
    if (!str_to_u64(value_get(data, STR("reachability_debouncing_window")), UINT32_MAX, &window))
        window = DEBOUNCING_WINDOW_DEFAULT_MS;
    *settings = (struct service_settings){
        .friendly_name = read_text(data, STR("friendly_name"), arena),
        .webhook_url = read_text(data, STR("webhook_url"), arena),
        .webhooks_from_rest_enabled = read_bool(data, STR("webhooks_from_rest_enabled")),
        .reachability_webhooks_enabled = read_bool(data, STR("reachability_webhooks_enabled")),
        .acl_enabled = read_bool(data, STR("acl_enabled")),
        .reachability_debouncing_enabled = read_bool(data, STR("reachability_debouncing_enabled")),
        .reachability_debouncing_window = (unsigned)window,
    };
}

static void add_bool(struct buf *out, const char *key, bool value)
{
    buf_addf(out, ",\"%s\":%s", key, value ? "true" : "false");
}

static void settings_write(const struct service_settings *settings, struct buf *out)
{
    buf_add_lit(out, "{\"friendly_name\":");
    buf_add_json(out, settings->friendly_name);
    buf_add_lit(out, ",\"webhook_url\":");
    buf_add_json(out, settings->webhook_url);
    add_bool(out, "webhooks_from_rest_enabled", settings->webhooks_from_rest_enabled);
    add_bool(out, "reachability_webhooks_enabled", settings->reachability_webhooks_enabled);
    add_bool(out, "acl_enabled", settings->acl_enabled);
    add_bool(out, "reachability_debouncing_enabled", settings->reachability_debouncing_enabled);
    buf_addf(out, ",\"reachability_debouncing_window\":%u}",
             settings->reachability_debouncing_window);
}

static enum err check_url(struct str url)
{
    bool http = str_starts(url, STR("http://")) || str_starts(url, STR("https://"));
    size_t scheme = str_starts(url, STR("https://")) ? 8 : 7;
    if (!http || url.len == scheme || url.len > WEBHOOK_URL_LENGTH_MAX)
        return ERR_WEBHOOK_URL;
    for (size_t i = 0; i < url.len; i++)
        if (url.ptr[i] <= ' ' || url.ptr[i] >= 0x7f)
            return ERR_WEBHOOK_URL;
    return OK;
}

static enum err check_fields(const struct service_fields *fields)
{
    struct str name = fields->friendly_name;
    if (fields->given & SERVICE_FRIENDLY_NAME && name.ptr &&
        (name.len == 0 || utf8_length(name) > FRIENDLY_NAME_LENGTH_MAX))
        return ERR_FRIENDLY_NAME;
    /* An empty URL switches the webhook off. */
    if (fields->given & SERVICE_WEBHOOK_URL && fields->webhook_url.len)
        return check_url(fields->webhook_url);
    return OK;
}

static void apply(const struct service_fields *fields, struct service_settings *settings)
{
    if (fields->given & SERVICE_FRIENDLY_NAME)
        settings->friendly_name = fields->friendly_name;
    if (fields->given & SERVICE_WEBHOOK_URL)
        settings->webhook_url = fields->webhook_url.len ? fields->webhook_url : (struct str){0};
    if (fields->given & SERVICE_WEBHOOKS_FROM_REST)
        settings->webhooks_from_rest_enabled = fields->webhooks_from_rest_enabled;
    if (fields->given & SERVICE_REACHABILITY_WEBHOOKS)
        settings->reachability_webhooks_enabled = fields->reachability_webhooks_enabled;
    if (fields->given & SERVICE_ACL)
        settings->acl_enabled = fields->acl_enabled;
    if (fields->given & SERVICE_DEBOUNCING)
        settings->reachability_debouncing_enabled = fields->reachability_debouncing_enabled;
    if (fields->given & SERVICE_DEBOUNCING_WINDOW)
        settings->reachability_debouncing_window = (unsigned)fields->reachability_debouncing_window;
}

enum err service_resolve(const struct view *view, struct command *command)
{
    enum err e = view_resolve(view, 0, KIND_SERVICE, command->service, &command->service_head);
    return e == ERR_MISSING || e == ERR_NAME_MISSING ? ERR_SERVICE_MISSING : e;
}

static enum err resolve_self(struct batch *batch, struct command *command)
{
    enum err e = batch_resolve(batch, 0, KIND_SERVICE, command->object, &command->head);
    return e == ERR_MISSING || e == ERR_NAME_MISSING ? ERR_SERVICE_MISSING : e;
}

static void create(struct batch *batch, const struct service_settings *settings, struct str name,
                   struct str identity, struct change **head)
{
    struct buf data;
    buf_init(&data, SETTINGS_SIZE_MAX);
    settings_write(settings, &data);
    struct change draft = {
        .kind = KIND_SERVICE,
        .name = name,
        .creator = identity,
        .author = identity,
        .data = buf_str(&data),
    };
    *head = change_ref(batch_create(batch, &draft));
    buf_deinit(&data);
}

enum err service_create(struct batch *batch, struct command *command)
{
    struct service_settings settings = defaults;
    enum err e = check_fields(&command->service_fields);
    if (e)
        return e;
    apply(&command->service_fields, &settings);
    create(batch, &settings, (struct str){0}, command->identity, &command->head);
    return OK;
}

enum err service_make_default(struct batch *batch)
{
    struct change *head;
    enum err e = batch_find(batch, 0, KIND_SERVICE, SERVICE_DEFAULT, &head);
    if (!e && !head)
        create(batch, &defaults, SERVICE_DEFAULT, STR("system"), &head);
    change_unref(head);
    return e;
}

enum err service_fetch(struct batch *batch, struct command *command)
{
    return resolve_self(batch, command);
}

enum err service_update(struct batch *batch, struct command *command)
{
    struct service_settings settings;
    struct arena arena;
    struct buf data;
    enum err e = check_fields(&command->service_fields);
    if (!e && !command->service_fields.given)
        e = ERR_NO_PARAMETERS;
    if (!e)
        e = resolve_self(batch, command);
    if (e)
        return e;
    arena_init(&arena);
    buf_init(&data, SETTINGS_SIZE_MAX);
    service_settings_read(command->head, &arena, &settings);
    apply(&command->service_fields, &settings);
    settings_write(&settings, &data);
    revision_next(batch, command, buf_str(&data));
    buf_deinit(&data);
    arena_deinit(&arena);
    return OK;
}

enum err service_remove(struct batch *batch, struct command *command)
{
    enum err e = resolve_self(batch, command);
    return e ? e : removal_add(batch, command->head, CHANGE_REMOVED, command->identity);
}
