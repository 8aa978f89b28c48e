/* SipHash-1-3: one round for each eight bytes, three at the end. The design is by Aumasson and
 * Bernstein ("SipHash: a fast short-input PRF", 2012); with these numbers of rounds it is what
 * several languages' own hash tables use. The salt is hashed as a first block of eight bytes. */
#include "base/hash.h"

#include "base/clock.h"

#include <endian.h>
#include <string.h>

enum { WORD = 8, FINAL_ROUNDS = 3 };

struct state {
    uint64_t a, b, c, d;
};

/* Written once, before main and any thread. It is global because it belongs to the process as
 * addresses do: passing it along would only make it possible to have another one. */
static uint64_t secret[3];

__attribute__((constructor)) static void draw_secret(void)
{
    struct random random = random_system();
    random.fill(random.context, secret, sizeof secret);
}

static inline uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void round_of(struct state *s)
{
    s->a += s->b;
    s->c += s->d;
    s->b = rotate(s->b, 13) ^ s->a;
    s->d = rotate(s->d, 16) ^ s->c;
    s->a = rotate(s->a, 32);
    s->c += s->b;
    s->a += s->d;
    s->b = rotate(s->b, 17) ^ s->c;
    s->d = rotate(s->d, 21) ^ s->a;
    s->c = rotate(s->c, 32);
}

static inline void absorb(struct state *s, uint64_t word)
{
    s->d ^= word;
    round_of(s);
    s->a ^= word;
}

/* 1 to 7 bytes, the first one lowest. Some are read twice, at the same place: that takes no loop
 * and no call of memcpy, which would cost as much as all the rest for a short name. */
static inline uint64_t part_of_word(const char *at, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)at;
    if (len < WORD / 2)
        return bytes[0] | (uint64_t)bytes[len / 2] << 8 * (len / 2) |
               (uint64_t)bytes[len - 1] << 8 * (len - 1);
    uint32_t first, last;
    memcpy(&first, at, sizeof first);
    memcpy(&last, at + len - sizeof last, sizeof last);
    return le32toh(first) | (uint64_t)le32toh(last) << 8 * (len - sizeof last);
}

/* The bytes after the last whole word, with the length in the highest byte. */
static inline uint64_t last_word(struct str text, uint64_t length)
{
    size_t left = text.len % WORD;
    uint64_t word = left ? part_of_word(text.ptr + text.len - left, left) : 0;
    return word | length << 56;
}

struct hash hash_text(struct str text, uint64_t salt)
{
    struct state s = {
        secret[0] ^ 0x736f6d6570736575u,
        secret[1] ^ 0x646f72616e646f6du,
        secret[0] ^ 0x6c7967656e657261u,
        secret[1] ^ 0x7465646279746573u,
    };
    absorb(&s, salt);
    for (size_t at = 0; at + WORD <= text.len; at += WORD) {
        uint64_t word;
        memcpy(&word, text.ptr + at, WORD);
        absorb(&s, le64toh(word));
    }
    absorb(&s, last_word(text, text.len + WORD));
    s.c ^= 0xff;
    for (int i = 0; i < FINAL_ROUNDS; i++)
        round_of(&s);
    return (struct hash){s.a ^ s.b ^ s.c ^ s.d};
}

struct hash hash_number(uint64_t number)
{
    return (struct hash){hash_mix(number ^ secret[2])};
}
