/* Everything an error holds is in its own buffers. Arguments are cleaned on the way in: bytes that
 * are no UTF-8 and control characters become '?', because they come from users and end in
 * terminals, logs and JSON. When four arguments do not fit, each keeps at least its fair share. */
#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Bytes that argument `index` may take of the `left` ones. */
static size_t share(const struct jc_str args[JC_ERR_ARGS], int index, size_t left) {
    size_t later = 0, count = 1;
    for (int i = index + 1; i < JC_ERR_ARGS; i++) {
        later = args[i].len > sizeof(((struct jc_err *)0)->argbuf) ? left : later + args[i].len;
        count += args[i].len > 0;
    }
    size_t spare = later < left ? left - later : 0;
    return spare > left / count ? spare : left / count;
}

void jc_err_set(struct jc_err *err, enum jc_code code, enum jc_msg what, const struct jc_str args[JC_ERR_ARGS]) {
    assert(err && code != JC_OK);
    char fresh[sizeof err->argbuf]; /* arguments may lie in err->argbuf */
    size_t used = 0, end[JC_ERR_ARGS];
    for (int i = 0; i < JC_ERR_ARGS; i++) {
        used += jc_text_clean(args[i], fresh + used, share(args, i, sizeof fresh - used));
        end[i] = used;
    }
    err->code = code;
    err->what = what;
    err->detail[0] = '\0';
    memcpy(err->argbuf, fresh, used);
    for (int i = 0; i < JC_ERR_ARGS; i++) {
        size_t start = i ? end[i - 1] : 0;
        err->arg[i] = (struct jc_str){err->argbuf + start, end[i] - start};
    }
}

enum jc_code jc_err_detail_set(struct jc_err *err, const char *format, ...) {
    assert(err->code != JC_OK);
    char text[sizeof err->detail];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t len = jc_text_clean(jc_str(text), err->detail, sizeof err->detail - 1);
    err->detail[len] = '\0';
    return err->code;
}

enum jc_code jc_err_set_errno(struct jc_err *err, struct jc_str path) {
    int number = errno;
    const char *reason = strerrordesc_np(number); /* thread-safe, English */
    if (!reason)
        reason = "unknown reason";
    enum jc_code code = JC_UNKNOWN;
    enum jc_msg what = JC_MSG_FILE_FAILED;
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        code = JC_NOT_FOUND;
        what = JC_MSG_FILE_MISSING;
        break;
    case EEXIST:
        code = JC_ALREADY_EXISTS;
        what = JC_MSG_FILE_EXISTS;
        break;
    case EACCES:
    case EPERM:
        code = JC_PERMISSION_DENIED;
        what = JC_MSG_FILE_DENIED;
        break;
    case EROFS:
        code = JC_UNAVAILABLE;
        what = JC_MSG_FILE_READ_ONLY;
        break;
    case ENOSPC:
    case EDQUOT:
        code = JC_RESOURCE_EXHAUSTED;
        what = JC_MSG_FILE_DISK_FULL;
        break;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EFBIG:
        code = JC_RESOURCE_EXHAUSTED;
        break;
    case EIO:
        code = JC_DATA_LOSS;
        break;
    case EISDIR:
    case EINVAL:
    case ENAMETOOLONG:
        code = JC_INVALID_ARGUMENT;
        break;
    default:
        break;
    }
    jc_fail(err, code, what, path, jc_str(reason));
    return jc_err_detail(err, "%.*s: %s", JC_FMT(path), reason);
}

void jc_err_copy(struct jc_err *to, const struct jc_err *from) {
    if (to == from)
        return;
    *to = *from;
    for (int i = 0; i < JC_ERR_ARGS; i++)
        if (from->arg[i].ptr)
            to->arg[i].ptr = to->argbuf + (from->arg[i].ptr - from->argbuf);
}

const char *jc_code_name(enum jc_code code) {
    static const char *const NAMES[] = {
        [JC_OK] = "ok",
        [JC_CANCELLED] = "canceled", /* Connect's spelling */
        [JC_UNKNOWN] = "unknown",
        [JC_INVALID_ARGUMENT] = "invalid_argument",
        [JC_DEADLINE_EXCEEDED] = "deadline_exceeded",
        [JC_NOT_FOUND] = "not_found",
        [JC_ALREADY_EXISTS] = "already_exists",
        [JC_PERMISSION_DENIED] = "permission_denied",
        [JC_RESOURCE_EXHAUSTED] = "resource_exhausted",
        [JC_FAILED_PRECONDITION] = "failed_precondition",
        [JC_ABORTED] = "aborted",
        [JC_OUT_OF_RANGE] = "out_of_range",
        [JC_UNIMPLEMENTED] = "unimplemented",
        [JC_INTERNAL] = "internal",
        [JC_UNAVAILABLE] = "unavailable",
        [JC_DATA_LOSS] = "data_loss",
        [JC_UNAUTHENTICATED] = "unauthenticated",
    };
    return (unsigned)code < sizeof NAMES / sizeof *NAMES ? NAMES[code] : "unknown";
}
