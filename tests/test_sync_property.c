/* Whatever the network does, each operation counts once: random days of three terminals are sent once
 * in the plainest way, then split into other requests, repeated, and mixed in another order, and must
 * come to the same state (DESIGN section 5, points 2 and 9). A failure names its seed. */
#include "jc_field_test.h"

#include "base/id.h"
#include "sync/command.h"
#include "sync/derived.h"

enum { SEEDS = 25, OPERATIONS = 36, MIXES = 3 };

struct sent {
    int device;
    Jc__Operation *operation;
};

struct day {
    uint64_t random;
    struct field *f;
    struct sent items[OPERATIONS];
    int count;
    int next_id;
    int numbers[FIELD_DEVICES]; /* next document number of each device */
};

static uint64_t next(uint64_t *random) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

static int below(uint64_t *random, int n) {
    return (int)(next(random) % (uint64_t)n);
}

/* --- a random day ------------------------------------------------------------------------------------------------- */

static void add(struct day *day, int device, Jc__Operation *operation) {
    if (day->count < OPERATIONS)
        day->items[day->count++] = (struct sent){device, operation};
}

static int operation_id(struct day *day) {
    return ++day->next_id;
}

static const char *const UNIT_OF_TASK[] = {"", "u1", "u1", "u2", "u3"};

/* An inspection with findings, its order, and a recheck that may fail; each depends on the one before. */
static void add_case(struct day *day, int device, int task) {
    struct field *f = day->f;
    int n = operation_id(day), order_op = operation_id(day), findings = 1 + below(&day->random, 3);
    int number = day->numbers[device]++;
    const char *unit = task ? UNIT_OF_TASK[task] : "u4";
    Jc__Inspection *inspection = field_inspection(f, n, task, unit, number);
    field_add_findings(f, inspection, 10 * n, findings, "2023-01-20");
    add(day, device, task ? field_submit(f, n, inspection) : field_ad_hoc(f, n, inspection));
    Jc__Operation *issue = field_issue(f, order_op, field_order(f, n, n, unit, 10 * n, findings, "2023-01-20", number));
    field_depend(f, issue, n);
    add(day, device, issue);

    struct jc_uuid task_id = jc_uuid_derive(field_uuid(FIELD_OPERATION, order_op), "recheck task");
    Jc__RecheckResult result = below(&day->random, 2) ? JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED
                                                      : JC__RECHECK_RESULT__RECHECK_RESULT_PARTLY;
    ProtobufCBinaryData task_data = {JC_UUID_SIZE, field_copy(f, task_id.bytes, JC_UUID_SIZE)};
    Jc__Recheck *recheck =
        field_recheck(f, n, task_data, n, 10 * n, findings, result, FIELD_NOW_MS + 11 * FIELD_DAY_MS, number);
    Jc__Operation *submit = field_submit_recheck(f, operation_id(day), recheck);
    field_depend(f, submit, order_op);
    add(day, device, submit);
}

static void add_something(struct day *day, int device, bool conflicts) {
    static const int OWN_TASK[] = {0, FIELD_T1, FIELD_T2, FIELD_T3};
    struct field *f = day->f;
    int task = conflicts ? 1 + below(&day->random, FIELD_FOREIGN) : OWN_TASK[device], n;
    switch (below(&day->random, 6)) {
    case 0:
        add_case(day, device, 0);
        break;
    case 1:
        if (conflicts || below(&day->random, 2)) {
            n = operation_id(day);
            add(day, device, field_return(f, n, conflicts ? task : 99, "random"));
        }
        break;
    case 2:
        n = operation_id(day);
        add(day, device, field_operation(f, n, JC_STR("\x0a\x05rubbish")));
        break;
    case 3: {
        Jc__Inspection *bad = field_inspection(f, n = operation_id(day), task, UNIT_OF_TASK[task % 5], 0);
        bad->signature = NULL;
        add(day, device, field_submit(f, n, bad));
        break;
    }
    case 4:
        if (conflicts)
            add_case(day, device, task == FIELD_FOREIGN ? FIELD_T1 : task);
        break;
    default:
        n = operation_id(day);
        add(day, device, field_ad_hoc(f, n, field_inspection(f, n, 0, "u4", day->numbers[device]++)));
    }
}

/* With conflicts, terminals work on each other's tasks; without, each has its own. */
static void make_day(struct day *day, struct field *f, uint64_t seed, bool conflicts) {
    memset(day, 0, sizeof *day);
    day->f = f;
    day->random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (int device = FIELD_A1; device <= FIELD_B1; device++) {
        day->numbers[device] = 1 + 50 * (device - FIELD_A1);
        static const int OWN_TASK[] = {0, FIELD_T1, FIELD_T2, FIELD_T3};
        add_case(day, device, OWN_TASK[device]);
    }
    while (day->count < OPERATIONS)
        add_something(day, FIELD_A1 + below(&day->random, 3), conflicts);
}

/* Which of two records of a unit is flagged as a duplicate depends on which came first, so none are. */
static void prepare(struct field *f) {
    field_open(f);
    field_script(
        f, "INSERT INTO parameter VALUES (1, 'duplicate_visit_days', '2020-01-01', NULL, '0', 'calendar_days', '')");
    for (int device = FIELD_A1; device <= FIELD_B1; device++)
        field_lease(f, device);
}

/* Operations first..last - 1 of `items`, which are of one device, in one request. */
static void send(struct field *f, const struct sent *items, int count) {
    Jc__Operation *operations[OPERATIONS];
    for (int i = 0; i < count; i++)
        operations[i] = items[i].operation;
    Jc__SyncResponse *response = field_sync(f, items[0].device, operations, (size_t)count);
    assert_int_equal(response->receipt->n_operation_ids, count);
}

static struct jc_arena *field_faults; /* of the last fault's words */

static void not_as_said(void *ctx, int64_t operation_no, const struct jc_err *fault) {
    struct jc_str *words = ctx;
    *words =
        jc_arena_printf(field_faults, "%d %.*s %.*s", (int)operation_no, JC_FMT(fault->arg[0]), JC_FMT(fault->arg[3]));
}

static enum jc_code derived_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_derived_verify(tx, 1, not_as_said, ctx, err);
}

/* Whatever came, rows are what the operations say. */
static void check_derived(struct field *f) {
    struct jc_str words = JC_STR("");
    field_faults = f->arena;
    jc_test_read(f->db, derived_job, &words);
    CHECK_STR("rows drawn from operations", words, "");
}

/* One by one, in order. */
static struct jc_str send_plainly(struct field *f, const struct day *day, bool exact) {
    for (int i = 0; i < day->count; i++)
        send(f, &day->items[i], 1);
    check_derived(f);
    return field_state(f, exact);
}

/* --- the same order in other requests, with repeats ------------------------------------------------------------------- */

static struct jc_str send_split(struct field *f, const struct day *day, uint64_t *random) {
    for (int i = 0; i < day->count;) {
        int count = 1;
        while (i + count < day->count && day->items[i + count].device == day->items[i].device && below(random, 3))
            count++;
        send(f, &day->items[i], count);
        if (below(random, 3) == 0)
            send(f, &day->items[i], count); /* the answer was lost */
        if (below(random, 3) == 0) {
            int old = below(random, i + 1);
            send(f, &day->items[old], 1); /* an old one once more */
        }
        i += count;
    }
    check_derived(f);
    return field_state(f, true);
}

static void test_split_and_repeated(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct field f;
        struct day day;
        char name[32];
        snprintf(name, sizeof name, "seed %d", (int)seed);
        prepare(&f);
        make_day(&day, &f, seed, true);
        struct jc_str expected = send_plainly(&f, &day, true);
        for (int mix = 0; mix < MIXES; mix++) {
            struct field other;
            uint64_t random = seed * 1000 + (uint64_t)mix + 1;
            prepare(&other);
            struct jc_str actual = send_split(&other, &day, &random);
            CHECK(name, jc_str_eq(actual, expected));
            field_close(&other);
        }
        field_close(&f);
    }
}

/* --- another order among the terminals ---------------------------------------------------------------------------------- */

/* Each terminal's operations stay in its own order, requests hold operations of one. */
static struct jc_str send_mixed(struct field *f, const struct day *day, uint64_t *random) {
    struct sent queue[FIELD_DEVICES][OPERATIONS];
    int length[FIELD_DEVICES] = {0}, at[FIELD_DEVICES] = {0}, left = day->count;
    for (int i = 0; i < day->count; i++)
        queue[day->items[i].device][length[day->items[i].device]++] = day->items[i];
    while (left) {
        int device = FIELD_A1 + below(random, 3), rest = length[device] - at[device];
        if (!rest)
            continue;
        int count = 1 + below(random, rest);
        send(f, &queue[device][at[device]], count);
        if (below(random, 2))
            send(f, &queue[device][below(random, at[device] + 1)], 1);
        at[device] += count;
        left -= count;
    }
    check_derived(f);
    return field_state(f, false);
}

static void test_mixed(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct field f;
        struct day day;
        char name[32];
        snprintf(name, sizeof name, "seed %d", (int)seed);
        prepare(&f);
        make_day(&day, &f, seed, false);
        struct jc_str expected = send_plainly(&f, &day, false);
        for (int mix = 0; mix < MIXES; mix++) {
            struct field other;
            uint64_t random = seed * 1000 + (uint64_t)mix + 1;
            prepare(&other);
            struct jc_str actual = send_mixed(&other, &day, &random);
            CHECK(name, jc_str_eq(actual, expected));
            field_close(&other);
        }
        field_close(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split_and_repeated),
        cmocka_unit_test(test_mixed),
    };
    return cmocka_run_group_tests_name("sync_property", tests, NULL, NULL);
}
