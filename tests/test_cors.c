/* Which origins may call: what is written on the command line, and what browsers send. */
#include "http/cors.h"

#include "jc_test.h"

static const struct {
    const char *name, *url, *origin; /* NULL: refused */
} URLS[] = {
    {"https", "https://plan.example.cn", "https://plan.example.cn"},
    {"http with a port", "http://10.1.2.3:8080", "http://10.1.2.3:8080"},
    {"capitals", "HTTPS://Plan.Example.CN", "https://plan.example.cn"},
    {"the port of https", "https://plan.example.cn:443", "https://plan.example.cn"},
    {"the port of http", "http://plan.example.cn:80", "http://plan.example.cn"},
    {"the other's port", "http://plan.example.cn:443", "http://plan.example.cn:443"},
    {"IPv6", "http://[::1]:5173", "http://[::1]:5173"},
    {"IPv6 without a port", "http://[fd00::7]", "http://[fd00::7]"},
    {"anybody", "*", NULL},
    {"null", "null", NULL},
    {"nothing", "", NULL},
    {"a name alone", "plan.example.cn", NULL},
    {"a slash behind", "https://plan.example.cn/", NULL},
    {"a path behind", "https://plan.example.cn/app", NULL},
    {"a wildcard", "https://*.example.cn", NULL},
    {"a user", "https://a@plan.example.cn", NULL},
    {"another scheme", "file://plan", NULL},
    {"no host", "https://", NULL},
    {"no host but a port", "https://:443", NULL},
    {"no port", "https://plan.example.cn:", NULL},
    {"port 0", "https://plan.example.cn:0", NULL},
    {"port too large", "https://plan.example.cn:65536", NULL},
    {"port with a sign", "https://plan.example.cn:+80", NULL},
    {"two ports", "https://plan.example.cn:80:80", NULL},
    {"a line feed", "https://plan.example.cn\nX: y", NULL},
    {"bracket not closed", "http://[::1", NULL},
    {"text behind the bracket", "http://[::1]x", NULL},
};

static void test_origin(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(URLS); i++) {
        struct jc_arena *arena = jc_arena_new(1 << 16);
        struct jc_err err = {0};
        struct jc_str origin = {NULL, 0};
        enum jc_code code = jc_cors_origin(jc_str(URLS[i].url), arena, &origin, &err);
        CHECK_INT(URLS[i].name, code, URLS[i].origin ? JC_OK : JC_INVALID_ARGUMENT);
        if (!code)
            CHECK_STR(URLS[i].name, origin, URLS[i].origin);
        jc_arena_free(arena);
    }
}

static const struct jc_str ORIGINS[] = {JC_STR("https://plan.example.cn"), JC_STR("http://localhost:5173")};
static const struct jc_cors LIST = {ORIGINS, COUNT(ORIGINS)}, NOBODY = {NULL, 0};

/* Letter by letter: no suffix, no prefix, no other scheme, no other port. */
static void test_allows(void **state) {
    (void)state;
    static const struct {
        const char *origin;
        bool allowed;
    } CASES[] = {
        {"https://plan.example.cn", true},
        {"http://localhost:5173", true},
        {"http://plan.example.cn", false},
        {"https://plan.example.cn:8443", false},
        {"https://plan.example.cn.", false},
        {"https://plan.example.cn.evil.cn", false},
        {"https://xplan.example.cn", false},
        {"https://plan.example.c", false},
        {"http://localhost", false},
        {"null", false},
        {"*", false},
        {"", false},
        {"HTTPS://PLAN.EXAMPLE.CN", false},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        CHECK_INT(CASES[i].origin, jc_cors_allows(&LIST, jc_str(CASES[i].origin)), CASES[i].allowed);
        CHECK_INT(CASES[i].origin, jc_cors_allows(&NOBODY, jc_str(CASES[i].origin)), false);
    }
}

/* Neither kind of answer speaks of credentials, and none allows everybody. */
static void test_headers(void **state) {
    (void)state;
    for (int preflight = 0; preflight < 2; preflight++) {
        struct jc_cors_header headers[JC_CORS_HEADERS];
        jc_cors_headers(&LIST, JC_STR("http://localhost:5173"), preflight, headers);
        CHECK_STR("told to caches", jc_str(headers[0].name), "Vary");
        CHECK_STR("allowed", jc_str(headers[1].value), "http://localhost:5173");
        CHECK("more", headers[2].name != NULL);
        for (size_t i = 0; headers[i].name; i++) {
            CHECK(headers[i].name, !strstr(headers[i].name, "Credentials"));
            CHECK(headers[i].name, !strchr(headers[i].value, '*'));
        }
        jc_cors_headers(&LIST, JC_STR("http://localhost"), preflight, headers);
        CHECK_STR("told to caches all the same", jc_str(headers[0].name), "Vary");
        CHECK("another origin is not allowed", !headers[1].name);
        jc_cors_headers(&NOBODY, JC_STR("http://localhost:5173"), preflight, headers);
        CHECK("no origins, nothing to tell", !headers[0].name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origin),
        cmocka_unit_test(test_allows),
        cmocka_unit_test(test_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
