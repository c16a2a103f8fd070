/* Checks that several commands share. Each adds grounds to the verdict of the operation in hand and
 * returns JC_OK; only memory and the database make it fail. `field` names what is wrong, as the
 * contract does ("inspection.ended_at"). */
#ifndef JC_SYNC_CHECK_H
#define JC_SYNC_CHECK_H

#include "store/number.h"
#include "sync/command.h"

enum {
    JC_DEADLINE_MAX_DAYS = 3660,          /* no deadline lies further ahead */
    JC_PEOPLE_MAX = 64,                   /* inspectors or teams on one visit */
    JC_ITEMS_MAX = 500,                   /* findings, photos, checklist results, items of an order */
    JC_WORKDAYS_MAX_CENTI = 100000 * 100, /* of one team on one visit */
};

/* True if there are at most `limit` of a repeated field; the checks below compare each with each. */
bool jc_check_count(struct jc_apply *apply, const char *field, size_t count, size_t limit);
/* True if it is 16 bytes. */
bool jc_check_id(struct jc_apply *apply, const char *field, ProtobufCBinaryData id);
/* True if it is neither empty nor blank. */
bool jc_check_given(struct jc_apply *apply, const char *field, const char *text);
/* Both instants, in ms; true if both are there and in order. Field names are <field>.started_at and
 * <field>.ended_at. */
bool jc_check_times(struct jc_apply *apply, const char *field, const Google__Protobuf__Timestamp *started,
                    const Google__Protobuf__Timestamp *ended, int64_t *started_ms, int64_t *ended_ms);
/* A deadline: a real date from `from` on, within JC_DEADLINE_MAX_DAYS of it. */
bool jc_check_deadline(struct jc_apply *apply, const char *field, const char *text, struct jc_date from,
                       struct jc_date *out);
/* Distinct, of the register, and as many as the parameter min_inspectors asks on that day (2 where
 * none is in force). */
enum jc_code jc_check_inspectors(struct jc_apply *apply, const char *field, char *const *ids, size_t count,
                                 struct jc_date on, struct jc_err *err);
/* The unit's signature or a refusal with its reason. */
void jc_check_signature(struct jc_apply *apply, const char *field, const Jc__UnitSignature *signature);
/* Distinct teams of the register, no negative days. */
enum jc_code jc_check_workdays(struct jc_apply *apply, const char *field, Jc__TeamWorkdays *const *workdays,
                               size_t count, struct jc_err *err);
/* What is known of a number, and whether the device's numbers may be running out. */
enum jc_code jc_check_number_state(struct jc_apply *apply, const Jc__DocumentNumber *number, enum jc_number_state *out,
                                   struct jc_err *err);
/* Flags a document number that is missing, not the device's, or used. *own: it may be recorded. */
enum jc_code jc_check_number(struct jc_apply *apply, const char *field, const Jc__DocumentNumber *number,
                             Jc__DocumentKind kind, bool *own, struct jc_err *err);
/* The unit of the register; unknown otherwise. */
enum jc_code jc_check_unit(struct jc_apply *apply, const char *field, const char *unit_id, bool *known,
                           struct jc_err *err);
/* Says that the agency does not know something. */
void jc_check_unknown(struct jc_apply *apply, const char *field, struct jc_str id);

/* The task an operation works on; NULL if the agency has none such. */
enum jc_code jc_check_task(struct jc_apply *apply, const char *field, ProtobufCBinaryData task_id, Jc__Task **out,
                           struct jc_err *err);
/* Whether the task was recalled, returned or reassigned meanwhile; if so, flags it (DESIGN section 5,
 * point 4: recall with grace), and keeps it for review if the days of grace are over. */
enum jc_code jc_check_late(struct jc_apply *apply, const Jc__Task *task, bool *late, struct jc_err *err);

/* Kind, year and number, "1-2023-12". */
struct jc_str jc_show_number(const Jc__DocumentNumber *number, char buf[64]);

#endif
