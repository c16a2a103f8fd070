/* When the listing is compared without being asked. See jc_terminal_check() in jiancha/terminal.h. */
#ifndef JC_TERMINAL_DIGEST_H
#define JC_TERMINAL_DIGEST_H

#include "terminal/store.h"

struct jc_terminal_comparison {
    bool due; /* a day after the last one, or after the enrolment; at once behind a rebuild; if the clock went back */
    bool rebuilt; /* the listing has been fetched anew since it last matched: doing it again would not help */
};
enum jc_code jc_terminal_comparison(struct jc_tx *tx, int64_t now_ms, struct jc_terminal_comparison *out,
                                    struct jc_err *err);

#endif
