/* Agencies: the tenants. `agency_id` is our number; `code` is the planner's string. */
#ifndef JC_STORE_AGENCY_H
#define JC_STORE_AGENCY_H

#include "db/db.h"
#include "jiancha/v1/registry.pb-c.h"

/* The agency named by `code`; with an empty code the only one there is. JC_NOT_FOUND if unknown,
 * JC_INVALID_ARGUMENT if the code is empty and there are several. */
enum jc_code jc_agency_find(struct jc_tx *tx, struct jc_str code, int64_t *out_agency_id, struct jc_err *err);
struct jc_agency_ref {
    int64_t agency_id;
    struct jc_str code; /* empty: not yet named by an import */
};

/* All agencies in the order of their numbers; strings are the arena's. */
enum jc_code jc_agency_list(struct jc_tx *tx, struct jc_arena *arena, struct jc_agency_ref **out, size_t *count,
                            struct jc_err *err);
/* The whole row; JC_NOT_FOUND. An agency not yet named by an import has an empty agency_id field. */
enum jc_code jc_agency_get(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Agency **out,
                           struct jc_err *err);
/* Writes every column of an agency (naming it, if it was not). */
enum jc_code jc_agency_put(struct jc_tx *tx, int64_t agency_id, const Jc__Agency *agency, struct jc_err *err);
/* A further agency with its head; returns its number. */
enum jc_code jc_agency_add(struct jc_tx *tx, const Jc__Agency *agency, int64_t *out_agency_id, struct jc_err *err);

#endif
