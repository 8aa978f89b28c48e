/* The happy path: our own flags are taken out of argv, config_read reads the rest as for the
 * server, so that both find the same folder; then the values are checked, then signed. */
#include "mint.h"

#include "base/clock.h"
#include "base/spelling.h"
#include "store/inspect.h"
#include "sync/sid.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

enum { TOKEN_SIZE_MAX = JWT_SIZE_MAX };

#define AT(member) offsetof(struct mint, member)

static const struct flag {
    const char *name;
    size_t offset;
    const char *fallback; /* NULL: none */
    const char *value;
    const char *help;
} flags[] = {
    {"identity", AT(identity), "", "NAME", "who the client is: 1 to 256 characters"},
    {"service", AT(service), "default", "SID", "the service's SID or unique name"},
    {"ttl", AT(ttl), "3600", "SECONDS", "how long the token is good: at most 86400, a day"},
    {"key", AT(key), NULL, "SK...",
     "the API key that signs; when it is removed, its tokens are refused. Default: the server's "
     "own key"},
    {"algorithm", AT(algorithm), "HS256", "HS256|HS384|HS512", "how it is signed"},
};

enum { FLAGS = sizeof flags / sizeof *flags };

static const char **place(struct mint *mint, const struct flag *flag)
{
    return (const char **)(void *)((char *)mint + flag->offset);
}

static const struct flag *find(struct str name)
{
    for (size_t i = 0; i < FLAGS; i++)
        if (name.len > 2 && str_starts(name, STR("--")) &&
            str_eq((struct str){name.ptr + 2, name.len - 2}, str_from(flags[i].name)))
            return &flags[i];
    return NULL;
}

/* Is `text` nearly a flag of ours, and none of the server's? */
static enum err check_spelling(const char *text, struct why *why)
{
    struct str rest = str_from(text), name = str_split(&rest, '=');
    if (!str_starts(name, STR("--")) || config_has((struct str){name.ptr + 2, name.len - 2}))
        return OK;
    for (size_t i = 0; i < FLAGS; i++) {
        if (!spelling_is_near(name, str_from(flags[i].name)))
            continue;
        why_set(why, "there is no option %.*s; did you mean --%s?", STR_ARG(name), flags[i].name);
        return ERR_CONFIG;
    }
    return OK;
}

/* Take our flags; the others go to `rest`, which has room for all. */
static enum err take_flags(struct mint *mint, int argc, char **argv, char **rest, int *rest_count,
                           struct why *why)
{
    *rest_count = 0;
    for (int i = 0; i < argc; i++) {
        struct str value = str_from(argv[i]);
        const struct flag *flag = find(str_split(&value, '='));
        if (!flag) {
            enum err e = check_spelling(argv[i], why);
            if (e)
                return e;
            rest[(*rest_count)++] = argv[i];
        } else if (value.ptr) {
            *place(mint, flag) = value.ptr;
        } else if (++i < argc) {
            *place(mint, flag) = argv[i];
        } else {
            why_set(why, "--%s needs a value", flag->name);
            return ERR_CONFIG;
        }
    }
    return OK;
}

static enum err check(struct mint *mint, struct why *why)
{
    mint->issue = (struct issue){
        .identity = str_from(mint->identity),
        .service = str_from(mint->service),
        .ttl = str_from(mint->ttl),
        .key = str_from(mint->key),
        .algorithm = str_from(mint->algorithm),
    };
    if (!*mint->identity) {
        why_set(why, "--identity is missing: whom is the token for?");
        return ERR_CONFIG;
    }
    return issue_check(&mint->issue, why) ? ERR_CONFIG : OK;
}

enum err mint_read(struct mint *mint, int argc, char **argv, char **environment, struct why *why)
{
    *mint = (struct mint){0};
    arena_init(&mint->arena);
    for (size_t i = 0; i < FLAGS; i++)
        *place(mint, &flags[i]) = flags[i].fallback;
    char **rest = arena_alloc(&mint->arena, (size_t)argc * sizeof *rest);
    int rest_count;
    enum err e = take_flags(mint, argc, argv, rest, &rest_count, why);
    if (!e)
        e = config_read(&mint->config, rest_count, rest, environment, why);
    if (e || mint->config.help || mint->config.version)
        return e;
    return check(mint, why);
}

void mint_deinit(struct mint *mint)
{
    config_deinit(&mint->config);
    arena_deinit(&mint->arena);
}

static enum err print(struct str token, struct why *why)
{
    if (printf("%.*s\n", STR_ARG(token)) >= 0 && fflush(stdout) == 0)
        return OK;
    why_set(why, "cannot print the token: %s", strerror(errno));
    return ERR_CONFIG;
}

/* A token for a service that does not exist is refused where nobody looks: by the server, later. */
static void warn_of_service(const struct mint *mint)
{
    const char *folder = mint->config.data;
    struct str name = mint->issue.service;
    uint64_t id = 0, salt;
    bool found = true;
    struct why why;
    if (sid_parse(name, KIND_SERVICE, &id, &salt))
        name = (struct str){0};
    if (!inspect_finds_database(folder) ||
        inspect_object(folder, KIND_SERVICE, name, id, &found, &why) || found)
        return;
    fprintf(stderr,
            "tutti: warning: there is no service %.*s in %s; the token is refused until there is\n",
            STR_ARG(mint->issue.service), folder);
}

enum err mint_run(const struct mint *mint, struct why *why)
{
    const struct config *config = &mint->config;
    struct credentials credentials;
    struct clock clock = clock_system();
    struct buf token;
    enum err e = credentials_load(&credentials, config->data, config->account_sid,
                                  config->auth_token, NULL, why);
    if (e)
        return e;
    buf_init(&token, TOKEN_SIZE_MAX);
    issue_token(&credentials, &mint->issue, clock.now_ms(clock.context), &token);
    warn_of_service(mint);
    e = print(buf_str(&token), why);
    buf_deinit(&token);
    return e;
}

void mint_print_help(void)
{
    puts("Print an access token, with which a client may connect.\n\n"
         "Usage: tutti token --identity NAME [--option value ...]\n\n"
         "It is signed with a secret of DATA/credentials, so say where the data are as you say it\n"
         "to the server: --data, --account-sid, --config, or TUTTI_DATA, TUTTI_ACCOUNT_SID,\n"
         "TUTTI_CONFIG. The server may run meanwhile, and is not asked.\n\nOptions:");
    for (size_t i = 0; i < FLAGS; i++) {
        printf("  --%s %s\n      %s", flags[i].name, flags[i].value, flags[i].help);
        if (flags[i].fallback && *flags[i].fallback)
            printf(" (default %s)", flags[i].fallback);
        putchar('\n');
    }
}
