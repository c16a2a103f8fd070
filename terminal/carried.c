/* One row per bundle, kept after it was answered: taking the same file again must not send it again. The server takes
 * it by the same path as a file from a stick, under the device that signed it, so operations that their own terminal
 * delivers too are repeats. It counts as handed in once a receipt that verifies names every operation in it.
 *
 * Cost: a call each; the bundle in memory. */
#include "terminal/carried.h"

#include <string.h>
#include <unistd.h>

#include "base/bundle.h"
#include "base/file.h"
#include "base/message.h"
#include "jiancha/v1/bundle.pb-c.h"
#include "jiancha/v1/sync_service.pb-c.h"
#include "terminal/answer.h"
#include "terminal/call.h"
#include "terminal/receipt.h"

static const char SQL_ADD[] = "INSERT INTO carried (bundle_sha256, device_id, bundle, taken_ms, answered_ms)"
                              "VALUES ($1, $2, $3, $4, NULL)"
                              "    ON CONFLICT (bundle_sha256) DO NOTHING";

enum jc_code jc_terminal_carried_add(struct jc_tx *tx, const struct jc_terminal_carried *carried, int64_t now_ms,
                                     struct jc_err *err) {
    return jc_tx_exec(tx, SQL_ADD,
                      JC_VALUES(jc_bytes(carried->sha256, sizeof carried->sha256),
                                jc_terminal_uuid_value(&carried->device_id),
                                jc_bytes(carried->bundle.ptr, carried->bundle.len), jc_int(now_ms)),
                      err);
}

/* --- sending ------------------------------------------------------------------------------------------------ */

struct sending {
    struct jc_terminal *terminal;
    const struct jc_transport *transport;
    struct jc_arena *arena;
    struct jc_terminal_self self;
    struct jc_terminal_keys keys;
    struct {
        struct jc_terminal_carried *items;
        size_t count, capacity;
    } waiting;
    /* at hand */
    const struct jc_terminal_carried *carried;
    struct jc_terminal_operations operations; /* ids and hashes */
    const Jc__IngestResponse *response;
    bool proven;
};

static const char SQL_WAITING[] =
    "SELECT bundle_sha256, device_id, bundle FROM carried WHERE answered_ms IS NULL ORDER BY taken_ms, bundle_sha256";

static enum jc_code read_waiting(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct sending *sending = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    sending->waiting.count = 0;
    enum jc_code code = jc_terminal_self_enrolled(tx, sending->arena, &sending->self, err);
    jc_sign_forget(sending->self.secret_key, sizeof sending->self.secret_key);
    if (code == JC_OK)
        code = jc_terminal_keys_read(tx, sending->arena, &sending->keys, err);
    if (code == JC_OK)
        code = jc_tx_query(tx, SQL_WAITING, JC_NO_VALUES, &rows, err);
    while (code == JC_OK && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row) {
        struct jc_terminal_carried *item = JC_PUSH(sending->arena, &sending->waiting, struct jc_terminal_carried);
        struct jc_str sha256 = jc_rows_bytes(rows, 0);
        if (!item)
            code = jc_fail_memory(err);
        if (code || sha256.len != JC_SHA256_SIZE)
            continue;
        memcpy(item->sha256, sha256.ptr, JC_SHA256_SIZE);
        item->device_id = jc_terminal_uuid(jc_rows_bytes(rows, 1));
        item->bundle = jc_rows_copy(rows, 2, sending->arena);
        code = item->bundle.ptr ? JC_OK : jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

static enum jc_code add_frame(struct sending *sending, struct jc_str payload, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    enum jc_code code = jc_terminal_unpack(&jc__bundle_operations__descriptor, payload, sending->arena, &message, err);
    const Jc__BundleOperations *frame = (const Jc__BundleOperations *)message;
    for (size_t i = 0; code == JC_OK && i < frame->n_operations; i++) {
        struct jc_terminal_operation *item =
            JC_PUSH(sending->arena, &sending->operations, struct jc_terminal_operation);
        uint8_t *sha256 = jc_arena_alloc(sending->arena, JC_SHA256_SIZE);
        if (!item || !sha256)
            return jc_fail_memory(err);
        ProtobufCBinaryData body = frame->operations[i]->body;
        jc_sha256(jc_view(body), sha256);
        item->outcome.operation_id = jc_terminal_uuid_of(frame->operations[i]->id);
        item->body_sha256 = (struct jc_str){(const char *)sha256, JC_SHA256_SIZE};
    }
    return code;
}

static enum jc_code read_operations(struct sending *sending, struct jc_err *err) {
    struct jc_bundle_reader *reader = NULL;
    struct jc_bundle_frame frame = {0};
    sending->operations = (struct jc_terminal_operations){0};
    enum jc_code code = jc_bundle_open_bytes(JC_STR("carried"), sending->carried->bundle, &reader, err);
    while (code == JC_OK && frame.type != JC_BUNDLE_END) {
        code = jc_bundle_next(reader, &frame, err);
        if (code == JC_OK && frame.type == JC_BUNDLE_OPERATIONS)
            code = add_frame(sending, frame.payload, err);
    }
    jc_bundle_close(reader);
    return code;
}

/* Every operation has a final result, and the receipt proves those that are durable. */
static enum jc_code judge(struct sending *sending, struct jc_err *err) {
    const Jc__IngestResponse *response = sending->response;
    const struct jc_terminal_asked asked = {sending->carried->device_id, sending->self.holder.agency_id,
                                            sending->operations.items, sending->operations.count};
    if (!response->receipt)
        return jc_terminal_incomplete(err, "receipt");
    if (response->n_results != sending->operations.count)
        return jc_terminal_incomplete(err, "result");
    for (size_t i = 0; i < response->n_results; i++) {
        struct jc_uuid id = sending->operations.items[i].outcome.operation_id;
        const Jc__OperationResult *result = response->results[i];
        bool named = jc_terminal_answer_is_named(response->receipt, i, &id);
        if (!jc_terminal_uuid_equal(jc_terminal_uuid_of(result->id), id) || !jc_terminal_answer_is_final(result))
            return jc_terminal_incomplete(err, "result");
        if (!named && result->status != JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED)
            return jc_terminal_incomplete(err, "receipt");
    }
    return jc_terminal_receipt_check(response->receipt, response->results, response->n_results, &asked, &sending->keys,
                                     sending->arena, &sending->proven, err);
}

static const char SQL_ANSWERED[] = "UPDATE carried SET answered_ms = $1 WHERE bundle_sha256 = $2";

static enum jc_code answered(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct sending *sending = ctx;
    return jc_tx_exec(tx, SQL_ANSWERED,
                      JC_VALUES(jc_int(jc_clock_now_ms(&sending->terminal->wall)),
                                jc_bytes(sending->carried->sha256, JC_SHA256_SIZE)),
                      err);
}

static enum jc_code send_one(struct sending *sending, struct jc_err *err) {
    Jc__IngestRequest request = JC__INGEST_REQUEST__INIT;
    struct jc_terminal_call call = {
        .procedure = "/jiancha.v1.SyncService/Ingest",
        .token = sending->self.token,
        .type = &jc__ingest_response__descriptor,
    };
    request.bundle =
        (ProtobufCBinaryData){sending->carried->bundle.len, (uint8_t *)(uintptr_t)sending->carried->bundle.ptr};
    enum jc_code code = read_operations(sending, err);
    if (code == JC_OK)
        code = jc_message_pack(&request.base, sending->arena, &call.request, err);
    if (code == JC_OK)
        code = jc_terminal_call(sending->transport, &call, sending->arena, err);
    sending->response = (const Jc__IngestResponse *)call.answer;
    if (code == JC_OK)
        code = judge(sending, err);
    return code == JC_OK ? jc_terminal_write(sending->terminal, answered, sending, err) : code;
}

enum jc_code jc_terminal_carried_send(struct jc_terminal *terminal, const struct jc_transport *transport, int64_t *done,
                                      struct jc_err *err) {
    struct sending sending = {
        .terminal = terminal, .transport = transport, .arena = jc_arena_new(JC_TERMINAL_ARENA_MAX)};
    enum jc_code result = JC_OK;
    struct jc_err failure = {0};
    *done = 0;
    enum jc_code code = sending.arena ? jc_terminal_read(terminal, read_waiting, &sending, err) : jc_fail_memory(err);
    for (size_t i = 0; code == JC_OK && i < sending.waiting.count; i++) {
        sending.carried = &sending.waiting.items[i];
        enum jc_code sent = send_one(&sending, &failure);
        *done += sent == JC_OK;
        if (sent == JC_OK)
            continue;
        result = sent;
        jc_err_copy(err, &failure);
        if (sent == JC_UNAVAILABLE || sent == JC_DEADLINE_EXCEEDED)
            break;
    }
    jc_arena_free(sending.arena);
    return code ? code : result;
}

/* --- taking one out of the way ----------------------------------------------------------------------------- */

struct listing {
    struct jc_arena *arena;
    struct {
        struct jc_terminal_carried_file *items;
        size_t count, capacity;
    } files;
};

static const char SQL_LIST[] = "SELECT bundle_sha256, device_id, taken_ms, LENGTH(bundle)"
                               "  FROM carried"
                               " WHERE answered_ms IS NULL"
                               " ORDER BY taken_ms, bundle_sha256";

static enum jc_code list_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing *listing = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SQL_LIST, JC_NO_VALUES, &rows, err);
    while (code == JC_OK && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row) {
        struct jc_terminal_carried_file *file =
            JC_PUSH(listing->arena, &listing->files, struct jc_terminal_carried_file);
        struct jc_str sha256 = jc_rows_bytes(rows, 0);
        if (!file) {
            code = jc_fail_memory(err);
            break;
        }
        memcpy(file->sha256, sha256.ptr, sha256.len < JC_SHA256_SIZE ? sha256.len : JC_SHA256_SIZE);
        file->device_id = jc_terminal_uuid(jc_rows_bytes(rows, 1));
        file->taken_ms = jc_rows_int64(rows, 2);
        file->bytes = jc_rows_int64(rows, 3);
    }
    jc_rows_close(rows);
    return code;
}

enum jc_code jc_terminal_carried_list(struct jc_terminal *terminal, struct jc_arena *arena,
                                      struct jc_terminal_carried_file **out, size_t *count, struct jc_err *err) {
    struct listing listing = {.arena = arena};
    enum jc_code code = jc_terminal_read(terminal, list_job, &listing, err);
    *out = listing.files.items;
    *count = listing.files.count;
    return code;
}

static enum jc_code find_file(const struct listing *listing, struct jc_str name, struct jc_terminal_carried_file *out,
                              struct jc_err *err) {
    char hex[2 * JC_SHA256_SIZE + 1];
    size_t found = 0;
    for (size_t i = 0; i < listing->files.count; i++) {
        struct jc_str whole = jc_hex(listing->files.items[i].sha256, JC_SHA256_SIZE, hex);
        if (name.len && name.len <= whole.len && memcmp(name.ptr, whole.ptr, name.len) == 0) {
            *out = listing->files.items[i];
            found++;
        }
    }
    return found == 1 ? JC_OK : jc_fail(err, JC_NOT_FOUND, JC_MSG_TERM_CARRIED_UNKNOWN, name);
}

static const char SQL_BUNDLE[] = "SELECT bundle FROM carried WHERE bundle_sha256 = $1 AND answered_ms IS NULL";
static const char SQL_DROP[] = "DELETE FROM carried WHERE bundle_sha256 = $1 AND answered_ms IS NULL";

struct dropping {
    const uint8_t *sha256;
    const char *path;
};

static enum jc_code write_out(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct dropping *dropping = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SQL_BUNDLE, JC_VALUES(jc_bytes(dropping->sha256, JC_SHA256_SIZE)), &rows, err);
    if (code == JC_OK)
        code = jc_rows_next(rows, &has_row, err);
    if (code == JC_OK && has_row)
        code = jc_file_write(dropping->path, jc_rows_bytes(rows, 0), 0600, err);
    jc_rows_close(rows);
    return code;
}

static enum jc_code drop_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct dropping *dropping = ctx;
    return jc_tx_exec(tx, SQL_DROP, JC_VALUES(jc_bytes(dropping->sha256, JC_SHA256_SIZE)), err);
}

/* The file is durable before the row goes. */
enum jc_code jc_terminal_carried_drop(struct jc_terminal *terminal, struct jc_str name, const char *path,
                                      struct jc_terminal_carried_file *out, struct jc_err *err) {
    struct listing listing = {.arena = jc_arena_new(JC_TERMINAL_ARENA_MAX)};
    struct dropping dropping = {out->sha256, path};
    enum jc_code code = listing.arena ? jc_terminal_read(terminal, list_job, &listing, err) : jc_fail_memory(err);
    if (code == JC_OK)
        code = find_file(&listing, name, out, err);
    if (code == JC_OK && access(path, F_OK) == 0)
        code = jc_fail(err, JC_ALREADY_EXISTS, JC_MSG_FILE_EXISTS, jc_str(path));
    if (code == JC_OK)
        code = jc_terminal_read(terminal, write_out, &dropping, err);
    if (code == JC_OK)
        code = jc_terminal_write(terminal, drop_job, &dropping, err);
    jc_arena_free(listing.arena);
    return code;
}
