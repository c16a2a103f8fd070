/* A disk in memory, seen by SQLite as a file system layer, that loses what was not synced.
 *
 * A file is what was synced last plus the list of writes since. When the machine dies the disk is dead: every
 * call fails without effect, so whatever runs ends with errors. sim_disk_settle() then decides what each
 * write left: all, nothing, or whole sectors of its beginning, in no order, as disks do; the index of the log,
 * which is memory, is gone. A program that was killed (not the machine) loses nothing that it wrote.
 *
 * Making and removing files is durable at once. One disk serves one node: all its connections see the same
 * bytes and each other's locks. */
#ifndef JC_SIM_VFS_H
#define JC_SIM_VFS_H

#include <sqlite3.h>

#include "sim/sim_world.h"

enum { SIM_FILES = 8, SIM_NAME = 24, SIM_SECTOR = 512 };

struct sim_change { /* a write, or (bytes NULL) the new length */
    int64_t at, len;
    uint8_t *bytes;
};

struct sim_file {
    char name[64];
    bool exists;
    uint8_t *now, *durable;
    int64_t size, capacity, durable_size, durable_capacity;
    struct sim_change *changes; /* since the last sync */
    size_t change_count, change_capacity;
    struct sim_handle *handles; /* open connections */
    void **regions;             /* of the log's index */
    int region_count;
};

struct sim_disk {
    char name[SIM_NAME]; /* of the layer: jc_db_config.vfs */
    sqlite3_vfs vfs;
    struct sim_world *world;
    struct sim_file files[SIM_FILES];
    bool dead;
    bool lies;          /* "synced" means nothing (SIM_BUG_…) */
    int64_t dies_in;    /* writes, syncs and truncations until the machine dies; 0: it lives */
    int64_t fails_in;   /* until one of them fails, once; 0: none does */
    int64_t room_bytes; /* of all files together; 0: without limit */
    int64_t writes;     /* calls so far */
};

void sim_disk_init(struct sim_disk *disk, struct sim_world *world, const char *name);
void sim_disk_free(struct sim_disk *disk);
int64_t sim_disk_used(const struct sim_disk *disk);
/* After a death, once everything on it is closed: what is left. `power`: the machine died, not the program. */
void sim_disk_settle(struct sim_disk *disk, bool power);
/* Takes over all files of another, as they are written now. Nothing is open on either. */
void sim_disk_copy(struct sim_disk *to, const struct sim_disk *from);

#endif
