/* A sync under way, and keeping what the server's answers say. Inside terminal/. */
#ifndef JC_TERMINAL_RUN_H
#define JC_TERMINAL_RUN_H

#include "terminal/call.h"
#include "terminal/digest.h"
#include "terminal/holder.h"
#include "terminal/operation.h"
#include "terminal/pace.h"
#include "terminal/receipt.h"
#include "terminal/stage.h"

struct jc_terminal_run {
    struct jc_terminal *terminal;
    const struct jc_transport *transport;
    struct jc_terminal_sync_options options;
    struct jc_arena *results; /* the caller's */
    struct jc_arena *lasting; /* of this run */
    struct jc_arena *round;   /* reset before each round */
    struct jc_terminal_sync_result *out;
    size_t outcomes_capacity;
    struct jc_terminal_pace pace;
    size_t count_refused;        /* operations that one request may hold after refusals; 0: as many as wanted */
    size_t count_max, bytes_max; /* of the next request */
    int32_t page_max;            /* of the next page, in bytes */
    struct jc_terminal_skips skip;
    struct jc_terminal_comparison comparison;
    bool offered_again;
    bool tells_alone;                   /* jc_terminal_tell: no operations */
    bool has_suspect;                   /* one operation was refused alone; the next round goes without any */
    struct jc_terminal_outcome suspect; /* with the server's words */
    /* this round */
    struct jc_terminal_self self; /* forgets the secret key at the round's end */
    struct jc_terminal_enrolment sender;
    struct jc_terminal_operations batch;
    Jc__DocumentNumber **used;
    size_t used_count;
    struct jc_str *blobs; /* to ask about */
    size_t blob_count;
    Jc__DeviceReport *report;
    struct jc_terminal_keys keys; /* known, and those that the answer brought */
    bool refused, cut;
    bool proven;    /* by the answer's receipt */
    int64_t now_ms; /* when the answer was there */
    const Jc__SyncResponse *response;
    struct jc_terminal_page page;
};

static inline bool jc_terminal_run_is_own(const struct jc_terminal_run *run) {
    return jc_terminal_uuid_equal(run->sender.holder.device_id, run->self.holder.device_id);
}

/* Writes what the answer, which is judged whole, says: results, then the page, in transactions of
 * their own. */
enum jc_code jc_terminal_run_keep(struct jc_terminal_run *run, struct jc_err *err);
/* Adds an outcome to what the caller gets; the texts are copied. */
enum jc_code jc_terminal_run_tell(struct jc_terminal_run *run, const struct jc_terminal_outcome *outcome,
                                  struct jc_err *err);
/* The operation is set aside: not again in this sync. */
enum jc_code jc_terminal_run_skip(struct jc_terminal_run *run, struct jc_uuid operation_id, struct jc_err *err);

#endif
