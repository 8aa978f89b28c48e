/* GET /v3/Configuration: where the mobile SDKs find everything. */
#ifndef REALTIME_CONFIGURATION_H
#define REALTIME_CONFIGURATION_H

#include "realtime/request.h"

void configuration_respond(struct request *request);

#endif
