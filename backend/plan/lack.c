/* Units are found by their names in order. A part of a unit is named "UNIT/…", so all parts of one stand together. */
#include <stdlib.h>
#include <string.h>

#include "plan/limit.h"

struct named {
    const char *id;
    int unit;
};

struct jc_lacks {
    const Jc__Problem *problem;
    struct named *units;   /* by id, then index */
    Jc__ProblemPin **pins; /* by unit … */
    size_t *first_pin;     /* … where a unit's begin; one more, for the end of the last */
};

static int by_id(const void *a, const void *b) {
    const struct named *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order ? order : (x->unit > y->unit) - (x->unit < y->unit);
}

/* Counting sort; the pins of draws are left out. */
static void sort_pins(struct jc_lacks *lacks, size_t *next) {
    const Jc__Problem *p = lacks->problem;
    for (size_t i = 0; i < p->n_pins; i++)
        if (p->pins[i]->unit >= 0)
            lacks->first_pin[p->pins[i]->unit + 1]++;
    for (size_t u = 0; u < p->n_units; u++) {
        lacks->first_pin[u + 1] += lacks->first_pin[u];
        next[u] = lacks->first_pin[u];
    }
    for (size_t i = 0; i < p->n_pins; i++)
        if (p->pins[i]->unit >= 0)
            lacks->pins[next[p->pins[i]->unit]++] = p->pins[i];
}

struct jc_lacks *jc_lacks_new(const Jc__Problem *problem, struct jc_arena *arena) {
    struct jc_lacks *lacks = JC_NEW(arena, struct jc_lacks);
    struct named *units = JC_NEW_ARRAY(arena, problem->n_units + 1, struct named);
    Jc__ProblemPin **pins = JC_NEW_ARRAY(arena, problem->n_pins + 1, Jc__ProblemPin *);
    size_t *first_pin = JC_NEW_ARRAY(arena, problem->n_units + 1, size_t);
    size_t *next = JC_NEW_ARRAY(arena, problem->n_units + 1, size_t);
    if (!lacks || !units || !pins || !first_pin || !next)
        return NULL;
    for (size_t u = 0; u < problem->n_units; u++)
        units[u] = (struct named){problem->units[u]->unit_id, (int)u};
    qsort(units, problem->n_units, sizeof *units, by_id);
    *lacks = (struct jc_lacks){problem, units, pins, first_pin};
    sort_pins(lacks, next);
    return lacks;
}

Jc__Problem jc_lacks_view(const struct jc_lacks *lacks, size_t unit) {
    Jc__Problem view = *lacks->problem;
    view.pins = lacks->pins + lacks->first_pin[unit];
    view.n_pins = lacks->first_pin[unit + 1] - lacks->first_pin[unit];
    return view;
}

/* <0 if `id` stands before the unit, or before its parts; 0: it is the unit, or one of them. */
static int compare(const char *id, const char *unit_id, bool parts) {
    size_t len = strlen(unit_id);
    int order = strncmp(id, unit_id, len);
    if (order)
        return order;
    return parts ? (unsigned char)id[len] - '/' : id[len] != 0;
}

/* The first of the unit, or of its parts, that cannot be inspected; -1: none. */
static int find_unit(const struct jc_lacks *lacks, const char *unit_id, bool parts) {
    size_t low = 0, high = lacks->problem->n_units;
    int found = -1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(lacks->units[middle].id, unit_id, parts) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < lacks->problem->n_units && compare(lacks->units[low].id, unit_id, parts) == 0; low++) {
        int unit = lacks->units[low].unit;
        const Jc__Problem view = jc_lacks_view(lacks, (size_t)unit);
        if ((found < 0 || unit < found) && !jc_limit_unit_possible(&view, (size_t)unit))
            found = unit;
    }
    return found;
}

struct jc_lack jc_lack_of(const struct jc_lacks *lacks, const Jc__Shortfall *shortfall) {
    const Jc__Problem *problem = lacks->problem;
    struct jc_lack lack = {-1, shortfall->month, -1, -1, shortfall->amount_centi};
    if (*shortfall->unit_id) {
        lack.unit = find_unit(lacks, shortfall->unit_id, false);
        if (lack.unit < 0)
            lack.unit = find_unit(lacks, shortfall->unit_id, true);
    } else if (*shortfall->quota_id) {
        for (size_t q = 0; lack.quota < 0 && q < problem->n_quotas; q++)
            if (strcmp(problem->quotas[q]->quota_id, shortfall->quota_id) == 0)
                lack.quota = (int)q;
    } else {
        for (size_t k = 0; lack.team < 0 && k < problem->n_teams; k++)
            if (strcmp(problem->teams[k]->team_id, shortfall->team_id) == 0)
                lack.team = (int)k;
    }
    return lack;
}
