/* Draws: commit, run, verify. The arithmetic is in lot.c, the record in store/draw_log.c; here is who may
 * be drawn, which slots are filled, and what becomes of the units drawn.
 *
 * Draws follow each other in recorded order: a unit in the pool of a draw that is committed but not yet
 * run cannot be committed by another one, so nobody is drawn twice. A refused attempt is recorded, so the
 * functions that refuse it succeed: an error would roll the record back. */
#include "plan/draw.h"

#include <stdlib.h>
#include <string.h>

#include "base/index.h"
#include "plan/lot.h"
#include "store/audit_log.h"

#define OUTCOME_AGAIN "refused_again"
#define OUTCOME_SEED "refused_empty_seed"
#define OUTCOME_STALE "refused_stale_pool"

/* A draw, its plan, and what the plan says of units. */
struct drawing {
    struct jc_tx *tx;
    int64_t agency_id;
    struct jc_arena *arena;
    struct jc_register *reg;
    const Jc__Draw *draw;
    Jc__Plan *plan;
    Jc__Visit **slots; /* to be filled, by (month, visit_id) */
    size_t n_slots;
    struct jc_index *planned; /* unit_id -> PLANNED or DRAWN, the slots to be filled aside */
    struct jc_err *err;
};

enum { PLANNED = 1, DRAWN = 2 };

/* --- the plan -------------------------------------------------------------------------------------------- */

/* The approved version of the year, else its newest draft. */
static enum jc_code find_plan(struct drawing *d) {
    Jc__Plan **heads = NULL;
    size_t count = 0;
    int version = 0;
    enum jc_code code = jc_plan_list(d->tx, d->agency_id, d->arena, &heads, &count, d->err);
    for (size_t i = 0; !code && i < count; i++) {
        bool approved = heads[i]->status == JC__PLAN_STATUS__PLAN_STATUS_APPROVED;
        if (heads[i]->year == d->reg->year && (approved || !version))
            version = heads[i]->version;
        if (version && approved)
            break;
    }
    if (!code && !version)
        code = jc_fail(d->err, JC_NOT_FOUND, JC_MSG_PLAN_NONE);
    return code ? code : jc_plan_get(d->tx, d->agency_id, version, NULL, d->arena, &d->plan, d->err);
}

static int by_month(const void *a, const void *b) {
    const Jc__Visit *x = *(const Jc__Visit *const *)a, *y = *(const Jc__Visit *const *)b;
    return x->month != y->month ? x->month - y->month : strcmp(x->visit_id, y->visit_id);
}

/* The draw's slots nobody has been told of: the empty ones, or all if none is empty. */
static enum jc_code find_slots(struct drawing *d) {
    size_t empty = 0, n = 0;
    d->slots = JC_NEW_ARRAY(d->arena, d->plan->n_visits + 1, Jc__Visit *);
    if (!d->slots)
        return jc_fail_memory(d->err);
    for (size_t i = 0; i < d->plan->n_visits; i++) {
        Jc__Visit *v = d->plan->visits[i];
        if (strcmp(v->draw_id, d->draw->draw_id) != 0 || v->status != JC__VISIT_STATUS__VISIT_STATUS_PLANNED)
            continue;
        d->slots[n++] = v;
        empty += !*v->unit_id;
    }
    for (size_t i = 0; empty && i < n; i++)
        if (!*d->slots[i]->unit_id)
            d->slots[d->n_slots++] = d->slots[i];
    if (!empty)
        d->n_slots = n;
    qsort(d->slots, d->n_slots, sizeof(*d->slots), by_month);
    return JC_OK;
}

static bool will_be_filled(const struct drawing *d, const Jc__Visit *visit) {
    for (size_t i = 0; i < d->n_slots; i++)
        if (d->slots[i] == visit)
            return true;
    return false;
}

static enum jc_code index_planned(struct drawing *d) {
    d->planned = jc_index_new(d->arena, d->plan->n_visits);
    if (!d->planned)
        return jc_fail_memory(d->err);
    for (size_t i = 0; i < d->plan->n_visits; i++) {
        const Jc__Visit *v = d->plan->visits[i];
        if (!*v->unit_id || (*v->draw_id && will_be_filled(d, v)))
            continue;
        int64_t *mark = jc_index_at(d->planned, jc_str(v->unit_id), NULL);
        if (!mark)
            return jc_fail_memory(d->err);
        *mark = *v->draw_id && *mark != PLANNED ? DRAWN : PLANNED;
    }
    return JC_OK;
}

static enum jc_code find_draw(struct drawing *d, struct jc_str draw_id) {
    enum jc_code code = jc_register_load(d->tx, d->agency_id, d->arena, &d->reg, d->err);
    if (code)
        return code;
    const char *id = (const char *)jc_arena_copy(d->arena, draw_id).ptr;
    int found = id ? jc_register_draw(d->reg, id) : -1;
    if (found < 0)
        return jc_fail(d->err, JC_NOT_FOUND, JC_MSG_DRAW_UNKNOWN, draw_id);
    d->draw = d->reg->draws[found];
    return JC_OK;
}

/* The draw, the plan it fills, and who is planned already. */
static enum jc_code open_draw(struct drawing *d, struct jc_str draw_id) {
    enum jc_code code = find_draw(d, draw_id);
    if (!code)
        code = find_plan(d);
    if (!code)
        code = find_slots(d);
    return code ? code : index_planned(d);
}

/* --- commit ---------------------------------------------------------------------------------------------- */

/* Why a unit cannot be drawn; empty if it can. */
static struct jc_str exclusion_of(const struct drawing *d, struct jc_str unit_id, const Jc__Unit *unit) {
    int64_t mark = jc_index_find(d->planned, unit_id, 0);
    if (unit && strcmp(unit->category, "key") == 0)
        return JC_STR("key_unit");
    if (mark == PLANNED)
        return JC_STR("planned");
    if (mark == DRAWN)
        return JC_STR("drawn");
    for (size_t i = 0; unit && i < d->n_slots; i++)
        if (unit->blackout_months >> (d->slots[i]->month - 1) & 1)
            return JC_STR("blackout");
    return JC_STR("");
}

/* The pool that is being made. */
struct pool {
    struct jc_str *ids;
    size_t n_ids;
    struct jc_draw_exclusion *exclusions;
    size_t n_exclusions;
    struct jc_draw_candidate *candidates;
    size_t n_candidates;
};

static enum jc_code sort_rows(struct drawing *d, const struct jc_draw_request *request, struct pool *pool) {
    pool->ids = JC_NEW_ARRAY(d->arena, request->n_rows + 1, struct jc_str);
    pool->exclusions = JC_NEW_ARRAY(d->arena, request->n_rows + 1, struct jc_draw_exclusion);
    pool->candidates = JC_NEW_ARRAY(d->arena, request->n_rows + 1, struct jc_draw_candidate);
    if (!pool->ids || !pool->exclusions || !pool->candidates)
        return jc_fail_memory(d->err);
    for (size_t i = 0; i < request->n_rows; i++) {
        const struct jc_draw_candidate *row = &request->rows[i];
        int found = jc_register_unit(d->reg, row->unit_id.ptr);
        struct jc_str why = exclusion_of(d, row->unit_id, found < 0 ? NULL : d->reg->units[found]);
        if (why.len) {
            pool->exclusions[pool->n_exclusions++] = (struct jc_draw_exclusion){row->unit_id, why};
            continue;
        }
        if (found < 0 && !row->name.len)
            return jc_fail(d->err, JC_INVALID_ARGUMENT, JC_MSG_DRAW_NAME_MISSING, row->unit_id);
        if (found < 0)
            pool->candidates[pool->n_candidates++] = *row;
        pool->ids[pool->n_ids++] = row->unit_id;
    }
    return JC_OK;
}

static enum jc_code newest_run(struct jc_tx *tx, int64_t agency_id, int64_t commit_id, struct jc_arena *arena,
                               bool *drawn, struct jc_draw_run *out, struct jc_err *err) {
    struct jc_draw_run *runs = NULL;
    size_t count = 0;
    enum jc_code code = jc_draw_run_list(tx, agency_id, commit_id, arena, &runs, &count, err);
    *drawn = false;
    for (size_t i = 0; !code && i < count; i++)
        if (jc_str_eq(runs[i].outcome, JC_STR(JC_DRAW_OUTCOME_DRAWN))) {
            *drawn = true;
            *out = runs[i];
        }
    return code;
}

/* Is one of the pool's units in a pool that waits for its seed? */
static enum jc_code check_pending(struct drawing *d, struct jc_str pool) {
    struct jc_draw_commit *commits = NULL;
    struct jc_draw_run run;
    struct jc_str *ids = NULL, *others = NULL;
    size_t count = 0, n_ids = 0, n_others = 0;
    enum jc_code code = jc_draw_commit_list(d->tx, d->agency_id, JC_STR(""), d->arena, &commits, &count, d->err);
    if (!code)
        code = jc_lot_ids(d->arena, pool, &ids, &n_ids, d->err);
    for (size_t i = 0; !code && i < count; i++) {
        bool drawn = false, newest = true;
        for (size_t j = i + 1; j < count; j++)
            newest &= !jc_str_eq(commits[j].draw_id, commits[i].draw_id);
        if (!newest || jc_str_eq(commits[i].draw_id, jc_str(d->draw->draw_id)))
            continue;
        code = newest_run(d->tx, d->agency_id, commits[i].commit_id, d->arena, &drawn, &run, d->err);
        if (!code && !drawn)
            code = jc_lot_ids(d->arena, commits[i].pool, &others, &n_others, d->err);
        for (size_t a = 0, b = 0; !code && !drawn && a < n_ids && b < n_others;) {
            int order = jc_str_cmp(ids[a], others[b]);
            if (!order)
                return jc_fail(d->err, JC_FAILED_PRECONDITION, JC_MSG_DRAW_PENDING, commits[i].draw_id, ids[a]);
            a += order < 0;
            b += order > 0;
        }
    }
    return code;
}

static enum jc_code check_pool(struct drawing *d, const struct pool *pool) {
    char units[JC_NUMBER_TEXT], slots[JC_NUMBER_TEXT];
    struct jc_str id = jc_str(d->draw->draw_id);
    if (!d->n_slots)
        return jc_fail(d->err, JC_FAILED_PRECONDITION, JC_MSG_DRAW_NO_SLOT, id);
    if (!pool->n_ids)
        return jc_fail(d->err, JC_FAILED_PRECONDITION, JC_MSG_DRAW_POOL_EMPTY, id);
    if (strcmp(d->draw->method, "full_coverage") == 0 && pool->n_ids != d->n_slots)
        return jc_fail(d->err, JC_FAILED_PRECONDITION, JC_MSG_DRAW_FULL_SIZE, id,
                       jc_str_from_int64((int64_t)pool->n_ids, units), jc_str_from_int64((int64_t)d->n_slots, slots));
    return JC_OK;
}

enum jc_code jc_draw_commit_pool(struct jc_tx *tx, int64_t agency_id, const struct jc_draw_request *request,
                                 struct jc_arena *arena, struct jc_draw_committed *out, struct jc_err *err) {
    struct drawing d = {.tx = tx, .agency_id = agency_id, .arena = arena, .err = err};
    struct pool pool = {0};
    struct jc_draw_commit commit = {
        .seed_source = request->seed_source, .committed_by = request->actor, .committed_ms = request->now_ms};
    *out = (struct jc_draw_committed){0};
    if (!jc_str_trim(request->seed_source).len)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_DRAW_SOURCE_MISSING);
    enum jc_code code = open_draw(&d, request->draw_id);
    if (!code)
        code = sort_rows(&d, request, &pool);
    if (!code)
        code = check_pool(&d, &pool);
    if (!code)
        code = jc_lot_pool(arena, pool.ids, pool.n_ids, &commit.pool, err);
    if (!code)
        code = check_pending(&d, commit.pool);
    if (code)
        return code;
    commit.draw_id = jc_str(d.draw->draw_id);
    commit.plan_version = d.plan->version;
    commit.pool_count = (int64_t)pool.n_ids;
    jc_sha256(commit.pool, commit.pool_hash);
    code = jc_draw_commit_add(tx, agency_id, &commit, pool.exclusions, pool.n_exclusions, pool.candidates,
                              pool.n_candidates, err);
    if (!code)
        code = jc_audit_log_add(tx, agency_id, request->now_ms, request->actor, JC_STR("draw.commit"), commit.draw_id,
                                request->seed_source, err);
    *out = (struct jc_draw_committed){d.draw, commit, pool.exclusions, pool.n_exclusions, d.n_slots};
    return code;
}

/* --- run ------------------------------------------------------------------------------------------------- */

/* A unit of the pool as a general unit of the register (F4). It has neither rule nor lead team: what is
 * planned for it is the slot, and an import of the case leaves such units alone. */
static enum jc_code add_unit(struct drawing *d, const struct jc_draw_candidate *candidate) {
    Jc__Unit unit = JC__UNIT__INIT;
    int64_t position = 0;
    unit.unit_id = (char *)candidate->unit_id.ptr;
    unit.name = (char *)candidate->name.ptr;
    unit.address = (char *)candidate->address.ptr;
    unit.district = (char *)candidate->district.ptr;
    unit.industry = (char *)candidate->industry.ptr;
    unit.credit_code = (char *)candidate->credit_code.ptr;
    unit.category = (char *)"general";
    unit.persons = d->draw->persons;
    unit.days_centi = d->draw->days_centi;
    enum jc_code code = jc_unit_next_position(d->tx, d->agency_id, &position, d->err);
    return code ? code : jc_unit_put(d->tx, d->agency_id, position, &unit, d->err);
}

static enum jc_code register_unit(struct drawing *d, struct jc_str unit_id, const struct jc_draw_candidate *candidates,
                                  size_t count) {
    const char *id = (const char *)jc_arena_copy(d->arena, unit_id).ptr;
    if (!id)
        return jc_fail_memory(d->err);
    if (jc_register_unit(d->reg, id) >= 0)
        return JC_OK;
    for (size_t i = 0; i < count; i++)
        if (jc_str_eq(candidates[i].unit_id, unit_id))
            return add_unit(d, &candidates[i]);
    return jc_fail(d->err, JC_FAILED_PRECONDITION, JC_MSG_DRAW_POOL_UNIT_GONE, unit_id);
}

/* The picks of a commit and seed for these slots: the arithmetic alone. */
static enum jc_code pick(struct jc_arena *arena, const struct jc_draw_commit *commit, struct jc_str seed, size_t slots,
                         struct jc_draw_pick **out, size_t *count, struct jc_err *err) {
    struct jc_str *ids = NULL;
    uint32_t *lots = NULL;
    size_t n = 0;
    enum jc_code code = jc_lot_ids(arena, commit->pool, &ids, &n, err);
    if (code)
        return code;
    size_t k = slots < n ? slots : n;
    struct jc_draw_pick *picks = JC_NEW_ARRAY(arena, k + 1, struct jc_draw_pick);
    code =
        picks ? jc_lot_draw(arena, commit->pool_hash, seed, (uint32_t)n, (uint32_t)k, &lots, err) : jc_fail_memory(err);
    for (size_t i = 0; !code && i < k; i++)
        picks[i].unit_id = ids[lots[i]];
    *out = picks;
    *count = k;
    return code;
}

/* Has a unit of the pool entered the plan since the commit? */
static enum jc_code is_stale(struct drawing *d, const struct jc_draw_commit *commit, bool *stale) {
    struct jc_str *ids = NULL;
    size_t count = 0;
    enum jc_code code = jc_lot_ids(d->arena, commit->pool, &ids, &count, d->err);
    *stale = false;
    for (size_t i = 0; !code && i < count; i++)
        *stale |= jc_index_find(d->planned, ids[i], 0) != 0;
    return code;
}

static enum jc_code fill_slots(struct drawing *d, struct jc_draw_drawn *out) {
    struct jc_draw_candidate *candidates = NULL;
    size_t count = 0;
    enum jc_code code =
        jc_draw_candidate_list(d->tx, d->agency_id, out->commit.commit_id, d->arena, &candidates, &count, d->err);
    for (size_t i = 0; !code && i < d->n_slots; i++) {
        struct jc_str unit_id = i < out->n_picks ? out->picks[i].unit_id : JC_STR("");
        if (i < out->n_picks) {
            out->picks[i].visit_id = jc_str(d->slots[i]->visit_id);
            code = register_unit(d, unit_id, candidates, count);
        }
        if (!code)
            code = jc_visit_set_unit(d->tx, d->agency_id, d->plan->version, jc_str(d->slots[i]->visit_id), unit_id,
                                     d->err);
    }
    out->empty = d->n_slots - out->n_picks;
    return code;
}

static enum jc_audit_note note_of(const char *outcome) {
    static const struct {
        const char *outcome;
        enum jc_audit_note note;
    } NOTES[] = {{OUTCOME_AGAIN, JC_NOTE_REFUSED_AGAIN},
                 {OUTCOME_SEED, JC_NOTE_REFUSED_EMPTY_SEED},
                 {OUTCOME_STALE, JC_NOTE_REFUSED_STALE_POOL}};
    for (size_t i = 0; i < sizeof NOTES / sizeof *NOTES; i++)
        if (strcmp(outcome, NOTES[i].outcome) == 0)
            return NOTES[i].note;
    return JC_NOTE_DRAWN;
}

static enum jc_code record(struct drawing *d, struct jc_draw_drawn *out, const char *outcome) {
    out->run.outcome = jc_str(outcome);
    enum jc_code code = jc_draw_run_add(d->tx, d->agency_id, &out->run, out->picks, out->n_picks, d->err);
    const struct jc_audited act = {d->agency_id, out->run.run_ms, out->run.run_by, JC_STR("draw.run"),
                                   out->commit.draw_id};
    return code ? code : jc_audit_log_note(d->tx, &act, d->err, note_of(outcome), "%s", "");
}

/* Why this attempt is refused: its outcome, or NULL. */
static enum jc_code judge_attempt(struct drawing *d, struct jc_draw_drawn *out, const char **outcome) {
    struct jc_draw_run before;
    bool drawn = false, stale = false;
    enum jc_code code = newest_run(d->tx, d->agency_id, out->commit.commit_id, d->arena, &drawn, &before, d->err);
    if (!code && !drawn)
        code = is_stale(d, &out->commit, &stale);
    *outcome = drawn ? OUTCOME_AGAIN : !out->run.seed.len ? OUTCOME_SEED : stale ? OUTCOME_STALE : NULL;
    out->refused = drawn                ? JC_MSG_DRAW_AGAIN
                   : !out->run.seed.len ? JC_MSG_DRAW_SEED_EMPTY
                   : stale              ? JC_MSG_DRAW_STALE
                                        : JC_MSG_NONE;
    return code;
}

enum jc_code jc_draw_run_seed(struct jc_tx *tx, int64_t agency_id, struct jc_str draw_id, struct jc_str seed,
                              struct jc_str actor, int64_t now_ms, struct jc_arena *arena, struct jc_draw_drawn *out,
                              struct jc_err *err) {
    struct drawing d = {.tx = tx, .agency_id = agency_id, .arena = arena, .err = err};
    struct jc_draw_commit *commits = NULL;
    size_t count = 0;
    const char *outcome = NULL;
    *out = (struct jc_draw_drawn){0};
    enum jc_code code = open_draw(&d, draw_id);
    if (!code)
        code = jc_draw_commit_list(tx, agency_id, draw_id, arena, &commits, &count, err);
    if (!code && !count)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_DRAW_NOT_COMMITTED, draw_id);
    if (code)
        return code;
    out->draw = d.draw;
    out->commit = commits[count - 1];
    out->run =
        (struct jc_draw_run){.commit_id = out->commit.commit_id, .seed = seed, .run_by = actor, .run_ms = now_ms};
    code = judge_attempt(&d, out, &outcome);
    if (code || outcome)
        return code ? code : record(&d, out, outcome);
    if (!d.n_slots)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_DRAW_NO_SLOT, draw_id);
    code = pick(arena, &out->commit, seed, d.n_slots, &out->picks, &out->n_picks, err);
    if (!code)
        code = fill_slots(&d, out);
    return code ? code : record(&d, out, JC_DRAW_OUTCOME_DRAWN);
}

/* --- verify ------------------------------------------------------------------------------------------------ */

struct verifying {
    struct jc_arena *arena;
    struct {
        struct jc_draw_check *items;
        size_t count, capacity;
    } checks;
    struct {
        struct jc_str *items; /* visits that a run on record filled */
        size_t count, capacity;
    } filled;
    bool all_good;
    struct jc_err *err;
};

static enum jc_code note(struct verifying *v, int64_t commit_id, const struct jc_draw_run *run, enum jc_msg fault) {
    struct jc_draw_check *check = JC_PUSH(v->arena, &v->checks, struct jc_draw_check);
    if (!check)
        return jc_fail_memory(v->err);
    *check = (struct jc_draw_check){commit_id, run ? run->run_id : 0, run ? run->seed : JC_STR(""),
                                    fault == JC_MSG_NONE, fault};
    v->all_good &= check->good;
    return JC_OK;
}

static enum jc_code verify_commit(struct verifying *v, const struct jc_draw_commit *commit) {
    uint8_t hash[JC_SHA256_SIZE];
    struct jc_str *ids = NULL;
    size_t count = 0;
    jc_sha256(commit->pool, hash);
    enum jc_code code = jc_lot_ids(v->arena, commit->pool, &ids, &count, v->err);
    if (code)
        return code;
    return note(v, commit->commit_id, NULL,
                memcmp(hash, commit->pool_hash, sizeof(hash)) != 0 ? JC_MSG_DRAW_FAULT_HASH
                : (int64_t)count != commit->pool_count             ? JC_MSG_DRAW_FAULT_COUNT
                                                                   : JC_MSG_NONE);
}

/* Do the plan's slots hold what the last run drew? */
static bool slots_hold(const struct drawing *d, const struct jc_draw_pick *picks, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < d->plan->n_visits; k++)
            if (jc_str_eq(jc_str(d->plan->visits[k]->visit_id), picks[i].visit_id) &&
                !jc_str_eq(jc_str(d->plan->visits[k]->unit_id), picks[i].unit_id))
                return false;
    return true;
}

static bool was_filled(const struct verifying *v, struct jc_str visit_id) {
    for (size_t i = 0; i < v->filled.count; i++)
        if (jc_str_eq(v->filled.items[i], visit_id))
            return true;
    return false;
}

/* Was every unit in a slot drawn? A unit that no run on record put there was slipped in, or its pick was struck out. */
static bool slots_were_drawn(const struct drawing *d, const struct verifying *v, struct jc_str draw_id) {
    for (size_t i = 0; i < d->plan->n_visits; i++) {
        const Jc__Visit *visit = d->plan->visits[i];
        if (*visit->unit_id && jc_str_eq(jc_str(visit->draw_id), draw_id) && !was_filled(v, jc_str(visit->visit_id)))
            return false;
    }
    return true;
}

static enum jc_code verify_run(struct drawing *d, struct verifying *v, const struct jc_draw_commit *commit,
                               const struct jc_draw_run *run, bool last) {
    struct jc_draw_pick *stored = NULL, *again = NULL;
    size_t n_stored = 0, n_again = 0;
    if (!jc_str_eq(run->outcome, JC_STR(JC_DRAW_OUTCOME_DRAWN)))
        return JC_OK; /* refused: it drew nobody */
    enum jc_code code = jc_draw_pick_list(d->tx, d->agency_id, run->run_id, d->arena, &stored, &n_stored, d->err);
    if (!code && n_stored > (size_t)commit->pool_count)
        return note(v, commit->commit_id, run, JC_MSG_DRAW_FAULT_PICK);
    if (!code)
        code = pick(d->arena, commit, run->seed, n_stored, &again, &n_again, d->err);
    if (code)
        return code;
    bool same = n_stored == n_again && n_stored > 0; /* a run that drew nobody is not on record as drawn */
    for (size_t i = 0; same && i < n_stored; i++)
        same = jc_str_eq(stored[i].unit_id, again[i].unit_id);
    for (size_t i = 0; i < n_stored; i++) {
        struct jc_str *visit_id = JC_PUSH(v->arena, &v->filled, struct jc_str);
        if (!visit_id)
            return jc_fail_memory(d->err);
        *visit_id = stored[i].visit_id;
    }
    return note(v, commit->commit_id, run,
                !same                                      ? JC_MSG_DRAW_FAULT_PICK
                : last && !slots_hold(d, stored, n_stored) ? JC_MSG_DRAW_FAULT_SLOT
                                                           : JC_MSG_NONE);
}

enum jc_code jc_draw_verify(struct jc_tx *tx, int64_t agency_id, struct jc_str draw_id, struct jc_arena *arena,
                            struct jc_draw_check **out, size_t *count, bool *all_good, struct jc_err *err) {
    struct drawing d = {.tx = tx, .agency_id = agency_id, .arena = arena, .err = err};
    struct verifying v = {.arena = arena, .all_good = true, .err = err};
    struct jc_draw_commit *commits = NULL;
    size_t n_commits = 0;
    enum jc_code code = open_draw(&d, draw_id);
    if (!code)
        code = jc_draw_commit_list(tx, agency_id, draw_id, arena, &commits, &n_commits, err);
    if (!code && !n_commits)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_DRAW_NOT_COMMITTED, draw_id);
    for (size_t i = 0; !code && i < n_commits; i++) {
        struct jc_draw_run *runs = NULL;
        size_t n_runs = 0;
        code = verify_commit(&v, &commits[i]);
        if (!code)
            code = jc_draw_run_list(tx, agency_id, commits[i].commit_id, arena, &runs, &n_runs, err);
        for (size_t k = 0; !code && k < n_runs; k++)
            code = verify_run(&d, &v, &commits[i], &runs[k], i + 1 == n_commits);
    }
    if (!code && !slots_were_drawn(&d, &v, draw_id))
        code = note(&v, commits[n_commits - 1].commit_id, NULL, JC_MSG_DRAW_FAULT_SLOT);
    *out = v.checks.items;
    *count = v.checks.count;
    *all_good = v.all_good;
    return code;
}
