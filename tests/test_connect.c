/* The Connect protocol without sockets: heads, parts of heads, errors on the wire, gzip. */
#include "base/base64.h"
#include "http/connect.h"
#include "http/gzip.h"

#include <jansson.h>

#include "jc_test.h"
#include "jiancha/v1/error.pb-c.h"

static const struct {
    const char *name, *value;
    enum jc_lang lang;
} LANGUAGES[] = {
    {"absent", NULL, JC_ZH},
    {"empty", "", JC_ZH},
    {"English", "en", JC_EN},
    {"a browser set to English", "en-GB,en;q=0.9,zh;q=0.8", JC_EN},
    {"a browser set to Chinese", "zh-CN,zh;q=0.9,en-US;q=0.8,en;q=0.7", JC_ZH},
    {"English weighed less", "en;q=0.5, zh;q=0.6", JC_ZH},
    {"English weighed more", "zh;q=0.5,en;q=0.501", JC_EN},
    {"another language first", "fr, en;q=0.3", JC_EN},
    {"another language alone", "fr", JC_ZH},
    {"English refused", "en;q=0", JC_ZH},
    {"anything", "*", JC_ZH},
    {"a word that begins so", "enm", JC_ZH},
    {"a broken weight", "en;q=x", JC_ZH},
    {"capitals", "EN-us;Q=1.0", JC_EN},
    {"rubbish", ";;,,q=;=", JC_ZH},
};

static void test_language(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(LANGUAGES); i++)
        CHECK_INT(LANGUAGES[i].name, jc_connect_language(jc_str(LANGUAGES[i].value)), LANGUAGES[i].lang);
}

static const struct {
    const char *name, *value;
    bool accepted;
} ENCODINGS[] = {
    {"absent", NULL, false},
    {"gzip", "gzip", true},
    {"among others", "br, gzip, deflate", true},
    {"refused", "gzip;q=0, br", false},
    {"weighed", "gzip;q=0.1", true},
    {"others", "br, deflate", false},
    {"capitals", "GZIP", true},
    {"a word that begins so", "gzipped", false},
};

static void test_encoding(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(ENCODINGS); i++)
        CHECK_INT(ENCODINGS[i].name, jc_connect_accepts_gzip(jc_str(ENCODINGS[i].value)), ENCODINGS[i].accepted);
}

static const struct {
    const char *name, *value;
    bool good;
    int64_t ms;
} TIMEOUTS[] = {
    {"zero", "0", true, 0},
    {"a second", "1000", true, 1000},
    {"ten digits", "9999999999", true, 9999999999},
    {"eleven", "10000000000", false, 0},
    {"negative", "-1", false, 0},
    {"plus", "+1", false, 0},
    {"empty", "", false, 0},
    {"a unit", "1s", false, 0},
    {"a fraction", "1.5", false, 0},
};

static void test_timeout(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(TIMEOUTS); i++) {
        int64_t ms = 0;
        CHECK_INT(TIMEOUTS[i].name, jc_connect_timeout(jc_str(TIMEOUTS[i].value), &ms), TIMEOUTS[i].good);
        CHECK_INT(TIMEOUTS[i].name, ms, TIMEOUTS[i].ms);
    }
}

static const struct {
    enum jc_code code;
    int status;
} STATUSES[] = {
    {JC_OK, 200},
    {JC_CANCELLED, 499},
    {JC_UNKNOWN, 500},
    {JC_INVALID_ARGUMENT, 400},
    {JC_DEADLINE_EXCEEDED, 504},
    {JC_NOT_FOUND, 404},
    {JC_ALREADY_EXISTS, 409},
    {JC_PERMISSION_DENIED, 403},
    {JC_RESOURCE_EXHAUSTED, 429},
    {JC_FAILED_PRECONDITION, 400},
    {JC_ABORTED, 409},
    {JC_OUT_OF_RANGE, 400},
    {JC_UNIMPLEMENTED, 501},
    {JC_INTERNAL, 500},
    {JC_UNAVAILABLE, 503},
    {JC_DATA_LOSS, 500},
    {JC_UNAUTHENTICATED, 401},
};

static void test_status(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(STATUSES); i++)
        CHECK_INT(jc_code_name(STATUSES[i].code), jc_connect_status(STATUSES[i].code), STATUSES[i].status);
}

/* --- heads ------------------------------------------------------------------------------------------- */

#define PATH "/jiancha.v1.TaskService/ListTasks"
#define SYNC "/jiancha.v1.SyncService/Sync"

static const struct {
    const char *name;
    const char *method, *path, *type, *encoding, *version, *timeout, *authorization;
    enum jc_code code;
    int status; /* on the wire */
    const char *token;
} HEADS[] = {
    {"good", "POST", PATH, "application/proto", NULL, "1", NULL, "Bearer abc", JC_OK, 200, "abc"},
    {"the least", "POST", PATH, "application/proto", NULL, NULL, NULL, NULL, JC_OK, 200, ""},
    {"gzip", "POST", PATH, "application/proto", "gzip", "1", "1000", NULL, JC_OK, 200, ""},
    {"identity", "POST", PATH, "application/proto", "identity", "1", NULL, NULL, JC_OK, 200, ""},
    {"parameters of the type", "POST", PATH, "Application/Proto; charset=utf-8", NULL, "1", NULL, NULL, JC_OK, 200, ""},
    {"bearer in small letters", "POST", PATH, "application/proto", NULL, "1", NULL, "bearer  abc ", JC_OK, 200, "abc"},
    {"another scheme", "POST", PATH, "application/proto", NULL, "1", NULL, "Basic abc", JC_OK, 200, ""},
    {"unknown procedure", "POST", PATH "x", "application/proto", NULL, "1", NULL, NULL, JC_UNIMPLEMENTED, 404, ""},
    {"unknown comes before the verb", "GET", "/", NULL, NULL, NULL, NULL, NULL, JC_UNIMPLEMENTED, 404, ""},
    {"verb", "PUT", PATH, "application/proto", NULL, "1", NULL, NULL, JC_UNKNOWN, 405, ""},
    {"GET of what writes", "GET", SYNC, NULL, NULL, NULL, NULL, NULL, JC_UNKNOWN, 405, ""},
    {"HEAD of what writes", "HEAD", SYNC, NULL, NULL, NULL, NULL, NULL, JC_UNKNOWN, 405, ""},
    {"json", "POST", PATH, "application/json", NULL, "1", NULL, NULL, JC_OK, 200, ""},
    {"json with its charset in quotes", "POST", PATH, "application/json; charset=\"UTF-8\"; x=y", NULL, "1", NULL, NULL,
     JC_OK, 200, ""},
    {"json with its charset", "POST", PATH, "application/json ;charset=UTF-8", NULL, "1", NULL, NULL, JC_OK, 200, ""},
    {"json of another kind", "POST", PATH, "application/jsonx", NULL, "1", NULL, NULL, JC_UNKNOWN, 415, ""},
    {"json in another charset", "POST", PATH, "application/json;charset=gbk", NULL, "1", NULL, NULL, JC_UNKNOWN, 415,
     ""},
    {"streaming", "POST", PATH, "application/connect+json", NULL, "1", NULL, NULL, JC_UNKNOWN, 415, ""},
    {"verb in small letters", "post", PATH, "application/proto", NULL, "1", NULL, NULL, JC_UNKNOWN, 405, ""},
    {"type", "POST", PATH, "text/plain", NULL, "1", NULL, NULL, JC_UNKNOWN, 415, ""},
    {"no type", "POST", PATH, NULL, NULL, "1", NULL, NULL, JC_UNKNOWN, 415, ""},
    {"grpc", "POST", PATH, "application/grpc+proto", NULL, "1", NULL, NULL, JC_UNKNOWN, 415, ""},
    {"version", "POST", PATH, "application/proto", NULL, "2", NULL, NULL, JC_INVALID_ARGUMENT, 400, ""},
    {"timeout", "POST", PATH, "application/proto", NULL, "1", "soon", NULL, JC_INVALID_ARGUMENT, 400, ""},
    {"encoding", "POST", PATH, "application/proto", "br", "1", NULL, NULL, JC_UNIMPLEMENTED, 501, ""},
};

static void test_heads(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(HEADS); i++) {
        const char *name = HEADS[i].name;
        struct jc_err err = {0};
        struct jc_connect connect;
        struct jc_connect_head head = {
            .method = jc_str(HEADS[i].method),
            .path = jc_str(HEADS[i].path),
            .content_type = jc_str(HEADS[i].type),
            .content_encoding = jc_str(HEADS[i].encoding),
            .protocol_version = jc_str(HEADS[i].version),
            .timeout = jc_str(HEADS[i].timeout),
            .authorization = jc_str(HEADS[i].authorization),
        };
        enum jc_code code = jc_connect_begin(&head, &connect, &err);
        CHECK_INT(name, code, HEADS[i].code);
        CHECK_INT(name, connect.status ? connect.status : jc_connect_status(code), HEADS[i].status);
        if (code)
            continue;
        CHECK_STR(name, connect.token, HEADS[i].token);
        CHECK_INT(name, connect.gzip_in, HEADS[i].encoding && strcmp(HEADS[i].encoding, "gzip") == 0);
        CHECK_INT(name, connect.timeout_ms, HEADS[i].timeout ? 1000 : -1);
        CHECK_INT(name, connect.codec, strstr(HEADS[i].type, "json") ? JC_CODEC_JSON : JC_CODEC_PROTO);
    }
}

/* What could be read in two ways is refused, whatever it says (RFC 9112, sections 3.2, 5.1 and 6.1). */
static void test_framing(void **state) {
    (void)state;
    static const struct {
        const char *name, *transfer;
        int transfers, lengths, hosts;
        bool old, broken;
        enum jc_msg what;
        bool good;
    } CASES[] = {
        {"nothing", NULL, 0, 0, 1, .good = true},
        {"a length", NULL, 0, 1, 1, .good = true},
        {"chunks", "chunked", 1, 0, 1, .good = true},
        {"chunks in capitals", "Chunked", 1, 0, 1, .good = true},
        {"HTTP/1.0 without a host", NULL, 0, 1, 0, .old = true, .good = true},
        {"HTTP/1.0 with one", NULL, 0, 1, 1, .old = true, .good = true},
        {"two lengths", NULL, 0, 2, 1, .what = JC_MSG_BODY_LENGTH_AMBIGUOUS},
        {"length and chunks", "chunked", 1, 1, 1, .what = JC_MSG_BODY_LENGTH_AMBIGUOUS},
        {"chunks twice", "chunked", 2, 0, 1, .what = JC_MSG_BODY_LENGTH_AMBIGUOUS},
        {"chunked, chunked", "chunked, chunked", 1, 0, 1, .what = JC_MSG_BODY_LENGTH_AMBIGUOUS},
        {"gzip, chunked", "gzip, chunked", 1, 0, 1, .what = JC_MSG_BODY_LENGTH_AMBIGUOUS},
        {"identity", "identity", 1, 0, 1, .what = JC_MSG_BODY_LENGTH_AMBIGUOUS},
        {"empty", "", 1, 0, 1, .what = JC_MSG_BODY_LENGTH_AMBIGUOUS},
        {"chunked with a tab", "\tchunked", 1, 0, 1, .what = JC_MSG_BODY_LENGTH_AMBIGUOUS},
        {"chunks in HTTP/1.0", "chunked", 1, 0, 1, .old = true, .what = JC_MSG_BODY_LENGTH_AMBIGUOUS},
        {"a broken name", NULL, 0, 1, 1, .broken = true, .what = JC_MSG_HTTP_BROKEN},
        {"no host", NULL, 0, 1, 0, .what = JC_MSG_HOST_COUNT},
        {"two hosts", NULL, 0, 1, 2, .what = JC_MSG_HOST_COUNT},
        {"two hosts in HTTP/1.0", NULL, 0, 1, 2, .old = true, .what = JC_MSG_HOST_COUNT},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_err err = {0};
        const struct jc_connect_framing framing = {
            .old = CASES[i].old,
            .content_lengths = CASES[i].lengths,
            .transfer_encodings = CASES[i].transfers,
            .hosts = CASES[i].hosts,
            .broken_names = CASES[i].broken,
            .transfer_encoding = jc_str(CASES[i].transfer),
        };
        enum jc_code code = jc_connect_check_framing(&framing, &err);
        CHECK_INT(CASES[i].name, code, CASES[i].good ? JC_OK : JC_INVALID_ARGUMENT);
        if (code)
            CHECK_INT(CASES[i].name, err.what, CASES[i].what);
    }
}

/* What writes, or signs somebody in, is asked by POST alone: a link, an image or a cache must never do it. */
static void test_verbs_of_every_procedure(void **state) {
    (void)state;
    static const char *const VERBS[] = {"GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", "POSt", ""};
    size_t count = 0;
    const struct jc_procedure *table = jc_procedure_table(&count);
    for (size_t i = 0; i < count; i++) {
        char path[200];
        snprintf(path, sizeof path, "/%s/%s", table[i].service->name, table[i].method);
        for (size_t v = 0; v < COUNT(VERBS); v++) {
            struct jc_connect_head head = {.method = jc_str(VERBS[v]), .path = jc_str(path)};
            head.query = (struct jc_connect_query){.encoding = JC_STR("json"), .message = JC_STR("{}")};
            struct jc_connect connect;
            struct jc_err err = {0};
            bool may = table[i].kind == JC_PROCEDURE_READ && v < 2;
            CHECK_INT(path, jc_connect_begin(&head, &connect, &err), may ? JC_OK : JC_UNKNOWN);
            CHECK_INT(path, connect.status, may ? 0 : 405);
            CHECK_INT(path, connect.get, v < 2);
        }
        CHECK_STR(path, jc_str(jc_connect_verbs(&table[i])),
                  table[i].kind == JC_PROCEDURE_READ ? "GET, HEAD, POST" : "POST");
    }
}

/* --- the query of a GET ------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    const char *query; /* decoded: "name=value&name=value" */
    enum jc_code code;
    int status;
    enum jc_codec codec;
    bool base64, gzip;
    const char *message;
} QUERIES[] = {
    {"json", "connect=v1&encoding=json&message={}", JC_OK, 200, JC_CODEC_JSON, false, false, "{}"},
    {"proto in base64", "connect=v1&encoding=proto&base64=1&message=AA", JC_OK, 200, JC_CODEC_PROTO, true, false, "AA"},
    {"without connect", "encoding=json&message={}", JC_OK, 200, JC_CODEC_JSON, false, false, "{}"},
    {"empty message", "encoding=proto&message=", JC_OK, 200, JC_CODEC_PROTO, false, false, ""},
    {"message without a value", "encoding=proto&message", JC_OK, 200, JC_CODEC_PROTO, false, false, ""},
    {"base64=0", "encoding=json&base64=0&message={}", JC_OK, 200, JC_CODEC_JSON, false, false, "{}"},
    {"gzip", "encoding=json&base64=1&compression=gzip&message=AA", JC_OK, 200, JC_CODEC_JSON, true, true, "AA"},
    {"identity", "encoding=json&compression=identity&message={}", JC_OK, 200, JC_CODEC_JSON, false, false, "{}"},
    {"a name we do not know", "encoding=json&message={}&debug=1", JC_OK, 200, JC_CODEC_JSON, false, false, "{}"},
    {"nothing", "", JC_UNKNOWN, 415, 0, false, false, NULL},
    {"no encoding", "message={}", JC_UNKNOWN, 415, 0, false, false, NULL},
    {"unknown encoding", "encoding=xml&message={}", JC_UNKNOWN, 415, 0, false, false, NULL},
    {"encoding in capitals", "encoding=JSON&message={}", JC_UNKNOWN, 415, 0, false, false, NULL},
    {"no message", "connect=v1&encoding=json", JC_INVALID_ARGUMENT, 400, 0, false, false, NULL},
    {"another version", "connect=v2&encoding=json&message={}", JC_INVALID_ARGUMENT, 400, 0, false, false, NULL},
    {"base64=yes", "encoding=json&base64=yes&message={}", JC_INVALID_ARGUMENT, 400, 0, false, false, NULL},
    {"unknown compression", "encoding=json&compression=br&message={}", JC_UNIMPLEMENTED, 501, 0, false, false, NULL},
    {"message twice", "encoding=json&message={}&message={}", JC_INVALID_ARGUMENT, 400, 0, false, false, NULL},
    {"encoding twice", "encoding=json&encoding=proto&message={}", JC_INVALID_ARGUMENT, 400, 0, false, false, NULL},
};

static void fill_query(struct jc_connect_query *query, struct jc_str text) {
    struct jc_str pair, name;
    while (text.len && jc_str_cut(&text, '&', &pair)) {
        (void)jc_str_cut(&pair, '=', &name);
        jc_connect_query_add(query, name, pair);
    }
}

static void test_query(void **state) {
    (void)state;
    static const char *const VERBS[] = {"GET", "HEAD"};
    for (size_t i = 0; i < COUNT(QUERIES); i++) {
        for (size_t verb = 0; verb < COUNT(VERBS); verb++) {
            struct jc_err err = {0};
            struct jc_connect connect;
            struct jc_connect_head head = {.method = jc_str(VERBS[verb]), .path = JC_STR(PATH)};
            fill_query(&head.query, jc_str(QUERIES[i].query));
            enum jc_code code = jc_connect_begin(&head, &connect, &err);
            CHECK_INT(QUERIES[i].name, code, QUERIES[i].code);
            CHECK_INT(QUERIES[i].name, connect.status ? connect.status : jc_connect_status(code), QUERIES[i].status);
            if (code)
                continue;
            CHECK(QUERIES[i].name, connect.get);
            CHECK_INT(QUERIES[i].name, connect.codec, QUERIES[i].codec);
            CHECK_INT(QUERIES[i].name, connect.base64, QUERIES[i].base64);
            CHECK_INT(QUERIES[i].name, connect.gzip_in, QUERIES[i].gzip);
            CHECK_STR(QUERIES[i].name, connect.message, QUERIES[i].message);
        }
    }
}

/* --- errors -------------------------------------------------------------------------------------------- */

static void test_error_on_the_wire(void **state) {
    (void)state;
    static const struct {
        enum jc_lang lang;
        const char *message;
    } MESSAGES[] = {{JC_ZH, "没有登录名为“a\"b”的人员"}, {JC_EN, "no person has the login \"a\"b\""}};
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_err err;
    (void)jc_fail(&err, JC_NOT_FOUND, JC_MSG_PERSON_UNKNOWN, JC_STR("a\"b"));
    jc_err_detail(&err, "a secret of the log");
    for (size_t i = 0; i < COUNT(MESSAGES); i++) {
        struct jc_str body = jc_connect_error(&err, MESSAGES[i].lang, 0, arena);
        assert_non_null(body.ptr);
        assert_null(strstr(body.ptr, "secret"));
        json_t *json = json_loadb(body.ptr, body.len, 0, NULL);
        const char *code, *message, *type, *value;
        assert_non_null(json);
        assert_int_equal(json_unpack(json, "{s:s, s:s, s:[{s:s, s:s}]}", "code", &code, "message", &message, "details",
                                     "type", &type, "value", &value),
                         0);
        assert_string_equal(code, "not_found");
        assert_string_equal(message, MESSAGES[i].message);
        assert_string_equal(type, "jiancha.v1.ErrorDetail");
        uint8_t bytes[400];
        size_t len;
        assert_true(jc_base64_read(jc_str(value), bytes, &len));
        Jc__ErrorDetail *detail = jc__error_detail__unpack(NULL, len, bytes);
        assert_non_null(detail);
        assert_string_equal(detail->message_zh, MESSAGES[JC_ZH].message);
        assert_string_equal(detail->message_en, MESSAGES[JC_EN].message);
        jc__error_detail__free_unpacked(detail, NULL);
        json_decref(json);
    }
    jc_arena_free(arena);
}

/* What a program needs beside the sentence: the field that is wrong, and when to ask again. */
static void test_details(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum jc_msg what;
        int retry_ms;
        const char *types; /* behind ErrorDetail */
    } CASES[] = {
        {"plain", JC_MSG_PERSON_UNKNOWN, 0, ""},
        {"text of a field", JC_MSG_MESSAGE_TEXT, 0, " jiancha.v1.FieldViolation"},
        {"value of a field", JC_MSG_JSON_VALUE, 0, " jiancha.v1.FieldViolation"},
        {"retry", JC_MSG_SERVER_BUSY, 6000, " jiancha.v1.RetryInfo"},
        {"both", JC_MSG_JSON_TWICE, 1000, " jiancha.v1.FieldViolation jiancha.v1.RetryInfo"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_arena *arena = jc_arena_new(1 << 20);
        struct jc_err err;
        char types[200] = "";
        (void)jc_fail(&err, JC_INVALID_ARGUMENT, CASES[i].what, JC_STR("operations.id"));
        struct jc_str body = jc_connect_error(&err, JC_EN, CASES[i].retry_ms, arena);
        json_t *json = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL), *detail;
        size_t index;
        assert_non_null(json);
        json_array_foreach(json_object_get(json, "details"), index, detail) {
            const char *type = json_string_value(json_object_get(detail, "type"));
            const char *value = json_string_value(json_object_get(detail, "value"));
            uint8_t bytes[400];
            size_t len;
            assert_true(type && value && jc_base64_read(jc_str(value), bytes, &len));
            if (index)
                snprintf(types + strlen(types), sizeof types - strlen(types), " %s", type);
            if (strstr(type, "FieldViolation"))
                CHECK(CASES[i].name, len == 15 && memcmp(bytes, "\x0a\x0doperations.id", 15) == 0);
        }
        CHECK_STR(CASES[i].name, jc_str(types), CASES[i].types);
        json_decref(json);
        jc_arena_free(arena);
    }
}

/* What a stranger sent may stand in the sentence; the answer is JSON whatever it was. */
static void test_error_is_json(void **state) {
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        struct jc_arena *arena = jc_arena_new(1 << 20);
        struct jc_err err;
        char text[4] = {'a', (char)byte, 'b', '\0'};
        (void)jc_fail(&err, JC_UNIMPLEMENTED, JC_MSG_MEDIA_TYPE_UNKNOWN, jc_str(text));
        struct jc_str body = jc_connect_error(&err, JC_ZH, 0, arena);
        json_t *json = json_loadb(body.ptr, body.len, 0, NULL);
        if (!json)
            fail_msg("byte %d: %s", byte, body.ptr);
        json_decref(json);
        jc_arena_free(arena);
    }
}

/* --- gzip ---------------------------------------------------------------------------------------------- */

static void test_gzip_there_and_back(void **state) {
    (void)state;
    static const size_t SIZES[] = {0, 1, 1023, 16384, 16385, 100000};
    for (size_t i = 0; i < COUNT(SIZES); i++) {
        struct jc_arena *arena = jc_arena_new(1 << 20);
        struct jc_err err = {0};
        struct jc_buf out;
        struct jc_str zipped, plain = {jc_arena_alloc(arena, SIZES[i] + 1), SIZES[i]};
        for (size_t j = 0; j < SIZES[i]; j++)
            ((char *)plain.ptr)[j] = (char)(j * j >> 3);
        jc_buf_init(&out, SIZES[i]); /* just enough */
        CHECK_OK("gzip", jc_gzip(plain, arena, &zipped, &err), &err);
        CHECK_OK("gunzip", jc_gunzip(zipped, &out, &err), &err);
        assert_true(jc_str_eq(jc_buf_str(&out), plain));
        jc_buf_free(&out);
        if (SIZES[i]) { /* one byte less is too little */
            jc_buf_init(&out, SIZES[i] - 1);
            assert_int_equal(jc_gunzip(zipped, &out, &err), JC_RESOURCE_EXHAUSTED);
            jc_buf_free(&out);
        }
        jc_arena_free(arena);
    }
}

/* Cut at every byte, and with one bit wrong in every byte of the data and its checksum. */
static void test_gzip_broken(void **state) {
    (void)state;
    enum { HEADER = 10 }; /* whose flags and time nobody checks */
    static const char PLAIN[] = "生产经营单位 生产经营单位";
    int harmless = 0;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_err err = {0};
    struct jc_str zipped;
    CHECK_OK("gzip", jc_gzip(jc_str(PLAIN), arena, &zipped, &err), &err);
    for (size_t len = 0; len < zipped.len; len++) {
        struct jc_buf out;
        jc_buf_init(&out, 1000);
        assert_int_equal(jc_gunzip((struct jc_str){zipped.ptr, len}, &out, &err), JC_INVALID_ARGUMENT);
        jc_buf_free(&out);
    }
    for (size_t at = HEADER; at < zipped.len; at++) {
        struct jc_str copy = jc_arena_copy(arena, zipped);
        struct jc_buf out;
        ((char *)copy.ptr)[at] ^= 4;
        jc_buf_init(&out, 1000);
        enum jc_code code = jc_gunzip(copy, &out, &err);
        bool padding = code == JC_OK && jc_str_eq(jc_buf_str(&out), jc_str(PLAIN)); /* bits that mean nothing */
        assert_true(padding || code == JC_INVALID_ARGUMENT || code == JC_RESOURCE_EXHAUSTED);
        harmless += padding;
        jc_buf_free(&out);
    }
    assert_in_range(harmless, 0, 1);
    jc_arena_free(arena);
}

static void test_gzip_members(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_err err = {0};
    struct jc_str one, two;
    struct jc_buf both, out;
    CHECK_OK("gzip", jc_gzip(JC_STR("ab"), arena, &one, &err), &err);
    CHECK_OK("gzip", jc_gzip(JC_STR("cd"), arena, &two, &err), &err);
    jc_buf_init(&both, 1000);
    jc_buf_add(&both, one);
    jc_buf_add(&both, two);
    jc_buf_init(&out, 1000);
    CHECK_OK("two members", jc_gunzip(jc_buf_str(&both), &out, &err), &err);
    CHECK_STR("two members", jc_buf_str(&out), "abcd");
    jc_buf_add(&both, JC_STR("rubbish"));
    jc_buf_reset(&out);
    assert_int_equal(jc_gunzip(jc_buf_str(&both), &out, &err), JC_INVALID_ARGUMENT);
    jc_buf_free(&out);
    jc_buf_free(&both);
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verbs_of_every_procedure),
        cmocka_unit_test(test_language),
        cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_error_on_the_wire),
        cmocka_unit_test(test_details),
        cmocka_unit_test(test_error_is_json),
        cmocka_unit_test(test_gzip_there_and_back),
        cmocka_unit_test(test_gzip_broken),
        cmocka_unit_test(test_gzip_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
