/* jiancha serve: the server, until a signal stops it.
 *
 * Signals are blocked before any thread starts and awaited by this one, so no handler runs anywhere. The
 * first SIGTERM or SIGINT drains; a second Ctrl-C ends the program at once (the database is safe). SIGHUP
 * reads the certificate again and opens the log again, for whoever has replaced the one or moved the other. */
#include "http/server.h"

#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "blob/folder.h"
#include "cli/blobs.h"
#include "cli/cli.h"
#include "store/server_key.h"

enum {
    GRACE_MS = 10000,
    LOG_BUFFER = 8 << 10,
    ARENAS = 2,               /* of malloc: more would keep memory that nobody uses */
    TRIM_THRESHOLD = 1 << 20, /* free bytes at a heap's end that are given back at once; the rest when nobody asks */
    TOP_PAD = 256 << 10,      /* a heap grows by at least this */
    HEAD_MAX = 1 << 20,
};

static const char DEFAULT_LISTEN[] = "127.0.0.1:8420";

const struct jc_command jc_cmd_serve;

/* "127.0.0.1:8420" or "[::1]:8420"; the address ends up NUL-terminated in the arena. */
static enum jc_code parse_listen(struct jc_cli *cli, const char *text, const char **out_address, int *out_port,
                                 struct jc_err *err) {
    const char *colon = strrchr(text, ':');
    struct jc_str address = {text, colon ? (size_t)(colon - text) : 0};
    int64_t port = 0;
    if (address.len > 2 && address.ptr[0] == '[' && address.ptr[address.len - 1] == ']')
        address = (struct jc_str){address.ptr + 1, address.len - 2};
    if (!address.len || !jc_str_to_int64(jc_str(colon + 1), &port) || port < 0 || port > 65535)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_LISTEN_INVALID, jc_str(text));
    *out_port = (int)port;
    *out_address = jc_arena_copy(cli->arena, address).ptr;
    return *out_address ? JC_OK : jc_fail_memory(err);
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

/* What the command line says, as text. */
struct wishes {
    const char *listen, *log;
    const char *tls_listen, *tls_cert, *tls_key;
    const char *metrics, *head_max;
    const char *blobs; /* NULL: beside the database */
    const char *verify_every;
};

static enum jc_code parse(struct jc_cli *cli, const struct wishes *wishes, struct jc_server_config *config,
                          struct jc_err *err) {
    int64_t head_max = 0;
    enum jc_code code = parse_listen(cli, wishes->listen, &config->address, &config->port, err);
    bool tls = wishes->tls_listen || wishes->tls_cert || wishes->tls_key;
    if (!code && tls && !(wishes->tls_listen && wishes->tls_cert && wishes->tls_key))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TLS_OPTIONS);
    if (!code && tls)
        code = parse_listen(cli, wishes->tls_listen, &config->tls_address, &config->tls_port, err);
    if (!code && wishes->metrics)
        code = parse_listen(cli, wishes->metrics, &config->metrics_address, &config->metrics_port, err);
    if (!code && wishes->head_max &&
        (!jc_str_to_int64(jc_str(wishes->head_max), &head_max) || head_max < 1024 || head_max > HEAD_MAX))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_HEAD_MAX_INVALID, jc_str(wishes->head_max));
    config->connection_memory = (size_t)head_max;
    config->verify_every = wishes->verify_every;
    config->tls_cert = wishes->tls_cert;
    config->tls_key = wishes->tls_key;
    return code;
}

/* Also again, after the file has been moved away: what was written so far is in the old one. */
static enum jc_code open_log(const char *path, struct jc_err *err) {
    static int before = -1;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return jc_fail_errno(err, jc_str(path));
    jc_log_flush();
    jc_log_setup(fd, JC_LOG_INFO);
    if (before >= 0)
        close(before);
    before = fd;
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

static void add_line(struct jc_buf *out, const char *what, const char *address, int port) {
    jc_buf_printf(out, strchr(address, ':') ? "%s [%s]:%d\n" : "%s %s:%d\n", what, address, port);
    jc_log(JC_LOG_INFO, what, JC_LOG_STR("address", jc_str(address)), JC_LOG_INT("port", port));
}

/* Programs that start the server wait for the first line; all leave in one piece. */
static void announce(const struct jc_server_config *config, const struct jc_server *server) {
    struct jc_buf out;
    jc_buf_init(&out, 1024);
    add_line(&out, "listening on", config->address, jc_server_port(server));
    if (config->tls_address)
        add_line(&out, "listening with TLS on", config->tls_address, jc_server_tls_port(server));
    if (config->metrics_address)
        add_line(&out, "metrics on", config->metrics_address, jc_server_metrics_port(server));
    fwrite(out.ptr, 1, out.len, stdout);
    fflush(stdout);
    jc_log_flush();
    jc_buf_free(&out);
}

static void reload(struct jc_server *server, const struct wishes *wishes) {
    struct jc_err err = {0};
    enum jc_code code = wishes->log ? open_log(wishes->log, &err) : JC_OK;
    if (!code)
        code = jc_server_reload_tls(server, &err);
    struct jc_buf text;
    jc_buf_init(&text, 1024);
    if (code)
        jc_err_render(&text, JC_EN, &err);
    jc_log(code ? JC_LOG_ERROR : JC_LOG_INFO, "reloaded", JC_LOG_STR("code", jc_str(code ? jc_code_name(code) : "ok")),
           JC_LOG_STR("message", jc_buf_str(&text)), JC_LOG_STR("detail", jc_str(code ? err.detail : "")));
    jc_buf_free(&text);
}

static void wait_for_end(const sigset_t *awaited, struct jc_server *server, const struct wishes *wishes) {
    int signal_no = 0;
    sigset_t interrupt;
    while (sigwait(awaited, &signal_no) == 0 && signal_no == SIGHUP)
        reload(server, wishes);
    jc_log(JC_LOG_INFO, "draining", JC_LOG_STR("signal", jc_str(strsignal(signal_no))));
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &interrupt, NULL);
}

/* A database of before there were keys gets its first. */
static enum jc_code ensure_key(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_server_key_ensure(tx, jc_clock_now_ms(ctx), err);
}

static enum jc_exit serve(struct jc_cli *cli, struct jc_server_config *config, const struct wishes *wishes) {
    struct jc_server *server = NULL;
    struct jc_err err = {0};
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGTERM);
    sigaddset(&awaited, SIGINT);
    sigaddset(&awaited, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &awaited, NULL);
    raise_file_limit();
    mallopt(M_ARENA_MAX, ARENAS);
    mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD);
    mallopt(M_TOP_PAD, TOP_PAD);
    cli->serves = true;
    enum jc_code code = jc_cli_open_db(cli, &err);
    config->db = cli->db;
    config->clock = cli->clock;
    if (!code && jc_db_write_wait(cli->db, 0, ensure_key, &cli->clock, &err)) /* a disk that is full, say */
        jc_log(JC_LOG_WARN, "no server key", JC_LOG_STR("detail", jc_str(err.detail)));
    if (!code)
        code = jc_cli_open_blobs(cli, wishes->blobs, &config->blobs, &err);
    if (!code)
        code = jc_server_start(config, &server, &err);
    if (code) {
        jc_blob_folder_close(config->blobs);
        return jc_cli_fail(cli, &err);
    }
    jc_log_buffer(LOG_BUFFER);
    announce(config, server);
    wait_for_end(&awaited, server, wishes);
    jc_server_stop(server, GRACE_MS);
    jc_blob_folder_close(config->blobs);
    jc_log(JC_LOG_INFO, "stopped", JC_LOG_INT("pid", getpid()));
    jc_log_buffer(0);
    return JC_EXIT_DONE;
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    struct wishes wishes = {.listen = DEFAULT_LISTEN};
    struct jc_server_config config = {0};
    struct jc_err err = {0};
    struct origins origins = {.arena = cli->arena, .err = &err};
    struct jc_option options[] = {
        {.name = "listen", .takes_value = true, .value = &wishes.listen},
        {.name = "log", .takes_value = true, .value = &wishes.log},
        {.name = "tls-listen", .takes_value = true, .value = &wishes.tls_listen},
        {.name = "tls-cert", .takes_value = true, .value = &wishes.tls_cert},
        {.name = "tls-key", .takes_value = true, .value = &wishes.tls_key},
        {.name = "metrics", .takes_value = true, .value = &wishes.metrics},
        {.name = "blobs", .takes_value = true, .value = &wishes.blobs},
        {.name = "head-max", .takes_value = true, .value = &wishes.head_max},
        {.name = "verify-every", .value = &wishes.verify_every},
        {.name = "allow-origin", .takes_value = true, .each = add_origin, .ctx = &origins},
    };
    if (!jc_cli_options(cli, &jc_cmd_serve, options, sizeof options / sizeof options[0], &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_serve, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    config.cors = (struct jc_cors){origins.items, origins.count};
    enum jc_code code = err.code ? err.code : parse(cli, &wishes, &config, &err);
    if (!code && wishes.log)
        code = open_log(wishes.log, &err);
    return code ? jc_cli_fail(cli, &err) : serve(cli, &config, &wishes);
}

const struct jc_command jc_cmd_serve = {
    .name = "serve",
    .summary = {"运行服务器", "run the server"},
    .usage = "serve [--listen ADDRESS:PORT] [--tls-listen ADDRESS:PORT --tls-cert FILE --tls-key FILE]\n"
             "      [--metrics ADDRESS:PORT] [--head-max BYTES] [--blobs DIR] [--allow-origin URL]…\n"
             "      [--verify-every] [--log FILE]",
    .help =
        {"默认监听 127.0.0.1:8420；端口 0 任选一个空闲端口，并在标准输出打印“listening on 地址:端口”。\n"
         "--tls-listen 另开一个 TLS 1.2/1.3 端口，证书（含中间证书）和私钥为 PEM 文件，私钥不得让其他用户读取。\n"
         "/metrics 供 Prometheus 读取，默认只答复本机；--metrics 为它单开一个端口。\n"
         "--head-max 为请求头的字节上限（默认 4096），更大的请求头得到 431。\n"
         "照片、录音和签名图片存放在数据库旁的“数据库名.blobs”文件夹，--blobs 另行指定。\n"
         "--allow-origin 指明哪些网站的页面可以在浏览器中调用（可多次给出），如 https://plan.example.cn；默认都不可以。\n"
         "终端的签封在答复之前核验，连续同步的终端每秒核验一次，其余在约一秒之内补验；--verify-every 则每次答复之前都核验。\n"
         "日志为每个请求一行 JSON，写到标准错误或 --log 指明的文件。SIGTERM 或 Ctrl-C 使其处理完当前请求后退出；\n"
         "SIGHUP 重新读取证书和私钥，并重新打开日志文件。",
         "Listens on 127.0.0.1:8420 unless told otherwise; port 0 picks a free one. Prints \"listening on\n"
         "ADDRESS:PORT\" to stdout when ready. --tls-listen opens a second port with TLS 1.2 and 1.3; certificate\n"
         "(with its intermediates) and key are PEM files, and others must not be able to read the key.\n"
         "/metrics is for Prometheus and answers callers on this machine; --metrics gives it a port of its own.\n"
         "--head-max is the size of a request's head in bytes (4096); a longer one gets 431.\n"
         "Photos, recordings and images of signatures lie in a folder beside the database, its name with .blobs\n"
         "behind it, or in that of --blobs.\n"
         "--allow-origin, which may be given several times, names a site whose pages may call from a browser,\n"
         "for example https://plan.example.cn; without it none may. A terminal's seals are verified before its\n"
         "answer, those of one that goes on syncing once a second and the others within about a second after;\n"
         "--verify-every verifies each before its answer. The log is a JSON line per request, to\n"
         "stderr or to the file of --log. SIGTERM or Ctrl-C finishes what is being worked on and ends with exit\n"
         "status 0; SIGHUP reads certificate and key again and opens the log again."},
    .example = "jiancha serve --listen 127.0.0.1:8420",
    .run = run,
};
