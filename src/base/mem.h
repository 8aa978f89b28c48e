/* Heap memory. Running out of it ends the program: limits, not error paths, keep us safe. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* `size` bytes, uninitialised. */
void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));

/* `count` x `size` bytes, all zero. */
void *mem_zalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* `block` (or NULL) resized to `size` > 0 bytes. */
void *mem_realloc(void *block, size_t size) __attribute__((returns_nonnull));

#endif
