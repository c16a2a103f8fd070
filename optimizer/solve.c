/* The run (docs/OPTIMIZER.md, "Phases"): check, construct, then slices in which the search anneals on the
 * caller's thread while a helper works on another: the prover, and once that has nothing left to try, a
 * second search. After each slice they exchange what they found.
 *
 * Time is read here alone. With a work limit it decides only when to talk to the caller, never what is
 * searched or exchanged, so such runs repeat exactly. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "jiancha/optimizer.h"
#include "model/objective.h"
#include "model/problem.h"
#include "optimizer/plan_message.h"
#include "optimizer/polish.h"
#include "optimizer/prove.h"
#include "optimizer/search.h"

enum {
    TELL_MS = 500,              /* between two reports */
    FIRST_SLICE_MS = 60,        /* slices grow with the time used … */
    SLICES_LEAST = 16,          /* … but there are at least so many */
    QUICK_PART = 8,             /* the first annealing takes a part of the budget, the second the rest */
    WORK_A_VISIT = 40000,       /* the first annealing after the quick one; longer ones do not always find more */
    IDLE_ANNEALINGS = 2,        /* without a limit: stop after so many that bring nothing … */
    PATIENT_ANNEALINGS = 4,     /* … or so many while the prover still works */
    PROVER_SHARE = 10000000,    /* work between two exchanges in runs by time, some tenths of a second */
    POLISH_PART = 32,           /* the end of the budget is for polishing, where travel counts */
    GAP_PART = 64,              /* closing less than this part of the gap is next to nothing */
    WARM = JC_ANNEALED / 4 * 3, /* where the annealing of a plan to start from begins, so that it is not lost */
    SET_UP = 3, /* times as long as the first plan took: the helpers' set-up, and time to make use of it */
};

/* What runs beside the search. */
enum helper { NOBODY, PROVER, SECOND, POLISHER };

struct run {
    const struct jc_optimizer_callbacks *callbacks;
    const Jc__Problem *problem;
    struct jc_instance *in;
    struct jc_search *search, *second;
    struct jc_prover *prover; /* NULL: the search is alone */
    struct jc_polish *polish;
    bool polishing; /* rather than a second search in the present annealing */
    struct jc_plan_message *message;
    bool by_time; /* positions are milliseconds since the start, else work of the search */
    int64_t start_ms, told_ms;
    int64_t counted_ms, counted_moves; /* when progress was told last, for moves a second */
    struct jc_totals told;             /* the plan the caller has */
    int annealings;                    /* ended so far */
    int64_t from, to;                  /* the present annealing */
    int64_t slice_to;                  /* the present slice */
    int64_t last;                      /* where the run ends as far as is known */
    bool cancelled, late;              /* asked to stop; past the time limit */
    struct jc_snapshot *shown;         /* the best plan as the helper sees it */
    int64_t share, budget;             /* the prover's, of work */
    int64_t second_from;               /* where the second search began to anneal; -1: not in this annealing */
    int64_t second_moves;              /* as far as is known */
    int64_t second_ahead;              /* its positions less its own work, in a run by work */
    bool second_turn;                  /* it has the rest of the present annealing */
    enum helper helper;                /* at work, on its thread … */
    bool helped;                       /* … or on ours, since no thread was to be had */
    pthread_t thread;
    atomic_bool stop_helper;
    struct jc_totals known; /* what the prover had proven when it last rested */
};

/* --- talking to the caller ---------------------------------------------------------------------------- */

static int64_t elapsed(const struct run *r) {
    return jc_monotonic_ms() - r->start_ms;
}

static int64_t position(const struct run *r) {
    return r->by_time ? elapsed(r) : jc_search_work(r->search);
}

/* Fills the message with the best plan and what is proven about it. `proven` may only be read while the
 * prover rests. */
static Jc__Solution *report(struct run *r, const struct jc_totals *proven) {
    const struct jc_snapshot *best = jc_search_best(r->search);
    Jc__Solution *s = jc_plan_message_fill(r->message, best);
    s->bound->unserved = r->in->unserved;
    s->bound->over_centi = proven->over;
    s->bound->quota = proven->quota;
    s->tiers_settled = best->totals.over <= proven->over && best->totals.quota <= proven->quota;
    s->bound->cost_e5 = s->tiers_settled ? proven->cost : 0;
    s->elapsed_ms = elapsed(r);
    s->work = jc_search_work(r->search);
    s->last = false;
    s->status = JC__SOLVE_STATUS__SOLVE_STATUS_FEASIBLE;
    if (s->tiers_settled && best->totals.cost <= proven->cost)
        s->status = JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL;
    else if (r->cancelled)
        s->status = JC__SOLVE_STATUS__SOLVE_STATUS_CANCELLED;
    return s;
}

/* The plan if it is better than the one told before, and progress. */
static void tell(struct run *r, Jc__SearchPhase phase) {
    const struct jc_totals *best = &jc_search_best(r->search)->totals;
    struct jc_totals proven = r->known;
    if (r->prover && jc_prover_cost_now(r->prover) > proven.cost)
        proven.cost = jc_prover_cost_now(r->prover); /* a step of the prover may take seconds */
    Jc__Solution *s = report(r, &proven);
    if (r->callbacks->solution && jc_totals_cmp(best, &r->told) < 0) {
        r->callbacks->solution(r->callbacks->ctx, s);
        r->told = *best;
    }
    if (!r->callbacks->progress)
        return;
    Jc__Progress p = JC__PROGRESS__INIT;
    p.phase = phase;
    p.incumbent = s->objective;
    p.bound = s->bound;
    p.tiers_settled = s->tiers_settled;
    p.moves = jc_search_moves(r->search) + r->second_moves;
    p.elapsed_ms = s->elapsed_ms;
    if (p.elapsed_ms > r->counted_ms)
        p.moves_per_second = (p.moves - r->counted_moves) * 1000 / (p.elapsed_ms - r->counted_ms);
    r->counted_ms = p.elapsed_ms;
    r->counted_moves = p.moves;
    p.gap_ppm = s->tiers_settled ? jc_gap_ppm(s->objective->cost_e5, s->bound->cost_e5) : 0;
    r->callbacks->progress(r->callbacks->ctx, &p);
}

/* Does the prover still bound a tier that the search has settled meanwhile? A program on it may take long. */
static bool outdated(const struct run *r) {
    const struct jc_totals *now = &jc_search_best(r->search)->totals;
    if (r->helper != PROVER || now->over > r->known.over)
        return false;
    const struct jc_totals *then = &r->shown->totals;
    return then->over > r->known.over || (then->quota > r->known.quota && now->quota <= r->known.quota);
}

/* Looks up from the work: has the caller had enough, does it want news? */
static void look_up(struct run *r, Jc__SearchPhase phase) {
    int64_t ms = elapsed(r);
    if (!r->cancelled && r->callbacks->cancelled)
        r->cancelled = r->callbacks->cancelled(r->callbacks->ctx);
    r->late |= r->problem->time_limit_ms > 0 && ms >= r->problem->time_limit_ms;
    if (r->cancelled || r->late || (r->by_time && outdated(r)))
        atomic_store(&r->stop_helper, true);
    if (ms - r->told_ms < TELL_MS || r->cancelled)
        return;
    r->told_ms = ms;
    tell(r, phase);
}

/* What to tell the caller it is waiting for. */
static Jc__SearchPhase phase(const struct run *r) {
    return r->helper == PROVER ? jc_prover_phase(r->prover) : JC__SEARCH_PHASE__SEARCH_PHASE_SEARCH;
}

/* --- slices --------------------------------------------------------------------------------------------- */

/* How far an annealing should have come that began at `from`. */
static int64_t progress(const struct run *r, int64_t from, int64_t at) {
    int64_t warm = r->problem->start ? WARM : 0;
    return warm + (int64_t)((__int128)(at - from) * (JC_ANNEALED - warm) / (r->to - from));
}

/* jc_search_pace of the search. */
static int64_t pace(void *ctx, int64_t work) {
    (void)work;
    struct run *r = ctx;
    look_up(r, phase(r));
    int64_t at = position(r);
    if (r->cancelled || r->late || at >= r->slice_to)
        return JC_ANNEALED + 1;
    return progress(r, r->from, at);
}

/* jc_search_pace of the second one, on its thread. */
static int64_t second_pace(void *ctx, int64_t work) {
    const struct run *r = ctx;
    int64_t at = r->by_time ? elapsed(r) : r->second_ahead + work;
    if (atomic_load(&r->stop_helper) || at >= r->slice_to)
        return JC_ANNEALED + 1;
    return progress(r, r->second_from, at);
}

static void *help(void *ctx) {
    struct run *r = ctx;
    if (r->helper == PROVER)
        jc_prover_run(r->prover, r->shown, r->share, r->budget, &r->stop_helper);
    else if (r->helper == POLISHER)
        jc_polish_run(r->polish, r->shown, r->share, &r->stop_helper);
    else
        jc_search_run(r->second, second_pace, r);
    return NULL;
}

/* The prover or the polisher. */
static void brief_exact(struct run *r) {
    jc_snapshot_copy(r->in, r->shown, jc_search_best(r->search));
    r->share = r->by_time ? PROVER_SHARE : r->slice_to - position(r);
    r->budget = r->by_time ? INT64_MAX : r->last - position(r);
}

/* The second search goes on, or begins an annealing that ends with the present one. */
static void brief_second(struct run *r) {
    r->second_ahead = position(r) - jc_search_work(r->second);
    if (r->second_from >= 0)
        return;
    r->second_from = position(r);
    jc_search_learn(r->second, jc_search_best(r->search));
    jc_search_restart(r->second);
}

/* The prover first; polishing only changes the cost, so the tiers must be settled. */
static enum helper choose_helper(const struct run *r) {
    const struct jc_totals *best = &jc_search_best(r->search)->totals;
    if (!r->second_turn && !jc_prover_idle(r->prover, best))
        return PROVER;
    bool settled = best->over <= r->known.over && best->quota <= r->known.quota;
    return r->polishing && settled && jc_polish_fits(r->polish) ? POLISHER : SECOND;
}

/* Gives the helper something to do, on a thread of its own; if none is to be had, it works its share now, and
 * is heard when it would be with a thread. */
static void start_helper(struct run *r) {
    if (!r->prover)
        return;
    r->helper = choose_helper(r);
    if (r->helper == SECOND)
        brief_second(r);
    else
        brief_exact(r);
    atomic_store(&r->stop_helper, false);
    if (pthread_create(&r->thread, NULL, help, r) == 0)
        return;
    r->helped = !r->by_time || r->helper != SECOND;
    if (r->by_time)
        r->budget = PROVER_SHARE;
    if (r->helped)
        help(r);
    else
        r->helper = NOBODY;
}

/* Hears the prover. Where it brings next to nothing, the rest of the annealing is the second search's. */
static void hear_prover(struct run *r) {
    const struct jc_totals before = r->known, *best = &jc_search_best(r->search)->totals;
    r->known = *jc_prover_bound(r->prover);
    jc_search_offer(r->search, jc_prover_plan(r->prover));
    bool gained = r->known.cost - before.cost > (best->cost - r->known.cost) / GAP_PART;
    r->second_turn = !gained && jc_prover_yields(r->prover, best);
}

/* The helper rests: both sides learn what the other has found. */
static void exchange(struct run *r) {
    if (r->helper == PROVER) {
        hear_prover(r);
    } else if (r->helper == POLISHER) {
        jc_search_learn(r->search, jc_polish_plan(r->polish));
    } else {
        jc_search_learn(r->search, jc_search_best(r->second));
        r->second_moves = jc_search_moves(r->second);
    }
    r->helper = NOBODY;
    r->helped = false;
}

/* Waits for the helper; a run by work lets it finish its share unless the caller has had enough. */
static void await_helper(struct run *r) {
    struct timespec until;
    while (r->helper != NOBODY) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 20000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_timedjoin_np(r->thread, NULL, &until) == 0)
            exchange(r);
        else
            look_up(r, phase(r));
    }
}

/* Search and helper side by side up to `slice_to`. They meet at its end, but for the prover of a run by time,
 * which goes on until its share is done, so that one long step of its need not fit a slice. */
static void run_slice(struct run *r) {
    if (r->helper == NOBODY)
        start_helper(r);
    jc_search_run(r->search, pace, r);
    if (r->helped)
        exchange(r);
    else if (!r->by_time || r->helper == SECOND)
        await_helper(r);
    else if (r->helper != NOBODY && pthread_tryjoin_np(r->thread, NULL) == 0)
        exchange(r);
}

static bool proven(const struct run *r) {
    const struct jc_totals *best = &jc_search_best(r->search)->totals;
    return best->over <= r->known.over && best->quota <= r->known.quota && best->cost <= r->known.cost;
}

static bool finished(const struct run *r) {
    return r->cancelled || r->late || proven(r);
}

/* The search starts from the best plan again, the second one when its turn comes. */
static void begin_annealing(struct run *r) {
    r->second_turn = false;
    r->polishing = r->in->travel_e5 == 0 && r->annealings % 2;
    r->second_from = -1;
    jc_search_restart(r->search);
}

/* One annealing from here to `to`, in slices. */
static void anneal(struct run *r, int64_t to) {
    int64_t least = r->by_time ? FIRST_SLICE_MS : (to - position(r)) / 256 + 1;
    r->from = position(r);
    r->to = to;
    while (!finished(r) && position(r) < to) {
        int64_t at = position(r), length = at / 2;
        int64_t most = (to - r->from) / SLICES_LEAST + 1;
        length = length < least ? least : length;
        length = length > most ? most : length;
        r->slice_to = at + length < to ? at + length : to;
        run_slice(r);
    }
    r->annealings++;
    if (!finished(r))
        begin_annealing(r);
}

/* Without a limit: annealings, each longer than the one before, until they bring nothing new. */
static void anneal_freely(struct run *r) {
    int64_t length = 2000000 + (int64_t)r->in->most_visits * 20000;
    for (int idle = 0; !finished(r); length += length / 2) {
        struct jc_totals before = jc_search_best(r->search)->totals;
        r->last = jc_search_work(r->search) + length;
        anneal(r, r->last);
        const struct jc_totals *after = &jc_search_best(r->search)->totals;
        idle = jc_totals_cmp(after, &before) < 0 ? 0 : idle + 1;
        bool alone = !r->prover || (r->helper != PROVER && jc_prover_idle(r->prover, after));
        if (idle >= (alone ? IDLE_ANNEALINGS : PATIENT_ANNEALINGS))
            return;
    }
}

/* A quick annealing, then some of growing length, or a single one if the plan is so large that the rest has room
 * for no more. */
static void anneal_within(struct run *r, int64_t limit) {
    int64_t begun = jc_search_work(r->search);
    r->last = limit;
    anneal(r, limit / QUICK_PART);
    int64_t quick = jc_search_work(r->search) - begun;
    __int128 room =
        (__int128)(limit / QUICK_PART + 1) * ((int64_t)(r->in->most_visits + 1) * WORK_A_VISIT) / (quick + 1);
    int64_t length = room < limit ? (int64_t)room : limit;
    const bool tail = r->in->travel_e5 && r->prover && jc_polish_fits(r->polish);
    const int64_t end = tail ? limit - limit / POLISH_PART : limit;
    while (!finished(r) && position(r) < end) {
        int64_t at = position(r);
        anneal(r, (end - at) / 2 < length ? end : at + length);
        length += length / 2;
    }
    r->polishing = true;
    if (!finished(r) && position(r) < limit)
        anneal(r, limit);
}

/* --- the run --------------------------------------------------------------------------------------------- */

/* Is it time to stop? There is no plan to tell yet. */
static bool hurry(void *ctx) {
    struct run *r = ctx;
    r->told_ms = elapsed(r);
    look_up(r, JC__SEARCH_PHASE__SEARCH_PHASE_CONSTRUCT);
    return r->cancelled || r->late;
}

/* Everything the search needs, in the arena, and the first plan. */
static enum jc_code prepare(struct run *r, struct jc_arena *arena, struct jc_err *err) {
    enum jc_code code = jc_problem_check(r->problem, err);
    if (code == JC_OK)
        code = jc_instance_build(r->problem, arena, &r->in, err);
    if (code != JC_OK)
        return code;
    r->search = jc_search_new(r->in, r->problem->seed, 0, arena);
    r->message = jc_plan_message_new(r->in, arena);
    if (!r->search || !r->message)
        return jc_fail_memory(err);
    return jc_search_construct(r->search, hurry, r, arena, err);
}

/* Tells the first plan and sets up the helpers, if they are wanted and, in a run by time, if there is time for
 * them: to set them up takes about as long as the first plan, which at 10^6 units is seconds. */
static void prepare_helpers(struct run *r, struct jc_arena *arena) {
    bool brief = r->by_time && elapsed(r) > r->problem->time_limit_ms / (SET_UP + 1);
    bool stopped = hurry(r);
    if (!r->late) /* else it is told in a moment, as the last one */
        tell(r, JC__SEARCH_PHASE__SEARCH_PHASE_CONSTRUCT);
    if (r->problem->plan_only || brief || stopped)
        return;
    r->second = jc_search_new(r->in, r->problem->seed, 1, arena);
    r->shown = jc_snapshot_new(r->in, arena);
    r->prover = jc_prover_new(r->in, jc_search_scale(r->in), arena);
    r->polish = jc_polish_new(r->in, r->problem->seed, arena);
    if (!r->second || !r->shown || !r->polish)
        r->prover = NULL; /* without memory there is a plan all the same */
    if (r->prover)
        r->known =
            *jc_prover_bound(r->prover); /* the problem may bring it; a prover with nothing to do tells nothing */
}

enum jc_code jc_optimizer_run(const Jc__Problem *problem, const struct jc_optimizer_callbacks *callbacks,
                              struct jc_arena *arena, Jc__Solution **out, struct jc_err *err) {
    static const struct jc_optimizer_callbacks silent = {0};
    struct run r = {.problem = problem, .second_from = -1, .callbacks = callbacks ? callbacks : &silent};
    r.start_ms = jc_monotonic_ms();
    r.told = (struct jc_totals){INT64_MAX, 0, 0};
    r.by_time = problem->work_limit == 0 && problem->time_limit_ms > 0;
    enum jc_code code = prepare(&r, arena, err);
    if (code != JC_OK)
        return code;
    prepare_helpers(&r, arena);
    if (problem->work_limit)
        anneal_within(&r, problem->work_limit);
    else if (problem->time_limit_ms)
        anneal_within(&r, problem->time_limit_ms);
    else
        anneal_freely(&r);
    atomic_store(&r.stop_helper, true);
    await_helper(&r);
    *out = report(&r, &r.known);
    (*out)->last = true;
    return JC_OK;
}
