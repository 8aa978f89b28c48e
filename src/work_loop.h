/* A work queue in a libuv loop: where a turn begins and ends, and when the queue is run.
 *
 *   poll: sockets, wake-ups ──> before_work, the queue is run ──> timers ──> before_sleep ──> poll
 *   └──────────────────────────────────── one turn ─────────────────────────────────────┘
 *
 * While somebody waits in the queue the loop does not sleep: it looks what is ready, and goes on.
 */
#ifndef WORK_LOOP_H
#define WORK_LOOP_H

#include "base/work.h"

#include <uv.h>

/* NULL: nothing. */
struct work_loop_hooks {
    void (*before_work)(void *context);  /* somebody waits in the queue, which is run next */
    void (*before_sleep)(void *context); /* the turn's last */
    void *context;
};

struct work_loop {
    struct work_queue queue;
    struct work_loop_hooks hooks;
    uv_check_t check;
    uv_prepare_t prepare;
    uv_idle_t idle;
};

/* From now on `uv` is alive, whether anything waits or not, until work_loop_close. */
void work_loop_init(struct work_loop *loop, uv_loop_t *uv, const struct work_options *options,
                    const struct work_loop_hooks *hooks);

/* The loop needs one more uv_run before `loop` may go. */
void work_loop_close(struct work_loop *loop);

#endif
