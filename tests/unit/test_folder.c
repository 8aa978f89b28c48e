#include "sim/scratch.h"
#include "store/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A folder that is not there yet. */
struct place {
    struct scratch scratch;
    char path[SCRATCH_PATH_MAX + 32];
};

static void place_init(struct place *place)
{
    scratch_init(&place->scratch);
    scratch_file(&place->scratch, "data", place->path, sizeof place->path);
}

static void place_deinit(struct place *place)
{
    char lock[SCRATCH_PATH_MAX + 64];
    snprintf(lock, sizeof lock, "%s/lock", place->path);
    unlink(lock);
    rmdir(place->path);
    scratch_deinit(&place->scratch);
}

/* What another process gets; `said` is its reason. */
static enum err hold_elsewhere(const char *path, struct why *said)
{
    int ends[2], status;
    struct why why = {0};
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        int lock;
        enum err e = folder_hold(path, &lock, &why);
        ssize_t len = write(ends[1], &why, sizeof why);
        _exit(len == sizeof why ? (int)e : 99);
    }
    assert_int_equal(read(ends[0], said, sizeof *said), sizeof *said);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return (enum err)WEXITSTATUS(status);
}

static void a_missing_folder_is_made_for_its_owner_alone(void **state)
{
    struct place place;
    struct why why = {0};
    struct stat info;
    int lock;
    (void)state;
    place_init(&place);
    assert_int_equal(folder_hold(place.path, &lock, &why), OK);
    assert_int_equal(stat(place.path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    folder_release(lock);
    place_deinit(&place);
}

static void a_second_holder_is_told_who_has_it(void **state)
{
    struct place place;
    struct why why = {0};
    char pid[32];
    int lock;
    (void)state;
    place_init(&place);
    assert_int_equal(folder_hold(place.path, &lock, &why), OK);
    assert_int_equal(hold_elsewhere(place.path, &why), ERR_CONFIG);
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_non_null(strstr(why.text, pid));
    assert_non_null(strstr(why.text, place.path));
    assert_non_null(strstr(why.text, "--data"));
    folder_release(lock);
    place_deinit(&place);
}

static void a_released_folder_can_be_held_again(void **state)
{
    struct place place;
    struct why why = {0};
    int lock;
    (void)state;
    place_init(&place);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(folder_hold(place.path, &lock, &why), OK);
        folder_release(lock);
        assert_int_equal(hold_elsewhere(place.path, &why), OK);
    }
    place_deinit(&place);
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
    struct place place;
    struct why why = {0};
    char path[SCRATCH_PATH_MAX + 64];
    int lock;
    (void)state;
    place_init(&place);
    snprintf(path, sizeof path, "%s/deeper", place.path);
    assert_int_equal(folder_hold(path, &lock, &why), ERR_CONFIG);
    assert_non_null(strstr(why.text, path));
    scratch_write(&place.scratch, "file", "");
    scratch_file(&place.scratch, "file", path, sizeof path);
    assert_int_equal(folder_hold(path, &lock, &why), ERR_CONFIG);
    assert_non_null(strstr(why.text, path));
    place_deinit(&place);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    char path[5000];
    struct why why = {0};
    int lock;
    (void)state;
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = 0;
    assert_int_equal(folder_hold(path, &lock, &why), ERR_CONFIG);
    assert_true(why.text[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_folder_is_made_for_its_owner_alone),
        cmocka_unit_test(a_second_holder_is_told_who_has_it),
        cmocka_unit_test(a_released_folder_can_be_held_again),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_named),
        cmocka_unit_test(a_path_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
