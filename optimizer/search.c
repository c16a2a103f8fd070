/* Simulated annealing by ruin and recreate. A move lists the units it takes out with their old places;
 * if the energy after recreation is refused, the list is played back. Units changed since the best plan
 * was remembered are listed too, so remembering costs what changed. The penalties of tiers 2 and 3 stay
 * finite while it is hot, which lets the search walk through plans that break limits; they are far above
 * the final temperature, so what freezes is feasible if anything near is. */
#include "optimizer/search.h"

#include <stdlib.h>
#include <string.h>

#include "optimizer/construct.h"

enum {
    RUIN_MAX = 64,     /* units a move takes out at most */
    MOVES_A_POLL = 32, /* moves between two calls of pace */
    SOFT = 4,          /* decisions' worth of cost that a broken limit or quota is penalised with … */
    RIGID = 64,        /* … and where changes cost, since one limit may take many of them */
};

struct undo {
    int32_t unit;
    struct jc_place place;
};

/* Units that may lie in a (team, district) pair or belong to a team. */
struct members {
    const int32_t *units;
    int32_t n;
};

struct jc_search {
    const struct jc_instance *in;
    struct jc_pricer pricer;
    struct jc_snapshot *best;
    int32_t *changed; /* units that may differ from `best` */
    int32_t n_changed;
    uint8_t *is_changed;
    bool slots_changed;

    struct undo undo[RUIN_MAX];
    uint16_t undo_joined[RUIN_MAX][JC_MONTHS];
    int n_undo;

    int32_t *movable; /* units with more than one place to be in */
    int32_t n_movable;
    int32_t *moving_draws;
    int32_t n_moving_draws;
    struct members *of_pair;
    struct members *of_team;
    int64_t hot, cold; /* temperatures, e5 */
    int64_t moves;
};

/* --- set-up -------------------------------------------------------------------------------------- */

int64_t jc_search_scale(const struct jc_instance *in) {
    int64_t scale = in->travel_e5;
    int64_t day = in->balance_e5 * (in->grain > 0 ? in->grain : 100);
    scale = day > scale ? day : scale;
    for (int32_t u = 0; u < in->n_units; u++) {
        int64_t season = in->units[u].risk_e5 * 6 + in->units[u].season_e5;
        scale = season > scale ? season : scale;
    }
    scale = scale ? scale : in->change_e5; /* re-planning for the fewest changes and nothing else */
    return scale > 1000 ? scale : 1000;
}

/* Penalties that keep over · weight and quota · weight inside int64 whatever the plan. Breaking a limit
 * must cost more than changing the plan in force, however dear that is. */
static struct jc_penalties choose_penalties(const struct jc_instance *in, int64_t scale) {
    const int64_t room = INT64_C(1) << 60;
    int64_t work = 1, misses = 1;
    scale = scale > in->change_e5 ? scale : in->change_e5;
    for (int32_t u = 0; u < in->n_units; u++) {
        work += in->units[u].work * JC_MONTHS * 2;
        for (uint32_t j = 0; j < in->units[u].n_joins; j++)
            work += in->joins[in->units[u].first_join + j].work * JC_MONTHS * 2;
    }
    for (int32_t d = 0; d < in->n_draws; d++)
        work += in->draws[d].work * in->draws[d].sample * 2;
    for (int32_t q = 0; q < in->n_quotas; q++)
        misses += in->quota_min[q] + (int64_t)in->most_visits * (1 + JC_MONTHS) + (int64_t)in->n_slots;
    int64_t grain = in->grain > 0 ? in->grain : 100;
    int64_t worth = in->change_e5 ? RIGID : SOFT;
    struct jc_penalties p = {.over = scale * worth / grain + 1, .quota = scale * worth};
    if (p.over > room / work)
        p.over = room / work;
    if (p.quota > room / misses)
        p.quota = room / misses;
    return p;
}

static bool can_move(const struct jc_instance *in, int32_t unit) {
    const struct jc_plan_unit *u = &in->units[unit];
    if (!u->n_choices)
        return false;
    const struct jc_choice *first = &in->choices[u->first_choice];
    return u->n_choices > 1 || first->patterns->n > 1 || (u->partial && first->patterns->visits) ||
           (in->has_remote && first->patterns->visits);
}

/* Lists units by key (team or pair of each of their choices). */
static struct members *list_members(const struct jc_instance *in, int32_t n_keys, bool by_pair,
                                    struct jc_arena *arena) {
    struct members *lists = JC_NEW_ARRAY(arena, (size_t)n_keys + 1, struct members);
    int32_t *last = JC_NEW_ARRAY(arena, (size_t)n_keys + 1, int32_t);
    int32_t *units = JC_NEW_ARRAY(arena, in->n_choices + 1, int32_t);
    if (!lists || !last || !units)
        return NULL;
    for (int pass = 0; pass < 2; pass++) {
        for (int32_t u = 0; u < in->n_units; u++)
            for (uint32_t c = 0; can_move(in, u) && c < in->units[u].n_choices; c++) {
                const struct jc_choice *choice = &in->choices[in->units[u].first_choice + c];
                int32_t key = by_pair ? choice->pair : choice->team;
                if (key < 0 || last[key] == (pass ? -1 - u : u + 1))
                    continue;
                last[key] = pass ? -1 - u : u + 1;
                if (pass)
                    ((int32_t *)lists[key].units)[lists[key].n] = u;
                lists[key].n++;
            }
        for (int32_t key = 0; !pass && key < n_keys; key++) {
            lists[key].units = units;
            units += lists[key].n;
            lists[key].n = 0;
        }
    }
    return lists;
}

static bool list_movables(struct jc_search *s, struct jc_arena *arena) {
    const struct jc_instance *in = s->in;
    s->movable = JC_NEW_ARRAY(arena, (size_t)in->n_units + 1, int32_t);
    s->moving_draws = JC_NEW_ARRAY(arena, (size_t)in->n_draws + 1, int32_t);
    s->of_pair = list_members(in, in->n_pairs, true, arena);
    s->of_team = list_members(in, in->n_teams, false, arena);
    if (!s->movable || !s->moving_draws || !s->of_pair || !s->of_team)
        return false;
    for (int32_t u = 0; u < in->n_units; u++)
        if (can_move(in, u))
            s->movable[s->n_movable++] = u;
    for (int32_t d = 0; d < in->n_draws; d++) {
        int64_t pinned = 0;
        for (int m = 0; m < JC_MONTHS; m++)
            pinned += in->draws[d].pinned[m];
        if (in->draws[d].sample > pinned && in->draws[d].covered & (in->draws[d].covered - 1))
            s->moving_draws[s->n_moving_draws++] = d;
    }
    return true;
}

struct jc_search *jc_search_new(const struct jc_instance *in, uint64_t seed, uint64_t stream, struct jc_arena *arena) {
    struct jc_search *s = JC_NEW(arena, struct jc_search);
    if (!s)
        return NULL;
    s->in = in;
    s->pricer.state = jc_state_new(in, arena);
    s->best = jc_snapshot_new(in, arena);
    s->changed = JC_NEW_ARRAY(arena, (size_t)in->n_units + 1, int32_t);
    s->is_changed = JC_NEW_ARRAY(arena, (size_t)in->n_units + 1, uint8_t);
    if (!s->pricer.state || !s->best || !s->changed || !s->is_changed || !list_movables(s, arena))
        return NULL;
    int64_t scale = jc_search_scale(in);
    s->pricer.penalties = choose_penalties(in, scale);
    s->pricer.closed_pair = -1;
    jc_random_seed(&s->pricer.random, seed, stream);
    jc_noise_init(&s->pricer.noise);
    s->hot = scale / 2 < INT64_C(1) << 40 ? scale / 2 : INT64_C(1) << 40;
    s->cold = s->hot / 32 + 1;
    return s;
}

enum jc_code jc_search_construct(struct jc_search *s, struct jc_arena *arena, struct jc_err *err) {
    enum jc_code code = jc_construct(&s->pricer, arena, err);
    if (code == JC_OK)
        jc_snapshot_take(s->best, s->pricer.state);
    return code;
}

/* --- bookkeeping of a move ------------------------------------------------------------------------ */

static void mark_changed(struct jc_search *s, int32_t unit) {
    if (s->is_changed[unit])
        return;
    s->is_changed[unit] = 1;
    s->changed[s->n_changed++] = unit;
}

/* Remembers the state as the best plan if it is. */
static void keep_best(struct jc_search *s) {
    struct jc_state *state = s->pricer.state;
    if (jc_totals_cmp(&state->totals, &s->best->totals) >= 0)
        return;
    for (int32_t i = 0; i < s->n_changed; i++) {
        jc_snapshot_take_unit(s->best, state, s->changed[i]);
        s->is_changed[s->changed[i]] = 0;
    }
    s->n_changed = 0;
    if (s->slots_changed)
        memcpy(s->best->slots, state->slots, (size_t)s->in->n_draws * JC_MONTHS * sizeof *state->slots);
    s->slots_changed = false;
    s->best->totals = state->totals;
}

/* Takes a unit out and lists it for undoing. False if the list is full or the unit is out already. */
static bool take_out(struct jc_search *s, int32_t unit) {
    struct jc_state *state = s->pricer.state;
    if (s->n_undo == RUIN_MAX || state->place[unit].choice < 0)
        return false;
    const struct jc_plan_unit *u = &s->in->units[unit];
    struct undo *undo = &s->undo[s->n_undo];
    *undo = (struct undo){unit, state->place[unit]};
    for (uint32_t j = 0; j < u->n_joins; j++)
        s->undo_joined[s->n_undo][j] = state->joined[u->first_join + j];
    s->n_undo++;
    jc_state_remove(state, unit);
    return true;
}

static void undo_all(struct jc_search *s) {
    while (s->n_undo) {
        const struct undo *undo = &s->undo[--s->n_undo];
        jc_state_remove(s->pricer.state, undo->unit);
        jc_state_place(s->pricer.state, undo->unit, undo->place, s->undo_joined[s->n_undo]);
    }
}

/* Metropolis: accept an energy that rises by an exponential of mean `temperature` at most. */
static bool accept(struct jc_search *s, int64_t before, int64_t after) {
    if (after <= before)
        return true;
    uint32_t at = (uint32_t)(jc_random_next(&s->pricer.random) >> (64 - JC_NOISE_BITS));
    return after - before <= s->pricer.temperature * s->pricer.noise.exponential[at] >> 16;
}

static int64_t energy(const struct jc_search *s) {
    return jc_energy(&s->pricer.state->totals, &s->pricer.penalties);
}

/* Puts the units taken out back in random order and keeps or undoes the result. */
static void recreate(struct jc_search *s, int64_t before) {
    struct jc_random *random = &s->pricer.random;
    int32_t order[RUIN_MAX];
    int n = s->n_undo;
    for (int i = 0; i < n; i++)
        order[i] = s->undo[i].unit;
    for (int i = 0; i < n; i++) {
        int j = i + (int)jc_random_below(random, (uint32_t)(n - i));
        int32_t unit = order[j];
        order[j] = order[i];
        jc_price_insert(&s->pricer, unit);
    }
    s->pricer.closed_pair = -1;
    if (!accept(s, before, energy(s))) {
        undo_all(s);
        return;
    }
    for (int i = 0; i < n; i++)
        mark_changed(s, s->undo[i].unit);
    s->n_undo = 0;
    keep_best(s);
}

/* --- moves ----------------------------------------------------------------------------------------- */

static int32_t any_movable(struct jc_search *s) {
    return s->movable[jc_random_below(&s->pricer.random, (uint32_t)s->n_movable)];
}

/* Redraws one unit. Pricing samples the right distribution by itself; only where its prediction is not
 * the true energy does the change have to pass Metropolis. */
static void redraw_unit(struct jc_search *s) {
    int64_t before = energy(s);
    int32_t unit = any_movable(s);
    take_out(s, unit);
    int64_t base = energy(s);
    struct jc_place old = s->undo[0].place;
    int64_t predicted = jc_price_insert(&s->pricer, unit);
    int64_t after = energy(s);
    if (after != base + predicted && !accept(s, before, after)) {
        undo_all(s);
        return;
    }
    s->n_undo = 0;
    if (memcmp(&old, &s->pricer.state->place[unit], sizeof old) != 0 || s->in->units[unit].partial) {
        mark_changed(s, unit);
        keep_best(s);
    }
}

/* Takes out a few units of one team and redraws them together: swaps months within the team. */
static void redraw_team_units(struct jc_search *s) {
    struct jc_random *random = &s->pricer.random;
    int64_t before = energy(s);
    int32_t first = any_movable(s);
    const struct jc_choice *c = &s->in->choices[s->pricer.state->place[first].choice];
    const struct members *mates = &s->of_team[c->team];
    if (c->pair >= 0 && jc_random_below(random, 2))
        mates = &s->of_pair[c->pair];
    int n = 2 + (int)jc_random_below(random, 3);
    take_out(s, first);
    for (int i = 1; i < n && mates->n > 1; i++)
        take_out(s, mates->units[jc_random_below(random, (uint32_t)mates->n)]);
    recreate(s, before);
}

/* Units of the pair with a visit in month m; a random part of them if they are too many. */
static void take_out_opening(struct jc_search *s, int32_t pair, int m) {
    const struct members *mates = &s->of_pair[pair];
    struct jc_state *state = s->pricer.state;
    uint32_t start = jc_random_below(&s->pricer.random, (uint32_t)mates->n);
    for (int32_t i = 0; i < mates->n; i++) {
        int32_t unit = mates->units[((int64_t)start + i) % mates->n];
        struct jc_place place = state->place[unit];
        if (place.choice >= 0 && s->in->choices[place.choice].pair == pair && place.months >> m & 1)
            if (!take_out(s, unit))
                return;
    }
}

/* Closes a district-month: its visits go anywhere else. */
static void close_opening(struct jc_search *s) {
    const struct jc_state *state = s->pricer.state;
    int64_t before = energy(s);
    int32_t unit = any_movable(s);
    struct jc_place place = state->place[unit];
    int32_t pair = s->in->choices[place.choice].pair;
    if (pair < 0 || !place.months)
        return;
    int m = (int)jc_random_below(&s->pricer.random, JC_MONTHS);
    while (!(place.months >> m & 1))
        m = (m + 1) % JC_MONTHS;
    take_out_opening(s, pair, m);
    s->pricer.closed_pair = pair;
    s->pricer.closed_month = m;
    recreate(s, before);
}

/* Shifts all of a pair's visits that can go from month a to b. Units already in b stay. */
static void shift_opening(struct jc_search *s, int32_t pair, int a, int b) {
    const struct members *mates = &s->of_pair[pair];
    struct jc_state *state = s->pricer.state;
    uint16_t both = (uint16_t)(1u << a | 1u << b);
    for (int32_t i = 0; i < mates->n; i++) {
        int32_t unit = mates->units[i];
        struct jc_place place = state->place[unit];
        if (place.choice < 0 || s->in->choices[place.choice].pair != pair || (place.months & both) != 1u << a)
            continue;
        const struct jc_plan_unit *u = &s->in->units[unit];
        if (u->partial || !jc_patterns_allow(s->in->choices[place.choice].patterns, place.months ^ both))
            continue;
        if (!take_out(s, unit))
            return;
        uint16_t joined[JC_MONTHS];
        place.months ^= both;
        place.remote = place.remote >> a & 1 ? place.remote ^ both : place.remote;
        for (uint32_t j = 0; j < u->n_joins; j++)
            joined[j] = s->in->joins[u->first_join + j].visits ? place.months : 0;
        jc_state_place(state, unit, place, joined);
    }
}

/* Keeps or undoes a move whose units are all back in. */
static void settle(struct jc_search *s, int64_t before) {
    if (!accept(s, before, energy(s))) {
        undo_all(s);
        return;
    }
    for (int i = 0; i < s->n_undo; i++)
        mark_changed(s, s->undo[i].unit);
    s->n_undo = 0;
    keep_best(s);
}

/* Two districts of a team change months: one's visits go from a to b, the other's from b to a. */
static void swap_openings(struct jc_search *s) {
    struct jc_random *random = &s->pricer.random;
    const struct jc_state *state = s->pricer.state;
    int64_t before = energy(s);
    struct jc_place one = state->place[any_movable(s)];
    const struct jc_choice *c = &s->in->choices[one.choice];
    if (c->pair < 0 || !one.months)
        return;
    const struct members *team = &s->of_team[c->team];
    struct jc_place two = state->place[team->units[jc_random_below(random, (uint32_t)team->n)]];
    const struct jc_choice *d = &s->in->choices[two.choice];
    int a = (int)jc_random_below(random, JC_MONTHS), b = (int)jc_random_below(random, JC_MONTHS);
    while (!(one.months >> a & 1))
        a = (a + 1) % JC_MONTHS;
    if (a == b)
        return;
    shift_opening(s, c->pair, a, b);
    if (d->pair >= 0 && d->team == c->team && d->pair != c->pair)
        shift_opening(s, d->pair, b, a);
    s->pricer.work += s->n_undo * 2;
    settle(s, before);
}

static void move_slot(struct jc_search *s) {
    struct jc_random *random = &s->pricer.random;
    struct jc_state *state = s->pricer.state;
    int32_t draw = s->moving_draws[jc_random_below(random, (uint32_t)s->n_moving_draws)];
    const struct jc_plan_draw *d = &s->in->draws[draw];
    int m = (int)jc_random_below(random, JC_MONTHS);
    for (int tries = 0; tries < JC_MONTHS; tries++, m = (m + 1) % JC_MONTHS)
        if (state->slots[draw * JC_MONTHS + m] > d->pinned[m])
            break;
    if (state->slots[draw * JC_MONTHS + m] <= d->pinned[m])
        return;
    int64_t before = energy(s);
    int32_t old[JC_MONTHS];
    memcpy(old, state->slots + draw * JC_MONTHS, sizeof old);
    jc_state_slot(state, draw, m, -1);
    if (!jc_price_insert_slot(&s->pricer, draw)) {
        jc_state_slot(state, draw, m, 1);
        return;
    }
    if (accept(s, before, energy(s))) {
        s->slots_changed = true;
        keep_best(s);
        return;
    }
    for (int k = 0; k < JC_MONTHS; k++) {
        int32_t *now = &state->slots[draw * JC_MONTHS + k];
        if (*now != old[k])
            jc_state_slot(state, draw, k, *now > old[k] ? -1 : 1);
    }
}

/* --- the schedule ------------------------------------------------------------------------------------ */

static void move(struct jc_search *s) {
    uint32_t dice = jc_random_below(&s->pricer.random, 100);
    s->moves++;
    s->n_undo = 0;
    s->pricer.work++;
    if (s->n_moving_draws && (dice < 10 || !s->n_movable))
        move_slot(s);
    else if (!s->n_movable)
        return;
    else if (dice < 55)
        redraw_unit(s);
    else if (dice < 80)
        redraw_team_units(s);
    else if (dice < 90)
        close_opening(s);
    else
        swap_openings(s);
}

/* hot · (cold / hot)^(progress), piecewise linear between halvings, in integers. */
static int64_t temperature_at(const struct jc_search *s, int64_t progress) {
    int64_t halvings = 0;
    while (s->hot >> halvings > s->cold)
        halvings++;
    int64_t at = progress * halvings; /* in 16-bit fixed point */
    int64_t base = s->hot >> (at >> 16);
    return base - (base * (at & 0xffff) >> 17);
}

void jc_search_run(struct jc_search *s, jc_search_pace *pace, void *ctx) {
    for (;;) {
        int64_t progress = pace(ctx, s->pricer.work);
        if (progress > JC_ANNEALED)
            return;
        s->pricer.temperature = temperature_at(s, progress);
        for (int i = 0; i < MOVES_A_POLL; i++)
            move(s);
    }
}

void jc_search_restart(struct jc_search *s) {
    jc_snapshot_restore(s->best, s->pricer.state);
    for (int32_t i = 0; i < s->n_changed; i++)
        s->is_changed[s->changed[i]] = 0;
    s->n_changed = 0;
    s->slots_changed = false;
}

const struct jc_snapshot *jc_search_best(const struct jc_search *s) {
    return s->best;
}

void jc_search_offer(struct jc_search *s, const struct jc_snapshot *plan) {
    if (jc_totals_cmp(&plan->totals, &s->best->totals) >= 0)
        return;
    jc_snapshot_copy(s->in, s->best, plan);
    jc_search_restart(s);
}

int64_t jc_search_work(const struct jc_search *s) {
    return s->pricer.work;
}
int64_t jc_search_moves(const struct jc_search *s) {
    return s->moves;
}
