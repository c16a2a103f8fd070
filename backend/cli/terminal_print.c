/* jiancha terminal show: a task, inspection, order or recheck in full; with --print its document as text.
 *
 * The full form is made from the message's own description: one line per field for people, the same structure as
 * JSON for scripts. Identifiers are UUIDs, times RFC 3339, workdays decimals, enumerations their short names. */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/terminal.h"
#include "store/words.h"

enum { NAME_MAX_BYTES = 128 };

/* --- a message as JSON ---------------------------------------------------------------------------------------- */

static json_t *json_of_message(const ProtobufCMessage *message);

/* "TASK_STATE_OPEN" is "open": without the prefix that all values of the enumeration share. */
static json_t *json_of_enum(const ProtobufCEnumDescriptor *type, int number) {
    static const char UNSPECIFIED[] = "UNSPECIFIED";
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);
    const ProtobufCEnumValue *zero = protobuf_c_enum_descriptor_get_value(type, 0);
    char name[NAME_MAX_BYTES];
    if (!value || !zero || number == 0)
        return value ? json_string("") : json_integer(number);
    size_t prefix = strlen(zero->name) - (sizeof UNSPECIFIED - 1), len = strlen(value->name);
    size_t used = 0;
    for (size_t i = prefix; i < len && used + 1 < sizeof name; i++)
        name[used++] = (char)tolower((unsigned char)value->name[i]);
    return json_stringn(name, used);
}

static json_t *json_of_bytes(ProtobufCBinaryData bytes) {
    char uuid[JC_UUID_TEXT], hex[2 * JC_SHA256_SIZE + 1];
    struct jc_uuid id;
    if (bytes.len == sizeof id.bytes) {
        memcpy(id.bytes, bytes.data, sizeof id.bytes);
        return json_string(jc_uuid_format(id, uuid).ptr);
    }
    return json_string(jc_hex(bytes.data, bytes.len < JC_SHA256_SIZE ? bytes.len : JC_SHA256_SIZE, hex).ptr);
}

static bool ends_with(const char *text, const char *end) {
    size_t len = strlen(text), end_len = strlen(end);
    return len > end_len && strcmp(text + len - end_len, end) == 0;
}

/* Hundredths as the decimal number they are. */
static json_t *json_of_centi(int64_t centi) {
    return centi % 100 == 0 ? json_integer(centi / 100) : json_real((double)centi / 100);
}

static json_t *json_of_value(const ProtobufCFieldDescriptor *field, const void *at) {
    bool centi = ends_with(field->name, "_centi");
    int64_t number;
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return json_of_message(*(const ProtobufCMessage *const *)at);
    case PROTOBUF_C_TYPE_STRING:
        return json_string(*(const char *const *)at);
    case PROTOBUF_C_TYPE_BYTES:
        return json_of_bytes(*(const ProtobufCBinaryData *)at);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)at);
    case PROTOBUF_C_TYPE_ENUM:
        return json_of_enum(field->descriptor, *(const int *)at);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        number = *(const int64_t *)at;
        return centi ? json_of_centi(number) : json_integer(number);
    default:
        number = field->type == PROTOBUF_C_TYPE_UINT32 ? (int64_t) * (const uint32_t *)at : *(const int32_t *)at;
        return centi ? json_of_centi(number) : json_integer(number);
    }
}

static size_t size_of(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return sizeof(int64_t);
    default:
        return sizeof(int32_t);
    }
}

static bool is_absent(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    const char *base = (const char *)message;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)(const void *)(base + field->quantifier_offset) != field->id;
    return field->type == PROTOBUF_C_TYPE_MESSAGE && field->label != PROTOBUF_C_LABEL_REPEATED &&
           !*(const void *const *)(const void *)(base + field->offset);
}

static json_t *json_of_field(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    const char *base = (const char *)message;
    const void *at = base + field->offset;
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return json_of_value(field, at);
    size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
    const char *items = *(const char *const *)at;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_of_value(field, items + i * size_of(field->type)));
    return list;
}

static json_t *json_of_message(const ProtobufCMessage *message) {
    if (message->descriptor == &google__protobuf__timestamp__descriptor) {
        char text[JC_TIME_MAX];
        const Google__Protobuf__Timestamp *time = (const Google__Protobuf__Timestamp *)message;
        return json_string(jc_time_format(time->seconds * 1000 + time->nanos / 1000000, text).ptr);
    }
    json_t *object = json_object();
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        char name[NAME_MAX_BYTES];
        if (is_absent(message, field))
            continue;
        snprintf(name, sizeof name, "%s", field->name);
        if (ends_with(name, "_centi"))
            name[strlen(name) - strlen("_centi")] = '\0';
        json_object_set_new(object, name, json_of_field(message, field));
    }
    return object;
}

/* --- show ------------------------------------------------------------------------------------------------------ */

static const ProtobufCMessage *message_of(const struct jc_terminal_record *record) {
    return record->task         ? &record->task->base
           : record->inspection ? &record->inspection->base
           : record->order      ? &record->order->base
                                : &record->recheck->base;
}

static json_t *text_of(struct jc_str text) {
    return json_stringn(text.ptr ? text.ptr : "", text.len);
}

static void add_outcome(struct jc_cli *cli, json_t *object, const struct jc_terminal_outcome *outcome) {
    if (!outcome)
        return;
    json_object_set_new(object, "operation_id", text_of(jc_cli_terminal_id(cli, outcome->operation_id)));
    json_object_set_new(object, "result", text_of(jc_cli_terminal_result(cli, outcome)));
    json_object_set_new(object, "unsent", json_boolean(outcome->unsent));
    json_object_set_new(object, "result_reason", text_of(jc_cli_terminal_reason(cli, outcome)));
}

static const Jc__DocumentNumber *number_of(const struct jc_terminal_record *record) {
    return record->inspection ? record->inspection->document_number
           : record->order    ? record->order->document_number
           : record->recheck  ? record->recheck->document_number
                              : NULL;
}

static json_t *json_of_record(struct jc_cli *cli, const struct jc_terminal_record *record) {
    static const struct {
        enum jc_terminal_noun noun;
        const char *name;
    } nouns[] = {{JC_TERMINAL_TASK, "task"},
                 {JC_TERMINAL_INSPECTION, "inspection"},
                 {JC_TERMINAL_ORDER, "order"},
                 {JC_TERMINAL_RECHECK, "recheck"}};
    json_t *object = json_of_message(message_of(record));
    for (size_t i = 0; i < sizeof nouns / sizeof nouns[0]; i++) {
        if (nouns[i].noun == record->ref.noun)
            json_object_set_new(object, "noun", json_string(nouns[i].name));
    }
    struct jc_buf number;
    jc_buf_init(&number, 128);
    jc_terminal_document_number(&number, number_of(record));
    if (record->ref.noun != JC_TERMINAL_TASK)
        json_object_set_new(object, "document", text_of(jc_buf_str(&number)));
    jc_buf_free(&number);
    json_object_set_new(object, "unit", text_of(jc_str(record->unit ? record->unit->name : "")));
    if (record->reason.len)
        json_object_set_new(object, "reason", text_of(record->reason));
    add_outcome(cli, object, record->outcome);
    return object;
}

static void print_line(struct jc_buf *out, enum jc_lang lang, const char *path, struct jc_str value) {
    jc_buf_printf(out, "%s%s%.*s\n", path, lang == JC_ZH ? "：" : ": ", JC_FMT(value));
}

/* One line per value: "findings.1.deadline: 2023-02-15", in Chinese with the words of the catalogue. `field` is the
 * name of the innermost field. */
static void print_lines(struct jc_buf *out, enum jc_lang lang, const char *path, const char *field,
                        const json_t *value) {
    char longer[NAME_MAX_BYTES * 2];
    const char *key;
    json_t *item;
    size_t index;
    if (json_is_object(value)) {
        json_object_foreach((json_t *)(uintptr_t)value, key, item) {
            snprintf(longer, sizeof longer, "%s%s%s", path, *path ? "." : "", jc_words_field(lang, key).ptr);
            print_lines(out, lang, longer, key, item);
        }
    } else if (json_is_array(value)) {
        json_array_foreach(value, index, item) {
            snprintf(longer, sizeof longer, "%s.%zu", path, index + 1);
            print_lines(out, lang, longer, field, item);
        }
    } else if (json_is_string(value)) {
        struct jc_str rest = {json_string_value(value), json_string_length(value)};
        char clean[4096];
        rest = jc_words_value(lang, field, rest);
        if (rest.len)
            print_line(out, lang, path, (struct jc_str){clean, jc_text_clean(rest, clean, sizeof clean)});
    } else if (json_is_boolean(value)) {
        print_line(out, lang, path, jc_msg_text(json_is_true(value) ? JC_MSG_CLI_YES : JC_MSG_CLI_NO, lang));
    } else {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
        print_line(out, lang, path, jc_str(text ? text : ""));
        free(text);
    }
}

static enum jc_code print_record(struct jc_cli *cli, const struct jc_terminal_record *record, struct jc_err *err) {
    json_t *object = json_of_record(cli, record);
    if (cli->format != JC_FORMAT_JSON) {
        print_lines(&cli->out, cli->lang, "", "", object);
        json_decref(object);
        return cli->out.failed ? jc_fail_memory(err) : JC_OK;
    }
    json_t *root = json_pack("{s:[o]}", "show", object);
    char *text = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(10)) : NULL;
    if (text) {
        jc_buf_add(&cli->out, jc_str(text));
        jc_buf_char(&cli->out, '\n');
    }
    free(text);
    json_decref(root);
    return text ? JC_OK : jc_fail_memory(err);
}

/* The document an operation carries; false if it carries none or was rejected. */
static bool document_of(const struct jc_terminal_outcome *outcome, struct jc_terminal_ref *out) {
    return outcome->status != JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED && jc_terminal_record_noun(outcome, out);
}

/* The documents of a task, in the order they were made. */
static enum jc_code print_documents(struct jc_cli_terminal *run, struct jc_uuid task_id, struct jc_err *err) {
    struct jc_cli *cli = run->cli;
    struct jc_terminal_task *tasks;
    size_t count, printed = 0;
    char text[JC_UUID_TEXT];
    enum jc_code code = jc_terminal_tasks(run->terminal, cli->arena, &tasks, &count, err);
    for (size_t i = 0; code == JC_OK && i < count; i++) {
        if (!tasks[i].task || memcmp(tasks[i].task->task_id.data, task_id.bytes, sizeof task_id.bytes) != 0)
            continue;
        for (size_t k = 0; code == JC_OK && k < tasks[i].outcome_count; k++) {
            struct jc_terminal_ref ref;
            if (!document_of(&tasks[i].outcomes[k], &ref))
                continue;
            if (printed++)
                jc_buf_add(&cli->out, JC_STR("\n\n"));
            code = jc_terminal_document(run->terminal, ref, cli->lang, &cli->out, err);
        }
    }
    if (code == JC_OK && printed == 0)
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_TERM_NO_DOCUMENT, jc_uuid_format(task_id, text));
    return code;
}

static enum jc_code show(struct jc_cli_terminal *run, const char *id, bool print, struct jc_err *err) {
    static const unsigned any = JC_TERMINAL_TASK | JC_TERMINAL_INSPECTION | JC_TERMINAL_ORDER | JC_TERMINAL_RECHECK;
    struct jc_terminal_ref ref;
    struct jc_terminal_record record = {0};
    enum jc_code code = jc_terminal_find(run->terminal, jc_str(id), any, &ref, err);
    if (code)
        return code;
    if (print && ref.noun == JC_TERMINAL_TASK)
        return print_documents(run, ref.id, err);
    if (print)
        return jc_terminal_document(run->terminal, ref, run->cli->lang, &run->cli->out, err);
    code = jc_terminal_load(run->terminal, ref, run->cli->arena, &record, err);
    return code == JC_OK ? print_record(run->cli, &record, err) : code;
}

static enum jc_exit run_show(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_show};
    int print = 0;
    struct jc_err err;
    const struct jc_option options[] = {{.name = "print", .count = &print}};
    if (!jc_cli_terminal_options(&run, options, 1, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 2)
        return jc_cli_misuse(cli, &jc_cmd_terminal_show, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("ID"));
    if (cli->format == JC_FORMAT_CSV)
        return jc_cli_misuse(cli, &jc_cmd_terminal_show, JC_MSG_CLI_FORMAT_NOT_CSV, JC_STR("terminal show"));
    enum jc_code code = jc_cli_terminal_open(&run, false, &err);
    if (code == JC_OK)
        code = show(&run, argv[1], print > 0, &err);
    return jc_cli_terminal_end(&run, code, &err);
}

const struct jc_command jc_cmd_terminal_show = {
    .name = "show",
    .summary = {"显示任务、检查、指令书、复查；--print 输出文书",
                "a task, inspection, order or recheck; --print: its document"},
    .usage = "terminal --store FILE show ID [--print]",
    .help = {"ID 是编号或其开头、结尾的几位，也可以是计划检查编号或单位编号。\n"
             "--print  输出现场检查记录、责令限期整改指令书或整改复查意见书；写任务编号时输出该任务的全部文书",
             "ID is an identifier or its beginning or ending, or a visit or unit.\n"
             "--print  the inspection record, rectification order or recheck opinion; of a task all of them"},
    .example = "jiancha terminal --store t1.db show hn-001-01 --print",
    .run = run_show,
};
