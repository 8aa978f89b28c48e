#include "http/lanes.h"

#include "base/hash.h"

static bool serve_first(struct lane *lane, struct work_slice *slice)
{
    struct ring *place = lane->waiting.next;
    ring_remove(place);
    if (lane->lanes->serve(place, slice))
        ring_append(&lane->waiting, place);
    return work_goes_on(slice, 0);
}

static bool step(struct worker *worker)
{
    struct lane *lane = ring_of(worker, struct lane, worker);
    struct work_slice slice = work_slice(lane->lanes->work);
    while (!ring_is_empty(&lane->waiting) && serve_first(lane, &slice))
        ;
    return !ring_is_empty(&lane->waiting);
}

void lanes_init(struct lanes *lanes, struct work_queue *work,
                bool (*serve)(struct ring *place, struct work_slice *slice))
{
    lanes->work = work;
    lanes->serve = serve;
    for (size_t i = 0; i < LANES; i++) {
        lanes->lanes[i].lanes = lanes;
        worker_init(&lanes->lanes[i].worker, step);
        ring_init(&lanes->lanes[i].waiting);
        ring_init(&lanes->lanes[i].large);
    }
}

void lanes_deinit(struct lanes *lanes)
{
    for (size_t i = 0; i < LANES; i++)
        work_remove(&lanes->lanes[i].worker);
}

struct lane *lanes_find(struct lanes *lanes, uint64_t key)
{
    struct hash hash = hash_text((struct str){(const char *)&key, sizeof key}, 0);
    return &lanes->lanes[hash.bits % LANES];
}

void lane_wait(struct lane *lane, struct ring *place)
{
    if (!ring_is_empty(place))
        return;
    ring_append(&lane->waiting, place);
    work_add(lane->lanes->work, &lane->worker);
}

static bool has_room(const struct lane *lane)
{
    return lane->large_asked < LANE_LARGE_ASKED_MAX && lane->large_unsent < LANE_LARGE_UNSENT_MAX;
}

bool lane_takes_large(struct lane *lane, struct ring *place)
{
    if (!has_room(lane)) {
        ring_append(&lane->large, place);
        return false;
    }
    lane->large_asked++;
    lane->large_unsent++;
    return true;
}

static void admit_next(struct lane *lane)
{
    struct ring *place = lane->large.next;
    if (ring_is_empty(&lane->large) || !has_room(lane))
        return;
    ring_remove(place);
    lane_wait(lane, place);
}

void lane_large_replied(struct lane *lane)
{
    lane->large_asked--;
    admit_next(lane);
}

void lane_large_sent(struct lane *lane)
{
    lane->large_unsent--;
    admit_next(lane);
}
