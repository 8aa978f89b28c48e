/* The happy path: defaults from the table, then the file, then the environment, then flags,
 * each over what was there. Flags are scanned once before, only for --config. */
#include "config.h"

#include "base/spelling.h"
#include "http/network.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum type { TEXT, URL, NETWORKS, NUMBER, SIZE, SWITCH, CHOICE, FLAG };

struct option {
    const char *name;
    enum type type;
    size_t offset;
    const char *fallback; /* the default, as it would be written; NULL: none */
    uint64_t min, max;
    const char *choices; /* of CHOICE, separated by '|', in the order of their enum */
    const char *help;
};

#define AT(member) offsetof(struct config, member)

static const struct option options[] = {
    {"listen", TEXT, AT(listen), "127.0.0.1:8080", 0, 0, NULL,
     "HOST:PORT to serve on; port 0 picks a free one"},
    {"data", TEXT, AT(data), "tutti-data", 0, 0, NULL, "folder for everything that is kept"},
    {"threads", NUMBER, AT(threads), "0", 0, 256, NULL,
     "gateway threads; 0: one a core. The core has a thread of its own"},
    {"turn-budget-us", NUMBER, AT(turn_budget_us), "500", 100, 1000000, NULL,
     "how long a gateway works before it looks again what is ready; what is left goes on then, a "
     "step of each client at a time"},
    {"config", TEXT, AT(file), NULL, 0, 0, NULL, "file of `name = value` lines, # for comments"},
    {"account-sid", TEXT, AT(account_sid), NULL, 0, 0, NULL,
     "AC and 32 letters or digits; default: from DATA/credentials, generated at first start"},
    {"auth-token", TEXT, AT(auth_token), NULL, 0, 0, NULL,
     "the account's token; default: as above. Better in the environment than in a flag"},
    {"public-url", URL, AT(public_url), NULL, 0, 0, NULL,
     "start of the URLs in answers, as http://sync.example; default: from the Host header"},
    {"write-origins", TEXT, AT(write_origins), NULL, 0, 0, NULL,
     "origins of sites whose pages may write over REST, as https://app.example, separated by "
     "commas; `*`: all. Other sites' pages only read, with credentials of their own"},
    {"log-file", TEXT, AT(log_file), "-", 0, 0, NULL,
     "where to log; `-`: standard error. SIGHUP opens it anew"},
    {"log-format", CHOICE, AT(log_format), "logfmt", 0, 0, "logfmt|json", "how a log line looks"},
    {"log-level", CHOICE, AT(log_level), "info", 0, 0, "error|warn|info|debug",
     "what is worth a log line"},
    {"access-log", SWITCH, AT(access_log), "off", 0, 0, NULL,
     "log lines for every request, and for clients in real time"},
    {"console", SWITCH, AT(console), "on", 0, 0, NULL,
     "serve the console's pages at /, and the demo's"},
    {"console-read-only", SWITCH, AT(console_read_only), "off", 0, 0, NULL,
     "the console shows everything and changes nothing; the REST API stays what it is"},
    {"development", SWITCH, AT(development), "off", 0, 0, NULL,
     "this machine's browsers need no sign-in for the console: only with a loopback `listen`"},
    {"static", TEXT, AT(static_folder), NULL, 0, 0, NULL,
     "a folder of your own files to serve at /static/, to this machine alone, with `development`; "
     "nothing that begins with a dot, no links, no file above 16 MiB"},
    {"lenient-json", SWITCH, AT(lenient_json), "on", 0, 0, NULL,
     "read Data={name:Alice} as {\"name\":\"Alice\"}; off: 400"},
    {"document-size-max", SIZE, AT(document_size_max), "16384", 2, 1048576, NULL,
     "bytes of a document's or an item's compact JSON; more: 413, code 54006"},
    {"message-size-max", SIZE, AT(message_size_max), "4096", 2, 1048576, NULL,
     "bytes of a stream message's compact JSON; more: 413, code 54006"},
    {"data-depth-max", NUMBER, AT(data_depth_max), "128", 1, 1000, NULL,
     "arrays and objects within each other; more: 400, code 54008"},
    {"body-size-max", SIZE, AT(body_size_max), "131072", 1024, 16777216, NULL,
     "bytes of a request body; more: 413, not read"},
    {"header-size-max", SIZE, AT(header_size_max), "8192", 8192, 1048576, NULL,
     "bytes of memory for a request's line and headers; more: 431"},
    {"connections-max", NUMBER, AT(connections_max), "10000", 1, 1000000, NULL,
     "open connections; more: idle ones are closed; if there are none, 503 with Retry-After"},
    {"connections-reserved", NUMBER, AT(connections_reserved), "64", 1, 10000, NULL,
     "places beside those, in which /healthz, /readyz and /metrics are answered, and all others get "
     "503; as many for `trusted-addresses`, which are answered whatever they ask"},
    {"connections-per-address-max", NUMBER, AT(connections_per_address_max), "2500", 0, 1000000,
     NULL, "connections of one address (of IPv6: 64 bits of it); more: 429. 0: any number"},
    {"trusted-addresses", NETWORKS, AT(trusted_addresses), "127.0.0.0/8, ::1", 0, 0, NULL,
     "addresses of proxies, balancers and operators, for which no limits an address hold. Give "
     "those of this machine, too"},
    {"requests-max", NUMBER, AT(requests_max), "10000", 1, 1000000, NULL,
     "requests waiting for the core; more: 503 with Retry-After"},
    {"idle-timeout-ms", NUMBER, AT(idle_timeout_ms), "75000", 100, 86400000, NULL,
     "a request's headers must be complete so long after the connection or the last reply"},
    {"request-timeout-ms", NUMBER, AT(request_timeout_ms), "30000", 100, 86400000, NULL,
     "a body must have arrived, a reply been taken in this time; else the connection is cut"},
    {"drain-timeout-ms", NUMBER, AT(drain_timeout_ms), "5000", 0, 600000, NULL,
     "how long SIGTERM waits for requests under way"},
    {"sessions-max", NUMBER, AT(sessions_max), "10000", 0, 1000000, NULL,
     "clients in real time, each with a WebSocket, that were let in; more: 503 with Retry-After"},
    {"strangers-max", NUMBER, AT(strangers_max), "0", 0, 1000000, NULL,
     "WebSockets that were not let in yet, beside those; more: the oldest is aborted. 0: half "
     "of `sessions-max`, at least 64"},
    {"sessions-per-address-max", NUMBER, AT(sessions_per_address_max), "2500", 0, 1000000, NULL,
     "WebSockets of one address, let in or not; more: 429. 0: any number"},
    {"sessions-per-identity-max", NUMBER, AT(sessions_per_identity_max), "1000", 0, 1000000, NULL,
     "clients of one identity in one service; more: their init is refused, 429, code 51202. 0: any "
     "number"},
    {"session-subscriptions-max", NUMBER, AT(session_subscriptions_max), "2000", 1, 1000000, NULL,
     "objects that a client hears of; more: subscription_failed, 429, code 51202"},
    {"session-queries-size-max", SIZE, AT(session_queries_size_max), "8M", 4096, UINT64_C(1) << 30,
     NULL,
     "bytes that the live queries of a client take, compiled: about 1 KiB each, and 50 for each part "
     "of a field; more: subscription_failed, 429, code 51202"},
    {"session-queue-max", SIZE, AT(session_queue_max), "1M", 65536, UINT64_C(1) << 30, NULL,
     "bytes that may wait for a client; more: events wait in the journal, requests in the kernel"},
    {"session-requests-max", NUMBER, AT(session_requests_max), "64", 1, 10000, NULL,
     "requests of a client under way; more wait in the kernel"},
    {"session-frames-max", NUMBER, AT(session_frames_max), "200", 0, 1000000, NULL,
     "messages a second that a client may send, acknowledgements included, and twice that at a "
     "time; more wait in the kernel. 0: any number"},
    {"session-bytes-max", SIZE, AT(session_bytes_max), "16M", 0, UINT64_C(1) << 40, NULL,
     "bytes a second of these messages, inflated, and twice that at a time; more wait in the kernel. "
     "0: any number"},
    {"session-init-timeout-ms", NUMBER, AT(session_init_timeout_ms), "5000", 100, 600000, NULL,
     "a client must have shown a good access token so long after it connected; else it is cut"},
    {"session-ping-ms", NUMBER, AT(session_ping_ms), "25000", 100, 600000, NULL,
     "silence after which a client is asked for a sign of life; twice that: cut. The mobile SDKs "
     "leave after 45 s in which they hear nothing"},
    {"session-stall-ms", NUMBER, AT(session_stall_ms), "30000", 100, 600000, NULL,
     "how long a client may take nothing of what waits for it; then it is cut"},
    {"session-rate-min", SIZE, AT(session_rate_min), "4K", 0, UINT64_C(1) << 40, NULL,
     "bytes a second at which a client must take what waits for it, after session-stall-ms; else it "
     "is cut. 0: any number"},
    {"packet-size-max", SIZE, AT(packet_size_max), "256K", 4096, 67108864, NULL,
     "bytes of a message from a client in real time; more: its WebSocket is closed (1009)"},
    {"init-packet-size-max", SIZE, AT(init_packet_size_max), "8K", 1024, 32768, NULL,
     "the same before a client was let in; its `init` with the access token must fit. All it sends "
     "before: 8 times as much (1008)"},
    {"event-window-ms", NUMBER, AT(event_window_ms), "20", 0, 1000, NULL,
     "events for a client that follow one another within this time go together; 0: each at once"},
    {"replay-max", NUMBER, AT(replay_max), "100000", 0, 1000000000, NULL,
     "events of an object that a client which was away can catch up with; more: "
     "subscription_failed, 410, code 20410"},
    {"compression", SWITCH, AT(compression), "on", 0, 0, NULL,
     "compress messages on WebSockets (permessage-deflate) whose clients offer it"},
    {"contention", SWITCH, AT(contention), "on", 0, 0, NULL,
     "let clients that lose a race for the same object have their turns one after the other"},
    {"idempotency-size-max", SIZE, AT(idempotency_size_max), "64M", 0, UINT64_C(1) << 40, NULL,
     "bytes of answers to writes that had an Idempotency-Key; more: the oldest go. 0: none"},
    {"idempotency-keep-s", NUMBER, AT(idempotency_keep_s), "600", 1, 86400, NULL,
     "seconds for which they are kept"},
    {"cache-size-max", SIZE, AT(cache_size_max), "0", 0, UINT64_C(1) << 40, NULL,
     "bytes of current states in memory; more: the least recently used go. 0: 1 GiB, or a quarter "
     "of the machine's or the container's memory if that is less"},
    {"wal-size-max", SIZE, AT(wal_size_max), "67108864", 4194304, UINT64_C(1) << 34, NULL,
     "bytes of the database's write-ahead log; writes wait while it is full"},
    {"wal-size-reader-max", SIZE, AT(wal_size_reader_max), "4G", 4194304, UINT64_C(1) << 36, NULL,
     "bytes that it may grow to while another program, as a backup does, keeps it from beginning "
     "anew; more: writes get 503 with Retry-After"},
    {"journal-keep-changes", NUMBER, AT(journal_keep_changes), "1000000", 0, UINT64_C(1) << 60,
     NULL, "changes kept for history and replay; older ones go"},
    {"journal-keep-s", NUMBER, AT(journal_keep_s), "86400", 0, UINT64_C(1) << 32, NULL,
     "seconds for which changes are kept; older ones go"},
    {"new-credentials", FLAG, AT(new_credentials), NULL, 0, 0, NULL,
     "make new credentials for a database whose own are lost; no token or API key of it is good any "
     "more. Without this such a start is refused"},
    {"check-config", FLAG, AT(check_config), NULL, 0, 0, NULL,
     "look for all that a start would refuse, then exit"},
    {"help", FLAG, AT(help), NULL, 0, 0, NULL, "this text"},
    {"version", FLAG, AT(version), NULL, 0, 0, NULL, "the version"},
};

enum { OPTIONS = sizeof options / sizeof *options };

static const struct option *find(struct str name)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (str_eq(name, str_from(options[i].name)))
            return &options[i];
    return NULL;
}

bool config_has(struct str name)
{
    return find(name) != NULL;
}

/* The option that was probably meant; NULL: none. */
static const struct option *find_near(struct str name)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (spelling_is_near(name, str_from(options[i].name)))
            return &options[i];
    return NULL;
}

static enum err set_number(const struct option *option, struct str value, uint64_t *number,
                           struct why *why)
{
    uint64_t unit = 1;
    struct str digits = value;
    if (option->type == SIZE && value.len) {
        const char *units = "KMG", *found = strchr(units, value.ptr[value.len - 1]);
        if (found && *found) {
            unit = UINT64_C(1) << (10 * (found - units + 1));
            digits.len--;
        }
    }
    if (str_to_u64(digits, UINT64_MAX / unit, number) && *number * unit >= option->min &&
        *number * unit <= option->max) {
        *number *= unit;
        return OK;
    }
    why_set(why, "%s must be a whole number from %llu to %llu%s, not \"%.*s\"", option->name,
            (unsigned long long)option->min, (unsigned long long)option->max,
            option->type == SIZE ? " (K, M and G may follow)" : "", STR_ARG(value));
    return ERR_CONFIG;
}

/* What can start a URL in an answer: a scheme and a host, no slash at the end, and nothing that
 * JSON would have to escape. */
static enum err set_url(const struct option *option, struct str value, const char **url,
                        struct why *why)
{
    bool http = str_starts(value, STR("http://")), https = str_starts(value, STR("https://"));
    bool fits = (http && value.len > 7) || (https && value.len > 8);
    for (size_t i = 0; i < value.len; i++)
        fits = fits && value.ptr[i] > ' ' && value.ptr[i] < 0x7f && !strchr("\"\\<>", value.ptr[i]);
    *url = value.ptr;
    if (fits && value.ptr[value.len - 1] != '/')
        return OK;
    why_set(why, "%s must be like https://sync.example, without a slash at the end, not \"%.*s\"",
            option->name, STR_ARG(value));
    return ERR_CONFIG;
}

static enum err set_switch(const struct option *option, struct str value, bool *on, struct why *why)
{
    bool yes = str_eq(value, STR("on")) || str_eq(value, STR("true")) || str_eq(value, STR("1"));
    bool no = str_eq(value, STR("off")) || str_eq(value, STR("false")) || str_eq(value, STR("0"));
    *on = yes;
    if (yes || no)
        return OK;
    why_set(why, "%s must be on or off, not \"%.*s\"", option->name, STR_ARG(value));
    return ERR_CONFIG;
}

static enum err set_choice(const struct option *option, struct str value, uint64_t *choice,
                           struct why *why)
{
    struct str rest = str_from(option->choices);
    for (*choice = 0; rest.ptr; ++*choice)
        if (str_eq(str_split(&rest, '|'), value))
            return OK;
    why_set(why, "%s must be one of %s, not \"%.*s\"", option->name, option->choices,
            STR_ARG(value));
    return ERR_CONFIG;
}

static enum err set_networks(const struct option *option, struct str value, const char **text,
                             struct why *why)
{
    struct networks networks;
    *text = value.len ? value.ptr : option->fallback;
    enum err e = networks_parse(*text, &networks, why);
    if (e)
        why_prefix(why, "%s", option->name);
    return e;
}

/* A text is kept as it is: `value` lives as long as `config`. */
static enum err set(struct config *config, const struct option *option, const char *value,
                    struct why *why)
{
    void *at = (char *)config + option->offset;
    switch (option->type) {
    case TEXT:
        *(const char **)at = *value ? value : option->fallback;
        return OK;
    case URL:
        *(const char **)at = NULL;
        return *value ? set_url(option, str_from(value), at, why) : OK;
    case NETWORKS:
        return set_networks(option, str_from(value), at, why);
    case NUMBER:
    case SIZE:
        return set_number(option, str_from(value), at, why);
    case SWITCH:
        return set_switch(option, str_from(value), at, why);
    case CHOICE:
        return set_choice(option, str_from(value), at, why);
    case FLAG:
        *(bool *)at = true;
        return OK;
    }
    return OK;
}

static enum err set_defaults(struct config *config, struct why *why)
{
    *config = (struct config){0};
    for (size_t i = 0; i < OPTIONS; i++) {
        enum err e = OK;
        if (options[i].fallback)
            e = set(config, &options[i], options[i].fallback, why);
        if (e)
            return e;
    }
    return OK;
}

/* Up to the line's end or a comment: a # that begins the line or follows a blank, so that a
 * token or a URL may hold one. */
static size_t content_length(const char *line)
{
    size_t len = strcspn(line, "\r\n");
    for (size_t i = 0; i < len; i++)
        if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t'))
            return i;
    return len;
}

static enum err read_line(struct config *config, const char *line, struct why *why)
{
    struct str value = {line, content_length(line)};
    if (!str_trim(value).len)
        return OK;
    struct str name = str_trim(str_split(&value, '='));
    const struct option *option = find(name);
    if (!value.ptr || !option || option->type == FLAG || option->offset == AT(file)) {
        const struct option *meant = option ? NULL : find_near(name);
        why_set(why, "expected `name = value` with the name of an option, not \"%.*s\"%s%s%s",
                STR_ARG(name), meant ? "; did you mean " : "", meant ? meant->name : "",
                meant ? "?" : "");
        return ERR_CONFIG;
    }
    value = str_trim(value);
    char *text = arena_alloc(&config->texts, value.len + 1);
    memcpy(text, value.ptr, value.len);
    text[value.len] = 0;
    return set(config, option, text, why);
}

static enum err read_file(struct config *config, const char *path, struct why *why)
{
    char line[4096];
    unsigned number = 0;
    enum err e = OK;
    FILE *file = fopen(path, "re");
    if (!file) {
        why_set(why, "cannot read %s: %s", path, strerror(errno));
        return ERR_CONFIG;
    }
    while (!e && fgets(line, sizeof line, file)) {
        number++;
        e = read_line(config, line, why);
    }
    if (e)
        why_prefix(why, "%s, line %u", path, number);
    fclose(file);
    return e;
}

/* TUTTI_LOG_LEVEL for log-level. */
static void environment_name(const struct option *option, char *name, size_t size)
{
    snprintf(name, size, "TUTTI_%s", option->name);
    for (char *at = name; *at; at++) {
        if (*at == '-')
            *at = '_';
        else if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 32);
    }
}

static const char *look_up(char **environment, const char *name)
{
    size_t len = strlen(name);
    for (; *environment; environment++)
        if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
            return *environment + len + 1;
    return NULL;
}

static enum err read_environment(struct config *config, char **environment, struct why *why)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        char name[64];
        environment_name(&options[i], name, sizeof name);
        const char *value = options[i].type == FLAG ? NULL : look_up(environment, name);
        enum err e = value ? set(config, &options[i], value, why) : OK;
        if (e) {
            why_prefix(why, "%s", name);
            return e;
        }
    }
    return OK;
}

static bool sets_something(const char *variable, size_t len)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        char name[64];
        environment_name(&options[i], name, sizeof name);
        if (options[i].type != FLAG && strlen(name) == len && memcmp(name, variable, len) == 0)
            return true;
    }
    return false;
}

static void warn_of(const char *variable)
{
    size_t prefix = strlen("TUTTI_"), len = strcspn(variable, "=");
    char name[64] = "";
    if (sets_something(variable, len))
        return;
    const struct option *meant = find_near((struct str){variable + prefix, len - prefix});
    if (meant && meant->type != FLAG)
        environment_name(meant, name, sizeof name);
    fprintf(stderr, "tutti: warning: %.*s is in the environment, but sets no option%s%s%s\n",
            (int)len, variable, *name ? "; did you mean " : "", name, *name ? "?" : "");
}

void config_warn(char **environment)
{
    for (; *environment; environment++)
        if (strncmp(*environment, "TUTTI_", strlen("TUTTI_")) == 0)
            warn_of(*environment);
}

static enum err refuse_flag(struct str name, struct why *why)
{
    bool dashed = str_starts(name, STR("--"));
    const struct option *meant =
        find_near(dashed ? (struct str){name.ptr + 2, name.len - 2} : name);
    why_set(why, "there is no option %.*s%s%s%s `tutti --help` lists them", STR_ARG(name),
            meant ? "; did you mean --" : "", meant ? meant->name : "", meant ? "?" : ";");
    return ERR_CONFIG;
}

/* One flag at argv[*at], `--name value` or `--name=value`, or `--name` alone for a switch that is
 * to be on; moves behind it. */
static enum err read_flag(struct config *config, int argc, char **argv, int *at, struct why *why)
{
    const char *text = argv[(*at)++];
    struct str value = str_from(text);
    struct str name = str_split(&value, '=');
    const struct option *option = NULL;
    if (str_starts(name, STR("--")))
        option = find((struct str){name.ptr + 2, name.len - 2});
    if (str_eq(name, STR("-h")))
        option = find(STR("help"));
    if (!option)
        return refuse_flag(name, why);
    bool bare = option->type == SWITCH && (*at == argc || strncmp(argv[*at], "--", 2) == 0);
    if (!value.ptr && bare)
        value = STR("on");
    if (!value.ptr && option->type != FLAG) {
        if (*at == argc) {
            why_set(why, "--%s needs a value", option->name);
            return ERR_CONFIG;
        }
        value = str_from(argv[(*at)++]);
    }
    return set(config, option, value.ptr ? value.ptr : "", why);
}

static enum err read_flags(struct config *config, int argc, char **argv, struct why *why)
{
    enum err e = OK;
    for (int at = 0; !e && at < argc;)
        e = read_flag(config, argc, argv, &at, why);
    return e;
}

enum err config_read(struct config *config, int argc, char **argv, char **environment,
                     struct why *why)
{
    struct config flags = {0};
    enum err e = set_defaults(config, why);
    if (!e)
        e = read_flags(&flags, argc, argv, why);
    const char *file = flags.file ? flags.file : look_up(environment, "TUTTI_CONFIG");
    if (!e && file && *file)
        e = read_file(config, file, why);
    if (!e)
        e = read_environment(config, environment, why);
    if (!e)
        e = read_flags(config, argc, argv, why);
    return e;
}

void config_deinit(struct config *config)
{
    arena_deinit(&config->texts);
}

void config_print_help(void)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *option = &options[i];
        static const char *const values[] = {"TEXT", "URL", "LIST", "N", "BYTES", "on|off", "", ""};
        const char *value = option->choices ? option->choices : values[option->type];
        printf("  --%s%s%s\n      %s", option->name, *value ? " " : "", value, option->help);
        if (option->fallback)
            printf(" (default %s)", option->fallback);
        putchar('\n');
    }
}
