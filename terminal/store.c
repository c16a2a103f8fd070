/* Rows of the store's first table are read where they are needed; nothing of them is kept between transactions. */
#include "terminal/store.h"

#include <string.h>

#include "base/message.h"

/* --- transactions --------------------------------------------------------------------------------- */

enum jc_code jc_terminal_read(struct jc_terminal *terminal, jc_job *job, void *ctx, struct jc_err *err) {
    return jc_db_read(terminal->db, job, ctx, err);
}

enum jc_code jc_terminal_write(struct jc_terminal *terminal, jc_job *job, void *ctx, struct jc_err *err) {
    return jc_db_write_wait(terminal->db, 0, job, ctx, err);
}

/* --- whose it is -------------------------------------------------------------------------------------- */

static const char SQL_SELF[] =
    "SELECT h.server, h.token, h.device_name, h.agency_id, h.agency_name, h.team_id, h.inspector_id,"
    "       h.inspector_name, h.device_id, h.revoked, h.blocks_version, t.public_key, t.secret_key, t.link, t.cursor,"
    "       t.staging, t.staged_full, t.staged_cursor, t.offset_ms, t.takes_seals, t.pace_bytes, t.pace_operations,"
    "       t.pace_good, (SELECT key_id FROM server_key ORDER BY position DESC LIMIT 1)"
    "  FROM terminal AS t"
    "  LEFT JOIN holder AS h ON h.active = 1"
    " WHERE t.only_row = 1";

static bool copy_bytes(struct jc_str column, uint8_t *bytes, size_t size) {
    if (column.len != size)
        return false;
    memcpy(bytes, column.ptr, size);
    return true;
}

static enum jc_code read_holder(struct jc_rows *rows, struct jc_arena *arena, struct jc_terminal_self *out,
                                struct jc_err *err) {
    struct jc_terminal_holder *holder = &out->holder;
    struct jc_str *texts[] = {&holder->server,      &out->token,      &holder->device_name,  &holder->agency_id,
                              &holder->agency_name, &holder->team_id, &holder->inspector_id, &holder->inspector_name};
    for (int i = 0; i < (int)(sizeof texts / sizeof texts[0]); i++) {
        *texts[i] = jc_rows_copy(rows, i, arena);
        if (!texts[i]->ptr)
            return jc_fail_memory(err);
    }
    out->enrolled = !jc_rows_is_null(rows, 8);
    holder->device_id = jc_terminal_uuid(jc_rows_bytes(rows, 8));
    out->revoked = jc_rows_int64(rows, 9) != 0;
    out->blocks_version = jc_rows_int64(rows, 10);
    return JC_OK;
}

static enum jc_code read_self(struct jc_rows *rows, struct jc_arena *arena, struct jc_terminal_self *out,
                              struct jc_err *err) {
    enum jc_code code = read_holder(rows, arena, out, err);
    if (code)
        return code;
    if (!copy_bytes(jc_rows_bytes(rows, 11), out->public_key, sizeof out->public_key) ||
        !copy_bytes(jc_rows_bytes(rows, 12), out->secret_key, sizeof out->secret_key) ||
        !copy_bytes(jc_rows_bytes(rows, 13), out->link, sizeof out->link)) {
        jc_fail(err, JC_DATA_LOSS, JC_MSG_INTERNAL);
        return jc_err_detail(err, "the device's key or chain is damaged");
    }
    out->staging = jc_rows_int64(rows, 15) != 0;
    out->staged_full = jc_rows_int64(rows, 16) != 0;
    out->position = jc_arena_copy(arena, jc_rows_bytes(rows, out->staging ? 17 : 14));
    out->offset_ms = jc_rows_int64(rows, 18);
    out->takes_seals = jc_rows_int64(rows, 19) != 0;
    out->pace = (struct jc_terminal_pace){jc_rows_int64(rows, 20), jc_rows_int64(rows, 21), jc_rows_int64(rows, 22)};
    out->key_id = jc_arena_copy(arena, jc_rows_bytes(rows, 23));
    return out->position.ptr && out->key_id.ptr ? JC_OK : jc_fail_memory(err);
}

enum jc_code jc_terminal_self(struct jc_tx *tx, struct jc_arena *arena, struct jc_terminal_self *out,
                              struct jc_err *err) {
    *out = (struct jc_terminal_self){0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SQL_SELF, JC_NO_VALUES, &rows, err);
    if (code == JC_OK)
        code = jc_rows_next(rows, &has_row, err);
    if (code == JC_OK && !has_row) {
        jc_fail(err, JC_DATA_LOSS, JC_MSG_INTERNAL);
        code = jc_err_detail(err, "the store's first row is missing");
    }
    if (code == JC_OK)
        code = read_self(rows, arena, out, err);
    jc_rows_close(rows);
    return code;
}

enum jc_code jc_terminal_self_enrolled(struct jc_tx *tx, struct jc_arena *arena, struct jc_terminal_self *out,
                                       struct jc_err *err) {
    enum jc_code code = jc_terminal_self(tx, arena, out, err);
    if (code == JC_OK && !out->enrolled)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_NOT_ENROLLED);
    return code;
}

struct holder_read {
    struct jc_arena *arena;
    struct jc_terminal_holder *out;
};

static enum jc_code holder_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct holder_read *read = ctx;
    struct jc_terminal_self self;
    enum jc_code code = jc_terminal_self_enrolled(tx, read->arena, &self, err);
    if (code == JC_OK)
        *read->out = self.holder;
    jc_sign_forget(self.secret_key, sizeof self.secret_key);
    return code;
}

enum jc_code jc_terminal_holder(struct jc_terminal *terminal, struct jc_arena *arena, struct jc_terminal_holder *out,
                                struct jc_err *err) {
    struct holder_read read = {arena, out};
    return jc_terminal_read(terminal, holder_job, &read, err);
}

/* --- identifiers ------------------------------------------------------------------------------------ */

struct jc_uuid jc_terminal_uuid(struct jc_str bytes) {
    struct jc_uuid id = {{0}};
    if (bytes.len == sizeof id.bytes)
        memcpy(id.bytes, bytes.ptr, sizeof id.bytes);
    return id;
}

struct jc_uuid jc_terminal_uuid_of(ProtobufCBinaryData bytes) {
    return jc_terminal_uuid(jc_view(bytes));
}

bool jc_terminal_uuid_is_zero(struct jc_uuid id) {
    return jc_terminal_uuid_equal(id, (struct jc_uuid){{0}});
}

bool jc_terminal_uuid_equal(struct jc_uuid a, struct jc_uuid b) {
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

struct jc_value jc_terminal_uuid_value(const struct jc_uuid *id) {
    return jc_bytes(id->bytes, jc_terminal_uuid_is_zero(*id) ? 0 : sizeof id->bytes);
}

ProtobufCBinaryData jc_terminal_uuid_field(struct jc_arena *arena, struct jc_uuid id) {
    struct jc_str bytes = {(const char *)id.bytes, jc_terminal_uuid_is_zero(id) ? 0 : sizeof id.bytes};
    struct jc_str copy = jc_arena_copy(arena, bytes);
    return (ProtobufCBinaryData){copy.len, (uint8_t *)(uintptr_t)copy.ptr};
}

/* --- messages ----------------------------------------------------------------------------------------- */

struct unpacking {
    struct jc_arena *arena;
    bool failed; /* for lack of memory, not for what the bytes say */
};

static void *unpack_alloc(void *ctx, size_t size) {
    struct unpacking *unpacking = ctx;
    void *memory = jc_arena_alloc(unpacking->arena, size);
    unpacking->failed |= !memory;
    return memory;
}

static void unpack_free(void *ctx, void *memory) {
    (void)ctx;
    (void)memory;
}

enum jc_code jc_terminal_unpack(const ProtobufCMessageDescriptor *type, struct jc_str bytes, struct jc_arena *arena,
                                ProtobufCMessage **out, struct jc_err *err) {
    struct unpacking unpacking = {.arena = arena};
    ProtobufCAllocator allocator = {unpack_alloc, unpack_free, &unpacking};
    *out = protobuf_c_message_unpack(type, &allocator, bytes.len, (const uint8_t *)(bytes.ptr ? bytes.ptr : ""));
    if (*out)
        return JC_OK;
    if (unpacking.failed)
        return jc_fail_memory(err);
    jc_fail(err, JC_DATA_LOSS, JC_MSG_TERM_UNREADABLE);
    return jc_err_detail(err, "%zu bytes are no %s", bytes.len, type->name);
}
