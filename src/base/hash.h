/* Hashes for tables whose keys come from clients.
 *
 * Who knows how keys are hashed can choose thousands that meet in one place of a table, and make
 * each look-up walk them all. So all hashes depend on a secret that the process draws when it
 * starts, and only the functions below make a `struct hash`, which is what dict.h takes. A hash
 * means nothing outside of its process: what is stored or shown uses str_fingerprint. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/str.h"

struct hash {
    uint64_t bits;
};

static inline bool hash_eq(struct hash a, struct hash b)
{
    return a.bits == b.bits;
}

/* Of any bytes: SipHash-1-3. The same text has another hash with another `salt`. */
struct hash hash_text(struct str text, uint64_t salt);

/* Of a number that clients cannot choose, as our own ids. No two numbers have the same hash. */
struct hash hash_number(uint64_t number);

/* Spread a number over all 64 bits, without the secret; no two become the same. */
static inline uint64_t hash_mix(uint64_t number)
{
    number ^= number >> 32;
    number *= 0xd6e8feb86659fd93u;
    number ^= number >> 32;
    number *= 0xd6e8feb86659fd93u;
    return number ^ number >> 32;
}

#endif
