#include "auth/credentials.h"

#include "sim/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SID    "AC0123456789abcdefABCDEFghijklmnop"
#define SECRET "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

struct place {
    struct scratch folder;
    struct credentials credentials;
    struct why why;
    unsigned char next; /* random byte */
};

static int begin(void **state)
{
    static struct place place;
    memset(&place, 0, sizeof place);
    scratch_init(&place.folder);
    *state = &place;
    return 0;
}

static int end(void **state)
{
    struct place *place = *state;
    scratch_deinit(&place->folder);
    return 0;
}

static void fill(void *context, void *bytes, size_t len)
{
    struct place *place = context;
    for (size_t i = 0; i < len; i++)
        ((unsigned char *)bytes)[i] = place->next++;
}

static enum err load(struct place *place, const char *sid, const char *token)
{
    struct random random = {fill, place};
    place->why = (struct why){{0}};
    return credentials_load(&place->credentials, place->folder.path, sid, token, &random,
                            &place->why);
}

static void write_file(struct place *place, const char *text, mode_t mode)
{
    char path[512];
    scratch_write(&place->folder, "credentials", text);
    scratch_file(&place->folder, "credentials", path, sizeof path);
    assert_int_equal(chmod(path, mode), 0);
}

static void assert_refused(struct place *place, const char *text, const char *why)
{
    write_file(place, text, 0600);
    assert_int_equal(load(place, NULL, NULL), ERR_CONFIG);
    assert_non_null(strstr(place->why.text, why));
    assert_non_null(strstr(place->why.text, "/credentials: "));
}

static void credentials_are_generated_at_the_first_start(void **state)
{
    struct place *place = *state;
    char path[512];
    struct stat file;
    assert_int_equal(load(place, NULL, NULL), OK);
    assert_string_equal(place->credentials.account_sid, "AC000102030405060708090a0b0c0d0e0f");
    assert_string_equal(place->credentials.auth_token, "101112131415161718191a1b1c1d1e1f");
    assert_int_equal(place->credentials.secret[0], 0x20);
    assert_int_equal(place->credentials.secret[SERVER_SECRET_SIZE - 1], 0x3f);
    scratch_file(&place->folder, "credentials", path, sizeof path);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    scratch_file(&place->folder, "credentials.new", path, sizeof path);
    assert_int_not_equal(stat(path, &file), 0);
}

static void the_next_start_finds_the_same(void **state)
{
    struct place *place = *state;
    assert_int_equal(load(place, NULL, NULL), OK);
    struct credentials first = place->credentials;
    assert_int_equal(load(place, NULL, NULL), OK);
    assert_memory_equal(&place->credentials, &first, sizeof first);
}

static void what_is_given_wins_over_the_file_and_is_not_written(void **state)
{
    struct place *place = *state;
    assert_int_equal(load(place, SID, "given"), OK);
    assert_string_equal(place->credentials.account_sid, SID);
    assert_string_equal(place->credentials.auth_token, "given");
    struct credentials first = place->credentials;
    assert_int_equal(load(place, NULL, NULL), OK);
    assert_string_not_equal(place->credentials.account_sid, SID);
    assert_string_not_equal(place->credentials.auth_token, "given");
    assert_memory_equal(place->credentials.secret, first.secret, SERVER_SECRET_SIZE);
}

static void a_given_token_replaces_the_whole_of_the_generated_one(void **state)
{
    struct place *place = *state;
    assert_int_equal(load(place, NULL, NULL), OK);
    assert_int_equal(load(place, NULL, "t"), OK);
    assert_string_equal(place->credentials.auth_token, "t");
}

static void a_file_written_by_hand_is_read(void **state)
{
    struct place *place = *state;
    write_file(place,
               "# mine\n\nsecret=" SECRET "\n  auth_token =  t0ken=#! \nunknown = 1\n"
               "account_sid\t=\t" SID,
               0600);
    assert_int_equal(load(place, NULL, NULL), OK);
    assert_string_equal(place->credentials.account_sid, SID);
    assert_string_equal(place->credentials.auth_token, "t0ken=#!");
    assert_int_equal(place->credentials.secret[31], 0x1f);
}

static void a_broken_file_is_refused_with_its_path(void **state)
{
    struct place *place = *state;
    const char *missing = "account_sid, auth_token or secret is missing";
    assert_refused(place, "", missing);
    assert_refused(place, "account_sid = " SID "\nauth_token = t\n", missing);
    assert_refused(place, "account_sid = " SID "\nsecret = " SECRET "\n", missing);
    assert_refused(place, "auth_token = t\nsecret = " SECRET "\n", missing);
    assert_refused(place, "account_sid = AC1\n", "an account SID is AC and 32 letters or digits");
    assert_refused(place, "auth_token =\n", "an auth token is 1 to 128");
    assert_refused(place, "auth_token = a b\n", "an auth token is 1 to 128");
    assert_refused(place, "secret = 00\n", "the secret is 64 hexadecimal digits");
    assert_refused(place, "secret = " SECRET "0\n", "the secret is 64 hexadecimal digits");
}

static void a_file_that_others_may_use_is_refused_with_what_to_do(void **state)
{
    static const char text[] = "account_sid = " SID "\nauth_token = t\nsecret = " SECRET "\n";
    static const mode_t lax[] = {0644, 0640, 0660, 0604, 0602, 0601, 0610, 0666};
    struct place *place = *state;
    for (size_t i = 0; i < sizeof lax / sizeof *lax; i++) {
        write_file(place, text, lax[i]);
        assert_int_equal(load(place, NULL, NULL), ERR_CONFIG);
        assert_non_null(strstr(place->why.text, "/credentials: "));
        assert_non_null(strstr(place->why.text, "chmod 600"));
    }
    write_file(place, text, 0400);
    assert_int_equal(load(place, NULL, NULL), OK);
}

static void a_copy_is_for_its_owner_alone_and_never_replaces_another(void **state)
{
    struct place *place = *state;
    struct scratch to;
    struct stat file;
    char path[512];
    scratch_init(&to);
    assert_int_equal(load(place, NULL, NULL), OK);
    struct credentials first = place->credentials;
    mode_t before = umask(0);
    assert_int_equal(credentials_copy(place->folder.path, to.path, &place->why), OK);
    umask(before);
    scratch_file(&to, "credentials", path, sizeof path);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    assert_int_equal(credentials_load(&place->credentials, to.path, NULL, NULL, NULL, &place->why),
                     OK);
    assert_memory_equal(&place->credentials, &first, sizeof first);
    assert_int_equal(credentials_copy(place->folder.path, to.path, &place->why), ERR_CONFIG);
    assert_non_null(strstr(place->why.text, path));
    credentials_remove(to.path);
    assert_int_equal(access(path, F_OK), -1);
    scratch_deinit(&to);
}

static void an_account_sid_is_ac_and_32_letters_or_digits(void **state)
{
    struct place *place = *state;
    const char *const bad[] = {"AC", "AC0123456789abcdefABCDEFghijklmno", SID "q",
                               "ac0123456789abcdefABCDEFghijklmnop",
                               "AC0123456789abcdefABCDEFghijklmno-"};
    assert_int_equal(load(place, "ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", NULL), OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(load(place, bad[i], NULL), ERR_CONFIG);
}

static void an_auth_token_has_128_characters_at_most(void **state)
{
    struct place *place = *state;
    char token[AUTH_TOKEN_LENGTH_MAX + 2] = {0};
    memset(token, 't', AUTH_TOKEN_LENGTH_MAX);
    assert_int_equal(load(place, NULL, token), OK);
    assert_string_equal(place->credentials.auth_token, token);
    token[AUTH_TOKEN_LENGTH_MAX] = 't';
    assert_int_equal(load(place, NULL, token), ERR_CONFIG);
    assert_int_equal(load(place, NULL, "\xc3\xa9"), ERR_CONFIG);
}

static void a_folder_that_is_not_there_is_told(void **state)
{
    struct place *place = *state;
    struct scratch kept = place->folder;
    strcat(place->folder.path, "/nowhere");
    assert_int_equal(load(place, NULL, NULL), ERR_CONFIG);
    assert_non_null(strstr(place->why.text, "cannot write "));
    place->folder = kept;
}

static void a_file_that_must_be_there_is_not_made(void **state)
{
    struct place *place = *state;
    char path[512];
    struct stat file;
    const char *folder = place->folder.path;
    enum err e = credentials_load(&place->credentials, folder, NULL, NULL, NULL, &place->why);
    assert_int_equal(e, ERR_CONFIG);
    assert_non_null(strstr(place->why.text, "/credentials: "));
    scratch_file(&place->folder, "credentials", path, sizeof path);
    assert_int_not_equal(stat(path, &file), 0);
    assert_int_equal(load(place, NULL, NULL), OK);
    struct credentials first = place->credentials;
    e = credentials_load(&place->credentials, folder, NULL, NULL, NULL, &place->why);
    assert_int_equal(e, OK);
    assert_memory_equal(&place->credentials, &first, sizeof first);
}

static void the_servers_own_key_is_as_lasting_as_its_secret(void **state)
{
    struct place *place = *state;
    char one[KEY_SID_LENGTH + 1], again[KEY_SID_LENGTH + 1];
    assert_int_equal(load(place, NULL, NULL), OK);
    credentials_own_key(&place->credentials, one);
    assert_true(credentials_is_key_sid(str_from(one)));
    assert_int_equal(load(place, SID, "other"), OK);
    credentials_own_key(&place->credentials, again);
    assert_string_equal(one, again);
    place->credentials.secret[0] ^= 1;
    credentials_own_key(&place->credentials, again);
    assert_string_not_equal(one, again);
}

static void a_key_sid_is_sk_and_32_lower_case_digits(void **state)
{
    (void)state;
    const char *const bad[] = {"",
                               "SK",
                               "SK0123456789abcdef0123456789abcde",
                               "SK0123456789abcdef0123456789abcdef0",
                               "SK0123456789ABCDEF0123456789ABCDEF",
                               "AC0123456789abcdef0123456789abcdef",
                               "SK0123456789abcdef0123456789abcdeg"};
    assert_true(credentials_is_key_sid(STR("SK0123456789abcdef0123456789abcdef")));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(credentials_is_key_sid(str_from(bad[i])));
}

static void a_half_written_file_of_a_crash_is_no_obstacle(void **state)
{
    struct place *place = *state;
    scratch_write(&place->folder, "credentials.new", "account_sid = AC");
    assert_int_equal(load(place, NULL, NULL), OK);
    struct credentials first = place->credentials;
    assert_int_equal(load(place, NULL, NULL), OK);
    assert_memory_equal(&place->credentials, &first, sizeof first);
}

static void every_key_has_its_own_secret_and_keeps_it(void **state)
{
    struct place *place = *state;
    char one[KEY_SECRET_LENGTH + 1], two[KEY_SECRET_LENGTH + 1], again[KEY_SECRET_LENGTH + 1];
    assert_int_equal(load(place, NULL, NULL), OK);
    credentials_key_secret(&place->credentials, STR("SK0123456789abcdef0123456789abcdef"), one);
    credentials_key_secret(&place->credentials, STR("SK0123456789abcdef0123456789abcdee"), two);
    assert_int_equal(strlen(one), KEY_SECRET_LENGTH);
    assert_string_not_equal(one, two);
    assert_int_equal(load(place, SID, "other"), OK);
    credentials_key_secret(&place->credentials, STR("SK0123456789abcdef0123456789abcdef"), again);
    assert_string_equal(one, again);
    place->credentials.secret[0] ^= 1;
    credentials_key_secret(&place->credentials, STR("SK0123456789abcdef0123456789abcdef"), again);
    assert_string_not_equal(one, again);
}

/* They may be printed on paper: a release must not derive them in another way. */
static void secrets_are_derived_as_documented(void **state)
{
    struct place *place = *state;
    char secret[KEY_SECRET_LENGTH + 1];
    unsigned char seal[32];
    write_file(place, "account_sid = " SID "\nauth_token = t\nsecret = " SECRET "\n", 0600);
    assert_int_equal(load(place, NULL, NULL), OK);
    credentials_key_secret(&place->credentials, STR("SK0123456789abcdef0123456789abcdef"), secret);
    assert_string_equal(secret, "c39e521a6864d0b9ad7ca756b745c6f4");
    credentials_seal_key(&place->credentials, seal);
    assert_int_not_equal(memcmp(seal, place->credentials.secret, sizeof seal), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(credentials_are_generated_at_the_first_start),
        TEST(the_next_start_finds_the_same),
        TEST(what_is_given_wins_over_the_file_and_is_not_written),
        TEST(a_given_token_replaces_the_whole_of_the_generated_one),
        TEST(a_file_written_by_hand_is_read),
        TEST(a_file_that_others_may_use_is_refused_with_what_to_do),
        TEST(a_copy_is_for_its_owner_alone_and_never_replaces_another),
        TEST(a_broken_file_is_refused_with_its_path),
        TEST(an_account_sid_is_ac_and_32_letters_or_digits),
        TEST(an_auth_token_has_128_characters_at_most),
        TEST(a_folder_that_is_not_there_is_told),
        TEST(a_file_that_must_be_there_is_not_made),
        TEST(the_servers_own_key_is_as_lasting_as_its_secret),
        TEST(a_key_sid_is_sk_and_32_lower_case_digits),
        TEST(a_half_written_file_of_a_crash_is_no_obstacle),
        TEST(every_key_has_its_own_secret_and_keeps_it),
        TEST(secrets_are_derived_as_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
