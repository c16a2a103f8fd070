/* Help: what `jiancha --help` and `jiancha COMMAND --help` print. */
#include "cli/help.h"

#include <string.h>

#include "base/text.h"

#define JC_COMMAND(name) extern const struct jc_command jc_cmd_##name;
#include "cli/commands.def"
#undef JC_COMMAND

static const struct jc_command *const all_commands[] = {
#define JC_COMMAND(name) &jc_cmd_##name,
#include "cli/commands.def"
#undef JC_COMMAND
    NULL,
};

static const char *in(enum jc_lang lang, struct jc_text2 text) {
    return lang == JC_ZH ? text.zh : text.en;
}

static void heading(struct jc_buf *out, enum jc_lang lang, enum jc_msg what) {
    jc_buf_add(out, jc_msg_text(what, lang));
    jc_buf_add(out, lang == JC_ZH ? JC_STR("：") : JC_STR(":"));
}

/* The words by which a command is called, as its usage has them: "terminal draft save" of
 * "terminal --store FILE draft save TASK"; its name alone where the usage does not begin with it. */
void jc_help_name(struct jc_buf *out, const struct jc_command *command) {
    static const char NAME[] = "abcdefghijklmnopqrstuvwxyz-";
    struct jc_str rest = jc_str(command->usage), name = jc_str(command->name), word = {"", 0};
    while (!jc_str_eq(word, name) && jc_str_cut(&rest, ' ', &word)) {
        if (jc_str_eq(word, JC_STR("--store"))) {
            jc_str_cut(&rest, ' ', &word);
            continue;
        }
        if (!word.len || word.ptr[0] == '-' || strspn(word.ptr, NAME) < word.len)
            word = name;
        if (out->len && out->ptr[out->len - 1] != ' ')
            jc_buf_char(out, ' ');
        jc_buf_add(out, word);
    }
}

/* `text` line by line, each behind an indent. */
static void indented(struct jc_buf *out, const char *indent, const char *text) {
    struct jc_str rest = jc_str(text), line;
    while (jc_str_cut(&rest, '\n', &line))
        jc_buf_printf(out, "%s%.*s\n", indent, JC_FMT(line));
}

static void list_commands(struct jc_buf *out, enum jc_lang lang, const struct jc_command *const *commands) {
    for (; *commands; commands++) {
        jc_buf_printf(out, "  %-11s  %s\n", (*commands)->name, in(lang, (*commands)->summary));
    }
}

const struct jc_command *jc_help_find(const char *name) {
    for (const struct jc_command *const *command = all_commands; *command; command++) {
        if (strcmp((*command)->name, name) == 0)
            return *command;
    }
    return NULL;
}

void jc_help_all(struct jc_buf *out, enum jc_lang lang) {
    jc_buf_add(out, JC_STR("jiancha — "));
    jc_buf_add(out, jc_msg_text(JC_MSG_CLI_INTRO, lang));
    jc_buf_add(out, JC_STR("\n\n"));
    heading(out, lang, JC_MSG_CLI_COMMANDS);
    jc_buf_char(out, '\n');
    list_commands(out, lang, all_commands);
    jc_buf_char(out, '\n');
    jc_buf_add(out, jc_msg_text(JC_MSG_CLI_GLOBALS, lang));
    jc_buf_char(out, '\n');
    jc_buf_add(out, jc_msg_text(JC_MSG_CLI_ENVIRONMENT, lang));
    jc_buf_char(out, '\n');
    struct jc_str name = jc_str("COMMAND");
    jc_msg_render(out, lang, JC_MSG_CLI_MORE_HELP, &name, 1);
    jc_buf_char(out, '\n');
}

void jc_help_usage(struct jc_buf *out, enum jc_lang lang, const struct jc_command *command) {
    heading(out, lang, JC_MSG_CLI_USAGE);
    jc_buf_char(out, '\n');
    struct jc_str rest = jc_str(command->usage), line;
    while (jc_str_cut(&rest, '\n', &line)) /* a line that begins with a blank goes on with the one before it */
        jc_buf_printf(out, "  %s %.*s\n", line.len && line.ptr[0] == ' ' ? "       " : "jiancha", JC_FMT(line));
}

void jc_help_command(struct jc_buf *out, enum jc_lang lang, const struct jc_command *command) {
    jc_buf_add(out, JC_STR("jiancha "));
    jc_help_name(out, command);
    jc_buf_printf(out, " — %s\n\n", in(lang, command->summary));
    jc_help_usage(out, lang, command);
    jc_buf_char(out, '\n');
    indented(out, "", in(lang, command->help));
    if (command->sub) {
        jc_buf_char(out, '\n');
        heading(out, lang, JC_MSG_CLI_COMMANDS);
        jc_buf_char(out, '\n');
        list_commands(out, lang, command->sub);
    }
    jc_buf_char(out, '\n');
    heading(out, lang, JC_MSG_CLI_EXAMPLE);
    jc_buf_char(out, '\n');
    indented(out, "  ", command->example);
    jc_buf_char(out, '\n');
    jc_buf_add(out, jc_msg_text(JC_MSG_CLI_GLOBALS, lang));
    jc_buf_char(out, '\n');
}
