/* The instance: a checked problem in the shape the search and the bounds work on.
 *
 * Units get *choices*: a rule of theirs together with a lead team, and the month patterns possible
 * under it. Choices without any pattern are dropped, so a unit without choices is unserved for good, and
 * every other unit can always be served, because all else is elastic: tier 1 is settled here. Quotas are
 * resolved to lists by month. Read-only once built; memory is the arena's. */
#ifndef JC_OPTIMIZER_INSTANCE_H
#define JC_OPTIMIZER_INSTANCE_H

#include "base/arena.h"
#include "base/err.h"
#include "model/pattern.h"

#define JC_NO_LIMIT (INT64_C(1) << 60)

/* Possible patterns of a choice, shared by all choices with the same ones. */
struct jc_patterns {
    int n;
    int visits;            /* months in each */
    const uint16_t *masks; /* ascending */
    const uint8_t *months; /* n × visits: the months of each, 0-11 */
    uint64_t allowed[64];  /* bit set over masks */
    uint16_t any;          /* months in some pattern */
    uint64_t hash;         /* of the masks */
};

static inline bool jc_patterns_allow(const struct jc_patterns *p, uint32_t mask) {
    return p->allowed[mask >> 6] >> (mask & 63) & 1;
}

/* Quotas that count a visit in month m: ids[first[m]] .. ids[first[m + 1] - 1]. */
struct jc_month_list {
    const int32_t *ids;
    uint16_t first[JC_MONTHS + 1];
    uint64_t hash; /* of all this */
};

/* Does any quota of the list (NULL: none) count month m? */
static inline bool jc_month_list_any(const struct jc_month_list *list, int m) {
    return list && list->first[m + 1] > list->first[m];
}

struct jc_choice {
    int32_t rule; /* of the problem */
    int32_t team;
    int32_t pair; /* (team, district), -1 without district */
    int32_t n_unit_quotas;
    const struct jc_patterns *patterns;
    const struct jc_month_list *visits; /* quotas counting each visit; NULL: none */
    const struct jc_month_list *remote; /* those counting remote visits; NULL: none */
    const int32_t *unit_quotas;         /* those counting the unit */
    uint16_t in_force;                  /* months in which this team visits the unit in the plan in force */
    int64_t fixed_e5;                   /* cost whatever the months: visits in force it has no room for */
};

struct jc_join {
    int32_t team;
    int32_t visits;
    int64_t work;
    const struct jc_patterns *patterns; /* of the joint's own rule */
    const struct jc_month_list *quotas; /* visits; NULL: none */
    const struct jc_month_list *remote;
};

struct jc_plan_unit {
    int64_t work;
    int64_t risk_e5;    /* cost of a visit in month m (0-11): risk_e5 · (m + 1) */
    int64_t season_e5;  /* cost of a visit outside `preferred`; then risk_e5 is 0 */
    uint16_t preferred; /* all months if season_e5 is 0 */
    uint16_t pinned;    /* months */
    uint16_t told;      /* pinned months whose visit's mode was told … */
    uint16_t remote;    /* … and is remote */
    int32_t due;        /* tier 1 if unserved */
    int32_t district;   /* -1: none */
    uint32_t first_choice, n_choices;
    uint32_t first_join, n_joins;
    bool partial; /* a join that takes part in some visits only, or the lead's own team */
};

struct jc_plan_draw {
    int32_t team;
    int32_t sample;
    int64_t work;
    const Jc__ProblemDraw *row;
    uint16_t covered; /* months slots may lie in */
    int32_t pinned[JC_MONTHS];
    int32_t in_force[JC_MONTHS];        /* slots of the plan in force */
    const struct jc_month_list *quotas; /* NULL: none */
};

struct jc_instance {
    const Jc__Problem *problem;
    int32_t n_teams, n_units, n_draws, n_quotas, n_pairs, n_districts;
    uint32_t n_choices, n_joins;
    int64_t balance_e5;  /* cost of one hundredth of a workday off the target */
    int64_t travel_e5;   /* of one opening */
    int64_t change_e5;   /* of a visit or slot that the plan in force does not have; 0 without such a plan */
    int64_t *limit;      /* B(k,m) at [k * 12 + m]; JC_NO_LIMIT */
    int64_t *target;     /* T(k,m); -1: none */
    int64_t *year_limit; /* A(k); JC_NO_LIMIT */
    int32_t *quota_min;  /* 0: no bound */
    int32_t *quota_max;  /* INT32_MAX: no bound */
    int32_t *pair_team;
    int32_t *pair_district;
    struct jc_plan_unit *units;
    struct jc_choice *choices;
    struct jc_join *joins;
    struct jc_plan_draw *draws;
    int64_t unserved;   /* tier 1 of every plan of ours, and its bound */
    int64_t grain;      /* every load is a multiple of this many hundredths; 0: no work at all */
    size_t most_visits; /* the most visits a plan can have */
    size_t n_slots;
    bool has_remote; /* some quota counts remote visits */
};

/* What quota q misses with a count of n. */
static inline int64_t jc_instance_miss(const struct jc_instance *in, int32_t q, int64_t n) {
    if (n < in->quota_min[q])
        return in->quota_min[q] - n;
    return n > in->quota_max[q] ? n - in->quota_max[q] : 0;
}

/* The unit's remote visits when `remote` of those in `months` were chosen to be: what was told stays. */
static inline uint16_t jc_remote_visits(const struct jc_plan_unit *u, uint32_t months, uint32_t remote) {
    return (uint16_t)(months & ((remote & ~(uint32_t)u->told) | u->remote));
}

/* The cost of a unit's visit in month m under one of its choices, outside balance and travel: risk or
 * preferred months, and the change. The choice's fixed_e5 comes once, whatever the months. */
static inline int64_t jc_visit_e5(const struct jc_instance *in, const struct jc_plan_unit *u, const struct jc_choice *c,
                                  int m) {
    return u->risk_e5 * (m + 1) + ((u->preferred >> m & 1) ? 0 : u->season_e5) +
           ((c->in_force >> m & 1) ? 0 : in->change_e5);
}

/* The cost of one more slot in month m where the draw has n. */
static inline int64_t jc_slot_e5(const struct jc_instance *in, const struct jc_plan_draw *d, int m, int64_t n) {
    return n < d->in_force[m] ? 0 : in->change_e5;
}

/* Builds the instance of a checked problem. Fails only without memory. */
enum jc_code jc_instance_build(const Jc__Problem *problem, struct jc_arena *arena, struct jc_instance **out,
                               struct jc_err *err);

#endif
