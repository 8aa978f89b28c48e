/* A history in the making: random but valid changes, those of them that were accepted, and what
 * a store that accepted them has to show. The same seed makes the same changes. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "store/store.h"

struct script {
    uint64_t seed;
    int64_t now_ms;
    struct store *model;      /* a fake store; of what was drafted too */
    struct change **accepted; /* of seq 1, 2, ... */
    size_t count;
    size_t max;
};

void script_init(struct script *script, uint64_t seed);
void script_deinit(struct script *script);

uint64_t script_random(struct script *script, uint64_t below);

/* Between one and `max` changes for one commit; accept or refuse them next. */
size_t script_draft(struct script *script, struct change **changes, size_t max);

/* The store took them, or did not. The references are the script's. */
void script_accept(struct script *script, struct change **changes, size_t count);
void script_refuse(struct script *script, struct change **changes, size_t count);

/* A new store in memory that knows the first `seq` accepted changes. */
struct store *script_model_at(const struct script *script, uint64_t seq);

/* `store` shows what `model` shows; of the changes that are no heads it may have dropped some.
 * Fails the test otherwise. */
void script_compare(struct store *store, struct store *model, int64_t now_ms);

/* The same of some page, and of nothing else; the model is the script's. */
void script_compare_page(struct script *script, struct store *store);

/* Without what needs the store to write: lists. */
void script_compare_heads(struct store *store, struct store *model);

#endif
