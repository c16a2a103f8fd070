/* Base64 (RFC 4648, the ordinary alphabet) without padding, as JSON carries bytes. */
#ifndef JC_BASE_BASE64_H
#define JC_BASE_BASE64_H

#include "base/arena.h"

/* NUL-terminated, the arena's; ptr NULL without memory. */
struct jc_str jc_base64(struct jc_str bytes, struct jc_arena *arena);

#endif
