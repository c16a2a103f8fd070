/* The public Connect conformance suite (connectrpc/conformance), as far as it is about a unary server:
 * its cases by their names ("suite/case"), on our procedures, over real sockets. Where the suite runs a
 * case for every codec and compression, so do we. Then what it leaves open: GET in all its forms, pages
 * of other origins, and bodies whose end could be read in two ways. */
#include "jc_http_test.h"

#include <jansson.h>

#include "base/base64.h"
#include "http/connect.h"
#include "http/gzip.h"
#include "jiancha/v1/registry_service.pb-c.h"

#define UNARY "/jiancha.v1.RegistryService/GetUnit"              /* reads */
#define UNARY_WRITE "/jiancha.v1.DeviceService/CreateInvitation" /* writes */
#define ORIGIN "https://plan.example.cn"

enum { LIMIT = 4096, TEXT_MAX = 16384 };

static const char *const MEDIA[] = {[JC_CODEC_PROTO] = "application/proto", [JC_CODEC_JSON] = "application/json"};

/* A request in its making. */
struct sent {
    const char *verb, *path;
    char headers[2048]; /* lines with their CRLF */
    char body[TEXT_MAX];
    size_t len;
};

static void add_line(struct sent *sent, const char *name, const char *value) {
    size_t used = strlen(sent->headers);
    snprintf(sent->headers + used, sizeof sent->headers - used, "%s: %s\r\n", name, value);
}

static void start(struct sent *sent, const char *verb, const char *path, const char *token) {
    char bearer[100];
    memset(sent, 0, sizeof *sent);
    sent->verb = verb;
    sent->path = path;
    add_line(sent, "Accept-Language", "en");
    snprintf(bearer, sizeof bearer, "Bearer %s", token);
    if (*token)
        add_line(sent, "Authorization", bearer);
}

/* The message {unit_id} (or whatever field 1 is) in a codec, padded with a field nobody knows. */
static struct jc_str message(enum jc_codec codec, const char *name, const char *id, size_t pad, char out[TEXT_MAX]) {
    struct jc_buf text;
    size_t len = strlen(id);
    jc_buf_init(&text, TEXT_MAX);
    if (codec == JC_CODEC_JSON) {
        jc_buf_printf(&text, "{\"%s\":\"%s\"", name, id);
        if (pad)
            jc_buf_printf(&text, ",\"p\":\"%*s\"", (int)pad, "");
        jc_buf_char(&text, '}');
    } else {
        jc_buf_printf(&text, "\x0a%c%s", (char)len, id);
        if (pad) /* field 100, a length of two bytes */
            jc_buf_printf(&text, "\xa2\x06%c%c%*s", (char)(0x80 | (pad & 0x7f)), (char)(pad >> 7), (int)pad, "");
    }
    assert_false(text.failed);
    memcpy(out, text.ptr, text.len);
    struct jc_str view = {out, text.len};
    jc_buf_free(&text);
    return view;
}

static void set_body(struct sent *sent, struct jc_str bytes, bool gzip) {
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_err err = {0};
    if (gzip) {
        CHECK_OK("gzip", jc_gzip(bytes, arena, &bytes, &err), &err);
        add_line(sent, "Content-Encoding", "gzip");
    }
    assert_true(bytes.len <= sizeof sent->body);
    memcpy(sent->body, bytes.ptr, bytes.len);
    sent->len = bytes.len;
    jc_arena_free(arena);
}

static void exchange(int port, const struct sent *sent, struct answer *answer) {
    char head[8192];
    int fd = dial(port);
    bool framed = strstr(sent->headers, "Transfer-Encoding") || strcmp(sent->verb, "GET") == 0 ||
                  strcmp(sent->verb, "HEAD") == 0 || strcmp(sent->verb, "OPTIONS") == 0;
    char length[64] = "";
    if (!framed)
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", sent->len);
    snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n", sent->verb, sent->path, sent->headers,
             length);
    assert_true(fd >= 0 && send_text(fd, head) && send_bytes(fd, sent->body, sent->len));
    read_answer(fd, answer);
    close(fd);
}

/* A POST of {unit_id: id}. */
static void post(int port, enum jc_codec codec, bool gzip, const char *path, const char *token, const char *field,
                 const char *id, struct answer *answer) {
    struct sent sent;
    char bytes[TEXT_MAX];
    start(&sent, "POST", path, token);
    add_line(&sent, "Content-Type", MEDIA[codec]);
    add_line(&sent, "Connect-Protocol-Version", "1");
    set_body(&sent, message(codec, field, id, 0, bytes), gzip);
    exchange(port, &sent, answer);
}

/* The unit's id in the answer to UNARY. */
static void check_unit(const char *name, const struct answer *answer, enum jc_codec codec, const char *id) {
    char value[256];
    CHECK_INT(name, answer->status, 200);
    CHECK_STR(name, jc_str(answer_header(answer, "Content-Type", value)), MEDIA[codec]);
    if (codec == JC_CODEC_JSON) {
        json_t *json = json_loadb(answer->body, answer->len, JSON_REJECT_DUPLICATES, NULL);
        CHECK_STR(name, jc_str(json_string_value(json_object_get(json_object_get(json, "unit"), "unitId"))), id);
        json_decref(json);
    } else {
        Jc__GetUnitResponse *got = jc__get_unit_response__unpack(NULL, answer->len, (uint8_t *)answer->body);
        CHECK(name, got && got->unit);
        CHECK_STR(name, jc_str(got->unit->unit_id), id);
        jc__get_unit_response__free_unpacked(got, NULL);
    }
}

static void check_refused(const char *name, const struct answer *answer, int status, const char *code) {
    char value[256], text[64];
    CHECK_INT(name, answer->status, status);
    CHECK_STR(name, jc_str(answer_header(answer, "Content-Type", value)), "application/json");
    CHECK_STR(name, jc_str(answer_code(answer, text)), code);
}

/* --- basic, errors, metadata: every codec and compression -------------------------------------------------------- */

static const struct {
    const char *name;
    const char *path, *token, *field, *id;
    int status;
    const char *code; /* NULL: the answer is the unit */
} CASES[] = {
    {"Basic/unary/success", UNARY, "token-admin", "unitId", "u1", 200, NULL},
    {"Errors/unary/invalid-argument", UNARY, "token-admin", "unitId", "\xff", 400, "invalid_argument"},
    {"Errors/unary/not-found", UNARY, "token-admin", "unitId", "nobody", 404, "not_found"},
    {"Errors/unary/permission-denied", UNARY_WRITE, "token-supervisor", "inspectorId", "i1", 403, "permission_denied"},
    {"Errors/unary/unauthenticated", UNARY, "", "unitId", "u1", 401, "unauthenticated"},
    {"Errors/unary/unimplemented", "/jiancha.v1.RegistryService/Nothing", "token-admin", "unitId", "u1", 404,
     "unimplemented"},
    {"Errors/unary/unicode-error-message", UNARY, "token-admin", "unitId",
     "BMP \xe2\x98\xba and non-BMP \xf0\x9f\x98\x88", 404, "not_found"},
};

static void run_case(int port, size_t i, enum jc_codec codec, bool gzip) {
    struct answer answer;
    char name[200];
    snprintf(name, sizeof name, "%s, %s%s", CASES[i].name, MEDIA[codec], gzip ? ", gzip" : "");
    post(port, codec, gzip, CASES[i].path, CASES[i].token, CASES[i].field, CASES[i].id, &answer);
    if (CASES[i].code)
        check_refused(name, &answer, CASES[i].status, CASES[i].code);
    else
        check_unit(name, &answer, codec, CASES[i].id);
    if (strstr(CASES[i].name, "unicode"))
        CHECK(name, strstr(answer.body, CASES[i].id));
    answer_free(&answer);
}

static void test_cases(void **state) {
    (void)state;
    struct site site;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t i = 0; i < COUNT(CASES); i++)
        for (int variant = 0; variant < 4; variant++)
            run_case(site.port, i, variant & 1 ? JC_CODEC_JSON : JC_CODEC_PROTO, variant & 2);
    site_close(&site);
}

/* Errors/unary/…: each code by its name and status, whoever raises it. */
static void test_every_code(void **state) {
    (void)state;
    static const struct {
        const char *code;
        int status;
    } CODES[] = {
        {"canceled", 499},
        {"unknown", 500},
        {"invalid_argument", 400},
        {"deadline_exceeded", 504},
        {"not_found", 404},
        {"already_exists", 409},
        {"permission_denied", 403},
        {"resource_exhausted", 429},
        {"failed_precondition", 400},
        {"aborted", 409},
        {"out_of_range", 400},
        {"unimplemented", 501},
        {"internal", 500},
        {"unavailable", 503},
        {"data_loss", 500},
        {"unauthenticated", 401},
    };
    struct jc_arena *arena = jc_arena_new(1 << 20);
    for (size_t i = 0; i < COUNT(CODES); i++) {
        struct jc_err err;
        char expected[100];
        enum jc_code code = (enum jc_code)(JC_CANCELLED + i);
        (void)jc_fail(&err, code, JC_MSG_INTERNAL);
        snprintf(expected, sizeof expected, "{\"code\":\"%s\",", CODES[i].code);
        struct jc_str body = jc_connect_error(&err, JC_EN, 0, arena);
        CHECK(CODES[i].code, jc_str_starts_with(body, jc_str(expected)));
        CHECK_INT(CODES[i].code, jc_connect_status(code), CODES[i].status);
    }
    jc_arena_free(arena);
}

/* Duplicate Metadata/unary: headers we do not know, twice each. */
static void test_metadata(void **state) {
    (void)state;
    struct site site;
    struct sent sent;
    struct answer answer;
    char bytes[TEXT_MAX];
    site_open(&site, (struct jc_server_config){0}, NULL);
    start(&sent, "POST", UNARY, "token-admin");
    add_line(&sent, "Content-Type", MEDIA[JC_CODEC_JSON]);
    add_line(&sent, "X-Conformance-Test", "Value1");
    add_line(&sent, "X-Conformance-Test", "Value2");
    set_body(&sent, message(JC_CODEC_JSON, "unitId", "u1", 0, bytes), false);
    exchange(site.port, &sent, &answer);
    check_unit("Duplicate Metadata/unary/success", &answer, JC_CODEC_JSON, "u1");
    answer_free(&answer);
    site_close(&site);
}

/* --- unexpected requests -------------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *verb, *path, *type, *encoding;
    int status;
    const char *code, *header, *value;
} UNEXPECTED[] = {
    {"Unexpected Requests/unexpected-content-type", "POST", UNARY, "image/jpeg", NULL, 415, "unknown", "Accept-Post",
     "application/proto, application/json"},
    {"unexpected-content-type of a stream", "POST", UNARY, "application/connect+proto", NULL, 415, "unknown",
     "Accept-Post", "application/proto, application/json"},
    {"Connect Unexpected Requests/unexpected-verb", "DELETE", UNARY, "application/proto", NULL, 405, "unknown", "Allow",
     "GET, HEAD, POST"},
    {"unexpected-verb of what writes", "DELETE", UNARY_WRITE, "application/proto", NULL, 405, "unknown", "Allow",
     "POST"},
    {"GET of what writes", "GET", UNARY_WRITE "?connect=v1&encoding=json&message=%7B%7D", NULL, NULL, 405, "unknown",
     "Allow", "POST"},
    {"Connect Unexpected Requests/unexpected-uri", "POST", "/connectrpc.conformance.v1.UnknownService/UnknownMethod",
     "application/proto", NULL, 404, "unimplemented", NULL, NULL},
    {"Connect Unexpected Requests/unexpected-codec", "POST", UNARY, "application/foo", NULL, 415, "unknown", NULL,
     NULL},
    {"Connect Unexpected Requests/unexpected-compression", "POST", UNARY, "application/proto", "foo", 501,
     "unimplemented", "Accept-Encoding", "gzip"},
};

static void test_unexpected(void **state) {
    (void)state;
    struct site site;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t i = 0; i < COUNT(UNEXPECTED); i++) {
        struct sent sent;
        struct answer answer;
        char value[256];
        start(&sent, UNEXPECTED[i].verb, UNEXPECTED[i].path, "token-admin");
        if (UNEXPECTED[i].type)
            add_line(&sent, "Content-Type", UNEXPECTED[i].type);
        if (UNEXPECTED[i].encoding)
            add_line(&sent, "Content-Encoding", UNEXPECTED[i].encoding);
        exchange(site.port, &sent, &answer);
        check_refused(UNEXPECTED[i].name, &answer, UNEXPECTED[i].status, UNEXPECTED[i].code);
        if (UNEXPECTED[i].header)
            CHECK_STR(UNEXPECTED[i].name, jc_str(answer_header(&answer, UNEXPECTED[i].header, value)),
                      UNEXPECTED[i].value);
        answer_free(&answer);
    }
    site_close(&site);
}

/* --- sizes, deadlines ------------------------------------------------------------------------------------------------ */

/* Server Message Size/unary: up to the limit and ten bytes more, also of what comes out of gzip. */
static void test_message_size(void **state) {
    (void)state;
    struct site site;
    site_open(&site, (struct jc_server_config){.body_max = LIMIT}, NULL);
    for (int variant = 0; variant < 8; variant++) {
        struct sent sent;
        struct answer answer;
        char bytes[TEXT_MAX], name[200];
        enum jc_codec codec = variant & 1 ? JC_CODEC_JSON : JC_CODEC_PROTO;
        bool gzip = variant & 2, exceeds = variant & 4;
        /* one padding byte tells what the rest takes */
        size_t rest = message(codec, "unitId", "u1", codec == JC_CODEC_JSON ? 1 : 200, bytes).len;
        size_t pad = LIMIT - (rest - (codec == JC_CODEC_JSON ? 1 : 200)) + (exceeds ? 10 : 0);
        snprintf(name, sizeof name, "Server Message Size/unary/request-%s-server-limit, %s%s",
                 exceeds ? "exceeds" : "equal-to", MEDIA[codec], gzip ? ", gzip" : "");
        start(&sent, "POST", UNARY, "token-admin");
        add_line(&sent, "Content-Type", MEDIA[codec]);
        struct jc_str padded = message(codec, "unitId", "u1", pad, bytes);
        CHECK_INT(name, padded.len, LIMIT + (exceeds ? 10 : 0));
        set_body(&sent, padded, gzip);
        exchange(site.port, &sent, &answer);
        if (exceeds)
            check_refused(name, &answer, 429, "resource_exhausted");
        else
            check_unit(name, &answer, codec, "u1");
        answer_free(&answer);
    }
    site_close(&site);
}

static const struct {
    const char *name, *timeout;
    int status;
    const char *code; /* NULL: the answer is the unit */
} TIMEOUTS[] = {
    {"Deadline Propagation/unary/success", "60000", 200, NULL},
    {"the longest there is", "9999999999", 200, NULL},
    {"nothing left", "0", 504, "deadline_exceeded"},
    {"eleven digits", "10000000000", 400, "invalid_argument"},
    {"negative", "-1", 400, "invalid_argument"},
    {"no number", "1s", 400, "invalid_argument"},
};

static void test_timeouts(void **state) {
    (void)state;
    struct site site;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t i = 0; i < COUNT(TIMEOUTS); i++) {
        struct sent sent;
        struct answer answer;
        char bytes[TEXT_MAX];
        start(&sent, "POST", UNARY, "token-admin");
        add_line(&sent, "Content-Type", MEDIA[JC_CODEC_PROTO]);
        add_line(&sent, "Connect-Timeout-Ms", TIMEOUTS[i].timeout);
        set_body(&sent, message(JC_CODEC_PROTO, "unitId", "u1", 0, bytes), false);
        exchange(site.port, &sent, &answer);
        if (TIMEOUTS[i].code)
            check_refused(TIMEOUTS[i].name, &answer, TIMEOUTS[i].status, TIMEOUTS[i].code);
        else
            check_unit(TIMEOUTS[i].name, &answer, JC_CODEC_PROTO, "u1");
        answer_free(&answer);
    }
    site_close(&site);
}

/* Timeouts/unary: the server is held up longer than the client waits; nothing of the call happens. */
static void test_timeout_while_waiting(void **state) {
    (void)state;
    struct site site;
    struct gate gate;
    struct answer answer;
    site_open(&site, (struct jc_server_config){0}, NULL);
    gate_shut(&gate, site.db);
    int fd = dial(site.port);
    assert_true(send_call(fd, UNARY_WRITE, "token-planner", "Connect-Timeout-Ms: 1\r\n", "\x0a\x02i1", 4));
    gate_wait_queued(site.db, 1);
    for (int64_t start_ms = jc_monotonic_ms(); jc_monotonic_ms() < start_ms + 2;)
        sched_yield();
    gate_let_go(&gate);
    read_answer(fd, &answer);
    check_refused("Timeouts/unary", &answer, 504, "deadline_exceeded");
    assert_int_equal(jc_test_number(site.db, "SELECT COUNT(*) FROM invitation"), 0);
    answer_free(&answer);
    close(fd);
    site_close(&site);
}

/* --- Connect with GET ---------------------------------------------------------------------------------------------------- */

static void add_percent(struct jc_buf *out, struct jc_str bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_')
            jc_buf_char(out, (char)c);
        else
            jc_buf_printf(out, "%%%02X", c);
    }
}

/* In the alphabet for URLs, as clients write it. */
static void add_base64(struct jc_buf *out, struct jc_str bytes, struct jc_arena *arena) {
    struct jc_str text = jc_base64(bytes, arena);
    for (size_t i = 0; i < text.len; i++)
        jc_buf_char(out, text.ptr[i] == '+' ? '-' : text.ptr[i] == '/' ? '_' : text.ptr[i]);
}

/* codec, base64, gzip and padding as bits of `variant`; the verb by its name */
static void get_once(int port, const char *verb, int variant) {
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_err err = {0};
    struct jc_buf path;
    struct sent sent;
    struct answer answer;
    char bytes[TEXT_MAX], name[200], value[256];
    enum jc_codec codec = variant & 1 ? JC_CODEC_JSON : JC_CODEC_PROTO;
    bool base64 = variant & 2, gzip = variant & 4, padded = variant & 8;
    snprintf(name, sizeof name, "Connect with GET/success, %s, %s%s%s%s", verb, MEDIA[codec],
             base64 ? ", base64" : ", percent", gzip ? ", gzip" : "", padded ? ", padded" : "");
    struct jc_str text = message(codec, "unitId", "u1", 0, bytes);
    if (gzip)
        CHECK_OK(name, jc_gzip(text, arena, &text, &err), &err);
    jc_buf_init(&path, 4000);
    jc_buf_printf(&path, UNARY "?connect=v1&encoding=%s%s%s&message=", codec == JC_CODEC_JSON ? "json" : "proto",
                  base64 ? "&base64=1" : "", gzip ? "&compression=gzip" : "");
    if (base64)
        add_base64(&path, text, arena);
    else
        add_percent(&path, text);
    for (size_t i = text.len; base64 && padded && i % 3; i++)
        jc_buf_add(&path, JC_STR("%3D"));
    jc_buf_char(&path, '\0');
    start(&sent, verb, path.ptr, "token-admin");
    if (strcmp(verb, "HEAD") == 0)
        add_line(&sent, "Connection", "close");
    exchange(port, &sent, &answer);
    if (strcmp(verb, "HEAD") == 0) /* the length of what a GET would bring, and no byte of it */
        CHECK(name, answer.status == 0 && strstr(answer.head, "HTTP/1.1 200") && answer.len > 0);
    else
        check_unit(name, &answer, codec, "u1");
    CHECK_STR(name, jc_str(answer_header(&answer, "Cache-Control", value)), "private, no-store");
    answer_free(&answer);
    jc_buf_free(&path);
    jc_arena_free(arena);
}

static void test_get(void **state) {
    (void)state;
    struct site site;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (int variant = 0; variant < 16; variant++) {
        get_once(site.port, "GET", variant);
        get_once(site.port, "HEAD", variant);
    }
    site_close(&site);
}

static void test_get_refused(void **state) {
    (void)state;
    static const struct {
        const char *name, *query;
        int status;
        const char *code;
    } QUERIES[] = {
        {"no query", "", 415, "unknown"},
        {"no message", "?connect=v1&encoding=json", 400, "invalid_argument"},
        {"another version", "?connect=v2&encoding=json&message=%7B%7D", 400, "invalid_argument"},
        {"message twice", "?encoding=json&message=%7B%7D&message=%7B%7D", 400, "invalid_argument"},
        {"no base64", "?encoding=json&base64=1&message=%7B%7D", 400, "invalid_argument"},
        {"no JSON", "?encoding=json&message=%7B", 400, "invalid_argument"},
        {"a NUL", "?encoding=proto&message=%0A%02u%00", 400, "invalid_argument"},
        {"no gzip", "?encoding=json&compression=gzip&message=%7B%7D", 400, "invalid_argument"},
        {"unknown compression", "?encoding=json&compression=br&message=%7B%7D", 501, "unimplemented"},
    };
    struct site site;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t i = 0; i < COUNT(QUERIES); i++) {
        struct sent sent;
        struct answer answer;
        char path[400];
        snprintf(path, sizeof path, UNARY "%s", QUERIES[i].query);
        start(&sent, "GET", path, "token-admin");
        exchange(site.port, &sent, &answer);
        check_refused(QUERIES[i].name, &answer, QUERIES[i].status, QUERIES[i].code);
        answer_free(&answer);
    }
    site_close(&site);
}

/* --- pages of other origins -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *verb, *path, *origin, *asks;
    bool configured;
    int status;
    const char *allowed; /* Access-Control-Allow-Origin; NULL: absent */
    const char *vary;
} ORIGINS[] = {
    {"preflight", "OPTIONS", UNARY, ORIGIN, "POST", true, 204, ORIGIN, "Origin, Access-Control-Request-Method"},
    {"preflight of a stranger", "OPTIONS", UNARY, "https://evil.example", "POST", true, 204, NULL,
     "Origin, Access-Control-Request-Method"},
    {"preflight of null", "OPTIONS", UNARY, "null", "POST", true, 204, NULL, "Origin, Access-Control-Request-Method"},
    {"no question, no preflight", "OPTIONS", UNARY, ORIGIN, NULL, true, 405, ORIGIN, "Origin"},
    {"preflight where nothing is configured", "OPTIONS", UNARY, ORIGIN, "POST", false, 405, NULL, NULL},
    {"call", "POST", UNARY, ORIGIN, NULL, true, 200, ORIGIN, "Origin"},
    {"call of a stranger", "POST", UNARY, "https://evil.example", NULL, true, 200, NULL, "Origin"},
    {"call without an origin", "POST", UNARY, NULL, NULL, true, 200, NULL, "Origin"},
    {"call where nothing is configured", "POST", UNARY, ORIGIN, NULL, false, 200, NULL, NULL},
    {"error", "POST", "/nothing", ORIGIN, NULL, true, 404, ORIGIN, "Origin"},
};

static void check_origin(const char *name, const struct answer *answer, size_t i) {
    char value[256], credentials[256];
    CHECK_INT(name, answer->status, ORIGINS[i].status);
    const char *allowed = answer_header(answer, "Access-Control-Allow-Origin", value);
    CHECK(name, !allowed == !ORIGINS[i].allowed && (!allowed || strcmp(allowed, ORIGINS[i].allowed) == 0));
    const char *vary = answer_header(answer, "Vary", value);
    CHECK(name, !vary == !ORIGINS[i].vary && (!vary || strcmp(vary, ORIGINS[i].vary) == 0));
    CHECK(name, !answer_header(answer, "Access-Control-Allow-Credentials", credentials));
    const char *methods = answer_header(answer, "Access-Control-Allow-Methods", value);
    CHECK_INT(name, methods != NULL, ORIGINS[i].status == 204 && ORIGINS[i].allowed);
    const char *exposed = answer_header(answer, "Access-Control-Expose-Headers", value);
    CHECK_INT(name, exposed != NULL, ORIGINS[i].status != 204 && ORIGINS[i].allowed);
}

static void test_origins(void **state) {
    (void)state;
    static const struct jc_str LISTED[] = {JC_STR(ORIGIN)};
    for (int configured = 0; configured < 2; configured++) {
        struct site site;
        site_open(&site, (struct jc_server_config){.cors = {LISTED, configured ? 1 : 0}}, NULL);
        for (size_t i = 0; i < COUNT(ORIGINS); i++) {
            struct sent sent;
            struct answer answer;
            char bytes[TEXT_MAX];
            if (ORIGINS[i].configured != configured)
                continue;
            start(&sent, ORIGINS[i].verb, ORIGINS[i].path, "token-admin");
            if (ORIGINS[i].origin)
                add_line(&sent, "Origin", ORIGINS[i].origin);
            if (ORIGINS[i].asks)
                add_line(&sent, "Access-Control-Request-Method", ORIGINS[i].asks);
            if (strcmp(ORIGINS[i].verb, "POST") == 0) {
                add_line(&sent, "Content-Type", MEDIA[JC_CODEC_JSON]);
                set_body(&sent, message(JC_CODEC_JSON, "unitId", "u1", 0, bytes), false);
            }
            exchange(site.port, &sent, &answer);
            check_origin(ORIGINS[i].name, &answer, i);
            answer_free(&answer);
        }
        site_close(&site);
    }
}

/* --- where a body ends ---------------------------------------------------------------------------------------------------------- */

/* What a proxy in front could read otherwise than we do: refused, the connection ends, and what follows on
 * it is never taken for another request (RFC 9112, sections 5.2, 6.1, 6.3). */
static const struct {
    const char *name, *headers, *body;
} SMUGGLED[] = {
    {"length and chunks", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"},
    {"chunks and length", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n"},
    {"two lengths", "Content-Length: 4\r\nContent-Length: 0\r\n", "\x0a\x02u1"},
    {"the same length twice", "Content-Length: 4\r\nContent-Length: 4\r\n", "\x0a\x02u1"},
    {"a list of lengths", "Content-Length: 4, 4\r\n", "\x0a\x02u1"},
    {"length with a sign", "Content-Length: +4\r\n", "\x0a\x02u1"},
    {"length in hex", "Content-Length: 0x4\r\n", "\x0a\x02u1"},
    {"chunks twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"},
    {"chunked, chunked", "Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"},
    {"gzip, chunked", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"},
    {"chunks not last", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"},
    {"identity", "Transfer-Encoding: identity\r\n", ""},
    {"unknown coding", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"},
    {"chunks and a folded line", "Transfer-Encoding:\r\n chunked, identity\r\n", "0\r\n\r\n"},
    {"blank before the colon", "Transfer-Encoding : chunked\r\nContent-Length: 4\r\n", "\x0a\x02u1"},
    {"chunk size that is none", "Transfer-Encoding: chunked\r\n", "zz\r\n\r\n"},
    {"negative chunk", "Transfer-Encoding: chunked\r\n", "-1\r\n\r\n"},
    {"chunk beyond all bounds", "Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\n"},
};

static void test_smuggling(void **state) {
    (void)state;
    struct site site;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t n = 0; n < 2 * COUNT(SMUGGLED); n++) {
        size_t i = n / 2;
        bool blobs = n % 2;
        char text[2048], all[8192] = "";
        size_t len = 0;
        int fd = dial(site.port);
        snprintf(text, sizeof text,
                 "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-admin\r\n"
                 "Content-Type: application/proto\r\n%s\r\n%s"
                 "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
                 blobs ? "/blobs" : UNARY, SMUGGLED[i].headers, SMUGGLED[i].body);
        assert_true(send_text(fd, text));
        shutdown(fd, SHUT_WR);
        for (ssize_t got; len < sizeof all - 1 && (got = recv(fd, all + len, sizeof all - 1 - len, 0)) > 0;)
            len += (size_t)got;
        CHECK(SMUGGLED[i].name, len == 0 || strncmp(all, "HTTP/1.1 4", 10) == 0);
        CHECK(SMUGGLED[i].name, !strstr(all, "\"status\":\"ok\"")); /* the second was never seen */
        close(fd);
    }
    struct answer answer; /* and it still serves */
    post(site.port, JC_CODEC_JSON, false, UNARY, "token-admin", "unitId", "u1", &answer);
    check_unit("afterwards", &answer, JC_CODEC_JSON, "u1");
    answer_free(&answer);
    site_close(&site);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_every_code),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_unexpected),
        cmocka_unit_test(test_message_size),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_timeout_while_waiting),
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_get_refused),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_smuggling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
