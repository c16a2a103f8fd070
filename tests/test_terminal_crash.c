/* Kills and lack of memory: a process that dies at any step of making work or syncing leaves a store in which every
 * piece of work is whole or absent, and the next sync brings everything to the server once (PEERS: "crash in
 * mid-write blocks sync for ever").
 *
 * The terminal asks its clock several times inside each transaction, so a clock that kills the process at its n-th
 * question visits the steps one by one, without waiting for anything. */
#include "terminal_fake.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/file.h"
#include "jc_fail_each.h"
#include "terminal/operation.h"

/* --- what a whole store looks like ---------------------------------------------------------------------------- */

struct audit {
    struct jc_arena *arena;
    struct jc_terminal_operations operations;
    int64_t numbers;
    int64_t strays; /* numbers and sources of documents that do not exist */
};

static enum jc_code audit_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct audit *audit = ctx;
    struct jc_uuid none = {{0}};
    enum jc_code code = jc_terminal_operation_list(tx, none, none, audit->arena, &audit->operations, err);
    if (code == JC_OK)
        code = jc_tx_int64(tx, "SELECT COUNT(*) FROM document_number", JC_NO_VALUES, &audit->numbers, err);
    if (code == JC_OK)
        code = jc_tx_int64(tx,
                           "SELECT (SELECT COUNT(*) FROM document_number AS d WHERE NOT EXISTS (SELECT 1 FROM operation"
                           " AS o WHERE o.subject_id = d.subject_id))"
                           "     + (SELECT COUNT(*) FROM source AS s WHERE NOT EXISTS (SELECT 1 FROM operation AS o"
                           " WHERE o.subject_id = s.subject_id))",
                           JC_NO_VALUES, &audit->strays, err);
    return code;
}

static void note_problem(void *ctx, const struct jc_err *fault) {
    (void)fault;
    ++*(int *)ctx;
}

/* Every operation is signed by this device, has its number and its document. Returns how many there are. */
static size_t check_whole(const char *name, struct bench *bench) {
    struct audit audit = {.arena = bench->arena};
    int problems = 0;
    CHECK_OK(name, jc_db_check(bench->terminal->db, note_problem, &problems, &bench->err), &bench->err);
    CHECK_INT(name, problems, 0);
    CHECK_OK(name, jc_terminal_read(bench->terminal, audit_job, &audit, &bench->err), &bench->err);
    CHECK_INT(name, audit.strays, 0);
    CHECK_INT(name, audit.numbers, audit.operations.count);
    for (size_t i = 0; i < audit.operations.count; i++) {
        const struct jc_terminal_operation *operation = &audit.operations.items[i];
        const struct jc_terminal_ref ref = {JC_TERMINAL_INSPECTION, operation->outcome.subject_id};
        struct jc_buf text;
        CHECK(name, jc_seal_verify((const uint8_t *)operation->link.ptr, (const uint8_t *)operation->seal.ptr,
                                   bench->fake.public_key));
        if (i > 0)
            CHECK(name, jc_str_eq(operation->previous, operation[-1].link));
        jc_buf_init(&text, 1 << 20);
        CHECK_OK(name, jc_terminal_document(bench->terminal, ref, JC_ZH, &text, &bench->err), &bench->err);
        jc_buf_free(&text);
    }
    return audit.operations.count;
}

/* --- killed while work is made ------------------------------------------------------------------------------------ */

static int64_t deadly_questions; /* the process dies at this question to the clock; 0: never */

static int64_t deadly_now(void *ctx) {
    if (deadly_questions && --deadly_questions == 0)
        kill(getpid(), SIGKILL);
    return bench_now(ctx);
}

static struct jc_terminal *open_deadly(struct bench *bench) {
    struct jc_terminal_config config = {
        .path = bench->path, .wall = {deadly_now, bench}, .steady = {deadly_now, bench}};
    struct jc_terminal *terminal;
    return jc_terminal_open(&config, &terminal, &bench->err) == JC_OK ? terminal : NULL;
}

/* In a child: makes one inspection, dying at the n-th question. */
static _Noreturn void make_one(struct bench *bench, int64_t nth) {
    struct draft draft;
    struct jc_terminal_work work;
    struct jc_terminal *terminal = open_deadly(bench);
    draft_init(&draft, 0);
    deadly_questions = nth;
    bool ok = terminal && jc_terminal_submit(terminal, &draft.draft, bench->arena, &work, &bench->err) == JC_OK;
    _exit(ok ? 0 : 1);
}

static void killed_at_every_step_of_an_inspection(void **state) {
    struct bench *bench = *state;
    size_t before = 0;
    bool survived = false;
    int kills = 0;
    jc_terminal_close(bench->terminal); /* no connection is carried over a fork */
    bench->terminal = NULL;
    for (int64_t nth = 1; !survived; nth++) {
        char name[64];
        int status;
        snprintf(name, sizeof name, "killed at question %d", (int)nth);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            make_one(bench, nth);
        assert_int_equal(waitpid(child, &status, 0), child);
        survived = WIFEXITED(status);
        CHECK_INT(name, survived ? WEXITSTATUS(status) : 0, 0);
        bench_open(bench);
        size_t now = check_whole(name, bench);
        CHECK_INT(name, now, survived ? before + 1 : before);
        kills += !survived;
        before = now;
        jc_terminal_close(bench->terminal);
        bench->terminal = NULL;
        assert_true(nth < 100);
    }
    assert_true(kills >= 6); /* three identifiers, the operation's, its two clocks */
    bench_open(bench);
    struct draft draft;
    struct jc_terminal_work work;
    draft_init(&draft, 0);
    CHECK_OK("afterwards", draft_submit(bench, &draft, &work), &bench->err);
    assert_int_equal(work.document_number.number, (int)before + 1); /* no number was lost or given twice */
}

/* In a child: inspections without end, telling the parent of each. */
static _Noreturn void make_many(struct bench *bench, int tell) {
    struct jc_terminal *terminal = open_deadly(bench);
    for (char made = 1;; made++) {
        struct draft draft;
        struct jc_terminal_work work;
        draft_init(&draft, 0);
        if (!terminal || jc_terminal_submit(terminal, &draft.draft, bench->arena, &work, &bench->err) != JC_OK)
            _exit(1);
        if (write(tell, &made, 1) != 1)
            _exit(2);
    }
}

/* Killed from outside while the next inspection is under way: what was told to be done is there. */
static void killed_from_outside(void **state) {
    struct bench *bench = *state;
    size_t before = 0;
    bench->fake.block_last = 1000;
    CHECK_OK("sync", bench_sync(bench, NULL), &bench->err);
    jc_terminal_close(bench->terminal);
    bench->terminal = NULL;
    for (int wanted = 1; wanted <= 5; wanted++) {
        char name[64], made = 0;
        int ends[2], status;
        snprintf(name, sizeof name, "killed behind %d", wanted);
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            make_many(bench, ends[1]);
        close(ends[1]);
        while (made < wanted)
            assert_int_equal(read(ends[0], &made, 1), 1);
        kill(child, SIGKILL);
        close(ends[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        CHECK(name, WIFSIGNALED(status));
        bench_open(bench);
        size_t now = check_whole(name, bench);
        CHECK(name, now >= before + (size_t)wanted);
        before = now;
        jc_terminal_close(bench->terminal);
        bench->terminal = NULL;
    }
    bench_open(bench);
    struct jc_terminal_sync_result result;
    CHECK_OK("sync", bench_sync(bench, &result), &bench->err);
    assert_int_equal(result.sent, before);
    assert_int_equal(bench->fake.operation_count, before);
}

/* --- killed while syncing ------------------------------------------------------------------------------------------- */

/* In a child: a sync that dies at the n-th question to the clock. The server of the child dies with it, so what the
 * parent's server sees afterwards is a terminal that comes again with whatever its store says. */
static _Noreturn void sync_one(struct bench *bench, int64_t nth) {
    struct jc_terminal_sync_result result;
    struct jc_terminal *terminal = open_deadly(bench);
    deadly_questions = nth;
    bool ok =
        terminal && jc_terminal_sync(terminal, &bench->transport, NULL, bench->arena, &result, &bench->err) == JC_OK;
    _exit(ok ? 0 : 1);
}

/* Puts the store back as it was in `pristine` (which must be closed, so there is no log beside it). */
static void restore(struct bench *bench, const char *pristine) {
    static const char *const beside[] = {"-wal", "-shm"};
    char path[sizeof bench->path + 8];
    uint8_t sha256[JC_SHA256_SIZE];
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s%s", bench->path, beside[i]);
        unlink(path);
    }
    CHECK_OK("restore", jc_file_copy(pristine, bench->path, 0600, sha256, &bench->err), &bench->err);
}

static void killed_at_every_step_of_a_sync(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_terminal_work work;
    bool survived = false;
    int kills = 0;
    for (int i = 0; i < 3; i++) {
        draft_init(&draft, 0);
        CHECK_OK("submit", draft_submit(bench, &draft, &work), &bench->err);
    }
    bench->fake.page = 1;
    fake_remove_task(&bench->fake, 1);
    fake_remove_task(&bench->fake, 2);
    jc_terminal_close(bench->terminal);
    bench->terminal = NULL;
    char pristine[sizeof bench->path + 8];
    uint8_t sha256[JC_SHA256_SIZE];
    snprintf(pristine, sizeof pristine, "%s.before", bench->path);
    CHECK_OK("copy", jc_file_copy(bench->path, pristine, 0600, sha256, &bench->err), &bench->err);
    for (int64_t nth = 1; !survived; nth++) {
        char name[64];
        int status;
        snprintf(name, sizeof name, "killed at question %d", (int)nth);
        restore(bench, pristine);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            sync_one(bench, nth);
        assert_int_equal(waitpid(child, &status, 0), child);
        survived = WIFEXITED(status);
        CHECK_INT(name, survived ? WEXITSTATUS(status) : 0, 0);
        bench_open(bench);
        CHECK_INT(name, check_whole(name, bench), 3);
        /* Nothing of half a listing shows. */
        CHECK_INT(name, bench_task(bench, 1) != NULL, bench_task(bench, 2) != NULL);
        kills += !survived;
        if (!survived)
            CHECK_OK(name, bench_sync(bench, NULL), &bench->err);
        CHECK(name, bench_task(bench, 1) == NULL);
        if (!survived)
            CHECK_INT(name, bench->fake.operation_count, 3);
        jc_terminal_close(bench->terminal);
        bench->terminal = NULL;
        assert_true(nth < 100);
    }
    assert_true(kills >= 6); /* each request, results, each page */
    bench_open(bench);
}

/* --- without memory ----------------------------------------------------------------------------------------------------- */

static enum jc_code submit_action(void *ctx, struct jc_err *err) {
    struct bench *bench = ctx;
    struct draft draft;
    struct jc_terminal_work work;
    draft_init(&draft, 0);
    struct jc_arena *arena = jc_arena_new(1 << 24);
    if (!arena)
        return jc_fail_memory(err);
    enum jc_code code = jc_terminal_submit(bench->terminal, &draft.draft, arena, &work, err);
    jc_arena_free(arena);
    return code;
}

static enum jc_code list_action(void *ctx, struct jc_err *err) {
    struct bench *bench = ctx;
    struct jc_terminal_task *tasks;
    struct jc_terminal_ref ref;
    struct jc_buf text;
    size_t count;
    struct jc_arena *arena = jc_arena_new(1 << 24);
    if (!arena)
        return jc_fail_memory(err);
    jc_buf_init(&text, 1 << 20);
    enum jc_code code = jc_terminal_tasks(bench->terminal, arena, &tasks, &count, err);
    if (code == JC_OK)
        code = jc_terminal_find(bench->terminal, JC_STR("hn-001-01"), JC_TERMINAL_INSPECTION, &ref, err);
    if (code == JC_OK)
        code = jc_terminal_document(bench->terminal, ref, JC_ZH, &text, err);
    jc_buf_free(&text);
    jc_arena_free(arena);
    return code;
}

/* The server's own memory is not meant: its allocations do not fail. */
static enum jc_code rich_call(void *ctx, const struct jc_transport_call *call, int *status, struct jc_buf *body,
                              struct jc_err *err) {
    struct bench *bench = ctx;
    struct jc_buf answer;
    jc_alloc_fail_at(0);
    jc_buf_init(&answer, 1 << 24);
    enum jc_code code = fake_call(&bench->fake, call, status, &answer, err);
    jc_buf_add(body, jc_buf_str(&answer));
    jc_buf_free(&answer);
    return code;
}

static uint64_t fail_behind; /* requests behind the server's answer until one fails */

static enum jc_code poor_call(void *ctx, const struct jc_transport_call *call, int *status, struct jc_buf *body,
                              struct jc_err *err) {
    enum jc_code code = rich_call(ctx, call, status, body, err);
    jc_alloc_fail_at(fail_behind);
    return code;
}

static enum jc_code sync_action(void *ctx, struct jc_err *err) {
    struct bench *bench = ctx;
    struct jc_terminal_sync_result result;
    struct jc_transport transport = {.call = rich_call, .ctx = bench};
    struct jc_arena *arena = jc_arena_new(1 << 24);
    if (!arena)
        return jc_fail_memory(err);
    enum jc_code code = jc_terminal_sync(bench->terminal, &transport, NULL, arena, &result, err);
    jc_arena_free(arena);
    return code;
}

static void without_memory_nothing_is_half_done(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_terminal_work work;
    assert_true(jc_fail_each(submit_action, bench) > 5);
    assert_int_equal(check_whole("submit", bench), 1);
    draft_init(&draft, 1);
    CHECK_OK("submit", draft_submit(bench, &draft, &work), &bench->err);
    assert_int_equal(work.document_number.number, 2); /* failed tries took no number */
    jc_fail_each(list_action, bench);
    jc_fail_each(sync_action, bench);
    assert_int_equal(bench->fake.operation_count, 2);
}

static void without_memory_behind_an_answer(void **state) {
    struct bench *bench = *state;
    struct jc_transport transport = {.call = poor_call, .ctx = bench};
    struct draft draft;
    struct jc_terminal_work work;
    enum jc_code code = JC_RESOURCE_EXHAUSTED;
    draft_init(&draft, 1);
    CHECK_OK("submit", draft_submit(bench, &draft, &work), &bench->err);
    fake_remove_task(&bench->fake, 2);
    for (fail_behind = 1; code != JC_OK; fail_behind++) {
        char name[64];
        struct jc_terminal_sync_result result;
        snprintf(name, sizeof name, "request %d behind the answer", (int)fail_behind);
        code = jc_terminal_sync(bench->terminal, &transport, NULL, bench->arena, &result, &bench->err);
        jc_alloc_fail_at(0);
        CHECK(name, code == JC_OK || code == JC_RESOURCE_EXHAUSTED);
        CHECK_INT(name, check_whole(name, bench), 1);
        CHECK_INT(name, bench->fake.operation_count, 1);
    }
    assert_null(bench_task(bench, 2));
}

int main(void) {
    assert_true(jc_id_init());
    const struct CMUnitTest tests[] = {
        WITH_BENCH(killed_at_every_step_of_an_inspection), WITH_BENCH(killed_from_outside),
        WITH_BENCH(killed_at_every_step_of_a_sync),        WITH_BENCH(without_memory_nothing_is_half_done),
        WITH_BENCH(without_memory_behind_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
