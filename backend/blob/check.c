/* Rows by pages, files between the transactions: a check of hours holds no snapshot. A blob whose file is not good is
 * looked up once more before it is told, since retention may have deleted it meanwhile. */
#include "blob/check.h"

#include <string.h>

#include "store/audit_log.h"

enum { PAGE = 500, ARENA_BYTES = 4 << 20 };

/* --- rows -------------------------------------------------------------------------------------------------- */

struct page {
    int64_t agency_id;
    bool begun;
    struct jc_blob_ref last, *items;
    size_t count;
    struct jc_arena *arena;
};

static enum jc_code page_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct page *page = ctx;
    return jc_blob_page(tx, page->agency_id, page->begun ? &page->last : NULL, PAGE, page->arena, &page->items,
                        &page->count, err);
}

enum jc_code jc_blob_each(struct jc_db *db, int64_t agency_id, jc_blob_each_fn *each, void *ctx, struct jc_err *err) {
    struct page page = {.agency_id = agency_id, .arena = jc_arena_new(ARENA_BYTES)};
    enum jc_code code = page.arena ? JC_OK : jc_fail_memory(err);
    do {
        if (!code)
            code = jc_db_read(db, page_job, &page, err);
        for (size_t i = 0; !code && i < page.count; i++)
            code = each(ctx, &page.items[i], err);
        if (!code && page.count)
            page.last = page.items[page.count - 1];
        page.begun = true;
        if (page.arena)
            jc_arena_reset(page.arena);
    } while (!code && page.count == PAGE);
    jc_arena_free(page.arena);
    return code;
}

/* --- a fault ------------------------------------------------------------------------------------------------ */

struct looking {
    struct jc_blob_check *check;
    struct jc_blob_fault *fault;
    struct jc_arena *arena;
    bool live;
};

static enum jc_code look_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct looking *looking = ctx;
    struct jc_blob_fault *fault = looking->fault;
    struct jc_blob blob;
    bool found = false;
    enum jc_code code = jc_blob_get(tx, fault->ref.agency_id, fault->ref.sha256, looking->arena, &blob, &found, err);
    looking->live = found && blob.deleted_ms < 0;
    return code ? code
                : jc_blob_find_record(tx, fault->ref.agency_id, fault->ref.sha256, looking->arena, &fault->record,
                                      &fault->named, err);
}

static enum jc_code lose_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct looking *looking = ctx;
    const struct jc_blob_check *check = looking->check;
    const struct jc_blob_fault *fault = looking->fault;
    char hex[2 * JC_SHA256_SIZE + 1];
    const struct jc_audited act = {fault->ref.agency_id, check->now_ms, check->actor, JC_STR("blob.lose"),
                                   jc_hex(fault->ref.sha256, JC_SHA256_SIZE, hex)};
    enum jc_audit_note note = fault->wrong == JC_BLOB_ALTERED ? JC_NOTE_ALTERED : JC_NOTE_MISSING;
    enum jc_code code = jc_blob_lose(tx, fault->ref.agency_id, fault->ref.sha256, err);
    return code ? code : jc_audit_log_note(tx, &act, err, note, "%s", "");
}

enum jc_code jc_blob_check_fault(struct jc_blob_check *check, struct jc_blob_folder *folder,
                                 const struct jc_blob_ref *ref, enum jc_blob_wrong wrong, struct jc_err *err) {
    struct jc_blob_fault fault = {.wrong = wrong, .ref = *ref};
    bool ask_again = check->ask_again && wrong != JC_BLOB_MISSIZED;
    struct looking looking = {.check = check, .fault = &fault, .arena = jc_arena_new(1 << 16)};
    enum jc_code code = looking.arena ? JC_OK : jc_fail_memory(err);
    if (!code)
        code = jc_db_read(check->db, look_job, &looking, err);
    if (!code && looking.live) {
        check->faults++;
        check->found(check->ctx, &fault);
        if (ask_again && wrong == JC_BLOB_ALTERED && folder)
            code = jc_blob_set_aside(folder, ref->agency_id, ref->sha256, err);
        if (!code && ask_again)
            code = jc_db_write_wait(check->db, 0, lose_job, &looking, err);
    }
    jc_arena_free(looking.arena);
    return code;
}

/* --- the folder ---------------------------------------------------------------------------------------------- */

struct checking {
    struct jc_blob_check *check;
    struct jc_blob_folder *folder;
};

static enum jc_code check_file(void *ctx, const struct jc_blob_ref *ref, struct jc_err *err) {
    const struct checking *checking = ctx;
    struct jc_blob_check *check = checking->check;
    struct jc_blob_looked looked;
    enum jc_code code = jc_blob_look(checking->folder, ref->agency_id, ref->sha256, &looked, err);
    check->blobs += !code;
    check->bytes += code ? 0 : looked.size_bytes;
    if (code || (looked.whole && looked.size_bytes == ref->size_bytes))
        return code;
    enum jc_blob_wrong wrong = looked.whole ? JC_BLOB_MISSIZED : looked.there ? JC_BLOB_ALTERED : JC_BLOB_MISSING;
    return jc_blob_check_fault(check, checking->folder, ref, wrong, err);
}

enum jc_code jc_blob_check_folder(struct jc_blob_check *check, struct jc_blob_folder *folder, struct jc_err *err) {
    struct checking checking = {check, folder};
    return jc_blob_each(check->db, check->agency_id, check_file, &checking, err);
}
