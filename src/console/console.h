/* The console: pages for people, compiled into the program, and the little they need that the REST
 * API does not have (docs/console.md).
 *
 * One `struct console` belongs to one gateway thread. */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include "auth/credentials.h"
#include "http/server.h"
#include "sync/command.h"

struct log;
struct console;

struct console_options {
    bool on;          /* else nothing here is wanted */
    bool development; /* this machine's browsers need no sign-in; the server listens for no other */
    bool read_only;
    const char *static_folder; /* static_files.h; NULL: none. Only in development mode */
    const struct credentials *credentials;
    struct guesses *guesses; /* of all gateways; NULL: they cost nothing */
    const char *public_url;  /* NULL: from the Host header */
    const char *address;     /* host:port, for requests without a usable Host header */
    size_t body_size_max;
    bool access_log;
    struct log *log;
    struct port *port;                                      /* for the commands, and census.h */
    void (*submit)(void *context, struct command *command); /* hand one to the core */
    bool (*enrol)(void *context, size_t *room, struct buf *out); /* as realtime_add_connections */
    void *context;
};

struct console *console_new(const struct console_options *options);

/* No request is left. */
void console_free(struct console *console);

/* The consoles of all gateways form a ring: `next` is the one after this. Before the threads run;
 * a console that is not told is alone. */
void console_join(struct console *console, struct console *next);

/* Is this request for us? */
bool console_wants(const struct console *console, const struct http_request *request);

/* What http_handler calls, with requests that are wanted. */
void console_begin(struct console *console, struct http_request *request);
void console_handle(struct http_request *request);
void console_end(struct http_request *request);

/* From now on only what needs nobody else is answered as it should; what waits for other gateways
 * is answered with ERR_BUSY now. */
void console_drain(struct console *console);

/* Commands in the core's hands. */
size_t console_in_core(const struct console *console);

/* A letter that nobody took from a port's queue: free it if it is a console's. */
bool console_discard(struct letter *letter);

#endif
