/* A batch holds one group an agency: what its leaves say in commit order, the newest head among them, and
 * once somebody asks, their hashes, the tree over them and the signature of its root, made under the batch's lock.
 *
 * A receipt states the head of the last draft of its group. All of them are of one commit, so whatever
 * that head covers is durable whenever one of them is. */
#include "sync/receipt.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/secret.h"
#include "store/head.h"
#include "store/stamp.h"

/* --- drafting, in the write job ------------------------------------------------------------------------ */

static ProtobufCBinaryData copy_bytes(struct jc_arena *arena, const void *bytes, size_t len) {
    struct jc_str copy = jc_arena_copy(arena, (struct jc_str){bytes, len});
    return (ProtobufCBinaryData){copy.ptr ? len : 0, (uint8_t *)copy.ptr};
}

/* The ids and hashes that the leaf covers, as the receipt shows them. */
static bool name_content(Jc__Receipt *receipt, const struct jc_receipt_content *content, struct jc_arena *arena) {
    receipt->operation_ids = JC_NEW_ARRAY(arena, content->count, ProtobufCBinaryData);
    receipt->blob_sha256 = JC_NEW_ARRAY(arena, content->blob_count, ProtobufCBinaryData);
    if (!receipt->operation_ids || !receipt->blob_sha256)
        return false;
    for (; receipt->n_operation_ids < content->count; receipt->n_operation_ids++) {
        const struct jc_uuid *id = &content->operations[receipt->n_operation_ids].id;
        receipt->operation_ids[receipt->n_operation_ids] = copy_bytes(arena, id->bytes, JC_UUID_SIZE);
        if (!receipt->operation_ids[receipt->n_operation_ids].data)
            return false;
    }
    for (; receipt->n_blob_sha256 < content->blob_count; receipt->n_blob_sha256++) {
        const uint8_t *sha256 = content->blobs[receipt->n_blob_sha256];
        receipt->blob_sha256[receipt->n_blob_sha256] = copy_bytes(arena, sha256, JC_SHA256_SIZE);
        if (!receipt->blob_sha256[receipt->n_blob_sha256].data)
            return false;
    }
    return true;
}

/* What the signature states, in the receipt's own fields. */
static bool state_facts(Jc__Receipt *receipt, const struct jc_receipt_statement *statement, struct jc_arena *arena) {
    receipt->chain_length = statement->chain_length;
    receipt->chain_head = copy_bytes(arena, statement->chain_head, JC_SHA256_SIZE);
    receipt->server_time = jc_stamp_of_ms(arena, statement->server_ms);
    receipt->backed_up_through = statement->backed_up_through;
    receipt->agency_id = (char *)jc_arena_copy(arena, statement->agency).ptr;
    receipt->key_id = copy_bytes(arena, statement->key_id, JC_KEY_ID_SIZE);
    return receipt->chain_head.data && receipt->server_time && receipt->agency_id && receipt->key_id.data;
}

static struct jc_receipt_statement statement_of(const struct jc_receipt_draft *draft) {
    struct jc_receipt_statement statement = {
        .agency = {draft->signet.agency, draft->signet.agency_len},
        .chain_length = draft->chain_length,
        .server_ms = draft->server_ms,
        .backed_up_through = draft->signet.backed_up_through,
    };
    memcpy(statement.chain_head, draft->chain_head, JC_SHA256_SIZE);
    memcpy(statement.key_id, draft->signet.key_id, JC_KEY_ID_SIZE);
    return statement;
}

static bool write_leaf(struct jc_receipt_draft *draft, const struct jc_receipt_content *content,
                       struct jc_arena *arena) {
    uint32_t count = (uint32_t)content->count, blob_count = (uint32_t)content->blob_count;
    size_t size = jc_receipt_leaf_size(count, blob_count);
    uint8_t *bytes = jc_arena_alloc(arena, size);
    if (!bytes)
        return false;
    jc_receipt_leaf_write(content->device_id, content->operations, count, content->blobs, blob_count, bytes);
    draft->leaf = (struct jc_str){(const char *)bytes, size};
    return true;
}

enum jc_code jc_receipt_make(struct jc_tx *tx, int64_t agency_id, int64_t now_ms,
                             const struct jc_receipt_content *content, struct jc_arena *arena,
                             struct jc_receipt_draft **out, struct jc_err *err) {
    struct jc_head *head = NULL;
    const struct jc_signet *signet = NULL;
    enum jc_code code = jc_head_of(tx, agency_id, &head, err);
    if (!code)
        code = jc_signet_of(tx, agency_id, &signet, err);
    if (code)
        return code;
    struct jc_receipt_draft *draft = JC_NEW(arena, struct jc_receipt_draft);
    Jc__Receipt *receipt = JC_NEW(arena, Jc__Receipt);
    if (!draft || !receipt)
        return jc_fail_memory(err);
    jc__receipt__init(receipt);
    draft->receipt = receipt;
    jc_arena_wipe(arena);
    draft->signet = *signet;
    draft->chain_length = head->operation_no;
    memcpy(draft->chain_head, head->chain_head, JC_SHA256_SIZE);
    draft->server_ms = now_ms;
    if (!write_leaf(draft, content, arena))
        return jc_fail_memory(err);
    struct jc_receipt_statement statement = statement_of(draft);
    if (!name_content(receipt, content, arena) || !state_facts(receipt, &statement, arena))
        return jc_fail_memory(err);
    *out = draft;
    return JC_OK;
}

/* --- signing ------------------------------------------------------------------------------------------- */

static enum jc_code fill_signature(Jc__Receipt *receipt, const uint8_t signature[JC_SIGNATURE_SIZE],
                                   const struct jc_receipt_step *path, size_t steps, struct jc_arena *arena,
                                   struct jc_err *err) {
    receipt->path = JC_NEW_ARRAY(arena, steps, Jc__ReceiptStep *);
    receipt->signature = copy_bytes(arena, signature, JC_SIGNATURE_SIZE);
    if (!receipt->path || !receipt->signature.data)
        return jc_fail_memory(err);
    for (; receipt->n_path < steps; receipt->n_path++) {
        Jc__ReceiptStep *step = JC_NEW(arena, Jc__ReceiptStep);
        if (!step)
            return jc_fail_memory(err);
        jc__receipt_step__init(step);
        step->hash = copy_bytes(arena, path[receipt->n_path].hash, JC_SHA256_SIZE);
        step->left = path[receipt->n_path].left;
        if (!step->hash.data)
            return jc_fail_memory(err);
        receipt->path[receipt->n_path] = step;
    }
    return JC_OK;
}

enum jc_code jc_receipt_complete(struct jc_receipt_draft *draft, struct jc_arena *arena, struct jc_err *err) {
    uint8_t signature[JC_SIGNATURE_SIZE], leaf[JC_SHA256_SIZE];
    if (!draft->signet.can_sign)
        return JC_OK;
    struct jc_receipt_statement statement = statement_of(draft);
    jc_sha256(draft->leaf, leaf);
    jc_receipt_sign(&statement, leaf, draft->signet.secret_key, signature);
    jc_secret_forget(draft->signet.secret_key, sizeof draft->signet.secret_key);
    draft->signet.can_sign = false;
    return fill_signature(draft->receipt, signature, NULL, 0, arena, err);
}

/* --- one signature a commit ---------------------------------------------------------------------------- */

enum { LEAVES_BYTES = 8192 }; /* room for the leaves of sixty records */

struct group {
    struct group *next;
    struct jc_receipt_draft last; /* the newest that joined: its head, time and key; no pointers of it are used */
    struct jc_buf leaves;         /* in order, each behind its size: a draft may be gone before the group is sealed */
    size_t count;
    uint8_t (*nodes)[JC_SHA256_SIZE]; /* once it is sealed */
    bool sealed;
    uint8_t signature[JC_SIGNATURE_SIZE];
};

struct jc_receipt_batch {
    atomic_size_t holds;
    pthread_mutex_t lock;
    struct group *groups; /* one an agency: nearly always one */
};

struct jc_receipt_batch *jc_receipt_batch_new(void) {
    struct jc_receipt_batch *batch = jc_calloc(1, sizeof *batch);
    if (!batch)
        return NULL;
    atomic_init(&batch->holds, 1);
    if (pthread_mutex_init(&batch->lock, NULL) != 0) {
        jc_free(batch);
        return NULL;
    }
    return batch;
}

void jc_receipt_batch_release(struct jc_receipt_batch *batch) {
    if (!batch || atomic_fetch_sub(&batch->holds, 1) != 1)
        return;
    for (struct group *group = batch->groups, *next; group; group = next) {
        next = group->next;
        jc_secret_forget(&group->last, sizeof group->last);
        jc_buf_free(&group->leaves);
        jc_free(group->nodes);
        jc_free(group);
    }
    pthread_mutex_destroy(&batch->lock);
    jc_free(batch);
}

static struct group *group_of(struct jc_receipt_batch *batch, int64_t agency_id) {
    struct group *group = batch->groups;
    while (group && group->last.signet.agency_id != agency_id)
        group = group->next;
    return group;
}

static bool add_leaf(struct jc_receipt_batch *batch, struct jc_receipt_draft *draft) {
    struct group *group = group_of(batch, draft->signet.agency_id);
    if (!group) {
        group = jc_calloc(1, sizeof *group);
        if (!group)
            return false;
        group->last.signet.agency_id = draft->signet.agency_id;
        jc_buf_init(&group->leaves, SIZE_MAX / 2);
        jc_buf_reserve(&group->leaves, LEAVES_BYTES);
        group->next = batch->groups;
        batch->groups = group;
    }
    size_t before = group->leaves.len;
    if (group->sealed)
        return false;
    jc_buf_append(&group->leaves, &draft->leaf.len, sizeof draft->leaf.len);
    jc_buf_add(&group->leaves, draft->leaf);
    if (group->leaves.failed) {
        group->leaves.failed = false;
        group->leaves.len = before;
        return false;
    }
    draft->index = group->count++;
    group->last = *draft;
    return true;
}

bool jc_receipt_batch_join(struct jc_receipt_batch *batch, struct jc_receipt_draft *draft) {
    pthread_mutex_lock(&batch->lock);
    bool joined = add_leaf(batch, draft);
    pthread_mutex_unlock(&batch->lock);
    if (joined)
        atomic_fetch_add(&batch->holds, 1);
    return joined;
}

static void hash_leaves(struct group *group) {
    const char *at = group->leaves.ptr;
    for (size_t i = 0; i < group->count; i++) {
        struct jc_str leaf;
        memcpy(&leaf.len, at, sizeof leaf.len);
        leaf.ptr = at + sizeof leaf.len;
        jc_sha256(leaf, group->nodes[i]);
        at = leaf.ptr + leaf.len;
    }
}

/* The leaves, the tree and its root's signature; false without memory. */
static bool seal_group(struct group *group) {
    if (group->sealed)
        return true;
    if (!group->nodes)
        group->nodes = jc_calloc(jc_receipt_tree_size(group->count), JC_SHA256_SIZE);
    if (!group->nodes)
        return false;
    hash_leaves(group);
    const uint8_t *root = jc_receipt_tree_build(group->nodes, group->count);
    struct jc_receipt_statement statement = statement_of(&group->last);
    jc_receipt_sign(&statement, root, group->last.signet.secret_key, group->signature);
    jc_secret_forget(group->last.signet.secret_key, sizeof group->last.signet.secret_key);
    group->sealed = true;
    return true;
}

enum jc_code jc_receipt_batch_complete(struct jc_receipt_batch *batch, struct jc_receipt_draft *draft,
                                       struct jc_arena *arena, struct jc_err *err) {
    struct jc_receipt_step path[JC_RECEIPT_PATH_MAX];
    if (!draft->signet.can_sign)
        return JC_OK;
    pthread_mutex_lock(&batch->lock);
    struct group *group = group_of(batch, draft->signet.agency_id);
    bool sealed = seal_group(group);
    pthread_mutex_unlock(&batch->lock);
    if (!sealed) /* alone it is just as good */
        return jc_receipt_complete(draft, arena, err);
    jc_secret_forget(draft->signet.secret_key, sizeof draft->signet.secret_key);
    draft->signet.can_sign = false;
    size_t steps = jc_receipt_tree_path(group->nodes, group->count, draft->index, path);
    struct jc_receipt_statement statement = statement_of(&group->last);
    if (!state_facts(draft->receipt, &statement, arena))
        return jc_fail_memory(err);
    return fill_signature(draft->receipt, group->signature, path, steps, arena, err);
}
