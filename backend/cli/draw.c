/* jiancha draw list|commit|run|verify: random choice of units (F5, docs/DRAW.md). */
#include "plan/draw.h"

#include <string.h>

#include "base/file.h"
#include "cli/table.h"

enum { POOL_MAX_BYTES = 64 << 20 };

const struct jc_command jc_cmd_draw;
static const struct jc_command draw_list, draw_commit, draw_run, draw_verify;

/* The word of a stored name in a table for people; scripts get the name. */
static struct jc_str word_of(const struct jc_cli *cli, struct jc_str name) {
    static const struct {
        const char *name;
        enum jc_msg word;
    } words[] = {
        {"double_random", JC_MSG_METHOD_DOUBLE_RANDOM}, {"random_unit", JC_MSG_METHOD_RANDOM_UNIT},
        {"full_coverage", JC_MSG_METHOD_FULL_COVERAGE}, {"key_unit", JC_MSG_EXCLUDED_KEY},
        {"planned", JC_MSG_EXCLUDED_PLANNED},           {"drawn", JC_MSG_EXCLUDED_DRAWN},
        {"blackout", JC_MSG_EXCLUDED_BLACKOUT},
    };
    for (size_t i = 0; cli->format == JC_FORMAT_TABLE && i < sizeof(words) / sizeof(*words); i++)
        if (jc_str_eq(name, jc_str(words[i].name)))
            return jc_msg_text(words[i].word, cli->lang);
    return name;
}

/* --- list ------------------------------------------------------------------------------------------------- */

static const struct jc_column LIST_COLUMNS[] = {
    {"draw_id", JC_MSG_COL_DRAW, false},     {"name", JC_MSG_COL_DRAW_NAME, false},
    {"team_id", JC_MSG_COL_TEAM, false},     {"method", JC_MSG_COL_METHOD, false},
    {"sample", JC_MSG_COL_SAMPLE, true},     {"drawn", JC_MSG_COL_DRAWN, true},
    {"commits", JC_MSG_COL_COMMITS, true},   {"pool_count", JC_MSG_COL_POOL, true},
    {"pool_sha256", JC_MSG_COL_HASH, false}, {"seed_source", JC_MSG_COL_SEED_SOURCE, false},
};

struct listing {
    struct jc_cli *cli;
    struct jc_register *reg;
    struct jc_draw_commit *commits;
    size_t n_commits;
    Jc__Plan *plan; /* NULL: none yet */
};

static enum jc_code list_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing *l = ctx;
    struct jc_cli *cli = l->cli;
    int version = 0;
    enum jc_code code = jc_register_load(tx, cli->agency_id, cli->arena, &l->reg, err);
    if (!code)
        code = jc_draw_commit_list(tx, cli->agency_id, JC_STR(""), cli->arena, &l->commits, &l->n_commits, err);
    if (!code)
        code = jc_plan_find(tx, cli->agency_id, JC__PLAN_STATUS__PLAN_STATUS_UNSPECIFIED, &version, err);
    if (!code && version)
        code = jc_plan_get(tx, cli->agency_id, version, NULL, cli->arena, &l->plan, err);
    return code;
}

static void list_row(struct jc_table *table, const struct listing *l, const Jc__Draw *draw) {
    char hex[2 * JC_SHA256_SIZE + 1];
    const struct jc_draw_commit *last = NULL;
    int64_t commits = 0, drawn = 0;
    for (size_t i = 0; i < l->n_commits; i++)
        if (jc_str_eq(l->commits[i].draw_id, jc_str(draw->draw_id))) {
            last = &l->commits[i];
            commits++;
        }
    for (size_t i = 0; l->plan && i < l->plan->n_visits; i++)
        drawn += strcmp(l->plan->visits[i]->draw_id, draw->draw_id) == 0 && *l->plan->visits[i]->unit_id;
    jc_table_text(table, jc_str(draw->draw_id));
    jc_table_text(table, jc_str(draw->name));
    jc_table_text(table, jc_str(draw->team_id));
    jc_table_text(table, word_of(l->cli, jc_str(draw->method)));
    jc_table_int(table, draw->sample);
    jc_table_int(table, drawn);
    jc_table_int(table, commits);
    if (last)
        jc_table_int(table, last->pool_count);
    else
        jc_table_null(table);
    jc_table_text(table, last ? jc_hex(last->pool_hash, JC_SHA256_SIZE, hex) : JC_STR(""));
    jc_table_text(table, last ? last->seed_source : JC_STR(""));
}

static enum jc_exit run_list(struct jc_cli *cli, int argc, char **argv) {
    struct listing l = {.cli = cli};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &draw_list, NULL, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &draw_list, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    struct jc_table *table =
        jc_table_new(cli->arena, "draw", LIST_COLUMNS, sizeof(LIST_COLUMNS) / sizeof(*LIST_COLUMNS));
    enum jc_code code = table ? jc_cli_open(cli, &err) : jc_fail_memory(&err);
    if (!code)
        code = jc_cli_read(cli, list_job, &l, &err);
    for (size_t i = 0; !code && i < l.reg->n_draws; i++)
        list_row(table, &l, l.reg->draws[i]);
    if (!code)
        code = jc_table_print(table, cli, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

/* --- commit ------------------------------------------------------------------------------------------------ */

struct committing {
    struct jc_cli *cli;
    struct jc_draw_request request;
    struct jc_draw_committed committed;
};

static enum jc_code commit_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct committing *c = ctx;
    return jc_draw_commit_pool(tx, c->cli->agency_id, &c->request, c->cli->arena, &c->committed, err);
}

static enum jc_code read_pool(struct jc_cli *cli, const char *path, struct jc_draw_request *request,
                              struct jc_err *err) {
    struct jc_diags diags = {.arena = cli->arena};
    struct jc_draw_candidate *rows = NULL;
    struct jc_str bytes;
    enum jc_code code = jc_file_read(path, POOL_MAX_BYTES, cli->arena, &bytes, err);
    if (!code)
        code = jc_draw_pool_read(cli->arena, jc_str(path), bytes, &diags, &rows, &request->n_rows, err);
    request->rows = rows;
    jc_cli_diags(cli, &diags);
    return code;
}

static const struct jc_column EXCLUSION_COLUMNS[] = {
    {"unit_id", JC_MSG_COL_UNIT_ID, false},
    {"reason", JC_MSG_COL_EXCLUDED, false},
};

/* The hash to publish, and who is excluded and why. */
static enum jc_code print_committed(struct committing *c, struct jc_err *err) {
    struct jc_cli *cli = c->cli;
    const struct jc_draw_committed *done = &c->committed;
    char hex[2 * JC_SHA256_SIZE + 1], units[JC_NUMBER_TEXT], stated[JC_NUMBER_TEXT];
    struct jc_table *table = jc_table_new(cli->arena, "draw", EXCLUSION_COLUMNS, 2);
    if (!table)
        return jc_fail_memory(err);
    struct jc_str args[] = {jc_str(done->draw->draw_id), jc_str_from_int64(done->commit.pool_count, units),
                            jc_hex(done->commit.pool_hash, JC_SHA256_SIZE, hex), done->commit.seed_source};
    jc_cli_note(cli, JC_MSG_DRAW_COMMITTED, args, 4);
    if (done->draw->pool_size >= 0 && (size_t)done->draw->pool_size != c->request.n_rows) {
        struct jc_str sizes[] = {jc_str_from_int64((int64_t)c->request.n_rows, units),
                                 jc_str_from_int64(done->draw->pool_size, stated)};
        jc_cli_note(cli, JC_MSG_DRAW_POOL_STATED, sizes, 2);
    }
    for (size_t i = 0; i < done->n_exclusions; i++) {
        jc_table_text(table, done->exclusions[i].unit_id);
        jc_table_text(table, word_of(cli, done->exclusions[i].reason));
    }
    return jc_table_print(table, cli, err);
}

static enum jc_exit run_commit(struct jc_cli *cli, int argc, char **argv) {
    const char *pool = NULL, *source = NULL;
    const struct jc_option options[] = {
        {.name = "pool", .takes_value = true, .value = &pool},
        {.name = "source", .takes_value = true, .value = &source},
    };
    struct committing c = {.cli = cli};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &draw_commit, options, 2, &argc, argv) ||
        !jc_cli_argument(cli, &draw_commit, "DRAW", argc, argv, &c.request.draw_id))
        return JC_EXIT_REFUSED;
    if (!pool || !source)
        return jc_cli_misuse(cli, &draw_commit, JC_MSG_CLI_OPTION_MISSING,
                             pool ? JC_STR("--source") : JC_STR("--pool"));
    c.request.seed_source = jc_str(source);
    c.request.actor = cli->actor;
    c.request.now_ms = jc_clock_now_ms(&cli->clock);
    enum jc_code code = read_pool(cli, pool, &c.request, &err);
    if (!code)
        code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_write(cli, commit_job, &c, &err);
    if (!code)
        code = print_committed(&c, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

/* --- run --------------------------------------------------------------------------------------------------- */

struct drawing {
    struct jc_cli *cli;
    struct jc_str draw_id, seed;
    int64_t now_ms;
    struct jc_draw_drawn drawn;
    struct jc_register *reg; /* with the units that were added */
};

static enum jc_code run_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct drawing *d = ctx;
    struct jc_cli *cli = d->cli;
    enum jc_code code =
        jc_draw_run_seed(tx, cli->agency_id, d->draw_id, d->seed, cli->actor, d->now_ms, cli->arena, &d->drawn, err);
    return code ? code : jc_register_load(tx, cli->agency_id, cli->arena, &d->reg, err);
}

static const struct jc_column PICK_COLUMNS[] = {
    {"position", JC_MSG_COL_ROW, true},
    {"visit_id", JC_MSG_COL_VISIT, false},
    {"unit_id", JC_MSG_COL_UNIT_ID, false},
    {"name", JC_MSG_COL_UNIT, false},
};

static enum jc_code print_drawn(struct drawing *d, struct jc_err *err) {
    struct jc_cli *cli = d->cli;
    struct jc_table *table =
        jc_table_new(cli->arena, "draw", PICK_COLUMNS, sizeof(PICK_COLUMNS) / sizeof(*PICK_COLUMNS));
    if (!table)
        return jc_fail_memory(err);
    for (size_t i = 0; i < d->drawn.n_picks; i++) {
        struct jc_str id = jc_arena_copy(cli->arena, d->drawn.picks[i].unit_id);
        int unit = id.ptr ? jc_register_unit(d->reg, id.ptr) : -1;
        jc_table_int(table, (int64_t)i + 1);
        jc_table_text(table, d->drawn.picks[i].visit_id);
        jc_table_text(table, id);
        jc_table_text(table, jc_str(unit >= 0 ? d->reg->units[unit]->name : ""));
    }
    if (d->drawn.empty) {
        char number[JC_NUMBER_TEXT];
        struct jc_str arg = jc_str_from_int64((int64_t)d->drawn.empty, number);
        jc_cli_note(cli, JC_MSG_DRAW_LEFT_EMPTY, &arg, 1);
    }
    return jc_table_print(table, cli, err);
}

static enum jc_exit run_run(struct jc_cli *cli, int argc, char **argv) {
    const char *seed = NULL;
    const struct jc_option options[] = {{.name = "seed", .takes_value = true, .value = &seed}};
    struct drawing d = {.cli = cli};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &draw_run, options, 1, &argc, argv) ||
        !jc_cli_argument(cli, &draw_run, "DRAW", argc, argv, &d.draw_id))
        return JC_EXIT_REFUSED;
    if (!seed)
        return jc_cli_misuse(cli, &draw_run, JC_MSG_CLI_OPTION_MISSING, JC_STR("--seed"));
    d.seed = jc_str(seed);
    d.now_ms = jc_clock_now_ms(&cli->clock);
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_write(cli, run_job, &d, &err);
    if (!code && d.drawn.refused != JC_MSG_NONE)
        code = jc_fail(&err, JC_FAILED_PRECONDITION, d.drawn.refused, d.draw_id);
    if (!code)
        code = print_drawn(&d, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

/* --- verify ------------------------------------------------------------------------------------------------- */

struct verifying {
    struct jc_cli *cli;
    struct jc_str draw_id;
    struct jc_draw_check *checks;
    size_t count;
    bool all_good;
};

static enum jc_code verify_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct verifying *v = ctx;
    return jc_draw_verify(tx, v->cli->agency_id, v->draw_id, v->cli->arena, &v->checks, &v->count, &v->all_good, err);
}

static const struct jc_column CHECK_COLUMNS[] = {
    {"commit_id", JC_MSG_COL_COMMIT, true}, {"run_id", JC_MSG_COL_RUN, true},   {"seed", JC_MSG_COL_SEED, false},
    {"good", JC_MSG_COL_GOOD, false},       {"fault", JC_MSG_COL_FAULT, false},
};

static enum jc_code print_checks(struct verifying *v, struct jc_err *err) {
    struct jc_cli *cli = v->cli;
    struct jc_table *table =
        jc_table_new(cli->arena, "draw", CHECK_COLUMNS, sizeof(CHECK_COLUMNS) / sizeof(*CHECK_COLUMNS));
    if (!table)
        return jc_fail_memory(err);
    for (size_t i = 0; i < v->count; i++) {
        jc_table_int(table, v->checks[i].commit_id);
        if (v->checks[i].run_id)
            jc_table_int(table, v->checks[i].run_id);
        else
            jc_table_null(table);
        jc_table_text(table, v->checks[i].seed);
        jc_table_bool(table, v->checks[i].good);
        jc_table_text(table, jc_msg_text(v->checks[i].fault, cli->lang));
    }
    enum jc_code code = jc_table_print(table, cli, err);
    if (cli->format == JC_FORMAT_TABLE)
        jc_cli_say(cli, v->all_good ? JC_MSG_DRAW_VERIFIED : JC_MSG_DRAW_NOT_VERIFIED, &v->draw_id, 1);
    return code;
}

static enum jc_exit run_verify(struct jc_cli *cli, int argc, char **argv) {
    struct verifying v = {.cli = cli};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &draw_verify, NULL, 0, &argc, argv) ||
        !jc_cli_argument(cli, &draw_verify, "DRAW", argc, argv, &v.draw_id))
        return JC_EXIT_REFUSED;
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_read(cli, verify_job, &v, &err);
    if (!code)
        code = print_checks(&v, &err);
    if (code)
        return jc_cli_fail(cli, &err);
    return v.all_good ? JC_EXIT_DONE : JC_EXIT_FOUND;
}

/* --- help ---------------------------------------------------------------------------------------------------- */

static const struct jc_command draw_list = {
    .name = "list",
    .summary = {"列出抽查：名额、已抽定、对象库", "list the draws: slots, how many are drawn, pools"},
    .usage = "draw list",
    .help = {"已抽定的数目按最新版本计。", "How many slots are drawn is counted in the newest version."},
    .example = "jiancha draw list",
    .run = run_list,
};

static const struct jc_command draw_commit = {
    .name = "commit",
    .summary = {"确定对象库并记录散列值，种子此时尚不存在", "fix and hash the pool while the seed does not exist yet"},
    .usage = "draw commit DRAW --pool FILE.csv --source TEXT",
    .help =
        {"FILE.csv 每行一个单位：unit_id，名录库中没有的还要 name，可加 address、district、industry、credit_code。\n"
         "重点检查单位、计划中已有的单位、已被抽中的单位、在名额月份停检的单位不进入对象库，逐一列出。\n"
         "--source 写明种子将来自何处，例如某日某期彩票开奖号码；公布散列值，等种子产生后再运行 draw run。\n"
         "名额还有空的只抽空名额；都已抽定时，重新确定对象库会重抽尚未下达的名额。",
         "FILE.csv has a unit a row: unit_id, for units the register does not know also name, and if you have\n"
         "them address, district, industry, credit_code. Key units, units the plan visits, units drawn before and\n"
         "units with a blackout month among the slots are left out of the pool and listed. --source names where\n"
         "the seed will come from, a lottery result of a day to come; publish the hash, then wait. Empty slots\n"
         "are drawn; when none is empty, a new commit draws all slots anew that are not released."},
    .example = "jiancha draw commit hn-d1 --pool pool.csv --source \"双色球 2023-01-15 开奖号码\"",
    .run = run_commit,
};

static const struct jc_command draw_run = {
    .name = "run",
    .summary = {"用种子抽取单位，填入名额", "draw units with the seed and fill the slots"},
    .usage = "draw run DRAW --seed TEXT",
    .help =
        {"用最近一次确定的对象库抽取，第 i 个抽中的单位填入第 i 个名额（按月份、检查编号）。名录库中没有的单位\n"
         "此时作为一般检查单位登记。每次尝试都记录在案；同一对象库只能抽取一次。",
         "Draws from the pool committed last; the i-th unit takes the i-th slot (by month and visit id). Units the\n"
         "register does not know become general units. Every attempt is on record; a pool is drawn once."},
    .example = "jiancha draw run hn-d1 --seed \"03 07 15 21 28 33 + 09\"",
    .run = run_run,
};

static const struct jc_command draw_verify = {
    .name = "verify",
    .summary = {"由保存的对象库和种子重新计算，核对抽取结果", "compute the draw again from pool and seed"},
    .usage = "draw verify DRAW",
    .help = {"结果不符时退出码为 1。算法和测试向量见 docs/DRAW.md，任何程序都可复算。",
             "Exit status 1 if anything differs. The algorithm and a test vector are in docs/DRAW.md."},
    .example = "jiancha draw verify hn-d1",
    .run = run_verify,
};

static const struct jc_command *const SUB[] = {&draw_list, &draw_commit, &draw_run, &draw_verify, NULL};

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    bool ran = false;
    enum jc_exit result = jc_cli_dispatch(cli, &jc_cmd_draw, argc, argv, &ran);
    return ran ? result : jc_cli_misuse(cli, &jc_cmd_draw, JC_MSG_CLI_SUBCOMMAND_MISSING, JC_STR("draw"));
}

const struct jc_command jc_cmd_draw = {
    .name = "draw",
    .summary = {"双随机抽查：确定对象库、抽取、核对", "random choice of units: pool, draw, check"},
    .usage = "draw list\n"
             "draw commit DRAW --pool FILE.csv --source TEXT\n"
             "draw run DRAW --seed TEXT\n"
             "draw verify DRAW",
    .help =
        {"先确定对象库并公布散列值，再等公开来源产生种子，然后抽取；任何人都能复算。",
         "The pool is fixed and its hash published first; then a public source makes the seed; anybody can compute\n"
         "the draw again."},
    .example = "jiancha draw commit hn-d1 --pool pool.csv --source \"双色球 2023-01-15 开奖号码\"\n"
               "jiancha draw run hn-d1 --seed \"03 07 15 21 28 33 + 09\"\njiancha draw verify hn-d1",
    .run = run,
    .sub = SUB,
};
