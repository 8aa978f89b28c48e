/* A growing run of bytes with a ceiling.
 *
 * Writing past the ceiling writes nothing more and sets `failed`; callers write all they
 * have and look once at the end. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/arena.h"

struct buf {
    char *ptr;
    size_t len;
    size_t capacity;
    size_t size_max;
    struct arena *arena; /* where the memory is; NULL: on the heap */
    bool failed;
};

/* Nothing is allocated before the first byte. */
void buf_init(struct buf *buf, size_t size_max);
void buf_deinit(struct buf *buf);

/* The same in `arena`, where what it grew out of stays too: the content lives as long as that
 * does, with no need of buf_deinit. It cannot be given away. */
void buf_init_in(struct buf *buf, struct arena *arena, size_t size_max);

/* Forget the content, keep the memory. */
void buf_clear(struct buf *buf);

/* Give content and memory to another buffer. This one is empty afterwards. */
struct buf buf_move(struct buf *buf);

/* Give the content away: `free()` it. The buffer is empty afterwards. */
char *buf_take(struct buf *buf, size_t *len);

/* Room for `len` more bytes at the returned place, or NULL past the ceiling. Follow with
 * `buf->len += used`. */
char *buf_reserve(struct buf *buf, size_t len);

static inline void buf_add(struct buf *buf, struct str s)
{
    /* Inline, because replies are made of many short pieces of known length. */
    bool fits = buf->ptr && s.len <= buf->capacity - buf->len && s.len <= buf->size_max - buf->len;
    char *at = fits && !buf->failed ? buf->ptr + buf->len : buf_reserve(buf, s.len);
    if (!at || !s.len)
        return;
    memcpy(at, s.ptr, s.len);
    buf->len += s.len;
}

static inline void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, (struct str){&c, 1});
}

void buf_add_u64(struct buf *buf, uint64_t value);
void buf_add_hex(struct buf *buf, uint64_t value);
void buf_addf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `s` (UTF-8) as a JSON string with its quotes, or `null` when absent. */
void buf_add_json(struct buf *buf, struct str s);

/* `s` with everything but unreserved characters as %XX (RFC 3986 section 2.3). */
void buf_add_percent(struct buf *buf, struct str s);

static inline struct str buf_str(const struct buf *buf)
{
    return (struct str){buf->ptr ? buf->ptr : "", buf->len};
}

#define buf_add_lit(buf, literal) buf_add(buf, STR(literal))

#endif
