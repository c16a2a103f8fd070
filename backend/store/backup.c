/* Backup and restore. The copy is made by the database itself, its hash is taken from the finished
 * file, and the heads in the manifest are read from the copy, so they belong to exactly this
 * snapshot. A restore works on a fresh file and renames it into place when it is complete. */
#include "store/backup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "store/audit_log.h"
#include "store/completeness.h"
#include "store/operation.h"
#include "store/server_key.h"
#include "store/store.h"

enum { MANIFEST_MAX_BYTES = 1 << 20 };
static const int64_t WAIT_MS = (int64_t)JC_BACKUP_WAIT_DAYS * 24 * 3600 * 1000;

static bool path_in(char out[PATH_MAX], const char *dir, const char *name) {
    return snprintf(out, PATH_MAX, "%s/%s", dir, name) < PATH_MAX;
}

static enum jc_code fail_path(struct jc_err *err, const char *path, int reason) {
    errno = reason;
    return jc_fail_errno(err, jc_str(path));
}

/* A log that stands beside the name, though its database is gone, would be played into whatever comes under that name:
 * pages of two databases in one. NULL if there is nothing of that name, else what there is, in `beside`. */
static const char *find_remains(const char *path, char beside[PATH_MAX + 16]) {
    static const char *const endings[] = {"", "-wal", "-journal"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        snprintf(beside, PATH_MAX + 16, "%s%s", path, endings[i]);
        if (access(beside, F_OK) == 0)
            return beside;
    }
    return NULL;
}

/* --- making ---------------------------------------------------------------------------------------- */

static const char SQL_CHAINS[] = "SELECT agency_id, operation_no, chain_head, audit_no, audit_head"
                                 "  FROM agency_head"
                                 " ORDER BY agency_id";

/* An agency's chain in the copy. */
struct mark {
    int64_t agency_id, operation_no;
    int64_t covered_no; /* up to here all that its records name is in the backup, too */
    uint8_t chain_head[JC_SHA256_SIZE];
};

struct jc_backup_marks {
    struct jc_arena *arena;
    int64_t since_ms;
    struct mark *items;
    size_t count, capacity;
};

struct making {
    const struct jc_clock *clock;
    const char *dir;
    const struct jc_backup_options *options;
    struct jc_buf manifest;
    struct jc_backup_marks marks;
};

int64_t jc_backup_marks_since(const struct jc_backup_marks *marks) {
    return marks->since_ms;
}

void jc_backup_marks_lower(struct jc_backup_marks *marks, int64_t agency_id, int64_t operation_no) {
    for (size_t i = 0; i < marks->count; i++) {
        struct mark *mark = &marks->items[i];
        if (mark->agency_id == agency_id && operation_no > 0 && operation_no <= mark->covered_no)
            mark->covered_no = operation_no - 1;
    }
}

static void add_head(struct making *making, const char *name, int64_t agency_id, int64_t row_no, struct jc_str head) {
    char hex[2 * JC_SHA256_SIZE + 1];
    jc_buf_printf(&making->manifest, "%s %lld %lld %s\n", name, (long long)agency_id, (long long)row_no,
                  head.len == JC_SHA256_SIZE ? jc_hex(head.ptr, head.len, hex).ptr : "damaged");
}

static enum jc_code add_chain(struct making *making, const struct jc_rows *rows, struct jc_err *err) {
    struct jc_str head = jc_rows_bytes(rows, 2);
    struct mark *mark = JC_PUSH(making->marks.arena, &making->marks, struct mark);
    if (!mark)
        return jc_fail_memory(err);
    *mark = (struct mark){.agency_id = jc_rows_int64(rows, 0),
                          .operation_no = jc_rows_int64(rows, 1),
                          .covered_no = jc_rows_int64(rows, 1)};
    if (head.len == JC_SHA256_SIZE)
        memcpy(mark->chain_head, head.ptr, head.len);
    add_head(making, "chain", mark->agency_id, mark->operation_no, head);
    add_head(making, "audit", mark->agency_id, jc_rows_int64(rows, 3), jc_rows_bytes(rows, 4));
    return JC_OK;
}

/* Records whose photos were on their way when the snapshot was made. */
static enum jc_code find_waiting(struct jc_tx *tx, struct jc_backup_marks *marks, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; code == JC_OK && i < marks->count; i++) {
        int64_t first = 0;
        code = jc_completeness_first(tx, marks->items[i].agency_id, marks->since_ms, &first, err);
        jc_backup_marks_lower(marks, marks->items[i].agency_id, first);
    }
    return code;
}

/* Appends what the snapshot says of itself. */
static enum jc_code describe(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct making *making = ctx;
    struct jc_buf *manifest = &making->manifest;
    struct jc_store_meta meta;
    struct jc_rows *rows = NULL;
    char hex[2 * JC_SHA256_SIZE + 1];
    bool more = false;
    enum jc_code code = jc_store_meta(tx, &meta, err);
    if (code != JC_OK)
        return code;
    jc_buf_printf(manifest, "schema_version %lld\n", (long long)meta.schema_version);
    jc_buf_printf(manifest, "incarnation %s\n", jc_hex(meta.incarnation, sizeof meta.incarnation, hex).ptr);
    code = jc_tx_query(tx, SQL_CHAINS, JC_NO_VALUES, &rows, err);
    while (code == JC_OK && (code = jc_rows_next(rows, &more, err)) == JC_OK && more)
        code = add_chain(making, rows, err);
    jc_rows_close(rows);
    return code ? code : find_waiting(tx, &making->marks, err);
}

/* A reader leaves an empty log and its index, which are no part of the copy. */
static void remove_beside(const char *path) {
    static const char *const endings[] = {"-wal", "-shm"};
    char beside[PATH_MAX + 8];
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        snprintf(beside, sizeof beside, "%s%s", path, endings[i]);
        unlink(beside);
    }
}

/* Secrets leave the copy before anybody hashes it: secure_delete overwrites the bytes they stood in. */
static enum jc_code drop_secrets(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_server_key_forget(tx, err);
}

static enum jc_code finish_copy(const char *path, struct making *making, struct jc_err *err) {
    struct jc_db *copy = NULL;
    bool with_keys = making->options->with_keys;
    struct jc_db_config config = {.path = path, .read_only = with_keys, .readers = 1};
    enum jc_code code = jc_db_open(&config, &copy, err);
    if (code == JC_OK && !with_keys)
        code = jc_db_write_wait(copy, 0, drop_secrets, NULL, err);
    if (code == JC_OK)
        code = jc_db_read(copy, describe, making, err);
    if (code == JC_OK && making->options->files.copy)
        code = making->options->files.copy(making->options->files.ctx, copy, making->dir, &making->marks, err);
    if (with_keys)
        jc_buf_printf(&making->manifest, "keys yes\n");
    jc_db_close(copy);
    remove_beside(path);
    return code;
}

/* The head of the chain at the row up to which it counts. */
static const char SELECT_HEAD[] = "SELECT chain_hash FROM operation WHERE op_key = $1";

static enum jc_code find_covered(struct jc_tx *tx, struct mark *mark, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    if (mark->covered_no == mark->operation_no)
        return JC_OK;
    memset(mark->chain_head, 0, sizeof mark->chain_head);
    enum jc_code code =
        jc_tx_query(tx, SELECT_HEAD, JC_VALUES(jc_int(jc_op_key(mark->agency_id, mark->covered_no))), &rows, err);
    if (code == JC_OK)
        code = jc_rows_next(rows, &has_row, err);
    struct jc_str head = code == JC_OK && has_row ? jc_rows_bytes(rows, 0) : (struct jc_str){0};
    if (head.len == JC_SHA256_SIZE)
        memcpy(mark->chain_head, head.ptr, head.len);
    jc_rows_close(rows);
    return code;
}

static const char UPSERT_MARK[] = "INSERT INTO backup_mark (agency_id, operation_no, chain_head, made_ms)\n"
                                  "VALUES ($1, $2, $3, $4)\n"
                                  "ON CONFLICT (agency_id) DO UPDATE\n"
                                  "SET operation_no = excluded.operation_no, chain_head = excluded.chain_head,\n"
                                  "    made_ms = excluded.made_ms";

/* The backup is whole: receipts may say so. */
static enum jc_code note_backup(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct making *making = ctx;
    int64_t now_ms = jc_clock_now_ms(making->clock);
    enum jc_code code = JC_OK;
    for (size_t i = 0; code == JC_OK && i < making->marks.count; i++) {
        struct mark *mark = &making->marks.items[i];
        code = find_covered(tx, mark, err);
        if (code == JC_OK)
            code = jc_tx_exec(tx, UPSERT_MARK,
                              JC_VALUES(jc_int(mark->agency_id), jc_int(mark->covered_no),
                                        jc_bytes(mark->chain_head, JC_SHA256_SIZE), jc_int(now_ms)),
                              err);
        const struct jc_audited act = {mark->agency_id, now_ms, making->options->actor, JC_STR("backup.make"),
                                       jc_str(making->dir)};
        if (code == JC_OK)
            code = making->options->with_keys ? jc_audit_log_note(tx, &act, err, JC_NOTE_WITH_KEYS, "%s", "")
                                              : jc_audit_log_add(tx, act.agency_id, act.now_ms, act.actor, act.act,
                                                                 act.object, JC_STR(""), err);
    }
    return code;
}

/* The copy, then the manifest: a folder without one is not a backup. */
static enum jc_code make_files(struct jc_db *db, struct making *making, const char *path, const char *manifest_path,
                               struct jc_err *err) {
    char hex[2 * JC_SHA256_SIZE + 1];
    uint8_t sha256[JC_SHA256_SIZE];
    enum jc_code code = jc_db_copy_to(db, path, err);
    if (code == JC_OK)
        code = finish_copy(path, making, err);
    if (code == JC_OK)
        code = jc_file_sha256(path, sha256, err);
    if (code == JC_OK) {
        jc_buf_printf(&making->manifest, "sha256 %s\n", jc_hex(sha256, sizeof sha256, hex).ptr);
        code = making->manifest.failed ? jc_fail_memory(err)
                                       : jc_file_write(manifest_path, jc_buf_str(&making->manifest), 0600, err);
    }
    if (code != JC_OK)
        unlink(path);
    return code;
}

static int64_t held_back(const struct jc_backup_marks *marks) {
    int64_t rows = 0;
    for (size_t i = 0; i < marks->count; i++)
        rows += marks->items[i].operation_no - marks->items[i].covered_no;
    return rows;
}

enum jc_code jc_backup_make(struct jc_db *db, const struct jc_clock *clock, const char *dir,
                            const struct jc_backup_options *options, struct jc_err *err) {
    char path[PATH_MAX], manifest_path[PATH_MAX], beside[PATH_MAX + 16], time[JC_TIME_MAX];
    if (!path_in(path, dir, "jiancha.db") || !path_in(manifest_path, dir, "manifest"))
        return fail_path(err, dir, ENAMETOOLONG);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return jc_fail_errno(err, jc_str(dir));
    if (find_remains(path, beside) || access(manifest_path, F_OK) == 0)
        return jc_fail(err, JC_ALREADY_EXISTS, JC_MSG_BACKUP_EXISTS, jc_str(dir));
    int64_t now_ms = jc_clock_now_ms(clock);
    struct making making = {.clock = clock,
                            .dir = dir,
                            .options = options,
                            .marks = {.arena = jc_arena_new(1 << 20), .since_ms = now_ms - WAIT_MS}};
    if (!making.marks.arena)
        return jc_fail_memory(err);
    jc_buf_init(&making.manifest, MANIFEST_MAX_BYTES);
    jc_buf_printf(&making.manifest, "created %s\n", jc_time_format(now_ms, time).ptr);
    enum jc_code code = make_files(db, &making, path, manifest_path, err);
    if (code == JC_OK)
        code = jc_db_write_wait(db, 0, note_backup, &making, err);
    if (code == JC_OK && options->held_back)
        *options->held_back = held_back(&making.marks);
    jc_buf_free(&making.manifest);
    jc_arena_free(making.marks.arena);
    return code;
}

/* --- restoring ------------------------------------------------------------------------------------- */

struct restoring {
    struct jc_str dir, actor;
};

/* A backup without keys cannot sign: it gets a new one. */
static enum jc_code reincarnate(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct restoring *restoring = ctx;
    struct jc_clock clock = jc_clock_system();
    int64_t now_ms = jc_clock_now_ms(&clock);
    enum jc_code code = jc_store_reincarnate(tx, now_ms, restoring->actor, restoring->dir, err);
    return code ? code : jc_server_key_ensure(tx, now_ms, err);
}

/* The value behind `name` in the manifest; empty if there is none. */
static struct jc_str manifest_value(struct jc_str manifest, struct jc_str name) {
    struct jc_str line, key;
    while (jc_str_cut(&manifest, '\n', &line)) {
        if (jc_str_cut(&line, ' ', &key) && jc_str_eq(key, name))
            return line;
    }
    return (struct jc_str){0};
}

/* The copy under its working name becomes a database with a life of its own. */
static enum jc_code begin_new_life(const char *path, struct restoring *restoring, const struct jc_backup_files *files,
                                   struct jc_err *err) {
    struct jc_db *db = NULL;
    struct jc_db_config config = {.path = path, .readers = 1};
    enum jc_code code = jc_db_open(&config, &db, err);
    if (code == JC_OK)
        code = jc_store_open(db, err);
    if (code == JC_OK)
        code = jc_db_write_wait(db, 0, reincarnate, restoring, err);
    if (code == JC_OK && files->copy)
        code = files->copy(files->ctx, db, restoring->dir.ptr, NULL, err);
    jc_db_close(db);
    return code;
}

enum jc_code jc_backup_restore(const char *dir, const char *path, struct jc_str actor,
                               const struct jc_backup_files *files, struct jc_arena *arena, struct jc_err *err) {
    struct restoring restoring = {jc_str(dir), actor};
    char from[PATH_MAX], manifest_path[PATH_MAX], work[PATH_MAX], beside[PATH_MAX + 16];
    uint8_t expected[JC_SHA256_SIZE], actual[JC_SHA256_SIZE];
    struct jc_str manifest;
    if (!path_in(from, dir, "jiancha.db") || !path_in(manifest_path, dir, "manifest") ||
        snprintf(work, sizeof work, "%s.restoring", path) >= (int)sizeof work)
        return fail_path(err, dir, ENAMETOOLONG);
    if (find_remains(path, beside))
        return jc_fail(err, JC_ALREADY_EXISTS, JC_MSG_RESTORE_TARGET_EXISTS, jc_str(beside));
    enum jc_code code = jc_file_read(manifest_path, MANIFEST_MAX_BYTES, arena, &manifest, err);
    if (code != JC_OK)
        return code;
    if (!jc_hex_parse(manifest_value(manifest, JC_STR("sha256")), expected, sizeof expected))
        return jc_fail(err, JC_DATA_LOSS, JC_MSG_BACKUP_DAMAGED, jc_str(dir));
    remove_beside(work); /* of a restore that was interrupted, perhaps of another backup */
    code = jc_file_copy(from, work, 0600, actual, err);
    if (code == JC_OK && !jc_equal_secret(expected, actual, sizeof actual))
        code = jc_fail(err, JC_DATA_LOSS, JC_MSG_BACKUP_DAMAGED, jc_str(dir));
    if (code == JC_OK)
        code = begin_new_life(work, &restoring, files, err);
    if (code == JC_OK && link(work, path) != 0)
        code = jc_fail_errno(err, jc_str(path));
    unlink(work);
    remove_beside(work);
    return code;
}

/* --- reading ---------------------------------------------------------------------------------------- */

static enum jc_code check_version(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_store_meta meta;
    char has[JC_NUMBER_TEXT], wants[JC_NUMBER_TEXT];
    const char *dir = ctx;
    enum jc_code code = jc_store_meta(tx, &meta, err);
    if (code != JC_OK || meta.schema_version == JC_SCHEMA_VERSION)
        return code;
    return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_BACKUP_VERSION, jc_str(dir),
                   jc_str_from_int64(meta.schema_version, has), jc_str_from_int64(JC_SCHEMA_VERSION, wants));
}

enum jc_code jc_backup_open(const char *dir, struct jc_arena *arena, struct jc_db **out, struct jc_err *err) {
    char path[PATH_MAX], manifest_path[PATH_MAX];
    uint8_t expected[JC_SHA256_SIZE], actual[JC_SHA256_SIZE];
    struct jc_str manifest;
    if (!path_in(path, dir, "jiancha.db") || !path_in(manifest_path, dir, "manifest"))
        return fail_path(err, dir, ENAMETOOLONG);
    enum jc_code code = jc_file_read(manifest_path, MANIFEST_MAX_BYTES, arena, &manifest, err);
    if (code == JC_OK)
        code = jc_file_sha256(path, actual, err);
    if (code != JC_OK)
        return code;
    if (!jc_hex_parse(manifest_value(manifest, JC_STR("sha256")), expected, sizeof expected) ||
        !jc_equal_secret(expected, actual, sizeof actual))
        return jc_fail(err, JC_DATA_LOSS, JC_MSG_BACKUP_DAMAGED, jc_str(dir));
    struct jc_db_config config = {.path = path, .read_only = true, .readers = 1};
    code = jc_db_open(&config, out, err);
    return code == JC_OK ? jc_db_read(*out, check_version, (void *)(uintptr_t)dir, err) : code;
}

void jc_backup_close(struct jc_db *db, const char *dir) {
    char path[PATH_MAX];
    jc_db_close(db);
    if (db && path_in(path, dir, "jiancha.db"))
        remove_beside(path);
}
