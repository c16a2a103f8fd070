/* Changes (DESIGN section 5, point 5): the first listing and what comes after it, by pages while
 * others write, and what happens when the scope, the database or the cursor is another. */
#include "jc_field_test.h"

#include "store/change.h"
#include "store/registry.h"
#include "store/unit.h"

static struct field field;

static int setup(void **state) {
    (void)state;
    field_open(&field);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    field_close(&field);
    return 0;
}

/* --- a terminal that holds what it is told --------------------------------------------------------------------- */

enum { HELD_MAX = 400 };

struct terminal {
    int device;
    int64_t scope_version;
    const char *team_id; /* NULL: the device's own */
    int32_t page_bytes;
    ProtobufCBinaryData cursor;
    struct held {
        int kind;
        char id[40]; /* hex, or the code */
        uint8_t hash[JC_SHA256_SIZE];
    } held[HELD_MAX];
    size_t count;
    int pages, removals, restarts;
};

static struct held *find(struct terminal *t, int kind, const char *id) {
    for (size_t i = 0; i < t->count; i++) {
        if (t->held[i].kind == kind && strcmp(t->held[i].id, id) == 0)
            return &t->held[i];
    }
    return NULL;
}

static void drop(struct terminal *t, int kind, const char *id) {
    struct held *held = find(t, kind, id);
    if (held)
        *held = t->held[--t->count];
}

static void hold(struct terminal *t, int kind, const char *id, const Jc__Change *change) {
    struct held *held = find(t, kind, id);
    struct jc_str bytes = {0};
    struct jc_err err = {0};
    if (!held) {
        assert_true(t->count < HELD_MAX);
        held = &t->held[t->count++];
        held->kind = kind;
        snprintf(held->id, sizeof held->id, "%s", id);
    }
    CHECK_OK("pack", jc_message_pack(&change->base, field.arena, &bytes, &err), &err);
    jc_sha256(bytes, held->hash);
}

/* Kind and identifier of an entity. */
static int identify(const Jc__Change *change, char id[40]) {
    switch (change->entity_case) {
    case JC__CHANGE__ENTITY_TASK:
        jc_hex(change->task->task_id.data, 16, id);
        return JC__ENTITY_KIND__ENTITY_KIND_TASK;
    case JC__CHANGE__ENTITY_ORDER:
        jc_hex(change->order->order_id.data, 16, id);
        return JC__ENTITY_KIND__ENTITY_KIND_ORDER;
    case JC__CHANGE__ENTITY_UNIT:
        snprintf(id, 40, "%s", change->unit->unit_id);
        return JC__ENTITY_KIND__ENTITY_KIND_UNIT;
    case JC__CHANGE__ENTITY_CHECKLIST:
        snprintf(id, 40, "%s", change->checklist->checklist_id);
        return JC__ENTITY_KIND__ENTITY_KIND_CHECKLIST;
    case JC__CHANGE__ENTITY_INSPECTOR:
        snprintf(id, 40, "%s", change->inspector->inspector_id);
        return JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR;
    case JC__CHANGE__ENTITY_AGENCY:
        snprintf(id, 40, "%s", change->agency->agency_id);
        return JC__ENTITY_KIND__ENTITY_KIND_AGENCY;
    case JC__CHANGE__ENTITY_TEAM:
        snprintf(id, 40, "%s", change->team->team_id);
        return JC__ENTITY_KIND__ENTITY_KIND_TEAM;
    default:
        fail_msg("an entity of no kind");
        return 0;
    }
}

static void take(struct terminal *t, const Jc__Change *change) {
    char id[40];
    if (change->entity_case == JC__CHANGE__ENTITY_REMOVAL) {
        const Jc__Removal *removal = change->removal;
        bool uuid =
            removal->kind == JC__ENTITY_KIND__ENTITY_KIND_TASK || removal->kind == JC__ENTITY_KIND__ENTITY_KIND_ORDER;
        if (uuid)
            jc_hex(removal->id.data, removal->id.len, id);
        else
            snprintf(id, sizeof id, "%.*s", (int)removal->id.len, (const char *)removal->id.data);
        drop(t, removal->kind, id);
        t->removals++;
        return;
    }
    int kind = identify(change, id);
    hold(t, kind, id, change);
}

/* One page. */
static Jc__SyncResponse *page(struct field *f, struct terminal *t) {
    struct field_call call = field_call(f, t->device);
    call.caller.scope_version = t->scope_version ? t->scope_version : 1;
    if (t->team_id)
        call.caller.team_id = jc_str(t->team_id);
    call.request.cursor = t->cursor;
    call.request.page_bytes = t->page_bytes;
    jc_test_write(f->db, field_call_job, &call);
    if (call.response->restarted) {
        t->count = 0;
        t->restarts++;
    }
    for (size_t i = 0; i < call.response->n_changes; i++)
        take(t, call.response->changes[i]);
    t->cursor = call.response->cursor;
    t->pages++;
    return call.response;
}

static void pull(struct field *f, struct terminal *t) {
    while (page(f, t)->has_more)
        assert_true(t->pages < 10000);
}

/* What a fresh terminal of the same scope holds is what this one must hold. Tasks done long ago are
 * the one difference: a listing leaves them out, a terminal that saw them keeps them. */
static void check_converged(const char *name, struct field *f, struct terminal *t) {
    struct terminal fresh = {.device = t->device, .scope_version = t->scope_version, .team_id = t->team_id};
    pull(f, t);
    pull(f, &fresh);
    CHECK_INT(name, t->count, fresh.count);
    for (size_t i = 0; i < fresh.count; i++) {
        struct held *held = find(t, fresh.held[i].kind, fresh.held[i].id);
        if (!held || memcmp(held->hash, fresh.held[i].hash, JC_SHA256_SIZE) != 0)
            fail_msg("case %s: kind %d \"%s\" %s", name, fresh.held[i].kind, fresh.held[i].id,
                     held ? "differs" : "is missing");
    }
}

static bool holds(struct terminal *t, int kind, const char *id) {
    return find(t, kind, id) != NULL;
}

static bool holds_task(struct terminal *t, int n) {
    char hex[40];
    jc_hex(field_uuid(FIELD_TASK, n).bytes, 16, hex);
    return holds(t, JC__ENTITY_KIND__ENTITY_KIND_TASK, hex);
}

/* --- writing in the register ---------------------------------------------------------------------------------------- */

struct put {
    const char *unit_id, *name;
    bool remove;
};

static enum jc_code put_unit(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct put *put = ctx;
    Jc__Unit unit = JC__UNIT__INIT;
    char *teams[] = {(char *)"a"}, *rules[] = {(char *)"r"};
    if (put->remove)
        return jc_unit_delete(tx, 1, jc_str(put->unit_id), err);
    unit.unit_id = (char *)put->unit_id;
    unit.name = (char *)put->name;
    unit.category = (char *)"key";
    unit.persons = 2;
    unit.days_centi = 100;
    unit.lead_teams = teams;
    unit.rule_ids = rules;
    unit.n_lead_teams = unit.n_rule_ids = 1;
    return jc_unit_put(tx, 1, 100, &unit, err);
}

static void write_unit(struct field *f, const char *unit_id, const char *name) {
    struct put put = {unit_id, name, false};
    jc_test_write(f->db, put_unit, &put);
}

struct move {
    int task;
    const char *team_id;
    Jc__TaskState state;
};

static const char SET_TEAM[] = "UPDATE task SET team_id = $1 WHERE agency_id = 1 AND task_id = $2";

static enum jc_code move_task(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct move *move = ctx;
    struct jc_uuid id = field_uuid(FIELD_TASK, move->task);
    struct jc_str task_id = {(const char *)id.bytes, JC_UUID_SIZE};
    if (move->state)
        return jc_task_move(tx, 1, task_id, move->state, JC_STR(""), FIELD_NOW_MS, err);
    enum jc_code code =
        jc_tx_exec(tx, SET_TEAM, JC_VALUES(jc_text(jc_str(move->team_id)), jc_bytes(id.bytes, 16)), err);
    return code
               ? code
               : jc_change_record(tx, 1, JC__ENTITY_KIND__ENTITY_KIND_TASK, task_id, jc_str(move->team_id), false, err);
}

static void reassign(struct field *f, int task, const char *team_id) {
    struct move move = {task, team_id, 0};
    jc_test_write(f->db, move_task, &move);
}

/* --- tests ---------------------------------------------------------------------------------------------------------------- */

static void test_first_listing(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name;
        int device;
        size_t tasks;
        bool t1, t1j, t2, t3;
    } CASES[] = {{"team a", FIELD_A1, 2, true, false, true, false}, {"team b", FIELD_B1, 2, false, true, false, true}};
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct terminal t = {.device = CASES[i].device};
        Jc__SyncResponse *response = page(f, &t);
        CHECK(CASES[i].name, !response->has_more && !response->restarted && response->cursor.len);
        CHECK_INT(CASES[i].name, t.count, 1 + 2 + 5 + 1 + 4 + CASES[i].tasks);
        CHECK_INT(CASES[i].name, holds_task(&t, FIELD_T1), CASES[i].t1);
        CHECK_INT(CASES[i].name, holds_task(&t, FIELD_T1J), CASES[i].t1j);
        CHECK_INT(CASES[i].name, holds_task(&t, FIELD_T2), CASES[i].t2);
        CHECK_INT(CASES[i].name, holds_task(&t, FIELD_T3), CASES[i].t3);
        CHECK(CASES[i].name, !holds_task(&t, FIELD_FOREIGN) && !holds(&t, JC__ENTITY_KIND__ENTITY_KIND_UNIT, "z1"));
        response = page(f, &t);
        CHECK_INT("nothing new", response->n_changes, 0);
        CHECK("nothing more", !response->has_more);
    }
}

static void test_increments(void **state) {
    struct field *f = &field;
    (void)state;
    struct terminal a = {.device = FIELD_A1}, b = {.device = FIELD_B1};
    pull(f, &a);
    pull(f, &b);
    write_unit(f, "u4", "renamed");
    CHECK_INT("only what changed", page(f, &a)->n_changes, 1);
    Jc__Operation *operation = field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u1", 1));
    struct field_call call = field_call(f, FIELD_A1);
    call.request.cursor = a.cursor;
    call.request.operations = &operation;
    call.request.n_operations = 1;
    jc_test_write(f->db, field_call_job, &call);
    CHECK_INT("the answer shows what the operation did", call.response->n_changes, 1);
    CHECK_INT("done", call.response->changes[0]->task->state, JC__TASK_STATE__TASK_STATE_DONE);
    check_converged("a", f, &a);
    check_converged("b", f, &b);
}

/* Orders with open items are listed; one that is closed is not, but who held it is told. */
static void test_orders(void **state) {
    struct field *f = &field;
    (void)state;
    struct terminal a = {.device = FIELD_A1}, b = {.device = FIELD_B1};
    pull(f, &a);
    Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T1, "u1", 1);
    field_add_findings(f, inspection, 1, 2, "2023-01-20");
    Jc__Operation *operations[] = {field_submit(f, 1, inspection),
                                   field_issue(f, 2, field_order(f, 1, 1, "u1", 1, 2, "2023-01-20", 1))};
    field_sync(f, FIELD_A1, operations, 2);
    char order[40];
    jc_hex(field_uuid(FIELD_ORDER, 1).bytes, 16, order);
    check_converged("open", f, &a);
    CHECK("the team holds it", holds(&a, JC__ENTITY_KIND__ENTITY_KIND_ORDER, order));
    pull(f, &b);
    CHECK("another team does not", !holds(&b, JC__ENTITY_KIND__ENTITY_KIND_ORDER, order));

    struct jc_str hex = field_query(f, "SELECT hex(task_id) FROM task WHERE kind = 3");
    uint8_t task_id[JC_UUID_SIZE];
    assert_true(jc_hex_parse(hex, task_id, sizeof task_id));
    Jc__Recheck *recheck =
        field_recheck(f, 1, (ProtobufCBinaryData){16, task_id}, 1, 1, 2, JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED,
                      FIELD_NOW_MS + 11 * FIELD_DAY_MS, 1);
    CHECK_INT("recheck", field_send(f, FIELD_A1, field_submit_recheck(f, 3, recheck))->status, APPLIED);
    Jc__SyncResponse *response = page(f, &a);
    bool closed = false;
    for (size_t i = 0; i < response->n_changes; i++) {
        if (response->changes[i]->entity_case == JC__CHANGE__ENTITY_ORDER)
            closed = strcmp(response->changes[i]->order->items[1]->corrected_on, "2023-01-21") == 0;
    }
    CHECK("the closed order is told", closed);
    struct terminal fresh = {.device = FIELD_A1};
    pull(f, &fresh);
    CHECK("and listed no more", !holds(&fresh, JC__ENTITY_KIND__ENTITY_KIND_ORDER, order));
}

/* Pages by bytes while others write: each listing ends with the same state as one in a single page. */
static void test_pages_while_others_write(void **state) {
    struct field *f = &field;
    (void)state;
    for (int n = 0; n < 300; n++) {
        char unit_id[16], name[200];
        snprintf(unit_id, sizeof unit_id, "v%03d", n);
        memset(name, 'x', sizeof name - 1);
        name[sizeof name - 1] = '\0';
        write_unit(f, unit_id, name);
    }
    struct terminal t = {.device = FIELD_A1, .page_bytes = 1}; /* clamped to the smallest page */
    for (int n = 0;; n++) {
        Jc__SyncResponse *response = page(f, &t);
        size_t bytes = 0;
        for (size_t i = 0; i < response->n_changes; i++)
            bytes += jc__change__get_packed_size(response->changes[i]);
        CHECK("page size", bytes <= JC_SYNC_PAGE_MIN && response->n_changes);
        if (!response->has_more)
            break;
        char unit_id[16];
        snprintf(unit_id, sizeof unit_id, n % 2 ? "v%03d" : "a%03d", (n * 37) % 300); /* listed already, or to come */
        if (n < 12)
            write_unit(f, unit_id, "changed meanwhile");
        if (n == 3)
            reassign(f, FIELD_T2, "b");
        if (n == 5) {
            struct put gone = {"v001", "", true};
            jc_test_write(f->db, put_unit, &gone);
        }
        if (n == 6)
            field_send(f, FIELD_A2, field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u1", 0)));
    }
    CHECK("many pages", t.pages > 8);
    check_converged("in the end", f, &t);
    CHECK("deleted while it was listed", !holds(&t, JC__ENTITY_KIND__ENTITY_KIND_UNIT, "v001"));
    CHECK("left while it was listed", !holds_task(&t, FIELD_T2));
}

/* An entity larger than a page still goes through, alone. */
static void test_large_entity(void **state) {
    struct field *f = &field;
    (void)state;
    static char name[20000];
    memset(name, 'y', sizeof name - 1);
    write_unit(f, "w1", name);
    struct terminal t = {.device = FIELD_A1, .page_bytes = JC_SYNC_PAGE_MIN};
    pull(f, &t);
    check_converged("large", f, &t);
    CHECK("large", holds(&t, JC__ENTITY_KIND__ENTITY_KIND_UNIT, "w1"));
}

static void test_removals(void **state) {
    struct field *f = &field;
    (void)state;
    struct terminal a = {.device = FIELD_A1}, b = {.device = FIELD_B1};
    pull(f, &a);
    pull(f, &b);
    reassign(f, FIELD_T2, "b");
    pull(f, &a);
    pull(f, &b);
    CHECK("left team a", !holds_task(&a, FIELD_T2));
    CHECK_INT("as a stub", a.removals, 1);
    CHECK("came to team b", holds_task(&b, FIELD_T2));
    CHECK_INT("without a stub", b.removals, 0);
    reassign(f, FIELD_T2, "a");
    check_converged("back to a", f, &a);
    check_converged("gone from b", f, &b);
    CHECK_INT("stub", b.removals, 1);
    write_unit(f, "u9", "for a while");
    pull(f, &a);
    struct put gone = {"u9", "", true};
    jc_test_write(f->db, put_unit, &gone);
    check_converged("deleted: a", f, &a);
    check_converged("deleted: b, which never saw it", f, &b);
    CHECK("tombstone", !holds(&a, JC__ENTITY_KIND__ENTITY_KIND_UNIT, "u9"));
}

/* A recalled task comes down as recalled, so that the inspector sees why it is gone from the list. */
static void test_recall(void **state) {
    struct field *f = &field;
    (void)state;
    struct terminal a = {.device = FIELD_A1};
    pull(f, &a);
    struct move move = {FIELD_T2, NULL, JC__TASK_STATE__TASK_STATE_RECALLED};
    jc_test_write(f->db, move_task, &move);
    Jc__SyncResponse *response = page(f, &a);
    CHECK_INT("one change", response->n_changes, 1);
    CHECK_INT("state", response->changes[0]->task->state, JC__TASK_STATE__TASK_STATE_RECALLED);
    CHECK_STR("until when a record is accepted", jc_str(response->changes[0]->task->recall_grace_ends_on),
              "2023-02-09");
    struct terminal fresh = {.device = FIELD_A1}, later = {.device = FIELD_A1};
    pull(f, &fresh);
    CHECK("in a first listing while its record would be accepted", holds_task(&fresh, FIELD_T2));
    f->now_ms += 31 * FIELD_DAY_MS;
    pull(f, &later);
    CHECK("not in one behind that", !holds_task(&later, FIELD_T2));
}

static void test_recent_tasks(void **state) {
    struct field *f = &field;
    (void)state;
    field_send(f, FIELD_A1, field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u1", 0)));
    f->now_ms += 30 * FIELD_DAY_MS;
    struct terminal recent = {.device = FIELD_A1}, old = {.device = FIELD_A1};
    pull(f, &recent);
    CHECK("done 30 days ago", holds_task(&recent, FIELD_T1));
    f->now_ms += FIELD_DAY_MS;
    pull(f, &old);
    CHECK("done 31 days ago", !holds_task(&old, FIELD_T1));
    CHECK("open ones are listed", holds_task(&old, FIELD_T2));
}

/* --- restarts ------------------------------------------------------------------------------------------------------------------ */

static void flip(struct field *f, struct terminal *t) {
    (void)f;
    t->cursor.data[t->cursor.len / 2] ^= 1;
}
static void cut(struct field *f, struct terminal *t) {
    (void)f;
    t->cursor.len--;
}
static void one_byte(struct field *f, struct terminal *t) {
    (void)f;
    t->cursor.len = 1;
}
static void other_scope(struct field *f, struct terminal *t) {
    (void)f;
    t->scope_version = 2;
    t->team_id = "b";
}
static void other_life(struct field *f, struct terminal *t) {
    (void)t;
    field_script(f, "UPDATE meta SET incarnation = zeroblob(16)");
}
static void other_device(struct field *f, struct terminal *t) {
    (void)f;
    t->device = FIELD_B1;
}
static void from_the_future(struct field *f, struct terminal *t) {
    (void)t;
    field_script(f,
                 "UPDATE agency_head SET change_seq = 1 WHERE agency_id = 1; DELETE FROM change WHERE agency_id = 1");
}
static void nothing(struct field *f, struct terminal *t) {
    (void)f, (void)t;
}

static void test_restarts(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name;
        void (*happen)(struct field *f, struct terminal *t);
        int restarts;
    } CASES[] = {
        {"nothing", nothing, 0},
        {"a flipped bit", flip, 1},
        {"cut", cut, 1},
        {"one byte", one_byte, 1},
        {"another scope", other_scope, 1},
        {"another life of the database", other_life, 1},
        {"a cursor of another device", other_device, 1},
        {"numbers from the future", from_the_future, 1},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        for (int middle = 0; middle < 2; middle++) {
            teardown(NULL);
            setup(NULL);
            struct terminal t = {.device = FIELD_A1};
            if (middle) { /* in the middle of a listing */
                static char name[JC_SYNC_PAGE_MIN];
                memset(name, 'z', sizeof name - 1);
                write_unit(f, "u0", name);
                t.page_bytes = JC_SYNC_PAGE_MIN;
                CHECK(CASES[i].name, page(f, &t)->has_more);
            } else {
                pull(f, &t);
            }
            t.cursor.data = field_copy(f, t.cursor.data, t.cursor.len);
            CASES[i].happen(f, &t);
            check_converged(CASES[i].name, f, &t);
            CHECK_INT(CASES[i].name, t.restarts, CASES[i].restarts);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_listing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_increments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_orders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pages_while_others_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_entity, setup, teardown),
        cmocka_unit_test_setup_teardown(test_removals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_recall, setup, teardown),
        cmocka_unit_test_setup_teardown(test_recent_tasks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restarts, setup, teardown),
    };
    return cmocka_run_group_tests_name("sync_changes", tests, NULL, NULL);
}
