/* Identifiers and hashes: UUIDv7 (RFC 9562), SHA-256, hex; random bytes are base/random.h's. libsodium underneath. */
#ifndef JC_BASE_ID_H
#define JC_BASE_ID_H

#include "base/clock.h"
#include "base/random.h"

enum { JC_UUID_SIZE = 16, JC_UUID_TEXT = 37, JC_SHA256_SIZE = 32 };

struct jc_uuid {
    uint8_t bytes[JC_UUID_SIZE];
};

/* Call once at the start of every program, before threads. False if libsodium cannot start. */
bool jc_id_init(void);

struct jc_uuid jc_uuid7(const struct jc_clock *clock);
struct jc_str jc_uuid_format(struct jc_uuid id, char buf[JC_UUID_TEXT]); /* 8-4-4-4-12 */
bool jc_uuid_parse(struct jc_str text, struct jc_uuid *out);             /* with or without dashes */
/* Bytes that should be a UUID, as people read it; of another length: hex of at most 16 of them. */
struct jc_str jc_uuid_show(struct jc_str id, char buf[JC_UUID_TEXT]);
/* A UUIDv7 that follows from another one: its time, and a hash of it and `purpose`. */
struct jc_uuid jc_uuid_derive(struct jc_uuid id, const char *purpose);

void jc_sha256(struct jc_str bytes, uint8_t out[JC_SHA256_SIZE]);
/* The same piece by piece: begin, add …, end. Pieces that come to no more than JC_SHA256_GATHER bytes are hashed
 * as one, which is faster. */
enum { JC_SHA256_GATHER = 512 };
struct jc_sha256_state {
    _Alignas(8) uint8_t opaque[112]; /* nettle's, once there are too many */
    uint8_t gathered[JC_SHA256_GATHER];
    size_t len; /* SIZE_MAX: they are in nettle's state */
};
void jc_sha256_begin(struct jc_sha256_state *state);
void jc_sha256_add(struct jc_sha256_state *state, struct jc_str bytes);
void jc_sha256_end(struct jc_sha256_state *state, uint8_t out[JC_SHA256_SIZE]);
/* Lower-case hex with a NUL; buf holds 2*len+1. */
struct jc_str jc_hex(const void *bytes, size_t len, char *buf);
/* Exactly `len` bytes, either case; on false `out` is untouched. */
bool jc_hex_parse(struct jc_str text, void *out, size_t len);
/* Constant-time comparison. */
bool jc_equal_secret(const void *a, const void *b, size_t len);

#endif
