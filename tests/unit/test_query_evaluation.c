/* Evaluation against a slow one that reads the whole item into a tree, and what it costs. */
#include "sync/query_evaluation.h"

#include "base/mem.h"
#include "sync/query_program.h"
#include "sync/query_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

enum { PROGRAMS = 4500, QUERIES_MAX = 4, ITEMS = 10, MEMBERS_MAX = 5, TEXT_MAX = 1 << 16 };

/* --- the slow one --- */

enum type { NONE, OBJECT, ARRAY, STRING, BROKEN_STRING, NUMBER, LITERAL };

struct tree {
    enum type type;
    struct str token; /* as it stands */
    struct str text;  /* of a string, decoded */
    size_t count;     /* of an object's or array's */
    struct member *members;
};

struct member {
    struct tree name;
    struct tree value;
};

static const char *read_tree(const char *at, struct arena *arena, struct tree *tree);

static unsigned read_hex(const char *at)
{
    char digits[5] = {at[0], at[1], at[2], at[3], 0};
    return (unsigned)strtoul(digits, NULL, 16);
}

static size_t put_utf8(unsigned point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xe0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3f));
        out[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3f));
    out[2] = (char)(0x80 | (point >> 6 & 0x3f));
    out[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/* Of the escapes only those that the random texts have. */
static const char *read_text(const char *at, struct arena *arena, struct tree *tree)
{
    const char *start = at++;
    char *out = arena_alloc(arena, strlen(start) + 1);
    size_t len = 0;
    tree->type = STRING;
    while (*at != '"') {
        if (*at != '\\') {
            out[len++] = *at++;
        } else if (at[1] == 'u') {
            unsigned point = read_hex(at + 2);
            at += 6;
            if (point >= 0xd800 && point < 0xdc00 && at[0] == '\\' && at[1] == 'u') {
                point = 0x10000 + ((point - 0xd800) << 10) + (read_hex(at + 2) - 0xdc00);
                at += 6;
            }
            if (point >= 0xd800 && point < 0xe000)
                tree->type = BROKEN_STRING;
            len += put_utf8(point, out + len);
        } else {
            out[len++] = at[1] == 'n' ? '\n' : at[1];
            at += 2;
        }
    }
    tree->text = (struct str){out, len};
    return at + 1;
}

static const char *read_members(const char *at, struct arena *arena, struct tree *tree)
{
    char close = *at == '{' ? '}' : ']';
    tree->type = *at == '{' ? OBJECT : ARRAY;
    tree->members = arena_alloc(arena, MEMBERS_MAX * sizeof *tree->members);
    for (at++; *at != close; at += *at == ',') {
        struct member *member = &tree->members[tree->count++];
        assert_true(tree->count <= MEMBERS_MAX);
        if (tree->type == OBJECT)
            at = read_tree(at, arena, &member->name) + 1;
        at = read_tree(at, arena, &member->value);
    }
    return at + 1;
}

static const char *read_tree(const char *at, struct arena *arena, struct tree *tree)
{
    const char *start = at;
    *tree = (struct tree){0};
    if (*at == '{' || *at == '[')
        at = read_members(at, arena, tree);
    else if (*at == '"')
        at = read_text(at, arena, tree);
    else {
        tree->type = *at == '-' || (*at >= '0' && *at <= '9') ? NUMBER : LITERAL;
        at += strcspn(at, ",}]");
    }
    tree->token = (struct str){start, (size_t)(at - start)};
    return at;
}

/* NULL: none. */
static const struct tree *member_of(const struct tree *tree, struct str name)
{
    const struct tree *found = NULL;
    for (size_t i = 0; tree->type == OBJECT && i < tree->count; i++)
        if (tree->members[i].name.type == STRING && str_eq(tree->members[i].name.text, name))
            found = &tree->members[i].value;
    return found;
}

static const struct tree *follow(const struct tree *tree, struct str path)
{
    while (tree && path.ptr)
        tree = member_of(tree, str_split(&path, '.'));
    return tree;
}

static const struct tree *field_of(const struct tree *tree, struct str field)
{
    bool prefixed = str_starts(field, STR("data."));
    if (prefixed && !member_of(tree, STR("data")))
        return follow(tree, (struct str){field.ptr + 5, field.len - 5});
    return follow(tree, field);
}

static long double worth(struct str number)
{
    char text[64];
    snprintf(text, sizeof text, "%.*s", STR_ARG(number));
    return strtold(text, NULL);
}

static bool slow_equals(const struct tree *tree, const struct query_value *value)
{
    bool number = tree->type == NUMBER;
    if (tree->type == STRING)
        return value->quoted && str_eq(tree->text, value->text);
    if (value->quoted)
        return (number || str_eq(tree->token, STR("true")) || str_eq(tree->token, STR("false"))) &&
               str_eq(tree->token, value->text);
    if (number)
        return value->text.ptr[0] < 'a' && worth(tree->token) == worth(value->text);
    return tree->type == LITERAL && str_eq(tree->token, value->text);
}

static bool slow_contains(const struct tree *tree, const struct query_value *value)
{
    for (size_t i = 0; tree->type == ARRAY && i < tree->count; i++)
        if (slow_equals(&tree->members[i].value, value))
            return true;
    return tree->type == STRING && value->quoted &&
           (!value->text.len ||
            memmem(tree->text.ptr, tree->text.len, value->text.ptr, value->text.len));
}

static bool slow_any(const struct query *query, const struct tree *item, struct str key)
{
    struct tree named = {.type = STRING, .token = STR("\"\""), .text = key};
    bool is_key = str_eq(query->field, STR("key"));
    const struct tree *tree = is_key ? &named : field_of(item, query->field);
    for (size_t i = 0; tree && i < query->count; i++)
        if (query->op == QUERY_CONTAINS ? slow_contains(tree, &query->values[i])
                                        : slow_equals(tree, &query->values[i]))
            return true;
    return false;
}

static bool slow_matches(const struct query *query, const struct tree *item, struct str key)
{
    if (!query)
        return true;
    if (query->op == QUERY_AND)
        return slow_matches(query->left, item, key) && slow_matches(query->right, item, key);
    if (query->op == QUERY_OR)
        return slow_matches(query->left, item, key) || slow_matches(query->right, item, key);
    bool negated = query->op == QUERY_NOT_EQUAL || query->op == QUERY_NOT_IN;
    return slow_any(query, item, key) != negated;
}

/* --- random queries and items --- */

static uint64_t seed;

static size_t pick(size_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed % below);
}

#define PICK(texts) (texts)[pick(sizeof(texts) / sizeof *(texts))]

static const char *const parts[] = {"a", "b", "c", "data", "key", "ab", "a"};
static const char *const names[] = {"a",
                                    "b",
                                    "c",
                                    "data",
                                    "key",
                                    "\\u0061",
                                    "\\u0062",
                                    "ab",
                                    "d\\u0061t\\u0061",
                                    "",
                                    "\\ud83d\\ude00",
                                    "a\\ud800"};
static const char *const scalars[] = {"5",           "5.0",         "50e-1",      "-5",
                                      "0",           "-0.0",        "1e2",        "100",
                                      "true",        "false",       "null",       "\"x\"",
                                      "\"xy\"",      "\"5\"",       "\"true\"",   "\"\"",
                                      "\"\\u0078\"", "\"\\ud800\"", "\"\\n,}]\"", "\"ö\"",
                                      "\"\\u00f6\"", "\"null\"",    "\"\\\"\""};
static const char *const values[] = {"5",      "5.0",   "0.5e1",    "-5",      "0",
                                     "100",    "true",  "false",    "null",    "\"x\"",
                                     "\"xy\"", "\"5\"", "\"true\"", "\"\"",    "\"\\u0078\"",
                                     "\"ö\"",  "\"y\"", "\"a1\"",   "\"null\""};
static const char *const operators[] = {"==", "!=", "eq", "not_eq", "contains", "contains"};

static void add(char *text, const char *part)
{
    size_t len = strlen(text);
    snprintf(text + len, TEXT_MAX - len, "%s", part);
}

static void add_value(char *text, unsigned depth);

static void add_object(char *text, unsigned depth)
{
    add(text, "{");
    for (size_t i = 0, count = pick(5); i < count; i++) {
        add(text, i ? ",\"" : "\"");
        add(text, PICK(names));
        add(text, "\":");
        add_value(text, depth);
    }
    add(text, "}");
}

static void add_value(char *text, unsigned depth)
{
    size_t which = pick(10);
    if (which < 5 && depth) {
        add_object(text, depth - 1);
    } else if (which < 6 && depth) {
        add(text, "[");
        for (size_t i = 0, count = pick(4); i < count; i++) {
            add(text, i ? "," : "");
            add_value(text, depth - 1);
        }
        add(text, "]");
    } else {
        add(text, PICK(scalars));
    }
}

static void add_field(char *text)
{
    add(text, pick(3) ? "" : "data.");
    add(text, PICK(parts));
    for (size_t i = pick(4); i > 0; i--) {
        add(text, ".");
        add(text, PICK(parts));
    }
}

static void add_comparison(char *text)
{
    add_field(text);
    if (pick(3)) {
        add(text, " ");
        add(text, PICK(operators));
        add(text, " ");
        add(text, PICK(values));
        return;
    }
    add(text, pick(2) ? " in [" : " not_in [");
    for (size_t i = 0, count = pick(4); i < count; i++) {
        add(text, i ? "," : "");
        add(text, PICK(values));
    }
    add(text, "]");
}

static void add_expression(char *text, unsigned depth)
{
    for (size_t i = 0, count = 1 + pick(3); i < count; i++) {
        bool brackets = depth && !pick(3);
        add(text, i ? (pick(2) ? " and " : " or ") : "");
        if (!brackets) {
            add_comparison(text);
            continue;
        }
        add(text, "(");
        add_expression(text, depth - 1);
        add(text, ")");
    }
}

/* --- both --- */

struct asked {
    char texts[QUERIES_MAX][TEXT_MAX];
    const struct query *queries[QUERIES_MAX];
    size_t count;
};

static void ask(struct asked *asked, struct arena *arena)
{
    struct why why = {0};
    asked->count = 1 + pick(QUERIES_MAX);
    for (size_t i = 0; i < asked->count; i++) {
        struct query *query;
        asked->texts[i][0] = 0;
        if (pick(20))
            add_expression(asked->texts[i], 1);
        if (query_parse(str_from(asked->texts[i]), arena, &query, &why))
            fail_msg("%s: %s", asked->texts[i], why.text);
        asked->queries[i] = query;
    }
}

/* How many queries matched. */
static size_t compare_item(const struct asked *asked, struct query_evaluation *evaluation)
{
    static char data[TEXT_MAX];
    struct arena arena;
    struct tree tree;
    size_t matched = 0, cost = 0;
    struct str key = pick(2) ? STR("x") : STR("a1");
    data[0] = 0;
    add_object(data, 4);
    arena_init(&arena);
    read_tree(data, &arena, &tree);
    query_evaluation_begin(evaluation, key, str_from(data), &cost);
    for (size_t i = 0; i < asked->count; i++) {
        bool match = query_evaluation_matches(evaluation, i, &cost);
        if (match != slow_matches(asked->queries[i], &tree, key))
            fail_msg("%s of %s: %d", asked->texts[i], data, match);
        matched += match;
    }
    arena_deinit(&arena);
    return matched;
}

static void random_queries_match_as_they_do_when_the_item_is_read_into_a_tree(void **state)
{
    static struct asked asked;
    size_t cases = 0, matched = 0;
    (void)state;
    for (uint64_t program = 1; program <= PROGRAMS; program++) {
        struct arena arena;
        seed = program * 0x9e3779b97f4a7c15u;
        arena_init(&arena);
        ask(&asked, &arena);
        struct query_program *made = query_program_new(asked.queries, asked.count);
        struct query_evaluation *evaluation = query_evaluation_new(made);
        for (size_t i = 0; i < ITEMS; i++)
            matched += compare_item(&asked, evaluation);
        cases += ITEMS * asked.count;
        query_evaluation_free(evaluation);
        query_program_free(made);
        arena_deinit(&arena);
    }
    assert_true(cases > 100000);
    assert_in_range(matched, cases / 5, 4 * cases / 5);
}

/* --- the price --- */

static size_t cost_of(const char *text, const char *data)
{
    struct arena arena;
    struct query *query;
    struct why why;
    size_t cost = 0;
    arena_init(&arena);
    assert_int_equal(query_parse(str_from(text), &arena, &query, &why), OK);
    const struct query *queries[] = {query};
    struct query_program *program = query_program_new(queries, 1);
    struct query_evaluation *evaluation = query_evaluation_new(program);
    query_evaluation_begin(evaluation, STR("k"), str_from(data), &cost);
    query_evaluation_matches(evaluation, 0, &cost);
    query_evaluation_free(evaluation);
    query_program_free(program);
    arena_deinit(&arena);
    return cost;
}

/* Objects within each other, around a long string. */
static const char *deep_data(unsigned depth, size_t size)
{
    static char data[TEXT_MAX];
    data[0] = 0;
    for (unsigned i = 0; i < depth; i++)
        add(data, "{\"d\":");
    add(data, "{\"s\":\"");
    size_t len = strlen(data);
    memset(data + len, 'x', size);
    data[len + size] = 0;
    add(data, "\"}");
    for (unsigned i = 0; i < depth; i++)
        add(data, "}");
    return data;
}

static const char *deep_query(unsigned depth, unsigned comparisons)
{
    static char text[TEXT_MAX];
    char last[64];
    text[0] = 0;
    for (unsigned i = 0; i < comparisons; i++) {
        add(text, i ? " or " : "");
        for (unsigned j = 0; j < depth; j++)
            add(text, "d.");
        snprintf(last, sizeof last, "s%u == 1", i);
        add(text, last);
    }
    return text;
}

static void an_item_is_looked_at_once_however_deep_the_fields_and_many_the_comparisons(void **state)
{
    (void)state;
    const char *data = deep_data(60, 15700);
    size_t size = strlen(data), cost = cost_of(deep_query(60, 14), data);
    assert_in_range(cost, size, size + 4096);
}

static void what_contains_searches_is_paid_for_by_each_comparison(void **state)
{
    (void)state;
    const char *data = deep_data(0, 10000);
    assert_in_range(cost_of("s contains \"y\"", data), 20000, 21000);
    assert_in_range(cost_of("s contains \"y\" or s contains \"z\"", data), 30000, 31000);
}

static void a_long_number_is_read_once(void **state)
{
    static char data[TEXT_MAX];
    (void)state;
    snprintf(data, sizeof data, "{\"n\":1%010000d}", 0);
    assert_in_range(cost_of("n in [1,2,3,4,5,6,7,8,9] or n == 10", data), 20000, 21000);
}

static void the_empty_query_costs_next_to_nothing_more_than_the_item(void **state)
{
    (void)state;
    assert_in_range(cost_of("", "{\"a\":1}"), 7, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_queries_match_as_they_do_when_the_item_is_read_into_a_tree),
        cmocka_unit_test(
            an_item_is_looked_at_once_however_deep_the_fields_and_many_the_comparisons),
        cmocka_unit_test(what_contains_searches_is_paid_for_by_each_comparison),
        cmocka_unit_test(a_long_number_is_read_once),
        cmocka_unit_test(the_empty_query_costs_next_to_nothing_more_than_the_item),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
