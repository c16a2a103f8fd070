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

/* What terminals of version 2 had sent: two inspections (one ad hoc), an order, an operation that waits,
 * a task that went from team to team, a photo still to come. */
static const char FIELD_ROWS[] =
    "INSERT INTO team VALUES (1, 'a', 0, 'A', 'brigade', 3, NULL, NULL), (1, 'b', 1, 'B', 'brigade', 3, NULL, NULL);\n"
    "INSERT INTO inspector VALUES (1, 'a1', 0, 'A1', 'a', '', NULL, '', '');\n"
    "INSERT INTO unit (agency_id, unit_id, position, name, aliases, address, district, industry, category,\n"
    "                  key_reasons, credit_code, hazards, risk, persons, days_centi, blackout_months,\n"
    "                  preferred_months)\n"
    "VALUES (1, 'u1', 0, 'U1', '', '', '', '', 'general', '', '', '', 1, 2, 100, 0, 0);\n"
    "INSERT INTO task (agency_id, task_id, kind, state, team_id, unit_id, month, due_on, mode, persons, days_centi,\n"
    "                  theme, checklist_id, inspector_ids, return_reason, released_ms)\n"
    "VALUES (1, X'01', 1, 2, 'a', 'u1', 1, '2023-01-31', 1, 2, 100, '', '', '', '', 0),\n"
    "       (1, X'12', 4, 2, 'a', 'u1', 0, '2023-01-31', 1, 2, 100, '', '', '', '', 0);\n"
    "INSERT INTO operation (agency_id, operation_no, id, device_id, inspector_id, received_ms, body, body_sha256,\n"
    "                       signature, depends_on, status, code, reason, reason_args, chain_hash)\n"
    "VALUES (1, 1, X'F1', X'D1', 'a1', 10, X'AA', X'AB', X'51', X'', 1, 0, 0, '', X'C1'),\n"
    "       (1, 2, X'F2', X'D1', 'a1', 20, X'AA', X'AB', X'51', X'', 1, 0, 0, '', X'C2'),\n"
    "       (1, 3, X'F3', X'D1', 'a1', 30, X'AA', X'AB', X'51', X'', 1, 0, 0, '', X'C3'),\n"
    "       (1, 4, X'F4', X'D1', 'a1', 40, X'AA', X'AB', X'51',\n"
    "        X'00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef', 3, 5, 4, 'WHY', X'C4');\n"
    "INSERT INTO inspection VALUES\n"
    "(1, X'11', 1, X'01', 1, 0, 'u1', 'a', 5, 6, 'a1', 1, 1, 250, 7, 2023, X''),\n"
    "(1, X'12', 2, NULL, 1, 0, 'u1', 'b', 5, 6, 'a1', 1, 1, 100, NULL, NULL, X'');\n"
    "INSERT INTO inspection_workdays VALUES (1, X'11', 'a', 200), (1, X'11', 'b', 50), (1, X'12', 'b', 100);\n"
    "INSERT INTO rectification_order VALUES (1, X'A1', 3, X'11', 'u1', 8, 2023, 7, '2023-02-01', X'00');\n"
    "INSERT INTO finding VALUES (1, X'21', X'11', 0, 1, NULL, 0, NULL, '2023-01-10'),\n"
    "                           (1, X'22', X'11', 1, 2, '2023-02-01', 1, X'A1', NULL);\n"
    "INSERT INTO photo VALUES (1, X'11', X'71', 1000, 'image/jpeg', NULL), (1, X'11', X'72', 10, 'image/jpeg', 9);\n"
    "INSERT INTO recheck VALUES (1, X'B1', 3, X'A1', NULL, 1, '2023-02-01', '2023-01-30', 1, NULL, NULL, X'00');\n"
    "INSERT INTO recheck_workdays VALUES (1, X'B1', 'a', 50);\n"
    "INSERT INTO review VALUES (1, 4, 4, 'WHY', 1, 'issue_order', 'u1', X'', NULL, NULL, NULL);\n"
    "INSERT INTO number_block VALUES (1, 1, 2023, 1, 50, X'D1', 5), (1, 1, 2023, 51, 100, X'D1', 6),\n"
    "                                (1, 2, 2023, 1, 50, X'D2', 7);\n"
    "INSERT INTO document_number VALUES (1, 1, 2023, 7, 1, NULL), (1, 1, 2023, 3, 2, '写错'), (1, 1, 2023, 50, 3, NULL),\n"
    "                                   (1, 2, 2023, 1, 4, NULL);\n"
    "INSERT INTO change (agency_id, seq, kind, id, scope, old_scope, deleted)\n"
    "VALUES (1, 5, 1, X'01', 'b', ';a;c;', 0), (1, 6, 1, X'12', 'a', NULL, 0), (1, 7, 2, X'7531', '', NULL, 0);\n"
    "INSERT INTO device (agency_id, device_id, token_hash, public_key, name, inspector_id, scope_version, enrolled_ms,\n"
    "                    app_version, unsent, clock_offset_ms, free_bytes)\n"
    "VALUES (1, X'D1', X'01', X'', 'D', 'a1', 4, 0, '', 0, 0, 0);\n";

/* What has become of them, one line a question. */
static const struct {
    const char *sql, *answer;
} KEPT_ROWS[] = {
    {"SELECT (op_key % 1099511627776) || hex(id) || format || hex(seal) || hex(previous) || hex(body) || hex(chain_hash)\n"
     "FROM operation WHERE op_key / 1099511627776 = 1 AND op_key % 1099511627776 = 3",
     "3F3151AAC3"},
    {"SELECT COUNT(*) || ',' || MIN(agency_id) FROM operation", "4,1"},
    {"SELECT (op_key % 1099511627776) || hex(task_id) || team_id || workdays_centi || ',' || lead_centi || ',' ||\n"
     "       document_no || ',' || blobs_missing FROM inspection WHERE inspection_id = X'11'",
     "101a250,200,7,1"},
    {"SELECT team_id || lead_centi || ',' || blobs_missing FROM inspection WHERE task_id IS NULL", "b100,0"},
    {"SELECT COUNT(*) || team_id || workdays_centi FROM inspection_workdays", "1b50"},
    {"SELECT group_concat((finding_key / 1024 % 1099511627776) || '/' || (finding_key % 1024) || hex(finding_id) || outcome\n"
     "       || COALESCE(hex(order_id), '-') || COALESCE(corrected_on, deadline_on), ' ') FROM finding",
     "1/02112023-01-10 1/1222A12023-02-01"},
    {"SELECT group_concat(hex(sha256) || kind || COALESCE(received_ms, '-'), ' ') FROM record_blob", "711- 7219"},
    {"SELECT (op_key % 1099511627776) || hex(inspection_id) || document_no FROM rectification_order", "3118"},
    {"SELECT (op_key % 1099511627776) || hex(order_id) || passed FROM recheck", "3A11"},
    {"SELECT team_id || workdays_centi FROM recheck_workdays", "a50"},
    {"SELECT review_id || hex(device_id) || team_id || decision || note || decided_by FROM review", "4D1a0"},
    {"SELECT group_concat(hex(depends_on) || (op_key % 1099511627776), ' ') FROM operation_waiting",
     "00112233445566778899AABBCCDDEEFF4 0123456789ABCDEF0123456789ABCDEF4"},
    {"SELECT group_concat(kind || hex(id) || scope || seq, ' ') FROM (SELECT * FROM change ORDER BY seq)",
     "101b5 275317"},
    {"SELECT group_concat(scope || hex(id) || seq, ' ') FROM (SELECT * FROM departure ORDER BY scope)", "a015 c015"},
    {"SELECT group_concat(hex(task_id) || held_by || recall_reason) FROM task", "01"},
    {"SELECT scope_version || hex(link) || blocks_version FROM device", "51"},
    {"SELECT group_concat(kind || '-' || first_number || '-' || last_number || hex(device_id) || leased_ms || used, ' ')\n"
     "FROM (SELECT * FROM number_block ORDER BY kind, first_number)",
     "1-1-50D1500v00010000000000000000000000000000000000000000001 1-51-100D16 2-1-50D271"},
    {"SELECT hex(audit_head) FROM agency_head", "0000000000000000000000000000000000000000000000000000000000000000"},
};

struct question {
    const char *sql;
    char answer[256];
};

static enum jc_code ask(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct question *question = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, question->sql, JC_NO_VALUES, &rows, err);
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    if (!code && has_row)
        snprintf(question->answer, sizeof question->answer, "%.*s", JC_FMT(jc_rows_text(rows, 0)));
    jc_rows_close(rows);
    return code;
}

static void note_fault(void *ctx, const struct jc_err *fault) {
    (void)fault;
    ++*(int *)ctx;
}

/* Records, findings, orders and what waits are told again by the compact tables of version 3. */
static void field_work_is_kept(void **state) {
    (void)state;
    for (int version = 1; version < 3; version++) { /* that had these tables */
        struct jc_arena *arena = jc_arena_new((size_t)1 << 24);
        struct jc_db *db = old_database(version, arena);
        struct jc_err err = {0};
        int faults = 0;
        jc_test_write(db, run_script, (void *)"INSERT INTO agency_head VALUES (1, 7, 4, zeroblob(32), 0)");
        jc_test_write(db, run_script, (void *)FIELD_ROWS);
        CHECK_OK("opens", jc_store_open(db, &err), &err);
        for (size_t i = 0; i < COUNT(KEPT_ROWS); i++) {
            struct question question = {.sql = KEPT_ROWS[i].sql};
            jc_test_read(db, ask, &question);
            CHECK_STR(KEPT_ROWS[i].sql, jc_str(question.answer), KEPT_ROWS[i].answer);
        }
        CHECK_OK("check", jc_db_check(db, note_fault, &faults, &err), &err);
        assert_int_equal(faults, 0);
        jc_db_close(db);
        jc_arena_free(arena);
    }
}

/* What is used of a block of document numbers. */
static void used_numbers_are_kept(void **state) {
    static const char ROWS[] =
        "INSERT INTO number_block VALUES (1, 1, 2023, 1, 50, X'D1', 5), (1, 1, 2024, 1, 50, X'D1', 5),\n"
        "                                (2, 1, 2023, 1, 500, X'D2', 6);\n"
        "INSERT INTO document_number VALUES (1, 1, 2023, 2, 1, NULL), (2, 1, 2023, 1, 2, ''), (2, 1, 2023, 200, 3, NULL);";
    struct jc_arena *arena = jc_arena_new((size_t)1 << 24);
    struct jc_db *db = old_database(3, arena);
    struct jc_err err = {0};
    struct question question = {
        .sql = "SELECT group_concat(agency_id || year || ':' || length(used) || ':' || replace(used, '0', ''), ' ')\n"
               "       || ' ' || SUM(used LIKE '01' OR used LIKE 'v%1')\n"
               "FROM (SELECT * FROM number_block ORDER BY agency_id, year)"};
    (void)state;
    jc_test_write(db, run_script, (void *)ROWS);
    CHECK_OK("opens", jc_store_open(db, &err), &err);
    jc_test_read(db, ask, &question);
    CHECK_STR("used", jc_str(question.answer), "12023:2:1 12024:0: 22023:200:v1 2");
    jc_db_close(db);
    jc_arena_free(arena);
}

static bool same_shape(const struct shape *a, const struct shape *b) {
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = jc_str_eq(a->lines[i], b->lines[i]);
    return same;
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
        assert_false(same_shape(&moved, &fresh));
        CHECK_OK("opens", jc_store_open(db, &err), &err);
        jc_test_read(db, read_shape, &moved);
        CHECK("the same shape", same_shape(&moved, &fresh));
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
        cmocka_unit_test(field_work_is_kept),
        cmocka_unit_test(used_numbers_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
