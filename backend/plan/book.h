/* The book of an agency: its register in memory, as planning needs it, every list and who is where. */
#ifndef JC_PLAN_BOOK_H
#define JC_PLAN_BOOK_H

#include "db/db.h"
#include "jiancha/v1/registry.pb-c.h"

/* Identifiers in bytewise order, for finding one. */
struct jc_names {
    struct jc_name {
        const char *id;
        int32_t index;
    } * items;
    size_t count;
};

/* Everything is the arena's. Lists are in the planner's order. */
struct jc_book {
    Jc__Agency *agency;
    Jc__Team **teams;
    Jc__Rule **rules;
    Jc__Unit **units;
    Jc__Draw **draws;
    Jc__Quota **quotas;
    size_t n_teams, n_rules, n_units, n_draws, n_quotas;
    struct jc_names team_names, rule_names, unit_names, draw_names, quota_names;
};

enum jc_code jc_book_load(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, struct jc_book *out,
                          struct jc_err *err);

/* The index in the list, or -1. */
int32_t jc_names_find(const struct jc_names *names, const char *id);

/* The row of that id, or NULL. */
const Jc__Team *jc_book_team(const struct jc_book *r, const char *team_id);
const Jc__Rule *jc_book_rule(const struct jc_book *r, const char *rule_id);
const Jc__Unit *jc_book_unit(const struct jc_book *r, const char *unit_id);
const Jc__Draw *jc_book_draw(const struct jc_book *r, const char *draw_id);
const Jc__Quota *jc_book_quota(const struct jc_book *r, const char *quota_id);

#endif
