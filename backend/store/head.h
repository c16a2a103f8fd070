/* The head of an agency: the counters and the evidence chain that every commit moves.
 *
 * Loaded once a transaction and written once before the commit (jc_tx_state), so a batch of a
 * hundred jobs writes one row. */
#ifndef JC_STORE_HEAD_H
#define JC_STORE_HEAD_H

#include "base/id.h"
#include "db/db.h"

struct jc_head {
    int64_t change_seq;                 /* last number given in `change` */
    int64_t operation_no;               /* last row of `operation` */
    uint8_t chain_head[JC_SHA256_SIZE]; /* its chain_hash; zeros before the first */
    int64_t audit_no;                   /* last row of `audit_log` */
    uint8_t audit_head[JC_SHA256_SIZE]; /* its chain_hash; zeros before the first of version 3 */
    int64_t conflict_no;                /* last row of `id_conflict` */
};

/* This transaction's head of the agency, to be changed in place. Write jobs only. */
enum jc_code jc_head_of(struct jc_tx *tx, int64_t agency_id, struct jc_head **out, struct jc_err *err);
/* A copy of the committed head, for reads. */
enum jc_code jc_head_read(struct jc_tx *tx, int64_t agency_id, struct jc_head *out, struct jc_err *err);

#endif
