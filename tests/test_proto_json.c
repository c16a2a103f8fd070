/* ProtoJSON: random messages of every type of the contract come back as they were; what the specification
 * allows is read and what it does not is refused with the field's name. Cases that the protobuf
 * conformance suite has carry its names. With JC_PROTO_JSON_SAMPLES=FILE the random messages are written
 * there as well, for a reader that is not ours (tests/connect/src/proto_json.ts). */
#include "base/proto_json.h"

#include <stdio.h>

#include "base/base64.h"
#include "base/json.h"
#include "jc_contract.inc"
#include "jc_fail_each.h"
#include "jc_random_message.h"

enum { SPACE = 16 << 20, ROUNDS = 100, SAMPLES = 20 };

static const ProtobufCMessageDescriptor *const MESSAGES[] = JC_CONTRACT_MESSAGES;

static const struct jc_proto_json STRICT = {.ignore_unknown = false}, LENIENT = {.ignore_unknown = true};

static struct jc_str packed(const ProtobufCMessage *message, struct jc_arena *arena) {
    struct jc_str bytes = {NULL, 0};
    struct jc_err err = {0};
    CHECK_OK(message->descriptor->name, jc_message_pack(message, arena, &bytes, &err), &err);
    return bytes;
}

/* --- there and back ---------------------------------------------------------------------------------------- */

static void add_sample(FILE *samples, struct jc_arena *arena, const char *type, struct jc_str bytes,
                       struct jc_str json) {
    if (samples)
        fprintf(samples, "%s %.*s %.*s\n", type, JC_FMT(jc_base64(bytes, arena)), JC_FMT(json));
}

static void there_and_back(const ProtobufCMessageDescriptor *descriptor, uint64_t seed, FILE *samples) {
    struct jc_arena *arena = jc_arena_new(SPACE);
    struct dice dice = {.state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1, .arena = arena, .items = 3};
    struct jc_err err = {0};
    struct jc_buf json, again;
    ProtobufCMessage *back = NULL;
    char name[200];
    snprintf(name, sizeof name, "%s, seed %llu", descriptor->name, (unsigned long long)seed);
    const ProtobufCMessage *message = roll_message(&dice, descriptor);
    jc_buf_init(&json, SPACE);
    jc_buf_init(&again, SPACE);
    CHECK_OK(name, jc_message_to_json(message, &json, &err), &err);
    CHECK_OK(name, jc_message_from_json(descriptor, jc_buf_str(&json), STRICT, arena, &back, &err), &err);
    struct jc_str before = packed(message, arena);
    CHECK(name, jc_str_eq(before, packed(back, arena)));
    CHECK_OK(name, jc_message_to_json(back, &again, &err), &err);
    CHECK(name, jc_str_eq(jc_buf_str(&json), jc_buf_str(&again)));
    add_sample(samples, arena, descriptor->name, before, jc_buf_str(&json));
    jc_buf_free(&json);
    jc_buf_free(&again);
    jc_arena_free(arena);
}

static void test_there_and_back(void **state) {
    (void)state;
    const char *path = getenv("JC_PROTO_JSON_SAMPLES");
    FILE *samples = path ? fopen(path, "w") : NULL;
    assert_true(!path || samples);
    for (size_t i = 0; i < COUNT(MESSAGES); i++)
        for (uint64_t seed = 1; seed <= ROUNDS; seed++)
            there_and_back(MESSAGES[i], seed * 1000 + i, seed <= SAMPLES ? samples : NULL);
    if (samples)
        assert_int_equal(fclose(samples), 0);
}

/* --- what is read ---------------------------------------------------------------------------------------------- */

#define UNIT &jc__unit__descriptor
#define REPAIR &jc__repair__descriptor
#define OPERATION &jc__operation__descriptor
#define BODY &jc__operation_body__descriptor
#define PROBLEM &jc__problem__descriptor
#define SIGNATURE &jc__unit_signature__descriptor
#define PERSON &jc__person__descriptor

static const struct {
    const char *name;
    const ProtobufCMessageDescriptor *descriptor;
    const char *json, *written; /* written: NULL is the same text */
} GOOD[] = {
    {"nothing set", UNIT, "{}", NULL},
    {"blanks around", UNIT, " \n{ } ", "{}"},
    {"FieldNameInLowerCamelCase", UNIT, "{\"unitId\":\"u1\"}", NULL},
    {"OriginalProtoFieldName", UNIT, "{\"unit_id\":\"u1\"}", "{\"unitId\":\"u1\"}"},
    {"FieldNameEscaped", UNIT, "{\"unit\\u0049d\":\"u1\"}", "{\"unitId\":\"u1\"}"},
    {"default values are left out", UNIT, "{\"unitId\":\"\",\"risk\":0,\"aliases\":[]}", "{}"},
    {"null is the field left out", UNIT, "{\"unitId\":null,\"risk\":null,\"aliases\":null,\"joints\":null}", "{}"},
    {"StringField", UNIT, "{\"name\":\"Hello world!\"}", NULL},
    {"StringFieldEscape", UNIT, "{\"name\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"}",
     "{\"name\":\"\\\"\\\\/\\b\\f\\n\\r\\tA\"}"},
    {"StringFieldUnicodeEscapeWithLowercaseHexLetters", UNIT, "{\"name\":\"\\u8c37\\u6b4c\"}", "{\"name\":\"谷歌\"}"},
    {"StringFieldSurrogatePair", UNIT, "{\"name\":\"\\uD83D\\uDE01\"}", "{\"name\":\"\xf0\x9f\x98\x81\"}"},
    {"RepeatedField", UNIT, "{\"aliases\":[\"a\",\"\",\"c\"]}", NULL},
    {"messages in a list", UNIT, "{\"joints\":[{},{}]}", NULL},
    {"Int32FieldMaxValue", UNIT, "{\"risk\":2147483647}", NULL},
    {"Int32FieldMinValue", UNIT, "{\"risk\":-2147483648}", NULL},
    {"Int32FieldMaxFloatValue", UNIT, "{\"risk\":2.147483647e9}", "{\"risk\":2147483647}"},
    {"Int32FieldMinFloatValue", UNIT, "{\"risk\":-2.147483648e9}", "{\"risk\":-2147483648}"},
    {"Int32FieldFloatTrailingZero", UNIT, "{\"risk\":100000.000}", "{\"risk\":100000}"},
    {"Int32FieldExponentialFormat", UNIT, "{\"risk\":1e5}", "{\"risk\":100000}"},
    {"Int32FieldStringValue", UNIT, "{\"risk\":\"2147483647\"}", "{\"risk\":2147483647}"},
    {"Int32FieldStringValueEscaped", UNIT, "{\"risk\":\"2\\u003147483647\"}", "{\"risk\":2147483647}"},
    {"Int32FieldQuotedExponentialValue", UNIT, "{\"risk\":\"1e5\"}", "{\"risk\":100000}"},
    {"minus zero", UNIT, "{\"risk\":-0}", "{}"},
    {"a negative exponent that divides", UNIT, "{\"risk\":1200e-2}", "{\"risk\":12}"},
    {"zero with an exponent", UNIT, "{\"risk\":0e999999999999}", "{}"},
    {"zeros behind the point", UNIT, "{\"risk\":0.0000000000000000000000005e25}", "{\"risk\":5}"},
    {"Uint32FieldMaxFloatValue", UNIT, "{\"blackoutMonths\":4.294967295e9}", "{\"blackoutMonths\":4294967295}"},
    {"Int64FieldMaxValue", REPAIR, "{\"amountCenti\":\"9223372036854775807\"}", NULL},
    {"Int64FieldMinValue", REPAIR, "{\"amountCenti\":\"-9223372036854775808\"}", NULL},
    {"Int64FieldBeString", REPAIR, "{\"amountCenti\":9007199254740993}", "{\"amountCenti\":\"9007199254740993\"}"},
    {"Uint64FieldMaxValue", PROBLEM, "{\"seed\":\"18446744073709551615\"}", NULL},
    {"Uint64FieldMaxValueNotQuoted", PROBLEM, "{\"seed\":18446744073709551615}", "{\"seed\":\"18446744073709551615\"}"},
    {"BoolField", PERSON, "{\"mustChangePassword\":true}", NULL},
    {"BoolField false", PERSON, "{\"mustChangePassword\":false}", "{}"},
    {"EnumField", REPAIR, "{\"kind\":\"REPAIR_KIND_WORKDAYS\"}", NULL},
    {"EnumFieldNumericValueNonZero", REPAIR, "{\"kind\":1}", "{\"kind\":\"REPAIR_KIND_WORKDAYS\"}"},
    {"EnumFieldUnknownValue", REPAIR, "{\"kind\":12345}", NULL},
    {"BytesField", OPERATION, "{\"id\":\"AQI=\"}", NULL},
    {"BytesFieldBase64Url", OPERATION, "{\"id\":\"-_8\"}", "{\"id\":\"+/8=\"}"},
    {"BytesFieldNoPadding", OPERATION, "{\"id\":\"AQI\"}", "{\"id\":\"AQI=\"}"},
    {"BytesField with an escaped slash", OPERATION, "{\"id\":\"\\/\\/8=\"}", "{\"id\":\"//8=\"}"},
    {"TimestampMinValue", BODY, "{\"deviceTime\":\"0001-01-01T00:00:00Z\"}", NULL},
    {"TimestampMaxValue", BODY, "{\"deviceTime\":\"9999-12-31T23:59:59.999999999Z\"}", NULL},
    {"TimestampRepeatedValue", BODY, "{\"deviceTime\":\"1970-01-01T00:00:00Z\"}", NULL},
    {"TimestampLeap", BODY, "{\"deviceTime\":\"1993-02-10T00:00:00.000Z\"}",
     "{\"deviceTime\":\"1993-02-10T00:00:00Z\"}"},
    {"TimestampWithPositiveOffset", BODY, "{\"deviceTime\":\"1970-01-01T08:00:01+08:00\"}",
     "{\"deviceTime\":\"1970-01-01T00:00:01Z\"}"},
    {"TimestampWithNegativeOffset", BODY, "{\"deviceTime\":\"1969-12-31T16:00:01-08:00\"}",
     "{\"deviceTime\":\"1970-01-01T00:00:01Z\"}"},
    {"TimestampHas3FractionalDigits", BODY, "{\"deviceTime\":\"1970-01-01T00:00:00.010Z\"}", NULL},
    {"TimestampHas6FractionalDigits", BODY, "{\"deviceTime\":\"1970-01-01T00:00:00.000010Z\"}", NULL},
    {"TimestampHas9FractionalDigits", BODY, "{\"deviceTime\":\"1970-01-01T00:00:00.000000010Z\"}", NULL},
    {"one digit of a fraction", BODY, "{\"deviceTime\":\"1960-01-01T00:00:00.5Z\"}",
     "{\"deviceTime\":\"1960-01-01T00:00:00.500Z\"}"},
    {"OneofField", SIGNATURE, "{\"refused\":{}}", NULL},
    {"OneofFieldNullFirst", SIGNATURE, "{\"signed\":null,\"refused\":{}}", "{\"refused\":{}}"},
    {"OneofFieldNullSecond", SIGNATURE, "{\"refused\":{},\"signed\":null}", "{\"refused\":{}}"},
};

static void test_good(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(GOOD); i++) {
        struct jc_arena *arena = jc_arena_new(1 << 20);
        struct jc_err err = {0};
        struct jc_buf json;
        ProtobufCMessage *message = NULL;
        jc_buf_init(&json, 1000);
        CHECK_OK(GOOD[i].name,
                 jc_message_from_json(GOOD[i].descriptor, jc_str(GOOD[i].json), STRICT, arena, &message, &err), &err);
        CHECK_OK(GOOD[i].name, jc_message_to_json(message, &json, &err), &err);
        CHECK_STR(GOOD[i].name, jc_buf_str(&json), GOOD[i].written ? GOOD[i].written : GOOD[i].json);
        jc_buf_free(&json);
        jc_arena_free(arena);
    }
}

static const struct {
    const char *name;
    const ProtobufCMessageDescriptor *descriptor;
    struct jc_str json;
    const char *words; /* part of the English sentence */
} BAD[] = {
    {"nothing", UNIT, JC_STR(""), "not valid JSON (byte 1)"},
    {"no object", UNIT, JC_STR("[]"), "expected {}"},
    {"null", UNIT, JC_STR("null"), "expected {}"},
    {"cut off", UNIT, JC_STR("{\"unitId\":\"u1\""), "not valid JSON (byte 15)"},
    {"TrailingCommaInAnObject", UNIT, JC_STR("{\"unitId\":\"u1\",}"), "not valid JSON"},
    {"text behind", UNIT, JC_STR("{}{}"), "not valid JSON (byte 3)"},
    {"FieldNameNotQuoted", UNIT, JC_STR("{unitId: \"u1\"}"), "not valid JSON"},
    {"FieldNameDuplicate", UNIT, JC_STR("{\"unitId\":\"a\",\"unitId\":\"b\"}"), "\"unit_id\" occurs twice"},
    {"FieldNameDuplicateDifferentCasing", UNIT, JC_STR("{\"unitId\":\"a\",\"unit_id\":\"b\"}"), "occurs twice"},
    {"twice, once null", UNIT, JC_STR("{\"unitId\":null,\"unitId\":\"b\"}"), "occurs twice"},
    {"unknown field", UNIT, JC_STR("{\"unitID\":\"a\"}"), "no field"},
    {"Int32FieldTooLarge", UNIT, JC_STR("{\"risk\":2147483648}"), "\"risk\" is not valid; expected int32"},
    {"Int32FieldTooSmall", UNIT, JC_STR("{\"risk\":-2147483649}"), "expected int32"},
    {"Int32FieldNotInteger", UNIT, JC_STR("{\"risk\":0.5}"), "expected int32"},
    {"Int32FieldNotNumber", UNIT, JC_STR("{\"risk\":true}"), "expected int32"},
    {"Int32FieldStringValuePartiallyNumeric", UNIT, JC_STR("{\"risk\":\"12abc\"}"), "expected int32"},
    {"Int32FieldEmptyString", UNIT, JC_STR("{\"risk\":\"\"}"), "expected int32"},
    {"Int32FieldLeadingSpace", UNIT, JC_STR("{\"risk\":\" 1\"}"), "expected int32"},
    {"Int32FieldTrailingSpace", UNIT, JC_STR("{\"risk\":\"1 \"}"), "expected int32"},
    {"Int32FieldLeadingZero", UNIT, JC_STR("{\"risk\":01}"), "not valid JSON"},
    {"Int32FieldPlusSign", UNIT, JC_STR("{\"risk\":+1}"), "not valid JSON"},
    {"quoted plus", UNIT, JC_STR("{\"risk\":\"+1\"}"), "expected int32"},
    {"NaN", UNIT, JC_STR("{\"risk\":\"NaN\"}"), "expected int32"},
    {"an exponent beyond all bounds", UNIT, JC_STR("{\"risk\":1e99999999999999999999}"), "expected int32"},
    {"an exponent below all bounds", UNIT, JC_STR("{\"risk\":1e-99999999999999999999}"), "expected int32"},
    {"Uint32FieldNegative", UNIT, JC_STR("{\"blackoutMonths\":-1}"), "expected uint32"},
    {"Uint32FieldTooLarge", UNIT, JC_STR("{\"blackoutMonths\":4294967296}"), "expected uint32"},
    {"Int64FieldTooLarge", REPAIR, JC_STR("{\"amountCenti\":\"9223372036854775808\"}"), "expected int64"},
    {"Int64FieldTooSmall", REPAIR, JC_STR("{\"amountCenti\":\"-9223372036854775809\"}"), "expected int64"},
    {"Uint64FieldTooLarge", PROBLEM, JC_STR("{\"seed\":\"18446744073709551616\"}"), "expected uint64"},
    {"BoolFieldIntegerZero", PERSON, JC_STR("{\"mustChangePassword\":0}"), "expected true | false"},
    {"BoolFieldAllCapitalTrue", PERSON, JC_STR("{\"mustChangePassword\":TRUE}"), "not valid JSON"},
    {"BoolFieldDoubleQuotedTrue", PERSON, JC_STR("{\"mustChangePassword\":\"true\"}"), "expected true | false"},
    {"StringFieldNotAString", UNIT, JC_STR("{\"name\":12345}"), "\"name\" is not valid; expected string"},
    {"StringFieldSurrogateInWrongOrder", UNIT, JC_STR("{\"name\":\"\\uDE01\\uD83D\"}"), "\"name\" is not valid UTF-8"},
    {"StringFieldUnpairedHighSurrogate", UNIT, JC_STR("{\"name\":\"\\uD83D\"}"), "\"name\" is not valid UTF-8"},
    {"StringFieldUnpairedLowSurrogate", UNIT, JC_STR("{\"name\":\"\\uDE01\"}"), "\"name\" is not valid UTF-8"},
    {"StringFieldInvalidEscape", UNIT, JC_STR("{\"name\":\"\\uXXXX\"}"), "not valid JSON"},
    {"StringFieldUnterminatedEscape", UNIT, JC_STR("{\"name\":\"\\u12\"}"), "not valid JSON"},
    {"StringFieldUppercaseEscapeLetter", UNIT, JC_STR("{\"name\":\"\\U8C37\"}"), "not valid JSON"},
    {"no UTF-8 in text", UNIT, JC_STR("{\"name\":\"\xff\"}"), "\"name\" is not valid UTF-8"},
    {"no UTF-8 in text within", BODY, JC_STR("{\"returnTask\":{\"reason\":\"a\xc3(\"}}"), "\"return_task.reason\""},
    {"NUL in text", UNIT, JC_STR("{\"name\":\"a\\u0000b\"}"), "\"name\" is not valid UTF-8 text or holds a NUL"},
    {"NUL in text within a list", UNIT, JC_STR("{\"aliases\":[\"a\",\"\\u0000\"]}"), "\"aliases\""},
    {"EnumFieldNotQuoted", REPAIR, JC_STR("{\"kind\":REPAIR_KIND_WORKDAYS}"), "not valid JSON"},
    {"EnumFieldUnknownName", REPAIR, JC_STR("{\"kind\":\"WINE\"}"),
     "\"kind\" is not valid; expected jiancha.v1.RepairKind"},
    {"EnumField with a NUL", REPAIR, JC_STR("{\"kind\":\"REPAIR_KIND_WORKDAYS\\u0000\"}"),
     "expected jiancha.v1.RepairKind"},
    {"EnumField no integer", REPAIR, JC_STR("{\"kind\":1.5}"), "expected jiancha.v1.RepairKind"},
    {"BytesFieldInvalidBase64Characters", OPERATION, JC_STR("{\"id\":\"!!!!\"}"),
     "\"id\" is not valid; expected base64"},
    {"BytesField bits left over", OPERATION, JC_STR("{\"id\":\"AQJ\"}"), "expected base64"},
    {"BytesField no string", OPERATION, JC_STR("{\"id\":[1,2]}"), "expected base64"},
    {"RepeatedFieldWrongElementType", UNIT, JC_STR("{\"aliases\":[\"a\",1]}"),
     "\"aliases\" is not valid; expected string"},
    {"RepeatedFieldPrimitiveElementIsNull", UNIT, JC_STR("{\"aliases\":[\"a\",null]}"), "expected string"},
    {"RepeatedFieldMessageElementIsNull", UNIT, JC_STR("{\"joints\":[{},null]}"), "expected {}"},
    {"RepeatedFieldTrailingComma", UNIT, JC_STR("{\"aliases\":[\"a\",]}"), "not valid JSON"},
    {"RepeatedField no list", UNIT, JC_STR("{\"aliases\":\"a\"}"), "\"aliases\" is not valid; expected []"},
    {"list cut in an item", UNIT, JC_STR("{\"joints\":[{},{\"persons\":"), "not valid JSON"},
    {"list for a single value", UNIT, JC_STR("{\"unitId\":[\"a\"]}"), "expected string"},
    {"message no object", BODY, JC_STR("{\"returnTask\":1}"), "\"return_task\" is not valid; expected {}"},
    {"OneofFieldDuplicate", SIGNATURE, JC_STR("{\"signed\":{},\"refused\":{}}"), "\"refused\" and another one exclude"},
    {"TimestampJsonInputTooSmall", BODY, JC_STR("{\"deviceTime\":\"0000-01-01T00:00:00Z\"}"), "\"device_time\""},
    {"TimestampJsonInputTooLarge", BODY, JC_STR("{\"deviceTime\":\"10000-01-01T00:00:00Z\"}"), "\"device_time\""},
    {"beyond the last by its offset", BODY, JC_STR("{\"deviceTime\":\"9999-12-31T23:59:59-00:01\"}"),
     "\"device_time\""},
    {"before the first by its offset", BODY, JC_STR("{\"deviceTime\":\"0001-01-01T00:00:00+00:01\"}"),
     "\"device_time\""},
    {"TimestampJsonInputMissingZ", BODY, JC_STR("{\"deviceTime\":\"0001-01-01T00:00:00\"}"), "\"device_time\""},
    {"TimestampJsonInputMissingT", BODY, JC_STR("{\"deviceTime\":\"0001-01-01 00:00:00Z\"}"), "\"device_time\""},
    {"TimestampJsonInputLowercaseZ", BODY, JC_STR("{\"deviceTime\":\"0001-01-01T00:00:00z\"}"), "\"device_time\""},
    {"TimestampJsonInputLowercaseT", BODY, JC_STR("{\"deviceTime\":\"0001-01-01t00:00:00Z\"}"), "\"device_time\""},
    {"TimestampJsonInput no such day", BODY, JC_STR("{\"deviceTime\":\"2023-02-29T00:00:00Z\"}"), "\"device_time\""},
    {"TimestampJsonInput leap second", BODY, JC_STR("{\"deviceTime\":\"2016-12-31T23:59:60Z\"}"), "\"device_time\""},
    {"TimestampJsonInput ten digits", BODY, JC_STR("{\"deviceTime\":\"2023-01-01T00:00:00.1234567890Z\"}"),
     "\"device_time\""},
    {"TimestampJsonInput point alone", BODY, JC_STR("{\"deviceTime\":\"2023-01-01T00:00:00.Z\"}"), "\"device_time\""},
    {"TimestampJsonInput two fractions", BODY, JC_STR("{\"deviceTime\":\"2023-01-01T00:00:00.1.2Z\"}"),
     "\"device_time\""},
    {"TimestampJsonInput text behind", BODY, JC_STR("{\"deviceTime\":\"2023-01-01T00:00:00Z!\"}"), "\"device_time\""},
    {"TimestampJsonInput a number", BODY, JC_STR("{\"deviceTime\":0}"), "expected 2023-01-31T09:00:00Z"},
};

static void test_bad(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(BAD); i++) {
        struct jc_arena *arena = jc_arena_new(1 << 20);
        struct jc_err err = {0};
        struct jc_buf words;
        ProtobufCMessage *message = NULL;
        char *copy = malloc(BAD[i].json.len + 1), text[512];
        assert_non_null(copy);
        memcpy(copy, BAD[i].json.ptr, BAD[i].json.len);
        enum jc_code code = jc_message_from_json(BAD[i].descriptor, (struct jc_str){copy, BAD[i].json.len}, STRICT,
                                                 arena, &message, &err);
        CHECK_INT(BAD[i].name, code, JC_INVALID_ARGUMENT);
        jc_buf_init(&words, 1000);
        jc_err_render(&words, JC_EN, &err);
        snprintf(text, sizeof text, "%.*s", JC_FMT(jc_buf_str(&words)));
        if (!strstr(text, BAD[i].words))
            fail_msg("%s: \"%s\" does not say \"%s\"", BAD[i].name, text, BAD[i].words);
        jc_buf_free(&words);
        free(copy);
        jc_arena_free(arena);
    }
}

/* What a newer client may send: left out, and the rest is read. */
static void test_unknown(void **state) {
    (void)state;
    static const struct {
        const char *name, *json, *written; /* written NULL: refused even so */
    } CASES[] = {
        {"text", "{\"colour\":\"red\",\"teamId\":\"t1\"}", "{\"teamId\":\"t1\"}"},
        {"object", "{\"colour\":{\"a\":[1,{\"b\":null}]},\"teamId\":\"t1\"}", "{\"teamId\":\"t1\"}"},
        {"twice", "{\"colour\":1,\"colour\":2}", "{}"},
        {"a long name with escapes",
         "{\"\\u0061aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1}",
         "{}"},
        {"name of an enum", "{\"kind\":\"WINE\",\"teamId\":\"t1\"}", "{\"teamId\":\"t1\"}"},
        {"no JSON within", "{\"colour\":[1,}", NULL},
        {"no text within", "{\"colour\":\"\xff\"}", NULL},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_arena *arena = jc_arena_new(1 << 20);
        struct jc_err err = {0};
        struct jc_buf json;
        ProtobufCMessage *message = NULL;
        jc_buf_init(&json, 1000);
        enum jc_code code = jc_message_from_json(REPAIR, jc_str(CASES[i].json), LENIENT, arena, &message, &err);
        CHECK_INT(CASES[i].name, code, CASES[i].written ? JC_OK : JC_INVALID_ARGUMENT);
        if (!code) {
            CHECK_OK(CASES[i].name, jc_message_to_json(message, &json, &err), &err);
            CHECK_STR(CASES[i].name, jc_buf_str(&json), CASES[i].written);
        }
        jc_buf_free(&json);
        jc_arena_free(arena);
    }
}

/* The names of an enum that are not known are left out of a list as well, and the others keep their order. */
static void test_unknown_in_list(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_err err = {0};
    ProtobufCMessage *message = NULL;
    struct jc_str json = JC_STR("{\"roles\":[\"ROLE_ADMIN\",\"ROLE_COOK\",\"ROLE_PLANNER\"]}");
    CHECK_OK("lenient", jc_message_from_json(PERSON, json, LENIENT, arena, &message, &err), &err);
    const Jc__Person *person = (const Jc__Person *)message;
    assert_int_equal(person->n_roles, 2);
    assert_int_equal(person->roles[0], JC__ROLE__ROLE_ADMIN);
    assert_int_equal(person->roles[1], JC__ROLE__ROLE_PLANNER);
    jc_arena_free(arena);
}

/* --- limits ---------------------------------------------------------------------------------------------------- */

/* "{"aliases":["","",…]}" */
static void add_list(struct jc_buf *json, size_t items) {
    jc_buf_add(json, JC_STR("{\"aliases\":["));
    for (size_t i = 0; i < items; i++)
        jc_buf_add(json, i ? JC_STR(",\"\"") : JC_STR("\"\""));
    jc_buf_add(json, JC_STR("]}"));
}

static void test_many_values(void **state) {
    (void)state;
    for (size_t items = JC_MESSAGE_VALUES - 1; items <= JC_MESSAGE_VALUES + 1; items++) {
        struct jc_arena *arena = jc_arena_new(SPACE);
        struct jc_err err = {0};
        struct jc_buf json;
        ProtobufCMessage *message = NULL;
        jc_buf_init(&json, SPACE);
        add_list(&json, items);
        enum jc_code code = jc_message_from_json(UNIT, jc_buf_str(&json), STRICT, arena, &message, &err);
        CHECK_INT("many values", code, items <= JC_MESSAGE_VALUES ? JC_OK : JC_INVALID_ARGUMENT);
        if (code) {
            CHECK_INT("many values", err.what, JC_MSG_MESSAGE_VALUES_MANY);
            CHECK("no memory for the list", jc_arena_used(arena) < 1024);
        }
        jc_buf_free(&json);
        jc_arena_free(arena);
    }
}

static void test_deep(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(SPACE);
    struct jc_err err = {0};
    struct jc_buf json;
    ProtobufCMessage *message = NULL;
    jc_buf_init(&json, 1 << 20);
    jc_buf_add(&json, JC_STR("{\"x\":"));
    for (int i = 0; i < 100000; i++)
        jc_buf_char(&json, '[');
    assert_int_equal(jc_message_from_json(UNIT, jc_buf_str(&json), LENIENT, arena, &message, &err),
                     JC_INVALID_ARGUMENT);
    assert_int_equal(err.what, JC_MSG_JSON_DEEP);
    jc_buf_free(&json);
    jc_arena_free(arena);
}

/* A full arena is no crash: the answer is that the message is too large. */
static void test_small_arena(void **state) {
    (void)state;
    struct jc_str json = JC_STR("{\"unitId\":\"u1\",\"aliases\":[\"a\",\"b\"],\"joints\":[{\"teamIds\":[\"t1\"]}]}");
    bool fitted = false;
    for (size_t limit = 1; !fitted; limit *= 2) {
        struct jc_arena *arena = jc_arena_new(limit);
        struct jc_err err = {0};
        ProtobufCMessage *message = NULL;
        enum jc_code code = jc_message_from_json(UNIT, json, LENIENT, arena, &message, &err);
        fitted = code == JC_OK;
        CHECK("limit", fitted || code == JC_RESOURCE_EXHAUSTED);
        jc_arena_free(arena);
    }
}

static enum jc_code write_once(void *ctx, struct jc_err *err) {
    struct jc_buf json;
    jc_buf_init(&json, SPACE);
    enum jc_code code = jc_message_to_json(ctx, &json, err);
    jc_buf_free(&json);
    return code;
}

static void test_no_memory(void **state) {
    (void)state;
    Jc__Unit unit = JC__UNIT__INIT;
    unit.name = (char *)"化工厂";
    assert_true(jc_fail_each(write_once, &unit) > 0);
}

/* A time that came in binary and is none in RFC 3339: refused with the field's name, never written. */
static void test_time_without_json(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int64_t seconds;
        int32_t nanos;
    } TIMES[] = {
        {"TimestampProtoInputTooSmall", JC_PROTO_FIRST_SECOND - 1, 0},
        {"TimestampProtoInputTooLarge", JC_PROTO_LAST_SECOND + 1, 0},
        {"TimestampProtoNegativeNanos", 0, -1},
        {"TimestampProtoNanoTooLarge", 0, 1000000000},
        {"the first of all", INT64_MIN, 0},
        {"the last of all", INT64_MAX, 0},
    };
    for (size_t i = 0; i < COUNT(TIMES); i++) {
        Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
        Jc__OperationBody body = JC__OPERATION_BODY__INIT;
        struct jc_err err = {0};
        struct jc_buf json;
        time.seconds = TIMES[i].seconds;
        time.nanos = TIMES[i].nanos;
        body.device_time = &time;
        jc_buf_init(&json, 1000);
        CHECK_INT(TIMES[i].name, jc_message_to_json(&body.base, &json, &err), JC_FAILED_PRECONDITION);
        CHECK_STR(TIMES[i].name, err.arg[0], "device_time");
        jc_buf_free(&json);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_unknown_in_list),
        cmocka_unit_test(test_many_values),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_small_arena),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_time_without_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
