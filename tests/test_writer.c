/* The writer: durability, order, jobs that fail alone, states, replay, the queue's end and limits. */
#include "jc_writer_test.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches), cmocka_unit_test(test_batch_max),  cmocka_unit_test(test_queue_limit),
        cmocka_unit_test(test_inline),  cmocka_unit_test(test_batch_cost), cmocka_unit_test(test_close_drains),
        cmocka_unit_test(test_done),    cmocka_unit_test(test_states),     cmocka_unit_test(test_connection_lost),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
