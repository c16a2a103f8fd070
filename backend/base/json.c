/* A state says what may come next (a value, a name, a comma …); which of `}` and `]` closes is a bit for
 * each level. A string is passed over byte by byte up to its quote and then checked as UTF-8 in one go.
 * What must never happen: a byte behind the text is looked at, or a text is accepted that another strict
 * reader refuses or reads differently. */
#include "base/json.h"

#include <string.h>

#include "base/text.h"

enum state {
    VALUE,       /* a value */
    FIRST_ITEM,  /* a value or ] */
    FIRST_NAME,  /* a name or } */
    NAME,        /* a name */
    COMMA,       /* a comma or the end of the object or array */
    NOTHING_MORE /* the end of the text */
};

_Static_assert(JC_JSON_DEPTH <= 32, "one bit of `objects` for each level");

void jc_json_init(struct jc_json *json, struct jc_str text) {
    *json = (struct jc_json){.text = text, .state = VALUE};
}

static enum jc_json_token fail(struct jc_json *json, enum jc_json_fault fault) {
    if (!json->fault)
        json->fault = fault;
    return json->token = JC_JSON_BAD;
}

static bool in_object(const struct jc_json *json) {
    return json->depth && (json->objects >> (json->depth - 1) & 1);
}

/* The byte at hand; 0 at the end, which no token starts with. */
static char peek(const struct jc_json *json) {
    return json->at < json->text.len ? json->text.ptr[json->at] : '\0';
}

static void skip_blanks(struct jc_json *json) {
    for (;; json->at++) {
        char c = peek(json);
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            return;
    }
}

/* --- strings ----------------------------------------------------------------------------------------- */

static int hex_digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The four digits behind "\u" at the start of `s`; -1 if that is not what stands there. */
static int32_t code_unit(struct jc_str s) {
    if (s.len < 6 || s.ptr[0] != '\\' || s.ptr[1] != 'u')
        return -1;
    int32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(s.ptr[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static bool is_high(int32_t unit) {
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(int32_t unit) {
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* Bytes of the escape at the start of `s`; 0 with *fault set if it is none. A pair of surrogates is one. */
static size_t escape_size(struct jc_str s, enum jc_json_fault *fault) {
    *fault = JC_JSON_SYNTAX;
    if (s.len < 2)
        return 0;
    if (s.ptr[1] != 'u')
        return s.ptr[1] && strchr("\"\\/bfnrt", s.ptr[1]) ? 2 : 0;
    int32_t unit = code_unit(s);
    if (unit < 0)
        return 0;
    *fault = JC_JSON_NO_TEXT;
    if (is_high(unit))
        return is_low(code_unit((struct jc_str){s.ptr + 6, s.len - 6})) ? 12 : 0;
    return is_low(unit) ? 0 : 6;
}

/* From behind the opening quote to behind the closing one. */
static bool take_string(struct jc_json *json) {
    size_t start = json->at;
    bool ascii = true;
    json->escaped = false;
    for (;;) {
        if (json->at >= json->text.len)
            return fail(json, JC_JSON_SYNTAX), false;
        unsigned char c = (unsigned char)json->text.ptr[json->at];
        if (c == '"')
            break;
        if (c < 0x20)
            return fail(json, JC_JSON_SYNTAX), false;
        size_t size = 1;
        if (c == '\\') {
            enum jc_json_fault fault;
            size = escape_size((struct jc_str){json->text.ptr + json->at, json->text.len - json->at}, &fault);
            if (!size)
                return fail(json, fault), false;
            json->escaped = true;
        }
        ascii &= c < 0x80;
        json->at += size;
    }
    json->raw = (struct jc_str){json->text.ptr + start, json->at - start};
    size_t bad = 0;
    if (!ascii && !jc_text_valid(json->raw, &bad)) {
        json->at = start + bad;
        return fail(json, JC_JSON_NO_TEXT), false;
    }
    json->at++;
    return true;
}

static size_t put_utf8(char *out, uint32_t c) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* The character of an escape that has been checked. */
static uint32_t character_of(struct jc_str escape) {
    int32_t unit = code_unit(escape);
    if (is_high(unit)) {
        int32_t low = code_unit((struct jc_str){escape.ptr + 6, escape.len - 6});
        return 0x10000 + (((uint32_t)unit & 0x3ff) << 10) + ((uint32_t)low & 0x3ff);
    }
    if (unit >= 0)
        return (uint32_t)unit;
    static const char LETTERS[] = "bfnrt", MEANT[] = "\b\f\n\r\t";
    const char *letter = strchr(LETTERS, escape.ptr[1]);
    return (unsigned char)(letter ? MEANT[letter - LETTERS] : escape.ptr[1]);
}

size_t jc_json_unescape(const struct jc_json *json, char *out) {
    struct jc_str rest = json->raw;
    size_t len = 0;
    while (rest.len) {
        const char *slash = memchr(rest.ptr, '\\', rest.len);
        size_t plain = slash ? (size_t)(slash - rest.ptr) : rest.len, size = 0;
        memcpy(out + len, rest.ptr, plain);
        len += plain;
        rest = (struct jc_str){rest.ptr + plain, rest.len - plain};
        if (slash) {
            enum jc_json_fault fault;
            size = escape_size(rest, &fault);
            len += put_utf8(out + len, character_of(rest));
        }
        rest = (struct jc_str){rest.ptr + size, rest.len - size};
    }
    return len;
}

/* --- numbers, words ------------------------------------------------------------------------------------ */

static size_t digits(struct jc_str s, size_t at) {
    size_t count = 0;
    while (at + count < s.len && s.ptr[at + count] >= '0' && s.ptr[at + count] <= '9')
        count++;
    return count;
}

size_t jc_json_number(struct jc_str s) {
    size_t at = s.len && s.ptr[0] == '-', count = digits(s, at);
    if (!count)
        return 0;
    at += s.ptr[at] == '0' ? 1 : count;
    if (at < s.len && s.ptr[at] == '.') {
        count = digits(s, at + 1);
        if (!count)
            return 0;
        at += 1 + count;
    }
    if (at < s.len && (s.ptr[at] == 'e' || s.ptr[at] == 'E')) {
        size_t sign = at + 1 < s.len && (s.ptr[at + 1] == '+' || s.ptr[at + 1] == '-');
        count = digits(s, at + 1 + sign);
        if (!count)
            return 0;
        at += 1 + sign + count;
    }
    return at;
}

static enum jc_json_token take_word(struct jc_json *json, struct jc_str word, enum jc_json_token token) {
    struct jc_str rest = {json->text.ptr + json->at, json->text.len - json->at};
    if (!jc_str_starts_with(rest, word))
        return fail(json, JC_JSON_SYNTAX);
    json->at += word.len;
    return json->token = token;
}

/* --- structure ------------------------------------------------------------------------------------------- */

static void value_over(struct jc_json *json) {
    json->state = json->depth ? COMMA : NOTHING_MORE;
}

static enum jc_json_token open_level(struct jc_json *json, bool object) {
    if (json->depth == JC_JSON_DEPTH)
        return fail(json, JC_JSON_DEEP);
    uint32_t bit = (uint32_t)1 << json->depth++;
    json->objects = object ? json->objects | bit : json->objects & ~bit;
    json->state = object ? FIRST_NAME : FIRST_ITEM;
    json->at++;
    return json->token = object ? JC_JSON_OBJECT : JC_JSON_ARRAY;
}

static enum jc_json_token close_level(struct jc_json *json) {
    bool object = in_object(json);
    json->at++;
    json->depth--;
    value_over(json);
    return json->token = object ? JC_JSON_OBJECT_END : JC_JSON_ARRAY_END;
}

static enum jc_json_token take_name(struct jc_json *json) {
    if (peek(json) != '"')
        return fail(json, JC_JSON_SYNTAX);
    json->at++;
    if (!take_string(json))
        return JC_JSON_BAD;
    skip_blanks(json);
    if (peek(json) != ':')
        return fail(json, JC_JSON_SYNTAX);
    json->at++;
    json->state = VALUE;
    return json->token = JC_JSON_NAME;
}

static enum jc_json_token take_number(struct jc_json *json) {
    struct jc_str rest = {json->text.ptr + json->at, json->text.len - json->at};
    json->raw = (struct jc_str){rest.ptr, jc_json_number(rest)};
    json->escaped = false;
    if (!json->raw.len)
        return fail(json, JC_JSON_SYNTAX);
    json->at += json->raw.len;
    return json->token = JC_JSON_NUMBER;
}

static enum jc_json_token take_value(struct jc_json *json) {
    char c = peek(json);
    if (c == '{' || c == '[')
        return open_level(json, c == '{');
    value_over(json);
    switch (c) {
    case '"':
        json->at++;
        return take_string(json) ? (json->token = JC_JSON_STRING) : JC_JSON_BAD;
    case 't':
        return take_word(json, JC_STR("true"), JC_JSON_TRUE);
    case 'f':
        return take_word(json, JC_STR("false"), JC_JSON_FALSE);
    case 'n':
        return take_word(json, JC_STR("null"), JC_JSON_NULL);
    default:
        return take_number(json);
    }
}

enum jc_json_token jc_json_next(struct jc_json *json) {
    if (json->fault)
        return JC_JSON_BAD;
    skip_blanks(json);
    if (json->state == COMMA) {
        if (peek(json) == (in_object(json) ? '}' : ']'))
            return close_level(json);
        if (peek(json) != ',')
            return fail(json, JC_JSON_SYNTAX);
        json->at++;
        skip_blanks(json);
        json->state = in_object(json) ? NAME : VALUE;
    }
    switch (json->state) {
    case FIRST_NAME:
        return peek(json) == '}' ? close_level(json) : take_name(json);
    case NAME:
        return take_name(json);
    case FIRST_ITEM:
        return peek(json) == ']' ? close_level(json) : take_value(json);
    case NOTHING_MORE:
        return json->at == json->text.len ? (json->token = JC_JSON_END) : fail(json, JC_JSON_SYNTAX);
    default:
        return take_value(json);
    }
}

bool jc_json_skip(struct jc_json *json) {
    if (json->token != JC_JSON_OBJECT && json->token != JC_JSON_ARRAY)
        return json->token != JC_JSON_BAD;
    int outside = json->depth - 1;
    while (json->depth > outside)
        if (!jc_json_next(json))
            return false;
    return true;
}

/* --- writing ----------------------------------------------------------------------------------------------- */

static void put_valid(struct jc_buf *buf, struct jc_str text) {
    size_t start = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        jc_buf_append(buf, text.ptr + start, i - start);
        start = i + 1;
        static const char MEANT[] = "\b\f\n\r\t\"\\", LETTERS[] = "bfnrt\"\\";
        const char *letter = strchr(MEANT, c);
        if (letter) {
            jc_buf_char(buf, '\\');
            jc_buf_char(buf, LETTERS[letter - MEANT]);
        } else {
            jc_buf_printf(buf, "\\u%04x", c);
        }
    }
    jc_buf_append(buf, text.ptr + start, text.len - start);
}

void jc_json_put(struct jc_buf *buf, struct jc_str text) {
    jc_buf_char(buf, '"');
    while (text.len) {
        size_t good = text.len;
        bool whole = jc_text_valid(text, &good);
        put_valid(buf, (struct jc_str){text.ptr, good});
        if (!whole) {
            jc_buf_add(buf, text.ptr[good] ? JC_STR("?") : JC_STR("\\u0000"));
            good++;
        }
        text = (struct jc_str){text.ptr + good, text.len - good};
    }
    jc_buf_char(buf, '"');
}
