/* What the files of `jiancha terminal` share. */
#ifndef JC_CLI_TERMINAL_H
#define JC_CLI_TERMINAL_H

#include "cli/table.h"
#include "jiancha/terminal.h"

/* A run of one `jiancha terminal …`: its options, the store they name, and the positional arguments. */
struct jc_cli_terminal {
    struct jc_cli *cli;
    const struct jc_command *command;
    struct jc_terminal *terminal;
    const char *store; /* --store; JIANCHA_STORE */
};

/* Takes the options (--store besides those given) and checks that `positional` arguments are left in argv[1…].
 * False after a complaint: answer JC_EXIT_REFUSED. */
bool jc_cli_terminal_options(struct jc_cli_terminal *run, const struct jc_option *options, size_t count,
                             size_t positional, int *argc, char **argv);
/* Opens the store. */
enum jc_code jc_cli_terminal_open(struct jc_cli_terminal *run, bool create, struct jc_err *err);
/* Prints the error if there is one, closes the store, and gives the exit status. */
enum jc_exit jc_cli_terminal_end(struct jc_cli_terminal *run, enum jc_code code, const struct jc_err *err);

/* Words for people and names for scripts of the same thing, by cli->format. */
struct jc_str jc_cli_terminal_word(const struct jc_cli *cli, const char *name, enum jc_msg word);
/* What became of an operation: applied, rejected, kept, set_aside, unsent; once a person decided about it: accepted,
 * not_accepted, linked. */
struct jc_str jc_cli_terminal_result(const struct jc_cli *cli, const struct jc_terminal_outcome *outcome);
/* What the person who decided wrote, else the server's reason in the user's language; empty if there is none. */
struct jc_str jc_cli_terminal_reason(const struct jc_cli *cli, const struct jc_terminal_outcome *outcome);
/* A UUID as text in the cli's arena; empty for zeros. */
struct jc_str jc_cli_terminal_id(struct jc_cli *cli, struct jc_uuid id);

/* Prints what was made as a listing of one row: `name` is the array's, `columns[0]` the identifier. */
#define JC_CLI_WORK_COLUMNS(field, heading)                                                               \
    {                                                                                                     \
        {(field), (heading), false}, {"document_number", JC_MSG_TERM_COL_NUMBER, false},                  \
            {"task_id", JC_MSG_TERM_COL_TASK, false}, {"operation_id", JC_MSG_TERM_COL_OPERATION, false}, \
    }
enum jc_code jc_cli_terminal_print_work(struct jc_cli *cli, const char *name, const struct jc_column columns[4],
                                        const struct jc_terminal_work *work, struct jc_err *err);

extern const struct jc_command jc_cmd_terminal_sync, jc_cmd_terminal_inspect, jc_cmd_terminal_order,
    jc_cmd_terminal_recheck, jc_cmd_terminal_return, jc_cmd_terminal_show, jc_cmd_terminal_draft,
    jc_cmd_terminal_holders, jc_cmd_terminal_switch, jc_cmd_terminal_bundle, jc_cmd_terminal_accept,
    jc_cmd_terminal_check, jc_cmd_terminal_ready, jc_cmd_terminal_wipe, jc_cmd_terminal_upload,
    jc_cmd_terminal_hand_over, jc_cmd_terminal_take_over, jc_cmd_terminal_take_back, jc_cmd_terminal_accept_key,
    jc_cmd_terminal_void_number, jc_cmd_terminal_carried, jc_cmd_terminal_drop;

#endif
