/* Emptying the store: refused while anything in it is nowhere else.
 *
 * Everything goes in one transaction that has looked once more, so work that another process stores meanwhile is
 * either there (and wiping is refused) or finds no store. Then the file itself is removed; if the power fails in
 * between, what is left is an empty store that can be enrolled like a new one.
 *
 * What must never happen: a record gone that only this terminal had. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "terminal/blob.h"

/* Rejected without a row: the server never took it, and told so under its signature. */
static const char SQL_STATE[] =
    "SELECT (SELECT COUNT(*) FROM operation WHERE unsent = 1),"
    "       (SELECT COUNT(*) FROM operation WHERE unsent = 0 AND proven = 0),"
    "       (SELECT COUNT(*)"
    "          FROM operation AS o"
    "          LEFT JOIN holder AS h ON h.device_id = o.device_id"
    "         WHERE o.unsent = 0 AND o.proven = 1 AND NOT (o.operation_no = 0 AND o.status = $1)"
    "           AND (o.operation_no = 0 OR o.operation_no > COALESCE(h.backed_up_through, 0))),"
    "       (SELECT COUNT(*)"
    "          FROM (SELECT p.sha256 FROM photo AS p"
    "                 WHERE NOT EXISTS (SELECT 1"
    "                                     FROM draft AS d"
    "                                    WHERE d.draft_id = p.subject_id AND d.handed_to <> '') UNION SELECT w.sha256 FROM upload AS w) AS b"
    "          LEFT JOIN upload AS u ON u.sha256 = b.sha256"
    "         WHERE u.done_ms IS NULL),"
    "       (SELECT COUNT(*) FROM draft WHERE handed_to = ''),"
    "       (SELECT COUNT(*) FROM carried WHERE answered_ms IS NULL)";

static enum jc_code read_state(struct jc_tx *tx, struct jc_terminal_wipe_state *out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    *out = (struct jc_terminal_wipe_state){0};
    enum jc_code code =
        jc_tx_query(tx, SQL_STATE, JC_VALUES(jc_int(JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED)), &rows, err);
    if (code == JC_OK)
        code = jc_rows_next(rows, &has_row, err);
    if (code == JC_OK && has_row) {
        int64_t *counts[] = {&out->unsent, &out->unproven, &out->not_backed_up,
                             &out->blobs,  &out->drafts,   &out->carried};
        out->safe = true;
        for (int i = 0; i < (int)(sizeof counts / sizeof counts[0]); i++) {
            *counts[i] = jc_rows_int64(rows, i);
            out->safe &= *counts[i] == 0;
        }
    }
    jc_rows_close(rows);
    return code;
}

static enum jc_code state_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return read_state(tx, ctx, err);
}

enum jc_code jc_terminal_safe_to_wipe(struct jc_terminal *terminal, struct jc_terminal_wipe_state *out,
                                      struct jc_err *err) {
    return jc_terminal_read(terminal, state_job, out, err);
}

static const char SQL_EMPTY[] = "PRAGMA secure_delete = ON;"
                                "DELETE FROM terminal;"
                                "DELETE FROM holder;"
                                "DELETE FROM server_key;"
                                "DELETE FROM entity;"
                                "DELETE FROM staged;"
                                "DELETE FROM operation;"
                                "DELETE FROM source;"
                                "DELETE FROM photo;"
                                "DELETE FROM upload;"
                                "DELETE FROM draft;"
                                "DELETE FROM carried;"
                                "DELETE FROM number_block;"
                                "DELETE FROM document_number;";

static enum jc_code wipe_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_terminal_wipe_state *state = ctx;
    enum jc_code code = read_state(tx, state, err);
    if (code)
        return code;
    if (!state->safe)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_NOT_SAFE_TO_WIPE);
    return jc_tx_script(tx, SQL_EMPTY, err);
}

static void remove_file(const char *path, const char *ending) {
    char name[4096];
    if (snprintf(name, sizeof name, "%s%s", path, ending) < (int)sizeof name)
        unlink(name);
}

enum jc_code jc_terminal_wipe(struct jc_terminal *terminal, struct jc_err *err) {
    struct jc_terminal_wipe_state state;
    enum jc_code code = jc_terminal_write(terminal, wipe_job, &state, err);
    if (code || strcmp(terminal->path, ":memory:") == 0)
        return code;
    jc_terminal_blob_forget(terminal);
    remove_file(terminal->path, "");
    remove_file(terminal->path, "-wal");
    remove_file(terminal->path, "-shm");
    return JC_OK;
}
