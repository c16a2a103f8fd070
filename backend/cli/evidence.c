/* jiancha evidence export INSPECTION FILE: a record with all that proves it (verify --bundle checks it). */
#include "sync/evidence.h"

#include "cli/cli.h"

static const struct jc_command evidence_export;
const struct jc_command jc_cmd_evidence;

struct export {
    struct jc_cli *cli;
    struct jc_uuid inspection_id;
    struct jc_evidence evidence;
};

static enum jc_code export_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct export *export = ctx;
    struct jc_cli *cli = export->cli;
    return jc_evidence_make(tx, cli->agency_id, export->inspection_id, jc_clock_now_ms(&cli->clock), cli->actor,
                            cli->arena, &export->evidence, err);
}

static enum jc_exit run_export(struct jc_cli *cli, int argc, char **argv) {
    struct export export = {.cli = cli};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &evidence_export, NULL, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 3)
        return jc_cli_misuse(cli, &evidence_export, JC_MSG_CLI_ARGUMENT_MISSING,
                             argc < 2 ? JC_STR("INSPECTION") : JC_STR("FILE"));
    if (argc > 3)
        return jc_cli_misuse(cli, &evidence_export, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[3]));
    enum jc_code code = JC_OK;
    if (!jc_uuid_parse(jc_str(argv[1]), &export.inspection_id))
        code = jc_fail(&err, JC_NOT_FOUND, JC_MSG_EVIDENCE_UNKNOWN, jc_str(argv[1]));
    if (!code)
        code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_write(cli, export_job, &export, &err);
    if (!code)
        code = jc_evidence_write(&export.evidence, argv[2], cli->arena, &err);
    if (code)
        return jc_cli_fail(cli, &err);
    struct jc_str path = jc_str(argv[2]);
    jc_cli_say(cli, JC_MSG_EVIDENCE_MADE, &path, 1);
    return JC_EXIT_DONE;
}

static const struct jc_command evidence_export = {
    .name = "export",
    .summary = {"导出一份检查记录及其全部证明", "write an inspection's record with all that proves it"},
    .usage = "evidence export INSPECTION FILE",
    .help =
        {"文件含终端送来的原文、终端签名、证据链中的位置和服务器签名；任何人可用 verify --bundle 核验，无需数据库。",
         "The file has the record as it came, the terminal's signature, its row of the evidence chain, and the\n"
         "server's signature: anybody can check it with verify --bundle, without the database."},
    .example = "jiancha evidence export 0185f0a4-7c00-7000-8000-000000000001 record.jcb",
    .run = run_export,
};

static const struct jc_command *const subs[] = {&evidence_export, NULL};

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    bool ran = false;
    enum jc_exit status = jc_cli_dispatch(cli, &jc_cmd_evidence, argc, argv, &ran);
    return ran ? status : jc_cli_misuse(cli, &jc_cmd_evidence, JC_MSG_CLI_SUBCOMMAND_MISSING, JC_STR("evidence"));
}

const struct jc_command jc_cmd_evidence = {
    .name = "evidence",
    .summary = {"导出可独立核验的证据", "evidence that can be checked by itself"},
    .usage = "evidence export INSPECTION FILE",
    .help = {"导出记入审计日志。", "Every export stands in the audit log."},
    .example = "jiancha evidence export 0185f0a4-7c00-7000-8000-000000000001 record.jcb",
    .run = run,
    .sub = subs,
};
