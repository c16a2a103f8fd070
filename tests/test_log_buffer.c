/* The log's frames gathered in memory: what is committed is in the files, whatever its size; a commit that fails never
 * gets there. "In the files" means that copies of database and log, opened by themselves, show it. */
#include <sqlite3.h>
#include <sys/stat.h>

#include "db/log_buffer.h"
#include "jc_fault_vfs.h"
#include "jc_test.h"

static char folder[] = "/tmp/jc_log_buffer_XXXXXX", path[64], copy[64];

static void run(sqlite3 *db, const char *sql) {
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

static long long ask(sqlite3 *db, const char *sql) {
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    long long answer = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return answer;
}

/* An empty database in WAL mode, its log gathered if so wished. */
static sqlite3 *open_fresh(const char *vfs, bool gathered) {
    sqlite3 *db = NULL;
    char log[80];
    snprintf(log, sizeof log, "%s-wal", path);
    unlink(path);
    unlink(log);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs), SQLITE_OK);
    run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
            "CREATE TABLE t (no INTEGER PRIMARY KEY, text TEXT); PRAGMA cache_size = 20");
    if (gathered)
        jc_log_buffer_attach(db, false);
    return db;
}

static void put_rows(sqlite3 *db, int from, int count) {
    char sql[256];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n (no) AS (SELECT %d UNION ALL SELECT no + 1 FROM n WHERE no < %d)\n"
             "INSERT INTO t SELECT no, hex(zeroblob(400)) || no FROM n",
             from, from + count - 1);
    run(db, sql);
}

static void copy_file(const char *suffix) {
    char from[80], to[80], bytes[4096];
    snprintf(from, sizeof from, "%s%s", path, suffix);
    snprintf(to, sizeof to, "%s%s", copy, suffix);
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_true(in && out);
    for (size_t len; (len = fread(bytes, 1, sizeof bytes, in)) > 0;)
        assert_int_equal(fwrite(bytes, 1, len, out), len);
    fclose(in);
    fclose(out);
}

/* Rows that somebody finds who has nothing but the files. */
static long long rows_in_files(const char *name) {
    sqlite3 *db = NULL;
    char index[80];
    copy_file("");
    copy_file("-wal");
    snprintf(index, sizeof index, "%s-shm", copy);
    unlink(index);
    assert_int_equal(sqlite3_open_v2(copy, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    CHECK_INT(name, ask(db, "SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
    long long rows = ask(db, "SELECT COUNT(*) FROM t");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return rows;
}

/* From one frame to hundreds; pages that do not fit the cache go to the log before the commit. */
static void test_commits_are_in_the_files(void **state) {
    (void)state;
    static const int SIZES[] = {1, 20, 150, 3000};
    for (size_t i = 0; i < COUNT(SIZES); i++) {
        char name[32];
        snprintf(name, sizeof name, "%d rows", SIZES[i]);
        sqlite3 *db = open_fresh(NULL, true), *other = NULL;
        assert_int_equal(sqlite3_open_v2(path, &other, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        run(db, "BEGIN IMMEDIATE");
        put_rows(db, 1, SIZES[i]);
        CHECK_INT(name, ask(other, "SELECT COUNT(*) FROM t"), 0);
        CHECK_INT(name, rows_in_files(name), 0);
        run(db, "COMMIT");
        CHECK_INT(name, ask(other, "SELECT COUNT(*) FROM t"), SIZES[i]);
        CHECK_INT(name, rows_in_files(name), SIZES[i]);
        run(other, "PRAGMA wal_checkpoint(RESTART)");
        put_rows(db, SIZES[i] + 1, 10);
        CHECK_INT(name, rows_in_files(name), SIZES[i] + 10);
        assert_int_equal(sqlite3_close(other), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
    }
}

/* Where sectors are not written whole, a commit ends with its last frame again and again, part of it behind the sync. */
static void test_padded_commits(void **state) {
    (void)state;
    sqlite3 *db = open_fresh(NULL, true), *other = NULL;
    char name[80];
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    snprintf(name, sizeof name, "file:%s?psow=0", path);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI;
    assert_int_equal(sqlite3_open_v2(name, &db, flags, NULL), SQLITE_OK);
    run(db, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; SELECT COUNT(*) FROM t");
    jc_log_buffer_attach(db, false);
    assert_int_equal(sqlite3_open_v2(path, &other, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    for (int i = 0; i < 20; i++) {
        put_rows(db, i * 3 + 1, 3);
        CHECK_INT("others see it", ask(other, "SELECT COUNT(*) FROM t"), i * 3 + 3);
        CHECK_INT("it is in the files", rows_in_files("padded"), i * 3 + 3);
    }
    CHECK_INT("whole", ask(other, "SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Frames already handed over are read again, overwritten and taken back. */
static void test_savepoints(void **state) {
    (void)state;
    sqlite3 *db = open_fresh(NULL, true);
    run(db, "BEGIN IMMEDIATE");
    put_rows(db, 1, 500);
    run(db, "SAVEPOINT job");
    put_rows(db, 501, 2000);
    run(db, "UPDATE t SET text = text || 'x'");
    assert_int_equal(ask(db, "SELECT COUNT(*) FROM t WHERE text LIKE '%x'"), 2500);
    run(db, "ROLLBACK TO job");
    assert_int_equal(ask(db, "SELECT COUNT(*) FROM t WHERE text NOT LIKE '%x'"), 500);
    put_rows(db, 501, 7);
    run(db, "COMMIT");
    assert_int_equal(rows_in_files("savepoint"), 507);
    run(db, "BEGIN IMMEDIATE");
    put_rows(db, 508, 2000);
    run(db, "ROLLBACK");
    assert_int_equal(rows_in_files("rollback"), 507);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Not even the end of the connection brings the failed commit into the files. */
static void check_stays_out(const char *name, sqlite3 **db, int rows) {
    sqlite3 *other = NULL; /* while it is there, the log is */
    assert_int_equal(sqlite3_open_v2(path, &other, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    CHECK_INT(name, ask(other, "SELECT COUNT(*) FROM t"), rows);
    assert_int_equal(sqlite3_close(*db), SQLITE_OK);
    CHECK_INT(name, rows_in_files(name), rows);
    assert_int_equal(sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE, JC_FAULT_VFS), SQLITE_OK);
    run(*db, "PRAGMA synchronous = FULL");
    CHECK_INT(name, ask(*db, "SELECT COUNT(*) FROM t"), rows);
    jc_log_buffer_attach(*db, false);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

/* A rolled back transaction leaves nothing that could be written over another connection's frames later on. */
static void test_rollback_leaves_the_log_to_others(void **state) {
    (void)state;
    sqlite3 *db = open_fresh(NULL, true), *other = NULL;
    put_rows(db, 1, 3);
    assert_int_equal(sqlite3_open_v2(path, &other, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    run(other, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = 20");
    assert_int_equal(ask(other, "SELECT COUNT(*) FROM t"), 3); /* the log is open */
    jc_log_buffer_attach(other, false);
    sqlite3 *const turns[] = {db, other};
    for (int i = 0, rows = 3; i < 20; i++) {
        sqlite3 *one = turns[i % 2], *next = turns[(i + 1) % 2];
        run(next, "PRAGMA wal_checkpoint(RESTART)"); /* or SQLite would read the log to roll back */
        run(one, "BEGIN IMMEDIATE");
        put_rows(one, 100000, 150 + i * 10); /* does not fit the cache, so frames are handed over */
        run(one, "ROLLBACK");
        put_rows(next, rows + 1, 400);
        rows += 400;
        CHECK_INT("the one before reads", ask(one, "SELECT COUNT(*) FROM t"), rows);
        CHECK_INT("in the files", rows_in_files("rollback"), rows);
    }
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Every write, and then every sync, of a commit fails once. */
static void test_failed_commits_stay_out(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int calls, rows;
    } CASES[] = {
        {"a write, small", JC_FAULT_WRITES, 5},
        {"a write, large", JC_FAULT_WRITES, 1500},
        {"a sync, small", JC_FAULT_SYNCS, 5},
        {"a sync, large", JC_FAULT_SYNCS, 1500},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        int failures = 0;
        for (long nth = 1;; nth++, failures++) {
            sqlite3 *db = open_fresh(JC_FAULT_VFS, true);
            put_rows(db, 1, 3);
            jc_fault_arm(CASES[i].calls, nth, false, 0);
            int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
            char sql[200];
            snprintf(sql, sizeof sql,
                     "WITH RECURSIVE n (no) AS (SELECT 11 UNION ALL SELECT no + 1 FROM n WHERE no < %d)\n"
                     "INSERT INTO t SELECT no, hex(zeroblob(400)) FROM n",
                     10 + CASES[i].rows);
            rc = rc == SQLITE_OK ? sqlite3_exec(db, sql, NULL, NULL, NULL) : rc;
            rc = rc == SQLITE_OK ? sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) : rc;
            bool fired = jc_fault_disarm();
            CHECK_INT(CASES[i].name, rc != SQLITE_OK, fired);
            if (!sqlite3_get_autocommit(db))
                run(db, "ROLLBACK");
            int there = fired ? 3 : 3 + CASES[i].rows;
            if (fired && CASES[i].calls == JC_FAULT_WRITES)
                check_stays_out(CASES[i].name, &db, there);
            put_rows(db, 5, 2);
            CHECK_INT(CASES[i].name, rows_in_files(CASES[i].name), there + 2);
            assert_int_equal(sqlite3_close(db), SQLITE_OK);
            if (!fired)
                break;
        }
        CHECK(CASES[i].name, failures > 0);
    }
}

static long long log_bytes(void) {
    char log[80];
    struct stat file;
    snprintf(log, sizeof log, "%s-wal", path);
    return stat(log, &file) == 0 ? (long long)file.st_size : 0;
}

/* What commits behind that lies within the file; whoever has nothing but the files finds every commit, no more. */
static void test_lengthened(void **state) {
    (void)state;
    sqlite3 *db = open_fresh(NULL, false);
    jc_log_buffer_attach(db, true);
    put_rows(db, 1, 20);
    assert_in_range(log_bytes(), 1, 256 << 10); /* a short log stays short */
    put_rows(db, 21, 400);
    long long longer = log_bytes();
    assert_in_range(longer, 2 << 20, 3 << 20);
    for (int rows = 420; rows < 1420; rows += 100) {
        put_rows(db, rows + 1, 100);
        CHECK_INT("as long as before", log_bytes(), longer);
        CHECK_INT("rows", rows_in_files("lengthened"), rows + 100);
    }
    put_rows(db, 1421, 3000);
    assert_in_range(log_bytes(), longer + (1 << 20), longer + (8 << 20));
    run(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    assert_int_equal(log_bytes(), 0);
    put_rows(db, 4421, 400);
    assert_in_range(log_bytes(), 2 << 20, 3 << 20);
    assert_int_equal(rows_in_files("cut"), 4820);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A full disk fails a commit only if its frames do not fit; zeros that do not are left. */
static void test_no_room_for_zeros(void **state) {
    (void)state;
    int failed = 0, forgiven = 0;
    for (long nth = 1;; nth++) {
        sqlite3 *db = open_fresh(JC_FAULT_VFS, false);
        put_rows(db, 1, 3);
        jc_log_buffer_attach(db, true);
        jc_fault_arm(JC_FAULT_WRITES, nth, false, SQLITE_FULL);
        int rc = sqlite3_exec(db,
                              "WITH RECURSIVE n (no) AS (SELECT 4 UNION ALL SELECT no + 1 FROM n WHERE no < 600)\n"
                              "INSERT INTO t SELECT no, hex(zeroblob(400)) FROM n",
                              NULL, NULL, NULL);
        bool fired = jc_fault_disarm();
        CHECK_INT("rows", rows_in_files("no room"), rc == SQLITE_OK ? 600 : 3);
        put_rows(db, 1001, 2);
        CHECK_INT("rows behind", rows_in_files("room again"), rc == SQLITE_OK ? 602 : 5);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        failed += fired && rc != SQLITE_OK;
        forgiven += fired && rc == SQLITE_OK;
        if (!fired)
            break;
    }
    assert_in_range(failed, 1, 10);
    assert_in_range(forgiven, 1, 40);
}

static long writes_of(bool gathered) {
    sqlite3 *db = open_fresh(JC_FAULT_VFS, gathered);
    jc_fault_arm(JC_FAULT_WRITES, 1000000, false, 0);
    put_rows(db, 1, 200);
    long writes = 1000000 - atomic_load(&jc_fault.left);
    jc_fault_disarm();
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return writes;
}

static void test_fewer_writes(void **state) {
    (void)state;
    long before = writes_of(false), after = writes_of(true);
    assert_in_range(before, 60, 1000); /* 200 rows of 800 bytes: forty pages, each by two writes */
    assert_in_range(after, 1, before / 10);
}

static int set_up(void **state) {
    (void)state;
    jc_fault_register();
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/a.db", folder);
    snprintf(copy, sizeof copy, "%s/copy.db", folder);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    static const char *const SUFFIXES[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < COUNT(SUFFIXES); i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", path, SUFFIXES[i]);
        unlink(name);
        snprintf(name, sizeof name, "%s%s", copy, SUFFIXES[i]);
        unlink(name);
    }
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commits_are_in_the_files),
        cmocka_unit_test(test_padded_commits),
        cmocka_unit_test(test_savepoints),
        cmocka_unit_test(test_rollback_leaves_the_log_to_others),
        cmocka_unit_test(test_failed_commits_stay_out),
        cmocka_unit_test(test_lengthened),
        cmocka_unit_test(test_no_room_for_zeros),
        cmocka_unit_test(test_fewer_writes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
