/* tus 1.0.0 (tus.io) as a client: POST begins, HEAD asks how far the server is, PATCH goes on there. Nothing is
 * believed but what the server says: a piece counts when it is answered, and after a cut the next question comes
 * first. What must never happen: a record waits for a photo. */
#include "terminal/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/text.h"

enum {
    PIECE_BYTES = 512 << 10, /* of one PATCH: a slow net answers within a minute */
    SMALL_BYTES = 128 << 10, /* sent before originals */
    ORIGINALS = 2,           /* their priority: the last */
    TRIES = 3,               /* of one blob in a row that the server counts otherwise than we do */
    MEDIA_TYPE_MAX = 100,    /* as long as the server takes one */
    HEADER_MAX = 320,
};

/* --- the queue ---------------------------------------------------------------------------------------------- */

static const char SQL_ADD[] =
    "INSERT INTO upload (sha256, url, size_bytes, media_type, sent_bytes, priority, failed_ms, done_ms)"
    "VALUES ($1, '', $2, $3, 0, $4, NULL, NULL)"
    "ON CONFLICT (sha256) DO NOTHING";

enum jc_code jc_terminal_upload_add(struct jc_tx *tx, const Jc__Photo *photo, struct jc_err *err) {
    bool signature = photo->kind == JC__BLOB_KIND__BLOB_KIND_SIGNATURE;
    int64_t priority = signature ? 0 : photo->size_bytes <= SMALL_BYTES ? 1 : ORIGINALS;
    return jc_tx_exec(tx, SQL_ADD,
                      JC_VALUES(jc_bytes(photo->sha256.data, photo->sha256.len), jc_int(photo->size_bytes),
                                jc_text(jc_str(photo->media_type)), jc_int(priority)),
                      err);
}

static const char SQL_UNPROVEN[] = "SELECT sha256"
                                   "  FROM upload"
                                   " WHERE done_ms IS NULL"
                                   "   AND sent_bytes = size_bytes"
                                   "   AND url <> ''"
                                   " ORDER BY sha256"
                                   " LIMIT $1";

enum jc_code jc_terminal_upload_unproven(struct jc_tx *tx, size_t max, struct jc_arena *arena, struct jc_str **out,
                                         size_t *count, struct jc_err *err) {
    struct {
        struct jc_str *items;
        size_t count, capacity;
    } list = {0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SQL_UNPROVEN, JC_VALUES(jc_int((int64_t)max)), &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_str *hash = JC_PUSH(arena, &list, struct jc_str);
        if (hash)
            *hash = jc_rows_copy(rows, 0, arena);
        code = hash && hash->ptr ? JC_OK : jc_fail_memory(err);
    }
    jc_rows_close(rows);
    *out = list.items;
    *count = list.count;
    return code;
}

static const char SQL_PROVEN[] = "UPDATE upload SET done_ms = $1 WHERE sha256 = $2 AND done_ms IS NULL";

enum jc_code jc_terminal_upload_proven(struct jc_tx *tx, struct jc_str sha256, int64_t now_ms, struct jc_err *err) {
    return jc_tx_exec(tx, SQL_PROVEN, JC_VALUES(jc_int(now_ms), jc_bytes(sha256.ptr, sha256.len)), err);
}

static const char SQL_DOUBT[] = "UPDATE upload SET done_ms = NULL WHERE done_ms >= $1";

enum jc_code jc_terminal_upload_doubt(struct jc_tx *tx, int64_t since_ms, struct jc_err *err) {
    return jc_tx_exec(tx, SQL_DOUBT, JC_VALUES(jc_int(since_ms)), err);
}

static const char SQL_AGAIN[] = "UPDATE upload"
                                "   SET url = '', sent_bytes = 0, done_ms = NULL"
                                " WHERE sha256 = $1"
                                "   AND (done_ms IS NOT NULL OR sent_bytes = size_bytes)";

enum jc_code jc_terminal_upload_again(struct jc_tx *tx, struct jc_str sha256, struct jc_err *err) {
    return jc_tx_exec(tx, SQL_AGAIN, JC_VALUES(jc_bytes(sha256.ptr, sha256.len)), err);
}

/* --- one blob ------------------------------------------------------------------------------------------------- */

struct blob {
    uint8_t sha256[JC_SHA256_SIZE];
    struct jc_str url, path, media_type;
    int64_t size_bytes, sent_bytes;
    bool refused; /* the server had other bytes once: its disk may have lost some on the way */
    bool lost;
};

struct run {
    struct jc_terminal *terminal;
    const struct jc_transport *transport;
    const struct jc_terminal_upload_options *options;
    struct jc_arena *arena;
    struct jc_terminal_upload_result *out;
    struct jc_str token;
    struct blob blob; /* at hand */
    bool found;       /* there is one */
    bool begun;       /* going through what was sent */
    bool busy;        /* operations wait */
    bool ended;       /* by the budget or the caller */
};

/* The first that waits, its record at the server, and whose file has not failed in this run or before. */
static const char SQL_NEXT[] = "SELECT u.sha256, u.url, u.size_bytes, u.sent_bytes, p.path, u.media_type"
                               "  FROM upload AS u"
                               "  JOIN photo AS p ON p.sha256 = u.sha256"
                               " WHERE u.done_ms IS NULL"
                               "   AND u.failed_ms IS NULL"
                               "   AND (u.sent_bytes < u.size_bytes OR u.url = '')"
                               "   AND u.priority < $1"
                               " ORDER BY u.priority, u.size_bytes - u.sent_bytes, u.sha256"
                               " LIMIT 1";
static const char SQL_BUSY[] = "SELECT COUNT(*) FROM operation WHERE unsent = 1";

static enum jc_code read_next(struct jc_tx *tx, struct run *run, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool small_only = run->options && run->options->small_only;
    enum jc_code code =
        jc_tx_query(tx, SQL_NEXT, JC_VALUES(jc_int(small_only ? ORIGINALS : ORIGINALS + 1)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, &run->found, err);
    if (!code && run->found) {
        struct jc_str sha256 = jc_rows_bytes(rows, 0);
        run->blob = (struct blob){
            .url = jc_rows_copy(rows, 1, run->arena),
            .size_bytes = jc_rows_int64(rows, 2),
            .sent_bytes = jc_rows_int64(rows, 3),
            .path = jc_rows_copy(rows, 4, run->arena),
            .media_type = jc_rows_copy(rows, 5, run->arena),
        };
        if (sha256.len == JC_SHA256_SIZE)
            memcpy(run->blob.sha256, sha256.ptr, JC_SHA256_SIZE);
        const struct blob *blob = &run->blob;
        code = blob->url.ptr && blob->path.ptr && blob->media_type.ptr ? JC_OK : jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

static const char SQL_SENT[] = "SELECT sha256, url, size_bytes, sent_bytes"
                               "  FROM upload"
                               " WHERE done_ms IS NULL"
                               "   AND sent_bytes = size_bytes"
                               "   AND url <> ''"
                               "   AND sha256 > $1"
                               " ORDER BY sha256"
                               " LIMIT 1";

/* The next one behind the one at hand that was sent whole and that no receipt has named. */
static enum jc_code next_sent_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    struct jc_rows *rows = NULL;
    enum jc_code code =
        jc_tx_query(tx, SQL_SENT, JC_VALUES(jc_bytes(run->blob.sha256, run->begun ? JC_SHA256_SIZE : 0)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, &run->found, err);
    if (!code && run->found) {
        struct jc_str sha256 = jc_rows_bytes(rows, 0);
        run->begun = true;
        run->blob = (struct blob){.url = jc_rows_copy(rows, 1, run->arena),
                                  .size_bytes = jc_rows_int64(rows, 2),
                                  .sent_bytes = jc_rows_int64(rows, 3)};
        if (sha256.len == JC_SHA256_SIZE)
            memcpy(run->blob.sha256, sha256.ptr, JC_SHA256_SIZE);
        code = run->blob.url.ptr ? JC_OK : jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

static enum jc_code next_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    struct jc_terminal_self self;
    int64_t waiting = 0;
    run->found = false;
    enum jc_code code = jc_terminal_self_enrolled(tx, run->arena, &self, err);
    if (!code)
        code = jc_tx_int64(tx, SQL_BUSY, JC_NO_VALUES, &waiting, err);
    run->token = self.token;
    run->busy = waiting > 0;
    return code || run->busy ? code : read_next(tx, run, err);
}

static const char SQL_NOTE[] = "UPDATE upload SET url = $1, sent_bytes = $2, failed_ms = $3 WHERE sha256 = $4";

static enum jc_code note_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    const struct blob *blob = &run->blob;
    int64_t failed_ms = blob->lost ? jc_clock_now_ms(&run->terminal->wall) : -1;
    return jc_tx_exec(tx, SQL_NOTE,
                      JC_VALUES(jc_text(blob->url), jc_int(blob->sent_bytes), jc_int_or_null(failed_ms),
                                jc_bytes(blob->sha256, JC_SHA256_SIZE)),
                      err);
}

static enum jc_code note(struct run *run, struct jc_err *err) {
    return jc_terminal_write(run->terminal, note_job, run, err);
}

/* --- what is asked of the server ------------------------------------------------------------------------------ */

static enum jc_code exchange(struct run *run, const char *method, const char *path, const char *const *headers, int fd,
                             int64_t bytes, struct jc_transport_reply *reply, struct jc_err *err) {
    const struct jc_transport_exchange request = {
        .method = method,
        .path = path,
        .token = run->token,
        .headers = headers,
        .fd = fd,
        .offset = run->blob.sent_bytes,
        .bytes = bytes,
    };
    return run->transport->exchange(run->transport->ctx, &request, reply, err);
}

/* A status that ends the run: what it means for the caller. */
static enum jc_code fail_status(const struct jc_transport_reply *reply, struct jc_err *err) {
    char number[JC_NUMBER_TEXT];
    struct jc_str status = jc_str_from_int64(reply->status, number);
    switch (reply->status) {
    case 401:
        return jc_fail(err, JC_UNAUTHENTICATED, JC_MSG_TERM_ANSWER_STATUS, status);
    case 429:
        return jc_fail(err, JC_RESOURCE_EXHAUSTED, JC_MSG_TERM_UPLOAD_LATER);
    default:
        return jc_fail(err, reply->status >= 500 ? JC_UNAVAILABLE : JC_UNKNOWN, JC_MSG_TERM_ANSWER_STATUS, status);
    }
}

/* An offset the server told us is one within the blob. */
static bool believe_offset(struct blob *blob, const struct jc_transport_reply *reply) {
    if (reply->upload_offset < 0 || reply->upload_offset > blob->size_bytes)
        return false;
    blob->sent_bytes = reply->upload_offset;
    return true;
}

/* POST: begins an upload, or finds the one we began, or hears that the bytes are there. */
static enum jc_code begin(struct run *run, struct jc_err *err) {
    struct blob *blob = &run->blob;
    struct jc_transport_reply reply;
    char hex[2 * JC_SHA256_SIZE + 1], length[64], metadata[HEADER_MAX];
    struct jc_str hash = jc_base64(jc_hex(blob->sha256, JC_SHA256_SIZE, hex), run->arena);
    struct jc_str type = jc_base64(jc_text_cut(blob->media_type, MEDIA_TYPE_MAX), run->arena);
    if (!hash.ptr || !type.ptr)
        return jc_fail_memory(err);
    snprintf(length, sizeof length, "Upload-Length: %lld", (long long)blob->size_bytes);
    snprintf(metadata, sizeof metadata, "Upload-Metadata: sha256 %s%s%s", hash.ptr, type.len ? ",type " : "", type.ptr);
    const char *const headers[] = {"Tus-Resumable: 1.0.0", length, metadata, NULL};
    enum jc_code code = exchange(run, "POST", "/blobs", headers, -1, 0, &reply, err);
    if (code)
        return code;
    if (reply.status == 400 || reply.status == 413) { /* the server will not have it, now or later */
        blob->lost = true;
        return JC_OK;
    }
    if (reply.status != 201 || !*reply.location || reply.location[0] != '/')
        return fail_status(&reply, err);
    blob->url = jc_arena_copy(run->arena, jc_str(reply.location));
    blob->sent_bytes = 0;
    (void)believe_offset(blob, &reply);
    return blob->url.ptr ? JC_OK : jc_fail_memory(err);
}

/* HEAD: how far it is there. An upload the server has forgotten is begun anew. */
static enum jc_code ask(struct run *run, struct jc_err *err) {
    static const char *const HEADERS[] = {"Tus-Resumable: 1.0.0", NULL};
    struct blob *blob = &run->blob;
    struct jc_transport_reply reply;
    enum jc_code code = exchange(run, "HEAD", blob->url.ptr, HEADERS, -1, 0, &reply, err);
    if (code)
        return code;
    if (reply.status == 404 || reply.status == 410) {
        blob->url = JC_STR("");
        blob->sent_bytes = 0;
        return JC_OK;
    }
    return reply.status == 200 && believe_offset(blob, &reply) ? JC_OK : fail_status(&reply, err);
}

/* PATCH: the next piece. */
static enum jc_code go_on(struct run *run, int fd, int64_t bytes, struct jc_err *err) {
    struct blob *blob = &run->blob;
    struct jc_transport_reply reply;
    char offset[64];
    int64_t before = blob->sent_bytes;
    snprintf(offset, sizeof offset, "Upload-Offset: %lld", (long long)blob->sent_bytes);
    const char *const headers[] = {"Tus-Resumable: 1.0.0", "Content-Type: application/offset+octet-stream", offset,
                                   NULL};
    enum jc_code code = exchange(run, "PATCH", blob->url.ptr, headers, fd, bytes, &reply, err);
    if (code)
        return code;
    if (reply.status == 409 || reply.status == 423 || reply.status == 404)
        return ask(run, err);
    if (reply.status == 460) { /* whole there, and not what the record says: twice, and it is the file here */
        blob->lost = blob->refused;
        blob->refused = true;
        blob->url = JC_STR("");
        blob->sent_bytes = 0;
        return JC_OK;
    }
    if (reply.status != 204 || !believe_offset(blob, &reply))
        return fail_status(&reply, err);
    run->out->sent_bytes += blob->sent_bytes - before;
    return JC_OK;
}

/* --- one blob from here to there -------------------------------------------------------------------------------- */

/* The file as it was recorded; -1 if it is gone or has another size. */
static int open_file(struct blob *blob) {
    struct stat file;
    int fd = open(blob->path.ptr, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_size == blob->size_bytes)
        return fd;
    if (fd >= 0)
        close(fd);
    blob->lost = true;
    return -1;
}

/* Bytes of the next piece; 0: the budget is used up. */
static int64_t piece(const struct run *run) {
    int64_t bytes = run->blob.size_bytes - run->blob.sent_bytes, budget = run->options ? run->options->budget_bytes : 0;
    if (bytes > PIECE_BYTES)
        bytes = PIECE_BYTES;
    if (budget > 0 && bytes > budget - run->out->sent_bytes)
        bytes = budget - run->out->sent_bytes;
    return bytes > 0 ? bytes : 0;
}

/* One round: where are we, and the next piece from there. */
static enum jc_code advance(struct run *run, int fd, bool *asked, struct jc_err *err) {
    struct blob *blob = &run->blob;
    if (!blob->url.len)
        return begin(run, err);
    if (!*asked) {
        *asked = true;
        return ask(run, err);
    }
    int64_t bytes = piece(run);
    run->ended = bytes == 0 && blob->sent_bytes < blob->size_bytes;
    return run->ended ? JC_OK : go_on(run, fd, bytes, err);
}

static bool is_over(const struct blob *blob) {
    return blob->lost || (blob->url.len && blob->sent_bytes == blob->size_bytes);
}

static enum jc_code send_blob(struct run *run, struct jc_err *err) {
    struct blob *blob = &run->blob;
    bool asked = false;
    int stuck = 0;
    int fd = open_file(blob);
    enum jc_code code = JC_OK;
    while (!code && !run->ended && !is_over(blob)) {
        int64_t before = blob->sent_bytes;
        bool known = blob->url.len > 0 && asked;
        code = advance(run, fd, &asked, err);
        asked |= blob->url.len > 0; /* POST told the offset */
        stuck = known && blob->sent_bytes <= before ? stuck + 1 : 0;
        if (!code && !run->ended && stuck == TRIES)
            code = jc_fail(err, JC_UNAVAILABLE, JC_MSG_TERM_UPLOAD_LATER);
        struct jc_err ignored;
        enum jc_code noted = note(run, code ? &ignored : err);
        code = code ? code : noted;
        if (!code && run->options && run->options->progress)
            run->ended |= run->options->progress(run->options->ctx, run->out);
    }
    if (!code && blob->lost && fd < 0)
        code = note(run, err);
    run->out->sent_blobs += !code && !blob->lost && is_over(blob);
    if (fd >= 0)
        close(fd);
    return code;
}

/* What was sent whole and has not been named by a receipt since is asked about: a server that was restored does not have
 * it any more. */
static enum jc_code doubt(struct run *run, struct jc_err *err) {
    enum jc_code code = JC_OK;
    do {
        code = jc_terminal_read(run->terminal, next_sent_job, run, err);
        if (!code && run->found)
            code = ask(run, err);
        if (!code && run->found && !is_over(&run->blob))
            code = note(run, err);
    } while (!code && run->found);
    return code;
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

static const char SQL_WAITING[] = "SELECT COUNT(*), COALESCE(SUM(size_bytes - sent_bytes), 0)"
                                  "  FROM upload"
                                  " WHERE done_ms IS NULL AND failed_ms IS NULL"
                                  "   AND (sent_bytes < size_bytes OR url = '')";
static const char SQL_LOST[] = "SELECT COUNT(*) FROM upload WHERE failed_ms IS NOT NULL AND done_ms IS NULL";

static enum jc_code count_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_terminal_upload_result *out = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SQL_WAITING, JC_NO_VALUES, &rows, err);
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    if (!code && has_row) {
        out->waiting_blobs = jc_rows_int64(rows, 0);
        out->waiting_bytes = jc_rows_int64(rows, 1);
    }
    jc_rows_close(rows);
    return code ? code : jc_tx_int64(tx, SQL_LOST, JC_NO_VALUES, &out->lost_blobs, err);
}

/* Files that failed before are looked at again: a card may have been put back. */
static const char SQL_TRY_AGAIN[] =
    "UPDATE upload SET failed_ms = NULL WHERE failed_ms IS NOT NULL AND done_ms IS NULL";

static enum jc_code try_again_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_exec(tx, SQL_TRY_AGAIN, JC_NO_VALUES, err);
}

enum jc_code jc_terminal_upload(struct jc_terminal *terminal, const struct jc_transport *transport,
                                const struct jc_terminal_upload_options *options, struct jc_arena *arena,
                                struct jc_terminal_upload_result *out, struct jc_err *err) {
    struct run run = {.terminal = terminal, .transport = transport, .options = options, .arena = arena, .out = out};
    struct jc_err ignored;
    *out = (struct jc_terminal_upload_result){0};
    if (!transport->exchange)
        return jc_fail(err, JC_UNIMPLEMENTED, JC_MSG_TERM_UPLOAD_LATER);
    enum jc_code code = jc_terminal_write(terminal, try_again_job, NULL, err);
    if (!code)
        code = jc_terminal_read(terminal, next_job, &run, err);
    if (!code && !run.busy)
        code = doubt(&run, err);
    do {
        if (!code)
            code = jc_terminal_read(terminal, next_job, &run, err);
        if (!code && run.found)
            code = send_blob(&run, err);
    } while (!code && run.found && !run.ended);
    enum jc_code counted = jc_terminal_read(terminal, count_job, out, code ? &ignored : err);
    code = code ? code : counted;
    if (!code && out->lost_blobs) {
        char number[JC_NUMBER_TEXT];
        code =
            jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_UPLOAD_LOST, jc_str_from_int64(out->lost_blobs, number));
    }
    return code;
}
