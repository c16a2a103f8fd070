/* Each chore is a task of upkeep (http/upkeep.h). A failure is a line of the log: the next turn tries again. */
#include "http/chores.h"

#include <stddef.h>
#include <string.h>

#include "base/log.h"
#include "blob/collect.h"
#include "store/agency.h"
#include "store/pulse.h"
#include "sync/recall.h"
#include "sync/seal.h"

enum {
    FLUSH_MS = 200, /* lines of the log wait no longer */
    COLLECT_MS = 3600 * 1000,
    SEALS_MS = 250,
    EXPIRE_MS = 3600 * 1000,
    PULSE_MS = 60 * 1000,
    WATCH_MS = 60 * 1000,
};

static void flush_log(void *ctx, int64_t now_ms) {
    (void)ctx, (void)now_ms;
    jc_log_flush();
}

static void collect_task(struct jc_pool_task *task) {
    struct jc_chores *chores = (struct jc_chores *)(void *)((char *)task - offsetof(struct jc_chores, collection));
    struct jc_blob_collected done;
    struct jc_err err = {0};
    const struct jc_server_config *config = &chores->http->config;
    if (jc_blob_collect(config->db, config->blobs, jc_http_now(chores->http), &done, &err))
        jc_log(JC_LOG_WARN, "blobs not collected", JC_LOG_STR("detail", jc_str(err.detail)));
    else if (done.expired || done.removed || done.adopted)
        jc_log(JC_LOG_INFO, "blobs collected", JC_LOG_INT("expired", done.expired), JC_LOG_INT("removed", done.removed),
               JC_LOG_INT("adopted", done.adopted));
    atomic_store(&chores->collecting, false);
}

/* Takes long, so on a thread where only blobs wait for it; one at a time. */
static void collect_blobs(void *ctx, int64_t now_ms) {
    struct jc_chores *chores = ctx;
    (void)now_ms;
    if (!chores->http->blob_pool || atomic_exchange(&chores->collecting, true))
        return;
    chores->collection.run = collect_task;
    if (!jc_pool_submit(chores->http->blob_pool, &chores->collection))
        atomic_store(&chores->collecting, false);
}

static void look_at_seals(void *ctx, int64_t now_ms) {
    struct jc_chores *chores = ctx;
    const struct jc_server_config *config = &chores->http->config;
    struct jc_seals_looked looked;
    struct jc_err err = {0};
    (void)now_ms;
    if (jc_seals_look(config->db, jc_http_now(chores->http), &looked, &err))
        jc_log(JC_LOG_WARN, "seals not verified", JC_LOG_STR("detail", jc_str(err.detail)));
    if (looked.wrong)
        jc_log(JC_LOG_WARN, "seals do not hold", JC_LOG_INT("devices", looked.wrong));
    jc_metrics_add(chores->http->metrics, JC_METRIC_SEALS_HELD, looked.held);
    jc_metrics_add(chores->http->metrics, JC_METRIC_SEALS_WRONG, looked.wrong);
}

struct look {
    int64_t now_ms;
    struct jc_pulse pulse;
};

static enum jc_code look_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct look *look = ctx;
    return jc_pulse_read(tx, look->now_ms, &look->pulse, err);
}

static void feel_pulse(void *ctx, int64_t now_ms) {
    struct jc_chores *chores = ctx;
    struct jc_metrics *metrics = chores->http->metrics;
    struct look look = {.now_ms = jc_http_now(chores->http)};
    struct jc_err err = {0};
    (void)now_ms;
    if (jc_db_read(chores->http->config.db, look_job, &look, &err)) {
        jc_log(JC_LOG_WARN, "pulse not read", JC_LOG_STR("detail", jc_str(err.detail)));
        return;
    }
    jc_metrics_set(metrics, JC_METRIC_SEALS_DUE, look.pulse.seals_due);
    jc_metrics_set(metrics, JC_METRIC_DEVICES_TODAY, look.pulse.devices_seen_today);
    jc_metrics_set(metrics, JC_METRIC_DEVICES_STALE, look.pulse.devices_stale);
    jc_metrics_set(metrics, JC_METRIC_DEVICES_REVOKED, look.pulse.devices_revoked);
    jc_metrics_set(metrics, JC_METRIC_BLOB_BYTES, look.pulse.blob_bytes);
    jc_metrics_set(metrics, JC_METRIC_REVIEWS_OPEN, look.pulse.reviews_open);
}

struct expiry {
    struct jc_agency_ref *agencies;
    size_t count, at;
    struct jc_arena *arena;
    int64_t now_ms;
};

static enum jc_code list_agencies(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct expiry *expiry = ctx;
    return jc_agency_list(tx, expiry->arena, &expiry->agencies, &expiry->count, err);
}

static enum jc_code expire_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct expiry *expiry = ctx;
    return jc_recall_expire(tx, expiry->agencies[expiry->at].agency_id, expiry->now_ms, err);
}

/* Recalled tasks leave the terminals when their days of grace are over. */
static void expire_tasks(void *ctx, int64_t now_ms) {
    struct jc_chores *chores = ctx;
    const struct jc_server_config *config = &chores->http->config;
    struct expiry expiry = {.arena = jc_arena_new(1 << 20), .now_ms = jc_http_now(chores->http)};
    struct jc_err err = {0};
    (void)now_ms;
    enum jc_code code = expiry.arena ? jc_db_read(config->db, list_agencies, &expiry, &err) : jc_fail_memory(&err);
    for (; !code && expiry.at < expiry.count; expiry.at++)
        code = jc_db_write_wait(config->db, expiry.agencies[expiry.at].agency_id, expire_job, &expiry, &err);
    if (code)
        jc_log(JC_LOG_WARN, "recalled tasks not taken off terminals", JC_LOG_STR("detail", jc_str(err.detail)));
    jc_arena_free(expiry.arena);
}

/* Somebody who stays in an old snapshot, `jiancha verify` or a backup say, keeps the database's log from beginning
 * anew. Writes go on and the disk pays; whoever reads the log of the server can find him. */
static void watch_readers(void *ctx, int64_t now_ms) {
    struct jc_chores *chores = ctx;
    struct jc_db_stats stats;
    (void)now_ms;
    jc_db_stats(chores->http->config.db, &stats);
    if (stats.checkpoints_forced > chores->forced)
        jc_log(JC_LOG_WARN, "a reader keeps the database's log long", JC_LOG_INT("pages", stats.log_pages),
               JC_LOG_INT("pages_copied", stats.log_pages_copied));
    chores->forced = stats.checkpoints_forced;
}

void jc_chores_list(struct jc_chores *chores, struct jc_upkeep_task out[JC_CHORES]) {
    const struct jc_upkeep_task tasks[JC_CHORES] = {
        {"log", FLUSH_MS, flush_log, NULL},         {"blobs", COLLECT_MS, collect_blobs, chores},
        {"seals", SEALS_MS, look_at_seals, chores}, {"tasks", EXPIRE_MS, expire_tasks, chores},
        {"pulse", PULSE_MS, feel_pulse, chores},    {"readers", WATCH_MS, watch_readers, chores},
    };
    memcpy(out, tasks, sizeof tasks);
}
