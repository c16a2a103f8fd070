/* One statement of counts over indexes and the listing (some hundred tasks); it is asked once a round. */
#include "terminal/report.h"

#include <sys/statvfs.h>

#include "terminal/entity.h"
#include "terminal/work.h"

static const char SQL_REPORT[] =
    "SELECT (SELECT COUNT(*) FROM operation WHERE unsent = 1),"
    "       (SELECT made_ms FROM operation WHERE unsent = 1 ORDER BY position LIMIT 1),"
    "       (SELECT COUNT(*) FROM upload WHERE done_ms IS NULL),"
    "       (SELECT COALESCE(SUM(size_bytes - sent_bytes), 0) FROM upload WHERE done_ms IS NULL),"
    "       (SELECT COUNT(*) FROM entity WHERE kind = $1),"
    "       digest_state, ready_ms"
    "  FROM terminal"
    " WHERE only_row = 1";

static int32_t bounded(int64_t number) {
    return (int32_t)(number < 0 ? 0 : number > INT32_MAX ? INT32_MAX : number);
}

static enum jc_code take_counts(struct jc_rows *rows, struct jc_arena *arena, Jc__DeviceReport *report,
                                struct jc_err *err) {
    report->unsent = bounded(jc_rows_int64(rows, 0));
    if (!jc_rows_is_null(rows, 1) && !(report->oldest_unsent = jc_terminal_timestamp(arena, jc_rows_int64(rows, 1))))
        return jc_fail_memory(err);
    report->blobs_waiting = bounded(jc_rows_int64(rows, 2));
    report->blobs_waiting_bytes = jc_rows_int64(rows, 3);
    report->units_held = bounded(jc_rows_int64(rows, 4));
    report->digest_state = (Jc__DigestState)jc_rows_int64(rows, 5);
    if (!jc_rows_is_null(rows, 6) && !(report->ready_at = jc_terminal_timestamp(arena, jc_rows_int64(rows, 6))))
        return jc_fail_memory(err);
    return JC_OK;
}

static enum jc_code count_open(struct jc_tx *tx, struct jc_arena *arena, Jc__DeviceReport *report, struct jc_err *err) {
    struct jc_terminal_entities tasks;
    enum jc_code code = jc_terminal_entity_list(tx, JC__ENTITY_KIND__ENTITY_KIND_TASK, arena, &tasks, err);
    for (size_t i = 0; code == JC_OK && i < tasks.count; i++)
        report->open_tasks_held += ((Jc__Task *)tasks.items[i])->state == JC__TASK_STATE__TASK_STATE_OPEN;
    return code;
}

static enum jc_code read_counts(struct jc_tx *tx, struct jc_arena *arena, Jc__DeviceReport *report,
                                struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SQL_REPORT, JC_VALUES(jc_int(JC__ENTITY_KIND__ENTITY_KIND_UNIT)), &rows, err);
    if (code == JC_OK)
        code = jc_rows_next(rows, &has_row, err);
    if (code == JC_OK && has_row)
        code = take_counts(rows, arena, report, err);
    jc_rows_close(rows);
    return code == JC_OK ? count_open(tx, arena, report, err) : code;
}

enum jc_code jc_terminal_report(struct jc_tx *tx, const struct jc_terminal *terminal, struct jc_arena *arena,
                                Jc__DeviceReport **out, struct jc_err *err) {
    Jc__DeviceReport *report = JC_NEW(arena, Jc__DeviceReport);
    struct statvfs disk;
    if (!report)
        return jc_fail_memory(err);
    jc__device_report__init(report);
    report->device_time = jc_terminal_timestamp(arena, jc_clock_now_ms(&terminal->wall));
    report->monotonic_ms = jc_clock_now_ms(&terminal->steady);
    report->boot_id = jc_terminal_uuid_field(arena, terminal->boot_id);
    report->app_version = (char *)(uintptr_t)JC_VERSION;
    if (!report->device_time || !report->boot_id.data)
        return jc_fail_memory(err);
    if (statvfs(terminal->path, &disk) == 0) {
        report->free_bytes = (int64_t)(disk.f_bavail * disk.f_frsize);
        report->total_bytes = (int64_t)(disk.f_blocks * disk.f_frsize);
    }
    *out = report;
    return read_counts(tx, arena, report, err);
}
