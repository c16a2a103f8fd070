/* Applying one operation: what the files of the command families share.
 *
 * Each command has two halves. `check` only reads: it looks at everything the command says and names,
 * adds grounds to the verdict, and leaves what it found in `work`. Then the operation row is appended
 * with that verdict. `write` makes the effects, and must not fail for anything but memory, disk or
 * database, so that no operation is ever half applied. */
#ifndef JC_SYNC_APPLY_H
#define JC_SYNC_APPLY_H

#include "store/calendar.h"
#include "store/number.h"
#include "store/operation.h"
#include "sync/prepare.h"
#include "sync/sync.h"

struct jc_apply {
    struct jc_tx *tx;
    const struct jc_sync_caller *caller;
    int64_t now_ms;
    const struct jc_sync_prepared *prepared;
    struct jc_arena *arena;   /* lives as long as the request */
    struct jc_arena *scratch; /* emptied behind each operation */
    struct jc_uuid *applied;  /* operations of this request that are, so that those behind need not ask */
    size_t applied_count;
    bool anything_waits;              /* for an operation that has not arrived */
    bool numbers_low;                 /* a document number was near the end of its block */
    struct jc_number_pending numbers; /* written by whoever opened this, or before anything else is applied */
    int newest;                       /* index of the last operation of the request that got a row; -1: none */
    int64_t newest_no;                /* that row */

    /* loaded once a request, when first needed */
    Jc__Checklist **checklists;
    size_t checklist_count;
    bool checklists_loaded;
    struct jc_calendar *calendar;

    /* the operation in hand */
    const Jc__OperationBody *body;
    struct jc_operation row;
    struct jc_verdict verdict;
    struct jc_str unit_id, task_id; /* what it is about, for the review */
    bool beside;                    /* kept for review, yet its rows are written beside the record */
    bool must_lie_beside;           /* it belongs to another inspection and does not count itself */
    void *work;                     /* from check to write */
};

struct jc_command {
    Jc__OperationBody__CommandCase which;
    const char *name; /* "submit_inspection" */
    bool is_document; /* it carries a document: somebody looks if the terminal's clock was wrong */
    enum jc_code (*check)(struct jc_apply *apply, struct jc_err *err);
    enum jc_code (*write)(struct jc_apply *apply, struct jc_err *err); /* NULL: the row says it all */
};

/* NULL for what is no command of terminals. */
const struct jc_command *jc_command_of(const Jc__OperationBody *body);

extern const struct jc_command jc_command_start_inspection;
extern const struct jc_command jc_command_submit_inspection;
extern const struct jc_command jc_command_add_ad_hoc_inspection;
extern const struct jc_command jc_command_issue_order;
extern const struct jc_command jc_command_submit_recheck;
extern const struct jc_command jc_command_return_task;
extern const struct jc_command jc_command_report_unit_change;
extern const struct jc_command jc_command_void_document_number;
extern const struct jc_command jc_command_hand_over_task;
extern const struct jc_command jc_command_take_over_task;

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

/* A UUIDv7 that follows from the operation in hand: its time, and a hash of its id and `purpose`. */
struct jc_uuid jc_apply_derive(const struct jc_apply *apply, const char *purpose);

static inline struct jc_str jc_view(ProtobufCBinaryData data) {
    return (struct jc_str){(const char *)data.data, data.len};
}
static inline ProtobufCBinaryData jc_data(struct jc_str bytes) {
    return (ProtobufCBinaryData){bytes.len, (uint8_t *)bytes.ptr};
}
/* A UUID as people read it; other lengths as hex of at most 16 bytes. */
struct jc_str jc_show_id(struct jc_str id, char buf[JC_UUID_TEXT]);

#endif
