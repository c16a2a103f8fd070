/* jiancha serve: the server, until a signal stops it.
 *
 * Signals are blocked before any thread starts and awaited by this one, so no handler runs anywhere. The
 * first SIGTERM or SIGINT drains; a second Ctrl-C ends the program at once (the database is safe). */
#include "http/server.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "store/server_key.h"

enum { GRACE_MS = 10000 };

static const char DEFAULT_LISTEN[] = "127.0.0.1:8420";

const struct jc_command jc_cmd_serve;

/* "127.0.0.1:8420" or "[::1]:8420"; the address ends up NUL-terminated in the arena. */
static enum jc_code parse_listen(struct jc_cli *cli, const char *text, struct jc_server_config *config,
                                 struct jc_err *err) {
    const char *colon = strrchr(text, ':');
    struct jc_str address = {text, colon ? (size_t)(colon - text) : 0};
    int64_t port = 0;
    if (address.len > 2 && address.ptr[0] == '[' && address.ptr[address.len - 1] == ']')
        address = (struct jc_str){address.ptr + 1, address.len - 2};
    if (!address.len || !jc_str_to_int64(jc_str(colon + 1), &port) || port < 0 || port > 65535)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_LISTEN_INVALID, jc_str(text));
    config->port = (int)port;
    config->address = jc_arena_copy(cli->arena, address).ptr;
    return config->address ? JC_OK : jc_fail_memory(err);
}

/* The origins of --allow-origin. */
struct origins {
    struct jc_str *items;
    size_t count, capacity;
    struct jc_arena *arena;
    struct jc_err *err; /* of the first that is none */
};

static bool add_origin(void *ctx, const char *value) {
    struct origins *origins = ctx;
    struct jc_str origin;
    if (origins->err->code || jc_cors_origin(jc_str(value), origins->arena, &origin, origins->err))
        return true; /* told by serve, with the reason */
    struct jc_str *slot = JC_PUSH(origins->arena, origins, struct jc_str);
    if (slot)
        *slot = origin;
    else
        (void)jc_fail_memory(origins->err);
    return true;
}

static enum jc_code open_log(const char *path, struct jc_err *err) {
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return jc_fail_errno(err, jc_str(path));
    jc_log_setup(fd, JC_LOG_INFO);
    return JC_OK;
}

/* A connection is a file descriptor: take as many as the system allows. */
static void raise_file_limit(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

/* Programs that start the server wait for this line. */
static void announce(const struct jc_server_config *config, int port) {
    printf(strchr(config->address, ':') ? "listening on [%s]:%d\n" : "listening on %s:%d\n", config->address, port);
    fflush(stdout);
    jc_log(JC_LOG_INFO, "started", JC_LOG_STR("address", jc_str(config->address)), JC_LOG_INT("port", port));
}

static void wait_for_end(const sigset_t *stop) {
    int signal_no = 0;
    sigset_t interrupt;
    sigwait(stop, &signal_no);
    jc_log(JC_LOG_INFO, "draining", JC_LOG_STR("signal", jc_str(strsignal(signal_no))));
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &interrupt, NULL);
}

/* A database of before there were keys gets its first. */
static enum jc_code ensure_key(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_server_key_ensure(tx, jc_clock_now_ms(ctx), err);
}

static enum jc_exit serve(struct jc_cli *cli, struct jc_server_config *config) {
    struct jc_server *server = NULL;
    struct jc_err err = {0};
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    raise_file_limit();
    enum jc_code code = jc_cli_open_db(cli, &err);
    config->db = cli->db;
    config->clock = cli->clock;
    if (!code && jc_db_write_wait(cli->db, 0, ensure_key, &cli->clock, &err)) /* a disk that is full, say */
        jc_log(JC_LOG_WARN, "no server key", JC_LOG_STR("detail", jc_str(err.detail)));
    if (!code)
        code = jc_server_start(config, &server, &err);
    if (code)
        return jc_cli_fail(cli, &err);
    announce(config, jc_server_port(server));
    wait_for_end(&stop);
    jc_server_stop(server, GRACE_MS);
    jc_log(JC_LOG_INFO, "stopped", JC_LOG_INT("pid", getpid()));
    return JC_EXIT_DONE;
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    const char *listen = DEFAULT_LISTEN, *log = NULL;
    struct jc_server_config config = {0};
    struct jc_err err = {0};
    struct origins origins = {.arena = cli->arena, .err = &err};
    struct jc_option options[] = {
        {.name = "listen", .takes_value = true, .value = &listen},
        {.name = "log", .takes_value = true, .value = &log},
        {.name = "allow-origin", .takes_value = true, .each = add_origin, .ctx = &origins},
    };
    if (!jc_cli_options(cli, &jc_cmd_serve, options, sizeof options / sizeof options[0], &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_serve, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    config.cors = (struct jc_cors){origins.items, origins.count};
    enum jc_code code = err.code ? err.code : parse_listen(cli, listen, &config, &err);
    if (!code && log)
        code = open_log(log, &err);
    return code ? jc_cli_fail(cli, &err) : serve(cli, &config);
}

const struct jc_command jc_cmd_serve = {
    .name = "serve",
    .summary = {"运行服务器", "run the server"},
    .usage = "serve [--listen ADDRESS:PORT] [--log FILE] [--allow-origin URL]…",
    .help =
        {"默认监听 127.0.0.1:8420；端口 0 任选一个空闲端口，并在标准输出打印“listening on 地址:端口”。\n"
         "日志为每个请求一行 JSON，写到标准错误或 --log 指明的文件。SIGTERM 或 Ctrl-C 使其处理完当前请求后退出。\n"
         "--allow-origin 指明哪些网站的页面可以在浏览器中调用（可多次给出），如 https://plan.example.cn；默认都不可以。",
         "Listens on 127.0.0.1:8420 unless told otherwise; port 0 picks a free one. Prints \"listening on\n"
         "ADDRESS:PORT\" to stdout when ready. The log is a JSON line per request, to stderr or to the file of\n"
         "--log. SIGTERM or Ctrl-C finishes what is being worked on and ends with exit status 0.\n"
         "--allow-origin, which may be given several times, names a site whose pages may call from a browser,\n"
         "for example https://plan.example.cn; without it none may."},
    .example = "jiancha serve --listen 127.0.0.1:8420",
    .run = run,
};
