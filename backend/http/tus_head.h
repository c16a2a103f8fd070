/* What a request for /blobs asks, by its head alone: the tus protocol 1.0.0 (tus.io/protocols/resumable-upload)
 * with creation, checksum, expiration and termination, and GET of a whole blob. Without sockets or files. */
#ifndef JC_HTTP_TUS_HEAD_H
#define JC_HTTP_TUS_HEAD_H

#include "base/arena.h"
#include "base/msg.h"
#include "blob/folder.h"

/* Absent headers have ptr NULL. */
struct jc_tus_head {
    struct jc_str method, path;
    struct jc_str method_override; /* X-HTTP-Method-Override, honoured with POST */
    struct jc_str resumable;       /* Tus-Resumable */
    struct jc_str upload_length, upload_defer_length, upload_offset, upload_metadata, upload_checksum;
    struct jc_str content_type, content_length, range;
};

enum jc_tus_act {
    JC_TUS_OPTIONS,   /* OPTIONS /blobs */
    JC_TUS_CREATE,    /* POST /blobs */
    JC_TUS_STATUS,    /* HEAD /blobs/u/ID */
    JC_TUS_APPEND,    /* PATCH /blobs/u/ID */
    JC_TUS_TERMINATE, /* DELETE /blobs/u/ID */
    JC_TUS_FETCH,     /* GET or HEAD /blobs/SHA256 */
};

enum jc_tus_checksum { JC_TUS_NO_CHECKSUM, JC_TUS_SHA1, JC_TUS_SHA256 };

enum {
    JC_TUS_UNSUPPORTED_VERSION = 412,
    JC_TUS_CHECKSUM_MISMATCH = 460, /* the protocol's own status */
    JC_TUS_MEDIA_TYPE_MAX = 100,    /* bytes */
};

struct jc_tus_ask {
    enum jc_tus_act act;
    struct jc_upload_id upload;     /* STATUS, APPEND, TERMINATE */
    uint8_t sha256[JC_SHA256_SIZE]; /* CREATE: the metadata's `sha256`, in hex; FETCH */
    int64_t size_bytes;             /* CREATE: Upload-Length */
    struct jc_str media_type;       /* CREATE: the metadata's `type` or `filetype`, NUL-terminated */
    int64_t offset_bytes;           /* APPEND */
    int64_t body_bytes;             /* APPEND: announced; 0 if nothing is */
    enum jc_tus_checksum checksum;  /* APPEND */
    uint8_t digest[JC_SHA256_SIZE]; /* what it is; SHA-1 has 20 bytes */
    bool ranged;                    /* FETCH: bytes first..last */
    int64_t first_byte, last_byte;  /* -1: from the end (last N bytes: first -N, last -1) or to the end */
};

/* Whether the path belongs to this protocol. */
bool jc_tus_is_path(struct jc_str path);
/* Reads the head. On a refusal *status is the answer's (400, 404, 405, 412, 415) and err says why. `allow`
 * becomes what the path can be asked with. Texts of `out` are the arena's. */
enum jc_code jc_tus_read(const struct jc_tus_head *head, struct jc_arena *arena, struct jc_tus_ask *out,
                         const char **allow, int *status, struct jc_err *err);
/* The first and last byte that a range names in a file of this size. False: it names none (416). */
bool jc_tus_range(const struct jc_tus_ask *ask, int64_t size_bytes, int64_t *first, int64_t *last);

#endif
