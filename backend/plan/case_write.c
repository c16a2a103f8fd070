/* The columns of case.h write every cell, so what is written is what an import reads. */
#include "plan/case_write.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "plan/case.h"

enum { FILE_MAX_BYTES = 1 << 30, MODE = 0644 };

static void write_header(const struct jc_case_file *file, struct jc_buf *out) {
    for (size_t i = 0; i < file->column_count; i++)
        jc_buf_printf(out, "%s%s", i ? "," : "", file->columns[i].name);
    jc_buf_char(out, '\n');
}

static void write_row(const struct jc_case_file *file, const void *row, struct jc_buf *out) {
    struct jc_buf cell;
    jc_buf_init(&cell, FILE_MAX_BYTES);
    for (size_t i = 0; i < file->column_count; i++) {
        jc_buf_reset(&cell);
        jc_case_write_cell(&file->columns[i], row, &cell);
        if (i)
            jc_buf_char(out, ',');
        jc_csv_write(out, jc_buf_str(&cell));
        out->failed |= cell.failed;
    }
    jc_buf_char(out, '\n');
    jc_buf_free(&cell);
}

static enum jc_code store(const char *folder, const char *name, struct jc_buf *bytes, struct jc_err *err) {
    char path[4096];
    enum jc_code code = bytes->failed ? jc_fail_memory(err) : JC_OK;
    int len = snprintf(path, sizeof(path), "%s/%s.csv", folder, name);
    if (!code && (len < 0 || (size_t)len >= sizeof(path))) {
        errno = ENAMETOOLONG;
        code = jc_fail_errno(err, jc_str(folder));
    }
    if (!code)
        code = jc_file_write(path, jc_buf_str(bytes), MODE, err);
    jc_buf_free(bytes);
    return code;
}

static enum jc_code write_part(const char *folder, enum jc_case_part part, const void *const *rows, size_t count,
                               struct jc_err *err) {
    const struct jc_case_file *file = &jc_case_files[part];
    struct jc_buf out;
    jc_buf_init(&out, FILE_MAX_BYTES);
    write_header(file, &out);
    for (size_t i = 0; i < count; i++)
        write_row(file, rows[i], &out);
    return store(folder, file->name, &out, err);
}

static enum jc_code write_budgets(const struct jc_register *reg, const char *folder, struct jc_err *err) {
    const struct jc_case_file *file = &jc_case_files[JC_CASE_BUDGETS];
    struct jc_buf out;
    jc_buf_init(&out, FILE_MAX_BYTES);
    write_header(file, &out);
    for (size_t t = 0; t < reg->n_teams; t++)
        for (int m = 0; m < 12; m++) {
            struct jc_budget_line line = {jc_str(reg->teams[t]->team_id), m + 1, reg->budgets[t].centi[m]};
            if (line.workdays_centi >= 0)
                write_row(file, &line, &out);
        }
    return store(folder, file->name, &out, err);
}

enum jc_code jc_case_write(const struct jc_register *reg, const char *folder, struct jc_err *err) {
    const struct {
        enum jc_case_part part;
        const void *const *rows;
        size_t count;
    } parts[] = {
        {JC_CASE_AGENCY, (const void *const[]){reg->agency}, 1},
        {JC_CASE_TEAMS, (const void *const *)reg->teams, reg->n_teams},
        {JC_CASE_RULES, (const void *const *)reg->rules, reg->n_rules},
        {JC_CASE_UNITS, (const void *const *)reg->units, reg->n_units},
        {JC_CASE_DRAWS, (const void *const *)reg->draws, reg->n_draws},
        {JC_CASE_QUOTAS, (const void *const *)reg->quotas, reg->n_quotas},
    };
    enum jc_code code = JC_OK;
    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        return jc_fail_errno(err, jc_str(folder));
    for (size_t i = 0; !code && i < sizeof(parts) / sizeof(*parts); i++)
        code = write_part(folder, parts[i].part, parts[i].rows, parts[i].count, err);
    return code ? code : write_budgets(reg, folder, err);
}

enum jc_code jc_case_write_holidays(const struct jc_register *reg, const char *folder, struct jc_err *err) {
    struct jc_buf out;
    jc_buf_init(&out, FILE_MAX_BYTES);
    jc_buf_add(&out, JC_STR("date,kind,name,year,certainty\n"));
    for (int m = 1; m <= 12; m++) {
        int left = jc_days_in_month(reg->year, m) - jc_calendar_weekend(reg->year, m) - reg->month_days[m - 1];
        for (int day = 1; day <= jc_days_in_month(reg->year, m) && left > 0; day++) {
            if (jc_date_weekday((struct jc_date){reg->year, m, day}) >= 5)
                continue;
            jc_buf_printf(&out, "%04d-%02d-%02d,holiday,估算,%d,estimated\n", reg->year, m, day, reg->year);
            left--;
        }
    }
    return store(folder, "holidays", &out, err);
}
