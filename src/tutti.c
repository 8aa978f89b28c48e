/* Start: sockets, log, folder, credentials, store, core, gateways. Stop: the same backwards.
 * Whatever fails on the way up takes down what is up, in reverse order. Sockets come first because
 * they are what fails most, and then nothing has been made yet; clients that connect early wait. */
#include "tutti.h"

#include "auth/credentials.h"
#include "base/mem.h"
#include "exposition.h"
#include "gateway.h"
#include "listener.h"
#include "memory_limit.h"
#include "preflight.h"
#include "store/folder.h"
#include "store/sqlite.h"
#include "sync/loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    THREADS_MAX = EXPOSITION_GATEWAYS_MAX,
    OTHER_FILES = 64,
    ORIGIN_BITS = 48,
    EXIT_UNSURE = 70
};

struct server {
    const struct config *config;
    struct log *log;
    int lock;
    struct credentials credentials;
    uint64_t boot_id;
    struct now began;
    struct loop *loop;
    struct exposition exposition;
    char address[LISTENER_ADDRESS_MAX];
    int fds[THREADS_MAX];
    struct gateway *gateways[THREADS_MAX];
    size_t threads;
    size_t made; /* gateways */
    _Atomic size_t sessions;
    struct networks trusted;
    struct guesses *guesses;
    struct tally *connections_of_networks;
    struct tally *sessions_of_networks;
    struct tally *sessions_of_identities;
};

static size_t count_threads(const struct config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = config->threads ? config->threads : (size_t)(cores > 0 ? cores : 1);
    return threads < THREADS_MAX ? threads : THREADS_MAX;
}

/* Connections need descriptors: take as many as the system lets us. */
static void raise_file_limit(uint64_t sockets_max)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    rlim_t wanted = sockets_max + OTHER_FILES;
    if (limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* --- the core --- */

/* On the core's thread. No reply may leave any more, so no orderly way out. */
static void on_fatal(void *context)
{
    (void)context;
    _exit(EXIT_UNSURE);
}

/* As the option's help says. */
static uint64_t cache_size_max(const struct config *config)
{
    uint64_t quarter = memory_limit() / 4;
    uint64_t most = UINT64_C(1) << 30;
    if (config->cache_size_max)
        return config->cache_size_max;
    return quarter < most ? quarter : most;
}

static enum err start_core(struct server *server, struct why *why)
{
    const struct config *config = server->config;
    struct clock clock = clock_system();
    struct random random = random_system();
    struct sqlite_options options = {
        .folder = config->data,
        .cache_size_max = cache_size_max(config),
        .wal_size_max = config->wal_size_max,
        .wal_size_reader_max = config->wal_size_reader_max,
        .keep_changes = config->journal_keep_changes,
        .keep_ms = (int64_t)config->journal_keep_s * 1000,
        .now_us = clock.now_ms(clock.context) * 1000,
        .random = random_u64(&random),
    };
    struct loop_options loop = {
        .clock = clock,
        .random = random,
        .log = server->log,
        .contention = config->contention,
        .idempotency =
            {
                .size_max = config->idempotency_size_max,
                .keep_ms = (int64_t)config->idempotency_keep_s * 1000,
                .began = server->began,
            },
        .fatal = on_fatal,
    };
    enum err e = sqlite_open(&loop.store, &options, why);
    if (e)
        return e;
    e = loop_start(&server->loop, &loop, why);
    if (e)
        store_close(loop.store);
    return e;
}

/* --- the gateways --- */

static struct limits limits_of(const struct config *config)
{
    return (struct limits){
        .data_size_max = config->document_size_max,
        .message_size_max = config->message_size_max,
        .data_depth_max = (unsigned)config->data_depth_max,
        .lenient_json = config->lenient_json,
    };
}

/* A gateway's share of what is limited for all. */
static size_t share(const struct server *server, uint64_t max)
{
    return 1 + (max - 1) / server->threads;
}

/* As the option's help says. */
static uint64_t strangers_max(const struct config *config)
{
    uint64_t half = config->sessions_max / 2;
    uint64_t least = 64;
    if (config->strangers_max)
        return config->strangers_max;
    return half > least ? half : least;
}

static struct session_options session_options(struct server *server, size_t at)
{
    const struct config *config = server->config;
    return (struct session_options){
        .log = server->log,
        .origin_base = (uint64_t)(at + 1) << ORIGIN_BITS,
        .sessions_max = config->sessions_max,
        .sessions = &server->sessions,
        .networks = server->sessions_of_networks,
        .per_network_max = config->sessions_per_address_max,
        .identities = server->sessions_of_identities,
        .per_identity_max = config->sessions_per_identity_max,
        .strangers_max = share(server, strangers_max(config)),
        .queue_max = config->session_queue_max,
        .requests_max = config->session_requests_max,
        .frames_max = config->session_frames_max,
        .bytes_max = config->session_bytes_max,
        .init_timeout_ms = (unsigned)config->session_init_timeout_ms,
        .ping_ms = (unsigned)config->session_ping_ms,
        .stall_ms = (unsigned)config->session_stall_ms,
        .rate_min = config->session_rate_min,
        .event_window_ms = (unsigned)config->event_window_ms,
        .access_log = config->access_log,
    };
}

static struct subscription_options subscription_options(const struct config *config)
{
    return (struct subscription_options){
        .subscriptions_max = config->session_subscriptions_max,
        .live_size_max = config->session_queries_size_max,
        .replay_max = config->replay_max,
    };
}

static struct realtime_options realtime_options(struct server *server, size_t at)
{
    const struct config *config = server->config;
    return (struct realtime_options){
        .session = session_options(server, at),
        .subscription = subscription_options(config),
        .credentials = &server->credentials,
        .limits = limits_of(config),
        .public_url = config->public_url,
        .address = server->address,
        .boot_id = server->boot_id,
        .began = server->began,
        .packet_size_max = config->packet_size_max,
        .init_packet_size_max = config->init_packet_size_max,
        .compression = config->compression,
    };
}

static struct console_options console_options(struct server *server)
{
    const struct config *config = server->config;
    return (struct console_options){
        .on = config->console,
        .development = config->development,
        .read_only = config->console_read_only,
        .static_folder = config->static_folder,
        .credentials = &server->credentials,
        .guesses = server->guesses,
        .public_url = config->public_url,
        .address = server->address,
        .body_size_max = config->body_size_max,
        .access_log = config->access_log,
        .log = server->log,
    };
}

static struct gateway_options gateway_options(struct server *server, size_t at)
{
    const struct config *config = server->config;
    return (struct gateway_options){
        .listen_fd = server->fds[at],
        .loop = server->loop,
        .drain_timeout_ms = (unsigned)config->drain_timeout_ms,
        .work = {.budget_us = config->turn_budget_us},
        .realtime = realtime_options(server, at),
        .console = console_options(server),
        .http =
            {
                .places =
                    {
                        .ordinary_max = share(server, config->connections_max),
                        .reserved_max = share(server, config->connections_reserved),
                        .per_network_max = config->connections_per_address_max,
                        .networks = server->connections_of_networks,
                        .trusted = &server->trusted,
                    },
                .head_size_max = config->header_size_max,
                .body_size_max = config->body_size_max,
                .idle_timeout_ms = (unsigned)config->idle_timeout_ms,
                .request_timeout_ms = (unsigned)config->request_timeout_ms,
            },
        .rest =
            {
                .credentials = &server->credentials,
                .guesses = server->guesses,
                .limits = limits_of(config),
                .public_url = config->public_url,
                .address = server->address,
                .body_size_max = config->body_size_max,
                .requests_max = share(server, config->requests_max),
                .access_log = config->access_log,
                .console_read_only = config->console_read_only,
                .write_origins = config->write_origins,
                .log = server->log,
                .expose = exposition_render,
                .exposition = &server->exposition,
            },
    };
}

static enum err make_gateways(struct server *server, struct why *why)
{
    struct exposition *exposition = &server->exposition;
    for (; server->made < server->threads; server->made++) {
        struct gateway_options options = gateway_options(server, server->made);
        struct gateway **gateway = &server->gateways[server->made];
        enum err e = gateway_new(gateway, &options, why);
        if (e)
            return e;
        size_t at = exposition->gateways++;
        exposition->rest[at] = gateway_metrics(*gateway);
        exposition->realtime[at] = realtime_metrics(gateway_realtime(*gateway));
        exposition->websockets[at] = realtime_websocket_metrics(gateway_realtime(*gateway));
        exposition->places[at] = gateway_places(*gateway);
        exposition->connections[at] = gateway_connections(*gateway);
        exposition->work[at] = gateway_work_metrics(*gateway);
    }
    exposition->guesses = guesses_metrics(server->guesses);
    exposition->core = loop_metrics(server->loop);
    exposition->store = loop_store_metrics(server->loop);
    return OK;
}

/* The core's thread may still be pushing an answer that a gateway has already taken, so first
 * all gateways end, then the core, and only then the queues between them go. */
static void stop_all(struct server *server)
{
    for (size_t i = 0; i < server->made; i++)
        gateway_stop(server->gateways[i]);
    for (size_t i = 0; i < server->made; i++)
        gateway_join(server->gateways[i]);
    loop_stop(server->loop);
    for (size_t i = 0; i < server->made; i++)
        gateway_free(server->gateways[i]);
}

static enum err start_gateways(struct server *server, struct why *why)
{
    enum err e = make_gateways(server, why);
    for (size_t i = 0; !e && i < server->made; i++)
        gateway_join_ring(server->gateways[i], server->gateways[(i + 1) % server->made]);
    for (size_t i = 0; !e && i < server->made; i++)
        e = gateway_start(server->gateways[i], why);
    return e;
}

/* --- signals --- */

static sigset_t watched_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

/* Before any thread starts, so that all inherit it: only the main thread hears signals. */
static void block_signals(void)
{
    sigset_t set = watched_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void note(struct server *server, const char *message)
{
    struct log_line line;
    log_begin(&line, server->log, LOG_INFO, message);
    log_text(&line, "address", server->address);
    log_end(&line);
}

static void reopen_log(struct server *server)
{
    struct why why;
    struct log_line line;
    if (log_reopen(server->log, &why) == OK)
        return;
    log_begin(&line, server->log, LOG_ERROR, "the log file stays as it was");
    log_text(&line, "reason", why.text);
    log_end(&line);
}

static void wait_for_the_end(struct server *server)
{
    sigset_t set = watched_signals();
    int signal_number = 0;
    while (sigwait(&set, &signal_number) != 0 || signal_number == SIGHUP)
        reopen_log(server);
}

/* --- the whole --- */

static enum err serve(struct server *server, struct why *why)
{
    enum err e = start_gateways(server, why);
    if (!e) {
        printf("tutti: listening on http://%s\n", server->address);
        fflush(stdout);
        note(server, "listening");
        wait_for_the_end(server);
        note(server, "stopping");
    }
    return e;
}

static enum err open_sockets(struct server *server, struct why *why)
{
    const struct config *config = server->config;
    size_t threads = count_threads(config);
    enum err e = listener_open(config->listen, server->fds, threads, server->address, why);
    if (e)
        return e;
    server->threads = threads;
    return config->development ? listener_check_development(server->fds[0], server->address, why)
                               : OK;
}

static enum err run_with_folder(struct server *server, struct why *why)
{
    const struct config *config = server->config;
    struct random random = random_system();
    struct clock clock = clock_system();
    server->boot_id = random_u64(&random);
    server->began = clock_read(&clock);
    enum err e = credentials_load(&server->credentials, config->data, config->account_sid,
                                  config->auth_token, &random, why);
    if (!e)
        e = start_core(server, why);
    if (e)
        return e;
    e = serve(server, why);
    stop_all(server);
    if (!e)
        note(server, "stopped");
    return e;
}

/* A start that fails leaves no folder that was not there before. */
static enum err run_in_folder(struct server *server, struct why *why)
{
    const char *folder = server->config->data;
    bool is_new = access(folder, F_OK) != 0;
    enum err e = folder_hold(folder, &server->lock, why);
    if (e)
        return e;
    e = run_with_folder(server, why);
    if (e && is_new)
        folder_remove_new(folder);
    folder_release(server->lock);
    return e;
}

/* --- what all gateways count together --- */

static void make_tallies(struct server *server)
{
    const struct config *config = server->config;
    uint64_t sessions = config->sessions_max + strangers_max(config);
    server->guesses = guesses_new();
    server->connections_of_networks = tally_new(config->connections_max);
    server->sessions_of_networks = tally_new(sessions);
    server->sessions_of_identities = tally_new(sessions);
}

static void free_tallies(struct server *server)
{
    guesses_free(server->guesses);
    tally_free(server->connections_of_networks);
    tally_free(server->sessions_of_networks);
    tally_free(server->sessions_of_identities);
}

static uint64_t sockets_max(const struct config *config)
{
    return config->connections_max + 3 * config->connections_reserved + config->sessions_max +
           strangers_max(config);
}

enum err tutti_run(const struct config *config, struct why *why)
{
    struct server *server = mem_zalloc(1, sizeof *server);
    server->config = config;
    block_signals();
    raise_file_limit(sockets_max(config));
    make_tallies(server);
    enum err e = networks_parse(config->trusted_addresses, &server->trusted, why);
    if (!e)
        e = preflight_static(config, why);
    if (!e)
        e = preflight_credentials(config, why);
    if (e)
        goto free_server;
    e = open_sockets(server, why);
    if (e)
        goto close_sockets;
    e = log_open(&server->log, config->log_file, (enum log_format)config->log_format,
                 (enum log_level)config->log_level, clock_system(), why);
    if (e)
        goto close_sockets;
    e = run_in_folder(server, why);
    log_close(server->log);
close_sockets:
    listener_close(server->fds, server->threads);
free_server:
    free_tallies(server);
    free(server);
    return e;
}
