/* Connections and their ends: kept alive, pipelined, many at once, slow, gone in the middle, and a
 * server that drains under load. */
#include "jc_http_test.h"

#include "jiancha/v1/registry_service.pb-c.h"

#define GET_UNIT "/jiancha.v1.RegistryService/GetUnit"
#define INVITE "/jiancha.v1.DeviceService/CreateInvitation"
#define SELF "/jiancha.v1.SessionService/GetSelf"
#define U1 "\x0a\x02u1"
#define I1 "\x0a\x02i1"

static const char COUNT_INVITATIONS[] = "SELECT COUNT(*) FROM invitation";

/* --- one connection ------------------------------------------------------------------------------------ */

static void test_keep_alive(void **state) {
    (void)state;
    struct site site;
    site_open(&site, (struct jc_server_config){0}, NULL);
    int fd = dial(site.port);
    for (int i = 0; i < 50; i++) { /* good ones and refused ones alike */
        struct answer answer;
        bool good = i % 3 != 0;
        assert_true(send_call(fd, i % 2 ? GET_UNIT : INVITE, good ? "token-planner" : "x", "", i % 2 ? U1 : I1, 4));
        read_answer(fd, &answer);
        assert_int_equal(answer.status, good ? 200 : 401);
        answer_free(&answer);
    }
    close(fd);
    site_close(&site);
}

/* Answers come in the order of the requests, whatever each of them takes. */
static void test_pipelining(void **state) {
    (void)state;
    enum { ROUNDS = 20 };
    struct site site;
    site_open(&site, (struct jc_server_config){0}, NULL);
    int fd = dial(site.port);
    for (int i = 0; i < ROUNDS; i++) {
        assert_true(send_call(fd, GET_UNIT, "token-planner", "", U1, 4));
        assert_true(send_call(fd, INVITE, "token-planner", "", I1, 4));
        assert_true(send_call(fd, "/nothing", "", "", "", 0));
    }
    for (int i = 0; i < ROUNDS; i++) {
        static const int STATUS[] = {200, 200, 404};
        for (int j = 0; j < 3; j++) {
            struct answer answer;
            read_answer(fd, &answer);
            assert_int_equal(answer.status, STATUS[j]);
            assert_int_equal(j == 0, answer.len > 4 && memcmp(answer.body + 2, U1, 4) == 0);
            answer_free(&answer);
        }
    }
    assert_int_equal(jc_test_number(site.db, COUNT_INVITATIONS), ROUNDS);
    close(fd);
    site_close(&site);
}

/* A request that arrives byte by byte is a request. */
static void test_byte_by_byte(void **state) {
    (void)state;
    static const char REQUEST[] = "POST " GET_UNIT " HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\n"
                                  "Authorization: Bearer token-device\r\nContent-Length: 4\r\n\r\n" U1;
    struct site site;
    struct answer answer;
    site_open(&site, (struct jc_server_config){0}, NULL);
    int fd = dial(site.port);
    for (size_t i = 0; i < sizeof REQUEST - 1; i++)
        assert_true(send_bytes(fd, REQUEST + i, 1));
    read_answer(fd, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    close(fd);
    site_close(&site);
}

/* A request that ends after every possible byte leaves the server as it was. */
static void test_gone_at_every_byte(void **state) {
    (void)state;
    static const char REQUEST[] = "POST " INVITE " HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\n"
                                  "Authorization: Bearer token-planner\r\nContent-Length: 4\r\n\r\n" I1;
    struct site site;
    struct answer answer;
    site_open(&site, (struct jc_server_config){0}, NULL);
    for (size_t len = 0; len < sizeof REQUEST - 1; len++) {
        int fd = dial(site.port);
        assert_true(send_bytes(fd, REQUEST, len));
        close(fd);
    }
    one_call(site.port, INVITE, "token-planner", "", I1, 4, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    assert_int_equal(jc_test_number(site.db, COUNT_INVITATIONS), 1);
    site_close(&site);
}

static void test_silent_client(void **state) {
    (void)state;
    struct site site;
    site_open(&site, (struct jc_server_config){.idle_timeout_s = 1}, NULL);
    int silent = dial(site.port), half = dial(site.port);
    assert_true(send_text(half, "POST " GET_UNIT " HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\n"
                                "Content-Length: 4\r\n\r\nab"));
    assert_true(is_closed(silent));
    assert_true(is_closed(half));
    close(silent);
    close(half);
    site_close(&site);
}

/* A client that keeps sending, a byte at a time, is cut off by the time of the whole request. */
static void test_dripping_client(void **state) {
    (void)state;
    struct site site;
    site_open(&site, (struct jc_server_config){.request_timeout_ms = 50}, NULL);
    int fd = dial(site.port);
    assert_true(send_text(fd, "POST " GET_UNIT " HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\n"
                              "Content-Length: 4000000\r\n\r\n"));
    while (send_bytes(fd, "x", 1))
        sched_yield();
    char byte;
    assert_true(recv(fd, &byte, 1, 0) <= 0);
    close(fd);
    site_close(&site);
}

/* --- while a job is queued -------------------------------------------------------------------------------- */

/* The client is gone before its job runs. The job runs all the same, and its memory with it. */
static void test_gone_while_queued(void **state) {
    (void)state;
    enum { CLIENTS = 10 };
    struct site site;
    struct gate gate;
    struct answer answer;
    site_open(&site, (struct jc_server_config){0}, NULL);
    gate_shut(&gate, site.db);
    for (int i = 0; i < CLIENTS; i++) {
        int fd = dial(site.port);
        assert_true(send_call(fd, INVITE, "token-planner", "", I1, 4));
        gate_wait_queued(site.db, i + 1);
        struct linger hard = {1, 0}; /* a reset, not a polite end */
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, i % 2 ? sizeof hard : 0);
        close(fd);
    }
    gate_let_go(&gate);
    one_call(site.port, INVITE, "token-planner", "", I1, 4, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    assert_int_equal(jc_test_number(site.db, COUNT_INVITATIONS), CLIENTS + 1);
    site_close(&site);
}

/* A deadline that passes while the job waits: the client is told, and nothing is done. */
static void test_deadline_while_queued(void **state) {
    (void)state;
    struct site site;
    struct gate gate;
    struct answer answer;
    char code[64];
    site_open(&site, (struct jc_server_config){0}, NULL);
    gate_shut(&gate, site.db);
    int fd = dial(site.port);
    assert_true(send_call(fd, INVITE, "token-planner", "Connect-Timeout-Ms: 1\r\n", I1, 4));
    gate_wait_queued(site.db, 1);
    for (int64_t queued_ms = jc_monotonic_ms(); jc_monotonic_ms() < queued_ms + 2;)
        sched_yield();
    gate_let_go(&gate);
    read_answer(fd, &answer);
    assert_int_equal(answer.status, 504);
    assert_string_equal(answer_code(&answer, code), "deadline_exceeded");
    answer_free(&answer);
    close(fd);
    assert_int_equal(jc_test_number(site.db, COUNT_INVITATIONS), 0);
    site_close(&site);
}

/* --- many connections --------------------------------------------------------------------------------------- */

enum { CLIENTS = 64, CALLS = 20 };

struct client {
    pthread_t thread;
    const struct site *site;
    int calls;            /* at most; 0: until the server ends the connection or refuses */
    int reads, writes;    /* answered with 200 */
    int refused, unknown; /* unavailable; ended without an answer */
    bool wrong;
};

static void *run_client(void *ctx) {
    struct client *client = ctx;
    int fd = dial(client->site->port);
    for (int i = 0; fd >= 0 && (client->calls == 0 || i < client->calls); i++) {
        struct answer answer = {0};
        char code[64];
        bool write = i % 2 == 0;
        if (send_call(fd, write ? INVITE : GET_UNIT, "token-planner", "", write ? I1 : U1, 4))
            read_answer(fd, &answer);
        client->writes += answer.status == 200 && write;
        client->reads += answer.status == 200 && !write;
        client->refused += answer.status == 503;
        client->unknown += answer.status == 0;
        client->wrong |= answer.status != 200 && answer.status != 503 && answer.status != 0;
        client->wrong |= answer.status == 503 && strcmp(answer_code(&answer, code), "unavailable") != 0;
        answer_free(&answer);
        if (answer.status != 200)
            break;
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void start_clients(struct client clients[CLIENTS], const struct site *site, int calls) {
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.site = site, .calls = calls};
        assert_int_equal(pthread_create(&clients[i].thread, NULL, run_client, &clients[i]), 0);
    }
}

static void test_many_connections(void **state) {
    (void)state;
    struct site site;
    static struct client clients[CLIENTS];
    site_open(&site, (struct jc_server_config){0}, NULL);
    start_clients(clients, &site, CALLS);
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i].thread, NULL);
        assert_int_equal(clients[i].reads, CALLS / 2);
        assert_int_equal(clients[i].writes, CALLS / 2);
    }
    assert_int_equal(jc_test_number(site.db, COUNT_INVITATIONS), CLIENTS * CALLS / 2);
    site_close(&site);
}

/* One connection more than allowed is not served; when one ends there is room again. */
static void test_connection_limit(void **state) {
    (void)state;
    enum { LIMIT = 4 };
    struct site site;
    struct answer answer;
    int fd[LIMIT + 1];
    site_open(&site, (struct jc_server_config){.connections_max = LIMIT, .per_address_max = LIMIT}, NULL);
    for (int i = 0; i < LIMIT; i++) {
        fd[i] = dial(site.port);
        assert_true(send_call(fd[i], SELF, "token-device", "", "", 0));
        read_answer(fd[i], &answer);
        assert_int_equal(answer.status, 200);
        answer_free(&answer);
    }
    for (int i = 0; i < LIMIT; i++)
        close(fd[i]);
    do { /* the server notices the ends a little later */
        fd[0] = dial(site.port);
        (void)send_call(fd[0], SELF, "token-device", "", "", 0);
        read_answer(fd[0], &answer);
        answer_free(&answer);
        close(fd[0]);
    } while (answer.status != 200);
    site_close(&site);
}

/* --- draining ------------------------------------------------------------------------------------------------- */

static void *stop_server(void *ctx) {
    jc_server_stop(ctx, 30000);
    return NULL;
}

/* While the server drains: what was accepted is finished and answered, what comes then is refused. */
static void test_drain_in_order(void **state) {
    (void)state;
    struct site site;
    struct gate gate;
    struct answer answer;
    pthread_t stopper;
    char code[64], value[256];
    site_open(&site, (struct jc_server_config){0}, NULL);
    gate_shut(&gate, site.db);
    int accepted = dial(site.port);
    assert_true(send_call(accepted, INVITE, "token-planner", "", I1, 4));
    gate_wait_queued(site.db, 1);
    assert_int_equal(pthread_create(&stopper, NULL, stop_server, site.server), 0);
    int spare = accepted;
    do { /* until the listening socket is closed */
        if (spare != accepted)
            close(spare);
        spare = dial(site.port);
    } while (spare >= 0);

    gate_let_go(&gate);
    read_answer(accepted, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    pthread_join(stopper, NULL);
    site.server = NULL;
    assert_true(is_closed(accepted));
    close(accepted);
    assert_int_equal(jc_test_number(site.db, COUNT_INVITATIONS), 1);
    (void)code, (void)value;
    site_close(&site);
}

/* A connection that is open but idle when the drain begins, and asks then. */
static void test_drain_refuses(void **state) {
    (void)state;
    struct site site;
    struct gate gate;
    struct answer answer;
    pthread_t stopper;
    char code[64], value[256];
    site_open(&site, (struct jc_server_config){0}, NULL);
    int idle = dial(site.port), held = dial(site.port);
    assert_true(send_call(idle, SELF, "token-device", "", "", 0)); /* it is known to the server */
    read_answer(idle, &answer);
    answer_free(&answer);
    gate_shut(&gate, site.db);
    assert_true(send_call(held, INVITE, "token-planner", "", I1, 4)); /* keeps the drain from ending */
    gate_wait_queued(site.db, 1);
    assert_int_equal(pthread_create(&stopper, NULL, stop_server, site.server), 0);
    int spare = held;
    do {
        if (spare != held)
            close(spare);
        spare = dial(site.port);
    } while (spare >= 0);

    assert_true(send_call(idle, SELF, "token-device", "", "", 0));
    read_answer(idle, &answer);
    assert_int_equal(answer.status, 503);
    assert_string_equal(answer_code(&answer, code), "unavailable");
    assert_non_null(answer_header(&answer, "Retry-After", value));
    assert_string_equal(answer_header(&answer, "Connection", value), "close");
    answer_free(&answer);
    assert_true(is_closed(idle));

    gate_let_go(&gate);
    read_answer(held, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    pthread_join(stopper, NULL);
    site.server = NULL;
    close(idle);
    close(held);
    site_close(&site);
}

/* Sixty-four clients are busy when it stops: what was answered with 200 is in the database, and what
 * is in the database beyond that belongs to calls whose answer was lost. */
static void test_drain_under_load(void **state) {
    (void)state;
    struct site site;
    static struct client clients[CLIENTS];
    int writes = 0, unknown = 0;
    site_open(&site, (struct jc_server_config){0}, NULL);
    start_clients(clients, &site, 0);
    while (jc_test_number(site.db, COUNT_INVITATIONS) < CLIENTS)
        sched_yield();
    jc_server_stop(site.server, 30000);
    site.server = NULL;
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i].thread, NULL);
        assert_false(clients[i].wrong);
        writes += clients[i].writes;
        unknown += clients[i].unknown;
    }
    assert_true(writes > 0);
    assert_in_range(jc_test_number(site.db, COUNT_INVITATIONS), writes, writes + unknown);
    site_close(&site);
}

/* A client that never finishes does not hold the server longer than the grace. */
static void test_drain_does_not_wait_forever(void **state) {
    (void)state;
    struct site site;
    struct answer answer;
    site_open(&site, (struct jc_server_config){0}, NULL);
    int fd = dial(site.port);
    assert_true(send_text(fd, "POST " GET_UNIT " HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\n"
                              "Content-Length: 4\r\n\r\nab"));
    one_call(site.port, SELF, "token-device", "", "", 0, &answer); /* by now it has begun */
    answer_free(&answer);
    jc_server_stop(site.server, 10);
    site.server = NULL;
    assert_true(is_closed(fd));
    close(fd);
    site_close(&site);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keep_alive),        cmocka_unit_test(test_pipelining),
        cmocka_unit_test(test_byte_by_byte),      cmocka_unit_test(test_gone_at_every_byte),
        cmocka_unit_test(test_silent_client),     cmocka_unit_test(test_dripping_client),
        cmocka_unit_test(test_gone_while_queued), cmocka_unit_test(test_deadline_while_queued),
        cmocka_unit_test(test_many_connections),  cmocka_unit_test(test_connection_limit),
        cmocka_unit_test(test_drain_in_order),    cmocka_unit_test(test_drain_refuses),
        cmocka_unit_test(test_drain_under_load),  cmocka_unit_test(test_drain_does_not_wait_forever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
