#include "store/chunk.h"

#include "base/digits.h"
#include "base/value.h"

enum { PADDED = 10, NUMBERS = 11 };

/* --- writing --- */

static void add_numbers(struct buf *text, const struct change *change)
{
    const int64_t numbers[NUMBERS] = {
        (int64_t)change->seq,  (int64_t)change->prev,
        (int64_t)change->id,   (int64_t)change->parent,
        change->kind,          change->type,
        (int64_t)change->salt, (int64_t)change->revision,
        change->created_ms,    change->updated_ms,
        change->expires_ms,
    };
    char digits[NUMBERS * (DIGITS_MAX + 1)], *at = digits;
    for (size_t i = 0; i < NUMBERS; i++) {
        at = digits_put_signed(at, numbers[i]);
        *at++ = ',';
    }
    buf_add(text, (struct str){digits, (size_t)(at - digits)});
}

static void add_body(struct buf *text, const struct change *change)
{
    add_numbers(text, change);
    buf_add_json(text, change->name);
    buf_add_char(text, ',');
    buf_add_json(text, change->creator);
    buf_add_char(text, ',');
    buf_add_json(text, change->author);
    if (!change->data.ptr)
        return;
    buf_add_char(text, ',');
    buf_add(text, change->data);
}

/* A chunk ends with a bracket; what is added takes its place. */
static void begin_entry(struct buf *text)
{
    if (text->len)
        text->ptr[text->len - 1] = ',';
    else
        buf_add_char(text, '[');
}

void chunk_add(struct buf *text, const struct change *change)
{
    static const char gap[PADDED + 3] = "[          ,";
    begin_entry(text);
    buf_add(text, (struct str){gap, sizeof gap - 1});
    size_t begin = text->len;
    add_body(text, change);
    char digits[DIGITS_MAX];
    size_t width = (size_t)(digits_put(digits, text->len - begin) - digits);
    memcpy(text->ptr + begin - 1 - width, digits, width);
    buf_add_lit(text, "]]");
}

void chunk_add_text(struct buf *text, struct str entry)
{
    begin_entry(text);
    buf_add(text, entry);
    buf_add_char(text, ']');
}

/* --- reading: whatever is not as written above is broken --- */

static bool skip(struct str *rest, char c)
{
    if (!rest->len || rest->ptr[0] != c)
        return false;
    str_shift(rest, 1);
    return true;
}

/* Digits and the comma behind them; more than 19 are not ours. */
static bool read_digits(struct str *rest, uint64_t *number)
{
    enum { LENGTH_MAX = 19 };
    size_t len = 0;
    *number = 0;
    for (; len < rest->len && len <= LENGTH_MAX; len++) {
        unsigned digit = (unsigned char)rest->ptr[len] - '0';
        if (digit > 9)
            break;
        *number = *number * 10 + digit;
    }
    if (!len || len > LENGTH_MAX)
        return false;
    str_shift(rest, len);
    return skip(rest, ',');
}

static bool read_number(struct str *rest, int64_t *number)
{
    bool negative = skip(rest, '-');
    uint64_t size;
    if (!read_digits(rest, &size) || size > (uint64_t)INT64_MAX + negative)
        return false;
    *number = (int64_t)(negative ? -size : size);
    return true;
}

void chunk_reader_init(struct chunk_reader *reader, struct str text)
{
    *reader = (struct chunk_reader){.rest = text};
    reader->broken = !skip(&reader->rest, '[') || !reader->rest.len;
}

static bool read_entry(struct str *rest, struct chunk_entry *entry)
{
    const char *begin = rest->ptr;
    uint64_t size;
    if (!skip(rest, '['))
        return false;
    while (skip(rest, ' '))
        ;
    if (!read_digits(rest, &size) || size > rest->len)
        return false;
    struct str body = str_shift(rest, (size_t)size);
    entry->body = body;
    if (!skip(rest, ']') || !read_digits(&body, &entry->seq))
        return false;
    entry->text = (struct str){begin, (size_t)(rest->ptr - begin)};
    return skip(rest, ',') ? rest->len > 0 : skip(rest, ']') && !rest->len;
}

bool chunk_next(struct chunk_reader *reader, struct chunk_entry *entry)
{
    if (reader->broken || !reader->rest.len)
        return false;
    reader->broken = !read_entry(&reader->rest, entry);
    return !reader->broken;
}

/* Where the string that begins `s` ends: at its closing quote; NULL: nowhere. */
static const char *closing_quote(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"')
            return s.ptr + i;
        i += s.ptr[i] == '\\';
    }
    return NULL;
}

static bool read_string(struct str *rest, struct str *coded)
{
    *coded = (struct str){0};
    if (str_starts(*rest, STR("null"))) {
        str_shift(rest, 4);
        return true;
    }
    const char *end = skip(rest, '"') ? closing_quote(*rest) : NULL;
    if (!end)
        return false;
    *coded = str_shift(rest, (size_t)(end - rest->ptr));
    return skip(rest, '"');
}

static bool read_strings(struct str *rest, struct change *coded)
{
    if (!read_string(rest, &coded->name) || !skip(rest, ',') ||
        !read_string(rest, &coded->creator) || !skip(rest, ',') ||
        !read_string(rest, &coded->author))
        return false;
    if (!rest->len)
        return true;
    if (!skip(rest, ','))
        return false;
    coded->data = *rest;
    return true;
}

static bool are_known(int64_t kind, int64_t type)
{
    return kind >= KIND_SERVICE && kind < KIND_MESSAGE && type >= CHANGE_CREATED &&
           type <= CHANGE_ITEM;
}

bool chunk_read(const struct chunk_entry *entry, struct change *coded)
{
    struct str rest = entry->body;
    int64_t numbers[NUMBERS];
    for (size_t i = 0; i < NUMBERS; i++)
        if (!read_number(&rest, &numbers[i]))
            return false;
    if (!are_known(numbers[4], numbers[5]))
        return false;
    *coded = (struct change){
        .seq = (uint64_t)numbers[0],
        .prev = (uint64_t)numbers[1],
        .id = (uint64_t)numbers[2],
        .parent = (uint64_t)numbers[3],
        .kind = (enum kind)numbers[4],
        .type = (enum change_type)numbers[5],
        .salt = (uint64_t)numbers[6],
        .revision = (uint64_t)numbers[7],
        .created_ms = numbers[8],
        .updated_ms = numbers[9],
        .expires_ms = numbers[10],
    };
    return read_strings(&rest, coded);
}

/* In place, in the caller's own memory. */
static bool decode(struct str *s)
{
    return !s->len || !memchr(s->ptr, '\\', s->len) ||
           value_decode(*s, (char *)(uintptr_t)s->ptr, &s->len);
}

struct change *chunk_change(const struct chunk_entry *entry)
{
    struct change coded;
    if (!chunk_read(entry, &coded))
        return NULL;
    struct change *change = change_new(&coded);
    if (decode(&change->name) && decode(&change->creator) && decode(&change->author))
        return change;
    change_unref(change);
    return NULL;
}
