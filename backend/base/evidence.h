/* The bytes that prove something: what a terminal chains and seals, what a server signs, and the hash
 * of a set of entities. Used by the server, by terminals and by whoever checks a file without either.
 *
 * Every hash begins with a name of what it is and its NUL, so that none can be taken for another;
 * numbers are little-endian. Whatever stands here was signed or stored somewhere and is never changed:
 * a new form gets a new name. Nothing allocates and nothing fails. jc_id_init() has been called. */
#ifndef JC_BASE_EVIDENCE_H
#define JC_BASE_EVIDENCE_H

#include "base/id.h"
#include "base/sign.h"

/* --- a device's chain ------------------------------------------------------------------------------ */

/* Link of an operation: SHA-256("jiancha-link-1" NUL, previous, id, body_sha256, depends_on), where
 * `previous` is the link of the operation that the device made before (zeros: none) and `depends_on`
 * the ids it depends on, one after another, as sent. */
void jc_link(const uint8_t previous[JC_SHA256_SIZE], struct jc_uuid id, const uint8_t body_sha256[JC_SHA256_SIZE],
             struct jc_str depends_on, uint8_t out[JC_SHA256_SIZE]);

/* A seal: Ed25519 over "jiancha-seal-1" NUL and a link. It vouches for that operation and for all
 * before it in the chain. */
void jc_seal_sign(const uint8_t link[JC_SHA256_SIZE], const uint8_t secret_key[JC_SIGN_SECRET_SIZE],
                  uint8_t seal[JC_SIGNATURE_SIZE]);
bool jc_seal_verify(const uint8_t link[JC_SHA256_SIZE], const uint8_t seal[JC_SIGNATURE_SIZE],
                    const uint8_t public_key[JC_SIGN_PUBLIC_SIZE]);

/* --- receipts -------------------------------------------------------------------------------------- */

/* One operation that a receipt names. */
struct jc_receipt_operation {
    struct jc_uuid id;
    int64_t operation_no; /* its row of the evidence chain */
    uint8_t body_sha256[JC_SHA256_SIZE];
};

/* Leaf of an answer: SHA-256("jiancha-receipt-leaf-1" NUL, device_id, u32 count, per operation id, i64
 * operation_no, body_sha256; u32 blob_count, per blob its SHA-256), in the receipt's order. */
void jc_receipt_leaf(struct jc_uuid device_id, const struct jc_receipt_operation *operations, uint32_t count,
                     const uint8_t (*blobs)[JC_SHA256_SIZE], uint32_t blob_count, uint8_t out[JC_SHA256_SIZE]);
/* What the leaf is the hash of, for who hashes later: `out` holds jc_receipt_leaf_size bytes. */
size_t jc_receipt_leaf_size(uint32_t count, uint32_t blob_count);
void jc_receipt_leaf_write(struct jc_uuid device_id, const struct jc_receipt_operation *operations, uint32_t count,
                           const uint8_t (*blobs)[JC_SHA256_SIZE], uint32_t blob_count, uint8_t *out);

/* The leaves of one commit are paired to a tree: a node is SHA-256(1 as a byte, left, right), an odd
 * one goes up as it is. One signature over the root then serves all answers of the commit.
 *
 * `nodes` holds jc_receipt_tree_size(leaves) hashes, the leaves first; build fills in the rest and
 * returns the root, which is the last. At least one leaf. */
size_t jc_receipt_tree_size(size_t leaves);
const uint8_t *jc_receipt_tree_build(uint8_t (*nodes)[JC_SHA256_SIZE], size_t leaves);

enum { JC_RECEIPT_PATH_MAX = 32 };

struct jc_receipt_step {
    uint8_t hash[JC_SHA256_SIZE];
    bool left; /* it stands to the left of what is below */
};
/* The way from a leaf of a built tree to its root; the number of steps. */
size_t jc_receipt_tree_path(uint8_t (*nodes)[JC_SHA256_SIZE], size_t leaves, size_t index,
                            struct jc_receipt_step path[JC_RECEIPT_PATH_MAX]);
/* Where a path leads from a leaf. */
void jc_receipt_climb(const uint8_t leaf[JC_SHA256_SIZE], const struct jc_receipt_step *path, size_t count,
                      uint8_t root[JC_SHA256_SIZE]);

enum { JC_KEY_ID_SIZE = 8 };

/* What a server says with a root; signed as "jiancha-receipt-1" NUL, root, u16 length and bytes of the
 * agency's code, i64 chain_length, chain_head, i64 server_ms, i64 backed_up_through, key_id. */
struct jc_receipt_statement {
    struct jc_str agency; /* code; bytes behind the 255th do not count */
    int64_t chain_length;
    uint8_t chain_head[JC_SHA256_SIZE];
    int64_t server_ms;
    int64_t backed_up_through; /* operations up to this row are in a backup; 0: none */
    uint8_t key_id[JC_KEY_ID_SIZE];
};
void jc_receipt_sign(const struct jc_receipt_statement *statement, const uint8_t root[JC_SHA256_SIZE],
                     const uint8_t secret_key[JC_SIGN_SECRET_SIZE], uint8_t signature[JC_SIGNATURE_SIZE]);
bool jc_receipt_verify(const struct jc_receipt_statement *statement, const uint8_t root[JC_SHA256_SIZE],
                       const uint8_t signature[JC_SIGNATURE_SIZE], const uint8_t public_key[JC_SIGN_PUBLIC_SIZE]);

/* --- server keys ----------------------------------------------------------------------------------- */

/* The first bytes of the public key's SHA-256. */
void jc_key_id(const uint8_t public_key[JC_SIGN_PUBLIC_SIZE], uint8_t out[JC_KEY_ID_SIZE]);
/* A key vouches for the next: Ed25519 over "jiancha-key-1" NUL and the next public key. */
void jc_key_endorse(const uint8_t next[JC_SIGN_PUBLIC_SIZE], const uint8_t secret_key[JC_SIGN_SECRET_SIZE],
                    uint8_t endorsement[JC_SIGNATURE_SIZE]);
bool jc_key_endorsed(const uint8_t next[JC_SIGN_PUBLIC_SIZE], const uint8_t endorsement[JC_SIGNATURE_SIZE],
                     const uint8_t public_key[JC_SIGN_PUBLIC_SIZE]);

/* --- sets ------------------------------------------------------------------------------------------ */

/* Hash of one entity: SHA-256(kind as one byte, u32 length of id, id, serialised message). */
void jc_entity_hash(uint8_t kind, struct jc_str id, struct jc_str bytes, uint8_t out[JC_SHA256_SIZE]);
/* Puts an entity into the hash of a set, or takes it out again: XOR, so the order does not matter. A
 * set begins as zeros. */
void jc_set_hash_flip(uint8_t set[JC_SHA256_SIZE], const uint8_t entity[JC_SHA256_SIZE]);

#endif
