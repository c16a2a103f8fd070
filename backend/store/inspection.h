/* Inspections (现场检查): what reports and lists ask of a record: its workdays by team, the blobs it
 * names, its findings. The record's own words are in its operation's body (jc_operation_body), and
 * nowhere else, so that they cannot differ from what was signed. */
#ifndef JC_STORE_INSPECTION_H
#define JC_STORE_INSPECTION_H

#include "base/id.h"
#include "db/db.h"
#include "jiancha/v1/inspection.pb-c.h"

/* What the row says beside the message. */
struct jc_inspection {
    struct jc_str inspection_id; /* 16 bytes */
    int64_t operation_no;        /* the operation that brought it */
    struct jc_str task_id;       /* empty: ad hoc */
    bool is_record;              /* false: kept beside the task's record (conflict) */
    bool late;                   /* the task had been recalled, returned or reassigned */
    struct jc_str unit_id;
    struct jc_str team_id; /* the lead's */
    int64_t started_ms, ended_ms;
    struct jc_str inspector_ids; /* joined by ; */
    struct jc_str linked_to;     /* the inspection it belongs to; empty: none */
};

/* Writes the record with all that hangs on it. Ids, units, teams and findings have been checked (these
 * tables have no foreign keys); a second record of a task is JC_ALREADY_EXISTS. Findings corrected on
 * site are closed on the day of the inspection. Blobs that are here already count as received. */
enum jc_code jc_inspection_add(struct jc_tx *tx, int64_t agency_id, const struct jc_inspection *row,
                               const Jc__Inspection *message, struct jc_err *err);
/* *found false if the agency has no such inspection. Strings are the arena's. */
enum jc_code jc_inspection_find(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id,
                                struct jc_arena *arena, struct jc_inspection *out, bool *found, struct jc_err *err);
/* Whether the task has its record. */
enum jc_code jc_inspection_is_recorded(struct jc_tx *tx, int64_t agency_id, struct jc_str task_id, bool *recorded,
                                       struct jc_err *err);

/* Whether an order was issued from it. */
enum jc_code jc_inspection_has_order(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id, bool *has,
                                     struct jc_err *err);
/* Whether it counts from now on; of a task one does at most, else JC_ALREADY_EXISTS. */
enum jc_code jc_inspection_count(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id, bool counts,
                                 struct jc_err *err);
/* It belongs to another, and counts or not. */
enum jc_code jc_inspection_link(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id,
                                struct jc_str linked_to, bool counts, struct jc_err *err);
/* Takes that link away, if it is there. */
enum jc_code jc_inspection_unlink(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id,
                                  struct jc_str linked_to, bool counts, struct jc_err *err);

/* When visits of a year's plan were really inspected: the month of the record's end, in China's time. */
struct jc_executed {
    struct jc_str visit_id;
    int month; /* 0: in another year */
};
/* By visit_id; the lead's records alone. Strings are the arena's. */
enum jc_code jc_inspection_executed(struct jc_tx *tx, int64_t agency_id, int year, struct jc_arena *arena,
                                    struct jc_executed **out, size_t *count, struct jc_err *err);

#endif
