/* The check of a plan problem: what is refused, and in which words. */
#include "jc_problem_test.h"
#include "model/problem.h"

/* A good problem with one row of each kind; every case below breaks one thing. */
static struct maker good_problem(struct jc_arena *arena) {
    struct maker k = maker_new(arena);
    add_team(&k, 2000, 20000, 1500);
    add_team(&k, -1, -1, -1);
    Jc__ProblemRule *r = add_rule(&k, 2, 2);
    add_window(&k, &r->windows, &r->n_windows, 0x03f, 1, 1);
    add_window(&k, &r->windows, &r->n_windows, 0xfc0, 1, 1);
    add_rule(&k, 1, 0);
    for (int i = 0; i < 2; i++) {
        Jc__ProblemUnit *u = add_unit(&k, 200);
        add_option(&k, u, 0, true);
        add_option(&k, u, 1, i == 0);
        add_lead(&k, u, 0);
        add_lead(&k, u, 1);
        add_joint(&k, u, 1, 0, 100);
        add_group(&k, &u->groups, &u->n_groups, "g1");
    }
    Jc__ProblemDraw *d = add_draw(&k, 0, 4, 200);
    add_window(&k, &d->windows, &d->n_windows, 0x03f, 2, 2);
    add_window(&k, &d->windows, &d->n_windows, 0xfc0, 2, 2);
    add_member(&k, add_quota(&k, JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE, JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS, 0xfff, 1, 2),
               0);
    add_member(&k, add_quota(&k, JC__QUOTA_SCOPE__QUOTA_SCOPE_DRAW, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS, 7, -1, 2),
               0);
    Jc__ProblemQuota *q =
        add_quota(&k, JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP, JC__QUOTA_COUNTS__QUOTA_COUNTS_REMOTE_VISITS, 7, 0, -1);
    add_group(&k, &q->groups, &q->n_groups, "g1");
    add_pin(&k, 0, -1, 3);
    add_pin(&k, -1, 0, 7);
    return k;
}

typedef void breaker(struct maker *k);

static void nothing(struct maker *k) {
    (void)k;
}
static void team_twice(struct maker *k) {
    k->p->teams[1]->team_id = k->p->teams[0]->team_id;
}
static void unit_twice(struct maker *k) {
    k->p->units[1]->unit_id = k->p->units[0]->unit_id;
}
static void quota_twice(struct maker *k) {
    k->p->quotas[2]->quota_id = k->p->quotas[0]->quota_id;
}
static void eleven_limits(struct maker *k) {
    k->p->teams[0]->n_month_limit_centi = 11;
}
static void thirteen_targets(struct maker *k) {
    k->p->teams[0]->n_target_centi = 13;
}
static void negative_target(struct maker *k) {
    k->p->teams[0]->target_centi[3] = -1;
}
static void limit_below_none(struct maker *k) {
    k->p->teams[0]->month_limit_centi[3] = -2;
}
static void year_limit_huge(struct maker *k) {
    k->p->teams[0]->year_limit_centi = INT64_MAX;
}
static void rule_of_13(struct maker *k) {
    k->p->rules[1]->visits = 13;
}
static void rule_gap_negative(struct maker *k) {
    k->p->rules[1]->min_gap_months = -1;
}
static void window_empty(struct maker *k) {
    k->p->rules[0]->windows[0]->months = 0;
}
static void window_month_13(struct maker *k) {
    k->p->rules[0]->windows[0]->months = 0x1000;
}
static void windows_overlap(struct maker *k) {
    k->p->rules[0]->windows[0]->months = 0x07f;
}
static void window_min_negative(struct maker *k) {
    k->p->rules[0]->windows[0]->min = -1;
}
static void window_min_over_max(struct maker *k) {
    k->p->rules[0]->windows[0]->min = 2;
}
static void work_negative(struct maker *k) {
    k->p->units[0]->work_centi = -100;
}
static void work_huge(struct maker *k) {
    k->p->units[0]->work_centi = JC_PROBLEM_CENTI_MAX + 1;
}
static void risk_negative(struct maker *k) {
    k->p->units[0]->risk = -1;
}
static void blackout_13(struct maker *k) {
    k->p->units[0]->blackout_months = 0x1001;
}
static void preferred_32(struct maker *k) {
    k->p->units[0]->preferred_months = 0x80000000u;
}
static void option_unknown(struct maker *k) {
    k->p->units[0]->options[0]->rule = 2;
}
static void option_negative(struct maker *k) {
    k->p->units[0]->options[0]->rule = -1;
}
static void option_visits_odd(struct maker *k) {
    k->p->units[0]->options[0]->visits = 1;
}
static void option_twice(struct maker *k) {
    k->p->units[0]->options[1]->rule = 0, k->p->units[0]->options[1]->visits = 2;
}
static void lead_unknown(struct maker *k) {
    k->p->units[0]->lead_teams[1] = 2;
}
static void lead_twice(struct maker *k) {
    k->p->units[0]->lead_teams[1] = 0;
}
static void no_teams(struct maker *k) {
    k->p->n_teams = 0;
}
static void joint_team_unknown(struct maker *k) {
    k->p->units[0]->joints[0]->team = -7;
}
static void joint_rule_unknown(struct maker *k) {
    k->p->units[0]->joints[0]->rule = 99;
}
static void joint_work_negative(struct maker *k) {
    k->p->units[0]->joints[0]->work_centi = -1;
}
static void joint_twice(struct maker *k) {
    add_joint(k, k->p->units[0], 1, 1, 100);
}
static void draw_team_unknown(struct maker *k) {
    k->p->draws[0]->team = 2;
}
static void draw_rule_unknown(struct maker *k) {
    k->p->draws[0]->rule = 2;
}
static void draw_sample_negative(struct maker *k) {
    k->p->draws[0]->sample = -1;
}
static void draw_sample_misfit(struct maker *k) {
    k->p->draws[0]->sample = 5;
}
static void draw_pins_misfit(struct maker *k) {
    add_pin(k, -1, 0, 8), add_pin(k, -1, 0, 9);
}
static void draw_pin_outside(struct maker *k) {
    k->p->draws[0]->windows[1]->months = 0x1c0;
    k->p->pins[1]->month = 12;
}
static void quota_team_unknown(struct maker *k) {
    k->p->quotas[0]->team = 2;
}
static void quota_scope_none(struct maker *k) {
    k->p->quotas[0]->scope = JC__QUOTA_SCOPE__QUOTA_SCOPE_UNSPECIFIED;
}
static void quota_counts_9(struct maker *k) {
    k->p->quotas[0]->counts = (Jc__QuotaCounts)9;
}
static void quota_months_13(struct maker *k) {
    k->p->quotas[0]->months = 0x1fff;
}
static void quota_min_over_max(struct maker *k) {
    k->p->quotas[0]->min = 3;
}
static void quota_min_below_none(struct maker *k) {
    k->p->quotas[0]->min = -2;
}
static void quota_member_unknown(struct maker *k) {
    k->p->quotas[1]->members[0] = 1;
}
static void quota_units_of_draw(struct maker *k) {
    k->p->quotas[1]->counts = JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS;
}
static void group_with_members(struct maker *k) {
    add_member(k, k->p->quotas[2], 0);
}
static void pin_month_0(struct maker *k) {
    k->p->pins[0]->month = 0;
}
static void pin_of_nothing(struct maker *k) {
    k->p->pins[0]->unit = -1;
}
static void pin_of_both(struct maker *k) {
    k->p->pins[0]->draw = 0;
}
static void pin_unit_unknown(struct maker *k) {
    k->p->pins[0]->unit = 2;
}
static void pin_twice(struct maker *k) {
    add_pin(k, 0, -1, 3);
}
static void weight_negative(struct maker *k) {
    set_weights(k, 1000, -1, 100, 1000);
}
static void weight_huge(struct maker *k) {
    set_weights(k, 1000, JC_PROBLEM_WEIGHT_MAX + 1, 100, 1000);
}
static void time_negative(struct maker *k) {
    k->p->time_limit_ms = -1;
}
static void sums_overflow(struct maker *k) {
    set_weights(k, JC_PROBLEM_WEIGHT_MAX, 0, 0, 0);
    for (size_t u = 0; u < k->p->n_units; u++)
        k->p->units[u]->work_centi = JC_PROBLEM_CENTI_MAX;
}
static void too_many_slots(struct maker *k) {
    for (int i = 0; i < 2; i++)
        add_draw(k, 0, JC_PROBLEM_SLOTS, 1);
}

static void force_unit_unknown(struct maker *k) {
    add_in_force(k, 99, 3, 0);
}
static void force_month_13(struct maker *k) {
    add_in_force(k, 0, 13, 0);
}
static void force_team_unknown(struct maker *k) {
    add_in_force(k, 0, 3, -2);
}
static void force_backwards(struct maker *k) {
    add_in_force(k, 1, 3, 0);
    add_in_force(k, 0, 3, 0);
}
static void force_twice(struct maker *k) {
    add_in_force(k, 0, 3, 0);
    add_in_force(k, 0, 3, -1);
}
static void changes_negative(struct maker *k) {
    set_weights(k, 0, 0, 0, 0);
    k->p->weights->changes_milli = -1;
}

static const struct {
    const char *name;
    breaker *breaks;
    enum jc_code code;
    const char *row; /* what the sentence must name */
} problem_cases[] = {
    {"good", nothing, JC_OK, ""},
    {"team twice", team_twice, JC_INVALID_ARGUMENT, "teams t1"},
    {"unit twice", unit_twice, JC_INVALID_ARGUMENT, "units u1"},
    {"quota twice", quota_twice, JC_INVALID_ARGUMENT, "quotas q1"},
    {"eleven month limits", eleven_limits, JC_INVALID_ARGUMENT, "teams t1"},
    {"thirteen targets", thirteen_targets, JC_INVALID_ARGUMENT, "teams t1"},
    {"negative target", negative_target, JC_INVALID_ARGUMENT, "teams t1"},
    {"limit below -1", limit_below_none, JC_INVALID_ARGUMENT, "teams t1"},
    {"year limit huge", year_limit_huge, JC_INVALID_ARGUMENT, "teams t1"},
    {"rule of 13 visits", rule_of_13, JC_INVALID_ARGUMENT, "rules r2"},
    {"negative gap", rule_gap_negative, JC_INVALID_ARGUMENT, "rules r2"},
    {"empty window", window_empty, JC_INVALID_ARGUMENT, "rules r1"},
    {"window in month 13", window_month_13, JC_INVALID_ARGUMENT, "rules r1"},
    {"windows overlap", windows_overlap, JC_INVALID_ARGUMENT, "rules r1"},
    {"window minimum negative", window_min_negative, JC_INVALID_ARGUMENT, "rules r1"},
    {"window minimum above maximum", window_min_over_max, JC_INVALID_ARGUMENT, "rules r1"},
    {"negative work", work_negative, JC_INVALID_ARGUMENT, "units u1"},
    {"huge work", work_huge, JC_INVALID_ARGUMENT, "units u1"},
    {"negative risk", risk_negative, JC_INVALID_ARGUMENT, "units u1"},
    {"blackout month 13", blackout_13, JC_INVALID_ARGUMENT, "units u1"},
    {"preferred month 32", preferred_32, JC_INVALID_ARGUMENT, "units u1"},
    {"unknown rule", option_unknown, JC_INVALID_ARGUMENT, "units u1"},
    {"rule -1", option_negative, JC_INVALID_ARGUMENT, "units u1"},
    {"visits not the rule's", option_visits_odd, JC_INVALID_ARGUMENT, "units u1"},
    {"rule twice", option_twice, JC_INVALID_ARGUMENT, "units u1"},
    {"unknown lead team", lead_unknown, JC_INVALID_ARGUMENT, "units u1"},
    {"lead team twice", lead_twice, JC_INVALID_ARGUMENT, "units u1"},
    {"no team at all", no_teams, JC_INVALID_ARGUMENT, "units u1"},
    {"unknown joining team", joint_team_unknown, JC_INVALID_ARGUMENT, "units u1"},
    {"unknown rule of a join", joint_rule_unknown, JC_INVALID_ARGUMENT, "units u1"},
    {"negative joint work", joint_work_negative, JC_INVALID_ARGUMENT, "units u1"},
    {"team joins twice", joint_twice, JC_INVALID_ARGUMENT, "units u1"},
    {"draw of unknown team", draw_team_unknown, JC_INVALID_ARGUMENT, "draws d1"},
    {"draw of unknown rule", draw_rule_unknown, JC_INVALID_ARGUMENT, "draws d1"},
    {"negative sample", draw_sample_negative, JC_INVALID_ARGUMENT, "draws d1"},
    {"sample above the windows", draw_sample_misfit, JC_INVALID_ARGUMENT, "draws d1"},
    {"pins above a window", draw_pins_misfit, JC_INVALID_ARGUMENT, "draws d1"},
    {"pin outside the windows", draw_pin_outside, JC_INVALID_ARGUMENT, "draws d1"},
    {"quota of unknown team", quota_team_unknown, JC_INVALID_ARGUMENT, "quotas q1"},
    {"quota without scope", quota_scope_none, JC_INVALID_ARGUMENT, "quotas q1"},
    {"quota counts 9", quota_counts_9, JC_INVALID_ARGUMENT, "quotas q1"},
    {"quota in month 13", quota_months_13, JC_INVALID_ARGUMENT, "quotas q1"},
    {"quota minimum above maximum", quota_min_over_max, JC_INVALID_ARGUMENT, "quotas q1"},
    {"quota minimum below -1", quota_min_below_none, JC_INVALID_ARGUMENT, "quotas q1"},
    {"quota of unknown draw", quota_member_unknown, JC_INVALID_ARGUMENT, "quotas q2"},
    {"units of a draw", quota_units_of_draw, JC_INVALID_ARGUMENT, "quotas q2"},
    {"group with numbers", group_with_members, JC_INVALID_ARGUMENT, "quotas q3"},
    {"pin in month 0", pin_month_0, JC_INVALID_ARGUMENT, "pins[0]"},
    {"pin of nothing", pin_of_nothing, JC_INVALID_ARGUMENT, "pins[0]"},
    {"pin of unit and draw", pin_of_both, JC_INVALID_ARGUMENT, "pins[0]"},
    {"pin of unknown unit", pin_unit_unknown, JC_INVALID_ARGUMENT, "pins[0]"},
    {"unit pinned twice", pin_twice, JC_INVALID_ARGUMENT, "pins[2]"},
    {"negative weight", weight_negative, JC_INVALID_ARGUMENT, "weights[1]"},
    {"huge weight", weight_huge, JC_INVALID_ARGUMENT, "weights[1]"},
    {"negative time", time_negative, JC_INVALID_ARGUMENT, "problem[0]"},
    {"sums leave int64", sums_overflow, JC_RESOURCE_EXHAUSTED, "persons, days"},
    {"plan in force of unknown unit", force_unit_unknown, JC_INVALID_ARGUMENT, "in_force[0]"},
    {"plan in force in month 13", force_month_13, JC_INVALID_ARGUMENT, "in_force[0]"},
    {"plan in force of unknown team", force_team_unknown, JC_INVALID_ARGUMENT, "in_force[0]"},
    {"plan in force backwards", force_backwards, JC_INVALID_ARGUMENT, "in_force[1]"},
    {"plan in force twice in a month", force_twice, JC_INVALID_ARGUMENT, "in_force[1]"},
    {"negative weight of changes", changes_negative, JC_INVALID_ARGUMENT, "weights[4]"},
    {"too many slots", too_many_slots, JC_RESOURCE_EXHAUSTED, "draws"},
};

static void refuses_what_is_wrong(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    for (size_t i = 0; i < COUNT(problem_cases); i++) {
        struct maker k = good_problem(arena);
        struct jc_err err = {0};
        struct jc_buf text[2];
        problem_cases[i].breaks(&k);
        CHECK_INT(problem_cases[i].name, jc_problem_check(k.p, &err), problem_cases[i].code);
        for (int lang = JC_ZH; problem_cases[i].code != JC_OK && lang <= JC_EN; lang++) {
            jc_buf_init(&text[lang], 1000);
            jc_err_render(&text[lang], (enum jc_lang)lang, &err);
            jc_buf_char(&text[lang], '\0');
            CHECK(problem_cases[i].name, strstr(text[lang].ptr, problem_cases[i].row) != NULL);
            CHECK(problem_cases[i].name, strchr(text[lang].ptr, '{') == NULL);
            jc_buf_free(&text[lang]);
        }
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

static void refuses_a_million_and_one_units(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct maker k = maker_new(arena);
    struct jc_err err = {0};
    k.p->n_units = JC_PROBLEM_UNITS + 1; /* counted before any is looked at */
    assert_int_equal(jc_problem_check(k.p, &err), JC_RESOURCE_EXHAUSTED);
    jc_arena_free(arena);
}

static void knows_defaults(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct maker k = good_problem(arena);
    Jc__Weights w = jc_problem_weights(k.p);
    assert_int_equal(w.balance_milli, 1000);
    assert_int_equal(w.travel_milli, 4000);
    assert_int_equal(w.risk_milli, 100);
    assert_int_equal(w.preferred_milli, 1000);
    assert_int_equal(w.changes_milli, 3000);
    set_weights(&k, 0, 7, 0, 0);
    assert_int_equal(jc_problem_weights(k.p).travel_milli, 7);
    assert_int_equal(jc_problem_unit_due(k.p->units[0]), 1); /* 2 visits or 1 */
    assert_int_equal(jc_problem_unit_due(k.p->units[1]), 0); /* one rule is not due */
    k.p->units[1]->n_options = 0;
    assert_int_equal(jc_problem_unit_due(k.p->units[1]), 0);
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_wrong),
        cmocka_unit_test(refuses_a_million_and_one_units),
        cmocka_unit_test(knows_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
