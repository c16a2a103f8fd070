/* A plan problem from anybody: whatever passes the check is planned, briefly, without leaving memory or
 * int64, and the referee accepts the plan; the search's own figures are the referee's, no bound is above
 * them, and a plan to start from is not made worse. */
#include "base/arena.h"
#include "fuzz.h"
#include "jiancha/optimizer.h"
#include "model/objective.h"
#include "model/problem.h"

enum { UNITS_MAX = 40, ROWS_MAX = 20, WORK = 3000 };

/* Small enough to be planned in no time? */
static bool is_small(const Jc__Problem *p) {
    size_t slots = 0;
    for (size_t d = 0; d < p->n_draws; d++)
        slots += (size_t)p->draws[d]->sample;
    return p->n_units <= UNITS_MAX && p->n_teams <= ROWS_MAX && p->n_quotas <= ROWS_MAX && p->n_draws <= ROWS_MAX &&
           slots <= 200;
}

static void plan(Jc__Problem *p, struct jc_arena *arena) {
    struct jc_err err = {0};
    struct jc_measure m = {0};
    Jc__Solution *s;
    bool given = p->start && !p->n_pins && jc_solution_check(p, p->start, arena, &m, &err) == JC_OK;
    Jc__Objective start = m.objective;
    p->work_limit = WORK;
    p->time_limit_ms = 0;
    enum jc_code code = jc_optimizer_run(p, NULL, arena, &s, &err);
    PROMISE(code == JC_OK || code == JC_RESOURCE_EXHAUSTED);
    if (code != JC_OK)
        return;
    PROMISE(jc_solution_check(p, s, arena, &m, &err) == JC_OK);
    PROMISE(jc_objective_cmp(&m.objective, s->objective) == 0);
    PROMISE(!given || jc_objective_cmp(&m.objective, &start) <= 0);
    PROMISE(s->bound->unserved == s->objective->unserved);
    PROMISE(s->bound->over_centi <= s->objective->over_centi);
    PROMISE(s->bound->over_centi < s->objective->over_centi || s->bound->quota <= s->objective->quota);
    PROMISE(!s->tiers_settled || s->bound->cost_e5 <= s->objective->cost_e5);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jc_arena *arena = jc_arena_new((size_t)256 << 20);
    ProtobufCAllocator allocator;
    struct jc_err err = {0};
    if (!arena)
        return 0;
    Jc__Problem *p = jc__problem__unpack(jc_arena_protobuf(&allocator, arena), size, data);
    if (p) {
        enum jc_code code = jc_problem_check(p, &err);
        PROMISE(code == JC_OK || code == JC_INVALID_ARGUMENT || code == JC_RESOURCE_EXHAUSTED);
        PROMISE(code == JC_OK || err.what != JC_MSG_NONE);
        if (code == JC_OK && is_small(p))
            plan(p, arena);
    }
    jc_arena_free(arena);
    return 0;
}
