/* /metrics as Prometheus reads it: every line is parsed by the rules of the text format 0.0.4, histograms add
 * up, counters only grow, and who may ask. */
#include "jc_http_test.h"

#include "http/metrics.h"

#define SELF "/jiancha.v1.SessionService/GetSelf"
#define INVITE "/jiancha.v1.DeviceService/CreateInvitation"
#define I1 "\x0a\x02i1"

enum { SAMPLES_MAX = 1000, TEXT_MAX = 160 };

struct sample {
    char series[TEXT_MAX]; /* name and labels */
    char family[TEXT_MAX]; /* of the TYPE line above */
    char type[16];
    double value;
};

struct exposition {
    struct sample samples[SAMPLES_MAX];
    int count;
};

/* --- the format ----------------------------------------------------------------------------------------------- */

static bool is_name(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
        if (!letter && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return len > 0;
}

/* Labels from `{` on; the character behind `}`, or NULL. */
static const char *skip_labels(const char *at) {
    for (at++; *at != '}';) {
        size_t len = strcspn(at, "=}");
        if (!is_name(at, len) || at[len] != '=' || at[len + 1] != '"')
            return NULL;
        for (at += len + 2; *at && *at != '"'; at++)
            if (*at == '\\' && !strchr("\\\"n", *++at))
                return NULL;
        if (*at++ != '"')
            return NULL;
        if (*at == ',')
            at++;
        else if (*at != '}')
            return NULL;
    }
    return at + 1;
}

/* Whether a sample of this name belongs to the family. */
static bool belongs(const char *name, size_t len, const char *family, const char *type) {
    static const char *const PARTS[] = {"_bucket", "_sum", "_count"};
    size_t family_len = strlen(family);
    if (strncmp(name, family, family_len) != 0)
        return false;
    if (strcmp(type, "histogram") != 0)
        return len == family_len;
    for (size_t i = 0; i < COUNT(PARTS); i++)
        if (len == family_len + strlen(PARTS[i]) && strncmp(name + family_len, PARTS[i], strlen(PARTS[i])) == 0)
            return true;
    return false;
}

static void parse_sample(const char *line, const char *family, const char *type, struct exposition *out) {
    size_t len = strcspn(line, "{ ");
    const char *at = line + len;
    char *end;
    CHECK(line, is_name(line, len) && belongs(line, len, family, type));
    if (*at == '{')
        at = skip_labels(at);
    CHECK(line, at && *at == ' ');
    assert_true(out->count < SAMPLES_MAX && at - line < TEXT_MAX);
    struct sample *sample = &out->samples[out->count];
    snprintf(sample->series, TEXT_MAX, "%.*s", (int)(at - line), line);
    snprintf(sample->family, TEXT_MAX, "%s", family);
    snprintf(sample->type, sizeof sample->type, "%s", type);
    sample->value = strtod(at + 1, &end);
    CHECK(line, end > at + 1 && *end == '\0');
    for (int i = 0; i < out->count; i++)
        CHECK(line, strcmp(out->samples[i].series, sample->series) != 0); /* each series once */
    out->count++;
}

/* HELP, TYPE and the samples of one family after another, each family once. */
static void parse(char *text, struct exposition *out) {
    static char seen[200][TEXT_MAX];
    int families = 0;
    char family[TEXT_MAX] = "", type[16] = "", help[TEXT_MAX] = "", *line, *rest;
    out->count = 0;
    assert_true(*text && text[strlen(text) - 1] == '\n');
    for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (sscanf(line, "# HELP %159s", help) == 1) {
            for (int i = 0; i < families; i++)
                CHECK(line, strcmp(seen[i], help) != 0);
            strcpy(seen[families++], help);
        } else if (sscanf(line, "# TYPE %159s %15s", family, type) == 2) {
            CHECK_STR(line, jc_str(family), help);
            CHECK(line, !strcmp(type, "counter") || !strcmp(type, "gauge") || !strcmp(type, "histogram"));
        } else {
            CHECK(line, *line != '#');
            parse_sample(line, family, type, out);
        }
    }
}

static const struct sample *find(const struct exposition *text, const char *series) {
    for (int i = 0; i < text->count; i++)
        if (strcmp(text->samples[i].series, series) == 0)
            return &text->samples[i];
    return NULL;
}

static double value_of(const struct exposition *text, const char *series) {
    const struct sample *sample = find(text, series);
    CHECK(series, sample);
    return sample->value;
}

/* Buckets grow, the last is +Inf and is the count. */
static void check_histograms(const struct exposition *text) {
    int histograms = 0;
    for (int i = 0; i < text->count; i++) {
        const struct sample *sample = &text->samples[i];
        if (strcmp(sample->type, "histogram") != 0 || !strstr(sample->series, "_bucket{le=\"+Inf\"}"))
            continue;
        char name[TEXT_MAX + 8];
        snprintf(name, sizeof name, "%s_count", sample->family);
        CHECK(name, value_of(text, name) == sample->value);
        snprintf(name, sizeof name, "%s_sum", sample->family);
        CHECK(name, find(text, name));
        for (int k = i; k > 0 && strstr(text->samples[k - 1].series, "_bucket{"); k--)
            CHECK(name, text->samples[k - 1].value <= text->samples[k].value);
        histograms++;
    }
    assert_int_equal(histograms, JC_HISTOGRAM_COUNT);
}

/* --- by themselves ---------------------------------------------------------------------------------------------- */

static void test_figures(void **state) {
    (void)state;
    static struct exposition text;
    static const int64_t TIMES_US[] = {0, 1000, 1001, 29999, 10000000, 10000001};
    struct jc_metrics *metrics = jc_metrics_new();
    struct jc_buf out;
    size_t count;
    jc_buf_init(&out, 1 << 20);
    jc_metrics_add(metrics, JC_METRIC_CUT_SLOW, 2);
    jc_metrics_add(metrics, JC_METRIC_CUT_SLOW, 3);
    jc_metrics_set(metrics, JC_METRIC_CPU_US, 12345678);
    jc_metrics_set(metrics, JC_METRIC_FDS, 17);
    for (size_t i = 0; i < COUNT(TIMES_US); i++)
        jc_metrics_observe(metrics, JC_HISTOGRAM_REQUEST, TIMES_US[i]);
    jc_metrics_request(metrics, NULL, JC_UNIMPLEMENTED);
    jc_metrics_request(metrics, &jc_procedure_table(&count)[0], JC_OK);
    jc_metrics_request(metrics, &jc_procedure_table(&count)[count - 1], (enum jc_code)99);
    jc_metrics_render(metrics, &out);
    jc_buf_char(&out, '\0');
    assert_false(out.failed);
    parse(out.ptr, &text);
    check_histograms(&text);
    assert_true(value_of(&text, "jiancha_cut_total{reason=\"slow\"}") == 5);
    assert_true(value_of(&text, "process_cpu_seconds_total") == 12.345678);
    assert_true(value_of(&text, "process_open_fds") == 17);
    assert_true(value_of(&text, "jiancha_request_seconds_bucket{le=\"0.001\"}") == 2);
    assert_true(value_of(&text, "jiancha_request_seconds_bucket{le=\"0.030\"}") == 4);
    assert_true(value_of(&text, "jiancha_request_seconds_bucket{le=\"10.000\"}") == 5);
    assert_true(value_of(&text, "jiancha_request_seconds_bucket{le=\"+Inf\"}") == 6);
    assert_true(value_of(&text, "jiancha_requests_total{procedure=\"none\",code=\"unimplemented\"}") == 1);
    assert_true(value_of(&text, "jiancha_requests_total{procedure=\"SessionService/Login\",code=\"ok\"}") == 1);
    jc_buf_free(&out);
    jc_metrics_free(metrics);
}

/* --- over HTTP ---------------------------------------------------------------------------------------------------- */

static int get(int port, const char *verb, const char *path, struct answer *answer) {
    char request[200];
    int fd = dial(port);
    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\n\r\n", verb, path);
    assert_true(send_text(fd, request));
    if (strcmp(verb, "HEAD") == 0)
        shutdown(fd, SHUT_WR);
    read_answer(fd, answer);
    close(fd);
    return answer->status;
}

static void scrape(int port, struct exposition *out) {
    struct answer answer;
    char value[256];
    assert_int_equal(get(port, "GET", "/metrics", &answer), 200);
    assert_string_equal(answer_header(&answer, "Content-Type", value), "text/plain; version=0.0.4; charset=utf-8");
    parse(answer.body, out);
    check_histograms(out);
    answer_free(&answer);
}

/* What is done shows, under the names of procedures and codes alone. */
static void test_scrapes(void **state) {
    (void)state;
    static struct exposition before, after;
    struct site site;
    struct answer answer;
    site_open(&site, (struct jc_server_config){0}, NULL);
    scrape(site.port, &before);
    static const struct {
        const char *path, *token;
        int status;
    } CALLS[] = {{SELF, "token-device", 200},
                 {INVITE, "token-planner", 200},
                 {INVITE, "token-device", 403},
                 {SELF, "nobody-has-this", 401},
                 {"/secret/path", "", 404}};
    for (size_t i = 0; i < COUNT(CALLS); i++) {
        one_call(site.port, CALLS[i].path, CALLS[i].token, "", I1, 4, &answer);
        CHECK_INT(CALLS[i].path, answer.status, CALLS[i].status);
        answer_free(&answer);
    }
    do /* a request is counted when it is over, a moment after its answer */
        scrape(site.port, &after);
    while (value_of(&after, "jiancha_request_seconds_count") < 5);
#define GREW(series, by) \
    CHECK(series, value_of(&after, series) == (find(&before, series) ? value_of(&before, series) : 0) + (by))
    GREW("jiancha_requests_total{procedure=\"SessionService/GetSelf\",code=\"ok\"}", 1);
    GREW("jiancha_requests_total{procedure=\"SessionService/GetSelf\",code=\"unauthenticated\"}", 1);
    GREW("jiancha_requests_total{procedure=\"DeviceService/CreateInvitation\",code=\"ok\"}", 1);
    GREW("jiancha_requests_total{procedure=\"DeviceService/CreateInvitation\",code=\"permission_denied\"}", 1);
    GREW("jiancha_requests_total{procedure=\"none\",code=\"unimplemented\"}", 1);
    GREW("jiancha_batch_writes_sum", 2);
    for (int i = 0; i < after.count; i++) {
        CHECK(after.samples[i].series, !strstr(after.samples[i].series, "secret"));
        CHECK(after.samples[i].series, !strstr(after.samples[i].series, "token"));
        const struct sample *was = find(&before, after.samples[i].series);
        if (was && strcmp(was->type, "gauge") != 0)
            CHECK(was->series, after.samples[i].value >= was->value);
    }
    for (int i = 0; i < before.count; i++)
        CHECK("no series vanishes", find(&after, before.samples[i].series));
    assert_true(value_of(&after, "jiancha_connections{kind=\"plain\"}") >= 1);
    assert_true(value_of(&after, "process_resident_memory_bytes") > 1 << 20);
    assert_true(value_of(&after, "process_open_fds") > 5);
    assert_true(value_of(&after, "jiancha_commits_total") > value_of(&before, "jiancha_commits_total"));
    site_close(&site);
}

/* With a listener of its own nobody sees the figures where terminals call, and nobody calls where the
 * figures are. */
static void test_own_listener(void **state) {
    (void)state;
    static struct exposition text;
    struct site site;
    struct answer answer;
    site_open(&site, (struct jc_server_config){.metrics_address = "127.0.0.1"}, NULL);
    int port = jc_server_metrics_port(site.server);
    assert_int_not_equal(port, site.port);
    scrape(port, &text);
    static const struct {
        const char *name, *verb, *path;
        bool aside;
        int status;
    } CASES[] = {
        {"figures beside calls", "GET", "/metrics", false, 404},
        {"health beside calls", "GET", "/healthz", false, 200},
        {"health beside figures", "GET", "/healthz", true, 200},
        {"figures by HEAD", "HEAD", "/metrics", true, 200},
        {"figures by POST", "POST", "/metrics", true, 404},
        {"a call beside figures", "GET", SELF, true, 404},
        {"nothing", "GET", "/", true, 404},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        int status = get(CASES[i].aside ? port : site.port, CASES[i].verb, CASES[i].path, &answer);
        if (strcmp(CASES[i].verb, "HEAD") == 0) /* its length is that of the body it does not send */
            assert_int_equal(sscanf(answer.head, "HTTP/1.1 %d", &status), 1);
        CHECK_INT(CASES[i].name, status, CASES[i].status);
        answer_free(&answer);
    }
    one_call(port, SELF, "token-device", "", "", 0, &answer);
    assert_int_equal(answer.status, 404);
    answer_free(&answer);
    one_call(site.port, SELF, "token-device", "", "", 0, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    site_close(&site);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_scrapes),
        cmocka_unit_test(test_own_listener),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
