/* The queue of photos (terminal/upload.c) and photos of others (terminal/blob.c) against a server in this process that
 * knows tus and GET, and misbehaves: cuts, forgets, loses, refuses. Everything said to it is checked in order. */
#include "terminal_fake.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "terminal/upload.h"

enum { UPLOADS = 8, CONTENT_MAX = 2 << 20 };

/* --- the server ------------------------------------------------------------------------------------------- */

struct there {
    char hex[2 * JC_SHA256_SIZE + 1];
    char type[64];
    int64_t size_bytes, offset;
    bool forgotten; /* the upload, not the blob */
    bool refused;   /* the whole is not what was announced */
};

static struct {
    struct there uploads[UPLOADS];
    int count;
    int64_t accept; /* of a PATCH, before its connection is cut; -1: all */
    int cuts;       /* as many PATCHes are cut */
    int down;       /* as many requests find nobody */
    struct jc_buf said;
    const char *content; /* of GET; NULL: 404 */
    int64_t content_bytes;
} server;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...) {
    char line[128];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    jc_buf_add(&server.said, jc_str(line));
    jc_buf_char(&server.said, '\n');
}

static const char *header(const struct jc_transport_exchange *asked, const char *name) {
    size_t len = strlen(name);
    for (const char *const *line = asked->headers; *line; line++)
        if (strncmp(*line, name, len) == 0 && (*line)[len] == ':')
            return *line + len + 2;
    return "";
}

/* The value of a key of Upload-Metadata. */
static void metadata(const char *list, const char *key, char *out, size_t size) {
    struct jc_str rest = jc_str(list), pair, name;
    out[0] = '\0';
    while (jc_str_cut(&rest, ',', &pair)) {
        size_t len = 0;
        if (!jc_str_cut(&pair, ' ', &name) || !jc_str_eq(name, jc_str(key)))
            continue;
        assert_true(jc_base64_space(pair.len) < size);
        assert_true(jc_base64_read(pair, out, &len));
        out[len] = '\0';
    }
}

static void post(const struct jc_transport_exchange *asked, struct jc_transport_reply *reply) {
    struct there *upload = &server.uploads[server.count];
    char hex[128];
    assert_true(server.count < UPLOADS);
    metadata(header(asked, "Upload-Metadata"), "sha256", hex, sizeof hex);
    metadata(header(asked, "Upload-Metadata"), "type", upload->type, sizeof upload->type);
    assert_int_equal(strlen(hex), sizeof upload->hex - 1);
    memcpy(upload->hex, hex, sizeof upload->hex);
    upload->size_bytes = strtoll(header(asked, "Upload-Length"), NULL, 10);
    say("POST %s %lld", upload->type, (long long)upload->size_bytes);
    snprintf(reply->location, sizeof reply->location, "/blobs/u/%d", server.count++);
    reply->status = 201;
    reply->upload_offset = upload->offset;
}

static enum jc_code append(const struct jc_transport_exchange *asked, struct there *upload,
                           struct jc_transport_reply *reply, struct jc_err *err) {
    int64_t offset = strtoll(header(asked, "Upload-Offset"), NULL, 10);
    reply->upload_offset = upload->offset;
    if (offset != upload->offset) {
        say("PATCH %lld: 409", (long long)offset);
        reply->status = 409;
        return JC_OK;
    }
    bool cut = server.cuts > 0 && server.cuts--;
    int64_t bytes = cut && server.accept < asked->bytes ? server.accept : asked->bytes;
    say("PATCH %lld+%lld%s", (long long)offset, (long long)bytes, cut ? " cut" : "");
    upload->offset += bytes;
    if (cut)
        return jc_fail(err, JC_UNAVAILABLE, JC_MSG_TERM_CUT, JC_STR("test"));
    reply->upload_offset = upload->offset;
    reply->status = upload->refused && upload->offset == upload->size_bytes ? 460 : 204;
    return JC_OK;
}

static void get(const struct jc_transport_exchange *asked, struct jc_transport_reply *reply) {
    int64_t first = 0, end = server.content_bytes;
    const char *range = header(asked, "Range");
    say("GET %s", range);
    reply->status = 404;
    if (!server.content)
        return;
    if (*range)
        first = strtoll(range + strlen("bytes="), NULL, 10);
    assert_int_equal(first, asked->offset);
    if (end - first > asked->bytes) /* the range's other end */
        end = first + asked->bytes;
    if (server.cuts > 0 && server.accept < end - first)
        end = first + server.accept;
    assert_true(end - first <= asked->bytes);
    assert_int_equal(pwrite(*asked->save_fd, server.content + first, (size_t)(end - first), first), end - first);
    reply->status = *range ? 206 : 200;
}

static enum jc_code exchange(void *ctx, const struct jc_transport_exchange *asked, struct jc_transport_reply *reply,
                             struct jc_err *err) {
    (void)ctx;
    *reply = (struct jc_transport_reply){.upload_offset = -1};
    if (server.down > 0) {
        server.down--;
        return jc_fail(err, JC_UNAVAILABLE, JC_MSG_TERM_UNREACHABLE, JC_STR("test"));
    }
    if (strcmp(asked->method, "POST") == 0) {
        post(asked, reply);
        return JC_OK;
    }
    if (strcmp(asked->method, "GET") == 0) {
        get(asked, reply);
        if (server.cuts > 0 && server.cuts--)
            return jc_fail(err, JC_UNAVAILABLE, JC_MSG_TERM_CUT, JC_STR("test"));
        return JC_OK;
    }
    struct there *upload = &server.uploads[atoi(asked->path + strlen("/blobs/u/"))];
    reply->status = upload->forgotten ? 404 : 200;
    reply->upload_offset = upload->forgotten ? -1 : upload->offset;
    if (strcmp(asked->method, "HEAD") == 0)
        say("HEAD %d", reply->status);
    return strcmp(asked->method, "PATCH") == 0 && !upload->forgotten ? append(asked, upload, reply, err) : JC_OK;
}

/* --- the terminal --------------------------------------------------------------------------------------------- */

static struct bench *bench;
static struct jc_transport transport = {.exchange = exchange};
static char content[CONTENT_MAX];

static int set_up(void **state) {
    memset(&server, 0, sizeof server);
    server.accept = -1;
    jc_buf_init(&server.said, 1 << 16);
    int failed = bench_set_up(state);
    bench = *state;
    return failed;
}

static int tear_down(void **state) {
    jc_buf_free(&server.said);
    return bench_tear_down(state);
}

struct queued {
    uint8_t sha256[JC_SHA256_SIZE];
    Jc__Photo photo;
    char path[2 * JC_TEST_PATH];
};

static enum jc_code queue_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct queued *queued = ctx;
    enum jc_code code =
        jc_tx_exec(tx, "INSERT INTO photo (subject_id, position, sha256, path) VALUES ($1, 0, $1, $2)",
                   JC_VALUES(jc_bytes(queued->sha256, JC_SHA256_SIZE), jc_text(jc_str(queued->path))), err);
    return code ? code : jc_terminal_upload_add(tx, &queued->photo, err);
}

/* A photo of so many bytes in a file, told apart by its size. */
static void describe(struct queued *queued, int64_t bytes, const char *type, Jc__BlobKind kind) {
    for (int64_t i = 0; i < bytes; i++)
        content[i] = (char)(i * 7 + bytes);
    jc_sha256((struct jc_str){content, (size_t)bytes}, queued->sha256);
    jc__photo__init(&queued->photo);
    queued->photo.sha256 = (ProtobufCBinaryData){JC_SHA256_SIZE, queued->sha256};
    queued->photo.size_bytes = bytes;
    queued->photo.media_type = (char *)type;
    queued->photo.kind = kind;
}

static void queue(int64_t bytes, const char *type, Jc__BlobKind kind) {
    struct queued queued;
    describe(&queued, bytes, type, kind);
    snprintf(queued.path, sizeof queued.path, "%s/%d", bench->folder, (int)bytes);
    CHECK_OK("file", jc_file_write(queued.path, (struct jc_str){content, (size_t)bytes}, 0600, &bench->err),
             &bench->err);
    CHECK_OK("queue", jc_terminal_write(bench->terminal, queue_job, &queued, &bench->err), &bench->err);
}

static struct jc_terminal_upload_result upload(int64_t budget, enum jc_code expected) {
    struct jc_terminal_upload_options options = {.budget_bytes = budget};
    struct jc_terminal_upload_result result;
    struct jc_err err = {0};
    assert_int_equal(jc_terminal_upload(bench->terminal, &transport, &options, bench->arena, &result, &err), expected);
    return result;
}

static void heard(const char *name, const char *expected) {
    CHECK_STR(name, jc_buf_str(&server.said), expected);
    jc_buf_reset(&server.said);
}

#define PHOTO JC__BLOB_KIND__BLOB_KIND_PHOTO

/* --- order and types ----------------------------------------------------------------------------------------- */

static void signatures_first_originals_last(void **state) {
    (void)state;
    queue(700000, "image/heic", PHOTO);
    queue(20000, "audio/ogg", JC__BLOB_KIND__BLOB_KIND_AUDIO);
    queue(300000, "image/png", JC__BLOB_KIND__BLOB_KIND_SIGNATURE);
    queue(10000, "image/jpeg", PHOTO);
    struct jc_terminal_upload_result result = upload(0, JC_OK);
    heard("order", "POST image/png 300000\nPATCH 0+300000\n"
                   "POST image/jpeg 10000\nPATCH 0+10000\n"
                   "POST audio/ogg 20000\nPATCH 0+20000\n"
                   "POST image/heic 700000\nPATCH 0+524288\nPATCH 524288+175712\n");
    assert_int_equal(result.sent_blobs, 4);
    assert_int_equal(result.waiting_blobs, 0);
}

static void budget_ends_it(void **state) {
    (void)state;
    queue(700000, "image/heic", PHOTO);
    queue(10000, "image/jpeg", PHOTO);
    struct jc_terminal_upload_result result = upload(100000, JC_OK);
    heard("first", "POST image/jpeg 10000\nPATCH 0+10000\nPOST image/heic 700000\nPATCH 0+90000\n");
    assert_int_equal(result.sent_bytes, 100000);
    assert_int_equal(result.waiting_bytes, 610000);
    (void)upload(0, JC_OK);
    heard("then", "HEAD 200\nHEAD 200\nPATCH 90000+524288\nPATCH 614288+85712\n");
}

/* --- cuts ------------------------------------------------------------------------------------------------------- */

static void goes_on_where_it_was_cut(void **state) {
    (void)state;
    queue(10000, "image/jpeg", PHOTO);
    server.cuts = 2;
    server.accept = 300;
    (void)upload(0, JC_UNAVAILABLE);
    (void)upload(0, JC_UNAVAILABLE);
    (void)upload(0, JC_OK);
    heard("cuts", "POST image/jpeg 10000\nPATCH 0+300 cut\n"
                  "HEAD 200\nPATCH 300+300 cut\n"
                  "HEAD 200\nPATCH 600+9400\n");
}

/* The server restarted without the upload: another begins. */
static void forgotten_upload_begins_anew(void **state) {
    (void)state;
    queue(10000, "image/jpeg", PHOTO);
    server.cuts = 1;
    server.accept = 300;
    (void)upload(0, JC_UNAVAILABLE);
    server.uploads[0].forgotten = true;
    (void)upload(0, JC_OK);
    heard("anew", "POST image/jpeg 10000\nPATCH 0+300 cut\nHEAD 404\nPOST image/jpeg 10000\nPATCH 0+10000\n");
}

/* Sent whole and named by no receipt: asked about, and sent again if it is gone. */
static void doubts_what_no_receipt_names(void **state) {
    (void)state;
    queue(10000, "image/jpeg", PHOTO);
    (void)upload(0, JC_OK);
    (void)upload(0, JC_OK);
    heard("it is there", "POST image/jpeg 10000\nPATCH 0+10000\nHEAD 200\n");
    server.uploads[0].offset = 0;
    (void)upload(0, JC_OK);
    heard("it is lost", "HEAD 200\nHEAD 200\nPATCH 0+10000\n");
}

static void nobody_is_there(void **state) {
    (void)state;
    queue(10000, "image/jpeg", PHOTO);
    server.down = 1;
    struct jc_terminal_upload_result result = upload(0, JC_UNAVAILABLE);
    assert_int_equal(result.waiting_blobs, 1);
    (void)upload(0, JC_OK);
}

/* Bytes that are not what the record says are given up, the others are sent. */
static void altered_file_is_named(void **state) {
    (void)state;
    queue(10000, "image/jpeg", PHOTO);
    queue(20000, "image/png", PHOTO);
    server.uploads[0].refused = server.uploads[1].refused = true;
    struct jc_terminal_upload_result result = upload(0, JC_FAILED_PRECONDITION);
    assert_int_equal(result.lost_blobs, 1);
    assert_int_equal(result.sent_blobs, 1);
}

/* Bytes that a server's disk lost on the way, in a power failure, are no fault of the file here: it goes up anew. */
static void refused_once_is_sent_again(void **state) {
    (void)state;
    queue(10000, "image/jpeg", PHOTO);
    server.uploads[0].refused = true;
    struct jc_terminal_upload_result result = upload(0, JC_OK);
    heard("again", "POST image/jpeg 10000\nPATCH 0+10000\nPOST image/jpeg 10000\nPATCH 0+10000\n");
    assert_int_equal(result.lost_blobs, 0);
    assert_int_equal(result.sent_blobs, 1);
}

/* --- photos of others --------------------------------------------------------------------------------------------- */

/* An open task that needs the photo. */
static void need(const struct queued *queued) {
    Jc__Photo photo = queued->photo, *list[] = {&photo};
    Jc__Task task = JC__TASK__INIT;
    Jc__Change change = JC__CHANGE__INIT;
    struct jc_uuid id = fake_id(9);
    task.task_id = (ProtobufCBinaryData){JC_UUID_SIZE, id.bytes};
    task.kind = JC__TASK_KIND__TASK_KIND_VISIT;
    task.state = JC__TASK_STATE__TASK_STATE_OPEN;
    task.needed_blobs = list;
    task.n_needed_blobs = 1;
    change.entity_case = JC__CHANGE__ENTITY_TASK;
    change.task = &task;
    fake_tell(&bench->fake, &change);
    CHECK_OK("sync", bench_sync(bench, NULL), &bench->err);
}

static struct jc_terminal_fetched fetch(enum jc_code expected) {
    struct jc_terminal_fetched fetched;
    struct jc_err err = {0};
    assert_int_equal(jc_terminal_fetch(bench->terminal, &transport, 0, bench->arena, &fetched, &err), expected);
    return fetched;
}

static enum jc_code find(const struct queued *queued, struct jc_str *path) {
    struct jc_err err = {0};
    return jc_terminal_blob_path(bench->terminal, &queued->photo, bench->arena, path, &err);
}

static void fetches_from_where_it_was_cut(void **state) {
    (void)state;
    struct queued other;
    struct jc_str path, bytes;
    describe(&other, 10000, "image/jpeg", PHOTO);
    need(&other);
    assert_int_equal(fetch(JC_OK).absent, 1);
    assert_int_equal(find(&other, &path), JC_NOT_FOUND);
    server.content = content;
    server.content_bytes = 10000;
    server.cuts = 2;
    server.accept = 4000;
    assert_int_equal(fetch(JC_UNAVAILABLE).bytes, 4000);
    CHECK_INT("half a photo is none", find(&other, &path), JC_NOT_FOUND);
    (void)fetch(JC_UNAVAILABLE);
    assert_int_equal(fetch(JC_OK).blobs, 1);
    assert_int_equal(fetch(JC_OK).blobs, 0);
    heard("ranges", "GET bytes=0-9999\nGET bytes=0-9999\nGET bytes=4000-9999\nGET bytes=8000-9999\n");
    assert_int_equal(find(&other, &path), JC_OK);
    CHECK_OK("read", jc_file_read(path.ptr, CONTENT_MAX, bench->arena, &bytes, &bench->err), &bench->err);
    CHECK("whole", bytes.len == 10000 && memcmp(bytes.ptr, content, 10000) == 0);
}

static void fetches_within_a_budget(void **state) {
    (void)state;
    struct jc_terminal_fetched fetched;
    struct jc_err err = {0};
    struct queued other;
    struct jc_str path;
    describe(&other, 10000, "image/jpeg", PHOTO);
    need(&other);
    server.content = content;
    server.content_bytes = 10000;
    CHECK_OK("half", jc_terminal_fetch(bench->terminal, &transport, 7000, bench->arena, &fetched, &err), &err);
    CHECK_INT("half", fetched.bytes, 7000);
    CHECK_INT("half", fetched.waiting_blobs, 1);
    CHECK_INT("half", fetched.waiting_bytes, 3000);
    CHECK_INT("half", find(&other, &path), JC_NOT_FOUND);
    CHECK_OK("rest", jc_terminal_fetch(bench->terminal, &transport, 7000, bench->arena, &fetched, &err), &err);
    CHECK_INT("rest", fetched.blobs, 1);
    CHECK_INT("rest", fetched.waiting_blobs, 0);
    heard("ranges", "GET bytes=0-6999\nGET bytes=7000-9999\n");
    CHECK_INT("rest", find(&other, &path), JC_OK);
}

/* What is small goes up, what is needed comes down, originals come last; each within what is left. */
static void photos_of_a_sync(void **state) {
    (void)state;
    struct jc_terminal_photos_result photos = {0};
    struct jc_err err = {0};
    struct queued other;
    queue(700000, "image/heic", PHOTO);
    queue(20000, "image/png", JC__BLOB_KIND__BLOB_KIND_SIGNATURE);
    describe(&other, 10000, "image/jpeg", PHOTO);
    need(&other);
    server.content = content;
    server.content_bytes = 10000;
    struct jc_transport both = fake_transport(&bench->fake);
    both.exchange = exchange;
    CHECK_OK("photos", jc_terminal_photos(bench->terminal, &both, 40000, bench->arena, &photos, &err), &err);
    heard("order",
          "POST image/png 20000\nPATCH 0+20000\nGET bytes=0-9999\nHEAD 200\nPOST image/heic 700000\nPATCH 0+10000\n");
    CHECK_INT("sent", photos.upload.sent_bytes, 30000);
    CHECK_INT("sent", photos.upload.waiting_bytes, 690000);
    CHECK_INT("fetched", photos.fetched.blobs, 1);
}

static void other_bytes_are_dropped(void **state) {
    (void)state;
    struct queued other;
    struct jc_str path;
    describe(&other, 10000, "image/jpeg", PHOTO);
    need(&other);
    server.content = content;
    server.content_bytes = 10000;
    content[77] ^= 1;
    assert_int_equal(fetch(JC_DATA_LOSS).blobs, 0);
    assert_int_equal(find(&other, &path), JC_NOT_FOUND);
    content[77] ^= 1;
    assert_int_equal(fetch(JC_OK).blobs, 1);
    assert_int_equal(find(&other, &path), JC_OK);
}

/* A battery or a disk spoils the beginning that lies here: it is fetched anew at once (simulator, story 10180). */
static void spoilt_beginning_is_fetched_anew(void **state) {
    (void)state;
    struct queued other;
    struct jc_str path;
    describe(&other, 10000, "image/jpeg", PHOTO);
    need(&other);
    server.content = content;
    server.content_bytes = 10000;
    server.cuts = 1;
    server.accept = 4000;
    content[77] ^= 1;
    (void)fetch(JC_UNAVAILABLE);
    content[77] ^= 1;
    assert_int_equal(fetch(JC_OK).blobs, 1);
    heard("the rest, then all", "GET bytes=0-9999\nGET bytes=4000-9999\nGET bytes=0-9999\n");
    assert_int_equal(find(&other, &path), JC_OK);
}

/* What was taken here is not fetched. */
static void own_photos_are_here(void **state) {
    (void)state;
    struct queued own;
    struct jc_str path;
    queue(10000, "image/jpeg", PHOTO);
    describe(&own, 10000, "image/jpeg", PHOTO);
    need(&own);
    assert_int_equal(fetch(JC_OK).absent, 0);
    heard("nothing", "");
    assert_int_equal(find(&own, &path), JC_OK);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    assert_true(jc_id_init());
    const struct CMUnitTest tests[] = {
        WITH_SERVER(signatures_first_originals_last), WITH_SERVER(budget_ends_it),
        WITH_SERVER(goes_on_where_it_was_cut),        WITH_SERVER(forgotten_upload_begins_anew),
        WITH_SERVER(doubts_what_no_receipt_names),    WITH_SERVER(nobody_is_there),
        WITH_SERVER(altered_file_is_named),           WITH_SERVER(fetches_from_where_it_was_cut),
        WITH_SERVER(other_bytes_are_dropped),         WITH_SERVER(own_photos_are_here),
        WITH_SERVER(fetches_within_a_budget),         WITH_SERVER(photos_of_a_sync),
        WITH_SERVER(refused_once_is_sent_again),      WITH_SERVER(spoilt_beginning_is_fetched_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
