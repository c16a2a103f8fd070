/* jiancha solve: plans the year. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/plan_print.h"
#include "model/problem.h"
#include "plan/solve.h"
#include "plan/worker.h"

enum { TIME_LIMIT_S = 60, QUIET_MS = 1500, EVERY_MS = 2000 };

const struct jc_command jc_cmd_solve;

/* --- progress and Ctrl-C ---------------------------------------------------------------------------------- */

struct watch {
    struct jc_cli *cli;
    int64_t started_ms, told_ms;
};

static const enum jc_msg PHASES[] = {JC_MSG_PHASE_START, JC_MSG_PHASE_CONSTRUCT, JC_MSG_PHASE_SEARCH,
                                     JC_MSG_PHASE_BOUND, JC_MSG_PHASE_INTEGER};

/* Silent at first, then a line every two seconds: phase, tiers, cost, bound, gap, time. */
static void show_progress(void *ctx, const Jc__Progress *progress) {
    struct watch *watch = ctx;
    struct jc_cli *cli = watch->cli;
    int64_t now = jc_monotonic_ms();
    if (now - watch->started_ms < QUIET_MS || now - watch->told_ms < EVERY_MS)
        return;
    watch->told_ms = now;
    const Jc__Objective none = JC__OBJECTIVE__INIT, *best = progress->incumbent ? progress->incumbent : &none;
    int64_t bound = progress->bound ? progress->bound->cost_e5 : 0;
    struct jc_arena *arena = jc_arena_new(1 << 16);
    if (!arena)
        return;
    char over[JC_NUMBER_TEXT];
    jc_str_from_centi(best->over_centi, over);
    size_t phase = progress->phase < sizeof(PHASES) / sizeof(*PHASES) ? progress->phase : 0;
    struct jc_str gap = jc_gap_text(arena, best->cost_e5, bound, progress->tiers_settled);
    struct jc_str args[] = {
        jc_msg_text(PHASES[phase], cli->lang),
        jc_arena_printf(arena, "%lld/%s/%lld", (long long)best->unserved, over, (long long)best->quota),
        jc_arena_printf(arena, "%.*s%s%.*s", JC_FMT(jc_cost_text(arena, best->cost_e5)), gap.len ? ", " : "",
                        JC_FMT(gap)),
        jc_arena_printf(arena, "%lld", (long long)(progress->elapsed_ms / 1000)),
    };
    jc_cli_note(cli, JC_MSG_SOLVE_PROGRESS, args, 4);
    jc_arena_free(arena);
}

static int cancel_pipe[2] = {-1, -1};

static void on_signal(int number) {
    int saved = errno;
    (void)number;
    (void)!write(cancel_pipe[1], "x", 1);
    errno = saved;
}

static void catch_signals(struct sigaction old[2]) {
    struct sigaction action = {.sa_handler = on_signal};
    if (pipe2(cancel_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        cancel_pipe[0] = cancel_pipe[1] = -1;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &old[0]);
    sigaction(SIGTERM, &action, &old[1]);
}

static void release_signals(const struct sigaction old[2]) {
    sigaction(SIGINT, &old[0], NULL);
    sigaction(SIGTERM, &old[1], NULL);
    for (int i = 0; i < 2; i++)
        if (cancel_pipe[i] >= 0)
            close(cancel_pipe[i]);
}

/* --- options ------------------------------------------------------------------------------------------------ */

/* A decimal as thousandths: "0.1" is 100. */
static bool to_milli(struct jc_str text, int64_t *out) {
    struct jc_str whole = text, part = {0};
    int64_t value = 0, fraction = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '.') {
            whole = (struct jc_str){text.ptr, i};
            part = (struct jc_str){text.ptr + i + 1, text.len - i - 1};
            if (!part.len || part.len > 3 || part.ptr[0] < '0' || part.ptr[0] > '9')
                return false;
            break;
        }
    if (!jc_str_to_int64(whole, &value) || value < 0 || value > 1000000 ||
        (part.len && !jc_str_to_int64(part, &fraction)))
        return false;
    for (size_t i = part.len; i < 3; i++)
        fraction *= 10;
    *out = value * 1000 + fraction;
    return true;
}

/* "balance=1,travel=4,risk=0.1,preferred=1"; what is not named keeps its weight. */
static bool parse_weights(const char *text, Jc__Weights *weights) {
    struct jc_str rest = jc_str(text), entry, name;
    while (jc_str_cut(&rest, ',', &entry)) {
        int64_t *weight = NULL;
        if (!jc_str_cut(&entry, '=', &name) || !entry.ptr)
            return false;
        if (jc_str_eq(name, JC_STR("balance")))
            weight = &weights->balance_milli;
        else if (jc_str_eq(name, JC_STR("travel")))
            weight = &weights->travel_milli;
        else if (jc_str_eq(name, JC_STR("risk")))
            weight = &weights->risk_milli;
        else if (jc_str_eq(name, JC_STR("preferred")))
            weight = &weights->preferred_milli;
        if (!weight || !to_milli(entry, weight))
            return false;
    }
    return true;
}

struct wishes {
    const char *time_limit, *seed, *work, *weights;
    Jc__Weights weights_value;
};

/* Turns the options into a request; names the first that cannot be taken. */
static const char *read_wishes(struct wishes *w, struct jc_problem_options *options) {
    const Jc__Problem none = JC__PROBLEM__INIT;
    int64_t number = TIME_LIMIT_S * 100;
    w->weights_value = jc_problem_weights(&none);
    if (w->work && !w->time_limit)
        number = 0; /* a repeatable run is not cut by the clock */
    if (w->time_limit && (!jc_str_to_centi(jc_str(w->time_limit), &number) || number < 0 || number > 10000000))
        return "time-limit";
    options->time_limit_ms = number * 10;
    number = 1;
    if (w->seed && (!jc_str_to_int64(jc_str(w->seed), &number) || number < 0))
        return "seed";
    options->seed = (uint64_t)number;
    number = 0;
    if (w->work && (!jc_str_to_int64(jc_str(w->work), &number) || number < 1))
        return "work";
    options->work_limit = number;
    if (w->weights && !parse_weights(w->weights, &w->weights_value))
        return "weights";
    options->weights = &w->weights_value;
    return NULL;
}

/* --- run ---------------------------------------------------------------------------------------------------- */

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
    jc_print_shortfalls(cli, plan, reg);
    jc_cli_say(cli, JC_MSG_SOLVE_STORED, args, 2);
    return JC_OK;
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    struct wishes wishes = {0};
    const struct jc_option options[] = {
        {.name = "time-limit",
         .takes_value = true,
         .value = &wishes.time_limit,
         .expects = {"秒数，0 至 100000", "seconds, 0 to 100000"}},
        {.name = "seed",
         .takes_value = true,
         .value = &wishes.seed,
         .expects = {"不小于 0 的整数", "a whole number, 0 or more"}},
        {.name = "work",
         .takes_value = true,
         .value = &wishes.work,
         .expects = {"不小于 1 的整数", "a whole number, 1 or more"}},
        {.name = "weights", .takes_value = true, .value = &wishes.weights},
    };
    struct watch watch = {.cli = cli, .started_ms = jc_monotonic_ms()};
    struct jc_solve_request request = {
        .progress = show_progress, .ctx = &watch, .actor = cli->actor, .clock = cli->clock};
    struct sigaction old[2];
    struct jc_err err = {0};
    Jc__Plan *plan = NULL;
    struct jc_register *reg = NULL;
    if (!jc_cli_options(cli, &jc_cmd_solve, options, 4, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_solve, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    const char *bad = read_wishes(&wishes, &request.options);
    if (bad)
        return jc_cli_value_refused(cli, &jc_cmd_solve, options, 4, bad);
    request.program = jc_worker_program(cli->arena, cli->program);
    enum jc_code code = request.program ? jc_cli_open(cli, &err) : jc_fail_memory(&err);
    if (!code) {
        catch_signals(old);
        request.cancel_fd = cancel_pipe[0];
        code = jc_solve(cli->db, cli->agency_id, &request, cli->arena, &plan, &reg, &err);
        release_signals(old);
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
