/* Pages of the server's listing: kept aside while more is to come, shown all at once with the last.
 *
 * Internal to terminal/. */
#ifndef JC_TERMINAL_STAGE_H
#define JC_TERMINAL_STAGE_H

#include "jiancha/v1/sync_service.pb-c.h"
#include "terminal/operation.h"

struct jc_terminal_page {
    struct jc_arena *arena;
    struct jc_str position; /* the cursor the page was asked with */
    const Jc__SyncResponse *response;
    int64_t now_ms;
    /* out */
    int64_t received, removed, skipped;
    bool shown;
    struct jc_terminal_operations decided; /* by people, as the listing says that is shown now */
};

/* Stages one page and, if it is the last, shows the listing; keeps the receipt's head and the server's time.
 * One transaction. JC_ABORTED if the listing does not stand at `position` any more: another process
 * syncs this store. */
enum jc_code jc_terminal_stage(struct jc_tx *tx, struct jc_terminal_page *page, struct jc_err *err);

/* Every block of numbers that the enrolment holds now; nothing happens if the answer says that none changed, or if
 * nobody is enrolled under that id. */
enum jc_code jc_terminal_blocks_keep(struct jc_tx *tx, struct jc_uuid device_id, const Jc__SyncResponse *response,
                                     struct jc_err *err);

#endif
