/* The bureau that a simulation begins with (sim_server.h says what is in it). */
#ifndef JC_SIM_BUREAU_H
#define JC_SIM_BUREAU_H

#include "db/db.h"

/* A job of a new database. */
enum jc_code sim_bureau_fill(struct jc_tx *tx, void *ctx, struct jc_err *err);

#endif
