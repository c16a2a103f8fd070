/* Layout: version (1), section (1), incarnation (16), scope version (8), seq (8), key (the rest but 8),
 * check (8: the head of a SHA-256 over all before it, agency and device). Numbers are little-endian.
 * The check is no secret: it tells a cursor of another device, or damaged on the way, from ours; what
 * a device may see is decided by its scope, not by its cursor. */
#include "sync/cursor.h"

#include <string.h>

enum { VERSION = 2, FIXED_SIZE = 1 + 1 + 16 + 8 + 8, CHECK_SIZE = 8 };

static void put_int(uint8_t *out, int64_t number) {
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)((uint64_t)number >> (8 * i));
}

static int64_t get_int(const uint8_t *in) {
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number |= (uint64_t)in[i] << (8 * i);
    return (int64_t)number;
}

static void checksum(struct jc_str content, const struct jc_sync_caller *caller, uint8_t out[CHECK_SIZE]) {
    static const char DOMAIN[] = "jiancha-cursor-1";
    uint8_t agency[8], hash[JC_SHA256_SIZE];
    struct jc_sha256_state state;
    put_int(agency, caller->agency_id);
    jc_sha256_begin(&state);
    jc_sha256_add(&state, (struct jc_str){DOMAIN, sizeof DOMAIN});
    jc_sha256_add(&state, (struct jc_str){(const char *)agency, sizeof agency});
    jc_sha256_add(&state, (struct jc_str){(const char *)caller->device_id.bytes, JC_UUID_SIZE});
    jc_sha256_add(&state, content);
    jc_sha256_end(&state, hash);
    memcpy(out, hash, CHECK_SIZE);
}

bool jc_cursor_read(struct jc_str bytes, const struct jc_sync_caller *caller, const uint8_t incarnation[16],
                    struct jc_cursor *out) {
    const uint8_t *in = (const uint8_t *)bytes.ptr;
    uint8_t check[CHECK_SIZE];
    if (bytes.len < FIXED_SIZE + CHECK_SIZE || in[0] != VERSION || in[1] > JC_SECTION_CHANGES)
        return false;
    size_t content = bytes.len - CHECK_SIZE;
    checksum((struct jc_str){bytes.ptr, content}, caller, check);
    if (memcmp(in + content, check, CHECK_SIZE) != 0)
        return false;
    if (memcmp(in + 2, incarnation, 16) != 0 || get_int(in + 18) != caller->scope_version)
        return false;
    out->section = (enum jc_section)in[1];
    out->seq = get_int(in + 26);
    out->after = (struct jc_str){bytes.ptr + FIXED_SIZE, content - FIXED_SIZE};
    return true;
}

struct jc_str jc_cursor_write(const struct jc_cursor *cursor, const struct jc_sync_caller *caller,
                              const uint8_t incarnation[16], struct jc_arena *arena) {
    size_t content = FIXED_SIZE + cursor->after.len;
    uint8_t *out = jc_arena_alloc(arena, content + CHECK_SIZE);
    if (!out)
        return (struct jc_str){0};
    out[0] = VERSION;
    out[1] = (uint8_t)cursor->section;
    memcpy(out + 2, incarnation, 16);
    put_int(out + 18, caller->scope_version);
    put_int(out + 26, cursor->seq);
    if (cursor->after.len)
        memcpy(out + FIXED_SIZE, cursor->after.ptr, cursor->after.len);
    checksum((struct jc_str){(const char *)out, content}, caller, out + content);
    return (struct jc_str){(const char *)out, content + CHECK_SIZE};
}
