/* A working day is a weekday that is no holiday, or a weekend day declared a workday (调休). The
 * exceptions are a sorted array of day numbers; a look-up is a binary search. */
#include "store/calendar.h"

#include <stdlib.h>

#include "store/row.h"

struct exception {
    int64_t day; /* since 1970-01-01 */
    bool workday;
};

struct jc_calendar {
    struct jc_arena *arena;
    struct exception *items;
    size_t count, capacity;
};

static int by_day(const void *a, const void *b) {
    const struct exception *left = a, *right = b;
    return (left->day > right->day) - (left->day < right->day);
}

static enum jc_code read_holiday(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct jc_calendar *calendar = ctx;
    struct jc_date day;
    if (!jc_date_parse(jc_rows_text(rows, 0), &day))
        return jc_fail(err, JC_DATA_LOSS, JC_MSG_STORE_DAMAGED, JC_STR("holiday.day_on"));
    struct exception *exception = JC_PUSH(calendar->arena, calendar, struct exception);
    if (!exception)
        return jc_fail_memory(err);
    exception->day = jc_date_to_days(day);
    exception->workday = jc_str_eq(jc_rows_text(rows, 1), JC_STR("workday"));
    return JC_OK;
}

static const char SELECT_HOLIDAYS[] = "SELECT day_on, kind\n"
                                      "FROM holiday";

enum jc_code jc_calendar_load(struct jc_tx *tx, struct jc_arena *arena, struct jc_calendar **out, struct jc_err *err) {
    struct jc_calendar *calendar = JC_NEW(arena, struct jc_calendar);
    *out = calendar;
    if (!calendar)
        return jc_fail_memory(err);
    calendar->arena = arena;
    enum jc_code code = jc_row_each(tx, SELECT_HOLIDAYS, JC_NO_VALUES, read_holiday, calendar, err);
    if (!code && calendar->count)
        qsort(calendar->items, calendar->count, sizeof *calendar->items, by_day);
    return code;
}

bool jc_calendar_knows(const struct jc_calendar *calendar, int year) {
    int64_t first = jc_date_to_days((struct jc_date){year, 1, 1});
    int64_t last = jc_date_to_days((struct jc_date){year, 12, 31});
    for (size_t i = 0; i < calendar->count; i++)
        if (calendar->items[i].day >= first && calendar->items[i].day <= last && !calendar->items[i].workday)
            return true;
    return false;
}

struct jc_str jc_calendar_years(const struct jc_calendar *calendar, struct jc_arena *arena) {
    if (calendar->count == 0)
        return JC_STR("");
    int first = jc_date_from_days(calendar->items[0].day).year;
    int last = jc_date_from_days(calendar->items[calendar->count - 1].day).year;
    struct jc_str text = JC_STR("");
    for (int year = first; year <= last; year++) {
        if (!jc_calendar_knows(calendar, year))
            continue;
        int from = year;
        while (year < last && jc_calendar_knows(calendar, year + 1))
            year++;
        const char *comma = text.len ? ", " : "";
        text = from == year ? jc_arena_printf(arena, "%.*s%s%d", JC_FMT(text), comma, year)
                            : jc_arena_printf(arena, "%.*s%s%d-%d", JC_FMT(text), comma, from, year);
    }
    return text;
}

bool jc_calendar_is_workday(const struct jc_calendar *calendar, struct jc_date day) {
    struct exception key = {.day = jc_date_to_days(day)};
    const struct exception *found = NULL;
    if (calendar->count)
        found = bsearch(&key, calendar->items, calendar->count, sizeof key, by_day);
    return found ? found->workday : jc_date_weekday(day) < 5;
}

int jc_calendar_month(const struct jc_calendar *calendar, int year, int month) {
    int count = 0;
    for (int day = 1; day <= jc_days_in_month(year, month); day++)
        count += jc_calendar_is_workday(calendar, (struct jc_date){year, month, day});
    return count;
}

int jc_calendar_year(const struct jc_calendar *calendar, int year) {
    int count = 0;
    for (int month = 1; month <= 12; month++)
        count += jc_calendar_month(calendar, year, month);
    return count;
}

int jc_calendar_weekend(int year, int month) {
    int count = 0;
    for (int m = month ? month : 1; m <= (month ? month : 12); m++)
        for (int day = 1; day <= jc_days_in_month(year, m); day++)
            count += jc_date_weekday((struct jc_date){year, m, day}) >= 5;
    return count;
}

struct jc_date jc_calendar_add(const struct jc_calendar *calendar, struct jc_date from, int count, bool working) {
    int64_t day = jc_date_to_days(from);
    if (!working)
        return jc_date_from_days(day + count);
    int step = count < 0 ? -1 : 1;
    for (int left = count < 0 ? -count : count; left > 0;) {
        day += step;
        left -= jc_calendar_is_workday(calendar, jc_date_from_days(day));
    }
    return jc_date_from_days(day);
}
