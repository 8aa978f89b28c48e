#include "subscription/catchup_request.h"

#include "base/mem.h"

#include <stdlib.h>

struct catchup_request *catchup_request_new(struct subscription *subscription)
{
    struct catchup_request *request = mem_zalloc(1, sizeof *request);
    request->subscriber = subscription->subscriber;
    request->subscription = subscription;
    arena_init(&request->arena);
    return request;
}

void catchup_request_free(struct catchup_request *request)
{
    if (!request)
        return;
    subscribe_clear(&request->subscribe, true);
    arena_deinit(&request->arena);
    free(request);
}

void catchup_request_abandon(struct catchup_request *request)
{
    if (request && request->in_flight)
        request->subscription = NULL;
    else
        catchup_request_free(request);
}
