#include "listener.h"

#include "base/str.h"
#include "http/peer.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096, HOST_MAX = 256 };

/* Split at the last colon; [::1]:80 loses its brackets. */
static enum err split(const char *listen_at, char host[HOST_MAX], const char **port,
                      struct why *why)
{
    const char *colon = strrchr(listen_at, ':');
    size_t len = colon ? (size_t)(colon - listen_at) : 0;
    bool bracketed = len >= 2 && listen_at[0] == '[' && listen_at[len - 1] == ']';
    uint64_t number; /* getaddrinfo would take 99999 for 34463 */
    if (!len || len >= HOST_MAX || !str_to_u64(str_from(colon + 1), UINT16_MAX, &number)) {
        why_set(why, "listen must be HOST:PORT, as 127.0.0.1:8080, not \"%s\"", listen_at);
        return ERR_CONFIG;
    }
    snprintf(host, HOST_MAX, "%.*s", (int)(bracketed ? len - 2 : len), listen_at + bracketed);
    *port = colon + 1;
    return OK;
}

static enum err resolve(const char *listen_at, struct addrinfo **info, struct why *why)
{
    char host[HOST_MAX];
    const char *port;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    enum err e = split(listen_at, host, &port, why);
    if (e)
        return e;
    int code = getaddrinfo(host, port, &hints, info);
    if (code == 0)
        return OK;
    why_set(why, "cannot listen on %s: %s", listen_at, gai_strerror(code));
    return ERR_CONFIG;
}

static int bind_one(const struct sockaddr *address, socklen_t len, bool shared)
{
    int on = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(fd, address, len) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

/* With SO_REUSEPORT a second server could bind the same port without anybody noticing. One
 * socket without it tells. */
static bool is_free(const struct sockaddr *address, socklen_t len)
{
    int fd = bind_one(address, len, false);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool open_all(struct sockaddr_storage *address, socklen_t len, int *fds, size_t count)
{
    size_t opened = 0;
    for (; opened < count; opened++) {
        fds[opened] = bind_one((struct sockaddr *)address, len, true);
        if (fds[opened] < 0)
            break;
        /* The first one learns the port that the others share. */
        getsockname(fds[opened], (struct sockaddr *)address, &len);
    }
    if (opened == count)
        return true;
    while (opened)
        close(fds[--opened]);
    return false;
}

static void print(const struct sockaddr_storage *address, socklen_t len,
                  char text[LISTENER_ADDRESS_MAX])
{
    char host[128], port[16];
    getnameinfo((const struct sockaddr *)address, len, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(text, LISTENER_ADDRESS_MAX, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

static const char *hint(int number)
{
    switch (number) {
    case EADDRINUSE:
        return "; stop the server that has it, or choose another port with --listen HOST:PORT";
    case EADDRNOTAVAIL:
        return "; it is not an address of this machine";
    case EACCES:
        return "; choose a port above 1023, or give the program the right to this one";
    default:
        return "";
    }
}

enum err listener_open(const char *listen_at, int *fds, size_t count,
                       char address[LISTENER_ADDRESS_MAX], struct why *why)
{
    struct sockaddr_storage storage = {0};
    struct addrinfo *info;
    enum err e = resolve(listen_at, &info, why);
    if (e)
        return e;
    socklen_t len = info->ai_addrlen;
    memcpy(&storage, info->ai_addr, len);
    freeaddrinfo(info);
    if (!is_free((struct sockaddr *)&storage, len) || !open_all(&storage, len, fds, count)) {
        why_set(why, "cannot listen on %s: %s%s", listen_at, strerror(errno), hint(errno));
        return ERR_CONFIG;
    }
    print(&storage, len, address);
    return OK;
}

bool listener_is_loopback(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    return getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
           peer_is_loopback_address((struct sockaddr *)&address);
}

enum err listener_check_development(int fd, const char *address, struct why *why)
{
    if (listener_is_loopback(fd))
        return OK;
    why_set(why,
            "development lets this machine's browsers in without a sign-in, so it needs a listen "
            "address like 127.0.0.1:8080, not %s",
            address);
    return ERR_CONFIG;
}

void listener_close(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}
