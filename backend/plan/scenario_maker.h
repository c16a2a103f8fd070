/* What the files that make a scenario share; nobody else needs it. */
#ifndef JC_PLAN_SCENARIO_MAKER_H
#define JC_PLAN_SCENARIO_MAKER_H

#include "plan/scenario.h"

/* A scenario under construction: its register, whose rows are the source's until they are owned. */
struct jc_scenario_maker {
    struct jc_arena *arena;
    struct jc_err *err;
    struct jc_scenario *out;
    struct jc_register *reg;
    struct jc_scenario_ids dropped; /* teams that are gone: no later change may give them anything */
};

/* The row's copy in the scenario, which may be written into; NULL without memory. */
#define JC_SCENARIO_OWN(m, slot) ((slot) = JC_CLONE((m)->arena, (slot)))

/* A sentence about what the change means; the arguments are copied. */
enum jc_code jc_scenario_note_add(struct jc_scenario_maker *m, enum jc_msg what, const struct jc_str *args,
                                  size_t count);
/* One more code on a list of the scenario; it is not copied. */
enum jc_code jc_scenario_id_add(struct jc_scenario_maker *m, struct jc_scenario_ids *ids, const char *id);
/* The team's index in the register; JC_NOT_FOUND names the code, JC_FAILED_PRECONDITION a dropped team. */
enum jc_code jc_scenario_find_team(struct jc_scenario_maker *m, struct jc_str id, int *out);
/* Is the code among them? */
bool jc_scenario_has(char *const *ids, size_t count, struct jc_str id);

/* The change JC_CHANGE_DROP_TEAM. */
enum jc_code jc_scenario_drop_team(struct jc_scenario_maker *m, const struct jc_change *change);

#endif
