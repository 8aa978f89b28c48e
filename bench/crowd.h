/* Many sockets that one thread reads with one epoll set: clients of the realtime protocol, or plain
 * ones that are only written to.
 *
 * What goes wrong ends the program with a line that says what. */
#ifndef CROWD_H
#define CROWD_H

#include <stdbool.h>
#include <stddef.h>

enum { CROWD_SID_LENGTH = 34 };

struct client {
    struct crowd *crowd;
    int fd;
    int phase;              /* crowd.c's, up to `text` */
    size_t want;            /* bytes until the message is complete */
    size_t head_size;       /* of the frame's header that is here */
    unsigned char head[10]; /* ... and as much of it */
    size_t message_size;    /* with its header */
    size_t kept;
    char *text; /* the last message's first bytes, a string; NULL: nobody looks (crowd_keep) */
};

struct crowd {
    int epoll;
    int port;                           /* of the server on 127.0.0.1 */
    const char *token;                  /* that clients show */
    char (*sids)[CROWD_SID_LENGTH + 1]; /* of documents, for whom they concern */
    size_t sids_count;
    bool subscribing; /* clients hear of one of them each, from when they have come in */
    size_t opened;    /* clients that have come in, of those of the last crowd_open */

    /* A message, with so many bytes, to a client that has come in. */
    void (*hear)(struct client *client, size_t size);
};

/* With no port, no sids, and nobody in it. */
void crowd_init(struct crowd *crowd);

/* One sid a line. */
void crowd_read_sids(struct crowd *crowd, const char *path);

/* So many more clients; returns when all have shown their token and, if `subscribing`, hear of a
 * document. They are never freed. */
struct client *crowd_open(struct crowd *crowd, size_t count);

/* The same with sockets that nobody speaks on; the other end sends frames of a server. */
struct client *crowd_open_plain(struct crowd *crowd, size_t count);

/* Read what has come, or wait for it up to so many ms; -1: for ever. */
void crowd_poll(struct crowd *crowd, int timeout_ms);

/* From the next message on `text` has its beginning. */
void crowd_keep(struct client *client);

/* Send a tunnelled request with a JSON body. */
void crowd_request(struct client *client, const char *method, const char *path, const char *body);

/* Send what the SDKs answer each packet with. */
void crowd_acknowledge(struct client *client);

#endif
