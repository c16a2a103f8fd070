/* Sessions and transactions, inside db/: what db.c and writer.c share and nobody else sees. */
#ifndef JC_DB_TX_H
#define JC_DB_TX_H

#include "db/driver.h"

/* A connection with the statements prepared on it, found again by the address of their SQL. */
struct jc_session;

enum jc_code jc_session_open(const struct jc_driver *driver, const struct jc_conn_config *config,
                             struct jc_session **out, struct jc_err *err);
void jc_session_close(struct jc_session *session); /* NULL is fine */
struct jc_conn *jc_session_conn(const struct jc_session *session);

/* What the session remembers between jobs (memo.h); NULL while it remembers nothing. */
struct jc_memo;
struct jc_memo **jc_session_memo(struct jc_session *session);

/* A transaction on a session. The struct is reused from one transaction to the next, so the memory
 * of its states is too. */
struct jc_tx {
    struct jc_session *session;
    const struct jc_driver *driver;
    struct jc_conn *conn;
    bool writes;
    bool lost;            /* the database ended it: nothing may run in it any more */
    int64_t changed;      /* by the last jc_tx_exec */
    struct jc_rows *open; /* cursors not closed yet */
    struct jc_err late;   /* a failure that no caller could be told; code JC_OK if none */
    struct jc_tx_entry *states;
    size_t state_count, state_capacity;
    uint64_t job; /* number of the job that runs */
    bool wrote;   /* it has written */
    bool keeps;   /* it writes nothing that anybody memoises */
};

void jc_tx_init(struct jc_tx *tx); /* before the first jc_tx_begin */
void jc_tx_free(struct jc_tx *tx);

enum jc_code jc_tx_begin(struct jc_tx *tx, struct jc_session *session, bool writes, struct jc_err *err);
/* Runs one job and closes what it left open. Fails too if the job hid a failure. A job that failed
 * without having written (tx->wrote) leaves the transaction as it was. */
enum jc_code jc_tx_run(struct jc_tx *tx, jc_job *job, void *ctx, struct jc_err *err);
/* The same in a savepoint: a job that fails leaves nothing behind. Look at tx->lost afterwards. */
enum jc_code jc_tx_run_alone(struct jc_tx *tx, jc_job *job, void *ctx, struct jc_err *err);
/* Stores the states and commits. On failure nothing is committed; roll back. */
enum jc_code jc_tx_commit(struct jc_tx *tx, struct jc_err *err);
/* Also behind a commit that failed. False if the connection cannot be used any more. */
bool jc_tx_rollback(struct jc_tx *tx);

#endif
