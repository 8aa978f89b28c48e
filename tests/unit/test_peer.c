#include "http/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

static bool is_loopback(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return peer_is_loopback_address((struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return peer_is_loopback_address((struct sockaddr *)&v6);
}

static void loopback_addresses_are_known_in_either_family(void **state)
{
    (void)state;
    assert_true(is_loopback("127.0.0.1"));
    assert_true(is_loopback("127.255.0.3"));
    assert_true(is_loopback("::1"));
    assert_true(is_loopback("::ffff:127.0.0.1"));
    assert_false(is_loopback("128.0.0.1"));
    assert_false(is_loopback("0.0.0.0"));
    assert_false(is_loopback("10.127.0.1"));
    assert_false(is_loopback("::"));
    assert_false(is_loopback("::ffff:10.0.0.1"));
    assert_false(is_loopback("fe80::1"));
}

static void a_socket_that_has_no_address_is_not_from_here(void **state)
{
    (void)state;
    int pair[2];
    char text[PEER_ADDRESS_MAX];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_false(peer_is_loopback(pair[0]));
    assert_false(peer_is_loopback(-1));
    peer_address(-1, text);
    assert_string_equal(text, "");
    close(pair[0]);
    close(pair[1]);
}

static int listen_here(struct sockaddr_in *address)
{
    socklen_t len = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(bind(fd, (struct sockaddr *)address, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
    return fd;
}

static void a_connection_of_this_process_is_of_its_own_user(void **state)
{
    (void)state;
    struct sockaddr_in address;
    int listener = listen_here(&address), client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    int accepted = accept(listener, NULL, NULL);
    assert_true(peer_is_own_user(accepted));
    assert_true(peer_is_own_user(client));
    assert_false(peer_is_own_user(listener)); /* it is connected to nobody */
    close(client);
    close(accepted);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_addresses_are_known_in_either_family),
        cmocka_unit_test(a_connection_of_this_process_is_of_its_own_user),
        cmocka_unit_test(a_socket_that_has_no_address_is_not_from_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
