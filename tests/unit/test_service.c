#include "sync/service.h"

#include "sim/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static struct command create(struct service_fields fields)
{
    struct command command = sim_about(KIND_SERVICE, VERB_CREATE, (struct str){0});
    command.service_fields = fields;
    return command;
}

static struct command update(struct str service, struct service_fields fields)
{
    struct command command = sim_about(KIND_SERVICE, VERB_UPDATE, service);
    command.service_fields = fields;
    return command;
}

static struct service_settings settings_of(struct sim *sim, const struct asked *asked)
{
    struct service_settings settings;
    assert_int_equal(asked->command.err, OK);
    service_settings_read(asked->command.head, &sim->arena, &settings);
    return settings;
}

static struct asked *fetch(struct sim *sim, struct str service)
{
    return sim_do(sim, sim_about(KIND_SERVICE, VERB_FETCH, service));
}

static const struct service_fields everything = {
    .given = SERVICE_FRIENDLY_NAME | SERVICE_WEBHOOK_URL | SERVICE_WEBHOOKS_FROM_REST |
             SERVICE_REACHABILITY_WEBHOOKS | SERVICE_ACL | SERVICE_DEBOUNCING |
             SERVICE_DEBOUNCING_WINDOW,
    .friendly_name = STR_INIT("a \"name\" é"),
    .webhook_url = STR_INIT("https://example.org/hook?a=%C3%A9"),
    .webhooks_from_rest_enabled = true,
    .reachability_webhooks_enabled = true,
    .acl_enabled = true,
    .reachability_debouncing_enabled = true,
    .reachability_debouncing_window = 1234,
};

static void assert_everything(struct service_settings settings)
{
    assert_true(str_eq(settings.friendly_name, everything.friendly_name));
    assert_true(str_eq(settings.webhook_url, everything.webhook_url));
    assert_true(settings.webhooks_from_rest_enabled);
    assert_true(settings.reachability_webhooks_enabled);
    assert_true(settings.acl_enabled);
    assert_true(settings.reachability_debouncing_enabled);
    assert_int_equal(settings.reachability_debouncing_window, 1234);
}

static void assert_defaults(struct service_settings settings)
{
    assert_null(settings.friendly_name.ptr);
    assert_null(settings.webhook_url.ptr);
    assert_false(settings.webhooks_from_rest_enabled);
    assert_false(settings.reachability_webhooks_enabled);
    assert_false(settings.acl_enabled);
    assert_false(settings.reachability_debouncing_enabled);
    assert_int_equal(settings.reachability_debouncing_window, 5000);
}

static void the_default_service_is_there_from_the_first_start(void **state)
{
    struct sim *sim = *state;
    struct asked *asked = fetch(sim, STR("default"));
    assert_defaults(settings_of(sim, asked));
    assert_true(str_eq(asked->command.head->name, SERVICE_DEFAULT));
    assert_int_equal(sim_restart(sim), OK);
    assert_int_equal(fetch(sim, STR("default"))->command.head->id, asked->command.head->id);
    assert_int_equal(fixture_count_changes(sim, KIND_SERVICE, CHANGE_CREATED), 1);
}

static void a_new_service_has_the_defaults_and_no_name(void **state)
{
    struct sim *sim = *state;
    struct asked *asked = sim_do(sim, create((struct service_fields){0}));
    assert_defaults(settings_of(sim, asked));
    assert_null(asked->command.head->name.ptr);
}

static void a_service_keeps_what_it_was_given(void **state)
{
    struct sim *sim = *state;
    struct asked *asked = sim_do(sim, create(everything));
    assert_everything(settings_of(sim, asked));
    struct str sid = sim_sid(sim, asked);
    assert_int_equal(sim_restart(sim), OK);
    assert_everything(settings_of(sim, fetch(sim, sid)));
}

static void an_update_changes_what_it_names_and_nothing_else(void **state)
{
    struct sim *sim = *state;
    struct str sid = sim_sid(sim, sim_do(sim, create(everything)));
    struct service_fields fields = {.given = SERVICE_ACL | SERVICE_WEBHOOK_URL,
                                    .webhook_url = STR("")};
    sim->now_ms += 10;
    struct asked *asked = sim_do(sim, update(sid, fields));
    struct service_settings settings = settings_of(sim, asked);
    assert_false(settings.acl_enabled);
    assert_null(settings.webhook_url.ptr);
    settings.acl_enabled = true;
    settings.webhook_url = everything.webhook_url;
    assert_everything(settings);
    assert_int_equal(asked->command.head->updated_ms, sim->now_ms);
    assert_int_equal(asked->command.head->created_ms, sim->now_ms - 10);
}

static void an_update_of_nothing_is_refused(void **state)
{
    struct sim *sim = *state;
    struct asked *asked = sim_do(sim, update(STR("default"), (struct service_fields){0}));
    assert_int_equal(asked->command.err, ERR_NO_PARAMETERS);
}

static enum err try_name(struct sim *sim, struct str name)
{
    struct service_fields fields = {.given = SERVICE_FRIENDLY_NAME, .friendly_name = name};
    enum err created = sim_do(sim, create(fields))->command.err;
    assert_int_equal(sim_do(sim, update(STR("default"), fields))->command.err, created);
    return created;
}

static void a_friendly_name_has_1_to_255_code_points(void **state)
{
    struct sim *sim = *state;
    char wide[2 * (FRIENDLY_NAME_LENGTH_MAX + 1)];
    for (size_t i = 0; i < sizeof wide; i += 2)
        memcpy(wide + i, "é", 2);
    assert_int_equal(try_name(sim, STR("")), ERR_FRIENDLY_NAME);
    assert_int_equal(try_name(sim, STR("x")), OK);
    assert_int_equal(try_name(sim, (struct str){wide, sizeof wide - 2}), OK);
    assert_int_equal(try_name(sim, (struct str){wide, sizeof wide}), ERR_FRIENDLY_NAME);
}

static enum err try_url(struct sim *sim, struct str url)
{
    struct service_fields fields = {.given = SERVICE_WEBHOOK_URL, .webhook_url = url};
    enum err created = sim_do(sim, create(fields))->command.err;
    assert_int_equal(sim_do(sim, update(STR("default"), fields))->command.err, created);
    return created;
}

static void a_webhook_url_is_a_complete_coded_http_url(void **state)
{
    struct sim *sim = *state;
    const char *const good[] = {"http://a", "https://example.org:8080/hook?x=%20#y", ""};
    const char *const bad[] = {"http://",      "https://",
                               "example.org",  "ftp://a",
                               "http:/a",      "http://a b",
                               "http://a\n",   "http://\xc3\xa9.eu",
                               "http://a\x7f", "javascript://a()",
                               " http://a"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(try_url(sim, str_from(good[i])), OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(try_url(sim, str_from(bad[i])), ERR_WEBHOOK_URL);
}

static void a_webhook_url_has_at_most_512_characters(void **state)
{
    struct sim *sim = *state;
    char url[WEBHOOK_URL_LENGTH_MAX + 1];
    memset(url, 'a', sizeof url);
    memcpy(url, "http://", 7);
    assert_int_equal(try_url(sim, (struct str){url, WEBHOOK_URL_LENGTH_MAX}), OK);
    assert_int_equal(try_url(sim, (struct str){url, sizeof url}), ERR_WEBHOOK_URL);
}

/* What takes most room: control characters and quotes, which JSON escapes. */
static void the_longest_settings_fit(void **state)
{
    struct sim *sim = *state;
    char name[FRIENDLY_NAME_LENGTH_MAX], url[WEBHOOK_URL_LENGTH_MAX];
    memset(name, 1, sizeof name);
    memset(url, '"', sizeof url);
    memcpy(url, "http://", 7);
    struct service_fields fields = everything;
    fields.friendly_name = (struct str){name, sizeof name};
    fields.webhook_url = (struct str){url, sizeof url};
    struct service_settings settings = settings_of(sim, sim_do(sim, create(fields)));
    assert_true(str_eq(settings.friendly_name, fields.friendly_name));
    assert_true(str_eq(settings.webhook_url, fields.webhook_url));
}

static void a_service_that_is_not_there_is_missing(void **state)
{
    struct sim *sim = *state;
    const struct str unknown[] = {STR("nowhere"), STR("IS0123456789abcdef0123456789abcdef"),
                                  STR("IS")};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assert_int_equal(fetch(sim, unknown[i])->command.err, ERR_SERVICE_MISSING);
        assert_int_equal(sim_do(sim, update(unknown[i], everything))->command.err,
                         ERR_SERVICE_MISSING);
        struct command remove = sim_about(KIND_SERVICE, VERB_REMOVE, unknown[i]);
        assert_int_equal(sim_do(sim, remove)->command.err, ERR_SERVICE_MISSING);
    }
}

static void a_default_service_that_was_removed_comes_back_empty_with_the_next_start(void **state)
{
    struct sim *sim = *state;
    sim_do(sim, sim_create("x", NULL));
    sim_do(sim, sim_about(KIND_SERVICE, VERB_REMOVE, STR("default")));
    assert_int_equal(fetch(sim, STR("default"))->command.err, ERR_SERVICE_MISSING);
    assert_int_equal(sim_restart(sim), OK);
    assert_int_equal(fetch(sim, STR("default"))->command.err, OK);
    assert_int_equal(sim_do(sim, sim_fetch("x"))->command.err, ERR_NAME_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EACH_STORE(the_default_service_is_there_from_the_first_start),
        ON_EACH_STORE(a_new_service_has_the_defaults_and_no_name),
        ON_EACH_STORE(a_service_keeps_what_it_was_given),
        ON_EACH_STORE(an_update_changes_what_it_names_and_nothing_else),
        ON_EACH_STORE(an_update_of_nothing_is_refused),
        ON_EACH_STORE(a_friendly_name_has_1_to_255_code_points),
        ON_EACH_STORE(a_webhook_url_is_a_complete_coded_http_url),
        ON_EACH_STORE(a_webhook_url_has_at_most_512_characters),
        ON_EACH_STORE(the_longest_settings_fit),
        ON_EACH_STORE(a_service_that_is_not_there_is_missing),
        ON_EACH_STORE(a_default_service_that_was_removed_comes_back_empty_with_the_next_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
