/* One row per entity, keyed by (kind, id); recording moves it to the agency's next number. A scope that
 * the entity leaves gets a row of `departure` with that number, so a terminal that was away while it
 * went from team to team still finds the removal behind its cursor. An entity of the whole agency never
 * becomes a team's.
 *
 * Cost: an UPDATE of a row and its place in the feed; two statements for a new entity, five for one
 * that moved to another scope. */
#include "store/change.h"

#include "store/head.h"

/* By far the most frequent: the entity stays where it was. */
static const char UPDATE_CHANGE[] = "UPDATE change\n"
                                    "SET seq = $1, deleted = $2\n"
                                    "WHERE agency_id = $3 AND kind = $4 AND id = $5 AND scope = $6";
static const char INSERT_CHANGE[] = "INSERT INTO change (agency_id, kind, id, scope, seq, deleted)\n"
                                    "VALUES ($1, $2, $3, $4, $5, $6)\n"
                                    "ON CONFLICT (agency_id, kind, id) DO NOTHING";

static const char INSERT_DEPARTURE[] = "INSERT INTO departure (agency_id, scope, kind, id, seq)\n"
                                       "SELECT agency_id, scope, kind, id, $1\n"
                                       "FROM change\n"
                                       "WHERE agency_id = $2 AND kind = $3 AND id = $4\n"
                                       "ON CONFLICT (agency_id, scope, kind, id) DO UPDATE SET seq = excluded.seq";
static const char DELETE_DEPARTURES[] = "DELETE FROM departure\n"
                                        "WHERE agency_id = $1 AND kind = $2 AND id = $3";
static const char DELETE_DEPARTURE[] = "DELETE FROM departure\n"
                                       "WHERE agency_id = $1 AND scope = $2 AND kind = $3 AND id = $4";
static const char MOVE_CHANGE[] = "UPDATE change\n"
                                  "SET scope = $1, seq = $2, deleted = $3\n"
                                  "WHERE agency_id = $4 AND kind = $5 AND id = $6";

/* From one team to another; or to the whole agency, then nobody has lost it. */
static enum jc_code move(struct jc_tx *tx, int64_t agency_id, int64_t seq, Jc__EntityKind kind, struct jc_value id,
                         struct jc_str scope, bool deleted, struct jc_err *err) {
    enum jc_code code;
    if (scope.len) {
        code = jc_tx_exec(tx, INSERT_DEPARTURE, JC_VALUES(jc_int(seq), jc_int(agency_id), jc_int(kind), id), err);
        if (!code)
            code =
                jc_tx_exec(tx, DELETE_DEPARTURE, JC_VALUES(jc_int(agency_id), jc_text(scope), jc_int(kind), id), err);
    } else {
        code = jc_tx_exec(tx, DELETE_DEPARTURES, JC_VALUES(jc_int(agency_id), jc_int(kind), id), err);
    }
    if (code)
        return code;
    return jc_tx_exec(tx, MOVE_CHANGE,
                      JC_VALUES(jc_text(scope), jc_int(seq), jc_int(deleted), jc_int(agency_id), jc_int(kind), id),
                      err);
}

enum jc_code jc_change_record(struct jc_tx *tx, int64_t agency_id, Jc__EntityKind kind, struct jc_str id,
                              struct jc_str scope, bool deleted, struct jc_err *err) {
    struct jc_head *head;
    struct jc_value key = jc_bytes(id.ptr, id.len);
    enum jc_code code = jc_head_of(tx, agency_id, &head, err);
    if (code)
        return code;
    int64_t seq = ++head->change_seq;
    code =
        jc_tx_exec(tx, UPDATE_CHANGE,
                   JC_VALUES(jc_int(seq), jc_int(deleted), jc_int(agency_id), jc_int(kind), key, jc_text(scope)), err);
    if (code || jc_tx_changed(tx))
        return code;
    code =
        jc_tx_exec(tx, INSERT_CHANGE,
                   JC_VALUES(jc_int(agency_id), jc_int(kind), key, jc_text(scope), jc_int(seq), jc_int(deleted)), err);
    if (code || jc_tx_changed(tx))
        return code;
    return move(tx, agency_id, seq, kind, key, scope, deleted, err);
}

static const char SELECT_NEWEST[] =
    "SELECT COALESCE(MAX(seq), 0)\n"
    "FROM (SELECT MAX(seq) AS seq FROM change WHERE agency_id = $1 AND scope = ''\n"
    "      UNION ALL\n"
    "      SELECT MAX(seq) FROM change WHERE agency_id = $1 AND scope = $2\n"
    "      UNION ALL\n"
    "      SELECT MAX(seq) FROM departure WHERE agency_id = $1 AND scope = $2) AS newest";

enum jc_code jc_change_newest(struct jc_tx *tx, int64_t agency_id, struct jc_str scope, int64_t *out,
                              struct jc_err *err) {
    return jc_tx_int64(tx, SELECT_NEWEST, JC_VALUES(jc_int(agency_id), jc_text(scope)), out, err);
}
