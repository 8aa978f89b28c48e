/* What a start would refuse, found without starting, and without making or changing anything. */
#ifndef PREFLIGHT_H
#define PREFLIGHT_H

#include "config.h"

/* The credentials, those given and those in DATA, fit together and belong to its database. A start
 * asks this before it makes anything. ERR_CONFIG, in `why`. */
must_check enum err preflight_credentials(const struct config *config, struct why *why);

/* The folder that the option static names, if it does. ERR_CONFIG, in `why`. */
must_check enum err preflight_static(const struct config *config, struct why *why);

/* All that --check-config looks at: credentials, data folder, database, log file, address. What a
 * server that runs with this configuration holds, its folder and its address, is no fault.
 * ERR_CONFIG, in `why`. */
must_check enum err preflight_check(const struct config *config, struct why *why);

#endif
