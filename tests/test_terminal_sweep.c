/* What a terminal does while its memory and its disk fail: the n-th request for memory, then the n-th call of a file,
 * for all n. Afterwards the store is sound, the act is whole or absent, it can be done again, and one sync brings every
 * operation to the server once, under whole chain and seal.
 *
 * Every seventh n; JC_FAULT_STEP=1 takes all (scripts/test --full). */
#include "jc_handheld.h"

#include "base/file.h"
#include "jc_fault_vfs.h"
#include "terminal/operation.h"

static char folder[JC_TEST_PATH];
static char template_path[JC_TEST_PATH + 32], path[JC_TEST_PATH + 32], file[JC_TEST_PATH + 32],
    stick[JC_TEST_PATH + 32];

static struct field field;
static struct handheld held; /* the terminal of a1; its store at `path` */

static long step(void) {
    const char *text = getenv("JC_FAULT_STEP");
    long value = text ? atol(text) : 7;
    return value > 0 ? value : 1;
}

/* --- the store -------------------------------------------------------------------------------------------- */

static void open_store(void) {
    struct jc_clock clock = {field_now, &field};
    struct jc_terminal_config config = {
        .path = path, .wall = clock, .steady = clock, .vfs = JC_FAULT_VFS, .inline_writer = true};
    struct jc_err err = {0};
    CHECK_OK("open", jc_terminal_open(&config, &held.terminal, &err), &err);
}

static void close_store(void) {
    jc_terminal_close(held.terminal);
    held.terminal = NULL;
}

static void fresh_store(void) {
    static const char *const SIDES[] = {"-wal", "-shm"};
    struct jc_err err = {0};
    uint8_t sha256[JC_SHA256_SIZE];
    char side[JC_TEST_PATH + 64];
    for (size_t i = 0; i < COUNT(SIDES); i++) {
        snprintf(side, sizeof side, "%s%s", path, SIDES[i]);
        unlink(side);
    }
    CHECK_OK("copy", jc_file_copy(template_path, path, 0600, sha256, &err), &err);
    open_store();
}

struct counts {
    int64_t operations, drafts, carried;
};

static enum jc_code count_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct counts *counts = ctx;
    enum jc_code code = jc_tx_int64(tx, "SELECT COUNT(*) FROM operation", JC_NO_VALUES, &counts->operations, err);
    if (!code)
        code = jc_tx_int64(tx, "SELECT COUNT(*) FROM draft", JC_NO_VALUES, &counts->drafts, err);
    return code ? code : jc_tx_int64(tx, "SELECT COUNT(*) FROM carried", JC_NO_VALUES, &counts->carried, err);
}

static struct counts count(const char *name) {
    struct counts counts = {0};
    struct jc_err err = {0};
    CHECK_OK(name, jc_terminal_read(held.terminal, count_job, &counts, &err), &err);
    return counts;
}

static bool same(struct counts a, struct counts b) {
    return a.operations == b.operations && a.drafts == b.drafts && a.carried == b.carried;
}

static void found_problem(void *ctx, const struct jc_err *fault) {
    fail_msg("case %s: the store is damaged: %s", (const char *)ctx, fault->detail);
}

/* --- what is done ------------------------------------------------------------------------------------------------ */

static struct jc_uuid task_at(const char *unit_id) {
    struct jc_uuid id;
    memcpy(id.bytes, open_task(&held, JC__TASK_KIND__TASK_KIND_VISIT, unit_id)->task_id.data, JC_UUID_SIZE);
    return id;
}

static struct jc_uuid task_1, task_2; /* at u1, u2 */

static enum jc_code act_begin(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_work work;
    const char *persons[] = {"a1", "a3"};
    const struct jc_terminal_arrival arrival = {task_1, field.now_ms, persons, 2};
    return jc_terminal_begin(held.terminal, &arrival, arena, &work, err);
}

static struct jc_terminal_draft ad_hoc(void) {
    Jc__Inspection *inspection = field_inspection(&field, 1, 0, "u4", 0);
    inspection->inspection_id.len = 0;
    return (struct jc_terminal_draft){.inspection = inspection, .reason = JC_STR("群众举报")};
}

static enum jc_code act_draft(struct jc_arena *arena, struct jc_err *err) {
    struct jc_uuid id;
    struct jc_terminal_draft draft = ad_hoc();
    draft.inspection->task_id = (ProtobufCBinaryData){JC_UUID_SIZE, task_1.bytes};
    draft.inspection->unit_id = (char *)"u1";
    return jc_terminal_draft_save(held.terminal, &draft, arena, &id, err);
}

static enum jc_code act_submit(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_work work;
    struct jc_terminal_draft draft = ad_hoc();
    return jc_terminal_submit(held.terminal, &draft, arena, &work, err);
}

static enum jc_code act_return(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_work work;
    return jc_terminal_return(held.terminal, task_2, JC_STR("停产"), arena, &work, err);
}

static enum jc_code act_hand_over(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_given given;
    const struct jc_terminal_giving giving = {task_1, JC_STR("a2"), JC_STR(""), file};
    (void)arena;
    return jc_terminal_hand_over(held.terminal, &giving, &given, err);
}

static enum jc_code act_take_over(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_taken taken;
    return jc_terminal_take_over(held.terminal, stick, arena, &taken, err);
}

static enum jc_code act_take_back(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_work work;
    return jc_terminal_take_back(held.terminal, task_1, arena, &work, err);
}

static enum jc_code act_bundle(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_bundled bundled;
    (void)arena;
    return jc_terminal_bundle(held.terminal, file, true, &bundled, err);
}

static enum jc_code act_sync(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_sync_result result;
    return jc_terminal_sync(held.terminal, &held.transport, NULL, arena, &result, err);
}

static enum jc_code act_check(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_checked checked;
    return jc_terminal_check(held.terminal, &held.transport, arena, &checked, err);
}

static enum jc_code act_list(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_task *tasks;
    size_t tasks_count;
    return jc_terminal_tasks(held.terminal, arena, &tasks, &tasks_count, err);
}

typedef enum jc_code act(struct jc_arena *arena, struct jc_err *err);

static const struct kind {
    const char *name;
    act *before; /* done whole beforehand; or NULL */
    act *act;
    bool once; /* done already, it is refused */
} KINDS[] = {
    {"begin", NULL, act_begin, true},
    {"draft", NULL, act_draft, false},
    {"submit", NULL, act_submit, false},
    {"return", NULL, act_return, true},
    {"hand over", act_begin, act_hand_over, false},
    {"take over", NULL, act_take_over, false},
    {"take back", act_hand_over, act_take_back, true},
    {"bundle", act_submit, act_bundle, false},
    {"sync", act_submit, act_sync, false},
    {"sync what is carried", act_take_over, act_sync, false},
    {"check", act_sync, act_check, false},
    {"tasks", act_submit, act_list, false},
};

/* A store in which `before` is done; its counts. */
static struct counts arrange(const struct kind *kind) {
    struct jc_arena *arena = jc_arena_new(256 << 20);
    struct jc_err err = {0};
    fresh_store();
    if (kind->before)
        CHECK_OK(kind->name, kind->before(arena, &err), &err);
    jc_arena_free(arena);
    return count(kind->name);
}

/* Behind the failure: whole or absent, again, and once at the server. */
static void conclude(const struct kind *kind, const char *label, struct counts before, struct counts after, bool done) {
    struct jc_arena *arena = jc_arena_new(256 << 20);
    struct jc_err err = {0};
    CHECK_OK(label, jc_db_check(held.terminal->db, found_problem, (void *)label, &err), &err);
    struct counts now = count(label);
    bool is_after = same(now, after);
    CHECK(label, is_after || (!done && same(now, before)));
    int64_t stored = jc_test_number(field.db, "SELECT COUNT(*) FROM operation WHERE inspector_id = 'a1'");
    if (!is_after || !kind->once) {
        enum jc_code code = kind->act(arena, &err);
        if (code)
            fail_msg("case %s: again: %s (%s)", label, jc_code_name(code), err.detail);
    }
    CHECK_OK(label, act_sync(arena, &err), &err);
    int64_t arrived = jc_test_number(field.db, "SELECT COUNT(*) FROM operation WHERE inspector_id = 'a1'") - stored;
    struct jc_terminal_wipe_state state;
    CHECK_OK(label, jc_terminal_safe_to_wipe(held.terminal, &state, &err), &err);
    CHECK_INT(label, state.unsent + state.unproven + state.carried, 0);
    CHECK(label, arrived <= count(label).operations);
    CHECK_INT(label, jc_test_number(field.db, "SELECT COUNT(*) FROM operation WHERE reason_args LIKE 'SEAL%'"), 0);
    jc_arena_free(arena);
}

/* --- memory and files --------------------------------------------------------------------------------------------- */

static struct counts learn(const struct kind *kind) {
    struct jc_arena *arena = jc_arena_new(256 << 20);
    struct jc_err err = {0};
    arrange(kind);
    CHECK_OK(kind->name, kind->act(arena, &err), &err);
    struct counts after = count(kind->name);
    close_store();
    jc_arena_free(arena);
    return after;
}

static void test_memory(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(KINDS); i++) {
        const struct kind *kind = &KINDS[i];
        struct counts after = learn(kind);
        enum jc_code code = JC_UNKNOWN;
        for (uint64_t nth = 1; code != JC_OK; nth += (uint64_t)step()) {
            struct jc_arena *arena = jc_arena_new(256 << 20);
            struct jc_err err = {0};
            char label[128];
            snprintf(label, sizeof label, "%s, memory %llu", kind->name, (unsigned long long)nth);
            struct counts before = arrange(kind);
            jc_alloc_fail_at(nth);
            code = kind->act(arena, &err);
            jc_alloc_fail_at(0);
            if (code && code != JC_RESOURCE_EXHAUSTED)
                fail_msg("case %s: %s, expected resource_exhausted (%s)", label, jc_code_name(code), err.detail);
            conclude(kind, label, before, after, code == JC_OK);
            close_store();
            jc_arena_free(arena);
        }
    }
}

static const int CALLS = JC_FAULT_WRITES | JC_FAULT_SYNCS | JC_FAULT_READS | JC_FAULT_OPENS | JC_FAULT_TRUNCATES;

static void test_files(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(KINDS); i++) {
        const struct kind *kind = &KINDS[i];
        struct counts after = learn(kind);
        bool fired = true;
        for (long nth = 1; fired; nth += step()) {
            struct jc_arena *arena = jc_arena_new(256 << 20);
            struct jc_err err = {0};
            char label[128];
            snprintf(label, sizeof label, "%s, file call %ld", kind->name, nth);
            struct counts before = arrange(kind);
            close_store();
            open_store(); /* nothing is in memory: reads happen */
            jc_fault_arm(CALLS, nth, nth % 2 == 0, nth % 3 ? 0 : SQLITE_FULL);
            enum jc_code code = kind->act(arena, &err);
            fired = jc_fault_disarm();
            CHECK(label, fired || code == JC_OK);
            close_store();
            open_store();
            conclude(kind, label, before, after, code == JC_OK);
            close_store();
            jc_arena_free(arena);
        }
    }
}

/* --- the bureau ------------------------------------------------------------------------------------------------------ */

/* A colleague's file for a1: the task at u2, begun. */
static void make_stick(void) {
    struct handheld other;
    struct jc_terminal_work work;
    struct jc_terminal_given given;
    struct jc_err err = {0};
    const char *persons[] = {"a2", "a3"};
    const struct jc_terminal_arrival arrival = {task_2, field.now_ms, persons, 2};
    const struct jc_terminal_giving giving = {task_2, JC_STR("a1"), JC_STR(""), stick};
    handheld_open(&other, &field, "a2");
    handheld_sync(&other);
    CHECK_OK("begin", jc_terminal_begin(other.terminal, &arrival, field.arena, &work, &err), &err);
    CHECK_OK("hand over", jc_terminal_hand_over(other.terminal, &giving, &given, &err), &err);
    jc_terminal_close(other.terminal);
}

static int set_up(void **state) {
    (void)state;
    jc_test_folder(folder);
    snprintf(template_path, sizeof template_path, "%s/template.db", folder);
    snprintf(path, sizeof path, "%s/sweep.db", folder);
    snprintf(file, sizeof file, "%s/file.jcb", folder);
    snprintf(stick, sizeof stick, "%s/stick.jcb", folder);
    jc_fault_register();
    field_open(&field);
    handheld_open_at(&held, &field, "a1", template_path);
    handheld_sync(&held);
    task_1 = task_at("u1");
    task_2 = task_at("u2");
    close_store();
    make_stick();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    field_close(&field);
    jc_test_folder_remove(folder);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory), cmocka_unit_test(test_files)};
    return cmocka_run_group_tests_name("terminal_sweep", tests, set_up, tear_down);
}
