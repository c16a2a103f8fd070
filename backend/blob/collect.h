/* What is left over: uploads whose time is over, files that belong to nothing, and files whose row was never
 * written because the machine died between the two, or whose row says that they were deleted. */
#ifndef JC_BLOB_COLLECT_H
#define JC_BLOB_COLLECT_H

#include "blob/folder.h"
#include "db/db.h"

struct jc_blob_collected {
    int64_t expired; /* uploads */
    int64_t removed; /* files that nothing names, a day old at least */
    int64_t adopted; /* files that a record names: they count now */
};

/* Looks at everything once; may run while others upload. What was done before a failure stays done. */
enum jc_code jc_blob_collect(struct jc_db *db, struct jc_blob_folder *folder, int64_t now_ms,
                             struct jc_blob_collected *out, struct jc_err *err);

/* Removes the file of a blob that has been deleted under retention, unless it is on its way again: then, or if the
 * machine dies before, it is left to jc_blob_collect. */
enum jc_code jc_blob_collect_one(struct jc_db *db, struct jc_blob_folder *folder, int64_t agency_id,
                                 const uint8_t sha256[JC_SHA256_SIZE], int64_t now_ms, bool *removed,
                                 struct jc_err *err);

#endif
