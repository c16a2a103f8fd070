/* Making, opening and renaming the life of a database. */
#include "jc_store_test.h"

#include "store/agency.h"
#include "store/calendar.h"

static enum jc_code read_meta(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_store_meta(tx, ctx, err);
}

static void test_create(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct jc_err err = {0};
    struct jc_store_meta meta;
    jc_test_read(db, read_meta, &meta);
    assert_int_equal(meta.schema_version, JC_SCHEMA_VERSION);
    assert_int_equal(meta.created_ms, 1672531200000);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM agency WHERE agency_id = 1 AND code IS NULL"), 1);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM agency_head WHERE change_seq = 0"), 1);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM holiday"), 255);
    CHECK_OK("opens", jc_store_open(db, &err), &err);

    assert_int_equal(jc_store_create(db, &jc_test_clock, &err), JC_ALREADY_EXISTS);
    assert_int_equal(err.what, JC_MSG_STORE_NOT_EMPTY);
    jc_db_close(db);
}

static enum jc_code run_script(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_tx_script(tx, *(const char *const *)ctx, err);
}

static void test_open_refuses(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool create;
        const char *script;
        enum jc_msg what;
    } cases[] = {
        {"an empty file", false, NULL, JC_MSG_STORE_NOT_OURS},
        {"somebody else's database", false, "CREATE TABLE item (id INTEGER)", JC_MSG_STORE_NOT_OURS},
        {"a newer version", true, "UPDATE meta SET schema_version = 99", JC_MSG_STORE_TOO_NEW},
        {"no meta row", true, "DELETE FROM meta", JC_MSG_STORE_NOT_OURS},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jc_db_config config = {.path = ":memory:", .create = true};
        struct jc_db *db = NULL;
        struct jc_err err = {0};
        CHECK_OK(cases[i].name, jc_db_open(&config, &db, &err), &err);
        if (cases[i].create)
            CHECK_OK(cases[i].name, jc_store_create(db, &jc_test_clock, &err), &err);
        if (cases[i].script)
            jc_test_write(db, run_script, (void *)&cases[i].script);
        CHECK_INT(cases[i].name, jc_store_open(db, &err), JC_FAILED_PRECONDITION);
        CHECK_INT(cases[i].name, err.what, cases[i].what);
        if (!cases[i].create && cases[i].script)
            CHECK_INT(cases[i].name, jc_store_create(db, &jc_test_clock, &err), JC_ALREADY_EXISTS);
        jc_db_close(db);
    }
}

static enum jc_code reincarnate(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_store_reincarnate(tx, jc_test_now(NULL), JC_STR("test"), JC_STR("backup"), err);
}

static void test_reincarnate(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct jc_store_meta before, after;
    jc_test_read(db, read_meta, &before);
    jc_test_write(db, reincarnate, NULL);
    jc_test_read(db, read_meta, &after);
    assert_memory_not_equal(before.incarnation, after.incarnation, sizeof before.incarnation);
    assert_int_equal(before.created_ms, after.created_ms);
    jc_db_close(db);
}

struct agencies {
    struct jc_arena *arena;
    int64_t second;
};

static enum jc_code agencies_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct agencies *t = ctx;
    int64_t found = 0;
    Jc__Agency *agency;
    assert_int_equal(jc_agency_find(tx, JC_STR(""), &found, err), JC_OK);
    assert_int_equal(found, 1);
    assert_int_equal(jc_agency_find(tx, JC_STR("huainan"), &found, err), JC_NOT_FOUND);
    assert_int_equal(jc_agency_get(tx, 1, t->arena, &agency, err), JC_OK);
    assert_string_equal(agency->agency_id, "");
    assert_int_equal(agency->headcount_counted, -1);
    agency->agency_id = (char *)"huainan";
    agency->name = (char *)"淮南市应急管理局";
    agency->level = (char *)"city";
    agency->year = 2023;
    agency->statutory_days_per_person = 249;
    agency->headcount_registered = 49;
    agency->headcount_counted = 40;
    assert_int_equal(jc_agency_put(tx, 1, agency, err), JC_OK);
    assert_int_equal(jc_agency_find(tx, JC_STR("huainan"), &found, err), JC_OK);
    assert_int_equal(found, 1);
    assert_int_equal(jc_agency_put(tx, 7, agency, err), JC_NOT_FOUND);

    agency->agency_id = (char *)"hefei";
    assert_int_equal(jc_agency_add(tx, agency, &t->second, err), JC_OK);
    assert_int_equal(t->second, 2);
    assert_int_equal(jc_agency_find(tx, JC_STR(""), &found, err), JC_INVALID_ARGUMENT);
    assert_int_equal(err->what, JC_MSG_AGENCY_SEVERAL);
    assert_int_equal(jc_agency_get(tx, 1, t->arena, &agency, err), JC_OK);
    assert_string_equal(agency->name, "淮南市应急管理局");
    assert_int_equal(agency->headcount_registered, 49);
    assert_int_equal(jc_agency_get(tx, 3, t->arena, &agency, err), JC_NOT_FOUND);
    return JC_OK;
}

static void test_agencies(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct agencies t = {jc_arena_new(1 << 20), 0};
    jc_test_write(db, agencies_job, &t);
    jc_arena_free(t.arena);
    jc_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_open_refuses),
        cmocka_unit_test(test_reincarnate),
        cmocka_unit_test(test_agencies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
