/* Changed registers: what each change means for limits, rules, units and teams, and that the register it
 * came from stays as it was. */
#include "jc_plan_test.h"

#include "plan/budget.h"
#include "plan/headcount.h"
#include "plan/scenario.h"

static struct jc_arena *arena;
static struct jc_db *db;
static struct jc_register *reg;

static enum jc_code load_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_register_load(tx, 1, arena, &reg, err);
}

static int open_year(void **state) {
    (void)state;
    arena = jc_arena_new(1 << 28);
    db = jc_plan_test_year(arena);
    jc_test_read(db, load_job, NULL);
    return 0;
}

static int open_huainan(void **state) {
    (void)state;
    arena = jc_arena_new(1 << 28);
    db = jc_plan_test_huainan(arena);
    jc_test_read(db, load_job, NULL);
    return 0;
}

static int close_db(void **state) {
    (void)state;
    jc_db_close(db);
    jc_arena_free(arena);
    return 0;
}

/* The register with one change. */
static struct jc_scenario change(const char *name, struct jc_change what, const Jc__Plan *kept) {
    struct jc_scenario s;
    struct jc_err err = {0};
    if (!what.team.ptr)
        what.team = JC_STR("");
    CHECK_OK(name, jc_scenario_make(reg, kept, &what, 1, arena, &s, &err), &err);
    return s;
}

static struct jc_budget_targets *targets_of(struct jc_register *changed) {
    struct jc_budget_targets *targets = NULL;
    struct jc_err err = {0};
    CHECK_OK("targets", jc_budget_targets(changed, &targets, &err), &err);
    return targets;
}

/* --- people ------------------------------------------------------------------------------------------ */

/* W2, W3, W7 on the published budget. hn-t1: 5 heads; N lines in which all 5 take part: 65 + 130 + 40 + 5
 * + 60 + 15 + 50 = 365, 73 each, so one more brings 249 - 73 = 176. */
static void test_headcount_gain(void **state) {
    (void)state;
    static const struct {
        const char *team;
        int64_t persons, gain_centi;
    } rows[] = {{"hn-t1", 1, 17600}, {"hn-t1", -2, -35200}, {"hn-oth", 0, 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct jc_err err = {0};
        int64_t gain = -1;
        CHECK_OK(rows[i].team,
                 jc_headcount_gain(reg, jc_register_team(reg, rows[i].team), rows[i].persons, &gain, &err), &err);
        CHECK_INT(rows[i].team, gain, rows[i].gain_centi);
    }
}

static void test_headcount(void **state) {
    (void)state;
    struct jc_scenario s =
        change("+1", (struct jc_change){.kind = JC_CHANGE_HEADCOUNT, .id = JC_STR("hn-t1"), .amount = 1}, NULL);
    CHECK_INT("A(k) = S = T - O - N", s.reg->teams[0]->supervision_centi, 29900 + 17600);
    CHECK_INT("B(k,1) = heads x working days", targets_of(s.reg)[0].month_centi[0], 6 * 18 * 100);
    CHECK_INT("the source keeps its heads", reg->teams[0]->headcount, 5);
    CHECK_INT("and its year", reg->teams[0]->supervision_centi, 29900);
    s = change("-5", (struct jc_change){.kind = JC_CHANGE_HEADCOUNT, .id = JC_STR("hn-t1"), .amount = -5}, NULL);
    CHECK_INT("nobody left: no year", targets_of(s.reg)[0].year_centi, 0);
    CHECK_INT("and no month, though no heads would mean no limit", targets_of(s.reg)[0].month_centi[0], 0);
}

/* Without workday lines a person brings what one has now: 60 / 3; t2 has no A(k), so its statutory days,
 * spread over the two months that budgets.csv states. */
static void test_headcount_without_lines(void **state) {
    (void)state;
    struct jc_scenario s =
        change("t1", (struct jc_change){.kind = JC_CHANGE_HEADCOUNT, .id = JC_STR("t1"), .amount = 2}, NULL);
    CHECK_INT("A(t1)", s.reg->teams[0]->supervision_centi, 10000);
    s = change("t2", (struct jc_change){.kind = JC_CHANGE_HEADCOUNT, .id = JC_STR("t2"), .amount = 1}, NULL);
    CHECK_INT("A(t2) stays none", s.reg->teams[1]->supervision_centi, -1);
    CHECK_INT("B(t2,1): 18 of 249 days of 249", s.reg->budgets[1].centi[0], 200 + 1800);
    CHECK_INT("B(t2,2) is not stated: heads", targets_of(s.reg)[1].month_centi[1], 3 * 20 * 100);
    CHECK_INT("the source's month", reg->budgets[1].centi[0], 200);
}

static void test_budget(void **state) {
    (void)state;
    struct jc_scenario s = change(
        "stated", (struct jc_change){.kind = JC_CHANGE_BUDGET, .id = JC_STR("t2"), .amount = 150, .month = 8}, NULL);
    CHECK_INT("a stated month", targets_of(s.reg)[1].month_centi[7], 750);
    int64_t before = targets_of(reg)[0].target_centi[9];
    s = change("heads", (struct jc_change){.kind = JC_CHANGE_BUDGET, .id = JC_STR("t1"), .amount = 1400, .month = 10},
               NULL);
    CHECK_INT("a month of heads x days", targets_of(s.reg)[0].month_centi[9], 3 * 19 * 100 + 1400);
    CHECK_INT("leaves the target alone", targets_of(s.reg)[0].target_centi[9], before);
    s = change("year", (struct jc_change){.kind = JC_CHANGE_BUDGET, .id = JC_STR("t1"), .amount = -1000}, NULL);
    CHECK_INT("the year", s.reg->teams[0]->supervision_centi, 5000);
}

/* --- rules ------------------------------------------------------------------------------------------- */

static void test_rule(void **state) {
    (void)state;
    Jc__TimeWindow late = JC__TIME_WINDOW__INIT;
    late.months = 0xfc0, late.min = late.max = 1;
    Jc__Rule three = JC__RULE__INIT, one = JC__RULE__INIT;
    three.visits = 3, three.cycle_years = 1;
    one.visits = 1, one.cycle_years = 2, one.windows = (Jc__TimeWindow *[]){&late}, one.n_windows = 1;
    struct jc_scenario s = change(
        "3 a year",
        (struct jc_change){.kind = JC_CHANGE_RULE, .id = JC_STR("half"), .fields = JC_CHANGE_VISITS, .rule = &three},
        NULL);
    const Jc__Rule *half = s.reg->rules[0];
    CHECK_INT("visits", half->visits, 3);
    CHECK_INT("each half takes 1", half->windows[0]->min, 1);
    CHECK_INT("or 2 of 3", half->windows[1]->max, 2);
    CHECK_INT("the gap stays", half->min_gap_months, 3);
    CHECK_INT("and is told", s.notes.count, 2);
    s = change(
        "every 2 years",
        (struct jc_change){
            .kind = JC_CHANGE_RULE, .id = JC_STR("half"), .fields = JC_CHANGE_VISITS | JC_CHANGE_WINDOWS, .rule = &one},
        NULL);
    CHECK_INT("cycle", s.reg->rules[0]->cycle_years, 2);
    CHECK_INT("its windows", s.reg->rules[0]->n_windows, 1);
    CHECK_INT("nothing to share out", s.notes.count, 1);
    CHECK_INT("the source's visits", reg->rules[0]->visits, 2);
    CHECK_INT("the source's windows", reg->rules[0]->windows[0]->min, 1);
}

/* --- units ------------------------------------------------------------------------------------------- */

static void test_add_units(void **state) {
    (void)state;
    struct jc_scenario s =
        change("5", (struct jc_change){.kind = JC_CHANGE_ADD_UNITS, .id = JC_STR(""), .amount = 5}, NULL);
    CHECK_INT("units", s.reg->n_units, reg->n_units + 5);
    static const char *const rules[] = {"cycle", "cycle", "half", "once", "once"}; /* one of each of 5 models */
    for (size_t i = 0; i < 5; i++) {
        const Jc__Unit *unit = s.reg->units[reg->n_units + i];
        CHECK_STR("rule", jc_str(unit->rule_ids[0]), rules[i]);
        CHECK_INT("in no group", unit->n_groups, 0);
        CHECK_STR("never visited", jc_str(unit->last_visit), "");
        CHECK("found by its id", jc_register_unit(s.reg, unit->unit_id) == (int)(reg->n_units + i));
    }
    s = change(
        "2:second:t2",
        (struct jc_change){.kind = JC_CHANGE_ADD_UNITS, .id = JC_STR("second"), .team = JC_STR("t2"), .amount = 2},
        NULL);
    CHECK_INT("a rule nobody is on: 2 persons", s.reg->units[reg->n_units]->persons, 2);
    CHECK_STR("its team", jc_str(s.reg->units[reg->n_units]->lead_teams[0]), "t2");
}

/* The ids of a list, joined by blanks. */
static const char *joined(const struct jc_scenario_ids *ids) {
    struct jc_str all = JC_STR("");
    for (size_t i = 0; i < ids->count; i++)
        all = jc_arena_printf(arena, "%.*s%s%.*s", JC_FMT(all), i ? " " : "", JC_FMT(ids->items[i]));
    return all.ptr;
}

static void test_drop_team(void **state) {
    (void)state;
    const struct jc_change drop = {.kind = JC_CHANGE_DROP_TEAM, .id = JC_STR("t1")};
    struct jc_scenario s = change("t1", drop, NULL);
    CHECK_STR("moved", jc_str(joined(&s.moved)), "u3");
    CHECK_STR("nobody", jc_str(joined(&s.nobody)), "u1 u2");
    CHECK_INT("u1 has none", s.reg->units[0]->n_lead_teams, 0);
    CHECK_INT("and its months", s.reg->units[0]->blackout_months, 1 << 4);
    CHECK_STR("draws", jc_str(joined(&s.draws)), "d1");
    CHECK_INT("u3 has one team", s.reg->units[2]->n_lead_teams, 1);
    CHECK_STR("the other one", jc_str(s.reg->units[2]->lead_teams[0]), "t2");
    CHECK_INT("its quota asks nothing", s.reg->quotas[0]->min, -1);
    CHECK_INT("the source's quota", reg->quotas[0]->min, 1);
    CHECK_INT("the source's unit", reg->units[2]->n_lead_teams, 2);
    s = change("t2", (struct jc_change){.kind = JC_CHANGE_DROP_TEAM, .id = JC_STR("t2")}, NULL);
    CHECK_STR("u1 is joined no more", jc_str(joined(&s.alone)), "u1");
    /* a unit with a visit done stays, a visit only planned is free again */
    Jc__Visit done = JC__VISIT__INIT, planned = JC__VISIT__INIT;
    done.unit_id = (char *)"u2", done.lead_team = (char *)"t1", done.status = JC__VISIT_STATUS__VISIT_STATUS_DONE;
    planned.unit_id = (char *)"u3", planned.lead_team = (char *)"t1", planned.pinned = true;
    Jc__Plan kept = JC__PLAN__INIT;
    kept.visits = (Jc__Visit *[]){&done, &planned}, kept.n_visits = 2;
    s = change("history", drop, &kept);
    CHECK_STR("stayed", jc_str(joined(&s.stayed)), "u2");
    CHECK_STR("nobody", jc_str(joined(&s.nobody)), "u1");
    CHECK_INT("kept", s.kept->n_visits, 1);
    CHECK_INT("the source's plan", kept.n_visits, 2);
}

/* Team after team: each is told of what its own end means, and the lists of the whole are as the register is then. */
static void test_drop_teams(void **state) {
    (void)state;
    const struct jc_change drops[] = {{.kind = JC_CHANGE_DROP_TEAM, .id = JC_STR("t1")},
                                      {.kind = JC_CHANGE_DROP_TEAM, .id = JC_STR("t2")}};
    struct jc_scenario s;
    struct jc_err err = {0};
    CHECK_OK("both", jc_scenario_make(reg, NULL, drops, 2, arena, &s, &err), &err);
    CHECK_STR("nobody", jc_str(joined(&s.nobody)), "u1 u2 u3 u4 u5");
    CHECK_STR("moved once, by nobody now", jc_str(joined(&s.moved)), "");
    size_t told = 0;
    for (size_t i = 0; i < s.notes.count; i++)
        if (s.notes.items[i].what == JC_MSG_SCENARIO_NOBODY) {
            CHECK_STR("counted for its own team", s.notes.items[i].args[1], told ? "3" : "2");
            told++;
        }
    CHECK_INT("one note for each", told, 2);
    const struct jc_change after[] = {
        {.kind = JC_CHANGE_DROP_TEAM, .id = JC_STR("t1")},
        {.kind = JC_CHANGE_HEADCOUNT, .id = JC_STR("t1"), .amount = 1},
        {.kind = JC_CHANGE_BUDGET, .id = JC_STR("t1"), .amount = 100},
        {.kind = JC_CHANGE_LEAD_TEAM, .id = JC_STR("u3"), .team = JC_STR("t1")},
        {.kind = JC_CHANGE_ADD_UNITS, .id = JC_STR("once"), .team = JC_STR("t1"), .amount = 1},
    };
    for (size_t i = 0; i < COUNT(after); i++) {
        const struct jc_change pair[] = {drops[0], after[i]};
        struct jc_err refused = {0};
        CHECK_INT("nothing more for it", jc_scenario_make(reg, NULL, pair, 2, arena, &s, &refused),
                  JC_FAILED_PRECONDITION);
        CHECK_INT("and why", refused.what, JC_MSG_SCENARIO_TEAM_DROPPED);
    }
}

/* Names do for codes where only one row has them. */
static void test_names(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct jc_change change;
        enum jc_msg what; /* JC_MSG_NONE: taken */
    } cases[] = {
        {"team", {.kind = JC_CHANGE_DROP_TEAM, .id = JC_STR("执法1队")}, JC_MSG_NONE},
        {"unit and team", {.kind = JC_CHANGE_LEAD_TEAM, .id = JC_STR("甲厂"), .team = JC_STR("执法2队")}, JC_MSG_NONE},
        {"team for more units",
         {.kind = JC_CHANGE_ADD_UNITS, .id = JC_STR("once"), .team = JC_STR("执法2队"), .amount = 1},
         JC_MSG_NONE},
        {"unknown team", {.kind = JC_CHANGE_DROP_TEAM, .id = JC_STR("执法9队")}, JC_MSG_SCENARIO_TEAM_UNKNOWN},
        {"unknown unit",
         {.kind = JC_CHANGE_LEAD_TEAM, .id = JC_STR("壬厂"), .team = JC_STR("t2")},
         JC_MSG_SCENARIO_UNIT_UNKNOWN},
        {"two units of a name",
         {.kind = JC_CHANGE_LEAD_TEAM, .id = JC_STR("丙厂"), .team = JC_STR("t2")},
         JC_MSG_SCENARIO_NAME_TWICE},
    };
    char *was = reg->units[3]->name;
    reg->units[3]->name = (char *)"丙厂";
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jc_scenario s;
        struct jc_err err = {0};
        enum jc_code code = jc_scenario_make(reg, NULL, &cases[i].change, 1, arena, &s, &err);
        CHECK_INT(cases[i].name, err.what, cases[i].what);
        CHECK_INT(cases[i].name, !code, cases[i].what == JC_MSG_NONE);
    }
    reg->units[3]->name = was;
    struct jc_scenario s = change("by name", cases[0].change, NULL);
    CHECK_STR("the same as by code", jc_str(joined(&s.nobody)), "u1 u2");
}

static void test_lead_and_quota(void **state) {
    (void)state;
    struct jc_scenario s =
        change("lead", (struct jc_change){.kind = JC_CHANGE_LEAD_TEAM, .id = JC_STR("u1"), .team = JC_STR("t2")}, NULL);
    CHECK_INT("teams of u1", s.reg->units[0]->n_lead_teams, 2);
    CHECK_INT("the source's", reg->units[0]->n_lead_teams, 1);
    s = change("quota", (struct jc_change){.kind = JC_CHANGE_QUOTA_MONTHS, .id = JC_STR("q-spring"), .months = 0xf},
               NULL);
    CHECK_INT("months", s.reg->quotas[0]->months, 0xf);
    CHECK_INT("the source's", reg->quotas[0]->months, 7);
}

/* --- what means nothing ------------------------------------------------------------------------------ */

static void test_refusals(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct jc_change change;
        enum jc_msg what;
    } rows[] = {
        {"team", {.kind = JC_CHANGE_HEADCOUNT, .id = JC_STR("t9"), .amount = 1}, JC_MSG_SCENARIO_TEAM_UNKNOWN},
        {"fewer than none", {.kind = JC_CHANGE_HEADCOUNT, .id = JC_STR("t1"), .amount = -4}, JC_MSG_SCENARIO_TOO_FEW},
        {"too many", {.kind = JC_CHANGE_HEADCOUNT, .id = JC_STR("t1"), .amount = INT64_MAX}, JC_MSG_SCENARIO_TOO_FEW},
        {"no year", {.kind = JC_CHANGE_BUDGET, .id = JC_STR("t2"), .amount = 100}, JC_MSG_SCENARIO_NO_LIMIT},
        {"less than 0",
         {.kind = JC_CHANGE_BUDGET, .id = JC_STR("t2"), .amount = -300, .month = 1},
         JC_MSG_SCENARIO_TOO_FEW_DAYS},
        {"rule", {.kind = JC_CHANGE_RULE, .id = JC_STR("x")}, JC_MSG_SCENARIO_RULE_UNKNOWN},
        {"no units", {.kind = JC_CHANGE_ADD_UNITS, .id = JC_STR(""), .amount = 0}, JC_MSG_SCENARIO_NO_UNITS},
        {"no model", {.kind = JC_CHANGE_ADD_UNITS, .id = JC_STR("rd"), .amount = 1}, JC_MSG_SCENARIO_NO_MODEL},
        {"unit", {.kind = JC_CHANGE_LEAD_TEAM, .id = JC_STR("u9"), .team = JC_STR("t1")}, JC_MSG_SCENARIO_UNIT_UNKNOWN},
        {"quota", {.kind = JC_CHANGE_QUOTA_MONTHS, .id = JC_STR("q")}, JC_MSG_SCENARIO_QUOTA_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct jc_scenario s;
        struct jc_err err = {0};
        struct jc_change what = rows[i].change;
        if (!what.team.ptr)
            what.team = JC_STR("");
        CHECK(rows[i].name, jc_scenario_make(reg, NULL, &what, 1, arena, &s, &err) != JC_OK);
        CHECK_INT(rows[i].name, err.what, rows[i].what);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_headcount_gain, open_huainan, close_db),
        cmocka_unit_test_setup_teardown(test_headcount, open_huainan, close_db),
        cmocka_unit_test_setup_teardown(test_headcount_without_lines, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_budget, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_rule, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_add_units, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_drop_team, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_drop_teams, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_names, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_lead_and_quota, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_refusals, open_year, close_db),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
