/* A server in this process behind the terminal's transport: it knows enough to answer DeviceService/Enroll and
 * SyncService/Sync as the contract says, and to misbehave on demand. It is no model of the real server's decisions:
 * every operation is APPLIED unless the test says otherwise.
 *
 * Cursors are "<incarnation>:<changes told>". The feed is a list of serialised changes. */
#ifndef JC_TERMINAL_FAKE_H
#define JC_TERMINAL_FAKE_H

#include "jc_test.h"

#include "base/clock.h"
#include "base/evidence.h"
#include "base/id.h"
#include "base/message.h"
#include "jiancha/terminal.h"
#include "jiancha/v1/device_service.pb-c.h"
#include "jiancha/v1/sync_service.pb-c.h"

enum { FAKE_OPERATIONS = 512, FAKE_CHANGES = 256 };

struct fake_operation {
    uint8_t id[16];
    uint8_t sha256[32];
    Jc__OperationBody__CommandCase command;
    Jc__OperationStatus status;
    int64_t operation_no;
    int seen; /* times received */
    int by;   /* enrolment whose token carried it first, from 1 */
};

struct fake_key {
    uint8_t public_key[JC_SIGN_PUBLIC_SIZE], secret_key[JC_SIGN_SECRET_SIZE], key_id[JC_KEY_ID_SIZE];
    uint8_t endorsement[JC_SIGNATURE_SIZE]; /* by the key before */
};
enum { FAKE_KEYS = 6 };

struct fake {
    struct jc_arena *arena; /* feed and enrolments */
    int64_t now_ms;
    int incarnation;
    uint8_t public_key[JC_SIGN_PUBLIC_SIZE];
    struct fake_operation operations[FAKE_OPERATIONS];
    size_t operation_count;
    struct jc_str feed[FAKE_CHANGES];
    size_t change_count;
    int page;                    /* changes in a page; 0: all */
    int block_first, block_last; /* RECORD, ORDER, RECHECK of block_year; 0: none */
    int block_year;
    const char *inspector_id, *agency_id;
    int enrolments;
    unsigned revoked; /* bit n: the n-th enrolment's token is refused */
    bool takes_seals; /* operations are proven by chain and seal, not each by a signature */
    int seals;        /* verified */
    struct fake_key keys[FAKE_KEYS];
    int key_count; /* signs receipts with the newest; 0: does not sign */
    bool keys_at_enrolment;
    int64_t backed_up_through;
    int64_t blocks_version;
    int sender;                   /* enrolment of the last request, from 1 */
    const struct jc_uuid *device; /* of every enrolment; NULL: one made up for each */
    /* what the next answers are like */
    Jc__OperationStatus verdict; /* for new operations; unspecified: APPLIED */
    const char *verdict_code;
    int calls;
    int lose_call;      /* the n-th call from now is done but its answer lost; 0: none */
    ptrdiff_t cut;      /* the answer's body is cut to so many bytes; -1: whole */
    int status;         /* answer this instead, doing nothing; 0: none */
    const char *body;   /* of `status` */
    bool refuse_return; /* a request with a ReturnTask gets `invalid_argument` as a whole */
    void (*hook)(struct fake *fake, Jc__SyncResponse *response); /* spoils an answer */
    void (*before)(struct fake *fake);                           /* called with every call */
    size_t last_answer;                                          /* bytes of the last body before it was cut */
    size_t last_operations;                                      /* in the last request */
};

static inline void fake_init(struct fake *fake) {
    *fake = (struct fake){.arena = jc_arena_new(1 << 24),
                          .now_ms = 1672880400000, /* 2023-01-05T09:00+08:00 */
                          .block_year = 2023,
                          .block_first = 1,
                          .block_last = 20,
                          .cut = -1,
                          .inspector_id = "i1",
                          .agency_id = "huainan",
                          .keys_at_enrolment = true};
    assert_non_null(fake->arena);
}

/* From now on the newest key signs receipts; the one before endorses it. */
static inline void fake_rotate(struct fake *fake) {
    struct fake_key *key = &fake->keys[fake->key_count];
    assert_true(fake->key_count < FAKE_KEYS);
    jc_sign_keypair(key->public_key, key->secret_key);
    jc_key_id(key->public_key, key->key_id);
    if (fake->key_count > 0)
        jc_key_endorse(key->public_key, fake->keys[fake->key_count - 1].secret_key, key->endorsement);
    fake->key_count++;
}

/* As a server of version 2: seals are taken, receipts are signed. */
static inline void fake_modern(struct fake *fake) {
    fake->takes_seals = true;
    fake_rotate(fake);
}

static inline void fake_free(struct fake *fake) {
    jc_arena_free(fake->arena);
}

/* --- the feed ---------------------------------------------------------------------------------------------- */

static inline void fake_tell(struct fake *fake, const Jc__Change *change) {
    struct jc_err err;
    assert_true(fake->change_count < FAKE_CHANGES);
    assert_int_equal(jc_message_pack(&change->base, fake->arena, &fake->feed[fake->change_count++], &err), JC_OK);
}

static inline void fake_agency(struct fake *fake) {
    Jc__Agency agency = JC__AGENCY__INIT;
    agency.agency_id = (char *)"huainan";
    agency.name = (char *)"淮南市应急管理局";
    Jc__Change change = JC__CHANGE__INIT;
    change.entity_case = JC__CHANGE__ENTITY_AGENCY;
    change.agency = &agency;
    fake_tell(fake, &change);
}

static inline void fake_team(struct fake *fake, const char *team_id, const char *name) {
    Jc__Team team = JC__TEAM__INIT;
    team.team_id = (char *)(uintptr_t)team_id;
    team.name = (char *)(uintptr_t)name;
    Jc__Change change = JC__CHANGE__INIT;
    change.entity_case = JC__CHANGE__ENTITY_TEAM;
    change.team = &team;
    fake_tell(fake, &change);
}

static inline void fake_inspector(struct fake *fake, const char *id, const char *name, const char *team_id,
                                  const char *recused) {
    Jc__Inspector inspector = JC__INSPECTOR__INIT;
    char licence[32];
    snprintf(licence, sizeof licence, "LIC-%s", id);
    inspector.inspector_id = (char *)(uintptr_t)id;
    inspector.name = (char *)(uintptr_t)name;
    inspector.team_id = (char *)(uintptr_t)team_id;
    inspector.licence_no = licence;
    inspector.recusals = (char **)(uintptr_t)&recused;
    inspector.n_recusals = recused ? 1 : 0;
    Jc__Change change = JC__CHANGE__INIT;
    change.entity_case = JC__CHANGE__ENTITY_INSPECTOR;
    change.inspector = &inspector;
    fake_tell(fake, &change);
}

static inline void fake_unit(struct fake *fake, const char *unit_id, const char *name) {
    Jc__Unit unit = JC__UNIT__INIT;
    unit.unit_id = (char *)(uintptr_t)unit_id;
    unit.name = (char *)(uintptr_t)name;
    unit.address = (char *)"安徽省淮南市潘集区泥河镇";
    unit.persons = 2;
    unit.days_centi = 100;
    Jc__Change change = JC__CHANGE__INIT;
    change.entity_case = JC__CHANGE__ENTITY_UNIT;
    change.unit = &unit;
    fake_tell(fake, &change);
}

static inline void fake_checklist(struct fake *fake) {
    static const char *const texts[] = {"有关安全生产行政审批", "人员安全生产教育、培训、考核", "安全生产责任制"};
    Jc__ChecklistItem items[3], *pointers[3];
    for (int i = 0; i < 3; i++) {
        jc__checklist_item__init(&items[i]);
        items[i].item_no = i + 1;
        items[i].text = (char *)(uintptr_t)texts[i];
        pointers[i] = &items[i];
    }
    Jc__Checklist checklist = JC__CHECKLIST__INIT;
    checklist.checklist_id = (char *)"default";
    checklist.items = pointers;
    checklist.n_items = 3;
    Jc__Change change = JC__CHANGE__INIT;
    change.entity_case = JC__CHANGE__ENTITY_CHECKLIST;
    change.checklist = &checklist;
    fake_tell(fake, &change);
}

/* A task's id in tests: fifteen zeros and this byte, in front of it the version of a UUID. */
static inline struct jc_uuid fake_id(uint8_t last) {
    struct jc_uuid id = {{0x01, 0x85, 0x80, 0, 0, 0, 0x70, 0, 0x80}};
    id.bytes[15] = last;
    return id;
}

struct fake_task {
    uint8_t id;
    Jc__TaskKind kind;
    Jc__TaskState state;
    const char *unit_id, *visit_id, *due_on;
    const struct jc_uuid *order_id; /* of a recheck */
    bool joined;                    /* hn-t2 joins with 1 person for a day */
};

static inline void fake_task(struct fake *fake, struct fake_task from) {
    Jc__Task task = JC__TASK__INIT;
    struct jc_uuid id = fake_id(from.id);
    Jc__JoinedTeam joined = JC__JOINED_TEAM__INIT, *joins = &joined;
    task.task_id = (ProtobufCBinaryData){16, id.bytes};
    task.kind = from.kind;
    task.state = from.state ? from.state : JC__TASK_STATE__TASK_STATE_OPEN;
    task.team_id = (char *)"hn-t1";
    task.unit_id = (char *)(uintptr_t)from.unit_id;
    task.visit_id = (char *)(uintptr_t)(from.visit_id ? from.visit_id : "");
    task.due_on = (char *)(uintptr_t)from.due_on;
    task.persons = 5;
    task.days_centi = 200;
    task.checklist_id = (char *)"default";
    task.mode = JC__VISIT_MODE__VISIT_MODE_ONSITE;
    if (from.joined) {
        joined.team_id = (char *)"hn-t2";
        joined.persons = 1;
        joined.days_centi = 100;
        task.joined = &joins;
        task.n_joined = 1;
    }
    if (from.order_id)
        task.order_id = (ProtobufCBinaryData){16, (uint8_t *)(uintptr_t)from.order_id->bytes};
    Jc__Change change = JC__CHANGE__INIT;
    change.entity_case = JC__CHANGE__ENTITY_TASK;
    change.task = &task;
    fake_tell(fake, &change);
}

static inline void fake_remove_task(struct fake *fake, uint8_t last) {
    Jc__Removal removal = JC__REMOVAL__INIT;
    struct jc_uuid id = fake_id(last);
    removal.kind = JC__ENTITY_KIND__ENTITY_KIND_TASK;
    removal.id = (ProtobufCBinaryData){16, id.bytes};
    Jc__Change change = JC__CHANGE__INIT;
    change.entity_case = JC__CHANGE__ENTITY_REMOVAL;
    change.removal = &removal;
    fake_tell(fake, &change);
}

/* An agency with two teams, four persons (i4 recused from hn-002), three units and visits 1..3 to them. */
static inline void fake_world(struct fake *fake) {
    fake_agency(fake);
    fake_team(fake, "hn-t1", "安全监管一科");
    fake_team(fake, "hn-t2", "安全监管二科");
    fake_inspector(fake, "i1", "示例执法员01", "hn-t1", NULL);
    fake_inspector(fake, "i2", "示例执法员02", "hn-t1", NULL);
    fake_inspector(fake, "i3", "示例执法员03", "hn-t2", NULL);
    fake_inspector(fake, "i4", "示例执法员04", "hn-t1", "hn-002");
    fake_checklist(fake);
    fake_unit(fake, "hn-001", "淮河能源集团潘二煤矿");
    fake_unit(fake, "hn-002", "淮河能源集团潘三煤矿");
    fake_unit(fake, "hn-003", "淮河能源集团张集煤矿");
    fake_task(fake, (struct fake_task){1, JC__TASK_KIND__TASK_KIND_VISIT, 0, "hn-001", "hn-001-01", "2023-01-31", NULL,
                                       true});
    fake_task(fake, (struct fake_task){2, JC__TASK_KIND__TASK_KIND_VISIT, 0, "hn-002", "hn-002-01", "2023-01-31", NULL,
                                       false});
    fake_task(fake, (struct fake_task){3, JC__TASK_KIND__TASK_KIND_JOINT, 0, "hn-003", "hn-003-01", "2023-02-28", NULL,
                                       false});
}

/* --- answering --------------------------------------------------------------------------------------------- */

/* Each operation's own signature, or one that vouches for it by the chain: `covered` says whether a seal stands at
 * or behind each. */
static inline void fake_check_proofs(struct fake *fake, const Jc__SyncRequest *request) {
    uint8_t link[JC_SHA256_SIZE] = {0}, sha256[JC_SHA256_SIZE];
    bool open = false; /* operations before this one still want a seal */
    for (size_t i = 0; i < request->n_operations; i++) {
        const Jc__Operation *operation = request->operations[i];
        struct jc_str body = {(const char *)operation->body.data, operation->body.len};
        struct jc_buf depends;
        struct jc_uuid id;
        if (operation->signature.len) {
            assert_int_equal(operation->signature.len, JC_SIGNATURE_SIZE);
            assert_true(jc_sign_verify(body, operation->signature.data, fake->public_key));
        }
        if (!fake->takes_seals)
            assert_int_equal(operation->signature.len, JC_SIGNATURE_SIZE);
        if (operation->signature.len && !operation->previous.len && !operation->seal.len && !open)
            continue; /* made by a terminal of version 1 */
        if (operation->previous.len) {
            assert_false(open); /* a seal stands before a hole */
            assert_int_equal(operation->previous.len, sizeof link);
            memcpy(link, operation->previous.data, sizeof link);
        } else {
            assert_true(i > 0);
        }
        jc_buf_init(&depends, 4096);
        for (size_t k = 0; k < operation->n_depends_on; k++)
            jc_buf_add(&depends, (struct jc_str){(const char *)operation->depends_on[k].data, 16});
        memcpy(id.bytes, operation->id.data, 16);
        jc_sha256(body, sha256);
        jc_link(link, id, sha256, jc_buf_str(&depends), link);
        jc_buf_free(&depends);
        open = operation->seal.len == 0;
        if (open)
            continue;
        assert_int_equal(operation->seal.len, JC_SIGNATURE_SIZE);
        assert_true(jc_seal_verify(link, operation->seal.data, fake->public_key));
        fake->seals++;
    }
    assert_false(open); /* the last one carries a seal */
}

static inline struct fake_operation *fake_take(struct fake *fake, const Jc__Operation *operation,
                                               struct jc_arena *arena) {
    struct jc_err err;
    ProtobufCMessage *message;
    struct jc_str body = {(const char *)operation->body.data, operation->body.len};
    assert_int_equal(operation->id.len, 16);
    for (size_t i = 0; i < fake->operation_count; i++) {
        struct fake_operation *known = &fake->operations[i];
        uint8_t sha256[32];
        if (memcmp(known->id, operation->id.data, 16) != 0)
            continue;
        jc_sha256(body, sha256);
        assert_memory_equal(sha256, known->sha256, 32); /* the same bytes as the first time */
        known->seen++;
        return known;
    }
    assert_true(fake->operation_count < FAKE_OPERATIONS);
    struct fake_operation *fresh = &fake->operations[fake->operation_count++];
    memcpy(fresh->id, operation->id.data, 16);
    jc_sha256(body, fresh->sha256);
    CHECK_OK("body", jc_message_unpack(&jc__operation_body__descriptor, body, arena, &message, &err), &err);
    fresh->command = ((Jc__OperationBody *)message)->command_case;
    fresh->status = fake->verdict ? fake->verdict : JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED;
    fresh->operation_no = (int64_t)fake->operation_count;
    fresh->seen = 1;
    fresh->by = fake->sender;
    return fresh;
}

static inline ProtobufCBinaryData fake_bytes(struct jc_arena *arena, const void *bytes, size_t len) {
    struct jc_str copy = jc_arena_copy(arena, (struct jc_str){bytes, len});
    return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)copy.ptr};
}

/* Signs what the receipt says, as one of two requests of a commit. */
static inline void fake_sign(struct fake *fake, Jc__Receipt *receipt, struct jc_arena *arena) {
    const struct fake_key *key = &fake->keys[fake->key_count - 1];
    uint8_t nodes[3][JC_SHA256_SIZE] = {{0}};
    struct jc_receipt_step path[JC_RECEIPT_PATH_MAX];
    struct jc_receipt_operation *facts = JC_NEW_ARRAY(arena, receipt->n_operation_ids, struct jc_receipt_operation);
    struct jc_uuid device = fake->device ? *fake->device : fake_id((uint8_t)(199 + fake->sender));
    for (size_t i = 0; i < receipt->n_operation_ids; i++) {
        for (size_t k = 0; k < fake->operation_count; k++) {
            const struct fake_operation *operation = &fake->operations[k];
            if (memcmp(operation->id, receipt->operation_ids[i].data, 16) != 0)
                continue;
            memcpy(facts[i].id.bytes, operation->id, 16);
            memcpy(facts[i].body_sha256, operation->sha256, 32);
            facts[i].operation_no = operation->operation_no;
        }
    }
    jc_receipt_leaf(device, facts, (uint32_t)receipt->n_operation_ids, NULL, 0, nodes[1]);
    const uint8_t *root = jc_receipt_tree_build(nodes, 2);
    size_t steps = jc_receipt_tree_path(nodes, 2, 1, path);
    struct jc_receipt_statement statement = {.agency = jc_str(receipt->agency_id),
                                             .chain_length = receipt->chain_length,
                                             .server_ms = fake->now_ms / 1000 * 1000,
                                             .backed_up_through = receipt->backed_up_through};
    memcpy(statement.chain_head, receipt->chain_head.data, 32);
    memcpy(statement.key_id, key->key_id, JC_KEY_ID_SIZE);
    uint8_t signature[JC_SIGNATURE_SIZE];
    jc_receipt_sign(&statement, root, key->secret_key, signature);
    receipt->signature = fake_bytes(arena, signature, sizeof signature);
    receipt->key_id = fake_bytes(arena, key->key_id, JC_KEY_ID_SIZE);
    receipt->path = JC_NEW_ARRAY(arena, steps, Jc__ReceiptStep *);
    for (size_t i = 0; i < steps; i++) {
        Jc__ReceiptStep *step = JC_NEW(arena, Jc__ReceiptStep);
        jc__receipt_step__init(step);
        step->hash = fake_bytes(arena, path[i].hash, JC_SHA256_SIZE);
        step->left = path[i].left;
        receipt->path[receipt->n_path++] = step;
    }
}

/* Keys from the `first` on, the oldest first. */
static inline Jc__ServerKey **fake_keys(struct fake *fake, int first, size_t *count, struct jc_arena *arena) {
    Jc__ServerKey **list = JC_NEW_ARRAY(arena, FAKE_KEYS, Jc__ServerKey *);
    *count = 0;
    for (int i = first; i < fake->key_count; i++) {
        Jc__ServerKey *key = JC_NEW(arena, Jc__ServerKey);
        jc__server_key__init(key);
        key->key_id = fake_bytes(arena, fake->keys[i].key_id, JC_KEY_ID_SIZE);
        key->public_key = fake_bytes(arena, fake->keys[i].public_key, JC_SIGN_PUBLIC_SIZE);
        if (i > 0) {
            key->endorsed_by = fake_bytes(arena, fake->keys[i - 1].key_id, JC_KEY_ID_SIZE);
            key->endorsement = fake_bytes(arena, fake->keys[i].endorsement, JC_SIGNATURE_SIZE);
        }
        list[(*count)++] = key;
    }
    return list;
}

static inline void fake_new_keys(struct fake *fake, const Jc__SyncRequest *request, Jc__SyncResponse *response,
                                 struct jc_arena *arena) {
    int first = 0;
    for (int i = 0; i < fake->key_count && request->known_key_id.len == JC_KEY_ID_SIZE; i++) {
        if (memcmp(fake->keys[i].key_id, request->known_key_id.data, JC_KEY_ID_SIZE) == 0)
            first = i + 1;
    }
    response->server_keys = fake_keys(fake, first, &response->n_server_keys, arena);
}

static inline void fake_results(struct fake *fake, const Jc__SyncRequest *request, Jc__SyncResponse *response,
                                Jc__Receipt *receipt, struct jc_arena *arena) {
    response->results = JC_NEW_ARRAY(arena, request->n_operations, Jc__OperationResult *);
    receipt->operation_ids = JC_NEW_ARRAY(arena, request->n_operations, ProtobufCBinaryData);
    for (size_t i = 0; i < request->n_operations; i++) {
        struct fake_operation *operation = fake_take(fake, request->operations[i], arena);
        Jc__OperationResult *result = JC_NEW(arena, Jc__OperationResult);
        jc__operation_result__init(result);
        result->id = (ProtobufCBinaryData){16, operation->id};
        result->status = operation->status;
        result->operation_no = operation->operation_no;
        if (operation->status != JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED) {
            result->code = (char *)(uintptr_t)(fake->verdict_code ? fake->verdict_code : "failed_precondition");
            result->reason_zh = (char *)"任务已有记录";
            result->reason_en = (char *)"the task has its record";
        }
        response->results[response->n_results++] = result;
        receipt->operation_ids[receipt->n_operation_ids++] = result->id;
    }
}

static inline void fake_page(struct fake *fake, const Jc__SyncRequest *request, Jc__SyncResponse *response,
                             struct jc_arena *arena) {
    struct jc_err err;
    int incarnation = 0;
    size_t from = 0;
    char text[64] = "";
    assert_true(request->cursor.len < sizeof text);
    if (request->cursor.len)
        memcpy(text, request->cursor.data, request->cursor.len);
    if (request->cursor.len && sscanf(text, "%d:%zu", &incarnation, &from) != 2)
        incarnation = -1; /* another server's */
    if (request->cursor.len && incarnation != fake->incarnation) {
        response->restarted = 1;
        from = 0;
    }
    size_t to =
        fake->page && from + (size_t)fake->page < fake->change_count ? from + (size_t)fake->page : fake->change_count;
    response->changes = JC_NEW_ARRAY(arena, to - from, Jc__Change *);
    for (size_t i = from; i < to; i++) {
        ProtobufCMessage *message;
        CHECK_OK("feed", jc_message_unpack(&jc__change__descriptor, fake->feed[i], arena, &message, &err), &err);
        response->changes[response->n_changes++] = (Jc__Change *)message;
    }
    response->has_more = to < fake->change_count;
    struct jc_str cursor = jc_arena_printf(arena, "%d:%zu", fake->incarnation, to);
    response->cursor = (ProtobufCBinaryData){cursor.len, (uint8_t *)(uintptr_t)cursor.ptr};
}

static inline void fake_blocks(struct fake *fake, int64_t known_version, Jc__SyncResponse *response,
                               struct jc_arena *arena) {
    int shift = (fake->sender - 1) * 1000; /* blocks of its own for each enrolment */
    response->number_blocks = JC_NEW_ARRAY(arena, 3, Jc__NumberBlock *);
    response->number_blocks_version = fake->blocks_version;
    if (fake->blocks_version && fake->blocks_version == known_version)
        return;
    for (int kind = 1; fake->block_first && kind <= 3; kind++) {
        Jc__NumberBlock *block = JC_NEW(arena, Jc__NumberBlock);
        jc__number_block__init(block);
        block->kind = (Jc__DocumentKind)kind;
        block->year = fake->block_year;
        block->first = fake->block_first + shift;
        block->last = fake->block_last + shift;
        response->number_blocks[response->n_number_blocks++] = block;
    }
}

static inline bool fake_refuses(const struct fake *fake, const Jc__SyncRequest *request, struct jc_arena *arena) {
    struct jc_err err;
    for (size_t i = 0; fake->refuse_return && i < request->n_operations; i++) {
        ProtobufCMessage *message;
        struct jc_str body = {(const char *)request->operations[i]->body.data, request->operations[i]->body.len};
        CHECK_OK("body", jc_message_unpack(&jc__operation_body__descriptor, body, arena, &message, &err), &err);
        if (((Jc__OperationBody *)message)->command_case == JC__OPERATION_BODY__COMMAND_RETURN_TASK)
            return true;
    }
    return false;
}

static inline void fake_sync(struct fake *fake, struct jc_str bytes, int *status, struct jc_buf *body,
                             struct jc_arena *arena) {
    struct jc_err err;
    ProtobufCMessage *message;
    struct jc_str packed;
    CHECK_OK("request", jc_message_unpack(&jc__sync_request__descriptor, bytes, arena, &message, &err), &err);
    const Jc__SyncRequest *request = (const Jc__SyncRequest *)message;
    fake->last_operations = request->n_operations;
    if (fake_refuses(fake, request, arena)) {
        *status = 400;
        jc_buf_add(body, JC_STR("{\"code\":\"invalid_argument\",\"message\":\"cannot read it\"}"));
        return;
    }
    Jc__SyncResponse response = JC__SYNC_RESPONSE__INIT;
    Jc__Receipt receipt = JC__RECEIPT__INIT;
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    uint8_t head[32] = {7};
    time.seconds = fake->now_ms / 1000;
    fake_check_proofs(fake, request);
    fake_results(fake, request, &response, &receipt, arena);
    fake_page(fake, request, &response, arena);
    fake_blocks(fake, request->number_blocks_version, &response, arena);
    receipt.chain_length = (int64_t)fake->operation_count;
    receipt.chain_head = (ProtobufCBinaryData){sizeof head, head};
    response.receipt = &receipt;
    response.server_time = &time;
    response.takes_seals = fake->takes_seals;
    receipt.agency_id = (char *)(uintptr_t)fake->agency_id;
    receipt.server_time = &time;
    receipt.backed_up_through = fake->backed_up_through;
    if (fake->key_count) {
        fake_new_keys(fake, request, &response, arena);
        fake_sign(fake, &receipt, arena);
    }
    if (fake->hook)
        fake->hook(fake, &response);
    CHECK_OK("answer", jc_message_pack(&response.base, arena, &packed, &err), &err);
    jc_buf_add(body, packed);
    *status = 200;
}

static inline void fake_enroll(struct fake *fake, struct jc_str bytes, int *status, struct jc_buf *body,
                               struct jc_arena *arena) {
    struct jc_err err;
    ProtobufCMessage *message;
    struct jc_str packed;
    CHECK_OK("request", jc_message_unpack(&jc__enroll_request__descriptor, bytes, arena, &message, &err), &err);
    const Jc__EnrollRequest *request = (const Jc__EnrollRequest *)message;
    if (strcmp(request->code, "CODE") != 0) {
        *status = 400;
        jc_buf_add(body, JC_STR("{\"code\":\"invalid_argument\",\"message\":\"the code is wrong\"}"));
        return;
    }
    assert_int_equal(request->public_key.len, sizeof fake->public_key);
    char token[24];
    memcpy(fake->public_key, request->public_key.data, sizeof fake->public_key);
    struct jc_uuid device = fake_id((uint8_t)(200 + fake->enrolments++));
    Jc__EnrollResponse response = JC__ENROLL_RESPONSE__INIT;
    response.device_id = (ProtobufCBinaryData){16, device.bytes};
    snprintf(token, sizeof token, "token-%d", fake->enrolments);
    response.token = token;
    response.agency_id = (char *)(uintptr_t)fake->agency_id;
    if (fake->keys_at_enrolment)
        response.server_keys = fake_keys(fake, 0, &response.n_server_keys, arena);
    response.agency_name = (char *)"淮南市应急管理局";
    response.team_id = (char *)"hn-t1";
    response.inspector_id = (char *)(uintptr_t)fake->inspector_id;
    response.inspector_name = (char *)"示例执法员01";
    CHECK_OK("answer", jc_message_pack(&response.base, arena, &packed, &err), &err);
    jc_buf_add(body, packed);
    *status = 200;
}

static inline enum jc_code fake_call(void *ctx, const struct jc_transport_call *call, int *status, struct jc_buf *body,
                                     struct jc_err *err) {
    struct fake *fake = ctx;
    if (strcmp(call->procedure, "/jiancha.v1.SyncService/GetDigest") == 0) { /* as a server of before digests */
        *status = 501;
        jc_buf_add(body, JC_STR("{\"code\":\"unimplemented\",\"message\":\"unknown procedure\"}"));
        return JC_OK;
    }
    fake->calls++;
    if (fake->before)
        fake->before(fake);
    if (fake->status) {
        *status = fake->status;
        jc_buf_add(body, jc_str(fake->body));
        return JC_OK;
    }
    struct jc_arena *arena = jc_arena_new(1 << 24);
    assert_non_null(arena);
    if (strcmp(call->procedure, "/jiancha.v1.DeviceService/Enroll") == 0) {
        assert_int_equal(call->token.len, 0);
        fake_enroll(fake, call->request, status, body, arena);
    } else {
        assert_string_equal(call->procedure, "/jiancha.v1.SyncService/Sync");
        assert_true(call->token.len == 7 && memcmp(call->token.ptr, "token-", 6) == 0);
        fake->sender = call->token.ptr[6] - '0';
        assert_in_range(fake->sender, 1, fake->enrolments);
        if (fake->revoked >> fake->sender & 1) {
            *status = 401;
            jc_buf_add(body, JC_STR("{\"code\":\"unauthenticated\",\"message\":\"revoked\"}"));
        } else {
            fake_sync(fake, call->request, status, body, arena);
        }
    }
    jc_arena_free(arena);
    fake->last_answer = body->len;
    if (fake->lose_call && --fake->lose_call == 0)
        return jc_fail(err, JC_UNAVAILABLE, JC_MSG_TERM_CUT, JC_STR("fake"));
    if (fake->cut >= 0 && (size_t)fake->cut < body->len)
        body->len = (size_t)fake->cut;
    return body->failed ? jc_fail_memory(err) : JC_OK;
}

static inline struct jc_transport fake_transport(struct fake *fake) {
    return (struct jc_transport){.call = fake_call, .ctx = fake};
}

/* --- a terminal in a folder ---------------------------------------------------------------------------------- */

struct bench {
    char folder[JC_TEST_PATH];
    char path[JC_TEST_PATH + 16];
    struct fake fake;
    struct jc_transport transport;
    struct jc_terminal *terminal;
    struct jc_arena *arena;
    struct jc_err err;
    int64_t now_ms; /* the terminal's wall clock; moves by a second each time it is asked */
};

static inline int64_t bench_now(void *ctx) {
    struct bench *bench = ctx;
    return bench->now_ms += 1000;
}

static inline void bench_open(struct bench *bench) {
    struct jc_terminal_config config = {
        .path = bench->path, .create = true, .wall = {bench_now, bench}, .steady = {bench_now, bench}};
    CHECK_OK("open", jc_terminal_open(&config, &bench->terminal, &bench->err), &bench->err);
}

static inline void bench_reopen(struct bench *bench) {
    jc_terminal_close(bench->terminal);
    bench_open(bench);
}

static inline enum jc_code bench_enroll(struct bench *bench, bool again) {
    struct jc_terminal_invitation invitation = {
        .server = JC_STR("http://fake"), .code = JC_STR("CODE"), .device_name = JC_STR("T1"), .again = again};
    struct jc_terminal_holder holder;
    return jc_terminal_enroll(bench->terminal, &bench->transport, &invitation, bench->arena, &holder, &bench->err);
}

static inline enum jc_code bench_sync(struct bench *bench, struct jc_terminal_sync_result *result) {
    struct jc_terminal_sync_result ignored;
    return jc_terminal_sync(bench->terminal, &bench->transport, NULL, bench->arena, result ? result : &ignored,
                            &bench->err);
}

/* Enrolled and synced with fake_world(). */
static inline void bench_init(struct bench *bench) {
    jc_test_folder(bench->folder);
    snprintf(bench->path, sizeof bench->path, "%s/t.db", bench->folder);
    fake_init(&bench->fake);
    fake_world(&bench->fake);
    bench->transport = fake_transport(&bench->fake);
    bench->now_ms = bench->fake.now_ms;
    bench->arena = jc_arena_new(1 << 26);
    assert_non_null(bench->arena);
    bench_open(bench);
    CHECK_OK("enroll", bench_enroll(bench, false), &bench->err);
    CHECK_OK("first sync", bench_sync(bench, NULL), &bench->err);
}

static inline void bench_free(struct bench *bench) {
    jc_terminal_close(bench->terminal);
    jc_arena_free(bench->arena);
    fake_free(&bench->fake);
    jc_test_folder_remove(bench->folder);
}

static inline int bench_set_up(void **state) {
    static struct bench bench;
    memset(&bench, 0, sizeof bench);
    bench_init(&bench);
    *state = &bench;
    return 0;
}

static inline int bench_tear_down(void **state) {
    bench_free(*state);
    return 0;
}

/* A test whose state is a bench of its own. */
#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)

static inline struct jc_terminal_task *bench_task(struct bench *bench, uint8_t last) {
    struct jc_terminal_task *tasks;
    size_t count;
    struct jc_uuid id = fake_id(last);
    CHECK_OK("tasks", jc_terminal_tasks(bench->terminal, bench->arena, &tasks, &count, &bench->err), &bench->err);
    for (size_t i = 0; i < count; i++) {
        if (tasks[i].task && memcmp(tasks[i].task->task_id.data, id.bytes, 16) == 0)
            return &tasks[i];
    }
    return NULL;
}

/* --- drafts ---------------------------------------------------------------------------------------------------- */

/* A whole inspection with its parts; `message` points to them. */
struct draft {
    struct jc_uuid task_id;
    Google__Protobuf__Timestamp start, end;
    char *persons[3];
    Jc__ChecklistResult results[2], *result_list[2];
    Jc__Finding findings[2], *finding_list[2];
    Jc__Signed signed_by;
    Jc__Refused refused;
    Jc__UnitSignature signature;
    Jc__Inspection message;
    struct jc_terminal_draft draft;
};

/* Task `last` (0: ad hoc at hn-001) by i1 and i2 on 2023-01-05 from 9:00 to 11:30; finding 1 by deadline, 2 corrected. */
static inline void draft_init(struct draft *draft, uint8_t last) {
    memset(draft, 0, sizeof *draft);
    google__protobuf__timestamp__init(&draft->start);
    google__protobuf__timestamp__init(&draft->end);
    draft->start.seconds = 1672880400;
    draft->end.seconds = 1672880400 + 9000;
    draft->persons[0] = (char *)"i1";
    draft->persons[1] = (char *)"i2";
    for (int i = 0; i < 2; i++) {
        jc__checklist_result__init(&draft->results[i]);
        jc__finding__init(&draft->findings[i]);
        draft->result_list[i] = &draft->results[i];
        draft->finding_list[i] = &draft->findings[i];
    }
    draft->results[0].item_no = 1;
    draft->results[0].answer = JC__CHECKLIST_ANSWER__CHECKLIST_ANSWER_CONFORMS;
    draft->results[1].item_no = 3;
    draft->results[1].answer = JC__CHECKLIST_ANSWER__CHECKLIST_ANSWER_VIOLATES;
    draft->results[1].note = (char *)"未签订";
    draft->findings[0].description = (char *)"主要负责人未签订安全生产责任书";
    draft->findings[0].legal_basis = (char *)"《安全生产法》第二十一条";
    draft->findings[0].outcome = JC__FINDING_OUTCOME__FINDING_OUTCOME_BY_DEADLINE;
    draft->findings[0].deadline = (char *)"2023-02-15";
    draft->findings[0].item_no = 3;
    draft->findings[1].description = (char *)"配电箱门未关";
    draft->findings[1].outcome = JC__FINDING_OUTCOME__FINDING_OUTCOME_CORRECTED_ON_SITE;
    jc__signed__init(&draft->signed_by);
    draft->signed_by.name = (char *)"王某";
    draft->signed_by.position = (char *)"安全总监";
    jc__refused__init(&draft->refused);
    jc__unit_signature__init(&draft->signature);
    draft->signature.result_case = JC__UNIT_SIGNATURE__RESULT_SIGNED;
    draft->signature.signed_ = &draft->signed_by;
    Jc__Inspection *message = &draft->message;
    jc__inspection__init(message);
    draft->task_id = fake_id(last);
    if (last)
        message->task_id = (ProtobufCBinaryData){16, draft->task_id.bytes};
    else
        message->unit_id = (char *)"hn-001";
    message->started_at = &draft->start;
    message->ended_at = &draft->end;
    message->inspector_ids = draft->persons;
    message->n_inspector_ids = 2;
    message->checklist_results = draft->result_list;
    message->n_checklist_results = 2;
    message->findings = draft->finding_list;
    message->n_findings = 2;
    message->signature = &draft->signature;
    draft->draft.inspection = message;
}

static inline enum jc_code draft_submit(struct bench *bench, struct draft *draft, struct jc_terminal_work *work) {
    return jc_terminal_submit(bench->terminal, &draft->draft, bench->arena, work, &bench->err);
}

#endif
