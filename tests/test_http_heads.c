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
        {"a blank behind a name", JSON_HEAD "Content-Length : 2\r\n\r\n{}", "not valid HTTP"},
        {"no name", JSON_HEAD ": x\r\n\r\n", "not valid HTTP"},
        {"no name and no value", JSON_HEAD ":\r\n\r\n", "not valid HTTP"},
        {"no name before a length", JSON_HEAD ": x\r\nContent-Length: 2\r\n\r\n{}", "not valid HTTP"},
        {"no name of the first header", "GET /healthz HTTP/1.1\r\n: x\r\nHost: x\r\nAccept-Language: en\r\n\r\n",
         "not valid HTTP"},
        {"a value on two lines", JSON_HEAD "X: a\r\n b\r\nContent-Length: 0\r\n\r\n", "not valid HTTP"},
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

/* Of a header that we read once another reader might take the other one. */
static void test_repeated_headers(void **state) {
    (void)state;
    static const char *const NAMES[] = {
        "Authorization", "Content-Type",  "Content-Encoding", "Connect-Timeout-Ms", "Connect-Protocol-Version", "Range",
        "Tus-Resumable", "Upload-Length", "Upload-Offset",    "Upload-Metadata",    "Upload-Checksum",
    };
    static const char *const LINES[] = {"POST " SELF, "PATCH /blobs/u/0123456789abcdef0123456789abcdef"};
    struct site site;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t i = 0; i < COUNT(NAMES) * COUNT(LINES); i++) {
        const char *name = NAMES[i % COUNT(NAMES)];
        char request[512], says[128], bytes[4096];
        snprintf(request, sizeof request,
                 "%s HTTP/1.1\r\nHost: x\r\nAccept-Language: en\r\n%s: 1\r\nX: y\r\n%s: 1\r\n"
                 "Content-Length: 0\r\n\r\n",
                 LINES[i / COUNT(NAMES)], name, name);
        snprintf(says, sizeof says, "%s may be sent only once", name);
        int fd = dial(site.port);
        assert_true(send_text(fd, request));
        (void)read_all(fd, bytes, sizeof bytes);
        CHECK(name, strncmp(bytes, "HTTP/1.1 400 ", 13) == 0 && strstr(bytes, says));
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
        {"GET /%68ealthz HTTP/1.1\r\nHost: x\r\n\r\n", 200},
        {"GET /healthz%00 HTTP/1.1\r\nHost: x\r\n\r\n", 404},
        {"GET /healthz%00.png HTTP/1.1\r\nHost: x\r\n\r\n", 404},
        {"GET /healthz%zz HTTP/1.1\r\nHost: x\r\n\r\n", 404},
        {"GET /healthz? HTTP/1.1\r\nHost: x\r\n\r\n", 200},
        {"GET /healthz?a=/?b HTTP/1.1\r\nHost: x\r\n\r\n", 200},
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

/* What no header is may be made of NULs as well. */
static void test_nul_in_a_value(void **state) {
    static const char REQUEST[] = "GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\0Content-Length: 5\r\n\r\n";
    struct site site;
    struct answer answer;
    (void)state;
    site_open(&site, (struct jc_server_config){0}, NULL);
    int fd = dial(site.port);
    assert_true(send_bytes(fd, REQUEST, sizeof REQUEST - 1));
    read_answer(fd, &answer);
    assert_int_equal(answer.status, 400);
    assert_true(is_closed(fd));
    answer_free(&answer);
    close(fd);
    site_close(&site);
}

/* Blanks around a value and empty values are as good as others. */
static void test_blanks(void **state) {
    static const char *const REQUESTS[] = {
        "GET /healthz HTTP/1.1\r\nHost:\tx\t \r\nA:\r\nB:  \r\nC:c\r\nD: d  \r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nA:\r\n\r\n",
        "\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nA: \r\n\r\n",
    };
    struct site site;
    (void)state;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t i = 0; i < COUNT(REQUESTS); i++) {
        struct answer answer;
        int fd = dial(site.port);
        assert_true(send_text(fd, REQUESTS[i]));
        read_answer(fd, &answer);
        CHECK_INT(REQUESTS[i], answer.status, 200);
        answer_free(&answer);
        close(fd);
    }
    site_close(&site);
}

/* One whole answer of ours and then the end. */
static void check_refusal(const char *name, const char *bytes, int status, const char *code, const char *says) {
    char expected[64], *body = strstr(bytes, "\r\n\r\n");
    int found = 0, length = -1;
    const char *header = strstr(bytes, "Content-Length: ");
    CHECK(name, sscanf(bytes, "HTTP/1.1 %d", &found) == 1 && body && header);
    CHECK_INT(name, found, status);
    CHECK(name, sscanf(header, "Content-Length: %d", &length) == 1);
    CHECK_INT(name, (int)strlen(body + 4), length);
    CHECK(name, strstr(bytes, "Connection: close\r\n") && strstr(bytes, "Content-Type: application/json\r\n"));
    snprintf(expected, sizeof expected, "{\"code\":\"%s\"", code);
    CHECK(name, strncmp(body + 4, expected, strlen(expected)) == 0 && strstr(body, "jiancha.v1.ErrorDetail"));
    CHECK(name, !says || strstr(body, says));
}

/* What libmicrohttpd refuses by itself, in our words: nothing is done, the connection ends, the server goes on. */
static void test_broken_http(void **state) {
    (void)state;
    static const char *const BAD = "invalid_argument", *const LARGE = "resource_exhausted";
    static const struct {
        const char *name, *request;
        int status; /* 0: closed without a word */
        const char *const *code;
        const char *says;
    } CASES[] = {
        {"no request", "rubbish\r\n\r\n", 0, NULL, NULL},
        {"another protocol", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, NULL, "HTTP 版本"},
        {"an old protocol", "GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505, NULL, "HTTP 版本"},
        {"no version", "GET /\r\n\r\n", 400, &BAD, "HTTP 格式"},
        {"a line that is no header", JSON_HEAD "rubbish\r\n\r\n", 400, &BAD, "not valid HTTP"},
        {"a length beyond all bounds", JSON_HEAD "Content-Length: 99999999999999999999999\r\n\r\n", 413, &LARGE,
         "larger than"},
        {"a negative length", JSON_HEAD "Content-Length: -1\r\n\r\n", 400, &BAD, "not valid HTTP"},
        {"a signed length", JSON_HEAD "Content-Length: +2\r\n\r\n{}", 400, &BAD, "not valid HTTP"},
        {"a signed nought", JSON_HEAD "Content-Length: +0\r\n\r\n", 400, &BAD, "not valid HTTP"},
        {"an empty length", JSON_HEAD "Content-Length: \r\n\r\n", 400, &BAD, "not valid HTTP"},
        {"a length in hex", JSON_HEAD "Content-Length: 0x2\r\n\r\n{}", 400, &BAD, "not valid HTTP"},
        {"a list of lengths", JSON_HEAD "Content-Length: 2, 2\r\n\r\n{}", 400, &BAD, "not valid HTTP"},
        {"no chunk", JSON_HEAD "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, &BAD, "not valid HTTP"},
        {"a chunk without its end", JSON_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n", 400, &BAD, NULL},
        {"a chunk beyond all bounds", JSON_HEAD "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 413, &LARGE,
         "larger than"},
        {"a negative chunk", JSON_HEAD "Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400, &BAD, NULL},
        {"a trailer that is none", JSON_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nrubbish\r\n\r\n", 400,
         &BAD, NULL},
        {"a broken request behind a good one", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /\r\n\r\n", -1, &BAD, NULL},
    };
    struct site site;
    struct answer answer;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char bytes[4096], *last = bytes;
        int fd = dial(site.port);
        assert_true(send_text(fd, CASES[i].request));
        size_t len = read_all(fd, bytes, sizeof bytes);
        if (CASES[i].status < 0) {
            CHECK(CASES[i].name, strncmp(bytes, "HTTP/1.1 200 ", 13) == 0);
            last = strstr(bytes + 1, "HTTP/1.1 ");
        }
        if (CASES[i].status)
            check_refusal(CASES[i].name, last, CASES[i].status < 0 ? 400 : CASES[i].status,
                          CASES[i].code ? *CASES[i].code : "unimplemented", CASES[i].says);
        else
            CHECK_INT(CASES[i].name, (int)len, 0);
        close(fd);
    }
    one_call(site.port, SELF, "token-admin", "", "", 0, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    site_close(&site);
}

/* A page of a listed origin may read a refusal as it may any answer (Fetch, "CORS protocol"); any other may not. */
static void test_refused_page(void **state) {
    (void)state;
    static const struct jc_str ORIGIN = {"https://plan.example.cn", 23};
    static const struct {
        const char *name, *origin;
        bool allowed;
    } CASES[] = {
        {"a listed page", "https://plan.example.cn", true},
        {"another page", "https://plan.example.com", false},
    };
    struct site site;
    site_open(&site, (struct jc_server_config){.cors = {&ORIGIN, 1}}, NULL);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char bytes[4096], request[512];
        int fd = dial(site.port);
        snprintf(request, sizeof request, JSON_HEAD "Origin: %s\r\nContent-Length: -1\r\n\r\n", CASES[i].origin);
        assert_true(send_text(fd, request));
        (void)read_all(fd, bytes, sizeof bytes);
        check_refusal(CASES[i].name, bytes, 400, "invalid_argument", "not valid HTTP");
        CHECK(CASES[i].name, strstr(bytes, "Vary: Origin\r\n") != NULL);
        CHECK_INT(CASES[i].name, strstr(bytes, "Access-Control-Allow-Origin: https://plan.example.cn\r\n") != NULL,
                  CASES[i].allowed);
        close(fd);
    }
    site_close(&site);
}

/* A head that outgrows the connection's memory, wherever it does: 414 or 431, never silence. */
static void test_large_heads(void **state) {
    (void)state;
    static const struct {
        const char *name, *before, *piece, *after;
        int times, status;
    } CASES[] = {
        {"a long path", "GET /", "a", " HTTP/1.1\r\nHost: x\r\n\r\n", 10000, 414},
        {"a long header", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ", "a", "\r\n\r\n", 10000, 431},
        {"a header that leaves no room for an answer", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ", "a", "\r\n\r\n", 3900,
         431},
        {"many headers", "GET /healthz HTTP/1.1\r\nHost: x\r\n", "X: a\r\n", "\r\n", 400, 431},
        {"many cookies", "GET /healthz HTTP/1.1\r\nHost: x\r\nCookie: a=1", "; a=1", "\r\n\r\n", 150, 431},
        {"a long line of chunks", JSON_HEAD "Transfer-Encoding: chunked\r\n\r\n2;a=", "b", "\r\n{}\r\n0\r\n\r\n", 5000,
         431},
        {"a long trailer", JSON_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: ", "b", "\r\n\r\n", 5000,
         431},
    };
    struct site site;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_buf request;
        char bytes[4096];
        jc_buf_init(&request, 1 << 16);
        jc_buf_add(&request, jc_str(CASES[i].before));
        for (int n = 0; n < CASES[i].times; n++)
            jc_buf_add(&request, jc_str(CASES[i].piece));
        jc_buf_add(&request, jc_str(CASES[i].after));
        int fd = dial(site.port);
        (void)send_bytes(fd, jc_buf_str(&request).ptr, jc_buf_str(&request).len);
        (void)read_all(fd, bytes, sizeof bytes);
        check_refusal(CASES[i].name, bytes, CASES[i].status, "resource_exhausted", NULL);
        close(fd);
        jc_buf_free(&request);
    }
    site_close(&site);
}

/* However many parameters there are: those of the protocol count, the others are passed over. */
static void test_many_parameters(void **state) {
    struct site site;
    struct answer answer;
    char request[4096] = "GET " SELF "?encoding=json&message=%7B%7D", *at = request + strlen(request);
    (void)state;
    for (int i = 0; i < 300; i++)
        at += sprintf(at, "&p%d=%d", i, i % 10);
    strcpy(at, " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-admin\r\n\r\n");
    site_open(&site, (struct jc_server_config){0}, NULL);
    int fd = dial(site.port);
    assert_true(send_text(fd, request));
    read_answer(fd, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    close(fd);
    site_close(&site);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unclear_heads),   cmocka_unit_test(test_repeated_headers),
        cmocka_unit_test(test_targets),         cmocka_unit_test(test_nul_in_a_value),
        cmocka_unit_test(test_blanks),          cmocka_unit_test(test_broken_http),
        cmocka_unit_test(test_refused_page),    cmocka_unit_test(test_large_heads),
        cmocka_unit_test(test_many_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
