/* Definitions of the program come before those of the system's library; what is not ours goes on to it. Descriptors of
 * ours are numbers that no system gives; an open folder that is read is a descriptor, too. One thread runs at a time. */
#include "sim/sim_posix.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sim/sim_vfs.h"

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

enum { DISKS = 16, OPEN_MAX_FILES = 64, FIRST_FD = 1 << 24 };

struct open_file {
    struct sim_disk *disk; /* NULL: free */
    struct sim_node *node;
    int64_t at;         /* of read and lseek; the next name of a folder */
    struct dirent name; /* of readdir */
};

static struct sim_disk *disks[DISKS];
static struct open_file files[OPEN_MAX_FILES];

void sim_posix_know(struct sim_disk *disk) {
    for (int i = 0; i < DISKS; i++) {
        if (!disks[i]) {
            disks[i] = disk;
            return;
        }
    }
}

void sim_posix_forget(struct sim_disk *disk) {
    for (int i = 0; i < DISKS; i++) {
        if (disks[i] == disk)
            disks[i] = NULL;
    }
    for (int i = 0; i < OPEN_MAX_FILES; i++) {
        if (files[i].disk == disk)
            files[i].disk = NULL;
    }
}

/* --- whose it is ----------------------------------------------------------------------------------------------------- */

/* Where a call works: a disk, a folder of it to begin at, and the path from there. */
struct place {
    struct sim_disk *disk; /* NULL: not ours */
    struct sim_node *from;
    const char *path;
};

static struct open_file *file_of(int fd) {
    int i = fd - FIRST_FD;
    return i >= 0 && i < OPEN_MAX_FILES && files[i].disk ? &files[i] : NULL;
}

static struct place place_of(int at, const char *path) {
    struct open_file *folder = file_of(at);
    if (folder && path[0] != '/')
        return (struct place){folder->disk, folder->node, path};
    for (int i = 0; i < DISKS && path[0] == '/'; i++) {
        size_t len = disks[i] ? strlen(disks[i]->name) : 0;
        if (len && strncmp(path + 1, disks[i]->name, len) == 0 && (path[len + 1] == '/' || !path[len + 1]))
            return (struct place){disks[i], sim_tree_root(&disks[i]->tree), path + len + (path[len + 1] ? 2 : 1)};
    }
    return (struct place){.disk = NULL};
}

static int fails(int reason) {
    errno = reason;
    return -1;
}

/* NULL with errno. */
static struct sim_node *find(const struct place *place) {
    struct sim_node *node = place->disk->dead ? NULL : sim_tree_find(place->from, place->path);
    if (!node)
        errno = place->disk->dead ? EIO : ENOENT;
    return node;
}

/* Whether a call that changes something may do so; else errno. */
static bool changes(struct sim_disk *disk) {
    bool dies;
    if (sim_disk_changes(disk, &dies))
        return true;
    errno = EIO;
    return false;
}

static bool has_room(struct sim_disk *disk, int64_t bytes) {
    if (!disk->room_bytes || sim_disk_used(disk) + bytes <= disk->room_bytes)
        return true;
    errno = ENOSPC;
    return false;
}

/* --- opening ---------------------------------------------------------------------------------------------------------- */

static int give_fd(struct sim_disk *disk, struct sim_node *node) {
    for (int i = 0; i < OPEN_MAX_FILES; i++) {
        if (!files[i].disk) {
            files[i] = (struct open_file){.disk = disk, .node = node};
            return FIRST_FD + i;
        }
    }
    return fails(EMFILE);
}

static int open_at(const struct place *place, int flags) {
    struct sim_node *node = find(place);
    const char *name;
    if (node && (flags & O_EXCL))
        return fails(EEXIST);
    if (node && !node->folder && (flags & O_DIRECTORY))
        return fails(ENOTDIR);
    if (!node && errno == ENOENT && (flags & O_CREAT)) {
        struct sim_node *folder = sim_tree_folder_of(place->from, place->path, &name);
        if (!folder)
            return fails(ENOENT);
        if (!changes(place->disk) || !has_room(place->disk, 1))
            return -1;
        node = sim_tree_make(&place->disk->tree, folder, name, false);
        node->changed_ms = place->disk->world->now_ms;
    }
    return node ? give_fd(place->disk, node) : -1;
}

int openat(int at, const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    struct place place = place_of(at, path);
    return place.disk ? open_at(&place, flags) : REAL(openat)(at, path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    struct place place = place_of(AT_FDCWD, path);
    return place.disk ? open_at(&place, flags) : REAL(open)(path, flags, mode);
}

int close(int fd) {
    struct open_file *file = file_of(fd);
    if (!file)
        return REAL(close)(fd);
    file->disk = NULL;
    return 0;
}

/* --- bytes --------------------------------------------------------------------------------------------------------------- */

static ssize_t read_at(struct open_file *file, void *to, size_t size, int64_t at) {
    const struct sim_bytes *bytes = &file->node->bytes;
    int64_t there = bytes->size > at ? bytes->size - at : 0;
    if (file->disk->dead)
        return fails(EIO);
    if (there > (int64_t)size)
        there = (int64_t)size;
    if (there > 0)
        memcpy(to, bytes->now + at, (size_t)there);
    return there;
}

/* At most a few sectors at once, as a disk may: callers go on. */
static ssize_t write_at(struct open_file *file, const void *from, size_t size, int64_t at) {
    enum { MOST = 8 * SIM_SECTOR };
    struct sim_disk *disk = file->disk;
    bool dies;
    int64_t len = size < MOST ? (int64_t)size : MOST;
    int64_t grows = at + len > file->node->bytes.size ? at + len - file->node->bytes.size : 0;
    bool good = sim_disk_changes(disk, &dies);
    if (!good && !dies)
        return fails(EIO);
    if (!dies && !has_room(disk, grows))
        return -1;
    sim_bytes_write(&file->node->bytes, at, from, len, dies);
    file->node->changed_ms = disk->world->now_ms;
    return dies ? fails(EIO) : len;
}

ssize_t pread(int fd, void *to, size_t size, off_t at) {
    struct open_file *file = file_of(fd);
    return file ? read_at(file, to, size, at) : REAL(pread)(fd, to, size, at);
}

ssize_t read(int fd, void *to, size_t size) {
    struct open_file *file = file_of(fd);
    if (!file)
        return REAL(read)(fd, to, size);
    ssize_t got = read_at(file, to, size, file->at);
    file->at += got > 0 ? got : 0;
    return got;
}

ssize_t pwrite(int fd, const void *from, size_t size, off_t at) {
    struct open_file *file = file_of(fd);
    return file ? write_at(file, from, size, at) : REAL(pwrite)(fd, from, size, at);
}

ssize_t write(int fd, const void *from, size_t size) {
    struct open_file *file = file_of(fd);
    if (!file)
        return REAL(write)(fd, from, size);
    ssize_t written = write_at(file, from, size, file->at);
    file->at += written > 0 ? written : 0;
    return written;
}

off_t lseek(int fd, off_t offset, int whence) {
    struct open_file *file = file_of(fd);
    if (!file)
        return REAL(lseek)(fd, offset, whence);
    file->at = offset + (whence == SEEK_CUR ? file->at : whence == SEEK_END ? file->node->bytes.size : 0);
    return file->at;
}

int ftruncate(int fd, off_t size) {
    struct open_file *file = file_of(fd);
    if (!file)
        return REAL(ftruncate)(fd, size);
    if (!changes(file->disk))
        return -1;
    sim_bytes_resize(&file->node->bytes, size);
    return 0;
}

int fsync(int fd) {
    struct open_file *file = file_of(fd);
    if (!file)
        return REAL(fsync)(fd);
    if (!changes(file->disk))
        return -1;
    bool lies = file->disk->lies || (file->disk->world->bug == SIM_BUG_PHOTO_SYNC && !file->node->folder);
    if (!lies)
        sim_tree_sync(&file->disk->tree, file->node);
    return 0;
}

int fchmod(int fd, mode_t mode) {
    return file_of(fd) ? 0 : REAL(fchmod)(fd, mode);
}

/* --- what it is ------------------------------------------------------------------------------------------------------------ */

static int tell(const struct sim_node *node, struct stat *out) {
    *out = (struct stat){.st_mode = node->folder ? S_IFDIR | 0700 : S_IFREG | 0600, .st_size = node->bytes.size};
    out->st_mtim = (struct timespec){node->changed_ms / 1000, node->changed_ms % 1000 * 1000000};
    return 0;
}

int fstat(int fd, struct stat *out) {
    const struct open_file *file = file_of(fd);
    if (!file)
        return REAL(fstat)(fd, out);
    return file->disk->dead ? fails(EIO) : tell(file->node, out);
}

int fstatat(int at, const char *path, struct stat *out, int flags) {
    struct place place = place_of(at, path);
    if (!place.disk)
        return REAL(fstatat)(at, path, out, flags);
    const struct sim_node *node = find(&place);
    return node ? tell(node, out) : -1;
}

int stat(const char *path, struct stat *out) {
    return place_of(AT_FDCWD, path).disk ? fstatat(AT_FDCWD, path, out, 0) : REAL(stat)(path, out);
}

int faccessat(int at, const char *path, int mode, int flags) {
    struct place place = place_of(at, path);
    if (!place.disk)
        return REAL(faccessat)(at, path, mode, flags);
    return find(&place) ? 0 : -1;
}

int fstatvfs(int fd, struct statvfs *out) {
    const struct open_file *file = file_of(fd);
    if (!file)
        return REAL(fstatvfs)(fd, out);
    if (file->disk->dead)
        return fails(EIO);
    *out = (struct statvfs){.f_frsize = SIM_SECTOR, .f_bavail = 1 << 30};
    if (file->disk->room_bytes)
        out->f_bavail = 0; /* what is left is less than the reserve */
    return 0;
}

/* --- names ------------------------------------------------------------------------------------------------------------------ */

int mkdirat(int at, const char *path, mode_t mode) {
    struct place place = place_of(at, path);
    const char *name;
    if (!place.disk)
        return REAL(mkdirat)(at, path, mode);
    if (find(&place))
        return fails(EEXIST);
    struct sim_node *folder = sim_tree_folder_of(place.from, place.path, &name);
    if (!folder)
        return fails(ENOENT);
    if (!changes(place.disk) || !has_room(place.disk, 1))
        return -1;
    sim_tree_make(&place.disk->tree, folder, name, true);
    return 0;
}

int mkdir(const char *path, mode_t mode) {
    return place_of(AT_FDCWD, path).disk ? mkdirat(AT_FDCWD, path, mode) : REAL(mkdir)(path, mode);
}

int renameat(int from_at, const char *from, int to_at, const char *to) {
    struct place source = place_of(from_at, from), target = place_of(to_at, to);
    const char *from_name, *to_name;
    if (!source.disk)
        return REAL(renameat)(from_at, from, to_at, to);
    if (!find(&source))
        return -1;
    struct sim_node *from_folder = sim_tree_folder_of(source.from, source.path, &from_name);
    struct sim_node *to_folder = target.disk ? sim_tree_folder_of(target.from, target.path, &to_name) : NULL;
    if (!to_folder)
        return fails(target.disk ? ENOENT : EXDEV);
    if (!changes(source.disk))
        return -1;
    sim_tree_move(&source.disk->tree, from_folder, from_name, to_folder, to_name);
    return 0;
}

int rename(const char *from, const char *to) {
    return place_of(AT_FDCWD, from).disk ? renameat(AT_FDCWD, from, AT_FDCWD, to) : REAL(rename)(from, to);
}

int unlinkat(int at, const char *path, int flags) {
    struct place place = place_of(at, path);
    const char *name;
    if (!place.disk)
        return REAL(unlinkat)(at, path, flags);
    if (!find(&place) || !changes(place.disk))
        return -1;
    struct sim_node *folder = sim_tree_folder_of(place.from, place.path, &name);
    sim_tree_remove(&place.disk->tree, folder, name);
    return 0;
}

int unlink(const char *path) {
    return place_of(AT_FDCWD, path).disk ? unlinkat(AT_FDCWD, path, 0) : REAL(unlink)(path);
}

int rmdir(const char *path) {
    struct place place = place_of(AT_FDCWD, path);
    if (!place.disk)
        return REAL(rmdir)(path);
    const struct sim_node *folder = find(&place);
    return folder && folder->now.count ? fails(ENOTEMPTY) : unlinkat(AT_FDCWD, path, 0);
}

/* --- what is in a folder ------------------------------------------------------------------------------------------------------ */

DIR *fdopendir(int fd) {
    return file_of(fd) ? (DIR *)file_of(fd) : REAL(fdopendir)(fd);
}

DIR *opendir(const char *path) {
    struct place place = place_of(AT_FDCWD, path);
    if (!place.disk)
        return REAL(opendir)(path);
    int fd = open_at(&place, O_DIRECTORY);
    return fd < 0 ? NULL : fdopendir(fd);
}

static struct open_file *folder_of(DIR *dir) {
    struct open_file *file = (struct open_file *)(void *)dir;
    return file >= files && file < files + OPEN_MAX_FILES ? file : NULL;
}

int dirfd(DIR *dir) {
    return folder_of(dir) ? FIRST_FD + (int)(folder_of(dir) - files) : REAL(dirfd)(dir);
}

/* From the last name to the first, so that one that is removed on the way moves none that is still to come. */
struct dirent *readdir(DIR *dir) {
    struct open_file *file = folder_of(dir);
    if (!file)
        return REAL(readdir)(dir);
    int64_t count = (int64_t)file->node->now.count;
    if (file->disk->dead) {
        errno = EIO;
        return NULL;
    }
    int64_t next = file->at ? file->at - 1 : count;
    if (next > count)
        next = count;
    if (next == 0)
        return NULL;
    file->at = next;
    snprintf(file->name.d_name, sizeof file->name.d_name, "%s", file->node->now.items[next - 1].name);
    return &file->name;
}

int closedir(DIR *dir) {
    return folder_of(dir) ? close(dirfd(dir)) : REAL(closedir)(dir);
}
