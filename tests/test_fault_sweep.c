/* Every procedure while memory and disk fail: the n-th request for memory, then the n-th call of a file, for all n.
 *
 * A procedure is all or nothing: what the database says afterwards is what it said before, or what the procedure makes
 * of it, and what it reported as done is there. After each failing file call the database is opened anew: it is sound,
 * its chain holds, and the same request now succeeds (or is refused, if it was done already) and counts once.
 *
 * Every seventh n; JC_FAULT_STEP=1 takes all (scripts/test --full). */
#include "jc_procedures.h"

#include "base/file.h"
#include "jc_fault_vfs.h"
#include "store/operation.h"

static char folder[JC_TEST_PATH];
static char template_path[JC_TEST_PATH + 32], path[JC_TEST_PATH + 32];
static struct office office;

static long step(void) {
    const char *text = getenv("JC_FAULT_STEP");
    long value = text ? atol(text) : 7;
    return value > 0 ? value : 1;
}

/* --- the database ----------------------------------------------------------------------------------------- */

static void fresh_file(void) {
    struct jc_err err = {0};
    uint8_t sha256[JC_SHA256_SIZE];
    char side[JC_TEST_PATH + 64];
    static const char *const SIDES[] = {"-wal", "-shm"};
    for (size_t i = 0; i < COUNT(SIDES); i++) {
        snprintf(side, sizeof side, "%s%s", path, SIDES[i]);
        unlink(side);
    }
    CHECK_OK("copy", jc_file_copy(template_path, path, 0600, sha256, &err), &err);
}

static void open_file(void) {
    struct jc_db_config config = {.path = path, .vfs = JC_FAULT_VFS, .inline_writer = true};
    struct jc_err err = {0};
    CHECK_OK("open", jc_db_open(&config, &office.field.db, &err), &err);
}

static void close_file(void) {
    jc_db_close(office.field.db);
    office.field.db = NULL;
}

/* All that a procedure may change, in one line: how many rows, and the states that change in place. */
static const char SQL_STATE[] =
    "SELECT (SELECT COUNT(*) FROM operation) || ' ' || (SELECT COUNT(*) FROM inspection) || ' ' ||"
    " (SELECT COUNT(*) FROM inspection_workdays) || ' ' || (SELECT COUNT(*) FROM finding) || ' ' ||"
    " (SELECT COUNT(*) FROM rectification_order) || ' ' || (SELECT COUNT(*) FROM recheck) || ' ' ||"
    " (SELECT COUNT(*) || ',' || SUM(state) || ',' || SUM(length(team_id || held_by || planner_note)) FROM task) || ' ' ||"
    " (SELECT SUM(LENGTH(REPLACE(used, '0', ''))) FROM number_block) || ' ' || (SELECT COUNT(*) FROM departure) || ' ' ||"
    " (SELECT COUNT(*) || ',' || SUM(state) FROM review) || ' ' || (SELECT COUNT(*) FROM operation_waiting) || ' ' ||"
    " (SELECT COUNT(*) FROM id_conflict) || ' ' || (SELECT COUNT(*) FROM audit_log) || ' ' ||"
    " (SELECT COUNT(*) || ',' || SUM(revoked_ms IS NOT NULL) || ',' || SUM(rebuild_requested) || ',' ||"
    "         SUM(length(name)) FROM device) || ' ' || (SELECT COUNT(*) FROM session) || ' ' ||"
    " (SELECT COUNT(*) FROM invitation) || ' ' || (SELECT COUNT(*) FROM number_block) || ' ' ||"
    " (SELECT group_concat(agency_id || ':' || change_seq || ':' || operation_no || ':' || audit_no) FROM agency_head)";

static struct jc_str state_now(struct jc_arena *arena) {
    struct field_text query = {.sql = SQL_STATE};
    jc_test_read(office.field.db, field_text_job, &query);
    return jc_arena_copy(arena, jc_str(query.text));
}

static void chain_fault(void *ctx, int64_t operation_no, const struct jc_err *fault) {
    fail_msg("case %s: row %lld of the chain: %s", (const char *)ctx, (long long)operation_no,
             jc_code_name(fault->code));
}

static enum jc_code verify_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    int64_t rows = 0;
    return jc_chain_verify(tx, 1, JC_NO_CHAIN_POINTS, chain_fault, ctx, &rows, err);
}

static void check_sound(const char *name) {
    CHECK_STR(name, field_query(&office.field, "PRAGMA integrity_check"), "ok");
    CHECK_STR(name, field_query(&office.field, "PRAGMA foreign_key_check"), "");
    jc_test_read(office.field.db, verify_job, (void *)name);
}

/* --- one call -------------------------------------------------------------------------------------------------- */

struct attempt {
    const struct office_request *request;
    const struct jc_procedure *procedure;
    const ProtobufCMessage *message;
    struct jc_str before, after; /* what the database says without it, and once it is done */
};

static enum jc_code try_call(const struct attempt *attempt, struct jc_arena *arena, bool *done, struct jc_err *err) {
    const char *token = office_token(attempt->request, attempt->procedure);
    return office_call(&office, attempt->procedure, token, attempt->message, arena, done, err);
}

static void arrange(const char *path_of) {
    office_arrange(&office, path_of);
}

/* Opens a copy, arranges it, and learns what the call does when nothing fails. */
static void begin(struct attempt *attempt, const struct office_request *request) {
    struct jc_err err = {0};
    struct jc_arena *arena = jc_arena_new(256 << 20);
    bool done = false;
    *attempt = (struct attempt){.request = request};
    attempt->procedure = office_request(&office, request, &attempt->message);
    fresh_file();
    open_file();
    arrange(request->path);
    attempt->before = state_now(office.field.arena);
    CHECK_OK(request->path, try_call(attempt, arena, &done, &err), &err);
    attempt->after = state_now(office.field.arena);
    check_sound(request->path);
    close_file();
    jc_arena_free(arena);
}

/* --- memory -------------------------------------------------------------------------------------------------------- */

static void sweep_memory(const struct attempt *attempt) {
    const char *name = attempt->request->path;
    enum jc_code code = JC_UNKNOWN;
    fresh_file();
    open_file();
    arrange(name);
    for (uint64_t nth = 1; code != JC_OK; nth += (uint64_t)step()) {
        struct jc_arena *arena = jc_arena_new(256 << 20);
        struct jc_err err = {0};
        bool done = false;
        char label[128];
        snprintf(label, sizeof label, "%s, memory %llu", name, (unsigned long long)nth);
        jc_alloc_fail_at(nth);
        code = try_call(attempt, arena, &done, &err);
        jc_alloc_fail_at(0);
        if (code && code != JC_RESOURCE_EXHAUSTED)
            fail_msg("case %s: %s, expected resource_exhausted (%s)", label, jc_code_name(code), err.detail);
        struct jc_str state = state_now(arena);
        CHECK_STR(label, state, done ? attempt->after.ptr : attempt->before.ptr);
        jc_arena_free(arena);
        if (done && code) { /* durable without an answer: from here on it is a repeat, which other tests look at */
            close_file();
            fresh_file();
            open_file();
            arrange(name);
        }
    }
    check_sound(name);
    close_file();
}

static void test_memory(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(OFFICE_REQUESTS); i++) {
        struct attempt attempt;
        begin(&attempt, &OFFICE_REQUESTS[i]);
        sweep_memory(&attempt);
    }
}

/* --- files ------------------------------------------------------------------------------------------------------------ */

static const int CALLS = JC_FAULT_WRITES | JC_FAULT_SYNCS | JC_FAULT_READS | JC_FAULT_OPENS | JC_FAULT_TRUNCATES;

/* What the file says once it is opened again, and that the request can then be made. */
static void check_again(const struct attempt *attempt, const char *label, bool done) {
    struct jc_arena *arena = jc_arena_new(256 << 20);
    struct jc_err err = {0};
    bool again = false;
    open_file();
    check_sound(label);
    struct jc_str state = state_now(arena);
    bool is_after = jc_str_eq(state, attempt->after);
    if (!is_after && (done || !jc_str_eq(state, attempt->before)))
        fail_msg("case %s: half done\nbefore %.*s\nafter  %.*s\nis     %.*s", label, JC_FMT(attempt->before),
                 JC_FMT(attempt->after), JC_FMT(state));
    if (!is_after || !attempt->request->once) {
        CHECK_OK(label, try_call(attempt, arena, &again, &err), &err);
        CHECK_STR(label, state_now(arena), attempt->after.ptr);
    }
    close_file();
    jc_arena_free(arena);
}

static void sweep_files(const struct attempt *attempt) {
    const char *name = attempt->request->path;
    bool fired = true;
    for (long nth = 1; fired; nth += step()) {
        struct jc_arena *arena = jc_arena_new(256 << 20);
        struct jc_err err = {0};
        bool done = false;
        char label[128];
        snprintf(label, sizeof label, "%s, file call %ld", name, nth);
        fresh_file();
        open_file();
        arrange(name);
        close_file();
        open_file(); /* nothing is in memory: reads happen */
        jc_fault_arm(CALLS, nth, nth % 2 == 0, nth % 3 ? 0 : SQLITE_FULL);
        enum jc_code code = try_call(attempt, arena, &done, &err);
        fired = jc_fault_disarm();
        CHECK(label, fired || code == JC_OK);
        CHECK(label, code == JC_OK || code == JC_UNAVAILABLE || code == JC_RESOURCE_EXHAUSTED || code == JC_INTERNAL ||
                         code == JC_DATA_LOSS || code == JC_FAILED_PRECONDITION);
        close_file();
        check_again(attempt, label, done);
        jc_arena_free(arena);
    }
}

static void test_files(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(OFFICE_REQUESTS); i++) {
        struct attempt attempt;
        begin(&attempt, &OFFICE_REQUESTS[i]);
        sweep_files(&attempt);
    }
}

/* --- the table covers the contract ------------------------------------------------------------------------------------- */

static void test_every_procedure_is_swept(void **state) {
    (void)state;
    size_t count = 0;
    const struct jc_procedure *table = jc_procedure_table(&count);
    assert_int_equal(count, COUNT(OFFICE_REQUESTS));
    for (size_t i = 0; i < count; i++) {
        char name[128];
        size_t k = 0;
        snprintf(name, sizeof name, "%s/%s", strrchr(table[i].service->name, '.') + 1, table[i].method);
        while (k < COUNT(OFFICE_REQUESTS) && strcmp(OFFICE_REQUESTS[k].path, name) != 0)
            k++;
        CHECK(name, k < COUNT(OFFICE_REQUESTS));
    }
}

static int set_up(void **state) {
    (void)state;
    jc_test_folder(folder);
    snprintf(template_path, sizeof template_path, "%s/template.db", folder);
    snprintf(path, sizeof path, "%s/sweep.db", folder);
    jc_fault_register();
    office_make(&office, template_path);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    jc_arena_free(office.field.arena);
    jc_test_folder_remove(folder);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_procedure_is_swept),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests_name("fault_sweep", tests, set_up, tear_down);
}
