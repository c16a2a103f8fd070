/* The setters share two helpers: fail() keeps the first mistake, copy() puts a NUL-terminated NFC copy of a value
 * into the cli's arena (registry codes are NFC). A file is read key by key into the same setters, so both ways of
 * describing an inspection mean the same. */
#include "cli/terminal_draft.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { FILE_MAX_BYTES = 1024 * 1024 };

static bool fail(struct jc_cli_draft *draft, enum jc_msg what, struct jc_str arg) {
    if (!draft->failed)
        jc_fail(&draft->err, JC_INVALID_ARGUMENT, what, arg);
    draft->failed = true;
    return true;
}

static bool fail_memory(struct jc_cli_draft *draft) {
    if (!draft->failed)
        jc_fail_memory(&draft->err);
    draft->failed = true;
    return true;
}

/* NULL (and a mistake remembered) without memory or if it is no UTF-8. */
static char *copy(struct jc_cli_draft *draft, struct jc_str text) {
    struct jc_str trimmed = jc_str_trim(text);
    struct jc_str composed = jc_text_nfc(draft->cli->arena, trimmed);
    struct jc_str own = {NULL, 0};
    if (composed.ptr)
        own = jc_arena_copy(draft->cli->arena, composed);
    if (!own.ptr) {
        if (jc_text_valid(trimmed, NULL))
            fail_memory(draft);
        else
            fail(draft, JC_MSG_TERM_TEXT_INVALID, JC_STR(""));
    }
    return (char *)(uintptr_t)own.ptr;
}

/* Cuts `text` at the first ':' or '：' into a head and what follows (empty if there is none). */
static struct jc_str cut_colon(struct jc_str text, struct jc_str *rest) {
    static const char wide[] = "：";
    for (size_t i = 0; i < text.len; i++) {
        size_t skip = text.ptr[i] == ':'                                                      ? 1
                      : text.len - i >= 3 && memcmp(text.ptr + i, wide, sizeof wide - 1) == 0 ? sizeof wide - 1
                                                                                              : 0;
        if (skip) {
            *rest = (struct jc_str){text.ptr + i + skip, text.len - i - skip};
            return (struct jc_str){text.ptr, i};
        }
    }
    *rest = (struct jc_str){"", 0};
    return text;
}

void jc_cli_draft_init(struct jc_cli_draft *draft, struct jc_cli *cli) {
    static char nothing[1];
    *draft = (struct jc_cli_draft){.cli = cli, .notes = nothing, .place = nothing, .reason = nothing};
}

/* --- times --------------------------------------------------------------------------------------------------- */

/* An instant: RFC 3339, or without a zone (China's), or a time of today. */
static bool parse_time(struct jc_cli_draft *draft, struct jc_str text, int64_t *out_ms) {
    char today[JC_TIME_MAX];
    jc_date_format(jc_date_of_ms(jc_clock_now_ms(&draft->cli->clock)), today);
    const struct {
        const char *before, *after;
    } forms[] = {{"", ""}, {"", "+08:00"}, {"", ":00+08:00"}, {today, "+08:00"}, {today, ":00+08:00"}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct jc_str whole = jc_arena_printf(draft->cli->arena, "%s%s%.*s%s", forms[i].before,
                                              *forms[i].before ? "T" : "", JC_FMT(text), forms[i].after);
        if (!whole.ptr)
            return fail_memory(draft), false;
        if (jc_time_parse(whole, out_ms))
            return true;
    }
    return fail(draft, JC_MSG_TERM_TIME_INVALID, text), false;
}

static bool set_time(struct jc_cli_draft *draft, const char *value, Google__Protobuf__Timestamp **out) {
    int64_t ms = 0;
    if (!parse_time(draft, jc_str(value), &ms))
        return true;
    Google__Protobuf__Timestamp *time = JC_NEW(draft->cli->arena, Google__Protobuf__Timestamp);
    if (!time)
        return fail_memory(draft);
    google__protobuf__timestamp__init(time);
    int64_t rest = (ms % 1000 + 1000) % 1000;
    time->seconds = (ms - rest) / 1000;
    time->nanos = (int32_t)rest * 1000000;
    *out = time;
    return true;
}

bool jc_cli_draft_start(void *draft, const char *value) {
    return set_time(draft, value, &((struct jc_cli_draft *)draft)->start);
}

bool jc_cli_draft_end(void *draft, const char *value) {
    return set_time(draft, value, &((struct jc_cli_draft *)draft)->end);
}

/* --- people, checklist ------------------------------------------------------------------------------------------ */

bool jc_cli_draft_inspectors(void *ctx, const char *value) {
    struct jc_cli_draft *draft = ctx;
    struct jc_str rest = jc_str(value), id;
    while (jc_str_cut(&rest, ',', &id)) {
        char **item = JC_PUSH(draft->cli->arena, &draft->inspectors, char *);
        if (!item || !(*item = copy(draft, id)))
            return fail_memory(draft);
    }
    return true;
}

static Jc__ChecklistAnswer answer_of(struct jc_str word) {
    static const struct {
        const char *word;
        Jc__ChecklistAnswer answer;
    } words[] = {
        {"conforms", JC__CHECKLIST_ANSWER__CHECKLIST_ANSWER_CONFORMS},
        {"符合", JC__CHECKLIST_ANSWER__CHECKLIST_ANSWER_CONFORMS},
        {"violates", JC__CHECKLIST_ANSWER__CHECKLIST_ANSWER_VIOLATES},
        {"不符合", JC__CHECKLIST_ANSWER__CHECKLIST_ANSWER_VIOLATES},
        {"na", JC__CHECKLIST_ANSWER__CHECKLIST_ANSWER_NOT_APPLICABLE},
        {"not_applicable", JC__CHECKLIST_ANSWER__CHECKLIST_ANSWER_NOT_APPLICABLE},
        {"不涉及", JC__CHECKLIST_ANSWER__CHECKLIST_ANSWER_NOT_APPLICABLE},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (jc_str_eq(word, jc_str(words[i].word)))
            return words[i].answer;
    }
    return JC__CHECKLIST_ANSWER__CHECKLIST_ANSWER_UNSPECIFIED;
}

bool jc_cli_draft_item(void *ctx, const char *value) {
    struct jc_cli_draft *draft = ctx;
    struct jc_str rest = jc_str(value), number_text, note;
    int64_t number = 0;
    jc_str_cut(&rest, '=', &number_text);
    Jc__ChecklistAnswer answer = answer_of(jc_str_trim(cut_colon(rest, &note)));
    if (!jc_str_to_int64(jc_str_trim(number_text), &number) || number < 1 || number > INT32_MAX || !answer)
        return fail(draft, JC_MSG_TERM_ITEM_OPTION, jc_str(value));
    Jc__ChecklistResult **item = JC_PUSH(draft->cli->arena, &draft->results, Jc__ChecklistResult *);
    if (!item || !(*item = JC_NEW(draft->cli->arena, Jc__ChecklistResult)))
        return fail_memory(draft);
    jc__checklist_result__init(*item);
    (*item)->item_no = (int32_t)number;
    (*item)->answer = answer;
    char *words = copy(draft, note);
    if (words)
        (*item)->note = words;
    return true;
}

/* --- findings ------------------------------------------------------------------------------------------------------ */

bool jc_cli_draft_finding(void *ctx, const char *value) {
    struct jc_cli_draft *draft = ctx;
    char *words = copy(draft, jc_str(value));
    Jc__Finding **item = JC_PUSH(draft->cli->arena, &draft->findings, Jc__Finding *);
    if (!item || !(*item = JC_NEW(draft->cli->arena, Jc__Finding)))
        return fail_memory(draft);
    jc__finding__init(*item);
    if (words)
        (*item)->description = words;
    return true;
}

/* The finding that --outcome, --basis, --item-no and --major are about; NULL after a complaint. */
static Jc__Finding *last_finding(struct jc_cli_draft *draft, const char *option) {
    if (draft->findings.count > 0)
        return draft->findings.items[draft->findings.count - 1];
    fail(draft, JC_MSG_TERM_OUTCOME_WITHOUT_FINDING, jc_str(option));
    return NULL;
}

bool jc_cli_draft_outcome(void *ctx, const char *value) {
    struct jc_cli_draft *draft = ctx;
    struct jc_str deadline, word = cut_colon(jc_str(value), &deadline);
    Jc__FindingOutcome outcome = JC__FINDING_OUTCOME__FINDING_OUTCOME_UNSPECIFIED;
    if (jc_str_eq(word, JC_STR("refused")) || jc_str_eq(word, JC_STR("completed"))) {
        draft->outcome = word.ptr[0] == 'r' ? JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_REFUSED
                                            : JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_COMPLETED;
        return true;
    }
    if (jc_str_eq(word, JC_STR("corrected")))
        outcome = JC__FINDING_OUTCOME__FINDING_OUTCOME_CORRECTED_ON_SITE;
    else if (jc_str_eq(word, JC_STR("deadline")) && deadline.len)
        outcome = JC__FINDING_OUTCOME__FINDING_OUTCOME_BY_DEADLINE;
    else if (jc_str_eq(word, JC_STR("measures")))
        outcome = JC__FINDING_OUTCOME__FINDING_OUTCOME_MEASURES;
    else if (jc_str_eq(word, JC_STR("case")))
        outcome = JC__FINDING_OUTCOME__FINDING_OUTCOME_CASE;
    bool by_deadline = outcome == JC__FINDING_OUTCOME__FINDING_OUTCOME_BY_DEADLINE;
    if (!outcome || (deadline.len && !by_deadline))
        return fail(draft, JC_MSG_TERM_OUTCOME_OPTION, jc_str(value));
    Jc__Finding *finding = last_finding(draft, "--outcome");
    char number[JC_NUMBER_TEXT];
    if (finding && finding->outcome)
        return fail(draft, JC_MSG_TERM_OUTCOME_TWICE, jc_str_from_int64((int64_t)draft->findings.count, number));
    char *day = by_deadline ? copy(draft, deadline) : NULL;
    if (finding && day)
        finding->deadline = day;
    if (finding)
        finding->outcome = outcome;
    return true;
}

bool jc_cli_draft_basis(void *ctx, const char *value) {
    struct jc_cli_draft *draft = ctx;
    Jc__Finding *finding = last_finding(draft, "--basis");
    char *words = copy(draft, jc_str(value));
    if (finding && words)
        finding->legal_basis = words;
    return true;
}

bool jc_cli_draft_item_no(void *ctx, const char *value) {
    struct jc_cli_draft *draft = ctx;
    Jc__Finding *finding = last_finding(draft, "--item-no");
    int64_t number;
    if (!jc_str_to_int64(jc_str(value), &number) || number < 1 || number > INT32_MAX)
        return false;
    if (finding)
        finding->item_no = (int32_t)number;
    return true;
}

bool jc_cli_draft_major(void *ctx, const char *value) {
    (void)value;
    Jc__Finding *finding = last_finding(ctx, "--major");
    if (finding)
        finding->major_hazard = 1;
    return true;
}

/* --- signature, photos, workdays --------------------------------------------------------------------------------------- */

static Jc__UnitSignature *new_signature(struct jc_cli_draft *draft, Jc__UnitSignature__ResultCase which) {
    if (draft->signature) {
        fail(draft, JC_MSG_TERM_SIGNATURE_TWICE, JC_STR(""));
        return NULL;
    }
    Jc__UnitSignature *signature = JC_NEW(draft->cli->arena, Jc__UnitSignature);
    Jc__Signed *by = JC_NEW(draft->cli->arena, Jc__Signed);
    Jc__Refused *refused = JC_NEW(draft->cli->arena, Jc__Refused);
    if (!signature || !by || !refused) {
        fail_memory(draft);
        return NULL;
    }
    jc__unit_signature__init(signature);
    jc__signed__init(by);
    jc__refused__init(refused);
    signature->result_case = which;
    if (which == JC__UNIT_SIGNATURE__RESULT_SIGNED)
        signature->signed_ = by;
    else
        signature->refused = refused;
    draft->signature = signature;
    return signature;
}

bool jc_cli_draft_signed(void *ctx, const char *value) {
    struct jc_cli_draft *draft = ctx;
    struct jc_str position, name = cut_colon(jc_str(value), &position);
    Jc__UnitSignature *signature = new_signature(draft, JC__UNIT_SIGNATURE__RESULT_SIGNED);
    char *name_copy = copy(draft, name), *position_copy = copy(draft, position);
    if (signature && name_copy && position_copy) {
        signature->signed_->name = name_copy;
        signature->signed_->position = position_copy;
    }
    return true;
}

bool jc_cli_draft_refused_signature(void *ctx, const char *value) {
    struct jc_cli_draft *draft = ctx;
    Jc__UnitSignature *signature = new_signature(draft, JC__UNIT_SIGNATURE__RESULT_REFUSED);
    char *words = copy(draft, jc_str(value));
    if (signature && words)
        signature->refused->reason = words;
    return true;
}

bool jc_cli_draft_photo(void *ctx, const char *value) {
    struct jc_cli_draft *draft = ctx;
    if (draft->failed)
        return true;
    Jc__Photo **item = JC_PUSH(draft->cli->arena, &draft->photos, Jc__Photo *);
    struct jc_str *path = JC_PUSH(draft->cli->arena, &draft->photo_paths, struct jc_str);
    if (!item || !path)
        return fail_memory(draft);
    draft->failed = jc_terminal_photo(value, draft->cli->arena, item, &draft->err) != JC_OK;
    char *whole = realpath(value, NULL); /* the upload comes later, perhaps from another folder */
    *path = jc_arena_copy(draft->cli->arena, jc_str(whole ? whole : value));
    free(whole);
    return path->ptr ? true : fail_memory(draft);
}

bool jc_cli_draft_workdays(void *ctx, const char *value) {
    struct jc_cli_draft *draft = ctx;
    struct jc_str rest = jc_str(value), team;
    int64_t centi = 0;
    jc_str_cut(&rest, '=', &team);
    if (!rest.ptr || jc_str_trim(team).len == 0 || !jc_str_to_centi(jc_str_trim(rest), &centi) || centi < 0)
        return fail(draft, JC_MSG_TERM_WORKDAYS_OPTION, jc_str(value));
    Jc__TeamWorkdays **item = JC_PUSH(draft->cli->arena, &draft->workdays, Jc__TeamWorkdays *);
    if (!item || !(*item = JC_NEW(draft->cli->arena, Jc__TeamWorkdays)))
        return fail_memory(draft);
    jc__team_workdays__init(*item);
    (*item)->workdays_centi = centi;
    char *team_id = copy(draft, team);
    if (team_id)
        (*item)->team_id = team_id;
    return true;
}

/* --- texts ---------------------------------------------------------------------------------------------------------------- */

static bool set_text(struct jc_cli_draft *draft, const char *value, char **out) {
    char *words = copy(draft, jc_str(value));
    if (words)
        *out = words;
    return true;
}

bool jc_cli_draft_notes(void *draft, const char *value) {
    return set_text(draft, value, &((struct jc_cli_draft *)draft)->notes);
}

bool jc_cli_draft_place(void *draft, const char *value) {
    return set_text(draft, value, &((struct jc_cli_draft *)draft)->place);
}

bool jc_cli_draft_reason(void *draft, const char *value) {
    return set_text(draft, value, &((struct jc_cli_draft *)draft)->reason);
}

bool jc_cli_draft_mode(void *ctx, const char *value) {
    struct jc_cli_draft *draft = ctx;
    bool remote = strcmp(value, "remote") == 0;
    if (!remote && strcmp(value, "onsite") != 0)
        return fail(draft, JC_MSG_TERM_MODE_OPTION, jc_str(value));
    draft->mode = remote ? JC__VISIT_MODE__VISIT_MODE_REMOTE : JC__VISIT_MODE__VISIT_MODE_ONSITE;
    return true;
}

/* --- JSON -------------------------------------------------------------------------------------------------------------------- */

struct setter {
    const char *key;
    bool (*set)(void *draft, const char *value);
};

static bool bad_key(struct jc_cli_draft *draft, const char *path, const char *key) {
    if (!draft->failed)
        jc_fail(&draft->err, JC_INVALID_ARGUMENT, JC_MSG_TERM_JSON_KEY, jc_str(path), jc_str(key));
    draft->failed = true;
    return true;
}

/* A string, or a number as its decimal text; NULL for anything else. */
static const char *scalar_text(struct jc_cli_draft *draft, const json_t *value) {
    if (json_is_string(value))
        return json_string_value(value);
    struct jc_str text = {NULL, 0};
    if (json_is_integer(value))
        text = jc_arena_printf(draft->cli->arena, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        text = jc_arena_printf(draft->cli->arena, "%.10g", json_real_value(value));
    return text.ptr;
}

/* {"no":3,"answer":"violates","note":"…"} */
static bool take_item(struct jc_cli_draft *draft, const char *path, const json_t *item) {
    const char *no = scalar_text(draft, json_object_get(item, "no"));
    const char *answer = json_string_value(json_object_get(item, "answer"));
    const char *note = json_string_value(json_object_get(item, "note"));
    if (!no || !answer)
        return bad_key(draft, path, "items");
    struct jc_str text = jc_arena_printf(draft->cli->arena, "%s=%s:%s", no, answer, note ? note : "");
    return text.ptr ? jc_cli_draft_item(draft, text.ptr) : fail_memory(draft);
}

/* {"text":"…","outcome":"deadline:2023-02-15","basis":"…","item_no":3,"major":true} */
static bool take_finding(struct jc_cli_draft *draft, const char *path, const json_t *item) {
    static const struct setter setters[] = {
        {"outcome", jc_cli_draft_outcome}, {"basis", jc_cli_draft_basis}, {"item_no", jc_cli_draft_item_no}};
    const char *words = json_string_value(json_object_get(item, "text"));
    if (!words)
        return bad_key(draft, path, "findings");
    jc_cli_draft_finding(draft, words);
    for (size_t i = 0; i < sizeof setters / sizeof setters[0]; i++) {
        const json_t *value = json_object_get(item, setters[i].key);
        const char *text = value ? scalar_text(draft, value) : NULL;
        if (value && (!text || !setters[i].set(draft, text)))
            return bad_key(draft, path, setters[i].key);
    }
    if (json_is_true(json_object_get(item, "major")))
        jc_cli_draft_major(draft, "");
    return true;
}

static bool take_text(struct jc_cli_draft *draft, const char *path, const json_t *item,
                      bool (*set)(void *draft, const char *value), const char *key) {
    const char *text = json_string_value(item);
    return text && set(draft, text) ? true : bad_key(draft, path, key);
}

static bool take_list(struct jc_cli_draft *draft, const char *path, const char *key, const json_t *list) {
    size_t index;
    json_t *item;
    if (!json_is_array(list))
        return bad_key(draft, path, key);
    json_array_foreach(list, index, item) {
        if (strcmp(key, "items") == 0)
            take_item(draft, path, item);
        else if (strcmp(key, "findings") == 0)
            take_finding(draft, path, item);
        else if (strcmp(key, "photos") == 0)
            take_text(draft, path, item, jc_cli_draft_photo, key);
        else
            take_text(draft, path, item, jc_cli_draft_inspectors, key);
    }
    return true;
}

/* {"hn-t1":10,"hn-t2":"2.5"} */
static bool take_workdays(struct jc_cli_draft *draft, const char *path, json_t *object) {
    const char *team;
    json_t *value;
    if (!json_is_object(object))
        return bad_key(draft, path, "workdays");
    json_object_foreach(object, team, value) {
        const char *days = scalar_text(draft, value);
        struct jc_str text = {NULL, 0};
        if (days)
            text = jc_arena_printf(draft->cli->arena, "%s=%s", team, days);
        if (!text.ptr)
            return bad_key(draft, path, "workdays");
        jc_cli_draft_workdays(draft, text.ptr);
    }
    return true;
}

static bool take_key(struct jc_cli_draft *draft, const char *path, const char *key, json_t *value) {
    static const struct setter texts[] = {
        {"start", jc_cli_draft_start},   {"end", jc_cli_draft_end},
        {"notes", jc_cli_draft_notes},   {"place", jc_cli_draft_place},
        {"reason", jc_cli_draft_reason}, {"mode", jc_cli_draft_mode},
        {"signed", jc_cli_draft_signed}, {"refused_signature", jc_cli_draft_refused_signature},
    };
    static const char *const lists[] = {"inspectors", "items", "findings", "photos"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(key, texts[i].key) == 0)
            return take_text(draft, path, value, texts[i].set, key);
    }
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (strcmp(key, lists[i]) == 0)
            return take_list(draft, path, key, value);
    }
    if (strcmp(key, "workdays") == 0)
        return take_workdays(draft, path, value);
    const char *outcome = json_string_value(value);
    bool whole = outcome && (strcmp(outcome, "refused") == 0 || strcmp(outcome, "completed") == 0);
    if (strcmp(key, "outcome") == 0 && whole)
        return jc_cli_draft_outcome(draft, outcome);
    return bad_key(draft, path, key);
}

bool jc_cli_draft_file(void *ctx, const char *path) {
    struct jc_cli_draft *draft = ctx;
    struct jc_str bytes;
    json_error_t where;
    char line[JC_NUMBER_TEXT];
    if (draft->failed)
        return true;
    draft->failed = jc_file_read(path, FILE_MAX_BYTES, draft->cli->arena, &bytes, &draft->err) != JC_OK;
    if (draft->failed)
        return true;
    json_t *root = json_loadb(bytes.ptr, bytes.len, JSON_REJECT_DUPLICATES, &where);
    const char *key;
    json_t *value;
    if (!json_is_object(root)) {
        jc_fail(&draft->err, JC_INVALID_ARGUMENT, JC_MSG_TERM_JSON_INVALID, jc_str(path),
                jc_str_from_int64(root ? 1 : where.line, line), jc_str(root ? "{}" : where.text));
        draft->failed = true;
    } else {
        json_object_foreach(root, key, value) {
            take_key(draft, path, key, value);
        }
    }
    json_decref(root);
    return true;
}

/* --- handing over -------------------------------------------------------------------------------------------------------------- */

enum jc_code jc_cli_draft_check(struct jc_cli_draft *draft, struct jc_err *err) {
    if (!draft->failed)
        return JC_OK;
    jc_err_copy(err, &draft->err);
    return err->code;
}

void jc_cli_draft_fill(struct jc_cli_draft *draft, Jc__Inspection *inspection) {
    inspection->started_at = draft->start;
    inspection->ended_at = draft->end;
    inspection->inspector_ids = draft->inspectors.items;
    inspection->n_inspector_ids = draft->inspectors.count;
    inspection->checklist_results = draft->results.items;
    inspection->n_checklist_results = draft->results.count;
    inspection->findings = draft->findings.items;
    inspection->n_findings = draft->findings.count;
    inspection->photos = draft->photos.items;
    inspection->n_photos = draft->photos.count;
    inspection->workdays = draft->workdays.items;
    inspection->n_workdays = draft->workdays.count;
    inspection->signature = draft->signature;
    inspection->outcome = draft->outcome;
    inspection->mode = draft->mode;
    inspection->notes = draft->notes;
    inspection->place = draft->place;
}
