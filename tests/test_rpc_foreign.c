/* Every procedure, asked by an administrator and by a terminal of another agency for what belongs to this one: the
 * table says what each answers, nothing of this agency is changed, and no answer has a name of it. A new procedure
 * has its row here before the test passes. */
#include "jc_procedures.h"

#include "base/file.h"

static char folder[JC_TEST_PATH];
static char template_path[JC_TEST_PATH + 32], path[JC_TEST_PATH + 32];
static struct office office;

/* By an administrator of agency 2, by a terminal of it. What names a thing of agency 1 finds none; what lists tells of
 * agency 2 alone. */
static const struct {
    const char *path;
    enum jc_code admin, device;
} FOREIGN[] = {
    {"SessionService/Login", JC_OK, JC_OK}, /* whoever knows the password; the token is not looked at */
    {"SessionService/Logout", JC_OK, JC_PERMISSION_DENIED},
    {"SessionService/ChangePassword", JC_OK, JC_PERMISSION_DENIED},
    {"SessionService/GetSelf", JC_OK, JC_OK},
    {"DeviceService/CreateInvitation", JC_NOT_FOUND, JC_PERMISSION_DENIED},
    {"DeviceService/Enroll", JC_OK, JC_OK}, /* whoever has the code */
    {"DeviceService/ListDevices", JC_OK, JC_PERMISSION_DENIED},
    {"DeviceService/RevokeDevice", JC_NOT_FOUND, JC_PERMISSION_DENIED},
    {"DeviceService/RenameDevice", JC_NOT_FOUND, JC_PERMISSION_DENIED},
    {"DeviceService/RequestRebuild", JC_NOT_FOUND, JC_PERMISSION_DENIED},
    {"DeviceService/TrustSeal", JC_NOT_FOUND, JC_PERMISSION_DENIED},
    {"RegistryService/GetAgency", JC_OK, JC_OK},
    {"RegistryService/ListTeams", JC_OK, JC_OK},
    {"RegistryService/ListUnits", JC_OK, JC_OK},
    {"RegistryService/GetUnit", JC_NOT_FOUND, JC_NOT_FOUND},
    {"PlanService/GetPlan", JC_NOT_FOUND, JC_PERMISSION_DENIED},
    {"TaskService/ListTasks", JC_OK, JC_OK},
    {"TaskService/RecallTasks", JC_NOT_FOUND, JC_PERMISSION_DENIED},
    {"TaskService/ReassignTasks", JC_NOT_FOUND, JC_PERMISSION_DENIED},
    {"TaskService/ReopenTask", JC_NOT_FOUND, JC_PERMISSION_DENIED},
    {"SyncService/Sync", JC_PERMISSION_DENIED, JC_OK},
    {"SyncService/GetDigest", JC_PERMISSION_DENIED, JC_OK},
    {"SyncService/Ingest", JC_NOT_FOUND, JC_NOT_FOUND},
    {"ReviewService/ListReviews", JC_OK, JC_PERMISSION_DENIED},
    {"ReviewService/GetReview", JC_NOT_FOUND, JC_PERMISSION_DENIED},
    {"ReviewService/DecideReview", JC_NOT_FOUND, JC_PERMISSION_DENIED},
    {"EvidenceService/ListIncomplete", JC_OK, JC_PERMISSION_DENIED},
    {"EvidenceService/GetCompleteness", JC_NOT_FOUND, JC_PERMISSION_DENIED},
    {"EvidenceService/ListServerKeys", JC_OK, JC_OK},
    {"EvidenceService/ListAudit", JC_OK, JC_PERMISSION_DENIED},
    {"ReportService/GetCompletion", JC_NOT_FOUND, JC_PERMISSION_DENIED},
    {"ReportService/GetRates", JC_NOT_FOUND, JC_PERMISSION_DENIED},
    {"ReportService/ListOverdue", JC_NOT_FOUND, JC_PERMISSION_DENIED},
};

/* --- the other agency ----------------------------------------------------------------------------------------------- */

/* An administrator with the same login and password, an inspector with a terminal, and names that can be told from
 * those of agency 1. */
static enum jc_code fill_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    char hash[JC_PASSWORD_HASH];
    uint8_t token[JC_SHA256_SIZE];
    struct jc_person admin = {.login = JC_STR("admin"), .name = JC_STR("外人"), .roles = JC_ROLE(ADMIN)};
    struct jc_device device = {.agency_id = 2,
                               .device_id = field_uuid(FIELD_DEVICE, 99),
                               .name = JC_STR("外机"),
                               .inspector_id = JC_STR("zz"),
                               .enrolled_ms = FIELD_NOW_MS,
                               .app_version = JC_STR("1")};
    (void)ctx;
    enum jc_code code = jc_tx_script(tx,
                                     "UPDATE unit SET name = '本机构的' || unit_id WHERE agency_id = 1;"
                                     "UPDATE team SET name = '本机构的' || team_id WHERE agency_id = 1;"
                                     "UPDATE inspector SET name = '本机构的' || inspector_id WHERE agency_id = 1;"
                                     "UPDATE device SET name = '本机构的终端' WHERE agency_id = 1;"
                                     "UPDATE person SET name = '本机构的管理员' WHERE agency_id = 1;"
                                     "INSERT INTO inspector VALUES (2, 'zz', 0, '外人', 'z', '', NULL, '', '');",
                                     err);
    if (!code)
        code = jc_password_hash(JC_STR(PASSWORD), hash, err);
    if (!code)
        code = jc_person_insert(tx, 2, &admin, jc_str(hash), err);
    jc_token_hash(JC_STR("token-foreign"), token);
    if (!code)
        code = jc_session_add(tx, 2, admin.login, token, FIELD_NOW_MS, INT64_C(253402300799000), err);
    jc_token_hash(JC_STR("token-foreign-device"), token);
    return code ? code : jc_device_insert(tx, &device, token, JC_STR(""), err);
}

/* --- what agency 1 has --------------------------------------------------------------------------------------------- */

struct dump {
    struct jc_buf text;
    const char *sql; /* stays as it is while the database is open */
};

static enum jc_code dump_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct dump *dump = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, dump->sql, JC_NO_VALUES, &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        jc_buf_add(&dump->text, jc_rows_text(rows, 0));
        jc_buf_char(&dump->text, '\n');
    }
    jc_rows_close(rows);
    return code;
}

static void run_dump(struct dump *dump) {
    jc_test_read(office.field.db, dump_job, dump);
    assert_false(dump->text.failed);
}

static const char TABLES[] =
    "SELECT m.name || ' ' || group_concat('quote(' || c.name || ')', '||'',''||')"
    "  FROM sqlite_master AS m, pragma_table_info(m.name) AS c"
    " WHERE m.type = 'table' AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE name = 'agency_id')"
    " GROUP BY m.name ORDER BY m.name";

/* All rows of agency 1 in all tables, as text. */
static struct jc_str whole_agency(struct jc_arena *arena) {
    struct dump tables = {0}, all = {0};
    jc_buf_init(&tables.text, 1 << 16);
    jc_buf_init(&all.text, 16 << 20);
    tables.sql = TABLES;
    run_dump(&tables);
    struct jc_str rest = jc_buf_str(&tables.text), line, name;
    int count = 0;
    for (; jc_str_cut(&rest, '\n', &line) && line.len; count++) {
        jc_str_cut(&line, ' ', &name);
        all.sql = jc_arena_printf(arena, "SELECT '%.*s ' || %.*s FROM %.*s WHERE agency_id = 1 ORDER BY 1",
                                  JC_FMT(name), JC_FMT(line), JC_FMT(name))
                      .ptr;
        run_dump(&all);
    }
    assert_true(count > 30);
    struct jc_str text = jc_arena_copy(arena, jc_buf_str(&all.text));
    jc_buf_free(&tables.text);
    jc_buf_free(&all.text);
    assert_non_null(text.ptr);
    return text;
}

/* --- calls ---------------------------------------------------------------------------------------------------------- */

static void open_copy(const char *name) {
    static const char *const SIDES[] = {"-wal", "-shm"};
    struct jc_db_config config = {.path = path, .inline_writer = true};
    struct jc_err err = {0};
    uint8_t sha256[JC_SHA256_SIZE];
    char side[JC_TEST_PATH + 64];
    for (size_t i = 0; i < COUNT(SIDES); i++) {
        snprintf(side, sizeof side, "%s%s", path, SIDES[i]);
        unlink(side);
    }
    CHECK_OK(name, jc_file_copy(template_path, path, 0600, sha256, &err), &err);
    CHECK_OK(name, jc_db_open(&config, &office.field.db, &err), &err);
    office_arrange(&office, name);
}

/* What differs between two texts of lines, for the message of a failure. */
static void check_same(const char *name, struct jc_str before, struct jc_str after) {
    while (before.len || after.len) {
        struct jc_str a = {0}, b = {0};
        (void)jc_str_cut(&before, '\n', &a);
        (void)jc_str_cut(&after, '\n', &b);
        if (!jc_str_eq(a, b))
            fail_msg("case %s: of agency 1 there was %.*s and is %.*s", name, JC_FMT(a), JC_FMT(b));
    }
}

static void try_foreigner(size_t i, const char *token, enum jc_code expected) {
    const struct office_request *request = &OFFICE_REQUESTS[i];
    struct jc_arena *arena = jc_arena_new(64 << 20);
    const ProtobufCMessage *message = NULL;
    struct jc_err err = {0};
    char name[200];
    bool done;
    snprintf(name, sizeof name, "%s with %s", request->path, token);
    open_copy(request->path);
    const struct jc_procedure *procedure = office_request(&office, request, &message);
    bool open = procedure->callers & JC_CALLS_WITHOUT_TOKEN;
    struct jc_str before = whole_agency(arena);
    enum jc_code code = office_call(&office, procedure, token, message, arena, &done, &err);
    CHECK_INT(name, code, expected);
    CHECK(name, code || (office.packed.ptr && (open || !memmem(office.packed.ptr, office.packed.len, "本机构的", 12))));
    if (!open)
        check_same(name, before, whole_agency(arena));
    jc_db_close(office.field.db);
    office.field.db = NULL;
    jc_arena_free(arena);
}

static void test_every_procedure(void **state) {
    (void)state;
    assert_int_equal(COUNT(FOREIGN), COUNT(OFFICE_REQUESTS));
    for (size_t i = 0; i < COUNT(OFFICE_REQUESTS); i++) {
        size_t place = 0;
        while (place < COUNT(FOREIGN) && strcmp(FOREIGN[place].path, OFFICE_REQUESTS[i].path) != 0)
            place++;
        CHECK(OFFICE_REQUESTS[i].path, place < COUNT(FOREIGN));
        try_foreigner(i, "token-foreign", FOREIGN[place].admin);
        try_foreigner(i, "token-foreign-device", FOREIGN[place].device);
    }
}

static int set_up(void **state) {
    struct jc_db_config config = {.path = template_path};
    struct jc_err err = {0};
    (void)state;
    jc_test_folder(folder);
    snprintf(template_path, sizeof template_path, "%s/template.db", folder);
    snprintf(path, sizeof path, "%s/foreign.db", folder);
    office_make(&office, template_path);
    CHECK_OK("open", jc_db_open(&config, &office.field.db, &err), &err);
    jc_test_write(office.field.db, fill_job, NULL);
    jc_db_close(office.field.db);
    office.field.db = NULL;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    jc_arena_free(office.field.arena);
    jc_test_folder_remove(folder);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_procedure),
    };
    return cmocka_run_group_tests_name("rpc_foreign", tests, set_up, tear_down);
}
