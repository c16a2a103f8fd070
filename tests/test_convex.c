/* Curves of loads and counts against their definition at every possible value. */
#include "jc_test.h"

#include "optimizer/convex.h"

#define NONE (INT64_C(1) << 60)

struct load_case {
    const char *name;
    int64_t top, grain, target, limit;
    bool hard;
};

static const struct load_case loads[] = {
    {"target between two multiples", 1000, 100, 333, NONE, false},
    {"target above everything", 500, 100, 800, NONE, false},
    {"limit below the target", 1000, 50, 620, 410, false},
    {"a limit that binds", 1000, 50, 620, 410, true},
    {"a limit of zero", 1000, 50, 620, 0, true},
    {"a limit alone", 700, 70, -1, 300, false},
    {"top is no multiple", 250, 100, 240, NONE, false},
    {"no work at all", 0, 1, 100, 50, false},
};

static int64_t above(int64_t value, int64_t limit) {
    return value > limit ? value - limit : 0;
}

static void loads_as_defined(void **state) {
    (void)state;
    static const int64_t prices[] = {-2000, -1000, -7, 0, 3, 999, 1000, 5000}, over[] = {0, 500, 100000};
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
        const struct load_case *c = &loads[i];
        struct jc_convex f = jc_convex_load(c->top, c->grain, c->target, 1000, c->limit, c->hard);
        for (size_t p = 0; p < 24; p++) {
            int64_t least = INT64_MAX, value, price = prices[p % 8], excess = over[p / 8];
            for (int64_t x = 0; x <= (c->hard && c->limit < c->top ? c->limit : c->top); x += c->grain) {
                int64_t y =
                    (c->target >= 0 ? 1000 * llabs(x - c->target) : 0) + excess * above(x, c->limit) - price * x;
                least = y < least ? y : least;
            }
            int at = jc_convex_least(&f, excess, price, &value);
            CHECK_INT(c->name, value, least);
            CHECK_INT(c->name, f.at[at] % c->grain, 0);
        }
    }
}

static const struct {
    const char *name;
    int64_t lo, hi;
    bool hard, possible;
} counts[] = {
    {"exactly three", 3, 3, false, true},    {"exactly three, held", 3, 3, true, true},
    {"at least two", 2, 1000, true, true},   {"at most five", 0, 5, false, true},
    {"none is enough", 30, 40, true, false}, {"short of the minimum", 30, 40, false, true},
};

static void counts_as_defined(void **state) {
    (void)state;
    enum { TOP = 20 };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct jc_convex f = jc_convex_count(TOP, counts[i].lo, counts[i].hi, counts[i].hard);
        CHECK_INT(counts[i].name, f.n > 0, counts[i].possible);
        for (int64_t price = -50; price <= 50; price += 25) {
            int64_t least = counts[i].possible ? INT64_MAX : 0, value;
            for (int64_t n = 0; n <= TOP; n++) {
                int64_t miss = above(counts[i].lo, n) + above(n, counts[i].hi), y = 40 * miss - price * n;
                least = (!counts[i].hard || !miss) && y < least ? y : least;
            }
            jc_convex_least(&f, 40, price, &value);
            CHECK_INT(counts[i].name, value, least);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(loads_as_defined), cmocka_unit_test(counts_as_defined)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
