/* jiancha: one binary, git-like subcommands (backend/cli/). */
#include "cli/cli.h"

int main(int argc, char **argv) {
    return jc_cli_main(argc, argv);
}
