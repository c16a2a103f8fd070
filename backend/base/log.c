/* A line is built in a buffer on the stack and leaves in one write(2), so lines of several threads
 * and processes do not mix and logging works without memory. A line that would not fit loses its
 * last fields and says so with "cut":true; it stays valid JSON.
 *
 * With a buffer, whole lines gather in it and leave together: when the next one does not fit, with every
 * warning or error, and when asked. A process that is killed loses what waits, never half a line. */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
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

static pthread_mutex_t gather_lock = PTHREAD_MUTEX_INITIALIZER; /* of the three below */
static char *gathered;                                          /* NULL: lines leave one by one */
static size_t gathered_len, gathered_size;

static void write_out(const char *bytes, size_t len) {
    ssize_t written;
    do
        written = write(atomic_load(&log_fd), bytes, len);
    while (written < 0 && errno == EINTR);
}

static void flush_gathered(void) {
    if (gathered_len)
        write_out(gathered, gathered_len);
    gathered_len = 0;
}

void jc_log_flush(void) {
    pthread_mutex_lock(&gather_lock);
    flush_gathered();
    pthread_mutex_unlock(&gather_lock);
}

void jc_log_buffer(size_t bytes) {
    pthread_mutex_lock(&gather_lock);
    flush_gathered();
    jc_free(gathered);
    gathered = bytes ? jc_malloc(bytes) : NULL;
    gathered_size = gathered ? bytes : 0;
    pthread_mutex_unlock(&gather_lock);
}

/* The line leaves now, or waits for others. */
static void send_line(const char *text, size_t len, bool urgent) {
    pthread_mutex_lock(&gather_lock);
    if (len > gathered_size - gathered_len)
        flush_gathered();
    if (len > gathered_size) {
        write_out(text, len);
    } else {
        memcpy(gathered + gathered_len, text, len);
        gathered_len += len;
    }
    if (urgent)
        flush_gathered();
    pthread_mutex_unlock(&gather_lock);
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

/* Bytes at the start that stand for themselves. */
static size_t plain_run(struct jc_str s) {
    size_t len = 0;
    while (len < s.len && s.ptr[len] >= 0x20 && s.ptr[len] < 0x7f && s.ptr[len] != '"' && s.ptr[len] != '\\')
        len++;
    return len;
}

static bool put_string(struct line *line, struct jc_str s) {
    if (!put_text(line, "\""))
        return false;
    while (s.len) {
        char escaped[8];
        unsigned char c = (unsigned char)s.ptr[0];
        size_t bytes = plain_run(s);
        bool ok;
        if (bytes) {
            ok = put(line, s.ptr, bytes);
        } else if (c == '"' || c == '\\') {
            snprintf(escaped, sizeof escaped, "\\%c", c);
            ok = put_text(line, escaped);
            bytes = 1;
        } else if (c < 0x20 || c == 0x7f) {
            snprintf(escaped, sizeof escaped, "\\u%04x", c);
            ok = put_text(line, escaped);
            bytes = 1;
        } else {
            for (bytes = 1; bytes < s.len && bytes < 4 && ((unsigned char)s.ptr[bytes] & 0xc0) == 0x80;)
                bytes++;
            struct jc_str character = {s.ptr, bytes};
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

/* One field whole, or nothing and the mark that the line is cut. Names are the program's own and need no escapes. */
static void put_field(struct line *line, const char *name, struct jc_str text, const int64_t *number) {
    size_t start = line->len;
    char digits[JC_NUMBER_TEXT];
    bool ok = put_text(line, start ? ",\"" : "{\"") && put_text(line, name) && put_text(line, "\":");
    if (number)
        text = jc_str_from_int64(*number, digits);
    ok = ok && (number ? put(line, text.ptr, text.len) : put_string(line, text));
    if (!ok) {
        line->len = start;
        line->cut = true;
    }
}

enum { ZONE = sizeof "+08:00" - 1 };

/* 2023-01-31T09:00:00.123+08:00; each thread writes the second anew only when it has changed. */
static struct jc_str time_text(char buf[2 * JC_TIME_MAX]) {
    static _Thread_local struct {
        int64_t second;
        char text[JC_TIME_MAX];
        size_t len;
    } last = {.second = INT64_MIN};
    struct jc_clock clock = jc_clock_system();
    int64_t now_ms = jc_clock_now_ms(&clock);
    int ms = (int)(now_ms % 1000 + 1000) % 1000;
    int64_t second = (now_ms - ms) / 1000;
    if (second != last.second) {
        last.len = jc_time_format(second * 1000, last.text).len;
        last.second = second;
    }
    size_t at = last.len - ZONE;
    memcpy(buf, last.text, at);
    buf[at++] = '.';
    buf[at++] = (char)('0' + ms / 100);
    buf[at++] = (char)('0' + ms / 10 % 10);
    buf[at++] = (char)('0' + ms % 10);
    memcpy(buf + at, last.text + last.len - ZONE, ZONE);
    return (struct jc_str){buf, at + ZONE};
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

    send_line(line.text, line.len, level <= JC_LOG_WARN);
}
