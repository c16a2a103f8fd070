/* The legal limit of a recheck: a dated parameter, in calendar or working days (FORMS). */
#ifndef JC_SYNC_LIMIT_H
#define JC_SYNC_LIMIT_H

#include "store/order.h"
#include "sync/command.h"

/* The last day for a recheck of what is due on `deadline`: the parameter recheck_due in force on that
 * day later. Where none is in force (or it is no sensible number of days) the deadline itself, and the
 * operation is flagged NO_LEGAL_LIMIT. */
enum jc_code jc_recheck_due(struct jc_apply *apply, struct jc_date deadline, struct jc_date *out, struct jc_err *err);

/* Adds the recheck task of an order, due on that day, for the team that led the inspection and the
 * persons who made it (谁检查、谁负责). Its id follows from the operation in hand. */
enum jc_code jc_recheck_task_add(struct jc_apply *apply, const struct jc_order *order, struct jc_date due,
                                 struct jc_err *err);

#endif
