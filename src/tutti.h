/* The whole: started from a configuration, drained by SIGTERM or SIGINT. */
#ifndef TUTTI_H
#define TUTTI_H

#include "config.h"

/* Serve until a signal ends it. OK: everything acknowledged is kept and the data folder closed.
 * ERR_CONFIG: it could not start; `why` says why. */
must_check enum err tutti_run(const struct config *config, struct why *why);

#endif
