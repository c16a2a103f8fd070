/* The message holds arrays for the largest plan there can be, made once; a fill sets what differs and the counts. */
#include "optimizer/plan_message.h"

struct jc_plan_message {
    const struct jc_instance *in;
    Jc__Solution solution;
    Jc__Objective objective, bound;
    Jc__SolvedVisit *visits;
    Jc__SolvedSlot *slots;
    int32_t *joints;
};

struct jc_plan_message *jc_plan_message_new(const struct jc_instance *in, struct jc_arena *arena) {
    struct jc_plan_message *msg = JC_NEW(arena, struct jc_plan_message);
    if (!msg)
        return NULL;
    msg->in = in;
    msg->visits = JC_NEW_ARRAY(arena, in->most_visits + 1, Jc__SolvedVisit);
    msg->slots = JC_NEW_ARRAY(arena, in->n_slots + 1, Jc__SolvedSlot);
    msg->joints = JC_NEW_ARRAY(arena, (size_t)in->n_joins * JC_MONTHS + 1, int32_t);
    jc__solution__init(&msg->solution);
    jc__objective__init(&msg->objective);
    jc__objective__init(&msg->bound);
    msg->solution.visits = JC_NEW_ARRAY(arena, in->most_visits + 1, Jc__SolvedVisit *);
    msg->solution.slots = JC_NEW_ARRAY(arena, in->n_slots + 1, Jc__SolvedSlot *);
    msg->solution.objective = &msg->objective;
    msg->solution.bound = &msg->bound;
    if (!msg->visits || !msg->slots || !msg->joints || !msg->solution.visits || !msg->solution.slots)
        return NULL;
    for (size_t i = 0; i < in->most_visits; i++) {
        jc__solved_visit__init(&msg->visits[i]);
        msg->solution.visits[i] = &msg->visits[i];
    }
    for (size_t i = 0; i < in->n_slots; i++) {
        jc__solved_slot__init(&msg->slots[i]);
        msg->solution.slots[i] = &msg->slots[i];
    }
    return msg;
}

/* Is the visit remote: told so, or chosen and counted by a quota of remote visits? Who counts nothing goes there. */
static bool is_remote(const struct jc_instance *in, const struct jc_snapshot *plan, int32_t unit, int m) {
    const struct jc_plan_unit *u = &in->units[unit];
    bool counted = jc_month_list_any(in->choices[plan->place[unit].choice].remote, m);
    for (uint32_t j = u->first_join; j < u->first_join + u->n_joins; j++)
        counted |= (plan->joined[j] >> m & 1) && jc_month_list_any(in->joins[j].remote, m);
    return (counted || u->told >> m & 1) && plan->place[unit].remote >> m & 1;
}

static int32_t *fill_visit(struct jc_plan_message *msg, const struct jc_snapshot *plan, int32_t unit, int m,
                           int32_t *joints) {
    const struct jc_instance *in = msg->in;
    const struct jc_plan_unit *u = &in->units[unit];
    const struct jc_choice *c = &in->choices[plan->place[unit].choice];
    Jc__SolvedVisit *v = &msg->visits[msg->solution.n_visits++];
    v->unit = unit;
    v->rule = c->rule;
    v->team = c->team;
    v->month = m + 1;
    v->mode = is_remote(in, plan, unit, m) ? JC__VISIT_MODE__VISIT_MODE_REMOTE : JC__VISIT_MODE__VISIT_MODE_ONSITE;
    v->joints = joints;
    v->n_joints = 0;
    for (uint32_t j = 0; j < u->n_joins; j++)
        if (plan->joined[u->first_join + j] >> m & 1)
            v->joints[v->n_joints++] = (int32_t)j;
    return joints + v->n_joints;
}

Jc__Solution *jc_plan_message_fill(struct jc_plan_message *msg, const struct jc_snapshot *plan) {
    const struct jc_instance *in = msg->in;
    int32_t *joints = msg->joints;
    msg->solution.n_visits = 0;
    msg->solution.n_slots = 0;
    for (int32_t u = 0; u < in->n_units; u++)
        for (uint32_t left = plan->place[u].months; left; left &= left - 1)
            joints = fill_visit(msg, plan, u, __builtin_ctz(left), joints);
    for (int32_t d = 0; d < in->n_draws; d++)
        for (int m = 0; m < JC_MONTHS; m++)
            for (int32_t i = 0; i < plan->slots[d * JC_MONTHS + m]; i++) {
                Jc__SolvedSlot *slot = &msg->slots[msg->solution.n_slots++];
                slot->draw = d;
                slot->month = m + 1;
            }
    msg->objective.unserved = in->unserved;
    msg->objective.over_centi = plan->totals.over;
    msg->objective.quota = plan->totals.quota;
    msg->objective.cost_e5 = plan->totals.cost;
    return &msg->solution;
}
