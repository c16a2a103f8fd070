/* Entries (a unit at a team) are sorted by team, kind and pair; a kind is what units alike in all but their
 * own price and district have in common. For each kind: the costs of its patterns, their subset minimum over
 * sets of open months (12), added to the table of each block that has such units (13). Then each block picks
 * its months, and a second pass over the kinds books what was chosen.
 *
 * A table holds the costs above the cheapest pattern's, so that 32 bits suffice: adding up, only differences
 * below 12 openings matter. Larger ones are cut, and with absurd weights differences are shifted right; both
 * only lower a value. A kind costs about 25,000 operations, an entry 4,000, an eighth of that with AVX2. */
#include "optimizer/block.h"

#include <stdlib.h>
#include <string.h>

#include "optimizer/alike.h"
#include "optimizer/gather.h"

struct kind {
    uint32_t first, n; /* into entries */
};

struct jc_blocks {
    const struct jc_instance *in;
    struct jc_block_entry *entries;
    int32_t *ids; /* choices */
    struct kind *kinds;
    size_t n_entries, n_ids, n_kinds;
    uint32_t *first_kind; /* by team, n_teams + 1 */
    uint32_t *first_pair; /* by team, n_teams + 1, into pairs */
    int32_t *pairs;       /* by team */
    int32_t *place;       /* by pair: which of its team's */
    bool *shared;         /* by unit */

    /* the present evaluation */
    int64_t *cost;  /* of a kind's patterns, choice after choice */
    int64_t *joins; /* JC_MONTHS tables, for partial joins */
    int32_t *kind_table;
    int32_t (*table)[JC_SETS]; /* by place */
    int64_t *base;             /* by place */
    uint16_t *chosen;          /* by place */
    int shift;
    bool tables; /* the sets of open months matter */
};

/* --- one entry ------------------------------------------------------------------------------------------ */

const struct jc_choice *jc_block_entry_cheapest(const struct jc_instance *in, const int32_t *ids,
                                                const struct jc_block_entry *e, const int64_t *cost, uint32_t open,
                                                int64_t *least, uint32_t *months) {
    const struct jc_choice *chosen = NULL;
    for (uint32_t i = 0; i < e->n; i++) {
        const struct jc_choice *c = &in->choices[ids[e->first + i]];
        for (int p = 0; p < c->patterns->n; p++)
            if (cost[p] < *least && !(c->patterns->masks[p] & ~open)) {
                *least = cost[p];
                *months = c->patterns->masks[p];
                chosen = c;
            }
        cost += c->patterns->n;
    }
    return chosen;
}

void jc_block_entry_table(const struct jc_instance *in, const int32_t *ids, const struct jc_block_entry *e,
                          const int64_t *cost, int64_t least, int shift, int32_t *table) {
    jc_table_fill(table, JC_TABLE_CAP);
    for (uint32_t i = 0; i < e->n; i++) {
        const struct jc_patterns *set = in->choices[ids[e->first + i]].patterns;
        for (int p = 0; p < set->n; p++) {
            int64_t above = (cost[p] - least) >> shift;
            if (above < table[set->masks[p]])
                table[set->masks[p]] = (int32_t)above;
        }
        cost += set->n;
    }
    jc_table_subset_minimum(table);
}

/* --- pricing a kind ------------------------------------------------------------------------------------- */

static const struct jc_choice *choice_of(const struct jc_blocks *b, const struct jc_block_entry *e, uint32_t i) {
    return &b->in->choices[b->ids[e->first + i]];
}

/* Costs of all patterns; returns the least. */
static int64_t price_kind(struct jc_blocks *b, const struct jc_duals *d, const struct kind *k) {
    const struct jc_block_entry *e = &b->entries[k->first];
    int64_t least = JC_DUALS_NEVER, *cost = b->cost;
    for (uint32_t i = 0; i < e->n; i++) {
        const struct jc_choice *c = choice_of(b, e, i);
        jc_duals_patterns(d, &b->in->units[e->unit], c, b->joins, cost);
        for (int p = 0; p < c->patterns->n; p++)
            least = cost[p] < least ? cost[p] : least;
        cost += c->patterns->n;
    }
    return least;
}

/* --- a kind's entries in the blocks --------------------------------------------------------------------- */

/* The entries of a kind in one pair begin at `from`; where do they end? */
static uint32_t run_end(const struct jc_blocks *b, const struct kind *k, uint32_t from) {
    uint32_t to = from + 1;
    while (to < k->first + k->n && b->entries[to].pair == b->entries[from].pair)
        to++;
    return to;
}

/* Adds the run's entries to their block; returns what they cost there at least. */
static int64_t add_run(struct jc_blocks *b, const struct jc_duals *d, uint32_t from, uint32_t to, int64_t least) {
    int32_t pair = b->entries[from].pair, fixed = 0;
    int32_t *table = pair >= 0 && b->tables ? b->table[b->place[pair]] : NULL;
    int64_t sum = 0;
    for (uint32_t i = from; i < to; i++) {
        const struct jc_block_entry *e = &b->entries[i];
        int64_t gain = d->unit[e->unit] - least;
        if (!e->shared) {
            fixed++;
        } else if (gain > 0) { /* served for less than it earns; staying out costs `gain` */
            int64_t most = gain >> b->shift;
            sum -= gain;
            if (table)
                jc_table_add(table, b->kind_table, 1, most < JC_TABLE_CAP ? (int32_t)most : JC_TABLE_CAP);
        }
    }
    if (fixed && table)
        jc_table_add(table, b->kind_table, fixed, JC_TABLE_CAP);
    return sum + fixed * least;
}

static int64_t add_kind(struct jc_blocks *b, const struct jc_duals *d, const struct kind *k) {
    int64_t least = price_kind(b, d, k), sum = 0;
    if (b->tables && b->entries[k->first + k->n - 1].pair >= 0) /* the last one has the highest pair */
        jc_block_entry_table(b->in, b->ids, &b->entries[k->first], b->cost, least, b->shift, b->kind_table);
    for (uint32_t from = k->first, to; from < k->first + k->n; from = to) {
        to = run_end(b, k, from);
        int64_t run = add_run(b, d, from, to, least);
        if (b->entries[from].pair >= 0)
            b->base[b->place[b->entries[from].pair]] += run;
        else
            sum += run;
    }
    return sum;
}

/* Books the run's entries as served within the months `open`. The costs are those of price_kind. */
static void book_run(const struct jc_blocks *b, const struct jc_duals *d, uint32_t from, uint32_t to, uint32_t open,
                     struct jc_usage *usage) {
    const struct jc_block_entry *e = &b->entries[from];
    int64_t least = JC_DUALS_NEVER, times = 0;
    uint32_t months = 0;
    const struct jc_choice *chosen = jc_block_entry_cheapest(b->in, b->ids, e, b->cost, open, &least, &months);
    for (uint32_t i = from; chosen && i < to; i++) {
        const struct jc_block_entry *at = &b->entries[i];
        bool served = !at->shared || least < d->unit[at->unit];
        times += served;
        usage->unit[at->unit] += served && at->shared;
    }
    if (times)
        jc_usage_add(usage, d, &b->in->units[e->unit], chosen, months, times);
}

/* usage: of the whole team, or block by block (jc_blocks_apart). */
static void book_kind(struct jc_blocks *b, const struct jc_duals *d, const struct kind *k, struct jc_usage *usage,
                      bool apart) {
    price_kind(b, d, k);
    for (uint32_t from = k->first, to; from < k->first + k->n; from = to) {
        const struct jc_block_entry *e = &b->entries[from];
        uint32_t open = e->pair >= 0 ? b->chosen[b->place[e->pair]] : JC_MONTHS_ALL;
        int32_t at = !apart ? 0 : e->pair >= 0 ? e->pair : b->in->n_pairs + e->team;
        to = run_end(b, k, from);
        book_run(b, d, from, to, open, &usage[at]);
    }
}

/* --- a team --------------------------------------------------------------------------------------------- */

/* Empty tables: travel alone. */
static void clear_blocks(struct jc_blocks *b, const struct jc_duals *d, uint32_t n) {
    b->shift = 0;
    while ((d->travel * JC_MONTHS) >> b->shift > JC_TABLE_CAP / 2)
        b->shift++;
    memset(b->base, 0, n * sizeof *b->base);
    if (!b->tables || !n)
        return;
    for (int z = 0; z < JC_SETS; z++)
        b->table[0][z] = (int32_t)((d->travel * __builtin_popcount((unsigned)z)) >> b->shift);
    for (uint32_t i = 1; i < n; i++)
        memcpy(b->table[i], b->table[0], sizeof b->table[0]);
}

/* The pair picks its months; returns its cost. */
static int64_t pick_months(struct jc_blocks *b, const struct jc_openings *o, int32_t pair) {
    int32_t at = b->place[pair], value = 0;
    b->chosen[at] = JC_MONTHS_ALL;
    if (!b->tables)
        return b->base[at];
    uint32_t must = o && o->must ? o->must[pair] : 0, may = o && o->may ? o->may[pair] : JC_MONTHS_ALL;
    const uint64_t *possible = o && o->capacity ? o->capacity[pair].possible : NULL;
    b->chosen[at] = (uint16_t)jc_table_least(b->table[at], must, may, possible, &value);
    return b->base[at] + ((int64_t)(value < JC_TABLE_CAP ? value : JC_TABLE_CAP) << b->shift);
}

/* Prices the kinds and picks the months; values as in jc_blocks_apart, unless NULL. */
static int64_t price_team(struct jc_blocks *b, const struct jc_duals *d, int32_t team,
                          const struct jc_openings *openings, int64_t *values) {
    uint32_t first = b->first_pair[team], n = b->first_pair[team + 1] - first;
    int64_t sum = 0;
    b->tables = openings || d->travel;
    clear_blocks(b, d, n);
    for (uint32_t k = b->first_kind[team]; k < b->first_kind[team + 1]; k++)
        sum += add_kind(b, d, &b->kinds[k]);
    if (values)
        values[b->in->n_pairs + team] += sum;
    for (uint32_t i = 0; i < n; i++) {
        int64_t one = pick_months(b, openings, b->pairs[first + i]);
        sum += one;
        if (values)
            values[b->pairs[first + i]] += one;
    }
    return sum;
}

int64_t jc_blocks_team(struct jc_blocks *b, const struct jc_duals *d, int32_t team, const struct jc_openings *openings,
                       struct jc_usage *usage, uint16_t *months) {
    int64_t sum = price_team(b, d, team, openings, NULL);
    for (uint32_t i = b->first_pair[team]; months && i < b->first_pair[team + 1]; i++)
        months[b->pairs[i]] = b->chosen[i - b->first_pair[team]];
    for (uint32_t k = b->first_kind[team]; usage && k < b->first_kind[team + 1]; k++)
        book_kind(b, d, &b->kinds[k], usage, false);
    return sum;
}

int64_t jc_blocks_apart(struct jc_blocks *b, const struct jc_duals *d, int32_t team, const struct jc_openings *openings,
                        struct jc_usage *usage, int64_t *values) {
    int64_t sum = price_team(b, d, team, openings, values);
    for (uint32_t k = b->first_kind[team]; k < b->first_kind[team + 1]; k++)
        book_kind(b, d, &b->kinds[k], usage, true);
    return sum;
}

void jc_blocks_value_units(struct jc_blocks *b, struct jc_duals *d) {
    for (int32_t u = 0; u < b->in->n_units; u++)
        d->unit[u] = JC_DUALS_NEVER;
    for (size_t k = 0; k < b->n_kinds; k++) {
        int64_t least = price_kind(b, d, &b->kinds[k]);
        for (uint32_t i = b->kinds[k].first; i < b->kinds[k].first + b->kinds[k].n; i++) {
            int64_t *price = &d->unit[b->entries[i].unit];
            *price = least < *price ? least : *price;
        }
    }
}

/* The units of the kind that are cheapest in it and not served yet. */
static int64_t serve_kind(struct jc_blocks *b, struct jc_duals *d, const struct kind *k, struct jc_usage *usage,
                          int64_t *values) {
    const struct jc_instance *in = b->in;
    int64_t least = price_kind(b, d, k), cost = JC_DUALS_NEVER, sum = 0;
    uint32_t months = 0;
    const struct jc_choice *chosen =
        jc_block_entry_cheapest(in, b->ids, &b->entries[k->first], b->cost, JC_MONTHS_ALL, &cost, &months);
    for (uint32_t i = k->first; i < k->first + k->n; i++) {
        const struct jc_plan_unit *unit = &in->units[b->entries[i].unit];
        if (!b->entries[i].shared || d->unit[b->entries[i].unit] != least)
            continue;
        int32_t at = values ? in->n_pairs + in->choices[unit->first_choice].team : 0;
        if (values)
            values[at] += least;
        jc_usage_add(&usage[at], d, unit, chosen, months, 1);
        d->unit[b->entries[i].unit] = -JC_DUALS_NEVER;
        sum += least;
    }
    return sum;
}

int64_t jc_blocks_serve_shared(struct jc_blocks *b, struct jc_duals *d, struct jc_usage *usage, int64_t *values) {
    int64_t sum = 0;
    jc_blocks_value_units(b, d);
    for (size_t k = 0; k < b->n_kinds; k++)
        sum += serve_kind(b, d, &b->kinds[k], usage, values);
    return sum;
}

bool jc_blocks_shared(const struct jc_blocks *b, int32_t unit) {
    return b->shared[unit];
}

int64_t jc_blocks_work(const struct jc_blocks *b, const struct jc_duals *d) {
    return (int64_t)b->n_kinds * (d->travel ? 32 : 6) + (int64_t)b->n_entries * 3 + 200;
}

const struct jc_block_entry *jc_blocks_entries(const struct jc_blocks *b, size_t *n) {
    *n = b->n_entries;
    return b->entries;
}

const int32_t *jc_blocks_choices(const struct jc_blocks *b) {
    return b->ids;
}

/* --- set-up ----------------------------------------------------------------------------------------------- */

/* Entries in the order of the units. */
struct entries {
    const struct jc_blocks *b;
    struct jc_block_entry *rows;
    uint32_t n;
};

static int order_kinds(const void *ctx, uint32_t i, uint32_t j) {
    const struct entries *entries = ctx;
    const struct jc_blocks *b = entries->b;
    const struct jc_block_entry *x = &entries->rows[i], *y = &entries->rows[j];
    int c = jc_order(x->team, y->team);
    c = c ? c : jc_order(x->n, y->n);
    c = c ? c : jc_alike_unit(b->in, &b->in->units[x->unit], &b->in->units[y->unit]);
    for (uint32_t k = 0; !c && k < x->n; k++)
        c = jc_alike_choice(choice_of(b, x, k), choice_of(b, y, k));
    return c;
}

static uint64_t hash_kind(const void *ctx, uint32_t i) {
    const struct entries *entries = ctx;
    const struct jc_block_entry *e = &entries->rows[i];
    uint64_t hash = jc_alike_unit_hash(entries->b->in, &entries->b->in->units[e->unit]);
    for (uint32_t k = 0; k < e->n; k++)
        hash = jc_alike_mix(hash, jc_alike_choice_hash(choice_of(entries->b, e, k)));
    return hash;
}

/* Adds the unit's entries, one for each team it has choices with. */
static void add_entries(struct jc_blocks *b, struct entries *entries, int32_t unit) {
    const struct jc_plan_unit *u = &b->in->units[unit];
    uint32_t before = entries->n;
    for (uint32_t c = u->first_choice; c < u->first_choice + u->n_choices; c++) {
        int32_t team = b->in->choices[c].team;
        bool seen = false;
        for (uint32_t i = before; i < entries->n && !seen; i++)
            seen = entries->rows[i].team == team;
        if (seen)
            continue;
        struct jc_block_entry *e = &entries->rows[entries->n++];
        *e = (struct jc_block_entry){unit, team, -1, (uint32_t)b->n_ids, 0, false};
        for (uint32_t d = c; d < u->first_choice + u->n_choices; d++)
            if (b->in->choices[d].team == team) {
                b->ids[b->n_ids++] = (int32_t)d;
                e->n++;
                e->pair = b->in->choices[d].pair > e->pair ? b->in->choices[d].pair : e->pair;
            }
    }
    b->shared[unit] = entries->n - before > 1;
    for (uint32_t i = before; i < entries->n; i++)
        entries->rows[i].shared = b->shared[unit];
}

/* The entries by kind, then pair, then unit, and where each kind begins. */
static bool list_kinds(struct jc_blocks *b, const struct entries *entries, const uint32_t *rank, const uint32_t *order,
                       struct jc_arena *arena) {
    b->n_entries = entries->n;
    b->entries = jc_arena_array(arena, b->n_entries + 1, sizeof *b->entries);
    b->kinds = JC_NEW_ARRAY(arena, b->n_kinds + 1, struct kind);
    b->first_kind = JC_NEW_ARRAY(arena, (size_t)b->in->n_teams + 2, uint32_t);
    if (!b->entries || !b->kinds || !b->first_kind)
        return false;
    for (uint32_t i = 0; i < entries->n; i++) {
        struct kind *kind = &b->kinds[rank[order[i]]];
        b->entries[i] = entries->rows[order[i]];
        if (!kind->n++) {
            kind->first = i;
            b->first_kind[b->entries[i].team + 1]++;
        }
    }
    for (int32_t k = 0; k < b->in->n_teams; k++)
        b->first_kind[k + 1] += b->first_kind[k];
    return true;
}

/* Finds the kinds; false without memory. */
static bool find_kinds(struct jc_blocks *b, const struct entries *entries, struct jc_arena *arena) {
    const struct jc_gather gather = {entries, hash_kind, order_kinds};
    uint32_t n = entries->n, *memory = jc_malloc(((size_t)n * 3 + 1) * sizeof *memory);
    uint32_t *key = memory, *by_pair = memory + n, *order = by_pair + n;
    bool good = memory;
    for (uint32_t i = 0; good && i < n; i++)
        key[i] = (uint32_t)(entries->rows[i].pair + 1);
    good = good && jc_gather_sort(key, (uint32_t)b->in->n_pairs + 1, NULL, n, by_pair);
    int64_t n_kinds = good ? jc_gather_rank(&gather, n, key) : -1;
    b->n_kinds = n_kinds < 0 ? 0 : (size_t)n_kinds;
    good = n_kinds >= 0 && jc_gather_sort(key, (uint32_t)n_kinds, by_pair, n, order) &&
           list_kinds(b, entries, key, order, arena);
    jc_free(memory);
    return good;
}

/* The pairs of each team, and the most a team has. */
static bool list_pairs(struct jc_blocks *b, struct jc_arena *arena, uint32_t *most) {
    const struct jc_instance *in = b->in;
    b->first_pair = JC_NEW_ARRAY(arena, (size_t)in->n_teams + 2, uint32_t);
    b->pairs = JC_NEW_ARRAY(arena, (size_t)in->n_pairs + 1, int32_t);
    b->place = JC_NEW_ARRAY(arena, (size_t)in->n_pairs + 1, int32_t);
    uint32_t *count = JC_NEW_ARRAY(arena, (size_t)in->n_teams + 1, uint32_t);
    if (!b->first_pair || !b->pairs || !b->place || !count)
        return false;
    for (int32_t p = 0; p < in->n_pairs; p++)
        b->place[p] = (int32_t)count[in->pair_team[p]]++;
    for (int32_t k = 0; k < in->n_teams; k++) {
        b->first_pair[k + 1] = b->first_pair[k] + count[k];
        *most = count[k] > *most ? count[k] : *most;
    }
    for (int32_t p = 0; p < in->n_pairs; p++)
        b->pairs[b->first_pair[in->pair_team[p]] + (uint32_t)b->place[p]] = p;
    return true;
}

/* Room for an evaluation. */
static bool make_desk(struct jc_blocks *b, struct jc_arena *arena, uint32_t most_pairs) {
    size_t most = 0, partial = 0;
    for (size_t i = 0; i < b->n_entries; i++) {
        size_t patterns = 0;
        for (uint32_t c = 0; c < b->entries[i].n; c++)
            patterns += (size_t)choice_of(b, &b->entries[i], c)->patterns->n;
        most = patterns > most ? patterns : most;
        const struct jc_plan_unit *u = &b->in->units[b->entries[i].unit];
        partial = u->partial && u->n_joins > partial ? u->n_joins : partial;
    }
    b->cost = JC_NEW_ARRAY(arena, most + 1, int64_t);
    b->joins = JC_NEW_ARRAY(arena, partial * JC_SETS + 1, int64_t);
    b->kind_table = JC_NEW_ARRAY(arena, JC_SETS, int32_t);
    b->table = jc_arena_array(arena, (size_t)most_pairs + 1, sizeof *b->table);
    b->base = JC_NEW_ARRAY(arena, (size_t)most_pairs + 1, int64_t);
    b->chosen = JC_NEW_ARRAY(arena, (size_t)most_pairs + 1, uint16_t);
    return b->cost && b->joins && b->kind_table && b->table && b->base && b->chosen;
}

struct jc_blocks *jc_blocks_new(const struct jc_instance *in, struct jc_arena *arena) {
    struct jc_blocks *b = JC_NEW(arena, struct jc_blocks);
    if (!b)
        return NULL;
    b->in = in;
    b->ids = JC_NEW_ARRAY(arena, (size_t)in->n_choices + 1, int32_t);
    b->shared = JC_NEW_ARRAY(arena, (size_t)in->n_units + 1, bool);
    if (!b->ids || !b->shared)
        return NULL;
    struct entries entries = {.b = b, .rows = jc_malloc(((size_t)in->n_choices + 1) * sizeof *entries.rows)};
    for (int32_t u = 0; entries.rows && u < in->n_units; u++)
        add_entries(b, &entries, u);
    bool good = entries.rows && find_kinds(b, &entries, arena);
    jc_free(entries.rows);
    uint32_t most_pairs = 0;
    return good && list_pairs(b, arena, &most_pairs) && make_desk(b, arena, most_pairs) ? b : NULL;
}
