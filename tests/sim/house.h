/* A loop on a fake store, on threads of its own, with a clock that any thread may read: what a test
 * of the loop begins with. */
#ifndef HOUSE_H
#define HOUSE_H

#include "base/log.h"
#include "sim/scratch.h"
#include "sync/loop.h"

#include <stdatomic.h>

enum { HOUSE_PORTS = 4 };

struct house {
    struct loop *loop;
    struct store *store;
    struct port port; /* of the thread that runs the test */
    struct port ports[HOUSE_PORTS];
    struct log *log;
    struct scratch folder;
    _Atomic int64_t now_ms;
    atomic_int fatal;
};

/* A test's setup and teardown. */
int house_begin(void **state);
int house_end(void **state);

/* Start the loop; the test has failed when it does not start well. */
must_check enum err house_start(struct house *house, struct why *why);
void house_start_well(struct house *house);

/* Submit a command and wait for its answer; its error. */
void house_submit(struct house *house, struct port *port, struct command *command);
enum err house_submit_and_forget(struct house *house, struct command command);

#endif
