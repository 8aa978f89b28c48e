/* For tests of requests: subscriptions are only counted. */
#include "fake/fake_session.h"
#include "subscription/broadcast.h"

static struct fake_session *fake_of(const struct session *session)
{
    return (struct fake_session *)session->realtime;
}

void delivery_note_own(struct session *session, uint64_t seq)
{
    fake_of(session)->own_seq = seq;
}

void subscription_establish(struct session *session, const struct subscription_ask *ask)
{
    (void)ask;
    fake_of(session)->established++;
}

void subscription_cancel(struct session *session, const struct subscription_ask *ask)
{
    (void)ask;
    fake_of(session)->cancelled++;
}
