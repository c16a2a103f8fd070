/* Everything is read from the tables of both sides by queries of its own, not by the code that is judged; only the
 * listing of a scope is the server's own, and compared with what the terminal holds entity by entity. */
#include "sim/sim_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "store/audit_log.h"
#include "store/device.h"
#include "store/store.h"
#include "sync/changes.h"
#include "sync/vouched.h"
#include "terminal/store.h"

#define GROW(list, count, capacity)                                  \
    do {                                                             \
        if ((count) == (capacity)) {                                 \
            (capacity) = (capacity) ? 2 * (capacity) : 64;           \
            (list) = sim_alloc((list), (capacity) * sizeof *(list)); \
        }                                                            \
    } while (0)

void sim_judge_init(struct sim_judge *judge, struct sim_world *world, struct sim_server *server) {
    *judge = (struct sim_judge){.world = world, .server = server};
}

void sim_judge_free(struct sim_judge *judge) {
    free(judge->operations);
    free(judge->numbers);
    free(judge->points);
    free(judge->revocations);
    free(judge->promises);
}

static const char *show(const struct jc_uuid *id) {
    static char text[JC_UUID_TEXT];
    jc_uuid_format(*id, text);
    return text;
}

const char *sim_words(const struct jc_err *err) {
    static char words[512];
    struct jc_buf text;
    if (err->code == JC_OK)
        return "";
    jc_buf_init(&text, 4096);
    jc_err_render(&text, JC_EN, err);
    snprintf(words, sizeof words, "%.*s (%s)", JC_FMT(jc_buf_str(&text)), err->detail);
    jc_buf_free(&text);
    return words;
}

/* --- what was told ------------------------------------------------------------------------------------------------- */

static struct sim_operation *find(struct sim_judge *judge, const uint8_t *id) {
    for (size_t i = judge->operation_count; i > 0; i--) {
        if (memcmp(judge->operations[i - 1].id.bytes, id, JC_UUID_SIZE) == 0)
            return &judge->operations[i - 1];
    }
    return NULL;
}

static struct sim_operation *add(struct sim_judge *judge, const uint8_t *id, int terminal) {
    GROW(judge->operations, judge->operation_count, judge->operation_capacity);
    struct sim_operation *operation = &judge->operations[judge->operation_count++];
    *operation = (struct sim_operation){.terminal = terminal};
    memcpy(operation->id.bytes, id, JC_UUID_SIZE);
    return operation;
}

static void note_number(struct sim_judge *judge, const struct sim_terminal *terminal,
                        const Jc__DocumentNumber *document) {
    struct sim_number number = {(int)document->kind, document->year, document->number};
    if (!number.number)
        return;
    for (size_t i = 0; i < judge->number_count; i++) {
        const struct sim_number *given = &judge->numbers[i];
        if (given->kind == number.kind && given->year == number.year && given->number == number.number)
            sim_fail(judge->world, "I7", "T%d gives number %d-%d-%d a second time", terminal->index, number.kind,
                     number.year, number.number);
    }
    GROW(judge->numbers, judge->number_count, judge->number_capacity);
    judge->numbers[judge->number_count++] = number;
}

void sim_judge_made(struct sim_judge *judge, const struct sim_terminal *terminal, const struct jc_terminal_work *work) {
    struct sim_operation *operation = find(judge, work->operation_id.bytes);
    if (operation)
        return; /* a hand-over's file was written anew */
    operation = add(judge, work->operation_id.bytes, terminal->index);
    operation->certain = true;
    operation->made_ms = judge->world->now_ms;
    note_number(judge, terminal, &work->document_number);
}

void sim_judge_synced(struct sim_judge *judge, const struct sim_terminal *terminal) {
    const struct jc_terminal_sync_result *synced = &terminal->synced;
    bool lost = terminal->era != judge->server->restores;
    for (size_t i = 0; lost && i < judge->operation_count; i++)
        judge->operations[i].restored |= judge->operations[i].terminal == terminal->index;
    if (lost || synced->rounds == 0 || synced->chain_length == 0)
        return;
    GROW(judge->points, judge->point_count, judge->point_capacity);
    struct jc_chain_point *point = &judge->points[judge->point_count++];
    point->row_no = synced->chain_length;
    memcpy(point->chain_hash, synced->chain_head, sizeof point->chain_hash);
}

void sim_judge_revoked(struct sim_judge *judge, const uint8_t device_id[JC_UUID_SIZE]) {
    GROW(judge->revocations, judge->revocation_count, judge->revocation_capacity);
    struct sim_revocation *revocation = &judge->revocations[judge->revocation_count++];
    memcpy(revocation->device_id, device_id, sizeof revocation->device_id);
    revocation->at_ms = judge->world->now_ms;
}

void sim_judge_restored(struct sim_judge *judge) {
    judge->point_count = judge->revocation_count = 0;
    for (size_t i = 0; i < judge->operation_count; i++)
        judge->operations[i].restored = true;
    for (size_t i = 0; i < judge->promise_count; i++)
        judge->promises[i].restored = true;
}

/* --- a terminal ------------------------------------------------------------------------------------------------------ */

struct store_check {
    struct sim_judge *judge;
    const struct sim_terminal *terminal;
    size_t found; /* of what the library said is stored */
};

static const char STORED[] =
    "SELECT operation_id, body_sha256, unsent, proven, status FROM operation ORDER BY position";

static void check_stored(struct store_check *check, struct jc_rows *rows) {
    struct jc_str id = jc_rows_bytes(rows, 0), hash = jc_rows_bytes(rows, 1);
    bool settled = jc_rows_int64(rows, 2) == 0, proven = jc_rows_int64(rows, 3) != 0;
    int64_t status = jc_rows_int64(rows, 4);
    struct sim_operation *operation = find(check->judge, (const uint8_t *)id.ptr);
    if (!operation) /* the library could not say so any more, it died */
        operation = add(check->judge, (const uint8_t *)id.ptr, check->terminal->index);
    check->found += operation->certain && operation->terminal == check->terminal->index;
    memcpy(operation->body_sha256, hash.ptr, sizeof operation->body_sha256);
    if (!settled) {
        operation->restored = operation->acknowledged = false;
        return;
    }
    if (operation->acknowledged && !operation->restored && operation->status != status)
        sim_fail(check->judge->world, "I11", "operation %s of T%d was told %lld, now %lld", show(&operation->id),
                 check->terminal->index, (long long)operation->status, (long long)status);
    operation->acknowledged = proven;
    operation->status = status;
}

static enum jc_code store_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, STORED, JC_NO_VALUES, &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row)
        check_stored(ctx, rows);
    jc_rows_close(rows);
    return code;
}

void sim_check_terminal(struct sim_judge *judge, struct sim_terminal *terminal) {
    struct store_check check = {judge, terminal, 0};
    struct jc_err err = {0};
    size_t certain = 0;
    enum jc_code code = jc_terminal_read(terminal->store, store_job, &check, &err);
    if (code != JC_OK)
        sim_fail(judge->world, "I8", "the store of T%d cannot be read: %s", terminal->index, sim_words(&err));
    for (size_t i = 0; i < judge->operation_count; i++)
        certain += judge->operations[i].certain && judge->operations[i].terminal == terminal->index;
    if (code == JC_OK && check.found != certain)
        sim_fail(judge->world, "I8", "T%d holds %zu of %zu operations it said it had stored", terminal->index,
                 check.found, certain);
    (void)sim_check_uploads(judge, terminal);
}

/* --- what was acknowledged -------------------------------------------------------------------------------------------- */

enum { ESTIMATE_MS = 120000 }; /* a request may lie so long on the way */

static void check_estimate(struct sim_judge *judge, const struct sim_operation *operation, int64_t estimated_ms) {
    int64_t off_ms = estimated_ms - operation->made_ms;
    if (off_ms < -ESTIMATE_MS || off_ms > ESTIMATE_MS)
        sim_fail(judge->world, "I9", "operation %s of T%d was made %lld s before or after what the server reckons",
                 show(&operation->id), operation->terminal, (long long)off_ms / 1000);
}

static const char FIND[] = "SELECT body_sha256, status, estimated_ms FROM operation WHERE agency_id = 1 AND id = $1";

static enum jc_code find_one(struct jc_tx *tx, struct sim_judge *judge, struct sim_operation *operation,
                             struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, FIND, JC_VALUES(jc_bytes(operation->id.bytes, JC_UUID_SIZE)), &rows, err);
    if (code == JC_OK)
        code = jc_rows_next(rows, &has_row, err);
    if (code == JC_OK && !has_row && !operation->restored)
        sim_fail(judge->world, "I1", "operation %s of T%d has a receipt and is not in the database",
                 show(&operation->id), operation->terminal);
    if (code == JC_OK && has_row) {
        operation->restored = operation->restored && jc_rows_int64(rows, 1) != operation->status;
        if (memcmp(jc_rows_bytes(rows, 0).ptr, operation->body_sha256, JC_SHA256_SIZE) != 0)
            sim_fail(judge->world, "I1", "operation %s is stored with other bytes", show(&operation->id));
        if (!operation->restored && jc_rows_int64(rows, 1) != operation->status)
            sim_fail(judge->world, "I11", "operation %s is stored with result %lld, T%d was told %lld",
                     show(&operation->id), (long long)jc_rows_int64(rows, 1), operation->terminal,
                     (long long)operation->status);
    }
    if (code == JC_OK && has_row && operation->certain && !jc_rows_is_null(rows, 2))
        check_estimate(judge, operation, jc_rows_int64(rows, 2));
    jc_rows_close(rows);
    return code;
}

static enum jc_code acknowledged_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct sim_judge *judge = ctx;
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < judge->operation_count; i++) {
        if (judge->operations[i].acknowledged)
            code = find_one(tx, judge, &judge->operations[i], err);
    }
    return code;
}

void sim_check_server(struct sim_judge *judge) {
    struct jc_err err = {0};
    if (judge->server->db && sim_server_read(judge->server, acknowledged_job, judge, &err) != JC_OK)
        sim_fail(judge->world, "I1", "the database cannot be read: %s", sim_words(&err));
    sim_check_photos(judge);
}

/* --- the database ----------------------------------------------------------------------------------------------------- */

/* Each counts what must not be. 2: JC__OPERATION_STATUS rejected, 1: applied. */
static const struct {
    const char *invariant, *what, *sql;
} NEVER[] = {
    {"I2", "operations with two records", "SELECT COUNT(*) - COUNT(DISTINCT op_key) FROM inspection"},
    {"I2", "records without their operation",
     "SELECT COUNT(*) FROM inspection AS i WHERE NOT EXISTS (SELECT 1 FROM operation AS o WHERE o.op_key = i.op_key)"},
    {"I2", "orders without their operation",
     "SELECT COUNT(*) FROM rectification_order AS i\n"
     " WHERE NOT EXISTS (SELECT 1 FROM operation AS o WHERE o.op_key = i.op_key)"},
    {"I2", "tasks with two records",
     "SELECT COUNT(*) FROM (SELECT task_id FROM inspection WHERE is_record = 1 AND task_id IS NOT NULL\n"
     "                       GROUP BY task_id HAVING COUNT(*) > 1)"},
    {"I2", "tasks done without a record of any team of the visit",
     "SELECT COUNT(*) FROM task AS t WHERE t.kind = 1 AND t.state = 2\n"
     "   AND NOT EXISTS (SELECT 1 FROM inspection AS i WHERE i.task_id = t.task_id AND i.is_record = 1)"},
    {"I2", "documents that share a number",
     "SELECT COUNT(*) - COUNT(DISTINCT document_year * 1000000 + document_no) FROM inspection\n"
     " WHERE document_no IS NOT NULL AND is_record = 1"},
    {"I2", "visits done whose task is not",
     "SELECT COUNT(*) FROM visit AS v WHERE v.status = 3\n"
     "   AND NOT EXISTS (SELECT 1 FROM task AS t WHERE t.visit_id = v.visit_id AND t.state = 2)"},
    {"I2", "results of operations that nobody can have",
     "SELECT COUNT(*) FROM operation WHERE status NOT IN (1, 2, 3)"},
};

static void chain_fault(void *ctx, int64_t operation_no, const struct jc_err *fault) {
    struct sim_judge *judge = ctx;
    sim_fail(judge->world, "I5", "row %lld of the chain: %s", (long long)operation_no, sim_words(fault));
}

static void damage(void *ctx, const struct jc_err *fault) {
    struct sim_judge *judge = ctx;
    sim_fail(judge->world, "I5", "%s", sim_words(fault));
}

static const char REVOKED[] =
    "SELECT COUNT(*) FROM operation WHERE agency_id = 1 AND device_id = $1 AND received_ms > $2 AND status = 1";

static enum jc_code check_revoked(struct jc_tx *tx, struct sim_judge *judge, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < judge->revocation_count; i++) {
        const struct sim_revocation *revocation = &judge->revocations[i];
        int64_t count = 0;
        code = jc_tx_int64(tx, REVOKED,
                           JC_VALUES(jc_bytes(revocation->device_id, JC_UUID_SIZE), jc_int(revocation->at_ms)), &count,
                           err);
        if (!code && count > 0)
            sim_fail(judge->world, "I10", "%lld operations of a revoked terminal were applied", (long long)count);
    }
    return code;
}

static enum jc_code database_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct sim_judge *judge = ctx;
    int64_t count = 0, rows = 0;
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < sizeof NEVER / sizeof *NEVER; i++) {
        code = jc_tx_int64(tx, NEVER[i].sql, JC_NO_VALUES, &count, err);
        if (!code && count != 0)
            sim_fail(judge->world, NEVER[i].invariant, "%lld %s", (long long)count, NEVER[i].what);
    }
    if (!code)
        code = check_revoked(tx, judge, err);
    if (!code)
        code = jc_chain_verify(tx, SIM_AGENCY, (struct jc_chain_points){judge->points, judge->point_count}, chain_fault,
                               judge, &rows, err);
    if (!code)
        code = jc_vouched_verify(tx, SIM_AGENCY, false, chain_fault, judge, err);
    return code ? code : jc_audit_log_verify(tx, SIM_AGENCY, JC_NO_CHAIN_POINTS, chain_fault, judge, &rows, err);
}

void sim_check_database(struct sim_judge *judge) {
    struct jc_err err = {0};
    if (!judge->server->db)
        return;
    enum jc_code code = sim_server_read(judge->server, database_job, judge, &err);
    if (code == JC_OK)
        code = jc_db_check(judge->server->db, damage, judge, &err);
    if (code != JC_OK)
        sim_fail(judge->world, "I5", "the database cannot be checked: %s: %s", jc_code_name(code), sim_words(&err));
}

/* --- listings ---------------------------------------------------------------------------------------------------------- */

struct listing_check {
    struct sim_judge *judge;
    struct sim_terminal *terminal;
    struct jc_arena *arena;
    struct jc_uuid device_id;
    size_t told, same;  /* entities of the server's listing; those that the terminal holds alike */
    int64_t lasting[2]; /* units and inspectors, and tasks to be done: what never leaves with time alone, there … */
    int64_t held[2];    /* … and here */
};

static const char HELD[] = "SELECT body FROM entity WHERE kind = $1 AND id = $2";

struct entity {
    Jc__EntityKind kind;
    struct jc_str id, body;
    bool same;
};

static enum jc_code held_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct entity *entity = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code =
        jc_tx_query(tx, HELD, JC_VALUES(jc_int(entity->kind), jc_bytes(entity->id.ptr, entity->id.len)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    entity->same = !code && has_row && jc_str_eq(jc_rows_bytes(rows, 0), entity->body);
    jc_rows_close(rows);
    return code;
}

/* Kind, identifier and message of a change; false for what a terminal keeps elsewhere. */
static bool take_apart(const Jc__Change *change, struct entity *out, const ProtobufCMessage **message) {
    switch (change->entity_case) {
    case JC__CHANGE__ENTITY_TASK:
        *message = &change->task->base;
        out->kind = JC__ENTITY_KIND__ENTITY_KIND_TASK;
        out->id = jc_view(change->task->task_id);
        return true;
    case JC__CHANGE__ENTITY_UNIT:
        *message = &change->unit->base;
        out->kind = JC__ENTITY_KIND__ENTITY_KIND_UNIT;
        out->id = jc_str(change->unit->unit_id);
        return true;
    case JC__CHANGE__ENTITY_INSPECTOR:
        *message = &change->inspector->base;
        out->kind = JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR;
        out->id = jc_str(change->inspector->inspector_id);
        return true;
    case JC__CHANGE__ENTITY_ORDER:
        *message = &change->order->base;
        out->kind = JC__ENTITY_KIND__ENTITY_KIND_ORDER;
        out->id = jc_view(change->order->order_id);
        return true;
    default:
        return false;
    }
}

static bool is_to_do(const Jc__Task *task) {
    return task->state == JC__TASK_STATE__TASK_STATE_OPEN || task->state == JC__TASK_STATE__TASK_STATE_RETURNED;
}

static enum jc_code compare(void *ctx, const Jc__Change *change, struct jc_err *err) {
    struct listing_check *check = ctx;
    struct entity entity = {0};
    const ProtobufCMessage *message = NULL;
    if (!take_apart(change, &entity, &message))
        return JC_OK;
    enum jc_code code = jc_message_pack(message, check->arena, &entity.body, err);
    if (!code)
        code = jc_terminal_read(check->terminal->store, held_job, &entity, err);
    check->told++;
    check->same += entity.same;
    check->lasting[0] +=
        entity.kind == JC__ENTITY_KIND__ENTITY_KIND_UNIT || entity.kind == JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR;
    check->lasting[1] += change->entity_case == JC__CHANGE__ENTITY_TASK && is_to_do(change->task);
    if (!code && !entity.same)
        sim_tell(check->judge->world, "T%d differs in kind %d, id of %zu bytes %.8s", check->terminal->index,
                 (int)entity.kind, entity.id.len, entity.id.len < 16 ? entity.id.ptr : "");
    return code;
}

static const char ALL_HELD[] = "SELECT kind, body FROM entity WHERE kind IN (1, 2, 4)";

static enum jc_code count_held(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing_check *check = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, ALL_HELD, JC_NO_VALUES, &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        ProtobufCMessage *task = NULL;
        if (jc_rows_int64(rows, 0) != JC__ENTITY_KIND__ENTITY_KIND_TASK) {
            check->held[0]++;
            continue;
        }
        code = jc_message_unpack(&jc__task__descriptor, jc_rows_bytes(rows, 1), check->arena, &task, err);
        check->held[1] += !code && is_to_do((const Jc__Task *)task);
    }
    jc_rows_close(rows);
    return code;
}

static enum jc_code listing_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing_check *check = ctx;
    struct jc_device device = {0};
    enum jc_code code = jc_device_get(tx, SIM_AGENCY, check->device_id, check->arena, &device, err);
    const struct jc_sync_caller caller = {.agency_id = SIM_AGENCY,
                                          .device_id = check->device_id,
                                          .inspector_id = device.inspector_id,
                                          .team_id = device.team_id,
                                          .scope_version = device.scope_version};
    return code ? code : jc_listing_walk(tx, &caller, check->judge->world->now_ms, compare, check, err);
}

void sim_check_listing(struct sim_judge *judge, struct sim_terminal *terminal) {
    struct listing_check check = {.judge = judge, .terminal = terminal, .arena = jc_arena_new(64 << 20)};
    struct jc_terminal_holder holder = {0};
    struct jc_err err = {0};
    enum jc_code code = jc_terminal_holder(terminal->store, check.arena, &holder, &err);
    if (code == JC_OK) {
        check.device_id = holder.device_id;
        code = sim_server_read(judge->server, listing_job, &check, &err);
    }
    if (code == JC_OK)
        code = jc_terminal_read(terminal->store, count_held, &check, &err);
    if (code != JC_OK)
        sim_fail(judge->world, "I3", "T%d cannot be compared: %s: %s", terminal->index, jc_code_name(code),
                 sim_words(&err));
    else if (check.told == 0 || check.same != check.told)
        sim_fail(judge->world, "I3", "T%d holds %zu of the %zu entities of its listing", terminal->index, check.same,
                 check.told);
    for (int i = 0; code == JC_OK && i < 2; i++) {
        if (check.held[i] != check.lasting[i])
            sim_fail(judge->world, "I3", "T%d holds %lld %s, its listing has %lld", terminal->index,
                     (long long)check.held[i], i ? "tasks to do" : "units and inspectors", (long long)check.lasting[i]);
    }
    jc_arena_free(check.arena);
}
