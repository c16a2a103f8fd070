/* Importing a case: all or nothing, every error at once (DESIGN sections 8 and 10).
 *
 * The files are read and checked first; only a case without errors touches the database. What differs
 * from the database is found and written in one transaction, so nothing can change in between. */
#ifndef JC_PLAN_IMPORT_H
#define JC_PLAN_IMPORT_H

#include "base/clock.h"
#include "db/db.h"
#include "plan/case_diff.h"
#include "plan/case_read.h"
#include "plan/case_store.h"

struct jc_import {
    const struct jc_case_input *inputs; /* the files, by name */
    size_t input_count;
    bool update;          /* apply a difference to what was imported before */
    struct jc_str agency; /* refuses a case of any other; empty: whichever the case is of */
    struct jc_str actor;  /* for the audit log */
    const struct jc_clock *clock;
    struct jc_arena *arena;     /* owns the result; 100,000 units want 1 GB */
    jc_case_progress *progress; /* NULL: silent; called on the writer's thread */
    void *progress_ctx;
};

enum jc_import_outcome {
    JC_IMPORT_REFUSED,   /* errors in the files, or rows still in use; nothing was written */
    JC_IMPORT_NEW,       /* the agency's first case, written */
    JC_IMPORT_UNCHANGED, /* the database holds it already; nothing was written */
    JC_IMPORT_DIFFERENT, /* differs from what was imported before, and `update` was not given */
    JC_IMPORT_UPDATED,   /* the difference is written */
};

struct jc_import_result {
    enum jc_import_outcome outcome;
    struct jc_diags diags;    /* errors and warnings by file, line and column */
    struct jc_case_diff diff; /* of DIFFERENT and UPDATED; of REFUSED if rows were in use */
    struct jc_case read;      /* the case as read */
    int64_t agency_id;
    bool further_agency; /* beside others that were there already */
};

/* JC_OK whatever the outcome; a failure is the database's, or a lack of memory. */
enum jc_code jc_import_run(struct jc_db *db, const struct jc_import *import, struct jc_import_result *out,
                           struct jc_err *err);

#endif
