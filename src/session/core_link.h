/* The way of a gateway's real-time commands to the core, and a count of those on their way. */
#ifndef SESSION_CORE_LINK_H
#define SESSION_CORE_LINK_H

#include "session/session_options.h"

struct core_link {
    const struct session_options *options;
    struct metric *metric; /* shows `in_core` */
    size_t in_core;        /* commands in the core's hands */
};

void core_link_init(struct core_link *link, const struct session_options *options,
                    struct metric *metric);

/* Hand a command to the core; the caller has set letter.arrive. */
void core_link_submit(struct core_link *link, struct command *command);

/* Called once for each core_link_submit, when the command has come back. */
void core_link_returned(struct core_link *link);

#endif
