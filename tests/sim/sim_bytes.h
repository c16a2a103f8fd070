/* The bytes of a file in memory that lose what was not synced: what was synced last, and the list of writes since. */
#ifndef JC_SIM_BYTES_H
#define JC_SIM_BYTES_H

#include "sim/sim_world.h"

enum { SIM_SECTOR = 512 };

struct sim_change { /* a write, or (bytes NULL) the new length */
    int64_t at, len;
    uint8_t *bytes;
};

struct sim_bytes {
    uint8_t *now, *durable;
    int64_t size, capacity, durable_size, durable_capacity;
    struct sim_change *changes; /* since the last sync */
    size_t change_count, change_capacity;
};

void sim_bytes_free(struct sim_bytes *bytes);
/* A write; with `dies` the machine dies of it: some of it may be left, nobody sees it. */
void sim_bytes_write(struct sim_bytes *bytes, int64_t at, const void *from, int64_t len, bool dies);
void sim_bytes_resize(struct sim_bytes *bytes, int64_t size);
void sim_bytes_sync(struct sim_bytes *bytes);
/* After a death: each write left all, nothing, or whole sectors of its beginning, in no order (`power`); a program that
 * was killed loses nothing. */
void sim_bytes_settle(struct sim_bytes *bytes, struct sim_random *random, bool power);
/* Becomes what another is now, all of it durable. */
void sim_bytes_copy(struct sim_bytes *to, const struct sim_bytes *from);

#endif
