/* Ruin and recreate. A move lists the units it takes out with their old places; if the energy after
 * recreation is refused, the list is played back. Units are found through lists by team and by (team,
 * district) that never change; which of them are there now is read from the state. */
#include "optimizer/moves.h"

#include <string.h>

struct undo {
    int32_t unit;
    struct jc_place place;
};

/* Units that may lie in a (team, district) pair or belong to a team. */
struct members {
    const int32_t *units;
    int32_t n;
};

struct jc_moves {
    const struct jc_instance *in;
    struct jc_pricer *pricer;
    struct jc_change *change; /* of the move under way */
    struct undo undo[JC_RUIN_MAX];
    uint16_t undo_joined[JC_RUIN_MAX][JC_MONTHS];
    int n_undo;

    int32_t *movable; /* units with more than one place to be in */
    int32_t n_movable;
    int32_t *moving_draws;
    int32_t n_moving_draws;
    struct members *of_pair;
    struct members *of_team;
};

/* --- set-up -------------------------------------------------------------------------------------- */

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

static bool list_movables(struct jc_moves *s, struct jc_arena *arena) {
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

struct jc_moves *jc_moves_new(struct jc_pricer *pricer, struct jc_arena *arena) {
    struct jc_moves *s = JC_NEW(arena, struct jc_moves);
    if (!s)
        return NULL;
    s->in = pricer->state->in;
    s->pricer = pricer;
    return list_movables(s, arena) ? s : NULL;
}

/* --- taking out and putting back -------------------------------------------------------------------- */

/* Takes a unit out and lists it for undoing. False if the list is full or the unit is out already. */
static bool take_out(struct jc_moves *s, int32_t unit) {
    struct jc_state *state = s->pricer->state;
    if (s->n_undo == JC_RUIN_MAX || state->place[unit].choice < 0)
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

static void undo_all(struct jc_moves *s) {
    while (s->n_undo) {
        const struct undo *undo = &s->undo[--s->n_undo];
        jc_state_remove(s->pricer->state, undo->unit);
        jc_state_place(s->pricer->state, undo->unit, undo->place, s->undo_joined[s->n_undo]);
    }
}

/* The move stays: what it took out has changed. */
static void list_changes(struct jc_moves *s) {
    for (int i = 0; i < s->n_undo; i++)
        s->change->units[s->change->n++] = s->undo[i].unit;
    s->n_undo = 0;
}

/* Metropolis: accept an energy that rises by an exponential of mean `temperature` at most. */
static bool accept(struct jc_moves *s, int64_t before, int64_t after) {
    if (after <= before)
        return true;
    uint32_t at = (uint32_t)(jc_random_next(&s->pricer->random) >> (64 - JC_NOISE_BITS));
    return after - before <= s->pricer->temperature * s->pricer->noise.exponential[at] >> 16;
}

static int64_t energy(const struct jc_moves *s) {
    return jc_state_energy(s->pricer->state, &s->pricer->penalties);
}

/* Puts the units taken out back in random order and keeps or undoes the result. */
static void recreate(struct jc_moves *s, int64_t before) {
    struct jc_random *random = &s->pricer->random;
    int32_t order[JC_RUIN_MAX];
    int n = s->n_undo;
    for (int i = 0; i < n; i++)
        order[i] = s->undo[i].unit;
    for (int i = 0; i < n; i++) {
        int j = i + (int)jc_random_below(random, (uint32_t)(n - i));
        int32_t unit = order[j];
        order[j] = order[i];
        jc_price_insert(s->pricer, unit);
    }
    s->pricer->closed_pair = -1;
    if (!accept(s, before, energy(s))) {
        undo_all(s);
        return;
    }
    list_changes(s);
}

/* --- moves ----------------------------------------------------------------------------------------- */

static int32_t any_movable(struct jc_moves *s) {
    return s->movable[jc_random_below(&s->pricer->random, (uint32_t)s->n_movable)];
}

/* Redraws one unit. Pricing samples the right distribution by itself; only where its prediction is not
 * the true energy does the change have to pass Metropolis. */
static void redraw_unit(struct jc_moves *s) {
    int64_t before = energy(s);
    int32_t unit = any_movable(s);
    take_out(s, unit);
    int64_t base = energy(s);
    struct jc_place old = s->undo[0].place;
    int64_t predicted = jc_price_insert(s->pricer, unit);
    int64_t after = energy(s);
    if (after != base + predicted && !accept(s, before, after)) {
        undo_all(s);
        return;
    }
    s->n_undo = 0;
    if (memcmp(&old, &s->pricer->state->place[unit], sizeof old) != 0 || s->in->units[unit].partial)
        s->change->units[s->change->n++] = unit;
}

/* Takes out a few units of one team and redraws them together: swaps months within the team. */
static void redraw_team_units(struct jc_moves *s) {
    struct jc_random *random = &s->pricer->random;
    int64_t before = energy(s);
    int32_t first = any_movable(s);
    const struct jc_choice *c = &s->in->choices[s->pricer->state->place[first].choice];
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
static void take_out_opening(struct jc_moves *s, int32_t pair, int m) {
    const struct members *mates = &s->of_pair[pair];
    struct jc_state *state = s->pricer->state;
    uint32_t start = jc_random_below(&s->pricer->random, (uint32_t)mates->n);
    for (int32_t i = 0; i < mates->n; i++) {
        int32_t unit = mates->units[((int64_t)start + i) % mates->n];
        struct jc_place place = state->place[unit];
        if (place.choice >= 0 && s->in->choices[place.choice].pair == pair && place.months >> m & 1)
            if (!take_out(s, unit))
                return;
    }
}

/* Closes a district-month: its visits go anywhere else. */
static void close_opening(struct jc_moves *s) {
    const struct jc_state *state = s->pricer->state;
    int64_t before = energy(s);
    int32_t unit = any_movable(s);
    struct jc_place place = state->place[unit];
    int32_t pair = s->in->choices[place.choice].pair;
    if (pair < 0 || !place.months)
        return;
    int m = (int)jc_random_below(&s->pricer->random, JC_MONTHS);
    while (!(place.months >> m & 1))
        m = (m + 1) % JC_MONTHS;
    take_out_opening(s, pair, m);
    s->pricer->closed_pair = pair;
    s->pricer->closed_month = m;
    recreate(s, before);
}

/* Shifts all of a pair's visits that can go from month a to b. Units already in b stay. */
static void shift_opening(struct jc_moves *s, int32_t pair, int a, int b) {
    const struct members *mates = &s->of_pair[pair];
    struct jc_state *state = s->pricer->state;
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
static void settle(struct jc_moves *s, int64_t before) {
    if (!accept(s, before, energy(s))) {
        undo_all(s);
        return;
    }
    list_changes(s);
}

/* Two districts of a team change months: one's visits go from a to b, the other's from b to a. */
static void swap_openings(struct jc_moves *s) {
    struct jc_random *random = &s->pricer->random;
    const struct jc_state *state = s->pricer->state;
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
    s->pricer->work += s->n_undo * 2;
    settle(s, before);
}

static void move_slot(struct jc_moves *s) {
    struct jc_random *random = &s->pricer->random;
    struct jc_state *state = s->pricer->state;
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
    if (!jc_price_insert_slot(s->pricer, draw)) {
        jc_state_slot(state, draw, m, 1);
        return;
    }
    if (accept(s, before, energy(s))) {
        s->change->slots = true;
        return;
    }
    for (int k = 0; k < JC_MONTHS; k++) {
        int32_t *now = &state->slots[draw * JC_MONTHS + k];
        if (*now != old[k])
            jc_state_slot(state, draw, k, *now > old[k] ? -1 : 1);
    }
}

/* --- which move ------------------------------------------------------------------------------------- */

/* Of a hundred. */
enum { MOVE_SLOT = 10, REDRAW_UNIT = 55, REDRAW_TEAM = 80, CLOSE = 90, MOVE_ANY = 100 };

void jc_moves_try(struct jc_moves *s, struct jc_change *out) {
    uint32_t dice = jc_random_below(&s->pricer->random, MOVE_ANY);
    s->n_undo = 0;
    s->change = out;
    out->n = 0;
    out->slots = false;
    s->pricer->work++;
    if (s->n_moving_draws && (dice < MOVE_SLOT || !s->n_movable))
        move_slot(s);
    else if (!s->n_movable)
        return;
    else if (dice < REDRAW_UNIT)
        redraw_unit(s);
    else if (dice < REDRAW_TEAM)
        redraw_team_units(s);
    else if (dice < CLOSE)
        close_opening(s);
    else
        swap_openings(s);
}
