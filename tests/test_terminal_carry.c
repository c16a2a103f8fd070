/* Without a network: work begun (drafts), unsent work as a file and its receipt back (bundles), and whether the device
 * may be given away (wipe). */
#include "terminal_fake.h"

#include "base/bundle.h"
#include "base/file.h"
#include "jiancha/v1/bundle.pb-c.h"

static struct jc_terminal_work submit(struct bench *bench, uint8_t task) {
    struct draft draft;
    struct jc_terminal_work work;
    draft_init(&draft, task);
    CHECK_OK("submit", draft_submit(bench, &draft, &work), &bench->err);
    return work;
}

static struct jc_terminal_sync_result sync_now(struct bench *bench) {
    struct jc_terminal_sync_result result;
    CHECK_OK("sync", bench_sync(bench, &result), &bench->err);
    return result;
}

static struct jc_terminal_wipe_state wipe_state(struct bench *bench) {
    struct jc_terminal_wipe_state state;
    CHECK_OK("state", jc_terminal_safe_to_wipe(bench->terminal, &state, &bench->err), &bench->err);
    return state;
}

/* --- drafts -------------------------------------------------------------------------------------------------------- */

static struct jc_terminal_saved *drafts(struct bench *bench, size_t expected) {
    struct jc_terminal_saved *list;
    size_t count;
    CHECK_OK("drafts", jc_terminal_drafts(bench->terminal, bench->arena, &list, &count, &bench->err), &bench->err);
    assert_int_equal(count, expected);
    return list;
}

static void draft_survives_and_becomes_the_record(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_uuid id, again;
    struct jc_terminal_work arrival, work;
    const char *persons[] = {"i1", "i2"};
    const struct jc_terminal_arrival arrive = {fake_id(1), bench->now_ms, persons, 2};
    CHECK_OK("begin", jc_terminal_begin(bench->terminal, &arrive, bench->arena, &arrival, &bench->err), &bench->err);
    draft_init(&draft, 1);
    draft.message.n_findings = 0;
    draft.message.signature = NULL; /* far from complete */
    CHECK_OK("save", jc_terminal_draft_save(bench->terminal, &draft.draft, bench->arena, &id, &bench->err),
             &bench->err);
    assert_memory_equal(id.bytes, arrival.subject.id.bytes, 16);
    bench_reopen(bench); /* the battery was flat */
    struct jc_terminal_saved *saved = drafts(bench, 1);
    CHECK_STR("unit", saved->unit_id, "hn-001");
    assert_int_equal(saved->inspection->n_checklist_results, 2);
    assert_string_equal(saved->inspection->checklist_results[1]->note, "未签订");
    draft_init(&draft, 1);
    CHECK_OK("save again", jc_terminal_draft_save(bench->terminal, &draft.draft, bench->arena, &again, &bench->err),
             &bench->err);
    assert_memory_equal(id.bytes, again.bytes, 16);
    saved = drafts(bench, 1);
    assert_int_equal(saved->inspection->n_findings, 2);
    const struct jc_terminal_draft whole = {.inspection = saved->inspection};
    CHECK_OK("submit", jc_terminal_submit(bench->terminal, &whole, bench->arena, &work, &bench->err), &bench->err);
    assert_memory_equal(id.bytes, work.subject.id.bytes, 16);
    drafts(bench, 0);
}

static void drafts_have_no_rules_but_text(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_uuid id, other;
    draft_init(&draft, 0);
    draft.message.n_inspector_ids = 0;
    draft.end.seconds = draft.start.seconds - 5;
    CHECK_OK("ad hoc", jc_terminal_draft_save(bench->terminal, &draft.draft, bench->arena, &id, &bench->err),
             &bench->err);
    draft.message.inspection_id.len = 0;
    CHECK_OK("another", jc_terminal_draft_save(bench->terminal, &draft.draft, bench->arena, &other, &bench->err),
             &bench->err);
    drafts(bench, 2);
    draft.message.notes = (char *)"\xff\xfe";
    assert_int_equal(jc_terminal_draft_save(bench->terminal, &draft.draft, bench->arena, &other, &bench->err),
                     JC_INVALID_ARGUMENT);
    draft_init(&draft, 77);
    assert_int_equal(jc_terminal_draft_save(bench->terminal, &draft.draft, bench->arena, &other, &bench->err),
                     JC_NOT_FOUND);
    assert_int_equal(wipe_state(bench).drafts, 2);
    CHECK_OK("drop", jc_terminal_draft_drop(bench->terminal, id, &bench->err), &bench->err);
    assert_int_equal(jc_terminal_draft_drop(bench->terminal, id, &bench->err), JC_NOT_FOUND);
    drafts(bench, 1);
}

/* --- the office that takes a bundle in ----------------------------------------------------------------------------- */

struct office {
    struct bench *bench;
    char stick[JC_TEST_PATH + 32], receipt[JC_TEST_PATH + 32];
    int operations, blobs;
    int64_t blob_bytes;
};

static void office_init(struct office *office, struct bench *bench) {
    *office = (struct office){.bench = bench};
    snprintf(office->stick, sizeof office->stick, "%s/stick.jcb", bench->folder);
    snprintf(office->receipt, sizeof office->receipt, "%s/receipt.jcb", bench->folder);
}

static ProtobufCMessage *unpacked(struct bench *bench, const ProtobufCMessageDescriptor *type, struct jc_str bytes) {
    ProtobufCMessage *message;
    CHECK_OK(type->name, jc_message_unpack(type, bytes, bench->arena, &message, &bench->err), &bench->err);
    return message;
}

static void write_frame(struct bench *bench, struct jc_bundle_writer *writer, enum jc_bundle_frame_type type,
                        const ProtobufCMessage *message) {
    struct jc_str bytes;
    CHECK_OK("pack", jc_message_pack(message, bench->arena, &bytes, &bench->err), &bench->err);
    CHECK_OK("write", jc_bundle_write(writer, type, bytes, &bench->err), &bench->err);
}

/* One frame of operations is one request to the fake; its receipt is one frame of the answer. */
static void office_take(struct office *office, struct jc_bundle_writer *writer, struct jc_str payload) {
    struct bench *bench = office->bench;
    struct fake *fake = &bench->fake;
    const Jc__BundleOperations *frame =
        (Jc__BundleOperations *)unpacked(bench, &jc__bundle_operations__descriptor, payload);
    Jc__SyncRequest request = JC__SYNC_REQUEST__INIT;
    Jc__SyncResponse response = JC__SYNC_RESPONSE__INIT;
    Jc__Receipt receipt = JC__RECEIPT__INIT;
    Jc__BundleReceipt answer = JC__BUNDLE_RECEIPT__INIT;
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    uint8_t head[32] = {7};
    struct jc_uuid device = fake_id((uint8_t)(199 + fake->sender));
    request.operations = frame->operations;
    request.n_operations = frame->n_operations;
    office->operations += (int)frame->n_operations;
    fake_check_proofs(fake, &request);
    fake_results(fake, &request, &response, &receipt, bench->arena);
    time.seconds = fake->now_ms / 1000;
    receipt.agency_id = (char *)(uintptr_t)fake->agency_id;
    receipt.server_time = &time;
    receipt.backed_up_through = fake->backed_up_through;
    receipt.chain_length = (int64_t)fake->operation_count;
    receipt.chain_head = (ProtobufCBinaryData){sizeof head, head};
    fake_sign(fake, &receipt, bench->arena);
    answer.device_id = (ProtobufCBinaryData){16, device.bytes};
    answer.results = response.results;
    answer.n_results = response.n_results;
    answer.receipt = &receipt;
    answer.server_keys = fake_keys(fake, 0, &answer.n_server_keys, bench->arena);
    write_frame(bench, writer, JC_BUNDLE_RECEIPT, &answer.base);
}

static void office_look(struct office *office, struct jc_bundle_writer *writer, struct jc_bundle_reader *reader,
                        const struct jc_bundle_frame *frame) {
    struct bench *bench = office->bench;
    uint8_t sha256[JC_SHA256_SIZE];
    switch (frame->type) {
    case JC_BUNDLE_HEADER: {
        const Jc__BundleHeader *header =
            (Jc__BundleHeader *)unpacked(bench, &jc__bundle_header__descriptor, frame->payload);
        assert_int_equal(header->kind, JC__BUNDLE_KIND__BUNDLE_KIND_UNSENT);
        assert_string_equal(header->agency_id, "huainan");
        assert_memory_equal(header->public_key.data, bench->fake.public_key, 32);
        bench->fake.sender = header->device_id.data[15] - 199;
        break;
    }
    case JC_BUNDLE_OPERATIONS:
        office_take(office, writer, frame->payload);
        break;
    case JC_BUNDLE_BLOB:
        office->blobs++;
        break;
    case JC_BUNDLE_BLOB_BYTES:
        office->blob_bytes += (int64_t)frame->payload.len;
        break;
    case JC_BUNDLE_END: {
        const Jc__BundleEnd *end = (Jc__BundleEnd *)unpacked(bench, &jc__bundle_end__descriptor, frame->payload);
        jc_bundle_hash(reader, sha256);
        assert_memory_equal(end->sha256.data, sha256, 32);
        assert_true(jc_bundle_signed(sha256, end->signature.data, bench->fake.public_key));
        break;
    }
    default:
        fail_msg("frame of type %d", frame->type);
    }
}

/* What `jiancha ingest STICK --receipt RECEIPT` does. */
static void office_ingest(struct office *office, Jc__BundleKind kind) {
    struct bench *bench = office->bench;
    struct jc_bundle_reader *reader;
    struct jc_bundle_writer *writer;
    struct jc_bundle_frame frame = {0};
    Jc__BundleHeader header = JC__BUNDLE_HEADER__INIT;
    Jc__BundleEnd end = JC__BUNDLE_END__INIT;
    struct fake_key *key = &bench->fake.keys[bench->fake.key_count - 1];
    uint8_t sha256[JC_SHA256_SIZE], signature[JC_SIGNATURE_SIZE];
    struct jc_str bytes;
    header.kind = kind;
    CHECK_OK("stick", jc_bundle_open(office->stick, &reader, &bench->err), &bench->err);
    CHECK_OK("receipt", jc_bundle_create(office->receipt, &writer, &bench->err), &bench->err);
    write_frame(bench, writer, JC_BUNDLE_HEADER, &header.base);
    while (frame.type != JC_BUNDLE_END) {
        CHECK_OK("frame", jc_bundle_next(reader, &frame, &bench->err), &bench->err);
        office_look(office, writer, reader, &frame);
    }
    jc_bundle_close(reader);
    jc_bundle_written_hash(writer, sha256);
    jc_bundle_sign(sha256, key->secret_key, signature);
    end.sha256 = (ProtobufCBinaryData){32, sha256};
    end.signature = (ProtobufCBinaryData){64, signature};
    end.key_id = (ProtobufCBinaryData){8, key->key_id};
    CHECK_OK("pack", jc_message_pack(&end.base, bench->arena, &bytes, &bench->err), &bench->err);
    CHECK_OK("finish", jc_bundle_finish(writer, bytes, &bench->err), &bench->err);
}

/* --- bundles -------------------------------------------------------------------------------------------------------- */

static enum jc_code bundle(struct office *office, bool photos, struct jc_terminal_bundled *out) {
    return jc_terminal_bundle(office->bench->terminal, office->stick, photos, out, &office->bench->err);
}

static enum jc_code accept_receipt(struct office *office, struct jc_terminal_accepted *out) {
    return jc_terminal_accept(office->bench->terminal, office->receipt, out, &office->bench->err);
}

/* One photo of the site and of the first finding. */
static void photo_of(struct bench *bench, struct draft *draft, struct jc_str path[2], const char *content) {
    static Jc__Photo *list[2], of_finding;
    static uint8_t finding_id[JC_UUID_SIZE] = {1, 2, 3};
    char name[JC_TEST_PATH + 32];
    snprintf(name, sizeof name, "%s/photo.jpg", bench->folder);
    CHECK_OK("photo file", jc_file_write(name, jc_str(content), 0600, &bench->err), &bench->err);
    CHECK_OK("photo", jc_terminal_photo(name, bench->arena, &list[0], &bench->err), &bench->err);
    path[0] = path[1] = jc_arena_copy(bench->arena, jc_str(name));
    of_finding = *list[0];
    of_finding.finding_id = draft->findings[0].finding_id = (ProtobufCBinaryData){JC_UUID_SIZE, finding_id};
    list[1] = &of_finding;
    draft->message.photos = list;
    draft->message.n_photos = 2;
    draft->draft.photo_paths = path;
}

static void goes_by_stick_and_comes_back(void **state) {
    struct bench *bench = *state;
    struct office office;
    struct draft draft;
    struct jc_str path[2];
    struct jc_terminal_work work;
    struct jc_terminal_bundled bundled;
    struct jc_terminal_accepted accepted;
    office_init(&office, bench);
    fake_modern(&bench->fake);
    sync_now(bench);
    assert_int_equal(bundle(&office, true, &bundled), JC_FAILED_PRECONDITION); /* nothing to carry */
    draft_init(&draft, 1);
    photo_of(bench, &draft, path, "\xff\xd8\xff photo");
    CHECK_OK("submit", draft_submit(bench, &draft, &work), &bench->err);
    submit(bench, 2);
    CHECK_OK("bundle", bundle(&office, true, &bundled), &bench->err);
    assert_int_equal(bundled.operations, 2);
    assert_int_equal(bundled.blobs, 1);
    assert_int_equal(wipe_state(bench).unsent, 2); /* nothing has changed here */
    office_ingest(&office, JC__BUNDLE_KIND__BUNDLE_KIND_RECEIPT);
    assert_int_equal(office.operations, 2);
    assert_int_equal(office.blobs, 1);
    assert_int_equal(office.blob_bytes, 9);
    assert_int_equal(jc_terminal_accept(bench->terminal, office.stick, &accepted, &bench->err), JC_INVALID_ARGUMENT);
    assert_int_equal(bench->err.what, JC_MSG_TERM_BUNDLE_NO_RECEIPT); /* the other file on the stick, not another key */
    CHECK_OK("accept", accept_receipt(&office, &accepted), &bench->err);
    assert_int_equal(accepted.settled, 2);
    CHECK_OK("accept again", accept_receipt(&office, &accepted), &bench->err);
    assert_int_equal(accepted.settled, 0);
    assert_int_equal(accepted.already, 2);
    struct jc_terminal_wipe_state left = wipe_state(bench);
    assert_int_equal(left.unsent + left.unproven, 0);
    assert_int_equal(sync_now(bench).sent, 0);
    assert_int_equal(bench->fake.operation_count, 2);
}

/* The net was faster, or the stick was: one record either way. */
static void stick_and_net_are_one(void **state) {
    struct bench *bench = *state;
    struct office office;
    struct jc_terminal_bundled bundled;
    struct jc_terminal_accepted accepted;
    office_init(&office, bench);
    fake_modern(&bench->fake);
    sync_now(bench);
    submit(bench, 1);
    CHECK_OK("bundle", bundle(&office, false, &bundled), &bench->err);
    office_ingest(&office, JC__BUNDLE_KIND__BUNDLE_KIND_RECEIPT);
    assert_int_equal(sync_now(bench).sent, 1);
    assert_int_equal(bench->fake.operation_count, 1);
    assert_int_equal(bench->fake.operations[0].seen, 2);
    CHECK_OK("accept", accept_receipt(&office, &accepted), &bench->err);
    assert_int_equal(accepted.already, 1);
}

static void changed_photo_stays_out(void **state) {
    struct bench *bench = *state;
    struct office office;
    struct draft draft;
    struct jc_str path[2];
    struct jc_terminal_work work;
    struct jc_terminal_bundled bundled;
    office_init(&office, bench);
    draft_init(&draft, 1);
    photo_of(bench, &draft, path, "\xff\xd8\xff photo");
    CHECK_OK("submit", draft_submit(bench, &draft, &work), &bench->err);
    CHECK_OK("other", jc_file_write(path[0].ptr, JC_STR("something else"), 0600, &bench->err), &bench->err);
    CHECK_OK("bundle", bundle(&office, true, &bundled), &bench->err);
    assert_int_equal(bundled.blobs, 0);
    assert_int_equal(bundled.blobs_missing, 1);
    assert_int_equal(bundled.operations, 1);
}

static void receipt_cut_or_altered_settles_nothing(void **state) {
    struct bench *bench = *state;
    struct office office;
    struct jc_terminal_bundled bundled;
    struct jc_terminal_accepted accepted;
    struct jc_str whole;
    office_init(&office, bench);
    fake_modern(&bench->fake);
    sync_now(bench);
    submit(bench, 1);
    CHECK_OK("bundle", bundle(&office, false, &bundled), &bench->err);
    office_ingest(&office, JC__BUNDLE_KIND__BUNDLE_KIND_RECEIPT);
    CHECK_OK("read", jc_file_read(office.receipt, 1 << 20, bench->arena, &whole, &bench->err), &bench->err);
    for (size_t at = 0; at < whole.len; at++) {
        char name[64];
        char *altered = jc_arena_alloc(bench->arena, whole.len);
        memcpy(altered, whole.ptr, whole.len);
        altered[at] ^= 1;
        snprintf(name, sizeof name, "byte %zu of %zu", at, whole.len);
        FILE *file = fopen(office.receipt, "wb");
        assert_int_equal(fwrite(altered, 1, whole.len, file), whole.len);
        fclose(file);
        CHECK(name, accept_receipt(&office, &accepted) != JC_OK);
        file = fopen(office.receipt, "wb");
        assert_int_equal(fwrite(whole.ptr, 1, at, file), at);
        fclose(file);
        CHECK(name, accept_receipt(&office, &accepted) != JC_OK);
    }
    assert_int_equal(wipe_state(bench).unsent, 1);
    FILE *file = fopen(office.receipt, "wb");
    assert_int_equal(fwrite(whole.ptr, 1, whole.len, file), whole.len);
    fclose(file);
    CHECK_OK("whole", accept_receipt(&office, &accepted), &bench->err);
    assert_int_equal(accepted.settled, 1);
}

static void takes_no_other_file(void **state) {
    struct bench *bench = *state;
    struct office office;
    struct jc_terminal_bundled bundled;
    struct jc_terminal_accepted accepted;
    office_init(&office, bench);
    submit(bench, 1);
    CHECK_OK("bundle", bundle(&office, false, &bundled), &bench->err);
    snprintf(office.receipt, sizeof office.receipt, "%s", office.stick);
    assert_int_equal(accept_receipt(&office, &accepted), JC_FAILED_PRECONDITION); /* no key is known here */
    fake_modern(&bench->fake);
    sync_now(bench);
    assert_int_not_equal(accept_receipt(&office, &accepted), JC_OK);
    office_init(&office, bench);
    submit(bench, 2);
    CHECK_OK("bundle", bundle(&office, false, &bundled), &bench->err);
    office_ingest(&office, JC__BUNDLE_KIND__BUNDLE_KIND_EVIDENCE);
    assert_int_equal(accept_receipt(&office, &accepted), JC_INVALID_ARGUMENT);
}

/* What the others did is theirs to carry. */
static void carries_the_holders_own_work(void **state) {
    struct bench *bench = *state;
    struct office office;
    struct jc_terminal_bundled bundled;
    struct jc_terminal_holder holder;
    office_init(&office, bench);
    submit(bench, 1);
    bench->fake.inspector_id = "i2";
    CHECK_OK("second", bench_enroll(bench, true), &bench->err);
    assert_int_equal(bundle(&office, false, &bundled), JC_FAILED_PRECONDITION);
    assert_int_equal(bundled.left_out, 1);
    CHECK_OK("switch", jc_terminal_switch(bench->terminal, JC_STR("i1"), bench->arena, &holder, &bench->err),
             &bench->err);
    CHECK_OK("bundle", bundle(&office, false, &bundled), &bench->err);
    assert_int_equal(bundled.operations, 1);
}

/* --- wiping ----------------------------------------------------------------------------------------------------------- */

static void wipes_when_nothing_is_lost(void **state) {
    struct bench *bench = *state;
    struct jc_uuid id;
    struct draft draft;
    struct jc_terminal_holder holder;
    fake_modern(&bench->fake);
    sync_now(bench);
    assert_true(wipe_state(bench).safe);
    submit(bench, 1);
    assert_int_equal(wipe_state(bench).unsent, 1);
    assert_int_equal(jc_terminal_wipe(bench->terminal, &bench->err), JC_FAILED_PRECONDITION);
    sync_now(bench);
    assert_int_equal(wipe_state(bench).not_backed_up, 1);
    bench->fake.backed_up_through = 1;
    sync_now(bench);
    draft_init(&draft, 0);
    CHECK_OK("draft", jc_terminal_draft_save(bench->terminal, &draft.draft, bench->arena, &id, &bench->err),
             &bench->err);
    assert_int_equal(jc_terminal_wipe(bench->terminal, &bench->err), JC_FAILED_PRECONDITION);
    CHECK_OK("drop", jc_terminal_draft_drop(bench->terminal, id, &bench->err), &bench->err);
    CHECK_OK("wipe", jc_terminal_wipe(bench->terminal, &bench->err), &bench->err);
    assert_int_equal(access(bench->path, F_OK), -1);
    bench_reopen(bench); /* a new one */
    assert_int_equal(jc_terminal_holder(bench->terminal, bench->arena, &holder, &bench->err), JC_FAILED_PRECONDITION);
}

static void unsigned_receipts_are_not_enough(void **state) {
    struct bench *bench = *state;
    submit(bench, 1);
    sync_now(bench);
    assert_int_equal(wipe_state(bench).unproven, 1);
    assert_int_equal(jc_terminal_wipe(bench->terminal, &bench->err), JC_FAILED_PRECONDITION);
}

int main(void) {
    assert_true(jc_id_init());
    const struct CMUnitTest tests[] = {
        WITH_BENCH(draft_survives_and_becomes_the_record),
        WITH_BENCH(drafts_have_no_rules_but_text),
        WITH_BENCH(goes_by_stick_and_comes_back),
        WITH_BENCH(stick_and_net_are_one),
        WITH_BENCH(changed_photo_stays_out),
        WITH_BENCH(receipt_cut_or_altered_settles_nothing),
        WITH_BENCH(takes_no_other_file),
        WITH_BENCH(carries_the_holders_own_work),
        WITH_BENCH(wipes_when_nothing_is_lost),
        WITH_BENCH(unsigned_receipts_are_not_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
