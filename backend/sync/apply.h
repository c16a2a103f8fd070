/* Applying operations: a request's, one after the other, or one that was kept, once more. */
#ifndef JC_SYNC_APPLY_H
#define JC_SYNC_APPLY_H

#include "sync/command.h"

/* NULL for what is no command of terminals. */
const struct jc_command *jc_command_of(const Jc__OperationBody *body);

/* Prepares for the operations of a request, whose signatures and seals have been looked at
 * (jc_sync_vouch); close it always. */
enum jc_code jc_apply_open(struct jc_apply *apply, struct jc_tx *tx, const struct jc_sync_caller *caller,
                           int64_t now_ms, const struct jc_sync_prepared *prepared, struct jc_arena *arena,
                           struct jc_err *err);
void jc_apply_close(struct jc_apply *apply);
/* Applies operation `index` of the request, or finds that it came before. *durable: it is stored under
 * its id, now or before, with exactly these bytes. */
enum jc_code jc_apply_operation(struct jc_apply *apply, size_t index, Jc__OperationResult **out, bool *durable,
                                struct jc_err *err);

/* Judges an operation that was kept once more, as of the moment it was received; grounds in `overruled`
 * (store/verdict.h) do not hold it back, dependencies are not asked for. If nothing else does, its
 * effects are written; an inspection that `must_lie_beside` does not count and moves no task. The row stays
 * as it is; *out is what would be answered now, the arena's. */
enum jc_code jc_apply_again(struct jc_tx *tx, int64_t agency_id, const struct jc_operation *stored, uint64_t overruled,
                            bool must_lie_beside, struct jc_arena *arena, Jc__OperationResult **out,
                            struct jc_err *err);

#endif
