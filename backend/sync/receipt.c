/* The head is the one of this transaction: the answer that carries it is given only once the commit is
 * durable, so the chain never ends before a head that left the building. */
#include "sync/receipt.h"

#include "store/head.h"
#include "store/stamp.h"

enum jc_code jc_receipt_make(struct jc_tx *tx, int64_t agency_id, int64_t now_ms, ProtobufCBinaryData *operation_ids,
                             size_t count, struct jc_arena *arena, Jc__Receipt **out, struct jc_err *err) {
    struct jc_head *head = NULL;
    enum jc_code code = jc_head_of(tx, agency_id, &head, err);
    if (code)
        return code;
    Jc__Receipt *receipt = JC_NEW(arena, Jc__Receipt);
    if (!receipt)
        return jc_fail_memory(err);
    jc__receipt__init(receipt);
    struct jc_str chain = jc_arena_copy(arena, (struct jc_str){(const char *)head->chain_head, JC_SHA256_SIZE});
    receipt->operation_ids = operation_ids;
    receipt->n_operation_ids = count;
    receipt->chain_length = head->operation_no;
    receipt->chain_head = (ProtobufCBinaryData){chain.len, (uint8_t *)chain.ptr};
    receipt->server_time = jc_stamp_of_ms(arena, now_ms);
    if (!chain.ptr || !receipt->server_time)
        return jc_fail_memory(err);
    *out = receipt;
    return JC_OK;
}
