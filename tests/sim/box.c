#include "sim/box.h"

#include <assert.h>

const enum kind box_kinds[BOX_KINDS] = {KIND_LIST, KIND_MAP};

enum kind box_item_kind(enum kind kind)
{
    return kind == KIND_LIST ? KIND_LIST_ITEM : KIND_MAP_ITEM;
}

void box_make_both(struct sim *sim)
{
    for (size_t i = 0; i < BOX_KINDS; i++) {
        struct asked *made = sim_do(sim, sim_of(box_kinds[i], sim_create("box", NULL)));
        assert(made->command.err == OK);
    }
}

const struct change *box_head(struct sim *sim, enum kind kind)
{
    struct asked *asked = sim_do(sim, sim_of(kind, sim_fetch("box")));
    assert(asked->command.err == OK);
    return asked->command.head;
}

struct command box_about(struct sim *sim, enum kind kind, enum verb verb)
{
    if (kind == KIND_MAP)
        return sim_map_item(verb, "box", "k");
    return sim_list_item(verb, "box", verb == VERB_CREATE ? NULL : sim_index(sim, 0));
}

struct command box_create(struct sim *sim, enum kind kind, const char *data)
{
    return sim_with_data(box_about(sim, kind, VERB_CREATE), data);
}

struct command box_update(struct sim *sim, enum kind kind, const char *data)
{
    return sim_with_data(box_about(sim, kind, VERB_UPDATE), data);
}

struct command box_push(const char *data)
{
    return sim_with_data(sim_list_item(VERB_CREATE, "box", NULL), data);
}

struct command box_insert(const char *key, const char *data)
{
    return sim_with_data(sim_map_item(VERB_CREATE, "box", key), data);
}

struct command box_put(const char *key, const char *data)
{
    return sim_with_data(sim_map_item(VERB_PUT, "box", key), data);
}
