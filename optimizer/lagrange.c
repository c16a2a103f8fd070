/* Adam steps (adam.h) in cycles: the pace falls within a cycle; the next one starts from the best prices,
 * nearly as fast again, and takes longer. */
#include "optimizer/lagrange.h"

#include <math.h>
#include <string.h>

#include "optimizer/adam.h"
#include "optimizer/bundle.h"

enum {
    FIRST_CYCLE = 200, /* evaluations */
    CYCLES = 12,
    CYCLES_BEFORE = 3,   /* agreement, where that is possible */
    ACCORD_STEPS = 3200, /* of its first cycle */
    ACCORD_CYCLES = 1,
    BUNDLE_AFTER = 2, /* cycles, where a bundle can be used */
};
#define FIRST_PACE 0.04 /* of the scale of decisions */
#define LAST_PACE 0.01  /* at the end of a cycle, of its first */
#define NEXT_PACE 0.8   /* of the cycle before */
#define NEXT_CYCLE 1.25
#define BUNDLE_REACH 0.02
#define ACCORD_PACE 0.03
#define ACCORD_LAST 0.003 /* at the end of a cycle */
#define ACCORD_NEXT 0.5

struct jc_lagrange {
    struct jc_relax *relax;
    struct jc_bundle *bundle; /* NULL: too many prices in every tier */
    struct jc_parts parts;
    struct jc_adam *late; /* slopes, in units of scale */
    struct jc_adam_age age;
    int64_t *best; /* prices of the bound */
    int64_t bound; /* scaled */
    double scale, pace, first_pace;
    int step, length, cycle;
    bool bundling;
    int64_t work;
};

struct jc_lagrange *jc_lagrange_new(const struct jc_instance *in, struct jc_arena *arena) {
    struct jc_lagrange *l = JC_NEW(arena, struct jc_lagrange);
    if (!l || !(l->relax = jc_relax_new(in, arena)))
        return NULL;
    l->late = JC_NEW_ARRAY(arena, l->relax->n, struct jc_adam);
    l->best = JC_NEW_ARRAY(arena, l->relax->n, int64_t);
    if (!l->late || !l->best)
        return NULL;
    if (jc_bundle_fits(l->relax, true) &&
        (!(l->bundle = jc_bundle_new(l->relax, arena)) || !jc_parts_init(&l->parts, in, arena)))
        return NULL;
    return l;
}

/* Sets out from the best prices. */
static void begin_cycle(struct jc_lagrange *l) {
    memcpy(l->relax->price, l->best, l->relax->n * sizeof *l->best);
    memset(l->late, 0, l->relax->n * sizeof *l->late);
    l->age = jc_adam_begin();
    l->pace = l->first_pace;
    l->step = 0;
}

enum jc_code jc_lagrange_begin(struct jc_lagrange *l, enum jc_tier tier, const struct jc_totals *held, int64_t scale,
                               struct jc_err *err) {
    l->bound = INT64_MIN;
    l->scale = (double)(tier == JC_TIER_COST   ? scale
                        : tier == JC_TIER_OVER ? JC_RELAX_UNIT * JC_RELAX_VISIT
                                               : JC_RELAX_UNIT) *
               (double)l->relax->fine;
    l->first_pace = l->scale * FIRST_PACE;
    l->length = FIRST_CYCLE;
    l->cycle = 0;
    l->bundling = false;
    enum jc_code code = jc_relax_begin(l->relax, tier, held, err);
    memcpy(l->best, l->relax->price, l->relax->n * sizeof *l->best);
    begin_cycle(l);
    return code;
}

static void move_price(struct jc_lagrange *l, size_t i) {
    struct jc_relax *r = l->relax;
    double step = jc_adam_step(&l->late[i], &l->age, (double)r->slope[i] / r->scale[i]);
    r->price[i] = jc_adam_price((double)r->price[i] + l->pace * step / r->scale[i], r->least[i], r->most[i]);
}

/* False where every slope is flat: these are the best prices. */
static bool move_prices(struct jc_lagrange *l) {
    struct jc_relax *r = l->relax;
    bool flat = true;
    jc_adam_age(&l->age);
    for (size_t i = 0; i < r->n; i++) {
        if (r->least[i] >= r->most[i])
            continue;
        flat &= r->slope[i] == 0;
        move_price(l, i);
    }
    return !flat;
}

/* A step of the blocks alone. */
static bool climb(struct jc_lagrange *l) {
    if (!move_prices(l))
        return false;
    l->pace *= pow(LAST_PACE, 1.0 / l->length);
    if (++l->step == l->length) {
        l->length = (int)(l->length * NEXT_CYCLE);
        l->first_pace *= NEXT_PACE;
        l->cycle++;
        begin_cycle(l);
    }
    return true;
}

/* From the best prices of the blocks on, months are looked at, too (formulas (23)-(26)). Without openings there is
 * nothing for them to agree on but what the prices of loads say. */
static bool begin_accord(struct jc_lagrange *l) {
    if (l->relax->cheapest || !jc_accord_fits(l->relax->accord))
        return false;
    l->relax->agreeing = true;
    l->first_pace = l->scale * ACCORD_PACE;
    l->length = ACCORD_STEPS;
    l->cycle = 0;
    jc_accord_begin(l->relax->accord);
    begin_cycle(l);
    return true;
}

/* A step of blocks and months towards agreement. */
static bool agree(struct jc_lagrange *l) {
    struct jc_relax *r = l->relax;
    bool flat = !jc_accord_move(r->accord, l->pace, r->duals.travel);
    flat &= !move_prices(l);
    l->pace *= pow(ACCORD_LAST, 1.0 / l->length);
    if (++l->step == l->length) {
        l->step = 0;
        l->length *= 2;
        l->first_pace *= ACCORD_NEXT;
        l->pace = l->first_pace;
        l->cycle++;
    }
    return !flat && l->cycle < ACCORD_CYCLES;
}

static bool consult_bundle(struct jc_lagrange *l, int64_t value, const atomic_bool *stop) {
    jc_bundle_learn(l->bundle, l->relax, &l->parts, value);
    bool more = jc_bundle_propose(l->bundle, l->relax, stop);
    l->work += jc_bundle_work(l->bundle);
    return more || atomic_load(stop) || begin_accord(l);
}

static bool next_prices(struct jc_lagrange *l, int64_t value, const atomic_bool *stop) {
    if (l->relax->agreeing)
        return agree(l);
    if (l->bundling)
        return consult_bundle(l, value, stop);
    if (!climb(l))
        return begin_accord(l);
    if (l->bundle && l->cycle == BUNDLE_AFTER && jc_bundle_fits(l->relax, l->relax->cheapest)) {
        l->bundling = true;
        jc_bundle_begin(l->bundle, l->relax, l->scale * BUNDLE_REACH);
    }
    return (l->cycle == CYCLES_BEFORE && begin_accord(l)) || l->cycle < CYCLES;
}

bool jc_lagrange_step(struct jc_lagrange *l, const atomic_bool *stop) {
    int64_t value;
    l->work = jc_relax_work(l->relax);
    if (!jc_relax_evaluate(l->relax, l->bundling && !l->relax->agreeing ? &l->parts : NULL, stop, &value))
        return true;
    if (value > l->bound) {
        l->bound = value;
        memcpy(l->best, l->relax->price, l->relax->n * sizeof *l->best);
    }
    return next_prices(l, value, stop);
}

int64_t jc_lagrange_bound(const struct jc_lagrange *l) {
    if (l->bound <= 0)
        return 0;
    int64_t unit = l->relax->fine * (l->relax->tier == JC_TIER_COST ? 1 : JC_RELAX_UNIT);
    return (l->bound + unit - 1) / unit;
}

int64_t jc_lagrange_step_work(const struct jc_lagrange *l) {
    return l->work;
}
