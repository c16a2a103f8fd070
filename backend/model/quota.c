/* The quota index. Rules and draws refer to quotas by number, so a counting sort over all members does;
 * groups are names: a table of (group, quota) sorted by name is searched once for each group of each
 * unit. Cost O(members + unit groups · log groups). A quota must appear once in a list even if a row
 * names it twice, otherwise a visit would count double. */
#include "model/quota.h"

#include <stdlib.h>
#include <string.h>

int64_t jc_quota_miss(const Jc__ProblemQuota *quota, int64_t counted) {
    if (quota->min >= 0 && counted < quota->min)
        return quota->min - counted;
    if (quota->max >= 0 && counted > quota->max)
        return counted - quota->max;
    return 0;
}

/* Lists for `n` keys out of the quotas of one scope, whose members are keys. */
static struct jc_quota_list *lists_by_member(const Jc__Problem *problem, Jc__QuotaScope scope, size_t n,
                                             struct jc_arena *arena) {
    struct jc_quota_list *lists = JC_NEW_ARRAY(arena, n + 1, struct jc_quota_list);
    int32_t *seen = JC_NEW_ARRAY(arena, n + 1, int32_t); /* the last quota + 1 that named the key */
    size_t total = 0;
    for (size_t q = 0; q < problem->n_quotas; q++)
        if (problem->quotas[q]->scope == scope)
            total += problem->quotas[q]->n_members;
    int32_t *ids = JC_NEW_ARRAY(arena, total + 1, int32_t);
    if (!lists || !seen || !ids)
        return NULL;
    for (int pass = 0; pass < 2; pass++) { /* count, then fill */
        for (size_t q = 0; q < problem->n_quotas; q++) {
            const Jc__ProblemQuota *quota = problem->quotas[q];
            for (size_t i = 0; quota->scope == scope && i < quota->n_members; i++) {
                int32_t key = quota->members[i];
                if (seen[key] == (int32_t)q + 1)
                    continue;
                seen[key] = (int32_t)q + 1;
                if (pass)
                    ((int32_t *)lists[key].ids)[lists[key].n] = (int32_t)q;
                lists[key].n++;
            }
        }
        for (size_t key = 0, at = 0; !pass && key < n; key++) {
            lists[key].ids = ids + at;
            at += lists[key].n;
            lists[key].n = 0;
            seen[key] = 0;
        }
    }
    return lists;
}

struct group_row {
    const char *group;
    int32_t quota;
};

static int by_group(const void *a, const void *b) {
    const struct group_row *x = a, *y = b;
    int order = strcmp(x->group, y->group);
    return order ? order : (x->quota > y->quota) - (x->quota < y->quota);
}

/* The first row whose group is not below `group`. */
static size_t first_row(const struct group_row *rows, size_t n, const char *group) {
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(rows[mid].group, group) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static int by_id(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Collects the quotas of one unit's groups into `found` (room for all group rows); returns how many. */
static size_t quotas_of_unit(const Jc__ProblemUnit *unit, const struct group_row *rows, size_t n_rows, int32_t *found,
                             int32_t *seen, int32_t stamp) {
    size_t n = 0;
    for (size_t g = 0; g < unit->n_groups; g++) {
        for (size_t r = first_row(rows, n_rows, unit->groups[g]); r < n_rows; r++) {
            if (strcmp(rows[r].group, unit->groups[g]) != 0)
                break;
            if (seen[rows[r].quota] == stamp)
                continue;
            seen[rows[r].quota] = stamp;
            found[n++] = rows[r].quota;
        }
    }
    if (n > 1)
        qsort(found, n, sizeof *found, by_id);
    return n;
}

static struct jc_quota_list *lists_by_group(const Jc__Problem *problem, struct jc_arena *arena) {
    size_t n_rows = 0;
    for (size_t q = 0; q < problem->n_quotas; q++)
        if (problem->quotas[q]->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP)
            n_rows += problem->quotas[q]->n_groups;
    struct group_row *rows = JC_NEW_ARRAY(arena, n_rows + 1, struct group_row);
    int32_t *found = JC_NEW_ARRAY(arena, n_rows + 1, int32_t);
    int32_t *seen = JC_NEW_ARRAY(arena, problem->n_quotas + 1, int32_t);
    struct jc_quota_list *lists = JC_NEW_ARRAY(arena, problem->n_units + 1, struct jc_quota_list);
    if (!rows || !found || !seen || !lists)
        return NULL;
    n_rows = 0;
    for (size_t q = 0; q < problem->n_quotas; q++)
        for (size_t g = 0; g < problem->quotas[q]->n_groups; g++)
            if (problem->quotas[q]->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP)
                rows[n_rows++] = (struct group_row){problem->quotas[q]->groups[g], (int32_t)q};
    if (n_rows)
        qsort(rows, n_rows, sizeof *rows, by_group);
    for (size_t u = 0; u < problem->n_units; u++) {
        size_t n = quotas_of_unit(problem->units[u], rows, n_rows, found, seen, (int32_t)u + 1);
        if (!n)
            continue;
        int32_t *ids = JC_NEW_ARRAY(arena, n, int32_t);
        if (!ids)
            return NULL;
        memcpy(ids, found, n * sizeof *ids);
        lists[u] = (struct jc_quota_list){ids, n};
    }
    return lists;
}

/* Slots count for their draw's quotas and for those of the rule they are visited under. */
static bool add_rule_quotas(const Jc__Problem *problem, struct jc_quota_list *of_draw,
                            const struct jc_quota_list *of_rule, struct jc_arena *arena) {
    for (size_t d = 0; d < problem->n_draws; d++) {
        int32_t rule = problem->draws[d]->rule;
        if (rule < 0 || !of_rule[rule].n)
            continue;
        size_t n = of_draw[d].n + of_rule[rule].n;
        int32_t *ids = JC_NEW_ARRAY(arena, n, int32_t);
        if (!ids)
            return false;
        memcpy(ids, of_rule[rule].ids, of_rule[rule].n * sizeof *ids);
        if (of_draw[d].n)
            memcpy(ids + of_rule[rule].n, of_draw[d].ids, of_draw[d].n * sizeof *ids);
        qsort(ids, n, sizeof *ids, by_id);
        of_draw[d] = (struct jc_quota_list){ids, n};
    }
    return true;
}

enum jc_code jc_quota_index_build(const Jc__Problem *problem, struct jc_arena *arena, struct jc_quota_index *out,
                                  struct jc_err *err) {
    struct jc_quota_list *of_rule =
        lists_by_member(problem, JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE, problem->n_rules, arena);
    struct jc_quota_list *of_draw =
        lists_by_member(problem, JC__QUOTA_SCOPE__QUOTA_SCOPE_DRAW, problem->n_draws, arena);
    struct jc_quota_list *of_unit = lists_by_group(problem, arena);
    if (!of_rule || !of_draw || !of_unit || !add_rule_quotas(problem, of_draw, of_rule, arena))
        return jc_fail_memory(err);
    *out = (struct jc_quota_index){of_rule, of_draw, of_unit};
    return JC_OK;
}
