/* A SQLite VFS over the platform's, for one database: it fails when told to, and remembers what
 * was written and synced, so that a test can have the files as a crash would have left them.
 *
 * Its world is simpler than a disk and crueller. A sync makes durable what was written to that
 * file before; anything else may be there after a crash or not, by sectors, in any combination.
 * What a failed sync covered stays in doubt for ever, whatever later syncs say; everybody who
 * had the file open is told once, at the next sync, as Linux does. Nothing is really synced: the
 * platform's files serve only to be read.
 *
 * Any thread may use it; the tests' own calls are made by one. */
#ifndef FAULT_VFS_H
#define FAULT_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault {
    FAULT_WRITE, /* writes */
    FAULT_SYNC,
    FAULT_CUT,   /* truncations */
    FAULT_INDEX, /* growing the log's index in shared memory */
    FAULT_COUNT
};

struct fault_plan {
    enum fault fault;
    size_t nth;    /* from 0, from now on */
    int code;      /* SQLITE_FULL, SQLITE_IOERR_FSYNC, ... */
    bool for_good; /* it and all later ones, until fault_vfs_heal */
    bool torn;     /* a failing write leaves its first half */
    int number;    /* what errno says of a write that fails */
};

enum fault_keep {
    KEEP_SYNCED, /* nothing else */
    KEEP_ALL,
    KEEP_SOME, /* of what was not synced, some sectors */
};

struct fault_vfs;

/* Registered with SQLite as `name`, which must outlive it. Files must be closed before the free. */
struct fault_vfs *fault_vfs_new(const char *name);
void fault_vfs_free(struct fault_vfs *vfs);

void fault_vfs_plan(struct fault_vfs *vfs, const struct fault_plan *plan);
void fault_vfs_heal(struct fault_vfs *vfs);   /* no plan any more */
bool fault_vfs_struck(struct fault_vfs *vfs); /* has the last plan come true? */

/* How often this has been done since the beginning, failures included. */
size_t fault_vfs_count(struct fault_vfs *vfs, enum fault fault);

/* Moments: how many writes, cuts, syncs and deletions there were. */
size_t fault_vfs_now(struct fault_vfs *vfs);

/* Write into `folder` what the disk holds when everything stops at `moment`. */
void fault_vfs_crash(struct fault_vfs *vfs, size_t moment, enum fault_keep keep, uint64_t seed,
                     const char *folder);

#endif
