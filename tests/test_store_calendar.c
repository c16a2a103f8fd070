/* The workday calendar (W2) against a count that shares nothing with it: the spans of the State
 * Council's yearly notices, and weekdays by Zeller's congruence. */
#include "jc_store_test.h"

#include "store/calendar.h"

struct loaded {
    struct jc_arena *arena;
    struct jc_calendar *calendar;
};

static enum jc_code load_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct loaded *loaded = ctx;
    return jc_calendar_load(tx, loaded->arena, &loaded->calendar, err);
}

static bool weekend(int year, int month, int day) {
    int m = month < 3 ? month + 12 : month, y = month < 3 ? year - 1 : year;
    int h = (day + 13 * (m + 1) / 5 + y % 100 + y % 100 / 4 + y / 100 / 4 + 5 * (y / 100)) % 7;
    return h < 2; /* 0 Saturday, 1 Sunday */
}

/* Days off (first to last, month*100+day) and weekend days worked, from the yearly notices. */
static const struct {
    int year, total;
    int off[8][2];
    int worked[12];
} notices[] = {
    {2020,
     249,
     {{101, 101}, {124, 202}, {404, 406}, {501, 505}, {625, 627}, {1001, 1008}},
     {119, 426, 509, 628, 927, 1010}},
    {2021,
     250,
     {{101, 103}, {211, 217}, {403, 405}, {501, 505}, {612, 614}, {919, 921}, {1001, 1007}},
     {207, 220, 425, 508, 918, 926, 1009}},
    {2022,
     249,
     {{101, 103}, {131, 206}, {403, 405}, {430, 504}, {603, 605}, {910, 912}, {1001, 1007}},
     {129, 130, 402, 424, 507, 1008, 1009}},
    {2023,
     249,
     {{101, 102}, {121, 127}, {405, 405}, {429, 503}, {622, 624}, {929, 1006}},
     {128, 129, 423, 506, 625, 1007, 1008}},
    {2024,
     251,
     {{101, 101}, {210, 217}, {404, 406}, {501, 505}, {610, 610}, {915, 917}, {1001, 1007}},
     {204, 218, 407, 428, 511, 914, 929, 1012}},
    {2025, 248, {{101, 101}, {128, 204}, {404, 406}, {501, 505}, {531, 602}, {1001, 1008}}, {126, 208, 427, 928, 1011}},
    {2026,
     248,
     {{101, 103}, {215, 223}, {404, 406}, {501, 505}, {619, 621}, {925, 927}, {1001, 1007}},
     {104, 214, 228, 509, 920, 1010}},
};

static bool works(size_t notice, int month, int day) {
    int key = month * 100 + day;
    for (int i = 0; i < 12; i++)
        if (notices[notice].worked[i] == key)
            return true;
    for (int i = 0; i < 8; i++)
        if (key >= notices[notice].off[i][0] && key <= notices[notice].off[i][1])
            return false;
    return !weekend(notices[notice].year, month, day);
}

static void test_years(void **state) {
    struct loaded *loaded = *state;
    for (size_t n = 0; n < COUNT(notices); n++) {
        int year = notices[n].year, total = 0;
        for (int month = 1; month <= 12; month++) {
            char name[32];
            int count = 0;
            snprintf(name, sizeof name, "%d-%02d", year, month);
            for (int day = 1; day <= jc_days_in_month(year, month); day++)
                count += works(n, month, day);
            CHECK_INT(name, jc_calendar_month(loaded->calendar, year, month), count);
            total += count;
        }
        char name[32];
        snprintf(name, sizeof name, "%d", year);
        CHECK_INT(name, total, notices[n].total);
        CHECK_INT(name, jc_calendar_year(loaded->calendar, year), notices[n].total);
        CHECK(name, jc_calendar_knows(loaded->calendar, year));
    }
    assert_false(jc_calendar_knows(loaded->calendar, 2019));
    assert_false(jc_calendar_knows(loaded->calendar, 2027));
    CHECK_STR("known years", jc_calendar_years(loaded->calendar, loaded->arena), "2020-2026");
    assert_int_equal(jc_calendar_weekend(2023, 0), 105);
    assert_int_equal(jc_calendar_weekend(2023, 4), 10);
}

static void test_add(void **state) {
    struct loaded *loaded = *state;
    static const struct {
        const char *name, *from;
        int count;
        bool working;
        const char *expected;
    } cases[] = {
        {"no days", "2023-01-20", 0, true, "2023-01-20"},
        {"calendar days over the end of a month", "2023-01-25", 10, false, "2023-02-04"},
        {"back", "2023-03-01", -1, false, "2023-02-28"},
        {"over Spring Festival to a make-up Saturday", "2023-01-20", 1, true, "2023-01-28"},
        {"and on", "2023-01-20", 3, true, "2023-01-30"},
        {"over a plain weekend", "2023-03-03", 1, true, "2023-03-06"},
        {"back over Spring Festival", "2023-01-28", -1, true, "2023-01-20"},
        {"ten working days over National Day", "2023-09-25", 10, true, "2023-10-13"},
        {"into the next year", "2023-12-29", 1, true, "2024-01-02"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jc_date from;
        char buf[JC_TIME_MAX];
        CHECK(cases[i].name, jc_date_parse(jc_str(cases[i].from), &from));
        struct jc_date day = jc_calendar_add(loaded->calendar, from, cases[i].count, cases[i].working);
        CHECK_STR(cases[i].name, jc_date_format(day, buf), cases[i].expected);
    }
}

static enum jc_code two_years(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_script(tx, "DELETE FROM holiday WHERE day_on LIKE '2022%' OR day_on > '2024'", err);
}

static enum jc_code no_years(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_script(tx, "DELETE FROM holiday", err);
}

static void test_gaps(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct loaded loaded = {jc_arena_new(1 << 20), NULL};
    jc_test_write(db, two_years, NULL);
    jc_test_read(db, load_job, &loaded);
    CHECK_STR("with a gap", jc_calendar_years(loaded.calendar, loaded.arena), "2020-2021, 2023");
    jc_test_write(db, no_years, NULL);
    jc_test_read(db, load_job, &loaded);
    CHECK_STR("none", jc_calendar_years(loaded.calendar, loaded.arena), "");
    assert_int_equal(jc_calendar_month(loaded.calendar, 2023, 10), 22);
    jc_arena_free(loaded.arena);
    jc_db_close(db);
}

static int setup(void **state) {
    static struct loaded loaded;
    struct jc_db *db = jc_test_store();
    loaded.arena = jc_arena_new(1 << 20);
    jc_test_read(db, load_job, &loaded);
    jc_db_close(db);
    *state = &loaded;
    return 0;
}

static int teardown(void **state) {
    jc_arena_free(((struct loaded *)*state)->arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_years),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_gaps),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
