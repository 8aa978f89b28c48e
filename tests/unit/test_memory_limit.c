#include "memory_limit.h"

#include "sim/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A folder of control groups: `files` are path and content, in turns. */
static uint64_t limit_in(const char *membership, const char *const *files)
{
    struct scratch scratch;
    char path[2 * SCRATCH_PATH_MAX], command[3 * SCRATCH_PATH_MAX];
    scratch_init(&scratch);
    scratch_write(&scratch, "membership", membership);
    for (; *files; files += 2) {
        snprintf(command, sizeof command, "mkdir -p \"$(dirname '%s/%s')\"", scratch.path, *files);
        assert_int_equal(system(command), 0);
        scratch_write(&scratch, files[0], files[1]);
    }
    scratch_file(&scratch, "membership", path, sizeof path);
    uint64_t limit = memory_limit_of_groups(path, scratch.path);
    snprintf(command, sizeof command, "rm -r '%s'/*", scratch.path);
    assert_int_equal(system(command), 0);
    scratch_deinit(&scratch);
    return limit;
}

#define LIMIT_IN(membership, ...) limit_in(membership, (const char *const[]){__VA_ARGS__, NULL})

static void without_a_limit_there_is_none(void **state)
{
    (void)state;
    assert_true(memory_limit_of_groups("/nowhere", "/nowhere") == UINT64_MAX);
    assert_true(LIMIT_IN("0::/\n", "cgroup.procs", "1\n") == UINT64_MAX);
    assert_true(LIMIT_IN("0::/\n", "memory.max", "max\n") == UINT64_MAX);
    assert_true(LIMIT_IN("nonsense\n5:\n", "memory.max", "1000\n") == UINT64_MAX);
}

static void the_limit_of_a_container_is_found_at_the_root(void **state)
{
    (void)state;
    assert_int_equal(LIMIT_IN("0::/\n", "memory.max", "268435456\n"), 268435456);
    assert_int_equal(LIMIT_IN("0::/gone/elsewhere\n", "memory.max", "268435456\n"), 268435456);
}

static void the_least_limit_of_a_group_and_those_above_counts(void **state)
{
    (void)state;
    assert_int_equal(LIMIT_IN("0::/a.slice/b.service\n", "a.slice/b.service/memory.max", "max\n",
                              "a.slice/memory.max", "3000\n", "memory.max", "5000\n"),
                     3000);
    assert_int_equal(LIMIT_IN("0::/a.slice/b.service\n", "a.slice/b.service/memory.max", "2000\n",
                              "a.slice/memory.max", "3000\n"),
                     2000);
}

static void version_1_is_read_too(void **state)
{
    (void)state;
    assert_int_equal(LIMIT_IN("3:cpu,cpuacct:/x\n2:hugetlb,memory:/docker/c\n",
                              "memory/docker/c/memory.limit_in_bytes", "4000\n",
                              "cpu/memory.limit_in_bytes", "1\n"),
                     4000);
    assert_int_equal(LIMIT_IN("2:memory:/docker/c\n", "memory/memory.limit_in_bytes", "7000\n"),
                     7000);
}

static void some_memory_may_be_used(void **state)
{
    (void)state;
    assert_true(memory_limit() > 1 << 20 && memory_limit() < UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_limit_there_is_none),
        cmocka_unit_test(the_limit_of_a_container_is_found_at_the_root),
        cmocka_unit_test(the_least_limit_of_a_group_and_those_above_counts),
        cmocka_unit_test(version_1_is_read_too),
        cmocka_unit_test(some_memory_may_be_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
