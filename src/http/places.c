#include "http/places.h"

enum { RESERVED_MS = 5000 };

void places_init(struct places *places, const struct places_options *options)
{
    *places = (struct places){.options = *options};
    for (unsigned i = 0; i < PLACE_KINDS; i++)
        ring_init(&places->reserved[i]);
}

static bool is_within_its_share(const struct places *places, struct place *place)
{
    const struct places_options *options = &places->options;
    if (!place->network || !options->networks || !options->per_network_max)
        return true;
    struct str key = {(const char *)&place->network, sizeof place->network};
    return tally_take(options->networks, key, options->per_network_max, &place->slot);
}

static enum place_kind choose_kind(const struct places *places, struct place *place)
{
    if (!is_within_its_share(places, place))
        return PLACE_EXCESSIVE;
    if (places->taken[PLACE_ORDINARY] < places->options.ordinary_max)
        return PLACE_ORDINARY;
    return place->network ? PLACE_CROWDED : PLACE_TRUSTED;
}

static void enter(struct places *places, struct place *place, enum place_kind kind)
{
    place->kind = kind;
    places->taken[kind]++;
    if (kind != PLACE_ORDINARY)
        ring_append(&places->reserved[kind], &place->node);
}

static void leave(struct places *places, struct place *place)
{
    places->taken[place->kind]--;
    ring_remove(&place->node);
}

void place_take(struct places *places, struct place *place, int fd, uint64_t now_ms)
{
    *place = (struct place){
        .taken = true,
        .network = network_of(fd, places->options.trusted),
        .since_ms = now_ms,
    };
    ring_init(&place->node);
    enter(places, place, choose_kind(places, place));
    if (place->kind == PLACE_EXCESSIVE)
        metric_add(&places->metrics.excessive, 1);
    if (place_wants(place))
        metric_add(&places->metrics.crowded, 1);
}

bool place_wants(const struct place *place)
{
    return place->kind == PLACE_CROWDED || place->kind == PLACE_TRUSTED;
}

void place_inherit(struct places *places, struct place *place)
{
    leave(places, place);
    enter(places, place, PLACE_ORDINARY);
    metric_add(&places->metrics.displaced, 1);
}

static struct place *oldest(const struct places *places, enum place_kind kind)
{
    const struct ring *ring = &places->reserved[kind];
    return ring_is_empty(ring) ? NULL : ring_of(ring->next, struct place, node);
}

struct place *place_surplus(const struct places *places, const struct place *place)
{
    bool surplus =
        place->kind != PLACE_ORDINARY && places->taken[place->kind] > places->options.reserved_max;
    struct place *first = oldest(places, place->kind);
    return surplus && first != place ? first : NULL;
}

void place_give(struct places *places, struct place *place)
{
    if (!place->taken)
        return;
    place->taken = false;
    leave(places, place);
    tally_give(place->slot);
}

struct place *places_overdue(const struct places *places, uint64_t now_ms)
{
    for (unsigned kind = PLACE_CROWDED; kind < PLACE_KINDS; kind++) {
        struct place *place = oldest(places, (enum place_kind)kind);
        if (place && now_ms - place->since_ms >= RESERVED_MS)
            return place;
    }
    return NULL;
}
