/* People: rows, what makes a login acceptable, one-time passwords, shutting out. */
#include "auth/person.h"

#include "auth/caller.h"
#include "jc_world.h"

static const struct jc_act ACT = {{"cli:test", 8}, &jc_test_clock};

static const struct {
    const char *name;
    const char *login, *person_name, *roles, *inspector_id, *team_id;
    enum jc_code code;
    const char *words, *team; /* the error in English, or the team the person ends up in */
} ADD[] = {
    {"planner", "lihua", "李华", "planner", "", "", JC_OK, "", ""},
    {"Chinese login", "张三", "张三", "supervisor,admin", "", "", JC_OK, "", ""},
    {"team of an inspector is the register's", "wang", "王", "inspector", "i2", "", JC_OK, "", "t2"},
    {"name of an inspector is the register's", "sun", "", "inspector", "i2", "", JC_OK, "", "t2"},
    {"lead of a team", "zhao", "赵", "team_lead", "", "t1", JC_OK, "", "t1"},
    {"login taken", "admin", "x", "admin", "", "", JC_ALREADY_EXISTS, "the login \"admin\" is taken", ""},
    {"blank in a login", "li hua", "x", "admin", "", "", JC_INVALID_ARGUMENT,
     "the login \"li hua\" is not valid; expected 1 to 64 bytes of letters, digits or . _ - @", ""},
    {"no login", "", "x", "admin", "", "", JC_INVALID_ARGUMENT,
     "the login \"\" is not valid; expected 1 to 64 bytes of letters, digits or . _ - @", ""},
    {"login of 65 bytes", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "x", "admin", "", "",
     JC_INVALID_ARGUMENT, NULL, ""},
    {"login not UTF-8", "\xff", "x", "admin", "", "", JC_INVALID_ARGUMENT, NULL, ""},
    {"no name", "noname", "", "admin", "", "", JC_INVALID_ARGUMENT,
     "the name of \"noname\" is not valid; expected 1 to 128 bytes of text", ""},
    {"unknown role", "boss", "x", "boss", "", "", JC_INVALID_ARGUMENT,
     "there is no role \"boss\"; expected inspector, team_lead, planner, supervisor or admin", ""},
    {"no role", "norole", "x", NULL, "", "", JC_INVALID_ARGUMENT, "\"norole\" has no role", ""},
    {"inspector without register", "insp", "x", "inspector", "", "", JC_INVALID_ARGUMENT,
     "the inspector \"insp\" must be one of the register of inspectors", ""},
    {"inspector unknown to the register", "insp", "x", "inspector", "i9", "", JC_NOT_FOUND, NULL, ""},
    {"lead without a team", "lead2", "x", "team_lead", "", "", JC_INVALID_ARGUMENT,
     "the team lead \"lead2\" must belong to a team", ""},
    {"unknown team", "lead2", "x", "team_lead", "", "t9", JC_NOT_FOUND, NULL, ""},
};

struct get {
    struct jc_str login;
    struct jc_arena *arena;
    struct jc_person person;
    struct jc_str hash;
};

static enum jc_code get_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct get *get = ctx;
    enum jc_code code = jc_person_get(tx, 1, get->login, get->arena, &get->person, err);
    return code ? code : jc_person_password_hash(tx, 1, get->login, get->arena, &get->hash, err);
}

static void check_words(const char *name, const struct jc_err *err, const char *words) {
    struct jc_buf text;
    if (!words)
        return;
    jc_buf_init(&text, 1000);
    jc_err_render(&text, JC_EN, err);
    CHECK_STR(name, jc_buf_str(&text), words);
    jc_buf_free(&text);
}

static void test_create(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct jc_arena *arena = jc_arena_new(1 << 20);
    jc_world_fill(db, NULL);
    for (size_t i = 0; i < COUNT(ADD); i++) {
        struct jc_err err = {0};
        struct jc_str password = {0};
        int64_t before = jc_test_number(db, "SELECT COUNT(*) FROM person");
        struct jc_person person = {
            .login = jc_str(ADD[i].login),
            .name = jc_str(ADD[i].person_name),
            .inspector_id = jc_str(ADD[i].inspector_id),
            .team_id = jc_str(ADD[i].team_id),
        };
        enum jc_code code = ADD[i].roles ? jc_roles_parse(jc_str(ADD[i].roles), &person.roles, &err) : JC_OK;
        if (!code)
            code = jc_person_create(db, 1, &person, ACT, arena, &password, &err);
        CHECK_INT(ADD[i].name, code, ADD[i].code);
        CHECK_INT(ADD[i].name, jc_test_number(db, "SELECT COUNT(*) FROM person"), before + !code);
        if (code) {
            check_words(ADD[i].name, &err, ADD[i].words);
            continue;
        }
        struct get get = {.login = person.login, .arena = arena};
        jc_test_read(db, get_job, &get);
        CHECK_STR(ADD[i].name, get.person.team_id, ADD[i].team);
        CHECK(ADD[i].name, get.person.name.len > 0);
        CHECK_STR(ADD[i].name, jc_roles_format(get.person.roles, arena), ADD[i].roles);
        CHECK(ADD[i].name, get.person.must_change_password && !get.person.disabled);
        CHECK(ADD[i].name, jc_password_matches(get.hash, password));
        CHECK(ADD[i].name, !jc_password_matches(get.hash, JC_STR("0000-0000-0000-0000")));
    }
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM audit_log WHERE act = 'person.add'"), 5);
    jc_arena_free(arena);
    jc_db_close(db);
}

/* A new one-time password: the old one is worth nothing, sessions are over, other agencies untouched. */
static void test_reset(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_err err = {0};
    struct jc_str password = {0};
    jc_world_fill(db, "an old password");
    CHECK_OK("reset", jc_person_reset_password(db, 1, JC_STR("admin"), ACT, arena, &password, &err), &err);
    struct get get = {.login = JC_STR("admin"), .arena = arena};
    jc_test_read(db, get_job, &get);
    assert_true(jc_password_matches(get.hash, password));
    assert_false(jc_password_matches(get.hash, JC_STR("an old password")));
    assert_true(get.person.must_change_password);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM session WHERE agency_id = 1 AND login = 'admin'"), 0);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM session WHERE agency_id = 2 AND login = 'admin'"), 1);
    assert_int_equal(jc_person_reset_password(db, 1, JC_STR("nobody"), ACT, arena, &password, &err), JC_NOT_FOUND);
    check_words("reset", &err, "no person has the login \"nobody\"");
    jc_arena_free(arena);
    jc_db_close(db);
}

struct disable {
    const char *login;
    bool disabled;
};

static enum jc_code disable_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct disable *disable = ctx;
    return jc_person_disable(tx, 1, jc_str(disable->login), disable->disabled, ACT, err);
}

static void test_disable(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct jc_err err = {0};
    jc_world_fill(db, NULL);
    struct disable disable = {"planner", true};
    jc_test_write(db, disable_job, &disable);
    assert_int_equal(jc_test_number(db, "SELECT disabled FROM person WHERE agency_id = 1 AND login = 'planner'"), 1);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM session WHERE login = 'planner'"), 0);
    disable.disabled = false;
    jc_test_write(db, disable_job, &disable);
    assert_int_equal(jc_test_number(db, "SELECT disabled FROM person WHERE agency_id = 1 AND login = 'planner'"), 0);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM audit_log WHERE act LIKE 'person.%able'"), 2);
    disable.login = "nobody";
    assert_int_equal(jc_test_try(db, disable_job, &disable, &err), JC_NOT_FOUND);
    jc_db_close(db);
}

struct list {
    struct jc_arena *arena;
    struct jc_person *items;
    size_t count;
};

static enum jc_code list_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct list *list = ctx;
    return jc_person_list(tx, 1, list->arena, &list->items, &list->count, err);
}

static void test_list(void **state) {
    (void)state;
    static const char *const LOGINS[] = {"admin", "fresh", "gone",    "inspector",
                                         "late",  "lead",  "planner", "supervisor"};
    struct jc_db *db = jc_test_store();
    struct list list = {.arena = jc_arena_new(1 << 20)};
    jc_world_fill(db, NULL);
    jc_test_read(db, list_job, &list);
    assert_int_equal(list.count, COUNT(LOGINS));
    for (size_t i = 0; i < list.count; i++)
        CHECK_STR("login", list.items[i].login, LOGINS[i]);
    jc_arena_free(list.arena);
    jc_db_close(db);
}

static const struct {
    const char *name, *password;
    enum jc_code code;
} CHOICES[] = {
    {"long enough", "correct horse", JC_OK},
    {"ten Chinese characters", "一二三四五六七八九十", JC_OK},
    {"nine Chinese characters", "一二三四五六七八九", JC_INVALID_ARGUMENT},
    {"nine letters", "123456789", JC_INVALID_ARGUMENT},
    {"the login", "someone@huainan", JC_INVALID_ARGUMENT},
    {"not UTF-8", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", JC_INVALID_ARGUMENT},
    {"257 bytes",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     JC_INVALID_ARGUMENT},
};

static void test_choice_of_password(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(CHOICES); i++) {
        struct jc_err err = {0};
        CHECK_INT(CHOICES[i].name, jc_password_acceptable(jc_str(CHOICES[i].password), JC_STR("someone@huainan"), &err),
                  CHOICES[i].code);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_disable),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_choice_of_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
