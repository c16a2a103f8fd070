/* Whole files. */
#include "jc_test.h"

#include <dirent.h>
#include <limits.h>

#include "base/file.h"
#include "base/id.h"
#include "jc_fail_each.h"

static char folder[JC_TEST_PATH];

static const char *in_folder(const char *name) {
    static char path[2 * JC_TEST_PATH];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static size_t entries(void) {
    DIR *dir = opendir(folder);
    size_t count = 0;
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2; /* . and .. */
}

static void test_round_trip(void **state) {
    (void)state;
    static char big[300000];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7);
    static const struct {
        const char *name;
        size_t len, max;
        enum jc_code code;
    } CASES[] = {
        {"empty", 0, 0, JC_OK},
        {"one byte", 1, 1, JC_OK},
        {"exactly the limit", 65536, 65536, JC_OK},
        {"one over the limit", 65537, 65536, JC_RESOURCE_EXHAUSTED},
        {"several reads", sizeof big, sizeof big, JC_OK},
        {"over a limit of zero", 1, 0, JC_RESOURCE_EXHAUSTED},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_arena *arena = jc_arena_new(1 << 20);
        struct jc_err err = {0};
        struct jc_str out = {NULL, 0};
        const char *path = in_folder("round.bin");
        CHECK_OK(CASES[i].name, jc_file_write(path, (struct jc_str){big, CASES[i].len}, 0640, &err), &err);
        CHECK_INT(CASES[i].name, jc_file_read(path, CASES[i].max, arena, &out, &err), CASES[i].code);
        CHECK(CASES[i].name, CASES[i].code || jc_str_eq(out, (struct jc_str){big, CASES[i].len}));
        CHECK(CASES[i].name, !CASES[i].code || (!out.ptr && err.what == JC_MSG_FILE_TOO_LARGE));
        struct stat status;
        CHECK(CASES[i].name, stat(path, &status) == 0 && (status.st_mode & 0777) == 0640);
        jc_arena_free(arena);
    }
    assert_int_equal(entries(), 1); /* nothing is left beside it */
}

static void test_read_fails(void **state) {
    (void)state;
    const struct {
        const char *name, *path;
        enum jc_code code;
        enum jc_msg what;
    } CASES[] = {
        {"missing", "no-such-file", JC_NOT_FOUND, JC_MSG_FILE_MISSING},
        {"missing folder", "no/such/file", JC_NOT_FOUND, JC_MSG_FILE_MISSING},
        {"a folder", ".", JC_INVALID_ARGUMENT, JC_MSG_FILE_FAILED},
    };
    struct jc_arena *arena = jc_arena_new(1 << 20);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_err err = {0};
        struct jc_str out;
        const char *path = in_folder(CASES[i].path);
        CHECK_INT(CASES[i].name, jc_file_read(path, 100, arena, &out, &err), CASES[i].code);
        CHECK_INT(CASES[i].name, err.what, CASES[i].what);
        CHECK_STR(CASES[i].name, err.arg[0], path);
    }
    jc_arena_free(arena);
}

static void test_write_fails(void **state) {
    (void)state;
    struct jc_err err = {0};
    assert_int_equal(jc_file_write(in_folder("no/such"), JC_STR("x"), 0600, &err), JC_NOT_FOUND);
    /* The target is a folder: the rename fails, the fresh file goes away, the folder stays. */
    size_t before = entries();
    assert_int_equal(mkdir(in_folder("sub"), 0700), 0);
    assert_int_not_equal(jc_file_write(in_folder("sub"), JC_STR("x"), 0600, &err), JC_OK);
    assert_int_equal(entries(), before + 1);
    char path[PATH_MAX + 10];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(jc_file_write(path, JC_STR("x"), 0600, &err), JC_INVALID_ARGUMENT);
}

/* Relative names sync the present folder. */
static void test_relative(void **state) {
    (void)state;
    char here[JC_TEST_PATH];
    struct jc_err err = {0};
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder), 0);
    CHECK_OK("relative", jc_file_write("relative.txt", JC_STR("new"), 0600, &err), &err);
    CHECK_OK("over the old", jc_file_write("relative.txt", JC_STR("newer"), 0600, &err), &err);
    assert_int_equal(chdir(here), 0);
    struct jc_arena *arena = jc_arena_new(1000);
    struct jc_str out;
    CHECK_OK("read", jc_file_read(in_folder("relative.txt"), 10, arena, &out, &err), &err);
    CHECK_STR("read", out, "newer");
    jc_arena_free(arena);
}

static enum jc_code read_it(void *ctx, struct jc_err *err) {
    (void)ctx;
    struct jc_arena *arena = jc_arena_new(1000);
    struct jc_str out;
    if (!arena)
        return jc_fail_memory(err);
    enum jc_code code = jc_file_read(in_folder("memory.txt"), 100, arena, &out, err);
    jc_arena_free(arena);
    return code;
}

static void test_each_allocation_fails(void **state) {
    (void)state;
    struct jc_err err;
    CHECK_OK("write", jc_file_write(in_folder("memory.txt"), JC_STR("text"), 0600, &err), &err);
    assert_true(jc_fail_each(read_it, NULL) >= 3);
}

static int make(void **state) {
    (void)state;
    jc_test_folder(folder);
    return jc_id_init() ? 0 : 1;
}

static int clear(void **state) {
    (void)state;
    jc_test_folder_remove(folder);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_read_fails),
        cmocka_unit_test(test_write_fails),
        cmocka_unit_test(test_relative),
        cmocka_unit_test(test_each_allocation_fails),
    };
    return cmocka_run_group_tests(tests, make, clear);
}
