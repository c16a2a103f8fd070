/* The key and its line in the log share one transaction. */
#include "auth/key.h"

#include "store/audit_log.h"

enum jc_code jc_key_rotate(struct jc_tx *tx, int64_t agency_id, struct jc_act act, uint8_t key_id[JC_KEY_ID_SIZE],
                           struct jc_err *err) {
    char hex[2 * JC_KEY_ID_SIZE + 1];
    int64_t now_ms = jc_clock_now_ms(act.clock);
    enum jc_code code = jc_server_key_rotate(tx, now_ms, key_id, err);
    return code ? code
                : jc_audit_log_add(tx, agency_id, now_ms, act.actor, JC_STR("key.rotate"),
                                   jc_hex(key_id, JC_KEY_ID_SIZE, hex), JC_STR(""), err);
}
