/* Memory of a server that waits, for each terminal that is connected and says nothing:
 *
 *   jc_bench_idle --program build/bin/jiancha --dir FOLDER [--connections 1000] [--tls]
 *
 * Every terminal asks once for the server's health, so that it is a connection that has been used, and
 * stays. Memory is read before, and again once the server has given back what the asking cost it (it does
 * when nothing was asked for some seconds). Prints one JSON object. */
#include <getopt.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/secure.h"

enum { QUIET_S = 12 /* two of the server's turns of giving memory back */ };

static const char REQUEST[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

/* Asks and takes the answer; with a session, over TLS. */
static void ask(int fd, gnutls_session_t session) {
    char answer[1024];
    ssize_t sent, got;
    if (session) {
        sent = gnutls_record_send(session, REQUEST, sizeof REQUEST - 1);
        do
            got = gnutls_record_recv(session, answer, sizeof answer);
        while (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED);
    } else {
        sent = send(fd, REQUEST, sizeof REQUEST - 1, MSG_NOSIGNAL);
        got = recv(fd, answer, sizeof answer, 0);
    }
    if (sent != sizeof REQUEST - 1 || got < 12 || strncmp(answer, "HTTP/1.1 200", 12) != 0)
        jc_fleet_stop("a terminal was not answered");
}

static gnutls_session_t shake_hands(int fd, gnutls_certificate_credentials_t credentials) {
    gnutls_session_t session;
    gnutls_init(&session, GNUTLS_CLIENT);
    gnutls_set_default_priority(session);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
    gnutls_transport_set_int(session, fd);
    int rc;
    do
        rc = gnutls_handshake(session);
    while (rc < 0 && !gnutls_error_is_fatal(rc));
    if (rc < 0)
        jc_fleet_stop(gnutls_strerror(rc));
    return session;
}

struct settings {
    const char *program, *dir;
    int connections;
    bool tls;
};

static struct settings parse_settings(int argc, char **argv) {
    static const struct option options[] = {
        {"program", required_argument, NULL, 'p'},
        {"dir", required_argument, NULL, 'd'},
        {"connections", required_argument, NULL, 'c'},
        {"tls", no_argument, NULL, 't'},
        {0},
    };
    struct settings settings = {.connections = 1000};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'p')
            settings.program = optarg;
        else if (c == 'd')
            settings.dir = optarg;
        else if (c == 'c')
            settings.connections = atoi(optarg);
        else if (c == 't')
            settings.tls = true;
        else
            exit(2);
    }
    if (!settings.program || !settings.dir || settings.connections < 1)
        jc_fleet_stop("usage: --program FILE --dir FOLDER [--connections N] [--tls]");
    return settings;
}

int main(int argc, char **argv) {
    struct settings settings = parse_settings(argc, argv);
    gnutls_certificate_credentials_t credentials;
    gnutls_certificate_allocate_credentials(&credentials);
    jc_secure_raise_files();
    struct jc_fleet_server server = settings.tls ? jc_secure_serve(settings.program, settings.dir)
                                                 : jc_secure_serve_plain(settings.program, settings.dir);
    ask(jc_fleet_dial(server.port), NULL); /* what the first asking of all costs is no terminal's */
    long before_kb = jc_fleet_resident_kb(server.pid);
    for (int i = 0; i < settings.connections; i++) { /* they stay until this program ends */
        int fd = jc_fleet_dial(settings.tls ? server.tls_port : server.port);
        ask(fd, settings.tls ? shake_hands(fd, credentials) : NULL);
    }
    long connected_kb = jc_fleet_resident_kb(server.pid);
    sleep(QUIET_S);
    long idle_kb = jc_fleet_resident_kb(server.pid);
    printf("{\"kind\": \"%s\", \"connections\": %d, \"server_kb\": %ld, \"connected_kb\": %ld, \"idle_kb\": %ld, "
           "\"kb_per_terminal\": %.2f, \"start_ms\": %.1f}\n",
           settings.tls ? "tls" : "plain", settings.connections, before_kb, connected_kb, idle_kb,
           (double)(idle_kb - before_kb) / settings.connections, (double)server.started_in_ns / 1e6);
    jc_fleet_end(&server);
    return 0;
}
