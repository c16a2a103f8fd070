/* jiancha terminal carried and drop: files of colleagues that wait to be handed in, and one that the server will never
 * take. */
#include "cli/board.h"
#include "cli/terminal.h"

static const struct jc_column columns[] = {
    {"name", JC_MSG_TERM_COL_CARRIED, false},
    {"device_id", JC_MSG_COL_DEVICE, false},
    {"taken_at", JC_MSG_TERM_COL_TAKEN, false},
    {"bytes", JC_MSG_TERM_COL_BYTES, true},
};

static void add_row(struct jc_table *table, const struct jc_terminal_carried_file *file) {
    char hex[2 * JC_SHA256_SIZE + 1], id[JC_UUID_TEXT];
    jc_table_text(table, jc_hex(file->sha256, JC_SHA256_SIZE, hex));
    jc_table_text(table, jc_uuid_format(file->device_id, id));
    jc_cli_time_cell(table, file->taken_ms);
    jc_table_int(table, file->bytes);
}

static enum jc_code print_files(struct jc_cli *cli, const char *name, const struct jc_terminal_carried_file *files,
                                size_t count, struct jc_err *err) {
    struct jc_table *table = jc_table_new(cli->arena, name, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; table && i < count; i++)
        add_row(table, &files[i]);
    return table ? jc_table_print(table, cli, err) : jc_fail_memory(err);
}

static enum jc_exit run_carried(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_carried};
    struct jc_terminal_carried_file *files = NULL;
    struct jc_err err;
    size_t count = 0;
    if (!jc_cli_terminal_options(&run, NULL, 0, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    enum jc_code code = jc_cli_terminal_open(&run, false, &err);
    if (code == JC_OK)
        code = jc_terminal_carried_list(run.terminal, cli->arena, &files, &count, &err);
    if (code == JC_OK)
        code = print_files(cli, "carried", files, count, &err);
    return jc_cli_terminal_end(&run, code, &err);
}

static enum jc_exit run_drop(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_drop};
    struct jc_terminal_carried_file file = {0};
    const char *path = NULL;
    struct jc_err err;
    const struct jc_option options[] = {{.name = "to", .takes_value = true, .value = &path}};
    if (!jc_cli_terminal_options(&run, options, 1, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 2)
        return jc_cli_misuse(cli, &jc_cmd_terminal_drop, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("NAME"));
    if (!path)
        return jc_cli_misuse(cli, &jc_cmd_terminal_drop, JC_MSG_CLI_OPTION_MISSING, JC_STR("--to"));
    enum jc_code code = jc_cli_terminal_open(&run, false, &err);
    if (code == JC_OK)
        code = jc_terminal_carried_drop(run.terminal, jc_str(argv[1]), path, &file, &err);
    if (code == JC_OK)
        code = print_files(cli, "dropped", &file, 1, &err);
    return jc_cli_terminal_end(&run, code, &err);
}

const struct jc_command jc_cmd_terminal_carried = {
    .name = "carried",
    .summary = {"列出替同事代送、尚未送达的文件", "list colleagues' files that wait to be handed in"},
    .usage = "terminal --store FILE carried",
    .help = {"接手同事工作（take-over）时收下的文件，下次同步时代为送交；送达后不再列出。",
             "Taken with a hand-over and handed in by the next sync; not listed once the server has them."},
    .example = "jiancha terminal --store t1.db carried",
    .run = run_carried,
};

const struct jc_command jc_cmd_terminal_drop = {
    .name = "drop",
    .summary = {"服务器不接受的代送文件改存为文件", "take out a colleague's file that the server refuses for good"},
    .usage = "terminal --store FILE drop NAME --to FILE",
    .help =
        {"原样另存为 --to 的新文件后，同步不再送交它，本机也可以清除；文件可带回单位用 jiancha ingest 接收，内容不会丢失。\n"
         "NAME 是 carried 列出的名称，写开头几位即可。",
         "Saves it as it is to the new file named by --to; from then on syncs leave it alone and it no longer stands in\n"
         "the way of a wipe. Nothing is lost: bring the file in, jiancha ingest takes it. NAME as `carried` lists it; its\n"
         "beginning is enough."},
    .example = "jiancha terminal --store t1.db drop 5f0a --to refused.jcb",
    .run = run_drop,
};
