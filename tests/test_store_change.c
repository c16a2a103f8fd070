/* Heads, changes and the log of acts: numbers in commit order, one row per entity. */
#include "jc_store_test.h"

#include "store/audit_log.h"
#include "store/change.h"
#include "store/feed.h"
#include "store/head.h"

struct record {
    const char *id, *scope;
    bool deleted, fail;
};

static enum jc_code record_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct record *r = ctx;
    enum jc_code code =
        jc_change_record(tx, 1, JC__ENTITY_KIND__ENTITY_KIND_TASK, jc_str(r->id), jc_str(r->scope), r->deleted, err);
    return code || !r->fail ? code : jc_fail(err, JC_ABORTED, JC_MSG_INTERNAL);
}

static enum jc_code head_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_head_read(tx, 1, ctx, err);
}

struct row {
    const char *id;
    int64_t seq;
    char scope[8], left[32]; /* t1:3 t2:5, the scopes it left and when */
    bool deleted;
};

static const char SELECT_ROW[] =
    "SELECT seq, scope, (SELECT COALESCE(group_concat(d.scope || ':' || d.seq, ' '), '') FROM departure AS d\n"
    "                     WHERE d.agency_id = 1 AND d.id = change.id), deleted\n"
    "FROM change\n"
    "WHERE agency_id = 1 AND id = $1";

static enum jc_code row_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct row *row = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SELECT_ROW, JC_VALUES(jc_bytes(row->id, strlen(row->id))), &rows, err);
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    if (!code && has_row) {
        row->seq = jc_rows_int64(rows, 0);
        snprintf(row->scope, sizeof row->scope, "%.*s", JC_FMT(jc_rows_text(rows, 1)));
        snprintf(row->left, sizeof row->left, "%.*s", JC_FMT(jc_rows_text(rows, 2)));
        row->deleted = jc_rows_int64(rows, 3);
    }
    jc_rows_close(rows);
    return code;
}

static void test_changes(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    static const struct {
        const char *name;
        struct record record;
        int64_t head, seq;
        const char *scope, *left;
        bool deleted;
    } steps[] = {
        {"new", {"a", "t1", false, false}, 1, 1, "t1", "", false},
        {"another entity", {"b", "t1", false, false}, 2, 2, "t1", "", false},
        {"rolled back", {"a", "t2", false, true}, 2, 1, "t1", "", false},
        {"moved to another team", {"a", "t2", false, false}, 3, 3, "t2", "t1:3", false},
        {"changed again: nothing new to the old team", {"a", "t2", false, false}, 4, 4, "t2", "t1:3", false},
        {"moved on", {"a", "t3", false, false}, 5, 5, "t3", "t1:3 t2:5", false},
        {"moved back", {"a", "t1", false, false}, 6, 6, "t1", "t2:5 t3:6", false},
        {"and away", {"a", "t2", false, false}, 7, 7, "t2", "t1:7 t3:6", false},
        {"deleted", {"a", "t2", true, false}, 8, 8, "t2", "t1:7 t3:6", true},
        {"moved once", {"b", "t2", false, false}, 9, 9, "t2", "t1:9", false},
        {"for the whole agency: nobody has lost it", {"b", "", false, false}, 10, 10, "", "", false},
    };
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct record record = steps[i].record;
        struct jc_err err = {0};
        enum jc_code code = jc_test_try(db, record_job, &record, &err);
        CHECK_INT(steps[i].name, code, record.fail ? JC_ABORTED : JC_OK);
        struct jc_head head;
        jc_test_read(db, head_job, &head);
        CHECK_INT(steps[i].name, head.change_seq, steps[i].head);
        struct row row = {.id = record.id};
        jc_test_read(db, row_job, &row);
        CHECK_INT(steps[i].name, row.seq, steps[i].seq);
        CHECK_STR(steps[i].name, jc_str(row.scope), steps[i].scope);
        CHECK_STR(steps[i].name, jc_str(row.left), steps[i].left);
        CHECK_INT(steps[i].name, row.deleted, steps[i].deleted);
    }
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM change"), 2);
    jc_db_close(db);
}

struct page {
    const char *team;
    struct jc_arena *arena;
    struct jc_change *changes;
    size_t count;
    int64_t newest;
};

static enum jc_code newest_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct page *page = ctx;
    return jc_change_newest(tx, 1, jc_str(page->team), &page->newest, err);
}

static enum jc_code page_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct page *page = ctx;
    return jc_change_page(tx, 1, 0, jc_str(page->team), 100, page->arena, &page->changes, &page->count, err);
}

/* A terminal that slept while a task went from team to team is told that it is gone. */
static void test_long_sleep(void **state) {
    (void)state;
    static const char *const teams[] = {"t1", "t2", "t3"};
    struct jc_db *db = jc_test_store();
    for (size_t i = 0; i < COUNT(teams); i++) {
        struct record record = {"a", teams[i], false, false};
        jc_test_write(db, record_job, &record);
    }
    static const struct {
        const char *team;
        size_t count;
        bool removal;
        int64_t newest;
    } cases[] = {{"t1", 1, true, 2}, {"t2", 1, true, 3}, {"t3", 1, false, 3}, {"t4", 0, false, 0}, {"t", 0, false, 0}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct page page = {.team = cases[i].team, .arena = jc_arena_new(1 << 20)};
        jc_test_read(db, page_job, &page);
        CHECK_INT(cases[i].team, page.count, cases[i].count);
        jc_test_read(db, newest_job, &page);
        CHECK_INT(cases[i].team, page.newest, cases[i].newest);
        if (page.count)
            CHECK_INT(cases[i].team, page.changes[0].removal, cases[i].removal);
        jc_arena_free(page.arena);
    }
    jc_db_close(db);
}

static enum jc_code log_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    int64_t *agency_id = ctx;
    enum jc_code code = JC_OK;
    for (int i = 0; i < 2 && !code; i++)
        code = jc_audit_log_add(tx, *agency_id, 1000, JC_STR("cli:li"), JC_STR("plan.approve"), JC_STR("1"),
                                JC_STR("\xe6\xb7\xae\xe5\xba\x94\xe6\x80\xa5\xe3\x80\x94"), err);
    return code;
}

static void test_audit_log(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct jc_err err = {0};
    int64_t agency_id = 1;
    jc_test_write(db, log_job, &agency_id);
    jc_test_write(db, log_job, &agency_id);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM audit_log WHERE act = 'plan.approve' AND at_ms = 1000"),
                     4);
    assert_int_equal(jc_test_number(db, "SELECT MIN(audit_no) * 100 + MAX(audit_no) FROM audit_log"), 104);
    assert_int_equal(jc_test_number(db, "SELECT audit_no FROM agency_head"), 4);
    agency_id = 9;
    assert_int_equal(jc_test_try(db, log_job, &agency_id, &err), JC_NOT_FOUND);
    assert_int_equal(err.what, JC_MSG_AGENCY_UNKNOWN);
    jc_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_long_sleep),
        cmocka_unit_test(test_audit_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
