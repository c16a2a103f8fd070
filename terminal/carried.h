/* Operations of other terminals, carried for them: stored at a take-over, handed in by the next sync.
 *
 * Internal to terminal/. */
#ifndef JC_TERMINAL_CARRIED_H
#define JC_TERMINAL_CARRIED_H

#include "terminal/store.h"

struct jc_terminal_carried {
    uint8_t sha256[JC_SHA256_SIZE]; /* its END's */
    struct jc_uuid device_id;       /* that made it */
    struct jc_str bundle;           /* whole, without blobs */
};
/* Stores it; one that is here already stays as it is. */
enum jc_code jc_terminal_carried_add(struct jc_tx *tx, const struct jc_terminal_carried *carried, int64_t now_ms,
                                     struct jc_err *err);

/* Hands in all that wait, one call each. A file that the server refuses, or whose receipt does not prove it, stays
 * and stops nothing but the success of this call; without a way to the server the rest waits as well. *done counts
 * those handed in. */
enum jc_code jc_terminal_carried_send(struct jc_terminal *terminal, const struct jc_transport *transport, int64_t *done,
                                      struct jc_err *err);

#endif
