/* The bytes of a connection: a head, and a body in chunks behind it. What holds for every input:
 *  - a head that comes in pieces is the same head;
 *  - no line of one that is good has a folded line, a bare CR or LF, or a NUL;
 *  - data of chunks lies within the input, and comes out the same however it is cut. */
#include "http/chunks.h"
#include "http/head.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD_SIZE_MAX = 8192 };

static size_t find_in_pieces(struct str bytes, enum http_fault *fault)
{
    struct head_search search = {0};
    size_t end = 0;
    *fault = FAULT_NONE;
    for (size_t len = 0; !end && !*fault && len <= bytes.len; len++)
        end = head_find_end(&search, (struct str){bytes.ptr, len}, HEAD_SIZE_MAX, fault);
    return end;
}

static void check_lines(struct str head)
{
    assert(!memchr(head.ptr, 0, head.len));
    for (size_t i = 0; i < head.len; i++) {
        if (head.ptr[i] == '\n')
            assert(i && head.ptr[i - 1] == '\r');
        if (head.ptr[i] == '\r')
            assert(i + 1 < head.len && head.ptr[i + 1] == '\n');
        if (i && head.ptr[i - 1] == '\n')
            assert(head.ptr[i] != ' ' && head.ptr[i] != '\t');
    }
}

static uint64_t read_chunks(struct str bytes, size_t piece, size_t *count, unsigned *state)
{
    struct chunks chunks = {0};
    uint64_t sum = 0;
    *count = 0;
    while (bytes.len && chunks.state != CHUNK_END && chunks.state != CHUNK_BROKEN) {
        struct str part = str_shift(&bytes, piece < bytes.len ? piece : bytes.len), run;
        while (part.len && chunks.state != CHUNK_END && chunks.state != CHUNK_BROKEN) {
            chunks_next(&chunks, &part, &run);
            for (size_t i = 0; i < run.len; i++)
                sum = sum * 31 + (unsigned char)run.ptr[i];
            *count += run.len;
        }
    }
    *state = chunks.state;
    return sum;
}

static void check_body(struct str bytes)
{
    size_t count, again;
    unsigned state, state_again;
    uint64_t sum = read_chunks(bytes, bytes.len ? bytes.len : 1, &count, &state);
    assert(read_chunks(bytes, 1, &again, &state_again) == sum);
    assert(count == again && state == state_again && count <= bytes.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    struct head_search search = {0};
    enum http_fault fault, fault_in_pieces;
    size_t end = head_find_end(&search, bytes, HEAD_SIZE_MAX, &fault);
    size_t end_in_pieces = find_in_pieces(bytes, &fault_in_pieces);
    assert(end == end_in_pieces && (fault == FAULT_NONE) == (fault_in_pieces == FAULT_NONE));
    check_body((struct str){bytes.ptr + end, bytes.len - end});
    if (!end)
        return 0;
    struct arena arena;
    struct head head;
    arena_init(&arena);
    if (head_parse((struct str){bytes.ptr, end}, &arena, &head) == FAULT_NONE)
        check_lines((struct str){bytes.ptr, end});
    arena_deinit(&arena);
    return 0;
}
