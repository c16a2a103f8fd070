/* From files to a case: header, records, cells, each error with its place. */
#ifndef JC_PLAN_CASE_READ_H
#define JC_PLAN_CASE_READ_H

#include "plan/case.h"

struct jc_case_input {
    struct jc_str name; /* "units.csv" */
    struct jc_str bytes;
};

/* All files of a folder that end in .csv, by name; the arena's. JC_NOT_FOUND if there is no such
 * folder. */
enum jc_code jc_case_folder(const char *path, struct jc_arena *arena, struct jc_case_input **out, size_t *count,
                            struct jc_err *err);

/* Reads what is there into `out`; problems go to `diags` and rows keep what was readable. The bytes
 * must live as long as the case. JC_RESOURCE_EXHAUSTED without memory. */
enum jc_code jc_case_read(struct jc_arena *arena, const struct jc_case_input *inputs, size_t count,
                          struct jc_diags *diags, struct jc_case *out, struct jc_err *err);

/* The one of `names` nearest to `word`, if it is near enough to be a slip and no other is as near; else
 * empty. */
struct jc_str jc_case_nearest(struct jc_str word, const struct jc_str *names, size_t count);

#endif
