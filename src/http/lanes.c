#include "http/lanes.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

static bool serve_first(struct lane *lane, struct work_slice *slice)
{
    struct ring *place = lane->waiting.next;
    ring_remove(place);
    lane->lanes->serve(place, slice);
    return work_goes_on(slice, 0);
}

static bool step(struct worker *worker)
{
    struct lane *lane = ring_of(worker, struct lane, worker);
    struct work_slice slice = work_slice(lane->lanes->work);
    lane->refs++; /* the last of its channels may go */
    while (!ring_is_empty(&lane->waiting) && serve_first(lane, &slice))
        ;
    bool more = !ring_is_empty(&lane->waiting);
    lane_put(lane);
    return more;
}

void lanes_init(struct lanes *lanes, struct work_queue *work,
                void (*serve)(struct ring *place, struct work_slice *slice))
{
    lanes->work = work;
    lanes->serve = serve;
    dict_init(&lanes->by_work);
}

void lanes_deinit(struct lanes *lanes)
{
    assert(lanes->by_work.count == 0);
    dict_deinit(&lanes->by_work);
}

static struct hash hash_of(const struct work_lane *work)
{
    return hash_number((uint64_t)(uintptr_t)work);
}

/* `work`: whose reference it takes over. */
static struct lane *make(struct lanes *lanes, struct work_lane *work)
{
    struct lane *lane = mem_zalloc(1, sizeof *lane);
    lane->lanes = lanes;
    lane->work = work;
    worker_init(&lane->worker, step);
    ring_init(&lane->waiting);
    ring_init(&lane->held);
    ring_init(&lane->held_large);
    dict_add(&lanes->by_work, hash_of(work), lane);
    return lane;
}

struct lane *lane_get(struct lanes *lanes, enum work_class class, uint64_t network,
                      uint64_t connection)
{
    struct dict_cursor cursor;
    struct work_lane *work = work_lane_get(lanes->work, class, network, connection);
    struct lane *lane = dict_first(&lanes->by_work, hash_of(work), &cursor); /* no other has it */
    if (lane)
        work_lane_put(work);
    else
        lane = make(lanes, work);
    lane->refs++;
    return lane;
}

void lane_put(struct lane *lane)
{
    if (!lane || --lane->refs)
        return;
    work_remove(&lane->worker);
    dict_remove(&lane->lanes->by_work, hash_of(lane->work), lane);
    work_lane_put(lane->work);
    free(lane);
}

void lane_wait(struct lane *lane, struct ring *place)
{
    if (!ring_is_empty(place))
        return;
    ring_append(&lane->waiting, place);
    work_add(lane->work, &lane->worker);
}

static unsigned room(const struct lane *lane)
{
    return LANE_ASKED_MAX - lane->asked;
}

static unsigned room_for_large(const struct lane *lane)
{
    unsigned asked = LANE_LARGE_ASKED_MAX - lane->large_asked;
    unsigned unsent = LANE_LARGE_UNSENT_MAX - lane->large_unsent;
    return asked < unsent ? asked : unsent;
}

static void admit(struct lane *lane, struct ring *held, unsigned count)
{
    while (count-- && !ring_is_empty(held)) {
        struct ring *place = held->next;
        ring_remove(place);
        lane_wait(lane, place);
    }
}

void lane_admit(struct lane *lane)
{
    admit(lane, &lane->held, room(lane));
    admit(lane, &lane->held_large, room_for_large(lane));
}

bool lane_takes(struct lane *lane, struct ring *place, bool large)
{
    if (!room(lane) || (large && !room_for_large(lane))) {
        ring_append(room(lane) ? &lane->held_large : &lane->held, place);
        return false;
    }
    lane->asked++;
    lane->large_asked += large;
    lane->large_unsent += large;
    return true;
}

void lane_replied(struct lane *lane, bool large)
{
    lane->asked--;
    lane->large_asked -= large;
    lane_admit(lane);
}

void lane_large_sent(struct lane *lane)
{
    lane->large_unsent--;
    lane_admit(lane);
}
