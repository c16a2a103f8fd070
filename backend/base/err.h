/* Errors: a code for programs, a catalogue entry for people, a detail for the log.
 *
 * A function that can fail returns `enum jc_code` and takes `struct jc_err *err` last. Whoever
 * discovers the failure fills `err` with jc_fail(); everyone above cleans up and passes it on
 * unchanged. Nothing is rendered before the edge (cli, rpc, terminal): see text.h. The buffers are
 * part of the struct, so reporting "out of memory" needs no memory. Bugs are asserts, not errors. */
#ifndef JC_BASE_ERR_H
#define JC_BASE_ERR_H

#include "base/msg.h"
#include "base/str.h"

/* The numbers are those of gRPC's status codes; Connect uses the same names. */
enum jc_code {
    JC_OK = 0,
    JC_CANCELLED = 1,
    JC_UNKNOWN = 2,
    JC_INVALID_ARGUMENT = 3,
    JC_DEADLINE_EXCEEDED = 4,
    JC_NOT_FOUND = 5,
    JC_ALREADY_EXISTS = 6,
    JC_PERMISSION_DENIED = 7,
    JC_RESOURCE_EXHAUSTED = 8,
    JC_FAILED_PRECONDITION = 9,
    JC_ABORTED = 10,
    JC_OUT_OF_RANGE = 11,
    JC_UNIMPLEMENTED = 12,
    JC_INTERNAL = 13,
    JC_UNAVAILABLE = 14,
    JC_DATA_LOSS = 15,
    JC_UNAUTHENTICATED = 16,
};

enum { JC_ERR_ARGS = 4 };

struct jc_err {
    enum jc_code code;
    enum jc_msg what;               /* catalogue entry, words for people */
    struct jc_str arg[JC_ERR_ARGS]; /* what {0}..{3} stand for; they point into argbuf */
    char argbuf[256];
    char detail[256]; /* English, for the log alone; NUL-terminated */
};

/* What a failure returns is never JC_OK; compilers and analysers may rely on it. */
static inline enum jc_code jc_failed(enum jc_code code) {
    if (code == JC_OK)
        __builtin_unreachable();
    return code;
}
void jc_err_set(struct jc_err *err, enum jc_code code, enum jc_msg what, const struct jc_str args[JC_ERR_ARGS]);

/* Fills err and returns `code`: `return jc_fail(err, JC_NOT_FOUND, JC_MSG_UNIT_UNKNOWN, unit_id);`
 * Up to four `struct jc_str` arguments follow; they are copied, cut at UTF-8 boundaries. */
#define jc_fail(err, code, ...) jc_fail_args((err), (code), JC_FAIL_PICK(__VA_ARGS__))
#define JC_FAIL_PICK(what, ...)                      \
    (what), (const struct jc_str[JC_ERR_ARGS + 1]) { \
        __VA_ARGS__                                  \
    }
static inline enum jc_code jc_fail_args(struct jc_err *err, enum jc_code code, enum jc_msg what,
                                        const struct jc_str args[JC_ERR_ARGS]) {
    jc_err_set(err, code, what, args);
    return code;
}

/* Adds the technical detail for the log to an error already set. Returns err->code. */
#define jc_err_detail(err, ...) jc_failed(jc_err_detail_set((err), __VA_ARGS__))
enum jc_code jc_err_detail_set(struct jc_err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The two failures every layer can meet: JC_RESOURCE_EXHAUSTED, and errno's, naming the file. */
static inline enum jc_code jc_fail_memory(struct jc_err *err) {
    return jc_fail(err, JC_RESOURCE_EXHAUSTED, JC_MSG_OUT_OF_MEMORY);
}
#define jc_fail_errno(err, path) jc_failed(jc_err_set_errno((err), (path)))
enum jc_code jc_err_set_errno(struct jc_err *err, struct jc_str path);

/* Copies an error; a plain assignment would leave `arg` pointing into the source. */
void jc_err_copy(struct jc_err *to, const struct jc_err *from);

/* Connect's name of a code: "invalid_argument". */
const char *jc_code_name(enum jc_code code);

#endif
