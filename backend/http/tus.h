/* Uploads and downloads of blobs: what a request for /blobs does, without sockets.
 *
 *   event thread: jc_tus_begin, jc_tus_take …, jc_tus_answer      pool: jc_tus_piece, jc_tus_finish
 *
 * Bytes without a checksum count as they arrive, so an upload that is cut goes on at the very byte; with
 * one they count when it has been compared. The last byte is answered when the blob is durable, has the
 * hash that was announced, and the records that name it know: then, and only then, it counts. A blob that
 * is there already is not asked for again. Bytes that count move the time at which the upload expires. */
#ifndef JC_HTTP_TUS_H
#define JC_HTTP_TUS_H

#include "blob/hold.h"
#include "db/db.h"
#include "http/tus_head.h"

/* What all uploads of a server share; outlives them. */
struct jc_tus_desk {
    struct jc_db *db;
    struct jc_blob_folder *folder;
    struct jc_holds *holds;
    int64_t blob_max_bytes;  /* of one blob */
    int64_t daily_max_bytes; /* that a device may begin in 24 h */
};

struct jc_tus;

/* A request, in its own arena, which it takes over; NULL without memory, and the arena stays the caller's.
 * A head that is refused is answered by jc_tus_finish like any other failure. */
struct jc_tus *jc_tus_begin(const struct jc_tus_desk *desk, struct jc_arena *arena, const struct jc_tus_head *head,
                            struct jc_str token, int64_t now_ms);
void jc_tus_free(struct jc_tus *tus);

/* Bytes of the body. True once a piece is whole: run jc_tus_piece before the next ones. The first bytes are a piece,
 * so that requests take an upload from each other in the order in which they come. */
bool jc_tus_take(struct jc_tus *tus, struct jc_str bytes);
/* Whether the request has failed already: the rest of the body is not wanted. */
bool jc_tus_has_failed(const struct jc_tus *tus);
/* Writes the piece. */
void jc_tus_piece(struct jc_tus *tus);
/* The body is whole: does what was asked. */
void jc_tus_finish(struct jc_tus *tus);
/* The connection has gone in the middle of the body: what arrived counts, unless a checksum would have said so. */
void jc_tus_abandon(struct jc_tus *tus);

/* --- the answer ---------------------------------------------------------------------------------------- */

enum { JC_TUS_HEADERS = 8, JC_TUS_VALUE = 112 };

struct jc_tus_answer {
    int status;
    struct {
        const char *name;
        char value[JC_TUS_VALUE];
    } headers[JC_TUS_HEADERS];
    int header_count;
    const struct jc_err *err; /* code JC_OK unless it failed */
    int fd;                   /* body: a part of this file, the caller's to close; -1: none */
    int64_t first_byte, byte_count;
};

/* After jc_tus_finish, once. */
void jc_tus_answer(struct jc_tus *tus, struct jc_tus_answer *out);

#endif
