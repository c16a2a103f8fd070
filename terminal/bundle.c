/* Unsent work as a file. The bytes of the operations are those that a sync would send, so whichever way is faster wins
 * and the other is a repeat. Writing changes nothing here: work leaves the outbox by a receipt alone, through the net or
 * from a file (terminal/accept.c).
 *
 * Cost: the operations once in memory, blobs a megabyte at a time. */
#include "terminal/bundle.h"

#include <stdio.h>

#include "base/message.h"
#include "terminal/wire.h"
#include "terminal/work.h"

enum { FRAME_OPERATIONS = 200, FRAME_BYTES = 2 * 1024 * 1024, BLOB_FRAME_BYTES = 1024 * 1024 };

/* --- frames ------------------------------------------------------------------------------------------------ */

enum jc_code jc_terminal_pack_frame(struct jc_terminal_packing *packing, enum jc_bundle_frame_type type,
                                    const ProtobufCMessage *message, struct jc_err *err) {
    struct jc_str payload;
    enum jc_code code = jc_message_pack(message, packing->arena, &payload, err);
    return code == JC_OK ? jc_bundle_write(packing->writer, type, payload, err) : code;
}

enum jc_code jc_terminal_pack_begin(struct jc_terminal_packing *packing, const char *path, struct jc_err *err) {
    Jc__BundleHeader header = JC__BUNDLE_HEADER__INIT;
    struct jc_terminal_self *self = &packing->self;
    header.kind = packing->kind;
    header.agency_id = (char *)(uintptr_t)self->holder.agency_id.ptr;
    header.device_id = (ProtobufCBinaryData){JC_UUID_SIZE, self->holder.device_id.bytes};
    header.public_key = (ProtobufCBinaryData){sizeof self->public_key, self->public_key};
    header.made_at = jc_terminal_timestamp(packing->arena, jc_clock_now_ms(&packing->terminal->wall));
    header.inspector_id = (char *)(uintptr_t)self->holder.inspector_id.ptr;
    header.app_version = (char *)(uintptr_t)JC_VERSION;
    header.operations = (int32_t)packing->operations.count;
    header.blobs = packing->blobs;
    if (!header.made_at)
        return jc_fail_memory(err);
    enum jc_code code = jc_bundle_create(path, &packing->writer, err);
    return code == JC_OK ? jc_terminal_pack_frame(packing, JC_BUNDLE_HEADER, &header.base, err) : code;
}

/* How many operations from `first` fit into a frame; at least one. */
static size_t frame_length(const struct jc_terminal_operations *all, size_t first) {
    size_t count = 0, bytes = 0;
    while (first + count < all->count && count < FRAME_OPERATIONS) {
        bytes += all->items[first + count].body.len;
        if (count > 0 && bytes > FRAME_BYTES)
            break;
        count++;
    }
    return count;
}

enum jc_code jc_terminal_pack_operations(struct jc_terminal_packing *packing, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t first = 0; code == JC_OK && first < packing->operations.count;) {
        struct jc_terminal_operations part = {.items = packing->operations.items + first,
                                              .count = frame_length(&packing->operations, first)};
        Jc__BundleOperations frame = JC__BUNDLE_OPERATIONS__INIT;
        frame.operations = jc_terminal_wire(&part, NULL, packing->arena);
        frame.n_operations = part.count;
        if (!frame.operations)
            return jc_fail_memory(err);
        code = jc_terminal_pack_frame(packing, JC_BUNDLE_OPERATIONS, &frame.base, err);
        first += part.count;
    }
    return code;
}

enum jc_code jc_terminal_pack_proof(struct jc_terminal_packing *packing, struct jc_str *out, struct jc_err *err) {
    uint8_t sha256[JC_SHA256_SIZE], signature[JC_SIGNATURE_SIZE];
    Jc__BundleEnd end = JC__BUNDLE_END__INIT;
    jc_bundle_written_hash(packing->writer, sha256);
    jc_bundle_sign(sha256, packing->self.secret_key, signature);
    end.sha256 = (ProtobufCBinaryData){sizeof sha256, sha256};
    end.signature = (ProtobufCBinaryData){sizeof signature, signature};
    return jc_message_pack(&end.base, packing->arena, out, err);
}

enum jc_code jc_terminal_pack_end(struct jc_terminal_packing *packing, enum jc_code code, struct jc_err *err) {
    struct jc_str payload;
    if (code == JC_OK)
        code = jc_terminal_pack_proof(packing, &payload, err);
    jc_sign_forget(packing->self.secret_key, sizeof packing->self.secret_key);
    if (code == JC_OK)
        return jc_bundle_finish(packing->writer, payload, err);
    jc_bundle_abort(packing->writer);
    return code;
}

/* --- photos -------------------------------------------------------------------------------------------------- */

/* Photos of the operations in the bundle that no receipt names. */
static const char SQL_PHOTOS[] = "SELECT p.sha256, p.path"
                                 "  FROM photo AS p"
                                 "  LEFT JOIN upload AS u ON u.sha256 = p.sha256"
                                 " WHERE u.done_ms IS NULL"
                                 "   AND EXISTS (SELECT 1"
                                 "                 FROM operation AS o"
                                 "                WHERE o.subject_id = p.subject_id)"
                                 " GROUP BY p.sha256 "
                                 " ORDER BY p.sha256";

struct bundling {
    struct jc_terminal_packing packing;
    bool photos;
    struct {
        struct jc_terminal_pack_blob *items;
        size_t count, capacity;
    } blobs;
    struct jc_terminal_bundled *out;
};

static enum jc_code find_photos(struct jc_tx *tx, struct bundling *bundling, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    struct jc_arena *arena = bundling->packing.arena;
    bundling->blobs.count = 0;
    enum jc_code code = jc_tx_query(tx, SQL_PHOTOS, JC_NO_VALUES, &rows, err);
    while (code == JC_OK && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row) {
        struct jc_terminal_pack_blob *blob = JC_PUSH(arena, &bundling->blobs, struct jc_terminal_pack_blob);
        if (blob)
            *blob = (struct jc_terminal_pack_blob){jc_rows_copy(rows, 0, arena), jc_rows_copy(rows, 1, arena), NULL};
        if (!blob || !blob->sha256.ptr || !blob->path.ptr)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

void jc_terminal_pack_look(struct jc_terminal_packing *packing, struct jc_terminal_pack_blob *blob) {
    Jc__Photo *photo = NULL;
    struct jc_err ignored;
    bool same = jc_terminal_photo(blob->path.ptr, packing->arena, &photo, &ignored) == JC_OK &&
                jc_str_eq(blob->sha256, (struct jc_str){(const char *)photo->sha256.data, photo->sha256.len});
    blob->photo = same ? photo : NULL;
    packing->blobs += same;
}

static enum jc_code pack_pieces(struct jc_terminal_packing *packing, const struct jc_terminal_pack_blob *blob,
                                struct jc_err *err) {
    enum jc_code code = JC_OK;
    int64_t left = blob->photo->size_bytes;
    char *piece = jc_arena_alloc(packing->arena, BLOB_FRAME_BYTES);
    FILE *file = fopen(blob->path.ptr, "rbe");
    if (!piece)
        code = jc_fail_memory(err);
    else if (!file)
        code = jc_fail_errno(err, blob->path);
    while (code == JC_OK && left > 0) {
        size_t len = fread(piece, 1, BLOB_FRAME_BYTES, file);
        if (len == 0 || (int64_t)len > left)
            code = jc_fail(err, JC_ABORTED, JC_MSG_TERM_PHOTO_CHANGED, blob->path);
        else
            code = jc_bundle_write(packing->writer, JC_BUNDLE_BLOB_BYTES, (struct jc_str){piece, len}, err);
        left -= (int64_t)len;
    }
    if (file)
        fclose(file);
    return code;
}

enum jc_code jc_terminal_pack_bytes(struct jc_terminal_packing *packing, const struct jc_terminal_pack_blob *blob,
                                    struct jc_err *err) {
    Jc__BundleBlob head = JC__BUNDLE_BLOB__INIT;
    if (!blob->photo)
        return JC_OK;
    head.sha256 = blob->photo->sha256;
    head.size_bytes = blob->photo->size_bytes;
    head.media_type = blob->photo->media_type;
    enum jc_code code = jc_terminal_pack_frame(packing, JC_BUNDLE_BLOB, &head.base, err);
    return code == JC_OK ? pack_pieces(packing, blob, err) : code;
}

static void check_photos(struct bundling *bundling) {
    for (size_t i = 0; i < bundling->blobs.count; i++) {
        jc_terminal_pack_look(&bundling->packing, &bundling->blobs.items[i]);
        bundling->out->blobs_missing += !bundling->blobs.items[i].photo;
    }
}

static enum jc_code pack_blobs(struct bundling *bundling, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; code == JC_OK && i < bundling->blobs.count; i++)
        code = jc_terminal_pack_bytes(&bundling->packing, &bundling->blobs.items[i], err);
    return code;
}

/* --- public ---------------------------------------------------------------------------------------------------- */

static enum jc_code collect(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct bundling *bundling = ctx;
    struct jc_terminal_packing *packing = &bundling->packing;
    int64_t unsent = 0;
    enum jc_code code = jc_terminal_self_enrolled(tx, packing->arena, &packing->self, err);
    if (code == JC_OK)
        code = jc_terminal_operation_list_unsent(tx, packing->self.holder.device_id, packing->arena,
                                                 &packing->operations, err);
    if (code == JC_OK)
        code = jc_terminal_operation_count_unsent(tx, &unsent, err);
    bundling->out->operations = (int64_t)packing->operations.count;
    bundling->out->left_out = unsent - bundling->out->operations;
    if (code == JC_OK && bundling->photos)
        code = find_photos(tx, bundling, err);
    return code;
}

enum jc_code jc_terminal_bundle(struct jc_terminal *terminal, const char *path, bool photos,
                                struct jc_terminal_bundled *out, struct jc_err *err) {
    struct jc_arena *arena = jc_arena_new(JC_TERMINAL_ARENA_MAX);
    struct bundling bundling = {
        .packing = {.terminal = terminal, .arena = arena, .kind = JC__BUNDLE_KIND__BUNDLE_KIND_UNSENT},
        .photos = photos,
        .out = out};
    *out = (struct jc_terminal_bundled){0};
    enum jc_code code = arena ? jc_terminal_read(terminal, collect, &bundling, err) : jc_fail_memory(err);
    if (code == JC_OK)
        check_photos(&bundling);
    if (code == JC_OK && bundling.packing.operations.count == 0 && bundling.packing.blobs == 0)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_NOTHING_UNSENT);
    if (code == JC_OK)
        code = jc_terminal_pack_begin(&bundling.packing, path, err);
    if (code == JC_OK)
        code = jc_terminal_pack_operations(&bundling.packing, err);
    if (code == JC_OK)
        code = pack_blobs(&bundling, err);
    code = jc_terminal_pack_end(&bundling.packing, code, err);
    out->blobs = bundling.packing.blobs;
    jc_arena_free(arena);
    return code;
}
