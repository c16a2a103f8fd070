/* The folder of blobs for commands, and faults of blobs in words. */
#ifndef JC_CLI_BLOBS_H
#define JC_CLI_BLOBS_H

#include "blob/check.h"
#include "cli/cli.h"

/* Opens the folder `dir` (--blobs), or with NULL the one beside the database. */
enum jc_code jc_cli_open_blobs(struct jc_cli *cli, const char *dir, struct jc_blob_folder **out, struct jc_err *err);

/* In words: which attachment of which record of which unit is missing or altered. */
void jc_cli_blob_fault(const struct jc_blob_fault *fault, struct jc_err *out);
/* Tells it on stderr; a jc_blob_fault_fn with the struct jc_cli as ctx. */
void jc_cli_note_blob_fault(void *ctx, const struct jc_blob_fault *fault);

/* Holds all blobs against their hashes. `check` says of which agency, whether they are asked for again, and who is told
 * of faults; the rest is filled in here. */
enum jc_code jc_cli_verify_blobs(struct jc_cli *cli, const char *dir, struct jc_blob_check *check, struct jc_err *err);

#endif
