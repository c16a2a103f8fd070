/* Who may write to an upload: the request that asked last.
 *
 * A terminal that lost its connection asks again at once, while the server may not have noticed that the
 * old one is gone. So the newer request takes the upload over: the older one's next piece is refused, and
 * the length that the newer one is told stays what it is until it writes itself. Only while the last byte
 * is being made durable nobody may take it (JC_ABORTED: ask again in a moment).
 *
 * In memory alone: after a crash nobody holds anything. Functions may be called from any thread; pieces
 * of different uploads do not wait for each other. */
#ifndef JC_BLOB_HOLD_H
#define JC_BLOB_HOLD_H

#include <pthread.h>

#include "blob/folder.h"

struct jc_holds;

/* One request's right to an upload; lives in the request until it is given back. */
struct jc_hold {
    struct jc_holds *holds;
    struct jc_upload_id id;
    pthread_mutex_t lock; /* of the rest, and while a piece is written */
    int64_t size_bytes;   /* of the file, pieces of this hold included */
    int64_t sure_bytes;   /* of the file if this hold comes to nothing; INT64_MAX: what has arrived counts */
    bool lost;            /* somebody else took it */
    bool closing;         /* nobody may take it */
    struct jc_hold *next;
};

/* NULL without memory. The folder stays the caller's and outlives it. */
struct jc_holds *jc_holds_new(struct jc_blob_folder *folder);
void jc_holds_free(struct jc_holds *holds); /* nothing may be held; NULL is fine */

/* Takes the upload, from whoever has it. With `all_or_nothing` (a checksum comes with the pieces) they are
 * taken back unless jc_hold_keep is called. hold->size_bytes is the length, -1 if there is no such file.
 * On a failure nothing is held. */
enum jc_code jc_hold_take(struct jc_holds *holds, struct jc_upload_id id, bool all_or_nothing, struct jc_hold *hold,
                          struct jc_err *err);
/* Appends. JC_ABORTED if the upload has been taken. */
enum jc_code jc_hold_write(struct jc_hold *hold, struct jc_str bytes, struct jc_err *err);
/* The pieces are good. JC_ABORTED if the upload has been taken. */
enum jc_code jc_hold_keep(struct jc_hold *hold, struct jc_err *err);
/* What it wrote behind the first `size_bytes` is to be taken back, unless the upload has been taken: whoever took
 * it was told of it. */
void jc_hold_revoke(struct jc_hold *hold, int64_t size_bytes);
/* Keeps, and keeps others away until it is given back. */
enum jc_code jc_hold_close(struct jc_hold *hold, struct jc_err *err);
/* Ends it, taking back what was not to be kept: at the latest when the upload is taken the next time. */
void jc_hold_give(struct jc_hold *hold);

#endif
