/* Every procedure and the log of administrative acts: an act that succeeds leaves exactly one row, what is refused
 * and what only looks leaves none. Each procedure that writes has its row in ACTS, so that a new one names its act,
 * or says why it is none, before the test passes. */
#include "jc_procedures.h"

#include "base/file.h"
#include "store/audit_log.h"

static char folder[JC_TEST_PATH];
static char template_path[JC_TEST_PATH + 32], path[JC_TEST_PATH + 32];
static struct office office;

/* The procedures that write, with their act, who it names and what it is about (`@…`: as ids are written there; "*":
 * something made by the act); or why they are no act of an administration. */
static const struct {
    const char *path, *act, *actor, *object, *why_none;
} ACTS[] = {
    {"SessionService/Login", NULL, NULL, NULL,
     "a session stands in its table until it ends; the server's log has the request"},
    {"SessionService/Logout", NULL, NULL, NULL, "the end of one's own session"},
    {"SessionService/ChangePassword", "person.change_password", "admin", "admin", NULL},
    {"DeviceService/CreateInvitation", "device.invite", "admin", "a1", NULL},
    {"DeviceService/Enroll", "device.enroll", "a2", "*", NULL},
    {"DeviceService/RevokeDevice", "device.revoke", "admin", "@device", NULL},
    {"DeviceService/RenameDevice", "device.rename", "admin", "@device", NULL},
    {"DeviceService/RequestRebuild", "device.rebuild", "admin", "@device", NULL},
    {"DeviceService/TrustSeal", "device.trust_seal", "admin", "@device", NULL},
    {"TaskService/RecallTasks", "task.recall", "admin", "@task", NULL},
    {"TaskService/ReassignTasks", "task.reassign", "admin", "@task", NULL},
    {"TaskService/ReopenTask", "task.reopen", "admin", "@task", NULL},
    {"SyncService/Sync", NULL, NULL, NULL, "work of an inspector: each operation is a row of the evidence chain"},
    {"SyncService/Ingest", "bundle.ingest", "admin", "@keyed", NULL},
    {"ReviewService/DecideReview", "review.reject", "admin", "@review", NULL},
};

/* --- one call in a fresh copy of the bureau ----------------------------------------------------------------------- */

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

static void fault(void *ctx, int64_t row, const struct jc_err *err) {
    fail_msg("case %s: row %lld of the log: %s", (const char *)ctx, (long long)row, jc_code_name(err->code));
}

static enum jc_code verify_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    int64_t rows = 0;
    return jc_audit_log_verify(tx, 1, JC_NO_CHAIN_POINTS, fault, ctx, &rows, err);
}

/* Makes the call, and tells which rows it left: actor, act and object of each. */
static struct jc_str acts_of(const struct office_request *request, const struct jc_procedure *procedure,
                             const char *token, const ProtobufCMessage *message, enum jc_code *code) {
    struct jc_arena *arena = jc_arena_new(64 << 20);
    struct jc_err err = {0};
    bool done = false;
    assert_non_null(arena);
    open_copy(request->path);
    field_script(&office.field, "CREATE TABLE before_it AS SELECT agency_id, audit_no FROM audit_log");
    *code = office_call(&office, procedure, token, message, arena, &done, &err);
    struct jc_str acts = field_query(&office.field, "SELECT actor || ' ' || act || ' ' || object FROM audit_log"
                                                    " WHERE (agency_id, audit_no) NOT IN before_it ORDER BY audit_no");
    jc_test_read(office.field.db, verify_job, (void *)request->path);
    jc_db_close(office.field.db);
    office.field.db = NULL;
    jc_arena_free(arena);
    return acts;
}

static size_t place_of(const char *name) {
    size_t place = 0;
    while (place < COUNT(ACTS) && strcmp(ACTS[place].path, name) != 0)
        place++;
    return place;
}

static const char *id_text(int kind, int n) {
    static char text[JC_UUID_TEXT];
    return jc_uuid_format(field_uuid(kind, n), text).ptr;
}

/* The row that an act leaves, as acts_of tells it; "" for none. */
static const char *expected_of(size_t place) {
    static char text[200];
    if (place >= COUNT(ACTS) || !ACTS[place].act)
        return "";
    char review[32];
    snprintf(review, sizeof review, "%lld", (long long)office.review_id);
    const char *object = ACTS[place].object;
    if (strcmp(object, "@device") == 0)
        object = id_text(FIELD_DEVICE, FIELD_A2);
    else if (strcmp(object, "@keyed") == 0)
        object = id_text(FIELD_DEVICE, FIELD_KEYED);
    else if (strcmp(object, "@task") == 0)
        object = id_text(FIELD_TASK, FIELD_T1);
    else if (strcmp(object, "@review") == 0)
        object = review;
    snprintf(text, sizeof text, "%s %s %s", ACTS[place].actor, ACTS[place].act, object);
    return text;
}

/* An id that the act has made is something, whatever it is. */
static struct jc_str without_new_id(size_t place, struct jc_str acts) {
    struct jc_uuid id;
    bool made = place < COUNT(ACTS) && ACTS[place].act && strcmp(ACTS[place].object, "*") == 0;
    size_t len = JC_UUID_TEXT - 1;
    if (!made || acts.len < len || !jc_uuid_parse((struct jc_str){acts.ptr + acts.len - len, len}, &id))
        return acts;
    return jc_arena_printf(office.field.arena, "%.*s*", (int)(acts.len - len), acts.ptr);
}

/* --- tests --------------------------------------------------------------------------------------------------------- */

/* The table of procedures is the contract's descriptors (test_rpc_roles). */
static void test_every_writer_has_its_row(void **state) {
    (void)state;
    size_t count = 0, writers = 0;
    const struct jc_procedure *table = jc_procedure_table(&count);
    for (size_t i = 0; i < count; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s/%s", strrchr(table[i].service->name, '.') + 1, table[i].method);
        bool writes = table[i].kind != JC_PROCEDURE_READ;
        CHECK_INT(name, place_of(name) < COUNT(ACTS), writes);
        writers += writes;
    }
    assert_int_equal(writers, COUNT(ACTS));
    for (size_t i = 0; i < COUNT(ACTS); i++)
        CHECK_INT(ACTS[i].path, ACTS[i].act != NULL, ACTS[i].why_none == NULL);
    assert_int_equal(count, COUNT(OFFICE_REQUESTS)); /* so each of them is called below */
}

static void test_done_leaves_one(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(OFFICE_REQUESTS); i++) {
        const struct office_request *request = &OFFICE_REQUESTS[i];
        const ProtobufCMessage *message = NULL;
        const struct jc_procedure *procedure = office_request(&office, request, &message);
        size_t place = place_of(request->path);
        enum jc_code code = JC_UNKNOWN;
        struct jc_str acts = acts_of(request, procedure, office_token(request, procedure), message, &code);
        CHECK_INT(request->path, code, JC_OK);
        CHECK_STR(request->path, without_new_id(place, acts), expected_of(place));
    }
}

/* Refused because of who asks, then because of what: an empty request names nothing that is there. Where that is a good
 * request all the same, it is no act. */
static void test_refused_leaves_none(void **state) {
    (void)state;
    static const char *const STRANGERS[] = {"", "token-nobody"};
    for (size_t i = 0; i < COUNT(OFFICE_REQUESTS); i++) {
        const struct office_request *request = &OFFICE_REQUESTS[i];
        const ProtobufCMessage *message = NULL;
        const struct jc_procedure *procedure = office_request(&office, request, &message);
        size_t place = place_of(request->path);
        bool open = procedure->callers & JC_CALLS_WITHOUT_TOKEN, is_act = place < COUNT(ACTS) && ACTS[place].act;
        enum jc_code code = JC_UNKNOWN;
        for (size_t s = 0; !open && s < COUNT(STRANGERS); s++) {
            CHECK_STR(request->path, acts_of(request, procedure, STRANGERS[s], message, &code), "");
            CHECK_INT(request->path, code, JC_UNAUTHENTICATED);
        }
        if (!open && !(procedure->callers & JC_CALLS_DEVICE)) {
            CHECK_STR(request->path, acts_of(request, procedure, "token-device", message, &code), "");
            CHECK_INT(request->path, code, JC_PERMISSION_DENIED);
        }
        const ProtobufCMessage *empty = office_json(&office, jc_procedure_request(procedure), "{}");
        CHECK_STR(request->path, acts_of(request, procedure, office_token(request, procedure), empty, &code), "");
        CHECK(request->path, !is_act || code != JC_OK);
    }
}

static int set_up(void **state) {
    (void)state;
    jc_test_folder(folder);
    snprintf(template_path, sizeof template_path, "%s/template.db", folder);
    snprintf(path, sizeof path, "%s/audit.db", folder);
    office_make(&office, template_path);
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
        cmocka_unit_test(test_every_writer_has_its_row),
        cmocka_unit_test(test_done_leaves_one),
        cmocka_unit_test(test_refused_leaves_none),
    };
    return cmocka_run_group_tests_name("rpc_audit", tests, set_up, tear_down);
}
