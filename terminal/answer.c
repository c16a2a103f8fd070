/* Results and receipt are looked through in the order sent, which is the order the server keeps; another order costs
 * a search. */
#include "terminal/answer.h"

#include <string.h>

enum { CURSOR_MAX = 4096, HEAD_MAX = 64 };
static const int64_t SECONDS_MAX = 253402300799; /* the end of year 9999 */

enum jc_code jc_terminal_incomplete(struct jc_err *err, const char *what) {
    jc_fail(err, JC_DATA_LOSS, JC_MSG_TERM_ANSWER_BROKEN);
    return jc_err_detail(err, "the answer to a sync is not complete: %s", what);
}

static bool is_id(ProtobufCBinaryData bytes, const struct jc_uuid *id) {
    return bytes.len == sizeof id->bytes && memcmp(bytes.data, id->bytes, sizeof id->bytes) == 0;
}

/* The i-th result as a rule, for the server answers in order. */
const Jc__OperationResult *jc_terminal_answer_result(const Jc__SyncResponse *response, size_t i,
                                                     const struct jc_uuid *id) {
    if (i < response->n_results && is_id(response->results[i]->id, id))
        return response->results[i];
    for (size_t k = 0; k < response->n_results; k++) {
        if (is_id(response->results[k]->id, id))
            return response->results[k];
    }
    return NULL;
}

bool jc_terminal_answer_is_named(const Jc__Receipt *receipt, size_t i, const struct jc_uuid *id) {
    if (i < receipt->n_operation_ids && is_id(receipt->operation_ids[i], id))
        return true;
    for (size_t k = 0; k < receipt->n_operation_ids; k++) {
        if (is_id(receipt->operation_ids[k], id))
            return true;
    }
    return false;
}

bool jc_terminal_answer_is_final(const Jc__OperationResult *result) {
    return result->status == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED ||
           result->status == JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED ||
           result->status == JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW;
}

enum jc_code jc_terminal_answer_judge(const Jc__SyncResponse *response, const struct jc_terminal_operations *sent,
                                      struct jc_str position, struct jc_err *err) {
    const Google__Protobuf__Timestamp *time = response->server_time;
    if (!response->receipt || response->receipt->chain_head.len > HEAD_MAX)
        return jc_terminal_incomplete(err, "receipt");
    if (!time || time->seconds < 0 || time->seconds > SECONDS_MAX || time->nanos < 0 || time->nanos >= 1000000000)
        return jc_terminal_incomplete(err, "server time");
    if (response->cursor.len == 0 || response->cursor.len > CURSOR_MAX)
        return jc_terminal_incomplete(err, "cursor");
    if (response->has_more && jc_str_eq((struct jc_str){(char *)response->cursor.data, response->cursor.len}, position))
        return jc_terminal_incomplete(err, "the listing does not move on");
    for (size_t i = 0; i < sent->count; i++) {
        const struct jc_uuid *id = &sent->items[i].outcome.operation_id;
        const Jc__OperationResult *result = jc_terminal_answer_result(response, i, id);
        if (!result || !jc_terminal_answer_is_final(result))
            return jc_terminal_incomplete(err, "result");
        if (!jc_terminal_answer_is_named(response->receipt, i, id) &&
            result->status != JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED)
            return jc_terminal_incomplete(err, "an operation without receipt");
    }
    return JC_OK;
}

enum jc_code jc_terminal_answer_same(const Jc__SyncResponse *first, const Jc__SyncResponse *second,
                                     const struct jc_terminal_operations *sent, struct jc_err *err) {
    for (size_t i = 0; i < sent->count; i++) {
        const struct jc_uuid *id = &sent->items[i].outcome.operation_id;
        const Jc__OperationResult *a = jc_terminal_answer_result(first, i, id),
                                  *b = jc_terminal_answer_result(second, i, id);
        if (a->status != b->status || strcmp(a->code, b->code) != 0 || strcmp(a->reason_zh, b->reason_zh) != 0 ||
            strcmp(a->reason_en, b->reason_en) != 0) {
            char text[JC_UUID_TEXT];
            return jc_fail(err, JC_DATA_LOSS, JC_MSG_TERM_REPEAT_DIFFERS, jc_uuid_format(*id, text));
        }
    }
    return JC_OK;
}
