/* The log of administrative acts: who did what to which object, when. Chained row to row like the
 * evidence: chain_hash of row n is SHA-256 over
 *
 *     "jiancha-audit-1" NUL, chain_hash of row n-1 (zeros before the first of schema version 3)
 *     agency_id, audit_no, at_ms: 8 bytes each, little-endian
 *     actor, act, object, detail: length in 8 bytes, little-endian, then the bytes
 *
 * Rows of before version 3 have no hash; none may stand behind one that has. */
#ifndef JC_STORE_AUDIT_LOG_H
#define JC_STORE_AUDIT_LOG_H

#include "db/db.h"
#include "jiancha/v1/evidence_service.pb-c.h"
#include "store/audit_words.h"
#include "store/operation.h"

/* `actor` is a login, or "cli:" and the system user; `act` is "plan.approve", "device.revoke" …; `detail` is text that
 * needs no words (a name, a reason), or a note (store/audit_words.h). */
enum jc_code jc_audit_log_add(struct jc_tx *tx, int64_t agency_id, int64_t now_ms, struct jc_str actor,
                              struct jc_str act, struct jc_str object, struct jc_str detail, struct jc_err *err);

/* The same where the detail has words of the catalogue: `format` makes the note's arguments (store/audit_words.h). */
struct jc_audited {
    int64_t agency_id, now_ms;
    struct jc_str actor, act, object;
};
enum jc_code jc_audit_log_note(struct jc_tx *tx, const struct jc_audited *what, struct jc_err *err,
                               enum jc_audit_note note, const char *format, ...) __attribute__((format(printf, 5, 6)));

struct jc_audit_filter {
    struct jc_str act; /* "device.revoke", or "device." for all of them; empty: all */
    int64_t before;    /* rows older than this one; 0: from the newest */
    int limit;
};
/* The newest first. *more: there are older ones. Messages are the arena's. */
enum jc_code jc_audit_log_list(struct jc_tx *tx, int64_t agency_id, const struct jc_audit_filter *filter,
                               struct jc_arena *arena, Jc__AuditEntry ***out, size_t *count, bool *more,
                               struct jc_err *err);

/* Tells every row that is altered, missing or cut off, and every head that does not match, as jc_chain_verify does. */
enum jc_code jc_audit_log_verify(struct jc_tx *tx, int64_t agency_id, struct jc_chain_points points,
                                 jc_chain_found *found, void *ctx, int64_t *rows_out, struct jc_err *err);

#endif
