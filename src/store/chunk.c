#include "store/chunk.h"

#include "base/digits.h"
#include "base/hex.h"

#include <stdlib.h>

/* --- writing --- */

static void add_data(struct buf *text, struct str data)
{
    if (!data.ptr) {
        buf_add_lit(text, "null,null");
        return;
    }
    buf_add_u64(text, data.len);
    buf_add_char(text, ',');
    buf_add(text, data);
}

/* A chunk ends with a bracket; what is added takes its place. */
static void begin_entry(struct buf *text)
{
    if (text->len)
        text->ptr[text->len - 1] = ',';
    else
        buf_add_char(text, '[');
}

static void add_numbers(struct buf *text, const struct change *change)
{
    const int64_t numbers[] = {
        (int64_t)change->seq,  (int64_t)change->prev,
        (int64_t)change->id,   (int64_t)change->parent,
        change->kind,          change->event,
        (int64_t)change->salt, (int64_t)change->revision,
        change->created_ms,    change->updated_ms,
        change->expires_ms,
    };
    char digits[sizeof numbers / sizeof *numbers * (DIGITS_MAX + 1)], *at = digits;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        at = digits_put_signed(at, numbers[i]);
        *at++ = ',';
    }
    buf_add(text, (struct str){digits, (size_t)(at - digits)});
}

void chunk_add(struct buf *text, const struct change *change)
{
    const struct str strings[] = {change->name, change->creator, change->author};
    begin_entry(text);
    buf_add_char(text, '[');
    add_numbers(text, change);
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        buf_add_json(text, strings[i]);
        buf_add_char(text, ',');
    }
    add_data(text, change->data);
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
    rest->ptr++;
    rest->len--;
    return true;
}

static bool skip_null(struct str *rest)
{
    if (!str_starts(*rest, STR("null")))
        return false;
    rest->ptr += 4;
    rest->len -= 4;
    return true;
}

/* Take what is before `end`, which goes too. */
static bool take_until(struct str *rest, char end, struct str *taken)
{
    const char *at = rest->len ? memchr(rest->ptr, end, rest->len) : NULL;
    if (!at)
        return false;
    *taken = (struct str){rest->ptr, (size_t)(at - rest->ptr)};
    rest->ptr = at + 1;
    rest->len -= taken->len + 1;
    return true;
}

static bool read_number(struct str *rest, int64_t *number)
{
    struct str digits;
    uint64_t size;
    bool negative = skip(rest, '-');
    uint64_t size_max = (uint64_t)INT64_MAX + negative;
    if (!take_until(rest, ',', &digits) || !str_to_u64(digits, size_max, &size))
        return false;
    *number = (int64_t)(negative ? -size : size);
    return true;
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
    if (skip_null(rest))
        return skip(rest, ',');
    if (!skip(rest, '"'))
        return false;
    const char *end = closing_quote(*rest);
    if (!end)
        return false;
    *coded = (struct str){rest->ptr, (size_t)(end - rest->ptr)};
    rest->ptr = end + 1;
    rest->len -= coded->len + 1;
    return skip(rest, ',');
}

static bool read_data(struct str *rest, struct str *data)
{
    int64_t size;
    *data = (struct str){0};
    if (skip_null(rest))
        return skip(rest, ',') && skip_null(rest);
    if (!read_number(rest, &size) || size < 0 || (uint64_t)size > rest->len)
        return false;
    *data = (struct str){rest->ptr, (size_t)size};
    rest->ptr += size;
    rest->len -= (size_t)size;
    return true;
}

static bool read_change(struct str *rest, struct change *coded)
{
    enum { NUMBERS = 11 };
    int64_t numbers[NUMBERS];
    for (size_t i = 0; i < NUMBERS; i++)
        if (!read_number(rest, &numbers[i]))
            return false;
    *coded = (struct change){
        .seq = (uint64_t)numbers[0],
        .prev = (uint64_t)numbers[1],
        .id = (uint64_t)numbers[2],
        .parent = (uint64_t)numbers[3],
        .kind = (enum kind)numbers[4],
        .event = (enum event)numbers[5],
        .salt = (uint64_t)numbers[6],
        .revision = (uint64_t)numbers[7],
        .created_ms = numbers[8],
        .updated_ms = numbers[9],
        .expires_ms = numbers[10],
    };
    return read_string(rest, &coded->name) && read_string(rest, &coded->creator) &&
           read_string(rest, &coded->author) && read_data(rest, &coded->data);
}

void chunk_reader_init(struct chunk_reader *reader, struct str text)
{
    *reader = (struct chunk_reader){.rest = text};
    reader->broken = !skip(&reader->rest, '[') || !reader->rest.len;
}

bool chunk_next(struct chunk_reader *reader, struct chunk_entry *entry)
{
    struct str *rest = &reader->rest;
    if (reader->broken || !rest->len)
        return false;
    const char *begin = rest->ptr;
    bool good = skip(rest, '[') && read_change(rest, &entry->coded) && skip(rest, ']');
    entry->text = (struct str){begin, (size_t)(rest->ptr - begin)};
    good = good && (skip(rest, ',') ? rest->len > 0 : skip(rest, ']') && rest->len == 0);
    reader->broken = !good;
    return good;
}

static int hex_pair(const char *at)
{
    int high = hex_digit(at[0]), low = hex_digit(at[1]);
    return high < 0 || low < 0 ? 0 : high << 4 | low;
}

/* In place. Only the escapes that buf_add_json makes; others stand for themselves. */
static void decode(struct str *s)
{
    static const char names[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    char *out = (char *)(uintptr_t)s->ptr; /* the caller's own memory */
    size_t len = 0;
    if (!s->len || !memchr(s->ptr, '\\', s->len))
        return;
    for (size_t i = 0; i < s->len; i++) {
        char c = s->ptr[i];
        if (c == '\\' && i + 1 < s->len) {
            c = s->ptr[++i];
            const char *found = strchr(names, c);
            if (c && found) {
                c = meanings[found - names];
            } else if (c == 'u' && i + 4 < s->len) {
                c = (char)hex_pair(s->ptr + i + 3);
                i += 4;
            }
        }
        out[len++] = c;
    }
    s->len = len;
}

struct change *chunk_change(const struct chunk_entry *entry)
{
    struct change *change = change_new(&entry->coded);
    decode(&change->name);
    decode(&change->creator);
    decode(&change->author);
    return change;
}
