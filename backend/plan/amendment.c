/* Amendment. P6 compares figures of two plans: the approved one as its units were described on the day of
 * its approval (plan_unit), the other as the register describes them now. Slots of draws are general
 * units without a name and count one each. "Scope of key units" (P6(b)) is read as C4 lists it: the
 * sectors; it changes when a sector gains its first key unit or loses its last. Figures are compared in
 * integers: |after − before| · 10000 > percent · 100 · before. */
#include "plan/amendment.h"

#include <stdlib.h>
#include <string.h>

#include "store/audit_log.h"

/* The units of one side. */
struct side {
    int64_t key, general, slots;
    struct {
        struct jc_str *items;
        size_t count, capacity;
    } industries; /* of key units; sorted, each once, when all are in */
};

struct comparison {
    struct jc_tx *tx;
    int64_t agency_id;
    struct jc_arena *arena;
    struct jc_register *reg;
    const Jc__Plan *plan;
    struct side before, after;
    struct jc_major_change *out;
    struct jc_err *err;
};

static enum jc_code count_unit(struct comparison *c, struct side *side, struct jc_str category,
                               struct jc_str industry) {
    if (!jc_str_eq(category, JC_STR("key"))) {
        side->general++;
        return JC_OK;
    }
    struct jc_str *slot = JC_PUSH(c->arena, &side->industries, struct jc_str);
    if (!slot)
        return jc_fail_memory(c->err);
    *slot = industry;
    side->key++;
    return JC_OK;
}

/* --- the two sides --------------------------------------------------------------------------------------- */

static int64_t count_slots(const Jc__Plan *plan) {
    int64_t slots = 0;
    for (size_t i = 0; i < plan->n_visits; i++)
        slots += *plan->visits[i]->draw_id != 0;
    return slots;
}

static enum jc_code count_before(struct comparison *c) {
    struct jc_plan_unit *units = NULL;
    size_t count = 0;
    Jc__Plan *approved = NULL;
    enum jc_code code = jc_plan_get(c->tx, c->agency_id, c->out->against, NULL, c->arena, &approved, c->err);
    if (!code)
        code = jc_plan_unit_list(c->tx, c->agency_id, c->out->against, c->arena, &units, &count, c->err);
    for (size_t i = 0; !code && i < count; i++)
        code = count_unit(c, &c->before, units[i].category, units[i].industry);
    if (!code)
        c->before.slots = count_slots(approved);
    return code;
}

static bool is_due(const struct jc_register *reg, const Jc__Unit *unit, int year) {
    for (size_t i = 0; i < unit->n_rule_ids; i++) {
        int rule = jc_register_rule(reg, unit->rule_ids[i]);
        if (rule >= 0 && jc_rule_due(reg->rules[rule], unit, year))
            return true;
    }
    return false;
}

enum { IN_PLAN = 1, LEFT_OUT = 2 };

static enum jc_code count_after(struct comparison *c) {
    const struct jc_register *reg = c->reg;
    char *marks = jc_arena_alloc(c->arena, reg->n_units + 1);
    enum jc_code code = marks ? JC_OK : jc_fail_memory(c->err);
    for (size_t i = 0; !code && i < c->plan->n_visits; i++) {
        int unit = jc_register_unit(reg, c->plan->visits[i]->unit_id);
        if (unit >= 0 && !*c->plan->visits[i]->draw_id)
            marks[unit] = IN_PLAN;
    }
    for (size_t i = 0; !code && i < c->plan->n_shortfalls; i++) {
        int unit = jc_register_unit(reg, c->plan->shortfalls[i]->unit_id);
        if (unit >= 0 && !marks[unit])
            marks[unit] = LEFT_OUT;
    }
    for (size_t i = 0; !code && i < reg->n_units; i++) {
        bool missing = !marks[i] && is_due(reg, reg->units[i], c->plan->year);
        c->out->missing += missing;
        if (missing || marks[i] == IN_PLAN)
            code = count_unit(c, &c->after, jc_str(reg->units[i]->category), jc_str(reg->units[i]->industry));
    }
    if (!code)
        c->after.slots = count_slots(c->plan);
    return code;
}

/* --- P6 ------------------------------------------------------------------------------------------------------ */

/* A threshold in force on the day, or the regulation's own. */
static enum jc_code threshold(struct comparison *c, const char *name, int64_t otherwise_centi, struct jc_date on,
                              struct jc_parameter *out) {
    enum jc_code code = jc_parameter_at(c->tx, c->agency_id, jc_str(name), on, c->arena, out, c->err);
    if (code == JC_NOT_FOUND) {
        *out = (struct jc_parameter){otherwise_centi, JC_STR("calendar_days"), JC_STR("")};
        code = JC_OK;
    }
    return code;
}

static void compare(struct jc_major_change *out, enum jc_major_kind kind, int64_t before, int64_t after,
                    int64_t limit_percent_centi) {
    int64_t difference = llabs(after - before);
    out->of[kind].before = before;
    out->of[kind].after = after;
    out->of[kind].limit_percent_centi = limit_percent_centi;
    out->of[kind].crossed = difference * 10000 > limit_percent_centi * before;
    out->major |= out->of[kind].crossed;
}

static int by_bytes(const void *a, const void *b) {
    return jc_str_cmp(*(const struct jc_str *)a, *(const struct jc_str *)b);
}

static void sort_industries(struct side *side) {
    size_t kept = 0;
    if (side->industries.count)
        qsort(side->industries.items, side->industries.count, sizeof(struct jc_str), by_bytes);
    for (size_t i = 0; i < side->industries.count; i++)
        if (!kept || !jc_str_eq(side->industries.items[kept - 1], side->industries.items[i]))
            side->industries.items[kept++] = side->industries.items[i];
    side->industries.count = kept;
}

/* Names the industries of one side that the other has not. */
static bool name_others(const struct side *side, const struct side *other, struct jc_buf *names) {
    bool found = false;
    for (size_t i = 0; i < side->industries.count; i++) {
        struct jc_str *industry = &side->industries.items[i];
        if (other->industries.count &&
            bsearch(industry, other->industries.items, other->industries.count, sizeof(*industry), by_bytes))
            continue;
        if (names->len)
            jc_buf_add(names, JC_STR("、"));
        jc_buf_add(names, *industry);
        found = true;
    }
    return found;
}

static enum jc_code compare_scope(struct comparison *c) {
    struct jc_buf names;
    jc_buf_init(&names, 1 << 16);
    sort_industries(&c->before);
    sort_industries(&c->after);
    bool entered = name_others(&c->after, &c->before, &names), left = name_others(&c->before, &c->after, &names);
    c->out->industries = jc_arena_copy(c->arena, jc_buf_str(&names));
    bool failed = names.failed || !c->out->industries.ptr;
    jc_buf_free(&names);
    compare(c->out, JC_MAJOR_KEY_SCOPE, (int64_t)c->before.industries.count, (int64_t)c->after.industries.count, 0);
    c->out->of[JC_MAJOR_KEY_SCOPE].crossed = entered || left;
    c->out->major |= entered || left;
    return failed ? jc_fail_memory(c->err) : JC_OK;
}

static enum jc_code measure(struct comparison *c, struct jc_date on) {
    struct jc_parameter key, all, days;
    enum jc_code code = threshold(c, "major_change_key_units", 1000, on, &key);
    if (!code)
        code = threshold(c, "major_change_units", 2000, on, &all);
    if (!code)
        code = threshold(c, "major_change_reapproval_due", 3000, on, &days);
    if (code)
        return code;
    compare(c->out, JC_MAJOR_KEY_UNITS, c->before.key, c->after.key, key.value_centi);
    compare(c->out, JC_MAJOR_UNITS, c->before.key + c->before.general + c->before.slots,
            c->after.key + c->after.general + c->after.slots, all.value_centi);
    c->out->due = jc_calendar_add(c->reg->calendar, on, (int)(days.value_centi / 100),
                                  jc_str_eq(days.unit, JC_STR("working_days")));
    return compare_scope(c);
}

enum jc_code jc_plan_change(struct jc_tx *tx, int64_t agency_id, const Jc__Plan *plan, struct jc_date decided_on,
                            struct jc_arena *arena, struct jc_major_change *out, struct jc_err *err) {
    struct comparison c = {.tx = tx, .agency_id = agency_id, .arena = arena, .plan = plan, .out = out, .err = err};
    *out = (struct jc_major_change){0};
    enum jc_code code = jc_register_load(tx, agency_id, arena, &c.reg, err);
    if (!code)
        code = jc_plan_find(tx, agency_id, JC__PLAN_STATUS__PLAN_STATUS_APPROVED, &out->against, err);
    if (!code && !out->against)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_PLAN_NONE_APPROVED);
    if (!code)
        code = count_before(&c);
    if (!code)
        code = count_after(&c);
    return code ? code : measure(&c, decided_on);
}

/* --- amend -------------------------------------------------------------------------------------------------- */

enum jc_code jc_plan_amend(struct jc_tx *tx, int64_t agency_id, const struct jc_amendment *amendment,
                           struct jc_arena *arena, Jc__Plan **out, struct jc_err *err) {
    char number[JC_NUMBER_TEXT], day[JC_TIME_MAX];
    Jc__Plan *plan = NULL;
    if (!jc_str_trim(amendment->reason).len)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_CLI_OPTION_MISSING, JC_STR("--reason"));
    enum jc_code code = jc_plan_get(tx, agency_id, JC_PLAN_NEWEST, NULL, arena, &plan, err);
    if (code)
        return code;
    if (plan->status != JC__PLAN_STATUS__PLAN_STATUS_APPROVED)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_AMEND_IS_DRAFT, jc_str_from_int64(plan->version, number));
    plan->version++;
    plan->status = JC__PLAN_STATUS__PLAN_STATUS_DRAFT;
    plan->document_no = plan->approved_by = plan->approved_on = (char *)protobuf_c_empty_string;
    plan->amend_reason = (char *)jc_arena_copy(arena, amendment->reason).ptr;
    plan->decided_on = (char *)jc_arena_copy(arena, jc_date_format(amendment->decided_on, day)).ptr;
    if (!plan->amend_reason || !plan->decided_on)
        return jc_fail_memory(err);
    code = jc_plan_put(tx, agency_id, plan, amendment->now_ms, err);
    if (!code)
        code = jc_audit_log_add(tx, agency_id, amendment->now_ms, amendment->actor, JC_STR("plan.amend"),
                                jc_str_from_int64(plan->version, number), amendment->reason, err);
    *out = plan;
    return code;
}
