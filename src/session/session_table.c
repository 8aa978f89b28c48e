#include "session/session_table.h"

#include "session/strangers.h"

#include <assert.h>

enum { PACER_PERIOD_MS = 50 };

void session_table_init(struct session_table *table, const struct session_options *options,
                        struct session_metrics *metrics, struct websockets *sockets,
                        const struct session_handler *handler, void *context)
{
    *table = (struct session_table){
        .options = options,
        .metrics = metrics,
        .sockets = sockets,
        .handler = handler,
        .context = context,
        .next_id = options->origin_base + 1,
    };
    core_link_init(&table->core, options, &metrics->in_core);
    outboxes_init(&table->outboxes, options, metrics, sockets);
    ring_init(&table->all);
    ring_init(&table->strangers);
    ring_init(&table->throttled);
    arena_init(&table->packet);
}

void session_table_deinit(struct session_table *table)
{
    assert(table->count == 0 && table->core.in_core == 0);
    outboxes_deinit(&table->outboxes);
    arena_deinit(&table->packet);
}

struct session *session_table_add(struct session_table *table, struct session *session)
{
    struct session *leaving = strangers_add(table, session);
    ring_append(&table->all, &session->place);
    metric_set(&table->metrics->sessions, ++table->count);
    metric_add(&table->metrics->sessions_total, 1);
    return leaving;
}

void session_table_remove(struct session_table *table, struct session *session)
{
    ring_remove(&session->place);
    ring_remove(&session->throttled);
    strangers_remove(table, session);
    tally_give(session->of_network);
    tally_give(session->of_identity);
    if (session->admitted)
        atomic_fetch_sub(table->options->sessions, 1);
    metric_set(&table->metrics->sessions, --table->count);
}

bool session_table_count_network(struct session_table *table, uint64_t network, tally_slot **slot)
{
    const struct session_options *options = table->options;
    struct str key = {(const char *)&network, sizeof network};
    *slot = NULL;
    if (!network || !options->per_network_max ||
        tally_take(options->networks, key, options->per_network_max, slot))
        return true;
    metric_add(&table->metrics->address_full, 1);
    return false;
}

static bool count_identity(struct session_table *table, struct session *session,
                           uint64_t service_id, struct str identity)
{
    const struct session_options *options = table->options;
    struct buf key;
    if (!options->per_identity_max)
        return true;
    buf_init(&key, sizeof service_id + identity.len);
    buf_add(&key, (struct str){(const char *)&service_id, sizeof service_id});
    buf_add(&key, identity);
    bool counted = tally_take(options->identities, buf_str(&key), options->per_identity_max,
                              &session->of_identity);
    buf_deinit(&key);
    if (!counted)
        metric_add(&table->metrics->identity_full, 1);
    return counted;
}

static bool count_session(struct session_table *table)
{
    if (atomic_fetch_add(table->options->sessions, 1) < table->options->sessions_max)
        return true;
    atomic_fetch_sub(table->options->sessions, 1);
    metric_add(&table->metrics->full, 1);
    return false;
}

enum err session_table_admit(struct session_table *table, struct session *session,
                             uint64_t service_id, struct str identity)
{
    if (!count_identity(table, session, service_id, identity))
        return ERR_RATE;
    session->admitted = count_session(table);
    if (session->admitted)
        return OK;
    tally_give(session->of_identity);
    session->of_identity = NULL;
    return ERR_BUSY;
}

void session_table_throttle(struct session_table *table, struct session *session)
{
    if (!ring_is_empty(&session->throttled))
        return;
    if (ring_is_empty(&table->throttled))
        uv_timer_start(&table->pacer, table->on_pacer, PACER_PERIOD_MS, 0);
    ring_append(&table->throttled, &session->throttled);
}
