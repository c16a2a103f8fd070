/* Tokens, one-time codes, who asks, enrolment, and how often a secret may be guessed. */
#include "auth/caller.h"
#include "auth/device.h"
#include "http/limit.h"

#include <arpa/inet.h>

#include "jc_world.h"
#include "store/invitation.h"

static const struct jc_act ACT = {{"planner", 7}, &jc_test_clock};

/* --- tokens and codes ------------------------------------------------------------------------------- */

static void test_tokens_differ(void **state) {
    (void)state;
    char one[JC_TOKEN_TEXT], two[JC_TOKEN_TEXT];
    uint8_t hash[JC_SHA256_SIZE], again[JC_SHA256_SIZE];
    assert_true(jc_id_init());
    jc_token_make(one, hash);
    jc_token_make(two, again);
    assert_int_equal(strlen(one), 64);
    assert_string_not_equal(one, two);
    jc_token_hash(jc_str(one), again);
    assert_memory_equal(hash, again, sizeof hash);
}

static const struct {
    const char *name, *typed;
    bool good, same;
} CODES[] = {
    {"as printed", "0123-4567-89AB-CDEF", true, true},
    {"without dashes", "0123456789ABCDEF", true, true},
    {"small letters, blanks", " 0123 4567 89ab cdef ", true, true},
    {"O for 0, I and L for 1", "OI23-4567-89AB-CDEF", true, true},
    {"l for 1", "0l23-4567-89AB-CDEF", true, true},
    {"another", "0123-4567-89AB-CDEG", true, false},
    {"too short", "0123-4567-89AB-CDE", false, false},
    {"too long", "0123-4567-89AB-CDEF-0", false, false},
    {"a letter that is none", "0123-4567-89AB-CDEU", false, false},
    {"empty", "", false, false},
    {"other bytes", "0123-4567-89AB-CDE\xff", false, false},
};

static void test_codes(void **state) {
    (void)state;
    uint8_t expected[JC_SHA256_SIZE];
    jc_sha256(JC_STR("0123456789ABCDEF"), expected);
    for (size_t i = 0; i < COUNT(CODES); i++) {
        uint8_t hash[JC_SHA256_SIZE] = {0};
        CHECK_INT(CODES[i].name, jc_one_time_hash(jc_str(CODES[i].typed), hash), CODES[i].good);
        CHECK_INT(CODES[i].name, memcmp(hash, expected, sizeof hash) == 0, CODES[i].same);
    }
}

static void test_made_code_is_a_code(void **state) {
    (void)state;
    for (int i = 0; i < 100; i++) {
        char text[JC_ONE_TIME_TEXT];
        uint8_t hash[JC_SHA256_SIZE];
        jc_one_time_make(text);
        assert_int_equal(strlen(text), 19);
        assert_true(jc_one_time_hash(jc_str(text), hash));
    }
}

/* --- who asks --------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *token;
    enum jc_code code;
    const char *words; /* the error in English */
    enum jc_caller_kind kind;
    int64_t agency_id;
    const char *login, *team_id;
    bool sees_t1, sees_t2;
} CALLERS[] = {
    {"admin", "token-admin", JC_OK, "", JC_CALLER_PERSON, 1, "admin", "", true, true},
    {"team lead", "token-lead", JC_OK, "", JC_CALLER_PERSON, 1, "lead", "t1", true, false},
    {"inspector", "token-inspector", JC_OK, "", JC_CALLER_PERSON, 1, "inspector", "t1", true, false},
    {"device", "token-device", JC_OK, "", JC_CALLER_DEVICE, 1, "", "t1", true, false},
    {"same login of another agency", "token-foreign", JC_OK, "", JC_CALLER_PERSON, 2, "admin", "", true, true},
    {"no token", "", JC_UNAUTHENTICATED, "sign in first", 0, 0, "", "", false, false},
    {"unknown", "token-nobody", JC_UNAUTHENTICATED, "the token is not valid, sign in again", 0, 0, "", "", false,
     false},
    {"the hash of a token", "\x8f", JC_UNAUTHENTICATED, "the token is not valid, sign in again", 0, 0, "", "", false,
     false},
    {"disabled", "token-gone", JC_UNAUTHENTICATED, "\"gone\" is disabled", 0, 0, "", "", false, false},
    {"expired", "token-late", JC_UNAUTHENTICATED, "the session expired at 2023-01-01T07:59:59+08:00, sign in again", 0,
     0, "", "", false, false},
    {"revoked", "token-revoked", JC_UNAUTHENTICATED, "this device was revoked at 2023-01-01T08:00:00+08:00", 0, 0, "",
     "", false, false},
};

struct ask {
    struct jc_str token;
    struct jc_arena *arena;
    struct jc_caller caller;
};

static enum jc_code ask_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct ask *ask = ctx;
    return jc_caller_authenticate(tx, ask->token, JC_WORLD_NOW, ask->arena, &ask->caller, err);
}

static void check_words(const char *name, const struct jc_err *err, const char *words) {
    struct jc_buf text;
    jc_buf_init(&text, 1000);
    jc_err_render(&text, JC_EN, err);
    CHECK_STR(name, jc_buf_str(&text), words);
    jc_buf_free(&text);
}

static void test_callers(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    jc_world_fill(db, NULL);
    for (size_t i = 0; i < COUNT(CALLERS); i++) {
        const char *name = CALLERS[i].name;
        struct jc_err err = {0};
        struct ask ask = {.token = jc_str(CALLERS[i].token), .arena = jc_arena_new(1 << 20)};
        CHECK_INT(name, jc_db_read(db, ask_job, &ask, &err), CALLERS[i].code);
        if (CALLERS[i].code) {
            check_words(name, &err, CALLERS[i].words);
        } else {
            CHECK_INT(name, ask.caller.kind, CALLERS[i].kind);
            CHECK_INT(name, ask.caller.agency_id, CALLERS[i].agency_id);
            CHECK_STR(name, ask.caller.login, CALLERS[i].login);
            CHECK_STR(name, ask.caller.team_id, CALLERS[i].team_id);
            CHECK_INT(name, jc_caller_sees_team(&ask.caller, JC_STR("t1")), CALLERS[i].sees_t1);
            CHECK_INT(name, jc_caller_sees_team(&ask.caller, JC_STR("t2")), CALLERS[i].sees_t2);
        }
        jc_arena_free(ask.arena);
    }
    jc_db_close(db);
}

/* --- enrolment -------------------------------------------------------------------------------------- */

struct enrol {
    struct jc_arena *arena;
    struct jc_clock clock;
    struct jc_enrolment enrolment;
    const char *inspector_id;
    int hours;
    char code[JC_ONE_TIME_TEXT], token[JC_TOKEN_TEXT];
    int64_t expires_ms;
    struct jc_device device;
};

static int64_t now_at(void *ctx) {
    return *(const int64_t *)ctx;
}

static enum jc_code invite_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct enrol *enrol = ctx;
    return jc_device_invite(tx, 1, jc_str(enrol->inspector_id), enrol->hours, ACT, enrol->arena, enrol->code,
                            &enrol->expires_ms, err);
}

static enum jc_code enroll_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct enrol *enrol = ctx;
    return jc_device_enroll(tx, &enrol->enrolment, &enrol->clock, enrol->arena, &enrol->device, enrol->token, err);
}

static enum jc_code refused_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    assert_int_equal(ask_job(tx, ctx, err), JC_UNAUTHENTICATED);
    return JC_OK;
}

static enum jc_code revoke_new_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_device_revoke(tx, 1, ((struct enrol *)ctx)->device.device_id, JC_STR("遗失"), ACT, err);
}

static void test_enrolment(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct jc_err err = {0};
    int64_t now = JC_WORLD_NOW;
    struct enrol e = {.arena = jc_arena_new(1 << 20), .clock = {now_at, &now}, .inspector_id = "i2"};
    jc_world_fill(db, NULL);
    jc_test_write(db, invite_job, &e);
    assert_int_equal(e.expires_ms, JC_WORLD_NOW + 24 * 3600000);

    /* good once: the device belongs to the invited inspector and its token opens */
    e.enrolment = (struct jc_enrolment){.code = jc_str(e.code), .device_name = JC_STR("手持机九")};
    jc_test_write(db, enroll_job, &e);
    assert_int_equal(e.device.agency_id, 1);
    CHECK_STR("enrolled", e.device.inspector_id, "i2");
    CHECK_STR("enrolled", e.device.team_id, "t2");
    struct ask ask = {.token = jc_str(e.token), .arena = e.arena};
    jc_test_read(db, ask_job, &ask);
    assert_memory_equal(&ask.caller.device_id, &e.device.device_id, sizeof e.device.device_id);

    /* the second time it is used up, and nothing changes */
    assert_int_equal(jc_test_try(db, enroll_job, &e, &err), JC_UNAUTHENTICATED);
    check_words("used", &err, "the code has been used");
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM device"), 4);

    /* a terminal with a key may ask again with it: the answer was lost. It stays the same device. */
    static const char KEY[JC_PUBLIC_KEY_SIZE + 1] = "0123456789abcdef0123456789abcdef";
    jc_test_write(db, invite_job, &e);
    e.enrolment.code = jc_str(e.code);
    e.enrolment.public_key = (struct jc_str){KEY, JC_PUBLIC_KEY_SIZE};
    jc_test_write(db, enroll_job, &e);
    struct jc_uuid first = e.device.device_id;
    ask.token = jc_arena_copy(e.arena, jc_str(e.token));
    jc_test_write(db, enroll_job, &e);
    assert_memory_equal(&first, &e.device.device_id, sizeof first);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM device"), 5);
    jc_test_read(db, refused_job, &ask); /* the first token is worth nothing */
    e.enrolment.public_key.ptr = "another key, another key, another";
    assert_int_equal(jc_test_try(db, enroll_job, &e, &err), JC_UNAUTHENTICATED);
    e.enrolment.public_key = (struct jc_str){KEY, JC_PUBLIC_KEY_SIZE};
    jc_test_write(db, revoke_new_job, &e);
    assert_int_equal(jc_test_try(db, enroll_job, &e, &err), JC_UNAUTHENTICATED);
    e.enrolment.public_key = (struct jc_str){0};

    /* a code that was never made; one that is too old by a millisecond, and just not */
    e.enrolment.code = JC_STR("0123-4567-89AB-CDEF");
    assert_int_equal(jc_test_try(db, enroll_job, &e, &err), JC_UNAUTHENTICATED);
    check_words("wrong", &err, "the code is wrong");
    e.hours = 1;
    jc_test_write(db, invite_job, &e);
    e.enrolment.code = jc_str(e.code);
    now = e.expires_ms;
    assert_int_equal(jc_test_try(db, enroll_job, &e, &err), JC_UNAUTHENTICATED);
    check_words("expired", &err, "the code expired at 2023-01-01T09:00:00+08:00");
    now = e.expires_ms - 1;
    jc_test_write(db, enroll_job, &e);

    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM audit_log WHERE act = 'device.enroll'"), 4);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM audit_log WHERE act = 'device.invite'"), 3);
    jc_arena_free(e.arena);
    jc_db_close(db);
}

static const struct {
    const char *name, *inspector_id;
    int hours;
    enum jc_code code;
} INVITATIONS[] = {
    {"unknown inspector", "i9", 0, JC_NOT_FOUND},
    {"negative hours", "i1", -1, JC_INVALID_ARGUMENT},
    {"too many hours", "i1", JC_INVITATION_MAX_HOURS + 1, JC_INVALID_ARGUMENT},
    {"most hours", "i1", JC_INVITATION_MAX_HOURS, JC_OK},
};

static const struct {
    const char *name, *device_name, *public_key, *app_version;
    enum jc_code code;
} ENROLMENTS[] = {
    {"no name", "", "", "1", JC_INVALID_ARGUMENT},
    {"key of 31 bytes", "x", "0123456789012345678901234567890", "1", JC_INVALID_ARGUMENT},
    {"version of 65 bytes", "x", "", "01234567890123456789012345678901234567890123456789012345678901234",
     JC_INVALID_ARGUMENT},
    {"key of 32 bytes", "x", "01234567890123456789012345678901", "1", JC_OK},
};

static void test_enrolment_limits(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct jc_err err = {0};
    struct enrol e = {.arena = jc_arena_new(1 << 20), .clock = jc_test_clock};
    jc_world_fill(db, NULL);
    for (size_t i = 0; i < COUNT(INVITATIONS); i++) {
        e.inspector_id = INVITATIONS[i].inspector_id;
        e.hours = INVITATIONS[i].hours;
        CHECK_INT(INVITATIONS[i].name, jc_test_try(db, invite_job, &e, &err), INVITATIONS[i].code);
    }
    for (size_t i = 0; i < COUNT(ENROLMENTS); i++) { /* refused ones leave the code good */
        e.enrolment = (struct jc_enrolment){
            .code = jc_str(e.code),
            .device_name = jc_str(ENROLMENTS[i].device_name),
            .public_key = jc_str(ENROLMENTS[i].public_key),
            .app_version = jc_str(ENROLMENTS[i].app_version),
        };
        CHECK_INT(ENROLMENTS[i].name, jc_test_try(db, enroll_job, &e, &err), ENROLMENTS[i].code);
    }
    jc_arena_free(e.arena);
    jc_db_close(db);
}

/* --- a changed register ------------------------------------------------------------------------------ */

static enum jc_code put_inspector_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    Jc__Inspector inspector = JC__INSPECTOR__INIT;
    inspector.inspector_id = (char *)"i1";
    inspector.name = (char *)"执法员";
    inspector.team_id = ctx;
    return jc_inspector_put(tx, 1, 0, &inspector, err);
}

/* A new team of the holder is a new scope, at once, for the person and the device; the same again is not. */
static void test_scope_moves(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct ask device = {.token = JC_STR("token-device"), .arena = jc_arena_new(1 << 20)};
    struct ask person = {.token = JC_STR("token-inspector"), .arena = device.arena};
    jc_world_fill(db, NULL);
    jc_test_read(db, ask_job, &device);
    int64_t scope_version = device.caller.scope_version;
    jc_test_write(db, put_inspector_job, (void *)"t1");
    jc_test_read(db, ask_job, &device);
    assert_int_equal(device.caller.scope_version, scope_version);
    jc_test_write(db, put_inspector_job, (void *)"t2");
    jc_test_read(db, ask_job, &device);
    jc_test_read(db, ask_job, &person);
    assert_int_equal(device.caller.scope_version, scope_version + 1);
    CHECK_STR("device", device.caller.team_id, "t2");
    CHECK_STR("person", person.caller.team_id, "t2");
    assert_int_equal(jc_test_number(db, "SELECT scope_version FROM device WHERE agency_id = 2"), 1);
    jc_arena_free(device.arena);
    jc_db_close(db);
}

/* --- guesses ---------------------------------------------------------------------------------------- */

static struct sockaddr_in v4(const char *text) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, text, &address.sin_addr), 1);
    return address;
}

static int take_all(struct jc_limit *limit, const struct sockaddr *address, int64_t now_ms) {
    int taken = 0;
    while (taken < 1000 && jc_limit_take(limit, address, now_ms))
        taken++;
    return taken;
}

static void test_limit(void **state) {
    (void)state;
    assert_true(jc_id_init());
    struct jc_limit *limit = jc_limit_new(JC_LIMIT_BURST, JC_LIMIT_REFILL_MS);
    struct sockaddr_in one = v4("10.0.0.1"), two = v4("10.0.0.2");
    const struct sockaddr *a = (struct sockaddr *)&one, *b = (struct sockaddr *)&two;
    assert_int_equal(take_all(limit, a, 0), JC_LIMIT_BURST);
    assert_int_equal(take_all(limit, a, JC_LIMIT_REFILL_MS - 1), 0);
    assert_int_equal(take_all(limit, b, 0), JC_LIMIT_BURST); /* another address has its own */
    assert_int_equal(take_all(limit, a, JC_LIMIT_REFILL_MS), 1);
    assert_int_equal(take_all(limit, a, 4 * JC_LIMIT_REFILL_MS), 3);
    assert_int_equal(take_all(limit, a, 1000000 * (int64_t)JC_LIMIT_REFILL_MS), JC_LIMIT_BURST);
    jc_limit_give_back(limit, a);
    assert_int_equal(take_all(limit, a, 1000000 * (int64_t)JC_LIMIT_REFILL_MS), 1);
    jc_limit_free(limit);
}

/* A terminal that signs in well a thousand times behind one address is never held up. */
static void test_limit_costs_failures_only(void **state) {
    (void)state;
    struct jc_limit *limit = jc_limit_new(JC_LIMIT_BURST, JC_LIMIT_REFILL_MS);
    struct sockaddr_in one = v4("10.0.0.1");
    const struct sockaddr *a = (struct sockaddr *)&one;
    for (int i = 0; i < 1000; i++) {
        assert_true(jc_limit_take(limit, a, 0));
        jc_limit_give_back(limit, a);
    }
    assert_int_equal(take_all(limit, a, 0), JC_LIMIT_BURST);
    jc_limit_free(limit);
}

static void test_limit_of_networks(void **state) {
    (void)state;
    struct jc_limit *limit = jc_limit_new(JC_LIMIT_BURST, JC_LIMIT_REFILL_MS);
    struct sockaddr_in6 one = {.sin6_family = AF_INET6}, near = one, far = one;
    assert_int_equal(inet_pton(AF_INET6, "2001:db8::1", &one.sin6_addr), 1);
    assert_int_equal(inet_pton(AF_INET6, "2001:db8::2:0:0:9", &near.sin6_addr), 1);
    assert_int_equal(inet_pton(AF_INET6, "2001:db8:0:1::1", &far.sin6_addr), 1);
    assert_int_equal(take_all(limit, (struct sockaddr *)&one, 0), JC_LIMIT_BURST);
    assert_int_equal(take_all(limit, (struct sockaddr *)&near, 0), 0);
    assert_int_equal(take_all(limit, (struct sockaddr *)&far, 0), JC_LIMIT_BURST);
    jc_limit_free(limit);
}

/* An address that guesses stays remembered while ten thousand others come by once each. */
static void test_limit_under_flood(void **state) {
    (void)state;
    struct jc_limit *limit = jc_limit_new(JC_LIMIT_BURST, JC_LIMIT_REFILL_MS);
    struct sockaddr_in guesser = v4("10.9.9.9"), other = v4("10.0.0.0");
    assert_int_equal(take_all(limit, (struct sockaddr *)&guesser, 0), JC_LIMIT_BURST);
    for (uint32_t i = 0; i < 10000; i++) {
        other.sin_addr.s_addr = htonl(0x0b000000 + i);
        assert_true(jc_limit_take(limit, (struct sockaddr *)&other, 0));
    }
    assert_int_equal(take_all(limit, (struct sockaddr *)&guesser, 0), 0);
    jc_limit_free(limit);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens_differ),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_made_code_is_a_code),
        cmocka_unit_test(test_callers),
        cmocka_unit_test(test_enrolment),
        cmocka_unit_test(test_enrolment_limits),
        cmocka_unit_test(test_scope_moves),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_limit_costs_failures_only),
        cmocka_unit_test(test_limit_of_networks),
        cmocka_unit_test(test_limit_under_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
