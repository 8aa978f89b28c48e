/* `tutti token`: an access token, made without asking the server, from the secret that both
 * read in DATA/credentials. */
#ifndef MINT_H
#define MINT_H

#include "auth/issue.h"
#include "config.h"

struct mint {
    struct config config; /* `data`, `account_sid`, `help` and `version` matter */
    struct arena arena;
    /* As they were written; all are there. Borrowed from the flags. */
    const char *identity;
    const char *service;
    const char *ttl;
    const char *key; /* NULL: the server's own */
    const char *algorithm;

    struct issue issue;
};

/* Read flags (`argv` after the command's name) and what the server's configuration says.
 * Whatever comes of it, follow with mint_deinit. ERR_CONFIG: `why` says why. With --help and
 * --version nothing else is asked for. */
must_check enum err mint_read(struct mint *mint, int argc, char **argv, char **environment,
                              struct why *why);
void mint_deinit(struct mint *mint);

/* Print the token on standard output. ERR_CONFIG: there are no credentials. */
must_check enum err mint_run(const struct mint *mint, struct why *why);

/* What `tutti token --help` says. */
void mint_print_help(void);

#endif
