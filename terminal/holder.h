/* The people enrolled on this device: one is active, each sends what they did under their own enrolment.
 *
 * Internal to terminal/; the public face is jc_terminal_holders() and jc_terminal_switch(). */
#ifndef JC_TERMINAL_HOLDER_H
#define JC_TERMINAL_HOLDER_H

#include "terminal/store.h"

struct jc_terminal_enrolment {
    struct jc_terminal_holder holder;
    bool active, revoked;
    struct jc_str token;
    int64_t blocks_version;
};

/* *found is false if nobody was enrolled under that id (an enrolment of version 1 before the last). */
enum jc_code jc_terminal_enrolment_get(struct jc_tx *tx, struct jc_uuid device_id, struct jc_arena *arena,
                                       struct jc_terminal_enrolment *out, bool *found, struct jc_err *err);

/* A new enrolment becomes the active one and the listing begins anew. An earlier one of the same person at the same
 * agency ends, and so do those at other agencies; what the same person did not send goes out under the new one. */
enum jc_code jc_terminal_enrolment_add(struct jc_tx *tx, const struct jc_terminal_enrolment *fresh, int64_t now_ms,
                                       struct jc_err *err);

/* The server does not take this enrolment any more: what was not sent goes out under the active one (if that is
 * another). */
enum jc_code jc_terminal_enrolment_revoke(struct jc_tx *tx, struct jc_uuid device_id, struct jc_uuid active,
                                          struct jc_err *err);

/* The next sync fetches the whole listing; what it does not name goes then. */
enum jc_code jc_terminal_list_anew(struct jc_tx *tx, struct jc_err *err);

#endif
