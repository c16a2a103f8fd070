/* The log beside the database stays bounded while commits go on, with a thread that moves it
 * (db/checkpoint.c). */
#include "jc_test_db.h"

#include <pthread.h>
#include <semaphore.h>
#include <sys/stat.h>

enum { MEGABYTE = 1 << 20, LIMIT_BYTES = 68 << 20 /* the limit, and what one commit adds */ };

static const char PUT[] = "INSERT INTO item (id, kind, note, body, size)\n"
                          "VALUES ($1, $2, NULL, $3, 1)";

static enum jc_code put_megabyte(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    static char body[MEGABYTE];
    char kind[16];
    int64_t id = ++*(int64_t *)ctx;
    snprintf(kind, sizeof kind, "k%d", (int)id);
    memset(body, (int)id, sizeof body);
    return jc_tx_exec(tx, PUT, JC_VALUES(jc_int(id), jc_text(jc_str(kind)), jc_bytes(body, sizeof body)), err);
}

static int64_t log_bytes(void) {
    char log[JC_TEST_PATH + 40];
    struct stat file;
    snprintf(log, sizeof log, "%s-wal", path);
    return stat(log, &file) == 0 ? (int64_t)file.st_size : 0;
}

/* Writes so many megabytes; the longest the log has been. */
static int64_t write_megabytes(struct jc_db *db, int64_t *id, int count) {
    int64_t longest = 0;
    for (int i = 0; i < count; i++) {
        write_ok(db, put_megabyte, id);
        longest = log_bytes() > longest ? log_bytes() : longest;
    }
    return longest;
}

static struct jc_db *open_tended(void) {
    static int count;
    snprintf(path, sizeof path, "%s/tended%d.db", folder, ++count);
    struct jc_db_config config = {.path = path, .create = true, .checkpoint_thread = true};
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    CHECK_OK("open", jc_db_open(&config, &db, &err), &err);
    write_ok(db, make_schema, NULL);
    return db;
}

static void test_bounded(void **state) {
    (void)state;
    struct jc_db *db = open_tended();
    int64_t id = 0;
    assert_in_range(write_megabytes(db, &id, 100), 1, LIMIT_BYTES);
    assert_int_equal(items_in(db), 100);
    jc_db_close(db);
    assert_int_equal(log_bytes(), 0);
}

struct sleeper {
    struct jc_db *db;
    sem_t sees, wakes;
    int64_t before, after;
};

static enum jc_code sleep_in_snapshot(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct sleeper *sleeper = ctx;
    enum jc_code code = count_items(tx, &sleeper->before, err);
    sem_post(&sleeper->sees);
    sem_wait(&sleeper->wakes);
    return code ? code : count_items(tx, &sleeper->after, err);
}

static void *sleep_reading(void *ctx) {
    read_ok(((struct sleeper *)ctx)->db, sleep_in_snapshot, ctx);
    return NULL;
}

/* What was overwritten is gone from log and file once both are settled; a reader may keep it. */
static void test_settled(void **state) {
    (void)state;
    struct jc_db *db = open_tended();
    struct sleeper sleeper = {.db = db};
    pthread_t thread;
    int64_t id = 0;
    (void)write_megabytes(db, &id, 2);
    assert_true(log_bytes() > 0);
    assert_true(jc_db_settle(db, JC_DB_SETTLE_MS));
    assert_int_equal(log_bytes(), 0);
    sem_init(&sleeper.sees, 0, 0);
    sem_init(&sleeper.wakes, 0, 0);
    (void)write_megabytes(db, &id, 1);
    assert_int_equal(pthread_create(&thread, NULL, sleep_reading, &sleeper), 0);
    sem_wait(&sleeper.sees);
    (void)write_megabytes(db, &id, 1);
    assert_false(jc_db_settle(db, 1));
    sem_post(&sleeper.wakes);
    pthread_join(thread, NULL);
    assert_true(jc_db_settle(db, JC_DB_SETTLE_MS));
    assert_int_equal(log_bytes(), 0);
    assert_int_equal(items_in(db), 4);
    jc_db_close(db);
}

/* A reader that stays in its snapshot keeps the log; commits go on, and once it has gone the log is cut. */
static void test_sleeping_reader(void **state) {
    (void)state;
    struct jc_db *db = open_tended();
    struct sleeper sleeper = {.db = db};
    struct jc_db_stats stats;
    pthread_t thread;
    int64_t id = 0;
    sem_init(&sleeper.sees, 0, 0);
    sem_init(&sleeper.wakes, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, sleep_reading, &sleeper), 0);
    sem_wait(&sleeper.sees);
    assert_in_range(write_megabytes(db, &id, 70), LIMIT_BYTES, 80 << 20);
    jc_db_stats(db, &stats);
    assert_in_range(stats.checkpoints_forced, 1, 3);
    assert_in_range(stats.log_pages * 4096, LIMIT_BYTES, 80 << 20);
    assert_in_range(stats.log_pages_copied, 0, stats.log_pages / 2);
    sem_post(&sleeper.wakes);
    pthread_join(thread, NULL);
    assert_int_equal(sleeper.before, 0);
    assert_int_equal(sleeper.after, 0);
    write_megabytes(db, &id, 40);
    assert_in_range(log_bytes(), 0, LIMIT_BYTES);
    assert_int_equal(items_in(db), 110);
    jc_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_settled),
        cmocka_unit_test(test_sleeping_reader),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
