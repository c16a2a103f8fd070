/* The system's calls for files, so that the real code finds the trees of the simulation's disks (sim_tree.h) under
 * "/NAME/…", NAME being the disk's; every other path and descriptor is the system's as ever.
 *
 * A call that changes something counts as a write of its disk: it may fail, or be the last thing that the machine does. */
#ifndef JC_SIM_POSIX_H
#define JC_SIM_POSIX_H

struct sim_disk;

/* A disk is known from its beginning to its end. */
void sim_posix_know(struct sim_disk *disk);
void sim_posix_forget(struct sim_disk *disk);

#endif
