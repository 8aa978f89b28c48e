#include "work_loop.h"

static void on_check(uv_check_t *check)
{
    struct work_loop *loop = check->data;
    const struct work_loop_hooks *hooks = &loop->hooks;
    if (hooks->before_work && !work_is_empty(&loop->queue))
        hooks->before_work(hooks->context);
    work_run(&loop->queue);
}

/* Only that there is an active handle of this kind matters: the loop does not sleep. */
static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct work_loop *loop = prepare->data;
    if (loop->hooks.before_sleep)
        loop->hooks.before_sleep(loop->hooks.context);
    if (work_is_empty(&loop->queue))
        uv_idle_stop(&loop->idle);
    else
        uv_idle_start(&loop->idle, on_idle);
    work_end_turn(&loop->queue);
}

void work_loop_init(struct work_loop *loop, uv_loop_t *uv, const struct work_options *options,
                    const struct work_loop_hooks *hooks)
{
    work_init(&loop->queue, options);
    loop->hooks = *hooks;
    uv_check_init(uv, &loop->check);
    uv_prepare_init(uv, &loop->prepare);
    uv_idle_init(uv, &loop->idle);
    loop->check.data = loop->prepare.data = loop->idle.data = loop;
    uv_check_start(&loop->check, on_check);
    uv_prepare_start(&loop->prepare, on_prepare);
}

void work_loop_close(struct work_loop *loop)
{
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->idle, NULL);
    work_deinit(&loop->queue);
}
