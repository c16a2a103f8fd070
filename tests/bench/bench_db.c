/* Jobs a second through jc_db against a bare SQLite loop that writes the same rows.
 *
 *   jc_bench_db [SECONDS [FINDINGS]]     (5, 4)
 *
 * A job stores one record of about 700 bytes under a random id and FINDINGS rows beside it. The raw
 * loop is the limit: one thread, prepared statements, SUBMITTERS records in each transaction, no
 * savepoints, no queue. jc_db is measured twice: with SUBMITTERS jobs in flight whose `done` submits
 * the next (as the server's event thread does), and with as many threads that wait. All three write
 * to a file in TMPDIR with synchronous=FULL, so run it on the disk that matters. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "db/db.h"

enum { SUBMITTERS = 64, BODY = 560 };

static const char SCHEMA[] =
    "CREATE TABLE r (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, terminal TEXT, site TEXT,\n"
    "                asset TEXT, started INTEGER, finished INTEGER, result INTEGER, body BLOB);\n"
    "CREATE TABLE f (rid BLOB, i INTEGER, code TEXT, severity INTEGER, part TEXT,\n"
    "                quantity INTEGER, note TEXT);\n";
static const char INSERT_R[] = "INSERT INTO r (id, terminal, site, asset, started, finished, result, body)\n"
                               "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
static const char INSERT_F[] = "INSERT INTO f (rid, i, code, severity, part, quantity, note)\n"
                               "VALUES ($1, $2, $3, $4, $5, $6, $7)";
static const char NOTE[] = "Slow seep at lower flange, about 4 drops per minute";

static char folder[512], file[600], body[BODY];
static int findings = 4;
static double seconds = 5;

struct result {
    double rate, cpu_us;
    struct jc_db_stats stats;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void die(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void remove_files(void) {
    static const char *const ENDINGS[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++) {
        char name[700];
        snprintf(name, sizeof name, "%s%s", file, ENDINGS[i]);
        unlink(name);
    }
}

/* Random ids, the same in every run. */
struct ids {
    uint64_t x;
};

static void next_id(struct ids *ids, uint64_t id[2]) {
    static _Atomic uint64_t count;
    ids->x ^= ids->x << 13;
    ids->x ^= ids->x >> 7;
    ids->x ^= ids->x << 17;
    id[0] = ids->x;
    id[1] = count++;
}

/* --- the raw loop -------------------------------------------------------------------------------- */

static void raw_step(sqlite3 *db, sqlite3_stmt *stmt) {
    if (sqlite3_step(stmt) != SQLITE_DONE)
        die("raw", sqlite3_errmsg(db));
    sqlite3_reset(stmt);
}

static sqlite3_stmt *raw_prepare(sqlite3 *db, const char *sql) {
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        die(sql, sqlite3_errmsg(db));
    return stmt;
}

static void raw_record(sqlite3 *db, sqlite3_stmt *r, sqlite3_stmt *f, const uint64_t id[2]) {
    sqlite3_bind_blob(r, 1, id, 16, SQLITE_STATIC);
    sqlite3_bind_text(r, 2, "T-0042", 6, SQLITE_STATIC);
    sqlite3_bind_text(r, 3, "SUB-0417", 8, SQLITE_STATIC);
    sqlite3_bind_text(r, 4, "TR-110-2-0093", 13, SQLITE_STATIC);
    sqlite3_bind_int64(r, 5, 1778739161120);
    sqlite3_bind_int64(r, 6, 1778740267884);
    sqlite3_bind_int64(r, 7, 2);
    sqlite3_bind_blob(r, 8, body, sizeof body, SQLITE_STATIC);
    raw_step(db, r);
    for (int i = 0; i < findings; i++) {
        sqlite3_bind_blob(f, 1, id, 16, SQLITE_STATIC);
        sqlite3_bind_int64(f, 2, i);
        sqlite3_bind_text(f, 3, "OIL-LEAK", 8, SQLITE_STATIC);
        sqlite3_bind_int64(f, 4, 2);
        sqlite3_bind_text(f, 5, "radiator-3", 10, SQLITE_STATIC);
        sqlite3_bind_int64(f, 6, 2);
        sqlite3_bind_text(f, 7, NOTE, sizeof NOTE - 1, SQLITE_STATIC);
        raw_step(db, f);
    }
}

static struct result run_raw(void) {
    sqlite3 *db;
    if (sqlite3_open(file, &db) != SQLITE_OK)
        die(file, sqlite3_errmsg(db));
    sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL, NULL, NULL);
    sqlite3_exec(db, SCHEMA, NULL, NULL, NULL);
    sqlite3_stmt *begin = raw_prepare(db, "BEGIN IMMEDIATE"), *commit = raw_prepare(db, "COMMIT");
    sqlite3_stmt *r = raw_prepare(db, INSERT_R), *f = raw_prepare(db, INSERT_F);
    struct ids ids = {88172645463325252u};
    int64_t count = 0;
    double start = now(), cpu_start = cpu();
    while (now() - start < seconds) {
        raw_step(db, begin);
        for (int i = 0; i < SUBMITTERS; i++, count++) {
            uint64_t id[2];
            next_id(&ids, id);
            raw_record(db, r, f, id);
        }
        raw_step(db, commit);
    }
    struct result result = {(double)count / (now() - start), (cpu() - cpu_start) / (double)count * 1e6, {0}};
    sqlite3_finalize(begin);
    sqlite3_finalize(commit);
    sqlite3_finalize(r);
    sqlite3_finalize(f);
    sqlite3_close(db);
    remove_files();
    return result;
}

/* --- through jc_db ------------------------------------------------------------------------------- */

static enum jc_code record(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const uint64_t *id = ctx;
    enum jc_code code = jc_tx_exec(tx, INSERT_R,
                                   JC_VALUES(jc_bytes(id, 16), jc_text(JC_STR("T-0042")), jc_text(JC_STR("SUB-0417")),
                                             jc_text(JC_STR("TR-110-2-0093")), jc_int(1778739161120),
                                             jc_int(1778740267884), jc_int(2), jc_bytes(body, sizeof body)),
                                   err);
    for (int i = 0; i < findings && code == JC_OK; i++) {
        code = jc_tx_exec(tx, INSERT_F,
                          JC_VALUES(jc_bytes(id, 16), jc_int(i), jc_text(JC_STR("OIL-LEAK")), jc_int(2),
                                    jc_text(JC_STR("radiator-3")), jc_int(2), jc_text(JC_STR(NOTE))),
                          err);
    }
    return code;
}

static enum jc_code schema(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_script(tx, SCHEMA, err);
}

static struct jc_db *open_db(void) {
    struct jc_db_config config = {.path = file, .create = true};
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    if (jc_db_open(&config, &db, &err) != JC_OK || jc_db_write_wait(db, 1, schema, NULL, &err) != JC_OK)
        die(file, err.detail);
    return db;
}

struct submitter {
    struct jc_db *db;
    uint64_t id[2];
    struct ids ids;
    double end;
};

static void submit_next(void *ctx, enum jc_code code, const struct jc_err *failure) {
    struct submitter *submitter = ctx;
    if (code != JC_OK)
        die("job", failure->detail);
    if (now() >= submitter->end)
        return;
    next_id(&submitter->ids, submitter->id);
    struct jc_err err = {0};
    if (jc_db_write(submitter->db, 1, record, submitter, submit_next, &err) != JC_OK)
        die("submit", err.detail);
}

static void *submit_and_wait(void *ctx) {
    struct submitter *submitter = ctx;
    struct jc_err err = {0};
    while (now() < submitter->end) {
        next_id(&submitter->ids, submitter->id);
        if (jc_db_write_wait(submitter->db, 1, record, submitter, &err) != JC_OK)
            die("job", err.detail);
    }
    return NULL;
}

static struct result run_db(bool threads) {
    static struct submitter submitters[SUBMITTERS];
    pthread_t thread[SUBMITTERS];
    struct jc_db *db = open_db();
    double start = now(), cpu_start = cpu();
    for (uint64_t i = 0; i < SUBMITTERS; i++) {
        submitters[i] = (struct submitter){.db = db, .ids = {88172645463325252u * (i + 1)}, .end = start + seconds};
        if (!threads)
            submit_next(&submitters[i], JC_OK, NULL);
        else if (pthread_create(&thread[i], NULL, submit_and_wait, &submitters[i]) != 0)
            die("thread", "cannot start");
    }
    for (int i = 0; i < SUBMITTERS && threads; i++)
        pthread_join(thread[i], NULL);
    struct result result = {0};
    do {
        jc_db_stats(db, &result.stats);
        if (!threads)
            usleep(1000);
    } while (!threads && now() < start + seconds);
    double elapsed = now() - start;
    result.rate = (double)result.stats.jobs / elapsed;
    result.cpu_us = (cpu() - cpu_start) / (double)result.stats.jobs * 1e6;
    jc_db_close(db);
    remove_files();
    return result;
}

static void print(const char *name, struct result result, double raw) {
    double batch = result.stats.commits ? (double)result.stats.jobs / (double)result.stats.commits : SUBMITTERS;
    printf("%-22s %9.0f jobs/s  %5.1f jobs/commit  %6.2f us cpu/job  ratio %.3f\n", name, result.rate, batch,
           result.cpu_us, result.rate / raw);
}

int main(int argc, char **argv) {
    if (argc > 1)
        seconds = strtod(argv[1], NULL);
    if (argc > 2)
        findings = (int)strtol(argv[2], NULL, 10);
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/jiancha-bench-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder))
        die(folder, "cannot be made");
    snprintf(file, sizeof file, "%s/bench.db", folder);
    memset(body, 'x', sizeof body);
    jc_db_close(open_db()); /* first, for our settings of SQLite's memory hold for the raw loop then, too */
    remove_files();
    struct result raw = run_raw();
    print("raw loop", raw, raw.rate);
    print("jc_db, done submits", run_db(false), raw.rate);
    print("jc_db, threads wait", run_db(true), raw.rate);
    rmdir(folder);
    return 0;
}
