/* The log: JSON lines on a file descriptor, one per request or event, written at the edge.
 * Never payloads, never secrets. */
#ifndef JC_BASE_LOG_H
#define JC_BASE_LOG_H

#include "base/err.h"

enum jc_log_level { JC_LOG_ERROR, JC_LOG_WARN, JC_LOG_INFO, JC_LOG_DEBUG };

struct jc_log_field {
    const char *name;
    enum { JC_LOG_TYPE_STR, JC_LOG_TYPE_INT } type;
    struct jc_str text;
    int64_t number;
};
#define JC_LOG_STR(name, value) ((struct jc_log_field){(name), JC_LOG_TYPE_STR, (value), 0})
#define JC_LOG_INT(name, value) ((struct jc_log_field){(name), JC_LOG_TYPE_INT, {0}, (value)})

/* Where lines go (default: 2) and the least important level written (default: JC_LOG_INFO). */
void jc_log_setup(int fd, enum jc_log_level level);
/* From now on lines gather in a buffer of so many bytes and leave together; warnings and errors take along
 * at once what waits. 0: each line leaves by itself (the default; also without memory). */
void jc_log_buffer(size_t bytes);
/* What waits leaves now. Call it often enough for whoever reads along, and at the end. */
void jc_log_flush(void);
/* {"time":"…","level":"info","event":"…",fields…}\n in one write(2), or gathered. */
#define jc_log(level, event, ...)                                              \
    jc_log_write((level), (event), (const struct jc_log_field[]){__VA_ARGS__}, \
                 sizeof((struct jc_log_field[]){__VA_ARGS__}) / sizeof(struct jc_log_field))
void jc_log_write(enum jc_log_level level, const char *event, const struct jc_log_field *fields, size_t count);

#endif
