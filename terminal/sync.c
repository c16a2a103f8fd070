/* Sync from the terminal's side: rounds (terminal/round.h) until nothing waits and the listing is shown whole.
 *
 * When the server restarts its listing (perhaps a restored backup), operations of the last 30 days are offered
 * once more; their ids make that harmless. Operations carried for colleagues (terminal/carried.h) go first: the
 * server then has them when it judges what was done since. If they do not get through, the own work goes on.
 *
 * What must never happen: success told without a receipt. */
#include "terminal/answer.h"
#include "terminal/carried.h"
#include "terminal/round.h"

enum { ROUNDS_MAX = 100000 };

static enum jc_code play(struct jc_terminal_run *run, struct jc_err *err) {
    bool done = false;
    for (int i = 0; i < ROUNDS_MAX; i++) {
        enum jc_code code = jc_terminal_round(run, &done, err);
        jc_sign_forget(run->self.secret_key, sizeof run->self.secret_key);
        if (code)
            return code;
        if (done)
            return JC_OK;
    }
    return jc_terminal_incomplete(err, "the listing has no end");
}

/* The rounds, and once more behind a rebuild that a planner asked for. What is unsent has been sent before; work,
 * drafts and numbers stay in any case. */
static enum jc_code play_all(struct jc_terminal_run *run, struct jc_err *err) {
    enum jc_code code = play(run, err);
    if (code || !run->out->rebuild)
        return code;
    code = jc_terminal_rebuild(run->terminal, err);
    run->out->shown = false;
    return code ? code : play(run, err);
}

static enum jc_code read_comparison(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_terminal_run *run = ctx;
    return jc_terminal_comparison(tx, jc_clock_now_ms(&run->terminal->wall), &run->comparison, err);
}

/* Once a day the listing that is shown is compared with the server's. If it is another it is fetched anew, once; if that
 * does not help, the state says so and nothing is fetched again until somebody asks for it. A comparison that cannot be
 * made (the net is gone again, the listing has moved on) is the next sync's: everything is sent and shown by now. */
static enum jc_code compare(struct jc_terminal_run *run, struct jc_err *err) {
    struct jc_terminal_checked checked;
    struct jc_err ignored;
    if (!run->out->shown || jc_terminal_read(run->terminal, read_comparison, run, &ignored) != JC_OK ||
        !run->comparison.due)
        return JC_OK;
    jc_arena_reset(run->round);
    if (jc_terminal_check(run->terminal, run->transport, run->round, &checked, &ignored) != JC_OK)
        return JC_OK;
    run->out->compared = true;
    run->out->differs = !checked.matched && run->comparison.rebuilt;
    if (checked.matched || run->comparison.rebuilt)
        return JC_OK;
    enum jc_code code = jc_terminal_rebuild(run->terminal, err);
    run->out->shown = false;
    if (code == JC_OK)
        code = play(run, err);
    run->out->cured = code == JC_OK;
    return code ? code : compare(run, err); /* now it has been rebuilt */
}

static enum jc_code count_unsent(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_terminal_operation_count_unsent(tx, ctx, err);
}

static enum jc_code read_pace(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_terminal_run *run = ctx;
    enum jc_code code = jc_terminal_self_enrolled(tx, run->round, &run->self, err);
    jc_sign_forget(run->self.secret_key, sizeof run->self.secret_key);
    run->pace = jc_terminal_pace_sane(run->self.pace);
    return code;
}

/* The rounds bring the key that signed the receipt of a carried file; and once more, if it was rotated since. */
static enum jc_code carry_again(struct jc_terminal_run *run, enum jc_code *carried, struct jc_err *failure,
                                struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (int turn = 0; turn < 2 && code == JC_OK && *carried == JC_DATA_LOSS; turn++) {
        int64_t done = 0;
        if (turn > 0) {
            run->out->shown = false;
            code = play_all(run, err);
        }
        if (code == JC_OK)
            *carried = jc_terminal_carried_send(run->terminal, run->transport, &done, failure);
        run->out->carried += done;
    }
    return code;
}

enum jc_code jc_terminal_sync(struct jc_terminal *terminal, const struct jc_transport *transport,
                              const struct jc_terminal_sync_options *options, struct jc_arena *arena,
                              struct jc_terminal_sync_result *out, struct jc_err *err) {
    struct jc_terminal_run run = {.terminal = terminal,
                                  .transport = transport,
                                  .options = options ? *options : (struct jc_terminal_sync_options){0},
                                  .results = arena,
                                  .lasting = jc_arena_new(JC_TERMINAL_ARENA_MAX),
                                  .round = jc_arena_new(JC_TERMINAL_ARENA_MAX),
                                  .out = out};
    *out = (struct jc_terminal_sync_result){0};
    run.skip.arena = run.lasting;
    struct jc_err failure = {0};
    enum jc_code code =
        run.lasting && run.round ? jc_terminal_read(terminal, read_pace, &run, err) : jc_fail_memory(err);
    enum jc_code carried = code ? code : jc_terminal_carried_send(terminal, transport, &out->carried, &failure);
    if (code == JC_OK)
        code = play_all(&run, err);
    if (code == JC_OK)
        code = compare(&run, err);
    if (code == JC_OK && carried == JC_DATA_LOSS)
        code = carry_again(&run, &carried, &failure, err);
    struct jc_err ignored;
    if (code == JC_OK)
        code = jc_terminal_read(terminal, count_unsent, &out->unsent, err);
    else
        jc_terminal_read(terminal, count_unsent, &out->unsent, &ignored);
    jc_arena_free(run.lasting);
    jc_arena_free(run.round);
    if (code == JC_OK && out->set_aside > 0) {
        char number[JC_NUMBER_TEXT];
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_SET_ASIDE, jc_str_from_int64(out->set_aside, number));
    }
    if (code == JC_OK && carried)
        jc_err_copy(err, &failure);
    return code ? code : carried;
}

enum jc_code jc_terminal_tell(struct jc_terminal *terminal, const struct jc_transport *transport, struct jc_err *err) {
    struct jc_terminal_sync_result ignored = {0};
    struct jc_terminal_run run = {.terminal = terminal,
                                  .transport = transport,
                                  .lasting = jc_arena_new(JC_TERMINAL_ARENA_MAX),
                                  .round = jc_arena_new(JC_TERMINAL_ARENA_MAX),
                                  .tells_alone = true,
                                  .out = &ignored};
    bool done = false;
    run.results = run.skip.arena = run.lasting;
    enum jc_code code =
        run.lasting && run.round ? jc_terminal_read(terminal, read_pace, &run, err) : jc_fail_memory(err);
    if (code == JC_OK)
        code = jc_terminal_round(&run, &done, err);
    jc_sign_forget(run.self.secret_key, sizeof run.self.secret_key);
    jc_arena_free(run.lasting);
    jc_arena_free(run.round);
    return code;
}
