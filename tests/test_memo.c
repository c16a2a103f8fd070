/* The memo of a connection: what it answers is never older than the database (db/memo.h). */
#include "jc_test_db.h"

#include "db/memo.h"

static const char KIND, OTHER_KIND;
static const char COUNT_KIND[] = "SELECT count(*) FROM item WHERE kind <> 'x'";

/* A job that counts items, by the memo if it can, and then does something. */
struct visit {
    enum { LOOKS, WRITES, WRITES_AND_KEEPS, WRITES_NOTHING, FAILS_BEHIND_ITS_WRITES, PUTS_MUCH } act;
    int64_t id;           /* of the item to write */
    int64_t count;        /* outcome */
    bool found;           /* by the memo */
    bool wrote, had_room; /* outcome */
};

static enum jc_code look(struct jc_tx *tx, struct visit *visit, struct jc_err *err) {
    const int64_t *known = jc_tx_memo_find(tx, &KIND, JC_STR("items"));
    visit->found = known != NULL;
    if (known) {
        visit->count = *known;
        return JC_OK;
    }
    enum jc_code code = jc_tx_int64(tx, COUNT_KIND, JC_NO_VALUES, &visit->count, err);
    int64_t *room = code == JC_OK ? jc_tx_memo_put(tx, &KIND, JC_STR("items"), sizeof *room) : NULL;
    if (room)
        *room = visit->count;
    return code;
}

static enum jc_code visit_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct visit *visit = ctx;
    char kind[32];
    enum jc_code code = look(tx, visit, err);
    snprintf(kind, sizeof kind, "kind %d", (int)visit->id);
    if (code == JC_OK &&
        (visit->act == WRITES || visit->act == WRITES_AND_KEEPS || visit->act == FAILS_BEHIND_ITS_WRITES))
        code = insert_item(tx, visit->id, kind, err);
    if (code == JC_OK && visit->act == WRITES_NOTHING)
        code = jc_tx_exec(tx, "DELETE FROM item WHERE id = -1", JC_NO_VALUES, err);
    if (code == JC_OK && visit->act == PUTS_MUCH)
        visit->had_room = jc_tx_memo_put(tx, &OTHER_KIND, JC_STR("much"), 5 << 20) != NULL;
    if (visit->act == WRITES_AND_KEEPS)
        jc_tx_memo_keep(tx);
    visit->wrote = jc_tx_wrote(tx);
    if (code == JC_OK && visit->act == FAILS_BEHIND_ITS_WRITES)
        code = jc_fail(err, JC_ABORTED, JC_MSG_INTERNAL);
    return code;
}

static enum jc_code visit_by(struct jc_db *db, struct visit *visit, bool reads) {
    struct jc_err err = {0};
    return reads ? jc_db_read(db, visit_job, visit, &err) : jc_db_write_wait(db, 1, visit_job, visit, &err);
}

/* Three looks behind each other: what the second does decides what the third still knows. */
static void test_forgetting(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int act;
        bool elsewhere;    /* by another connection of the database, as another process is */
        bool wrote, known; /* did it write; does the third find the memo */
        int items;
    } CASES[] = {
        {"nobody writes", LOOKS, false, false, true, 10},
        {"a write", WRITES, false, true, false, 11},
        {"a write that keeps: the promise counts", WRITES_AND_KEEPS, false, true, true, 10},
        {"a statement that changes no row", WRITES_NOTHING, false, false, true, 10},
        {"a rollback", FAILS_BEHIND_ITS_WRITES, false, true, false, 10},
        {"another connection writes", WRITES, true, true, false, 11},
        {"another connection keeps: its promise is about its own memo", WRITES_AND_KEEPS, true, true, false, 11},
        {"another connection only looks", LOOKS, true, false, true, 10},
        {"another connection rolls back", FAILS_BEHIND_ITS_WRITES, true, true, true, 10},
        {"full", PUTS_MUCH, false, false, false, 10},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_db *db = fresh(false), *other = open_at(path);
        struct visit first = {.act = LOOKS}, second = {.act = CASES[i].act, .id = 100}, third = {.act = LOOKS};
        write_ok(db, insert_ten, NULL);
        assert_int_equal(visit_by(db, &first, false), JC_OK);
        CHECK_INT(CASES[i].name, first.found, false);
        enum jc_code code = visit_by(CASES[i].elsewhere ? other : db, &second, false);
        CHECK_INT(CASES[i].name, code, CASES[i].act == FAILS_BEHIND_ITS_WRITES ? JC_ABORTED : JC_OK);
        CHECK_INT(CASES[i].name, second.found, !CASES[i].elsewhere);
        CHECK_INT(CASES[i].name, second.wrote, CASES[i].wrote);
        CHECK_INT(CASES[i].name, second.had_room, false);
        assert_int_equal(visit_by(db, &third, false), JC_OK);
        CHECK_INT(CASES[i].name, third.found, CASES[i].known);
        CHECK_INT(CASES[i].name, third.count, CASES[i].items);
        jc_db_close(other);
        jc_db_close(db);
    }
}

/* A reader's connection hears of the writer's commits, and remembers between them. */
static void test_readers(void **state) {
    (void)state;
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        struct jc_db *db = fresh(in_memory);
        struct visit visits[4] = {{.act = LOOKS}, {.act = LOOKS}, {.act = WRITES, .id = 1}, {.act = LOOKS}};
        for (int i = 0; i < 4; i++)
            assert_int_equal(visit_by(db, &visits[i], i != 2), JC_OK);
        assert_false(visits[0].found);
        assert_true(visits[1].found);
        assert_false(visits[3].found);
        assert_int_equal(visits[3].count, 1);
        jc_db_close(db);
    }
}

/* --- a job in a batch -------------------------------------------------------------------------------- */

static void visited(void *ctx, enum jc_code code, const struct jc_err *err) {
    (void)ctx, (void)code, (void)err;
}

/* Within one transaction, too: what a job wrote is not hidden from the next by what an earlier one put. */
static void test_batch(void **state) {
    (void)state;
    struct jc_db_config config = {.path = ":memory:", .create = true, .inline_writer = true};
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    CHECK_OK("open", jc_db_open(&config, &db, &err), &err);
    write_ok(db, make_schema, NULL);
    struct visit visits[] = {{.act = LOOKS},
                             {.act = WRITES, .id = 1},
                             {.act = LOOKS},
                             {.act = LOOKS},
                             {.act = FAILS_BEHIND_ITS_WRITES, .id = 2},
                             {.act = LOOKS}};
    for (size_t i = 0; i < COUNT(visits); i++)
        CHECK_OK("submit", jc_db_write(db, 1, visit_job, &visits[i], visited, &err), &err);
    assert_int_equal(jc_db_pump(db), COUNT(visits));
    static const int COUNTS[] = {0, 0, 1, 1, 1, 1};
    static const bool FOUND[] = {false, true, false, true, true, false};
    for (size_t i = 0; i < COUNT(visits); i++) {
        assert_int_equal(visits[i].count, COUNTS[i]);
        assert_int_equal(visits[i].found, FOUND[i]);
    }
    jc_db_close(db);
}

static enum jc_code kinds_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx, (void)err;
    for (int i = 0; i < 3000; i++) { /* more than there are chains */
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        int *room = jc_tx_memo_put(tx, i % 2 ? &KIND : &OTHER_KIND, jc_str(key), sizeof *room);
        assert_non_null(room);
        assert_int_equal(*room, 0);
        *room = i;
    }
    for (int i = 0; i < 3000; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        const int *there = jc_tx_memo_find(tx, i % 2 ? &KIND : &OTHER_KIND, jc_str(key));
        assert_non_null(there);
        assert_int_equal(*there, i);
        assert_null(jc_tx_memo_find(tx, i % 2 ? &OTHER_KIND : &KIND, jc_str(key)));
    }
    int *again = jc_tx_memo_put(tx, &KIND, JC_STR("1"), sizeof *again);
    *again = 7;
    assert_int_equal(*(const int *)jc_tx_memo_find(tx, &KIND, JC_STR("1")), 7);
    assert_non_null(jc_tx_memo_arena(tx));
    return JC_OK;
}

static void test_kinds_and_keys(void **state) {
    (void)state;
    struct jc_db *db = fresh(true);
    write_ok(db, kinds_job, NULL);
    jc_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forgetting),
        cmocka_unit_test(test_readers),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_kinds_and_keys),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
