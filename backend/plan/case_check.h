/* What one row of a case says about another, checked once all files are read: identifiers given twice,
 * references to nothing, rules that no months can satisfy. Errors and warnings carry the place of the
 * cell that is wrong. */
#ifndef JC_PLAN_CASE_CHECK_H
#define JC_PLAN_CASE_CHECK_H

#include "plan/case.h"

/* Rows whose cells could not be read are left alone: they were told already. Cost: O(size of the case),
 * and one enumeration of month patterns per kind of unit. JC_RESOURCE_EXHAUSTED without memory. */
enum jc_code jc_case_check(const struct jc_case *c, struct jc_diags *diags, struct jc_err *err);

#endif
