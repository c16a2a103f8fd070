/* Blocks are added up as in block.c, but every entry has prices of its own, so each needs its own table.
 * A month is a knapsack over loads in grains: district after district, opened or not, item after item, taken
 * or not; a load beyond the last state counts as the last state, where the line rises, which only lowers the
 * value. An entry costs about 30,000 operations (an eighth with AVX2), and in each month as many as the
 * month has states. The two sides must use the same prices; whatever they are, the sum is a bound. */
#include "optimizer/accord.h"

#include <stdlib.h>
#include <string.h>

#include "optimizer/adam.h"

enum {
    STATES_MAX = 600,   /* grains in a month */
    ENTRIES_MAX = 6000, /* beyond, an evaluation takes longer than it is worth */
};
#define NEVER (INT64_C(1) << 58)
#define ROOM (INT64_C(1) << 34) /* no price passes it */

/* A price of agreement: what is priced costs that much more in its block, and less in its month. */
struct price {
    int64_t at;
    int64_t slope; /* decided in the block minus decided in the month */
    struct jc_adam late;
};

/* The units of a team in one district, or one unit without district. */
struct group {
    uint32_t first, n; /* into order */
    int32_t pair;
};

struct jc_accord {
    const struct jc_instance *in;
    const struct jc_block_entry *entries;
    const int32_t *ids;
    size_t n_entries, n_groups;
    const int64_t *grain;
    uint32_t *order; /* entries by team and pair */
    uint16_t *any;   /* by entry: months it can use */
    struct group *groups;
    uint32_t *first_group;  /* by team, n_teams + 1 */
    struct price *visits;   /* by entry * 12 + m */
    struct price *openings; /* by pair * 12 + m */
    struct price *joined;   /* by join * 12 + m */
    uint32_t *joins_of;     /* joins that take part in every visit, by team */
    uint32_t *first_join;   /* by team, n_teams + 1, into joins_of */
    uint16_t *join_any;     /* by join: months it can be needed */
    struct jc_adam_age age;
    int64_t largest; /* work of a visit */
    bool fits;

    /* the present block */
    int64_t *cost, *joins;
    size_t *at_cost; /* by unit of the block: where its patterns' costs begin */
    int64_t *least;
    int32_t table[JC_SETS], entry_table[JC_SETS];

    /* the present month */
    int64_t value[STATES_MAX + 1], opened[STATES_MAX + 1];
    uint8_t *took;  /* by item of the team * (STATES_MAX + 1) + state */
    int16_t *came;  /* by item: from which state the last one was reached; -1: it was not */
    uint8_t *opens; /* by group of the team * (STATES_MAX + 1) + state */
};

/* --- blocks ----------------------------------------------------------------------------------------------- */

static const struct jc_choice *choice_of(const struct jc_accord *a, const struct jc_block_entry *e, uint32_t i) {
    return &a->in->choices[a->ids[e->first + i]];
}

/* The joins whose visits are decided twice: those that take part in every visit of the unit. */
static uint32_t joins_end(const struct jc_plan_unit *u) {
    return u->first_join + (u->partial ? 0 : u->n_joins);
}

/* What a visit of the entry costs more in its block, by month. */
static void sum_prices(const struct jc_accord *a, uint32_t entry, int64_t sum[JC_MONTHS]) {
    const struct jc_plan_unit *u = &a->in->units[a->entries[entry].unit];
    for (int m = 0; m < JC_MONTHS; m++) {
        sum[m] = a->visits[(size_t)entry * JC_MONTHS + (size_t)m].at;
        for (uint32_t j = u->first_join; j < joins_end(u); j++)
            sum[m] += a->joined[(size_t)j * JC_MONTHS + (size_t)m].at;
    }
}

/* Writes the costs of all patterns of an entry; returns where they end. *least becomes the least. */
static int64_t *price_entry(struct jc_accord *a, const struct jc_duals *d, uint32_t entry, int64_t *cost,
                            int64_t *least) {
    const struct jc_block_entry *e = &a->entries[entry];
    int64_t apart[JC_MONTHS];
    sum_prices(a, entry, apart);
    *least = JC_DUALS_NEVER;
    for (uint32_t i = 0; i < e->n; i++) {
        const struct jc_choice *c = choice_of(a, e, i);
        const uint8_t *months = c->patterns->months;
        jc_duals_patterns(d, &a->in->units[e->unit], c, a->joins, cost);
        for (int p = 0; p < c->patterns->n; p++, months += c->patterns->visits) {
            for (int v = 0; v < c->patterns->visits; v++)
                cost[p] += apart[months[v]];
            *least = cost[p] < *least ? cost[p] : *least;
        }
        cost += c->patterns->n;
    }
    return cost;
}

/* Adds an entry's table to its block's; returns what it costs at least. */
static int64_t add_entry(struct jc_accord *a, const struct jc_duals *d, uint32_t entry, const int64_t *cost,
                         int64_t least, int shift) {
    const struct jc_block_entry *e = &a->entries[entry];
    int64_t gain = e->shared ? d->unit[e->unit] - least : NEVER;
    if (gain <= 0) /* staying out is cheaper */
        return 0;
    int64_t most = gain >> shift;
    if (d->travel && e->pair >= 0) {
        jc_block_entry_table(a->in, a->ids, e, cost, least, shift, a->entry_table);
        jc_table_add(a->table, a->entry_table, 1, most < JC_TABLE_CAP ? (int32_t)most : JC_TABLE_CAP);
    }
    return e->shared ? -gain : least;
}

/* Books the cheapest pattern within `open`, if the entry is served at all. */
static void book_entry(struct jc_accord *a, const struct jc_duals *d, uint32_t entry, const int64_t *cost,
                       uint32_t open, struct jc_usage *usage) {
    const struct jc_block_entry *e = &a->entries[entry];
    int64_t least = e->shared ? d->unit[e->unit] : JC_DUALS_NEVER;
    uint32_t months = 0;
    const struct jc_choice *chosen = jc_block_entry_cheapest(a->in, a->ids, e, cost, open, &least, &months);
    if (!chosen)
        return;
    usage->unit[e->unit] += e->shared;
    jc_usage_add(usage, d, &a->in->units[e->unit], chosen, months, 1);
    const struct jc_plan_unit *u = &a->in->units[e->unit];
    for (uint32_t left = months; left; left &= left - 1) {
        size_t m = (size_t)__builtin_ctz(left);
        a->visits[(size_t)entry * JC_MONTHS + m].slope++;
        for (uint32_t j = u->first_join; j < joins_end(u); j++)
            a->joined[(size_t)j * JC_MONTHS + m].slope++;
    }
}

/* The table of an empty block: its openings, as far as the block pays them. */
static int open_table(struct jc_accord *a, int64_t travel, int32_t pair) {
    const struct price *opening = &a->openings[(size_t)pair * JC_MONTHS];
    int shift = 0;
    while ((travel * JC_MONTHS) >> shift > JC_TABLE_CAP / 2)
        shift++;
    int64_t pays[JC_MONTHS];
    for (int m = 0; m < JC_MONTHS; m++)
        pays[m] = (travel + opening[m].at) >> shift;
    a->table[0] = 0;
    for (uint32_t z = 1; z < JC_SETS; z++)
        a->table[z] = a->table[z & (z - 1)] + (int32_t)pays[__builtin_ctz(z)];
    return shift;
}

/* The group's months: chosen where travel costs something, else all. */
static uint32_t pick_months(struct jc_accord *a, const struct group *g, const struct jc_openings *o, int shift,
                            int64_t *value) {
    int32_t least = 0;
    uint32_t must = o && o->must ? o->must[g->pair] : 0, may = o && o->may ? o->may[g->pair] : JC_MONTHS_ALL;
    uint32_t z = jc_table_least(a->table, must, may, o && o->capacity ? o->capacity[g->pair].possible : NULL, &least);
    *value += (int64_t)(least < JC_TABLE_CAP ? least : JC_TABLE_CAP) << shift;
    for (uint32_t left = z; left; left &= left - 1)
        a->openings[(size_t)g->pair * JC_MONTHS + (size_t)__builtin_ctz(left)].slope++;
    return z;
}

int64_t jc_accord_blocks(struct jc_accord *a, const struct jc_duals *d, int32_t team,
                         const struct jc_openings *openings, struct jc_usage *usage) {
    int64_t sum = 0;
    for (uint32_t i = a->first_group[team]; i < a->first_group[team + 1]; i++) {
        const struct group *g = &a->groups[i];
        bool open = d->travel && g->pair >= 0;
        int shift = open ? open_table(a, d->travel, g->pair) : 0;
        int64_t *cost = a->cost;
        for (uint32_t j = 0; j < g->n; j++) {
            uint32_t entry = a->order[g->first + j];
            a->at_cost[j] = (size_t)(cost - a->cost);
            int64_t *end = price_entry(a, d, entry, cost, &a->least[j]);
            sum += add_entry(a, d, entry, cost, a->least[j], shift);
            cost = end;
        }
        uint32_t months = open ? pick_months(a, g, openings, shift, &sum) : JC_MONTHS_ALL;
        for (uint32_t j = 0; j < g->n; j++)
            book_entry(a, d, a->order[g->first + j], a->cost + a->at_cost[j], months, usage);
    }
    return sum;
}

/* --- months ----------------------------------------------------------------------------------------------- */

/* Offers an item of `weight` grains to the knapsack `value` with `last` as its last state. */
static void offer_item(int64_t *value, int last, bool beyond, int64_t weight, int64_t cost, uint8_t *took,
                       int16_t *came) {
    *came = -1;
    int64_t best = value[last];
    for (int s = beyond && weight < last ? last - (int)weight : beyond ? 0 : last + 1; s <= last; s++)
        if (value[s] + cost < best) { /* everything beyond the last state stays there */
            best = value[s] + cost;
            *came = (int16_t)s;
        }
    int top = last;
    if (beyond) {
        value[last] = best;
        top--;
    }
    for (int s = top; s >= 0; s--) {
        took[s] = s >= weight && value[s - weight] + cost < value[s];
        if (took[s])
            value[s] = value[s - weight] + cost;
    }
}

/* The last state of a month, and whether loads may lie beyond it. */
static int last_state(const struct jc_accord *a, int32_t team, const struct jc_line *line, int64_t top, bool *beyond) {
    int64_t steep = line->limit < top ? line->limit : 0; /* from here on the line is straight */
    steep = line->target > steep ? line->target : steep;
    steep += a->largest;
    *beyond = steep < top;
    return (int)((*beyond ? steep + a->grain[team] - 1 : top) / a->grain[team]);
}

struct month {
    struct jc_accord *a;
    int32_t team;
    int m, last;
    bool beyond;
    uint32_t item; /* of the team, counting */
};

/* One group's knapsack, from a->value, with the district open. */
static void fill_group(struct month *o, const struct group *g, int64_t *value) {
    struct jc_accord *a = o->a;
    for (uint32_t j = 0; j < g->n; j++, o->item++) {
        uint32_t entry = a->order[g->first + j];
        if (!(a->any[entry] >> o->m & 1))
            continue;
        const struct jc_block_entry *e = &a->entries[entry];
        int64_t weight = a->in->units[e->unit].work / a->grain[o->team];
        offer_item(value, o->last, o->beyond, weight, -a->visits[(size_t)entry * JC_MONTHS + (size_t)o->m].at,
                   a->took + (size_t)o->item * (STATES_MAX + 1), &a->came[o->item]);
    }
}

/* The team's joins, which need no opening. */
static void fill_joins(struct month *o, int64_t *value) {
    struct jc_accord *a = o->a;
    for (uint32_t i = a->first_join[o->team]; i < a->first_join[o->team + 1]; i++, o->item++) {
        uint32_t join = a->joins_of[i];
        if (a->join_any[join] >> o->m & 1)
            offer_item(value, o->last, o->beyond, a->in->joins[join].work / a->grain[o->team],
                       -a->joined[(size_t)join * JC_MONTHS + (size_t)o->m].at,
                       a->took + (size_t)o->item * (STATES_MAX + 1), &a->came[o->item]);
    }
}

/* Was the item taken on the way to `state`? Then the state goes back to where it was before. */
static bool step_back(const struct month *o, uint32_t item, int64_t work, int *state) {
    const struct jc_accord *a = o->a;
    bool last = o->beyond && *state == o->last;
    if (last ? a->came[item] < 0 : !a->took[(size_t)item * (STATES_MAX + 1) + (size_t)*state])
        return false;
    *state = last ? a->came[item] : *state - (int)(work / a->grain[o->team]);
    return true;
}

static void book_joins(struct month *o, int *state) {
    struct jc_accord *a = o->a;
    for (uint32_t i = a->first_join[o->team + 1]; i-- > a->first_join[o->team];) {
        uint32_t join = a->joins_of[i];
        o->item--;
        if (a->join_any[join] >> o->m & 1 && step_back(o, o->item, a->in->joins[join].work, state))
            a->joined[(size_t)join * JC_MONTHS + (size_t)o->m].slope--;
    }
}

/* Books what led to `state`, last group first. */
static void book_month(struct month *o, int state) {
    struct jc_accord *a = o->a;
    uint32_t first = a->first_group[o->team], n = a->first_group[o->team + 1] - first;
    book_joins(o, &state);
    for (uint32_t i = n; i-- > 0;) {
        const struct group *g = &a->groups[first + i];
        o->item -= g->n;
        if (!a->opens[i * (STATES_MAX + 1) + (uint32_t)state])
            continue;
        if (g->pair >= 0)
            a->openings[(size_t)g->pair * JC_MONTHS + (size_t)o->m].slope--;
        for (uint32_t j = g->n; j-- > 0;) {
            uint32_t entry = a->order[g->first + j], item = o->item + j;
            if (a->any[entry] >> o->m & 1 && step_back(o, item, a->in->units[a->entries[entry].unit].work, &state))
                a->visits[(size_t)entry * JC_MONTHS + (size_t)o->m].slope--;
        }
    }
}

static int64_t line_at(const struct jc_line *f, int64_t load) {
    int64_t y = f->over * (load > f->limit ? load - f->limit : 0) - f->price * load;
    return f->target >= 0 ? y + f->balance * llabs(load - f->target) : y;
}

/* The cheapest load for each state, others' work included; returns the best state. */
static int best_state(const struct month *o, const struct jc_line *line, int64_t ideal, int64_t others, int64_t top,
                      int64_t *value, int64_t *load) {
    const struct jc_accord *a = o->a;
    int64_t grain = a->grain[o->team], best = 0;
    *value = INT64_MAX;
    for (int s = 0; s <= o->last; s++) {
        if (a->value[s] >= NEVER / 2)
            continue;
        int64_t least = s * grain, most = least + others;
        if (o->beyond && s == o->last)
            most = top;
        int64_t x = ideal < least ? least : ideal > most ? most / grain * grain : ideal;
        int64_t y = a->value[s] + line_at(line, x);
        if (y < *value) {
            *value = y;
            *load = x;
            best = s;
        }
    }
    return (int)best;
}

int64_t jc_accord_month(struct jc_accord *a, int32_t team, int m, const struct jc_line *line, int64_t ideal,
                        int64_t others, int64_t top, int64_t *load) {
    struct month o = {.a = a, .team = team, .m = m};
    o.last = last_state(a, team, line, top, &o.beyond);
    for (int s = 0; s <= o.last; s++)
        a->value[s] = s ? NEVER : 0;
    for (uint32_t i = a->first_group[team], at = 0; i < a->first_group[team + 1]; i++, at++) {
        const struct group *g = &a->groups[i];
        uint8_t *opens = a->opens + at * (STATES_MAX + 1);
        int64_t pays = g->pair >= 0 ? -a->openings[(size_t)g->pair * JC_MONTHS + (size_t)m].at : 0;
        for (int s = 0; s <= o.last; s++)
            a->opened[s] = a->value[s] + pays;
        fill_group(&o, g, a->opened);
        for (int s = 0; s <= o.last; s++) {
            opens[s] = a->opened[s] < a->value[s];
            a->value[s] = opens[s] ? a->opened[s] : a->value[s];
        }
    }
    fill_joins(&o, a->value);
    int64_t value;
    book_month(&o, best_state(&o, line, ideal, others, top, &value, load));
    return value;
}

/* --- prices ----------------------------------------------------------------------------------------------- */

static bool move_price(const struct jc_accord *a, struct price *p, double pace, int64_t least, int64_t most) {
    bool agree = p->slope == 0;
    double step = jc_adam_step(&p->late, &a->age, (double)p->slope);
    p->slope = 0;
    p->at = jc_adam_price((double)p->at + pace * step, least, most);
    return agree;
}

bool jc_accord_move(struct jc_accord *a, double pace, int64_t travel) {
    bool agree = true;
    jc_adam_age(&a->age);
    for (size_t i = 0; i < a->n_entries * JC_MONTHS; i++)
        if (a->any[i / JC_MONTHS] >> (i % JC_MONTHS) & 1)
            agree &= move_price(a, &a->visits[i], pace, -ROOM, ROOM);
    for (size_t i = 0; i < (size_t)a->in->n_joins * JC_MONTHS; i++)
        if (a->join_any[i / JC_MONTHS] >> (i % JC_MONTHS) & 1)
            agree &= move_price(a, &a->joined[i], pace, -ROOM, ROOM);
    for (size_t i = 0; i < (size_t)a->in->n_pairs * JC_MONTHS && travel; i++)
        agree &= move_price(a, &a->openings[i], pace, -(travel < ROOM ? travel : ROOM), 0);
    return !agree;
}

void jc_accord_begin(struct jc_accord *a) {
    memset(a->visits, 0, a->n_entries * JC_MONTHS * sizeof *a->visits);
    memset(a->joined, 0, (size_t)a->in->n_joins * JC_MONTHS * sizeof *a->joined);
    memset(a->openings, 0, (size_t)a->in->n_pairs * JC_MONTHS * sizeof *a->openings);
    a->age = jc_adam_begin();
}

/* --- set-up ----------------------------------------------------------------------------------------------- */

static bool states_fit(const struct jc_accord *a) {
    const struct jc_instance *in = a->in;
    for (int32_t i = 0; i < in->n_teams * JC_MONTHS; i++) {
        int64_t steep = in->limit[i] < JC_NO_LIMIT ? in->limit[i] : 0;
        steep = in->target[i] > steep ? in->target[i] : steep;
        if ((steep + a->largest) / a->grain[i / JC_MONTHS] >= STATES_MAX)
            return false;
    }
    return true;
}

struct sortable {
    const struct jc_block_entry *entry;
    uint32_t id;
};

static int by_place(const void *x, const void *y) {
    const struct sortable *a = x, *b = y;
    if (a->entry->team != b->entry->team)
        return a->entry->team < b->entry->team ? -1 : 1;
    if (a->entry->pair != b->entry->pair)
        return a->entry->pair < b->entry->pair ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* Sorts the entries into groups; a unit without district is a group of its own. */
static bool find_groups(struct jc_accord *a, struct jc_arena *arena) {
    a->order = JC_NEW_ARRAY(arena, a->n_entries + 1, uint32_t);
    a->groups = JC_NEW_ARRAY(arena, a->n_entries + 1, struct group);
    a->first_group = JC_NEW_ARRAY(arena, (size_t)a->in->n_teams + 2, uint32_t);
    struct sortable *rows = jc_calloc(a->n_entries + 1, sizeof *rows);
    bool ok = a->order && a->groups && a->first_group && rows;
    for (size_t i = 0; ok && i < a->n_entries; i++)
        rows[i] = (struct sortable){&a->entries[i], (uint32_t)i};
    if (ok && a->n_entries)
        qsort(rows, a->n_entries, sizeof *rows, by_place);
    for (size_t i = 0; ok && i < a->n_entries; i++) {
        const struct jc_block_entry *e = rows[i].entry;
        a->order[i] = rows[i].id;
        if (i == 0 || e->pair < 0 || e->pair != rows[i - 1].entry->pair) {
            a->groups[a->n_groups++] = (struct group){(uint32_t)i, 0, e->pair};
            a->first_group[e->team + 1]++;
        }
        a->groups[a->n_groups - 1].n++;
    }
    for (int32_t k = 0; ok && k < a->in->n_teams; k++)
        a->first_group[k + 1] += a->first_group[k];
    jc_free(rows);
    return ok;
}

/* Lists the joins by team; partial ones are left to the line. */
static bool find_joins(struct jc_accord *a, struct jc_arena *arena) {
    const struct jc_instance *in = a->in;
    size_t at = 0;
    a->joined = JC_NEW_ARRAY(arena, (size_t)in->n_joins * JC_MONTHS + 1, struct price);
    a->joins_of = JC_NEW_ARRAY(arena, (size_t)in->n_joins + 1, uint32_t);
    a->join_any = JC_NEW_ARRAY(arena, (size_t)in->n_joins + 1, uint16_t);
    a->first_join = JC_NEW_ARRAY(arena, (size_t)in->n_teams + 2, uint32_t);
    if (!a->joined || !a->joins_of || !a->join_any || !a->first_join)
        return false;
    for (int32_t u = 0; u < in->n_units; u++)
        for (uint32_t j = in->units[u].first_join; j < joins_end(&in->units[u]); j++)
            for (uint32_t c = 0; c < in->units[u].n_choices && in->joins[j].visits; c++)
                a->join_any[j] |= in->choices[in->units[u].first_choice + c].patterns->any;
    for (int32_t k = 0; k < in->n_teams; k++) {
        a->first_join[k] = (uint32_t)at;
        for (uint32_t j = 0; j < in->n_joins; j++)
            if (a->join_any[j] && in->joins[j].team == k) {
                a->joins_of[at++] = j;
                a->largest = in->joins[j].work > a->largest ? in->joins[j].work : a->largest;
            }
    }
    a->first_join[in->n_teams] = (uint32_t)at;
    return true;
}

/* Room for the largest block and the largest team. */
static bool make_desk(struct jc_accord *a, struct jc_arena *arena) {
    size_t patterns = 0, units = 0, items = 0, groups = 0, partial = 0;
    for (int32_t k = 0; k < a->in->n_teams; k++) {
        size_t team_items = a->first_join[k + 1] - a->first_join[k],
               team_groups = a->first_group[k + 1] - a->first_group[k];
        for (uint32_t i = a->first_group[k]; i < a->first_group[k + 1]; i++) {
            size_t sum = 0;
            for (uint32_t j = 0; j < a->groups[i].n; j++) {
                const struct jc_block_entry *e = &a->entries[a->order[a->groups[i].first + j]];
                const struct jc_plan_unit *u = &a->in->units[e->unit];
                for (uint32_t c = 0; c < e->n; c++)
                    sum += (size_t)choice_of(a, e, c)->patterns->n;
                partial = u->partial && u->n_joins > partial ? u->n_joins : partial;
            }
            team_items += a->groups[i].n;
            patterns = sum > patterns ? sum : patterns;
            units = a->groups[i].n > units ? a->groups[i].n : units;
        }
        items = team_items > items ? team_items : items;
        groups = team_groups > groups ? team_groups : groups;
    }
    a->cost = JC_NEW_ARRAY(arena, patterns + 1, int64_t);
    a->joins = JC_NEW_ARRAY(arena, partial * JC_SETS + 1, int64_t);
    a->at_cost = JC_NEW_ARRAY(arena, units + 1, size_t);
    a->least = JC_NEW_ARRAY(arena, units + 1, int64_t);
    a->took = jc_arena_array(arena, items + 1, STATES_MAX + 1);
    a->came = JC_NEW_ARRAY(arena, items + 1, int16_t);
    a->opens = jc_arena_array(arena, groups + 1, STATES_MAX + 1);
    return a->cost && a->joins && a->at_cost && a->least && a->took && a->came && a->opens;
}

struct jc_accord *jc_accord_new(const struct jc_instance *in, const struct jc_blocks *blocks, const int64_t *grain,
                                struct jc_arena *arena) {
    struct jc_accord *a = JC_NEW(arena, struct jc_accord);
    if (!a)
        return NULL;
    a->in = in;
    a->entries = jc_blocks_entries(blocks, &a->n_entries);
    a->ids = jc_blocks_choices(blocks);
    a->grain = grain;
    for (size_t i = 0; i < a->n_entries; i++) {
        int64_t work = in->units[a->entries[i].unit].work;
        a->largest = work > a->largest ? work : a->largest;
    }
    if (a->n_entries > ENTRIES_MAX)
        return a;
    if (!find_joins(a, arena))
        return NULL;
    a->fits = states_fit(a);
    if (!a->fits)
        return a;
    a->any = JC_NEW_ARRAY(arena, a->n_entries + 1, uint16_t);
    a->visits = JC_NEW_ARRAY(arena, a->n_entries * JC_MONTHS + 1, struct price);
    a->openings = JC_NEW_ARRAY(arena, (size_t)in->n_pairs * JC_MONTHS + 1, struct price);
    if (!a->any || !a->visits || !a->openings || !find_groups(a, arena) || !make_desk(a, arena))
        return NULL;
    for (size_t i = 0; i < a->n_entries; i++)
        for (uint32_t c = 0; c < a->entries[i].n; c++)
            a->any[i] |= choice_of(a, &a->entries[i], c)->patterns->any;
    return a;
}

bool jc_accord_fits(const struct jc_accord *a) {
    return a->fits;
}

int64_t jc_accord_work(const struct jc_accord *a) {
    return (int64_t)a->n_entries * 120 + 1500;
}
