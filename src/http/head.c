#include "http/head.h"

#include "http/characters.h"

#include <string.h>

/* --- where it ends --- */

/* The line feed at `at` ends a line. True: it is the empty one. */
static bool end_line(struct head_search *search, struct str bytes, size_t at,
                     enum http_fault *fault)
{
    if (at == search->line || bytes.ptr[at - 1] != '\r')
        *fault = FAULT_SYNTAX;
    bool empty = at == search->line + 1;
    search->line = search->scanned = at + 1;
    return empty;
}

static enum http_fault too_large(const struct head_search *search)
{
    return search->line ? FAULT_HEADERS : FAULT_TARGET;
}

/* What is no HTTP at all is refused before a line feed comes, which may be never. */
static bool may_begin(struct str bytes)
{
    return !bytes.len || characters_are_token((struct str){bytes.ptr, 1});
}

size_t head_find_end(struct head_search *search, struct str bytes, size_t size_max,
                     enum http_fault *fault)
{
    *fault = may_begin(bytes) ? FAULT_NONE : FAULT_SYNTAX;
    while (!*fault && search->scanned < bytes.len) {
        const char *feed = memchr(bytes.ptr + search->scanned, '\n', bytes.len - search->scanned);
        search->scanned = feed ? (size_t)(feed - bytes.ptr) : bytes.len;
        if (search->scanned >= size_max)
            *fault = too_large(search);
        else if (feed && end_line(search, bytes, search->scanned, fault) && !*fault)
            return search->line;
    }
    return 0;
}

/* --- taking it apart --- */

/* Up to the CR LF that ends it, which is there. */
static struct str shift_line(struct str *rest)
{
    const char *feed = memchr(rest->ptr, '\n', rest->len);
    struct str line = str_shift(rest, (size_t)(feed - rest->ptr) + 1);
    line.len -= 2;
    return line;
}

static enum http_fault read_version(struct str version, struct head *head)
{
    bool shaped = version.len == 8 && str_starts(version, STR("HTTP/")) && version.ptr[6] == '.' &&
                  version.ptr[5] >= '0' && version.ptr[5] <= '9' && version.ptr[7] >= '0' &&
                  version.ptr[7] <= '9';
    if (!shaped)
        return FAULT_SYNTAX;
    head->is_http_1_0 = version.ptr[7] == '0';
    return version.ptr[5] == '1' ? FAULT_NONE : FAULT_VERSION;
}

/* One blank stands between the parts, so that none can be read as two. */
static enum http_fault read_request_line(struct str line, struct head *head)
{
    head->method = str_split(&line, ' ');
    if (head->method.len > HEAD_METHOD_MAX || !characters_are_token(head->method) || !line.ptr)
        return FAULT_SYNTAX;
    head->target = str_split(&line, ' ');
    if (!head->target.len || !line.ptr || !characters_are_target(head->target))
        return FAULT_SYNTAX;
    return read_version(line, head);
}

static void read_connection(struct head *head, struct str value)
{
    head->wants_close |= characters_list_has(value, STR("close"));
    head->wants_keep_alive |= characters_list_has(value, STR("keep-alive"));
    head->wants_upgrade |= characters_list_has(value, STR("upgrade"));
}

/* Those that the front itself acts upon. */
static void notice(struct head *head, const struct header *header)
{
    if (str_eq_nocase(header->name, STR("Connection")))
        read_connection(head, header->value);
    else if (str_eq_nocase(header->name, STR("Expect")))
        head->expects_continue = str_eq_nocase(header->value, STR("100-continue"));
    else
        framing_add(&head->framing, header->name, header->value);
}

static enum http_fault read_header(struct str line, struct arena *arena, struct head *head)
{
    struct str value = line, name = str_split(&value, ':');
    if (!value.ptr || !characters_are_token(name))
        return FAULT_SYNTAX;
    value = str_trim(value);
    if (!characters_are_field(value))
        return FAULT_SYNTAX;
    notice(head, headers_add(&head->headers, arena, name, value));
    return FAULT_NONE;
}

static enum http_fault read_headers(struct str rest, struct arena *arena, struct head *head)
{
    for (unsigned count = 0;; count++) {
        struct str line = shift_line(&rest);
        if (!line.len)
            return FAULT_NONE;
        if (count == HEAD_HEADERS_MAX)
            return FAULT_HEADERS;
        enum http_fault fault = read_header(line, arena, head);
        if (fault)
            return fault;
    }
}

static enum http_fault check_host(const struct head *head)
{
    const struct header *host = NULL;
    for (const struct header *at = head->headers.last; at; at = at->next) {
        if (!str_eq_nocase(at->name, STR("Host")))
            continue;
        if (host)
            return FAULT_HOST;
        host = at;
    }
    if (!host)
        return head->is_http_1_0 ? FAULT_NONE : FAULT_HOST;
    return characters_are_host(host->value) ? FAULT_NONE : FAULT_HOST;
}

static enum http_fault check_framing(const struct head *head)
{
    if (head->framing.other_coding)
        return FAULT_CODING;
    return framing_is_sound(&head->framing, head->is_http_1_0) ? FAULT_NONE : FAULT_SYNTAX;
}

enum http_fault head_parse(struct str bytes, struct arena *arena, struct head *head)
{
    *head = (struct head){0};
    enum http_fault fault = read_request_line(shift_line(&bytes), head);
    if (!fault)
        fault = read_headers(bytes, arena, head);
    if (!fault)
        fault = check_host(head);
    if (!fault)
        fault = check_framing(head);
    head->wants_close |= head->is_http_1_0 && !head->wants_keep_alive;
    head->wants_keep_alive &= head->is_http_1_0 && !head->wants_close;
    return fault;
}
