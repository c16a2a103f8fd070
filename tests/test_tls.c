/* TLS in the server against a client of GnuTLS: certificates and keys that are refused, resumption, a
 * certificate replaced while serving, handshakes that never end. Time stands still unless a test moves it. */
#include "jc_http_test.h"

#include <gnutls/x509.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "http/tls.h"

#define SELF "/jiancha.v1.SessionService/GetSelf"

static _Atomic int64_t now_ms;

static int64_t read_ticks(void *ctx) {
    (void)ctx;
    return atomic_load(&now_ms);
}

/* --- certificates ------------------------------------------------------------------------------------------- */

static void write_file(const char *path, const gnutls_datum_t *bytes, mode_t mode) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes->data, bytes->size), bytes->size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* A key and a certificate for "localhost" signed by itself, whose name is `name`. */
static void make_pair(const char *name, const char *cert_path, const char *key_path, mode_t mode) {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t cert;
    gnutls_datum_t pem = {0};
    unsigned char serial[] = {1};
    gnutls_x509_privkey_init(&key);
    gnutls_x509_crt_init(&cert);
    assert_int_equal(
        gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0), 0);
    gnutls_x509_crt_set_version(cert, 3);
    gnutls_x509_crt_set_serial(cert, serial, sizeof serial);
    gnutls_x509_crt_set_activation_time(cert, 0);
    gnutls_x509_crt_set_expiration_time(cert, INT32_MAX);
    gnutls_x509_crt_set_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned)strlen(name));
    gnutls_x509_crt_set_key(cert, key);
    assert_int_equal(gnutls_x509_crt_sign2(cert, cert, key, GNUTLS_DIG_SHA256, 0), 0);
    gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &pem);
    write_file(cert_path, &pem, 0644);
    gnutls_free(pem.data);
    gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem);
    write_file(key_path, &pem, mode);
    gnutls_free(pem.data);
    gnutls_x509_crt_deinit(cert);
    gnutls_x509_privkey_deinit(key);
}

static void test_files(void **state) {
    (void)state;
    static const struct {
        const char *name, *cert, *key;
        enum jc_code code;
        enum jc_msg what;
    } CASES[] = {
        {"good", "cert", "key", JC_OK, JC_MSG_NONE},
        {"readable by the group", "cert", "group", JC_OK, JC_MSG_NONE},
        {"no certificate", "absent", "key", JC_NOT_FOUND, JC_MSG_FILE_MISSING},
        {"no key", "cert", "absent", JC_NOT_FOUND, JC_MSG_FILE_MISSING},
        {"a key for a certificate", "key", "key", JC_INVALID_ARGUMENT, JC_MSG_TLS_CERTIFICATE},
        {"a certificate for a key", "cert", "cert-private", JC_INVALID_ARGUMENT, JC_MSG_TLS_KEY},
        {"an empty file", "empty", "key", JC_INVALID_ARGUMENT, JC_MSG_TLS_CERTIFICATE},
        {"somebody else's key", "cert", "other-key", JC_INVALID_ARGUMENT, JC_MSG_TLS_PAIR},
        {"open to others", "cert", "open", JC_PERMISSION_DENIED, JC_MSG_TLS_KEY_OPEN},
    };
    char folder[JC_TEST_PATH], cert[2 * JC_TEST_PATH], key[2 * JC_TEST_PATH];
    gnutls_datum_t pem = {0}, nothing = {0};
    jc_test_folder(folder);
#define AT(buf, file) (snprintf(buf, sizeof buf, "%s/%s", folder, file), buf)
    make_pair("other", AT(cert, "other"), AT(key, "other-key"), 0600);
    make_pair("ours", AT(cert, "cert"), AT(key, "key"), 0600);
    assert_int_equal(gnutls_load_file(AT(key, "key"), &pem), 0);
    write_file(AT(key, "group"), &pem, 0640);
    write_file(AT(key, "open"), &pem, 0644);
    gnutls_free(pem.data);
    assert_int_equal(gnutls_load_file(AT(cert, "cert"), &pem), 0);
    write_file(AT(key, "cert-private"), &pem, 0600);
    gnutls_free(pem.data);
    write_file(AT(key, "empty"), &nothing, 0600);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_tls *tls = NULL;
        struct jc_err err = {0};
        CHECK_INT(CASES[i].name, jc_tls_new(AT(cert, CASES[i].cert), AT(key, CASES[i].key), &tls, &err), CASES[i].code);
        CHECK_INT(CASES[i].name, err.what, CASES[i].what);
        jc_tls_free(tls);
    }
    jc_test_folder_remove(folder);
}

/* --- a site and a client -------------------------------------------------------------------------------------- */

struct tls_site {
    struct site site;
    char folder[JC_TEST_PATH], cert[JC_TEST_PATH + 8], key[JC_TEST_PATH + 8];
    int port;
};

static void open_site(struct tls_site *it) {
    atomic_store(&now_ms, 1000000);
    jc_test_folder(it->folder);
    snprintf(it->cert, sizeof it->cert, "%s/cert", it->folder);
    snprintf(it->key, sizeof it->key, "%s/key", it->folder);
    make_pair("first", it->cert, it->key, 0600);
    struct jc_server_config config = {.tls_address = "127.0.0.1",
                                      .tls_cert = it->cert,
                                      .tls_key = it->key,
                                      .ticks = {read_ticks, NULL},
                                      .upkeep_by_hand = true};
    site_open(&it->site, config, NULL);
    it->port = jc_server_tls_port(it->site.server);
    assert_int_not_equal(it->port, it->site.port);
}

static void close_site(struct tls_site *it) {
    site_close(&it->site);
    jc_test_folder_remove(it->folder);
}

struct client {
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
};

/* Connects and shakes hands; GnuTLS's result. `ticket` of a session before, or NULL. */
static int client_open(struct client *client, int port, const char *priorities, const gnutls_datum_t *ticket) {
    client->fd = dial(port);
    assert_true(client->fd >= 0);
    gnutls_certificate_allocate_credentials(&client->credentials);
    gnutls_init(&client->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);
    if (gnutls_priority_set_direct(client->session, priorities, NULL))
        return GNUTLS_E_INVALID_REQUEST;
    gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, client->credentials);
    if (ticket)
        gnutls_session_set_data(client->session, ticket->data, ticket->size);
    gnutls_transport_set_int(client->session, client->fd);
    gnutls_handshake_set_timeout(client->session, HANG_S * 1000);
    int rc;
    do
        rc = gnutls_handshake(client->session);
    while (rc < 0 && !gnutls_error_is_fatal(rc));
    return rc;
}

static void client_close(struct client *client) {
    gnutls_deinit(client->session);
    gnutls_certificate_free_credentials(client->credentials);
    close(client->fd);
}

/* The status of one call on the connection; 0 if it ended. */
static int client_call(struct client *client) {
    static const char REQUEST[] = "POST " SELF " HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\n"
                                  "Authorization: Bearer token-device\r\nContent-Length: 0\r\n\r\n";
    char bytes[4096] = "";
    size_t len = 0;
    int status = 0;
    if (gnutls_record_send(client->session, REQUEST, sizeof REQUEST - 1) != sizeof REQUEST - 1)
        return 0;
    while (len < sizeof bytes - 1) {
        ssize_t n = gnutls_record_recv(client->session, bytes + len, sizeof bytes - 1 - len);
        if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
            continue;
        if (n <= 0)
            return 0;
        len += (size_t)n;
        const char *body = strstr(bytes, "\r\n\r\n"), *length = strstr(bytes, "Content-Length: ");
        if (body && length && len >= (size_t)(body + 4 - bytes) + strtoul(length + 16, NULL, 10))
            break;
    }
    return sscanf(bytes, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

/* The name in the certificate that the server showed. */
static void shown_name(const struct client *client, char name[64]) {
    unsigned count = 0;
    size_t size = 64;
    gnutls_x509_crt_t cert;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(client->session, &count);
    assert_non_null(chain);
    gnutls_x509_crt_init(&cert);
    assert_int_equal(gnutls_x509_crt_import(cert, &chain[0], GNUTLS_X509_FMT_DER), 0);
    assert_int_equal(gnutls_x509_crt_get_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size), 0);
    gnutls_x509_crt_deinit(cert);
}

static long figure(const struct tls_site *it, const char *name) {
    char line[200], *at;
    struct answer answer;
    int fd = dial(it->site.port);
    assert_true(send_text(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
    read_answer(fd, &answer);
    close(fd);
    snprintf(line, sizeof line, "\n%s ", name);
    assert_non_null(answer.body);
    at = strstr(answer.body, line);
    assert_non_null(at);
    long value = strtol(at + strlen(line), NULL, 10);
    answer_free(&answer);
    return value;
}

#define FULL "jiancha_tls_handshakes_total{kind=\"full\"}"
#define RESUMED "jiancha_tls_handshakes_total{kind=\"resumed\"}"
#define TLS_CONNECTIONS "jiancha_connections{kind=\"tls\"}"

/* --- tests ------------------------------------------------------------------------------------------------------ */

static void test_versions(void **state) {
    (void)state;
    static const struct {
        const char *name, *priorities;
        bool works;
    } CASES[] = {
        {"TLS 1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.3", true},
        {"TLS 1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.2", true},
        {"TLS 1.1", "NORMAL:-VERS-ALL:+VERS-TLS1.1", false},
        {"CBC", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC", false},
    };
    struct tls_site it;
    open_site(&it);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct client client;
        int rc = client_open(&client, it.port, CASES[i].priorities, NULL);
        CHECK_INT(CASES[i].name, rc == 0, CASES[i].works);
        for (int k = 0; k < 3 && CASES[i].works; k++) /* the connection goes on */
            CHECK_INT(CASES[i].name, client_call(&client), 200);
        client_close(&client);
    }
    assert_int_equal(figure(&it, FULL), 2);
    close_site(&it);
}

/* A terminal that comes back is spared the certificate, in both versions. */
static void test_resumption(void **state) {
    (void)state;
    static const char *const VERSIONS[] = {"NORMAL:-VERS-ALL:+VERS-TLS1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.2"};
    struct tls_site it;
    open_site(&it);
    for (size_t i = 0; i < COUNT(VERSIONS); i++) {
        struct client client;
        gnutls_datum_t ticket = {0};
        assert_int_equal(client_open(&client, it.port, VERSIONS[i], NULL), 0);
        assert_int_equal(client_call(&client), 200); /* 1.3 sends its tickets behind the handshake */
        assert_int_equal(gnutls_session_is_resumed(client.session), 0);
        assert_int_equal(gnutls_session_get_data2(client.session, &ticket), 0);
        client_close(&client);
        assert_int_equal(client_open(&client, it.port, VERSIONS[i], &ticket), 0);
        CHECK(VERSIONS[i], gnutls_session_is_resumed(client.session));
        assert_int_equal(client_call(&client), 200);
        client_close(&client);
        gnutls_free(ticket.data);
    }
    assert_int_equal(figure(&it, FULL), 2);
    assert_int_equal(figure(&it, RESUMED), 2);
    close_site(&it);
}

/* New files count from the next handshake on; broken ones change nothing. */
static void test_reload(void **state) {
    (void)state;
    struct tls_site it;
    struct client before, after;
    struct jc_err err = {0};
    char name[64];
    gnutls_datum_t nothing = {0};
    open_site(&it);
    assert_int_equal(client_open(&before, it.port, "NORMAL", NULL), 0);
    make_pair("second", it.cert, it.key, 0600);
    CHECK_OK("reload", jc_server_reload_tls(it.site.server, &err), &err);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(client_open(&after, it.port, "NORMAL", NULL), 0);
        shown_name(&after, name);
        assert_string_equal(name, "second");
        assert_int_equal(client_call(&after), 200);
        client_close(&after);
        write_file(it.key, &nothing, 0600);
        assert_int_equal(jc_server_reload_tls(it.site.server, &err), JC_INVALID_ARGUMENT);
    }
    atomic_store(&now_ms, 2000000);
    assert_int_equal(client_call(&before), 200); /* who came before stays */
    jc_server_upkeep(it.site.server);            /* the first pair is let go */
    assert_int_equal(client_call(&before), 200);
    client_close(&before);
    assert_int_equal(client_open(&after, it.port, "NORMAL", NULL), 0);
    client_close(&after);
    close_site(&it);
}

/* What is no TLS, or only half a handshake, ends by itself; the others go on. */
static void test_no_handshake(void **state) {
    (void)state;
    static const char HALF[] = "\x16\x03\x01\x02\x00\x01\x00"; /* the first bytes of a ClientHello */
    struct tls_site it;
    struct client client;
    open_site(&it);
    int plain = dial(it.port);
    assert_true(send_text(plain, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
    char bytes[1000];
    while (recv(plain, bytes, sizeof bytes, 0) > 0)
        assert_true(bytes[0] == 0x15); /* an alert, if anything */
    close(plain);
    int half = dial(it.port);
    assert_true(send_bytes(half, HALF, sizeof HALF - 1));
    while (figure(&it, TLS_CONNECTIONS) != 1)
        sched_yield();
    assert_int_equal(client_open(&client, it.port, "NORMAL", NULL), 0);
    while (figure(&it, FULL) != 1) /* the server has heard the client's last word */
        sched_yield();
    atomic_store(&now_ms, 1010001);
    jc_server_upkeep(it.site.server);
    assert_true(is_closed(half));
    assert_int_equal(client_call(&client), 200); /* hands were shaken: it may be idle */
    close(half);
    client_close(&client);
    close_site(&it);
}

/* What libmicrohttpd refuses by itself has our answer inside TLS as well, and TLS's own end behind it. */
static void test_broken_request(void **state) {
    (void)state;
    static const char REQUEST[] = "POST / HTTP/1.1\r\nHost: x\r\nAccept-Language: en\r\nContent-Length: -1\r\n\r\n";
    struct tls_site it;
    struct client client;
    char answer[4096];
    size_t len = 0;
    ssize_t got;
    open_site(&it);
    assert_int_equal(client_open(&client, it.port, "NORMAL", NULL), 0);
    assert_int_equal(gnutls_record_send(client.session, REQUEST, sizeof REQUEST - 1), sizeof REQUEST - 1);
    while ((got = gnutls_record_recv(client.session, answer + len, sizeof answer - 1 - len)) > 0 ||
           got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED)
        len += got > 0 ? (size_t)got : 0;
    answer[len] = '\0';
    assert_int_equal(got, 0); /* not GNUTLS_E_PREMATURE_TERMINATION */
    assert_true(strncmp(answer, "HTTP/1.1 400 ", 13) == 0 && !strstr(answer + 1, "HTTP/1."));
    assert_non_null(strstr(answer, "{\"code\":\"invalid_argument\",\"message\":\"the request is not valid HTTP\""));
    assert_int_equal(figure(&it, "jiancha_rejected_total{reason=\"broken\"}"), 1);
    client_close(&client);
    close_site(&it);
}

/* More handshakes at a time than the server takes: one more is refused, until some have ended. */
static void test_storm(void **state) {
    (void)state;
    enum { MAX = 256 };
    struct tls_site it;
    struct client client;
    int fds[MAX];
    open_site(&it);
    for (int i = 0; i < MAX; i++) {
        fds[i] = dial(it.port);
        assert_true(fds[i] >= 0);
    }
    while (figure(&it, TLS_CONNECTIONS) != MAX)
        sched_yield();
    assert_int_not_equal(client_open(&client, it.port, "NORMAL", NULL), 0);
    client_close(&client);
    assert_int_equal(figure(&it, "jiancha_rejected_total{reason=\"handshakes\"}"), 1);
    atomic_store(&now_ms, 1010001);
    jc_server_upkeep(it.site.server);
    while (figure(&it, TLS_CONNECTIONS) != 0)
        sched_yield();
    assert_int_equal(client_open(&client, it.port, "NORMAL", NULL), 0);
    assert_int_equal(client_call(&client), 200);
    client_close(&client);
    for (int i = 0; i < MAX; i++)
        close(fds[i]);
    close_site(&it);
}

/* A drain answers who is being served, over TLS as without. */
struct waiting {
    struct client client;
    int status;
};

static void *call_while_draining(void *ctx) {
    struct waiting *waiting = ctx;
    waiting->status = client_call(&waiting->client);
    return NULL;
}

static void test_drain(void **state) {
    (void)state;
    struct tls_site it;
    struct waiting waiting;
    pthread_t thread;
    open_site(&it);
    assert_int_equal(client_open(&waiting.client, it.port, "NORMAL", NULL), 0);
    assert_int_equal(client_call(&waiting.client), 200);
    assert_int_equal(pthread_create(&thread, NULL, call_while_draining, &waiting), 0);
    close_site(&it);
    pthread_join(thread, NULL);
    assert_true(waiting.status == 200 || waiting.status == 503 || waiting.status == 0);
    client_close(&waiting.client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),  cmocka_unit_test(test_versions),     cmocka_unit_test(test_resumption),
        cmocka_unit_test(test_reload), cmocka_unit_test(test_no_handshake), cmocka_unit_test(test_broken_request),
        cmocka_unit_test(test_storm),  cmocka_unit_test(test_drain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
