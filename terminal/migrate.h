/* From an older form of the store to this one.
 *
 * Internal to terminal/. */
#ifndef JC_TERMINAL_MIGRATE_H
#define JC_TERMINAL_MIGRATE_H

#include "terminal/store.h"

/* Brings a store of version 1 to JC_TERMINAL_SCHEMA_VERSION, in the caller's transaction. Keys, work, numbers
 * and the listing stay; operations of version 1 keep the signature of their body in place of a seal. */
enum jc_code jc_terminal_migrate(struct jc_tx *tx, struct jc_err *err);

#endif
