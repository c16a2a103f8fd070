/* Blobs: photos, recordings, images of signatures. A record names them by hash, size and type (table
 * `record_blob`); the bytes come later and are then a row of `blob`. A record is complete when nothing it
 * names is missing. Blobs belong to an agency: another one's are not found by their hash.
 *
 * What is deleted under retention leaves its row with the reason, and the records that named it do not miss it
 * again. Only a record that comes later and names the same bytes does: then they are asked for, and live again. */
#ifndef JC_STORE_BLOB_H
#define JC_STORE_BLOB_H

#include "base/id.h"
#include "db/db.h"
#include "jiancha/v1/inspection.pb-c.h"

struct jc_blob {
    uint8_t sha256[JC_SHA256_SIZE];
    int64_t size_bytes;
    struct jc_str media_type;
    int64_t stored_ms;
    int64_t deleted_ms; /* -1: not deleted */
    struct jc_str deleted_why;
};

/* *found false without a row; strings are the arena's. */
enum jc_code jc_blob_get(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                         struct jc_arena *arena, struct jc_blob *out, bool *found, struct jc_err *err);
/* Whether nobody needs to send it: it is there, or it was deleted under retention and no later record misses it. */
enum jc_code jc_blob_is_settled(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE], bool *out,
                                struct jc_err *err);
/* The bytes are whole and durable: adds the row, and no record misses them any more. Fine if it was there. */
enum jc_code jc_blob_store(struct jc_tx *tx, int64_t agency_id, const struct jc_blob *blob, struct jc_err *err);
/* The file has gone (a restored disk, damage): the row goes, and the records miss it again. */
enum jc_code jc_blob_lose(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                          struct jc_err *err);
/* Deleted under retention: hash and reason stay. JC_NOT_FOUND without a row (nothing in err). */
enum jc_code jc_blob_delete(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE], int64_t now_ms,
                            struct jc_str why, struct jc_err *err);

/* Blobs that are there, by agency and hash. */
struct jc_blob_ref {
    int64_t agency_id;
    uint8_t sha256[JC_SHA256_SIZE];
    int64_t size_bytes;
};
/* At most `limit` of them behind `after` (NULL: from the first), of one agency (0: of all). The arena's. */
enum jc_code jc_blob_page(struct jc_tx *tx, int64_t agency_id, const struct jc_blob_ref *after, int limit,
                          struct jc_arena *arena, struct jc_blob_ref **out, size_t *count, struct jc_err *err);

/* The first record that names a blob, for messages. */
struct jc_blob_record {
    struct jc_uuid inspection_id;
    struct jc_str unit_id, unit_name;
};
enum jc_code jc_blob_find_record(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                                 struct jc_arena *arena, struct jc_blob_record *out, bool *found, struct jc_err *err);

/* What a record says of a blob. */
struct jc_blob_named {
    int64_t size_bytes;
    struct jc_str media_type;
};
/* Whether a record of the agency names it, and how. */
enum jc_code jc_blob_find_named(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                                struct jc_arena *arena, struct jc_blob_named *out, bool *found, struct jc_err *err);
/* Whether a record names it that this team made, joined, or has to recheck. */
enum jc_code jc_blob_is_of_team(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                                struct jc_str team_id, bool *out, struct jc_err *err);

/* The photos of the record that an order was issued for, by hash, whether they have arrived or not: what it names never
 * changes, so neither does a task that names it. At most JC_NEEDED_MAX. Messages are the arena's. */
enum { JC_NEEDED_MAX = 200 };
enum jc_code jc_blob_of_order(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_arena *arena,
                              Jc__Photo ***out, size_t *count, struct jc_err *err);

#endif
