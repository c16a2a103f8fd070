/* SQLite behind driver.h. With log_buffer.c all that sees sqlite3.h.
 *
 * WAL with synchronous=FULL: a commit is one write and one fsync of the log, readers never wait for
 * the writer nor it for them. The log flows back into the file (the checkpoint) when it has grown by
 * CHECKPOINT_PAGES, between two batches and after their answers, instead of within a commit; in a server
 * a thread does that (checkpoint.c).
 *
 * SQLite's memory comes through jc_malloc, so tests can let it run out; its own statistics, mutexes
 * of connections and file:-names are off. Statements for transactions are prepared with the
 * connection, so a rollback never has to. Frames of the log are gathered before they are written (log_buffer.c).
 *
 * Every statement that fails may have ended the transaction (disk full, I/O error, no memory): the
 * callers ask in_transaction. Nothing here begins, commits or repeats by itself.
 *
 * ":memory:" is one connection that writer and readers share, for tests. */
#include "db/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/log_buffer.h"

enum {
    CHECKPOINT_PAGES = 4000, /* 16 MB of log between checkpoints */
    LOG_LIMIT_BYTES = 64 * 1024 * 1024,
    WRITER_CACHE_KB = 16 * 1024,
    READER_CACHE_KB = 4 * 1024,
};

enum fixed { BEGIN_READ, BEGIN_WRITE, COMMIT, ROLLBACK, SAVEPOINT, RELEASE, ROLLBACK_TO, VERSION, FIXED };

static const char *const fixed_sql[FIXED] = {
    [BEGIN_READ] = "BEGIN",
    [BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [SAVEPOINT] = "SAVEPOINT job",
    [RELEASE] = "RELEASE job",
    [ROLLBACK_TO] = "ROLLBACK TO job",
    [VERSION] = "PRAGMA data_version",
};

struct jc_conn {
    sqlite3 *db;
    sqlite3_stmt *fixed[FIXED];
    const char *vfs; /* borrowed; copies are made through it too */
    int busy_timeout_ms;
    int log_pages;     /* in the log after the last commit */
    int checkpoint_at; /* the next checkpoint is due at so many */
};

/* A prepared statement and what its parameters hold: a number or NULL that stays from one run to the next, as
 * most of a record's do (the agency, flags, what is missing), is not bound again, which spares a third of all binding. */
struct jc_stmt {
    sqlite3_stmt *raw;
    struct held {
        enum { HOLDS_OTHER, HOLDS_NULL, HOLDS_NUMBER } what;
        int64_t number;
    } held[];
};

static sqlite3_stmt *stmt_of(const struct jc_stmt *stmt) {
    return stmt->raw;
}

/* --- memory ------------------------------------------------------------------------------------ */

/* SQLite asks how large a block is, so each carries its size in front. */
static void *memory_new(int size) {
    int64_t *block = jc_malloc((size_t)size + sizeof *block);
    if (!block)
        return NULL;
    *block = size;
    return block + 1;
}

static void memory_free(void *memory) {
    if (memory)
        jc_free((int64_t *)memory - 1);
}

static void *memory_resize(void *memory, int size) {
    int64_t *block = jc_realloc((int64_t *)memory - 1, (size_t)size + sizeof *block);
    if (!block)
        return NULL;
    *block = size;
    return block + 1;
}

static int memory_size(void *memory) {
    return memory ? (int)((int64_t *)memory)[-1] : 0;
}

static int memory_round(int size) {
    return (size + 7) & ~7;
}

static int memory_init(void *ctx) {
    (void)ctx;
    return SQLITE_OK;
}

static void memory_shutdown(void *ctx) {
    (void)ctx;
}

static void library_init(void) {
    static const sqlite3_mem_methods memory = {
        .xMalloc = memory_new,
        .xFree = memory_free,
        .xRealloc = memory_resize,
        .xSize = memory_size,
        .xRoundup = memory_round,
        .xInit = memory_init,
        .xShutdown = memory_shutdown,
    };
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_URI, 0);
    sqlite3_config(SQLITE_CONFIG_MALLOC, &memory);
}

/* --- failures ---------------------------------------------------------------------------------- */

struct meaning {
    enum jc_code code;
    enum jc_msg what;
};

static struct meaning meaning_of(int rc) {
    switch (rc) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_ROWID:
        return (struct meaning){JC_ALREADY_EXISTS, JC_MSG_DB_EXISTS};
    default:
        break;
    }
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return (struct meaning){JC_FAILED_PRECONDITION, JC_MSG_DB_REFUSED};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return (struct meaning){JC_UNAVAILABLE, JC_MSG_DB_BUSY};
    case SQLITE_FULL:
        return (struct meaning){JC_UNAVAILABLE, JC_MSG_DB_FULL};
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return (struct meaning){JC_UNAVAILABLE, JC_MSG_DB_READ_ONLY};
    case SQLITE_IOERR:
        if (rc == SQLITE_IOERR_NOMEM)
            return (struct meaning){JC_RESOURCE_EXHAUSTED, JC_MSG_OUT_OF_MEMORY};
        return (struct meaning){JC_UNAVAILABLE, JC_MSG_DB_IO};
    case SQLITE_CANTOPEN:
        return (struct meaning){JC_UNAVAILABLE, JC_MSG_DB_IO};
    case SQLITE_NOMEM:
        return (struct meaning){JC_RESOURCE_EXHAUSTED, JC_MSG_OUT_OF_MEMORY};
    case SQLITE_TOOBIG:
        return (struct meaning){JC_RESOURCE_EXHAUSTED, JC_MSG_DB_TOO_BIG};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return (struct meaning){JC_DATA_LOSS, JC_MSG_DB_DAMAGED};
    default:
        return (struct meaning){JC_INTERNAL, JC_MSG_INTERNAL};
    }
}

/* Whoever does not want to know passes NULL for err. */
static enum jc_code fail(sqlite3 *db, int rc, const char *sql, struct jc_err *err) {
    int extended = db ? sqlite3_extended_errcode(db) : rc;
    if ((extended & 0xff) == (rc & 0xff))
        rc = extended;
    struct meaning meaning = meaning_of(rc);
    if (!err)
        return meaning.code;
    jc_fail(err, meaning.code, meaning.what);
    return jc_err_detail(err, "sqlite %d: %s, at: %s", rc, db ? sqlite3_errmsg(db) : sqlite3_errstr(rc), sql);
}

/* --- statements -------------------------------------------------------------------------------- */

/* A single statement, with nothing but blanks behind it. */
static enum jc_code prepare_raw(sqlite3 *db, const char *sql, sqlite3_stmt **out, struct jc_err *err) {
    const char *tail = NULL;
    int rc = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, &tail);
    if (rc != SQLITE_OK)
        return fail(db, rc, sql, err);
    if (*out && tail[strspn(tail, " \t\r\n;")] == '\0')
        return JC_OK;
    sqlite3_finalize(*out);
    *out = NULL;
    jc_fail(err, JC_INTERNAL, JC_MSG_INTERNAL);
    return jc_err_detail(err, "not a single statement: %s", sql);
}

/* PostgreSQL knows parameters by number alone, SQLite numbers them by first appearance: the two
 * agree exactly if parameter i is named $i. */
static bool names_are_numbers(sqlite3_stmt *stmt) {
    int count = sqlite3_bind_parameter_count(stmt);
    for (int i = 1; i <= count; i++) {
        const char *name = sqlite3_bind_parameter_name(stmt, i);
        char expected[16];
        snprintf(expected, sizeof expected, "$%d", i);
        if (!name || strcmp(name, expected) != 0)
            return false;
    }
    return true;
}

static enum jc_code sqlite_prepare(struct jc_conn *conn, const char *sql, struct jc_stmt **out,
                                   struct jc_stmt_info *info, struct jc_err *err) {
    sqlite3_stmt *raw = NULL;
    enum jc_code code = prepare_raw(conn->db, sql, &raw, err);
    if (code != JC_OK)
        return code;
    if (!names_are_numbers(raw)) {
        sqlite3_finalize(raw);
        jc_fail(err, JC_INTERNAL, JC_MSG_INTERNAL);
        return jc_err_detail(err, "parameters are not $1, $2 ... by first appearance: %s", sql);
    }
    *info = (struct jc_stmt_info){
        .params = (size_t)sqlite3_bind_parameter_count(raw),
        .columns = sqlite3_column_count(raw),
        .writes = !sqlite3_stmt_readonly(raw),
    };
    struct jc_stmt *stmt = jc_calloc(1, sizeof *stmt + info->params * sizeof stmt->held[0]);
    if (!stmt) {
        sqlite3_finalize(raw);
        return jc_fail_memory(err);
    }
    stmt->raw = raw;
    *out = stmt;
    return JC_OK;
}

static void sqlite_finish(struct jc_stmt *stmt) {
    sqlite3_finalize(stmt->raw);
    jc_free(stmt);
}

/* Whether the parameter has that value already; if not, what it holds is noted as unknown. */
static bool holds(struct held *held, const struct jc_value *value) {
    bool same = value->type == JC_VALUE_INT64  ? held->what == HOLDS_NUMBER && held->number == value->number
                : value->type == JC_VALUE_NULL ? held->what == HOLDS_NULL
                                               : false;
    if (!same)
        held->what = HOLDS_OTHER;
    return same;
}

static int bind_one(sqlite3_stmt *stmt, int i, const struct jc_value *value) {
    /* a NULL pointer would bind NULL, an empty text is not that */
    const char *ptr = value->bytes.ptr ? value->bytes.ptr : "";
    switch (value->type) {
    case JC_VALUE_NULL:
        return sqlite3_bind_null(stmt, i);
    case JC_VALUE_INT64:
        return sqlite3_bind_int64(stmt, i, value->number);
    case JC_VALUE_TEXT:
        return sqlite3_bind_text64(stmt, i, ptr, value->bytes.len, SQLITE_STATIC, SQLITE_UTF8);
    case JC_VALUE_BYTES:
        return sqlite3_bind_blob64(stmt, i, ptr, value->bytes.len, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

static enum jc_code sqlite_bind(struct jc_conn *conn, struct jc_stmt *stmt, const struct jc_value *values, size_t count,
                                struct jc_err *err) {
    for (size_t i = 0; i < count; i++) {
        struct held *held = &stmt->held[i];
        if (holds(held, &values[i]))
            continue;
        int rc = bind_one(stmt->raw, (int)i + 1, &values[i]);
        if (rc != SQLITE_OK)
            return fail(conn->db, rc, sqlite3_sql(stmt->raw), err);
        if (values[i].type == JC_VALUE_INT64)
            *held = (struct held){HOLDS_NUMBER, values[i].number};
        else if (values[i].type == JC_VALUE_NULL)
            held->what = HOLDS_NULL;
    }
    return JC_OK;
}

static enum jc_code sqlite_step(struct jc_conn *conn, struct jc_stmt *stmt, bool *has_row, struct jc_err *err) {
    int rc = sqlite3_step(stmt_of(stmt));
    *has_row = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return JC_OK;
    return fail(conn->db, rc, sqlite3_sql(stmt_of(stmt)), err);
}

static enum jc_code sqlite_reset(struct jc_conn *conn, struct jc_stmt *stmt, struct jc_err *err) {
    int rc = sqlite3_reset(stmt_of(stmt));
    return rc == SQLITE_OK ? JC_OK : fail(conn->db, rc, sqlite3_sql(stmt_of(stmt)), err);
}

static int64_t sqlite_changed(struct jc_conn *conn) {
    return sqlite3_changes64(conn->db);
}

static bool sqlite_column_is_null(struct jc_stmt *stmt, int column) {
    return sqlite3_column_type(stmt_of(stmt), column) == SQLITE_NULL;
}

static int64_t sqlite_column_int64(struct jc_stmt *stmt, int column) {
    return sqlite3_column_int64(stmt_of(stmt), column);
}

static bool sqlite_column_bytes(struct jc_stmt *stmt, int column, struct jc_str *out) {
    *out = JC_STR("");
    int type = sqlite3_column_type(stmt_of(stmt), column);
    if (type == SQLITE_NULL)
        return true;
    /* for text too: column_text would copy the value if no NUL stood behind it */
    const char *ptr = sqlite3_column_blob(stmt_of(stmt), column);
    size_t len = (size_t)sqlite3_column_bytes(stmt_of(stmt), column);
    if (ptr)
        *out = (struct jc_str){ptr, len};
    return ptr || ((type == SQLITE_TEXT || type == SQLITE_BLOB) && len == 0);
}

/* --- transactions ------------------------------------------------------------------------------ */

static enum jc_code run_fixed(struct jc_conn *conn, enum fixed which, struct jc_err *err) {
    sqlite3_stmt *stmt = conn->fixed[which];
    int rc = sqlite3_step(stmt);
    enum jc_code code = rc == SQLITE_DONE ? JC_OK : fail(conn->db, rc, fixed_sql[which], err);
    sqlite3_reset(stmt);
    return code;
}

static bool sqlite_in_transaction(struct jc_conn *conn) {
    return !sqlite3_get_autocommit(conn->db);
}

static enum jc_code sqlite_begin(struct jc_conn *conn, bool writes, struct jc_err *err) {
    return run_fixed(conn, writes ? BEGIN_WRITE : BEGIN_READ, err);
}

static enum jc_code sqlite_version(struct jc_conn *conn, int64_t *out, struct jc_err *err) {
    sqlite3_stmt *stmt = conn->fixed[VERSION];
    int rc = sqlite3_step(stmt);
    enum jc_code code = rc == SQLITE_ROW ? JC_OK : fail(conn->db, rc, fixed_sql[VERSION], err);
    if (code == JC_OK)
        *out = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return code;
}

static enum jc_code sqlite_commit(struct jc_conn *conn, struct jc_err *err) {
    return run_fixed(conn, COMMIT, err);
}

static void sqlite_rollback(struct jc_conn *conn) {
    if (sqlite_in_transaction(conn))
        run_fixed(conn, ROLLBACK, NULL);
}

static enum jc_code sqlite_savepoint(struct jc_conn *conn, struct jc_err *err) {
    return run_fixed(conn, SAVEPOINT, err);
}

static enum jc_code sqlite_release(struct jc_conn *conn, struct jc_err *err) {
    return run_fixed(conn, RELEASE, err);
}

static enum jc_code sqlite_rollback_to(struct jc_conn *conn, struct jc_err *err) {
    enum jc_code code = run_fixed(conn, ROLLBACK_TO, err);
    return code == JC_OK ? run_fixed(conn, RELEASE, err) : code;
}

static enum jc_code sqlite_script(struct jc_conn *conn, const char *sql, struct jc_err *err) {
    for (const char *rest = sql; *rest;) {
        sqlite3_stmt *stmt = NULL;
        const char *start = rest + strspn(rest, " \t\r\n");
        int rc = sqlite3_prepare_v2(conn->db, start, -1, &stmt, &rest);
        while (rc == SQLITE_OK || rc == SQLITE_ROW) {
            if (!stmt)
                break; /* blanks and comments */
            rc = sqlite3_step(stmt);
        }
        enum jc_code code = rc == SQLITE_OK || rc == SQLITE_DONE ? JC_OK : fail(conn->db, rc, start, err);
        sqlite3_finalize(stmt);
        if (code != JC_OK)
            return code;
    }
    return JC_OK;
}

/* --- upkeep ------------------------------------------------------------------------------------ */

static int log_grew(void *ctx, sqlite3 *db, const char *name, int pages) {
    (void)db, (void)name;
    ((struct jc_conn *)ctx)->log_pages = pages;
    return SQLITE_OK;
}

static void sqlite_upkeep(struct jc_conn *conn) {
    if (conn->log_pages < conn->checkpoint_at)
        return;
    int pages = 0, moved = 0;
    int rc = sqlite3_wal_checkpoint_v2(conn->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
    /* a reader in an old snapshot keeps the log; the commits go on, so try again a little later */
    bool whole = rc == SQLITE_OK && pages == moved;
    conn->checkpoint_at = whole ? CHECKPOINT_PAGES : conn->log_pages + CHECKPOINT_PAGES / 4;
    conn->log_pages = 0;
}

static int sqlite_log_pages(struct jc_conn *conn) {
    return conn->log_pages;
}

static bool sqlite_checkpoint(struct jc_conn *conn, int wait_ms, int *pages, int *copied) {
    *pages = *copied = 0;
    if (wait_ms > 0)
        sqlite3_busy_timeout(conn->db, wait_ms);
    int rc = sqlite3_wal_checkpoint_v2(conn->db, NULL, wait_ms ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE,
                                       pages, copied);
    if (wait_ms > 0)
        sqlite3_busy_timeout(conn->db, conn->busy_timeout_ms);
    return rc == SQLITE_OK;
}

/* A new file's name is durable once its folder is. */
static enum jc_code sync_path(const char *path, int flags, struct jc_err *err) {
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return jc_fail_errno(err, jc_str(path));
    enum jc_code code = fsync(fd) == 0 ? JC_OK : jc_fail_errno(err, jc_str(path));
    close(fd);
    return code;
}

static enum jc_code sync_file_and_folder(const char *path, struct jc_err *err) {
    enum jc_code code = sync_path(path, O_RDONLY, err);
    if (code != JC_OK)
        return code;
    const char *slash = strrchr(path, '/');
    if (!slash)
        return sync_path(".", O_RDONLY | O_DIRECTORY, err);
    size_t len = slash == path ? 1 : (size_t)(slash - path);
    char *folder = jc_malloc(len + 1);
    if (!folder)
        return jc_fail_memory(err);
    memcpy(folder, path, len);
    folder[len] = '\0';
    code = sync_path(folder, O_RDONLY | O_DIRECTORY, err);
    jc_free(folder);
    return code;
}

static enum jc_code copy_pages(struct jc_conn *conn, const char *path, struct jc_err *err) {
    sqlite3 *to = NULL;
    int rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, conn->vfs);
    /* nobody sees the copy before it is whole, so it needs no journal; the fsync comes at the end */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL);
    sqlite3_backup *backup = rc == SQLITE_OK ? sqlite3_backup_init(to, "main", conn->db, "main") : NULL;
    if (backup) {
        /* all in one step, which holds one snapshot; in WAL mode nobody waits for it */
        do
            rc = sqlite3_backup_step(backup, -1);
        while (rc == SQLITE_OK);
        int finished = sqlite3_backup_finish(backup);
        rc = rc == SQLITE_DONE ? finished : rc;
    } else if (rc == SQLITE_OK) {
        rc = sqlite3_errcode(to);
    }
    enum jc_code code = rc == SQLITE_OK ? JC_OK : fail(to, rc, "copy", err);
    sqlite3_close(to);
    return code;
}

static enum jc_code sqlite_copy_to(struct jc_conn *conn, const char *path, struct jc_err *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return jc_fail_errno(err, jc_str(path));
    close(fd);
    enum jc_code code = copy_pages(conn, path, err);
    if (code == JC_OK)
        code = sync_file_and_folder(path, err);
    if (code != JC_OK)
        unlink(path);
    return code;
}

struct finder {
    jc_db_fault *found;
    void *ctx;
};

static void tell_damage(const struct finder *finder, const char *text) {
    struct jc_err fault = {0};
    (void)jc_fail(&fault, JC_DATA_LOSS, JC_MSG_DB_FAULT, jc_str(text));
    finder->found(finder->ctx, &fault);
}

static int found_integrity(void *ctx, int count, char **text, char **names) {
    (void)names;
    const struct finder *finder = ctx;
    if (count > 0 && text[0] && strcmp(text[0], "ok") != 0)
        tell_damage(finder, text[0]);
    return 0;
}

static int found_orphan(void *ctx, int count, char **text, char **names) {
    (void)names;
    const struct finder *finder = ctx;
    if (count < 3)
        return 0;
    struct jc_err fault = {0};
    (void)jc_fail(&fault, JC_DATA_LOSS, JC_MSG_DB_ORPHAN, jc_str(text[1] ? text[1] : "?"), jc_str(text[0]),
                  jc_str(text[2]));
    finder->found(finder->ctx, &fault);
    return 0;
}

static enum jc_code sqlite_check(struct jc_conn *conn, jc_db_fault *found, void *ctx, struct jc_err *err) {
    struct finder finder = {found, ctx};
    const char *sql = "PRAGMA integrity_check";
    int rc = sqlite3_exec(conn->db, sql, found_integrity, &finder, NULL);
    if (rc == SQLITE_OK) {
        sql = "PRAGMA foreign_key_check";
        rc = sqlite3_exec(conn->db, sql, found_orphan, &finder, NULL);
    }
    if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB) {
        tell_damage(&finder, sqlite3_errmsg(conn->db));
        return JC_OK;
    }
    return rc == SQLITE_OK ? JC_OK : fail(conn->db, rc, sql, err);
}

/* --- connections ------------------------------------------------------------------------------- */

static bool sqlite_single(const char *path) {
    return strcmp(path, ":memory:") == 0;
}

static void sqlite_close(struct jc_conn *conn) {
    if (!conn)
        return;
    for (int i = 0; i < FIXED; i++)
        sqlite3_finalize(conn->fixed[i]);
    sqlite3_close(conn->db); /* the last one checkpoints and removes the log */
    jc_free(conn);
}

/* In another file system layer, which makes a missing file by itself. */
static enum jc_code layer_ready(const struct jc_conn_config *config, struct jc_err *err) {
    sqlite3_vfs *layer = sqlite3_vfs_find(config->vfs);
    int exists = 0;
    if (!layer)
        return JC_OK; /* opening will say so */
    int rc = layer->xAccess(layer, config->path, SQLITE_ACCESS_EXISTS, &exists);
    if (rc != SQLITE_OK)
        return fail(NULL, rc, config->path, err);
    return exists || config->create ? JC_OK : jc_fail(err, JC_NOT_FOUND, JC_MSG_DB_MISSING, jc_str(config->path));
}

/* Makes a missing file, readable for its owner alone; SQLite gives log and index the same mode. */
static enum jc_code file_ready(const struct jc_conn_config *config, struct jc_err *err) {
    if (config->vfs)
        return layer_ready(config, err);
    if (config->create && !config->read_only) {
        int fd = open(config->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 && (errno == EACCES || errno == EROFS))
            return jc_fail(err, JC_UNAVAILABLE, JC_MSG_FILE_READ_ONLY, jc_str(config->path));
        if (fd < 0)
            return jc_fail_errno(err, jc_str(config->path));
        close(fd);
        return JC_OK;
    }
    if (access(config->path, F_OK) == 0)
        return JC_OK;
    if (errno == ENOENT)
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_DB_MISSING, jc_str(config->path));
    return jc_fail_errno(err, jc_str(config->path));
}

static enum jc_code pragma(sqlite3 *db, const char *name, int number, struct jc_err *err) {
    char sql[96];
    snprintf(sql, sizeof sql, "PRAGMA %s = %d", name, number);
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? JC_OK : fail(db, rc, sql, err);
}

static int remember_mode(void *ctx, int count, char **text, char **names) {
    (void)names;
    *(bool *)ctx = count == 1 && text[0] && strcmp(text[0], "wal") == 0;
    return 0;
}

/* The change to WAL does not wait for others by itself; who opens a new file at the same moment
 * as another process tries again until the other is through. */
static enum jc_code use_wal(sqlite3 *db, int busy_timeout_ms, struct jc_err *err) {
    static const char sql[] = "PRAGMA journal_mode = WAL";
    bool wal = false;
    int rc = sqlite3_exec(db, sql, remember_mode, &wal, NULL);
    for (int waited = 0; (rc & 0xff) == SQLITE_BUSY && waited < busy_timeout_ms; waited += 10) {
        sqlite3_sleep(10);
        rc = sqlite3_exec(db, sql, remember_mode, &wal, NULL);
    }
    if (rc != SQLITE_OK)
        return fail(db, rc, sql, err);
    if (wal)
        return JC_OK;
    jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_DB_IO);
    return jc_err_detail(err, "this file system cannot hold a database in WAL mode");
}

/* Is the file a database? */
static enum jc_code first_look(sqlite3 *db, struct jc_err *err) {
    static const char sql[] = "PRAGMA schema_version";
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? JC_OK : fail(db, rc, sql, err);
}

static enum jc_code configure(struct jc_conn *conn, const struct jc_conn_config *config, struct jc_err *err) {
    sqlite3 *db = conn->db;
    sqlite3_busy_timeout(db, config->busy_timeout_ms);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL); /* "x" is a name, never a text */
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    bool wal = !sqlite_single(config->path) && !config->read_only && !config->reader;
    enum jc_code code = JC_OK;
    if (wal)
        code = use_wal(db, config->busy_timeout_ms, err);
    if (code == JC_OK)
        code = pragma(db, "synchronous", 2, err); /* FULL */
    if (code == JC_OK)
        code = pragma(db, "journal_size_limit", LOG_LIMIT_BYTES, err);
    if (code == JC_OK)
        code = pragma(db, "secure_delete", 1, err); /* what is deleted (keys, contents) leaves no rests */
    if (code == JC_OK)
        code = pragma(db, "cache_size", config->reader ? -READER_CACHE_KB : -WRITER_CACHE_KB, err);
    if (code == JC_OK && config->reader)
        code = pragma(db, "query_only", 1, err);
    if (code == JC_OK)
        code = first_look(db, err);
    if (code == JC_OK && wal)
        jc_log_buffer_attach(db, config->long_log);
    for (int i = 0; i < FIXED && code == JC_OK; i++)
        code = prepare_raw(db, fixed_sql[i], &conn->fixed[i], err);
    conn->checkpoint_at = CHECKPOINT_PAGES;
    sqlite3_wal_hook(db, log_grew, conn);
    return code;
}

/* SQLite says only "cannot open" when the log beside a file cannot be made. */
static bool is_read_only(const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = !slash ? 1 : slash == path ? 1 : (size_t)(slash - path);
    if (len >= sizeof folder)
        return false;
    memcpy(folder, slash ? path : ".", len);
    folder[len] = '\0';
    return access(path, F_OK) == 0 && (access(path, W_OK) != 0 || access(folder, W_OK) != 0);
}

static enum jc_code sqlite_open(const struct jc_conn_config *config, struct jc_conn **out, struct jc_err *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, library_init);
    struct jc_conn *conn = jc_calloc(1, sizeof *conn);
    if (!conn)
        return jc_fail_memory(err);
    conn->vfs = config->vfs;
    conn->busy_timeout_ms = config->busy_timeout_ms;
    enum jc_code code = sqlite_single(config->path) ? JC_OK : file_ready(config, err);
    if (code == JC_OK) {
        int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
        flags |= config->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
        flags |= config->vfs && config->create && !config->read_only ? SQLITE_OPEN_CREATE : 0;
        int rc = sqlite3_open_v2(config->path, &conn->db, flags, config->vfs);
        if (rc != SQLITE_OK)
            code = fail(conn->db, rc, config->path, err);
    }
    if (code == JC_OK && config->must_write && sqlite3_db_readonly(conn->db, "main") == 1)
        code = jc_fail(err, JC_UNAVAILABLE, JC_MSG_DB_READ_ONLY);
    if (code == JC_OK)
        code = configure(conn, config, err);
    if (code == JC_UNAVAILABLE && err->what == JC_MSG_DB_IO && is_read_only(config->path))
        code = jc_fail(err, JC_UNAVAILABLE, JC_MSG_DB_READ_ONLY);
    if (code == JC_OK) {
        *out = conn;
    } else {
        sqlite_close(conn);
    }
    return code;
}

const struct jc_driver jc_driver_sqlite = {
    .single = sqlite_single,
    .open = sqlite_open,
    .close = sqlite_close,
    .prepare = sqlite_prepare,
    .finish = sqlite_finish,
    .bind = sqlite_bind,
    .step = sqlite_step,
    .reset = sqlite_reset,
    .changed = sqlite_changed,
    .column_is_null = sqlite_column_is_null,
    .column_int64 = sqlite_column_int64,
    .column_bytes = sqlite_column_bytes,
    .begin = sqlite_begin,
    .version = sqlite_version,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .savepoint = sqlite_savepoint,
    .release = sqlite_release,
    .rollback_to = sqlite_rollback_to,
    .in_transaction = sqlite_in_transaction,
    .script = sqlite_script,
    .upkeep = sqlite_upkeep,
    .log_pages = sqlite_log_pages,
    .checkpoint = sqlite_checkpoint,
    .copy_to = sqlite_copy_to,
    .check = sqlite_check,
};
