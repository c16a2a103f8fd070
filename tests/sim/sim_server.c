/* A request is an arena and a jc_call. Its job goes to the writer of the database, which runs inline when the
 * planned pump comes. */
#include "sim/sim_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "http/connect.h"
#include "sim/sim_bug.h"
#include "sim/sim_bureau.h"
#include "store/server_key.h"
#include "store/store.h"
#include "sync/seal.h"
#include "sync/sealer.h"

enum { CALL_MEMORY = 64 << 20, PUMP_MS = 6, FULL_MS = 600000 };

static const char PATH[] = "server";

struct sim_call {
    struct sim_server *server;
    struct sim_call *next, *next_ready;
    struct jc_arena *arena;
    struct jc_call call;
    struct jc_err err;
    bool joined; /* its receipt is one of the batch's */
    bool answered;
    sim_answered *tell;
    void *ctx;
};

static int64_t server_now(void *ctx) {
    return ((struct sim_server *)ctx)->world->now_ms;
}

static struct jc_clock clock_of(struct sim_server *server) {
    return (struct jc_clock){server_now, server};
}

/* --- life ------------------------------------------------------------------------------------------------------- */

static void batch_end(void *ctx);

static enum jc_code ensure_key(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_server_key_ensure(tx, ((struct sim_server *)ctx)->world->now_ms, err);
}

static enum jc_code open_database(struct sim_server *server, bool create, struct jc_err *err) {
    struct jc_db_config config = {.path = PATH,
                                  .create = create,
                                  .readers = 1,
                                  .vfs = server->disk.name,
                                  .inline_writer = true,
                                  .batch_end = batch_end,
                                  .batch_ctx = server};
    struct jc_clock clock = clock_of(server);
    enum jc_code code = jc_db_open(&config, &server->db, err);
    if (code == JC_OK)
        code = create ? jc_store_create(server->db, &clock, err) : jc_store_open(server->db, err);
    if (code == JC_OK)
        code = jc_db_write_wait(server->db, SIM_AGENCY, ensure_key, server, err);
    return code;
}

static void drop_calls(struct sim_server *server) {
    while (server->calls) {
        struct sim_call *call = server->calls;
        server->calls = call->next;
        if (call->joined)
            jc_receipt_batch_release(server->receipts);
        jc_arena_free(call->arena);
        free(call);
    }
    jc_receipt_batch_release(server->receipts);
    server->receipts = NULL;
    server->ready = NULL;
}

/* Whatever waits is not committed any more if the disk is dead, and answered to nobody. */
static void close_database(struct sim_server *server) {
    sim_blobs_close(server);
    jc_db_close(server->db);
    server->db = NULL;
    drop_calls(server);
    jc_sealer_free(server->sealer);
    server->sealer = NULL;
}

static void start(void *ctx) {
    struct sim_server *server = ctx;
    struct jc_err err = {0};
    if (server->db)
        return;
    enum jc_code code = open_database(server, false, &err);
    if (code == JC_OK)
        code = sim_blobs_open(server, &err);
    if (server->disk.dead || code == JC_UNAVAILABLE) { /* died in the start, or its disk is full */
        close_database(server);
        bool died = server->disk.dead;
        if (died)
            sim_disk_settle(&server->disk, true);
        sim_after(server->world, died ? 1000 : FULL_MS, start, server);
        return;
    }
    if (code != JC_OK) {
        sim_fail(server->world, "I1", "the server does not start: %s: %s", jc_code_name(code), err.detail);
        return;
    }
    server->sealer = jc_sealer_new(JC_SEAL_WAIT_MS);
    server->lives++;
    sim_tell(server->world, "server started, life %d", server->lives);
    if (server->started)
        server->started(server->started_ctx);
}

/* True if it has just died; it will start again. */
static bool died(struct sim_server *server) {
    if (!server->disk.dead)
        return false;
    sim_tell(server->world, "server died at write %lld", (long long)server->disk.writes);
    close_database(server);
    sim_disk_settle(&server->disk, true);
    sim_after(server->world, 100 + sim_below(&server->world->crashes, 60000), start, server);
    return true;
}

bool sim_server_survived(struct sim_server *server) {
    return !died(server);
}

void sim_server_crash(struct sim_server *server, bool power, int64_t down_ms) {
    if (!server->db)
        return;
    sim_tell(server->world, "server %s", power ? "loses power" : "is killed");
    server->disk.dead = true;
    close_database(server);
    sim_disk_settle(&server->disk, power);
    sim_after(server->world, down_ms, start, server);
}

void sim_server_restart(struct sim_server *server) {
    if (!server->db)
        return;
    sim_tell(server->world, "server restarts");
    close_database(server);
    if (server->disk.dead)
        sim_disk_settle(&server->disk, true);
    start(server);
}

void sim_server_init(struct sim_server *server, struct sim_world *world) {
    struct jc_err err = {0};
    *server = (struct sim_server){.world = world};
    sim_disk_init(&server->disk, world, "sim-server");
    sim_disk_init(&server->backup, world, "sim-backup");
    enum jc_code code = open_database(server, true, &err);
    if (code == JC_OK)
        code = jc_db_write_wait(server->db, SIM_AGENCY, sim_bureau_fill, server, &err);
    if (code == JC_OK)
        code = sim_blobs_open(server, &err);
    server->sealer = jc_sealer_new(JC_SEAL_WAIT_MS);
    if (code != JC_OK)
        sim_fail(world, "I0", "no bureau: %s: %s", jc_code_name(code), err.detail);
    server->disk.lies = world->bug == SIM_BUG_NO_SYNC;
}

void sim_server_free(struct sim_server *server) {
    if (server->db)
        close_database(server);
    sim_blobs_free(server);
    sim_disk_free(&server->disk);
    sim_disk_free(&server->backup);
}

/* --- a call -------------------------------------------------------------------------------------------------------- */

static void forget(struct sim_call *call) {
    struct sim_call **link = &call->server->calls;
    while (*link != call)
        link = &(*link)->next;
    *link = call->next;
    jc_arena_free(call->arena);
    free(call);
}

static void answer(struct sim_call *call) {
    struct jc_str body = {"", 0};
    enum jc_code code = call->err.code;
    if (code == JC_OK)
        code = jc_message_pack(call->call.response, call->arena, &body, &call->err);
    if (code != JC_OK)
        body = jc_connect_error(&call->err, JC_ZH, 0, call->arena);
    if (!call->answered)
        call->tell(call->ctx, code == JC_OK ? 200 : jc_connect_status(code), body);
    call->answered = true;
}

static enum jc_code run_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct sim_call *call = ctx;
    enum jc_code code = sim_bug_before(call->server, tx, &call->call, err);
    if (code == JC_OK)
        code = jc_rpc_run(tx, &call->call, err);
    if (code == JC_OK)
        code = sim_bug_after(call->server, tx, &call->call, err);
    if (code == JC_OK && call->server->world->bug == SIM_BUG_ANSWER_FIRST && !call->call.more && !call->call.receipt)
        answer(call);
    return code;
}

static enum jc_code after_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_rpc_after(tx, &((struct sim_call *)ctx)->call, err);
}

/* On the writer: durable, or failed. */
static void written(void *ctx, enum jc_code code, const struct jc_err *err) {
    struct sim_call *call = ctx, **link = &call->server->ready;
    struct sim_server *server = call->server;
    if (code != JC_OK)
        jc_err_copy(&call->err, err);
    if (code == JC_OK && call->call.receipt) {
        if (!server->receipts)
            server->receipts = jc_receipt_batch_new();
        call->joined = jc_receipt_batch_join(server->receipts, call->call.receipt);
    }
    while (*link)
        link = &(*link)->next_ready;
    *link = call;
}

static void leave(struct sim_call *call) {
    struct sim_server *server = call->server;
    if (call->err.code == JC_OK && call->call.more)
        (void)jc_db_read(server->db, after_job, call, &call->err);
    if (call->err.code == JC_OK && call->call.receipt)
        (void)(call->joined ? jc_receipt_batch_complete(server->receipts, call->call.receipt, call->arena, &call->err)
                            : jc_receipt_complete(call->call.receipt, call->arena, &call->err));
    if (call->err.code == JC_OK)
        sim_bug_answer(server, &call->call);
    if (!server->disk.dead)
        answer(call);
    if (call->joined)
        jc_receipt_batch_release(server->receipts);
    call->joined = false;
    forget(call);
}

static void batch_end(void *ctx) {
    struct sim_server *server = ctx;
    struct sim_call *call = server->ready;
    if (server->disk.dead)
        return;
    server->ready = NULL;
    for (struct sim_call *next; call; call = next) {
        next = call->next_ready;
        leave(call);
    }
    jc_receipt_batch_release(server->receipts);
    server->receipts = NULL;
}

static void pump(void *ctx) {
    struct sim_server *server = ctx;
    server->pumping_planned = false;
    if (!server->db)
        return;
    size_t jobs = jc_db_pump(server->db);
    if (jobs > 0)
        sim_tell(server->world, "server commits %zu", jobs);
    died(server);
}

static void start_call(struct sim_server *server, struct sim_call *call, struct jc_str request) {
    ProtobufCMessage *message = NULL;
    enum jc_code code =
        jc_message_unpack(jc_procedure_request(call->call.procedure), request, call->arena, &message, &call->err);
    call->call.request = message;
    if (code == JC_OK && call->call.procedure->kind == JC_PROCEDURE_READ) {
        (void)jc_db_read(server->db, run_job, call, &call->err);
    } else if (code == JC_OK && (code = jc_rpc_prepare(&call->call, &call->err)) == JC_OK &&
               (code = jc_db_write(server->db, 0, run_job, call, written, &call->err)) == JC_OK) {
        if (!server->pumping_planned)
            sim_after(server->world, sim_below(&server->world->network, PUMP_MS), pump, server);
        server->pumping_planned = true;
        return;
    }
    answer(call);
    forget(call);
}

void sim_server_call(struct sim_server *server, const char *procedure, struct jc_str token, struct jc_str request,
                     sim_answered *answered, void *ctx) {
    if (!server->db)
        return;
    struct sim_call *call = sim_alloc(NULL, sizeof *call), **link = &server->calls;
    *call = (struct sim_call){.server = server, .arena = jc_arena_new(CALL_MEMORY), .tell = answered, .ctx = ctx};
    call->call = (struct jc_call){.procedure = jc_procedure_find(jc_str(procedure)),
                                  .arena = call->arena,
                                  .now_ms = server->world->now_ms,
                                  .token = jc_arena_copy(call->arena, token),
                                  .sealer = server->sealer,
                                  .signs = server->world->bug != SIM_BUG_ANSWER_FIRST,
                                  .splits = server->world->bug != SIM_BUG_ANSWER_FIRST};
    while (*link)
        link = &(*link)->next;
    *link = call;
    start_call(server, call, jc_arena_copy(call->arena, request));
}

enum jc_code sim_server_write(struct sim_server *server, jc_job *job, void *ctx, struct jc_err *err) {
    if (!server->db)
        return jc_fail(err, JC_UNAVAILABLE, JC_MSG_SERVER_BUSY);
    enum jc_code code = jc_db_write_wait(server->db, SIM_AGENCY, job, ctx, err);
    return died(server) ? jc_fail(err, JC_UNAVAILABLE, JC_MSG_SERVER_BUSY) : code;
}

enum jc_code sim_server_read(struct sim_server *server, jc_job *job, void *ctx, struct jc_err *err) {
    if (!server->db)
        return jc_fail(err, JC_UNAVAILABLE, JC_MSG_SERVER_BUSY);
    return jc_db_read(server->db, job, ctx, err);
}

/* --- backups ------------------------------------------------------------------------------------------------------- */

void sim_server_backup(struct sim_server *server) {
    if (!server->db)
        return;
    sim_tell(server->world, "backup");
    close_database(server);
    if (server->disk.dead)
        sim_disk_settle(&server->disk, true);
    sim_disk_copy(&server->backup, &server->disk);
    server->has_backup = true;
    start(server);
}

static enum jc_code reincarnate(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_store_reincarnate(tx, ((struct sim_server *)ctx)->world->now_ms, JC_STR("sim"), JC_STR("backup"), err);
}

void sim_server_restore(struct sim_server *server) {
    struct jc_err err = {0};
    if (!server->db || !server->has_backup)
        return;
    sim_tell(server->world, "backup taken back");
    close_database(server);
    sim_disk_copy(&server->disk, &server->backup);
    server->disk.dead = false;
    server->disk.dies_in = server->disk.fails_in = server->disk.room_bytes = 0;
    server->restores++;
    start(server);
    if (server->db && jc_db_write_wait(server->db, SIM_AGENCY, reincarnate, server, &err) != JC_OK)
        sim_fail(server->world, "I0", "no new life after the restore: %s", err.detail);
}
