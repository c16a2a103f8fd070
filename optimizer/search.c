/* Simulated annealing. Units changed since the best plan was remembered are listed, so remembering costs
 * what changed. The penalties of tiers 2 and 3 stay finite while it is hot, which lets the search walk
 * through plans that break limits; they are far above the final temperature, so what freezes is feasible
 * if anything near is. */
#include "optimizer/search.h"

#include <stdlib.h>
#include <string.h>

#include "optimizer/integer.h"
#include "optimizer/moves.h"

enum {
    MOVES_A_POLL = 32, /* moves between two calls of pace */
    LENIENT = 4,       /* decisions' worth of cost that a broken limit or quota is penalised with … */
    RIGID = 64,        /* … and where changes cost, since one limit may take many of them */
    FULL_PART = 64,    /* of a decision's cost for a day over, where every limit is passed anyway */
    DAY = 100,         /* hundredths */
    HALVINGS = 4,      /* of the reaches, while soft */
};

struct jc_search {
    const struct jc_instance *in;
    struct jc_pricer pricer;
    struct jc_moves *moves;
    struct jc_snapshot *best;
    int32_t *changed; /* units that may differ from `best` */
    int32_t n_changed;
    uint8_t *is_changed;
    bool slots_changed;
    int64_t scale;  /* of costs, e5 */
    int64_t strict; /* the penalty of tier 2 while limits can be kept … */
    int64_t over;   /* … and the one of this annealing, when hard */
    int64_t crowd;  /* visits of a district-month on average, 16-bit fixed point, at least one */
    int load_width; /* log2 of a month's load on average, hundredths */
    int64_t stage;  /* of softness */
    int64_t tried;
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
        misses += in->quota_min[q] + (int64_t)in->most_visits * (1 + JC_MONTHS) + (int64_t)in->n_slots +
                  (1 << JC_SOFT_WIDTH_MAX) / JC_SOFT_VISIT;
    int64_t grain = in->grain > 0 ? in->grain : 100;
    int64_t worth = in->change_e5 ? RIGID : LENIENT;
    struct jc_penalties p = {.over = scale * worth / grain + 1, .quota = scale * worth};
    if (p.over > room / work)
        p.over = room / work;
    if (p.quota > room / misses)
        p.quota = room / misses;
    return p;
}

/* log2 of the average target of a month; without targets loads are not held, and any width will do. */
static int load_width(const struct jc_instance *in) {
    int64_t sum = 0, n = 1;
    for (int32_t i = 0; i < in->n_teams * JC_MONTHS; i++)
        if (in->target[i] > 0) {
            sum += in->target[i] < JC_NO_LIMIT / n ? in->target[i] : 0;
            n++;
        }
    int width = 0;
    while (width + HALVINGS < JC_SOFT_WIDTH_MAX && sum / n >> (width + 1))
        width++;
    return width;
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
    if (!s->pricer.state || !s->best || !s->changed || !s->is_changed)
        return NULL;
    s->best->totals = (struct jc_totals){INT64_MAX, INT64_MAX, INT64_MAX}; /* nothing yet */
    int64_t scale = jc_search_scale(in);
    s->pricer.penalties = choose_penalties(in, scale);
    s->strict = s->over = s->pricer.penalties.over;
    s->pricer.closed_pair = -1;
    jc_random_seed(&s->pricer.random, seed, stream);
    jc_noise_init(&s->pricer.noise);
    s->scale = scale < INT64_C(1) << 40 ? scale : INT64_C(1) << 40;
    s->crowd = (int64_t)(((__int128)in->most_visits << 16) / ((int64_t)in->n_pairs * JC_MONTHS + 1));
    s->crowd = s->crowd > 1 << 16 ? s->crowd : 1 << 16;
    s->load_width = load_width(in);
    s->moves = jc_moves_new(&s->pricer, arena);
    return s->moves ? s : NULL;
}

enum jc_code jc_search_construct(struct jc_search *s, jc_construct_hurry *hurry, void *ctx, struct jc_arena *arena,
                                 struct jc_err *err) {
    enum jc_code code = jc_construct(&s->pricer, hurry, ctx, arena, err);
    if (code == JC_OK)
        jc_snapshot_take(s->best, s->pricer.state);
    return code;
}

/* --- the best plan ------------------------------------------------------------------------ */

static void note_change(struct jc_search *s, const struct jc_change *change) {
    for (int i = 0; i < change->n; i++) {
        int32_t unit = change->units[i];
        if (!s->is_changed[unit])
            s->changed[s->n_changed++] = unit;
        s->is_changed[unit] = 1;
    }
    s->slots_changed |= change->slots;
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

/* --- the schedule ------------------------------------------------------------------------------------ */

/* An annealing is soft up to a part of its way, in stages, then true. Temperatures are parts of the scale of
 * costs, while soft of its part for a visit: the more visits share an opening, the less each of them feels of
 * it. Reaches are halved; the visits that pay half an opening are parts of those a district-month has on
 * average; the penalty of tier 2 grows from a part of itself. All move geometrically. */
enum {
    STAGES = 400,
    SOFT_PART = JC_ANNEALED / 10 * 7,
    SOFT_HOT = 6,
    SOFT_COLD = 75,
    HARD_HOT = 40,
    HARD_COLD = 400,
    WARM_HOT = 2, /* without softness, from a plan given */
    WARM_COLD = 64,
    COUNT_WIDTH = 19, /* eight visits, in the end */
    HALF_FIRST = 1,
    HALF_LAST = 8,
    OVER_FIRST = 50,
    OVER_LAST = 2,
};

/* from · (to / from)^(part / whole), linear between halvings, in integers; from >= to > 0. */
static int64_t fall(int64_t from, int64_t to, int64_t part, int64_t whole) {
    int64_t ln2 = jc_fixed_ln(2 << 16);
    int64_t halvings =
        ((jc_fixed_ln((uint64_t)from) - jc_fixed_ln((uint64_t)to)) << 16) / ln2; /* in 16-bit fixed point */
    int64_t at = halvings * part / whole;
    int64_t base = from >> (at >> 16);
    return base - (base * (at & 0xffff) >> 17);
}

static int64_t fall_in_scale(int64_t scale, int hot, int cold, int64_t part, int64_t whole) {
    return fall(scale / hot + 1, scale / cold + 1, part, whole);
}

/* The energy of a stage while soft. */
static void set_softness(struct jc_search *s, int64_t stage) {
    int wider = HALVINGS - (int)((stage * HALVINGS + STAGES / 2) / STAGES);
    struct jc_softness softness = {
        .load_width = s->load_width + wider,
        .count_width = COUNT_WIDTH + wider,
        .half = fall(s->crowd / HALF_FIRST, s->crowd / HALF_LAST, stage, STAGES),
        .miss_e5 = s->pricer.penalties.quota,
    };
    s->stage = stage;
    s->pricer.penalties.over = fall_in_scale(s->over, OVER_LAST, OVER_FIRST, STAGES - stage, STAGES);
    jc_soften(s->pricer.state, &softness);
}

/* Temperature and softness at a point of the annealing. */
static void set_pace(struct jc_search *s, int64_t progress) {
    if (s->in->problem->start) {
        s->pricer.temperature = fall_in_scale(s->scale, WARM_HOT, WARM_COLD, progress, JC_ANNEALED);
    } else if (progress < SOFT_PART) {
        int64_t scale = (s->scale << 8) / jc_whole_root((uint64_t)s->crowd), stage = progress * STAGES / SOFT_PART;
        s->pricer.temperature = fall_in_scale(scale, SOFT_HOT, SOFT_COLD, progress, SOFT_PART);
        if (!s->pricer.state->soft.on || stage != s->stage)
            set_softness(s, stage);
    } else {
        s->pricer.temperature =
            fall_in_scale(s->scale, HARD_HOT, HARD_COLD, progress - SOFT_PART, JC_ANNEALED - SOFT_PART);
        s->pricer.penalties.over = s->over;
        jc_harden(s->pricer.state);
    }
}

void jc_search_run(struct jc_search *s, jc_search_pace *pace, void *ctx) {
    struct jc_change change;
    for (;;) {
        int64_t progress = pace(ctx, s->pricer.work);
        if (progress > JC_ANNEALED)
            return;
        set_pace(s, progress);
        for (int i = 0; i < MOVES_A_POLL; i++, s->tried++) {
            jc_moves_try(s->moves, &change);
            note_change(s, &change);
            if (change.n || change.slots)
                keep_best(s);
        }
    }
}

/* Does the plan reach every limit, with targets that are none lower? Then what passes them is more work than there is
 * room for, and the balance keeps months full by itself: a penalty only holds visits fast. */
static bool is_full(const struct jc_state *state) {
    const struct jc_instance *in = state->in;
    bool full = in->balance_e5 > 0 && state->totals.over > 0;
    for (int32_t i = 0; i < in->n_teams * JC_MONTHS && full; i++)
        full = in->limit[i] < JC_NO_LIMIT && state->load[i] >= in->limit[i] && in->target[i] > in->limit[i] - DAY;
    return full;
}

void jc_search_restart(struct jc_search *s) {
    jc_harden(s->pricer.state);
    jc_snapshot_restore(s->best, s->pricer.state);
    bool full = s->in->change_e5 == 0 && is_full(s->pricer.state);
    s->over = full ? s->scale / FULL_PART / (s->in->grain > 0 ? s->in->grain : DAY) + 1 : s->strict;
    s->pricer.penalties.over = s->over;
    for (int32_t i = 0; i < s->n_changed; i++)
        s->is_changed[s->changed[i]] = 0;
    s->n_changed = 0;
    s->slots_changed = false;
}

const struct jc_snapshot *jc_search_best(const struct jc_search *s) {
    return s->best;
}

bool jc_search_learn(struct jc_search *s, const struct jc_snapshot *plan) {
    if (jc_totals_cmp(&plan->totals, &s->best->totals) >= 0)
        return false;
    jc_snapshot_copy(s->in, s->best, plan);
    s->n_changed = s->in->n_units;
    s->slots_changed = true;
    for (int32_t u = 0; u < s->in->n_units; u++) {
        s->changed[u] = u;
        s->is_changed[u] = 1;
    }
    return true;
}

void jc_search_offer(struct jc_search *s, const struct jc_snapshot *plan) {
    if (jc_search_learn(s, plan) && !s->pricer.state->soft.on)
        jc_search_restart(s);
}

int64_t jc_search_work(const struct jc_search *s) {
    return s->pricer.work;
}
int64_t jc_search_moves(const struct jc_search *s) {
    return s->tried;
}
