/* JSON text: what RFC 8259 allows is read, what it does not is refused, and what is written is read as it
 * was meant. The cases are named after those of the JSON parsing test suite where it has them. */
#include "base/json.h"

#include "jc_test.h"

/* One letter for each token; X is JC_JSON_BAD. */
static const char LETTERS[] = "X.{}[]ns0tfz";

static void tokens_of(struct jc_str text, char out[64], enum jc_json_fault *fault) {
    struct jc_json json;
    size_t len = 0;
    jc_json_init(&json, text);
    do
        out[len++] = LETTERS[jc_json_next(&json)];
    while (json.token != JC_JSON_BAD && json.token != JC_JSON_END && len < 63);
    out[len] = '\0';
    *fault = json.fault;
    CHECK_INT("no byte behind the text", json.at <= text.len, true);
}

static const struct {
    const char *name;
    struct jc_str text;
    const char *tokens;
    enum jc_json_fault fault;
} CASES[] = {
    {"empty object", JC_STR("{}"), "{}.", JC_JSON_SOUND},
    {"empty array", JC_STR("[]"), "[].", JC_JSON_SOUND},
    {"members", JC_STR("{\"a\":1,\"b\":[true,false,null,\"x\"]}"), "{n0n[tfzs]}.", JC_JSON_SOUND},
    {"blanks", JC_STR(" \t\r\n{ \"a\" : [ 1 , 2 ] } \n"), "{n[00]}.", JC_JSON_SOUND},
    {"a number alone", JC_STR("-0"), "0.", JC_JSON_SOUND},
    {"a string alone", JC_STR("\"\""), "s.", JC_JSON_SOUND},
    {"numbers", JC_STR("[0,-1,1.5,1e3,1E+3,1.25e-7]"), "[000000].", JC_JSON_SOUND},
    {"escapes", JC_STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\""), "s.", JC_JSON_SOUND},
    {"pair of surrogates", JC_STR("\"\\ud83d\\ude00\""), "s.", JC_JSON_SOUND},
    {"escaped NUL", JC_STR("\"\\u0000\""), "s.", JC_JSON_SOUND},
    {"DEL", JC_STR("\"\x7f\""), "s.", JC_JSON_SOUND},
    {"Chinese", JC_STR("{\"单位\":\"化工厂\"}"), "{ns}.", JC_JSON_SOUND},
    {"nothing", JC_STR(""), "X", JC_JSON_SYNTAX},
    {"blanks alone", JC_STR("  "), "X", JC_JSON_SYNTAX},
    {"two values", JC_STR("1 2"), "0X", JC_JSON_SYNTAX},
    {"text behind", JC_STR("{}x"), "{}X", JC_JSON_SYNTAX},
    {"NUL behind", JC_STR("{}\0"), "{}X", JC_JSON_SYNTAX},
    {"byte order mark", JC_STR("\xef\xbb\xbf{}"), "X", JC_JSON_SYNTAX},
    {"comment", JC_STR("{}//"), "{}X", JC_JSON_SYNTAX},
    {"comma at the end of an array", JC_STR("[1,]"), "[0X", JC_JSON_SYNTAX},
    {"comma at the end of an object", JC_STR("{\"a\":1,}"), "{n0X", JC_JSON_SYNTAX},
    {"comma first", JC_STR("[,1]"), "[X", JC_JSON_SYNTAX},
    {"two commas", JC_STR("[1,,2]"), "[0X", JC_JSON_SYNTAX},
    {"no comma", JC_STR("[1 2]"), "[0X", JC_JSON_SYNTAX},
    {"no colon", JC_STR("{\"a\" 1}"), "{X", JC_JSON_SYNTAX},
    {"two colons", JC_STR("{\"a\"::1}"), "{nX", JC_JSON_SYNTAX},
    {"name without value", JC_STR("{\"a\"}"), "{X", JC_JSON_SYNTAX},
    {"name without quotes", JC_STR("{a:1}"), "{X", JC_JSON_SYNTAX},
    {"single quotes", JC_STR("{'a':1}"), "{X", JC_JSON_SYNTAX},
    {"number as name", JC_STR("{1:1}"), "{X", JC_JSON_SYNTAX},
    {"not closed", JC_STR("[1"), "[0X", JC_JSON_SYNTAX},
    {"closed wrongly", JC_STR("[1}"), "[0X", JC_JSON_SYNTAX},
    {"closed too often", JC_STR("[]]"), "[]X", JC_JSON_SYNTAX},
    {"string not closed", JC_STR("\"abc"), "X", JC_JSON_SYNTAX},
    {"escape at the end", JC_STR("\"\\"), "X", JC_JSON_SYNTAX},
    {"escape of the quote at the end", JC_STR("\"\\\""), "X", JC_JSON_SYNTAX},
    {"unknown escape", JC_STR("\"\\x41\""), "X", JC_JSON_SYNTAX},
    {"escape of a NUL byte", JC_STR("\"\\\0\""), "X", JC_JSON_SYNTAX},
    {"three hex digits", JC_STR("\"\\u004\""), "X", JC_JSON_SYNTAX},
    {"capital U", JC_STR("\"\\U0041\""), "X", JC_JSON_SYNTAX},
    {"line feed in a string", JC_STR("\"a\nb\""), "X", JC_JSON_SYNTAX},
    {"NUL in a string", JC_STR("\"a\0b\""), "X", JC_JSON_SYNTAX},
    {"zero first", JC_STR("[01]"), "[0X", JC_JSON_SYNTAX},
    {"plus", JC_STR("+1"), "X", JC_JSON_SYNTAX},
    {"minus alone", JC_STR("-"), "X", JC_JSON_SYNTAX},
    {"point first", JC_STR(".5"), "X", JC_JSON_SYNTAX},
    {"point last", JC_STR("5."), "X", JC_JSON_SYNTAX},
    {"exponent without digits", JC_STR("1e"), "X", JC_JSON_SYNTAX},
    {"exponent with sign alone", JC_STR("1e+"), "X", JC_JSON_SYNTAX},
    {"hex number", JC_STR("0x10"), "0X", JC_JSON_SYNTAX},
    {"NaN", JC_STR("NaN"), "X", JC_JSON_SYNTAX},
    {"Infinity", JC_STR("-Infinity"), "X", JC_JSON_SYNTAX},
    {"capital True", JC_STR("True"), "X", JC_JSON_SYNTAX},
    {"cut true", JC_STR("tru"), "X", JC_JSON_SYNTAX},
    {"more than true", JC_STR("truex"), "tX", JC_JSON_SYNTAX},
    {"form feed as blank", JC_STR("[\f]"), "[X", JC_JSON_SYNTAX},
    {"high surrogate alone", JC_STR("\"\\ud83d\""), "X", JC_JSON_NO_TEXT},
    {"high surrogate and a letter", JC_STR("\"\\ud83dabcdef\""), "X", JC_JSON_NO_TEXT},
    {"high surrogate twice", JC_STR("\"\\ud83d\\ud83d\""), "X", JC_JSON_NO_TEXT},
    {"low surrogate alone", JC_STR("\"\\ude00\""), "X", JC_JSON_NO_TEXT},
    {"surrogates the wrong way", JC_STR("\"\\ude00\\ud83d\""), "X", JC_JSON_NO_TEXT},
    {"surrogate as UTF-8", JC_STR("\"\xed\xa0\x80\""), "X", JC_JSON_NO_TEXT},
    {"no UTF-8", JC_STR("\"\xff\""), "X", JC_JSON_NO_TEXT},
    {"no UTF-8 in a name", JC_STR("{\"\xc3(\":1}"), "{X", JC_JSON_NO_TEXT},
    {"overlong", JC_STR("\"\xc0\xaf\""), "X", JC_JSON_NO_TEXT},
    {"no UTF-8 outside of strings", JC_STR("[\xe5]"), "[X", JC_JSON_SYNTAX},
};

static void test_tokens(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char tokens[64];
        enum jc_json_fault fault;
        char *copy = malloc(CASES[i].text.len + !CASES[i].text.len); /* AddressSanitizer sees an overrun */
        assert_non_null(copy);
        memcpy(copy, CASES[i].text.ptr, CASES[i].text.len);
        tokens_of((struct jc_str){copy, CASES[i].text.len}, tokens, &fault);
        CHECK_STR(CASES[i].name, jc_str(tokens), CASES[i].tokens);
        CHECK_INT(CASES[i].name, fault, CASES[i].fault);
        free(copy);
    }
}

/* No prefix of a value but the whole one is a value, and none is read past its end. */
static void test_every_prefix(void **state) {
    (void)state;
    static const char WHOLE[] = "{\"a\\u4e2d\":[{\"b\":-1.5e+3},true,null,\"\\ud83d\\ude00淮\"],\"c\":false}";
    for (size_t len = 0; len < sizeof WHOLE; len++) {
        char tokens[64];
        enum jc_json_fault fault;
        char *copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, WHOLE, len);
        tokens_of((struct jc_str){copy, len}, tokens, &fault);
        CHECK_INT("prefix", fault == JC_JSON_SOUND, len == sizeof WHOLE - 1);
        free(copy);
    }
}

static void test_depth(void **state) {
    (void)state;
    for (int depth = JC_JSON_DEPTH - 1; depth <= JC_JSON_DEPTH + 1; depth++) {
        char text[2 * JC_JSON_DEPTH + 2];
        struct jc_json json;
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        jc_json_init(&json, (struct jc_str){text, 2 * (size_t)depth});
        bool whole = jc_json_next(&json) && jc_json_skip(&json) && jc_json_next(&json) == JC_JSON_END;
        CHECK_INT("depth", whole, depth <= JC_JSON_DEPTH);
        CHECK_INT("depth", json.fault, depth <= JC_JSON_DEPTH ? JC_JSON_SOUND : JC_JSON_DEEP);
    }
}

/* A value is passed over whole, and what stands behind it comes next. */
static void test_skip(void **state) {
    (void)state;
    static const char *const VALUES[] = {
        "1", "\"a\"", "true", "null", "{}", "[]", "[[1,{\"x\":[]}],2]", "{\"x\":{\"y\":[1]}}"};
    for (size_t i = 0; i < COUNT(VALUES); i++) {
        char text[64];
        struct jc_json json;
        snprintf(text, sizeof text, "{\"a\":%s,\"b\":7}", VALUES[i]);
        jc_json_init(&json, jc_str(text));
        jc_json_next(&json);
        jc_json_next(&json);
        jc_json_next(&json);
        CHECK(VALUES[i], jc_json_skip(&json));
        CHECK_INT(VALUES[i], jc_json_next(&json), JC_JSON_NAME);
        CHECK_STR(VALUES[i], json.raw, "b");
    }
}

static const struct {
    const char *name;
    struct jc_str text;
    const char *json;
} WRITTEN[] = {
    {"empty", JC_STR(""), "\"\""},
    {"letters", JC_STR("abc"), "\"abc\""},
    {"Chinese", JC_STR("淮南市"), "\"淮南市\""},
    {"quote and backslash", JC_STR("a\"b\\c/"), "\"a\\\"b\\\\c/\""},
    {"control characters", JC_STR("\b\f\n\r\t\x01\x1f\x7f"), "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\""},
    {"NUL", JC_STR("a\0b"), "\"a\\u0000b\""},
    {"no UTF-8", JC_STR("a\xff\xc3 b"), "\"a?? b\""},
    {"cut character", JC_STR("中\xe4\xb8"), "\"中??\""},
};

static void test_put(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(WRITTEN); i++) {
        struct jc_buf buf;
        struct jc_json json;
        char back[64];
        jc_buf_init(&buf, 1000);
        jc_json_put(&buf, WRITTEN[i].text);
        CHECK_STR(WRITTEN[i].name, jc_buf_str(&buf), WRITTEN[i].json);
        jc_json_init(&json, jc_buf_str(&buf));
        CHECK_INT(WRITTEN[i].name, jc_json_next(&json), JC_JSON_STRING);
        size_t len = jc_json_unescape(&json, back);
        CHECK_INT(WRITTEN[i].name, len, WRITTEN[i].text.len);
        if (!strchr(WRITTEN[i].json, '?'))
            CHECK(WRITTEN[i].name, memcmp(back, WRITTEN[i].text.ptr, len) == 0);
        jc_buf_free(&buf);
    }
}

static void test_unescape(void **state) {
    (void)state;
    static const struct {
        const char *name, *json, *text;
    } TEXTS[] = {
        {"letters", "\"abc\"", "abc"},
        {"short escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"one byte", "\"\\u0041\"", "A"},
        {"two bytes", "\"\\u00e9\"", "\xc3\xa9"},
        {"three bytes, hex digits of both cases", "\"\\u4E2d\"", "中"},
        {"four bytes", "\"x\\ud83d\\ude00y\"", "x\xf0\x9f\x98\x80y"},
        {"first and last pair", "\"\\ud800\\udc00\\udbff\\udfff\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
    };
    for (size_t i = 0; i < COUNT(TEXTS); i++) {
        struct jc_json json;
        char *out = NULL;
        jc_json_init(&json, jc_str(TEXTS[i].json));
        CHECK_INT(TEXTS[i].name, jc_json_next(&json), JC_JSON_STRING);
        out = malloc(json.raw.len);
        assert_non_null(out);
        size_t len = jc_json_unescape(&json, out);
        CHECK_STR(TEXTS[i].name, ((struct jc_str){out, len}), TEXTS[i].text);
        free(out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens), cmocka_unit_test(test_every_prefix), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_skip),   cmocka_unit_test(test_put),          cmocka_unit_test(test_unescape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
