/* A database of every version there was, brought to the present one, has the same tables, columns and
 * indexes as a new one, and keeps its rows. */
#include "jc_store_test.h"

#include "base/file.h"

/* One line a column or index, in an order that does not depend on when it was added. */
static const char SELECT_SHAPE[] =
    "SELECT m.name || ' ' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || COALESCE(c.dflt_value, '-') ||\n"
    "       ' ' || c.pk\n"
    "FROM sqlite_master AS m, pragma_table_info(m.name) AS c\n"
    "WHERE m.type = 'table'\n"
    "UNION ALL\n"
    "SELECT m.tbl_name || ' index ' || m.name || ' ' || COALESCE(m.sql, '-')\n"
    "FROM sqlite_master AS m\n"
    "WHERE m.type = 'index'\n"
    "ORDER BY 1";

struct shape {
    struct jc_arena *arena;
    struct jc_str lines[1200];
    size_t count;
};

static enum jc_code read_shape(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct shape *shape = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SELECT_SHAPE, JC_NO_VALUES, &rows, err);
    shape->count = 0;
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    while (!code && has_row) {
        assert_true(shape->count < COUNT(shape->lines));
        shape->lines[shape->count++] = jc_rows_copy(rows, 0, shape->arena);
        code = jc_rows_next(rows, &has_row, err);
    }
    jc_rows_close(rows);
    return code;
}

static enum jc_code run_script(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_tx_script(tx, ctx, err);
}

/* A database of the version as its program left it: the tables, and a plan with a shortfall. */
static struct jc_db *old_database(int version, struct jc_arena *arena) {
    static const char ROWS[] =
        "INSERT INTO meta (only_row, schema_version, incarnation, created_ms)\n"
        "VALUES (1, 1, x'00112233445566778899aabbccddeeff', 1672531200000);\n"
        "INSERT INTO agency (agency_id, code, name, level, year) VALUES (1, 'old', '旧局', '', 2023);\n"
        "INSERT INTO plan (agency_id, version, year, status, created_ms, solve_status, unserved,\n"
        "                  over_centi, quota, cost_e5, bound_e5, tiers_settled, elapsed_ms, work)\n"
        "VALUES (1, 1, 2023, 'draft', 5, 2, 0, 300, 0, 0, 0, 1, 0, 0);\n"
        "INSERT INTO shortfall (agency_id, version, position, month, amount_centi)\n"
        "VALUES (1, 1, 0, 3, 300);\n";
    struct jc_db_config config = {.path = ":memory:", .create = true};
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    struct jc_str schema;
    char path[64];
    snprintf(path, sizeof path, "tests/schema/version_%d.sql", version);
    CHECK_OK(path, jc_file_read(path, 1 << 20, arena, &schema, &err), &err);
    CHECK_OK(path, jc_db_open(&config, &db, &err), &err);
    jc_test_write(db, run_script, (void *)schema.ptr);
    jc_test_write(db, run_script, (void *)ROWS);
    char set_version[64];
    snprintf(set_version, sizeof set_version, "UPDATE meta SET schema_version = %d", version);
    jc_test_write(db, run_script, set_version);
    return db;
}

static void every_version_comes_up_to_date(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 24);
    struct shape fresh = {.arena = arena}, moved = {.arena = arena};
    struct jc_err err = {0};
    struct jc_db *db = jc_test_store();
    jc_test_read(db, read_shape, &fresh);
    jc_db_close(db);
    assert_true(fresh.count > 100);
    for (int version = 1; version < JC_SCHEMA_VERSION; version++) {
        db = old_database(version, arena);
        jc_test_read(db, read_shape, &moved);
        assert_true(moved.count < fresh.count);
        CHECK_OK("opens", jc_store_open(db, &err), &err);
        jc_test_read(db, read_shape, &moved);
        assert_int_equal(moved.count, fresh.count);
        for (size_t i = 0; i < fresh.count; i++)
            CHECK("the same shape", jc_str_eq(moved.lines[i], fresh.lines[i]));
        assert_int_equal(jc_test_number(db, "SELECT schema_version FROM meta"), JC_SCHEMA_VERSION);
        assert_int_equal(jc_test_number(db, "SELECT amount_centi FROM shortfall WHERE version = 1"), 300);
        assert_int_equal(jc_test_number(db, "SELECT changes_milli FROM plan WHERE version = 1"), 3000);
        jc_db_close(db);
    }
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_comes_up_to_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
