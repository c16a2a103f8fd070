/* From an older form of the store to this one.
 *
 * Internal to terminal/. */
#ifndef JC_TERMINAL_MIGRATE_H
#define JC_TERMINAL_MIGRATE_H

#include "terminal/store.h"

/* Brings a store of an earlier version to JC_TERMINAL_SCHEMA_VERSION, in the caller's transaction. Keys, work, numbers
 * and the listing stay; operations of version 1 keep the signature of their body in place of a seal, and photos of
 * its records are queued for upload. */
enum jc_code jc_terminal_migrate(struct jc_tx *tx, int64_t from_version, struct jc_err *err);

#endif
