/* What the core should do, in plain arrays: a document, a list and a map of one name, with their
 * items and permissions.
 *
 * Commands are applied one after the other, as those of a batch are evaluated. Pages alone show
 * what was there before the batch (sync/listing.h). What has expired stays, unseen, until
 * somebody tells of its removal: the revision of a list or map counts that. */
#ifndef MODEL_H
#define MODEL_H

#include "sync/command.h"

enum { MODEL_NAME_MAX = 16, MODEL_ENTRIES_MAX = 512 };

/* An item, a permission, or an object as an answer shows it. */
struct model_entry {
    char name[MODEL_NAME_MAX];
    size_t name_len;
    struct str data; /* borrowed from the command that wrote it */
    uint64_t revision;
    int64_t expires_ms;
};

struct model_entries {
    struct model_entry all[MODEL_ENTRIES_MAX]; /* in the order of their creation */
    size_t count;
};

struct model_object {
    bool there;
    uint64_t birth; /* tells it from others of its kind, before and after */
    uint64_t id;    /* from the answer to its creation */
    uint64_t next_index;
    struct model_entry self;
    struct model_entries items;
    struct model_entries permissions;
};

struct model {
    int64_t now_ms;
    uint64_t births;
    struct model_object document;
    struct model_object list;
    struct model_object map;
};

struct model_answer {
    enum err err;
    enum kind subject; /* of which kind is what `err` is about */
    struct model_entries shown;
    bool more_before;
    bool more_after;
};

/* Do as the command says, and say what its answer must be. `before`: as it was before the batch.
 */
void model_apply(struct model *model, struct model *before, const struct command *command,
                 struct model_answer *answer);

/* Is that the answer the command got? False: `why` says where they part. */
bool model_agrees(const struct model_answer *answer, const struct command *command,
                  struct why *why);

/* The list or map of these items; NULL: it is not there. */
struct model_object *model_container(struct model *model, enum kind item_kind);

/* The item was removed because it expired. False: it had not, or there was none. */
bool model_expire(struct model *model, enum kind item_kind, struct str name);

/* Is an item left of what is there that has expired? */
bool model_is_due(const struct model *model);

#endif
