/* jiancha terminal void-number: a document number that was spoiled on paper. */
#include "cli/terminal_draft.h"

static const struct {
    const char *word;
    Jc__DocumentKind kind;
} kinds[] = {
    {"record", JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD},
    {"order", JC__DOCUMENT_KIND__DOCUMENT_KIND_ORDER},
    {"recheck", JC__DOCUMENT_KIND__DOCUMENT_KIND_RECHECK},
};

static Jc__DocumentKind kind_of(struct jc_str word) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (jc_str_eq(word, jc_str(kinds[i].word)))
            return kinds[i].kind;
    }
    return JC__DOCUMENT_KIND__DOCUMENT_KIND_UNSPECIFIED;
}

static enum jc_exit run_void(struct jc_cli *cli, int argc, char **argv) {
    static const struct jc_column columns[] = JC_CLI_WORK_COLUMNS("voided_id", JC_MSG_TERM_COL_VOIDED);
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_void_number};
    const char *reason = NULL;
    struct jc_terminal_work work;
    struct jc_err err;
    const struct jc_option options[] = {{.name = "reason", .takes_value = true, .value = &reason}};
    if (!jc_cli_terminal_options(&run, options, 1, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 2)
        return jc_cli_misuse(cli, &jc_cmd_terminal_void_number, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("KIND"));
    if (!reason)
        return jc_cli_misuse(cli, &jc_cmd_terminal_void_number, JC_MSG_CLI_OPTION_MISSING, JC_STR("--reason"));
    Jc__DocumentKind kind = kind_of(jc_str(argv[1]));
    if (!kind)
        return jc_cli_misuse(cli, &jc_cmd_terminal_void_number, JC_MSG_TERM_VOID_KIND, jc_str(argv[1]));
    enum jc_code code = jc_cli_terminal_open(&run, false, &err);
    if (code == JC_OK)
        code = jc_terminal_void_number(run.terminal, kind, jc_str(reason), cli->arena, &work, &err);
    if (code == JC_OK)
        code = jc_cli_terminal_print_work(cli, "void_number", columns, &work, &err);
    return jc_cli_terminal_end(&run, code, &err);
}

const struct jc_command jc_cmd_terminal_void_number = {
    .name = "void-number",
    .summary = {"作废一个文书编号", "void a document number"},
    .usage = "terminal --store FILE void-number record|order|recheck --reason TEXT",
    .help =
        {"纸质文书写坏时，把本机该类文书的下一个编号作废，同步后记录在案，编号不再使用。\n"
         "record 现场检查记录、order 责令限期整改指令书、recheck 整改复查意见书",
         "When a paper form was spoiled: the next number of that kind on this terminal is voided and put on record by\n"
         "the next sync; it is never used again."},
    .example = "jiancha terminal --store t1.db void-number order --reason 纸质文书填写错误",
    .run = run_void,
};
