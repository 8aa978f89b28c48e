#include "auth/credentials.h"

#include "base/mac.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_SIZE_MAX = 1024, PATH_SIZE = 4100 };

static void put_hex(char *at, const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        at[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        at[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    at[2 * len] = 0;
}

static bool get_hex(struct str text, unsigned char *bytes, size_t len)
{
    if (text.len != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        uint64_t value;
        if (!str_hex_to_u64((struct str){text.ptr + 2 * i, 2}, &value))
            return false;
        bytes[i] = (unsigned char)value;
    }
    return true;
}

static bool alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static enum err set_account_sid(struct credentials *credentials, struct str sid, struct why *why)
{
    bool fits = sid.len == ACCOUNT_SID_LENGTH && str_starts(sid, STR("AC"));
    for (size_t i = 0; fits && i < sid.len; i++)
        fits = alphanumeric(sid.ptr[i]);
    if (!fits) {
        why_set(why, "an account SID is AC and 32 letters or digits");
        return ERR_CONFIG;
    }
    memcpy(credentials->account_sid, sid.ptr, sid.len);
    return OK;
}

static enum err set_auth_token(struct credentials *credentials, struct str token, struct why *why)
{
    bool fits = token.len && token.len <= AUTH_TOKEN_LENGTH_MAX;
    for (size_t i = 0; fits && i < token.len; i++)
        fits = token.ptr[i] > ' ' && token.ptr[i] < 0x7f;
    if (!fits) {
        why_set(why, "an auth token is 1 to %d printable ASCII characters without spaces",
                AUTH_TOKEN_LENGTH_MAX);
        return ERR_CONFIG;
    }
    memcpy(credentials->auth_token, token.ptr, token.len);
    credentials->auth_token[token.len] = 0;
    return OK;
}

static enum err set_secret(struct credentials *credentials, struct str secret, struct why *why)
{
    if (get_hex(secret, credentials->secret, SERVER_SECRET_SIZE))
        return OK;
    why_set(why, "the secret is %d hexadecimal digits", 2 * SERVER_SECRET_SIZE);
    return ERR_CONFIG;
}

/* `name = value` lines; all three must be there. */
static enum err parse(struct credentials *credentials, struct str text, struct why *why)
{
    unsigned seen = 0;
    while (text.ptr) {
        struct str value = str_split(&text, '\n');
        struct str name = str_trim(str_split(&value, '='));
        enum err e = OK;
        value = str_trim(value);
        if (str_eq(name, STR("account_sid"))) {
            e = set_account_sid(credentials, value, why);
            seen |= 1;
        } else if (str_eq(name, STR("auth_token"))) {
            e = set_auth_token(credentials, value, why);
            seen |= 2;
        } else if (str_eq(name, STR("secret"))) {
            e = set_secret(credentials, value, why);
            seen |= 4;
        }
        if (e)
            return e;
    }
    if (seen == 7)
        return OK;
    why_set(why, "account_sid, auth_token or secret is missing");
    return ERR_CONFIG;
}

static void generate(struct credentials *credentials, const struct random *random)
{
    unsigned char bytes[16];
    random->fill(random->context, bytes, sizeof bytes);
    memcpy(credentials->account_sid, "AC", 2);
    put_hex(credentials->account_sid + 2, bytes, sizeof bytes);
    random->fill(random->context, bytes, sizeof bytes);
    put_hex(credentials->auth_token, bytes, sizeof bytes);
    random->fill(random->context, credentials->secret, SERVER_SECRET_SIZE);
}

static int print(const struct credentials *credentials, char text[FILE_SIZE_MAX])
{
    char secret[2 * SERVER_SECRET_SIZE + 1];
    put_hex(secret, credentials->secret, SERVER_SECRET_SIZE);
    return snprintf(text, FILE_SIZE_MAX,
                    "# Made by tutti. Whoever reads this file can do everything.\n"
                    "account_sid = %s\nauth_token = %s\n"
                    "# API keys' secrets derive from this one: without it they are lost.\n"
                    "secret = %s\n",
                    credentials->account_sid, credentials->auth_token, secret);
}

static bool write_synced(int fd, const char *text, int len)
{
    return write(fd, text, (size_t)len) == len && fsync(fd) == 0;
}

static void sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

/* Complete under another name first: a crash leaves the whole file or none. */
static enum err save(const struct credentials *credentials, const char *folder, const char *path,
                     struct why *why)
{
    char text[FILE_SIZE_MAX], unfinished[4200];
    int len = print(credentials, text);
    snprintf(unfinished, sizeof unfinished, "%s.new", path);
    unlink(unfinished); /* a crash may have left one, and with another mode */
    int fd = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written = fd >= 0 && write_synced(fd, text, len);
    if (fd >= 0)
        close(fd);
    if (written && rename(unfinished, path) == 0) {
        sync_folder(folder);
        return OK;
    }
    why_set(why, "cannot write %s: %s", path, strerror(errno));
    unlink(unfinished);
    return ERR_CONFIG;
}

static enum err load(struct credentials *credentials, int fd, const char *path, struct why *why)
{
    char text[FILE_SIZE_MAX];
    ssize_t len = read(fd, text, sizeof text);
    enum err e = ERR_CONFIG;
    if (len < 0)
        why_set(why, "%s", strerror(errno));
    else
        e = parse(credentials, (struct str){text, (size_t)len}, why);
    if (e)
        why_prefix(why, "%s", path);
    return e;
}

static enum err name_file(char path[PATH_SIZE], const char *folder, struct why *why)
{
    if (snprintf(path, PATH_SIZE, "%s/credentials", folder) < PATH_SIZE)
        return OK;
    why_set(why, "the data folder's path is too long");
    return ERR_CONFIG;
}

/* As PostgreSQL wants it of its key: for the owner alone; a file of root's may be readable for the
 * group, as those are that a container is handed. */
static enum err check_mode(int fd, const char *path, struct why *why)
{
    struct stat file;
    if (fstat(fd, &file) != 0) {
        why_set(why, "cannot read %s: %s", path, strerror(errno));
        return ERR_CONFIG;
    }
    mode_t lax =
        file.st_uid == 0 && geteuid() != 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    if (!(file.st_mode & lax))
        return OK;
    why_set(why,
            "%s: others than its owner may use it (mode %04o), and whoever reads it can do "
            "everything; run chmod 600 on it, and change what it holds if they may have read it",
            path, (unsigned)(file.st_mode & 07777));
    return ERR_CONFIG;
}

/* `fd` -1: it is not there, and need not be. */
static enum err open_file(const char *path, bool needed, int *fd, struct why *why)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0 && (errno != ENOENT || needed)) {
        why_set(why, "cannot read %s: %s", path, strerror(errno));
        return ERR_CONFIG;
    }
    enum err e = *fd < 0 ? OK : check_mode(*fd, path, why);
    if (e)
        close(*fd);
    return e;
}

enum err credentials_given(struct credentials *credentials, const char *account_sid,
                           const char *auth_token, struct why *why)
{
    enum err e = OK;
    if (account_sid)
        e = set_account_sid(credentials, str_from(account_sid), why);
    if (!e && auth_token)
        e = set_auth_token(credentials, str_from(auth_token), why);
    return e;
}

enum err credentials_load(struct credentials *credentials, const char *folder,
                          const char *account_sid, const char *auth_token,
                          const struct random *random, struct why *why)
{
    char path[PATH_SIZE];
    int fd = -1;
    *credentials = (struct credentials){0};
    enum err e = name_file(path, folder, why);
    if (!e)
        e = open_file(path, !random, &fd, why);
    if (e)
        return e;
    if (fd >= 0) {
        e = load(credentials, fd, path, why);
        close(fd);
    } else {
        generate(credentials, random);
        e = save(credentials, folder, path, why);
    }
    return e ? e : credentials_given(credentials, account_sid, auth_token, why);
}

static enum err write_new(const char *path, const char *text, int len, struct why *why)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written = fd >= 0 && write_synced(fd, text, len);
    if (!written)
        why_set(why, "cannot write %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (fd >= 0 && !written)
        unlink(path);
    return written ? OK : ERR_CONFIG;
}

enum err credentials_copy(const char *folder, const char *to, struct why *why)
{
    char path[PATH_SIZE], copy[PATH_SIZE], text[FILE_SIZE_MAX];
    int fd = -1;
    enum err e = name_file(path, folder, why);
    if (!e)
        e = name_file(copy, to, why);
    if (!e)
        e = open_file(path, true, &fd, why);
    if (e)
        return e;
    ssize_t len = read(fd, text, sizeof text);
    close(fd);
    if (len >= 0)
        return write_new(copy, text, (int)len, why);
    why_set(why, "cannot read %s: %s", path, strerror(errno));
    return ERR_CONFIG;
}

void credentials_remove(const char *folder)
{
    char path[PATH_SIZE];
    struct why why;
    if (name_file(path, folder, &why) == OK)
        unlink(path);
}

static void derive(const struct credentials *credentials, const char *purpose, struct str subject,
                   unsigned char mac[MAC_SIZE])
{
    char message[128];
    int len = snprintf(message, sizeof message, "tutti %s %.*s", purpose, STR_ARG(subject));
    mac_sha256((struct str){(const char *)credentials->secret, SERVER_SECRET_SIZE},
               (struct str){message, (size_t)len}, mac);
}

bool credentials_is_key_sid(struct str sid)
{
    bool fits = sid.len == KEY_SID_LENGTH && str_starts(sid, STR("SK"));
    for (size_t i = 2; fits && i < sid.len; i++)
        fits = (sid.ptr[i] >= '0' && sid.ptr[i] <= '9') || (sid.ptr[i] >= 'a' && sid.ptr[i] <= 'f');
    return fits;
}

void credentials_key_secret(const struct credentials *credentials, struct str key_sid,
                            char secret[KEY_SECRET_LENGTH + 1])
{
    unsigned char mac[MAC_SIZE];
    derive(credentials, "api key", key_sid, mac);
    put_hex(secret, mac, KEY_SECRET_LENGTH / 2);
}

void credentials_own_key(const struct credentials *credentials, char sid[KEY_SID_LENGTH + 1])
{
    unsigned char mac[MAC_SIZE];
    derive(credentials, "own key", STR(""), mac);
    memcpy(sid, "SK", 2);
    put_hex(sid + 2, mac, KEY_SID_LENGTH / 2 - 1);
}

void credentials_seal_key(const struct credentials *credentials, unsigned char key[32])
{
    derive(credentials, "seal", STR(""), key);
}
