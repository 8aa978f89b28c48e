/* A query is parsed into a tree in one pass, by recursive descent over its words:
 *
 *   either     = both { or both }
 *   both       = one { and one }
 *   one        = "(" either ")" | field operator value | field [not_]in "[" value { "," value } "]"
 *
 * Each comparison counts as one operator, and so does each `and` and `or`. */
#include "sync/query.h"

#include "base/json.h"
#include "base/utf8.h"
#include "base/value.h"
#include "sync/query_tree.h"

enum { DEPTH_MAX = 32 };

static const struct {
    struct str word;
    enum query_op op;
} words[] = {
    {STR_INIT("=="), QUERY_EQUAL},
    {STR_INIT("eq"), QUERY_EQUAL},
    {STR_INIT("!="), QUERY_NOT_EQUAL},
    {STR_INIT("not_eq"), QUERY_NOT_EQUAL},
    {STR_INIT("in"), QUERY_IN},
    {STR_INIT("not_in"), QUERY_NOT_IN},
    {STR_INIT("contains"), QUERY_CONTAINS},
    {STR_INIT("and"), QUERY_AND},
    {STR_INIT("&&"), QUERY_AND},
    {STR_INIT("or"), QUERY_OR},
    {STR_INIT("||"), QUERY_OR},
};

struct parser {
    struct str rest;
    struct arena *arena;
    struct why *why;
    size_t size;
    size_t operators;
    size_t comparisons;
    unsigned depth;
};

static enum err fail(struct parser *parser, const char *expected)
{
    why_set(parser->why, "expected %s at byte %zu", expected, parser->size - parser->rest.len);
    return ERR_QUERY;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct parser *parser)
{
    while (parser->rest.len && is_blank(parser->rest.ptr[0])) {
        parser->rest.ptr++;
        parser->rest.len--;
    }
}

static bool skip(struct parser *parser, char c)
{
    skip_blanks(parser);
    if (!parser->rest.len || parser->rest.ptr[0] != c)
        return false;
    parser->rest.ptr++;
    parser->rest.len--;
    return true;
}

static bool is_symbol(char c)
{
    return strchr("=!&|", c) && c;
}

/* Letters of a field, an operator in words, or a bare value. */
static bool is_letter(char c)
{
    return !is_blank(c) && !is_symbol(c) && !strchr("()[],\"", c);
}

/* The next word: a run of letters, or of symbols; empty: something else is next. */
static struct str peek(struct parser *parser)
{
    size_t len = 0;
    skip_blanks(parser);
    struct str rest = parser->rest;
    bool symbols = rest.len && is_symbol(rest.ptr[0]);
    while (len < rest.len && (symbols ? is_symbol(rest.ptr[len]) : is_letter(rest.ptr[len])))
        len++;
    return (struct str){rest.ptr, len};
}

static void take(struct parser *parser, struct str word)
{
    parser->rest.ptr += word.len;
    parser->rest.len -= word.len;
}

static enum query_op find_operator(struct str word)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq_nocase(words[i].word, word))
            return words[i].op;
    return QUERY_OPS;
}

static struct query *new_node(struct parser *parser, enum query_op op)
{
    struct query *node = arena_alloc(parser->arena, sizeof *node);
    *node = (struct query){.op = op};
    parser->operators++;
    return node;
}

/* --- values --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static enum err read_string(struct parser *parser, struct query_value *value)
{
    size_t len = 1;
    struct str rest = parser->rest;
    while (len < rest.len && rest.ptr[len] != '"')
        len += rest.ptr[len] == '\\' ? 2 : 1;
    if (len >= rest.len)
        return fail(parser, "the end of a string");
    struct str token = {rest.ptr, len + 1};
    struct json_error error;
    struct buf checked;
    buf_init(&checked, QUERY_SIZE_MAX + 2);
    bool good = json_compact(token, JSON_STRICT, 1, &checked, &error) &&
                value_decode_string(buf_str(&checked), parser->arena, &value->text);
    if (good)
        value->text = arena_dup(parser->arena, value->text);
    buf_deinit(&checked);
    if (!good)
        return fail(parser, "a string as JSON has them");
    value->quoted = true;
    value->number = false;
    take(parser, token);
    return OK;
}

static enum err read_bare(struct parser *parser, struct query_value *value)
{
    struct str word = peek(parser);
    struct json_error error;
    struct buf checked;
    if (!word.len)
        return fail(parser, "a value");
    buf_init(&checked, QUERY_SIZE_MAX);
    bool good = json_compact(word, JSON_STRICT, 1, &checked, &error);
    buf_deinit(&checked);
    if (!good)
        return fail(parser, "a string in double quotes, a number, true, false or null");
    value->quoted = false;
    value->text = arena_dup(parser->arena, word);
    value->number = word.ptr[0] == '-' || is_digit(word.ptr[0]);
    if (value->number)
        value->decimal = decimal_read(value->text);
    take(parser, word);
    return OK;
}

static enum err read_value(struct parser *parser, struct query_value *value)
{
    skip_blanks(parser);
    bool quoted = parser->rest.len && parser->rest.ptr[0] == '"';
    return quoted ? read_string(parser, value) : read_bare(parser, value);
}

static enum err read_values(struct parser *parser, struct query_value *values, size_t *count)
{
    do {
        if (*count == QUERY_VALUES_MAX)
            return ERR_QUERY_ARRAY;
        enum err e = read_value(parser, &values[(*count)++]);
        if (e)
            return e;
    } while (skip(parser, ','));
    return skip(parser, ']') ? OK : fail(parser, "] or ,");
}

static void keep_values(struct parser *parser, struct query *node, const struct query_value *values,
                        size_t count)
{
    node->values = arena_alloc(parser->arena, (count + !count) * sizeof *values);
    memcpy(node->values, values, count * sizeof *values);
    node->count = count;
}

static enum err read_array(struct parser *parser, struct query *node)
{
    struct query_value values[QUERY_VALUES_MAX];
    size_t count = 0;
    if (!skip(parser, '['))
        return fail(parser, "[");
    enum err e = skip(parser, ']') ? OK : read_values(parser, values, &count);
    if (!e)
        keep_values(parser, node, values, count);
    return e;
}

/* --- expressions --- */

static enum err read_either(struct parser *parser, struct query **node);

static enum err read_comparison(struct parser *parser, struct query **node)
{
    struct str field = peek(parser);
    if (!field.len || is_symbol(field.ptr[0]))
        return fail(parser, "a field");
    take(parser, field);
    struct str word = peek(parser);
    enum query_op op = find_operator(word);
    if (op >= QUERY_AND)
        return fail(parser, "==, !=, in, not_in or contains");
    take(parser, word);
    *node = new_node(parser, op);
    (*node)->number = parser->comparisons++;
    (*node)->field = arena_dup(parser->arena, field);
    if (op == QUERY_IN || op == QUERY_NOT_IN)
        return read_array(parser, *node);
    struct query_value value;
    enum err e = read_value(parser, &value);
    if (!e)
        keep_values(parser, *node, &value, 1);
    return e;
}

static enum err read_one(struct parser *parser, struct query **node)
{
    if (parser->operators > QUERY_OPERATORS_MAX)
        return ERR_QUERY_OPERATORS;
    if (!skip(parser, '('))
        return read_comparison(parser, node);
    if (++parser->depth > DEPTH_MAX)
        return fail(parser, "fewer brackets within each other");
    enum err e = read_either(parser, node);
    parser->depth--;
    if (e)
        return e;
    return skip(parser, ')') ? OK : fail(parser, "and, or, or )");
}

typedef enum err reader(struct parser *parser, struct query **node);

static enum err read_joined(struct parser *parser, enum query_op op, reader *read,
                            struct query **node)
{
    enum err e = read(parser, node);
    while (!e && find_operator(peek(parser)) == op) {
        take(parser, peek(parser));
        struct query *joined = new_node(parser, op);
        joined->left = *node;
        e = read(parser, &joined->right);
        *node = joined;
    }
    return e;
}

static enum err read_both(struct parser *parser, struct query **node)
{
    return read_joined(parser, QUERY_AND, read_one, node);
}

static enum err read_either(struct parser *parser, struct query **node)
{
    return read_joined(parser, QUERY_OR, read_both, node);
}

enum err query_parse(struct str text, struct arena *arena, struct query **query, struct why *why)
{
    struct parser parser = {.rest = text, .arena = arena, .why = why, .size = text.len};
    *query = NULL;
    if (text.len > QUERY_SIZE_MAX || !utf8_is_valid(text)) {
        why_set(why, "a query is UTF-8, at most %d bytes", QUERY_SIZE_MAX);
        return ERR_QUERY;
    }
    skip_blanks(&parser);
    if (!parser.rest.len)
        return OK;
    enum err e = read_either(&parser, query);
    if (e)
        return e;
    skip_blanks(&parser);
    if (parser.rest.len)
        return fail(&parser, "and, or, or the end");
    return parser.operators > QUERY_OPERATORS_MAX ? ERR_QUERY_OPERATORS : OK;
}
