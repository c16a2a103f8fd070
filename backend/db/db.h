/* The database: connections, transactions, statements. SQLite is seen by this folder alone.
 *
 * Every write is a job: a function that runs in a transaction and is durable when `done` is called.
 * Every read is a function that sees one snapshot. Nothing else begins or commits. One writer thread
 * takes the waiting jobs of all agencies as a batch and commits them together (group commit: one fsync
 * for many). A job that fails before it has written costs the others nothing; one that fails behind
 * its writes makes the batch run again with a savepoint for each job, so check before you write. Other processes may write to the same file (BEGIN
 * IMMEDIATE, busy timeout 10 s).
 *
 * A job is a pure function of (transaction, request): it may run twice, so it changes nothing but
 * the database and memory that a second run overwrites. If the whole transaction is lost (disk full,
 * I/O error, out of memory), the writer answers nobody yet, runs each job of the batch again alone,
 * and fails just those that fail alone. JC_OK is certain; a failure at the disk is not quite: if the
 * machine dies right after it, the commit may turn up again. Ids make a repeat harmless.
 *
 * SQL is one dialect for SQLite and PostgreSQL: parameters $1, $2 … numbered by first appearance.
 * Name plain columns in RETURNING: SQLite 3.40 answers `x IS NULL` there wrongly. */
#ifndef JC_DB_DB_H
#define JC_DB_DB_H

#include "base/arena.h"
#include "base/err.h"

struct jc_db;
struct jc_tx;
struct jc_rows;

struct jc_db_config {
    const char *path; /* file, or ":memory:": one connection for all, for tests; its reads do not nest */
    bool create;      /* make the file if it is missing; else JC_NOT_FOUND */
    bool read_only;
    bool must_write;        /* a file that cannot be written is JC_UNAVAILABLE; else it is opened for reading */
    int busy_timeout_ms;    /* 0: 10,000 */
    int readers;            /* connections kept for reads; 0: 4 */
    int batch_max;          /* jobs in one commit; 0: 256 */
    int queue_max;          /* waiting jobs before jc_db_write answers JC_RESOURCE_EXHAUSTED; 0: 4096 */
    int batch_cost_max;     /* costs of the jobs in one commit (jc_db_write_cost); 0: 2,048 */
    const char *vfs;        /* the driver's name of another file system layer; NULL: the system's (tests) */
    bool checkpoint_thread; /* the log is moved into the file beside the commits: for servers */
    /* No writer thread: jobs wait until jc_db_pump runs them on the caller's thread, and all use of
     * the database is by one thread at a time (simulation). */
    bool inline_writer;
    /* Called after the last `done` of a batch, on the same thread: what many answers share is
     * finished here. NULL: nothing. */
    void (*batch_end)(void *batch_ctx);
    void *batch_ctx;
};

enum jc_code jc_db_open(const struct jc_db_config *config, struct jc_db **out, struct jc_err *err);
/* Refuses new jobs with JC_UNAVAILABLE, finishes the waiting ones, closes. NULL is fine. */
void jc_db_close(struct jc_db *db);

/* --- jobs ------------------------------------------------------------------------------------ */

typedef enum jc_code jc_job(struct jc_tx *tx, void *ctx, struct jc_err *err);
/* Called once, on the writer's thread; JC_OK means durable. `err` is valid during the call. */
typedef void jc_done(void *ctx, enum jc_code code, const struct jc_err *err);

/* Queues a write job. A job that returns an error is rolled back alone. On a failure of this call
 * itself (queue full, closing) `done` is not called. `ctx` belongs to the writer until done. */
enum jc_code jc_db_write(struct jc_db *db, int64_t agency_id, jc_job *job, void *ctx, jc_done *done,
                         struct jc_err *err);
/* The same for a job that does the work of `cost` small ones (operations of a request): a batch takes
 * no further job once its costs reach batch_cost_max, so nobody waits long for a commit. */
enum jc_code jc_db_write_cost(struct jc_db *db, int64_t agency_id, unsigned cost, jc_job *job, void *ctx, jc_done *done,
                              struct jc_err *err);
/* The same, waiting for the outcome. Not from the writer's own thread. With an inline writer it pumps. */
enum jc_code jc_db_write_wait(struct jc_db *db, int64_t agency_id, jc_job *job, void *ctx, struct jc_err *err);
/* With an inline writer: runs the jobs that wait as one batch, on this thread, and says how many
 * they were (0: none waited). Their `done` and batch_end have been called when it returns. */
size_t jc_db_pump(struct jc_db *db);
/* Another batch_end from now on (jc_db_config), NULL for none: for what opens and ends while the database
 * is open. When it returns the one before is not running and will not be called again. Not from batch_end
 * itself, and not from a job. */
void jc_db_on_batch_end(struct jc_db *db, void (*batch_end)(void *batch_ctx), void *batch_ctx);
/* Runs `job` now, on this thread, in one snapshot; writes in it fail. */
enum jc_code jc_db_read(struct jc_db *db, jc_job *job, void *ctx, struct jc_err *err);

/* --- statements ------------------------------------------------------------------------------ */

struct jc_value {
    enum jc_value_type { JC_VALUE_NULL, JC_VALUE_INT64, JC_VALUE_TEXT, JC_VALUE_BYTES } type;
    int64_t number;
    struct jc_str bytes; /* borrowed until the statement has run */
};

static inline struct jc_value jc_int(int64_t number) {
    return (struct jc_value){JC_VALUE_INT64, number, {0}};
}
static inline struct jc_value jc_null(void) {
    return (struct jc_value){JC_VALUE_NULL, 0, {0}};
}
static inline struct jc_value jc_text(struct jc_str text) {
    return (struct jc_value){JC_VALUE_TEXT, 0, text};
}
static inline struct jc_value jc_bytes(const void *ptr, size_t len) {
    return (struct jc_value){JC_VALUE_BYTES, 0, {(const char *)ptr, len}};
}
/* Empty text or a negative number as NULL, for optional columns. */
static inline struct jc_value jc_text_or_null(struct jc_str text) {
    return text.len ? jc_text(text) : jc_null();
}
static inline struct jc_value jc_int_or_null(int64_t number) {
    return number < 0 ? jc_null() : jc_int(number);
}

/* An argument list for $1, $2 …: jc_tx_exec(tx, SQL, JC_VALUES(jc_int(a), jc_text(b)), err). */
#define JC_VALUES(...) \
    (const struct jc_value[]){__VA_ARGS__}, sizeof((const struct jc_value[]){__VA_ARGS__}) / sizeof(struct jc_value)
#define JC_NO_VALUES NULL, 0
enum { JC_VALUES_MAX = 128 }; /* of one statement */

/* Runs a statement that returns no rows. A broken UNIQUE or FOREIGN KEY is JC_ALREADY_EXISTS or
 * JC_FAILED_PRECONDITION. `sql` must be a constant (statements are cached by its address). */
enum jc_code jc_tx_exec(struct jc_tx *tx, const char *sql, const struct jc_value *values, size_t count,
                        struct jc_err *err);
/* Rows changed by the last jc_tx_exec of this transaction. */
int64_t jc_tx_changed(const struct jc_tx *tx);

/* Whether the running job has written anything. */
bool jc_tx_wrote(const struct jc_tx *tx);

/* Starts a statement that returns rows (RETURNING included: the rows are written once this returns,
 * whether they are read or not). Values are copied. Close it always; what is still open at the end
 * of the job is closed then. The same SQL may be started again while its first run is open. */
enum jc_code jc_tx_query(struct jc_tx *tx, const char *sql, const struct jc_value *values, size_t count,
                         struct jc_rows **out, struct jc_err *err);
/* Moves to the next row; *has_row is false at the end. */
enum jc_code jc_rows_next(struct jc_rows *rows, bool *has_row, struct jc_err *err);
void jc_rows_close(struct jc_rows *rows); /* NULL is fine */

/* Columns from 0; text and bytes are valid until the next jc_rows_next or close, so copy what stays.
 * Not NUL-terminated. A value that could not be had for lack of memory is empty and fails the job. */
bool jc_rows_is_null(const struct jc_rows *rows, int column);
int64_t jc_rows_int64(const struct jc_rows *rows, int column); /* 0 for NULL */
struct jc_str jc_rows_text(const struct jc_rows *rows, int column);
struct jc_str jc_rows_bytes(const struct jc_rows *rows, int column);
/* A NUL-terminated copy in the arena; empty (not NULL) for NULL. On lack of memory ptr is NULL. */
struct jc_str jc_rows_copy(const struct jc_rows *rows, int column, struct jc_arena *arena);

/* One number: the first column of the first row; JC_NOT_FOUND (nothing in err) without a row. */
enum jc_code jc_tx_int64(struct jc_tx *tx, const char *sql, const struct jc_value *values, size_t count, int64_t *out,
                         struct jc_err *err);

/* Several statements without parameters: schemas and migrations. */
enum jc_code jc_tx_script(struct jc_tx *tx, const char *sql, struct jc_err *err);

/* --- state that lives as long as a transaction -------------------------------------------------- */

/* A row that every job of an agency would rewrite (its change counter, the head of its evidence
 * chain) is loaded once a transaction, changed in memory by the jobs, and written once before the
 * commit. When a job is rolled back its changes to the state are undone with it. */
struct jc_tx_state {
    size_t size; /* bytes; no pointers inside */
    enum jc_code (*load)(struct jc_tx *tx, int64_t agency_id, void *state, struct jc_err *err);
    enum jc_code (*store)(struct jc_tx *tx, int64_t agency_id, const void *state, struct jc_err *err);
};
/* The state of `agency_id` in this transaction; JC_OK and *out, or load's failure. *out is valid
 * until the job ends. `store` is called only if the state has changed since load. */
enum jc_code jc_tx_state(struct jc_tx *tx, const struct jc_tx_state *kind, int64_t agency_id, void **out,
                         struct jc_err *err);

/* --- upkeep ---------------------------------------------------------------------------------- */

/* A consistent copy of the whole database in a new file (fsynced), while others write. */
enum jc_code jc_db_copy_to(struct jc_db *db, const char *path, struct jc_err *err);
/* Moves all that was committed into the file and cuts the log, so that what was deleted or overwritten lies in neither.
 * Waits `wait_ms` for those who read an older state; false if one still does, or it failed: it then happens when
 * the log is moved the next time. */
enum { JC_DB_SETTLE_MS = 5000 }; /* as long as a person waits gladly */
bool jc_db_settle(struct jc_db *db, int wait_ms);
/* Called for each problem; what the database itself says of it is in English. */
typedef void jc_db_fault(void *ctx, const struct jc_err *fault);
/* integrity_check and foreign_key_check. JC_OK even if problems were found. */
enum jc_code jc_db_check(struct jc_db *db, jc_db_fault *found, void *ctx, struct jc_err *err);

struct jc_db_stats {
    int64_t jobs, commits;
    int64_t replays;            /* jobs that had to run again: behind another's failure, or the transaction's */
    int64_t queued;             /* waiting now */
    int64_t log_pages;          /* of the write-ahead log since it began anew; 0 without a checkpoint thread */
    int64_t log_pages_copied;   /* of these, into the database file */
    int64_t checkpoints_forced; /* the log was so long that the writer waited for readers to cut it */
};
void jc_db_stats(const struct jc_db *db, struct jc_db_stats *out);

#endif
