/* jiancha plan, plan move, plan pin, plan unpin: reads the plan and changes a draft by hand. */
#include <string.h>

#include "cli/plan_json.h"
#include "cli/plan_print.h"
#include "cli/shortfall_print.h"
#include "plan/move.h"

const struct jc_command jc_cmd_plan;
static const struct jc_command plan_move, plan_pin, plan_unpin;

/* A number of an option between `min` and `max`. */
static bool to_number(const char *text, int64_t min, int64_t max, int *out) {
    int64_t number = 0;
    if (!jc_str_to_int64(jc_str(text), &number) || number < min || number > max)
        return false;
    *out = (int)number;
    return true;
}

/* --- plan --------------------------------------------------------------------------------------------------- */

struct reading {
    struct jc_cli *cli;
    int version;
    struct jc_visit_filter filter;
    Jc__Plan *plan;
    struct jc_register *reg;
};

static enum jc_code read_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct reading *r = ctx;
    struct jc_cli *cli = r->cli;
    enum jc_code code = jc_register_load(tx, cli->agency_id, cli->arena, &r->reg, err);
    if (!code && r->filter.team_id.len && jc_register_team(r->reg, r->filter.team_id.ptr) < 0)
        code = jc_fail(err, JC_NOT_FOUND, JC_MSG_TEAM_UNKNOWN, r->filter.team_id);
    return code ? code : jc_plan_get(tx, cli->agency_id, r->version, &r->filter, cli->arena, &r->plan, err);
}

static enum jc_code print_plan(const struct reading *r, struct jc_err *err) {
    struct jc_cli *cli = r->cli;
    if (cli->format == JC_FORMAT_JSON)
        return jc_print_plan_json(cli, r->plan, r->reg, err);
    if (cli->format == JC_FORMAT_CSV)
        return jc_print_visits(cli, r->plan, r->reg, err);
    jc_print_plan_head(cli, r->plan);
    enum jc_code code = jc_print_plan_months(cli, r->plan, r->reg, err);
    if (code)
        return code;
    jc_buf_char(&cli->out, '\n');
    code = jc_print_visits(cli, r->plan, r->reg, err);
    if (code)
        return code;
    jc_buf_char(&cli->out, '\n');
    jc_print_solve(cli, r->plan->solve);
    jc_print_coverage(cli, r->plan->coverage, r->reg);
    jc_print_shortfalls(cli, r->plan, r->reg);
    return JC_OK;
}

static enum jc_exit run_plan(struct jc_cli *cli, int argc, char **argv) {
    const char *team = NULL, *month = NULL, *version = NULL;
    const struct jc_option options[] = {
        {.name = "team", .takes_value = true, .value = &team},
        {.name = "month", .takes_value = true, .value = &month, .expects = JC_EXPECTS_MONTH},
        {.name = "version",
         .takes_value = true,
         .value = &version,
         .expects = {"不小于 1 的整数", "a whole number, 1 or more"}},
    };
    struct reading reading = {.cli = cli};
    struct jc_err err = {0};
    bool ran = false;
    enum jc_exit result = jc_cli_dispatch(cli, &jc_cmd_plan, argc, argv, &ran);
    if (ran)
        return result;
    if (!jc_cli_options(cli, &jc_cmd_plan, options, 3, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_plan, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    if (month && !to_number(month, 1, 12, &reading.filter.month))
        return jc_cli_value_refused(cli, &jc_cmd_plan, options, 3, "month");
    if (version && !to_number(version, 1, INT32_MAX, &reading.version))
        return jc_cli_value_refused(cli, &jc_cmd_plan, options, 3, "version");
    reading.filter.team_id = jc_str(team);
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_read(cli, read_job, &reading, &err);
    if (!code)
        code = print_plan(&reading, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

/* --- plan move ------------------------------------------------------------------------------------------------ */

struct moving {
    struct jc_cli *cli;
    struct jc_move move;
    struct jc_moved moved;
};

static enum jc_code move_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct moving *m = ctx;
    return jc_plan_move(tx, m->cli->agency_id, &m->move, m->cli->arena, &m->moved, err);
}

/* The visit alone, as `plan` would list it. */
static enum jc_code print_visit(struct jc_cli *cli, const Jc__Plan *plan, Jc__Visit *visit,
                                const struct jc_register *reg, struct jc_err *err) {
    Jc__Plan one = *plan;
    one.visits = &visit;
    one.n_visits = 1;
    return cli->format == JC_FORMAT_JSON ? jc_print_plan_json(cli, &one, reg, err)
                                         : jc_print_visits(cli, &one, reg, err);
}

static enum jc_code print_moved(struct moving *m, struct jc_err *err) {
    struct jc_cli *cli = m->cli;
    enum jc_code code = print_visit(cli, m->moved.plan, m->moved.visit, m->moved.reg, err);
    if (!code && m->moved.forced) {
        struct jc_buf broken;
        jc_buf_init(&broken, 4096);
        jc_err_render(&broken, cli->lang, &m->moved.broken);
        struct jc_str arg = jc_buf_str(&broken);
        jc_cli_note(cli, JC_MSG_MOVE_FORCED, &arg, 1);
        jc_buf_free(&broken);
    }
    if (!code && cli->format == JC_FORMAT_TABLE) {
        jc_print_solve(cli, m->moved.plan->solve);
        jc_print_shortfalls(cli, m->moved.plan, m->moved.reg);
    }
    return code;
}

static enum jc_exit run_move(struct jc_cli *cli, int argc, char **argv) {
    const char *month = NULL, *team = NULL, *reason = NULL;
    int force = 0;
    const struct jc_option options[] = {
        {.name = "month", .takes_value = true, .value = &month, .expects = JC_EXPECTS_MONTH},
        {.name = "team", .takes_value = true, .value = &team},
        {.name = "force", .count = &force},
        {.name = "reason", .takes_value = true, .value = &reason},
    };
    struct moving m = {.cli = cli};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &plan_move, options, 4, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 2)
        return jc_cli_misuse(cli, &plan_move, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("VISIT"));
    if (argc > 2)
        return jc_cli_misuse(cli, &plan_move, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[2]));
    if (!month && !team)
        return jc_cli_misuse(cli, &plan_move, JC_MSG_CLI_OPTION_MISSING, JC_STR("--month"));
    if (month && !to_number(month, 1, 12, &m.move.month))
        return jc_cli_value_refused(cli, &plan_move, options, 4, "month");
    m.move.visit_id = jc_str(argv[1]);
    m.move.team = jc_str(team);
    m.move.force = force > 0;
    m.move.reason = jc_str(reason);
    m.move.actor = cli->actor;
    m.move.now_ms = jc_clock_now_ms(&cli->clock);
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_write(cli, move_job, &m, &err);
    if (!code)
        code = print_moved(&m, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

/* --- plan pin, plan unpin --------------------------------------------------------------------------------------- */

struct pinning {
    struct jc_cli *cli;
    struct jc_str visit_id;
    bool pinned;
    Jc__Visit *visit;
    Jc__Plan *plan;
    struct jc_register *reg;
};

static enum jc_code pin_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct pinning *p = ctx;
    struct jc_cli *cli = p->cli;
    enum jc_code code = jc_plan_pin(tx, cli->agency_id, p->visit_id, p->pinned, cli->actor,
                                    jc_clock_now_ms(&cli->clock), cli->arena, &p->visit, err);
    if (!code)
        code = jc_register_load(tx, cli->agency_id, cli->arena, &p->reg, err);
    return code ? code : jc_plan_get(tx, cli->agency_id, JC_PLAN_NEWEST, NULL, cli->arena, &p->plan, err);
}

static enum jc_exit pin(struct jc_cli *cli, const struct jc_command *command, bool pinned, int argc, char **argv) {
    struct pinning p = {.cli = cli, .pinned = pinned};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, command, NULL, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 2)
        return jc_cli_misuse(cli, command, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("VISIT"));
    if (argc > 2)
        return jc_cli_misuse(cli, command, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[2]));
    p.visit_id = jc_str(argv[1]);
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_write(cli, pin_job, &p, &err);
    if (!code)
        code = print_visit(cli, p.plan, p.visit, p.reg, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

static enum jc_exit run_pin(struct jc_cli *cli, int argc, char **argv) {
    return pin(cli, &plan_pin, true, argc, argv);
}

static enum jc_exit run_unpin(struct jc_cli *cli, int argc, char **argv) {
    return pin(cli, &plan_unpin, false, argc, argv);
}

/* --- help -------------------------------------------------------------------------------------------------------- */

static const struct jc_command plan_move = {
    .name = "move",
    .summary = {"把一次检查移到另一个月或另一执法单位", "move a visit to another month or team"},
    .usage = "plan move VISIT [--month M] [--team T] [--force --reason TEXT]",
    .help = {"只改草案。违反检查窗口、间隔、停检月份，使月检查计划更差，或使执法单位超出工作日的，说明理由并拒绝；\n"
             "--force 仍然照办，记录何人因何强制。移动过的检查自动固定，再次求解时不动。\n"
             "--team 改由另一执法单位牵头；同一单位的各次检查由同一执法单位承担，一并改变。",
             "Changes the draft. Refused, with the reason, if it breaks a window, a gap or a blackout month, makes a\n"
             "quota worse or puts a team over its workdays; --force does it all the same and records who and why. A\n"
             "moved visit is pinned, so solving again leaves it there. --team gives all visits of the unit to another\n"
             "lead team."},
    .example = "jiancha plan move hn-056-01 --month 5",
    .run = run_move,
};

static const struct jc_command plan_pin = {
    .name = "pin",
    .summary = {"固定一次检查，再次求解时不动", "keep a visit where it is when the plan is solved again"},
    .usage = "plan pin VISIT",
    .help = {"只改草案。", "Changes the draft."},
    .example = "jiancha plan pin hn-056-01",
    .run = run_pin,
};

static const struct jc_command plan_unpin = {
    .name = "unpin",
    .summary = {"取消固定", "let the solver move a visit again"},
    .usage = "plan unpin VISIT",
    .help = {"只改草案。强制调整过的检查要先移回符合规则的月份。",
             "Changes the draft. A forced visit must be moved where the rules allow first."},
    .example = "jiancha plan unpin hn-056-01",
    .run = run_unpin,
};

static const struct jc_command *const SUB[] = {&plan_move, &plan_pin, &plan_unpin, NULL};

const struct jc_command jc_cmd_plan = {
    .name = "plan",
    .summary = {"查看计划：各执法单位各月工作日和检查，逐次检查",
                "the plan: workdays and visits by team and month, and every visit"},
    .usage = "plan [--team T] [--month M] [--version V]\n"
             "plan move VISIT [--month M] [--team T] [--force --reason TEXT]\n"
             "plan pin VISIT\n"
             "plan unpin VISIT",
    .help =
        {"默认为最新版本。--team 只看某执法单位牵头或参加的检查，--month 只看某月。表中为工作日（检查次数），\n"
         "联合检查在各执法单位都计入。JSON 格式供脚本读取，CSV 可用 WPS、Excel 打开。",
         "The newest version by default. --team: visits a team leads or joins; --month: of one month. Cells show\n"
         "workdays (visits); a joint visit counts for every team. JSON is for scripts, CSV opens in a spreadsheet."},
    .example = "jiancha plan --team hn-t1 --month 3\njiancha plan --format json > plan.json",
    .run = run_plan,
    .sub = SUB,
};
