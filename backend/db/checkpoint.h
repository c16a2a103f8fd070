/* Moving the log into the database file beside the commits, inside db/: a thread with a connection of
 * its own. See checkpoint.c. */
#ifndef JC_DB_CHECKPOINT_H
#define JC_DB_CHECKPOINT_H

#include "db/driver.h"

struct jc_checkpoint;

/* Opens the connection and starts the thread. */
enum jc_code jc_checkpoint_start(const struct jc_driver *driver, const struct jc_conn_config *config,
                                 struct jc_checkpoint **out, struct jc_err *err);
void jc_checkpoint_stop(struct jc_checkpoint *checkpoint); /* joins the thread, closes; NULL is fine */

/* Called by the writer between two batches, with its own connection and the pages that its last commit
 * left in the log: wakes the thread if many are behind, and does itself what the thread cannot do while
 * commits go on. */
void jc_checkpoint_tend(struct jc_checkpoint *checkpoint, struct jc_conn *conn, int pages);
/* What the statistics say of the log. */
void jc_checkpoint_stats(struct jc_checkpoint *checkpoint, struct jc_db_stats *out);

#endif
