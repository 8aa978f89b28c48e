/* What the domain allows. The configuration's table (config.c) holds the defaults. */
#ifndef SYNC_LIMITS_H
#define SYNC_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NAME_LENGTH_MAX = 320, /* code points of a unique name, and of a map item's key */
    IDENTITY_LENGTH_MAX = 256,
    FRIENDLY_NAME_LENGTH_MAX = 255,
    WEBHOOK_URL_LENGTH_MAX = 512,
    PAGE_SIZE_DEFAULT = 50,
    PAGE_SIZE_MAX = 100,
    TTL_MAX_S = 31536000,
    BATCH_MAX = 512, /* commands evaluated and committed together */
};

struct limits {
    size_t data_size_max;    /* bytes of a document's or an item's compact JSON */
    size_t message_size_max; /* ... of a stream message's */
    unsigned data_depth_max; /* arrays and objects within each other */
    bool lenient_json;       /* read data once more leniently when it is not strict JSON */
};

#endif
