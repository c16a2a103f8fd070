/* How things stand across all agencies, as numbers for whoever watches the server. No names, no ids. */
#ifndef JC_STORE_PULSE_H
#define JC_STORE_PULSE_H

#include "db/db.h"

struct jc_pulse {
    int64_t reviews_open;
    int64_t devices_seen_today; /* within 24 hours */
    int64_t devices_stale;      /* not revoked, not seen for longer, or never */
    int64_t devices_revoked;
    int64_t blob_bytes; /* of photos and recordings that are stored */
    int64_t seals_due;  /* devices with operations whose seal has not been verified yet */
};
/* Any snapshot. Cost: the open reviews, the devices and the rows of blobs, once. */
enum jc_code jc_pulse_read(struct jc_tx *tx, int64_t now_ms, struct jc_pulse *out, struct jc_err *err);

#endif
