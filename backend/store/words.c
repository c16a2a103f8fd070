/* One table each for commands, fields and values. A name that is in none of them is shown as it is, so a field
 * added to the contract appears before it has a word. In English fields and values keep their names. */
#include "store/words.h"

#include <string.h>

struct word {
    const char *name;
    enum jc_msg words;
};

static const struct word commands[] = {
    {"start_inspection", JC_MSG_COMMAND_START_INSPECTION},
    {"submit_inspection", JC_MSG_COMMAND_SUBMIT_INSPECTION},
    {"issue_order", JC_MSG_COMMAND_ISSUE_ORDER},
    {"submit_recheck", JC_MSG_COMMAND_SUBMIT_RECHECK},
    {"return_task", JC_MSG_COMMAND_RETURN_TASK},
    {"report_unit_change", JC_MSG_COMMAND_REPORT_UNIT_CHANGE},
    {"add_ad_hoc_inspection", JC_MSG_COMMAND_ADD_AD_HOC_INSPECTION},
    {"void_document_number", JC_MSG_COMMAND_VOID_DOCUMENT_NUMBER},
    {"hand_over_task", JC_MSG_COMMAND_HAND_OVER_TASK},
    {"take_over_task", JC_MSG_COMMAND_TAKE_OVER_TASK},
};

static const struct word fields[] = {
    {"task_id", JC_MSG_SHOW_TASK_ID},
    {"kind", JC_MSG_SHOW_KIND},
    {"state", JC_MSG_SHOW_STATE},
    {"team_id", JC_MSG_SHOW_TEAM_ID},
    {"unit_id", JC_MSG_SHOW_UNIT_ID},
    {"visit_id", JC_MSG_SHOW_VISIT_ID},
    {"plan_version", JC_MSG_SHOW_PLAN_VERSION},
    {"month", JC_MSG_SHOW_MONTH},
    {"due_on", JC_MSG_SHOW_DUE_ON},
    {"mode", JC_MSG_SHOW_MODE},
    {"persons", JC_MSG_SHOW_PERSONS},
    {"days", JC_MSG_SHOW_DAYS},
    {"joined", JC_MSG_SHOW_JOINED},
    {"theme", JC_MSG_SHOW_THEME},
    {"checklist_id", JC_MSG_SHOW_CHECKLIST_ID},
    {"inspector_ids", JC_MSG_SHOW_INSPECTOR_IDS},
    {"order_id", JC_MSG_SHOW_ORDER_ID},
    {"return_reason", JC_MSG_SHOW_RETURN_REASON},
    {"recent_visits", JC_MSG_SHOW_RECENT_VISITS},
    {"recent_until", JC_MSG_SHOW_RECENT_UNTIL},
    {"ad_hoc", JC_MSG_SHOW_AD_HOC},
    {"held_by", JC_MSG_SHOW_HELD_BY},
    {"inspection_id", JC_MSG_SHOW_INSPECTION_ID},
    {"started_at", JC_MSG_SHOW_STARTED_AT},
    {"ended_at", JC_MSG_SHOW_ENDED_AT},
    {"outcome", JC_MSG_SHOW_OUTCOME},
    {"place", JC_MSG_SHOW_PLACE},
    {"checklist_results", JC_MSG_SHOW_CHECKLIST_RESULTS},
    {"item_no", JC_MSG_SHOW_ITEM_NO},
    {"answer", JC_MSG_SHOW_ANSWER},
    {"note", JC_MSG_SHOW_NOTE},
    {"findings", JC_MSG_SHOW_FINDINGS},
    {"finding_id", JC_MSG_SHOW_FINDING_ID},
    {"description", JC_MSG_SHOW_DESCRIPTION},
    {"legal_basis", JC_MSG_SHOW_LEGAL_BASIS},
    {"deadline", JC_MSG_SHOW_DEADLINE},
    {"major_hazard", JC_MSG_SHOW_MAJOR_HAZARD},
    {"signature", JC_MSG_SHOW_SIGNATURE},
    {"signed", JC_MSG_SHOW_SIGNED},
    {"refused", JC_MSG_SHOW_REFUSED},
    {"reason", JC_MSG_SHOW_REASON},
    {"name", JC_MSG_SHOW_NAME},
    {"position", JC_MSG_SHOW_POSITION},
    {"image_sha256", JC_MSG_SHOW_IMAGE_SHA256},
    {"photos", JC_MSG_SHOW_PHOTOS},
    {"sha256", JC_MSG_SHOW_SHA256},
    {"size_bytes", JC_MSG_SHOW_SIZE_BYTES},
    {"media_type", JC_MSG_SHOW_MEDIA_TYPE},
    {"taken_at", JC_MSG_SHOW_TAKEN_AT},
    {"workdays", JC_MSG_SHOW_WORKDAYS},
    {"notes", JC_MSG_SHOW_NOTES},
    {"document_number", JC_MSG_SHOW_DOCUMENT_NUMBER},
    {"year", JC_MSG_SHOW_YEAR},
    {"number", JC_MSG_SHOW_NUMBER},
    {"items", JC_MSG_SHOW_ITEMS},
    {"problem", JC_MSG_SHOW_PROBLEM},
    {"corrected_on", JC_MSG_SHOW_CORRECTED_ON},
    {"issued_at", JC_MSG_SHOW_ISSUED_AT},
    {"recheck_id", JC_MSG_SHOW_RECHECK_ID},
    {"result", JC_MSG_SHOW_RESULT},
    {"noun", JC_MSG_SHOW_NOUN},
    {"document", JC_MSG_SHOW_DOCUMENT},
    {"unit", JC_MSG_SHOW_UNIT},
    {"operation_id", JC_MSG_SHOW_OPERATION_ID},
    {"unsent", JC_MSG_SHOW_UNSENT},
    {"result_reason", JC_MSG_SHOW_RESULT_REASON},
    {"received_at", JC_MSG_SHOW_RECEIVED_AT},
    {"device_time", JC_MSG_SHOW_DEVICE_TIME},
    {"estimated_at", JC_MSG_SHOW_ESTIMATED_AT},
    {"decision", JC_MSG_SHOW_DECISION},
    {"decided_by", JC_MSG_SHOW_DECIDED_BY},
};

static const struct {
    const char *field, *name;
    enum jc_msg words;
} values[] = {
    {"noun", "task", JC_MSG_SHOWN_TASK},
    {"noun", "inspection", JC_MSG_SHOWN_INSPECTION},
    {"noun", "order", JC_MSG_SHOWN_ORDER},
    {"noun", "recheck", JC_MSG_SHOWN_RECHECK},
    {"kind", "visit", JC_MSG_SHOWN_VISIT},
    {"kind", "joint", JC_MSG_SHOWN_JOINT},
    {"kind", "recheck", JC_MSG_SHOWN_KIND_RECHECK},
    {"kind", "ad_hoc", JC_MSG_SHOWN_AD_HOC},
    {"kind", "record", JC_MSG_SHOWN_RECORD},
    {"kind", "order", JC_MSG_SHOWN_KIND_ORDER},
    {"kind", "measures", JC_MSG_SHOWN_KIND_MEASURES},
    {"state", "open", JC_MSG_SHOWN_OPEN},
    {"state", "done", JC_MSG_SHOWN_DONE},
    {"state", "returned", JC_MSG_SHOWN_RETURNED},
    {"state", "recalled", JC_MSG_SHOWN_RECALLED},
    {"mode", "onsite", JC_MSG_SHOWN_ONSITE},
    {"mode", "remote", JC_MSG_SHOWN_REMOTE},
    {"outcome", "completed", JC_MSG_SHOWN_COMPLETED},
    {"outcome", "refused", JC_MSG_SHOWN_REFUSED},
    {"outcome", "corrected_on_site", JC_MSG_SHOWN_CORRECTED_ON_SITE},
    {"outcome", "by_deadline", JC_MSG_SHOWN_BY_DEADLINE},
    {"outcome", "measures", JC_MSG_SHOWN_MEASURES},
    {"outcome", "case", JC_MSG_SHOWN_CASE},
    {"answer", "conforms", JC_MSG_SHOWN_CONFORMS},
    {"answer", "violates", JC_MSG_SHOWN_VIOLATES},
    {"answer", "not_applicable", JC_MSG_SHOWN_NOT_APPLICABLE},
    {"status", "applied", JC_MSG_TERM_RESULT_APPLIED},
    {"status", "rejected", JC_MSG_TERM_RESULT_REJECTED},
    {"status", "kept_for_review", JC_MSG_TERM_RESULT_KEPT},
    {"decision", "accept", JC_MSG_TERM_RESULT_ACCEPTED},
    {"decision", "reject", JC_MSG_TERM_RESULT_NOT_ACCEPTED},
    {"decision", "link", JC_MSG_TERM_RESULT_LINKED},
    {"result", "corrected", JC_MSG_SHOWN_CORRECTED},
    {"result", "partly", JC_MSG_SHOWN_PARTLY},
    {"result", "not_corrected", JC_MSG_SHOWN_NOT_CORRECTED},
};

static struct jc_str find(const struct word *words, size_t count, enum jc_lang lang, const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i].name, name) == 0)
            return jc_msg_text(words[i].words, lang);
    }
    return jc_str(name);
}

struct jc_str jc_words_command(enum jc_lang lang, const char *command) {
    return find(commands, sizeof commands / sizeof commands[0], lang, command);
}

struct jc_str jc_words_field(enum jc_lang lang, const char *field) {
    return find(fields, sizeof fields / sizeof fields[0], lang, field);
}

struct jc_str jc_words_value(enum jc_lang lang, const char *field, struct jc_str value) {
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (strcmp(values[i].field, field) == 0 && jc_str_eq(jc_str(values[i].name), value))
            return jc_msg_text(values[i].words, lang);
    }
    return value;
}

/* What the names of all values begin with: that of value 0 without "UNSPECIFIED". */
static size_t prefix_of(const ProtobufCEnumDescriptor *descriptor) {
    const ProtobufCEnumValue *zero = protobuf_c_enum_descriptor_get_value(descriptor, 0);
    return zero ? strlen(zero->name) - strlen("UNSPECIFIED") : 0;
}

static char lower(char c) {
    return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

struct jc_str jc_words_enum(struct jc_arena *arena, const ProtobufCEnumDescriptor *descriptor, int value) {
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(descriptor, value);
    struct jc_str name = jc_arena_copy(arena, jc_str(found ? found->name + prefix_of(descriptor) : ""));
    for (size_t i = 0; name.ptr && i < name.len; i++)
        ((char *)name.ptr)[i] = lower(name.ptr[i]);
    return name;
}

bool jc_words_enum_parse(const ProtobufCEnumDescriptor *descriptor, struct jc_str name, int *out) {
    for (unsigned i = 0; i < descriptor->n_values; i++) {
        const char *full = descriptor->values[i].name + prefix_of(descriptor);
        size_t at = 0;
        while (at < name.len && full[at] && lower(full[at]) == name.ptr[at])
            at++;
        if (at == name.len && !full[at]) {
            *out = descriptor->values[i].value;
            return true;
        }
    }
    return false;
}
