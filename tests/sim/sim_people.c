/* The story of a seed: steps, then quiet, then the judgement. */
#include "sim/sim_people.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"

enum { QUIET_SYNCS = 20, DAY_MS = 24 * 3600 * 1000 };

static void fill_random(void *ctx, void *out, size_t len) {
    struct sim_world *world = ctx;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)sim_next(&world->keys);
}

/* --- what the seed is about ---------------------------------------------------------------------------------------------- */

static unsigned faults_of(struct sim_random *random) {
    static const unsigned CLASSES[] = {
        0,
        SIM_NETWORK,
        SIM_TERMINAL_CRASHES,
        SIM_NETWORK | SIM_SERVER_CRASHES,
        SIM_NETWORK | SIM_DISKS,
        SIM_CLOCKS | SIM_SCOPES,
        SIM_NETWORK | SIM_SCOPES,
        SIM_NETWORK | SIM_RESTORES,
        SIM_NETWORK | SIM_TERMINAL_CRASHES | SIM_SERVER_CRASHES,
        SIM_NETWORK | SIM_TERMINAL_CRASHES | SIM_SERVER_CRASHES | SIM_DISKS | SIM_CLOCKS | SIM_SCOPES,
        SIM_NETWORK | SIM_TERMINAL_CRASHES | SIM_SERVER_CRASHES | SIM_DISKS | SIM_CLOCKS | SIM_SCOPES | SIM_RESTORES,
    };
    return CLASSES[sim_below(random, sizeof CLASSES / sizeof *CLASSES)];
}

/* --- bad luck ---------------------------------------------------------------------------------------------------------------- */

static void spoil_disk(struct sim_disk *disk, struct sim_random *random, bool crashes, bool fails) {
    if (crashes && sim_chance(random, 60)) {
        int64_t at = 1 + sim_below(random, 40);
        disk->dies_in = disk->dies_in ? disk->dies_in : at;
    }
    if (fails && sim_chance(random, 60))
        disk->fails_in = 1 + sim_below(random, 40);
    if (fails && sim_chance(random, 30))
        disk->room_bytes = disk->room_bytes ? 0 : sim_disk_used(disk) + sim_below(random, 65536);
}

static void bad_luck_of_terminal(struct sim_story *story, struct sim_terminal *terminal) {
    struct sim_world *world = &story->world;
    struct sim_random *random = &world->disks;
    if (!terminal->store)
        return;
    spoil_disk(&terminal->disk, random, world->faults & SIM_TERMINAL_CRASHES, world->faults & SIM_DISKS);
    if (world->faults & SIM_TERMINAL_CRASHES && sim_chance(random, 20))
        sim_terminal_crash(terminal, sim_chance(random, 500));
    if (world->faults & SIM_NETWORK && sim_chance(random, 60))
        terminal->offline = !terminal->offline;
    if (world->faults & SIM_CLOCKS && sim_chance(random, 40)) {
        terminal->wrong_ms = (sim_below(random, 801) - 400) * (int64_t)DAY_MS / (sim_chance(random, 500) ? 1 : 1000);
        terminal->drift_ppm = sim_below(random, 401) - 200;
        sim_tell(world, "T%d clock off by %lld s", terminal->index, (long long)terminal->wrong_ms / 1000);
    }
}

static void bad_luck(struct sim_story *story) {
    struct sim_world *world = &story->world;
    struct sim_random *random = &world->disks;
    for (int i = 0; i < story->terminal_count; i++)
        bad_luck_of_terminal(story, &story->terminals[i]);
    spoil_disk(&story->server.disk, random, world->faults & SIM_SERVER_CRASHES, world->faults & SIM_DISKS);
    if (world->faults & SIM_SERVER_CRASHES && sim_chance(random, 20))
        sim_server_crash(&story->server, sim_chance(random, 500), sim_below(random, 60000));
    if (sim_chance(random, 10))
        sim_server_restart(&story->server);
    if (sim_chance(random, 40))
        sim_blobs_collect(&story->server);
    if (world->faults & SIM_RESTORES && sim_chance(random, 30))
        sim_server_backup(&story->server);
    if (world->faults & SIM_RESTORES && story->server.has_backup && story->server.restores < 2 &&
        sim_chance(random, 20)) {
        sim_judge_restored(&story->judge);
        sim_server_restore(&story->server);
    }
}

/* --- steps --------------------------------------------------------------------------------------------------------------------- */

/* Once records are sent, photos go up and down; after a cut at once again, before the server may have noticed. */
static void go_on_with_photos(struct sim_story *story, struct sim_terminal *terminal) {
    struct sim_random *random = &story->world.people;
    bool cut = terminal->result == JC_UNAVAILABLE || terminal->result == JC_DEADLINE_EXCEEDED;
    if (story->calm || !terminal->enrolled || (terminal->result != JC_OK && !cut))
        return;
    if (cut && terminal->action == sim_terminal_upload && sim_chance(random, 600))
        sim_terminal_start(terminal, sim_terminal_upload);
    if (cut)
        return;
    if (terminal->action == sim_terminal_sync && sim_chance(random, 800))
        sim_terminal_start(terminal, sim_chance(random, 500) ? sim_terminal_photos : sim_terminal_upload);
    else if (terminal->action == sim_terminal_upload && sim_chance(random, 500))
        sim_terminal_start(terminal, sim_terminal_fetch);
}

/* An action of the terminal has ended. */
static void finished(struct sim_terminal *terminal, void *ctx) {
    struct sim_story *story = ctx;
    if (terminal->action == sim_terminal_sync)
        sim_judge_synced(&story->judge, terminal);
    bool photos = terminal->action == sim_terminal_photos;
    if (terminal->action == sim_terminal_upload || photos)
        story->photos += terminal->uploaded.sent_blobs;
    if (terminal->action == sim_terminal_fetch || photos)
        story->fetched += terminal->fetched.blobs;
    if (terminal->action == sim_terminal_sync && terminal->result == JC_DATA_LOSS)
        sim_fail(&story->world, "I4", "T%d syncs: %s", terminal->index, sim_words(&terminal->err));
    if (terminal->action == sim_terminal_sync && terminal->result == JC_UNAUTHENTICATED) {
        terminal->enrolled = false; /* its holder asks for an invitation */
        terminal->again = true;
    }
    if (terminal->action == sim_terminal_enrol && terminal->result == JC_ALREADY_EXISTS)
        terminal->enrolled = true; /* it died behind the enrolment that it did not tell */
    if (terminal->action == sim_terminal_enrol && terminal->result == JC_UNAUTHENTICATED)
        terminal->code[0] = '\0'; /* expired, or of a life of the server that was lost */
    if (sim_terminal_survived(terminal)) {
        sim_check_terminal(&story->judge, terminal);
        go_on_with_photos(story, terminal);
    }
}

static void server_started(void *ctx) {
    sim_check_server(&((struct sim_story *)ctx)->judge);
}

static void step(struct sim_story *story) {
    struct sim_world *world = &story->world;
    struct sim_random *random = &world->people;
    bad_luck(story);
    if (sim_chance(random, 180))
        sim_planner_acts(story);
    else if (sim_chance(random, 40))
        sim_stick_carried(story, &story->terminals[sim_below(random, story->terminal_count)]);
    else if (sim_chance(random, 40))
        sim_stick_handed_over(story, &story->terminals[sim_below(random, story->terminal_count)],
                              &story->terminals[sim_below(random, story->terminal_count)]);
    else
        sim_inspector_acts(story, &story->terminals[sim_below(random, story->terminal_count)]);
    int64_t wait_ms = sim_chance(random, 600)   ? sim_below(random, 500)
                      : sim_chance(random, 900) ? sim_below(random, 120000)
                                                : sim_below(random, DAY_MS);
    sim_run_until(world, world->now_ms + wait_ms);
}

/* --- quiet ----------------------------------------------------------------------------------------------------------------------- */

static void calm(struct sim_story *story) {
    story->calm = true;
    story->world.faults = 0;
    story->net.faulty = false;
    struct sim_disk *server = &story->server.disk;
    server->dies_in = server->fails_in = server->room_bytes = 0;
    for (int i = 0; i < story->terminal_count; i++) {
        struct sim_terminal *terminal = &story->terminals[i];
        terminal->offline = false;
        terminal->disk.dies_in = terminal->disk.fails_in = terminal->disk.room_bytes = 0;
    }
    sim_tell(&story->world, "calm");
    sim_run_until(&story->world, story->world.now_ms + DAY_MS);
}

/* Lets an action run to its end. */
static void finish_action(struct sim_story *story, struct sim_terminal *terminal,
                          void (*action)(struct sim_terminal *terminal)) {
    if (!sim_terminal_is_idle(terminal)) {
        sim_fail(&story->world, "I4", "T%d is not there a day after all faults stopped", terminal->index);
        return;
    }
    sim_terminal_start(terminal, action);
    for (int i = 0; i < 10000 && !sim_terminal_is_idle(terminal) && !story->world.failed; i++)
        sim_run_until(&story->world, story->world.now_ms + 1000);
}

/* Nothing waits to be sent, and what is needed is here. Once sent, a receipt says so. */
static void bring_photos(struct sim_story *story, struct sim_terminal *terminal) {
    for (int tries = 0; !story->world.failed && tries < QUIET_SYNCS; tries++) {
        finish_action(story, terminal, sim_terminal_upload);
        bool sent = terminal->result == JC_OK && terminal->uploaded.waiting_blobs == 0;
        finish_action(story, terminal, sim_terminal_sync);
        if (sent && sim_check_uploads(&story->judge, terminal) == 0)
            return;
    }
    sim_fail(&story->world, "I14", "T%d does not get its photos through: %lld wait, %lld are lost; %s", terminal->index,
             (long long)terminal->uploaded.waiting_blobs, (long long)terminal->uploaded.lost_blobs,
             sim_words(&terminal->err));
}

/* The first time a colleague's work may wait for the colleague to be enrolled anew, on a server that lost the enrolment. */
static void bring_home(struct sim_story *story, struct sim_terminal *terminal, bool first) {
    for (int tries = 0; !story->world.failed && tries < QUIET_SYNCS; tries++) {
        if (!terminal->enrolled) {
            if (*terminal->code || sim_planner_invites(story, terminal))
                finish_action(story, terminal, sim_terminal_enrol);
            continue;
        }
        finish_action(story, terminal, sim_terminal_sync);
        if ((terminal->result == JC_OK && !terminal->synced.rebuild) || (first && terminal->result == JC_NOT_FOUND))
            return;
    }
    sim_fail(&story->world, "I4", "T%d does not get through: %s, %lld wait; %s", terminal->index,
             jc_code_name(terminal->result), (long long)terminal->synced.unsent, sim_words(&terminal->err));
}

static void judge(struct sim_story *story) {
    for (int round = 0; round < 2; round++) { /* what the last one sends, the first one must hear of */
        for (int i = 0; !story->world.failed && i < story->terminal_count; i++)
            bring_home(story, &story->terminals[i], round == 0);
    }
    for (int i = 0; !story->world.failed && i < story->terminal_count; i++)
        bring_photos(story, &story->terminals[i]);
    for (int i = 0; !story->world.failed && i < story->terminal_count; i++) {
        struct sim_terminal *terminal = &story->terminals[i];
        do
            finish_action(story, terminal, sim_terminal_fetch);
        while (terminal->result == JC_OK && terminal->fetched.waiting_blobs > 0 && terminal->fetched.bytes > 0);
        if (terminal->result != JC_OK || terminal->fetched.waiting_blobs || terminal->fetched.absent)
            sim_fail(&story->world, "I14", "T%d does not get the photos it needs: %s", terminal->index,
                     sim_words(&terminal->err));
        sim_check_terminal(&story->judge, terminal);
        sim_check_listing(&story->judge, terminal);
        if (terminal->synced.unsent > 0)
            sim_fail(&story->world, "I4", "%lld operations of T%d still wait", (long long)terminal->synced.unsent,
                     terminal->index);
        finish_action(story, terminal, sim_terminal_check);
        if (terminal->result != JC_OK || !terminal->checked.matched || !terminal->checked.ready)
            sim_fail(&story->world, "I3", "T%d compares with the server's digests: %s %s, %s", terminal->index,
                     sim_words(&terminal->err), terminal->checked.matched ? "same" : "different",
                     terminal->checked.ready ? "ready" : "not ready");
    }
    sim_check_server(&story->judge);
    sim_check_database(&story->judge);
    sim_check_seals(&story->judge);
    if (!story->world.failed)
        sim_check_photos_complete(&story->judge);
}

/* --- the whole ------------------------------------------------------------------------------------------------------------------- */

static void begin(struct sim_story *story, const struct sim_plan *plan) {
    struct sim_world *world = &story->world;
    sim_world_init(world, plan->seed);
    world->bug = plan->bug;
    world->tells = plan->tells;
    world->faults = faults_of(&world->people);
    jc_random_source(fill_random, world);
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, (int)(plan->seed % 1000000) + 1, NULL);
    sim_server_init(&story->server, world);
    story->server.started = server_started;
    story->server.started_ctx = story;
    sim_net_init(&story->net, world, &story->server);
    sim_judge_init(&story->judge, world, &story->server);
    story->terminal_count = 2 + (int)sim_below(&world->people, SIM_TERMINALS - 1);
    for (int i = 0; i < story->terminal_count; i++) {
        struct sim_terminal *terminal = &story->terminals[i];
        sim_terminal_init(terminal, world, &story->net, i + 1);
        snprintf(terminal->inspector_id, sizeof terminal->inspector_id, "i%d", 1 + i * 2 % SIM_INSPECTORS);
        terminal->finished = finished;
        terminal->ctx = story;
    }
    story->server.disk.writes = story->terminals[0].disk.writes = 0;
    story->server.disk.dies_in = plan->server_dies_at;
    story->terminals[0].disk.dies_in = plan->terminal_dies_at;
    sim_tell(world, "seed %llu, faults %#x, %d terminals", (unsigned long long)plan->seed, world->faults,
             story->terminal_count);
}

void sim_story_tell(struct sim_story *story, const struct sim_plan *plan) {
    memset(story, 0, sizeof *story);
    begin(story, plan);
    for (int i = 0; i < plan->steps && !story->world.failed; i++) {
        story->world.step = i + 1;
        step(story);
    }
    if (!story->world.failed)
        calm(story);
    if (!story->world.failed)
        judge(story);
}

void sim_story_free(struct sim_story *story) {
    for (int i = 0; i < story->terminal_count; i++)
        sim_terminal_free(&story->terminals[i]);
    sim_server_free(&story->server);
    sim_net_free(&story->net);
    sim_judge_free(&story->judge);
    sim_world_free(&story->world);
    jc_random_source(NULL, NULL);
}
