/* The log of administrative acts: chained, listed, and any alteration of it found and named. */
#include "jc_world.h"

#include "store/audit_log.h"
#include "store/head.h"

static enum jc_code fill_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    enum jc_code code = JC_OK;
    for (int i = 1; !code && i <= 9; i++) {
        char object[JC_NUMBER_TEXT];
        struct jc_str act = i % 3 ? JC_STR("device.revoke") : i % 2 ? JC_STR("device.invite") : JC_STR("plan.move");
        code = jc_audit_log_add(tx, 1, JC_WORLD_NOW + i, JC_STR("planner"), act, jc_str_from_int64(i, object),
                                JC_STR("说明"), err);
    }
    return code;
}

/* Nine lines more that say something else. */
static enum jc_code other_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    enum jc_code code = JC_OK;
    for (int i = 1; !code && i <= 9; i++)
        code = jc_audit_log_add(tx, 1, JC_WORLD_NOW + i, JC_STR("planner"), JC_STR("plan.move"), JC_STR("visit"),
                                JC_STR(""), err);
    return code;
}

struct faults {
    size_t count;
    int64_t row;
    enum jc_msg what;
    int64_t rows;
    struct jc_chain_point heads[2];
    size_t head_count;
};

static void found(void *ctx, int64_t row, const struct jc_err *fault) {
    struct faults *faults = ctx;
    if (!faults->count++) {
        faults->row = row;
        faults->what = fault->what;
    }
}

static enum jc_code verify_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct faults *faults = ctx;
    const struct jc_chain_points heads = {faults->heads, faults->head_count};
    return jc_audit_log_verify(tx, 1, heads, found, faults, &faults->rows, err);
}

static void test_alterations(void **state) {
    (void)state;
    static const struct {
        const char *name, *sql;
        size_t faults;
        int64_t row;
        enum jc_msg what;
    } CASES[] = {
        {"untouched", "SELECT 1", 0, 0, JC_MSG_NONE},
        {"an actor", "UPDATE audit_log SET actor = 'nobody' WHERE audit_no = 4", 1, 4, JC_MSG_AUDIT_CHAIN_ALTERED},
        {"a moment", "UPDATE audit_log SET at_ms = at_ms + 1 WHERE audit_no = 9", 1, 9, JC_MSG_AUDIT_CHAIN_ALTERED},
        {"a detail moved into the object",
         "UPDATE audit_log SET object = object || detail, detail = '' WHERE audit_no = 1", 1, 1,
         JC_MSG_AUDIT_CHAIN_ALTERED},
        {"a hash taken away", "UPDATE audit_log SET chain_hash = X'' WHERE audit_no = 5", 1, 5,
         JC_MSG_AUDIT_CHAIN_ALTERED},
        {"removed inside", "DELETE FROM audit_log WHERE audit_no = 5", 1, 5, JC_MSG_AUDIT_CHAIN_MISSING},
        {"the first removed", "DELETE FROM audit_log WHERE audit_no = 1", 1, 1, JC_MSG_AUDIT_CHAIN_MISSING},
        {"cut off", "DELETE FROM audit_log WHERE audit_no > 7", 1, 8, JC_MSG_AUDIT_CHAIN_MISSING},
        {"cut off with the counter",
         "DELETE FROM audit_log WHERE audit_no > 7; UPDATE agency_head SET audit_no = 7 WHERE agency_id = 1", 1, 7,
         JC_MSG_AUDIT_CHAIN_HEAD},
        {"two swapped",
         "UPDATE audit_log SET audit_no = 100 WHERE audit_no = 2; UPDATE audit_log SET audit_no = 2 WHERE audit_no = 3;"
         "UPDATE audit_log SET audit_no = 3 WHERE audit_no = 100",
         2, 2, JC_MSG_AUDIT_CHAIN_ALTERED},
        {"all of them", "DELETE FROM audit_log WHERE agency_id = 1", 1, 1, JC_MSG_AUDIT_CHAIN_MISSING},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_db *db = jc_test_store();
        struct faults faults = {0};
        jc_test_write(db, fill_job, NULL);
        jc_test_script(db, CASES[i].sql);
        jc_test_read(db, verify_job, &faults);
        if (strcmp(CASES[i].name, "two swapped") == 0) /* each of the two, and the one behind them */
            CHECK(CASES[i].name, faults.count >= 2);
        else
            CHECK_INT(CASES[i].name, faults.count, CASES[i].faults);
        CHECK_INT(CASES[i].name, faults.row, CASES[i].row);
        CHECK_INT(CASES[i].name, faults.what, CASES[i].what);
        jc_db_close(db);
    }
}

static enum jc_code head_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_head head;
    struct jc_chain_point *point = ctx;
    enum jc_code code = jc_head_read(tx, 1, &head, err);
    if (!code) {
        point->row_no = head.audit_no;
        memcpy(point->chain_hash, head.audit_head, sizeof point->chain_hash);
    }
    return code;
}

/* A log whose end was made anew throughout agrees with itself; a head that left the building does not. */
static void test_heads(void **state) {
    (void)state;
    static const char CUT[] = "DELETE FROM audit_log WHERE audit_no > 9;"
                              "UPDATE agency_head SET audit_no = 9, audit_head ="
                              " (SELECT chain_hash FROM audit_log WHERE agency_id = 1 AND audit_no = 9)"
                              " WHERE agency_id = 1";
    static const struct {
        const char *name;
        size_t heads, faults;
        int64_t row;
        enum jc_msg what;
        bool filled_anew;
    } CASES[] = {
        {"cut off, without a head", 0, 0, 0, JC_MSG_NONE, false},
        {"with the head of before", 1, 0, 0, JC_MSG_NONE, false},
        {"with the head of what is gone", 2, 1, 10, JC_MSG_AUDIT_CHAIN_MISSING, false},
        {"made anew, without a head", 0, 0, 0, JC_MSG_NONE, true},
        {"made anew, with the head of before", 1, 0, 0, JC_MSG_NONE, true},
        {"made anew, with the head of what is gone", 2, 1, 18, JC_MSG_AUDIT_CHAIN_POINT, true},
    };
    struct jc_db *db = jc_test_store();
    struct jc_chain_point heads[2];
    jc_test_write(db, fill_job, NULL);
    jc_test_read(db, head_job, &heads[0]);
    jc_test_write(db, fill_job, NULL);
    jc_test_read(db, head_job, &heads[1]);
    jc_test_script(db, CUT);
    bool filled = false;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct faults faults = {.heads = {heads[0], heads[1]}, .head_count = CASES[i].heads};
        if (CASES[i].filled_anew && !filled) {
            jc_test_write(db, other_job, NULL);
            filled = true;
        }
        jc_test_read(db, verify_job, &faults);
        CHECK_INT(CASES[i].name, faults.count, CASES[i].faults);
        CHECK_INT(CASES[i].name, faults.row, CASES[i].row);
        CHECK_INT(CASES[i].name, faults.what, CASES[i].what);
    }
    jc_db_close(db);
}

/* Rows of before version 3 have no hash and stand at the beginning. */
static void test_older_rows(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct faults faults = {0};
    jc_test_script(db, "INSERT INTO audit_log (agency_id, audit_no, at_ms, actor, act, object, detail) VALUES"
                       " (1, 1, 5, 'a', 'plan.move', 'v', ''), (1, 2, 6, 'a', 'plan.move', 'w', '');"
                       "UPDATE agency_head SET audit_no = 2 WHERE agency_id = 1");
    jc_test_read(db, verify_job, &faults);
    assert_int_equal(faults.count, 0);
    jc_test_write(db, fill_job, NULL);
    jc_test_read(db, verify_job, &faults);
    assert_int_equal(faults.count, 0);
    assert_int_equal(faults.rows, 11);
    jc_db_close(db);
}

struct listing {
    struct jc_arena *arena;
    struct jc_audit_filter filter;
    Jc__AuditEntry **items;
    size_t count;
    bool more;
};

static enum jc_code list_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing *listing = ctx;
    return jc_audit_log_list(tx, 1, &listing->filter, listing->arena, &listing->items, &listing->count, &listing->more,
                             err);
}

static void test_list(void **state) {
    (void)state;
    static const struct {
        const char *name, *act;
        int64_t before;
        int limit;
        size_t count;
        int64_t first, last;
        bool more;
    } CASES[] = {
        {"all", "", 0, 100, 9, 9, 1, false},           {"a page", "", 0, 4, 4, 9, 6, true},
        {"the next", "", 6, 4, 4, 5, 2, true},         {"the last", "", 2, 4, 1, 1, 1, false},
        {"exactly", "", 0, 9, 9, 9, 1, false},         {"one act", "plan.move", 0, 100, 1, 6, 6, false},
        {"a name", "device.", 0, 100, 8, 9, 1, false}, {"no such act", "device", 0, 100, 0, 0, 0, false},
    };
    struct jc_db *db = jc_test_store();
    jc_test_write(db, fill_job, NULL);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct listing listing = {.arena = jc_arena_new(1 << 20),
                                  .filter = {jc_str(CASES[i].act), CASES[i].before, CASES[i].limit}};
        jc_test_read(db, list_job, &listing);
        CHECK_INT(CASES[i].name, listing.count, CASES[i].count);
        CHECK_INT(CASES[i].name, listing.more, CASES[i].more);
        if (listing.count) {
            CHECK_INT(CASES[i].name, listing.items[0]->audit_no, CASES[i].first);
            CHECK_INT(CASES[i].name, listing.items[listing.count - 1]->audit_no, CASES[i].last);
            CHECK_STR(CASES[i].name, jc_str(listing.items[0]->detail), "说明");
        }
        jc_arena_free(listing.arena);
    }
    jc_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alterations),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_older_rows),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
