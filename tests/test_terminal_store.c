/* The store's form (terminal/store.c, terminal/migrate.c): a store that an earlier version of the program wrote goes on
 * with its key, its work, its numbers and its listing, and has the very schema of a new one. */
#include "terminal_fake.h"

#include "base/file.h"
#include "terminal/operation.h"

/* What tests/fixtures/terminal_1.sql holds. */
static const int64_t MADE_MS = 1672713120000; /* 2023-01-03T10:32+08:00: after the second inspection */

static const char *fixture;

static enum jc_code load_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct bench *bench = ctx;
    struct jc_str script;
    enum jc_code code = jc_file_read(fixture, 1 << 20, bench->arena, &script, err);
    return code == JC_OK ? jc_tx_script(tx, script.ptr, err) : code;
}

/* Runs a job on the store before the program opens it. */
static void on_file(struct bench *bench, jc_job *job) {
    struct jc_db *db = NULL;
    struct jc_db_config config = {.path = bench->path, .create = true};
    CHECK_OK("make", jc_db_open(&config, &db, &bench->err), &bench->err);
    CHECK_OK("job", jc_db_write_wait(db, 0, job, bench, &bench->err), &bench->err);
    jc_db_close(db);
}

/* A bench whose store is the fixture, not opened. */
static int set_up(void **state) {
    static struct bench bench;
    memset(&bench, 0, sizeof bench);
    jc_test_folder(bench.folder);
    snprintf(bench.path, sizeof bench.path, "%s/t.db", bench.folder);
    fake_init(&bench.fake);
    bench.transport = fake_transport(&bench.fake);
    bench.now_ms = MADE_MS;
    bench.fake.now_ms = MADE_MS;
    bench.fake.enrolments = 1;
    bench.arena = jc_arena_new(1 << 26);
    on_file(&bench, load_job);
    *state = &bench;
    return 0;
}

static int set_up_1(void **state) {
    fixture = "tests/fixtures/terminal_1.sql";
    return set_up(state);
}

static int set_up_2(void **state) {
    fixture = "tests/fixtures/terminal_2.sql";
    return set_up(state);
}

/* --- the schema ------------------------------------------------------------------------------------------------ */

struct schema {
    struct jc_arena *arena;
    struct jc_str text;
};

static enum jc_code schema_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct schema *schema = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    struct jc_buf all;
    jc_buf_init(&all, 1 << 20);
    enum jc_code code =
        jc_tx_query(tx, "SELECT name, sql FROM sqlite_schema ORDER BY type, name", JC_NO_VALUES, &rows, err);
    while (code == JC_OK && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row) {
        jc_buf_add(&all, jc_rows_text(rows, 0));
        jc_buf_char(&all, ' ');
        jc_buf_add(&all, jc_rows_text(rows, 1));
        jc_buf_char(&all, '\n');
    }
    jc_rows_close(rows);
    schema->text = jc_arena_copy(schema->arena, jc_buf_str(&all));
    jc_buf_free(&all);
    return code;
}

static void has_the_schema_of_a_new_store(void **state) {
    struct bench *bench = *state;
    struct schema old = {.arena = bench->arena}, fresh = old;
    struct jc_terminal_config config = {.path = ":memory:", .create = true};
    struct jc_terminal *other;
    bench_open(bench);
    CHECK_OK("new", jc_terminal_open(&config, &other, &bench->err), &bench->err);
    CHECK_OK("old", jc_terminal_read(bench->terminal, schema_job, &old, &bench->err), &bench->err);
    CHECK_OK("new", jc_terminal_read(other, schema_job, &fresh, &bench->err), &bench->err);
    CHECK_STR("schema", old.text, fresh.text.ptr);
    assert_true(old.text.len > 1000);
    jc_terminal_close(other);
    bench_reopen(bench); /* and it opens again */
}

/* --- what is in it ----------------------------------------------------------------------------------------------- */

static enum jc_code operations_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct bench *bench = ctx;
    struct jc_terminal_operations list;
    struct jc_terminal_self self;
    struct jc_uuid none = {{0}};
    char hex[80];
    enum jc_code code = jc_terminal_operation_list(tx, none, none, bench->arena, &list, err);
    if (code == JC_OK)
        code = jc_terminal_self(tx, bench->arena, &self, err);
    if (code)
        return code;
    assert_int_equal(list.count, 2);
    for (size_t i = 0; i < list.count; i++) {
        const struct jc_terminal_operation *operation = &list.items[i];
        assert_true(jc_sign_verify(operation->body, (const uint8_t *)operation->seal.ptr,
                                   self.public_key)); /* as signed then */
        assert_int_equal(operation->previous.len, 0);
        assert_int_equal(operation->outcome.unsent, i == 1);
    }
    CHECK_STR("device", jc_hex(self.holder.device_id.bytes, JC_UUID_SIZE, hex), "01857508f7c27d79ba1cbbd82177a4a6");
    CHECK_STR("inspector", self.holder.inspector_id, "hn-t1-01");
    memcpy(bench->fake.public_key, self.public_key, sizeof self.public_key);
    return JC_OK;
}

static void ad_hoc(struct bench *bench, struct jc_terminal_work *work) {
    struct draft draft;
    draft_init(&draft, 0);
    draft.persons[0] = (char *)"hn-t1-01";
    draft.persons[1] = (char *)"hn-t1-02";
    draft.message.checklist_id = (char *)"";
    draft.message.n_checklist_results = 0;
    draft.findings[0].item_no = 0;
    CHECK_OK("submit", draft_submit(bench, &draft, work), &bench->err);
}

static void goes_on_with_its_work(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_work work;
    struct jc_terminal_sync_result result;
    bench_open(bench);
    CHECK_OK("operations", jc_terminal_read(bench->terminal, operations_job, bench, &bench->err), &bench->err);
    ad_hoc(bench, &work);
    assert_int_equal(work.document_number.number, 3); /* behind the two given */
    fake_world(&bench->fake);
    fake_modern(&bench->fake);
    struct jc_uuid device;
    assert_true(jc_uuid_parse(JC_STR("01857508f7c27d79ba1cbbd82177a4a6"), &device));
    bench->fake.device = &device;
    CHECK_OK("sync", jc_terminal_sync(bench->terminal, &bench->transport, NULL, bench->arena, &result, &bench->err),
             &bench->err);
    assert_int_equal(result.unsent, 0);
    assert_true(result.shown);
    assert_int_equal(result.sent, 3); /* the two unsent ones, and the old one for a receipt that is signed */
}

/* --- photos of records wait for their upload ------------------------------------------------------------------- */

/* What waits: "TYPE SIZE SENT PRIORITY", by size. */
static enum jc_code queue_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct schema *queue = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    struct jc_buf all;
    jc_buf_init(&all, 1 << 16);
    enum jc_code code = jc_tx_query(tx,
                                    "SELECT media_type || ' ' || size_bytes || ' ' || sent_bytes || ' ' || priority"
                                    "  FROM upload ORDER BY size_bytes",
                                    JC_NO_VALUES, &rows, err);
    while (code == JC_OK && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row) {
        jc_buf_add(&all, jc_rows_text(rows, 0));
        jc_buf_char(&all, '\n');
    }
    jc_rows_close(rows);
    queue->text = jc_arena_copy(queue->arena, jc_buf_str(&all));
    jc_buf_free(&all);
    return code;
}

static void check_queue(struct bench *bench, const char *expected) {
    struct schema queue = {.arena = bench->arena};
    bench_open(bench);
    CHECK_OK("queue", jc_terminal_read(bench->terminal, queue_job, &queue, &bench->err), &bench->err);
    CHECK_STR("queue", queue.text, expected);
}

static void version_2_learns_types(void **state) {
    check_queue(*state, "image/jpeg 12 0 1\nimage/png 18 0 1\n");
}

/* The first record gets a photo whose place is known, a recording, and one whose place nobody knows. */
static enum jc_code with_photos_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct bench *bench = ctx;
    static uint8_t hashes[3][JC_SHA256_SIZE] = {{1}, {2}, {3}};
    Jc__Photo photos[3], *list[3];
    Jc__Inspection inspection = JC__INSPECTION__INIT;
    Jc__AddAdHocInspection ad_hoc = JC__ADD_AD_HOC_INSPECTION__INIT;
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    struct jc_uuid subject;
    struct jc_str bytes;
    assert_true(jc_uuid_parse(JC_STR("01857577bea87922a9af1ddf98fbb5d4"), &subject));
    for (int i = 0; i < 3; i++) {
        jc__photo__init(list[i] = &photos[i]);
        photos[i].sha256 = (ProtobufCBinaryData){JC_SHA256_SIZE, hashes[i]};
        photos[i].size_bytes = i ? 200000 : 7;
        photos[i].media_type = (char *)(i ? "audio/ogg" : "image/heic");
    }
    inspection.inspection_id = (ProtobufCBinaryData){JC_UUID_SIZE, subject.bytes};
    inspection.photos = list;
    inspection.n_photos = 3;
    ad_hoc.inspection = &inspection;
    body.command_case = JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION;
    body.add_ad_hoc_inspection = &ad_hoc;
    enum jc_code code = jc_message_pack(&body.base, bench->arena, &bytes, err);
    if (!code)
        code = jc_tx_exec(tx, "UPDATE operation SET body = $1 WHERE position = 1",
                          JC_VALUES(jc_bytes(bytes.ptr, bytes.len)), err);
    for (int i = 0; !code && i < 2; i++)
        code = jc_tx_exec(
            tx, "INSERT INTO photo (subject_id, position, sha256, path) VALUES ($1, $2, $3, 'p.jpg')",
            JC_VALUES(jc_bytes(subject.bytes, JC_UUID_SIZE), jc_int(i), jc_bytes(hashes[i], JC_SHA256_SIZE)), err);
    return code;
}

static void version_1_queues_its_photos(void **state) {
    on_file(*state, with_photos_job);
    check_queue(*state, "image/heic 7 0 1\naudio/ogg 200000 0 2\n");
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

/* Opens it as every command but enroll does. */
static enum jc_code open_as_it_is(struct bench *bench) {
    struct jc_terminal_config config = {.path = bench->path, .wall = {bench_now, bench}, .steady = {bench_now, bench}};
    return jc_terminal_open(&config, &bench->terminal, &bench->err);
}

static void migrates_without_create(void **state) {
    struct bench *bench = *state;
    CHECK_OK("open", open_as_it_is(bench), &bench->err);
    CHECK_OK("operations", jc_terminal_read(bench->terminal, operations_job, bench, &bench->err), &bench->err);
}

static enum jc_code newer_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_exec(tx, "UPDATE terminal SET schema_version = 99", JC_NO_VALUES, err);
}

static void leaves_a_newer_store_alone(void **state) {
    struct bench *bench = *state;
    bench_open(bench);
    CHECK_OK("newer", jc_terminal_write(bench->terminal, newer_job, NULL, &bench->err), &bench->err);
    jc_terminal_close(bench->terminal);
    assert_int_equal(open_as_it_is(bench), JC_FAILED_PRECONDITION);
    assert_null(bench->terminal);
}

#define WITH_STORE(version, test) cmocka_unit_test_setup_teardown(test, set_up_##version, bench_tear_down)

int main(void) {
    assert_true(jc_id_init());
    const struct CMUnitTest tests[] = {
        WITH_STORE(1, has_the_schema_of_a_new_store), WITH_STORE(2, has_the_schema_of_a_new_store),
        WITH_STORE(1, goes_on_with_its_work),         WITH_STORE(1, version_1_queues_its_photos),
        WITH_STORE(2, version_2_learns_types),        WITH_STORE(1, migrates_without_create),
        WITH_STORE(1, leaves_a_newer_store_alone),    WITH_STORE(2, leaves_a_newer_store_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
