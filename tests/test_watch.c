/* What a long command says while it works: its stage and the seconds, for people and for scripts; nothing before the
 * first stage, nothing behind the end. Lines are awaited, however long they take. */
#include "jc_test.h"

#include <fcntl.h>
#include <unistd.h>

#include "cli/watch.h"

static const struct jc_watch_stage CHAIN = {"chain", JC_MSG_WATCH_CHAIN}, BLOBS = {"blobs", JC_MSG_WATCH_BLOBS};

/* stderr goes into a pipe until _back. */
struct piped {
    int saved;
    FILE *lines;
};

static struct piped piped_begin(void) {
    int ends[2];
    struct piped piped;
    fflush(stderr);
    assert_int_equal(pipe(ends), 0);
    piped.saved = dup(STDERR_FILENO);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    piped.lines = fdopen(ends[0], "r");
    assert_non_null(piped.lines);
    return piped;
}

static void piped_back(struct piped *piped) {
    fflush(stderr);
    dup2(piped->saved, STDERR_FILENO);
    close(piped->saved);
    fclose(piped->lines);
}

/* The next line that holds `word`; those before it are forgotten. */
static void await(struct piped *piped, const char *word, char *line, int size) {
    do
        assert_non_null(fgets(line, size, piped->lines));
    while (!strstr(line, word));
}

static void test_says_the_stage(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum jc_lang lang;
        enum jc_format format;
        const char *chain, *blobs;
    } CASES[] = {
        {"Chinese", JC_ZH, JC_FORMAT_TABLE, "jiancha: 正在核验证据链和由其得出的记录，已用 ",
         "正在核对照片等附件，已用 "},
        {"English", JC_EN, JC_FORMAT_CSV, "jiancha: checking the evidence chain and what was drawn from it, ",
         "checking photos and recordings, "},
        {"scripts", JC_ZH, JC_FORMAT_JSON,
         "{\"progress\":{\"phase\":\"chain\",\"seconds\":", "{\"progress\":{\"phase\":\"blobs\",\"seconds\":"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        const struct jc_cli cli = {.lang = CASES[i].lang, .format = CASES[i].format};
        char line[256], found[256];
        struct piped piped = piped_begin();
        struct jc_watch *watch = jc_watch_begin(&cli, 1);
        jc_watch_enter(watch, &CHAIN);
        await(&piped, "", found, sizeof found);
        jc_watch_enter(watch, &BLOBS);
        await(&piped, CASES[i].blobs, line, sizeof line);
        jc_watch_end(watch);
        fputs("end\n", stderr);
        await(&piped, "end", line, sizeof line);
        piped_back(&piped);
        CHECK(CASES[i].name, watch != NULL);
        CHECK(CASES[i].name, strncmp(found, CASES[i].chain, strlen(CASES[i].chain)) == 0);
        CHECK_STR(CASES[i].name, jc_str(line), "end\n"); /* nothing of the watch stood in it or came behind the end */
    }
}

static void test_quick_commands_say_nothing(void **state) {
    (void)state;
    const struct jc_cli cli = {.lang = JC_EN};
    char line[256];
    struct piped piped = piped_begin();
    struct jc_watch *watch = jc_watch_begin(&cli, 1);
    jc_watch_end(watch); /* no stage was entered */
    watch = jc_watch_begin(&cli, 3600 * 1000);
    jc_watch_enter(watch, &CHAIN);
    jc_watch_end(watch); /* does not wait for its time */
    jc_watch_enter(NULL, &CHAIN);
    jc_watch_end(NULL);
    fputs("end\n", stderr);
    assert_non_null(fgets(line, sizeof line, piped.lines));
    piped_back(&piped);
    CHECK_STR("nothing before it", jc_str(line), "end\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_says_the_stage),
        cmocka_unit_test(test_quick_commands_say_nothing),
    };
    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
