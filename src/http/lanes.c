#include "http/lanes.h"

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
    for (size_t i = 0; i < WORK_LANES; i++) {
        lanes->lanes[i].lanes = lanes;
        lanes->lanes[i].work = &work->lanes[i];
        worker_init(&lanes->lanes[i].worker, step);
        ring_init(&lanes->lanes[i].waiting);
        ring_init(&lanes->lanes[i].held);
        ring_init(&lanes->lanes[i].held_large);
    }
}

void lanes_deinit(struct lanes *lanes)
{
    for (size_t i = 0; i < WORK_LANES; i++)
        work_remove(&lanes->lanes[i].worker);
}

struct lane *lanes_find(struct lanes *lanes, enum work_class class, uint64_t network,
                        uint64_t connection)
{
    return &lanes->lanes[work_lane(lanes->work, class, network, connection) - lanes->work->lanes];
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
