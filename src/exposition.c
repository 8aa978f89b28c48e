#include "exposition.h"

#include "rest/endpoints.h"

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

static uint64_t count_requests(const struct exposition *exposition, size_t endpoint, size_t status)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < exposition->gateways; i++)
        sum += metric_get(&exposition->rest[i]->requests[endpoint][status]);
    return sum;
}

static void render_requests(const struct exposition *exposition, struct buf *out)
{
    metric_render_head(out, "tutti_http_requests_total", "counter",
                       "Requests answered, by route and status.");
    for (size_t at = 0; at <= endpoints_count(); at++) {
        for (size_t status = 0; status < REST_STATUSES; status++) {
            char labels[256];
            uint64_t count = count_requests(exposition, at, status);
            if (!count)
                continue;
            snprintf(labels, sizeof labels, "method=\"%s\",route=\"%s\",status=\"%u\"",
                     endpoints_method(at), endpoints_pattern(at), rest_status(status));
            metric_render(out, "tutti_http_requests_total", labels, count);
        }
    }
}

static void render_latency(const struct exposition *exposition, struct buf *out)
{
    metric_render_head(out, "tutti_http_request_seconds", "histogram",
                       "From a request's headers to the last byte of its reply.");
    for (size_t at = 0; at <= endpoints_count(); at++) {
        struct histogram total = {0};
        char labels[256];
        for (size_t i = 0; i < exposition->gateways; i++)
            histogram_merge(&total, &exposition->rest[i]->latency_ns[at]);
        if (!metric_get(&total.count))
            continue;
        snprintf(labels, sizeof labels, "method=\"%s\",route=\"%s\"", endpoints_method(at),
                 endpoints_pattern(at));
        metric_render_histogram(out, "tutti_http_request_seconds", labels, &total, REST_NS_EXPONENT,
                                1e9);
    }
}

static void render_one(struct buf *out, const char *name, const char *type, uint64_t value,
                       const char *help)
{
    metric_render_head(out, name, type, help);
    metric_render(out, name, NULL, value);
}

static void render_places(const struct exposition *exposition, struct buf *out)
{
    uint64_t displaced = 0, crowded = 0, excessive = 0;
    for (size_t i = 0; i < exposition->gateways; i++) {
        displaced += metric_get(&exposition->places[i]->displaced);
        crowded += metric_get(&exposition->places[i]->crowded);
        excessive += metric_get(&exposition->places[i]->excessive);
    }
    render_one(out, "tutti_http_connections_crowded_total", "counter", crowded,
               "Connections that found connections-max open.");
    render_one(out, "tutti_http_connections_displaced_total", "counter", displaced,
               "Idle connections closed for those.");
    render_one(out, "tutti_http_connections_excessive_total", "counter", excessive,
               "Connections refused because their address had too many.");
}

static void render_guesses(const struct guesses_metrics *guesses, struct buf *out)
{
    render_one(out, "tutti_credentials_wrong_total", "counter", metric_get(&guesses->wrong),
               "Requests with wrong credentials.");
    render_one(out, "tutti_credentials_paused_total", "counter", metric_get(&guesses->paused),
               "Requests whose credentials were not looked at after too many wrong ones.");
}

static void render_gateways(const struct exposition *exposition, struct buf *out)
{
    uint64_t connections = 0, in_core = 0;
    for (size_t i = 0; i < exposition->gateways; i++) {
        connections += metric_get(exposition->connections[i]);
        in_core += metric_get(&exposition->rest[i]->in_core);
    }
    render_one(out, "tutti_http_connections", "gauge", connections, "Open connections.");
    render_one(out, "tutti_core_commands_waiting", "gauge", in_core,
               "Commands handed to the core and not answered yet.");
}

static uint64_t sum_of(const struct exposition *exposition, size_t offset)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < exposition->gateways; i++)
        sum += metric_get((const struct metric *)((const char *)exposition->realtime[i] + offset));
    return sum;
}

static void render_realtime(const struct exposition *exposition, struct buf *out)
{
#define AT(member) offsetof(struct realtime_metrics, member)
    static const struct {
        const char *name, *type;
        size_t offset;
        const char *help;
    } rows[] = {
        {"tutti_sessions", "gauge", AT(session.sessions),
         "Clients in real time, strangers included."},
        {"tutti_sessions_total", "counter", AT(session.sessions_total), "Clients that ever came."},
        {"tutti_strangers", "gauge", AT(session.strangers),
         "Of the clients, those not let in yet."},
        {"tutti_strangers_displaced_total", "counter", AT(session.strangers_displaced),
         "Clients aborted before they were let in, because a newer one needed the place."},
        {"tutti_sessions_full_total", "counter", AT(session.full),
         "Clients refused because there were sessions-max."},
        {"tutti_sessions_address_refused_total", "counter", AT(session.address_full),
         "Clients refused because their address had sessions-per-address-max."},
        {"tutti_sessions_identity_refused_total", "counter", AT(session.identity_full),
         "Clients refused because their identity had sessions-per-identity-max."},
        {"tutti_sessions_refused_total", "counter", AT(logins_refused),
         "Clients refused for their access token."},
        {"tutti_sessions_cut_total", "counter", AT(session.cut),
         "Clients cut: silent, stalled, too slow, or never introduced."},
        {"tutti_subscriptions", "gauge", AT(subscription.subscriptions),
         "Subscriptions of clients to objects."},
        {"tutti_session_requests_total", "counter", AT(requests), "Requests of clients."},
        {"tutti_events_total", "counter", AT(session.events),
         "Events sent to clients, each counted for each of them."},
        {"tutti_event_packets_total", "counter", AT(session.batches),
         "Packets that carried events."},
        {"tutti_replays_total", "counter", AT(subscription.replays),
         "Subscriptions brought up to date with what they had missed."},
        {"tutti_subscriptions_behind_total", "counter", AT(subscription.behind),
         "Times a subscription fell behind because its client did not take its events."},
        {"tutti_subscriptions_lost_total", "counter", AT(subscription.lost),
         "Subscriptions that ended because what they missed is no longer kept."},
        {"tutti_session_commands_waiting", "gauge", AT(session.in_core),
         "Clients' commands handed to the core and not answered yet."},
    };
#undef AT
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        render_one(out, rows[i].name, rows[i].type, sum_of(exposition, rows[i].offset),
                   rows[i].help);
}

static void render_websockets(const struct exposition *exposition, struct buf *out)
{
    uint64_t in = 0, sent = 0, queue_max = 0;
    for (size_t i = 0; i < exposition->gateways; i++) {
        const struct websocket_metrics *metrics = exposition->websockets[i];
        in += metric_get(&metrics->bytes_in);
        sent += metric_get(&metrics->bytes_out);
        if (metric_get(&metrics->queue_max) > queue_max)
            queue_max = metric_get(&metrics->queue_max);
    }
    render_one(out, "tutti_websocket_received_bytes_total", "counter", in, "Bytes from clients.");
    render_one(out, "tutti_websocket_sent_bytes_total", "counter", sent, "Bytes to clients.");
    render_one(out, "tutti_websocket_queue_max_bytes", "gauge", queue_max,
               "The most bytes that ever waited for one client.");
}

static void render_turns(const struct exposition *exposition, struct buf *out)
{
    struct histogram turns = {0};
    uint64_t spent = 0, steps = 0;
    for (size_t i = 0; i < exposition->gateways; i++) {
        const struct work_metrics *metrics = exposition->work[i];
        histogram_merge(&turns, &metrics->turn_ns);
        spent += metric_get(&metrics->turns_spent);
        steps += metric_get(&metrics->steps);
    }
    metric_render_head(out, "tutti_gateway_turn_seconds", "histogram",
                       "Turns of the gateways' loops, from waking up to sleeping.");
    metric_render_histogram(out, "tutti_gateway_turn_seconds", NULL, &turns, WORK_NS_EXPONENT, 1e9);
    render_one(out, "tutti_gateway_turns_spent_total", "counter", spent,
               "Turns that used up their budget of time.");
    render_one(out, "tutti_gateway_steps_total", "counter", steps,
               "Steps of work that was too large, or too late, to be done at once.");
}

static void render_core(const struct core_metrics *core, struct buf *out)
{
    render_one(out, "tutti_core_commands_total", "counter", metric_get(&core->commands),
               "Commands answered by the core.");
    render_one(out, "tutti_core_conflicts_total", "counter", metric_get(&core->conflicts),
               "Writes refused because their precondition did not hold.");
    render_one(out, "tutti_core_held_total", "counter", metric_get(&core->held),
               "Commands on contended objects that were kept back for a while.");
    render_one(out, "tutti_core_repeats_total", "counter", metric_get(&core->repeats),
               "Writes that came again with their Idempotency-Key, and were not done again.");
    render_one(out, "tutti_core_expired_total", "counter", metric_get(&core->expired),
               "Objects removed because their time to live had passed.");
    render_one(out, "tutti_core_purged_total", "counter", metric_get(&core->purged),
               "Objects removed after their service.");
    render_one(out, "tutti_core_queue_depth", "gauge", metric_get(&core->queue_depth),
               "Commands waiting when the last batch began.");
    render_one(out, "tutti_core_queue_depth_max", "gauge", metric_get(&core->queue_depth_max),
               "The most commands that ever waited when a batch began.");
    metric_render_head(out, "tutti_core_batch_size", "histogram",
                       "Commands that waited for one commit.");
    metric_render_histogram(out, "tutti_core_batch_size", NULL, &core->batch_size,
                            CORE_BATCH_EXPONENT, 1);
    metric_render_head(out, "tutti_core_commit_seconds", "histogram",
                       "Duration of commits, with their sync to disk.");
    metric_render_histogram(out, "tutti_core_commit_seconds", NULL, &core->commit_ns,
                            CORE_NS_EXPONENT, 1e9);
}

static void render_store(const struct store_metrics *store, struct buf *out)
{
    const struct {
        const char *name, *type;
        const struct metric *metric;
        const char *help;
    } rows[] = {
        {"tutti_store_commits_total", "counter", &store->commits, "Durable commits."},
        {"tutti_store_commit_failures_total", "counter", &store->commit_failures,
         "Commits that failed and kept nothing."},
        {"tutti_store_changes_total", "counter", &store->changes, "Changes committed."},
        {"tutti_store_changes_dropped_total", "counter", &store->changes_dropped,
         "Old changes dropped by retention."},
        {"tutti_store_heads_cached", "gauge", &store->heads_cached, "Current states in memory."},
        {"tutti_store_heads_dirty", "gauge", &store->heads_dirty,
         "Of those, not yet in their table."},
        {"tutti_store_heads_written_total", "counter", &store->heads_written,
         "Current states written to their table."},
        {"tutti_store_cache_bytes", "gauge", &store->cache_bytes, "Memory of current states."},
        {"tutti_store_cache_hits_total", "counter", &store->cache_hits, "Found in memory."},
        {"tutti_store_cache_misses_total", "counter", &store->cache_misses,
         "Looked for in the database."},
        {"tutti_store_wal_bytes", "gauge", &store->wal_bytes, "Size of the write-ahead log."},
        {"tutti_store_checkpoints_total", "counter", &store->checkpoints,
         "Write-ahead logs copied into the database."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        render_one(out, rows[i].name, rows[i].type, metric_get(rows[i].metric), rows[i].help);
}

/* Second column of /proc/self/statm: resident pages. */
static uint64_t resident_bytes(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fscanf(file, "%*u %llu", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void exposition_render(const void *context, struct buf *out)
{
    const struct exposition *exposition = context;
    render_requests(exposition, out);
    render_latency(exposition, out);
    render_gateways(exposition, out);
    render_places(exposition, out);
    render_guesses(exposition->guesses, out);
    render_realtime(exposition, out);
    render_websockets(exposition, out);
    render_turns(exposition, out);
    render_core(exposition->core, out);
    render_store(exposition->store, out);
    render_one(out, "process_resident_memory_bytes", "gauge", resident_bytes(), "Resident memory.");
}
