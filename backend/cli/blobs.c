/* Where blobs lie is one rule for every command. */
#include "cli/blobs.h"

#include <limits.h>
#include <stdio.h>

enum jc_code jc_cli_open_blobs(struct jc_cli *cli, const char *dir, struct jc_blob_folder **out, struct jc_err *err) {
    char beside[PATH_MAX];
    if (!dir && snprintf(beside, sizeof beside, "%s.blobs", cli->db_path) >= (int)sizeof beside)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_FILE_MISSING, jc_str(cli->db_path));
    return jc_blob_folder_open(dir ? dir : beside, out, err);
}

void jc_cli_blob_fault(const struct jc_blob_fault *fault, struct jc_err *out) {
    static const enum jc_msg WORDS[] = {[JC_BLOB_MISSING] = JC_MSG_BLOB_GONE,
                                        [JC_BLOB_ALTERED] = JC_MSG_BLOB_ALTERED,
                                        [JC_BLOB_MISSIZED] = JC_MSG_BLOB_MISSIZED},
                             WORDS_OF[] = {[JC_BLOB_MISSING] = JC_MSG_BLOB_GONE_OF,
                                           [JC_BLOB_ALTERED] = JC_MSG_BLOB_ALTERED_OF,
                                           [JC_BLOB_MISSIZED] = JC_MSG_BLOB_MISSIZED_OF};
    char hex[2 * JC_SHA256_SIZE + 1], id[JC_UUID_TEXT];
    struct jc_str sha256 = jc_hex(fault->ref.sha256, JC_SHA256_SIZE, hex);
    if (!fault->named)
        (void)jc_fail(out, JC_DATA_LOSS, WORDS[fault->wrong], sha256);
    else
        (void)jc_fail(out, JC_DATA_LOSS, WORDS_OF[fault->wrong], sha256, fault->record.unit_name, fault->record.unit_id,
                      jc_uuid_format(fault->record.inspection_id, id));
}

void jc_cli_note_blob_fault(void *ctx, const struct jc_blob_fault *fault) {
    struct jc_cli *cli = ctx;
    struct jc_err words = {0};
    jc_cli_blob_fault(fault, &words);
    jc_cli_note(cli, words.what, words.arg, JC_ERR_ARGS);
}

static enum jc_code any_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    size_t *count = ctx;
    struct jc_blob_ref *refs = NULL;
    struct jc_arena *arena = jc_arena_new(1 << 16);
    enum jc_code code = arena ? jc_blob_page(tx, 0, NULL, 1, arena, &refs, count, err) : jc_fail_memory(err);
    jc_arena_free(arena);
    return code;
}

enum jc_code jc_cli_verify_blobs(struct jc_cli *cli, const char *dir, struct jc_blob_check *check, struct jc_err *err) {
    struct jc_blob_folder *folder = NULL;
    size_t count = 0;
    enum jc_code code = jc_db_read(cli->db, any_job, &count, err);
    if (code || !count) /* a database without photos needs no folder */
        return code;
    check->db = cli->db;
    check->actor = cli->actor;
    check->now_ms = jc_clock_now_ms(&cli->clock);
    code = jc_cli_open_blobs(cli, dir, &folder, err);
    if (!code)
        code = jc_blob_check_folder(check, folder, err);
    jc_blob_folder_close(folder);
    return code;
}
