/* The sync core (DESIGN section 5): operations up, results and changes down, in one write job.
 *
 * Pure: a transaction, who asks, the time and the request in; an answer and rows out. No sockets, no
 * wall clock, no randomness: the same database, time and request give the same answer, so the writer
 * may run the job twice. Operations are commands; each is stored whole with what became of it, and one
 * that cannot be applied never stops those behind it. */
#ifndef JC_SYNC_SYNC_H
#define JC_SYNC_SYNC_H

#include "base/id.h"
#include "db/db.h"
#include "jiancha/v1/sync_service.pb-c.h"
#include "store/device.h"

struct jc_sync_prepared;
struct jc_receipt_draft;
struct jc_receipt_operation;

enum {
    JC_SYNC_BLOBS_MAX = 500,           /* a request may ask for; more are not looked at */
    JC_SYNC_PAGE_DEFAULT = 256 * 1024, /* bytes of changes in an answer */
    JC_SYNC_PAGE_MIN = 4 * 1024,
    JC_SYNC_PAGE_MAX = 4 * 1024 * 1024,
};

/* A device and its holder, authenticated in this transaction. */
struct jc_sync_caller {
    int64_t agency_id;
    struct jc_uuid device_id;
    struct jc_str inspector_id;
    struct jc_str team_id;
    int64_t scope_version;
    int64_t blocks_version; /* of its document numbers */
    struct jc_device_chain chain;
    bool rebuild; /* somebody asked for a new listing */
    bool revoked; /* it cannot ask any more; what it did before comes in a bundle */
};

/* Applies the operations in order, leases document numbers, notes what the device says of itself, and
 * answers with a page of changes. The answer is the arena's. `prepared` is vouched for here if nobody
 * knew the device's key before.
 *
 * If `page_later` is given and more than a little has to be told, the answer has no page yet and
 * *page_later is true: jc_sync_page adds it in a snapshot taken after the commit, so that listing ten
 * thousand units does not hold up the writer.
 *
 * The receipt is signed here and now; if `sign_later` is given it is not, and whoever answers completes
 * the draft once the commit is durable (sync/receipt.h).
 *
 * Fails as a whole, with nothing written, for an unknown device (JC_NOT_FOUND), or for want of memory,
 * disk or database. Whatever is wrong with an operation is told in its result. */
enum jc_code jc_sync_run(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms,
                         struct jc_sync_prepared *prepared, struct jc_arena *arena, Jc__SyncResponse **out,
                         bool *page_later, struct jc_receipt_draft **sign_later, struct jc_err *err);
/* The page of an answer that jc_sync_run left without; any transaction that began after its commit. */
enum jc_code jc_sync_page(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms,
                          const Jc__SyncRequest *request, struct jc_arena *arena, Jc__SyncResponse *response,
                          struct jc_err *err);

/* The operations alone, as a bundle brings them: results, and what a receipt may name. Fails as above. */
enum jc_code jc_sync_take(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms,
                          struct jc_sync_prepared *prepared, struct jc_arena *arena, Jc__OperationResult ***results,
                          struct jc_receipt_operation **durable, size_t *durable_count, struct jc_err *err);

#endif
