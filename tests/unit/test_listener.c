#include "listener.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FDS = 3 };

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

static unsigned port_of(int fd)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    return ntohs(address.sin_port);
}

static void port_0_picks_one_for_all(void **state)
{
    (void)state;
    int fds[FDS];
    char address[LISTENER_ADDRESS_MAX], expected[64];
    struct why why;
    assert_int_equal(listener_open("127.0.0.1:0", fds, FDS, address, &why), OK);
    unsigned port = port_of(fds[0]);
    assert_int_not_equal(port, 0);
    for (size_t i = 1; i < FDS; i++)
        assert_int_equal(port_of(fds[i]), port);
    snprintf(expected, sizeof expected, "127.0.0.1:%u", port);
    assert_string_equal(address, expected);
    close_all(fds, FDS);
}

static int connect_to(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static void clients_can_connect(void **state)
{
    (void)state;
    int fds[FDS];
    char address[LISTENER_ADDRESS_MAX];
    struct why why;
    assert_int_equal(listener_open("127.0.0.1:0", fds, FDS, address, &why), OK);
    int client = connect_to(port_of(fds[0]));
    assert_true(client >= 0);
    close(client);
    close_all(fds, FDS);
}

static void a_port_in_use_is_refused(void **state)
{
    (void)state;
    int fds[FDS], more[FDS];
    char address[LISTENER_ADDRESS_MAX], other[LISTENER_ADDRESS_MAX];
    struct why why;
    assert_int_equal(listener_open("127.0.0.1:0", fds, FDS, address, &why), OK);
    assert_int_equal(listener_open(address, more, FDS, other, &why), ERR_CONFIG);
    assert_non_null(strstr(why.text, "Address already in use"));
    assert_non_null(strstr(why.text, address));
    close_all(fds, FDS);
    assert_int_equal(listener_open(address, fds, 1, other, &why), OK);
    assert_string_equal(other, address);
    close_all(fds, 1);
}

static void an_ipv6_address_stands_in_brackets(void **state)
{
    (void)state;
    int fds[FDS];
    char address[LISTENER_ADDRESS_MAX];
    struct why why;
    if (listener_open("[::1]:0", fds, FDS, address, &why) != OK)
        skip(); /* a machine without IPv6 */
    assert_memory_equal(address, "[::1]:", 6);
    close_all(fds, FDS);
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    char endless[400];
    memset(endless, 'h', sizeof endless);
    strcpy(endless + sizeof endless - 4, ":80");
    const char *const malformed[] = {endless,           "",
                                     "127.0.0.1",       ":8080",
                                     "127.0.0.1:",      "[::1]",
                                     "127.0.0.1:65536", "127.0.0.1:-1",
                                     "127.0.0.1:99999", "127.0.0.1:http",
                                     "127.0.0.1:80a",   "127.0.0.1: 80"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        int fd;
        char address[LISTENER_ADDRESS_MAX];
        struct why why;
        assert_int_equal(listener_open(malformed[i], &fd, 1, address, &why), ERR_CONFIG);
        assert_non_null(strstr(why.text, "must be HOST:PORT"));
    }
}

static bool is_for_this_machine_only(const char *listen_at)
{
    int fd;
    char address[LISTENER_ADDRESS_MAX];
    struct why why;
    assert_int_equal(listener_open(listen_at, &fd, 1, address, &why), OK);
    bool loopback = listener_is_loopback(fd);
    close(fd);
    return loopback;
}

static void a_loopback_address_is_for_this_machine_only(void **state)
{
    (void)state;
    assert_true(is_for_this_machine_only("127.0.0.1:0"));
    assert_true(is_for_this_machine_only("127.9.9.9:0"));
    assert_false(is_for_this_machine_only("0.0.0.0:0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_0_picks_one_for_all),
        cmocka_unit_test(clients_can_connect),
        cmocka_unit_test(a_port_in_use_is_refused),
        cmocka_unit_test(an_ipv6_address_stands_in_brackets),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_loopback_address_is_for_this_machine_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
