/* What the server answers: good calls, and bad input each with a clear error and an unchanged database
 * (the proof of the main job). The server is real, the client plain sockets. */
#include "jc_http_test.h"

#include <jansson.h>

#include "http/gzip.h"
#include "jiancha/v1/device_service.pb-c.h"
#include "jiancha/v1/registry_service.pb-c.h"
#include "store/invitation.h"

#define GET_UNIT "/jiancha.v1.RegistryService/GetUnit"
#define LIST_UNITS "/jiancha.v1.RegistryService/ListUnits"
#define INVITE "/jiancha.v1.DeviceService/CreateInvitation"
#define REVOKE "/jiancha.v1.DeviceService/RevokeDevice"
#define ENROLL "/jiancha.v1.DeviceService/Enroll"
#define LOGIN "/jiancha.v1.SessionService/Login"
#define SELF "/jiancha.v1.SessionService/GetSelf"
#define SYNC "/jiancha.v1.SyncService/Sync"

#define U1 "\x0a\x02u1" /* GetUnitRequest{unit_id: "u1"} */

static const char *group_name(enum jc_code code) {
    return code ? jc_code_name(code) : "";
}

/* Everything a refused request could have changed. */
static int64_t fingerprint(struct jc_db *db) {
    return jc_test_number(db,
                          "SELECT (SELECT COUNT(*) FROM device) * 1000000 + (SELECT COUNT(*) FROM invitation) * 10000\n"
                          "     + (SELECT COUNT(*) FROM audit_log) * 100 + (SELECT COUNT(*) FROM session)\n"
                          "     + (SELECT COUNT(*) FROM operation) * 7 + (SELECT COUNT(*) FROM device\n"
                          "                                               WHERE revoked_ms IS NOT NULL) * 13");
}

/* --- bad input --------------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *path, *token, *headers;
    struct jc_str body;
    int status;
    enum jc_code code;
    const char *words; /* part of the English message */
} BAD[] = {
    {"message cut in its middle", GET_UNIT, "token-admin", "", {"\x0a\x05u1", 4}, 400, JC_INVALID_ARGUMENT, "cut off"},
    {"operation cut in its middle",
     SYNC,
     "token-device",
     "",
     {"\x12\x10\x0a\x10"
      "0123",
      8},
     400,
     JC_INVALID_ARGUMENT,
     "cut off"},
    {"not protobuf", GET_UNIT, "token-admin", "", {"<html>", 6}, 400, JC_INVALID_ARGUMENT, "not protobuf"},
    {"NUL in text",
     GET_UNIT,
     "token-admin",
     "",
     {"\x0a\x03u\0"
      "1",
      5},
     400,
     JC_INVALID_ARGUMENT,
     "\"unit_id\""},
    {"text that is no UTF-8",
     GET_UNIT,
     "token-admin",
     "",
     {"\x0a\x02\xc3(", 4},
     400,
     JC_INVALID_ARGUMENT,
     "\"unit_id\""},
    {"no token", GET_UNIT, "", "", {U1, 4}, 401, JC_UNAUTHENTICATED, "sign in first"},
    {"wrong token", GET_UNIT, "token-wrong", "", {U1, 4}, 401, JC_UNAUTHENTICATED, "not valid"},
    {"wrong token of a write", INVITE, "token-wrong", "", {"\x0a\x02i1", 4}, 401, JC_UNAUTHENTICATED, "not valid"},
    {"expired session", GET_UNIT, "token-late", "", {U1, 4}, 401, JC_UNAUTHENTICATED, "expired"},
    {"revoked device", SYNC, "token-revoked", "", {"", 0}, 401, JC_UNAUTHENTICATED, "revoked"},
    {"disabled person", GET_UNIT, "token-gone", "", {U1, 4}, 401, JC_UNAUTHENTICATED, "disabled"},
    {"wrong role", INVITE, "token-supervisor", "", {"\x0a\x02i1", 4}, 403, JC_PERMISSION_DENIED, "role"},
    {"a device where people are meant",
     INVITE,
     "token-device",
     "",
     {"\x0a\x02i1", 4},
     403,
     JC_PERMISSION_DENIED,
     "role"},
    {"a person where devices are meant", SYNC, "token-admin", "", {"", 0}, 403, JC_PERMISSION_DENIED, "role"},
    {"one-time password not changed", GET_UNIT, "token-fresh", "", {U1, 4}, 403, JC_PERMISSION_DENIED, "one-time"},
    {"foreign agency, read", GET_UNIT, "token-foreign", "", {U1, 4}, 404, JC_NOT_FOUND, "u1"},
    {"foreign agency, write",
     REVOKE,
     "token-foreign",
     "",
     {"\x0a\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 18},
     404,
     JC_NOT_FOUND,
     "no device"},
    {"expired code",
     ENROLL,
     "",
     "",
     {"\x0a\x13"
      "0000-0000-0000-0000\x12\x01x",
      24},
     401,
     JC_UNAUTHENTICATED,
     "expired"},
    {"wrong code",
     ENROLL,
     "",
     "",
     {"\x0a\x13"
      "0000-0000-0000-0001\x12\x01x",
      24},
     401,
     JC_UNAUTHENTICATED,
     "wrong"},
    {"unknown procedure",
     "/jiancha.v1.TaskService/DropTasks",
     "token-admin",
     "",
     {"", 0},
     404,
     JC_UNIMPLEMENTED,
     "no procedure"},
    {"unknown path", "/", "", "", {"", 0}, 404, JC_UNIMPLEMENTED, "no procedure"},
    {"unsupported encoding",
     GET_UNIT,
     "token-admin",
     "Content-Encoding: br\r\n",
     {U1, 4},
     501,
     JC_UNIMPLEMENTED,
     "gzip"},
    {"broken gzip", GET_UNIT, "token-admin", "Content-Encoding: gzip\r\n", {U1, 4}, 400, JC_INVALID_ARGUMENT, "gzip"},
    {"broken gzip of a write",
     INVITE,
     "token-admin",
     "Content-Encoding: gzip\r\n",
     {"\x1f\x8b\x08", 3},
     400,
     JC_INVALID_ARGUMENT,
     "gzip"},
    {"timeout that is none",
     GET_UNIT,
     "token-admin",
     "Connect-Timeout-Ms: soon\r\n",
     {U1, 4},
     400,
     JC_INVALID_ARGUMENT,
     "milliseconds"},
    {"length twice", GET_UNIT, "token-admin", "Content-Length: 4\r\n", {U1, 4}, 400, JC_INVALID_ARGUMENT, "ambiguous"},
    {"length and chunks",
     GET_UNIT,
     "token-admin",
     "Transfer-Encoding: chunked\r\n",
     {U1, 4},
     400,
     JC_INVALID_ARGUMENT,
     "ambiguous"},
};

static enum jc_code old_code_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    uint8_t hash[JC_SHA256_SIZE];
    struct jc_invitation invitation = {
        .agency_id = 1,
        .inspector_id = JC_STR("i1"),
        .created_by = JC_STR("planner"),
        .created_ms = JC_WORLD_NOW - 1000,
        .expires_ms = JC_WORLD_NOW - 1,
    };
    (void)ctx;
    assert_true(jc_one_time_hash(JC_STR("0000-0000-0000-0000"), hash));
    return jc_invitation_add(tx, &invitation, hash, err);
}

static void check_error(const char *name, const struct answer *answer, enum jc_code code, const char *words) {
    char value[256], text[64];
    json_t *json = json_loadb(answer->body, answer->len, 0, NULL);
    const char *message = NULL;
    json_t *details = NULL;
    CHECK(name, json != NULL);
    CHECK_STR(name, jc_str(answer_header(answer, "Content-Type", value)), "application/json");
    CHECK_STR(name, jc_str(answer_code(answer, text)), group_name(code));
    CHECK(name, json_unpack(json, "{s:s, s:o}", "message", &message, "details", &details) == 0);
    CHECK(name, strstr(message, words) != NULL);
    CHECK(name, json_array_size(details) >= 1); /* the first is the ErrorDetail */
    json_decref(json);
}

static void test_bad_input(void **state) {
    (void)state;
    struct site site;
    site_open(&site, (struct jc_server_config){0}, NULL);
    jc_test_write(site.db, old_code_job, NULL);
    for (size_t i = 0; i < COUNT(BAD); i++) {
        struct answer answer;
        char headers[256];
        int64_t before = fingerprint(site.db);
        snprintf(headers, sizeof headers, "Accept-Language: en\r\n%s", BAD[i].headers);
        one_call(site.port, BAD[i].path, BAD[i].token, headers, BAD[i].body.ptr, BAD[i].body.len, &answer);
        CHECK_INT(BAD[i].name, answer.status, BAD[i].status);
        check_error(BAD[i].name, &answer, BAD[i].code, BAD[i].words);
        answer_free(&answer);
        CHECK_INT(BAD[i].name, fingerprint(site.db), before);
    }
    struct answer answer; /* and it still serves */
    one_call(site.port, GET_UNIT, "token-admin", "", U1, 4, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    site_close(&site);
}

static void test_headers_of_errors(void **state) {
    (void)state;
    static const struct {
        const char *name, *request, *header, *value;
        int status;
    } CASES[] = {
        {"verb", "PUT " GET_UNIT " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "Allow", "GET, HEAD, POST", 405},
        {"verb of a write", "GET " INVITE " HTTP/1.1\r\nHost: x\r\n\r\n", "Allow", "POST", 405},
        {"type", "POST " GET_UNIT " HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi",
         "Accept-Post", "application/proto, application/json", 415},
        {"encoding",
         "POST " GET_UNIT " HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\nContent-Encoding: br\r\n"
         "Content-Length: 2\r\n\r\nhi",
         "Accept-Encoding", "gzip", 501},
        {"token",
         "POST " GET_UNIT " HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\nContent-Length: 0\r\n\r\n",
         "WWW-Authenticate", "Bearer", 401},
    };
    struct site site;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct answer answer;
        char value[256];
        int fd = dial(site.port);
        assert_true(send_text(fd, CASES[i].request));
        read_answer(fd, &answer);
        CHECK_INT(CASES[i].name, answer.status, CASES[i].status);
        CHECK_STR(CASES[i].name, jc_str(answer_header(&answer, CASES[i].header, value)), CASES[i].value);
        answer_free(&answer);
        close(fd);
    }
    site_close(&site);
}

/* --- good calls -------------------------------------------------------------------------------------------- */

static void test_good_calls(void **state) {
    (void)state;
    struct site site;
    struct answer answer;
    char value[256];
    site_open(&site, (struct jc_server_config){0}, NULL);

    one_call(site.port, GET_UNIT, "token-device", "", U1, 4, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer_header(&answer, "Content-Type", value), "application/proto");
    Jc__GetUnitResponse *unit = jc__get_unit_response__unpack(NULL, answer.len, (uint8_t *)answer.body);
    assert_non_null(unit);
    assert_string_equal(unit->unit->unit_id, "u1");
    jc__get_unit_response__free_unpacked(unit, NULL);
    answer_free(&answer);

    one_call(site.port, INVITE, "token-planner", "", "\x0a\x02i1", 4, &answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(jc_test_number(site.db, "SELECT COUNT(*) FROM invitation"), 1);
    answer_free(&answer);

    one_call(site.port, SYNC, "token-device", "", "", 0, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);

    /* an unknown field is a newer client's, not an error */
    one_call(site.port, GET_UNIT, "token-device", "", U1 "\xfa\x01\x01x", 8, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    site_close(&site);
}

static void test_login(void **state) {
    (void)state;
    struct site site;
    struct answer answer;
    Jc__LoginRequest request = JC__LOGIN_REQUEST__INIT;
    uint8_t body[200];
    char code[64];
    site_open(&site, (struct jc_server_config){0}, "the password");
    request.agency_id = (char *)"hn";
    request.login = (char *)"planner";
    request.password = (char *)"the password";
    size_t len = jc__login_request__pack(&request, body);
    one_call(site.port, LOGIN, "", "", body, len, &answer);
    assert_int_equal(answer.status, 200);
    Jc__LoginResponse *response = jc__login_response__unpack(NULL, answer.len, (uint8_t *)answer.body);
    assert_non_null(response);
    answer_free(&answer);
    one_call(site.port, SELF, response->token, "", "", 0, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    jc__login_response__free_unpacked(response, NULL);

    request.password = (char *)"another password";
    len = jc__login_request__pack(&request, body);
    one_call(site.port, LOGIN, "", "", body, len, &answer);
    assert_int_equal(answer.status, 401);
    assert_string_equal(answer_code(&answer, code), "unauthenticated");
    answer_free(&answer);
    site_close(&site);
}

static void test_health(void **state) {
    (void)state;
    struct site site;
    struct answer answer;
    site_open(&site, (struct jc_server_config){0}, NULL);
    int fd = dial(site.port);
    assert_true(send_text(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
    read_answer(fd, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "{\"status\":\"ok\"}\n");
    answer_free(&answer);
    assert_true(send_text(fd, "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"));
    read_answer(fd, &answer);
    assert_int_equal(answer.status, 404);
    answer_free(&answer);
    close(fd);
    site_close(&site);
}

static void test_language(void **state) {
    (void)state;
    static const struct {
        const char *headers, *message;
    } CASES[] = {{"", "请先登录"}, {"Accept-Language: en-US,zh;q=0.5\r\n", "sign in first"}};
    struct site site;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct answer answer;
        one_call(site.port, SELF, "", CASES[i].headers, "", 0, &answer);
        CHECK("language", strstr(answer.body, CASES[i].message) != NULL);
        answer_free(&answer);
    }
    site_close(&site);
}

/* --- gzip ---------------------------------------------------------------------------------------------------- */

static enum jc_code long_name_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    Jc__Team team = JC__TEAM__INIT;
    static char name[8192];
    (void)ctx;
    memset(name, 'n', sizeof name - 1);
    team.team_id = (char *)"t2";
    team.name = name;
    team.kind = (char *)"bureau";
    return jc_team_put(tx, 1, 2, &team, err);
}

static void test_gzip_both_ways(void **state) {
    (void)state;
    struct site site;
    struct answer plain, zipped;
    struct jc_err err = {0};
    struct jc_str body;
    struct jc_buf out;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    char value[256];
    static const char LIST_TEAMS[] = "/jiancha.v1.RegistryService/ListTeams";
    site_open(&site, (struct jc_server_config){0}, NULL);
    jc_test_write(site.db, long_name_job, NULL);

    CHECK_OK("gzip", jc_gzip((struct jc_str){U1, 4}, arena, &body, &err), &err);
    one_call(site.port, GET_UNIT, "token-device", "Content-Encoding: gzip\r\nAccept-Encoding: gzip\r\n", body.ptr,
             body.len, &plain);
    assert_int_equal(plain.status, 200); /* an answer this small stays as it is */
    assert_null(answer_header(&plain, "Content-Encoding", value));
    answer_free(&plain);

    one_call(site.port, LIST_TEAMS, "token-device", "", "", 0, &plain);
    one_call(site.port, LIST_TEAMS, "token-device", "Accept-Encoding: br, gzip\r\n", "", 0, &zipped);
    assert_int_equal(plain.status, 200);
    assert_int_equal(zipped.status, 200);
    assert_null(answer_header(&plain, "Content-Encoding", value));
    assert_string_equal(answer_header(&zipped, "Content-Encoding", value), "gzip");
    assert_true(zipped.len < plain.len / 10);
    jc_buf_init(&out, BODY_SPACE);
    CHECK_OK("gunzip", jc_gunzip((struct jc_str){zipped.body, zipped.len}, &out, &err), &err);
    assert_true(jc_str_eq(jc_buf_str(&out), (struct jc_str){plain.body, plain.len}));
    jc_buf_free(&out);
    answer_free(&plain);
    answer_free(&zipped);
    jc_arena_free(arena);
    site_close(&site);
}

/* A thousandth of the limit on the wire, ten times the limit unpacked. */
static void test_gzip_bomb(void **state) {
    (void)state;
    enum { LIMIT = 1 << 20 };
    struct site site;
    struct answer answer;
    struct jc_err err = {0};
    struct jc_arena *arena = jc_arena_new(64 << 20);
    struct jc_str bomb, plain = {jc_arena_alloc(arena, 10 * LIMIT), 10 * LIMIT};
    char code[64];
    static const char *const PATHS[] = {GET_UNIT, INVITE};
    CHECK_OK("gzip", jc_gzip(plain, arena, &bomb, &err), &err);
    assert_true(bomb.len < LIMIT / 50);
    site_open(&site, (struct jc_server_config){.body_max = LIMIT}, NULL);
    for (size_t i = 0; i < COUNT(PATHS); i++) {
        one_call(site.port, PATHS[i], "token-admin", "Content-Encoding: gzip\r\n", bomb.ptr, bomb.len, &answer);
        assert_int_equal(answer.status, 429);
        assert_string_equal(answer_code(&answer, code), "resource_exhausted");
        answer_free(&answer);
    }
    jc_arena_free(arena);
    site_close(&site);
}

/* gzip may be several members one after another, and the last bytes tell the size of the last one alone. */
static void test_gzip_members(void **state) {
    (void)state;
    enum { LONG = 200 << 10 };
    struct site site;
    struct answer answer;
    struct jc_err err = {0};
    struct jc_arena *arena = jc_arena_new(8 << 20);
    char *plain = jc_arena_alloc(arena, LONG), *body = jc_arena_alloc(arena, LONG);
    struct jc_str first, last;
    memcpy(plain, "\xfa\x7f\x80\xc0\x0c", 5); /* field 2047, 204,800 bytes of nothing anybody knows */
    CHECK_OK("gzip", jc_gzip((struct jc_str){plain, LONG}, arena, &first, &err), &err);
    CHECK_OK("gzip", jc_gzip((struct jc_str){"\0\0\0\0\0\x0a\x02i1", 9}, arena, &last, &err), &err);
    memcpy(body, first.ptr, first.len);
    memcpy(body + first.len, last.ptr, last.len);
    site_open(&site, (struct jc_server_config){0}, NULL);
    one_call(site.port, INVITE, "token-planner", "Content-Encoding: gzip\r\n", body, first.len + last.len, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    jc_arena_free(arena);
    site_close(&site);
}

/* --- too large ------------------------------------------------------------------------------------------------ */

enum { SMALL_LIMIT = 64 << 10 };

/* A field of bytes nobody knows, so that a body of any size is a good message. */
static char *make_body(size_t len) {
    char *body = calloc(1, len + 1);
    assert_non_null(body);
    assert_in_range(len, 5, 1 << 21);
    size_t inner = len - 5;
    memcpy(body, "\xfa\x01", 2);
    body[2] = (char)(0x80 | (inner & 0x7f));
    body[3] = (char)(0x80 | (inner >> 7 & 0x7f));
    body[4] = (char)(inner >> 14);
    return body;
}

static void test_size_limits(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t len;
        int status;
    } CASES[] = {
        {"just the limit", SMALL_LIMIT, 200},
        {"one byte more", SMALL_LIMIT + 1, 429},
        {"three times, read and answered", 3 * SMALL_LIMIT, 429},
    };
    struct site site;
    site_open(&site, (struct jc_server_config){.body_max = SMALL_LIMIT}, NULL);
    int fd = dial(site.port);
    for (size_t i = 0; i < COUNT(CASES); i++) { /* the connection goes on */
        struct answer answer;
        char *body = make_body(CASES[i].len);
        assert_true(send_call(fd, SELF, "token-admin", "", body, CASES[i].len));
        read_answer(fd, &answer);
        CHECK_INT(CASES[i].name, answer.status, CASES[i].status);
        free(body);
        answer_free(&answer);
    }
    close(fd);
    site_close(&site);
}

static void test_size_limit_of_chunks(void **state) {
    (void)state;
    struct site site;
    struct answer answer;
    char *body = make_body(SMALL_LIMIT + 1);
    site_open(&site, (struct jc_server_config){.body_max = SMALL_LIMIT}, NULL);
    int fd = dial(site.port);
    assert_true(send_text(fd, "POST " SELF " HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\n"
                              "Authorization: Bearer token-admin\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n"));
    assert_true(send_bytes(fd, body, SMALL_LIMIT + 1));
    assert_true(send_text(fd, "\r\n0\r\n\r\n"));
    read_answer(fd, &answer);
    assert_int_equal(answer.status, 429);
    answer_free(&answer);
    close(fd);
    free(body);
    site_close(&site);
}

/* A head must fit into the memory of a connection, and is refused whole if not. */
static void test_long_head(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t memory, head;
        int status;
    } CASES[] = {
        {"usual", 0, 1000, 200},
        {"too long", 0, 6000, 431},
        {"more room by option", 16 << 10, 6000, 200},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct site site;
        struct answer answer;
        site_open(&site, (struct jc_server_config){.connection_memory = CASES[i].memory}, NULL);
        char *head = calloc(1, CASES[i].head + 400);
        size_t len = (size_t)snprintf(head, 400,
                                      "POST " SELF " HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\n"
                                      "Authorization: Bearer token-device\r\nContent-Length: 0\r\nX: ");
        memset(head + len, 'x', CASES[i].head);
        strcpy(head + len + CASES[i].head, "\r\n\r\n");
        int fd = dial(site.port);
        (void)send_text(fd, head);
        read_answer(fd, &answer);
        bool cut = answer.status == 0 && CASES[i].status == 431; /* with bytes of ours unread, the answer may be lost */
        CHECK(CASES[i].name, cut || answer.status == CASES[i].status);
        answer_free(&answer);
        close(fd);
        free(head);
        site_close(&site);
    }
}

/* Whoever asks first, or announces far too much, hears it before sending anything. */
static void test_hopeless_sizes(void **state) {
    (void)state;
    static const struct {
        const char *name, *headers;
    } CASES[] = {
        {"asks first", "Expect: 100-continue\r\nContent-Length: 65537\r\n"},
        {"far too much", "Content-Length: 999999999999\r\n"},
    };
    struct site site;
    site_open(&site, (struct jc_server_config){.body_max = SMALL_LIMIT}, NULL);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct answer answer;
        char head[400];
        int fd = dial(site.port);
        snprintf(head, sizeof head, "POST " SELF " HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\n%s\r\n",
                 CASES[i].headers);
        assert_true(send_text(fd, head));
        read_answer(fd, &answer);
        CHECK(CASES[i].name,
              answer.status == 429 || (i == 2 && answer.status == 413) || (i == 2 && answer.status == 400));
        CHECK(CASES[i].name, is_closed(fd));
        answer_free(&answer);
        close(fd);
    }
    site_close(&site);
}

/* --- guesses ---------------------------------------------------------------------------------------------------- */

static void many_calls(int port, const char *path, const char *body, size_t len, int times, int status) {
    struct answer answer;
    for (int i = 0; i < times; i++) {
        one_call(port, path, "", "", body, len, &answer);
        assert_int_equal(answer.status, status);
        answer_free(&answer);
    }
}

/* Passwords may be guessed ten times from an address; enrolment codes are too long to be, and nobody waits for them. */
static void test_guesses(void **state) {
    (void)state;
    static const char WRONG_CODE[] = "\x0a\x13"
                                     "0123-0123-0123-0123\x12\x01x",
                      WRONG_PASSWORD[] = "\x0a\x06nobody\x12\x05guess";
    struct site site;
    struct answer answer;
    char code[64], value[256];
    site_open(&site, (struct jc_server_config){0}, NULL);
    many_calls(site.port, ENROLL, WRONG_CODE, sizeof WRONG_CODE - 1, 30, 401);
    many_calls(site.port, LOGIN, WRONG_PASSWORD, sizeof WRONG_PASSWORD - 1, 10, 401);
    one_call(site.port, LOGIN, "", "", WRONG_PASSWORD, sizeof WRONG_PASSWORD - 1, &answer);
    assert_int_equal(answer.status, 429);
    assert_string_equal(answer_code(&answer, code), "resource_exhausted");
    assert_non_null(answer_header(&answer, "Retry-After", value));
    answer_free(&answer);
    many_calls(site.port, ENROLL, WRONG_CODE, sizeof WRONG_CODE - 1, 1, 401);
    one_call(site.port, SELF, "token-device", "", "", 0, &answer); /* those who need not guess go on */
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    site_close(&site);
}

/* --- the log ------------------------------------------------------------------------------------------------------ */

static void test_log(void **state) {
    (void)state;
    static const struct {
        const char *path, *token;
        int status;
        const char *code;
    } CALLS[] = {
        {GET_UNIT, "token-admin", 200, "ok"},
        {GET_UNIT, "token-foreign", 404, "not_found"},
        {INVITE, "token-secretly-wrong", 401, "unauthenticated"},
        {"/nothing?token=token-in-a-query", "", 404, "unimplemented"},
    };
    struct site site;
    char *line = NULL;
    size_t size = 0, lines = 0;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t i = 0; i < COUNT(CALLS); i++) {
        struct answer answer;
        one_call(site.port, CALLS[i].path, CALLS[i].token, "", U1, 4, &answer);
        answer_free(&answer);
    }
    jc_server_stop(site.server, 10000); /* now every line is there */
    site.server = NULL;
    FILE *log = fopen(site.log_path, "r");
    assert_non_null(log);
    for (; getline(&line, &size, log) > 0; lines++) {
        json_t *json = json_loads(line, 0, NULL);
        const char *event, *peer, *method, *code;
        int id, status, duration, bytes;
        assert_non_null(json);
        assert_true(lines < COUNT(CALLS));
        assert_null(strstr(line, "token-")); /* never a secret */
        assert_int_equal(json_unpack(json, "{s:s, s:i, s:s, s:s, s:i, s:s, s:i, s:i}", "event", &event, "id", &id,
                                     "peer", &peer, "method", &method, "status", &status, "code", &code, "duration_ms",
                                     &duration, "bytes", &bytes),
                         0);
        assert_string_equal(event, "request");
        assert_string_equal(peer, "127.0.0.1");
        CHECK_INT(CALLS[lines].path, id, (int)lines + 1);
        CHECK_INT(CALLS[lines].path, status, CALLS[lines].status);
        assert_string_equal(code, CALLS[lines].code);
        json_decref(json);
    }
    assert_int_equal(lines, COUNT(CALLS));
    free(line);
    fclose(log);
    site_close(&site);
}

static void test_addresses(void **state) {
    (void)state;
    static const struct {
        const char *name, *address;
        int port;
        enum jc_code code;
    } CASES[] = {
        {"a name is no address", "localhost", 0, JC_INVALID_ARGUMENT},
        {"rubbish", "127.0.0.1.1", 0, JC_INVALID_ARGUMENT},
        {"port too high", "127.0.0.1", 65536, JC_INVALID_ARGUMENT},
        {"not of this machine", "192.0.2.1", 0, JC_UNAVAILABLE},
    };
    struct jc_err err = {0};
    struct site site;
    struct jc_server *second = NULL;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_server_config config = {
            .address = CASES[i].address, .port = CASES[i].port, .db = site.db, .clock = jc_test_clock};
        CHECK_INT(CASES[i].name, jc_server_start(&config, &second, &err), CASES[i].code);
    }
    struct jc_server_config taken = {.port = site.port, .db = site.db, .clock = jc_test_clock};
    assert_int_equal(jc_server_start(&taken, &second, &err), JC_UNAVAILABLE);
    site_close(&site);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_headers_of_errors),
        cmocka_unit_test(test_good_calls),
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_health),
        cmocka_unit_test(test_language),
        cmocka_unit_test(test_gzip_both_ways),
        cmocka_unit_test(test_gzip_bomb),
        cmocka_unit_test(test_gzip_members),
        cmocka_unit_test(test_long_head),
        cmocka_unit_test(test_size_limits),
        cmocka_unit_test(test_size_limit_of_chunks),
        cmocka_unit_test(test_hopeless_sizes),
        cmocka_unit_test(test_guesses),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
