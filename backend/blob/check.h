/* Whether every blob that has a row has its file, and the file its hash and the size that the row says. Reads every
 * byte: hours for terabytes. */
#ifndef JC_BLOB_CHECK_H
#define JC_BLOB_CHECK_H

#include "base/clock.h"
#include "blob/folder.h"
#include "db/db.h"
#include "store/blob.h"

enum jc_blob_wrong {
    JC_BLOB_MISSING, /* there is no file */
    JC_BLOB_ALTERED,
    JC_BLOB_MISSIZED, /* the file is good, and its row says another size */
};

struct jc_blob_fault {
    enum jc_blob_wrong wrong;
    struct jc_blob_ref ref;
    bool named; /* by this record */
    struct jc_blob_record record;
};
/* Called for each; the fault lives as long as the call. */
typedef void jc_blob_fault_fn(void *ctx, const struct jc_blob_fault *fault);

struct jc_blob_check {
    struct jc_db *db;
    int64_t agency_id; /* 0: all */
    /* Blobs without a good file count as missing again, so that terminals that still have them send them once more; an
     * altered file goes aside. Each stands in the audit log. */
    bool ask_again;
    struct jc_str actor; /* for the audit log */
    int64_t now_ms;
    jc_blob_fault_fn *found;
    void *ctx;
    int64_t blobs, bytes, faults; /* what was looked at (bytes of whole files), and what of it was wrong */
};

/* Looks at all of them; others may write meanwhile. */
enum jc_code jc_blob_check_folder(struct jc_blob_check *check, struct jc_blob_folder *folder, struct jc_err *err);

/* Calls `each` for every blob of an agency (0: of all) that has a row, outside of transactions. */
typedef enum jc_code jc_blob_each_fn(void *ctx, const struct jc_blob_ref *ref, struct jc_err *err);
enum jc_code jc_blob_each(struct jc_db *db, int64_t agency_id, jc_blob_each_fn *each, void *ctx, struct jc_err *err);

/* Tells check->found of a blob, and asks for it again if it has no good file and check says so (`folder` NULL: there is
 * no file to go aside). Nothing is told if the row has gone meanwhile or was deleted under retention. */
enum jc_code jc_blob_check_fault(struct jc_blob_check *check, struct jc_blob_folder *folder,
                                 const struct jc_blob_ref *ref, enum jc_blob_wrong wrong, struct jc_err *err);

#endif
