/* The problem of DESIGN section 9, built from imported cases. */
#include "jc_plan_test.h"

#include "model/problem.h"
#include "plan/problem.h"
#include "plan/shortfall.h"
#include "plan/solution.h"

struct build {
    struct jc_arena *arena;
    Jc__Plan *kept;
    Jc__Weights *weights;
    struct jc_plan_problem pp;
};

static enum jc_code build_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct build *b = ctx;
    const struct jc_problem_options options = {.weights = b->weights, .time_limit_ms = 7, .work_limit = 8, .seed = 9};
    return jc_plan_problem_build(tx, 1, b->kept, &options, b->arena, &b->pp, err);
}

static struct jc_arena *arena;
static struct jc_db *db;

static int open_year(void **state) {
    (void)state;
    arena = jc_arena_new(1 << 28);
    db = jc_plan_test_year(arena);
    return 0;
}

static int open_huainan(void **state) {
    (void)state;
    arena = jc_arena_new(1 << 28);
    db = jc_plan_test_huainan(arena);
    return 0;
}

static int close_db(void **state) {
    (void)state;
    jc_db_close(db);
    jc_arena_free(arena);
    return 0;
}

static const Jc__ProblemUnit *unit_named(const Jc__Problem *p, const char *id) {
    for (size_t i = 0; i < p->n_units; i++)
        if (strcmp(p->units[i]->unit_id, id) == 0)
            return p->units[i];
    return NULL;
}

/* --- the small year, row by row ------------------------------------------------------------------------ */

static void test_units(void **state) {
    (void)state;
    struct build b = {.arena = arena};
    jc_test_read(db, build_job, &b);
    const Jc__Problem *p = b.pp.problem;
    static const struct {
        const char *id;
        int options, visits, teams, joints, work_centi;
        uint32_t blackout;
    } units[] = {
        {"u1", 1, 2, 1, 1, 200, 1 << 4}, {"u2", 2, 1, 1, 0, 200, 0},
        {"u3", 1, 1, 2, 0, 200, 0},      {"u4", 1, 0, 1, 0, 200, 0}, /* not due: visited a year ago, every two years */
        {"u5", 1, 1, 1, 0, 300, 0},
    };
    CHECK_INT("units without a rule are left out", p->n_units, COUNT(units));
    for (size_t i = 0; i < COUNT(units); i++) {
        const Jc__ProblemUnit *u = unit_named(p, units[i].id);
        CHECK(units[i].id, u != NULL);
        CHECK_INT(units[i].id, u->n_options, units[i].options);
        CHECK_INT(units[i].id, u->options[0]->visits, units[i].visits);
        CHECK_INT(units[i].id, u->n_lead_teams, units[i].teams);
        CHECK_INT(units[i].id, u->n_joints, units[i].joints);
        CHECK_INT(units[i].id, u->work_centi, units[i].work_centi);
        CHECK_INT(units[i].id, u->blackout_months, units[i].blackout);
    }
    const Jc__ProblemJoint *joint = unit_named(p, "u1")->joints[0];
    CHECK_STR("joint", jc_str(p->teams[joint->team]->team_id), "t2");
    CHECK_INT("joint", joint->visits, 1);
    CHECK_INT("joint", joint->work_centi, 100);
    CHECK_INT("options", p->time_limit_ms * 100 + p->work_limit * 10 + (int64_t)p->seed, 789);
}

static void test_limits_and_targets(void **state) {
    (void)state;
    struct build b = {.arena = arena};
    jc_test_read(db, build_job, &b);
    const Jc__ProblemTeam *t1 = b.pp.problem->teams[0], *t2 = b.pp.problem->teams[1];
    CHECK_INT("A(t1)", t1->year_limit_centi, 6000);
    CHECK_INT("A(t2): none stated", t2->year_limit_centi, -1);
    CHECK_INT("B(t1,1): 3 persons, 18 working days", t1->month_limit_centi[0], 3 * 18 * 100);
    CHECK_INT("B(t1,10): 19 working days", t1->month_limit_centi[9], 3 * 19 * 100);
    CHECK_INT("B(t2,1): budgets.csv", t2->month_limit_centi[0], 200);
    CHECK_INT("B(t2,2): no line, so 2 persons, 20 days", t2->month_limit_centi[1], 2 * 20 * 100);
    /* need(t1) = u1 2·2 + u2 (mean of once and half) 1.5·2 + u3 2/2 + d1 3·2 = 14; A spread by working days:
     * T = ⌊14/60 · 60 · days/249 + ½⌋, January 18 days: 1.51 -> 1.0 + ½ -> 1 */
    CHECK_INT("targets of t1", t1->n_target_centi, 12);
    CHECK_INT("T(t1,1)", t1->target_centi[0], 100);
    /* need(t2) = u1's joint 1 + u3 1 + u5 3 + d2 2·2 = 9 > 8 = ΣB': the budget itself */
    CHECK_INT("T(t2,1)", t2->target_centi[0], 200);
    CHECK_INT("T(t2,2)", t2->target_centi[1], 0);
    CHECK_INT("T(t2,8)", t2->target_centi[7], 600);
}

static void test_quotas(void **state) {
    (void)state;
    struct build b = {.arena = arena};
    jc_test_read(db, build_job, &b);
    static const struct {
        const char *id;
        int team;
        Jc__QuotaScope scope;
        Jc__QuotaCounts counts;
        uint32_t months;
        size_t members, groups;
        int min, max;
    } quotas[] = {
        {"q-spring", 0, JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS, 0x7, 3, 0, 1, 3},
        {"q-year", -1, JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS, 0xfff, 2, 0, -1, -1},
        {"q-alt", -1, JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE, JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS, 0xfff, 1, 0, 2, 2},
        {"q-remote", 0, JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE, JC__QUOTA_COUNTS__QUOTA_COUNTS_REMOTE_VISITS, 0xfc0, 1, 0, 1,
         1},
        {"q-group", -1, JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS, 0x3f, 0, 1, -1, 1},
        {"q-draw", -1, JC__QUOTA_SCOPE__QUOTA_SCOPE_DRAW, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS, 0xfc0, 1, 0, 2, 2},
    };
    CHECK_INT("quotas", b.pp.problem->n_quotas, COUNT(quotas));
    for (size_t i = 0; i < COUNT(quotas); i++) {
        const Jc__ProblemQuota *q = b.pp.problem->quotas[i];
        CHECK_STR(quotas[i].id, jc_str(q->quota_id), quotas[i].id);
        CHECK_INT(quotas[i].id, q->team, quotas[i].team);
        CHECK_INT(quotas[i].id, q->scope, quotas[i].scope);
        CHECK_INT(quotas[i].id, q->counts, quotas[i].counts);
        CHECK_INT(quotas[i].id, q->months, quotas[i].months);
        CHECK_INT(quotas[i].id, q->n_members, quotas[i].members);
        CHECK_INT(quotas[i].id, q->n_groups, quotas[i].groups);
        CHECK_INT(quotas[i].id, q->min, quotas[i].min);
        CHECK_INT(quotas[i].id, q->max, quotas[i].max);
    }
}

static void test_weights(void **state) {
    (void)state;
    Jc__Weights weights = JC__WEIGHTS__INIT;
    weights.balance_milli = 2000;
    struct build b = {.arena = arena, .weights = &weights};
    jc_test_read(db, build_job, &b);
    CHECK_INT("balance", b.pp.problem->weights->balance_milli, 2000);
    b.weights = NULL;
    jc_test_read(db, build_job, &b);
    CHECK_INT("DESIGN's travel", jc_problem_weights(b.pp.problem).travel_milli, 4000);
}

/* --- kept visits ------------------------------------------------------------------------------------------ */

static void test_pins(void **state) {
    (void)state;
    Jc__Plan *plan = NULL;
    struct jc_register *reg = NULL;
    struct jc_err err = {0};
    CHECK_OK("solve", jc_plan_test_solve(db, arena, JC_TEST_OPTIMIZER, &plan, &reg, &err), &err);
    struct build b = {.arena = arena, .kept = plan};
    jc_test_read(db, build_job, &b);
    CHECK_INT("nothing is kept of a fresh draft", b.pp.problem->n_pins, 0);
    plan->visits[0]->pinned = true;
    plan->visits[1]->status = JC__VISIT_STATUS__VISIT_STATUS_RELEASED;
    plan->visits[2]->status = JC__VISIT_STATUS__VISIT_STATUS_DONE;
    jc_test_read(db, build_job, &b);
    CHECK_INT("pinned, released, done", b.pp.problem->n_pins, 3);
    for (size_t i = 0; i < plan->n_visits; i++)
        if (*plan->visits[i]->draw_id)
            plan->visits[i]->unit_id = (char *)"u6";
    jc_test_read(db, build_job, &b);
    int slots = 0;
    for (size_t i = 0; i < b.pp.problem->n_pins; i++)
        slots += b.pp.problem->pins[i]->draw >= 0;
    CHECK_INT("drawn slots", slots, 5);
}

/* What people were told of a visit stays, its mode and who joins; what the planner alone fixed stays in its month. */
static void test_told(void **state) {
    (void)state;
    Jc__Plan *plan = NULL;
    struct jc_register *reg = NULL;
    struct jc_err err = {0};
    int told = 0;
    CHECK_OK("solve", jc_plan_test_solve(db, arena, JC_TEST_OPTIMIZER, &plan, &reg, &err), &err);
    for (size_t i = 0; i < plan->n_visits; i++) {
        plan->visits[i]->pinned = true;
        if (*plan->visits[i]->unit_id && plan->visits[i]->month > 6) {
            plan->visits[i]->status = JC__VISIT_STATUS__VISIT_STATUS_RELEASED;
            plan->visits[i]->mode = JC__VISIT_MODE__VISIT_MODE_REMOTE;
        }
    }
    struct build b = {.arena = arena, .kept = plan};
    jc_test_read(db, build_job, &b);
    for (size_t i = 0; i < b.pp.problem->n_pins; i++) {
        const Jc__ProblemPin *pin = b.pp.problem->pins[i];
        CHECK_INT("mode", pin->mode,
                  pin->unit >= 0 && pin->month > 6 ? JC__VISIT_MODE__VISIT_MODE_REMOTE
                                                   : JC__VISIT_MODE__VISIT_MODE_UNSPECIFIED);
    }
    for (size_t i = 0; i < plan->n_visits; i++) {
        const Jc__Visit *visit = plan->visits[i];
        const Jc__ProblemUnit *u = unit_named(b.pp.problem, visit->unit_id);
        for (size_t j = 0; u && j < u->n_joints; j++) {
            bool is_told = u->joints[j]->told_months >> (visit->month - 1) & 1;
            CHECK_INT(visit->visit_id, is_told, visit->month > 6);
            CHECK_INT(visit->visit_id, u->joints[j]->joined_months >> (visit->month - 1) & 1,
                      is_told && visit->n_joined > 0);
            told += is_told;
        }
    }
    CHECK("some unit is joined", told > 0);
}

/* A forced visit stands alone, and so do the others of its unit; what they count for stays the same. */
static void test_forced(void **state) {
    (void)state;
    Jc__Plan *plan = NULL;
    struct jc_register *reg = NULL;
    struct jc_measure measure;
    struct jc_err err = {0};
    CHECK_OK("solve", jc_plan_test_solve(db, arena, JC_TEST_OPTIMIZER, &plan, &reg, &err), &err);
    int64_t cost = plan->solve->cost_e5, quota = plan->solve->quota;
    for (size_t i = 0; i < plan->n_visits; i++)
        if (strcmp(plan->visits[i]->visit_id, "u1-01") == 0) {
            plan->visits[i]->forced_by = (char *)"cli:test";
            plan->visits[i]->pinned = true;
        }
    struct build b = {.arena = arena, .kept = plan};
    jc_test_read(db, build_job, &b);
    CHECK_INT("u1 is two units now", b.pp.problem->n_units, 6);
    CHECK("by its visits", unit_named(b.pp.problem, "u1/u1-01") && unit_named(b.pp.problem, "u1/u1-02"));
    CHECK_INT("copies of half and second", b.pp.problem->n_rules, 5 + 3);
    CHECK_OK("measure", jc_plan_measure(&b.pp, plan, arena, &measure, &err), &err);
    CHECK_INT("the cost is the same", plan->solve->cost_e5, cost);
    CHECK_INT("quotas too", plan->solve->quota, quota);
    CHECK("but the bound proves nothing now", !plan->solve->tiers_settled);
    /* both visits of u1 in May, which is blacked out, against every rule of u1 */
    for (size_t i = 0; i < plan->n_visits; i++)
        if (strcmp(plan->visits[i]->unit_id, "u1") == 0)
            plan->visits[i]->month = 5;
    jc_test_read(db, build_job, &b);
    CHECK_OK("measure all the same", jc_plan_measure(&b.pp, plan, arena, &measure, &err), &err);
    CHECK_INT("u1 is served", plan->solve->unserved, 0);
}

/* --- the published plan ------------------------------------------------------------------------------------ */

static void test_huainan(void **state) {
    (void)state;
    struct build b = {.arena = arena};
    jc_test_read(db, build_job, &b);
    const Jc__Problem *p = b.pp.problem;
    static const struct {
        const char *name;
        int64_t expected;
    } expect[] = {{"teams", 6},   {"units", 102}, {"rules", 14}, {"draws", 6},
                  {"quotas", 36}, {"slots", 23},  {"joint", 4}};
    int64_t slots = 0, joint = 0;
    for (size_t i = 0; i < p->n_draws; i++)
        slots += p->draws[i]->sample;
    for (size_t i = 0; i < p->n_units; i++)
        joint += p->units[i]->n_joints > 0;
    const int64_t actual[] = {(int64_t)p->n_teams,
                              (int64_t)p->n_units,
                              (int64_t)p->n_rules,
                              (int64_t)p->n_draws,
                              (int64_t)p->n_quotas,
                              slots,
                              joint};
    for (size_t i = 0; i < COUNT(expect); i++)
        CHECK_INT(expect[i].name, actual[i], expect[i].expected);
    /* need = budget for every team (299 of 299 …), so its targets are its days spread by working days */
    int64_t sum = 0;
    for (int m = 0; m < 12; m++)
        sum += p->teams[0]->target_centi[m];
    CHECK_INT("T(hn-t1,1) = ⌊299·18/249 + ½⌋", p->teams[0]->target_centi[0], 2200);
    CHECK("targets add up to about the year", sum > 29500 && sum < 30300);
}

static void test_huainan_solved(void **state) {
    (void)state;
    Jc__Plan *plan = NULL;
    struct jc_register *reg = NULL;
    struct jc_err err = {0};
    CHECK_OK("solve", jc_plan_test_solve(db, arena, JC_TEST_OPTIMIZER, &plan, &reg, &err), &err);
    CHECK_INT("visits", plan->n_visits, 157);
    CHECK_INT("unserved", plan->solve->unserved, 0);
    CHECK_INT("over", plan->solve->over_centi, 0);
    CHECK_INT("quota", plan->solve->quota, 0);
    CHECK_INT("shortfalls", plan->n_shortfalls, 0);
    int64_t work = 0, remote = 0, joined = 0;
    for (size_t i = 0; i < plan->n_visits; i++) {
        const Jc__Visit *v = plan->visits[i];
        work += (int64_t)v->persons * v->days_centi;
        remote += v->mode == JC__VISIT_MODE__VISIT_MODE_REMOTE;
        for (size_t k = 0; k < v->n_joined; k++, joined++)
            work += (int64_t)v->joined[k]->persons * v->joined[k]->days_centi;
    }
    CHECK_INT("workdays", work, 58100);
    CHECK_INT("remote", remote, 2);
    CHECK_INT("joint visits", joined, 4);
    /* ids by month order, and the plan measures to what was stored */
    struct build b = {.arena = arena, .kept = plan};
    struct jc_measure measure;
    jc_test_read(db, build_job, &b);
    Jc__SolveSummary before = *plan->solve;
    CHECK_OK("measure", jc_plan_measure(&b.pp, plan, arena, &measure, &err), &err);
    CHECK_INT("cost", plan->solve->cost_e5, before.cost_e5);
    CHECK_INT("quota", plan->solve->quota, before.quota);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_units, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_limits_and_targets, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_quotas, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_weights, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_pins, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_told, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_forced, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_huainan, open_huainan, close_db),
        cmocka_unit_test_setup_teardown(test_huainan_solved, open_huainan, close_db),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
