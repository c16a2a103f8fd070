/* The disk fails at the n-th call, for every n, while a photo is announced, sent in two pieces, made a blob, asked for
 * and given up (http/tus.h, blob/folder.h). An answer never says more than the disk holds, half a photo is never seen,
 * and once the disk works again the upload goes on from the byte that was told.
 *
 * The system's calls are replaced in this program; the database is in memory and makes none of them. */
#include "jc_tus_desk.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "blob/collect.h"

/* --- the disk ------------------------------------------------------------------------------------------------ */

static struct {
    int calls;   /* since it was armed */
    int reached; /* those while it failed */
    int fail_at; /* this one and, if `lasting`, all behind it; 0: none */
    int reason;  /* errno */
    bool lasting;
    bool half;    /* a write that fails has written half before */
    ino_t synced; /* first file that was synced since it was armed; 0: none */
} disk;

static bool fails(void) {
    disk.calls++;
    if (!disk.fail_at || disk.calls < disk.fail_at || (disk.calls > disk.fail_at && !disk.lasting))
        return false;
    errno = disk.reason;
    return true;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int openat(int at, const char *name, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    /* a disk that is full reads, and opens what is there */
    bool harmless = disk.reason == ENOSPC && !(flags & O_CREAT);
    return !harmless && fails() ? -1 : REAL(openat)(at, name, flags, mode);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
    if (!fails())
        return REAL(pwrite)(fd, bytes, size, offset);
    if (!disk.half || size < 2)
        return -1;
    return REAL(pwrite)(fd, bytes, size / 2, offset); /* the rest is written by the next call, which fails if lasting */
}

int fsync(int fd) {
    struct stat file;
    if (!disk.synced && fstat(fd, &file) == 0)
        disk.synced = file.st_ino;
    return fails() ? -1 : REAL(fsync)(fd);
}

int ftruncate(int fd, off_t size) {
    return disk.reason != ENOSPC && fails() ? -1 : REAL(ftruncate)(fd, size);
}

int mkdirat(int at, const char *name, mode_t mode) {
    return fails() ? -1 : REAL(mkdirat)(at, name, mode);
}

int renameat(int from_at, const char *from, int to_at, const char *to) {
    return fails() ? -1 : REAL(renameat)(from_at, from, to_at, to);
}

int unlinkat(int at, const char *name, int flags) {
    return disk.reason != ENOSPC && fails() ? -1 : REAL(unlinkat)(at, name, flags);
}

/* --- one upload on a failing disk -------------------------------------------------------------------------------- */

enum { MIDDLE = 20 };

static char at[160]; /* where we are, for messages */

/* What anybody can see: the whole photo or none of it. */
static void check_visible(void) {
    struct reply seen = simple("GET", blob_path(), "token-admin");
    if (seen.status == 200)
        CHECK_STR(at, jc_str(seen.body), PHOTO);
    CHECK_INT(at, blobs(), seen.status == 200);
}

/* The offset that the server tells once the disk works: what is in the file up to there is the photo. */
static int64_t offset_afterwards(const char *location, int64_t least, int64_t most) {
    struct reply reply = head_of(location);
    CHECK_INT(at, reply.status, 200);
    CHECK(at, reply.offset >= least && reply.offset <= most);
    return reply.offset;
}

static void work(void) {
    disk.reached = disk.calls;
    disk.fail_at = 0;
}

static void arm(int fail_at) {
    disk.calls = 0;
    disk.fail_at = fail_at;
    disk.synced = 0;
}

/* A request on the failing disk; the disk works again afterwards. False if it was refused, as it may be. */
static bool answered(struct reply reply, int status) {
    work();
    if (reply.status == status)
        return true;
    CHECK_INT(at, reply.status, 503); /* to be tried again later */
    return false;
}

/* Sends the rest, however far it has come, and looks at what came of it. */
static void finish(const char *location, int64_t least, int64_t most) {
    struct jc_blob_collected out;
    struct jc_err err = {0};
    int64_t offset = offset_afterwards(location, least, most);
    if (offset < PHOTO_BYTES)
        CHECK_INT(at, patch(location, offset, part(offset, PHOTO_BYTES), NULL).status, 204);
    check_visible();
    CHECK_INT(at, blobs(), 1);
    CHECK_OK(at, jc_blob_collect(desk.db, desk.folder, now_ms, &out, &err), &err);
    CHECK_INT(at, out.removed + out.adopted + out.expired, 0);
    check_visible();
}

enum step { CREATE, FIRST, CHECKED, LAST, TERMINATE, STEPS };
static const char *const STEP_NAMES[] = {"create", "first piece", "piece with a checksum", "last piece", "terminate"};

/* SHA-1 of the first MIDDLE bytes. */
static const char *checksum(void) {
    static char text[64];
    uint8_t digest[JC_DIGEST_MAX];
    struct jc_digest running;
    struct jc_arena *arena = jc_arena_new(1 << 12);
    jc_digest_begin(&running, JC_SHA1);
    jc_digest_add(&running, part(0, MIDDLE));
    size_t size = jc_digest_end(&running, digest);
    snprintf(text, sizeof text, "sha1 %s", jc_base64((struct jc_str){(const char *)digest, size}, arena).ptr);
    jc_arena_free(arena);
    return text;
}

static void create_fails(int nth) {
    arm(nth);
    struct reply reply = create(part(0, PHOTO_BYTES), "token-device");
    if (!answered(reply, 201))
        reply = create(part(0, PHOTO_BYTES), "token-device");
    CHECK_INT(at, reply.status, 201);
    check_visible();
    finish(reply.location, 0, 0);
}

/* A piece without a checksum counts as far as it is on the disk, one with it whole or not at all. */
static void piece_fails(int nth, bool checked) {
    struct reply begun = create(part(0, PHOTO_BYTES), "token-device");
    arm(nth);
    bool good = answered(patch(begun.location, 0, part(0, MIDDLE), checked ? checksum() : NULL), 204);
    check_visible();
    if (good || checked)
        finish(begun.location, good ? MIDDLE : 0, good ? MIDDLE : 0);
    else
        finish(begun.location, 0, MIDDLE);
}

static void last_fails(int nth) {
    struct reply begun = create(part(0, PHOTO_BYTES), "token-device");
    CHECK_INT(at, patch(begun.location, 0, part(0, MIDDLE), NULL).status, 204);
    arm(nth);
    bool good = answered(patch(begun.location, MIDDLE, part(MIDDLE, PHOTO_BYTES), NULL), 204);
    check_visible();
    CHECK(at, !good || blobs() == 1);
    finish(begun.location, good ? PHOTO_BYTES : MIDDLE, PHOTO_BYTES);
}

static void terminate_fails(int nth) {
    struct jc_blob_collected out;
    struct jc_err err = {0};
    struct reply begun = create(part(0, PHOTO_BYTES), "token-device");
    CHECK_INT(at, patch(begun.location, 0, part(0, MIDDLE), NULL).status, 204);
    arm(nth);
    (void)answered(simple("DELETE", begun.location, "token-device"), 204);
    CHECK_INT(at, head_of(begun.location).status, 404);
    check_visible();
    CHECK_OK(at, jc_blob_collect(desk.db, desk.folder, now_ms, &out, &err), &err);
    begun = create(part(0, PHOTO_BYTES), "token-device");
    finish(begun.location, 0, 0);
}

static void run_step(enum step step, int nth) {
    switch (step) {
    case CREATE:
        create_fails(nth);
        return;
    case FIRST:
        piece_fails(nth, false);
        return;
    case CHECKED:
        piece_fails(nth, true);
        return;
    case LAST:
        last_fails(nth);
        return;
    case TERMINATE:
    case STEPS:
        terminate_fails(nth);
        return;
    }
}

/* --- every call ---------------------------------------------------------------------------------------------------- */

static void test_every_call(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int reason;
        bool lasting, half;
    } WAYS[] = {
        {"full once", ENOSPC, false, false}, {"full", ENOSPC, true, false}, {"full in mid-write", ENOSPC, true, true},
        {"broken once", EIO, false, false},  {"broken", EIO, true, false},  {"broken in mid-write", EIO, true, true}};
    for (size_t way = 0; way < COUNT(WAYS); way++) {
        for (int step = 0; step < STEPS; step++) {
            bool over = false;
            for (int nth = 1; !over; nth++) {
                open_desk(NULL);
                disk.reason = WAYS[way].reason;
                disk.lasting = WAYS[way].lasting;
                disk.half = WAYS[way].half;
                snprintf(at, sizeof at, "%s, %s, call %d", WAYS[way].name, STEP_NAMES[step], nth);
                run_step((enum step)step, nth);
                over = disk.reached < nth; /* the request makes no more calls */
                assert_in_range(nth, 1, 60);
                close_desk(NULL);
            }
        }
    }
}

/* The table of steps reaches the calls it is about: each step makes some, and all of them fail once. */
static void test_calls_are_made(void **state) {
    (void)state;
    open_desk(NULL);
    struct reply begun = create(part(0, PHOTO_BYTES), "token-device");
    arm(0);
    CHECK_INT("first piece", patch(begun.location, 0, part(0, MIDDLE), NULL).status, 204);
    assert_in_range(disk.calls, 2, 40);
    arm(0);
    CHECK_INT("last piece", patch(begun.location, MIDDLE, part(MIDDLE, PHOTO_BYTES), NULL).status, 204);
    assert_in_range(disk.calls, 8, 40); /* open, write, fsync, folders, rename, fsync of each */
    close_desk(NULL);
}

/* The folder is made beside the database: its own name is durable before anything is in it, or it is not opened. */
static void test_name_of_the_folder(void **state) {
    struct jc_err err = {0};
    struct stat above;
    char made[JC_TEST_PATH + 16];
    (void)state;
    open_desk(NULL);
    snprintf(made, sizeof made, "%s/others/", root);
    assert_int_equal(stat(root, &above), 0);
    for (int nth = 1; nth <= 3; nth++) { /* mkdirat, fsync, openat */
        struct jc_blob_folder *folder = NULL;
        disk.reason = EIO;
        disk.lasting = false;
        arm(nth);
        enum jc_code code = jc_blob_folder_open(made, &folder, &err);
        bool failed = disk.calls >= nth;
        work();
        if (code == JC_OK)
            assert_int_equal(disk.synced, above.st_ino);
        assert_true(failed == (code == JC_UNAVAILABLE));
        jc_blob_folder_close(folder);
    }
    close_desk(NULL);
}

/* Photos do not take the last room of the disk: announcing one is refused before a byte is sent. */
static void test_reserve(void **state) {
    struct jc_err err = {0};
    (void)state;
    open_desk(NULL);
    assert_int_equal(jc_blob_folder_room(desk.folder, INT64_C(1) << 60, &err), JC_UNAVAILABLE);
    desk.blob_max_bytes = desk.daily_max_bytes = INT64_MAX;
    struct jc_tus_head head = {.method = JC_STR("POST"),
                               .path = JC_STR("/blobs"),
                               .resumable = JC_STR("1.0.0"),
                               .upload_length = JC_STR("1152921504606846"),
                               .upload_metadata = jc_str(metadata_of(part(0, PHOTO_BYTES)))};
    assert_int_equal(ask(&head, "token-device", JC_STR("")).status, 503);
    assert_int_equal(jc_test_number(desk.db, "SELECT COUNT(*) FROM upload"), 0);
    close_desk(NULL);
}

int main(void) {
    const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(test_calls_are_made),
        cmocka_unit_test(test_every_call),
        cmocka_unit_test(test_name_of_the_folder),
        cmocka_unit_test(test_reserve),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
