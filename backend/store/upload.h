/* Uploads that have begun (table `upload`): whose, of which blob, until when. How far one has come is the
 * length of its file (blob/folder.h); that it is done is the blob's row (store/blob.h). The row stays until
 * it expires, so that a terminal that lost the last answer can ask. */
#ifndef JC_STORE_UPLOAD_H
#define JC_STORE_UPLOAD_H

#include "base/id.h"
#include "db/db.h"

struct jc_upload {
    struct jc_str id; /* as in its URL */
    int64_t agency_id;
    struct jc_uuid device_id; /* that began it */
    uint8_t sha256[JC_SHA256_SIZE];
    int64_t size_bytes;
    struct jc_str media_type; /* "image/jpeg" */
    int64_t created_ms, expires_ms;
};

enum jc_code jc_upload_insert(struct jc_tx *tx, const struct jc_upload *upload, struct jc_err *err);
/* The agency's upload of this id, strings the arena's; *found false without one. */
enum jc_code jc_upload_get(struct jc_tx *tx, int64_t agency_id, struct jc_str id, struct jc_arena *arena,
                           struct jc_upload *out, bool *found, struct jc_err *err);
/* The same of an upload that the device began for this blob and that has not expired. */
enum jc_code jc_upload_find_same(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                                 const uint8_t sha256[JC_SHA256_SIZE], int64_t size_bytes, int64_t now_ms,
                                 struct jc_arena *arena, struct jc_upload *out, bool *found, struct jc_err *err);
enum jc_code jc_upload_extend(struct jc_tx *tx, struct jc_str id, int64_t expires_ms, struct jc_err *err);
enum jc_code jc_upload_delete(struct jc_tx *tx, struct jc_str id, struct jc_err *err);

/* Bytes of the uploads that a device has begun since, done or not. */
enum jc_code jc_upload_bytes_since(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, int64_t since_ms,
                                   int64_t *out_bytes, struct jc_err *err);
/* Ids of uploads whose time is over; the arena's. */
enum jc_code jc_upload_expired(struct jc_tx *tx, int64_t now_ms, struct jc_arena *arena, struct jc_str **out,
                               size_t *count, struct jc_err *err);
/* Whether there is an upload of this id, of any agency. */
enum jc_code jc_upload_exists(struct jc_tx *tx, struct jc_str id, bool *out, struct jc_err *err);
/* Whether an upload of these bytes has begun and has time left. */
enum jc_code jc_upload_exists_of(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                                 int64_t now_ms, bool *out, struct jc_err *err);

#endif
