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
    struct topics topics;
    (void)state;
    topics_init(&topics, NULL);
    for (uint64_t i = 0; i < TOPICS; i++) {
        struct sid sid = sid_with(i);
        topics_get(&topics, &sid, KIND_DOCUMENT, ID);
    }
    assert_int_equal(topics.by_sid.count, TOPICS);
    assert_in_range(farthest(&topics.by_sid), 0, 64);
    for (uint64_t i = 0; i < TOPICS; i++) {
        struct sid sid = sid_with(i);
        topics_drop(&topics, topics_find(&topics, sid_str(&sid)));
        assert_null(topics_find(&topics, sid_str(&sid)));
    }
    topics_deinit(&topics);
}

static void of_those_that_share_an_id_the_one_that_there_is_hears(void **state)
{
    struct topics topics;
    struct sid made_up = sid_with(1), real = sid_with(2);
    (void)state;
    topics_init(&topics, NULL);
    struct topic *other = topics_get(&topics, &made_up, KIND_DOCUMENT, ID);
    struct topic *topic = topics_get(&topics, &real, KIND_DOCUMENT, ID);
    assert_null(topics_find_proven(&topics, ID));
    topics_prove(&topics, topic);
    topics_prove(&topics, topic);
    assert_ptr_equal(topics_find_proven(&topics, ID), topic);
    assert_int_equal(topics.proven.count, 1);
    topics_drop(&topics, other);
    assert_ptr_equal(topics_find_proven(&topics, ID), topic);
    assert_ptr_equal(topics_find(&topics, sid_str(&real)), topic);
    topic->proven = false; /* there is no core to be told */
    topics_drop(&topics, topic);
    topics_deinit(&topics);
}

static void submit(void *context, struct command *command)
{
    chain_add(context, &command->letter.node);
}

/* Of one that was only asked for, the core knows nothing. */
static void the_core_is_told_when_nobody_hears_of_an_object_any_more(void **state)
{
    struct topics topics;
    struct core_link core;
    struct chain commands = {0};
    struct metric metric = {0};
    struct sid made_up = sid_with(1), real = sid_with(2);
    struct session_options options = {.submit = submit, .context = &commands};
    (void)state;
    core_link_init(&core, &options, &metric);
    topics_init(&topics, &core);
    topics_drop(&topics, topics_get(&topics, &made_up, KIND_DOCUMENT, ID));
    assert_null(commands.first);
    topics_get(&topics, &real, KIND_DOCUMENT, ID);
    topics_prove(&topics, topics_find(&topics, sid_str(&real)));
    topics_drop(&topics, topics_find_proven(&topics, ID));
    struct command *command = (struct command *)chain_shift(&commands);
    assert_int_equal(command->verb, VERB_UNSUBSCRIBE);
    assert_int_equal(command->kind, KIND_DOCUMENT);
    assert_true(str_eq(command->object, sid_str(&real)));
    assert_int_equal(metric_get(&metric), 1);
    command->letter.arrive(&command->letter);
    assert_int_equal(metric_get(&metric), 0);
    topics_deinit(&topics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_that_share_an_id_are_found_at_once),
        cmocka_unit_test(of_those_that_share_an_id_the_one_that_there_is_hears),
        cmocka_unit_test(the_core_is_told_when_nobody_hears_of_an_object_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
