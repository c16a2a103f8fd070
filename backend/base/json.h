/* JSON text (RFC 8259): read token by token, written string by string. No tree, no memory.
 *
 * Strict where RFC 8259 leaves a choice that two readers could take differently: UTF-8 alone and without
 * a byte order mark, no lone surrogates (RFC 8259, section 8.2), nothing behind the value, no comments. Names that
 * occur twice are the caller's to find, who knows what a name means. */
#ifndef JC_BASE_JSON_H
#define JC_BASE_JSON_H

#include "base/str.h"

/* Deeper nesting is JC_JSON_BAD. */
enum { JC_JSON_DEPTH = 32 };

enum jc_json_token {
    JC_JSON_BAD, /* for good: every further token is this one */
    JC_JSON_END, /* the value is over, and so is the text */
    JC_JSON_OBJECT,
    JC_JSON_OBJECT_END,
    JC_JSON_ARRAY,
    JC_JSON_ARRAY_END,
    JC_JSON_NAME, /* of a member; its value follows */
    JC_JSON_STRING,
    JC_JSON_NUMBER,
    JC_JSON_TRUE,
    JC_JSON_FALSE,
    JC_JSON_NULL,
};

enum jc_json_fault { JC_JSON_SOUND, JC_JSON_SYNTAX, JC_JSON_DEEP, JC_JSON_NO_TEXT };

/* A place in a text. A plain copy is a bookmark. */
struct jc_json {
    struct jc_str text;
    size_t at; /* behind the token; of JC_JSON_BAD the byte that is wrong */
    enum jc_json_token token;
    /* NAME, STRING: what stands between the quotes, as it is written. NUMBER: the number. */
    struct jc_str raw;
    bool escaped; /* raw holds escapes: jc_json_unescape() */
    enum jc_json_fault fault;
    int depth;        /* objects and arrays that are open */
    uint32_t objects; /* bit n: the one at depth n + 1 is an object */
    int state;        /* what may come next */
};

void jc_json_init(struct jc_json *json, struct jc_str text);
/* The next token, kept in json->token too. Cost: one pass over its bytes. */
enum jc_json_token jc_json_next(struct jc_json *json);
/* The token read last begins a value: goes on to its last token. False on JC_JSON_BAD. */
bool jc_json_skip(struct jc_json *json);

/* The text of a NAME or STRING into `out`, which has room for raw.len bytes; returns its length. A NUL may
 * come out of it ("\u0000"). */
size_t jc_json_unescape(const struct jc_json *json, char *out);
/* Bytes of the number at the start of `s`, 0 if there is none. */
size_t jc_json_number(struct jc_str s);

/* Appends "text" with its quotes. Bytes that are no UTF-8 become '?'. */
void jc_json_put(struct jc_buf *buf, struct jc_str text);

#endif
