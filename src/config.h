/* The configuration: one table of all options and limits, with defaults.
 *
 * Each option may be given as a flag (--log-level debug), in the environment
 * (TUTTI_LOG_LEVEL=debug) and in a file (log-level = debug). A flag wins over the
 * environment, the environment over the file. docs/operations.md is printed from this table. */
#ifndef CONFIG_H
#define CONFIG_H

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

struct config {
    /* Strings are NULL when not given. Those of flags and environment are borrowed. */
    const char *listen;
    const char *data;
    const char *file;
    const char *account_sid;
    const char *auth_token;
    const char *public_url;
    const char *log_file;
    const char *trusted_addresses; /* networks_parse reads it */
    uint64_t log_format;           /* enum log_format */
    uint64_t log_level;            /* enum log_level */
    bool access_log;
    bool console;
    bool console_read_only;
    const char *write_origins;
    bool development;
    const char *static_folder;
    bool lenient_json;
    uint64_t threads; /* 0: one a core */
    uint64_t turn_budget_us;
    uint64_t document_size_max;
    uint64_t message_size_max;
    uint64_t data_depth_max;
    uint64_t body_size_max;
    uint64_t header_size_max;
    uint64_t connections_max;
    uint64_t connections_reserved;
    uint64_t connections_per_address_max; /* 0: any */
    uint64_t sessions_per_address_max;    /* 0: any */
    uint64_t sessions_per_identity_max;   /* 0: any */
    uint64_t requests_max;
    uint64_t idle_timeout_ms;
    uint64_t request_timeout_ms;
    uint64_t drain_timeout_ms;
    uint64_t sessions_max;
    uint64_t strangers_max; /* 0: half of sessions_max, at least 64 */
    uint64_t session_subscriptions_max;
    uint64_t session_queries_size_max;
    uint64_t session_queue_max;
    uint64_t session_requests_max;
    uint64_t session_frames_max; /* 0: any */
    uint64_t session_bytes_max;  /* 0: any */
    uint64_t session_init_timeout_ms;
    uint64_t session_ping_ms;
    uint64_t session_stall_ms;
    uint64_t session_rate_min; /* 0: any */
    uint64_t packet_size_max;
    uint64_t init_packet_size_max;
    uint64_t event_window_ms;
    uint64_t replay_max;
    bool compression;
    bool contention;
    uint64_t idempotency_size_max;
    uint64_t idempotency_keep_s;
    uint64_t cache_size_max;
    uint64_t wal_size_max;
    uint64_t wal_size_reader_max;
    uint64_t journal_keep_changes;
    uint64_t journal_keep_s;

    bool help;
    bool version;
    bool check_config;
    bool new_credentials;
    struct arena texts; /* strings of the file */
};

/* Read flags (`argv` after the command's name), `environment` (as in environ) and the file that
 * --config names. Whatever comes of it, follow with config_deinit. ERR_CONFIG: unknown option,
 * bad value, unreadable file; `why` says which. */
must_check enum err config_read(struct config *config, int argc, char **argv, char **environment,
                                struct why *why);
void config_deinit(struct config *config);

/* Is there an option of that name, as in `log-level`? */
bool config_has(struct str name);

/* Say on standard error which variables of `environment` begin with TUTTI_ and set nothing. */
void config_warn(char **environment);

/* What --help says of the options, for the terminal. */
void config_print_help(void);

#endif
