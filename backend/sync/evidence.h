/* Evidence that leaves the building: one inspection's record with everything that proves it, in a file that
 * can be checked without the database and without trusting whoever sends it.
 *
 * The terminal's signature covers the record by way of the terminal's chain (base/evidence.h); the row of
 * the server's chain and its neighbour's hash show when it was received and with what result; the server
 * signs the file as a whole. */
#ifndef JC_SYNC_EVIDENCE_H
#define JC_SYNC_EVIDENCE_H

#include "base/bundle.h"
#include "jiancha/v1/bundle.pb-c.h"
#include "store/operation.h"
#include "sync/receipt.h"

struct jc_evidence {
    Jc__BundleHeader header;
    Jc__EvidenceRecord *record;
    Jc__EvidenceHead head;
    struct jc_receipt_draft *draft; /* of the head's receipt, and the key that signs the file */
};

/* Gathers it, with a line in the audit log. Write jobs only; the arena's. JC_NOT_FOUND for an unknown
 * inspection (16 bytes), JC_FAILED_PRECONDITION if its content was deleted. */
enum jc_code jc_evidence_make(struct jc_tx *tx, int64_t agency_id, struct jc_uuid inspection_id, int64_t now_ms,
                              struct jc_str actor, struct jc_arena *arena, struct jc_evidence *out, struct jc_err *err);
/* Signs it and writes the file. JC_FAILED_PRECONDITION if the server has no key. */
enum jc_code jc_evidence_write(struct jc_evidence *evidence, const char *path, struct jc_arena *arena,
                               struct jc_err *err);

struct jc_evidence_report {
    int records;
    uint8_t key_id[JC_KEY_ID_SIZE]; /* of the server's key that signed the file */
};
/* Reads a file and tells what is wrong with a record; the first argument of each fault is the operation's
 * number. `trusted` is the server's public key (32 bytes), or empty: then the key in the file is believed.
 * Fails for a file that is cut off, altered, not evidence, or not signed by that key. */
enum jc_code jc_evidence_check(struct jc_bundle_reader *reader, struct jc_str trusted, struct jc_arena *arena,
                               jc_chain_found *found, void *ctx, struct jc_evidence_report *out, struct jc_err *err);

#endif
