#include "subscription/topics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { TOPICS = 1000, ID = 7 };

static struct sid sid_with(uint64_t salt)
{
    return sid_of(&(struct change){.kind = KIND_DOCUMENT, .id = ID, .salt = salt});
}

/* How far from its place in the table the farthest topic is: so many are looked at to find it. */
static size_t farthest(const struct dict *dict)
{
    size_t most = 0;
    for (size_t i = 0; i <= dict->mask; i++) {
        size_t distance = (i - (size_t)dict->slots[i].hash.bits) & dict->mask;
        if (dict->slots[i].element && distance > most)
            most = distance;
    }
    return most;
}

/* Clients ask for what they like: the half that is the id says nothing. */
static void topics_that_share_an_id_are_found_at_once(void **state)
{
    struct hub hub = {0};
    (void)state;
    dict_init(&hub.topics);
    for (uint64_t i = 0; i < TOPICS; i++) {
        struct sid sid = sid_with(i);
        hub_topic(&hub, &sid, KIND_DOCUMENT, ID);
    }
    assert_int_equal(hub.topics.count, TOPICS);
    assert_in_range(farthest(&hub.topics), 0, 64);
    for (uint64_t i = 0; i < TOPICS; i++) {
        struct sid sid = sid_with(i);
        hub_drop_topic(&hub, hub_find_topic(&hub, sid_str(&sid)));
        assert_null(hub_find_topic(&hub, sid_str(&sid)));
    }
    dict_deinit(&hub.topics);
}

static void of_those_that_share_an_id_the_one_that_there_is_hears(void **state)
{
    struct hub hub = {0};
    struct sid made_up = sid_with(1), real = sid_with(2);
    (void)state;
    dict_init(&hub.topics);
    dict_init(&hub.proven);
    struct topic *other = hub_topic(&hub, &made_up, KIND_DOCUMENT, ID);
    struct topic *topic = hub_topic(&hub, &real, KIND_DOCUMENT, ID);
    assert_null(hub_proven_topic(&hub, ID));
    hub_prove_topic(&hub, topic);
    hub_prove_topic(&hub, topic);
    assert_ptr_equal(hub_proven_topic(&hub, ID), topic);
    assert_int_equal(hub.proven.count, 1);
    hub_drop_topic(&hub, other);
    assert_ptr_equal(hub_proven_topic(&hub, ID), topic);
    assert_ptr_equal(hub_find_topic(&hub, sid_str(&real)), topic);
    topic->proven = false; /* there is no core to be told */
    hub_drop_topic(&hub, topic);
    dict_deinit(&hub.topics);
    dict_deinit(&hub.proven);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_that_share_an_id_are_found_at_once),
        cmocka_unit_test(of_those_that_share_an_id_the_one_that_there_is_hears),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
