#include "preflight.h"

#include "auth/credentials.h"
#include "listener.h"
#include "store/folder.h"
#include "store/inspect.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4200 };

static bool has_credentials(const struct config *config)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/credentials", config->data);
    return access(path, F_OK) == 0 || errno != ENOENT;
}

/* New ones would be another account's, with another secret: no token and no API key would be good
 * any more, and nobody would know why. */
static enum err refuse_orphan(const struct config *config, struct why *why)
{
    why_set(why,
            "%s has a database, but the credentials that belong to it are missing: put the file "
            "`credentials` back, as a backup has it; or, if it is lost, start with "
            "--new-credentials, and all tokens and API keys change",
            config->data);
    return ERR_CONFIG;
}

enum err preflight_credentials(const struct config *config, struct why *why)
{
    struct credentials credentials;
    if (has_credentials(config))
        return credentials_load(&credentials, config->data, config->account_sid, config->auth_token,
                                NULL, why);
    if (inspect_finds_database(config->data) && !config->new_credentials)
        return refuse_orphan(config, why);
    return credentials_given(&credentials, config->account_sid, config->auth_token, why);
}

static enum err need_writable(const char *what, const char *path, struct why *why)
{
    if (access(path, W_OK) == 0)
        return OK;
    why_set(why, "%s %s: %s", what, path, strerror(errno));
    return ERR_CONFIG;
}

/* The folder that `path` is, or is to be, in. */
static enum err need_parent(const char *what, const char *path, struct why *why)
{
    char copy[PATH_SIZE];
    snprintf(copy, sizeof copy, "%s", path);
    return need_writable(what, dirname(copy), why);
}

static enum err check_folder(const struct config *config, struct why *why)
{
    struct stat file;
    if (stat(config->data, &file) != 0)
        return need_parent("cannot make the data folder in", config->data, why);
    if (S_ISDIR(file.st_mode))
        return need_writable("cannot write to the data folder", config->data, why);
    why_set(why, "the data folder %s is not a folder", config->data);
    return ERR_CONFIG;
}

static enum err check_log(const struct config *config, struct why *why)
{
    const char *path = config->log_file;
    if (!path || strcmp(path, "-") == 0)
        return OK;
    if (access(path, F_OK) == 0)
        return need_writable("cannot write to the log file", path, why);
    return need_parent("cannot make the log file in", path, why);
}

static enum err check_address(const struct config *config, struct why *why)
{
    char address[LISTENER_ADDRESS_MAX];
    int fd;
    enum err e = listener_open(config->listen, &fd, 1, address, why);
    if (e)
        return e;
    if (config->development)
        e = listener_check_development(fd, address, why);
    listener_close(&fd, 1);
    return e;
}

enum err preflight_static(const struct config *config, struct why *why)
{
    const char *folder = config->static_folder;
    struct stat file;
    if (!folder)
        return OK;
    if (!config->development || !config->console) {
        why_set(why,
                "static serves %s in development mode only: add --development, or let a web "
                "server have these files",
                folder);
        return ERR_CONFIG;
    }
    bool fine = stat(folder, &file) == 0 && access(folder, R_OK | X_OK) == 0;
    int failed = fine ? ENOTDIR : errno;
    if (fine && S_ISDIR(file.st_mode))
        return OK;
    why_set(why, "cannot serve the folder %s: %s", folder, strerror(failed));
    return ERR_CONFIG;
}

enum err preflight_check(const struct config *config, struct why *why)
{
    bool held = folder_is_held(config->data);
    enum err e = preflight_static(config, why);
    if (!e)
        e = check_folder(config, why);
    if (!e)
        e = preflight_credentials(config, why);
    if (!e && !held && inspect_finds_database(config->data))
        e = inspect_database(config->data, why);
    if (!e)
        e = check_log(config, why);
    return e || held ? e : check_address(config, why);
}
