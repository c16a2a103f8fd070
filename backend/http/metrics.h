/* What the server counts of itself, and the text that Prometheus reads (exposition format 0.0.4).
 *
 * Counting is one atomic addition. Every series exists from the start, so that rates are right from the
 * first event on; their number does not grow with use. Any thread. */
#ifndef JC_HTTP_METRICS_H
#define JC_HTTP_METRICS_H

#include "base/err.h"
#include "rpc/procedure.h"

enum jc_metric {
#define JC_METRIC(name, exposed, labels, type, help) JC_METRIC_##name,
#include "http/metrics.def"
#undef JC_METRIC
    JC_METRIC_COUNT
};

/* What is counted in buckets. */
enum jc_histogram {
    JC_HISTOGRAM_REQUEST, /* microseconds from a request's first byte to its answer */
    JC_HISTOGRAM_BATCH,   /* writes of a commit */
    JC_HISTOGRAM_COUNT
};

struct jc_metrics;

struct jc_metrics *jc_metrics_new(void);          /* NULL without memory */
void jc_metrics_free(struct jc_metrics *metrics); /* NULL is fine */

void jc_metrics_add(struct jc_metrics *metrics, enum jc_metric metric, int64_t more);
void jc_metrics_set(struct jc_metrics *metrics, enum jc_metric metric, int64_t value);
void jc_metrics_observe(struct jc_metrics *metrics, enum jc_histogram histogram, int64_t value);
/* One request that is over; `procedure` NULL: none was found. */
void jc_metrics_request(struct jc_metrics *metrics, const struct jc_procedure *procedure, enum jc_code code);

/* Appends the text. */
void jc_metrics_render(const struct jc_metrics *metrics, struct jc_buf *out);

#endif
