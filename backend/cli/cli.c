/* The frame of the command line: one run of one subcommand.
 *
 * jc_cli_main() reads the global options that stand before the subcommand, finds it in commands.def,
 * answers --help, runs it with a fresh arena, writes what it printed, and closes the database. The
 * output is gathered and written at the end, so a command that fails half way prints nothing that
 * looks like an answer. */
#include "cli/cli.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/id.h"
#include "base/log.h"
#include "cli/help.h"
#include "store/agency.h"
#include "store/store.h"

enum { ARENA_MAX_BYTES = 1 << 30, OUT_MAX_BYTES = 1 << 30, DIAG_MAX_BYTES = 1 << 16 };

/* --- options ------------------------------------------------------------------------------------- */

static bool each_format(void *ctx, const char *value) {
    static const char *const names[] = {
        [JC_FORMAT_TABLE] = "table", [JC_FORMAT_JSON] = "json", [JC_FORMAT_CSV] = "csv"};
    struct jc_cli *cli = ctx;
    for (int i = 0; i <= JC_FORMAT_CSV; i++) {
        if (strcmp(value, names[i]) == 0) {
            cli->format = (enum jc_format)i;
            return true;
        }
    }
    return false;
}

static bool each_lang(void *ctx, const char *value) {
    struct jc_cli *cli = ctx;
    bool zh = strcmp(value, "zh") == 0;
    if (!zh && strcmp(value, "en") != 0)
        return false;
    cli->lang = zh ? JC_ZH : JC_EN;
    return true;
}

static enum jc_exit misuse(struct jc_cli *cli, const struct jc_command *command, enum jc_msg what,
                           const struct jc_str *args, size_t count);

/* The option of that name: the command's own, else a global one. */
static const struct jc_option *find_option(struct jc_str name, const struct jc_option *own, size_t own_count,
                                           const struct jc_option *globals, size_t global_count) {
    for (size_t i = 0; i < own_count; i++) {
        if (jc_str_eq(jc_str(own[i].name), name))
            return &own[i];
    }
    for (size_t i = 0; i < global_count; i++) {
        if (jc_str_eq(jc_str(globals[i].name), name))
            return &globals[i];
    }
    return NULL;
}

static enum jc_exit refuse_value(struct jc_cli *cli, const struct jc_command *command, const struct jc_option *option,
                                 struct jc_str shown) {
    const char *expects = cli->lang == JC_ZH ? option->expects.zh : option->expects.en;
    struct jc_str args[] = {shown, jc_str(expects ? expects : "")};
    return misuse(cli, command, expects ? JC_MSG_CLI_OPTION_VALUE_EXPECTED : JC_MSG_CLI_OPTION_VALUE_BAD, args,
                  expects ? 2 : 1);
}

enum jc_exit jc_cli_value_refused(struct jc_cli *cli, const struct jc_command *command, const struct jc_option *options,
                                  size_t count, const char *name) {
    char shown[64];
    snprintf(shown, sizeof shown, "--%s", name);
    const struct jc_option *option = find_option(jc_str(name), options, count, NULL, 0);
    return option ? refuse_value(cli, command, option, jc_str(shown))
                  : jc_cli_misuse(cli, command, JC_MSG_CLI_OPTION_VALUE_BAD, jc_str(shown));
}

static bool take_option(struct jc_cli *cli, const struct jc_command *command, const struct jc_option *option,
                        struct jc_str shown, const char *value) {
    if (option->count)
        (*option->count)++;
    if (option->each) {
        if (option->each(option->ctx, value))
            return true;
        refuse_value(cli, command, option, shown);
        return false;
    }
    if (option->value)
        *option->value = value;
    return true;
}

bool jc_cli_options(struct jc_cli *cli, const struct jc_command *command, const struct jc_option *options, size_t count,
                    int *argc, char **argv) {
    const struct jc_option globals[] = {
        {.name = "db", .takes_value = true, .value = &cli->db_path},
        {.name = "agency", .takes_value = true, .value = &cli->agency_code},
        {.name = "format",
         .takes_value = true,
         .each = each_format,
         .ctx = cli,
         .expects = {"table、json 或 csv", "table, json or csv"}},
        {.name = "lang", .takes_value = true, .each = each_lang, .ctx = cli, .expects = {"zh 或 en", "zh or en"}},
    };
    int kept = 1;
    bool options_end = false;
    for (int i = 1; i < *argc; i++) {
        char *arg = argv[i];
        if (options_end || strncmp(arg, "--", 2) != 0) {
            argv[kept++] = arg;
            continue;
        }
        if (arg[2] == '\0') {
            options_end = true;
            continue;
        }
        struct jc_str rest = jc_str(arg + 2), name = rest;
        const char *value = strchr(arg, '=');
        if (value) {
            jc_str_cut(&rest, '=', &name);
            value++;
        }
        struct jc_str shown = {arg, name.len + 2};
        const struct jc_option *option = find_option(name, options, count, globals, sizeof globals / sizeof globals[0]);
        enum jc_msg wrong = !option                                           ? JC_MSG_CLI_UNKNOWN_OPTION
                            : !option->takes_value && value                   ? JC_MSG_CLI_OPTION_VALUE_UNWANTED
                            : option->takes_value && !value && i + 1 >= *argc ? JC_MSG_CLI_OPTION_VALUE_MISSING
                                                                              : JC_MSG_NONE;
        if (wrong != JC_MSG_NONE) {
            jc_cli_misuse(cli, command, wrong, shown);
            return false;
        }
        if (option->takes_value && !value)
            value = argv[++i];
        if (!take_option(cli, command, option, shown, value ? value : ""))
            return false;
    }
    *argc = kept;
    argv[kept] = NULL;
    return true;
}

static enum jc_exit misuse(struct jc_cli *cli, const struct jc_command *command, enum jc_msg what,
                           const struct jc_str *args, size_t count) {
    jc_cli_note(cli, what, args, count);
    struct jc_buf usage, words;
    jc_buf_init(&usage, OUT_MAX_BYTES);
    jc_buf_init(&words, OUT_MAX_BYTES);
    jc_help_name(&words, command);
    jc_help_usage(&usage, cli->lang, command);
    struct jc_str name = jc_buf_str(&words);
    jc_msg_render(&usage, cli->lang, JC_MSG_CLI_MORE_HELP, &name, 1);
    fprintf(stderr, "%.*s\n", JC_FMT(jc_buf_str(&usage)));
    jc_buf_free(&words);
    jc_buf_free(&usage);
    return JC_EXIT_REFUSED;
}

bool jc_cli_argument(struct jc_cli *cli, const struct jc_command *command, const char *name, int argc, char **argv,
                     struct jc_str *out) {
    if (argc < 2)
        jc_cli_misuse(cli, command, JC_MSG_CLI_ARGUMENT_MISSING, jc_str(name));
    else if (argc > 2)
        jc_cli_misuse(cli, command, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[2]));
    else
        *out = jc_str(argv[1]);
    return argc == 2;
}

enum jc_exit jc_cli_misuse(struct jc_cli *cli, const struct jc_command *command, enum jc_msg what, struct jc_str arg) {
    return misuse(cli, command, what, &arg, 1);
}

/* --- work ------------------------------------------------------------------------------------------ */

static enum jc_code find_agency(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_cli *cli = ctx;
    return jc_agency_find(tx, jc_str(cli->agency_code), &cli->agency_id, err);
}

enum jc_code jc_cli_open_db(struct jc_cli *cli, struct jc_err *err) {
    struct jc_db_config config = {.path = cli->db_path, .checkpoint_thread = cli->serves, .must_write = cli->serves};
    enum jc_code code = jc_db_open(&config, &cli->db, err);
    if (code == JC_NOT_FOUND)
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_CLI_NO_DATABASE, jc_str(cli->db_path));
    return code == JC_OK ? jc_store_open(cli->db, err) : code;
}

enum jc_code jc_cli_open(struct jc_cli *cli, struct jc_err *err) {
    enum jc_code code = jc_cli_open_db(cli, err);
    return code == JC_OK ? jc_db_read(cli->db, find_agency, cli, err) : code;
}

enum jc_code jc_cli_read(struct jc_cli *cli, jc_job *job, void *ctx, struct jc_err *err) {
    return jc_db_read(cli->db, job, ctx, err);
}

enum jc_code jc_cli_write(struct jc_cli *cli, jc_job *job, void *ctx, struct jc_err *err) {
    return jc_db_write_wait(cli->db, cli->agency_id, job, ctx, err);
}

/* What the driver or the system said is for who looks into the fault, not for who works. */
static void tell_detail(struct jc_cli *cli, const struct jc_err *err) {
    const char *verbose = getenv("JIANCHA_VERBOSE");
    if (!err->detail[0])
        return;
    if (verbose && *verbose && strcmp(verbose, "0") != 0)
        jc_log(JC_LOG_ERROR, "detail", JC_LOG_STR("text", jc_str(err->detail)));
    else
        jc_cli_note(cli, JC_MSG_CLI_DETAIL_HINT, NULL, 0);
}

enum jc_exit jc_cli_fail(struct jc_cli *cli, const struct jc_err *err) {
    struct jc_buf text;
    jc_buf_init(&text, OUT_MAX_BYTES);
    jc_err_render(&text, cli->lang, err);
    fprintf(stderr, "jiancha: %.*s\n", JC_FMT(jc_buf_str(&text)));
    jc_buf_free(&text);
    switch (err->code) {
    case JC_RESOURCE_EXHAUSTED:
    case JC_UNAVAILABLE:
    case JC_INTERNAL:
    case JC_DATA_LOSS:
    case JC_UNKNOWN:
    case JC_DEADLINE_EXCEEDED:
        tell_detail(cli, err);
        return JC_EXIT_IO;
    default:
        return JC_EXIT_REFUSED;
    }
}

void jc_cli_note(struct jc_cli *cli, enum jc_msg what, const struct jc_str *args, size_t count) {
    struct jc_buf text;
    jc_buf_init(&text, OUT_MAX_BYTES);
    jc_msg_render(&text, cli->lang, what, args, count);
    fprintf(stderr, "jiancha: %.*s\n", JC_FMT(jc_buf_str(&text)));
    jc_buf_free(&text);
}

void jc_cli_say(struct jc_cli *cli, enum jc_msg what, const struct jc_str *args, size_t count) {
    jc_msg_render(&cli->out, cli->lang, what, args, count);
    jc_buf_char(&cli->out, '\n');
}

void jc_cli_diags(struct jc_cli *cli, const struct jc_diags *diags) {
    struct jc_buf line;
    jc_buf_init(&line, DIAG_MAX_BYTES);
    for (size_t i = 0; i < diags->count; i++) {
        jc_buf_reset(&line);
        jc_diag_render(&line, cli->lang, &diags->items[i]);
        fprintf(stderr, "%.*s\n", JC_FMT(jc_buf_str(&line)));
    }
    jc_buf_free(&line);
}

/* --- one run --------------------------------------------------------------------------------------- */

/* Index of the sub-subcommand's name in argv, or 0: options before it take one value each. */
static int find_sub(const struct jc_command *command, int argc, char **argv, const struct jc_command **sub) {
    for (int i = 1; command->sub && i < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0) {
            bool alone = strchr(argv[i], '=') || strcmp(argv[i], "--help") == 0;
            i += alone ? 0 : 1;
            continue;
        }
        for (const struct jc_command *const *s = command->sub; *s; s++) {
            if (strcmp((*s)->name, argv[i]) == 0) {
                *sub = *s;
                return i;
            }
        }
        return 0;
    }
    return 0;
}

enum jc_exit jc_cli_dispatch(struct jc_cli *cli, const struct jc_command *command, int argc, char **argv, bool *ran) {
    const struct jc_command *sub = NULL;
    int at = find_sub(command, argc, argv, &sub);
    *ran = at > 0;
    if (!at)
        return JC_EXIT_REFUSED;
    char *name = argv[at];
    memmove(argv + 1, argv, (size_t)at * sizeof *argv); /* "terminal --store F sync" -> "sync --store F" */
    argv[1] = name;
    return sub->run(cli, argc - 1, argv + 1);
}

/* --help anywhere asks for help alone; a --lang beside it says in which language. */
static bool wants_help(struct jc_cli *cli, int argc, char **argv) {
    bool wanted = false;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        wanted = wanted || strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
        if (strncmp(argv[i], "--lang=", 7) == 0)
            each_lang(cli, argv[i] + 7);
        else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
            each_lang(cli, argv[i + 1]);
    }
    return wanted;
}

/* Global options before the subcommand; returns the subcommand's index, or -1 after a complaint. */
static int leading_options(struct jc_cli *cli, int argc, char **argv) {
    static const struct jc_command frame = {.name = "help", .usage = "COMMAND …"};
    int i = 1;
    while (i < argc && strncmp(argv[i], "--", 2) == 0 && strcmp(argv[i], "--help") != 0 &&
           strcmp(argv[i], "--version") != 0) {
        int taken = strchr(argv[i], '=') || i + 1 >= argc ? 1 : 2;
        char *view[4] = {argv[0], argv[i], taken == 2 ? argv[i + 1] : NULL, NULL};
        int view_count = 1 + taken;
        if (!jc_cli_options(cli, &frame, NULL, 0, &view_count, view))
            return -1;
        i += taken;
    }
    return i;
}

static enum jc_exit refuse_name(struct jc_cli *cli, const char *text) {
    struct jc_str name = jc_str(text);
    jc_cli_note(cli, JC_MSG_CLI_UNKNOWN_COMMAND, &name, 1);
    return JC_EXIT_REFUSED;
}

/* Help on the command that is named anywhere behind argv[at], else on all of them. */
static enum jc_exit run_help(struct jc_cli *cli, int at, int argc, char **argv) {
    for (int i = at; i < argc; i++) {
        const struct jc_command *command = jc_help_find(argv[i]);
        if (!command)
            continue;
        for (int sub; (sub = find_sub(command, argc - i, argv + i, &command)) > 0;)
            i += sub;
        jc_help_command(&cli->out, cli->lang, command);
        return JC_EXIT_DONE;
    }
    bool unknown = at + 1 < argc && strcmp(argv[at], "help") == 0 && argv[at + 1][0] != '-';
    if (unknown)
        return refuse_name(cli, argv[at + 1]);
    jc_help_all(&cli->out, cli->lang);
    return JC_EXIT_DONE;
}

static enum jc_exit run_command(struct jc_cli *cli, int argc, char **argv) {
    int at = leading_options(cli, argc, argv);
    if (at < 0)
        return JC_EXIT_REFUSED;
    if (at < argc && strcmp(argv[at], "--version") == 0) {
        jc_buf_printf(&cli->out, "jiancha %s\n", JC_VERSION);
        return JC_EXIT_DONE;
    }
    if (wants_help(cli, argc, argv) || at >= argc || strcmp(argv[at], "help") == 0)
        return run_help(cli, at, argc, argv);
    const struct jc_command *command = jc_help_find(argv[at]);
    return command ? command->run(cli, argc - at, argv + at) : refuse_name(cli, argv[at]);
}

static struct jc_str actor_of_system(struct jc_arena *arena) {
    struct passwd *user = getpwuid(geteuid());
    return user ? jc_arena_printf(arena, "cli:%s", user->pw_name)
                : jc_arena_printf(arena, "cli:%u", (unsigned)geteuid());
}

static bool write_out(const struct jc_buf *out) {
    size_t done = out->len ? fwrite(out->ptr, 1, out->len, stdout) : 0;
    return done == out->len && fflush(stdout) == 0 && !out->failed;
}

int jc_cli_main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a full disk: the write fails, the program goes on */
    const char *lang = getenv("JIANCHA_LANG"), *db = getenv("JIANCHA_DB");
    struct jc_cli cli = {
        .db_path = db ? db : "jiancha.db",
        .agency_code = "",
        .lang = lang && strcmp(lang, "en") == 0 ? JC_EN : JC_ZH,
        .clock = jc_clock_system(),
        .program = argv[0],
        .arena = jc_arena_new(ARENA_MAX_BYTES),
    };
    jc_buf_init(&cli.out, OUT_MAX_BYTES);
    enum jc_exit status = JC_EXIT_IO;
    if (jc_id_init() && cli.arena && (cli.actor = actor_of_system(cli.arena)).ptr) {
        status = run_command(&cli, argc, argv);
    }
    if (!write_out(&cli.out)) {
        jc_cli_note(&cli, JC_MSG_CLI_OUTPUT_FAILED, NULL, 0);
        status = JC_EXIT_IO;
    }
    jc_db_close(cli.db);
    jc_buf_free(&cli.out);
    jc_arena_free(cli.arena);
    return status;
}
