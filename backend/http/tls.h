/* The server's certificate and what TLS needs besides: session tickets and, when the certificate's files have
 * been replaced, its successor. GnuTLS, because libmicrohttpd is built on it.
 *
 * TLS 1.2 and 1.3 alone. Tickets are sealed with a key that lives in memory as long as the server: a
 * terminal that comes back is spared the certificate and its signature. */
#ifndef JC_HTTP_TLS_H
#define JC_HTTP_TLS_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "base/err.h"

/* Ciphers and versions, in GnuTLS's words. */
extern const char JC_TLS_PRIORITIES[];

struct jc_tls;

/* Reads a certificate chain (the server's own first) and its key, both PEM. JC_INVALID_ARGUMENT if they are none or
 * do not belong together, JC_PERMISSION_DENIED if others than owner and group may read the key. */
enum jc_code jc_tls_new(const char *cert_file, const char *key_file, struct jc_tls **out, struct jc_err *err);
void jc_tls_free(struct jc_tls *tls); /* NULL is fine */
/* Reads both files again, for handshakes from now on; on failure the ones before stay in use. */
enum jc_code jc_tls_reload(struct jc_tls *tls, int64_t now_ms, struct jc_err *err);
/* Lets go of certificates that no handshake can be using any more. */
void jc_tls_forget(struct jc_tls *tls, int64_t now_ms);

/* One connection's; lies where the connection's own things lie and lives as long. */
struct jc_tls_session {
    struct jc_tls *tls;
    void (*done)(void *ctx, bool resumed); /* called when the handshake has succeeded */
    void *ctx;
};

/* A connection whose handshake is about to begin; `link` is filled in. */
void jc_tls_accept(gnutls_session_t session, struct jc_tls_session *link);
/* The certificate of a handshake, for libmicrohttpd (MHD_OPTION_HTTPS_CERT_CALLBACK). */
gnutls_certificate_retrieve_function2 jc_tls_certificate;

#endif
