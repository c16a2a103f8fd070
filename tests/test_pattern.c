/* Month patterns against the definition, mask by mask (DESIGN section 9, rows 2 and 3). */
#include "jc_problem_test.h"

struct rule_case {
    const char *name;
    int visits, gap;
    uint32_t blackout;
    struct {
        uint32_t months;
        int min, max;
    } windows[5];
    size_t expected; /* patterns */
};

static const struct rule_case rule_cases[] = {
    {"any one month", 1, 0, 0, {{0, 0, 0}}, 12},
    {"any two months", 2, 0, 0, {{0, 0, 0}}, 66},
    {"two months, gap 1 is no gap", 2, 1, 0, {{0, 0, 0}}, 66},
    {"two months three apart", 2, 3, 0, {{0, 0, 0}}, 45},
    {"all twelve", 12, 0, 0, {{0, 0, 0}}, 1},
    {"all twelve can't be apart", 12, 2, 0, {{0, 0, 0}}, 0},
    {"the most patterns there are", 6, 0, 0, {{0, 0, 0}}, JC_PATTERNS_MAX},
    {"once each half-year", 2, 0, 0, {{0x03f, 1, 1}, {0xfc0, 1, 1}}, 36},
    {"once each quarter, gap 2", 4, 2, 0, {{7, 1, 1}, {7 << 3, 1, 1}, {7 << 6, 1, 1}, {7 << 9, 1, 1}}, 55},
    {"three visits, each span at most one",
     3,
     0,
     0,
     {{7, 0, 1}, {7 << 3, 0, 1}, {7 << 6, 0, 1}, {1 << 9, 0, 1}, {3 << 10, 0, 1}},
     126},
    {"months outside all windows are forbidden", 1, 0, 0, {{0x00f, 0, 1}}, 4},
    {"blackout takes months away", 1, 0, 0x003, {{0x00f, 1, 1}}, 2},
    {"blackout leaves nothing", 1, 0, 0x00f, {{0x00f, 1, 1}}, 0},
    {"window asks more than there are", 3, 0, 0, {{0x003, 3, 3}}, 0},
    {"not due: windows ask nothing", 0, 0, 0, {{0x00f, 1, 1}}, 1},
    {"scattered window", 2, 2, 0, {{0x207, 2, 2}}, 4},
};

static struct jc_pattern_rule make_rule(struct maker *k, const struct rule_case *c) {
    Jc__ProblemRule *r = add_rule(k, c->visits, c->gap);
    for (size_t w = 0; w < COUNT(c->windows) && c->windows[w].months; w++)
        add_window(k, &r->windows, &r->n_windows, c->windows[w].months, c->windows[w].min, c->windows[w].max);
    return jc_pattern_rule(r, c->visits, c->blackout);
}

/* The definition, word by word. */
static bool allowed(const struct jc_pattern_rule *r, uint32_t mask) {
    if (__builtin_popcount(mask) != r->visits)
        return false;
    for (int a = 0; a < JC_MONTHS; a++) {
        if (!(mask >> a & 1))
            continue;
        bool inside = r->n_windows == 0;
        for (size_t w = 0; w < r->n_windows; w++)
            inside |= r->windows[w]->months >> a & 1;
        if (!inside || r->blackout >> a & 1)
            return false;
        for (int b = a + 1; b < JC_MONTHS; b++)
            if (mask >> b & 1 && b - a < r->gap)
                return false;
    }
    for (size_t w = 0; w < r->n_windows && r->visits; w++) {
        int n = __builtin_popcount(mask & r->windows[w]->months);
        if (n < r->windows[w]->min || n > r->windows[w]->max)
            return false;
    }
    return true;
}

static void lists_what_the_definition_allows(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    for (size_t i = 0; i < COUNT(rule_cases); i++) {
        const struct rule_case *c = &rule_cases[i];
        struct maker k = maker_new(arena);
        struct jc_pattern_rule rule = make_rule(&k, c);
        uint16_t listed[JC_PATTERNS_MAX];
        size_t n = jc_pattern_list(&rule, listed), at = 0;
        CHECK_INT(c->name, n, c->expected);
        for (uint32_t mask = 0; mask <= JC_MONTHS_ALL; mask++) {
            bool good = allowed(&rule, mask);
            CHECK(c->name, good == (jc_pattern_check(&rule, mask) == JC_PATTERN_OK));
            CHECK(c->name, good == (at < n && listed[at] == mask));
            at += good;
        }
        CHECK_INT(c->name, jc_pattern_check(&rule, 0x1001), JC_PATTERN_VISITS);
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

static void names_the_fault(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint32_t mask;
        enum jc_pattern_fault fault;
    } cases[] = {
        {"good", 0x041, JC_PATTERN_OK},
        {"one visit short", 0x001, JC_PATTERN_VISITS},
        {"blacked out", 0x042, JC_PATTERN_BLACKOUT},
        {"outside", 0x401, JC_PATTERN_OUTSIDE},
        {"two in one window", 0x009, JC_PATTERN_WINDOW},
        {"too close", 0x060, JC_PATTERN_GAP},
    };
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct maker k = maker_new(arena);
    Jc__ProblemRule *r = add_rule(&k, 2, 3);
    add_window(&k, &r->windows, &r->n_windows, 0x03f, 1, 1);
    add_window(&k, &r->windows, &r->n_windows, 0x1c0, 1, 1);
    struct jc_pattern_rule rule = jc_pattern_rule(r, 2, 0x002);
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_INT(cases[i].name, jc_pattern_check(&rule, cases[i].mask), cases[i].fault);
    jc_arena_free(arena);
}

/* A unit's patterns hold its pins and leave every joining team a way to keep its own rule. */
static void options_respect_pins_and_joints(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(16 << 20);
    for (uint64_t seed = 0; seed < 400; seed++) {
        char name[32];
        snprintf(name, sizeof name, "seed %d", (int)seed);
        Jc__Problem *p = chance_problem(arena, seed, 3);
        for (size_t u = 0; u < p->n_units; u++)
            for (size_t o = 0; o < p->units[u]->n_options; o++) {
                const Jc__ProblemUnit *unit = p->units[u];
                uint32_t pinned = seed % 3 == 0 ? 1u << (seed % JC_MONTHS) : 0;
                uint16_t listed[JC_PATTERNS_MAX];
                size_t n = jc_pattern_of_option(p, unit, unit->options[o], pinned, listed), at = 0;
                struct jc_pattern_rule rule =
                    jc_pattern_rule(p->rules[unit->options[o]->rule], unit->options[o]->visits, unit->blackout_months);
                for (uint32_t mask = 0; mask <= JC_MONTHS_ALL; mask++) {
                    bool good = allowed(&rule, mask) && (mask & pinned) == pinned;
                    for (size_t j = 0; good && mask && j < unit->n_joints; j++) {
                        bool found = false;
                        struct jc_pattern_rule own =
                            jc_pattern_rule(p->rules[unit->joints[j]->rule], unit->joints[j]->visits, 0);
                        for (uint32_t sub = 0; sub <= mask; sub++)
                            found |= (sub & mask) == sub && allowed(&own, sub);
                        good = found;
                    }
                    CHECK(name, good == (at < n && listed[at] == mask));
                    at += good;
                }
            }
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_what_the_definition_allows),
        cmocka_unit_test(names_the_fault),
        cmocka_unit_test(options_respect_pins_and_joints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
