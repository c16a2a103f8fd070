/* The workday calendar (W2): weekends, public holidays and make-up workdays. */
#ifndef JC_STORE_CALENDAR_H
#define JC_STORE_CALENDAR_H

#include "base/clock.h"
#include "db/db.h"

/* The holidays the database holds, kept in memory for the length of a job. */
struct jc_calendar;

enum jc_code jc_calendar_load(struct jc_tx *tx, struct jc_arena *arena, struct jc_calendar **out, struct jc_err *err);
/* False if no holiday of that year is known: its working days would be wrong. */
bool jc_calendar_knows(const struct jc_calendar *calendar, int year);
/* The known years in order, as "2020-2024, 2026"; the arena's. ptr is NULL without memory. */
struct jc_str jc_calendar_years(const struct jc_calendar *calendar, struct jc_arena *arena);
bool jc_calendar_is_workday(const struct jc_calendar *calendar, struct jc_date day);
/* Working days of a month. */
int jc_calendar_month(const struct jc_calendar *calendar, int year, int month);
/* Working days of a year. */
int jc_calendar_year(const struct jc_calendar *calendar, int year);
/* Days of a month, or of a year (month 0), that are Saturdays or Sundays. */
int jc_calendar_weekend(int year, int month);
/* The day `count` days after `from` (before it for a negative count): calendar days, or working days
 * if `working`. */
struct jc_date jc_calendar_add(const struct jc_calendar *calendar, struct jc_date from, int count, bool working);

#endif
