/* The log: one line an event, as logfmt or JSON, to standard error or a file.
 *
 *   struct log_line line;
 *   log_begin(&line, log, LOG_INFO, "listening");
 *   log_str(&line, "address", address);
 *   log_end(&line);
 *
 * A line is one write(2), so lines of several threads do not mix; one too long is cut. Any
 * thread may log. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_LOGFMT, LOG_JSON };

struct log;

struct log_line {
    struct log *log; /* NULL: below the level, nothing is written */
    size_t len;
    char text[2048];
};

/* Lines that clients may cause as often as they like: so many a second, of all threads. */
enum { LOG_LIMITED_MAX = 20 };

/* `path` NULL or "-": standard error. ERR_CONFIG: the file cannot be opened. */
must_check enum err log_open(struct log **log, const char *path, enum log_format format,
                             enum log_level level, struct clock clock, struct why *why);
void log_close(struct log *log);

/* Open the file anew (after logrotate). Other threads may log meanwhile. On failure the old
 * file stays. Signal-safe: no. */
must_check enum err log_reopen(struct log *log, struct why *why);

/* `log` may be NULL: then nothing is written. Keys are plain words. A value that is not UTF-8
 * gets U+FFFD in place of the wrong bytes; an absent one is written as null. */
void log_begin(struct log_line *line, struct log *log, enum log_level level, const char *message);
void log_str(struct log_line *line, const char *key, struct str value);

/* As log_begin, for what a client that nobody knows can cause as often as it likes. What is above
 * LOG_LIMITED_MAX is left out; the next such line that is written comes after one that says how
 * many were, or else log_close writes that. */
void log_begin_limited(struct log_line *line, struct log *log, enum log_level level,
                       const char *message);
void log_text(struct log_line *line, const char *key, const char *value);
void log_int(struct log_line *line, const char *key, int64_t value);
void log_end(struct log_line *line);

#endif
