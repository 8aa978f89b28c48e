#include "base/buf.h"

#include "base/digits.h"
#include "base/hex.h"
#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 256 };

void buf_init(struct buf *buf, size_t size_max)
{
    *buf = (struct buf){.size_max = size_max};
}

void buf_init_in(struct buf *buf, struct arena *arena, size_t size_max)
{
    *buf = (struct buf){.arena = arena, .size_max = size_max};
}

void buf_deinit(struct buf *buf)
{
    if (!buf->arena)
        free(buf->ptr);
    *buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->failed = false;
}

struct buf buf_move(struct buf *buf)
{
    struct buf moved = *buf;
    assert(!buf->arena);
    *buf = (struct buf){.size_max = buf->size_max};
    return moved;
}

char *buf_take(struct buf *buf, size_t *len)
{
    struct buf taken = buf_move(buf);
    *len = taken.len;
    return taken.ptr;
}

static char *enlarged(struct buf *buf, size_t capacity)
{
    if (!buf->arena)
        return mem_realloc(buf->ptr, capacity);
    char *ptr = arena_alloc(buf->arena, capacity);
    if (buf->len)
        memcpy(ptr, buf->ptr, buf->len);
    return ptr;
}

static void grow(struct buf *buf, size_t need)
{
    if (need <= buf->capacity && buf->ptr)
        return;
    size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;
    while (capacity < need)
        capacity *= 2;
    buf->ptr = enlarged(buf, capacity);
    buf->capacity = capacity;
}

char *buf_reserve(struct buf *buf, size_t len)
{
    if (buf->failed || len > buf->size_max - buf->len) {
        buf->failed = true;
        return NULL;
    }
    grow(buf, buf->len + len);
    return buf->ptr + buf->len;
}

void buf_add_u64(struct buf *buf, uint64_t value)
{
    char digits[DIGITS_MAX];
    buf_add(buf, (struct str){digits, (size_t)(digits_put(digits, value) - digits)});
}

void buf_add_hex(struct buf *buf, uint64_t value)
{
    char digits[HEX_LENGTH];
    buf_add(buf, (struct str){digits, hex_put_short(digits, value)});
}

void buf_addf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0 || !buf_reserve(buf, (size_t)len))
        return;
    grow(buf, buf->len + (size_t)len + 1); /* the NUL is not content */
    va_start(args, format);
    vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
}

static void add_escape(struct buf *buf, unsigned char c)
{
    static const char short_form[] = "btn?fr";
    char text[6] = {'\\', 'u', '0', '0', "0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15]};
    size_t len = 6;
    if (c == '"' || c == '\\') {
        text[1] = (char)c;
        len = 2;
    } else if (c >= 8 && c <= 13 && c != 11) {
        text[1] = short_form[c - 8];
        len = 2;
    }
    buf_add(buf, (struct str){text, len});
}

void buf_add_json(struct buf *buf, struct str s)
{
    if (!s.ptr) {
        buf_add_lit(buf, "null");
        return;
    }
    buf_add_char(buf, '"');
    size_t plain = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(buf, (struct str){s.ptr + plain, i - plain});
        add_escape(buf, c);
        plain = i + 1;
    }
    buf_add(buf, (struct str){s.ptr + plain, s.len - plain});
    buf_add_char(buf, '"');
}

static bool unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void buf_add_percent(struct buf *buf, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        char coded[3] = {'%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]};
        if (unreserved((char)c))
            buf_add_char(buf, (char)c);
        else
            buf_add(buf, (struct str){coded, 3});
    }
}
