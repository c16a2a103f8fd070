/* Judging an answer to Sync as a whole, before anything of it is written.
 *
 * Internal to terminal/. */
#ifndef JC_TERMINAL_ANSWER_H
#define JC_TERMINAL_ANSWER_H

#include "jiancha/v1/sync_service.pb-c.h"
#include "terminal/operation.h"

/* JC_DATA_LOSS with what is missing. */
enum jc_code jc_terminal_incomplete(struct jc_err *err, const char *what);

/* The result of the i-th operation sent, whose id is `id`; NULL: there is none. */
const Jc__OperationResult *jc_terminal_answer_result(const Jc__SyncResponse *response, size_t i,
                                                     const struct jc_uuid *id);

/* Applied, rejected or kept: not a status of tomorrow. */
bool jc_terminal_answer_is_final(const Jc__OperationResult *result);

/* Whether the receipt names it: only then it leaves the outbox. */
bool jc_terminal_answer_is_named(const Jc__Receipt *receipt, size_t i, const struct jc_uuid *id);

/* JC_OK if receipt and server time are there, the listing has a place behind `position` and every operation sent has
 * a final result and is named by the receipt (one that was rejected may lack that: the server kept nothing of it);
 * else JC_DATA_LOSS. */
enum jc_code jc_terminal_answer_judge(const Jc__SyncResponse *response, const struct jc_terminal_operations *sent,
                                      struct jc_str position, struct jc_err *err);

/* JC_DATA_LOSS if the same request was answered otherwise the second time. */
enum jc_code jc_terminal_answer_same(const Jc__SyncResponse *first, const Jc__SyncResponse *second,
                                     const struct jc_terminal_operations *sent, struct jc_err *err);

#endif
