/* The solver's process and everything it can do wrong. The workers are shell scripts that the test
 * writes into a temporary folder, beside the frames they send. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "jc_test.h"
#include "plan/worker.h"

static char folder[JC_TEST_PATH];

static void path_of(char path[JC_TEST_PATH + 64], const char *name) {
    snprintf(path, JC_TEST_PATH + 64, "%s/%s", folder, name);
}

static void write_file(const char *name, const void *bytes, size_t len, mode_t mode) {
    char path[JC_TEST_PATH + 64];
    path_of(path, name);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

static void write_frame(const char *name, int type, const ProtobufCMessage *message) {
    uint8_t frame[4096];
    size_t len = protobuf_c_message_get_packed_size(message) + 1;
    assert_true(len + 4 <= sizeof(frame));
    for (int i = 0; i < 4; i++)
        frame[i] = (uint8_t)(len >> (8 * i));
    frame[4] = (uint8_t)type;
    protobuf_c_message_pack(message, frame + 5);
    write_file(name, frame, len + 4, 0600);
}

static void write_solution(const char *name, int month, bool last, Jc__SolveStatus status) {
    Jc__Solution solution = JC__SOLUTION__INIT;
    Jc__SolvedVisit visit = JC__SOLVED_VISIT__INIT, *visits = &visit;
    visit.month = month;
    visit.mode = JC__VISIT_MODE__VISIT_MODE_ONSITE;
    solution.n_visits = 1;
    solution.visits = &visits;
    solution.last = last;
    solution.status = status;
    write_frame(name, JC__FRAME_TYPE__FRAME_TYPE_SOLUTION, &solution.base);
}

static int make_frames(void **state) {
    (void)state;
    jc_test_folder(folder);
    write_solution("first", 1, false, JC__SOLVE_STATUS__SOLVE_STATUS_FEASIBLE);
    write_solution("second", 2, false, JC__SOLVE_STATUS__SOLVE_STATUS_FEASIBLE);
    write_solution("last", 3, true, JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL);
    Jc__Progress progress = JC__PROGRESS__INIT;
    progress.moves = 7;
    write_frame("progress", JC__FRAME_TYPE__FRAME_TYPE_PROGRESS, &progress.base);
    Jc__Refusal refusal = JC__REFUSAL__INIT;
    refusal.detail = (char *)"units hn-001: no";
    write_frame("refusal", JC__FRAME_TYPE__FRAME_TYPE_REFUSED, &refusal.base);
    return 0;
}

static int remove_frames(void **state) {
    (void)state;
    jc_test_folder_remove(folder);
    return 0;
}

/* --- the table ------------------------------------------------------------------------------------- */

struct heard {
    int plans, progress, refuse_month;
    int cancel; /* written to when the first plan is heard; -1: never */
};

static enum jc_code hear_plan(void *ctx, const Jc__Solution *solution, struct jc_err *err) {
    struct heard *heard = ctx;
    heard->plans++;
    if (heard->cancel >= 0)
        assert_int_equal(write(heard->cancel, "x", 1), 1);
    if (solution->n_visits && solution->visits[0]->month == heard->refuse_month)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_CHOICE, JC_STR("hn-001"));
    return JC_OK;
}

static void hear_progress(void *ctx, const Jc__Progress *progress) {
    assert_int_equal(progress->moves, 7);
    ((struct heard *)ctx)->progress++;
}

enum cancel { NEVER, FROM_THE_START, AT_A_PLAN };

struct misdeed {
    const char *name;
    const char *script; /* runs in the folder of frames */
    int64_t limit_ms;
    enum cancel cancel;
    int refuse_month;
    /* expected */
    enum jc_code code;
    enum jc_msg what;
    int month; /* of the plan */
    Jc__SolveStatus status;
    int plans, progress; /* heard */
    const char *detail;  /* part of it */
};

#define OPTIMAL JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL
#define BROKEN_OFF JC__SOLVE_STATUS__SOLVE_STATUS_BROKEN_OFF
#define CANCELLED JC__SOLVE_STATUS__SOLVE_STATUS_CANCELLED

static const struct misdeed MISDEEDS[] = {
    {"well behaved", "cat progress first second progress last", .month = 3, .status = OPTIMAL, .plans = 3,
     .progress = 2},
    {"plan without progress", "cat last", .month = 3, .status = OPTIMAL, .plans = 1},
    {"hangs behind its last plan", "cat last; sleep 600", .month = 3, .status = OPTIMAL, .plans = 1},
    {"reads nothing, closes stdin", "exec <&-; cat last", .month = 3, .status = OPTIMAL, .plans = 1},
    {"own process group", "set -- $(cat /proc/$$/stat); [ $5 = $$ ] || exit 9; cat last", .month = 3, .status = OPTIMAL,
     .plans = 1},
    {"aborts at once", "kill -ABRT $$", .code = JC_INTERNAL, .what = JC_MSG_WORKER_DIED},
    {"aborts behind a plan", "cat first; echo assertion failed >&2; kill -ABRT $$", .month = 1, .status = BROKEN_OFF,
     .plans = 1},
    {"is killed behind a plan", "cat first second; kill -KILL $$", .month = 2, .status = BROKEN_OFF, .plans = 2},
    {"exits without a plan", "exit 3", .code = JC_INTERNAL, .what = JC_MSG_WORKER_DIED},
    {"exits well without the last plan", "cat first; exit 0", .month = 1, .status = BROKEN_OFF, .plans = 1},
    {"leaves a child that holds stdout", "sleep 600 & exit 3", .code = JC_INTERNAL, .what = JC_MSG_WORKER_DIED},
    {"cut in the middle of a frame", "head -c 7 first", .code = JC_INTERNAL, .what = JC_MSG_WORKER_DIED},
    {"ends at once", "exit 0", .code = JC_INTERNAL, .what = JC_MSG_WORKER_DIED},
    {"hangs", "exec sleep 600", .limit_ms = 1, .code = JC_DEADLINE_EXCEEDED, .what = JC_MSG_WORKER_HUNG},
    {"hangs and will not end", "trap '' TERM; sleep 600", .limit_ms = 1, .code = JC_DEADLINE_EXCEEDED,
     .what = JC_MSG_WORKER_HUNG},
    {"hangs behind a plan", "cat first; exec sleep 600", .limit_ms = 1, .month = 1, .status = BROKEN_OFF, .plans = 1},
    {"ends well when told", "trap 'cat last; exit' TERM; sleep 600 & wait", .limit_ms = 1, .month = 3,
     .status = OPTIMAL, .plans = 1},
    {"closes stdout and hangs", "exec >&-; sleep 600", .code = JC_DEADLINE_EXCEEDED, .what = JC_MSG_WORKER_HUNG},
    {"trickles for ever", "printf '\\377\\100\\000\\000'; while :; do printf x; sleep 0.01; done", .limit_ms = 1,
     .code = JC_DEADLINE_EXCEEDED, .what = JC_MSG_WORKER_HUNG},
    {"says nothing", "exec sleep 600", .code = JC_DEADLINE_EXCEEDED, .what = JC_MSG_WORKER_HUNG},
    {"prints words", "echo all is well; sleep 600", .code = JC_DATA_LOSS, .what = JC_MSG_WORKER_RUBBISH},
    {"floods", "exec yes", .code = JC_DATA_LOSS, .what = JC_MSG_WORKER_RUBBISH},
    {"huge length", "printf '\\377\\377\\377\\177\\003'; sleep 600", .code = JC_DATA_LOSS,
     .what = JC_MSG_WORKER_RUBBISH},
    {"no length", "printf '\\000\\000\\000\\000'; sleep 600", .code = JC_DATA_LOSS, .what = JC_MSG_WORKER_RUBBISH},
    {"unknown frame", "printf '\\001\\000\\000\\000\\011'; sleep 600", .code = JC_DATA_LOSS,
     .what = JC_MSG_WORKER_RUBBISH},
    {"plan that does not decode", "printf '\\003\\000\\000\\000\\003\\012\\177'; sleep 600", .code = JC_DATA_LOSS,
     .what = JC_MSG_WORKER_RUBBISH},
    {"rubbish behind a plan", "cat first; echo oops, something else; sleep 600", .code = JC_DATA_LOSS,
     .what = JC_MSG_WORKER_RUBBISH, .plans = 1},
    {"plan that breaks a rule", "cat first second; sleep 600", .refuse_month = 2, .code = JC_DATA_LOSS,
     .what = JC_MSG_WORKER_WRONG, .plans = 2, .detail = "hn-001"},
    {"refuses", "cat refusal; sleep 600", .code = JC_INTERNAL, .what = JC_MSG_WORKER_REFUSED,
     .detail = "units hn-001: no"},
    {"cancelled before a plan", "exec sleep 600", .cancel = FROM_THE_START, .code = JC_CANCELLED,
     .what = JC_MSG_WORKER_CANCELLED},
    {"cancelled behind a plan", "cat first; exec sleep 600", .cancel = AT_A_PLAN, .month = 1, .status = CANCELLED,
     .plans = 1},
    {"cancelled, will not end", "trap '' TERM; cat first; sleep 600", .cancel = AT_A_PLAN, .month = 1,
     .status = CANCELLED, .plans = 1},
    {"cancelled, gives its last plan", "trap 'cat last; exit' TERM; cat first; sleep 600 & wait", .cancel = AT_A_PLAN,
     .month = 3, .status = OPTIMAL, .plans = 2},
};

/* A problem whose frame is larger than any pipe takes at once. */
static void make_problem(struct jc_arena *arena, Jc__Problem *problem) {
    enum { TEAMS = 4000 };
    jc__problem__init(problem);
    problem->teams = JC_NEW_ARRAY(arena, TEAMS, Jc__ProblemTeam *);
    problem->n_teams = TEAMS;
    for (size_t i = 0; i < TEAMS; i++) {
        problem->teams[i] = JC_NEW(arena, Jc__ProblemTeam);
        jc__problem_team__init(problem->teams[i]);
        problem->teams[i]->team_id = (char *)jc_arena_printf(arena, "%0200zu", i).ptr;
    }
}

static void run_misdeed(const struct misdeed *m, const char *program) {
    struct jc_arena *arena = jc_arena_new(64 << 20);
    struct jc_err err = {0};
    Jc__Problem problem;
    Jc__Solution *solution = NULL;
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    struct heard heard = {.refuse_month = m->refuse_month, .cancel = m->cancel == AT_A_PLAN ? pipe_fds[1] : -1};
    if (m->cancel == FROM_THE_START)
        assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    make_problem(arena, &problem);
    problem.time_limit_ms = m->limit_ms;
    const struct jc_worker_config config = {
        .program = program,
        .cancel_fd = pipe_fds[0],
        .grace_ms = 200,
        .silence_ms = strcmp(m->name, "says nothing") == 0 ? 200 : 0,
        .accept = hear_plan,
        .progress = hear_progress,
        .ctx = &heard,
    };
    enum jc_code code = jc_worker_run(&config, &problem, arena, &solution, &err);
    if (m->code == JC_OK)
        CHECK_OK(m->name, code, &err);
    CHECK_INT(m->name, code, m->code);
    if (m->code) {
        CHECK_INT(m->name, err.what, m->what);
        CHECK(m->name, solution == NULL);
    } else {
        CHECK_INT(m->name, solution->visits[0]->month, m->month);
        CHECK_INT(m->name, solution->status, m->status);
    }
    CHECK_INT(m->name, heard.plans, m->plans);
    CHECK_INT(m->name, heard.progress, m->progress);
    if (m->detail)
        CHECK(m->name, strstr(err.detail, m->detail));
    CHECK(m->name, waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD); /* nothing stays behind */
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    jc_arena_free(arena);
}

static const char *write_script(const char *name, const char *script, char path[JC_TEST_PATH + 64]) {
    char text[2048];
    int len = snprintf(text, sizeof(text), "#!/bin/sh\ncd '%s'\n%s\n", folder, script);
    assert_true(len > 0 && (size_t)len < sizeof(text));
    write_file(name, text, (size_t)len, 0700);
    path_of(path, name);
    return path;
}

static void test_misdeeds(void **state) {
    (void)state;
    char path[JC_TEST_PATH + 64];
    for (size_t i = 0; i < COUNT(MISDEEDS); i++)
        run_misdeed(&MISDEEDS[i], write_script("worker", MISDEEDS[i].script, path));
}

static void test_no_program(void **state) {
    (void)state;
    char path[JC_TEST_PATH + 64];
    const struct misdeed missing = {"missing", .code = JC_UNAVAILABLE, .what = JC_MSG_WORKER_START};
    path_of(path, "nowhere");
    run_misdeed(&missing, path);
    const struct misdeed broken = {"no program", .code = JC_UNAVAILABLE, .what = JC_MSG_WORKER_START};
    write_file("broken", "\177ELF nothing", 12, 0700);
    path_of(path, "broken");
    run_misdeed(&broken, path);
}

/* Nothing of the parent's is open in the child. */
static void test_descriptors(void **state) {
    (void)state;
    char path[JC_TEST_PATH + 64];
    int kept = fcntl(0, F_DUPFD, 77); /* not closed by exec */
    assert_true(kept >= 77);
    const struct misdeed m = {"descriptors", .month = 3, .status = OPTIMAL, .plans = 1};
    run_misdeed(&m, write_script("worker", "[ -e /proc/$$/fd/77 ] && exit 5; cat last", path));
    close(kept);
}

/* When the program that started it is killed, the kernel kills the worker. */
static void test_parent_dies(void **state) {
    (void)state;
    char path[JC_TEST_PATH + 64], fifo[JC_TEST_PATH + 64], text[32] = "";
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    path_of(fifo, "pid");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    write_script("worker", "echo $$ > pid; exec sleep 600", path);
    pid_t parent = fork();
    if (parent == 0) {
        struct jc_arena *arena = jc_arena_new(1 << 20);
        struct jc_err err = {0};
        Jc__Problem problem = JC__PROBLEM__INIT;
        Jc__Solution *solution = NULL;
        const struct jc_worker_config config = {.program = path, .cancel_fd = -1};
        jc_worker_run(&config, &problem, arena, &solution, &err);
        _exit(0);
    }
    int fd = open(fifo, O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, text, sizeof(text) - 1) > 0);
    close(fd);
    pid_t worker = (pid_t)strtol(text, NULL, 10);
    int status = 0;
    kill(parent, SIGKILL);
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_int_equal(waitpid(worker, &status, 0), worker);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_misdeeds),
        cmocka_unit_test(test_no_program),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_parent_dies),
    };
    return cmocka_run_group_tests(tests, make_frames, remove_frames);
}
