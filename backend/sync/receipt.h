/* Receipts: what is durable here once the answer is given, signed (DESIGN section 5, point 7).
 *
 * A write job drafts the receipt of its answer (jc_receipt_make): what its leaf says, and the chain's head
 * as it stood then. Drafts of one commit are gathered in commit order; who completes the first of them
 * hashes all leaves, because the writer has better things to do, and one signature over the root of their leaves serves them all (base/evidence.h): a commit of a hundred
 * answers costs one Ed25519, some 35 us. The head they state is that of the last of them, so no receipt
 * ever names a head that the chain did not have.
 *
 * What must never happen: a draft whose job was rolled back, or whose commit failed, is completed. */
#ifndef JC_SYNC_RECEIPT_H
#define JC_SYNC_RECEIPT_H

#include "base/evidence.h"
#include "db/db.h"
#include "jiancha/v1/sync.pb-c.h"
#include "store/server_key.h"

/* An answer's part of its commit's receipt. The job's arena owns it, and wipes what it holds when it is
 * given back: a job that runs again, or whose commit fails, leaves a draft with its key behind. */
struct jc_receipt_draft {
    Jc__Receipt *receipt; /* everything but what the signature states */
    struct jc_str leaf;   /* what it is the hash of */
    struct jc_signet signet;
    int64_t chain_length;
    uint8_t chain_head[JC_SHA256_SIZE];
    int64_t server_ms;
    size_t index; /* in its batch */
};

/* What an answer has to say is durable. Nothing but views. */
struct jc_receipt_content {
    struct jc_uuid device_id;
    const struct jc_receipt_operation *operations;
    size_t count;
    const uint8_t (*blobs)[JC_SHA256_SIZE];
    size_t blob_count;
};
/* For the end of a write job. The receipt is complete but for its signature. */
enum jc_code jc_receipt_make(struct jc_tx *tx, int64_t agency_id, int64_t now_ms,
                             const struct jc_receipt_content *content, struct jc_arena *arena,
                             struct jc_receipt_draft **out, struct jc_err *err);

/* Signs a draft alone, once its commit is durable: for a commit of one job. The key is wiped from it. */
enum jc_code jc_receipt_complete(struct jc_receipt_draft *draft, struct jc_arena *arena, struct jc_err *err);

/* The drafts of one commit. They join on the writer's thread (each job's `done`, in commit order); once
 * the last has joined any thread may complete its own, and the first of an agency signs for all. Freed
 * when everybody has released it. */
struct jc_receipt_batch;
struct jc_receipt_batch *jc_receipt_batch_new(void); /* held once; NULL without memory */
/* The draft holds the batch too. False without memory, or if the batch is signed already: nothing has
 * happened then and the draft is completed alone. */
bool jc_receipt_batch_join(struct jc_receipt_batch *batch, struct jc_receipt_draft *draft);
/* Completes a draft that joined. Thread-safe. */
enum jc_code jc_receipt_batch_complete(struct jc_receipt_batch *batch, struct jc_receipt_draft *draft,
                                       struct jc_arena *arena, struct jc_err *err);
/* Gives up one hold: the maker's, or that of a draft that joined, completed or not. */
void jc_receipt_batch_release(struct jc_receipt_batch *batch); /* NULL is fine */

#endif
