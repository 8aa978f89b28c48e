#include "subscription/event_render.h"

#include "sync/item_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const struct sid list_sid = {"ES00000000000000020000000000000003"};
static const struct sid map_sid = {"MP00000000000000020000000000000003"};
static const struct sid service = {"IS000000000000000100000000000000a1"};

static struct change change_of(enum kind kind, enum change_type type)
{
    return (struct change){
        .kind = kind,
        .type = type,
        .seq = 41,
        .id = 2,
        .salt = 3,
        .revision = 10,
        .name = STR("name"),
        .author = STR("alice"),
        .data = STR("{\"n\":1}"),
        .updated_ms = 1000,
        .expires_ms = 2000,
    };
}

static struct event *render_at(const struct notice *notice, const struct sid *sid, struct str base)
{
    struct event_render render = {.notice = notice};
    struct event *event = event_render_event(&render, sid, &service, base);
    if (event)
        event_ref(event);
    event_render_deinit(&render);
    return event;
}

static struct event *render(const struct notice *notice, const struct sid *sid)
{
    return render_at(notice, sid, STR("http://h"));
}

static void assert_event(struct event *event, const char *type, const char *text)
{
    assert_non_null(event);
    assert_string_equal(event->type, type);
    assert_int_equal(event->len, strlen(text));
    assert_memory_equal(event->text, text, event->len);
    event_unref(event);
}

static bool says(const struct event *event, const char *part)
{
    return memmem(event->text, event->len, part, strlen(part));
}

/* That it was created a client learns only when it catches up. */
static void a_document_comes_whole_with_each_update(void **state)
{
    static const enum change_type types[] = {CHANGE_CREATED, CHANGE_UPDATED};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct change document = change_of(KIND_DOCUMENT, types[i]);
        struct sid sid = sid_of(&document);
        assert_event(render(&(struct notice){.change = &document}, &sid), "document_updated",
                     "{\"document_sid\":\"ET00000000000000020000000000000003\","
                     "\"document_unique_name\":\"name\",\"id\":41,"
                     "\"date_created\":\"1970-01-01T00:00:01.000Z\",\"changed_by\":\"alice\","
                     "\"document_revision\":\"a\",\"date_expires\":\"1970-01-01T00:00:02.000Z\","
                     "\"document_data\":{\"n\":1}}");
    }
}

static void a_removal_says_nothing_of_the_data(void **state)
{
    static const struct {
        enum kind kind;
        enum change_type type;
        const char *event;
    } cases[] = {
        {KIND_DOCUMENT, CHANGE_REMOVED, "document_removed"},
        {KIND_DOCUMENT, CHANGE_EXPIRED, "document_removed"},
        {KIND_LIST, CHANGE_REMOVED, "list_removed"},
        {KIND_LIST, CHANGE_EXPIRED, "list_removed"},
        {KIND_MAP, CHANGE_REMOVED, "map_removed"},
        {KIND_STREAM, CHANGE_EXPIRED, "stream_removed"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct change change = change_of(cases[i].kind, cases[i].type);
        struct sid sid = sid_of(&change);
        struct event *event = render(&(struct notice){.change = &change}, &sid);
        assert_string_equal(event->type, cases[i].event);
        assert_false(says(event, "data"));
        assert_true(says(event, sid.text));
        event_unref(event);
    }
}

/* The new time to live of a list, say. */
static void of_a_list_itself_only_the_removal_is_told(void **state)
{
    (void)state;
    struct change list = change_of(KIND_LIST, CHANGE_UPDATED);
    struct notice notice = {.change = &list};
    struct event_render render = {.notice = &notice};
    assert_null(event_render_event(&render, &list_sid, &service, STR("http://h")));
    assert_null(event_render_position(&render, &list_sid));
    event_render_deinit(&render);
}

static void an_item_comes_with_its_place_and_url(void **state)
{
    char name[16];
    (void)state;
    struct change list = change_of(KIND_LIST, CHANGE_ITEM);
    struct change item = change_of(KIND_LIST_ITEM, CHANGE_CREATED);
    item_name_from_index(7, name);
    item.name = (struct str){name, sizeof name};
    item.revision = 0;
    item.expires_ms = 0;
    assert_event(render(&(struct notice){.change = &list, .item = &item}, &list_sid),
                 "list_item_added",
                 "{\"list_sid\":\"ES00000000000000020000000000000003\","
                 "\"list_unique_name\":\"name\",\"id\":41,"
                 "\"date_created\":\"1970-01-01T00:00:01.000Z\",\"changed_by\":\"alice\","
                 "\"list_revision\":\"a\",\"item_index\":7,"
                 "\"item_url\":\"http://h/v3/Services/IS000000000000000100000000000000a1/Lists/"
                 "ES00000000000000020000000000000003/Items/7\","
                 "\"item_revision\":\"0\",\"date_expires\":null,\"item_data\":{\"n\":1}}");
}

static void a_key_is_escaped_in_the_url(void **state)
{
    (void)state;
    struct change map = change_of(KIND_MAP, CHANGE_ITEM);
    struct change item = change_of(KIND_MAP_ITEM, CHANGE_UPDATED);
    item.name = STR("a/\"b");
    struct event *event = render(&(struct notice){.change = &map, .item = &item}, &map_sid);
    assert_string_equal(event->type, "map_item_updated");
    assert_true(says(event, "\"item_key\":\"a/\\\"b\""));
    assert_true(says(event, "/Items/a%2F%22b\""));
    event_unref(event);
}

static void a_message_has_the_stream_and_its_own_sid(void **state)
{
    (void)state;
    struct change message = change_of(KIND_MESSAGE, CHANGE_CREATED);
    struct change stream = change_of(KIND_STREAM, CHANGE_CREATED);
    struct sid sid = sid_of(&stream);
    struct event *event = render(&(struct notice){.change = &message}, &sid);
    assert_string_equal(event->type, "stream_message_published");
    assert_true(says(event, sid.text));
    assert_true(says(event, "\"message_sid\":\""));
    assert_true(says(event, "\"message_data\":{\"n\":1}"));
    event_unref(event);
}

/* Only an event with a URL depends on where the client has connected to. */
static void an_event_is_made_once_for_each_base_that_it_shows(void **state)
{
    (void)state;
    struct change map = change_of(KIND_MAP, CHANGE_ITEM);
    struct change item = change_of(KIND_MAP_ITEM, CHANGE_UPDATED);
    struct change document = change_of(KIND_DOCUMENT, CHANGE_UPDATED);
    struct notice of_item = {.change = &map, .item = &item}, of_document = {.change = &document};
    struct event_render items = {.notice = &of_item}, documents = {.notice = &of_document};
    struct event *first =
        event_ref(event_render_event(&items, &map_sid, &service, STR("http://a")));
    assert_ptr_equal(event_render_event(&items, &map_sid, &service, STR("http://a")), first);
    assert_ptr_not_equal(event_render_event(&items, &map_sid, &service, STR("http://b")), first);
    event_unref(first);
    first = event_render_event(&documents, &map_sid, &service, STR("http://a"));
    assert_ptr_equal(event_render_event(&documents, &map_sid, &service, STR("http://b")), first);
    event_render_deinit(&items);
    event_render_deinit(&documents);
}

static void the_author_hears_only_how_far_the_collection_has_got(void **state)
{
    (void)state;
    struct change map = change_of(KIND_MAP, CHANGE_ITEM);
    struct change item = change_of(KIND_MAP_ITEM, CHANGE_UPDATED);
    struct notice notice = {.change = &map, .item = &item};
    struct event_render render = {.notice = &notice};
    struct event *position = event_render_position(&render, &map_sid);
    assert_ptr_equal(event_render_position(&render, &map_sid), position);
    assert_event(event_ref(position), "map_position",
                 "{\"map_sid\":\"MP00000000000000020000000000000003\",\"map_unique_name\":\"name\","
                 "\"id\":41,\"date_created\":\"1970-01-01T00:00:01.000Z\",\"changed_by\":\"alice\","
                 "\"map_revision\":\"a\"}");
    event_render_deinit(&render);
}

static void a_live_query_hears_of_what_matches_and_what_does_no_more(void **state)
{
    (void)state;
    struct change map = change_of(KIND_MAP, CHANGE_ITEM);
    struct change item = change_of(KIND_MAP_ITEM, CHANGE_UPDATED);
    item.name = STR("k");
    struct notice notice = {.change = &map, .item = &item};
    struct event *matches = event_render_match(&notice, STR("q\""), true);
    assert_true(matches->strictly_ordered);
    assert_event(matches, "live_query_item_updated",
                 "{\"query_id\":\"q\\\"\",\"item_key\":\"k\",\"item_revision\":41,"
                 "\"last_event_id\":41,\"item_data\":{\"n\":1}}");
    assert_event(event_render_match(&notice, STR("q"), false), "live_query_item_removed",
                 "{\"query_id\":\"q\",\"item_key\":\"k\",\"item_revision\":41,"
                 "\"last_event_id\":41}");
}

static void kinds_have_names(void **state)
{
    static const enum kind kinds[] = {KIND_DOCUMENT, KIND_LIST, KIND_MAP, KIND_STREAM};
    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(event_render_kind(str_from(event_render_type(kinds[i]))), kinds[i]);
    assert_int_equal(event_render_kind(STR("live_query")), 0);
    assert_int_equal(event_render_kind(STR("")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_comes_whole_with_each_update),
        cmocka_unit_test(a_removal_says_nothing_of_the_data),
        cmocka_unit_test(of_a_list_itself_only_the_removal_is_told),
        cmocka_unit_test(an_item_comes_with_its_place_and_url),
        cmocka_unit_test(a_key_is_escaped_in_the_url),
        cmocka_unit_test(a_message_has_the_stream_and_its_own_sid),
        cmocka_unit_test(an_event_is_made_once_for_each_base_that_it_shows),
        cmocka_unit_test(the_author_hears_only_how_far_the_collection_has_got),
        cmocka_unit_test(a_live_query_hears_of_what_matches_and_what_does_no_more),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
