/* Listings in their three formats, and options in any order. */
#include <string.h>

#include "cli/table.h"
#include "jc_test.h"

static const struct jc_column columns[] = {
    {"team_id", JC_MSG_CLI_USAGE, false},
    {"workdays", JC_MSG_CLI_EXAMPLE, true},
    {"closed", JC_MSG_CLI_COMMANDS, false},
};

static void fill(struct jc_table *table) {
    jc_table_text(table, JC_STR("安监,一科"));
    jc_table_centi(table, 50);
    jc_table_bool(table, true);
    jc_table_text(table, JC_STR("t2"));
    jc_table_centi(table, 29900);
    jc_table_bool(table, false);
}

static void test_formats(void **state) {
    (void)state;
    static const struct {
        enum jc_format format;
        const char *expected;
    } cases[] = {
        {JC_FORMAT_TABLE, "用法       示例  命令\n---------  ----  ----\n安监,一科   0.5  是\nt2          299  否\n"},
        {JC_FORMAT_CSV, "\xEF\xBB\xBFteam_id,workdays,closed\r\n\"安监,一科\",0.5,true\r\nt2,299,false\r\n"},
        {JC_FORMAT_JSON,
         "{\n \"loads\": [\n  {\n   \"team_id\": \"安监,一科\",\n   \"workdays\": 0.5,\n   \"closed\": true\n  },\n"
         "  {\n   \"team_id\": \"t2\",\n   \"workdays\": 299,\n   \"closed\": false\n  }\n ]\n}\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct jc_cli cli = {.format = cases[i].format, .lang = JC_ZH, .arena = jc_arena_new(1 << 20)};
        struct jc_err err = {0};
        jc_buf_init(&cli.out, 1 << 20);
        struct jc_table *table = jc_table_new(cli.arena, "loads", columns, 3);
        fill(table);
        assert_int_equal(jc_table_rows(table), 2);
        assert_int_equal(jc_table_print(table, &cli, &err), JC_OK);
        jc_buf_char(&cli.out, '\0');
        if (strcmp(cli.out.ptr, cases[i].expected) != 0)
            fail_msg("case %zu:\n%s", i, cli.out.ptr);
        jc_buf_free(&cli.out);
        jc_arena_free(cli.arena);
    }
}

static void test_options(void **state) {
    (void)state;
    static const struct jc_command command = {.name = "plan", .usage = "plan [--team T] [--all] NAME"};
    static const struct {
        const char *name;
        const char *argv[8];
        bool good;
        const char *team;
        int all, left;
    } cases[] = {
        {"none", {"plan"}, true, NULL, 0, 1},
        {"value behind", {"plan", "x", "--team", "t1"}, true, "t1", 0, 2},
        {"value with =", {"plan", "--team=t1", "x"}, true, "t1", 0, 2},
        {"flag counted", {"plan", "--all", "--all"}, true, NULL, 2, 1},
        {"-- ends options", {"plan", "--", "--all"}, true, NULL, 0, 2},
        {"global taken", {"plan", "--lang", "en"}, true, NULL, 0, 1},
        {"unknown", {"plan", "--tem", "t1"}, false, NULL, 0, 0},
        {"value missing", {"plan", "--team"}, false, NULL, 0, 0},
        {"value unwanted", {"plan", "--all=1"}, false, NULL, 0, 0},
        {"global refused", {"plan", "--format", "xml"}, false, NULL, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct jc_cli cli = {.lang = JC_EN};
        const char *team = NULL;
        int all = 0, argc = 0;
        char *argv[9] = {0};
        while (cases[i].argv[argc]) {
            argv[argc] = (char *)cases[i].argv[argc];
            argc++;
        }
        const struct jc_option options[] = {
            {.name = "team", .takes_value = true, .value = &team},
            {.name = "all", .count = &all},
        };
        bool good = jc_cli_options(&cli, &command, options, 2, &argc, argv);
        if (good != cases[i].good)
            fail_msg("%s: taken %d", cases[i].name, good);
        if (!good)
            continue;
        if (argc != cases[i].left || all != cases[i].all || (team == NULL) != (cases[i].team == NULL) ||
            (team && strcmp(team, cases[i].team) != 0)) {
            fail_msg("%s: team %s, all %d, left %d", cases[i].name, team ? team : "-", all, argc);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_formats), cmocka_unit_test(test_options)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
