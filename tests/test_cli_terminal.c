/* `jiancha terminal …` (backend/cli/terminal*.c) as a person or a script uses it, on a store that the fake server has
 * filled: options and JSON files mean the same, mistakes are told before anything is stored, listings have the fields
 * scripts read. */
#include "terminal_fake.h"

#include <jansson.h>

#include "cli/cli.h"

extern const struct jc_command jc_cmd_terminal;

enum { ARGS_MAX = 48, LINE_BYTES = 2048 };

struct shell {
    struct bench bench;
    struct jc_cli cli;
    int saved_stderr;
};

static int64_t shell_now(void *ctx) {
    (void)ctx;
    return 1672891200000; /* 2023-01-05T12:00+08:00 */
}

/* Runs one command line; words are separated by blanks, STORE and FOLDER stand for the paths. Standard error is
 * dropped: words are checked through the library's tests. */
static enum jc_exit run(struct shell *shell, const char *line) {
    char text[LINE_BYTES], *rest = NULL, *argv[ARGS_MAX] = {(char *)"terminal", (char *)"--store", shell->bench.path};
    int argc = 3;
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok_r(text, " ", &rest); word && argc + 1 < ARGS_MAX; word = strtok_r(NULL, " ", &rest)) {
        char *value = jc_arena_alloc(shell->bench.arena, LINE_BYTES);
        assert_non_null(value);
        char *folder = strstr(word, "FOLDER");
        if (folder)
            snprintf(value, LINE_BYTES, "%.*s%s%s", (int)(folder - word), word, shell->bench.folder, folder + 6);
        else
            snprintf(value, LINE_BYTES, "%s", word);
        argv[argc++] = value;
    }
    argv[argc] = NULL;
    jc_buf_reset(&shell->cli.out);
    shell->cli.format = JC_FORMAT_TABLE;
    fflush(stderr);
    int nothing = open("/dev/null", O_WRONLY);
    assert_true(nothing >= 0 && dup2(nothing, 2) == 2);
    close(nothing);
    enum jc_exit status = jc_cmd_terminal.run(&shell->cli, argc, argv);
    fflush(stderr);
    assert_int_equal(dup2(shell->saved_stderr, 2), 2);
    return status;
}

/* The first element of the array `name` of what was printed as JSON; the caller drops it. */
static json_t *first_of(struct shell *shell, const char *line, const char *name) {
    char whole[LINE_BYTES];
    snprintf(whole, sizeof whole, "%s --format json", line);
    CHECK_INT(line, run(shell, whole), JC_EXIT_DONE);
    json_t *root = json_loadb(shell->cli.out.ptr, shell->cli.out.len, 0, NULL);
    json_t *first = json_incref(json_array_get(json_object_get(root, name), 0));
    json_decref(root);
    if (!first)
        fail_msg("case %s: no \"%s\" in %.*s", line, name, (int)shell->cli.out.len, shell->cli.out.ptr);
    return first;
}

static const char *text_in(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "(none)";
}

#define GOOD "inspect hn-001-01 --start 09:00 --end 11:30 --inspectors i1,i2 --signed 王某:安全总监 "

static const struct {
    const char *name, *line;
    enum jc_exit status;
} MISUSES[] = {
    {"nothing", "", JC_EXIT_REFUSED},
    {"unknown subcommand", "dance", JC_EXIT_REFUSED},
    {"no task", "inspect --start 09:00", JC_EXIT_REFUSED},
    {"two tasks", "inspect hn-001-01 hn-002-01", JC_EXIT_REFUSED},
    {"task and ad hoc", "inspect hn-001-01 --ad-hoc hn-001", JC_EXIT_REFUSED},
    {"unknown option", GOOD "--colour red", JC_EXIT_REFUSED},
    {"unknown task", "inspect hn-099-01 --start 09:00 --end 11:30 --inspectors i1,i2", JC_EXIT_REFUSED},
    {"rubbish time", "inspect hn-001-01 --start nine --end 11:30 --inspectors i1,i2 --signed 王某", JC_EXIT_REFUSED},
    {"hour 25", "inspect hn-001-01 --start 25:00 --end 11:30 --inspectors i1,i2 --signed 王某", JC_EXIT_REFUSED},
    {"no start: it would end when it began", "inspect hn-001-01 --inspectors i1,i2 --signed 王某", JC_EXIT_REFUSED},
    {"item without answer", GOOD "--item 3", JC_EXIT_REFUSED},
    {"item with a strange answer", GOOD "--item 3=maybe", JC_EXIT_REFUSED},
    {"item zero", GOOD "--item 0=conforms", JC_EXIT_REFUSED},
    {"outcome without finding", GOOD "--outcome corrected", JC_EXIT_REFUSED},
    {"finding without outcome", GOOD "--finding 未签", JC_EXIT_REFUSED},
    {"two outcomes", GOOD "--finding 未签 --outcome corrected --outcome case", JC_EXIT_REFUSED},
    {"deadline without date", GOOD "--finding 未签 --outcome deadline", JC_EXIT_REFUSED},
    {"strange outcome", GOOD "--finding 未签 --outcome forgiven", JC_EXIT_REFUSED},
    {"date where none belongs", GOOD "--finding 未签 --outcome corrected:2023-02-15", JC_EXIT_REFUSED},
    {"basis without finding", GOOD "--basis 法", JC_EXIT_REFUSED},
    {"item-no is no number", GOOD "--finding 未签 --outcome corrected --item-no x", JC_EXIT_REFUSED},
    {"signed and refused", GOOD "--refused-signature 外出", JC_EXIT_REFUSED},
    {"workdays without number", GOOD "--workdays hn-t1", JC_EXIT_REFUSED},
    {"three decimals", GOOD "--workdays hn-t1=1.125", JC_EXIT_REFUSED},
    {"strange mode", GOOD "--mode telepathy", JC_EXIT_REFUSED},
    {"missing photo", GOOD "--photo FOLDER/none.jpg", JC_EXIT_REFUSED},
    {"missing file", GOOD "--file FOLDER/none.json", JC_EXIT_REFUSED},
    {"order of nothing", "order hn-001-01", JC_EXIT_REFUSED},
    {"recheck of a visit", "recheck hn-001-01 --result 1=corrected --signed 王某", JC_EXIT_REFUSED},
    {"return without reason", "return hn-001-01", JC_EXIT_REFUSED},
    {"a record as CSV", "show hn-001-01 --format csv", JC_EXIT_REFUSED},
    {"document of a task without any", "show hn-001-01 --print", JC_EXIT_REFUSED},
    {"draft without a verb", "draft", JC_EXIT_REFUSED},
    {"draft of no task", "draft save", JC_EXIT_REFUSED},
    {"draft with an arrival", "draft save hn-001-01 --begin", JC_EXIT_REFUSED},
    {"drop of no draft", "draft drop rubbish", JC_EXIT_REFUSED},
    {"switch to nobody", "switch", JC_EXIT_REFUSED},
    {"switch to a stranger", "switch i9", JC_EXIT_REFUSED},
    {"bundle without a file", "bundle", JC_EXIT_REFUSED},
    {"bundle of nothing", "bundle FOLDER/t.jcb", JC_EXIT_REFUSED},
    {"accept without a file", "accept", JC_EXIT_REFUSED},
    {"budget of nothing", "upload --budget 0", JC_EXIT_REFUSED},
    {"batch of zero", "sync --batch 0", JC_EXIT_REFUSED},
    {"no server of that form", "sync --server ftp://x", JC_EXIT_REFUSED},
    {"nobody listens", "sync --server http://127.0.0.1:1", JC_EXIT_IO},
    {"enrolled already", "enroll --server http://127.0.0.1:1 --code X", JC_EXIT_REFUSED},
    {"enroll without code", "enroll --server http://127.0.0.1:1", JC_EXIT_REFUSED},
};

static void tells_mistakes_and_stores_nothing(void **state) {
    struct shell *shell = *state;
    for (size_t i = 0; i < COUNT(MISUSES); i++) {
        CHECK_INT(MISUSES[i].name, run(shell, MISUSES[i].line), MISUSES[i].status);
        json_t *task = first_of(shell, "tasks", "tasks");
        CHECK_INT(MISUSES[i].name, json_integer_value(json_object_get(task, "unsent")), 0);
        CHECK_STR(MISUSES[i].name, jc_str(text_in(task, "local")), "");
        json_decref(task);
    }
}

static void inspects_from_options(void **state) {
    struct shell *shell = *state;
    json_t *made = first_of(shell,
                            GOOD "--item 1=conforms --item 3=violates:未签订 --finding 未签订责任书 --outcome "
                                 "deadline:2023-02-15 --basis 安全生产法 --item-no 3 --major --finding 灭火器过期 "
                                 "--outcome corrected --workdays hn-t1=7.5 --notes 备注 --place 井口",
                            "inspect");
    assert_string_equal(text_in(made, "document_number"), "应急检记〔2023〕1号");
    assert_string_equal(text_in(made, "task_id"), "01858000-0000-7000-8000-000000000001");
    json_decref(made);
    json_t *shown = first_of(shell, "show hn-001-01", "show");
    assert_string_equal(text_in(shown, "noun"), "task");
    json_decref(shown);
    json_t *task = first_of(shell, "tasks", "tasks");
    assert_string_equal(text_in(task, "unit_id"), "hn-002"); /* what is to be done comes first */
    json_decref(task);
    CHECK_INT("words", run(shell, "show hn-001-01 --lang zh"), JC_EXIT_DONE);
    jc_buf_char(&shell->cli.out, '\0');
    static const char *const words[] = {"类别：计划检查\n", "状态：未完成\n", "执法单位：hn-t1\n", "记录种类：任务\n"};
    for (size_t i = 0; i < COUNT(words); i++)
        CHECK(words[i], strstr(shell->cli.out.ptr, words[i]) != NULL);
    CHECK("no names of the contract", strstr(shell->cli.out.ptr, "visit\n") == NULL);
    CHECK_INT("print", run(shell, "show hn-001-01 --print"), JC_EXIT_DONE);
    jc_buf_char(&shell->cli.out, '\0');
    assert_non_null(strstr(shell->cli.out.ptr, "应急检记〔2023〕1号"));
    assert_non_null(strstr(shell->cli.out.ptr, "检查时间：2023年1月5日 09时00分 至 2023年1月5日 11时30分"));
    assert_non_null(strstr(shell->cli.out.ptr, "【重大事故隐患】未签订责任书"));
}

/* The record that the last inspect made, as JSON without what differs from run to run. */
static char *shown_record(struct shell *shell, const char *id) {
    char line[128];
    static const char *const own[] = {"inspection_id", "operation_id", "task_id",        "unit_id",
                                      "unit",          "document",     "document_number"};
    snprintf(line, sizeof line, "show %s", id);
    json_t *shown = first_of(shell, line, "show");
    for (size_t i = 0; i < COUNT(own); i++)
        json_object_del(shown, own[i]);
    size_t index;
    json_t *finding;
    json_array_foreach(json_object_get(shown, "findings"), index, finding) {
        json_object_del(finding, "finding_id");
    }
    char *text = json_dumps(shown, JSON_SORT_KEYS | JSON_INDENT(1));
    json_decref(shown);
    assert_non_null(text);
    return text;
}

static void write_file(const struct shell *shell, const char *name, const char *text) {
    char path[JC_TEST_PATH + 64];
    snprintf(path, sizeof path, "%s/%s", shell->bench.folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static const char JSON_DRAFT[] =
    "{\"start\":\"2023-01-05T09:00\",\"end\":\"2023-01-05T11:30:00+08:00\",\"inspectors\":[\"i1\",\"i2\"],"
    "\"items\":[{\"no\":3,\"answer\":\"violates\",\"note\":\"未签订\"}],"
    "\"findings\":[{\"text\":\"未签订责任书\",\"outcome\":\"deadline:2023-02-15\",\"basis\":\"安全生产法\",\"item_no\":3,"
    "\"major\":true},{\"text\":\"灭火器过期\",\"outcome\":\"case\"}],"
    "\"signed\":\"王某:安全总监\",\"photos\":[\"PHOTO\"],\"workdays\":{\"hn-t1\":7.5,\"hn-t2\":1},"
    "\"notes\":\"备注\",\"place\":\"井口\",\"mode\":\"remote\",\"outcome\":\"completed\"}";

static void inspects_from_a_file_as_from_options(void **state) {
    struct shell *shell = *state;
    char text[4096], photo[JC_TEST_PATH + 16];
    snprintf(photo, sizeof photo, "%s/a.jpg", shell->bench.folder);
    write_file(shell, "a.jpg", "\xff\xd8\xff");
    char *place = strstr(JSON_DRAFT, "PHOTO");
    snprintf(text, sizeof text, "%.*s%s%s", (int)(place - JSON_DRAFT), JSON_DRAFT, photo, place + 5);
    write_file(shell, "draft.json", text);
    json_t *from_file = first_of(shell, "inspect hn-001-01 --file FOLDER/draft.json", "inspect");
    json_t *from_options =
        first_of(shell,
                 "inspect hn-002-01 --start 2023-01-05T09:00 --end 2023-01-05T11:30 --inspectors i1,i2 "
                 "--item 3=不符合：未签订 --finding 未签订责任书 --outcome deadline:2023-02-15 --basis 安全生产法 "
                 "--item-no 3 --major --finding 灭火器过期 --outcome case --signed 王某：安全总监 --photo FOLDER/a.jpg "
                 "--workdays hn-t1=7.5 --workdays hn-t2=1 --notes 备注 --place 井口 --mode remote",
                 "inspect");
    char *a = shown_record(shell, text_in(from_file, "inspection_id"));
    char *b = shown_record(shell, text_in(from_options, "inspection_id"));
    assert_string_equal(a, b);
    assert_non_null(strstr(a, "\"workdays\": 7.5"));
    assert_non_null(strstr(a, "\"outcome\": \"by_deadline\""));
    assert_non_null(strstr(a, "\"started_at\": \"2023-01-05T09:00:00+08:00\""));
    free(a);
    free(b);
    json_decref(from_file);
    json_decref(from_options);
}

static const struct {
    const char *name, *text;
} BAD_FILES[] = {
    {"cut", "{\"start\":"},
    {"no object", "[1]"},
    {"unknown key", "{\"strat\":\"09:00\"}"},
    {"key twice", "{\"start\":\"09:00\",\"start\":\"10:00\"}"},
    {"start is a number", "{\"start\":9}"},
    {"inspectors no list", "{\"inspectors\":\"i1\"}"},
    {"inspector is a number", "{\"inspectors\":[1,2]}"},
    {"item without number", "{\"items\":[{\"answer\":\"conforms\"}]}"},
    {"finding without text", "{\"findings\":[{\"outcome\":\"case\"}]}"},
    {"outcome is an object", "{\"findings\":[{\"text\":\"x\",\"outcome\":{}}]}"},
    {"workdays a list", "{\"workdays\":[1]}"},
    {"workdays with a fraction of a hundredth", "{\"workdays\":{\"hn-t1\":0.001}}"},
    {"outcome of the whole", "{\"outcome\":\"corrected\"}"},
    {"not UTF-8", "{\"notes\":\"\xc3\x28\"}"},
};

static void refuses_bad_files(void **state) {
    struct shell *shell = *state;
    for (size_t i = 0; i < COUNT(BAD_FILES); i++) {
        write_file(shell, "bad.json", BAD_FILES[i].text);
        CHECK_INT(BAD_FILES[i].name, run(shell, GOOD "--file FOLDER/bad.json"), JC_EXIT_REFUSED);
    }
    CHECK_INT("and nothing is stored", run(shell, GOOD), JC_EXIT_DONE);
}

static void goes_from_arrival_to_recheck(void **state) {
    struct shell *shell = *state;
    struct bench *bench = &shell->bench;
    CHECK_INT("begin", run(shell, "inspect hn-001-01 --begin --start 08:30 --inspectors i1,i2"), JC_EXIT_DONE);
    json_t *task = first_of(shell, "tasks", "tasks");
    assert_string_equal(text_in(task, "local"), "started");
    json_decref(task);
    json_t *made = first_of(shell,
                            "inspect hn-001-01 --finding 未签订责任书 --outcome deadline:2023-02-15 --finding 阀门渗漏 "
                            "--outcome deadline:2023-02-20 --signed 王某",
                            "inspect");
    char record[64];
    snprintf(record, sizeof record, "%s", text_in(made, "inspection_id"));
    json_decref(made);
    json_t *order = first_of(shell, "order hn-001-01", "order");
    assert_string_equal(text_in(order, "document_number"), "应急责改〔2023〕1号");
    struct jc_uuid order_id;
    assert_true(jc_uuid_parse(jc_str(text_in(order, "order_id")), &order_id));
    json_decref(order);
    CHECK_INT("second order", run(shell, "order hn-001-01"), JC_EXIT_REFUSED);
    fake_task(&bench->fake, (struct fake_task){9, JC__TASK_KIND__TASK_KIND_RECHECK, 0, "hn-001", NULL, "2023-02-25",
                                               &order_id, false});
    bench_open(bench);
    CHECK_OK("sync", bench_sync(bench, NULL), &bench->err);
    jc_terminal_close(bench->terminal);
    bench->terminal = NULL;
    CHECK_INT("one finding left out", run(shell, "recheck 0009 --result 1=corrected --signed 王某"), JC_EXIT_REFUSED);
    CHECK_INT("third finding", run(shell, "recheck 0009 --result 3=corrected --signed 王某"), JC_EXIT_REFUSED);
    CHECK_INT("strange result", run(shell, "recheck 0009 --result 1=fine --signed 王某"), JC_EXIT_REFUSED);
    json_t *recheck = first_of(shell,
                               "recheck 0009 --start 2023-02-16T09:00 --end 2023-02-16T09:40 --result 1=corrected "
                               "--result 2=not:仍在渗漏@2023-03-10 --signed 王某",
                               "recheck");
    assert_string_equal(text_in(recheck, "document_number"), "应急复查〔2023〕1号");
    char line[128];
    snprintf(line, sizeof line, "show %s --print", text_in(recheck, "recheck_id"));
    json_decref(recheck);
    CHECK_INT("print", run(shell, line), JC_EXIT_DONE);
    jc_buf_char(&shell->cli.out, '\0');
    assert_non_null(strstr(shell->cli.out.ptr, "    2. 阀门渗漏：未整改（仍在渗漏），延期至 2023年3月10日\n"));
    assert_non_null(strstr(shell->cli.out.ptr, "原检查时间：2023年1月5日 08时30分\n"));
    snprintf(line, sizeof line, "show %s --print", record);
    CHECK_INT("the record by its id", run(shell, line), JC_EXIT_DONE);
    CHECK_INT("return", run(shell, "return hn-002-01 --reason 停产"), JC_EXIT_DONE);
    CHECK_INT("twice", run(shell, "return hn-002-01 --reason 停产"), JC_EXIT_REFUSED);
    json_t *voided = first_of(shell, "void-number record --reason 写错", "void_number");
    assert_non_null(strstr(text_in(voided, "document_number"), "检记"));
    json_decref(voided);
    CHECK_INT("of what", run(shell, "void-number x --reason 写错"), JC_EXIT_REFUSED);
    CHECK_INT("why", run(shell, "void-number record"), JC_EXIT_REFUSED);
}

static int set_up(void **state) {
    static struct shell shell;
    memset(&shell, 0, sizeof shell);
    bench_init(&shell.bench);
    jc_terminal_close(shell.bench.terminal); /* each command opens it anew */
    shell.bench.terminal = NULL;
    shell.cli = (struct jc_cli){.lang = JC_ZH, .clock = {shell_now, NULL}, .arena = shell.bench.arena};
    jc_buf_init(&shell.cli.out, 1 << 22);
    shell.saved_stderr = dup(2);
    assert_true(shell.saved_stderr >= 0);
    *state = &shell;
    return 0;
}

static int tear_down(void **state) {
    struct shell *shell = *state;
    close(shell->saved_stderr);
    jc_buf_free(&shell->cli.out);
    bench_free(&shell->bench);
    return 0;
}

#define WITH_SHELL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static void drafts_and_the_device(void **state) {
    struct shell *shell = *state;
    CHECK_INT("save", run(shell, "draft save hn-001-01 --start 09:00 --inspectors i1,i2 --item 1=conforms"),
              JC_EXIT_DONE);
    json_t *draft = first_of(shell, "draft list", "drafts");
    CHECK_STR("unit", jc_str(text_in(draft, "unit_id")), "hn-001");
    json_decref(draft);
    json_t *state_of = first_of(shell, "wipe --dry-run", "wipe");
    CHECK_INT("drafts", json_integer_value(json_object_get(state_of, "drafts")), 1);
    json_decref(state_of);
    CHECK_INT("wipe", run(shell, "wipe"), JC_EXIT_REFUSED);
    CHECK_INT("the rest", run(shell, "inspect hn-001-01 --draft --end 11:30 --signed 王某:安全总监"), JC_EXIT_DONE);
    CHECK_INT("no draft any more", run(shell, "draft list --format json"), JC_EXIT_DONE);
    json_t *bundle = first_of(shell, "bundle FOLDER/t.jcb", "bundle");
    CHECK_INT("carried", json_integer_value(json_object_get(bundle, "operations")), 1);
    json_decref(bundle);
    json_t *holder = first_of(shell, "holders", "holders");
    CHECK_STR("who", jc_str(text_in(holder, "inspector_id")), "i1");
    CHECK_STR("state", jc_str(text_in(holder, "state")), "active");
    CHECK_INT("unsent", json_integer_value(json_object_get(holder, "unsent")), 1);
    json_decref(holder);
    CHECK_INT("switch to oneself", run(shell, "switch i1"), JC_EXIT_DONE);
}

int main(void) {
    assert_true(jc_id_init());
    const struct CMUnitTest tests[] = {
        WITH_SHELL(tells_mistakes_and_stores_nothing),    WITH_SHELL(inspects_from_options),
        WITH_SHELL(inspects_from_a_file_as_from_options), WITH_SHELL(refuses_bad_files),
        WITH_SHELL(goes_from_arrival_to_recheck),         WITH_SHELL(drafts_and_the_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
