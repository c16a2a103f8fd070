/* The notice. Both plans are sorted by unit or draw and month and walked side by side, so each comparison is
 * between a handful of visits. Cost O(visits · log visits). Two visits may never end up with the same id: what
 * is new takes a number that neither plan has used for the unit. */
#include "plan/notice.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/pattern.h"
#include "plan/visit.h"

struct comparing {
    const struct jc_plan_problem *pp;
    struct jc_arena *arena;
    struct jc_err *err;
    uint32_t closed;
    uint16_t *pinned; /* by unit of the problem: the months of its pins */
    int32_t *first;   /* by unit of the register: its first one of the problem, from 1; 0: none … */
    int32_t *next;    /* … and the one behind each, likewise */
    struct {
        struct jc_notice_row *items;
        size_t count, capacity;
    } rows;
};

/* --- why ------------------------------------------------------------------------------------------------ */

static enum jc_code list_units(struct comparing *c) {
    const Jc__Problem *p = c->pp->problem;
    c->pinned = JC_NEW_ARRAY(c->arena, p->n_units + 1, uint16_t);
    c->next = JC_NEW_ARRAY(c->arena, p->n_units + 1, int32_t);
    c->first = JC_NEW_ARRAY(c->arena, c->pp->reg->n_units + 1, int32_t);
    if (!c->pinned || !c->next || !c->first)
        return jc_fail_memory(c->err);
    for (size_t i = 0; i < p->n_pins; i++)
        if (p->pins[i]->unit >= 0)
            c->pinned[p->pins[i]->unit] |= (uint16_t)(1u << (p->pins[i]->month - 1));
    for (size_t u = 0; u < p->n_units; u++) {
        int unit = jc_register_unit(c->pp->reg, c->pp->sources[u].unit->unit_id);
        if (unit < 0 || c->pp->sources[u].alone)
            continue;
        c->next[u] = c->first[unit];
        c->first[unit] = (int32_t)u + 1;
    }
    return JC_OK;
}

/* Some problem unit of the unit (of the register) lets this team visit it in this month. */
static bool month_possible(const struct comparing *c, int of, const Jc__Visit *v) {
    const Jc__Problem *p = c->pp->problem;
    int team = jc_register_team(c->pp->reg, v->lead_team);
    for (int32_t u = c->first[of] - 1; u >= 0; u = c->next[u] - 1) {
        const Jc__ProblemUnit *unit = p->units[u];
        bool leads = false;
        for (size_t t = 0; t < unit->n_lead_teams; t++)
            leads |= unit->lead_teams[t] == team;
        for (size_t o = 0; leads && o < unit->n_options; o++) {
            uint16_t masks[JC_PATTERNS_MAX];
            size_t n = jc_pattern_of_option(p, unit, unit->options[o], c->pinned[u], masks);
            for (size_t i = 0; i < n; i++)
                if (masks[i] >> (v->month - 1) & 1)
                    return true;
        }
    }
    return false;
}

static bool leads_unit(const struct jc_register *reg, const Jc__Unit *unit, const char *team_id) {
    int team = jc_register_team(reg, team_id);
    if (team < 0 || reg->teams[team]->headcount == 0)
        return false;
    for (size_t i = 0; i < unit->n_lead_teams; i++)
        if (strcmp(unit->lead_teams[i], team_id) == 0)
            return true;
    return false;
}

/* Why a visit of the plan in force is not where it was; `to` NULL: it is nowhere. */
static enum jc_notice_why why_left(const struct comparing *c, const Jc__Visit *from, const Jc__Visit *to) {
    const struct jc_register *reg = c->pp->reg;
    int index = jc_register_unit(reg, from->unit_id);
    const Jc__Unit *unit = index >= 0 && !*from->draw_id ? reg->units[index] : NULL;
    if (unit ? !unit->n_rule_ids : jc_register_draw(reg, from->draw_id) < 0)
        return JC_NOTICE_NOT_PLANNED;
    if (c->closed >> (from->month - 1) & 1)
        return to ? JC_NOTICE_MISSED : JC_NOTICE_WINDOW_OVER;
    if (!to)
        return JC_NOTICE_RULE_CHANGED;
    if (!unit)
        return JC_NOTICE_ROOM;
    if (!leads_unit(reg, unit, from->lead_team))
        return JC_NOTICE_TEAM;
    if (unit->blackout_months >> (from->month - 1) & 1)
        return JC_NOTICE_BLACKOUT;
    return month_possible(c, index, from) ? JC_NOTICE_ROOM : JC_NOTICE_PATTERN;
}

/* --- one unit or draw --------------------------------------------------------------------------------------- */

static bool same_place(const Jc__Visit *a, const Jc__Visit *b) {
    return a->month == b->month && strcmp(a->lead_team, b->lead_team) == 0;
}

static enum jc_code add_row(struct comparing *c, enum jc_notice_kind kind, enum jc_notice_why why,
                            const Jc__Visit *from, const Jc__Visit *to) {
    struct jc_notice_row *row = JC_PUSH(c->arena, &c->rows, struct jc_notice_row);
    if (!row)
        return jc_fail_memory(c->err);
    bool told = from && from->status == JC__VISIT_STATUS__VISIT_STATUS_RELEASED;
    *row = (struct jc_notice_row){kind, why, from, to, told};
    return JC_OK;
}

/* The visit of the new plan continues that of the old one. */
static void take_identity(Jc__Visit *to, const Jc__Visit *from) {
    to->visit_id = from->visit_id;
    to->visit_no = from->visit_no;
    if (*from->draw_id)
        to->unit_id = from->unit_id;
}

static enum jc_code give_number(struct comparing *c, Jc__Visit *visit, int no) {
    visit->visit_no = no;
    visit->visit_id = (char *)jc_arena_printf(c->arena, "%s-%02d", jc_visit_owner(visit), no).ptr;
    return visit->visit_id ? JC_OK : jc_fail_memory(c->err);
}

enum match { BY_ID, BY_PLACE, BY_ORDER, MATCHES };

/* Which visit of `before` each visit of `after` continues: taken[i] is its index + 1, 0 none yet. */
static void pair(const struct jc_visit_list *before, const struct jc_visit_list *after, size_t *taken, bool *used,
                 enum match how) {
    for (size_t i = 0; i < after->count; i++)
        for (size_t k = 0; !taken[i] && k < before->count; k++) {
            const Jc__Visit *old = before->visits[k], *new = after->visits[i];
            bool same = how == BY_ID      ? jc_visit_is_kept(new) && strcmp(old->visit_id, new->visit_id) == 0
                        : how == BY_PLACE ? same_place(old, new)
                                          : true;
            if (used[k] || !same)
                continue;
            taken[i] = k + 1;
            used[k] = true;
        }
}

static enum jc_code compare_pair(struct comparing *c, const Jc__Visit *from, Jc__Visit *to) {
    take_identity(to, from);
    if (!same_place(from, to))
        return add_row(c, JC_NOTICE_MOVED, why_left(c, from, to), from, to);
    if (!jc_visit_same_joined(from, to))
        return add_row(c, JC_NOTICE_JOINED, JC_NOTICE_ROOM, from, to);
    return JC_OK;
}

/* Compares the visits of one unit, or the slots of one draw. */
static enum jc_code compare(struct comparing *c, const struct jc_visit_list *before,
                            const struct jc_visit_list *after) {
    size_t *taken = JC_NEW_ARRAY(c->arena, after->count + 1, size_t);
    bool *used = JC_NEW_ARRAY(c->arena, before->count + 1, bool);
    enum jc_code code = taken && used ? JC_OK : jc_fail_memory(c->err);
    int most = 0;
    for (int how = BY_ID; !code && how < MATCHES; how++)
        pair(before, after, taken, used, (enum match)how);
    for (size_t k = 0; k < before->count; k++)
        most = before->visits[k]->visit_no > most ? before->visits[k]->visit_no : most;
    for (size_t i = 0; !code && i < after->count; i++)
        if (taken[i])
            code = compare_pair(c, before->visits[taken[i] - 1], after->visits[i]);
    for (size_t i = 0; !code && i < after->count; i++) {
        if (taken[i])
            continue;
        code = give_number(c, after->visits[i], ++most);
        if (!code)
            code = add_row(c, JC_NOTICE_ADDED, before->count ? JC_NOTICE_RULE_CHANGED : JC_NOTICE_NEW_UNIT, NULL,
                           after->visits[i]);
    }
    for (size_t k = 0; !code && k < before->count; k++)
        if (!used[k])
            code = add_row(c, JC_NOTICE_DROPPED, why_left(c, before->visits[k], NULL), before->visits[k], NULL);
    return code;
}

/* --- both plans ------------------------------------------------------------------------------------------------ */

/* The run of visits that belong to the same unit or draw as the first one. */
static struct jc_visit_list head_of(const struct jc_visit_list *all, size_t at) {
    size_t n = 1;
    while (at + n < all->count && jc_visit_owner_cmp(all->visits[at], all->visits[at + n]) == 0)
        n++;
    return (struct jc_visit_list){all->visits + at, n};
}

enum jc_code jc_notice_make(const struct jc_plan_problem *pp, Jc__Plan *plan, struct jc_arena *arena,
                            struct jc_notice *out, struct jc_err *err) {
    struct comparing c = {.pp = pp, .arena = arena, .err = err};
    struct jc_visit_list before = {0}, after = {0};
    struct jc_date as_of = {0};
    enum jc_code code = jc_visit_list_sort(pp->in_force, arena, &before, err);
    if (!code)
        code = jc_visit_list_sort(plan, arena, &after, err);
    if (!code)
        code = list_units(&c);
    if (jc_date_parse(jc_str(pp->kept->as_of), &as_of))
        c.closed = (1u << jc_months_over(plan->year, as_of)) - 1;
    for (size_t i = 0, k = 0; !code && (i < before.count || k < after.count);) {
        int order = i == before.count  ? 1
                    : k == after.count ? -1
                                       : jc_visit_owner_cmp(before.visits[i], after.visits[k]);
        struct jc_visit_list old = {before.visits, 0}, new = {after.visits, 0};
        if (order <= 0)
            old = head_of(&before, i);
        if (order >= 0)
            new = head_of(&after, k);
        code = compare(&c, &old, &new);
        i += old.count;
        k += new.count;
    }
    *out = (struct jc_notice){c.rows.items, c.rows.count, 0};
    for (size_t i = 0; i < out->count; i++)
        out->changes += out->rows[i].kind != JC_NOTICE_JOINED;
    return code;
}

/* --- words ------------------------------------------------------------------------------------------------------ */

void jc_notice_why_text(struct jc_buf *out, enum jc_lang lang, const struct jc_register *reg,
                        const struct jc_notice_row *row) {
    static const enum jc_msg words[JC_NOTICE_WHYS] = {
        [JC_NOTICE_MISSED] = JC_MSG_NOTICE_MISSED,
        [JC_NOTICE_WINDOW_OVER] = JC_MSG_NOTICE_WINDOW_OVER,
        [JC_NOTICE_NEW_UNIT] = JC_MSG_NOTICE_NEW_UNIT,
        [JC_NOTICE_RULE_CHANGED] = JC_MSG_NOTICE_RULE_CHANGED,
        [JC_NOTICE_NOT_PLANNED] = JC_MSG_NOTICE_NOT_PLANNED,
        [JC_NOTICE_TEAM] = JC_MSG_NOTICE_TEAM,
        [JC_NOTICE_BLACKOUT] = JC_MSG_NOTICE_BLACKOUT,
        [JC_NOTICE_PATTERN] = JC_MSG_NOTICE_PATTERN,
        [JC_NOTICE_ROOM] = JC_MSG_NOTICE_ROOM,
    };
    char month[JC_NUMBER_TEXT];
    const Jc__Visit *visit = row->from ? row->from : row->to;
    int team = jc_register_team(reg, visit->lead_team);
    struct jc_str args[] = {jc_str_from_int64(visit->month, month),
                            jc_str(team >= 0 ? reg->teams[team]->name : visit->lead_team)};
    jc_msg_render(out, lang, row->kind == JC_NOTICE_JOINED ? JC_MSG_NOTICE_JOINED : words[row->why], args, 2);
}
