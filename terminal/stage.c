/* A page costs one row of `staged` per change; showing moves them with three statements. The listing's
 * place is in the terminal's row: `cursor` where it is shown, `staged_cursor` where the next page begins.
 *
 * A listing from the beginning (the first one, or one the server restarted) replaces the entities, so what
 * it does not name is gone; any other one is laid over them. Operations, sources and numbers given are
 * in other tables that nothing here touches.
 *
 * What must never happen: entities of half a listing on the screen; a page counted twice or into the wrong
 * listing; an answer that wedges the terminal. So a change that makes no sense is skipped, not refused. */
#include "terminal/stage.h"

#include "base/message.h"
#include "terminal/entity.h"

enum { CODE_MAX = 256, YEAR_MIN = 2000, YEAR_MAX = 9999 };

/* --- what a change says ---------------------------------------------------------------------------- */

struct entity {
    int kind;
    struct jc_str id;
    const ProtobufCMessage *message; /* NULL: removal */
};

/* Kind, identifier and message of a change; false for kinds unknown here. */
static bool identify(const Jc__Change *change, struct entity *out) {
    switch (change->entity_case) {
    case JC__CHANGE__ENTITY_TASK:
        *out = (struct entity){JC__ENTITY_KIND__ENTITY_KIND_TASK, jc_view(change->task->task_id), &change->task->base};
        return out->id.len == JC_UUID_SIZE;
    case JC__CHANGE__ENTITY_ORDER:
        *out =
            (struct entity){JC__ENTITY_KIND__ENTITY_KIND_ORDER, jc_view(change->order->order_id), &change->order->base};
        return out->id.len == JC_UUID_SIZE;
    case JC__CHANGE__ENTITY_UNIT:
        *out = (struct entity){JC__ENTITY_KIND__ENTITY_KIND_UNIT, jc_str(change->unit->unit_id), &change->unit->base};
        return true;
    case JC__CHANGE__ENTITY_CHECKLIST:
        *out = (struct entity){JC__ENTITY_KIND__ENTITY_KIND_CHECKLIST, jc_str(change->checklist->checklist_id),
                               &change->checklist->base};
        return true;
    case JC__CHANGE__ENTITY_INSPECTOR:
        *out = (struct entity){JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR, jc_str(change->inspector->inspector_id),
                               &change->inspector->base};
        return true;
    case JC__CHANGE__ENTITY_AGENCY:
        *out = (struct entity){JC__ENTITY_KIND__ENTITY_KIND_AGENCY, jc_str(change->agency->agency_id),
                               &change->agency->base};
        return true;
    case JC__CHANGE__ENTITY_TEAM:
        *out = (struct entity){JC__ENTITY_KIND__ENTITY_KIND_TEAM, jc_str(change->team->team_id), &change->team->base};
        return true;
    case JC__CHANGE__ENTITY_REVIEW_OUTCOME:
        *out = (struct entity){JC__ENTITY_KIND__ENTITY_KIND_REVIEW_OUTCOME,
                               jc_view(change->review_outcome->operation_id), &change->review_outcome->base};
        return out->id.len == JC_UUID_SIZE;
    case JC__CHANGE__ENTITY_REMOVAL:
        *out = (struct entity){(int)change->removal->kind, jc_view(change->removal->id), NULL};
        return jc_terminal_entity_type(out->kind) != NULL;
    default:
        return false;
    }
}

/* --- staging ---------------------------------------------------------------------------------------- */

static const char SQL_STAGE[] = "INSERT INTO staged (kind, id, body)"
                                "VALUES ($1, $2, $3)"
                                "    ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body";

static enum jc_code stage_change(struct jc_tx *tx, struct jc_terminal_page *page, const Jc__Change *change,
                                 struct jc_err *err) {
    struct entity entity;
    struct jc_str packed;
    struct jc_err unreadable;
    struct jc_value body = jc_null();
    page->received++;
    bool sensible = identify(change, &entity) && entity.id.len > 0 && entity.id.len <= CODE_MAX;
    if (sensible && entity.message) {
        enum jc_code code = jc_message_pack(entity.message, page->arena, &packed, err);
        if (code)
            return code;
        sensible = jc_message_check(entity.message->descriptor, packed, &unreadable) == JC_OK;
        body = jc_bytes(packed.ptr, packed.len);
    }
    if (!sensible) {
        page->skipped++;
        return JC_OK;
    }
    page->removed += !entity.message;
    return jc_tx_exec(tx, SQL_STAGE, JC_VALUES(jc_int(entity.kind), jc_bytes(entity.id.ptr, entity.id.len), body), err);
}

static const char SQL_STAGED_CLEAR[] = "DELETE FROM staged";

static const char SQL_STAGED_MARK[] = "UPDATE terminal"
                                      "   SET staging = 1, staged_full = $1, staged_cursor = $2"
                                      " WHERE only_row = 1";

/* --- showing ---------------------------------------------------------------------------------------- */

static const char SQL_ENTITY_CLEAR[] = "DELETE FROM entity";

static const char SQL_ENTITY_REMOVE[] =
    "DELETE FROM entity"
    " WHERE EXISTS (SELECT 1"
    "                 FROM staged AS s"
    "                WHERE s.kind = entity.kind AND s.id = entity.id AND s.body IS NULL)";

static const char SQL_ENTITY_SHOW[] = "INSERT INTO entity (kind, id, body)"
                                      "SELECT kind, id, body"
                                      "  FROM staged"
                                      " WHERE body IS NOT NULL "
                                      "    ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body";

static const char SQL_SHOWN_MARK[] =
    "UPDATE terminal"
    "   SET staging = 0, staged_full = 0, staged_cursor = $1, cursor = $2, synced_ms = $3"
    " WHERE only_row = 1";

static enum jc_code show(struct jc_tx *tx, struct jc_terminal_page *page, bool full, struct jc_err *err) {
    const Jc__SyncResponse *response = page->response;
    enum jc_code code = jc_tx_exec(tx, full ? SQL_ENTITY_CLEAR : SQL_ENTITY_REMOVE, JC_NO_VALUES, err);
    if (code == JC_OK)
        code = jc_tx_exec(tx, SQL_ENTITY_SHOW, JC_NO_VALUES, err);
    if (code == JC_OK)
        code = jc_terminal_operation_decide(tx, page->arena, &page->decided, err);
    if (code == JC_OK)
        code = jc_tx_exec(tx, SQL_STAGED_CLEAR, JC_NO_VALUES, err);
    if (code == JC_OK)
        code = jc_tx_exec(
            tx, SQL_SHOWN_MARK,
            JC_VALUES(jc_bytes("", 0), jc_bytes(response->cursor.data, response->cursor.len), jc_int(page->now_ms)),
            err);
    page->shown = code == JC_OK;
    return code;
}

/* --- blocks and receipt -------------------------------------------------------------------------------- */

static const char SQL_BLOCKS_VERSION[] = "SELECT blocks_version FROM holder WHERE device_id = $1";

static const char SQL_BLOCKS_VERSION_KEEP[] = "UPDATE holder SET blocks_version = $1 WHERE device_id = $2";

static const char SQL_BLOCK_CLEAR[] = "DELETE FROM number_block WHERE device_id = $1";

static const char SQL_BLOCK_ADD[] =
    "INSERT INTO number_block (device_id, kind, year, first_number, last_number)"
    "VALUES ($1, $2, $3, $4, $5)"
    "    ON CONFLICT (device_id, kind, year, first_number) DO UPDATE SET last_number = excluded.last_number";

enum jc_code jc_terminal_blocks_keep(struct jc_tx *tx, struct jc_uuid device_id, const Jc__SyncResponse *response,
                                     struct jc_err *err) {
    struct jc_value device = jc_terminal_uuid_value(&device_id), version = jc_int(response->number_blocks_version);
    int64_t known = 0;
    enum jc_code code = jc_tx_int64(tx, SQL_BLOCKS_VERSION, JC_VALUES(device), &known, err);
    if (code == JC_NOT_FOUND)
        return JC_OK;
    if (code || (known > 0 && known == response->number_blocks_version && response->n_number_blocks == 0))
        return code;
    if ((code = jc_tx_exec(tx, SQL_BLOCK_CLEAR, JC_VALUES(device), err)) == JC_OK)
        code = jc_tx_exec(tx, SQL_BLOCKS_VERSION_KEEP, JC_VALUES(version, device), err);
    for (size_t i = 0; code == JC_OK && i < response->n_number_blocks; i++) {
        const Jc__NumberBlock *block = response->number_blocks[i];
        bool sane = block->kind > 0 && block->year >= YEAR_MIN && block->year <= YEAR_MAX && block->first > 0 &&
                    block->first <= block->last;
        if (sane)
            code = jc_tx_exec(
                tx, SQL_BLOCK_ADD,
                JC_VALUES(device, jc_int(block->kind), jc_int(block->year), jc_int(block->first), jc_int(block->last)),
                err);
    }
    return code;
}

static const char SQL_RECEIPT_KEEP[] = "UPDATE terminal"
                                       "   SET server_time_ms = $1, chain_length = $2, chain_head = $3, offset_ms = $4,"
                                       "       takes_seals = $5"
                                       " WHERE only_row = 1";

static enum jc_code keep_receipt(struct jc_tx *tx, const struct jc_terminal_page *page, struct jc_err *err) {
    const Jc__Receipt *receipt = page->response->receipt;
    const Google__Protobuf__Timestamp *time = page->response->server_time;
    int64_t server_ms = time->seconds * 1000 + time->nanos / 1000000;
    const void *head = receipt->chain_head.len ? (const void *)receipt->chain_head.data : "";
    return jc_tx_exec(tx, SQL_RECEIPT_KEEP,
                      JC_VALUES(jc_int(server_ms), jc_int(receipt->chain_length),
                                jc_bytes(head, receipt->chain_head.len), jc_int(page->now_ms - server_ms),
                                jc_int(page->response->takes_seals)),
                      err);
}

enum jc_code jc_terminal_stage(struct jc_tx *tx, struct jc_terminal_page *page, struct jc_err *err) {
    const Jc__SyncResponse *response = page->response;
    struct jc_terminal_self self;
    page->received = page->removed = page->skipped = 0;
    page->decided = (struct jc_terminal_operations){0};
    page->shown = false;
    enum jc_code code = jc_terminal_self_enrolled(tx, page->arena, &self, err);
    jc_sign_forget(self.secret_key, sizeof self.secret_key);
    if (code)
        return code;
    if (!jc_str_eq(self.position, page->position))
        return jc_fail(err, JC_ABORTED, JC_MSG_TERM_SYNC_ELSEWHERE);
    bool anew = response->restarted || !self.staging;
    bool full = anew ? response->restarted || page->position.len == 0 : self.staged_full;
    if (anew)
        code = jc_tx_exec(tx, SQL_STAGED_CLEAR, JC_NO_VALUES, err);
    for (size_t i = 0; code == JC_OK && i < response->n_changes; i++)
        code = stage_change(tx, page, response->changes[i], err);
    if (code == JC_OK)
        code = keep_receipt(tx, page, err);
    if (code)
        return code;
    if (!response->has_more)
        return show(tx, page, full, err);
    return jc_tx_exec(tx, SQL_STAGED_MARK,
                      JC_VALUES(jc_int(full), jc_bytes(response->cursor.data, response->cursor.len)), err);
}
