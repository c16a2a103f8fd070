/* A register as the files of a case (DESIGN section 10): what an import would read again. */
#ifndef JC_PLAN_CASE_WRITE_H
#define JC_PLAN_CASE_WRITE_H

#include "plan/register.h"

/* Writes agency, teams, rules, units, draws, quotas and budgets as .csv files into the folder, which is
 * made if it is not there; files of these names are replaced. */
enum jc_code jc_case_write(const struct jc_register *reg, const char *folder, struct jc_err *err);

/* Writes holidays.csv, in the format of the calendar, with as many weekdays off in each month as leave
 * the register's working days: for a year whose holidays are estimated. */
enum jc_code jc_case_write_holidays(const struct jc_register *reg, const char *folder, struct jc_err *err);

#endif
