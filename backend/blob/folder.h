/* Where the bytes of photos and recordings lie: files beside the database, found by their SHA-256.
 *
 *   DIR/incoming/UPLOAD    what has arrived of an upload: its length is how far it has come
 *   DIR/AGENCY/ab/cdef...  whole, checked, durable; never changed and never half there
 *
 * A file gets its name in an agency's folder last of all (fsync, SHA-256 of what lies on the disk, rename,
 * fsync of the folders: DESIGN section 6), and counts once the database has a row for it (store/blob.h).
 * A file without a row is an orphan; a row without its file is a loss that `verify` names.
 *
 * All functions may be called from any thread. What two threads do to the same upload is ordered by
 * blob/hold.h. Failures: errno's, naming the file; a full, read-only or broken disk is JC_UNAVAILABLE. */
#ifndef JC_BLOB_FOLDER_H
#define JC_BLOB_FOLDER_H

#include "base/err.h"
#include "base/id.h"

struct jc_blob_folder;

/* The name of an upload: 128 random bits in hex, as in its URL. */
enum { JC_UPLOAD_ID_SIZE = 16, JC_UPLOAD_ID_TEXT = 2 * JC_UPLOAD_ID_SIZE + 1 };
struct jc_upload_id {
    char text[JC_UPLOAD_ID_TEXT]; /* lower-case hex, NUL-terminated */
};
struct jc_upload_id jc_upload_id_new(void);
/* False if the text is no such name. */
bool jc_upload_id_parse(struct jc_str text, struct jc_upload_id *out);

/* Opens the folder, making it (0700) if it is missing. */
enum jc_code jc_blob_folder_open(const char *dir, struct jc_blob_folder **out, struct jc_err *err);
void jc_blob_folder_close(struct jc_blob_folder *folder); /* NULL is fine */
/* JC_UNAVAILABLE unless `bytes` more fit on the disk and a reserve for the database remains: records
 * are worth more than photos. */
enum jc_code jc_blob_folder_room(const struct jc_blob_folder *folder, int64_t bytes, struct jc_err *err);

/* --- uploads ------------------------------------------------------------------------------------------ */

/* An empty file for a new upload. */
enum jc_code jc_blob_incoming_create(struct jc_blob_folder *folder, struct jc_upload_id id, struct jc_err *err);
/* Bytes that have arrived; -1 if there is no such file. */
enum jc_code jc_blob_incoming_size(const struct jc_blob_folder *folder, struct jc_upload_id id, int64_t *out_bytes,
                                   struct jc_err *err);
/* Puts bytes at `offset`; all or an error, behind which the file may be longer than before. */
enum jc_code jc_blob_incoming_write(struct jc_blob_folder *folder, struct jc_upload_id id, int64_t offset,
                                    struct jc_str bytes, struct jc_err *err);
/* Takes back what lies behind `size_bytes`. */
enum jc_code jc_blob_incoming_cut(struct jc_blob_folder *folder, struct jc_upload_id id, int64_t size_bytes,
                                  struct jc_err *err);
/* Removes it; no failure if it is not there. */
enum jc_code jc_blob_incoming_drop(struct jc_blob_folder *folder, struct jc_upload_id id, struct jc_err *err);

/* --- blobs -------------------------------------------------------------------------------------------- */

/* Makes the upload's bytes the blob `sha256` of the agency: durable when it returns. JC_DATA_LOSS, and the
 * upload's file removed, if they have another hash. Fine if it is the blob already (a repeat). */
enum jc_code jc_blob_publish(struct jc_blob_folder *folder, struct jc_upload_id id, int64_t agency_id,
                             const uint8_t sha256[JC_SHA256_SIZE], struct jc_err *err);
/* A descriptor for reading, the caller's to close. JC_NOT_FOUND without the file. */
enum jc_code jc_blob_open(const struct jc_blob_folder *folder, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                          int *out_fd, int64_t *out_bytes, struct jc_err *err);
struct jc_blob_looked {
    bool there, whole;  /* whole: it has its hash as it lies on the disk */
    int64_t size_bytes; /* of a file that is whole */
};
/* Looks at the file. One that cannot be read because the disk fails (EIO) is there and not whole. */
enum jc_code jc_blob_look(const struct jc_blob_folder *folder, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                          struct jc_blob_looked *out, struct jc_err *err);
/* Whether it is there and whole; a file that cannot be read is a failure. */
enum jc_code jc_blob_is_whole(const struct jc_blob_folder *folder, int64_t agency_id,
                              const uint8_t sha256[JC_SHA256_SIZE], bool *out, struct jc_err *err);
/* Removes it; no failure if it is not there. */
enum jc_code jc_blob_remove(struct jc_blob_folder *folder, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                            struct jc_err *err);

/* A file that is no longer what it is called goes aside, to "cdef....altered", where nothing finds it but people. */
enum jc_code jc_blob_set_aside(struct jc_blob_folder *folder, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                               struct jc_err *err);
/* The same file in another folder under a second name. Fails where the two are on different disks. */
enum jc_code jc_blob_link(const struct jc_blob_folder *from, struct jc_blob_folder *to, int64_t agency_id,
                          const uint8_t sha256[JC_SHA256_SIZE], struct jc_err *err);
/* Copies it, durable when it returns. JC_NOT_FOUND without the file; JC_DATA_LOSS, and nothing copied, if it is no
 * longer what it is called. */
enum jc_code jc_blob_copy(const struct jc_blob_folder *from, struct jc_blob_folder *to, int64_t agency_id,
                          const uint8_t sha256[JC_SHA256_SIZE], struct jc_err *err);

/* --- walking ------------------------------------------------------------------------------------------- */

/* What lies there, in no order. `changed_ms` is the file's own time. An error of a callback ends the walk. */
struct jc_blob_walk {
    void *ctx;
    enum jc_code (*incoming)(void *ctx, struct jc_upload_id id, int64_t changed_ms, struct jc_err *err);
    enum jc_code (*blob)(void *ctx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE], int64_t changed_ms,
                         struct jc_err *err);
};
enum jc_code jc_blob_folder_walk(const struct jc_blob_folder *folder, const struct jc_blob_walk *walk,
                                 struct jc_err *err);

#endif
