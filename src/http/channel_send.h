/* Replies go out, in the order of their requests, and large ones in steps. */
#ifndef HTTP_CHANNEL_SEND_H
#define HTTP_CHANNEL_SEND_H

#include "http/channel.h"

/* `exchange` has its reply. It is sent by channels_flush, or when what called the handler ends. */
void channel_reply(struct channel *channel, struct exchange *exchange, bool was_waiting);

/* Send what is ready, or a step of it. `looked`: at all that has come. False: the channel is
 * closed. */
bool channel_conclude(struct channel *channel, bool looked);

/* The same; what was held back by it goes on. */
void channel_send(struct channel *channel);

/* ... when its turn comes. */
void channel_send_later(struct channel *channel);

/* Of channel->sender. */
bool channel_send_step(struct worker *worker);

#endif
