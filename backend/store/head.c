/* One row of agency_head, moved by every commit. The transaction holds it (jc_tx_state): jobs change
 * the copy in memory, the row is written once before the commit. What must never happen: a job writes
 * agency_head beside this file, its figures would be overwritten. */
#include "store/head.h"

#include <string.h>

#include "store/row.h"

static enum jc_code read_head(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct jc_head *head = ctx;
    struct jc_str chain = jc_rows_bytes(rows, 2), audit = jc_rows_bytes(rows, 4);
    if (chain.len != JC_SHA256_SIZE || audit.len != JC_SHA256_SIZE) {
        jc_fail(err, JC_DATA_LOSS, JC_MSG_STORE_DAMAGED,
                jc_str(chain.len != JC_SHA256_SIZE ? "agency_head.chain_head" : "agency_head.audit_head"));
        return err->code;
    }
    head->change_seq = jc_rows_int64(rows, 0);
    head->operation_no = jc_rows_int64(rows, 1);
    memcpy(head->chain_head, chain.ptr, JC_SHA256_SIZE);
    head->audit_no = jc_rows_int64(rows, 3);
    memcpy(head->audit_head, audit.ptr, JC_SHA256_SIZE);
    head->conflict_no = jc_rows_int64(rows, 5);
    return JC_OK;
}

static const char SELECT_HEAD[] = "SELECT change_seq, operation_no, chain_head, audit_no, audit_head, conflict_no\n"
                                  "FROM agency_head\n"
                                  "WHERE agency_id = $1";

enum jc_code jc_head_read(struct jc_tx *tx, int64_t agency_id, struct jc_head *out, struct jc_err *err) {
    *out = (struct jc_head){.change_seq = -1};
    enum jc_code code = jc_row_each(tx, SELECT_HEAD, JC_VALUES(jc_int(agency_id)), read_head, out, err);
    if (!code && out->change_seq < 0) {
        char number[JC_NUMBER_TEXT];
        code = jc_fail(err, JC_NOT_FOUND, JC_MSG_AGENCY_UNKNOWN, jc_str_from_int64(agency_id, number));
    }
    return code;
}

static enum jc_code load_head(struct jc_tx *tx, int64_t agency_id, void *state, struct jc_err *err) {
    return jc_head_read(tx, agency_id, state, err);
}

static const char UPDATE_HEAD[] = "UPDATE agency_head\n"
                                  "SET change_seq = $1, operation_no = $2, chain_head = $3, audit_no = $4,\n"
                                  "    audit_head = $5, conflict_no = $6\n"
                                  "WHERE agency_id = $7";

static enum jc_code store_head(struct jc_tx *tx, int64_t agency_id, const void *state, struct jc_err *err) {
    const struct jc_head *head = state;
    return jc_tx_exec(tx, UPDATE_HEAD,
                      JC_VALUES(jc_int(head->change_seq), jc_int(head->operation_no),
                                jc_bytes(head->chain_head, JC_SHA256_SIZE), jc_int(head->audit_no),
                                jc_bytes(head->audit_head, JC_SHA256_SIZE), jc_int(head->conflict_no),
                                jc_int(agency_id)),
                      err);
}

enum jc_code jc_head_of(struct jc_tx *tx, int64_t agency_id, struct jc_head **out, struct jc_err *err) {
    static const struct jc_tx_state HEAD = {sizeof(struct jc_head), load_head, store_head};
    void *state = NULL;
    enum jc_code code = jc_tx_state(tx, &HEAD, agency_id, &state, err);
    *out = state;
    return code;
}
