/* The blobs of a backup: every file that the snapshot's rows name, under the same names.
 *
 *   DIR/blobs/AGENCY/ab/cdef...
 *
 * Copies are hashed as they lie on the disk. With an earlier backup on the same disk a file that is in it gets a
 * second name instead of a second copy: blobs never change. */
#ifndef JC_BLOB_BACKUP_H
#define JC_BLOB_BACKUP_H

#include "blob/check.h"
#include "store/backup.h"

struct jc_blob_backup {
    struct jc_blob_folder *folder; /* of the database */
    const char *previous;          /* an earlier backup; NULL: none */
    /* Tells what has no good file. Backing up: check.db is the live database, which knows what retention has deleted
     * since the snapshot. Restoring: set here; what is missing counts as such in the new database. */
    struct jc_blob_check check;
    int64_t copied, linked, kept; /* kept: restored before, or never lost */

    struct jc_blob_folder *from, *to; /* while one of the two runs */
};

/* For jc_backup_make. A missing or altered blob is told and is no failure: the rest is worth more with every file that
 * is lost. */
struct jc_backup_files jc_blob_backup_files(struct jc_blob_backup *backup);
/* For jc_backup_restore: what is whole in backup->folder already stays. */
struct jc_backup_files jc_blob_restore_files(struct jc_blob_backup *backup);

#endif
