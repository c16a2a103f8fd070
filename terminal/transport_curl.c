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
#include <unistd.h>

#include "terminal/store.h"

enum { TIMEOUT_MS = 120000, CONNECT_MS = 10000, URL_MAX = 2048 };

struct curl_transport {
    CURL *handle;
    int timeout_ms;
    enum jc_lang lang; /* of the server's words */
    bool loopback;     /* never through a proxy of the environment */
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

static bool add_line(struct curl_slist **headers, const char *line) {
    struct curl_slist *longer = curl_slist_append(*headers, line);
    if (longer)
        *headers = longer;
    return longer != NULL;
}

static bool add_token(struct curl_slist **headers, struct jc_str token) {
    struct jc_buf line;
    jc_buf_init(&line, 4096);
    jc_buf_printf(&line, "Authorization: Bearer %.*s", JC_FMT(token));
    jc_buf_char(&line, '\0');
    bool good = !line.failed && add_line(headers, line.ptr);
    if (line.ptr)
        jc_sign_forget(line.ptr, line.len);
    jc_buf_free(&line);
    return good;
}

/* The lines and "Authorization: Bearer …"; NULL without memory. */
static struct curl_slist *make_headers(const struct curl_transport *transport, const char *const *lines,
                                       struct jc_str token) {
    struct curl_slist *headers = NULL;
    bool good = add_line(&headers, "Expect:") && /* no round trip for 100 Continue */
                add_line(&headers, transport->lang == JC_EN ? "Accept-Language: en" : "Accept-Language: zh");
    for (; good && *lines; lines++)
        good = add_line(&headers, *lines);
    if (good && token.len)
        good = add_token(&headers, token);
    if (good)
        return headers;
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

/* An option with its value, long or pointer. */
struct setting {
    CURLoption option;
    bool is_pointer;
    long number;
    const void *pointer;
};

static CURLcode set_all(CURL *curl, const struct setting *settings, size_t count) {
    CURLcode result = CURLE_OK;
    for (size_t i = 0; result == CURLE_OK && i < count; i++)
        result = settings[i].is_pointer ? curl_easy_setopt(curl, settings[i].option, settings[i].pointer)
                                        : curl_easy_setopt(curl, settings[i].option, settings[i].number);
    return result;
}

/* What every request has in common; `path` goes behind the server's address. */
static enum jc_code set_up(struct curl_transport *transport, const char *path, struct curl_slist *headers, char *detail,
                           CURLcode *result, struct jc_err *err) {
    size_t room = sizeof transport->url - transport->server_len;
    if (snprintf(transport->url + transport->server_len, room, "%s", path) >= (int)room)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_SERVER_URL,
                       (struct jc_str){transport->url, transport->server_len});
    const struct setting settings[] = {
        {CURLOPT_NOSIGNAL, false, 1, NULL},
        {CURLOPT_FOLLOWLOCATION, false, 0, NULL},
        {CURLOPT_CONNECTTIMEOUT_MS, false, CONNECT_MS, NULL},
        {CURLOPT_TIMEOUT_MS, false, transport->timeout_ms, NULL},
        {CURLOPT_PROTOCOLS_STR, true, 0, "http,https"},
        {CURLOPT_URL, true, 0, transport->url},
        {CURLOPT_HTTPHEADER, true, 0, headers},
        {CURLOPT_ERRORBUFFER, true, 0, detail},
        {CURLOPT_PROXY, true, 0, ""}, /* last: only for loopback */
    };
    curl_easy_reset(transport->handle);
    *result = set_all(transport->handle, settings, sizeof settings / sizeof settings[0] - !transport->loopback);
    return JC_OK;
}

/* Sends it and says how it ended. */
static enum jc_code perform(struct curl_transport *transport, CURLcode result, struct curl_slist *headers, char *detail,
                            int *status, struct jc_err *err) {
    long answered = 0;
    if (result == CURLE_OK)
        result = curl_easy_perform(transport->handle);
    if (result == CURLE_OK)
        result = curl_easy_getinfo(transport->handle, CURLINFO_RESPONSE_CODE, &answered);
    curl_easy_setopt(transport->handle, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(transport->handle, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    *status = (int)answered;
    return result == CURLE_OK ? JC_OK : fail_curl(transport, result, detail, err);
}

static bool is_proto(const char *type) {
    static const char PROTO[] = "application/proto";
    size_t len = sizeof PROTO - 1;
    return type && strncasecmp(type, PROTO, len) == 0 && (!type[len] || type[len] == ';' || type[len] == ' ');
}

static enum jc_code call_curl(void *ctx, const struct jc_transport_call *call, int *status, struct jc_buf *body,
                              struct jc_err *err) {
    static const char *const LINES[] = {"Content-Type: application/proto", "Connect-Protocol-Version: 1", NULL};
    struct curl_transport *transport = ctx;
    char detail[CURL_ERROR_SIZE] = "";
    CURLcode result = CURLE_OK;
    struct curl_slist *headers = make_headers(transport, LINES, call->token);
    enum jc_code code =
        headers ? set_up(transport, call->procedure, headers, detail, &result, err) : jc_fail_memory(err);
    if (code) {
        curl_slist_free_all(headers);
        return code;
    }
    const struct setting settings[] = {
        {CURLOPT_POST, false, 1, NULL},
        {CURLOPT_ACCEPT_ENCODING, true, 0, "gzip"},
        {CURLOPT_POSTFIELDS, true, 0, call->request.ptr ? call->request.ptr : ""},
        {CURLOPT_WRITEDATA, true, 0, body},
    };
    if (result == CURLE_OK)
        result = set_all(transport->handle, settings, sizeof settings / sizeof settings[0]);
    if (result == CURLE_OK)
        result = curl_easy_setopt(transport->handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->request.len);
    if (result == CURLE_OK)
        result = curl_easy_setopt(transport->handle, CURLOPT_WRITEFUNCTION, take_body);
    code = perform(transport, result, headers, detail, status, err);
    const char *type = NULL;
    if (!code && *status == 200 &&
        (curl_easy_getinfo(transport->handle, CURLINFO_CONTENT_TYPE, &type) != CURLE_OK || !is_proto(type)))
        return jc_fail(err, JC_UNAVAILABLE, JC_MSG_TERM_NOT_JIANCHA,
                       (struct jc_str){transport->url, transport->server_len});
    return code;
}

/* --- blobs -------------------------------------------------------------------------------------------------- */

/* The part of a file that is being sent. */
struct sending {
    int fd;
    int64_t offset, left;
};

static size_t give_body(char *bytes, size_t size, size_t count, void *ctx) {
    struct sending *sending = ctx;
    size_t want = size * count < (uint64_t)sending->left ? size * count : (size_t)sending->left;
    ssize_t got = want ? pread(sending->fd, bytes, want, sending->offset) : 0;
    if (got < 0 || (want && got == 0))
        return CURL_READFUNC_ABORT; /* the file has shrunk */
    sending->offset += got;
    sending->left -= got;
    return (size_t)got;
}

/* The file that takes what comes. */
struct saving {
    CURL *curl;
    int fd; /* -1: nothing is wanted */
    int64_t offset, left;
};

static size_t save_body(char *bytes, size_t size, size_t count, void *ctx) {
    struct saving *saving = ctx;
    size_t len = size * count, done = 0;
    long status = 0;
    if (saving->fd < 0 || curl_easy_getinfo(saving->curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK ||
        (status != 200 && status != 206))
        return len;
    if (len > (uint64_t)saving->left)
        return 0;
    while (done < len) {
        ssize_t written = pwrite(saving->fd, bytes + done, len - done, saving->offset);
        if (written <= 0)
            return 0;
        done += (size_t)written;
        saving->offset += written;
        saving->left -= written;
    }
    return len;
}

static size_t drop_body(char *bytes, size_t size, size_t count, void *ctx) {
    (void)bytes, (void)ctx;
    return size * count;
}

/* "Upload-Offset: 123\r\n"; any other name is passed over. */
static size_t take_header(char *bytes, size_t size, size_t count, void *ctx) {
    struct jc_transport_reply *reply = ctx;
    struct jc_str value = {bytes, size * count}, name;
    if (jc_str_cut(&value, ':', &name) && value.ptr) {
        value = jc_str_trim(value);
        while (value.len && (value.ptr[value.len - 1] == '\r' || value.ptr[value.len - 1] == '\n'))
            value.len--;
        int64_t number = 0;
        if (name.len == 13 && strncasecmp(name.ptr, "Upload-Offset", 13) == 0 && jc_str_to_int64(value, &number))
            reply->upload_offset = number;
        if (name.len == 8 && strncasecmp(name.ptr, "Location", 8) == 0 && value.len < sizeof reply->location)
            snprintf(reply->location, sizeof reply->location, "%.*s", JC_FMT(value));
    }
    return size * count;
}

static CURLcode set_exchange(CURL *curl, const struct jc_transport_exchange *exchange, struct sending *sending,
                             struct jc_transport_reply *reply) {
    const struct setting settings[] = {
        {CURLOPT_CUSTOMREQUEST, true, 0, exchange->method},
        {CURLOPT_NOBODY, false, strcmp(exchange->method, "HEAD") == 0, NULL},
        {CURLOPT_HEADERDATA, true, 0, reply},
        {CURLOPT_UPLOAD, false, 1, NULL}, /* from here on only with a body */
        {CURLOPT_READDATA, true, 0, sending},
    };
    bool body = exchange->fd >= 0;
    CURLcode result = set_all(curl, settings, sizeof settings / sizeof settings[0] - (body ? 0 : 2));
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_body);
    if (result == CURLE_OK && body)
        result = curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
    if (result == CURLE_OK && body)
        result = curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)exchange->bytes);
    return result;
}

static enum jc_code exchange_curl(void *ctx, const struct jc_transport_exchange *exchange,
                                  struct jc_transport_reply *out, struct jc_err *err) {
    struct curl_transport *transport = ctx;
    struct sending sending = {exchange->fd, exchange->offset, exchange->bytes};
    struct saving saving = {transport->handle, exchange->save_fd ? *exchange->save_fd : -1, exchange->offset,
                            exchange->bytes};
    char detail[CURL_ERROR_SIZE] = "";
    CURLcode result = CURLE_OK;
    *out = (struct jc_transport_reply){.upload_offset = -1};
    struct curl_slist *headers = make_headers(transport, exchange->headers, exchange->token);
    enum jc_code code =
        headers ? set_up(transport, exchange->path, headers, detail, &result, err) : jc_fail_memory(err);
    if (code) {
        curl_slist_free_all(headers);
        return code;
    }
    if (result == CURLE_OK)
        result = set_exchange(transport->handle, exchange, &sending, out);
    if (result == CURLE_OK && exchange->save_fd)
        result = curl_easy_setopt(transport->handle, CURLOPT_WRITEFUNCTION, save_body);
    if (result == CURLE_OK && exchange->save_fd)
        result = curl_easy_setopt(transport->handle, CURLOPT_WRITEDATA, &saving);
    return perform(transport, result, headers, detail, &out->status, err);
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

enum jc_code jc_transport_curl(const char *server, int timeout_ms, enum jc_lang lang, struct jc_transport *out,
                               struct jc_err *err) {
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
    transport->lang = lang;
    transport->timeout_ms = timeout_ms > 0 ? timeout_ms : TIMEOUT_MS;
    *out = (struct jc_transport){.call = call_curl, .close = close_curl, .ctx = transport, .exchange = exchange_curl};
    return JC_OK;
}

void jc_transport_close(struct jc_transport *transport) {
    if (transport->close)
        transport->close(transport->ctx);
    *transport = (struct jc_transport){0};
}
