/* A small database for the tests of db/: a fresh one for each test, in a file or in memory. */
#ifndef JC_TEST_DB_H
#define JC_TEST_DB_H

#include "jc_test.h"

#include "db/db.h"

static char folder[JC_TEST_PATH];
static char path[JC_TEST_PATH + 32];

static const char SCHEMA[] = "CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, kind TEXT NOT NULL UNIQUE,"
                             "                   note TEXT, body BLOB, size INTEGER CHECK (size >= 0)) STRICT;\n"
                             "CREATE TABLE part (item_id INTEGER NOT NULL REFERENCES item (id), no INTEGER NOT NULL,\n"
                             "                   UNIQUE (item_id, no)) STRICT; -- the end\n";

static inline struct jc_db *open_at(const char *file) {
    struct jc_db_config config = {.path = file, .create = true};
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    CHECK_OK(file, jc_db_open(&config, &db, &err), &err);
    return db;
}

static inline enum jc_code make_schema(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_script(tx, SCHEMA, err);
}

static inline void write_ok(struct jc_db *db, jc_job *job, void *ctx) {
    struct jc_err err = {0};
    CHECK_OK("write", jc_db_write_wait(db, 1, job, ctx, &err), &err);
}

static inline void read_ok(struct jc_db *db, jc_job *job, void *ctx) {
    struct jc_err err = {0};
    CHECK_OK("read", jc_db_read(db, job, ctx, &err), &err);
}

/* Every test runs on a database of its own: once in memory, once in a file. */
static inline struct jc_db *fresh(bool in_memory) {
    if (!in_memory) {
        static int count;
        snprintf(path, sizeof path, "%s/%d.db", folder, ++count);
    }
    struct jc_db *db = open_at(in_memory ? ":memory:" : path);
    write_ok(db, make_schema, NULL);
    return db;
}

static const char INSERT_ITEM[] = "INSERT INTO item (id, kind, note, body, size)\n"
                                  "VALUES ($1, $2, $3, $4, $5)";

static inline enum jc_code insert_item(struct jc_tx *tx, int64_t id, const char *kind, struct jc_err *err) {
    return jc_tx_exec(tx, INSERT_ITEM, JC_VALUES(jc_int(id), jc_text(jc_str(kind)), jc_null(), jc_null(), jc_null()),
                      err);
}

static const char COUNT_ITEMS[] = "SELECT count(*) FROM item";

static inline enum jc_code count_items(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_tx_int64(tx, COUNT_ITEMS, JC_NO_VALUES, ctx, err);
}

static inline int64_t items_in(struct jc_db *db) {
    int64_t count = -1;
    read_ok(db, count_items, &count);
    return count;
}

static inline void both(void (*test)(struct jc_db *db)) {
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        struct jc_db *db = fresh(in_memory);
        test(db);
        jc_db_close(db);
    }
}

static inline enum jc_code insert_ten(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    for (int64_t id = 1; id <= 10; id++) {
        char kind[16];
        snprintf(kind, sizeof kind, "k%02d", (int)id);
        if (insert_item(tx, id, kind, err) != JC_OK)
            return err->code;
    }
    return JC_OK;
}

static inline enum jc_code insert_one(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return insert_item(tx, *(int64_t *)ctx, *(int64_t *)ctx == 1 ? "first" : "second", err);
}

static inline int make_folder(void **state) {
    (void)state;
    jc_test_folder(folder);
    return 0;
}

static inline int remove_folder(void **state) {
    (void)state;
    jc_test_folder_remove(folder);
    return 0;
}

#endif
