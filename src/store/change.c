#include "store/change.h"

#include "base/mem.h"

#include <stdlib.h>

static struct str copy(char **at, struct str s)
{
    if (!s.ptr)
        return s;
    struct str moved = {*at, s.len};
    if (s.len)
        memcpy(*at, s.ptr, s.len);
    *at += s.len;
    return moved;
}

struct change *change_new(const struct change *from)
{
    struct change *change = mem_alloc(change_size(from));
    char *at = (char *)(change + 1);
    *change = *from;
    atomic_init(&change->refs, 1);
    change->name = copy(&at, from->name);
    change->creator = copy(&at, from->creator);
    change->author = copy(&at, from->author);
    change->data = copy(&at, from->data);
    return change;
}

struct change *change_ref(struct change *change)
{
    atomic_fetch_add_explicit(&change->refs, 1, memory_order_relaxed);
    return change;
}

void change_unref(struct change *change)
{
    if (change && atomic_fetch_sub_explicit(&change->refs, 1, memory_order_acq_rel) == 1)
        free(change);
}

struct hash change_name_hash(uint64_t parent, enum kind kind, struct str name)
{
    return hash_text(name, parent * 64 + kind);
}
