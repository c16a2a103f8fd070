/* A real server in this process on a free port, over the world of jc_world.h in a file, and a client
 * made of plain sockets, so that a test can send exactly the bytes it means. */
#ifndef JC_HTTP_TEST_H
#define JC_HTTP_TEST_H

#include "jc_world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/log.h"
#include "http/server.h"

enum { HANG_S = 60 }; /* a guard against hanging, not an expectation */

struct site {
    char folder[JC_TEST_PATH], log_path[JC_TEST_PATH + 16];
    struct jc_db *db;
    struct jc_server *server;
    int port;
    int log_fd;
};

/* `tended`: the database's log is moved into the file beside the commits, as by `jiancha serve`. */
static inline void site_open_tended(struct site *site, struct jc_server_config config, const char *password,
                                    bool tended) {
    char path[JC_TEST_PATH + 16];
    struct jc_err err = {0};
    memset(site, 0, sizeof *site);
    assert_true(jc_id_init());
    jc_test_folder(site->folder);
    snprintf(path, sizeof path, "%s/jiancha.db", site->folder);
    snprintf(site->log_path, sizeof site->log_path, "%s/log", site->folder);
    site->log_fd = open(site->log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    jc_log_setup(site->log_fd, JC_LOG_DEBUG);
    struct jc_db_config db_config = {.path = path, .create = true, .checkpoint_thread = tended};
    CHECK_OK("open", jc_db_open(&db_config, &site->db, &err), &err);
    CHECK_OK("create", jc_store_create(site->db, &jc_test_clock, &err), &err);
    jc_world_fill(site->db, password);
    config.db = site->db;
    config.clock = jc_test_clock;
    CHECK_OK("start", jc_server_start(&config, &site->server, &err), &err);
    site->port = jc_server_port(site->server);
    assert_in_range(site->port, 1, 65535);
}

static inline void site_open(struct site *site, struct jc_server_config config, const char *password) {
    site_open_tended(site, config, password, false);
}

static inline void site_close(struct site *site) {
    jc_server_stop(site->server, 10000);
    jc_db_close(site->db);
    jc_log_setup(2, JC_LOG_INFO);
    close(site->log_fd);
    jc_test_folder_remove(site->folder);
}

/* --- the client ---------------------------------------------------------------------------------------- */

static inline int dial(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval hang = {.tv_sec = HANG_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &hang, sizeof hang);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &hang, sizeof hang);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

static inline bool send_bytes(int fd, const void *bytes, size_t len) {
    const char *at = bytes;
    while (len) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        len -= (size_t)sent;
    }
    return true;
}

static inline bool send_text(int fd, const char *text) {
    return send_bytes(fd, text, strlen(text));
}

enum { HEAD_MAX = 4096, BODY_SPACE = 1 << 20 };

struct answer {
    int status; /* 0: the connection ended instead */
    char head[HEAD_MAX];
    char *body; /* NUL-terminated; answer_free */
    size_t len;
};

static inline void answer_free(struct answer *answer) {
    free(answer->body);
    answer->body = NULL;
}

/* The value of a header of the answer, NULL if absent. */
static inline const char *answer_header(const struct answer *answer, const char *name, char value[256]) {
    const char *line = answer->head;
    size_t len = strlen(name);
    while ((line = strstr(line, "\r\n")) != NULL) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            size_t n = strcspn(line + len + 1, "\r\n");
            snprintf(value, 256, "%.*s", (int)n, line + len + 1);
            return value + strspn(value, " ");
        }
    }
    return NULL;
}

/* Reads exactly one answer, so that more may follow on the connection; a 100 Continue is skipped. */
static inline void read_answer_to(int fd, const char *method, struct answer *answer) {
    size_t len = 0;
    char value[256];
    memset(answer, 0, sizeof *answer);
    while (len < HEAD_MAX - 1 && recv(fd, answer->head + len, 1, 0) == 1) {
        answer->head[++len] = '\0';
        if (len < 4 || memcmp(answer->head + len - 4, "\r\n\r\n", 4) != 0)
            continue;
        if (strncmp(answer->head, "HTTP/1.1 100", 12) != 0)
            break;
        len = 0;
    }
    if (len < 4 || sscanf(answer->head, "HTTP/1.%*d %d", &answer->status) != 1)
        return;
    const char *length = answer_header(answer, "Content-Length", value);
    answer->len = length && strcmp(method, "HEAD") != 0 ? (size_t)strtoul(length, NULL, 10) : 0;
    answer->body = calloc(1, answer->len + 1);
    assert_non_null(answer->body);
    size_t got = 0;
    while (got < answer->len) {
        ssize_t n = recv(fd, answer->body + got, answer->len - got, 0);
        if (n <= 0) {
            answer->status = 0;
            return;
        }
        got += (size_t)n;
    }
}

static inline void read_answer(int fd, struct answer *answer) {
    read_answer_to(fd, "", answer);
}

/* Whether the server ended the connection (and sent nothing before). */
static inline bool is_closed(int fd) {
    char byte;
    return recv(fd, &byte, 1, 0) <= 0;
}

/* Sends a call; `headers` are further header lines, each with its CRLF, or "". */
static inline bool send_call(int fd, const char *path, const char *token, const char *headers, const void *body,
                             size_t len) {
    char head[2048];
    snprintf(head, sizeof head,
             "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/proto\r\nConnect-Protocol-Version: 1\r\n"
             "%s%s%s%sContent-Length: %zu\r\n\r\n",
             path, *token ? "Authorization: Bearer " : "", token, *token ? "\r\n" : "", headers, len);
    return send_text(fd, head) && send_bytes(fd, body, len);
}

/* One call on a connection of its own. */
static inline void one_call(int port, const char *path, const char *token, const char *headers, const void *body,
                            size_t len, struct answer *answer) {
    int fd = dial(port);
    assert_true(fd >= 0);
    (void)send_call(fd, path, token, headers, body, len);
    read_answer(fd, answer);
    close(fd);
}

/* Connect's code in an answer: "not_found"; "" in one that is no error. */
static inline const char *answer_code(const struct answer *answer, char code[64]) {
    *code = '\0';
    if (answer->body && sscanf(answer->body, "{\"code\":\"%63[a-z_]\"", code) != 1)
        *code = '\0';
    return code;
}

/* --- a writer that waits ---------------------------------------------------------------------------------- */

/* Holds the writer's thread until it is let go, so that a test knows what is queued behind. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool entered, open, left;
};

static inline enum jc_code gate_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct gate *gate = ctx;
    (void)tx, (void)err;
    pthread_mutex_lock(&gate->lock);
    gate->entered = true;
    pthread_cond_broadcast(&gate->moved);
    while (!gate->open)
        pthread_cond_wait(&gate->moved, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
    return JC_OK;
}

static inline void gate_done(void *ctx, enum jc_code code, const struct jc_err *err) {
    struct gate *gate = ctx;
    (void)code, (void)err;
    pthread_mutex_lock(&gate->lock);
    gate->left = true;
    pthread_cond_broadcast(&gate->moved);
    pthread_mutex_unlock(&gate->lock);
}

/* Returns when the writer stands in the gate. */
static inline void gate_shut(struct gate *gate, struct jc_db *db) {
    struct jc_err err = {0};
    memset(gate, 0, sizeof *gate);
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->moved, NULL);
    CHECK_OK("gate", jc_db_write(db, 1, gate_job, gate, gate_done, &err), &err);
    pthread_mutex_lock(&gate->lock);
    while (!gate->entered)
        pthread_cond_wait(&gate->moved, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
}

static inline void gate_let_go(struct gate *gate) {
    pthread_mutex_lock(&gate->lock);
    gate->open = true;
    pthread_cond_broadcast(&gate->moved);
    while (!gate->left)
        pthread_cond_wait(&gate->moved, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
    pthread_cond_destroy(&gate->moved);
    pthread_mutex_destroy(&gate->lock);
}

/* Waits until `count` jobs stand behind the gate: they are counted by the database itself. */
static inline void gate_wait_queued(struct jc_db *db, int64_t count) {
    struct jc_db_stats stats;
    do {
        sched_yield();
        jc_db_stats(db, &stats);
    } while (stats.queued < count);
}

#endif
