/* jiancha key list|rotate: the keys with which this server signs receipts. */
#include "auth/key.h"
#include "cli/table.h"
#include "store/stamp.h"

static const struct jc_command key_list, key_rotate;
const struct jc_command jc_cmd_key;

/* --- list ------------------------------------------------------------------------------------------ */

struct listing {
    struct jc_cli *cli;
    Jc__ServerKey **items;
    size_t count;
};

static enum jc_code list_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing *listing = ctx;
    return jc_server_key_list(tx, listing->cli->arena, &listing->items, &listing->count, err);
}

static void time_cell(struct jc_table *table, const Google__Protobuf__Timestamp *stamp) {
    char text[JC_TIME_MAX];
    if (stamp)
        jc_table_text(table, jc_time_format(stamp->seconds * 1000, text));
    else
        jc_table_null(table);
}

static void hex_cell(struct jc_table *table, ProtobufCBinaryData bytes) {
    char hex[2 * JC_SIGN_PUBLIC_SIZE + 1];
    if (bytes.len && bytes.len <= JC_SIGN_PUBLIC_SIZE)
        jc_table_text(table, jc_hex(bytes.data, bytes.len, hex));
    else
        jc_table_null(table);
}

static struct jc_table *list_table(const struct listing *listing) {
    static const struct jc_column columns[] = {
        {"key_id", JC_MSG_COL_KEY, false},
        {"valid_from", JC_MSG_COL_KEY_FROM, false},
        {"retired_at", JC_MSG_COL_KEY_UNTIL, false},
        {"endorsed_by", JC_MSG_COL_KEY_ENDORSED, false},
        {"public_key", JC_MSG_COL_KEY_PUBLIC, false},
    };
    struct jc_table *table = jc_table_new(listing->cli->arena, "key", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; table && i < listing->count; i++) {
        const Jc__ServerKey *key = listing->items[i];
        hex_cell(table, key->key_id);
        time_cell(table, key->valid_from);
        time_cell(table, key->retired_at);
        hex_cell(table, key->endorsed_by);
        hex_cell(table, key->public_key);
    }
    return table;
}

static enum jc_exit run_list(struct jc_cli *cli, int argc, char **argv) {
    struct listing listing = {.cli = cli};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &key_list, NULL, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &key_list, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    enum jc_code code = jc_cli_open_db(cli, &err);
    if (!code)
        code = jc_cli_read(cli, list_job, &listing, &err);
    if (!code)
        code = jc_table_print(list_table(&listing), cli, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

/* --- rotate ---------------------------------------------------------------------------------------- */

struct rotation {
    struct jc_cli *cli;
    uint8_t key_id[JC_KEY_ID_SIZE];
};

static enum jc_code rotate_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct rotation *rotation = ctx;
    struct jc_act act = {rotation->cli->actor, &rotation->cli->clock};
    return jc_key_rotate(tx, rotation->cli->agency_id, act, rotation->key_id, err);
}

static enum jc_exit run_rotate(struct jc_cli *cli, int argc, char **argv) {
    struct rotation rotation = {.cli = cli};
    struct jc_err err = {0};
    char hex[2 * JC_KEY_ID_SIZE + 1];
    if (!jc_cli_options(cli, &key_rotate, NULL, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &key_rotate, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_write(cli, rotate_job, &rotation, &err);
    if (code)
        return jc_cli_fail(cli, &err);
    struct jc_str id = jc_hex(rotation.key_id, sizeof rotation.key_id, hex);
    jc_cli_say(cli, JC_MSG_KEY_ROTATED, &id, 1);
    if (!jc_db_settle(cli->db, JC_DB_SETTLE_MS))
        jc_cli_say(cli, JC_MSG_DELETED_LATER, NULL, 0);
    return JC_EXIT_DONE;
}

/* --- the command ----------------------------------------------------------------------------------- */

static const struct jc_command key_list = {
    .name = "list",
    .summary = {"列出服务器密钥", "list the server's keys"},
    .usage = "key list",
    .help = {"最新的在前。公钥可抄存在外，用于核对回执和证据文件。",
             "The newest first. Keep the public halves outside: receipts and evidence files are checked with them."},
    .example = "jiancha key list --format json",
    .run = run_list,
};

static const struct jc_command key_rotate = {
    .name = "rotate",
    .summary = {"更换服务器密钥", "go on with a new key"},
    .usage = "key rotate",
    .help =
        {"生成新密钥，由旧密钥签名认可，并销毁旧私钥。服务器运行时立即生效；终端在下次同步时自动认可新密钥。",
         "Makes a new key, endorsed by the old one, and wipes the old secret. Holds at once, also while the server\n"
         "runs; terminals believe the new key with their next sync."},
    .example = "jiancha key rotate",
    .run = run_rotate,
};

static const struct jc_command *const subs[] = {&key_list, &key_rotate, NULL};

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    bool ran = false;
    enum jc_exit status = jc_cli_dispatch(cli, &jc_cmd_key, argc, argv, &ran);
    return ran ? status : jc_cli_misuse(cli, &jc_cmd_key, JC_MSG_CLI_SUBCOMMAND_MISSING, JC_STR("key"));
}

const struct jc_command jc_cmd_key = {
    .name = "key",
    .summary = {"服务器签名密钥：查看、更换", "the keys that sign receipts: list, rotate"},
    .usage = "key list\nkey rotate",
    .help = {"服务器用这些密钥签署回执，证明哪些记录已经收妥。",
             "With these keys the server signs what it has received."},
    .example = "jiancha key list",
    .run = run,
    .sub = subs,
};
