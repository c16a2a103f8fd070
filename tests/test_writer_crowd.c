/* The writer under many threads, and two writers on one database: everything done once, in order. */
#include "jc_writer_test.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_many_threads_waiting),
        cmocka_unit_test(test_two_writers),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
