/* Dates, times and the clock. */
#include "jc_test.h"

#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"

static void test_dates(void **state) {
    (void)state;
    static const struct {
        const char *name, *text;
        int64_t days;
        int weekday;
    } CASES[] = {
        {"epoch, Thursday", "1970-01-01", 0, 3},
        {"day before", "1969-12-31", -1, 2},
        {"leap day", "2020-02-29", 18321, 5},
        {"day behind the leap day", "2020-03-01", 18322, 6},
        {"400-year leap day", "2000-02-29", 11016, 1},
        {"spring festival 2023", "2023-01-22", 19379, 6},
        {"first of the plan's year", "2023-01-01", 19358, 6},
        {"first day there is", "0001-01-01", -719162, 0},
        {"last day", "9999-12-31", 2932896, 4},
        {"1900 had no leap day", "1900-03-01", -25508, 3},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_date date;
        char text[JC_TIME_MAX];
        CHECK(CASES[i].name, jc_date_parse(jc_str(CASES[i].text), &date));
        CHECK_INT(CASES[i].name, jc_date_to_days(date), CASES[i].days);
        CHECK_INT(CASES[i].name, jc_date_weekday(date), CASES[i].weekday);
        CHECK_STR(CASES[i].name, jc_date_format(jc_date_from_days(CASES[i].days), text), CASES[i].text);
    }
    /* Every day of 800 years: the next number is the next day of the calendar. */
    struct jc_date expected = {1600, 1, 1};
    for (int64_t days = jc_date_to_days(expected); expected.year < 2400; days++) {
        struct jc_date date = jc_date_from_days(days);
        assert_true(date.year == expected.year && date.month == expected.month && date.day == expected.day);
        assert_int_equal(jc_date_to_days(date), days);
        if (++expected.day > jc_days_in_month(expected.year, expected.month)) {
            expected.day = 1;
            expected.year += expected.month == 12;
            expected.month = expected.month % 12 + 1;
        }
    }
}

static void test_no_dates(void **state) {
    (void)state;
    static const char *const CASES[] = {
        "",           "2023-02-29", "1900-02-29", "2023-13-01",  "2023-00-10",  "2023-01-00",
        "2023-01-32", "2023-04-31", "2023-1-1",   "2023-01-011", "2023-01-01 ", " 2023-01-01",
        "20230101",   "2023/01/01", "0000-01-01", "-001-01-01",  "2023-01",     "２０２３-01-01",
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_date date = {7, 7, 7};
        CHECK(CASES[i], !jc_date_parse(jc_str(CASES[i]), &date));
        CHECK(CASES[i], date.year == 7 && date.month == 7 && date.day == 7);
    }
    assert_int_equal(jc_days_in_month(2023, 0), 0);
    assert_int_equal(jc_days_in_month(2023, 13), 0);
}

static void test_times(void **state) {
    (void)state;
    static const struct {
        const char *name, *in;
        int64_t ms;
        const char *out;
    } CASES[] = {
        {"China", "2023-01-31T09:00:00+08:00", 1675126800000, "2023-01-31T09:00:00+08:00"},
        {"UTC", "2023-01-31T01:00:00Z", 1675126800000, "2023-01-31T09:00:00+08:00"},
        {"small letters", "2023-01-31t01:00:00z", 1675126800000, "2023-01-31T09:00:00+08:00"},
        {"blank for T", "2023-01-31 01:00:00Z", 1675126800000, "2023-01-31T09:00:00+08:00"},
        {"west", "2023-01-30T20:00:00-05:00", 1675126800000, "2023-01-31T09:00:00+08:00"},
        {"half an hour", "2023-01-31T06:30:00+05:30", 1675126800000, "2023-01-31T09:00:00+08:00"},
        {"fraction", "2023-01-31T01:00:00.5Z", 1675126800500, "2023-01-31T09:00:00+08:00"},
        {"long fraction", "2023-01-31T01:00:00.123456789Z", 1675126800123, "2023-01-31T09:00:00+08:00"},
        {"next day in China", "2022-12-31T16:00:00Z", 1672502400000, "2023-01-01T00:00:00+08:00"},
        {"a ms before midnight", "2022-12-31T15:59:59.999Z", 1672502399999, "2022-12-31T23:59:59+08:00"},
        {"leap second", "2016-12-31T23:59:60Z", 1483228800000, "2017-01-01T08:00:00+08:00"},
        {"epoch", "1970-01-01T00:00:00Z", 0, "1970-01-01T08:00:00+08:00"},
        {"before the epoch", "1969-12-31T23:59:59.999Z", -1, "1970-01-01T07:59:59+08:00"},
        {"long before", "1949-10-01T15:00:00+08:00", -639075600000, "1949-10-01T15:00:00+08:00"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        int64_t ms;
        char text[JC_TIME_MAX];
        CHECK(CASES[i].name, jc_time_parse(jc_str(CASES[i].in), &ms));
        CHECK_INT(CASES[i].name, ms, CASES[i].ms);
        CHECK_STR(CASES[i].name, jc_time_format(ms, text), CASES[i].out);
        struct jc_date day = jc_date_of_ms(ms);
        CHECK(CASES[i].name, jc_date_to_ms(day) <= ms && ms < jc_date_to_ms(day) + 86400000);
    }
    static const char *const BAD[] = {
        "",
        "2023-01-31",
        "2023-01-31T09:00:00",
        "2023-01-31T09:00+08:00",
        "2023-01-31T24:00:00Z",
        "2023-01-31T09:60:00Z",
        "2023-01-31T09:00:61Z",
        "2023-01-31T09:00:00.Z",
        "2023-01-31T09:00:00+24:00",
        "2023-01-31T09:00:00+08:60",
        "2023-01-31T09:00:00+0800",
        "2023-01-31T09:00:00+08",
        "2023-01-31T09:00:00Z ",
        "2023-02-30T09:00:00Z",
        "2023-01-31_09:00:00Z",
    };
    for (size_t i = 0; i < COUNT(BAD); i++) {
        int64_t ms = 42;
        CHECK(BAD[i], !jc_time_parse(jc_str(BAD[i]), &ms) && ms == 42);
    }
}

/* A format never leaves its buffer, whatever the number. */
static void test_extreme_times(void **state) {
    (void)state;
    static const int64_t CASES[] = {INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX - 1, INT64_MAX};
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char text[JC_TIME_MAX];
        struct jc_str s = jc_time_format(CASES[i], text);
        assert_true(s.len < JC_TIME_MAX && s.len == strlen(text));
    }
}

/* Runs in a child, because the environment is read once a process: 0 if the clock runs from
 * `expected_ms` (or, if negative, from the real time). */
static int clock_in_child(const char *now, int64_t expected_ms) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (now)
            setenv("JIANCHA_NOW", now, 1);
        else
            unsetenv("JIANCHA_NOW");
        close(2);
        struct timespec real;
        clock_gettime(CLOCK_REALTIME, &real);
        struct jc_clock clock = jc_clock_system();
        int64_t first = jc_clock_now_ms(&clock), from = expected_ms < 0 ? real.tv_sec * 1000LL : expected_ms;
        _exit(first >= from && first < from + 600000 && jc_clock_now_ms(&clock) >= first ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_now(void **state) {
    (void)state;
    static const struct {
        const char *name, *now;
        int64_t expected_ms;
    } CASES[] = {
        {"real time", NULL, -1},
        {"empty means real", "", -1},
        {"given", "2023-01-05T09:00:00+08:00", 1672880400000},
        {"given in UTC", "2023-01-05T01:00:00Z", 1672880400000},
        {"rubbish means real", "yesterday", -1},
    };
    for (size_t i = 0; i < COUNT(CASES); i++)
        CHECK_INT(CASES[i].name, clock_in_child(CASES[i].now, CASES[i].expected_ms), 0);
    int64_t start = jc_monotonic_ms();
    assert_true(jc_monotonic_ms() >= start);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates),         cmocka_unit_test(test_no_dates), cmocka_unit_test(test_times),
        cmocka_unit_test(test_extreme_times), cmocka_unit_test(test_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
