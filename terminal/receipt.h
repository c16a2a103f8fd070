/* Whether a receipt proves what it says, and the server's keys that tell.
 *
 * A terminal gets the server's keys when it enrols (or with its first answer from a server that has just begun to
 * sign), and later ones when a known key endorsed them. From then on an operation is settled only by a receipt
 * that verifies: the hash over what was sent (terminal/round.c) leads by the receipt's path to a root that the key
 * signed. Internal to terminal/. */
#ifndef JC_TERMINAL_RECEIPT_H
#define JC_TERMINAL_RECEIPT_H

#include "jiancha/v1/sync.pb-c.h"
#include "terminal/operation.h"

struct jc_terminal_key {
    uint8_t key_id[JC_KEY_ID_SIZE];
    uint8_t public_key[JC_SIGN_PUBLIC_SIZE];
};
struct jc_terminal_keys {
    struct jc_arena *arena;        /* of the list */
    struct jc_terminal_key *items; /* the oldest first */
    size_t count, capacity;
    size_t stored; /* so many of them are in the store */
};

/* The keys known; the list grows in `arena`. */
enum jc_code jc_terminal_keys_read(struct jc_tx *tx, struct jc_arena *arena, struct jc_terminal_keys *out,
                                   struct jc_err *err);
/* Takes those that a known key endorses, and the first one if none is known. What is not endorsed is left out. */
enum jc_code jc_terminal_keys_learn(struct jc_terminal_keys *keys, Jc__ServerKey *const *offered, size_t count,
                                    struct jc_err *err);
/* NULL if it is not known. */
const struct jc_terminal_key *jc_terminal_key_find(const struct jc_terminal_keys *keys, ProtobufCBinaryData key_id);
/* Stores what was learned. Keys that another process stored meanwhile are fine. */
enum jc_code jc_terminal_keys_store(struct jc_tx *tx, const struct jc_terminal_keys *keys, struct jc_err *err);
/* Forgets all keys: an enrolment says anew which there are. */
enum jc_code jc_terminal_keys_forget(struct jc_tx *tx, struct jc_err *err);

/* What a receipt answers. */
struct jc_terminal_asked {
    struct jc_uuid device_id;
    struct jc_str agency_id;
    const struct jc_terminal_operation *operations;
    size_t count;
};
/* *proven: the signature verifies over exactly the operations that were asked about, or those of them that the
 * receipt names (the caller sees to it that it names all). False without a signature from a server whose key is not known.
 * JC_DATA_LOSS if the receipt should be signed and is not (operations were sent and a key is known), or is not
 * by a known key, or does not verify. */
enum jc_code jc_terminal_receipt_check(const Jc__Receipt *receipt, Jc__OperationResult *const *results,
                                       size_t n_results, const struct jc_terminal_asked *asked,
                                       const struct jc_terminal_keys *keys, struct jc_arena *arena, bool *proven,
                                       struct jc_err *err);

/* Operations of that agency up to this row are in a backup of the server. */
enum jc_code jc_terminal_backed_up_keep(struct jc_tx *tx, struct jc_str agency_id, int64_t through, struct jc_err *err);

/* Blobs that a verified receipt names are durable on the server. */
enum jc_code jc_terminal_blobs_proven(struct jc_tx *tx, const Jc__Receipt *receipt, int64_t now_ms, struct jc_err *err);
#endif
