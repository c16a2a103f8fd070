/* What planners and administrators do beside the server. Any refusal is fine. */
#include <stdio.h>
#include <string.h>

#include "auth/device.h"
#include "plan/release.h"
#include "sim/sim_people.h"
#include "store/registry.h"
#include "store/server_key.h"
#include "sync/recall.h"
#include "sync/review.h"

struct act {
    struct sim_story *story;
    struct jc_arena *arena;
    struct jc_clock clock;
    struct sim_terminal *terminal;
    const char *what;
    int number;
    uint8_t device_id[JC_UUID_SIZE]; /* found by the job */
    char code[JC_ONE_TIME_TEXT];
};

static int64_t now(void *ctx) {
    return ((struct sim_story *)ctx)->world.now_ms;
}

/* A job that runs twice takes the same chances: they are drawn before. */
static enum jc_code run(struct act *act, jc_job *job, const char *what) {
    struct jc_err err = {0};
    enum jc_code code = sim_server_write(&act->story->server, job, act, &err);
    sim_tell(&act->story->world, "planner %s: %s", what, jc_code_name(code));
    if (code == JC_INTERNAL || code == JC_DATA_LOSS)
        sim_fail(&act->story->world, "I0", "planner %s: %s: %s", what, jc_code_name(code), err.detail);
    act->story->acts += code == JC_OK;
    return code;
}

/* --- tasks ------------------------------------------------------------------------------------------------------------- */

static enum jc_code release_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct act *act = ctx;
    struct jc_release release = {
        .month = 1 + act->number % SIM_MONTHS, .actor = JC_STR("planner"), .clock = act->clock};
    struct jc_released released;
    return jc_plan_release(tx, SIM_AGENCY, &release, act->arena, &released, err);
}

static const char SOME_TASK[] =
    "SELECT task_id FROM task WHERE agency_id = 1 AND state <> 2 AND kind <> 2 ORDER BY task_id LIMIT 1\n"
    "OFFSET (SELECT $1 % max(1, COUNT(*)) FROM task WHERE agency_id = 1 AND state <> 2 AND kind <> 2)";

static enum jc_code find_one(struct jc_tx *tx, const char *sql, int number, struct jc_arena *arena,
                             ProtobufCBinaryData *out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, sql, JC_VALUES(jc_int(number)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    *out = (ProtobufCBinaryData){0};
    if (!code && has_row) {
        struct jc_str id = jc_arena_copy(arena, jc_rows_bytes(rows, 0));
        *out = (ProtobufCBinaryData){id.len, (uint8_t *)(uintptr_t)id.ptr};
    }
    jc_rows_close(rows);
    return code;
}

static enum jc_code task_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct act *act = ctx;
    ProtobufCBinaryData id;
    Jc__Task **tasks = NULL;
    enum jc_code code = find_one(tx, SOME_TASK, act->number, act->arena, &id, err);
    if (code || !id.len)
        return code;
    struct jc_task_act task = {.agency_id = SIM_AGENCY,
                               .task_ids = &id,
                               .count = 1,
                               .reason = JC_STR("changed plans"),
                               .actor = JC_STR("planner"),
                               .now_ms = act->story->world.now_ms};
    char team[8];
    snprintf(team, sizeof team, "t%d", 1 + act->number % SIM_TEAMS);
    if (act->what[0] == 'a')
        return jc_task_act_reassign(tx, &task, jc_str(team), act->arena, &tasks, err);
    return act->what[0] == 'r' ? jc_task_act_recall(tx, &task, act->arena, &tasks, err)
                               : jc_task_act_reopen(tx, &task, act->arena, &tasks, err);
}

/* --- reviews ----------------------------------------------------------------------------------------------------------- */

static const char SOME_REVIEW[] =
    "SELECT review_id FROM review WHERE agency_id = 1 AND state = 1 ORDER BY review_id LIMIT 1\n"
    "OFFSET (SELECT $1 % max(1, COUNT(*)) FROM review WHERE agency_id = 1 AND state = 1)";
static const char SOME_INSPECTION[] =
    "SELECT inspection_id FROM inspection WHERE agency_id = 1 ORDER BY inspection_id LIMIT 1\n"
    "OFFSET (SELECT $1 % max(1, COUNT(*)) FROM inspection WHERE agency_id = 1)";

static enum jc_code review_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    static const Jc__ReviewDecisionKind KINDS[] = {JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT,
                                                   JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_REJECT,
                                                   JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_LINK};
    struct act *act = ctx;
    int64_t review_id = 0;
    ProtobufCBinaryData linked;
    Jc__DecideReviewResponse *response = NULL;
    enum jc_code code = jc_tx_int64(tx, SOME_REVIEW, JC_VALUES(jc_int(act->number)), &review_id, err);
    if (code == JC_NOT_FOUND)
        return JC_OK;
    if (!code)
        code = find_one(tx, SOME_INSPECTION, act->number, act->arena, &linked, err);
    if (code)
        return code;
    struct jc_review_act review = {.agency_id = SIM_AGENCY,
                                   .review_id = review_id,
                                   .kind = KINDS[act->number / 7 % 3],
                                   .linked_inspection_id = {(const char *)linked.data, linked.len},
                                   .note = JC_STR("seen"),
                                   .actor = JC_STR("planner"),
                                   .now_ms = act->story->world.now_ms};
    if (review.kind != JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_LINK)
        review.linked_inspection_id = (struct jc_str){0};
    return jc_review_decide(tx, &review, act->arena, &response, err);
}

/* --- people and devices ------------------------------------------------------------------------------------------------ */

static enum jc_code invite_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct act *act = ctx;
    struct jc_act by = {JC_STR("admin"), &act->clock};
    int64_t expires_ms = 0;
    return jc_device_invite(tx, SIM_AGENCY, jc_str(act->terminal->inspector_id), 14 * 24, by, act->arena, act->code,
                            &expires_ms, err);
}

bool sim_planner_invites(struct sim_story *story, struct sim_terminal *terminal) {
    struct act act = {.story = story, .clock = {now, story}, .terminal = terminal, .arena = jc_arena_new(1 << 20)};
    enum jc_code code = run(&act, invite_job, "invites");
    if (code == JC_OK)
        memcpy(terminal->code, act.code, sizeof act.code);
    jc_arena_free(act.arena);
    return code == JC_OK;
}

static enum jc_code move_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct act *act = ctx;
    Jc__Inspector *inspector = NULL;
    char id[8], team[8];
    int n = act->number % SIM_INSPECTORS;
    snprintf(id, sizeof id, "i%d", n + 1);
    snprintf(team, sizeof team, "t%d", 1 + act->number / 16 % SIM_TEAMS);
    enum jc_code code = jc_inspector_get(tx, SIM_AGENCY, jc_str(id), act->arena, &inspector, err);
    if (code)
        return code;
    inspector->team_id = team;
    return jc_inspector_put(tx, SIM_AGENCY, n, inspector, err);
}

static const char SOME_DEVICE[] = "SELECT device_id FROM device WHERE agency_id = 1 AND inspector_id = $1\n"
                                  "AND revoked_ms IS NULL ORDER BY device_id DESC LIMIT 1";

static enum jc_code device_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct act *act = ctx;
    struct jc_act by = {JC_STR("admin"), &act->clock};
    struct jc_rows *rows = NULL;
    struct jc_uuid id = {{0}};
    bool has_row = false;
    enum jc_code code =
        jc_tx_query(tx, SOME_DEVICE, JC_VALUES(jc_text(jc_str(act->terminal->inspector_id))), &rows, err);
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    if (!code && has_row)
        memcpy(id.bytes, jc_rows_bytes(rows, 0).ptr, sizeof id.bytes);
    jc_rows_close(rows);
    if (code)
        return code;
    if (!has_row)
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_INTERNAL);
    memcpy(act->device_id, id.bytes, sizeof act->device_id);
    if (act->what[0] == 'w')
        return jc_device_rebuild(tx, SIM_AGENCY, id, by, err);
    return jc_device_revoke(tx, SIM_AGENCY, id, JC_STR("lost"), by, err);
}

static void revoke(struct act *act) {
    if (!act->terminal->enrolled || run(act, device_job, "revokes a terminal") != JC_OK)
        return;
    sim_judge_revoked(&act->story->judge, act->device_id); /* the terminal will hear of it */
}

static enum jc_code rotate_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    uint8_t key_id[JC_KEY_ID_SIZE];
    return jc_server_key_rotate(tx, ((struct act *)ctx)->story->world.now_ms, key_id, err);
}

static void change_people(struct act *act) {
    int64_t choice = sim_below(&act->story->world.people, 4);
    if (choice == 0)
        revoke(act);
    else if (choice == 1)
        (void)run(act, rotate_job, "rotates the key");
    else
        (void)run(act, move_job, "moves an inspector");
}

void sim_planner_acts(struct sim_story *story) {
    struct sim_random *random = &story->world.people;
    struct act act = {.story = story, .clock = {now, story}, .arena = jc_arena_new(16 << 20)};
    int64_t choice = sim_below(random, 100);
    act.number = (int)sim_below(random, 1 << 20);
    act.terminal = &story->terminals[sim_below(random, story->terminal_count)];
    act.what = choice < 45 ? "recall" : choice < 60 ? "assign" : "open";
    if (story->world.faults & SIM_SCOPES && sim_chance(random, 300))
        change_people(&act);
    else if (choice < 25)
        (void)run(&act, release_job, "releases");
    else if (choice < 75)
        (void)run(&act, task_job, act.what);
    else if (choice < 90)
        (void)run(&act, review_job, "decides a review");
    else
        (void)run(&act, device_job, act.what = "wants a rebuild");
    jc_arena_free(act.arena);
}
