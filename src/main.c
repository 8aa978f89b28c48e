#include "backup.h"
#include "base/spelling.h"
#include "config.h"
#include "mint.h"
#include "preflight.h"
#include "tutti.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static void print_help(void)
{
    puts("tutti keeps JSON state in step between everybody who looks at it, over the REST API of\n"
         "Twilio Sync.\n\n"
         "Usage: tutti serve [--option value ...]\n"
         "       tutti token --identity NAME [--option value ...]\n"
         "       tutti backup --to FOLDER [--option value ...]\n"
         "       tutti help [COMMAND]\n"
         "       tutti version\n\n"
         "`tutti token` prints an access token for a client; see `tutti token --help`.\n"
         "`tutti backup` copies a server's data while it runs; see `tutti backup --help`.\n\n"
         "Every option may also stand in the environment (--log-level as TUTTI_LOG_LEVEL) and\n"
         "in the file that --config names (log-level = debug). Flags win over the environment,\n"
         "the environment over the file.\n\nOptions:");
    config_print_help();
}

static void print_version(void)
{
    puts("tutti " TUTTI_VERSION);
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
        print_version();
    } else if (config->check_config) {
        if (preflight_check(config, &why) != OK)
            return fail(EXIT_FAILED, &why);
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
    config_warn(environ);
    int status = read ? run(&config) : fail(EXIT_USAGE, &why);
    config_deinit(&config);
    return status;
}

static int run_token(const struct mint *mint)
{
    struct why why = {0};
    if (mint->config.help)
        mint_print_help();
    else if (mint->config.version)
        print_version();
    else if (mint_run(mint, &why) != OK)
        return fail(EXIT_FAILED, &why);
    return EXIT_OK;
}

static int token(int argc, char **argv)
{
    struct mint mint;
    struct why why = {0};
    bool read = mint_read(&mint, argc, argv, environ, &why) == OK;
    config_warn(environ);
    int status = read ? run_token(&mint) : fail(EXIT_USAGE, &why);
    mint_deinit(&mint);
    return status;
}

static int run_backup(const struct backup *backup)
{
    struct why why = {0};
    if (backup->config.help)
        backup_print_help();
    else if (backup->config.version)
        print_version();
    else if (backup_run(backup, &why) != OK)
        return fail(EXIT_FAILED, &why);
    return EXIT_OK;
}

static int backup(int argc, char **argv)
{
    struct backup backup;
    struct why why = {0};
    bool read = backup_read(&backup, argc, argv, environ, &why) == OK;
    config_warn(environ);
    int status = read ? run_backup(&backup) : fail(EXIT_USAGE, &why);
    backup_deinit(&backup);
    return status;
}

static int version(int argc, char **argv)
{
    (void)argc, (void)argv;
    print_version();
    return EXIT_OK;
}

static int help(int argc, char **argv);

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {{"serve", serve}, {"token", token},       {"backup", backup}, {"version", version},
                {"help", help},   {"--version", version}, {"--help", help},   {"-h", help}};

enum { COMMANDS = sizeof commands / sizeof *commands };

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

static int refuse(const char *name)
{
    struct why why;
    struct str given = str_from(name);
    why_set(&why, "there is no command %.*s; see `tutti --help`", STR_ARG(given));
    for (size_t i = 0; i < COMMANDS; i++)
        if (spelling_is_near(given, str_from(commands[i].name)))
            why_set(&why, "there is no command %.*s; did you mean `tutti %s`?", STR_ARG(given),
                    commands[i].name);
    return fail(EXIT_USAGE, &why);
}

/* `tutti help`, `tutti help token`. */
static int help(int argc, char **argv)
{
    char flag[] = "--help", *asks[] = {flag, NULL};
    const struct command *about = argc ? find(argv[0]) : NULL;
    if (argc && !about)
        return refuse(argv[0]);
    if (about && about->run != help)
        return about->run(1, asks);
    print_help();
    return EXIT_OK;
}

int main(int argc, char **argv)
{
    struct why why;
    const struct command *command = argc > 1 ? find(argv[1]) : NULL;
    if (command)
        return command->run(argc - 2, argv + 2);
    if (argc > 1 && strncmp(argv[1], "--", 2) == 0)
        return serve(argc - 1, argv + 1); /* `tutti --check-config` */
    if (argc > 1)
        return refuse(argv[1]);
    why_set(&why, "expected `tutti serve`, `tutti token` or `tutti backup`; see `tutti --help`");
    return fail(EXIT_USAGE, &why);
}
