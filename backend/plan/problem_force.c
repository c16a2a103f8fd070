/* The plan in force as the problem carries it: what changes are counted against, and where the search starts.
 * A problem unit that is a part of a unit is compared with what the parts before it leave. */
#include <string.h>

#include "model/pattern.h"
#include "plan/problem_builder.h"
#include "plan/visit.h"

/* The visit as one to start from; the worker takes what fits. */
static enum jc_code push_start(struct jc_builder *b, int32_t unit, const Jc__Visit *visit) {
    const struct jc_problem_source *source = &b->out->sources[unit];
    const Jc__ProblemUnit *u = b->problem->units[unit];
    JC_BUILDER_MAKE(b, v, Jc__SolvedVisit, jc__solved_visit__init);
    v->unit = unit;
    v->rule = source->alone || source->rest ? u->options[0]->rule : jc_register_rule(b->reg, visit->rule_id);
    v->team = jc_register_team(b->reg, visit->lead_team);
    v->month = visit->month;
    v->mode = visit->mode;
    v->joints = JC_NEW_ARRAY(b->arena, u->n_joints + 1, int32_t);
    if (!v->joints)
        return jc_fail_memory(b->err);
    for (size_t j = 0; j < u->n_joints; j++)
        for (size_t k = 0; k < visit->n_joined; k++)
            if (u->joints[j]->team == jc_register_team(b->reg, visit->joined[k]->team_id))
                v->joints[v->n_joints++] = (int32_t)j;
    b->problem->start->visits[b->problem->start->n_visits++] = v;
    return JC_OK;
}

static enum jc_code push_in_force(struct jc_builder *b, Jc__PlanInForce *plan, int32_t unit, const Jc__Visit *visit) {
    Jc__VisitInForce *last = plan->n_visits ? plan->visits[plan->n_visits - 1] : NULL;
    if (last && last->unit == unit && last->month == visit->month)
        return JC_OK;
    JC_BUILDER_MAKE(b, v, Jc__VisitInForce, jc__visit_in_force__init);
    v->unit = unit;
    v->month = visit->month;
    v->team = jc_register_team(b->reg, visit->lead_team);
    plan->visits[plan->n_visits++] = v;
    return push_start(b, unit, visit);
}

static const Jc__Visit *same_visit(const struct jc_visit_list *visits, const char *visit_id) {
    for (size_t i = 0; i < visits->count; i++)
        if (strcmp(visits->visits[i]->visit_id, visit_id) == 0)
            return visits->visits[i];
    return NULL;
}

/* What the plan in force has for one problem unit. A part is compared with what the parts before it leave. */
static enum jc_code add_force_of(struct jc_builder *b, Jc__PlanInForce *plan, int32_t u) {
    const struct jc_problem_source *source = &b->out->sources[u];
    struct jc_visit_list force = jc_visit_list_of(&b->force, false, source->unit->unit_id);
    struct jc_visit_list kept = jc_visit_list_of(&b->kept, false, source->unit->unit_id);
    enum jc_code code = JC_OK;
    if (source->rest && b->problem->units[u]->blackout_months == JC_MONTHS_ALL)
        return JC_OK; /* missed */
    for (size_t i = 0; !code && i < force.count; i++) {
        const Jc__Visit *now = same_visit(&kept, force.visits[i]->visit_id);
        bool mine = source->alone ? now == source->alone : !source->rest || !now || !jc_visit_is_kept(now);
        if (mine)
            code = push_in_force(b, plan, u, force.visits[i]);
    }
    return code;
}

static enum jc_code add_slots_in_force(struct jc_builder *b, Jc__PlanInForce *plan, int32_t draw) {
    const Jc__Plan *force = b->out->in_force;
    const Jc__Draw *row = b->reg->draws[draw];
    for (size_t i = 0; i < force->n_visits; i++) {
        const Jc__Visit *visit = force->visits[i];
        if (strcmp(visit->draw_id, row->draw_id) != 0 || strcmp(visit->lead_team, row->team_id) != 0)
            continue;
        JC_BUILDER_MAKE(b, slot, Jc__SolvedSlot, jc__solved_slot__init);
        slot->draw = draw;
        slot->month = visit->month;
        plan->slots[plan->n_slots++] = slot;
        b->problem->start->slots[b->problem->start->n_slots++] = slot;
    }
    return JC_OK;
}

enum jc_code jc_builder_add_in_force(struct jc_builder *b) {
    const Jc__Plan *force = b->out->in_force;
    enum jc_code code = JC_OK;
    if (!force)
        return JC_OK;
    JC_BUILDER_MAKE(b, plan, Jc__PlanInForce, jc__plan_in_force__init);
    JC_BUILDER_MAKE(b, start, Jc__Solution, jc__solution__init);
    b->problem->start = start;
    start->visits = JC_NEW_ARRAY(b->arena, force->n_visits + 1, Jc__SolvedVisit *);
    start->slots = JC_NEW_ARRAY(b->arena, force->n_visits + 1, Jc__SolvedSlot *);
    plan->visits = JC_NEW_ARRAY(b->arena, force->n_visits + 1, Jc__VisitInForce *);
    plan->slots = JC_NEW_ARRAY(b->arena, force->n_visits + 1, Jc__SolvedSlot *);
    if (!plan->visits || !plan->slots || !start->visits || !start->slots)
        return jc_fail_memory(b->err);
    for (size_t u = 0; !code && u < b->problem->n_units; u++)
        code = add_force_of(b, plan, (int32_t)u);
    for (size_t d = 0; !code && d < b->reg->n_draws; d++)
        code = add_slots_in_force(b, plan, (int32_t)d);
    b->problem->in_force = plan;
    return code;
}
