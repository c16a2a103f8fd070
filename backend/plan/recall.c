/* Recall. Both versions are known by visit id, so one sorted list and a search for each released visit do.
 * The tasks of a visit are moved by the store, which tells the terminals. */
#include "plan/recall.h"

#include <stdlib.h>
#include <string.h>

#include "plan/visit.h"
#include "store/task.h"

static int by_id(const void *a, const void *b) {
    return strcmp((*(Jc__Visit *const *)a)->visit_id, (*(Jc__Visit *const *)b)->visit_id);
}

static Jc__Visit *find(Jc__Visit **sorted, size_t n, Jc__Visit *visit) {
    Jc__Visit **found = n ? bsearch(&visit, sorted, n, sizeof(*sorted), by_id) : NULL;
    return found ? *found : NULL;
}

/* Would the tasks of the two be the same? */
static bool same_tasks(const Jc__Visit *a, const Jc__Visit *b) {
    if (a->month != b->month || a->mode != b->mode || strcmp(a->lead_team, b->lead_team) != 0 ||
        strcmp(a->unit_id, b->unit_id) != 0)
        return false;
    return jc_visit_same_joined(a, b);
}

enum jc_code jc_plan_recall(struct jc_tx *tx, int64_t agency_id, const Jc__Plan *before, const Jc__Plan *after,
                            int64_t now_ms, struct jc_arena *arena, size_t *count, struct jc_err *err) {
    Jc__Visit **sorted = JC_NEW_ARRAY(arena, after->n_visits + 1, Jc__Visit *);
    enum jc_code code = sorted ? JC_OK : jc_fail_memory(err);
    *count = 0;
    if (code)
        return code;
    if (after->n_visits)
        memcpy(sorted, after->visits, after->n_visits * sizeof(*sorted));
    qsort(sorted, after->n_visits, sizeof(*sorted), by_id);
    for (size_t i = 0; !code && i < before->n_visits; i++) {
        Jc__Visit *old = before->visits[i], *new = find(sorted, after->n_visits, old);
        if (old->status != JC__VISIT_STATUS__VISIT_STATUS_RELEASED ||
            (new && (new->status == JC__VISIT_STATUS__VISIT_STATUS_DONE || same_tasks(old, new))))
            continue;
        code = jc_task_recall(tx, agency_id, before->year, jc_str(old->visit_id), now_ms, err);
        if (!code && new)
            code = jc_visit_set_status(tx, agency_id, after->version, jc_str(old->visit_id),
                                       JC__VISIT_STATUS__VISIT_STATUS_PLANNED, err);
        if (!code && new)
            new->status = JC__VISIT_STATUS__VISIT_STATUS_PLANNED;
        *count += !code;
    }
    return code;
}
