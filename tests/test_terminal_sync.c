/* Sync from the terminal's side (terminal/sync.c, stage.c): success means a durable receipt; whatever is cut, lost or
 * refused, nothing is lost, nothing is half shown, and the same call again is right (PEERS, field sync). */
#include "terminal_fake.h"

#include "terminal/operation.h"

static struct jc_terminal_work submit(struct bench *bench, uint8_t task) {
    struct draft draft;
    struct jc_terminal_work work;
    draft_init(&draft, task);
    CHECK_OK("submit", draft_submit(bench, &draft, &work), &bench->err);
    return work;
}

static void give_back(struct bench *bench, uint8_t task) {
    struct jc_terminal_work work;
    CHECK_OK("return",
             jc_terminal_return(bench->terminal, fake_id(task), JC_STR("停产"), bench->arena, &work, &bench->err),
             &bench->err);
}

static size_t count_tasks(struct bench *bench) {
    struct jc_terminal_task *tasks;
    size_t count;
    CHECK_OK("tasks", jc_terminal_tasks(bench->terminal, bench->arena, &tasks, &count, &bench->err), &bench->err);
    return count;
}

static enum jc_code count_unsent(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_terminal_operation_count_unsent(tx, ctx, err);
}

static int64_t unsent(struct bench *bench) {
    int64_t count = -1;
    CHECK_OK("count", jc_terminal_read(bench->terminal, count_unsent, &count, &bench->err), &bench->err);
    return count;
}

/* No operation was applied twice or lost: the server has exactly `count`. */
static void check_server(const char *name, struct bench *bench, size_t count) {
    CHECK_INT(name, bench->fake.operation_count, count);
}

/* --- the good way ---------------------------------------------------------------------------------------------- */

static void sends_and_receives(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_result result;
    submit(bench, 1);
    fake_task(&bench->fake, (struct fake_task){1, JC__TASK_KIND__TASK_KIND_VISIT, JC__TASK_STATE__TASK_STATE_DONE,
                                               "hn-001", "hn-001-01", "2023-01-31", NULL, true});
    CHECK_OK("sync", bench_sync(bench, &result), &bench->err);
    assert_int_equal(result.sent, 1);
    assert_int_equal(result.applied, 1);
    assert_int_equal(result.received, 1);
    assert_int_equal(result.unsent, 0);
    assert_true(result.shown);
    assert_false(result.restarted);
    assert_int_equal(result.rounds, 1);
    assert_int_equal(result.chain_length, 1);
    assert_int_equal(result.chain_head[0], 7);
    assert_int_equal(result.outcome_count, 1);
    assert_int_equal(result.outcomes[0].status, JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED);
    CHECK_STR("unit", result.outcomes[0].unit_id, "hn-001");
    struct jc_terminal_task *task = bench_task(bench, 1);
    assert_int_equal(task->task->state, JC__TASK_STATE__TASK_STATE_DONE);
    assert_int_equal(task->unsent, 0);
    CHECK_OK("again", bench_sync(bench, &result), &bench->err);
    assert_int_equal(result.sent, 0);
    assert_int_equal(result.received, 0);
    assert_int_equal(bench->fake.last_operations, 0);
}

static void sends_in_batches_and_in_order(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_result result;
    bench->fake.block_last = 100;
    CHECK_OK("sync", bench_sync(bench, NULL), &bench->err);
    struct jc_terminal_work work[7];
    for (int i = 0; i < 7; i++)
        work[i] = submit(bench, 0);
    struct jc_terminal_sync_options options = {.batch_operations = 3};
    CHECK_OK("three at a time",
             jc_terminal_sync(bench->terminal, &bench->transport, &options, bench->arena, &result, &bench->err),
             &bench->err);
    assert_int_equal(result.sent, 7);
    assert_int_equal(result.rounds, 3);
    for (int i = 0; i < 7; i++)
        assert_memory_equal(bench->fake.operations[i].id, work[i].operation_id.bytes, 16);
    for (int i = 0; i < 4; i++)
        submit(bench, 0);
    options = (struct jc_terminal_sync_options){.batch_bytes = 1}; /* a body is larger, but one goes in any case */
    CHECK_OK("by bytes",
             jc_terminal_sync(bench->terminal, &bench->transport, &options, bench->arena, &result, &bench->err),
             &bench->err);
    assert_int_equal(result.rounds, 4);
    check_server("all", bench, 11);
}

static void repeats_on_purpose(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_result result;
    struct jc_terminal_sync_options options = {.repeat = true};
    submit(bench, 1);
    CHECK_OK("repeat",
             jc_terminal_sync(bench->terminal, &bench->transport, &options, bench->arena, &result, &bench->err),
             &bench->err);
    assert_int_equal(result.sent, 1);
    assert_int_equal(result.repeated, 1);
    assert_int_equal(bench->fake.operations[0].seen, 2);
    check_server("once", bench, 1);
}

static void change_mind(struct fake *fake, Jc__SyncResponse *response) {
    if (response->n_results && fake->operations[0].seen > 1)
        response->results[0]->status = JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED;
}

static void notices_a_repeat_answered_otherwise(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_result result;
    struct jc_terminal_sync_options options = {.repeat = true};
    submit(bench, 1);
    bench->fake.hook = change_mind;
    assert_int_equal(jc_terminal_sync(bench->terminal, &bench->transport, &options, bench->arena, &result, &bench->err),
                     JC_DATA_LOSS);
    assert_int_equal(unsent(bench), 1);
}

/* --- what came back ----------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    Jc__OperationStatus status;
    enum jc_terminal_local local;
} VERDICTS[] = {
    {"kept", JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW, JC_TERMINAL_LOCAL_DONE},
    {"rejected", JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED, JC_TERMINAL_LOCAL_NONE},
};

/* PEERS: "a rejected change is never told to the device; points vanished". */
static void shows_what_was_kept_or_rejected(void **state) {
    struct bench *bench = *state;
    for (size_t i = 0; i < COUNT(VERDICTS); i++) {
        const char *name = VERDICTS[i].name;
        struct jc_terminal_sync_result result;
        struct jc_terminal_record record = {0};
        struct jc_terminal_work work = submit(bench, (uint8_t)(i + 1));
        bench->fake.verdict = VERDICTS[i].status;
        CHECK_OK(name, bench_sync(bench, &result), &bench->err); /* durable, so it is a success */
        CHECK_INT(name, result.sent, 1);
        CHECK_INT(name, result.kept + result.rejected, 1);
        struct jc_terminal_task *task = bench_task(bench, (uint8_t)(i + 1));
        CHECK_INT(name, task->local, VERDICTS[i].local);
        CHECK_INT(name, task->unsent, 0);
        CHECK_INT(name, task->outcome_count, 1);
        CHECK(name, jc_terminal_needs_attention(&task->outcomes[0]));
        CHECK_STR(name, task->outcomes[0].reason_zh, "任务已有记录");
        CHECK_STR(name, task->outcomes[0].code, "failed_precondition");
        CHECK_OK(name, jc_terminal_load(bench->terminal, work.subject, bench->arena, &record, &bench->err),
                 &bench->err); /* the work is still here, whole */
        bench->fake.verdict = 0;
        submit(bench, (uint8_t)(i + 1)); /* and may be corrected while the task is open */
        CHECK_OK(name, bench_sync(bench, NULL), &bench->err);
    }
}

/* --- what is cut, lost or refused ------------------------------------------------------------------------------------ */

static void survives_a_lost_answer(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_result result;
    submit(bench, 1);
    fake_remove_task(&bench->fake, 2);
    bench->fake.lose_call = 1;
    assert_int_equal(bench_sync(bench, &result), JC_UNAVAILABLE);
    assert_int_equal(result.sent, 0);
    assert_int_equal(result.unsent, 1);
    assert_int_equal(unsent(bench), 1); /* the server has it, but there is no receipt here */
    assert_non_null(bench_task(bench, 2));
    bench_reopen(bench);
    CHECK_OK("again", bench_sync(bench, &result), &bench->err);
    assert_int_equal(result.sent, 1);
    check_server("once", bench, 1);
    assert_int_equal(bench->fake.operations[0].seen, 2);
    assert_null(bench_task(bench, 2));
}

/* Whatever prefix of the answer arrives as if it were whole: either nothing of it is believed or all of it. */
static void survives_a_cut_at_every_byte(void **state) {
    struct bench *bench = *state;
    submit(bench, 1);
    fake_remove_task(&bench->fake, 2);
    bench->fake.cut = 0;
    assert_int_equal(bench_sync(bench, NULL), JC_DATA_LOSS);
    size_t whole = bench->fake.last_answer, believed = 0;
    for (size_t cut = 1; cut < whole; cut++) {
        char name[32];
        snprintf(name, sizeof name, "cut at %zu", cut);
        bench->fake.cut = (ptrdiff_t)cut;
        enum jc_code code = bench_sync(bench, NULL);
        if (code == JC_OK) {
            believed = cut;
            break;
        }
        CHECK_INT(name, code, JC_DATA_LOSS);
        CHECK_INT(name, unsent(bench), 1);
        CHECK(name, bench_task(bench, 2) != NULL);
        CHECK_INT(name, bench_task(bench, 1)->local, JC_TERMINAL_LOCAL_DONE);
    }
    /* Only the blocks of numbers stand behind the receipt. */
    assert_true(believed == 0 || believed > whole - 60);
    bench->fake.cut = -1;
    CHECK_OK("whole", bench_sync(bench, NULL), &bench->err);
    assert_int_equal(unsent(bench), 0);
    assert_null(bench_task(bench, 2));
    check_server("once", bench, 1);
    submit(bench, 0); /* the blocks are here */
}

static void no_receipt(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->receipt = NULL;
}
static void receipt_names_nothing(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->receipt->n_operation_ids = 0;
}
static void no_results(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->n_results = 0;
}
static void result_of_another(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    static uint8_t other[16] = {1, 2, 3};
    response->results[0]->id = (ProtobufCBinaryData){16, other};
}
static void result_unspecified(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->results[0]->status = 0;
}
static void result_of_tomorrow(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->results[0]->status = (Jc__OperationStatus)17;
}
static void no_cursor(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->cursor.len = 0;
}
static void no_server_time(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->server_time = NULL;
}
static void mad_server_time(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->server_time->seconds = INT64_MAX;
}
static void does_not_move(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    static char cursor[16];
    snprintf(cursor, sizeof cursor, "0:%zu", fake->change_count - 1); /* where the terminal stands */
    response->cursor = (ProtobufCBinaryData){strlen(cursor), (uint8_t *)cursor};
    response->has_more = 1;
}

static const struct {
    const char *name;
    void (*hook)(struct fake *fake, Jc__SyncResponse *response);
    int status;
    const char *body;
    enum jc_code code;
} ANSWERS[] = {
    {"no receipt", no_receipt, 0, NULL, JC_DATA_LOSS},
    {"receipt names nothing", receipt_names_nothing, 0, NULL, JC_DATA_LOSS},
    {"no results", no_results, 0, NULL, JC_DATA_LOSS},
    {"result of another operation", result_of_another, 0, NULL, JC_DATA_LOSS},
    {"result unspecified", result_unspecified, 0, NULL, JC_DATA_LOSS},
    {"result unknown", result_of_tomorrow, 0, NULL, JC_DATA_LOSS},
    {"no cursor", no_cursor, 0, NULL, JC_DATA_LOSS},
    {"no server time", no_server_time, 0, NULL, JC_DATA_LOSS},
    {"mad server time", mad_server_time, 0, NULL, JC_DATA_LOSS},
    {"listing does not move", does_not_move, 0, NULL, JC_DATA_LOSS},
    {"empty body", NULL, 200, "", JC_DATA_LOSS},
    {"rubbish", NULL, 200, "<html>please log in</html>", JC_DATA_LOSS},
    {"revoked", NULL, 401, "{\"code\":\"unauthenticated\",\"message\":\"the device was revoked\"}", JC_UNAUTHENTICATED},
    {"forbidden", NULL, 403, "{\"code\":\"permission_denied\",\"message\":\"no\"}", JC_PERMISSION_DENIED},
    {"draining", NULL, 503, "{\"code\":\"unavailable\",\"message\":\"shutting down\"}", JC_UNAVAILABLE},
    {"gateway in HTML", NULL, 502, "<html><body>Bad Gateway</body></html>", JC_UNAVAILABLE},
    {"404 in HTML", NULL, 404, "<html>", JC_UNIMPLEMENTED},
    {"unknown code", NULL, 418, "{\"code\":\"teapot\"}", JC_UNKNOWN},
    {"JSON of another kind", NULL, 500, "[1,2,3]", JC_UNKNOWN},
    {"empty 500", NULL, 500, "", JC_UNKNOWN},
    {"deep JSON", NULL, 500, "[[[[[[[[[[[[[[[[[[[[[[[[", JC_UNKNOWN},
    {"rate limit", NULL, 429, "{\"code\":\"resource_exhausted\",\"message\":\"slow down\"}", JC_RESOURCE_EXHAUSTED},
};

/* PEERS: '"sync now" claims success on a timeout' and everything like it. */
static void believes_no_strange_answer(void **state) {
    struct bench *bench = *state;
    submit(bench, 1);
    fake_remove_task(&bench->fake, 2);
    for (size_t i = 0; i < COUNT(ANSWERS); i++) {
        struct jc_terminal_sync_result result;
        bench->fake.hook = ANSWERS[i].hook;
        bench->fake.status = ANSWERS[i].status;
        bench->fake.body = ANSWERS[i].body;
        CHECK_INT(ANSWERS[i].name, bench_sync(bench, &result), ANSWERS[i].code);
        CHECK_INT(ANSWERS[i].name, result.sent, 0);
        CHECK_INT(ANSWERS[i].name, unsent(bench), 1);
        CHECK(ANSWERS[i].name, bench_task(bench, 2) != NULL);
        CHECK_INT(ANSWERS[i].name, bench_task(bench, 1)->outcomes[0].set_aside, false);
    }
    bench->fake.hook = NULL;
    bench->fake.status = 0;
    CHECK_OK("in the end", bench_sync(bench, NULL), &bench->err);
    check_server("once", bench, 1);
}

/* PEERS: "one bad operation wedges the queue for ever". */
static void sets_one_bad_operation_aside(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_result result;
    bench->fake.refuse_return = true;
    submit(bench, 0);
    give_back(bench, 2); /* the server cannot read this one */
    for (int i = 0; i < 4; i++)
        submit(bench, 0);
    submit(bench, 1);
    assert_int_equal(bench_sync(bench, &result), JC_FAILED_PRECONDITION);
    assert_int_equal(result.sent, 6);
    assert_int_equal(result.set_aside, 1);
    assert_int_equal(result.unsent, 1);
    assert_true(result.shown);
    check_server("all but one", bench, 6);
    struct jc_terminal_task *task = bench_task(bench, 2);
    assert_true(task->outcomes[0].set_aside);
    assert_true(jc_terminal_needs_attention(&task->outcomes[0]));
    CHECK_STR("words", task->outcomes[0].reason_en, "the server refused: cannot read it");
    assert_int_equal(bench_sync(bench, &result), JC_FAILED_PRECONDITION); /* offered at every sync */
    bench->fake.refuse_return = false;                                    /* a newer server takes it */
    CHECK_OK("taken", bench_sync(bench, &result), &bench->err);
    assert_int_equal(result.sent, 1);
    assert_false(bench_task(bench, 2)->outcomes[0].set_aside);
    check_server("all", bench, 7);
}

/* --- pages --------------------------------------------------------------------------------------------------------------- */

static struct bench *watched;
static int pages_seen;

static void look_while_paging(struct fake *fake) {
    (void)fake;
    pages_seen++;
    assert_non_null(bench_task(watched, 1));
    assert_int_equal(count_tasks(watched), 3); /* nothing of the listing shows before its end */
}

static void shows_a_listing_at_once(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_result result;
    watched = bench;
    pages_seen = 0;
    bench->fake.page = 1;
    fake_remove_task(&bench->fake, 1);
    fake_unit(&bench->fake, "hn-004", "新单位");
    fake_task(&bench->fake, (struct fake_task){4, JC__TASK_KIND__TASK_KIND_VISIT, 0, "hn-004", "hn-004-01",
                                               "2023-03-31", NULL, false});
    bench->fake.before = look_while_paging;
    CHECK_OK("sync", bench_sync(bench, &result), &bench->err);
    assert_int_equal(pages_seen, 3);
    assert_int_equal(result.removed, 1);
    assert_null(bench_task(bench, 1));
    assert_non_null(bench_task(bench, 4));
    assert_non_null(bench_task(bench, 4)->unit);
}

/* PEERS: "first sync interrupted starts over". */
static void resumes_a_listing(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_result result;
    for (uint8_t i = 10; i < 20; i++)
        fake_task(&bench->fake,
                  (struct fake_task){i, JC__TASK_KIND__TASK_KIND_VISIT, 0, "hn-002", NULL, "2023-03-31", NULL, false});
    bench->fake.page = 2;
    bench->fake.lose_call = 4;
    assert_int_equal(bench_sync(bench, &result), JC_UNAVAILABLE);
    assert_int_equal(result.received, 6);
    assert_int_equal(count_tasks(bench), 3);
    bench_reopen(bench);
    CHECK_OK("resumed", bench_sync(bench, &result), &bench->err);
    assert_int_equal(result.received, 4);
    assert_int_equal(count_tasks(bench), 13);
}

/* A restored backup, a new scope: the listing begins anew; unsent work stays (PEERS: "when permissions change, the only
 * cure is wiping the device"). */
static void restarts_a_listing(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_result result;
    struct jc_terminal_work work = submit(bench, 1);
    bench->fake.incarnation = 1;
    bench->fake.change_count = 0;
    fake_agency(&bench->fake);
    fake_unit(&bench->fake, "hn-009", "别的单位");
    fake_task(&bench->fake,
              (struct fake_task){9, JC__TASK_KIND__TASK_KIND_VISIT, 0, "hn-009", NULL, "2023-03-31", NULL, false});
    bench->fake.page = 1;
    bench->fake.lose_call = 2; /* in the middle of the new listing */
    assert_int_equal(bench_sync(bench, &result), JC_UNAVAILABLE);
    assert_true(result.restarted);
    assert_non_null(bench_task(bench, 1));
    assert_null(bench_task(bench, 9));
    submit(bench, 2); /* work goes on with what is shown */
    CHECK_OK("to the end", bench_sync(bench, &result), &bench->err);
    assert_null(bench_task(bench, 1));
    assert_null(bench_task(bench, 2));
    assert_non_null(bench_task(bench, 9));
    assert_int_equal(unsent(bench), 0);
    check_server("nothing lost", bench, 2);
    struct jc_terminal_record record = {0};
    CHECK_OK("the record is here", jc_terminal_load(bench->terminal, work.subject, bench->arena, &record, &bench->err),
             &bench->err);
    assert_non_null(record.unit); /* as it was when the work was done */
    assert_string_equal(record.unit->name, "淮河能源集团潘二煤矿");
}

/* DESIGN section 6: applied operations are offered again to a new incarnation, once. */
static void offers_again_to_a_restored_server(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_result result;
    submit(bench, 1);
    submit(bench, 2);
    CHECK_OK("sent", bench_sync(bench, &result), &bench->err);
    bench->fake.incarnation = 1;
    bench->fake.operation_count = 0; /* the backup was older than both */
    CHECK_OK("restored", bench_sync(bench, &result), &bench->err);
    assert_int_equal(result.sent, 2);
    check_server("both again", bench, 2);
    CHECK_OK("quiet", bench_sync(bench, &result), &bench->err);
    assert_int_equal(result.sent, 0);
}

static void keeps_unsent_work_of_a_task_that_left(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_task *tasks;
    size_t count;
    submit(bench, 1);
    fake_remove_task(&bench->fake, 1);
    bench->fake.refuse_return = true;
    bench->fake.verdict = JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW;
    CHECK_OK("sync", bench_sync(bench, NULL), &bench->err);
    CHECK_OK("tasks", jc_terminal_tasks(bench->terminal, bench->arena, &tasks, &count, &bench->err), &bench->err);
    assert_int_equal(count, 3);
    assert_null(tasks[2].task); /* behind the tasks, because it wants a look */
    CHECK_STR("unit", tasks[2].unit_id, "hn-001");
    assert_int_equal(tasks[2].outcomes[0].status, JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW);
}

static void skips_changes_without_sense(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_result result;
    Jc__Change empty = JC__CHANGE__INIT, change = JC__CHANGE__INIT, remove = JC__CHANGE__INIT;
    Jc__Task task = JC__TASK__INIT;
    Jc__Removal removal = JC__REMOVAL__INIT;
    fake_tell(&bench->fake, &empty);
    task.task_id = (ProtobufCBinaryData){3, (uint8_t *)(uintptr_t) "abc"};
    change.entity_case = JC__CHANGE__ENTITY_TASK;
    change.task = &task;
    fake_tell(&bench->fake, &change);
    removal.kind = (Jc__EntityKind)99;
    removal.id = (ProtobufCBinaryData){3, (uint8_t *)(uintptr_t) "abc"};
    remove.entity_case = JC__CHANGE__ENTITY_REMOVAL;
    remove.removal = &removal;
    fake_tell(&bench->fake, &remove);
    fake_unit(&bench->fake, "", "没有编号");
    fake_unit(&bench->fake, "hn-005", "有编号");
    CHECK_OK("sync", bench_sync(bench, &result), &bench->err);
    assert_int_equal(result.received, 5);
    assert_int_equal(result.skipped, 4);
}

/* --- two at a time, and other holders -------------------------------------------------------------------------------------- */

static struct jc_transport inner;
static struct bench *second;

static void sync_in_between(struct fake *fake) {
    fake->before = NULL;
    struct jc_terminal_config config = {.path = second->path};
    struct jc_terminal *other;
    struct jc_terminal_sync_result result;
    struct jc_err err;
    CHECK_OK("open", jc_terminal_open(&config, &other, &err), &err);
    CHECK_OK("other", jc_terminal_sync(other, &inner, NULL, second->arena, &result, &err), &err);
    jc_terminal_close(other);
}

/* The listing moved on while an answer was under way: its page is not laid over the newer one. */
static void two_programs_sync_one_store(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_result result;
    second = bench;
    inner = bench->transport;
    submit(bench, 1);
    fake_remove_task(&bench->fake, 2);
    bench->fake.before = sync_in_between;
    assert_int_equal(bench_sync(bench, &result), JC_ABORTED);
    assert_int_equal(result.sent, 1); /* the receipt counts all the same */
    assert_null(bench_task(bench, 2));
    CHECK_OK("later", bench_sync(bench, NULL), &bench->err);
    submit(bench, 0);
    bench->fake.before = sync_in_between; /* nothing new in the listing: both get through */
    CHECK_OK("both", bench_sync(bench, NULL), &bench->err);
    check_server("once", bench, 2);
    assert_int_equal(unsent(bench), 0);
}

static void enrols_anew_and_keeps_the_work(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_result result;
    submit(bench, 1);
    assert_int_equal(bench_enroll(bench, false), JC_ALREADY_EXISTS);
    CHECK_OK("again", bench_enroll(bench, true), &bench->err);
    assert_int_equal(unsent(bench), 1);
    CHECK_OK("sync", bench_sync(bench, &result), &bench->err);
    assert_int_equal(result.sent, 1); /* signed with the same key; the fake checks it */
    submit(bench, 2);
    bench->fake.agency_id = "bengbu";
    assert_int_equal(bench_enroll(bench, true), JC_FAILED_PRECONDITION);
    bench->fake.agency_id = "huainan";
    CHECK_OK("sync first", bench_sync(bench, &result), &bench->err);
}

static void refuses_a_strange_enrolment(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_invitation invitation = {
        .server = JC_STR("http://fake"), .code = JC_STR("WRONG"), .again = true};
    struct jc_terminal_holder holder;
    assert_int_equal(
        jc_terminal_enroll(bench->terminal, &bench->transport, &invitation, bench->arena, &holder, &bench->err),
        JC_INVALID_ARGUMENT);
    bench->fake.status = 200;
    bench->fake.body = "";
    assert_int_equal(bench_enroll(bench, true), JC_DATA_LOSS);
    bench->fake.status = 0;
    CHECK_OK("holder", jc_terminal_holder(bench->terminal, bench->arena, &holder, &bench->err), &bench->err);
    CHECK_STR("inspector", holder.inspector_id, "i1");
    CHECK_STR("agency", holder.agency_name, "淮南市应急管理局");
    CHECK_OK("still works", bench_sync(bench, NULL), &bench->err);
}

static void guards_its_store(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_config config = {.path = bench->path};
    struct jc_terminal *other;
    struct stat status;
    char path[JC_TEST_PATH + 16];
    assert_int_equal(stat(bench->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    snprintf(path, sizeof path, "%s/none.db", bench->folder);
    config.path = path;
    assert_int_equal(jc_terminal_open(&config, &other, &bench->err), JC_NOT_FOUND);
    assert_null(other);
    snprintf(path, sizeof path, "%s/text.db", bench->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        fputs("not a database ", file);
    fclose(file);
    config.create = true;
    assert_int_not_equal(jc_terminal_open(&config, &other, &bench->err), JC_OK);
    assert_null(other);
    snprintf(path, sizeof path, "%s/fresh.db", bench->folder);
    CHECK_OK("fresh", jc_terminal_open(&config, &other, &bench->err), &bench->err);
    struct jc_terminal_sync_result result;
    assert_int_equal(jc_terminal_sync(other, &bench->transport, NULL, bench->arena, &result, &bench->err),
                     JC_FAILED_PRECONDITION);
    jc_terminal_close(other);
}

int main(void) {
    assert_true(jc_id_init());
    const struct CMUnitTest tests[] = {
        WITH_BENCH(sends_and_receives),
        WITH_BENCH(sends_in_batches_and_in_order),
        WITH_BENCH(repeats_on_purpose),
        WITH_BENCH(notices_a_repeat_answered_otherwise),
        WITH_BENCH(shows_what_was_kept_or_rejected),
        WITH_BENCH(survives_a_lost_answer),
        WITH_BENCH(survives_a_cut_at_every_byte),
        WITH_BENCH(believes_no_strange_answer),
        WITH_BENCH(sets_one_bad_operation_aside),
        WITH_BENCH(shows_a_listing_at_once),
        WITH_BENCH(resumes_a_listing),
        WITH_BENCH(restarts_a_listing),
        WITH_BENCH(offers_again_to_a_restored_server),
        WITH_BENCH(keeps_unsent_work_of_a_task_that_left),
        WITH_BENCH(skips_changes_without_sense),
        WITH_BENCH(two_programs_sync_one_store),
        WITH_BENCH(enrols_anew_and_keeps_the_work),
        WITH_BENCH(refuses_a_strange_enrolment),
        WITH_BENCH(guards_its_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
