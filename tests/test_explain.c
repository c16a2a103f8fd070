/* Why a plan falls short, and what would repair it: small problems by hand whose answer is known, random
 * ones in which every repair is checked by solving again from nothing, and the database around it. */
#include "jc_plan_test.h"
#include "jc_problem_test.h"

#include "model/objective.h"
#include "model/problem.h"
#include "model/quota.h"
#include "plan/explain.h"
#include "plan/repair.h"
#include "plan/shortfall.h"
#include "plan/variant.h"

enum { WORK = 100000, MONTH_10 = 1 << 9, MONTH_1 = 1 };

#define KIND(name) (1u << JC__LIMIT_KIND__LIMIT_KIND_##name)
#define FIX(name) (1u << JC__REPAIR_KIND__REPAIR_KIND_##name)

/* --- solving and explaining ----------------------------------------------------------------------------- */

static Jc__Solution *solve(const char *name, Jc__Problem *p, struct jc_arena *arena, struct jc_measure *m) {
    const struct jc_worker_config worker = {.program = JC_TEST_OPTIMIZER, .cancel_fd = -1};
    struct jc_err err = {0};
    Jc__Solution *s = NULL;
    p->work_limit = WORK;
    p->seed = 1;
    CHECK_OK(name, jc_worker_run(&worker, p, arena, &s, &err), &err);
    CHECK_OK(name, jc_solution_check(p, s, arena, m, &err), &err);
    return s;
}

/* The shortfalls of a plan, as rows. */
static size_t list(const Jc__Problem *p, const struct jc_measure *m, struct jc_arena *arena, Jc__Shortfall ***out) {
    size_t n = 0;
    *out = JC_NEW_ARRAY(arena, p->n_units + p->n_quotas + p->n_teams * 13 + 1, Jc__Shortfall *);
    for (size_t i = 0; i < p->n_units + p->n_quotas + p->n_teams * 13; i++) {
        Jc__Shortfall *s = JC_NEW(arena, Jc__Shortfall);
        jc__shortfall__init(s);
        if (i < p->n_units) {
            s->unit_id = p->units[i]->unit_id;
            s->amount_centi = m->unserved[i] * INT64_C(100);
        } else if (i < p->n_units + p->n_quotas) {
            size_t q = i - p->n_units;
            s->quota_id = p->quotas[q]->quota_id;
            s->amount_centi = jc_quota_miss(p->quotas[q], m->quota_count[q]) * 100;
        } else {
            size_t k = (i - p->n_units - p->n_quotas) / 13;
            s->team_id = p->teams[k]->team_id;
            s->month = (int32_t)((i - p->n_units - p->n_quotas) % 13);
            s->amount_centi = jc_measure_over(p, m, (int)k, s->month);
        }
        if (s->amount_centi)
            (*out)[n++] = s;
    }
    return n;
}

/* Plans of more visits than this are explained as large ones: only units around a shortfall may move. */
static size_t whole_visits;

static void explain_late(const char *name, const Jc__Problem *p, const Jc__Solution *plan, const struct jc_past *past,
                         Jc__Shortfall **rows, size_t n, struct jc_arena *arena) {
    const struct jc_explain_request request = {
        .program = JC_TEST_OPTIMIZER, .cancel_fd = -1, .whole_visits = whole_visits};
    struct jc_err err = {0};
    CHECK_OK(name, jc_explain_problem(p, plan, past, &request, rows, n, arena, &err), &err);
}

static void explain(const char *name, const Jc__Problem *p, const Jc__Solution *plan, Jc__Shortfall **rows, size_t n,
                    struct jc_arena *arena) {
    explain_late(name, p, plan, NULL, rows, n, arena);
}

/* Of all teams that join units, those are named whose rule the repair changes. */
static void check_joints(const char *name, const Jc__Problem *p, const Jc__Problem *v, const Jc__Repair *repair) {
    for (size_t k = 0; k < p->n_teams; k++) {
        size_t changed = 0, named = 0;
        for (size_t u = 0; u < p->n_units; u++)
            for (size_t j = 0; j < p->units[u]->n_joints; j++)
                changed += p->units[u]->joints[j]->team == (int32_t)k &&
                           p->units[u]->joints[j]->rule != v->units[u]->joints[j]->rule;
        for (size_t i = 0; i < repair->n_joint_team_ids; i++)
            named += strcmp(repair->joint_team_ids[i], p->teams[k]->team_id) == 0;
        CHECK_INT(name, named, changed ? 1 : 0);
    }
}

/* Solved from nothing, the repaired problem is no worse than the repair claims, and the amount is right. */
static void check_repair(const char *name, const Jc__Problem *p, const struct jc_measure *before,
                         const Jc__Shortfall *s, const Jc__Repair *repair, struct jc_arena *arena) {
    struct jc_err err = {0};
    struct jc_measure after;
    Jc__Problem *v = NULL;
    CHECK_OK(name, jc_repair_apply(p, repair, arena, &v, &err), &err);
    CHECK_OK(name, jc_problem_check(v, &err), &err);
    check_joints(name, p, v, repair);
    solve(name, v, arena, &after);
    Jc__Objective claimed = before->objective;
    claimed.unserved += repair->unserved_change;
    claimed.over_centi += repair->over_change_centi;
    claimed.quota += repair->quota_change;
    claimed.cost_e5 = INT64_MAX;
    CHECK(name, jc_objective_cmp(&after.objective, &claimed) <= 0);
    int64_t gain = *s->unit_id    ? -repair->unserved_change * 100
                   : *s->quota_id ? -repair->quota_change * 100
                                  : -repair->over_change_centi;
    CHECK(name, gain >= s->amount_centi);
    if (repair->kind == JC__REPAIR_KIND__REPAIR_KIND_WORKDAYS && !*s->quota_id)
        CHECK_INT(name, repair->amount_centi, s->amount_centi); /* a tier falls by no more than a limit is raised */
}

/* --- problems whose answer is known -------------------------------------------------------------------------- */

static Jc__ProblemUnit *simple_unit(struct maker *k, int rule, int team, int64_t work) {
    Jc__ProblemUnit *u = add_unit(k, work);
    add_option(k, u, rule, true);
    add_lead(k, u, team);
    return u;
}

static void rule_in(struct maker *k, int visits, int gap, uint32_t months) {
    Jc__ProblemRule *r = add_rule(k, visits, gap);
    add_window(k, &r->windows, &r->n_windows, months, visits, visits);
}

static void window_fills_month(struct maker *k) {
    add_team(k, 300, -1, -1);
    add_team(k, 1000, -1, -1);
    rule_in(k, 1, 1, MONTH_10);
    for (int i = 0; i < 3; i++)
        simple_unit(k, 0, 0, 200);
}

static void year_is_short(struct maker *k) {
    add_team(k, 100, -1, -1);
    add_rule(k, 2, 1);
    for (int i = 0; i < 7; i++)
        simple_unit(k, 0, 0, 100);
}

static void year_limit(struct maker *k) {
    add_team(k, 1000, 500, -1);
    add_rule(k, 2, 1);
    add_rule(k, 1, 1);
    for (int i = 0; i < 3; i++)
        simple_unit(k, 0, 0, 100);
}

static void teams_together(struct maker *k) {
    add_team(k, -1, 300, -1);
    add_team(k, -1, 300, -1);
    add_rule(k, 1, 1);
    for (int i = 0; i < 7; i++)
        add_lead(k, simple_unit(k, 0, 0, 100), 1);
}

static void year_limit_of_joined(struct maker *k) {
    year_limit(k);
    add_team(k, -1, -1, -1);
    for (size_t u = 0; u < k->p->n_units; u++)
        add_joint(k, k->p->units[u], 1, 0, 100);
}

/* Teams 0 and 1 with 3 days a year each and units of a day: some that one alone leads, some that both may. */
static void two_teams(struct maker *k, int of_first, int of_second, int of_both) {
    add_team(k, -1, 300, -1);
    add_team(k, -1, 300, -1);
    add_rule(k, 1, 1);
    for (int i = 0; i < of_first + of_second; i++)
        simple_unit(k, 0, i >= of_first, 100);
    for (int i = 0; i < of_both; i++)
        add_lead(k, simple_unit(k, 0, 0, 100), 1);
}

static void short_alone_and_together(struct maker *k) {
    two_teams(k, 4, 4, 4);
}

static void short_alone(struct maker *k) {
    two_teams(k, 5, 0, 1);
}

static void pins_fill_month(struct maker *k) {
    add_team(k, 100, -1, -1);
    add_rule(k, 1, 1);
    for (int i = 0; i < 3; i++) {
        simple_unit(k, 0, 0, 100);
        add_pin(k, i, -1, 4);
    }
}

static void draw_fills_month(struct maker *k) {
    add_team(k, 300, -1, -1);
    Jc__ProblemDraw *d = add_draw(k, 0, 5, 100);
    add_window(k, &d->windows, &d->n_windows, MONTH_10, 5, 5);
}

static void quota_without_units(struct maker *k) {
    add_team(k, -1, -1, -1);
    add_rule(k, 1, 1);
    for (int i = 0; i < 2; i++) {
        Jc__ProblemUnit *u = simple_unit(k, 0, 0, 100);
        add_group(k, &u->groups, &u->n_groups, "g");
    }
    Jc__ProblemQuota *q =
        add_quota(k, JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS, 0xfff, 3, -1);
    add_group(k, &q->groups, &q->n_groups, "g");
}

static void quota_exceeded(struct maker *k) {
    add_team(k, -1, -1, -1);
    rule_in(k, 1, 1, MONTH_10);
    for (int i = 0; i < 4; i++)
        simple_unit(k, 0, 0, 100);
    Jc__ProblemQuota *q =
        add_quota(k, JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS, MONTH_10, -1, 1);
    add_member(k, q, 0);
}

static void quota_against_workdays(struct maker *k) {
    Jc__ProblemTeam *t = add_team(k, 1000, -1, -1);
    t->month_limit_centi[0] = 0;
    add_rule(k, 1, 1);
    for (int i = 0; i < 3; i++)
        simple_unit(k, 0, 0, 100);
    Jc__ProblemQuota *q =
        add_quota(k, JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS, MONTH_1, 2, -1);
    add_member(k, q, 0);
}

static void quota_against_quota(struct maker *k) {
    add_team(k, -1, -1, -1);
    add_rule(k, 1, 1);
    for (int i = 0; i < 3; i++)
        simple_unit(k, 0, 0, 100);
    for (int i = 0; i < 2; i++) {
        Jc__ProblemQuota *q = add_quota(k, JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS,
                                        i ? 0xffe : MONTH_1, 2, -1);
        add_member(k, q, 0);
    }
}

static void unit_blacked_out(struct maker *k) {
    add_team(k, -1, -1, -1);
    rule_in(k, 1, 1, MONTH_10);
    simple_unit(k, 0, 0, 100)->blackout_months = MONTH_10;
}

static void unit_gap(struct maker *k) {
    add_team(k, -1, -1, -1);
    add_rule(k, 4, 4);
    simple_unit(k, 0, 0, 100);
}

static void unit_pinned_wrong(struct maker *k) {
    add_team(k, -1, -1, -1);
    rule_in(k, 1, 1, MONTH_10);
    simple_unit(k, 0, 0, 100);
    add_pin(k, 0, -1, 3);
}

static void unit_joint(struct maker *k) {
    add_team(k, -1, -1, -1);
    add_team(k, -1, -1, -1);
    rule_in(k, 1, 1, MONTH_10);
    rule_in(k, 1, 1, MONTH_1);
    add_joint(k, simple_unit(k, 0, 0, 100), 1, 1, 100);
}

static void unit_gap_and_blackout(struct maker *k) {
    add_team(k, -1, -1, -1);
    add_rule(k, 4, 4);
    simple_unit(k, 0, 0, 100)->blackout_months = 0x7ff;
}

static const struct situation {
    const char *name;
    void (*make)(struct maker *k);
    size_t rows;        /* shortfalls */
    uint32_t limits;    /* kinds that bind the first of them, all of these and no other */
    uint32_t months;    /* of the first limit */
    int64_t need, have; /* of the first limit */
    size_t teams;       /* it names */
    uint32_t repairs;   /* kinds among those found for the first of them; others may be there too */
} SITUATIONS[] = {
    {"a window fills a month", window_fills_month, 1, KIND(WINDOWS), MONTH_10, 600, 300, 1, FIX(WORKDAYS) | FIX(TEAM)},
    {"the whole year is short", year_is_short, 1, KIND(WORKDAYS), 0xfff, 1400, 1200, 1, FIX(WORKDAYS)},
    {"a year's limit", year_limit, 1, KIND(WORKDAYS), 0xfff, 600, 500, 1,
     FIX(WORKDAYS) | FIX(RULE) | FIX(FEWER_VISITS)},
    {"a year's limit, another team joins", year_limit_of_joined, 1, KIND(WORKDAYS), 0xfff, 600, 500, 1,
     FIX(WORKDAYS) | FIX(RULE)},
    {"two teams that share units", teams_together, 1, KIND(WORKDAYS), 0xfff, 700, 600, 2, FIX(WORKDAYS)},
    {"teams short alone, shorter together", short_alone_and_together, 2, KIND(WORKDAYS), 0xfff, 1200, 600, 2,
     FIX(WORKDAYS)},
    {"a team short alone, not together", short_alone, 1, KIND(WORKDAYS), 0xfff, 500, 300, 1, FIX(WORKDAYS)},
    {"kept visits fill a month", pins_fill_month, 1, KIND(KEPT), 1 << 3, 300, 100, 1, FIX(WORKDAYS)},
    {"a draw fills a month", draw_fills_month, 1, KIND(WINDOWS), MONTH_10, 500, 300, 1, FIX(WORKDAYS) | FIX(SAMPLE)},
    {"a quota without enough units", quota_without_units, 1, KIND(COUNT), 0xfff, 300, 200, 0, FIX(QUOTA_MIN)},
    {"a quota that is exceeded", quota_exceeded, 1, KIND(COUNT), MONTH_10, 100, 400, 0, FIX(QUOTA_MAX)},
    {"a quota against workdays", quota_against_workdays, 1, KIND(WORKDAYS), 0, 0, 0, 1,
     FIX(WORKDAYS) | FIX(QUOTA_MONTHS)},
    {"a quota against a quota", quota_against_quota, 1, KIND(QUOTAS), 0, 0, 0, 0, FIX(QUOTA_MIN) | FIX(QUOTA_MONTHS)},
    {"a unit blacked out", unit_blacked_out, 1, KIND(BLACKOUT) | KIND(WINDOWS), 0, 0, 0, 0, FIX(BLACKOUT)},
    {"a unit whose gap is too long", unit_gap, 1, KIND(GAP), 0, 0, 0, 0, FIX(GAP) | FIX(FEWER_VISITS)},
    {"a unit pinned outside its window", unit_pinned_wrong, 1, KIND(WINDOWS) | KIND(KEPT), 0, 0, 0, 0, FIX(UNPIN)},
    {"a joining team's rule", unit_joint, 1, KIND(WINDOWS) | KIND(JOINT), 0, 0, 0, 0, 0},
    {"gap and blackout together", unit_gap_and_blackout, 1, KIND(TOGETHER), 0, 0, 0, 0, 0},
};

static uint32_t limit_kinds(const Jc__Shortfall *s) {
    uint32_t kinds = 0;
    for (size_t i = 0; i < s->n_limits; i++)
        kinds |= 1u << s->limits[i]->kind;
    return kinds;
}

static void test_situations(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 30);
    for (size_t i = 0; i < COUNT(SITUATIONS); i++) {
        const struct situation *t = &SITUATIONS[i];
        struct maker k = maker_new(arena);
        struct jc_measure m;
        Jc__Shortfall **rows = NULL;
        uint32_t repairs = 0;
        t->make(&k);
        Jc__Solution *plan = solve(t->name, k.p, arena, &m);
        size_t n = list(k.p, &m, arena, &rows);
        CHECK(t->name, n >= t->rows);
        explain(t->name, k.p, plan, rows, n, arena);
        CHECK_INT(t->name, limit_kinds(rows[0]), t->limits);
        CHECK(t->name, rows[0]->n_limits > 0);
        CHECK_INT(t->name, rows[0]->limits[0]->months, t->months);
        CHECK_INT(t->name, rows[0]->limits[0]->need_centi, t->need);
        CHECK_INT(t->name, rows[0]->limits[0]->limit_centi, t->have);
        CHECK_INT(t->name, rows[0]->limits[0]->n_team_ids, t->teams);
        for (size_t r = 0; r < n; r++) {
            CHECK(t->name, rows[r]->explained && rows[r]->n_repairs <= JC_REPAIRS_KEPT);
            for (size_t x = 0; x < rows[r]->n_repairs; x++) {
                repairs |= r ? 0 : 1u << rows[0]->repairs[x]->kind;
                check_repair(t->name, k.p, &m, rows[r], rows[r]->repairs[x], arena);
                CHECK(t->name,
                      x == 0 || rows[r]->repairs[x - 1]->cost_change_e5 <= rows[r]->repairs[x]->cost_change_e5);
            }
        }
        CHECK_INT(t->name, repairs & t->repairs, t->repairs);
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

/* In the middle of a year a unit's months are closed by what is over, too: only those that its row in the register
 * closes can be opened by a repair. */
static void test_months_that_are_over(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    for (int open = 0; open < 2; open++) {
        struct maker k = maker_new(arena);
        struct jc_measure m;
        Jc__Shortfall **rows = NULL;
        unit_blacked_out(&k);
        const uint16_t blackout[] = {open ? (uint16_t)MONTH_10 : 0};
        const struct jc_past past = {.closed = 0x1f, .blackout = blackout};
        Jc__Solution *plan = solve("late", k.p, arena, &m);
        assert_int_equal(list(k.p, &m, arena, &rows), 1);
        explain_late("late", k.p, plan, &past, rows, 1, arena);
        bool opened = false;
        for (size_t i = 0; i < rows[0]->n_repairs; i++)
            opened |= rows[0]->repairs[i]->kind == JC__REPAIR_KIND__REPAIR_KIND_BLACKOUT;
        assert_int_equal(opened, open);
    }
    jc_arena_free(arena);
}

/* --- random ones ------------------------------------------------------------------------------------------------ */

static uint32_t dice_state;
static int dice(int below) {
    dice_state = dice_state * 1664525 + 1013904223;
    return (int)((dice_state >> 8) % (uint32_t)below);
}

static Jc__Problem *random_problem(struct jc_arena *arena, uint32_t seed) {
    struct maker k = maker_new(arena);
    dice_state = seed * 7919 + 1;
    for (int t = 0; t < 2 + dice(2); t++)
        add_team(&k, dice(3) ? dice(4) * 100 : -1, dice(3) ? dice(12) * 100 : -1, dice(2) * 100);
    rule_in(&k, 2, 1 + dice(3), 0x03f << dice(6));
    add_rule(&k, 1 + dice(3), 1 + dice(4));
    rule_in(&k, 1, 1, 1u << dice(12));
    for (int u = 0; u < 5 + dice(5); u++) {
        Jc__ProblemUnit *unit = simple_unit(&k, dice(3), dice((int)k.p->n_teams), 100 + 50 * dice(4));
        unit->blackout_months = dice(3) ? 0 : 0x333u << dice(3);
        unit->blackout_months &= 0xfff;
        if (dice(2))
            add_group(&k, &unit->groups, &unit->n_groups, "g");
        int other = dice((int)k.p->n_teams);
        if (other != unit->lead_teams[0])
            add_lead(&k, unit, other);
    }
    for (int q = 0; q < dice(4); q++) {
        Jc__ProblemQuota *quota = add_quota(&k, JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP,
                                            JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS, 0x7u << dice(10), dice(5), 5);
        add_group(&k, &quota->groups, &quota->n_groups, "g");
    }
    add_draw(&k, 0, dice(4), 100);
    return k.p;
}

/* Every limit named by arithmetic is a bound on the tier, every repair holds when solved from nothing. */
static void test_random(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 30);
    int shortfalls = 0, explained = 0, repairs = 0;
    for (uint32_t seed = 1; seed <= 10; seed++) {
        char name[32];
        struct jc_measure m;
        Jc__Shortfall **rows = NULL;
        snprintf(name, sizeof name, "seed %u", seed);
        Jc__Problem *p = random_problem(arena, seed);
        Jc__Solution *plan = solve(name, p, arena, &m);
        size_t n = list(p, &m, arena, &rows);
        explain(name, p, plan, rows, n, arena);
        for (size_t i = 0; i < n; i++) {
            shortfalls++;
            explained += rows[i]->n_limits > 0;
            for (size_t l = 0; l < rows[i]->n_limits && *rows[i]->team_id; l++)
                if (rows[i]->limits[l]->n_team_ids)
                    CHECK(name,
                          m.objective.over_centi >= rows[i]->limits[l]->need_centi - rows[i]->limits[l]->limit_centi);
            for (size_t x = 0; x < rows[i]->n_repairs; x++, repairs++)
                check_repair(name, p, &m, rows[i], rows[i]->repairs[x], arena);
        }
        jc_arena_reset(arena);
    }
    printf("%d shortfalls, %d with a limit named, %d repairs\n", shortfalls, explained, repairs);
    assert_true(shortfalls > 25 && explained * 2 > shortfalls && repairs > shortfalls);
    jc_arena_free(arena);
}

/* --- large plans ------------------------------------------------------------------------------------------------ */

/* The same situations as if they were large; each concerns all units of its own. */
static void test_as_large(void **state) {
    whole_visits = 1;
    test_situations(state);
    whole_visits = 0;
}

/* A shortfall in one corner of a plan of many teams: found and repaired, and nobody else asked to move. */
static void test_corner_of_large_plan(void **state) {
    (void)state;
    enum { TEAMS = 60, UNITS = 8 };
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    struct maker k = maker_new(arena);
    struct jc_measure m;
    Jc__Shortfall **rows = NULL;
    rule_in(&k, 1, 1, MONTH_10);
    add_rule(&k, 1, 1);
    for (int t = 0; t < TEAMS; t++)
        add_team(&k, 300, -1, -1);
    for (int i = 0; i < 2; i++) /* 400 in October, where there are 300 */
        simple_unit(&k, 0, 7, 200);
    for (int u = 0; u < TEAMS * UNITS; u++)
        simple_unit(&k, 1, u % TEAMS, 200);
    Jc__Solution *plan = solve("corner", k.p, arena, &m);
    assert_int_equal(m.objective.over_centi, 100);
    size_t n = list(k.p, &m, arena, &rows);
    assert_int_equal(n, 1);
    whole_visits = 100;
    explain("corner", k.p, plan, rows, n, arena);
    whole_visits = 0;
    assert_true(rows[0]->explained);
    assert_int_equal(limit_kinds(rows[0]), KIND(WINDOWS));
    assert_true(rows[0]->n_repairs > 0);
    for (size_t x = 0; x < rows[0]->n_repairs; x++)
        check_repair("corner", k.p, &m, rows[0], rows[0]->repairs[x], arena);
    jc_arena_free(arena);
}

/* --- a plan that is not the best -------------------------------------------------------------------------------- */

static void test_solve_again(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    struct maker k = maker_new(arena);
    struct jc_measure m;
    struct jc_err err = {0};
    Jc__Shortfall **rows = NULL;
    add_team(&k, 100, -1, -1);
    add_rule(&k, 1, 1);
    for (int i = 0; i < 2; i++)
        simple_unit(&k, 0, 0, 100);
    Jc__Solution *plan = solve("two units", k.p, arena, &m);
    plan->visits[0]->month = plan->visits[1]->month = 5;
    CHECK_OK("both in May", jc_solution_check(k.p, plan, arena, &m, &err), &err);
    size_t n = list(k.p, &m, arena, &rows);
    assert_int_equal(n, 1);
    explain("both in May", k.p, plan, rows, n, arena);
    assert_int_equal(rows[0]->n_repairs, 1);
    assert_int_equal(rows[0]->repairs[0]->kind, JC__REPAIR_KIND__REPAIR_KIND_SOLVE_AGAIN);
    assert_int_equal(rows[0]->repairs[0]->over_change_centi, -100);
    jc_arena_free(arena);
}

/* --- stopping --------------------------------------------------------------------------------------------------- */

/* A cancel, no time, and a worker that is not there: an error or an honest half, never a wrong repair. */
static void test_stops(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    struct maker k = maker_new(arena);
    struct jc_measure m;
    struct jc_err err = {0};
    Jc__Shortfall **rows = NULL;
    window_fills_month(&k);
    Jc__Solution *plan = solve("month", k.p, arena, &m);
    size_t n = list(k.p, &m, arena, &rows);
    int cancel[2];
    assert_int_equal(pipe(cancel), 0);
    assert_int_equal(write(cancel[1], "x", 1), 1);
    const struct jc_explain_request cancelled = {.program = JC_TEST_OPTIMIZER, .cancel_fd = cancel[0]};
    CHECK_OK("cancelled", jc_explain_problem(k.p, plan, NULL, &cancelled, rows, n, arena, &err), &err);
    assert_false(rows[0]->explained);
    assert_int_equal(rows[0]->n_limits, 1); /* arithmetic needs no worker */
    const struct jc_explain_request missing = {.program = "/nonexistent/optimizer", .cancel_fd = -1};
    assert_int_equal(jc_explain_problem(k.p, plan, NULL, &missing, rows, n, arena, &err), JC_UNAVAILABLE);
    assert_int_equal(rows[0]->n_repairs, 0);
    close(cancel[0]);
    close(cancel[1]);
    jc_arena_free(arena);
}

/* --- in the database -------------------------------------------------------------------------------------------- */

static enum jc_code get_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_plan_call *call = ctx;
    return jc_plan_get(tx, 1, JC_PLAN_NEWEST, NULL, call->arena, call->out, err);
}

/* The explanation is stored with the plan, told in words, and gone when the plan is solved again. */
static void test_stored(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    struct jc_db *db = jc_plan_test_year(arena);
    struct jc_explain_request request = {
        .program = JC_TEST_OPTIMIZER, .cancel_fd = -1, .actor = JC_STR("cli:test"), .clock = jc_test_clock};
    struct jc_err err = {0};
    Jc__Plan *plan = NULL, *again = NULL;
    struct jc_register *reg = NULL;
    assert_int_equal(jc_explain(db, 1, &request, arena, &plan, &reg, &err), JC_NOT_FOUND);
    jc_test_script(db, "UPDATE team SET supervision_centi = 150 WHERE team_id = 't2'");
    CHECK_OK("solve", jc_plan_test_solve(db, arena, JC_TEST_OPTIMIZER, &plan, &reg, &err), &err);
    CHECK_OK("explain", jc_explain(db, 1, &request, arena, &plan, &reg, &err), &err);
    struct jc_plan_call call = {.arena = arena, .out = &again};
    CHECK_OK("get", jc_test_try(db, get_job, &call, &err), &err);
    assert_true(plan->n_shortfalls > 0);
    assert_int_equal(again->n_shortfalls, plan->n_shortfalls);
    for (size_t i = 0; i < plan->n_shortfalls; i++) {
        assert_int_equal(jc__shortfall__get_packed_size(again->shortfalls[i]),
                         jc__shortfall__get_packed_size(plan->shortfalls[i]));
        assert_true(again->shortfalls[i]->explained);
    }
    CHECK_OK("solve", jc_plan_test_solve(db, arena, JC_TEST_OPTIMIZER, &plan, &reg, &err), &err);
    for (size_t i = 0; i < plan->n_shortfalls; i++)
        assert_false(plan->shortfalls[i]->explained);
    jc_db_close(db);
    jc_arena_free(arena);
}

/* A repair says all it changes. */
static void test_told(void **state) {
    (void)state;
    static char first[] = "U1", second[] = "U2", team[] = "T", rule[] = "R";
    char *units[] = {first, second}, *teams[] = {team};
    static const struct {
        const char *name;
        size_t joining;
        enum jc_lang lang;
        const char *text;
    } cases[] = {
        {"nobody joins", 0, JC_ZH, "改按频次“R”检查：U1、U2（代价 -1.5）"},
        {"a team joins", 1, JC_ZH, "改按频次“R”检查：U1、U2，T也改按该频次参加（代价 -1.5）"},
        {"nobody joins, English", 0, JC_EN, "rule \"R\" for: U1, U2 (cost -1.5)"},
        {"a team joins, English", 1, JC_EN, "rule \"R\" for: U1, U2; joining under it, too: T (cost -1.5)"},
    };
    struct jc_arena *arena = jc_arena_new(1 << 16);
    struct jc_index *none = jc_index_new(arena, 0);
    const struct jc_register reg = {
        .team_index = none, .unit_index = none, .rule_index = none, .draw_index = none, .quota_index = none};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jc_buf text;
        Jc__Repair repair = JC__REPAIR__INIT;
        repair.kind = JC__REPAIR_KIND__REPAIR_KIND_RULE;
        repair.rule_id = rule;
        repair.unit_ids = units;
        repair.n_unit_ids = COUNT(units);
        repair.joint_team_ids = teams;
        repair.n_joint_team_ids = cases[i].joining;
        repair.cost_change_e5 = -150000;
        jc_buf_init(&text, 1000);
        jc_repair_text(&text, cases[i].lang, &reg, &repair);
        CHECK_STR(cases[i].name, jc_buf_str(&text), cases[i].text);
        jc_buf_free(&text);
    }
    jc_arena_free(arena);
}

/* Rules of the same name are told apart, and windows that ask for more than the repair leaves are written anew. */
static void test_rules_told(void **state) {
    (void)state;
    static char ids[][4] = {"R1", "R2", "R3"}, half[] = "每半年1次", year[] = "每年1次";
    static const char *const TEXTS[] = {"频次“R1 每半年1次”改为每年 1 次，检查时段改写为 1-6:0-2;7-12:0-1（",
                                        "频次“R2 每半年1次”改为每年 1 次（", "频次“每年1次”改为每年 1 次（"};
    struct jc_arena *arena = jc_arena_new(1 << 16);
    struct jc_index *none = jc_index_new(arena, 0), *by_id = jc_index_new(arena, 3);
    Jc__Rule rules[3], *list[3];
    Jc__TimeWindow windows[3], *spring_autumn[] = {&windows[0], &windows[1]}, *any[] = {&windows[2]};
    for (int i = 0; i < 3; i++)
        jc__time_window__init(&windows[i]);
    windows[0].months = 0x03f, windows[0].min = 1, windows[0].max = 2;
    windows[1].months = 0xfc0, windows[1].min = 1, windows[1].max = 1;
    windows[2].months = 0x00f, windows[2].min = 1, windows[2].max = 2;
    bool is_new = false;
    for (int i = 0; i < 3; i++) {
        jc__rule__init(&rules[i]);
        rules[i].rule_id = ids[i];
        rules[i].name = i < 2 ? half : year;
        list[i] = &rules[i];
        *jc_index_at(by_id, jc_str(ids[i]), &is_new) = i;
    }
    rules[0].windows = spring_autumn, rules[0].n_windows = 2; /* asks for 2 */
    rules[1].windows = any, rules[1].n_windows = 1;           /* asks for 1 */
    const struct jc_register reg = {.rules = list,
                                    .n_rules = 3,
                                    .team_index = none,
                                    .unit_index = none,
                                    .rule_index = by_id,
                                    .draw_index = none,
                                    .quota_index = none};
    for (int i = 0; i < 3; i++) {
        struct jc_buf text;
        Jc__Repair repair = JC__REPAIR__INIT;
        repair.kind = JC__REPAIR_KIND__REPAIR_KIND_FEWER_VISITS;
        repair.rule_id = ids[i];
        repair.amount_centi = 100;
        jc_buf_init(&text, 1000);
        jc_repair_text(&text, JC_ZH, &reg, &repair);
        jc_buf_char(&text, '\0');
        if (strncmp(text.ptr, TEXTS[i], strlen(TEXTS[i])) != 0)
            fail_msg("%s: %s", ids[i], text.ptr);
        jc_buf_free(&text);
    }
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_situations),
        cmocka_unit_test(test_months_that_are_over),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_as_large),
        cmocka_unit_test(test_corner_of_large_plan),
        cmocka_unit_test(test_solve_again),
        cmocka_unit_test(test_stops),
        cmocka_unit_test(test_stored),
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_rules_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
