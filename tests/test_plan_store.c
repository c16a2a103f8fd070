/* Versions of the plan with their visits, joining teams, shortfalls and units. */
#include "jc_store_test.h"

#include "store/plan.h"

static struct jc_arena *arena;
static struct jc_db *db;

static enum jc_code fill(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_script(
        tx,
        "UPDATE agency SET code = 'x', year = 2023;"
        "INSERT INTO team VALUES (1, 'a', 0, 'A', 'bureau', 3, NULL, NULL), (1, 'b', 1, 'B', 'bureau', 3, NULL, NULL);"
        "INSERT INTO rule VALUES (1, 'r', 0, 'R', 2, 1, 1);"
        "INSERT INTO unit (agency_id, unit_id, position, name, aliases, address, district, industry, category,"
        "                  key_reasons, credit_code, hazards, risk, persons, days_centi, blackout_months,"
        "                  preferred_months, last_visit)"
        "VALUES (1, 'u1', 0, 'U1', '', '', '', '', 'key', '', '', '', 0, 2, 100, 0, 0, NULL);"
        "INSERT INTO draw VALUES (1, 'd', 0, 'b', 'D', NULL, 1, 'r', 2, 50, 'double_random');",
        err);
}

static int open_db(void **state) {
    (void)state;
    arena = jc_arena_new(1 << 24);
    db = jc_test_store();
    jc_test_write(db, fill, NULL);
    return 0;
}

static int close_db(void **state) {
    (void)state;
    jc_db_close(db);
    jc_arena_free(arena);
    return 0;
}

/* --- a plan to write ------------------------------------------------------------------------------------ */

static Jc__Visit *make_visit(const char *id, const char *unit, const char *draw, int month, const char *lead) {
    Jc__Visit *visit = JC_NEW(arena, Jc__Visit);
    jc__visit__init(visit);
    visit->visit_id = (char *)id;
    visit->unit_id = (char *)unit;
    visit->draw_id = (char *)draw;
    visit->rule_id = (char *)"r";
    visit->visit_no = 1;
    visit->month = month;
    visit->lead_team = (char *)lead;
    visit->persons = 2;
    visit->days_centi = 150;
    visit->mode = JC__VISIT_MODE__VISIT_MODE_ONSITE;
    visit->status = JC__VISIT_STATUS__VISIT_STATUS_PLANNED;
    return visit;
}

static void join(Jc__Visit *visit, const char *team_id, int persons) {
    Jc__JoinedTeam *team = JC_NEW(arena, Jc__JoinedTeam);
    jc__joined_team__init(team);
    team->team_id = (char *)team_id;
    team->rule_id = (char *)"r";
    team->persons = persons;
    team->days_centi = 50;
    Jc__JoinedTeam **list = JC_NEW_ARRAY(arena, visit->n_joined + 1, Jc__JoinedTeam *);
    for (size_t i = 0; i < visit->n_joined; i++)
        list[i] = visit->joined[i];
    list[visit->n_joined++] = team;
    visit->joined = list;
}

static Jc__Plan *make_plan(int version) {
    Jc__Plan *plan = JC_NEW(arena, Jc__Plan);
    jc__plan__init(plan);
    plan->version = version;
    plan->year = 2023;
    plan->solve = JC_NEW(arena, Jc__SolveSummary);
    jc__solve_summary__init(plan->solve);
    *plan->solve = (Jc__SolveSummary){.base = plan->solve->base,
                                      .status = JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL,
                                      .unserved = 1,
                                      .over_centi = 2,
                                      .quota = 3,
                                      .cost_e5 = 4,
                                      .bound_e5 = 5,
                                      .tiers_settled = true,
                                      .elapsed_ms = 6,
                                      .work = 7,
                                      .balance_milli = 8,
                                      .travel_milli = 9,
                                      .risk_milli = 10,
                                      .preferred_milli = 11};
    plan->visits = JC_NEW_ARRAY(arena, 3, Jc__Visit *);
    plan->visits[0] = make_visit("u1-01", "u1", "", 3, "a");
    join(plan->visits[0], "b", 3);
    plan->visits[1] = make_visit("u1-02", "u1", "", 9, "a");
    plan->visits[2] = make_visit("d-01", "", "d", 1, "b");
    plan->n_visits = 3;
    plan->shortfalls = JC_NEW_ARRAY(arena, 1, Jc__Shortfall *);
    plan->shortfalls[0] = JC_NEW(arena, Jc__Shortfall);
    jc__shortfall__init(plan->shortfalls[0]);
    plan->shortfalls[0]->team_id = (char *)"a";
    plan->shortfalls[0]->month = 10;
    plan->shortfalls[0]->amount_centi = 1400;
    plan->n_shortfalls = 1;
    return plan;
}

static enum jc_code put_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_plan_put(tx, 1, ctx, 1000, err);
}

struct get {
    int version;
    const struct jc_visit_filter *filter;
    Jc__Plan *plan;
};

static enum jc_code get_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct get *get = ctx;
    return jc_plan_get(tx, 1, get->version, get->filter, arena, &get->plan, err);
}

static Jc__Plan *get_plan(int version) {
    struct get get = {.version = version};
    jc_test_read(db, get_job, &get);
    return get.plan;
}

static enum jc_code approve_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_plan_approve(tx, 1, *(int *)ctx, JC_STR("1号"), JC_STR("政府"), JC_STR("2023-01-09"), err);
}

static void approve(int version) {
    jc_test_write(db, approve_job, &version);
}

/* --- tests -------------------------------------------------------------------------------------------------- */

static bool same(const ProtobufCMessage *a, const ProtobufCMessage *b) {
    size_t n = protobuf_c_message_get_packed_size(a);
    uint8_t *x = jc_arena_alloc(arena, n + 1), *y;
    if (n != protobuf_c_message_get_packed_size(b))
        return false;
    y = jc_arena_alloc(arena, n + 1);
    protobuf_c_message_pack(a, x);
    protobuf_c_message_pack(b, y);
    return memcmp(x, y, n) == 0;
}

static void test_round_trip(void **state) {
    (void)state;
    Jc__Plan *plan = make_plan(1);
    plan->amend_reason = (char *)"调整";
    plan->decided_on = (char *)"2023-05-08";
    jc_test_write(db, put_job, plan);
    Jc__Plan *back = get_plan(JC_PLAN_NEWEST);
    CHECK_INT("made at", back->created_at->seconds, 1);
    back->created_at = NULL;
    plan->status = JC__PLAN_STATUS__PLAN_STATUS_DRAFT;
    Jc__Visit *slot = plan->visits[2]; /* back they come by month */
    plan->visits[2] = plan->visits[1];
    plan->visits[1] = plan->visits[0];
    plan->visits[0] = slot;
    CHECK("what was written is what is read", same(&plan->base, &back->base));
}

static void test_replace(void **state) {
    (void)state;
    jc_test_write(db, put_job, make_plan(1));
    Jc__Plan *plan = make_plan(1);
    plan->n_visits = 1;
    plan->n_shortfalls = 0;
    jc_test_write(db, put_job, plan);
    Jc__Plan *back = get_plan(1);
    CHECK_INT("visits", back->n_visits, 1);
    CHECK_INT("shortfalls", back->n_shortfalls, 0);
    CHECK_INT("joins of the old visits", jc_test_number(db, "SELECT COUNT(*) FROM visit_joint"), 1);
}

static void test_filter(void **state) {
    (void)state;
    jc_test_write(db, put_job, make_plan(1));
    static const struct {
        const char *name;
        struct jc_visit_filter filter;
        const char *visits;
    } cases[] = {
        {"all", {.month = 0}, "d-01 u1-01 u1-02 "},
        {"team a leads", {.team_id = JC_STR("a")}, "u1-01 u1-02 "},
        {"team b leads or joins", {.team_id = JC_STR("b")}, "d-01 u1-01 "},
        {"month", {.month = 3}, "u1-01 "},
        {"team and month", {.team_id = JC_STR("b"), .month = 9}, ""},
        {"draw", {.draw_id = JC_STR("d")}, "d-01 "},
        {"nobody", {.team_id = JC_STR("c")}, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct get get = {.version = 1, .filter = &cases[i].filter};
        char ids[100] = "";
        jc_test_read(db, get_job, &get);
        for (size_t k = 0; k < get.plan->n_visits; k++)
            strcat(strcat(ids, get.plan->visits[k]->visit_id), " ");
        CHECK_STR(cases[i].name, jc_str(ids), cases[i].visits);
        for (size_t k = 0; k < get.plan->n_visits; k++)
            CHECK_INT(cases[i].name, get.plan->visits[k]->n_joined,
                      strcmp(get.plan->visits[k]->visit_id, "u1-01") == 0);
    }
}

static void test_frozen(void **state) {
    (void)state;
    struct jc_err err = {0};
    int version = 1;
    jc_test_write(db, put_job, make_plan(1));
    approve(1);
    CHECK_INT("an approved plan is frozen", jc_test_try(db, put_job, make_plan(1), &err), JC_FAILED_PRECONDITION);
    CHECK_INT("an approved plan is frozen", err.what, JC_MSG_PLAN_NOT_DRAFT);
    CHECK_INT("and not approved twice", jc_test_try(db, approve_job, &version, &err), JC_FAILED_PRECONDITION);
    version = 9;
    CHECK_INT("no such version", jc_test_try(db, approve_job, &version, &err), JC_NOT_FOUND);
    Jc__Plan *plan = get_plan(1);
    CHECK_INT("status", plan->status, JC__PLAN_STATUS__PLAN_STATUS_APPROVED);
    CHECK_STR("document", jc_str(plan->document_no), "1号");
    CHECK_STR("day", jc_str(plan->approved_on), "2023-01-09");
}

struct find {
    Jc__PlanStatus status;
    int version;
};

static enum jc_code find_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct find *find = ctx;
    return jc_plan_find(tx, 1, find->status, &find->version, err);
}

static int find(Jc__PlanStatus status) {
    struct find find = {.status = status};
    jc_test_read(db, find_job, &find);
    return find.version;
}

static void test_versions(void **state) {
    (void)state;
    CHECK_INT("none", find(JC__PLAN_STATUS__PLAN_STATUS_UNSPECIFIED), 0);
    jc_test_write(db, put_job, make_plan(1));
    approve(1);
    jc_test_write(db, put_job, make_plan(2));
    CHECK_INT("newest", find(JC__PLAN_STATUS__PLAN_STATUS_UNSPECIFIED), 2);
    CHECK_INT("draft", find(JC__PLAN_STATUS__PLAN_STATUS_DRAFT), 2);
    CHECK_INT("approved", find(JC__PLAN_STATUS__PLAN_STATUS_APPROVED), 1);
    approve(2);
    CHECK_INT("approved now", find(JC__PLAN_STATUS__PLAN_STATUS_APPROVED), 2);
    CHECK_INT("superseded", find(JC__PLAN_STATUS__PLAN_STATUS_SUPERSEDED), 1);
    Jc__Plan *next_year = make_plan(3);
    next_year->year = 2024;
    jc_test_write(db, put_job, next_year);
    approve(3);
    CHECK_INT("last year's stays in force for its year", get_plan(2)->status, JC__PLAN_STATUS__PLAN_STATUS_APPROVED);
}

/* What happens in the field reaches the version it happened under and later ones of the year. */
static enum jc_code happen_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    enum jc_code code = jc_visit_set_status(tx, 1, 2, JC_STR("u1-01"), JC__VISIT_STATUS__VISIT_STATUS_RELEASED, err);
    return code ? code : jc_visit_set_unit(tx, 1, 2, JC_STR("d-01"), JC_STR("u1"), err);
}

static void test_field(void **state) {
    (void)state;
    static const struct {
        int version, year;
        bool reached;
    } versions[] = {{1, 2023, false}, {2, 2023, true}, {3, 2023, true}, {4, 2024, false}};
    for (size_t i = 0; i < COUNT(versions); i++) {
        Jc__Plan *plan = make_plan(versions[i].version);
        plan->year = versions[i].year;
        jc_test_write(db, put_job, plan);
    }
    jc_test_write(db, happen_job, NULL);
    for (size_t i = 0; i < COUNT(versions); i++) {
        Jc__Plan *plan = get_plan(versions[i].version);
        char name[20];
        snprintf(name, sizeof(name), "version %d", versions[i].version);
        CHECK_INT(name, plan->visits[1]->status,
                  versions[i].reached ? JC__VISIT_STATUS__VISIT_STATUS_RELEASED
                                      : JC__VISIT_STATUS__VISIT_STATUS_PLANNED);
        CHECK_STR(name, jc_str(plan->visits[0]->unit_id), versions[i].reached ? "u1" : "");
    }
}

static enum jc_code change_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_visit_change(tx, 1, 1, ctx, err);
}

static void test_change(void **state) {
    (void)state;
    struct jc_err err = {0};
    jc_test_write(db, put_job, make_plan(1));
    Jc__Visit *visit = make_visit("u1-01", "u1", "", 4, "b");
    visit->pinned = true;
    visit->forced_by = (char *)"cli:li";
    visit->forced_reason = (char *)"专项";
    visit->mode = JC__VISIT_MODE__VISIT_MODE_REMOTE;
    join(visit, "a", 1);
    jc_test_write(db, change_job, visit);
    Jc__Visit *back = get_plan(1)->visits[1];
    CHECK("changed", same(&visit->base, &back->base));
    CHECK_INT("unknown", jc_test_try(db, change_job, make_visit("u9-01", "u1", "", 4, "b"), &err), JC_NOT_FOUND);
    CHECK_INT("unknown", err.what, JC_MSG_VISIT_UNKNOWN);
}

static void test_unknown(void **state) {
    (void)state;
    struct get get = {.version = JC_PLAN_NEWEST};
    struct jc_err err = {0};
    CHECK_INT("no plan", jc_db_read(db, get_job, &get, &err), JC_NOT_FOUND);
    CHECK_INT("no plan", err.what, JC_MSG_PLAN_NONE);
    get.version = 4;
    CHECK_INT("no such version", jc_db_read(db, get_job, &get, &err), JC_NOT_FOUND);
    CHECK_INT("no such version", err.what, JC_MSG_PLAN_UNKNOWN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, open_db, close_db),
        cmocka_unit_test_setup_teardown(test_replace, open_db, close_db),
        cmocka_unit_test_setup_teardown(test_filter, open_db, close_db),
        cmocka_unit_test_setup_teardown(test_frozen, open_db, close_db),
        cmocka_unit_test_setup_teardown(test_versions, open_db, close_db),
        cmocka_unit_test_setup_teardown(test_field, open_db, close_db),
        cmocka_unit_test_setup_teardown(test_change, open_db, close_db),
        cmocka_unit_test_setup_teardown(test_unknown, open_db, close_db),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
