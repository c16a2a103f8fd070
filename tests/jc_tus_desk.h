/* A desk for uploads without sockets, over a real database and real files, and a client of it (http/tus.h). */
#ifndef JC_TUS_DESK_H
#define JC_TUS_DESK_H

#include "jc_world.h"

#include "base/base64.h"
#include "http/tus.h"
#include "store/blob.h"

static const char PHOTO[] = "a photo of a fire door that is locked";
enum { PHOTO_BYTES = sizeof PHOTO - 1 };

static char root[JC_TEST_PATH], dir[JC_TEST_PATH + 16];
static struct jc_tus_desk desk;
static int64_t now_ms; /* of the requests */

static inline int open_desk(void **state) {
    (void)state;
    struct jc_err err = {0};
    now_ms = JC_WORLD_NOW;
    desk.db = jc_test_store();
    jc_world_fill(desk.db, NULL);
    jc_test_folder(root);
    snprintf(dir, sizeof dir, "%s/blobs", root);
    CHECK_OK("folder", jc_blob_folder_open(dir, &desk.folder, &err), &err);
    desk.holds = jc_holds_new(desk.folder);
    desk.blob_max_bytes = 1000;
    desk.daily_max_bytes = 3000;
    return 0;
}

static inline int close_desk(void **state) {
    (void)state;
    jc_holds_free(desk.holds);
    jc_blob_folder_close(desk.folder);
    jc_db_close(desk.db);
    jc_test_folder_remove(root);
    return 0;
}

/* --- a client ------------------------------------------------------------------------------------------- */

struct reply {
    int status;
    int64_t offset; /* Upload-Offset; -1: none */
    char expires[JC_TUS_VALUE];
    char location[JC_TUS_VALUE];
    char body[256];
};

static inline void read_reply(struct jc_tus *tus, struct reply *reply) {
    struct jc_tus_answer answer;
    jc_tus_answer(tus, &answer);
    *reply = (struct reply){.status = answer.status, .offset = -1};
    for (int i = 0; i < answer.header_count; i++) {
        if (strcmp(answer.headers[i].name, "Upload-Offset") == 0)
            reply->offset = strtoll(answer.headers[i].value, NULL, 10);
        if (strcmp(answer.headers[i].name, "Upload-Expires") == 0)
            memcpy(reply->expires, answer.headers[i].value, JC_TUS_VALUE);
        if (strcmp(answer.headers[i].name, "Location") == 0)
            memcpy(reply->location, answer.headers[i].value, JC_TUS_VALUE);
    }
    if (answer.fd >= 0) {
        assert_in_range(answer.byte_count, 0, sizeof reply->body - 1);
        assert_int_equal(pread(answer.fd, reply->body, (size_t)answer.byte_count, answer.first_byte),
                         answer.byte_count);
        close(answer.fd);
    }
}

static inline struct jc_tus *begin(const struct jc_tus_head *head, const char *token) {
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_tus *tus = jc_tus_begin(&desk, arena, head, jc_str(token), now_ms);
    assert_non_null(tus);
    return tus;
}

static inline struct reply ask(const struct jc_tus_head *head, const char *token, struct jc_str body) {
    struct reply reply;
    struct jc_tus *tus = begin(head, token);
    for (size_t i = 0; i < body.len; i++) /* byte by byte, as a slow net brings them */
        if (jc_tus_take(tus, (struct jc_str){body.ptr + i, 1}))
            jc_tus_piece(tus);
    jc_tus_finish(tus);
    read_reply(tus, &reply);
    jc_tus_free(tus);
    return reply;
}

/* Upload-Metadata with the hash of these bytes. */
static inline const char *metadata_of(struct jc_str bytes) {
    static char text[256];
    uint8_t sha256[JC_SHA256_SIZE];
    char hex[2 * JC_SHA256_SIZE + 1];
    struct jc_arena *arena = jc_arena_new(1 << 16);
    jc_sha256(bytes, sha256);
    struct jc_str hash = jc_base64(jc_hex(sha256, sizeof sha256, hex), arena);
    snprintf(text, sizeof text, "sha256 %.*s,type aW1hZ2UvanBlZw", JC_FMT(hash));
    jc_arena_free(arena);
    return text;
}

static inline struct reply create(struct jc_str bytes, const char *token) {
    char length[JC_NUMBER_TEXT];
    const struct jc_tus_head head = {
        .method = JC_STR("POST"),
        .path = JC_STR("/blobs"),
        .resumable = JC_STR("1.0.0"),
        .upload_length = jc_str_from_int64((int64_t)bytes.len, length),
        .upload_metadata = jc_str(metadata_of(bytes)),
    };
    return ask(&head, token, JC_STR(""));
}

static inline struct jc_tus_head patch_head(const char *location, int64_t offset, char number[JC_NUMBER_TEXT]) {
    return (struct jc_tus_head){
        .method = JC_STR("PATCH"),
        .path = jc_str(location),
        .resumable = JC_STR("1.0.0"),
        .upload_offset = jc_str_from_int64(offset, number),
        .content_type = JC_STR("application/offset+octet-stream"),
    };
}

static inline struct reply patch(const char *location, int64_t offset, struct jc_str bytes, const char *checksum) {
    char number[JC_NUMBER_TEXT];
    struct jc_tus_head head = patch_head(location, offset, number);
    if (checksum)
        head.upload_checksum = jc_str(checksum);
    return ask(&head, "token-device", bytes);
}

static inline struct reply simple(const char *method, const char *path, const char *token) {
    const struct jc_tus_head head = {.method = jc_str(method), .path = jc_str(path), .resumable = JC_STR("1.0.0")};
    return ask(&head, token, JC_STR(""));
}

static inline struct reply head_of(const char *location) {
    return simple("HEAD", location, "token-device");
}

static inline struct jc_str part(int64_t first, int64_t end) {
    return (struct jc_str){PHOTO + first, (size_t)(end - first)};
}

static inline int64_t blobs(void) {
    return jc_test_number(desk.db, "SELECT COUNT(*) FROM blob");
}

static inline const char *blob_path(void) {
    static char path[128];
    uint8_t sha256[JC_SHA256_SIZE];
    char hex[2 * JC_SHA256_SIZE + 1];
    jc_sha256(part(0, PHOTO_BYTES), sha256);
    snprintf(path, sizeof path, "/blobs/%s", jc_hex(sha256, sizeof sha256, hex).ptr);
    return path;
}

#endif
