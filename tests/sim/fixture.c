#include "sim/fixture.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum { SEED = 1 };

static int begin(void **state, enum sim_kind kind)
{
    struct sim *sim = mem_alloc(sizeof *sim);
    sim_init(sim, kind, SEED);
    *state = sim;
    return 0;
}

int fixture_fake(void **state)
{
    return begin(state, SIM_FAKE);
}

int fixture_sqlite(void **state)
{
    return begin(state, SIM_SQLITE);
}

int fixture_end(void **state)
{
    sim_deinit(*state);
    free(*state);
    return 0;
}

size_t fixture_count_changes(struct sim *sim, enum kind kind, enum event event)
{
    struct change *change;
    size_t found = 0, count = 1;
    for (uint64_t at = 0; count; at++) {
        enum err e = store_tail(&sim->store, at, &change, 1, &count);
        assert(e == OK);
        if (!count)
            break;
        at = change->seq - 1;
        found += change->kind == kind && change->event == event;
        change_unref(change);
    }
    return found;
}
