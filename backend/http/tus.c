/* Each act is a function from what was asked to what is answered; each touches the database in one job and
 * the file under a hold (blob/hold.h). What must never happen: an answer that says the last byte has arrived
 * before the blob's row is durable. Whatever breaks off in between is finished by the next request for the
 * upload, because how far it has come is read from the disk and not from memory. */
#include "http/tus.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "auth/caller.h"
#include "base/digest.h"
#include "http/connect.h"
#include "store/blob.h"
#include "store/upload.h"

enum {
    PIECE_BYTES = 256 << 10, /* in memory before they are written */
    MS_A_DAY = 24 * 3600 * 1000,
    EXPIRY_MS = 7 * MS_A_DAY, /* an upload nobody goes on with */
};

struct jc_tus {
    const struct jc_tus_desk *desk;
    struct jc_arena *arena;
    struct jc_tus_ask ask;
    struct jc_str token;
    int64_t now_ms;
    const char *allow;

    struct jc_caller caller;
    struct jc_upload upload;
    bool stored; /* the blob is there, whole, or nobody wants it any more */
    struct jc_buf piece;
    struct jc_hold hold;
    bool opened, held;
    struct jc_digest digest; /* of what this request brought */

    struct jc_err err; /* code JC_OK: nothing has failed */
    int status;        /* 0: the usual one of the outcome */
    int64_t offset_bytes;
    int fd;
    int64_t first_byte, byte_count, total_bytes;
    struct jc_str media_type;
};

static void fail(struct jc_tus *tus, int status, enum jc_code code, enum jc_msg what) {
    tus->status = status;
    (void)jc_fail(&tus->err, code, what);
}

/* --- who asks, and for what ------------------------------------------------------------------------------- */

static enum jc_code authenticate(struct jc_tx *tx, struct jc_tus *tus, struct jc_err *err) {
    enum jc_code code = jc_caller_authenticate(tx, tus->token, tus->now_ms, tus->arena, &tus->caller, err);
    if (!code && tus->ask.act != JC_TUS_FETCH && tus->caller.kind != JC_CALLER_DEVICE)
        return jc_fail(err, JC_PERMISSION_DENIED, JC_MSG_ROLE_NOT_ALLOWED);
    return code;
}

static enum jc_code fail_unknown(const struct jc_tus *tus, struct jc_err *err) {
    return jc_fail(err, JC_NOT_FOUND, JC_MSG_UPLOAD_UNKNOWN, jc_str(tus->ask.upload.text));
}

static enum jc_code find_stored(struct jc_tx *tx, struct jc_tus *tus, const uint8_t sha256[JC_SHA256_SIZE],
                                struct jc_err *err) {
    return jc_blob_is_settled(tx, tus->caller.agency_id, sha256, &tus->stored, err);
}

/* The upload of the request, and whether it is done. */
static enum jc_code open_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_tus *tus = ctx;
    bool found = false;
    enum jc_code code = authenticate(tx, tus, err);
    if (!code)
        code = jc_upload_get(tx, tus->caller.agency_id, jc_str(tus->ask.upload.text), tus->arena, &tus->upload, &found,
                             err);
    if (!code && (!found || tus->upload.expires_ms <= tus->now_ms))
        code = fail_unknown(tus, err);
    return code ? code : find_stored(tx, tus, tus->upload.sha256, err);
}

static void give(struct jc_tus *tus) {
    if (tus->held)
        jc_hold_give(&tus->hold);
    tus->held = false;
}

/* The upload's file is not there: it has become the blob's and only the row is missing, or it has been lost. */
static enum jc_code find_file(struct jc_tus *tus) {
    bool whole = false;
    enum jc_code code =
        jc_blob_is_whole(tus->desk->folder, tus->caller.agency_id, tus->upload.sha256, &whole, &tus->err);
    if (!code && !whole)
        code = jc_blob_incoming_create(tus->desk->folder, tus->ask.upload, &tus->err);
    tus->hold.size_bytes = whole ? tus->upload.size_bytes : 0;
    return code;
}

/* Takes the upload of the request over. */
static bool take(struct jc_tus *tus) {
    struct jc_err *err = &tus->err;
    if (jc_hold_take(tus->desk->holds, tus->ask.upload, tus->ask.checksum != JC_TUS_NO_CHECKSUM, &tus->hold, err)) {
        tus->status = err->code == JC_ABORTED ? 423 : 0;
        return false;
    }
    tus->held = true;
    return tus->hold.size_bytes >= 0 || find_file(tus) == JC_OK;
}

/* --- the end of an upload --------------------------------------------------------------------------------- */

static int64_t next_expiry(const struct jc_tus *tus) {
    return tus->now_ms + EXPIRY_MS;
}

static enum jc_code extend_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_tus *tus = ctx;
    return jc_upload_extend(tx, tus->upload.id, next_expiry(tus), err);
}

static enum jc_code store_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_tus *tus = ctx;
    struct jc_blob blob = {
        .size_bytes = tus->upload.size_bytes, .media_type = tus->upload.media_type, .stored_ms = tus->now_ms};
    memcpy(blob.sha256, tus->upload.sha256, JC_SHA256_SIZE);
    enum jc_code code = authenticate(tx, tus, err);
    if (!code)
        code = extend_job(tx, tus, err);
    return code ? code : jc_blob_store(tx, tus->caller.agency_id, &blob, err);
}

static enum jc_code forget_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_tus *tus = ctx;
    return jc_upload_delete(tx, tus->upload.id, err);
}

static enum jc_code write_job(struct jc_tus *tus, jc_job *job, struct jc_err *err) {
    return jc_db_write_wait(tus->desk->db, 0, job, tus, err);
}

/* All bytes are in the file: makes them the blob. Under a hold. */
static void complete(struct jc_tus *tus) {
    struct jc_err ignored;
    if (jc_hold_close(&tus->hold, &tus->err)) {
        tus->status = 423;
        return;
    }
    enum jc_code code =
        jc_blob_publish(tus->desk->folder, tus->ask.upload, tus->caller.agency_id, tus->upload.sha256, &tus->err);
    if (code == JC_DATA_LOSS) {
        tus->status = JC_TUS_CHECKSUM_MISMATCH;
        (void)write_job(tus, forget_job, &ignored);
    }
    if (code || write_job(tus, store_job, &tus->err))
        return;
    tus->stored = true;
    tus->upload.expires_ms = next_expiry(tus);
}

/* A piece counts whether or not its upload's time could be moved: the answer tells the time that is on record. */
static void extend(struct jc_tus *tus) {
    struct jc_err ignored;
    if (!write_job(tus, extend_job, &ignored))
        tus->upload.expires_ms = next_expiry(tus);
}

/* --- acts -------------------------------------------------------------------------------------------------- */

static void options(struct jc_tus *tus) {
    tus->status = 204;
}

static enum jc_code check_size(struct jc_tx *tx, struct jc_tus *tus, struct jc_err *err) {
    struct jc_blob_named named;
    int64_t begun = 0;
    bool found = false;
    enum jc_code code = jc_blob_find_named(tx, tus->caller.agency_id, tus->ask.sha256, tus->arena, &named, &found, err);
    if (!code && found && named.size_bytes != tus->ask.size_bytes)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_BLOB_OTHER_SIZE);
    if (!code)
        code = jc_upload_bytes_since(tx, tus->caller.agency_id, tus->caller.device_id, tus->now_ms - MS_A_DAY, &begun,
                                     err);
    if (!code && begun + tus->ask.size_bytes > tus->desk->daily_max_bytes)
        return jc_fail(err, JC_RESOURCE_EXHAUSTED, JC_MSG_UPLOAD_QUOTA);
    return code;
}

/* An upload that the device began of the same blob is gone on with: it may have lost our answer. */
static enum jc_code create_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_tus *tus = ctx;
    bool found = false;
    enum jc_code code = authenticate(tx, tus, err);
    if (!code)
        code = jc_upload_find_same(tx, tus->caller.agency_id, tus->caller.device_id, tus->ask.sha256,
                                   tus->ask.size_bytes, tus->now_ms, tus->arena, &tus->upload, &found, err);
    if (!code)
        code = find_stored(tx, tus, tus->ask.sha256, err);
    if (code || found)
        return code;
    tus->upload = (struct jc_upload){
        .id = jc_str(tus->ask.upload.text),
        .agency_id = tus->caller.agency_id,
        .device_id = tus->caller.device_id,
        .size_bytes = tus->ask.size_bytes,
        .media_type = tus->ask.media_type,
        .created_ms = tus->now_ms,
        .expires_ms = tus->now_ms + EXPIRY_MS,
    };
    memcpy(tus->upload.sha256, tus->ask.sha256, JC_SHA256_SIZE);
    code = tus->stored ? JC_OK : check_size(tx, tus, err);
    return code ? code : jc_upload_insert(tx, &tus->upload, err);
}

/* How far the upload has come; completes it if only that is missing. */
static void look(struct jc_tus *tus) {
    if (!tus->stored && take(tus) && tus->hold.size_bytes == tus->upload.size_bytes)
        complete(tus);
    tus->offset_bytes = tus->stored ? tus->upload.size_bytes : tus->hold.size_bytes;
    give(tus);
}

static void create(struct jc_tus *tus) {
    if (tus->ask.size_bytes > tus->desk->blob_max_bytes) {
        fail(tus, 413, JC_RESOURCE_EXHAUSTED, JC_MSG_BLOB_LARGE);
        return;
    }
    tus->ask.upload = jc_upload_id_new();
    if (jc_blob_folder_room(tus->desk->folder, tus->ask.size_bytes, &tus->err) || write_job(tus, create_job, &tus->err))
        return;
    if (jc_upload_id_parse(tus->upload.id, &tus->ask.upload))
        look(tus);
    tus->status = tus->err.code ? tus->status : 201;
}

static void status(struct jc_tus *tus) {
    if (!jc_db_read(tus->desk->db, open_job, tus, &tus->err))
        look(tus);
}

/* Opens the upload for the bytes of this request. */
static void open_append(struct jc_tus *tus) {
    tus->opened = true;
    jc_digest_begin(&tus->digest, tus->ask.checksum == JC_TUS_SHA1 ? JC_SHA1 : JC_SHA256);
    if (jc_db_read(tus->desk->db, open_job, tus, &tus->err))
        return;
    tus->offset_bytes = tus->upload.size_bytes;
    if (!tus->stored && !take(tus))
        return;
    if (tus->held)
        tus->offset_bytes = tus->hold.size_bytes;
    if (tus->offset_bytes != tus->ask.offset_bytes)
        fail(tus, 409, JC_ABORTED, JC_MSG_UPLOAD_OFFSET);
    else if (tus->ask.body_bytes > tus->upload.size_bytes - tus->offset_bytes)
        fail(tus, 413, JC_OUT_OF_RANGE, JC_MSG_UPLOAD_LONG);
}

/* More has come than is missing. Nothing of such a request counts. */
static void refuse_long(struct jc_tus *tus) {
    fail(tus, 413, JC_OUT_OF_RANGE, JC_MSG_UPLOAD_LONG);
    if (tus->held)
        jc_hold_revoke(&tus->hold, tus->ask.offset_bytes);
    tus->offset_bytes = tus->ask.offset_bytes;
}

static bool digest_agrees(struct jc_tus *tus) {
    uint8_t found[JC_DIGEST_MAX];
    if (tus->ask.checksum == JC_TUS_NO_CHECKSUM)
        return true;
    size_t size = jc_digest_end(&tus->digest, found);
    return memcmp(found, tus->ask.digest, size) == 0;
}

static void append(struct jc_tus *tus) {
    jc_tus_piece(tus);
    if (tus->err.code || tus->stored)
        return;
    if (!digest_agrees(tus)) {
        fail(tus, JC_TUS_CHECKSUM_MISMATCH, JC_DATA_LOSS, JC_MSG_UPLOAD_CHECKSUM);
        return;
    }
    if (jc_hold_keep(&tus->hold, &tus->err))
        return;
    tus->offset_bytes = tus->hold.size_bytes;
    if (tus->offset_bytes == tus->upload.size_bytes)
        complete(tus);
    else if (tus->offset_bytes > tus->ask.offset_bytes)
        extend(tus);
}

static enum jc_code terminate_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_tus *tus = ctx;
    enum jc_code code = open_job(tx, tus, err);
    if (!code && memcmp(tus->upload.device_id.bytes, tus->caller.device_id.bytes, JC_UUID_SIZE) != 0)
        code = fail_unknown(tus, err);
    return code ? code : jc_upload_delete(tx, tus->upload.id, err);
}

static void terminate(struct jc_tus *tus) {
    if (write_job(tus, terminate_job, &tus->err) || !take(tus))
        return;
    (void)jc_blob_incoming_drop(tus->desk->folder, tus->ask.upload, &tus->err);
    give(tus);
}

/* People see what their agency has, or their team; a device what its team has to do with. */
static enum jc_code fetch_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_tus *tus = ctx;
    struct jc_blob blob;
    bool found = false, seen = false;
    enum jc_code code = authenticate(tx, tus, err);
    if (code)
        return code;
    code = jc_blob_get(tx, tus->caller.agency_id, tus->ask.sha256, tus->arena, &blob, &found, err);
    seen = jc_caller_sees_agency(&tus->caller);
    if (!code && found && !seen)
        code = jc_blob_is_of_team(tx, tus->caller.agency_id, tus->ask.sha256, tus->caller.team_id, &seen, err);
    if (!code && (!found || !seen))
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_BLOB_NOT_HERE);
    if (!code && blob.deleted_ms >= 0)
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_BLOB_DELETED, blob.deleted_why);
    tus->media_type = blob.media_type;
    return code;
}

static void fetch(struct jc_tus *tus) {
    int64_t last = 0;
    if (jc_db_read(tus->desk->db, fetch_job, tus, &tus->err) ||
        jc_blob_open(tus->desk->folder, tus->caller.agency_id, tus->ask.sha256, &tus->fd, &tus->total_bytes, &tus->err))
        return;
    if (!jc_tus_range(&tus->ask, tus->total_bytes, &tus->first_byte, &last)) {
        fail(tus, 416, JC_OUT_OF_RANGE, JC_MSG_BLOB_RANGE);
        return;
    }
    tus->byte_count = last - tus->first_byte + 1;
    tus->status = tus->ask.ranged ? 206 : 200;
}

/* --- the request's life --------------------------------------------------------------------------------------- */

struct jc_tus *jc_tus_begin(const struct jc_tus_desk *desk, struct jc_arena *arena, const struct jc_tus_head *head,
                            struct jc_str token, int64_t now_ms) {
    struct jc_tus *tus = JC_NEW(arena, struct jc_tus);
    if (!tus)
        return NULL;
    *tus = (struct jc_tus){.desk = desk, .arena = arena, .now_ms = now_ms, .fd = -1};
    jc_buf_init(&tus->piece, (size_t)PIECE_BYTES * 2);
    tus->token = jc_arena_copy(arena, token);
    (void)jc_tus_read(head, arena, &tus->ask, &tus->allow, &tus->status, &tus->err);
    return tus->token.ptr ? tus : NULL;
}

void jc_tus_free(struct jc_tus *tus) {
    if (!tus)
        return;
    give(tus);
    if (tus->fd >= 0)
        close(tus->fd);
    jc_buf_free(&tus->piece);
    jc_arena_free(tus->arena);
}

bool jc_tus_has_failed(const struct jc_tus *tus) {
    return tus->err.code != JC_OK;
}

bool jc_tus_take(struct jc_tus *tus, struct jc_str bytes) {
    if (tus->ask.act != JC_TUS_APPEND || tus->err.code)
        return false;
    jc_buf_add(&tus->piece, bytes);
    if (tus->piece.failed)
        (void)jc_fail_memory(&tus->err);
    return !tus->opened || tus->piece.len >= PIECE_BYTES;
}

void jc_tus_piece(struct jc_tus *tus) {
    struct jc_str bytes = jc_buf_str(&tus->piece);
    if (!tus->opened)
        open_append(tus);
    if (!tus->err.code && bytes.len > (uint64_t)(tus->upload.size_bytes - tus->offset_bytes))
        refuse_long(tus);
    if (!tus->err.code && bytes.len) {
        jc_digest_add(&tus->digest, bytes);
        if (!jc_hold_write(&tus->hold, bytes, &tus->err))
            tus->offset_bytes += (int64_t)bytes.len;
    }
    jc_buf_reset(&tus->piece);
}

void jc_tus_finish(struct jc_tus *tus) {
    static void (*const ACTS[])(struct jc_tus * tus) = {
        [JC_TUS_OPTIONS] = options, [JC_TUS_CREATE] = create,       [JC_TUS_STATUS] = status,
        [JC_TUS_APPEND] = append,   [JC_TUS_TERMINATE] = terminate, [JC_TUS_FETCH] = fetch,
    };
    if (!tus->err.code)
        ACTS[tus->ask.act](tus);
    give(tus);
}

void jc_tus_abandon(struct jc_tus *tus) {
    if (!tus->err.code && tus->held && tus->ask.checksum == JC_TUS_NO_CHECKSUM) {
        jc_tus_piece(tus);
        if (tus->offset_bytes > tus->ask.offset_bytes)
            extend(tus);
    }
    give(tus);
}

/* --- the answer --------------------------------------------------------------------------------------------- */

static void add(struct jc_tus_answer *answer, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void add(struct jc_tus_answer *answer, const char *name, const char *format, ...) {
    va_list args;
    va_start(args, format);
    answer->headers[answer->header_count].name = name;
    vsnprintf(answer->headers[answer->header_count].value, JC_TUS_VALUE, format, args);
    va_end(args);
    answer->header_count++;
}

/* RFC 9110 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT". */
static void add_expiry(struct jc_tus_answer *answer, int64_t utc_ms) {
    char text[40];
    struct tm parts;
    time_t seconds = (time_t)(utc_ms / 1000);
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    add(answer, "Upload-Expires", "%s", text);
}

static void add_progress(struct jc_tus_answer *answer, const struct jc_tus *tus) {
    add(answer, "Upload-Offset", "%lld", (long long)tus->offset_bytes);
    add_expiry(answer, tus->upload.expires_ms);
}

static void answer_fetch(struct jc_tus *tus, struct jc_tus_answer *out) {
    char etag[2 * JC_SHA256_SIZE + 1];
    jc_hex(tus->ask.sha256, JC_SHA256_SIZE, etag);
    add(out, "Content-Type", "%.*s", JC_FMT(tus->media_type));
    add(out, "ETag", "\"%s\"", etag);
    add(out, "Accept-Ranges", "bytes");
    add(out, "Cache-Control", "private, no-cache");
    add(out, "X-Content-Type-Options", "nosniff");
    add(out, "Content-Disposition", "attachment");
    if (tus->ask.ranged)
        add(out, "Content-Range", "bytes %lld-%lld/%lld", (long long)tus->first_byte,
            (long long)(tus->first_byte + tus->byte_count - 1), (long long)tus->total_bytes);
    out->fd = tus->fd;
    out->first_byte = tus->first_byte;
    out->byte_count = tus->byte_count;
    tus->fd = -1;
}

static void answer_success(struct jc_tus *tus, struct jc_tus_answer *out) {
    switch (tus->ask.act) {
    case JC_TUS_OPTIONS:
        add(out, "Tus-Version", "1.0.0");
        add(out, "Tus-Extension", "creation,checksum,expiration,termination");
        add(out, "Tus-Checksum-Algorithm", "sha1,sha256");
        add(out, "Tus-Max-Size", "%lld", (long long)tus->desk->blob_max_bytes);
        add(out, "Allow", "%s", tus->allow);
        return;
    case JC_TUS_CREATE:
        add(out, "Location", "/blobs/u/%s", tus->ask.upload.text);
        add_progress(out, tus);
        return;
    case JC_TUS_STATUS:
        add_progress(out, tus);
        add(out, "Upload-Length", "%lld", (long long)tus->upload.size_bytes);
        add(out, "Cache-Control", "no-store");
        return;
    case JC_TUS_APPEND:
        add_progress(out, tus);
        return;
    case JC_TUS_TERMINATE:
        return;
    case JC_TUS_FETCH:
        answer_fetch(tus, out);
        return;
    }
}

static int usual_status(const struct jc_tus *tus) {
    if (tus->err.code)
        return jc_connect_status(tus->err.code);
    return tus->ask.act == JC_TUS_STATUS ? 200 : 204;
}

void jc_tus_answer(struct jc_tus *tus, struct jc_tus_answer *out) {
    *out = (struct jc_tus_answer){.status = tus->status ? tus->status : usual_status(tus), .err = &tus->err, .fd = -1};
    if (tus->ask.act != JC_TUS_FETCH)
        add(out, "Tus-Resumable", "1.0.0");
    if (!tus->err.code)
        answer_success(tus, out);
    else if (out->status == 405)
        add(out, "Allow", "%s", tus->allow);
    else if (out->status == JC_TUS_UNSUPPORTED_VERSION)
        add(out, "Tus-Version", "1.0.0");
    else if (out->status == 409)
        add(out, "Upload-Offset", "%lld", (long long)tus->offset_bytes);
    else if (out->status == 416)
        add(out, "Content-Range", "bytes */%lld", (long long)tus->total_bytes);
}
