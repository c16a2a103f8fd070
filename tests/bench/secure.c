#include "bench/secure.h"

#include <gnutls/x509.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { PATH_SPACE = 512 };

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

void jc_secure_raise_files(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static struct jc_fleet_server serve(const char *program, const char *dir, const char *const *arguments) {
    char database[PATH_SPACE], log[PATH_SPACE];
    struct jc_fleet_terminal terminal, *terminals[] = {&terminal};
    snprintf(database, sizeof database, "%s/server.db", dir);
    snprintf(log, sizeof log, "%s/server.log", dir);
    jc_fleet_make(database, terminals, 1);
    return jc_fleet_serve(program, database, log, arguments);
}

struct jc_fleet_server jc_secure_serve(const char *program, const char *dir) {
    char cert[PATH_SPACE], key[PATH_SPACE];
    snprintf(cert, sizeof cert, "%s/cert.pem", dir);
    snprintf(key, sizeof key, "%s/key.pem", dir);
    make_pair(cert, key);
    const char *const with_tls[] = {"--tls-listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key, NULL};
    return serve(program, dir, with_tls);
}

struct jc_fleet_server jc_secure_serve_plain(const char *program, const char *dir) {
    return serve(program, dir, NULL);
}
