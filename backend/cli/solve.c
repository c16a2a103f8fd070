/* jiancha solve: plans the year. */
#include "plan/solve.h"
#include "cli/plan_json.h"
#include "cli/plan_print.h"
#include "cli/shortfall_print.h"
#include "cli/solving.h"
#include "plan/worker.h"

enum { TIME_LIMIT_S = 60 };

const struct jc_command jc_cmd_solve;

static enum jc_code print_result(struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg,
                                 struct jc_err *err) {
    if (cli->format == JC_FORMAT_JSON)
        return jc_print_solve_json(cli, plan->solve, err);
    char version[JC_NUMBER_TEXT], visits[JC_NUMBER_TEXT];
    struct jc_str args[] = {jc_str_from_int64(plan->version, version),
                            jc_str_from_int64((int64_t)plan->n_visits, visits)};
    enum jc_code code =
        cli->format == JC_FORMAT_CSV ? jc_print_visits(cli, plan, reg, err) : jc_print_plan_months(cli, plan, reg, err);
    if (code || cli->format == JC_FORMAT_CSV)
        return code;
    jc_print_solve(cli, plan->solve);
    jc_print_coverage(cli, plan->coverage, reg);
    jc_print_shortfalls(cli, plan, reg);
    jc_cli_say(cli, JC_MSG_SOLVE_STORED, args, 2);
    return JC_OK;
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    struct jc_solving solving = {.cli = cli};
    struct jc_option options[JC_SOLVING_OPTIONS];
    struct jc_solve_request request = {
        .progress = jc_solving_progress, .ctx = &solving, .actor = cli->actor, .clock = cli->clock};
    struct jc_err err = {0};
    Jc__Plan *plan = NULL;
    struct jc_register *reg = NULL;
    jc_solving_options(&solving, options);
    if (!jc_cli_options(cli, &jc_cmd_solve, options, JC_SOLVING_OPTIONS, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_solve, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    const char *bad = jc_solving_read(&solving, TIME_LIMIT_S, &request.options);
    if (bad)
        return jc_cli_value_refused(cli, &jc_cmd_solve, options, JC_SOLVING_OPTIONS, bad);
    request.program = jc_worker_program(cli->arena, cli->program);
    enum jc_code code = request.program ? jc_cli_open(cli, &err) : jc_fail_memory(&err);
    if (!code) {
        request.cancel_fd = jc_solving_begin(&solving);
        code = jc_solve(cli->db, cli->agency_id, &request, cli->arena, &plan, &reg, &err);
        jc_solving_end(&solving);
    }
    if (!code)
        code = print_result(cli, plan, reg, &err);
    if (code)
        return jc_cli_fail(cli, &err);
    return plan->n_shortfalls ? JC_EXIT_FOUND : JC_EXIT_DONE;
}

const struct jc_command jc_cmd_solve = {
    .name = "solve",
    .summary = {"按检查频次、工作日和月检查计划排出全年计划", "plan the year from rules, workdays and quotas"},
    .usage = "solve [--time-limit S] [--seed N] [--work N] [--weights balance=1,travel=4,risk=0.1,preferred=1]",
    .help =
        {"由检查对象、检查频次、工作日预算和月检查计划求出全年计划，存为草案；已有草案则替换，其中已下达、已完成、\n"
         "已抽定、固定（plan pin）和强制调整的检查保持不动。最新版本已批准时不再求解，请先用 amend 形成下一版草案。\n"
         "排不下的不会报错，而是逐条说明缺口：哪个执法单位、哪个月、缺多少工作日，哪个单位未排入，哪项月计划差多少。\n"
         "--time-limit 求解时限（秒，默认 60；0 为不限）；--seed 随机数；--work 按确定的工作量结束，结果可重复；\n"
         "--weights 各项代价的权重：balance 月度均衡，travel 出行，risk 高风险单位提前，preferred 适宜月份。\n"
         "Ctrl-C 结束求解并保留已得到的最好计划。有缺口时退出码为 1。",
         "Makes the year's plan from units, rules, workday budget and quotas and stores it as a draft, in place of\n"
         "the draft there is; its released, done, drawn, pinned and forced visits stay where they are. An approved\n"
         "plan is not solved again: make a draft of the next version with amend first.\n"
         "What cannot be met is no error but a shortfall in words: which team lacks how many workdays in which\n"
         "month, which unit is left out, which quota is missed.\n"
         "--time-limit seconds (60; 0: none); --seed of the search; --work: end after this much work, for\n"
         "repeatable runs; --weights of the cost: balance of the months, travel, risk (high risk early), preferred\n"
         "months. Ctrl-C ends the search and keeps the best plan. Exit status 1 if there is a shortfall."},
    .example = "jiancha solve --time-limit 20\njiancha solve --format json",
    .run = run,
};
