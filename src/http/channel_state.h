/* What a channel waits for and may do, and its end. The least of the three parts of a channel:
 * channel_send.c and channel.c call it, and it calls neither. */
#ifndef HTTP_CHANNEL_STATE_H
#define HTTP_CHANNEL_STATE_H

#include "http/channel.h"

/* The exchange whose reply goes out next; NULL: none. */
struct exchange *channel_first(const struct channel *channel);

/* May another request be read from it? */
bool channel_has_room(const struct channel *channel);

/* May this one, the newest, begin beside those before it? */
bool channel_may_begin(const struct channel *channel, const struct exchange *exchange);

/* Whatever comes, nothing is done before others are answered. */
bool channel_is_blocked(const struct channel *channel);

/* Is there something to do that nothing will wake it for? */
bool channel_has_more(const struct channel *channel);

/* Have the loop look for what matters now. */
void channel_watch(struct channel *channel);

/* After anything has happened: what it waits for decides how long it may, and what the loop looks
 * for. */
void channel_settle(struct channel *channel);

/* Leave all rings, without closing the socket; the memory goes when the loop has let go of the
 * handle. */
void channel_detach(struct channel *channel);

/* All is sent. Twice is fine. */
void channel_close(struct channel *channel);

/* It cannot go on. */
void channel_break_off(struct channel *channel);

#endif
