/* The lists of a problem under construction grow here, and only here. */
#include "plan/problem_builder.h"

#include "plan/visit.h"

enum jc_code jc_builder_unknown(struct jc_builder *b, const char *kind, const char *id) {
    return jc_fail(b->err, JC_DATA_LOSS, JC_MSG_PROBLEM_UNKNOWN_ID, jc_str(kind), jc_str(id));
}

/* --- rules ------------------------------------------------------------------------------------------ */

enum jc_code jc_builder_push_rule(struct jc_builder *b, Jc__ProblemRule *rule) {
    Jc__ProblemRule **slot = JC_PUSH(b->arena, &b->rules, Jc__ProblemRule *);
    if (!slot)
        return jc_fail_memory(b->err);
    *slot = rule;
    return JC_OK;
}

enum jc_code jc_builder_copy_rule(struct jc_builder *b, int32_t rule, enum jc_builder_copy kind, int32_t *out) {
    if (!b->copies[kind][rule]) {
        JC_BUILDER_MAKE(b, r, Jc__ProblemRule, jc__problem_rule__init);
        r->rule_id = (char *)jc_arena_printf(b->arena, "%s/%s", b->reg->rules[rule]->rule_id,
                                             kind == JC_BUILDER_COUNTED ? "alone" : "more")
                         .ptr;
        r->visits = 1;
        if (!r->rule_id)
            return jc_fail_memory(b->err);
        b->copies[kind][rule] = (int32_t)b->rules.count;
        enum jc_code code = jc_builder_push_rule(b, r);
        if (code)
            return code;
    }
    *out = b->copies[kind][rule];
    return JC_OK;
}

enum jc_code jc_builder_make_rule(struct jc_builder *b, int32_t of, bool counted, int visits, Jc__ProblemRule **out,
                                  int32_t *index) {
    JC_BUILDER_MAKE(b, r, Jc__ProblemRule, jc__problem_rule__init);
    struct jc_builder_made *made = JC_PUSH(b->arena, &b->remainders, struct jc_builder_made);
    r->rule_id = (char *)jc_arena_printf(b->arena, "%s/%zu", b->reg->rules[of]->rule_id, b->rules.count).ptr;
    if (!made || !r->rule_id)
        return jc_fail_memory(b->err);
    r->visits = visits;
    *index = (int32_t)b->rules.count;
    *made = (struct jc_builder_made){of, *index, counted};
    *out = r;
    return jc_builder_push_rule(b, r);
}

/* --- units ------------------------------------------------------------------------------------------ */

enum jc_code jc_builder_push_unit(struct jc_builder *b, Jc__ProblemUnit *unit, struct jc_problem_source source) {
    Jc__ProblemUnit **slot = JC_PUSH(b->arena, &b->units, Jc__ProblemUnit *);
    struct jc_problem_source *of = JC_PUSH(b->arena, &b->sources, struct jc_problem_source);
    if (!slot || !of)
        return jc_fail_memory(b->err);
    *slot = unit;
    *of = source;
    return JC_OK;
}

static enum jc_code push_pin(struct jc_builder *b, int32_t unit, int32_t draw, int32_t month, Jc__ProblemPin **out) {
    JC_BUILDER_MAKE(b, pin, Jc__ProblemPin, jc__problem_pin__init);
    Jc__ProblemPin **slot = JC_PUSH(b->arena, &b->pins, Jc__ProblemPin *);
    if (!slot)
        return jc_fail_memory(b->err);
    pin->unit = unit;
    pin->draw = draw;
    pin->month = month;
    pin->team = pin->rule = -1;
    *out = *slot = pin;
    return JC_OK;
}

enum jc_code jc_builder_pin_slot(struct jc_builder *b, int32_t draw, int32_t month) {
    Jc__ProblemPin *pin;
    return push_pin(b, -1, draw, month, &pin);
}

enum jc_code jc_builder_pin_visit(struct jc_builder *b, int32_t unit, const Jc__Visit *visit) {
    Jc__ProblemPin *pin;
    enum jc_code code = push_pin(b, unit, -1, visit->month, &pin);
    if (!code && jc_visit_is_fixed(visit))
        pin->mode = visit->mode;
    if (code || b->sources.items[unit].alone)
        return code; /* its rule and team are its unit's own */
    pin->team = jc_register_team(b->reg, visit->lead_team);
    pin->rule = jc_register_rule(b->reg, visit->rule_id);
    return JC_OK;
}

/* --- visits of a plan ------------------------------------------------------------------------------- */

bool jc_builder_any_forced(const struct jc_visit_list *visits) {
    for (size_t i = 0; i < visits->count; i++)
        if (*visits->visits[i]->forced_by)
            return true;
    return false;
}
