/* Reads, checks, compares and writes. The comparison runs inside the write job, which may run twice:
 * everything it leaves behind is set anew at its start. */
#include "plan/import.h"

#include <stdlib.h>

#include "jiancha/v1/registry.pb-c.h"
#include "plan/case_check.h"
#include "plan/similar.h"
#include "store/agency.h"
#include "store/audit_log.h"

/* --- diagnostics in order --------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b) {
    const struct jc_diag *left = a, *right = b;
    int order = jc_str_cmp(left->file, right->file);
    if (order)
        return order;
    if (left->line != right->line)
        return left->line < right->line ? -1 : 1;
    if (left->column != right->column)
        return left->column < right->column ? -1 : 1;
    return (left->what > right->what) - (left->what < right->what);
}

/* --- the job -------------------------------------------------------------------------------------- */

struct job {
    const struct jc_import *import;
    struct jc_import_result *result;
    size_t diag_count, diag_errors; /* before the job */
};

/* The agency of that code; the sole one that has no code yet; else a further one. */
static enum jc_code find_agency(struct jc_tx *tx, struct job *job, const Jc__Agency *agency, bool *is_new,
                                struct jc_err *err) {
    struct jc_import_result *result = job->result;
    Jc__Agency *sole = NULL;
    struct jc_str wanted = job->import->agency;
    *is_new = false;
    if (wanted.len && !jc_str_eq(wanted, jc_str(agency->agency_id)))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_IMPORT_OTHER_AGENCY, jc_str(agency->agency_id), wanted);
    enum jc_code code = jc_agency_find(tx, jc_str(agency->agency_id), &result->agency_id, err);
    if (code != JC_NOT_FOUND)
        return code;
    *is_new = true;
    code = jc_agency_find(tx, JC_STR(""), &result->agency_id, err);
    if (!code)
        code = jc_agency_get(tx, result->agency_id, job->import->arena, &sole, err);
    if (!code && sole->agency_id[0] == '\0')
        return JC_OK;
    if (code && code != JC_INVALID_ARGUMENT)
        return code; /* INVALID_ARGUMENT: there are several */
    result->further_agency = true;
    Jc__Agency unnamed = JC__AGENCY__INIT; /* the difference will name it */
    unnamed.headcount_registered = unnamed.headcount_counted = -1;
    return jc_agency_add(tx, &unnamed, &result->agency_id, err);
}

static enum jc_code record(struct jc_tx *tx, const struct job *job, const Jc__Agency *agency, struct jc_err *err) {
    const struct jc_case_diff *diff = &job->result->diff;
    struct jc_buf detail;
    jc_buf_init(&detail, 4096);
    for (int part = 0; part < JC_CASE_PARTS; part++)
        if (diff->added[part] || diff->changed[part] || diff->removed[part])
            jc_buf_printf(&detail, "%s%s +%zu ~%zu -%zu", detail.len ? "; " : "", jc_case_files[part].name,
                          diff->added[part], diff->changed[part], diff->removed[part]);
    enum jc_code code =
        jc_audit_log_add(tx, job->result->agency_id, jc_clock_now_ms(job->import->clock), job->import->actor,
                         JC_STR("register.import"), jc_str(agency->agency_id), jc_buf_str(&detail), err);
    jc_buf_free(&detail);
    return code;
}

static enum jc_code import_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct job *job = ctx;
    struct jc_import_result *result = job->result;
    const Jc__Agency *agency = result->read.parts[JC_CASE_AGENCY].items[0].data;
    struct jc_case stored;
    bool is_new;
    result->outcome = JC_IMPORT_REFUSED;
    result->further_agency = false;
    result->diags.count = job->diag_count;
    result->diags.errors = job->diag_errors;
    enum jc_code code = find_agency(tx, job, agency, &is_new, err);
    if (!code)
        code = jc_case_load(tx, result->agency_id, job->import->arena, &stored, err);
    if (!code)
        code = jc_case_compare(job->import->arena, &stored, &result->read, &result->diff, err);
    if (!code)
        code = jc_case_keep_drawn(tx, result->agency_id, &result->diff, err);
    if (code)
        return code;
    if (result->diff.count == 0 || (!is_new && !job->import->update)) {
        result->outcome = result->diff.count ? JC_IMPORT_DIFFERENT : JC_IMPORT_UNCHANGED;
        return JC_OK;
    }
    code = jc_case_apply(tx, result->agency_id, &result->read, &result->diff, &result->diags, job->import->progress,
                         job->import->progress_ctx, err);
    if (!code)
        code = record(tx, job, agency, err);
    if (!code)
        result->outcome = is_new ? JC_IMPORT_NEW : JC_IMPORT_UPDATED;
    return code;
}

enum jc_code jc_import_run(struct jc_db *db, const struct jc_import *import, struct jc_import_result *out,
                           struct jc_err *err) {
    *out = (struct jc_import_result){.diags.arena = import->arena};
    struct jc_diags *diags = &out->diags;
    enum jc_code code = jc_case_read(import->arena, import->inputs, import->input_count, diags, &out->read, err);
    if (!code)
        code = jc_case_check(&out->read, diags, err);
    if (!code)
        code = jc_similar_warn(&out->read, diags, err);
    if (!code && diags->errors == 0) {
        struct job job = {import, out, diags->count, diags->errors};
        code = jc_db_write_wait(db, 0, import_job, &job, err);
        if (code == JC_FAILED_PRECONDITION && diags->errors > job.diag_errors)
            code = JC_OK; /* rows in use, told in the list */
    }
    if (diags->count)
        qsort(diags->items, diags->count, sizeof *diags->items, by_place);
    return code;
}
