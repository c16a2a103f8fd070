/* The register in memory. Loading costs a query per list and a sort per kind of identifier; finding is a
 * binary search. */
#include "plan/book.h"

#include <stdlib.h>
#include <string.h>

#include "store/agency.h"
#include "store/registry.h"
#include "store/unit.h"

static int by_id(const void *a, const void *b) {
    return strcmp(((const struct jc_name *)a)->id, ((const struct jc_name *)b)->id);
}

static enum jc_code names_make(struct jc_names *names, struct jc_arena *arena, size_t count, struct jc_err *err) {
    names->items = JC_NEW_ARRAY(arena, count + 1, struct jc_name);
    return names->items ? JC_OK : jc_fail_memory(err);
}

static void names_add(struct jc_names *names, const char *id) {
    names->items[names->count] = (struct jc_name){id, (int32_t)names->count};
    names->count++;
}

static void names_sort(struct jc_names *names) {
    qsort(names->items, names->count, sizeof(*names->items), by_id);
}

int32_t jc_names_find(const struct jc_names *names, const char *id) {
    struct jc_name wanted = {id, 0}, *found = NULL;
    if (names->count)
        found = bsearch(&wanted, names->items, names->count, sizeof(*names->items), by_id);
    return found ? found->index : -1;
}

/* Indexes a list by one field of its rows. */
#define NAMES(names, list, count, field)                      \
    do {                                                      \
        if ((code = names_make(&(names), arena, count, err))) \
            return code;                                      \
        for (size_t i = 0; i < (count); i++)                  \
            names_add(&(names), (list)[i]->field);            \
        names_sort(&(names));                                 \
    } while (0)

enum jc_code jc_book_load(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, struct jc_book *out,
                          struct jc_err *err) {
    struct jc_book r = {0};
    enum jc_code code = jc_agency_get(tx, agency_id, arena, &r.agency, err);
    if (!code)
        code = jc_team_list(tx, agency_id, arena, &r.teams, &r.n_teams, err);
    if (!code)
        code = jc_rule_list(tx, agency_id, arena, &r.rules, &r.n_rules, err);
    if (!code)
        code = jc_unit_list(tx, agency_id, arena, &r.units, &r.n_units, err);
    if (!code)
        code = jc_draw_list(tx, agency_id, arena, &r.draws, &r.n_draws, err);
    if (!code)
        code = jc_quota_list(tx, agency_id, arena, &r.quotas, &r.n_quotas, err);
    if (code)
        return code;
    NAMES(r.team_names, r.teams, r.n_teams, team_id);
    NAMES(r.rule_names, r.rules, r.n_rules, rule_id);
    NAMES(r.unit_names, r.units, r.n_units, unit_id);
    NAMES(r.draw_names, r.draws, r.n_draws, draw_id);
    NAMES(r.quota_names, r.quotas, r.n_quotas, quota_id);
    *out = r;
    return JC_OK;
}

const Jc__Team *jc_book_team(const struct jc_book *r, const char *team_id) {
    int32_t i = jc_names_find(&r->team_names, team_id);
    return i < 0 ? NULL : r->teams[i];
}

const Jc__Rule *jc_book_rule(const struct jc_book *r, const char *rule_id) {
    int32_t i = jc_names_find(&r->rule_names, rule_id);
    return i < 0 ? NULL : r->rules[i];
}

const Jc__Unit *jc_book_unit(const struct jc_book *r, const char *unit_id) {
    int32_t i = jc_names_find(&r->unit_names, unit_id);
    return i < 0 ? NULL : r->units[i];
}

const Jc__Draw *jc_book_draw(const struct jc_book *r, const char *draw_id) {
    int32_t i = jc_names_find(&r->draw_names, draw_id);
    return i < 0 ? NULL : r->draws[i];
}

const Jc__Quota *jc_book_quota(const struct jc_book *r, const char *quota_id) {
    int32_t i = jc_names_find(&r->quota_names, quota_id);
    return i < 0 ? NULL : r->quotas[i];
}
