/* Too much at once, too slow, too often: what is refused, with which words, and who is not. Time stands
 * still unless a test moves it. */
#include "jc_http_test.h"

#include <stdatomic.h>

#include "http/admit.h"
#include "http/peers.h"
#include "http/upkeep.h"

#define INVITE "/jiancha.v1.DeviceService/CreateInvitation"
#define SELF "/jiancha.v1.SessionService/GetSelf"
#define LIST_TEAMS "/jiancha.v1.RegistryService/ListTeams"
#define I1 "\x0a\x02i1"

static _Atomic int64_t now_ms;

static int64_t read_ticks(void *ctx) {
    (void)ctx;
    return atomic_load(&now_ms);
}

static const struct jc_clock TICKS = {read_ticks, NULL};

static const struct sockaddr *address_of(uint32_t number) {
    static struct sockaddr_in address;
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(number)};
    return (const struct sockaddr *)&address;
}

/* --- connections ------------------------------------------------------------------------------------------ */

/* Whether the other end has been cut off. */
static bool is_cut(int fd) {
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void test_slow_peers(void **state) {
    (void)state;
    enum { HEAD_MS = 65000 };
    enum phase { SHAKING, IDLE, ARRIVING, WORKING, SENDING };
    static const struct {
        const char *name;
        enum phase phase;
        size_t bytes;
        int64_t patience_ms; /* the last millisecond of it; -1: for ever */
    } CASES[] = {
        {"hands are shaken in 10 s", SHAKING, 0, 10000},
        {"a head comes in its time", IDLE, 0, HEAD_MS},
        {"a body that does not come", ARRIVING, 0, 5000},
        {"2 kB buy 2 s", ARRIVING, 2048, 7000},
        {"1 MB buys a quarter of an hour", ARRIVING, 1 << 20, 1029000},
        {"we may take our time", WORKING, 0, -1},
        {"a small answer is not taken", SENDING, 0, 5000},
        {"10 kB may take 15 s", SENDING, 10240, 15000},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        int fds[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        struct jc_peers *peers = jc_peers_new(1, HEAD_MS);
        struct jc_peer *peer = jc_peers_add(peers, fds[0], address_of(1), CASES[i].phase == SHAKING, NULL, 100);
        CHECK_INT(CASES[i].name, jc_peers_shaking(peers), CASES[i].phase == SHAKING);
        if (CASES[i].phase == ARRIVING) {
            jc_peer_arriving(peer, 100);
            jc_peer_arrived(peer, CASES[i].bytes);
        } else if (CASES[i].phase == WORKING) {
            jc_peer_working(peer);
        } else if (CASES[i].phase == SENDING) {
            jc_peer_sending(peer, 100, CASES[i].bytes);
        }
        int64_t last_ms = CASES[i].patience_ms < 0 ? 1 << 30 : CASES[i].patience_ms;
        CHECK_INT(CASES[i].name, jc_peers_sweep(peers, 100 + last_ms), 0);
        CHECK(CASES[i].name, !is_cut(fds[1]));
        CHECK_INT(CASES[i].name, jc_peers_sweep(peers, 101 + last_ms), CASES[i].patience_ms >= 0);
        CHECK_INT(CASES[i].name, is_cut(fds[1]), CASES[i].patience_ms >= 0);
        CHECK_INT("once", jc_peers_sweep(peers, 102 + last_ms), 0);
        jc_peer_remove(peer);
        CHECK_INT("gone", jc_peers_count(peers) + jc_peers_shaking(peers), 0);
        jc_peers_free(peers);
        close(fds[0]);
        close(fds[1]);
    }
}

/* Each address has its own share; what ends makes room. Addresses enough that some share a bucket. */
static void test_addresses(void **state) {
    (void)state;
    enum { ADDRESSES = 2000, EACH = 3 };
    static struct jc_peer *all[ADDRESSES][EACH];
    struct jc_peers *peers = jc_peers_new(EACH, 1000);
    for (int k = 0; k < EACH; k++) {
        for (uint32_t i = 0; i < ADDRESSES; i++) {
            assert_true(jc_peers_welcome(peers, address_of(i)));
            all[i][k] = jc_peers_add(peers, -1, address_of(i), false, &all[i][k], 0);
            assert_ptr_equal(jc_peer_owner(all[i][k]), &all[i][k]);
        }
    }
    assert_int_equal(jc_peers_count(peers), ADDRESSES * EACH);
    for (uint32_t i = 0; i < ADDRESSES; i++) {
        assert_false(jc_peers_welcome(peers, address_of(i)));
        jc_peer_remove(all[i][i % EACH]);
        assert_true(jc_peers_welcome(peers, address_of(i)));
    }
    for (uint32_t i = 0; i < ADDRESSES; i++)
        for (uint32_t k = 0; k < EACH; k++)
            if (k != i % EACH)
                jc_peer_remove(all[i][k]);
    assert_int_equal(jc_peers_count(peers), 0);
    jc_peers_free(peers);
}

/* --- limits ------------------------------------------------------------------------------------------------- */

static void test_bytes_in_hand(void **state) {
    (void)state;
    struct jc_admit *admit = jc_admit_new(1000, 10);
    struct jc_ticket a = {0}, b = {0};
    assert_true(jc_admit_bytes(admit, &a, 600));
    assert_false(jc_admit_bytes(admit, &b, 401));
    assert_true(jc_admit_bytes(admit, &b, 400));
    assert_false(jc_admit_bytes(admit, &a, 1));
    jc_admit_leave(admit, &a);
    jc_admit_leave(admit, &a); /* nothing is left to give back */
    assert_int_equal(jc_admit_bytes_in_hand(admit), 400);
    assert_true(jc_admit_bytes(admit, &a, 600));
    assert_false(jc_admit_bytes(admit, &a, SIZE_MAX));
    jc_admit_leave(admit, &a);
    jc_admit_leave(admit, &b);
    assert_int_equal(jc_admit_bytes_in_hand(admit), 0);
    jc_admit_free(admit);
}

/* While there is room a token may have it all; in a crowd, four. */
static void test_writes_in_hand(void **state) {
    (void)state;
    enum { MAX = 20 };
    struct jc_ticket greedy[MAX] = {{0}}, other[MAX] = {{0}};
    struct jc_admit *admit = jc_admit_new(1000, MAX);
    uint64_t token = jc_admit_token(admit, JC_STR("greedy"));
    assert_true(token != 0 && token == jc_admit_token(admit, JC_STR("greedy")));
    assert_true(token != jc_admit_token(admit, JC_STR("other")));
    assert_int_equal(jc_admit_token(admit, JC_STR("")), 0);
    for (int i = 0; i < MAX; i++) {
        greedy[i].token = token;
        assert_int_equal(jc_admit_write(admit, &greedy[i]), i < MAX / 2);
    }
    for (int i = 0; i < 4; i++) {
        other[i].token = jc_admit_token(admit, JC_STR("other"));
        assert_true(jc_admit_write(admit, &other[i]));
    }
    other[4].token = other[3].token;
    assert_false(jc_admit_write(admit, &other[4]));
    for (int i = 5; i < 11; i++) /* without a token (to enroll, to log in): until all is used */
        assert_true(jc_admit_write(admit, &other[i]));
    assert_false(jc_admit_write(admit, &other[11]));
    for (int i = 0; i < 7; i++)
        jc_admit_written(admit, &greedy[i]);
    assert_true(jc_admit_write(admit, &greedy[0])); /* the fourth again */
    assert_false(jc_admit_write(admit, &greedy[1]));
    for (int i = 0; i < MAX; i++)
        if (other[i].writing)
            jc_admit_leave(admit, &other[i]);
    assert_int_equal(jc_admit_writes(admit), 4);
    jc_admit_free(admit);
}

/* Writes in hand times what one took lately, between 1 and 60 seconds. */
static void test_retry(void **state) {
    (void)state;
    enum { COUNT_MAX = 2000, EACH_MS = 10 };
    static struct jc_ticket tickets[COUNT_MAX];
    struct jc_admit *admit = jc_admit_new(1000, COUNT_MAX);
    memset(tickets, 0, sizeof tickets);
    assert_int_equal(jc_admit_retry_ms(admit), 1000);
    for (int i = 0; i < COUNT_MAX; i++)
        assert_true(jc_admit_write(admit, &tickets[i]));
    jc_admit_committed(admit, 0);
    for (int i = 0; i < 1000; i++) { /* one a commit, every 10 ms */
        jc_admit_written(admit, &tickets[i]);
        jc_admit_committed(admit, (i + 1) * EACH_MS);
    }
    assert_in_range(jc_admit_retry_ms(admit), 9900, 10000);
    for (int i = 1000; i < COUNT_MAX; i++)
        jc_admit_written(admit, &tickets[i]);
    jc_admit_committed(admit, COUNT_MAX * EACH_MS);
    jc_admit_committed(admit, 1 << 30); /* nothing was waiting: that took no time */
    for (int i = 0; i < COUNT_MAX; i++)
        assert_true(jc_admit_write(admit, &tickets[i]));
    assert_in_range(jc_admit_retry_ms(admit), 10000, 25000);
    for (int i = 0; i < 500; i++) {
        jc_admit_written(admit, &tickets[i]);
        jc_admit_committed(admit, (INT64_C(1) << 31) + i * 1000);
    }
    assert_int_equal(jc_admit_retry_ms(admit), 60000);
    jc_admit_free(admit);
}

/* While the server is crowded an address may be wrong 60 times in a row, then once a second. Tokens that were good go
 * on; while there is room, so does everybody. */
static void test_strangers(void **state) {
    (void)state;
    struct jc_admit *admit = jc_admit_new(1000, 2);
    struct jc_ticket write = {0};
    uint64_t good = jc_admit_token(admit, JC_STR("good"));
    assert_false(jc_admit_knows(admit, good));
    jc_admit_known(admit, good);
    assert_true(jc_admit_knows(admit, good) && !jc_admit_knows(admit, 0));
    for (int i = 0; i < 60; i++) {
        uint64_t wrong = jc_admit_token(admit, (struct jc_str){(const char *)&i, sizeof i});
        assert_true(jc_admit_stranger(admit, wrong, address_of(1), 0));
        jc_admit_unknown(admit, wrong, address_of(1), 0);
    }
    assert_true(jc_admit_stranger(admit, 77, address_of(1), 999));
    assert_true(jc_admit_write(admit, &write));
    assert_false(jc_admit_stranger(admit, 77, address_of(1), 999));
    assert_true(jc_admit_stranger(admit, good, address_of(1), 0));
    assert_true(jc_admit_stranger(admit, 77, address_of(2), 0));
    assert_true(jc_admit_stranger(admit, 0, address_of(1), 0)); /* none at all costs no look-up */
    assert_true(jc_admit_stranger(admit, 77, address_of(1), 1000));
    jc_admit_unknown(admit, good, address_of(1), 1000); /* revoked meanwhile */
    assert_false(jc_admit_stranger(admit, good, address_of(1), 1000));
    jc_admit_leave(admit, &write);
    assert_true(jc_admit_stranger(admit, good, address_of(1), 1000));
    jc_admit_free(admit);
}

/* An address has a share: another one is not in its way. */
static void test_shares_of_an_address(void **state) {
    (void)state;
    enum { MOST = 100 };
    struct jc_peers *peers = jc_peers_new(10, 1000);
    struct jc_peer *peer[] = {jc_peers_add(peers, -1, address_of(1), true, NULL, 0),
                              jc_peers_add(peers, -1, address_of(1), true, NULL, 0),
                              jc_peers_add(peers, -1, address_of(2), true, NULL, 0)};
    assert_int_equal(jc_peers_shaking_of(peers, address_of(1)), 2);
    assert_int_equal(jc_peers_shaking_of(peers, address_of(2)), 1);
    assert_int_equal(jc_peers_shaking_of(peers, address_of(3)), 0);
    jc_peer_idle(peer[0], 0);
    assert_int_equal(jc_peers_shaking_of(peers, address_of(1)), 1);
    assert_true(jc_peer_hold(peer[0], 60, MOST));
    assert_false(jc_peer_hold(peer[1], 41, MOST));
    assert_false(jc_peer_hold(peer[1], SIZE_MAX, MOST));
    assert_false(jc_peer_hold(peer[1], 1, 59)); /* more is held already */
    assert_true(jc_peer_hold(peer[1], 40, MOST));
    assert_true(jc_peer_hold(peer[2], MOST, MOST));
    jc_peer_working(peer[1]);
    assert_false(jc_peer_hold(peer[0], 1, MOST));
    jc_peer_idle(peer[1], 0); /* its request is over */
    assert_true(jc_peer_hold(peer[0], 40, MOST));
    assert_true(jc_peer_hold(NULL, SIZE_MAX, 0));
    jc_peer_remove(peer[0]);
    assert_true(jc_peer_hold(peer[1], MOST, MOST));
    jc_peer_remove(peer[1]);
    jc_peer_remove(peer[2]);
    assert_int_equal(jc_peers_shaking(peers), 0);
    jc_peers_free(peers);
}

/* --- upkeep --------------------------------------------------------------------------------------------------- */

static void count_turn(void *ctx, int64_t at_ms) {
    (void)at_ms;
    ++*(int *)ctx;
}

static void test_upkeep(void **state) {
    (void)state;
    int often = 0, seldom = 0;
    const struct jc_upkeep_task tasks[] = {{"often", 100, count_turn, &often}, {"seldom", 1000, count_turn, &seldom}};
    struct jc_upkeep *upkeep = NULL;
    struct jc_err err = {0};
    atomic_store(&now_ms, 0);
    CHECK_OK("new", jc_upkeep_new(tasks, 2, TICKS, &upkeep, &err), &err);
    assert_int_equal(jc_upkeep_turn(upkeep), 0);
    for (int i = 1; i <= 20; i++) {
        atomic_store(&now_ms, i * 50);
        (void)jc_upkeep_turn(upkeep);
    }
    assert_int_equal(often, 10);
    assert_int_equal(seldom, 1);
    atomic_store(&now_ms, 100000); /* what was missed is not made up for */
    assert_int_equal(jc_upkeep_turn(upkeep), 2);
    assert_int_equal(jc_upkeep_turn(upkeep), 0);
    jc_upkeep_free(upkeep);
    assert_int_equal(often, 12);
    assert_int_equal(seldom, 3);
}

/* --- the server ------------------------------------------------------------------------------------------------ */

static void open_site(struct site *site, struct jc_server_config config) {
    atomic_store(&now_ms, 1000000);
    config.ticks = TICKS;
    config.upkeep_by_hand = true;
    site_open(site, config, NULL);
}

/* A figure the server exposes: "jiancha_queue{name=\"writes\"}". */
static long figure(const struct site *site, const char *name) {
    char line[200], *at;
    int fd = dial(site->port);
    struct answer answer;
    assert_true(send_text(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
    read_answer(fd, &answer);
    close(fd);
    assert_int_equal(answer.status, 200);
    snprintf(line, sizeof line, "\n%s ", name);
    at = strstr(answer.body, line);
    assert_non_null(at);
    long value = strtol(at + strlen(line), NULL, 10);
    answer_free(&answer);
    return value;
}

static void wait_figure(const struct site *site, const char *name, long value) {
    while (figure(site, name) != value)
        sched_yield();
}

static void move_time(const struct site *site, int64_t to_ms) {
    atomic_store(&now_ms, to_ms);
    jc_server_upkeep(site->server);
}

#define SLOW "jiancha_cut_total{reason=\"slow\"}"
#define CONNECTIONS "jiancha_connections{kind=\"plain\"}"

/* A body that stops coming. */
static void test_slow_writer(void **state) {
    (void)state;
    char bytes[2048] = {0};
    struct site site;
    open_site(&site, (struct jc_server_config){0});
    int fd = dial(site.port);
    assert_true(send_text(fd, "POST " INVITE " HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\n"
                              "Authorization: Bearer token-planner\r\nContent-Length: 100000\r\n\r\n"));
    assert_true(send_bytes(fd, bytes, sizeof bytes));
    wait_figure(&site, "jiancha_body_bytes", sizeof bytes);
    move_time(&site, 1007000);
    assert_false(is_cut(fd));
    move_time(&site, 1008000);
    assert_true(is_closed(fd));
    assert_true(figure(&site, SLOW) >= 1); /* asking connections that are not quite over may be among them */
    wait_figure(&site, "jiancha_body_bytes", 0);
    close(fd);
    site_close(&site);
}

/* A head that comes byte by byte: each byte would start libmicrohttpd's own patience anew. */
static void test_slow_head(void **state) {
    (void)state;
    struct site site;
    open_site(&site, (struct jc_server_config){.idle_timeout_s = 60});
    int fd = dial(site.port);
    assert_true(send_text(fd, "POST "));
    wait_figure(&site, CONNECTIONS, 2); /* this one and the asking one */
    move_time(&site, 1065000);
    assert_false(is_cut(fd));
    move_time(&site, 1066000);
    assert_true(is_closed(fd));
    assert_true(figure(&site, SLOW) >= 1);
    close(fd);
    site_close(&site);
}

static enum jc_code long_name_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    static const char SQL[] = "UPDATE team SET name = $1 WHERE agency_id = 1";
    (void)ctx;
    char *name = calloc(1, 1 << 20);
    assert_non_null(name);
    memset(name, 'x', 1 << 20);
    enum jc_code code = jc_tx_exec(tx, SQL, JC_VALUES(jc_text((struct jc_str){name, 1 << 20})), err);
    free(name);
    return code;
}

/* Asks for megabytes and takes none. What has been sent meanwhile fills every buffer on the way. */
static void test_slow_reader(void **state) {
    (void)state;
    enum { REQUESTS = 40 };
    struct site site;
    open_site(&site, (struct jc_server_config){0});
    jc_test_write(site.db, long_name_job, NULL);
    int fd = dial(site.port);
    for (int i = 0; i < REQUESTS; i++)
        assert_true(send_call(fd, LIST_TEAMS, "token-planner", "", "", 0));
    while (figure(&site, "jiancha_requests_total{procedure=\"RegistryService/ListTeams\",code=\"ok\"}") == 0)
        sched_yield();
    for (int64_t at_ms = 1000000; figure(&site, CONNECTIONS) != 1; sched_yield()) /* the asking one */
        move_time(&site, at_ms += 1000);
    char *sink = malloc(1 << 20);
    size_t taken = 0;
    for (ssize_t n; (n = recv(fd, sink, 1 << 20, 0)) > 0;)
        taken += (size_t)n;
    assert_true(taken < (size_t)REQUESTS << 20);
    free(sink);
    close(fd);
    site_close(&site);
}

static void expect_busy(const struct answer *answer, const char *retry) {
    char code[64], value[256];
    assert_int_equal(answer->status, 429);
    assert_string_equal(answer_code(answer, code), "resource_exhausted");
    assert_string_equal(answer_header(answer, "Retry-After", value), retry);
}

/* More writes than the server takes in hand; and one token, which is refused before the others. */
static void test_full_queue(void **state) {
    (void)state;
    enum { MAX = 8 };
    struct site site;
    struct gate gate;
    struct answer answer;
    int fds[MAX];
    open_site(&site, (struct jc_server_config){.writes_max = MAX});
    gate_shut(&gate, site.db);
    for (int i = 0; i < MAX; i++) {
        static const char *const TOKENS[] = {"token-planner", "token-admin"};
        fds[i] = dial(site.port);
        assert_true(send_call(fds[i], INVITE, TOKENS[i / 4], "", I1, 4));
        gate_wait_queued(site.db, i + 1);
        if (i == 3 || i == 4) { /* from half on a token has four at most */
            one_call(site.port, INVITE, "token-planner", "", I1, 4, &answer);
            expect_busy(&answer, "1");
            answer_free(&answer);
        }
    }
    assert_int_equal(figure(&site, "jiancha_queue{name=\"writes\"}"), MAX);
    one_call(site.port, INVITE, "token-device", "", I1, 4, &answer);
    expect_busy(&answer, "1");
    answer_free(&answer);
    one_call(site.port, SELF, "token-planner", "", "", 0, &answer); /* who only reads goes on */
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    gate_let_go(&gate);
    for (int i = 0; i < MAX; i++) {
        read_answer(fds[i], &answer);
        assert_int_equal(answer.status, 200);
        answer_free(&answer);
        close(fds[i]);
    }
    assert_int_equal(figure(&site, "jiancha_rejected_total{reason=\"writes\"}"), 3);
    assert_int_equal(figure(&site, "jiancha_queue{name=\"writes\"}"), 0);
    site_close(&site);
}

static void test_full_memory(void **state) {
    (void)state;
    char bytes[1001] = {0};
    struct site site;
    struct answer answer;
    open_site(&site, (struct jc_server_config){.bytes_max = 1000});
    one_call(site.port, INVITE, "token-planner", "", bytes, sizeof bytes, &answer);
    expect_busy(&answer, "1");
    answer_free(&answer);
    assert_int_equal(figure(&site, "jiancha_rejected_total{reason=\"bytes\"}"), 1);
    wait_figure(&site, "jiancha_body_bytes", 0);
    one_call(site.port, INVITE, "token-planner", "", I1, 4, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    site_close(&site);
}

/* A body nobody is known to send counts on its address's account; without any token it is not even kept. */
static void test_bodies_of_strangers(void **state) {
    (void)state;
    enum { BODY = 1000, SHARE = 16, KEPT = BODY - 1 };
    static const char HEAD[] = "POST " INVITE " HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\n"
                               "Content-Length: 1000\r\n%s\r\n";
    static const char *const TOKENS[] = {"", "Authorization: Bearer token-nobody\r\n",
                                         "Authorization: Bearer token-admin\r\n"};
    struct site site;
    struct answer answer;
    char bytes[BODY] = {0}, head[500];
    open_site(&site, (struct jc_server_config){.body_max = BODY, .bytes_max = BODY * SHARE});
    one_call(site.port, INVITE, "token-admin", "", I1, 4, &answer); /* known from now on */
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    for (size_t i = 0, kept = 0; i < COUNT(TOKENS); i++) {
        int fds[2];
        kept += i ? KEPT : 0;
        for (int k = 0; k < 2; k++) { /* the second of nobody's finds no room; who is known does */
            fds[k] = dial(site.port);
            snprintf(head, sizeof head, HEAD, TOKENS[i]);
            assert_true(send_text(fds[k], head) && send_bytes(fds[k], bytes, KEPT));
            if (k == 0 && i)
                wait_figure(&site, "jiancha_body_bytes", (int64_t)kept);
        }
        kept += i == 2 ? KEPT : 0;
        wait_figure(&site, "jiancha_body_bytes", (int64_t)kept);
        if (i < 2) {
            assert_true(send_bytes(fds[1], bytes, 1));
            read_answer(fds[1], &answer);
            CHECK_INT(TOKENS[i], answer.status, i ? 429 : 401);
            answer_free(&answer);
        }
        if (i == 0)
            close(fds[0]);
        close(fds[1]);
    }
    site_close(&site);
}

/* Somebody behind the address of a bureau tries tokens; its terminals go on. */
static void test_wrong_tokens(void **state) {
    (void)state;
    struct site site;
    struct answer answer;
    open_site(&site, (struct jc_server_config){0});
    static const struct {
        const char *name, *token;
        int times, status;
    } STEPS[] = {
        {"a terminal of the bureau", "token-device", 1, 200},
        {"guesses", "guess", 60, 401},
        {"and more", "guess", 10, 401},
        {"the terminal", "token-device", 70, 200},
        {"one not seen before", "token-planner", 70, 200},
    };
    for (size_t i = 0; i < COUNT(STEPS); i++) {
        for (int k = 0; k < STEPS[i].times; k++) {
            one_call(site.port, SELF, STEPS[i].token, "", "", 0, &answer);
            CHECK_INT(STEPS[i].name, answer.status, STEPS[i].status);
            answer_free(&answer);
        }
    }
    assert_int_equal(figure(&site, "jiancha_rejected_total{reason=\"stranger\"}"), 0);
    site_close(&site);
}

static void test_connections_of_an_address(void **state) {
    (void)state;
    struct site site;
    struct answer answer;
    open_site(&site, (struct jc_server_config){.per_address_max = 2});
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = dial(site.port);
        (void)send_call(fds[i], SELF, "token-device", "", "", 0);
        read_answer(fds[i], &answer);
        assert_int_equal(answer.status, i < 2 ? 200 : 0);
        answer_free(&answer);
    }
    close(fds[2]);
    close(fds[1]);
    do { /* there is room again once the server has noticed */
        one_call(site.port, SELF, "token-device", "", "", 0, &answer);
        answer_free(&answer);
    } while (answer.status != 200);
    close(fds[0]);
    site_close(&site);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_peers),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_bytes_in_hand),
        cmocka_unit_test(test_writes_in_hand),
        cmocka_unit_test(test_retry),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_shares_of_an_address),
        cmocka_unit_test(test_upkeep),
        cmocka_unit_test(test_slow_writer),
        cmocka_unit_test(test_slow_head),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_full_queue),
        cmocka_unit_test(test_full_memory),
        cmocka_unit_test(test_wrong_tokens),
        cmocka_unit_test(test_bodies_of_strangers),
        cmocka_unit_test(test_connections_of_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
