/* The database as jiancha uses it: made once, migrated forward, then opened.
 *
 * The files of this folder are one noun each: they hold the SQL of their tables and turn rows into
 * messages and back. Functions take the transaction they run in; none begins or commits. Rows that
 * terminals hold are written together with their entry in `change`. */
#ifndef JC_STORE_STORE_H
#define JC_STORE_STORE_H

#include "base/clock.h"
#include "db/db.h"

enum { JC_SCHEMA_VERSION = 4 };

/* Makes all tables in an empty database, loads the shipped holidays, and one agency (agency_id 1)
 * that the first import will name. JC_ALREADY_EXISTS if the database is not empty. */
enum jc_code jc_store_create(struct jc_db *db, const struct jc_clock *clock, struct jc_err *err);

/* Brings an older database forward; JC_FAILED_PRECONDITION if it is newer than this program or not
 * ours. Call after every jc_db_open of an existing database. */
enum jc_code jc_store_open(struct jc_db *db, struct jc_err *err);

struct jc_store_meta {
    int64_t schema_version;
    uint8_t incarnation[16]; /* this life of the database; new after a restore */
    int64_t created_ms;
};
enum jc_code jc_store_meta(struct jc_tx *tx, struct jc_store_meta *out, struct jc_err *err);
/* Gives the database a new incarnation (restore), in which document numbers go on from a place of its own
 * (jc_number_reopen); each agency's log of acts says that `actor` restored it from `source`, and the place. */
enum jc_code jc_store_reincarnate(struct jc_tx *tx, int64_t now_ms, struct jc_str actor, struct jc_str source,
                                  struct jc_err *err);

#endif
