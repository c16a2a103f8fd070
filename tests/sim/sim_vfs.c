/* Files are arrays, locks are counted over the handles of a file, the log's index is plain memory. Everything
 * runs on one thread at a time. */
#include "sim/sim_vfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_posix.h"

enum { REGION_BYTES = 32768 };

struct sim_handle {
    sqlite3_file base;
    struct sim_disk *disk;
    struct sim_file *file;
    struct sim_handle *next;    /* of the same file */
    int level;                  /* SQLITE_LOCK_… */
    uint16_t shared, exclusive; /* locks of the log's index */
    bool mapped;
    bool temporary; /* without a name: the file is the handle's own */
};

static struct sim_handle *handle_of(sqlite3_file *file) {
    return (struct sim_handle *)file;
}

/* --- files ------------------------------------------------------------------------------------------------------ */

static void free_regions(struct sim_file *file) {
    for (int i = 0; i < file->region_count; i++)
        free(file->regions[i]);
    free(file->regions);
    file->regions = NULL;
    file->region_count = 0;
}

static void free_file(struct sim_file *file) {
    sim_bytes_free(&file->bytes);
    free_regions(file);
    *file = (struct sim_file){.name = ""};
}

/* --- faults -------------------------------------------------------------------------------------------------- */

bool sim_disk_changes(struct sim_disk *disk, bool *dies) {
    *dies = false;
    if (disk->dead)
        return false;
    disk->writes++;
    if (disk->dies_in > 0 && --disk->dies_in == 0) {
        disk->dead = *dies = true;
        return false;
    }
    return !(disk->fails_in > 0 && --disk->fails_in == 0);
}

static int count_call(struct sim_disk *disk, int named, bool *dies) {
    return sim_disk_changes(disk, dies) ? SQLITE_OK : named;
}

int64_t sim_disk_used(const struct sim_disk *disk) {
    int64_t used = sim_tree_used(&disk->tree);
    for (int i = 0; i < SIM_FILES; i++)
        used += disk->files[i].exists ? disk->files[i].bytes.size : 0;
    return used;
}

/* --- one file ------------------------------------------------------------------------------------------------ */

static int file_read(sqlite3_file *base, void *to, int len, sqlite3_int64 at) {
    struct sim_handle *handle = handle_of(base);
    struct sim_file *file = handle->file;
    if (handle->disk->dead)
        return SQLITE_IOERR_READ;
    int64_t there = file->bytes.size > at ? file->bytes.size - at : 0;
    int64_t got = there < len ? there : len;
    if (got > 0)
        memcpy(to, file->bytes.now + at, (size_t)got);
    if (got == len)
        return SQLITE_OK;
    memset((uint8_t *)to + got, 0, (size_t)(len - got));
    return SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *from, int len, sqlite3_int64 at) {
    struct sim_handle *handle = handle_of(base);
    struct sim_file *file = handle->file;
    bool dies;
    int rc = count_call(handle->disk, SQLITE_IOERR_WRITE, &dies);
    int64_t grows = at + len > file->bytes.size ? at + len - file->bytes.size : 0;
    if (rc == SQLITE_OK && handle->disk->room_bytes && grows &&
        sim_disk_used(handle->disk) + grows > handle->disk->room_bytes)
        return SQLITE_FULL;
    if (rc != SQLITE_OK && !dies)
        return rc;
    sim_bytes_write(&file->bytes, at, from, len, dies);
    return rc;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size) {
    struct sim_handle *handle = handle_of(base);
    bool dies;
    int rc = count_call(handle->disk, SQLITE_IOERR_TRUNCATE, &dies);
    if (rc != SQLITE_OK)
        return rc;
    sim_bytes_resize(&handle->file->bytes, size);
    return SQLITE_OK;
}

static int file_sync(sqlite3_file *base, int flags) {
    struct sim_handle *handle = handle_of(base);
    bool dies;
    (void)flags;
    int rc = count_call(handle->disk, SQLITE_IOERR_FSYNC, &dies);
    if (rc == SQLITE_OK && !handle->disk->lies)
        sim_bytes_sync(&handle->file->bytes);
    return rc;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *out) {
    struct sim_handle *handle = handle_of(base);
    *out = handle->file->bytes.size;
    return handle->disk->dead ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

/* The highest level that others hold. */
static int level_of_others(const struct sim_handle *handle) {
    int highest = SQLITE_LOCK_NONE;
    for (const struct sim_handle *other = handle->file->handles; other; other = other->next) {
        if (other != handle && other->level > highest)
            highest = other->level;
    }
    return highest;
}

static int file_lock(sqlite3_file *base, int level) {
    struct sim_handle *handle = handle_of(base);
    int others = level_of_others(handle);
    if (handle->disk->dead)
        return SQLITE_IOERR_LOCK;
    if (handle->level >= level)
        return SQLITE_OK;
    if (level == SQLITE_LOCK_SHARED && others >= SQLITE_LOCK_PENDING)
        return SQLITE_BUSY;
    if (level >= SQLITE_LOCK_RESERVED && others >= SQLITE_LOCK_RESERVED)
        return SQLITE_BUSY;
    if (level == SQLITE_LOCK_EXCLUSIVE && others >= SQLITE_LOCK_SHARED) {
        handle->level = SQLITE_LOCK_PENDING;
        return SQLITE_BUSY;
    }
    handle->level = level;
    return SQLITE_OK;
}

static int file_unlock(sqlite3_file *base, int level) {
    struct sim_handle *handle = handle_of(base);
    if (handle->level > level)
        handle->level = level;
    return SQLITE_OK;
}

static int file_check_reserved(sqlite3_file *base, int *out) {
    *out = level_of_others(handle_of(base)) >= SQLITE_LOCK_RESERVED;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int op, void *arg) {
    (void)base, (void)op, (void)arg;
    return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *base) {
    (void)base;
    return SIM_SECTOR;
}

static int file_traits(sqlite3_file *base) {
    (void)base;
    return 0;
}

/* --- the log's index ----------------------------------------------------------------------------------------- */

static int shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **out) {
    struct sim_handle *handle = handle_of(base);
    struct sim_file *file = handle->file;
    *out = NULL;
    if (handle->disk->dead || size != REGION_BYTES)
        return SQLITE_IOERR_SHMMAP;
    handle->mapped = true;
    if (region >= file->region_count && !extend)
        return SQLITE_OK;
    while (file->region_count <= region) {
        file->regions = sim_alloc(file->regions, (size_t)(file->region_count + 1) * sizeof *file->regions);
        void *memory = sim_alloc(NULL, REGION_BYTES);
        memset(memory, 0, REGION_BYTES);
        file->regions[file->region_count++] = memory;
    }
    *out = file->regions[region];
    return SQLITE_OK;
}

static int shm_lock(sqlite3_file *base, int offset, int n, int flags) {
    struct sim_handle *handle = handle_of(base);
    uint16_t mask = (uint16_t)(((1u << n) - 1) << offset);
    if (flags & SQLITE_SHM_UNLOCK) {
        handle->shared &= (uint16_t)~mask;
        handle->exclusive &= (uint16_t)~mask;
        return SQLITE_OK;
    }
    if (handle->disk->dead)
        return SQLITE_IOERR_SHMLOCK;
    for (const struct sim_handle *other = handle->file->handles; other; other = other->next) {
        if (other == handle)
            continue;
        if ((other->exclusive & mask) || ((flags & SQLITE_SHM_EXCLUSIVE) && (other->shared & mask)))
            return SQLITE_BUSY;
    }
    if (flags & SQLITE_SHM_EXCLUSIVE)
        handle->exclusive |= mask;
    else
        handle->shared |= mask;
    return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *base) {
    (void)base;
}

static int shm_unmap(sqlite3_file *base, int remove) {
    struct sim_handle *handle = handle_of(base);
    (void)remove;
    handle->mapped = false;
    for (const struct sim_handle *other = handle->file->handles; other; other = other->next) {
        if (other->mapped)
            return SQLITE_OK;
    }
    free_regions(handle->file);
    return SQLITE_OK;
}

static int file_close(sqlite3_file *base) {
    struct sim_handle *handle = handle_of(base);
    struct sim_handle **link = &handle->file->handles;
    while (*link && *link != handle)
        link = &(*link)->next;
    if (*link)
        *link = handle->next;
    if (handle->temporary) {
        free_file(handle->file);
        free(handle->file);
    }
    return SQLITE_OK;
}

static const sqlite3_io_methods METHODS = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

/* --- the layer ------------------------------------------------------------------------------------------------ */

static struct sim_file *find_file(struct sim_disk *disk, const char *name) {
    for (int i = 0; i < SIM_FILES; i++) {
        if (disk->files[i].exists && strcmp(disk->files[i].name, name) == 0)
            return &disk->files[i];
    }
    return NULL;
}

static struct sim_file *make_file(struct sim_disk *disk, const char *name) {
    for (int i = 0; i < SIM_FILES; i++) {
        struct sim_file *file = &disk->files[i];
        if (!file->exists) {
            snprintf(file->name, sizeof file->name, "%s", name);
            file->exists = true;
            return file;
        }
    }
    return NULL;
}

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out_flags) {
    struct sim_disk *disk = vfs->pAppData;
    struct sim_handle *handle = handle_of(base);
    *handle = (struct sim_handle){.disk = disk};
    if (disk->dead)
        return SQLITE_CANTOPEN;
    if (name) {
        handle->file = find_file(disk, name);
        if (!handle->file && (flags & SQLITE_OPEN_CREATE))
            handle->file = make_file(disk, name);
    } else {
        handle->file = memset(sim_alloc(NULL, sizeof *handle->file), 0, sizeof *handle->file);
        handle->temporary = true;
    }
    if (!handle->file)
        return SQLITE_CANTOPEN;
    handle->next = handle->file->handles;
    handle->file->handles = handle;
    base->pMethods = &METHODS;
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int sync) {
    struct sim_disk *disk = vfs->pAppData;
    struct sim_file *file = find_file(disk, name);
    bool dies;
    (void)sync;
    int rc = count_call(disk, SQLITE_IOERR_DELETE, &dies);
    if (rc != SQLITE_OK)
        return rc;
    if (!file)
        return SQLITE_IOERR_DELETE_NOENT;
    if (!file->handles)
        free_file(file);
    return SQLITE_OK;
}

static int disk_access(sqlite3_vfs *vfs, const char *name, int flags, int *out) {
    struct sim_disk *disk = vfs->pAppData;
    const struct sim_file *file = find_file(disk, name);
    *out = file && (flags != SQLITE_ACCESS_EXISTS || file->bytes.size > 0);
    return disk->dead ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int disk_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out) {
    (void)vfs;
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
}

static int disk_randomness(sqlite3_vfs *vfs, int len, char *out) {
    struct sim_disk *disk = vfs->pAppData;
    for (int i = 0; i < len; i++)
        out[i] = (char)sim_next(&disk->world->keys);
    return len;
}

static int disk_sleep(sqlite3_vfs *vfs, int us) {
    (void)vfs;
    return us;
}

static int disk_time(sqlite3_vfs *vfs, sqlite3_int64 *out) {
    struct sim_disk *disk = vfs->pAppData;
    *out = disk->world->now_ms + INT64_C(210866760000000); /* Julian day in ms */
    return SQLITE_OK;
}

void sim_disk_init(struct sim_disk *disk, struct sim_world *world, const char *name) {
    *disk = (struct sim_disk){.world = world};
    snprintf(disk->name, sizeof disk->name, "%s", name);
    disk->vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = sizeof(struct sim_handle),
        .mxPathname = 63,
        .zName = disk->name,
        .pAppData = disk,
        .xOpen = disk_open,
        .xDelete = disk_delete,
        .xAccess = disk_access,
        .xFullPathname = disk_full_path,
        .xRandomness = disk_randomness,
        .xSleep = disk_sleep,
        .xCurrentTimeInt64 = disk_time,
    };
    sqlite3_vfs_register(&disk->vfs, 0);
    sim_posix_know(disk);
}

void sim_disk_free(struct sim_disk *disk) {
    if (!disk->world)
        return;
    sqlite3_vfs_unregister(&disk->vfs);
    for (int i = 0; i < SIM_FILES; i++)
        free_file(&disk->files[i]);
    sim_tree_free(&disk->tree);
    sim_posix_forget(disk);
    *disk = (struct sim_disk){.world = NULL};
}

/* --- what is left ---------------------------------------------------------------------------------------------- */

void sim_disk_settle(struct sim_disk *disk, bool power) {
    for (int i = 0; i < SIM_FILES; i++) {
        struct sim_file *file = &disk->files[i];
        if (file->exists)
            sim_bytes_settle(&file->bytes, &disk->world->crashes, power);
        free_regions(file);
    }
    sim_tree_settle(&disk->tree, &disk->world->crashes, power);
    disk->dead = false;
    disk->dies_in = 0;
}

void sim_disk_copy(struct sim_disk *to, const struct sim_disk *from) {
    for (int i = 0; i < SIM_FILES; i++) {
        free_file(&to->files[i]);
        if (!from->files[i].exists)
            continue;
        struct sim_file *file = make_file(to, from->files[i].name);
        sim_bytes_copy(&file->bytes, &from->files[i].bytes);
    }
    sim_tree_copy(&to->tree, &from->tree);
}
