/* A file gets its name when its bytes have been hashed and are durable, so that a name is a proof: there is no table
 * that could disagree with the disk. What must never happen: half a photo shown as a whole one. */
#include "terminal/blob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "terminal/entity.h"

/* --- where they are --------------------------------------------------------------------------------------- */

static bool is_file(const char *path, int64_t size_bytes) {
    struct stat file;
    return stat(path, &file) == 0 && S_ISREG(file.st_mode) && file.st_size == size_bytes;
}

/* "STORE.blobs/HASH" and `ending`, the arena's; ptr NULL without memory. */
static struct jc_str path_of(const struct jc_terminal *terminal, const Jc__Photo *photo, const char *ending,
                             struct jc_arena *arena) {
    char hex[2 * JC_SHA256_SIZE + 1] = "";
    if (photo->sha256.len == JC_SHA256_SIZE)
        jc_hex(photo->sha256.data, JC_SHA256_SIZE, hex);
    return jc_arena_printf(arena, "%s.blobs/%s%s", terminal->path, hex, ending);
}

static const char SQL_PATH[] = "SELECT path FROM photo WHERE sha256 = $1";

enum jc_code jc_terminal_blob_find(struct jc_tx *tx, const struct jc_terminal *terminal, const Jc__Photo *photo,
                                   struct jc_arena *arena, struct jc_str *out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    struct jc_str fetched = path_of(terminal, photo, "", arena);
    *out = (struct jc_str){0};
    if (!fetched.ptr)
        return jc_fail_memory(err);
    if (is_file(fetched.ptr, photo->size_bytes)) {
        *out = fetched;
        return JC_OK;
    }
    enum jc_code code =
        jc_tx_query(tx, SQL_PATH, JC_VALUES(jc_bytes(photo->sha256.data, photo->sha256.len)), &rows, err);
    while (!code && !out->ptr && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_str path = jc_rows_copy(rows, 0, arena);
        if (!path.ptr)
            code = jc_fail_memory(err);
        else if (is_file(path.ptr, photo->size_bytes))
            *out = path;
    }
    jc_rows_close(rows);
    return code;
}

void jc_terminal_blob_forget(const struct jc_terminal *terminal) {
    char folder[PATH_MAX];
    if (snprintf(folder, sizeof folder, "%s.blobs", terminal->path) >= (int)sizeof folder)
        return;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    (void)rmdir(folder);
}

/* --- what is needed ------------------------------------------------------------------------------------------ */

struct fetching {
    struct jc_terminal *terminal;
    const struct jc_transport *transport;
    struct jc_arena *arena;
    struct jc_terminal_fetched *out;
    int64_t budget_bytes; /* 0: all */
    struct jc_str token;
    struct {
        const Jc__Photo **items;
        size_t count, capacity;
    } needed;
};

static enum jc_code add_needed(struct jc_tx *tx, struct fetching *fetching, const Jc__Photo *photo,
                               struct jc_err *err) {
    struct jc_str path;
    enum jc_code code = jc_terminal_blob_find(tx, fetching->terminal, photo, fetching->arena, &path, err);
    if (code || path.ptr || photo->sha256.len != JC_SHA256_SIZE)
        return code;
    const Jc__Photo **slot = JC_PUSH(fetching->arena, &fetching->needed, const Jc__Photo *);
    if (!slot)
        return jc_fail_memory(err);
    *slot = photo;
    return JC_OK;
}

static enum jc_code list_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct fetching *fetching = ctx;
    struct jc_terminal_entities tasks = {0};
    struct jc_terminal_self self;
    enum jc_code code = jc_terminal_self_enrolled(tx, fetching->arena, &self, err);
    jc_sign_forget(self.secret_key, sizeof self.secret_key);
    fetching->token = self.token;
    if (!code)
        code = jc_terminal_entity_list(tx, JC__ENTITY_KIND__ENTITY_KIND_TASK, fetching->arena, &tasks, err);
    for (size_t i = 0; !code && i < tasks.count; i++) {
        const Jc__Task *task = (const Jc__Task *)tasks.items[i];
        for (size_t k = 0; !code && task->state == JC__TASK_STATE__TASK_STATE_OPEN && k < task->n_needed_blobs; k++)
            code = add_needed(tx, fetching, task->needed_blobs[k], err);
    }
    return code;
}

/* --- one photo ------------------------------------------------------------------------------------------------ */

/* The file that grows; *have is how far it has come. What cannot be the photo's beginning is dropped. */
static enum jc_code open_part(const char *path, const Jc__Photo *photo, int *fd, int64_t *have, struct jc_err *err) {
    struct stat file;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = *fd >= 0 && fstat(*fd, &file) == 0;
    if (good && file.st_size > photo->size_bytes)
        good = ftruncate(*fd, 0) == 0 && fstat(*fd, &file) == 0;
    if (!good)
        return jc_fail_errno(err, jc_str(path));
    *have = file.st_size;
    return JC_OK;
}

/* Bytes of a photo that may come now; 0: the budget is used up. */
static int64_t allowed(const struct fetching *fetching, int64_t bytes) {
    int64_t left = fetching->budget_bytes - fetching->out->bytes;
    return fetching->budget_bytes <= 0 || bytes < left ? bytes : left > 0 ? left : 0;
}

/* Asks for bytes behind those that are here. */
static enum jc_code ask(struct fetching *fetching, const Jc__Photo *photo, int fd, int64_t have, int64_t bytes,
                        int *status, struct jc_err *err) {
    char path[2 * JC_SHA256_SIZE + 16], hex[2 * JC_SHA256_SIZE + 1], range[64];
    struct jc_transport_reply reply = {0};
    snprintf(path, sizeof path, "/blobs/%s", jc_hex(photo->sha256.data, JC_SHA256_SIZE, hex).ptr);
    snprintf(range, sizeof range, "Range: bytes=%lld-%lld", (long long)have, (long long)(have + bytes - 1));
    const char *const ranged[] = {range, NULL};
    const struct jc_transport_exchange exchange = {.method = "GET",
                                                   .path = path,
                                                   .token = fetching->token,
                                                   .headers = ranged,
                                                   .fd = -1,
                                                   .offset = have,
                                                   .bytes = bytes,
                                                   .save_fd = &fd};
    enum jc_code code = fetching->transport->exchange(fetching->transport->ctx, &exchange, &reply, err);
    *status = reply.status;
    return code;
}

/* What a status other than success means. */
static enum jc_code judge(struct fetching *fetching, int status, struct jc_err *err) {
    char number[JC_NUMBER_TEXT];
    if (status == 404) {
        fetching->out->absent++;
        return JC_OK;
    }
    return jc_fail(err, status == 401 ? JC_UNAUTHENTICATED : JC_UNAVAILABLE, JC_MSG_TERM_ANSWER_STATUS,
                   jc_str_from_int64(status, number));
}

/* All bytes are there: durable, hashed, named. Other bytes are dropped. If an earlier call left some of them (`had`), a
 * disk or a battery may have spoilt those: *anew says that they are to be asked for again. */
static enum jc_code finish(struct fetching *fetching, const Jc__Photo *photo, int fd, const char *part, int64_t had,
                           bool *anew, struct jc_err *err) {
    uint8_t found[JC_SHA256_SIZE];
    struct jc_str path = path_of(fetching->terminal, photo, "", fetching->arena);
    if (!path.ptr)
        return jc_fail_memory(err);
    if (fsync(fd) != 0 || lseek(fd, 0, SEEK_SET) != 0 || !jc_file_sha256_of(fd, found))
        return jc_fail_errno(err, jc_str(part));
    if (memcmp(found, photo->sha256.data, sizeof found) != 0) {
        (void)unlink(part);
        *anew = had > 0;
        return *anew ? JC_OK : jc_fail(err, JC_DATA_LOSS, JC_MSG_TERM_PHOTO_OTHER);
    }
    if (rename(part, path.ptr) != 0 || !jc_file_sync_folder(path.ptr))
        return jc_fail_errno(err, path);
    fetching->out->blobs++;
    return JC_OK;
}

static void note_waiting(struct fetching *fetching, int64_t bytes) {
    fetching->out->waiting_blobs++;
    fetching->out->waiting_bytes += bytes;
}

static enum jc_code fetch_rest(struct fetching *fetching, const Jc__Photo *photo, bool *anew, struct jc_err *err) {
    int fd = -1, status = 0;
    int64_t have = 0;
    struct stat file = {0};
    struct jc_str part = path_of(fetching->terminal, photo, ".part", fetching->arena);
    enum jc_code code = part.ptr ? open_part(part.ptr, photo, &fd, &have, err) : jc_fail_memory(err);
    int64_t bytes = allowed(fetching, photo->size_bytes - have);
    if (!code && bytes > 0)
        code = ask(fetching, photo, fd, have, bytes, &status, err);
    if (fd >= 0 && fstat(fd, &file) == 0 && file.st_size > have)
        fetching->out->bytes += file.st_size - have;
    if (!code && status && status != 206 && (status != 200 || have)) /* a proxy may pass over the range */
        code = judge(fetching, status, err);
    if (!code && file.st_size == photo->size_bytes)
        code = finish(fetching, photo, fd, part.ptr, have, anew, err);
    else if (status != 404 && fd >= 0)
        note_waiting(fetching, photo->size_bytes - file.st_size);
    if (fd >= 0)
        close(fd);
    if (part.ptr && file.st_size == 0)
        (void)unlink(part.ptr);
    return code;
}

static enum jc_code fetch(struct fetching *fetching, const Jc__Photo *photo, struct jc_err *err) {
    bool anew = false;
    enum jc_code code = fetch_rest(fetching, photo, &anew, err);
    return !code && anew ? fetch_rest(fetching, photo, &anew, err) : code;
}

/* --- public ------------------------------------------------------------------------------------------------------ */

enum jc_code jc_terminal_fetch(struct jc_terminal *terminal, const struct jc_transport *transport, int64_t budget_bytes,
                               struct jc_arena *arena, struct jc_terminal_fetched *out, struct jc_err *err) {
    struct fetching fetching = {
        .terminal = terminal, .transport = transport, .arena = arena, .out = out, .budget_bytes = budget_bytes};
    *out = (struct jc_terminal_fetched){0};
    enum jc_code code = jc_terminal_read(terminal, list_job, &fetching, err);
    if (code || !fetching.needed.count)
        return code;
    if (!transport->exchange || strcmp(terminal->path, ":memory:") == 0)
        return jc_fail(err, JC_UNIMPLEMENTED, JC_MSG_TERM_UPLOAD_LATER);
    struct jc_str folder = jc_arena_printf(arena, "%s.blobs", terminal->path);
    if (!folder.ptr)
        return jc_fail_memory(err);
    if (mkdir(folder.ptr, 0700) != 0 && errno != EEXIST)
        return jc_fail_errno(err, folder);
    for (size_t i = 0; i < fetching.needed.count; i++) {
        if (code)
            note_waiting(&fetching, fetching.needed.items[i]->size_bytes);
        else
            code = fetch(&fetching, fetching.needed.items[i], err);
    }
    return code;
}

struct finding {
    struct jc_terminal *terminal;
    const Jc__Photo *photo;
    struct jc_arena *arena;
    struct jc_str path;
};

static enum jc_code find_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct finding *finding = ctx;
    return jc_terminal_blob_find(tx, finding->terminal, finding->photo, finding->arena, &finding->path, err);
}

enum jc_code jc_terminal_blob_path(struct jc_terminal *terminal, const Jc__Photo *photo, struct jc_arena *arena,
                                   struct jc_str *out, struct jc_err *err) {
    struct finding finding = {terminal, photo, arena, {0}};
    enum jc_code code = jc_terminal_read(terminal, find_job, &finding, err);
    if (!code && !finding.path.ptr)
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_BLOB_NOT_HERE);
    *out = finding.path;
    return code;
}
