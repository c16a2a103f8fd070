/* Rows decide, files follow: what no row names is not copied. */
#include "blob/backup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "store/completeness.h"

/* DIR/blobs. With `make` it is made if need be; else *out is NULL if it is not there. */
static enum jc_code open_in(const char *dir, bool make, struct jc_blob_folder **out, struct jc_err *err) {
    char path[PATH_MAX];
    *out = NULL;
    if (snprintf(path, sizeof path, "%s/blobs", dir) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return jc_fail_errno(err, jc_str(dir));
    }
    if (!make && access(path, F_OK) != 0)
        return JC_OK;
    return jc_blob_folder_open(path, out, err);
}

/* Copies into `to`; a blob that cannot be had whole is told, and *told. */
static enum jc_code copy(struct jc_blob_backup *backup, const struct jc_blob_ref *ref, bool *told, struct jc_err *err) {
    int64_t faults = backup->check.faults;
    struct jc_err why = {0};
    enum jc_code code =
        backup->from ? jc_blob_copy(backup->from, backup->to, ref->agency_id, ref->sha256, &why) : JC_NOT_FOUND;
    *told = false;
    if (code == JC_NOT_FOUND || code == JC_DATA_LOSS) {
        code = jc_blob_check_fault(&backup->check, NULL, ref, code == JC_DATA_LOSS ? JC_BLOB_ALTERED : JC_BLOB_MISSING,
                                   err);
        *told = backup->check.faults > faults;
        return code;
    }
    if (code)
        jc_err_copy(err, &why);
    backup->copied += !code;
    return code;
}

/* --- making ------------------------------------------------------------------------------------------------- */

struct making {
    struct jc_blob_backup *backup;
    struct jc_blob_folder *previous;
    const char *dir;
    struct jc_db *snapshot;
    struct jc_backup_marks *marks;
    const struct jc_blob_ref *lacking; /* at hand */
    int64_t operation_no;
};

static enum jc_code find_record(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct making *making = ctx;
    return jc_completeness_first_with(tx, making->lacking->agency_id, making->lacking->sha256,
                                      jc_backup_marks_since(making->marks), &making->operation_no, err);
}

/* Records that name it do not count as backed up. */
static enum jc_code hold_back(struct making *making, const struct jc_blob_ref *ref, struct jc_err *err) {
    making->lacking = ref;
    enum jc_code code = jc_db_read(making->snapshot, find_record, making, err);
    if (!code)
        jc_backup_marks_lower(making->marks, ref->agency_id, making->operation_no);
    return code;
}

static enum jc_code save(void *ctx, const struct jc_blob_ref *ref, struct jc_err *err) {
    struct making *making = ctx;
    struct jc_blob_backup *backup = making->backup;
    struct jc_err ignored = {0};
    backup->check.blobs++;
    backup->check.bytes += ref->size_bytes;
    if (!backup->to) { /* a database without photos has no folder for them */
        enum jc_code code = open_in(making->dir, true, &backup->to, err);
        if (code)
            return code;
    }
    if (making->previous && !jc_blob_link(making->previous, backup->to, ref->agency_id, ref->sha256, &ignored)) {
        backup->linked++;
        return JC_OK;
    }
    bool told = false;
    enum jc_code code = copy(backup, ref, &told, err);
    return code || !told ? code : hold_back(making, ref, err);
}

static enum jc_code make(void *ctx, struct jc_db *snapshot, const char *dir, struct jc_backup_marks *marks,
                         struct jc_err *err) {
    struct jc_blob_backup *backup = ctx;
    struct making making = {.backup = backup, .dir = dir, .snapshot = snapshot, .marks = marks};
    backup->from = backup->folder;
    backup->to = NULL;
    enum jc_code code = backup->previous ? open_in(backup->previous, false, &making.previous, err) : JC_OK;
    if (!code)
        code = jc_blob_each(snapshot, 0, save, &making, err);
    jc_blob_folder_close(making.previous);
    jc_blob_folder_close(backup->to);
    backup->from = backup->to = NULL;
    return code;
}

struct jc_backup_files jc_blob_backup_files(struct jc_blob_backup *backup) {
    return (struct jc_backup_files){backup, make};
}

/* --- restoring ----------------------------------------------------------------------------------------------- */

static enum jc_code bring_back(void *ctx, const struct jc_blob_ref *ref, struct jc_err *err) {
    struct jc_blob_backup *backup = ctx;
    struct jc_blob_looked looked;
    bool told = false;
    backup->check.blobs++;
    backup->check.bytes += ref->size_bytes;
    enum jc_code code = jc_blob_look(backup->to, ref->agency_id, ref->sha256, &looked, err);
    backup->kept += looked.whole;
    return code || looked.whole ? code : copy(backup, ref, &told, err);
}

static enum jc_code restore(void *ctx, struct jc_db *db, const char *dir, struct jc_backup_marks *marks,
                            struct jc_err *err) {
    struct jc_blob_backup *backup = ctx;
    (void)marks;
    backup->check.db = db;
    backup->check.ask_again = true;
    backup->to = backup->folder;
    enum jc_code code = open_in(dir, false, &backup->from, err);
    if (!code)
        code = jc_blob_each(db, 0, bring_back, backup, err);
    jc_blob_folder_close(backup->from);
    backup->from = backup->to = NULL;
    return code;
}

struct jc_backup_files jc_blob_restore_files(struct jc_blob_backup *backup) {
    return (struct jc_backup_files){backup, restore};
}
