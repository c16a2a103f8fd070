/* How shortfalls, what binds them and what repairs them are shown (DESIGN section 11). Texts are in the
 * user's language, kinds and figures are for scripts. */
#include "cli/shortfall_print.h"

#include <string.h>

#include "cli/json_out.h"
#include "plan/coverage.h"
#include "plan/shortfall.h"

static const char *const LIMIT_KIND[] = {"",      "workdays", "blackout", "windows", "gap",      "kept",
                                         "joint", "quotas",   "count",    "teams",   "together", "closed"};
static const char *const REPAIR_KIND[] = {"",       "workdays",     "team",       "rule",      "fewer_visits",
                                          "sample", "quota_months", "quota_min",  "quota_max", "blackout",
                                          "gap",    "unpin",        "solve_again"};

/* The buffer's text as a JSON string; frees it. */
static json_t *take_text(struct jc_buf *text) {
    json_t *string = text->failed ? NULL : json_stringn(text->ptr ? text->ptr : "", text->len);
    jc_buf_free(text);
    return string;
}

static json_t *words_json(char *const *words, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; list && i < count; i++)
        json_array_append_new(list, json_string(words[i]));
    return list;
}

static json_t *months_json(uint32_t months) {
    json_t *list = json_array();
    for (int m = 0; list && m < 12; m++)
        if (months >> m & 1)
            json_array_append_new(list, json_integer(m + 1));
    return list;
}

static json_t *limit_json(const struct jc_cli *cli, const Jc__Shortfall *s, const Jc__BindingLimit *limit,
                          const struct jc_register *reg) {
    struct jc_buf text;
    jc_buf_init(&text, 4096);
    jc_limit_text(&text, cli->lang, reg, s, limit);
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:o}", "kind", LIMIT_KIND[limit->kind], "team_ids",
                     words_json(limit->team_ids, limit->n_team_ids), "months", months_json(limit->months), "need",
                     jc_centi_json(limit->need_centi), "limit", jc_centi_json(limit->limit_centi), "quota_id",
                     limit->quota_id, "text", take_text(&text));
}

static json_t *repair_json(const Jc__Repair *r, json_t *text) {
    json_t *change = json_pack("{s:I, s:o, s:I, s:o}", "unserved", (json_int_t)r->unserved_change, "over",
                               jc_centi_json(r->over_change_centi), "quota", (json_int_t)r->quota_change, "cost",
                               jc_e5_json(r->cost_change_e5));
    return json_pack("{s:s, s:s, s:i, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "kind", REPAIR_KIND[r->kind],
                     "team_id", r->team_id, "month", r->month, "unit_ids", words_json(r->unit_ids, r->n_unit_ids),
                     "rule_id", r->rule_id, "draw_id", r->draw_id, "quota_id", r->quota_id, "months",
                     months_json(r->months), "amount", jc_centi_json(r->amount_centi), "joint_team_ids",
                     words_json(r->joint_team_ids, r->n_joint_team_ids), "change", change, "text", text);
}

json_t *jc_shortfall_json(const struct jc_cli *cli, const Jc__Shortfall *s, const struct jc_register *reg) {
    struct jc_buf text;
    json_t *limits = json_array(), *repairs = json_array(), *details = json_array();
    jc_buf_init(&text, 4096);
    jc_shortfall_text(&text, cli->lang, reg, s);
    for (size_t i = 0; limits && i < s->n_limits; i++)
        json_array_append_new(limits, limit_json(cli, s, s->limits[i], reg));
    for (size_t i = 0; repairs && details && i < s->n_repairs; i++) {
        struct jc_buf words;
        jc_buf_init(&words, 4096);
        jc_repair_text(&words, cli->lang, reg, s->repairs[i]);
        json_t *string = take_text(&words);
        json_array_append(repairs, string);
        json_array_append_new(details, repair_json(s->repairs[i], string));
    }
    return json_pack("{s:s, s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "team_id", s->team_id, "month",
                     s->month, "unit_id", s->unit_id, "quota_id", s->quota_id, "amount", jc_centi_json(s->amount_centi),
                     "text", take_text(&text), "work", s->work_centi < 0 ? json_null() : jc_centi_json(s->work_centi),
                     "limits", limits, "repairs", repairs, "repair_details", details, "explained", (int)s->explained);
}

json_t *jc_coverage_json(const struct jc_cli *cli, const Jc__KeyCoverage *c, const struct jc_register *reg) {
    struct jc_buf text;
    if (!c)
        return json_null();
    jc_buf_init(&text, 4096);
    jc_coverage_text(&text, cli->lang, reg, c);
    return json_pack(
        "{s:i, s:o, s:o, s:o, s:i, s:i, s:s, s:o}", "units", c->units, "need", jc_centi_json(c->need_centi), "limit",
        c->limit_centi < 0 ? json_null() : jc_centi_json(c->limit_centi), "planned", jc_centi_json(c->planned_centi),
        "unserved", c->unserved, "years", c->years, "team_id", c->team_id, "text", take_text(&text));
}

json_t *jc_shortfalls_json(const struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg) {
    json_t *list = json_array();
    for (size_t i = 0; list && i < plan->n_shortfalls; i++)
        json_array_append_new(list, jc_shortfall_json(cli, plan->shortfalls[i], reg));
    if (json_array_size(list) == plan->n_shortfalls)
        return list;
    json_decref(list);
    return NULL;
}

enum jc_code jc_print_explanation_json(struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg,
                                       struct jc_err *err) {
    return jc_print_json(cli,
                         json_pack("{s:i, s:o, s:o}", "version", plan->version, "shortfalls",
                                   jc_shortfalls_json(cli, plan, reg), "coverage",
                                   jc_coverage_json(cli, plan->coverage, reg)),
                         err);
}

/* --- words ---------------------------------------------------------------------------------------- */

void jc_print_coverage(struct jc_cli *cli, const Jc__KeyCoverage *coverage, const struct jc_register *reg) {
    if (!coverage)
        return;
    jc_coverage_text(&cli->out, cli->lang, reg, coverage);
    jc_buf_char(&cli->out, '\n');
}

/* Are two shortfalls due to the very same limits? */
static bool same_limits(const Jc__Shortfall *a, const Jc__Shortfall *b) {
    bool same = a && a->n_limits == b->n_limits && b->n_limits;
    for (size_t i = 0; same && i < a->n_limits; i++) {
        const Jc__BindingLimit *x = a->limits[i], *y = b->limits[i];
        same = x->kind == y->kind && x->months == y->months && x->need_centi == y->need_centi &&
               x->limit_centi == y->limit_centi && x->n_team_ids == y->n_team_ids && x->n_team_ids &&
               strcmp(x->team_ids[0], y->team_ids[0]) == 0;
    }
    return same;
}

/* Under a shortfall: why, what it costs, what would do. */
static void print_explanation(struct jc_cli *cli, const Jc__Shortfall *s, const struct jc_register *reg, bool same) {
    char number[JC_NUMBER_TEXT];
    for (size_t i = 0; i < s->n_limits; i++) {
        jc_buf_add(&cli->out, JC_STR("    "));
        jc_msg_render(&cli->out, cli->lang, same ? JC_MSG_SHORT_LIMIT_SAME : JC_MSG_SHORT_LIMIT, NULL, 0);
        if (!same)
            jc_limit_text(&cli->out, cli->lang, reg, s, s->limits[i]);
        jc_buf_char(&cli->out, '\n');
        if (same)
            break;
    }
    if (s->work_centi >= 0 && (*s->unit_id || *s->quota_id)) {
        struct jc_str work = jc_str_from_centi(s->work_centi, number);
        jc_buf_add(&cli->out, JC_STR("    "));
        jc_cli_say(cli, JC_MSG_SHORT_WORK, &work, 1);
    }
    if (!s->n_repairs && !s->explained)
        return;
    jc_buf_add(&cli->out, JC_STR("    "));
    jc_cli_say(cli, s->n_repairs ? JC_MSG_SHORT_REPAIRS : JC_MSG_SHORT_UNREPAIRED, NULL, 0);
    for (size_t i = 0; i < s->n_repairs; i++) {
        jc_buf_printf(&cli->out, "      %zu. ", i + 1);
        jc_repair_text(&cli->out, cli->lang, reg, s->repairs[i]);
        jc_buf_char(&cli->out, '\n');
    }
}

void jc_print_shortfalls(struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg) {
    bool explained = true;
    if (!plan->n_shortfalls)
        return;
    jc_cli_say(cli, JC_MSG_SHORT_HEAD, NULL, 0);
    for (size_t i = 0; i < plan->n_shortfalls; i++) {
        jc_buf_add(&cli->out, JC_STR("  "));
        jc_shortfall_text(&cli->out, cli->lang, reg, plan->shortfalls[i]);
        jc_buf_char(&cli->out, '\n');
        print_explanation(cli, plan->shortfalls[i], reg,
                          same_limits(i ? plan->shortfalls[i - 1] : NULL, plan->shortfalls[i]));
        explained &= plan->shortfalls[i]->explained;
    }
    if (!explained)
        jc_cli_say(cli, JC_MSG_SHORT_EXPLAIN, NULL, 0);
}
