#include "session/core_link.h"

#include <assert.h>

void core_link_init(struct core_link *link, const struct session_options *options,
                    struct metric *metric)
{
    *link = (struct core_link){.options = options, .metric = metric};
}

void core_link_submit(struct core_link *link, struct command *command)
{
    command->port = link->options->port;
    metric_set(link->metric, ++link->in_core);
    link->options->submit(link->options->context, command);
}

void core_link_returned(struct core_link *link)
{
    assert(link->in_core > 0);
    metric_set(link->metric, --link->in_core);
}
