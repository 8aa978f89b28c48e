#include "store/kept_chunk.h"

#include "base/mem.h"

#include <stdlib.h>

void kept_chunk_init(struct kept_chunk *kept)
{
    *kept = (struct kept_chunk){0};
    buf_init(&kept->text, CHUNK_SIZE_MAX);
}

void kept_chunk_forget(struct kept_chunk *kept)
{
    while (kept->count)
        change_unref(kept->changes[--kept->count].change);
}

void kept_chunk_deinit(struct kept_chunk *kept)
{
    kept_chunk_forget(kept);
    buf_deinit(&kept->text);
    free(kept->changes);
}

static void add(struct kept_chunk *kept, const struct chunk_entry *entry)
{
    if (kept->count == kept->capacity) {
        kept->capacity = kept->capacity ? 2 * kept->capacity : 64;
        kept->changes = mem_realloc(kept->changes, kept->capacity * sizeof *kept->changes);
    }
    kept->changes[kept->count++] = (struct kept_change){.entry = *entry};
}

enum err kept_chunk_load(struct kept_chunk *kept, struct str text)
{
    struct chunk_reader reader;
    struct chunk_entry entry;
    kept_chunk_forget(kept);
    buf_clear(&kept->text);
    buf_add(&kept->text, text);
    chunk_reader_init(&reader, buf_str(&kept->text));
    while (chunk_next(&reader, &entry))
        add(kept, &entry);
    if (reader.broken)
        kept_chunk_forget(kept);
    return reader.broken ? ERR_STORE : OK;
}

bool kept_chunk_covers(const struct kept_chunk *kept, uint64_t seq)
{
    return kept->count && kept->changes[0].entry.seq <= seq &&
           seq <= kept->changes[kept->count - 1].entry.seq;
}

static struct kept_change *find(const struct kept_chunk *kept, uint64_t seq)
{
    size_t low = 0, high = kept->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (kept->changes[middle].entry.seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low < kept->count && kept->changes[low].entry.seq == seq ? &kept->changes[low] : NULL;
}

enum err kept_chunk_get(struct kept_chunk *kept, uint64_t seq, struct change **change)
{
    struct kept_change *found = find(kept, seq);
    *change = NULL;
    if (!found)
        return OK;
    if (!found->change)
        found->change = chunk_change(&found->entry);
    if (!found->change)
        return ERR_STORE;
    *change = change_ref(found->change);
    return OK;
}
