/* --weights: what is taken, and what is refused with the weights left as they were. */
#include "jc_test.h"

#include "cli/weights.h"

static const struct {
    const char *name, *text;
    bool taken;
    int64_t weights[5]; /* balance, travel, risk, preferred, changes, from 1 2 3 4 5 thousandths */
} CASES[] = {
    {"all", "balance=1,travel=4,risk=0.1,preferred=1,changes=3", true, {1000, 4000, 100, 1000, 3000}},
    {"one", "travel=0", true, {1, 0, 3, 4, 5}},
    {"any order", "risk=0.125,balance=2", true, {2000, 2, 125, 4, 5}},
    {"three decimals", "changes=0.001", true, {1, 2, 3, 4, 1}},
    {"the largest", "travel=1000000", true, {1, 1000000000, 3, 4, 5}},
    {"nothing", "", false, {1, 2, 3, 4, 5}},
    {"unknown name", "luck=1", false, {1, 2, 3, 4, 5}},
    {"no number", "travel=", false, {1, 2, 3, 4, 5}},
    {"no equals sign", "travel", false, {1, 2, 3, 4, 5}},
    {"twice", "travel=1,travel=2", false, {1, 2, 3, 4, 5}},
    {"a good one before a bad one", "travel=9,risk=x", false, {1, 2, 3, 4, 5}},
    {"negative", "travel=-1", false, {1, 2, 3, 4, 5}},
    {"negative part", "travel=1.-5", false, {1, 2, 3, 4, 5}},
    {"signed", "travel=+1", false, {1, 2, 3, 4, 5}},
    {"not a number", "travel=nan", false, {1, 2, 3, 4, 5}},
    {"infinite", "travel=inf", false, {1, 2, 3, 4, 5}},
    {"exponent", "travel=1e3", false, {1, 2, 3, 4, 5}},
    {"too large", "travel=1000001", false, {1, 2, 3, 4, 5}},
    {"too large by a thousandth", "travel=1000000.001", false, {1, 2, 3, 4, 5}},
    {"beyond 64 bits", "travel=99999999999999999999", false, {1, 2, 3, 4, 5}},
    {"too precise", "travel=0.0001", false, {1, 2, 3, 4, 5}},
    {"point without digits", "travel=1.", false, {1, 2, 3, 4, 5}},
    {"two points", "travel=1.2.3", false, {1, 2, 3, 4, 5}},
    {"comma at the end", "travel=1,", false, {1, 2, 3, 4, 5}},
    {"blank", "travel= 1", false, {1, 2, 3, 4, 5}},
};

static void test_weights(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        Jc__Weights w = JC__WEIGHTS__INIT;
        int64_t *const fields[] = {&w.balance_milli, &w.travel_milli, &w.risk_milli, &w.preferred_milli,
                                   &w.changes_milli};
        for (int k = 0; k < 5; k++)
            *fields[k] = k + 1;
        CHECK_INT(CASES[i].name, jc_weights_read(CASES[i].text, &w), CASES[i].taken);
        for (int k = 0; k < 5; k++)
            CHECK_INT(CASES[i].name, *fields[k], CASES[i].weights[k]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_weights)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
