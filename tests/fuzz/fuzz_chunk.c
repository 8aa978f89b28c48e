/* A chunk of the journal, as a damaged file may have it. What holds for every input:
 *  - reading ends, within the text;
 *  - a change that was read is written, and read again, as the same change. */
#include "store/chunk.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(struct str a, struct str b)
{
    assert((a.ptr != NULL) == (b.ptr != NULL) && str_eq(a, b));
}

static void check_round_trip(const struct change *change, struct buf *text)
{
    struct chunk_reader reader;
    struct chunk_entry entry;
    buf_clear(text);
    chunk_add(text, change);
    chunk_reader_init(&reader, buf_str(text));
    bool read = chunk_next(&reader, &entry);
    assert(read && str_eq(entry.text, (struct str){text->ptr + 1, text->len - 2}));
    struct change *again = chunk_change(&entry);
    assert(again && again->seq == change->seq && again->salt == change->salt);
    assert(entry.seq == change->seq);
    assert(again->expires_ms == change->expires_ms);
    check_same(again->name, change->name);
    check_same(again->creator, change->creator);
    check_same(again->author, change->author);
    check_same(again->data, change->data);
    change_unref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct chunk_reader reader;
    struct chunk_entry entry;
    struct buf text;
    buf_init(&text, 8 * size + 512);
    chunk_reader_init(&reader, (struct str){size ? (const char *)data : "", size});
    while (chunk_next(&reader, &entry)) {
        struct change *change = chunk_change(&entry);
        if (change)
            check_round_trip(change, &text);
        change_unref(change);
    }
    buf_deinit(&text);
    return 0;
}
