/* A database in memory with the schema and one agency, for tests of what stands on the store. */
#ifndef JC_STORE_TEST_H
#define JC_STORE_TEST_H

#include "jc_test.h"

#include "base/id.h"
#include "store/store.h"

static inline int64_t jc_test_now(void *ctx) {
    (void)ctx;
    return 1672531200000; /* 2023-01-01T00:00:00Z */
}

static const struct jc_clock jc_test_clock = {jc_test_now, NULL};

static inline struct jc_db *jc_test_store(void) {
    struct jc_db_config config = {.path = ":memory:", .create = true};
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    assert_true(jc_id_init());
    CHECK_OK("open", jc_db_open(&config, &db, &err), &err);
    CHECK_OK("create", jc_store_create(db, &jc_test_clock, &err), &err);
    return db;
}

static inline void jc_test_write(struct jc_db *db, jc_job *job, void *ctx) {
    struct jc_err err = {0};
    CHECK_OK("write", jc_db_write_wait(db, 1, job, ctx, &err), &err);
}

static inline enum jc_code jc_test_script_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_tx_script(tx, ctx, err);
}

/* Statements without values, as one write. */
static inline void jc_test_script(struct jc_db *db, const char *text) {
    jc_test_write(db, jc_test_script_job, (void *)text);
}

/* The code of a write that may fail. */
static inline enum jc_code jc_test_try(struct jc_db *db, jc_job *job, void *ctx, struct jc_err *err) {
    return jc_db_write_wait(db, 1, job, ctx, err);
}

static inline void jc_test_read(struct jc_db *db, jc_job *job, void *ctx) {
    struct jc_err err = {0};
    CHECK_OK("read", jc_db_read(db, job, ctx, &err), &err);
}

/* One number from the database. */
struct jc_test_count {
    const char *sql;
    int64_t number;
};

static inline enum jc_code jc_test_count_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_test_count *count = ctx;
    return jc_tx_int64(tx, count->sql, JC_NO_VALUES, &count->number, err);
}

/* `sql` must be a constant. */
static inline int64_t jc_test_number(struct jc_db *db, const char *sql) {
    struct jc_test_count count = {sql, -1};
    jc_test_read(db, jc_test_count_job, &count);
    return count.number;
}

#endif
