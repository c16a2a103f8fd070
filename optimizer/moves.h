/* Moves of the search: a few related visits out of the plan (one unit, units of a team, a district-month,
 * a slot) and back in where pricing says, kept or undone by the energy at the present temperature. */
#ifndef JC_OPTIMIZER_MOVES_H
#define JC_OPTIMIZER_MOVES_H

#include "optimizer/price.h"

enum { JC_RUIN_MAX = 64 /* units a move takes out at most */ };

/* What a move has changed: these units may be elsewhere (all others are where they were), and slots. */
struct jc_change {
    int32_t units[JC_RUIN_MAX];
    int n;
    bool slots;
};

struct jc_moves;

/* Moves on the pricer's state, with its random numbers and temperature. Memory is the arena's; NULL without. */
struct jc_moves *jc_moves_new(struct jc_pricer *pricer, struct jc_arena *arena);

/* Tries one move and tells what stays changed of it. Every unit that can be served must be placed. */
void jc_moves_try(struct jc_moves *moves, struct jc_change *out);

#endif
