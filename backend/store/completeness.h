/* Which of the blobs that records name have arrived (tables `record_blob`, `blob`, `upload`). A record is complete
 * when none is missing; what was deleted under retention is not missing. */
#ifndef JC_STORE_COMPLETENESS_H
#define JC_STORE_COMPLETENESS_H

#include "base/id.h"
#include "db/db.h"
#include "jiancha/v1/evidence_service.pb-c.h"

struct jc_completeness_filter {
    struct jc_str team_id; /* the lead's; empty: all */
    int64_t after;         /* operation number of the record before; 0: from the oldest */
    int limit;
};

/* Records that miss something, in the order in which they came. *next: the `after` of the next page, 0: there is
 * none. Through an index of nothing else: the cost is that of the rows told. Messages are the arena's. */
enum jc_code jc_completeness_list(struct jc_tx *tx, int64_t agency_id, const struct jc_completeness_filter *filter,
                                  struct jc_arena *arena, Jc__RecordCompleteness ***out, size_t *count, int64_t *next,
                                  struct jc_err *err);

/* The row of the first record since then that misses something; 0: none does. */
enum jc_code jc_completeness_first(struct jc_tx *tx, int64_t agency_id, int64_t since_ms, int64_t *operation_no,
                                   struct jc_err *err);
/* The row of the first record since then that names a blob; 0: none does. */
enum jc_code jc_completeness_first_with(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                                        int64_t since_ms, int64_t *operation_no, struct jc_err *err);

struct jc_completeness {
    Jc__RecordCompleteness *record;
    Jc__BlobStatus **blobs;
    size_t count;
};
/* One record with all it names, by hash. JC_NOT_FOUND if the agency has no such inspection, or, with a team, if
 * another team led it. Uploads count while they have time left at `now_ms`. */
enum jc_code jc_completeness_get(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id,
                                 struct jc_str team_id, int64_t now_ms, struct jc_arena *arena,
                                 struct jc_completeness *out, struct jc_err *err);

/* Hashes of what is missing of the records that a device sent, under this or an earlier enrolment of it (the same key),
 * the oldest first; at most `limit`, the arena's. */
enum jc_code jc_completeness_of_device(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, int limit,
                                       struct jc_arena *arena, struct jc_str **out, size_t *count, struct jc_err *err);

#endif
