/* Shortfalls. They are read off the referee's measure, so what people are told and what the tiers count
 * cannot differ: tier 1 is the sum of the units' amounts, tier 2 of the teams', tier 3 of the quotas'. */
#include "plan/shortfall.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "model/quota.h"

struct list {
    struct jc_arena *arena;
    struct jc_err *err;
    Jc__Shortfall **items;
    size_t count, capacity;
};

static enum jc_code add(struct list *list, char *team_id, int month, char *unit_id, char *quota_id, int64_t amount) {
    Jc__Shortfall *s = JC_NEW(list->arena, Jc__Shortfall), **slot = JC_PUSH(list->arena, list, Jc__Shortfall *);
    if (!s || !slot)
        return jc_fail_memory(list->err);
    jc__shortfall__init(s);
    s->team_id = team_id;
    s->month = month;
    s->unit_id = unit_id;
    s->quota_id = quota_id;
    s->amount_centi = amount;
    *slot = s;
    return JC_OK;
}

enum jc_code jc_shortfall_list(const struct jc_plan_problem *pp, const struct jc_measure *measure,
                               struct jc_arena *arena, Jc__Shortfall ***out, size_t *count, struct jc_err *err) {
    struct list list = {.arena = arena, .err = err};
    const Jc__Problem *p = pp->problem;
    char *none = (char *)protobuf_c_empty_string;
    enum jc_code code = JC_OK;
    for (size_t u = 0; !code && u < p->n_units; u++) {
        const Jc__Unit *unit = pp->sources[u].unit;
        if (measure->unserved[u])
            code = add(&list, unit->n_lead_teams == 1 ? unit->lead_teams[0] : none, 0, unit->unit_id, none,
                       (int64_t)measure->unserved[u] * 100);
    }
    for (size_t t = 0; !code && t < p->n_teams; t++)
        for (int m = 0; !code && m <= 12; m++) {
            int month = (m + 1) % 13; /* the months, then the year */
            int64_t over = jc_measure_over(p, measure, (int)t, month);
            if (over)
                code = add(&list, p->teams[t]->team_id, month, none, none, over);
        }
    for (size_t q = 0; !code && q < p->n_quotas; q++) {
        int64_t missed = jc_quota_miss(p->quotas[q], measure->quota_count[q]);
        if (missed)
            code = add(&list, pp->reg->quotas[q]->team_id, 0, none, p->quotas[q]->quota_id, missed * 100);
    }
    *out = list.items;
    *count = list.count;
    return code;
}

/* --- words ------------------------------------------------------------------------------------------- */

static struct jc_str team_name(const struct jc_register *reg, const char *team_id) {
    int i = jc_register_team(reg, team_id);
    return jc_str(i >= 0 ? reg->teams[i]->name : team_id);
}

struct jc_str jc_quota_name(const Jc__Quota *quota, char buf[JC_QUOTA_NAME]) {
    struct jc_str id = jc_text_cut(jc_str(quota->quota_id), 64), theme = jc_text_cut(jc_str(quota->theme), 128);
    int len = snprintf(buf, JC_QUOTA_NAME, "%.*s%s%.*s", JC_FMT(id), theme.len ? " " : "", JC_FMT(theme));
    return (struct jc_str){buf, len < 0 ? 0 : (size_t)len};
}

enum kind { UNIT, MONTH, YEAR, QUOTA, KINDS };

static enum kind kind_of(const Jc__Shortfall *s) {
    return *s->unit_id ? UNIT : *s->quota_id ? QUOTA : s->month ? MONTH : YEAR;
}

static void render(struct jc_buf *out, enum jc_lang lang, const struct jc_register *reg, const Jc__Shortfall *s,
                   const enum jc_msg words[KINDS]) {
    char amount[JC_NUMBER_TEXT], month[JC_NUMBER_TEXT], name[JC_QUOTA_NAME];
    int unit = jc_register_unit(reg, s->unit_id), quota = jc_register_quota(reg, s->quota_id);
    struct jc_str args[3] = {team_name(reg, s->team_id), jc_str_from_centi(s->amount_centi, amount),
                             jc_str_from_int64(s->month, month)};
    if (*s->unit_id)
        args[0] = jc_str(unit >= 0 ? reg->units[unit]->name : s->unit_id);
    if (*s->quota_id)
        args[0] = quota >= 0 ? jc_quota_name(reg->quotas[quota], name) : jc_str(s->quota_id);
    jc_msg_render(out, lang, words[kind_of(s)], args, 3);
}

void jc_shortfall_text(struct jc_buf *out, enum jc_lang lang, const struct jc_register *reg,
                       const Jc__Shortfall *shortfall) {
    static const enum jc_msg words[KINDS] = {JC_MSG_SHORT_UNIT, JC_MSG_SHORT_MONTH, JC_MSG_SHORT_YEAR,
                                             JC_MSG_SHORT_QUOTA};
    render(out, lang, reg, shortfall, words);
}

void jc_shortfall_repair(struct jc_buf *out, enum jc_lang lang, const struct jc_register *reg,
                         const Jc__Shortfall *shortfall) {
    static const enum jc_msg words[KINDS] = {JC_MSG_REPAIR_UNIT, JC_MSG_REPAIR_MONTH, JC_MSG_REPAIR_YEAR,
                                             JC_MSG_REPAIR_QUOTA};
    render(out, lang, reg, shortfall, words);
}
