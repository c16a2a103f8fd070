/* Tables over sets of open months: one 32-bit number for each of the 2^12 sets.
 *
 * The work of the lower bounds is done here: the cheapest way within each set of months, and sums of such
 * tables. Numbers lie between 0 and JC_TABLE_CAP and are cut there, so sums never overflow. Machines with
 * AVX2 use it; the results are the same integers everywhere. */
#ifndef JC_OPTIMIZER_TABLE_H
#define JC_OPTIMIZER_TABLE_H

#include "model/pattern.h"

enum {
    JC_SETS = 1 << JC_MONTHS,
    JC_TABLE_CAP = 1 << 28, /* no way at all, or too dear to matter */
};

/* Every set becomes `value`. */
void jc_table_fill(int32_t table[JC_SETS], int32_t value);

/* Every set becomes the minimum over its subsets. */
void jc_table_subset_minimum(int32_t table[JC_SETS]);

/* to += times · min(from, most), cut at JC_TABLE_CAP. times >= 1, most >= 0. */
void jc_table_add(int32_t to[JC_SETS], const int32_t from[JC_SETS], int32_t times, int32_t most);

/* The set with the least number among those that hold all of `must`, nothing outside `may` (which holds
 * `must`) and that `possible` (a bit for each set; NULL: all) lists; the first of equals. Writes its number;
 * INT32_MAX if there is no such set. */
uint32_t jc_table_least(const int32_t table[JC_SETS], uint32_t must, uint32_t may, const uint64_t *possible,
                        int32_t *value);

#endif
