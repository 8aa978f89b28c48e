#include "sim/model.h"

#include "sync/item_name.h"

#include <assert.h>
#include <stdlib.h>

static struct str name_of(const struct model_entry *entry)
{
    return (struct str){entry->name, entry->name_len};
}

static void set_name(struct model_entry *entry, struct str name)
{
    assert(name.len <= MODEL_NAME_MAX);
    memcpy(entry->name, name.ptr, name.len);
    entry->name_len = name.len;
}

/* --- what is there --- */

static bool is_alive(const struct model *model, const struct model_entry *entry)
{
    return !entry->expires_ms || entry->expires_ms > model->now_ms;
}

static struct model_object *place_of(struct model *model, enum kind kind)
{
    if (kind == KIND_LIST)
        return &model->list;
    return kind == KIND_MAP ? &model->map : &model->document;
}

static struct model_object *find_object(struct model *model, enum kind kind)
{
    struct model_object *object = place_of(model, kind);
    return object->there && is_alive(model, &object->self) ? object : NULL;
}

static struct model_entry *find_entry(struct model_entries *entries, struct str name)
{
    for (size_t i = 0; i < entries->count; i++)
        if (str_eq(name_of(&entries->all[i]), name))
            return &entries->all[i];
    return NULL;
}

static struct model_entry *add_entry(struct model_entries *entries, struct model_entry entry)
{
    assert(entries->count < MODEL_ENTRIES_MAX);
    entries->all[entries->count] = entry;
    return &entries->all[entries->count++];
}

static void drop_entry(struct model_entries *entries, const struct model_entry *entry)
{
    size_t at = (size_t)(entry - entries->all);
    entries->count--;
    memmove(entries->all + at, entries->all + at + 1, (entries->count - at) * sizeof *entries->all);
}

static int64_t expiry(const struct model *model, const struct ttl *ttl, int64_t otherwise)
{
    if (!ttl->given)
        return otherwise;
    return ttl->s ? model->now_ms + 1000 * ttl->s : 0;
}

static bool guard_holds(const struct command *command, const struct model_entry *entry)
{
    const struct precondition *guard = &command->if_match;
    return !guard->given || guard->any || guard->revisions[0] == entry->revision;
}

static enum err taken(const struct command *command)
{
    return command->if_none_match_any ? ERR_EXISTS : ERR_NAME_TAKEN;
}

static void show(struct model_answer *answer, const struct model_entry *entry)
{
    add_entry(&answer->shown, *entry);
}

/* --- documents, lists, maps --- */

static enum err create_object(struct model *model, const struct command *command,
                              struct model_answer *answer)
{
    struct model_object *object = place_of(model, command->kind);
    if (find_object(model, command->kind))
        return taken(command);
    *object = (struct model_object){
        .there = true,
        .birth = ++model->births,
        .id = command->head ? command->head->id : 0,
        .self = {.data = command->data, .expires_ms = expiry(model, &command->ttl, 0)},
    };
    set_name(&object->self, command->name);
    show(answer, &object->self);
    return OK;
}

static enum err apply_to_object(struct model *model, const struct command *command,
                                struct model_answer *answer)
{
    struct model_object *object = find_object(model, command->kind);
    bool has_data = command->kind == KIND_DOCUMENT && command->data.ptr;
    if (command->verb == VERB_CREATE)
        return create_object(model, command, answer);
    if (command->verb == VERB_UPDATE && !has_data && !command->ttl.given)
        return ERR_NO_PARAMETERS;
    if (!object)
        return ERR_NAME_MISSING;
    if (command->verb != VERB_FETCH && !guard_holds(command, &object->self))
        return ERR_REVISION;
    if (command->verb == VERB_UPDATE) {
        object->self.revision += has_data;
        object->self.data = has_data ? command->data : object->self.data;
        object->self.expires_ms = expiry(model, &command->ttl, object->self.expires_ms);
    }
    show(answer, &object->self);
    object->there = command->verb != VERB_REMOVE;
    return OK;
}

/* --- items --- */

static struct model_entry *find_item(const struct model *model, struct model_object *container,
                                     struct str name)
{
    struct model_entry *item = find_entry(&container->items, name);
    return item && is_alive(model, item) ? item : NULL;
}

static void note(const struct model *model, const struct command *command,
                 struct model_object *container)
{
    container->self.revision++;
    container->self.expires_ms = expiry(model, &command->container_ttl, container->self.expires_ms);
}

static void insert(const struct model *model, const struct command *command,
                   struct model_object *container, struct str name, struct model_answer *answer)
{
    struct model_entry *before = find_entry(&container->items, name);
    if (before) {
        drop_entry(&container->items, before);
        container->self.revision++;
    }
    struct model_entry item = {.data = command->data,
                               .expires_ms = expiry(model, &command->ttl, 0)};
    set_name(&item, name);
    show(answer, add_entry(&container->items, item));
    note(model, command, container);
}

static enum err create_item(const struct model *model, const struct command *command,
                            struct model_object *container, struct model_answer *answer)
{
    char index[MODEL_NAME_MAX];
    struct str name = command->name;
    if (!command->data.ptr)
        return ERR_DATA;
    if (command->kind == KIND_LIST_ITEM) {
        item_name_from_index(container->next_index++, index);
        name = (struct str){index, sizeof index};
    } else if (find_item(model, container, name)) {
        return taken(command);
    }
    insert(model, command, container, name, answer);
    return OK;
}

/* Of an item that is not there. */
static enum err miss_item(const struct model *model, const struct command *command,
                          struct model_object *container, struct model_answer *answer)
{
    if (command->verb != VERB_PUT)
        return ERR_MISSING;
    if (command->if_match.given)
        return ERR_REVISION;
    insert(model, command, container, command->object, answer);
    return OK;
}

static void change_item(const struct model *model, const struct command *command,
                        struct model_entry *item)
{
    item->revision += command->data.ptr != NULL;
    item->data = command->data.ptr ? command->data : item->data;
    item->expires_ms = expiry(model, &command->ttl, item->expires_ms);
}

static enum err write_item(const struct model *model, const struct command *command,
                           struct model_object *container, struct model_answer *answer)
{
    if (command->verb == VERB_PUT && !command->data.ptr)
        return ERR_DATA;
    if (command->verb == VERB_UPDATE && !command->data.ptr && !command->ttl.given)
        return ERR_NO_PARAMETERS;
    struct model_entry *item = find_item(model, container, command->object);
    if (!item)
        return miss_item(model, command, container, answer);
    if (!guard_holds(command, item))
        return ERR_REVISION;
    if (command->verb == VERB_PUT && command->if_none_match_any)
        return ERR_EXISTS;
    if (command->verb != VERB_REMOVE)
        change_item(model, command, item);
    show(answer, item);
    if (command->verb == VERB_REMOVE)
        drop_entry(&container->items, item);
    note(model, command, container);
    return OK;
}

static enum err fetch_items(const struct model *model, const struct command *command,
                            struct model_object *container, struct model_answer *answer)
{
    const struct str *names = command->verb == VERB_FETCH ? &command->object : command->names;
    size_t count = command->verb == VERB_FETCH ? 1 : command->names_count;
    for (size_t i = 0; i < count; i++) {
        const struct model_entry *item = find_item(model, container, names[i]);
        if (item)
            show(answer, item);
        else if (command->verb == VERB_FETCH)
            return ERR_MISSING;
    }
    return OK;
}

/* --- permissions --- */

static struct str rights_text(const struct permission_fields *fields)
{
    static const char *const texts[] = {
        "{\"read\":false,\"write\":false,\"manage\":false}",
        "{\"read\":true,\"write\":false,\"manage\":false}",
        "{\"read\":false,\"write\":true,\"manage\":false}",
        "{\"read\":true,\"write\":true,\"manage\":false}",
        "{\"read\":false,\"write\":false,\"manage\":true}",
        "{\"read\":true,\"write\":false,\"manage\":true}",
        "{\"read\":false,\"write\":true,\"manage\":true}",
        "{\"read\":true,\"write\":true,\"manage\":true}",
    };
    return str_from(texts[fields->read + 2 * fields->write + 4 * fields->manage]);
}

static enum err apply_to_permission(const struct command *command, struct model_object *object,
                                    struct model_answer *answer)
{
    struct model_entry *permission = find_entry(&object->permissions, command->object);
    struct str rights = rights_text(&command->permission_fields);
    if (command->verb != VERB_PUT && !permission)
        return ERR_MISSING;
    if (!permission) {
        struct model_entry fresh = {.data = rights};
        set_name(&fresh, command->object);
        permission = add_entry(&object->permissions, fresh);
    } else if (command->verb == VERB_PUT) {
        permission->data = rights;
        permission->revision++;
    }
    show(answer, permission);
    if (command->verb == VERB_REMOVE)
        drop_entry(&object->permissions, permission);
    return OK;
}

/* --- pages --- */

static int compare(struct str a, struct str b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_name(const void *a, const void *b)
{
    return compare(name_of(a), name_of(b));
}

/* Where `entry` stands in the list's direction: before `name` (< 0), at it, or behind it. */
static int stand(const struct page_request *page, const struct model_entry *entry, struct str name)
{
    int order = compare(name_of(entry), name);
    return page->descending ? -order : order;
}

static bool is_listed(const struct page_request *page, const struct model_entry *entry)
{
    return !page->from.ptr || stand(page, entry, page->from) >= page->from_excluded;
}

static bool is_place_listed(const struct page_request *page)
{
    struct model_entry place = {.name_len = 0};
    if (!page->place.ptr)
        return true;
    set_name(&place, page->place);
    return is_listed(page, &place);
}

/* All of the list, in its order. */
static void list_all(const struct model *model, const struct command *command,
                     const struct model_object *object, struct model_entries *list)
{
    const struct page_request *page = &command->page;
    const struct model_entries *from =
        command->kind == KIND_PERMISSION ? &object->permissions : &object->items;
    struct model_entries sorted = *from;
    if (command->kind != KIND_PERMISSION)
        qsort(sorted.all, sorted.count, sizeof *sorted.all, by_name);
    for (size_t i = 0; i < sorted.count; i++) {
        const struct model_entry *entry = &sorted.all[page->descending ? sorted.count - 1 - i : i];
        if (is_alive(model, entry) && is_listed(page, entry))
            add_entry(list, *entry);
    }
}

/* How many of the list come before the place. */
static size_t split(const struct page_request *page, const struct model_entries *list)
{
    size_t count = 0;
    bool included = page->back == page->place_included; /* in what comes before */
    while (page->place.ptr && count < list->count &&
           stand(page, &list->all[count], page->place) < included)
        count++;
    return count;
}

static void read_page(const struct model *model, const struct command *command,
                      const struct model_object *object, struct model_answer *answer)
{
    struct model_entries list = {.count = 0};
    list_all(model, command, object, &list);
    size_t cut = split(&command->page, &list), size = command->page.size;
    size_t first = command->page.back ? cut - (cut < size ? cut : size) : cut;
    size_t end = command->page.back ? cut : cut + size < list.count ? cut + size : list.count;
    for (size_t i = first; i < end; i++)
        show(answer, &list.all[i]);
    answer->more_before = first > 0;
    answer->more_after = end < list.count;
}

/* --- the whole --- */

static enum err list_children(const struct model *model, const struct command *command,
                              const struct model_object *object, struct model_answer *answer)
{
    if (!is_place_listed(&command->page))
        return ERR_PAGE_TOKEN;
    read_page(model, command, object, answer);
    return OK;
}

static enum err apply_to_child(struct model *model, const struct command *command,
                               struct model_answer *answer)
{
    struct model_object *object = find_object(model, command->container_kind);
    if (!object) {
        answer->subject = command->container_kind;
        return ERR_NAME_MISSING;
    }
    if (command->verb == VERB_LIST)
        return list_children(model, command, object, answer);
    if (command->kind == KIND_PERMISSION)
        return apply_to_permission(command, object, answer);
    if (command->verb == VERB_CREATE)
        return create_item(model, command, object, answer);
    if (command->verb == VERB_FETCH || command->verb == VERB_FETCH_MANY)
        return fetch_items(model, command, object, answer);
    return write_item(model, command, object, answer);
}

void model_apply(struct model *model, struct model *before, const struct command *command,
                 struct model_answer *answer)
{
    struct model *seen = command_is_settled(command) ? before : model;
    answer->shown.count = 0;
    answer->more_before = answer->more_after = false;
    answer->subject = command->kind;
    answer->err = command->container.ptr ? apply_to_child(seen, command, answer)
                                         : apply_to_object(seen, command, answer);
}

static bool is_shown(const struct model_entry *entry, const struct change *head)
{
    bool has_data = head->kind != KIND_LIST && head->kind != KIND_MAP;
    return str_eq(name_of(entry), head->name) && entry->revision == head->revision &&
           entry->expires_ms == head->expires_ms && (!has_data || str_eq(entry->data, head->data));
}

static bool part(struct why *why, const struct command *command, const char *what)
{
    why_set(why, "%s: verb %d, kind %d, answer %d, %zu shown", what, (int)command->verb,
            (int)command->kind, (int)command->err,
            command->head ? (size_t)1 : command->heads_count);
    return false;
}

bool model_agrees(const struct model_answer *answer, const struct command *command, struct why *why)
{
    bool many = command->verb == VERB_LIST || command->verb == VERB_FETCH_MANY;
    struct change *const *heads = many ? command->heads : &command->head;
    size_t count = many ? command->heads_count : 1;
    if (answer->err != command->err)
        return part(why, command, "the model has another answer");
    if (answer->err)
        return answer->subject == command->subject ||
               part(why, command, "the model has another subject");
    if (answer->shown.count != count)
        return part(why, command, "the model shows more or less");
    for (size_t i = 0; i < count; i++)
        if (!is_shown(&answer->shown.all[i], heads[i]))
            return part(why, command, "the model shows another state");
    if (answer->more_before != command->more_before || answer->more_after != command->more_after)
        return part(why, command, "the model has other pages beside this");
    return true;
}

struct model_object *model_container(struct model *model, enum kind item_kind)
{
    return find_object(model, item_kind == KIND_LIST_ITEM ? KIND_LIST : KIND_MAP);
}

bool model_expire(struct model *model, enum kind item_kind, struct str name)
{
    struct model_object *container = model_container(model, item_kind);
    struct model_entry *item = container ? find_entry(&container->items, name) : NULL;
    if (!item || is_alive(model, item))
        return false;
    drop_entry(&container->items, item);
    container->self.revision++;
    return true;
}

static bool has_due_item(const struct model *model, const struct model_object *container)
{
    if (!container->there || !is_alive(model, &container->self))
        return false;
    for (size_t i = 0; i < container->items.count; i++)
        if (!is_alive(model, &container->items.all[i]))
            return true;
    return false;
}

bool model_is_due(const struct model *model)
{
    return has_due_item(model, &model->list) || has_due_item(model, &model->map);
}
