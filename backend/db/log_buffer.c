/* The log's file and the database's each get methods of their own, copies of their VFS's with a few exchanged; in the
 * same struct lies what is gathered, so a file leads to it by its methods. The database's file is in it for its locks:
 * SQLite tells no file of a rollback, but takes lock 0 of the index to write to the log and gives it up at the end of
 * each transaction (https://www.sqlite.org/walformat.html, WAL locks).
 *
 * Where sectors are not written whole, a commit goes on behind its sync: its last frame again, up to the sector's end,
 * and SQLite syncs where the sector before ends, in the midst of such a frame. What is left of it is never synced, but
 * the index names it. So from a sync on, until the lock is given up, nothing is gathered.
 *
 * Bytes that could not be written stay for the next try, because frames of a transaction that goes on may be among
 * them; but a sync that fails drops them: the commit fails then and is rolled back, and must not reach the file after
 * its caller has been told so. */
#include "db/log_buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

enum {
    BUFFER_BYTES = 120 << 10, /* thirty frames; SQLite's own files take less than 128 KiB at a time */
    WRITE_LOCK = 0,           /* of the log's index */
    SHORT_BYTES = 256 << 10,  /* a log that is not lengthened yet */
    AHEAD_BYTES = 2 << 20,
    ZEROS_BYTES = 64 << 10,
};

struct buffer {
    sqlite3_io_methods log, file; /* of the log and of the database */
    const sqlite3_io_methods *real_log, *real_file;
    int open; /* of the two */
    bool ahead;
    sqlite3_int64 end; /* the log's file has been so long; 0: not asked yet */
    sqlite3_int64 at;  /* where in the log the bytes belong */
    int len;
    bool synced; /* since the lock was taken */
    uint8_t bytes[BUFFER_BYTES];
};

static struct buffer *of_log(const sqlite3_file *log) {
    return (struct buffer *)((uintptr_t)log->pMethods - offsetof(struct buffer, log));
}

static struct buffer *of_file(const sqlite3_file *file) {
    return (struct buffer *)((uintptr_t)file->pMethods - offsetof(struct buffer, file));
}

/* --- the log ------------------------------------------------------------------------------------------------ */

/* Frames have been written up to `to`, so the write lock is held. */
static void lengthen(sqlite3_file *log, sqlite3_int64 to) {
    static const uint8_t zeros[ZEROS_BYTES];
    struct buffer *buffer = of_log(log);
    const sqlite3_io_methods *real = buffer->real_log;
    if (!buffer->ahead || to < SHORT_BYTES || to < buffer->end || real->xFileSize(log, &buffer->end) != SQLITE_OK)
        return;
    for (sqlite3_int64 at = buffer->end; buffer->end < to + AHEAD_BYTES; at = buffer->end += sizeof zeros)
        if (real->xWrite(log, zeros, sizeof zeros, at) != SQLITE_OK)
            return;
}

static int flush(sqlite3_file *log) {
    struct buffer *buffer = of_log(log);
    int rc = buffer->len ? buffer->real_log->xWrite(log, buffer->bytes, buffer->len, buffer->at) : SQLITE_OK;
    if (rc != SQLITE_OK)
        return rc;
    if (buffer->len)
        lengthen(log, buffer->at + buffer->len);
    buffer->len = 0;
    return SQLITE_OK;
}

static int log_write(sqlite3_file *log, const void *bytes, int len, sqlite3_int64 at) {
    struct buffer *buffer = of_log(log);
    bool follows = buffer->len && at == buffer->at + buffer->len && len <= BUFFER_BYTES - buffer->len;
    int rc = follows ? SQLITE_OK : flush(log);
    if (rc != SQLITE_OK)
        return rc;
    if (buffer->synced || len > BUFFER_BYTES) {
        rc = buffer->real_log->xWrite(log, bytes, len, at);
        if (rc == SQLITE_OK)
            lengthen(log, at + len);
        return rc;
    }
    if (!buffer->len)
        buffer->at = at;
    memcpy(buffer->bytes + buffer->len, bytes, (size_t)len);
    buffer->len += len;
    return SQLITE_OK;
}

static int log_sync(sqlite3_file *log, int flags) {
    int rc = flush(log);
    of_log(log)->len = 0;
    of_log(log)->synced = true;
    return rc == SQLITE_OK ? of_log(log)->real_log->xSync(log, flags) : rc;
}

static int log_read(sqlite3_file *log, void *bytes, int len, sqlite3_int64 at) {
    int rc = flush(log);
    return rc == SQLITE_OK ? of_log(log)->real_log->xRead(log, bytes, len, at) : rc;
}

static int log_truncate(sqlite3_file *log, sqlite3_int64 size) {
    int rc = flush(log);
    of_log(log)->end = 0;
    return rc == SQLITE_OK ? of_log(log)->real_log->xTruncate(log, size) : rc;
}

static int log_size(sqlite3_file *log, sqlite3_int64 *size) {
    int rc = flush(log);
    return rc == SQLITE_OK ? of_log(log)->real_log->xFileSize(log, size) : rc;
}

/* --- both --------------------------------------------------------------------------------------------------- */

static int close_one(sqlite3_file *one, struct buffer *buffer, const sqlite3_io_methods *real) {
    one->pMethods = real;
    if (--buffer->open == 0)
        jc_free(buffer);
    return real->xClose(one);
}

/* Nothing is left that belongs to a commit. */
static int log_close(sqlite3_file *log) {
    return close_one(log, of_log(log), of_log(log)->real_log);
}

static int file_close(sqlite3_file *file) {
    return close_one(file, of_file(file), of_file(file)->real_file);
}

static int file_shm_lock(sqlite3_file *file, int first, int count, int flags) {
    struct buffer *buffer = of_file(file);
    if (first == WRITE_LOCK && flags == (SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE))
        buffer->len = 0;
    if (first == WRITE_LOCK)
        buffer->synced = false;
    return buffer->real_file->xShmLock(file, first, count, flags);
}

/* NULL if it is not open. */
static sqlite3_file *file_of(sqlite3 *db, int which) {
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(db, "main", which, &file);
    return rc == SQLITE_OK && file && file->pMethods ? file : NULL;
}

void jc_log_buffer_attach(sqlite3 *db, bool ahead) {
    sqlite3_file *log = file_of(db, SQLITE_FCNTL_JOURNAL_POINTER), *file = file_of(db, SQLITE_FCNTL_FILE_POINTER);
    if (!log || !file || file->pMethods->iVersion < 2) /* 2: with an index */
        return;
    struct buffer *buffer = jc_malloc(sizeof *buffer);
    if (!buffer)
        return;
    buffer->real_log = log->pMethods;
    buffer->real_file = file->pMethods;
    buffer->log = *log->pMethods;
    buffer->file = *file->pMethods;
    buffer->open = 2;
    buffer->at = buffer->end = buffer->len = 0;
    buffer->ahead = ahead;
    buffer->synced = false;
    buffer->log.xWrite = log_write;
    buffer->log.xSync = log_sync;
    buffer->log.xRead = log_read;
    buffer->log.xTruncate = log_truncate;
    buffer->log.xFileSize = log_size;
    buffer->log.xClose = log_close;
    buffer->file.xShmLock = file_shm_lock;
    buffer->file.xClose = file_close;
    log->pMethods = &buffer->log;
    file->pMethods = &buffer->file;
}
