/* A handheld: the terminal library against the real server without sockets. The terminal's transport runs the
 * procedures on the database of the bureau (jc_field_bureau.h); answers can be lost. */
#ifndef JC_HANDHELD_H
#define JC_HANDHELD_H

#include "jc_field_test.h"

#include "auth/device.h"
#include "http/connect.h"
#include "jiancha/terminal.h"
#include "rpc/procedure.h"
#include "terminal/store.h"

struct handheld {
    struct field *f;
    struct jc_terminal *terminal;
    struct jc_transport transport;
    int lose; /* the answer to the n-th call from now is lost; 0: none */
    int drop; /* so many calls do not reach the server */
};

/* --- the server behind the transport ------------------------------------------------------------------------ */

static inline enum jc_code run_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_rpc_run(tx, ctx, err);
}

static inline enum jc_code serve(void *ctx, const struct jc_transport_call *request, int *status, struct jc_buf *body,
                                 struct jc_err *err) {
    struct handheld *h = ctx;
    jc_alloc_fail_at(0); /* the server's memory is its own */
    struct jc_err failure = {0};
    ProtobufCMessage *message = NULL;
    struct jc_str answer = {0};
    struct jc_call call = {.procedure = jc_procedure_find(jc_str(request->procedure)),
                           .arena = h->f->arena,
                           .now_ms = h->f->now_ms,
                           .token = request->token};
    CHECK(request->procedure, call.procedure != NULL);
    if (h->drop && h->drop--)
        return jc_fail(err, JC_UNAVAILABLE, JC_MSG_TERM_CUT, JC_STR("test"));
    CHECK_OK("request",
             jc_message_unpack(jc_procedure_request(call.procedure), request->request, h->f->arena, &message, &failure),
             &failure);
    call.request = message;
    enum jc_code code = call.procedure->kind == JC_PROCEDURE_READ
                            ? jc_db_read(h->f->db, run_job, &call, &failure)
                            : jc_db_write_wait(h->f->db, 1, run_job, &call, &failure);
    *status = code ? jc_connect_status(code) : 200;
    if (code)
        answer = jc_connect_error(&failure, JC_ZH, 0, h->f->arena);
    else
        CHECK_OK("answer", jc_message_pack(call.response, h->f->arena, &answer, &failure), &failure);
    if (h->lose && --h->lose == 0)
        return jc_fail(err, JC_UNAVAILABLE, JC_MSG_TERM_CUT, JC_STR("test"));
    jc_buf_add(body, answer);
    return JC_OK;
}

struct invite {
    const char *inspector_id;
    struct jc_clock clock;
    struct jc_arena *arena;
    char code[JC_ONE_TIME_TEXT];
};

static inline enum jc_code invite_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct invite *invite = ctx;
    struct jc_act act = {JC_STR("test"), &invite->clock};
    int64_t expires_ms = 0;
    return jc_device_invite(tx, 1, jc_str(invite->inspector_id), 0, act, invite->arena, invite->code, &expires_ms, err);
}

/* --- a handheld ------------------------------------------------------------------------------------------------- */

static inline int64_t field_now(void *ctx) {
    return ((struct field *)ctx)->now_ms;
}

/* Enrolled; its store is a new file at `path`. */
static inline void handheld_open_at(struct handheld *h, struct field *f, const char *inspector_id, const char *path) {
    struct jc_err err = {0};
    struct jc_clock clock = {field_now, f};
    struct invite invite = {.inspector_id = inspector_id, .clock = clock, .arena = f->arena};
    struct jc_terminal_config config = {.path = path, .create = true, .wall = clock, .steady = clock};
    struct jc_terminal_holder holder;
    *h = (struct handheld){.f = f, .transport = {.call = serve, .ctx = h}};
    jc_test_write(f->db, invite_job, &invite);
    CHECK_OK("open", jc_terminal_open(&config, &h->terminal, &err), &err);
    struct jc_terminal_invitation invitation = {
        .server = JC_STR("http://test"), .code = jc_str(invite.code), .device_name = JC_STR("手持机")};
    CHECK_OK("enrol", jc_terminal_enroll(h->terminal, &h->transport, &invitation, f->arena, &holder, &err), &err);
    CHECK_STR("holder", holder.inspector_id, inspector_id);
}

static inline void handheld_open(struct handheld *h, struct field *f, const char *inspector_id) {
    handheld_open_at(h, f, inspector_id, ":memory:");
}

static inline struct jc_terminal_sync_result handheld_sync(struct handheld *h) {
    struct jc_terminal_sync_result result;
    struct jc_terminal_sync_options options = {.repeat = true};
    struct jc_err err = {0};
    CHECK_OK("sync", jc_terminal_sync(h->terminal, &h->transport, &options, h->f->arena, &result, &err), &err);
    CHECK("shown", result.shown);
    CHECK_INT("nothing waits", result.unsent, 0);
    return result;
}

/* The open task of a kind at a unit; fails the test if the terminal shows none. */
static inline Jc__Task *open_task(struct handheld *h, Jc__TaskKind kind, const char *unit_id) {
    struct jc_terminal_task *tasks = NULL;
    size_t count = 0;
    struct jc_err err = {0};
    CHECK_OK("tasks", jc_terminal_tasks(h->terminal, h->f->arena, &tasks, &count, &err), &err);
    for (size_t i = 0; i < count; i++) {
        Jc__Task *task = tasks[i].task;
        if (task && task->kind == kind && task->state == JC__TASK_STATE__TASK_STATE_OPEN &&
            strcmp(task->unit_id, unit_id) == 0)
            return task;
    }
    fail_msg("no open task of kind %d at %s", (int)kind, unit_id);
    return NULL;
}

#endif
