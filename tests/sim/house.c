#include "sim/house.h"

#include "fake/fake_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static int64_t now_ms(void *context)
{
    return atomic_load(&((struct house *)context)->now_ms);
}

static struct instant instant(void *context)
{
    return (struct instant){now_ms(context)};
}

static void on_fatal(void *context)
{
    atomic_fetch_add(&((struct house *)context)->fatal, 1);
}

int house_begin(void **state)
{
    static struct house house;
    struct why why;
    house = (struct house){.store = fake_store_new(), .now_ms = 1000000};
    house.port.queue = queue_new(NULL, NULL);
    for (size_t i = 0; i < HOUSE_PORTS; i++)
        house.ports[i].queue = queue_new(NULL, NULL);
    scratch_init(&house.folder);
    char path[512];
    scratch_file(&house.folder, "log", path, sizeof path);
    *state = &house;
    return log_open(&house.log, path, LOG_LOGFMT, LOG_INFO, clock_system(), &why) != OK;
}

int house_end(void **state)
{
    struct house *house = *state;
    if (house->loop)
        loop_stop(house->loop); /* closes the store */
    else
        store_close(house->store);
    /* Only now: the loop may have been about to return from a push. */
    queue_free(house->port.queue);
    for (size_t i = 0; i < HOUSE_PORTS; i++)
        queue_free(house->ports[i].queue);
    log_close(house->log);
    scratch_deinit(&house->folder);
    return 0;
}

enum err house_start(struct house *house, struct why *why)
{
    struct loop_options options = {
        .store = house->store,
        .clock = {now_ms, instant, house},
        .random = random_system(),
        .log = house->log,
        .fatal = on_fatal,
        .context = house,
    };
    return loop_start(&house->loop, &options, why);
}

void house_start_well(struct house *house)
{
    struct why why;
    assert_int_equal(house_start(house, &why), OK);
}

void house_submit(struct house *house, struct port *port, struct command *command)
{
    struct chain chain = {0};
    command->port = port;
    chain_add(&chain, &command->letter.node);
    loop_submit(house->loop, &chain);
    chain = queue_wait(port->queue, -1);
    assert_ptr_equal(chain.first, &command->letter.node);
    assert_int_equal(chain.count, 1);
}

enum err house_submit_and_forget(struct house *house, struct command command)
{
    house_submit(house, &house->port, &command);
    command_deinit(&command);
    return command.err;
}
