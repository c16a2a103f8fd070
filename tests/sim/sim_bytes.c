/* Two arrays and a list: `now` is what a program reads, `durable` what a death leaves at least. */
#include "sim/sim_bytes.h"

#include <stdlib.h>
#include <string.h>

static void resize(uint8_t **bytes, int64_t *size, int64_t *capacity, int64_t wanted) {
    if (wanted > *capacity) {
        *capacity = wanted + wanted / 2 + 4096;
        *bytes = sim_alloc(*bytes, (size_t)*capacity);
    }
    if (wanted > *size)
        memset(*bytes + *size, 0, (size_t)(wanted - *size));
    *size = wanted;
}

static void put(uint8_t **bytes, int64_t *size, int64_t *capacity, int64_t at, const void *from, int64_t len) {
    if (at + len > *size)
        resize(bytes, size, capacity, at + len);
    if (len > 0)
        memcpy(*bytes + at, from, (size_t)len);
}

static void note_change(struct sim_bytes *bytes, int64_t at, int64_t len, const void *from) {
    if (bytes->change_count == bytes->change_capacity) {
        bytes->change_capacity = bytes->change_capacity ? 2 * bytes->change_capacity : 16;
        bytes->changes = sim_alloc(bytes->changes, bytes->change_capacity * sizeof *bytes->changes);
    }
    struct sim_change *change = &bytes->changes[bytes->change_count++];
    *change = (struct sim_change){at, len, NULL};
    if (from) {
        change->bytes = sim_alloc(NULL, (size_t)len);
        memcpy(change->bytes, from, (size_t)len);
    }
}

/* The first `len` bytes of the change become durable. */
static void keep_change(struct sim_bytes *bytes, const struct sim_change *change, int64_t len) {
    if (!change->bytes)
        resize(&bytes->durable, &bytes->durable_size, &bytes->durable_capacity, change->at);
    else if (len > 0)
        put(&bytes->durable, &bytes->durable_size, &bytes->durable_capacity, change->at, change->bytes, len);
}

static void forget_changes(struct sim_bytes *bytes) {
    for (size_t i = 0; i < bytes->change_count; i++)
        free(bytes->changes[i].bytes);
    bytes->change_count = 0;
}

void sim_bytes_free(struct sim_bytes *bytes) {
    forget_changes(bytes);
    free(bytes->changes);
    free(bytes->now);
    free(bytes->durable);
    *bytes = (struct sim_bytes){.now = NULL};
}

void sim_bytes_write(struct sim_bytes *bytes, int64_t at, const void *from, int64_t len, bool dies) {
    note_change(bytes, at, len, from);
    if (!dies)
        put(&bytes->now, &bytes->size, &bytes->capacity, at, from, len);
}

void sim_bytes_resize(struct sim_bytes *bytes, int64_t size) {
    note_change(bytes, size, 0, NULL);
    resize(&bytes->now, &bytes->size, &bytes->capacity, size);
}

void sim_bytes_sync(struct sim_bytes *bytes) {
    for (size_t i = 0; i < bytes->change_count; i++)
        keep_change(bytes, &bytes->changes[i], bytes->changes[i].len);
    forget_changes(bytes);
}

static int64_t bytes_left(struct sim_random *random, int64_t len) {
    switch (sim_below(random, 3)) {
    case 0:
        return 0;
    case 1:
        return len;
    default:
        return sim_below(random, len / SIM_SECTOR + 1) * SIM_SECTOR;
    }
}

void sim_bytes_settle(struct sim_bytes *bytes, struct sim_random *random, bool power) {
    for (size_t i = 0; i < bytes->change_count; i++) {
        const struct sim_change *change = &bytes->changes[i];
        if (!power || change->bytes || sim_chance(random, 500))
            keep_change(bytes, change, power ? bytes_left(random, change->len) : change->len);
    }
    forget_changes(bytes);
    resize(&bytes->now, &bytes->size, &bytes->capacity, bytes->durable_size);
    if (bytes->durable_size)
        memcpy(bytes->now, bytes->durable, (size_t)bytes->durable_size);
}

void sim_bytes_copy(struct sim_bytes *to, const struct sim_bytes *from) {
    sim_bytes_free(to);
    put(&to->now, &to->size, &to->capacity, 0, from->now, from->size);
    put(&to->durable, &to->durable_size, &to->durable_capacity, 0, from->now, from->size);
}
