/* A request on its way lies in one buffer: head, prepared operations, cursor. protobuf takes fields in any
 * order, so the cursor can stand last. */
#include "bench/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <zlib.h>

#include "jiancha/v1/sync_service.pb-c.h"

enum { TEXT_MAX = 256, PLACES = 20, FAULTS = 10, GZIP_WINDOW = 15 + 16 };

/* --- records --------------------------------------------------------------------------------------- */

static const char *const PLACE[PLACES] = {
    "一楼车间", "二楼车间", "三楼车间",   "原料仓库", "成品仓库",   "配电室",     "锅炉房",
    "危化品库", "喷涂房",   "污水处理站", "空压机房", "装卸区",     "办公楼",     "职工宿舍",
    "食堂",     "机修间",   "储罐区",     "消防泵房", "粉尘除尘间", "井下变电所",
};
static const char *const FAULT[FAULTS] = {
    "安全出口被货物堵塞，疏散通道宽度不足",
    "配电箱未设置明显的安全警示标志，箱门无法关闭",
    "有限空间作业未见审批票，现场无气体检测记录",
    "特种作业人员操作证已过期，未按期参加复审",
    "灭火器压力不足，未见本月检查记录",
    "可燃气体报警装置未按期检定",
    "设备转动部位缺少防护罩",
    "从业人员三级安全教育培训记录不完整",
    "应急预案未按规定组织演练",
    "隐患排查治理台账未如实记录整改情况",
};

static ProtobufCBinaryData bytes_of(struct jc_uuid *id) {
    return (ProtobufCBinaryData){sizeof id->bytes, id->bytes};
}

/* Four findings out of 200 sentences, by the number of the record. */
static void make_findings(Jc__Finding **list, int64_t number, const struct jc_clock *clock) {
    static Jc__Finding finding[JC_LOAD_FINDINGS];
    static struct jc_uuid id[JC_LOAD_FINDINGS];
    static char text[JC_LOAD_FINDINGS][TEXT_MAX];
    for (int i = 0; i < JC_LOAD_FINDINGS; i++) {
        unsigned which = (unsigned)(number * 37 + i * 53) % (PLACES * FAULTS);
        snprintf(text[i], TEXT_MAX, "%s%s", PLACE[which / FAULTS], FAULT[which % FAULTS]);
        id[i] = jc_uuid7(clock);
        jc__finding__init(&finding[i]);
        finding[i].finding_id = bytes_of(&id[i]);
        finding[i].description = text[i];
        finding[i].legal_basis = (char *)"安全生产法";
        finding[i].outcome = JC__FINDING_OUTCOME__FINDING_OUTCOME_CORRECTED_ON_SITE;
        list[i] = &finding[i];
    }
}

/* The serialised body of the record of one unit; the caller's. */
static struct jc_str make_body(struct jc_fleet_terminal *t, int64_t number, const struct jc_clock *clock) {
    char unit[32];
    struct jc_uuid id = jc_uuid7(clock);
    Jc__DocumentNumber document = JC__DOCUMENT_NUMBER__INIT;
    Jc__Finding *findings[JC_LOAD_FINDINGS];
    Google__Protobuf__Timestamp start = GOOGLE__PROTOBUF__TIMESTAMP__INIT, end = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Jc__Signed signer = JC__SIGNED__INIT;
    Jc__UnitSignature signature = JC__UNIT_SIGNATURE__INIT;
    Jc__TeamWorkdays workdays = JC__TEAM_WORKDAYS__INIT;
    Jc__Inspection inspection = JC__INSPECTION__INIT;
    Jc__AddAdHocInspection command = JC__ADD_AD_HOC_INSPECTION__INIT;
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    start.seconds = jc_clock_now_ms(clock) / 1000 - 7200;
    end.seconds = start.seconds + 3600;
    snprintf(unit, sizeof unit, "u%lld", (long long)number);
    make_findings(findings, number, clock);
    signer.name = (char *)"王某";
    signer.position = (char *)"安全总监";
    signature.result_case = JC__UNIT_SIGNATURE__RESULT_SIGNED;
    signature.signed_ = &signer;
    workdays.team_id = t->team;
    workdays.workdays_centi = 200;
    inspection.inspection_id = bytes_of(&id);
    inspection.unit_id = unit;
    inspection.started_at = &start;
    inspection.ended_at = &end;
    inspection.inspector_ids = (char *[]){t->inspectors[0], t->inspectors[1]};
    inspection.n_inspector_ids = 2;
    inspection.mode = JC__VISIT_MODE__VISIT_MODE_ONSITE;
    inspection.outcome = JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_COMPLETED;
    inspection.place = (char *)"生产车间";
    document.kind = JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD;
    document.year = jc_date_of_ms(jc_clock_now_ms(clock)).year;
    document.number = jc_fleet_next_number(t);
    inspection.document_number = &document;
    inspection.findings = findings;
    inspection.n_findings = JC_LOAD_FINDINGS;
    inspection.signature = &signature;
    inspection.workdays = (Jc__TeamWorkdays *[]){&workdays};
    inspection.n_workdays = 1;
    command.inspection = &inspection;
    command.reason = (char *)"举报核查";
    body.device_time = &end;
    body.command_case = JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION;
    body.add_ad_hoc_inspection = &command;
    size_t size = jc__operation_body__get_packed_size(&body);
    uint8_t *packed = jc_fleet_alloc(1, size);
    jc__operation_body__pack(&body, packed);
    return (struct jc_str){(const char *)packed, size};
}

/* --- requests -------------------------------------------------------------------------------------- */

struct making {
    Jc__Operation operation;
    struct jc_uuid id;
};

/* One more link of the terminal's chain. */
static void add_link(struct jc_load *load, struct jc_uuid id, struct jc_str body) {
    uint8_t body_sha256[JC_SHA256_SIZE], link[JC_SHA256_SIZE];
    jc_sha256(body, body_sha256);
    jc_link(load->link, id, body_sha256, (struct jc_str){"", 0}, link);
    memcpy(load->link, link, sizeof link);
}

static struct jc_str make_request(struct jc_load *load, int64_t first_unit, const struct jc_clock *clock) {
    size_t count = (size_t)load->records;
    struct making *making = jc_fleet_alloc(count, sizeof *making);
    Jc__Operation **list = jc_fleet_alloc(count, sizeof *list);
    uint8_t previous[JC_SHA256_SIZE], seal[JC_SIGNATURE_SIZE];
    memcpy(previous, load->link, sizeof previous);
    for (size_t i = 0; i < count; i++) {
        struct jc_str body = make_body(&load->terminal, first_unit + (int64_t)i, clock);
        making[i].id = jc_uuid7(clock);
        add_link(load, making[i].id, body);
        jc__operation__init(&making[i].operation);
        making[i].operation.id = bytes_of(&making[i].id);
        making[i].operation.body = (ProtobufCBinaryData){body.len, (uint8_t *)body.ptr};
        list[i] = &making[i].operation;
    }
    jc_seal_sign(load->link, load->terminal.secret, seal);
    making[0].operation.previous = (ProtobufCBinaryData){sizeof previous, previous};
    making[count - 1].operation.seal = (ProtobufCBinaryData){sizeof seal, seal};
    Jc__SyncRequest request = JC__SYNC_REQUEST__INIT;
    request.operations = list;
    request.n_operations = count;
    size_t size = jc__sync_request__get_packed_size(&request);
    uint8_t *packed = jc_fleet_alloc(1, size);
    jc__sync_request__pack(&request, packed);
    for (size_t i = 0; i < count; i++)
        free(making[i].operation.body.data);
    free(making);
    free(list);
    return (struct jc_str){(const char *)packed, size};
}

/* The n-th request of every terminal is made at the same moment, as if they all worked side by side: ids are in
 * the order of time, as those of people who work today are. */
static int64_t made_ms(void *ctx) {
    return *(const int64_t *)ctx;
}

void jc_load_add(struct jc_load *load, int64_t first_unit) {
    static int64_t start_ms;
    struct jc_clock real = jc_clock_system();
    if (!start_ms)
        start_ms = jc_clock_now_ms(&real);
    int64_t now_ms = start_ms + load->count;
    struct jc_clock clock = {made_ms, &now_ms};
    load->requests = jc_fleet_more(load->requests, (size_t)load->count + 1, sizeof *load->requests);
    load->requests[load->count] = make_request(load, first_unit, &clock);
    size_t len = load->requests[load->count++].len;
    if (load->out && len <= load->longest)
        return;
    load->longest = len;
    free(load->out); /* room for the longest, even where compression makes it longer */
    load->out = jc_fleet_alloc(1, 2 * (JC_LOAD_HEAD_MAX + len + JC_LOAD_CURSOR_MAX));
}

void jc_load_prepare(struct jc_load *load, int count, int records, int64_t first_unit) {
    load->records = records;
    for (int i = 0; i < count; i++)
        jc_load_add(load, first_unit + (int64_t)i * records);
    if (!load->answer)
        load->answer = jc_fleet_alloc(1, JC_LOAD_ANSWER_MAX);
}

void jc_load_free(struct jc_load *load) {
    for (int i = 0; i < load->count; i++)
        free((char *)load->requests[i].ptr);
    free(load->requests);
    free(load->out);
    free(load->answer);
}

/* --- sending --------------------------------------------------------------------------------------- */

static char *put_varint(char *at, size_t value) {
    for (; value > 127; value >>= 7)
        *at++ = (char)(value | 128);
    *at++ = (char)value;
    return at;
}

/* Compresses the body that stands behind a gap for the head. */
static size_t compress_body(char *body, size_t len) {
    z_stream stream = {0};
    char *plain = jc_fleet_alloc(1, len);
    memcpy(plain, body, len);
    if (deflateInit2(&stream, 6, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        jc_fleet_stop("zlib");
    stream.next_in = (Bytef *)plain;
    stream.avail_in = (uInt)len;
    stream.next_out = (Bytef *)body;
    stream.avail_out = (uInt)(2 * len + JC_LOAD_CURSOR_MAX);
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
        jc_fleet_stop("zlib");
    deflateEnd(&stream);
    free(plain);
    return stream.total_out;
}

static char *put_bytes(char *at, int field, struct jc_str bytes) {
    if (!bytes.len)
        return at;
    *at++ = (char)(field << 3 | 2);
    at = put_varint(at, bytes.len);
    memcpy(at, bytes.ptr, bytes.len);
    return at + bytes.len;
}

/* Head, operations, cursor: the body first, because the head tells its size. */
static void start(struct jc_load *load, struct jc_str operations) {
    char head[JC_LOAD_HEAD_MAX], *body = load->out + JC_LOAD_HEAD_MAX, *at = body;
    if (operations.len)
        memcpy(at, operations.ptr, operations.len);
    at += operations.len;
    at = put_bytes(at, 1, (struct jc_str){load->cursor, load->cursor_len});
    at = put_bytes(at, 6, (struct jc_str){load->key_id, load->key_id_len}); /* known_key_id */
    *at++ = 8 << 3;                                                         /* number_blocks_version */
    at = put_varint(at, load->blocks_version);
    *at++ = 4 << 3; /* page_bytes */
    at = put_varint(at, load->page_bytes);
    size_t len = (size_t)(at - body);
    if (load->gzip)
        len = compress_body(body, len);
    int head_len =
        snprintf(head, sizeof head,
                 "POST /jiancha.v1.SyncService/Sync HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/proto\r\n"
                 "Connect-Protocol-Version: 1\r\nAuthorization: Bearer %s\r\n%sContent-Length: %zu\r\n\r\n",
                 load->terminal.token, load->gzip ? "Content-Encoding: gzip\r\nAccept-Encoding: gzip\r\n" : "", len);
    memcpy(load->out, head, (size_t)head_len);
    memmove(load->out + head_len, body, len);
    load->out_len = (size_t)head_len + len;
    load->sent = load->received = 0;
    load->started_ns = jc_fleet_now_ns();
    load->idle = false;
}

void jc_load_start(struct jc_load *load) {
    start(load, load->requests[load->next++]);
}

bool jc_load_push(struct jc_load *load) {
    while (load->sent < load->out_len) {
        ssize_t n = send(load->fd, load->out + load->sent, load->out_len - load->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n < 0)
            jc_fleet_stop("send");
        load->sent += (size_t)n;
    }
    load->wire_out += (int64_t)load->sent;
    return true;
}

/* --- answers --------------------------------------------------------------------------------------- */

/* One field of a message: its number, its number value or its bytes. */
struct field {
    unsigned number;
    uint64_t value;
    struct jc_str bytes;
};

static uint64_t take_varint(struct jc_str *rest) {
    uint64_t value = 0;
    for (int shift = 0; rest->len && shift < 64; shift += 7) {
        uint8_t byte = (uint8_t)*rest->ptr++;
        rest->len--;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return value;
    }
    jc_fleet_stop("an answer that is no SyncResponse");
}

static bool next_field(struct jc_str *rest, struct field *field) {
    if (!rest->len)
        return false;
    uint64_t tag = take_varint(rest);
    *field = (struct field){.number = (unsigned)(tag >> 3)};
    if ((tag & 7) == 0) {
        field->value = take_varint(rest);
        return true;
    }
    size_t len = (tag & 7) == 2 ? take_varint(rest) : (tag & 7) == 1 ? 8 : 4;
    if (len > rest->len)
        jc_fleet_stop("an answer that is no SyncResponse");
    field->bytes = (struct jc_str){rest->ptr, len};
    rest->ptr += len;
    rest->len -= len;
    return true;
}

static void check_result(struct jc_str result) {
    struct field field;
    struct jc_str rest = result;
    uint64_t status = 0;
    while (next_field(&rest, &field))
        if (field.number == 2)
            status = field.value;
    if (status == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED)
        return;
    Jc__OperationResult *whole = jc__operation_result__unpack(NULL, result.len, (const uint8_t *)result.ptr);
    if (whole)
        fprintf(stderr, "%s: %s\n", whole->code, whole->reason_en);
    jc_fleet_stop("a record that was not applied");
}

/* The id of a server's key: the last told is the newest. */
static void keep_key(struct jc_load *load, struct jc_str key) {
    struct field field;
    while (next_field(&key, &field)) {
        if (field.number == 1 && field.bytes.len <= sizeof load->key_id) {
            memcpy(load->key_id, field.bytes.ptr, field.bytes.len);
            load->key_id_len = field.bytes.len;
        }
    }
}

/* Checks the results and keeps the cursor; returns whether there is more to fetch. */
static bool read_body(struct jc_load *load, struct jc_str body, int records) {
    struct field field;
    bool more = false;
    while (next_field(&body, &field)) {
        if (field.number == 1) {
            check_result(field.bytes);
            records--;
        } else if (field.number == 3) {
            if (field.bytes.len > sizeof load->cursor)
                jc_fleet_stop("a cursor that is too long");
            memcpy(load->cursor, field.bytes.ptr, field.bytes.len);
            load->cursor_len = field.bytes.len;
        } else if (field.number == 4) {
            more = field.value;
        } else if (field.number == 9) {
            load->blocks_version = field.value;
        } else if (field.number == 10) {
            keep_key(load, field.bytes);
        }
    }
    if (records)
        jc_fleet_stop("results are missing");
    return more;
}

/* The body of a complete answer; ptr NULL while it is not complete. */
static struct jc_str body_of(const struct jc_load *load) {
    const char *end = memmem(load->answer, load->received, "\r\n\r\n", 4);
    if (!end)
        return (struct jc_str){0};
    size_t head = (size_t)(end + 4 - load->answer);
    const char *field = memmem(load->answer, head, "\r\nContent-Length:", 17);
    size_t length = field ? strtoul(field + 17, NULL, 10) : 0;
    if (!field)
        jc_fleet_stop("an answer without Content-Length");
    if (load->received < head + length)
        return (struct jc_str){0};
    if (strncmp(load->answer, "HTTP/1.1 200", 12) != 0) {
        fprintf(stderr, "%.*s\n", (int)load->received, load->answer);
        jc_fleet_stop("an answer that is not 200");
    }
    return (struct jc_str){load->answer + head, length};
}

/* Decompressed, into a buffer that the next call overwrites. */
static struct jc_str inflate_body(struct jc_str body) {
    static char plain[8 * JC_LOAD_ANSWER_MAX];
    z_stream stream = {.next_in = (Bytef *)body.ptr, .avail_in = (uInt)body.len};
    stream.next_out = (Bytef *)plain;
    stream.avail_out = sizeof plain;
    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK || inflate(&stream, Z_FINISH) != Z_STREAM_END)
        jc_fleet_stop("an answer that is no gzip");
    inflateEnd(&stream);
    return (struct jc_str){plain, stream.total_out};
}

/* Like jc_load_take; `*more` as the answer says. */
static bool take(struct jc_load *load, int records, bool *more) {
    ssize_t n = recv(load->fd, load->answer + load->received, JC_LOAD_ANSWER_MAX - load->received, 0);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0)
        jc_fleet_stop(load->received == JC_LOAD_ANSWER_MAX ? "an answer that is too long"
                                                           : "the server closed a connection");
    load->received += (size_t)n;
    struct jc_str body = body_of(load);
    if (!body.ptr)
        return false;
    load->wire_in += (int64_t)load->received;
    if (body.len > 2 && (uint8_t)body.ptr[0] == 0x1f && (uint8_t)body.ptr[1] == 0x8b)
        body = inflate_body(body);
    *more = read_body(load, body, records);
    load->idle = true;
    return true;
}

bool jc_load_take(struct jc_load *load) {
    bool more;
    return take(load, load->records, &more);
}

void jc_load_first_sync(struct jc_load *load) {
    load->wire_out = load->wire_in = 0;
    for (bool more = true; more;) {
        start(load, (struct jc_str){0});
        (void)jc_load_push(load);
        while (!take(load, 0, &more))
            continue;
    }
    load->listed_bytes = load->wire_out + load->wire_in;
    load->wire_out = load->wire_in = 0;
}
