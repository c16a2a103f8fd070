/* Hands the month program of a component to GLPK and takes bound and plan back. The relaxation comes first, in
 * chunks of iterations; branch and bound starts from the best plan known and is watched in its callback. */
#include "optimizer/mip.h"

#include <glpk.h>
#include <math.h>
#include <string.h>

#include "optimizer/gomory.h"
#include "optimizer/integer.h"
#include "optimizer/month_program.h"

enum {
    SIMPLEX_CHUNK = 500, /* iterations between two looks at the stop flag */
    SHIFT_MOST = 16,
    SIMPLEX_WORK = 15, /* of an iteration and column, in the search's unit; measured */
    BUILD_WORK = 250,  /* of a column */
};

enum { TIERS = 3 };

/* Tries of limits on a value that is counted, in turn: so far above what is proven, for so many nodes in the first
 * round and twice as many in each after it. Mixed integer rounding and cliques are a tenth of the work of all cuts
 * and find plans and most bounds; all cuts refute what they leave. */
static const struct attempt {
    int64_t above, nodes;
    bool all_cuts;
} attempts[] = {{2, 300, false}, {0, 100, false}, {1, 300, false}, {0, 300, true}};
enum { ATTEMPTS = sizeof attempts / sizeof *attempts };

/* How far counting a tier's value down has come in a component. */
struct countdown {
    int64_t low; /* proven */
    int turn;    /* tries that were neither met nor refuted */
};

struct jc_mip {
    struct jc_month_program month;
    struct jc_state *state;                     /* to measure plans that were found */
    int64_t *columns;                           /* by component */
    struct countdown *countdown;                /* by component * TIERS + tier */
    bool capacity_known, hard_over, hard_quota; /* what month.capacity holds for */
};

/* --- GLPK ---------------------------------------------------------------------------------------------------- */

/* What branch and bound tells and is told. */
struct watch {
    const atomic_bool *stop;
    double *start; /* the best plan's values, from 1 */
    int64_t nodes, nodes_most;
    int64_t work; /* columns times iterations of the simplex */
    double bound; /* of all open nodes */
    bool started, ended;
    struct jc_gomory gomory;
    bool better_only; /* the program has no room for the best plan */
    bool counting;    /* a try of a limit: branch on columns without cost first, */
    bool all_cuts;    /* … with all cuts */
    double enough;    /* a plan below this ends it */
};

/* Branches on columns without cost before others: a visit that stays in force has none, and it decides more. */
static void branch_on_staying(glp_tree *tree) {
    glp_prob *lp = glp_ios_get_prob(tree);
    int last = 0;
    bool stays = false;
    for (int j = glp_get_num_cols(lp); j > 0 && !stays; j--)
        if (glp_ios_can_branch(tree, j)) {
            stays = glp_get_obj_coef(lp, j) == 0;
            last = last && !stays ? last : j;
        }
    if (last) {
        double at = glp_get_col_prim(lp, last);
        glp_ios_branch_upon(tree, last, at - floor(at) < 0.5 ? GLP_DN_BRNCH : GLP_UP_BRNCH);
    }
}

static void on_event(glp_tree *tree, void *info) {
    struct watch *w = info;
    int total;
    glp_ios_tree_size(tree, NULL, NULL, &total);
    w->nodes = total;
    int best = glp_ios_best_node(tree);
    if (best)
        w->bound = glp_ios_node_bound(tree, best);
    if (glp_ios_reason(tree) == GLP_IHEUR && !w->started) {
        w->started = true;
        glp_ios_heur_sol(tree, w->start);
    }
    if (glp_ios_reason(tree) == GLP_ICUTGEN && !w->better_only)
        jc_gomory_add(&w->gomory, tree, w->stop);
    if (glp_ios_reason(tree) == GLP_IBRANCH && w->counting)
        branch_on_staying(tree);
    bool enough = glp_ios_reason(tree) == GLP_IBINGO && glp_get_obj_val(glp_ios_get_prob(tree)) < w->enough;
    if (atomic_load(w->stop) || w->nodes > w->nodes_most || enough) {
        w->ended = true;
        glp_ios_terminate(tree);
    }
}

/* The LP relaxation, in chunks so that it can be stopped. */
static bool relax(glp_prob *lp, const atomic_bool *stop) {
    glp_smcp how;
    glp_init_smcp(&how);
    how.msg_lev = GLP_MSG_OFF;
    how.it_lim = SIMPLEX_CHUNK;
    glp_adv_basis(lp, 0);
    for (;;) {
        int result = glp_simplex(lp, &how);
        if (result == 0)
            return glp_get_status(lp) == GLP_OPT;
        if (result != GLP_EITLIM || atomic_load(stop))
            return false;
    }
}

/* --- one solve ------------------------------------------------------------------------------------------------------ */

int64_t jc_mip_grain(const struct jc_mip *m, enum jc_tier tier) {
    const struct jc_instance *in = m->month.in;
    if (tier == JC_TIER_QUOTA)
        return 1;
    int64_t work = in->grain, cost = 0;
    for (int32_t i = 0; i < in->n_teams * JC_MONTHS; i++) {
        int64_t corner = tier == JC_TIER_OVER ? in->limit[i] : in->target[i];
        work = corner >= 0 && corner < JC_NO_LIMIT ? jc_gcd(work, corner) : work;
    }
    for (int32_t k = 0; k < in->n_teams && tier == JC_TIER_OVER; k++)
        work = in->year_limit[k] < JC_NO_LIMIT ? jc_gcd(work, in->year_limit[k]) : work;
    if (tier == JC_TIER_OVER)
        return work > 0 ? work : 1;
    for (int32_t u = 0; u < in->n_units; u++)
        cost = jc_gcd(jc_gcd(cost, in->units[u].risk_e5), in->units[u].season_e5);
    cost = jc_gcd(jc_gcd(jc_gcd(cost, in->travel_e5), in->change_e5), work * in->balance_e5);
    return cost > 0 ? cost : 1;
}

bool jc_mip_counts_changes(const struct jc_mip *m) {
    return m->month.in->change_e5 > 0 && jc_mip_grain(m, JC_TIER_COST) == m->month.in->change_e5;
}

/* How many of the tier's units make one of the program's. */
static double unit_of(enum jc_tier tier) {
    return tier == JC_TIER_COST ? 100000 : tier == JC_TIER_OVER ? 100 : 1;
}

/* A bound of GLPK's in the tier's unit: less the tolerance, then up to the next possible value. */
static int64_t safe_bound(const struct jc_mip *m, double bound) {
    if (isinf(bound))
        return INT64_MAX;
    double unit = unit_of(m->month.tier);
    double value = bound * unit;
    value -= JC_PROGRAM_TOLERANCE * (fabs(value) + unit);
    if (!(value > 0))
        return 0;
    int64_t grain = jc_mip_grain(m, m->month.tier);
    return (int64_t)ceil(value / (double)grain) * grain;
}

/* Has GLPK a plan? Then it is read into `found`, and out->better says whether it is better than `best`. */
static void take_plan(struct jc_mip *m, glp_prob *lp, struct jc_snapshot *found, struct jc_mip_result *out) {
    int status = glp_mip_status(lp);
    if (status != GLP_OPT && status != GLP_FEAS)
        return;
    if (jc_month_program_read(&m->month, lp, found)) {
        jc_snapshot_restore(found, m->state);
        found->totals = m->state->totals;
        out->better = jc_totals_cmp(&found->totals, &m->month.best->totals) < 0;
    } else {
        jc_snapshot_copy(m->month.in, found, m->month.best);
    }
}

static glp_iocp options(struct watch *w) {
    glp_iocp how;
    glp_init_iocp(&how);
    how.msg_lev = GLP_MSG_OFF;
    how.mir_cuts = how.cov_cuts = how.clq_cuts = GLP_ON;
    how.cb_func = on_event;
    how.cb_info = w;
    return how;
}

/* Branch and bound from the relaxation that is solved, starting with the best plan. */
static void branch_and_bound(struct jc_mip *m, glp_prob *lp, struct watch *w, struct jc_snapshot *found,
                             struct jc_mip_result *out) {
    glp_iocp how = options(w);
    w->bound = glp_get_obj_val(lp);
    int result = glp_intopt(lp, &how);
    double bound = w->bound;
    if (result == 0 && !w->ended && glp_mip_status(lp) == GLP_OPT)
        bound = glp_mip_obj_val(lp);
    else if (result != 0 && !w->ended)
        bound = 0; /* GLPK gave up: claim nothing */
    out->bound = safe_bound(m, bound);
    out->nodes = w->nodes;
    take_plan(m, lp, found, out);
}

/* Branch and bound on a program that may have no plan, presolved. GLPK's own presolving would solve the relaxation
 * out of our hands, deaf to the stop flag. Returns the bound; infinity: there is no plan. */
static double branch_presolved(glp_prob *lp, struct watch *w) {
    glp_prep *prep = glp_npp_alloc_wksp();
    glp_prob *small = glp_create_prob();
    double bound = 0;
    glp_npp_load_prob(prep, lp, GLP_MIP, GLP_OFF);
    if (glp_npp_preprocess1(prep, 1) != 0) {
        bound = INFINITY;
        goto out;
    }
    glp_npp_build_prob(prep, small);
    if (!relax(small, w->stop)) {
        bound = glp_get_status(small) == GLP_NOFEAS ? INFINITY : 0;
        goto out;
    }
    glp_iocp how = options(w);
    how.br_tech = GLP_BR_LFV;
    if (w->counting)
        how.bt_tech = GLP_BT_BPH;
    how.cov_cuts = how.gmi_cuts = w->all_cuts ? GLP_ON : GLP_OFF;
    if (glp_get_num_cols(small) == 0) /* all presolved away: GLPK's cut generators abort on nothing */
        how.mir_cuts = how.cov_cuts = how.clq_cuts = how.gmi_cuts = GLP_OFF;
    w->bound = glp_get_obj_val(small);
    int result = glp_intopt(small, &how), status = glp_mip_status(small);
    bound = w->ended ? w->bound : 0;
    if (!w->ended && result == 0 && status == GLP_NOFEAS)
        bound = INFINITY;
    if (status != GLP_OPT && status != GLP_FEAS)
        goto out;
    if (!w->ended && result == 0)
        bound = glp_mip_obj_val(small);
    glp_npp_postprocess(prep, small);
    glp_npp_obtain_sol(prep, lp);
out:
    w->work = (int64_t)glp_get_num_cols(small) * glp_get_it_cnt(small);
    glp_npp_free_wksp(prep);
    glp_delete_prob(small);
    return bound;
}

/* The component's share of the tier in the best plan, in the tier's unit. */
static int64_t best_share(const struct jc_mip *m) {
    double unit = unit_of(m->month.tier);
    return llround(jc_program_cost(&m->month.program) * unit);
}

static int64_t tier_value(enum jc_tier tier, const struct jc_totals *t) {
    return tier == JC_TIER_OVER ? t->over : tier == JC_TIER_QUOTA ? t->quota : t->cost;
}

/* One try for a plan of at most `limit`, in the tier's unit. The row lets 10^-6 more pass, of the limit and of the
 * unit, as is taken off other bounds (22): a program without a solution then refutes the limit itself whatever GLPK
 * takes for feasible. False without memory. */
static bool try_limit(struct jc_mip *m, struct watch *w, int64_t limit, struct jc_snapshot *found,
                      struct jc_mip_result *out) {
    double value = (double)limit / unit_of(m->month.tier);
    *out = (struct jc_mip_result){0};
    if (m->month.program.failed)
        return false;
    m->month.program.rows[m->month.limit_row - 1].hi = value + JC_PROGRAM_TOLERANCE * (value + 1);
    glp_prob *lp = jc_program_load(&m->month.program);
    if (!lp)
        return false;
    out->bound = safe_bound(m, branch_presolved(lp, w));
    out->nodes = w->nodes;
    take_plan(m, lp, found, out);
    glp_delete_prob(lp);
    return true;
}

/* Values are few, as of changes, and the cuts that bring the relaxation near the optimum are
 * stronger the nearer a row that limits changes is. So limits just above what is proven (`least`) are tried in
 * turn, each for a while: one is refuted, met by a plan, or leaves a better bound. */
static void count_down(struct jc_mip *m, int64_t least, int64_t share, int64_t nodes, const atomic_bool *stop,
                       struct jc_snapshot *found, struct jc_mip_result *out) {
    struct countdown *at = &m->countdown[m->month.component * TIERS + (int)m->month.tier];
    int64_t grain = jc_mip_grain(m, m->month.tier), low = least > at->low ? least : at->low, high = share;
    int refuted = 0; /* in a row */
    for (size_t i = 0; i < m->month.program.n_columns; i++)
        jc_program_put(&m->month.program, m->month.limit_row, (int)i + 1, m->month.program.columns[i].cost);
    while (low < high && nodes > 0 && !atomic_load(stop)) {
        const struct attempt *attempt = &attempts[at->turn % ATTEMPTS];
        int round = at->turn / ATTEMPTS < SHIFT_MOST ? at->turn / ATTEMPTS : SHIFT_MOST;
        int64_t enough = low + grain / 2, limit = low + (attempt->above << refuted) * grain;
        struct watch watch = {.stop = stop,
                              .better_only = true,
                              .counting = true,
                              .all_cuts = attempt->all_cuts,
                              .started = true,
                              .enough = (double)enough / unit_of(m->month.tier),
                              .nodes_most = attempt->nodes << round};
        struct jc_mip_result now;
        limit = limit < high ? limit : high - grain;
        if (!try_limit(m, &watch, limit, found, &now))
            break;
        if (now.better) {
            high =
                share - (tier_value(m->month.tier, &m->month.best->totals) - tier_value(m->month.tier, &found->totals));
            out->better = true;
        }
        int64_t bound = now.bound < limit + grain ? now.bound : limit + grain;
        low = bound > low ? bound : low;
        refuted = bound > limit ? refuted + (refuted < SHIFT_MOST) : 0;
        at->turn += bound <= limit;
        nodes -= now.nodes + 1;
        out->nodes += now.nodes;
    }
    at->low = low;
    out->bound = low;
}

/* Solves the program that is built; `values` has room for all columns and rows. */
static void solve(struct jc_mip *m, double *values, int64_t nodes, bool count, const atomic_bool *stop,
                  struct jc_snapshot *found, struct jc_mip_result *out) {
    int64_t share = best_share(m);
    bool fits = jc_program_fits(&m->month.program, values);
    for (size_t i = 0; i < m->month.program.n_columns; i++)
        values[i + 1] = jc_program_column_at(&m->month.program, (int)i + 1)->value;
    glp_term_out(GLP_OFF);
    glp_prob *lp = fits ? jc_program_load(&m->month.program) : NULL;
    struct watch watch = {.stop = stop, .start = values, .nodes_most = nodes};
    if (lp && relax(lp, stop)) {
        if (count && nodes > 0)
            count_down(m, safe_bound(m, glp_get_obj_val(lp)), share, nodes, stop, found, out);
        else if (nodes > 0)
            branch_and_bound(m, lp, &watch, found, out);
        else
            out->bound = safe_bound(m, glp_get_obj_val(lp));
    }
    if (lp)
        glp_delete_prob(lp);
    if (out->better)
        share -= tier_value(m->month.tier, &m->month.best->totals) - tier_value(m->month.tier, &found->totals);
    out->bound = out->bound < share ? out->bound : share;
    out->closed = fits && out->bound >= share;
}

/* What districts' work needs, if limits and quotas that hold in the best plan must go on holding. */
static enum jc_code find_capacity(struct jc_mip *m, const struct jc_snapshot *best, struct jc_err *err) {
    bool over = best->totals.over == 0, quota = best->totals.quota == 0;
    if (m->capacity_known && m->hard_over == over && m->hard_quota == quota)
        return JC_OK;
    enum jc_code code = jc_capacity_find(m->month.in, over, quota, m->month.capacity, err);
    m->capacity_known = code == JC_OK;
    m->hard_over = over;
    m->hard_quota = quota;
    return code;
}

enum jc_code jc_mip_solve(struct jc_mip *m, int32_t component, enum jc_tier tier, const struct jc_snapshot *best,
                          int64_t nodes, bool count, const atomic_bool *stop, struct jc_snapshot *found,
                          struct jc_mip_result *out, struct jc_err *err) {
    *out = (struct jc_mip_result){0};
    enum jc_code code = find_capacity(m, best, err);
    if (code != JC_OK)
        return code;
    jc_month_program_build(&m->month, component, tier, best);
    double *values = jc_calloc(m->month.program.n_columns + m->month.program.n_rows + 2, sizeof *values);
    if (values && !m->month.program.failed)
        solve(m, values, nodes, count, stop, found, out);
    else
        code = jc_fail_memory(err);
    jc_free(values);
    jc_program_free(&m->month.program);
    return code;
}

enum jc_code jc_mip_improve(struct jc_mip *m, int32_t component, const struct jc_freedom *freedom,
                            const struct jc_snapshot *best, int64_t nodes, const atomic_bool *stop,
                            struct jc_snapshot *found, struct jc_mip_result *out, struct jc_err *err) {
    *out = (struct jc_mip_result){0};
    enum jc_code code = find_capacity(m, best, err);
    if (code != JC_OK)
        return code;
    m->month.freedom = freedom;
    jc_month_program_build(&m->month, component, JC_TIER_COST, best);
    m->month.freedom = NULL;
    glp_term_out(GLP_OFF);
    for (size_t i = 0; i < m->month.program.n_columns; i++)
        jc_program_put(&m->month.program, m->month.limit_row, (int)i + 1, m->month.program.columns[i].cost);
    int64_t limit = best_share(m) - jc_mip_grain(m, JC_TIER_COST);
    struct watch watch = {
        .stop = stop, .better_only = true, .all_cuts = true, .started = true, .enough = -INFINITY, .nodes_most = nodes};
    if (!try_limit(m, &watch, limit, found, out))
        code = jc_fail_memory(err);
    out->closed = out->bound > limit;
    out->work = watch.work * SIMPLEX_WORK + (int64_t)m->month.program.n_columns * BUILD_WORK;
    jc_program_free(&m->month.program);
    return code;
}

void jc_mip_end(void) {
    glp_free_env();
}

/* --- set-up ----------------------------------------------------------------------------------------------------------- */

/* Counts the columns of each component. */
static void survey(struct jc_mip *m) {
    const struct jc_instance *in = m->month.in;
    for (int32_t k = 0; k < m->month.classes->n_classes; k++) {
        const struct jc_class *class = &m->month.classes->classes[k];
        const struct jc_plan_unit *u = &in->units[class->units[0]];
        for (uint32_t c = u->first_choice; c < u->first_choice + u->n_choices; c++)
            m->columns[class->component] += 1 + __builtin_popcount(in->choices[c].patterns->any);
    }
}

struct jc_mip *jc_mip_new(const struct jc_instance *in, struct jc_arena *arena) {
    struct jc_mip *m = JC_NEW(arena, struct jc_mip);
    if (!m)
        return NULL;
    if (!jc_month_program_init(&m->month, in, arena))
        return NULL;
    m->state = jc_state_new(in, arena);
    m->columns = JC_NEW_ARRAY(arena, (size_t)m->month.classes->n_components + 1, int64_t);
    m->countdown = JC_NEW_ARRAY(arena, ((size_t)m->month.classes->n_components + 1) * TIERS, struct countdown);
    if (!m->state || !m->columns || !m->countdown)
        return NULL;
    survey(m);
    return m;
}

int64_t jc_mip_resting_e5(const struct jc_mip *mip) {
    return mip->month.classes->resting_e5;
}

int32_t jc_mip_components(const struct jc_mip *mip) {
    return mip->month.classes->n_components;
}

int32_t jc_mip_component_of(const struct jc_mip *mip, int32_t team) {
    return mip->month.classes->of_team[team];
}

int64_t jc_mip_columns(const struct jc_mip *mip, int32_t component) {
    return mip->columns[component];
}
