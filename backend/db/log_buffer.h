/* Gathers what SQLite writes to its log.
 *
 * SQLite writes a frame of the log by two calls, 24 bytes and a page, and a commit of forty jobs is some seventy
 * frames. Here they are laid one behind the other in memory and written thirty at a time, before anything could see
 * the difference: before the log is synced, read, measured, cut or closed. Bytes reach the file in the order SQLite
 * wrote them.
 *
 * That is enough because other connections look at frames only when the log's index names them as committed, which
 * SQLite does behind the sync of the commit. So the connection must sync each commit: synchronous = FULL. And what is
 * still here when the connection gives up the right to write to the log belongs to a transaction that was rolled back:
 * it is dropped then, since from that moment others may write to the same place.
 *
 * What must never happen: a sync succeeds and a byte written before it is not in the file; a byte is written to the
 * file while another connection may. */
#ifndef JC_DB_LOG_BUFFER_H
#define JC_DB_LOG_BUFFER_H

#include <sqlite3.h>
#include <stdbool.h>

/* For a connection in WAL mode whose log is open. Undone by SQLite's closing of log and file. Without memory, and for
 * a connection without a log, nothing changes.
 *
 * With `ahead` the file is lengthened by zeros, megabytes at a time, when a log that is no longer short reaches its
 * end. A sync of what lies within the file has no new size to make durable, which halves the longest waits; a log that
 * begins anew stays as long. To SQLite zeros are no frame. A disk without room for them is none of a commit's trouble. */
void jc_log_buffer_attach(sqlite3 *db, bool ahead);

#endif
