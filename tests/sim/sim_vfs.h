/* A disk in memory, seen by SQLite as a file system layer, that loses what was not synced.
 *
 * A file is what was synced last plus the list of writes since. When the machine dies the disk is dead: every
 * call fails without effect, so whatever runs ends with errors. sim_disk_settle() then decides what each
 * write left: all, nothing, or whole sectors of its beginning, in no order, as disks do; the index of the log,
 * which is memory, is gone. A program that was killed (not the machine) loses nothing that it wrote.
 *
 * Making and removing databases is durable at once; of other files sim_tree.h says more. One disk serves one node: all
 * its connections see the same bytes and each other's locks. */
#ifndef JC_SIM_VFS_H
#define JC_SIM_VFS_H

#include <sqlite3.h>

#include "sim/sim_tree.h"

enum { SIM_FILES = 8, SIM_NAME = 24 };

struct sim_file {
    char name[64];
    bool exists;
    struct sim_bytes bytes;
    struct sim_handle *handles; /* open connections */
    void **regions;             /* of the log's index */
    int region_count;
};

struct sim_disk {
    char name[SIM_NAME]; /* of the layer: jc_db_config.vfs */
    sqlite3_vfs vfs;
    struct sim_world *world;
    struct sim_file files[SIM_FILES];
    struct sim_tree tree; /* what is no database: photos (sim_posix.h) */
    bool dead;
    bool lies;          /* "synced" means nothing (SIM_BUG_…) */
    int64_t dies_in;    /* writes, syncs and truncations until the machine dies; 0: it lives */
    int64_t fails_in;   /* until one of them fails, once; 0: none does */
    int64_t room_bytes; /* of all files together; 0: without limit */
    int64_t writes;     /* calls so far */
};

void sim_disk_init(struct sim_disk *disk, struct sim_world *world, const char *name);
void sim_disk_free(struct sim_disk *disk);
/* Counts a call that changes the disk. False: it fails; *dies: the machine dies of it. */
bool sim_disk_changes(struct sim_disk *disk, bool *dies);
int64_t sim_disk_used(const struct sim_disk *disk);
/* After a death, once everything on it is closed: what is left. `power`: the machine died, not the program. */
void sim_disk_settle(struct sim_disk *disk, bool power);
/* Takes over all files of another, photos too, as they are written now. Nothing is open on either. */
void sim_disk_copy(struct sim_disk *to, const struct sim_disk *from);

#endif
