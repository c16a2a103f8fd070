/* The command line: what every subcommand gets and how it answers.
 *
 * One file per subcommand; each defines one `const struct jc_command jc_cmd_<name>` and is listed in
 * commands.def. A subcommand parses its own arguments with jc_cli_options(), works through the layers
 * below, prints to cli->out, and returns an exit status. Global options (--db, --format, --lang,
 * --agency, --help) may stand before or behind the subcommand. */
#ifndef JC_CLI_CLI_H
#define JC_CLI_CLI_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/csv.h"
#include "base/err.h"
#include "db/db.h"

/* DESIGN section 2. */
enum jc_exit {
    JC_EXIT_DONE = 0,    /* warnings included */
    JC_EXIT_FOUND = 1,   /* audit or verify found something, or the plan has a shortfall */
    JC_EXIT_REFUSED = 2, /* wrong use or refused input */
    JC_EXIT_IO = 3,      /* I/O or database */
};

enum jc_format { JC_FORMAT_TABLE, JC_FORMAT_JSON, JC_FORMAT_CSV };

struct jc_cli {
    const char *db_path;     /* --db; JIANCHA_DB, else jiancha.db */
    const char *agency_code; /* --agency; "" : the only one */
    enum jc_format format;
    enum jc_lang lang;
    struct jc_clock clock;
    struct jc_arena *arena; /* lives as long as the command */
    struct jc_buf out;      /* written to stdout when the command returns */
    struct jc_str actor;    /* who acts, for the audit log: "cli:<system user>" */
    const char *program;    /* argv[0], to find jiancha-optimizer beside it */
    bool serves;            /* before jc_cli_open_db: the database stays open for many */
    struct jc_db *db;       /* by jc_cli_open; closed by the frame */
    int64_t agency_id;      /* by jc_cli_open */
};

/* A text in both languages. */
struct jc_text2 {
    const char *zh, *en;
};

struct jc_command {
    const char *name;                                               /* "plan", "terminal" */
    struct jc_text2 summary;                                        /* one line in the list of commands */
    const char *usage;                                              /* "plan [--team T] [--month M]", a line each */
    struct jc_text2 help;                                           /* paragraphs about options and effect */
    const char *example;                                            /* command lines that work on the shipped example */
    enum jc_exit (*run)(struct jc_cli *cli, int argc, char **argv); /* argv[0] is the name */
    const struct jc_command *const *sub; /* "plan move", "draw run" …, ended by NULL; or NULL */
};

/* The program: finds the subcommand, answers --help, runs it, prints, closes. The exit status. */
int jc_cli_main(int argc, char **argv);

/* Runs the sub-subcommand that argv names and sets *ran; options before its name take one value
 * each ("terminal --store F sync"). Its run() sees them behind argv[0]. Without a name *ran is false
 * and the caller does what the command does alone, or answers jc_cli_misuse(). */
enum jc_exit jc_cli_dispatch(struct jc_cli *cli, const struct jc_command *command, int argc, char **argv, bool *ran);

/* --- options ----------------------------------------------------------------------------------- */

/* What options of one kind expect. */
#define JC_EXPECTS_MONTH \
    { "1 至 12 的月份", "a month, 1 to 12" }
#define JC_EXPECTS_DATE \
    { "日期，如 2023-02-15", "a date like 2023-02-15" }

struct jc_option {
    const char *name; /* "team" for --team */
    bool takes_value;
    const char **value; /* set to the value, or to "" for a flag; the last one wins */
    int *count;         /* counted, or NULL */
    /* for options that repeat: called for each value instead of setting *value; or NULL */
    bool (*each)(void *ctx, const char *value);
    void *ctx;
    struct jc_text2 expects; /* what values are taken, told when one is refused; or {NULL} */
};

/* Takes the options out of argv (any order, "--" ends them, --x=y too) and leaves the positional
 * arguments in argv[1..*argc-1]. An unknown option, a missing or a refused value prints what is wrong
 * and how the command is used to stderr; the caller returns JC_EXIT_REFUSED on false. */
bool jc_cli_options(struct jc_cli *cli, const struct jc_command *command, const struct jc_option *options, size_t count,
                    int *argc, char **argv);
/* Says on stderr that the value given to option `name` is refused, and what it expects. */
enum jc_exit jc_cli_value_refused(struct jc_cli *cli, const struct jc_command *command, const struct jc_option *options,
                                  size_t count, const char *name);
/* Says on stderr that the command was used wrongly (words from the catalogue), and how to use it. */
enum jc_exit jc_cli_misuse(struct jc_cli *cli, const struct jc_command *command, enum jc_msg what, struct jc_str arg);

/* Takes the only positional argument, `name` in the usage. Without it or with more false, told as above. */
bool jc_cli_argument(struct jc_cli *cli, const struct jc_command *command, const char *name, int argc, char **argv,
                     struct jc_str *out);

/* --- work ---------------------------------------------------------------------------------------- */

/* Opens the database, migrates it, and finds the agency. */
enum jc_code jc_cli_open(struct jc_cli *cli, struct jc_err *err);
/* The same without an agency: for a command that serves all of them. */
enum jc_code jc_cli_open_db(struct jc_cli *cli, struct jc_err *err);
/* Prints the error to stderr in the user's language ("jiancha: …") and maps its code: refused input
 * 2, I/O and database 3. Technical details stand behind it if JIANCHA_VERBOSE is set. */
enum jc_exit jc_cli_fail(struct jc_cli *cli, const struct jc_err *err);
/* A note or progress line on stderr. */
void jc_cli_note(struct jc_cli *cli, enum jc_msg what, const struct jc_str *args, size_t count);
/* A sentence of the catalogue as a line of cli->out. */
void jc_cli_say(struct jc_cli *cli, enum jc_msg what, const struct jc_str *args, size_t count);
/* Diagnostics on stderr, a line each. */
void jc_cli_diags(struct jc_cli *cli, const struct jc_diags *diags);
/* Runs a job on cli->db for cli->agency_id; the same as jc_db_read / jc_db_write_wait. */
enum jc_code jc_cli_read(struct jc_cli *cli, jc_job *job, void *ctx, struct jc_err *err);
enum jc_code jc_cli_write(struct jc_cli *cli, jc_job *job, void *ctx, struct jc_err *err);

#endif
