#include "config.h"

#include "sim/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

struct reading {
    struct scratch folder;
    char file[512];
    struct config config;
    struct why why;
};

static int begin(void **state)
{
    static struct reading reading;
    reading = (struct reading){0};
    scratch_init(&reading.folder);
    scratch_file(&reading.folder, "conf", reading.file, sizeof reading.file);
    *state = &reading;
    return 0;
}

static int end(void **state)
{
    struct reading *reading = *state;
    config_deinit(&reading->config);
    scratch_deinit(&reading->folder);
    return 0;
}

/* Flags and environment as lists that end with NULL, either may be NULL. */
static enum err read(struct reading *reading, char **flags, char **environment)
{
    char *none[] = {NULL};
    int count = 0;
    while (flags && flags[count])
        count++;
    reading->why = (struct why){{0}};
    config_deinit(&reading->config);
    return config_read(&reading->config, count, flags ? flags : none,
                       environment ? environment : none, &reading->why);
}

#define LIST(...) ((char **)(const char *[]){__VA_ARGS__, NULL})

static enum err read_text(struct reading *reading, const char *text)
{
    scratch_write(&reading->folder, "conf", text);
    return read(reading, LIST("--config", reading->file), NULL);
}

static void assert_refused(struct reading *reading, enum err err, const char *why)
{
    assert_int_equal(err, ERR_CONFIG);
    assert_non_null(strstr(reading->why.text, why));
}

static void everything_has_a_default(void **state)
{
    struct reading *reading = *state;
    const struct config *config = &reading->config;
    assert_int_equal(read(reading, NULL, NULL), OK);
    assert_string_equal(config->listen, "127.0.0.1:8080");
    assert_string_equal(config->data, "tutti-data");
    assert_string_equal(config->log_file, "-");
    assert_null(config->file);
    assert_null(config->account_sid);
    assert_null(config->auth_token);
    assert_null(config->public_url);
    assert_int_equal(config->log_format, LOG_LOGFMT);
    assert_int_equal(config->log_level, LOG_INFO);
    assert_false(config->access_log);
    assert_true(config->lenient_json);
    assert_int_equal(config->threads, 0);
    assert_int_equal(config->document_size_max, 16384);
    assert_int_equal(config->message_size_max, 4096);
    assert_int_equal(config->drain_timeout_ms, 5000);
    assert_int_equal(config->cache_size_max, 0);
    assert_false(config->help || config->version || config->check_config);
}

static void a_flag_takes_its_value_in_two_ways(void **state)
{
    struct reading *reading = *state;
    assert_int_equal(read(reading, LIST("--data", "here", "--threads=3", "--log-format=json"),
                          NULL),
                     OK);
    assert_string_equal(reading->config.data, "here");
    assert_int_equal(reading->config.threads, 3);
    assert_int_equal(reading->config.log_format, LOG_JSON);
    assert_int_equal(read(reading, LIST("--auth-token=a=b"), NULL), OK);
    assert_string_equal(reading->config.auth_token, "a=b");
}

static void the_last_flag_of_a_name_counts(void **state)
{
    struct reading *reading = *state;
    assert_int_equal(read(reading, LIST("--threads", "1", "--threads", "2"), NULL), OK);
    assert_int_equal(reading->config.threads, 2);
}

static void some_flags_have_no_value(void **state)
{
    struct reading *reading = *state;
    assert_int_equal(read(reading, LIST("--help", "--version", "--check-config"), NULL), OK);
    assert_true(reading->config.help && reading->config.version && reading->config.check_config);
}

static void flags_win_over_environment_over_file(void **state)
{
    struct reading *reading = *state;
    const struct config *config = &reading->config;
    scratch_write(&reading->folder, "conf",
                  "threads = 1\nlog-level = error\ndata = file\naccess-log = on\n");
    char **flags = LIST("--threads", "3", "--config", reading->file);
    char **environment = LIST("TUTTI_THREADS=2", "TUTTI_LOG_LEVEL=debug", "OTHER=1");
    assert_int_equal(read(reading, flags, environment), OK);
    assert_int_equal(config->threads, 3);
    assert_int_equal(config->log_level, LOG_DEBUG);
    assert_string_equal(config->data, "file");
    assert_true(config->access_log);
    assert_string_equal(config->file, reading->file);
}

static void the_environment_names_every_option_but_the_commands(void **state)
{
    struct reading *reading = *state;
    char **environment = LIST("TUTTI_ACCOUNT_SID=AC1", "TUTTI_AUTH_TOKEN=t=1", "TUTTI_HELP=1",
                              "TUTTI_DOCUMENT_SIZE_MAX=1K", "TUTTI_LENIENT_JSON=off",
                              "TUTTI_DATA_=no", "TUTTI_DAT=no");
    assert_int_equal(read(reading, NULL, environment), OK);
    assert_string_equal(reading->config.account_sid, "AC1");
    assert_string_equal(reading->config.auth_token, "t=1");
    assert_int_equal(reading->config.document_size_max, 1024);
    assert_false(reading->config.lenient_json);
    assert_false(reading->config.help);
    assert_string_equal(reading->config.data, "tutti-data");
}

static void the_environment_may_name_the_file(void **state)
{
    struct reading *reading = *state;
    char name[600];
    snprintf(name, sizeof name, "TUTTI_CONFIG=%s", reading->file);
    scratch_write(&reading->folder, "conf", "threads = 7\n");
    assert_int_equal(read(reading, NULL, LIST(name)), OK);
    assert_int_equal(reading->config.threads, 7);
}

static void an_empty_text_is_as_good_as_none(void **state)
{
    struct reading *reading = *state;
    assert_int_equal(read(reading, LIST("--listen", ""),
                          LIST("TUTTI_DATA=", "TUTTI_AUTH_TOKEN=", "TUTTI_CONFIG=")),
                     OK);
    assert_string_equal(reading->config.listen, "127.0.0.1:8080");
    assert_string_equal(reading->config.data, "tutti-data");
    assert_null(reading->config.auth_token);
    assert_int_equal(read_text(reading, "listen =\n"), OK);
    assert_string_equal(reading->config.listen, "127.0.0.1:8080");
}

static void a_file_has_comments_blanks_and_any_line_ends(void **state)
{
    struct reading *reading = *state;
    assert_int_equal(read_text(reading,
                               "# first\n\n   # indented\r\n\tdata\t=  a folder \t# why\r\n"
                               "auth-token=x#y\npublic-url = http://h/#a\nthreads=4"),
                     OK);
    assert_string_equal(reading->config.data, "a folder");
    assert_string_equal(reading->config.auth_token, "x#y");
    assert_string_equal(reading->config.public_url, "http://h/#a");
    assert_int_equal(reading->config.threads, 4);
}

static void a_wrong_line_is_told_by_its_number(void **state)
{
    struct reading *reading = *state;
    const char *expected = "expected `name = value` with the name of an option, not ";
    assert_refused(reading, read_text(reading, "# x\nthreads = 1\nthread = 2\n"), "conf, line 3: ");
    assert_refused(reading, read_text(reading, "thread = 2\n"), expected);
    assert_refused(reading, read_text(reading, "thread = 2\n"),
                   "not \"thread\"; did you mean threads?");
    assert_refused(reading, read_text(reading, "threads\n"), expected);
    assert_refused(reading, read_text(reading, "= 2\n"), expected);
    assert_refused(reading, read_text(reading, "help = 1\n"), expected);
    assert_refused(reading, read_text(reading, "config = x\n"), expected);
    assert_refused(reading, read_text(reading, "threads = two\n"), "line 1: threads must be");
}

static void a_file_that_is_not_there_is_told(void **state)
{
    struct reading *reading = *state;
    assert_refused(reading, read(reading, LIST("--config", "/nowhere/conf"), NULL),
                   "cannot read /nowhere/conf: No such file or directory");
}

static void an_unknown_flag_is_told(void **state)
{
    struct reading *reading = *state;
    assert_refused(reading, read(reading, LIST("--thread", "1"), NULL),
                   "no option --thread; did you mean --threads? `tutti --help`");
    assert_refused(reading, read(reading, LIST("--thread=1"), NULL), "no option --thread;");
    assert_refused(reading, read(reading, LIST("threads"), NULL),
                   "no option threads; did you mean --threads?");
    assert_refused(reading, read(reading, LIST("-x"), NULL), "no option -x; `tutti");
    assert_refused(reading, read(reading, LIST("--nothing"), NULL), "no option --nothing; `tutti");
    assert_refused(reading, read(reading, LIST("--"), NULL), "no option --;");
    assert_refused(reading, read(reading, LIST("--data"), NULL), "--data needs a value");
}

static void a_number_keeps_its_bounds(void **state)
{
    struct reading *reading = *state;
    const char *const bad[] = {"-1", "257", "", "1.5", "0x1", "1K", " 1", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(reading, read(reading, LIST("--threads", bad[i]), NULL),
                       "threads must be a whole number from 0 to 256, not ");
    assert_int_equal(read(reading, LIST("--threads", "256"), NULL), OK);
    assert_refused(reading, read(reading, NULL, LIST("TUTTI_THREADS=x")), "TUTTI_THREADS: threads");
}

static void a_size_may_have_a_unit(void **state)
{
    struct reading *reading = *state;
    assert_int_equal(read(reading, LIST("--cache-size-max=2G", "--wal-size-max=5M"), NULL), OK);
    assert_int_equal(reading->config.cache_size_max, UINT64_C(2) << 30);
    assert_int_equal(reading->config.wal_size_max, 5 << 20);
    assert_int_equal(read(reading, LIST("--document-size-max=1024K"), NULL), OK);
    assert_int_equal(reading->config.document_size_max, 1 << 20);
    const char *const bad[] = {"K", "1025K", "2M", "1k", "1KK", "1", "18014398509481985K"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(reading, read(reading, LIST("--document-size-max", bad[i]), NULL),
                       "document-size-max must be a whole number from 2 to 1048576");
}

static void a_switch_and_a_choice_take_their_words_only(void **state)
{
    struct reading *reading = *state;
    const char *const on[] = {"on", "true", "1"}, *const off[] = {"off", "false", "0"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(read(reading, LIST("--access-log", on[i]), NULL), OK);
        assert_true(reading->config.access_log);
        assert_int_equal(read(reading, LIST("--access-log", off[i]), NULL), OK);
        assert_false(reading->config.access_log);
    }
    assert_refused(reading, read(reading, LIST("--access-log", "yes"), NULL),
                   "access-log must be on or off, not \"yes\"");
    assert_refused(reading, read(reading, LIST("--log-level", "loud"), NULL),
                   "log-level must be one of error|warn|info|debug, not \"loud\"");
    assert_refused(reading, read(reading, LIST("--log-level", ""), NULL), "log-level must be");
}

static void a_switch_alone_is_on(void **state)
{
    struct reading *reading = *state;
    assert_int_equal(read(reading, LIST("--development"), NULL), OK);
    assert_true(reading->config.development);
    assert_int_equal(read(reading, LIST("--console-read-only", "--threads", "3"), NULL), OK);
    assert_true(reading->config.console_read_only);
    assert_int_equal(reading->config.threads, 3);
    assert_int_equal(read(reading, LIST("--development=off", "--console", "off"), NULL), OK);
    assert_false(reading->config.development || reading->config.console);
    assert_refused(reading, read(reading, LIST("--threads"), NULL), "--threads needs a value");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everything_has_a_default),
        TEST(a_flag_takes_its_value_in_two_ways),
        TEST(the_last_flag_of_a_name_counts),
        TEST(some_flags_have_no_value),
        TEST(flags_win_over_environment_over_file),
        TEST(the_environment_names_every_option_but_the_commands),
        TEST(the_environment_may_name_the_file),
        TEST(an_empty_text_is_as_good_as_none),
        TEST(a_file_has_comments_blanks_and_any_line_ends),
        TEST(a_wrong_line_is_told_by_its_number),
        TEST(a_file_that_is_not_there_is_told),
        TEST(an_unknown_flag_is_told),
        TEST(a_number_keeps_its_bounds),
        TEST(a_size_may_have_a_unit),
        TEST(a_switch_and_a_choice_take_their_words_only),
        TEST(a_switch_alone_is_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
