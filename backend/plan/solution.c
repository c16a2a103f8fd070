/* Between solution and visits. Both sides are sorted by unit and month, so the kept visits of a unit are
 * found by one binary search and matched by month. Cost O(visits · log visits). */
#include "plan/solution.h"

#include <stdlib.h>
#include <string.h>

#include "model/pattern.h"
#include "plan/visit.h"

/* --- plan to solution --------------------------------------------------------------------------------- */

static enum jc_code outdated(const Jc__Visit *visit, struct jc_err *err) {
    return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_PLAN_OUTDATED, jc_str(visit->visit_id));
}

static enum jc_code solved_visit(const struct jc_plan_problem *pp, size_t unit, const Jc__Visit *visit,
                                 struct jc_arena *arena, Jc__SolvedVisit **out, struct jc_err *err) {
    const Jc__ProblemUnit *u = pp->problem->units[unit];
    Jc__SolvedVisit *v = JC_NEW(arena, Jc__SolvedVisit);
    if (!v)
        return jc_fail_memory(err);
    jc__solved_visit__init(v);
    v->unit = (int32_t)unit;
    bool part = pp->sources[unit].alone || pp->sources[unit].rest;
    v->rule = part ? u->options[0]->rule : jc_register_rule(pp->reg, visit->rule_id);
    v->team = jc_register_team(pp->reg, visit->lead_team);
    v->month = visit->month;
    v->mode = visit->mode;
    v->joints = JC_NEW_ARRAY(arena, visit->n_joined + 1, int32_t);
    if (!v->joints)
        return jc_fail_memory(err);
    for (size_t i = 0; i < visit->n_joined; i++) {
        int32_t team = jc_register_team(pp->reg, visit->joined[i]->team_id), joint = -1;
        for (size_t j = 0; j < u->n_joints; j++)
            if (u->joints[j]->team == team)
                joint = (int32_t)j;
        if (joint < 0)
            return outdated(visit, err);
        v->joints[v->n_joints++] = joint;
    }
    *out = v;
    return v->rule < 0 || v->team < 0 ? outdated(visit, err) : JC_OK;
}

static enum jc_code solved_slots(const struct jc_plan_problem *pp, const struct jc_visit_list *all,
                                 struct jc_arena *arena, Jc__Solution *solution, size_t *used, struct jc_err *err) {
    for (size_t d = 0; d < pp->problem->n_draws; d++) {
        struct jc_visit_list slots = jc_visit_list_of(all, true, pp->problem->draws[d]->draw_id);
        for (size_t i = 0; i < slots.count; i++) {
            Jc__SolvedSlot *slot = JC_NEW(arena, Jc__SolvedSlot);
            if (!slot)
                return jc_fail_memory(err);
            jc__solved_slot__init(slot);
            slot->draw = (int32_t)d;
            slot->month = slots.visits[i]->month;
            solution->slots[solution->n_slots++] = slot;
        }
        *used += slots.count;
    }
    return JC_OK;
}

/* Does the visit belong to what a unit has beside its visits standing alone? Those that were missed are in
 * no plan. */
static bool is_of_rest(const struct jc_plan_problem *pp, size_t unit, const Jc__Visit *visit) {
    return !jc_visit_is_kept(visit) && pp->problem->units[unit]->blackout_months != JC_MONTHS_ALL;
}

static enum jc_code solved_visits(const struct jc_plan_problem *pp, const struct jc_visit_list *all,
                                  struct jc_arena *arena, Jc__Solution *solution, size_t *used, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t u = 0; !code && u < pp->problem->n_units; u++) {
        struct jc_visit_list visits = jc_visit_list_of(all, false, pp->sources[u].unit->unit_id);
        const Jc__Visit *alone = pp->sources[u].alone;
        for (size_t i = 0; !code && i < visits.count; i++) {
            if (alone ? alone != visits.visits[i] : pp->sources[u].rest && !is_of_rest(pp, u, visits.visits[i]))
                continue;
            code = solved_visit(pp, u, visits.visits[i], arena, &solution->visits[solution->n_visits], err);
            solution->n_visits += !code;
            (*used)++;
        }
    }
    return code;
}

static bool is_planned_unit(const struct jc_register *reg, const char *unit_id) {
    int i = jc_register_unit(reg, unit_id);
    return i >= 0 && reg->units[i]->n_rule_ids > 0;
}

enum jc_code jc_solution_of_plan(const struct jc_plan_problem *pp, const Jc__Plan *plan, struct jc_arena *arena,
                                 Jc__Solution **out, struct jc_err *err) {
    struct jc_visit_list all;
    size_t used = 0;
    enum jc_code code = jc_visit_list_sort(plan, arena, &all, err);
    Jc__Solution *solution = JC_NEW(arena, Jc__Solution);
    if (code || !solution)
        return jc_fail_memory(err);
    jc__solution__init(solution);
    solution->visits = JC_NEW_ARRAY(arena, all.count + 1, Jc__SolvedVisit *);
    solution->slots = JC_NEW_ARRAY(arena, all.count + 1, Jc__SolvedSlot *);
    if (!solution->visits || !solution->slots)
        return jc_fail_memory(err);
    code = solved_visits(pp, &all, arena, solution, &used, err);
    if (!code)
        code = solved_slots(pp, &all, arena, solution, &used, err);
    for (size_t i = 0; !code && used != all.count && i < all.count; i++) { /* name one that has no place */
        const Jc__Visit *v = all.visits[i];
        bool known = *v->draw_id ? jc_register_draw(pp->reg, v->draw_id) >= 0 : is_planned_unit(pp->reg, v->unit_id);
        if (!known)
            code = outdated(v, err);
    }
    if (!code)
        *out = solution;
    return code;
}

/* --- which visits were kept ------------------------------------------------------------------------------ */

/* By index of the solution's visits and slots: the kept visit it is, or NULL. */
struct match {
    const Jc__Visit **visits;
    const Jc__Visit **slots;
};

static enum jc_code impossible(const Jc__Visit *visit, struct jc_err *err) {
    return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_PLAN_KEPT_IMPOSSIBLE, jc_str(visit->visit_id));
}

/* A kept visit is the solution's visit of the same unit and month. */
static enum jc_code match_visits(const struct jc_plan_problem *pp, const Jc__Solution *solution,
                                 const struct jc_visit_list *all, struct match *match, struct jc_err *err) {
    size_t at = 0;
    for (size_t u = 0; u < pp->problem->n_units; u++) {
        struct jc_visit_list kept = jc_visit_list_of(all, false, pp->sources[u].unit->unit_id);
        size_t first = at;
        while (at < solution->n_visits && (size_t)solution->visits[at]->unit == u)
            at++;
        if (pp->sources[u].alone && at > first)
            match->visits[first] = pp->sources[u].alone;
        bool part = pp->sources[u].alone || pp->sources[u].rest;
        for (size_t k = 0; !part && k < kept.count; k++) {
            size_t i = first;
            while (i < at && solution->visits[i]->month != kept.visits[k]->month)
                i++;
            if (!jc_visit_is_kept(kept.visits[k]))
                continue;
            if (i == at || match->visits[i])
                return impossible(kept.visits[k], err);
            match->visits[i] = kept.visits[k];
        }
    }
    return JC_OK;
}

static enum jc_code match_slots(const struct jc_plan_problem *pp, const Jc__Solution *solution,
                                const struct jc_visit_list *all, struct match *match, struct jc_err *err) {
    size_t at = 0;
    for (size_t d = 0; d < pp->problem->n_draws; d++) {
        struct jc_visit_list kept = jc_visit_list_of(all, true, pp->problem->draws[d]->draw_id);
        bool forced = false;
        size_t first = at;
        for (size_t k = 0; k < kept.count; k++)
            forced |= *kept.visits[k]->forced_by != 0;
        while (at < solution->n_slots && (size_t)solution->slots[at]->draw == d)
            at++;
        for (size_t k = 0; k < kept.count; k++) {
            size_t i = first;
            if (!forced && !jc_visit_is_kept(kept.visits[k]))
                continue;
            while (i < at && (match->slots[i] || solution->slots[i]->month != kept.visits[k]->month))
                i++;
            if (i == at)
                return impossible(kept.visits[k], err);
            match->slots[i] = kept.visits[k];
        }
    }
    return JC_OK;
}

/* Every kept visit has found its place: none is of a unit or draw that the problem no longer has. */
static enum jc_code check_all_matched(const struct jc_visit_list *all, const struct match *match,
                                      const Jc__Solution *solution, struct jc_err *err) {
    size_t kept = 0, matched = 0;
    for (size_t i = 0; i < solution->n_visits; i++)
        matched += match->visits[i] && jc_visit_is_kept(match->visits[i]);
    for (size_t i = 0; i < solution->n_slots; i++)
        matched += match->slots[i] && jc_visit_is_kept(match->slots[i]);
    for (size_t i = 0; i < all->count; i++)
        kept += jc_visit_is_kept(all->visits[i]);
    for (size_t i = 0; kept != matched && i < all->count; i++) { /* name one */
        bool found = !jc_visit_is_kept(all->visits[i]);
        for (size_t k = 0; !found && k < solution->n_visits; k++)
            found = match->visits[k] == all->visits[i];
        for (size_t k = 0; !found && k < solution->n_slots; k++)
            found = match->slots[k] == all->visits[i];
        if (!found)
            return impossible(all->visits[i], err);
    }
    return JC_OK;
}

static enum jc_code find_kept(const struct jc_plan_problem *pp, const Jc__Solution *solution, struct jc_arena *arena,
                              struct match *match, struct jc_err *err) {
    struct jc_visit_list all;
    enum jc_code code = jc_visit_list_sort(pp->kept, arena, &all, err);
    match->visits = JC_NEW_ARRAY(arena, solution->n_visits + 1, const Jc__Visit *);
    match->slots = JC_NEW_ARRAY(arena, solution->n_slots + 1, const Jc__Visit *);
    if (!code && (!match->visits || !match->slots))
        code = jc_fail_memory(err);
    if (!code)
        code = match_visits(pp, solution, &all, match, err);
    if (!code)
        code = match_slots(pp, solution, &all, match, err);
    return code ? code : check_all_matched(&all, match, solution, err);
}

/* --- solution to plan -------------------------------------------------------------------------------------- */

/* The numbers of a unit or draw that kept visits hold. */
struct numbers {
    const Jc__Visit *const *kept; /* by index; NULL where not kept */
    size_t count;
    int next;
};

/* The lowest number nobody holds. */
static int next_number(struct numbers *numbers) {
    for (;;) {
        bool held = false;
        numbers->next++;
        for (size_t i = 0; i < numbers->count; i++)
            held |= numbers->kept[i] && numbers->kept[i]->visit_no == numbers->next;
        if (!held)
            return numbers->next;
    }
}

static enum jc_code join_teams(const struct jc_plan_problem *pp, const Jc__SolvedVisit *v, struct jc_arena *arena,
                               Jc__Visit *visit, struct jc_err *err) {
    const struct jc_problem_source *source = &pp->sources[v->unit];
    const Jc__ProblemUnit *u = pp->problem->units[v->unit];
    visit->joined = JC_NEW_ARRAY(arena, v->n_joints + 1, Jc__JoinedTeam *);
    if (!visit->joined)
        return jc_fail_memory(err);
    for (size_t i = 0; i < v->n_joints; i++) {
        Jc__JoinedTeam *team = JC_NEW(arena, Jc__JoinedTeam);
        if (!team)
            return jc_fail_memory(err);
        jc__joined_team__init(team);
        team->team_id = pp->problem->teams[u->joints[v->joints[i]]->team]->team_id;
        if (source->alone) {
            *team = *source->alone->joined[v->joints[i]];
        } else {
            const Jc__JointVisit *joint = source->unit->joints[v->joints[i]];
            team->rule_id = joint->rule_id;
            team->persons = joint->persons;
            team->days_centi = joint->days_centi;
        }
        visit->joined[visit->n_joined++] = team;
    }
    return JC_OK;
}

static Jc__Visit *start_visit(struct jc_arena *arena, const char *id, const Jc__Visit *kept, struct numbers *numbers) {
    Jc__Visit *visit = JC_NEW(arena, Jc__Visit);
    if (!visit)
        return NULL;
    if (kept) {
        *visit = *kept;
        visit->n_joined = 0;
        visit->joined = NULL;
        return visit;
    }
    jc__visit__init(visit);
    visit->status = JC__VISIT_STATUS__VISIT_STATUS_PLANNED;
    visit->mode = JC__VISIT_MODE__VISIT_MODE_ONSITE;
    visit->visit_no = next_number(numbers);
    visit->visit_id = (char *)jc_arena_printf(arena, "%s-%02d", id, visit->visit_no).ptr;
    return visit->visit_id ? visit : NULL;
}

static enum jc_code plan_visit(const struct jc_plan_problem *pp, const Jc__SolvedVisit *v, const Jc__Visit *kept,
                               struct numbers *numbers, struct jc_arena *arena, Jc__Plan *plan, struct jc_err *err) {
    const Jc__Unit *unit = pp->sources[v->unit].unit;
    Jc__Visit *visit = start_visit(arena, unit->unit_id, kept, numbers);
    if (!visit)
        return jc_fail_memory(err);
    visit->unit_id = unit->unit_id;
    if (pp->sources[v->unit].rest)
        visit->rule_id = pp->reg->rules[pp->sources[v->unit].rule]->rule_id;
    else if (!pp->sources[v->unit].alone)
        visit->rule_id = pp->problem->rules[v->rule]->rule_id;
    visit->month = v->month;
    visit->lead_team = pp->problem->teams[v->team]->team_id;
    if (!kept || kept->status != JC__VISIT_STATUS__VISIT_STATUS_DONE) {
        visit->persons = unit->persons;
        visit->days_centi = unit->days_centi;
    }
    visit->mode = v->mode;
    plan->visits[plan->n_visits++] = visit;
    return join_teams(pp, v, arena, visit, err);
}

static enum jc_code plan_slot(const struct jc_plan_problem *pp, const Jc__SolvedSlot *s, const Jc__Visit *kept,
                              struct numbers *numbers, struct jc_arena *arena, Jc__Plan *plan, struct jc_err *err) {
    const Jc__Draw *draw = pp->reg->draws[s->draw];
    Jc__Visit *visit = start_visit(arena, draw->draw_id, kept, numbers);
    if (!visit)
        return jc_fail_memory(err);
    visit->draw_id = draw->draw_id;
    visit->rule_id = draw->rule_id;
    visit->month = s->month;
    visit->lead_team = draw->team_id;
    visit->persons = draw->persons;
    visit->days_centi = draw->days_centi;
    plan->visits[plan->n_visits++] = visit;
    return JC_OK;
}

enum jc_code jc_solution_to_plan(const struct jc_plan_problem *pp, const Jc__Solution *solution, struct jc_arena *arena,
                                 Jc__Plan *plan, struct jc_err *err) {
    struct match match;
    struct jc_visit_list all = {0};
    enum jc_code code = find_kept(pp, solution, arena, &match, err);
    if (!code)
        code = jc_visit_list_sort(pp->kept, arena, &all, err);
    plan->visits = JC_NEW_ARRAY(arena, solution->n_visits + solution->n_slots + 1, Jc__Visit *);
    plan->n_visits = 0;
    if (!code && !plan->visits)
        code = jc_fail_memory(err);
    for (size_t first = 0, end; !code && first < solution->n_visits; first = end) {
        for (end = first; end < solution->n_visits && solution->visits[end]->unit == solution->visits[first]->unit;)
            end++;
        struct numbers numbers = {match.visits + first, end - first, 0};
        if (pp->sources[solution->visits[first]->unit].rest) { /* the parts of a unit share its numbers */
            struct jc_visit_list before =
                jc_visit_list_of(&all, false, pp->sources[solution->visits[first]->unit].unit->unit_id);
            numbers = (struct numbers){(const Jc__Visit *const *)before.visits, before.count, 0};
        }
        for (size_t i = first; !code && i < end; i++)
            code = plan_visit(pp, solution->visits[i], match.visits[i], &numbers, arena, plan, err);
    }
    for (size_t first = 0, end; !code && first < solution->n_slots; first = end) {
        for (end = first; end < solution->n_slots && solution->slots[end]->draw == solution->slots[first]->draw;)
            end++;
        struct numbers numbers = {match.slots + first, end - first, 0};
        for (size_t i = first; !code && i < end; i++)
            code = plan_slot(pp, solution->slots[i], match.slots[i], &numbers, arena, plan, err);
    }
    return code;
}
