/* Photos are judged by the tables of both sides and by the files as they lie on the server's disk, read and hashed here.
 *
 * A promise is a hash: a terminal was told that the server has all of it, by an upload's offset or by a receipt. */
#include <stdio.h>
#include <string.h>

#include "sim/sim_check.h"
#include "terminal/store.h"

enum { EXPIRED_MS = 9 * 24 * 3600 * 1000 };

static const char *show(const uint8_t sha256[JC_SHA256_SIZE]) {
    static char text[2 * JC_SHA256_SIZE + 1];
    return jc_hex(sha256, JC_SHA256_SIZE, text).ptr;
}

/* --- what was told --------------------------------------------------------------------------------------------------- */

static struct sim_promise *find(struct sim_judge *judge, const uint8_t *sha256) {
    for (size_t i = 0; i < judge->promise_count; i++) {
        if (memcmp(judge->promises[i].sha256, sha256, JC_SHA256_SIZE) == 0)
            return &judge->promises[i];
    }
    return NULL;
}

static void promise(struct sim_judge *judge, const struct sim_terminal *terminal, const uint8_t *sha256) {
    if (find(judge, sha256))
        return;
    judge->promises = sim_alloc(judge->promises, (judge->promise_count + 1) * sizeof *judge->promises);
    struct sim_promise *made = &judge->promises[judge->promise_count++];
    *made = (struct sim_promise){.restored = terminal->era != judge->server->restores};
    memcpy(made->sha256, sha256, JC_SHA256_SIZE);
}

struct uploads {
    struct sim_judge *judge;
    const struct sim_terminal *terminal;
    int64_t waiting;
};

static const char UPLOADS[] =
    "SELECT sha256, done_ms IS NOT NULL OR (sent_bytes = size_bytes AND url <> ''), done_ms IS NULL FROM upload";

static enum jc_code uploads_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct uploads *uploads = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, UPLOADS, JC_NO_VALUES, &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        uploads->waiting += jc_rows_int64(rows, 2);
        if (jc_rows_int64(rows, 1))
            promise(uploads->judge, uploads->terminal, (const uint8_t *)jc_rows_bytes(rows, 0).ptr);
    }
    jc_rows_close(rows);
    return code;
}

int64_t sim_check_uploads(struct sim_judge *judge, const struct sim_terminal *terminal) {
    struct uploads uploads = {judge, terminal, 0};
    struct jc_err err = {0};
    if (jc_terminal_read(terminal->store, uploads_job, &uploads, &err) != JC_OK)
        sim_fail(judge->world, "I8", "the store of T%d cannot be read: %s", terminal->index, sim_words(&err));
    return uploads.waiting;
}

/* --- files ------------------------------------------------------------------------------------------------------------- */

/* The file of a blob, "1/ab/cdef…"; NULL if there is none. */
static const struct sim_node *file_of(const struct sim_judge *judge, const uint8_t *sha256) {
    const char *hex = show(sha256);
    char path[2 * JC_SHA256_SIZE + 16];
    snprintf(path, sizeof path, "blobs/%d/%.2s/%s", SIM_AGENCY, hex, hex + 2);
    return sim_tree_find(sim_tree_root(&judge->server->disk.tree), path);
}

static bool is_whole(const struct sim_node *file, const uint8_t *sha256) {
    uint8_t found[JC_SHA256_SIZE];
    jc_sha256((struct jc_str){(const char *)file->bytes.now, (size_t)file->bytes.size}, found);
    return memcmp(found, sha256, sizeof found) == 0;
}

/* Whatever has a name in the agency's folder is what the name says. */
static void check_names(struct sim_judge *judge) {
    const struct sim_node *agency = sim_tree_find(sim_tree_root(&judge->server->disk.tree), "blobs/1");
    for (size_t i = 0; agency && i < agency->now.count; i++) {
        const struct sim_node *shard = agency->now.items[i].node;
        for (size_t k = 0; k < shard->now.count; k++) {
            char hex[2 * JC_SHA256_SIZE + 16];
            uint8_t sha256[JC_SHA256_SIZE];
            snprintf(hex, sizeof hex, "%.2s%.70s", agency->now.items[i].name, shard->now.items[k].name);
            if (!jc_hex_parse(jc_str(hex), sha256, sizeof sha256) || !is_whole(shard->now.items[k].node, sha256))
                sim_fail(judge->world, "I13", "the server shows half a photo: %s", hex);
        }
    }
}

static const char BLOBS[] = "SELECT sha256, size_bytes FROM blob WHERE agency_id = 1 AND deleted_ms IS NULL";

/* Every row has its file, whole; every promise its row. */
static enum jc_code blobs_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct sim_judge *judge = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    for (size_t i = 0; i < judge->promise_count; i++)
        judge->promises[i].there = false;
    enum jc_code code = jc_tx_query(tx, BLOBS, JC_NO_VALUES, &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        const uint8_t *sha256 = (const uint8_t *)jc_rows_bytes(rows, 0).ptr;
        const struct sim_node *file = file_of(judge, sha256);
        struct sim_promise *made = find(judge, sha256);
        if (!file || file->bytes.size != jc_rows_int64(rows, 1) || !is_whole(file, sha256))
            sim_fail(judge->world, "I12", "photo %s counts and is %s", show(sha256), file ? "not whole" : "not there");
        if (made) {
            made->there = true;
            made->restored = false;
        }
    }
    jc_rows_close(rows);
    for (size_t i = 0; !code && i < judge->promise_count; i++) {
        const struct sim_promise *made = &judge->promises[i];
        if (!made->there && !made->restored)
            sim_fail(judge->world, "I12", "photo %s was acknowledged and does not count", show(made->sha256));
    }
    return code;
}

void sim_check_photos(struct sim_judge *judge) {
    struct jc_err err = {0};
    if (!judge->server->db)
        return;
    check_names(judge);
    if (sim_server_read(judge->server, blobs_job, judge, &err) != JC_OK)
        sim_fail(judge->world, "I12", "the photos cannot be read: %s", sim_words(&err));
}

/* --- at the end ----------------------------------------------------------------------------------------------------------- */

static const char MISSING[] =
    "SELECT (SELECT COUNT(*) FROM record_blob WHERE received_ms IS NULL) + (SELECT SUM(blobs_missing) FROM inspection)";
static const char UPLOADS_LEFT[] = "SELECT COUNT(*) FROM upload";
static const char HAS_ROW[] = "SELECT COUNT(*) FROM blob WHERE agency_id = 1 AND sha256 = $1";

static enum jc_code complete_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct sim_judge *judge = ctx;
    int64_t missing = 0;
    enum jc_code code = jc_tx_int64(tx, MISSING, JC_NO_VALUES, &missing, err);
    if (!code && missing)
        sim_fail(judge->world, "I14", "records still miss photos (%lld)", (long long)missing);
    return code;
}

static enum jc_code orphans_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct sim_judge *judge = ctx;
    struct sim_node *root = sim_tree_root(&judge->server->disk.tree);
    const struct sim_node *incoming = sim_tree_find(root, "blobs/incoming"), *agency = sim_tree_find(root, "blobs/1");
    int64_t left = 0;
    enum jc_code code = jc_tx_int64(tx, UPLOADS_LEFT, JC_NO_VALUES, &left, err);
    if (!code && (left || !incoming || incoming->now.count))
        sim_fail(judge->world, "I15", "%lld uploads and %zu beginnings of photos are left over", (long long)left,
                 incoming ? incoming->now.count : 0);
    for (size_t i = 0; !code && agency && i < agency->now.count; i++) {
        const struct sim_node *shard = agency->now.items[i].node;
        for (size_t k = 0; !code && k < shard->now.count; k++) {
            char hex[2 * JC_SHA256_SIZE + 16];
            uint8_t sha256[JC_SHA256_SIZE] = {0};
            snprintf(hex, sizeof hex, "%.2s%.70s", agency->now.items[i].name, shard->now.items[k].name);
            (void)jc_hex_parse(jc_str(hex), sha256, sizeof sha256);
            code = jc_tx_int64(tx, HAS_ROW, JC_VALUES(jc_bytes(sha256, sizeof sha256)), &left, err);
            if (!code && !left)
                sim_fail(judge->world, "I15", "photo %s belongs to nobody", hex);
        }
    }
    return code;
}

void sim_check_photos_complete(struct sim_judge *judge) {
    struct jc_err err = {0};
    sim_check_photos(judge);
    if (sim_server_read(judge->server, complete_job, judge, &err) != JC_OK)
        sim_fail(judge->world, "I14", "the photos cannot be read: %s", sim_words(&err));
    sim_run_until(judge->world, judge->world->now_ms + EXPIRED_MS);
    sim_blobs_collect(judge->server);
    sim_check_photos(judge);
    if (sim_server_read(judge->server, orphans_job, judge, &err) != JC_OK)
        sim_fail(judge->world, "I15", "the photos cannot be read: %s", sim_words(&err));
}
