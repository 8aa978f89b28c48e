/* A list and a map to try items on, both called "box", in the service `default`. */
#ifndef BOX_H
#define BOX_H

#include "sim/sim.h"

/* What is tried on both alike. */
enum { BOX_KINDS = 2 };
extern const enum kind box_kinds[BOX_KINDS];

enum kind box_item_kind(enum kind kind);

void box_make_both(struct sim *sim);

/* The list's or map's own head. */
const struct change *box_head(struct sim *sim, enum kind kind);

/* Commands about an item: the first of the list, or that of the key "k". */
struct command box_about(struct sim *sim, enum kind kind, enum verb verb);
struct command box_create(struct sim *sim, enum kind kind, const char *data);
struct command box_update(struct sim *sim, enum kind kind, const char *data);

/* Commands to create another item of the list, or one of the map; or to put one there. */
struct command box_push(const char *data);
struct command box_insert(const char *key, const char *data);
struct command box_put(const char *key, const char *data);

#endif
