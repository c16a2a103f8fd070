/* A problem under construction: what problem.c and the files beside it (problem_unit.c, problem_part.c,
 * problem_draw.c, problem_force.c) fill together. Nobody else includes this.
 *
 * A visit that breaks a rule on purpose stands alone (see problem.h) under a copy of its rule without
 * windows: once counted by every quota of the rule, for the other visits of the same unit by all but the
 * `units` quotas, so that the unit counts once.
 *
 * Everything is the arena's. Functions fail without memory, and with JC_DATA_LOSS where the register names
 * a team, rule or draw that it does not have. */
#ifndef JC_PLAN_PROBLEM_BUILDER_H
#define JC_PLAN_PROBLEM_BUILDER_H

#include "plan/problem.h"
#include "plan/visit.h"

/* By `units` quotas, or not. */
enum jc_builder_copy { JC_BUILDER_COUNTED, JC_BUILDER_UNCOUNTED, JC_BUILDER_COPIES };

struct jc_builder {
    struct jc_arena *arena;
    struct jc_err *err;
    struct jc_plan_problem *out;
    const struct jc_register *reg;
    Jc__Problem *problem;
    struct {
        Jc__ProblemRule **items;
        size_t count, capacity;
    } rules;
    int32_t *copies[JC_BUILDER_COPIES]; /* by register rule: index of the copy, 0 if there is none yet */
    struct {
        Jc__ProblemUnit **items;
        size_t count, capacity;
    } units;
    struct {
        struct jc_problem_source *items;
        size_t count, capacity;
    } sources;
    struct {
        Jc__ProblemPin **items;
        size_t count, capacity;
    } pins;
    struct {
        struct jc_builder_made {
            int32_t of, rule; /* the register's, and the one made of it */
            bool counted;     /* by `units` quotas */
        } * items;
        size_t count, capacity;
    } remainders;
    struct jc_visit_list kept, force; /* of the kept plan and of the plan in force */
    uint32_t closed;                  /* months over by the plan's as_of */
    struct jc_executed *executed;
    size_t n_executed;
};

/* A message of the arena, initialised; returns from the function without memory. */
#define JC_BUILDER_MAKE(b, variable, type, init) \
    type *variable = JC_NEW((b)->arena, type);   \
    if (!(variable))                             \
        return jc_fail_memory((b)->err);         \
    init(variable)

/* Fails: the register names a `kind` that it does not have. */
enum jc_code jc_builder_unknown(struct jc_builder *b, const char *kind, const char *id);

/* --- lists (problem_builder.c) --- */

enum jc_code jc_builder_push_rule(struct jc_builder *b, Jc__ProblemRule *rule);
/* The rule without windows under which one visit stands alone, made when first asked for. */
enum jc_code jc_builder_copy_rule(struct jc_builder *b, int32_t rule, enum jc_builder_copy kind, int32_t *out);
/* A rule of `visits` visits made of the register's `of`, without windows and gap; *index is its place. */
enum jc_code jc_builder_make_rule(struct jc_builder *b, int32_t of, bool counted, int visits, Jc__ProblemRule **out,
                                  int32_t *index);
enum jc_code jc_builder_push_unit(struct jc_builder *b, Jc__ProblemUnit *unit, struct jc_problem_source source);
/* Pins one slot of a draw in a month. */
enum jc_code jc_builder_pin_slot(struct jc_builder *b, int32_t draw, int32_t month);
/* Pins a visit of a unit that was pushed, in the mode that people were told if they were. */
enum jc_code jc_builder_pin_visit(struct jc_builder *b, int32_t unit, const Jc__Visit *visit);

bool jc_builder_any_forced(const struct jc_visit_list *visits);

/* --- units (problem_unit.c) --- */

/* What a unit and each of its parts have in common. */
void jc_builder_describe_unit(Jc__ProblemUnit *u, const Jc__Unit *unit);
enum jc_code jc_builder_add_lead_teams(struct jc_builder *b, Jc__ProblemUnit *u, char *const *team_ids, size_t count);
/* A joining team; `rule` and `visits` as they hold for this unit or part. u->joints must have room. */
enum jc_code jc_builder_add_joint(struct jc_builder *b, Jc__ProblemUnit *u, const char *team_id, int32_t rule,
                                  int visits, int64_t work_centi);
/* A whole unit, its kept visits pinned. */
enum jc_code jc_builder_add_whole(struct jc_builder *b, const Jc__Unit *unit, const struct jc_visit_list *visits);
/* One visit of a unit, standing alone. */
enum jc_code jc_builder_add_alone(struct jc_builder *b, const Jc__Unit *unit, const Jc__Visit *visit,
                                  enum jc_builder_copy kind);

/* A unit of a plan that is re-planned: whole if it can be, else in parts (problem_part.c). */
enum jc_code jc_builder_add_as_of(struct jc_builder *b, const Jc__Unit *unit, const struct jc_visit_list *visits);

/* All draws, in the register's order (problem_draw.c). */
enum jc_code jc_builder_add_draws(struct jc_builder *b);

/* The plan in force and the start, if the plan is re-planned; after units and draws (problem_force.c). */
enum jc_code jc_builder_add_in_force(struct jc_builder *b);

#endif
