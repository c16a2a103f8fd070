/* The database is made by the product's own functions as far as there are any, and by SQL where the way
 * through the product (an import) would only cost time. */
#include "bench/fleet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/device.h"
#include "store/store.h"

enum { ARGUMENTS_MAX = 16, BLOCK = 50, DOCUMENT_KINDS = 3, START_MS = 60000 };

_Noreturn void jc_fleet_stop(const char *what) {
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
    exit(1);
}

static void must(enum jc_code code, const struct jc_err *err) {
    if (code == JC_OK)
        return;
    struct jc_buf text;
    jc_buf_init(&text, 4096);
    jc_err_render(&text, JC_EN, err);
    fprintf(stderr, "%.*s (%s)\n", JC_FMT(jc_buf_str(&text)), err->detail);
    jc_fleet_stop("the database refuses");
}

void *jc_fleet_alloc(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        jc_fleet_stop("out of memory");
    return memory;
}

void *jc_fleet_more(void *list, size_t count, size_t size) {
    void *more = reallocarray(list, count, size);
    if (!more)
        jc_fleet_stop("out of memory");
    return more;
}

int64_t jc_fleet_now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* --- the database ---------------------------------------------------------------------------------- */

struct fleet {
    struct jc_fleet_terminal *const *terminals;
    int count;
};

static const char SQL_REGISTER[] = "UPDATE agency SET code = 'bench', name = 'bench', level = 'city', year = 2026;"
                                   "INSERT INTO rule VALUES (1, 'r', 0, 'R', 1, 1, 1);";

static const char SQL_TEAM[] = "INSERT INTO team VALUES (1, $1, $2, 'T', 'bureau', 2, NULL, NULL)";
static const char SQL_INSPECTOR[] = "INSERT INTO inspector VALUES (1, $1, $2, 'I', $3, '', NULL, '', '')";

/* A team of two inspectors for each terminal: who syncs hears of the own team's work. */
static enum jc_code add_team(struct jc_tx *tx, const struct jc_fleet_terminal *t, int position, struct jc_err *err) {
    enum jc_code code = jc_tx_exec(tx, SQL_TEAM, JC_VALUES(jc_text(jc_str(t->team)), jc_int(position)), err);
    for (int i = 0; code == JC_OK && i < 2; i++) {
        code = jc_tx_exec(
            tx, SQL_INSPECTOR,
            JC_VALUES(jc_text(jc_str(t->inspectors[i])), jc_int(2 * position + i), jc_text(jc_str(t->team))), err);
    }
    return code;
}

static const char SQL_BLOCK[] = "INSERT INTO number_block VALUES (1, $1, $2, $3, $4, $5, 0, '')";

/* Its n-th block of a kind. */
static enum jc_code add_block(struct jc_tx *tx, const struct jc_fleet_terminal *t, int kind, int64_t n,
                              struct jc_err *err) {
    struct jc_clock clock = jc_clock_system();
    int64_t first = 1 + (n * t->places + t->place) * BLOCK;
    return jc_tx_exec(tx, SQL_BLOCK,
                      JC_VALUES(jc_int(kind), jc_int(jc_date_of_ms(jc_clock_now_ms(&clock)).year), jc_int(first),
                                jc_int(first + BLOCK - 1), jc_bytes(t->device_id.bytes, JC_UUID_SIZE)),
                      err);
}

static enum jc_code add_device(struct jc_tx *tx, struct jc_fleet_terminal *t, struct jc_err *err) {
    struct jc_clock clock = jc_clock_system();
    uint8_t public_key[JC_SIGN_PUBLIC_SIZE], hash[JC_SHA256_SIZE];
    jc_token_make(t->token, hash);
    jc_sign_keypair(public_key, t->secret);
    t->device_id = jc_uuid7(&clock);
    struct jc_device device = {.agency_id = 1,
                               .device_id = t->device_id,
                               .name = JC_STR("bench"),
                               .inspector_id = jc_str(t->inspectors[0]),
                               .app_version = JC_STR("1")};
    struct jc_str key = {(const char *)public_key, sizeof public_key};
    enum jc_code code = jc_device_insert(tx, &device, hash, key, err);
    for (int kind = 1; !code && kind <= DOCUMENT_KINDS; kind++)
        code = add_block(tx, t, kind, 0, err);
    return code;
}

static enum jc_code enroll(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct fleet *fleet = ctx;
    enum jc_code code = jc_tx_script(tx, SQL_REGISTER, err);
    for (int i = 0; code == JC_OK && i < fleet->count; i++) {
        struct jc_fleet_terminal *t = fleet->terminals[i];
        snprintf(t->team, sizeof t->team, "t%d", i);
        snprintf(t->inspectors[0], sizeof t->inspectors[0], "t%d-1", i);
        snprintf(t->inspectors[1], sizeof t->inspectors[1], "t%d-2", i);
        t->place = i;
        t->places = fleet->count;
        code = add_team(tx, t, i, err);
        if (code == JC_OK)
            code = add_device(tx, t, err);
    }
    return code;
}

void jc_fleet_make(const char *path, struct jc_fleet_terminal *const *terminals, int count) {
    struct jc_db_config config = {.path = path, .create = true};
    struct fleet fleet = {terminals, count};
    struct jc_clock clock = jc_clock_system();
    struct jc_err err = {0};
    struct jc_db *db = NULL;
    if (!jc_id_init())
        jc_fleet_stop("libsodium does not start");
    must(jc_db_open(&config, &db, &err), &err);
    must(jc_store_create(db, &clock, &err), &err);
    must(jc_db_write_wait(db, 1, enroll, &fleet, &err), &err);
    jc_db_close(db);
}

struct lease {
    struct jc_fleet_terminal *const *terminals;
    int count;
    int64_t records;
};

static enum jc_code lease(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct lease *lease = ctx;
    enum jc_code code = JC_OK;
    for (int64_t n = 1; !code && n * BLOCK < lease->records; n++) {
        for (int i = 0; !code && i < lease->count; i++)
            code = add_block(tx, lease->terminals[i], 1, n, err);
    }
    return code;
}

void jc_fleet_lease(const char *path, struct jc_fleet_terminal *const *terminals, int count, int64_t records) {
    struct jc_db_config config = {.path = path};
    struct lease leases = {terminals, count, records};
    struct jc_err err = {0};
    struct jc_db *db = NULL;
    must(jc_db_open(&config, &db, &err), &err);
    must(jc_db_write_wait(db, 1, lease, &leases, &err), &err);
    jc_db_close(db);
}

int jc_fleet_next_number(struct jc_fleet_terminal *terminal) {
    int used = terminal->numbers_used++;
    return 1 + (used / BLOCK * terminal->places + terminal->place) * BLOCK + used % BLOCK;
}

static const char SQL_ADD_UNITS[] =
    "WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < $1)"
    "INSERT INTO unit (agency_id, unit_id, position, name, aliases, address, district, industry, category,"
    "                  key_reasons, credit_code, hazards, risk, persons, days_centi, blackout_months,"
    "                  preferred_months, last_visit)"
    "SELECT 1, 'u' || n, n, 'U' || n, '', '', '', '', 'key', '', '', '', 0, 2, 100, 0, 0, NULL FROM number WHERE 1 "
    "ON CONFLICT DO NOTHING";

struct statement {
    const char *sql;
    int64_t value;
};

static enum jc_code run_statement(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct statement *statement = ctx;
    return jc_tx_exec(tx, statement->sql, JC_VALUES(jc_int(statement->value)), err);
}

void jc_fleet_exec(const char *path, const char *sql, int64_t value) {
    struct jc_db_config config = {.path = path};
    struct statement statement = {sql, value};
    struct jc_err err = {0};
    struct jc_db *db = NULL;
    must(jc_db_open(&config, &db, &err), &err);
    must(jc_db_write_wait(db, 1, run_statement, &statement, &err), &err);
    jc_db_close(db);
}

void jc_fleet_add_units(const char *path, int64_t count) {
    jc_fleet_exec(path, SQL_ADD_UNITS, count);
}

#define NUMBERS "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < $1) "

static const char SQL_OLD_OPERATIONS[] = NUMBERS
    "INSERT INTO operation SELECT 1099511627776 + n, 1, CAST(printf('%016d', n) AS BLOB), 2, d.device_id, 't0-1',"
    " 1700000000000 + n, NULL, randomblob(450), randomblob(32), randomblob(32), randomblob(64), x'', 1, 0, 0,"
    " '', randomblob(32), NULL FROM number, (SELECT device_id FROM device LIMIT 1) AS d";
static const char SQL_OLD_INSPECTIONS[] =
    NUMBERS "INSERT INTO inspection SELECT 1, CAST(printf('%016d', n) AS BLOB), 1099511627776 + n, NULL, 1, 0,"
            " 'old' || (n % 8580), 't0', 1700000000000 + n, 1700003600000 + n, 't0-1;t0-2', 1, 1, 200, 200, NULL, NULL,"
            " 0, NULL FROM number";
static const char SQL_OLD_FINDINGS[] =
    NUMBERS "INSERT INTO finding SELECT (1099511627776 + n) * 1024 + k, 1, randomblob(16), 1, 0, NULL, NULL, NULL"
            " FROM number, (SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3)";
static const char SQL_OLD_HEAD[] = "UPDATE agency_head SET operation_no = $1 WHERE agency_id = 1";

void jc_fleet_add_history(const char *path, int64_t records) {
    jc_fleet_exec(path, SQL_OLD_OPERATIONS, records);
    jc_fleet_exec(path, SQL_OLD_INSPECTIONS, records);
    jc_fleet_exec(path, SQL_OLD_FINDINGS, records);
    jc_fleet_exec(path, SQL_OLD_HEAD, records);
}

static enum jc_code count_operations(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_tx_int64(tx, "SELECT COUNT(*) FROM operation", JC_NO_VALUES, ctx, err);
}

int64_t jc_fleet_operations(const char *path) {
    struct jc_db_config config = {.path = path};
    struct jc_err err = {0};
    struct jc_db *db = NULL;
    int64_t count = 0;
    must(jc_db_open(&config, &db, &err), &err);
    must(jc_db_read(db, count_operations, &count, &err), &err);
    jc_db_close(db);
    return count;
}

/* --- the server's process ---------------------------------------------------------------------------- */

static _Noreturn void become_server(const char *program, const char *database, const char *log, int out,
                                    const char *const *arguments) {
    const char *argv[ARGUMENTS_MAX + 8] = {program, "serve", "--db", database, "--listen", "127.0.0.1:0"};
    for (int i = 0; arguments && arguments[i] && i < ARGUMENTS_MAX; i++)
        argv[6 + i] = arguments[i];
    int log_fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, 1);
    dup2(log_fd, 2);
    execv(program, (char *const *)argv);
    _exit(127);
}

/* The first words of the server, at least a line; false if it ends or is silent instead. */
static bool read_line(int fd, char *line, size_t size) {
    struct pollfd words = {.fd = fd, .events = POLLIN};
    size_t got = 0;
    while (got < size - 1 && !memchr(line, '\n', got)) {
        ssize_t n = poll(&words, 1, START_MS) == 1 ? read(fd, line + got, size - 1 - got) : 0;
        if (n <= 0)
            return false;
        got += (size_t)n;
        line[got] = '\0';
    }
    return true;
}

static _Noreturn void stop_for_dead(const struct jc_fleet_server *server, const char *log) {
    int status = 0;
    bool ended = waitpid(server->pid, &status, WNOHANG) == server->pid;
    if (ended && WIFEXITED(status))
        fprintf(stderr, "the server ended with exit status %d; its log is %s\n", WEXITSTATUS(status), log);
    else if (ended)
        fprintf(stderr, "the server ended by signal %d; its log is %s\n", WTERMSIG(status), log);
    jc_fleet_stop("the server did not start");
}

struct jc_fleet_server jc_fleet_serve(const char *program, const char *database, const char *log,
                                      const char *const *arguments) {
    int out[2];
    if (pipe2(out, O_CLOEXEC) != 0)
        jc_fleet_stop("pipe");
    int64_t begin = jc_fleet_now_ns();
    struct jc_fleet_server server = {.pid = fork()};
    if (server.pid == 0)
        become_server(program, database, log, out[1], arguments);
    close(out[1]);
    char line[256] = "";
    if (!read_line(out[0], line, sizeof line))
        stop_for_dead(&server, log);
    const char *at = strstr(line, "127.0.0.1:");
    if (!at)
        jc_fleet_stop("the server names no port");
    server.port = atoi(at + 10);
    const char *tls = strstr(at, "listening with TLS on 127.0.0.1:"); /* in the same piece */
    server.tls_port = tls ? atoi(strrchr(tls, ':') + 1) : 0;
    server.started_in_ns = jc_fleet_now_ns() - begin;
    close(out[0]);
    return server;
}

void jc_fleet_end(struct jc_fleet_server *server) {
    int status = 0;
    kill(server->pid, SIGTERM);
    waitpid(server->pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        jc_fleet_stop("the server did not end well");
}

void jc_fleet_kill(struct jc_fleet_server *server) {
    int status = 0;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, &status, 0);
}

int64_t jc_fleet_cpu_us(pid_t pid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file || !fgets(text, sizeof text, file))
        jc_fleet_stop("no /proc/PID/stat");
    fclose(file);
    unsigned long user = 0, system = 0;
    sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    return (int64_t)(user + system) * 1000000 / sysconf(_SC_CLK_TCK);
}

long jc_fleet_resident_kb(pid_t pid) {
    char path[64], line[256];
    long kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = atol(line + 6);
    }
    if (file)
        fclose(file);
    return kb;
}

int jc_fleet_dial(int port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        jc_fleet_stop("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}
