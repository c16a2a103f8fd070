/* The table `device`. A request of a terminal costs one look-up by the hash of its token, joined with
 * the register for the holder's team; what it found is remembered with the connection (db/memo.h), which
 * forgets it when anybody writes, so a revocation or a change of team holds at the next request. What a
 * sync itself writes of a device (jc_device_seen) is changed in what is remembered too. The hash must never
 * be handed out. */
#include "store/device.h"

#include <string.h>

#include "base/message.h"
#include "db/memo.h"
#include "store/stamp.h"

static enum jc_code fail_unknown(struct jc_uuid device_id, struct jc_err *err) {
    char text[JC_UUID_TEXT];
    return jc_fail(err, JC_NOT_FOUND, JC_MSG_DEVICE_UNKNOWN, jc_uuid_format(device_id, text));
}

static struct jc_value uuid_value(const struct jc_uuid *id) {
    return jc_bytes(id->bytes, JC_UUID_SIZE);
}

static const char INSERT_DEVICE[] =
    "INSERT INTO device (agency_id, device_id, token_hash, public_key, name, inspector_id, scope_version,\n"
    "                    enrolled_ms, app_version, unsent, clock_offset_ms, free_bytes)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, 0, 0, 0)";

enum jc_code jc_device_insert(struct jc_tx *tx, const struct jc_device *device,
                              const uint8_t token_hash[JC_SHA256_SIZE], struct jc_str public_key, struct jc_err *err) {
    return jc_tx_exec(tx, INSERT_DEVICE,
                      JC_VALUES(jc_int(device->agency_id), uuid_value(&device->device_id),
                                jc_bytes(token_hash, JC_SHA256_SIZE), jc_bytes(public_key.ptr, public_key.len),
                                jc_text(device->name), jc_text(device->inspector_id), jc_int(device->enrolled_ms),
                                jc_text(device->app_version)),
                      err);
}

#define DEVICE_COLUMNS                                                                                 \
    "d.agency_id, d.device_id, d.name, d.inspector_id, i.team_id, d.scope_version, d.enrolled_ms,\n"   \
    "       d.revoked_ms, d.last_seen_ms, d.app_version, d.unsent, d.clock_offset_ms, d.free_bytes,\n" \
    "       d.blocks_version, d.link, d.link_no, d.sealed_no, d.seal_due_ms IS NOT NULL,\n"            \
    "       MAX(COALESCE(d.seal_wrong_no, 0), 0), d.rebuild_requested\n"                               \
    "FROM device AS d\n"                                                                               \
    "LEFT JOIN inspector AS i ON i.agency_id = d.agency_id AND i.inspector_id = d.inspector_id\n"

static int64_t moment(const struct jc_rows *rows, int column) {
    return jc_rows_is_null(rows, column) ? -1 : jc_rows_int64(rows, column);
}

static void read_chain(const struct jc_rows *rows, int column, struct jc_device_chain *out) {
    struct jc_str link = jc_rows_bytes(rows, column);
    out->begun = link.len == JC_SHA256_SIZE;
    if (out->begun)
        memcpy(out->link, link.ptr, JC_SHA256_SIZE);
    out->link_no = jc_rows_int64(rows, column + 1);
    out->sealed_no = jc_rows_int64(rows, column + 2);
    out->due = jc_rows_int64(rows, column + 3) != 0;
    out->wrong_no = jc_rows_int64(rows, column + 4);
}

static enum jc_code read_row(const struct jc_rows *rows, struct jc_arena *arena, struct jc_device *out,
                             struct jc_err *err) {
    struct jc_str id = jc_rows_bytes(rows, 1);
    *out = (struct jc_device){
        .agency_id = jc_rows_int64(rows, 0),
        .name = jc_rows_copy(rows, 2, arena),
        .inspector_id = jc_rows_copy(rows, 3, arena),
        .team_id = jc_rows_copy(rows, 4, arena),
        .scope_version = jc_rows_int64(rows, 5),
        .enrolled_ms = jc_rows_int64(rows, 6),
        .revoked_ms = moment(rows, 7),
        .last_seen_ms = moment(rows, 8),
        .app_version = jc_rows_copy(rows, 9, arena),
        .unsent = jc_rows_int64(rows, 10),
        .clock_offset_ms = jc_rows_int64(rows, 11),
        .free_bytes = jc_rows_int64(rows, 12),
        .blocks_version = jc_rows_int64(rows, 13),
    };
    read_chain(rows, 14, &out->chain);
    out->rebuild_requested = jc_rows_int64(rows, 19) != 0;
    for (size_t i = 0; i < JC_UUID_SIZE && i < id.len; i++)
        out->device_id.bytes[i] = (uint8_t)id.ptr[i];
    if (!out->name.ptr || !out->inspector_id.ptr || !out->team_id.ptr || !out->app_version.ptr)
        return jc_fail_memory(err);
    return JC_OK;
}

/* At most one row of `sql`. */
static enum jc_code find_one(struct jc_tx *tx, const char *sql, const struct jc_value *values, size_t count,
                             struct jc_arena *arena, struct jc_device *out, bool *found, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    *found = false;
    enum jc_code code = jc_tx_query(tx, sql, values, count, &rows, err);
    if (!code)
        code = jc_rows_next(rows, found, err);
    if (!code && *found)
        code = read_row(rows, arena, out, err);
    jc_rows_close(rows);
    return code;
}

/* --- what is remembered ------------------------------------------------------------------------------- */

static const char BY_TOKEN, BY_ID; /* kinds in the memo: by hash, by agency and id */

struct remembered {
    struct jc_device device;
    bool stale; /* its row has changed otherwise than here */
};
struct entry {
    struct remembered *one;
};

enum { ID_KEY = sizeof(int64_t) + JC_UUID_SIZE };

static struct jc_str id_key(int64_t agency_id, struct jc_uuid device_id, char buf[ID_KEY]) {
    memcpy(buf, &agency_id, sizeof agency_id);
    memcpy(buf + sizeof agency_id, device_id.bytes, JC_UUID_SIZE);
    return (struct jc_str){buf, ID_KEY};
}

static struct remembered *recall(struct jc_tx *tx, const void *kind, struct jc_str key) {
    const struct entry *entry = jc_tx_memo_find(tx, kind, key);
    return entry && !entry->one->stale ? entry->one : NULL;
}

static struct remembered *recall_id(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id) {
    char buf[ID_KEY];
    return recall(tx, &BY_ID, id_key(agency_id, device_id, buf));
}

/* The device with its strings in the arena. */
static enum jc_code copy_device(const struct jc_device *device, struct jc_arena *arena, struct jc_device *out,
                                struct jc_err *err) {
    *out = *device;
    struct jc_str *const texts[] = {&out->name, &out->inspector_id, &out->team_id, &out->app_version};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        *texts[i] = jc_arena_copy(arena, *texts[i]);
        if (!texts[i]->ptr)
            return jc_fail_memory(err);
    }
    return JC_OK;
}

/* By its id first, so that whoever changes the row finds what the token finds. What does not fit is asked for again. */
static void remember(struct jc_tx *tx, struct jc_str hash, const struct jc_device *device) {
    struct jc_arena *arena = jc_tx_memo_arena(tx);
    struct remembered *one = arena ? JC_NEW(arena, struct remembered) : NULL;
    char buf[ID_KEY];
    struct jc_err err;
    if (!one || copy_device(device, arena, &one->device, &err))
        return;
    struct entry *entry = jc_tx_memo_put(tx, &BY_ID, id_key(device->agency_id, device->device_id, buf), sizeof *entry);
    if (!entry)
        return;
    entry->one = one;
    entry = jc_tx_memo_put(tx, &BY_TOKEN, hash, sizeof *entry);
    if (entry)
        entry->one = one;
}

void jc_device_forget(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id) {
    struct remembered *one = recall_id(tx, agency_id, device_id);
    if (one)
        one->stale = true;
}

static const char SELECT_BY_TOKEN[] = "SELECT " DEVICE_COLUMNS "WHERE d.token_hash = $1";

enum jc_code jc_device_find(struct jc_tx *tx, const uint8_t token_hash[JC_SHA256_SIZE], struct jc_arena *arena,
                            struct jc_device *out, bool *found, struct jc_err *err) {
    struct jc_str hash = {(const char *)token_hash, JC_SHA256_SIZE};
    const struct remembered *known = recall(tx, &BY_TOKEN, hash);
    if (known) {
        *found = true;
        return copy_device(&known->device, arena, out, err);
    }
    enum jc_code code =
        find_one(tx, SELECT_BY_TOKEN, JC_VALUES(jc_bytes(token_hash, JC_SHA256_SIZE)), arena, out, found, err);
    if (!code && *found)
        remember(tx, hash, out);
    return code;
}

static const char SELECT_BY_KEY[] = "SELECT " DEVICE_COLUMNS "WHERE d.agency_id = $1 AND d.inspector_id = $2\n"
                                    "  AND d.public_key = $3\n"
                                    "ORDER BY d.enrolled_ms DESC, d.device_id DESC\n"
                                    "LIMIT 1";

enum jc_code jc_device_find_by_key(struct jc_tx *tx, int64_t agency_id, struct jc_str inspector_id,
                                   struct jc_str public_key, struct jc_arena *arena, struct jc_device *out, bool *found,
                                   struct jc_err *err) {
    return find_one(tx, SELECT_BY_KEY,
                    JC_VALUES(jc_int(agency_id), jc_text(inspector_id), jc_bytes(public_key.ptr, public_key.len)),
                    arena, out, found, err);
}

static const char UPDATE_TOKEN[] = "UPDATE device\n"
                                   "SET token_hash = $1\n"
                                   "WHERE agency_id = $2 AND device_id = $3";

enum jc_code jc_device_set_token(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                                 const uint8_t token_hash[JC_SHA256_SIZE], struct jc_err *err) {
    return jc_tx_exec(tx, UPDATE_TOKEN,
                      JC_VALUES(jc_bytes(token_hash, JC_SHA256_SIZE), jc_int(agency_id), uuid_value(&device_id)), err);
}

static const char SELECT_DEVICE[] = "SELECT " DEVICE_COLUMNS "WHERE d.agency_id = $1 AND d.device_id = $2";

enum jc_code jc_device_get(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_arena *arena,
                           struct jc_device *out, struct jc_err *err) {
    bool found = false;
    enum jc_code code =
        find_one(tx, SELECT_DEVICE, JC_VALUES(jc_int(agency_id), uuid_value(&device_id)), arena, out, &found, err);
    return !code && !found ? fail_unknown(device_id, err) : code;
}

static const char SELECT_PUBLIC_KEY[] = "SELECT public_key\n"
                                        "FROM device\n"
                                        "WHERE agency_id = $1 AND device_id = $2";

enum jc_code jc_device_public_key(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_arena *arena,
                                  struct jc_str *out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code =
        jc_tx_query(tx, SELECT_PUBLIC_KEY, JC_VALUES(jc_int(agency_id), uuid_value(&device_id)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    if (!code && !has_row)
        code = fail_unknown(device_id, err);
    if (!code) {
        *out = jc_rows_copy(rows, 0, arena);
        if (!out->ptr)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

static const char SELECT_DEVICES[] = "SELECT " DEVICE_COLUMNS "WHERE d.agency_id = $1\n"
                                     "ORDER BY d.enrolled_ms, d.device_id";

enum jc_code jc_device_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, struct jc_device **out,
                            size_t *count, struct jc_err *err) {
    struct {
        struct jc_device *items;
        size_t count, capacity;
    } list = {0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SELECT_DEVICES, JC_VALUES(jc_int(agency_id)), &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_device *device = JC_PUSH(arena, &list, struct jc_device);
        code = device ? read_row(rows, arena, device, err) : jc_fail_memory(err);
    }
    jc_rows_close(rows);
    if (code)
        return code;
    *out = list.items;
    *count = list.count;
    return JC_OK;
}

static const char SELECT_STATES[] =
    "SELECT d.report, COALESCE(d.seal_wrong_no, 0) > 0, d.seal_due_ms IS NOT NULL, d.cursor_seq, d.revoked_reason,\n"
    "       COALESCE(r.reviews, 0), COALESCE(m.records, 0)\n"
    "FROM device AS d\n"
    "LEFT JOIN (SELECT device_id, COUNT(*) AS reviews\n"
    "           FROM review\n"
    "           WHERE agency_id = $1 AND state = 1\n"
    "           GROUP BY device_id) AS r ON r.device_id = d.device_id\n"
    "LEFT JOIN (SELECT o.device_id, COUNT(*) AS records\n"
    "           FROM inspection AS i\n"
    "           JOIN operation AS o ON o.op_key = i.op_key\n"
    "           WHERE i.agency_id = $1 AND i.blobs_missing > 0\n"
    "           GROUP BY o.device_id) AS m ON m.device_id = d.device_id\n"
    "WHERE d.agency_id = $1\n"
    "ORDER BY d.enrolled_ms, d.device_id";

static enum jc_code read_state(const struct jc_rows *rows, struct jc_arena *arena, struct jc_device_state *out,
                               struct jc_err *err) {
    ProtobufCMessage *report = NULL;
    struct jc_str bytes = jc_rows_bytes(rows, 0);
    enum jc_code code =
        bytes.len ? jc_message_unpack(&jc__device_report__descriptor, bytes, arena, &report, err) : JC_OK;
    *out = (struct jc_device_state){
        .report = (const Jc__DeviceReport *)report,
        .seal_wrong = jc_rows_int64(rows, 1) != 0,
        .seal_due = jc_rows_int64(rows, 2) != 0,
        .known_seq = jc_rows_int64(rows, 3),
        .revoked_reason = jc_rows_copy(rows, 4, arena),
        .open_reviews = jc_rows_int64(rows, 5),
        .blobs_missing = jc_rows_int64(rows, 6),
    };
    return code || out->revoked_reason.ptr ? code : jc_fail_memory(err);
}

enum jc_code jc_device_states(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, struct jc_device_state **out,
                              size_t *count, struct jc_err *err) {
    struct {
        struct jc_device_state *items;
        size_t count, capacity;
    } list = {0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SELECT_STATES, JC_VALUES(jc_int(agency_id)), &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_device_state *state = JC_PUSH(arena, &list, struct jc_device_state);
        code = state ? read_state(rows, arena, state, err) : jc_fail_memory(err);
    }
    jc_rows_close(rows);
    *out = list.items;
    *count = list.count;
    return code;
}

/* An update of one device; JC_NOT_FOUND if there is none. */
static enum jc_code change_one(struct jc_tx *tx, const char *sql, const struct jc_value *values, size_t count,
                               struct jc_uuid device_id, struct jc_err *err) {
    enum jc_code code = jc_tx_exec(tx, sql, values, count, err);
    return !code && !jc_tx_changed(tx) ? fail_unknown(device_id, err) : code;
}

static const char UPDATE_REVOKED[] =
    "UPDATE device\n"
    "SET revoked_reason = CASE WHEN revoked_ms IS NULL THEN $1 ELSE revoked_reason END,\n"
    "    revoked_ms = COALESCE(revoked_ms, $2)\n"
    "WHERE agency_id = $3 AND device_id = $4";

enum jc_code jc_device_set_revoked(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, int64_t now_ms,
                                   struct jc_str reason, struct jc_err *err) {
    return change_one(tx, UPDATE_REVOKED,
                      JC_VALUES(jc_text(reason), jc_int(now_ms), jc_int(agency_id), uuid_value(&device_id)), device_id,
                      err);
}

static const char UPDATE_NAME[] = "UPDATE device\n"
                                  "SET name = $1\n"
                                  "WHERE agency_id = $2 AND device_id = $3";

enum jc_code jc_device_set_name(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_str name,
                                struct jc_err *err) {
    return change_one(tx, UPDATE_NAME, JC_VALUES(jc_text(name), jc_int(agency_id), uuid_value(&device_id)), device_id,
                      err);
}

static const char UPDATE_REBUILD[] = "UPDATE device\n"
                                     "SET rebuild_requested = 1\n"
                                     "WHERE agency_id = $1 AND device_id = $2";

enum jc_code jc_device_set_rebuild(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_err *err) {
    return change_one(tx, UPDATE_REBUILD, JC_VALUES(jc_int(agency_id), uuid_value(&device_id)), device_id, err);
}

static const char COUNT_WRONG_REVIEWS[] = "SELECT COUNT(*)\n"
                                          "FROM review\n"
                                          "WHERE agency_id = $1 AND device_id = $2 AND state = 1\n"
                                          "  AND reason_args LIKE '%SEAL\\_%WRONG%' ESCAPE '\\'";
static const char UPDATE_SEAL_TRUSTED[] = "UPDATE device\n"
                                          "SET seal_wrong_no = -seal_wrong_no\n"
                                          "WHERE agency_id = $1 AND device_id = $2 AND seal_wrong_no > 0";

enum jc_code jc_device_set_seal_trusted(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                                        struct jc_err *err) {
    int64_t reviews = 0;
    char id[JC_UUID_TEXT], number[JC_NUMBER_TEXT];
    enum jc_code code =
        jc_tx_int64(tx, COUNT_WRONG_REVIEWS, JC_VALUES(jc_int(agency_id), uuid_value(&device_id)), &reviews, err);
    if (!code && reviews)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_DEVICE_SEAL_REVIEWS, jc_uuid_format(device_id, id),
                       jc_str_from_int64(reviews, number));
    if (code)
        return code;
    jc_device_forget(tx, agency_id, device_id);
    code = jc_tx_exec(tx, UPDATE_SEAL_TRUSTED, JC_VALUES(jc_int(agency_id), uuid_value(&device_id)), err);
    if (code || jc_tx_changed(tx))
        return code;
    return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_DEVICE_SEAL_UNMARKED, jc_uuid_format(device_id, id));
}

static const char UPDATE_BLOCKS_VERSION[] = "UPDATE device\n"
                                            "SET blocks_version = $1\n"
                                            "WHERE agency_id = $2 AND device_id = $3";

enum jc_code jc_device_set_blocks_version(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                                          int64_t version, struct jc_err *err) {
    struct remembered *one = recall_id(tx, agency_id, device_id);
    enum jc_code code =
        change_one(tx, UPDATE_BLOCKS_VERSION, JC_VALUES(jc_int(version), jc_int(agency_id), uuid_value(&device_id)),
                   device_id, err);
    if (!code && one)
        one->device.blocks_version = version;
    return code;
}

/* What is NULL stays as it was. The moment since when seals wait is written only when it changes, because it
 * is indexed. */
#define SEEN_COLUMNS                                                                                    \
    "UPDATE device\n"                                                                                   \
    "SET last_seen_ms = $1, cursor_seq = $2,\n"                                                         \
    "    rebuild_requested = CASE WHEN $3 = 1 THEN 0 ELSE rebuild_requested END,\n"                     \
    "    app_version = COALESCE($4, app_version), unsent = COALESCE($5, unsent),\n"                     \
    "    clock_offset_ms = COALESCE($6, clock_offset_ms), free_bytes = COALESCE($7, free_bytes),\n"     \
    "    report = COALESCE($8, report), link = COALESCE($9, link), link_no = COALESCE($10, link_no),\n" \
    "    sealed_no = COALESCE($11, sealed_no),\n"                                                       \
    "    seal_wrong_no = CASE WHEN seal_wrong_no > 0 THEN seal_wrong_no ELSE COALESCE($12, seal_wrong_no) END"
static const char UPDATE_SEEN[] = SEEN_COLUMNS "\n"
                                               "WHERE agency_id = $13 AND device_id = $14";
static const char UPDATE_SEEN_DUE[] = SEEN_COLUMNS ", seal_due_ms = $13\n"
                                                   "WHERE agency_id = $14 AND device_id = $15";
/* Of a request that only goes on with the chain: half the work of the ones above. */
static const char UPDATE_WENT_ON[] = "UPDATE device\n"
                                     "SET last_seen_ms = $1, cursor_seq = $2, link = $3, link_no = $4, sealed_no = $5\n"
                                     "WHERE agency_id = $6 AND device_id = $7";

enum { SEEN_VALUES = 15 };

static enum jc_code put_report(const struct jc_device_note *note, struct jc_arena *arena, struct jc_value *values,
                               struct jc_err *err) {
    const Jc__DeviceReport *report = note->report;
    struct jc_str bytes;
    int64_t device_ms = 0;
    int64_t offset_ms = jc_stamp_to_ms(report->device_time, &device_ms) ? device_ms - note->now_ms : 0;
    enum jc_code code = jc_message_pack(&report->base, arena, &bytes, err);
    if (code)
        return code;
    values[3] = jc_text(jc_str(report->app_version));
    values[4] = jc_int(report->unsent);
    values[5] = jc_int(offset_ms);
    values[6] = jc_int(report->free_bytes);
    values[7] = jc_bytes(bytes.ptr, bytes.len);
    return JC_OK;
}

static void put_chain(const struct jc_device_chain *chain, struct jc_value *values) {
    values[8] = chain->begun ? jc_bytes(chain->link, JC_SHA256_SIZE) : jc_null();
    values[9] = jc_int(chain->link_no);
    values[10] = jc_int(chain->sealed_no);
    values[11] = chain->wrong_no ? jc_int(chain->wrong_no) : jc_null();
}

static enum jc_code write_seen(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                               const struct jc_device_note *note, const struct jc_value *values, size_t count,
                               struct jc_err *err) {
    const struct jc_device_chain *chain = note->chain;
    if (note->report || note->begins_anew || note->due_changes || !chain || !chain->begun || chain->wrong_no)
        return jc_tx_exec(tx, note->due_changes ? UPDATE_SEEN_DUE : UPDATE_SEEN, values, count, err);
    return jc_tx_exec(tx, UPDATE_WENT_ON,
                      JC_VALUES(jc_int(note->now_ms), jc_int(note->known_seq), jc_bytes(chain->link, JC_SHA256_SIZE),
                                jc_int(chain->link_no), jc_int(chain->sealed_no), jc_int(agency_id),
                                uuid_value(&device_id)),
                      err);
}

/* What that has done to the row. */
static void note_remembered(struct remembered *one, const struct jc_device_note *note, const struct jc_value *values) {
    struct jc_device *device = &one->device;
    device->last_seen_ms = note->now_ms;
    device->rebuild_requested = device->rebuild_requested && !note->begins_anew;
    if (note->report) {
        one->stale = !jc_str_eq(device->app_version, jc_str(note->report->app_version));
        device->unsent = values[4].number;
        device->clock_offset_ms = values[5].number;
        device->free_bytes = values[6].number;
    }
    if (!note->chain)
        return;
    one->stale |= !note->chain->begun || note->chain->wrong_no != device->chain.wrong_no ||
                  (note->chain->due != device->chain.due && !note->due_changes);
    device->chain = *note->chain;
}

enum jc_code jc_device_seen(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                            const struct jc_device_note *note, struct jc_arena *arena, struct jc_err *err) {
    struct jc_value values[SEEN_VALUES] = {jc_int(note->now_ms), jc_int(note->known_seq), jc_int(note->begins_anew)};
    size_t count = 12;
    for (size_t i = 3; i < count; i++)
        values[i] = jc_null();
    enum jc_code code = note->report ? put_report(note, arena, values, err) : JC_OK;
    if (code)
        return code;
    if (note->chain)
        put_chain(note->chain, values);
    if (note->due_changes)
        values[count++] = note->chain->due ? jc_int(note->now_ms) : jc_null();
    values[count++] = jc_int(agency_id);
    values[count++] = uuid_value(&device_id);
    code = write_seen(tx, agency_id, device_id, note, values, count, err);
    struct remembered *one = code ? NULL : recall_id(tx, agency_id, device_id);
    if (one)
        note_remembered(one, note, values);
    return code;
}

static const char UPDATE_SCOPE[] = "UPDATE device\n"
                                   "SET scope_version = scope_version + 1\n"
                                   "WHERE agency_id = $1 AND inspector_id = $2\n"
                                   "  AND EXISTS (SELECT 1 FROM inspector AS i\n"
                                   "              WHERE i.agency_id = $1 AND i.inspector_id = $2 AND i.team_id <> $3)";

enum jc_code jc_device_rescope(struct jc_tx *tx, int64_t agency_id, struct jc_str inspector_id, struct jc_str team_id,
                               struct jc_err *err) {
    return jc_tx_exec(tx, UPDATE_SCOPE, JC_VALUES(jc_int(agency_id), jc_text(inspector_id), jc_text(team_id)), err);
}
