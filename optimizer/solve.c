/* The run: check, construct, anneal in slices, stop. See docs/OPTIMIZER.md for the phases.
 *
 * Time is read here alone. With a work limit it decides only when to talk to the caller, never what is
 * searched, so such runs repeat exactly. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "jiancha/optimizer.h"
#include "model/problem.h"
#include "optimizer/construct.h"
#include "optimizer/search.h"

enum { TELL_MS = 500, CLOCK_ASKS = 4 };

/* One annealing: from..to in milliseconds since the start, or in work. */
struct stretch {
    int64_t from, to;
};

struct run {
    const Jc__Problem *problem;
    const struct jc_optimizer_callbacks *callbacks;
    struct jc_instance *in;
    struct jc_search *search;
    struct jc_plan_message *message;
    int64_t start_ms;
    int64_t told_ms;
    struct jc_totals told; /* the plan the caller has */
    bool by_time;
    struct stretch now;
    bool cancelled;
    Jc__SearchPhase phase;
    struct jc_totals bound; /* proven */
    bool settled;           /* tiers */
};

static int64_t elapsed(const struct run *r) {
    return jc_monotonic_ms() - r->start_ms;
}

/* Fills the message with the best plan and what is proven about it. */
static Jc__Solution *report(struct run *r) {
    const struct jc_snapshot *best = jc_search_best(r->search);
    Jc__Solution *s = jc_plan_message_fill(r->message, best);
    s->bound->unserved = r->in->unserved;
    s->bound->over_centi = r->bound.over;
    s->bound->quota = r->bound.quota;
    s->bound->cost_e5 = r->settled ? r->bound.cost : 0;
    s->tiers_settled = r->settled;
    s->elapsed_ms = elapsed(r);
    s->work = jc_search_work(r->search);
    s->status = JC__SOLVE_STATUS__SOLVE_STATUS_FEASIBLE;
    if (r->settled && r->bound.cost >= best->totals.cost)
        s->status = JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL;
    else if (r->cancelled)
        s->status = JC__SOLVE_STATUS__SOLVE_STATUS_CANCELLED;
    s->last = false;
    return s;
}

static void settle_tiers(struct run *r) {
    const struct jc_totals *best = &jc_search_best(r->search)->totals;
    r->settled = best->over <= r->bound.over && best->quota <= r->bound.quota;
}

/* Talks to the caller: progress, and the plan if it is better than the one told before. */
static void tell(struct run *r) {
    const struct jc_totals *best = &jc_search_best(r->search)->totals;
    settle_tiers(r);
    if (r->callbacks->solution && jc_totals_cmp(best, &r->told) < 0) {
        r->callbacks->solution(r->callbacks->ctx, report(r));
        r->told = *best;
    }
    if (!r->callbacks->progress)
        return;
    Jc__Solution *s = report(r);
    Jc__Progress p = JC__PROGRESS__INIT;
    p.phase = r->phase;
    p.incumbent = s->objective;
    p.bound = s->bound;
    p.tiers_settled = s->tiers_settled;
    p.moves = jc_search_moves(r->search);
    p.elapsed_ms = s->elapsed_ms;
    r->callbacks->progress(r->callbacks->ctx, &p);
}

/* The pace of the annealing, and the moment to look up from it. */
static int64_t pace(void *ctx, int64_t work) {
    struct run *r = ctx;
    int64_t ms = elapsed(r);
    if (r->callbacks->cancelled && r->callbacks->cancelled(r->callbacks->ctx))
        r->cancelled = true;
    if (ms - r->told_ms >= TELL_MS) {
        r->told_ms = ms;
        tell(r);
    }
    int64_t at = r->by_time ? ms : work;
    if (r->cancelled || at >= r->now.to)
        return JC_ANNEALED + 1;
    return (int64_t)((__int128)(at - r->now.from) * JC_ANNEALED / (r->now.to - r->now.from));
}

/* One annealing up to `to`. */
static void anneal(struct run *r, int64_t to) {
    r->now.from = r->by_time ? elapsed(r) : jc_search_work(r->search);
    r->now.to = to;
    r->phase = JC__SEARCH_PHASE__SEARCH_PHASE_SEARCH;
    if (r->now.from < to && !r->cancelled)
        jc_search_run(r->search, pace, r);
    jc_search_restart(r->search);
}

/* A short annealing for a good plan early, then a long one. */
static void search_within(struct run *r, int64_t limit) {
    anneal(r, limit / 8);
    anneal(r, limit);
}

/* Without a limit: annealings, each twice as long, until two bring nothing. */
static void search_freely(struct run *r) {
    int64_t length = 2000000 + (int64_t)r->in->most_visits * 20000;
    int idle = 0;
    while (idle < 2 && !r->cancelled) {
        struct jc_totals before = jc_search_best(r->search)->totals;
        anneal(r, jc_search_work(r->search) + length);
        idle = jc_totals_cmp(&jc_search_best(r->search)->totals, &before) < 0 ? 0 : idle + 1;
        length += length / 2;
    }
}

enum jc_code jc_optimizer_run(const Jc__Problem *problem, const struct jc_optimizer_callbacks *callbacks,
                              struct jc_arena *arena, Jc__Solution **out, struct jc_err *err) {
    static const struct jc_optimizer_callbacks silent = {0};
    struct run r = {.problem = problem, .callbacks = callbacks ? callbacks : &silent};
    r.start_ms = jc_monotonic_ms();
    r.told = (struct jc_totals){INT64_MAX, 0, 0};
    r.phase = JC__SEARCH_PHASE__SEARCH_PHASE_CONSTRUCT;
    enum jc_code code = jc_problem_check(problem, err);
    if (code == JC_OK)
        code = jc_instance_build(problem, arena, &r.in, err);
    if (code != JC_OK)
        return code;
    r.search = jc_search_new(r.in, problem->seed, 0, arena);
    r.message = jc_plan_message_new(r.in, arena);
    if (!r.search || !r.message)
        return jc_fail_memory(err);
    code = jc_search_construct(r.search, arena, err);
    if (code != JC_OK)
        return code;
    tell(&r);
    r.by_time = problem->work_limit == 0 && problem->time_limit_ms > 0;
    if (problem->work_limit)
        search_within(&r, problem->work_limit);
    else if (problem->time_limit_ms)
        search_within(&r, problem->time_limit_ms);
    else
        search_freely(&r);
    settle_tiers(&r);
    *out = report(&r);
    (*out)->last = true;
    return JC_OK;
}
