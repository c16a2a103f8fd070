/* Who may call what: every procedure of the contract × every role, a device, no token, a person who
 * has not changed the one-time password, and another agency (DESIGN section 7). */
#include "rpc/procedure.h"

#include <glob.h>

#include "jc_world.h"
#include "jiancha/v1/device_service.pb-c.h"
#include "jiancha/v1/evidence_service.pb-c.h"
#include "jiancha/v1/plan_service.pb-c.h"
#include "jiancha/v1/registry_service.pb-c.h"
#include "jiancha/v1/report_service.pb-c.h"
#include "jiancha/v1/review_service.pb-c.h"
#include "jiancha/v1/session_service.pb-c.h"
#include "jiancha/v1/sync_service.pb-c.h"
#include "jiancha/v1/task_service.pb-c.h"

static const ProtobufCServiceDescriptor *const SERVICES[] = {
    &jc__session_service__descriptor, &jc__device_service__descriptor, &jc__registry_service__descriptor,
    &jc__plan_service__descriptor,    &jc__task_service__descriptor,   &jc__sync_service__descriptor,
    &jc__review_service__descriptor,  &jc__report_service__descriptor, &jc__evidence_service__descriptor,
};

/* --- one call ---------------------------------------------------------------------------------------- */

struct run {
    struct jc_call call;
    struct jc_arena *arena;
    struct jc_err err;
};

static enum jc_code run_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_rpc_run(tx, ctx, err);
}

static enum jc_code look_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_rpc_look(tx, ctx, err);
}

/* As the layer above runs a call by its kind. */
static enum jc_code call(struct jc_db *db, struct run *run, const char *path, const char *token,
                         const ProtobufCMessage *request) {
    const struct jc_procedure *procedure = jc_procedure_find(jc_str(path));
    CHECK(path, procedure != NULL);
    ProtobufCMessage *empty = jc_arena_alloc(run->arena, jc_procedure_request(procedure)->sizeof_message);
    protobuf_c_message_init(jc_procedure_request(procedure), empty);
    run->call = (struct jc_call){
        .procedure = procedure,
        .arena = run->arena,
        .now_ms = JC_WORLD_NOW,
        .token = jc_str(token),
        .request = request ? request : empty,
    };
    enum jc_code code = JC_OK;
    if (procedure->kind == JC_PROCEDURE_PASSWORD) {
        code = jc_db_read(db, look_job, &run->call, &run->err);
        if (!code)
            code = jc_rpc_work(&run->call, &run->err);
    }
    if (!code && procedure->kind == JC_PROCEDURE_READ)
        code = jc_db_read(db, run_job, &run->call, &run->err);
    else if (!code)
        code = jc_db_write_wait(db, 1, run_job, &run->call, &run->err);
    CHECK(path, code || (run->call.response && run->call.response->descriptor == jc_procedure_response(procedure)));
    return code;
}

/* --- the table covers the contract --------------------------------------------------------------------- */

static void test_table_is_the_contract(void **state) {
    (void)state;
    size_t count = 0, methods = 0;
    (void)jc_procedure_table(&count);
    for (size_t s = 0; s < COUNT(SERVICES); s++) {
        for (unsigned m = 0; m < SERVICES[s]->n_methods; m++, methods++) {
            char path[200];
            const ProtobufCMethodDescriptor *method = &SERVICES[s]->methods[m];
            snprintf(path, sizeof path, "/%s/%s", SERVICES[s]->name, method->name);
            const struct jc_procedure *procedure = jc_procedure_find(jc_str(path));
            CHECK(path, procedure != NULL);
            CHECK(path, jc_procedure_request(procedure) == method->input);
            CHECK(path, jc_procedure_response(procedure) == method->output);
            CHECK(path, procedure->run && procedure->callers);
            CHECK(path, (procedure->kind == JC_PROCEDURE_PASSWORD) == (procedure->look && procedure->work));
        }
    }
    assert_int_equal(count, methods); /* and nothing else */
}

/* A service added to the contract is added here. */
static void test_no_service_is_forgotten(void **state) {
    (void)state;
    glob_t found;
    assert_int_equal(glob("proto/jiancha/v1/*_service.proto", 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, COUNT(SERVICES));
    globfree(&found);
}

static void test_paths_that_are_none(void **state) {
    (void)state;
    static const char *const PATHS[] = {
        "",
        "/",
        "//",
        "jiancha.v1.TaskService/ListTasks",
        "/jiancha.v1.TaskService",
        "/jiancha.v1.TaskService/",
        "/jiancha.v1.TaskService/ListTask",
        "/jiancha.v1.TaskService/ListTasks/",
        "/jiancha.v1.TaskServic/ListTasks",
        "/x/jiancha.v1.TaskService/ListTasks",
        "/jiancha.v1.taskservice/ListTasks",
    };
    for (size_t i = 0; i < COUNT(PATHS); i++)
        CHECK(PATHS[i], jc_procedure_find(jc_str(PATHS[i])) == NULL);
}

/* --- every procedure × every caller ---------------------------------------------------------------------- */

/* One letter per caller: + admitted, - permission_denied, ! unauthenticated. Whatever an admitted call
 * then answers (an empty request may well be refused) it is neither of the two. */
static const char *const TOKENS[] = {"token-admin",     "token-planner", "token-supervisor", "token-lead",
                                     "token-inspector", "token-device",  "token-fresh",      "",
                                     "token-nobody",    "token-revoked", "token-gone",       "token-late"};
static const struct {
    const char *path, *admitted;
} ROLES[] = {
    {"/jiancha.v1.SessionService/Logout", "+++++-+!!!!!"},
    {"/jiancha.v1.SessionService/ChangePassword", "+++++-+!!!!!"},
    {"/jiancha.v1.SessionService/GetSelf", "+++++++!!!!!"},
    {"/jiancha.v1.DeviceService/CreateInvitation", "++-----!!!!!"},
    {"/jiancha.v1.DeviceService/ListDevices", "++++---!!!!!"},
    {"/jiancha.v1.DeviceService/RevokeDevice", "++-----!!!!!"},
    {"/jiancha.v1.DeviceService/RenameDevice", "++-----!!!!!"},
    {"/jiancha.v1.DeviceService/RequestRebuild", "++-----!!!!!"},
    {"/jiancha.v1.DeviceService/TrustSeal", "++-----!!!!!"},
    {"/jiancha.v1.RegistryService/GetAgency", "++++++-!!!!!"},
    {"/jiancha.v1.RegistryService/ListTeams", "++++++-!!!!!"},
    {"/jiancha.v1.RegistryService/ListUnits", "++++++-!!!!!"},
    {"/jiancha.v1.RegistryService/GetUnit", "++++++-!!!!!"},
    {"/jiancha.v1.PlanService/GetPlan", "++++---!!!!!"},
    {"/jiancha.v1.TaskService/ListTasks", "++++++-!!!!!"},
    {"/jiancha.v1.TaskService/RecallTasks", "++-----!!!!!"},
    {"/jiancha.v1.TaskService/ReassignTasks", "++-----!!!!!"},
    {"/jiancha.v1.TaskService/ReopenTask", "++-----!!!!!"},
    {"/jiancha.v1.SyncService/Sync", "-----+-!!!!!"},
    {"/jiancha.v1.SyncService/GetDigest", "-----+-!!!!!"},
    {"/jiancha.v1.SyncService/Ingest", "++---+-!!!!!"},
    {"/jiancha.v1.ReviewService/ListReviews", "+++----!!!!!"},
    {"/jiancha.v1.ReviewService/GetReview", "+++----!!!!!"},
    {"/jiancha.v1.ReviewService/DecideReview", "++-+---!!!!!"},
    {"/jiancha.v1.EvidenceService/ListIncomplete", "++++---!!!!!"},
    {"/jiancha.v1.EvidenceService/GetCompleteness", "++++---!!!!!"},
    {"/jiancha.v1.EvidenceService/ListServerKeys", "++++++-!!!!!"},
    {"/jiancha.v1.EvidenceService/ListAudit", "+-+----!!!!!"},
    {"/jiancha.v1.ReportService/GetCompletion", "+++----!!!!!"},
    {"/jiancha.v1.ReportService/GetRates", "+++----!!!!!"},
    {"/jiancha.v1.ReportService/ListOverdue", "+++----!!!!!"},
};
/* Without a token by their nature; what they refuse is tested with the http server. */
static const char *const OPEN[] = {"/jiancha.v1.SessionService/Login", "/jiancha.v1.DeviceService/Enroll"};

static void test_roles(void **state) {
    (void)state;
    size_t procedures = 0;
    (void)jc_procedure_table(&procedures);
    assert_int_equal(COUNT(ROLES) + COUNT(OPEN), procedures);
    for (size_t i = 0; i < COUNT(OPEN); i++)
        CHECK_INT(OPEN[i], jc_procedure_find(jc_str(OPEN[i]))->callers, JC_CALLS_WITHOUT_TOKEN);
    for (size_t r = 0; r < COUNT(ROLES); r++) {
        struct jc_db *db = jc_test_store(); /* a new one: Logout and others change it */
        jc_world_fill(db, NULL);
        assert_int_equal(strlen(ROLES[r].admitted), COUNT(TOKENS));
        for (size_t t = 0; t < COUNT(TOKENS); t++) {
            char name[200];
            struct run run = {.arena = jc_arena_new(1 << 20)};
            enum jc_code code = call(db, &run, ROLES[r].path, TOKENS[t], NULL);
            snprintf(name, sizeof name, "%s as %s: %s", ROLES[r].path, TOKENS[t], jc_code_name(code));
            char is = code == JC_PERMISSION_DENIED ? '-' : code == JC_UNAUTHENTICATED ? '!' : '+';
            CHECK_INT(name, is, ROLES[r].admitted[t]);
            jc_arena_free(run.arena);
        }
        struct jc_db_stats stats; /* whoever is refused has written nothing, so that nobody's batch runs again */
        jc_db_stats(db, &stats);
        CHECK_INT(ROLES[r].path, stats.replays, 0);
        jc_db_close(db);
    }
}

/* --- another agency ---------------------------------------------------------------------------------------- */

/* What belongs to agency 1 does not exist for agency 2, and the other way round. */
static void test_foreign_agency(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct run run = {.arena = jc_arena_new(1 << 20)};
    jc_world_fill(db, NULL);

    Jc__GetUnitRequest unit = JC__GET_UNIT_REQUEST__INIT;
    unit.unit_id = (char *)"u1";
    assert_int_equal(call(db, &run, "/jiancha.v1.RegistryService/GetUnit", "token-admin", &unit.base), JC_OK);
    assert_int_equal(call(db, &run, "/jiancha.v1.RegistryService/GetUnit", "token-foreign", &unit.base), JC_NOT_FOUND);
    assert_int_equal(call(db, &run, "/jiancha.v1.RegistryService/GetUnit", "token-foreign-device", &unit.base),
                     JC_NOT_FOUND);

    Jc__RevokeDeviceRequest revoke = JC__REVOKE_DEVICE_REQUEST__INIT;
    struct jc_uuid id = jc_world_device_id(1);
    revoke.device_id = (ProtobufCBinaryData){JC_UUID_SIZE, id.bytes};
    assert_int_equal(call(db, &run, "/jiancha.v1.DeviceService/RevokeDevice", "token-foreign", &revoke.base),
                     JC_NOT_FOUND);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM device WHERE revoked_ms IS NULL"), 2);

    Jc__CreateInvitationRequest invite = JC__CREATE_INVITATION_REQUEST__INIT;
    invite.inspector_id = (char *)"i2"; /* agency 2 has i1 alone */
    assert_int_equal(call(db, &run, "/jiancha.v1.DeviceService/CreateInvitation", "token-foreign", &invite.base),
                     JC_NOT_FOUND);

    static const struct {
        const char *path, *token;
        size_t devices, teams, units;
    } LISTS[] = {{"1", "token-admin", 2, 2, 3}, {"2", "token-foreign", 1, 1, 1}};
    for (size_t i = 0; i < COUNT(LISTS); i++) {
        assert_int_equal(call(db, &run, "/jiancha.v1.DeviceService/ListDevices", LISTS[i].token, NULL), JC_OK);
        CHECK_INT(LISTS[i].token, ((Jc__ListDevicesResponse *)run.call.response)->n_devices, LISTS[i].devices);
        assert_int_equal(call(db, &run, "/jiancha.v1.RegistryService/ListTeams", LISTS[i].token, NULL), JC_OK);
        CHECK_INT(LISTS[i].token, ((Jc__ListTeamsResponse *)run.call.response)->n_teams, LISTS[i].teams);
        assert_int_equal(call(db, &run, "/jiancha.v1.RegistryService/ListUnits", LISTS[i].token, NULL), JC_OK);
        CHECK_INT(LISTS[i].token, ((Jc__ListUnitsResponse *)run.call.response)->n_units, LISTS[i].units);
    }
    jc_arena_free(run.arena);
    jc_db_close(db);
}

/* --- the own team ---------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *token, *team_id;
    enum jc_code code;
} TEAMS[] = {
    {"planner, all", "token-planner", "", JC_OK},
    {"planner, a team", "token-planner", "t2", JC_OK},
    {"device, its own by default", "token-device", "", JC_OK},
    {"device, its own", "token-device", "t1", JC_OK},
    {"device, another", "token-device", "t2", JC_PERMISSION_DENIED},
    {"inspector, another", "token-inspector", "t2", JC_PERMISSION_DENIED},
    {"lead, another", "token-lead", "t2", JC_PERMISSION_DENIED},
};

static void test_tasks_of_the_own_team(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    jc_world_fill(db, NULL);
    for (size_t i = 0; i < COUNT(TEAMS); i++) {
        struct run run = {.arena = jc_arena_new(1 << 20)};
        Jc__ListTasksRequest request = JC__LIST_TASKS_REQUEST__INIT;
        request.team_id = (char *)TEAMS[i].team_id;
        CHECK_INT(TEAMS[i].name, call(db, &run, "/jiancha.v1.TaskService/ListTasks", TEAMS[i].token, &request.base),
                  TEAMS[i].code);
        jc_arena_free(run.arena);
    }
    jc_db_close(db);
}

/* --- pages ------------------------------------------------------------------------------------------------ */

static void test_pages_of_units(void **state) {
    (void)state;
    static const char *const IDS[] = {"u1", "u2", "u3"};
    struct jc_db *db = jc_test_store();
    struct run run = {.arena = jc_arena_new(1 << 20)};
    Jc__ListUnitsRequest request = JC__LIST_UNITS_REQUEST__INIT;
    jc_world_fill(db, NULL);
    request.page_size = 1;
    for (size_t i = 0; i < COUNT(IDS); i++) {
        assert_int_equal(call(db, &run, "/jiancha.v1.RegistryService/ListUnits", "token-device", &request.base), JC_OK);
        const Jc__ListUnitsResponse *response = (const Jc__ListUnitsResponse *)run.call.response;
        assert_int_equal(response->n_units, 1);
        assert_string_equal(response->units[0]->unit_id, IDS[i]);
        assert_string_equal(response->next_page_token, i + 1 < COUNT(IDS) ? IDS[i] : "");
        request.page_token = response->next_page_token;
    }
    request.page_size = -1;
    assert_int_equal(call(db, &run, "/jiancha.v1.RegistryService/ListUnits", "token-device", &request.base),
                     JC_INVALID_ARGUMENT);
    jc_arena_free(run.arena);
    jc_db_close(db);
}

/* --- passwords ---------------------------------------------------------------------------------------------- */

static enum jc_code login(struct jc_db *db, struct run *run, const char *agency, const char *name,
                          const char *password) {
    Jc__LoginRequest request = JC__LOGIN_REQUEST__INIT;
    request.agency_id = (char *)agency;
    request.login = (char *)name;
    request.password = (char *)password;
    return call(db, run, "/jiancha.v1.SessionService/Login", "", &request.base);
}

static const struct {
    const char *name, *agency, *login, *password;
    enum jc_code code;
    enum jc_msg what;
} LOGINS[] = {
    {"good", "hn", "planner", "the password", JC_OK, JC_MSG_NONE},
    {"wrong password", "hn", "planner", "the Password", JC_UNAUTHENTICATED, JC_MSG_LOGIN_WRONG},
    {"empty password", "hn", "planner", "", JC_UNAUTHENTICATED, JC_MSG_LOGIN_WRONG},
    {"unknown login", "hn", "nobody", "the password", JC_UNAUTHENTICATED, JC_MSG_LOGIN_WRONG},
    {"unknown agency", "xx", "planner", "the password", JC_UNAUTHENTICATED, JC_MSG_LOGIN_WRONG},
    {"login of another agency", "fy", "planner", "the password", JC_UNAUTHENTICATED, JC_MSG_LOGIN_WRONG},
    {"disabled, told to who knows the password", "hn", "gone", "the password", JC_UNAUTHENTICATED,
     JC_MSG_PERSON_DISABLED},
    {"disabled, not told to others", "hn", "gone", "x", JC_UNAUTHENTICATED, JC_MSG_LOGIN_WRONG},
};

static void test_login(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    jc_world_fill(db, "the password");
    for (size_t i = 0; i < COUNT(LOGINS); i++) {
        struct run run = {.arena = jc_arena_new(1 << 20)};
        CHECK_INT(LOGINS[i].name, login(db, &run, LOGINS[i].agency, LOGINS[i].login, LOGINS[i].password),
                  LOGINS[i].code);
        CHECK_INT(LOGINS[i].name, run.err.what, LOGINS[i].what);
        jc_arena_free(run.arena);
    }
    jc_db_close(db);
}

/* First login with a one-time password: nothing but changing it is allowed; afterwards the other
 * sessions are over, this one goes on, and the old password is worth nothing. */
static void test_change_password(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct run run = {.arena = jc_arena_new(1 << 20)};
    Jc__ChangePasswordRequest change = JC__CHANGE_PASSWORD_REQUEST__INIT;
    static const char PATH[] = "/jiancha.v1.SessionService/ChangePassword";
    jc_world_fill(db, "one-time password");
    assert_int_equal(login(db, &run, "hn", "fresh", "one-time password"), JC_OK);
    const Jc__LoginResponse *session = (const Jc__LoginResponse *)run.call.response;
    assert_true(session->person->must_change_password);
    assert_string_equal(session->person->agency_id, "hn");
    const char *token = session->token;
    assert_int_equal(call(db, &run, "/jiancha.v1.TaskService/ListTasks", token, NULL), JC_PERMISSION_DENIED);
    assert_int_equal(run.err.what, JC_MSG_PASSWORD_MUST_CHANGE);

    change.old_password = (char *)"something else";
    change.new_password = (char *)"a better password";
    assert_int_equal(call(db, &run, PATH, token, &change.base), JC_PERMISSION_DENIED);
    change.old_password = (char *)"one-time password";
    change.new_password = (char *)"one-time password";
    assert_int_equal(call(db, &run, PATH, token, &change.base), JC_INVALID_ARGUMENT);
    change.new_password = (char *)"short";
    assert_int_equal(call(db, &run, PATH, token, &change.base), JC_INVALID_ARGUMENT);
    change.new_password = (char *)"a better password";
    assert_int_equal(call(db, &run, PATH, token, &change.base), JC_OK);

    assert_int_equal(call(db, &run, "/jiancha.v1.TaskService/ListTasks", token, NULL), JC_OK);
    assert_int_equal(call(db, &run, "/jiancha.v1.SessionService/GetSelf", "token-fresh", NULL), JC_UNAUTHENTICATED);
    assert_int_equal(login(db, &run, "hn", "fresh", "one-time password"), JC_UNAUTHENTICATED);
    assert_int_equal(login(db, &run, "hn", "fresh", "a better password"), JC_OK);

    assert_int_equal(call(db, &run, "/jiancha.v1.SessionService/Logout", token, NULL), JC_OK);
    assert_int_equal(call(db, &run, "/jiancha.v1.SessionService/GetSelf", token, NULL), JC_UNAUTHENTICATED);
    jc_arena_free(run.arena);
    jc_db_close(db);
}

static void test_self(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct run run = {.arena = jc_arena_new(1 << 20)};
    jc_world_fill(db, NULL);
    assert_int_equal(call(db, &run, "/jiancha.v1.SessionService/GetSelf", "token-device", NULL), JC_OK);
    const Jc__Person *person = ((const Jc__GetSelfResponse *)run.call.response)->person;
    assert_string_equal(person->name, "执法员"); /* a device speaks for its holder */
    assert_string_equal(person->inspector_id, "i1");
    assert_string_equal(person->team_id, "t1");
    assert_string_equal(person->agency_id, "hn");
    assert_int_equal(person->n_roles, 1);
    assert_int_equal(person->roles[0], JC__ROLE__ROLE_INSPECTOR);
    jc_arena_free(run.arena);
    jc_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_the_contract), cmocka_unit_test(test_no_service_is_forgotten),
        cmocka_unit_test(test_paths_that_are_none),   cmocka_unit_test(test_roles),
        cmocka_unit_test(test_foreign_agency),        cmocka_unit_test(test_tasks_of_the_own_team),
        cmocka_unit_test(test_pages_of_units),        cmocka_unit_test(test_login),
        cmocka_unit_test(test_change_password),       cmocka_unit_test(test_self),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
