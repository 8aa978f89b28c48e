#include "rest/messages.h"

enum err messages_prepare_create(struct operation *op)
{
    operation_address(op);
    return operation_data(op);
}

void messages_render_one(struct operation *op, struct buf *out)
{
    const struct change *message = op->command.head;
    struct sid sid = sid_of(message);
    buf_add_lit(out, "{\"sid\":\"");
    buf_add(out, sid_str(&sid));
    buf_add_lit(out, "\",\"data\":");
    buf_add(out, message->data);
    buf_add_char(out, '}');
}
