/* The query of a GET from anybody, percent-encoded: the first byte chooses the procedure, the rest
 * is name=value joined by '&'. It ends in a message or in an error that is JSON. */
#include "base/json.h"
#include "fuzz.h"
#include "http/codec.h"
#include "http/target.h"

#include <stdio.h>

enum { BODY_MAX = 1 << 20, ARENA_MAX = 16 << 20 };

static void check_error(const struct jc_err *err, enum jc_lang lang, struct jc_arena *arena) {
    struct jc_json json;
    jc_json_init(&json, jc_connect_error(err, lang, 1000, arena));
    PROMISE(jc_json_next(&json) == JC_JSON_OBJECT && jc_json_skip(&json) && jc_json_next(&json) == JC_JSON_END);
}

static void each_parameter(void *ctx, struct jc_str name, struct jc_str value) {
    jc_connect_query_add(ctx, name, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t procedures;
    const struct jc_procedure *table = jc_procedure_table(&procedures);
    char path[200];
    struct jc_connect connect;
    struct jc_err err;
    ProtobufCMessage *message;
    if (size < 1)
        return 0;
    const struct jc_procedure *procedure = &table[data[0] % procedures];
    snprintf(path, sizeof path, "/%s/%s", procedure->service->name, procedure->method);
    struct jc_connect_head head = {.method = JC_STR("GET"), .path = jc_str(path)};
    struct jc_arena *arena = jc_arena_new(ARENA_MAX);
    const char *query = jc_arena_copy(arena, (struct jc_str){(const char *)data + 1, size - 1}).ptr;
    PROMISE(jc_target_each(query, arena, each_parameter, &head.query));
    enum jc_code code = jc_connect_begin(&head, &connect, &err);
    PROMISE(code || (connect.get && procedure->kind == JC_PROCEDURE_READ));
    if (!code)
        code = jc_codec_decode(&connect, JC_STR(""), BODY_MAX, arena, &message, &err);
    if (code)
        check_error(&err, connect.lang, arena);
    else
        PROMISE(message->descriptor == jc_procedure_request(procedure));
    jc_arena_free(arena);
    return 0;
}
