/* One row per entity, read by key; a list reads all rows of its kind (a team's terminal holds hundreds). */
#include "terminal/entity.h"

const ProtobufCMessageDescriptor *jc_terminal_entity_type(int kind) {
    switch (kind) {
    case JC__ENTITY_KIND__ENTITY_KIND_TASK:
        return &jc__task__descriptor;
    case JC__ENTITY_KIND__ENTITY_KIND_UNIT:
        return &jc__unit__descriptor;
    case JC__ENTITY_KIND__ENTITY_KIND_CHECKLIST:
        return &jc__checklist__descriptor;
    case JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR:
        return &jc__inspector__descriptor;
    case JC__ENTITY_KIND__ENTITY_KIND_ORDER:
        return &jc__rectification_order__descriptor;
    case JC__ENTITY_KIND__ENTITY_KIND_AGENCY:
        return &jc__agency__descriptor;
    case JC__ENTITY_KIND__ENTITY_KIND_TEAM:
        return &jc__team__descriptor;
    case JC__ENTITY_KIND__ENTITY_KIND_REVIEW_OUTCOME:
        return &jc__review_outcome__descriptor;
    default:
        return NULL;
    }
}

/* The first row's first column as a message of that kind; closes the rows. */
static enum jc_code take_one(enum jc_code code, struct jc_rows *rows, Jc__EntityKind kind, struct jc_arena *arena,
                             ProtobufCMessage **out, struct jc_err *err) {
    bool has_row = false;
    *out = NULL;
    if (code == JC_OK)
        code = jc_rows_next(rows, &has_row, err);
    if (code == JC_OK && has_row)
        code = jc_terminal_unpack(jc_terminal_entity_type(kind), jc_rows_bytes(rows, 0), arena, out, err);
    jc_rows_close(rows);
    return code;
}

static const char SQL_ENTITY_GET[] = "SELECT body FROM entity WHERE kind = $1 AND id = $2";

enum jc_code jc_terminal_entity_get(struct jc_tx *tx, Jc__EntityKind kind, struct jc_str id, struct jc_arena *arena,
                                    ProtobufCMessage **out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    enum jc_code code = jc_tx_query(tx, SQL_ENTITY_GET, JC_VALUES(jc_int(kind), jc_bytes(id.ptr, id.len)), &rows, err);
    return take_one(code, rows, kind, arena, out, err);
}

static const char SQL_ENTITY_LIST[] = "SELECT body FROM entity WHERE kind = $1 ORDER BY id";

enum jc_code jc_terminal_entity_list(struct jc_tx *tx, Jc__EntityKind kind, struct jc_arena *arena,
                                     struct jc_terminal_entities *out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    *out = (struct jc_terminal_entities){0};
    enum jc_code code = jc_tx_query(tx, SQL_ENTITY_LIST, JC_VALUES(jc_int(kind)), &rows, err);
    while (code == JC_OK && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row) {
        ProtobufCMessage **item = JC_PUSH(arena, out, ProtobufCMessage *);
        code = item ? jc_terminal_unpack(jc_terminal_entity_type(kind), jc_rows_bytes(rows, 0), arena, item, err)
                    : jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

static const char SQL_SOURCE_KEEP[] = "INSERT INTO source (subject_id, kind, id, body)"
                                      "SELECT $1, kind, id, body"
                                      "  FROM entity"
                                      " WHERE kind = $2 AND id = $3 "
                                      "    ON CONFLICT (subject_id, kind, id) DO NOTHING";

enum jc_code jc_terminal_source_keep(struct jc_tx *tx, struct jc_uuid subject, Jc__EntityKind kind, struct jc_str id,
                                     struct jc_err *err) {
    return jc_tx_exec(tx, SQL_SOURCE_KEEP,
                      JC_VALUES(jc_terminal_uuid_value(&subject), jc_int(kind), jc_bytes(id.ptr, id.len)), err);
}

static const char SQL_SOURCE_GET[] = "SELECT body FROM source WHERE subject_id = $1 AND kind = $2 AND id = $3";

enum jc_code jc_terminal_source_get(struct jc_tx *tx, struct jc_uuid subject, Jc__EntityKind kind, struct jc_str id,
                                    struct jc_arena *arena, ProtobufCMessage **out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    enum jc_code code =
        jc_tx_query(tx, SQL_SOURCE_GET,
                    JC_VALUES(jc_terminal_uuid_value(&subject), jc_int(kind), jc_bytes(id.ptr, id.len)), &rows, err);
    code = take_one(code, rows, kind, arena, out, err);
    if (code || *out)
        return code;
    return jc_terminal_entity_get(tx, kind, id, arena, out, err);
}
