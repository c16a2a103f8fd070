/* The record of draws. Nothing here is updated or deleted: an attempt that was refused stays beside the
 * one that drew. */
#include "store/draw_log.h"

#include <string.h>

#include "store/row.h"

static struct jc_str text_of(struct jc_row *row, int column) {
    return jc_str(jc_row_text(row, column));
}

/* --- commits ---------------------------------------------------------------------------------------- */

static const char SQL_COMMIT_NEXT[] = "SELECT COALESCE(MAX(commit_id), 0) + 1 FROM draw_commit WHERE agency_id = $1";
static const char SQL_COMMIT_ADD[] =
    "INSERT INTO draw_commit (agency_id, commit_id, draw_id, plan_version, pool, pool_hash, pool_count,"
    "                         seed_source, committed_by, committed_ms)"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
static const char SQL_EXCLUSION_ADD[] = "INSERT INTO draw_exclusion (agency_id, commit_id, unit_id, reason)"
                                        "VALUES ($1, $2, $3, $4)";
static const char SQL_CANDIDATE_ADD[] =
    "INSERT INTO draw_candidate (agency_id, commit_id, unit_id, name, address, district, industry, credit_code)"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

static enum jc_code add_candidate(struct jc_tx *tx, int64_t agency_id, int64_t commit_id,
                                  const struct jc_draw_candidate *c, struct jc_err *err) {
    return jc_tx_exec(tx, SQL_CANDIDATE_ADD,
                      JC_VALUES(jc_int(agency_id), jc_int(commit_id), jc_text(c->unit_id), jc_text(c->name),
                                jc_text(c->address), jc_text(c->district), jc_text(c->industry),
                                jc_text(c->credit_code)),
                      err);
}

enum jc_code jc_draw_commit_add(struct jc_tx *tx, int64_t agency_id, struct jc_draw_commit *commit,
                                const struct jc_draw_exclusion *exclusions, size_t n_exclusions,
                                const struct jc_draw_candidate *candidates, size_t n_candidates, struct jc_err *err) {
    int64_t id = 0;
    enum jc_code code = jc_tx_int64(tx, SQL_COMMIT_NEXT, JC_VALUES(jc_int(agency_id)), &id, err);
    if (!code)
        code = jc_tx_exec(tx, SQL_COMMIT_ADD,
                          JC_VALUES(jc_int(agency_id), jc_int(id), jc_text(commit->draw_id),
                                    jc_int(commit->plan_version), jc_bytes(commit->pool.ptr, commit->pool.len),
                                    jc_bytes(commit->pool_hash, JC_SHA256_SIZE), jc_int(commit->pool_count),
                                    jc_text(commit->seed_source), jc_text(commit->committed_by),
                                    jc_int(commit->committed_ms)),
                          err);
    for (size_t i = 0; !code && i < n_exclusions; i++)
        code = jc_tx_exec(
            tx, SQL_EXCLUSION_ADD,
            JC_VALUES(jc_int(agency_id), jc_int(id), jc_text(exclusions[i].unit_id), jc_text(exclusions[i].reason)),
            err);
    for (size_t i = 0; !code && i < n_candidates; i++)
        code = add_candidate(tx, agency_id, id, &candidates[i], err);
    if (!code)
        commit->commit_id = id;
    return code;
}

struct commits {
    struct jc_arena *arena;
    struct jc_draw_commit *items;
    size_t count, capacity;
};

static enum jc_code read_commit(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct commits *list = ctx;
    struct jc_row row = {rows, list->arena, false};
    struct jc_draw_commit *commit = JC_PUSH(list->arena, list, struct jc_draw_commit);
    struct jc_str hash = jc_rows_bytes(rows, 4);
    if (!commit)
        return jc_fail_memory(err);
    commit->commit_id = jc_rows_int64(rows, 0);
    commit->draw_id = text_of(&row, 1);
    commit->plan_version = (int)jc_rows_int64(rows, 2);
    commit->pool = jc_arena_copy(list->arena, jc_rows_bytes(rows, 3));
    memcpy(commit->pool_hash, hash.ptr, hash.len < JC_SHA256_SIZE ? hash.len : JC_SHA256_SIZE);
    commit->pool_count = jc_rows_int64(rows, 5);
    commit->seed_source = text_of(&row, 6);
    commit->committed_by = text_of(&row, 7);
    commit->committed_ms = jc_rows_int64(rows, 8);
    return row.failed || !commit->pool.ptr ? jc_fail_memory(err) : JC_OK;
}

static const char SQL_COMMIT_LIST[] =
    "SELECT commit_id, draw_id, plan_version, pool, pool_hash, pool_count, seed_source, committed_by, committed_ms"
    "  FROM draw_commit"
    " WHERE agency_id = $1 AND ($2 = '' OR draw_id = $2)"
    " ORDER BY commit_id";

enum jc_code jc_draw_commit_list(struct jc_tx *tx, int64_t agency_id, struct jc_str draw_id, struct jc_arena *arena,
                                 struct jc_draw_commit **out, size_t *count, struct jc_err *err) {
    struct commits list = {.arena = arena};
    enum jc_code code =
        jc_row_each(tx, SQL_COMMIT_LIST, JC_VALUES(jc_int(agency_id), jc_text(draw_id)), read_commit, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}

struct candidates {
    struct jc_arena *arena;
    struct jc_draw_candidate *items;
    size_t count, capacity;
};

static enum jc_code read_candidate(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct candidates *list = ctx;
    struct jc_row row = {rows, list->arena, false};
    struct jc_draw_candidate *candidate = JC_PUSH(list->arena, list, struct jc_draw_candidate);
    if (!candidate)
        return jc_fail_memory(err);
    candidate->unit_id = text_of(&row, 0);
    candidate->name = text_of(&row, 1);
    candidate->address = text_of(&row, 2);
    candidate->district = text_of(&row, 3);
    candidate->industry = text_of(&row, 4);
    candidate->credit_code = text_of(&row, 5);
    return row.failed ? jc_fail_memory(err) : JC_OK;
}

static const char SQL_CANDIDATE_LIST[] = "SELECT unit_id, name, address, district, industry, credit_code"
                                         "  FROM draw_candidate"
                                         " WHERE agency_id = $1 AND commit_id = $2"
                                         " ORDER BY unit_id";

enum jc_code jc_draw_candidate_list(struct jc_tx *tx, int64_t agency_id, int64_t commit_id, struct jc_arena *arena,
                                    struct jc_draw_candidate **out, size_t *count, struct jc_err *err) {
    struct candidates list = {.arena = arena};
    enum jc_code code = jc_row_each(tx, SQL_CANDIDATE_LIST, JC_VALUES(jc_int(agency_id), jc_int(commit_id)),
                                    read_candidate, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}

/* --- runs -------------------------------------------------------------------------------------------- */

static const char SQL_RUN_NEXT[] = "SELECT COALESCE(MAX(run_id), 0) + 1 FROM draw_run WHERE agency_id = $1";
static const char SQL_RUN_ADD[] = "INSERT INTO draw_run (agency_id, run_id, commit_id, seed, run_by, run_ms, outcome)"
                                  "VALUES ($1, $2, $3, $4, $5, $6, $7)";
static const char SQL_PICK_ADD[] = "INSERT INTO draw_pick (agency_id, run_id, position, unit_id, visit_id)"
                                   "VALUES ($1, $2, $3, $4, $5)";

enum jc_code jc_draw_run_add(struct jc_tx *tx, int64_t agency_id, struct jc_draw_run *run,
                             const struct jc_draw_pick *picks, size_t n_picks, struct jc_err *err) {
    int64_t id = 0;
    enum jc_code code = jc_tx_int64(tx, SQL_RUN_NEXT, JC_VALUES(jc_int(agency_id)), &id, err);
    if (!code)
        code = jc_tx_exec(tx, SQL_RUN_ADD,
                          JC_VALUES(jc_int(agency_id), jc_int(id), jc_int(run->commit_id), jc_text(run->seed),
                                    jc_text(run->run_by), jc_int(run->run_ms), jc_text(run->outcome)),
                          err);
    for (size_t i = 0; !code && i < n_picks; i++)
        code = jc_tx_exec(tx, SQL_PICK_ADD,
                          JC_VALUES(jc_int(agency_id), jc_int(id), jc_int((int64_t)i), jc_text(picks[i].unit_id),
                                    jc_text(picks[i].visit_id)),
                          err);
    if (!code)
        run->run_id = id;
    return code;
}

struct runs {
    struct jc_arena *arena;
    struct jc_draw_run *items;
    size_t count, capacity;
};

static enum jc_code read_run(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct runs *list = ctx;
    struct jc_row row = {rows, list->arena, false};
    struct jc_draw_run *run = JC_PUSH(list->arena, list, struct jc_draw_run);
    if (!run)
        return jc_fail_memory(err);
    run->run_id = jc_rows_int64(rows, 0);
    run->commit_id = jc_rows_int64(rows, 1);
    run->seed = text_of(&row, 2);
    run->run_by = text_of(&row, 3);
    run->run_ms = jc_rows_int64(rows, 4);
    run->outcome = text_of(&row, 5);
    return row.failed ? jc_fail_memory(err) : JC_OK;
}

static const char SQL_RUN_LIST[] = "SELECT run_id, commit_id, seed, run_by, run_ms, outcome"
                                   "  FROM draw_run"
                                   " WHERE agency_id = $1 AND commit_id = $2"
                                   " ORDER BY run_id";

enum jc_code jc_draw_run_list(struct jc_tx *tx, int64_t agency_id, int64_t commit_id, struct jc_arena *arena,
                              struct jc_draw_run **out, size_t *count, struct jc_err *err) {
    struct runs list = {.arena = arena};
    enum jc_code code =
        jc_row_each(tx, SQL_RUN_LIST, JC_VALUES(jc_int(agency_id), jc_int(commit_id)), read_run, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}

struct picks {
    struct jc_arena *arena;
    struct jc_draw_pick *items;
    size_t count, capacity;
};

static enum jc_code read_pick(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct picks *list = ctx;
    struct jc_row row = {rows, list->arena, false};
    struct jc_draw_pick *pick = JC_PUSH(list->arena, list, struct jc_draw_pick);
    if (!pick)
        return jc_fail_memory(err);
    pick->unit_id = text_of(&row, 0);
    pick->visit_id = text_of(&row, 1);
    return row.failed ? jc_fail_memory(err) : JC_OK;
}

static const char SQL_PICK_LIST[] = "SELECT unit_id, visit_id"
                                    "  FROM draw_pick"
                                    " WHERE agency_id = $1 AND run_id = $2"
                                    " ORDER BY position";

enum jc_code jc_draw_pick_list(struct jc_tx *tx, int64_t agency_id, int64_t run_id, struct jc_arena *arena,
                               struct jc_draw_pick **out, size_t *count, struct jc_err *err) {
    struct picks list = {.arena = arena};
    enum jc_code code =
        jc_row_each(tx, SQL_PICK_LIST, JC_VALUES(jc_int(agency_id), jc_int(run_id)), read_pick, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}
