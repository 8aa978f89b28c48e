#include "base/spelling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void near(const char *a, const char *b)
{
    if (!spelling_is_near(str_from(a), str_from(b)) || !spelling_is_near(str_from(b), str_from(a)))
        fail_msg("%s should be near %s", a, b);
}

static void far(const char *a, const char *b)
{
    if (spelling_is_near(str_from(a), str_from(b)) || spelling_is_near(str_from(b), str_from(a)))
        fail_msg("%s should not be near %s", a, b);
}

static void case_and_separators_are_no_difference(void **state)
{
    (void)state;
    near("uniqueName", "UniqueName");
    near("unique_name", "UniqueName");
    near("webhooks_from_rest_enabled", "WebhooksFromRestEnabled");
    near("LOG_LEVEL", "log-level");
    near("ttl", "Ttl");
}

static void one_letter_may_differ(void **state)
{
    (void)state;
    near("Datta", "Data");
    near("Dat", "Data");
    near("Date", "Data");
    near("ata", "Data");
    near("xData", "Data");
    near("Dtaa", "Data");
    near("aDta", "Data");
    near("Daat", "Data");
    near("listne", "listen");
    near("UniqeName", "unique_name");
}

static void two_letters_are_another_name(void **state)
{
    (void)state;
    far("Datum", "Data");
    far("Dattaa", "Data");
    far("atad", "Data");
    far("Url", "Ttl");
    far("Name", "UniqueName");
    far("Page", "PageSize");
    far("Write", "Read");
    far("atDa", "Data");
}

static void what_has_hardly_a_letter_is_near_nothing(void **state)
{
    (void)state;
    far("", "a");
    far("", "");
    far("_", "Ttl");
    far("d", "do");
    far("_-_", "id");
}

static void long_names_are_near_nothing(void **state)
{
    (void)state;
    char name[1000];
    memset(name, 'a', sizeof name);
    struct str all = {name, sizeof name}, most = {name, sizeof name - 1};
    assert_false(spelling_is_near(all, most));
    memset(name, '_', sizeof name);
    memcpy(name + sizeof name - 4, "Data", 4);
    assert_false(spelling_is_near(all, STR("Data")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_and_separators_are_no_difference),
        cmocka_unit_test(one_letter_may_differ),
        cmocka_unit_test(two_letters_are_another_name),
        cmocka_unit_test(what_has_hardly_a_letter_is_near_nothing),
        cmocka_unit_test(long_names_are_near_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
