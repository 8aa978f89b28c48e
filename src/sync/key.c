#include "sync/key.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "base/value.h"
#include "sync/batch.h"
#include "sync/removal.h"
#include "sync/revision.h"

enum { FRIENDLY_NAME_KEY_MAX = 64, DATA_SIZE_MAX = 1024 };

struct str key_friendly_name(const struct change *head, struct arena *arena)
{
    struct str name = {0};
    if (!value_decode_string(value_get(head->data, STR("friendly_name")), arena, &name))
        return STR("");
    return name;
}

enum err key_check(const struct view *view, struct command *command)
{
    struct change *head = NULL;
    if (!command->key.ptr)
        return OK;
    enum err e = view_resolve(view, 0, KIND_KEY, command->key, &head);
    change_unref(head);
    if (e == ERR_MISSING || e == ERR_NAME_MISSING)
        return ERR_AUTH;
    return !e && command->kind == KIND_KEY ? ERR_KEY_MANAGES : e;
}

/* A name is no way to call a key. */
static enum err resolve(struct batch *batch, struct command *command)
{
    enum err e = batch_resolve(batch, 0, KIND_KEY, command->object, &command->head);
    return e == ERR_NAME_MISSING ? ERR_MISSING : e;
}

static enum err check_name(struct str name)
{
    return name.ptr && utf8_length(name) > FRIENDLY_NAME_KEY_MAX ? ERR_FRIENDLY_NAME : OK;
}

static void write_data(struct str friendly_name, struct buf *data)
{
    buf_init(data, DATA_SIZE_MAX);
    buf_add_lit(data, "{\"friendly_name\":");
    buf_add_json(data, friendly_name.ptr ? friendly_name : STR(""));
    buf_add_char(data, '}');
}

enum err key_create(struct batch *batch, struct command *command)
{
    struct buf data;
    enum err e = check_name(command->friendly_name);
    if (e)
        return e;
    write_data(command->friendly_name, &data);
    revision_first(batch, command, 0, (struct str){0}, buf_str(&data));
    buf_deinit(&data);
    return OK;
}

enum err key_fetch(struct batch *batch, struct command *command)
{
    return resolve(batch, command);
}

enum err key_update(struct batch *batch, struct command *command)
{
    struct buf data;
    enum err e = check_name(command->friendly_name);
    if (!e)
        e = resolve(batch, command);
    if (e || !command->friendly_name.ptr)
        return e;
    write_data(command->friendly_name, &data);
    revision_next(batch, command, buf_str(&data));
    buf_deinit(&data);
    return OK;
}

enum err key_remove(struct batch *batch, struct command *command)
{
    enum err e = resolve(batch, command);
    return e ? e : removal_add(batch, command->head, CHANGE_REMOVED, command->identity);
}
