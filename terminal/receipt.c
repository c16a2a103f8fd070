/* The facts of a receipt come from here: which bytes were sent is the terminal's own knowledge, so a server cannot
 * sign one thing and store another. Row numbers come from the answer and are covered by the signature.
 *
 * What must never happen: an operation called durable on the word of somebody who has not the server's key. */
#include "terminal/receipt.h"

#include <string.h>

#include "terminal/upload.h"

/* --- keys ----------------------------------------------------------------------------------------------- */

static const char SQL_KEYS[] = "SELECT key_id, public_key FROM server_key ORDER BY position";

enum jc_code jc_terminal_keys_read(struct jc_tx *tx, struct jc_arena *arena, struct jc_terminal_keys *out,
                                   struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    *out = (struct jc_terminal_keys){.arena = arena};
    enum jc_code code = jc_tx_query(tx, SQL_KEYS, JC_NO_VALUES, &rows, err);
    while (code == JC_OK && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row) {
        struct jc_str id = jc_rows_bytes(rows, 0), key = jc_rows_bytes(rows, 1);
        if (id.len != JC_KEY_ID_SIZE || key.len != JC_SIGN_PUBLIC_SIZE)
            continue;
        struct jc_terminal_key *item = JC_PUSH(arena, out, struct jc_terminal_key);
        if (!item) {
            code = jc_fail_memory(err);
            break;
        }
        memcpy(item->key_id, id.ptr, id.len);
        memcpy(item->public_key, key.ptr, key.len);
    }
    jc_rows_close(rows);
    out->stored = out->count;
    return code;
}

const struct jc_terminal_key *jc_terminal_key_find(const struct jc_terminal_keys *keys, ProtobufCBinaryData key_id) {
    for (size_t i = keys->count; key_id.len == JC_KEY_ID_SIZE && i-- > 0;) {
        if (memcmp(keys->items[i].key_id, key_id.data, JC_KEY_ID_SIZE) == 0)
            return &keys->items[i];
    }
    return NULL;
}

/* Its id is the hash of the key, and a known key vouches for it. */
static bool is_acceptable(const struct jc_terminal_keys *keys, const Jc__ServerKey *offered) {
    uint8_t key_id[JC_KEY_ID_SIZE];
    if (offered->public_key.len != JC_SIGN_PUBLIC_SIZE || offered->key_id.len != JC_KEY_ID_SIZE)
        return false;
    jc_key_id(offered->public_key.data, key_id);
    if (memcmp(key_id, offered->key_id.data, JC_KEY_ID_SIZE) != 0 || jc_terminal_key_find(keys, offered->key_id))
        return false;
    if (keys->count == 0)
        return true;
    const struct jc_terminal_key *by = jc_terminal_key_find(keys, offered->endorsed_by);
    return by && offered->endorsement.len == JC_SIGNATURE_SIZE &&
           jc_key_endorsed(offered->public_key.data, offered->endorsement.data, by->public_key);
}

enum jc_code jc_terminal_keys_learn(struct jc_terminal_keys *keys, Jc__ServerKey *const *offered, size_t count,
                                    struct jc_err *err) {
    for (size_t i = 0; i < count; i++) {
        if (!is_acceptable(keys, offered[i]))
            continue;
        struct jc_terminal_key *item = JC_PUSH(keys->arena, keys, struct jc_terminal_key);
        if (!item)
            return jc_fail_memory(err);
        memcpy(item->key_id, offered[i]->key_id.data, JC_KEY_ID_SIZE);
        memcpy(item->public_key, offered[i]->public_key.data, JC_SIGN_PUBLIC_SIZE);
    }
    return JC_OK;
}

static const char SQL_KEY_ADD[] = "INSERT INTO server_key (key_id, public_key, position)"
                                  "SELECT $1, $2, COALESCE(MAX(position), 0) + 1"
                                  "  FROM server_key"
                                  " WHERE 1 = 1 "
                                  "    ON CONFLICT (key_id) DO NOTHING";

enum jc_code jc_terminal_keys_store(struct jc_tx *tx, const struct jc_terminal_keys *keys, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t i = keys->stored; code == JC_OK && i < keys->count; i++)
        code = jc_tx_exec(tx, SQL_KEY_ADD,
                          JC_VALUES(jc_bytes(keys->items[i].key_id, JC_KEY_ID_SIZE),
                                    jc_bytes(keys->items[i].public_key, JC_SIGN_PUBLIC_SIZE)),
                          err);
    return code;
}

static const char SQL_KEYS_FORGET[] = "DELETE FROM server_key";

enum jc_code jc_terminal_keys_forget(struct jc_tx *tx, struct jc_err *err) {
    return jc_tx_exec(tx, SQL_KEYS_FORGET, JC_NO_VALUES, err);
}

/* --- receipts -------------------------------------------------------------------------------------------- */

static enum jc_code refuse(struct jc_err *err, enum jc_msg what, const char *detail) {
    jc_fail(err, JC_DATA_LOSS, what);
    return jc_err_detail(err, "the receipt is not accepted: %s", detail);
}

static int64_t row_of(Jc__OperationResult *const *results, size_t count, struct jc_uuid id) {
    for (size_t i = 0; i < count; i++) {
        if (jc_terminal_uuid_equal(jc_terminal_uuid_of(results[i]->id), id))
            return results[i]->operation_no;
    }
    return 0;
}

static bool hash_of(const struct jc_terminal_asked *asked, struct jc_uuid id, uint8_t out[JC_SHA256_SIZE]) {
    for (size_t i = 0; i < asked->count; i++) {
        const struct jc_terminal_operation *operation = &asked->operations[i];
        if (!jc_terminal_uuid_equal(operation->outcome.operation_id, id) ||
            operation->body_sha256.len != JC_SHA256_SIZE)
            continue;
        memcpy(out, operation->body_sha256.ptr, JC_SHA256_SIZE);
        return true;
    }
    return false;
}

/* The leaf of this answer; false if it names what was not asked, or bytes of a wrong length. */
static enum jc_code find_leaf(const Jc__Receipt *receipt, Jc__OperationResult *const *results, size_t n_results,
                              const struct jc_terminal_asked *asked, struct jc_arena *arena,
                              uint8_t leaf[JC_SHA256_SIZE], bool *sound, struct jc_err *err) {
    size_t count = receipt->n_operation_ids, blobs = receipt->n_blob_sha256;
    struct jc_receipt_operation *operations = JC_NEW_ARRAY(arena, count, struct jc_receipt_operation);
    uint8_t(*hashes)[JC_SHA256_SIZE] = jc_arena_alloc(arena, blobs * JC_SHA256_SIZE + 1);
    *sound = true;
    if (!operations || !hashes)
        return jc_fail_memory(err);
    for (size_t i = 0; i < count; i++) {
        operations[i].id = jc_terminal_uuid_of(receipt->operation_ids[i]);
        operations[i].operation_no = row_of(results, n_results, operations[i].id);
        *sound &= hash_of(asked, operations[i].id, operations[i].body_sha256);
    }
    for (size_t i = 0; i < blobs; i++) {
        *sound &= receipt->blob_sha256[i].len == JC_SHA256_SIZE;
        if (*sound)
            memcpy(hashes[i], receipt->blob_sha256[i].data, JC_SHA256_SIZE);
    }
    if (*sound)
        jc_receipt_leaf(asked->device_id, operations, (uint32_t)count, (const uint8_t(*)[JC_SHA256_SIZE])hashes,
                        (uint32_t)blobs, leaf);
    return JC_OK;
}

static bool find_root(const Jc__Receipt *receipt, const uint8_t leaf[JC_SHA256_SIZE], uint8_t root[JC_SHA256_SIZE]) {
    struct jc_receipt_step path[JC_RECEIPT_PATH_MAX];
    if (receipt->n_path > JC_RECEIPT_PATH_MAX)
        return false;
    for (size_t i = 0; i < receipt->n_path; i++) {
        if (receipt->path[i]->hash.len != JC_SHA256_SIZE)
            return false;
        memcpy(path[i].hash, receipt->path[i]->hash.data, JC_SHA256_SIZE);
        path[i].left = receipt->path[i]->left;
    }
    jc_receipt_climb(leaf, path, receipt->n_path, root);
    return true;
}

static bool find_statement(const Jc__Receipt *receipt, const struct jc_terminal_asked *asked,
                           struct jc_receipt_statement *out) {
    const Google__Protobuf__Timestamp *time = receipt->server_time;
    if (receipt->chain_head.len != JC_SHA256_SIZE || !time || !jc_str_eq(jc_str(receipt->agency_id), asked->agency_id))
        return false;
    *out = (struct jc_receipt_statement){
        .agency = asked->agency_id,
        .chain_length = receipt->chain_length,
        .server_ms = time->seconds * 1000 + time->nanos / 1000000,
        .backed_up_through = receipt->backed_up_through,
    };
    memcpy(out->chain_head, receipt->chain_head.data, JC_SHA256_SIZE);
    memcpy(out->key_id, receipt->key_id.data, JC_KEY_ID_SIZE);
    return true;
}

enum jc_code jc_terminal_receipt_check(const Jc__Receipt *receipt, Jc__OperationResult *const *results,
                                       size_t n_results, const struct jc_terminal_asked *asked,
                                       const struct jc_terminal_keys *keys, struct jc_arena *arena, bool *proven,
                                       struct jc_err *err) {
    uint8_t leaf[JC_SHA256_SIZE], root[JC_SHA256_SIZE];
    struct jc_receipt_statement statement;
    bool sound = false;
    *proven = false;
    if (keys->count == 0 || (receipt->signature.len == 0 && asked->count == 0))
        return JC_OK;
    if (receipt->signature.len != JC_SIGNATURE_SIZE)
        return refuse(err, JC_MSG_TERM_RECEIPT_WRONG, "no signature");
    const struct jc_terminal_key *key = jc_terminal_key_find(keys, receipt->key_id);
    if (!key)
        return refuse(err, JC_MSG_TERM_KEY_UNKNOWN, "unknown key");
    enum jc_code code = find_leaf(receipt, results, n_results, asked, arena, leaf, &sound, err);
    if (code)
        return code;
    if (!sound || !find_root(receipt, leaf, root) || !find_statement(receipt, asked, &statement))
        return refuse(err, JC_MSG_TERM_RECEIPT_WRONG, "its facts are not those of the request");
    if (!jc_receipt_verify(&statement, root, receipt->signature.data, key->public_key))
        return refuse(err, JC_MSG_TERM_RECEIPT_WRONG, "the signature does not verify");
    *proven = true;
    return JC_OK;
}

static const char SQL_BACKED_UP[] =
    "UPDATE holder SET backed_up_through = $1 WHERE agency_id = $2 AND backed_up_through < $1";

enum jc_code jc_terminal_backed_up_keep(struct jc_tx *tx, struct jc_str agency_id, int64_t through,
                                        struct jc_err *err) {
    return jc_tx_exec(tx, SQL_BACKED_UP, JC_VALUES(jc_int(through), jc_text(agency_id)), err);
}

enum jc_code jc_terminal_blobs_proven(struct jc_tx *tx, const Jc__Receipt *receipt, int64_t now_ms,
                                      struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; code == JC_OK && i < receipt->n_blob_sha256; i++) {
        ProtobufCBinaryData sha256 = receipt->blob_sha256[i];
        code = jc_terminal_upload_proven(tx, (struct jc_str){(const char *)sha256.data, sha256.len}, now_ms, err);
    }
    return code;
}
