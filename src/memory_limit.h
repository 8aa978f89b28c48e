/* How much memory this process may use: the machine's, or less when a control group (a container,
 * a systemd unit) limits it. */
#ifndef MEMORY_LIMIT_H
#define MEMORY_LIMIT_H

#include <stdint.h>

/* In bytes. */
uint64_t memory_limit(void);

/* The least limit of the control groups that `membership` (a file like /proc/self/cgroup) names,
 * and of those above them, as `root` (a folder like /sys/fs/cgroup) shows them; version 2 and
 * version 1. UINT64_MAX: none. */
uint64_t memory_limit_of_groups(const char *membership, const char *root);

#endif
