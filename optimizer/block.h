/* Blocks: all a team does in one district, solved exactly at given prices (formulas (10)-(14) of
 * docs/OPTIMIZER.md).
 *
 * The units of a block share nothing but the openings of its district, so a block is worth the minimum over
 * the sets O of open months of travel · |O| plus what serving each unit within O costs. A unit of several
 * teams may stay out of a block; its price is what serving it earns. Units without district belong to their
 * team and need no opening.
 *
 * Units alike in all but price are priced once for all districts of a team, which is why a whole team is
 * evaluated at a time. Values are lower bounds: exact, unless a set of openings costs more than the best one
 * by over 2,000 of cost (a team's worth of travel), where they are cut. One thread at a time. */
#ifndef JC_OPTIMIZER_BLOCK_H
#define JC_OPTIMIZER_BLOCK_H

#include "optimizer/capacity.h"
#include "optimizer/duals.h"

struct jc_blocks;

/* A unit at a team, with the choices it has there. */
struct jc_block_entry {
    int32_t unit, team;
    int32_t pair;      /* -1: no district, or no visits */
    uint32_t first, n; /* into jc_blocks_choices */
    bool shared;       /* other teams could serve it */
};

/* NULL without memory. */
struct jc_blocks *jc_blocks_new(const struct jc_instance *in, struct jc_arena *arena);

/* Which openings are allowed, by pair. NULL members allow everything. */
struct jc_openings {
    const uint16_t *must, *may;         /* months open for certain (each within may); months that may open */
    const struct jc_capacity *capacity; /* sets in which the district's work can fit */
};

/* The least cost of the team's blocks at these prices: sum over its districts and its units without one.
 * The constant (sum of the prices of all units of several teams) is the caller's to add.
 * usage: gets the relaxed plan's share added. months: by pair, the sets of open months chosen. Both may be
 * NULL. */
int64_t jc_blocks_team(struct jc_blocks *b, const struct jc_duals *d, int32_t team, const struct jc_openings *openings,
                       struct jc_usage *usage, uint16_t *months);

/* The same, block by block: values and usage are added at [pair], and of the team's units without district at
 * [n_pairs + team]. */
int64_t jc_blocks_apart(struct jc_blocks *b, const struct jc_duals *d, int32_t team, const struct jc_openings *openings,
                        struct jc_usage *usage, int64_t *values);

/* Sets the price of each unit of several teams to what serving it costs at least, openings apart. */
void jc_blocks_value_units(struct jc_blocks *b, struct jc_duals *d);

/* Where openings cost nothing (formula (29)): serves each unit of several teams where it is cheapest, and sets its price so that the
 * blocks leave it out. Returns what that costs. usage gets it added; or, with `values`, both get it at
 * [n_pairs + team], the team being that of the unit's first choice. */
int64_t jc_blocks_serve_shared(struct jc_blocks *b, struct jc_duals *d, struct jc_usage *usage, int64_t *values);

/* Must some price say who serves the unit? True if several teams could. */
bool jc_blocks_shared(const struct jc_blocks *b, int32_t unit);

/* Work of evaluating all teams at these prices, in the search's unit. */
int64_t jc_blocks_work(const struct jc_blocks *b, const struct jc_duals *d);

/* All entries, team after team. */
const struct jc_block_entry *jc_blocks_entries(const struct jc_blocks *b, size_t *n);
/* The choices of entries, as indexes into the instance's. */
const int32_t *jc_blocks_choices(const struct jc_blocks *b);

/* What accord and block ask of one entry alike. `ids` are jc_blocks_choices; `cost` are the costs of the
 * entry's patterns, choice after choice. */

/* The choice of the cheapest pattern within the months `open` that costs less than *least, which becomes its
 * cost; *months are the pattern's. NULL if there is none: nothing is changed then. */
const struct jc_choice *jc_block_entry_cheapest(const struct jc_instance *in, const int32_t *ids,
                                                const struct jc_block_entry *e, const int64_t *cost, uint32_t open,
                                                int64_t *least, uint32_t *months);
/* By set of open months: the cheapest pattern within it above `least`, shifted right; JC_TABLE_CAP: none, or more. */
void jc_block_entry_table(const struct jc_instance *in, const int32_t *ids, const struct jc_block_entry *e,
                          const int64_t *cost, int64_t least, int shift, int32_t *table);

#endif
