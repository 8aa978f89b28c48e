/* A list of ids that grows. All zero is an empty one. */
#ifndef STORE_IDS_H
#define STORE_IDS_H

#include <stddef.h>
#include <stdint.h>

struct ids {
    uint64_t *ptr;
    size_t count;
    size_t capacity;
};

void ids_deinit(struct ids *ids);

void ids_add(struct ids *ids, uint64_t id);

/* Ascending, in linear time: a radix sort of the digits in which they differ. What `scratch` had
 * is lost. */
void ids_sort(struct ids *ids, struct ids *scratch);

#endif
