/* Backups: a folder with a consistent copy of the database and a manifest that proves it whole.
 *
 *   DIR/jiancha.db   the snapshot
 *   DIR/blobs/       the files that its rows name (blob/backup.h)
 *   DIR/manifest     lines "name value": created, schema_version, incarnation, sha256, and for each
 *                    agency its chain: "chain <agency_id> <length> <head>"; "keys yes" if the
 *                    secret halves of the server's keys are in it
 *
 * The manifest is written last: a folder without one is not a backup. A restored database begins a
 * new incarnation, so terminals notice and offer again what the backup does not hold. */
#ifndef JC_STORE_BACKUP_H
#define JC_STORE_BACKUP_H

#include "base/clock.h"
#include "db/db.h"

/* What belongs to a database and lies beside it. `copy` is called with the snapshot, before the manifest is written,
 * or with the restored database, before it gets its name; `dir` is the backup's. */
struct jc_backup_files {
    void *ctx;
    enum jc_code (*copy)(void *ctx, struct jc_db *db, const char *dir, struct jc_err *err); /* NULL: there is nothing */
};

struct jc_backup_options {
    bool with_keys;      /* with the secret halves of the server's keys (store/server_key.h) */
    struct jc_str actor; /* for the audit log */
    struct jc_backup_files files;
};
/* Makes the folder if it is missing; JC_ALREADY_EXISTS if it already holds a backup. Others may write
 * meanwhile. Once the backup is whole the database notes up to where each chain is in it, which
 * receipts tell from then on, and each agency's audit log says that a backup was made. */
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
