/* The transport over libcurl (terminal/transport_curl.c) against a socket that answers byte for byte what a case says:
 * what Connect asks of a request is there, and everything that is not a whole answer of ours is an error. */
#include "jc_test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

#include "jiancha/terminal.h"

enum { REQUEST_BYTES = 8192 };

/* A server for one connection: reads one request, sends `answer`, closes. */
struct peer {
    int listener;
    char url[64];
    const char *answer;
    size_t answer_len;
    bool silent; /* answers nothing until the other side is gone */
    char request[REQUEST_BYTES];
    size_t request_len;
    pthread_t thread;
};

static bool has_whole_request(const struct peer *peer) {
    const char *body = strstr(peer->request, "\r\n\r\n"), *length = strcasestr(peer->request, "Content-Length: ");
    return body && length && (size_t)(body + 4 - peer->request) + strtoul(length + 16, NULL, 10) <= peer->request_len;
}

static void *serve(void *ctx) {
    struct peer *peer = ctx;
    int socket = accept(peer->listener, NULL, NULL);
    if (socket < 0)
        return NULL;
    while (!has_whole_request(peer) && peer->request_len + 1 < sizeof peer->request) {
        ssize_t got = recv(socket, peer->request + peer->request_len, sizeof peer->request - 1 - peer->request_len, 0);
        if (got <= 0)
            break;
        peer->request_len += (size_t)got;
    }
    char rest;
    if (peer->silent)
        while (recv(socket, &rest, 1, 0) > 0)
            continue;
    for (size_t sent = 0; !peer->silent && sent < peer->answer_len;) {
        ssize_t count = send(socket, peer->answer + sent, peer->answer_len - sent, MSG_NOSIGNAL);
        if (count <= 0)
            break;
        sent += (size_t)count;
    }
    close(socket);
    return NULL;
}

static void peer_start(struct peer *peer) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    peer->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(peer->listener >= 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(peer->listener, 1), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &len), 0);
    snprintf(peer->url, sizeof peer->url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&peer->thread, NULL, serve, peer), 0);
}

static void peer_stop(struct peer *peer) {
    shutdown(peer->listener, SHUT_RDWR);
    pthread_join(peer->thread, NULL);
    close(peer->listener);
}

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/proto\r\n"

static const struct {
    const char *name, *answer;
    enum jc_code code;
    int status;
    const char *body;
} ANSWERS[] = {
    {"whole", OK_HEAD "Content-Length: 3\r\n\r\nabc", JC_OK, 200, "abc"},
    {"chunked", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", JC_OK, 200, "abc"},
    {"type with a parameter",
     "HTTP/1.1 200 OK\r\nContent-Type: application/proto; charset=utf-8\r\nContent-Length: 1\r\n\r\nx", JC_OK, 200,
     "x"},
    {"an error of ours", "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
     JC_OK, 401, "{}"},
    {"cut in the body", OK_HEAD "Content-Length: 10\r\n\r\nabc", JC_UNAVAILABLE, 0, ""},
    {"cut in a chunk", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n10\r\nabc", JC_UNAVAILABLE, 0, ""},
    {"cut before the last chunk", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", JC_UNAVAILABLE, 0, ""},
    {"cut in the head", "HTTP/1.1 200 O", JC_UNAVAILABLE, 0, ""},
    {"nothing", "", JC_UNAVAILABLE, 0, ""},
    {"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", JC_UNAVAILABLE, 0, ""},
    {"a login page", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>", JC_UNAVAILABLE, 0,
     ""},
    {"no type", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", JC_UNAVAILABLE, 0, ""},
    {"a longer type", "HTTP/1.1 200 OK\r\nContent-Type: application/protozoa\r\nContent-Length: 1\r\n\r\nx",
     JC_UNAVAILABLE, 0, ""},
    {"a redirect is not followed", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
     JC_OK, 302, ""},
    {"too large", OK_HEAD "Content-Length: 40\r\n\r\n0123456789012345678901234567890123456789", JC_RESOURCE_EXHAUSTED,
     0, ""},
    {"bad gzip", OK_HEAD "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", JC_UNAVAILABLE, 0, ""},
};

static void judges_answers(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(ANSWERS); i++) {
        const char *name = ANSWERS[i].name;
        struct peer peer = {.answer = ANSWERS[i].answer, .answer_len = strlen(ANSWERS[i].answer)};
        struct jc_transport transport;
        struct jc_transport_call call = {"/jiancha.v1.SyncService/Sync", JC_STR("secret"), JC_STR("request")};
        struct jc_buf body;
        struct jc_err err;
        int status = 0;
        peer_start(&peer);
        CHECK_OK(name, jc_transport_curl(peer.url, 5000, JC_EN, &transport, &err), &err);
        jc_buf_init(&body, 32);
        CHECK_INT(name, transport.call(transport.ctx, &call, &status, &body, &err), ANSWERS[i].code);
        if (ANSWERS[i].code == JC_OK) {
            CHECK_INT(name, status, ANSWERS[i].status);
            CHECK_STR(name, jc_buf_str(&body), ANSWERS[i].body);
        }
        jc_buf_free(&body);
        jc_transport_close(&transport);
        peer_stop(&peer);
    }
}

static const char *const HEADERS[] = {
    "POST /jiancha.v1.SyncService/Sync HTTP/1.1\r\n",
    "Content-Type: application/proto\r\n",
    "Connect-Protocol-Version: 1\r\n",
    "Accept-Language: en\r\n",
    "Authorization: Bearer secret\r\n",
    "Content-Length: 7\r\n",
    "\r\n\r\nreq\0est",
};

static void asks_as_connect_says(void **state) {
    (void)state;
    static const char answer[] = OK_HEAD "Content-Length: 0\r\n\r\n";
    struct peer peer = {.answer = answer, .answer_len = sizeof answer - 1};
    struct jc_transport transport;
    struct jc_transport_call call = {"/jiancha.v1.SyncService/Sync", JC_STR("secret"), {"req\0est", 7}};
    struct jc_buf body;
    struct jc_err err;
    int status = 0;
    peer_start(&peer);
    CHECK_OK("open", jc_transport_curl(peer.url, 5000, JC_EN, &transport, &err),
             &err); /* the slash at its end is no matter */
    jc_buf_init(&body, 32);
    CHECK_OK("call", transport.call(transport.ctx, &call, &status, &body, &err), &err);
    jc_buf_free(&body);
    jc_transport_close(&transport);
    peer_stop(&peer);
    for (size_t i = 0; i + 1 < COUNT(HEADERS); i++)
        CHECK(HEADERS[i], strstr(peer.request, HEADERS[i]) != NULL);
    assert_null(strstr(peer.request, "Expect:"));
    assert_memory_equal(peer.request + peer.request_len - 7, "req\0est", 7);
}

static void gives_up_on_a_silent_server(void **state) {
    (void)state;
    struct peer peer = {.silent = true};
    struct jc_transport transport;
    struct jc_transport_call call = {"/x", JC_STR(""), JC_STR("")};
    struct jc_buf body;
    struct jc_err err;
    int status = 0;
    peer_start(&peer);
    CHECK_OK("open", jc_transport_curl(peer.url, 50, JC_EN, &transport, &err), &err);
    jc_buf_init(&body, 32);
    assert_int_equal(transport.call(transport.ctx, &call, &status, &body, &err), JC_DEADLINE_EXCEEDED);
    jc_buf_free(&body);
    jc_transport_close(&transport);
    peer_stop(&peer);
    assert_null(strstr(peer.request, "Authorization")); /* no token, no header */
}

static const struct {
    const char *url;
    enum jc_code code;
} SERVERS[] = {
    {"http://127.0.0.1:8420", JC_OK},
    {"https://jiancha.example", JC_OK},
    {"http://[::1]:8420/", JC_OK},
    {"", JC_INVALID_ARGUMENT},
    {"127.0.0.1:8420", JC_INVALID_ARGUMENT},
    {"ftp://x", JC_INVALID_ARGUMENT},
    {"file:///etc/passwd", JC_INVALID_ARGUMENT},
    {"http://", JC_INVALID_ARGUMENT},
    {"http:///path", JC_INVALID_ARGUMENT},
    {"http://user:word@host", JC_INVALID_ARGUMENT},
    {"http://host?x=1", JC_INVALID_ARGUMENT},
    {"http://host#x", JC_INVALID_ARGUMENT},
    {"http://ho st", JC_INVALID_ARGUMENT},
    {"http://host\r\nX-Evil: 1", JC_INVALID_ARGUMENT},
};

static void takes_sound_addresses_only(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(SERVERS); i++) {
        struct jc_transport transport;
        struct jc_err err;
        CHECK_INT(SERVERS[i].url, jc_transport_curl(SERVERS[i].url, 0, JC_EN, &transport, &err), SERVERS[i].code);
        jc_transport_close(&transport);
    }
}

int main(void) {
    assert_true(jc_id_init());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_answers),
        cmocka_unit_test(asks_as_connect_says),
        cmocka_unit_test(gives_up_on_a_silent_server),
        cmocka_unit_test(takes_sound_addresses_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
