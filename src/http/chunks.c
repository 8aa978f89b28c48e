#include "http/chunks.h"

#include "base/hex.h"
#include "http/characters.h"

static void enter_line(struct chunks *chunks, unsigned state)
{
    chunks->state = state;
    chunks->line = 0;
    chunks->named = false;
}

/* The size's digits, then an extension or the end of the line. */
static bool take_size(struct chunks *chunks, char c)
{
    enum { DIGITS = 12 };
    int digit = hex_digit(c);
    if (digit < 0 && !chunks->line)
        return false;
    if (digit >= 0) {
        chunks->left = chunks->left << 4 | (unsigned)digit;
        return ++chunks->line <= DIGITS;
    }
    chunks->state = c == '\r' ? CHUNK_LINE_FEED : CHUNK_EXTENSION;
    return c == '\r' || c == ';';
}

static bool take_extension(struct chunks *chunks, char c)
{
    if (c == '\r')
        chunks->state = CHUNK_LINE_FEED;
    return c == '\r' ||
           (++chunks->line <= CHUNKS_LINE_MAX && characters_are_field((struct str){&c, 1}));
}

static bool end_size_line(struct chunks *chunks, char c)
{
    enter_line(chunks, chunks->left ? CHUNK_DATA : CHUNK_TRAILER);
    return c == '\n';
}

/* A name, a colon and a value; an empty line is the end. */
static bool take_trailer(struct chunks *chunks, char c)
{
    struct str one = {&c, 1};
    if (c == '\r') {
        chunks->state = CHUNK_TRAILER_LINE_FEED;
        return !chunks->line || chunks->named;
    }
    if (++chunks->total > CHUNKS_TRAILERS_MAX)
        return false;
    if (chunks->named)
        return characters_are_field(one);
    chunks->named = c == ':' && chunks->line > 0;
    chunks->line++;
    return chunks->named || characters_are_token(one);
}

static bool end_trailer(struct chunks *chunks, char c)
{
    if (chunks->line)
        enter_line(chunks, CHUNK_TRAILER);
    else
        chunks->state = CHUNK_END;
    return c == '\n';
}

static bool end_data(struct chunks *chunks, char c)
{
    enter_line(chunks, CHUNK_SIZE);
    chunks->left = 0;
    return c == '\n';
}

/* One byte that is no data. False: it may not stand there. */
static bool take(struct chunks *chunks, char c)
{
    switch (chunks->state) {
    case CHUNK_SIZE:
        return take_size(chunks, c);
    case CHUNK_EXTENSION:
        return take_extension(chunks, c);
    case CHUNK_LINE_FEED:
        return end_size_line(chunks, c);
    case CHUNK_DATA_RETURN:
        chunks->state = CHUNK_DATA_LINE_FEED;
        return c == '\r';
    case CHUNK_DATA_LINE_FEED:
        return end_data(chunks, c);
    case CHUNK_TRAILER:
        return take_trailer(chunks, c);
    case CHUNK_TRAILER_LINE_FEED:
        return end_trailer(chunks, c);
    case CHUNK_DATA:
    case CHUNK_END:
    case CHUNK_BROKEN:
        break;
    }
    return false;
}

static struct str take_data(struct chunks *chunks, struct str *bytes)
{
    struct str data = str_shift(bytes, bytes->len < chunks->left ? bytes->len : chunks->left);
    chunks->left -= data.len;
    if (!chunks->left)
        chunks->state = CHUNK_DATA_RETURN;
    return data;
}

void chunks_next(struct chunks *chunks, struct str *bytes, struct str *data)
{
    *data = (struct str){bytes->ptr, 0};
    while (bytes->len && chunks->state != CHUNK_END && chunks->state != CHUNK_BROKEN) {
        if (chunks->state == CHUNK_DATA) {
            *data = take_data(chunks, bytes);
            return;
        }
        if (!take(chunks, str_shift(bytes, 1).ptr[0]))
            chunks->state = CHUNK_BROKEN;
    }
}
