/* Opening makes the file with mode 0600 before SQLite sees it (its -wal and -shm inherit the mode), and
 * makes tables and the device's key in one transaction, so a store has all of that or nothing. What must
 * never happen: two keys for one store, or a server's database taken for a terminal's. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embed/jc_terminal_schema_sql.h"
#include "terminal/migrate.h"
#include "terminal/store.h"

static const char SQL_HAS_TABLES[] = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table'";

static const char SQL_HAS_TERMINAL[] = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'terminal'";

static const char SQL_VERSION[] = "SELECT schema_version FROM terminal WHERE only_row = 1";

static const char SQL_ROWS[] = "SELECT COUNT(*) FROM terminal";

struct opening {
    struct jc_terminal *terminal;
    bool create;
    bool wiped;      /* the tables are there and nothing is in them */
    int64_t version; /* of the tables; 0: none of ours yet */
};

static const char SQL_BEGIN[] =
    "INSERT INTO terminal (only_row, schema_version, created_ms, public_key, secret_key, link, cursor, staging,"
    "                      staged_full, staged_cursor, synced_ms, server_time_ms, chain_length, chain_head,"
    "                      offset_ms, takes_seals, pace_bytes, pace_operations, pace_good, digest_state, digest_ms,"
    "                      ready_ms)"
    "VALUES (1, $1, $2, $3, $4, $5, $6, 0, 0, $6, NULL, 0, 0, $6, 0, 0, 0, 0, 0, 0, NULL, NULL)";

static enum jc_code create_schema(struct jc_tx *tx, struct opening *opening, struct jc_err *err) {
    static const uint8_t no_link[JC_SHA256_SIZE];
    uint8_t public_key[JC_SIGN_PUBLIC_SIZE], secret_key[JC_SIGN_SECRET_SIZE];
    enum jc_code code = opening->wiped ? JC_OK : jc_tx_script(tx, jc_terminal_schema_sql, err);
    if (code)
        return code;
    jc_sign_keypair(public_key, secret_key);
    code = jc_tx_exec(tx, SQL_BEGIN,
                      JC_VALUES(jc_int(JC_TERMINAL_SCHEMA_VERSION), jc_int(jc_clock_now_ms(&opening->terminal->wall)),
                                jc_bytes(public_key, sizeof public_key), jc_bytes(secret_key, sizeof secret_key),
                                jc_bytes(no_link, sizeof no_link), jc_bytes("", 0)),
                      err);
    jc_sign_forget(secret_key, sizeof secret_key);
    return code;
}

static enum jc_code find_version(struct jc_tx *tx, struct opening *opening, struct jc_err *err) {
    int64_t rows = 0;
    enum jc_code code = jc_tx_int64(tx, SQL_ROWS, JC_NO_VALUES, &rows, err);
    opening->wiped = code == JC_OK && rows == 0;
    if (code || opening->wiped)
        return code;
    return jc_tx_int64(tx, SQL_VERSION, JC_NO_VALUES, &opening->version, err);
}

static enum jc_code check_schema(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct opening *opening = ctx;
    int64_t tables = 0, ours = 0;
    struct jc_str path = jc_str(opening->terminal->path);
    opening->version = 0;
    opening->wiped = false;
    enum jc_code code = jc_tx_int64(tx, SQL_HAS_TABLES, JC_NO_VALUES, &tables, err);
    if (code || (tables == 0 && opening->create))
        return code;
    if ((code = jc_tx_int64(tx, SQL_HAS_TERMINAL, JC_NO_VALUES, &ours, err)) != JC_OK)
        return code;
    if (!ours)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_NOT_A_STORE, path);
    if ((code = find_version(tx, opening, err)) != JC_OK)
        return code;
    if (opening->wiped && !opening->create)
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_TERM_STORE_MISSING, path);
    if (opening->version > JC_TERMINAL_SCHEMA_VERSION)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_STORE_VERSION, path);
    return JC_OK;
}

/* Another process may have been faster: looks again inside the write. */
static enum jc_code make_schema(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct opening *opening = ctx;
    enum jc_code code = check_schema(tx, opening, err);
    if (code || opening->version == JC_TERMINAL_SCHEMA_VERSION)
        return code;
    return opening->version ? jc_terminal_migrate(tx, opening->version, err) : create_schema(tx, opening, err);
}

/* The file with mode 0600; made if `create`. */
static enum jc_code prepare_file(const char *path, bool create, struct jc_err *err) {
    int fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    if (fd < 0 && errno == ENOENT && !create)
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_TERM_STORE_MISSING, jc_str(path));
    if (fd < 0)
        return jc_fail_errno(err, jc_str(path));
    enum jc_code code = JC_OK;
    struct stat status;
    if (fstat(fd, &status) != 0 || ((status.st_mode & 077) && fchmod(fd, 0600) != 0))
        code = jc_fail_errno(err, jc_str(path));
    close(fd);
    return code;
}

static enum jc_code open_store(struct jc_terminal *terminal, const struct jc_terminal_config *from,
                               struct jc_err *err) {
    enum jc_code code = JC_OK;
    bool in_memory = strcmp(terminal->path, ":memory:") == 0;
    bool create = from->create;
    if (!in_memory && !from->vfs && (code = prepare_file(terminal->path, create, err)) != JC_OK)
        return code;
    struct jc_db_config config = {
        .path = terminal->path, .create = create, .readers = 1, .vfs = from->vfs, .inline_writer = from->inline_writer};
    if ((code = jc_db_open(&config, &terminal->db, err)) != JC_OK)
        return code;
    struct opening opening = {.terminal = terminal, .create = create};
    code = jc_terminal_read(terminal, check_schema, &opening, err);
    if (code == JC_OK && opening.version != JC_TERMINAL_SCHEMA_VERSION)
        code = jc_terminal_write(terminal, make_schema, &opening, err);
    return code;
}

static int64_t steady_now(void *ctx) {
    (void)ctx;
    return jc_monotonic_ms();
}

/* Linux tells one. Elsewhere, and where JIANCHA_NOW moves the wall clock alone, zeros: monotonic times compare with
 * nothing. */
static struct jc_uuid system_boot_id(void) {
    struct jc_uuid id = {{0}};
    char text[JC_UUID_TEXT] = "";
    if (getenv("JIANCHA_NOW"))
        return id;
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return id;
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    if (len <= 0 || !jc_uuid_parse(jc_str_trim((struct jc_str){text, (size_t)len}), &id))
        return (struct jc_uuid){{0}};
    return id;
}

enum jc_code jc_terminal_open(const struct jc_terminal_config *config, struct jc_terminal **out, struct jc_err *err) {
    *out = NULL;
    size_t len = strlen(config->path) + 1;
    struct jc_terminal *terminal = jc_calloc(1, sizeof *terminal);
    char *path = jc_malloc(len);
    if (!terminal || !path) {
        jc_free(terminal);
        jc_free(path);
        return jc_fail_memory(err);
    }
    terminal->path = memcpy(path, config->path, len);
    terminal->wall = config->wall.now_ms ? config->wall : jc_clock_system();
    terminal->steady = config->steady.now_ms ? config->steady : (struct jc_clock){steady_now, NULL};
    terminal->boot_id = config->boot_id ? *config->boot_id : system_boot_id();
    enum jc_code code = open_store(terminal, config, err);
    if (code != JC_OK) {
        jc_terminal_close(terminal);
        return code;
    }
    *out = terminal;
    return JC_OK;
}

void jc_terminal_close(struct jc_terminal *terminal) {
    if (!terminal)
        return;
    jc_db_close(terminal->db);
    jc_free(terminal->path);
    jc_free(terminal);
}
