/* Probable duplicates: units that may be one enterprise written twice, and districts spelled in several
 * ways. Warnings only; a planner decides. */
#ifndef JC_PLAN_SIMILAR_H
#define JC_PLAN_SIMILAR_H

#include "plan/case.h"

/* Units: the same credit code; or names (aliases too) that are the same apart from width, blanks,
 * brackets, the words for province, city, county and district, and the legal form (有限公司,
 * 有限责任公司, 股份有限公司), unless their credit codes differ.
 *
 * Districts: one the short form of the other (毛集, 毛集实验区); one character apart in the middle
 * (毛集试验区, 毛集实验区) unless that character counts or points (一, 二, 东, 西 …); the same apart
 * from 市 in front. Addresses are searched for such misspellings of known districts, each told once.
 *
 * O(units), and O(districts²) for up to 500 districts. JC_RESOURCE_EXHAUSTED without memory. */
enum jc_code jc_similar_warn(const struct jc_case *c, struct jc_diags *diags, struct jc_err *err);

/* Exposed for tests: what two names have in common; the arena's. */
struct jc_str jc_similar_name(struct jc_arena *arena, struct jc_str name);
bool jc_similar_district(struct jc_str a, struct jc_str b);

#endif
