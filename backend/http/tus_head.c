/* Path first, then method, then version, then what the method needs, so that the refusal a client gets is
 * the one it can do something about. */
#include "http/tus_head.h"

#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/digest.h"
#include "base/text.h"

#define ROOT "/blobs"
#define UPLOADS ROOT "/u/"

enum {
    NUMBER_DIGITS = 18, /* of lengths and offsets */
    METADATA_MAX = 2048,
};

static bool same_word(struct jc_str a, const char *b) {
    return a.len == strlen(b) && strncasecmp(a.ptr, b, a.len) == 0;
}

static struct jc_str behind(struct jc_str s, size_t len) {
    return (struct jc_str){s.ptr + len, s.len - len};
}

bool jc_tus_is_path(struct jc_str path) {
    size_t len = strlen(ROOT);
    return jc_str_starts_with(path, JC_STR(ROOT)) && (path.len == len || path.ptr[len] == '/');
}

/* --- the parts of a head ------------------------------------------------------------------------------- */

static enum jc_code refuse(int *status, int number, enum jc_code code, enum jc_msg what, struct jc_str arg,
                           struct jc_err *err) {
    *status = number;
    return jc_fail(err, code, what, jc_text_cut(arg, JC_TUS_MEDIA_TYPE_MAX));
}

static enum jc_code refuse_header(int *status, const char *name, struct jc_err *err) {
    *status = 400;
    return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TUS_HEADER, jc_str(name));
}

/* Digits alone, no sign. */
static bool parse_number(struct jc_str text, int64_t *out) {
    if (!text.len || text.len > NUMBER_DIGITS || text.ptr[0] == '-' || text.ptr[0] == '+')
        return false;
    return jc_str_to_int64(text, out);
}

/* "image/jpeg": a type and a subtype of letters, digits and "+-.". */
static bool is_media_type(struct jc_str text) {
    size_t slashes = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (c == '/' ? i == 0 || i + 1 == text.len : !letter && !strchr("+-.", c))
            return false;
        slashes += c == '/';
    }
    return slashes == 1 && text.len <= JC_TUS_MEDIA_TYPE_MAX;
}

/* Base64 as a NUL-terminated text in the arena; ptr NULL if it is none. */
static struct jc_str decode(struct jc_str text, struct jc_arena *arena) {
    size_t len = 0;
    char *bytes = jc_arena_alloc(arena, jc_base64_space(text.len) + 1);
    if (!bytes || !jc_base64_read(text, bytes, &len))
        return (struct jc_str){0};
    bytes[len] = '\0';
    return (struct jc_str){bytes, len};
}

/* The value of a key in "key base64,key base64"; ptr NULL if it is not there or cannot be read. */
static struct jc_str metadata(struct jc_str list, const char *key, struct jc_arena *arena) {
    struct jc_str pair, name;
    while (jc_str_cut(&list, ',', &pair)) {
        pair = jc_str_trim(pair);
        if (!jc_str_cut(&pair, ' ', &name) || !jc_str_eq(name, jc_str(key)) || !pair.ptr)
            continue;
        return decode(jc_str_trim(pair), arena);
    }
    return (struct jc_str){0};
}

static struct jc_str next_name(struct jc_str *list) {
    struct jc_str pair, name = {0};
    if (jc_str_cut(list, ',', &pair)) {
        pair = jc_str_trim(pair);
        (void)jc_str_cut(&pair, ' ', &name);
    }
    return name;
}

/* Is a key there twice? (tus 1.0: "All keys MUST be unique".) */
static bool names_repeat(struct jc_str list) {
    for (struct jc_str name = next_name(&list); name.ptr; name = next_name(&list))
        for (struct jc_str rest = list, other = next_name(&rest); other.ptr; other = next_name(&rest))
            if (name.len && jc_str_eq(name, other))
                return true;
    return false;
}

static enum jc_code read_creation(const struct jc_tus_head *head, struct jc_arena *arena, struct jc_tus_ask *out,
                                  int *status, struct jc_err *err) {
    if (head->upload_defer_length.ptr || !parse_number(head->upload_length, &out->size_bytes))
        return refuse_header(status, "Upload-Length", err);
    if (head->upload_metadata.len > METADATA_MAX || names_repeat(head->upload_metadata))
        return refuse_header(status, "Upload-Metadata", err);
    struct jc_str hash = metadata(head->upload_metadata, "sha256", arena);
    if (!hash.ptr || !jc_hex_parse(hash, out->sha256, sizeof out->sha256))
        return refuse_header(status, "Upload-Metadata: sha256", err);
    struct jc_str type = metadata(head->upload_metadata, "type", arena);
    if (!type.ptr)
        type = metadata(head->upload_metadata, "filetype", arena);
    if (type.ptr && !is_media_type(type))
        return refuse_header(status, "Upload-Metadata: type", err);
    out->media_type = type.ptr ? type : JC_STR("application/octet-stream");
    return JC_OK;
}

/* "sha1 base64" or "sha256 base64". */
static bool read_checksum(struct jc_str text, struct jc_arena *arena, struct jc_tus_ask *out) {
    struct jc_str word;
    if (!jc_str_cut(&text, ' ', &word) || !text.ptr)
        return false;
    struct jc_str digest = decode(jc_str_trim(text), arena);
    bool sha1 = jc_str_eq(word, JC_STR("sha1")), sha256 = jc_str_eq(word, JC_STR("sha256"));
    if (!digest.ptr || (!sha1 && !sha256) || digest.len != (sha1 ? JC_SHA1_SIZE : JC_SHA256_SIZE))
        return false;
    out->checksum = sha1 ? JC_TUS_SHA1 : JC_TUS_SHA256;
    memcpy(out->digest, digest.ptr, digest.len);
    return true;
}

static enum jc_code read_piece(const struct jc_tus_head *head, struct jc_arena *arena, struct jc_tus_ask *out,
                               int *status, struct jc_err *err) {
    if (!same_word(head->content_type, "application/offset+octet-stream"))
        return refuse(status, 415, JC_UNIMPLEMENTED, JC_MSG_TUS_MEDIA_TYPE, head->content_type, err);
    if (!parse_number(head->upload_offset, &out->offset_bytes))
        return refuse_header(status, "Upload-Offset", err);
    if (head->content_length.ptr && !parse_number(head->content_length, &out->body_bytes))
        return refuse_header(status, "Content-Length", err);
    if (head->upload_checksum.ptr && !read_checksum(head->upload_checksum, arena, out))
        return refuse_header(status, "Upload-Checksum", err);
    return JC_OK;
}

/* "bytes=0-99", "bytes=100-", "bytes=-100"; several ranges, or anything else, are the whole (RFC 9110 14.2). */
static void read_range(struct jc_str text, struct jc_tus_ask *out) {
    struct jc_str unit, first;
    if (!text.ptr || !jc_str_cut(&text, '=', &unit) || !text.ptr || !same_word(unit, "bytes"))
        return;
    if (!jc_str_cut(&text, '-', &first) || !text.ptr)
        return;
    int64_t a = 0, b = -1;
    if (first.len && !parse_number(first, &a))
        return;
    if (text.len && !parse_number(text, &b))
        return;
    if (!first.len && !text.len)
        return;
    if (first.len && text.len && b < a)
        return;
    out->ranged = true;
    out->first_byte = first.len ? a : b > 0 ? -b : INT64_MAX; /* the last 0 bytes: none */
    out->last_byte = first.len && text.len ? b : -1;
}

/* --- the whole -------------------------------------------------------------------------------------------- */

static const struct way {
    const char *method;
    enum jc_tus_act act;
} ROOT_WAYS[] = {{"OPTIONS", JC_TUS_OPTIONS}, {"POST", JC_TUS_CREATE}, {0}},
  UPLOAD_WAYS[] = {{"HEAD", JC_TUS_STATUS},
                   {"PATCH", JC_TUS_APPEND},
                   {"DELETE", JC_TUS_TERMINATE},
                   {"OPTIONS", JC_TUS_OPTIONS},
                   {0}},
  BLOB_WAYS[] = {{"GET", JC_TUS_FETCH}, {"HEAD", JC_TUS_FETCH}, {0}};

/* What a path can be asked; NULL if it names nothing. */
static const struct way *ways_of(struct jc_str path, struct jc_tus_ask *out, const char **allow) {
    if (path.len <= strlen(ROOT) + 1) {
        *allow = "OPTIONS, POST";
        return ROOT_WAYS;
    }
    *allow = "HEAD, PATCH, DELETE, OPTIONS";
    if (jc_str_starts_with(path, JC_STR(UPLOADS)))
        return jc_upload_id_parse(behind(path, strlen(UPLOADS)), &out->upload) ? UPLOAD_WAYS : NULL;
    *allow = "GET, HEAD";
    return jc_hex_parse(behind(path, strlen(ROOT) + 1), out->sha256, sizeof out->sha256) ? BLOB_WAYS : NULL;
}

enum jc_code jc_tus_read(const struct jc_tus_head *head, struct jc_arena *arena, struct jc_tus_ask *out,
                         const char **allow, int *status, struct jc_err *err) {
    *out = (struct jc_tus_ask){0};
    bool overridden = head->method_override.ptr && jc_str_eq(head->method, JC_STR("POST"));
    struct jc_str method = overridden ? head->method_override : head->method;
    const struct way *way = ways_of(head->path, out, allow);
    if (!way)
        return refuse(status, 404, JC_NOT_FOUND, JC_MSG_BLOB_UNKNOWN, head->path, err);
    while (way->method && !jc_str_eq(method, jc_str(way->method)))
        way++;
    if (!way->method)
        return refuse(status, 405, JC_UNIMPLEMENTED, JC_MSG_TUS_METHOD, method, err);
    out->act = way->act;
    bool tus = out->act != JC_TUS_OPTIONS && out->act != JC_TUS_FETCH;
    if (tus && !jc_str_eq(head->resumable, JC_STR("1.0.0")))
        return refuse(status, JC_TUS_UNSUPPORTED_VERSION, JC_FAILED_PRECONDITION, JC_MSG_TUS_VERSION, head->resumable,
                      err);
    if (out->act == JC_TUS_CREATE)
        return read_creation(head, arena, out, status, err);
    if (out->act == JC_TUS_APPEND)
        return read_piece(head, arena, out, status, err);
    if (out->act == JC_TUS_FETCH)
        read_range(head->range, out);
    return JC_OK;
}

bool jc_tus_range(const struct jc_tus_ask *ask, int64_t size_bytes, int64_t *first, int64_t *last) {
    *first = 0;
    *last = size_bytes - 1;
    if (!ask->ranged)
        return true;
    if (ask->first_byte < 0)
        *first = -ask->first_byte < size_bytes ? size_bytes + ask->first_byte : 0;
    else
        *first = ask->first_byte;
    if (ask->last_byte >= 0 && ask->last_byte < *last)
        *last = ask->last_byte;
    return *first < size_bytes && size_bytes > 0;
}
