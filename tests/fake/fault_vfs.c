#include "fake/fault_vfs.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 8, NAME_MAX_LEN = 64, SECTOR = 512 };

enum what { WROTE, CUT, SYNCED, SYNC_FAILED, DELETED, FOLDER_SYNCED };

struct event {
    enum what what;
    unsigned file;
    size_t begun; /* a sync's: it covers the events before that moment */
    size_t at;
    size_t len;
    char *bytes;
};

struct fault_vfs {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    pthread_mutex_t lock; /* of all below */
    char names[FILES_MAX][NAME_MAX_LEN];
    unsigned names_count;
    struct event *events;
    size_t events_count;
    size_t events_max;
    size_t counts[FAULT_COUNT];
    struct fault_plan plan;
    size_t planned_at; /* the count that makes the plan come true */
    bool planned;
    bool struck;
    int regions;                       /* of shared memory */
    unsigned sync_failures[FILES_MAX]; /* each open file is told of them once */
};

struct fault_file {
    sqlite3_file base;
    struct fault_vfs *vfs;
    unsigned file;
    unsigned told;
    int last_errno; /* of the last write that failed */
    bool is_new;    /* its first sync syncs the folder too, as the platform's does */
    sqlite3_file *real;
};

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct fault_file *)file)->real;
}

/* --- what is remembered --- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static unsigned file_named(struct fault_vfs *vfs, const char *path)
{
    const char *name = last_part(path);
    unsigned at = 0;
    while (at < vfs->names_count && strcmp(vfs->names[at], name) != 0)
        at++;
    if (at == vfs->names_count) {
        assert(at < FILES_MAX && strlen(name) < NAME_MAX_LEN);
        strcpy(vfs->names[vfs->names_count++], name);
    }
    return at;
}

static void remember(struct fault_vfs *vfs, struct event event, const void *bytes)
{
    if (vfs->events_count == vfs->events_max) {
        vfs->events_max = vfs->events_max ? 2 * vfs->events_max : 256;
        vfs->events = mem_realloc(vfs->events, vfs->events_max * sizeof *vfs->events);
    }
    if (bytes) {
        event.bytes = mem_alloc(event.len);
        memcpy(event.bytes, bytes, event.len);
    }
    vfs->events[vfs->events_count++] = event;
}

/* Count one, and say how it ends. */
static int strike(struct fault_vfs *vfs, enum fault fault)
{
    const struct fault_plan *plan = &vfs->plan;
    size_t at = vfs->counts[fault]++;
    bool due = plan->for_good ? at >= vfs->planned_at : at == vfs->planned_at;
    if (!vfs->planned || plan->fault != fault || !due)
        return SQLITE_OK;
    vfs->struck = true;
    return plan->code;
}

/* --- the methods of a file --- */

static int do_close(sqlite3_file *file)
{
    int code = real_of(file)->pMethods->xClose(real_of(file));
    file->pMethods = NULL;
    return code;
}

static int do_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
    return real_of(file)->pMethods->xRead(real_of(file), bytes, len, at);
}

static int do_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
    struct fault_file *self = (struct fault_file *)file;
    struct fault_vfs *vfs = self->vfs;
    pthread_mutex_lock(&vfs->lock);
    int failure = strike(vfs, FAULT_WRITE);
    self->last_errno = failure ? vfs->plan.number : self->last_errno;
    int done = !failure ? len : vfs->plan.torn ? len / 2 : 0;
    int code = done ? self->real->pMethods->xWrite(self->real, bytes, done, at) : SQLITE_OK;
    if (done)
        remember(vfs, (struct event){WROTE, self->file, 0, (size_t)at, (size_t)done, NULL}, bytes);
    pthread_mutex_unlock(&vfs->lock);
    return failure ? failure : code;
}

static int do_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct fault_file *self = (struct fault_file *)file;
    struct fault_vfs *vfs = self->vfs;
    pthread_mutex_lock(&vfs->lock);
    int code = strike(vfs, FAULT_CUT);
    if (!code)
        code = self->real->pMethods->xTruncate(self->real, size);
    if (!code)
        remember(vfs, (struct event){CUT, self->file, 0, (size_t)size, 0, NULL}, NULL);
    pthread_mutex_unlock(&vfs->lock);
    return code;
}

static int do_sync(sqlite3_file *file, int flags)
{
    struct fault_file *self = (struct fault_file *)file;
    struct fault_vfs *vfs = self->vfs;
    (void)flags;
    pthread_mutex_lock(&vfs->lock);
    int code = strike(vfs, FAULT_SYNC);
    vfs->sync_failures[self->file] += code != SQLITE_OK;
    if (self->told != vfs->sync_failures[self->file])
        code = SQLITE_IOERR_FSYNC;
    self->told = vfs->sync_failures[self->file];
    enum what what = code ? SYNC_FAILED : SYNCED;
    remember(vfs, (struct event){what, self->file, vfs->events_count, 0, 0, NULL}, NULL);
    if (!code && self->is_new) {
        remember(vfs, (struct event){.what = FOLDER_SYNCED}, NULL);
        self->is_new = false;
    }
    pthread_mutex_unlock(&vfs->lock);
    return code;
}

static int do_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int do_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int do_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int check_lock(sqlite3_file *file, int *locked)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), locked);
}

static int control(sqlite3_file *file, int op, void *value)
{
    if (op == SQLITE_FCNTL_LAST_ERRNO) {
        *(int *)value = ((struct fault_file *)file)->last_errno;
        return SQLITE_OK;
    }
    return real_of(file)->pMethods->xFileControl(real_of(file), op, value);
}

static int sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **memory)
{
    struct fault_vfs *vfs = ((struct fault_file *)file)->vfs;
    int code = SQLITE_OK;
    pthread_mutex_lock(&vfs->lock);
    if (extend && region >= vfs->regions) {
        code = strike(vfs, FAULT_INDEX);
        if (!code)
            vfs->regions = region + 1;
    }
    pthread_mutex_unlock(&vfs->lock);
    if (code)
        return code;
    return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, memory);
}

static int shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shm_unmap(sqlite3_file *file, int remove)
{
    struct fault_vfs *vfs = ((struct fault_file *)file)->vfs;
    if (remove) {
        pthread_mutex_lock(&vfs->lock);
        vfs->regions = 0;
        pthread_mutex_unlock(&vfs->lock);
    }
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* no memory-mapped reading */
    .xClose = do_close,
    .xRead = do_read,
    .xWrite = do_write,
    .xTruncate = do_truncate,
    .xSync = do_sync,
    .xFileSize = do_size,
    .xLock = do_lock,
    .xUnlock = do_unlock,
    .xCheckReservedLock = check_lock,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

/* --- the methods of the VFS --- */

static sqlite3_vfs *platform(sqlite3_vfs *vfs)
{
    return ((struct fault_vfs *)vfs)->real;
}

static int do_open(sqlite3_vfs *base, const char *path, sqlite3_file *file, int flags,
                   int *flags_out)
{
    struct fault_vfs *vfs = (struct fault_vfs *)base;
    struct fault_file *self = (struct fault_file *)file;
    assert(path); /* temporary tables are kept in memory */
    self->vfs = vfs;
    self->real = (sqlite3_file *)(self + 1);
    self->base.pMethods = NULL;
    int code = vfs->real->xOpen(vfs->real, path, self->real, flags, flags_out);
    if (!self->real->pMethods)
        return code;
    self->base.pMethods = &methods;
    self->last_errno = 0;
    self->is_new =
        flags & SQLITE_OPEN_CREATE && flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL);
    pthread_mutex_lock(&vfs->lock);
    self->file = file_named(vfs, path);
    self->told = vfs->sync_failures[self->file];
    pthread_mutex_unlock(&vfs->lock);
    return code;
}

static int do_delete(sqlite3_vfs *base, const char *path, int sync_folder)
{
    struct fault_vfs *vfs = (struct fault_vfs *)base;
    pthread_mutex_lock(&vfs->lock);
    int code = vfs->real->xDelete(vfs->real, path, sync_folder);
    unsigned file = file_named(vfs, path);
    if (!code)
        remember(vfs, (struct event){DELETED, file, 0, 0, 0, NULL}, NULL);
    if (!code && sync_folder)
        remember(vfs, (struct event){.what = FOLDER_SYNCED}, NULL);
    pthread_mutex_unlock(&vfs->lock);
    return code;
}

static int do_access(sqlite3_vfs *vfs, const char *path, int flags, int *answer)
{
    return platform(vfs)->xAccess(platform(vfs), path, flags, answer);
}

static int full_path(sqlite3_vfs *vfs, const char *path, int size, char *full)
{
    return platform(vfs)->xFullPathname(platform(vfs), path, size, full);
}

static int random_bytes(sqlite3_vfs *vfs, int len, char *bytes)
{
    return platform(vfs)->xRandomness(platform(vfs), len, bytes);
}

static int do_sleep(sqlite3_vfs *vfs, int us)
{
    return platform(vfs)->xSleep(platform(vfs), us);
}

static int current_time(sqlite3_vfs *vfs, double *days)
{
    return platform(vfs)->xCurrentTime(platform(vfs), days);
}

static int last_error(sqlite3_vfs *vfs, int size, char *text)
{
    return platform(vfs)->xGetLastError(platform(vfs), size, text);
}

struct fault_vfs *fault_vfs_new(const char *name)
{
    struct fault_vfs *vfs = mem_zalloc(1, sizeof *vfs);
    vfs->real = sqlite3_vfs_find(NULL);
    vfs->vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(struct fault_file) + vfs->real->szOsFile,
        .mxPathname = vfs->real->mxPathname,
        .zName = name,
        .xOpen = do_open,
        .xDelete = do_delete,
        .xAccess = do_access,
        .xFullPathname = full_path,
        .xRandomness = random_bytes,
        .xSleep = do_sleep,
        .xCurrentTime = current_time,
        .xGetLastError = last_error,
    };
    pthread_mutex_init(&vfs->lock, NULL);
    int code = sqlite3_vfs_register(&vfs->vfs, 0);
    assert(code == SQLITE_OK);
    return vfs;
}

void fault_vfs_free(struct fault_vfs *vfs)
{
    sqlite3_vfs_unregister(&vfs->vfs);
    for (size_t i = 0; i < vfs->events_count; i++)
        free(vfs->events[i].bytes);
    free(vfs->events);
    pthread_mutex_destroy(&vfs->lock);
    free(vfs);
}

/* --- what tests ask for --- */

void fault_vfs_plan(struct fault_vfs *vfs, const struct fault_plan *plan)
{
    pthread_mutex_lock(&vfs->lock);
    vfs->plan = *plan;
    vfs->planned_at = vfs->counts[plan->fault] + plan->nth;
    vfs->planned = true;
    vfs->struck = false;
    pthread_mutex_unlock(&vfs->lock);
}

void fault_vfs_heal(struct fault_vfs *vfs)
{
    pthread_mutex_lock(&vfs->lock);
    vfs->planned = false;
    pthread_mutex_unlock(&vfs->lock);
}

bool fault_vfs_struck(struct fault_vfs *vfs)
{
    pthread_mutex_lock(&vfs->lock);
    bool struck = vfs->struck;
    pthread_mutex_unlock(&vfs->lock);
    return struck;
}

size_t fault_vfs_count(struct fault_vfs *vfs, enum fault fault)
{
    pthread_mutex_lock(&vfs->lock);
    size_t count = vfs->counts[fault];
    pthread_mutex_unlock(&vfs->lock);
    return count;
}

size_t fault_vfs_now(struct fault_vfs *vfs)
{
    pthread_mutex_lock(&vfs->lock);
    size_t now = vfs->events_count;
    pthread_mutex_unlock(&vfs->lock);
    return now;
}

/* --- the crash --- */

struct crash {
    const struct fault_vfs *vfs;
    size_t moment;
    enum fault_keep keep;
    uint64_t seed;
};

static bool is_sync_of(const struct event *sync, const struct event *event, size_t at)
{
    if (event->what == DELETED)
        return sync->what == FOLDER_SYNCED;
    return (sync->what == SYNCED || sync->what == SYNC_FAILED) && sync->file == event->file &&
           sync->begun > at;
}

/* The first sync that covered an event decides about it for ever. */
static bool is_durable(const struct crash *crash, size_t at)
{
    const struct event *events = crash->vfs->events;
    for (size_t i = at + 1; i < crash->moment; i++)
        if (is_sync_of(&events[i], &events[at], at))
            return events[i].what != SYNC_FAILED;
    return false;
}

static bool is_about(const struct event *event, unsigned file)
{
    return event->file == file && event->what != SYNCED && event->what != SYNC_FAILED &&
           event->what != FOLDER_SYNCED;
}

static bool is_lucky(struct crash *crash)
{
    crash->seed += 0x9e3779b97f4a7c15u;
    return crash->keep == KEEP_ALL || (crash->keep == KEEP_SOME && hash_mix(crash->seed) & 1);
}

static void resize(struct buf *image, size_t len)
{
    if (len > image->len)
        memset(buf_reserve(image, len - image->len), 0, len - image->len);
    image->len = len;
}

static void write_sector(struct buf *image, size_t at, const char *bytes, size_t len)
{
    if (image->len < at + len)
        resize(image, at + len);
    memcpy(image->ptr + at, bytes, len);
}

static void write_sectors(struct crash *crash, struct buf *image, const struct event *event,
                          bool durable)
{
    for (size_t done = 0, len; done < event->len; done += len) {
        size_t at = event->at + done;
        len = SECTOR - at % SECTOR;
        if (len > event->len - done)
            len = event->len - done;
        if (durable || is_lucky(crash))
            write_sector(image, at, event->bytes + done, len);
    }
}

/* What `file` holds; false: it is not there. */
static bool rebuild(struct crash *crash, unsigned file, struct buf *image)
{
    bool exists = false;
    for (size_t i = 0; i < crash->moment; i++) {
        const struct event *event = &crash->vfs->events[i];
        if (!is_about(event, file))
            continue;
        bool durable = is_durable(crash, i);
        exists = true;
        if (event->what == WROTE)
            write_sectors(crash, image, event, durable);
        else if (!durable && !is_lucky(crash)) {
            if (event->what == DELETED)
                break; /* what came later went into a file without a name */
        } else {
            resize(image, event->at);
            exists = event->what == CUT;
        }
    }
    return exists;
}

static void save(const char *folder, const char *name, const struct buf *image)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert(file);
    size_t written = image->len ? fwrite(image->ptr, 1, image->len, file) : 0;
    assert(written == image->len);
    fclose(file);
}

void fault_vfs_crash(struct fault_vfs *vfs, size_t moment, enum fault_keep keep, uint64_t seed,
                     const char *folder)
{
    struct crash crash = {vfs, moment, keep, hash_mix(seed)};
    pthread_mutex_lock(&vfs->lock);
    assert(moment <= vfs->events_count);
    for (unsigned file = 0; file < vfs->names_count; file++) {
        struct buf image;
        buf_init(&image, SIZE_MAX / 4);
        if (rebuild(&crash, file, &image))
            save(folder, vfs->names[file], &image);
        buf_deinit(&image);
    }
    pthread_mutex_unlock(&vfs->lock);
}
