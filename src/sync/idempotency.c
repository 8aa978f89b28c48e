#include "sync/idempotency.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdlib.h>

enum { NAME_SIZE = 16, PARTS_SIZE_MAX = 16 << 20, OVERHEAD = 128 };

/* Name and request are MACs under a secret of this process: 128 bits that nobody can aim at are as
 * good as the texts. */
struct entry {
    struct ring by_age;
    unsigned char name[NAME_SIZE];
    unsigned char request[NAME_SIZE];
    struct change *head;
    struct change *container_head;
    struct instant made;
    size_t size;
    bool uncommitted;
};

void idempotency_init(struct idempotency *idempotency, const struct idempotency_options *options,
                      const struct random *random, struct instant now)
{
    *idempotency = (struct idempotency){.options = *options};
    idempotency->forgot = options->size_max ? now : INSTANT_NEVER;
    random->fill(random->context, idempotency->secret, sizeof idempotency->secret);
    dict_init(&idempotency->entries);
    ring_init(&idempotency->by_age);
}

static struct hash hash_of(const unsigned char name[NAME_SIZE])
{
    return hash_text((struct str){(const char *)name, NAME_SIZE}, 0);
}

static void forget(struct idempotency *idempotency, struct entry *entry)
{
    dict_remove(&idempotency->entries, hash_of(entry->name), entry);
    ring_remove(&entry->by_age);
    idempotency->size -= entry->size;
    change_unref(entry->head);
    change_unref(entry->container_head);
    free(entry);
}

static struct entry *oldest(struct idempotency *idempotency)
{
    if (ring_is_empty(&idempotency->by_age))
        return NULL;
    return ring_of(idempotency->by_age.next, struct entry, by_age);
}

void idempotency_deinit(struct idempotency *idempotency)
{
    struct entry *entry;
    while ((entry = oldest(idempotency)))
        forget(idempotency, entry);
    dict_deinit(&idempotency->entries);
}

enum err idempotency_check(struct str key, struct why *why)
{
    bool good = key.len > 0 && key.len <= IDEMPOTENCY_KEY_MAX;
    for (size_t i = 0; good && i < key.len; i++)
        good = key.ptr[i] > ' ' && key.ptr[i] < 0x7f;
    if (good)
        return OK;
    why_set(why, "Idempotency-Key has 1 to %d visible ASCII characters", IDEMPOTENCY_KEY_MAX);
    return ERR_PARAMETER;
}

/* --- names and requests --- */

static void add_part(struct buf *parts, struct str part)
{
    buf_addf(parts, "%zu%c", part.len, part.ptr ? ':' : '-');
    buf_add(parts, part);
}

static void add_number(struct buf *parts, uint64_t number)
{
    buf_addf(parts, "%llu,", (unsigned long long)number);
}

static void seal(const struct idempotency *idempotency, struct buf *parts,
                 unsigned char name[NAME_SIZE])
{
    unsigned char mac[MAC_SIZE];
    mac_sha256((struct str){(const char *)idempotency->secret, MAC_SIZE}, buf_str(parts), mac);
    memcpy(name, mac, NAME_SIZE);
    buf_deinit(parts);
}

/* `guarded` tells a client from the account, whatever the client's name. */
static void name_of(const struct idempotency *idempotency, const struct command *command,
                    unsigned char name[NAME_SIZE])
{
    struct buf parts;
    buf_init(&parts, PARTS_SIZE_MAX);
    add_number(&parts, command->service_head ? command->service_head->id : 0);
    add_number(&parts, command->guarded);
    add_part(&parts, command->identity);
    add_part(&parts, command->idempotency_key);
    seal(idempotency, &parts, name);
}

static void add_service_fields(struct buf *parts, const struct service_fields *fields)
{
    add_number(parts, fields->given);
    add_part(parts, fields->friendly_name);
    add_part(parts, fields->webhook_url);
    add_number(parts, fields->webhooks_from_rest_enabled);
    add_number(parts, fields->reachability_webhooks_enabled);
    add_number(parts, fields->acl_enabled);
    add_number(parts, fields->reachability_debouncing_enabled);
    add_number(parts, fields->reachability_debouncing_window);
}

static void add_conditions(struct buf *parts, const struct command *command)
{
    add_number(parts, command->if_none_match_any);
    add_number(parts, command->if_match.given);
    add_number(parts, command->if_match.any);
    for (size_t i = 0; i < command->if_match.count; i++)
        add_number(parts, command->if_match.revisions[i]);
}

static void add_ttl(struct buf *parts, const struct ttl *ttl)
{
    add_number(parts, ttl->given);
    add_number(parts, (uint64_t)ttl->s);
}

/* All that tells one write from another. */
static void request_of(const struct idempotency *idempotency, const struct command *command,
                       unsigned char request[NAME_SIZE])
{
    const struct permission_fields *rights = &command->permission_fields;
    struct buf parts;
    buf_init(&parts, PARTS_SIZE_MAX);
    add_number(&parts, command->verb);
    add_number(&parts, command->kind);
    add_number(&parts, command->container_kind);
    add_part(&parts, command->container);
    add_part(&parts, command->object);
    add_part(&parts, command->name);
    add_part(&parts, command->data);
    add_part(&parts, command->friendly_name);
    add_ttl(&parts, &command->ttl);
    add_ttl(&parts, &command->container_ttl);
    add_conditions(&parts, command);
    add_service_fields(&parts, &command->service_fields);
    add_number(&parts, (uint64_t)(rights->read | rights->write << 1 | rights->manage << 2));
    seal(idempotency, &parts, request);
}

/* --- entries --- */

static struct entry *find(const struct idempotency *idempotency,
                          const unsigned char name[NAME_SIZE])
{
    struct dict_cursor cursor;
    struct entry *entry = dict_first(&idempotency->entries, hash_of(name), &cursor);
    while (entry && memcmp(entry->name, name, NAME_SIZE) != 0)
        entry = dict_next(&idempotency->entries, &cursor);
    return entry;
}

/* Those of an open commit stay: a batch cannot fill the memory. */
static void make_room(struct idempotency *idempotency, struct instant now)
{
    const struct idempotency_options *options = &idempotency->options;
    struct entry *entry = oldest(idempotency);
    while (entry && !entry->uncommitted &&
           (idempotency->size > options->size_max ||
            instant_between(entry->made, now) > options->keep_ms)) {
        idempotency->forgot = entry->made;
        forget(idempotency, entry);
        entry = oldest(idempotency);
    }
}

/* May a write have been done that is not remembered? */
static bool may_be_forgotten(const struct idempotency *idempotency, int64_t first_sent_ms)
{
    if (!first_sent_ms)
        return false;
    struct instant sent = clock_server_instant(&idempotency->options.began, first_sent_ms);
    return instant_has_come(sent, idempotency->forgot);
}

enum err idempotency_recall(struct idempotency *idempotency, struct command *command,
                            struct instant now, bool *known, bool *uncommitted)
{
    unsigned char name[NAME_SIZE], request[NAME_SIZE];
    *known = false;
    make_room(idempotency, now);
    name_of(idempotency, command, name);
    struct entry *entry = find(idempotency, name);
    if (!entry && may_be_forgotten(idempotency, command->first_sent_ms))
        return ERR_KEY_FORGOTTEN;
    if (!entry)
        return OK;
    request_of(idempotency, command, request);
    if (memcmp(entry->request, request, NAME_SIZE) != 0)
        return ERR_KEY_REUSED;
    *known = true;
    *uncommitted = entry->uncommitted;
    command->head = change_ref(entry->head);
    if (entry->container_head)
        command->container_head = change_ref(entry->container_head);
    return OK;
}

void idempotency_note(struct idempotency *idempotency, const struct command *command,
                      struct instant now, bool uncommitted)
{
    if (!idempotency->options.size_max)
        return;
    struct entry *entry = mem_zalloc(1, sizeof *entry);
    name_of(idempotency, command, entry->name);
    request_of(idempotency, command, entry->request);
    entry->head = change_ref(command->head);
    entry->made = now;
    entry->size = sizeof *entry + OVERHEAD + change_size(entry->head);
    if (command->container_head) {
        entry->container_head = change_ref(command->container_head);
        entry->size += change_size(entry->container_head);
    }
    dict_add(&idempotency->entries, hash_of(entry->name), entry);
    ring_append(&idempotency->by_age, &entry->by_age);
    idempotency->size += entry->size;
    idempotency->uncommitted += uncommitted;
    entry->uncommitted = uncommitted;
    make_room(idempotency, now);
}

void idempotency_settle(struct idempotency *idempotency, size_t count, bool committed)
{
    struct ring *place = idempotency->by_age.prev;
    size_t younger = idempotency->uncommitted > count ? idempotency->uncommitted - count : 0;
    size_t left = idempotency->uncommitted;
    while (left) {
        struct entry *entry = ring_of(place, struct entry, by_age);
        place = place->prev;
        if (!entry->uncommitted)
            continue;
        left--;
        if (younger) {
            younger--;
            continue;
        }
        idempotency->uncommitted--;
        entry->uncommitted = false;
        if (!committed)
            forget(idempotency, entry);
    }
}
