/* Units and the rest of the register: what is written comes back, changes are recorded, and what is
 * in use is not deleted. */
#include "jc_store_test.h"

#include "store/registry.h"
#include "store/unit.h"
#include "store/workday_line.h"

static struct jc_arena *arena;

/* Every job here runs inside one transaction and checks as it goes. */
static enum jc_code ok(enum jc_code code, const struct jc_err *err) {
    CHECK_OK("in a job", code, err);
    return code;
}

static char *text(const char *literal) {
    return (char *)(uintptr_t)literal;
}

static enum jc_code put_teams(struct jc_tx *tx, struct jc_err *err) {
    Jc__Team team = JC__TEAM__INIT;
    team.team_id = text("t2");
    team.name = text("安全监管二科");
    team.kind = text("bureau");
    team.headcount = 2;
    team.headcount_registered = -1;
    team.supervision_centi = 12000;
    ok(jc_team_put(tx, 1, 1, &team, err), err);
    team.team_id = text("t1");
    team.kind = text("brigade");
    team.supervision_centi = -1;
    team.headcount_registered = 6;
    return ok(jc_team_put(tx, 1, 0, &team, err), err);
}

static enum jc_code put_rule(struct jc_tx *tx, const char *id, int64_t position, struct jc_err *err) {
    Jc__TimeWindow first = JC__TIME_WINDOW__INIT, second = JC__TIME_WINDOW__INIT;
    Jc__TimeWindow *windows[] = {&first, &second};
    first.months = 0x03f;
    first.min = first.max = 1;
    second.months = 0xfc0;
    second.max = 2;
    Jc__Rule rule = JC__RULE__INIT;
    rule.rule_id = text(id);
    rule.name = text("每半年1次");
    rule.visits = 2;
    rule.cycle_years = 1;
    rule.min_gap_months = 3;
    rule.windows = windows;
    rule.n_windows = 2;
    return ok(jc_rule_put(tx, 1, position, &rule, err), err);
}

static enum jc_code put_unit(struct jc_tx *tx, const char *id, int64_t position, struct jc_err *err) {
    char *aliases[] = {text("旧名"), text("别名")}, *teams[] = {text("t1"), text("t2")},
         *rules[] = {text("r2"), text("r1")};
    char *groups[] = {text("g1"), text("g2"), text("g3")};
    Jc__JointVisit joint = JC__JOINT_VISIT__INIT;
    Jc__JointVisit *joints[] = {&joint};
    joint.team_id = text("t2");
    joint.rule_id = text("r1");
    joint.persons = 3;
    joint.days_centi = 50;
    Jc__Unit unit = JC__UNIT__INIT;
    unit.unit_id = text(id);
    unit.name = text("企业");
    unit.aliases = aliases;
    unit.n_aliases = 2;
    unit.category = text("key");
    unit.credit_code = text("12340000MB1868506L");
    unit.persons = 2;
    unit.days_centi = 150;
    unit.risk = 2;
    unit.blackout_months = 1 << 1;
    unit.preferred_months = 1 << 11;
    unit.last_visit = text("2022-05");
    unit.lead_teams = teams;
    unit.n_lead_teams = 2;
    unit.rule_ids = rules;
    unit.n_rule_ids = 2;
    unit.groups = groups;
    unit.n_groups = 3;
    unit.joints = joints;
    unit.n_joints = 1;
    return ok(jc_unit_put(tx, 1, position, &unit, err), err);
}

static enum jc_code fill(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    put_teams(tx, err);
    put_rule(tx, "r1", 0, err);
    put_rule(tx, "r2", 1, err);
    for (int i = 0; i < 5; i++) { /* the planner's order is the reverse of the ids' */
        char id[16];
        snprintf(id, sizeof id, "u%d", 5 - i);
        put_unit(tx, id, i, err);
    }
    return JC_OK;
}

static void check_unit(const char *name, const Jc__Unit *unit) {
    CHECK_INT(name, unit->n_aliases, 2);
    CHECK_STR(name, jc_str(unit->aliases[1]), "别名");
    CHECK_INT(name, unit->n_lead_teams, 2);
    CHECK_STR(name, jc_str(unit->lead_teams[0]), "t1");
    CHECK_INT(name, unit->n_rule_ids, 2);
    CHECK_STR(name, jc_str(unit->rule_ids[0]), "r2");
    CHECK_INT(name, unit->n_groups, 3);
    CHECK_STR(name, jc_str(unit->groups[2]), "g3");
    CHECK_INT(name, unit->n_joints, 1);
    CHECK_STR(name, jc_str(unit->joints[0]->team_id), "t2");
    CHECK_INT(name, unit->joints[0]->days_centi, 50);
    CHECK_INT(name, unit->days_centi, 150);
    CHECK_INT(name, unit->risk, 2);
    CHECK_INT(name, unit->blackout_months, 2);
    CHECK_INT(name, unit->preferred_months, 0x800);
    CHECK_STR(name, jc_str(unit->last_visit), "2022-05");
    CHECK_STR(name, jc_str(unit->district), "");
    CHECK_INT(name, unit->n_hazards, 0);
}

static enum jc_code read_units(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    Jc__Unit *unit, **units;
    size_t count;
    ok(jc_unit_get(tx, 1, JC_STR("u3"), arena, &unit, err), err);
    check_unit("get", unit);
    assert_int_equal(jc_unit_get(tx, 1, JC_STR("u9"), arena, &unit, err), JC_NOT_FOUND);
    assert_int_equal(jc_unit_get(tx, 2, JC_STR("u3"), arena, &unit, err), JC_NOT_FOUND);

    ok(jc_unit_list(tx, 1, arena, &units, &count, err), err);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        char id[16];
        snprintf(id, sizeof id, "u%d", 5 - (int)i);
        CHECK_STR("in the planner's order", jc_str(units[i]->unit_id), id);
        check_unit("list", units[i]);
    }
    ok(jc_unit_page(tx, 1, JC_STR("u1"), 3, arena, &units, &count, err), err);
    assert_int_equal(count, 3);
    CHECK_STR("page by id", jc_str(units[0]->unit_id), "u2");
    check_unit("page", units[2]);
    ok(jc_unit_page(tx, 1, JC_STR("u5"), 3, arena, &units, &count, err), err);
    assert_int_equal(count, 0);
    return JC_OK;
}

static enum jc_code read_teams_and_rules(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    Jc__Team **teams, *team;
    Jc__Rule **rules;
    size_t count;
    ok(jc_team_list(tx, 1, arena, &teams, &count, err), err);
    assert_int_equal(count, 2);
    CHECK_STR("order", jc_str(teams[0]->team_id), "t1");
    assert_int_equal(teams[0]->supervision_centi, -1);
    assert_int_equal(teams[0]->headcount_registered, 6);
    assert_int_equal(teams[1]->supervision_centi, 12000);
    ok(jc_team_get(tx, 1, JC_STR("t2"), arena, &team, err), err);
    CHECK_STR("team", jc_str(team->name), "安全监管二科");
    assert_int_equal(jc_team_get(tx, 1, JC_STR("t3"), arena, &team, err), JC_NOT_FOUND);
    ok(jc_rule_list(tx, 1, arena, &rules, &count, err), err);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(rules[i]->n_windows, 2);
        assert_int_equal(rules[i]->windows[0]->months, 0x03f);
        assert_int_equal(rules[i]->windows[0]->min, 1);
        assert_int_equal(rules[i]->windows[1]->min, 0);
        assert_int_equal(rules[i]->windows[1]->max, 2);
        assert_int_equal(rules[i]->min_gap_months, 3);
    }
    return JC_OK;
}

static enum jc_code lists(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    size_t count;
    char *recusals[] = {text("u1"), text("u2")};
    Jc__Inspector inspector = JC__INSPECTOR__INIT, *got, **inspectors;
    inspector.inspector_id = text("i1");
    inspector.name = text("李");
    inspector.team_id = text("t1");
    inspector.recusals = recusals;
    inspector.n_recusals = 2;
    ok(jc_inspector_put(tx, 1, 0, &inspector, err), err);
    ok(jc_inspector_get(tx, 1, JC_STR("i1"), arena, &got, err), err);
    assert_int_equal(got->n_recusals, 2);
    assert_string_equal(got->recusals[1], "u2");
    assert_string_equal(got->licence_expiry, "");
    assert_int_equal(jc_inspector_get(tx, 1, JC_STR("i2"), arena, &got, err), JC_NOT_FOUND);
    ok(jc_inspector_list(tx, 1, arena, &inspectors, &count, err), err);
    assert_int_equal(count, 1);

    Jc__Draw draw = JC__DRAW__INIT, **draws;
    draw.draw_id = text("d1");
    draw.team_id = text("t1");
    draw.rule_id = text("r1");
    draw.method = text("double_random");
    draw.pool_size = -1;
    draw.sample = 6;
    draw.persons = 2;
    draw.days_centi = 100;
    ok(jc_draw_put(tx, 1, 0, &draw, err), err);
    ok(jc_draw_list(tx, 1, arena, &draws, &count, err), err);
    assert_int_equal(count, 1);
    assert_int_equal(draws[0]->pool_size, -1);
    assert_int_equal(draws[0]->n_windows, 0);

    char *ids[] = {text("r1"), text("r2")};
    Jc__Quota quota = JC__QUOTA__INIT, **quotas;
    const Jc__Quota *put[] = {&quota};
    quota.quota_id = text("q1");
    quota.scope_kind = text("rule");
    quota.scope_ids = ids;
    quota.n_scope_ids = 2;
    quota.months = 0x207;
    quota.counts = text("visits");
    quota.min = 6;
    quota.max = -1;
    ok(jc_quota_replace(tx, 1, put, 1, err), err);
    ok(jc_quota_replace(tx, 1, put, 1, err), err);
    ok(jc_quota_list(tx, 1, arena, &quotas, &count, err), err);
    assert_int_equal(count, 1);
    assert_int_equal(quotas[0]->n_scope_ids, 2);
    assert_int_equal(quotas[0]->months, 0x207);
    assert_int_equal(quotas[0]->max, -1);
    assert_string_equal(quotas[0]->team_id, "");
    return JC_OK;
}

static enum jc_code plain_lists(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    size_t count;
    Jc__ChecklistItem one = JC__CHECKLIST_ITEM__INIT, two = JC__CHECKLIST_ITEM__INIT;
    Jc__ChecklistItem *items[] = {&one, &two};
    Jc__Checklist checklist = JC__CHECKLIST__INIT, **checklists;
    checklist.checklist_id = text("default");
    checklist.items = items;
    one.item_no = 1;
    one.text = text("教育培训");
    two.item_no = 2;
    two.text = text("操作规程");
    checklist.n_items = 2;
    ok(jc_checklist_put(tx, 1, &checklist, err), err);
    checklist.n_items = 1;
    ok(jc_checklist_put(tx, 1, &checklist, err), err);
    ok(jc_checklist_list(tx, 1, arena, &checklists, &count, err), err);
    assert_int_equal(count, 1);
    assert_int_equal(checklists[0]->n_items, 1);
    assert_string_equal(checklists[0]->items[0]->text, "教育培训");

    struct jc_budget_line budget[] = {{JC_STR("t1"), 2, 1600}, {JC_STR("t1"), 1, 2050}}, *budgets;
    bool stated;
    int64_t centi[12];
    ok(jc_budget_line_replace(tx, 1, budget, 2, err), err);
    ok(jc_budget_line_list(tx, 1, arena, &budgets, &count, err), err);
    assert_int_equal(count, 2);
    assert_int_equal(budgets[0].workdays_centi, 2050);
    ok(jc_month_budget(tx, 1, JC_STR("t1"), &stated, centi, err), err);
    assert_true(stated);
    assert_int_equal(centi[0], 2050);
    assert_int_equal(centi[2], -1);
    ok(jc_month_budget(tx, 1, JC_STR("t2"), &stated, centi, err), err);
    assert_false(stated);

    struct jc_workday_line lines[] =
        {
            {JC_STR("b"), JC_STR(""), JC_STR("supervision"), JC_STR("a"), JC_STR("x"), 50, -1, 100, JC_STR("f"), -1},
            {JC_STR("a"), JC_STR("t1"), JC_STR("statutory"), JC_STR(""), JC_STR("y"), -1, 300, -1, JC_STR(""), 74700},
        },
                           *stored;
    ok(jc_workday_line_replace(tx, 1, lines, 2, err), err);
    ok(jc_workday_line_list(tx, 1, arena, &stored, &count, err), err);
    assert_int_equal(count, 2);
    CHECK_STR("the planner's order", stored[0].line_id, "b");
    CHECK_STR("parent behind its child", stored[0].parent_line_id, "a");
    assert_int_equal(stored[0].count_centi, 50);
    assert_int_equal(stored[0].persons_centi, JC_CENTI_ABSENT);
    assert_int_equal(stored[1].stated_centi, 74700);
    return JC_OK;
}

static enum jc_code parameters(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    struct jc_parameter_line lines[] = {
        {JC_STR("recheck_due"), JC_STR("10"), JC_STR("calendar_days"), JC_STR("2007-11-01"), JC_STR("2026-01-31"),
         JC_STR("old")},
        {JC_STR("recheck_due"), JC_STR("7.5"), JC_STR("working_days"), JC_STR("2026-02-01"), JC_STR(""), JC_STR("new")},
    };
    static const struct {
        const char *name, *parameter;
        struct jc_date on;
        int64_t centi; /* -1: none */
        const char *unit;
    } cases[] = {
        {"in force", "recheck_due", {2023, 6, 1}, 1000, "calendar_days"},
        {"on its last day", "recheck_due", {2026, 1, 31}, 1000, "calendar_days"},
        {"its successor", "recheck_due", {2026, 2, 1}, 750, "working_days"},
        {"before the first", "recheck_due", {2007, 10, 31}, -1, ""},
        {"unknown", "nothing", {2023, 6, 1}, -1, ""},
    };
    ok(jc_parameter_replace(tx, 1, lines, 2, err), err);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jc_parameter got = {0};
        enum jc_code code = jc_parameter_at(tx, 1, jc_str(cases[i].parameter), cases[i].on, arena, &got, err);
        CHECK_INT(cases[i].name, code, cases[i].centi < 0 ? JC_NOT_FOUND : JC_OK);
        if (code == JC_OK) {
            CHECK_INT(cases[i].name, got.value_centi, cases[i].centi);
            CHECK_STR(cases[i].name, got.unit, cases[i].unit);
        }
    }
    return JC_OK;
}

static enum jc_code rewrite(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    Jc__Unit unit = JC__UNIT__INIT, *got;
    unit.unit_id = text("u3");
    unit.name = text("新名");
    unit.category = text("general");
    ok(jc_unit_put(tx, 1, 7, &unit, err), err);
    ok(jc_unit_get(tx, 1, JC_STR("u3"), arena, &got, err), err);
    assert_string_equal(got->name, "新名");
    assert_int_equal(got->n_lead_teams + got->n_rule_ids + got->n_groups + got->n_joints + got->n_aliases, 0);
    return JC_OK;
}

struct deletion {
    const char *name;
    enum jc_code (*run)(struct jc_tx *tx, int64_t agency_id, struct jc_str id, struct jc_err *err);
    const char *id;
    enum jc_code code;
    enum jc_msg what;
};

static enum jc_code delete_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct deletion *deletion = ctx;
    return deletion->run(tx, 1, jc_str(deletion->id), err);
}

static const char TASK[] =
    "INSERT INTO task (agency_id, task_id, kind, state, team_id, unit_id, month, due_on, mode, persons,\n"
    "days_centi, theme, checklist_id, inspector_ids, return_reason, released_ms)\n"
    "VALUES (1, x'00', 1, 1, 't1', 'u1', 1, '2023-01-31', 1, 2, 100, '', 'default', 'i0;i1', '', 0)";

static enum jc_code add_task(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_script(tx, TASK, err);
}

static void test_delete(struct jc_db *db) {
    static const struct deletion cases[] = {
        {"a unit with a task", jc_unit_delete, "u1", JC_FAILED_PRECONDITION, JC_MSG_UNIT_IN_USE},
        {"a unit nobody names", jc_unit_delete, "u2", JC_OK, JC_MSG_NONE},
        {"a unit that is gone", jc_unit_delete, "u2", JC_NOT_FOUND, JC_MSG_UNIT_UNKNOWN},
        {"a team of units", jc_team_delete, "t2", JC_FAILED_PRECONDITION, JC_MSG_TEAM_IN_USE},
        {"an unknown team", jc_team_delete, "t9", JC_NOT_FOUND, JC_MSG_TEAM_UNKNOWN},
        {"an inspector expected on a task", jc_inspector_delete, "i1", JC_FAILED_PRECONDITION, JC_MSG_INSPECTOR_IN_USE},
        {"a rule of units", jc_rule_delete, "r2", JC_FAILED_PRECONDITION, JC_MSG_RULE_IN_USE},
        {"an unknown rule", jc_rule_delete, "r9", JC_NOT_FOUND, JC_MSG_RULE_UNKNOWN},
        {"a draw nobody names", jc_draw_delete, "d1", JC_OK, JC_MSG_NONE},
        {"a checklist of a task", jc_checklist_delete, "default", JC_FAILED_PRECONDITION, JC_MSG_CHECKLIST_IN_USE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct deletion deletion = cases[i];
        struct jc_err err = {0};
        CHECK_INT(cases[i].name, jc_test_try(db, delete_job, &deletion, &err), cases[i].code);
        if (cases[i].code) {
            CHECK_INT(cases[i].name, err.what, cases[i].what);
            CHECK_STR(cases[i].name, err.arg[0], cases[i].id);
        }
    }
}

static void test_register(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    arena = jc_arena_new(1 << 22);
    jc_test_write(db, fill, NULL);
    jc_test_read(db, read_units, NULL);
    jc_test_read(db, read_teams_and_rules, NULL);
    jc_test_write(db, lists, NULL);
    jc_test_write(db, plain_lists, NULL);
    jc_test_write(db, parameters, NULL);
    jc_test_write(db, rewrite, NULL);
    /* 5 units, 2 teams, 1 inspector, 1 checklist: a row each, whatever was written how often */
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM change"), 9);
    assert_int_equal(jc_test_number(db, "SELECT MAX(seq) FROM change"), 11);
    jc_test_write(db, add_task, NULL);
    test_delete(db);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM change WHERE deleted = 1"), 1);
    jc_arena_free(arena);
    jc_db_close(db);
}

static enum jc_code move_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    ok(jc_registry_move(tx, 1, JC_ORDERED_UNIT, JC_STR("u5"), 9, err), err);
    ok(jc_registry_move(tx, 1, JC_ORDERED_TEAM, JC_STR("t1"), 2, err), err);
    ok(jc_registry_move(tx, 1, JC_ORDERED_RULE, JC_STR("r1"), 2, err), err);
    return JC_OK;
}

static void test_order(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    jc_test_write(db, fill, NULL);
    int64_t changes = jc_test_number(db, "SELECT change_seq FROM agency_head");
    jc_test_write(db, move_job, NULL);
    assert_int_equal(jc_test_number(db, "SELECT position FROM unit WHERE unit_id = 'u5'"), 9);
    assert_int_equal(jc_test_number(db, "SELECT position FROM team WHERE team_id = 't1'"), 2);
    assert_int_equal(jc_test_number(db, "SELECT position FROM rule WHERE rule_id = 'r1'"), 2);
    assert_int_equal(jc_test_number(db, "SELECT change_seq FROM agency_head"), changes);
    jc_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_register),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
