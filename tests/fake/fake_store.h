/* A store in memory: what store.h says, done in the plainest way.
 *
 * Nothing is ever dropped, and every rule that a caller of store_commit has to keep is asserted,
 * so it checks the core as much as it serves it. */
#ifndef FAKE_STORE_H
#define FAKE_STORE_H

#include "store/store.h"

struct store *fake_store_new(void);

/* The next commit fails with `e`, ERR_STORE or ERR_UNSURE, and keeps nothing. After ERR_UNSURE
 * everything fails, for ever. */
void fake_store_fail_next(struct store *store, enum err e);

/* The same after `commits` more that succeed. */
void fake_store_fail_after(struct store *store, size_t commits, enum err e);

/* Call back in each sync, on its thread. */
void fake_store_on_sync(struct store *store, void (*on_sync)(void *context), void *context);

/* From now on store_is_pressed says so. Any thread. */
void fake_store_press(struct store *store, bool pressed);

#endif
