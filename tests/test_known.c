/* What a sync remembers of the register is what the database says now (sync/known.h), whoever changed it:
 * another program on the same file, like the command line, or a job of the server itself. The same holds for
 * whether a device may still speak, and for all that a sync itself writes of a device (store/device.h), of
 * operations that wait (store/waiting.h). */
#include "jc_field_test.h"

#include "auth/caller.h"
#include "auth/token.h"
#include "db/memo.h"
#include "store/registry.h"
#include "store/waiting.h"
#include "sync/known.h"

static char folder[JC_TEST_PATH];
static char path[JC_TEST_PATH + 32];
static char token[JC_TOKEN_TEXT];

enum question { INSPECTOR_KNOWN, TEAM_OF_INSPECTOR, TEAM_KNOWN, PARAMETER, DEVICE_SPEAKS };

/* A job that asks as a sync does: it writes, and promises to have left the register alone. */
struct ask {
    enum question question;
    int64_t answer; /* outcome */
};

static enum jc_code answer_of(struct jc_tx *tx, struct ask *ask, struct jc_arena *arena, struct jc_err *err) {
    struct jc_str team = {0};
    struct jc_caller caller;
    struct jc_date on;
    bool known = false;
    enum jc_code code = JC_OK;
    assert_true(jc_date_parse(JC_STR("2023-06-01"), &on));
    switch (ask->question) {
    case INSPECTOR_KNOWN:
        code = jc_known_inspector(tx, 1, JC_STR("late"), arena, &known, &team, err);
        break;
    case TEAM_OF_INSPECTOR:
        code = jc_known_inspector(tx, 1, JC_STR("a1"), arena, &known, &team, err);
        known = jc_str_eq(team, JC_STR("b"));
        break;
    case TEAM_KNOWN:
        code = jc_known_team(tx, 1, JC_STR("late"), arena, &known, err);
        break;
    case PARAMETER:
        return jc_known_parameter(tx, 1, JC_STR("late"), on, 2, 100, arena, &ask->answer, err);
    case DEVICE_SPEAKS:
        code = jc_caller_authenticate(tx, jc_str(token), FIELD_NOW_MS, arena, &caller, err);
        known = code == JC_OK;
        code = code == JC_UNAUTHENTICATED ? JC_OK : code;
        break;
    }
    ask->answer = known;
    return code;
}

static enum jc_code ask_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_arena *arena = jc_arena_new(1 << 20);
    enum jc_code code = answer_of(tx, ctx, arena, err);
    if (!code)
        code = jc_tx_exec(tx, "UPDATE agency_head SET change_seq = change_seq + 1", JC_NO_VALUES, err);
    jc_tx_memo_keep(tx);
    jc_arena_free(arena);
    return code;
}

static int64_t ask(struct jc_db *db, enum question question) {
    struct ask ask = {.question = question};
    jc_test_write(db, ask_job, &ask);
    return ask.answer;
}

static enum jc_code fill(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    uint8_t public_key[JC_SIGN_PUBLIC_SIZE], secret_key[JC_SIGN_SECRET_SIZE], hash[JC_SHA256_SIZE];
    (void)ctx;
    jc_sign_keypair(public_key, secret_key);
    jc_token_make(token, hash);
    const struct jc_device device = {.agency_id = 1,
                                     .device_id = field_uuid(FIELD_INSPECTION, 900),
                                     .name = JC_STR("d"),
                                     .inspector_id = JC_STR("a1"),
                                     .app_version = JC_STR("1")};
    enum jc_code code = field_fill_bureau(tx, public_key, err);
    return code ? code : jc_device_insert(tx, &device, hash, JC_STR(""), err);
}

static const struct {
    const char *name;
    enum question question;
    int64_t before, after;
    const char *change;
} CASES[] = {
    {"an inspector comes", INSPECTOR_KNOWN, 0, 1,
     "INSERT INTO inspector VALUES (1, 'late', 90, 'L', 'a', '', NULL, '', '')"},
    {"an inspector moves to another team", TEAM_OF_INSPECTOR, 0, 1,
     "UPDATE inspector SET team_id = 'b' WHERE agency_id = 1 AND inspector_id = 'a1'"},
    {"a team comes", TEAM_KNOWN, 0, 1, "INSERT INTO team VALUES (1, 'late', 90, 'L', 'bureau', 2, NULL, NULL)"},
    {"a parameter comes", PARAMETER, 2, 7,
     "INSERT INTO parameter VALUES (1, 'late', '2000-01-01', NULL, '7', 'persons', '')"},
    {"a device is revoked", DEVICE_SPEAKS, 1, 0, "UPDATE device SET revoked_ms = 1 WHERE agency_id = 1 AND name = 'd'"},
};

static struct jc_db *open_file(bool create) {
    struct jc_db_config config = {.path = path, .create = create};
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    CHECK_OK("open", jc_db_open(&config, &db, &err), &err);
    return db;
}

/* Asked twice, so that the second answer is remembered; then changed, then asked once more. */
static void test_changes_are_seen_at_once(void **state) {
    (void)state;
    static const char *const WHO[] = {"another program", "a job of its own"};
    for (size_t i = 0; i < COUNT(CASES) * COUNT(WHO); i++) {
        size_t which = i / COUNT(WHO), who = i % COUNT(WHO);
        char name[128];
        struct jc_err err = {0};
        snprintf(name, sizeof name, "%s, by %s", CASES[which].name, WHO[who]);
        snprintf(path, sizeof path, "%s/%zu.db", folder, i);
        struct jc_db *db = open_file(true);
        CHECK_OK(name, jc_store_create(db, &jc_test_clock, &err), &err);
        jc_test_write(db, fill, NULL);
        struct jc_db *other = open_file(false);
        CHECK_INT(name, ask(db, CASES[which].question), CASES[which].before);
        CHECK_INT(name, ask(db, CASES[which].question), CASES[which].before);
        jc_test_write(who == 0 ? other : db, field_script_job, (void *)CASES[which].change);
        CHECK_INT(name, ask(db, CASES[which].question), CASES[which].after);
        jc_db_close(other);
        jc_db_close(db);
    }
}

/* --- what a sync writes of a device --------------------------------------------------------------------- */

static const struct jc_device_chain BEGUN = {.begun = true, .link = {7}, .link_no = 3, .sealed_no = 3},
                                    DUE = {.begun = true, .link = {8}, .link_no = 5, .sealed_no = 3, .due = true},
                                    WRONG = {.begun = true, .link = {9}, .link_no = 6, .sealed_no = 3, .wrong_no = 6},
                                    GOES_ON = {.begun = true,
                                               .link = {10},
                                               .link_no = 7,
                                               .sealed_no = 3,
                                               .wrong_no = 6},
                                    NONE = {.link_no = 8};
static Jc__DeviceReport report = JC__DEVICE_REPORT__INIT;

/* One after another on one device; each is told by a job of its own. */
static const struct {
    const char *name;
    struct jc_device_note note;
    bool reports, forgets, leases, fails;
} NOTES[] = {
    {"nothing but that it was here", {.now_ms = 10, .known_seq = 4}, .reports = false},
    {"its chain begins", {.now_ms = 11, .chain = &BEGUN}, .reports = false},
    {"a report of another version", {.now_ms = 12}, .reports = true},
    {"a report of the same version", {.now_ms = 13}, .reports = true},
    {"seals begin to wait", {.now_ms = 14, .chain = &DUE, .due_changes = true}, .reports = false},
    {"its chain as it was, and taken back", {.now_ms = 15, .chain = &BEGUN}, .fails = true},
    {"nothing, behind what was taken back", {.now_ms = 16}, .reports = false},
    {"seals have been looked at by another statement", {.now_ms = 17}, .forgets = true},
    {"numbers are leased", {.now_ms = 18}, .leases = true},
    {"a seal is wrong", {.now_ms = 19, .chain = &WRONG, .due_changes = true}, .reports = false},
    {"it goes on behind that", {.now_ms = 20, .chain = &GOES_ON}, .reports = false},
    {"it begins anew", {.now_ms = 21, .begins_anew = true}, .reports = false},
    {"a chain that has not begun", {.now_ms = 22, .chain = &NONE}, .reports = false},
};

static void check_same(const char *name, const struct jc_device *found, const struct jc_device *row) {
    CHECK_INT(name, found->agency_id, row->agency_id);
    CHECK(name, memcmp(found->device_id.bytes, row->device_id.bytes, JC_UUID_SIZE) == 0);
    CHECK(name, jc_str_eq(found->name, row->name) && jc_str_eq(found->inspector_id, row->inspector_id));
    CHECK(name, jc_str_eq(found->team_id, row->team_id) && jc_str_eq(found->app_version, row->app_version));
    CHECK_INT(name, found->scope_version, row->scope_version);
    CHECK_INT(name, found->blocks_version, row->blocks_version);
    CHECK_INT(name, found->revoked_ms, row->revoked_ms);
    CHECK_INT(name, found->last_seen_ms, row->last_seen_ms);
    CHECK_INT(name, found->unsent, row->unsent);
    CHECK_INT(name, found->clock_offset_ms, row->clock_offset_ms);
    CHECK_INT(name, found->free_bytes, row->free_bytes);
    CHECK_INT(name, found->rebuild_requested, row->rebuild_requested);
    CHECK_INT(name, found->chain.begun, row->chain.begun);
    CHECK(name, !row->chain.begun || memcmp(found->chain.link, row->chain.link, JC_SHA256_SIZE) == 0);
    CHECK_INT(name, found->chain.link_no, row->chain.link_no);
    CHECK_INT(name, found->chain.sealed_no, row->chain.sealed_no);
    CHECK_INT(name, found->chain.due, row->chain.due);
    CHECK_INT(name, found->chain.wrong_no, row->chain.wrong_no);
}

/* The device by its token, which may be remembered, against its row. */
static enum jc_code look(struct jc_tx *tx, const char *name, struct jc_arena *arena, struct jc_err *err) {
    struct jc_device found, row;
    uint8_t hash[JC_SHA256_SIZE];
    bool there = false;
    jc_token_hash(jc_str(token), hash);
    enum jc_code code = jc_device_find(tx, hash, arena, &found, &there, err);
    CHECK(name, code || there);
    if (!code)
        code = jc_device_get(tx, 1, found.device_id, arena, &row, err);
    if (!code)
        check_same(name, &found, &row);
    return code;
}

static enum jc_code note_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    size_t i = *(const size_t *)ctx;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_device_note note = NOTES[i].note;
    const struct jc_uuid id = field_uuid(FIELD_INSPECTION, 900);
    note.report = NOTES[i].reports ? &report : NULL;
    jc_tx_memo_keep(tx);
    enum jc_code code = look(tx, NOTES[i].name, arena, err);
    if (!code)
        code = jc_device_seen(tx, 1, id, &note, arena, err);
    if (!code && NOTES[i].leases)
        code = jc_device_set_blocks_version(tx, 1, id, 77, err);
    if (!code && NOTES[i].forgets) {
        jc_device_forget(tx, 1, id);
        code = jc_tx_exec(tx, "UPDATE device SET seal_due_ms = NULL, sealed_no = link_no", JC_NO_VALUES, err);
    }
    if (!code)
        code = look(tx, NOTES[i].name, arena, err);
    jc_arena_free(arena);
    return !code && NOTES[i].fails ? jc_fail(err, JC_ABORTED, JC_MSG_INTERNAL) : code;
}

static enum jc_code look_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_arena *arena = jc_arena_new(1 << 20);
    enum jc_code code = look(tx, ctx, arena, err);
    jc_arena_free(arena);
    return code;
}

static void test_a_device_is_its_row(void **state) {
    (void)state;
    struct jc_err err = {0};
    snprintf(path, sizeof path, "%s/device.db", folder);
    struct jc_db *db = open_file(true);
    CHECK_OK("create", jc_store_create(db, &jc_test_clock, &err), &err);
    jc_test_write(db, fill, NULL);
    report.app_version = (char *)"2";
    report.unsent = 4;
    report.free_bytes = 5;
    for (size_t i = 0; i < COUNT(NOTES); i++) {
        enum jc_code code = jc_db_write_wait(db, 1, note_job, &i, &err);
        CHECK_INT(NOTES[i].name, code, NOTES[i].fails ? JC_ABORTED : JC_OK);
        jc_test_write(db, look_job, (void *)NOTES[i].name);
    }
    jc_db_close(db);
}

/* --- operations that wait ----------------------------------------------------------------------------------- */

struct wait {
    bool adds, fails, any; /* outcome: the last */
};

static enum jc_code wait_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct wait *wait = ctx;
    const struct jc_uuid id = field_uuid(FIELD_INSPECTION, 901);
    jc_tx_memo_keep(tx);
    enum jc_code code = jc_waiting_any(tx, 1, &wait->any, err);
    if (!code && wait->adds)
        code = jc_waiting_add(tx, 1, (struct jc_str){(const char *)id.bytes, JC_UUID_SIZE}, 3, err);
    if (!code && wait->adds)
        code = jc_waiting_any(tx, 1, &wait->any, err);
    return !code && wait->fails ? jc_fail(err, JC_ABORTED, JC_MSG_INTERNAL) : code;
}

static void test_what_waits_is_known(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool adds, fails, any;
    } STEPS[] = {
        {"nothing waits", false, false, false},
        {"nothing waits, remembered", false, false, false},
        {"one that is taken back", true, true, true},
        {"nothing waits behind it", false, false, false},
        {"one comes", true, false, true},
        {"it waits", false, false, true},
    };
    struct jc_err err = {0};
    snprintf(path, sizeof path, "%s/waiting.db", folder);
    struct jc_db *db = open_file(true);
    CHECK_OK("create", jc_store_create(db, &jc_test_clock, &err), &err);
    for (size_t i = 0; i < COUNT(STEPS); i++) {
        struct wait wait = {.adds = STEPS[i].adds, .fails = STEPS[i].fails};
        enum jc_code code = jc_db_write_wait(db, 1, wait_job, &wait, &err);
        CHECK_INT(STEPS[i].name, code, STEPS[i].fails ? JC_ABORTED : JC_OK);
        CHECK_INT(STEPS[i].name, wait.any, STEPS[i].any);
    }
    jc_db_close(db);
}

int main(void) {
    assert_true(jc_id_init());
    jc_test_folder(folder);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_changes_are_seen_at_once),
                                       cmocka_unit_test(test_a_device_is_its_row),
                                       cmocka_unit_test(test_what_waits_is_known)};
    int failed = cmocka_run_group_tests_name("known", tests, NULL, NULL);
    jc_test_folder_remove(folder);
    return failed;
}
