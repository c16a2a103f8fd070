/* What is deleted when its time is over (DESIGN section 6): the words of inspection records and of the orders and
 * rechecks that followed from them, or the photos, recordings and images of signatures they name. Hash and reason stay,
 * so the evidence chain verifies as before.
 *
 * A record's time is that of its end. What is not finished is held whatever its age: a record with a finding that is
 * not corrected, or with an open review; an order with a recheck that is to be made. An order goes with its inspection
 * once its last recheck is old enough, too, and rechecks with their order (store/retention_document.h). A blob goes when
 * every record that names it may go; one that no record names goes by the time it arrived. */
#ifndef JC_STORE_RETENTION_H
#define JC_STORE_RETENTION_H

#include "store/blob.h"

enum jc_retention_kind { JC_RETENTION_BLOBS, JC_RETENTION_BODIES };

struct jc_retention {
    enum jc_retention_kind kind;
    int64_t before_ms;
    struct jc_str reason; /* for whoever asks later */
    struct jc_str actor;  /* for the audit log */
    int64_t now_ms;
};

struct jc_retained {
    int64_t count, bytes;      /* deleted, or to be deleted */
    int64_t held;              /* old enough and not finished */
    struct jc_blob_ref *blobs; /* of JC_RETENTION_BLOBS, the arena's: their files may go once this is durable */
};

/* What jc_retention_delete would delete. */
enum jc_code jc_retention_find(struct jc_tx *tx, int64_t agency_id, const struct jc_retention *retention,
                               struct jc_arena *arena, struct jc_retained *out, struct jc_err *err);
/* Deletes, and says so in the audit log. The files of blobs are left to the caller. */
enum jc_code jc_retention_delete(struct jc_tx *tx, int64_t agency_id, const struct jc_retention *retention,
                                 struct jc_arena *arena, struct jc_retained *out, struct jc_err *err);

#endif
