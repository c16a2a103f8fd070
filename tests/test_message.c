/* Protobuf from outside: what is cut, broken or no text is refused with the field's name, and what
 * passes is what was packed. */
#include "base/message.h"

#include "jc_test.h"
#include "jiancha/v1/sync_service.pb-c.h"

#define BYTES(literal) \
    { (literal), sizeof(literal) - 1 }

static const struct {
    const char *name;
    const ProtobufCMessageDescriptor *descriptor;
    struct jc_str bytes;
    enum jc_code code;
    const char *words; /* English */
} CASES[] = {
    {"empty", &jc__sync_request__descriptor, BYTES(""), JC_OK, ""},
    {"text", &jc__return_task__descriptor,
     BYTES("\x12\x03"
           "abc"),
     JC_OK, ""},
    {"unknown field of each wire type", &jc__return_task__descriptor,
     BYTES("\xa0\x06\x01\xa1\x06"
           "12345678\xa2\x06\x01x\xa5\x06"
           "1234"),
     JC_OK, ""},
    {"NUL in text", &jc__return_task__descriptor,
     BYTES("\x12\x03"
           "a\0c"),
     JC_INVALID_ARGUMENT, "the field \"reason\" is not valid UTF-8 text or holds a NUL"},
    {"no UTF-8", &jc__return_task__descriptor, BYTES("\x12\x02\xc3\x28"), JC_INVALID_ARGUMENT,
     "the field \"reason\" is not valid UTF-8 text or holds a NUL"},
    {"NUL in bytes is fine", &jc__return_task__descriptor, BYTES("\x0a\x01\x00"), JC_OK, ""},
    {"nested path", &jc__sync_request__descriptor, BYTES("\x12\x08\x2a\x06\x7a\x04\x12\x02\xff\xff"),
     JC_INVALID_ARGUMENT,
     "the field \"operations.plain.report_unit_change.field\" is not valid UTF-8 text or holds a NUL"},
    {"cut in a length", &jc__return_task__descriptor, BYTES("\x12\x80"), JC_INVALID_ARGUMENT,
     "the message is cut off or is not protobuf"},
    {"cut in text", &jc__return_task__descriptor,
     BYTES("\x12\x05"
           "abc"),
     JC_INVALID_ARGUMENT, "the message is cut off or is not protobuf"},
    {"cut in a nested message", &jc__sync_request__descriptor, BYTES("\x12\x04\x2a\x06\x7a\x04"), JC_INVALID_ARGUMENT,
     "the message is cut off or is not protobuf"},
    {"field number 0", &jc__return_task__descriptor, BYTES("\x02\x01x"), JC_INVALID_ARGUMENT,
     "the message is cut off or is not protobuf"},
    {"group", &jc__return_task__descriptor, BYTES("\x0b\x0c"), JC_INVALID_ARGUMENT,
     "the message is cut off or is not protobuf"},
    {"varint of 11 bytes", &jc__return_task__descriptor, BYTES("\xa0\x06\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
     JC_INVALID_ARGUMENT, "the message is cut off or is not protobuf"},
    {"length beyond 64 bits", &jc__return_task__descriptor, BYTES("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"),
     JC_INVALID_ARGUMENT, "the message is cut off or is not protobuf"},
    {"number where text belongs", &jc__return_task__descriptor, BYTES("\x10\x01"), JC_INVALID_ARGUMENT,
     "the message is cut off or is not protobuf"},
};

static void test_unpack(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_arena *arena = jc_arena_new(1 << 20);
        struct jc_err err = {0};
        ProtobufCMessage *message = NULL;
        struct jc_buf words;
        CHECK_INT(CASES[i].name, jc_message_unpack(CASES[i].descriptor, CASES[i].bytes, arena, &message, &err),
                  CASES[i].code);
        jc_buf_init(&words, 1000);
        if (CASES[i].code)
            jc_err_render(&words, JC_EN, &err);
        else
            CHECK(CASES[i].name, message && message->descriptor == CASES[i].descriptor);
        CHECK_STR(CASES[i].name, jc_buf_str(&words), CASES[i].words);
        jc_buf_free(&words);
        jc_arena_free(arena);
    }
}

/* Every prefix of a message either unpacks or is refused as broken, and reads no byte behind its end. */
static void test_every_prefix(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_err err = {0};
    Jc__ReportUnitChange change = JC__REPORT_UNIT_CHANGE__INIT;
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    Jc__Operation operation = JC__OPERATION__INIT, *operations[2] = {&operation, &operation};
    Jc__SyncRequest request = JC__SYNC_REQUEST__INIT;
    struct jc_str bytes;
    change.field = (char *)"地址";
    change.value = (char *)"淮南市";
    body.command_case = JC__OPERATION_BODY__COMMAND_REPORT_UNIT_CHANGE;
    body.report_unit_change = &change;
    body.monotonic_ms = -1;
    operation.plain = &body;
    request.operations = operations;
    request.n_operations = 2;
    CHECK_OK("pack", jc_message_pack(&request.base, arena, &bytes, &err), &err);
    int good = 0;
    for (size_t len = 0; len <= bytes.len; len++) {
        char *copy = malloc(len ? len : 1); /* exactly as long, so AddressSanitizer sees an overrun */
        ProtobufCMessage *message = NULL;
        assert_non_null(copy);
        memcpy(copy, bytes.ptr, len);
        enum jc_code code =
            jc_message_unpack(&jc__sync_request__descriptor, (struct jc_str){copy, len}, arena, &message, &err);
        CHECK("prefix", code == JC_OK || code == JC_INVALID_ARGUMENT);
        good += code == JC_OK;
        free(copy);
    }
    assert_int_equal(good, 3); /* none, one and two operations */
    jc_arena_free(arena);
}

/* Two bytes on the wire become a hundred in memory: the number of values is limited before any of it is
 * asked for, and the arena's limit answers, not the system. */
static void test_amplification(void **state) {
    (void)state;
    enum { SIZE = 1 << 20 };
    struct jc_arena *arena = jc_arena_new(4 << 20);
    struct jc_err err = {0};
    ProtobufCMessage *message = NULL;
    char *bytes = malloc(SIZE);
    assert_non_null(bytes);
    for (size_t i = 0; i < SIZE; i += 2)
        memcpy(bytes + i, "\x12\x00", 2);
    static const struct {
        const char *name;
        size_t operations;
        enum jc_code code;
        enum jc_msg what;
    } SIZES[] = {
        {"one too many", JC_MESSAGE_VALUES + 1, JC_INVALID_ARGUMENT, JC_MSG_MESSAGE_VALUES_MANY},
        {"as many as may be", JC_MESSAGE_VALUES, JC_RESOURCE_EXHAUSTED, JC_MSG_MESSAGE_LARGE},
    };
    for (size_t i = 0; i < COUNT(SIZES); i++) {
        struct jc_str many = {bytes, 2 * SIZES[i].operations};
        CHECK_INT(SIZES[i].name, jc_message_unpack(&jc__sync_request__descriptor, many, arena, &message, &err),
                  SIZES[i].code);
        CHECK_INT(SIZES[i].name, err.what, SIZES[i].what);
        CHECK("nothing was asked for", i || jc_arena_used(arena) == 0);
    }
    free(bytes);
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unpack),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_amplification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
