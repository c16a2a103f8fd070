/* What a terminal does while its memory and its disk fail: the n-th request for memory, then the n-th call of a file,
 * for all n. Afterwards the store is sound, the act is whole or absent, it can be done again, and one sync brings every
 * operation to the server once, under whole chain and seal.
 *
 * Every seventh n; JC_FAULT_STEP=1 takes all (scripts/test --full). */
#include "jc_handheld.h"

#include "base/bundle.h"
#include "base/evidence.h"
#include "base/file.h"
#include "jc_fault_vfs.h"
#include "jiancha/v1/bundle.pb-c.h"
#include "jiancha/v1/sync_service.pb-c.h"
#include "terminal/operation.h"

static char folder[JC_TEST_PATH];
static char receipt[JC_TEST_PATH + 32], photo[JC_TEST_PATH + 32];
static char template_path[JC_TEST_PATH + 32], path[JC_TEST_PATH + 32], file[JC_TEST_PATH + 32],
    stick[JC_TEST_PATH + 32];

static struct field field;
static struct handheld held; /* the terminal of a1; its store at `path` */

static long step(void) {
    const char *text = getenv("JC_FAULT_STEP");
    long value = text ? atol(text) : 7;
    return value > 0 ? value : 1;
}

/* --- the store -------------------------------------------------------------------------------------------- */

static void open_store(void) {
    struct jc_clock clock = {field_now, &field};
    struct jc_terminal_config config = {
        .path = path, .wall = clock, .steady = clock, .vfs = JC_FAULT_VFS, .inline_writer = true};
    struct jc_err err = {0};
    CHECK_OK("open", jc_terminal_open(&config, &held.terminal, &err), &err);
}

static void close_store(void) {
    jc_terminal_close(held.terminal);
    held.terminal = NULL;
}

static void fresh_store(void) {
    static const char *const SIDES[] = {"-wal", "-shm"};
    struct jc_err err = {0};
    uint8_t sha256[JC_SHA256_SIZE];
    char side[JC_TEST_PATH + 64];
    for (size_t i = 0; i < COUNT(SIDES); i++) {
        snprintf(side, sizeof side, "%s%s", path, SIDES[i]);
        unlink(side);
    }
    CHECK_OK("copy", jc_file_copy(template_path, path, 0600, sha256, &err), &err);
    open_store();
}

struct counts {
    int64_t operations, drafts, carried;
};

static enum jc_code count_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct counts *counts = ctx;
    enum jc_code code = jc_tx_int64(tx, "SELECT COUNT(*) FROM operation", JC_NO_VALUES, &counts->operations, err);
    if (!code)
        code = jc_tx_int64(tx, "SELECT COUNT(*) FROM draft", JC_NO_VALUES, &counts->drafts, err);
    return code ? code : jc_tx_int64(tx, "SELECT COUNT(*) FROM carried", JC_NO_VALUES, &counts->carried, err);
}

static struct counts count(const char *name) {
    struct counts counts = {0};
    struct jc_err err = {0};
    CHECK_OK(name, jc_terminal_read(held.terminal, count_job, &counts, &err), &err);
    return counts;
}

static bool same(struct counts a, struct counts b) {
    return a.operations == b.operations && a.drafts == b.drafts && a.carried == b.carried;
}

static void found_problem(void *ctx, const struct jc_err *fault) {
    fail_msg("case %s: the store is damaged: %s", (const char *)ctx, fault->detail);
}

/* --- what is done ------------------------------------------------------------------------------------------------ */

static struct jc_uuid task_at(const char *unit_id) {
    struct jc_uuid id;
    memcpy(id.bytes, open_task(&held, JC__TASK_KIND__TASK_KIND_VISIT, unit_id)->task_id.data, JC_UUID_SIZE);
    return id;
}

static struct jc_uuid task_1, task_2; /* at u1, u2 */
static struct jc_str token;           /* of the terminal */

static enum jc_code act_begin(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_work work;
    const char *persons[] = {"a1", "a3"};
    const struct jc_terminal_arrival arrival = {task_1, field.now_ms, persons, 2};
    return jc_terminal_begin(held.terminal, &arrival, arena, &work, err);
}

static struct jc_terminal_draft ad_hoc(void) {
    Jc__Inspection *inspection = field_inspection(&field, 1, 0, "u4", 0);
    inspection->inspection_id.len = 0;
    return (struct jc_terminal_draft){.inspection = inspection, .reason = JC_STR("群众举报")};
}

static enum jc_code act_draft(struct jc_arena *arena, struct jc_err *err) {
    struct jc_uuid id;
    struct jc_terminal_draft draft = ad_hoc();
    draft.inspection->task_id = (ProtobufCBinaryData){JC_UUID_SIZE, task_1.bytes};
    draft.inspection->unit_id = (char *)"u1";
    return jc_terminal_draft_save(held.terminal, &draft, arena, &id, err);
}

static enum jc_code act_submit(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_work work;
    struct jc_terminal_draft draft = ad_hoc();
    return jc_terminal_submit(held.terminal, &draft, arena, &work, err);
}

static enum jc_code act_return(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_work work;
    return jc_terminal_return(held.terminal, task_2, JC_STR("停产"), arena, &work, err);
}

static enum jc_code act_void(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_work work;
    return jc_terminal_void_number(held.terminal, JC__DOCUMENT_KIND__DOCUMENT_KIND_ORDER, JC_STR("写错"), arena, &work,
                                   err);
}

static enum jc_code act_hand_over(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_given given;
    const struct jc_terminal_giving giving = {task_1, JC_STR("a2"), JC_STR(""), file};
    (void)arena;
    return jc_terminal_hand_over(held.terminal, &giving, &given, err);
}

static enum jc_code act_take_over(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_taken taken;
    return jc_terminal_take_over(held.terminal, stick, arena, &taken, err);
}

static enum jc_code act_take_back(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_work work;
    return jc_terminal_take_back(held.terminal, task_1, arena, &work, err);
}

static enum jc_code act_bundle(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_bundled bundled;
    (void)arena;
    return jc_terminal_bundle(held.terminal, file, true, &bundled, err);
}

static enum jc_code act_sync(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_sync_result result;
    return jc_terminal_sync(held.terminal, &held.transport, NULL, arena, &result, err);
}

static enum jc_code act_check(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_checked checked;
    return jc_terminal_check(held.terminal, &held.transport, arena, &checked, err);
}

static enum jc_code act_list(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_task *tasks;
    size_t tasks_count;
    return jc_terminal_tasks(held.terminal, arena, &tasks, &tasks_count, err);
}

/* --- photos ------------------------------------------------------------------------------------------------------- */

static enum jc_code act_photo(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_work work;
    struct jc_terminal_draft draft = ad_hoc();
    struct jc_str paths[] = {jc_str(photo)};
    Jc__Photo *taken = NULL;
    enum jc_code code = jc_terminal_photo(photo, arena, &taken, err);
    if (code)
        return code;
    draft.inspection->photos = &taken;
    draft.inspection->n_photos = 1;
    draft.photo_paths = paths;
    code = jc_terminal_submit(held.terminal, &draft, arena, &work, err);
    return code ? code : act_sync(arena, err);
}

/* A tus server that takes everything. */
static enum jc_code take_blob(void *ctx, const struct jc_transport_exchange *exchange, struct jc_transport_reply *out,
                              struct jc_err *err) {
    static int64_t have;
    (void)ctx, (void)err;
    jc_alloc_fail_at(0);
    if (strcmp(exchange->method, "PATCH") == 0)
        have = exchange->offset + exchange->bytes;
    bool begins = strcmp(exchange->method, "POST") == 0;
    have = begins ? 0 : have;
    *out = (struct jc_transport_reply){.status = begins                                  ? 201
                                                 : strcmp(exchange->method, "HEAD") == 0 ? 200
                                                                                         : 204,
                                       .upload_offset = have,
                                       .location = "/blobs/u/1"};
    return JC_OK;
}

static enum jc_code act_upload(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_upload_result result;
    return jc_terminal_upload(held.terminal, &held.transport, NULL, arena, &result, err);
}

/* --- the receipt that comes back ------------------------------------------------------------------------------------ */

static void put_frame(struct jc_bundle_writer *writer, enum jc_bundle_frame_type type,
                      const ProtobufCMessage *message) {
    struct jc_str bytes = {0};
    struct jc_err err = {0};
    CHECK_OK("pack", jc_message_pack(message, field.arena, &bytes, &err), &err);
    CHECK_OK("frame", jc_bundle_write(writer, type, bytes, &err), &err);
}

static void put_end(struct jc_bundle_writer *writer) {
    uint8_t sha256[JC_SHA256_SIZE], signature[JC_SIGNATURE_SIZE], secret[JC_SIGN_SECRET_SIZE], key_id[JC_KEY_ID_SIZE];
    struct jc_str hex = field_query(&field, "SELECT hex(secret_key) FROM server_key WHERE secret_key IS NOT NULL");
    struct jc_str end = {0};
    struct jc_err err = {0};
    Jc__BundleEnd last = JC__BUNDLE_END__INIT;
    CHECK("key", jc_hex_parse(hex, secret, sizeof secret));
    jc_key_id(secret + JC_SIGN_SECRET_SIZE - JC_SIGN_PUBLIC_SIZE, key_id);
    jc_bundle_written_hash(writer, sha256);
    jc_bundle_sign(sha256, secret, signature);
    last.sha256 = (ProtobufCBinaryData){sizeof sha256, sha256};
    last.signature = (ProtobufCBinaryData){sizeof signature, signature};
    last.key_id = (ProtobufCBinaryData){sizeof key_id, key_id};
    CHECK_OK("end", jc_message_pack(&last.base, field.arena, &end, &err), &err);
    CHECK_OK("end", jc_bundle_finish(writer, end, &err), &err);
}

/* Unsent work goes to the office by file, and the receipt is written. */
static enum jc_code act_office(struct jc_arena *arena, struct jc_err *err) {
    Jc__IngestRequest request = JC__INGEST_REQUEST__INIT;
    struct jc_str bytes = {0}, packed = {0};
    struct jc_buf body;
    struct jc_bundle_writer *writer = NULL;
    ProtobufCMessage *message = NULL;
    Jc__BundleHeader header = JC__BUNDLE_HEADER__INIT;
    Jc__BundleReceipt part = JC__BUNDLE_RECEIPT__INIT;
    int status = 0;
    CHECK_OK("submit", act_submit(arena, err), err);
    CHECK_OK("bundle", act_bundle(arena, err), err);
    CHECK_OK("read", jc_file_read(file, 1 << 20, field.arena, &bytes, err), err);
    request.bundle = (ProtobufCBinaryData){bytes.len, (uint8_t *)(uintptr_t)bytes.ptr};
    CHECK_OK("pack", jc_message_pack(&request.base, field.arena, &packed, err), err);
    jc_buf_init(&body, 1 << 20);
    const struct jc_transport_call call = {"/jiancha.v1.SyncService/Ingest", token, packed};
    CHECK_OK("ingest", held.transport.call(&held, &call, &status, &body, err), err);
    CHECK_INT("ingest", status, 200);
    CHECK_OK("answer",
             jc_message_unpack(&jc__ingest_response__descriptor, jc_buf_str(&body), field.arena, &message, err), err);
    const Jc__IngestResponse *response = (const Jc__IngestResponse *)message;
    header.kind = JC__BUNDLE_KIND__BUNDLE_KIND_RECEIPT;
    part.device_id = response->device_id;
    part.results = response->results;
    part.n_results = response->n_results;
    part.receipt = response->receipt;
    CHECK_OK("receipt", jc_bundle_create(receipt, &writer, err), err);
    put_frame(writer, JC_BUNDLE_HEADER, &header.base);
    put_frame(writer, JC_BUNDLE_RECEIPT, &part.base);
    put_end(writer);
    jc_buf_free(&body);
    return JC_OK;
}

static enum jc_code act_accept(struct jc_arena *arena, struct jc_err *err) {
    struct jc_terminal_accepted accepted;
    (void)arena;
    return jc_terminal_accept(held.terminal, receipt, &accepted, err);
}

/* --- the table ------------------------------------------------------------------------------------------------------- */

typedef enum jc_code act(struct jc_arena *arena, struct jc_err *err);

static const struct kind {
    const char *name;
    act *before; /* done whole beforehand; or NULL */
    act *act;
    bool once; /* done already, it is refused */
} KINDS[] = {
    {"begin", NULL, act_begin, true},
    {"draft", NULL, act_draft, false},
    {"submit", NULL, act_submit, false},
    {"return", NULL, act_return, true},
    {"void number", NULL, act_void, true},
    {"hand over", act_begin, act_hand_over, false},
    {"take over", NULL, act_take_over, false},
    {"take back", act_hand_over, act_take_back, true},
    {"bundle", act_submit, act_bundle, false},
    {"sync", act_submit, act_sync, false},
    {"sync what is carried", act_take_over, act_sync, false},
    {"check", act_sync, act_check, false},
    {"tasks", act_submit, act_list, false},
    {"upload", act_photo, act_upload, false},
    {"accept", act_office, act_accept, false},
};

/* A store in which `before` is done; its counts. */
static struct counts arrange(const struct kind *kind) {
    struct jc_arena *arena = jc_arena_new(256 << 20);
    struct jc_err err = {0};
    fresh_store();
    if (kind->before)
        CHECK_OK(kind->name, kind->before(arena, &err), &err);
    jc_arena_free(arena);
    return count(kind->name);
}

/* Behind the failure: whole or absent, again, and once at the server. */
static void conclude(const struct kind *kind, const char *label, struct counts before, struct counts after, bool done) {
    struct jc_arena *arena = jc_arena_new(256 << 20);
    struct jc_err err = {0};
    CHECK_OK(label, jc_db_check(held.terminal->db, found_problem, (void *)label, &err), &err);
    struct counts now = count(label);
    bool is_after = same(now, after);
    CHECK(label, is_after || (!done && same(now, before)));
    int64_t stored = jc_test_number(field.db, "SELECT COUNT(*) FROM operation WHERE inspector_id = 'a1'");
    if (!is_after || !kind->once) {
        enum jc_code code = kind->act(arena, &err);
        if (code)
            fail_msg("case %s: again: %s (%s)", label, jc_code_name(code), err.detail);
    }
    CHECK_OK(label, act_sync(arena, &err), &err);
    int64_t arrived = jc_test_number(field.db, "SELECT COUNT(*) FROM operation WHERE inspector_id = 'a1'") - stored;
    struct jc_terminal_wipe_state state;
    CHECK_OK(label, jc_terminal_safe_to_wipe(held.terminal, &state, &err), &err);
    CHECK_INT(label, state.unsent + state.unproven + state.carried, 0);
    CHECK(label, arrived <= count(label).operations);
    CHECK_INT(label, jc_test_number(field.db, "SELECT COUNT(*) FROM operation WHERE reason_args LIKE 'SEAL%'"), 0);
    jc_arena_free(arena);
}

/* --- memory and files --------------------------------------------------------------------------------------------- */

static struct counts learn(const struct kind *kind) {
    struct jc_arena *arena = jc_arena_new(256 << 20);
    struct jc_err err = {0};
    arrange(kind);
    CHECK_OK(kind->name, kind->act(arena, &err), &err);
    struct counts after = count(kind->name);
    close_store();
    jc_arena_free(arena);
    return after;
}

static void test_memory(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(KINDS); i++) {
        const struct kind *kind = &KINDS[i];
        struct counts after = learn(kind);
        enum jc_code code = JC_UNKNOWN;
        for (uint64_t nth = 1; code != JC_OK; nth += (uint64_t)step()) {
            struct jc_arena *arena = jc_arena_new(256 << 20);
            struct jc_err err = {0};
            char label[128];
            snprintf(label, sizeof label, "%s, memory %llu", kind->name, (unsigned long long)nth);
            struct counts before = arrange(kind);
            jc_alloc_fail_at(nth);
            code = kind->act(arena, &err);
            jc_alloc_fail_at(0);
            if (code && code != JC_RESOURCE_EXHAUSTED)
                fail_msg("case %s: %s, expected resource_exhausted (%s)", label, jc_code_name(code), err.detail);
            conclude(kind, label, before, after, code == JC_OK);
            close_store();
            jc_arena_free(arena);
        }
    }
}

static const int CALLS = JC_FAULT_WRITES | JC_FAULT_SYNCS | JC_FAULT_READS | JC_FAULT_OPENS | JC_FAULT_TRUNCATES;

static void test_files(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(KINDS); i++) {
        const struct kind *kind = &KINDS[i];
        struct counts after = learn(kind);
        bool fired = true;
        for (long nth = 1; fired; nth += step()) {
            struct jc_arena *arena = jc_arena_new(256 << 20);
            struct jc_err err = {0};
            char label[128];
            snprintf(label, sizeof label, "%s, file call %ld", kind->name, nth);
            struct counts before = arrange(kind);
            close_store();
            open_store(); /* nothing is in memory: reads happen */
            jc_fault_arm(CALLS, nth, nth % 2 == 0, nth % 3 ? 0 : SQLITE_FULL);
            enum jc_code code = kind->act(arena, &err);
            fired = jc_fault_disarm();
            CHECK(label, fired || code == JC_OK);
            close_store();
            open_store();
            conclude(kind, label, before, after, code == JC_OK);
            close_store();
            jc_arena_free(arena);
        }
    }
}

/* --- the bureau ------------------------------------------------------------------------------------------------------ */

/* A colleague's file for a1: the task at u2, begun. */
static void make_stick(void) {
    struct handheld other;
    struct jc_terminal_work work;
    struct jc_terminal_given given;
    struct jc_err err = {0};
    const char *persons[] = {"a2", "a3"};
    const struct jc_terminal_arrival arrival = {task_2, field.now_ms, persons, 2};
    const struct jc_terminal_giving giving = {task_2, JC_STR("a1"), JC_STR(""), stick};
    handheld_open(&other, &field, "a2");
    handheld_sync(&other);
    CHECK_OK("begin", jc_terminal_begin(other.terminal, &arrival, field.arena, &work, &err), &err);
    CHECK_OK("hand over", jc_terminal_hand_over(other.terminal, &giving, &given, &err), &err);
    jc_terminal_close(other.terminal);
}

static enum jc_code token_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_terminal_self self;
    (void)ctx;
    enum jc_code code = jc_terminal_self_enrolled(tx, field.arena, &self, err);
    token = self.token;
    return code;
}

static void read_token(void) {
    struct jc_err err = {0};
    CHECK_OK("token", jc_terminal_read(held.terminal, token_job, NULL, &err), &err);
}

static int set_up(void **state) {
    struct jc_err err = {0};
    (void)state;
    jc_test_folder(folder);
    snprintf(template_path, sizeof template_path, "%s/template.db", folder);
    snprintf(path, sizeof path, "%s/sweep.db", folder);
    snprintf(file, sizeof file, "%s/file.jcb", folder);
    snprintf(stick, sizeof stick, "%s/stick.jcb", folder);
    snprintf(receipt, sizeof receipt, "%s/receipt.jcb", folder);
    snprintf(photo, sizeof photo, "%s/photo.jpg", folder);
    jc_fault_register();
    field_open(&field);
    handheld_open_at(&held, &field, "a1", template_path);
    handheld_sync(&held);
    task_1 = task_at("u1");
    task_2 = task_at("u2");
    held.transport.exchange = take_blob;
    read_token();
    close_store();
    CHECK_OK("photo", jc_file_write(photo, JC_STR("\xff\xd8\xff photo"), 0600, &err), &err);
    make_stick();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    field_close(&field);
    jc_test_folder_remove(folder);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory), cmocka_unit_test(test_files)};
    return cmocka_run_group_tests_name("terminal_sweep", tests, set_up, tear_down);
}
