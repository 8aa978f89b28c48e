#include "realtime/conflict.h"

/* As str_split, but not within a quoted string. */
static struct str split(struct str *rest, char at)
{
    struct str first = *rest;
    bool quoted = false;
    for (size_t i = 0; i < first.len; i++) {
        char c = first.ptr[i];
        if (c == '"') {
            quoted = !quoted;
        } else if (c == '\\' && quoted) {
            i++;
        } else if (c == at && !quoted) {
            *rest = (struct str){first.ptr + i + 1, first.len - i - 1};
            first.len = i;
            return first;
        }
    }
    *rest = (struct str){0};
    return first;
}

static struct str unquoted(struct str word)
{
    if (word.len < 2 || word.ptr[0] != '"' || word.ptr[word.len - 1] != '"')
        return word;
    return (struct str){word.ptr + 1, word.len - 2};
}

/* Of a preference that is given twice the first counts (RFC 7240, section 2). */
bool conflict_is_preferred(struct str prefer)
{
    while (prefer.len) {
        struct str preference = split(&prefer, ',');
        struct str value = split(&preference, ';');
        struct str name = str_trim(str_split(&value, '='));
        if (str_eq_nocase(name, STR("return")))
            return str_eq_nocase(unquoted(str_trim(value)), STR("representation"));
    }
    return false;
}

bool conflict_read(struct request *request)
{
    struct command *command = &request->command;
    if (!request->prefers_current || request->conflict || !request->route->render_current)
        return false;
    request->conflict = command->subject;
    command_reset(command);
    command->verb = VERB_FETCH;
    command->if_match = (struct precondition){0};
    command->if_none_match_any = false;
    command->idempotency_key = (struct str){0};
    command->data = (struct str){0};
    command->ttl = (struct ttl){0};
    return true;
}

void conflict_write(struct request *request, const struct problem *problem, struct buf *out)
{
    enum err e = request->command.err;
    problem_write(problem, "", request->session->base, out);
    if (e && e != ERR_MISSING && e != ERR_NAME_MISSING)
        return;
    out->len--; /* the brace comes later */
    buf_add_lit(out, ",\"current\":");
    if (e)
        buf_add_lit(out, "null");
    else
        request->route->render_current(request, out);
    buf_add_char(out, '}');
}
