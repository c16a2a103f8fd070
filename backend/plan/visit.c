/* Questions are answered from a visit's own fields; lists are sorted once and searched. */
#include "plan/visit.h"

#include <stdlib.h>
#include <string.h>

bool jc_visit_is_told(const Jc__Visit *visit) {
    return visit->status == JC__VISIT_STATUS__VISIT_STATUS_RELEASED ||
           visit->status == JC__VISIT_STATUS__VISIT_STATUS_DONE;
}

bool jc_visit_is_fixed(const Jc__Visit *visit) {
    return jc_visit_is_told(visit) || *visit->forced_by;
}

bool jc_visit_is_kept(const Jc__Visit *visit) {
    return visit->pinned || jc_visit_is_fixed(visit) || (*visit->draw_id && *visit->unit_id);
}

const char *jc_visit_owner(const Jc__Visit *visit) {
    return *visit->draw_id ? visit->draw_id : visit->unit_id;
}

int jc_visit_owner_cmp(const Jc__Visit *a, const Jc__Visit *b) {
    int order = (*a->draw_id != 0) - (*b->draw_id != 0);
    return order ? order : strcmp(jc_visit_owner(a), jc_visit_owner(b));
}

bool jc_visit_same_joined(const Jc__Visit *a, const Jc__Visit *b) {
    if (a->n_joined != b->n_joined)
        return false;
    for (size_t i = 0; i < a->n_joined; i++) {
        bool found = false;
        for (size_t k = 0; k < b->n_joined; k++)
            found |= strcmp(a->joined[i]->team_id, b->joined[k]->team_id) == 0;
        if (!found)
            return false;
    }
    return true;
}

static int by_owner(const void *a, const void *b) {
    const Jc__Visit *x = *(Jc__Visit *const *)a, *y = *(Jc__Visit *const *)b;
    int order = jc_visit_owner_cmp(x, y);
    if (!order)
        order = x->month - y->month;
    return order ? order : strcmp(x->visit_id, y->visit_id);
}

enum jc_code jc_visit_list_sort(const Jc__Plan *plan, struct jc_arena *arena, struct jc_visit_list *out,
                                struct jc_err *err) {
    out->count = plan ? plan->n_visits : 0;
    out->visits = jc_arena_clone(arena, plan ? plan->visits : NULL, out->count, sizeof(*out->visits));
    if (!out->visits)
        return jc_fail_memory(err);
    qsort(out->visits, out->count, sizeof(*out->visits), by_owner);
    return JC_OK;
}

struct jc_visit_list jc_visit_list_of(const struct jc_visit_list *sorted, bool draw, const char *owner) {
    size_t lo = 0, hi = sorted->count, n = 0;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const Jc__Visit *v = sorted->visits[mid];
        int order = (*v->draw_id != 0) - draw;
        if (!order)
            order = strcmp(jc_visit_owner(v), owner);
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    while (lo + n < sorted->count && (*sorted->visits[lo + n]->draw_id != 0) == draw &&
           strcmp(jc_visit_owner(sorted->visits[lo + n]), owner) == 0)
        n++;
    return (struct jc_visit_list){sorted->visits + lo, n};
}
