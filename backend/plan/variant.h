/* A problem with something changed, beside the problem it came from.
 *
 * A variant has lists of its own but shares every row with its base until the row is asked for to be
 * changed; so a variant of 100,000 units with one change costs the lists and one row. Limits and
 * repairs are tried on variants: a row of the problem is what they are about. A what-if question is asked of the
 * register instead (scenario.h), from which limits, targets and quotas follow. Memory is the arena's; the base
 * must live as long. */
#ifndef JC_PLAN_VARIANT_H
#define JC_PLAN_VARIANT_H

#include "base/arena.h"
#include "jiancha/v1/optimizer.pb-c.h"

/* A copy of the base's lists. NULL without memory. */
Jc__Problem *jc_variant_new(const Jc__Problem *base, struct jc_arena *arena);

/* A row of the variant's own, to be changed: its fields and lists of numbers, windows, options and joints
 * are copies, texts are shared. Asking twice copies twice, which is harmless. NULL without memory. */
Jc__ProblemTeam *jc_variant_team(Jc__Problem *variant, size_t team, struct jc_arena *arena);
Jc__ProblemRule *jc_variant_rule(Jc__Problem *variant, size_t rule, struct jc_arena *arena);
Jc__ProblemUnit *jc_variant_unit(Jc__Problem *variant, size_t unit, struct jc_arena *arena);
Jc__ProblemQuota *jc_variant_quota(Jc__Problem *variant, size_t quota, struct jc_arena *arena);

/* A rule asks for `visits` (at least 0) a year wherever it is due, and its windows for no more than that:
 * minimums that add up to more are dropped. False without memory. */
bool jc_variant_visits(Jc__Problem *variant, size_t rule, int visits, struct jc_arena *arena);
/* A draw has this sample; window minimums that add up to more are dropped. False without memory. */
bool jc_variant_sample(Jc__Problem *variant, size_t draw, int sample, struct jc_arena *arena);
/* What of that windows can meet `most` visits: minimums that add up to more are dropped, in place.
 * True if they were. */
bool jc_variant_relax_windows(Jc__TimeWindow **windows, size_t count, int64_t most);
/* Takes the pins of a unit away. */
void jc_variant_unpin(Jc__Problem *variant, size_t unit);

#endif
