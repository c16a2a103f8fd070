/* Frames from a solver's process that went wrong: whatever it sends, in whatever pieces, reading it ends
 * in plans that keep every hard rule, or in an error. The problem is the small year of the tests. */
#include "../jc_plan_year.h"
#include "base/id.h"

#include "fuzz.h"
#include "plan/frames.h"
#include "plan/solution.h"
#include "plan/solve.h"
#include "store/store.h"

enum { FRAME_MAX = 1 << 16, ARENA_MAX = 1 << 24 };

static struct jc_plan_problem pp;

static int64_t no_time(void *ctx) {
    (void)ctx;
    return 0;
}

static enum jc_code build(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct jc_problem_options options = {0};
    return jc_plan_problem_build(tx, 1, NULL, &options, ctx, &pp, err);
}

/* Once: the case into a database, the database into a problem. */
static void make_problem(void) {
    static const struct jc_clock clock = {no_time, NULL};
    const struct jc_db_config config = {.path = ":memory:", .create = true};
    struct jc_arena *arena = jc_arena_new(1 << 28); /* for the life of the program */
    struct jc_import_result result = {0};
    struct jc_err err = {0};
    struct jc_db *db = NULL;
    const struct jc_import import = {.inputs = JC_YEAR,
                                     .input_count = sizeof(JC_YEAR) / sizeof(*JC_YEAR),
                                     .actor = JC_STR("fuzz"),
                                     .clock = &clock,
                                     .arena = arena};
    PROMISE(jc_id_init() && jc_db_open(&config, &db, &err) == JC_OK && jc_store_create(db, &clock, &err) == JC_OK);
    PROMISE(jc_import_run(db, &import, &result, &err) == JC_OK && result.outcome == JC_IMPORT_NEW);
    PROMISE(jc_db_read(db, build, arena, &err) == JC_OK);
    jc_db_close(db);
}

/* A plan the referee lets pass measures to the same again when it has become visits and come back. */
static void judge(struct jc_str body, struct jc_arena *arena) {
    ProtobufCAllocator allocator;
    struct jc_measure measure, again;
    struct jc_err err = {0};
    Jc__Plan plan = JC__PLAN__INIT;
    Jc__Solution *back = NULL;
    Jc__Solution *solution =
        jc__solution__unpack(jc_arena_protobuf(&allocator, arena), body.len, (const uint8_t *)body.ptr);
    if (!solution || jc_solution_check(pp.problem, solution, arena, &measure, &err) != JC_OK)
        return;
    PROMISE(jc_solution_to_plan(&pp, solution, arena, &plan, &err) == JC_OK);
    PROMISE(jc_solution_of_plan(&pp, &plan, arena, &back, &err) == JC_OK);
    PROMISE(jc_solution_check(pp.problem, back, arena, &again, &err) == JC_OK);
    PROMISE(jc_objective_cmp(&measure.objective, &again.objective) == 0);
}

static void read_message(uint8_t type, struct jc_str body, struct jc_arena *arena) {
    ProtobufCAllocator allocator;
    jc_arena_reset(arena);
    if (type == JC__FRAME_TYPE__FRAME_TYPE_SOLUTION)
        judge(body, arena);
    else if (type == JC__FRAME_TYPE__FRAME_TYPE_PROGRESS)
        jc__progress__unpack(jc_arena_protobuf(&allocator, arena), body.len, (const uint8_t *)body.ptr);
    else if (type == JC__FRAME_TYPE__FRAME_TYPE_REFUSED)
        jc__refusal__unpack(jc_arena_protobuf(&allocator, arena), body.len, (const uint8_t *)body.ptr);
}

/* The first byte says how many bytes come at a time; 0: all at once. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jc_frames frames;
    struct jc_err err = {0};
    struct jc_arena *arena = jc_arena_new(ARENA_MAX);
    if (!pp.problem)
        make_problem();
    PROMISE(arena != NULL);
    size_t piece = size ? data[0] : 0, at = 1;
    enum jc_code code = JC_OK;
    jc_frames_init(&frames, FRAME_MAX);
    while (!code && at < size) {
        size_t len = piece && piece < size - at ? piece : size - at;
        uint8_t type = 0;
        struct jc_str body = {0};
        code = jc_frames_add(&frames, data + at, len < 65536 ? len : 65536, &err);
        at += len < 65536 ? len : 65536;
        do {
            if (!code)
                code = jc_frames_next(&frames, &type, &body, &err);
            if (!code && type)
                read_message(type, body, arena);
        } while (!code && type);
    }
    jc_frames_free(&frames);
    jc_arena_free(arena);
    return 0;
}
