/* The transport over HTTP: one libcurl handle, kept so that the rounds of a sync share a connection.
 *
 * Only http and https, no redirects (they would carry the token to another host), no signals. The body is
 * gathered under the buffer's maximum as it is after decompression. An answer shorter than announced is
 * libcurl's CURLE_PARTIAL_FILE and becomes JC_UNAVAILABLE like every other failure on the way. */
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "terminal/store.h"

enum { TIMEOUT_MS = 120000, CONNECT_MS = 10000, URL_MAX = 2048 };

struct curl_transport {
    CURL *handle;
    int timeout_ms;
    bool loopback; /* never through a proxy of the environment */
    size_t server_len;
    char url[URL_MAX]; /* server, then the procedure of the call at hand */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global_result;

static void init_global(void) {
    global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *ctx) {
    struct jc_buf *body = ctx;
    jc_buf_append(body, bytes, size * count);
    return body->failed ? 0 : size * count;
}

/* "Authorization: Bearer …" and what Connect asks for; NULL without memory. */
static struct curl_slist *make_headers(const struct jc_transport_call *call) {
    static const char *const fixed[] = {
        "Content-Type: application/proto",
        "Connect-Protocol-Version: 1",
        "Expect:", /* no round trip for 100 Continue */
        NULL,
    };
    struct curl_slist *headers = NULL;
    for (const char *const *line = fixed; *line; line++) {
        struct curl_slist *longer = curl_slist_append(headers, *line);
        if (!longer)
            goto failed;
        headers = longer;
    }
    if (call->token.len) {
        struct jc_buf line;
        jc_buf_init(&line, 4096);
        jc_buf_printf(&line, "Authorization: Bearer %.*s", JC_FMT(call->token));
        jc_buf_char(&line, '\0');
        struct curl_slist *longer = line.failed ? NULL : curl_slist_append(headers, line.ptr);
        if (line.ptr)
            jc_sign_forget(line.ptr, line.len);
        jc_buf_free(&line);
        if (!longer)
            goto failed;
        headers = longer;
    }
    return headers;
failed:
    curl_slist_free_all(headers);
    return NULL;
}

static enum jc_code fail_curl(const struct curl_transport *transport, CURLcode result, const char *detail,
                              struct jc_err *err) {
    struct jc_str server = {transport->url, transport->server_len};
    enum jc_code code = JC_UNAVAILABLE;
    enum jc_msg what = JC_MSG_TERM_UNREACHABLE;
    if (result == CURLE_OUT_OF_MEMORY)
        return jc_fail_memory(err);
    if (result == CURLE_WRITE_ERROR) {
        code = JC_RESOURCE_EXHAUSTED;
        what = JC_MSG_TERM_ANSWER_LARGE;
    } else if (result == CURLE_OPERATION_TIMEDOUT) {
        code = JC_DEADLINE_EXCEEDED;
        what = JC_MSG_TERM_TIMEOUT;
    } else if (result == CURLE_PARTIAL_FILE || result == CURLE_RECV_ERROR || result == CURLE_GOT_NOTHING ||
               result == CURLE_SEND_ERROR) {
        what = JC_MSG_TERM_CUT;
    } else if (result == CURLE_PEER_FAILED_VERIFICATION) {
        what = JC_MSG_TERM_CERTIFICATE;
    }
    jc_fail(err, code, what, server);
    return jc_err_detail(err, "curl %d: %s", (int)result, *detail ? detail : curl_easy_strerror(result));
}

static CURLcode set_up(struct curl_transport *transport, const struct jc_transport_call *call,
                       struct curl_slist *headers, struct jc_buf *body, char *detail) {
    CURL *curl = transport->handle;
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_POST, 1},
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS},
        {CURLOPT_TIMEOUT_MS, transport->timeout_ms},
    };
    curl_easy_reset(curl);
    CURLcode result = CURLE_OK;
    for (size_t i = 0; result == CURLE_OK && i < sizeof numbers / sizeof numbers[0]; i++)
        result = curl_easy_setopt(curl, numbers[i].option, numbers[i].value);
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    if (result == CURLE_OK && transport->loopback)
        result = curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_URL, transport->url);
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->request.len);
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->request.ptr ? call->request.ptr : "");
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    return result;
}

static bool is_proto(const char *type) {
    static const char PROTO[] = "application/proto";
    size_t len = sizeof PROTO - 1;
    return type && strncasecmp(type, PROTO, len) == 0 && (!type[len] || type[len] == ';' || type[len] == ' ');
}

static enum jc_code call_curl(void *ctx, const struct jc_transport_call *call, int *status, struct jc_buf *body,
                              struct jc_err *err) {
    struct curl_transport *transport = ctx;
    char detail[CURL_ERROR_SIZE] = "";
    size_t room = sizeof transport->url - transport->server_len;
    if (snprintf(transport->url + transport->server_len, room, "%s", call->procedure) >= (int)room)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_SERVER_URL,
                       (struct jc_str){transport->url, transport->server_len});
    struct curl_slist *headers = make_headers(call);
    if (!headers)
        return jc_fail_memory(err);
    CURLcode result = set_up(transport, call, headers, body, detail);
    if (result == CURLE_OK)
        result = curl_easy_perform(transport->handle);
    long answered = 0;
    const char *type = NULL;
    if (result == CURLE_OK)
        result = curl_easy_getinfo(transport->handle, CURLINFO_RESPONSE_CODE, &answered);
    if (result == CURLE_OK)
        result = curl_easy_getinfo(transport->handle, CURLINFO_CONTENT_TYPE, &type);
    bool stranger = result == CURLE_OK && answered == 200 && !is_proto(type);
    curl_easy_setopt(transport->handle, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(transport->handle, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (result != CURLE_OK)
        return fail_curl(transport, result, detail, err);
    if (stranger)
        return jc_fail(err, JC_UNAVAILABLE, JC_MSG_TERM_NOT_JIANCHA,
                       (struct jc_str){transport->url, transport->server_len});
    *status = (int)answered;
    return JC_OK;
}

static void close_curl(void *ctx) {
    struct curl_transport *transport = ctx;
    if (transport->handle)
        curl_easy_cleanup(transport->handle);
    jc_free(transport);
}

/* "http://host:port" without the slashes at its end; no user, query or fragment. */
static bool valid_server(struct jc_str server) {
    struct jc_str rest = server;
    if (jc_str_starts_with(rest, JC_STR("http://")))
        rest = (struct jc_str){rest.ptr + 7, rest.len - 7};
    else if (jc_str_starts_with(rest, JC_STR("https://")))
        rest = (struct jc_str){rest.ptr + 8, rest.len - 8};
    else
        return false;
    for (size_t i = 0; i < rest.len; i++) {
        unsigned char c = (unsigned char)rest.ptr[i];
        if (c <= ' ' || c >= 0x7f || strchr("@?#\"\\<>", c))
            return false;
    }
    return rest.len > 0 && rest.ptr[0] != '/' && server.len < URL_MAX / 2;
}

static bool is_loopback(struct jc_str server) {
    static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
    struct jc_str rest = server;
    jc_str_cut(&rest, '/', &server);
    jc_str_cut(&rest, '/', &server);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct jc_str host = jc_str(hosts[i]);
        if (jc_str_starts_with(rest, host) && (rest.len == host.len || rest.ptr[host.len] == ':'))
            return true;
    }
    return false;
}

enum jc_code jc_transport_curl(const char *server, int timeout_ms, struct jc_transport *out, struct jc_err *err) {
    struct jc_str base = jc_str(server);
    while (base.len && base.ptr[base.len - 1] == '/')
        base.len--;
    *out = (struct jc_transport){0};
    if (!valid_server(base))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_SERVER_URL, jc_str(server));
    pthread_once(&once, init_global);
    struct curl_transport *transport = jc_calloc(1, sizeof *transport);
    if (transport)
        transport->handle = global_result == CURLE_OK ? curl_easy_init() : NULL;
    if (!transport || !transport->handle) {
        jc_free(transport);
        return jc_fail_memory(err);
    }
    memcpy(transport->url, base.ptr, base.len);
    transport->server_len = base.len;
    transport->loopback = is_loopback(base);
    transport->timeout_ms = timeout_ms > 0 ? timeout_ms : TIMEOUT_MS;
    *out = (struct jc_transport){call_curl, close_curl, transport};
    return JC_OK;
}

void jc_transport_close(struct jc_transport *transport) {
    if (transport->close)
        transport->close(transport->ctx);
    *transport = (struct jc_transport){0};
}
