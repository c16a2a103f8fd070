/* One row per enrolment; none is ever deleted, for operations and numbers name theirs. Switching costs a new
 * listing at the next sync: cursors belong to one enrolment.
 *
 * What must never happen: work that goes out in the name of somebody who did not do it. Each operation says who
 * acted (OperationBody.acting_inspector_id), and only work that its own enrolment cannot send any more goes out
 * under another. */
#include "terminal/holder.h"

#include "terminal/operation.h"

#define COLUMNS                                                                                                     \
    "server, token, device_name, agency_id, agency_name, team_id, inspector_id, inspector_name, device_id, active," \
    " revoked, blocks_version"

static enum jc_code read_enrolment(struct jc_rows *rows, struct jc_arena *arena, struct jc_terminal_enrolment *out,
                                   struct jc_err *err) {
    struct jc_terminal_holder *holder = &out->holder;
    struct jc_str *texts[] = {&holder->server,      &out->token,      &holder->device_name,  &holder->agency_id,
                              &holder->agency_name, &holder->team_id, &holder->inspector_id, &holder->inspector_name};
    for (int i = 0; i < (int)(sizeof texts / sizeof texts[0]); i++) {
        *texts[i] = jc_rows_copy(rows, i, arena);
        if (!texts[i]->ptr)
            return jc_fail_memory(err);
    }
    holder->device_id = jc_terminal_uuid(jc_rows_bytes(rows, 8));
    out->active = jc_rows_int64(rows, 9) != 0;
    out->revoked = jc_rows_int64(rows, 10) != 0;
    out->blocks_version = jc_rows_int64(rows, 11);
    return JC_OK;
}

static const char SQL_HOLDER_GET[] = "SELECT " COLUMNS " FROM holder WHERE device_id = $1";

enum jc_code jc_terminal_enrolment_get(struct jc_tx *tx, struct jc_uuid device_id, struct jc_arena *arena,
                                       struct jc_terminal_enrolment *out, bool *found, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    *out = (struct jc_terminal_enrolment){0};
    enum jc_code code = jc_tx_query(tx, SQL_HOLDER_GET, JC_VALUES(jc_terminal_uuid_value(&device_id)), &rows, err);
    if (code == JC_OK)
        code = jc_rows_next(rows, found, err);
    if (code == JC_OK && *found)
        code = read_enrolment(rows, arena, out, err);
    jc_rows_close(rows);
    return code;
}

/* --- a new one -------------------------------------------------------------------------------------------- */

static const char SQL_ADOPT_OWN[] = "UPDATE operation"
                                    "   SET device_id = $1"
                                    " WHERE unsent = 1"
                                    "   AND device_id IN (SELECT h.device_id"
                                    "                       FROM holder AS h"
                                    "                      WHERE h.inspector_id = $2 AND h.agency_id = $3)";

static const char SQL_HOLDER_REST[] =
    "UPDATE holder"
    "   SET active = 0,"
    "       revoked = CASE WHEN agency_id <> $1 OR inspector_id = $2 THEN 1 ELSE revoked END";

static const char SQL_HOLDER_ADD[] =
    "INSERT INTO holder (device_id, active, revoked, server, token, device_name, agency_id, agency_name, team_id,"
    "                    inspector_id, inspector_name, enrolled_ms, blocks_version, backed_up_through)"
    "VALUES ($1, 1, 0, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0)"
    "    ON CONFLICT (device_id) DO UPDATE SET active = 1, revoked = 0, server = excluded.server,"
    "       token = excluded.token, device_name = excluded.device_name, team_id = excluded.team_id,"
    "       enrolled_ms = excluded.enrolled_ms";

static const char SQL_LISTING_ANEW[] = "UPDATE terminal"
                                       "   SET cursor = $1, staging = 0, staged_full = 0, staged_cursor = $1"
                                       " WHERE only_row = 1";

static const char SQL_STAGED_CLEAR[] = "DELETE FROM staged";

enum jc_code jc_terminal_list_anew(struct jc_tx *tx, struct jc_err *err) {
    enum jc_code code = jc_tx_exec(tx, SQL_STAGED_CLEAR, JC_NO_VALUES, err);
    return code == JC_OK ? jc_tx_exec(tx, SQL_LISTING_ANEW, JC_VALUES(jc_bytes("", 0)), err) : code;
}

enum jc_code jc_terminal_enrolment_add(struct jc_tx *tx, const struct jc_terminal_enrolment *fresh, int64_t now_ms,
                                       struct jc_err *err) {
    const struct jc_terminal_holder *holder = &fresh->holder;
    enum jc_code code = jc_tx_exec(tx, SQL_ADOPT_OWN,
                                   JC_VALUES(jc_terminal_uuid_value(&holder->device_id), jc_text(holder->inspector_id),
                                             jc_text(holder->agency_id)),
                                   err);
    if (code == JC_OK)
        code =
            jc_tx_exec(tx, SQL_HOLDER_REST, JC_VALUES(jc_text(holder->agency_id), jc_text(holder->inspector_id)), err);
    if (code == JC_OK)
        code = jc_tx_exec(tx, SQL_HOLDER_ADD,
                          JC_VALUES(jc_terminal_uuid_value(&holder->device_id), jc_text(holder->server),
                                    jc_text(fresh->token), jc_text(holder->device_name), jc_text(holder->agency_id),
                                    jc_text(holder->agency_name), jc_text(holder->team_id),
                                    jc_text(holder->inspector_id), jc_text(holder->inspector_name), jc_int(now_ms)),
                          err);
    return code == JC_OK ? jc_terminal_list_anew(tx, err) : code;
}

static const char SQL_HOLDER_REVOKE[] = "UPDATE holder SET revoked = 1 WHERE device_id = $1";

enum jc_code jc_terminal_enrolment_revoke(struct jc_tx *tx, struct jc_uuid device_id, struct jc_uuid active,
                                          struct jc_err *err) {
    enum jc_code code = jc_tx_exec(tx, SQL_HOLDER_REVOKE, JC_VALUES(jc_terminal_uuid_value(&device_id)), err);
    if (code || jc_terminal_uuid_equal(device_id, active))
        return code;
    return jc_terminal_operation_adopt(tx, device_id, active, err);
}

/* --- public ----------------------------------------------------------------------------------------------- */

static const char SQL_HOLDERS[] =
    "SELECT " COLUMNS ", enrolled_ms,"
    "       (SELECT COUNT(*) FROM operation AS o WHERE o.unsent = 1 AND o.device_id = holder.device_id)"
    "  FROM holder"
    " ORDER BY revoked, enrolled_ms, device_id";

struct listing {
    struct jc_arena *arena;
    struct jc_terminal_share *items;
    size_t count, capacity;
};

static enum jc_code list_holders(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing *listing = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    listing->items = NULL;
    listing->count = listing->capacity = 0;
    enum jc_code code = jc_tx_query(tx, SQL_HOLDERS, JC_NO_VALUES, &rows, err);
    while (code == JC_OK && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row) {
        struct jc_terminal_enrolment enrolment = {0};
        struct jc_terminal_share *share = JC_PUSH(listing->arena, listing, struct jc_terminal_share);
        code = share ? read_enrolment(rows, listing->arena, &enrolment, err) : jc_fail_memory(err);
        if (code == JC_OK)
            *share = (struct jc_terminal_share){.holder = enrolment.holder,
                                                .active = enrolment.active,
                                                .revoked = enrolment.revoked,
                                                .enrolled_ms = jc_rows_int64(rows, 12),
                                                .unsent = jc_rows_int64(rows, 13)};
    }
    jc_rows_close(rows);
    return code;
}

enum jc_code jc_terminal_holders(struct jc_terminal *terminal, struct jc_arena *arena, struct jc_terminal_share **out,
                                 size_t *count, struct jc_err *err) {
    struct listing listing = {.arena = arena};
    enum jc_code code = jc_terminal_read(terminal, list_holders, &listing, err);
    *out = listing.items;
    *count = listing.count;
    return code;
}

struct switching {
    struct listing listing;
    struct jc_str inspector_id;
    struct jc_terminal_holder *out;
};

static const char SQL_SWITCH_OFF[] = "UPDATE holder SET active = 0 WHERE active = 1";

static const char SQL_SWITCH_ON[] = "UPDATE holder SET active = 1 WHERE device_id = $1";

static enum jc_code switch_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct switching *switching = ctx;
    const struct jc_terminal_share *to = NULL;
    enum jc_code code = list_holders(tx, &switching->listing, err);
    for (size_t i = 0; code == JC_OK && !to && i < switching->listing.count; i++) {
        const struct jc_terminal_share *share = &switching->listing.items[i];
        if (jc_str_eq(share->holder.inspector_id, switching->inspector_id) && !share->revoked)
            to = share;
    }
    if (code)
        return code;
    if (!to)
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_TERM_HOLDER_UNKNOWN, switching->inspector_id);
    *switching->out = to->holder;
    if (to->active)
        return JC_OK;
    if ((code = jc_tx_exec(tx, SQL_SWITCH_OFF, JC_NO_VALUES, err)) == JC_OK)
        code = jc_tx_exec(tx, SQL_SWITCH_ON, JC_VALUES(jc_terminal_uuid_value(&to->holder.device_id)), err);
    return code == JC_OK ? jc_terminal_list_anew(tx, err) : code;
}

enum jc_code jc_terminal_switch(struct jc_terminal *terminal, struct jc_str inspector_id, struct jc_arena *arena,
                                struct jc_terminal_holder *out, struct jc_err *err) {
    struct switching switching = {{.arena = arena}, inspector_id, out};
    return jc_terminal_write(terminal, switch_job, &switching, err);
}
