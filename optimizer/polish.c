/* Fix-and-optimise (formula (28)).
 *
 * A part is drawn as months × teams: first a team, then others that share a unit with it. Its size is a
 * number of cells (a month of a team), kept in fixed point and adapted by what branch and bound says. */
#include "optimizer/polish.h"

#include <string.h>

#include "optimizer/mip.h"
#include "optimizer/random.h"

enum {
    COLUMNS_MOST = 30000, /* of a component: its program is built anew for every part */
    NODES = 60,           /* of a part */
    CELL = 256,           /* of the size, in fixed point */
    FIRST_CELLS = 10,
    LEAST_CELLS = 2,
    GROW = 32, /* parts of the size */
    SHRINK = 6,
};

struct jc_polish {
    const struct jc_instance *in;
    struct jc_mip *mip; /* NULL: too large */
    struct jc_random random;
    struct jc_snapshot *plan, *found;
    struct jc_freedom freedom;
    bool *open_team; /* of the part */
    int32_t *movable;
    int32_t n_movable;
    int64_t size;
    int64_t work; /* beyond the shares so far */
};

static void list_movable(struct jc_polish *p) {
    for (int32_t u = 0; u < p->in->n_units; u++) {
        const struct jc_plan_unit *unit = &p->in->units[u];
        if (unit->n_choices > 1 || (unit->n_choices == 1 && p->in->choices[unit->first_choice].patterns->n > 1))
            p->movable[p->n_movable++] = u;
    }
}

struct jc_polish *jc_polish_new(const struct jc_instance *in, uint64_t seed, struct jc_arena *arena) {
    struct jc_polish *p = JC_NEW(arena, struct jc_polish);
    if (!p)
        return NULL;
    p->in = in;
    p->size = FIRST_CELLS * CELL;
    if (in->n_choices > COLUMNS_MOST)
        return p;
    jc_random_seed(&p->random, seed, 2);
    p->mip = jc_mip_new(in, arena);
    p->plan = jc_snapshot_new(in, arena);
    p->found = jc_snapshot_new(in, arena);
    p->freedom.unit = JC_NEW_ARRAY(arena, (size_t)in->n_units + 1, uint16_t);
    p->freedom.choice = JC_NEW_ARRAY(arena, (size_t)in->n_units + 1, bool);
    p->freedom.draw = JC_NEW_ARRAY(arena, (size_t)in->n_draws + 1, bool);
    p->open_team = JC_NEW_ARRAY(arena, (size_t)in->n_teams + 1, bool);
    p->movable = JC_NEW_ARRAY(arena, (size_t)in->n_units + 1, int32_t);
    if (!p->mip || !p->plan || !p->found || !p->freedom.unit || !p->freedom.choice || !p->freedom.draw ||
        !p->open_team || !p->movable)
        return NULL;
    p->plan->totals = (struct jc_totals){INT64_MAX, INT64_MAX, INT64_MAX};
    list_movable(p);
    return p;
}

bool jc_polish_fits(const struct jc_polish *p) {
    for (int32_t c = 0; p->mip && c < jc_mip_components(p->mip); c++)
        if (jc_mip_columns(p->mip, c) > COLUMNS_MOST)
            return false;
    return p->mip && p->n_movable > 0;
}

/* --- a part ------------------------------------------------------------------------------------------------ */

static uint32_t below(struct jc_polish *p, int64_t n) {
    return jc_random_below(&p->random, (uint32_t)n);
}

/* Half of the time months in a row. */
static uint16_t draw_months(struct jc_polish *p, int n) {
    uint32_t months = 0;
    if (n >= JC_MONTHS)
        return 0xfff;
    bool row = below(p, 2);
    uint32_t at = below(p, JC_MONTHS);
    while (__builtin_popcount(months) < n) {
        months |= 1u << at;
        at = row ? (at + 1) % JC_MONTHS : below(p, JC_MONTHS);
    }
    return (uint16_t)months;
}

/* Opens a team and n - 1 others, if possible such that share units with one that is open. Returns how many. */
static int draw_teams(struct jc_polish *p, int32_t first, int n) {
    const struct jc_instance *in = p->in;
    memset(p->open_team, 0, (size_t)in->n_teams * sizeof *p->open_team);
    p->open_team[first] = true;
    int open = 1;
    for (int32_t tries = 0; open < n && tries < 8 * p->n_movable; tries++) {
        const struct jc_plan_unit *u = &in->units[p->movable[below(p, p->n_movable)]];
        int32_t one = in->choices[u->first_choice].team;
        int32_t two = in->choices[u->first_choice + below(p, u->n_choices)].team;
        if (p->open_team[one] == p->open_team[two])
            continue;
        p->open_team[one] = p->open_team[two] = true;
        open++;
    }
    return open;
}

static void draw_part(struct jc_polish *p, int32_t first) {
    const struct jc_instance *in = p->in;
    int64_t cells = p->size / CELL;
    int64_t teams = 1 + below(p, cells / 2 < in->n_teams ? cells / 2 : in->n_teams);
    teams = draw_teams(p, first, (int)teams);
    uint16_t months = draw_months(p, (int)(cells / teams > 2 ? cells / teams : 2));
    for (int32_t u = 0; u < in->n_units; u++) {
        bool open = in->units[u].n_choices > 0 && p->open_team[in->choices[p->plan->place[u].choice].team];
        p->freedom.unit[u] = open ? months : 0;
        p->freedom.choice[u] = open;
    }
    for (int32_t d = 0; d < in->n_draws; d++)
        p->freedom.draw[d] = p->open_team[in->draws[d].team];
}

/* --- the run ------------------------------------------------------------------------------------------------ */

static void adapt(struct jc_polish *p, bool answered) {
    const int64_t most = (int64_t)p->in->n_teams * JC_MONTHS * CELL;
    p->size += answered ? p->size / GROW : -p->size / SHRINK;
    p->size = p->size > most ? most : p->size < LEAST_CELLS * CELL ? LEAST_CELLS * CELL : p->size;
}

void jc_polish_run(struct jc_polish *p, const struct jc_snapshot *best, int64_t share, const atomic_bool *stop) {
    if (jc_totals_cmp(&best->totals, &p->plan->totals) < 0)
        jc_snapshot_copy(p->in, p->plan, best);
    for (p->work -= share; p->work < 0 && !atomic_load(stop);) {
        struct jc_err err = {0};
        struct jc_mip_result result;
        int32_t first = p->in->choices[p->plan->place[p->movable[below(p, p->n_movable)]].choice].team;
        int32_t component = jc_mip_component_of(p->mip, first);
        draw_part(p, first);
        jc_snapshot_copy(p->in, p->found, p->plan);
        if (jc_mip_improve(p->mip, component, &p->freedom, p->plan, NODES, stop, p->found, &result, &err) != JC_OK)
            break; /* no memory: rest */
        if (result.better)
            jc_snapshot_copy(p->in, p->plan, p->found);
        if (!atomic_load(stop))
            adapt(p, result.closed || (result.better && result.nodes < NODES));
        p->work += result.work;
    }
    p->work = p->work > 0 ? p->work : 0;
    jc_mip_end();
}

const struct jc_snapshot *jc_polish_plan(const struct jc_polish *p) {
    return p->plan;
}
