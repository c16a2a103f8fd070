/* Time: instants in milliseconds UTC, and calendar dates.
 *
 * Whatever must be repeatable takes a `struct jc_clock` instead of asking the system. China keeps
 * one zone without daylight saving: people see UTC+08:00. */
#ifndef JC_BASE_CLOCK_H
#define JC_BASE_CLOCK_H

#include "base/str.h"

struct jc_clock {
    int64_t (*now_ms)(void *ctx); /* Unix time in ms */
    void *ctx;
};

/* The system's wall clock. JIANCHA_NOW=2023-01-05T09:00:00+08:00 in the environment starts it there
 * instead (it runs on from there), for demonstrations and end-to-end tests of other years. */
struct jc_clock jc_clock_system(void);
int64_t jc_clock_now_ms(const struct jc_clock *clock);
/* Monotonic milliseconds for durations. */
int64_t jc_monotonic_ms(void);

struct jc_date {
    int year;
    int month; /* 1-12 */
    int day;   /* 1-31 */
};

bool jc_date_parse(struct jc_str iso, struct jc_date *out); /* "2023-01-31", a real day */
int64_t jc_date_to_days(struct jc_date date);               /* days since 1970-01-01 */
struct jc_date jc_date_from_days(int64_t days);
int jc_date_weekday(struct jc_date date); /* 0 Monday .. 6 Sunday */
int jc_days_in_month(int year, int month);
/* Months of `year` whose last day is on or before `day`, 0-12. */
int jc_months_over(int year, struct jc_date day);
struct jc_date jc_date_of_ms(int64_t utc_ms); /* the date in UTC+08:00 */
int64_t jc_date_to_ms(struct jc_date date);   /* 00:00 UTC+08:00 */
/* buf: at least JC_TIME_MAX; returns a view of it. */
enum { JC_TIME_MAX = 40 };
struct jc_str jc_date_format(struct jc_date date, char *buf); /* 2023-01-31 */
struct jc_str jc_time_format(int64_t utc_ms, char *buf);      /* 2023-01-31T09:00:00+08:00 */
bool jc_time_parse(struct jc_str rfc3339, int64_t *out_utc_ms);

#endif
