/* What a database must offer to be ours: connections, statements, transactions.
 *
 * db.c, tx.c and writer.c speak to the database through these functions alone; sqlite.c fills them
 * in, a driver for PostgreSQL will too. A connection is used by one thread at a time; the caller
 * sees to that. Every function that fails fills `err` with words for people and the database's own
 * text as detail. */
#ifndef JC_DB_DRIVER_H
#define JC_DB_DRIVER_H

#include "db/db.h"

struct jc_conn; /* a driver's connection */
struct jc_stmt; /* a driver's prepared statement */

struct jc_conn_config {
    const char *path;
    const char *vfs; /* NULL: the system's */
    bool create;     /* make the database if it is missing */
    bool read_only;  /* the file may not be written at all */
    bool must_write; /* as jc_db_config says */
    bool long_log;   /* the log's file is lengthened ahead of what is written: for servers */
    bool reader;     /* a connection of the read pool: writes through it fail */
    int busy_timeout_ms;
};

struct jc_stmt_info {
    size_t params; /* highest $n */
    int columns;
    bool writes;
};

struct jc_driver {
    /* True if the database lives in one connection, which writer and readers must then share. */
    bool (*single)(const char *path);

    /* JC_NOT_FOUND if the database is missing and may not be made. */
    enum jc_code (*open)(const struct jc_conn_config *config, struct jc_conn **out, struct jc_err *err);
    void (*close)(struct jc_conn *conn); /* all statements are finished */

    /* One statement, parameter i named $i; anything else is JC_INTERNAL. */
    enum jc_code (*prepare)(struct jc_conn *conn, const char *sql, struct jc_stmt **out, struct jc_stmt_info *info,
                            struct jc_err *err);
    void (*finish)(struct jc_stmt *stmt);
    /* Text and bytes are borrowed until the reset. */
    enum jc_code (*bind)(struct jc_conn *conn, struct jc_stmt *stmt, const struct jc_value *values, size_t count,
                         struct jc_err *err);
    enum jc_code (*step)(struct jc_conn *conn, struct jc_stmt *stmt, bool *has_row, struct jc_err *err);
    /* Ends the run and makes the statement ready for the next. A failure here is one that the run
     * up to now had not shown yet; after a step that failed it is JC_OK. */
    enum jc_code (*reset)(struct jc_conn *conn, struct jc_stmt *stmt, struct jc_err *err);
    int64_t (*changed)(struct jc_conn *conn); /* rows changed by the last statement that writes */

    bool (*column_is_null)(struct jc_stmt *stmt, int column);
    int64_t (*column_int64)(struct jc_stmt *stmt, int column);
    /* Valid until the next step; empty for NULL. False without memory (numbers asked for as text). */
    bool (*column_bytes)(struct jc_stmt *stmt, int column, struct jc_str *out);

    enum jc_code (*begin)(struct jc_conn *conn, bool writes, struct jc_err *err);
    /* Inside a transaction: a number that differs from the last one if another connection or process
     * has committed since, and stays through this connection's own commits. */
    enum jc_code (*version)(struct jc_conn *conn, int64_t *out, struct jc_err *err);
    enum jc_code (*commit)(struct jc_conn *conn, struct jc_err *err);
    void (*rollback)(struct jc_conn *conn); /* fine without a transaction */
    /* One savepoint at a time, for the job that runs. */
    enum jc_code (*savepoint)(struct jc_conn *conn, struct jc_err *err);
    enum jc_code (*release)(struct jc_conn *conn, struct jc_err *err);
    enum jc_code (*rollback_to)(struct jc_conn *conn, struct jc_err *err); /* back to it, and released */
    /* False once the database has ended the transaction by itself. */
    bool (*in_transaction)(struct jc_conn *conn);

    enum jc_code (*script)(struct jc_conn *conn, const char *sql, struct jc_err *err);
    /* Called by the writer between two batches, after the answers: housekeeping that may take time. Not
     * where a checkpoint thread does it (checkpoint.h), with the two below. */
    void (*upkeep)(struct jc_conn *conn);
    int (*log_pages)(struct jc_conn *conn); /* that this connection's last commit left in the log */
    /* Copies the log into the file as far as readers allow, beside whoever commits; with wait_ms waits
     * that long for them and then cuts the log. False if somebody else is at it, or it failed. */
    bool (*checkpoint)(struct jc_conn *conn, int wait_ms, int *pages, int *copied);
    /* These two run outside a transaction on a reader's connection; see jc_db_copy_to, jc_db_check. */
    enum jc_code (*copy_to)(struct jc_conn *conn, const char *path, struct jc_err *err);
    enum jc_code (*check)(struct jc_conn *conn, jc_db_fault *found, void *ctx, struct jc_err *err);
};

extern const struct jc_driver jc_driver_sqlite;

#endif
