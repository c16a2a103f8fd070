/* Parameters are read once a request, and only when an answer depends on them. The wall clock of a terminal
 * proves nothing by itself: its monotonic clock, within one start, and the server's moment of receipt do. */
#include "sync/evident.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/message.h"
#include "store/device.h"
#include "store/near.h"
#include "store/registry.h"
#include "store/stamp.h"
#include "sync/known.h"
#include "sync/recent.h"

enum {
    CLOCK_OFF_MINUTES = 10,
    MINUTE_MS = 60000,
    CLOCK_OFF_MINUTES_MAX = 100000,
};
static const int64_t DAY_MS = 86400000;

/* --- who ------------------------------------------------------------------------------------------------ */

enum jc_code jc_evident_actor(struct jc_apply *apply, struct jc_err *err) {
    const struct jc_sync_prepared *prepared = apply->prepared;
    struct jc_str actor = jc_str(apply->body->acting_inspector_id);
    struct jc_device device;
    bool found = false;
    enum jc_code code = JC_OK;
    if (!actor.len || jc_str_eq(actor, apply->caller->inspector_id))
        return JC_OK;
    if (prepared->must_sign)
        code = jc_device_find_by_key(apply->tx, apply->caller->agency_id, actor,
                                     (struct jc_str){(const char *)prepared->public_key, JC_SIGN_PUBLIC_SIZE},
                                     apply->scratch, &device, &found, err);
    if (!code && found)
        apply->row.inspector_id = actor;
    else if (!code)
        jc_verdict_add(&apply->verdict, JC_GROUND_ACTOR_OTHER, actor);
    return code;
}

/* --- when ------------------------------------------------------------------------------------------------- */

/* By the terminal's monotonic clock within one start of its system; 0: not known. */
static int64_t estimate(const struct jc_apply *apply) {
    const Jc__DeviceReport *report = apply->prepared->request->report;
    const Jc__OperationBody *body = apply->body;
    if (!report || !report->boot_id.len || !jc_str_eq(jc_view(report->boot_id), jc_view(body->boot_id)))
        return 0;
    int64_t passed_ms = report->monotonic_ms - body->monotonic_ms;
    if (body->monotonic_ms < 0 || passed_ms < 0 || passed_ms > apply->now_ms)
        return 0;
    return apply->now_ms - passed_ms;
}

/* "+1d 02:05", "-00:45" */
static struct jc_str show_offset(int64_t offset_ms, char buf[JC_TIME_MAX]) {
    long long minutes = llabs((long long)offset_ms) / MINUTE_MS;
    const char *sign = offset_ms < 0 ? "-" : "+";
    int len = minutes < 24 * 60 ? snprintf(buf, JC_TIME_MAX, "%s%02lld:%02lld", sign, minutes / 60, minutes % 60)
                                : snprintf(buf, JC_TIME_MAX, "%s%lldd %02lld:%02lld", sign, minutes / (24 * 60),
                                           minutes / 60 % 24, minutes % 60);
    return (struct jc_str){buf, len < JC_TIME_MAX ? (size_t)len : JC_TIME_MAX - 1};
}

/* How far the terminal's wall clock was off when the operation was made; if it has been started anew since (`made_ms`
 * 0), how far it is off now. 0 if neither is known: a terminal may have no name for its start. */
static int64_t offset_of(const struct jc_apply *apply, int64_t made_ms) {
    const Jc__DeviceReport *report = apply->prepared->request->report;
    int64_t device_ms = 0;
    if (made_ms)
        return jc_stamp_to_ms(apply->body->device_time, &device_ms) ? device_ms - made_ms : 0;
    return report && report->boot_id.len && jc_stamp_to_ms(report->device_time, &device_ms) ? device_ms - apply->now_ms
                                                                                            : 0;
}

enum jc_code jc_evident_time(struct jc_apply *apply, bool is_document, struct jc_err *err) {
    char offset[JC_TIME_MAX], at[JC_TIME_MAX];
    int64_t most_minutes = 0, made_ms = estimate(apply), off_ms = is_document ? offset_of(apply, made_ms) : 0;
    apply->row.estimated_ms = made_ms;
    if (llabs((long long)off_ms) < MINUTE_MS)
        return JC_OK;
    enum jc_code code = jc_known_parameter(apply->tx, apply->caller->agency_id, JC_STR("clock_off_minutes"),
                                           jc_date_of_ms(apply->now_ms), CLOCK_OFF_MINUTES, CLOCK_OFF_MINUTES_MAX,
                                           apply->scratch, &most_minutes, err);
    if (code || llabs((long long)off_ms) <= most_minutes * MINUTE_MS)
        return code;
    if (made_ms)
        jc_verdict_add(&apply->verdict, JC_GROUND_CLOCK_OFF, show_offset(off_ms, offset), jc_time_format(made_ms, at));
    else
        jc_verdict_add(&apply->verdict, JC_GROUND_CLOCK_OFF_NOW, show_offset(off_ms, offset));
    return JC_OK;
}

/* --- twice -------------------------------------------------------------------------------------------------- */

enum jc_code jc_evident_duplicate(struct jc_apply *apply, struct jc_str unit_id, struct jc_str inspection_id,
                                  int64_t ended_ms, bool planned, struct jc_err *err) {
    char shown[JC_UUID_TEXT], day[JC_TIME_MAX];
    struct jc_near other;
    bool found = false;
    int64_t days = 0;
    enum jc_code code = jc_recent_days(apply->tx, apply->caller->agency_id, apply->now_ms, apply->scratch, &days, err);
    int64_t reach_ms = days * DAY_MS;
    if (!code && reach_ms)
        code = jc_near_find(apply->tx, apply->caller->agency_id, unit_id, ended_ms - reach_ms, ended_ms + reach_ms,
                            inspection_id, planned, apply->scratch, &other, &found, err);
    if (!code && found)
        jc_verdict_add(&apply->verdict, JC_GROUND_DUPLICATE_VISIT, unit_id,
                       jc_date_format(jc_date_of_ms(other.ended_ms), day), jc_uuid_show(other.inspection_id, shown));
    return code;
}
