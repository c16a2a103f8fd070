/* A line is built in a buffer on the stack and leaves in one write(2), so lines of several threads
 * and processes do not mix and logging works without memory. A line that would not fit loses its
 * last fields and says so with "cut":true; it stays valid JSON. */
#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum { LINE_MAX_SIZE = 4096 };

static const char CUT_TAIL[] = ",\"cut\":true}\n";

static _Atomic int log_fd = 2;
static _Atomic int log_level = JC_LOG_INFO;

void jc_log_setup(int fd, enum jc_log_level level) {
    atomic_store(&log_fd, fd);
    atomic_store(&log_level, (int)level);
}

struct line {
    char text[LINE_MAX_SIZE];
    size_t len;
    bool cut;
};

/* Appends all of the bytes or, keeping room for the tail, none. */
static bool put(struct line *line, const char *bytes, size_t len) {
    if (len > sizeof line->text - sizeof CUT_TAIL - line->len)
        return false;
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
    return true;
}

static bool put_text(struct line *line, const char *text) {
    return put(line, text, strlen(text));
}

static bool put_string(struct line *line, struct jc_str s) {
    if (!put_text(line, "\""))
        return false;
    while (s.len) {
        char escaped[8];
        unsigned char c = (unsigned char)s.ptr[0];
        size_t bytes = 1;
        bool ok;
        if (c == '"' || c == '\\') {
            snprintf(escaped, sizeof escaped, "\\%c", c);
            ok = put_text(line, escaped);
        } else if (c < 0x20 || c == 0x7f) {
            snprintf(escaped, sizeof escaped, "\\u%04x", c);
            ok = put_text(line, escaped);
        } else {
            for (bytes = 1; bytes < s.len && bytes < 4 && ((unsigned char)s.ptr[bytes] & 0xc0) == 0x80;)
                bytes++;
            struct jc_str character = {s.ptr, c < 0x80 ? (bytes = 1) : bytes};
            if (!jc_text_valid(character, NULL)) {
                character = JC_STR("?");
                bytes = 1;
            }
            ok = put(line, character.ptr, character.len);
        }
        if (!ok)
            return false;
        s.ptr += bytes;
        s.len -= bytes;
    }
    return put_text(line, "\"");
}

/* One field whole, or nothing and the mark that the line is cut. */
static void put_field(struct line *line, const char *name, struct jc_str text, const int64_t *number) {
    size_t start = line->len;
    char digits[JC_NUMBER_TEXT];
    bool ok = put_text(line, start ? "," : "{") && put_string(line, jc_str(name)) && put_text(line, ":");
    if (number)
        text = jc_str_from_int64(*number, digits);
    ok = ok && (number ? put(line, text.ptr, text.len) : put_string(line, text));
    if (!ok) {
        line->len = start;
        line->cut = true;
    }
}

/* 2023-01-31T09:00:00.123+08:00 */
static struct jc_str time_text(char buf[2 * JC_TIME_MAX]) {
    char plain[JC_TIME_MAX];
    struct jc_clock clock = jc_clock_system();
    int64_t now_ms = jc_clock_now_ms(&clock);
    struct jc_str time = jc_time_format(now_ms, plain);
    const size_t zone = sizeof "+08:00" - 1;
    int ms = (int)(now_ms % 1000 + 1000) % 1000;
    int len = snprintf(buf, 2 * (size_t)JC_TIME_MAX, "%.*s.%03d%s", (int)(time.len - zone), time.ptr, ms,
                       time.ptr + time.len - zone);
    return (struct jc_str){buf, (size_t)len};
}

void jc_log_write(enum jc_log_level level, const char *event, const struct jc_log_field *fields, size_t count) {
    static const char *const LEVELS[] = {"error", "warn", "info", "debug"};
    if ((int)level > atomic_load(&log_level))
        return;
    struct line line;
    line.len = 0;
    line.cut = false;
    char time[2 * JC_TIME_MAX];
    put_field(&line, "time", time_text(time), NULL);
    put_field(&line, "level", jc_str(LEVELS[level]), NULL);
    put_field(&line, "event", jc_str(event), NULL);
    for (size_t i = 0; i < count && !line.cut; i++)
        put_field(&line, fields[i].name, fields[i].text, fields[i].type == JC_LOG_TYPE_INT ? &fields[i].number : NULL);
    const char *tail = line.cut ? CUT_TAIL : "}\n";
    memcpy(line.text + line.len, tail, strlen(tail));
    line.len += strlen(tail);

    ssize_t written;
    do
        written = write(atomic_load(&log_fd), line.text, line.len);
    while (written < 0 && errno == EINTR);
}
