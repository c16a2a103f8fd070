/* Headers are read once, in the order in which a refusal helps most: is there such a procedure, is it
 * asked with the right verb, can the body be read. Which codec the body has is decided here and
 * nowhere else. What must never happen: two ways to tell where a body ends, because a proxy in front
 * could see another request than we do. */
#include "http/connect.h"

#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "base/base64.h"
#include "base/message.h"
#include "base/text.h"
#include "jiancha/v1/error.pb-c.h"

enum { TIMEOUT_DIGITS = 10, WEIGHT_ONE = 1000 };

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

/* The token of "Bearer <token>"; any other scheme is no token. */
static struct jc_str bearer(struct jc_str authorization) {
    struct jc_str scheme;
    if (!jc_str_cut(&authorization, ' ', &scheme) || !same_word(scheme, "bearer"))
        return (struct jc_str){0};
    return jc_str_trim(authorization);
}

/* --- the head of a request --------------------------------------------------------------------------- */

static enum jc_code refuse(struct jc_connect *out, int status, enum jc_msg what, struct jc_str arg,
                           struct jc_err *err) {
    out->status = status;
    return jc_fail(err, JC_UNIMPLEMENTED, what, arg);
}

/* The codec, parameters like charset aside. */
static bool is_proto(struct jc_str content_type) {
    struct jc_str media;
    return jc_str_cut(&content_type, ';', &media) && same_word(jc_str_trim(media), "application/proto");
}

static enum jc_code read_encoding(struct jc_str encoding, struct jc_connect *out, struct jc_err *err) {
    if (!encoding.len || same_word(encoding, "identity"))
        return JC_OK;
    if (!same_word(encoding, "gzip"))
        return jc_fail(err, JC_UNIMPLEMENTED, JC_MSG_ENCODING_UNKNOWN, encoding);
    out->gzip_in = true;
    return JC_OK;
}

enum jc_code jc_connect_begin(const struct jc_connect_head *head, struct jc_connect *out, struct jc_err *err) {
    *out = (struct jc_connect){
        .lang = jc_connect_language(head->accept_language),
        .gzip_out = jc_connect_accepts_gzip(head->accept_encoding),
        .token = bearer(head->authorization),
        .timeout_ms = -1,
    };
    bool chunked = same_word(head->transfer_encoding, "chunked");
    if (head->content_lengths > 1 || (head->transfer_encoding.ptr && (head->content_lengths || !chunked))) {
        out->close = true;
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_BODY_LENGTH_AMBIGUOUS);
    }
    out->procedure = jc_procedure_find(head->path);
    if (!out->procedure)
        return refuse(out, 404, JC_MSG_PROCEDURE_UNKNOWN, jc_text_cut(head->path, 100), err);
    if (!jc_str_eq(head->method, JC_STR("POST")))
        return refuse(out, 405, JC_MSG_VERB_WRONG, head->method, err);
    if (!is_proto(head->content_type))
        return refuse(out, 415, JC_MSG_MEDIA_TYPE_UNKNOWN, head->content_type, err);
    if (head->protocol_version.ptr && !jc_str_eq(head->protocol_version, JC_STR("1")))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_PROTOCOL_VERSION, head->protocol_version);
    if (head->timeout.ptr && !jc_connect_timeout(head->timeout, &out->timeout_ms))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TIMEOUT_INVALID, head->timeout);
    return read_encoding(head->content_encoding, out, err);
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

/* Connect writes details as {"type","value"}, the value in base64 without padding. */
static json_t *new_detail(struct jc_str zh, struct jc_str en, struct jc_arena *arena) {
    Jc__ErrorDetail detail = JC__ERROR_DETAIL__INIT;
    struct jc_str packed;
    struct jc_err ignored;
    detail.message_zh = (char *)zh.ptr;
    detail.message_en = (char *)en.ptr;
    if (jc_message_pack(&detail.base, arena, &packed, &ignored))
        return NULL;
    struct jc_str value = jc_base64(packed, arena);
    if (!value.ptr)
        return NULL;
    return json_pack("{s:s, s:s}", "type", detail.base.descriptor->name, "value", value.ptr);
}

struct jc_str jc_connect_error(const struct jc_err *err, enum jc_lang lang, struct jc_arena *arena) {
    struct jc_str nothing = {NULL, 0}, out = nothing;
    struct jc_str zh = sentence(err, JC_ZH, arena), en = sentence(err, JC_EN, arena);
    if (!zh.ptr || !en.ptr)
        return nothing;
    json_t *detail = new_detail(zh, en, arena);
    json_t *body = detail ? json_pack("{s:s, s:s, s:[o]}", "code", jc_code_name(err->code), "message",
                                      lang == JC_EN ? en.ptr : zh.ptr, "details", detail)
                          : NULL;
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    if (text)
        out = jc_arena_copy(arena, jc_str(text));
    free(text);
    json_decref(body);
    return out;
}
