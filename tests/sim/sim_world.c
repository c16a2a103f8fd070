/* Events in a binary heap by time and order of planning; chance by SplitMix64. */
#include "sim/sim_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 2023-01-10T01:00:00Z, 09:00 in China. */
static const int64_t BEGIN_MS = 1673312400000;

uint64_t sim_next(struct sim_random *random) {
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

int64_t sim_below(struct sim_random *random, int64_t n) {
    uint64_t value = sim_next(random);
    return n < 1 ? 0 : (int64_t)(value % (uint64_t)n);
}

bool sim_chance(struct sim_random *random, int permille) {
    return sim_below(random, 1000) < permille;
}

void *sim_alloc(void *old, size_t size) {
    void *memory = realloc(old, size ? size : 1);
    if (!memory) {
        fprintf(stderr, "jiancha-sim: out of memory\n");
        exit(2);
    }
    return memory;
}

void sim_world_init(struct sim_world *world, uint64_t seed) {
    *world = (struct sim_world){.seed = seed, .now_ms = BEGIN_MS, .hash = UINT64_C(14695981039346656037)};
    struct sim_random *streams[] = {&world->network, &world->disks, &world->people, &world->keys, &world->crashes};
    struct sim_random source = {seed};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        streams[i]->state = sim_next(&source);
}

void sim_world_free(struct sim_world *world) {
    free(world->events);
    world->events = NULL;
    world->event_count = world->event_capacity = 0;
}

/* --- what happens next ------------------------------------------------------------------------------------- */

static bool comes_before(const struct sim_event *a, const struct sim_event *b) {
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->sequence < b->sequence;
}

void sim_after(struct sim_world *world, int64_t delay_ms, void (*run)(void *ctx), void *ctx) {
    if (world->event_count == world->event_capacity) {
        world->event_capacity = world->event_capacity ? 2 * world->event_capacity : 64;
        world->events = sim_alloc(world->events, world->event_capacity * sizeof *world->events);
    }
    struct sim_event event = {world->now_ms + delay_ms, world->sequence++, run, ctx};
    size_t at = world->event_count++;
    for (; at > 0 && comes_before(&event, &world->events[(at - 1) / 2]); at = (at - 1) / 2)
        world->events[at] = world->events[(at - 1) / 2];
    world->events[at] = event;
}

static struct sim_event take_first(struct sim_world *world) {
    struct sim_event first = world->events[0], last = world->events[--world->event_count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < world->event_count; at = child) {
        if (child + 1 < world->event_count && comes_before(&world->events[child + 1], &world->events[child]))
            child++;
        if (!comes_before(&world->events[child], &last))
            break;
        world->events[at] = world->events[child];
    }
    world->events[at] = last;
    return first;
}

void sim_run_until(struct sim_world *world, int64_t at_ms) {
    while (!world->failed && world->event_count > 0 && world->events[0].at_ms <= at_ms) {
        struct sim_event event = take_first(world);
        world->now_ms = event.at_ms;
        event.run(event.ctx);
    }
    if (world->now_ms < at_ms)
        world->now_ms = at_ms;
}

/* --- telling ------------------------------------------------------------------------------------------------- */

void sim_tell(struct sim_world *world, const char *format, ...) {
    char line[512];
    int used = snprintf(line, sizeof line, "%3d %12.3f ", world->step, (double)(world->now_ms - BEGIN_MS) / 1000);
    va_list args;
    va_start(args, format);
    vsnprintf(line + used, sizeof line - (size_t)used, format, args);
    va_end(args);
    for (const char *c = line; *c; c++)
        world->hash = (world->hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
    if (world->tells)
        puts(line);
}

void sim_fail(struct sim_world *world, const char *invariant, const char *format, ...) {
    char words[SIM_FAILURE_TEXT - 16];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    sim_tell(world, "VIOLATION %s: %s", invariant, words);
    if (world->failed)
        return;
    world->failed = true;
    world->failed_step = world->step;
    snprintf(world->failure, sizeof world->failure, "%s: %s", invariant, words);
}
