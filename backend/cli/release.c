/* jiancha release: a month's visits become tasks. */
#include "plan/release.h"

#include <string.h>

#include "base/id.h"
#include "cli/table.h"

const struct jc_command jc_cmd_release;

struct releasing {
    struct jc_cli *cli;
    struct jc_release release;
    struct jc_released released;
};

static enum jc_code release_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct releasing *r = ctx;
    return jc_plan_release(tx, r->cli->agency_id, &r->release, r->cli->arena, &r->released, err);
}

static const struct jc_column COLUMNS[] = {
    {"task_id", JC_MSG_COL_TASK, false}, {"visit_id", JC_MSG_COL_VISIT, false}, {"team_id", JC_MSG_COL_TEAM, false},
    {"kind", JC_MSG_COL_KIND, false},    {"unit_id", JC_MSG_COL_UNIT, false},   {"due_on", JC_MSG_COL_DUE, false},
    {"theme", JC_MSG_COL_THEME, false},
};

static void task_row(struct jc_table *table, const struct jc_cli *cli, const struct jc_register *reg,
                     const Jc__Task *task) {
    char id[JC_UUID_TEXT];
    bool words = cli->format == JC_FORMAT_TABLE, joint = task->kind == JC__TASK_KIND__TASK_KIND_JOINT;
    int team = jc_register_team(reg, task->team_id), unit = jc_register_unit(reg, task->unit_id);
    struct jc_uuid uuid;
    memcpy(uuid.bytes, task->task_id.data, sizeof(uuid.bytes));
    jc_table_text(table, jc_uuid_format(uuid, id));
    jc_table_text(table, jc_str(task->visit_id));
    jc_table_text(table, jc_str(words && team >= 0 ? reg->teams[team]->name : task->team_id));
    jc_table_text(table, !words  ? jc_str(joint ? "joint" : "visit")
                         : joint ? jc_msg_text(JC_MSG_TASK_JOINT, cli->lang)
                                 : jc_msg_text(JC_MSG_TASK_VISIT, cli->lang));
    jc_table_text(table, jc_str(words && unit >= 0 ? reg->units[unit]->name : task->unit_id));
    jc_table_text(table, jc_str(task->due_on));
    jc_table_text(table, jc_str(task->theme));
}

/* Visits released now and before, and the slots nobody has drawn yet. */
static void print_notes(struct jc_cli *cli, const struct jc_released *released) {
    char visits[JC_NUMBER_TEXT], tasks[JC_NUMBER_TEXT], before[JC_NUMBER_TEXT];
    struct jc_str args[] = {jc_str_from_int64((int64_t)released->visits, visits),
                            jc_str_from_int64((int64_t)released->n_tasks, tasks),
                            jc_str_from_int64((int64_t)released->before, before)};
    jc_cli_note(cli, JC_MSG_RELEASED, args, 3);
    for (size_t i = 0; i < released->n_undrawn; i++) {
        struct jc_str slot[] = {jc_str(released->undrawn[i]->visit_id), jc_str(released->undrawn[i]->draw_id)};
        jc_cli_note(cli, JC_MSG_RELEASE_UNDRAWN, slot, 2);
    }
}

static enum jc_code print_released(struct releasing *r, struct jc_err *err) {
    struct jc_cli *cli = r->cli;
    struct jc_table *table = jc_table_new(cli->arena, "release", COLUMNS, sizeof(COLUMNS) / sizeof(*COLUMNS));
    if (!table)
        return jc_fail_memory(err);
    for (size_t i = 0; i < r->released.n_tasks; i++)
        task_row(table, cli, r->released.reg, r->released.tasks[i]);
    print_notes(cli, &r->released);
    return jc_table_print(table, cli, err);
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    const char *month = NULL, *team = NULL;
    const struct jc_option options[] = {
        {.name = "month", .takes_value = true, .value = &month, .expects = JC_EXPECTS_MONTH},
        {.name = "team", .takes_value = true, .value = &team},
    };
    struct releasing r = {.cli = cli};
    struct jc_err err = {0};
    int64_t number = 0;
    if (!jc_cli_options(cli, &jc_cmd_release, options, 2, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_release, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    if (!month)
        return jc_cli_misuse(cli, &jc_cmd_release, JC_MSG_CLI_OPTION_MISSING, JC_STR("--month"));
    if (!jc_str_to_int64(jc_str(month), &number) || number < 1 || number > 12)
        return jc_cli_value_refused(cli, &jc_cmd_release, options, 2, "month");
    r.release.month = (int)number;
    r.release.team_id = jc_str(team);
    r.release.actor = cli->actor;
    r.release.clock = cli->clock;
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_write(cli, release_job, &r, &err);
    if (!code)
        code = print_released(&r, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

const struct jc_command jc_cmd_release = {
    .name = "release",
    .summary = {"按月下达检查任务", "release a month's visits as tasks"},
    .usage = "release --month M [--team T]",
    .help = {"把现行计划当月的检查变为检查任务，发到牵头和配合执法单位的终端，月底到期。已下达的不会重复下达；\n"
             "尚未抽取的抽查名额逐一说明，抽取之后再下达即可。--team 只下达某执法单位牵头的检查。",
             "Turns the month's visits of the plan in force into tasks for the terminals of the lead team and the\n"
             "joining ones, due on the month's last day. Nothing is released twice. Slots that are not drawn yet are\n"
             "named; release the month again when they are. --team: visits that team leads."},
    .example = "jiancha release --month 1\njiancha release --month 2 --team hn-t1",
    .run = run,
};
