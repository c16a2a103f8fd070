/* Unfinished work from one terminal to another without a network: nothing is lost if either dies, nothing counts twice
 * if both reach the server, whoever comes first (DESIGN section 5; docs/SYNC.md, hand-over). */
#include "jc_handheld.h"

#include "base/file.h"
#include "store/server_key.h"

struct pair {
    char folder[JC_TEST_PATH], stick[JC_TEST_PATH + 32];
    struct field field;
    struct handheld from, to; /* a1 and a2 of one team */
    struct jc_uuid task_id, inspection_id;
};

static void pair_open(struct pair *pair) {
    char path[JC_TEST_PATH + 32];
    jc_test_folder(pair->folder);
    snprintf(pair->stick, sizeof pair->stick, "%s/task.jcb", pair->folder);
    field_open(&pair->field);
    snprintf(path, sizeof path, "%s/from.db", pair->folder);
    handheld_open_at(&pair->from, &pair->field, "a1", path);
    snprintf(path, sizeof path, "%s/to.db", pair->folder);
    handheld_open_at(&pair->to, &pair->field, "a2", path);
    handheld_sync(&pair->from);
    handheld_sync(&pair->to);
    Jc__Task *task = open_task(&pair->from, JC__TASK_KIND__TASK_KIND_VISIT, "u1");
    memcpy(pair->task_id.bytes, task->task_id.data, JC_UUID_SIZE);
}

static void pair_close(struct pair *pair) {
    jc_terminal_close(pair->from.terminal);
    jc_terminal_close(pair->to.terminal);
    field_close(&pair->field);
    jc_test_folder_remove(pair->folder);
}

/* --- what people do ---------------------------------------------------------------------------------------- */

/* Arrives and, with a photo of the site and of a finding, saves a draft. */
static void begin(struct pair *pair, bool photo) {
    struct field *f = &pair->field;
    struct jc_terminal_work work;
    struct jc_err err = {0};
    const char *persons[] = {"a1", "a3"};
    const struct jc_terminal_arrival arrival = {pair->task_id, f->now_ms - FIELD_HOUR_MS, persons, 2};
    CHECK_OK("begin", jc_terminal_begin(pair->from.terminal, &arrival, f->arena, &work, &err), &err);
    pair->inspection_id = work.subject.id;
    if (!photo)
        return;
    char path[JC_TEST_PATH + 32];
    Jc__Photo *taken = NULL, of_finding;
    struct jc_uuid draft_id;
    snprintf(path, sizeof path, "%s/photo.jpg", pair->folder);
    CHECK_OK("photo", jc_file_write(path, JC_STR("\xff\xd8\xff photo"), 0600, &err), &err);
    CHECK_OK("photo", jc_terminal_photo(path, f->arena, &taken, &err), &err);
    Jc__Inspection *inspection = field_inspection(f, 1, 0, "u1", 0);
    field_add_findings(f, inspection, 1, 1, "2023-02-15");
    struct jc_str paths[] = {jc_str(path), jc_str(path)};
    of_finding = *taken;
    of_finding.finding_id = inspection->findings[0]->finding_id;
    inspection->inspection_id.len = 0;
    inspection->task_id = (ProtobufCBinaryData){JC_UUID_SIZE, pair->task_id.bytes};
    inspection->notes = (char *)"写到一半";
    inspection->photos = (Jc__Photo *[]){taken, &of_finding};
    inspection->n_photos = 2;
    const struct jc_terminal_draft draft = {.inspection = inspection, .photo_paths = paths};
    CHECK_OK("draft", jc_terminal_draft_save(pair->from.terminal, &draft, f->arena, &draft_id, &err), &err);
    assert_memory_equal(draft_id.bytes, pair->inspection_id.bytes, JC_UUID_SIZE);
}

static struct jc_terminal_given hand_over(struct pair *pair) {
    struct jc_terminal_given given;
    struct jc_err err = {0};
    const struct jc_terminal_giving giving = {
        .task_id = pair->task_id, .to_inspector_id = JC_STR("a2"), .reason = JC_STR("换班"), .path = pair->stick};
    CHECK_OK("hand over", jc_terminal_hand_over(pair->from.terminal, &giving, &given, &err), &err);
    return given;
}

static struct jc_terminal_taken take_over(struct pair *pair) {
    struct jc_terminal_taken taken;
    struct jc_err err = {0};
    CHECK_OK("take over", jc_terminal_take_over(pair->to.terminal, pair->stick, pair->field.arena, &taken, &err), &err);
    assert_memory_equal(taken.task_id.bytes, pair->task_id.bytes, JC_UUID_SIZE);
    return taken;
}

static enum jc_code submit(struct pair *pair, struct handheld *who, struct jc_err *err) {
    struct field *f = &pair->field;
    struct jc_terminal_work work;
    Jc__Inspection *inspection = field_inspection(f, 1, 0, "u1", 0);
    inspection->inspection_id.len = 0;
    inspection->task_id = (ProtobufCBinaryData){JC_UUID_SIZE, pair->task_id.bytes};
    const struct jc_terminal_draft draft = {.inspection = inspection};
    enum jc_code code = jc_terminal_submit(who->terminal, &draft, f->arena, &work, err);
    if (!code)
        assert_memory_equal(work.subject.id.bytes, pair->inspection_id.bytes, JC_UUID_SIZE);
    return code;
}

static void check_submit(struct pair *pair, struct handheld *who) {
    struct jc_err err = {0};
    CHECK_OK("submit", submit(pair, who, &err), &err);
}

static const struct jc_terminal_saved *drafts(struct handheld *h, size_t expected) {
    struct jc_terminal_saved *list = NULL;
    size_t count = 0;
    struct jc_err err = {0};
    CHECK_OK("drafts", jc_terminal_drafts(h->terminal, h->f->arena, &list, &count, &err), &err);
    CHECK_INT("drafts", count, expected);
    return list;
}

static int64_t carried(struct handheld *h) {
    struct jc_terminal_wipe_state state;
    struct jc_err err = {0};
    CHECK_OK("wipe", jc_terminal_safe_to_wipe(h->terminal, &state, &err), &err);
    return state.carried;
}

/* --- what the server has --------------------------------------------------------------------------------------- */

static void check_server(struct pair *pair, const char *name, const char *statuses) {
    struct field *f = &pair->field;
    CHECK_STR(name,
              field_query(f, "SELECT status FROM operation WHERE agency_id = 1"
                             " ORDER BY id"),
              statuses);
    CHECK_STR(name, field_query(f, "SELECT COUNT(*) FROM inspection WHERE agency_id = 1"), "1");
    CHECK_STR(name, field_query(f, "SELECT COUNT(*) FROM review WHERE agency_id = 1 AND state = 1"), "0");
}

/* --- stories ------------------------------------------------------------------------------------------------------ */

/* The giver's terminal falls into a shaft: all it did arrives through the other. */
static void test_the_giver_dies(void **state) {
    (void)state;
    struct pair pair;
    struct jc_err err = {0};
    struct jc_str photo = {0};
    pair_open(&pair);
    begin(&pair, true);
    struct jc_terminal_given given = hand_over(&pair);
    CHECK_INT("arrival and hand-over", given.operations, 2);
    CHECK_INT("its bytes go once", given.blobs, 1);
    CHECK_INT("nothing more here", submit(&pair, &pair.from, &err), JC_FAILED_PRECONDITION);
    struct jc_terminal_taken taken = take_over(&pair);
    CHECK_STR("from", taken.from_inspector_id, "a1");
    CHECK_STR("unit", taken.unit_id, "u1");
    CHECK("draft", taken.draft && !taken.already);
    CHECK_INT("carried", carried(&pair.to), 1);
    const struct jc_terminal_saved *draft = drafts(&pair.to, 1);
    assert_string_equal(draft->inspection->notes, "写到一半");
    assert_memory_equal(draft->draft_id.bytes, pair.inspection_id.bytes, JC_UUID_SIZE);
    CHECK_OK("photo", jc_file_read(draft->photo_paths[0].ptr, 100, pair.field.arena, &photo, &err), &err);
    CHECK_STR("photo", photo, "\xff\xd8\xff photo");
    CHECK_INT("of site and finding", draft->inspection->n_photos, 2);
    CHECK_STR("one file", draft->photo_paths[1], draft->photo_paths[0].ptr);
    check_submit(&pair, &pair.to);
    drafts(&pair.to, 0);
    struct jc_terminal_sync_result result = handheld_sync(&pair.to);
    CHECK_INT("handed in", result.carried, 1);
    CHECK_INT("carried", carried(&pair.to), 0);
    check_server(&pair, "arrival, hand-over, take-over, record", "1,1,1,1");
    CHECK_INT("once", handheld_sync(&pair.to).carried, 0);
    pair_close(&pair);
}

/* Both reach the server, in either order: the same rows, once. */
static void test_both_sync(void **state) {
    (void)state;
    for (int giver_first = 0; giver_first < 2; giver_first++) {
        struct pair pair;
        pair_open(&pair);
        begin(&pair, false);
        hand_over(&pair);
        take_over(&pair);
        check_submit(&pair, &pair.to);
        handheld_sync(giver_first ? &pair.from : &pair.to);
        handheld_sync(giver_first ? &pair.to : &pair.from);
        check_server(&pair, giver_first ? "giver first" : "taker first", "1,1,1,1");
        handheld_sync(&pair.from);
        handheld_sync(&pair.to);
        check_server(&pair, "again", "1,1,1,1");
        pair_close(&pair);
    }
}

static enum jc_code rotate_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    uint8_t key_id[JC_KEY_ID_SIZE];
    return jc_server_key_rotate(tx, ((struct field *)ctx)->now_ms, key_id, err);
}

/* The server signs with a key that the taker hears of only in the same sync, behind the carried file. */
static void test_a_new_key(void **state) {
    (void)state;
    struct pair pair;
    pair_open(&pair);
    begin(&pair, false);
    hand_over(&pair);
    take_over(&pair);
    jc_test_write(pair.field.db, rotate_job, &pair.field);
    CHECK_INT("handed in", handheld_sync(&pair.to).carried, 1);
    pair_close(&pair);
}

/* The taker's terminal dies: the giver goes on, or hands the file to the office. */
static void test_the_taker_dies(void **state) {
    (void)state;
    struct pair pair;
    struct jc_terminal_work work;
    struct jc_err err = {0};
    pair_open(&pair);
    begin(&pair, true);
    hand_over(&pair);
    take_over(&pair);
    CHECK_INT("not handed over there",
              jc_terminal_take_back(pair.to.terminal, pair.task_id, pair.field.arena, &work, &err),
              JC_FAILED_PRECONDITION);
    CHECK_OK("back", jc_terminal_take_back(pair.from.terminal, pair.task_id, pair.field.arena, &work, &err), &err);
    assert_string_equal(drafts(&pair.from, 1)->inspection->notes, "写到一半");
    CHECK_INT("still the giver's", drafts(&pair.from, 1)->handed_to.len, 0);
    check_submit(&pair, &pair.from);
    handheld_sync(&pair.from);
    check_server(&pair, "arrival, hand-over, back, record", "1,1,1,1");
    pair_close(&pair);
}

/* The net fails at each call of the taker's sync, before or behind the server's work. */
static void test_each_call_fails(void **state) {
    (void)state;
    for (int lose = 0; lose < 2; lose++) {
        for (int nth = 1; nth <= 3; nth++) {
            struct pair pair;
            struct jc_terminal_sync_result result;
            struct jc_err err = {0};
            char name[64];
            snprintf(name, sizeof name, "%s %d", lose ? "lose" : "drop", nth);
            pair_open(&pair);
            begin(&pair, false);
            hand_over(&pair);
            take_over(&pair);
            check_submit(&pair, &pair.to);
            if (lose)
                pair.to.lose = nth;
            else
                pair.to.drop = nth;
            jc_terminal_sync(pair.to.terminal, &pair.to.transport, NULL, pair.field.arena, &result, &err);
            pair.to.lose = pair.to.drop = 0;
            handheld_sync(&pair.to);
            CHECK_INT(name, carried(&pair.to), 0);
            CHECK_STR(name, field_query(&pair.field, "SELECT COUNT(*) FROM inspection WHERE agency_id = 1"), "1");
            CHECK_STR(
                name,
                field_query(&pair.field, "SELECT COUNT(*) FROM operation WHERE agency_id = 1 AND inspector_id <> ''"),
                "4");
            CHECK_STR(name, field_query(&pair.field, "SELECT COUNT(*) FROM review WHERE agency_id = 1 AND state = 1"),
                      "0");
            pair_close(&pair);
        }
    }
}

/* The file is written again, taken twice, and goes nowhere else. */
static void test_files(void **state) {
    (void)state;
    struct pair pair;
    struct jc_terminal_given again;
    struct jc_terminal_taken taken;
    struct jc_err err = {0};
    pair_open(&pair);
    struct jc_terminal_giving giving = {
        .task_id = pair.task_id, .to_inspector_id = JC_STR("a1"), .reason = JC_STR(""), .path = pair.stick};
    CHECK_INT("to oneself", jc_terminal_hand_over(pair.from.terminal, &giving, &again, &err), JC_INVALID_ARGUMENT);
    giving.to_inspector_id = JC_STR("nobody");
    CHECK_INT("to nobody", jc_terminal_hand_over(pair.from.terminal, &giving, &again, &err), JC_NOT_FOUND);
    struct jc_terminal_given given = hand_over(&pair);
    again = hand_over(&pair);
    assert_memory_equal(given.operation_id.bytes, again.operation_id.bytes, JC_UUID_SIZE);
    CHECK("nothing was begun", !given.draft);
    giving.to_inspector_id = JC_STR("a3");
    CHECK_INT("to another", jc_terminal_hand_over(pair.from.terminal, &giving, &again, &err), JC_FAILED_PRECONDITION);
    CHECK_INT("not for the giver",
              jc_terminal_take_over(pair.from.terminal, pair.stick, pair.field.arena, &taken, &err),
              JC_FAILED_PRECONDITION);
    take_over(&pair);
    CHECK("twice", take_over(&pair).already);
    CHECK_INT("carried once", carried(&pair.to), 1);
    char bundle[JC_TEST_PATH + 32];
    struct jc_terminal_bundled bundled;
    snprintf(bundle, sizeof bundle, "%s/unsent.jcb", pair.folder);
    CHECK_OK("bundle", jc_terminal_bundle(pair.from.terminal, bundle, false, &bundled, &err), &err);
    CHECK_INT("another kind", jc_terminal_take_over(pair.to.terminal, bundle, pair.field.arena, &taken, &err),
              JC_INVALID_ARGUMENT);
    pair_close(&pair);
}

/* A byte is another one, or the file ends early: nothing of it is taken. */
static void test_damage(void **state) {
    (void)state;
    struct pair pair;
    struct jc_str file = {0};
    struct jc_err err = {0};
    struct jc_terminal_taken taken;
    char path[JC_TEST_PATH + 32];
    pair_open(&pair);
    begin(&pair, true);
    hand_over(&pair);
    CHECK_OK("read", jc_file_read(pair.stick, 1 << 20, pair.field.arena, &file, &err), &err);
    snprintf(path, sizeof path, "%s/damaged.jcb", pair.folder);
    for (size_t at = 0; at < file.len; at++) {
        struct jc_arena *arena = jc_arena_new(64 << 20);
        char *copy = jc_arena_alloc(arena, file.len);
        assert_non_null(copy);
        memcpy(copy, file.ptr, file.len);
        copy[at] ^= 0x20;
        CHECK_OK("write", jc_file_write(path, (struct jc_str){copy, at % 2 ? at : file.len}, 0600, &err), &err);
        enum jc_code code = jc_terminal_take_over(pair.to.terminal, path, arena, &taken, &err);
        if (code == JC_OK)
            fail_msg("byte %zu: taken", at);
        jc_arena_free(arena);
    }
    CHECK_INT("nothing", carried(&pair.to), 0);
    drafts(&pair.to, 0);
    take_over(&pair);
    pair_close(&pair);
}

/* --- the server's rules --------------------------------------------------------------------------------------------- */

static Jc__Operation *hand_over_operation(struct field *f, int n, int task, const char *to) {
    Jc__HandOverTask message = JC__HAND_OVER_TASK__INIT;
    message.task_id = field_id(f, FIELD_TASK, task);
    message.to_inspector_id = (char *)to;
    return field_command(f, n, JC__OPERATION_BODY__COMMAND_HAND_OVER_TASK, &message);
}

static Jc__Operation *take_over_operation(struct field *f, int n, int task, int hand_over_n) {
    Jc__TakeOverTask message = JC__TAKE_OVER_TASK__INIT;
    message.task_id = field_id(f, FIELD_TASK, task);
    message.from_device_id = field_id(f, FIELD_DEVICE, FIELD_A1);
    message.hand_over_id = field_id(f, FIELD_OPERATION, hand_over_n);
    return field_command(f, n, JC__OPERATION_BODY__COMMAND_TAKE_OVER_TASK, &message);
}

static void test_rules(void **state) {
    (void)state;
    struct field field, *f = &field;
    field_open(f);
    const struct {
        const char *name;
        int device;
        Jc__Operation *operation;
        Jc__OperationStatus status;
        const char *grounds;
    } cases[] = {
        {"to nobody", FIELD_A1, hand_over_operation(f, 1, FIELD_T1, "who"), KEPT, "NOT_REGISTERED"},
        {"unknown task", FIELD_A1, hand_over_operation(f, 2, 99, "a2"), KEPT, "UNKNOWN"},
        {"handed over", FIELD_A1, hand_over_operation(f, 3, FIELD_T1, "a2"), APPLIED, ""},
        {"not theirs", FIELD_B1, take_over_operation(f, 4, FIELD_T1, 3), KEPT, "HAND_OVER_UNKNOWN"},
        {"another task", FIELD_A2, take_over_operation(f, 5, FIELD_T2, 3), KEPT, "HAND_OVER_UNKNOWN"},
        {"not a hand-over", FIELD_A2, take_over_operation(f, 6, FIELD_T1, 4), KEPT, "HAND_OVER_UNKNOWN"},
        {"never seen", FIELD_A2, take_over_operation(f, 7, FIELD_T1, 77), KEPT, "HAND_OVER_UNKNOWN"},
        {"taken over", FIELD_A2, take_over_operation(f, 8, FIELD_T1, 3), APPLIED, ""},
        {"taken back", FIELD_A1, take_over_operation(f, 9, FIELD_T1, 3), APPLIED, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Jc__OperationResult *result = field_send(f, cases[i].device, cases[i].operation);
        CHECK_INT(cases[i].name, result->status, cases[i].status);
        CHECK_STR(cases[i].name, field_grounds(f), cases[i].grounds);
    }
    field_close(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_giver_dies), cmocka_unit_test(test_both_sync),       cmocka_unit_test(test_a_new_key),
        cmocka_unit_test(test_the_taker_dies), cmocka_unit_test(test_each_call_fails), cmocka_unit_test(test_files),
        cmocka_unit_test(test_damage),         cmocka_unit_test(test_rules),
    };
    return cmocka_run_group_tests_name("hand_over", tests, NULL, NULL);
}
