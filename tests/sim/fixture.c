#include "sim/fixture.h"

#include "base/mem.h"
#include "sim/audit.h"

#include <assert.h>
#include <stdio.h>
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

static bool is_sound(struct sim *sim)
{
    struct audit audit;
    struct why why = {0};
    audit_init(&audit, &sim->store);
    bool sound = audit_is_sound(&audit, &why) &&
                 audit_was_told(&audit, sim->heard, sim->heard_count, false, &why);
    if (!sound)
        fprintf(stderr, "%s\n", why.text);
    audit_deinit(&audit);
    return sound;
}

int fixture_end(void **state)
{
    bool sound = is_sound(*state);
    sim_deinit(*state);
    free(*state);
    return sound ? 0 : -1;
}

void fixture_sweep(struct sim *sim)
{
    struct audit audit;
    struct why why = {0};
    enum err e = sim_tidy(sim);
    audit_init(&audit, &sim->store);
    bool swept = !e && audit_is_swept(&audit, &why);
    if (!swept)
        fprintf(stderr, "%s\n", why.text);
    audit_deinit(&audit);
    assert(swept);
}

size_t fixture_count_changes(struct sim *sim, enum kind kind, enum change_type type)
{
    struct change *change;
    size_t found = 0, count = 1;
    for (uint64_t at = 0; count; at++) {
        enum err e = store_tail(&sim->store, at, &change, 1, &count);
        assert(e == OK);
        if (!count)
            break;
        at = change->seq - 1;
        found += change->kind == kind && change->type == type;
        change_unref(change);
    }
    return found;
}
