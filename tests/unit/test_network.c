#include "http/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

static bool trusts(const char *list, const char *address)
{
    struct networks networks;
    struct why why;
    struct sockaddr_storage storage = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;
    assert_int_equal(networks_parse(list, &networks, &why), OK);
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1)
        storage.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1)
        storage.ss_family = AF_INET6;
    return networks_trust(&networks, (struct sockaddr *)&storage);
}

static void an_address_is_trusted_that_is_on_the_list(void **state)
{
    (void)state;
    assert_true(trusts("10.0.0.5", "10.0.0.5"));
    assert_false(trusts("10.0.0.5", "10.0.0.4"));
    assert_true(trusts("192.0.2.1, 10.0.0.0/9", "10.127.0.1"));
    assert_false(trusts("192.0.2.1, 10.0.0.0/9", "10.128.0.1"));
    assert_true(trusts("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(trusts("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(trusts("127.0.0.0/8, ::1", "::ffff:127.0.0.9"));
    assert_true(trusts("0.0.0.0/0", "198.51.100.7"));
    assert_false(trusts("0.0.0.0/0", "2001:db8::1"));
    assert_false(trusts(NULL, "127.0.0.1"));
    assert_false(trusts("0.0.0.0/0, ::/0", "neither"));
}

static void what_is_no_list_of_addresses_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",         "localhost", "10.0.0.1,",         "10.0.0.0/33",
                                      "::1/129",  "10.0.0.1/", "10.0.0.1 10.0.0.2", "10.0.0/8",
                                      "1.2.3.4/x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct networks networks;
        struct why why = {0};
        assert_int_equal(networks_parse(bad[i], &networks, &why), ERR_CONFIG);
        assert_non_null(strstr(why.text, "10.0.0.0/8"));
    }
}

/* The network of the peer of a connection from that address of the loopback. */
static uint64_t network_from(const char *address, const struct networks *trusted)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, address, &from.sin_addr);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(bind(client, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof at), 0);
    int accepted = accept(listener, NULL, NULL);
    uint64_t network = network_of(accepted, trusted);
    close(accepted);
    close(client);
    close(listener);
    return network;
}

static void an_address_is_a_network_unless_it_is_trusted(void **state)
{
    (void)state;
    struct networks trusted;
    struct why why;
    assert_int_equal(networks_parse("127.0.0.9", &trusted, &why), OK);
    assert_int_not_equal(network_from("127.0.0.1", &trusted), 0);
    assert_int_equal(network_from("127.0.0.1", &trusted), network_from("127.0.0.1", &trusted));
    assert_int_not_equal(network_from("127.0.0.1", &trusted), network_from("127.0.0.2", &trusted));
    assert_int_equal(network_from("127.0.0.9", &trusted), 0);
    assert_int_equal(network_of(-1, &trusted), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_trusted_that_is_on_the_list),
        cmocka_unit_test(what_is_no_list_of_addresses_is_refused),
        cmocka_unit_test(an_address_is_a_network_unless_it_is_trusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
