#include "cli/json_out.h"

json_t *jc_centi_json(int64_t centi) {
    return centi % 100 ? json_real((double)centi / 100) : json_integer(centi / 100);
}

json_t *jc_e5_json(int64_t e5) {
    return e5 % 100000 ? json_real((double)e5 / 100000) : json_integer(e5 / 100000);
}

static int append_out(const char *text, size_t len, void *ctx) {
    jc_buf_append(ctx, text, len);
    return 0;
}

enum jc_code jc_print_json(struct jc_cli *cli, json_t *root, struct jc_err *err) {
    bool ok = root && json_dump_callback(root, append_out, &cli->out, JSON_INDENT(1) | JSON_REAL_PRECISION(15)) == 0;
    json_decref(root);
    jc_buf_char(&cli->out, '\n');
    return ok && !cli->out.failed ? JC_OK : jc_fail_memory(err);
}
