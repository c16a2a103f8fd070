/* The database as a file: opening, its mode, its log, two processes, copies and checks. */
#include <sys/wait.h>

#include "jc_test_db.h"

/* --- opening ------------------------------------------------------------------------------------- */

static void put_file(const char *name, const char *bytes, size_t len) {
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void test_open(void **state) {
    (void)state;
    static const struct {
        const char *name, *file;
        bool create, read_only;
        enum jc_code code;
        enum jc_msg what;
    } CASES[] = {
        {"missing", "missing.db", false, false, JC_NOT_FOUND, JC_MSG_DB_MISSING},
        {"missing, read-only", "missing.db", true, true, JC_NOT_FOUND, JC_MSG_DB_MISSING},
        {"missing folder", "nowhere/a.db", true, false, JC_NOT_FOUND, JC_MSG_FILE_MISSING},
        {"a folder", ".", true, false, JC_INVALID_ARGUMENT, JC_MSG_FILE_FAILED},
        {"rubbish", "rubbish.db", true, false, JC_DATA_LOSS, JC_MSG_DB_DAMAGED},
        {"rubbish, read-only", "rubbish.db", false, true, JC_DATA_LOSS, JC_MSG_DB_DAMAGED},
        {"a name like an address", "file:x?mode=memory", true, false, JC_OK, JC_MSG_NONE},
        {"unknown file system layer", "vfs.db", true, false, JC_INTERNAL, JC_MSG_INTERNAL},
    };
    char rubbish[5000];
    memset(rubbish, 'r', sizeof rubbish);
    put_file("rubbish.db", rubbish, sizeof rubbish);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, CASES[i].file);
        struct jc_db_config config = {.path = path, .create = CASES[i].create, .read_only = CASES[i].read_only};
        config.vfs = strcmp(CASES[i].file, "vfs.db") == 0 ? "no such layer" : NULL;
        struct jc_db *db = NULL;
        struct jc_err err = {0};
        CHECK_INT(CASES[i].name, jc_db_open(&config, &db, &err), CASES[i].code);
        CHECK_INT(CASES[i].name, err.what, CASES[i].what);
        CHECK_INT(CASES[i].name, db != NULL, CASES[i].code == JC_OK);
        jc_db_close(db);
    }
    snprintf(path, sizeof path, "%s/%s", folder, "file:x?mode=memory");
    assert_int_equal(access(path, F_OK), 0);
}

static void test_file_mode(void **state) {
    (void)state;
    jc_db_close(fresh(false));
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600); /* its owner's alone */
}

static void test_read_only(void **state) {
    (void)state;
    struct jc_db *db = fresh(false);
    write_ok(db, insert_ten, NULL);
    jc_db_close(db);
    struct jc_db_config config = {.path = path, .read_only = true};
    struct jc_err err = {0};
    CHECK_OK("open", jc_db_open(&config, &db, &err), &err);
    assert_int_equal(items_in(db), 10);
    assert_int_equal(jc_db_write_wait(db, 1, insert_ten, NULL, &err), JC_FAILED_PRECONDITION);
    assert_int_equal(err.what, JC_MSG_DB_READ_ONLY);
    jc_db_close(db);
    jc_db_close(NULL);
}

/* What was written is there after closing, and the log has gone into the file. */
static void test_reopen(void **state) {
    (void)state;
    struct jc_db *db = fresh(false);
    write_ok(db, insert_ten, NULL);
    jc_db_close(db);
    char log[sizeof path + 8];
    snprintf(log, sizeof log, "%s-wal", path);
    assert_int_not_equal(access(log, F_OK), 0);
    db = open_at(path);
    assert_int_equal(items_in(db), 10);
    jc_db_close(db);
}

static char big[3 << 20];

static enum jc_code insert_big(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    memset(big, big[0] + 1, sizeof big); /* SQLite does not write what is the same already */
    return jc_tx_exec(tx,
                      "INSERT INTO item (id, kind, body) VALUES (1, 'big', $1)\n"
                      "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
                      JC_VALUES(jc_bytes(big, sizeof big)), err);
}

static enum jc_code write_under_read(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    int64_t count;
    CHECK_OK("snapshot", jc_tx_int64(tx, COUNT_ITEMS, JC_NO_VALUES, &count, err), err);
    for (int i = 0; i < 12; i++) /* 36 MB that cannot leave the log while this snapshot stands */
        write_ok(ctx, insert_big, NULL);
    return JC_OK;
}

/* The log is emptied every 16 MB, also behind a reader that kept it. */
static void test_log_is_bounded(void **state) {
    (void)state;
    struct jc_db *db = fresh(false);
    read_ok(db, write_under_read, db);
    for (int i = 0; i < 40; i++)
        write_ok(db, insert_big, NULL);
    char log[sizeof path + 8];
    snprintf(log, sizeof log, "%s-wal", path);
    struct stat status;
    assert_int_equal(stat(log, &status), 0);
    assert_in_range(status.st_size, 0, 64 << 20);
    jc_db_close(db);
}

/* --- two processes ------------------------------------------------------------------------------- */

/* A child keeps the database in a write job until the parent closes the pipe. */
struct keeper {
    int ready, release;
};

static enum jc_code keep(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct keeper *keeper = ctx;
    char byte = 'k';
    if (insert_item(tx, 500, "kept", err) != JC_OK || write(keeper->ready, &byte, 1) != 1)
        return JC_INTERNAL;
    return read(keeper->release, &byte, 1) == 0 ? JC_OK : JC_INTERNAL;
}

static int run_keeper(struct keeper keeper) {
    struct jc_db_config config = {.path = path};
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    int failed = jc_db_open(&config, &db, &err) != JC_OK || jc_db_write_wait(db, 1, keep, &keeper, &err) != JC_OK;
    jc_db_close(db);
    return failed;
}

static void test_busy(void **state) {
    (void)state;
    jc_db_close(fresh(false));
    int ready[2], release[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(release), 0);
    pid_t child = fork();
    if (child == 0) {
        close(release[1]);
        _exit(run_keeper((struct keeper){ready[1], release[0]}));
    }
    close(ready[1]);
    close(release[0]);
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1); /* the child is in its job */
    struct jc_db_config config = {.path = path, .busy_timeout_ms = 1};
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    CHECK_OK("open beside a writer", jc_db_open(&config, &db, &err), &err);
    assert_int_equal(jc_db_write_wait(db, 1, insert_ten, NULL, &err), JC_UNAVAILABLE);
    assert_int_equal(err.what, JC_MSG_DB_BUSY);
    assert_int_equal(items_in(db), 0); /* reads go on, and see what is committed */
    close(release[1]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    write_ok(db, insert_ten, NULL);
    assert_int_equal(items_in(db), 11);
    jc_db_close(db);
    close(ready[0]);
}

/* --- upkeep -------------------------------------------------------------------------------------- */

struct problems {
    int count;
    char last[256];
};

static void remember_problem(void *ctx, const struct jc_err *fault) {
    struct problems *problems = ctx;
    struct jc_buf text;
    jc_buf_init(&text, sizeof problems->last - 1);
    jc_err_render(&text, JC_EN, fault);
    problems->count++;
    snprintf(problems->last, sizeof problems->last, "%.*s", JC_FMT(jc_buf_str(&text)));
    jc_buf_free(&text);
}

static struct problems check(struct jc_db *db) {
    struct problems problems = {0};
    struct jc_err err = {0};
    CHECK_OK("check", jc_db_check(db, remember_problem, &problems, &err), &err);
    return problems;
}

static void copy(struct jc_db *db) {
    write_ok(db, insert_ten, NULL);
    static int count;
    char target[JC_TEST_PATH + 32];
    snprintf(target, sizeof target, "%s/copy-%d.db", folder, ++count);
    struct jc_err err = {0};
    CHECK_OK("copy", jc_db_copy_to(db, target, &err), &err);
    assert_int_equal(jc_db_copy_to(db, target, &err), JC_ALREADY_EXISTS); /* a copy never overwrites */
    int64_t id = 1000;
    write_ok(db, insert_one, &id); /* after the copy, so not in it */
    struct jc_db *other = open_at(target);
    assert_int_equal(items_in(other), 10);
    assert_int_equal(check(other).count, 0);
    write_ok(other, insert_one, &id);
    assert_int_equal(items_in(other), 11);
    jc_db_close(other);
    assert_int_equal(jc_db_copy_to(db, "/nowhere/copy.db", &err), JC_NOT_FOUND);
}

static void test_copy(void **state) {
    (void)state;
    both(copy);
}

static enum jc_code copy_during_read(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    int64_t count, id = 2;
    CHECK_OK("read", jc_tx_int64(tx, COUNT_ITEMS, JC_NO_VALUES, &count, err), err);
    write_ok(ctx, insert_one, &id);
    char target[JC_TEST_PATH + 32];
    snprintf(target, sizeof target, "%s/copy-now.db", folder);
    CHECK_OK("copy", jc_db_copy_to(ctx, target, err), err);
    struct jc_db *other = open_at(target);
    CHECK_INT("the newest commit", items_in(other), count + 1);
    jc_db_close(other);
    return JC_OK;
}

static void test_copy_beside_readers(void **state) {
    (void)state;
    struct jc_db *db = fresh(false);
    read_ok(db, copy_during_read, db);
    jc_db_close(db);
}

static enum jc_code break_parents(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_script(tx,
                        "CREATE TABLE p2 (id INTEGER NOT NULL PRIMARY KEY) STRICT;"
                        "CREATE TABLE c2 (id INTEGER REFERENCES p2 (id)) STRICT;"
                        "INSERT INTO p2 VALUES (1); INSERT INTO c2 VALUES (1);",
                        err);
}

static void test_check(void **state) {
    (void)state;
    struct jc_db *db = fresh(false);
    write_ok(db, insert_ten, NULL);
    write_ok(db, break_parents, NULL);
    assert_int_equal(check(db).count, 0);
    jc_db_close(db);

    /* a row of c2 that names another parent: change the byte in the file that holds it */
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, -4096, SEEK_END), 0); /* c2 has the last page */
    unsigned char page[4096];
    assert_int_equal(fread(page, 1, sizeof page, file), sizeof page);
    assert_int_equal(page[0],
                     13); /* a leaf of a table; its only cell: payload 2, rowid 1, header 2, type 9 (the number 1) */
    size_t cell = (size_t)(page[8] << 8 | page[9]);
    assert_int_equal(page[cell + 3], 9);
    page[cell + 3] = 8; /* the number 0 */
    assert_int_equal(fseek(file, -4096, SEEK_END), 0);
    assert_int_equal(fwrite(page, 1, sizeof page, file), sizeof page);
    assert_int_equal(fclose(file), 0);
    db = open_at(path);
    struct problems problems = check(db);
    assert_int_equal(problems.count, 1);
    assert_string_equal(problems.last, "row 1 of table \"c2\" names a missing row of table \"p2\"");
    jc_db_close(db);

    /* a page that is no page any more */
    file = fopen(path, "r+b");
    assert_non_null(file);
    memset(page, 0xee, sizeof page);
    assert_int_equal(fseek(file, -4096, SEEK_END), 0);
    assert_int_equal(fwrite(page, 1, sizeof page, file), sizeof page);
    assert_int_equal(fclose(file), 0);
    db = open_at(path);
    assert_true(check(db).count > 0);
    jc_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),   cmocka_unit_test(test_file_mode),           cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_reopen), cmocka_unit_test(test_log_is_bounded),      cmocka_unit_test(test_busy),
        cmocka_unit_test(test_copy),   cmocka_unit_test(test_copy_beside_readers), cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
