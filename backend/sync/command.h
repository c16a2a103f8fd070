/* One operation of a terminal in hand, and what the files of the command families share.
 *
 * Each command has two halves. `check` only reads: it looks at everything the command says and names,
 * adds grounds to the verdict, and leaves what it found in `work`. Then the operation row is appended
 * with that verdict. `write` makes the effects, and must not fail for anything but memory, disk or
 * database, so that no operation is ever half applied. */
#ifndef JC_SYNC_COMMAND_H
#define JC_SYNC_COMMAND_H

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
    bool newly_applied;             /* it got a row and counts: what waits for it is to be judged again */
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

#endif
