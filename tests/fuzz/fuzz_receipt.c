/* Receipts from anybody: whatever an answer says, the terminal believes in exactly what its server's key signed.
 *
 * An input is a list of changes to an honest answer that proves two operations, each three bytes (where, two of them
 * little endian, and what is XORed), or, if its first byte is odd, a whole SyncResponse behind that byte. What is
 * proven names the two operations and the honest facts; a stranger's keys are never learnt. */
#include <string.h>

#include "base/evidence.h"
#include "base/id.h"
#include "base/message.h"
#include "fuzz.h"
#include "jiancha/v1/sync_service.pb-c.h"
#include "terminal/receipt.h"

enum { OPERATIONS = 2, ARENA = 64 << 20 };
static const int64_t SERVER_MS = 1672880400000;

struct honest {
    struct jc_terminal_operation operations[OPERATIONS];
    struct jc_receipt_operation facts[OPERATIONS];
    uint8_t hashes[OPERATIONS][JC_SHA256_SIZE];
    struct jc_uuid device_id;
    struct jc_terminal_key key;
    struct jc_str answer; /* serialised */
};

/* The answer of a server that holds the key: both operations applied, rows 7 and 8 of its chain. */
static void sign(struct honest *honest, const uint8_t *secret_key, struct jc_arena *arena) {
    Jc__SyncResponse response = JC__SYNC_RESPONSE__INIT;
    Jc__Receipt receipt = JC__RECEIPT__INIT;
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Jc__OperationResult results[OPERATIONS], *list[OPERATIONS];
    ProtobufCBinaryData ids[OPERATIONS];
    struct jc_receipt_statement statement = {
        .agency = JC_STR("a"), .chain_length = 8, .server_ms = SERVER_MS, .backed_up_through = 3};
    uint8_t leaf[JC_SHA256_SIZE], signature[JC_SIGNATURE_SIZE];
    struct jc_err err;
    memcpy(statement.key_id, honest->key.key_id, JC_KEY_ID_SIZE);
    jc_receipt_leaf(honest->device_id, honest->facts, OPERATIONS, NULL, 0, leaf);
    jc_receipt_sign(&statement, leaf, secret_key, signature); /* a tree of one leaf */
    for (int i = 0; i < OPERATIONS; i++) {
        ids[i] = (ProtobufCBinaryData){JC_UUID_SIZE, honest->facts[i].id.bytes};
        jc__operation_result__init(&results[i]);
        results[i].id = ids[i];
        results[i].status = JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED;
        results[i].operation_no = honest->facts[i].operation_no;
        list[i] = &results[i];
    }
    time.seconds = SERVER_MS / 1000;
    receipt.operation_ids = ids;
    receipt.n_operation_ids = OPERATIONS;
    receipt.chain_length = statement.chain_length;
    receipt.chain_head = (ProtobufCBinaryData){JC_SHA256_SIZE, statement.chain_head};
    receipt.server_time = &time;
    receipt.backed_up_through = statement.backed_up_through;
    receipt.key_id = (ProtobufCBinaryData){JC_KEY_ID_SIZE, statement.key_id};
    receipt.signature = (ProtobufCBinaryData){JC_SIGNATURE_SIZE, signature};
    receipt.agency_id = (char *)"a";
    response.receipt = &receipt;
    response.results = list;
    response.n_results = OPERATIONS;
    PROMISE(jc_message_pack(&response.base, arena, &honest->answer, &err) == JC_OK);
}

static struct honest *honest_answer(struct jc_arena *arena) {
    struct honest *honest = JC_NEW(arena, struct honest);
    uint8_t secret_key[JC_SIGN_SECRET_SIZE];
    PROMISE(honest);
    jc_sign_keypair(honest->key.public_key, secret_key);
    jc_key_id(honest->key.public_key, honest->key.key_id);
    memset(honest->device_id.bytes, 0xD0, JC_UUID_SIZE);
    for (int i = 0; i < OPERATIONS; i++) {
        memset(honest->facts[i].id.bytes, i + 1, JC_UUID_SIZE);
        memset(honest->facts[i].body_sha256, i + 0x10, JC_SHA256_SIZE);
        memset(honest->hashes[i], i + 0x10, JC_SHA256_SIZE);
        honest->facts[i].operation_no = 7 + i;
        honest->operations[i].outcome.operation_id = honest->facts[i].id;
        honest->operations[i].body_sha256 = (struct jc_str){(const char *)honest->hashes[i], JC_SHA256_SIZE};
    }
    sign(honest, secret_key, arena);
    return honest;
}

static struct jc_str altered(const struct honest *honest, const uint8_t *data, size_t size, struct jc_arena *arena) {
    char *copy = jc_arena_alloc(arena, honest->answer.len);
    PROMISE(copy);
    memcpy(copy, honest->answer.ptr, honest->answer.len);
    for (; size >= 3; data += 3, size -= 3)
        copy[(data[0] | data[1] << 8) % (int)honest->answer.len] ^= (char)data[2];
    return (struct jc_str){copy, honest->answer.len};
}

/* What was believed is what was signed. */
static void check_proven(const struct honest *honest, const Jc__SyncResponse *response) {
    const Jc__Receipt *receipt = response->receipt;
    PROMISE(receipt->n_operation_ids == OPERATIONS && receipt->n_blob_sha256 == 0);
    for (int i = 0; i < OPERATIONS; i++)
        PROMISE(memcmp(receipt->operation_ids[i].data, honest->facts[i].id.bytes, JC_UUID_SIZE) == 0);
    PROMISE(receipt->chain_length == 8 && receipt->backed_up_through == 3);
    PROMISE(receipt->server_time->seconds == SERVER_MS / 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool ready = false;
    struct jc_err err = {0};
    ProtobufCMessage *message = NULL;
    bool proven = false;
    struct jc_arena *arena = jc_arena_new(ARENA);
    PROMISE(arena && (ready || jc_id_init()));
    ready = true;
    const struct honest *honest = honest_answer(arena);
    bool whole = size > 0 && data[0] & 1;
    struct jc_str bytes = whole       ? (struct jc_str){(const char *)data + 1, size - 1}
                          : size == 0 ? honest->answer
                                      : altered(honest, data + 1, size - 1, arena);
    if (jc_message_unpack(&jc__sync_response__descriptor, bytes, arena, &message, &err) == JC_OK) {
        const Jc__SyncResponse *response = (const Jc__SyncResponse *)message;
        struct jc_terminal_keys keys = {.arena = arena};
        struct jc_terminal_key *key = JC_PUSH(arena, &keys, struct jc_terminal_key);
        PROMISE(key);
        *key = honest->key;
        PROMISE(jc_terminal_keys_learn(&keys, response->server_keys, response->n_server_keys, &err) == JC_OK);
        PROMISE(keys.count == 1);
        const struct jc_terminal_asked asked = {honest->device_id, JC_STR("a"), honest->operations, OPERATIONS};
        enum jc_code code = JC_OK;
        if (response->receipt)
            code = jc_terminal_receipt_check(response->receipt, response->results, response->n_results, &asked, &keys,
                                             arena, &proven, &err);
        PROMISE(code == JC_OK || (code == JC_DATA_LOSS && !proven));
        if (proven)
            check_proven(honest, response);
        PROMISE(proven || size > 0);
    }
    jc_arena_free(arena);
    return 0;
}
