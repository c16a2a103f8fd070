/* A sync request from anybody, against a small bureau: it is answered, each operation has a result and
 * at most one row, nothing is half applied, and the same request gives the same answer. Every run is
 * rolled back, so each input meets the same database. */
#include <stdlib.h>

#include "../jc_field_bureau.h"
#include "base/message.h"
#include "fuzz.h"
#include "store/store.h"
#include "sync/prepare.h"
#include "sync/sync.h"

struct run {
    struct jc_str bytes;
    struct jc_arena *arena;
    struct jc_str answer;
    bool answered;
};

static int64_t now_ms(void *ctx) {
    (void)ctx;
    return FIELD_NOW_MS;
}

static enum jc_code fill(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    enum jc_code code = field_fill_bureau(tx, ctx, err);
    /* the cursors of the corpus are of this life of the database */
    return code ? code : jc_tx_script(tx, "UPDATE meta SET incarnation = zeroblob(16)", err);
}

static struct jc_db *open_bureau(void) {
    const struct jc_clock clock = {now_ms, NULL};
    struct jc_db_config config = {.path = ":memory:", .create = true};
    uint8_t public_key[JC_SIGN_PUBLIC_SIZE] = {1};
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    PROMISE(jc_id_init());
    PROMISE(jc_db_open(&config, &db, &err) == JC_OK);
    PROMISE(jc_store_create(db, &clock, &err) == JC_OK);
    PROMISE(jc_db_write_wait(db, 1, fill, public_key, &err) == JC_OK);
    return db;
}

static const char COUNT_ROWS[] = "SELECT COUNT(*) FROM operation WHERE agency_id = 1";
static const char COUNT_REVIEWS[] =
    "SELECT COUNT(*) FROM operation AS o WHERE reason <> 0 AND NOT EXISTS"
    " (SELECT 1 FROM review AS r WHERE r.review_id = o.op_key - o.agency_id * 1099511627776)";
static const char COUNT_HALF[] = "SELECT COUNT(*) FROM operation AS o"
                                 "  JOIN inspection AS i ON i.op_key = o.op_key"
                                 " WHERE o.status <> 1 AND i.is_record = 1";

static void check_rows(struct jc_tx *tx, const Jc__SyncRequest *request) {
    struct jc_err err = {0};
    int64_t count = -1;
    PROMISE(jc_tx_int64(tx, COUNT_ROWS, JC_NO_VALUES, &count, &err) == JC_OK);
    PROMISE(count >= 0 && (size_t)count <= request->n_operations);
    PROMISE(jc_tx_int64(tx, COUNT_REVIEWS, JC_NO_VALUES, &count, &err) == JC_OK && count == 0);
    PROMISE(jc_tx_int64(tx, COUNT_HALF, JC_NO_VALUES, &count, &err) == JC_OK && count == 0);
}

static void check_answer(const Jc__SyncRequest *request, const Jc__SyncResponse *response) {
    PROMISE(response->n_results == request->n_operations);
    for (size_t i = 0; i < response->n_results; i++) {
        const Jc__OperationResult *result = response->results[i];
        bool applied = result->status == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED;
        PROMISE(result->status >= JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED &&
                result->status <= JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW);
        PROMISE(applied == !*result->code);
        PROMISE(applied || (*result->reason_zh && *result->reason_en));
    }
    PROMISE(response->cursor.len && response->receipt->chain_head.len == JC_SHA256_SIZE);
    PROMISE(response->receipt->n_operation_ids <= request->n_operations);
}

static enum jc_code job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    ProtobufCMessage *message = NULL;
    Jc__SyncResponse *response = NULL;
    struct jc_sync_caller caller = {.agency_id = 1,
                                    .device_id = field_uuid(FIELD_DEVICE, FIELD_A1),
                                    .inspector_id = JC_STR("a1"),
                                    .team_id = JC_STR("a"),
                                    .scope_version = 1};
    enum jc_code code = jc_message_unpack(&jc__sync_request__descriptor, run->bytes, run->arena, &message, err);
    if (code)
        return code;
    const Jc__SyncRequest *request = (const Jc__SyncRequest *)message;
    struct jc_sync_prepared *prepared = NULL;
    code = jc_sync_prepare(request, run->arena, &prepared, err);
    if (!code)
        code = jc_sync_run(tx, &caller, FIELD_NOW_MS, prepared, run->arena, &response, NULL, NULL, err);
    if (!code) {
        check_answer(request, response);
        check_rows(tx, request);
        code = jc_message_pack(&response->base, run->arena, &run->answer, err);
        run->answered = code == JC_OK;
    }
    return code ? code : jc_fail(err, JC_ABORTED, JC_MSG_INTERNAL); /* roll back */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct jc_db *db;
    struct run runs[2];
    if (!db)
        db = open_bureau();
    for (int i = 0; i < 2; i++) {
        struct jc_err err = {0};
        runs[i] = (struct run){.bytes = {(const char *)data, size}, .arena = jc_arena_new(128 << 20)};
        if (!runs[i].arena)
            abort();
        enum jc_code code = jc_db_write_wait(db, 1, job, &runs[i], &err);
        PROMISE(code == JC_ABORTED || code == JC_INVALID_ARGUMENT || code == JC_RESOURCE_EXHAUSTED);
    }
    PROMISE(runs[0].answered == runs[1].answered && jc_str_eq(runs[0].answer, runs[1].answer));
    jc_arena_free(runs[0].arena);
    jc_arena_free(runs[1].arena);
    return 0;
}
