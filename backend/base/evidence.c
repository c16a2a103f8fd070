/* Hashes and signatures over fixed encodings, nothing else. Costs: a link or leaf one SHA-256, a seal
 * or statement one Ed25519 operation (tens of microseconds), a tree one SHA-256 per leaf. */
#include "base/evidence.h"

#include <string.h>

enum {
    AGENCY_MAX = 255,
    STATEMENT_MAX =
        sizeof "jiancha-receipt-1" + JC_SHA256_SIZE + 2 + AGENCY_MAX + 8 + JC_SHA256_SIZE + 8 + 8 + JC_KEY_ID_SIZE,
};

static void add(struct jc_sha256_state *state, const void *bytes, size_t len) {
    if (len)
        jc_sha256_add(state, (struct jc_str){bytes, len});
}

/* Little-endian, `size` bytes. */
static void put_number(uint8_t *out, uint64_t number, size_t size) {
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(number >> (8 * i));
}

static void add_number(struct jc_sha256_state *state, uint64_t number, size_t size) {
    uint8_t bytes[8];
    put_number(bytes, number, size);
    add(state, bytes, size);
}

/* --- a device's chain ------------------------------------------------------------------------------ */

void jc_link(const uint8_t previous[JC_SHA256_SIZE], struct jc_uuid id, const uint8_t body_sha256[JC_SHA256_SIZE],
             struct jc_str depends_on, uint8_t out[JC_SHA256_SIZE]) {
    static const char NAME[] = "jiancha-link-1"; /* its NUL takes part, here and below */
    struct jc_sha256_state state;
    jc_sha256_begin(&state);
    add(&state, NAME, sizeof NAME);
    add(&state, previous, JC_SHA256_SIZE);
    add(&state, id.bytes, JC_UUID_SIZE);
    add(&state, body_sha256, JC_SHA256_SIZE);
    add(&state, depends_on.ptr, depends_on.len);
    jc_sha256_end(&state, out);
}

static const char SEAL[] = "jiancha-seal-1";
enum { SEALED_SIZE = sizeof SEAL + JC_SHA256_SIZE };

static struct jc_str sealed_bytes(const uint8_t link[JC_SHA256_SIZE], char buf[SEALED_SIZE]) {
    memcpy(buf, SEAL, sizeof SEAL);
    memcpy(buf + sizeof SEAL, link, JC_SHA256_SIZE);
    return (struct jc_str){buf, SEALED_SIZE};
}

void jc_seal_sign(const uint8_t link[JC_SHA256_SIZE], const uint8_t secret_key[JC_SIGN_SECRET_SIZE],
                  uint8_t seal[JC_SIGNATURE_SIZE]) {
    char buf[SEALED_SIZE];
    jc_sign(sealed_bytes(link, buf), secret_key, seal);
}

bool jc_seal_verify(const uint8_t link[JC_SHA256_SIZE], const uint8_t seal[JC_SIGNATURE_SIZE],
                    const uint8_t public_key[JC_SIGN_PUBLIC_SIZE]) {
    char buf[SEALED_SIZE];
    return jc_sign_verify(sealed_bytes(link, buf), seal, public_key);
}

/* --- receipts -------------------------------------------------------------------------------------- */

static const char LEAF[] = "jiancha-receipt-leaf-1";
enum {
    LEAF_HEAD = sizeof LEAF + JC_UUID_SIZE + 4,
    LEAF_OPERATION = JC_UUID_SIZE + 8 + JC_SHA256_SIZE,
    LEAF_BLOBS = 4,
};

static uint8_t *put_bytes(uint8_t *out, const void *bytes, size_t len) {
    return (uint8_t *)memcpy(out, bytes, len) + len;
}

/* The parts of a leaf; each returns where the next one goes. */
static uint8_t *put_head(uint8_t *out, struct jc_uuid device_id, uint32_t count) {
    out = put_bytes(out, LEAF, sizeof LEAF);
    out = put_bytes(out, device_id.bytes, JC_UUID_SIZE);
    put_number(out, count, 4);
    return out + 4;
}

static uint8_t *put_operation(uint8_t *out, const struct jc_receipt_operation *operation) {
    out = put_bytes(out, operation->id.bytes, JC_UUID_SIZE);
    put_number(out, (uint64_t)operation->operation_no, 8);
    return put_bytes(out + 8, operation->body_sha256, JC_SHA256_SIZE);
}

void jc_receipt_leaf(struct jc_uuid device_id, const struct jc_receipt_operation *operations, uint32_t count,
                     const uint8_t (*blobs)[JC_SHA256_SIZE], uint32_t blob_count, uint8_t out[JC_SHA256_SIZE]) {
    uint8_t part[LEAF_HEAD > LEAF_OPERATION ? LEAF_HEAD : LEAF_OPERATION];
    struct jc_sha256_state state;
    jc_sha256_begin(&state);
    add(&state, part, (size_t)(put_head(part, device_id, count) - part));
    for (uint32_t i = 0; i < count; i++)
        add(&state, part, (size_t)(put_operation(part, &operations[i]) - part));
    add_number(&state, blob_count, LEAF_BLOBS);
    for (uint32_t i = 0; i < blob_count; i++)
        add(&state, blobs[i], JC_SHA256_SIZE);
    jc_sha256_end(&state, out);
}

size_t jc_receipt_leaf_size(uint32_t count, uint32_t blob_count) {
    return LEAF_HEAD + (size_t)count * LEAF_OPERATION + LEAF_BLOBS + (size_t)blob_count * JC_SHA256_SIZE;
}

void jc_receipt_leaf_write(struct jc_uuid device_id, const struct jc_receipt_operation *operations, uint32_t count,
                           const uint8_t (*blobs)[JC_SHA256_SIZE], uint32_t blob_count, uint8_t *out) {
    out = put_head(out, device_id, count);
    for (uint32_t i = 0; i < count; i++)
        out = put_operation(out, &operations[i]);
    put_number(out, blob_count, LEAF_BLOBS);
    if (blob_count)
        memcpy(out + LEAF_BLOBS, blobs, (size_t)blob_count * JC_SHA256_SIZE);
}

static void pair(const uint8_t left[JC_SHA256_SIZE], const uint8_t right[JC_SHA256_SIZE], uint8_t out[JC_SHA256_SIZE]) {
    static const uint8_t NODE = 1;
    struct jc_sha256_state state;
    jc_sha256_begin(&state);
    add(&state, &NODE, 1);
    add(&state, left, JC_SHA256_SIZE);
    add(&state, right, JC_SHA256_SIZE);
    jc_sha256_end(&state, out);
}

size_t jc_receipt_tree_size(size_t leaves) {
    size_t size = leaves;
    for (size_t level = leaves; level > 1; size += level)
        level = (level + 1) / 2;
    return size;
}

const uint8_t *jc_receipt_tree_build(uint8_t (*nodes)[JC_SHA256_SIZE], size_t leaves) {
    while (leaves > 1) {
        uint8_t(*above)[JC_SHA256_SIZE] = nodes + leaves;
        for (size_t i = 0; i + 1 < leaves; i += 2)
            pair(nodes[i], nodes[i + 1], above[i / 2]);
        if (leaves % 2)
            memcpy(above[leaves / 2], nodes[leaves - 1], JC_SHA256_SIZE);
        nodes = above;
        leaves = (leaves + 1) / 2;
    }
    return nodes[0];
}

size_t jc_receipt_tree_path(uint8_t (*nodes)[JC_SHA256_SIZE], size_t leaves, size_t index,
                            struct jc_receipt_step path[JC_RECEIPT_PATH_MAX]) {
    size_t count = 0;
    for (; leaves > 1; index /= 2, nodes += leaves, leaves = (leaves + 1) / 2) {
        size_t other = index ^ 1;
        if (other >= leaves)
            continue; /* the odd one */
        path[count].left = other < index;
        memcpy(path[count++].hash, nodes[other], JC_SHA256_SIZE);
    }
    return count;
}

void jc_receipt_climb(const uint8_t leaf[JC_SHA256_SIZE], const struct jc_receipt_step *path, size_t count,
                      uint8_t root[JC_SHA256_SIZE]) {
    uint8_t hash[JC_SHA256_SIZE];
    memcpy(hash, leaf, JC_SHA256_SIZE);
    for (size_t i = 0; i < count; i++) {
        if (path[i].left)
            pair(path[i].hash, hash, hash);
        else
            pair(hash, path[i].hash, hash);
    }
    memcpy(root, hash, JC_SHA256_SIZE);
}

static struct jc_str statement_bytes(const struct jc_receipt_statement *statement, const uint8_t root[JC_SHA256_SIZE],
                                     uint8_t buf[STATEMENT_MAX]) {
    static const char NAME[] = "jiancha-receipt-1";
    size_t len = sizeof NAME, agency = statement->agency.len < AGENCY_MAX ? statement->agency.len : AGENCY_MAX;
    memcpy(buf, NAME, sizeof NAME);
    memcpy(buf + len, root, JC_SHA256_SIZE);
    len += JC_SHA256_SIZE;
    put_number(buf + len, agency, 2);
    len += 2;
    if (agency)
        memcpy(buf + len, statement->agency.ptr, agency);
    len += agency;
    put_number(buf + len, (uint64_t)statement->chain_length, 8);
    len += 8;
    memcpy(buf + len, statement->chain_head, JC_SHA256_SIZE);
    len += JC_SHA256_SIZE;
    put_number(buf + len, (uint64_t)statement->server_ms, 8);
    len += 8;
    put_number(buf + len, (uint64_t)statement->backed_up_through, 8);
    len += 8;
    memcpy(buf + len, statement->key_id, JC_KEY_ID_SIZE);
    len += JC_KEY_ID_SIZE;
    return (struct jc_str){(const char *)buf, len};
}

void jc_receipt_sign(const struct jc_receipt_statement *statement, const uint8_t root[JC_SHA256_SIZE],
                     const uint8_t secret_key[JC_SIGN_SECRET_SIZE], uint8_t signature[JC_SIGNATURE_SIZE]) {
    uint8_t buf[STATEMENT_MAX];
    jc_sign(statement_bytes(statement, root, buf), secret_key, signature);
}

bool jc_receipt_verify(const struct jc_receipt_statement *statement, const uint8_t root[JC_SHA256_SIZE],
                       const uint8_t signature[JC_SIGNATURE_SIZE], const uint8_t public_key[JC_SIGN_PUBLIC_SIZE]) {
    uint8_t buf[STATEMENT_MAX];
    return jc_sign_verify(statement_bytes(statement, root, buf), signature, public_key);
}

/* --- server keys ----------------------------------------------------------------------------------- */

void jc_key_id(const uint8_t public_key[JC_SIGN_PUBLIC_SIZE], uint8_t out[JC_KEY_ID_SIZE]) {
    uint8_t hash[JC_SHA256_SIZE];
    jc_sha256((struct jc_str){(const char *)public_key, JC_SIGN_PUBLIC_SIZE}, hash);
    memcpy(out, hash, JC_KEY_ID_SIZE);
}

static const char KEY[] = "jiancha-key-1";
enum { ENDORSED_SIZE = sizeof KEY + JC_SIGN_PUBLIC_SIZE };

static struct jc_str endorsed_bytes(const uint8_t next[JC_SIGN_PUBLIC_SIZE], char buf[ENDORSED_SIZE]) {
    memcpy(buf, KEY, sizeof KEY);
    memcpy(buf + sizeof KEY, next, JC_SIGN_PUBLIC_SIZE);
    return (struct jc_str){buf, ENDORSED_SIZE};
}

void jc_key_endorse(const uint8_t next[JC_SIGN_PUBLIC_SIZE], const uint8_t secret_key[JC_SIGN_SECRET_SIZE],
                    uint8_t endorsement[JC_SIGNATURE_SIZE]) {
    char buf[ENDORSED_SIZE];
    jc_sign(endorsed_bytes(next, buf), secret_key, endorsement);
}

bool jc_key_endorsed(const uint8_t next[JC_SIGN_PUBLIC_SIZE], const uint8_t endorsement[JC_SIGNATURE_SIZE],
                     const uint8_t public_key[JC_SIGN_PUBLIC_SIZE]) {
    char buf[ENDORSED_SIZE];
    return jc_sign_verify(endorsed_bytes(next, buf), endorsement, public_key);
}

/* --- sets ------------------------------------------------------------------------------------------ */

void jc_entity_hash(uint8_t kind, struct jc_str id, struct jc_str bytes, uint8_t out[JC_SHA256_SIZE]) {
    struct jc_sha256_state state;
    jc_sha256_begin(&state);
    add(&state, &kind, 1);
    add_number(&state, id.len, 4);
    add(&state, id.ptr, id.len);
    add(&state, bytes.ptr, bytes.len);
    jc_sha256_end(&state, out);
}

void jc_set_hash_flip(uint8_t set[JC_SHA256_SIZE], const uint8_t entity[JC_SHA256_SIZE]) {
    for (size_t i = 0; i < JC_SHA256_SIZE; i++)
        set[i] ^= entity[i];
}
