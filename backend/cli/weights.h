/* --weights balance=1,travel=4,risk=0.1,preferred=1,changes=3: how much each part of a plan's cost counts. */
#ifndef JC_CLI_WEIGHTS_H
#define JC_CLI_WEIGHTS_H

#include <stdbool.h>

#include "jiancha/v1/optimizer.pb-c.h"

#define JC_EXPECTS_WEIGHTS                                                                                                          \
    {                                                                                                                               \
        "名称=数值，以逗号分隔；名称为 balance、travel、risk、preferred、changes，每项至多一次，数值为 0 至 1000000、至多三位小数", \
            "name=number pairs joined by commas; names are balance, travel, risk, preferred, changes, each "                        \
            "at most once, numbers 0 to 1000000 with at most three decimals"                                                        \
    }

/* Reads the text into `weights`; what it does not name keeps its weight. False, with the weights as they
 * were, for an unknown or repeated name, a missing, negative, too large or too precise number, and for what
 * is no number (NaN, infinity, exponents). */
bool jc_weights_read(const char *text, Jc__Weights *weights);

#endif
