/* GnuTLS's callbacks know nothing but the session, so a session carries its jc_tls_session where GnuTLS
 * keeps the pointer of a session cache; there is none, because tickets do its work.
 *
 * A handshake borrows certificate and key while it lasts. Therefore a replaced pair waits, retired, until no
 * handshake that began before can be running; connections that are slow at it are cut off sooner. */
#include "http/tls.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"

enum { CHAIN_MAX = 8, RETIRED_MS = 60000, KEY_ID_MAX = 64 };

const char JC_TLS_PRIORITIES[] =
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305";

struct pair {
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned length;
    gnutls_privkey_t key;
    int64_t retired_ms;
    struct pair *next;
};

struct jc_tls {
    char *cert_file, *key_file;
    gnutls_datum_t ticket_key;
    pthread_mutex_t lock; /* of the two below */
    struct pair *current;
    struct pair *retired; /* the newest first */
};

/* --- files -------------------------------------------------------------------------------------------- */

static void free_pair(struct pair *pair) {
    if (!pair)
        return;
    for (unsigned i = 0; i < pair->length; i++)
        gnutls_pcert_deinit(&pair->chain[i]);
    if (pair->key)
        gnutls_privkey_deinit(pair->key);
    jc_free(pair);
}

static enum jc_code fail_file(const char *file, int rc, enum jc_msg what, struct jc_err *err) {
    if (rc == GNUTLS_E_FILE_ERROR)
        return jc_fail_errno(err, jc_str(file));
    (void)jc_fail(err, JC_INVALID_ARGUMENT, what, jc_str(file));
    return jc_err_detail(err, "gnutls: %s", gnutls_strerror(rc));
}

static enum jc_code load_chain(const char *file, struct pair *pair, struct jc_err *err) {
    gnutls_datum_t pem = {0};
    unsigned length = CHAIN_MAX;
    int rc = gnutls_load_file(file, &pem);
    if (!rc)
        rc = gnutls_pcert_list_import_x509_raw(pair->chain, &length, &pem, GNUTLS_X509_FMT_PEM, 0);
    gnutls_free(pem.data);
    if (rc)
        return fail_file(file, rc, JC_MSG_TLS_CERTIFICATE, err);
    pair->length = length;
    return JC_OK;
}

static enum jc_code load_key(const char *file, struct pair *pair, struct jc_err *err) {
    struct stat status;
    gnutls_datum_t pem = {0};
    if (stat(file, &status) != 0)
        return jc_fail_errno(err, jc_str(file));
    if (status.st_mode & S_IRWXO)
        return jc_fail(err, JC_PERMISSION_DENIED, JC_MSG_TLS_KEY_OPEN, jc_str(file));
    int rc = gnutls_privkey_init(&pair->key);
    if (!rc)
        rc = gnutls_load_file(file, &pem);
    if (!rc)
        rc = gnutls_privkey_import_x509_raw(pair->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (pem.data)
        gnutls_memset(pem.data, 0, pem.size);
    gnutls_free(pem.data);
    return rc ? fail_file(file, rc, JC_MSG_TLS_KEY, err) : JC_OK;
}

/* Whether the certificate was made for this key. */
static bool belong(const struct pair *pair) {
    unsigned char of_key[KEY_ID_MAX], of_cert[KEY_ID_MAX];
    size_t key_len = sizeof of_key, cert_len = sizeof of_cert;
    gnutls_pubkey_t public_key;
    if (gnutls_pubkey_init(&public_key))
        return false;
    bool same = !gnutls_pubkey_import_privkey(public_key, pair->key, 0, 0) &&
                !gnutls_pubkey_get_key_id(public_key, GNUTLS_KEYID_USE_SHA256, of_key, &key_len) &&
                !gnutls_pubkey_get_key_id(pair->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, of_cert, &cert_len) &&
                key_len == cert_len && memcmp(of_key, of_cert, key_len) == 0;
    gnutls_pubkey_deinit(public_key);
    return same;
}

static enum jc_code load(const struct jc_tls *tls, struct pair **out, struct jc_err *err) {
    struct pair *pair = jc_calloc(1, sizeof *pair);
    if (!pair)
        return jc_fail_memory(err);
    enum jc_code code = load_chain(tls->cert_file, pair, err);
    if (!code)
        code = load_key(tls->key_file, pair, err);
    if (!code && !belong(pair))
        code = jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TLS_PAIR, jc_str(tls->key_file), jc_str(tls->cert_file));
    if (code)
        free_pair(pair);
    else
        *out = pair;
    return code;
}

/* --- life ----------------------------------------------------------------------------------------------- */

static char *copy_text(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = jc_malloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

enum jc_code jc_tls_new(const char *cert_file, const char *key_file, struct jc_tls **out, struct jc_err *err) {
    struct jc_tls *tls = jc_calloc(1, sizeof *tls);
    if (!tls)
        return jc_fail_memory(err);
    pthread_mutex_init(&tls->lock, NULL);
    gnutls_global_init();
    tls->cert_file = copy_text(cert_file);
    tls->key_file = copy_text(key_file);
    bool ready = tls->cert_file && tls->key_file && !gnutls_session_ticket_key_generate(&tls->ticket_key);
    enum jc_code code = ready ? load(tls, &tls->current, err) : jc_fail_memory(err);
    if (code)
        jc_tls_free(tls);
    else
        *out = tls;
    return code;
}

/* Frees the list from here on. */
static void free_pairs(struct pair *pair) {
    for (struct pair *next; pair; pair = next) {
        next = pair->next;
        free_pair(pair);
    }
}

void jc_tls_free(struct jc_tls *tls) {
    if (!tls)
        return;
    free_pair(tls->current);
    free_pairs(tls->retired);
    if (tls->ticket_key.data)
        gnutls_memset(tls->ticket_key.data, 0, tls->ticket_key.size);
    gnutls_free(tls->ticket_key.data);
    gnutls_global_deinit();
    pthread_mutex_destroy(&tls->lock);
    jc_free(tls->cert_file);
    jc_free(tls->key_file);
    jc_free(tls);
}

enum jc_code jc_tls_reload(struct jc_tls *tls, int64_t now_ms, struct jc_err *err) {
    struct pair *pair = NULL;
    enum jc_code code = load(tls, &pair, err);
    if (code)
        return code;
    pthread_mutex_lock(&tls->lock);
    tls->current->retired_ms = now_ms;
    tls->current->next = tls->retired;
    tls->retired = tls->current;
    tls->current = pair;
    pthread_mutex_unlock(&tls->lock);
    return JC_OK;
}

void jc_tls_forget(struct jc_tls *tls, int64_t now_ms) {
    pthread_mutex_lock(&tls->lock);
    struct pair **link = &tls->retired;
    while (*link && now_ms - (*link)->retired_ms < RETIRED_MS)
        link = &(*link)->next;
    struct pair *old = *link;
    *link = NULL;
    pthread_mutex_unlock(&tls->lock);
    free_pairs(old);
}

/* --- handshakes ------------------------------------------------------------------------------------------- */

/* The client's Finished is the last word of a handshake, in both versions. */
static int finished(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                    const gnutls_datum_t *message) {
    const struct jc_tls_session *link = gnutls_db_get_ptr(session);
    (void)type, (void)when, (void)message;
    if (incoming && link)
        link->done(link->ctx, gnutls_session_is_resumed(session) != 0);
    return 0;
}

void jc_tls_accept(gnutls_session_t session, struct jc_tls_session *link) {
    gnutls_db_set_ptr(session, link);
    gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST, finished);
    (void)gnutls_session_ticket_enable_server(session, &link->tls->ticket_key); /* without: no resumption */
}

int jc_tls_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                       const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
                       unsigned *chain_length, gnutls_privkey_t *key) {
    const struct jc_tls_session *link = gnutls_db_get_ptr(session);
    (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
    if (!link)
        return -1;
    pthread_mutex_lock(&link->tls->lock);
    struct pair *pair = link->tls->current;
    *chain = pair->chain;
    *chain_length = pair->length;
    *key = pair->key;
    pthread_mutex_unlock(&link->tls->lock);
    return 0;
}
