/* The head of a request for /blobs from anybody: lines of the input are the headers, in the order of
 * HEADERS. What is accepted is whole, and a range lies in its file. */
#include "fuzz.h"
#include "http/tus_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jc_str rest = {(const char *)data, size}, line;
    struct jc_tus_head head = {0};
    struct jc_str *const HEADERS[] = {
        &head.method,          &head.path,
        &head.method_override, &head.resumable,
        &head.upload_length,   &head.upload_defer_length,
        &head.upload_offset,   &head.upload_metadata,
        &head.upload_checksum, &head.content_type,
        &head.range,
    };
    for (size_t i = 0; i < sizeof HEADERS / sizeof HEADERS[0] && jc_str_cut(&rest, '\n', &line); i++)
        *HEADERS[i] = line.len || i < 2 ? line : (struct jc_str){0};
    if (!head.method.ptr || !head.path.ptr)
        return 0;

    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_tus_ask ask;
    struct jc_err err = {0};
    const char *allow = NULL;
    int status = 0;
    enum jc_code code = jc_tus_read(&head, arena, &ask, &allow, &status, &err);
    PROMISE(code == err.code);
    PROMISE(!code || (status >= 400 && status < 500));
    if (!code && ask.act == JC_TUS_FETCH) {
        for (int64_t bytes = 0; bytes < 4; bytes++) {
            int64_t first = 0, last = 0;
            PROMISE(!jc_tus_range(&ask, bytes, &first, &last) || (first >= 0 && last < bytes && first <= last + 1));
        }
    }
    PROMISE(code || (ask.size_bytes >= 0 && ask.offset_bytes >= 0));
    jc_arena_free(arena);
    return 0;
}
