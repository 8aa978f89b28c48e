/* A query is parsed into a tree in one pass, by recursive descent over its words:
 *
 *   either     = both { or both }
 *   both       = one { and one }
 *   one        = "(" either ")" | field operator value | field [not_]in "[" value { "," value } "]"
 *
 * Each comparison counts as one operator, and so does each `and` and `or`. */
#include "sync/query.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/value.h"

enum { DEPTH_MAX = 32 };

enum op { EQUAL, NOT_EQUAL, IN, NOT_IN, CONTAINS, AND, OR, OPERATORS };

static const struct {
    struct str word;
    enum op op;
} words[] = {
    {STR_INIT("=="), EQUAL},
    {STR_INIT("eq"), EQUAL},
    {STR_INIT("!="), NOT_EQUAL},
    {STR_INIT("not_eq"), NOT_EQUAL},
    {STR_INIT("in"), IN},
    {STR_INIT("not_in"), NOT_IN},
    {STR_INIT("contains"), CONTAINS},
    {STR_INIT("and"), AND},
    {STR_INIT("&&"), AND},
    {STR_INIT("or"), OR},
    {STR_INIT("||"), OR},
};

/* A value of the query. */
struct constant {
    bool quoted;     /* a string */
    struct str text; /* decoded, or as it stands: a number, true, false, null */
};

struct query {
    enum op op;
    struct query *left, *right; /* of AND and OR */
    struct str field;           /* of the others */
    struct constant *constants;
    size_t count;
};

struct parser {
    struct str rest;
    struct arena *arena;
    struct why *why;
    size_t size;
    size_t operators;
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

static enum op find_operator(struct str word)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq_nocase(words[i].word, word))
            return words[i].op;
    return OPERATORS;
}

static struct query *new_node(struct parser *parser, enum op op)
{
    struct query *node = arena_alloc(parser->arena, sizeof *node);
    *node = (struct query){.op = op};
    parser->operators++;
    return node;
}

/* --- values --- */

static enum err read_string(struct parser *parser, struct constant *constant)
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
                value_decode_string(buf_str(&checked), parser->arena, &constant->text);
    if (good)
        constant->text = arena_dup(parser->arena, constant->text);
    buf_deinit(&checked);
    if (!good)
        return fail(parser, "a string as JSON has them");
    constant->quoted = true;
    take(parser, token);
    return OK;
}

static enum err read_bare(struct parser *parser, struct constant *constant)
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
    constant->quoted = false;
    constant->text = arena_dup(parser->arena, word);
    take(parser, word);
    return OK;
}

static enum err read_constant(struct parser *parser, struct constant *constant)
{
    skip_blanks(parser);
    bool quoted = parser->rest.len && parser->rest.ptr[0] == '"';
    return quoted ? read_string(parser, constant) : read_bare(parser, constant);
}

static enum err read_array(struct parser *parser, struct query *node)
{
    node->constants = arena_alloc(parser->arena, QUERY_VALUES_MAX * sizeof *node->constants);
    if (!skip(parser, '['))
        return fail(parser, "[");
    if (skip(parser, ']'))
        return OK;
    do {
        if (node->count == QUERY_VALUES_MAX)
            return ERR_QUERY_ARRAY;
        enum err e = read_constant(parser, &node->constants[node->count++]);
        if (e)
            return e;
    } while (skip(parser, ','));
    return skip(parser, ']') ? OK : fail(parser, "] or ,");
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
    enum op op = find_operator(word);
    if (op >= AND)
        return fail(parser, "==, !=, in, not_in or contains");
    take(parser, word);
    *node = new_node(parser, op);
    (*node)->field = arena_dup(parser->arena, field);
    if (op == IN || op == NOT_IN)
        return read_array(parser, *node);
    (*node)->constants = arena_alloc(parser->arena, sizeof *(*node)->constants);
    (*node)->count = 1;
    return read_constant(parser, (*node)->constants);
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

static enum err read_joined(struct parser *parser, enum op op, reader *read, struct query **node)
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
    return read_joined(parser, AND, read_one, node);
}

static enum err read_either(struct parser *parser, struct query **node)
{
    return read_joined(parser, OR, read_both, node);
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

/* --- matching --- */

/* The JSON at the end of a path; absent when there is none. */
static struct str follow(struct str path, struct str data)
{
    struct str value = data;
    while (path.ptr && value.ptr)
        value = value.len && value.ptr[0] == '{' ? value_get(value, str_split(&path, '.'))
                                                 : (struct str){0};
    return value;
}

static struct str find_field(struct str field, struct str data)
{
    struct str value = follow(field, data), prefix = STR("data.");
    if (value.ptr || !str_starts(field, prefix) || value_get(data, STR("data")).ptr)
        return value;
    return follow((struct str){field.ptr + prefix.len, field.len - prefix.len}, data);
}

static bool is_string(struct str token)
{
    return token.len && token.ptr[0] == '"';
}

static bool is_number(struct str token)
{
    return token.len && (token.ptr[0] == '-' || (token.ptr[0] >= '0' && token.ptr[0] <= '9'));
}

/* The text of a JSON string, in place when no escape is in it, as most have none. */
static bool decode(struct str token, struct arena *arena, struct str *text)
{
    if (memchr(token.ptr, '\\', token.len))
        return value_decode_string(token, arena, text);
    *text = (struct str){token.ptr + 1, token.len - 2};
    return true;
}

static bool is_part(struct str part, struct str text)
{
    return !part.len || memmem(text.ptr, text.len, part.ptr, part.len);
}

static bool string_matches(struct str token, struct str text, bool part)
{
    struct arena arena;
    struct str decoded;
    arena_init(&arena);
    bool good =
        decode(token, &arena, &decoded) && (part ? is_part(text, decoded) : str_eq(decoded, text));
    arena_deinit(&arena);
    return good;
}

static bool equals(struct str token, const struct constant *constant)
{
    if (is_string(token))
        return constant->quoted && string_matches(token, constant->text, false);
    if (!constant->quoted && is_number(token) && is_number(constant->text))
        return decimal_equal(token, constant->text);
    bool text = is_number(token) || str_eq(token, STR("true")) || str_eq(token, STR("false"));
    return token.ptr && (text || !constant->quoted) && str_eq(token, constant->text);
}

static bool array_contains(struct str token, const struct constant *constant)
{
    struct value_elements elements;
    struct str element;
    value_elements_init(&elements, token);
    while (value_elements_next(&elements, &element))
        if (equals(element, constant))
            return true;
    return false;
}

static bool contains(struct str token, const struct constant *constant)
{
    if (token.len && token.ptr[0] == '[')
        return array_contains(token, constant);
    return is_string(token) && constant->quoted && string_matches(token, constant->text, true);
}

static bool key_matches(const struct query *query, struct str key, const struct constant *constant)
{
    if (!constant->quoted)
        return false;
    return query->op == CONTAINS ? is_part(constant->text, key) : str_eq(key, constant->text);
}

static bool any_equals(const struct query *query, struct str key, struct str data)
{
    bool is_key = str_eq(query->field, STR("key"));
    struct str token = is_key ? (struct str){0} : find_field(query->field, data);
    for (size_t i = 0; i < query->count; i++) {
        const struct constant *constant = &query->constants[i];
        bool match = is_key                  ? key_matches(query, key, constant)
                     : query->op == CONTAINS ? contains(token, constant)
                                             : equals(token, constant);
        if (match)
            return true;
    }
    return false;
}

bool query_matches(const struct query *query, struct str key, struct str data)
{
    if (!query)
        return true;
    switch (query->op) {
    case AND:
        return query_matches(query->left, key, data) && query_matches(query->right, key, data);
    case OR:
        return query_matches(query->left, key, data) || query_matches(query->right, key, data);
    case NOT_EQUAL:
    case NOT_IN:
        return !any_equals(query, key, data);
    default:
        return any_equals(query, key, data);
    }
}
