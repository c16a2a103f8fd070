/* The head of a request from anybody: lines of the input are the headers, in the order of HEADERS.
 * Whatever is refused renders as an error; whatever is accepted names a procedure. */
#include "fuzz.h"
#include "http/connect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jc_str rest = {(const char *)data, size}, line;
    struct jc_connect_head head = {0};
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
        &head.transfer_encoding,
    };
    for (size_t i = 0; i < sizeof HEADERS / sizeof HEADERS[0] && jc_str_cut(&rest, '\n', &line); i++)
        *HEADERS[i] = line.len ? line : (struct jc_str){0};
    head.content_lengths = head.content_length.ptr != NULL;

    struct jc_connect connect;
    struct jc_err err;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    enum jc_code code = jc_connect_begin(&head, &connect, &err);
    if (code) {
        struct jc_str body = jc_connect_error(&err, connect.lang, 0, arena);
        PROMISE(body.ptr && body.len > 2 && body.ptr[0] == '{');
    } else {
        PROMISE(connect.procedure && connect.timeout_ms >= -1);
    }
    jc_arena_free(arena);
    return 0;
}
