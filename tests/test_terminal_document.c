/* The statutory documents as text (terminal/document.c): every field of FORMS.md, word for word, in both languages;
 * and that a document reads the same after the register has changed. */
#include "terminal_fake.h"

static void check_document(const char *name, struct bench *bench, struct jc_terminal_ref ref, enum jc_lang lang,
                           const char *expected) {
    struct jc_buf text;
    jc_buf_init(&text, 1 << 20);
    CHECK_OK(name, jc_terminal_document(bench->terminal, ref, lang, &text, &bench->err), &bench->err);
    CHECK_STR(name, jc_buf_str(&text), expected);
    jc_buf_free(&text);
}

/* --- 现场检查记录 ------------------------------------------------------------------------------------------- */

static const char RECORD_ZH[] = "                                现场检查记录\n"
                                "                            应急检记〔2023〕1号\n"
                                "\n"
                                "被检查单位：淮河能源集团潘二煤矿\n"
                                "地址：安徽省淮南市潘集区泥河镇\n"
                                "法定代表人（负责人）：王某　职务：安全总监　联系电话：________\n"
                                "检查场所：井口调度室\n"
                                "检查时间：2023年1月5日 09时00分 至 2023年1月5日 11时30分\n"
                                "执法机关：淮南市应急管理局\n"
                                "执法人员：示例执法员01（证号 LIC-i1）、示例执法员02（证号 LIC-i2）\n"
                                "检查情况：\n"
                                "  检查内容：\n"
                                "    1. 有关安全生产行政审批：符合\n"
                                "    3. 安全生产责任制：不符合（未签订）\n"
                                "  发现的问题和隐患：\n"
                                "    1. 【重大事故隐患】主要负责人未签订安全生产责任书\n"
                                "       依据：《安全生产法》第二十一条\n"
                                "       处理：责令限期整改，期限 2023年2月15日\n"
                                "    2. 配电箱门未关\n"
                                "       处理：当场整改\n"
                                "  影像资料：\n"
                                "    1. shaft.jpg（3 字节，SHA-256 "
                                "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20）\n"
                                "  备注：第一行\n"
                                "  第二行?[2J\n"
                                "\n"
                                "检查人员签名：示例执法员01 ________、示例执法员02 ________\n"
                                "被检查单位负责人签名：王某（安全总监）\n"
                                "日期：2023年1月5日\n";

static const char RECORD_EN[] =
    "                             INSPECTION RECORD\n"
    "                            应急检记〔2023〕1号\n"
    "\n"
    "unit inspected: 淮河能源集团潘二煤矿\n"
    "address: 安徽省淮南市潘集区泥河镇\n"
    "legal representative (person in charge): 王某, position: 安全总监, telephone: ________\n"
    "place inspected: 井口调度室\n"
    "time of inspection: 2023-01-05 09:00 to 2023-01-05 11:30\n"
    "enforcement body: 淮南市应急管理局\n"
    "inspectors: 示例执法员01 (licence LIC-i1); 示例执法员02 (licence LIC-i2)\n"
    "findings of fact:\n"
    "  matters looked at:\n"
    "    1. 有关安全生产行政审批: conforms\n"
    "    3. 安全生产责任制: violates (未签订)\n"
    "  problems and hazards found:\n"
    "    1. [major accident hazard] 主要负责人未签订安全生产责任书\n"
    "       legal basis: 《安全生产法》第二十一条\n"
    "       handling: to be corrected by 2023-02-15\n"
    "    2. 配电箱门未关\n"
    "       handling: corrected on site\n"
    "  photos:\n"
    "    1. shaft.jpg (3 bytes, SHA-256 "
    "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20)\n"
    "  notes: 第一行\n"
    "  第二行?[2J\n"
    "\n"
    "signatures of the inspectors: 示例执法员01 ________; 示例执法员02 ________\n"
    "signature of the unit's person in charge: 王某 (安全总监)\n"
    "date: 2023-01-05\n";

static struct jc_terminal_work submit_all(struct bench *bench, struct draft *draft) {
    static Jc__Photo photo = JC__PHOTO__INIT, *photos[] = {&photo};
    static uint8_t sha256[32];
    static const struct jc_str paths[] = {{"/tmp/x/shaft.jpg", 16}};
    struct jc_terminal_work work;
    for (int i = 0; i < 32; i++)
        sha256[i] = (uint8_t)(i + 1);
    photo.sha256 = (ProtobufCBinaryData){32, sha256};
    photo.size_bytes = 3;
    draft_init(draft, 1);
    draft->message.place = (char *)"井口调度室";
    draft->message.notes = (char *)"第一行\n第二行\x1b[2J"; /* an escape must not reach a screen */
    draft->message.photos = photos;
    draft->message.n_photos = 1;
    draft->draft.photo_paths = paths;
    draft->findings[0].major_hazard = 1;
    CHECK_OK("submit", draft_submit(bench, draft, &work), &bench->err);
    return work;
}

static void prints_a_record(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_terminal_work work = submit_all(bench, &draft);
    check_document("record", bench, work.subject, JC_ZH, RECORD_ZH);
    check_document("record in English", bench, work.subject, JC_EN, RECORD_EN);
    /* The register moves on, the document does not. */
    fake_unit(&bench->fake, "hn-001", "改名后的煤矿");
    fake_inspector(&bench->fake, "i1", "另一个名字", "hn-t2", NULL);
    fake_remove_task(&bench->fake, 1);
    CHECK_OK("sync", bench_sync(bench, NULL), &bench->err);
    check_document("afterwards", bench, work.subject, JC_ZH, RECORD_ZH);
    bench_reopen(bench);
    check_document("reopened", bench, work.subject, JC_ZH, RECORD_ZH);
}

static const char REFUSED_ZH[] = "                                现场检查记录\n"
                                 "                            应急检记〔2023〕1号\n"
                                 "\n"
                                 "被检查单位：淮河能源集团潘二煤矿\n"
                                 "地址：安徽省淮南市潘集区泥河镇\n"
                                 "法定代表人（负责人）：________　职务：________　联系电话：________\n"
                                 "检查场所：安徽省淮南市潘集区泥河镇\n"
                                 "检查时间：2023年1月5日 09时00分 至 2023年1月5日 11时30分\n"
                                 "执法机关：淮南市应急管理局\n"
                                 "执法人员：示例执法员01（证号 LIC-i1）、示例执法员02（证号 LIC-i2）\n"
                                 "检查情况：\n"
                                 "  检查事由：群众举报\n"
                                 "  被检查单位拒绝接受检查。\n"
                                 "  本次检查以远程方式进行。\n"
                                 "\n"
                                 "检查人员签名：示例执法员01 ________、示例执法员02 ________\n"
                                 "被检查单位负责人拒签，说明：不在现场\n"
                                 "日期：2023年1月5日\n";

static void prints_a_refused_inspection(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_terminal_work work;
    draft_init(&draft, 0);
    draft.draft.reason = JC_STR("群众举报");
    draft.message.outcome = JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_REFUSED;
    draft.message.mode = JC__VISIT_MODE__VISIT_MODE_REMOTE;
    draft.message.n_findings = draft.message.n_checklist_results = 0;
    draft.signature.result_case = JC__UNIT_SIGNATURE__RESULT_REFUSED;
    draft.signature.refused = &draft.refused;
    draft.refused.reason = (char *)"不在现场";
    CHECK_OK("submit", draft_submit(bench, &draft, &work), &bench->err);
    check_document("refused", bench, work.subject, JC_ZH, REFUSED_ZH);
}

static void prints_that_nothing_was_found(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_terminal_work work;
    struct jc_buf text;
    draft_init(&draft, 1);
    draft.message.n_findings = 0;
    CHECK_OK("submit", draft_submit(bench, &draft, &work), &bench->err);
    jc_buf_init(&text, 1 << 20);
    CHECK_OK("print", jc_terminal_document(bench->terminal, work.subject, JC_ZH, &text, &bench->err), &bench->err);
    jc_buf_char(&text, '\0');
    assert_non_null(strstr(text.ptr, "  未发现问题和隐患。\n"));
    jc_buf_free(&text);
}

/* --- 责令限期整改指令书, 整改复查意见书 -------------------------------------------------------------------------- */

static const char ORDER_ZH[] =
    "                             责令限期整改指令书\n"
    "                            应急责改〔2023〕1号\n"
    "\n"
    "淮河能源集团潘二煤矿：\n"
    "  经查，你单位存在下列问题：\n"
    "    1. 主要负责人未签订安全生产责任书（整改期限：2023年2月15日）\n"
    "  现责令你单位对上述第 1 至 1 项问题按各自期限整改完毕。\n"
    "整改期限：2023年2月15日\n"
    "现场检查记录文号：应急检记〔2023〕1号\n"
    "  如不服本指令，可以依法申请行政复议或者提起行政诉讼，但本指令不停止执行，法律另有规定的除外。\n"
    "复议机关：________\n"
    "法院：________\n"
    "\n"
    "执法机关：淮南市应急管理局\n"
    "执法人员：示例执法员01（证号 LIC-i1）、示例执法员02（证号 LIC-i2）\n"
    "检查人员签名：示例执法员01 ________、示例执法员02 ________\n"
    "被检查单位负责人签名：王某（安全总监）\n"
    "日期：2023年1月5日\n";

static const char RECHECK_ZH[] = "                               整改复查意见书\n"
                                 "                            应急复查〔2023〕1号\n"
                                 "\n"
                                 "被复查单位：淮河能源集团潘二煤矿\n"
                                 "地址：安徽省淮南市潘集区泥河镇\n"
                                 "原检查时间：2023年1月5日 09时00分\n"
                                 "原决定：责令限期整改（2023年1月5日）\n"
                                 "原文书号：应急责改〔2023〕1号\n"
                                 "复查时间：2023年2月15日 09时00分 至 2023年2月15日 09时30分\n"
                                 "复查意见：\n"
                                 "    1. 主要负责人未签订安全生产责任书：部分整改（补签中），延期至 2023年3月1日\n"
                                 "\n"
                                 "执法机关：淮南市应急管理局\n"
                                 "执法人员：示例执法员01（证号 LIC-i1）、示例执法员02（证号 LIC-i2）\n"
                                 "检查人员签名：示例执法员01 ________、示例执法员02 ________\n"
                                 "被检查单位负责人签名：王某（安全总监）\n"
                                 "日期：2023年2月15日\n";

static void prints_order_and_recheck(void **state) {
    struct bench *bench = *state;
    struct draft draft;
    struct jc_terminal_work work = submit_all(bench, &draft), ordered, rechecked;
    struct jc_terminal_order_draft order = {.inspection_id = work.subject.id, .issued_ms = 1672893000000};
    CHECK_OK("order", jc_terminal_order(bench->terminal, &order, bench->arena, &ordered, &bench->err), &bench->err);
    check_document("order", bench, ordered.subject, JC_ZH, ORDER_ZH);

    fake_task(&bench->fake, (struct fake_task){9, JC__TASK_KIND__TASK_KIND_RECHECK, 0, "hn-001", NULL, "2023-02-25",
                                               &ordered.subject.id, false});
    CHECK_OK("sync", bench_sync(bench, NULL), &bench->err);
    Google__Protobuf__Timestamp start = GOOGLE__PROTOBUF__TIMESTAMP__INIT, end = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Jc__RecheckItem item = JC__RECHECK_ITEM__INIT, *items[] = {&item};
    Jc__Recheck recheck = JC__RECHECK__INIT;
    struct jc_uuid task = fake_id(9);
    start.seconds = 1676422800;
    end.seconds = start.seconds + 1800;
    item.finding_id = draft.findings[0].finding_id;
    item.result = JC__RECHECK_RESULT__RECHECK_RESULT_PARTLY;
    item.note = (char *)"补签中";
    item.deadline = (char *)"2023-03-01";
    recheck.task_id = (ProtobufCBinaryData){16, task.bytes};
    recheck.started_at = &start;
    recheck.ended_at = &end;
    recheck.items = items;
    recheck.n_items = 1;
    recheck.signature = &draft.signature;
    CHECK_OK("recheck", jc_terminal_recheck(bench->terminal, &recheck, bench->arena, &rechecked, &bench->err),
             &bench->err);
    check_document("recheck", bench, rechecked.subject, JC_ZH, RECHECK_ZH);
}

static const struct {
    Jc__DocumentKind kind;
    int year, number;
    const char *text;
} NUMBERS[] = {
    {JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD, 2023, 1, "应急检记〔2023〕1号"},
    {JC__DOCUMENT_KIND__DOCUMENT_KIND_ORDER, 2023, 120, "应急责改〔2023〕120号"},
    {JC__DOCUMENT_KIND__DOCUMENT_KIND_RECHECK, 2024, 7, "应急复查〔2024〕7号"},
    {JC__DOCUMENT_KIND__DOCUMENT_KIND_MEASURES, 2023, 3, "应急现决〔2023〕3号"},
    {JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD, 2023, 0, ""},
    {JC__DOCUMENT_KIND__DOCUMENT_KIND_UNSPECIFIED, 2023, 1, ""},
    {(Jc__DocumentKind)99, 2023, 1, ""},
};

static void writes_numbers(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(NUMBERS); i++) {
        Jc__DocumentNumber number = JC__DOCUMENT_NUMBER__INIT;
        struct jc_buf text;
        number.kind = NUMBERS[i].kind;
        number.year = NUMBERS[i].year;
        number.number = NUMBERS[i].number;
        jc_buf_init(&text, 256);
        jc_terminal_document_number(&text, &number);
        CHECK_STR(NUMBERS[i].text, jc_buf_str(&text), NUMBERS[i].text);
        jc_buf_free(&text);
    }
}

static void has_no_document_for_a_task(void **state) {
    struct bench *bench = *state;
    struct jc_buf text;
    jc_buf_init(&text, 1 << 20);
    struct jc_terminal_ref task = {JC_TERMINAL_TASK, fake_id(1)}, none = {JC_TERMINAL_ORDER, fake_id(1)};
    assert_int_equal(jc_terminal_document(bench->terminal, task, JC_ZH, &text, &bench->err), JC_INVALID_ARGUMENT);
    assert_int_equal(jc_terminal_document(bench->terminal, none, JC_ZH, &text, &bench->err), JC_NOT_FOUND);
    jc_buf_free(&text);
}

int main(void) {
    assert_true(jc_id_init());
    const struct CMUnitTest tests[] = {
        WITH_BENCH(prints_a_record),
        WITH_BENCH(prints_a_refused_inspection),
        WITH_BENCH(prints_that_nothing_was_found),
        WITH_BENCH(prints_order_and_recheck),
        cmocka_unit_test(writes_numbers),
        WITH_BENCH(has_no_document_for_a_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
