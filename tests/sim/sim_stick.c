/* The way without a network: the terminal writes a file, the office takes it (perhaps twice, perhaps not to its
 * end), and the receipt's file goes back, if nobody loses it. The files lie in a folder of the program's own; what
 * the office does is what `jiancha ingest` does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bundle.h"
#include "base/message.h"
#include "jiancha/v1/bundle.pb-c.h"
#include "sim/sim_people.h"
#include "sync/ingest.h"

struct office {
    struct sim_story *story;
    struct jc_arena *arena;
    struct jc_ingest ingest;
    struct jc_sync_prepared *prepared;
    struct jc_ingested part;
    struct jc_receipt_content content;
    struct jc_receipt_draft *draft;
    struct jc_bundle_writer *writer;
    Jc__ServerKey **keys;
    size_t key_count;
    int64_t operations;
};

static char folder[] = "/tmp/jiancha-sim-XXXXXX";

static const char *file(const char *name) {
    static char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void make_folder(void) {
    memcpy(strrchr(folder, '-') + 1, "XXXXXX", 6);
    if (!mkdtemp(folder)) {
        perror(folder);
        exit(2);
    }
}

static void clear(void) {
    unlink(file("work"));
    unlink(file("receipt"));
    rmdir(folder);
}

static enum jc_code put(struct office *office, enum jc_bundle_frame_type type, const ProtobufCMessage *message,
                        struct jc_err *err) {
    struct jc_str payload;
    enum jc_code code = jc_message_pack(message, office->arena, &payload, err);
    return code ? code : jc_bundle_write(office->writer, type, payload, err);
}

static enum jc_code admit_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct office *office = ctx;
    enum jc_code code = jc_ingest_admit(tx, SIM_AGENCY, &office->ingest, office->arena, err);
    return code ? code : jc_server_key_list(tx, office->arena, &office->keys, &office->key_count, err);
}

static enum jc_code apply_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct office *office = ctx;
    int64_t now_ms = office->story->world.now_ms;
    enum jc_code code =
        jc_ingest_apply(tx, &office->ingest, office->prepared, now_ms, office->arena, &office->part, err);
    office->content = (struct jc_receipt_content){
        .device_id = office->ingest.made_by, .operations = office->part.durable, .count = office->part.durable_count};
    return code ? code : jc_receipt_make(tx, SIM_AGENCY, now_ms, &office->content, office->arena, &office->draft, err);
}

static enum jc_code last_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct office *office = ctx;
    int64_t now_ms = office->story->world.now_ms;
    office->content = (struct jc_receipt_content){.device_id = office->ingest.made_by};
    enum jc_code code = jc_ingest_note(tx, &office->ingest, now_ms, JC_STR("office"), office->operations, err);
    return code ? code : jc_receipt_make(tx, SIM_AGENCY, now_ms, &office->content, office->arena, &office->draft, err);
}

/* One part of the receipt, once its commit is durable. */
static enum jc_code sign_part(struct office *office, jc_job *job, struct jc_err *err) {
    Jc__BundleReceipt part = JC__BUNDLE_RECEIPT__INIT;
    office->part = (struct jc_ingested){0};
    enum jc_code code = sim_server_write(&office->story->server, job, office, err);
    struct jc_signet signet;
    if (code)
        return code;
    signet = office->draft->signet;
    code = jc_receipt_complete(office->draft, office->arena, err);
    office->draft->signet = signet;
    part.device_id = office->ingest.header->device_id;
    part.receipt = office->draft->receipt;
    part.results = office->part.results;
    part.n_results = office->part.result_count;
    part.server_keys = office->keys;
    part.n_server_keys = office->key_count;
    office->operations += (int64_t)part.n_results;
    return code ? code : put(office, JC_BUNDLE_RECEIPT, &part.base, err);
}

static enum jc_code write_head(struct office *office, struct jc_err *err) {
    Jc__BundleHeader header = JC__BUNDLE_HEADER__INIT;
    header.kind = JC__BUNDLE_KIND__BUNDLE_KIND_RECEIPT;
    header.agency_id = office->ingest.header->agency_id;
    header.device_id = office->ingest.header->device_id;
    header.inspector_id = office->ingest.header->inspector_id;
    enum jc_code code = jc_bundle_create(file("receipt"), &office->writer, err);
    return code ? code : put(office, JC_BUNDLE_HEADER, &header.base, err);
}

static enum jc_code write_end(struct office *office, struct jc_err *err) {
    uint8_t sha256[JC_SHA256_SIZE], signature[JC_SIGNATURE_SIZE];
    const struct jc_signet *signet = &office->draft->signet;
    Jc__BundleEnd end = JC__BUNDLE_END__INIT;
    struct jc_str payload;
    jc_bundle_written_hash(office->writer, sha256);
    jc_bundle_sign(sha256, signet->secret_key, signature);
    end.sha256 = (ProtobufCBinaryData){sizeof sha256, sha256};
    end.signature = (ProtobufCBinaryData){sizeof signature, signature};
    end.key_id = (ProtobufCBinaryData){JC_KEY_ID_SIZE, (uint8_t *)(uintptr_t)signet->key_id};
    enum jc_code code = jc_message_pack(&end.base, office->arena, &payload, err);
    if (code)
        return code;
    struct jc_bundle_writer *writer = office->writer;
    office->writer = NULL;
    return jc_bundle_finish(writer, payload, err);
}

static enum jc_code take(struct office *office, struct jc_err *err) {
    struct jc_bundle_frame frame = {0};
    enum jc_code code = jc_ingest_check(office->ingest.reader, office->arena, &office->ingest, err);
    if (!code)
        code = sim_server_read(&office->story->server, admit_job, office, err);
    if (!code)
        code = write_head(office, err);
    while (!code && frame.type != JC_BUNDLE_END) {
        code = jc_bundle_next(office->ingest.reader, &frame, err);
        if (code || frame.type != JC_BUNDLE_OPERATIONS)
            continue;
        code = jc_ingest_unpack(&office->ingest, &frame, office->arena, &office->prepared, err);
        if (!code)
            code = sign_part(office, apply_job, err);
    }
    if (!code)
        code = sign_part(office, last_job, err);
    return code ? code : write_end(office, err);
}

static enum jc_code ingest(struct sim_story *story) {
    struct office office = {.story = story, .arena = jc_arena_new(64 << 20)};
    struct jc_err err = {0};
    enum jc_code code = jc_bundle_open(file("work"), &office.ingest.reader, &err);
    if (!code)
        code = take(&office, &err);
    sim_tell(&story->world, "office takes a file: %s %s, %lld operations", jc_code_name(code), sim_words(&err),
             (long long)office.operations);
    jc_bundle_abort(office.writer);
    jc_bundle_close(office.ingest.reader);
    jc_arena_free(office.arena);
    return code;
}

void sim_stick_carried(struct sim_story *story, struct sim_terminal *terminal) {
    struct jc_terminal_bundled bundled;
    struct jc_terminal_accepted accepted = {0};
    struct jc_err err = {0};
    struct sim_random *random = &story->world.people;
    if (!sim_terminal_is_idle(terminal) || !terminal->enrolled)
        return;
    make_folder();
    enum jc_code code = jc_terminal_bundle(terminal->store, file("work"), false, &bundled, &err);
    bool twice = sim_chance(random, 200), lost = sim_chance(random, 300);
    if (sim_terminal_survived(terminal) && code == JC_OK) {
        sim_tell(&story->world, "T%d bundles %lld operations", terminal->index, (long long)bundled.operations);
        story->sticks++;
        code = ingest(story);
        if (twice)
            code = ingest(story);
        if (code == JC_OK && !lost && sim_terminal_is_idle(terminal)) {
            code = jc_terminal_accept(terminal->store, file("receipt"), &accepted, &err);
            sim_tell(&story->world, "T%d accepts a receipt: %s %s, %lld settled", terminal->index, jc_code_name(code),
                     sim_words(&err), (long long)accepted.settled);
        }
        if (sim_terminal_survived(terminal))
            sim_check_terminal(&story->judge, terminal);
    }
    clear();
}

/* --- between terminals --------------------------------------------------------------------------------------------- */

static bool give(struct sim_story *story, struct sim_terminal *from, const struct sim_terminal *to) {
    struct jc_terminal_giving giving = {.to_inspector_id = jc_str(to->inspector_id), .path = file("work")};
    struct jc_terminal_given given = {0};
    struct jc_err err = {0};
    jc_arena_reset(from->arena);
    const Jc__Task *task = sim_inspector_task(story, from, false);
    if (!task)
        return false;
    memcpy(giving.task_id.bytes, task->task_id.data, sizeof giving.task_id.bytes);
    enum jc_code code = jc_terminal_hand_over(from->store, &giving, &given, &err);
    sim_tell(&story->world, "T%d hands over to %s: %s", from->index, to->inspector_id, jc_code_name(code));
    if (code == JC_OK)
        sim_judge_made(&story->judge, from, &(struct jc_terminal_work){.operation_id = given.operation_id});
    return sim_terminal_survived(from) && code == JC_OK;
}

void sim_stick_handed_over(struct sim_story *story, struct sim_terminal *from, struct sim_terminal *to) {
    struct jc_terminal_taken taken;
    struct jc_err err = {0};
    if (from == to || !sim_terminal_is_idle(from) || !sim_terminal_is_idle(to) || !from->enrolled || !to->enrolled)
        return;
    make_folder();
    if (give(story, from, to) && !sim_chance(&story->world.people, 150)) { /* some are lost on the way */
        jc_arena_reset(to->arena);
        enum jc_code code = jc_terminal_take_over(to->store, file("work"), to->arena, &taken, &err);
        sim_tell(&story->world, "T%d takes over: %s %s", to->index, jc_code_name(code), sim_words(&err));
        story->given += code == JC_OK;
        if (sim_terminal_survived(to))
            sim_check_terminal(&story->judge, to);
    }
    clear();
}
