/* Whole files through read(2) and write(2). A write goes to a fresh name beside the file and is
 * renamed over it after fsync; whatever fails before that leaves the old file as it was and removes
 * the fresh one. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"

enum { CHUNK = 64 * 1024 };

enum jc_code jc_file_read(const char *path, size_t max_bytes, struct jc_arena *arena, struct jc_str *out,
                          struct jc_err *err) {
    enum jc_code code = JC_OK;
    struct jc_buf text;
    char chunk[CHUNK], number[JC_NUMBER_TEXT];
    jc_buf_init(&text, max_bytes);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return jc_fail_errno(err, jc_str(path));
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            code = jc_fail_errno(err, jc_str(path));
            goto out;
        }
        if (got == 0)
            break;
        if ((size_t)got > max_bytes - text.len) {
            code = jc_fail(err, JC_RESOURCE_EXHAUSTED, JC_MSG_FILE_TOO_LARGE, jc_str(path),
                           jc_str_from_int64((int64_t)max_bytes, number));
            goto out;
        }
        jc_buf_append(&text, chunk, (size_t)got);
    }
    struct jc_str copy = {NULL, 0};
    if (!text.failed)
        copy = jc_arena_copy(arena, jc_buf_str(&text));
    if (copy.ptr)
        *out = copy;
    else
        code = jc_fail_memory(err);
out:
    jc_buf_free(&text);
    close(fd);
    return code;
}

static bool write_all(int fd, struct jc_str bytes) {
    while (bytes.len) {
        ssize_t written = write(fd, bytes.ptr, bytes.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes.ptr += written;
        bytes.len -= (size_t)written;
    }
    return true;
}

bool jc_file_sync_folder(const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
    if (slash)
        memcpy(folder, path, len);
    else
        folder[len++] = '.';
    folder[len] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = fsync(fd) == 0;
    int reason = errno;
    close(fd);
    errno = reason;
    return ok;
}

/* A file being written under a fresh name beside `path`. */
struct fresh {
    char name[PATH_MAX];
    int fd;
};

static bool fresh_open(struct fresh *fresh, const char *path) {
    char tag[17];
    uint8_t random[8];
    jc_random(random, sizeof random);
    jc_hex(random, sizeof random, tag);
    if (snprintf(fresh->name, sizeof fresh->name, "%s.%s.tmp", path, tag) >= (int)sizeof fresh->name) {
        errno = ENAMETOOLONG;
        return false;
    }
    fresh->fd = open(fresh->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fresh->fd >= 0;
}

/* Makes the file durable and moves it over `path`; `ok` says whether the bytes were written (errno if
 * not). Whatever fails removes the fresh file. */
static enum jc_code fresh_finish(struct fresh *fresh, const char *path, unsigned mode, bool ok, struct jc_err *err) {
    ok = ok && fchmod(fresh->fd, (mode_t)mode) == 0 && fsync(fresh->fd) == 0;
    int reason = errno;
    if (close(fresh->fd) != 0 && ok) {
        ok = false;
        reason = errno;
    }
    errno = reason;
    if (ok && rename(fresh->name, path) == 0 && jc_file_sync_folder(path))
        return JC_OK;
    enum jc_code code = jc_fail_errno(err, jc_str(path));
    unlink(fresh->name);
    return code;
}

enum jc_code jc_file_write(const char *path, struct jc_str bytes, unsigned mode, struct jc_err *err) {
    struct fresh fresh = {.fd = -1};
    if (!fresh_open(&fresh, path))
        return jc_fail_errno(err, jc_str(path));
    return fresh_finish(&fresh, path, mode, write_all(fresh.fd, bytes), err);
}

/* Reads `fd` to its end, hashing, and writes it to `to` unless that is -1. */
static bool pour(int fd, int to, uint8_t sha256[JC_SHA256_SIZE]) {
    struct jc_sha256_state hash;
    char chunk[CHUNK];
    ssize_t got;
    jc_sha256_begin(&hash);
    while ((got = read(fd, chunk, sizeof chunk)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        struct jc_str bytes = {chunk, (size_t)got};
        jc_sha256_add(&hash, bytes);
        if (to >= 0 && !write_all(to, bytes))
            return false;
    }
    jc_sha256_end(&hash, sha256);
    return true;
}

bool jc_file_sha256_of(int fd, uint8_t sha256[JC_SHA256_SIZE]) {
    return pour(fd, -1, sha256);
}

enum jc_code jc_file_sha256(const char *path, uint8_t sha256[JC_SHA256_SIZE], struct jc_err *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum jc_code code = fd >= 0 && jc_file_sha256_of(fd, sha256) ? JC_OK : jc_fail_errno(err, jc_str(path));
    if (fd >= 0)
        close(fd);
    return code;
}

enum jc_code jc_file_copy(const char *from, const char *path, unsigned mode, uint8_t sha256[JC_SHA256_SIZE],
                          struct jc_err *err) {
    struct fresh fresh = {.fd = -1};
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return jc_fail_errno(err, jc_str(from));
    enum jc_code code = fresh_open(&fresh, path) ? fresh_finish(&fresh, path, mode, pour(fd, fresh.fd, sha256), err)
                                                 : jc_fail_errno(err, jc_str(path));
    close(fd);
    return code;
}
