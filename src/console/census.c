/* A letter knows its visit by number only: the visit may have been answered before it comes home,
 * when the server stops. */
#include "console/census.h"

#include "base/mem.h"
#include "sync/loop.h"

#include <stdlib.h>

enum {
    UNDER_WAY_MAX = 16,     /* of one gateway */
    CONNECTIONS_MAX = 1000, /* in an answer */
    ANSWER_SIZE_MAX = 8 << 20,
};

struct census {
    struct letter letter; /* first */
    struct census_station *home;
    struct census_station *at;
    uint64_t id;
    size_t room;
    bool truncated;
    struct buf rows;
};

static void free_census(struct census *census)
{
    buf_deinit(&census->rows);
    free(census);
}

static void answer(struct visit *visit, const struct census *census)
{
    struct buf body;
    buf_init(&body, ANSWER_SIZE_MAX + 64);
    buf_add_lit(&body, "{\"connections\":[");
    buf_add(&body, buf_str(&census->rows));
    buf_addf(&body, "],\"truncated\":%s}", census->truncated ? "true" : "false");
    visit_reply_json(visit, 200, &body);
    buf_deinit(&body);
}

static struct visit *take_visit(struct census_station *station, uint64_t id)
{
    for (struct ring *at = station->waiting.next; at != &station->waiting; at = at->next) {
        struct visit *visit = ring_of(at, struct visit, waiting);
        if (visit->census != id)
            continue;
        ring_remove(&visit->waiting);
        station->count--;
        return visit;
    }
    return NULL;
}

static void come_home(struct census *census)
{
    struct visit *visit = take_visit(census->home, census->id);
    if (visit)
        answer(visit, census);
    free_census(census);
}

/* A row that has no room ends the list: half a row would be no JSON. */
static void enrol(struct census *census)
{
    const struct console_options *options = census->at->options;
    size_t len = census->rows.len;
    bool all = options->enrol(options->context, &census->room, &census->rows);
    if (census->rows.failed) {
        census->rows.len = len;
        census->rows.failed = false;
        census->room = 0;
        all = false;
    }
    census->truncated |= !all;
}

static void pass_on(struct census *census)
{
    struct chain chain = {0};
    census->at = census->at->next;
    chain_add(&chain, &census->letter.node);
    queue_push(census->at->options->port->queue, &chain);
}

static void arrive(struct letter *letter)
{
    struct census *census = (struct census *)letter;
    if (census->at == census->home) {
        come_home(census);
        return;
    }
    enrol(census);
    pass_on(census);
}

void census_init(struct census_station *station, const struct console_options *options)
{
    *station = (struct census_station){.options = options, .next = station};
    ring_init(&station->waiting);
}

static struct census *new_census(struct census_station *station)
{
    struct census *census = mem_zalloc(1, sizeof *census);
    census->letter.arrive = arrive;
    census->home = census->at = station;
    census->id = ++station->next_id;
    census->room = CONNECTIONS_MAX;
    buf_init(&census->rows, ANSWER_SIZE_MAX);
    return census;
}

void census_start(struct census_station *station, struct visit *visit)
{
    if (station->draining || station->count >= UNDER_WAY_MAX) {
        visit_refuse(visit, ERR_BUSY);
        return;
    }
    struct census *census = new_census(station);
    visit->census = census->id;
    ring_append(&station->waiting, &visit->waiting);
    station->count++;
    enrol(census);
    if (station->next == station)
        come_home(census);
    else
        pass_on(census);
}

void census_drain(struct census_station *station)
{
    station->draining = true;
    while (!ring_is_empty(&station->waiting)) {
        struct visit *visit = ring_of(station->waiting.next, struct visit, waiting);
        ring_remove(&visit->waiting);
        station->count--;
        visit_refuse(visit, ERR_BUSY);
    }
}

bool census_discard(struct letter *letter)
{
    if (letter->arrive != arrive)
        return false;
    free_census((struct census *)letter);
    return true;
}
