/* The referee: a plan counted by hand, and every hard rule broken once (DESIGN section 9). */
#include "jc_problem_test.h"
#include "model/objective.h"

/* Two teams of 10 workdays a month. u1: rule r1 (once each half-year, gap 3) or r2 (once), t1 or t2, east,
 * risk 2, 2 workdays, t2 joins both visits with 1.5. u2: r2, t1, west, prefers June, 3 workdays. u3: not
 * due. Draw d1: 2 slots of t1 under r2, in the first half-year, 1 workday. */
static struct maker problem(struct jc_arena *arena) {
    struct maker k = maker_new(arena);
    add_team(&k, 1000, 1200, 100);
    add_team(&k, 1000, -1, -1);
    Jc__ProblemRule *r = add_rule(&k, 2, 3);
    add_window(&k, &r->windows, &r->n_windows, 0x03f, 1, 1);
    add_window(&k, &r->windows, &r->n_windows, 0xfc0, 1, 1);
    add_rule(&k, 1, 0);
    Jc__ProblemUnit *u = add_unit(&k, 200);
    u->district = (char *)"east";
    u->risk = 2;
    u->blackout_months = 1u << 10;
    add_option(&k, u, 0, true);
    add_option(&k, u, 1, true);
    add_lead(&k, u, 0);
    add_lead(&k, u, 1);
    add_joint(&k, u, 1, 0, 150);
    add_group(&k, &u->groups, &u->n_groups, "g");
    u = add_unit(&k, 300);
    u->district = (char *)"west";
    u->risk = 1; /* does not count: the unit has preferred months */
    u->preferred_months = 1u << 5;
    add_option(&k, u, 1, true);
    add_lead(&k, u, 0);
    u = add_unit(&k, 900);
    add_option(&k, u, 1, false);
    add_lead(&k, u, 0);
    Jc__ProblemDraw *d = add_draw(&k, 0, 2, 100);
    d->rule = 1;
    add_window(&k, &d->windows, &d->n_windows, 0x03f, 2, 2);
    return k;
}

static Jc__Solution *solution(struct jc_arena *arena) {
    Jc__Solution *s = JC_NEW(arena, Jc__Solution);
    jc__solution__init(s);
    return s;
}

static Jc__SolvedVisit *visit(struct maker *k, Jc__Solution *s, int unit, int rule, int team, int month) {
    Jc__SolvedVisit *v = MAKER_ROW(k, Jc__SolvedVisit, jc__solved_visit__init, s->visits, s->n_visits);
    v->unit = unit;
    v->rule = rule;
    v->team = team;
    v->month = month;
    v->mode = JC__VISIT_MODE__VISIT_MODE_ONSITE;
    if (unit == 0) {
        v->joints = JC_NEW_ARRAY(k->arena, 2, int32_t);
        v->n_joints = 1;
    }
    return v;
}

static void slot(struct maker *k, Jc__Solution *s, int draw, int month) {
    Jc__SolvedSlot *row = MAKER_ROW(k, Jc__SolvedSlot, jc__solved_slot__init, s->slots, s->n_slots);
    row->draw = draw;
    row->month = month;
}

/* The good plan: u1 in March and September by t1, u2 in May, slots in March and May. */
static Jc__Solution *good_plan(struct maker *k) {
    Jc__Solution *s = solution(k->arena);
    visit(k, s, 0, 0, 0, 3);
    visit(k, s, 0, 0, 0, 9);
    visit(k, s, 1, 1, 0, 5);
    slot(k, s, 0, 3);
    slot(k, s, 0, 5);
    return s;
}

static void counts_by_hand(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct maker k = problem(arena);
    struct jc_measure m;
    struct jc_err err = {0};
    Jc__Solution *s = good_plan(&k);
    CHECK_OK("good plan", jc_solution_check(k.p, s, arena, &m, &err), &err);
    /* t1: March 2 + 1, May 3 + 1, September 2: |L - 1| = 2 + 3 + 1 and 9 empty months of 1: 15 */
    assert_int_equal(m.load_centi[2], 300);
    assert_int_equal(m.load_centi[4], 400);
    assert_int_equal(m.load_centi[8], 200);
    assert_int_equal(m.load_centi[JC_MONTHS + 2], 150);
    assert_int_equal(m.openings, 3);
    assert_int_equal(m.visits, 5);
    assert_int_equal(m.objective.unserved, 0);
    assert_int_equal(m.objective.over_centi, 0);
    /* risk 2: 0.1 · 2 · (3 + 9) = 2.4; u2 outside June: 1; 15 + 3 · 4 + 3.4 = 30.4 */
    assert_int_equal(m.objective.cost_e5, 3040000);
    jc_arena_free(arena);
}

static void counts_what_is_elastic(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct maker k = problem(arena);
    struct jc_measure m;
    struct jc_err err = {0};
    k.p->teams[0]->month_limit_centi[4] = 250; /* May: 4 workdays, 1.5 over */
    k.p->teams[0]->year_limit_centi = 850;     /* 9 workdays, 0.5 over */
    Jc__ProblemQuota *q = add_quota(&k, JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS, 0x014,
                                    5, -1); /* r2 in March and May: u2 and 2 slots, 2 short */
    add_member(&k, q, 1);
    q = add_quota(&k, JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS, 0xfff, 0, 1);
    q->team = 1; /* t2 joins twice under r1: 1 too many */
    add_member(&k, q, 0);
    q = add_quota(&k, JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE, JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS, 0, 3, 3);
    add_member(&k, q, 0); /* u1 alone: 2 short */
    add_member(&k, q, 0); /* named twice, counted once */
    q = add_quota(&k, JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP, JC__QUOTA_COUNTS__QUOTA_COUNTS_REMOTE_VISITS, 0xfff, 2, 2);
    add_group(&k, &q->groups, &q->n_groups, "g"); /* one remote visit: 1 short */
    q = add_quota(&k, JC__QUOTA_SCOPE__QUOTA_SCOPE_DRAW, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS, 0x004, 2, 2);
    add_member(&k, q, 0); /* one slot in March: 1 short */
    Jc__Solution *s = good_plan(&k);
    s->visits[1]->mode = JC__VISIT_MODE__VISIT_MODE_REMOTE;
    CHECK_OK("elastic", jc_solution_check(k.p, s, arena, &m, &err), &err);
    assert_int_equal(m.objective.over_centi, 200);
    assert_int_equal(jc_measure_over(k.p, &m, 0, 5), 150);
    assert_int_equal(jc_measure_over(k.p, &m, 0, 0), 50);
    assert_int_equal(jc_measure_over(k.p, &m, 1, 0), 0);
    static const int64_t counts[] = {3, 2, 1, 1, 1};
    for (size_t i = 0; i < COUNT(counts); i++)
        assert_int_equal(m.quota_count[i], counts[i]);
    assert_int_equal(m.objective.quota, 2 + 1 + 2 + 1 + 1);
    /* u1 left out: the fewest visits among its rules */
    memmove(s->visits, s->visits + 2, sizeof *s->visits);
    s->n_visits = 1;
    CHECK_OK("unserved", jc_solution_check(k.p, s, arena, &m, &err), &err);
    assert_int_equal(m.objective.unserved, 1);
    assert_int_equal(m.unserved[0], 1);
    assert_int_equal(m.unserved[2], 0);
    jc_arena_free(arena);
}

/* The good plan against plans in force: a unit's changes are the visits of the larger side that the other
 * does not have, a draw's the slots beyond those in force. Each costs 3. */
static void counts_changes(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct {
            int unit, month, team;
        } visits[4]; /* month 0 ends them */
        int slots[3];
        int64_t changes;
    } cases[] = {
        {"the same", {{0, 3, 0}, {0, 9, 0}, {1, 5, 0}}, {3, 5}, 0},
        {"nothing in force", {{0, 0, 0}}, {0}, 5},
        {"another month", {{0, 3, 0}, {0, 8, 0}, {1, 5, 0}}, {3, 5}, 1},
        {"another team", {{0, 3, 1}, {0, 9, 1}, {1, 5, 0}}, {3, 5}, 2},
        {"a team that is gone", {{0, 3, 0}, {0, 9, 0}, {1, 5, -1}}, {3, 5}, 1},
        {"a visit more in force", {{0, 3, 0}, {0, 6, 0}, {0, 9, 0}, {1, 5, 0}}, {3, 5}, 1},
        {"a visit of a unit that is not due", {{0, 3, 0}, {0, 9, 0}, {1, 5, 0}, {2, 4, 0}}, {3, 5}, 1},
        {"both slots in March", {{0, 3, 0}, {0, 9, 0}, {1, 5, 0}}, {3, 3}, 1},
    };
    struct jc_arena *arena = jc_arena_new(1 << 20);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct maker k = problem(arena);
        struct jc_measure m;
        struct jc_err err = {0};
        k.p->in_force = JC_NEW(arena, Jc__PlanInForce);
        jc__plan_in_force__init(k.p->in_force);
        for (int v = 0; v < 4 && cases[i].visits[v].month; v++)
            add_in_force(&k, cases[i].visits[v].unit, cases[i].visits[v].month, cases[i].visits[v].team);
        for (int s = 0; cases[i].slots[s]; s++) {
            Jc__PlanInForce *plan = k.p->in_force;
            Jc__SolvedSlot *row = MAKER_ROW(&k, Jc__SolvedSlot, jc__solved_slot__init, plan->slots, plan->n_slots);
            row->month = cases[i].slots[s];
        }
        CHECK_OK(cases[i].name, jc_solution_check(k.p, good_plan(&k), arena, &m, &err), &err);
        CHECK_INT(cases[i].name, m.changes, cases[i].changes);
        CHECK_INT(cases[i].name, m.objective.cost_e5, 3040000 + 300000 * cases[i].changes);
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

typedef void breaker(struct maker *k, Jc__Solution *s);

static void unknown_rule(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[0]->rule = 2;
}
static void unknown_team(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[0]->team = -1;
}
static void unknown_unit(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[2]->unit = 3;
}
static void negative_unit(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[0]->unit = -1;
}
static void month_0(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[0]->month = 0;
}
static void month_13(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[1]->month = 13;
}
static void no_mode(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[1]->mode = JC__VISIT_MODE__VISIT_MODE_UNSPECIFIED;
}
static void unknown_joint(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[0]->joints[0] = 1;
}
static void joint_twice(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[0]->n_joints = 2;
}
static void same_month_twice(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[1]->month = 3;
}
static void months_backwards(struct maker *k, Jc__Solution *s) {
    (void)k;
    s->visits[0]->month = 9;
    s->visits[1]->month = 3;
}
static void units_backwards(struct maker *k, Jc__Solution *s) {
    (void)k;
    Jc__SolvedVisit *last = s->visits[2];
    memmove(s->visits + 1, s->visits, 2 * sizeof *s->visits);
    s->visits[0] = last;
}
static void two_teams(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[1]->team = 1;
}
static void two_rules(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[1]->rule = 1;
}
static void not_its_team(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[2]->team = 1;
}
static void not_its_rule(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[2]->rule = 0;
}
static void one_visit_missing(struct maker *k, Jc__Solution *s) {
    (void)k;
    memmove(s->visits + 1, s->visits + 2, sizeof *s->visits);
    s->n_visits = 2;
}
static void visit_when_not_due(struct maker *k, Jc__Solution *s) {
    visit(k, s, 2, 1, 0, 6);
}
static void blacked_out(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[1]->month = 11;
}
static void outside_windows(struct maker *k, Jc__Solution *s) {
    k->p->rules[0]->windows[1]->months = 0xf00;
    s->visits[1]->month = 8;
}
static void window_broken(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[1]->month = 6;
}
static void too_close(struct maker *k, Jc__Solution *s) {
    (void)k;
    s->visits[0]->month = 6;
    s->visits[1]->month = 8;
}
static void joint_missing(struct maker *k, Jc__Solution *s) {
    (void)k, s->visits[1]->n_joints = 0;
}
static void pin_moved(struct maker *k, Jc__Solution *s) {
    (void)s, add_pin(k, 0, -1, 4);
}
static void pin_by_other_team(struct maker *k, Jc__Solution *s) {
    (void)s, add_pin(k, 0, -1, 3)->team = 1;
}
static void pin_under_other_rule(struct maker *k, Jc__Solution *s) {
    (void)s, add_pin(k, 0, -1, 3)->rule = 1;
}
static void slot_missing(struct maker *k, Jc__Solution *s) {
    (void)k, s->n_slots = 1;
}
static void slot_outside(struct maker *k, Jc__Solution *s) {
    (void)k, s->slots[1]->month = 7;
}
static void slots_backwards(struct maker *k, Jc__Solution *s) {
    (void)k, s->slots[1]->month = 2;
}
static void slot_month_0(struct maker *k, Jc__Solution *s) {
    (void)k, s->slots[0]->month = 0;
}
static void slot_month_13(struct maker *k, Jc__Solution *s) {
    (void)k, s->slots[1]->month = 13;
}
static void unknown_draw(struct maker *k, Jc__Solution *s) {
    slot(k, s, 1, 3);
}
static void slot_pin_moved(struct maker *k, Jc__Solution *s) {
    (void)s, add_pin(k, -1, 0, 1);
}

static const struct {
    const char *name;
    breaker *breaks;
    enum jc_code code;
    enum jc_msg what;
} plan_cases[] = {
    {"unknown rule", unknown_rule, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_REFERENCE},
    {"unknown team", unknown_team, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_REFERENCE},
    {"unknown unit", unknown_unit, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_REFERENCE},
    {"negative unit", negative_unit, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_REFERENCE},
    {"month 0", month_0, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_REFERENCE},
    {"month 13", month_13, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_REFERENCE},
    {"no mode", no_mode, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_REFERENCE},
    {"unknown joint", unknown_joint, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_REFERENCE},
    {"joint twice on a visit", joint_twice, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_ORDER},
    {"month twice", same_month_twice, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_ORDER},
    {"months backwards", months_backwards, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_ORDER},
    {"units backwards", units_backwards, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_REFERENCE},
    {"two lead teams", two_teams, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_CHOICE},
    {"two rules", two_rules, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_CHOICE},
    {"not its team", not_its_team, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_CHOICE},
    {"not its rule", not_its_rule, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_CHOICE},
    {"one visit missing", one_visit_missing, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_VISITS},
    {"visited though not due", visit_when_not_due, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_VISITS},
    {"blacked out", blacked_out, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_BLACKOUT},
    {"outside all windows", outside_windows, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_OUTSIDE},
    {"two in one window", window_broken, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_WINDOW},
    {"too close", too_close, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_GAP},
    {"joint missing", joint_missing, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_JOINT},
    {"pin moved", pin_moved, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_PIN},
    {"pin by another team", pin_by_other_team, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_PIN},
    {"pin under another rule", pin_under_other_rule, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_PIN},
    {"slot missing", slot_missing, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_DRAW},
    {"slot outside its window", slot_outside, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_DRAW},
    {"slots backwards", slots_backwards, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_ORDER},
    {"slot in month 0", slot_month_0, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_ORDER},
    {"slot in month 13", slot_month_13, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_ORDER},
    {"unknown draw", unknown_draw, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_REFERENCE},
    {"slot pin moved", slot_pin_moved, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_DRAW},
};

static void refuses_broken_plans(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    for (size_t i = 0; i < COUNT(plan_cases); i++) {
        struct maker k = problem(arena);
        Jc__Solution *s = good_plan(&k);
        struct jc_measure m;
        struct jc_err err = {0};
        plan_cases[i].breaks(&k, s);
        CHECK_INT(plan_cases[i].name, jc_solution_check(k.p, s, arena, &m, &err), plan_cases[i].code);
        CHECK_INT(plan_cases[i].name, err.what, plan_cases[i].what);
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

static void compares_by_strict_tiers(void **state) {
    (void)state;
    static const int64_t ranked[][4] = {
        {0, 0, 0, 5}, {0, 0, 0, 6}, {0, 0, 1, 0}, {0, 1, 0, 0}, {0, 1, 9, 9}, {1, 0, 0, 0},
    };
    for (size_t i = 0; i < COUNT(ranked); i++)
        for (size_t j = 0; j < COUNT(ranked); j++) {
            Jc__Objective a = JC__OBJECTIVE__INIT, b = JC__OBJECTIVE__INIT;
            a.unserved = ranked[i][0], a.over_centi = ranked[i][1], a.quota = ranked[i][2], a.cost_e5 = ranked[i][3];
            b.unserved = ranked[j][0], b.over_centi = ranked[j][1], b.quota = ranked[j][2], b.cost_e5 = ranked[j][3];
            assert_int_equal(jc_objective_cmp(&a, &b), (i > j) - (i < j));
        }
}

static void counts_the_gap(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int64_t cost_e5, bound_e5, ppm;
    } cases[] = {
        {"nothing costs", 0, 0, 0},
        {"proven", 5000000, 5000000, 0},
        {"nothing is proven", 5000000, 0, 1000000},
        {"a third, rounded", 300000, 200000, 333333},
        {"two thirds, rounded", 300000, 100000, 666667},
        {"figures near the end of int64", INT64_MAX / 2, INT64_MAX / 4, 500000},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_INT(cases[i].name, jc_gap_ppm(cases[i].cost_e5, cases[i].bound_e5), cases[i].ppm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_by_hand),           cmocka_unit_test(counts_what_is_elastic),
        cmocka_unit_test(counts_changes),           cmocka_unit_test(refuses_broken_plans),
        cmocka_unit_test(compares_by_strict_tiers), cmocka_unit_test(counts_the_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
