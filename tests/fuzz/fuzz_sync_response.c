/* An evil server against a terminal with one unsent record: whatever it answers, the terminal neither crashes nor
 * loses or alters the record, believes in no receipt it was not given, and can list, find and print everything.
 *
 * An input is a list of answers, one per call: a byte that chooses the HTTP status, two bytes of length (little
 * endian), the body. "@@operation-id@@" in a body stands for the record's operation id. When the answers are used up
 * the net is gone. */
#include <stdio.h>
#include <string.h>

#include "base/id.h"
#include "base/message.h"
#include "fuzz.h"
#include "jiancha/terminal.h"
#include "jiancha/v1/device_service.pb-c.h"
#include "jiancha/v1/sync_service.pb-c.h"
#include "terminal/operation.h"

static const char PLACE[] = "@@operation-id@@";

struct server {
    struct jc_arena *arena;
    bool prelude; /* the honest answers before the input's */
    const uint8_t *rest;
    size_t rest_len;
    struct jc_uuid operation_id;
    size_t names; /* times an answer named the operation */
};

static int64_t now_ms(void *ctx) {
    (void)ctx;
    return 1672880400000; /* 2023-01-05T09:00+08:00 */
}

static void pack(struct jc_buf *body, const ProtobufCMessage *message, struct jc_arena *arena) {
    struct jc_str packed;
    struct jc_err err;
    PROMISE(jc_message_pack(message, arena, &packed, &err) == JC_OK);
    jc_buf_add(body, packed);
}

static void answer_enroll(struct server *server, struct jc_buf *body) {
    Jc__EnrollResponse response = JC__ENROLL_RESPONSE__INIT;
    uint8_t device[16] = {1};
    response.device_id = (ProtobufCBinaryData){16, device};
    response.token = (char *)"token";
    response.agency_id = (char *)"a";
    response.agency_name = (char *)"甲市应急管理局";
    response.team_id = (char *)"t";
    response.inspector_id = (char *)"i1";
    pack(body, &response.base, server->arena);
}

/* Two inspectors, a unit, a block of numbers. */
static void answer_sync(struct server *server, struct jc_buf *body) {
    Jc__Inspector persons[2];
    Jc__Unit unit = JC__UNIT__INIT;
    Jc__Change changes[3], *list[3];
    Jc__NumberBlock block = JC__NUMBER_BLOCK__INIT, *blocks = &block;
    Jc__Receipt receipt = JC__RECEIPT__INIT;
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Jc__SyncResponse response = JC__SYNC_RESPONSE__INIT;
    static const char *const ids[] = {"i1", "i2"};
    for (int i = 0; i < 3; i++) {
        jc__change__init(&changes[i]);
        list[i] = &changes[i];
    }
    for (int i = 0; i < 2; i++) {
        jc__inspector__init(&persons[i]);
        persons[i].inspector_id = (char *)(uintptr_t)ids[i];
        changes[i].entity_case = JC__CHANGE__ENTITY_INSPECTOR;
        changes[i].inspector = &persons[i];
    }
    unit.unit_id = (char *)"u1";
    changes[2].entity_case = JC__CHANGE__ENTITY_UNIT;
    changes[2].unit = &unit;
    block.kind = JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD;
    block.year = 2023;
    block.first = 1;
    block.last = 9;
    time.seconds = 1672880400;
    response.changes = list;
    response.n_changes = 3;
    response.cursor = (ProtobufCBinaryData){2, (uint8_t *)(uintptr_t) "c0"};
    response.receipt = &receipt;
    response.server_time = &time;
    response.number_blocks = &blocks;
    response.n_number_blocks = 1;
    pack(body, &response.base, server->arena);
}

/* The next answer of the input with the operation's id in its places; false if there is none. */
static bool answer_input(struct server *server, int *status, struct jc_buf *body) {
    static const int statuses[] = {200, 200, 200, 200, 400, 401, 413, 500};
    if (server->rest_len < 3)
        return false;
    size_t len = server->rest[1] | (size_t)server->rest[2] << 8;
    *status = statuses[server->rest[0] % 8];
    server->rest += 3;
    server->rest_len -= 3;
    len = len < server->rest_len ? len : server->rest_len;
    for (size_t i = 0; i < len; i++) {
        bool place = len - i >= 16 && memcmp(server->rest + i, PLACE, 16) == 0;
        jc_buf_append(body, place ? server->operation_id.bytes : server->rest + i, place ? 16 : 1);
        server->names += place;
        i += place ? 15 : 0;
    }
    server->rest += len;
    server->rest_len -= len;
    return true;
}

static enum jc_code serve(void *ctx, const struct jc_transport_call *call, int *status, struct jc_buf *body,
                          struct jc_err *err) {
    struct server *server = ctx;
    *status = 200;
    if (strstr(call->procedure, "Enroll"))
        answer_enroll(server, body);
    else if (server->prelude)
        answer_sync(server, body);
    else if (!answer_input(server, status, body))
        return jc_fail(err, JC_UNAVAILABLE, JC_MSG_TERM_CUT, JC_STR("net"));
    return JC_OK;
}

static struct jc_terminal_work make_record(struct jc_terminal *terminal, struct jc_arena *arena) {
    char *persons[] = {(char *)"i1", (char *)"i2"};
    Jc__Inspection inspection = JC__INSPECTION__INIT;
    Google__Protobuf__Timestamp start = GOOGLE__PROTOBUF__TIMESTAMP__INIT, end = start;
    struct jc_terminal_work work;
    struct jc_err err;
    start.seconds = 1672876800;
    end.seconds = 1672880400;
    inspection.unit_id = (char *)"u1";
    inspection.started_at = &start;
    inspection.ended_at = &end;
    inspection.inspector_ids = persons;
    inspection.n_inspector_ids = 2;
    inspection.outcome = JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_REFUSED;
    const struct jc_terminal_draft draft = {.inspection = &inspection};
    PROMISE(jc_terminal_submit(terminal, &draft, arena, &work, &err) == JC_OK);
    return work;
}

/* --- what must hold ------------------------------------------------------------------------------------------- */

struct outbox {
    struct jc_arena *arena;
    struct jc_terminal_operations operations;
};

static enum jc_code read_outbox(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct outbox *outbox = ctx;
    struct jc_uuid none = {{0}};
    return jc_terminal_operation_list(tx, none, none, outbox->arena, &outbox->operations, err);
}

static struct jc_terminal_operation read_operation(struct jc_terminal *terminal, struct jc_arena *arena) {
    struct outbox outbox = {.arena = arena};
    struct jc_err err;
    PROMISE(jc_terminal_read(terminal, read_outbox, &outbox, &err) == JC_OK);
    PROMISE(outbox.operations.count == 1);
    return outbox.operations.items[0];
}

static void print(struct jc_terminal *terminal, struct jc_terminal_ref ref) {
    struct jc_err err;
    struct jc_buf text;
    jc_buf_init(&text, 1 << 22);
    PROMISE(jc_terminal_document(terminal, ref, JC_ZH, &text, &err) == JC_OK);
    jc_buf_free(&text);
}

static void look_at_everything(struct jc_terminal *terminal, struct jc_arena *arena) {
    struct jc_terminal_task *tasks;
    size_t count;
    struct jc_err err;
    PROMISE(jc_terminal_tasks(terminal, arena, &tasks, &count, &err) == JC_OK);
    for (size_t i = 0; i < count; i++) {
        if (!tasks[i].task)
            continue;
        struct jc_terminal_record record = {0};
        struct jc_terminal_ref ref = {.noun = JC_TERMINAL_TASK};
        Jc__RectificationOrder *order;
        memcpy(ref.id.bytes, tasks[i].task->task_id.data, sizeof ref.id.bytes);
        PROMISE(jc_terminal_load(terminal, ref, arena, &record, &err) == JC_OK);
        if (jc_terminal_order_of(terminal, ref.id, arena, &order, &err) == JC_OK) {
            struct jc_terminal_ref of = {.noun = JC_TERMINAL_ORDER};
            memcpy(of.id.bytes, order->order_id.data, sizeof of.id.bytes);
            print(terminal, of);
        }
        jc_terminal_find(terminal, jc_str(tasks[i].task->visit_id), 15, &ref, &err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    struct server server = {.arena = arena, .prelude = true, .rest = data, .rest_len = size};
    struct jc_transport transport = {.call = serve, .ctx = &server};
    const struct jc_terminal_config config = {
        .path = ":memory:", .create = true, .wall = {now_ms, NULL}, .steady = {now_ms, NULL}};
    const struct jc_terminal_invitation invitation = {.server = JC_STR("http://evil"), .code = JC_STR("x")};
    struct jc_terminal_holder holder;
    struct jc_terminal_sync_result result;
    struct jc_terminal *terminal = NULL;
    struct jc_err err;
    PROMISE(arena && jc_id_init());
    PROMISE(jc_terminal_open(&config, &terminal, &err) == JC_OK);
    PROMISE(jc_terminal_enroll(terminal, &transport, &invitation, arena, &holder, &err) == JC_OK);
    PROMISE(jc_terminal_sync(terminal, &transport, NULL, arena, &result, &err) == JC_OK);
    struct jc_terminal_work work = make_record(terminal, arena);
    struct jc_terminal_operation before = read_operation(terminal, arena);

    server.prelude = false;
    server.operation_id = work.operation_id;
    for (int i = 0; i < 3; i++) {
        enum jc_code code = jc_terminal_sync(terminal, &transport, NULL, arena, &result, &err);
        struct jc_terminal_operation after = read_operation(terminal, arena);
        PROMISE(jc_str_eq(before.body, after.body) && jc_str_eq(before.seal, after.seal));
        PROMISE(code != JC_OK || (!after.outcome.unsent && result.unsent == 0 && result.shown));
        /* Sent means: named once by a result and once by a receipt. */
        PROMISE(after.outcome.unsent || server.names >= 2);
        print(terminal, work.subject);
        look_at_everything(terminal, arena);
    }
    jc_terminal_close(terminal);
    jc_arena_free(arena);
    return 0;
}
