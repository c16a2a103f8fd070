/* Who comes in which year: cycles, workdays, key units first (F2). Registers are made by hand; random ones
 * are checked against what the header promises. */
#include "jc_plan_test.h"

#include "plan/spread.h"
#include "plan/years.h"

enum { UNITS = 60, TEAMS = 3 };

static struct jc_arena *arena;

/* A register of one or more teams with rules once a year, every 2 and every 3 years. */
struct bureau {
    struct jc_register reg;
    Jc__Team teams[TEAMS];
    Jc__Rule rules[3];
    Jc__Unit units[UNITS];
    Jc__Agency agency;
};

static char *RULES[] = {(char *)"yearly", (char *)"two", (char *)"three"};
static char *TEAM_IDS[] = {(char *)"t1", (char *)"t2", (char *)"t3"};

static struct bureau *bureau_new(size_t n_teams, int64_t days_a_year) {
    struct bureau *b = JC_NEW(arena, struct bureau);
    b->reg = (struct jc_register){.arena = arena, .agency = &b->agency, .year = 2023, .year_days = 12};
    jc__agency__init(&b->agency);
    b->reg.teams = JC_NEW_ARRAY(arena, TEAMS + 1, Jc__Team *);
    b->reg.rules = JC_NEW_ARRAY(arena, 4, Jc__Rule *);
    b->reg.units = JC_NEW_ARRAY(arena, UNITS + 1, Jc__Unit *);
    b->reg.budgets = JC_NEW_ARRAY(arena, TEAMS + 1, struct jc_team_budget);
    for (int m = 0; m < 12; m++)
        b->reg.month_days[m] = 1;
    for (size_t i = 0; i < n_teams; i++) {
        jc__team__init(&b->teams[i]);
        b->teams[i].team_id = TEAM_IDS[i];
        b->teams[i].supervision_centi = days_a_year * 100;
        b->reg.teams[b->reg.n_teams++] = &b->teams[i];
        for (int m = 0; m < 12; m++)
            b->reg.budgets[i].centi[m] = JC_CENTI_ABSENT;
    }
    for (int i = 0; i < 3; i++) {
        jc__rule__init(&b->rules[i]);
        b->rules[i].rule_id = RULES[i];
        b->rules[i].visits = 1;
        b->rules[i].cycle_years = i + 1;
        b->reg.rules[b->reg.n_rules++] = &b->rules[i];
    }
    return b;
}

/* A unit of `days` workdays. */
static Jc__Unit *add_unit(struct bureau *b, int cycle, const char *last_visit, bool key, int days, size_t n_teams) {
    Jc__Unit *unit = &b->units[b->reg.n_units];
    jc__unit__init(unit);
    unit->unit_id = (char *)jc_arena_printf(arena, "u%02zu", b->reg.n_units).ptr;
    unit->name = unit->unit_id;
    unit->category = key ? (char *)"key" : (char *)"general";
    unit->rule_ids = &RULES[cycle - 1];
    unit->n_rule_ids = 1;
    unit->lead_teams = TEAM_IDS;
    unit->n_lead_teams = n_teams;
    unit->persons = 1;
    unit->days_centi = days * 100;
    unit->last_visit = (char *)last_visit;
    b->reg.units[b->reg.n_units++] = unit;
    return unit;
}

static struct jc_spread spread(struct bureau *b, int years) {
    struct jc_spread s;
    struct jc_err err = {0};
    CHECK("indexes", jc_register_reindex(&b->reg));
    CHECK_OK("spread", jc_spread_make(&b->reg, NULL, years, arena, &s, &err), &err);
    return s;
}

static int setup(void **state) {
    (void)state;
    arena = jc_arena_new(1 << 28);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    jc_arena_free(arena);
    return 0;
}

/* --- one unit alone ------------------------------------------------------------------------------------ */

static void test_cycles(void **state) {
    (void)state;
    static const struct {
        const char *name, *last_visit;
        int cycle, years;
        uint32_t allowed[3]; /* sets it may take; 0 ends unless first */
    } rows[] = {
        {"every year", "2022-05", 1, 3, {7, 7, 7}},
        {"two years, last year", "2022-05", 2, 3, {2, 5, 5}},
        {"two years, due now", "2021-05", 2, 3, {5, 5, 5}},
        {"two years, overdue", "2019-05", 2, 3, {5, 5, 5}},
        {"two years, unknown", "", 2, 3, {2, 5, 5}},
        {"three years, last year", "2022-05", 3, 3, {1, 2, 4}},
        {"three years, due next year", "2021-05", 3, 3, {1, 2, 2}},
        {"three years, this year already: not within these years", "2023-01", 3, 3, {0, 0, 0}},
        {"three years of two, due behind them", "2022-05", 3, 2, {0, 0, 0}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bureau *b = bureau_new(1, 100);
        add_unit(b, rows[i].cycle, rows[i].last_visit, true, 1, 1);
        struct jc_spread s = spread(b, rows[i].years);
        uint32_t got = s.units[0].years & ((1u << rows[i].years) - 1);
        CHECK(rows[i].name, got == rows[i].allowed[0] || got == rows[i].allowed[1] || got == rows[i].allowed[2]);
        CHECK(rows[i].name, !s.units[0].late);
    }
}

/* --- workdays ------------------------------------------------------------------------------------------ */

static void test_even(void **state) {
    (void)state;
    struct bureau *b = bureau_new(1, 10);
    for (int i = 0; i < 30; i++)
        add_unit(b, 3, "", i % 2, 1, 1);
    struct jc_spread s = spread(b, 3);
    for (int y = 0; y < 3; y++)
        CHECK_INT("30 units, 10 workdays a year", s.teams[0].work_centi[y], 1000);
    CHECK_INT("nobody late", s.late, 0);
    CHECK_INT("all have come after", s.seen_after, 3);
}

/* 12 units due now, 5 workdays a year: F2. Key units first; the others are put off and named. */
static void test_f2(void **state) {
    (void)state;
    struct bureau *b = bureau_new(1, 5);
    for (int i = 0; i < 12; i++)
        add_unit(b, 3, "2020-01", i >= 8, 1, 1);
    struct jc_spread s = spread(b, 3);
    CHECK_INT("put off", s.late, 7);
    CHECK_INT("key ones put off", s.late_key, 0);
    CHECK_INT("key ones have come after", s.seen_after_key, 1);
    CHECK_INT("all have come after", s.seen_after, 3);
    for (size_t i = 0; i < s.n_units; i++)
        CHECK("nobody without a year", s.units[i].years != 0);
}

/* More than there ever is: they come in time all the same, and the work is over. */
static void test_no_room(void **state) {
    (void)state;
    struct bureau *b = bureau_new(1, 5);
    add_unit(b, 1, "", true, 6, 1);
    add_unit(b, 2, "", true, 1, 1);
    struct jc_spread s = spread(b, 2);
    CHECK_INT("not late", s.late, 0);
    CHECK("comes", s.units[1].years & 3);
    CHECK_INT("over by the yearly one and it", s.teams[0].work_centi[0] + s.teams[0].work_centi[1], 600 + 600 + 100);
}

static void test_other_team(void **state) {
    (void)state;
    struct bureau *b = bureau_new(2, 4);
    for (int i = 0; i < 8; i++)
        add_unit(b, 2, "2021-01", false, 1, 2);
    struct jc_spread s = spread(b, 2);
    CHECK_INT("both teams take half", s.teams[0].work_centi[0], 400);
    CHECK_INT("nobody late", s.late, 0);
}

/* --- what the header promises, for random bureaus -------------------------------------------------------- */

static uint64_t seed;
static int draw(int n) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (int)((seed >> 33) % (uint64_t)n);
}

static struct bureau *random_bureau(void) {
    static const char *const last[] = {"", "2019-02", "2021-07", "2022-01", "2022-12"};
    size_t teams = (size_t)draw(TEAMS) + 1;
    struct bureau *b = bureau_new(teams, 10 + draw(60));
    int units = 1 + draw(UNITS - 1);
    for (int i = 0; i < units; i++) {
        Jc__Unit *unit = add_unit(b, 1 + draw(3), last[draw(5)], draw(2), 1 + draw(4), 1 + (size_t)draw((int)teams));
        unit->risk = draw(3);
    }
    return b;
}

/* The longest wait, from the year a unit is due. */
static void check_unit(const struct jc_spread *s, const struct jc_spread_unit *u) {
    int next = u->due, first = u->years ? __builtin_ctz(u->years) : 99;
    for (int y = 0; y < s->years && !u->late; y++) {
        if (u->years >> y & 1)
            next = y + u->cycle;
        else
            CHECK(u->unit->unit_id, y < next);
    }
    CHECK(u->unit->unit_id, u->years || u->due >= s->years);
    CHECK(u->unit->unit_id, u->late == (first > u->due && first != 99));
}

static void check_work(const struct bureau *b, const struct jc_spread *s) {
    int64_t work[TEAMS][JC_SPREAD_BEYOND] = {{0}};
    for (size_t i = 0; i < s->n_units; i++)
        for (int y = 0; y < JC_SPREAD_BEYOND; y++)
            if (s->units[i].years >> y & 1)
                work[s->units[i].team][y] += s->units[i].unit->days_centi;
    for (size_t t = 0; t < b->reg.n_teams; t++)
        for (int y = 0; y < JC_SPREAD_BEYOND; y++)
            CHECK_INT("work", s->teams[t].work_centi[y], work[t][y]);
}

static void test_random(void **state) {
    (void)state;
    int late = 0;
    for (seed = 1; seed < 4000;) {
        uint64_t this = seed;
        struct bureau *b = random_bureau();
        int years = 2 + draw(5);
        struct jc_spread s = spread(b, years), again = spread(b, years);
        for (size_t i = 0; i < s.n_units; i++) {
            check_unit(&s, &s.units[i]);
            CHECK_INT("the same again", s.units[i].years, again.units[i].years);
        }
        check_work(b, &s);
        late += s.late > 0;
        jc_arena_reset(arena);
        seed = this + 10;
    }
    CHECK("some do not fit", late > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cycles, setup, teardown),
        cmocka_unit_test_setup_teardown(test_even, setup, teardown),
        cmocka_unit_test_setup_teardown(test_f2, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_team, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
