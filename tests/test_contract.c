/* What the code relies on and the contract must keep: it is unary, does not recurse, has no field that
 * protobuf-c or the JSON codec would get wrong, and says which procedures are free of side effects. */
#include <glob.h>
#include <stdio.h>

#include "base/message.h"
#include "base/proto_field.h"
#include "jc_contract.inc"
#include "jc_test.h"
#include "rpc/procedure.h"

enum { DEPTH_MAX = JC_MESSAGE_DEPTH - 1, FILE_MAX = 1 << 18 };

static const ProtobufCMessageDescriptor *const MESSAGES[] = JC_CONTRACT_MESSAGES;
static const ProtobufCServiceDescriptor *const SERVICES[] = JC_CONTRACT_SERVICES;

/* --- descriptors ----------------------------------------------------------------------------------------------- */

struct step {
    const struct step *outer;
    const ProtobufCMessageDescriptor *descriptor;
};

/* protobuf-c unpacks nested messages by recursion without a limit: no message may hold itself. */
static void check_no_recursion(const ProtobufCMessageDescriptor *descriptor, const struct step *outer, int depth) {
    struct step here = {outer, descriptor};
    if (depth > DEPTH_MAX)
        fail_msg("%s: nested deeper than %d", descriptor->name, DEPTH_MAX);
    for (const struct step *step = outer; step; step = step->outer)
        if (step->descriptor == descriptor)
            fail_msg("%s holds itself", descriptor->name);
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        if (descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            check_no_recursion(descriptor->fields[i].descriptor, &here, depth + 1);
}

static void test_no_recursion(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(MESSAGES); i++)
        check_no_recursion(MESSAGES[i], NULL, 1);
}

static void check_field(const char *name, const ProtobufCFieldDescriptor *field) {
    CHECK(name, field->type != PROTOBUF_C_TYPE_FLOAT && field->type != PROTOBUF_C_TYPE_DOUBLE);
    CHECK(name, field->label != PROTOBUF_C_LABEL_REQUIRED);
    CHECK(name, field->type != PROTOBUF_C_TYPE_MESSAGE || field->descriptor); /* nothing missing from the list */
    if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return;
    const ProtobufCMessageDescriptor *inner = field->descriptor;
    bool ours = strncmp(inner->name, "jiancha.v1.", strlen("jiancha.v1.")) == 0;
    CHECK(name, ours || jc_proto_is_time(inner)); /* the other well-known types have a JSON of their own */
    bool like_map = inner->n_fields == 2 && strcmp(inner->fields[0].name, "key") == 0 &&
                    strcmp(inner->fields[1].name, "value") == 0;
    CHECK(name, !like_map);
}

/* Two fields of a message have different names in JSON too. */
static void check_names(const ProtobufCMessageDescriptor *descriptor) {
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        char name[JC_PROTO_NAME_MAX], other[JC_PROTO_NAME_MAX];
        struct jc_str json = jc_proto_json_name(descriptor->fields[i].name, name);
        CHECK(descriptor->fields[i].name, json.len < JC_PROTO_NAME_MAX);
        for (unsigned j = 0; j < i; j++)
            CHECK(descriptor->fields[i].name, !jc_str_eq(json, jc_proto_json_name(descriptor->fields[j].name, other)));
    }
}

static void test_fields(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(MESSAGES); i++) {
        CHECK(MESSAGES[i]->name, MESSAGES[i]->n_fields <= 256);
        check_names(MESSAGES[i]);
        for (unsigned j = 0; j < MESSAGES[i]->n_fields; j++) {
            char name[200];
            snprintf(name, sizeof name, "%s.%s", MESSAGES[i]->name, MESSAGES[i]->fields[j].name);
            check_field(name, &MESSAGES[i]->fields[j]);
        }
    }
}

/* Proto3: the first value is 0 and means "not said". */
static void check_enum(const ProtobufCEnumDescriptor *descriptor) {
    const ProtobufCEnumValue *zero = protobuf_c_enum_descriptor_get_value(descriptor, 0);
    CHECK(descriptor->name, zero != NULL);
    for (unsigned i = 0; i < descriptor->n_values; i++)
        CHECK(descriptor->name, strlen(descriptor->values[i].name) <= JC_PROTO_NAME_MAX);
}

static void test_enums(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(MESSAGES); i++)
        for (unsigned j = 0; j < MESSAGES[i]->n_fields; j++)
            if (MESSAGES[i]->fields[j].type == PROTOBUF_C_TYPE_ENUM)
                check_enum(MESSAGES[i]->fields[j].descriptor);
}

/* Every method has its request and response for itself, named after it, so that either can grow. */
static void test_methods(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(SERVICES); i++) {
        for (unsigned j = 0; j < SERVICES[i]->n_methods; j++) {
            const ProtobufCMethodDescriptor *method = &SERVICES[i]->methods[j];
            char request[200], response[200];
            snprintf(request, sizeof request, "jiancha.v1.%sRequest", method->name);
            snprintf(response, sizeof response, "jiancha.v1.%sResponse", method->name);
            CHECK_STR(method->name, jc_str(method->input->name), request);
            CHECK_STR(method->name, jc_str(method->output->name), response);
        }
    }
}

/* --- the text, for what descriptors in C do not say --------------------------------------------------------------- */

struct file {
    char path[256];
    char text[FILE_MAX];
};

/* Calls `each` with every file of proto/. */
static void each_file(void (*each)(const struct file *file)) {
    glob_t found;
    static struct file file;
    assert_int_equal(glob("proto/jiancha/v1/*.proto", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        snprintf(file.path, sizeof file.path, "%s", found.gl_pathv[i]);
        FILE *in = fopen(file.path, "r");
        assert_non_null(in);
        size_t len = fread(file.text, 1, sizeof file.text - 1, in);
        assert_true(len > 0 && len < sizeof file.text - 1);
        file.text[len] = '\0';
        fclose(in);
        each(&file);
    }
    globfree(&found);
}

static void check_text(const struct file *file) {
    static const char *const FORBIDDEN[] = {
        "stream ",   /* unary only */
        "json_name", /* descriptors in C do not carry it */
        "map<",      /* an object in JSON, a list to protobuf-c */
        "\n  group ", "\n  required ", "extensions ", "google.protobuf.Any",
    };
    for (size_t i = 0; i < COUNT(FORBIDDEN); i++)
        if (strstr(file->text, FORBIDDEN[i]))
            fail_msg("%s: \"%s\"", file->path, FORBIDDEN[i]);
    CHECK(file->path, strstr(file->text, "syntax = \"proto3\";") != NULL);
}

static void test_text(void **state) {
    (void)state;
    each_file(check_text);
}

/* Whether the rpc whose line begins at `line` declares that it has no side effects. */
static bool declares_no_side_effects(const char *line) {
    const char *option = strstr(line, "NO_SIDE_EFFECTS"), *next = strstr(line + 1, "\n  rpc ");
    const char *end = strstr(line, "\n}");
    return option && (!next || option < next) && (!end || option < end);
}

/* What is asked with GET is what only reads, and the contract says so to clients. */
static void check_reads(const struct file *file) {
    for (const char *line = strstr(file->text, "\n  rpc "); line; line = strstr(line + 1, "\n  rpc ")) {
        char method[100], service[100], path[256];
        const char *start = strstr(file->text, "\nservice ");
        CHECK(file->path, start && sscanf(start, "\nservice %99[A-Za-z]", service) == 1);
        CHECK(file->path, sscanf(line, "\n  rpc %99[A-Za-z]", method) == 1);
        snprintf(path, sizeof path, "/jiancha.v1.%s/%s", service, method);
        const struct jc_procedure *procedure = jc_procedure_find(jc_str(path));
        CHECK(path, procedure != NULL);
        CHECK_INT(path, declares_no_side_effects(line), procedure->kind == JC_PROCEDURE_READ);
    }
}

static void test_reads(void **state) {
    (void)state;
    each_file(check_reads);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_recursion), cmocka_unit_test(test_fields), cmocka_unit_test(test_enums),
        cmocka_unit_test(test_methods),      cmocka_unit_test(test_text),   cmocka_unit_test(test_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
