/* The solver's process, seen from its parent. One poll loop feeds the problem, gathers frames, listens
 * to stderr and to the cancel descriptor, and keeps three deadlines: the time limit with its grace, the
 * silence between frames, and one second after SIGTERM. Frames (plan/frames.h) may be no
 * longer than a whole plan of this problem can be, and messages unpack into an arena that is bounded too.
 *
 * stdin is a socket pair, so a child that does not read cannot raise SIGPIPE here. Between fork and exec
 * only async-signal-safe calls are made: the parent may have threads. The child is always killed with
 * its group and reaped before jc_worker_run returns. */
#include "plan/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "plan/frames.h"

enum {
    LAST_WORDS_MS = 1000, /* between SIGTERM and SIGKILL */
    GRACE_MS = 10 * 1000, /* behind the time limit */
    SILENCE_MS = 10 * 60 * 1000,
    STDERR_KEPT = 200,
    FRAME_MIN = 1 << 16, /* room for progress and refusals of any problem */
    FRAME_MAX = 1 << 28,
};

struct run {
    const struct jc_worker_config *config;
    pid_t pid;
    int pid_fd, in, out, err_fd;
    uint8_t *problem; /* the first frame */
    size_t problem_len, sent;
    struct jc_frames frames;
    struct jc_buf newest; /* the newest plan, as it came */
    struct jc_arena *scratch;
    char words[STDERR_KEPT + 1]; /* the end of stderr */
    size_t n_words;
    int64_t start_ms, limit_ms, heard_ms, term_ms; /* 0: no limit, not terminated */
    bool cancelled, finished;
    bool exited; /* the child is gone; what it wrote may still wait in the pipe */
    bool eof;    /* no frame can come any more */
    bool killed; /* it did not end by itself after that */
};

/* --- the program ----------------------------------------------------------------------------------- */

static const char *beside(struct jc_arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash)
        return NULL;
    struct jc_str found = jc_arena_printf(arena, "%.*s/jiancha-optimizer", (int)(slash - path), path);
    return found.ptr && access(found.ptr, X_OK) == 0 ? found.ptr : NULL;
}

const char *jc_worker_program(struct jc_arena *arena, const char *argv0) {
    const char *named = getenv("JIANCHA_OPTIMIZER");
    if (named && *named)
        return jc_arena_copy(arena, jc_str(named)).ptr;
    char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[len < 0 ? 0 : len] = '\0';
    const char *found = beside(arena, self);
    if (!found && argv0)
        found = beside(arena, argv0);
    return found ? found : jc_arena_copy(arena, JC_STR("jiancha-optimizer")).ptr;
}

/* --- start and end ----------------------------------------------------------------------------------- */

/* In the child: nothing but async-signal-safe calls. */
static void become_worker(const char *program, pid_t parent, int in, int out, int err_fd, rlim_t memory) {
    sigset_t none;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127); /* the parent ended before prctl */
    in = fcntl(in, F_DUPFD, 10);
    out = fcntl(out, F_DUPFD, 10);
    err_fd = fcntl(err_fd, F_DUPFD, 10);
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err_fd, 2) < 0)
        _exit(127);
    close_range(3, ~0U, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (memory)
        setrlimit(RLIMIT_AS, &(struct rlimit){memory, memory});
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    execl(program, program, (char *)NULL);
    _exit(127);
}

static void shut(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static enum jc_code start_failed(struct run *run, struct jc_err *err) {
    int error = errno;
    jc_fail(err, JC_UNAVAILABLE, JC_MSG_WORKER_START, jc_str(run->config->program));
    return jc_err_detail(err, "%s", strerror(error));
}

static enum jc_code start(struct run *run, struct jc_err *err) {
    int in[2] = {-1, -1}, out[2] = {-1, -1}, errs[2] = {-1, -1};
    enum jc_code code = JC_OK;
    if (access(run->config->program, X_OK) != 0)
        return start_failed(run, err);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0 || pipe2(out, O_CLOEXEC) != 0 ||
        pipe2(errs, O_CLOEXEC) != 0) {
        code = start_failed(run, err);
        goto out;
    }
    rlim_t memory = (rlim_t)(run->config->memory_max ? run->config->memory_max : INT64_C(4) << 30);
#ifdef JC_SANITIZED
    memory = 0;
#endif
    pid_t parent = getpid();
    run->pid = fork();
    if (run->pid == 0)
        become_worker(run->config->program, parent, in[1], out[1], errs[1], memory);
    if (run->pid < 0) {
        code = start_failed(run, err);
        goto out;
    }
    setpgid(run->pid, run->pid); /* here too: whoever comes first */
    run->pid_fd = pidfd_open(run->pid, 0);
    run->in = in[0], run->out = out[0], run->err_fd = errs[0];
    in[0] = out[0] = errs[0] = -1;
    fcntl(run->in, F_SETFL, O_NONBLOCK);
    fcntl(run->out, F_SETFL, O_NONBLOCK);
    fcntl(run->err_fd, F_SETFL, O_NONBLOCK);
out:
    for (int i = 0; i < 2; i++) {
        shut(&in[i]);
        shut(&out[i]);
        shut(&errs[i]);
    }
    return code;
}

/* Kills what is left of the child and reaps it. Returns how it ended: a status of waitpid that is its
 * own if it had ended by itself within a second. */
static int stop(struct run *run) {
    int status = 0;
    if (run->pid <= 0)
        return 0;
    if (run->eof && run->pid_fd >= 0) { /* it closed stdout: most likely it is ending */
        struct pollfd ended = {run->pid_fd, POLLIN, 0};
        int ready;
        while ((ready = poll(&ended, 1, LAST_WORDS_MS)) < 0 && errno == EINTR)
            ;
        run->killed = ready == 0;
    }
    kill(-run->pid, SIGKILL);
    kill(run->pid, SIGKILL); /* in case it never reached its own group */
    while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
        ;
    run->pid = 0;
    return status;
}

/* --- frames ------------------------------------------------------------------------------------------ */

static enum jc_code rubbish(const char *why, struct jc_err *err) {
    jc_fail(err, JC_DATA_LOSS, JC_MSG_WORKER_RUBBISH);
    return jc_err_detail(err, "%s", why);
}

static enum jc_code take_solution(struct run *run, struct jc_str body, struct jc_err *err) {
    ProtobufCAllocator allocator;
    struct jc_err why = {0};
    Jc__Solution *solution =
        jc__solution__unpack(jc_arena_protobuf(&allocator, run->scratch), body.len, (const uint8_t *)body.ptr);
    if (!solution)
        return rubbish("solution frame does not decode", err);
    if (run->config->accept && run->config->accept(run->config->ctx, solution, &why) != JC_OK) {
        struct jc_buf words;
        jc_buf_init(&words, sizeof(err->detail));
        jc_err_render(&words, JC_EN, &why);
        jc_fail(err, JC_DATA_LOSS, JC_MSG_WORKER_WRONG);
        jc_err_detail(err, "%.*s %s", JC_FMT(jc_buf_str(&words)), why.detail);
        jc_buf_free(&words);
        return err->code;
    }
    jc_buf_reset(&run->newest);
    jc_buf_add(&run->newest, body);
    run->finished = solution->last;
    return run->newest.failed ? jc_fail_memory(err) : JC_OK;
}

static enum jc_code take_progress(struct run *run, struct jc_str body, struct jc_err *err) {
    ProtobufCAllocator allocator;
    Jc__Progress *progress =
        jc__progress__unpack(jc_arena_protobuf(&allocator, run->scratch), body.len, (const uint8_t *)body.ptr);
    if (!progress)
        return rubbish("progress frame does not decode", err);
    if (run->config->progress)
        run->config->progress(run->config->ctx, progress);
    return JC_OK;
}

static enum jc_code take_refusal(struct run *run, struct jc_str body, struct jc_err *err) {
    ProtobufCAllocator allocator;
    Jc__Refusal *refusal =
        jc__refusal__unpack(jc_arena_protobuf(&allocator, run->scratch), body.len, (const uint8_t *)body.ptr);
    if (!refusal)
        return rubbish("refusal frame does not decode", err);
    jc_fail(err, JC_INTERNAL, JC_MSG_WORKER_REFUSED);
    return jc_err_detail(err, "%s", refusal->detail);
}

static enum jc_code take_frame(struct run *run, uint8_t type, struct jc_str body, struct jc_err *err) {
    jc_arena_reset(run->scratch);
    run->heard_ms = jc_monotonic_ms();
    switch (type) {
    case JC__FRAME_TYPE__FRAME_TYPE_PROGRESS:
        return take_progress(run, body, err);
    case JC__FRAME_TYPE__FRAME_TYPE_SOLUTION:
        return take_solution(run, body, err);
    case JC__FRAME_TYPE__FRAME_TYPE_REFUSED:
        return take_refusal(run, body, err);
    default:
        return rubbish("unknown frame type", err);
    }
}

/* Takes every whole frame, up to the last plan. */
static enum jc_code take_frames(struct run *run, struct jc_err *err) {
    struct jc_str body;
    uint8_t type = 0;
    enum jc_code code = JC_OK;
    do {
        code = jc_frames_next(&run->frames, &type, &body, err);
        if (!code && type)
            code = take_frame(run, type, body, err);
    } while (!code && type && !run->finished);
    return code;
}

/* --- the loop ---------------------------------------------------------------------------------------- */

static enum jc_code read_frames(struct run *run, struct jc_err *err) {
    char bytes[65536];
    ssize_t got = read(run->out, bytes, sizeof(bytes));
    if (got < 0 && (errno == EINTR || (errno == EAGAIN && !run->exited)))
        return JC_OK;
    if (got <= 0) {
        run->eof = true;
        return JC_OK;
    }
    enum jc_code code = jc_frames_add(&run->frames, bytes, (size_t)got, err);
    return code ? code : take_frames(run, err);
}

/* Keeps the end of what the child says to people. */
static void read_words(struct run *run) {
    char bytes[4096];
    ssize_t got = read(run->err_fd, bytes, sizeof(bytes));
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        shut(&run->err_fd);
        return;
    }
    size_t n = (size_t)got, kept = run->n_words;
    if (n >= STDERR_KEPT)
        kept = 0;
    else if (kept + n > STDERR_KEPT)
        kept = STDERR_KEPT - n;
    size_t taken = n > STDERR_KEPT ? STDERR_KEPT : n;
    memmove(run->words, run->words + run->n_words - kept, kept);
    memcpy(run->words + kept, bytes + n - taken, taken);
    run->n_words = kept + taken;
    run->words[run->n_words] = '\0';
}

static void write_problem(struct run *run) {
    ssize_t put = send(run->in, run->problem + run->sent, run->problem_len - run->sent, MSG_NOSIGNAL);
    if (put < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (put > 0)
        run->sent += (size_t)put;
    if (put <= 0 || run->sent == run->problem_len) /* a child that reads no more will tell by its end */
        shut(&run->in);
}

static void terminate(struct run *run) {
    if (run->term_ms)
        return;
    run->term_ms = jc_monotonic_ms();
    kill(run->pid, SIGTERM);
}

/* When something has to be done even if nothing comes. */
static int64_t deadline(const struct run *run) {
    if (run->term_ms)
        return run->term_ms + LAST_WORDS_MS;
    int64_t silence = run->heard_ms + (run->config->silence_ms ? run->config->silence_ms : SILENCE_MS);
    int64_t limit = run->start_ms + run->limit_ms + (run->config->grace_ms ? run->config->grace_ms : GRACE_MS);
    return run->limit_ms && limit < silence ? limit : silence;
}

/* Waits once and handles what came. */
static enum jc_code turn(struct run *run, struct jc_err *err) {
    int64_t left = deadline(run) - jc_monotonic_ms();
    bool listen = run->config->cancel_fd >= 0 && !run->cancelled;
    struct pollfd fds[] = {
        {run->out, POLLIN, 0}, /* a negative descriptor is passed over */
        {run->in, POLLOUT, 0},    {run->err_fd, POLLIN, 0}, {listen ? run->config->cancel_fd : -1, POLLIN, 0},
        {run->pid_fd, POLLIN, 0},
    };
    int ready = left > 0 ? poll(fds, sizeof(fds) / sizeof(*fds), left > 60000 ? 60000 : (int)left) : 0;
    if (ready < 0)
        return errno == EINTR ? JC_OK : rubbish("poll failed", err);
    if (fds[1].revents)
        write_problem(run);
    if (fds[2].revents)
        read_words(run);
    if (fds[3].revents) {
        run->cancelled = true;
        terminate(run);
    }
    run->exited |= fds[4].revents != 0;
    return fds[0].revents || run->exited ? read_frames(run, err) : JC_OK;
}

/* How the child ended, in words: "SIGABRT", "exit 3". */
static enum jc_code died(struct run *run, int status, struct jc_err *err) {
    char how[32];
    if (WIFSIGNALED(status))
        snprintf(how, sizeof(how), "SIG%s", sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?");
    else
        snprintf(how, sizeof(how), "exit %d", WEXITSTATUS(status));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return jc_fail(err, JC_UNAVAILABLE, JC_MSG_WORKER_START, jc_str(run->config->program));
    return jc_fail(err, JC_INTERNAL, JC_MSG_WORKER_DIED, jc_str(how));
}

/* What the run came to, once there is nothing more to wait for. A plan that was accepted is kept however the
 * worker ended. */
static enum jc_code conclude(struct run *run, bool late, int status, struct jc_err *err) {
    if (run->finished || run->newest.len)
        return JC_OK;
    if (run->cancelled)
        return jc_fail(err, JC_CANCELLED, JC_MSG_WORKER_CANCELLED);
    if (late) {
        char seconds[JC_NUMBER_TEXT];
        return jc_fail(err, JC_DEADLINE_EXCEEDED, JC_MSG_WORKER_HUNG,
                       jc_str_from_int64((jc_monotonic_ms() - run->start_ms) / 1000, seconds));
    }
    return died(run, status, err);
}

static enum jc_code supervise(struct run *run, struct jc_err *err) {
    enum jc_code code = JC_OK;
    bool late = false;
    while (!code && !run->finished && !run->eof) {
        if (jc_monotonic_ms() >= deadline(run)) {
            if (run->term_ms) {
                late = true;
                break;
            }
            terminate(run);
        }
        code = turn(run, err);
    }
    late |= run->term_ms && !run->cancelled; /* it was told to end, so how it ended says nothing */
    int status = stop(run);
    while (run->err_fd >= 0 && run->n_words < STDERR_KEPT) { /* its last words */
        size_t before = run->n_words;
        read_words(run);
        if (run->n_words == before)
            break;
    }
    if (!code)
        code = conclude(run, late || run->killed, status, err);
    if (!code && !run->finished && !run->cancelled)
        jc_log(JC_LOG_WARN, "solver broke off", JC_LOG_INT("status", status), JC_LOG_STR("words", jc_str(run->words)));
    if (code && run->n_words && !*err->detail)
        jc_err_detail(err, "%s", run->words);
    return code;
}

/* --- run --------------------------------------------------------------------------------------------- */

/* More than any whole plan of this problem can take on the wire. */
static size_t frame_limit(const Jc__Problem *problem) {
    uint64_t bytes = FRAME_MIN;
    for (size_t i = 0; i < problem->n_units; i++)
        bytes += 12 * (48 + 11 * (uint64_t)problem->units[i]->n_joints);
    for (size_t i = 0; i < problem->n_draws; i++)
        bytes += 32 * (uint64_t)(problem->draws[i]->sample > 0 ? problem->draws[i]->sample : 0);
    return bytes < FRAME_MAX ? (size_t)bytes : FRAME_MAX;
}

static enum jc_code make_first_frame(struct run *run, const Jc__Problem *problem, struct jc_err *err) {
    size_t len = jc__problem__get_packed_size(problem) + 1;
    if (len > FRAME_MAX)
        return jc_fail_memory(err);
    run->problem = jc_malloc(JC_FRAME_HEAD + len);
    if (!run->problem)
        return jc_fail_memory(err);
    for (int i = 0; i < JC_FRAME_HEAD; i++)
        run->problem[i] = (uint8_t)(len >> (8 * i));
    run->problem[JC_FRAME_HEAD] = JC__FRAME_TYPE__FRAME_TYPE_PROBLEM;
    jc__problem__pack(problem, run->problem + JC_FRAME_HEAD + 1);
    run->problem_len = JC_FRAME_HEAD + len;
    return JC_OK;
}

enum jc_code jc_worker_run(const struct jc_worker_config *config, const Jc__Problem *problem, struct jc_arena *arena,
                           Jc__Solution **out, struct jc_err *err) {
    struct run run = {.config = config, .pid_fd = -1, .in = -1, .out = -1, .err_fd = -1};
    size_t frame_max = frame_limit(problem);
    run.limit_ms = problem->time_limit_ms;
    run.scratch = jc_arena_new(frame_max * 16); /* a visit of 12 bytes becomes a struct of 72 and a pointer */
    jc_frames_init(&run.frames, frame_max);
    jc_buf_init(&run.newest, frame_max);
    enum jc_code code = run.scratch ? make_first_frame(&run, problem, err) : jc_fail_memory(err);
    if (!code)
        code = start(&run, err);
    run.start_ms = run.heard_ms = jc_monotonic_ms();
    if (!code)
        code = supervise(&run, err);
    if (!code) {
        ProtobufCAllocator allocator;
        *out =
            jc__solution__unpack(jc_arena_protobuf(&allocator, arena), run.newest.len, (const uint8_t *)run.newest.ptr);
        if (!*out)
            code = jc_fail_memory(err);
        else if (!run.finished)
            (*out)->status =
                run.cancelled ? JC__SOLVE_STATUS__SOLVE_STATUS_CANCELLED : JC__SOLVE_STATUS__SOLVE_STATUS_BROKEN_OFF;
    }
    shut(&run.pid_fd);
    shut(&run.in);
    shut(&run.out);
    shut(&run.err_fd);
    jc_frames_free(&run.frames);
    jc_buf_free(&run.newest);
    jc_arena_free(run.scratch);
    jc_free(run.problem);
    return code;
}
