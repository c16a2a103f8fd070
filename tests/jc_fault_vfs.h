/* A file system layer for SQLite that fails when told to: the system's own with a counter in front.
 *
 *   jc_fault_register();                       once; then config.vfs = JC_FAULT_VFS
 *   jc_fault_arm(JC_FAULT_WRITES, 3, true, SQLITE_FULL);   the third write fails, and all later ones
 *
 * A write that fails has written half of its bytes first. Nothing is really synced: these tests let
 * calls fail, not machines, and run faster so. */
#ifndef JC_FAULT_VFS_H
#define JC_FAULT_VFS_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#define JC_FAULT_VFS "jc_fault"

enum jc_fault_calls { /* a mask */
                      JC_FAULT_WRITES = 1,
                      JC_FAULT_SYNCS = 2,
                      JC_FAULT_READS = 4,
                      JC_FAULT_OPENS = 8,
                      JC_FAULT_TRUNCATES = 16,
};

struct jc_fault {
    atomic_int calls;
    atomic_long left; /* calls until the failure; 0: not armed */
    atomic_bool stays, fired;
    atomic_int rc; /* 0: an I/O error that names the call */
};

static struct jc_fault jc_fault;

static inline void jc_fault_arm(int calls, long nth, bool stays, int rc) {
    atomic_store(&jc_fault.left, 0);
    atomic_store(&jc_fault.calls, calls);
    atomic_store(&jc_fault.stays, stays);
    atomic_store(&jc_fault.fired, false);
    atomic_store(&jc_fault.rc, rc);
    atomic_store(&jc_fault.left, nth);
}

/* Returns whether anything has failed since it was armed. */
static inline bool jc_fault_disarm(void) {
    atomic_store(&jc_fault.left, 0);
    return atomic_load(&jc_fault.fired);
}

static inline bool jc_fault_hits(enum jc_fault_calls call) {
    if (!(atomic_load(&jc_fault.calls) & (int)call) || atomic_load(&jc_fault.left) == 0)
        return false;
    if (atomic_load(&jc_fault.left) > 1) {
        atomic_fetch_sub(&jc_fault.left, 1);
        return false;
    }
    atomic_store(&jc_fault.fired, true);
    if (!atomic_load(&jc_fault.stays))
        atomic_store(&jc_fault.left, 0);
    return true;
}

static inline int jc_fault_rc(int named) {
    int rc = atomic_load(&jc_fault.rc);
    return rc ? rc : named;
}

/* --- files: ours in front, the system's behind it in the same memory ------------------------------- */

struct jc_fault_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static inline sqlite3_file *jc_fault_real(sqlite3_file *file) {
    return ((struct jc_fault_file *)file)->real;
}

static int jc_fault_close(sqlite3_file *file) {
    sqlite3_file *real = jc_fault_real(file);
    return real->pMethods ? real->pMethods->xClose(real) : SQLITE_OK;
}

static int jc_fault_read(sqlite3_file *file, void *to, int len, sqlite3_int64 at) {
    if (jc_fault_hits(JC_FAULT_READS))
        return jc_fault_rc(SQLITE_IOERR_READ);
    sqlite3_file *real = jc_fault_real(file);
    return real->pMethods->xRead(real, to, len, at);
}

static int jc_fault_write(sqlite3_file *file, const void *from, int len, sqlite3_int64 at) {
    sqlite3_file *real = jc_fault_real(file);
    if (!jc_fault_hits(JC_FAULT_WRITES))
        return real->pMethods->xWrite(real, from, len, at);
    real->pMethods->xWrite(real, from, len / 2, at);
    return jc_fault_rc(SQLITE_IOERR_WRITE);
}

static int jc_fault_truncate(sqlite3_file *file, sqlite3_int64 size) {
    if (jc_fault_hits(JC_FAULT_TRUNCATES))
        return jc_fault_rc(SQLITE_IOERR_TRUNCATE);
    sqlite3_file *real = jc_fault_real(file);
    return real->pMethods->xTruncate(real, size);
}

static int jc_fault_sync(sqlite3_file *file, int flags) {
    (void)file, (void)flags;
    return jc_fault_hits(JC_FAULT_SYNCS) ? jc_fault_rc(SQLITE_IOERR_FSYNC) : SQLITE_OK;
}

#define JC_FAULT_PASS(name, params, ...)                     \
    static int jc_fault_##name params {                      \
        sqlite3_file *real = jc_fault_real(file);            \
        return real->pMethods->x##name(real, ##__VA_ARGS__); \
    }
JC_FAULT_PASS(FileSize, (sqlite3_file * file, sqlite3_int64 *size), size)
JC_FAULT_PASS(Lock, (sqlite3_file * file, int level), level)
JC_FAULT_PASS(Unlock, (sqlite3_file * file, int level), level)
JC_FAULT_PASS(CheckReservedLock, (sqlite3_file * file, int *out), out)
JC_FAULT_PASS(FileControl, (sqlite3_file * file, int op, void *arg), op, arg)
JC_FAULT_PASS(SectorSize, (sqlite3_file * file))
JC_FAULT_PASS(DeviceCharacteristics, (sqlite3_file * file))
JC_FAULT_PASS(ShmMap, (sqlite3_file * file, int region, int size, int extend, void volatile **out), region, size,
              extend, out)
JC_FAULT_PASS(ShmLock, (sqlite3_file * file, int offset, int n, int flags), offset, n, flags)
JC_FAULT_PASS(ShmUnmap, (sqlite3_file * file, int remove), remove)

static void jc_fault_ShmBarrier(sqlite3_file *file) {
    sqlite3_file *real = jc_fault_real(file);
    real->pMethods->xShmBarrier(real);
}

static const sqlite3_io_methods jc_fault_methods = {
    .iVersion = 2, /* without memory mapping */
    .xClose = jc_fault_close,
    .xRead = jc_fault_read,
    .xWrite = jc_fault_write,
    .xTruncate = jc_fault_truncate,
    .xSync = jc_fault_sync,
    .xFileSize = jc_fault_FileSize,
    .xLock = jc_fault_Lock,
    .xUnlock = jc_fault_Unlock,
    .xCheckReservedLock = jc_fault_CheckReservedLock,
    .xFileControl = jc_fault_FileControl,
    .xSectorSize = jc_fault_SectorSize,
    .xDeviceCharacteristics = jc_fault_DeviceCharacteristics,
    .xShmMap = jc_fault_ShmMap,
    .xShmLock = jc_fault_ShmLock,
    .xShmBarrier = jc_fault_ShmBarrier,
    .xShmUnmap = jc_fault_ShmUnmap,
};

static int jc_fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags) {
    sqlite3_vfs *system = vfs->pAppData;
    struct jc_fault_file *ours = (struct jc_fault_file *)file;
    ours->base.pMethods = NULL;
    if (jc_fault_hits(JC_FAULT_OPENS))
        return jc_fault_rc(SQLITE_CANTOPEN);
    ours->real = (sqlite3_file *)(ours + 1);
    memset(ours->real, 0, (size_t)system->szOsFile);
    int rc = system->xOpen(system, name, ours->real, flags, out_flags);
    if (ours->real->pMethods)
        ours->base.pMethods = &jc_fault_methods;
    return rc;
}

static inline void jc_fault_register(void) {
    static sqlite3_vfs vfs;
    sqlite3_vfs *system = sqlite3_vfs_find(NULL);
    vfs = *system;
    vfs.pNext = NULL;
    vfs.szOsFile = (int)sizeof(struct jc_fault_file) + system->szOsFile;
    vfs.zName = JC_FAULT_VFS;
    vfs.pAppData = system;
    vfs.xOpen = jc_fault_open;
    sqlite3_vfs_register(&vfs, 0);
}

#endif
