#include "base/mac.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

static const char *hex(const unsigned char *bytes, size_t size)
{
    static char text[2 * MAC_SIZE_MAX + 1];
    for (size_t i = 0; i < size; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return text;
}

static void assert_macs(struct str key, struct str message, const char *const macs[3])
{
    const size_t sizes[] = {32, 48, 64};
    unsigned char mac[MAC_SIZE_MAX];
    for (int hash = MAC_SHA256; hash <= MAC_SHA512; hash++) {
        assert_int_equal(mac_compute((enum mac_hash)hash, key, message, mac), sizes[hash]);
        assert_string_equal(hex(mac, sizes[hash]), macs[hash]);
    }
    mac_sha256(key, message, mac);
    assert_string_equal(hex(mac, MAC_SIZE), macs[MAC_SHA256]);
}

/* RFC 4231 section 4.3. */
static void the_vectors_of_the_rfc_come_out(void **state)
{
    (void)state;
    assert_macs(STR("Jefe"), STR("what do ya want for nothing?"),
                (const char *const[]){
                    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
                    "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
                    "8e2240ca5e69e2c78b3239ecfab21649",
                    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                    "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
                });
}

static void an_empty_key_is_not_that_of_the_call_before(void **state)
{
    (void)state;
    unsigned char before[MAC_SIZE_MAX], absent[MAC_SIZE_MAX], empty[MAC_SIZE_MAX];
    mac_sha256(STR("Jefe"), STR("text"), before);
    mac_sha256((struct str){0}, STR("text"), absent);
    mac_sha256(STR(""), STR("text"), empty);
    assert_memory_equal(absent, empty, MAC_SIZE);
    assert_memory_not_equal(absent, before, MAC_SIZE);
}

static void only_the_same_bytes_are_equal(void **state)
{
    (void)state;
    assert_true(mac_equal(STR("abc"), STR("abc")));
    assert_true(mac_equal(STR(""), STR("")));
    assert_false(mac_equal(STR("abc"), STR("abd")));
    assert_false(mac_equal(STR("abc"), STR("ab")));
    assert_false(mac_equal(STR("a\0c"), STR("a\0d")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_come_out),
        cmocka_unit_test(an_empty_key_is_not_that_of_the_call_before),
        cmocka_unit_test(only_the_same_bytes_are_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
