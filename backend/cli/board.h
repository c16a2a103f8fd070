/* jiancha device board|show: how the terminals stand, all of them in a line each, or one of them whole. */
#ifndef JC_CLI_BOARD_H
#define JC_CLI_BOARD_H

#include "cli/table.h"

extern const struct jc_command jc_cmd_device_board, jc_cmd_device_show;

/* A cell with an instant in Unix ms; negative: nothing. */
void jc_cli_time_cell(struct jc_table *table, int64_t ms);

#endif
