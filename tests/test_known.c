/* What a sync remembers of the register is what the database says now (sync/known.h), whoever changed it:
 * another program on the same file, like the command line, or a job of the server itself. The same holds for
 * what nobody may remember: whether a device may still speak. */
#include "jc_field_test.h"

#include "auth/caller.h"
#include "auth/token.h"
#include "db/memo.h"
#include "store/registry.h"
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

int main(void) {
    assert_true(jc_id_init());
    jc_test_folder(folder);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_changes_are_seen_at_once)};
    int failed = cmocka_run_group_tests_name("known", tests, NULL, NULL);
    jc_test_folder_remove(folder);
    return failed;
}
