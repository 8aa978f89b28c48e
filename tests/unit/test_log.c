#include "base/json.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A log in a folder of its own. */
struct fixture {
    char folder[32];
    char path[64];
    char moved[64];
    struct log *log;
    char text[16384];
};

static int64_t fixed_now_ms(void *context)
{
    (void)context;
    return 1767323045678;
}

static struct instant instant_now = {5000};

static struct instant told_instant(void *context)
{
    (void)context;
    return instant_now;
}

static void open_log(struct fixture *f, enum log_format format)
{
    struct why why;
    struct clock clock = {.now_ms = fixed_now_ms, .instant = told_instant};
    assert_int_equal(log_open(&f->log, f->path, format, LOG_INFO, clock, &why), OK);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->folder, "/tmp/test_log.XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/log", f->folder);
    snprintf(f->moved, sizeof f->moved, "%s/log.1", f->folder);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    log_close(f->log);
    unlink(f->path);
    unlink(f->moved);
    rmdir(f->folder);
    free(f);
    return 0;
}

static const char *content(struct fixture *f, const char *path)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t len = read(fd, f->text, sizeof f->text - 1);
    assert_true(len >= 0);
    f->text[len] = '\0';
    close(fd);
    return f->text;
}

static void a_logfmt_line_quotes_values_when_needed(void **state)
{
    struct fixture *f = *state;
    struct log_line line;
    open_log(f, LOG_LOGFMT);
    log_begin(&line, f->log, LOG_INFO, "request done");
    log_text(&line, "path", "/v1/Services");
    log_int(&line, "status", -200);
    log_text(&line, "empty", "");
    log_text(&line, "equals", "a=b");
    log_str(&line, "odd", STR("q\"\\\n\t\x01\x7f\xc3\xa9"));
    log_str(&line, "absent", (struct str){0});
    log_end(&line);
    assert_string_equal(content(f, f->path),
                        "ts=2026-01-02T03:04:05.678Z level=info msg=\"request done\" "
                        "path=/v1/Services status=-200 empty=\"\" equals=\"a=b\" "
                        "odd=\"q\\\"\\\\\\n\\t\\u0001\\u007f\xc3\xa9\" absent=null\n");
}

static void a_json_line_is_one_object(void **state)
{
    struct fixture *f = *state;
    struct log_line line;
    open_log(f, LOG_JSON);
    log_begin(&line, f->log, LOG_ERROR, "no \"room\"");
    log_str(&line, "bad", STR("a\xff\xc3z\n"));
    log_int(&line, "n", INT64_MIN);
    log_str(&line, "absent", (struct str){0});
    log_end(&line);
    assert_string_equal(content(f, f->path),
                        "{\"ts\":\"2026-01-02T03:04:05.678Z\",\"level\":\"error\","
                        "\"msg\":\"no \\\"room\\\"\",\"bad\":\"a\\ufffd\\ufffdz\\n\","
                        "\"n\":-9223372036854775808,\"absent\":null}\n");
}

static void nothing_is_written_when_the_level_is_too_low_or_there_is_no_log(void **state)
{
    struct fixture *f = *state;
    struct log_line line;
    open_log(f, LOG_LOGFMT);
    log_begin(&line, f->log, LOG_DEBUG, "detail");
    log_text(&line, "a", "b");
    log_int(&line, "n", 1);
    log_end(&line);
    log_begin(&line, NULL, LOG_ERROR, "nowhere");
    log_text(&line, "a", "b");
    log_end(&line);
    assert_string_equal(content(f, f->path), "");
}

/* A line whose long value has `len` times `piece`, and fields behind it. */
static void write_long_line(struct fixture *f, const char *piece, size_t len)
{
    struct log_line line;
    struct buf value;
    buf_init(&value, 10000);
    for (size_t i = 0; i < len; i++)
        buf_add(&value, str_from(piece));
    log_begin(&line, f->log, LOG_INFO, "long");
    log_str(&line, "value", buf_str(&value));
    log_int(&line, "n", 7);
    log_text(&line, "s", "two words");
    log_text(&line, "t", "");
    log_end(&line);
    assert_true(line.len <= sizeof line.text);
    buf_deinit(&value);
}

static void assert_is_json_line(struct str line)
{
    struct json_error error;
    struct buf out;
    buf_init(&out, line.len);
    if (!json_compact(line, JSON_STRICT, 1, &out, &error))
        fail_msg("%s at %zu: %.*s", error.reason, error.offset, STR_ARG(line));
    assert_int_equal(line.ptr[line.len - 1], '}');
    buf_deinit(&out);
}

static void a_json_line_is_still_an_object_when_it_is_cut(void **state)
{
    static const char *const pieces[] = {"x", "\"", "\x01", "\xf0\x9f\x98\x80", "\xff"};
    struct fixture *f = *state;
    for (size_t p = 0; p < 5; p++) {
        for (size_t len = 300; len < 2100; len++) {
            open_log(f, LOG_JSON);
            write_long_line(f, pieces[p], len);
            struct str text = str_from(content(f, f->path));
            struct str line = str_split(&text, '\n');
            assert_is_json_line(line);
            assert_int_equal(text.len, 0);
            assert_non_null(text.ptr);
            log_close(f->log);
            f->log = NULL;
            unlink(f->path);
        }
    }
}

static void a_long_value_is_cut_when_it_stands_without_quotes(void **state)
{
    struct fixture *f = *state;
    open_log(f, LOG_LOGFMT);
    write_long_line(f, "x", 3000);
    const char *text = content(f, f->path);
    assert_int_equal(strlen(text), sizeof((struct log_line){0}).text - 2);
    assert_memory_equal(text + strlen(text) - 3, "xx\n", 3);
}

static void lines_go_to_the_new_file_when_reopened(void **state)
{
    struct fixture *f = *state;
    struct log_line line;
    struct why why;
    open_log(f, LOG_LOGFMT);
    log_begin(&line, f->log, LOG_INFO, "before");
    log_end(&line);
    assert_int_equal(rename(f->path, f->moved), 0);
    assert_int_equal(log_reopen(f->log, &why), OK);
    log_begin(&line, f->log, LOG_WARN, "after");
    log_end(&line);
    assert_string_equal(content(f, f->moved),
                        "ts=2026-01-02T03:04:05.678Z level=info msg=before\n");
    assert_string_equal(content(f, f->path), "ts=2026-01-02T03:04:05.678Z level=warn msg=after\n");
}

static void the_old_file_stays_when_reopening_fails(void **state)
{
    struct fixture *f = *state;
    struct log_line line;
    struct why why = {{0}};
    open_log(f, LOG_LOGFMT);
    assert_int_equal(rename(f->path, f->moved), 0);
    assert_int_equal(symlink("no/such/folder", f->path), 0);
    assert_int_equal(log_reopen(f->log, &why), ERR_CONFIG);
    assert_non_null(strstr(why.text, f->path));
    log_begin(&line, f->log, LOG_INFO, "still");
    log_end(&line);
    assert_string_equal(content(f, f->moved), "ts=2026-01-02T03:04:05.678Z level=info msg=still\n");
}

static void lines_are_appended_when_the_file_exists(void **state)
{
    struct fixture *f = *state;
    struct log_line line;
    for (int i = 0; i < 2; i++) {
        log_close(f->log);
        open_log(f, LOG_LOGFMT);
        log_begin(&line, f->log, LOG_INFO, "x");
        log_end(&line);
    }
    assert_string_equal(content(f, f->path), "ts=2026-01-02T03:04:05.678Z level=info msg=x\n"
                                             "ts=2026-01-02T03:04:05.678Z level=info msg=x\n");
}

static void opening_says_why_when_it_fails(void **state)
{
    struct fixture *f = *state;
    struct why why;
    struct clock clock = {.now_ms = fixed_now_ms};
    assert_int_equal(log_open(&f->log, "/nonexistent/log", LOG_LOGFMT, LOG_INFO, clock, &why),
                     ERR_CONFIG);
    assert_string_equal(why.text,
                        "cannot open the log file /nonexistent/log: No such file or directory");
}

static void reopening_does_nothing_when_the_log_is_standard_error(void **state)
{
    struct fixture *f = *state;
    struct why why;
    struct clock clock = {.now_ms = fixed_now_ms};
    assert_int_equal(log_open(&f->log, "-", LOG_LOGFMT, LOG_INFO, clock, &why), OK);
    assert_int_equal(log_reopen(f->log, &why), OK);
}

static size_t count_lines(const char *text, const char *with)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, with)); at++)
        count++;
    return count;
}

static void log_limited(struct fixture *f, size_t count)
{
    struct log_line line;
    for (size_t i = 0; i < count; i++) {
        log_begin_limited(&line, f->log, LOG_WARN, "refused");
        log_text(&line, "address", "192.0.2.1");
        log_end(&line);
    }
}

static void lines_that_anybody_can_cause_are_so_many_a_second(void **state)
{
    struct fixture *f = *state;
    open_log(f, LOG_LOGFMT);
    log_limited(f, 1000);
    assert_int_equal(count_lines(content(f, f->path), "msg=refused"), LOG_LIMITED_MAX);
    assert_null(strstr(f->text, "left out"));
    instant_now.ms += 1000;
    log_limited(f, 1);
    assert_int_equal(count_lines(content(f, f->path), "msg=refused"), LOG_LIMITED_MAX + 1);
    assert_non_null(strstr(f->text, "msg=\"log lines left out\" count=980\n"));
}

static void the_end_of_the_log_tells_what_was_left_out(void **state)
{
    struct fixture *f = *state;
    open_log(f, LOG_LOGFMT);
    log_limited(f, LOG_LIMITED_MAX + 3);
    log_close(f->log);
    f->log = NULL;
    assert_non_null(strstr(content(f, f->path), "msg=\"log lines left out\" count=3\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_logfmt_line_quotes_values_when_needed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_json_line_is_one_object, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            nothing_is_written_when_the_level_is_too_low_or_there_is_no_log, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_json_line_is_still_an_object_when_it_is_cut, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_long_value_is_cut_when_it_stands_without_quotes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(lines_go_to_the_new_file_when_reopened, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_old_file_stays_when_reopening_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_are_appended_when_the_file_exists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(opening_says_why_when_it_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reopening_does_nothing_when_the_log_is_standard_error,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_that_anybody_can_cause_are_so_many_a_second, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_end_of_the_log_tells_what_was_left_out, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
