#include "sync/command.h"

#include <stdlib.h>

void command_deinit(struct command *command)
{
    change_unref(command->service_head);
    change_unref(command->container_head);
    change_unref(command->head);
    change_unref(command->passed);
    for (size_t i = 0; i < command->heads_count; i++)
        change_unref(command->heads[i]);
    free(command->heads);
}

void command_reset(struct command *command)
{
    command_deinit(command);
    command->err = OK;
    command->service_head = command->container_head = command->head = command->passed = NULL;
    command->heads = NULL;
    command->heads_count = 0;
    command->more_before = command->more_after = false;
}

void command_continue(struct command *command)
{
    struct change *passed = command->passed;
    command->passed = NULL;
    command_reset(command);
    command->passed = passed;
}
