/* One row per entity, keyed by (kind, id); recording moves it to the agency's next number. The scopes an
 * entity has left stay in old_scope, so a terminal that was away while it went from team to team still
 * finds the removal behind its cursor. */
#include "store/change.h"

#include "store/head.h"

static const char UPSERT_CHANGE[] =
    "INSERT INTO change (agency_id, seq, kind, id, scope, old_scope, deleted)\n"
    "VALUES ($1, $2, $3, $4, $5, NULL, $6)\n"
    "ON CONFLICT (agency_id, kind, id) DO UPDATE\n"
    "SET seq = excluded.seq,\n"
    "    old_scope = CASE WHEN change.scope = excluded.scope THEN change.old_scope\n"
    "                     ELSE REPLACE(COALESCE(change.old_scope, ';'), ';' || change.scope || ';', ';')\n"
    "                          || change.scope || ';' END,\n"
    "    scope = excluded.scope,\n"
    "    deleted = excluded.deleted";

enum jc_code jc_change_record(struct jc_tx *tx, int64_t agency_id, Jc__EntityKind kind, struct jc_str id,
                              struct jc_str scope, bool deleted, struct jc_err *err) {
    struct jc_head *head;
    enum jc_code code = jc_head_of(tx, agency_id, &head, err);
    if (code)
        return code;
    head->change_seq++;
    return jc_tx_exec(tx, UPSERT_CHANGE,
                      JC_VALUES(jc_int(agency_id), jc_int(head->change_seq), jc_int(kind), jc_bytes(id.ptr, id.len),
                                jc_text(scope), jc_int(deleted)),
                      err);
}
