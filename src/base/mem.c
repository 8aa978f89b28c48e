#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

static void *checked(void *block)
{
    if (!block) {
        fputs("tutti: out of memory\n", stderr);
        abort();
    }
    return block;
}

void *mem_alloc(size_t size)
{
    return checked(malloc(size ? size : 1));
}

void *mem_zalloc(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *mem_realloc(void *block, size_t size)
{
    return checked(realloc(block, size));
}
