#include "rest/system.h"

#include "dialect/problem.h"

void system_health(struct operation *op, struct buf *out)
{
    op->type = "text/plain; charset=utf-8";
    buf_add_lit(out, "ok\n");
}

void system_metrics(struct operation *op, struct buf *out)
{
    op->type = "text/plain; version=0.0.4; charset=utf-8";
    operation_expose(op, out);
}

void system_error_page(struct operation *op, struct buf *out)
{
    uint64_t code;
    const struct problem *problem = NULL;
    if (str_to_u64(op->captures[0], UINT32_MAX, &code))
        problem = problem_by_code((unsigned)code);
    if (!problem) {
        op->refused = ERR_ROUTE;
        return;
    }
    op->type = "text/html; charset=utf-8";
    problem_write_page(problem->code, out);
}

enum err system_prepare_ready(struct operation *op)
{
    return operation_is_draining(op) ? ERR_BUSY : OK;
}

void system_render_ready(struct operation *op, struct buf *out)
{
    system_health(op, out);
}
