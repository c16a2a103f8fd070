/* Operations as they travel: in a request or in a bundle.
 *
 * Internal to terminal/. */
#ifndef JC_TERMINAL_WIRE_H
#define JC_TERMINAL_WIRE_H

#include "terminal/operation.h"

/* A field that borrows the bytes. */
ProtobufCBinaryData jc_terminal_wire_bytes(struct jc_str bytes);

/* The operations, in order. `previous` stands on the first and behind a hole of the chain, a seal on the last and
 * before a hole. With `signing` (of a server that does not check seals) each also carries the signature of its body by
 * that key; NULL: none does but those of version 1. NULL without memory. */
Jc__Operation **jc_terminal_wire(const struct jc_terminal_operations *operations,
                                 const uint8_t signing[JC_SIGN_SECRET_SIZE], struct jc_arena *arena);

#endif
