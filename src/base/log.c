/* A line is put together in the caller's struct and goes out as one write. Every part is added
 * whole or not at all, except values, which are cut; END_ROOM bytes are never used before
 * log_end, so a cut line is still a well-formed one. */
#include "base/log.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { END_ROOM = 3 }; /* the quote of a cut value, the brace, the line feed */

struct log {
    int fd;
    char *path; /* NULL: standard error */
    enum log_format format;
    enum log_level level;
    struct clock clock;
    _Atomic uint64_t limited; /* the second in the upper half, lines that wanted in since below */
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static int open_file(const char *path, struct why *why)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        why_set(why, "cannot open the log file %s: %s", path, strerror(errno));
    return fd;
}

enum err log_open(struct log **log, const char *path, enum log_format format, enum log_level level,
                  struct clock clock, struct why *why)
{
    bool to_file = path && strcmp(path, "-") != 0;
    int fd = to_file ? open_file(path, why) : STDERR_FILENO;
    if (fd < 0)
        return ERR_CONFIG;
    struct log *self = mem_alloc(sizeof *self);
    *self = (struct log){.fd = fd, .format = format, .level = level, .clock = clock};
    if (to_file) {
        size_t size = strlen(path) + 1;
        self->path = memcpy(mem_alloc(size), path, size);
    }
    *log = self;
    return OK;
}

static void report_left_out(struct log *log, uint64_t limited)
{
    uint64_t lines = limited & UINT32_MAX;
    struct log_line line;
    if (lines <= LOG_LIMITED_MAX)
        return;
    log_begin(&line, log, LOG_WARN, "log lines left out");
    log_int(&line, "count", (int64_t)(lines - LOG_LIMITED_MAX));
    log_end(&line);
}

void log_close(struct log *log)
{
    if (!log)
        return;
    report_left_out(log, atomic_load(&log->limited));
    if (log->path)
        close(log->fd);
    free(log->path);
    free(log);
}

/* The descriptor keeps its number, so that threads in the middle of a write need no lock. */
enum err log_reopen(struct log *log, struct why *why)
{
    if (!log->path)
        return OK;
    int fd = open_file(log->path, why);
    if (fd < 0)
        return ERR_CONFIG;
    bool replaced = dup3(fd, log->fd, O_CLOEXEC) >= 0;
    if (!replaced)
        why_set(why, "cannot reopen the log file %s: %s", log->path, strerror(errno));
    close(fd);
    return replaced ? OK : ERR_CONFIG;
}

static bool add(struct log_line *line, struct str s)
{
    if (line->len + s.len > sizeof line->text - END_ROOM)
        return false;
    memcpy(line->text + line->len, s.ptr, s.len);
    line->len += s.len;
    return true;
}

static size_t escape(unsigned char c, char unit[6])
{
    static const char names[] = "\"\"\\\\\nn\rr\tt";
    for (size_t i = 0; i < sizeof names - 1; i += 2) {
        if ((unsigned char)names[i] == c) {
            unit[0] = '\\';
            unit[1] = names[i + 1];
            return 2;
        }
    }
    static const char digits[] = "0123456789abcdef";
    memcpy(unit, "\\u00", 4);
    unit[4] = digits[c >> 4];
    unit[5] = digits[c & 15];
    return 6;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* The length of the character at the start of `s`; 0: that is not UTF-8. */
static size_t char_length(struct str s)
{
    unsigned char c = (unsigned char)*s.ptr;
    size_t len = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    return len <= s.len && utf8_is_valid((struct str){s.ptr, len}) ? len : 0;
}

/* Take one character off `rest`, as it is written in a value: as it stands, or as an escape in
 * `room`. A byte that is not UTF-8 becomes U+FFFD. */
static struct str shift_unit(struct str *rest, char room[6])
{
    size_t len = char_length(*rest);
    struct str unit = {rest->ptr, len};
    if (len == 0)
        unit = (struct str){memcpy(room, "\\ufffd", 6), 6};
    else if (len == 1 && !is_plain((unsigned char)*rest->ptr))
        unit = (struct str){room, escape((unsigned char)*rest->ptr, room)};
    rest->ptr += len ? len : 1;
    rest->len -= len ? len : 1;
    return unit;
}

static void add_cut(struct log_line *line, struct str value)
{
    char room[6];
    while (value.len && add(line, shift_unit(&value, room)))
        ;
}

static bool needs_quotes(const struct log_line *line, struct str value)
{
    if (line->log->format == LOG_JSON || value.len == 0)
        return true;
    for (size_t i = 0; i < value.len; i++)
        if (!is_plain((unsigned char)value.ptr[i]) || strchr(" =", value.ptr[i]))
            return true;
    return false;
}

/* The separator, the key, and what stands before the value; false: no room, nothing added. */
static bool add_key(struct log_line *line, const char *key, const char *before_value)
{
    char text[128];
    bool json = line->log->format == LOG_JSON;
    const char *format = json ? "%s\"%s\":%s" : "%s%s=%s";
    const char *separator = line->len <= 1 ? "" : json ? "," : " ";
    int len = snprintf(text, sizeof text, format, separator, key, before_value);
    return len > 0 && (size_t)len < sizeof text && add(line, (struct str){text, (size_t)len});
}

static void add_word(struct log_line *line, const char *key, struct str word)
{
    size_t before = line->len;
    if (add_key(line, key, "") && !add(line, word))
        line->len = before;
}

static void add_quoted(struct log_line *line, const char *key, struct str value)
{
    if (!add_key(line, key, "\""))
        return;
    add_cut(line, value);
    line->text[line->len++] = '"';
}

static void add_time(struct log_line *line)
{
    int64_t now_ms = line->log->clock.now_ms(line->log->clock.context);
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;
    char text[64];
    gmtime_r(&seconds, &tm);
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + len, sizeof text - len, ".%03dZ", (int)(now_ms % 1000));
    log_text(line, "ts", text);
}

void log_begin(struct log_line *line, struct log *log, enum log_level level, const char *message)
{
    line->log = log && level <= log->level ? log : NULL;
    line->len = 0;
    if (!line->log)
        return;
    if (log->format == LOG_JSON)
        add(line, STR("{"));
    add_time(line);
    log_text(line, "level", level_names[level]);
    log_text(line, "msg", message);
}

/* May one more line be written in this second? The first of a second tells of those before. */
static bool is_within_limit(struct log *log)
{
    uint64_t second = (uint64_t)log->clock.instant(log->clock.context).ms / 1000;
    uint64_t before = atomic_load(&log->limited), after;
    bool is_first;
    do {
        is_first = before >> 32 != (second & UINT32_MAX);
        after = is_first ? second << 32 | 1 : before + ((before & UINT32_MAX) != UINT32_MAX);
    } while (!atomic_compare_exchange_weak(&log->limited, &before, after));
    if (is_first)
        report_left_out(log, before);
    return (after & UINT32_MAX) <= LOG_LIMITED_MAX;
}

void log_begin_limited(struct log_line *line, struct log *log, enum log_level level,
                       const char *message)
{
    bool written = log && level <= log->level && is_within_limit(log);
    log_begin(line, written ? log : NULL, level, message);
}

void log_str(struct log_line *line, const char *key, struct str value)
{
    if (!line->log)
        return;
    if (!value.ptr)
        add_word(line, key, STR("null"));
    else if (needs_quotes(line, value))
        add_quoted(line, key, value);
    else if (add_key(line, key, ""))
        add_cut(line, value);
}

void log_text(struct log_line *line, const char *key, const char *value)
{
    log_str(line, key, str_from(value));
}

void log_int(struct log_line *line, const char *key, int64_t value)
{
    char digits[24];
    if (!line->log)
        return;
    int len = snprintf(digits, sizeof digits, "%" PRId64, value);
    add_word(line, key, (struct str){digits, (size_t)len});
}

void log_end(struct log_line *line)
{
    if (!line->log)
        return;
    if (line->log->format == LOG_JSON)
        line->text[line->len++] = '}';
    line->text[line->len++] = '\n';
    while (write(line->log->fd, line->text, line->len) < 0 && errno == EINTR)
        ;
}
