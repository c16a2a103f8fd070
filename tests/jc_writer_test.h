/* Jobs for tests of the writer, which misbehave as told, and a gate that makes batches predictable: its job keeps the
 * writer until it is opened, so that whatever is submitted meanwhile (up to batch_max) becomes the next batch. */
#ifndef JC_WRITER_TEST_H
#define JC_WRITER_TEST_H

#include "jc_test.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "db/writer.h"

static char folder[JC_TEST_PATH];
static char path[JC_TEST_PATH + 32];

static const char SCHEMA[] =
    "CREATE TABLE entry (seq INTEGER NOT NULL, agency_id INTEGER NOT NULL, who INTEGER NOT NULL, no INTEGER NOT NULL,"
    "                    UNIQUE (agency_id, seq), UNIQUE (who, no)) STRICT;"
    "CREATE TABLE counter (agency_id INTEGER NOT NULL PRIMARY KEY, value INTEGER NOT NULL CHECK (value < 1000000))"
    " STRICT;"
    "CREATE TABLE later (id INTEGER NOT NULL REFERENCES counter (agency_id) DEFERRABLE INITIALLY DEFERRED) STRICT;";

/* --- the counter of an agency, as a state -------------------------------------------------------- */

struct counter {
    int64_t value;
};

static atomic_int loads, stores;

static inline enum jc_code load_counter(struct jc_tx *tx, int64_t agency_id, void *state, struct jc_err *err) {
    atomic_fetch_add(&loads, 1);
    struct counter *counter = state;
    enum jc_code code = jc_tx_int64(tx, "SELECT value FROM counter WHERE agency_id = $1", JC_VALUES(jc_int(agency_id)),
                                    &counter->value, err);
    return code == JC_NOT_FOUND ? JC_OK : code;
}

static const char STORE_COUNTER[] = "INSERT INTO counter (agency_id, value) VALUES ($1, $2)\n"
                                    "ON CONFLICT (agency_id) DO UPDATE SET value = excluded.value";

static inline enum jc_code store_counter(struct jc_tx *tx, int64_t agency_id, const void *state, struct jc_err *err) {
    atomic_fetch_add(&stores, 1);
    return jc_tx_exec(tx, STORE_COUNTER, JC_VALUES(jc_int(agency_id), jc_int(((const struct counter *)state)->value)),
                      err);
}

static const struct jc_tx_state COUNTER = {sizeof(struct counter), load_counter, store_counter};

/* --- jobs ---------------------------------------------------------------------------------------- */

enum act {
    WRITES,
    FAILS,               /* after it has written and counted */
    FAILS_SILENTLY,      /* without filling err */
    ROLLS_ALL_BACK,      /* ends everybody's transaction */
    BREAKS_THE_COMMIT,   /* a deferred foreign key */
    BREAKS_THE_STATE,    /* the counter cannot be stored */
    FAILS_FIRST,         /* before it has written, but has counted */
    WRITES_NOTHING,      /* a statement that changes no row, then fails */
    ONLY_LOOKS,          /* at the counter */
    DUPLICATES,          /* an entry that is there already */
    IGNORES_A_DUPLICATE, /* and goes on */
};

struct task {
    enum act act;
    int64_t agency_id, who, no;
    /* the outcome */
    atomic_int done; /* how often */
    enum jc_code code;
    char detail[256];
    int runs, order;
};

static const char INSERT_ENTRY[] = "INSERT INTO entry (seq, agency_id, who, no) VALUES ($1, $2, $3, $4)";

static inline enum jc_code insert_entry(struct jc_tx *tx, int64_t seq, int64_t agency_id, int64_t who, int64_t no,
                                        struct jc_err *err) {
    return jc_tx_exec(tx, INSERT_ENTRY, JC_VALUES(jc_int(seq), jc_int(agency_id), jc_int(who), jc_int(no)), err);
}

static inline enum jc_code misbehave(struct jc_tx *tx, const struct task *task, struct counter *counter,
                                     struct jc_err *err) {
    enum jc_code code;
    switch (task->act) {
    case FAILS:
        return jc_fail(err, JC_ABORTED, JC_MSG_INTERNAL);
    case FAILS_SILENTLY:
        return JC_OUT_OF_RANGE;
    case ROLLS_ALL_BACK:
        return jc_tx_script(tx, "ROLLBACK", err);
    case BREAKS_THE_COMMIT:
        return jc_tx_exec(tx, "INSERT INTO later (id) VALUES (-1)", JC_NO_VALUES, err);
    case BREAKS_THE_STATE:
        counter->value += 1000000;
        return JC_OK;
    case DUPLICATES:
        return insert_entry(tx, counter->value, task->agency_id, task->who, task->no + 100000, err);
    case IGNORES_A_DUPLICATE:
        code = insert_entry(tx, counter->value, task->agency_id, task->who, task->no + 100000, err);
        return code == JC_ALREADY_EXISTS ? JC_OK : JC_INTERNAL;
    default:
        return JC_OK;
    }
}

static inline enum jc_code run_task(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct task *task = ctx;
    task->runs++;
    void *state;
    enum jc_code code = jc_tx_state(tx, &COUNTER, task->agency_id, &state, err);
    if (code != JC_OK || task->act == ONLY_LOOKS)
        return code;
    struct counter *counter = state;
    counter->value++;
    if (task->act == FAILS_FIRST)
        return jc_fail(err, JC_ABORTED, JC_MSG_INTERNAL);
    if (task->act == WRITES_NOTHING) {
        code = jc_tx_exec(tx, "DELETE FROM entry WHERE who = -1", JC_NO_VALUES, err);
        return code == JC_OK ? jc_fail(err, JC_ABORTED, JC_MSG_INTERNAL) : code;
    }
    code = insert_entry(tx, counter->value, task->agency_id, task->who, task->no, err);
    return code == JC_OK ? misbehave(tx, task, counter, err) : code;
}

static atomic_int finished;
static sem_t one_finished;

static inline void task_done(void *ctx, enum jc_code code, const struct jc_err *err) {
    struct task *task = ctx;
    task->code = code;
    task->order = atomic_fetch_add(&finished, 1);
    if (code != JC_OK) {
        assert_int_equal(err->code, code);
        snprintf(task->detail, sizeof task->detail, "%s", err->detail);
    }
    atomic_fetch_add(&task->done, 1);
    sem_post(&one_finished);
}

struct gate {
    sem_t entered, open;
    atomic_int done;
};

static inline enum jc_code run_gate(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)tx, (void)err;
    struct gate *gate = ctx;
    sem_post(&gate->entered);
    sem_wait(&gate->open);
    return JC_OK;
}

static inline void gate_done(void *ctx, enum jc_code code, const struct jc_err *err) {
    (void)err;
    assert_int_equal(code, JC_OK);
    atomic_store(&((struct gate *)ctx)->done, 1);
}

/* The writer is in the gate's job when this returns. */
static inline void close_gate(struct jc_db *db, struct gate *gate) {
    struct jc_err err = {0};
    sem_init(&gate->entered, 0, 0);
    sem_init(&gate->open, 0, 0);
    atomic_store(&gate->done, 0);
    CHECK_OK("gate", jc_db_write(db, 1, run_gate, gate, gate_done, &err), &err);
    sem_wait(&gate->entered);
}

static inline void submit(struct jc_db *db, struct task *task) {
    struct jc_err err = {0};
    CHECK_OK("submit", jc_db_write(db, task->agency_id, run_task, task, task_done, &err), &err);
}

/* --- helpers ------------------------------------------------------------------------------------- */

static inline enum jc_code make_schema(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_script(tx, SCHEMA, err);
}

static inline struct jc_db *open_again(int queue_max, int batch_max) {
    struct jc_db_config config = {.path = path, .create = true, .queue_max = queue_max, .batch_max = batch_max};
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    CHECK_OK("open", jc_db_open(&config, &db, &err), &err);
    return db;
}

static inline struct jc_db *fresh(bool in_memory, int queue_max, int batch_max) {
    static int count;
    snprintf(path, sizeof path, "%s/%d.db", folder, ++count);
    if (in_memory)
        snprintf(path, sizeof path, ":memory:");
    struct jc_db *db = open_again(queue_max, batch_max);
    struct jc_err err = {0};
    CHECK_OK("schema", jc_db_write_wait(db, 1, make_schema, NULL, &err), &err);
    return db;
}

struct question {
    const char *sql;
    int64_t first, second, answer;
    bool two;
};

static inline enum jc_code ask(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct question *q = ctx;
    enum jc_code code = jc_tx_int64(tx, q->sql, JC_VALUES(jc_int(q->first), jc_int(q->second)), &q->answer, err);
    return code == JC_NOT_FOUND ? JC_OK : code;
}

static inline int64_t number(struct jc_db *db, const char *sql, int64_t first, int64_t second) {
    struct question q = {.sql = sql, .first = first, .second = second, .answer = -1};
    struct jc_err err = {0};
    CHECK_OK(sql, jc_db_read(db, ask, &q, &err), &err);
    return q.answer;
}

static inline bool present(struct jc_db *db, const struct task *task) {
    return number(db, "SELECT count(*) FROM entry WHERE who = $1 AND no = $2", task->who, task->no) == 1;
}

static inline int64_t counter_of(struct jc_db *db, int64_t agency_id) {
    int64_t value = number(db, "SELECT value FROM counter WHERE agency_id = $1 AND $2 = 0", agency_id, 0);
    return value < 0 ? 0 : value;
}

/* Seqs of an agency are 1 .. its counter without a gap, and entries are as many. */
static inline void check_counter(const char *name, struct jc_db *db, int64_t agency_id) {
    int64_t value = counter_of(db, agency_id);
    CHECK_INT(name, number(db, "SELECT count(*) FROM entry WHERE agency_id = $1 AND seq <= $2", agency_id, value),
              value);
    CHECK_INT(name, number(db, "SELECT count(*) FROM entry WHERE agency_id = $1 AND seq > $2", agency_id, value), 0);
}

static inline int make_folder(void **state) {
    (void)state;
    jc_test_folder(folder);
    return 0;
}

static inline int remove_folder(void **state) {
    (void)state;
    jc_test_folder_remove(folder);
    return 0;
}

#endif
