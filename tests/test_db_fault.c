/* The database when the disk, the memory or the process fails. Whatever happens, a job that was
 * acknowledged is there, one that failed has left nothing, and the file is sound.
 *
 * A small batch runs again and again; the first file operation of a kind fails, then the second, and
 * so on until one run needs no more of them: once, and with all later ones failing too. The same with
 * every request for memory. At last a child process is killed in the middle of its commits. */
#include "jc_test.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>

#include "db/db.h"
#include "jc_fault_vfs.h"

static char folder[JC_TEST_PATH];
static char template_path[JC_TEST_PATH + 32]; /* a sound database with some rows */
static char path[JC_TEST_PATH + 32];

static const char SCHEMA[] = "CREATE TABLE entry (id INTEGER NOT NULL PRIMARY KEY, body BLOB NOT NULL) STRICT;"
                             "CREATE TABLE half (entry_id INTEGER NOT NULL UNIQUE REFERENCES entry (id)) STRICT;"
                             "CREATE TABLE counter (id INTEGER NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
                             "INSERT INTO counter VALUES (1, 0);";

/* --- jobs: two rows and a counter, all or nothing -------------------------------------------------- */

static enum jc_code load_counter(struct jc_tx *tx, int64_t agency_id, void *state, struct jc_err *err) {
    return jc_tx_int64(tx, "SELECT value FROM counter WHERE id = $1", JC_VALUES(jc_int(agency_id)), state, err);
}

static enum jc_code store_counter(struct jc_tx *tx, int64_t agency_id, const void *state, struct jc_err *err) {
    return jc_tx_exec(tx, "UPDATE counter SET value = $1 WHERE id = $2",
                      JC_VALUES(jc_int(*(const int64_t *)state), jc_int(agency_id)), err);
}

static const struct jc_tx_state COUNTER = {sizeof(int64_t), load_counter, store_counter};

struct task {
    int64_t id;
    bool fails; /* by itself, after it has written */
    enum jc_code code;
    enum jc_msg what;
    bool submitted;
};

static sem_t finished;
static char body[3000];

static enum jc_code write_task(struct jc_tx *tx, struct task *task, struct jc_err *err) {
    void *counter;
    enum jc_code code = jc_tx_exec(tx, "INSERT INTO entry (id, body) VALUES ($1, $2)",
                                   JC_VALUES(jc_int(task->id), jc_bytes(body, sizeof body)), err);
    if (code == JC_OK)
        code = jc_tx_state(tx, &COUNTER, 1, &counter, err);
    if (code != JC_OK)
        return code;
    ++*(int64_t *)counter;
    struct jc_rows *rows; /* a cursor that is open while the next statement writes */
    code = jc_tx_query(tx, "SELECT id, body FROM entry WHERE id <= $1 ORDER BY id DESC", JC_VALUES(jc_int(task->id)),
                       &rows, err);
    bool has_row = false;
    if (code == JC_OK)
        code = jc_rows_next(rows, &has_row, err);
    if (code == JC_OK)
        code =
            jc_tx_exec(tx, "INSERT INTO half (entry_id) VALUES ($1)", JC_VALUES(jc_int(jc_rows_int64(rows, 0))), err);
    jc_rows_close(rows);
    return code;
}

static enum jc_code run_task(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct task *task = ctx;
    enum jc_code code = write_task(tx, task, err);
    if (code != JC_OK) {
        /* it does not stop at the failure; if the transaction is gone, this must not commit on its own */
        struct jc_err ignored = {0};
        jc_tx_exec(tx, "DELETE FROM half WHERE entry_id = 1", JC_NO_VALUES, &ignored);
        jc_tx_script(tx, "DELETE FROM half WHERE entry_id = 1", &ignored);
    }
    return code == JC_OK && task->fails ? jc_fail(err, JC_ABORTED, JC_MSG_INTERNAL) : code;
}

static void task_done(void *ctx, enum jc_code code, const struct jc_err *err) {
    struct task *task = ctx;
    task->code = code;
    task->what = code == JC_OK ? JC_MSG_NONE : err->what;
    sem_post(&finished);
}

struct gate {
    sem_t entered, open; /* entered: also if the job cannot run at all */
};

static enum jc_code run_gate(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)tx, (void)err;
    struct gate *gate = ctx;
    sem_post(&gate->entered);
    sem_wait(&gate->open);
    return JC_OK;
}

static void gate_done(void *ctx, enum jc_code code, const struct jc_err *err) {
    (void)code, (void)err;
    sem_post(&((struct gate *)ctx)->entered);
    sem_post(&finished);
}

/* --- runs ------------------------------------------------------------------------------------------ */

enum { BATCH = 6, BATCHES = 2, TASKS = BATCH * BATCHES };

struct run {
    struct task tasks[TASKS];
};

/* Keeps the writer at a gate while a batch gathers; `arm` sets the fault before the first one runs. */
static void run_batch(struct jc_db *db, struct task *tasks, int first_id, void (*arm)(void *ctx), void *ctx) {
    struct gate gate;
    struct jc_err err = {0};
    sem_init(&gate.entered, 0, 0);
    sem_init(&gate.open, 0, 0);
    sem_init(&finished, 0, 0);
    if (jc_db_write(db, 1, run_gate, &gate, gate_done, &err) != JC_OK)
        return;
    sem_wait(&gate.entered);
    if (arm)
        arm(ctx);
    int waiting = 1;
    for (int i = 0; i < BATCH; i++) {
        tasks[i] = (struct task){.id = first_id + i, .fails = i == 2};
        tasks[i].submitted = jc_db_write(db, 1, run_task, &tasks[i], task_done, &err) == JC_OK;
        waiting += tasks[i].submitted;
    }
    sem_post(&gate.open);
    while (waiting-- > 0)
        sem_wait(&finished);
}

static void run_batches(struct jc_db *db, struct run *run, void (*arm)(void *ctx), void *ctx) {
    for (int batch = 0; batch < BATCHES; batch++)
        run_batch(db, run->tasks + batch * BATCH, 100 + batch * BATCH, batch == 0 ? arm : NULL, ctx);
}

static enum jc_code count_task(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    int64_t *count = ctx; /* id in, rows out */
    int64_t entries = 0, halves = 0, id = *count;
    enum jc_code code =
        jc_tx_int64(tx, "SELECT count(*) FROM entry WHERE id = $1", JC_VALUES(jc_int(id)), &entries, err);
    if (code == JC_OK)
        code = jc_tx_int64(tx, "SELECT count(*) FROM half WHERE entry_id = $1", JC_VALUES(jc_int(id)), &halves, err);
    *count = entries + halves;
    return code;
}

static enum jc_code compare_counter(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    int64_t *difference = ctx;
    return jc_tx_int64(tx, "SELECT (SELECT value FROM counter) - (SELECT count(*) FROM entry)", JC_NO_VALUES,
                       difference, err);
}

static void found_problem(void *ctx, const struct jc_err *fault) {
    fail_msg("%s: %.*s", (const char *)ctx, JC_FMT(fault->arg[0]));
}

/* Each task is there or not, as it was told; the counter counts the entries; the file is sound. */
static void check_run(const char *name, struct jc_db *db, const struct run *run) {
    struct jc_err err = {0};
    for (int i = 0; i < TASKS; i++) {
        const struct task *task = &run->tasks[i];
        int64_t count = task->id;
        if (!task->submitted)
            continue;
        CHECK_OK(name, jc_db_read(db, count_task, &count, &err), &err);
        CHECK_INT(name, count, task->code == JC_OK ? 2 : 0);
    }
    int64_t first = 1, difference = -1;
    CHECK_OK(name, jc_db_read(db, count_task, &first, &err), &err);
    CHECK_INT(name, first, 2);
    CHECK_OK(name, jc_db_read(db, compare_counter, &difference, &err), &err);
    CHECK_INT(name, difference, 0);
    CHECK_OK(name, jc_db_check(db, found_problem, (void *)name, &err), &err);
}

static void copy_file(const char *from, const char *to) {
    static char bytes[1 << 20];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_true(in && out);
    size_t len = fread(bytes, 1, sizeof bytes, in);
    assert_true(len > 0 && len < sizeof bytes);
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    assert_int_equal(fclose(in) | fclose(out), 0);
}

static void remove_database(void) {
    static const char *const ENDINGS[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < COUNT(ENDINGS); i++) {
        char name[sizeof path + 8];
        snprintf(name, sizeof name, "%s%s", path, ENDINGS[i]);
        unlink(name);
    }
}

static enum jc_code open_database(const char *file, const char *vfs, struct jc_db **out, struct jc_err *err) {
    struct jc_db_config config = {.path = file, .create = true, .vfs = vfs, .busy_timeout_ms = 50};
    return jc_db_open(&config, out, err);
}

/* Opens again with the system's files: what was acknowledged has reached them. */
static void check_reopened(const char *name, const struct run *run) {
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    CHECK_OK(name, open_database(path, NULL, &db, &err), &err);
    check_run(name, db, run);
    jc_db_close(db);
    remove_database();
}

/* --- the disk fails ------------------------------------------------------------------------------ */

struct fault {
    const char *name;
    int calls;
    bool stays;
    int rc;
    enum jc_msg what; /* of the tasks that fail by it */
    long nth;
};

static const struct fault FAULTS[] = {
    {"one write, disk full", JC_FAULT_WRITES, false, SQLITE_FULL, JC_MSG_DB_FULL, 0},
    {"all writes, disk full", JC_FAULT_WRITES, true, SQLITE_FULL, JC_MSG_DB_FULL, 0},
    {"one write, I/O error", JC_FAULT_WRITES, false, 0, JC_MSG_DB_IO, 0},
    {"all writes, I/O error", JC_FAULT_WRITES, true, 0, JC_MSG_DB_IO, 0},
    {"one sync", JC_FAULT_SYNCS, false, 0, JC_MSG_DB_IO, 0},
    {"all syncs", JC_FAULT_SYNCS, true, 0, JC_MSG_DB_IO, 0},
    {"one of writes and syncs", JC_FAULT_WRITES | JC_FAULT_SYNCS, false, 0, JC_MSG_DB_IO, 0},
    {"one read", JC_FAULT_READS, false, 0, JC_MSG_DB_IO, 0},
    {"all reads", JC_FAULT_READS, true, 0, JC_MSG_DB_IO, 0},
};

static void arm_fault(void *ctx) {
    const struct fault *fault = ctx;
    jc_fault_arm(fault->calls, fault->nth, fault->stays, fault->rc);
}

/* A task fails by itself, or by the fault and says so; with one fault only, its replay succeeds. */
static void check_codes(const char *name, const struct fault *fault, const struct run *run) {
    int failed = 0;
    for (int i = 0; i < TASKS; i++) {
        const struct task *task = &run->tasks[i];
        if (task->code == JC_OK || (task->fails && task->code == JC_ABORTED))
            continue;
        CHECK_INT(name, task->code, JC_UNAVAILABLE);
        CHECK_INT(name, task->what, fault->what);
        failed++;
    }
    CHECK(name, fault->stays || failed <= 1);
}

/* Returns whether the fault has been met. */
static bool run_fault(const char *name, struct fault *fault) {
    struct run run = {0};
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    copy_file(template_path, path);
    CHECK_OK(name, open_database(path, JC_FAULT_VFS, &db, &err), &err);
    run_batches(db, &run, arm_fault, fault);
    bool fired = jc_fault_disarm();
    check_codes(name, fault, &run);
    check_run(name, db, &run);
    /* the disk is well again, and so is the database */
    struct task after = {.id = 900};
    CHECK_OK(name, jc_db_write_wait(db, 1, run_task, &after, &err), &err);
    jc_db_close(db);
    check_reopened(name, &run);
    return fired;
}

static void test_disk_fails(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(FAULTS); i++) {
        struct fault fault = FAULTS[i];
        char name[100];
        do {
            fault.nth++;
            snprintf(name, sizeof name, "%s, number %ld", fault.name, fault.nth);
        } while (run_fault(name, &fault));
        CHECK(name, fault.nth > (fault.calls == JC_FAULT_READS ? 1 : 2)); /* it did fail something */
    }
}

/* Everything from opening to closing under a fault: nothing crashes, nothing leaks, and what was
 * acknowledged is there. */
static bool run_whole(const char *name, struct fault *fault) {
    struct run run = {0};
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    copy_file(template_path, path);
    arm_fault(fault);
    if (open_database(path, JC_FAULT_VFS, &db, &err) == JC_OK)
        run_batches(db, &run, NULL, NULL);
    else
        CHECK(name, err.code != JC_OK && err.what != JC_MSG_NONE);
    jc_db_close(db);
    bool fired = jc_fault_disarm();
    check_reopened(name, &run);
    return fired;
}

static void test_disk_fails_while_opening(void **state) {
    (void)state;
    static const struct fault WHOLE[] = {
        {"any call", 31, false, 0, JC_MSG_DB_IO, 0},
        {"any call, disk full", 31, false, SQLITE_FULL, JC_MSG_DB_FULL, 0},
    };
    for (size_t i = 0; i < COUNT(WHOLE); i++) {
        struct fault fault = WHOLE[i];
        char name[100];
        do {
            fault.nth++;
            snprintf(name, sizeof name, "%s, number %ld", fault.name, fault.nth);
        } while (run_whole(name, &fault));
        CHECK(name, fault.nth > 20);
    }
}

/* A copy is whole or not there. */
static bool copy_fault(const char *name, struct fault *fault) {
    static const struct run nothing;
    struct jc_db *db = NULL, *copy = NULL;
    struct jc_err err = {0};
    copy_file(template_path, path);
    CHECK_OK(name, open_database(path, JC_FAULT_VFS, &db, &err), &err);
    char target[sizeof path + 8];
    snprintf(target, sizeof target, "%s-copy", path);
    arm_fault(fault);
    enum jc_code code = jc_db_copy_to(db, target, &err);
    bool fired = jc_fault_disarm();
    jc_db_close(db);
    remove_database();
    if (code == JC_OK) {
        CHECK_INT(name, rename(target, path), 0);
        CHECK_OK(name, open_database(path, NULL, &copy, &err), &err);
        check_run(name, copy, &nothing);
        jc_db_close(copy);
        remove_database();
    } else {
        CHECK(name, fired && code == JC_UNAVAILABLE);
        CHECK(name, access(target, F_OK) != 0);
    }
    return fired;
}

static void test_disk_fails_while_copying(void **state) {
    (void)state;
    struct fault fault = {"a copy", JC_FAULT_WRITES | JC_FAULT_READS | JC_FAULT_OPENS, false, SQLITE_FULL, 0, 0};
    char name[100];
    do {
        fault.nth++;
        snprintf(name, sizeof name, "%s, number %ld", fault.name, fault.nth);
    } while (copy_fault(name, &fault));
    assert_true(fault.nth > 20);
}

/* --- memory fails -------------------------------------------------------------------------------- */

/* Has the request armed with jc_alloc_fail_at(nth) not come yet? Then it is among the next nth. */
static bool memory_still_armed(uint64_t nth) {
    for (uint64_t i = 0; i < nth; i++) {
        void *memory = jc_malloc(1);
        if (!memory)
            return true;
        jc_free(memory);
    }
    return false;
}

static bool run_without_memory(const char *name, uint64_t nth) {
    struct run run = {0};
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    copy_file(template_path, path);
    jc_alloc_fail_at(nth);
    if (open_database(path, JC_FAULT_VFS, &db, &err) == JC_OK) {
        run_batches(db, &run, NULL, NULL);
        int64_t count = 1;
        enum jc_code code = jc_db_read(db, count_task, &count, &err);
        CHECK(name, code == JC_OK ? count == 2 : code == JC_RESOURCE_EXHAUSTED);
    } else {
        CHECK_INT(name, err.code, JC_RESOURCE_EXHAUSTED);
    }
    jc_db_close(db);
    bool fired = !memory_still_armed(nth);
    jc_alloc_fail_at(0);
    for (int i = 0; i < TASKS; i++) {
        enum jc_code code = run.tasks[i].code;
        CHECK(name, code == JC_OK || code == JC_RESOURCE_EXHAUSTED || (run.tasks[i].fails && code == JC_ABORTED));
    }
    check_reopened(name, &run);
    return fired;
}

static void test_memory_fails(void **state) {
    (void)state;
    uint64_t nth = 0;
    char name[100];
    do {
        nth++;
        snprintf(name, sizeof name, "memory request %llu", (unsigned long long)nth);
    } while (run_without_memory(name, nth));
    assert_true(nth > 300); /* SQLite's own requests are among them */
}

/* --- the process is killed ----------------------------------------------------------------------- */

enum { IN_FLIGHT = 32 };

struct sender {
    struct jc_db *db;
    int acknowledged; /* pipe */
    struct task task;
    int64_t *next_id;
};

static enum jc_code run_sender(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return run_task(tx, &((struct sender *)ctx)->task, err);
}

static void send_next(void *ctx, enum jc_code code, const struct jc_err *failure) {
    struct sender *sender = ctx;
    struct jc_err err = {0};
    (void)failure;
    if (code != JC_OK || write(sender->acknowledged, &sender->task.id, sizeof sender->task.id) != sizeof(int64_t))
        _exit(1);
    sender->task.id = ++*sender->next_id; /* all on the writer's thread */
    if (jc_db_write(sender->db, 1, run_sender, sender, send_next, &err) != JC_OK)
        _exit(2);
}

static enum jc_code hold(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)tx, (void)err;
    sem_wait(ctx);
    return JC_OK;
}

static void ignore(void *ctx, enum jc_code code, const struct jc_err *err) {
    (void)ctx, (void)code, (void)err;
}

/* Writes and acknowledges until it is killed. */
static void run_child(int acknowledged) {
    static struct sender senders[IN_FLIGHT];
    static int64_t next_id = 1000;
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    sem_t all_submitted;
    sem_init(&all_submitted, 0, 0);
    if (open_database(path, NULL, &db, &err) != JC_OK ||
        jc_db_write(db, 1, hold, &all_submitted, ignore, &err) != JC_OK)
        _exit(3);
    for (int i = 0; i < IN_FLIGHT; i++) {
        senders[i] = (struct sender){db, acknowledged, {.id = ++next_id}, &next_id};
        if (jc_db_write(db, 1, run_sender, &senders[i], send_next, &err) != JC_OK)
            _exit(4);
    }
    sem_post(&all_submitted);
    for (;;)
        pause();
}

/* Reads acknowledged ids until `count` are there, kills the child, reads what else it had said. */
static size_t collect(pid_t child, int fd, int64_t *ids, size_t count, size_t capacity) {
    size_t got = 0;
    while (got < capacity && read(fd, &ids[got], sizeof *ids) == sizeof *ids)
        if (++got == count)
            assert_int_equal(kill(child, SIGKILL), 0);
    assert_true(got >= count && got < capacity);
    return got;
}

static void test_killed(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t count;
    } CASES[] = {{"the first", 1}, {"some", 77}, {"many", 1000}, {"behind a checkpoint", 6000}};
    static int64_t ids[20000];
    for (size_t i = 0; i < COUNT(CASES); i++) {
        copy_file(template_path, path);
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        pid_t child = fork();
        if (child == 0)
            run_child(fds[1]);
        close(fds[1]);
        size_t got = collect(child, fds[0], ids, CASES[i].count, COUNT(ids));
        close(fds[0]);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        CHECK(CASES[i].name, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

        struct jc_db *db = NULL;
        struct jc_err err = {0};
        CHECK_OK(CASES[i].name, open_database(path, NULL, &db, &err), &err);
        for (size_t k = 0; k < got; k++) {
            int64_t count = ids[k];
            CHECK_OK(CASES[i].name, jc_db_read(db, count_task, &count, &err), &err);
            CHECK_INT(CASES[i].name, count, 2);
        }
        check_run(CASES[i].name, db, &(struct run){0});
        jc_db_close(db);
        remove_database();
    }
}

/* --- set-up ---------------------------------------------------------------------------------------- */

static enum jc_code fill_template(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    enum jc_code code = jc_tx_script(tx, SCHEMA, err);
    for (int64_t id = 1; id <= 40 && code == JC_OK; id++) {
        struct task task = {.id = id};
        code = run_task(tx, &task, err);
    }
    return code;
}

static int make_template(void **state) {
    (void)state;
    jc_test_folder(folder);
    snprintf(template_path, sizeof template_path, "%s/template.db", folder);
    snprintf(path, sizeof path, "%s/run.db", folder);
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    CHECK_OK("template", open_database(template_path, NULL, &db, &err), &err); /* sets SQLite up before the shim does */
    CHECK_OK("template", jc_db_write_wait(db, 1, fill_template, NULL, &err), &err);
    jc_db_close(db);
    jc_fault_register();
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    jc_test_folder_remove(folder);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disk_fails),
        cmocka_unit_test(test_disk_fails_while_opening),
        cmocka_unit_test(test_disk_fails_while_copying),
        cmocka_unit_test(test_memory_fails),
        cmocka_unit_test(test_killed),
    };
    return cmocka_run_group_tests(tests, make_template, remove_folder);
}
