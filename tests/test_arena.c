/* The arena: alignment, zeroes, limits, reuse, and every allocation failing once. */
#include "jc_test.h"

#include <protobuf-c/protobuf-c.h>

#include "jc_fail_each.h"

static void test_alloc(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t size, times;
    } CASES[] = {
        {"nothing", 0, 50},    {"one byte", 1, 5000},          {"odd", 17, 3000},
        {"a block", 4096, 20}, {"several blocks", 1 << 20, 3},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_arena *arena = jc_arena_new(64 << 20);
        char *previous = NULL;
        for (size_t n = 0; n < CASES[i].times; n++) {
            char *memory = jc_arena_alloc(arena, CASES[i].size);
            CHECK(CASES[i].name, memory != NULL && memory != previous);
            CHECK_INT(CASES[i].name, (uintptr_t)memory % _Alignof(max_align_t), 0);
            for (size_t b = 0; b < CASES[i].size; b++)
                CHECK_INT(CASES[i].name, memory[b], 0);
            memset(memory, 0xa5, CASES[i].size);
            if (previous && CASES[i].size) /* the neighbour is untouched */
                CHECK_INT(CASES[i].name, (unsigned char)previous[CASES[i].size - 1], 0xa5);
            previous = memory;
        }
        CHECK(CASES[i].name, jc_arena_used(arena) >= CASES[i].size * CASES[i].times);
        jc_arena_free(arena);
    }
}

static void test_limit(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t limit, size;
        bool fits;
    } CASES[] = {
        {"no memory at all", 0, 1, false},
        {"small arena", 256, 100, true},
        {"larger than the limit", 1000, 1001, false},
        {"huge", 1 << 20, SIZE_MAX, false},
        {"huge minus a little", SIZE_MAX, SIZE_MAX - 8, false},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_arena *arena = jc_arena_new(CASES[i].limit);
        CHECK_INT(CASES[i].name, jc_arena_alloc(arena, CASES[i].size) != NULL, CASES[i].fits);
        jc_arena_free(arena);
    }
    /* However it is cut up, no more than the limit is handed out, and the last small rest is usable. */
    struct jc_arena *arena = jc_arena_new(100000);
    size_t got = 0;
    while (jc_arena_alloc(arena, 1000))
        got++;
    assert_in_range(got, 80, 100);
    assert_true(jc_arena_used(arena) <= 100000);
    jc_arena_reset(arena);
    assert_int_equal(jc_arena_used(arena), 0);
    assert_non_null(jc_arena_alloc(arena, 1000));
    jc_arena_free(arena);
    jc_arena_free(NULL);
}

static void test_array(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    assert_null(jc_arena_array(arena, SIZE_MAX / 4, 8)); /* the product overflows */
    assert_null(jc_arena_array(arena, SIZE_MAX, SIZE_MAX));
    int *numbers = JC_NEW_ARRAY(arena, 100, int);
    assert_non_null(numbers);
    for (int i = 0; i < 100; i++)
        assert_int_equal(numbers[i], 0);
    assert_non_null(jc_arena_array(arena, 0, 8));
    jc_arena_free(arena);
}

static void test_reset(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(16 << 20);
    jc_arena_reset(arena); /* nothing there yet */
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++) {
            char *memory = jc_arena_alloc(arena, 10000);
            assert_non_null(memory);
            assert_int_equal(memory[9999], 0); /* zeroed again in the kept block */
            memset(memory, 0xff, 10000);
        }
        jc_arena_reset(arena);
    }
    /* The largest block is kept: the next small use asks the system for nothing. */
    jc_alloc_fail_at(1);
    assert_non_null(jc_arena_alloc(arena, 10000));
    jc_alloc_fail_at(0);
    jc_arena_free(arena);
}

/* Looks where nobody may: behind the arena's back, AddressSanitizer's too. */
__attribute__((no_sanitize_address)) static size_t count_left(const volatile char *memory, size_t size, char byte) {
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += memory[i] == byte;
    return count;
}

static void test_wipe(void **state) {
    (void)state;
    enum { SIZE = 3000 };
    struct jc_arena *arena = jc_arena_new(1 << 20);
    char *secret = jc_arena_alloc(arena, SIZE);
    assert_non_null(secret);
    memset(secret, 's', SIZE);
    jc_arena_reset(arena); /* nobody said that it is one */
    assert_int_equal(count_left(secret, SIZE, 's'), SIZE);
    assert_ptr_equal(jc_arena_alloc(arena, SIZE), secret); /* the block is kept */
    memset(secret, 's', SIZE);
    jc_arena_wipe(arena);
    assert_int_equal(count_left(secret, SIZE, 's'), SIZE);
    jc_arena_reset(arena);
    assert_int_equal(count_left(secret, SIZE, 's'), 0);
    assert_ptr_equal(jc_arena_alloc(arena, SIZE), secret);
    memset(secret, 's', SIZE);
    jc_arena_reset(arena); /* that was for once */
    assert_int_equal(count_left(secret, SIZE, 's'), SIZE);
    jc_arena_wipe(arena);
    jc_arena_free(arena);
}

static void test_text(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_str empty = jc_arena_copy(arena, jc_str(NULL));
    assert_non_null(empty.ptr);
    assert_int_equal(empty.len, 0);
    struct jc_str copy = jc_arena_copy(arena, (struct jc_str){"abcdef", 3});
    assert_string_equal(copy.ptr, "abc"); /* the NUL is there */
    struct jc_str text = jc_arena_printf(arena, "%d月%s", 12, "");
    assert_string_equal(text.ptr, "12月");
    assert_int_equal(text.len, 5);
    jc_arena_free(arena);
}

static void test_push(void **state) {
    (void)state;
    struct {
        int64_t *items;
        size_t count, capacity;
    } list = {0};
    struct jc_arena *arena = jc_arena_new(1 << 20);
    for (int64_t i = 0; i < 1000; i++) {
        int64_t *item = JC_PUSH(arena, &list, int64_t);
        assert_non_null(item);
        assert_int_equal(*item, 0);
        *item = i * i;
    }
    assert_int_equal(list.count, 1000);
    for (int64_t i = 0; i < 1000; i++)
        assert_int_equal(list.items[i], i * i);
    jc_arena_free(arena);

    arena = jc_arena_new(400); /* the list stays whole when memory ends */
    memset(&list, 0, sizeof list);
    while (JC_PUSH(arena, &list, int64_t))
        list.items[list.count - 1] = (int64_t)list.count;
    assert_true(list.count >= 8 && list.count == list.capacity);
    for (size_t i = 0; i < list.count; i++)
        assert_int_equal(list.items[i], i + 1);
    jc_arena_free(arena);
}

static void test_protobuf(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(4096);
    ProtobufCAllocator allocator;
    assert_ptr_equal(jc_arena_protobuf(&allocator, arena), &allocator);
    void *memory = allocator.alloc(allocator.allocator_data, 100);
    assert_non_null(memory);
    assert_null(allocator.alloc(allocator.allocator_data, 1 << 20));
    allocator.free(allocator.allocator_data, memory); /* a no-op */
    memset(memory, 1, 100);
    jc_arena_free(arena);
}

/* Builds something with an arena; every heap request of it fails once (fail_each). */
static enum jc_code build(void *ctx, struct jc_err *err) {
    (void)ctx;
    enum jc_code code = JC_OK;
    struct jc_arena *arena = jc_arena_new(1 << 22);
    struct jc_buf buf;
    jc_buf_init(&buf, 10000);
    if (!arena)
        return jc_fail_memory(err);
    for (int i = 0; i < 200 && !code; i++) {
        jc_buf_printf(&buf, "%d,", i);
        if (!jc_arena_alloc(arena, 5000) || buf.failed)
            code = jc_fail_memory(err);
    }
    jc_buf_free(&buf);
    jc_arena_free(arena);
    return code;
}

static void test_each_allocation_fails(void **state) {
    (void)state;
    assert_true(jc_fail_each(build, NULL) > 5);
}

static void test_fail_at(void **state) {
    (void)state;
    jc_alloc_fail_at(3);
    void *a = jc_malloc(1), *b = jc_calloc(1, 1), *c = jc_malloc(1), *d = jc_malloc(1);
    assert_true(a && b && !c && d); /* the third, once */
    jc_alloc_fail_at(1);
    assert_null(jc_realloc(d, 100));
    d = jc_realloc(d, 100); /* the old memory was still there */
    assert_non_null(d);
    jc_free(a);
    jc_free(b);
    jc_free(d);
    jc_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc),   cmocka_unit_test(test_limit),    cmocka_unit_test(test_array),
        cmocka_unit_test(test_reset),   cmocka_unit_test(test_wipe),     cmocka_unit_test(test_text),
        cmocka_unit_test(test_push),    cmocka_unit_test(test_protobuf), cmocka_unit_test(test_each_allocation_fails),
        cmocka_unit_test(test_fail_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
