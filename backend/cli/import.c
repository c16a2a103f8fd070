/* jiancha import CASE_DIR: brings the planner's files into the database. */
#include "plan/import.h"

#include "cli/table.h"
#include "jiancha/v1/registry.pb-c.h"

enum { SHOWN_MAX = 200 }; /* differences in a table; scripts get all */

const struct jc_command jc_cmd_import;

/* --- progress ----------------------------------------------------------------------------------- */

struct progress {
    struct jc_cli *cli;
    int64_t started_ms, told_ms;
};

/* Silent for two seconds, then a line a second. */
static void show_progress(void *ctx, int64_t done, int64_t total) {
    struct progress *progress = ctx;
    int64_t now = jc_monotonic_ms();
    char done_text[JC_NUMBER_TEXT], total_text[JC_NUMBER_TEXT];
    if (now - progress->started_ms < 2000 || now - progress->told_ms < 1000)
        return;
    progress->told_ms = now;
    struct jc_str args[] = {jc_str_from_int64(done, done_text), jc_str_from_int64(total, total_text)};
    jc_cli_note(progress->cli, JC_MSG_IMPORT_PROGRESS, args, 2);
}

/* --- what was found ------------------------------------------------------------------------------- */

static const struct jc_column columns[] = {
    {"kind", JC_MSG_COL_KIND, false},    {"file", JC_MSG_COL_FILE, false}, {"line", JC_MSG_COL_LINE, true},
    {"column", JC_MSG_COL_COLUMN, true}, {"id", JC_MSG_COL_ID, false},     {"field", JC_MSG_COL_FIELD, false},
    {"old", JC_MSG_COL_OLD, false},      {"new", JC_MSG_COL_NEW, false},   {"text", JC_MSG_COL_TEXT, false},
};

/* A table leaves out what stands on stderr already and what a difference does not have. */
static const struct jc_column diff_columns[] = {
    {"kind", JC_MSG_COL_KIND, false},   {"file", JC_MSG_COL_FILE, false}, {"id", JC_MSG_COL_ID, false},
    {"field", JC_MSG_COL_FIELD, false}, {"old", JC_MSG_COL_OLD, false},   {"new", JC_MSG_COL_NEW, false},
};

static struct jc_str kind_word(const struct jc_cli *cli, enum jc_case_change_kind kind) {
    static const struct {
        const char *name;
        enum jc_msg word;
    } kinds[] = {
        [JC_CASE_ADDED] = {"added", JC_MSG_IMPORT_ADDED},
        [JC_CASE_CHANGED] = {"changed", JC_MSG_IMPORT_CHANGED},
        [JC_CASE_REMOVED] = {"removed", JC_MSG_IMPORT_REMOVED},
        [JC_CASE_REORDERED] = {"reordered", JC_MSG_IMPORT_REORDERED},
    };
    return cli->format == JC_FORMAT_TABLE ? jc_msg_text(kinds[kind].word, cli->lang) : jc_str(kinds[kind].name);
}

static void file_cell(struct jc_table *table, struct jc_cli *cli, enum jc_case_part part) {
    jc_table_text(table, jc_arena_printf(cli->arena, "%s.csv", jc_case_files[part].name));
}

static void diag_row(struct jc_table *table, const struct jc_cli *cli, const struct jc_diag *diag) {
    struct jc_buf text;
    jc_buf_init(&text, 1 << 16);
    jc_msg_render(&text, cli->lang, diag->what, diag->arg, JC_ERR_ARGS);
    jc_table_text(table, diag->warning ? JC_STR("warning") : JC_STR("error"));
    jc_table_text(table, diag->file);
    jc_table_int(table, diag->line);
    jc_table_int(table, diag->column);
    for (int i = 0; i < 4; i++)
        jc_table_null(table);
    jc_table_text(table, jc_buf_str(&text));
    jc_buf_free(&text);
}

static void change_row(struct jc_table *table, struct jc_cli *cli, const struct jc_case_change *change) {
    bool script = cli->format != JC_FORMAT_TABLE;
    jc_table_text(table, kind_word(cli, change->kind));
    file_cell(table, cli, change->part);
    if (script) {
        jc_table_null(table);
        jc_table_null(table);
    }
    jc_table_text(table, change->id);
    jc_table_text(table, jc_str(change->column ? change->column->name : ""));
    jc_table_text(table, change->old_text);
    jc_table_text(table, change->new_text);
    if (script)
        jc_table_null(table);
}

static enum jc_code print_for_scripts(struct jc_cli *cli, const struct jc_import_result *result, struct jc_err *err) {
    struct jc_table *table = jc_table_new(cli->arena, "import", columns, sizeof columns / sizeof *columns);
    if (!table)
        return jc_fail_memory(err);
    for (size_t i = 0; i < result->diags.count; i++)
        diag_row(table, cli, &result->diags.items[i]);
    for (size_t i = 0; i < result->diff.count && result->outcome != JC_IMPORT_NEW; i++)
        change_row(table, cli, &result->diff.items[i]);
    return jc_table_print(table, cli, err);
}

static enum jc_code print_difference(struct jc_cli *cli, const struct jc_case_diff *diff, struct jc_err *err) {
    struct jc_table *table =
        jc_table_new(cli->arena, "import", diff_columns, sizeof diff_columns / sizeof *diff_columns);
    if (!table)
        return jc_fail_memory(err);
    for (size_t i = 0; i < diff->count && i < SHOWN_MAX; i++)
        change_row(table, cli, &diff->items[i]);
    enum jc_code code = jc_table_print(table, cli, err);
    if (!code && diff->count > SHOWN_MAX) {
        char more[JC_NUMBER_TEXT];
        struct jc_str arg = jc_str_from_int64((int64_t)(diff->count - SHOWN_MAX), more);
        jc_cli_say(cli, JC_MSG_IMPORT_MORE, &arg, 1);
    }
    return code;
}

/* --- the last word ---------------------------------------------------------------------------------- */

/* "淮南市应急管理局 2023：…" with the rows of each file. */
static void print_summary(struct jc_cli *cli, const struct jc_import_result *result) {
    const Jc__Agency *agency = result->read.parts[JC_CASE_AGENCY].items[0].data;
    struct jc_buf counts;
    char year[JC_NUMBER_TEXT];
    jc_buf_init(&counts, 4096);
    for (int part = JC_CASE_TEAMS; part < JC_CASE_PARTS; part++)
        if (result->read.parts[part].count)
            jc_buf_printf(&counts, "%s%s %zu", counts.len ? ", " : "", jc_case_files[part].name,
                          result->read.parts[part].count);
    struct jc_str args[] = {jc_str(agency->name), jc_str_from_int64(agency->year, year), jc_buf_str(&counts)};
    jc_cli_say(cli, result->outcome == JC_IMPORT_NEW ? JC_MSG_IMPORT_DONE : JC_MSG_IMPORT_UPDATED, args, 3);
    jc_buf_free(&counts);
}

static void note_refused(struct jc_cli *cli, const struct jc_diags *diags) {
    char errors[JC_NUMBER_TEXT];
    struct jc_str arg = jc_str_from_int64((int64_t)diags->errors, errors);
    jc_cli_note(cli, JC_MSG_IMPORT_REFUSED, &arg, 1);
}

static enum jc_exit answer(struct jc_cli *cli, const struct jc_import_result *result, struct jc_err *err) {
    bool people = cli->format == JC_FORMAT_TABLE;
    bool differs = result->outcome == JC_IMPORT_DIFFERENT || result->outcome == JC_IMPORT_UPDATED;
    jc_cli_diags(cli, &result->diags);
    enum jc_code code = !people   ? print_for_scripts(cli, result, err)
                        : differs ? print_difference(cli, &result->diff, err)
                                  : JC_OK;
    if (code)
        return jc_cli_fail(cli, err);
    if (result->further_agency && result->outcome == JC_IMPORT_NEW) {
        const Jc__Agency *agency = result->read.parts[JC_CASE_AGENCY].items[0].data;
        struct jc_str code_text = jc_str(agency->agency_id);
        jc_cli_note(cli, JC_MSG_IMPORT_FURTHER, &code_text, 1);
    }
    switch (result->outcome) {
    case JC_IMPORT_REFUSED:
        note_refused(cli, &result->diags);
        return JC_EXIT_REFUSED;
    case JC_IMPORT_DIFFERENT:
        jc_cli_note(cli, JC_MSG_IMPORT_DIFFERENT, NULL, 0);
        return JC_EXIT_REFUSED;
    case JC_IMPORT_UNCHANGED:
        if (people)
            jc_cli_say(cli, JC_MSG_IMPORT_UNCHANGED, NULL, 0);
        return JC_EXIT_DONE;
    default:
        if (people)
            print_summary(cli, result);
        return JC_EXIT_DONE;
    }
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    const char *update = NULL;
    struct jc_str dir;
    struct jc_option options[] = {{.name = "update", .value = &update}};
    struct jc_case_input *inputs = NULL;
    size_t count = 0;
    struct jc_import_result result;
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &jc_cmd_import, options, 1, &argc, argv) ||
        !jc_cli_argument(cli, &jc_cmd_import, "CASE_DIR", argc, argv, &dir))
        return JC_EXIT_REFUSED;
    struct progress progress = {cli, jc_monotonic_ms(), 0};
    enum jc_code code = jc_cli_open_db(cli, &err);
    if (!code)
        code = jc_case_folder(dir.ptr, cli->arena, &inputs, &count, &err);
    if (code)
        return jc_cli_fail(cli, &err);
    struct jc_import import = {.inputs = inputs,
                               .input_count = count,
                               .update = update != NULL,
                               .agency = jc_str(cli->agency_code),
                               .actor = cli->actor,
                               .clock = &cli->clock,
                               .arena = cli->arena,
                               .progress = show_progress,
                               .progress_ctx = &progress};
    code = jc_import_run(cli->db, &import, &result, &err);
    return code ? jc_cli_fail(cli, &err) : answer(cli, &result, &err);
}

const struct jc_command jc_cmd_import = {
    .name = "import",
    .summary = {"导入年度计划资料（CSV 文件夹）", "import the year's case, a folder of CSV files"},
    .usage = "import CASE_DIR [--update]",
    .help =
        {"读取文件夹中的 agency、teams、units、rules 等 CSV 文件。有任何错误则全部不导入，\n"
         "并一次列出所有错误：文件:行:列: 问题及要求。再次导入相同内容不作更改；内容有变时\n"
         "列出差异，确认后加 --update 才更新。疑似重复的单位和写法不一的区域给出警告。",
         "Reads agency, teams, units, rules and the other CSV files of the folder. All or nothing: if anything is\n"
         "wrong, every error is listed at once as file:line:column: what is wrong, what is expected. Importing the\n"
         "same again changes nothing; a changed case shows the difference and is taken over with --update only.\n"
         "Probable duplicates and districts spelled in several ways are told as warnings."},
    .example = "jiancha import examples/huainan-2023\njiancha import examples/huainan-2023 --update",
    .run = run,
};
