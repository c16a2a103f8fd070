/* The writer: durability, order, jobs that fail alone, states, replay, the queue's end and limits.
 *
 * A gate makes batches predictable: its job keeps the writer until it is opened, so that whatever is
 * submitted meanwhile (up to batch_max) becomes the next batch. */
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

static enum jc_code load_counter(struct jc_tx *tx, int64_t agency_id, void *state, struct jc_err *err) {
    atomic_fetch_add(&loads, 1);
    struct counter *counter = state;
    enum jc_code code = jc_tx_int64(tx, "SELECT value FROM counter WHERE agency_id = $1", JC_VALUES(jc_int(agency_id)),
                                    &counter->value, err);
    return code == JC_NOT_FOUND ? JC_OK : code;
}

static const char STORE_COUNTER[] = "INSERT INTO counter (agency_id, value) VALUES ($1, $2)\n"
                                    "ON CONFLICT (agency_id) DO UPDATE SET value = excluded.value";

static enum jc_code store_counter(struct jc_tx *tx, int64_t agency_id, const void *state, struct jc_err *err) {
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

static enum jc_code insert_entry(struct jc_tx *tx, int64_t seq, int64_t agency_id, int64_t who, int64_t no,
                                 struct jc_err *err) {
    return jc_tx_exec(tx, INSERT_ENTRY, JC_VALUES(jc_int(seq), jc_int(agency_id), jc_int(who), jc_int(no)), err);
}

static enum jc_code misbehave(struct jc_tx *tx, const struct task *task, struct counter *counter, struct jc_err *err) {
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

static enum jc_code run_task(struct jc_tx *tx, void *ctx, struct jc_err *err) {
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

static void task_done(void *ctx, enum jc_code code, const struct jc_err *err) {
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

static enum jc_code run_gate(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)tx, (void)err;
    struct gate *gate = ctx;
    sem_post(&gate->entered);
    sem_wait(&gate->open);
    return JC_OK;
}

static void gate_done(void *ctx, enum jc_code code, const struct jc_err *err) {
    (void)err;
    assert_int_equal(code, JC_OK);
    atomic_store(&((struct gate *)ctx)->done, 1);
}

/* The writer is in the gate's job when this returns. */
static void close_gate(struct jc_db *db, struct gate *gate) {
    struct jc_err err = {0};
    sem_init(&gate->entered, 0, 0);
    sem_init(&gate->open, 0, 0);
    atomic_store(&gate->done, 0);
    CHECK_OK("gate", jc_db_write(db, 1, run_gate, gate, gate_done, &err), &err);
    sem_wait(&gate->entered);
}

static void submit(struct jc_db *db, struct task *task) {
    struct jc_err err = {0};
    CHECK_OK("submit", jc_db_write(db, task->agency_id, run_task, task, task_done, &err), &err);
}

/* --- helpers ------------------------------------------------------------------------------------- */

static enum jc_code make_schema(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_script(tx, SCHEMA, err);
}

static struct jc_db *open_again(int queue_max, int batch_max) {
    struct jc_db_config config = {.path = path, .create = true, .queue_max = queue_max, .batch_max = batch_max};
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    CHECK_OK("open", jc_db_open(&config, &db, &err), &err);
    return db;
}

static struct jc_db *fresh(bool in_memory, int queue_max, int batch_max) {
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

static enum jc_code ask(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct question *q = ctx;
    enum jc_code code = jc_tx_int64(tx, q->sql, JC_VALUES(jc_int(q->first), jc_int(q->second)), &q->answer, err);
    return code == JC_NOT_FOUND ? JC_OK : code;
}

static int64_t number(struct jc_db *db, const char *sql, int64_t first, int64_t second) {
    struct question q = {.sql = sql, .first = first, .second = second, .answer = -1};
    struct jc_err err = {0};
    CHECK_OK(sql, jc_db_read(db, ask, &q, &err), &err);
    return q.answer;
}

static bool present(struct jc_db *db, const struct task *task) {
    return number(db, "SELECT count(*) FROM entry WHERE who = $1 AND no = $2", task->who, task->no) == 1;
}

static int64_t counter_of(struct jc_db *db, int64_t agency_id) {
    int64_t value = number(db, "SELECT value FROM counter WHERE agency_id = $1 AND $2 = 0", agency_id, 0);
    return value < 0 ? 0 : value;
}

/* Seqs of an agency are 1 .. its counter without a gap, and entries are as many. */
static void check_counter(const char *name, struct jc_db *db, int64_t agency_id) {
    int64_t value = counter_of(db, agency_id);
    CHECK_INT(name, number(db, "SELECT count(*) FROM entry WHERE agency_id = $1 AND seq <= $2", agency_id, value),
              value);
    CHECK_INT(name, number(db, "SELECT count(*) FROM entry WHERE agency_id = $1 AND seq > $2", agency_id, value), 0);
}

/* --- batches ------------------------------------------------------------------------------------- */

static const struct batch_case {
    const char *name;
    struct {
        enum act act;
        int agency_id;
        enum jc_code code;
    } tasks[8];
    size_t count;
    int loads, stores, commits, replays; /* of the batch */
} BATCHES[] = {
    {"one", {{WRITES, 1, JC_OK}}, 1, 1, 1, 1, 0},
    {"all write", {{WRITES, 1, JC_OK}, {WRITES, 1, JC_OK}, {WRITES, 1, JC_OK}}, 3, 1, 1, 1, 0},
    {"two agencies", {{WRITES, 1, JC_OK}, {WRITES, 2, JC_OK}, {WRITES, 1, JC_OK}}, 3, 2, 2, 1, 0},
    {"nobody writes", {{ONLY_LOOKS, 1, JC_OK}, {ONLY_LOOKS, 1, JC_OK}}, 2, 1, 0, 1, 0},
    {"one alone fails", {{FAILS, 1, JC_ABORTED}}, 1, 1, 0, 0, 0},
    {"the second fails", {{WRITES, 1, JC_OK}, {FAILS, 1, JC_ABORTED}, {WRITES, 1, JC_OK}}, 3, 2, 1, 1, 3},
    /* what a job that failed has loaded is loaded again: it may have read its own rows */
    {"the first fails", {{FAILS, 1, JC_ABORTED}, {WRITES, 1, JC_OK}, {WRITES, 1, JC_OK}}, 3, 3, 1, 1, 3},
    {"the last fails", {{WRITES, 1, JC_OK}, {WRITES, 1, JC_OK}, {FAILS, 1, JC_ABORTED}}, 3, 2, 1, 1, 3},
    {"all fail", {{FAILS, 1, JC_ABORTED}, {FAILS, 2, JC_ABORTED}}, 2, 3, 0, 0, 2},
    {"fails before it writes", {{WRITES, 1, JC_OK}, {FAILS_FIRST, 1, JC_ABORTED}, {WRITES, 1, JC_OK}}, 3, 1, 1, 1, 0},
    {"changes no row and fails",
     {{WRITES_NOTHING, 1, JC_ABORTED}, {WRITES, 1, JC_OK}, {WRITES_NOTHING, 2, JC_ABORTED}},
     3,
     3,
     1,
     1,
     0},
    {"all fail before they write", {{FAILS_FIRST, 1, JC_ABORTED}, {FAILS_FIRST, 1, JC_ABORTED}}, 2, 2, 0, 0, 0},
    {"spoilt, and then lost",
     {{WRITES, 1, JC_OK}, {FAILS, 1, JC_ABORTED}, {BREAKS_THE_COMMIT, 1, JC_FAILED_PRECONDITION}},
     3,
     5,
     3,
     1,
     6},
    {"fails without words", {{WRITES, 1, JC_OK}, {FAILS_SILENTLY, 1, JC_OUT_OF_RANGE}}, 2, 2, 1, 1, 2},
    {"a duplicate", {{WRITES, 1, JC_OK}, {DUPLICATES, 1, JC_ALREADY_EXISTS}, {WRITES, 1, JC_OK}}, 3, 2, 1, 1, 3},
    {"a duplicate ignored", {{IGNORES_A_DUPLICATE, 1, JC_OK}, {WRITES, 1, JC_OK}}, 2, 1, 1, 1, 0},
    {"transaction lost", {{WRITES, 1, JC_OK}, {ROLLS_ALL_BACK, 1, JC_INTERNAL}, {WRITES, 1, JC_OK}}, 3, 4, 2, 2, 3},
    {"transaction lost first",
     {{ROLLS_ALL_BACK, 1, JC_INTERNAL}, {WRITES, 2, JC_OK}, {FAILS, 2, JC_ABORTED}},
     3,
     4,
     1,
     1,
     3},
    {"commit fails",
     {{WRITES, 1, JC_OK}, {BREAKS_THE_COMMIT, 1, JC_FAILED_PRECONDITION}, {WRITES, 2, JC_OK}},
     3,
     5,
     5,
     2,
     3},
    {"commit of one fails", {{BREAKS_THE_COMMIT, 1, JC_FAILED_PRECONDITION}}, 1, 1, 1, 0, 0},
    {"state cannot be stored",
     {{WRITES, 1, JC_OK}, {BREAKS_THE_STATE, 2, JC_FAILED_PRECONDITION}, {WRITES, 2, JC_OK}},
     3,
     5,
     5,
     2,
     3},
};

static void run_batch_case(const struct batch_case *c, bool in_memory) {
    struct jc_db *db = fresh(in_memory, 0, 0);
    struct task tasks[COUNT(c->tasks)] = {0};
    struct jc_db_stats before, after;
    struct gate gate;
    close_gate(db, &gate);
    jc_db_stats(db, &before);
    atomic_store(&finished, 0);
    sem_init(&one_finished, 0, 0);
    for (size_t i = 0; i < c->count; i++) {
        tasks[i].act = c->tasks[i].act;
        tasks[i].agency_id = c->tasks[i].agency_id;
        tasks[i].no = (int64_t)i;
        submit(db, &tasks[i]);
    }
    jc_db_stats(db, &after);
    CHECK_INT(c->name, after.queued, c->count);
    atomic_store(&loads, 0);
    atomic_store(&stores, 0);
    sem_post(&gate.open);
    for (size_t i = 0; i < c->count; i++)
        sem_wait(&one_finished);
    CHECK(c->name, atomic_load(&gate.done));
    int64_t written[3] = {0};
    for (size_t i = 0; i < c->count; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s, job %zu (%s)", c->name, i, tasks[i].detail);
        CHECK_INT(name, atomic_load(&tasks[i].done), 1);
        CHECK_INT(name, tasks[i].order, i);
        CHECK_INT(name, tasks[i].code, c->tasks[i].code);
        CHECK_INT(name, tasks[i].runs >= 1 && tasks[i].runs <= 3, 1);
        CHECK(name, tasks[i].code == JC_OK || tasks[i].detail[0] || tasks[i].code == JC_ABORTED);
        bool wrote = tasks[i].code == JC_OK && tasks[i].act != ONLY_LOOKS;
        CHECK_INT(name, present(db, &tasks[i]), wrote);
        written[tasks[i].agency_id] += wrote;
    }
    jc_db_stats(db, &after);
    CHECK_INT(c->name, after.commits - before.commits - 1, c->commits); /* less the gate's */
    CHECK_INT(c->name, after.replays - before.replays, c->replays);
    CHECK_INT(c->name, after.jobs - before.jobs - 1, c->count);
    CHECK_INT(c->name, atomic_load(&loads), c->loads);
    CHECK_INT(c->name, atomic_load(&stores), c->stores);
    for (int agency = 1; agency <= 2; agency++) {
        CHECK_INT(c->name, counter_of(db, agency), written[agency]);
        check_counter(c->name, db, agency);
    }
    jc_db_close(db);
}

static void test_batches(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(BATCHES); i++)
        for (int in_memory = 0; in_memory < 2; in_memory++)
            run_batch_case(&BATCHES[i], in_memory);
}

/* A batch ends at batch_max; the next jobs have another. */
static void test_batch_max(void **state) {
    (void)state;
    struct jc_db *db = fresh(false, 0, 10);
    static struct task tasks[95];
    struct jc_db_stats before, after;
    struct gate gate;
    close_gate(db, &gate);
    jc_db_stats(db, &before);
    sem_init(&one_finished, 0, 0);
    for (size_t i = 0; i < COUNT(tasks); i++) {
        tasks[i] = (struct task){.agency_id = 1, .no = (int64_t)i};
        submit(db, &tasks[i]);
    }
    sem_post(&gate.open);
    for (size_t i = 0; i < COUNT(tasks); i++)
        sem_wait(&one_finished);
    jc_db_stats(db, &after);
    assert_int_equal(after.commits - before.commits, 1 + 10); /* the gate; 95 jobs by tens */
    assert_int_equal(counter_of(db, 1), 95);
    jc_db_close(db);
}

/* --- many threads -------------------------------------------------------------------------------- */

enum { THREADS = 12, EACH = 400 };

struct crowd {
    struct jc_db *db;
    struct task tasks[EACH];
    int64_t who;
    bool waits;
};

static void *submit_all(void *ctx) {
    struct crowd *crowd = ctx;
    for (int i = 0; i < EACH; i++) {
        struct task *task = &crowd->tasks[i];
        *task = (struct task){.agency_id = 1 + crowd->who % 3, .who = crowd->who, .no = i};
        task->act = i % 7 == 3 ? FAILS : WRITES;
        struct jc_err err = {0};
        if (!crowd->waits) {
            while (jc_db_write(crowd->db, task->agency_id, run_task, task, task_done, &err) != JC_OK) {
                assert_int_equal(err.code, JC_RESOURCE_EXHAUSTED); /* the queue is full: give the writer a turn */
                sched_yield();
            }
        } else {
            task->code = jc_db_write_wait(crowd->db, task->agency_id, run_task, task, &err);
            atomic_fetch_add(&task->done, 1);
        }
    }
    return NULL;
}

/* Every job answered once; acknowledged ones are there, failed ones are not; seqs have no gap and
 * grow with the order in which a thread submitted. */
static void check_crowd(struct jc_db *db, const struct crowd *crowds, int count) {
    for (int t = 0; t < count; t++) {
        int64_t written = 0;
        for (int i = 0; i < EACH; i++) {
            const struct task *task = &crowds[t].tasks[i];
            CHECK_INT("done once", task->done, 1);
            CHECK_INT("code", task->code, task->act == FAILS ? JC_ABORTED : JC_OK);
            written += task->code == JC_OK;
        }
        CHECK_INT("all durable", number(db, "SELECT count(*) FROM entry WHERE who = $1 AND $2 = 0", crowds[t].who, 0),
                  written);
        CHECK_INT("in order",
                  number(db,
                         "SELECT count(*) FROM entry a JOIN entry b ON a.who = b.who AND a.no < b.no"
                         " WHERE a.who = $1 AND a.seq >= b.seq AND $2 = 0",
                         crowds[t].who, 0),
                  0);
    }
    for (int64_t agency = 1; agency <= 3; agency++)
        check_counter("counter", db, agency);
}

static struct crowd crowds[THREADS];

static void run_crowd(bool waits, struct jc_db *first, struct jc_db *second) {
    pthread_t threads[THREADS];
    for (int t = 0; t < THREADS; t++) {
        crowds[t] = (struct crowd){.db = t % 2 ? second : first, .who = t, .waits = waits};
        assert_int_equal(pthread_create(&threads[t], NULL, submit_all, &crowds[t]), 0);
    }
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
    jc_db_close(first); /* finishes what waits */
    if (second != first)
        jc_db_close(second);
    struct jc_db *db = open_again(0, 0);
    check_crowd(db, crowds, THREADS);
    jc_db_close(db);
}

static void test_many_threads(void **state) {
    (void)state;
    struct jc_db *db = fresh(false, 64, 0);
    run_crowd(false, db, db);
}

static void test_many_threads_waiting(void **state) {
    (void)state;
    struct jc_db *db = fresh(false, 0, 0);
    run_crowd(true, db, db);
}

/* Two jc_db on one file, as two processes would have: states are loaded under the write lock. */
static void test_two_writers(void **state) {
    (void)state;
    struct jc_db *first = fresh(false, 64, 16);
    struct jc_db *second = open_again(64, 16);
    run_crowd(false, first, second);
}

/* --- the queue ----------------------------------------------------------------------------------- */

static void test_queue_limit(void **state) {
    (void)state;
    struct jc_db *db = fresh(false, 4, 0);
    struct task tasks[6] = {0};
    struct gate gate;
    struct jc_err err = {0};
    for (int round = 0; round < 3; round++) { /* the ring goes round */
        close_gate(db, &gate);
        for (int i = 0; i < 6; i++) {
            tasks[i] = (struct task){.agency_id = 1, .who = round, .no = i};
            err.what = JC_MSG_NONE;
            enum jc_code code = jc_db_write(db, 1, run_task, &tasks[i], task_done, &err);
            assert_int_equal(code, i < 4 ? JC_OK : JC_RESOURCE_EXHAUSTED);
            assert_int_equal(err.what, i < 4 ? JC_MSG_NONE : JC_MSG_DB_QUEUE_FULL);
        }
        assert_int_equal(jc_db_write_wait(db, 1, run_task, &tasks[5], &err), JC_RESOURCE_EXHAUSTED);
        sem_post(&gate.open);
        struct task last = {.act = ONLY_LOOKS, .agency_id = 1};
        while (jc_db_write_wait(db, 1, run_task, &last, &err) == JC_RESOURCE_EXHAUSTED)
            sched_yield();
        for (int i = 0; i < 6; i++) {
            assert_int_equal(atomic_load(&tasks[i].done), i < 4);
            assert_int_equal(tasks[i].runs, i < 4);
        }
    }
    assert_int_equal(counter_of(db, 1), 12);
    jc_db_close(db);
}

static void *close_db(void *ctx) {
    jc_db_close(ctx);
    return NULL;
}

static void test_close_drains(void **state) {
    (void)state;
    struct jc_db *db = fresh(false, 0, 16);
    static struct task tasks[100], refused;
    struct gate gate;
    struct jc_err err = {0};
    close_gate(db, &gate);
    for (size_t i = 0; i < COUNT(tasks); i++) {
        tasks[i] = (struct task){.agency_id = 1, .no = (int64_t)i};
        submit(db, &tasks[i]);
    }
    pthread_t closer;
    assert_int_equal(pthread_create(&closer, NULL, close_db, db), 0);
    refused = (struct task){.act = ONLY_LOOKS, .agency_id = 1};
    int accepted = 0;
    enum jc_code code; /* until the close is seen; the gate keeps it from ending */
    while ((code = jc_db_write(db, 1, run_task, &refused, task_done, &err)) != JC_UNAVAILABLE) {
        assert_true(code == JC_OK || code == JC_RESOURCE_EXHAUSTED);
        accepted += code == JC_OK;
        sched_yield();
    }
    assert_int_equal(err.what, JC_MSG_DB_CLOSING);
    sem_post(&gate.open);
    pthread_join(closer, NULL);
    for (size_t i = 0; i < COUNT(tasks); i++)
        assert_true(atomic_load(&tasks[i].done) == 1 && tasks[i].code == JC_OK);
    assert_int_equal(atomic_load(&refused.done), accepted);
    db = open_again(0, 0);
    assert_int_equal(counter_of(db, 1), COUNT(tasks));
    jc_db_close(db);
}

/* --- without a thread ------------------------------------------------------------------------------ */

struct ends {
    int batches;
    int answered[16]; /* by the end of each batch */
};

static void batch_ended(void *ctx) {
    struct ends *ends = ctx;
    assert_true(ends->batches < (int)COUNT(ends->answered));
    ends->answered[ends->batches++] = atomic_load(&finished);
}

static struct jc_db *open_inline(const struct jc_db_config *config) {
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    CHECK_OK("open", jc_db_open(config, &db, &err), &err);
    CHECK_OK("schema", jc_db_write_wait(db, 1, make_schema, NULL, &err), &err);
    return db;
}

static void test_inline(void **state) {
    (void)state;
    struct ends ends = {0};
    struct jc_db_config config = {.path = ":memory:",
                                  .create = true,
                                  .batch_max = 4,
                                  .inline_writer = true,
                                  .batch_end = batch_ended,
                                  .batch_ctx = &ends};
    struct jc_db *db = open_inline(&config);
    struct jc_err err = {0};
    assert_int_equal(ends.batches, 1);
    assert_int_equal(jc_db_pump(db), 0);
    struct task tasks[6] = {0};
    ends.batches = 0;
    atomic_store(&finished, 0);
    for (size_t i = 0; i < COUNT(tasks); i++) {
        tasks[i] = (struct task){.act = i == 1 ? FAILS : WRITES, .agency_id = 1, .no = (int64_t)i};
        submit(db, &tasks[i]);
        assert_int_equal(tasks[i].runs, 0);
    }
    assert_int_equal(jc_db_pump(db), 4);
    assert_int_equal(atomic_load(&finished), 4);
    assert_int_equal(tasks[1].code, JC_ABORTED);
    struct task waited = {.act = WRITES, .agency_id = 1, .no = 6}; /* behind the two that wait */
    CHECK_OK("wait", jc_db_write_wait(db, 1, run_task, &waited, &err), &err);
    assert_int_equal(atomic_load(&finished), 6);
    assert_int_equal(ends.batches, 2);
    assert_int_equal(ends.answered[0], 4);
    assert_int_equal(ends.answered[1], 6);
    assert_int_equal(jc_db_pump(db), 0);
    assert_int_equal(counter_of(db, 1), 6);
    struct ends others = {0};
    waited = (struct task){.act = ONLY_LOOKS, .agency_id = 1};
    jc_db_on_batch_end(db, batch_ended, &others);
    CHECK_OK("another hook", jc_db_write_wait(db, 1, run_task, &waited, &err), &err);
    jc_db_on_batch_end(db, NULL, NULL);
    CHECK_OK("no hook", jc_db_write_wait(db, 1, run_task, &waited, &err), &err);
    assert_int_equal(ends.batches, 2);
    assert_int_equal(others.batches, 1);
    tasks[0] = (struct task){.agency_id = 1, .no = 7};
    submit(db, &tasks[0]);
    jc_db_close(db); /* runs what waits */
    assert_int_equal(atomic_load(&tasks[0].done), 1);
}

/* A batch ends with the job that brings its costs to batch_cost_max. */
static void test_batch_cost(void **state) {
    (void)state;
    struct jc_db_config config = {.path = ":memory:", .create = true, .batch_cost_max = 10, .inline_writer = true};
    static const struct {
        unsigned cost;
        size_t batch; /* jobs of the batch that it begins */
    } JOBS[] = {{9, 2}, {1, 0}, {10, 1}, {4, 3}, {4, 0}, {4, 0}, {50, 1}, {0, 2}, {3, 0}};
    struct jc_db *db = open_inline(&config);
    struct jc_err err = {0};
    struct task tasks[COUNT(JOBS)] = {0};
    for (size_t i = 0; i < COUNT(JOBS); i++) {
        tasks[i] = (struct task){.agency_id = 1, .no = (int64_t)i};
        CHECK_OK("submit", jc_db_write_cost(db, 1, JOBS[i].cost, run_task, &tasks[i], task_done, &err), &err);
    }
    for (size_t i = 0; i < COUNT(JOBS); i++)
        if (JOBS[i].batch)
            assert_int_equal(jc_db_pump(db), JOBS[i].batch);
    assert_int_equal(jc_db_pump(db), 0);
    jc_db_close(db);
}

/* --- callbacks ----------------------------------------------------------------------------------- */

/* In `done` the row is durable: another connection sees it. From there the next job can be
 * submitted, but not waited for. */
struct chain {
    struct jc_db *db;
    struct task task;
    int left;
    sem_t end;
};

static enum jc_code run_chain(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return run_task(tx, &((struct chain *)ctx)->task, err);
}

static void chain_done(void *ctx, enum jc_code code, const struct jc_err *failure) {
    struct chain *chain = ctx;
    (void)failure;
    assert_int_equal(code, JC_OK);
    assert_true(present(chain->db, &chain->task));
    struct jc_err err = {0};
    assert_int_equal(jc_db_write_wait(chain->db, 1, run_task, &chain->task, &err), JC_INTERNAL);
    chain->task.no++;
    if (--chain->left == 0)
        sem_post(&chain->end);
    else
        CHECK_OK("next", jc_db_write(chain->db, 1, run_chain, chain, chain_done, &err), &err);
}

static void test_done(void **state) {
    (void)state;
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        struct chain chain = {.db = fresh(in_memory, 0, 0), .task = {.agency_id = 1}, .left = 50};
        struct jc_err err = {0};
        sem_init(&chain.end, 0, 0);
        CHECK_OK("first", jc_db_write(chain.db, 1, run_chain, &chain, chain_done, &err), &err);
        sem_wait(&chain.end);
        assert_int_equal(counter_of(chain.db, 1), 50);
        jc_db_close(chain.db);
    }
}

/* --- states -------------------------------------------------------------------------------------- */

/* A state whose load asks for others; many at once, of different sizes. */
struct wide {
    int64_t sum;
    char filler[300];
};

static enum jc_code load_wide(struct jc_tx *tx, int64_t agency_id, void *state, struct jc_err *err) {
    struct wide *wide = state;
    assert_int_equal(wide->sum, 0); /* zeroed before */
    for (int64_t other = 1; other <= 20; other++) {
        void *counter;
        enum jc_code code = jc_tx_state(tx, &COUNTER, agency_id * 100 + other, &counter, err);
        if (code != JC_OK)
            return code;
        wide->sum += ((struct counter *)counter)->value;
    }
    return JC_OK;
}

static enum jc_code store_wide(struct jc_tx *tx, int64_t agency_id, const void *state, struct jc_err *err) {
    return jc_tx_exec(tx, STORE_COUNTER, JC_VALUES(jc_int(agency_id), jc_int(((const struct wide *)state)->sum)), err);
}

static const struct jc_tx_state WIDE = {sizeof(struct wide), load_wide, store_wide};

static enum jc_code use_wide(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    for (int64_t agency = 1; agency <= 5; agency++) {
        void *wide, *again, *counter;
        CHECK_OK("wide", jc_tx_state(tx, &WIDE, agency, &wide, err), err);
        CHECK_OK("counter", jc_tx_state(tx, &COUNTER, agency * 100 + 7, &counter, err), err);
        ((struct wide *)wide)->sum += ++((struct counter *)counter)->value;
        CHECK_OK("wide", jc_tx_state(tx, &WIDE, agency, &again, err), err);
        assert_ptr_equal(wide, again);
    }
    return *(bool *)ctx ? jc_fail(err, JC_ABORTED, JC_MSG_INTERNAL) : JC_OK;
}

static enum jc_code read_wide(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    void *wide;
    CHECK_OK("a state in a read", jc_tx_state(tx, &WIDE, 3, &wide, err), err);
    *(int64_t *)ctx = ((struct wide *)wide)->sum;
    ((struct wide *)wide)->sum = -1; /* stored by nobody */
    return JC_OK;
}

static void test_states(void **state) {
    (void)state;
    struct jc_db *db = fresh(false, 0, 0);
    struct jc_err err = {0};
    bool failing = false;
    for (int round = 0; round < 4; round++) {
        failing = round % 2;
        assert_int_equal(jc_db_write_wait(db, 1, use_wide, &failing, &err), failing ? JC_ABORTED : JC_OK);
        int64_t sum = -1;
        CHECK_OK("read", jc_db_read(db, read_wide, &sum, &err), &err);
        assert_int_equal(sum, 1 + round / 2); /* what the counters hold; failed rounds left nothing */
        assert_int_equal(counter_of(db, 307), 1 + round / 2);
        assert_int_equal(counter_of(db, 3), round < 2 ? 1 : 1 + 2);
    }
    jc_db_close(db);
}

/* --- a connection that is lost ------------------------------------------------------------------- */

static bool no_rollback, no_open;
static int opens;

static void stuck_rollback(struct jc_conn *conn) {
    if (!no_rollback)
        jc_driver_sqlite.rollback(conn);
}

static enum jc_code counted_open(const struct jc_conn_config *config, struct jc_conn **out, struct jc_err *err) {
    opens++;
    return no_open ? jc_fail(err, JC_UNAVAILABLE, JC_MSG_DB_IO) : jc_driver_sqlite.open(config, out, err);
}

static enum jc_code run_on(struct jc_writer *writer, enum act act, int no) {
    struct task task = {.act = act, .agency_id = 1, .no = no};
    struct jc_err err = {0};
    sem_init(&one_finished, 0, 0);
    CHECK_OK("submit", jc_writer_submit(writer, 1, 1, run_task, &task, task_done, &err), &err);
    sem_wait(&one_finished);
    return task.code;
}

/* What cannot be rolled back is thrown away with its connection; the next job gets a new one, as soon
 * as there is one. */
static void test_connection_lost(void **state) {
    (void)state;
    jc_db_close(fresh(false, 0, 0));
    struct jc_driver driver = jc_driver_sqlite;
    driver.rollback = stuck_rollback;
    driver.open = counted_open;
    struct jc_writer_config config = {
        .driver = &driver,
        .conn = {.path = path, .busy_timeout_ms = 1000},
        .batch_max = 8,
        .queue_max = 8,
        .batch_cost_max = 8,
    };
    struct jc_writer *writer;
    struct jc_err err = {0};
    CHECK_OK("session", jc_session_open(&driver, &config.conn, &config.session, &err), &err);
    CHECK_OK("writer", jc_writer_start(&config, &writer, &err), &err);
    static const struct {
        const char *name;
        bool no_rollback, no_open;
        enum act act;
        enum jc_code code;
        int opens;
    } STEPS[] = {
        {"well", false, false, WRITES, JC_OK, 1},
        {"cannot roll back", true, false, FAILS, JC_ABORTED, 1},
        {"cannot open again", false, true, WRITES, JC_UNAVAILABLE, 2},
        {"still not", false, true, WRITES, JC_UNAVAILABLE, 3},
        {"opens again", false, false, WRITES, JC_OK, 4},
        {"stays open", false, false, WRITES, JC_OK, 4},
    };
    for (size_t i = 0; i < COUNT(STEPS); i++) {
        no_rollback = STEPS[i].no_rollback;
        no_open = STEPS[i].no_open;
        CHECK_INT(STEPS[i].name, run_on(writer, STEPS[i].act, (int)i), STEPS[i].code);
        CHECK_INT(STEPS[i].name, opens, STEPS[i].opens);
    }
    jc_writer_drain(writer);
    jc_writer_free(writer);
    struct jc_db *db = open_again(0, 0);
    assert_int_equal(counter_of(db, 1), 3);
    check_counter("lost connection", db, 1);
    jc_db_close(db);
}

static int make_folder(void **state) {
    (void)state;
    jc_test_folder(folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    jc_test_folder_remove(folder);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches),      cmocka_unit_test(test_batch_max),
        cmocka_unit_test(test_many_threads), cmocka_unit_test(test_many_threads_waiting),
        cmocka_unit_test(test_two_writers),  cmocka_unit_test(test_queue_limit),
        cmocka_unit_test(test_inline),       cmocka_unit_test(test_batch_cost),
        cmocka_unit_test(test_close_drains), cmocka_unit_test(test_done),
        cmocka_unit_test(test_states),       cmocka_unit_test(test_connection_lost),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
