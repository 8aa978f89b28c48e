#include "realtime/conflict.h"

bool conflict_is_preferred(struct str prefer)
{
    while (prefer.len) {
        struct str preference = str_split(&prefer, ',');
        struct str name = str_trim(str_split(&preference, ';'));
        if (str_eq_nocase(name, STR("return=representation")))
            return true;
    }
    return false;
}

bool conflict_read(struct request *request)
{
    struct command *command = &request->command;
    if (!request->prefers_current || request->conflict || !request->passage->render_current)
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
        request->passage->render_current(request, out);
    buf_add_char(out, '}');
}
