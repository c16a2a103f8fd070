/* Backups: a folder with a consistent copy of the database and a manifest that proves it whole.
 *
 *   DIR/jiancha.db   the snapshot
 *   DIR/blobs/       the files that its rows name (blob/backup.h)
 *   DIR/manifest     lines "name value": created, schema_version, incarnation, sha256, and for each
 *                    agency its chains: "chain <agency_id> <length> <head>", "audit ..."; "keys yes" if the
 *                    secret halves of the server's keys are in it
 *
 * The manifest is written last: a folder without one is not a backup. A restored database begins a
 * new incarnation, so terminals notice and offer again what the backup does not hold. */
#ifndef JC_STORE_BACKUP_H
#define JC_STORE_BACKUP_H

#include "base/clock.h"
#include "db/db.h"

/* Up to where each agency's chain counts as backed up: up to the first record something of which is not in the backup,
 * for it is told by the row's number alone. A record that still waits for its photos a month after it came holds nobody
 * back any longer: terminals keep what they sent for no more than that. */
struct jc_backup_marks;
enum { JC_BACKUP_WAIT_DAYS = 30 };
/* This record's row, and what comes behind it, does not count as backed up. */
void jc_backup_marks_lower(struct jc_backup_marks *marks, int64_t agency_id, int64_t operation_no);
/* Records that came before count whatever they lack. */
int64_t jc_backup_marks_since(const struct jc_backup_marks *marks);

/* What belongs to a database and lies beside it. `copy` is called with the snapshot, before the manifest is written,
 * or with the restored database, before it gets its name; `dir` is the backup's, `marks` NULL in a restore. */
struct jc_backup_files {
    void *ctx;
    /* NULL: there is nothing */
    enum jc_code (*copy)(void *ctx, struct jc_db *db, const char *dir, struct jc_backup_marks *marks,
                         struct jc_err *err);
};

struct jc_backup_options {
    bool with_keys;      /* with the secret halves of the server's keys (store/server_key.h) */
    struct jc_str actor; /* for the audit log */
    struct jc_backup_files files;
    int64_t *held_back; /* becomes the rows of all agencies that are in the backup and do not count as such; or NULL */
};
/* Makes the folder if it is missing; JC_ALREADY_EXISTS if it already holds a backup. Others may write
 * meanwhile. Once the backup is whole the database notes up to where each chain is in it with all that its records
 * name, which receipts tell from then on, and each agency's audit log says that a backup was made. */
enum jc_code jc_backup_make(struct jc_db *db, const struct jc_clock *clock, const char *dir,
                            const struct jc_backup_options *options, struct jc_err *err);
/* Checks the backup against its manifest, copies it to `path`, and gives it a new incarnation.
 * Each agency's audit log says that it was restored, by `actor`.
 * JC_ALREADY_EXISTS if there is a database at `path`; JC_DATA_LOSS if the backup is not whole.
 * Without keys in it the new database signs with a new one, that terminals do not believe unasked. */
enum jc_code jc_backup_restore(const char *dir, const char *path, struct jc_str actor,
                               const struct jc_backup_files *files, struct jc_arena *arena, struct jc_err *err);
/* Opens a backup's snapshot for reading, checked against its manifest. Close it with jc_backup_close. JC_DATA_LOSS if the
 * backup is not whole; JC_FAILED_PRECONDITION if its schema is another than this program's. */
enum jc_code jc_backup_open(const char *dir, struct jc_arena *arena, struct jc_db **out, struct jc_err *err);
/* NULL is fine. */
void jc_backup_close(struct jc_db *db, const char *dir);

#endif
