/* Rows are numbered by the agency's head and never changed or deleted. */
#include "store/audit_log.h"

#include "store/head.h"

static const char INSERT_AUDIT[] = "INSERT INTO audit_log (agency_id, audit_no, at_ms, actor, act, object, detail)\n"
                                   "VALUES ($1, $2, $3, $4, $5, $6, $7)";

enum jc_code jc_audit_log_add(struct jc_tx *tx, int64_t agency_id, int64_t now_ms, struct jc_str actor,
                              struct jc_str act, struct jc_str object, struct jc_str detail, struct jc_err *err) {
    struct jc_head *head;
    enum jc_code code = jc_head_of(tx, agency_id, &head, err);
    if (code)
        return code;
    head->audit_no++;
    return jc_tx_exec(tx, INSERT_AUDIT,
                      JC_VALUES(jc_int(agency_id), jc_int(head->audit_no), jc_int(now_ms), jc_text(actor), jc_text(act),
                                jc_text(object), jc_text(detail)),
                      err);
}
