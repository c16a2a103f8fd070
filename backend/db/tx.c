/* Sessions and transactions: statements by the address of their SQL, cursors, states, memos, rollback.
 *
 * A session is a connection with a hash table from the address of a SQL constant to the statement
 * prepared for it, so running a statement costs a lookup, its binds and its steps: no parsing, no
 * malloc. A cached statement is its own cursor (struct jc_rows). Where the same SQL is started again
 * while its first run is still open, a twin is prepared and kept beside it.
 *
 * A transaction lasts until the database says otherwise: after each failed statement the driver is
 * asked whether it is still there. If not, `lost` is set and every later statement is refused, for
 * it would run and commit on its own. */
#include "db/tx.h"
#include "db/memo_table.h"

#include <assert.h>
#include <string.h>

enum {
    FIRST_SLOTS = 64,           /* a power of two */
    KEEP_COPY_BYTES = 64 * 1024 /* a larger buffer of copied values is given back after use */
};

/* A cached statement and, while `tx` is set, the cursor over its rows. */
struct jc_rows {
    const char *sql;
    struct jc_stmt *stmt;
    struct jc_stmt_info info;
    struct jc_rows *twin; /* for the same SQL */
    struct jc_tx *tx;     /* NULL: free */
    struct jc_rows *next_open;
    enum { BEFORE_FIRST, ON_ROW, AT_END } at;
    bool first_row; /* valid in BEFORE_FIRST: jc_tx_query has made the first step already */
    char *copy;     /* the values' bytes */
    size_t copy_size;
#ifdef JC_SANITIZED
    uint64_t hash; /* of the SQL */
#endif
};

struct jc_session {
    const struct jc_driver *driver;
    struct jc_conn *conn;
    struct jc_rows **slots; /* open addressing by address; NULL: free */
    size_t slot_count, used;
    struct jc_memo *memo;
    int64_t version; /* of the database, as the memo knows it */
};

/* A state of one agency in this transaction. `bytes` holds three of it. */
struct jc_tx_entry {
    const struct jc_tx_state *kind;
    int64_t agency_id;
    uint64_t touched;     /* the job that last asked for it; `before` is from that job's start */
    uint64_t loaded;      /* the job that loaded it */
    unsigned char *bytes; /* now, before the job, as in the database */
    size_t capacity;
};

/* --- sessions ---------------------------------------------------------------------------------- */

enum jc_code jc_session_open(const struct jc_driver *driver, const struct jc_conn_config *config,
                             struct jc_session **out, struct jc_err *err) {
    struct jc_session *session = jc_calloc(1, sizeof *session);
    if (!session)
        return jc_fail_memory(err);
    session->driver = driver;
    session->slot_count = FIRST_SLOTS;
    session->slots = jc_calloc(session->slot_count, sizeof *session->slots);
    enum jc_code code = session->slots ? driver->open(config, &session->conn, err) : jc_fail_memory(err);
    if (code == JC_OK) {
        *out = session;
    } else {
        jc_session_close(session);
    }
    return code;
}

void jc_session_close(struct jc_session *session) {
    if (!session)
        return;
    for (size_t i = 0; session->slots && i < session->slot_count; i++) {
        for (struct jc_rows *rows = session->slots[i], *twin; rows; rows = twin) {
            twin = rows->twin;
            assert(!rows->tx);
            session->driver->finish(rows->stmt);
            jc_free(rows->copy);
            jc_free(rows);
        }
    }
    jc_free(session->slots);
    jc_memo_free(session->memo);
    if (session->conn)
        session->driver->close(session->conn);
    jc_free(session);
}

struct jc_conn *jc_session_conn(const struct jc_session *session) {
    return session->conn;
}

struct jc_memo **jc_session_memo(struct jc_session *session) {
    return &session->memo;
}

#ifdef JC_SANITIZED
/* SQL that is no constant would find the statement of whatever stood at its address before. */
static uint64_t hash_of(const char *sql) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *sql; sql++)
        hash = (hash ^ (unsigned char)*sql) * UINT64_C(1099511628211);
    return hash;
}
#endif

/* The slot of `sql`, or the free one where it belongs. There is always a free one. */
static struct jc_rows **slot_of(struct jc_rows **slots, size_t count, const char *sql) {
    uint64_t hash = (uint64_t)(uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15);
    size_t i = (size_t)(hash >> 32) & (count - 1);
    while (slots[i] && slots[i]->sql != sql)
        i = (i + 1) & (count - 1);
    return &slots[i];
}

static bool grow(struct jc_session *session) {
    size_t count = session->slot_count * 2;
    struct jc_rows **slots = jc_calloc(count, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < session->slot_count; i++) {
        struct jc_rows *rows = session->slots[i];
        if (rows)
            *slot_of(slots, count, rows->sql) = rows;
    }
    jc_free(session->slots);
    session->slots = slots;
    session->slot_count = count;
    return true;
}

static enum jc_code prepare(struct jc_session *session, const char *sql, struct jc_rows **out, struct jc_err *err) {
    if (session->used >= session->slot_count / 2 && !grow(session))
        return jc_fail_memory(err);
    struct jc_rows *rows = jc_calloc(1, sizeof *rows);
    if (!rows)
        return jc_fail_memory(err);
    rows->sql = sql;
#ifdef JC_SANITIZED
    rows->hash = hash_of(sql);
#endif
    enum jc_code code = session->driver->prepare(session->conn, sql, &rows->stmt, &rows->info, err);
    if (code != JC_OK) {
        jc_free(rows);
        return code;
    }
    struct jc_rows **slot = slot_of(session->slots, session->slot_count, sql);
    if (!*slot)
        session->used++;
    rows->twin = *slot;
    *slot = rows;
    *out = rows;
    return JC_OK;
}

/* --- running statements ------------------------------------------------------------------------ */

static enum jc_code bug(struct jc_err *err, const char *what, const char *sql) {
    jc_fail(err, JC_INTERNAL, JC_MSG_INTERNAL);
    return jc_err_detail(err, "%s: %s", what, sql);
}

/* Behind every failure: is the transaction still there? */
static enum jc_code failed(struct jc_tx *tx, enum jc_code code) {
    if (!tx->driver->in_transaction(tx->conn))
        tx->lost = true;
    return code;
}

static enum jc_code refuse_lost(struct jc_err *err) {
    jc_fail(err, JC_UNAVAILABLE, JC_MSG_DB_IO);
    return jc_err_detail(err, "the transaction had been ended by the database");
}

/* A free statement for `sql`, fit for `count` values in this transaction. */
static enum jc_code take(struct jc_tx *tx, const char *sql, size_t count, struct jc_rows **out, struct jc_err *err) {
    if (tx->lost)
        return refuse_lost(err);
    struct jc_session *session = tx->session;
    struct jc_rows *rows = *slot_of(session->slots, session->slot_count, sql);
    while (rows && rows->tx)
        rows = rows->twin;
    if (!rows) {
        enum jc_code code = prepare(session, sql, &rows, err);
        if (code != JC_OK)
            return failed(tx, code);
    }
#ifdef JC_SANITIZED
    assert(rows->hash == hash_of(sql));
#endif
    if (rows->info.params != count)
        return bug(err, "wrong number of values", sql);
    if (rows->info.writes && !tx->writes)
        return bug(err, "a read tried to write", sql);
    *out = rows;
    return JC_OK;
}

/* Ends a run. `code` is how it went so far; only behind JC_OK the reset can add a failure. */
static enum jc_code finish_run(struct jc_tx *tx, struct jc_rows *rows, enum jc_code code, struct jc_err *err) {
    if (code == JC_OK) {
        code = tx->driver->reset(tx->conn, rows->stmt, err);
    } else {
        tx->driver->reset(tx->conn, rows->stmt, NULL);
    }
    return code == JC_OK ? JC_OK : failed(tx, code);
}

enum jc_code jc_tx_exec(struct jc_tx *tx, const char *sql, const struct jc_value *values, size_t count,
                        struct jc_err *err) {
    tx->changed = 0;
    struct jc_rows *rows;
    enum jc_code code = take(tx, sql, count, &rows, err);
    if (code != JC_OK)
        return code;
    code = tx->driver->bind(tx->conn, rows->stmt, values, count, err);
    bool has_row = code == JC_OK;
    while (has_row && code == JC_OK)
        code = tx->driver->step(tx->conn, rows->stmt, &has_row, err);
    code = finish_run(tx, rows, code, err);
    if (code == JC_OK && rows->info.writes) {
        tx->changed = tx->driver->changed(tx->conn);
        tx->wrote |= tx->changed > 0;
    }
    return code;
}

int64_t jc_tx_changed(const struct jc_tx *tx) {
    return tx->changed;
}

enum jc_code jc_tx_int64(struct jc_tx *tx, const char *sql, const struct jc_value *values, size_t count, int64_t *out,
                         struct jc_err *err) {
    struct jc_rows *rows;
    enum jc_code code = take(tx, sql, count, &rows, err);
    if (code != JC_OK)
        return code;
    bool has_row = false, found = false;
    code = tx->driver->bind(tx->conn, rows->stmt, values, count, err);
    if (code == JC_OK)
        code = tx->driver->step(tx->conn, rows->stmt, &has_row, err);
    if (code == JC_OK && has_row) {
        *out = tx->driver->column_int64(rows->stmt, 0);
        found = true;
    }
    /* what RETURNING shows is only true once the statement has run to its end */
    while (code == JC_OK && has_row && rows->info.writes)
        code = tx->driver->step(tx->conn, rows->stmt, &has_row, err);
    tx->wrote |= rows->info.writes && found;
    code = finish_run(tx, rows, code, err);
    return code != JC_OK ? code : found ? JC_OK : JC_NOT_FOUND;
}

enum jc_code jc_tx_script(struct jc_tx *tx, const char *sql, struct jc_err *err) {
    tx->changed = 0;
    if (tx->lost)
        return refuse_lost(err);
    if (!tx->writes)
        return bug(err, "a read tried to run a script", sql);
    tx->wrote = true;
    enum jc_code code = tx->driver->script(tx->conn, sql, err);
    if (code != JC_OK)
        return failed(tx, code);
    if (tx->driver->in_transaction(tx->conn))
        return JC_OK;
    tx->lost = true;
    return bug(err, "a script ended the transaction", sql);
}

/* --- cursors ----------------------------------------------------------------------------------- */

/* The values with their bytes in the statement's own buffer, which lives as long as the run. */
static enum jc_code bind_copy(struct jc_tx *tx, struct jc_rows *rows, const struct jc_value *values, size_t count,
                              struct jc_err *err) {
    size_t need = 0;
    for (size_t i = 0; i < count; i++)
        need += values[i].bytes.len;
    if (need > rows->copy_size) {
        char *copy = jc_realloc(rows->copy, need);
        if (!copy)
            return jc_fail_memory(err);
        rows->copy = copy;
        rows->copy_size = need;
    }
    struct jc_value copied[JC_VALUES_MAX];
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        copied[i] = values[i];
        if (values[i].bytes.len == 0)
            continue;
        memcpy(rows->copy + used, values[i].bytes.ptr, values[i].bytes.len);
        copied[i].bytes.ptr = rows->copy + used;
        used += values[i].bytes.len;
    }
    return tx->driver->bind(tx->conn, rows->stmt, copied, count, err);
}

enum jc_code jc_tx_query(struct jc_tx *tx, const char *sql, const struct jc_value *values, size_t count,
                         struct jc_rows **out, struct jc_err *err) {
    *out = NULL;
    struct jc_rows *rows;
    if (count > JC_VALUES_MAX)
        return bug(err, "too many values", sql);
    enum jc_code code = take(tx, sql, count, &rows, err);
    if (code != JC_OK)
        return code;
    code = bind_copy(tx, rows, values, count, err);
    /* the first step happens here, so a statement that writes has written even if nobody reads on */
    if (code == JC_OK)
        code = tx->driver->step(tx->conn, rows->stmt, &rows->first_row, err);
    if (code != JC_OK)
        return finish_run(tx, rows, code, err);
    tx->wrote |= rows->info.writes;
    rows->at = BEFORE_FIRST;
    rows->tx = tx;
    rows->next_open = tx->open;
    tx->open = rows;
    *out = rows;
    return JC_OK;
}

enum jc_code jc_rows_next(struct jc_rows *rows, bool *has_row, struct jc_err *err) {
    struct jc_tx *tx = rows->tx;
    *has_row = false;
    if (tx->lost)
        return refuse_lost(err);
    enum jc_code code = JC_OK;
    if (rows->at == BEFORE_FIRST) {
        *has_row = rows->first_row;
    } else if (rows->at == ON_ROW) {
        code = tx->driver->step(tx->conn, rows->stmt, has_row, err);
    }
    rows->at = *has_row ? ON_ROW : AT_END;
    return code == JC_OK ? JC_OK : failed(tx, code);
}

void jc_rows_close(struct jc_rows *rows) {
    if (!rows)
        return;
    struct jc_tx *tx = rows->tx;
    assert(tx);
    struct jc_rows **link = &tx->open;
    while (*link != rows)
        link = &(*link)->next_open;
    *link = rows->next_open;
    /* a statement that writes may fail as late as here: then the job must */
    struct jc_err *late = tx->late.code == JC_OK && rows->info.writes && rows->at != AT_END ? &tx->late : NULL;
    if (tx->driver->reset(tx->conn, rows->stmt, late) != JC_OK)
        failed(tx, JC_OK);
    rows->tx = NULL;
    if (rows->copy_size > KEEP_COPY_BYTES) {
        jc_free(rows->copy);
        rows->copy = NULL;
        rows->copy_size = 0;
    }
}

static bool readable(const struct jc_rows *rows, int column) {
    assert(rows->tx && rows->at == ON_ROW && column >= 0 && column < rows->info.columns);
    return rows->at == ON_ROW && column >= 0 && column < rows->info.columns;
}

bool jc_rows_is_null(const struct jc_rows *rows, int column) {
    return !readable(rows, column) || rows->tx->driver->column_is_null(rows->stmt, column);
}

int64_t jc_rows_int64(const struct jc_rows *rows, int column) {
    return readable(rows, column) ? rows->tx->driver->column_int64(rows->stmt, column) : 0;
}

/* A value that could not be had for lack of memory looks empty, so the job must not succeed. */
struct jc_str jc_rows_bytes(const struct jc_rows *rows, int column) {
    struct jc_str bytes = JC_STR("");
    if (!readable(rows, column) || rows->tx->driver->column_bytes(rows->stmt, column, &bytes))
        return bytes;
    if (rows->tx->late.code == JC_OK)
        jc_fail_memory(&rows->tx->late);
    return bytes;
}

struct jc_str jc_rows_text(const struct jc_rows *rows, int column) {
    return jc_rows_bytes(rows, column);
}

struct jc_str jc_rows_copy(const struct jc_rows *rows, int column, struct jc_arena *arena) {
    return jc_arena_copy(arena, jc_rows_bytes(rows, column));
}

/* --- states ------------------------------------------------------------------------------------ */

static struct jc_tx_entry *find_state(struct jc_tx *tx, const struct jc_tx_state *kind, int64_t agency_id) {
    for (size_t i = 0; i < tx->state_count; i++) {
        struct jc_tx_entry *entry = &tx->states[i];
        if (entry->kind == kind && entry->agency_id == agency_id)
            return entry;
    }
    return NULL;
}

/* An entry with room for three of `kind` behind those in use; it counts once it is loaded. */
static struct jc_tx_entry *spare_state(struct jc_tx *tx, const struct jc_tx_state *kind) {
    if (tx->state_count == tx->state_capacity) {
        size_t capacity = tx->state_capacity ? tx->state_capacity * 2 : 8;
        struct jc_tx_entry *states = jc_realloc(tx->states, capacity * sizeof *states);
        if (!states)
            return NULL;
        memset(states + tx->state_capacity, 0, (capacity - tx->state_capacity) * sizeof *states);
        tx->states = states;
        tx->state_capacity = capacity;
    }
    struct jc_tx_entry *entry = &tx->states[tx->state_count];
    if (entry->capacity < 3 * kind->size) {
        jc_free(entry->bytes);
        entry->bytes = jc_malloc(3 * kind->size);
        entry->capacity = entry->bytes ? 3 * kind->size : 0;
    }
    return entry->bytes ? entry : NULL;
}

static enum jc_code load_state(struct jc_tx *tx, const struct jc_tx_state *kind, int64_t agency_id,
                               struct jc_tx_entry **out, struct jc_err *err) {
    struct jc_tx_entry *entry = spare_state(tx, kind);
    if (!entry)
        return jc_fail_memory(err);
    /* load may ask for another state, which moves the entries: take the bytes out meanwhile */
    unsigned char *bytes = entry->bytes;
    size_t capacity = entry->capacity;
    entry->bytes = NULL;
    entry->capacity = 0;
    memset(bytes, 0, kind->size);
    enum jc_code code = kind->load(tx, agency_id, bytes, err);
    if (code == JC_OK && !spare_state(tx, kind))
        code = jc_fail_memory(err);
    if (code != JC_OK) {
        jc_free(bytes);
        return code;
    }
    entry = &tx->states[tx->state_count++];
    jc_free(entry->bytes);
    *entry = (struct jc_tx_entry){kind, agency_id, tx->job, tx->job, bytes, capacity};
    memcpy(bytes + kind->size, bytes, kind->size);
    memcpy(bytes + 2 * kind->size, bytes, kind->size);
    *out = entry;
    return JC_OK;
}

enum jc_code jc_tx_state(struct jc_tx *tx, const struct jc_tx_state *kind, int64_t agency_id, void **out,
                         struct jc_err *err) {
    *out = NULL;
    struct jc_tx_entry *entry = find_state(tx, kind, agency_id);
    if (!entry) {
        enum jc_code code = load_state(tx, kind, agency_id, &entry, err);
        if (code != JC_OK)
            return code;
    }
    if (entry->touched != tx->job) {
        memcpy(entry->bytes + kind->size, entry->bytes, kind->size);
        entry->touched = tx->job;
    }
    *out = entry->bytes;
    return JC_OK;
}

/* Takes back what the job that failed did to the states. One that it loaded may have been read from
 * rows of its own, so it is loaded again when next asked for. */
static void undo_states(struct jc_tx *tx) {
    for (size_t i = tx->state_count; i-- > 0;) {
        struct jc_tx_entry *entry = &tx->states[i];
        if (entry->loaded == tx->job) {
            struct jc_tx_entry dropped = *entry;
            *entry = tx->states[--tx->state_count];
            tx->states[tx->state_count] = dropped;
        } else if (entry->touched == tx->job) {
            memcpy(entry->bytes, entry->bytes + entry->kind->size, entry->kind->size);
        }
    }
}

static enum jc_code store_states(struct jc_tx *tx, struct jc_err *err) {
    for (size_t i = 0; i < tx->state_count; i++) {
        struct jc_tx_entry entry = tx->states[i];
        if (memcmp(entry.bytes, entry.bytes + 2 * entry.kind->size, entry.kind->size) == 0)
            continue;
        enum jc_code code = entry.kind->store(tx, entry.agency_id, entry.bytes, err);
        if (code != JC_OK)
            return code;
    }
    return JC_OK;
}

/* --- transactions ------------------------------------------------------------------------------ */

void jc_tx_init(struct jc_tx *tx) {
    memset(tx, 0, sizeof *tx);
}

void jc_tx_free(struct jc_tx *tx) {
    for (size_t i = 0; i < tx->state_capacity; i++)
        jc_free(tx->states[i].bytes);
    jc_free(tx->states);
}

enum jc_code jc_tx_begin(struct jc_tx *tx, struct jc_session *session, bool writes, struct jc_err *err) {
    tx->session = session;
    tx->driver = session->driver;
    tx->conn = session->conn;
    tx->writes = writes;
    tx->lost = false;
    tx->changed = 0;
    tx->open = NULL;
    tx->state_count = 0;
    int64_t version = 0;
    enum jc_code code = tx->driver->begin(tx->conn, writes, err);
    if (code == JC_OK)
        code = tx->driver->version(tx->conn, &version, err);
    if (code != JC_OK || version != session->version)
        jc_memo_forget(session->memo);
    session->version = version;
    return code;
}

enum jc_code jc_tx_run(struct jc_tx *tx, jc_job *job, void *ctx, struct jc_err *err) {
    tx->job++;
    tx->changed = 0;
    tx->wrote = tx->keeps = false;
    tx->late.code = JC_OK;
    if (jc_memo_is_full(tx->session->memo))
        jc_memo_forget(tx->session->memo);
    enum jc_code code = job(tx, ctx, err);
    while (tx->open)
        jc_rows_close(tx->open);
    if (code == JC_OK && tx->late.code != JC_OK) {
        jc_err_copy(err, &tx->late);
        code = err->code;
    }
    if (code == JC_OK && tx->lost)
        code = refuse_lost(err);
    if (tx->wrote && !tx->keeps)
        jc_memo_forget(tx->session->memo);
    if (code != JC_OK)
        undo_states(tx);
    return code;
}

bool jc_tx_wrote(const struct jc_tx *tx) {
    return tx->wrote;
}

enum jc_code jc_tx_run_alone(struct jc_tx *tx, jc_job *job, void *ctx, struct jc_err *err) {
    enum jc_code code = tx->driver->savepoint(tx->conn, err);
    if (code != JC_OK) {
        tx->lost = true;
        return code;
    }
    code = jc_tx_run(tx, job, ctx, err);
    if (tx->lost)
        return code;
    if (code == JC_OK) {
        code = tx->driver->release(tx->conn, err);
        if (code != JC_OK)
            tx->lost = true;
        return code;
    }
    jc_memo_forget(tx->session->memo);
    if (tx->driver->rollback_to(tx->conn, NULL) != JC_OK)
        tx->lost = true;
    return code;
}

enum jc_code jc_tx_commit(struct jc_tx *tx, struct jc_err *err) {
    tx->late.code = JC_OK;
    enum jc_code code = store_states(tx, err);
    while (tx->open)
        jc_rows_close(tx->open);
    if (code == JC_OK && tx->late.code != JC_OK) {
        jc_err_copy(err, &tx->late);
        code = err->code;
    }
    if (code == JC_OK && tx->lost)
        code = refuse_lost(err);
    return code == JC_OK ? tx->driver->commit(tx->conn, err) : code;
}

bool jc_tx_rollback(struct jc_tx *tx) {
    while (tx->open)
        jc_rows_close(tx->open);
    if (tx->writes)
        jc_memo_forget(tx->session->memo);
    tx->driver->rollback(tx->conn);
    return !tx->driver->in_transaction(tx->conn);
}
