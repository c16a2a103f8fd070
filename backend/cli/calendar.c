/* jiancha calendar YEAR: working days by month, against the days the plan states. */
#include "store/calendar.h"

#include <string.h>

#include "cli/table.h"
#include "store/agency.h"
#include "store/workday_line.h"

const struct jc_command jc_cmd_calendar;

struct work {
    struct jc_cli *cli;
    int64_t year; /* 0: the plan's */
    struct jc_calendar *calendar;
    Jc__Agency *agency; /* NULL: several, and none is named */
    struct jc_workday_line *lines;
    size_t count;
};

/* The plan of --agency, or of the only agency. A year of its own needs none: with several agencies it is listed
 * without a comparison. */
static enum jc_code load_plan(struct jc_tx *tx, struct work *work, struct jc_err *err) {
    struct jc_cli *cli = work->cli;
    struct jc_str wanted = jc_str(cli->agency_code);
    struct jc_agency_ref *all = NULL;
    size_t count = 0;
    enum jc_code code = jc_agency_list(tx, cli->arena, &all, &count, err);
    if (code || (!wanted.len && work->year && count != 1))
        return code;
    code = jc_agency_find(tx, wanted, &cli->agency_id, err);
    if (!code)
        code = jc_agency_get(tx, cli->agency_id, cli->arena, &work->agency, err);
    if (!code)
        code = jc_workday_line_list(tx, cli->agency_id, cli->arena, &work->lines, &work->count, err);
    return code;
}

static enum jc_code load(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct work *work = ctx;
    struct jc_cli *cli = work->cli;
    enum jc_code code = jc_calendar_load(tx, cli->arena, &work->calendar, err);
    if (!code)
        code = load_plan(tx, work, err);
    if (code)
        return code;
    if (work->year == 0 && work->agency->agency_id[0] == '\0')
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_REGISTER_EMPTY);
    if (work->year == 0)
        work->year = work->agency->year;
    if (!jc_calendar_knows(work->calendar, (int)work->year)) {
        char year[JC_NUMBER_TEXT];
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_CALENDAR_UNKNOWN, jc_str_from_int64(work->year, year),
                       jc_calendar_years(work->calendar, cli->arena));
    }
    return JC_OK;
}

static const struct jc_column columns[] = {
    {"source", JC_MSG_COL_SOURCE, false},       {"month", JC_MSG_COL_MONTH, true},
    {"calendar_days", JC_MSG_COL_DAYS, true},   {"weekend_days", JC_MSG_COL_WEEKEND, true},
    {"days_off", JC_MSG_COL_DAYS_OFF, true},    {"made_up_days", JC_MSG_COL_MADE_UP, true},
    {"working_days", JC_MSG_COL_WORKING, true}, {"difference", JC_MSG_COL_DIFFERENCE, true},
};

struct month {
    int days, weekend, off, made_up, working;
};

/* month 0: the year. Holidays on weekdays are days off; weekend days worked are made up. */
static struct month count_days(const struct jc_calendar *calendar, int year, int month) {
    struct month sum = {.weekend = jc_calendar_weekend(year, month)};
    for (int m = month ? month : 1; m <= (month ? month : 12); m++)
        for (int day = 1; day <= jc_days_in_month(year, m); day++) {
            struct jc_date date = {year, m, day};
            bool weekend = jc_date_weekday(date) >= 5, works = jc_calendar_is_workday(calendar, date);
            sum.days++;
            sum.off += !weekend && !works;
            sum.made_up += weekend && works;
            sum.working += works;
        }
    return sum;
}

static void month_cell(struct jc_table *table, const struct jc_cli *cli, int month) {
    if (month == 0 && cli->format == JC_FORMAT_TABLE)
        jc_table_text(table, jc_msg_text(JC_MSG_CALENDAR_YEAR, cli->lang));
    else
        jc_table_int(table, month);
}

static void calendar_row(struct jc_table *table, const struct work *work, int month) {
    struct month sum = count_days(work->calendar, (int)work->year, month);
    bool people = work->cli->format == JC_FORMAT_TABLE;
    jc_table_text(table, people ? jc_msg_text(JC_MSG_CALENDAR_SOURCE, work->cli->lang) : JC_STR("calendar"));
    month_cell(table, work->cli, month);
    jc_table_int(table, sum.days);
    jc_table_int(table, sum.weekend);
    jc_table_int(table, sum.off);
    jc_table_int(table, sum.made_up);
    jc_table_int(table, sum.working);
    jc_table_null(table);
}

/* Days a year that the plan states, and by how many they differ from the calendar's. */
static void stated_row(struct jc_table *table, const struct work *work, struct jc_str source, int64_t stated_centi) {
    jc_table_text(table, source);
    month_cell(table, work->cli, 0);
    for (int i = 0; i < 4; i++)
        jc_table_null(table);
    jc_table_centi(table, stated_centi);
    jc_table_centi(table, stated_centi - 100 * (int64_t)jc_calendar_year(work->calendar, (int)work->year));
}

/* Statutory lines that are no split of another one and state their own days. */
static bool states_days(const struct jc_workday_line *line) {
    return jc_str_eq(line->bucket, JC_STR("statutory")) && line->days_centi >= 0;
}

static void stated_rows(struct jc_table *table, const struct work *work) {
    bool people = work->cli->format == JC_FORMAT_TABLE;
    if (!work->agency || work->agency->year != work->year)
        return; /* the plan is another year's */
    int64_t days = work->agency->statutory_days_per_person;
    if (days > 0)
        stated_row(table, work, people ? jc_str(work->agency->name) : JC_STR("agency"), 100 * days);
    for (size_t i = 0; i < work->count; i++)
        if (states_days(&work->lines[i]))
            stated_row(table, work, work->lines[i].line_id, work->lines[i].days_centi);
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    struct work work = {.cli = cli};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &jc_cmd_calendar, NULL, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 2)
        return jc_cli_misuse(cli, &jc_cmd_calendar, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[2]));
    if (argc > 1 && (!jc_str_to_int64(jc_str(argv[1]), &work.year) || work.year < 1 || work.year > 9999))
        return jc_cli_misuse(cli, &jc_cmd_calendar, JC_MSG_CALENDAR_YEAR_BAD, jc_str(argv[1]));
    enum jc_code code = jc_cli_open_db(cli, &err);
    if (!code)
        code = jc_cli_read(cli, load, &work, &err);
    if (code)
        return jc_cli_fail(cli, &err);
    struct jc_table *table = jc_table_new(cli->arena, "calendar", columns, sizeof columns / sizeof *columns);
    for (int month = 1; table && month <= 12; month++)
        calendar_row(table, &work, month);
    if (table) {
        calendar_row(table, &work, 0);
        stated_rows(table, &work);
    }
    code = jc_table_print(table, cli, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

const struct jc_command jc_cmd_calendar = {
    .name = "calendar",
    .summary = {"全年各月工作日", "the working days of a year"},
    .usage = "calendar [YEAR]",
    .help =
        {"按国务院公布的放假调休安排列出各月工作日，并与计划写明的每人法定工作日对照：\n"
         "先是全局，再是各执法单位自己写明天数的总法定工作日。不写年份则为计划年度。\n"
         "数据库中有多个执法机关时，写明年份而不写 --agency 只列日历，不作对照。",
         "Lists the working days of each month by the State Council's calendar, against the statutory days a person\n"
         "that the plan states: the agency's, then those of teams whose statutory line states days of its own.\n"
         "Without a year: the plan's. With several agencies, a year without --agency is listed without the comparison."},
    .example = "jiancha calendar 2023\njiancha calendar 2026 --format csv",
    .run = run,
};
