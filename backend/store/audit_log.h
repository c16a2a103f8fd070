/* The log of administrative acts: who did what to which object, when. */
#ifndef JC_STORE_AUDIT_LOG_H
#define JC_STORE_AUDIT_LOG_H

#include "db/db.h"

/* `actor` is a login, or "cli:" and the system user; `act` is "plan.approve", "device.revoke" … */
enum jc_code jc_audit_log_add(struct jc_tx *tx, int64_t agency_id, int64_t now_ms, struct jc_str actor,
                              struct jc_str act, struct jc_str object, struct jc_str detail, struct jc_err *err);

#endif
