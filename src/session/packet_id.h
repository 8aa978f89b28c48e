/* Ids of the packets that a gateway sends unasked; each is given once. */
#ifndef SESSION_PACKET_ID_H
#define SESSION_PACKET_ID_H

#include <stdint.h>

enum { PACKET_ID_LENGTH = 34 };

struct packet_ids {
    uint64_t base;  /* tells the gateway from others */
    uint64_t given; /* so far */
};

/* The next one: "TM" and 32 hexadecimal digits, and a NUL. */
void packet_id_next(struct packet_ids *ids, char id[PACKET_ID_LENGTH + 1]);

#endif
