/* jiancha whatif: the year with other people, rules, units or teams, beside the year as it is. */
#include "plan/whatif.h"

#include <string.h>

#include "cli/solving.h"
#include "cli/whatif_print.h"
#include "plan/case.h"
#include "plan/worker.h"

enum { TIME_LIMIT_S = 60, BUDGET_MAX_CENTI = 100000000 };

const struct jc_command jc_cmd_whatif;

/* --- changes on the command line ------------------------------------------------------------------------ */

struct changes {
    struct jc_arena *arena;
    struct jc_change *items;
    size_t count, capacity;
};

/* A change at the end of the list; NULL without memory. */
static struct jc_change *add(struct changes *list, enum jc_change_kind kind, struct jc_str id) {
    struct jc_change *change = id.len ? JC_PUSH(list->arena, list, struct jc_change) : NULL;
    struct jc_str copy = jc_arena_copy(list->arena, id);
    if (!change || !copy.ptr)
        return NULL;
    *change = (struct jc_change){.kind = kind, .id = copy, .team = JC_STR("")};
    return change;
}

/* "t1+2" as "t1" and "+2": the last sign begins the amount. */
static bool cut_amount(struct jc_str text, struct jc_str *head, struct jc_str *amount) {
    for (size_t i = text.len; i-- > 1;)
        if (text.ptr[i] == '+' || text.ptr[i] == '-') {
            *head = (struct jc_str){text.ptr, i};
            *amount = (struct jc_str){text.ptr + i, text.len - i};
            return amount->len > 1;
        }
    return false;
}

/* "TEAM±N". */
static bool each_headcount(void *ctx, const char *value) {
    struct jc_str head, amount;
    int64_t persons = 0;
    if (!cut_amount(jc_str(value), &head, &amount) || !jc_str_to_int64(amount, &persons) || !persons)
        return false;
    struct jc_change *change = add(ctx, JC_CHANGE_HEADCOUNT, head);
    if (change)
        change->amount = persons;
    return change;
}

/* "TEAM:MONTH±N" or "TEAM:year±N". */
static bool each_budget(void *ctx, const char *value) {
    struct jc_str head, amount, month;
    int64_t centi = 0, number = 0;
    if (!cut_amount(jc_str(value), &head, &amount) || amount.len < 2)
        return false;
    size_t colon = head.len;
    while (colon > 0 && head.ptr[colon - 1] != ':')
        colon--;
    if (!colon)
        return false;
    month = (struct jc_str){head.ptr + colon, head.len - colon};
    head.len = colon - 1;
    if (amount.ptr[0] == '+')
        amount = (struct jc_str){amount.ptr + 1, amount.len - 1};
    if (!jc_str_to_centi(amount, &centi) || !centi || centi > BUDGET_MAX_CENTI || centi < -BUDGET_MAX_CENTI ||
        (!jc_str_eq(month, JC_STR("year")) && (!jc_str_to_int64(month, &number) || number < 1 || number > 12)))
        return false;
    struct jc_change *change = add(ctx, JC_CHANGE_BUDGET, head);
    if (change) {
        change->amount = centi;
        change->month = (int)number;
    }
    return change;
}

/* Reads a cell of rules.csv or quotas.csv as an import would. */
static bool read_cell(struct jc_arena *arena, enum jc_case_part part, const char *name, struct jc_str cell, void *row) {
    struct jc_diags diags = {.arena = arena};
    struct jc_case_reader reader = {.arena = arena, .diags = &diags, .file = JC_STR("")};
    const struct jc_case_file *file = &jc_case_files[part];
    struct jc_str text = jc_arena_copy(arena, cell);
    return text.ptr && jc_case_read_cell(&reader, &file->columns[jc_case_column_find(file, jc_str(name))], text, row);
}

/* "RULE=3", "RULE=3,windows=1-6:1;7-12:2,gap=2": visits a year, windows and gap as in rules.csv. */
static bool each_rule(void *ctx, const char *value) {
    struct changes *list = ctx;
    struct jc_str rest = jc_str(value), id, item, name;
    Jc__Rule *rule = JC_NEW(list->arena, Jc__Rule);
    if (!rule || !jc_str_cut(&rest, '=', &id) || !rest.len)
        return false;
    jc__rule__init(rule);
    struct jc_change *change = add(list, JC_CHANGE_RULE, id);
    if (!change)
        return false;
    change->rule = rule;
    while (jc_str_cut(&rest, ',', &item)) {
        struct jc_str cell = item;
        const char *column = "visits_per_year";
        unsigned field = JC_CHANGE_VISITS;
        if (memchr(item.ptr, '=', item.len)) {
            jc_str_cut(&cell, '=', &name);
            if (jc_str_eq(name, JC_STR("windows")))
                column = "windows", field = JC_CHANGE_WINDOWS;
            else if (jc_str_eq(name, JC_STR("gap")))
                column = "min_gap_months", field = JC_CHANGE_GAP;
            else if (!jc_str_eq(name, JC_STR("visits")))
                return false;
        }
        if (change->fields & field || !read_cell(list->arena, JC_CASE_RULES, column, cell, rule))
            return false;
        change->fields |= field;
    }
    return change->fields != 0;
}

/* "N", "N:RULE" or "N:RULE:TEAM". */
static bool each_units(void *ctx, const char *value) {
    struct changes *list = ctx;
    struct jc_str rest = jc_str(value), number, rule = {"", 0};
    int64_t count = 0;
    jc_str_cut(&rest, ':', &number);
    if (rest.ptr)
        jc_str_cut(&rest, ':', &rule);
    if (!jc_str_to_int64(number, &count) || count < 1 || count > 1000000)
        return false;
    struct jc_change *change = add(list, JC_CHANGE_ADD_UNITS, JC_STR("-"));
    if (!change)
        return false;
    change->amount = count;
    change->id = jc_arena_copy(list->arena, rule);
    change->team = jc_arena_copy(list->arena, rest);
    return change->id.ptr && change->team.ptr;
}

static bool each_drop(void *ctx, const char *value) {
    return add(ctx, JC_CHANGE_DROP_TEAM, jc_str(value));
}

/* "UNIT:TEAM". */
static bool each_lead(void *ctx, const char *value) {
    struct changes *list = ctx;
    struct jc_str rest = jc_str(value), unit;
    if (!jc_str_cut(&rest, ':', &unit) || !rest.len)
        return false;
    struct jc_change *change = add(list, JC_CHANGE_LEAD_TEAM, unit);
    if (change)
        change->team = jc_arena_copy(list->arena, rest);
    return change && change->team.ptr;
}

/* "QUOTA:MONTHS". */
static bool each_quota(void *ctx, const char *value) {
    struct changes *list = ctx;
    struct jc_str rest = jc_str(value), id;
    Jc__Quota quota = JC__QUOTA__INIT;
    if (!jc_str_cut(&rest, ':', &id) || !rest.len || !read_cell(list->arena, JC_CASE_QUOTAS, "months", rest, &quota) ||
        !quota.months)
        return false;
    struct jc_change *change = add(list, JC_CHANGE_QUOTA_MONTHS, id);
    if (change)
        change->months = quota.months;
    return change;
}

/* --- run ---------------------------------------------------------------------------------------------------- */

static void begin(void *ctx, bool changed) {
    struct jc_solving *watch = ctx;
    jc_solving_again(watch);
    jc_cli_note(watch->cli, changed ? JC_MSG_WHATIF_BEGIN_CHANGED : JC_MSG_WHATIF_BEGIN_PRESENT, NULL, 0);
}

#define CHANGE(text, function, zh, en)                                                               \
    {                                                                                                \
        .name = (text), .takes_value = true, .each = (function), .ctx = &list, .expects = { zh, en } \
    }

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    struct jc_solving solving = {.cli = cli};
    struct changes list = {.arena = cli->arena};
    int anew = 0;
    enum { CHANGES = 8, OPTIONS = JC_SOLVING_OPTIONS + CHANGES };
    struct jc_option options[OPTIONS] = {
        CHANGE("headcount", each_headcount, "执法单位±人数，如 hn-t1+1", "TEAM±PERSONS, like t1+1"),
        CHANGE("budget", each_budget, "执法单位:月份±工作日（全年写 year），如 hn-t1:10+14",
               "TEAM:MONTH±WORKDAYS (or year), like t1:10+14"),
        CHANGE("rule", each_rule,
               "频次=每年次数[,windows=时段][,gap=间隔月数]，如 haz-4=3 或 haz-4=2,windows=1-6:1;7-12:1",
               "RULE=VISITS[,windows=WINDOWS][,gap=MONTHS], like once=2 or once=2,windows=1-6:1;7-12:1"),
        CHANGE("add-units", each_units, "家数[:频次[:执法单位]]，如 20 或 20:ind-yearly:hn-t2",
               "N[:RULE[:TEAM]], like 20 or 20:once:t1"),
        CHANGE("drop-team", each_drop, "执法单位编号", "a team"),
        CHANGE("lead", each_lead, "单位:执法单位", "UNIT:TEAM"),
        CHANGE("quota", each_quota, "月检查计划:月份，如 q1:10-12", "QUOTA:MONTHS, like q1:10-12"),
        {.name = "anew", .count = &anew},
    };
    struct jc_whatif_request request = {
        .solve = {.progress = jc_solving_progress, .ctx = &solving, .actor = cli->actor, .clock = cli->clock},
        .begin = begin,
    };
    struct jc_whatif whatif;
    struct jc_err err = {0};
    jc_solving_options(&solving, options + CHANGES);
    if (!jc_cli_options(cli, &jc_cmd_whatif, options, OPTIONS, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_whatif, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    if (!list.count)
        return jc_cli_misuse(cli, &jc_cmd_whatif, JC_MSG_WHATIF_NOTHING, JC_STR(""));
    const char *bad = jc_solving_read(&solving, TIME_LIMIT_S, &request.solve.options);
    if (bad)
        return jc_cli_value_refused(cli, &jc_cmd_whatif, options, OPTIONS, bad);
    if (!solving.weights)
        request.solve.options.weights = NULL; /* those of the stored plan */
    request.changes = list.items;
    request.n_changes = list.count;
    request.anew = anew > 0;
    request.solve.program = jc_worker_program(cli->arena, cli->program);
    enum jc_code code = request.solve.program ? jc_cli_open(cli, &err) : jc_fail_memory(&err);
    if (!code) {
        request.solve.cancel_fd = jc_solving_begin(&solving);
        code = jc_whatif_run(cli->db, cli->agency_id, &request, cli->arena, &whatif, &err);
        jc_solving_end(&solving);
    }
    if (!code)
        code = jc_whatif_print(cli, &whatif, &err);
    if (code)
        return jc_cli_fail(cli, &err);
    return whatif.changed.plan->n_shortfalls ? JC_EXIT_FOUND : JC_EXIT_DONE;
}

const struct jc_command jc_cmd_whatif = {
    .name = "whatif",
    .summary = {"假设人员、频次、单位或机构变化，与现行计划对照",
                "compare the plan with one for other people, rules, units or teams"},
    .usage = "whatif --headcount TEAM±N | --budget TEAM:MONTH±N | --rule RULE=VISITS[,windows=W][,gap=N]\n"
             "whatif --add-units N[:RULE[:TEAM]] | --drop-team TEAM | --lead UNIT:TEAM | --quota QUOTA:MONTHS\n"
             "whatif CHANGES… [--anew] [--time-limit S] [--seed N] [--work N] [--weights …]",
    .help =
        {"求解改变后的全年计划，与现行计划并列：未排入、超出工作日、月检查计划差、代价、检查次数和工作日，分执法单位列出，\n"
         "并说明新增和消除的缺口。不改动计划和数据库。各项改变可以多次使用、同时使用，依次生效：\n"
         "--headcount 增减人员：总法定工作日随人数增减，其他执法不变，人人参加的非执法事项随人数增减，余下的为监督检查\n"
         "  工作日；各月上限随之改变（budgets.csv 写明的月份，按工作日分摊增减数）；\n"
         "--budget 增减某月或全年（year）的工作日上限；--rule 改变检查频次，写法同 rules.csv，原时段容不下新的次数时按比例\n"
         "  重新分配；--add-units 新增单位：不写频次时按频次、执法单位、区域从名录均匀选取比照对象，结果是确定的，\n"
         "  月检查计划不变，规定了确切数量的会因新增而出现差数；\n"
         "--drop-team 撤销执法单位：其单位改由名录中写明的其他执法单位牵头，无人牵头的逐一列出；\n"
         "--lead 某单位也可由某执法单位牵头；--quota 改变一项月检查计划的月份。\n"
         "执法单位和检查对象写编号，名称不重复的也可写名称。\n"
         "现行计划仍与资料相符时直接采用，否则（或用 --anew）按同样的时限重新求解；其余选项同 solve。\n"
         "Ctrl-C 结束正在进行的求解并采用已得到的最好计划。改变后有缺口时退出码为 1。",
         "Solves the year with something changed and puts it beside the plan there is: visits left out, workdays over,\n"
         "quotas missed, cost, visits and workdays, by team, and which shortfalls come and go. Neither plan nor database\n"
         "is touched. Changes may be repeated and combined; they are applied in this order of the command line:\n"
         "--headcount persons more or fewer: statutory days go with the heads, other enforcement stays, non-enforcement\n"
         "  work in which everybody takes part goes with the heads, the rest are supervision workdays; limits of months\n"
         "  follow (those stated in budgets.csv get their part by working days);\n"
         "--budget workdays of a month or of the year; --rule visits, windows and gap as in rules.csv (windows that do\n"
         "  not allow the new number are shared out in proportion); --add-units units like those in the register, taken\n"
         "  evenly over rules, teams and districts, always the same, or like those on RULE, led by TEAM; quotas stay\n"
         "  as they are, so that one which asks for an exact number is missed by what is added;\n"
         "--drop-team its units go to the other teams named with them, and those that nobody leads are listed;\n"
         "--lead a unit may be led by another team too; --quota counts other months.\n"
         "Teams and units are given by code, or by name if only one has it.\n"
         "The stored plan is the left side while it fits the case; else, or with --anew, it is solved with the same\n"
         "limits. Other options are those of solve. Ctrl-C ends the search under way and takes its best plan. Exit\n"
         "status 1 if the changed plan has a shortfall."},
    .example = "jiancha whatif --headcount hn-t1+1 --time-limit 10\n"
               "jiancha whatif --rule ind-yearly=2 --drop-team hn-em --format json",
    .run = run,
};
