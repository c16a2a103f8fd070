/* Status: one statement a figure. */
#include "store/status.h"

static const struct {
    const char *name;
    const char *sql;
} figures[] = {
    {"units", "SELECT COUNT(*) FROM unit WHERE agency_id = $1"},
    {"teams", "SELECT COUNT(*) FROM team WHERE agency_id = $1"},
    {"inspectors", "SELECT COUNT(*) FROM inspector WHERE agency_id = $1"},
    {"plan_version", "SELECT COALESCE(MAX(version), 0) FROM plan WHERE agency_id = $1"},
    {"approved_version", "SELECT COALESCE(MAX(version), 0) FROM plan WHERE agency_id = $1 AND status = 'approved'"},
    {"tasks_open", "SELECT COUNT(*) FROM task WHERE agency_id = $1 AND state = 1"},
    {"tasks_done", "SELECT COUNT(*) FROM task WHERE agency_id = $1 AND state = 2"},
    {"operations", "SELECT COUNT(*) FROM operation WHERE agency_id = $1"},
    {"inspections", "SELECT COUNT(*) FROM inspection WHERE agency_id = $1 AND is_record = 1"},
    {"orders", "SELECT COUNT(*) FROM rectification_order WHERE agency_id = $1"},
    {"reviews_open", "SELECT COUNT(*) FROM review WHERE agency_id = $1 AND state = 1"},
    {"devices", "SELECT COUNT(*) FROM device WHERE agency_id = $1 AND revoked_ms IS NULL"},
    {"devices_revoked", "SELECT COUNT(*) FROM device WHERE agency_id = $1 AND revoked_ms IS NOT NULL"},
    {"people", "SELECT COUNT(*) FROM person WHERE agency_id = $1 AND disabled = 0"},
};

enum jc_code jc_status_figures(struct jc_tx *tx, int64_t agency_id,
                               void (*figure)(void *ctx, const char *name, int64_t value), void *ctx,
                               struct jc_err *err) {
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        int64_t value = 0;
        enum jc_code code = jc_tx_int64(tx, figures[i].sql, JC_VALUES(jc_int(agency_id)), &value, err);
        if (code != JC_OK)
            return code;
        figure(ctx, figures[i].name, value);
    }
    return JC_OK;
}
