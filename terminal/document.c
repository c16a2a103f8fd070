/* The statutory documents as text (FORMS.md), line by line from the catalogue.
 *
 * A document is rendered from the signed operation and the sources kept with it, so it reads the same whenever it
 * is printed. What the register does not hold (telephone, review body, court) is left blank for the pen. Texts of
 * people may have several lines; whatever could steer a screen is replaced. */
#include "jiancha/terminal.h"

#include <string.h>

#include "base/text.h"
#include "terminal/entity.h"
#include "terminal/record.h"

enum { CLOCK_OFF_S = 600 }; /* as the server flags it: parameter clock_off_minutes */
enum { PAGE_WIDTH = 76, VALUE_MAX = 64 * 1024 };

struct page {
    struct jc_tx *tx;
    struct jc_arena *arena;
    enum jc_lang lang;
    struct jc_buf *out;
    struct jc_terminal_ref ref;
    struct jc_terminal_self self;
};

/* --- words and lines ------------------------------------------------------------------------------------- */

/* A catalogue entry with its arguments, the arena's; empty without memory (the buffer's failure is told). */
static struct jc_str phrase_args(struct page *page, enum jc_msg what, const struct jc_str *args, size_t count) {
    struct jc_buf text;
    jc_buf_init(&text, VALUE_MAX);
    jc_msg_render(&text, page->lang, what, args, count);
    struct jc_str copy = jc_arena_copy(page->arena, jc_buf_str(&text));
    page->out->failed |= text.failed || !copy.ptr;
    jc_buf_free(&text);
    return copy;
}
#define phrase(page, what, ...)                                       \
    phrase_args((page), (what), (const struct jc_str[]){__VA_ARGS__}, \
                sizeof((const struct jc_str[]){__VA_ARGS__}) / sizeof(struct jc_str))

/* One line (or more, where the text has more), indented, without what could steer a screen. */
static void put_text(struct page *page, int indent, struct jc_str text) {
    struct jc_str rest = text, line;
    static const char spaces[] = "        ";
    while (jc_str_cut(&rest, '\n', &line)) {
        char *clean = jc_arena_alloc(page->arena, line.len + 1);
        if (!clean) {
            page->out->failed = true;
            return;
        }
        size_t len = jc_text_clean(line, clean, line.len);
        jc_buf_append(page->out, spaces, len ? (size_t)indent : 0);
        jc_buf_append(page->out, clean, len);
        jc_buf_char(page->out, '\n');
    }
}

#define put(page, indent, what, ...) put_text((page), (indent), phrase((page), (what), __VA_ARGS__))

static void put_plain(struct page *page, int indent, enum jc_msg what) {
    put_text(page, indent, jc_msg_text(what, page->lang));
}

static void put_centred(struct page *page, struct jc_str text) {
    size_t width = jc_text_width(text);
    for (size_t i = width; i + 1 < PAGE_WIDTH; i += 2)
        jc_buf_char(page->out, ' ');
    put_text(page, 0, text);
}

static struct jc_str or_blank(const struct page *page, struct jc_str text) {
    return text.len ? text : jc_msg_text(JC_MSG_DOC_BLANK, page->lang);
}

/* --- values ------------------------------------------------------------------------------------------------ */

static struct jc_str number_text(struct page *page, int64_t number) {
    char text[JC_NUMBER_TEXT];
    return jc_arena_copy(page->arena, jc_str_from_int64(number, text));
}

/* In Chinese without leading zeros, in English with them. */
static struct jc_str two_digits(struct page *page, int number) {
    return jc_arena_printf(page->arena, page->lang == JC_ZH ? "%d" : "%02d", number);
}

static struct jc_str day_text(struct page *page, struct jc_date day) {
    return phrase(page, JC_MSG_DOC_DATE, number_text(page, day.year), two_digits(page, day.month),
                  two_digits(page, day.day));
}

/* An ISO date as people read it; what is none stays as it is. */
static struct jc_str iso_day_text(struct page *page, const char *iso) {
    struct jc_date day;
    return jc_date_parse(jc_str(iso), &day) ? day_text(page, day) : or_blank(page, jc_str(iso));
}

static struct jc_str time_text(struct page *page, const Google__Protobuf__Timestamp *time) {
    char iso[JC_TIME_MAX];
    if (!time)
        return or_blank(page, (struct jc_str){0});
    int64_t ms = time->seconds * 1000;
    struct jc_str text = jc_time_format(ms, iso);
    struct jc_str hour = {text.ptr + 11, 2}, minute = {text.ptr + 14, 2};
    return phrase(page, JC_MSG_DOC_TIME, day_text(page, jc_date_of_ms(ms)), jc_arena_copy(page->arena, hour),
                  jc_arena_copy(page->arena, minute));
}

static struct jc_str day_of_time(struct page *page, const Google__Protobuf__Timestamp *time) {
    return time ? day_text(page, jc_date_of_ms(time->seconds * 1000)) : or_blank(page, (struct jc_str){0});
}

void jc_terminal_document_number(struct jc_buf *out, const Jc__DocumentNumber *number) {
    static const char *const kinds[] = {
        [JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD] = "检记",
        [JC__DOCUMENT_KIND__DOCUMENT_KIND_ORDER] = "责改",
        [JC__DOCUMENT_KIND__DOCUMENT_KIND_RECHECK] = "复查",
        [JC__DOCUMENT_KIND__DOCUMENT_KIND_MEASURES] = "现决",
    };
    if (!number || number->number <= 0 || number->kind <= 0 || number->kind >= (int)(sizeof kinds / sizeof kinds[0]))
        return;
    jc_buf_printf(out, "应急%s〔%d〕%d号", kinds[number->kind], number->year, number->number);
}

static struct jc_str document_number(struct page *page, const Jc__DocumentNumber *number) {
    struct jc_buf text;
    jc_buf_init(&text, 128);
    jc_terminal_document_number(&text, number);
    struct jc_str copy = jc_arena_copy(page->arena, jc_buf_str(&text));
    page->out->failed |= text.failed || !copy.ptr;
    jc_buf_free(&text);
    return or_blank(page, copy);
}

/* Texts joined as a list. */
static struct jc_str join(struct page *page, const struct jc_str *items, size_t count) {
    struct jc_buf text;
    jc_buf_init(&text, VALUE_MAX);
    for (size_t i = 0; i < count; i++) {
        if (i)
            jc_buf_add(&text, jc_msg_text(JC_MSG_DOC_SEPARATOR, page->lang));
        jc_buf_add(&text, items[i]);
    }
    struct jc_str copy = jc_arena_copy(page->arena, jc_buf_str(&text));
    page->out->failed |= text.failed || !copy.ptr;
    jc_buf_free(&text);
    return copy;
}

/* --- what several documents have ------------------------------------------------------------------------------ */

static enum jc_code source(struct page *page, Jc__EntityKind kind, struct jc_str id, ProtobufCMessage **out,
                           struct jc_err *err) {
    return jc_terminal_source_get(page->tx, page->ref.id, kind, id, page->arena, out, err);
}

static void put_title(struct page *page, enum jc_msg title, const Jc__DocumentNumber *number) {
    put_centred(page, jc_msg_text(title, page->lang));
    put_centred(page, document_number(page, number));
    jc_buf_char(page->out, '\n');
}

static enum jc_code put_agency(struct page *page, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    enum jc_code code = source(page, JC__ENTITY_KIND__ENTITY_KIND_AGENCY, page->self.holder.agency_id, &message, err);
    const Jc__Agency *agency = (const Jc__Agency *)message;
    if (code == JC_OK)
        put(page, 0, JC_MSG_DOC_AGENCY, agency ? jc_str(agency->name) : page->self.holder.agency_name);
    return code;
}

/* "name (licence …)" of each, or with `sign` "name ________". */
static enum jc_code put_persons(struct page *page, enum jc_msg line, char *const *ids, size_t count, bool sign,
                                struct jc_err *err) {
    struct jc_str *items = JC_NEW_ARRAY(page->arena, count, struct jc_str);
    if (!items)
        return jc_fail_memory(err);
    for (size_t i = 0; i < count; i++) {
        ProtobufCMessage *message = NULL;
        enum jc_code code = source(page, JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR, jc_str(ids[i]), &message, err);
        if (code)
            return code;
        const Jc__Inspector *person = (const Jc__Inspector *)message;
        struct jc_str name = person ? jc_str(person->name) : jc_str(ids[i]);
        if (sign)
            items[i] = phrase(page, JC_MSG_DOC_SIGN_LINE, name);
        else
            items[i] = phrase(page, JC_MSG_DOC_INSPECTOR, name,
                              or_blank(page, person ? jc_str(person->licence_no) : (struct jc_str){0}));
    }
    put(page, 0, line, join(page, items, count));
    return JC_OK;
}

static void put_unit_signature(struct page *page, const Jc__UnitSignature *signature) {
    if (signature && signature->result_case == JC__UNIT_SIGNATURE__RESULT_REFUSED) {
        put(page, 0, JC_MSG_DOC_SIGN_REFUSED, jc_str(signature->refused->reason));
        return;
    }
    struct jc_str name = {0};
    if (signature && signature->result_case == JC__UNIT_SIGNATURE__RESULT_SIGNED) {
        name = jc_str(signature->signed_->name);
        if (*signature->signed_->position)
            name = phrase(page, JC_MSG_DOC_ITEM_NOTE, name, jc_str(signature->signed_->position));
    }
    put(page, 0, JC_MSG_DOC_SIGN_UNIT, or_blank(page, name));
}

static struct jc_str unit_name(const struct jc_terminal_record *record, const char *unit_id) {
    return record->unit ? jc_str(record->unit->name) : jc_str(unit_id);
}

static struct jc_str unit_address(struct page *page, const struct jc_terminal_record *record) {
    return or_blank(page, record->unit ? jc_str(record->unit->address) : (struct jc_str){0});
}

/* --- 现场检查记录 ------------------------------------------------------------------------------------------- */

static void put_head(struct page *page, const Jc__UnitSignature *signature) {
    struct jc_str name = {0}, position = {0};
    if (signature && signature->result_case == JC__UNIT_SIGNATURE__RESULT_SIGNED) {
        name = jc_str(signature->signed_->name);
        position = jc_str(signature->signed_->position);
    }
    put(page, 0, JC_MSG_DOC_HEAD, or_blank(page, name), or_blank(page, position), or_blank(page, (struct jc_str){0}));
}

static enum jc_code put_checklist(struct page *page, const Jc__Inspection *inspection, struct jc_err *err) {
    static const enum jc_msg answers[] = {JC_MSG_DOC_BLANK, JC_MSG_DOC_CONFORMS, JC_MSG_DOC_VIOLATES,
                                          JC_MSG_DOC_NOT_APPLICABLE};
    ProtobufCMessage *message = NULL;
    if (inspection->n_checklist_results == 0)
        return JC_OK;
    enum jc_code code =
        source(page, JC__ENTITY_KIND__ENTITY_KIND_CHECKLIST, jc_str(inspection->checklist_id), &message, err);
    if (code)
        return code;
    const Jc__Checklist *checklist = (const Jc__Checklist *)message;
    put_plain(page, 2, JC_MSG_DOC_CHECKLIST);
    for (size_t i = 0; i < inspection->n_checklist_results; i++) {
        const Jc__ChecklistResult *result = inspection->checklist_results[i];
        struct jc_str matter = {0};
        for (size_t k = 0; checklist && k < checklist->n_items; k++) {
            if (checklist->items[k]->item_no == result->item_no)
                matter = jc_str(checklist->items[k]->text);
        }
        unsigned which = (unsigned)result->answer < sizeof answers / sizeof answers[0] ? (unsigned)result->answer : 0;
        struct jc_str answer = jc_msg_text(answers[which], page->lang);
        if (*result->note)
            answer = phrase(page, JC_MSG_DOC_ITEM_NOTE, answer, jc_str(result->note));
        put(page, 4, JC_MSG_DOC_ITEM, number_text(page, result->item_no), matter, answer);
    }
    return JC_OK;
}

static struct jc_str handling_of(struct page *page, const Jc__Finding *finding) {
    switch (finding->outcome) {
    case JC__FINDING_OUTCOME__FINDING_OUTCOME_CORRECTED_ON_SITE:
        return jc_msg_text(JC_MSG_DOC_CORRECTED_ON_SITE, page->lang);
    case JC__FINDING_OUTCOME__FINDING_OUTCOME_BY_DEADLINE:
        return phrase(page, JC_MSG_DOC_BY_DEADLINE, iso_day_text(page, finding->deadline));
    case JC__FINDING_OUTCOME__FINDING_OUTCOME_MEASURES:
        return jc_msg_text(JC_MSG_DOC_MEASURES, page->lang);
    case JC__FINDING_OUTCOME__FINDING_OUTCOME_CASE:
        return jc_msg_text(JC_MSG_DOC_CASE, page->lang);
    default:
        return or_blank(page, (struct jc_str){0});
    }
}

static void put_findings(struct page *page, const Jc__Inspection *inspection) {
    bool refused = inspection->outcome == JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_REFUSED;
    if (inspection->n_findings == 0) {
        if (!refused)
            put_plain(page, 2, JC_MSG_DOC_NO_PROBLEM);
        return;
    }
    put_plain(page, 2, JC_MSG_DOC_PROBLEMS);
    for (size_t i = 0; i < inspection->n_findings; i++) {
        const Jc__Finding *finding = inspection->findings[i];
        struct jc_str major = finding->major_hazard ? jc_msg_text(JC_MSG_DOC_MAJOR, page->lang) : JC_STR("");
        struct jc_str words = jc_arena_printf(page->arena, "%.*s%s", JC_FMT(major), finding->description);
        put(page, 4, JC_MSG_DOC_FINDING, number_text(page, (int64_t)i + 1), words);
        if (*finding->legal_basis)
            put(page, 7, JC_MSG_DOC_BASIS, jc_str(finding->legal_basis));
        put(page, 7, JC_MSG_DOC_HANDLING, handling_of(page, finding));
    }
}

static const char SQL_PHOTO_PATH[] = "SELECT path FROM photo WHERE subject_id = $1 AND position = $2";

/* The file's name without its folders; empty if none was recorded. */
static enum jc_code photo_name(struct page *page, size_t position, struct jc_str *out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    *out = (struct jc_str){0};
    enum jc_code code =
        jc_tx_query(page->tx, SQL_PHOTO_PATH,
                    JC_VALUES(jc_terminal_uuid_value(&page->ref.id), jc_int((int64_t)position)), &rows, err);
    if (code == JC_OK)
        code = jc_rows_next(rows, &has_row, err);
    if (code == JC_OK && has_row) {
        struct jc_str path = jc_rows_copy(rows, 0, page->arena);
        if (!path.ptr)
            code = jc_fail_memory(err);
        const char *slash = path.ptr ? strrchr(path.ptr, '/') : NULL;
        *out = slash ? jc_str(slash + 1) : path;
    }
    jc_rows_close(rows);
    return code;
}

static enum jc_code put_photos(struct page *page, const Jc__Inspection *inspection, struct jc_err *err) {
    if (inspection->n_photos > 0)
        put_plain(page, 2, JC_MSG_DOC_PHOTOS);
    for (size_t i = 0; i < inspection->n_photos; i++) {
        const Jc__Photo *photo = inspection->photos[i];
        char hex[2 * JC_SHA256_SIZE + 1];
        struct jc_str name;
        enum jc_code code = photo_name(page, i, &name, err);
        if (code)
            return code;
        size_t len = photo->sha256.len < JC_SHA256_SIZE ? photo->sha256.len : JC_SHA256_SIZE;
        struct jc_str hash = jc_arena_copy(page->arena, jc_hex(photo->sha256.data, len, hex));
        put(page, 4, JC_MSG_DOC_PHOTO, number_text(page, (int64_t)i + 1), or_blank(page, name),
            number_text(page, photo->size_bytes), hash);
    }
    return JC_OK;
}

static enum jc_code put_situation(struct page *page, const struct jc_terminal_record *record, struct jc_err *err) {
    const Jc__Inspection *inspection = record->inspection;
    put_plain(page, 0, JC_MSG_DOC_SITUATION);
    if (record->reason.len)
        put(page, 2, JC_MSG_DOC_AD_HOC_REASON, record->reason);
    if (inspection->outcome == JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_REFUSED)
        put_plain(page, 2, JC_MSG_DOC_UNIT_REFUSED);
    if (inspection->mode == JC__VISIT_MODE__VISIT_MODE_REMOTE)
        put_plain(page, 2, JC_MSG_DOC_REMOTE);
    enum jc_code code = put_checklist(page, inspection, err);
    if (code)
        return code;
    put_findings(page, inspection);
    code = put_photos(page, inspection, err);
    if (*inspection->notes)
        put(page, 2, JC_MSG_DOC_NOTES, jc_str(inspection->notes));
    return code;
}

/* Times in a document are the terminal's: if its clock was known to be off when the work was done, the document
 * says by how much. */
static void put_clock(struct page *page, const struct jc_terminal_record *record) {
    int64_t offset_s = record->outcome ? record->outcome->clock_offset_ms / 1000 : 0;
    char text[JC_NUMBER_TEXT];
    if (offset_s >= CLOCK_OFF_S)
        put(page, 0, JC_MSG_DOC_CLOCK_AHEAD, jc_str_from_int64(offset_s / 60, text));
    else if (offset_s <= -CLOCK_OFF_S)
        put(page, 0, JC_MSG_DOC_CLOCK_BEHIND, jc_str_from_int64(-offset_s / 60, text));
}

static enum jc_code put_record(struct page *page, const struct jc_terminal_record *record, struct jc_err *err) {
    const Jc__Inspection *inspection = record->inspection;
    put_title(page, JC_MSG_DOC_RECORD, inspection->document_number);
    put(page, 0, JC_MSG_DOC_UNIT, unit_name(record, inspection->unit_id));
    put(page, 0, JC_MSG_DOC_ADDRESS, unit_address(page, record));
    put_head(page, inspection->signature);
    put(page, 0, JC_MSG_DOC_PLACE, or_blank(page, jc_str(inspection->place)));
    put(page, 0, JC_MSG_DOC_PERIOD, time_text(page, inspection->started_at), time_text(page, inspection->ended_at));
    put_clock(page, record);
    enum jc_code code = put_agency(page, err);
    if (code == JC_OK)
        code = put_persons(page, JC_MSG_DOC_INSPECTORS, inspection->inspector_ids, inspection->n_inspector_ids, false,
                           err);
    if (code == JC_OK)
        code = put_situation(page, record, err);
    if (code)
        return code;
    jc_buf_char(page->out, '\n');
    code = put_persons(page, JC_MSG_DOC_SIGN_INSPECTORS, inspection->inspector_ids, inspection->n_inspector_ids, true,
                       err);
    put_unit_signature(page, inspection->signature);
    put(page, 0, JC_MSG_DOC_SIGNED_DATE, day_of_time(page, inspection->ended_at));
    return code;
}

/* --- 责令限期整改指令书 --------------------------------------------------------------------------------------- */

/* The inspection behind an order, if it was made here. */
static enum jc_code find_inspection(struct page *page, ProtobufCBinaryData id, const Jc__Inspection **out,
                                    struct jc_err *err) {
    struct jc_terminal_record record;
    struct jc_terminal_ref ref = {JC_TERMINAL_INSPECTION, jc_terminal_uuid_of(id)};
    enum jc_code code = jc_terminal_record_read(page->tx, ref, page->arena, &record, NULL, err);
    *out = code == JC_OK ? record.inspection : NULL;
    return code == JC_NOT_FOUND ? JC_OK : code;
}

static enum jc_code put_order(struct page *page, const struct jc_terminal_record *record, struct jc_err *err) {
    const Jc__RectificationOrder *order = record->order;
    const Jc__Inspection *inspection = NULL;
    const char *latest = "";
    enum jc_code code = find_inspection(page, order->inspection_id, &inspection, err);
    if (code)
        return code;
    put_title(page, JC_MSG_DOC_ORDER, order->document_number);
    put(page, 0, JC_MSG_DOC_ORDER_UNIT, unit_name(record, order->unit_id));
    put_plain(page, 2, JC_MSG_DOC_ORDER_OPENING);
    for (size_t i = 0; i < order->n_items; i++) {
        const Jc__OrderItem *item = order->items[i];
        put(page, 4, JC_MSG_DOC_ORDER_ITEM, number_text(page, (int64_t)i + 1), jc_str(item->problem),
            iso_day_text(page, item->deadline));
        if (strcmp(item->deadline, latest) > 0)
            latest = item->deadline;
    }
    put(page, 2, JC_MSG_DOC_ORDER_DEMAND, number_text(page, (int64_t)order->n_items));
    put(page, 0, JC_MSG_DOC_ORDER_DEADLINE, iso_day_text(page, latest));
    put(page, 0, JC_MSG_DOC_ORDER_RECORD, document_number(page, inspection ? inspection->document_number : NULL));
    put_plain(page, 2, JC_MSG_DOC_ORDER_REMEDY);
    put(page, 0, JC_MSG_DOC_REVIEW_BODY, or_blank(page, (struct jc_str){0}));
    put(page, 0, JC_MSG_DOC_COURT, or_blank(page, (struct jc_str){0}));
    jc_buf_char(page->out, '\n');
    code = put_agency(page, err);
    if (code == JC_OK)
        code = put_persons(page, JC_MSG_DOC_INSPECTORS, order->inspector_ids, order->n_inspector_ids, false, err);
    if (code == JC_OK)
        code = put_persons(page, JC_MSG_DOC_SIGN_INSPECTORS, order->inspector_ids, order->n_inspector_ids, true, err);
    put_unit_signature(page, order->signature);
    put(page, 0, JC_MSG_DOC_SIGNED_DATE, day_of_time(page, order->issued_at));
    return code;
}

/* --- 整改复查意见书 --------------------------------------------------------------------------------------------- */

static struct jc_str result_of(struct page *page, const Jc__RecheckItem *item) {
    static const enum jc_msg results[] = {JC_MSG_DOC_BLANK, JC_MSG_DOC_CORRECTED, JC_MSG_DOC_PARTLY,
                                          JC_MSG_DOC_NOT_CORRECTED};
    unsigned which = (unsigned)item->result < sizeof results / sizeof results[0] ? (unsigned)item->result : 0;
    struct jc_str text = jc_msg_text(results[which], page->lang);
    if (*item->note)
        text = phrase(page, JC_MSG_DOC_ITEM_NOTE, text, jc_str(item->note));
    if (*item->deadline)
        text = phrase(page, JC_MSG_DOC_NEW_DEADLINE, text, iso_day_text(page, item->deadline));
    return text;
}

static void put_results(struct page *page, const Jc__Recheck *recheck, const Jc__RectificationOrder *order) {
    put_plain(page, 0, JC_MSG_DOC_RECHECK_RESULTS);
    for (size_t i = 0; i < recheck->n_items; i++) {
        const Jc__RecheckItem *item = recheck->items[i];
        struct jc_str problem = {0};
        int64_t number = (int64_t)i + 1;
        for (size_t k = 0; order && k < order->n_items; k++) {
            ProtobufCBinaryData id = order->items[k]->finding_id;
            if (jc_terminal_uuid_equal(jc_terminal_uuid_of(id), jc_terminal_uuid_of(item->finding_id))) {
                problem = jc_str(order->items[k]->problem);
                number = (int64_t)k + 1;
            }
        }
        put(page, 4, JC_MSG_DOC_ITEM, number_text(page, number), problem, result_of(page, item));
    }
}

static enum jc_code put_recheck(struct page *page, const struct jc_terminal_record *record, struct jc_err *err) {
    const Jc__Recheck *recheck = record->recheck;
    const Jc__Inspection *inspection = NULL;
    ProtobufCMessage *message = NULL;
    struct jc_str order_id = {(const char *)recheck->order_id.data, recheck->order_id.len};
    struct jc_terminal_record made_here;
    struct jc_terminal_ref ref = {JC_TERMINAL_ORDER, jc_terminal_uuid_of(recheck->order_id)};
    enum jc_code code = source(page, JC__ENTITY_KIND__ENTITY_KIND_ORDER, order_id, &message, err);
    const Jc__RectificationOrder *order = (const Jc__RectificationOrder *)message;
    if (code == JC_OK && !order) {
        code = jc_terminal_record_read(page->tx, ref, page->arena, &made_here, NULL, err);
        order = code == JC_OK ? made_here.order : NULL;
        code = code == JC_NOT_FOUND ? JC_OK : code;
    }
    if (code == JC_OK && order)
        code = find_inspection(page, order->inspection_id, &inspection, err);
    if (code)
        return code;
    put_title(page, JC_MSG_DOC_RECHECK, recheck->document_number);
    put(page, 0, JC_MSG_DOC_RECHECK_UNIT, unit_name(record, order ? order->unit_id : ""));
    put(page, 0, JC_MSG_DOC_ADDRESS, unit_address(page, record));
    put(page, 0, JC_MSG_DOC_RECHECK_ORIGIN, time_text(page, inspection ? inspection->started_at : NULL));
    put(page, 0, JC_MSG_DOC_RECHECK_DECISION, day_of_time(page, order ? order->issued_at : NULL));
    put(page, 0, JC_MSG_DOC_RECHECK_NUMBER, document_number(page, order ? order->document_number : NULL));
    put(page, 0, JC_MSG_DOC_RECHECK_PERIOD, time_text(page, recheck->started_at), time_text(page, recheck->ended_at));
    put_results(page, recheck, order);
    if (*recheck->notes)
        put(page, 0, JC_MSG_DOC_NOTES, jc_str(recheck->notes));
    jc_buf_char(page->out, '\n');
    code = put_agency(page, err);
    if (code == JC_OK)
        code = put_persons(page, JC_MSG_DOC_INSPECTORS, recheck->inspector_ids, recheck->n_inspector_ids, false, err);
    if (code == JC_OK)
        code =
            put_persons(page, JC_MSG_DOC_SIGN_INSPECTORS, recheck->inspector_ids, recheck->n_inspector_ids, true, err);
    put_unit_signature(page, recheck->signature);
    put(page, 0, JC_MSG_DOC_SIGNED_DATE, day_of_time(page, recheck->ended_at));
    return code;
}

/* --- public ------------------------------------------------------------------------------------------------------- */

static struct jc_str id_text(struct page *page) {
    char text[JC_UUID_TEXT];
    return jc_arena_copy(page->arena, jc_uuid_format(page->ref.id, text));
}

static enum jc_code render(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct page *page = ctx;
    struct jc_terminal_record record;
    page->tx = tx;
    enum jc_code code = jc_terminal_self(tx, page->arena, &page->self, err);
    jc_sign_forget(page->self.secret_key, sizeof page->self.secret_key);
    if (code == JC_OK)
        code = jc_terminal_record_read(tx, page->ref, page->arena, &record, NULL, err);
    if (code)
        return code;
    switch (page->ref.noun) {
    case JC_TERMINAL_INSPECTION:
        return put_record(page, &record, err);
    case JC_TERMINAL_ORDER:
        return put_order(page, &record, err);
    case JC_TERMINAL_RECHECK:
        return put_recheck(page, &record, err);
    default:
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_NO_DOCUMENT, id_text(page));
    }
}

enum jc_code jc_terminal_document(struct jc_terminal *terminal, struct jc_terminal_ref ref, enum jc_lang lang,
                                  struct jc_buf *out, struct jc_err *err) {
    struct page page = {.lang = lang, .out = out, .ref = ref, .arena = jc_arena_new(JC_TERMINAL_ARENA_MAX)};
    enum jc_code code = page.arena ? jc_terminal_read(terminal, render, &page, err) : jc_fail_memory(err);
    if (code == JC_OK && out->failed)
        code = jc_fail_memory(err);
    jc_arena_free(page.arena);
    return code;
}
