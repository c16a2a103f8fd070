/* The hash index: what is put is found, growing loses nothing. */
#include "jc_test.h"

#include "base/index.h"

static void test_small(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_index *index = jc_index_new(arena, 0);
    bool is_new = false;
    assert_non_null(index);
    assert_int_equal(jc_index_find(index, JC_STR("a"), -1), -1);
    *jc_index_at(index, JC_STR("a"), &is_new) = 7;
    assert_true(is_new);
    assert_int_equal(*jc_index_at(index, JC_STR("a"), &is_new), 7);
    assert_false(is_new);
    assert_int_equal(jc_index_find(index, JC_STR(""), -1), -1);
    *jc_index_at(index, (struct jc_str){NULL, 0}, NULL) = 3;
    assert_int_equal(jc_index_find(index, JC_STR(""), -1), 3);
    jc_arena_free(arena);
}

static void test_grows(void **state) {
    (void)state;
    enum { KEYS = 5000 };
    struct jc_arena *arena = jc_arena_new(1 << 22);
    struct jc_index *index = jc_index_new(arena, 3);
    for (int i = 0; i < KEYS; i++) {
        bool is_new = false;
        *jc_index_at(index, jc_arena_printf(arena, "hn-%d", i), &is_new) = i;
        assert_true(is_new);
    }
    for (int i = 0; i < KEYS; i++)
        assert_int_equal(jc_index_find(index, jc_arena_printf(arena, "hn-%d", i), -1), i);
    assert_int_equal(jc_index_find(index, JC_STR("hn-5000"), -1), -1);
    jc_arena_free(arena);
}

static void test_memory(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(2000);
    struct jc_index *index = jc_index_new(arena, 16);
    char keys[100][8];
    int stored = 0;
    assert_non_null(index);
    for (int i = 0; i < 100; i++) {
        snprintf(keys[i], sizeof keys[i], "%d", i);
        if (!jc_index_at(index, jc_str(keys[i]), NULL))
            break;
        stored++;
    }
    assert_in_range(stored, 16, 99); /* full, and refused rather than lost */
    for (int i = 0; i < stored; i++)
        assert_int_equal(jc_index_find(index, jc_str(keys[i]), -1), 0);
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
