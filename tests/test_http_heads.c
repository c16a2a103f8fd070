/* Heads of requests as raw bytes: what may be read in two ways is refused with words, what is no HTTP ends its
 * connection, and neither harms anybody else. */
#include "jc_http_test.h"

#define SELF "/jiancha.v1.SessionService/GetSelf"
#define JSON_HEAD "POST " SELF " HTTP/1.1\r\nHost: x\r\nAccept-Language: en\r\nContent-Type: application/json\r\n"

/* All that the server says until it closes the connection. */
static size_t read_all(int fd, char *bytes, size_t size) {
    size_t len = 0;
    ssize_t more;
    while (len < size - 1 && (more = recv(fd, bytes + len, size - 1 - len, 0)) > 0)
        len += (size_t)more;
    bytes[len] = '\0';
    return len;
}

/* Heads that could be read in two ways: one answer in the caller's language, then the end of the connection,
 * whatever was asked for. */
static void test_unclear_heads(void **state) {
    (void)state;
    static const struct {
        const char *name, *request, *says;
    } CASES[] = {
        {"no host", "POST " SELF " HTTP/1.1\r\nAccept-Language: en\r\nContent-Length: 0\r\n\r\n", "one Host header"},
        {"no host, in Chinese", "GET /healthz HTTP/1.1\r\n\r\n", "一个 Host"},
        {"two hosts", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nAccept-Language: en\r\n\r\n", "one Host header"},
        {"length and chunks", JSON_HEAD "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
         "ambiguous"},
        {"length and chunks of /healthz",
         "GET /healthz HTTP/1.1\r\nHost: x\r\nAccept-Language: en\r\nContent-Length: 5\r\n"
         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "ambiguous"},
        {"length twice", JSON_HEAD "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "ambiguous"},
        {"a blank behind a name", JSON_HEAD "Content-Length : 2\r\n\r\n{}", "ambiguous"},
        {"chunks in HTTP/1.0",
         "POST " SELF " HTTP/1.0\r\nAccept-Language: en\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "ambiguous"},
    };
    struct site site;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char bytes[4096];
        int fd = dial(site.port);
        assert_true(send_text(fd, CASES[i].request));
        (void)read_all(fd, bytes, sizeof bytes);
        CHECK(CASES[i].name, strncmp(bytes, "HTTP/1.1 400 ", 13) == 0 && !strstr(bytes + 1, "HTTP/1."));
        CHECK(CASES[i].name, strstr(bytes, "Connection: close\r\n") && strstr(bytes, "application/json"));
        CHECK(CASES[i].name, strstr(bytes, "{\"code\":\"invalid_argument\"") && strstr(bytes, CASES[i].says));
        close(fd);
    }
    site_close(&site);
}

/* A proxy may name the whole address; an old client has no host. */
static void test_targets(void **state) {
    (void)state;
    static const struct {
        const char *request;
        int status;
    } CASES[] = {
        {"GET /healthz HTTP/1.0\r\n\r\n", 200},
        {"GET http://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200},
        {"GET HTTPS://x:8443/healthz HTTP/1.1\r\nHost: x:8443\r\n\r\n", 200},
        {"GET http://x HTTP/1.1\r\nHost: x\r\n\r\n", 404},
        {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404},
        {"GET /a/../healthz HTTP/1.1\r\nHost: x\r\n\r\n", 404},
        {"GET //healthz HTTP/1.1\r\nHost: x\r\n\r\n", 404},
    };
    struct site site;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct answer answer;
        int fd = dial(site.port);
        assert_true(send_text(fd, CASES[i].request));
        read_answer(fd, &answer);
        CHECK_INT(CASES[i].request, answer.status, CASES[i].status);
        answer_free(&answer);
        close(fd);
    }
    site_close(&site);
}

/* What libmicrohttpd refuses by itself: nothing is done, the connection ends, the server goes on. */
static void test_broken_http(void **state) {
    (void)state;
    static const struct {
        const char *name, *request;
        int status; /* 0: closed without a word */
    } CASES[] = {
        {"no request", "rubbish\r\n\r\n", 0},
        {"another protocol", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"an old protocol", "GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505},
        {"no version", "GET /\r\n\r\n", 400},
        {"a line that is no header", JSON_HEAD "rubbish\r\n\r\n", 400},
        {"a length beyond all bounds", JSON_HEAD "Content-Length: 99999999999999999999999\r\n\r\n", 413},
        {"a negative length", JSON_HEAD "Content-Length: -1\r\n\r\n", 400},
        {"a signed length", JSON_HEAD "Content-Length: +2\r\n\r\n{}", 400},
        {"a length in hex", JSON_HEAD "Content-Length: 0x2\r\n\r\n{}", 400},
        {"a list of lengths", JSON_HEAD "Content-Length: 2, 2\r\n\r\n{}", 400},
        {"no chunk", JSON_HEAD "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
        {"a chunk without its end", JSON_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n", 400},
        {"a chunk beyond all bounds", JSON_HEAD "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 413},
        {"a negative chunk", JSON_HEAD "Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400},
        {"a trailer that is none", JSON_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nrubbish\r\n\r\n", 400},
    };
    struct site site;
    struct answer answer;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char bytes[4096];
        int fd = dial(site.port), status = 0;
        assert_true(send_text(fd, CASES[i].request));
        if (read_all(fd, bytes, sizeof bytes))
            assert_int_equal(sscanf(bytes, "HTTP/1.1 %d", &status), 1);
        CHECK_INT(CASES[i].name, status, CASES[i].status);
        CHECK(CASES[i].name, !status || strstr(bytes, "Connection: close\r\n"));
        close(fd);
    }
    one_call(site.port, SELF, "token-admin", "", "", 0, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    site_close(&site);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unclear_heads),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_broken_http),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
