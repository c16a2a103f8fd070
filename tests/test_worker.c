/* The solver's process as the server meets it: frames in, frames out, signals, and peers that misbehave
 * (DESIGN section 2). Nothing here measures time: the test reads until the worker closes its end. */
#include "jc_problem_test.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "model/objective.h"
#include "optimizer/frame.h"

struct worker {
    pid_t pid;
    int to, from; /* its stdin and stdout */
};

static struct worker start(const char *option, const char *value) {
    static const char *const program = JC_TEST_BIN "/jiancha-optimizer";
    struct worker w;
    int in[2], out[2];
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    char *argv[] = {(char *)(intptr_t)program, (char *)(intptr_t)option, (char *)(intptr_t)value, NULL};
    assert_int_equal(posix_spawn(&w.pid, program, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    w.to = in[1];
    w.from = out[0];
    return w;
}

/* The exit status; -1 if a signal ended it. */
static int finish(struct worker *w) {
    int status;
    if (w->to >= 0)
        close(w->to);
    if (w->from >= 0)
        close(w->from);
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What the worker said until it closed its end. */
struct talk {
    int solutions, progress, refusals, others;
    const Jc__Solution *last;
    const char *refusal;
};

/* Reads one frame into the talk; false at the end. */
static bool hear(struct worker *w, struct jc_arena *arena, struct talk *talk) {
    struct jc_frame frame;
    struct jc_err err = {0};
    ProtobufCAllocator allocator;
    enum jc_code code = jc_frame_read(w->from, JC_FRAME_MAX, arena, &frame, &err);
    if (code == JC_OUT_OF_RANGE)
        return false;
    CHECK_OK("frame", code, &err);
    const uint8_t *bytes = (const uint8_t *)frame.message.ptr;
    jc_arena_protobuf(&allocator, arena);
    if (frame.type == JC__FRAME_TYPE__FRAME_TYPE_SOLUTION) {
        talk->solutions++;
        assert_false(talk->last && talk->last->last); /* nothing comes after the last plan */
        talk->last = jc__solution__unpack(&allocator, frame.message.len, bytes);
        assert_non_null(talk->last);
    } else if (frame.type == JC__FRAME_TYPE__FRAME_TYPE_PROGRESS) {
        talk->progress++;
        assert_non_null(jc__progress__unpack(&allocator, frame.message.len, bytes));
    } else if (frame.type == JC__FRAME_TYPE__FRAME_TYPE_REFUSED) {
        talk->refusals++;
        talk->refusal = jc__refusal__unpack(&allocator, frame.message.len, bytes)->detail;
    } else {
        talk->others++;
    }
    return true;
}

static void send(struct worker *w, const void *bytes, size_t len) {
    assert_int_equal(write(w->to, bytes, len), (ssize_t)len);
}

static void send_problem(struct worker *w, const Jc__Problem *p) {
    struct jc_err err = {0};
    CHECK_OK("problem", jc_frame_write(w->to, JC__FRAME_TYPE__FRAME_TYPE_PROBLEM, &p->base, &err), &err);
}

static void check_last(const char *name, const Jc__Problem *p, const struct talk *talk, struct jc_arena *arena) {
    struct jc_measure m;
    struct jc_err err = {0};
    CHECK(name, talk->last && talk->last->last);
    CHECK_OK(name, jc_solution_check(p, talk->last, arena, &m, &err), &err);
    CHECK_INT(name, jc_objective_cmp(&m.objective, talk->last->objective), 0);
    CHECK_INT(name, talk->others + talk->refusals, 0);
}

/* --- tests ------------------------------------------------------------------------------------------- */

static void plans_and_exits(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int64_t time_ms, work;
        const char *option, *value;
    } cases[] = {
        {"by work", 0, 200000, NULL, NULL},
        {"by time", 300, 0, NULL, NULL},
        {"by both, work first", 600000, 200000, NULL, NULL},
        {"by both, time first", 300, INT64_C(1) << 50, NULL, NULL},
        {"with memory enough", 0, 200000, "--memory-mb", "512"},
    };
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    for (size_t i = 0; i < COUNT(cases); i++) {
        Jc__Problem *p = larger_problem(arena);
        struct talk talk = {0};
        p->time_limit_ms = cases[i].time_ms;
        p->work_limit = cases[i].work;
        struct worker w = start(cases[i].option, cases[i].value);
        send_problem(&w, p);
        while (hear(&w, arena, &talk))
            ;
        check_last(cases[i].name, p, &talk, arena);
        CHECK(cases[i].name, talk.solutions >= 2); /* the first plan comes at once */
        CHECK_INT(cases[i].name, finish(&w), 0);
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

/* SIGTERM in the middle of a run without end: the best plan, marked as cancelled, and exit 0. */
static void keeps_the_best_when_told_to_stop(void **state) {
    (void)state;
    static const int signals[] = {SIGTERM, SIGINT};
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    for (size_t i = 0; i < COUNT(signals); i++) {
        Jc__Problem *p = larger_problem(arena);
        struct talk talk = {0};
        p->work_limit = INT64_C(1) << 60;
        struct worker w = start(NULL, NULL);
        send_problem(&w, p);
        while (talk.solutions == 0)
            assert_true(hear(&w, arena, &talk));
        assert_int_equal(kill(w.pid, signals[i]), 0);
        while (hear(&w, arena, &talk))
            ;
        check_last(strsignal(signals[i]), p, &talk, arena);
        CHECK_INT("status", talk.last->status, JC__SOLVE_STATUS__SOLVE_STATUS_CANCELLED);
        CHECK_INT("exit", finish(&w), 0);
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

static void refuses_what_is_no_problem(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *bytes;
        size_t len;
        const char *says;
    } cases[] = {
        {"nothing", "", 0, "end of stream"},
        {"cut in the length", "\x05\x00", 2, "cut in its length"},
        {"cut in the message", "\x09\x00\x00\x00\x01\x08\xe7", 7, "cut in its message"},
        {"length zero", "\x00\x00\x00\x00", 4, "empty"},
        {"4 GB announced", "\xff\xff\xff\xff\x01", 5, "too large"},
        {"1 GB announced, nothing sent", "\x00\x00\x00\x40\x01", 5, "cut in its message"},
        {"another frame", "\x01\x00\x00\x00\x02", 5, "not a problem frame"},
        {"rubbish", "\x06\x00\x00\x00\x01\xff\xff\xff\xff\xff", 10, "not a problem frame"},
        {"text", "GET / HTTP/1.1\r\n\r\n", 18, "cut in its message"},
        {"unknown lead team", "\x06\x00\x00\x00\x01\x22\x03\x42\x01\x10", 10, "does not exist: 16"},
        {"unit without lead team", "\x0b\x00\x00\x00\x01\x1a\x02\x10\x01\x22\x04\x3a\x02\x10\x01", 15, "no lead team"},
    };
    struct jc_arena *arena = jc_arena_new(1 << 20);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct talk talk = {0};
        struct worker w = start(NULL, NULL);
        send(&w, cases[i].bytes, cases[i].len);
        close(w.to);
        w.to = -1;
        while (hear(&w, arena, &talk))
            ;
        CHECK_INT(cases[i].name, talk.refusals, 1);
        CHECK_INT(cases[i].name, talk.solutions + talk.progress + talk.others, 0);
        if (!strstr(talk.refusal, cases[i].says))
            fail_msg("case %s: \"%s\" does not say \"%s\"", cases[i].name, talk.refusal, cases[i].says);
        CHECK_INT(cases[i].name, finish(&w), 2);
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

/* Nobody listens any more: the worker ends by itself. */
static void ends_when_nobody_reads(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    Jc__Problem *p = larger_problem(arena);
    struct talk talk = {0};
    p->work_limit = INT64_C(1) << 60;
    struct worker w = start(NULL, NULL);
    send_problem(&w, p);
    while (talk.solutions == 0)
        assert_true(hear(&w, arena, &talk));
    close(w.from);
    w.from = -1;
    assert_int_equal(finish(&w), 3);
    jc_arena_free(arena);
}

static void explains_wrong_use(void **state) {
    (void)state;
    static const char *const values[] = {"x", "0", "-1", NULL};
    for (size_t i = 0; i < COUNT(values); i++) {
        struct worker w = start("--memory-mb", values[i]);
        CHECK_INT(values[i] ? values[i] : "no value", finish(&w), 2);
    }
    struct worker w = start("--help", NULL);
    CHECK_INT("help", finish(&w), 0);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_and_exits),
        cmocka_unit_test(keeps_the_best_when_told_to_stop),
        cmocka_unit_test(refuses_what_is_no_problem),
        cmocka_unit_test(ends_when_nobody_reads),
        cmocka_unit_test(explains_wrong_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
