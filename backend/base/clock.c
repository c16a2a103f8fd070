/* Dates use the proleptic Gregorian calendar counted in days (Howard Hinnant's algorithms: years
 * start in March, so the leap day is the last), which needs no table and no time zone database. */
#include "base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHINA_OFFSET_MS = 8 * 3600 * 1000, DAY_MS = 24 * 3600 * 1000 };

/* --- the system's clocks -------------------------------------------------------------------------- */

static pthread_once_t shift_once = PTHREAD_ONCE_INIT;
static int64_t shift_ms; /* JIANCHA_NOW minus the time when it was first asked for */

static int64_t read_ms(clockid_t which) {
    struct timespec now;
    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void read_shift(void) {
    const char *start = getenv("JIANCHA_NOW");
    int64_t start_ms;
    if (!start || !*start)
        return;
    if (jc_time_parse(jc_str(start), &start_ms))
        shift_ms = start_ms - read_ms(CLOCK_REALTIME);
    else
        fprintf(stderr, "JIANCHA_NOW=%s is not a time like 2023-01-05T09:00:00+08:00, ignored\n", start);
}

static int64_t system_now(void *ctx) {
    (void)ctx;
    return read_ms(CLOCK_REALTIME) + shift_ms;
}

struct jc_clock jc_clock_system(void) {
    pthread_once(&shift_once, read_shift);
    return (struct jc_clock){system_now, NULL};
}

int64_t jc_clock_now_ms(const struct jc_clock *clock) {
    return clock->now_ms(clock->ctx);
}

int64_t jc_monotonic_ms(void) {
    return read_ms(CLOCK_MONOTONIC);
}

/* --- dates ---------------------------------------------------------------------------------------- */

/* Rounded down, so times before 1970 come out right. */
static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

static int64_t floor_mod(int64_t a, int64_t b) {
    return a % b + (a % b < 0 ? b : 0);
}

int64_t jc_date_to_days(struct jc_date date) {
    int64_t year = (int64_t)date.year - (date.month <= 2);
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct jc_date jc_date_from_days(int64_t days) {
    days += 719468;
    int64_t era = floor_div(days, 146097);
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* 0 is March */
    struct jc_date date = {
        .year = (int)(year_of_era + era * 400 + (month >= 10)),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(day_of_year - (153 * month + 2) / 5 + 1),
    };
    return date;
}

int jc_date_weekday(struct jc_date date) {
    return (int)floor_mod(jc_date_to_days(date) + 3, 7); /* 1970-01-01 was a Thursday */
}

int jc_months_over(int year, struct jc_date day) {
    if (day.year != year)
        return day.year > year ? 12 : 0;
    return day.day == jc_days_in_month(day.year, day.month) ? day.month : day.month - 1;
}

int jc_days_in_month(int year, int month) {
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month < 1 || month > 12 ? 0 : DAYS[month - 1] + (month == 2 && leap);
}

struct jc_date jc_date_of_ms(int64_t utc_ms) {
    int64_t days = floor_div(utc_ms, DAY_MS);
    return jc_date_from_days(days + (floor_mod(utc_ms, DAY_MS) + CHINA_OFFSET_MS >= DAY_MS));
}

int64_t jc_date_to_ms(struct jc_date date) {
    return jc_date_to_days(date) * DAY_MS - CHINA_OFFSET_MS;
}

/* --- text ----------------------------------------------------------------------------------------- */

/* Takes exactly `count` digits off the front. */
static bool take_digits(struct jc_str *s, size_t count, int *out) {
    if (s->len < count)
        return false;
    int number = 0;
    for (size_t i = 0; i < count; i++) {
        if (s->ptr[i] < '0' || s->ptr[i] > '9')
            return false;
        number = number * 10 + (s->ptr[i] - '0');
    }
    s->ptr += count;
    s->len -= count;
    *out = number;
    return true;
}

static bool take_char(struct jc_str *s, char c) {
    if (s->len == 0 || s->ptr[0] != c)
        return false;
    s->ptr++;
    s->len--;
    return true;
}

static bool take_date(struct jc_str *s, struct jc_date *out) {
    struct jc_date date;
    if (!take_digits(s, 4, &date.year) || !take_char(s, '-') || !take_digits(s, 2, &date.month) || !take_char(s, '-') ||
        !take_digits(s, 2, &date.day))
        return false;
    if (date.year < 1 || date.day < 1 || date.day > jc_days_in_month(date.year, date.month))
        return false;
    *out = date;
    return true;
}

bool jc_date_parse(struct jc_str iso, struct jc_date *out) {
    struct jc_date date;
    if (!take_date(&iso, &date) || iso.len)
        return false;
    *out = date;
    return true;
}

/* hh:mm:ss and a fraction of any length, as milliseconds (the rest of the fraction is dropped). */
static bool take_time(struct jc_str *s, int64_t *out_ms) {
    int hour, minute, second;
    if (!take_digits(s, 2, &hour) || !take_char(s, ':') || !take_digits(s, 2, &minute) || !take_char(s, ':') ||
        !take_digits(s, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 60) /* 60: a leap second, counted as the next one */
        return false;
    int64_t ms = 0;
    if (take_char(s, '.')) {
        int digit, scale = 100;
        if (!take_digits(s, 1, &digit))
            return false;
        do {
            ms += (int64_t)digit * scale;
            scale /= 10;
        } while (take_digits(s, 1, &digit));
    }
    *out_ms = ((int64_t)hour * 60 + minute) * 60000 + (int64_t)second * 1000 + ms;
    return true;
}

static bool take_zone(struct jc_str *s, int64_t *out_ms) {
    *out_ms = 0;
    if (take_char(s, 'Z') || take_char(s, 'z'))
        return true;
    bool west = take_char(s, '-');
    int hour, minute;
    if ((!west && !take_char(s, '+')) || !take_digits(s, 2, &hour) || !take_char(s, ':') ||
        !take_digits(s, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *out_ms = (west ? -1 : 1) * ((int64_t)hour * 60 + minute) * 60000;
    return true;
}

bool jc_time_parse(struct jc_str rfc3339, int64_t *out_utc_ms) {
    struct jc_date date;
    int64_t time_ms, zone_ms;
    struct jc_str s = rfc3339;
    if (!take_date(&s, &date) || (!take_char(&s, 'T') && !take_char(&s, 't') && !take_char(&s, ' ')) ||
        !take_time(&s, &time_ms) || !take_zone(&s, &zone_ms) || s.len)
        return false;
    *out_utc_ms = jc_date_to_days(date) * DAY_MS + time_ms - zone_ms;
    return true;
}

/* `count` digits of a number that is not negative. */
static char *put_digits(char *out, int number, int count) {
    for (int i = count; i-- > 0; number /= 10)
        out[i] = (char)('0' + number % 10);
    return out + count;
}

struct jc_str jc_date_format(struct jc_date date, char *buf) {
    char *out = buf;
    if (date.year >= 0 && date.year <= 9999) { /* every record has one */
        out = put_digits(out, date.year, 4);
        *out++ = '-';
        out = put_digits(out, date.month, 2);
        *out++ = '-';
        out = put_digits(out, date.day, 2);
        *out = '\0';
        return (struct jc_str){buf, (size_t)(out - buf)};
    }
    int len = snprintf(buf, JC_TIME_MAX, "%04d-%02d-%02d", date.year, date.month, date.day);
    return (struct jc_str){buf, (size_t)len};
}

struct jc_str jc_time_format(int64_t utc_ms, char *buf) {
    struct jc_date date = jc_date_of_ms(utc_ms);
    int seconds = (int)((floor_mod(utc_ms, DAY_MS) + CHINA_OFFSET_MS) % DAY_MS / 1000);
    size_t len = jc_date_format(date, buf).len;
    len += (size_t)snprintf(buf + len, JC_TIME_MAX - len, "T%02d:%02d:%02d+08:00", seconds / 3600, seconds / 60 % 60,
                            seconds % 60);
    return (struct jc_str){buf, len};
}
