/* How the database of an agency stands, in figures. */
#ifndef JC_STORE_STATUS_H
#define JC_STORE_STATUS_H

#include "db/db.h"

/* Calls `figure` for each, always in the same order: "units", "teams", "inspectors", "plan_version"
 * (0: none), "approved_version" (0: none), "tasks_open", "tasks_done", "operations", "inspections",
 * "orders", "reviews_open", "devices", "devices_revoked", "people". */
enum jc_code jc_status_figures(struct jc_tx *tx, int64_t agency_id,
                               void (*figure)(void *ctx, const char *name, int64_t value), void *ctx,
                               struct jc_err *err);

#endif
