/* Importing again: nothing new, a difference shown and refused, a difference taken over. */
#include "jc_case_test.h"

#include "store/registry.h"
#include "store/unit.h"

struct step {
    const char *name, *file, *find, *with;
    struct {
        enum jc_case_change_kind kind;
        const char *id, *field, *old_text, *new_text; /* "" where there is none */
    } expected[6];
    int64_t told; /* entities whose change terminals are sent */
};

static const struct step steps[] = {
    {"a name", "units.csv", "甲厂", "甲化工厂", {{JC_CASE_CHANGED, "u1", "name", "甲厂", "甲化工厂"}}, 1},
    {"a list", "units.csv", "g1;g2", "g2;g1;g3", {{JC_CASE_CHANGED, "u2", "groups", "g1;g2", "g2;g1;g3"}}, 1},
    {"two columns of a unit",
     "units.csv",
     "r3,2,1,",
     "r3,3,1.5,",
     {{JC_CASE_CHANGED, "u3", "persons", "2", "3"}, {JC_CASE_CHANGED, "u3", "days", "1", "1.5"}},
     1},
    {"joint visits",
     "units.csv",
     "t2,r1,2,0.5",
     ",,,",
     {{JC_CASE_CHANGED, "u1", "co_team", "t2", ""},
      {JC_CASE_CHANGED, "u1", "co_rule", "r1", ""},
      {JC_CASE_CHANGED, "u1", "co_persons", "2", ""},
      {JC_CASE_CHANGED, "u1", "co_days", "0.5", ""}},
     1},
    {"a new unit",
     "units.csv",
     "u4,",
     "u5,戊厂,,,,,general,,,,,,,,,,,,,,,,\nu4,",
     {{JC_CASE_ADDED, "u5", "", "", ""}},
     1},
    {"a unit less", "units.csv", "u4,丁厂,,,,,general,,,,,,,,,,,,,,,,\n", "", {{JC_CASE_REMOVED, "u4", "", "", ""}}, 1},
    {"windows of a rule",
     "rules.csv",
     "1-6:1;7-12:1",
     "1-5:1;7-12:0-1",
     {{JC_CASE_CHANGED, "r2", "windows", "1-6:1;7-12:1", "1-5:1;7-12:0-1"}},
     0},
    {"a rule of cycles", "rules.csv", "0.33", "0.5", {{JC_CASE_CHANGED, "r3", "visits_per_year", "0.33", "0.5"}}, 0},
    {"a team", "teams.csv", "60.5", "", {{JC_CASE_CHANGED, "t1", "supervision_workdays", "60.5", ""}}, 1},
    {"a new team", "teams.csv", "t2,", "t3,三科,brigade,4,5,\nt2,", {{JC_CASE_ADDED, "t3", "", "", ""}}, 1},
    {"teams in another order",
     "teams.csv",
     "t1,一科,bureau,3,,60.5\nt2,二科,,2,,\n",
     "t2,二科,,2,,\nt1,一科,bureau,3,,60.5\n",
     {{JC_CASE_REORDERED, "", "", "", ""}},
     0},
    {"an inspector moves", "inspectors.csv", "王,t2", "王,t1", {{JC_CASE_CHANGED, "i2", "team_id", "t2", "t1"}}, 1},
    {"an inspector less", "inspectors.csv", "i2,王,t2,,,,\n", "", {{JC_CASE_REMOVED, "i2", "", "", ""}}, 1},
    {"a quota", "quotas.csv", "visits,1,4", "visits,1,", {{JC_CASE_CHANGED, "q1", "max", "4", ""}}, 0},
    {"a scope", "quotas.csv", "rule:r1|r2", "rule:r1", {{JC_CASE_CHANGED, "q1", "scope", "rule:r1|r2", "rule:r1"}}, 0},
    {"a workday line", "workdays.csv", "0.5,,12", "0.5,,13", {{JC_CASE_CHANGED, "w3", "stated_total", "12", "13"}}, 0},
    {"a month's budget", "budgets.csv", "t1,2,4", "t1,2,4.5", {{JC_CASE_CHANGED, "t1/2", "workdays", "4", "4.5"}}, 0},
    {"one of two alike",
     "previous.csv",
     "5,t1,missed",
     "5,t2,missed",
     {{JC_CASE_CHANGED, "/d1/5#2", "lead_team", "t1", "t2"}},
     0},
    {"an item of a checklist",
     "checklists.csv",
     "操作规程",
     "操作规程及台账",
     {{JC_CASE_CHANGED, "default/2", "text", "操作规程", "操作规程及台账"}},
     1},
    {"an item less", "checklists.csv", "default,2,操作规程\n", "", {{JC_CASE_REMOVED, "default/2", "", "", ""}}, 1},
    {"a checklist less and one more",
     "checklists.csv",
     NULL,
     "checklist_id,item_no,text\nother,1,动火作业\n",
     {{JC_CASE_ADDED, "other/1", "", "", ""},
      {JC_CASE_REMOVED, "default/1", "", "", ""},
      {JC_CASE_REMOVED, "default/2", "", "", ""}},
     2},
    {"a parameter",
     "parameters.csv",
     ",7,",
     ",8,",
     {{JC_CASE_CHANGED, "recheck_due/2026-02-01", "value", "7", "8"}},
     0},
    {"a published figure", "published.csv", ",4,", ",5,", {{JC_CASE_CHANGED, "units_total", "value", "4", "5"}}, 0},
    {"the agency",
     "agency.csv",
     "249",
     "250",
     {{JC_CASE_CHANGED, "test", "statutory_days_per_person", "249", "250"}},
     1},
    {"a file less", "draws.csv", NULL, NULL, {{JC_CASE_REMOVED, "d1", "", "", ""}}, 0},
};

static size_t expected_count(const struct step *step) {
    size_t count = 0;
    while (count < 6 && step->expected[count].id)
        count++;
    return count;
}

static void check_difference(const struct step *step, const struct jc_case_diff *diff) {
    size_t count = expected_count(step);
    CHECK_INT(step->name, diff->count, count);
    for (size_t i = 0; i < count; i++) {
        const struct jc_case_change *change = &diff->items[i];
        CHECK_INT(step->name, change->kind, step->expected[i].kind);
        CHECK_STR(step->name, change->id, step->expected[i].id);
        CHECK_STR(step->name, jc_str(change->column ? change->column->name : ""), step->expected[i].field);
        CHECK_STR(step->name, change->old_text, step->expected[i].old_text);
        CHECK_STR(step->name, change->new_text, step->expected[i].new_text);
    }
}

static struct jc_str dump_of(struct jc_db *db, struct jc_arena *arena) {
    struct jc_buf text;
    jc_buf_init(&text, 16 << 20);
    jc_test_dump(db, &text);
    struct jc_str copy = jc_arena_copy(arena, jc_buf_str(&text));
    jc_buf_free(&text);
    return copy;
}

/* quotas.csv names the draw; without draws.csv it must go too. */
static void drop_draw_quota(struct jc_case_input *inputs, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (jc_str_eq(inputs[i].name, JC_STR("quotas.csv")))
            inputs[i].bytes = JC_STR("quota_id,team_id,scope,months,counts,min,max,theme\n"
                                     "q1,t1,rule:r1|r2,1-3;10,visits,1,4,春节前\n"
                                     "q3,,group:g1,1-12,remote_visits,,2,\n"
                                     "q4,,rule:r2,1-12,units,1,1,\n");
}

/* Shown and refused; taken over with update; the same again then changes nothing; and back. */
static void test_steps(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        const struct step *step = &steps[i];
        struct jc_db *db = jc_test_store();
        struct jc_arena *arena = jc_arena_new(64 << 20);
        struct jc_case_input old_inputs[JC_SMALL_FILES], inputs[JC_SMALL_FILES];
        struct jc_import_result result;
        size_t old_count = jc_small_inputs(arena, NULL, NULL, JC_STR(""), old_inputs);
        size_t count = jc_small_inputs(arena, step->file, step->find, jc_str(step->with), inputs);
        if (!step->with) {
            drop_draw_quota(old_inputs, old_count);
            count = jc_small_inputs(arena, step->file, NULL, (struct jc_str){NULL, 0}, inputs);
            drop_draw_quota(inputs, count);
        }
        jc_test_import(db, arena, old_inputs, old_count, false, &result);
        CHECK_INT(step->name, result.outcome, JC_IMPORT_NEW);
        struct jc_str before = dump_of(db, arena);
        int64_t told = jc_test_number(db, "SELECT change_seq FROM agency_head");

        jc_test_import(db, arena, inputs, count, false, &result);
        CHECK_INT(step->name, result.outcome, JC_IMPORT_DIFFERENT);
        check_difference(step, &result.diff);
        CHECK(step->name, jc_str_eq(before, dump_of(db, arena)));

        jc_test_import(db, arena, inputs, count, true, &result);
        CHECK_INT(step->name, result.outcome, JC_IMPORT_UPDATED);
        check_difference(step, &result.diff);
        CHECK_INT(step->name, jc_test_number(db, "SELECT change_seq FROM agency_head") - told, step->told);
        CHECK_INT(step->name, jc_test_number(db, "SELECT COUNT(*) FROM audit_log WHERE actor = 'cli:test'"), 2);

        struct jc_str after = dump_of(db, arena);
        CHECK(step->name, !jc_str_eq(before, after));
        jc_test_import(db, arena, inputs, count, true, &result);
        CHECK_INT(step->name, result.outcome, JC_IMPORT_UNCHANGED);
        CHECK(step->name, jc_str_eq(after, dump_of(db, arena)));

        jc_test_import(db, arena, old_inputs, old_count, true, &result);
        CHECK_INT(step->name, result.outcome, JC_IMPORT_UPDATED);
        jc_test_import(db, arena, old_inputs, old_count, true, &result);
        CHECK_INT(step->name, result.outcome, JC_IMPORT_UNCHANGED);
        jc_arena_free(arena);
        jc_db_close(db);
    }
}

/* --- in use ------------------------------------------------------------------------------------------- */

static const char IN_USE[] =
    "INSERT INTO plan (agency_id, version, year, status, created_ms, solve_status, unserved, over_centi, quota, cost_e5,\n"
    "                  bound_e5, tiers_settled, elapsed_ms, work)\n"
    "VALUES (1, 1, 2023, 'draft', 0, 1, 0, 0, 0, 0, 0, 1, 0, 0);\n"
    "INSERT INTO visit (agency_id, version, visit_id, unit_id, rule_id, visit_no, month, lead_team, persons, days_centi,\n"
    "                   mode, status, pinned)\n"
    "VALUES (1, 1, 'u3-01', 'u3', 'r3', 1, 3, 't2', 2, 100, 1, 1, 0);\n"
    "INSERT INTO person (agency_id, login, name, roles, inspector_id, password_hash, must_change_password, disabled,\n"
    "                    created_ms)\n"
    "VALUES (1, 'wang', '王', 2, 'i2', '', 0, 0, 0);\n";

static enum jc_code in_use_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_script(tx, IN_USE, err);
}

static void test_in_use(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct jc_arena *arena = jc_arena_new(64 << 20);
    struct jc_case_input inputs[JC_SMALL_FILES];
    struct jc_import_result result;
    size_t count = jc_small_inputs(arena, NULL, NULL, JC_STR(""), inputs);
    jc_test_import(db, arena, inputs, count, false, &result);
    jc_test_write(db, in_use_job, NULL);
    struct jc_str before = dump_of(db, arena);
    /* u3 and with it r3 go, u4 goes too; the inspector i2 goes */
    for (size_t i = 0; i < count; i++) {
        struct jc_str *bytes = &inputs[i].bytes;
        if (jc_str_eq(inputs[i].name, JC_STR("units.csv")))
            bytes->len = (size_t)(strstr(bytes->ptr, "u3,") - bytes->ptr);
        if (jc_str_eq(inputs[i].name, JC_STR("rules.csv")))
            bytes->len = (size_t)(strstr(bytes->ptr, "r3,") - bytes->ptr);
        if (jc_str_eq(inputs[i].name, JC_STR("inspectors.csv")))
            bytes->len = (size_t)(strstr(bytes->ptr, "i2,") - bytes->ptr);
    }
    jc_test_import(db, arena, inputs, count, true, &result);
    assert_int_equal(result.outcome, JC_IMPORT_REFUSED);
    assert_int_equal(result.diags.errors, 3);
    static const struct {
        const char *file;
        enum jc_msg what;
        const char *id;
    } expected[] = {{"inspectors.csv", JC_MSG_INSPECTOR_IN_USE, "i2"},
                    {"rules.csv", JC_MSG_RULE_IN_USE, "r3"},
                    {"units.csv", JC_MSG_UNIT_IN_USE, "u3"}};
    for (size_t i = 0; i < COUNT(expected); i++) {
        CHECK_STR(expected[i].file, result.diags.items[i].file, expected[i].file);
        CHECK_INT(expected[i].file, result.diags.items[i].what, expected[i].what);
        CHECK_STR(expected[i].file, result.diags.items[i].arg[0], expected[i].id);
    }
    assert_true(jc_str_eq(before, dump_of(db, arena)));
    jc_arena_free(arena);
    jc_db_close(db);
}

/* --- drawn units ----------------------------------------------------------------------------------------- */

static enum jc_code draw_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    Jc__Unit unit = JC__UNIT__INIT;
    unit.unit_id = (char *)(uintptr_t) "pool-7";
    unit.name = (char *)(uintptr_t) "抽中的单位";
    unit.category = (char *)(uintptr_t) "general";
    enum jc_code code = jc_unit_put(tx, 1, 99, &unit, err);
    return code ? code
                : jc_tx_script(
                      tx,
                      "INSERT INTO draw_commit (agency_id, commit_id, draw_id, plan_version, pool, pool_hash,\n"
                      "                         pool_count, seed_source, committed_by, committed_ms)\n"
                      "VALUES (1, 1, 'd1', 1, x'00', x'00', 1, 's', 'x', 0);\n"
                      "INSERT INTO draw_candidate (agency_id, commit_id, unit_id, name, address, district, industry,\n"
                      "                            credit_code)\n"
                      "VALUES (1, 1, 'pool-7', '抽中的单位', '', '', '', '');\n"
                      "INSERT INTO draw_run (agency_id, run_id, commit_id, seed, run_by, run_ms, outcome)\n"
                      "VALUES (1, 1, 1, '7', 'x', 0, 'drawn');\n"
                      "INSERT INTO draw_pick (agency_id, run_id, position, unit_id, visit_id)\n"
                      "VALUES (1, 1, 0, 'pool-7', 'd1-01'), (1, 1, 1, 'u4', 'd1-02');\n",
                      err);
}

/* What a draw brought in is not the case's to remove. */
static void test_drawn_unit(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct jc_arena *arena = jc_arena_new(64 << 20);
    struct jc_case_input inputs[JC_SMALL_FILES];
    struct jc_import_result result;
    size_t count = jc_small_inputs(arena, NULL, NULL, JC_STR(""), inputs);
    jc_test_import(db, arena, inputs, count, false, &result);
    jc_test_write(db, draw_job, NULL);
    jc_test_import(db, arena, inputs, count, false, &result);
    assert_int_equal(result.outcome, JC_IMPORT_UNCHANGED);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM unit"), 5);
    /* u4 is the case's own: gone from it, it is told as in use */
    count = jc_small_inputs(arena, "units.csv", "u4,丁厂,,,,,general,,,,,,,,,,,,,,,,\n", JC_STR(""), inputs);
    jc_test_import(db, arena, inputs, count, true, &result);
    assert_int_equal(result.outcome, JC_IMPORT_REFUSED);
    assert_int_equal(result.diags.errors, 1);
    CHECK_STR("in use", result.diags.items[0].arg[0], "u4");
    jc_arena_free(arena);
    jc_db_close(db);
}

/* --- several agencies --------------------------------------------------------------------------------- */

static void test_agencies(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct jc_arena *arena = jc_arena_new(64 << 20);
    struct jc_case_input inputs[JC_SMALL_FILES];
    struct jc_import_result result;
    size_t count = jc_small_inputs(arena, NULL, NULL, JC_STR(""), inputs);
    jc_test_import(db, arena, inputs, count, false, &result);
    assert_int_equal(result.agency_id, 1);
    assert_false(result.further_agency);

    count = jc_small_inputs(arena, "agency.csv", "test,测试市", JC_STR("other,另一市"), inputs);
    jc_test_import(db, arena, inputs, count, false, &result);
    assert_int_equal(result.outcome, JC_IMPORT_NEW);
    assert_int_equal(result.agency_id, 2);
    assert_true(result.further_agency);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM unit WHERE agency_id = 2"), 4);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM unit WHERE agency_id = 1"), 4);

    jc_test_import(db, arena, inputs, count, false, &result);
    assert_int_equal(result.outcome, JC_IMPORT_UNCHANGED);
    assert_int_equal(result.agency_id, 2);
    count = jc_small_inputs(arena, NULL, NULL, JC_STR(""), inputs);
    jc_test_import(db, arena, inputs, count, false, &result);
    assert_int_equal(result.outcome, JC_IMPORT_UNCHANGED);
    assert_int_equal(result.agency_id, 1);

    count = jc_small_inputs(arena, "agency.csv", "test,测试市", JC_STR("third,第三市"), inputs);
    jc_test_import(db, arena, inputs, count, false, &result);
    assert_int_equal(result.agency_id, 3);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM agency_head"), 3);
    jc_arena_free(arena);
    jc_db_close(db);
}

/* The planner's order is the file's, also after rows went in between. */
static void test_order(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct jc_arena *arena = jc_arena_new(64 << 20);
    struct jc_case_input inputs[JC_SMALL_FILES];
    struct jc_import_result result;
    size_t count = jc_small_inputs(arena, NULL, NULL, JC_STR(""), inputs);
    jc_test_import(db, arena, inputs, count, false, &result);
    count = jc_small_inputs(arena, "units.csv", "u2,", JC_STR("u9,戊厂,,,,,general,,,,,,,,,,,,,,,,\nu2,"), inputs);
    jc_test_import(db, arena, inputs, count, true, &result);
    assert_int_equal(result.outcome, JC_IMPORT_UPDATED);
    assert_int_equal(jc_test_number(db, "SELECT position FROM unit WHERE unit_id = 'u1'"), 0);
    assert_int_equal(jc_test_number(db, "SELECT position FROM unit WHERE unit_id = 'u9'"), 1);
    assert_int_equal(jc_test_number(db, "SELECT position FROM unit WHERE unit_id = 'u2'"), 2);
    assert_int_equal(jc_test_number(db, "SELECT position FROM unit WHERE unit_id = 'u4'"), 4);
    jc_arena_free(arena);
    jc_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),    cmocka_unit_test(test_in_use), cmocka_unit_test(test_drawn_unit),
        cmocka_unit_test(test_agencies), cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
