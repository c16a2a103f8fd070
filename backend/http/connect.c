/* Headers are read once, in the order in which a refusal helps most: is there such a procedure, is it
 * asked with the right verb, can the message be read. Which codec the message has and where it stands
 * (body, or query of a GET) is decided here and nowhere else. What must never happen: two ways to tell where a body ends, because a proxy in front
 * could see another request than we do. */
#include "http/connect.h"

#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/message.h"
#include "base/text.h"
#include "jiancha/v1/error.pb-c.h"

enum { TIMEOUT_DIGITS = 10, WEIGHT_ONE = 1000, ERROR_MAX = 1 << 16 };

static bool same_word(struct jc_str a, const char *b) {
    return a.len == strlen(b) && strncasecmp(a.ptr, b, a.len) == 0;
}

/* --- parts ----------------------------------------------------------------------------------------- */

int jc_connect_status(enum jc_code code) {
    static const int STATUS[] = {
        [JC_OK] = 200,
        [JC_CANCELLED] = 499,
        [JC_UNKNOWN] = 500,
        [JC_INVALID_ARGUMENT] = 400,
        [JC_DEADLINE_EXCEEDED] = 504,
        [JC_NOT_FOUND] = 404,
        [JC_ALREADY_EXISTS] = 409,
        [JC_PERMISSION_DENIED] = 403,
        [JC_RESOURCE_EXHAUSTED] = 429,
        [JC_FAILED_PRECONDITION] = 400,
        [JC_ABORTED] = 409,
        [JC_OUT_OF_RANGE] = 400,
        [JC_UNIMPLEMENTED] = 501,
        [JC_INTERNAL] = 500,
        [JC_UNAVAILABLE] = 503,
        [JC_DATA_LOSS] = 500,
        [JC_UNAUTHENTICATED] = 401,
    };
    return (size_t)code < sizeof STATUS / sizeof STATUS[0] ? STATUS[code] : 500;
}

/* "0.8" as 800; a broken weight is 0. */
static int parse_weight(struct jc_str text) {
    if (!text.len || (text.ptr[0] != '0' && text.ptr[0] != '1') || (text.len > 1 && text.ptr[1] != '.'))
        return 0;
    int weight = (text.ptr[0] - '0') * WEIGHT_ONE, unit = 100;
    for (size_t i = 2; i < text.len && unit; i++, unit /= 10) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return 0;
        weight += (text.ptr[i] - '0') * unit;
    }
    return weight;
}

/* The next member of a list like "gzip;q=0.5, br": its word and its weight in thousandths. */
static bool next_member(struct jc_str *list, struct jc_str *word, int *weight) {
    struct jc_str member, parameter;
    if (!jc_str_cut(list, ',', &member))
        return false;
    *weight = WEIGHT_ONE;
    if (!jc_str_cut(&member, ';', word))
        *word = (struct jc_str){0};
    *word = jc_str_trim(*word);
    while (jc_str_cut(&member, ';', &parameter)) {
        parameter = jc_str_trim(parameter);
        if (parameter.len > 2 && (parameter.ptr[0] == 'q' || parameter.ptr[0] == 'Q') && parameter.ptr[1] == '=')
            *weight = parse_weight((struct jc_str){parameter.ptr + 2, parameter.len - 2});
    }
    return true;
}

enum jc_lang jc_connect_language(struct jc_str accept_language) {
    struct jc_str word;
    int weight, best[2] = {0, 0};
    while (next_member(&accept_language, &word, &weight)) {
        struct jc_str primary = {word.ptr, word.len < 2 ? word.len : 2};
        bool whole = word.len == 2 || (word.len > 2 && word.ptr[2] == '-');
        if (whole && same_word(primary, "zh") && weight > best[JC_ZH])
            best[JC_ZH] = weight;
        if (whole && same_word(primary, "en") && weight > best[JC_EN])
            best[JC_EN] = weight;
    }
    return best[JC_EN] > best[JC_ZH] ? JC_EN : JC_ZH;
}

bool jc_connect_accepts_gzip(struct jc_str accept_encoding) {
    struct jc_str word;
    int weight;
    while (next_member(&accept_encoding, &word, &weight))
        if (same_word(word, "gzip"))
            return weight > 0;
    return false;
}

bool jc_connect_timeout(struct jc_str text, int64_t *out_ms) {
    if (!text.len || text.len > TIMEOUT_DIGITS || text.ptr[0] == '-' || text.ptr[0] == '+')
        return false;
    return jc_str_to_int64(text, out_ms);
}

struct jc_str jc_connect_bearer(struct jc_str authorization) {
    struct jc_str scheme;
    if (!jc_str_cut(&authorization, ' ', &scheme) || !same_word(scheme, "bearer"))
        return (struct jc_str){0};
    return jc_str_trim(authorization);
}

/* --- the head of a request --------------------------------------------------------------------------- */

/* A refusal that HTTP has a status for. Its code is the one that clients derive from that status. */
static enum jc_code refuse(struct jc_connect *out, int status, enum jc_msg what, struct jc_str arg,
                           struct jc_err *err) {
    out->status = status;
    return jc_fail(err, status == 404 ? JC_UNIMPLEMENTED : JC_UNKNOWN, what, arg);
}

/* "charset=utf-8", "charset="UTF-8""; another parameter says nothing about how the body is read. */
static bool is_utf8(struct jc_str parameter) {
    struct jc_str name;
    parameter = jc_str_trim(parameter);
    if (!jc_str_cut(&parameter, '=', &name) || !same_word(name, "charset"))
        return true;
    return same_word(parameter, "utf-8") || same_word(parameter, "\"utf-8\"");
}

/* The codec of a body, which is UTF-8 wherever it is text. */
static bool read_media_type(struct jc_str content_type, enum jc_codec *codec) {
    struct jc_str media, parameter;
    if (!jc_str_cut(&content_type, ';', &media))
        return false;
    media = jc_str_trim(media);
    *codec = same_word(media, "application/json") ? JC_CODEC_JSON : JC_CODEC_PROTO;
    while (jc_str_cut(&content_type, ';', &parameter))
        if (!is_utf8(parameter))
            return false;
    return *codec == JC_CODEC_JSON || same_word(media, "application/proto");
}

static enum jc_code read_encoding(struct jc_str encoding, struct jc_connect *out, struct jc_err *err) {
    if (!encoding.len || same_word(encoding, "identity"))
        return JC_OK;
    if (!same_word(encoding, "gzip"))
        return jc_fail(err, JC_UNIMPLEMENTED, JC_MSG_ENCODING_UNKNOWN, encoding);
    out->gzip_in = true;
    return JC_OK;
}

void jc_connect_query_add(struct jc_connect_query *query, struct jc_str name, struct jc_str value) {
    struct jc_str *const SLOTS[] = {&query->connect, &query->encoding, &query->message, &query->base64,
                                    &query->compression};
    static const char *const NAMES[] = {"connect", "encoding", "message", "base64", "compression"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (!jc_str_eq(name, jc_str(NAMES[i])))
            continue;
        if (SLOTS[i]->ptr)
            query->twice = jc_str(NAMES[i]);
        *SLOTS[i] = value.ptr ? value : JC_STR("");
    }
}

static enum jc_code fail_query(struct jc_err *err, struct jc_str name, struct jc_str value, const char *expected) {
    return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_QUERY_VALUE, name, value, jc_str(expected));
}

/* A GET says in its query what a POST says in headers and body. */
static enum jc_code read_query(const struct jc_connect_query *query, struct jc_connect *out, struct jc_err *err) {
    if (query->twice.ptr)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_QUERY_TWICE, query->twice);
    out->codec = jc_str_eq(query->encoding, JC_STR("json")) ? JC_CODEC_JSON : JC_CODEC_PROTO;
    if (out->codec == JC_CODEC_PROTO && !jc_str_eq(query->encoding, JC_STR("proto")))
        return refuse(out, 415, JC_MSG_QUERY_ENCODING, query->encoding, err);
    if (query->connect.ptr && !jc_str_eq(query->connect, JC_STR("v1")))
        return fail_query(err, JC_STR("connect"), query->connect, "v1");
    if (!query->message.ptr)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_QUERY_NO_MESSAGE);
    if (query->base64.len && !jc_str_eq(query->base64, JC_STR("0")) && !jc_str_eq(query->base64, JC_STR("1")))
        return fail_query(err, JC_STR("base64"), query->base64, "1");
    out->base64 = jc_str_eq(query->base64, JC_STR("1"));
    out->message = query->message;
    return read_encoding(query->compression, out, err);
}

static enum jc_code read_body_headers(const struct jc_connect_head *head, struct jc_connect *out, struct jc_err *err) {
    if (!read_media_type(head->content_type, &out->codec))
        return refuse(out, 415, JC_MSG_MEDIA_TYPE_UNKNOWN, head->content_type, err);
    if (head->protocol_version.ptr && !jc_str_eq(head->protocol_version, JC_STR("1")))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_PROTOCOL_VERSION, head->protocol_version);
    return read_encoding(head->content_encoding, out, err);
}

/* One way to tell where the body ends. HTTP/1.0 knows no transfer codings: a proxy of that age passes them on
 * unread. */
static bool is_framed(const struct jc_connect_framing *framing) {
    if (!framing->transfer_encodings)
        return framing->content_lengths <= 1;
    return framing->transfer_encodings == 1 && !framing->content_lengths && !framing->old &&
           same_word(framing->transfer_encoding, "chunked");
}

enum jc_code jc_connect_check_framing(const struct jc_connect_framing *framing, struct jc_err *err) {
    if (framing->broken_names)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_HTTP_BROKEN);
    if (!is_framed(framing))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_BODY_LENGTH_AMBIGUOUS);
    if (framing->hosts != 1 && !(framing->old && !framing->hosts))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_HOST_COUNT);
    if (framing->repeated)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_HEADER_REPEATED, jc_str(framing->repeated));
    return JC_OK;
}

static enum jc_code read_verb(const struct jc_connect_head *head, struct jc_connect *out, struct jc_err *err) {
    bool reads = out->procedure->kind == JC_PROCEDURE_READ;
    out->get = jc_str_eq(head->method, JC_STR("GET")) || jc_str_eq(head->method, JC_STR("HEAD"));
    if (jc_str_eq(head->method, JC_STR("POST")) || (out->get && reads))
        return JC_OK;
    return refuse(out, 405, reads ? JC_MSG_VERB_WRONG_READ : JC_MSG_VERB_WRONG, jc_text_cut(head->method, 20), err);
}

enum jc_code jc_connect_begin(const struct jc_connect_head *head, struct jc_connect *out, struct jc_err *err) {
    *out = (struct jc_connect){
        .lang = jc_connect_language(head->accept_language),
        .gzip_out = jc_connect_accepts_gzip(head->accept_encoding),
        .token = jc_connect_bearer(head->authorization),
        .timeout_ms = -1,
    };
    out->procedure = jc_procedure_find(head->path);
    if (!out->procedure)
        return refuse(out, 404, JC_MSG_PROCEDURE_UNKNOWN, jc_text_cut(head->path, 100), err);
    if (read_verb(head, out, err))
        return err->code;
    if (head->timeout.ptr && !jc_connect_timeout(head->timeout, &out->timeout_ms))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TIMEOUT_INVALID, head->timeout);
    return out->get ? read_query(&head->query, out, err) : read_body_headers(head, out, err);
}

const char *jc_connect_media_type(enum jc_codec codec) {
    return codec == JC_CODEC_JSON ? "application/json" : "application/proto";
}

const char *jc_connect_verbs(const struct jc_procedure *procedure) {
    return procedure && procedure->kind == JC_PROCEDURE_READ ? "GET, HEAD, POST" : "POST";
}

/* --- errors ------------------------------------------------------------------------------------------ */

/* The sentence in a language, in the arena. */
static struct jc_str sentence(const struct jc_err *err, enum jc_lang lang, struct jc_arena *arena) {
    struct jc_buf buf;
    jc_buf_init(&buf, 4096);
    jc_err_render(&buf, lang, err);
    struct jc_str copy = jc_arena_copy(arena, jc_buf_str(&buf));
    if (buf.failed)
        copy.ptr = NULL;
    jc_buf_free(&buf);
    return copy;
}

/* Connect writes a detail as {"type","value"}, the value in base64 without padding. False without memory. */
static bool add_detail(struct jc_buf *json, const ProtobufCMessage *detail, struct jc_arena *arena) {
    struct jc_str packed;
    struct jc_err ignored;
    if (jc_message_pack(detail, arena, &packed, &ignored))
        return false;
    struct jc_str value = jc_base64(packed, arena);
    jc_buf_add(json, JC_STR("{\"type\":"));
    jc_json_put(json, jc_str(detail->descriptor->name));
    jc_buf_add(json, JC_STR(",\"value\":"));
    jc_json_put(json, value);
    jc_buf_char(json, '}');
    return value.ptr != NULL;
}

/* The path of the field that is wrong, if the error is about one. */
static struct jc_str field_of(const struct jc_err *err) {
    switch (err->what) {
    case JC_MSG_MESSAGE_TEXT:
    case JC_MSG_MESSAGE_TEXT_LONG:
    case JC_MSG_JSON_VALUE:
    case JC_MSG_JSON_TWICE:
    case JC_MSG_JSON_ONEOF:
        return err->arg[0];
    default:
        return (struct jc_str){NULL, 0};
    }
}

static bool add_details(struct jc_buf *json, const struct jc_err *err, struct jc_str zh, struct jc_str en, int retry_ms,
                        struct jc_arena *arena) {
    Jc__ErrorDetail words = JC__ERROR_DETAIL__INIT;
    words.message_zh = (char *)zh.ptr;
    words.message_en = (char *)en.ptr;
    bool good = add_detail(json, &words.base, arena);
    struct jc_str path = field_of(err);
    if (good && path.len) {
        Jc__FieldViolation violation = JC__FIELD_VIOLATION__INIT;
        violation.field = (char *)jc_arena_copy(arena, path).ptr;
        jc_buf_char(json, ',');
        good = violation.field && add_detail(json, &violation.base, arena);
    }
    if (good && retry_ms) {
        Jc__RetryInfo retry = JC__RETRY_INFO__INIT;
        retry.retry_after_ms = retry_ms;
        jc_buf_char(json, ',');
        good = add_detail(json, &retry.base, arena);
    }
    return good;
}

/* Where the server keeps its files is not for callers; the log has it. */
static bool names_a_file(enum jc_msg what) {
    switch (what) {
    case JC_MSG_FILE_FAILED:
    case JC_MSG_FILE_MISSING:
    case JC_MSG_FILE_EXISTS:
    case JC_MSG_FILE_DENIED:
    case JC_MSG_FILE_READ_ONLY:
    case JC_MSG_FILE_DISK_FULL:
        return true;
    default:
        return false;
    }
}

struct jc_str jc_connect_error(const struct jc_err *err, enum jc_lang lang, int retry_ms, struct jc_arena *arena) {
    struct jc_err storage;
    if (names_a_file(err->what)) {
        (void)jc_fail(&storage, err->code, JC_MSG_STORAGE_FAILED);
        err = &storage;
    }
    struct jc_str out = {NULL, 0}, zh = sentence(err, JC_ZH, arena), en = sentence(err, JC_EN, arena);
    struct jc_buf json;
    if (!zh.ptr || !en.ptr)
        return out;
    jc_buf_init(&json, ERROR_MAX);
    jc_buf_add(&json, JC_STR("{\"code\":"));
    jc_json_put(&json, jc_str(jc_code_name(err->code)));
    jc_buf_add(&json, JC_STR(",\"message\":"));
    jc_json_put(&json, lang == JC_EN ? en : zh);
    jc_buf_add(&json, JC_STR(",\"details\":["));
    bool good = add_details(&json, err, zh, en, retry_ms, arena);
    jc_buf_add(&json, JC_STR("]}"));
    if (good && !json.failed)
        out = jc_arena_copy(arena, jc_buf_str(&json));
    jc_buf_free(&json);
    return out;
}
