/* Server keys and what they sign: rotation, keys that are not here, receipts alone and by the commit. */
#include "jc_field_test.h"

#include <pthread.h>

#include "auth/key.h"
#include "base/message.h"
#include "store/keyring.h"
#include "store/server_key.h"
#include "sync/receipt.h"

/* --- keys -------------------------------------------------------------------------------------------- */

struct keys {
    struct jc_arena *arena;
    struct jc_str known;
    Jc__ServerKey **items;
    size_t count;
};

static enum jc_code list_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct keys *keys = ctx;
    return jc_server_key_list(tx, keys->arena, &keys->items, &keys->count, err);
}

static enum jc_code since_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct keys *keys = ctx;
    return jc_server_key_since(tx, keys->known, keys->arena, &keys->items, &keys->count, err);
}

static enum jc_code ensure_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_server_key_ensure(tx, (FIELD_NOW_MS + 1000), err);
}

static enum jc_code rotate_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_server_key_rotate(tx, (FIELD_NOW_MS + 1000), ctx, err);
}

static enum jc_code forget_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_server_key_forget(tx, err);
}

static bool endorsed(const Jc__ServerKey *next, const Jc__ServerKey *before) {
    return next->endorsement.len == JC_SIGNATURE_SIZE && next->endorsed_by.len == JC_KEY_ID_SIZE &&
           memcmp(next->endorsed_by.data, before->key_id.data, JC_KEY_ID_SIZE) == 0 &&
           jc_key_endorsed(next->public_key.data, next->endorsement.data, before->public_key.data);
}

static void test_rotation(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    uint8_t key_id[JC_KEY_ID_SIZE];
    struct keys keys = {.arena = jc_arena_new(1 << 20)};
    jc_test_read(db, list_job, &keys);
    assert_int_equal(keys.count, 1); /* made with the database */
    assert_int_equal(keys.items[0]->endorsement.len, 0);
    assert_null(keys.items[0]->retired_at);
    struct jc_str first = {(const char *)keys.items[0]->key_id.data, JC_KEY_ID_SIZE};
    jc_test_write(db, ensure_job, NULL); /* nothing to do */
    jc_test_write(db, rotate_job, key_id);
    jc_test_write(db, rotate_job, key_id);
    jc_test_read(db, list_job, &keys);
    assert_int_equal(keys.count, 3);
    assert_memory_equal(keys.items[0]->key_id.data, key_id, JC_KEY_ID_SIZE);
    for (size_t i = 0; i + 1 < keys.count; i++) {
        assert_true(endorsed(keys.items[i], keys.items[i + 1]));
        assert_non_null(keys.items[i + 1]->retired_at);
    }
    /* Old secrets are gone. */
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM server_key WHERE secret_key IS NOT NULL"), 1);

    keys.known = first;
    jc_test_read(db, since_job, &keys);
    assert_int_equal(keys.count, 2);
    assert_true(endorsed(keys.items[1], keys.items[0])); /* the oldest first */
    keys.known = (struct jc_str){(const char *)key_id, sizeof key_id};
    jc_test_read(db, since_job, &keys);
    assert_int_equal(keys.count, 0);
    keys.known = JC_STR("unknown!");
    jc_test_read(db, since_job, &keys);
    assert_int_equal(keys.count, 3);
    jc_arena_free(keys.arena);
    jc_db_close(db);
}

/* A database without secrets (a restored backup) gets a key that nobody vouches for. */
static void test_lost_secret(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct keys keys = {.arena = jc_arena_new(1 << 20)};
    jc_test_write(db, forget_job, NULL);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM server_key WHERE secret_key IS NOT NULL"), 0);
    jc_test_write(db, ensure_job, NULL);
    jc_test_read(db, list_job, &keys);
    assert_int_equal(keys.count, 2);
    assert_int_equal(keys.items[0]->endorsement.len, 0);
    assert_int_equal(keys.items[0]->endorsed_by.len, 0);
    assert_non_null(keys.items[1]->retired_at);
    jc_arena_free(keys.arena);
    jc_db_close(db);
}

/* --- tampering ----------------------------------------------------------------------------------------- */

static int64_t moments(void *ctx) {
    return FIELD_NOW_MS + ++*(int64_t *)ctx;
}

struct history {
    int64_t ticks;
    struct jc_clock clock;
};

static enum jc_code log_rotation_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct history *history = ctx;
    uint8_t key_id[JC_KEY_ID_SIZE];
    return jc_key_rotate(tx, 1, (struct jc_act){JC_STR("cli:t"), &history->clock}, key_id, err);
}

/* As a restore without secrets does. */
static enum jc_code restore_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct history *history = ctx;
    int64_t now_ms = jc_clock_now_ms(&history->clock);
    enum jc_code code = jc_server_key_forget(tx, err);
    if (!code)
        code = jc_store_reincarnate(tx, now_ms, JC_STR("cli:t"), JC_STR("backup"), err);
    return code ? code : jc_server_key_ensure(tx, now_ms, err);
}

/* Keys 1, 2 and 3 by rotation, 4 by a restore, 5 and 6 by rotation. */
static struct jc_db *six_keys(void) {
    struct jc_db *db = jc_test_store();
    struct history history = {.clock = {moments, &history.ticks}};
    jc_test_write(db, log_rotation_job, &history);
    jc_test_write(db, log_rotation_job, &history);
    jc_test_write(db, restore_job, &history);
    jc_test_write(db, log_rotation_job, &history);
    jc_test_write(db, log_rotation_job, &history);
    return db;
}

struct finding_keys {
    struct jc_arena *arena;
    struct jc_str found;  /* "2 ID; 3 GONE" */
    struct jc_str ids[7]; /* hex, by position; before anything was altered */
    struct jc_db *backup;
};

static struct jc_str position_of(const struct finding_keys *keys, struct jc_str id) {
    for (int i = 1; i <= 6; i++) {
        if (jc_str_eq(keys->ids[i], id))
            return jc_arena_printf(keys->arena, "%d", i);
    }
    return id;
}

/* Which key, by its id alone, and what. */
static void note_key(void *ctx, int64_t position, const struct jc_err *fault) {
    static const struct {
        enum jc_msg what;
        const char *word;
    } WORDS[] = {{JC_MSG_KEYRING_ID, "id"},
                 {JC_MSG_KEYRING_SECRET, "secret"},
                 {JC_MSG_KEYRING_SECRET_KEPT, "secret kept"},
                 {JC_MSG_KEYRING_FIRST, "first"},
                 {JC_MSG_KEYRING_ENDORSER, "endorser"},
                 {JC_MSG_KEYRING_ENDORSEMENT, "endorsement"},
                 {JC_MSG_KEYRING_UNENDORSED, "unendorsed"},
                 {JC_MSG_KEYRING_UNLOGGED, "unlogged"},
                 {JC_MSG_KEYRING_MADE, "made"},
                 {JC_MSG_KEYRING_RETIRED, "retired"},
                 {JC_MSG_KEYRING_NONE_IN_USE, "none in use"},
                 {JC_MSG_KEYRING_GAP, "gap"},
                 {JC_MSG_KEYRING_GONE, "gone"},
                 {JC_MSG_KEYRING_EMPTY, "empty"},
                 {JC_MSG_KEYRING_COMPARED_ALTERED, "altered"},
                 {JC_MSG_KEYRING_COMPARED_REMOVED, "removed"}};
    struct finding_keys *keys = ctx;
    struct jc_str key = position_of(keys, fault->arg[0]), word = JC_STR("?");
    (void)position;
    assert_int_equal(fault->code, JC_DATA_LOSS);
    for (size_t i = 0; i < COUNT(WORDS); i++)
        word = WORDS[i].what == fault->what ? jc_str(WORDS[i].word) : word;
    if (fault->what == JC_MSG_KEYRING_ENDORSER_GONE) { /* names two: the one that is gone */
        key = position_of(keys, fault->arg[1]);
        word = JC_STR("gone");
    }
    keys->found = jc_arena_printf(keys->arena, "%.*s%s%.*s %.*s", JC_FMT(keys->found), keys->found.len ? "; " : "",
                                  JC_FMT(key), JC_FMT(word));
}

static enum jc_code keyring_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_keyring_verify(tx, note_key, ctx, err);
}

struct comparing {
    struct jc_tx *tx;
    struct finding_keys *keys;
};

static enum jc_code compare_backup_job(struct jc_tx *backup, void *ctx, struct jc_err *err) {
    struct comparing *comparing = ctx;
    return jc_keyring_compare(comparing->tx, backup, note_key, comparing->keys, err);
}

static enum jc_code compare_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct finding_keys *keys = ctx;
    struct comparing comparing = {tx, keys};
    return jc_db_read(keys->backup, compare_backup_job, &comparing, err);
}

static enum jc_code ids_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct finding_keys *keys = ctx;
    Jc__ServerKey **items = NULL;
    size_t count = 0;
    enum jc_code code = jc_server_key_list(tx, keys->arena, &items, &count, err);
    for (size_t i = 0; !code && i < count; i++) {
        char hex[2 * JC_KEY_ID_SIZE + 1];
        keys->ids[count - i] = jc_arena_copy(keys->arena, jc_hex(items[i]->key_id.data, JC_KEY_ID_SIZE, hex));
    }
    return code;
}

#define AT(n) " WHERE position = " #n
#define ENROLLED                                                                                 \
    "INSERT INTO audit_log (agency_id, audit_no, at_ms, actor, act, object, detail, chain_hash)" \
    " VALUES (1, 99, 1, '', 'device.enroll', '', '', zeroblob(32));"
#define UNROTATED "DELETE FROM audit_log WHERE act = 'key.rotate';"

static const struct {
    const char *name, *sql, *found;
} KEY_TAMPERINGS[] = {
    {"nothing", "SELECT 1", ""},
    {"no secret is here (a backup)", "UPDATE server_key SET secret_key = NULL", ""},
    {"id", "UPDATE server_key SET key_id = X'0102030405060708'" AT(1), "0102030405060708 id"},
    {"id of a rotated key", "UPDATE server_key SET key_id = X'0102030405060708'" AT(2), "0102030405060708 id"},
    {"id of the wrong length", "UPDATE server_key SET key_id = X'01'" AT(6), "01 id"},
    {"public half of the first", "UPDATE server_key SET public_key = zeroblob(32)" AT(1), "1 id"},
    {"public half", "UPDATE server_key SET public_key = zeroblob(32)" AT(3), "3 id"},
    {"public half of the newest", "UPDATE server_key SET public_key = X'ab'" AT(6), "6 id"},
    {"secret half", "UPDATE server_key SET secret_key = zeroblob(64)" AT(6), "6 secret"},
    {"secret half of the wrong length", "UPDATE server_key SET secret_key = X'00'" AT(6), "6 secret"},
    {"secret half of an old key", "UPDATE server_key SET secret_key = zeroblob(64)" AT(2), "2 secret kept"},
    {"endorsement", "UPDATE server_key SET endorsement = zeroblob(64)" AT(2), "2 endorsement"},
    {"endorsement of the wrong length", "UPDATE server_key SET endorsement = X'00'" AT(3), "3 endorsement"},
    {"endorsement of the first", "UPDATE server_key SET endorsement = X'00'" AT(1), "1 first"},
    {"endorsement of a restored one", "UPDATE server_key SET endorsement = X'00'" AT(4), "4 endorser; 4 unlogged"},
    {"no endorsement", "UPDATE server_key SET endorsement = X''" AT(2), "2 endorsement"},
    {"no endorsement at all", "UPDATE server_key SET endorsement = X'', endorsed_by = X''" AT(2), "2 unendorsed"},
    {"endorsed by another", "UPDATE server_key SET endorsed_by = zeroblob(8)" AT(3), "3 endorser"},
    {"endorsed by nobody", "UPDATE server_key SET endorsed_by = X''" AT(3), "3 endorser"},
    {"made earlier", "UPDATE server_key SET created_ms = created_ms - 1" AT(2), "2 made"},
    {"restored one made earlier", "UPDATE server_key SET created_ms = created_ms - 1" AT(4), "4 made"},
    {"retired later", "UPDATE server_key SET retired_ms = retired_ms + 1" AT(1), "1 retired"},
    {"not retired", "UPDATE server_key SET retired_ms = NULL" AT(3), "3 retired"},
    {"the newest retired", "UPDATE server_key SET retired_ms = 5" AT(6), "6 none in use"},
    {"position", "UPDATE server_key SET position = 9" AT(6), "6 gap"},
    {"all positions", "UPDATE server_key SET position = position + 10", "1 gap"},
    {"two swapped",
     "UPDATE server_key SET position = 9" AT(2) "; UPDATE server_key SET position = 2" AT(
         3) ";"
            "UPDATE server_key SET position = 3" AT(9),
     "3 endorser; 1 retired; 2 endorser; 3 retired; 2 retired"},
    {"the first removed", "DELETE FROM server_key" AT(1), "1 gone"},
    {"one removed", "DELETE FROM server_key" AT(2), "2 gone"},
    {"a restored one removed", "DELETE FROM server_key" AT(4), "4 gone"},
    {"the newest removed", "DELETE FROM server_key" AT(6), "5 none in use; 6 gone"},
    {"the newest removed, the one before in use again",
     "DELETE FROM server_key" AT(6) "; UPDATE server_key SET retired_ms = NULL" AT(5), "6 gone"},
    {"one removed, the others moved up",
     "DELETE FROM server_key" AT(2) "; UPDATE server_key SET position = -position WHERE position > 2;"
                                    "UPDATE server_key SET position = -position - 1 WHERE position < 0",
     "3 endorser; 1 retired; 2 gone"},
    {"all removed", "DELETE FROM server_key", " empty; 2 gone; 3 gone; 5 gone; 6 gone"},
    {"all removed that no rotation made, after an enrolment", ENROLLED UNROTATED "DELETE FROM server_key", " empty"},
    {"a key that nobody endorsed",
     "INSERT INTO server_key SELECT X'39f713d0a644253f', 7,"
     " X'3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', NULL, 5, NULL, X'', X'';"
     "UPDATE server_key SET retired_ms = 5, secret_key = NULL" AT(6),
     "39f713d0a644253f unendorsed"},
    {"line of the log removed", "DELETE FROM audit_log WHERE act = 'key.rotate' AND audit_no = 1", "2 unlogged"},
};

static struct finding_keys look_for_keys(struct jc_db *db) {
    struct finding_keys keys = {.arena = jc_arena_new(1 << 20), .found = JC_STR("")};
    jc_test_read(db, ids_job, &keys);
    return keys;
}

static void test_tampering(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(KEY_TAMPERINGS); i++) {
        struct jc_db *db = six_keys();
        struct finding_keys keys = look_for_keys(db);
        jc_test_script(db, KEY_TAMPERINGS[i].sql);
        jc_test_read(db, keyring_job, &keys);
        CHECK_STR(KEY_TAMPERINGS[i].name, keys.found, KEY_TAMPERINGS[i].found);
        jc_arena_free(keys.arena);
        jc_db_close(db);
    }
}

/* What one act made is compared with a backup; keys that came later are none of its business. */
static void test_compared(void **state) {
    (void)state;
    static const struct {
        const char *name, *of_backup, *here, *found;
    } CASES[] = {
        {"nothing", "SELECT 1", "SELECT 1", ""},
        {"rotated since", "DELETE FROM server_key" AT(6) "; UPDATE server_key SET retired_ms = NULL" AT(5), "SELECT 1",
         ""},
        {"when the first was made", "SELECT 1", "UPDATE server_key SET created_ms = 5" AT(1), "1 altered"},
        {"when one was retired", "SELECT 1", "UPDATE server_key SET retired_ms = 5" AT(1), "1 altered"},
        {"one removed", "SELECT 1", "DELETE FROM server_key" AT(2), "2 removed"},
    };
    char folder[JC_TEST_PATH], path[2 * JC_TEST_PATH];
    jc_test_folder(folder);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_err err = {0};
        struct jc_db *db = six_keys();
        struct finding_keys keys = look_for_keys(db);
        snprintf(path, sizeof path, "%s/%zu.db", folder, i);
        struct jc_db_config config = {.path = path};
        CHECK_OK(CASES[i].name, jc_db_copy_to(db, path, &err), &err);
        CHECK_OK(CASES[i].name, jc_db_open(&config, &keys.backup, &err), &err);
        jc_test_script(keys.backup, CASES[i].of_backup);
        jc_test_script(db, CASES[i].here);
        jc_test_read(db, compare_job, &keys);
        CHECK_STR(CASES[i].name, keys.found, CASES[i].found);
        jc_db_close(keys.backup);
        jc_arena_free(keys.arena);
        jc_db_close(db);
    }
    jc_test_folder_remove(folder);
}

/* --- receipts ---------------------------------------------------------------------------------------- */

static struct jc_str view(ProtobufCBinaryData data) {
    return jc_view(data);
}

/* As a terminal checks a receipt: from what it sent and was told, by a key it knows. */
static bool holds(const Jc__Receipt *receipt, struct jc_uuid device_id, const struct jc_receipt_operation *operations,
                  size_t count, const uint8_t (*blobs)[JC_SHA256_SIZE], size_t blob_count, const Jc__ServerKey *key) {
    uint8_t leaf[JC_SHA256_SIZE], root[JC_SHA256_SIZE];
    struct jc_receipt_step path[JC_RECEIPT_PATH_MAX];
    struct jc_receipt_statement statement = {
        .agency = jc_str(receipt->agency_id),
        .chain_length = receipt->chain_length,
        .server_ms = receipt->server_time->seconds * 1000 + receipt->server_time->nanos / 1000000,
        .backed_up_through = receipt->backed_up_through,
    };
    if (receipt->signature.len != JC_SIGNATURE_SIZE || receipt->chain_head.len != JC_SHA256_SIZE ||
        !jc_str_eq(view(receipt->key_id), view(key->key_id)) || receipt->n_path > JC_RECEIPT_PATH_MAX)
        return false;
    memcpy(statement.chain_head, receipt->chain_head.data, JC_SHA256_SIZE);
    memcpy(statement.key_id, receipt->key_id.data, JC_KEY_ID_SIZE);
    for (size_t i = 0; i < receipt->n_path; i++) {
        memcpy(path[i].hash, receipt->path[i]->hash.data, JC_SHA256_SIZE);
        path[i].left = receipt->path[i]->left;
    }
    jc_receipt_leaf(device_id, operations, (uint32_t)count, blobs, (uint32_t)blob_count, leaf);
    jc_receipt_climb(leaf, path, receipt->n_path, root);
    return jc_receipt_verify(&statement, root, receipt->signature.data, key->public_key.data);
}

static Jc__ServerKey *key_in_use(struct jc_db *db, struct jc_arena *arena) {
    struct keys keys = {.arena = arena};
    jc_test_read(db, list_job, &keys);
    return keys.items[0];
}

/* A terminal's sync comes with a receipt it can check, and with the keys it does not know. */
static void test_receipt_of_a_sync(void **state) {
    (void)state;
    struct field f;
    field_open(&f);
    field_lease(&f, 1);
    Jc__Operation *operations[] = {field_return(&f, 1, 1, "企业停产"), field_return(&f, 2, 2, "企业搬迁")};
    struct field_call call = field_call(&f, 1);
    call.request.operations = operations;
    call.request.n_operations = COUNT(operations);
    jc_test_write(f.db, field_call_job, &call);
    const Jc__SyncResponse *answer = call.response;
    const Jc__ServerKey *key = key_in_use(f.db, f.arena);
    assert_int_equal(answer->n_server_keys, 1);
    assert_true(jc_str_eq(view(answer->server_keys[0]->public_key), view(key->public_key)));
    assert_string_equal(answer->receipt->agency_id, "x");

    struct jc_receipt_operation named[2];
    for (int i = 0; i < 2; i++) {
        memcpy(named[i].id.bytes, operations[i]->id.data, JC_UUID_SIZE);
        named[i].operation_no = answer->results[i]->operation_no;
        jc_sha256(view(operations[i]->body), named[i].body_sha256);
    }
    assert_true(named[0].operation_no > 0);
    assert_true(holds(answer->receipt, call.caller.device_id, named, 2, NULL, 0, key));
    assert_false(holds(answer->receipt, field_uuid(FIELD_DEVICE, 2), named, 2, NULL, 0, key));
    named[1].body_sha256[0] ^= 1;
    assert_false(holds(answer->receipt, call.caller.device_id, named, 2, NULL, 0, key));
    named[1].body_sha256[0] ^= 1;
    answer->receipt->chain_length++;
    assert_false(holds(answer->receipt, call.caller.device_id, named, 2, NULL, 0, key));

    /* The same again: the receipt names the old rows. A terminal that knows the key is not told it. */
    call.request.known_key_id = key->key_id;
    jc_test_write(f.db, field_call_job, &call);
    assert_int_equal(call.response->n_server_keys, 0);
    assert_true(holds(call.response->receipt, call.caller.device_id, named, 2, NULL, 0, key));
    field_close(&f);
}

enum { DRAFTS = 70 };

struct drafts {
    struct jc_arena *arena;
    int64_t agency_id;
    size_t count;
    struct jc_receipt_draft *items[DRAFTS];
    struct jc_receipt_operation operations[DRAFTS];
    uint8_t blob[1][JC_SHA256_SIZE];
};

static enum jc_code draft_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct drafts *drafts = ctx;
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < drafts->count; i++) {
        struct jc_receipt_operation *operation = &drafts->operations[i];
        *operation =
            (struct jc_receipt_operation){.id = field_uuid(FIELD_OPERATION, (int)i), .operation_no = 100 + (int)i};
        struct jc_receipt_content content = {.device_id = field_uuid(FIELD_DEVICE, (int)i),
                                             .operations = operation,
                                             .count = 1,
                                             .blobs = (const uint8_t(*)[JC_SHA256_SIZE])drafts->blob,
                                             .blob_count = i % 2};
        code = jc_receipt_make(tx, drafts->agency_id, FIELD_NOW_MS + (int64_t)i, &content, drafts->arena,
                               &drafts->items[i], err);
    }
    return code;
}

static void check_drafts(const char *name, const struct drafts *drafts, const Jc__ServerKey *key) {
    for (size_t i = 0; i < drafts->count; i++)
        CHECK(name, holds(drafts->items[i]->receipt, field_uuid(FIELD_DEVICE, (int)i), &drafts->operations[i], 1,
                          (const uint8_t(*)[JC_SHA256_SIZE])drafts->blob, i % 2, key));
}

/* Every number of answers in a commit: one signature, and every receipt holds on its own. */
static void test_receipts_of_a_commit(void **state) {
    (void)state;
    struct field f;
    field_open(&f);
    const Jc__ServerKey *key = key_in_use(f.db, f.arena);
    for (size_t n = 1; n <= DRAFTS; n++) {
        char name[32];
        struct jc_err err = {0};
        struct drafts drafts = {.arena = f.arena, .agency_id = 1, .count = n, .blob = {"a blob's hash"}};
        struct jc_receipt_batch *batch = jc_receipt_batch_new();
        snprintf(name, sizeof name, "%zu answers", n);
        jc_test_write(f.db, draft_job, &drafts);
        for (size_t i = 0; i < n; i++)
            CHECK(name, jc_receipt_batch_join(batch, drafts.items[i]));
        jc_receipt_batch_release(batch); /* those that joined hold it */
        for (size_t i = n; i-- > 0;) {
            CHECK_OK(name, jc_receipt_batch_complete(batch, drafts.items[i], f.arena, &err), &err);
            CHECK_INT(name, drafts.items[i]->receipt->server_time->nanos, (int)(n - 1) * 1000000);
            CHECK(name,
                  jc_str_eq(view(drafts.items[i]->receipt->signature), view(drafts.items[0]->receipt->signature)) ||
                      !drafts.items[0]->receipt->signature.len);
        }
        check_drafts(name, &drafts, key);
        for (size_t i = 0; i < n; i++) /* no secret stays in a request's memory */
            CHECK_INT(name, drafts.items[i]->signet.secret_key[0] | drafts.items[i]->signet.secret_key[31], 0);
        for (size_t i = 0; i < n; i++)
            jc_receipt_batch_release(batch);
    }
    field_close(&f);
}

/* Agencies of one commit sign apart: each has its own chain. */
static void test_two_agencies(void **state) {
    (void)state;
    struct field f;
    field_open(&f);
    struct jc_err err = {0};
    const Jc__ServerKey *key = key_in_use(f.db, f.arena);
    struct drafts one = {.arena = f.arena, .agency_id = 1, .count = 3};
    struct drafts two = {.arena = f.arena, .agency_id = 2, .count = 2};
    struct jc_receipt_batch *batch = jc_receipt_batch_new();
    jc_test_write(f.db, draft_job, &one);
    jc_test_write(f.db, draft_job, &two);
    for (size_t i = 0; i < 3; i++) {
        assert_true(jc_receipt_batch_join(batch, one.items[i]));
        assert_true(i == 2 || jc_receipt_batch_join(batch, two.items[i]));
    }
    for (size_t i = 0; i < 3; i++)
        CHECK_OK("one", jc_receipt_batch_complete(batch, one.items[i], f.arena, &err), &err);
    for (size_t i = 0; i < 2; i++)
        CHECK_OK("two", jc_receipt_batch_complete(batch, two.items[i], f.arena, &err), &err);
    check_drafts("one", &one, key);
    check_drafts("two", &two, key);
    assert_string_not_equal(one.items[0]->receipt->agency_id, two.items[0]->receipt->agency_id);
    /* Whoever comes after the signature signs alone. */
    struct drafts late = {.arena = f.arena, .agency_id = 1, .count = 1};
    jc_test_write(f.db, draft_job, &late);
    assert_false(jc_receipt_batch_join(batch, late.items[0]));
    CHECK_OK("late", jc_receipt_complete(late.items[0], f.arena, &err), &err);
    check_drafts("late", &late, key);
    for (int i = 0; i < 6; i++)
        jc_receipt_batch_release(batch);
    field_close(&f);
}

struct alone {
    struct drafts drafts;
    struct jc_receipt_batch *batch;
    size_t first;
};

static void *complete_some(void *ctx) {
    struct alone *part = ctx;
    for (size_t i = part->first; i < part->drafts.count; i += 2) {
        struct jc_err err = {0};
        struct jc_arena *arena = jc_arena_new(1 << 16);
        CHECK_OK("thread", jc_receipt_batch_complete(part->batch, part->drafts.items[i], arena, &err), &err);
        assert_int_equal(part->drafts.items[i]->receipt->signature.len, JC_SIGNATURE_SIZE);
        jc_receipt_batch_release(part->batch);
        jc_arena_free(arena);
    }
    return NULL;
}

/* Two event threads answer for one commit (plain and TLS). */
static void test_two_threads(void **state) {
    (void)state;
    struct field f;
    field_open(&f);
    struct alone parts[2] = {{.drafts = {.arena = f.arena, .agency_id = 1, .count = DRAFTS}}};
    pthread_t thread;
    jc_test_write(f.db, draft_job, &parts[0].drafts);
    parts[0].batch = jc_receipt_batch_new();
    for (size_t i = 0; i < DRAFTS; i++)
        assert_true(jc_receipt_batch_join(parts[0].batch, parts[0].drafts.items[i]));
    jc_receipt_batch_release(parts[0].batch);
    parts[1] = parts[0];
    parts[1].first = 1;
    assert_int_equal(pthread_create(&thread, NULL, complete_some, &parts[1]), 0);
    complete_some(&parts[0]);
    assert_int_equal(pthread_join(thread, NULL), 0);
    field_close(&f);
}

/* Without a key there is a receipt without a signature; without memory it is signed alone, or fails. */
static void test_no_key(void **state) {
    (void)state;
    struct field f;
    field_open(&f);
    struct jc_err err = {0};
    struct drafts drafts = {.arena = f.arena, .agency_id = 1, .count = 1};
    jc_test_write(f.db, forget_job, NULL);
    jc_test_write(f.db, draft_job, &drafts);
    CHECK_OK("no key", jc_receipt_complete(drafts.items[0], f.arena, &err), &err);
    assert_int_equal(drafts.items[0]->receipt->signature.len, 0);
    assert_non_null(drafts.items[0]->receipt->server_time);
    field_close(&f);
}

static enum jc_code join_and_complete(void *ctx, struct jc_err *err) {
    struct field *f = ctx;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    if (!arena)
        return jc_fail_memory(err);
    struct drafts drafts = {.arena = arena, .agency_id = 1, .count = 40};
    enum jc_code code = jc_db_write_wait(f->db, 1, draft_job, &drafts, err);
    struct jc_receipt_batch *batch = code ? NULL : jc_receipt_batch_new();
    for (size_t i = 0; !code && i < drafts.count; i++) {
        bool joined = batch && jc_receipt_batch_join(batch, drafts.items[i]);
        code = joined ? JC_OK : jc_receipt_complete(drafts.items[i], arena, err);
        if (joined)
            drafts.operations[i].operation_no = -1;
    }
    for (size_t i = 0; i < drafts.count && batch; i++) {
        if (drafts.operations[i].operation_no != -1)
            continue;
        if (!code)
            code = jc_receipt_batch_complete(batch, drafts.items[i], arena, err);
        jc_receipt_batch_release(batch);
    }
    jc_receipt_batch_release(batch);
    for (size_t i = 0; !code && i < drafts.count; i++)
        assert_int_equal(drafts.items[i]->receipt->signature.len, JC_SIGNATURE_SIZE);
    jc_arena_free(arena);
    return code;
}

/* Whichever request for memory fails: every answer is signed, or says that memory ended. */
static void test_memory(void **state) {
    (void)state;
    struct field f;
    field_open(&f);
    struct jc_err err = {0};
    uint64_t sum = 0;
    CHECK_OK("whole", join_and_complete(&f, &err), &err);
    for (uint64_t nth = 1; nth < 60; nth++) {
        jc_alloc_fail_at(nth);
        enum jc_code code = join_and_complete(&f, &err);
        jc_alloc_fail_at(0);
        assert_true(code == JC_OK || code == JC_RESOURCE_EXHAUSTED);
        sum += code != JC_OK;
    }
    assert_true(sum > 0);
    field_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_lost_secret),
        cmocka_unit_test(test_tampering),
        cmocka_unit_test(test_compared),
        cmocka_unit_test(test_receipt_of_a_sync),
        cmocka_unit_test(test_receipts_of_a_commit),
        cmocka_unit_test(test_two_agencies),
        cmocka_unit_test(test_two_threads),
        cmocka_unit_test(test_no_key),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
