/* Files by descriptors of folders, so that no path is put together but the two names below it. What must
 * never happen: a name in an agency's folder before its bytes are durable and have been hashed as they lie
 * on the disk. */
#include "blob/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"

#define INCOMING "incoming"
#define ALTERED ".altered"

enum {
    RESERVE_BYTES = 64 << 20, /* left for the database */
    SHARD_HEX = 2,            /* letters of the hash that name its folder */
    NAME_MAX_BYTES = 128,     /* "AGENCY/ab/" and 62 letters */
};

struct jc_blob_folder {
    int fd;          /* DIR */
    int incoming_fd; /* DIR/incoming */
    char dir[];      /* for messages */
};

/* --- names ----------------------------------------------------------------------------------------------- */

struct jc_upload_id jc_upload_id_new(void) {
    struct jc_upload_id id = {{0}};
    uint8_t random[JC_UPLOAD_ID_SIZE];
    jc_random(random, sizeof random);
    jc_hex(random, sizeof random, id.text);
    return id;
}

bool jc_upload_id_parse(struct jc_str text, struct jc_upload_id *out) {
    uint8_t bytes[JC_UPLOAD_ID_SIZE];
    if (!jc_hex_parse(text, bytes, sizeof bytes))
        return false;
    jc_hex(bytes, sizeof bytes, out->text);
    return true;
}

/* "7/ab/cdef…" */
struct blob_name {
    char text[NAME_MAX_BYTES];
};

static struct blob_name name_of(int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE]) {
    struct blob_name name;
    char hex[2 * JC_SHA256_SIZE + 1];
    jc_hex(sha256, JC_SHA256_SIZE, hex);
    snprintf(name.text, sizeof name.text, "%lld/%.*s/%s", (long long)agency_id, SHARD_HEX, hex, hex + SHARD_HEX);
    return name;
}

/* A disk that is full, read-only or broken, a folder whose modes are wrong and a server out of descriptors are nobody's
 * fault who asked: to be tried again later. Above all it is not JC_DATA_LOSS, which says that the bytes are not those
 * that were announced. */
static enum jc_code fail_at(const struct jc_blob_folder *folder, const char *name, struct jc_err *err) {
    char path[512];
    bool ours = errno != ENOENT && errno != EEXIST;
    snprintf(path, sizeof path, "%s/%s", folder->dir, name);
    enum jc_code code = jc_fail_errno(err, jc_str(path));
    if (ours)
        err->code = code = JC_UNAVAILABLE;
    return code;
}

/* --- the folder ---------------------------------------------------------------------------------------- */

static bool make_folder(int at, const char *name) {
    return mkdirat(at, name, 0700) == 0 || errno == EEXIST;
}

static int open_folder(int at, const char *name) {
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Makes the name of DIR durable: what is in a folder is lost with its name. A folder above it that may not be read
 * cannot be synced either. */
static bool sync_name_of(const char *dir) {
    char path[PATH_MAX];
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (snprintf(path, sizeof path, "%.*s", (int)len, dir) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return false;
    }
    return jc_file_sync_folder(path) || errno == EACCES;
}

enum jc_code jc_blob_folder_open(const char *dir, struct jc_blob_folder **out, struct jc_err *err) {
    size_t size = strlen(dir) + 1;
    struct jc_blob_folder *folder = jc_calloc(1, sizeof *folder + size);
    if (!folder)
        return jc_fail_memory(err);
    memcpy(folder->dir, dir, size);
    folder->incoming_fd = -1;
    folder->fd = make_folder(AT_FDCWD, dir) && sync_name_of(dir) ? open_folder(AT_FDCWD, dir) : -1;
    if (folder->fd >= 0 && make_folder(folder->fd, INCOMING))
        folder->incoming_fd = open_folder(folder->fd, INCOMING);
    if (folder->incoming_fd < 0) {
        enum jc_code code = fail_at(folder, "", err);
        jc_blob_folder_close(folder);
        return code;
    }
    *out = folder;
    return JC_OK;
}

void jc_blob_folder_close(struct jc_blob_folder *folder) {
    if (!folder)
        return;
    if (folder->incoming_fd >= 0)
        close(folder->incoming_fd);
    if (folder->fd >= 0)
        close(folder->fd);
    jc_free(folder);
}

enum jc_code jc_blob_folder_room(const struct jc_blob_folder *folder, int64_t bytes, struct jc_err *err) {
    struct statvfs disk;
    if (fstatvfs(folder->fd, &disk) != 0)
        return fail_at(folder, "", err);
    if ((double)disk.f_bavail * (double)disk.f_frsize >= (double)bytes + RESERVE_BYTES)
        return JC_OK;
    errno = ENOSPC;
    return fail_at(folder, INCOMING, err);
}

/* --- uploads ------------------------------------------------------------------------------------------- */

enum jc_code jc_blob_incoming_create(struct jc_blob_folder *folder, struct jc_upload_id id, struct jc_err *err) {
    int fd = openat(folder->incoming_fd, id.text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_at(folder, id.text, err);
    close(fd);
    return JC_OK;
}

enum jc_code jc_blob_incoming_size(const struct jc_blob_folder *folder, struct jc_upload_id id, int64_t *out_bytes,
                                   struct jc_err *err) {
    struct stat file;
    if (fstatat(folder->incoming_fd, id.text, &file, AT_SYMLINK_NOFOLLOW) == 0) {
        *out_bytes = file.st_size;
        return JC_OK;
    }
    *out_bytes = -1;
    return errno == ENOENT ? JC_OK : fail_at(folder, id.text, err);
}

static bool write_at(int fd, int64_t offset, struct jc_str bytes) {
    while (bytes.len) {
        ssize_t written = pwrite(fd, bytes.ptr, bytes.len, offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes.ptr += written;
        bytes.len -= (size_t)written;
        offset += written;
    }
    return true;
}

/* Closes a file that was written to; errno says why if not everything was well. */
static bool close_written(int fd, bool good) {
    int reason = errno;
    bool closed = close(fd) == 0;
    if (!good)
        errno = reason;
    return good && closed;
}

enum jc_code jc_blob_incoming_write(struct jc_blob_folder *folder, struct jc_upload_id id, int64_t offset,
                                    struct jc_str bytes, struct jc_err *err) {
    int fd = openat(folder->incoming_fd, id.text, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || !close_written(fd, write_at(fd, offset, bytes)))
        return fail_at(folder, id.text, err);
    return JC_OK;
}

enum jc_code jc_blob_incoming_cut(struct jc_blob_folder *folder, struct jc_upload_id id, int64_t size_bytes,
                                  struct jc_err *err) {
    int fd = openat(folder->incoming_fd, id.text, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || !close_written(fd, ftruncate(fd, size_bytes) == 0))
        return fail_at(folder, id.text, err);
    return JC_OK;
}

static enum jc_code drop(const struct jc_blob_folder *folder, int at, const char *name, struct jc_err *err) {
    return unlinkat(at, name, 0) == 0 || errno == ENOENT ? JC_OK : fail_at(folder, name, err);
}

enum jc_code jc_blob_incoming_drop(struct jc_blob_folder *folder, struct jc_upload_id id, struct jc_err *err) {
    return drop(folder, folder->incoming_fd, id.text, err);
}

/* --- blobs ---------------------------------------------------------------------------------------------- */

/* Makes DIR/AGENCY and DIR/AGENCY/ab if they are missing. */
static bool make_shard(const struct jc_blob_folder *folder, const char *name) {
    char path[NAME_MAX_BYTES];
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(path, sizeof path, "%.*s", (int)(slash - name), name);
        if (!make_folder(folder->fd, path))
            return false;
    }
    return true;
}

/* Makes the file's name durable, with the folders above it: whoever made them may not have come so far. */
static bool sync_names(const struct jc_blob_folder *folder, const char *name) {
    char path[NAME_MAX_BYTES];
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(path, sizeof path, "%.*s", (int)(slash - name), name);
        int fd = open_folder(folder->fd, path);
        if (fd < 0 || !close_written(fd, fsync(fd) == 0))
            return false;
    }
    return fsync(folder->fd) == 0 && fsync(folder->incoming_fd) == 0;
}

/* Renames and makes both folders durable. */
static bool move_in(const struct jc_blob_folder *folder, struct jc_upload_id id, const char *name) {
    return make_shard(folder, name) && renameat(folder->incoming_fd, id.text, folder->fd, name) == 0 &&
           sync_names(folder, name);
}

static enum jc_code fail_hash(struct jc_err *err) {
    return jc_fail(err, JC_DATA_LOSS, JC_MSG_BLOB_OTHER_HASH);
}

enum jc_code jc_blob_publish(struct jc_blob_folder *folder, struct jc_upload_id id, int64_t agency_id,
                             const uint8_t sha256[JC_SHA256_SIZE], struct jc_err *err) {
    uint8_t found[JC_SHA256_SIZE];
    struct blob_name name = name_of(agency_id, sha256);
    int fd = openat(folder->incoming_fd, id.text, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && faccessat(folder->fd, name.text, R_OK, 0) == 0) /* the move was done before */
        return sync_names(folder, name.text) ? JC_OK : fail_at(folder, name.text, err);
    if (fd < 0)
        return fail_at(folder, id.text, err);
    bool good = close_written(fd, fsync(fd) == 0 && jc_file_sha256_of(fd, found));
    if (!good)
        return fail_at(folder, id.text, err);
    if (memcmp(found, sha256, sizeof found) != 0) {
        enum jc_code code = jc_blob_incoming_drop(folder, id, err);
        return code ? code : fail_hash(err);
    }
    return move_in(folder, id, name.text) ? JC_OK : fail_at(folder, name.text, err);
}

enum jc_code jc_blob_open(const struct jc_blob_folder *folder, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                          int *out_fd, int64_t *out_bytes, struct jc_err *err) {
    struct blob_name name = name_of(agency_id, sha256);
    struct stat file;
    int fd = openat(folder->fd, name.text, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail_at(folder, name.text, err);
    if (fstat(fd, &file) != 0) {
        (void)close_written(fd, false);
        return fail_at(folder, name.text, err);
    }
    *out_fd = fd;
    *out_bytes = file.st_size;
    return JC_OK;
}

/* There also if the disk cannot read it: then *unreadable, and a failure. */
static enum jc_code look(const struct jc_blob_folder *folder, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                         struct jc_blob_looked *out, bool *unreadable, struct jc_err *err) {
    uint8_t found[JC_SHA256_SIZE];
    struct stat file = {0};
    struct blob_name name = name_of(agency_id, sha256);
    int fd = openat(folder->fd, name.text, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    *out = (struct jc_blob_looked){0};
    *unreadable = false;
    if (fd < 0 && errno == ENOENT)
        return JC_OK;
    out->there = true;
    if (fd < 0 || !close_written(fd, jc_file_sha256_of(fd, found) && fstat(fd, &file) == 0)) {
        *unreadable = errno == EIO;
        return fail_at(folder, name.text, err);
    }
    out->whole = memcmp(found, sha256, sizeof found) == 0;
    out->size_bytes = out->whole ? file.st_size : 0;
    return JC_OK;
}

enum jc_code jc_blob_is_whole(const struct jc_blob_folder *folder, int64_t agency_id,
                              const uint8_t sha256[JC_SHA256_SIZE], bool *out, struct jc_err *err) {
    struct jc_blob_looked looked;
    bool unreadable;
    enum jc_code code = look(folder, agency_id, sha256, &looked, &unreadable, err);
    *out = looked.whole;
    return code;
}

enum jc_code jc_blob_look(const struct jc_blob_folder *folder, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                          struct jc_blob_looked *out, struct jc_err *err) {
    struct jc_err why = {0};
    bool unreadable = false;
    enum jc_code code = look(folder, agency_id, sha256, out, &unreadable, &why);
    if (code && !unreadable)
        jc_err_copy(err, &why);
    return unreadable ? JC_OK : code;
}

enum jc_code jc_blob_set_aside(struct jc_blob_folder *folder, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                               struct jc_err *err) {
    struct blob_name name = name_of(agency_id, sha256);
    char aside[NAME_MAX_BYTES + sizeof ALTERED];
    snprintf(aside, sizeof aside, "%s" ALTERED, name.text);
    if (renameat(folder->fd, name.text, folder->fd, aside) != 0 || !sync_names(folder, name.text))
        return fail_at(folder, name.text, err);
    return JC_OK;
}

enum jc_code jc_blob_link(const struct jc_blob_folder *from, struct jc_blob_folder *to, int64_t agency_id,
                          const uint8_t sha256[JC_SHA256_SIZE], struct jc_err *err) {
    struct blob_name name = name_of(agency_id, sha256);
    if (!make_shard(to, name.text) || (linkat(from->fd, name.text, to->fd, name.text, 0) != 0 && errno != EEXIST) ||
        !sync_names(to, name.text))
        return fail_at(to, name.text, err);
    return JC_OK;
}

enum { COPY_BYTES = 1 << 20 };

/* From where `fd` stands to its end. */
static enum jc_code copy_in(int fd, struct jc_blob_folder *to, struct jc_upload_id id, struct jc_err *err) {
    enum jc_code code = JC_OK;
    int64_t offset = 0;
    char *piece = jc_malloc(COPY_BYTES);
    ssize_t got = piece ? 1 : 0;
    if (!piece)
        code = jc_fail_memory(err);
    while (!code && got) {
        got = read(fd, piece, COPY_BYTES);
        if (got < 0 && errno == EIO)
            code = fail_hash(err); /* of the one who has it: it cannot be had whole */
        else if (got < 0 && errno != EINTR)
            code = fail_at(to, id.text, err);
        if (!code && got > 0)
            code = jc_blob_incoming_write(to, id, offset, (struct jc_str){piece, (size_t)got}, err);
        offset += got > 0 ? got : 0;
    }
    jc_free(piece);
    return code;
}

enum jc_code jc_blob_copy(const struct jc_blob_folder *from, struct jc_blob_folder *to, int64_t agency_id,
                          const uint8_t sha256[JC_SHA256_SIZE], struct jc_err *err) {
    struct jc_upload_id id = jc_upload_id_new();
    struct jc_err ignored = {0};
    int fd = -1;
    int64_t bytes = 0;
    enum jc_code code = jc_blob_open(from, agency_id, sha256, &fd, &bytes, err);
    if (code)
        return code;
    code = jc_blob_incoming_create(to, id, err);
    if (!code)
        code = copy_in(fd, to, id, err);
    close(fd);
    if (!code)
        code = jc_blob_publish(to, id, agency_id, sha256, err);
    if (code)
        (void)jc_blob_incoming_drop(to, id, &ignored);
    return code;
}

enum jc_code jc_blob_remove(struct jc_blob_folder *folder, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                            struct jc_err *err) {
    return drop(folder, folder->fd, name_of(agency_id, sha256).text, err);
}

/* --- walking ---------------------------------------------------------------------------------------------- */

/* Calls `each` for the names in a folder, "." and ".." apart; a folder that has gone has none. */
static enum jc_code each_name(const struct jc_blob_folder *folder, int at, const char *name,
                              enum jc_code (*each)(void *ctx, int fd, const char *name, struct jc_err *err), void *ctx,
                              struct jc_err *err) {
    enum jc_code code = JC_OK;
    int fd = open_folder(at, name);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return errno == ENOENT || errno == ENOTDIR ? JC_OK : fail_at(folder, name, err);
    }
    for (struct dirent *entry; !code && (errno = 0, entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            code = each(ctx, dirfd(dir), entry->d_name, err);
    if (!code && errno)
        code = fail_at(folder, name, err);
    closedir(dir);
    return code;
}

struct walking {
    const struct jc_blob_folder *folder;
    const struct jc_blob_walk *walk;
    int64_t agency_id;
    char hex[2 * JC_SHA256_SIZE + 1]; /* of the blob: the shard's letters, then the file's */
};

/* The time of the file, or -1 if it has gone meanwhile. */
static int64_t changed_ms(int fd, const char *name) {
    struct stat file;
    if (fstatat(fd, name, &file, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(file.st_mode))
        return -1;
    return (int64_t)file.st_mtim.tv_sec * 1000 + file.st_mtim.tv_nsec / 1000000;
}

static enum jc_code walk_incoming(void *ctx, int fd, const char *name, struct jc_err *err) {
    struct walking *walking = ctx;
    struct jc_upload_id id;
    int64_t time_ms = changed_ms(fd, name);
    if (time_ms < 0 || !jc_upload_id_parse(jc_str(name), &id))
        return JC_OK;
    return walking->walk->incoming(walking->walk->ctx, id, time_ms, err);
}

static enum jc_code walk_file(void *ctx, int fd, const char *name, struct jc_err *err) {
    struct walking *walking = ctx;
    uint8_t sha256[JC_SHA256_SIZE];
    int64_t time_ms = changed_ms(fd, name);
    if (time_ms < 0 || strlen(name) != sizeof walking->hex - 1 - SHARD_HEX)
        return JC_OK;
    memcpy(walking->hex + SHARD_HEX, name, sizeof walking->hex - SHARD_HEX);
    if (!jc_hex_parse(jc_str(walking->hex), sha256, sizeof sha256))
        return JC_OK;
    return walking->walk->blob(walking->walk->ctx, walking->agency_id, sha256, time_ms, err);
}

static enum jc_code walk_shard(void *ctx, int fd, const char *name, struct jc_err *err) {
    struct walking *walking = ctx;
    if (strlen(name) != SHARD_HEX)
        return JC_OK;
    memcpy(walking->hex, name, SHARD_HEX);
    return each_name(walking->folder, fd, name, walk_file, walking, err);
}

static enum jc_code walk_agency(void *ctx, int fd, const char *name, struct jc_err *err) {
    struct walking *walking = ctx;
    if (!jc_str_to_int64(jc_str(name), &walking->agency_id))
        return JC_OK;
    return each_name(walking->folder, fd, name, walk_shard, walking, err);
}

enum jc_code jc_blob_folder_walk(const struct jc_blob_folder *folder, const struct jc_blob_walk *walk,
                                 struct jc_err *err) {
    struct walking walking = {.folder = folder, .walk = walk};
    enum jc_code code = each_name(folder, folder->fd, INCOMING, walk_incoming, &walking, err);
    return code ? code : each_name(folder, folder->fd, ".", walk_agency, &walking, err);
}
