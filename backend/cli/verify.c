/* jiancha verify: the database is whole, and nobody rewrote its evidence (DESIGN section 6). */
#include <string.h>

#include "cli/blobs.h"
#include "cli/table.h"
#include "cli/watch.h"
#include "store/agency.h"
#include "store/audit_log.h"
#include "store/backup.h"
#include "store/gone.h"
#include "store/keyring.h"
#include "store/operation.h"
#include "sync/compared.h"
#include "sync/derived.h"
#include "sync/evidence.h"
#include "sync/vouched.h"

const struct jc_command jc_cmd_verify;

static const struct jc_column columns[] = {
    {"check", JC_MSG_COL_CHECK, false},
    {"agency", JC_MSG_COL_VERIFY_AGENCY, false},
    {"row", JC_MSG_COL_ROW, true},
    {"record", JC_MSG_COL_VERIFY_RECORD, false},
    {"device", JC_MSG_COL_VERIFY_DEVICE, false},
    {"text", JC_MSG_COL_FAULT, false},
};

enum { HEADS_MAX = 64 };

struct verification {
    struct jc_cli *cli;
    struct jc_table *table;
    struct heads {
        struct jc_chain_point items[HEADS_MAX];
        size_t count;
    } heads, audit_heads; /* --head, --audit-head */
    struct jc_agency_ref *agencies;
    int64_t *rows; /* of each agency's chain */
    size_t agency_count;
    size_t at;                               /* the agency being looked at */
    const char *blobs, *ask_again, *against; /* options */
    struct jc_db *backup;                    /* of --against */
    int64_t compared;                        /* its rows */
    bool rewritten;                          /* a head of this agency says so */
    bool key_given;                          /* the server's, for a bundle */
    uint8_t key[JC_SIGN_PUBLIC_SIZE];
    struct jc_blob_check check;
    struct jc_tx *tx; /* that the chains are read in */
};

/* "17:<64 hex digits>", as `status` and receipts print length and head. */
static bool each_head(void *ctx, const char *value) {
    struct heads *heads = ctx;
    struct jc_str rest = jc_str(value), number;
    if (heads->count == HEADS_MAX)
        return false;
    struct jc_chain_point *head = &heads->items[heads->count++];
    return jc_str_cut(&rest, ':', &number) && jc_str_to_int64(number, &head->row_no) && head->row_no >= 0 &&
           jc_hex_parse(rest, head->chain_hash, sizeof head->chain_hash);
}

/* What people call what a fault is about, and the terminal it came from; each may be empty. */
struct about {
    struct jc_str record, device;
};

static const struct about NOTHING = {{"", 0}, {"", 0}};

/* `agency` NULL and `row` -1: none. */
static void add_fault(struct verification *v, struct jc_str check, const struct jc_str *agency, int64_t row,
                      struct about about, const struct jc_err *fault) {
    struct jc_buf words;
    jc_buf_init(&words, 4096);
    jc_err_render(&words, v->cli->lang, fault);
    jc_table_text(v->table, check);
    if (agency)
        jc_table_text(v->table, *agency);
    else
        jc_table_null(v->table);
    if (row >= 0)
        jc_table_int(v->table, row);
    else
        jc_table_null(v->table);
    jc_table_text(v->table, about.record);
    jc_table_text(v->table, about.device);
    jc_table_text(v->table, jc_buf_str(&words));
    jc_buf_free(&words);
}

/* A word for people, a name for scripts. */
static struct jc_str check_word(const struct verification *v, enum jc_msg word, struct jc_str name) {
    return v->cli->format == JC_FORMAT_TABLE ? jc_msg_text(word, v->cli->lang) : name;
}

static void database_fault(void *ctx, const struct jc_err *fault) {
    struct verification *v = ctx;
    add_fault(v, check_word(v, JC_MSG_VERIFY_DATABASE, JC_STR("database")), NULL, -1, NOTHING, fault);
}

/* A fault that has no name is told without. */
static struct about about(const struct verification *v, int64_t operation_no) {
    struct about names = NOTHING;
    struct jc_err err;
    int64_t agency_id = v->agencies[v->at].agency_id;
    if (jc_derived_name(v->tx, agency_id, operation_no, v->cli->arena, &names.record, &err))
        names.record = JC_STR("");
    if (jc_derived_device(v->tx, agency_id, operation_no, v->cli->arena, &names.device, &err))
        names.device = JC_STR("");
    return names;
}

static void chain_fault(void *ctx, int64_t operation_no, const struct jc_err *fault) {
    struct verification *v = ctx;
    v->rewritten |= fault->what == JC_MSG_CHAIN_POINT || fault->what == JC_MSG_CHAIN_MISSING;
    add_fault(v, check_word(v, JC_MSG_VERIFY_CHAIN, JC_STR("chain")), &v->agencies[v->at].code, operation_no,
              about(v, operation_no), fault);
}

static void derived_fault(void *ctx, int64_t operation_no, const struct jc_err *fault) {
    struct verification *v = ctx;
    add_fault(v, check_word(v, JC_MSG_VERIFY_DERIVED, JC_STR("derived")), &v->agencies[v->at].code, operation_no,
              about(v, operation_no), fault);
}

static void audit_fault(void *ctx, int64_t audit_no, const struct jc_err *fault) {
    struct verification *v = ctx;
    add_fault(v, check_word(v, JC_MSG_VERIFY_AUDIT, JC_STR("audit_log")), &v->agencies[v->at].code, audit_no, NOTHING,
              fault);
}

static void key_fault(void *ctx, int64_t position, const struct jc_err *fault) {
    struct verification *v = ctx;
    add_fault(v, check_word(v, JC_MSG_VERIFY_KEYS, JC_STR("server_key")), NULL, position ? position : -1, NOTHING,
              fault);
}

/* The agency of --agency, else the only one there is. */
static enum jc_code keep_one_agency(struct jc_tx *tx, struct verification *v, struct jc_err *err) {
    int64_t agency_id = 0;
    enum jc_code code = jc_agency_find(tx, jc_str(v->cli->agency_code), &agency_id, err);
    size_t at = 0;
    while (at < v->agency_count && v->agencies[at].agency_id != agency_id)
        at++;
    v->agencies += at;
    v->agency_count = at < v->agency_count;
    return code;
}

/* The agency of --agency, else all. A head that left the building is one agency's. */
static enum jc_code choose_agencies(struct jc_tx *tx, struct verification *v, struct jc_err *err) {
    enum jc_code code = jc_agency_list(tx, v->cli->arena, &v->agencies, &v->agency_count, err);
    if (code == JC_OK && (*v->cli->agency_code || v->heads.count || v->audit_heads.count))
        code = keep_one_agency(tx, v, err);
    v->rows = code == JC_OK ? JC_NEW_ARRAY(v->cli->arena, v->agency_count + 1, int64_t) : NULL;
    return code != JC_OK || v->rows ? code : jc_fail_memory(err);
}

/* --- against a backup ----------------------------------------------------------------------------------- */

struct comparison {
    struct verification *v;
    struct jc_tx *backup;
};

/* What is gone has its name in the backup. */
static void compared_fault(void *ctx, int64_t operation_no, const struct jc_err *fault) {
    struct comparison *comparison = ctx;
    struct verification *v = comparison->v;
    struct jc_tx *tx = v->tx;
    if (fault->what == JC_MSG_COMPARED_REMOVED)
        v->tx = comparison->backup;
    chain_fault(v, operation_no, fault);
    v->tx = tx;
}

static enum jc_code compare_chain(struct jc_tx *backup, void *ctx, struct jc_err *err) {
    struct verification *v = ctx;
    struct comparison comparison = {v, backup};
    int64_t rows = 0;
    enum jc_code code =
        jc_compared_verify(v->tx, backup, v->agencies[v->at].agency_id, compared_fault, &comparison, &rows, err);
    v->compared += rows;
    return code;
}

static enum jc_code compare_keys(struct jc_tx *backup, void *ctx, struct jc_err *err) {
    struct verification *v = ctx;
    return jc_keyring_compare(v->tx, backup, key_fault, v, err);
}

static struct jc_chain_points points_of(const struct heads *heads) {
    return (struct jc_chain_points){heads->items, heads->count};
}

static enum jc_code verify_chains(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct verification *v = ctx;
    enum jc_code code = choose_agencies(tx, v, err);
    v->tx = tx;
    for (v->at = 0; code == JC_OK && v->at < v->agency_count; v->at++) {
        int64_t agency_id = v->agencies[v->at].agency_id, lines = 0;
        v->rewritten = false;
        code = jc_chain_verify(tx, agency_id, points_of(&v->heads), chain_fault, v, &v->rows[v->at], err);
        if (code == JC_OK)
            code = jc_vouched_verify(tx, agency_id, v->rewritten, chain_fault, v, err);
        if (code == JC_OK)
            code = jc_gone_verify(tx, agency_id, chain_fault, v, err);
        if (code == JC_OK && v->backup)
            code = jc_db_read(v->backup, compare_chain, v, err);
        if (code == JC_OK)
            code = jc_derived_verify(tx, agency_id, derived_fault, v, err);
        if (code == JC_OK)
            code = jc_audit_log_verify(tx, agency_id, points_of(&v->audit_heads), audit_fault, v, &lines, err);
    }
    if (code == JC_OK)
        code = jc_keyring_verify(tx, key_fault, v, err);
    return code == JC_OK && v->backup ? jc_db_read(v->backup, compare_keys, v, err) : code;
}

/* --- blobs ---------------------------------------------------------------------------------------------- */

static void blob_fault(void *ctx, const struct jc_blob_fault *fault) {
    struct verification *v = ctx;
    const struct jc_str *agency = NULL;
    struct jc_err words = {0};
    for (size_t i = 0; i < v->agency_count; i++)
        if (v->agencies[i].agency_id == fault->ref.agency_id)
            agency = &v->agencies[i].code;
    jc_cli_blob_fault(fault, &words);
    add_fault(v, check_word(v, JC_MSG_VERIFY_BLOBS, JC_STR("blobs")), agency, -1, NOTHING, &words);
}

static enum jc_code verify_blobs(struct verification *v, struct jc_err *err) {
    v->check = (struct jc_blob_check){.agency_id = v->agency_count == 1 ? v->agencies[0].agency_id : 0,
                                      .ask_again = v->ask_again != NULL,
                                      .found = blob_fault,
                                      .ctx = v};
    return jc_cli_verify_blobs(v->cli, v->blobs, &v->check, err);
}

/* A table for people ends with what was looked at; a script sees an empty array. */
static void say_all_is_well(const struct verification *v) {
    struct jc_cli *cli = v->cli;
    if (cli->format != JC_FORMAT_TABLE || jc_table_rows(v->table))
        return;
    int64_t sum = 0;
    for (size_t i = 0; i < v->agency_count; i++) {
        struct jc_str args[] = {v->agencies[i].code, jc_arena_printf(cli->arena, "%lld", (long long)v->rows[i])};
        sum += v->rows[i];
        if (v->agency_count < 2)
            break;
        jc_msg_render(&cli->out, cli->lang, JC_MSG_VERIFY_AGENCY_GOOD, args, 2);
        jc_buf_char(&cli->out, '\n');
    }
    struct jc_str rows = jc_arena_printf(cli->arena, "%lld", (long long)sum);
    struct jc_str heads = jc_arena_printf(cli->arena, "%zu", v->heads.count);
    jc_cli_say(cli, JC_MSG_VERIFY_GOOD, (struct jc_str[]){rows, heads}, 2);
    struct jc_str blobs[] = {jc_arena_printf(cli->arena, "%lld", (long long)v->check.blobs),
                             jc_arena_printf(cli->arena, "%lld", (long long)v->check.bytes)};
    if (v->backup)
        jc_cli_say(cli, JC_MSG_VERIFY_COMPARED_GOOD,
                   (struct jc_str[]){jc_arena_printf(cli->arena, "%lld", (long long)v->compared)}, 1);
    if (v->check.blobs)
        jc_cli_say(cli, JC_MSG_VERIFY_BLOBS_GOOD, blobs, 2);
}

/* --- a bundle of evidence, without a database ---------------------------------------------------------- */

static void bundle_fault(void *ctx, int64_t operation_no, const struct jc_err *fault) {
    struct verification *v = ctx;
    add_fault(v, check_word(v, JC_MSG_VERIFY_CHAIN, JC_STR("record")), NULL, operation_no, NOTHING, fault);
}

/* The 64 hex digits that `key list` prints. */
static bool each_key(void *ctx, const char *value) {
    struct verification *v = ctx;
    v->key_given = true;
    return jc_hex_parse(jc_str(value), v->key, sizeof v->key);
}

static enum jc_exit verify_bundle(struct verification *v, const char *path) {
    struct jc_cli *cli = v->cli;
    struct jc_bundle_reader *reader = NULL;
    struct jc_evidence_report report;
    struct jc_err err = {0};
    char hex[2 * JC_KEY_ID_SIZE + 1];
    struct jc_str trusted = {(const char *)v->key, v->key_given ? sizeof v->key : 0};
    enum jc_code code = v->table ? jc_bundle_open(path, &reader, &err) : jc_fail_memory(&err);
    if (code == JC_OK)
        code = jc_evidence_check(reader, trusted, cli->arena, bundle_fault, v, &report, &err);
    jc_bundle_close(reader);
    if (code == JC_OK && (jc_table_rows(v->table) || cli->format != JC_FORMAT_TABLE))
        code = jc_table_print(v->table, cli, &err);
    if (code != JC_OK)
        return jc_cli_fail(cli, &err);
    if (jc_table_rows(v->table))
        return JC_EXIT_FOUND;
    struct jc_str args[] = {jc_arena_printf(cli->arena, "%d", report.records),
                            jc_hex(report.key_id, sizeof report.key_id, hex)};
    jc_cli_note(cli, JC_MSG_EVIDENCE_GOOD, args, 2);
    if (!v->key_given)
        jc_cli_note(cli, JC_MSG_EVIDENCE_UNTRUSTED, NULL, 0);
    return JC_EXIT_DONE;
}

/* The stages of a verification, each told while it runs. */
static enum jc_code verify_all(struct verification *v, struct jc_err *err) {
    static const struct jc_watch_stage DATABASE = {"database", JC_MSG_WATCH_DATABASE},
                                       CHAIN = {"chain", JC_MSG_WATCH_CHAIN}, BLOBS = {"blobs", JC_MSG_WATCH_BLOBS};
    struct jc_cli *cli = v->cli;
    struct jc_watch *watch = jc_watch_begin(cli, 0);
    jc_watch_enter(watch, &DATABASE);
    enum jc_code code = jc_db_check(cli->db, database_fault, v, err);
    if (code == JC_OK && v->against)
        code = jc_backup_open(v->against, cli->arena, &v->backup, err);
    jc_watch_enter(watch, &CHAIN);
    if (code == JC_OK)
        code = jc_cli_read(cli, verify_chains, v, err);
    jc_backup_close(v->backup, v->against);
    jc_watch_enter(watch, &BLOBS);
    if (code == JC_OK)
        code = verify_blobs(v, err);
    jc_watch_end(watch);
    return code;
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    struct verification v = {cli, jc_table_new(cli->arena, "verify", columns, sizeof columns / sizeof columns[0]),
                             .heads.count = 0};
    const char *bundle = NULL;
    const struct jc_option options[] = {{.name = "bundle", .takes_value = true, .value = &bundle},
                                        {.name = "key",
                                         .takes_value = true,
                                         .each = each_key,
                                         .ctx = &v,
                                         .expects = {"64 位十六进制公钥", "a public key of 64 hex digits"}},
                                        {.name = "blobs", .takes_value = true, .value = &v.blobs},
                                        {.name = "ask-again", .value = &v.ask_again},
                                        {.name = "against", .takes_value = true, .value = &v.against},
                                        {.name = "head",
                                         .takes_value = true,
                                         .each = each_head,
                                         .ctx = &v.heads,
                                         .expects = {"序号:64 位十六进制摘要", "NUMBER:HASH with 64 hex digits"}},
                                        {.name = "audit-head",
                                         .takes_value = true,
                                         .each = each_head,
                                         .ctx = &v.audit_heads,
                                         .expects = {"序号:64 位十六进制摘要", "NUMBER:HASH with 64 hex digits"}}};
    if (!jc_cli_options(cli, &jc_cmd_verify, options, sizeof options / sizeof options[0], &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_verify, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    if (bundle)
        return verify_bundle(&v, bundle);
    struct jc_err err = {0};
    enum jc_code code = v.table ? jc_cli_open_db(cli, &err) : jc_fail_memory(&err);
    if (code == JC_OK)
        code = verify_all(&v, &err);
    if (code == JC_OK && (jc_table_rows(v.table) || cli->format != JC_FORMAT_TABLE))
        code = jc_table_print(v.table, cli, &err);
    if (code != JC_OK)
        return jc_cli_fail(cli, &err);
    say_all_is_well(&v);
    return jc_table_rows(v.table) ? JC_EXIT_FOUND : JC_EXIT_DONE;
}

const struct jc_command jc_cmd_verify = {
    .name = "verify",
    .summary = {"核验数据库完整性和证据链", "check the database and the evidence chain"},
    .usage =
        "verify [--head NUMBER:HASH]… [--audit-head NUMBER:HASH]… [--against BACKUP] [--blobs DIR] [--ask-again]\nverify --bundle FILE [--key PUBLIC_KEY]",
    .help =
        {"检查数据库文件、外键、每一条终端操作的证据链、由操作得出的记录（现场检查、问题隐患、\n"
         "指令书、复查、工作日、文号、待核处理）、审计日志和服务器密钥；有问题时退出码为 1。\n"
         "数据库中有多个执法机关而没有写 --agency 时，逐个核验全部执法机关的证据链。\n"
         "--head N:HASH  与曾经抄存在外的链头核对，证明第 N 条及以前的记录未被改动（可重复）\n"
         "--audit-head N:HASH  同上，核对审计日志（status 和备份清单列有两者的链头）\n"
         "终端的签封逐条核对：改动后即使重新计算全部哈希，也会指明是哪一条。\n"
         "--against DIR  与曾经带出的备份逐行核对，指明每一条被改动、删除、添加或移动的记录\n"
         "同时逐个核对照片等附件文件的哈希（--blobs 指明其目录，缺省为数据库旁的 .blobs），列出缺失或被改动的。\n"
         "--ask-again    将缺失或被改动的附件记为未收到，仍存有原件的终端会重新上传；被改动的文件改名保留\n"
         "--bundle FILE  核验 evidence export 导出的证据文件，无需数据库\n"
         "--key HEX      服务器公钥（key list 所列），证明文件出自该服务器",
         "Checks the file, the foreign keys, the evidence chain of every operation, what was drawn from them (records,\n"
         "findings, orders, rechecks, workdays, document numbers, reviews), the audit log and the server's keys; exit 1 if\n"
         "anything is wrong.\n"
         "With several agencies and no --agency, the chain of every one of them is checked.\n"
         "The files of photos and recordings are held against their hashes too (--blobs: their folder; default: beside\n"
         "the database); what is missing or altered is named.\n"
         "--ask-again    counts what is missing or altered as not received, so that terminals that still have it send\n"
         "               it again; an altered file is kept under another name\n"
         "--head N:HASH  compares with a head that left the building: nothing up to row N was rewritten "
         "(may repeat)\n"
         "--audit-head N:HASH  the same for the audit log (status and a backup's manifest have the heads of both)\n"
         "The terminals' seals are checked as well: they name a row that was altered, even if every hash was made anew.\n"
         "--against DIR  compares row by row with a backup that left the building, and names each row that was altered,\n"
         "               removed, added or moved\n"
         "--bundle FILE  checks a file of evidence export, without a database\n"
         "--key HEX      the server's public key (as key list prints it): proves that the file is that server's"},
    .example = "jiancha verify\njiancha verify --head 17:9f2c…",
    .run = run,
};
