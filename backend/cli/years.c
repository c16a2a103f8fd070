/* jiancha years: a plan over several years that covers everybody. */
#include "plan/years.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/json_out.h"
#include "cli/plan_json.h"
#include "cli/plan_print.h"
#include "cli/shortfall_print.h"
#include "cli/solving.h"
#include "plan/case_write.h"
#include "plan/worker.h"

enum { TIME_LIMIT_S = 60, YEARS = 3, NAMES = 20 };

const struct jc_command jc_cmd_years;

/* --- figures ------------------------------------------------------------------------------------------------- */

/* Units on rules of years that come in year `y`. */
static int64_t count_cyclic(const struct jc_years *years, size_t y) {
    int64_t count = 0;
    for (size_t i = 0; i < years->spread.n_units; i++)
        count += years->spread.units[i].cycle > 1 && years->spread.units[i].years >> y & 1;
    return count;
}

/* Workdays of the year's plan by team, as the referee counts them. */
static int64_t team_work(const struct jc_year *year, size_t team) {
    int64_t sum = 0;
    for (size_t m = 0; m < 12; m++)
        sum += year->measure.load_centi[team * 12 + m];
    return sum;
}

static int64_t year_work(const struct jc_year *year) {
    int64_t sum = 0;
    for (size_t t = 0; t < year->reg->n_teams; t++)
        sum += team_work(year, t);
    return sum;
}

/* Workdays over in the months of a year and in the year; 0 if all fits. */
static int64_t team_over(const struct jc_year *year, size_t team) {
    int64_t over = 0;
    for (int month = 0; month <= 12; month++)
        over += jc_measure_over(year->pp.problem, &year->measure, (int)team, month);
    return over;
}

/* --- for people ------------------------------------------------------------------------------------------------ */

static const struct jc_column YEAR_COLUMNS[] = {
    {"year", JC_MSG_COL_YEAR, true},
    {"working_days", JC_MSG_COL_WORKING_DAYS, true},
    {"cyclic", JC_MSG_YEARS_CYCLIC, true},
    {"visits", JC_MSG_COL_VISITS, true},
    {"workdays", JC_MSG_COL_PLANNED_WORKDAYS, true},
    {"unserved", JC_MSG_WHATIF_UNSERVED, true},
    {"over", JC_MSG_WHATIF_OVER, true},
    {"quota", JC_MSG_WHATIF_QUOTA, true},
    {"cost", JC_MSG_WHATIF_COST, true},
};

static enum jc_code print_years(struct jc_cli *cli, const struct jc_years *years, struct jc_err *err) {
    struct jc_table *table =
        jc_table_new(cli->arena, "years", YEAR_COLUMNS, sizeof(YEAR_COLUMNS) / sizeof(*YEAR_COLUMNS));
    if (!table)
        return jc_fail_memory(err);
    for (size_t y = 0; y < years->count; y++) {
        const struct jc_year *year = &years->items[y];
        jc_table_int(table, year->year);
        if (year->estimated && cli->format == JC_FORMAT_TABLE)
            jc_table_text(table, jc_arena_printf(cli->arena, "≈%d", year->reg->year_days));
        else
            jc_table_int(table, year->reg->year_days);
        jc_table_int(table, count_cyclic(years, y));
        jc_table_int(table, year->measure.visits);
        jc_table_centi(table, year_work(year));
        jc_table_int(table, year->plan->solve->unserved);
        jc_table_centi(table, year->plan->solve->over_centi);
        jc_table_int(table, year->plan->solve->quota);
        jc_table_text(table, jc_cost_text(cli->arena, year->plan->solve->cost_e5));
    }
    return jc_table_print(table, cli, err);
}

/* Per team and year the workdays planned against those there are: "118/120". */
static enum jc_code print_teams(struct jc_cli *cli, const struct jc_years *years, struct jc_err *err) {
    static const enum jc_msg headings[JC_SPREAD_MAX] = {JC_MSG_YEARS_Y1, JC_MSG_YEARS_Y2, JC_MSG_YEARS_Y3,
                                                        JC_MSG_YEARS_Y4, JC_MSG_YEARS_Y5, JC_MSG_YEARS_Y6};
    enum { TEXTS = 2 };
    struct jc_column columns[JC_SPREAD_MAX + TEXTS] = {{"team_id", JC_MSG_COL_TEAM, false},
                                                       {"name", JC_MSG_COL_TEAM_NAME, false}};
    for (size_t y = 0; y < years->count; y++)
        columns[y + TEXTS] = (struct jc_column){"year", headings[y], true};
    struct jc_table *table = jc_table_new(cli->arena, "teams", columns, years->count + TEXTS);
    if (!table)
        return jc_fail_memory(err);
    for (size_t t = 0; t < years->reg->n_teams; t++) {
        int64_t capacity = years->spread.teams[t].capacity_centi;
        char work[JC_NUMBER_TEXT], there[JC_NUMBER_TEXT];
        jc_table_text(table, jc_str(years->reg->teams[t]->team_id));
        jc_table_text(table, jc_str(years->reg->teams[t]->name));
        for (size_t y = 0; y < years->count; y++) {
            jc_str_from_centi(team_work(&years->items[y], t), work);
            jc_str_from_centi(capacity, there);
            jc_table_text(table, jc_arena_printf(cli->arena, "%s/%s", work, capacity < 0 ? "-" : there));
        }
    }
    return jc_table_print(table, cli, err);
}

/* Units that come behind their cycle, key ones first; the first NAMES of them. */
static void say_late(struct jc_cli *cli, const struct jc_years *years) {
    size_t told = 0;
    for (int key = 1; key >= 0; key--)
        for (size_t i = 0; i < years->spread.n_units && told < NAMES; i++) {
            const struct jc_spread_unit *u = &years->spread.units[i];
            char due[JC_NUMBER_TEXT], comes[JC_NUMBER_TEXT];
            if (!u->late || u->key != key)
                continue;
            struct jc_str args[] = {jc_str(u->unit->unit_id), jc_str(u->unit->name),
                                    jc_str_from_int64(years->reg->year + u->due, due),
                                    jc_str_from_int64(years->reg->year + __builtin_ctz(u->years), comes)};
            jc_buf_add(&cli->out, JC_STR("  "));
            jc_cli_say(cli, JC_MSG_YEARS_LATE_UNIT, args, 4);
            told++;
        }
    if (told < years->spread.late) {
        char rest[JC_NUMBER_TEXT];
        struct jc_str args[] = {jc_str_from_int64((int64_t)(years->spread.late - told), rest)};
        jc_buf_add(&cli->out, JC_STR("  "));
        jc_cli_say(cli, JC_MSG_YEARS_MORE, args, 1);
    }
}

/* Does everybody come in time, and if not, who does not? And what F2 asks to be said. */
static void say_coverage(struct jc_cli *cli, const struct jc_years *years) {
    const struct jc_spread *s = &years->spread;
    char cyclic[JC_NUMBER_TEXT], late[JC_NUMBER_TEXT], late_key[JC_NUMBER_TEXT], all[JC_NUMBER_TEXT],
        key[JC_NUMBER_TEXT], left_out[JC_NUMBER_TEXT];
    struct jc_str args[] = {
        jc_str_from_int64((int64_t)s->cyclic, cyclic),     jc_str_from_int64((int64_t)s->late, late),
        jc_str_from_int64((int64_t)s->late_key, late_key), jc_str_from_int64(s->seen_after, all),
        jc_str_from_int64(s->seen_after_key, key),         jc_str_from_int64((int64_t)years->left_out, left_out)};
    enum jc_msg covered = years->left_out ? JC_MSG_YEARS_LEFT_OUT : JC_MSG_YEARS_COVERED;
    jc_cli_say(cli, !s->cyclic ? JC_MSG_YEARS_NONE : s->late ? JC_MSG_YEARS_LATE : covered, args, 6);
    if (s->late && years->left_out)
        jc_cli_say(cli, JC_MSG_YEARS_LEFT_OUT, args, 6);
    if (s->late)
        say_late(cli, years);
    jc_print_coverage(cli, years->coverage, years->reg);
}

static void say_estimates(struct jc_cli *cli, const struct jc_years *years) {
    for (size_t y = 0; y < years->count; y++) {
        char number[JC_NUMBER_TEXT], days[JC_NUMBER_TEXT];
        struct jc_str args[] = {jc_str_from_int64(years->items[y].year, number),
                                jc_calendar_years(years->reg->calendar, cli->arena),
                                jc_str_from_int64(years->items[y].reg->year_days, days)};
        if (years->items[y].estimated)
            jc_cli_say(cli, JC_MSG_YEARS_ESTIMATED, args, 3);
    }
}

static enum jc_code print_for_people(struct jc_cli *cli, const struct jc_years *years, struct jc_err *err) {
    enum jc_code code = print_years(cli, years, err);
    jc_buf_char(&cli->out, '\n');
    if (!code)
        code = print_teams(cli, years, err);
    if (code)
        return code;
    jc_buf_char(&cli->out, '\n');
    say_coverage(cli, years);
    say_estimates(cli, years);
    for (size_t y = 0; y < years->count; y++) {
        char number[JC_NUMBER_TEXT];
        struct jc_str args[] = {jc_str_from_int64(years->items[y].year, number)};
        if (!years->items[y].plan->n_shortfalls)
            continue;
        jc_cli_say(cli, JC_MSG_YEARS_SHORT, args, 1);
        jc_print_shortfalls(cli, years->items[y].plan, years->items[y].reg);
    }
    return JC_OK;
}

/* --- for scripts ----------------------------------------------------------------------------------------------- */

static json_t *teams_json(const struct jc_years *years, size_t y) {
    json_t *teams = json_array();
    for (size_t t = 0; teams && t < years->reg->n_teams; t++) {
        int64_t capacity = years->spread.teams[t].capacity_centi;
        json_array_append_new(teams, json_pack("{s:s, s:o, s:o, s:o}", "team_id", years->reg->teams[t]->team_id,
                                               "capacity", capacity < 0 ? json_null() : jc_centi_json(capacity),
                                               "workdays", jc_centi_json(team_work(&years->items[y], t)), "over",
                                               jc_centi_json(team_over(&years->items[y], t))));
    }
    return teams;
}

static json_t *year_json(const struct jc_cli *cli, const struct jc_years *years, size_t y) {
    const struct jc_year *year = &years->items[y];
    json_t *units = json_array();
    for (size_t i = 0; units && i < years->spread.n_units; i++)
        if (years->spread.units[i].cycle > 1 && years->spread.units[i].years >> y & 1)
            json_array_append_new(units, json_string(years->spread.units[i].unit->unit_id));
    return json_pack("{s:i, s:i, s:b, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "year", year->year, "working_days",
                     year->reg->year_days, "estimated", (int)year->estimated, "solve", jc_solve_json(year->plan->solve),
                     "visits", (json_int_t)year->measure.visits, "workdays", jc_centi_json(year_work(year)), "units",
                     units, "teams", teams_json(years, y), "shortfalls", jc_shortfalls_json(cli, year->plan, year->reg),
                     "coverage", jc_coverage_json(cli, year->plan->coverage, year->reg));
}

static enum jc_code print_json(struct jc_cli *cli, const struct jc_years *years, struct jc_err *err) {
    const struct jc_spread *s = &years->spread;
    json_t *list = json_array(), *late = json_array();
    for (size_t y = 0; list && y < years->count; y++)
        json_array_append_new(list, year_json(cli, years, y));
    for (size_t i = 0; late && i < s->n_units; i++)
        if (s->units[i].late)
            json_array_append_new(late, json_pack("{s:s, s:b, s:i, s:i}", "unit_id", s->units[i].unit->unit_id, "key",
                                                  (int)s->units[i].key, "due", years->reg->year + s->units[i].due,
                                                  "year", years->reg->year + __builtin_ctz(s->units[i].years)));
    json_t *root =
        json_pack("{s:o, s:I, s:I, s:o, s:i, s:i, s:o}", "years", list, "cyclic_units", (json_int_t)s->cyclic,
                  "left_out", (json_int_t)years->left_out, "late", late, "seen_after", s->seen_after, "seen_after_key",
                  s->seen_after_key, "coverage", jc_coverage_json(cli, years->coverage, years->reg));
    return jc_print_json(cli, root, err);
}

/* --- files ------------------------------------------------------------------------------------------------------ */

/* The plan of a year as `plan --format json` prints it, into a file. */
static enum jc_code write_plan(struct jc_cli *cli, const struct jc_year *year, const char *path, struct jc_err *err) {
    struct jc_buf out = cli->out;
    jc_buf_init(&cli->out, out.max_size);
    enum jc_code code = jc_print_plan_json(cli, year->plan, year->reg, err);
    if (!code)
        code = jc_file_write(path, jc_buf_str(&cli->out), 0644, err);
    jc_buf_free(&cli->out);
    cli->out = out;
    return code;
}

/* A folder for each year: its case, its plan, and the estimated holidays if none are published. */
static enum jc_code export_years(struct jc_cli *cli, const struct jc_years *years, const char *folder,
                                 struct jc_err *err) {
    enum jc_code code = JC_OK;
    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        return jc_fail_errno(err, jc_str(folder));
    for (size_t y = 0; !code && y < years->count; y++) {
        const struct jc_year *year = &years->items[y];
        struct jc_str path = jc_arena_printf(cli->arena, "%s/%d", folder, year->year);
        struct jc_str plan = jc_arena_printf(cli->arena, "%s/%d/plan.json", folder, year->year);
        if (!path.ptr || !plan.ptr)
            return jc_fail_memory(err);
        code = jc_case_write(year->reg, path.ptr, err);
        if (!code && year->estimated)
            code = jc_case_write_holidays(year->reg, path.ptr, err);
        if (!code)
            code = write_plan(cli, year, plan.ptr, err);
    }
    return code;
}

/* --- run --------------------------------------------------------------------------------------------------------- */

static void begin(void *ctx, int year) {
    struct jc_solving *solving = ctx;
    char number[JC_NUMBER_TEXT];
    struct jc_str args[] = {jc_str_from_int64(year, number)};
    jc_solving_again(solving);
    jc_cli_note(solving->cli, JC_MSG_YEARS_BEGIN, args, 1);
}

static enum jc_code print_result(struct jc_cli *cli, const struct jc_years *years, struct jc_err *err) {
    if (cli->format == JC_FORMAT_JSON)
        return print_json(cli, years, err);
    return cli->format == JC_FORMAT_CSV ? print_years(cli, years, err) : print_for_people(cli, years, err);
}

static bool is_short(const struct jc_years *years) {
    bool found = years->spread.late > 0;
    for (size_t y = 0; y < years->count; y++)
        found |= years->items[y].plan->n_shortfalls > 0;
    return found;
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    struct jc_solving solving = {.cli = cli};
    const char *count = NULL, *folder = NULL;
    enum { OWN = 2, OPTIONS = OWN + JC_SOLVING_OPTIONS };
    struct jc_option options[OPTIONS] = {
        {.name = "years", .takes_value = true, .value = &count, .expects = {"2 至 6 的年数", "2 to 6 years"}},
        {.name = "export", .takes_value = true, .value = &folder},
    };
    struct jc_years_request request = {
        .solve = {.progress = jc_solving_progress, .ctx = &solving, .actor = cli->actor, .clock = cli->clock},
        .begin = begin,
    };
    struct jc_years years;
    struct jc_err err = {0};
    int64_t number = YEARS;
    jc_solving_options(&solving, options + OWN);
    if (!jc_cli_options(cli, &jc_cmd_years, options, OPTIONS, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_years, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    const char *bad = jc_solving_read(&solving, TIME_LIMIT_S, &request.solve.options);
    if (count && (!jc_str_to_int64(jc_str(count), &number) || number < 2 || number > JC_SPREAD_MAX))
        bad = "years";
    if (bad)
        return jc_cli_value_refused(cli, &jc_cmd_years, options, OPTIONS, bad);
    request.years = (int)number;
    request.solve.options.time_limit_ms = (request.solve.options.time_limit_ms + number - 1) / number;
    request.solve.program = jc_worker_program(cli->arena, cli->program);
    enum jc_code code = request.solve.program ? jc_cli_open(cli, &err) : jc_fail_memory(&err);
    if (!code) {
        request.solve.cancel_fd = jc_solving_begin(&solving);
        code = jc_years_run(cli->db, cli->agency_id, &request, cli->arena, &years, &err);
        jc_solving_end(&solving);
    }
    if (!code && folder)
        code = export_years(cli, &years, folder, &err);
    if (!code)
        code = print_result(cli, &years, &err);
    if (code)
        return jc_cli_fail(cli, &err);
    return is_short(&years) ? JC_EXIT_FOUND : JC_EXIT_DONE;
}

const struct jc_command jc_cmd_years = {
    .name = "years",
    .summary = {"多年计划：两三年内检查到每一家单位", "a plan over several years that covers every unit"},
    .usage = "years [--years N] [--export DIR] [--time-limit S] [--seed N] [--work N] [--weights …]",
    .help =
        {"把检查频次为两年或三年一次（0.5、0.33）的单位分配到各年，每年再按月求解。每家单位在上次检查后的周期内必到，\n"
         "可以提前；没有上次检查记录的，在第一个周期内必到；每年检查的单位每年都到。各年工作日尽量均衡，不超过各执法单位\n"
         "全年的工作日；容纳不下时先保重点单位，推迟的单位逐一列出，并说明几年可以全覆盖。不改动计划和数据库。\n"
         "往后各年的执法单位、工作日、月检查计划沿用本年；没有公布节假日的年份，工作日按已有年份的平均数估算，并标明“≈”。\n"
         "--years 年数（2 至 6，默认 3）；--export 每年一个文件夹：该年的资料（当年轮到的单位）和计划 plan.json；\n"
         "--time-limit 各年合计的时限（秒，默认 60），--work 每年的工作量；其余选项同 solve。Ctrl-C 结束当年的求解，继续下一年。\n"
         "有缺口或有推迟的单位时退出码为 1。",
         "Gives every unit on a rule of once in two or three years (0.5, 0.33) its year, then plans each year by months.\n"
         "A unit comes within its cycle after the last visit and may come earlier; without a known visit within the\n"
         "first cycle; units on yearly rules come every year. The years' work is even and within the teams' yearly\n"
         "workdays; what does not fit is put off, key units last, and named, with the number of years that full\n"
         "coverage takes. Neither plan nor database is touched.\n"
         "Later years have this year's teams, workdays and quotas. Working days of years without published holidays are\n"
         "estimated from the known years and marked ≈.\n"
         "--years 2 to 6 (3); --export a folder for each year with its case (the units whose turn it is) and plan.json;\n"
         "--time-limit seconds for all years together (60), --work for each year; other options are those of solve.\n"
         "Ctrl-C ends the search of one year and goes on with the next. Exit status 1 if there is a shortfall or\n"
         "somebody is put off."},
    .example = "jiancha years --time-limit 30\njiancha years --years 2 --export outlook --format json",
    .run = run,
};
