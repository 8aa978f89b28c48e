/* Map keys that met in one place of the name index while its hash had no secret: FNV-1a over the
 * key, begun with what a client can know, the map's id (the last_event_id of its creation).
 *
 *   collide ID COUNT
 *                   prints COUNT keys whose hashes have the same low bits but for the last SPREAD
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEY_LENGTH = 6, KIND_MAP_ITEM = 8, INDEX_BITS = 17, SPREAD = 6 };

static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";

static uint64_t stir(uint64_t key)
{
    key ^= key >> 32;
    return key * 0xd6e8feb86659fd93u;
}

static uint64_t begin(uint64_t id)
{
    uint64_t key = stir(stir(id * 64 + KIND_MAP_ITEM));
    return 0xcbf29ce484222325u ^ key ^ key >> 32;
}

static uint64_t finish(uint64_t hash)
{
    hash = stir(hash);
    return hash ^ hash >> 32;
}

static uint64_t hash_key(uint64_t hash, uint64_t number, char *key)
{
    for (int i = 0; i < KEY_LENGTH; i++) {
        key[i] = letters[number >> 5 * i & 31];
        hash = (hash ^ (unsigned char)key[i]) * 0x100000001b3u;
    }
    return finish(hash);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        errx(2, "see the top of bench/collide.c");
    uint64_t begun = begin(strtoull(argv[1], NULL, 10)), wanted = strtoull(argv[2], NULL, 10);
    const uint64_t mask = (UINT64_C(1) << INDEX_BITS) - 1;
    char key[KEY_LENGTH + 1] = {0};
    for (uint64_t number = 0; wanted && number < UINT64_C(1) << 5 * KEY_LENGTH; number++)
        if ((hash_key(begun, number, key) & mask) >> SPREAD == 0) {
            puts(key);
            wanted--;
        }
    return wanted > 0;
}
