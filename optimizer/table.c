/* Each operation twice: in plain C, and with AVX2, eight sets at a time. The subset minimum takes months
 * three by three: eight vectors are loaded, combined in registers and stored, four times in all; the first
 * three months lie within a vector. About a microsecond for a table, which stays in the first cache. */
#include "optimizer/table.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define WIDE __attribute__((target("avx2")))

/* The minimum of each lane and the lane without month `bit` (1, 2 or 4); lanes without the month stay. */
WIDE static inline __m256i lanes_without(__m256i v, __m256i from) {
    return _mm256_min_epi32(v, _mm256_permutevar8x32_epi32(v, from));
}

WIDE static void subset_minimum_wide(int32_t *table) {
    const __m256i first = _mm256_setr_epi32(0, 0, 2, 2, 4, 4, 6, 6);
    const __m256i second = _mm256_setr_epi32(0, 1, 0, 1, 4, 5, 4, 5);
    const __m256i third = _mm256_setr_epi32(0, 1, 2, 3, 0, 1, 2, 3);
    for (int i = 0; i < JC_SETS; i += 8) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(table + i));
        v = lanes_without(lanes_without(lanes_without(v, first), second), third);
        _mm256_storeu_si256((__m256i *)(table + i), v);
    }
    for (int bit = 8; bit < JC_SETS; bit *= 8) /* months of bit, 2 bit and 4 bit */
        for (int high = 0; high < JC_SETS; high += 8 * bit)
            for (int i = high; i < high + bit; i += 8) {
                __m256i v[8];
                for (int j = 0; j < 8; j++)
                    v[j] = _mm256_loadu_si256((const __m256i *)(table + i + j * bit));
                for (int step = 1; step < 8; step *= 2)
                    for (int j = 0; j < 8; j++)
                        if (j & step)
                            v[j] = _mm256_min_epi32(v[j], v[j - step]);
                for (int j = 1; j < 8; j++)
                    _mm256_storeu_si256((__m256i *)(table + i + j * bit), v[j]);
            }
}

WIDE static void add_wide(int32_t *to, const int32_t *from, int32_t times, int32_t most) {
    const __m256i cap = _mm256_set1_epi32(JC_TABLE_CAP), limit = _mm256_set1_epi32(most);
    const __m256i factor = _mm256_set1_epi32(times);
    for (int i = 0; i < JC_SETS; i += 8) {
        __m256i v = _mm256_min_epi32(_mm256_loadu_si256((const __m256i *)(from + i)), limit);
        if (times > 1)
            v = _mm256_mullo_epi32(v, factor);
        v = _mm256_add_epi32(v, _mm256_loadu_si256((const __m256i *)(to + i)));
        _mm256_storeu_si256((__m256i *)(to + i), _mm256_min_epi32(v, cap));
    }
}

static bool wide(void) {
    return __builtin_cpu_supports("avx2");
}
#else
static void subset_minimum_wide(int32_t *table) {
    (void)table;
}

static void add_wide(int32_t *to, const int32_t *from, int32_t times, int32_t most) {
    (void)to, (void)from, (void)times, (void)most;
}

static bool wide(void) {
    return false;
}
#endif

void jc_table_fill(int32_t table[JC_SETS], int32_t value) {
    for (int i = 0; i < JC_SETS; i++)
        table[i] = value;
}

void jc_table_subset_minimum(int32_t table[JC_SETS]) {
    if (wide()) {
        subset_minimum_wide(table);
        return;
    }
    for (int bit = 1; bit < JC_SETS; bit <<= 1)
        for (int high = bit; high < JC_SETS; high += 2 * bit)
            for (int i = high; i < high + bit; i++)
                table[i] = table[i - bit] < table[i] ? table[i - bit] : table[i];
}

void jc_table_add(int32_t to[JC_SETS], const int32_t from[JC_SETS], int32_t times, int32_t most) {
    most = most < JC_TABLE_CAP / times ? most : JC_TABLE_CAP / times;
    if (wide()) {
        add_wide(to, from, times, most);
        return;
    }
    for (int i = 0; i < JC_SETS; i++) {
        int32_t sum = to[i] + times * (from[i] < most ? from[i] : most);
        to[i] = sum < JC_TABLE_CAP ? sum : JC_TABLE_CAP;
    }
}

uint32_t jc_table_least(const int32_t table[JC_SETS], uint32_t must, uint32_t may, const uint64_t *possible,
                        int32_t *value) {
    uint32_t least = must, open = may & ~must, sub = 0;
    *value = INT32_MAX;
    do {
        uint32_t z = must | sub;
        if (table[z] < *value && (!possible || possible[z >> 6] >> (z & 63) & 1)) {
            *value = table[z];
            least = z;
        }
        sub = (sub - open) & open; /* the next subset, ascending; 0 after the last */
    } while (sub);
    return least;
}
