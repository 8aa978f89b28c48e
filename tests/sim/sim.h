/* A world for the core: a clock that moves only when told, randomness from a seed, a store whose
 * calls fail when told, a sink that keeps the answers, and a port that keeps what the feed
 * told.
 *
 *   struct sim sim;
 *   sim_init(&sim, SIM_FAKE, 1);
 *   struct asked *a = sim_ask(&sim, sim_create("x", "{}"));    in the next batch
 *   struct asked *b = sim_ask(&sim, sim_fetch("x"));
 *   sim_run(&sim);                                             the core answers both
 *   sim_deinit(&sim);
 *
 * Whatever cannot be right in any test is asserted in here: that each command is answered, and not
 * twice. */
#ifndef SIM_H
#define SIM_H

#include "base/arena.h"
#include "sim/scratch.h"
#include "sync/core.h"

enum { SIM_IDEMPOTENCY_SIZE = 1 << 16, SIM_IDEMPOTENCY_KEEP_MS = 60000 };

enum sim_kind {
    SIM_FAKE,
    SIM_SQLITE,
    SIM_FORGETFUL, /* SQLite that drops old changes as soon as it may */
};

/* The calls of the store that can be made to fail. */
enum sim_call { SIM_GET, SIM_FIND, SIM_PAGE, SIM_DUE, SIM_COMMIT, SIM_TIDY, SIM_CALLS };

struct sim_failure {
    enum err err;    /* OK: none */
    unsigned behind; /* after so many calls that succeed */
};

/* A command and what became of it. Lives until sim_forget or sim_deinit. */
struct asked {
    struct command command; /* first: the core hands back this */
    struct asked *next;
    bool answered;
    uint64_t commits; /* those of the store, failed or not, before the answer */
    size_t heard;     /* from the feed before the answer */
};

struct sim {
    struct store store; /* first: stands before `inner` and fails when told */
    struct store *inner;
    enum sim_kind kind;
    struct core *core;
    int64_t now_ms;
    bool contention;         /* the core arbitrates, from its next start on */
    int64_t calendar_off_ms; /* somebody has set the calendar: it is now_ms and this */
    uint64_t seed;
    uint64_t commits; /* tried so far */
    struct sim_failure failures[SIM_CALLS];
    bool unsure_keeps;  /* a commit that fails with ERR_UNSURE was kept none the less */
    enum err synced;    /* what the sync under way comes to */
    bool overlapping;   /* sim_run has some commands, by chance, evaluated meanwhile */
    atomic_bool called; /* somebody waits while the core reads: one command a call */
    struct chain batch;
    struct chain meanwhile;
    struct asked *asked;   /* newest first */
    struct change **heard; /* from the feed, oldest first */
    size_t heard_count;
    size_t heard_max;
    struct arena arena; /* for what tests give to commands */
    struct scratch folder;
};

void sim_init(struct sim *sim, enum sim_kind kind, uint64_t seed);
void sim_deinit(struct sim *sim);

/* End the core, and the store if it can be opened again, and start them anew. After a failure
 * there is no core until the next time. */
enum err sim_restart(struct sim *sim);

/* A feed's `tell` that keeps in the sim what it is told, or, for a port, in port->letters; there
 * answers to commands with a port are, too, in the order in which they came. */
void sim_hear(void *sim, struct port *port, const struct notice *notice);

/* Free all commands. */
void sim_forget(struct sim *sim);

uint64_t sim_random(struct sim *sim);

/* Make a call fail, after `behind` more that do not. */
void sim_fail(struct sim *sim, enum sim_call call, unsigned behind, enum err err);

/* Put a command into the next batch. */
struct asked *sim_ask(struct sim *sim, struct command command);

/* ... into the one that is evaluated while the disk syncs the next one. */
struct asked *sim_ask_meanwhile(struct sim *sim, struct command command);

/* Have the core run the batch; all of it is answered, unless the result is ERR_UNSURE. */
enum err sim_run(struct sim *sim);

/* A batch of one. */
struct asked *sim_do(struct sim *sim, struct command command);

/* A step of housekeeping, as core_tidy. */
enum err sim_tidy_some(struct sim *sim, bool idle, bool *more);

/* Housekeeping until there is nothing more to do; the result of the last step. */
enum err sim_tidy(struct sim *sim);

/* The SID of what an answer is about, in the sim's arena. */
struct str sim_sid(struct sim *sim, const struct asked *asked);

/* A command's head as text, "revision data": "0 {}"; "nothing" when it was refused. In the sim's
 * arena. */
const char *sim_shows(struct sim *sim, const struct asked *asked);

/* A name that lives as long as the sim: a printed one, or that of a list's item. */
const char *sim_name(struct sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
const char *sim_index(struct sim *sim, uint64_t index);

/* Commands about documents of the service `default`; NULL: absent. */
struct command sim_create(const char *name, const char *data);
struct command sim_fetch(const char *object);
struct command sim_update(const char *object, const char *data);
struct command sim_remove(const char *object);
struct command sim_list(size_t size);

/* A command altered: with If-Match, with a time to live, with an Idempotency-Key, in another
 * service, for an object by its SID. */
struct command sim_guarded(struct command command, uint64_t revision);
struct command sim_with_ttl(struct command command, int64_t ttl_s);
struct command sim_keyed(struct command command, const char *idempotency_key);
struct command sim_in(struct command command, struct str service);
struct command sim_on(struct command command, struct str object);

/* A command for documents made into one for lists, maps or streams. */
struct command sim_of(enum kind kind, struct command command);

/* Commands about what belongs to an object of the service `default`: an item to a list or map, a
 * permission to whatever it is for, a message to a stream. Names are coded (sim_index); to create
 * a list's item there is none. */
struct command sim_list_item(enum verb verb, const char *list, const char *index);
struct command sim_map_item(enum verb verb, const char *map, const char *key);
struct command sim_permission(enum verb verb, enum kind kind, const char *object,
                              const char *identity);
struct command sim_message(const char *stream, const char *data);

/* A command altered: with data, with a time to live of the container, with `If-None-Match: *`,
 * with rights to set. */
struct command sim_with_data(struct command command, const char *data);
struct command sim_with_container_ttl(struct command command, int64_t ttl_s);
struct command sim_if_absent(struct command command);
struct command sim_with_rights(struct command command, bool read, bool write, bool manage);

/* Commands about services and keys; `object` is a SID or a name. */
struct command sim_about(enum kind kind, enum verb verb, struct str object);

#endif
