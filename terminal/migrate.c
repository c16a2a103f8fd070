/* The old tables step aside, the schema makes the new ones, the rows are copied and the old tables go: a
 * migrated store has the very schema of a new one. It costs a copy of the store (some MB) once.
 *
 * What must never happen: a store without its key or with half its work. All of it is one transaction. */
#include "terminal/migrate.h"

#include "embed/jc_terminal_schema_sql.h"

static const char SQL_STEP_ASIDE[] = "DROP INDEX operation_unsent;"
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

static const char SQL_COPY[] =
    "INSERT INTO terminal (only_row, schema_version, created_ms, public_key, secret_key, link, cursor, staging,"
    "                      staged_full, staged_cursor, synced_ms, server_time_ms, chain_length, chain_head,"
    "                      offset_ms, takes_seals, pace_bytes, pace_operations, pace_good, digest_state, digest_ms,"
    "                      ready_ms)"
    "SELECT 1, 2, created_ms, public_key, secret_key, zeroblob(32), cursor, staging, staged_full, staged_cursor,"
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

enum jc_code jc_terminal_migrate(struct jc_tx *tx, struct jc_err *err) {
    enum jc_code code = jc_tx_script(tx, SQL_STEP_ASIDE, err);
    if (code == JC_OK)
        code = jc_tx_script(tx, jc_terminal_schema_sql, err);
    return code == JC_OK ? jc_tx_script(tx, SQL_COPY, err) : code;
}
