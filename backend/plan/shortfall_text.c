/* Shortfalls, the limits that bind them and their repairs in the planner's words. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "model/pattern.h"
#include "plan/case.h"
#include "plan/shortfall.h"
#include "plan/variant.h"

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

/* --- limits and repairs in words ------------------------------------------------------------------------- */

/* "1-3;10" within the words for months; all twelve are the year. */
static struct jc_str months_text(struct jc_arena *arena, enum jc_lang lang, uint32_t months) {
    struct jc_buf list, words;
    if (months == JC_MONTHS_ALL)
        return jc_msg_text(JC_MSG_MONTHS_ALL, lang);
    jc_buf_init(&list, 100);
    jc_buf_init(&words, 200);
    for (int m = 0; m < JC_MONTHS; m++) {
        int last = m;
        if (!(months >> m & 1))
            continue;
        while (last + 1 < JC_MONTHS && months >> (last + 1) & 1)
            last++;
        jc_buf_printf(&list, last > m ? "%s%d-%d" : "%s%d", list.len ? "," : "", m + 1, last + 1);
        m = last;
    }
    struct jc_str arg = jc_buf_str(&list);
    jc_msg_render(&words, lang, JC_MSG_MONTHS_SOME, &arg, 1);
    struct jc_str copy = jc_arena_copy(arena, jc_buf_str(&words));
    jc_buf_free(&list);
    jc_buf_free(&words);
    return copy;
}

/* Names joined as the language does; after the first few only how many more. */
static struct jc_str join_names(struct jc_arena *arena, enum jc_lang lang, const struct jc_register *reg,
                                char *const *ids, size_t n, bool teams) {
    enum { NAMES_SHOWN = 5 };
    struct jc_buf words;
    if (teams && n > 2 && n == reg->n_teams)
        return jc_msg_text(JC_MSG_LIMIT_ALL_TEAMS, lang);
    jc_buf_init(&words, 4096);
    for (size_t i = 0; i < n && i < NAMES_SHOWN; i++) {
        int at = teams ? jc_register_team(reg, ids[i]) : jc_register_unit(reg, ids[i]);
        if (i)
            jc_buf_add(&words, lang == JC_ZH ? JC_STR("、") : JC_STR(", "));
        jc_buf_add(&words, jc_str(at < 0 ? ids[i] : teams ? reg->teams[at]->name : reg->units[at]->name));
    }
    if (n > NAMES_SHOWN)
        jc_buf_printf(&words, lang == JC_ZH ? "等 %zu 个" : " and %zu more", lang == JC_ZH ? n : n - NAMES_SHOWN);
    struct jc_str copy = jc_arena_copy(arena, jc_buf_str(&words));
    jc_buf_free(&words);
    return copy;
}

static enum jc_msg limit_words(const Jc__Shortfall *s, const Jc__BindingLimit *limit) {
    bool unit = *s->unit_id != 0, counted = limit->n_team_ids && (limit->need_centi || limit->limit_centi);
    switch (limit->kind) {
    case JC__LIMIT_KIND__LIMIT_KIND_WORKDAYS:
        return counted ? JC_MSG_LIMIT_WORKDAYS : JC_MSG_LIMIT_LIFT_WORKDAYS;
    case JC__LIMIT_KIND__LIMIT_KIND_BLACKOUT:
        return JC_MSG_LIMIT_UNIT_BLACKOUT;
    case JC__LIMIT_KIND__LIMIT_KIND_WINDOWS:
        return unit ? JC_MSG_LIMIT_UNIT_WINDOWS : counted ? JC_MSG_LIMIT_SPAN : JC_MSG_LIMIT_LIFT_WINDOWS;
    case JC__LIMIT_KIND__LIMIT_KIND_GAP:
        return JC_MSG_LIMIT_UNIT_GAP;
    case JC__LIMIT_KIND__LIMIT_KIND_KEPT:
        return unit ? JC_MSG_LIMIT_UNIT_KEPT : counted ? JC_MSG_LIMIT_KEPT : JC_MSG_LIMIT_LIFT_KEPT;
    case JC__LIMIT_KIND__LIMIT_KIND_JOINT:
        return JC_MSG_LIMIT_UNIT_JOINT;
    case JC__LIMIT_KIND__LIMIT_KIND_QUOTAS:
        return JC_MSG_LIMIT_LIFT_QUOTAS;
    case JC__LIMIT_KIND__LIMIT_KIND_COUNT:
        return limit->need_centi > limit->limit_centi ? JC_MSG_LIMIT_FEW : JC_MSG_LIMIT_MANY;
    case JC__LIMIT_KIND__LIMIT_KIND_TEAMS:
        return unit ? JC_MSG_LIMIT_UNIT_NOBODY : JC_MSG_LIMIT_LIFT_TEAMS;
    case JC__LIMIT_KIND__LIMIT_KIND_CLOSED:
        return JC_MSG_LIMIT_UNIT_CLOSED;
    default:
        return JC_MSG_LIMIT_TOGETHER;
    }
}

void jc_limit_text(struct jc_buf *out, enum jc_lang lang, const struct jc_register *reg, const Jc__Shortfall *shortfall,
                   const Jc__BindingLimit *limit) {
    char need[JC_NUMBER_TEXT], have[JC_NUMBER_TEXT];
    struct jc_arena *arena = jc_arena_new(1 << 16);
    if (!arena) {
        out->failed = true;
        return;
    }
    struct jc_str args[] = {join_names(arena, lang, reg, limit->team_ids, limit->n_team_ids, true),
                            months_text(arena, lang, limit->months), jc_str_from_centi(limit->need_centi, need),
                            jc_str_from_centi(limit->limit_centi, have)};
    jc_msg_render(out, lang, limit_words(shortfall, limit), args, 4);
    jc_arena_free(arena);
}

static enum jc_msg repair_words(const Jc__Repair *repair) {
    static const enum jc_msg words[] = {
        JC_MSG_NONE,
        JC_MSG_REPAIR_WORKDAYS_YEAR,
        JC_MSG_REPAIR_TEAM,
        JC_MSG_REPAIR_RULE,
        JC_MSG_REPAIR_FEWER,
        JC_MSG_REPAIR_SAMPLE,
        JC_MSG_REPAIR_QUOTA_MONTHS,
        JC_MSG_REPAIR_QUOTA_MIN,
        JC_MSG_REPAIR_QUOTA_MAX,
        JC_MSG_REPAIR_BLACKOUT,
        JC_MSG_REPAIR_GAP,
        JC_MSG_REPAIR_UNPIN,
        JC_MSG_REPAIR_AGAIN,
    };
    if (repair->kind == JC__REPAIR_KIND__REPAIR_KIND_WORKDAYS && repair->month)
        return JC_MSG_REPAIR_WORKDAYS_MONTH;
    return (size_t)repair->kind < sizeof(words) / sizeof(*words) ? words[repair->kind] : JC_MSG_NONE;
}

/* By its name; with the id in front where another rule has the same name. */
static struct jc_str rule_name(const struct jc_register *reg, int rule, char buf[JC_QUOTA_NAME]) {
    const Jc__Rule *r = reg->rules[rule];
    bool alone = true;
    for (size_t i = 0; i < reg->n_rules && alone; i++)
        alone = (int)i == rule || strcmp(reg->rules[i]->name, r->name) != 0;
    if (alone || !*r->name)
        return jc_str(*r->name ? r->name : r->rule_id);
    struct jc_str id = jc_text_cut(jc_str(r->rule_id), 64), name = jc_text_cut(jc_str(r->name), 128);
    int len = snprintf(buf, JC_QUOTA_NAME, "%.*s %.*s", JC_FMT(id), JC_FMT(name));
    return (struct jc_str){buf, len < 0 ? 0 : (size_t)len};
}

/* The rule, draw or quota a repair is about, as people read it. */
static struct jc_str repair_row(const struct jc_register *reg, const Jc__Repair *repair, char buf[JC_QUOTA_NAME]) {
    int rule = jc_register_rule(reg, repair->rule_id), draw = jc_register_draw(reg, repair->draw_id);
    int quota = jc_register_quota(reg, repair->quota_id);
    if (*repair->quota_id)
        return quota < 0 ? jc_str(repair->quota_id) : jc_quota_name(reg->quotas[quota], buf);
    if (*repair->draw_id)
        return jc_str(draw < 0 ? repair->draw_id : reg->draws[draw]->name);
    return rule < 0 ? jc_str(repair->rule_id) : rule_name(reg, rule, buf);
}

/* "+12.5", "-3.0" of hundred-thousandths. */
static struct jc_str signed_cost(int64_t cost_e5, char buf[JC_NUMBER_TEXT]) {
    int64_t tenths = ((cost_e5 < 0 ? -cost_e5 : cost_e5) + 5000) / 10000;
    int len = snprintf(buf, JC_NUMBER_TEXT, "%s%lld.%lld", cost_e5 < 0 && tenths ? "-" : "+", (long long)(tenths / 10),
                       (long long)(tenths % 10));
    return (struct jc_str){buf, len < 0 ? 0 : (size_t)len};
}

/* The windows of the rule or draw as the repair must write them, "1-6:0-2;7-12:0-2"; empty where they may stay. */
static struct jc_str rewritten_windows(struct jc_arena *arena, const struct jc_register *reg,
                                       const Jc__Repair *repair) {
    int rule = jc_register_rule(reg, repair->rule_id), draw = jc_register_draw(reg, repair->draw_id);
    bool fewer = repair->kind == JC__REPAIR_KIND__REPAIR_KIND_FEWER_VISITS && rule >= 0;
    bool smaller = repair->kind == JC__REPAIR_KIND__REPAIR_KIND_SAMPLE && draw >= 0;
    if (!fewer && !smaller)
        return JC_STR("");
    size_t count = fewer ? reg->rules[rule]->n_windows : reg->draws[draw]->n_windows;
    Jc__TimeWindow **windows = fewer ? reg->rules[rule]->windows : reg->draws[draw]->windows, *own[JC_MONTHS];
    for (size_t i = 0; i < count && i < JC_MONTHS; i++)
        if (!(own[i] = jc_arena_clone(arena, windows[i], 1, sizeof(*own[i]))))
            return JC_STR("");
    if (count > JC_MONTHS || !jc_variant_relax_windows(own, count, repair->amount_centi / 100))
        return JC_STR("");
    struct jc_buf cell;
    jc_buf_init(&cell, 1000);
    jc_case_write_windows(count, own, &cell);
    struct jc_str copy = jc_arena_copy(arena, jc_buf_str(&cell));
    jc_buf_free(&cell);
    return copy;
}

void jc_repair_text(struct jc_buf *out, enum jc_lang lang, const struct jc_register *reg, const Jc__Repair *repair) {
    char name[JC_QUOTA_NAME], amount[JC_NUMBER_TEXT], month[JC_NUMBER_TEXT], cost[JC_NUMBER_TEXT], more[JC_NUMBER_TEXT];
    struct jc_arena *arena = jc_arena_new(1 << 16);
    if (!arena) {
        out->failed = true;
        return;
    }
    struct jc_str args[] = {
        team_name(reg, repair->team_id), repair_row(reg, repair, name), jc_str_from_centi(repair->amount_centi, amount),
        repair->month ? jc_str_from_int64(repair->month, month) : months_text(arena, lang, repair->months),
        join_names(arena, lang, reg, repair->unit_ids, repair->n_unit_ids, false)};
    jc_msg_render(out, lang, repair_words(repair), args, 5);
    struct jc_str joining = join_names(arena, lang, reg, repair->joint_team_ids, repair->n_joint_team_ids, true);
    if (repair->n_joint_team_ids)
        jc_msg_render(out, lang, JC_MSG_REPAIR_RULE_JOINTS, &joining, 1);
    struct jc_str windows = rewritten_windows(arena, reg, repair);
    if (windows.len)
        jc_msg_render(out, lang, JC_MSG_REPAIR_WINDOWS, &windows, 1);
    struct jc_str change = signed_cost(repair->cost_change_e5, cost);
    jc_msg_render(out, lang, JC_MSG_REPAIR_COST, &change, 1);
    struct jc_str over = jc_str_from_centi(repair->over_change_centi, amount);
    struct jc_str missed = jc_str_from_int64(repair->quota_change, more);
    if (repair->over_change_centi > 0)
        jc_msg_render(out, lang, JC_MSG_REPAIR_PRICE_OVER, &over, 1);
    if (repair->quota_change > 0)
        jc_msg_render(out, lang, JC_MSG_REPAIR_PRICE_QUOTA, &missed, 1);
    jc_arena_free(arena);
}
