/* jiancha replan: re-plans the year as of a day, with the fewest changes, and prints the change notice. */
#include "plan/replan.h"
#include "cli/json_out.h"
#include "cli/plan_json.h"
#include "cli/plan_print.h"
#include "cli/shortfall_print.h"
#include "cli/solving.h"
#include "plan/worker.h"

enum { TIME_LIMIT_S = 10, OPTIONS = JC_SOLVING_OPTIONS + 4 };

const struct jc_command jc_cmd_replan;

/* --- the notice ------------------------------------------------------------------------------------------ */

static const char *const KINDS[] = {
    [JC_NOTICE_MOVED] = "moved",
    [JC_NOTICE_ADDED] = "added",
    [JC_NOTICE_DROPPED] = "dropped",
    [JC_NOTICE_JOINED] = "joined",
};
static const enum jc_msg KIND_WORDS[] = {
    [JC_NOTICE_MOVED] = JC_MSG_NOTICE_MOVED,
    [JC_NOTICE_ADDED] = JC_MSG_NOTICE_ADDED,
    [JC_NOTICE_DROPPED] = JC_MSG_NOTICE_DROPPED,
    [JC_NOTICE_JOINED] = JC_MSG_NOTICE_IS_JOINED,
};
static const char *const WHYS[JC_NOTICE_WHYS] = {
    [JC_NOTICE_MISSED] = "missed",
    [JC_NOTICE_WINDOW_OVER] = "window_over",
    [JC_NOTICE_NEW_UNIT] = "new_unit",
    [JC_NOTICE_RULE_CHANGED] = "rule_changed",
    [JC_NOTICE_NOT_PLANNED] = "not_planned",
    [JC_NOTICE_TEAM] = "team",
    [JC_NOTICE_BLACKOUT] = "blackout",
    [JC_NOTICE_PATTERN] = "window_or_gap",
    [JC_NOTICE_ROOM] = "room",
};

static const struct jc_column COLUMNS[] = {
    {"change", JC_MSG_COL_NOTICE_KIND, false},
    {"visit_id", JC_MSG_COL_VISIT, false},
    {"unit_id", JC_MSG_COL_UNIT_ID, false},
    {"unit", JC_MSG_COL_UNIT, false},
    {"draw_id", JC_MSG_COL_DRAW, false},
    {"from_month", JC_MSG_COL_FROM_MONTH, true},
    {"from_team", JC_MSG_COL_FROM_TEAM, false},
    {"to_month", JC_MSG_COL_TO_MONTH, true},
    {"to_team", JC_MSG_COL_TO_TEAM, false},
    {"released", JC_MSG_COL_TOLD, false},
    {"why", JC_MSG_COL_WHY, false},
    {"text", JC_MSG_COL_WHY, false},
};
enum { N_COLUMNS = sizeof(COLUMNS) / sizeof(*COLUMNS), WHY_COLUMN = N_COLUMNS - 2 };

static struct jc_str why_text(const struct jc_cli *cli, const struct jc_register *reg,
                              const struct jc_notice_row *row) {
    struct jc_buf text;
    jc_buf_init(&text, 4096);
    jc_notice_why_text(&text, cli->lang, reg, row);
    struct jc_str copy = jc_arena_copy(cli->arena, jc_buf_str(&text));
    jc_buf_free(&text);
    return copy;
}

/* People read the draw's name, scripts its id. */
static struct jc_str draw_name(const struct jc_register *reg, const Jc__Visit *visit) {
    int draw = *visit->draw_id ? jc_register_draw(reg, visit->draw_id) : -1;
    return jc_str(draw >= 0 ? reg->draws[draw]->name : visit->draw_id);
}

static struct jc_str unit_name(const struct jc_register *reg, const Jc__Visit *visit) {
    int unit = jc_register_unit(reg, visit->unit_id);
    return jc_str(unit >= 0 ? reg->units[unit]->name : visit->unit_id);
}

static struct jc_str team_cell(const struct jc_cli *cli, const struct jc_register *reg, const Jc__Visit *visit) {
    if (!visit)
        return JC_STR("");
    int team = jc_register_team(reg, visit->lead_team);
    return jc_str(cli->format == JC_FORMAT_TABLE && team >= 0 ? reg->teams[team]->name : visit->lead_team);
}

static void month_cell(struct jc_table *table, const Jc__Visit *visit) {
    if (visit)
        jc_table_int(table, visit->month);
    else
        jc_table_null(table);
}

/* People read the words, so tables leave the code of the reason out. */
static void notice_row(struct jc_table *table, const struct jc_cli *cli, const struct jc_register *reg,
                       const struct jc_notice_row *row) {
    bool words = cli->format == JC_FORMAT_TABLE;
    const Jc__Visit *visit = row->to ? row->to : row->from;
    jc_table_text(table, words ? jc_msg_text(KIND_WORDS[row->kind], cli->lang) : jc_str(KINDS[row->kind]));
    jc_table_text(table, jc_str(visit->visit_id));
    jc_table_text(table, jc_str(visit->unit_id));
    jc_table_text(table, unit_name(reg, visit));
    jc_table_text(table, words ? draw_name(reg, visit) : jc_str(visit->draw_id));
    month_cell(table, row->from);
    jc_table_text(table, team_cell(cli, reg, row->from));
    month_cell(table, row->to);
    jc_table_text(table, team_cell(cli, reg, row->to));
    jc_table_bool(table, row->told);
    if (!words)
        jc_table_text(table, jc_str(WHYS[row->why]));
    jc_table_text(table, why_text(cli, reg, row));
}

static enum jc_code print_notice(struct jc_cli *cli, const struct jc_replanned *done, struct jc_err *err) {
    struct jc_column columns[N_COLUMNS];
    size_t n = 0;
    for (size_t i = 0; i < N_COLUMNS; i++)
        if (i != WHY_COLUMN || cli->format != JC_FORMAT_TABLE)
            columns[n++] = COLUMNS[i];
    struct jc_table *table = jc_table_new(cli->arena, "replan", columns, n);
    if (!table)
        return jc_fail_memory(err);
    for (size_t i = 0; i < done->notice.count; i++)
        notice_row(table, cli, done->reg, &done->notice.rows[i]);
    return jc_table_print(table, cli, err);
}

static json_t *row_json(const struct jc_cli *cli, const struct jc_register *reg, const struct jc_notice_row *row) {
    const Jc__Visit *visit = row->to ? row->to : row->from;
    struct jc_str text = why_text(cli, reg, row), unit = unit_name(reg, visit);
    return json_pack("{s:s, s:s, s:s, s:s%, s:s, s:o, s:s, s:o, s:s, s:b, s:s, s:s%}", "change", KINDS[row->kind],
                     "visit_id", visit->visit_id, "unit_id", visit->unit_id, "unit", unit.ptr, unit.len, "draw_id",
                     visit->draw_id, "from_month", row->from ? json_integer(row->from->month) : json_null(),
                     "from_team", row->from ? row->from->lead_team : "", "to_month",
                     row->to ? json_integer(row->to->month) : json_null(), "to_team", row->to ? row->to->lead_team : "",
                     "released", (int)row->told, "why", WHYS[row->why], "text", text.ptr ? text.ptr : "", text.len);
}

static enum jc_code print_json(struct jc_cli *cli, const struct jc_replanned *done, bool stored, struct jc_err *err) {
    json_t *rows = json_array();
    for (size_t i = 0; rows && i < done->notice.count; i++)
        json_array_append_new(rows, row_json(cli, done->reg, &done->notice.rows[i]));
    bool whole = json_array_size(rows) == done->notice.count;
    json_t *root = json_pack("{s:{s:i, s:i, s:s, s:b}, s:{s:I, s:I, s:b}, s:o, s:o}", "plan", "version",
                             done->plan->version, "against", done->against, "as_of", done->plan->as_of, "stored",
                             (int)stored, "changes", "count", (json_int_t)done->notice.changes, "least",
                             (json_int_t)done->least, "proven", (int)(done->least >= done->notice.changes), "solve",
                             jc_solve_json(done->plan->solve), "replan", rows);
    if (!whole) {
        json_decref(root);
        return jc_fail_memory(err);
    }
    return jc_print_json(cli, root, err);
}

/* --- what is said beside it --------------------------------------------------------------------------------- */

static void say_changes(struct jc_cli *cli, const struct jc_replanned *done) {
    char count[JC_NUMBER_TEXT], least[JC_NUMBER_TEXT];
    struct jc_str args[] = {jc_str_from_int64(done->notice.changes, count), jc_str_from_int64(done->least, least)};
    if (!done->notice.changes)
        jc_cli_say(cli, JC_MSG_REPLAN_NOTHING, NULL, 0);
    else
        jc_cli_say(cli, done->least >= done->notice.changes ? JC_MSG_REPLAN_PROVEN : JC_MSG_REPLAN_NOT_PROVEN, args, 2);
}

/* Whether the change is a major one (P5-P8), and what happens to tasks on terminals. */
static void note_consequences(struct jc_cli *cli, const struct jc_replanned *done, bool stored) {
    char version[JC_NUMBER_TEXT], against[JC_NUMBER_TEXT], number[JC_NUMBER_TEXT], day[JC_TIME_MAX];
    int64_t told = 0;
    for (size_t i = 0; i < done->notice.count; i++)
        told += done->notice.rows[i].told;
    struct jc_str count = jc_str_from_int64(told, number);
    if (told)
        jc_cli_note(cli, JC_MSG_REPLAN_TOLD, &count, 1);
    struct jc_str args[] = {jc_str_from_int64(done->plan->version, version), jc_str_from_int64(done->against, against),
                            jc_date_format(done->major.due, day)};
    jc_cli_note(cli, done->major.major ? JC_MSG_AMEND_MAJOR : JC_MSG_AMEND_MINOR, args, 3);
    if (done->major.industries.len)
        jc_cli_note(cli, JC_MSG_AMEND_INDUSTRIES, &done->major.industries, 1);
    if (!stored)
        jc_cli_note(cli, JC_MSG_REPLAN_DRY, NULL, 0);
    else if (done->replaced)
        jc_cli_note(cli, JC_MSG_REPLAN_REPLACED, args, 1);
}

static enum jc_code print_result(struct jc_cli *cli, const struct jc_replanned *done, bool stored, struct jc_err *err) {
    if (cli->format == JC_FORMAT_JSON)
        return print_json(cli, done, stored, err);
    note_consequences(cli, done, stored);
    enum jc_code code = print_notice(cli, done, err);
    if (code || cli->format == JC_FORMAT_CSV)
        return code;
    char version[JC_NUMBER_TEXT], visits[JC_NUMBER_TEXT];
    struct jc_str args[] = {jc_str_from_int64(done->plan->version, version),
                            jc_str_from_int64((int64_t)done->plan->n_visits, visits)};
    say_changes(cli, done);
    jc_print_solve(cli, done->plan->solve);
    jc_print_shortfalls(cli, done->plan, done->reg);
    if (stored)
        jc_cli_say(cli, JC_MSG_SOLVE_STORED, args, 2);
    return JC_OK;
}

/* --- run ------------------------------------------------------------------------------------------------------ */

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    const char *as_of = NULL, *reason = NULL, *decided = NULL, *dry = NULL;
    struct jc_solving solving = {.cli = cli};
    struct jc_option options[OPTIONS] = {
        {.name = "as-of", .takes_value = true, .value = &as_of, .expects = JC_EXPECTS_DATE},
        {.name = "reason", .takes_value = true, .value = &reason},
        {.name = "decided-on", .takes_value = true, .value = &decided, .expects = JC_EXPECTS_DATE},
        {.name = "dry-run", .value = &dry},
    };
    struct jc_replan_request request = {
        .progress = jc_solving_progress, .ctx = &solving, .actor = cli->actor, .clock = cli->clock};
    struct jc_replanned done;
    struct jc_err err = {0};
    jc_solving_options(&solving, options + OPTIONS - JC_SOLVING_OPTIONS);
    if (!jc_cli_options(cli, &jc_cmd_replan, options, OPTIONS, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_replan, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    if (!as_of)
        return jc_cli_misuse(cli, &jc_cmd_replan, JC_MSG_CLI_OPTION_MISSING, JC_STR("--as-of"));
    const char *bad = jc_solving_read(&solving, TIME_LIMIT_S, &request.options);
    if (!jc_date_parse(jc_str(as_of), &request.as_of))
        bad = "as-of";
    if (decided && !jc_date_parse(jc_str(decided), &request.decided_on))
        bad = "decided-on";
    if (bad)
        return jc_cli_value_refused(cli, &jc_cmd_replan, options, OPTIONS, bad);
    request.reason = jc_str_trim(jc_str(reason));
    request.dry_run = dry != NULL;
    request.program = jc_worker_program(cli->arena, cli->program);
    enum jc_code code = request.program ? jc_cli_open(cli, &err) : jc_fail_memory(&err);
    if (!code) {
        request.cancel_fd = jc_solving_begin(&solving);
        code = jc_replan(cli->db, cli->agency_id, &request, cli->arena, &done, &err);
        jc_solving_end(&solving);
    }
    if (!code)
        code = print_result(cli, &done, !request.dry_run, &err);
    if (code)
        return jc_cli_fail(cli, &err);
    return done.plan->n_shortfalls ? JC_EXIT_FOUND : JC_EXIT_DONE;
}

const struct jc_command jc_cmd_replan = {
    .name = "replan",
    .summary = {"按执行情况调整计划，变动最少，并列出变动通知",
                "re-plan the year as of a day with the fewest changes, and list them"},
    .usage =
        "replan --as-of YYYY-MM-DD [--reason TEXT] [--decided-on YYYY-MM-DD] [--dry-run] [--time-limit S] [--seed N] "
        "[--work N] [--weights changes=3,…]",
    .help =
        {"以现行计划为基础重新安排：已完成的检查不动；--as-of 之前已结束月份内未完成的检查、新增单位的检查排入以后的月份；\n"
         "名录、执法单位、人数、预算、不宜检查月份的变动（import --update）一并生效；与实际检查日期的间隔照样保持。\n"
         "先使变动（单位、月份、牵头单位）的检查次数最少并给出证明，再在变动最少的方案中使代价最低。已下达、已抽定和固定的检查\n"
         "尽量不动；不得不动的，批准新版后终端上的任务收回，到新的月份再下达。检查时段已过而无法补排的列为缺口；\n"
         "抽查名额错过时段的，改在以后的月份补抽。\n"
         "结果存为下一版草案（已有草案则替换），现行计划在新版批准（approve）前不变。--dry-run 只列出变动，不保存；\n"
         "--reason、--decided-on 记入调整文件（默认按 --as-of）。--format json、csv 输出变动通知：哪个单位、原月份和执法单位、\n"
         "现月份和执法单位、原因。其他选项同 solve（默认 10 秒）。有缺口时退出码为 1。",
         "Plans the rest of the year again, from the plan in force: visits that are done stay; those not done in months\n"
         "that were over by --as-of, and those of new units, find a later month; changes of register, teams, headcount,\n"
         "budget and blackout months (import --update) hold, and so do gaps to the day a unit was really inspected.\n"
         "First the number of visits that change (unit, month, lead team) is made the least, and proven; then the cost,\n"
         "among the plans with that number. What is released, drawn or pinned stays if it can; if it cannot, its tasks\n"
         "are taken back once the new version is approved and released again in the new month. A visit whose window is\n"
         "over is a shortfall; a slot of a draw whose window is over comes in a later month.\n"
         "The result is a draft of the next version, in place of the draft there is; the plan in force stays as it is\n"
         "until the draft is approved. --dry-run lists the changes and stores nothing; --reason and --decided-on go on\n"
         "file (as of --as-of if left out). --format json or csv gives the change notice: which unit, from which month\n"
         "and team, to which, and why. The other options are those of solve (10 s). Exit status 1 if there is a\n"
         "shortfall."},
    .example = "jiancha replan --as-of 2023-06-01 --dry-run\njiancha replan --as-of 2023-06-01 --reason 二季度调整",
    .run = run,
};
