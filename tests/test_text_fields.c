/* Every text of every request, in both codecs and by GET: a NUL, what is no UTF-8 and a megabyte are refused with the
 * field's name, before any memory is spent on a procedure. The fields are found by the contract's descriptors, so
 * that a new one is tried without a line here. */
#include "jc_test.h"

#include "base/base64.h"
#include "base/message.h"
#include "http/codec.h"
#include "jiancha/v1/sync_service.pb-c.h"

enum { BODY_MAX = 4 << 20, DEPTH_MAX = 8, LONG_TEXT = 1 << 20, PATH_SPACE = 400 };

static const struct bad {
    const char *name;
    struct jc_str text;    /* of a field in binary */
    struct jc_str escaped; /* the same between the quotes of JSON */
} BAD[] = {
    {"a NUL", {"a\0b", 3}, {"a\\u0000b", 8}},
    {"a NUL at the end", {"a\0", 2}, {"a\\u0000", 7}},
    {"a byte alone", {"\xff", 1}, {"\xff", 1}},
    {"a cut character", {"\xe4\xb8", 2}, {"\xe4\xb8", 2}},
    {"a longer form", {"\xc1\x81", 2}, {"\xc1\x81", 2}},
    {"half a pair", {"\xed\xa0\x80", 3}, {"\\ud800", 6}},
    {"beyond Unicode", {"\xf4\x90\x80\x80", 4}, {"\xf4\x90\x80\x80", 4}},
    {"a megabyte", {NULL, LONG_TEXT}, {NULL, LONG_TEXT}},
};

/* The fields from the outermost message to a text. */
struct trail {
    const ProtobufCFieldDescriptor *field[DEPTH_MAX];
    int depth;
};

static struct jc_arena *arena;
static char *megabyte;
static int tried;

/* --- requests with one text ------------------------------------------------------------------------------------- */

static void put_varint(struct jc_buf *out, uint64_t number) {
    for (; number >= 0x80; number >>= 7)
        jc_buf_char(out, (char)(number | 0x80));
    jc_buf_char(out, (char)number);
}

static struct jc_str in_binary(const struct trail *trail, struct jc_str text) {
    struct jc_str inner = text;
    for (int i = trail->depth - 1; i >= 0; i--) {
        struct jc_buf out;
        jc_buf_init(&out, BODY_MAX);
        put_varint(&out, (uint64_t)trail->field[i]->id << 3 | 2);
        put_varint(&out, inner.len);
        jc_buf_add(&out, inner);
        inner = jc_arena_copy(arena, jc_buf_str(&out));
        assert_non_null(inner.ptr);
        jc_buf_free(&out);
    }
    return inner;
}

static struct jc_str in_json(const struct trail *trail, struct jc_str escaped) {
    struct jc_buf out;
    jc_buf_init(&out, BODY_MAX);
    for (int i = 0; i < trail->depth; i++) {
        jc_buf_add(&out, JC_STR("{\""));
        jc_buf_add(&out, jc_str(trail->field[i]->name));
        jc_buf_add(&out, trail->field[i]->label == PROTOBUF_C_LABEL_REPEATED ? JC_STR("\":[") : JC_STR("\":"));
    }
    jc_buf_char(&out, '"');
    jc_buf_add(&out, escaped);
    jc_buf_char(&out, '"');
    for (int i = trail->depth - 1; i >= 0; i--)
        jc_buf_add(&out, trail->field[i]->label == PROTOBUF_C_LABEL_REPEATED ? JC_STR("]}") : JC_STR("}"));
    struct jc_str text = jc_arena_copy(arena, jc_buf_str(&out));
    assert_non_null(text.ptr);
    jc_buf_free(&out);
    return text;
}

/* --- what is expected -------------------------------------------------------------------------------------------- */

static void path_of(const struct trail *trail, char path[PATH_SPACE]) {
    size_t len = 0;
    for (int i = 0; i < trail->depth; i++)
        len += (size_t)snprintf(path + len, PATH_SPACE - len, "%s%s", i ? "." : "", trail->field[i]->name);
}

static void check(const char *where, const struct bad *bad, const struct trail *trail, enum jc_code code,
                  const struct jc_err *err) {
    char path[PATH_SPACE], name[PATH_SPACE + 200];
    path_of(trail, path);
    snprintf(name, sizeof name, "%s: %s in %s", where, bad->name, path);
    CHECK_INT(name, code, JC_INVALID_ARGUMENT);
    CHECK_INT(name, err->what, bad->text.len == LONG_TEXT ? JC_MSG_MESSAGE_TEXT_LONG : JC_MSG_MESSAGE_TEXT);
    CHECK_STR(name, err->arg[0], path);
    tried++;
}

static void try_request(const struct jc_procedure *procedure, const struct trail *trail) {
    for (size_t i = 0; i < COUNT(BAD); i++) {
        struct jc_str text = {BAD[i].text.ptr ? BAD[i].text.ptr : megabyte, BAD[i].text.len};
        struct jc_str escaped = {BAD[i].escaped.ptr ? BAD[i].escaped.ptr : megabyte, BAD[i].escaped.len};
        struct jc_connect connect = {.procedure = procedure, .codec = JC_CODEC_PROTO};
        struct jc_str bytes = in_binary(trail, text);
        struct jc_err err = {0};
        ProtobufCMessage *message;
        check(procedure->method, &BAD[i], trail, jc_codec_decode(&connect, bytes, BODY_MAX, arena, &message, &err),
              &err);
        connect = (struct jc_connect){.procedure = procedure, .get = true, .base64 = true};
        connect.message = jc_base64(bytes, arena);
        err = (struct jc_err){0};
        check("by GET", &BAD[i], trail, jc_codec_decode(&connect, JC_STR(""), BODY_MAX, arena, &message, &err), &err);
        connect = (struct jc_connect){.procedure = procedure, .codec = JC_CODEC_JSON};
        err = (struct jc_err){0};
        check("in JSON", &BAD[i], trail,
              jc_codec_decode(&connect, in_json(trail, escaped), BODY_MAX, arena, &message, &err), &err);
        jc_arena_reset(arena);
    }
}

/* Bodies of operations come as bytes; sync reads them by the same function. */
static void try_body(const struct jc_procedure *none, const struct trail *trail) {
    (void)none;
    for (size_t i = 0; i < COUNT(BAD); i++) {
        struct jc_str text = {BAD[i].text.ptr ? BAD[i].text.ptr : megabyte, BAD[i].text.len};
        struct jc_err err = {0};
        ProtobufCMessage *message;
        check("a body", &BAD[i], trail,
              jc_message_unpack(&jc__operation_body__descriptor, in_binary(trail, text), arena, &message, &err), &err);
        jc_arena_reset(arena);
    }
}

/* --- every text of a message -------------------------------------------------------------------------------------- */

/* Returns how many there are. */
static int each_text(const ProtobufCMessageDescriptor *type, const struct jc_procedure *procedure, struct trail *trail,
                     void (*try)(const struct jc_procedure *procedure, const struct trail *trail)) {
    int texts = 0;
    CHECK(type->name, trail->depth < DEPTH_MAX);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        trail->field[trail->depth++] = field;
        if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            texts += each_text(field->descriptor, procedure, trail, try);
        if (field->type == PROTOBUF_C_TYPE_STRING) {
            try(procedure, trail);
            texts++;
        }
        trail->depth--;
    }
    return texts;
}

static void test_requests(void **state) {
    (void)state;
    size_t count = 0;
    int texts = 0;
    const struct jc_procedure *table = jc_procedure_table(&count);
    for (size_t i = 0; i < count; i++) {
        struct trail trail = {.depth = 0};
        texts += each_text(jc_procedure_request(&table[i]), &table[i], &trail, try_request);
    }
    assert_true(texts > 50);
    assert_int_equal(tried, texts * 3 * (int)COUNT(BAD));
}

static void test_bodies(void **state) {
    (void)state;
    struct trail trail = {.depth = 0};
    assert_true(each_text(&jc__operation_body__descriptor, NULL, &trail, try_body) > 10);
}

/* What is as long as it may be, or made of four bytes a character, is taken. */
static void test_good_texts(void **state) {
    (void)state;
    const struct jc_procedure *procedure = jc_procedure_find(JC_STR("/jiancha.v1.SessionService/Login"));
    const struct trail trail = {{jc_procedure_request(procedure)->fields}, 1};
    const struct jc_str texts[] = {{megabyte, JC_MESSAGE_TEXT}, JC_STR("矿\xf0\xa0\xae\xb7"), JC_STR("")};
    assert_int_equal(trail.field[0]->type, PROTOBUF_C_TYPE_STRING);
    for (size_t i = 0; i < COUNT(texts); i++)
        for (int codec = JC_CODEC_PROTO; codec <= JC_CODEC_JSON; codec++) {
            struct jc_connect connect = {.procedure = procedure, .codec = (enum jc_codec)codec};
            struct jc_str bytes = codec == JC_CODEC_JSON ? in_json(&trail, texts[i]) : in_binary(&trail, texts[i]);
            struct jc_err err = {0};
            ProtobufCMessage *message;
            CHECK_OK("text", jc_codec_decode(&connect, bytes, BODY_MAX, arena, &message, &err), &err);
            jc_arena_reset(arena);
        }
}

static int set_up(void **state) {
    (void)state;
    arena = jc_arena_new(64 << 20);
    megabyte = malloc(LONG_TEXT);
    assert_true(arena && megabyte);
    memset(megabyte, 'x', LONG_TEXT);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    jc_arena_free(arena);
    free(megabyte);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_good_texts),
    };
    return cmocka_run_group_tests_name("text_fields", tests, set_up, tear_down);
}
