/* jiancha-optimizer: the worker. Reads one problem frame from stdin, writes progress and plans to stdout,
 * the last plan with `last` set, and exits 0. SIGTERM or SIGINT ends the search; the last frame follows
 * within a second. A problem that can't be used is answered by a REFUSED frame and exit 2. The server
 * never believes this process: it checks every plan and survives its death at any point. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "jiancha/optimizer.h"
#include "model/problem.h"
#include "optimizer/frame.h"

enum { EXIT_DONE = 0, EXIT_REFUSED = 2, EXIT_IO = 3 };

static volatile sig_atomic_t stopped;

static void stop(int signal_number) {
    (void)signal_number;
    stopped = 1;
}

static bool cancelled(void *ctx) {
    (void)ctx;
    return stopped;
}

/* What is told while the search runs; once nobody reads, the search ends. */
static void send_frame(Jc__FrameType type, const ProtobufCMessage *message) {
    struct jc_err err = {0};
    if (jc_frame_write(STDOUT_FILENO, type, message, &err) != JC_OK)
        stopped = 1;
}

static void tell_progress(void *ctx, const Jc__Progress *progress) {
    (void)ctx;
    send_frame(JC__FRAME_TYPE__FRAME_TYPE_PROGRESS, &progress->base);
}

static void tell_solution(void *ctx, const Jc__Solution *solution) {
    (void)ctx;
    send_frame(JC__FRAME_TYPE__FRAME_TYPE_SOLUTION, &solution->base);
}

static int refuse(const struct jc_err *err) {
    struct jc_buf text;
    jc_buf_init(&text, 1000);
    jc_err_render(&text, JC_EN, err);
    if (err->detail[0])
        jc_buf_printf(&text, " (%s)", err->detail);
    jc_buf_char(&text, '\0');
    Jc__Refusal refusal = JC__REFUSAL__INIT;
    refusal.detail = text.failed ? (char *)"refused" : text.ptr;
    send_frame(JC__FRAME_TYPE__FRAME_TYPE_REFUSED, &refusal.base);
    jc_buf_free(&text);
    return EXIT_REFUSED;
}

/* The problem of the first frame, unpacked into the arena. */
static enum jc_code read_problem(struct jc_arena *arena, Jc__Problem **out, struct jc_err *err) {
    struct jc_frame frame;
    ProtobufCAllocator allocator;
    enum jc_code code = jc_frame_read(STDIN_FILENO, JC_FRAME_MAX, arena, &frame, err);
    if (code != JC_OK)
        return code;
    *out = NULL;
    if (frame.type == JC__FRAME_TYPE__FRAME_TYPE_PROBLEM)
        *out = jc__problem__unpack(jc_arena_protobuf(&allocator, arena), frame.message.len,
                                   (const uint8_t *)frame.message.ptr);
    if (!*out) {
        jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_INTERNAL);
        return jc_err_detail(err, "not a problem frame");
    }
    return JC_OK;
}

static int work(struct jc_arena *arena) {
    const struct jc_optimizer_callbacks callbacks = {NULL, cancelled, tell_progress, tell_solution};
    struct jc_err err = {0};
    Jc__Problem *problem;
    Jc__Solution *solution;
    if (read_problem(arena, &problem, &err) != JC_OK)
        return refuse(&err);
    if (jc_optimizer_run(problem, &callbacks, arena, &solution, &err) != JC_OK)
        return refuse(&err);
    if (jc_frame_write(STDOUT_FILENO, JC__FRAME_TYPE__FRAME_TYPE_SOLUTION, &solution->base, &err) != JC_OK)
        return EXIT_IO;
    return EXIT_DONE;
}

static const char usage[] = "usage: jiancha-optimizer [--memory-mb N]\n"
                            "Reads a problem frame from stdin, writes progress and plan frames to stdout\n"
                            "(proto/jiancha/v1/optimizer.proto). SIGTERM: the best plan so far, then exit 0.\n"
                            "example: jiancha-optimizer --memory-mb 2048 < problem.frame > plan.frames\n";

int main(int argc, char **argv) {
    int64_t memory_mb = 0;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_DONE;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--memory-mb") != 0 || ++i == argc || !jc_str_to_int64(jc_str(argv[i]), &memory_mb) ||
            memory_mb < 16 || memory_mb > 1 << 24) {
            fputs(usage, stderr);
            return EXIT_REFUSED;
        }
    }
#ifndef JC_SANITIZED
    if (memory_mb) {
        rlim_t bytes = (rlim_t)memory_mb << 20;
        struct rlimit limit = {bytes, bytes};
        if (setrlimit(RLIMIT_AS, &limit) != 0)
            return EXIT_IO;
    }
#endif
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    struct jc_arena *arena = jc_arena_new(SIZE_MAX / 2);
    if (!arena)
        return EXIT_IO;
    int result = work(arena);
    jc_arena_free(arena);
    return result;
}
