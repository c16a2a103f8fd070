/* Somebody stays in an old snapshot of the database while the server writes: calls are answered, the server's log
 * says who may be looked for, and once he has gone the database's log is as short as before. */
#include "jc_http_test.h"

#include <semaphore.h>
#include <stdatomic.h>

#define SELF "/jiancha.v1.SessionService/GetSelf"

enum { MEGABYTE = 1 << 20, MINUTE_MS = 60001 };

static _Atomic int64_t now_ms = 1000000;

static int64_t read_ticks(void *ctx) {
    (void)ctx;
    return atomic_load(&now_ms);
}

/* --- the reader ------------------------------------------------------------------------------------------------ */

struct reader {
    struct jc_db *db;
    sem_t sees, wakes;
    int64_t before, after;
};

static enum jc_code count(struct jc_tx *tx, int64_t *out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, "SELECT COUNT(*) FROM filler", JC_NO_VALUES, &rows, err);
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    if (!code)
        *out = jc_rows_int64(rows, 0);
    jc_rows_close(rows);
    return code;
}

static enum jc_code stay(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct reader *reader = ctx;
    enum jc_code code = count(tx, &reader->before, err);
    sem_post(&reader->sees);
    sem_wait(&reader->wakes);
    return code ? code : count(tx, &reader->after, err);
}

static void *read_on(void *ctx) {
    jc_test_read(((struct reader *)ctx)->db, stay, ctx);
    return NULL;
}

/* --- writing and looking ----------------------------------------------------------------------------------------- */

static enum jc_code make_table(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_script(tx, "CREATE TABLE filler (bytes BLOB)", err);
}

static enum jc_code add_megabyte(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_script(tx, "INSERT INTO filler VALUES (randomblob(1048576))", err);
}

static void write_megabytes(struct site *site, int megabytes) {
    for (int i = 0; i < megabytes; i++)
        jc_test_write(site->db, add_megabyte, NULL);
}

/* How often the server's log says so, a minute later. */
static int warnings(struct site *site) {
    char *text = calloc(1, MEGABYTE), *at = text;
    int found = 0;
    atomic_fetch_add(&now_ms, MINUTE_MS);
    jc_server_upkeep(site->server);
    jc_log_flush();
    int fd = open(site->log_path, O_RDONLY);
    assert_true(text && fd >= 0 && read(fd, text, MEGABYTE - 1) >= 0);
    close(fd);
    for (; (at = strstr(at, "a reader keeps the database's log long")) != NULL; at++)
        found++;
    free(text);
    return found;
}

static void check_answered(struct site *site) {
    struct answer answer;
    one_call(site->port, SELF, "token-admin", "", "", 0, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
}

static void test_long_reader(void **state) {
    struct site site;
    struct reader reader = {0};
    struct jc_db_stats stats;
    pthread_t thread;
    (void)state;
    site_open_tended(&site, (struct jc_server_config){.ticks = {read_ticks, NULL}, .upkeep_by_hand = true}, NULL, true);
    jc_test_write(site.db, make_table, NULL);
    reader.db = site.db;
    sem_init(&reader.sees, 0, 0);
    sem_init(&reader.wakes, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, read_on, &reader), 0);
    sem_wait(&reader.sees);
    write_megabytes(&site, 40);
    assert_int_equal(warnings(&site), 0); /* as yet it is only a long log */
    write_megabytes(&site, 40);
    check_answered(&site);
    assert_int_equal(warnings(&site), 1);
    assert_int_equal(warnings(&site), 1); /* nothing was written since */
    sem_post(&reader.wakes);
    pthread_join(thread, NULL);
    assert_int_equal(reader.before, 0);
    assert_int_equal(reader.after, 0);
    write_megabytes(&site, 40);
    check_answered(&site);
    jc_db_stats(site.db, &stats);
    assert_in_range(stats.log_pages, 0, 16384);
    site_close(&site);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_reader),
    };
    return cmocka_run_group_tests_name("long_reader", tests, NULL, NULL);
}
