/* What every report measures against: the newest approved plan and the end of a day. */
#ifndef JC_REPORT_BASIS_H
#define JC_REPORT_BASIS_H

#include "base/clock.h"
#include "db/db.h"

struct jc_basis {
    int64_t agency_id;
    int64_t version; /* of the newest approved plan */
    int64_t year;    /* the plan's */
    struct jc_date as_of;
    int64_t until_ms; /* records that ended before this count: the end of as_of in China's time */
    struct jc_str as_of_iso;
    char iso_buf[JC_TIME_MAX];
    int months_over; /* months of the plan's year that ended on or before as_of, 0-12 */
};

/* JC_NOT_FOUND if no plan is approved. The struct must not be copied (as_of_iso points into it). */
enum jc_code jc_basis_of(struct jc_tx *tx, int64_t agency_id, struct jc_date as_of, struct jc_basis *out,
                         struct jc_err *err);

#endif
