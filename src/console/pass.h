/* Access tokens over HTTP: POST /console/tokens and /demo/tokens. */
#ifndef CONSOLE_PASS_H
#define CONSOLE_PASS_H

#include "console/visit.h"

/* What may be asked for; the core is asked about the service. ERR_PARAMETER. ERR_READ_ONLY: that
 * would be more than to look. */
must_check enum err pass_prepare(struct visit *visit);

/* Somebody new, for the service `default`. */
must_check enum err pass_prepare_visitor(struct visit *visit);

void pass_respond(struct visit *visit);

#endif
