/* Photos of a sync: three passes over the two queues that there are (terminal/upload.h, terminal/blob.h), each within what
 * the ones before have left of the budget. Files that are lost here stop nothing; a net that is gone stops all.
 *
 * What must never happen: an original that goes up takes the time in which what a recheck needs could have come down. */
#include "terminal/store.h"

struct photos {
    struct jc_terminal *terminal;
    const struct jc_transport *transport;
    struct jc_arena *arena;
    int64_t left_bytes;
    struct jc_terminal_photos_result *out;
};

/* A failure behind which the others are worth a try. */
static bool is_of_files(enum jc_code code) {
    return code == JC_FAILED_PRECONDITION;
}

static enum jc_code send(struct photos *photos, bool small_only, struct jc_err *err) {
    struct jc_terminal_upload_result now = {0}, *sum = &photos->out->upload;
    const struct jc_terminal_upload_options options = {.budget_bytes = photos->left_bytes, .small_only = small_only};
    enum jc_code code = jc_terminal_upload(photos->terminal, photos->transport, &options, photos->arena, &now, err);
    now.sent_blobs += sum->sent_blobs;
    now.sent_bytes += sum->sent_bytes;
    photos->left_bytes -= now.sent_bytes - sum->sent_bytes;
    *sum = now;
    return code;
}

static enum jc_code fetch(struct photos *photos, struct jc_err *err) {
    enum jc_code code = jc_terminal_fetch(photos->terminal, photos->transport, photos->left_bytes, photos->arena,
                                          &photos->out->fetched, err);
    photos->left_bytes -= photos->out->fetched.bytes;
    return code;
}

/* The receipt that names what has arrived. */
static enum jc_code settle(struct photos *photos, struct jc_err *err) {
    struct jc_terminal_sync_result ignored;
    return jc_terminal_sync(photos->terminal, photos->transport, NULL, photos->arena, &ignored, err);
}

enum jc_code jc_terminal_photos(struct jc_terminal *terminal, const struct jc_transport *transport,
                                int64_t budget_bytes, struct jc_arena *arena, struct jc_terminal_photos_result *out,
                                struct jc_err *err) {
    struct photos photos = {terminal, transport, arena, budget_bytes, out};
    struct jc_err lost = {0};
    *out = (struct jc_terminal_photos_result){0};
    enum jc_code code = send(&photos, true, err);
    if (is_of_files(code))
        code = JC_OK; /* the last pass says so again */
    if (code == JC_OK && photos.left_bytes > 0)
        code = fetch(&photos, err);
    if (code == JC_OK && photos.left_bytes > 0)
        code = send(&photos, false, err);
    if (out->upload.sent_blobs == 0 || (code != JC_OK && !is_of_files(code)))
        return code;
    if (code)
        jc_err_copy(&lost, err);
    enum jc_code settled = settle(&photos, err);
    if (settled == JC_OK && code)
        jc_err_copy(err, &lost);
    return settled ? settled : code;
}
