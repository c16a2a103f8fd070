/* jiancha terminal accept-key: a server key taken on a person's word. */
#include "cli/terminal.h"

static enum jc_exit run_accept_key(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_accept_key};
    const char *server = NULL;
    struct jc_terminal_holder holder = {0};
    struct jc_transport transport = {0};
    bool already = false;
    struct jc_err err;
    const struct jc_option options[] = {{.name = "server", .takes_value = true, .value = &server}};
    if (!jc_cli_terminal_options(&run, options, 1, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 2)
        return jc_cli_misuse(cli, run.command, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("FINGERPRINT"));
    enum jc_code code = jc_cli_terminal_open(&run, false, &err);
    if (code == JC_OK)
        code = jc_terminal_holder(run.terminal, cli->arena, &holder, &err);
    if (code == JC_OK)
        code = jc_transport_curl(server ? server : holder.server.ptr, 0, cli->lang, &transport, &err);
    if (code == JC_OK)
        code = jc_terminal_accept_key(run.terminal, &transport, jc_str(argv[1]), &already, &err);
    if (code == JC_OK)
        jc_cli_note(cli, already ? JC_MSG_TERM_KEY_KNOWN : JC_MSG_TERM_KEY_ACCEPTED, NULL, 0);
    jc_transport_close(&transport);
    return jc_cli_terminal_end(&run, code, &err);
}

const struct jc_command jc_cmd_terminal_accept_key = {
    .name = "accept-key",
    .summary = {"核对后接受服务器的新密钥", "take a new key of the server after comparing it"},
    .usage = "terminal --store FILE accept-key FINGERPRINT [--server URL]",
    .help =
        {"服务器从备份恢复而未带密钥时使用：先与管理员核对 jiancha key list 所列的密钥编号或公钥。\n"
         "--server URL  改用这个地址",
         "For a server that was restored without its keys: compare key id or public key with what the administrator\n"
         "sees in jiancha key list first.\n"
         "--server URL  use this address"},
    .example = "jiancha terminal --store t1.db accept-key 9f86d081884c7d65",
    .run = run_accept_key,
};
