/* The head of a request from anybody: lines of the input are the headers, in the order of HEADERS, then the
 * parameters of the query and an origin. Whatever is refused renders as JSON; whatever is accepted names a
 * procedure; an origin that is one is its own normal form. */
#include "base/json.h"
#include "fuzz.h"
#include "http/connect.h"
#include "http/cors.h"

static void check_origin(struct jc_str text, struct jc_arena *arena) {
    struct jc_err err;
    struct jc_str origin, again;
    if (jc_cors_origin(text, arena, &origin, &err))
        return;
    PROMISE(jc_cors_origin(origin, arena, &again, &err) == JC_OK && jc_str_eq(origin, again));
}

static void check_json(struct jc_str text) {
    struct jc_json json;
    jc_json_init(&json, text);
    PROMISE(jc_json_next(&json) == JC_JSON_OBJECT && jc_json_skip(&json) && jc_json_next(&json) == JC_JSON_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jc_str rest = {(const char *)data, size}, line;
    struct jc_connect_head head = {0};
    struct jc_connect_framing framing = {.hosts = 1};
    struct jc_str *const HEADERS[] = {
        &head.method,
        &head.path,
        &head.content_type,
        &head.content_encoding,
        &head.accept_encoding,
        &head.accept_language,
        &head.authorization,
        &head.protocol_version,
        &head.timeout,
        &head.content_length,
        &framing.transfer_encoding,
        &head.query.connect,
        &head.query.encoding,
        &head.query.message,
        &head.query.base64,
        &head.query.compression,
    };
    for (size_t i = 0; i < sizeof HEADERS / sizeof HEADERS[0] && jc_str_cut(&rest, '\n', &line); i++)
        *HEADERS[i] = line.len ? line : (struct jc_str){0};
    framing.content_lengths = head.content_length.ptr != NULL;
    framing.transfer_encodings = framing.transfer_encoding.ptr != NULL;

    struct jc_connect connect;
    struct jc_err err;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    enum jc_code code = jc_connect_check_framing(&framing, &err);
    if (!code)
        code = jc_connect_begin(&head, &connect, &err);
    if (code) {
        struct jc_str body = jc_connect_error(&err, jc_connect_language(head.accept_language), 0, arena);
        check_json(body);
    } else {
        PROMISE(connect.procedure && connect.timeout_ms >= -1);
    }
    check_origin(rest, arena);
    jc_arena_free(arena);
    return 0;
}
