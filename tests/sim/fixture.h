/* A test in a simulated world, once on each store; what was kept in the end must be sound
 * (audit.h), and all that was heard be kept:
 *
 *   static void a_thing_does_this(void **state)
 *   {
 *       struct sim *sim = *state;
 *   ...
 *   const struct CMUnitTest tests[] = {
 *       ON_EACH_STORE(a_thing_does_this), */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "sim/sim.h"

int fixture_fake(void **state);
int fixture_sqlite(void **state);
int fixture_end(void **state);

#define ON_EACH_STORE(test)                                                                        \
    {#test " (fake)", test, fixture_fake, fixture_end, NULL},                                      \
    {                                                                                              \
#test " (sqlite)", test, fixture_sqlite, fixture_end, NULL                                 \
    }

/* Run the tidying to the end; after it nothing is left of what was removed. */
void fixture_sweep(struct sim *sim);

/* How many changes of a kind and event were committed, ever. */
size_t fixture_count_changes(struct sim *sim, enum kind kind, enum change_type type);

#endif
