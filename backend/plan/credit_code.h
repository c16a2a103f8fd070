/* The unified social credit code (统一社会信用代码, GB 32100-2015): 18 characters, the last a check. */
#ifndef JC_PLAN_CREDIT_CODE_H
#define JC_PLAN_CREDIT_CODE_H

#include "base/str.h"

enum jc_credit_fault { JC_CREDIT_OK, JC_CREDIT_LENGTH, JC_CREDIT_CHARACTER, JC_CREDIT_CHECK };

/* On JC_CREDIT_CHARACTER *at is the index of the first wrong character; on JC_CREDIT_CHECK *expected
 * is the check character that would be right. Either may be NULL. */
enum jc_credit_fault jc_credit_code_check(struct jc_str code, size_t *at, char *expected);

#endif
