#include "config.h"
#include "tutti.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static void print_help(void)
{
    puts("tutti keeps JSON state in step between everybody who looks at it, over the REST API of\n"
         "Twilio Sync.\n\n"
         "Usage: tutti serve [--option value ...]\n\n"
         "Every option may also stand in the environment (--log-level as TUTTI_LOG_LEVEL) and\n"
         "in the file that --config names (log-level = debug). Flags win over the environment,\n"
         "the environment over the file.\n\nOptions:");
    config_print_help();
}

static int fail(int status, const struct why *why)
{
    fprintf(stderr, "tutti: %s\n", why->text);
    return status;
}

static int run(const struct config *config)
{
    struct why why = {0};
    if (config->help) {
        print_help();
    } else if (config->version) {
        puts("tutti " TUTTI_VERSION);
    } else if (config->check_config) {
        puts("tutti: the configuration is fine");
    } else if (tutti_run(config, &why) != OK) {
        return fail(EXIT_FAILED, &why);
    }
    return EXIT_OK;
}

static int serve(int argc, char **argv)
{
    struct config config;
    struct why why = {0};
    bool read = config_read(&config, argc, argv, environ, &why) == OK;
    int status = read ? run(&config) : fail(EXIT_USAGE, &why);
    config_deinit(&config);
    return status;
}

int main(int argc, char **argv)
{
    struct why why;
    if (argc > 1 && strcmp(argv[1], "serve") == 0)
        return serve(argc - 2, argv + 2);
    if (argc > 1 && strncmp(argv[1], "--", 2) == 0)
        return serve(argc - 1, argv + 1); /* `tutti --version` */
    why_set(&why, "expected `tutti serve`; see `tutti --help`");
    return fail(EXIT_USAGE, &why);
}
