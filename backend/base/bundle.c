/* Frames one after another, hashed as they pass. Reading asks for no more memory than has arrived: a
 * length that lies costs nothing. Writing goes to PATH.part, locked, and is renamed after fsync; a
 * stick that was pulled out in between holds no file that looks whole. */
#include "base/bundle.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"

enum { HEAD_SIZE = 5, CHUNK = 64 * 1024 };

static const struct jc_str MAGIC = {"JCBUNDLE1\n", 10};

/* --- reading --------------------------------------------------------------------------------------- */

struct jc_bundle_reader {
    char name[PATH_MAX]; /* for messages */
    FILE *file;          /* NULL: bytes */
    struct jc_str bytes, rest;
    struct jc_buf payload;
    struct jc_sha256_state hash; /* of what has been read before the frame at hand */
    int64_t number;              /* of the frame read last */
    bool ended;
};

static enum jc_code fail_frame(const struct jc_bundle_reader *reader, enum jc_code code, enum jc_msg what,
                               int64_t number, struct jc_err *err) {
    char text[JC_NUMBER_TEXT];
    return jc_fail(err, code, what, jc_str(reader->name), jc_str_from_int64(number, text));
}

enum jc_code jc_bundle_malformed(const struct jc_bundle_reader *reader, int64_t number, struct jc_err *err) {
    return fail_frame(reader, JC_INVALID_ARGUMENT, JC_MSG_BUNDLE_FRAME, number, err);
}

enum jc_code jc_bundle_altered(const struct jc_bundle_reader *reader, struct jc_err *err) {
    return jc_fail(err, JC_DATA_LOSS, JC_MSG_BUNDLE_ALTERED, jc_str(reader->name));
}

/* Up to `size` bytes; fewer only at the end. */
static enum jc_code take(struct jc_bundle_reader *reader, char *out, size_t size, size_t *got, struct jc_err *err) {
    if (!reader->file) {
        *got = size < reader->rest.len ? size : reader->rest.len;
        if (*got)
            memcpy(out, reader->rest.ptr, *got);
        reader->rest.ptr += *got;
        reader->rest.len -= *got;
        return JC_OK;
    }
    errno = 0;
    *got = fread(out, 1, size, reader->file);
    return ferror(reader->file) ? jc_fail_errno(err, jc_str(reader->name)) : JC_OK;
}

/* Reads what every bundle begins with. */
static enum jc_code read_magic(struct jc_bundle_reader *reader, struct jc_err *err) {
    char magic[16];
    size_t got = 0;
    enum jc_code code = take(reader, magic, MAGIC.len, &got, err);
    if (!code && !jc_str_eq((struct jc_str){magic, got}, MAGIC))
        code = jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_BUNDLE_UNKNOWN, jc_str(reader->name));
    jc_sha256_begin(&reader->hash);
    jc_sha256_add(&reader->hash, MAGIC);
    reader->number = 0;
    reader->ended = false;
    return code;
}

static enum jc_code reader_start(struct jc_bundle_reader *reader, struct jc_bundle_reader **out, struct jc_err *err) {
    jc_buf_init(&reader->payload, JC_BUNDLE_PAYLOAD_MAX);
    enum jc_code code = read_magic(reader, err);
    if (code)
        jc_bundle_close(reader);
    else
        *out = reader;
    return code;
}

enum jc_code jc_bundle_open(const char *path, struct jc_bundle_reader **out, struct jc_err *err) {
    struct jc_bundle_reader *reader = jc_calloc(1, sizeof *reader);
    if (!reader)
        return jc_fail_memory(err);
    snprintf(reader->name, sizeof reader->name, "%s", path);
    reader->file = fopen(path, "rbe");
    if (!reader->file) {
        enum jc_code code = jc_fail_errno(err, jc_str(path));
        jc_free(reader);
        return code;
    }
    return reader_start(reader, out, err);
}

enum jc_code jc_bundle_open_bytes(struct jc_str name, struct jc_str bytes, struct jc_bundle_reader **out,
                                  struct jc_err *err) {
    struct jc_bundle_reader *reader = jc_calloc(1, sizeof *reader);
    if (!reader)
        return jc_fail_memory(err);
    snprintf(reader->name, sizeof reader->name, "%.*s", JC_FMT(name));
    reader->bytes = reader->rest = bytes.ptr ? bytes : JC_STR("");
    return reader_start(reader, out, err);
}

void jc_bundle_close(struct jc_bundle_reader *reader) {
    if (!reader)
        return;
    if (reader->file)
        fclose(reader->file);
    jc_buf_free(&reader->payload);
    jc_free(reader);
}

enum jc_code jc_bundle_rewind(struct jc_bundle_reader *reader, struct jc_err *err) {
    if (reader->file && fseek(reader->file, 0, SEEK_SET) != 0)
        return jc_fail_errno(err, jc_str(reader->name));
    reader->rest = reader->bytes;
    return read_magic(reader, err);
}

static enum jc_code read_payload(struct jc_bundle_reader *reader, size_t len, struct jc_err *err) {
    char chunk[CHUNK];
    jc_buf_reset(&reader->payload);
    while (reader->payload.len < len) {
        size_t want = len - reader->payload.len, got = 0;
        enum jc_code code = take(reader, chunk, want < sizeof chunk ? want : sizeof chunk, &got, err);
        if (code)
            return code;
        if (got == 0)
            return fail_frame(reader, JC_DATA_LOSS, JC_MSG_BUNDLE_CUT, reader->number, err);
        jc_buf_append(&reader->payload, chunk, got);
        if (reader->payload.failed)
            return jc_fail_memory(err);
    }
    return JC_OK;
}

/* END is the last: a byte behind it is somebody else's. */
static enum jc_code expect_nothing(struct jc_bundle_reader *reader, struct jc_err *err) {
    char byte;
    size_t got = 0;
    enum jc_code code = take(reader, &byte, 1, &got, err);
    return code ? code : got ? jc_bundle_malformed(reader, reader->number + 1, err) : JC_OK;
}

enum jc_code jc_bundle_next(struct jc_bundle_reader *reader, struct jc_bundle_frame *out, struct jc_err *err) {
    uint8_t head[HEAD_SIZE];
    size_t got = 0;
    assert(!reader->ended);
    reader->number++;
    enum jc_code code = take(reader, (char *)head, sizeof head, &got, err);
    if (code)
        return code;
    if (got < sizeof head)
        return fail_frame(reader, JC_DATA_LOSS, JC_MSG_BUNDLE_CUT, reader->number, err);
    uint32_t len = head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 24;
    int type = head[4];
    if (len > JC_BUNDLE_PAYLOAD_MAX || type == 0 || (type == JC_BUNDLE_HEADER) != (reader->number == 1))
        return jc_bundle_malformed(reader, reader->number, err);
    code = read_payload(reader, len, err);
    reader->ended = type == JC_BUNDLE_END;
    if (!code && reader->ended)
        code = expect_nothing(reader, err);
    if (!code && !reader->ended) {
        jc_sha256_add(&reader->hash, (struct jc_str){(const char *)head, sizeof head});
        jc_sha256_add(&reader->hash, jc_buf_str(&reader->payload));
    }
    if (!code)
        *out = (struct jc_bundle_frame){reader->number, type, jc_buf_str(&reader->payload)};
    return code;
}

void jc_bundle_hash(const struct jc_bundle_reader *reader, uint8_t sha256[JC_SHA256_SIZE]) {
    struct jc_sha256_state copy = reader->hash;
    jc_sha256_end(&copy, sha256);
}

/* --- writing --------------------------------------------------------------------------------------- */

struct jc_bundle_writer {
    char path[PATH_MAX], part[PATH_MAX];
    int fd; /* -1: buf */
    struct jc_buf *buf;
    struct jc_sha256_state hash;
};

static enum jc_code put(struct jc_bundle_writer *writer, struct jc_str bytes, struct jc_err *err) {
    if (writer->fd < 0) {
        jc_buf_add(writer->buf, bytes);
        return writer->buf->failed ? jc_fail_memory(err) : JC_OK;
    }
    while (bytes.len) {
        ssize_t written = write(writer->fd, bytes.ptr, bytes.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return jc_fail_errno(err, jc_str(writer->path));
        bytes.ptr += written;
        bytes.len -= (size_t)written;
    }
    return JC_OK;
}

static enum jc_code put_hashed(struct jc_bundle_writer *writer, struct jc_str bytes, struct jc_err *err) {
    jc_sha256_add(&writer->hash, bytes);
    return put(writer, bytes, err);
}

static enum jc_code writer_start(struct jc_bundle_writer *writer, struct jc_bundle_writer **out, struct jc_err *err) {
    jc_sha256_begin(&writer->hash);
    enum jc_code code = put_hashed(writer, MAGIC, err);
    if (code)
        jc_bundle_abort(writer);
    else
        *out = writer;
    return code;
}

/* Whether the locked file still stands under its name: another writer may have renamed it meanwhile. */
static bool still_there(const struct jc_bundle_writer *writer) {
    struct stat mine, named;
    return fstat(writer->fd, &mine) == 0 && stat(writer->part, &named) == 0 && mine.st_ino == named.st_ino &&
           mine.st_dev == named.st_dev;
}

/* Opens PATH.part for this program alone. Emptied only once it is locked. */
static enum jc_code open_part(struct jc_bundle_writer *writer, struct jc_err *err) {
    if (snprintf(writer->part, sizeof writer->part, "%s.part", writer->path) >= (int)sizeof writer->part) {
        errno = ENAMETOOLONG;
        return jc_fail_errno(err, jc_str(writer->path));
    }
    writer->fd = open(writer->part, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (writer->fd < 0)
        return jc_fail_errno(err, jc_str(writer->part));
    bool locked = flock(writer->fd, LOCK_EX | LOCK_NB) == 0;
    bool busy = locked ? !still_there(writer) : errno == EWOULDBLOCK;
    if (locked && !busy && ftruncate(writer->fd, 0) == 0) {
        if (fchmod(writer->fd, 0600) != 0) /* a FAT stick knows no modes */
            errno = 0;
        return JC_OK;
    }
    enum jc_code code = busy ? jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_BUNDLE_BUSY, jc_str(writer->part))
                             : jc_fail_errno(err, jc_str(writer->part));
    close(writer->fd);
    return code;
}

enum jc_code jc_bundle_create(const char *path, struct jc_bundle_writer **out, struct jc_err *err) {
    struct jc_bundle_writer *writer = jc_calloc(1, sizeof *writer);
    if (!writer)
        return jc_fail_memory(err);
    snprintf(writer->path, sizeof writer->path, "%s", path);
    enum jc_code code = open_part(writer, err);
    if (code) {
        jc_free(writer);
        return code;
    }
    return writer_start(writer, out, err);
}

enum jc_code jc_bundle_create_bytes(struct jc_buf *buf, struct jc_bundle_writer **out, struct jc_err *err) {
    struct jc_bundle_writer *writer = jc_calloc(1, sizeof *writer);
    if (!writer)
        return jc_fail_memory(err);
    writer->fd = -1;
    writer->buf = buf;
    return writer_start(writer, out, err);
}

static void frame_head(uint8_t head[HEAD_SIZE], enum jc_bundle_frame_type type, size_t len) {
    for (int i = 0; i < 4; i++)
        head[i] = (uint8_t)(len >> 8 * i);
    head[4] = (uint8_t)type;
}

enum jc_code jc_bundle_write(struct jc_bundle_writer *writer, enum jc_bundle_frame_type type, struct jc_str payload,
                             struct jc_err *err) {
    uint8_t head[HEAD_SIZE];
    assert(payload.len <= JC_BUNDLE_PAYLOAD_MAX && type != JC_BUNDLE_END);
    frame_head(head, type, payload.len);
    enum jc_code code = put_hashed(writer, (struct jc_str){(const char *)head, sizeof head}, err);
    return code ? code : put_hashed(writer, payload, err);
}

void jc_bundle_written_hash(const struct jc_bundle_writer *writer, uint8_t sha256[JC_SHA256_SIZE]) {
    struct jc_sha256_state copy = writer->hash;
    jc_sha256_end(&copy, sha256);
}

enum jc_code jc_bundle_finish(struct jc_bundle_writer *writer, struct jc_str end, struct jc_err *err) {
    uint8_t head[HEAD_SIZE];
    assert(end.len <= JC_BUNDLE_PAYLOAD_MAX);
    frame_head(head, JC_BUNDLE_END, end.len);
    enum jc_code code = put(writer, (struct jc_str){(const char *)head, sizeof head}, err);
    if (!code)
        code = put(writer, end, err);
    if (!code && writer->fd >= 0 &&
        (fsync(writer->fd) != 0 || rename(writer->part, writer->path) != 0 || !jc_file_sync_folder(writer->path)))
        code = jc_fail_errno(err, jc_str(writer->path));
    if (code) {
        jc_bundle_abort(writer);
        return code;
    }
    if (writer->fd >= 0)
        close(writer->fd);
    jc_free(writer);
    return JC_OK;
}

void jc_bundle_abort(struct jc_bundle_writer *writer) {
    if (!writer)
        return;
    if (writer->fd >= 0) {
        unlink(writer->part);
        close(writer->fd);
    }
    jc_free(writer);
}

/* --- who made it ----------------------------------------------------------------------------------- */

enum { STATEMENT_NAME = sizeof "jiancha-bundle-1", STATEMENT_SIZE = STATEMENT_NAME + JC_SHA256_SIZE };

static struct jc_str statement(const uint8_t sha256[JC_SHA256_SIZE], char out[STATEMENT_SIZE]) {
    memcpy(out, "jiancha-bundle-1", STATEMENT_NAME);
    memcpy(out + STATEMENT_NAME, sha256, JC_SHA256_SIZE);
    return (struct jc_str){out, STATEMENT_SIZE};
}

void jc_bundle_sign(const uint8_t sha256[JC_SHA256_SIZE], const uint8_t secret_key[JC_SIGN_SECRET_SIZE],
                    uint8_t signature[JC_SIGNATURE_SIZE]) {
    char bytes[STATEMENT_SIZE];
    jc_sign(statement(sha256, bytes), secret_key, signature);
}

bool jc_bundle_signed(const uint8_t sha256[JC_SHA256_SIZE], const uint8_t signature[JC_SIGNATURE_SIZE],
                      const uint8_t public_key[JC_SIGN_PUBLIC_SIZE]) {
    char bytes[STATEMENT_SIZE];
    return jc_sign_verify(statement(sha256, bytes), signature, public_key);
}
