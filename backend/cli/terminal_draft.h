/* An inspection as it is described on the command line or in a JSON file, growing option by option.
 *
 * Each setter is an `each` of struct jc_option: it takes the draft and one value, and on a value it cannot read
 * remembers why (draft->err) and lets the rest pass, so the first mistake is told in full words. */
#ifndef JC_CLI_TERMINAL_DRAFT_H
#define JC_CLI_TERMINAL_DRAFT_H

#include "cli/terminal.h"

struct jc_cli_draft {
    struct jc_cli *cli;
    bool failed; /* err holds the first mistake */
    struct jc_err err;
    /* growing lists; their items are handed to the message at the end */
    struct {
        char **items;
        size_t count, capacity;
    } inspectors;
    struct {
        Jc__ChecklistResult **items;
        size_t count, capacity;
    } results;
    struct {
        Jc__Finding **items;
        size_t count, capacity;
    } findings;
    struct {
        Jc__Photo **items;
        size_t count, capacity;
    } photos;
    struct {
        struct jc_str *items;
        size_t count, capacity;
    } photo_paths;
    struct {
        Jc__TeamWorkdays **items;
        size_t count, capacity;
    } workdays;
    Google__Protobuf__Timestamp *start, *end; /* NULL: not given */
    Jc__UnitSignature *signature;
    Jc__InspectionOutcome outcome;
    Jc__VisitMode mode;
    char *notes, *place, *reason; /* "" if not given */
};

void jc_cli_draft_init(struct jc_cli_draft *draft, struct jc_cli *cli);

bool jc_cli_draft_file(void *draft, const char *path); /* a JSON object; see terminal inspect --help */
bool jc_cli_draft_start(void *draft, const char *value);
bool jc_cli_draft_end(void *draft, const char *value);
bool jc_cli_draft_inspectors(void *draft, const char *value); /* separated by commas */
bool jc_cli_draft_item(void *draft, const char *value);       /* 3=violates:note */
bool jc_cli_draft_finding(void *draft, const char *value);
bool jc_cli_draft_outcome(void *draft, const char *value); /* of the last finding, or "refused" */
bool jc_cli_draft_basis(void *draft, const char *value);
bool jc_cli_draft_item_no(void *draft, const char *value);
bool jc_cli_draft_major(void *draft, const char *value);
bool jc_cli_draft_signed(void *draft, const char *value); /* name[:position] */
bool jc_cli_draft_refused_signature(void *draft, const char *value);
bool jc_cli_draft_photo(void *draft, const char *value);
bool jc_cli_draft_workdays(void *draft, const char *value); /* team=days */
bool jc_cli_draft_notes(void *draft, const char *value);
bool jc_cli_draft_place(void *draft, const char *value);
bool jc_cli_draft_reason(void *draft, const char *value);
bool jc_cli_draft_mode(void *draft, const char *value);

/* The draft's own mistake, else JC_OK: to be asked once all options are taken. */
enum jc_code jc_cli_draft_check(struct jc_cli_draft *draft, struct jc_err *err);
/* Hands everything to the message; the memory stays the cli's arena. */
void jc_cli_draft_fill(struct jc_cli_draft *draft, Jc__Inspection *inspection);

#endif
