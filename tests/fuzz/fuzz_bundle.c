/* Bundle files from anybody: reading never leaves the input, frames are numbered in order, and what was
 * read to its END writes back to the same bytes with the same hash. */
#include <string.h>

#include "base/arena.h"
#include "base/bundle.h"
#include "fuzz.h"

static void write_again(struct jc_bundle_writer *writer, const struct jc_bundle_frame *frame) {
    struct jc_err err;
    PROMISE(jc_bundle_write(writer, (enum jc_bundle_frame_type)frame->type, frame->payload, &err) == JC_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jc_err err = {0};
    struct jc_str bytes = {(const char *)data, size};
    struct jc_bundle_reader *reader = NULL;
    struct jc_bundle_writer *writer = NULL;
    struct jc_buf copy;
    struct jc_bundle_frame frame = {0};
    int64_t count = 0;
    if (size > 8 << 20 || jc_bundle_open_bytes(JC_STR("fuzz"), bytes, &reader, &err) != JC_OK)
        return 0;
    jc_buf_init(&copy, 16 << 20);
    PROMISE(jc_bundle_create_bytes(&copy, &writer, &err) == JC_OK);
    enum jc_code code = JC_OK;
    while (!code && frame.type != JC_BUNDLE_END) {
        code = jc_bundle_next(reader, &frame, &err);
        PROMISE(code || frame.number == ++count);
        PROMISE(code || (frame.type == JC_BUNDLE_HEADER) == (count == 1));
        if (!code && frame.type != JC_BUNDLE_END)
            write_again(writer, &frame);
    }
    if (code) {
        PROMISE(err.code == code && err.what != JC_MSG_NONE);
        jc_bundle_abort(writer);
    } else {
        uint8_t read_hash[JC_SHA256_SIZE], written_hash[JC_SHA256_SIZE];
        jc_bundle_hash(reader, read_hash);
        jc_bundle_written_hash(writer, written_hash);
        PROMISE(memcmp(read_hash, written_hash, sizeof read_hash) == 0);
        PROMISE(jc_bundle_finish(writer, frame.payload, &err) == JC_OK);
        PROMISE(jc_str_eq(jc_buf_str(&copy), bytes));
    }
    jc_buf_free(&copy);
    jc_bundle_close(reader);
    return 0;
}
