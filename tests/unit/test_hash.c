#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>

static void a_hash_depends_on_every_byte_the_length_and_the_salt(void **state)
{
    (void)state;
    char text[64];
    for (size_t len = 0; len < sizeof text; len++) {
        memset(text, 0, sizeof text);
        struct hash hash = hash_text((struct str){text, len}, 1);
        assert_true(hash_eq(hash, hash_text((struct str){text, len}, 1)));
        assert_false(hash_eq(hash, hash_text((struct str){text, len}, 2)));
        assert_false(hash_eq(hash, hash_text((struct str){text, len + 1}, 1)));
        for (size_t i = 0; i < len; i++) {
            text[i] = 1;
            assert_false(hash_eq(hash, hash_text((struct str){text, len}, 1)));
            text[i] = 0;
        }
    }
    assert_true(hash_eq(hash_text((struct str){0}, 1), hash_text(STR(""), 1)));
}

/* Each bit of the input turns about half of the bits of the hash. */
static void a_hash_is_spread_over_all_bits(void **state)
{
    (void)state;
    enum { TEXTS = 1000, LENGTH = 10 };
    char text[LENGTH + 1];
    unsigned turned[64] = {0};
    for (int i = 0; i < TEXTS; i++) {
        snprintf(text, sizeof text, "item-%05d", i);
        uint64_t before = hash_text((struct str){text, LENGTH}, 0).bits;
        text[i % LENGTH] ^= 1;
        uint64_t difference = before ^ hash_text((struct str){text, LENGTH}, 0).bits;
        for (int bit = 0; bit < 64; bit++)
            turned[bit] += difference >> bit & 1;
    }
    for (int bit = 0; bit < 64; bit++)
        assert_in_range(turned[bit], TEXTS * 2 / 5, TEXTS * 3 / 5);
}

/* --- another process: this program, which then only says what its hashes are --- */

static int tell(void)
{
    printf("%" PRIx64 " %" PRIx64 "\n", hash_text(STR("name"), 0).bits, hash_number(1).bits);
    return 0;
}

static void ask_another(uint64_t *text, uint64_t *number)
{
    FILE *other = popen("exec /proc/$PPID/exe tell", "r");
    assert_non_null(other);
    assert_int_equal(fscanf(other, "%" SCNx64 " %" SCNx64, text, number), 2);
    assert_int_equal(pclose(other), 0);
}

static void another_process_has_other_hashes(void **state)
{
    (void)state;
    uint64_t text, number;
    ask_another(&text, &number);
    assert_true(text != hash_text(STR("name"), 0).bits);
    assert_true(number != hash_number(1).bits);
}

int main(int argc, char **argv)
{
    (void)argv;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_depends_on_every_byte_the_length_and_the_salt),
        cmocka_unit_test(a_hash_is_spread_over_all_bits),
        cmocka_unit_test(another_process_has_other_hashes),
    };
    return argc > 1 ? tell() : cmocka_run_group_tests(tests, NULL, NULL);
}
