/* The database: values, cursors, error codes, snapshots. */
#include <pthread.h>

#include "jc_test_db.h"

/* --- values -------------------------------------------------------------------------------------- */

static char big[3 << 20];

struct value_case {
    const char *name;
    struct jc_value note, body, size;
};

static const char SELECT_ITEM[] = "SELECT note, body, size, $1 FROM item WHERE id = $1";

static void check_text(const char *name, const struct jc_value *value, const struct jc_rows *rows, int column) {
    CHECK_INT(name, jc_rows_is_null(rows, column), value->type == JC_VALUE_NULL);
    struct jc_str text = column ? jc_rows_bytes(rows, column) : jc_rows_text(rows, column);
    CHECK(name, text.ptr != NULL);
    CHECK_INT(name, text.len, value->bytes.len);
    CHECK(name, text.len == 0 || memcmp(text.ptr, value->bytes.ptr, text.len) == 0);
}

static enum jc_code write_and_read_value(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct value_case *c = ctx;
    CHECK_OK(c->name, jc_tx_exec(tx, "DELETE FROM item", JC_NO_VALUES, err), err);
    CHECK_OK(
        c->name,
        jc_tx_exec(tx, INSERT_ITEM, JC_VALUES(jc_int(INT64_MIN), jc_text(JC_STR("k")), c->note, c->body, c->size), err),
        err);
    CHECK_INT(c->name, jc_tx_changed(tx), 1);
    struct jc_rows *rows;
    bool has_row;
    CHECK_OK(c->name, jc_tx_query(tx, SELECT_ITEM, JC_VALUES(jc_int(INT64_MIN)), &rows, err), err);
    CHECK_OK(c->name, jc_rows_next(rows, &has_row, err), err);
    CHECK(c->name, has_row);
    check_text(c->name, &c->note, rows, 0);
    check_text(c->name, &c->body, rows, 1);
    CHECK_INT(c->name, jc_rows_is_null(rows, 2), c->size.type == JC_VALUE_NULL);
    CHECK_INT(c->name, jc_rows_int64(rows, 2), c->size.number);
    CHECK_INT(c->name, jc_rows_int64(rows, 3), INT64_MIN);
    struct jc_arena *arena = jc_arena_new(8 << 20);
    struct jc_str copy = jc_rows_copy(rows, 0, arena);
    CHECK(c->name, copy.ptr && copy.ptr[copy.len] == '\0' && copy.len == c->note.bytes.len);
    jc_arena_free(arena);
    CHECK_OK(c->name, jc_rows_next(rows, &has_row, err), err);
    CHECK(c->name, !has_row);
    CHECK_OK(c->name, jc_rows_next(rows, &has_row, err), err); /* the end stays the end */
    CHECK(c->name, !has_row);
    jc_rows_close(rows);
    return JC_OK;
}

static void values(struct jc_db *db) {
    memset(big, 'x', sizeof big);
    struct value_case cases[] = {
        {"all null", jc_null(), jc_null(), jc_null()},
        {"empty is not null", jc_text(JC_STR("")), jc_bytes("", 0), jc_int(0)},
        {"empty without a pointer", jc_text((struct jc_str){NULL, 0}), jc_bytes(NULL, 0), jc_int(0)},
        {"or null: nothing", jc_text_or_null(JC_STR("")), jc_null(), jc_int_or_null(-1)},
        {"or null: something", jc_text_or_null(JC_STR("a")), jc_null(), jc_int_or_null(0)},
        {"Chinese", jc_text(JC_STR("淮南市应急管理局")), jc_bytes("\0\xff\0", 3), jc_int(INT64_MAX)},
        {"not terminated", jc_text((struct jc_str){"abcdef", 3}), jc_bytes("abcdef", 3), jc_int(1)},
        {"big", jc_text((struct jc_str){big, sizeof big}), jc_bytes(big, sizeof big), jc_int(7)},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        write_ok(db, write_and_read_value, &cases[i]);
}

static void test_values(void **state) {
    (void)state;
    both(values);
}

/* --- cursors ------------------------------------------------------------------------------------- */

static const char ITEMS_ABOVE[] = "SELECT id, $1 FROM item WHERE kind <> $1 AND id > $2 ORDER BY id";

/* The same SQL three deep, each with values of its own that are gone once the query has begun. */
static int64_t nested(struct jc_tx *tx, int depth, int64_t above, struct jc_err *err) {
    char skip_kind[16];
    snprintf(skip_kind, sizeof skip_kind, "k%02d", 10 - depth);
    struct jc_rows *rows;
    int64_t sum = 0;
    struct jc_value bound[] = {jc_text(jc_str(skip_kind)), jc_int(above)};
    CHECK_OK("nested", jc_tx_query(tx, ITEMS_ABOVE, bound, 2, &rows, err), err);
    char expected[16];
    memcpy(expected, skip_kind, sizeof expected);
    memset(skip_kind, '?', sizeof skip_kind);
    for (bool has_row = true; has_row;) {
        CHECK_OK("nested", jc_rows_next(rows, &has_row, err), err);
        if (!has_row)
            break;
        CHECK_STR("nested", jc_rows_text(rows, 1), expected);
        int64_t id = jc_rows_int64(rows, 0);
        sum += depth == 2 ? 1 : nested(tx, depth + 1, id, err);
        CHECK_INT("nested: still on its row", jc_rows_int64(rows, 0), id);
    }
    jc_rows_close(rows);
    return sum;
}

static enum jc_code run_nested(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    int64_t expected = 0; /* level 0 leaves k10 out, 1 k09, 2 k08 */
    for (int a = 1; a <= 10; a++)
        for (int b = a + 1; b <= 10; b++)
            for (int c = b + 1; c <= 10; c++)
                expected += a != 10 && b != 9 && c != 8;
    for (int round = 0; round < 3; round++)
        CHECK_INT("nested", nested(tx, 0, 0, err), expected);
    return JC_OK;
}

static void nested_queries(struct jc_db *db) {
    write_ok(db, insert_ten, NULL);
    write_ok(db, run_nested, NULL);
    read_ok(db, run_nested, NULL);
}

static void test_nested_queries(void **state) {
    (void)state;
    both(nested_queries);
}

static const char INSERT_RETURNING[] = "INSERT INTO item (id, kind) VALUES ($1, $2)\n"
                                       "ON CONFLICT (kind) DO UPDATE SET note = 'again'\n"
                                       "RETURNING id, coalesce(note, 'new')";
static const char UPDATE_RETURNING[] = "UPDATE item SET note = $1 WHERE id <= $2 RETURNING id";

static enum jc_code run_returning(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    bool has_row;
    struct jc_rows *rows;
    for (int round = 0; round < 2; round++) {
        struct jc_value bound[] = {jc_int(100 + round), jc_text(JC_STR("returning"))};
        CHECK_OK("insert", jc_tx_query(tx, INSERT_RETURNING, bound, 2, &rows, err), err);
        CHECK_OK("insert", jc_rows_next(rows, &has_row, err), err);
        CHECK("insert", has_row);
        CHECK_INT("insert", jc_rows_int64(rows, 0), 100);
        CHECK_STR("insert", jc_rows_text(rows, 1), round == 0 ? "new" : "again");
        jc_rows_close(rows);
    }
    /* it has happened even if nobody looks at the rows, or only at some of them */
    for (int look = 0; look < 2; look++) {
        struct jc_value bound[] = {jc_text(look ? JC_STR("one") : JC_STR("none")), jc_int(5 + look)};
        CHECK_OK("update", jc_tx_query(tx, UPDATE_RETURNING, bound, 2, &rows, err), err);
        if (look)
            CHECK_OK("update", jc_rows_next(rows, &has_row, err), err);
        jc_rows_close(rows);
        int64_t count;
        CHECK_OK("update", jc_tx_int64(tx, "SELECT count(*) FROM item WHERE note = $1", bound, 1, &count, err), err);
        CHECK_INT("update", count, 5 + look);
    }
    int64_t id;
    CHECK_OK("one number", jc_tx_int64(tx, UPDATE_RETURNING, JC_VALUES(jc_null(), jc_int(6)), &id, err), err);
    CHECK_OK("one number",
             jc_tx_int64(tx, "SELECT count(*) FROM item WHERE note IS NULL AND id <= 6", JC_NO_VALUES, &id, err), err);
    CHECK_INT("one number: all rows updated", id, 6);
    return JC_OK;
}

static void returning(struct jc_db *db) {
    write_ok(db, insert_ten, NULL);
    write_ok(db, run_returning, NULL);
}

static void test_returning(void **state) {
    (void)state;
    both(returning);
}

static enum jc_code run_changed(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    CHECK_OK("update", jc_tx_exec(tx, "UPDATE item SET note = 'x' WHERE id > 3", JC_NO_VALUES, err), err);
    CHECK_INT("update", jc_tx_changed(tx), 7);
    CHECK_OK("select", jc_tx_exec(tx, "SELECT id FROM item", JC_NO_VALUES, err), err);
    CHECK_INT("select", jc_tx_changed(tx), 0);
    CHECK_OK("nobody", jc_tx_exec(tx, "DELETE FROM item WHERE id > 100", JC_NO_VALUES, err), err);
    CHECK_INT("nobody", jc_tx_changed(tx), 0);
    int64_t number = 42;
    CHECK_INT("no row", jc_tx_int64(tx, "SELECT id FROM item WHERE id = 77", JC_NO_VALUES, &number, err), JC_NOT_FOUND);
    CHECK_INT("no row: err untouched", err->code, JC_OK);
    CHECK_OK("null is 0", jc_tx_int64(tx, "SELECT max(id) FROM item WHERE id = 77", JC_NO_VALUES, &number, err), err);
    CHECK_INT("null is 0", number, 0);
    return JC_OK;
}

static void changed(struct jc_db *db) {
    write_ok(db, insert_ten, NULL);
    write_ok(db, run_changed, NULL);
}

static void test_changed(void **state) {
    (void)state;
    both(changed);
}

/* --- failures ------------------------------------------------------------------------------------ */

static const struct failure {
    const char *name;
    const char *sql;
    enum jc_code code;
    enum jc_msg what;
    bool query; /* through jc_tx_query and an early close */
} FAILURES[] = {
    {"primary key", "INSERT INTO item (id, kind) VALUES (1, 'new')", JC_ALREADY_EXISTS, JC_MSG_DB_EXISTS, false},
    {"unique", "INSERT INTO item (id, kind) VALUES (99, 'k01')", JC_ALREADY_EXISTS, JC_MSG_DB_EXISTS, false},
    {"two columns unique", "INSERT INTO part (item_id, no) VALUES (1, 1), (1, 1)", JC_ALREADY_EXISTS, JC_MSG_DB_EXISTS,
     false},
    {"no parent", "INSERT INTO part (item_id, no) VALUES (99, 1)", JC_FAILED_PRECONDITION, JC_MSG_DB_REFUSED, false},
    {"no parent, returning", "INSERT INTO part (item_id, no) VALUES (98, 1) RETURNING no", JC_FAILED_PRECONDITION,
     JC_MSG_DB_REFUSED, true},
    {"check", "INSERT INTO item (id, kind, size) VALUES (99, 'new', -1)", JC_FAILED_PRECONDITION, JC_MSG_DB_REFUSED,
     false},
    {"not null", "INSERT INTO item (id, kind) VALUES (99, NULL)", JC_FAILED_PRECONDITION, JC_MSG_DB_REFUSED, false},
    {"strict type", "INSERT INTO item (id, kind, size) VALUES (99, 'new', 'many')", JC_FAILED_PRECONDITION,
     JC_MSG_DB_REFUSED, false},
    {"syntax", "SELEC 1", JC_INTERNAL, JC_MSG_INTERNAL, false},
    {"no such table", "SELECT 1 FROM nowhere", JC_INTERNAL, JC_MSG_INTERNAL, false},
    {"a name, not a text", "SELECT \"text\" FROM item", JC_INTERNAL, JC_MSG_INTERNAL, false},
    {"two statements", "SELECT 1; SELECT 2", JC_INTERNAL, JC_MSG_INTERNAL, false},
    {"no statement", " -- nothing", JC_INTERNAL, JC_MSG_INTERNAL, false},
    {"parameter not by number", "SELECT * FROM item WHERE id = $one", JC_INTERNAL, JC_MSG_INTERNAL, false},
    {"parameter of another kind", "SELECT * FROM item WHERE id = ?1", JC_INTERNAL, JC_MSG_INTERNAL, false},
    {"parameter without a name", "SELECT * FROM item WHERE id = ?", JC_INTERNAL, JC_MSG_INTERNAL, false},
    {"parameters out of order", "SELECT * FROM item WHERE id = $2 AND kind = $1", JC_INTERNAL, JC_MSG_INTERNAL, false},
    {"a parameter skipped", "SELECT * FROM item WHERE id = $2", JC_INTERNAL, JC_MSG_INTERNAL, false},
    {"too few values", "SELECT * FROM item WHERE id = $1", JC_INTERNAL, JC_MSG_INTERNAL, false},
};

static enum jc_code run_failure(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct failure *c = ctx;
    CHECK_OK(c->name, insert_item(tx, 1000, "before the failure", err), err);
    if (!c->query)
        return jc_tx_exec(tx, c->sql, JC_NO_VALUES, err);
    struct jc_rows *rows;
    enum jc_code code = jc_tx_query(tx, c->sql, JC_NO_VALUES, &rows, err);
    jc_rows_close(rows); /* no row was looked at */
    return code;
}

static void failures(struct jc_db *db) {
    write_ok(db, insert_ten, NULL);
    for (size_t i = 0; i < COUNT(FAILURES); i++) {
        const struct failure *c = &FAILURES[i];
        struct jc_err err = {0};
        CHECK_INT(c->name, jc_db_write_wait(db, 1, run_failure, (void *)c, &err), c->code);
        CHECK_INT(c->name, err.code, c->code);
        CHECK_INT(c->name, err.what, c->what);
        CHECK(c->name, err.detail[0] != '\0');
        CHECK_INT(c->name, items_in(db), 10); /* rolled back */
    }
}

static void test_failures(void **state) {
    (void)state;
    both(failures);
}

static enum jc_code write_in_read(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return insert_item(tx, 5, "written by a read", err);
}

static enum jc_code script_in_read(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_script(tx, "DELETE FROM item", err);
}

static void read_cannot_write(struct jc_db *db) {
    struct jc_err err = {0};
    assert_int_equal(jc_db_read(db, write_in_read, NULL, &err), JC_INTERNAL);
    write_ok(db, insert_ten, NULL); /* and the statement is cached as one that may write */
    assert_int_equal(jc_db_read(db, write_in_read, NULL, &err), JC_INTERNAL);
    assert_int_equal(jc_db_read(db, script_in_read, NULL, &err), JC_INTERNAL);
    assert_int_equal(items_in(db), 10);
}

static void test_read_cannot_write(void **state) {
    (void)state;
    both(read_cannot_write);
}

/* A cursor left open, and a savepoint rolled back under it. */
static enum jc_code leave_open(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_rows *rows;
    bool has_row;
    CHECK_OK("open", jc_tx_query(tx, ITEMS_ABOVE, JC_VALUES(jc_text(JC_STR("k01")), jc_int(0)), &rows, err), err);
    CHECK_OK("open", jc_rows_next(rows, &has_row, err), err);
    return *(bool *)ctx ? jc_fail(err, JC_ABORTED, JC_MSG_INTERNAL) : JC_OK;
}

static void left_open(struct jc_db *db) {
    write_ok(db, insert_ten, NULL);
    struct jc_err err = {0};
    for (int round = 0; round < 4; round++) {
        bool failing = round % 2;
        enum jc_code expected = failing ? JC_ABORTED : JC_OK;
        assert_int_equal(jc_db_write_wait(db, 1, leave_open, &failing, &err), expected);
        assert_int_equal(jc_db_read(db, leave_open, &failing, &err), expected);
    }
}

static void test_left_open(void **state) {
    (void)state;
    both(left_open);
}

/* A job that commits behind the writer's back is a bug; what follows must not commit on its own. */
static enum jc_code commit_and_go_on(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    CHECK_OK("before", insert_item(tx, 1, "before", err), err);
    assert_int_equal(jc_tx_script(tx, "COMMIT", err), JC_INTERNAL);
    assert_int_equal(insert_item(tx, 2, "after", err), JC_UNAVAILABLE);
    int64_t count;
    assert_int_equal(jc_tx_int64(tx, COUNT_ITEMS, JC_NO_VALUES, &count, err), JC_UNAVAILABLE);
    return JC_OK;
}

static void job_must_not_commit(struct jc_db *db) {
    struct jc_err err = {0};
    assert_int_equal(jc_db_write_wait(db, 1, commit_and_go_on, NULL, &err), JC_UNAVAILABLE);
    assert_int_equal(items_in(db), 1);
}

static void test_job_must_not_commit(void **state) {
    (void)state;
    both(job_must_not_commit);
}

/* --- snapshots ----------------------------------------------------------------------------------- */

static enum jc_code read_around_write(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_db *db = ctx;
    int64_t count = -1, id = 2;
    CHECK_OK("before", jc_tx_int64(tx, COUNT_ITEMS, JC_NO_VALUES, &count, err), err);
    CHECK_INT("before", count, 1);
    write_ok(db, insert_one, &id);
    CHECK_OK("the same snapshot", jc_tx_int64(tx, COUNT_ITEMS, JC_NO_VALUES, &count, err), err);
    CHECK_INT("the same snapshot", count, 1);
    CHECK_INT("a new read", items_in(db), 2); /* reads nest, each with its own snapshot */
    return JC_OK;
}

static void test_snapshot(void **state) {
    (void)state;
    struct jc_db *db = fresh(false);
    int64_t id = 1;
    write_ok(db, insert_one, &id);
    read_ok(db, read_around_write, db);
    assert_int_equal(items_in(db), 2);
    jc_db_close(db);
}

/* More reads at once than connections are kept: none waits for another. */
struct meeting {
    struct jc_db *db;
    pthread_barrier_t all_reading;
};

static enum jc_code read_together(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    int64_t count = -1;
    CHECK_OK("together", jc_tx_int64(tx, COUNT_ITEMS, JC_NO_VALUES, &count, err), err);
    pthread_barrier_wait(&((struct meeting *)ctx)->all_reading);
    return count == 10 ? JC_OK : JC_INTERNAL;
}

static void *read_in_thread(void *ctx) {
    struct meeting *meeting = ctx;
    struct jc_err err = {0};
    return jc_db_read(meeting->db, read_together, meeting, &err) == JC_OK ? meeting : NULL;
}

static void test_many_readers(void **state) {
    (void)state;
    enum { THREADS = 12 };
    struct meeting meeting = {.db = fresh(false)};
    write_ok(meeting.db, insert_ten, NULL);
    pthread_barrier_init(&meeting.all_reading, NULL, THREADS);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_in_thread, &meeting), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_ptr_equal(result, &meeting);
    }
    pthread_barrier_destroy(&meeting.all_reading);
    jc_db_close(meeting.db);
}

static enum jc_code insert_unique(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    int64_t id = *(int64_t *)ctx;
    char kind[32];
    snprintf(kind, sizeof kind, "u%lld", (long long)id);
    return insert_item(tx, id, kind, err);
}

/* Threads that read and write share the one connection of a database in memory. */
static void *read_and_write(void *ctx) {
    struct jc_db *db = ctx;
    static _Atomic int64_t next_id = 1000;
    for (int i = 0; i < 200; i++) {
        struct jc_err err = {0};
        int64_t id = next_id++;
        int64_t before = items_in(db);
        if (jc_db_write_wait(db, 1, insert_unique, &id, &err) != JC_OK || items_in(db) <= before)
            return NULL;
    }
    return db;
}

static void shared_by_threads(struct jc_db *db) {
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_and_write, db), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_ptr_equal(result, db);
    }
    assert_int_equal(items_in(db), THREADS * 200);
}

static void test_shared_by_threads(void **state) {
    (void)state;
    both(shared_by_threads);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_nested_queries),
        cmocka_unit_test(test_returning),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_read_cannot_write),
        cmocka_unit_test(test_left_open),
        cmocka_unit_test(test_job_must_not_commit),
        cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_many_readers),
        cmocka_unit_test(test_shared_by_threads),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
