/* jiancha-sim: the terminal library and the sync core in one process, against bad luck (docs/TESTING.md).
 *
 *   jiancha-sim --seeds A..B [--steps N] [--trace] [--bug N]    stories of these seeds; 1 if one fails
 *   jiancha-sim --replay SEED [--steps N] [--bug N]             one story with all that happens
 *   jiancha-sim --twice A..B                                    each twice: the traces must be the same
 *   jiancha-sim --mutations [--seeds A..B]                      each deliberate bug must be found
 *   jiancha-sim --sweep SEED [--steps N] [--stride N]           one story, the server dying at each of its writes in
 *                                                               turn, then the first terminal at each of its
 *
 * JC_SIM_BUG=N is --bug N. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_people.h"

struct options {
    uint64_t first, last;
    int steps;
    enum sim_bug bug;
    int stride;
    bool trace, twice, mutations, sweep;
    int64_t server_dies_at, terminal_dies_at;
};

struct totals {
    int64_t server_writes, terminal_writes; /* of the last story */
    int64_t stories, records, orders, rechecks, others, acts, lives, lost, repeated, cut, sticks, shares, given,
        restores, photos, fetched, transfers, broken;
};

static struct sim_story story;

/* True if the story holds. */
static bool tell(const struct options *options, uint64_t seed, bool quiet, struct totals *totals, uint64_t *hash) {
    const struct sim_plan plan = {.seed = seed,
                                  .steps = options->steps,
                                  .bug = options->bug,
                                  .tells = options->trace,
                                  .server_dies_at = options->server_dies_at,
                                  .terminal_dies_at = options->terminal_dies_at};
    sim_story_tell(&story, &plan);
    bool failed = story.world.failed;
    *hash = story.world.hash;
    totals->stories++;
    totals->server_writes = story.server.disk.writes;
    totals->terminal_writes = story.terminals[0].disk.writes;
    totals->records += story.records;
    totals->orders += story.orders;
    totals->rechecks += story.rechecks;
    totals->others += story.others;
    totals->acts += story.acts;
    totals->lives += story.server.lives;
    totals->lost += story.net.lost;
    totals->repeated += story.net.repeated;
    totals->cut += story.net.cut;
    totals->sticks += story.sticks;
    totals->shares += story.shares;
    totals->given += story.given;
    totals->restores += story.server.restores;
    totals->photos += story.photos;
    totals->fetched += story.fetched;
    totals->transfers += story.server.blobs.begun;
    totals->broken += story.server.blobs.cut;
    if (failed && !quiet)
        printf("seed %llu fails at step %d: %s\n  jiancha-sim --replay %llu --steps %d%s\n", (unsigned long long)seed,
               story.world.failed_step, story.world.failure, (unsigned long long)seed, options->steps,
               options->bug ? " (with the same bug)" : "");
    sim_story_free(&story);
    return !failed;
}

static void print(const struct totals *t) {
    printf(
        "%lld stories: %lld records, %lld orders, %lld rechecks, %lld other works, %lld acts of planners, %lld restarts "
        "of servers, %lld backups taken back, %lld files carried, %lld changes of hands, %lld works handed over, "
        "%lld photos sent and %lld fetched in %lld requests (%lld cut), messages: %lld lost, %lld repeated, %lld cut\n",
        (long long)t->stories, (long long)t->records, (long long)t->orders, (long long)t->rechecks,
        (long long)t->others, (long long)t->acts, (long long)t->lives, (long long)t->restores, (long long)t->sticks,
        (long long)t->shares, (long long)t->given, (long long)t->photos, (long long)t->fetched, (long long)t->transfers,
        (long long)t->broken, (long long)t->lost, (long long)t->repeated, (long long)t->cut);
}

static int run_seeds(const struct options *options) {
    struct totals totals = {0};
    int failed = 0;
    for (uint64_t seed = options->first; seed <= options->last; seed++) {
        uint64_t hash = 0, again = 0;
        failed += !tell(options, seed, false, &totals, &hash);
        if (!options->twice)
            continue;
        (void)tell(options, seed, true, &totals, &again);
        if (hash != again) {
            printf("seed %llu is another story the second time\n", (unsigned long long)seed);
            failed++;
        }
    }
    print(&totals);
    return failed ? 1 : 0;
}

/* The story again for each write until which the server (or the first terminal) lives. */
static int sweep_one(struct options *with, int64_t *dies_at, int64_t writes, const char *who, struct totals *totals) {
    uint64_t hash = 0;
    int failed = 0;
    for (*dies_at = 1; *dies_at <= writes; *dies_at += with->stride) {
        if (tell(with, with->first, false, totals, &hash))
            continue;
        printf("  the %s dies at write %lld\n", who, (long long)*dies_at);
        failed++;
    }
    *dies_at = 0;
    return failed;
}

static int run_sweep(const struct options *options) {
    struct options with = *options;
    struct totals totals = {0};
    uint64_t hash = 0;
    int failed = !tell(&with, with.first, false, &totals, &hash);
    int64_t server = totals.server_writes, terminal = totals.terminal_writes;
    failed += sweep_one(&with, &with.server_dies_at, server, "server", &totals);
    failed += sweep_one(&with, &with.terminal_dies_at, terminal, "first terminal", &totals);
    print(&totals);
    return failed ? 1 : 0;
}

/* Each bug must be found within the seeds; prints by which. */
static int run_mutations(const struct options *options) {
    struct options with = *options;
    struct totals totals = {0};
    int missed = 0;
    for (int bug = SIM_BUG_NONE + 1; bug < SIM_BUGS; bug++) {
        uint64_t seed = options->first, hash;
        with.bug = (enum sim_bug)bug;
        while (seed <= options->last && tell(&with, seed, true, &totals, &hash))
            seed++;
        bool found = seed <= options->last;
        missed += !found;
        printf("bug %2d: %s %llu: %s\n", bug, found ? "found by seed" : "NOT FOUND up to seed",
               (unsigned long long)(found ? seed : options->last), found ? story.world.failure : "");
    }
    return missed ? 1 : 0;
}

static bool read_range(const char *text, struct options *options) {
    char *end;
    options->first = options->last = strtoull(text, &end, 10);
    if (strncmp(end, "..", 2) == 0)
        options->last = strtoull(end + 2, &end, 10);
    return *end == '\0' && options->first <= options->last;
}

static bool read_options(int argc, char **argv, struct options *options) {
    const char *bug = getenv("JC_SIM_BUG");
    *options =
        (struct options){.first = 1, .last = 500, .steps = 120, .stride = 1, .bug = bug ? (enum sim_bug)atoi(bug) : 0};
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(option, "--trace") == 0) {
            options->trace = true;
        } else if (strcmp(option, "--mutations") == 0) {
            options->mutations = true;
        } else if (strcmp(option, "--seeds") == 0 || strcmp(option, "--replay") == 0 ||
                   strcmp(option, "--twice") == 0 || strcmp(option, "--sweep") == 0) {
            options->trace |= option[2] == 'r';
            options->twice |= option[2] == 't';
            options->sweep |= option[3] == 'w' && option[2] == 's';
            i++;
            if (!read_range(value, options))
                return false;
        } else if (strcmp(option, "--steps") == 0 || strcmp(option, "--stride") == 0 || strcmp(option, "--bug") == 0) {
            i++;
            if (strcmp(option, "--steps") == 0)
                options->steps = atoi(value);
            else if (strcmp(option, "--stride") == 0)
                options->stride = atoi(value) > 0 ? atoi(value) : 1;
            else
                options->bug = (enum sim_bug)atoi(value);
        } else {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv) {
    struct options options;
    if (!read_options(argc, argv, &options) || !jc_id_init()) {
        fputs(
            "jiancha-sim [--seeds A..B | --replay SEED | --twice A..B | --sweep SEED | --mutations] [--steps N] [--stride N] "
            "[--bug N] [--trace]\n",
            stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    return options.mutations ? run_mutations(&options) : options.sweep ? run_sweep(&options) : run_seeds(&options);
}
