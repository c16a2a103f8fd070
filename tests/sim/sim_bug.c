/* Each is a mistake that somebody could make in the sync core, the store or the server; the simulator has to find it. */
#include "sim/sim_bug.h"

#include <string.h>

#include "jiancha/v1/sync_service.pb-c.h"
#include "store/store.h"
#include "sync/cursor.h"

static bool is_sync(const struct jc_call *call) {
    return call->request && call->request->descriptor == &jc__sync_request__descriptor;
}

static const char ALL_VALID[] = "UPDATE device SET revoked_ms = NULL WHERE revoked_ms IS NOT NULL";
static const char IS_THERE[] = "SELECT COUNT(*) FROM operation WHERE agency_id = 1 AND id = $1";

enum jc_code sim_bug_before(struct sim_server *server, struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__SyncRequest *request = (const Jc__SyncRequest *)call->request;
    int64_t count = 0;
    if (!is_sync(call))
        return JC_OK;
    if (server->world->bug == SIM_BUG_REVOKED)
        return jc_tx_exec(tx, ALL_VALID, JC_NO_VALUES, err);
    if (server->world->bug != SIM_BUG_OTHER_RESULT || request->n_operations == 0)
        return JC_OK;
    ProtobufCBinaryData id = request->operations[0]->id;
    enum jc_code code = jc_tx_int64(tx, IS_THERE, JC_VALUES(jc_bytes(id.data, id.len)), &count, err);
    server->repeats = count > 0;
    return code;
}

static const char FORGET_DEPARTURES[] = "DELETE FROM departure";
static const char LOSE_ROW[] = "DELETE FROM operation WHERE agency_id = 1 AND id = $1";
static const char ALTER_ROW[] =
    "UPDATE operation SET received_ms = received_ms - 86400000 WHERE agency_id = 1 AND id = $1";

enum jc_code sim_bug_after(struct sim_server *server, struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__SyncRequest *request = (const Jc__SyncRequest *)call->request;
    enum sim_bug bug = server->world->bug;
    if (!is_sync(call))
        return JC_OK;
    if (bug == SIM_BUG_DEPARTURE)
        return jc_tx_exec(tx, FORGET_DEPARTURES, JC_NO_VALUES, err);
    if ((bug != SIM_BUG_LOST_ROW && bug != SIM_BUG_ALTERED) || request->n_operations == 0)
        return JC_OK;
    ProtobufCBinaryData id = request->operations[request->n_operations - 1]->id;
    if (id.data[15] % 8)
        return JC_OK;
    return jc_tx_exec(tx, bug == SIM_BUG_LOST_ROW ? LOSE_ROW : ALTER_ROW, JC_VALUES(jc_bytes(id.data, id.len)), err);
}

static enum jc_code read_meta(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_store_meta(tx, ctx, err);
}

/* The cursor says that the change behind it is known, too. */
static void move_cursor(struct sim_server *server, struct jc_call *call, Jc__SyncResponse *response) {
    const struct jc_sync_caller caller = {.agency_id = call->caller.agency_id,
                                          .device_id = call->caller.device_id,
                                          .scope_version = call->caller.scope_version};
    struct jc_store_meta meta;
    struct jc_cursor cursor;
    struct jc_err err;
    struct jc_str bytes = {(const char *)response->cursor.data, response->cursor.len};
    if (jc_db_read(server->db, read_meta, &meta, &err) != JC_OK ||
        !jc_cursor_read(bytes, &caller, meta.incarnation, &cursor) || cursor.section != JC_SECTION_CHANGES)
        return;
    cursor.seq++;
    bytes = jc_cursor_write(&cursor, &caller, meta.incarnation, call->arena);
    response->cursor = (ProtobufCBinaryData){bytes.len, (uint8_t *)(uintptr_t)bytes.ptr};
}

/* Everybody gets the first block of records that anybody got. */
static void repeat_numbers(struct sim_server *server, Jc__SyncResponse *response) {
    for (size_t i = 0; i < response->n_number_blocks; i++) {
        Jc__NumberBlock *block = response->number_blocks[i];
        if (block->kind != JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD)
            continue;
        if (!server->told_last) {
            server->told_first = block->first;
            server->told_last = block->last;
        }
        block->first = (int32_t)server->told_first;
        block->last = (int32_t)server->told_last;
        return;
    }
}

void sim_bug_answer(struct sim_server *server, struct jc_call *call) {
    Jc__SyncResponse *response = (Jc__SyncResponse *)call->response;
    if (!is_sync(call) || !response)
        return;
    switch (server->world->bug) {
    case SIM_BUG_CURSOR:
        move_cursor(server, call, response);
        break;
    case SIM_BUG_NUMBER_TWICE:
        repeat_numbers(server, response);
        break;
    case SIM_BUG_OTHER_RESULT:
        if (server->repeats && response->n_results > 0)
            response->results[0]->status = JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW;
        break;
    case SIM_BUG_STUCK:
        if (call->caller.inspector_id.len && call->caller.inspector_id.ptr[call->caller.inspector_id.len - 1] == '3')
            response->has_more = 1;
        break;
    default:
        break;
    }
}
