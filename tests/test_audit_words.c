/* Words for rows of the audit log: what is stored as keys reads as sentences, what is not stays as it is. */
#include "jc_world.h"

#include "store/audit_log.h"

static enum jc_code note_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct jc_audited move = {1, JC_WORLD_NOW, JC_STR("p"), JC_STR("plan.move"), JC_STR("v")};
    const struct jc_audited backup = {1, JC_WORLD_NOW, JC_STR("p"), JC_STR("backup.make"), JC_STR("/b")};
    (void)ctx;
    enum jc_code code =
        jc_audit_log_note(tx, &move, err, JC_NOTE_MOVED_FORCED,
                          "%d" JC_NOTE_AND "%d" JC_NOTE_AND "%d" JC_NOTE_AND "%s" JC_NOTE_AND "%s" JC_NOTE_AND "%s", 2,
                          3, 4, "t1", "t2", "局长\x1f要求");
    if (!code)
        code = jc_audit_log_note(tx, &backup, err, JC_NOTE_WITH_KEYS, "%s", "");
    if (!code)
        code = jc_audit_log_add(tx, 1, JC_WORLD_NOW, JC_STR("p"), JC_STR("moon.land"), JC_STR("o"),
                                JC_STR("version 1, team : 3 visits"), err);
    if (!code)
        code = jc_audit_log_add(tx, 1, JC_WORLD_NOW, JC_STR("p"), JC_STR("plan.pin"), JC_STR("o"),
                                JC_STR("\x1eOF_ANOTHER_PROGRAM\x1f"
                                       "1"),
                                err);
    return code;
}

struct listing {
    struct jc_arena *arena;
    Jc__AuditEntry **items;
    size_t count;
};

static enum jc_code list_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing *listing = ctx;
    const struct jc_audit_filter filter = {.limit = 10};
    bool more = false;
    return jc_audit_log_list(tx, 1, &filter, listing->arena, &listing->items, &listing->count, &more, err);
}

static void test_rows(void **state) {
    (void)state;
    static const struct {
        const char *name, *act_zh, *act_en, *zh, *en;
    } ROWS[] = {
        {"a key nobody knows", "固定一次检查", "visit pinned",
         "\x1eOF_ANOTHER_PROGRAM\x1f"
         "1",
         "\x1eOF_ANOTHER_PROGRAM\x1f"
         "1"},
        {"an older row", "moon.land", "moon.land", "version 1, team : 3 visits", "version 1, team : 3 visits"},
        {"no arguments", "备份", "backup made", "含服务器密钥", "with the server's keys"},
        {"text of people", "调整一次检查", "visit moved", "第 2 版：3 月改为 4 月，t1 改为 t2；强制执行：局长\x1f要求",
         "version 2: month 3 to 4, team t1 to t2; forced: 局长\x1f要求"},
    };
    struct jc_db *db = jc_test_store();
    struct listing listing = {.arena = jc_arena_new(1 << 20)};
    jc_test_write(db, note_job, NULL);
    jc_test_read(db, list_job, &listing);
    assert_int_equal(listing.count, COUNT(ROWS));
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        const Jc__AuditEntry *entry = listing.items[i];
        CHECK_STR(ROWS[i].name, jc_str(entry->act_zh), ROWS[i].act_zh);
        CHECK_STR(ROWS[i].name, jc_str(entry->act_en), ROWS[i].act_en);
        CHECK_STR(ROWS[i].name, jc_str(entry->detail_zh), ROWS[i].zh);
        CHECK_STR(ROWS[i].name, jc_str(entry->detail), ROWS[i].en);
    }
    jc_arena_free(listing.arena);
    jc_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
