/* Handshakes when all terminals come back at once, as after an outage:
 *
 *   jc_bench_storm --program build/bin/jiancha --dir FOLDER [--terminals 1000]
 *
 * Every terminal dials, shakes hands and asks for the server's health, all at the same time; one that is turned away
 * (the server takes so many handshakes at a time) dials again after a tenth of a second, as often as it takes. First
 * with full handshakes, then with the tickets that those left. Meanwhile one connection over TLS and one without go on
 * asking every two milliseconds, and their answers are timed. All connections are poll(2)ed by one thread; client and
 * server share the machine, so the server's own limit is its CPU a handshake. Prints one JSON object. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/secure.h"

enum { RETRY_MS = 100, ASK_EVERY_US = 2000, TIMES_MAX = 1 << 16 };

static const char REQUEST[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
static gnutls_certificate_credentials_t credentials;

static bool is_answer(const char *text, ssize_t len) {
    return len >= 12 && strncmp(text, "HTTP/1.1 200", 12) == 0;
}

/* --- those who are being served already ----------------------------------------------------------------------- */

struct other {
    int fd;
    gnutls_session_t session; /* NULL: without TLS */
    _Atomic bool stop;
    pthread_t thread;
    int count;
    int64_t took_ns[TIMES_MAX];
};

static ssize_t take(struct other *other, char *bytes, size_t size) {
    ssize_t got;
    if (!other->session)
        return recv(other->fd, bytes, size, 0);
    do
        got = gnutls_record_recv(other->session, bytes, size);
    while (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED);
    return got;
}

/* Head and body may come one by one. */
static void ask(struct other *other) {
    char answer[1024];
    size_t len = 0;
    ssize_t got = 1;
    if (other->session)
        (void)gnutls_record_send(other->session, REQUEST, sizeof REQUEST - 1);
    else
        (void)send(other->fd, REQUEST, sizeof REQUEST - 1, MSG_NOSIGNAL);
    while (got > 0 && !memmem(answer, len, "}\n", 2)) {
        got = take(other, answer + len, sizeof answer - len);
        len += got > 0 ? (size_t)got : 0;
    }
    if (!is_answer(answer, (ssize_t)len))
        jc_fleet_stop("one who was being served is not any more");
}

static void *ask_on(void *ctx) {
    struct other *other = ctx;
    while (!atomic_load(&other->stop)) {
        int64_t begin = jc_fleet_now_ns();
        ask(other);
        if (other->count < TIMES_MAX)
            other->took_ns[other->count++] = jc_fleet_now_ns() - begin;
        usleep(ASK_EVERY_US);
    }
    return NULL;
}

static gnutls_session_t new_session(int fd, unsigned flags) {
    gnutls_session_t session;
    if (gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL | flags))
        jc_fleet_stop("no memory");
    gnutls_set_default_priority(session);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
    gnutls_transport_set_int(session, fd);
    return session;
}

static struct other *new_other(int port, bool tls) {
    struct other *other = jc_fleet_alloc(1, sizeof *other);
    other->fd = jc_fleet_dial(port);
    other->session = tls ? new_session(other->fd, 0) : NULL;
    int rc = 0;
    do
        rc = tls ? gnutls_handshake(other->session) : 0;
    while (rc < 0 && !gnutls_error_is_fatal(rc));
    if (rc < 0)
        jc_fleet_stop(gnutls_strerror(rc));
    ask(other);
    return other;
}

static void begin_asking(struct other *other) {
    other->count = 0;
    atomic_store(&other->stop, false);
    if (pthread_create(&other->thread, NULL, ask_on, other) != 0)
        jc_fleet_stop("no thread");
}

static int by_time(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The time that so many of a hundred answers did not exceed. */
static double share_ms(const struct other *other, int percent) {
    int place = other->count * percent / 100;
    return place < other->count ? (double)other->took_ns[place] / 1e6 : 0;
}

static void end_asking(struct other *other, const char *name) {
    int64_t longest_ns = 0;
    atomic_store(&other->stop, true);
    pthread_join(other->thread, NULL);
    qsort(other->took_ns, (size_t)other->count, sizeof other->took_ns[0], by_time);
    for (int i = 0; i < other->count; i++)
        longest_ns = other->took_ns[i];
    printf(", \"%s\": {\"answers\": %d, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f}", name, other->count,
           share_ms(other, 50), share_ms(other, 99), (double)longest_ns / 1e6);
}

/* --- the storm -------------------------------------------------------------------------------------------------- */

enum phase { AWAY, SHAKING, ASKED, SERVED };

struct terminal {
    enum phase phase;
    int fd;
    int64_t again_ns; /* AWAY: when it dials */
    gnutls_session_t session;
    gnutls_datum_t ticket; /* of its session before */
};

struct storm {
    struct terminal *terminals;
    struct pollfd *polls;
    int count, served, turned_away, port;
};

static void hang_up(struct terminal *terminal) {
    gnutls_deinit(terminal->session);
    close(terminal->fd);
    terminal->session = NULL;
    terminal->fd = -1;
}

static void dial(struct storm *storm, struct terminal *terminal) {
    terminal->fd = jc_fleet_dial(storm->port);
    fcntl(terminal->fd, F_SETFL, O_NONBLOCK);
    terminal->session = new_session(terminal->fd, GNUTLS_NONBLOCK);
    if (terminal->ticket.size)
        gnutls_session_set_data(terminal->session, terminal->ticket.data, terminal->ticket.size);
    terminal->phase = SHAKING;
}

static void turn_away(struct storm *storm, struct terminal *terminal) {
    hang_up(terminal);
    storm->turned_away++;
    terminal->phase = AWAY;
    terminal->again_ns = jc_fleet_now_ns() + RETRY_MS * INT64_C(1000000);
}

/* The ticket arrives with the answer. */
static void keep_ticket(struct terminal *terminal) {
    gnutls_free(terminal->ticket.data);
    terminal->ticket = (gnutls_datum_t){0};
    if (gnutls_session_get_data2(terminal->session, &terminal->ticket))
        jc_fleet_stop("no ticket");
}

/* As far as it goes without waiting. */
static void step(struct storm *storm, struct terminal *terminal) {
    char answer[1024];
    if (terminal->phase == SHAKING) {
        int rc = gnutls_handshake(terminal->session);
        if (rc < 0 && gnutls_error_is_fatal(rc))
            turn_away(storm, terminal);
        if (rc < 0)
            return;
        if (gnutls_record_send(terminal->session, REQUEST, sizeof REQUEST - 1) < 0) {
            turn_away(storm, terminal);
            return;
        }
        terminal->phase = ASKED;
    }
    ssize_t got = gnutls_record_recv(terminal->session, answer, sizeof answer);
    if (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED)
        return;
    if (!is_answer(answer, got)) {
        turn_away(storm, terminal);
        return;
    }
    keep_ticket(terminal);
    terminal->phase = SERVED;
    storm->served++;
}

static short events_of(const struct terminal *terminal) {
    return gnutls_record_get_direction(terminal->session) && terminal->phase == SHAKING ? POLLOUT : POLLIN;
}

/* Until all are served. */
static void blow(struct storm *storm) {
    while (storm->served < storm->count) {
        int64_t now = jc_fleet_now_ns();
        for (int i = 0; i < storm->count; i++) {
            struct terminal *terminal = &storm->terminals[i];
            if (terminal->phase == AWAY && terminal->again_ns <= now) {
                dial(storm, terminal);
                step(storm, terminal);
            }
            bool waits = terminal->phase == SHAKING || terminal->phase == ASKED;
            storm->polls[i] = (struct pollfd){waits ? terminal->fd : -1, waits ? events_of(terminal) : 0, 0};
        }
        if (poll(storm->polls, (nfds_t)storm->count, RETRY_MS / 10) < 0 && errno != EINTR)
            jc_fleet_stop(strerror(errno));
        for (int i = 0; i < storm->count; i++)
            if (storm->polls[i].revents)
                step(storm, &storm->terminals[i]);
    }
}

static void measure(struct storm *storm, const char *name, pid_t server, struct other *tls, struct other *plain) {
    int resumed = 0;
    storm->served = storm->turned_away = 0;
    int64_t cpu_us = jc_fleet_cpu_us(server), begin = jc_fleet_now_ns();
    begin_asking(tls);
    begin_asking(plain);
    blow(storm);
    double seconds = (double)(jc_fleet_now_ns() - begin) / 1e9;
    cpu_us = jc_fleet_cpu_us(server) - cpu_us;
    for (int i = 0; i < storm->count; i++)
        resumed += gnutls_session_is_resumed(storm->terminals[i].session) != 0;
    printf("\"%s\": {\"terminals\": %d, \"resumed\": %d, \"seconds\": %.2f, \"per_s\": %.0f, \"cpu_us\": %.0f, "
           "\"turned_away\": %d",
           name, storm->count, resumed, seconds, storm->count / seconds, (double)cpu_us / storm->count,
           storm->turned_away);
    end_asking(tls, "over_tls");
    end_asking(plain, "without");
    printf("}");
    for (int i = 0; i < storm->count; i++) {
        hang_up(&storm->terminals[i]);
        storm->terminals[i].phase = AWAY;
        storm->terminals[i].again_ns = 0;
    }
}

/* --- the program -------------------------------------------------------------------------------------------------- */

struct settings {
    const char *program, *dir;
    int terminals;
};

static struct settings parse_settings(int argc, char **argv) {
    static const struct option options[] = {
        {"program", required_argument, NULL, 'p'},
        {"dir", required_argument, NULL, 'd'},
        {"terminals", required_argument, NULL, 't'},
        {0},
    };
    struct settings settings = {.terminals = 1000};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'p')
            settings.program = optarg;
        else if (c == 'd')
            settings.dir = optarg;
        else if (c == 't')
            settings.terminals = atoi(optarg);
        else
            exit(2);
    }
    if (!settings.program || !settings.dir || settings.terminals < 1)
        jc_fleet_stop("usage: --program FILE --dir FOLDER [--terminals N]");
    return settings;
}

int main(int argc, char **argv) {
    struct settings settings = parse_settings(argc, argv);
    gnutls_certificate_allocate_credentials(&credentials);
    jc_secure_raise_files();
    struct jc_fleet_server server = jc_secure_serve(settings.program, settings.dir);
    struct other *tls = new_other(server.tls_port, true), *plain = new_other(server.port, false);
    size_t count = (size_t)settings.terminals;
    struct storm storm = {jc_fleet_alloc(count, sizeof(struct terminal)),
                          jc_fleet_alloc(count, sizeof(struct pollfd)),
                          settings.terminals,
                          0,
                          0,
                          server.tls_port};
    printf("{");
    measure(&storm, "full", server.pid, tls, plain);
    printf(", ");
    measure(&storm, "tickets", server.pid, tls, plain);
    printf("}\n");
    jc_fleet_end(&server);
    return 0;
}
