/* What waits is verified by its newest seal alone. Only if that one does not hold are the rows walked
 * backwards to the last that does. */
#include "sync/seal.h"

#include <stdio.h>
#include <string.h>

#include "base/message.h"
#include "db/memo.h"
#include "store/audit_log.h"
#include "store/change.h"
#include "store/review.h"
#include "store/row.h"
#include "store/verdict.h"
#include "sync/apply.h"
#include "sync/prepare.h"

enum {
    LOOK_MAX = 256, /* devices a turn */
    ARENA_BYTES = 64 << 20,
};

/* --- in a sync --------------------------------------------------------------------------------------- */

static bool goes_on(const struct jc_device_chain *chain, const struct jc_sync_prepared *prepared) {
    const struct jc_sync_operation *first = prepared->operations;
    return chain->begun && first->chained && memcmp(first->previous, chain->link, JC_SHA256_SIZE) == 0;
}

bool jc_seal_may_wait(const struct jc_device_chain *chain, const struct jc_sync_prepared *prepared) {
    size_t count = prepared->request->n_operations;
    return count && !chain->wrong_no && goes_on(chain, prepared) && jc_sync_is_sealed_whole(prepared);
}

static bool seal_of_holds(const struct jc_sync_prepared *prepared, const struct jc_sync_operation *operation) {
    return operation->sealed_by >= 0 && prepared->operations[operation->sealed_by].seal == JC_VOUCHER_HOLDS;
}

/* Whatever lies before the first operation is covered by the seal of that one, not by one behind a hole. */
static bool vouches_for_what_waits(const struct jc_device_chain *chain, const struct jc_sync_prepared *prepared) {
    return goes_on(chain, prepared) && seal_of_holds(prepared, prepared->operations);
}

enum jc_code jc_seal_advance(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms,
                             struct jc_sync_prepared *prepared, int newest, int64_t newest_no,
                             struct jc_device_chain *out, bool *moved, struct jc_err *err) {
    const struct jc_sync_operation *operation = newest < 0 ? NULL : &prepared->operations[newest];
    enum jc_code code = JC_OK;
    bool held = false;
    *out = caller->chain;
    *moved = operation && operation->chained && prepared->must_sign;
    if (!*moved)
        return JC_OK;
    bool sealed_later = !prepared->vouched;
    bool last = (size_t)newest + 1 == prepared->request->n_operations;
    if (sealed_later && !last) { /* the seal came with an operation that has no row: it will not be found again */
        jc_sync_vouch(prepared, (struct jc_str){(const char *)prepared->public_key, JC_SIGN_PUBLIC_SIZE});
    } else if (!sealed_later && out->due && !vouches_for_what_waits(out, prepared)) {
        code = jc_seal_settle(tx, caller->agency_id, caller->device_id, now_ms, &held, err);
        out->due = false;
        out->sealed_no = out->link_no;
    }
    if (code)
        return code;
    bool holds = prepared->vouched && seal_of_holds(prepared, operation);
    if (!out->wrong_no && jc_sync_any_wrong(prepared))
        out->wrong_no = newest_no;
    if (!holds && !sealed_later)
        return JC_OK; /* kept for a person; the chain ends where it did */
    out->begun = true;
    memcpy(out->link, operation->link, JC_SHA256_SIZE);
    out->link_no = newest_no;
    out->due = !holds;
    if (holds)
        out->sealed_no = newest_no;
    return JC_OK;
}

/* --- what waits -------------------------------------------------------------------------------------- */

/* One device whose seals wait. */
struct tail {
    int64_t agency_id;
    struct jc_device device;
    struct jc_str public_key;
    bool holds; /* its newest seal does */
};

static enum jc_code load_tail(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_arena *arena,
                              struct tail *tail, struct jc_err *err) {
    struct jc_operation row = {0};
    tail->agency_id = agency_id;
    enum jc_code code = jc_device_get(tx, agency_id, device_id, arena, &tail->device, err);
    if (!code)
        code = jc_device_public_key(tx, agency_id, device_id, arena, &tail->public_key, err);
    if (code)
        return code;
    code = jc_operation_get(tx, agency_id, tail->device.chain.link_no, arena, &row, err);
    if (code && code != JC_NOT_FOUND) /* a row that somebody took away bears no seal that holds */
        return code;
    tail->holds =
        tail->public_key.len == JC_SIGN_PUBLIC_SIZE && row.seal.len == JC_SIGNATURE_SIZE &&
        jc_seal_verify(tail->device.chain.link, (const uint8_t *)row.seal.ptr, (const uint8_t *)tail->public_key.ptr);
    return JC_OK;
}

static const char UPDATE_SEALED[] = "UPDATE device\n"
                                    "SET sealed_no = $1, seal_due_ms = CASE WHEN link_no = $1 THEN NULL ELSE $2 END\n"
                                    "WHERE agency_id = $3 AND device_id = $4 AND sealed_no < $1";

static enum jc_code note_sealed(struct jc_tx *tx, const struct tail *tail, int64_t now_ms, struct jc_err *err) {
    jc_device_forget(tx, tail->agency_id, tail->device.device_id);
    return jc_tx_exec(tx, UPDATE_SEALED,
                      JC_VALUES(jc_int(tail->device.chain.link_no), jc_int(now_ms), jc_int(tail->agency_id),
                                jc_bytes(tail->device.device_id.bytes, JC_UUID_SIZE)),
                      err);
}

static const char SELECT_BEFORE[] = "SELECT op_key\n"
                                    "FROM operation\n"
                                    "WHERE op_key > $1 AND op_key <= $2 AND agency_id = $3 AND device_id = $4\n"
                                    "ORDER BY op_key DESC\n"
                                    "LIMIT 1";

/* The device's newest row from `from` down to behind its last verified one; *found is false without one. */
static enum jc_code row_before(struct jc_tx *tx, const struct tail *tail, int64_t from, struct jc_arena *arena,
                               struct jc_operation *row, bool *found, struct jc_err *err) {
    int64_t key = 0;
    enum jc_code code = jc_tx_int64(tx, SELECT_BEFORE,
                                    JC_VALUES(jc_int(jc_op_key(tail->agency_id, tail->device.chain.sealed_no)),
                                              jc_int(jc_op_key(tail->agency_id, from)), jc_int(tail->agency_id),
                                              jc_bytes(tail->device.device_id.bytes, JC_UUID_SIZE)),
                                    &key, err);
    *found = code == JC_OK;
    if (code == JC_NOT_FOUND)
        return JC_OK;
    return code ? code : jc_operation_get(tx, tail->agency_id, jc_op_key_no(key), arena, row, err);
}

static bool row_is_sealed(const struct tail *tail, const struct jc_operation *row) {
    uint8_t link[JC_SHA256_SIZE];
    if (row->format != JC_OPERATION_CHAINED || row->seal.len != JC_SIGNATURE_SIZE ||
        tail->public_key.len != JC_SIGN_PUBLIC_SIZE)
        return false;
    jc_link(row->previous, row->id, row->body_sha256, row->depends_on, link);
    return jc_seal_verify(link, (const uint8_t *)row->seal.ptr, (const uint8_t *)tail->public_key.ptr);
}

/* What the operation is about, as far as its body says so itself. */
static enum jc_code describe(const struct jc_operation *row, struct jc_arena *arena, struct jc_review *review,
                             struct jc_err *err) {
    const Jc__OperationBody *body = NULL;
    const Jc__Inspection *inspection = NULL;
    struct jc_str arg;
    enum jc_ground ground;
    if (!row->body.ptr)
        return JC_OK;
    enum jc_code code = jc_sync_decode(row->body, arena, &body, &ground, &arg, err);
    if (code || !body)
        return code;
    const struct jc_command *command = jc_command_of(body);
    review->command = command ? jc_str(command->name) : review->command;
    if (body->command_case == JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION)
        inspection = body->submit_inspection->inspection;
    else if (body->command_case == JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION)
        inspection = body->add_ad_hoc_inspection->inspection;
    else if (body->command_case == JC__OPERATION_BODY__COMMAND_ISSUE_ORDER && body->issue_order->order)
        review->unit_id = jc_str(body->issue_order->order->unit_id);
    else if (body->command_case == JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK && body->submit_recheck->recheck)
        review->task_id = jc_view(body->submit_recheck->recheck->task_id);
    if (inspection) {
        review->unit_id = jc_str(inspection->unit_id);
        review->task_id = jc_view(inspection->task_id);
    }
    return JC_OK;
}

static enum jc_code open_review(struct jc_tx *tx, const struct tail *tail, const struct jc_operation *row,
                                struct jc_arena *arena, const struct jc_verdict *verdict, struct jc_err *err) {
    struct jc_review review = {
        .review_id = row->operation_no,
        .reason = verdict->reason,
        .grounds = jc_verdict_text(verdict),
        .command = JC_STR(""),
        .device_id = tail->device.device_id,
        .team_id = tail->device.team_id,
        .unit_id = JC_STR(""),
        .task_id = JC_STR(""),
    };
    enum jc_code code = describe(row, arena, &review, err);
    return code ? code : jc_review_add(tx, tail->agency_id, &review, err);
}

/* One that was decided without knowing it is decided again, unless nothing of the operation counts: then there is
 * nothing to take back. What its inspector was told of it goes, until there is a decision. */
static enum jc_code reopen(struct jc_tx *tx, const struct tail *tail, const struct jc_review_case *kase,
                           struct jc_err *err) {
    bool rejected = kase->review->decision->kind == JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_REJECT;
    if (rejected && kase->operation.reason)
        return JC_OK;
    enum jc_code code = jc_review_reopen(tx, tail->agency_id, kase->review->review_id, err);
    if (code || !kase->team_id.len)
        return code;
    return jc_change_record(tx, tail->agency_id, JC__ENTITY_KIND__ENTITY_KIND_REVIEW_OUTCOME,
                            jc_view(kase->review->operation_id), kase->team_id, true, err);
}

/* A person looks at it; one who has to already is told. */
static enum jc_code flag(struct jc_tx *tx, const struct tail *tail, const struct jc_operation *row,
                         struct jc_arena *arena, struct jc_err *err) {
    struct jc_verdict verdict;
    struct jc_review_case kase;
    bool exists = false;
    enum jc_code code = jc_review_exists(tx, tail->agency_id, row->operation_no, &exists, err);
    jc_verdict_init(&verdict);
    jc_verdict_add(&verdict, JC_GROUND_SEAL_LATE_WRONG);
    if (code || !exists)
        return code ? code : open_review(tx, tail, row, arena, &verdict, err);
    code = jc_review_get(tx, tail->agency_id, row->operation_no, arena, &kase, err);
    if (!code && kase.review->state == JC__REVIEW_STATE__REVIEW_STATE_CLOSED)
        code = reopen(tx, tail, &kase, err);
    return code ? code : jc_review_add_ground(tx, tail->agency_id, row->operation_no, jc_verdict_text(&verdict), err);
}

static const char UPDATE_WRONG[] =
    "UPDATE device\n"
    "SET seal_wrong_no = CASE WHEN seal_wrong_no > 0 THEN seal_wrong_no ELSE $1 END, sealed_no = $2, seal_due_ms = NULL\n"
    "WHERE agency_id = $3 AND device_id = $4";

/* `gone`: the newest row, which the device's row speaks of, is not there any more; no review can be about it. */
static enum jc_code note_wrong(struct jc_tx *tx, const struct tail *tail, int64_t wrong_no, bool gone, int64_t now_ms,
                               struct jc_err *err) {
    char id[JC_UUID_TEXT];
    const struct jc_audited act = {tail->agency_id, now_ms, JC_STR("server"), JC_STR("device.seal_wrong"),
                                   jc_uuid_format(tail->device.device_id, id)};
    jc_device_forget(tx, tail->agency_id, tail->device.device_id);
    enum jc_code code =
        jc_tx_exec(tx, UPDATE_WRONG,
                   JC_VALUES(jc_int(wrong_no), jc_int(tail->device.chain.link_no), jc_int(tail->agency_id),
                             jc_bytes(tail->device.device_id.bytes, JC_UUID_SIZE)),
                   err);
    if (code || !gone)
        return code ? code : jc_audit_log_note(tx, &act, err, JC_NOTE_SEAL_WRONG, "%lld", (long long)wrong_no);
    return jc_audit_log_note(tx, &act, err, JC_NOTE_SEAL_GONE, "%lld" JC_NOTE_AND "%lld", (long long)wrong_no,
                             (long long)tail->device.chain.link_no);
}

/* Flags every row behind the last seal that holds; they have been looked at then. */
static enum jc_code flag_tail(struct jc_tx *tx, const struct tail *tail, int64_t now_ms, struct jc_err *err) {
    struct jc_arena *arena = jc_arena_new(ARENA_BYTES);
    struct jc_operation row;
    int64_t from = tail->device.chain.link_no, wrong_no = from; /* the newest, should its row be gone */
    bool found = false, sealed = false, gone = true;
    enum jc_code code = arena ? JC_OK : jc_fail_memory(err);
    while (!code) {
        jc_arena_reset(arena);
        code = row_before(tx, tail, from, arena, &row, &found, err);
        gone = gone && !(found && row.operation_no == tail->device.chain.link_no);
        sealed = !code && found && row_is_sealed(tail, &row);
        if (code || !found || sealed)
            break;
        wrong_no = row.operation_no;
        from = row.operation_no - 1;
        code = flag(tx, tail, &row, arena, err);
    }
    jc_arena_free(arena);
    return code ? code : note_wrong(tx, tail, wrong_no, gone, now_ms, err);
}

static enum jc_code settle(struct jc_tx *tx, const struct tail *tail, int64_t now_ms, struct jc_err *err) {
    if (!tail->device.chain.due)
        return JC_OK; /* another was faster */
    return tail->holds ? note_sealed(tx, tail, now_ms, err) : flag_tail(tx, tail, now_ms, err);
}

enum jc_code jc_seal_settle(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, int64_t now_ms, bool *held,
                            struct jc_err *err) {
    struct jc_arena *arena = jc_arena_new(ARENA_BYTES);
    struct tail tail;
    enum jc_code code = arena ? load_tail(tx, agency_id, device_id, arena, &tail, err) : jc_fail_memory(err);
    if (!code)
        code = settle(tx, &tail, now_ms, err);
    *held = !code && tail.holds;
    jc_arena_free(arena);
    return code;
}

/* --- from time to time --------------------------------------------------------------------------------- */

struct look {
    int64_t now_ms;
    struct jc_arena *arena;
    struct {
        struct tail *items;
        size_t count, capacity;
    } tails;
    struct jc_seals_looked *out;
};

static const char SELECT_DUE[] = "SELECT agency_id, device_id\n"
                                 "FROM device\n"
                                 "WHERE seal_due_ms IS NOT NULL AND (seal_due_ms <= $1 OR seal_due_ms > $2)\n"
                                 "ORDER BY seal_due_ms\n"
                                 "LIMIT $3";

static enum jc_code add_due(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct look *look = ctx;
    struct jc_str id = jc_rows_bytes(rows, 1);
    struct tail *tail = JC_PUSH(look->arena, &look->tails, struct tail);
    if (!tail)
        return jc_fail_memory(err);
    tail->agency_id = jc_rows_int64(rows, 0);
    memcpy(tail->device.device_id.bytes, id.ptr, id.len < JC_UUID_SIZE ? id.len : JC_UUID_SIZE);
    return JC_OK;
}

static enum jc_code find_due(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct look *look = ctx;
    enum jc_code code = jc_row_each(
        tx, SELECT_DUE, JC_VALUES(jc_int(look->now_ms - JC_SEAL_WAIT_MS), jc_int(look->now_ms), jc_int(LOOK_MAX)),
        add_due, look, err);
    for (size_t i = 0; !code && i < look->tails.count; i++) {
        struct tail *tail = &look->tails.items[i];
        code = load_tail(tx, tail->agency_id, tail->device.device_id, look->arena, tail, err);
    }
    return code;
}

static enum jc_code settle_due(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct look *look = ctx;
    enum jc_code code = JC_OK;
    *look->out = (struct jc_seals_looked){0};
    jc_tx_memo_keep(tx); /* of what is memoised it writes devices' rows, and says so */
    for (size_t i = 0; !code && i < look->tails.count; i++) {
        const struct tail *tail = &look->tails.items[i];
        bool held = tail->holds;
        code = held ? note_sealed(tx, tail, look->now_ms, err)
                    : jc_seal_settle(tx, tail->agency_id, tail->device.device_id, look->now_ms, &held, err);
        *(held ? &look->out->held : &look->out->wrong) += 1;
    }
    return code;
}

enum jc_code jc_seals_look(struct jc_db *db, int64_t now_ms, struct jc_seals_looked *out, struct jc_err *err) {
    struct look look = {.now_ms = now_ms, .arena = jc_arena_new(ARENA_BYTES), .out = out};
    *out = (struct jc_seals_looked){0};
    enum jc_code code = look.arena ? jc_db_read(db, find_due, &look, err) : jc_fail_memory(err);
    if (!code && look.tails.count)
        code = jc_db_write_wait(db, 0, settle_due, &look, err);
    jc_arena_free(look.arena);
    return code;
}
