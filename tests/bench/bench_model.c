/* The month model for other solvers, and the judge of what they answer (scripts/bench optimizer).
 *
 *   jc_bench_model write PROBLEM MODEL.mps   writes the model; prints its size
 *   jc_bench_model fix PROBLEM SOLUTION      the model's value at our plan: must hold and equal the referee's
 *   jc_bench_model judge PROBLEM VALUES      a solver's point, one "C12 0.98" a line, as a plan
 *
 * PROBLEM and SOLUTION are protobuf messages (proto/jiancha/v1/optimizer.proto). Each prints one JSON object.
 * Ends with 1 if a plan is not valid or the values differ. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/month_model.h"
#include "model/objective.h"
#include "model/problem.h"

static struct jc_arena *arena;

static void stop(const char *words, const struct jc_err *err) {
    struct jc_buf text;
    jc_buf_init(&text, 4096);
    if (err)
        jc_err_render(&text, JC_EN, err);
    struct jc_str why = jc_buf_str(&text);
    fprintf(stderr, "%s: %.*s\n", words, JC_FMT(why));
    exit(2);
}

/* The whole file; the arena's. */
static uint8_t *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        stop(path, NULL);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = jc_arena_alloc(arena, *size + 1);
    if (!data || fread(data, 1, *size, file) != *size)
        stop(path, NULL);
    fclose(file);
    return data;
}

static Jc__Problem *read_problem(const char *path, struct jc_month_model **model) {
    size_t size;
    uint8_t *data = read_file(path, &size);
    static ProtobufCAllocator allocator;
    struct jc_err err = {0};
    Jc__Problem *p = jc__problem__unpack(jc_arena_protobuf(&allocator, arena), size, data);
    if (!p || jc_problem_check(p, &err) != JC_OK || jc_month_model_new(p, arena, model, &err) != JC_OK)
        stop(path, &err);
    return p;
}

static int write_model(struct jc_month_model *model, const char *path) {
    const struct jc_program *program = jc_month_model_program(model);
    FILE *file = fopen(path, "w");
    if (!file)
        stop(path, NULL);
    jc_program_write_mps(program, "jiancha", file);
    if (fclose(file) != 0)
        stop(path, NULL);
    size_t integers = 0;
    for (size_t c = 0; c < program->n_columns; c++)
        integers += program->columns[c].integer;
    printf("{\"columns\": %zu, \"integers\": %zu, \"rows\": %zu}\n", program->n_columns, integers, program->n_rows);
    return 0;
}

static void print_objective(const Jc__Objective *o, double value, bool same) {
    printf("{\"unserved\": %lld, \"over\": %.2f, \"quota\": %lld, \"cost\": %.5f, \"value\": %.5f, \"agrees\": %s}\n",
           (long long)o->unserved, (double)o->over_centi / 100, (long long)o->quota, (double)o->cost_e5 / 100000, value,
           same ? "true" : "false");
}

static int fix(struct jc_month_model *model, const Jc__Problem *p, const char *path) {
    size_t size;
    int broken;
    struct jc_err err = {0};
    struct jc_measure m;
    static ProtobufCAllocator allocator;
    uint8_t *data = read_file(path, &size);
    Jc__Solution *s = jc__solution__unpack(jc_arena_protobuf(&allocator, arena), size, data);
    if (!s || jc_solution_check(p, s, arena, &m, &err) != JC_OK || jc_month_model_fix(model, s, &err) != JC_OK)
        stop(path, &err);
    double value = jc_program_evaluate(jc_month_model_program(model), &broken);
    bool same = !broken && fabs(value - jc_month_model_value(&m.objective)) < 1e-4;
    print_objective(&m.objective, value, same);
    return same ? 0 : 1;
}

static int judge(struct jc_month_model *model, const Jc__Problem *p, const char *path) {
    struct jc_program *program = jc_month_model_program(model);
    struct jc_err err = {0};
    struct jc_measure m;
    char line[256], *end;
    FILE *file = fopen(path, "r");
    if (!file)
        stop(path, NULL);
    while (fgets(line, sizeof line, file)) {
        unsigned long column = line[0] == 'C' ? strtoul(line + 1, &end, 10) : 0;
        if (column >= 1 && column <= program->n_columns)
            program->columns[column - 1].value = strtod(end, NULL);
    }
    fclose(file);
    if (jc_solution_check(p, jc_month_model_plan(model), arena, &m, &err) != JC_OK)
        stop(path, &err);
    print_objective(&m.objective, jc_month_model_value(&m.objective), true);
    return 0;
}

int main(int argc, char **argv) {
    struct jc_month_model *model;
    arena = jc_arena_new((size_t)4 << 30);
    if (argc != 4 || !arena) {
        fputs("usage: jc_bench_model write|fix|judge PROBLEM FILE\n", stderr);
        return 2;
    }
    Jc__Problem *p = read_problem(argv[2], &model);
    if (strcmp(argv[1], "write") == 0)
        return write_model(model, argv[3]);
    if (strcmp(argv[1], "fix") == 0)
        return fix(model, p, argv[3]);
    if (strcmp(argv[1], "judge") == 0)
        return judge(model, p, argv[3]);
    fputs("jc_bench_model: write, fix or judge\n", stderr);
    return 2;
}
