/* A backup taken while jobs are written, restored as a new life, and refused when it is not whole. */
#include <dirent.h>

#include "jc_store_test.h"

#include "base/file.h"
#include "base/sign.h"
#include "store/audit_log.h"
#include "store/backup.h"

static char folder[JC_TEST_PATH], source[2 * JC_TEST_PATH], backup[2 * JC_TEST_PATH], target[2 * JC_TEST_PATH];
static struct jc_db *db;
static const struct jc_backup_files NO_FILES;
static const struct jc_backup_options OPTIONS = {.actor = {"cli:t", 5}};

static enum jc_code note(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_audit_log_add(tx, 1, 0, JC_STR("cli:t"), JC_STR("test"), JC_STR("x"), JC_STR(""), err);
}

static int setup(void **state) {
    (void)state;
    jc_test_folder(folder);
    snprintf(source, sizeof source, "%s/source.db", folder);
    snprintf(backup, sizeof backup, "%s/backup", folder);
    snprintf(target, sizeof target, "%s/target.db", folder);
    struct jc_db_config config = {.path = source, .create = true};
    struct jc_err err = {0};
    assert_true(jc_id_init());
    CHECK_OK("open", jc_db_open(&config, &db, &err), &err);
    CHECK_OK("create", jc_store_create(db, &jc_test_clock, &err), &err);
    jc_test_write(db, note, NULL);
    CHECK_OK("backup", jc_backup_make(db, &jc_test_clock, backup, &OPTIONS, &err), &err);
    jc_test_write(db, note, NULL); /* what the backup does not hold */
    return 0;
}

static int teardown(void **state) {
    (void)state;
    jc_db_close(db);
    jc_test_folder_remove(folder);
    return 0;
}

static enum jc_code read_meta(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_store_meta(tx, ctx, err);
}

static enum jc_code read_secret(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    static const char SELECT_SECRET[] = "SELECT secret_key FROM server_key";
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SELECT_SECRET, JC_NO_VALUES, &rows, err);
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    assert_true(has_row);
    memcpy(ctx, jc_rows_bytes(rows, 0).ptr, JC_SIGN_SECRET_SIZE);
    jc_rows_close(rows);
    return code;
}

static enum jc_code restore(struct jc_err *err) {
    struct jc_arena *arena = jc_arena_new(1 << 22);
    enum jc_code code = jc_backup_restore(backup, target, JC_STR("cli:test"), &NO_FILES, arena, err);
    jc_arena_free(arena);
    return code;
}

static void test_restore(void **state) {
    (void)state;
    struct jc_err err = {0};
    struct jc_store_meta before, after;
    CHECK_OK("restore", restore(&err), &err);
    jc_test_read(db, read_meta, &before);
    struct jc_db *restored = NULL;
    struct jc_db_config config = {.path = target};
    CHECK_OK("open", jc_db_open(&config, &restored, &err), &err);
    jc_test_read(restored, read_meta, &after);
    assert_int_equal(jc_test_number(restored, "SELECT COUNT(*) FROM audit_log"), 2); /* that it was restored */
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM audit_log"), 3);       /* and the backup's own */
    assert_memory_not_equal(before.incarnation, after.incarnation, sizeof before.incarnation);
    jc_db_close(restored);
}

static void write_beside(const char *name, const char *ending, struct jc_str bytes) {
    char path[3 * JC_TEST_PATH];
    struct jc_err err = {0};
    snprintf(path, sizeof path, "%s%s", name, ending);
    CHECK_OK(path, jc_file_write(path, bytes, 0600, &err), &err);
}

static bool stands(const char *name, const char *ending) {
    char path[3 * JC_TEST_PATH];
    snprintf(path, sizeof path, "%s%s", name, ending);
    return access(path, F_OK) == 0;
}

/* Logs that an interrupted restore or a lost database left behind are no part of what is restored: they would be
 * played into it. Here it is the log of the database as it is now, which has more than the backup. */
static void test_remains(void **state) {
    (void)state;
    char path[3 * JC_TEST_PATH];
    struct jc_arena *arena = jc_arena_new((size_t)64 << 20);
    struct jc_err err = {0};
    struct jc_str log;
    snprintf(path, sizeof path, "%s-wal", source);
    CHECK_OK("log", jc_file_read(path, 32 << 20, arena, &log, &err), &err);
    CHECK("it holds pages", log.len > 4096);

    write_beside(target, "-wal", log);
    CHECK_INT("of a lost database", restore(&err), JC_ALREADY_EXISTS);
    CHECK_INT("is told", err.what, JC_MSG_RESTORE_TARGET_EXISTS);
    CHECK("and kept", stands(target, "-wal") && !stands(target, ""));
    snprintf(path, sizeof path, "%s-wal", target);
    unlink(path);

    write_beside(target, ".restoring", JC_STR("half a copy"));
    write_beside(target, ".restoring-wal", log);
    write_beside(target, ".restoring-shm", JC_STR("x"));
    CHECK_OK("behind an interrupted restore", restore(&err), &err);
    struct jc_db *restored = NULL;
    struct jc_db_config config = {.path = target};
    CHECK_OK("open", jc_db_open(&config, &restored, &err), &err);
    assert_int_equal(jc_test_number(restored, "SELECT COUNT(*) FROM audit_log WHERE act = 'test'"), 1);
    jc_db_close(restored);
    CHECK("nothing is left",
          !stands(target, ".restoring") && !stands(target, ".restoring-wal") && !stands(target, ".restoring-shm"));

    snprintf(backup, sizeof backup, "%s/other", folder);
    assert_int_equal(mkdir(backup, 0700), 0);
    write_beside(backup, "/jiancha.db-wal", log);
    CHECK_INT("in the folder of a backup", jc_backup_make(db, &jc_test_clock, backup, &OPTIONS, &err),
              JC_ALREADY_EXISTS);
    jc_arena_free(arena);
}

/* The folder holds the copy and its manifest, and no log of the one who read the copy. */
static void test_folder(void **state) {
    (void)state;
    DIR *dir = opendir(backup);
    assert_non_null(dir);
    int known = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        CHECK(entry->d_name, strcmp(entry->d_name, "jiancha.db") == 0 || strcmp(entry->d_name, "manifest") == 0);
        known++;
    }
    closedir(dir);
    assert_int_equal(known, 2);
}

/* Secret keys are in a backup only if asked for, not even as rests in its pages; what it holds is noted. */
static void test_keys(void **state) {
    (void)state;
    char path[3 * JC_TEST_PATH], secret[JC_SIGN_SECRET_SIZE];
    struct jc_arena *arena = jc_arena_new((size_t)64 << 20);
    struct jc_err err = {0};
    struct jc_str bytes, row;
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM backup_mark"), 1);
    assert_int_equal(jc_test_number(db, "SELECT COUNT(*) FROM audit_log WHERE act = 'backup.make'"), 1);
    jc_test_read(db, read_secret, secret);
    for (int with_keys = 0; with_keys < 2; with_keys++) {
        const struct jc_backup_options options = {.with_keys = with_keys, .actor = JC_STR("cli:t")};
        const char *name = with_keys ? "with keys" : "without keys";
        snprintf(backup, sizeof backup, "%s/%s", folder, name);
        snprintf(target, sizeof target, "%s/%s.db", folder, name);
        CHECK_OK(name, jc_backup_make(db, &jc_test_clock, backup, &options, &err), &err);
        snprintf(path, sizeof path, "%s/jiancha.db", backup);
        CHECK_OK(name, jc_file_read(path, 32 << 20, arena, &bytes, &err), &err);
        CHECK_INT(name, memmem(bytes.ptr, bytes.len, secret, sizeof secret) != NULL, with_keys);
        CHECK_INT(name, memmem(bytes.ptr, bytes.len, secret, JC_SIGN_SECRET_SIZE / 2) != NULL, with_keys);
        snprintf(path, sizeof path, "%s/manifest", backup);
        CHECK_OK(name, jc_file_read(path, 1 << 20, arena, &row, &err), &err);
        CHECK_INT(name, memmem(row.ptr, row.len, "keys yes", 8) != NULL, with_keys);
        CHECK_OK(name, restore(&err), &err);
        struct jc_db *restored = NULL;
        struct jc_db_config config = {.path = target};
        CHECK_OK(name, jc_db_open(&config, &restored, &err), &err);
        CHECK_INT(name, jc_test_number(restored, "SELECT COUNT(*) FROM server_key"), with_keys ? 1 : 2);
        CHECK_INT(name, jc_test_number(restored, "SELECT COUNT(*) FROM server_key WHERE secret_key IS NOT NULL"), 1);
        CHECK_INT(name, jc_test_number(restored, "SELECT LENGTH(endorsement) FROM server_key WHERE retired_ms IS NULL"),
                  0);
        jc_db_close(restored);
    }
    jc_arena_free(arena);
}

static void test_refusals(void **state) {
    (void)state;
    char path[3 * JC_TEST_PATH];
    struct jc_err err = {0};
    assert_int_equal(jc_backup_make(db, &jc_test_clock, backup, &OPTIONS, &err), JC_ALREADY_EXISTS);
    CHECK_OK("first restore", restore(&err), &err);
    assert_int_equal(restore(&err), JC_ALREADY_EXISTS);
    assert_int_equal(unlink(target), 0);

    snprintf(path, sizeof path, "%s/jiancha.db", backup);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 5000, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, 5000, SEEK_SET), 0);
    fputc(byte ^ 1, file); /* one bit of the copy */
    assert_int_equal(fclose(file), 0);
    assert_int_equal(restore(&err), JC_DATA_LOSS);
    assert_int_equal(err.what, JC_MSG_BACKUP_DAMAGED);
    assert_int_not_equal(access(target, F_OK), 0);

    snprintf(path, sizeof path, "%s/manifest", backup);
    assert_int_equal(unlink(path), 0);
    assert_int_not_equal(restore(&err), JC_OK);
    assert_int_not_equal(access(target, F_OK), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_restore, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remains, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
