/* jiancha explain: why the plan falls short, and what would repair it. */
#include "plan/explain.h"

#include "cli/plan_print.h"
#include "cli/shortfall_print.h"
#include "cli/solving.h"
#include "plan/worker.h"

enum { TIME_LIMIT_S = 60, QUIET_MS = 1500, EVERY_MS = 2000 };

const struct jc_command jc_cmd_explain;

/* A line every two seconds. */
static void show_progress(void *ctx, size_t done, size_t count, size_t found) {
    struct jc_solving *watch = ctx;
    int64_t now = jc_monotonic_ms();
    char numbers[3][JC_NUMBER_TEXT];
    if (now - watch->started_ms < QUIET_MS || now - watch->told_ms < EVERY_MS)
        return;
    watch->told_ms = now;
    struct jc_str args[] = {jc_str_from_int64((int64_t)done + 1, numbers[0]),
                            jc_str_from_int64((int64_t)count, numbers[1]),
                            jc_str_from_int64((int64_t)found, numbers[2])};
    jc_cli_note(watch->cli, JC_MSG_EXPLAIN_PROGRESS, args, 3);
}

static int64_t unexplained(const Jc__Plan *plan) {
    int64_t n = 0;
    for (size_t i = 0; i < plan->n_shortfalls; i++)
        n += !plan->shortfalls[i]->explained;
    return n;
}

static enum jc_code print(struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg, struct jc_err *err) {
    char version[JC_NUMBER_TEXT], left[JC_NUMBER_TEXT];
    struct jc_str args[] = {jc_str_from_int64(plan->version, version)};
    struct jc_str behind[] = {jc_str_from_int64(unexplained(plan), left)};
    if (unexplained(plan))
        jc_cli_note(cli, JC_MSG_EXPLAIN_PARTLY, behind, 1);
    if (cli->format == JC_FORMAT_JSON)
        return jc_print_explanation_json(cli, plan, reg, err);
    jc_print_coverage(cli, plan->coverage, reg);
    if (plan->n_shortfalls)
        jc_print_shortfalls(cli, plan, reg);
    else
        jc_cli_say(cli, JC_MSG_EXPLAIN_NOTHING, args, 1);
    return JC_OK;
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    struct jc_solving solving = {.cli = cli};
    const struct jc_option options[] = {
        {.name = "time-limit",
         .takes_value = true,
         .value = &solving.time_limit,
         .expects = {"秒数，0 至 100000", "seconds, 0 to 100000"}},
    };
    struct jc_problem_options limits = {0};
    struct jc_explain_request request = {
        .progress = show_progress, .ctx = &solving, .actor = cli->actor, .clock = cli->clock};
    struct jc_err err = {0};
    Jc__Plan *plan = NULL;
    struct jc_register *reg = NULL;
    if (!jc_cli_options(cli, &jc_cmd_explain, options, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_explain, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    if (cli->format == JC_FORMAT_CSV)
        return jc_cli_misuse(cli, &jc_cmd_explain, JC_MSG_CLI_FORMAT_NOT_CSV, JC_STR("explain"));
    const char *bad = jc_solving_read(&solving, TIME_LIMIT_S, &limits);
    if (bad)
        return jc_cli_value_refused(cli, &jc_cmd_explain, options, 1, bad);
    request.time_limit_ms = limits.time_limit_ms;
    request.program = jc_worker_program(cli->arena, cli->program);
    enum jc_code code = request.program ? jc_cli_open(cli, &err) : jc_fail_memory(&err);
    if (!code) {
        request.cancel_fd = jc_solving_begin(&solving);
        code = jc_explain(cli->db, cli->agency_id, &request, cli->arena, &plan, &reg, &err);
        jc_solving_end(&solving);
    }
    if (!code)
        code = print(cli, plan, reg, &err);
    if (code)
        return jc_cli_fail(cli, &err);
    return plan->n_shortfalls ? JC_EXIT_FOUND : JC_EXIT_DONE;
}

const struct jc_command jc_cmd_explain = {
    .name = "explain",
    .summary = {"说明计划的缺口：受哪项限制、代价多少、怎样补救", "why the plan falls short, and what would repair it"},
    .usage = "explain [--time-limit S]",
    .help =
        {"逐条说明最新版本计划的缺口：哪项限制造成，代价多少个工作日，以及至多三项补救办法，任选其一即可。\n"
         "每项补救办法都经重新求解验证：改动之后该缺口消失，其他缺口一项也不加重；括号内为代价的变化，便宜的在前。\n"
         "结果随计划保存，plan 和 plan --format json 一并显示；计划改动后需重新运行。计划本身不变。\n"
         "重点检查单位一年内不能全覆盖的，写明需要几年。\n"
         "--time-limit 时限（秒，默认 60；0 为不限）。Ctrl-C 结束，已查出的保留。有缺口时退出码为 1。",
         "Goes through the shortfalls of the newest version: which limit binds, how many workdays it costs, and up to\n"
         "three repairs, any one of which will do. Each is verified by solving again: with it the shortfall is gone\n"
         "and no other is worse; in brackets the change of the cost, the cheapest first.\n"
         "Stored with the plan and shown by plan and plan --format json; run it again after the plan changed. The plan\n"
         "itself stays as it is. If the key units cannot all be covered in a year, it says in how many.\n"
         "--time-limit seconds (60; 0: none). Ctrl-C ends the search and keeps what was found. Exit status 1 if there\n"
         "is a shortfall."},
    .example = "jiancha explain\njiancha explain --time-limit 10 --format json",
    .run = run,
};
