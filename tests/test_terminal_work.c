/* Work made offline (terminal/work.c, inspect.c, order.c, check.c): what is refused before anything is stored, what
 * is filled in, and that document, number, operation and signature come together (PEERS: nothing half done). */
#include "terminal_fake.h"

#include "terminal/operation.h"

/* --- what is refused ------------------------------------------------------------------------------------------- */

static void no_inspector(struct draft *d) {
    d->message.n_inspector_ids = 1;
}
static void unknown_inspector(struct draft *d) {
    d->persons[1] = (char *)"i9";
}
static void same_inspector(struct draft *d) {
    d->persons[1] = (char *)"i1";
}
static void recused_inspector(struct draft *d) {
    d->persons[1] = (char *)"i4";
    d->task_id = fake_id(2);
}
static void end_at_start(struct draft *d) {
    d->end = d->start;
}
static void end_before_start(struct draft *d) {
    d->end.seconds = d->start.seconds - 1;
}
static void time_out_of_range(struct draft *d) {
    d->end.seconds = INT64_MAX;
}
static void unknown_item(struct draft *d) {
    d->results[1].item_no = 4;
}
static void item_twice(struct draft *d) {
    d->results[1].item_no = 1;
}
static void item_unanswered(struct draft *d) {
    d->results[0].answer = 0;
}
static void unknown_checklist(struct draft *d) {
    d->message.checklist_id = (char *)"mine";
}
static void finding_of_unknown_item(struct draft *d) {
    d->findings[1].item_no = 19;
}
static void finding_without_words(struct draft *d) {
    d->findings[1].description = (char *)" \n";
}
static void finding_without_outcome(struct draft *d) {
    d->findings[1].outcome = 0;
}
static void finding_of_no_outcome(struct draft *d) {
    d->findings[1].outcome = 9;
}
static void no_deadline(struct draft *d) {
    d->findings[0].deadline = (char *)"";
}
static void deadline_is_no_day(struct draft *d) {
    d->findings[0].deadline = (char *)"2023-02-30";
}
static void deadline_on_the_day(struct draft *d) {
    d->findings[0].deadline = (char *)"2023-01-05";
}
static void deadline_of_another_century(struct draft *d) {
    d->findings[0].deadline = (char *)"2203-02-15";
}
static void deadline_of_corrected(struct draft *d) {
    d->findings[1].deadline = (char *)"2023-02-15";
}
static void no_signature(struct draft *d) {
    d->message.signature = NULL;
}
static void signature_without_name(struct draft *d) {
    d->signed_by.name = (char *)"";
}
static void refusal_without_reason(struct draft *d) {
    d->signature.result_case = JC__UNIT_SIGNATURE__RESULT_REFUSED;
    d->signature.refused = &d->refused;
}
static void not_utf8(struct draft *d) {
    d->message.notes = (char *)"\xc3\x28";
}
static void other_unit(struct draft *d) {
    d->message.unit_id = (char *)"hn-002";
}
static void unknown_task(struct draft *d) {
    d->task_id = fake_id(77);
}
static void joint_task(struct draft *d) {
    d->task_id = fake_id(3);
}
static void ad_hoc_of_unknown_unit(struct draft *d) {
    d->message.task_id.len = 0;
    d->message.unit_id = (char *)"hn-404";
}
static void other_year(struct draft *d) { /* no block for 2024 */
    d->start.seconds += 400 * 86400;
    d->end.seconds += 400 * 86400;
    d->findings[0].deadline = (char *)"2024-03-01";
}

static Jc__TeamWorkdays unknown_team = JC__TEAM_WORKDAYS__INIT;
static Jc__TeamWorkdays *unknown_team_list[] = {&unknown_team};
static void workdays_of_unknown_team(struct draft *d) {
    unknown_team.team_id = (char *)"hn-t9";
    d->message.workdays = unknown_team_list;
    d->message.n_workdays = 1;
}
static void workdays_negative(struct draft *d) {
    workdays_of_unknown_team(d);
    unknown_team.team_id = (char *)"hn-t1";
    unknown_team.workdays_centi = -50;
}
static Jc__Photo photo = JC__PHOTO__INIT, *photos[] = {&photo, &photo};
static uint8_t photo_hash[32] = {1};
static void photo_without_hash(struct draft *d) {
    photo.sha256 = (ProtobufCBinaryData){0, NULL};
    d->message.photos = photos;
    d->message.n_photos = 1;
}
static void photo_twice(struct draft *d) {
    photo.sha256 = (ProtobufCBinaryData){32, photo_hash};
    photo.size_bytes = 10;
    d->message.photos = photos;
    d->message.n_photos = 2;
}

static const struct {
    const char *name;
    void (*spoil)(struct draft *draft);
    enum jc_code code;
    const char *words;
} REFUSED[] = {
    {"one inspector", no_inspector, JC_INVALID_ARGUMENT, "an inspection needs 2 inspectors or more"},
    {"unknown inspector", unknown_inspector, JC_INVALID_ARGUMENT, "there is no inspector \"i9\" in the register here"},
    {"the same inspector twice", same_inspector, JC_INVALID_ARGUMENT, "the inspector \"i1\" is named twice"},
    {"recused inspector", recused_inspector, JC_INVALID_ARGUMENT,
     "the inspector \"示例执法员04\" is recused from \"hn-002\""},
    {"no time passes", end_at_start, JC_INVALID_ARGUMENT,
     "the end (2023-01-05T09:00:00+08:00) must be later than the start (2023-01-05T09:00:00+08:00)"},
    {"end before start", end_before_start, JC_INVALID_ARGUMENT,
     "the end (2023-01-05T08:59:59+08:00) must be later than the start (2023-01-05T09:00:00+08:00)"},
    {"time out of range", time_out_of_range, JC_INVALID_ARGUMENT, "the start or the end of the inspection is missing"},
    {"unknown item", unknown_item, JC_INVALID_ARGUMENT, "the checklist \"default\" has no item 4"},
    {"item twice", item_twice, JC_INVALID_ARGUMENT, "checklist item 1 is answered twice"},
    {"item without answer", item_unanswered, JC_INVALID_ARGUMENT, "checklist item 1 has no answer"},
    {"unknown checklist", unknown_checklist, JC_INVALID_ARGUMENT, "there is no checklist \"mine\" on this terminal"},
    {"finding of an unknown item", finding_of_unknown_item, JC_INVALID_ARGUMENT,
     "the checklist \"default\" has no item 19"},
    {"finding without words", finding_without_words, JC_INVALID_ARGUMENT, "finding 2 has no words"},
    {"finding without outcome", finding_without_outcome, JC_INVALID_ARGUMENT, "finding 2 needs exactly one outcome"},
    {"finding with a strange outcome", finding_of_no_outcome, JC_INVALID_ARGUMENT,
     "finding 2 needs exactly one outcome"},
    {"no deadline", no_deadline, JC_INVALID_ARGUMENT,
     "the deadline \"\" of finding 1 is not valid; expected a date like 2023-02-15"},
    {"deadline is no day", deadline_is_no_day, JC_INVALID_ARGUMENT,
     "the deadline \"2023-02-30\" of finding 1 is not valid; expected a date like 2023-02-15"},
    {"deadline on the day", deadline_on_the_day, JC_INVALID_ARGUMENT,
     "the deadline 2023-01-05 of finding 1 must be later than 2023-01-05"},
    {"deadline too far", deadline_of_another_century, JC_INVALID_ARGUMENT,
     "the deadline 2203-02-15 of finding 1 is too far ahead; ten years are the limit"},
    {"deadline of a corrected one", deadline_of_corrected, JC_INVALID_ARGUMENT, "finding 2 takes no deadline"},
    {"no signature", no_signature, JC_INVALID_ARGUMENT,
     "the signature of the unit's representative, or why it was refused, is missing"},
    {"signature without name", signature_without_name, JC_INVALID_ARGUMENT,
     "the signature of the unit's representative, or why it was refused, is missing"},
    {"refusal without reason", refusal_without_reason, JC_INVALID_ARGUMENT,
     "the signature of the unit's representative, or why it was refused, is missing"},
    {"not UTF-8", not_utf8, JC_INVALID_ARGUMENT,
     "the field \"submit_inspection.inspection.notes\" is not valid UTF-8 text or holds a NUL"},
    {"another unit", other_unit, JC_INVALID_ARGUMENT, "the task is at \"hn-001\", not at \"hn-002\""},
    {"unknown team", workdays_of_unknown_team, JC_INVALID_ARGUMENT, "there is no team \"hn-t9\" on this terminal"},
    {"negative workdays", workdays_negative, JC_INVALID_ARGUMENT,
     "the workdays of team \"hn-t1\" are negative or too many"},
    {"photo without hash", photo_without_hash, JC_INVALID_ARGUMENT, "photo 1 has no valid hash"},
    {"photo twice", photo_twice, JC_INVALID_ARGUMENT, "photo 2 is the same as an earlier one of the same finding"},
    {"unknown task", unknown_task, JC_NOT_FOUND,
     "there is no task \"01858000-0000-7000-8000-00000000004d\" on this terminal"},
    {"joint task", joint_task, JC_FAILED_PRECONDITION,
     "the record at \"hn-003\" is made by the lead team; a joining team makes none"},
    {"ad hoc at an unknown unit", ad_hoc_of_unknown_unit, JC_INVALID_ARGUMENT,
     "there is no unit \"hn-404\" in the register here"},
    {"no number of that year", other_year, JC_FAILED_PRECONDITION,
     "no document number of 2024 is left on this terminal: sync first; if it is not 2024 now, set the terminal's clock first"},
};

static void check_words(const char *name, const struct jc_err *err, const char *words) {
    struct jc_buf text;
    jc_buf_init(&text, 4096);
    jc_err_render(&text, JC_EN, err);
    CHECK_STR(name, jc_buf_str(&text), words);
    jc_buf_free(&text);
}

static void refuses_before_anything_is_stored(void **state) {
    struct bench *bench = *state;
    for (size_t i = 0; i < COUNT(REFUSED); i++) {
        struct draft draft;
        struct jc_terminal_work work;
        draft_init(&draft, 1);
        REFUSED[i].spoil(&draft);
        CHECK_INT(REFUSED[i].name, draft_submit(bench, &draft, &work), REFUSED[i].code);
        check_words(REFUSED[i].name, &bench->err, REFUSED[i].words);
        struct jc_terminal_task *task = bench_task(bench, 1);
        CHECK_INT(REFUSED[i].name, task->outcome_count, 0);
        CHECK_INT(REFUSED[i].name, task->local, JC_TERMINAL_LOCAL_NONE);
    }
    struct draft good;
    struct jc_terminal_work work;
    draft_init(&good, 1);
    CHECK_OK("good", draft_submit(bench, &good, &work), &bench->err);
    assert_int_equal(work.document_number.number, 1); /* no refusal took a number */
}

/* --- what is stored ------------------------------------------------------------------------------------------------ */

struct peek {
    struct jc_arena *arena;
    struct jc_terminal_operations operations;
    int64_t numbers, sources;
};

static enum jc_code peek_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct peek *peek = ctx;
    struct jc_uuid none = {{0}};
    enum jc_code code = jc_terminal_operation_list(tx, none, none, peek->arena, &peek->operations, err);
    if (code == JC_OK)
        code = jc_tx_int64(tx, "SELECT COUNT(*) FROM document_number", JC_NO_VALUES, &peek->numbers, err);
    if (code == JC_OK)
        code = jc_tx_int64(tx, "SELECT COUNT(DISTINCT subject_id) FROM source", JC_NO_VALUES, &peek->sources, err);
    return code;
}

static struct peek look_inside(struct bench *bench) {
    struct peek peek = {.arena = bench->arena};
    CHECK_OK("peek", jc_terminal_read(bench->terminal, peek_job, &peek, &bench->err), &bench->err);
    return peek;
}

static void stores_a_record_whole(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_terminal_work work;
    struct jc_terminal_record record = {0};
    draft_init(&draft, 1);
    char *persons[] = {(char *)"i3", (char *)"i2", (char *)"i1"}; /* i3 is of the joining team */
    draft.message.inspector_ids = persons;
    draft.message.n_inspector_ids = 3;
    CHECK_OK("submit", draft_submit(bench, &draft, &work), &bench->err);
    assert_int_equal(work.document_number.kind, JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD);
    assert_int_equal(work.document_number.year, 2023);
    assert_int_equal(work.document_number.number, 1);
    assert_false(work.recalled);
    CHECK_OK("load", jc_terminal_load(bench->terminal, work.subject, bench->arena, &record, &bench->err), &bench->err);
    const Jc__Inspection *inspection = record.inspection;
    assert_non_null(inspection);
    assert_string_equal(inspection->unit_id, "hn-001");
    assert_string_equal(inspection->inspector_ids[0], "i2"); /* the lead's team first, else as given */
    assert_string_equal(inspection->inspector_ids[1], "i1");
    assert_string_equal(inspection->inspector_ids[2], "i3");
    assert_string_equal(inspection->checklist_id, "default");
    assert_string_equal(inspection->place, "安徽省淮南市潘集区泥河镇");
    assert_int_equal(inspection->mode, JC__VISIT_MODE__VISIT_MODE_ONSITE);
    assert_int_equal(inspection->outcome, JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_COMPLETED);
    assert_int_equal(inspection->n_workdays, 2); /* persons × days of lead and joining team */
    assert_string_equal(inspection->workdays[0]->team_id, "hn-t1");
    assert_int_equal(inspection->workdays[0]->workdays_centi, 1000);
    assert_string_equal(inspection->workdays[1]->team_id, "hn-t2");
    assert_int_equal(inspection->workdays[1]->workdays_centi, 100);
    assert_int_equal(inspection->findings[0]->finding_id.len, 16);
    assert_int_equal(inspection->findings[0]->finding_id.data[6] >> 4, 7); /* UUIDv7 */
    assert_non_null(record.outcome);
    assert_true(record.outcome->unsent);

    struct peek peek = look_inside(bench);
    assert_int_equal(peek.operations.count, 1);
    assert_int_equal(peek.numbers, 1);
    assert_int_equal(peek.sources, 1);
    const struct jc_terminal_operation *operation = &peek.operations.items[0];
    assert_true(jc_seal_verify((const uint8_t *)operation->link.ptr, (const uint8_t *)operation->seal.ptr,
                               bench->fake.public_key));
    Jc__OperationBody *body;
    CHECK_OK("body", jc_terminal_operation_body(operation, bench->arena, &body, &bench->err), &bench->err);
    assert_non_null(body->device_time); /* wall and monotonic clock of the moment */
    assert_true(body->device_time->seconds >= bench->fake.now_ms / 1000);
    assert_true(body->monotonic_ms > 0);

    struct jc_terminal_task *task = bench_task(bench, 1);
    assert_int_equal(task->local, JC_TERMINAL_LOCAL_DONE);
    assert_int_equal(task->unsent, 1);
    assert_memory_equal(task->subject_id.bytes, work.subject.id.bytes, 16);
    draft_init(&draft, 1);
    assert_int_equal(draft_submit(bench, &draft, &work), JC_FAILED_PRECONDITION);
    check_words("second", &bench->err, "this task at \"hn-001\" is done already");
}

static void arrives_and_submits(void **state) {
    struct bench *bench = *state;
    const char *persons[] = {"i1", "i2"};
    struct jc_terminal_arrival arrival = {fake_id(1), 1672878600000, persons, 2}; /* 8:30 */
    struct jc_terminal_work started, work;
    struct jc_terminal_record record = {0};
    struct draft draft;
    CHECK_OK("begin", jc_terminal_begin(bench->terminal, &arrival, bench->arena, &started, &bench->err), &bench->err);
    assert_int_equal(bench_task(bench, 1)->local, JC_TERMINAL_LOCAL_STARTED);
    assert_int_equal(jc_terminal_begin(bench->terminal, &arrival, bench->arena, &work, &bench->err),
                     JC_FAILED_PRECONDITION);
    draft_init(&draft, 1);
    draft.message.started_at = NULL;
    draft.message.n_inspector_ids = 0;
    CHECK_OK("submit", draft_submit(bench, &draft, &work), &bench->err);
    assert_memory_equal(work.subject.id.bytes, started.subject.id.bytes, 16);
    CHECK_OK("load", jc_terminal_load(bench->terminal, work.subject, bench->arena, &record, &bench->err), &bench->err);
    assert_int_equal(record.inspection->started_at->seconds, 1672878600);
    assert_int_equal(record.inspection->n_inspector_ids, 2);
    assert_int_equal(bench_task(bench, 1)->local, JC_TERMINAL_LOCAL_DONE);
    const char *alone[] = {"i1"};
    struct jc_terminal_arrival one = {fake_id(2), 1672878600000, alone, 1};
    assert_int_equal(jc_terminal_begin(bench->terminal, &one, bench->arena, &work, &bench->err), JC_INVALID_ARGUMENT);
}

static void records_a_refused_inspection(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_terminal_work work;
    draft_init(&draft, 1);
    draft.message.outcome = JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_REFUSED;
    draft.message.signature = NULL;
    draft.message.n_findings = draft.message.n_checklist_results = 0;
    CHECK_OK("refused", draft_submit(bench, &draft, &work), &bench->err);
}

static void adds_an_ad_hoc_inspection(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_terminal_work work;
    struct jc_terminal_record record = {0};
    struct jc_terminal_task *tasks;
    size_t count;
    draft_init(&draft, 0);
    draft.draft.reason = JC_STR("群众举报");
    CHECK_OK("ad hoc", draft_submit(bench, &draft, &work), &bench->err);
    struct jc_terminal_order_draft order = {.inspection_id = work.subject.id};
    struct jc_terminal_work ordered;
    CHECK_OK("order", jc_terminal_order(bench->terminal, &order, bench->arena, &ordered, &bench->err), &bench->err);
    CHECK_OK("load", jc_terminal_load(bench->terminal, work.subject, bench->arena, &record, &bench->err), &bench->err);
    CHECK_STR("reason", record.reason, "群众举报");
    assert_int_equal(record.inspection->task_id.len, 0);
    assert_int_equal(record.inspection->workdays[0]->workdays_centi, 200); /* the unit's persons × days */
    CHECK_OK("tasks", jc_terminal_tasks(bench->terminal, bench->arena, &tasks, &count, &bench->err), &bench->err);
    assert_int_equal(count, 4); /* three tasks, and the ad hoc inspection with its order in one row */
    assert_null(tasks[3].task);
    assert_int_equal(tasks[3].unsent, 2);
    CHECK_STR("unit", tasks[3].unit_id, "hn-001");
}

static void returns_a_task(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_work work;
    struct draft draft;
    assert_int_equal(jc_terminal_return(bench->terminal, fake_id(1), JC_STR("  "), bench->arena, &work, &bench->err),
                     JC_INVALID_ARGUMENT);
    CHECK_OK("return",
             jc_terminal_return(bench->terminal, fake_id(1), JC_STR("停产"), bench->arena, &work, &bench->err),
             &bench->err);
    assert_int_equal(bench_task(bench, 1)->local, JC_TERMINAL_LOCAL_RETURNED);
    draft_init(&draft, 1);
    assert_int_equal(draft_submit(bench, &draft, &work), JC_FAILED_PRECONDITION);
    check_words("returned", &bench->err, "this task at \"hn-001\" was returned");
}

/* A form that was spoiled on paper: its number goes, the next record gets the one behind it (DESIGN 5, point 8). */
static void voids_a_number(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_work voided, work;
    struct draft draft;
    Jc__DocumentKind kind = JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD;
    assert_int_equal(jc_terminal_void_number(bench->terminal, kind, JC_STR(" "), bench->arena, &voided, &bench->err),
                     JC_INVALID_ARGUMENT);
    CHECK_OK("void", jc_terminal_void_number(bench->terminal, kind, JC_STR("写错"), bench->arena, &voided, &bench->err),
             &bench->err);
    assert_int_equal(voided.document_number.kind, kind);
    draft_init(&draft, 1);
    CHECK_OK("submit", draft_submit(bench, &draft, &work), &bench->err);
    assert_int_equal(work.document_number.number, voided.document_number.number + 1);
    kind = JC__DOCUMENT_KIND__DOCUMENT_KIND_MEASURES; /* none of these is leased */
    assert_int_equal(jc_terminal_void_number(bench->terminal, kind, JC_STR("写错"), bench->arena, &voided, &bench->err),
                     JC_FAILED_PRECONDITION);
}

/* A task that was taken back while the inspector was offline: recall with grace (DESIGN 5, point 4). */
static void accepts_late_work_on_a_recalled_task(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_terminal_work work;
    fake_task(&bench->fake, (struct fake_task){1, JC__TASK_KIND__TASK_KIND_VISIT, JC__TASK_STATE__TASK_STATE_RECALLED,
                                               "hn-001", "hn-001-01", "2023-01-31", NULL, false});
    CHECK_OK("sync", bench_sync(bench, NULL), &bench->err);
    draft_init(&draft, 1);
    CHECK_OK("late", draft_submit(bench, &draft, &work), &bench->err);
    assert_true(work.recalled);
}

/* Saying what the lead used leaves the joining team's days as planned. */
static void keeps_planned_days_of_others(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_terminal_work work;
    struct jc_terminal_record record = {0};
    Jc__TeamWorkdays used = JC__TEAM_WORKDAYS__INIT, *list[] = {&used};
    used.team_id = (char *)"hn-t1";
    used.workdays_centi = 250;
    draft_init(&draft, 1);
    draft.message.workdays = list;
    draft.message.n_workdays = 1;
    CHECK_OK("submit", draft_submit(bench, &draft, &work), &bench->err);
    CHECK_OK("load", jc_terminal_load(bench->terminal, work.subject, bench->arena, &record, &bench->err), &bench->err);
    assert_int_equal(record.inspection->n_workdays, 2);
    assert_int_equal(record.inspection->workdays[0]->workdays_centi, 250);
    assert_string_equal(record.inspection->workdays[1]->team_id, "hn-t2");
    assert_int_equal(record.inspection->workdays[1]->workdays_centi, 100);
}

/* --- orders and rechecks ---------------------------------------------------------------------------------------------- */

static void issues_one_order_for_a_record(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_terminal_work work, ordered;
    struct jc_terminal_record record = {0};
    draft_init(&draft, 1);
    CHECK_OK("submit", draft_submit(bench, &draft, &work), &bench->err);
    struct jc_terminal_order_draft order = {.inspection_id = work.subject.id};
    CHECK_OK("order", jc_terminal_order(bench->terminal, &order, bench->arena, &ordered, &bench->err), &bench->err);
    assert_int_equal(ordered.document_number.kind, JC__DOCUMENT_KIND__DOCUMENT_KIND_ORDER);
    assert_int_equal(ordered.document_number.number, 1);
    CHECK_OK("load", jc_terminal_load(bench->terminal, ordered.subject, bench->arena, &record, &bench->err),
             &bench->err);
    assert_int_equal(record.order->n_items, 1); /* the corrected finding is no item */
    assert_string_equal(record.order->items[0]->deadline, "2023-02-15");
    assert_int_equal(record.order->n_inspector_ids, 2);
    assert_string_equal(record.order->signature->signed_->name, "王某"); /* handed over with the record */
    struct peek peek = look_inside(bench);
    assert_int_equal(peek.operations.count, 2);
    assert_memory_equal(peek.operations.items[1].depends_on.ptr, work.operation_id.bytes, 16);
    assert_int_equal(jc_terminal_order(bench->terminal, &order, bench->arena, &ordered, &bench->err),
                     JC_FAILED_PRECONDITION);
    check_words("second", &bench->err, "this inspection at \"hn-001\" has its order already");

    draft_init(&draft, 0);
    CHECK_OK("another", draft_submit(bench, &draft, &work), &bench->err);
    order = (struct jc_terminal_order_draft){.inspection_id = work.subject.id, .issued_ms = 1676422800000};
    assert_int_equal(jc_terminal_order(bench->terminal, &order, bench->arena, &ordered, &bench->err),
                     JC_INVALID_ARGUMENT);
    check_words("on its deadline", &bench->err, "the deadline 2023-02-15 of finding 1 must be later than 2023-02-15");
    order.issued_ms = 1672790400000; /* 2023-01-04, the day before the inspection */
    assert_int_equal(jc_terminal_order(bench->terminal, &order, bench->arena, &ordered, &bench->err),
                     JC_INVALID_ARGUMENT);
    check_words("before the inspection", &bench->err,
                "the order (2023-01-04T08:00:00+08:00) would be issued before the inspection began "
                "(2023-01-05T09:00:00+08:00)");
    order.issued_ms = 1672966800000; /* 2023-01-06: the record's signature is of the day before */
    assert_int_equal(jc_terminal_order(bench->terminal, &order, bench->arena, &ordered, &bench->err),
                     JC_INVALID_ARGUMENT);
    check_words("unsigned", &bench->err,
                "the signature of the unit's representative, or why it was refused, is missing");

    draft_init(&draft, 2);
    draft.message.n_findings = 1;
    draft.finding_list[0] = &draft.findings[1];
    CHECK_OK("nothing by deadline", draft_submit(bench, &draft, &work), &bench->err);
    order.inspection_id = work.subject.id;
    assert_int_equal(jc_terminal_order(bench->terminal, &order, bench->arena, &ordered, &bench->err),
                     JC_FAILED_PRECONDITION);
    check_words("empty", &bench->err, "this inspection has no finding by deadline");
}

/* Two findings by deadline are ordered; the server makes recheck task 9. */
static void make_recheck_task(struct bench *bench, struct draft *draft, struct jc_terminal_work *ordered) {
    struct jc_terminal_work work;
    draft_init(draft, 1);
    draft->findings[1].outcome = JC__FINDING_OUTCOME__FINDING_OUTCOME_BY_DEADLINE;
    draft->findings[1].deadline = (char *)"2023-02-20";
    CHECK_OK("submit", draft_submit(bench, draft, &work), &bench->err);
    struct jc_terminal_order_draft order = {.inspection_id = work.subject.id, .issued_ms = 1672880412000};
    CHECK_OK("order", jc_terminal_order(bench->terminal, &order, bench->arena, ordered, &bench->err), &bench->err);
    fake_task(&bench->fake, (struct fake_task){9, JC__TASK_KIND__TASK_KIND_RECHECK, 0, "hn-001", NULL, "2023-02-25",
                                               &ordered->subject.id, false});
    CHECK_OK("sync", bench_sync(bench, NULL), &bench->err);
}

struct recheck {
    struct jc_uuid task_id;
    Jc__Refused refused;
    Jc__UnitSignature signature;
    Google__Protobuf__Timestamp start, end;
    Jc__RecheckItem items[2], *list[2];
    Jc__Recheck message;
};

static void recheck_init(struct recheck *recheck, const struct draft *draft, uint8_t last) {
    google__protobuf__timestamp__init(&recheck->start);
    google__protobuf__timestamp__init(&recheck->end);
    recheck->start.seconds = 1676422800; /* 2023-02-15T09:00+08:00 */
    recheck->end.seconds = recheck->start.seconds + 1800;
    jc__recheck__init(&recheck->message);
    for (int i = 0; i < 2; i++) {
        jc__recheck_item__init(&recheck->items[i]);
        recheck->items[i].finding_id = draft->findings[i].finding_id;
        recheck->items[i].result = JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED;
        recheck->list[i] = &recheck->items[i];
    }
    recheck->task_id = fake_id(last);
    jc__refused__init(&recheck->refused);
    recheck->refused.reason = (char *)"负责人外出";
    jc__unit_signature__init(&recheck->signature);
    recheck->signature.result_case = JC__UNIT_SIGNATURE__RESULT_REFUSED;
    recheck->signature.refused = &recheck->refused;
    recheck->message.signature = &recheck->signature;
    recheck->message.task_id = (ProtobufCBinaryData){16, recheck->task_id.bytes};
    recheck->message.started_at = &recheck->start;
    recheck->message.ended_at = &recheck->end;
    recheck->message.items = recheck->list;
    recheck->message.n_items = 2;
}

static enum jc_code recheck_submit(struct bench *bench, struct recheck *recheck, struct jc_terminal_work *work) {
    return jc_terminal_recheck(bench->terminal, &recheck->message, bench->arena, work, &bench->err);
}

static uint8_t strange_id[16] = {9};
static void one_missing(struct recheck *r) {
    r->message.n_items = 1;
}
static void one_twice(struct recheck *r) {
    r->list[1] = &r->items[0];
}
static void one_strange(struct recheck *r) {
    r->items[1].finding_id = (ProtobufCBinaryData){16, strange_id};
}
static void no_result(struct recheck *r) {
    r->items[1].result = 0;
}
static void deadline_though_corrected(struct recheck *r) {
    r->items[1].deadline = (char *)"2023-03-15";
}
static void new_deadline_past(struct recheck *r) {
    r->items[1].result = JC__RECHECK_RESULT__RECHECK_RESULT_PARTLY;
    r->items[1].deadline = (char *)"2023-02-15";
}
static void before_order(struct recheck *r) {
    r->start.seconds = 1672876800; /* 2023-01-05T08:00+08:00 */
    r->end.seconds = r->start.seconds + 1800;
}
static void unsigned_recheck(struct recheck *r) {
    r->message.signature = NULL;
}
static void visit_instead(struct recheck *r) {
    r->task_id = fake_id(2);
}

static const struct {
    const char *name;
    void (*spoil)(struct recheck *recheck);
    enum jc_code code;
    const char *words;
} RECHECKS[] = {
    {"one missing", one_missing, JC_INVALID_ARGUMENT, "finding 2 of the order is not answered"},
    {"one twice", one_twice, JC_INVALID_ARGUMENT, "finding 2 of the order is not answered"},
    {"a strange one", one_strange, JC_INVALID_ARGUMENT, "finding 2 of the order is not answered"},
    {"no result", no_result, JC_INVALID_ARGUMENT, "finding 2 has no result"},
    {"deadline though corrected", deadline_though_corrected, JC_INVALID_ARGUMENT, "finding 2 takes no deadline"},
    {"new deadline past", new_deadline_past, JC_INVALID_ARGUMENT,
     "the deadline 2023-02-15 of finding 2 must be later than 2023-02-15"},
    {"before its order", before_order, JC_INVALID_ARGUMENT,
     "the recheck (2023-01-05T08:00:00+08:00) would begin before its order was issued (2023-01-05T09:00:12+08:00)"},
    {"unsigned", unsigned_recheck, JC_INVALID_ARGUMENT,
     "the signature of the unit's representative, or why it was refused, is missing"},
    {"a visit", visit_instead, JC_FAILED_PRECONDITION, "the task at \"hn-002\" is no recheck: use terminal inspect"},
};

static void rechecks_an_order(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_terminal_work ordered, work;
    struct recheck recheck;
    struct jc_terminal_record record = {0};
    make_recheck_task(bench, &draft, &ordered);
    for (size_t i = 0; i < COUNT(RECHECKS); i++) {
        recheck_init(&recheck, &draft, 9);
        RECHECKS[i].spoil(&recheck);
        CHECK_INT(RECHECKS[i].name, recheck_submit(bench, &recheck, &work), RECHECKS[i].code);
        check_words(RECHECKS[i].name, &bench->err, RECHECKS[i].words);
    }
    recheck_init(&recheck, &draft, 9);
    recheck.items[1].result = JC__RECHECK_RESULT__RECHECK_RESULT_NOT_CORRECTED;
    recheck.items[1].deadline = (char *)"2023-03-15";
    CHECK_OK("recheck", recheck_submit(bench, &recheck, &work), &bench->err);
    assert_int_equal(work.document_number.kind, JC__DOCUMENT_KIND__DOCUMENT_KIND_RECHECK);
    assert_int_equal(work.document_number.number, 1);
    CHECK_OK("load", jc_terminal_load(bench->terminal, work.subject, bench->arena, &record, &bench->err), &bench->err);
    assert_int_equal(record.recheck->n_inspector_ids, 2); /* the original inspectors */
    assert_memory_equal(record.recheck->order_id.data, ordered.subject.id.bytes, 16);
    assert_int_equal(bench_task(bench, 9)->local, JC_TERMINAL_LOCAL_DONE);

    /* The failed one makes another task; what was corrected need not be answered again. */
    fake_task(&bench->fake, (struct fake_task){10, JC__TASK_KIND__TASK_KIND_RECHECK, 0, "hn-001", NULL, "2023-03-25",
                                               &ordered.subject.id, false});
    CHECK_OK("sync", bench_sync(bench, NULL), &bench->err);
    recheck_init(&recheck, &draft, 10);
    recheck.list[0] = &recheck.items[1];
    recheck.message.n_items = 1;
    CHECK_OK("second recheck", recheck_submit(bench, &recheck, &work), &bench->err);
    assert_int_equal(work.document_number.number, 2);
}

/* Of an order that another terminal issued; the server says what was found corrected since. */
static void rechecks_an_order_from_the_server(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct recheck recheck;
    struct jc_terminal_work work;
    struct jc_uuid order_id = fake_id(70), findings[2] = {fake_id(71), fake_id(72)};
    Jc__OrderItem items[2], *list[2];
    Jc__RectificationOrder order = JC__RECTIFICATION_ORDER__INIT;
    Jc__Change change = JC__CHANGE__INIT;
    char *persons[] = {(char *)"i1", (char *)"i2"};
    draft_init(&draft, 1);
    for (int i = 0; i < 2; i++) {
        jc__order_item__init(&items[i]);
        items[i].finding_id = (ProtobufCBinaryData){16, findings[i].bytes};
        items[i].problem = (char *)"阀门渗漏";
        items[i].deadline = (char *)"2023-02-15";
        draft.findings[i].finding_id = items[i].finding_id;
        list[i] = &items[i];
    }
    items[0].corrected_on = (char *)"2023-01-20";
    order.order_id = (ProtobufCBinaryData){16, order_id.bytes};
    order.unit_id = (char *)"hn-001";
    order.items = list;
    order.n_items = 2;
    order.inspector_ids = persons;
    order.n_inspector_ids = 2;
    change.entity_case = JC__CHANGE__ENTITY_ORDER;
    change.order = &order;
    fake_tell(&bench->fake, &change);
    fake_task(&bench->fake, (struct fake_task){9, JC__TASK_KIND__TASK_KIND_RECHECK, 0, "hn-001", NULL, "2023-02-25",
                                               &order_id, false});
    CHECK_OK("sync", bench_sync(bench, NULL), &bench->err);
    recheck_init(&recheck, &draft, 9);
    recheck.message.n_items = 1; /* the one that is corrected already */
    assert_int_equal(recheck_submit(bench, &recheck, &work), JC_INVALID_ARGUMENT);
    check_words("the open one", &bench->err, "finding 2 of the order is not answered");
    recheck_init(&recheck, &draft, 9);
    recheck.list[0] = &recheck.items[1];
    recheck.message.n_items = 1;
    CHECK_OK("the open one alone", recheck_submit(bench, &recheck, &work), &bench->err);
    fake_task(&bench->fake, (struct fake_task){11, JC__TASK_KIND__TASK_KIND_RECHECK, 0, "hn-001", NULL, "2023-02-25",
                                               &draft.task_id, false});
    CHECK_OK("sync", bench_sync(bench, NULL), &bench->err);
    recheck_init(&recheck, &draft, 11);
    assert_int_equal(recheck_submit(bench, &recheck, &work), JC_NOT_FOUND);
    check_words("no order", &bench->err,
                "the order behind the recheck at \"hn-001\" is not on this terminal: sync first");
}

/* --- numbers ------------------------------------------------------------------------------------------------------------- */

static void gives_every_number_once(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_terminal_work work;
    bench->fake.block_first = 1;
    bench->fake.block_last = 2;
    CHECK_OK("sync", bench_sync(bench, NULL), &bench->err);
    for (int i = 1; i <= 2; i++) {
        draft_init(&draft, 0);
        CHECK_OK("within the block", draft_submit(bench, &draft, &work), &bench->err);
        assert_int_equal(work.document_number.number, i);
        bench_reopen(bench);
    }
    draft_init(&draft, 0);
    assert_int_equal(draft_submit(bench, &draft, &work), JC_FAILED_PRECONDITION);
    bench->fake.block_last = 3; /* a restored server leases the same block again, and one more */
    CHECK_OK("sync", bench_sync(bench, NULL), &bench->err);
    CHECK_OK("the same draft", draft_submit(bench, &draft, &work), &bench->err);
    assert_int_equal(work.document_number.number, 3);
    bench->fake.block_first = 0; /* no block at all */
    CHECK_OK("sync", bench_sync(bench, NULL), &bench->err);
    draft_init(&draft, 0);
    assert_int_equal(draft_submit(bench, &draft, &work), JC_FAILED_PRECONDITION);
    check_words(
        "none", &bench->err,
        "no document number of 2023 is left on this terminal: sync first; if it is not 2023 now, set the terminal's clock first");
}

static void hashes_photos(void **state) {
    struct bench *bench = *state;
    char path[JC_TEST_PATH + 32];
    Jc__Photo *found;
    snprintf(path, sizeof path, "%s/shaft.jpg", bench->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("\xff\xd8\xff", file);
    fclose(file);
    CHECK_OK("photo", jc_terminal_photo(path, bench->arena, &found, &bench->err), &bench->err);
    assert_int_equal(found->size_bytes, 3);
    assert_string_equal(found->media_type, "image/jpeg");
    uint8_t sha256[32];
    jc_sha256(JC_STR("\xff\xd8\xff"), sha256);
    assert_memory_equal(found->sha256.data, sha256, 32);
    snprintf(path, sizeof path, "%s/missing.jpg", bench->folder);
    assert_int_equal(jc_terminal_photo(path, bench->arena, &found, &bench->err), JC_NOT_FOUND);
}

/* --- identifiers ------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    unsigned nouns;
    enum jc_code code;
    enum jc_terminal_noun noun;
    uint8_t task; /* expected task, 0: none */
} NAMES[] = {
    {"01858000-0000-7000-8000-000000000001", JC_TERMINAL_TASK, JC_OK, JC_TERMINAL_TASK, 1},
    {"01858000000070008000000000000002", JC_TERMINAL_TASK, JC_OK, JC_TERMINAL_TASK, 2},
    {"0001", JC_TERMINAL_TASK, JC_OK, JC_TERMINAL_TASK, 1},               /* an ending */
    {"0185", JC_TERMINAL_TASK, JC_INVALID_ARGUMENT, JC_TERMINAL_TASK, 0}, /* all begin like that */
    {"hn-002-01", JC_TERMINAL_TASK, JC_OK, JC_TERMINAL_TASK, 2},
    {"hn-002", JC_TERMINAL_TASK, JC_OK, JC_TERMINAL_TASK, 2},
    {"hn-001-01", JC_TERMINAL_INSPECTION, JC_OK, JC_TERMINAL_INSPECTION, 0},
    {"hn-001", JC_TERMINAL_INSPECTION, JC_OK, JC_TERMINAL_INSPECTION, 0},
    {"hn-002-01", JC_TERMINAL_INSPECTION, JC_NOT_FOUND, JC_TERMINAL_INSPECTION, 0},
    {"1", JC_TERMINAL_TASK, JC_NOT_FOUND, JC_TERMINAL_TASK, 0}, /* too short to be meant */
    {"", 15, JC_NOT_FOUND, JC_TERMINAL_TASK, 0},
    {"ffffffff", 15, JC_NOT_FOUND, JC_TERMINAL_TASK, 0},
};

static void finds_what_is_meant(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_terminal_work work;
    draft_init(&draft, 1);
    CHECK_OK("submit", draft_submit(bench, &draft, &work), &bench->err);
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        struct jc_terminal_ref ref;
        CHECK_INT(NAMES[i].text,
                  jc_terminal_find(bench->terminal, jc_str(NAMES[i].text), NAMES[i].nouns, &ref, &bench->err),
                  NAMES[i].code);
        if (NAMES[i].code)
            continue;
        CHECK_INT(NAMES[i].text, ref.noun, NAMES[i].noun);
        struct jc_uuid wanted = NAMES[i].task ? fake_id(NAMES[i].task) : work.subject.id;
        CHECK_INT(NAMES[i].text, memcmp(ref.id.bytes, wanted.bytes, 16), 0);
    }
}

int main(void) {
    assert_true(jc_id_init());
    const struct CMUnitTest tests[] = {
        WITH_BENCH(refuses_before_anything_is_stored),
        WITH_BENCH(stores_a_record_whole),
        WITH_BENCH(keeps_planned_days_of_others),
        WITH_BENCH(arrives_and_submits),
        WITH_BENCH(records_a_refused_inspection),
        WITH_BENCH(adds_an_ad_hoc_inspection),
        WITH_BENCH(returns_a_task),
        WITH_BENCH(voids_a_number),
        WITH_BENCH(accepts_late_work_on_a_recalled_task),
        WITH_BENCH(issues_one_order_for_a_record),
        WITH_BENCH(rechecks_an_order),
        WITH_BENCH(rechecks_an_order_from_the_server),
        WITH_BENCH(gives_every_number_once),
        WITH_BENCH(hashes_photos),
        WITH_BENCH(finds_what_is_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
