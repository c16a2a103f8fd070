/* Memory of a server that waits, for each terminal that is connected and says nothing:
 *
 *   jc_bench_idle --program build/bin/jiancha --dir FOLDER [--connections 1000] [--tls]
 *
 * Every terminal asks once for the server's health, so that it is a connection that has been used, and
 * stays. Memory is read before, and again once the server has given back what the asking cost it (it does
 * when nothing was asked for some seconds). Prints one JSON object. */
#include <getopt.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/fleet.h"

enum { QUIET_S = 12 /* two of the server's turns of giving memory back */ };

static const char REQUEST[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

static void write_pem(const char *path, gnutls_datum_t pem) {
    FILE *file = fopen(path, "we");
    bool good = file && chmod(path, 0600) == 0 && fwrite(pem.data, 1, pem.size, file) == pem.size;
    good = file && fclose(file) == 0 && good;
    gnutls_free(pem.data);
    if (!good)
        jc_fleet_stop("cannot write a certificate");
}

/* A key and a certificate signed by itself. */
static void make_pair(const char *cert_path, const char *key_path) {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t cert;
    gnutls_datum_t pem = {0};
    gnutls_x509_privkey_init(&key);
    gnutls_x509_crt_init(&cert);
    gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    gnutls_x509_crt_set_version(cert, 3);
    gnutls_x509_crt_set_serial(cert, "\1", 1);
    gnutls_x509_crt_set_activation_time(cert, 0);
    gnutls_x509_crt_set_expiration_time(cert, INT32_MAX);
    gnutls_x509_crt_set_key(cert, key);
    if (gnutls_x509_crt_sign2(cert, cert, key, GNUTLS_DIG_SHA256, 0))
        jc_fleet_stop("cannot make a certificate");
    gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &pem);
    write_pem(cert_path, pem);
    gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem);
    write_pem(key_path, pem);
    gnutls_x509_crt_deinit(cert);
    gnutls_x509_privkey_deinit(key);
}

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

static void raise_file_limit(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
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

static struct jc_fleet_server start_server(const struct settings *settings) {
    char database[512], log[512], cert[512], key[512];
    struct jc_fleet_terminal terminal, *terminals[] = {&terminal};
    snprintf(database, sizeof database, "%s/idle.db", settings->dir);
    snprintf(log, sizeof log, "%s/idle.log", settings->dir);
    snprintf(cert, sizeof cert, "%s/cert.pem", settings->dir);
    snprintf(key, sizeof key, "%s/key.pem", settings->dir);
    jc_fleet_make(database, terminals, 1);
    make_pair(cert, key);
    const char *const with_tls[] = {"--tls-listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key, NULL};
    return jc_fleet_serve(settings->program, database, log, settings->tls ? with_tls : NULL);
}

int main(int argc, char **argv) {
    struct settings settings = parse_settings(argc, argv);
    gnutls_certificate_credentials_t credentials;
    gnutls_certificate_allocate_credentials(&credentials);
    raise_file_limit();
    struct jc_fleet_server server = start_server(&settings);
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
