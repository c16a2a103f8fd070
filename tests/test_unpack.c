/* The short way to unpack a message against the long one: whatever it takes means what protobuf-c says, whatever an
 * encoder writes it takes, and it takes nothing that the check refuses. */
#include "base/unpack.h"

#include "base/message.h"
#include "jc_contract.inc"
#include "jc_random_message.h"
#include "jiancha/v1/sync_service.pb-c.h"

static const ProtobufCMessageDescriptor *const MESSAGES[] = JC_CONTRACT_MESSAGES;

enum { ARENA_MAX = 16 << 20, ROLLS = 60, WRONGS = 40 };

/* By the check and protobuf-c; NULL if either refuses. */
static ProtobufCMessage *unpack_long(const ProtobufCMessageDescriptor *descriptor, struct jc_str bytes,
                                     struct jc_arena *arena) {
    struct jc_err err;
    ProtobufCAllocator allocator;
    if (jc_message_check(descriptor, bytes, &err))
        return NULL;
    return protobuf_c_message_unpack(descriptor, jc_arena_protobuf(&allocator, arena), bytes.len,
                                     (const uint8_t *)bytes.ptr);
}

static struct jc_str pack(const ProtobufCMessage *message, struct jc_arena *arena) {
    struct jc_str bytes;
    struct jc_err err;
    CHECK_OK(message->descriptor->name, jc_message_pack(message, arena, &bytes, &err), &err);
    return bytes;
}

/* Both ways agree on the bytes; returns whether the short one took them. Bytes are given as long as they are, so that
 * AddressSanitizer sees an overrun. */
static bool agree(const ProtobufCMessageDescriptor *descriptor, struct jc_str bytes, struct jc_arena *arena) {
    char *exact = malloc(bytes.len ? bytes.len : 1);
    assert_non_null(exact);
    memcpy(exact, bytes.ptr, bytes.len);
    ProtobufCMessage *usual = jc_unpack_usual(descriptor, (struct jc_str){exact, bytes.len}, arena);
    CHECK(descriptor->name, memcmp(exact, bytes.ptr, bytes.len) == 0);
    free(exact);
    if (!usual)
        return false;
    ProtobufCMessage *long_way = unpack_long(descriptor, bytes, arena);
    CHECK(descriptor->name, long_way != NULL);
    CHECK(descriptor->name, jc_str_eq(pack(usual, arena), pack(long_way, arena)));
    return true;
}

/* A byte is another, left out, or there twice; or the end is missing. */
static struct jc_str damage(struct dice *dice, struct jc_str bytes) {
    char *copy = jc_arena_alloc(dice->arena, bytes.len + 1);
    size_t at = roll_below(dice, bytes.len);
    assert_non_null(copy);
    memcpy(copy, bytes.ptr, bytes.len);
    switch (roll_below(dice, 5)) {
    case 0:
        copy[at] = (char)roll(dice);
        return (struct jc_str){copy, bytes.len};
    case 1:
        copy[at] = (char)(copy[at] ^ 1 << roll_below(dice, 8));
        return (struct jc_str){copy, bytes.len};
    case 2:
        memmove(copy + at, copy + at + 1, bytes.len - at - 1);
        return (struct jc_str){copy, bytes.len - 1};
    case 3:
        memmove(copy + at + 1, copy + at, bytes.len - at);
        return (struct jc_str){copy, bytes.len + 1};
    default:
        return (struct jc_str){copy, at};
    }
}

static void test_random(void **state) {
    size_t taken = 0, whole = 0, damaged = 0;
    (void)state;
    for (size_t m = 0; m < COUNT(MESSAGES); m++) {
        for (uint64_t n = 1; n <= ROLLS; n++) {
            struct jc_arena *arena = jc_arena_new(ARENA_MAX);
            struct dice dice = {m * 1000003 + n, arena, 4};
            struct jc_str bytes = pack(roll_message(&dice, MESSAGES[m]), arena);
            whole++;
            taken += agree(MESSAGES[m], bytes, arena);
            for (int i = 0; i < WRONGS && bytes.len; i++)
                damaged += agree(MESSAGES[m], damage(&dice, bytes), arena);
            jc_arena_free(arena);
        }
    }
    CHECK("an encoder's messages but for those with negative numbers", taken * 2 > whole);
    CHECK("damage that leaves a message", damaged > 0);
}

/* Twice the same, one behind the other: the lists and the nested messages are there twice, in pieces. */
static void test_twice(void **state) {
    (void)state;
    for (size_t m = 0; m < COUNT(MESSAGES); m++) {
        struct jc_arena *arena = jc_arena_new(ARENA_MAX);
        struct dice dice = {m + 1, arena, 4};
        struct jc_str once = pack(roll_message(&dice, MESSAGES[m]), arena);
        char *both = jc_arena_alloc(arena, 2 * once.len + 1);
        assert_non_null(both);
        memcpy(both, once.ptr, once.len);
        memcpy(both + once.len, once.ptr, once.len);
        (void)agree(MESSAGES[m], (struct jc_str){both, 2 * once.len}, arena);
        jc_arena_free(arena);
    }
}

#define BYTES(literal) \
    { (literal), sizeof(literal) - 1 }

static const struct {
    const char *name;
    const ProtobufCMessageDescriptor *descriptor;
    struct jc_str bytes;
    bool taken;
} CASES[] = {
    {"nothing", &jc__sync_request__descriptor, BYTES(""), true},
    {"an empty text", &jc__return_task__descriptor, BYTES("\x12\x00"), true},
    {"a text twice: the last one counts", &jc__return_task__descriptor, BYTES("\x12\x01x\x12\x02yz"), true},
    {"an unknown field", &jc__return_task__descriptor, BYTES("\xa0\x06\x01"), false},
    {"a length in six bytes", &jc__return_task__descriptor, BYTES("\x12\x81\x80\x80\x80\x80\x00x"), false},
    {"a NUL in a text", &jc__return_task__descriptor,
     BYTES("\x12\x03"
           "a\0c"),
     false},
    {"no UTF-8", &jc__return_task__descriptor, BYTES("\x12\x02\xc3\x28"), false},
    {"a list in two pieces", &jc__sync_request__descriptor, BYTES("\x12\x00\x0a\x01x\x12\x00"), false},
    {"a list in one piece", &jc__sync_request__descriptor, BYTES("\x12\x00\x12\x00\x0a\x01x"), true},
    {"a nested message twice", &jc__sync_request__descriptor, BYTES("\x12\x04\x2a\x00\x2a\x00"), false},
    {"a length beyond the nested message", &jc__sync_request__descriptor, BYTES("\x12\x03\x0a\x02x\x0a\x00"), false},
};

static void test_cases(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_arena *arena = jc_arena_new(1 << 20);
        CHECK_INT(CASES[i].name, agree(CASES[i].descriptor, CASES[i].bytes, arena), CASES[i].taken);
        jc_arena_free(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
