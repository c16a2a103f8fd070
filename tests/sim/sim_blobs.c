/* A transfer is fed by events of its own and freed by the last of them. Between two of them the server may have died:
 * then nothing of the request is left but the event that is still to come. */
#include "sim/sim_blobs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "blob/collect.h"
#include "sim/sim_server.h"

enum { TRANSFER_MEMORY = 8 << 20, LATE_MS = 45000, BLOB_MAX_BYTES = 1 << 20, BLOBS_MAX = 4096 };

static const char DIR[] = "/sim-server/blobs";

struct sim_transfer {
    struct sim_server *server;
    struct sim_transfer *next;
    struct jc_tus *tus; /* NULL: the server died */
    struct jc_buf body;
    size_t taken;
    bool cut;
    sim_blob_answered *tell;
    void *ctx;
};

/* --- life ------------------------------------------------------------------------------------------------------------- */

enum jc_code sim_blobs_open(struct sim_server *server, struct jc_err *err) {
    struct sim_blobs *blobs = &server->blobs;
    enum jc_code code = jc_blob_folder_open(DIR, &blobs->folder, err);
    if (code)
        return code;
    blobs->holds = jc_holds_new(blobs->folder);
    blobs->desk = (struct jc_tus_desk){.db = server->db,
                                       .folder = blobs->folder,
                                       .holds = blobs->holds,
                                       .blob_max_bytes = BLOB_MAX_BYTES,
                                       .daily_max_bytes = (int64_t)BLOB_MAX_BYTES * BLOBS_MAX};
    return JC_OK;
}

void sim_blobs_close(struct sim_server *server) {
    struct sim_blobs *blobs = &server->blobs;
    for (struct sim_transfer *transfer = blobs->transfers; transfer; transfer = transfer->next) {
        jc_tus_free(transfer->tus);
        transfer->tus = NULL;
    }
    jc_holds_free(blobs->holds);
    jc_blob_folder_close(blobs->folder);
    blobs->holds = NULL;
    blobs->folder = NULL;
}

static void forget(struct sim_transfer *transfer) {
    struct sim_transfer **link = &transfer->server->blobs.transfers;
    while (*link != transfer)
        link = &(*link)->next;
    *link = transfer->next;
    jc_tus_free(transfer->tus);
    jc_buf_free(&transfer->body);
    free(transfer);
}

void sim_blobs_free(struct sim_server *server) {
    while (server->blobs.transfers)
        forget(server->blobs.transfers);
}

/* --- one request ---------------------------------------------------------------------------------------------------------- */

static void note_header(struct jc_transport_reply *reply, const char *name, const char *value) {
    int64_t number = 0;
    if (strcmp(name, "Upload-Offset") == 0 && jc_str_to_int64(jc_str(value), &number))
        reply->upload_offset = number;
    if (strcmp(name, "Location") == 0)
        memcpy(reply->location, value, strlen(value) + 1);
}

static void answer(struct sim_transfer *transfer) {
    struct jc_transport_reply reply = {.upload_offset = -1};
    struct jc_tus_answer answer;
    struct jc_buf body;
    char byte;
    jc_buf_init(&body, BLOB_MAX_BYTES);
    jc_tus_answer(transfer->tus, &answer);
    reply.status = answer.status;
    for (int i = 0; i < answer.header_count; i++)
        note_header(&reply, answer.headers[i].name, answer.headers[i].value);
    for (int64_t i = 0; answer.fd >= 0 && i < answer.byte_count; i++) {
        if (pread(answer.fd, &byte, 1, answer.first_byte + i) == 1)
            jc_buf_append(&body, &byte, 1);
    }
    if (answer.fd >= 0)
        close(answer.fd);
    if (!transfer->server->disk.dead)
        transfer->tell(transfer->ctx, &reply, jc_buf_str(&body));
    jc_buf_free(&body);
}

/* The body is whole, or the connection has gone. */
static void end(struct sim_transfer *transfer) {
    struct sim_server *server = transfer->server;
    if (transfer->cut) {
        jc_tus_abandon(transfer->tus);
    } else {
        jc_tus_finish(transfer->tus);
        answer(transfer);
    }
    forget(transfer);
    sim_server_survived(server);
}

static int64_t delay_of(struct sim_world *world) {
    if (world->faults & SIM_NETWORK && sim_chance(&world->network, 120))
        return sim_below(&world->network, LATE_MS);
    return sim_below(&world->network, 40);
}

/* The next bytes of the body arrive. */
static void arrive(void *ctx) {
    struct sim_transfer *transfer = ctx;
    struct sim_server *server = transfer->server;
    struct jc_str rest = jc_buf_str(&transfer->body);
    if (!transfer->tus) {
        forget(transfer);
        return;
    }
    rest = (struct jc_str){rest.ptr + transfer->taken, rest.len - transfer->taken};
    if (!rest.len) {
        end(transfer);
        return;
    }
    if (sim_chance(&server->world->network, 500))
        rest.len = 1 + (size_t)sim_below(&server->world->network, (int64_t)rest.len);
    transfer->taken += rest.len;
    if (jc_tus_take(transfer->tus, rest) || sim_chance(&server->world->network, 300))
        jc_tus_piece(transfer->tus);
    sim_after(server->world, delay_of(server->world), arrive, transfer);
    sim_server_survived(server);
}

/* The lines of a head; what they name is in `headers`. */
static struct jc_tus_head read_head(const struct sim_blob_request *request) {
    struct jc_tus_head head = {.method = jc_str(request->method), .path = jc_str(request->path)};
    const struct {
        const char *name;
        struct jc_str *value;
    } known[] = {
        {"Tus-Resumable", &head.resumable},
        {"Upload-Length", &head.upload_length},
        {"Upload-Offset", &head.upload_offset},
        {"Upload-Metadata", &head.upload_metadata},
        {"Upload-Checksum", &head.upload_checksum},
        {"Content-Type", &head.content_type},
        {"Range", &head.range},
    };
    struct jc_str lines = request->headers, line, name;
    while (lines.len && jc_str_cut(&lines, '\n', &line)) {
        struct jc_str value = line;
        if (!jc_str_cut(&value, ':', &name))
            continue;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            if (name.len == strlen(known[i].name) && strncasecmp(name.ptr, known[i].name, name.len) == 0)
                *known[i].value = jc_str_trim(value);
        }
    }
    return head;
}

void sim_blobs_call(struct sim_server *server, const struct sim_blob_request *request, sim_blob_answered *answered,
                    void *ctx) {
    struct sim_transfer *transfer = sim_alloc(NULL, sizeof *transfer);
    struct jc_tus_head head = read_head(request);
    *transfer = (struct sim_transfer){
        .server = server, .next = server->blobs.transfers, .cut = request->cut, .tell = answered, .ctx = ctx};
    jc_buf_init(&transfer->body, BLOB_MAX_BYTES);
    jc_buf_add(&transfer->body, request->body);
    transfer->tus =
        jc_tus_begin(&server->blobs.desk, jc_arena_new(TRANSFER_MEMORY), &head, request->token, server->world->now_ms);
    server->blobs.transfers = transfer;
    server->blobs.begun++;
    server->blobs.cut += request->cut;
    arrive(transfer);
}

/* --- what is left over ------------------------------------------------------------------------------------------------------ */

void sim_blobs_collect(struct sim_server *server) {
    struct jc_blob_collected collected;
    struct jc_err err = {0};
    if (!server->db)
        return;
    enum jc_code code = jc_blob_collect(server->db, server->blobs.folder, server->world->now_ms, &collected, &err);
    sim_tell(server->world, "server collects: %s, %lld expired, %lld removed, %lld adopted", jc_code_name(code),
             (long long)collected.expired, (long long)collected.removed, (long long)collected.adopted);
    if ((code == JC_INTERNAL || code == JC_DATA_LOSS) && !server->disk.dead)
        sim_fail(server->world, "I0", "collecting: %s: %s", jc_code_name(code), err.detail);
    sim_server_survived(server);
}
