/* Load for a real server: paced by its answers, one request in flight per terminal.
 *
 *   jc_bench_sync --program build/bin/jiancha --connections 64 --records 20 --seconds 5 --dir FOLDER
 *
 * Makes a database with one terminal per connection, starts `jiancha serve` on it, sends ad hoc
 * inspections with four findings each (the size of a record in the field), every operation signed by
 * its terminal and every id new, then stops the server and counts what the database holds. All requests
 * are made before the clock starts. Prints one JSON object. Any answer that is not 200, any record not
 * applied or not durable ends it with exit 1. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "auth/token.h"
#include "base/sign.h"
#include "jiancha/v1/sync_service.pb-c.h"
#include "store/device.h"
#include "store/store.h"

enum { FINDINGS = 4, RESPONSE_MAX = 1 << 18, SAMPLES_MAX = 1 << 22 };

struct settings {
    const char *program, *dir;
    int connections, records, seconds, rate; /* rate: records/s to make requests for, per connection */
};

struct terminal {
    struct jc_uuid device_id;
    char token[JC_TOKEN_TEXT];
    char team[16], inspectors[2][16];
    uint8_t secret[JC_SIGN_SECRET_SIZE];
    struct jc_str *requests; /* whole HTTP requests */
    size_t request_count, next;
    int fd;
    size_t sent, received;
    char response[RESPONSE_MAX];
    int64_t started_ns;
};

static pid_t server_pid; /* ended with us, whatever happens */

static void end_server(void) {
    if (server_pid > 0)
        kill(server_pid, SIGKILL);
}

static _Noreturn void stop(const char *what) {
    fprintf(stderr, "jc_bench_sync: %s\n", what);
    exit(1);
}

static void must(enum jc_code code, const struct jc_err *err) {
    if (code == JC_OK)
        return;
    struct jc_buf text;
    jc_buf_init(&text, 4096);
    jc_err_render(&text, JC_EN, err);
    fprintf(stderr, "jc_bench_sync: %.*s (%s)\n", JC_FMT(jc_buf_str(&text)), err->detail);
    exit(1);
}

static int64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* --- the database ---------------------------------------------------------------------------------- */

static const char REGISTER[] =
    "UPDATE agency SET code = 'bench', name = 'bench', level = 'city', year = 2026;"
    "INSERT INTO rule VALUES (1, 'r', 0, 'R', 1, 1, 1);"
    "INSERT INTO unit (agency_id, unit_id, position, name, aliases, address, district, industry, category,"
    "                  key_reasons, credit_code, hazards, risk, persons, days_centi, blackout_months,"
    "                  preferred_months, last_visit)"
    "VALUES (1, 'u', 0, 'U', '', '', '', '', 'key', '', '', '', 0, 2, 100, 0, 0, NULL);";

struct fleet {
    struct terminal *terminals;
    int count;
};

static const char SQL_TEAM[] = "INSERT INTO team VALUES (1, $1, $2, 'T', 'bureau', 2, NULL, NULL)";
static const char SQL_INSPECTOR[] = "INSERT INTO inspector VALUES (1, $1, $2, 'I', $3, '', NULL, '', '')";

/* A team of two inspectors for each terminal: who syncs hears of the own team's work. */
static enum jc_code add_team(struct jc_tx *tx, const struct terminal *t, int position, struct jc_err *err) {
    enum jc_code code = jc_tx_exec(tx, SQL_TEAM, JC_VALUES(jc_text(jc_str(t->team)), jc_int(position)), err);
    for (int i = 0; code == JC_OK && i < 2; i++) {
        code = jc_tx_exec(
            tx, SQL_INSPECTOR,
            JC_VALUES(jc_text(jc_str(t->inspectors[i])), jc_int(2 * position + i), jc_text(jc_str(t->team))), err);
    }
    return code;
}

static enum jc_code add_device(struct jc_tx *tx, struct terminal *t, struct jc_err *err) {
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
    return jc_device_insert(tx, &device, hash, key, err);
}

static enum jc_code enroll(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct fleet *fleet = ctx;
    enum jc_code code = jc_tx_script(tx, REGISTER, err);
    for (int i = 0; code == JC_OK && i < fleet->count; i++) {
        struct terminal *t = &fleet->terminals[i];
        snprintf(t->team, sizeof t->team, "t%d", i);
        snprintf(t->inspectors[0], sizeof t->inspectors[0], "t%d-1", i);
        snprintf(t->inspectors[1], sizeof t->inspectors[1], "t%d-2", i);
        code = add_team(tx, t, i, err);
        if (code == JC_OK)
            code = add_device(tx, t, err);
    }
    return code;
}

static void make_database(const char *path, struct fleet *fleet) {
    struct jc_db_config config = {.path = path, .create = true};
    struct jc_clock clock = jc_clock_system();
    struct jc_err err = {0};
    struct jc_db *db = NULL;
    must(jc_db_open(&config, &db, &err), &err);
    must(jc_store_create(db, &clock, &err), &err);
    must(jc_db_write_wait(db, 1, enroll, fleet, &err), &err);
    jc_db_close(db);
}

static enum jc_code count_records(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_tx_int64(tx, "SELECT COUNT(*) FROM inspection WHERE is_record = 1", JC_NO_VALUES, ctx, err);
}

static int64_t durable_records(const char *path) {
    struct jc_db_config config = {.path = path};
    struct jc_err err = {0};
    struct jc_db *db = NULL;
    int64_t count = 0;
    must(jc_db_open(&config, &db, &err), &err);
    must(jc_db_read(db, count_records, &count, &err), &err);
    jc_db_close(db);
    return count;
}

/* --- requests -------------------------------------------------------------------------------------- */

static ProtobufCBinaryData bytes_of(struct jc_uuid *id) {
    return (ProtobufCBinaryData){sizeof id->bytes, id->bytes};
}

static const char *const FINDING_TEXTS[FINDINGS] = {
    "三楼车间安全出口被货物堵塞，疏散通道宽度不足",
    "配电箱未设置明显的安全警示标志，箱门无法关闭",
    "有限空间作业未见审批票，现场无气体检测记录",
    "特种作业人员操作证已过期，未按期参加复审",
};

static Jc__Finding findings[FINDINGS];
static Jc__Finding *finding_list[FINDINGS];
static struct jc_uuid finding_ids[FINDINGS];

/* The serialised body of one new record; malloc'd. */
static struct jc_str make_body(struct terminal *t, const struct jc_clock *clock) {
    struct jc_uuid inspection_id = jc_uuid7(clock);
    Google__Protobuf__Timestamp start = GOOGLE__PROTOBUF__TIMESTAMP__INIT, end = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    start.seconds = jc_clock_now_ms(clock) / 1000 - 7200;
    end.seconds = start.seconds + 3600;
    for (int i = 0; i < FINDINGS; i++) {
        finding_ids[i] = jc_uuid7(clock);
        jc__finding__init(&findings[i]);
        findings[i].finding_id = bytes_of(&finding_ids[i]);
        findings[i].description = (char *)FINDING_TEXTS[i];
        findings[i].legal_basis = (char *)"安全生产法";
        findings[i].outcome = JC__FINDING_OUTCOME__FINDING_OUTCOME_CORRECTED_ON_SITE;
        finding_list[i] = &findings[i];
    }
    Jc__Signed signed_by = JC__SIGNED__INIT;
    signed_by.name = (char *)"王某";
    signed_by.position = (char *)"安全总监";
    Jc__UnitSignature signature = JC__UNIT_SIGNATURE__INIT;
    signature.result_case = JC__UNIT_SIGNATURE__RESULT_SIGNED;
    signature.signed_ = &signed_by;
    Jc__TeamWorkdays workdays = JC__TEAM_WORKDAYS__INIT;
    workdays.team_id = t->team;
    workdays.workdays_centi = 200;
    char *inspectors[] = {t->inspectors[0], t->inspectors[1]};
    Jc__TeamWorkdays *workdays_list[] = {&workdays};
    Jc__Inspection inspection = JC__INSPECTION__INIT;
    inspection.inspection_id = bytes_of(&inspection_id);
    inspection.unit_id = (char *)"u";
    inspection.started_at = &start;
    inspection.ended_at = &end;
    inspection.inspector_ids = inspectors;
    inspection.n_inspector_ids = 2;
    inspection.mode = JC__VISIT_MODE__VISIT_MODE_ONSITE;
    inspection.outcome = JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_COMPLETED;
    inspection.place = (char *)"生产车间";
    inspection.findings = finding_list;
    inspection.n_findings = FINDINGS;
    inspection.signature = &signature;
    inspection.workdays = workdays_list;
    inspection.n_workdays = 1;
    Jc__AddAdHocInspection command = JC__ADD_AD_HOC_INSPECTION__INIT;
    command.inspection = &inspection;
    command.reason = (char *)"举报核查";
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    body.device_time = &end;
    body.command_case = JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION;
    body.add_ad_hoc_inspection = &command;
    size_t size = jc__operation_body__get_packed_size(&body);
    uint8_t *packed = malloc(size);
    if (!packed)
        stop("out of memory");
    jc__operation_body__pack(&body, packed);
    return (struct jc_str){(const char *)packed, size};
}

/* A whole HTTP request with `records` operations behind the cursor that the terminal's first sync left. */
static struct jc_str make_request(struct terminal *t, int records, const struct jc_clock *clock, struct jc_str cursor) {
    Jc__Operation *operations = calloc((size_t)records, sizeof *operations);
    Jc__Operation **list = calloc((size_t)records, sizeof *list);
    struct jc_uuid *ids = calloc((size_t)records, sizeof *ids);
    uint8_t(*signatures)[JC_SIGNATURE_SIZE] = calloc((size_t)records, sizeof *signatures);
    if (!operations || !list || !ids || !signatures)
        stop("out of memory");
    for (int i = 0; i < records; i++) {
        struct jc_str body = make_body(t, clock);
        ids[i] = jc_uuid7(clock);
        jc_sign(body, t->secret, signatures[i]);
        jc__operation__init(&operations[i]);
        operations[i].id = bytes_of(&ids[i]);
        operations[i].body = (ProtobufCBinaryData){body.len, (uint8_t *)body.ptr};
        operations[i].signature = (ProtobufCBinaryData){JC_SIGNATURE_SIZE, signatures[i]};
        list[i] = &operations[i];
    }
    Jc__SyncRequest request = JC__SYNC_REQUEST__INIT;
    request.cursor = (ProtobufCBinaryData){cursor.len, (uint8_t *)cursor.ptr};
    request.operations = list;
    request.n_operations = (size_t)records;
    size_t size = jc__sync_request__get_packed_size(&request);
    char *text = malloc(size + 512);
    if (!text)
        stop("out of memory");
    int head =
        snprintf(text, 512,
                 "POST /jiancha.v1.SyncService/Sync HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/proto\r\n"
                 "Connect-Protocol-Version: 1\r\nAuthorization: Bearer %s\r\nContent-Length: %zu\r\n\r\n",
                 t->token, size);
    jc__sync_request__pack(&request, (uint8_t *)text + head);
    for (int i = 0; i < records; i++)
        free(operations[i].body.data);
    free(operations);
    free(list);
    free(ids);
    free(signatures);
    return (struct jc_str){text, (size_t)head + size};
}

/* --- answers --------------------------------------------------------------------------------------- */

/* The body of a complete answer; ptr NULL while it is not complete. */
static struct jc_str body_of(const struct terminal *t) {
    const char *end = memmem(t->response, t->received, "\r\n\r\n", 4);
    if (!end)
        return (struct jc_str){0};
    size_t head = (size_t)(end + 4 - t->response), length = 0;
    const char *field = memmem(t->response, head, "\r\nContent-Length:", 17);
    if (!field)
        stop("an answer without Content-Length");
    length = strtoul(field + 17, NULL, 10);
    if (t->received < head + length)
        return (struct jc_str){0};
    return (struct jc_str){t->response + head, length};
}

static Jc__SyncResponse *parse(const struct terminal *t, struct jc_str body) {
    if (strncmp(t->response, "HTTP/1.1 200", 12) != 0) {
        fprintf(stderr, "%.*s\n", (int)t->received, t->response);
        stop("an answer that is not 200");
    }
    Jc__SyncResponse *response = jc__sync_response__unpack(NULL, body.len, (const uint8_t *)body.ptr);
    if (!response)
        stop("an answer that is no SyncResponse");
    return response;
}

static void check_applied(const struct terminal *t, struct jc_str body, int records) {
    Jc__SyncResponse *response = parse(t, body);
    if (response->n_results != (size_t)records)
        stop("results are missing");
    for (size_t i = 0; i < response->n_results; i++) {
        if (response->results[i]->status != JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED) {
            fprintf(stderr, "%s: %s\n", response->results[i]->code, response->results[i]->reason_en);
            stop("a record that was not applied");
        }
    }
    jc__sync_response__free_unpacked(response, NULL);
}

/* --- the server ------------------------------------------------------------------------------------ */

struct server {
    pid_t pid;
    int port;
};

static struct server start_server(const char *program, const char *database, const char *log) {
    int out[2];
    if (pipe(out) != 0)
        stop("pipe");
    struct server server = {.pid = fork()};
    server_pid = server.pid;
    if (server.pid == 0) {
        int log_fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(out[1], 1);
        dup2(log_fd, 2);
        close(out[0]);
        execl(program, program, "serve", "--db", database, "--listen", "127.0.0.1:0", (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    char line[256] = "";
    size_t got = 0;
    while (got < sizeof line - 1 && !memchr(line, '\n', got)) {
        ssize_t n = read(out[0], line + got, sizeof line - 1 - got);
        if (n <= 0)
            stop("the server did not start");
        got += (size_t)n;
    }
    line[got] = '\0';
    const char *at = strstr(line, "127.0.0.1:");
    if (!at)
        stop("the server names no port");
    server.port = atoi(at + 10);
    close(out[0]);
    return server;
}

/* User and system time of the process in microseconds. */
static int64_t cpu_us(pid_t pid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file || !fgets(text, sizeof text, file))
        stop("no /proc/PID/stat");
    fclose(file);
    unsigned long user = 0, system = 0;
    sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    return (int64_t)(user + system) * 1000000 / sysconf(_SC_CLK_TCK);
}

static long resident_kb(pid_t pid) {
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

static void dial(struct terminal *t, int port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    t->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (t->fd < 0 || connect(t->fd, (struct sockaddr *)&address, sizeof address) != 0)
        stop("connect");
    setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* One request and its whole answer, blocking: fetches everything up to now and returns the cursor. */
static struct jc_str first_sync(struct terminal *t, const struct jc_clock *clock) {
    struct jc_str cursor = {0};
    bool more = true;
    while (more) {
        struct jc_str request = make_request(t, 0, clock, cursor), body = {0};
        if (send(t->fd, request.ptr, request.len, MSG_NOSIGNAL) != (ssize_t)request.len)
            stop("send");
        for (t->received = 0; !body.ptr; body = body_of(t)) {
            ssize_t n = recv(t->fd, t->response + t->received, sizeof t->response - t->received, 0);
            if (n <= 0)
                stop("recv");
            t->received += (size_t)n;
        }
        Jc__SyncResponse *response = parse(t, body);
        char *copy = malloc(response->cursor.len + 1);
        memcpy(copy, response->cursor.data, response->cursor.len);
        cursor = (struct jc_str){copy, response->cursor.len};
        more = response->has_more;
        jc__sync_response__free_unpacked(response, NULL);
        free((char *)request.ptr);
    }
    return cursor;
}

/* --- the run --------------------------------------------------------------------------------------- */

struct run {
    const struct settings *settings;
    struct fleet *fleet;
    int epoll;
    int64_t end_ns;
    int live;
    int64_t *samples_ns;
    size_t sample_count;
};

static void push_out(struct run *run, struct terminal *t) {
    struct jc_str request = t->requests[t->next];
    while (t->sent < request.len) {
        ssize_t n = send(t->fd, request.ptr + t->sent, request.len - t->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0)
            stop("send");
        t->sent += (size_t)n;
    }
    struct epoll_event event = {.events = t->sent < request.len ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = t};
    epoll_ctl(run->epoll, EPOLL_CTL_MOD, t->fd, &event);
}

static void start_request(struct run *run, struct terminal *t) {
    t->sent = t->received = 0;
    t->started_ns = now_ns();
    push_out(run, t);
}

static void take_answer(struct run *run, struct terminal *t) {
    ssize_t n = recv(t->fd, t->response + t->received, sizeof t->response - t->received, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        stop("the server closed a connection");
    t->received += (size_t)n;
    struct jc_str body = body_of(t);
    if (!body.ptr)
        return;
    if (run->sample_count < SAMPLES_MAX)
        run->samples_ns[run->sample_count++] = now_ns() - t->started_ns;
    check_applied(t, body, run->settings->records);
    if (++t->next == t->request_count || now_ns() >= run->end_ns)
        run->live--;
    else
        start_request(run, t);
}

static double drive(struct run *run) {
    struct epoll_event events[256];
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    run->live = run->fleet->count;
    for (int i = 0; i < run->fleet->count; i++) {
        struct terminal *t = &run->fleet->terminals[i];
        fcntl(t->fd, F_SETFL, O_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = t};
        epoll_ctl(run->epoll, EPOLL_CTL_ADD, t->fd, &event);
    }
    int64_t begin = now_ns();
    run->end_ns = begin + (int64_t)run->settings->seconds * 1000000000;
    for (int i = 0; i < run->fleet->count; i++)
        start_request(run, &run->fleet->terminals[i]);
    while (run->live > 0) {
        int count = epoll_wait(run->epoll, events, 256, 30000);
        if (count <= 0)
            stop("no answer for 30 seconds");
        for (int i = 0; i < count; i++) {
            struct terminal *t = events[i].data.ptr;
            if (events[i].events & EPOLLOUT)
                push_out(run, t);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                take_answer(run, t);
        }
    }
    close(run->epoll);
    return (double)(now_ns() - begin) / 1e9;
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double percentile_ms(const struct run *run, double part) {
    return run->sample_count ? (double)run->samples_ns[(size_t)((double)(run->sample_count - 1) * part)] / 1e6 : 0;
}

/* --- main ------------------------------------------------------------------------------------------ */

static struct settings parse_settings(int argc, char **argv) {
    static const struct option options[] = {
        {"program", required_argument, NULL, 'p'},
        {"dir", required_argument, NULL, 'd'},
        {"connections", required_argument, NULL, 'c'},
        {"records", required_argument, NULL, 'r'},
        {"seconds", required_argument, NULL, 's'},
        {"rate", required_argument, NULL, 'q'},
        {0},
    };
    struct settings settings = {.connections = 64, .records = 1, .seconds = 5, .rate = 1000};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'p':
            settings.program = optarg;
            break;
        case 'd':
            settings.dir = optarg;
            break;
        case 'c':
            settings.connections = atoi(optarg);
            break;
        case 'r':
            settings.records = atoi(optarg);
            break;
        case 's':
            settings.seconds = atoi(optarg);
            break;
        case 'q':
            settings.rate = atoi(optarg);
            break;
        default:
            exit(2);
        }
    }
    if (!settings.program || !settings.dir || settings.connections < 1 || settings.records < 1)
        stop("usage: --program FILE --dir FOLDER [--connections N] [--records N] [--seconds S] [--rate N]");
    return settings;
}

static void prepare(struct fleet *fleet, const struct settings *settings, int port) {
    struct jc_clock clock = jc_clock_system();
    for (int i = 0; i < fleet->count; i++) {
        struct terminal *t = &fleet->terminals[i];
        dial(t, port);
        struct jc_str cursor = first_sync(t, &clock);
        t->request_count = (size_t)settings->rate * (size_t)settings->seconds / (size_t)settings->records + 1;
        t->requests = calloc(t->request_count, sizeof *t->requests);
        for (size_t r = 0; r < t->request_count; r++)
            t->requests[r] = make_request(t, settings->records, &clock, cursor);
        free((char *)cursor.ptr);
    }
}

int main(int argc, char **argv) {
    struct settings settings = parse_settings(argc, argv);
    char database[512], log[512];
    snprintf(database, sizeof database, "%s/bench.db", settings.dir);
    snprintf(log, sizeof log, "%s/bench.log", settings.dir);
    struct fleet fleet = {calloc((size_t)settings.connections, sizeof(struct terminal)), settings.connections};
    struct run run = {.settings = &settings, .fleet = &fleet, .samples_ns = malloc(SAMPLES_MAX * sizeof(int64_t))};
    if (!fleet.terminals || !run.samples_ns || !jc_id_init())
        stop("out of memory");
    atexit(end_server);
    make_database(database, &fleet);
    struct server server = start_server(settings.program, database, log);
    long idle_kb = resident_kb(server.pid);
    prepare(&fleet, &settings, server.port);
    int64_t cpu_before = cpu_us(server.pid);
    double seconds = drive(&run);
    int64_t cpu = cpu_us(server.pid) - cpu_before;
    long loaded_kb = resident_kb(server.pid);
    for (int i = 0; i < fleet.count; i++)
        close(fleet.terminals[i].fd);
    kill(server.pid, SIGTERM);
    int status = 0;
    waitpid(server.pid, &status, 0);
    server_pid = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        stop("the server did not end well");
    int64_t records = (int64_t)run.sample_count * settings.records;
    if (durable_records(database) != records)
        stop("records that were acknowledged are not in the database");
    qsort(run.samples_ns, run.sample_count, sizeof(int64_t), by_size);
    printf("{\"connections\": %d, \"records_a_request\": %d, \"records\": %lld, \"seconds\": %.3f, "
           "\"records_per_s\": %.1f, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"cpu_us_per_record\": %.1f, "
           "\"idle_kb\": %ld, \"loaded_kb\": %ld}\n",
           settings.connections, settings.records, (long long)records, seconds, (double)records / seconds,
           percentile_ms(&run, 0.5), percentile_ms(&run, 0.99), (double)cpu / (double)records, idle_kb, loaded_kb);
    return 0;
}
