/* Digests (sync/listing_digest.h): two terminals of a team agree with the server however they came to hold what
 * they hold; whatever is missing or other shows; what only grows old does not. */
#include "jc_field_test.h"

#include "base/evidence.h"
#include "base/message.h"
#include "sync/changes.h"
#include "sync/listing_digest.h"

static struct field field;

static int setup(void **state) {
    (void)state;
    field_open(&field);
    field_lease(&field, FIELD_A1);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    field_close(&field);
    return 0;
}

struct ask {
    struct jc_sync_caller caller;
    struct field *f;
    ProtobufCBinaryData cursor;
    Jc__GetDigestResponse *response;
};

static enum jc_code ask_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct ask *ask = ctx;
    return jc_listing_digest_make(tx, &ask->caller, ask->f->now_ms, jc_view(ask->cursor), ask->f->arena, &ask->response,
                                  err);
}

static Jc__GetDigestResponse *digest(struct field *f, int device, ProtobufCBinaryData cursor) {
    struct ask ask = {field_call(f, device).caller, f, cursor, NULL};
    jc_test_read(f->db, ask_job, &ask);
    return ask.response;
}

/* Follows the feed to its end; the cursor there. */
static ProtobufCBinaryData follow(struct field *f, int device, ProtobufCBinaryData cursor) {
    bool more = true;
    while (more) {
        struct field_call call = field_call(f, device);
        call.request.cursor = cursor;
        jc_test_write(f->db, field_call_job, &call);
        cursor = call.response->cursor;
        more = call.response->has_more;
    }
    return cursor;
}

static const Jc__KindDigest *of_kind(const Jc__GetDigestResponse *response, Jc__EntityKind kind) {
    for (size_t i = 0; i < response->n_kinds; i++) {
        if (response->kinds[i]->kind == kind)
            return response->kinds[i];
    }
    return NULL;
}

static bool same(ProtobufCBinaryData a, ProtobufCBinaryData b) {
    return a.len == JC_SHA256_SIZE && a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static bool same_kind(const Jc__GetDigestResponse *a, const Jc__GetDigestResponse *b, Jc__EntityKind kind) {
    return same(of_kind(a, kind)->sha256_xor, of_kind(b, kind)->sha256_xor) &&
           of_kind(a, kind)->count == of_kind(b, kind)->count;
}

/* --- what a terminal computes ------------------------------------------------------------------------------ */

/* The digest of units as a terminal has them: by the changes it was sent. */
static void test_as_a_terminal_computes_it(void **state) {
    struct field *f = &field;
    (void)state;
    struct field_call call = field_call(f, FIELD_A1);
    uint8_t set[JC_SHA256_SIZE] = {0}, hash[JC_SHA256_SIZE];
    int64_t units = 0;
    jc_test_write(f->db, field_call_job, &call);
    assert_false(call.response->has_more);
    for (size_t i = 0; i < call.response->n_changes; i++) {
        const Jc__Change *change = call.response->changes[i];
        struct jc_str bytes;
        struct jc_err err = {0};
        if (change->entity_case != JC__CHANGE__ENTITY_UNIT)
            continue;
        CHECK_OK("pack", jc_message_pack(&change->unit->base, f->arena, &bytes, &err), &err);
        jc_entity_hash(JC__ENTITY_KIND__ENTITY_KIND_UNIT, jc_str(change->unit->unit_id), bytes, hash);
        jc_set_hash_flip(set, hash);
        units++;
    }
    const Jc__KindDigest *server =
        of_kind(digest(f, FIELD_A1, call.response->cursor), JC__ENTITY_KIND__ENTITY_KIND_UNIT);
    CHECK_INT("count", server->count, units);
    CHECK("hash", same(server->sha256_xor, (ProtobufCBinaryData){sizeof set, set}));
}

/* --- moved ------------------------------------------------------------------------------------------------- */

static void test_moved(void **state) {
    struct field *f = &field;
    (void)state;
    ProtobufCBinaryData none = {0}, a = follow(f, FIELD_A1, none), b = follow(f, FIELD_B1, none);
    CHECK("without a cursor", digest(f, FIELD_A1, none)->moved);
    CHECK("another device's cursor", digest(f, FIELD_A2, a)->moved);
    CHECK("at the end", !digest(f, FIELD_A1, a)->moved);
    assert_int_equal(field_send(f, FIELD_A1, field_return(f, 1, FIELD_T2, "r"))->status, APPLIED);
    Jc__GetDigestResponse *behind = digest(f, FIELD_A1, a);
    CHECK("something changed behind it", behind->moved && !behind->n_kinds && !behind->assigned);
    CHECK("not in the other team's scope", !digest(f, FIELD_B1, b)->moved);
    CHECK("at the end again", !digest(f, FIELD_A1, follow(f, FIELD_A1, a))->moved);
}

/* --- what shows and what does not ---------------------------------------------------------------------------- */

static void test_what_shows(void **state) {
    struct field *f = &field;
    (void)state;
    ProtobufCBinaryData a = follow(f, FIELD_A1, (ProtobufCBinaryData){0});
    Jc__GetDigestResponse *before = digest(f, FIELD_A1, a);
    CHECK_INT("open tasks of team a", of_kind(before, JC__ENTITY_KIND__ENTITY_KIND_TASK)->count, 2);
    CHECK_INT("assigned", before->assigned->tasks, 2);
    CHECK_INT("their units", before->assigned->units, 2);
    CHECK("two terminals of a team agree",
          same(before->assigned->sha256,
               digest(f, FIELD_A2, follow(f, FIELD_A2, (ProtobufCBinaryData){0}))->assigned->sha256));

    field_script(f, "UPDATE unit SET address = 'elsewhere' WHERE agency_id = 1 AND unit_id = 'u4'");
    Jc__GetDigestResponse *after = digest(f, FIELD_A1, a); /* a change that was never told */
    CHECK("a unit differs", !same_kind(before, after, JC__ENTITY_KIND__ENTITY_KIND_UNIT));
    CHECK("tasks do not", same_kind(before, after, JC__ENTITY_KIND__ENTITY_KIND_TASK));
    CHECK("nobody has a task at u4", same(before->assigned->sha256, after->assigned->sha256));
    field_script(f, "UPDATE unit SET address = 'elsewhere' WHERE agency_id = 1 AND unit_id = 'u2'");
    CHECK("but at u2", !same(before->assigned->sha256, digest(f, FIELD_A1, a)->assigned->sha256));
}

static void test_age_does_not_show(void **state) {
    struct field *f = &field;
    (void)state;
    ProtobufCBinaryData a = {0};
    field_send(f, FIELD_A1, field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u1", 1)));
    a = follow(f, FIELD_A1, a);
    Jc__GetDigestResponse *young = digest(f, FIELD_A1, a);
    f->now_ms += (JC_OUTCOME_DAYS + 1) * FIELD_DAY_MS;
    Jc__GetDigestResponse *old = digest(f, FIELD_A1, a);
    CHECK_INT("the done task does not count", of_kind(young, JC__ENTITY_KIND__ENTITY_KIND_TASK)->count, 1);
    for (size_t i = 0; i < young->n_kinds; i++)
        CHECK_INT("the same after months", same_kind(young, old, young->kinds[i]->kind), true);
    CHECK("the assigned set too", same(young->assigned->sha256, old->assigned->sha256));
}

/* A recheck brings its order with it. */
static void test_orders_are_assigned(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T1, "u1", 1);
    field_add_findings(f, inspection, 1, 1, "2023-01-20");
    field_send(f, FIELD_A1, field_submit(f, 1, inspection));
    field_send(f, FIELD_A1, field_issue(f, 2, field_order(f, 1, 1, "u1", 1, 1, "2023-01-20", 1)));
    Jc__GetDigestResponse *response = digest(f, FIELD_A1, follow(f, FIELD_A1, (ProtobufCBinaryData){0}));
    CHECK_INT("orders", of_kind(response, JC__ENTITY_KIND__ENTITY_KIND_ORDER)->count, 1);
    CHECK_INT("tasks", response->assigned->tasks, 2);
    CHECK_INT("order", response->assigned->orders, 1);
}

/* More units than fit a page of the walk. */
static void test_many_units(void **state) {
    struct field *f = &field;
    (void)state;
    field_script(
        f,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
        "INSERT INTO unit (agency_id, unit_id, position, name, aliases, address, district, industry, category,"
        "                  key_reasons, credit_code, hazards, risk, persons, days_centi, blackout_months,"
        "                  preferred_months, last_visit)"
        "SELECT 1, 'v' || i, 10 + i, hex(zeroblob(100)), '', '', '', '', 'general', '', '', '', 0, 2, 100, 0, 0, NULL FROM n");
    Jc__GetDigestResponse *response = digest(f, FIELD_A1, follow(f, FIELD_A1, (ProtobufCBinaryData){0}));
    CHECK_INT("all of them", of_kind(response, JC__ENTITY_KIND__ENTITY_KIND_UNIT)->count, 3004);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_as_a_terminal_computes_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_moved, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_shows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_age_does_not_show, setup, teardown),
        cmocka_unit_test_setup_teardown(test_orders_are_assigned, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_units, setup, teardown),
    };
    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
