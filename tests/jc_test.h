/* What every cmocka test includes. A table is a list of {name, input, expectation}, one loop, and
 * checks that print the name of the case:
 *
 *   CHECK(c->name, condition);  CHECK_INT(c->name, actual, expected);  CHECK_STR(c->name, view, "text");
 */
#ifndef JC_TEST_H
#define JC_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define CHECK(name, condition)                           \
    do {                                                 \
        if (!(condition))                                \
            fail_msg("case %s: %s", (name), #condition); \
    } while (0)

#define CHECK_INT(name, actual, expected)                                                        \
    do {                                                                                         \
        long long actual_ = (long long)(actual), expected_ = (long long)(expected);              \
        if (actual_ != expected_)                                                                \
            fail_msg("case %s: %s is %lld, expected %lld", (name), #actual, actual_, expected_); \
    } while (0)

/* A view against a NUL-terminated expectation. */
#define CHECK_STR(name, actual, expected)                                                            \
    do {                                                                                             \
        struct jc_str actual_ = (actual), expected_ = jc_str(expected);                              \
        if (!jc_str_eq(actual_, expected_))                                                          \
            fail_msg("case %s: %s is \"%.*s\", expected \"%.*s\"", (name), #actual, JC_FMT(actual_), \
                     JC_FMT(expected_));                                                             \
    } while (0)

/* A call that must succeed; prints the English sentence and the detail if it does not. */
#define CHECK_OK(name, call, err)                                                            \
    do {                                                                                     \
        if ((call) != JC_OK) {                                                               \
            struct jc_buf text_;                                                             \
            jc_buf_init(&text_, 4096);                                                       \
            jc_err_render(&text_, JC_EN, (err));                                             \
            fail_msg("case %s: %s: %s: %.*s (%s)", (name), #call, jc_code_name((err)->code), \
                     JC_FMT(jc_buf_str(&text_)), (err)->detail);                             \
        }                                                                                    \
    } while (0)

enum { JC_TEST_PATH = 512 };

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status, (void)type, (void)walk;
    return remove(path);
}

/* A fresh temporary folder, and its removal with all it holds. */
static inline void jc_test_folder(char path[JC_TEST_PATH]) {
    const char *base = getenv("TMPDIR");
    snprintf(path, JC_TEST_PATH, "%s/jiancha-test-XXXXXX", base && *base ? base : "/tmp");
    assert_non_null(mkdtemp(path));
}

static inline void jc_test_folder_remove(const char *path) {
    assert_int_equal(nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* The folder of published cases beside the checkout; skips the test where there is none. */
static inline const char *jc_test_shared(void) {
    const char *path = getenv("JIANCHA_SHARED");
    path = path && *path ? path : "../shared";
    if (access(path, R_OK) != 0)
        skip();
    return path;
}

#endif
