#include "console/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_pages_are_found_by_their_paths(void **state)
{
    (void)state;
    const struct file *file = files_find(STR("/"));
    assert_non_null(file);
    assert_string_equal(file->type, "text/html; charset=utf-8");
    assert_non_null(files_find(STR("/demo/counter")));
}

static void every_file_is_found_and_has_its_tag(void **state)
{
    (void)state;
    assert_true(files_count > 0);
    for (size_t i = 0; i < files_count; i++) {
        const struct file *file = &files_table[i];
        assert_ptr_equal(files_find(file->path), file);
        assert_int_equal(file->tag.len, 16);
        assert_true(!file->gzip.ptr || file->gzip.len < file->plain.len);
    }
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    const char *const paths[] = {
        "", "//", "/index.html", "/demo/counter/", "/demo/counte", "*", "/console/../", "/\xff"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_null(files_find(str_from(paths[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pages_are_found_by_their_paths),
        cmocka_unit_test(every_file_is_found_and_has_its_tag),
        cmocka_unit_test(what_is_not_there_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
