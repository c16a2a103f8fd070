/* Two semaphores pass the right to run between the world and the terminal's thread. A terminal that dies while
 * its thread waits is woken at once: the call fails, everything on the dead disk fails, the action ends. */
#include "sim/sim_terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "terminal/store.h"

enum { ACTION_MEMORY = 256 << 20, REBOOT_MS = 20000 };

/* --- clocks ------------------------------------------------------------------------------------------------------- */

int64_t sim_terminal_now(const struct sim_terminal *terminal) {
    int64_t up_ms = terminal->world->now_ms - terminal->booted_ms;
    return terminal->world->now_ms + terminal->wrong_ms + up_ms / 1000 * terminal->drift_ppm / 1000;
}

static int64_t wall_now(void *ctx) {
    return sim_terminal_now(ctx);
}

static int64_t steady_now(void *ctx) {
    const struct sim_terminal *terminal = ctx;
    return terminal->world->now_ms - terminal->booted_ms;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void switch_on(void *ctx);

static void settle_and_plan(struct sim_terminal *terminal, bool power) {
    jc_terminal_close(terminal->store);
    terminal->store = NULL;
    sim_disk_settle(&terminal->disk, power);
    sim_after(terminal->world, 1000 + sim_below(&terminal->world->crashes, REBOOT_MS), switch_on, terminal);
}

bool sim_terminal_survived(struct sim_terminal *terminal) {
    if (!terminal->disk.dead)
        return true;
    sim_tell(terminal->world, "T%d died at write %lld", terminal->index, (long long)terminal->disk.writes);
    settle_and_plan(terminal, sim_chance(&terminal->world->crashes, 700));
    return false;
}

static void switch_on(void *ctx) {
    struct sim_terminal *terminal = ctx;
    struct jc_err err = {0};
    if (terminal->store)
        return;
    terminal->booted_ms = terminal->world->now_ms - 1;
    for (size_t i = 0; i < sizeof terminal->boot_id.bytes; i++)
        terminal->boot_id.bytes[i] = (uint8_t)sim_next(&terminal->world->keys);
    struct jc_terminal_config config = {.path = terminal->path,
                                        .create = true,
                                        .wall = {wall_now, terminal},
                                        .steady = {steady_now, terminal},
                                        .vfs = terminal->disk.name,
                                        .inline_writer = true,
                                        .boot_id = &terminal->boot_id};
    enum jc_code code = jc_terminal_open(&config, &terminal->store, &err);
    if (terminal->disk.dead || code == JC_UNAVAILABLE) {
        settle_and_plan(terminal, true);
        return;
    }
    if (code != JC_OK) {
        sim_fail(terminal->world, "I8", "T%d does not start: %s: %s", terminal->index, jc_code_name(code), err.detail);
        return;
    }
    sim_tell(terminal->world, "T%d on", terminal->index);
    if (terminal->finished)
        terminal->finished(terminal, terminal->ctx);
}

void sim_terminal_crash(struct sim_terminal *terminal, bool power) {
    if (!terminal->store)
        return;
    sim_tell(terminal->world, "T%d %s", terminal->index, power ? "battery empty" : "killed");
    terminal->disk.dead = true;
    if (terminal->busy)
        sim_terminal_wake(terminal); /* ends the action, which settles */
    else
        settle_and_plan(terminal, power);
}

bool sim_terminal_is_idle(const struct sim_terminal *terminal) {
    return terminal->store && !terminal->busy && !terminal->disk.dead;
}

/* --- the thread --------------------------------------------------------------------------------------------------- */

static void *run(void *ctx) {
    struct sim_terminal *terminal = ctx;
    for (;;) {
        sem_wait(&terminal->go);
        if (terminal->quits)
            return NULL;
        terminal->action(terminal);
        terminal->busy = false;
        sem_post(&terminal->back);
    }
}

void sim_terminal_wait(struct sim_terminal *terminal) {
    sem_post(&terminal->back);
    sem_wait(&terminal->go);
}

void sim_terminal_wake(struct sim_terminal *terminal) {
    sem_post(&terminal->go);
    sem_wait(&terminal->back);
    if (terminal->busy)
        return;
    if (sim_terminal_survived(terminal) && terminal->finished)
        terminal->finished(terminal, terminal->ctx);
}

void sim_terminal_start(struct sim_terminal *terminal, void (*action)(struct sim_terminal *terminal)) {
    jc_arena_reset(terminal->arena);
    terminal->action = action;
    terminal->era = terminal->net->server->restores;
    terminal->busy = true;
    sim_terminal_wake(terminal);
}

void sim_terminal_init(struct sim_terminal *terminal, struct sim_world *world, struct sim_net *net, int index) {
    char name[SIM_NAME];
    *terminal = (struct sim_terminal){.world = world, .net = net, .index = index};
    snprintf(name, sizeof name, "sim-terminal-%d", index);
    snprintf(terminal->path, sizeof terminal->path, "/%s/terminal", name);
    sim_disk_init(&terminal->disk, world, name);
    terminal->disk.lies = world->bug == SIM_BUG_TERMINAL_SYNC;
    terminal->transport = (struct jc_transport){.call = sim_net_call, .ctx = terminal, .exchange = sim_net_exchange};
    terminal->arena = jc_arena_new(ACTION_MEMORY);
    sem_init(&terminal->go, 0, 0);
    sem_init(&terminal->back, 0, 0);
    if (pthread_create(&terminal->thread, NULL, run, terminal) != 0) {
        fprintf(stderr, "jiancha-sim: no thread\n");
        exit(2);
    }
    switch_on(terminal);
}

void sim_terminal_free(struct sim_terminal *terminal) {
    terminal->finished = NULL;
    terminal->disk.dead = true;
    for (; terminal->busy;) { /* its action fails its way to the end */
        sem_post(&terminal->go);
        sem_wait(&terminal->back);
    }
    terminal->quits = true;
    sem_post(&terminal->go);
    pthread_join(terminal->thread, NULL);
    jc_terminal_close(terminal->store);
    sem_destroy(&terminal->go);
    sem_destroy(&terminal->back);
    jc_arena_free(terminal->arena);
    sim_disk_free(&terminal->disk);
}

/* --- actions ------------------------------------------------------------------------------------------------------ */

void sim_terminal_enrol(struct sim_terminal *terminal) {
    struct jc_terminal_invitation invitation = {.server = JC_STR("http://sim"),
                                                .code = jc_str(terminal->code),
                                                .device_name = JC_STR("sim"),
                                                .again = terminal->again};
    struct jc_terminal_holder holder;
    terminal->err.code = JC_OK;
    terminal->result = jc_terminal_enroll(terminal->store, &terminal->transport, &invitation, terminal->arena, &holder,
                                          &terminal->err);
    if (terminal->result == JC_OK) {
        terminal->enrolled = true;
        terminal->code[0] = '\0';
    }
    sim_tell(terminal->world, "T%d enrols: %s", terminal->index, jc_code_name(terminal->result));
}

static const char SENT[] = "UPDATE operation SET unsent = 0, proven = 1 WHERE unsent = 1";

static enum jc_code take_for_sent(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_exec(tx, SENT, JC_NO_VALUES, err);
}

void sim_terminal_sync(struct sim_terminal *terminal) {
    struct sim_random *random = &terminal->world->network;
    bool repeat = sim_chance(random, 200) && !(terminal->world->faults & SIM_RESTORES);
    struct jc_terminal_sync_options options = {.repeat = repeat,
                                               .batch_operations =
                                                   sim_chance(random, 300) ? 1 + (int)sim_below(random, 3) : 0,
                                               .page_bytes = sim_chance(random, 300) ? 4096 : 0};
    terminal->err.code = JC_OK;
    terminal->result = jc_terminal_sync(terminal->store, &terminal->transport, &options, terminal->arena,
                                        &terminal->synced, &terminal->err);
    if (terminal->world->bug == SIM_BUG_SENT_UNHEARD && terminal->result == JC_UNAVAILABLE && !terminal->offline)
        (void)jc_terminal_write(terminal->store, take_for_sent, NULL, &terminal->err);
    sim_tell(terminal->world, "T%d syncs: %s %s, %lld rounds, %lld sent, %lld kept, %lld received, unsent %lld",
             terminal->index, jc_code_name(terminal->result), terminal->result ? terminal->err.detail : "",
             (long long)terminal->synced.rounds, (long long)terminal->synced.sent, (long long)terminal->synced.kept,
             (long long)terminal->synced.received, (long long)terminal->synced.unsent);
}

void sim_terminal_upload(struct sim_terminal *terminal) {
    struct sim_random *random = &terminal->world->network;
    struct jc_terminal_upload_options options = {.budget_bytes =
                                                     sim_chance(random, 300) ? 1 + sim_below(random, 3000) : 0};
    terminal->err.code = JC_OK;
    terminal->result = jc_terminal_upload(terminal->store, &terminal->transport, &options, terminal->arena,
                                          &terminal->uploaded, &terminal->err);
    sim_tell(terminal->world, "T%d uploads: %s %s, %lld photos of %lld bytes sent, %lld wait, %lld are lost",
             terminal->index, jc_code_name(terminal->result), terminal->result ? terminal->err.detail : "",
             (long long)terminal->uploaded.sent_blobs, (long long)terminal->uploaded.sent_bytes,
             (long long)terminal->uploaded.waiting_blobs, (long long)terminal->uploaded.lost_blobs);
}

void sim_terminal_fetch(struct sim_terminal *terminal) {
    const struct jc_terminal_fetched *fetched = &terminal->fetched;
    terminal->err.code = JC_OK;
    terminal->result = jc_terminal_fetch(
        terminal->store, &terminal->transport,
        sim_chance(&terminal->world->network, 300) ? 1 + sim_below(&terminal->world->network, 3000) : 0,
        terminal->arena, &terminal->fetched, &terminal->err);
    sim_tell(terminal->world, "T%d fetches: %s %s, %lld photos, %lld bytes, %lld are not there", terminal->index,
             jc_code_name(terminal->result), terminal->result ? terminal->err.detail : "", (long long)fetched->blobs,
             (long long)fetched->bytes, (long long)fetched->absent);
}

void sim_terminal_photos(struct sim_terminal *terminal) {
    struct jc_terminal_photos_result photos = {0};
    terminal->err.code = JC_OK;
    terminal->result =
        jc_terminal_photos(terminal->store, &terminal->transport, 1 + sim_below(&terminal->world->network, 20000),
                           terminal->arena, &photos, &terminal->err);
    terminal->uploaded = photos.upload;
    terminal->fetched = photos.fetched;
    sim_tell(terminal->world, "T%d photos: %s, %lld sent, %lld fetched, %lld and %lld wait", terminal->index,
             jc_code_name(terminal->result), (long long)photos.upload.sent_blobs, (long long)photos.fetched.blobs,
             (long long)photos.upload.waiting_blobs, (long long)photos.fetched.waiting_blobs);
}

void sim_terminal_check(struct sim_terminal *terminal) {
    terminal->err.code = JC_OK;
    terminal->result =
        jc_terminal_check(terminal->store, &terminal->transport, terminal->arena, &terminal->checked, &terminal->err);
    sim_tell(terminal->world, "T%d compares: %s, %s, %s", terminal->index, jc_code_name(terminal->result),
             terminal->checked.matched ? "matches" : "differs", terminal->checked.ready ? "ready" : "not ready");
    for (size_t i = 0; terminal->result == JC_OK && i < terminal->checked.missing_count; i++) {
        const struct jc_terminal_missing *missing = &terminal->checked.missing[i];
        char task[JC_UUID_TEXT];
        sim_tell(terminal->world, "T%d lacks kind %d of task %.*s at %.*s", terminal->index, (int)missing->kind,
                 JC_FMT(jc_uuid_format(missing->task_id, task)), JC_FMT(missing->unit_id));
    }
}
