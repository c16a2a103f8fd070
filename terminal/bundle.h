/* Writing bundles (base/bundle.h): what both unsent work and a hand-over need.
 *
 * Internal to terminal/; the public face is jc_terminal_bundle() and jc_terminal_hand_over(). */
#ifndef JC_TERMINAL_BUNDLE_H
#define JC_TERMINAL_BUNDLE_H

#include "base/bundle.h"
#include "jiancha/v1/bundle.pb-c.h"
#include "terminal/operation.h"

struct jc_terminal_packing {
    struct jc_terminal *terminal;
    struct jc_arena *arena;
    struct jc_terminal_self self; /* the packer forgets the secret key */
    Jc__BundleKind kind;
    struct jc_terminal_operations operations;
    int blobs; /* that will follow */
    struct jc_bundle_writer *writer;
};

/* Begins `path` with the header. The writer is the packing's: finish or abort it. */
enum jc_code jc_terminal_pack_begin(struct jc_terminal_packing *packing, const char *path, struct jc_err *err);
/* The operations in frames of at most 200, each sealed by its last. */
enum jc_code jc_terminal_pack_operations(struct jc_terminal_packing *packing, struct jc_err *err);
enum jc_code jc_terminal_pack_frame(struct jc_terminal_packing *packing, enum jc_bundle_frame_type type,
                                    const ProtobufCMessage *message, struct jc_err *err);
/* The END payload for what is written so far: hash and signature. */
enum jc_code jc_terminal_pack_proof(struct jc_terminal_packing *packing, struct jc_str *out, struct jc_err *err);

/* A photo that may go along. */
struct jc_terminal_pack_blob {
    struct jc_str sha256, path;
    const Jc__Photo *photo; /* NULL: the file is not there any more, or not what it was */
};
/* Looks whether the file is what the record says. */
void jc_terminal_pack_look(struct jc_terminal_packing *packing, struct jc_terminal_pack_blob *blob);
/* Head and bytes; nothing if the file is not there. */
enum jc_code jc_terminal_pack_bytes(struct jc_terminal_packing *packing, const struct jc_terminal_pack_blob *blob,
                                    struct jc_err *err);
/* Signs and finishes; the file is there, whole and durable, or not at all. With a failure in `code` it is removed and
 * `code` returned. */
enum jc_code jc_terminal_pack_end(struct jc_terminal_packing *packing, enum jc_code code, struct jc_err *err);

#endif
