/* Values are an array by enum jc_metric; requests a table of procedure and code; a histogram counts each
 * value in the first bucket that holds it, and the text adds them up. */
#include "http/metrics.h"

#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"

enum { CODES = 17, BUCKETS = 8 };

enum type { COUNTER, GAUGE };

static const struct row {
    const char *name, *labels, *help;
    enum type type;
} ROWS[] = {
#define JC_METRIC(name, exposed, labels, type, help) [JC_METRIC_##name] = {exposed, labels, help, type},
#include "http/metrics.def"
#undef JC_METRIC
};

static const struct buckets {
    const char *name, *help;
    int64_t bound[BUCKETS];
    bool micros; /* written as seconds */
} HISTOGRAMS[] = {
    [JC_HISTOGRAM_REQUEST] = {"jiancha_request_seconds",
                              "From the first byte of a request to its answer.",
                              {1000, 5000, 15000, 30000, 100000, 300000, 1000000, 10000000},
                              true},
    [JC_HISTOGRAM_BATCH] = {"jiancha_batch_writes",
                            "Requests that shared a commit.",
                            {1, 2, 4, 8, 16, 32, 64, 128},
                            false},
};

struct jc_metrics {
    _Atomic int64_t value[JC_METRIC_COUNT];
    struct {
        _Atomic int64_t count[BUCKETS + 1], sum;
    } histogram[JC_HISTOGRAM_COUNT];
    size_t procedures; /* behind them a row for requests of none */
    _Atomic int64_t (*requests)[CODES];
};

struct jc_metrics *jc_metrics_new(void) {
    struct jc_metrics *metrics = jc_calloc(1, sizeof *metrics);
    if (!metrics)
        return NULL;
    (void)jc_procedure_table(&metrics->procedures);
    metrics->requests = jc_calloc(metrics->procedures + 1, sizeof *metrics->requests);
    if (metrics->requests)
        return metrics;
    jc_free(metrics);
    return NULL;
}

void jc_metrics_free(struct jc_metrics *metrics) {
    if (!metrics)
        return;
    jc_free(metrics->requests);
    jc_free(metrics);
}

/* --- counting ------------------------------------------------------------------------------------------- */

static void add(_Atomic int64_t *to, int64_t more) {
    atomic_fetch_add_explicit(to, more, memory_order_relaxed);
}

void jc_metrics_add(struct jc_metrics *metrics, enum jc_metric metric, int64_t more) {
    add(&metrics->value[metric], more);
}

void jc_metrics_set(struct jc_metrics *metrics, enum jc_metric metric, int64_t value) {
    atomic_store_explicit(&metrics->value[metric], value, memory_order_relaxed);
}

void jc_metrics_observe(struct jc_metrics *metrics, enum jc_histogram histogram, int64_t value) {
    int bucket = 0;
    while (bucket < BUCKETS && value > HISTOGRAMS[histogram].bound[bucket])
        bucket++;
    add(&metrics->histogram[histogram].count[bucket], 1);
    add(&metrics->histogram[histogram].sum, value);
}

void jc_metrics_request(struct jc_metrics *metrics, const struct jc_procedure *procedure, enum jc_code code) {
    size_t count, row = metrics->procedures;
    if (procedure)
        row = (size_t)(procedure - jc_procedure_table(&count));
    add(&metrics->requests[row][(size_t)code < CODES ? code : JC_UNKNOWN], 1);
}

/* --- the text --------------------------------------------------------------------------------------------- */

static int64_t read_value(const _Atomic int64_t *value) {
    return atomic_load_explicit(value, memory_order_relaxed);
}

static void head(struct jc_buf *out, const char *name, const char *help, const char *type) {
    jc_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void number(struct jc_buf *out, int64_t value, bool micros) {
    if (micros)
        jc_buf_printf(out, " %lld.%06lld\n", (long long)(value / 1000000), (long long)(value % 1000000));
    else
        jc_buf_printf(out, " %lld\n", (long long)value);
}

static void render_values(const struct jc_metrics *metrics, struct jc_buf *out) {
    for (int i = 0; i < JC_METRIC_COUNT; i++) {
        const struct row *row = &ROWS[i];
        if (i == 0 || strcmp(row->name, row[-1].name) != 0)
            head(out, row->name, row->help, row->type == COUNTER ? "counter" : "gauge");
        jc_buf_printf(out, "%s%s%s%s", row->name, *row->labels ? "{" : "", row->labels, *row->labels ? "}" : "");
        number(out, read_value(&metrics->value[i]), i == JC_METRIC_CPU_US || i == JC_METRIC_START_US);
    }
}

/* Only what has been counted: procedures times codes would be hundreds of lines of zeros. */
static void render_requests(const struct jc_metrics *metrics, struct jc_buf *out) {
    size_t count;
    const struct jc_procedure *table = jc_procedure_table(&count);
    head(out, "jiancha_requests_total", "Requests by procedure and outcome.", "counter");
    for (size_t i = 0; i <= count; i++) {
        for (int code = 0; code < CODES; code++) {
            int64_t value = read_value(&metrics->requests[i][code]);
            if (!value && code != JC_OK)
                continue;
            jc_buf_printf(out, "jiancha_requests_total{procedure=\"%s%s%s\",code=\"%s\"}",
                          i < count ? table[i].service->short_name : "none", i < count ? "/" : "",
                          i < count ? table[i].method : "", code ? jc_code_name((enum jc_code)code) : "ok");
            number(out, value, false);
        }
    }
}

static void render_histogram(const struct jc_metrics *metrics, enum jc_histogram which, struct jc_buf *out) {
    const struct buckets *buckets = &HISTOGRAMS[which];
    int64_t sum = 0;
    head(out, buckets->name, buckets->help, "histogram");
    for (int i = 0; i < BUCKETS; i++) {
        sum += read_value(&metrics->histogram[which].count[i]);
        int64_t bound = buckets->bound[i];
        if (buckets->micros)
            jc_buf_printf(out, "%s_bucket{le=\"%lld.%03lld\"}", buckets->name, (long long)(bound / 1000000),
                          (long long)(bound / 1000 % 1000));
        else
            jc_buf_printf(out, "%s_bucket{le=\"%lld\"}", buckets->name, (long long)bound);
        number(out, sum, false);
    }
    sum += read_value(&metrics->histogram[which].count[BUCKETS]);
    jc_buf_printf(out, "%s_bucket{le=\"+Inf\"}", buckets->name);
    number(out, sum, false);
    jc_buf_printf(out, "%s_sum", buckets->name);
    number(out, read_value(&metrics->histogram[which].sum), buckets->micros);
    jc_buf_printf(out, "%s_count", buckets->name);
    number(out, sum, false);
}

void jc_metrics_render(const struct jc_metrics *metrics, struct jc_buf *out) {
    render_requests(metrics, out);
    for (int i = 0; i < JC_HISTOGRAM_COUNT; i++)
        render_histogram(metrics, (enum jc_histogram)i, out);
    render_values(metrics, out);
}
