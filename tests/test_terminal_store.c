/* The store's form (terminal/store.c, terminal/migrate.c): a store that version 1 of the program wrote goes on with
 * its key, its work, its numbers and its listing, and has the very schema of a new one. */
#include "terminal_fake.h"

#include "base/file.h"
#include "terminal/operation.h"

/* What tests/fixtures/terminal_1.sql holds. */
static const int64_t MADE_MS = 1672713120000; /* 2023-01-03T10:32+08:00: after the second inspection */

static enum jc_code load_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct bench *bench = ctx;
    struct jc_str script;
    enum jc_code code = jc_file_read("tests/fixtures/terminal_1.sql", 1 << 20, bench->arena, &script, err);
    return code == JC_OK ? jc_tx_script(tx, script.ptr, err) : code;
}

static void write_version_1(struct bench *bench) {
    struct jc_db *db = NULL;
    struct jc_db_config config = {.path = bench->path, .create = true};
    CHECK_OK("make", jc_db_open(&config, &db, &bench->err), &bench->err);
    CHECK_OK("load", jc_db_write_wait(db, 0, load_job, bench, &bench->err), &bench->err);
    jc_db_close(db);
}

/* A bench whose store is the one of version 1, not opened. */
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
    write_version_1(&bench);
    *state = &bench;
    return 0;
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

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, bench_tear_down)

int main(void) {
    assert_true(jc_id_init());
    const struct CMUnitTest tests[] = {
        WITH_STORE(has_the_schema_of_a_new_store),
        WITH_STORE(goes_on_with_its_work),
        WITH_STORE(migrates_without_create),
        WITH_STORE(leaves_a_newer_store_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
