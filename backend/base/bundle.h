/* Bundles: files of frames that travel on a USB stick or stand as evidence.
 *
 * "JCBUNDLE1\n", then frames: length of the payload (u32, little-endian, at most 4 MiB), type (one
 * byte), payload. The first frame is a HEADER, the last one END; nothing follows it. What the payloads
 * say is the contract's business (bundle.proto); here they are bytes. The payload of END carries the
 * SHA-256 of all bytes before that frame: the reader computes it, and whoever applies a bundle reads the
 * file through once and compares (jc_bundle_hash) before the second time (jc_bundle_rewind).
 *
 * Cost: one pass, the memory of the largest frame. jc_id_init() has been called. */
#ifndef JC_BASE_BUNDLE_H
#define JC_BASE_BUNDLE_H

#include "base/err.h"
#include "base/id.h"
#include "base/sign.h"

enum { JC_BUNDLE_PAYLOAD_MAX = 4 << 20 };

enum jc_bundle_frame_type {
    JC_BUNDLE_HEADER = 1,     /* BundleHeader */
    JC_BUNDLE_OPERATIONS = 2, /* BundleOperations */
    JC_BUNDLE_BLOB = 3,       /* BundleBlob; its bytes follow */
    JC_BUNDLE_BLOB_BYTES = 4, /* raw */
    JC_BUNDLE_ENTITIES = 5,   /* BundleEntities */
    JC_BUNDLE_RECEIPT = 6,    /* BundleReceipt */
    JC_BUNDLE_RECORD = 7,     /* EvidenceRecord */
    JC_BUNDLE_HEAD = 8,       /* EvidenceHead */
    JC_BUNDLE_DRAFT = 9,      /* Inspection that is not submitted yet */
    JC_BUNDLE_PART = 10,      /* BundleEnd over the frames so far: they stand alone, with it as their END */
    JC_BUNDLE_END = 127,      /* BundleEnd */
};

struct jc_bundle_frame {
    int64_t number; /* 1, 2, 3 ... */
    int type;       /* enum jc_bundle_frame_type, or one of a later version */
    struct jc_str payload;
};

/* --- reading --------------------------------------------------------------------------------------- */

struct jc_bundle_reader;

/* Opens a file; one that does not begin like a bundle is JC_INVALID_ARGUMENT. */
enum jc_code jc_bundle_open(const char *path, struct jc_bundle_reader **out, struct jc_err *err);
/* The same over bytes in memory, which stay the caller's; `name` stands for the file in messages. */
enum jc_code jc_bundle_open_bytes(struct jc_str name, struct jc_str bytes, struct jc_bundle_reader **out,
                                  struct jc_err *err);
void jc_bundle_close(struct jc_bundle_reader *reader); /* NULL is fine */

/* The next frame; its payload is the reader's until the next call. Behind END there is none: asking
 * again is a bug. JC_DATA_LOSS for a file that is cut off, JC_INVALID_ARGUMENT for a frame that is too
 * long, of type 0, or out of place (a HEADER that is not first, bytes behind END); both name the
 * frame's number. */
enum jc_code jc_bundle_next(struct jc_bundle_reader *reader, struct jc_bundle_frame *out, struct jc_err *err);
/* SHA-256 of all bytes before the END that jc_bundle_next has returned. */
void jc_bundle_hash(const struct jc_bundle_reader *reader, uint8_t sha256[JC_SHA256_SIZE]);
/* Back to the first frame. */
enum jc_code jc_bundle_rewind(struct jc_bundle_reader *reader, struct jc_err *err);
/* Fills err: frame `number` of this file is not what its type says. Returns JC_INVALID_ARGUMENT. */
enum jc_code jc_bundle_malformed(const struct jc_bundle_reader *reader, int64_t number, struct jc_err *err);
/* Fills err: the file is not what its maker signed. Returns JC_DATA_LOSS. */
enum jc_code jc_bundle_altered(const struct jc_bundle_reader *reader, struct jc_err *err);

/* --- writing --------------------------------------------------------------------------------------- */

struct jc_bundle_writer;

/* Begins PATH.part (mode 0600, whatever a power cut left there is overwritten); PATH itself appears
 * when the bundle is finished. JC_FAILED_PRECONDITION if somebody else is writing there. */
enum jc_code jc_bundle_create(const char *path, struct jc_bundle_writer **out, struct jc_err *err);
/* The same into memory: the bytes are appended to `buf`, which outlives the writer. */
enum jc_code jc_bundle_create_bytes(struct jc_buf *buf, struct jc_bundle_writer **out, struct jc_err *err);

/* At most JC_BUNDLE_PAYLOAD_MAX bytes; not END. After a failure nothing but jc_bundle_abort is allowed. */
enum jc_code jc_bundle_write(struct jc_bundle_writer *writer, enum jc_bundle_frame_type type, struct jc_str payload,
                             struct jc_err *err);
/* SHA-256 of all bytes so far: what END carries. */
void jc_bundle_written_hash(const struct jc_bundle_writer *writer, uint8_t sha256[JC_SHA256_SIZE]);
/* Writes END, makes the file durable, renames it and frees the writer, whatever happens; a file that
 * could not be finished is removed. */
enum jc_code jc_bundle_finish(struct jc_bundle_writer *writer, struct jc_str end, struct jc_err *err);
/* Removes what was written and frees; NULL is fine. */
void jc_bundle_abort(struct jc_bundle_writer *writer);

/* --- who made it ----------------------------------------------------------------------------------- */

/* Ed25519 over "jiancha-bundle-1", NUL and END's SHA-256. */
void jc_bundle_sign(const uint8_t sha256[JC_SHA256_SIZE], const uint8_t secret_key[JC_SIGN_SECRET_SIZE],
                    uint8_t signature[JC_SIGNATURE_SIZE]);
bool jc_bundle_signed(const uint8_t sha256[JC_SHA256_SIZE], const uint8_t signature[JC_SIGNATURE_SIZE],
                      const uint8_t public_key[JC_SIGN_PUBLIC_SIZE]);

#endif
