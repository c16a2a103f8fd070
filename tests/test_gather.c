/* Things gathered by what they are, against a sort of all of them. */
#include "jc_test.h"

#include "optimizer/gather.h"

enum { MOST = 2000 };

struct things {
    const char *name;
    uint32_t n, sorts; /* things are numbers below `sorts` */
    uint64_t hashes;   /* hashes differ that often: 1: never */
    uint32_t value[MOST];
};

static uint64_t hash(const void *ctx, uint32_t i) {
    const struct things *t = ctx;
    return t->value[i] % t->hashes * UINT64_C(0x100000001);
}

static int order(const void *ctx, uint32_t a, uint32_t b) {
    const struct things *t = ctx;
    return (t->value[a] > t->value[b]) - (t->value[a] < t->value[b]);
}

static struct things tables[] = {
    {"nothing", 0, 1, 1, {0}},
    {"one", 1, 1, 1, {0}},
    {"all alike", 50, 1, 1, {0}},
    {"few sorts", MOST, 7, 1000, {0}},
    {"hashes that tell nothing", 300, 40, 1, {0}},
    {"hashes that tell little", MOST, 500, 3, {0}},
    {"nearly all different", MOST, 1000000, UINT64_MAX, {0}},
};

static void as_sorted(void **state) {
    (void)state;
    uint64_t random = 1;
    for (size_t k = 0; k < sizeof tables / sizeof *tables; k++) {
        struct things *t = &tables[k];
        for (uint32_t i = 0; i < t->n; i++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            t->value[i] = (uint32_t)(random >> 33) % t->sorts;
        }
        uint32_t rank[MOST + 1], list[MOST + 1], again[MOST + 1];
        const struct jc_gather gather = {t, hash, order};
        int64_t n_classes = jc_gather_rank(&gather, t->n, rank);
        CHECK_INT(t->name, n_classes >= (t->n > 0) && n_classes <= t->n, true);
        CHECK_INT(t->name, jc_gather_sort(rank, (uint32_t)n_classes, NULL, t->n, list), true);
        CHECK_INT(t->name, jc_gather_sort(rank, (uint32_t)n_classes, list, t->n, again), true);
        for (uint32_t i = 0; i < t->n; i++) {
            CHECK_INT(t->name, again[i], list[i]);
            if (i == 0)
                continue;
            int c = order(t, list[i - 1], list[i]);
            CHECK_INT(t->name, c < 0 || (c == 0 && list[i - 1] < list[i]), true);
            CHECK_INT(t->name, (int64_t)rank[list[i]] - (int64_t)rank[list[i - 1]], c < 0);
        }
        CHECK_INT(t->name, t->n == 0 || rank[list[t->n - 1]] == n_classes - 1, true);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_sorted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
