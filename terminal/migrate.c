/* The old tables step aside, the schema makes the new ones, the rows are copied and the old tables go: a
 * migrated store has the very schema of a new one. It costs a copy of the store (some MB) once. Then what the
 * records say of their photos is put into the queue, which earlier versions did not have or not whole.
 *
 * What must never happen: a store without its key or with half its work. All of it is one transaction. */
#include "terminal/migrate.h"

#include "embed/jc_terminal_schema_sql.h"
#include "terminal/operation.h"
#include "terminal/upload.h"

/* --- from version 1 --------------------------------------------------------------------------------------- */

static const char SQL_1_ASIDE[] = "DROP INDEX operation_unsent;"
                                  "DROP INDEX operation_by_subject;"
                                  "DROP INDEX operation_by_task;"
                                  "ALTER TABLE terminal RENAME TO terminal_1;"
                                  "ALTER TABLE entity RENAME TO entity_1;"
                                  "ALTER TABLE staged RENAME TO staged_1;"
                                  "ALTER TABLE operation RENAME TO operation_1;"
                                  "ALTER TABLE source RENAME TO source_1;"
                                  "ALTER TABLE photo RENAME TO photo_1;"
                                  "ALTER TABLE number_block RENAME TO number_block_1;"
                                  "ALTER TABLE document_number RENAME TO document_number_1;";

static const char SQL_1_COPY[] =
    "INSERT INTO terminal (only_row, schema_version, created_ms, public_key, secret_key, link, cursor, staging,"
    "                      staged_full, staged_cursor, synced_ms, server_time_ms, chain_length, chain_head,"
    "                      offset_ms, takes_seals, pace_bytes, pace_operations, pace_good, digest_state, digest_ms,"
    "                      ready_ms)"
    "SELECT 1, 3, created_ms, public_key, secret_key, zeroblob(32), cursor, staging, staged_full, staged_cursor,"
    "       synced_ms, server_time_ms, chain_length, chain_head, offset_ms, 0, 0, 0, 0, 0, NULL, NULL"
    "  FROM terminal_1;"
    "INSERT INTO holder (device_id, active, revoked, server, token, device_name, agency_id, agency_name, team_id,"
    "                    inspector_id, inspector_name, enrolled_ms, blocks_version, backed_up_through)"
    "SELECT device_id, 1, 0, server, token, device_name, agency_id, agency_name, team_id, inspector_id,"
    "       inspector_name, enrolled_ms, 0, 0"
    "  FROM terminal_1"
    " WHERE enrolled_ms IS NOT NULL;"
    "INSERT INTO entity (kind, id, body) SELECT kind, id, body FROM entity_1;"
    "INSERT INTO staged (kind, id, body) SELECT kind, id, body FROM staged_1;"
    "INSERT INTO operation (position, operation_id, device_id, command, task_id, subject_id, unit_id, made_ms, body,"
    "                       body_sha256, previous, link, seal, depends_on, offset_ms, unsent, acknowledged_ms,"
    "                       status, set_aside, code, reason_zh, reason_en, operation_no, proven, review)"
    "SELECT position, operation_id, device_id, command, task_id, subject_id, unit_id, made_ms, body, body_sha256,"
    "       zeroblob(0), zeroblob(0), signature, depends_on, 0, unsent, acknowledged_ms, status, set_aside, code,"
    "       reason_zh, reason_en, 0, 0, zeroblob(0)"
    "  FROM operation_1;"
    "INSERT INTO source (subject_id, kind, id, body) SELECT subject_id, kind, id, body FROM source_1;"
    "INSERT INTO photo (subject_id, position, sha256, path, uploaded_ms)"
    "SELECT subject_id, position, sha256, path, uploaded_ms"
    "  FROM photo_1;"
    "INSERT INTO number_block (device_id, kind, year, first_number, last_number)"
    "SELECT t.device_id, b.kind, b.year, b.first_number, b.last_number"
    "  FROM number_block_1 AS b"
    " CROSS JOIN terminal_1 AS t;"
    "INSERT INTO document_number (kind, year, number, subject_id, device_id)"
    "SELECT d.kind, d.year, d.number, d.subject_id, t.device_id"
    "  FROM document_number_1 AS d"
    " CROSS JOIN terminal_1 AS t;"
    "DROP TABLE terminal_1;"
    "DROP TABLE entity_1;"
    "DROP TABLE staged_1;"
    "DROP TABLE operation_1;"
    "DROP TABLE source_1;"
    "DROP TABLE photo_1;"
    "DROP TABLE number_block_1;"
    "DROP TABLE document_number_1;";

/* --- from version 2 --------------------------------------------------------------------------------------- */

static const char SQL_2_ASIDE[] = "DROP INDEX holder_active;"
                                  "DROP INDEX operation_unsent;"
                                  "DROP INDEX operation_by_subject;"
                                  "DROP INDEX operation_by_task;"
                                  "DROP INDEX upload_waiting;"
                                  "ALTER TABLE terminal RENAME TO terminal_2;"
                                  "ALTER TABLE holder RENAME TO holder_2;"
                                  "ALTER TABLE server_key RENAME TO server_key_2;"
                                  "ALTER TABLE entity RENAME TO entity_2;"
                                  "ALTER TABLE staged RENAME TO staged_2;"
                                  "ALTER TABLE operation RENAME TO operation_2;"
                                  "ALTER TABLE source RENAME TO source_2;"
                                  "ALTER TABLE photo RENAME TO photo_2;"
                                  "ALTER TABLE upload RENAME TO upload_2;"
                                  "ALTER TABLE draft RENAME TO draft_2;"
                                  "ALTER TABLE carried RENAME TO carried_2;"
                                  "ALTER TABLE number_block RENAME TO number_block_2;"
                                  "ALTER TABLE document_number RENAME TO document_number_2;";

static const char SQL_2_COPY[] =
    "INSERT INTO terminal (only_row, schema_version, created_ms, public_key, secret_key, link, cursor, staging, "
    "    staged_full, staged_cursor, synced_ms, server_time_ms, chain_length, chain_head, offset_ms, takes_seals, "
    "    pace_bytes, pace_operations, pace_good, digest_state, digest_ms, ready_ms) "
    "SELECT only_row, 3, created_ms, public_key, secret_key, link, cursor, staging, staged_full, staged_cursor, "
    "    synced_ms, server_time_ms, chain_length, chain_head, offset_ms, takes_seals, pace_bytes, pace_operations, "
    "    pace_good, digest_state, digest_ms, ready_ms FROM terminal_2;"
    "INSERT INTO holder (device_id, active, revoked, server, token, device_name, agency_id, agency_name, team_id, "
    "    inspector_id, inspector_name, enrolled_ms, blocks_version, backed_up_through) "
    "SELECT device_id, active, revoked, server, token, device_name, agency_id, agency_name, team_id, inspector_id, "
    "    inspector_name, enrolled_ms, blocks_version, backed_up_through FROM holder_2;"
    "INSERT INTO server_key (key_id, public_key, position) "
    "SELECT key_id, public_key, position FROM server_key_2;"
    "INSERT INTO entity (kind, id, body) "
    "SELECT kind, id, body FROM entity_2;"
    "INSERT INTO staged (kind, id, body) "
    "SELECT kind, id, body FROM staged_2;"
    "INSERT INTO operation (position, operation_id, device_id, command, task_id, subject_id, unit_id, made_ms, body, "
    "    body_sha256, previous, link, seal, depends_on, offset_ms, unsent, acknowledged_ms, status, set_aside, code, "
    "    reason_zh, reason_en, operation_no, proven, review) "
    "SELECT position, operation_id, device_id, command, task_id, subject_id, unit_id, made_ms, body, body_sha256, "
    "    previous, link, seal, depends_on, offset_ms, unsent, acknowledged_ms, status, set_aside, code, reason_zh, "
    "    reason_en, operation_no, proven, review FROM operation_2;"
    "INSERT INTO source (subject_id, kind, id, body) "
    "SELECT subject_id, kind, id, body FROM source_2;"
    "INSERT INTO photo (subject_id, position, sha256, path, uploaded_ms) "
    "SELECT subject_id, position, sha256, path, uploaded_ms FROM photo_2;"
    "INSERT INTO upload (sha256, url, size_bytes, media_type, sent_bytes, priority, failed_ms, done_ms) "
    "SELECT sha256, url, size_bytes, '', sent_bytes, priority, failed_ms, done_ms FROM upload_2;"
    "INSERT INTO draft (draft_id, task_id, unit_id, device_id, changed_ms, handed_to, reason, body) "
    "SELECT draft_id, task_id, unit_id, device_id, changed_ms, handed_to, reason, body FROM draft_2;"
    "INSERT INTO carried (bundle_sha256, device_id, bundle, taken_ms, answered_ms) "
    "SELECT bundle_sha256, device_id, bundle, taken_ms, answered_ms FROM carried_2;"
    "INSERT INTO number_block (device_id, kind, year, first_number, last_number) "
    "SELECT device_id, kind, year, first_number, last_number FROM number_block_2;"
    "INSERT INTO document_number (kind, year, number, subject_id, device_id) "
    "SELECT kind, year, number, subject_id, device_id FROM document_number_2;"
    "DROP TABLE terminal_2;"
    "DROP TABLE holder_2;"
    "DROP TABLE server_key_2;"
    "DROP TABLE entity_2;"
    "DROP TABLE staged_2;"
    "DROP TABLE operation_2;"
    "DROP TABLE source_2;"
    "DROP TABLE photo_2;"
    "DROP TABLE upload_2;"
    "DROP TABLE draft_2;"
    "DROP TABLE carried_2;"
    "DROP TABLE number_block_2;"
    "DROP TABLE document_number_2;";

/* --- what records say of their photos ----------------------------------------------------------------------- */

/* The bytes have a place here and no type yet, or are not in the queue. */
static const char SQL_PLACE[] = "SELECT COUNT(*) FROM photo WHERE subject_id = $1 AND sha256 = $2";
static const char SQL_TYPE[] = "UPDATE upload SET media_type = $1 WHERE sha256 = $2 AND media_type = ''";

static enum jc_code queue_photo(struct jc_tx *tx, struct jc_uuid subject_id, const Jc__Photo *photo,
                                struct jc_err *err) {
    int64_t places = 0;
    struct jc_value sha256 = jc_bytes(photo->sha256.data, photo->sha256.len);
    enum jc_code code =
        jc_tx_int64(tx, SQL_PLACE, JC_VALUES(jc_terminal_uuid_value(&subject_id), sha256), &places, err);
    if (code || !places)
        return code;
    code = jc_tx_exec(tx, SQL_TYPE, JC_VALUES(jc_text(jc_str(photo->media_type)), sha256), err);
    return code ? code : jc_terminal_upload_add(tx, photo, err);
}

static const Jc__Inspection *inspection_of(const Jc__OperationBody *body) {
    if (body->command_case == JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION)
        return body->submit_inspection->inspection;
    if (body->command_case == JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION)
        return body->add_ad_hoc_inspection->inspection;
    return NULL;
}

static enum jc_code queue_photos(struct jc_tx *tx, struct jc_arena *arena, struct jc_err *err) {
    const struct jc_uuid none = {{0}};
    struct jc_terminal_operations list;
    enum jc_code code = jc_terminal_operation_list(tx, none, none, arena, &list, err);
    for (size_t i = 0; !code && i < list.count; i++) {
        Jc__OperationBody *body = NULL;
        code = jc_terminal_operation_body(&list.items[i], arena, &body, err);
        const Jc__Inspection *inspection = code ? NULL : inspection_of(body);
        for (size_t k = 0; !code && inspection && k < inspection->n_photos; k++)
            code = queue_photo(tx, jc_terminal_uuid_of(inspection->inspection_id), inspection->photos[k], err);
    }
    return code;
}

/* --- the whole ------------------------------------------------------------------------------------------------ */

enum jc_code jc_terminal_migrate(struct jc_tx *tx, int64_t from_version, struct jc_err *err) {
    struct jc_arena *arena = jc_arena_new(JC_TERMINAL_ARENA_MAX);
    enum jc_code code = arena ? JC_OK : jc_fail_memory(err);
    if (!code)
        code = jc_tx_script(tx, from_version == 1 ? SQL_1_ASIDE : SQL_2_ASIDE, err);
    if (!code)
        code = jc_tx_script(tx, jc_terminal_schema_sql, err);
    if (!code)
        code = jc_tx_script(tx, from_version == 1 ? SQL_1_COPY : SQL_2_COPY, err);
    if (!code)
        code = queue_photos(tx, arena, err);
    jc_arena_free(arena);
    return code;
}
