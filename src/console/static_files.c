/* A path is walked segment by segment, each opened within the folder before it, and never through a
 * link. So there is no path out of the folder, however it is written. */
#include "console/static_files.h"

#include "base/percent.h"
#include "console/negotiation.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAG_SIZE = 64 };

static const struct str prefix = STR_INIT("/static/");

static const struct {
    struct str extension;
    const char *type;
} types[] = {
    {STR_INIT(".html"), "text/html; charset=utf-8"},
    {STR_INIT(".js"), "text/javascript; charset=utf-8"},
    {STR_INIT(".mjs"), "text/javascript; charset=utf-8"},
    {STR_INIT(".css"), "text/css; charset=utf-8"},
    {STR_INIT(".json"), "application/json; charset=utf-8"},
    {STR_INIT(".map"), "application/json; charset=utf-8"},
    {STR_INIT(".txt"), "text/plain; charset=utf-8"},
    {STR_INIT(".md"), "text/plain; charset=utf-8"},
    {STR_INIT(".svg"), "image/svg+xml"},
    {STR_INIT(".png"), "image/png"},
    {STR_INIT(".jpg"), "image/jpeg"},
    {STR_INIT(".jpeg"), "image/jpeg"},
    {STR_INIT(".gif"), "image/gif"},
    {STR_INIT(".webp"), "image/webp"},
    {STR_INIT(".ico"), "image/x-icon"},
    {STR_INIT(".woff2"), "font/woff2"},
    {STR_INIT(".wasm"), "application/wasm"},
};

static const char *type_of(struct str name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t len = types[i].extension.len;
        if (name.len > len &&
            str_eq_nocase((struct str){name.ptr + name.len - len, len}, types[i].extension))
            return types[i].type;
    }
    return "application/octet-stream";
}

bool static_files_has_path(struct str path)
{
    return str_starts(path, prefix) || str_eq(path, (struct str){prefix.ptr, prefix.len - 1});
}

/* What `segment`, as it was sent, names in the folder `in`. -1: nothing that is served. */
static int open_segment(int in, struct str segment, struct arena *arena)
{
    struct str name;
    if (!percent_decode(segment, PERCENT_PLUS_IS_PLUS, arena, &name) || !name.len ||
        name.ptr[0] == '.' || memchr(name.ptr, '/', name.len) || memchr(name.ptr, 0, name.len))
        return -1;
    char *text = arena_alloc(arena, name.len + 1);
    memcpy(text, name.ptr, name.len);
    text[name.len] = 0;
    return openat(in, text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* The path ends with a slash, or behind the name of a file or folder. */
static int open_path(const char *folder, struct str path, struct arena *arena)
{
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct str rest = path;
    while (at >= 0 && rest.ptr && rest.len) {
        int next = open_segment(at, str_split(&rest, '/'), arena);
        close(at);
        at = next;
    }
    if (at < 0 || (path.len && path.ptr[path.len - 1] != '/'))
        return at;
    int page = open_segment(at, STR("index.html"), arena);
    close(at);
    return page;
}

static void refuse(struct visit *visit, const char *reason)
{
    why_set(&visit->why, "%.*s%s", STR_ARG(visit->request->path), reason);
    visit_refuse(visit, ERR_ROUTE);
}

/* Addresses within the page at DIR/ are taken from there. */
static void send_to_folder(struct visit *visit)
{
    struct str path = visit->request->path;
    char *place = arena_alloc(&visit->request->arena, path.len + 2);
    memcpy(place, path.ptr, path.len);
    memcpy(place + path.len, "/", 2);
    visit_add_header(visit, "Location", place);
    struct http_reply reply = {.status = 302, .headers = visit->headers};
    http_reply(visit->request, &reply);
}

static struct str tag_of(struct visit *visit, const struct stat *file)
{
    char *text = arena_alloc(&visit->request->arena, TAG_SIZE);
    snprintf(text, TAG_SIZE, "\"%llx-%llx-%llx\"", (unsigned long long)file->st_ino,
             (unsigned long long)file->st_size,
             (unsigned long long)file->st_mtim.tv_sec * 1000000000 +
                 (unsigned long long)file->st_mtim.tv_nsec);
    return str_from(text);
}

/* False: it could not be read, or has grown since. */
static bool read_whole(int fd, size_t size, struct buf *body)
{
    char bytes[65536];
    ssize_t len;
    while ((len = read(fd, bytes, sizeof bytes)) > 0)
        buf_add(body, (struct str){bytes, (size_t)len});
    return len == 0 && !body->failed && body->len == size;
}

static void send_file(struct visit *visit, int fd, const struct stat *file, const char *type)
{
    struct http_request *request = visit->request;
    struct str tag = tag_of(visit, file);
    bool known = negotiation_has(http_request_header(request, STR("If-None-Match")), tag);
    struct buf body;
    buf_init(&body, (size_t)file->st_size);
    if (read_whole(fd, (size_t)file->st_size, &body)) {
        visit_add_header(visit, "X-Content-Type-Options", "nosniff");
        visit_add_header(visit, "Cache-Control", "no-cache");
        visit_add_header(visit, "ETag", tag.ptr);
        struct http_reply reply = {
            .status = known ? 304 : 200,
            .content_type = type,
            .headers = visit->headers,
            .body = body.len ? &body : NULL,
        };
        http_reply(request, &reply);
    } else {
        refuse(visit, " (it cannot be read)");
    }
    buf_deinit(&body);
}

void static_files_reply(struct visit *visit, const char *folder)
{
    struct str path = visit->request->path;
    struct stat file;
    if (path.len < prefix.len) {
        send_to_folder(visit);
        return;
    }
    bool is_page = path.ptr[path.len - 1] == '/';
    int fd = open_path(folder, (struct str){path.ptr + prefix.len, path.len - prefix.len},
                       &visit->request->arena);
    if (fd < 0 || fstat(fd, &file) != 0)
        refuse(visit, "");
    else if (S_ISDIR(file.st_mode) && !is_page)
        send_to_folder(visit);
    else if (!S_ISREG(file.st_mode))
        refuse(visit, "");
    else if (file.st_size > STATIC_FILE_SIZE_MAX)
        refuse(visit, " (larger than the 16 MiB that are served of a file)");
    else
        send_file(visit, fd, &file, is_page ? "text/html; charset=utf-8" : type_of(path));
    if (fd >= 0)
        close(fd);
}
