/* One pass over the bytes, without a tree and without recursion: `expecting` says what may come
 * next, one bit a level says whether that level is an object.
 *
 * Bytes that go out as they stand are not copied one by one: `kept` marks where the pending run
 * began, and the run is added to `out` when something has to be left out or put in. A text
 * without white space is one run. */
#include "base/json.h"

#include "base/hex.h"
#include "base/swar.h"
#include "base/utf8.h"

enum expecting {
    VALUE,
    FIRST, /* after an opening bracket: an element or the closing bracket */
    NEXT,  /* after a value: a comma, the closing bracket, or the end of the text */
    END,
};

struct reader {
    const char *start;
    const char *at;
    const char *end;
    const char *kept;
    struct buf *out;
    bool bare_keys;
    bool bare_values;
    enum expecting expecting;
    unsigned depth;
    unsigned depth_max;
    uint64_t objects[JSON_DEPTH_MAX / 64];
    struct json_error *error;
};

static const struct str literals[] = {STR_INIT("true"), STR_INIT("false"), STR_INIT("null")};
enum { LITERALS = sizeof literals / sizeof *literals };

static bool fail(struct reader *r, const char *reason)
{
    r->error->offset = (size_t)(r->at - r->start);
    r->error->reason = r->at == r->end ? "unexpected end of the text" : reason;
    return false;
}

/* The byte at hand, or -1 at the end. */
static int peek(const struct reader *r)
{
    return r->at < r->end ? (unsigned char)*r->at : -1;
}

static struct str rest(const struct reader *r)
{
    return (struct str){r->at, (size_t)(r->end - r->at)};
}

static void flush(struct reader *r)
{
    buf_add(r->out, (struct str){r->kept, (size_t)(r->at - r->kept)});
    r->kept = r->at;
}

/* Pass over `len` bytes that do not go out. */
static void drop(struct reader *r, size_t len)
{
    flush(r);
    r->at += len;
    r->kept = r->at;
}

static void insert(struct reader *r, char c)
{
    flush(r);
    buf_add_char(r->out, c);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void skip_space(struct reader *r)
{
    const char *at = r->at;
    while (at < r->end && is_space(*at))
        at++;
    if (at != r->at)
        drop(r, (size_t)(at - r->at));
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static bool all_plain(uint64_t bytes)
{
    return !swar_any(bytes | swar_below(bytes, 0x20) | swar_equal(bytes, '"') |
                     swar_equal(bytes, '\\'));
}

static void skip_plain(struct reader *r)
{
    const char *at = r->at + swar_span(r->at, (size_t)(r->end - r->at), all_plain);
    while (at < r->end && is_plain((unsigned char)*at))
        at++;
    r->at = at;
}

static bool is_hex(int c)
{
    return c >= 0 && hex_digit((char)c) >= 0;
}

static bool skip_escape(struct reader *r)
{
    r->at++;
    int c = peek(r);
    if (c <= 0 || !strchr("\"\\/bfnrtu", c))
        return fail(r, "unknown escape in a string");
    r->at++;
    for (int i = 0; c == 'u' && i < 4; i++, r->at++)
        if (!is_hex(peek(r)))
            return fail(r, "expected four hexadecimal digits");
    return true;
}

static bool skip_multibyte(struct reader *r)
{
    struct str run = {r->at, 0};
    while (r->at + run.len < r->end && (unsigned char)r->at[run.len] >= 0x80)
        run.len++;
    size_t valid = utf8_valid_prefix(run);
    r->at += valid;
    return valid == run.len || fail(r, "invalid UTF-8");
}

/* One escape, or a run of bytes that are not ASCII, or one other byte. */
static bool skip_string_part(struct reader *r)
{
    unsigned char c = (unsigned char)*r->at;
    if (c < 0x20)
        return fail(r, "control character in a string");
    if (c >= 0x80)
        return skip_multibyte(r);
    if (c == '\\')
        return skip_escape(r);
    r->at++;
    return true;
}

static bool read_double_quoted(struct reader *r)
{
    r->at++;
    for (;;) {
        skip_plain(r);
        int c = peek(r);
        if (c < 0)
            return fail(r, "expected a closing quote");
        if (c == '"') {
            r->at++;
            return true;
        }
        if (!skip_string_part(r))
            return false;
    }
}

static bool skip_digits(struct str s, size_t *at)
{
    size_t from = *at;
    while (*at < s.len && s.ptr[*at] >= '0' && s.ptr[*at] <= '9')
        ++*at;
    return *at > from;
}

static bool skip_char(struct str s, size_t *at, char c)
{
    bool there = *at < s.len && s.ptr[*at] == c;
    *at += there;
    return there;
}

/* Whether `s` starts with a number, which ends at `*at`; false: `*at` is where a digit
 * is missing. */
static bool skip_number(struct str s, size_t *at)
{
    *at = 0;
    skip_char(s, at, '-');
    if (!skip_char(s, at, '0') && !skip_digits(s, at))
        return false;
    if (skip_char(s, at, '.') && !skip_digits(s, at))
        return false;
    if (!skip_char(s, at, 'e') && !skip_char(s, at, 'E'))
        return true;
    if (!skip_char(s, at, '+'))
        skip_char(s, at, '-');
    return skip_digits(s, at);
}

static bool read_number(struct reader *r)
{
    size_t len;
    bool good = skip_number(rest(r), &len);
    r->at += len;
    return good || fail(r, "expected a digit");
}

static bool read_literal(struct reader *r)
{
    for (size_t i = 0; i < LITERALS; i++) {
        if (str_starts(rest(r), literals[i])) {
            r->at += literals[i].len;
            return true;
        }
    }
    return fail(r, "expected a value");
}

static bool ends_any_word(char c)
{
    return (unsigned char)c < 0x20 || strchr(",{}[]\"'\\", c);
}

static bool colon_belongs_to_word(const struct reader *r, const char *colon)
{
    const char *next = colon + 1;
    return colon > r->at && next < r->end && *next != ' ' && !ends_any_word(*next);
}

static struct str word_at(const struct reader *r, bool is_key)
{
    const char *end = r->at;
    for (; end < r->end && !ends_any_word(*end); end++)
        if (*end == ':' && (is_key || !colon_belongs_to_word(r, end)))
            break;
    while (end > r->at && end[-1] == ' ')
        end--;
    return (struct str){r->at, (size_t)(end - r->at)};
}

static bool quote_word(struct reader *r, struct str word)
{
    size_t valid = utf8_valid_prefix(word);
    insert(r, '"');
    r->at += valid;
    if (valid < word.len)
        return fail(r, "invalid UTF-8");
    insert(r, '"');
    return true;
}

static bool is_number_or_literal(struct str word)
{
    size_t len;
    for (size_t i = 0; i < LITERALS; i++)
        if (str_eq(word, literals[i]))
            return true;
    return skip_number(word, &len) && len == word.len;
}

static bool begins_like_a_number(struct str word)
{
    size_t at = word.ptr[0] == '-' || word.ptr[0] == '+';
    at += at < word.len && word.ptr[at] == '.';
    return at < word.len && word.ptr[at] >= '0' && word.ptr[at] <= '9';
}

/* The same in other letters (True), or its beginning (tru). */
static bool is_nearly(struct str word, struct str literal)
{
    enum { TELLING = 3 };
    return word.len >= TELLING && word.len <= literal.len &&
           str_eq_nocase(word, (struct str){literal.ptr, word.len});
}

/* What other languages have where JSON has null or nothing. */
static bool is_foreign_literal(struct str word)
{
    static const struct str foreign[] = {STR_INIT("undefined"), STR_INIT("NaN"),
                                         STR_INIT("nan"),       STR_INIT("Infinity"),
                                         STR_INIT("-Infinity"), STR_INIT("None")};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (str_eq(word, foreign[i]))
            return true;
    return false;
}

/* Something else than a string was meant, and nobody should find a string there later. */
static const char *doubt(struct str word)
{
    if (begins_like_a_number(word))
        return "expected a number; a text that begins with a digit stands in double quotes";
    for (size_t i = 0; i < LITERALS; i++)
        if (is_nearly(word, literals[i]))
            return "expected true, false or null; a text like them stands in double quotes";
    return is_foreign_literal(word) ? "JSON has no undefined, NaN, Infinity or None" : NULL;
}

static bool read_word(struct reader *r)
{
    struct str word = word_at(r, false);
    if (word.len == 0)
        return fail(r, "expected a value");
    if (!is_number_or_literal(word)) {
        const char *reason = doubt(word);
        return reason ? fail(r, reason) : quote_word(r, word);
    }
    r->at += word.len;
    return true;
}

static bool read_key_word(struct reader *r)
{
    struct str word = word_at(r, true);
    return word.len ? quote_word(r, word) : fail(r, "expected a key");
}

static bool in_object(const struct reader *r)
{
    unsigned level = r->depth - 1;
    return r->objects[level / 64] >> level % 64 & 1;
}

static bool open_bracket(struct reader *r, bool is_object)
{
    if (r->depth == r->depth_max)
        return fail(r, "nested too deep");
    uint64_t bit = (uint64_t)1 << r->depth % 64;
    if (is_object)
        r->objects[r->depth / 64] |= bit;
    else
        r->objects[r->depth / 64] &= ~bit;
    r->depth++;
    r->at++;
    r->expecting = FIRST;
    return true;
}

/* Whether the bracket at hand closes the innermost level; then it is passed. */
static bool close_bracket(struct reader *r)
{
    if (peek(r) != (in_object(r) ? '}' : ']'))
        return false;
    r->at++;
    r->depth--;
    r->expecting = NEXT;
    return true;
}

static bool read_value(struct reader *r)
{
    int c = peek(r);
    if (c == '{' || c == '[')
        return open_bracket(r, c == '{');
    r->expecting = NEXT;
    if (c == '"')
        return read_double_quoted(r);
    if (r->bare_values && r->depth)
        return read_word(r);
    if (c == '-' || (c >= '0' && c <= '9'))
        return read_number(r);
    return read_literal(r);
}

static bool read_key_string(struct reader *r)
{
    if (peek(r) == '"')
        return read_double_quoted(r);
    return r->bare_keys ? read_key_word(r) : fail(r, "expected a key in double quotes");
}

/* The key and colon of a member; nothing in an array. */
static bool begin_element(struct reader *r)
{
    r->expecting = VALUE;
    if (!in_object(r))
        return true;
    if (!read_key_string(r))
        return false;
    skip_space(r);
    if (peek(r) != ':')
        return fail(r, "expected ':'");
    r->at++;
    return true;
}

static bool read_first(struct reader *r)
{
    return close_bracket(r) || begin_element(r);
}

static bool pass_comma(struct reader *r)
{
    r->at++;
    skip_space(r);
    return begin_element(r);
}

static bool read_next(struct reader *r)
{
    if (r->depth == 0) {
        r->expecting = END;
        return peek(r) < 0 || fail(r, "unexpected text after the value");
    }
    if (close_bracket(r))
        return true;
    if (peek(r) != ',')
        return fail(r, in_object(r) ? "expected ',' or '}'" : "expected ',' or ']'");
    return pass_comma(r);
}

static bool step(struct reader *r)
{
    skip_space(r);
    switch (r->expecting) {
    case VALUE:
        return read_value(r);
    case FIRST:
        return read_first(r);
    default:
        return read_next(r);
    }
}

bool json_compact(struct str text, enum json_reading reading, unsigned depth_max, struct buf *out,
                  struct json_error *error)
{
    const char *start = text.ptr ? text.ptr : "";
    struct reader r = {
        .start = start,
        .at = start,
        .end = start + text.len,
        .kept = start,
        .out = out,
        .bare_keys = reading == JSON_LENIENT,
        .bare_values = reading == JSON_LENIENT && !(text.len && memchr(start, '"', text.len)),
        .depth_max = depth_max < JSON_DEPTH_MAX ? depth_max : JSON_DEPTH_MAX,
        .error = error,
    };
    while (r.expecting != END)
        if (!step(&r))
            return false;
    flush(&r);
    return true;
}

bool json_compact_object(struct str text, unsigned depth_max, struct arena *arena,
                         struct str *object, struct json_error *error)
{
    struct buf out;
    buf_init_in(&out, arena, text.len);
    bool good = json_compact(text, JSON_STRICT, depth_max, &out, error);
    if (good && out.ptr[0] != '{') {
        *error = (struct json_error){0, "expected an object"};
        good = false;
    }
    if (good)
        *object = buf_str(&out);
    return good;
}
